/* mx_verify.c: what every server says after a change. */
#include <inttypes.h>
#include <string.h>

#include "mx/mx_p.h"

struct check {
	const struct mx_verify *v;
	struct out *out;
	struct arena *arena;
	int no;
};

static void
put(struct check *k, const char *check, const char *object, const char *server,
    const char *expected, const char *found, const char *verdict,
    const char *hint)
{
	char now[CLOCK_TEXT];
	struct row *r;

	k->no |= strcmp(verdict, "fail") == 0 || strcmp(verdict, "error") == 0;
	if (k->out == NULL)
		return;
	r = out_new(k->out, NULL);
	row_set(r, "at", clock_format(now, clock_now()));
	row_set(r, "check", check);
	row_set(r, "object", object);
	row_set(r, "server", server);
	row_set(r, "expected", expected);
	row_set(r, "found", found);
	row_set(r, "verdict", verdict);
	row_set(r, "severity", strcmp(verdict, "pass") == 0 ? "info" : "high");
	row_set(r, "hint", hint);
	out_plain(k->out, r);
}

static void
check_set(struct check *k, const struct change *c, const struct dns_server *s,
    const char *object)
{
	struct dns_list l;
	struct fail f = {0};
	const char *want = change_text(k->arena, &c->wanted);

	if (change_look(k->arena, s, c->name, c->type, &l, &f) == -1)
		put(k, "dns.mx.rrset", object, s->text, want, "", "error",
		    f.why);
	else if (!dns_same(&l, &c->wanted, 1))
		put(k, "dns.mx.rrset", object, s->text, want,
		    change_text(k->arena, &l), "fail",
		    "wait for the transfer, or look at its log");
	else
		put(k, "dns.mx.rrset", object, s->text, want, want, "pass", "");
}

/* A resolver may still have the old one, but nothing else. */
static void
check_via(struct check *k, const struct change *c, const struct dns_server *s,
    const char *object)
{
	struct dns_reply r;
	struct dns_list l;
	struct fail f = {0};
	const char *want = change_text(k->arena, &c->wanted);

	if (dns_ask(k->arena, s, 1, c->name, c->type, &r, &f) == -1) {
		put(k, "dns.mx.resolver", object, s->text, want, "", "error",
		    f.why);
		return;
	}
	dns_pick(k->arena, &l, &r.answer, c->name, c->type);
	put(k, "dns.mx.resolver", object, s->text, want,
	    change_text(k->arena, &l),
	    dns_same(&l, &c->wanted, 0)	    ? "pass"
		: dns_same(&l, &c->seen, 0) ? "warn"
					    : "fail",
	    dns_same(&l, &c->wanted, 0) ? "" : "it has not forgotten yet");
}

/* All servers have one serial, none below that of the change. */
static void
check_serial(struct check *k, const struct view *v, size_t i)
{
	uint32_t most = 0, own = 0;
	size_t n;

	for (n = 0; n < v->n; n++)
		if (v->soa[n].name != NULL) {
			own = dns_soa_number(&v->soa[n], 0);
			if (most == 0 || (int32_t)(own - most) > 0)
				most = own; /* RFC 1982 */
		}
	if (v->soa[i].name == NULL) {
		put(k, "dns.mx.serial", v->zone, v->server[i].text,
		    arena_printf(k->arena, "%" PRIu32, most), "", "error",
		    v->why[i]);
		return;
	}
	own = dns_soa_number(&v->soa[i], 0);
	put(k, "dns.mx.serial", v->zone, v->server[i].text,
	    arena_printf(k->arena, "%" PRIu32, most),
	    arena_printf(k->arena, "%" PRIu32, own),
	    own == most ? "pass" : "warn", own == most ? "" : "it is behind");
}

/* In a signed zone every set bears a signature. */
static void
check_dnssec(struct check *k, const struct change *c,
    const struct dns_server *s, const char *object)
{
	struct dns_list keys, sigs;
	struct fail f = {0};
	size_t i, n = strlen(c->type);
	int is_signed = 0;

	if (change_look(k->arena, s, c->zone, "DNSKEY", &keys, &f) == -1 ||
	    keys.n == 0 || c->wanted.n == 0) {
		put(k, "dns.mx.dnssec", object, s->text, "", "", "skip",
		    "the zone is not signed");
		return;
	}
	if (change_look(k->arena, s, c->name, "RRSIG", &sigs, &f) == -1) {
		put(k, "dns.mx.dnssec", object, s->text, "signed", "", "error",
		    f.why);
		return;
	}
	for (i = 0; i < sigs.n; i++)
		is_signed |= strncmp(sigs.rr[i].rdata, c->type, n) == 0 &&
		    sigs.rr[i].rdata[n] == ' ';
	put(k, "dns.mx.dnssec", object, s->text, "signed",
	    is_signed ? "signed" : "not signed", is_signed ? "pass" : "fail",
	    is_signed ? "" : "sign the zone again");
}

/* Until when caches may send mail to the old host. */
static void
check_drain(struct check *k, const struct change *c, const char *object)
{
	uint64_t live = dns_ttl_max(&c->seen);
	char at[CLOCK_TEXT];
	int64_t end;

	if (c->seen.n == 0 || c->at == CLOCK_NONE)
		return;
	if (live < k->v->floor)
		live = k->v->floor;
	end = c->at + (int64_t)(live + k->v->skew);
	put(k, "dns.mx.drain", object, "", "", clock_format(at, end),
	    end <= clock_now() ? "pass" : "warn",
	    end <= clock_now() ? "" : "the old host must take mail until then");
}

static int
check_change(struct check *k, const struct change *c, struct fail *f)
{
	const char *object = arena_printf(k->arena, "%s %s", c->name, c->type);
	const struct view *v;
	size_t i;

	(void)fail_at(f, "%s", c->name);
	if (views_of(k->v->views, c->zone, &v, f) == -1)
		return -1;
	for (i = 0; i < v->n; i++) {
		check_set(k, c, &v->server[i], object);
		check_serial(k, v, i);
		check_dnssec(k, c, &v->server[i], object);
	}
	for (i = 0; i < k->v->nvia; i++)
		check_via(k, c, &k->v->via[i], object);
	check_drain(k, c, object);
	return 0;
}

int
mx_verify(const struct mx_verify *v, const struct changes *c, struct out *out,
    struct fail *f)
{
	struct check k = {.v = v, .out = out, .arena = arena_new()};
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < c->n && stop_signal() == 0; i++)
		if (change_was_done(&c->change[i], NULL) ||
		    *c->change[i].outcome == '\0')
			rc = check_change(&k, &c->change[i], f);
	arena_free(k.arena);
	return rc == -1 ? -1 : k.no;
}
