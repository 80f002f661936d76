/*
 * change_apply.c: look, compare, write down, send, look again.  That a server
 * says NOERROR proves nothing (Knot says it and keeps the old TTL), and that
 * it says nothing neither: what it then serves does.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "change/change_p.h"

struct applier {
	struct change_opt opt;
	struct change_ledger *ledger;
	char *path;
};

/* One zone under way. */
struct job {
	struct applier *ap;
	struct changes *c;
	size_t zone;
	struct dns_server server;
	struct arena *arena;
	struct dns_list soa; /* as last looked at */
};
#define EACH(j, i)                           \
	(i) = (j)->c->zone[(j)->zone].first; \
	(i) != SIZE_MAX;                     \
	(i) = (j)->c->change[(i)].next

int
applier_new(struct applier **to, const struct change_opt *o,
    const struct changes *c, struct fail *f)
{
	struct applier *ap = *to = mem_alloc(sizeof(*ap));

	ap->opt = *o;
	if (o->dry_run || c->n == 0)
		return 0;
	ap->path = o->ledger != NULL
	    ? mem_strdup(o->ledger)
	    : mem_printf("%s.ledger.tsv", c->change[0].plan);
	if (strchr(c->change[0].plan, '/') != NULL && o->ledger == NULL)
		return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "plan",
		    "'%s' can be no file: name a --ledger", c->change[0].plan);
	return change_ledger_open(&ap->ledger, ap->path, f);
}

void
applier_free(struct applier *ap)
{
	if (ap == NULL)
		return;
	change_ledger_close(ap->ledger);
	free(ap->path);
	free(ap);
}

const char *
applier_ledger(const struct applier *ap)
{
	return ap->path;
}

const char *
change_text(struct arena *a, const struct dns_list *l)
{
	const char *s = "";
	size_t i;

	for (i = 0; i < l->n; i++)
		s = arena_printf(a, "%s%s%" PRIu32 " %s", s, i ? " + " : "",
		    l->rr[i].ttl, l->rr[i].rdata);
	return l->n > 0 ? s : "nothing";
}

int
change_look(struct arena *a, const struct dns_server *s, const char *name,
    const char *type, struct dns_list *l, struct fail *f)
{
	struct dns_reply r;
	const char *why;

	if (dns_ask(a, s, 0, name, type, &r, f) == -1)
		return -1;
	(void)fail_at(f, "%s", s->text);
	if ((why = dns_tsig_error(a, &r)) != NULL)
		return fail_set(f, CODE_AUTH, REACH_ENDPOINT,
		    r.tsig_error == 18 ? AGAIN_LATER : AGAIN_NEVER, "look",
		    "%s, %s", dns_rcode(r.rcode), why);
	if (r.rcode != DNS_NOERROR && r.rcode != DNS_NXDOMAIN)
		return fail_set(f, r.rcode == 5 ? CODE_AUTH : CODE_CONN,
		    REACH_ENDPOINT,
		    r.rcode == DNS_SERVFAIL ? AGAIN_LATER : AGAIN_NEVER, "look",
		    "%s %s: %s", name, type, dns_rcode(r.rcode));
	if (!r.aa)
		return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_NEVER,
		    "look", "it is no authority for %s", name);
	dns_pick(a, l, &r.answer, name, type);
	return 0;
}

/* What the zone has now, and its serial. */
static int
look(struct job *j, uint32_t *serial, struct fail *f)
{
	size_t i;

	if (change_look(j->arena, &j->server, j->c->zone[j->zone].name, "SOA",
		&j->soa, f) == -1)
		return -1;
	if (j->soa.n != 1)
		return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_NEVER,
		    "look", "%s is no zone there", j->c->zone[j->zone].name);
	*serial = dns_soa_number(&j->soa.rr[0], 0);
	for (EACH(j, i)) {
		struct change *x = &j->c->change[i];

		if (change_look(j->arena, &j->server, x->name, x->type, &x->now,
			f) == -1)
			return -1;
	}
	return 0;
}

static void
set_all(struct job *j, const char *outcome, const char *hint)
{
	const char *key =
	    j->server.key != NULL ? dns_key_name(j->server.key) : NULL;
	/* Which view it was is told by the key. */
	const char *server = arena_printf(j->c->arena, "%s%s%s", j->server.text,
	    key != NULL ? " key " : "", key != NULL ? key : "");
	int64_t now = clock_now();
	size_t i;

	for (EACH(j, i)) {
		struct change *x = &j->c->change[i];

		x->outcome = outcome;
		x->hint = arena_strdup(j->c->arena, hint);
		x->server = server;
		x->at = now;
		if (strcmp(outcome, "applied") == 0 ||
		    strcmp(outcome, "already") == 0)
			x->done = 1;
	}
}

/* Whether all changes of the zone are as wanted. */
static int
is_done(const struct job *j)
{
	size_t i;

	for (EACH(j, i))
		if (!dns_same(&j->c->change[i].now, &j->c->change[i].wanted, 1))
			return 0;
	return 1;
}

/* As it was seen, or as it is wanted already: 1. */
static int
is_as_seen(const struct job *j, const struct change *x)
{
	return dns_same(&x->now, &x->seen, !j->ap->opt.any_ttl) ||
	    dns_same(&x->now, &x->wanted, 1);
}

/* 0 as planned, 1 somebody else changed it. */
static int
compare(struct job *j)
{
	size_t i;
	int no = 0;

	for (EACH(j, i))
		no |= !is_as_seen(j, &j->c->change[i]);
	if (!no)
		return 0;
	set_all(j, "conflict", "another set of this zone is not as planned");
	for (EACH(j, i)) {
		struct change *x = &j->c->change[i];

		if (is_as_seen(j, x))
			continue;
		x->hint =
		    arena_printf(j->c->arena, "%s: planned from %s, is %s",
			dns_same(&x->now, &x->seen, 0) ? "another TTL"
						       : "changed since",
			change_text(j->arena, &x->seen),
			change_text(j->arena, &x->now));
	}
	return 1;
}

/* The reply's code as an outcome: 1 conflict, else -1. */
static int
refused(struct job *j, const struct dns_reply *r, struct fail *f)
{
	static const struct {
		unsigned int rcode;
		enum code code;
		enum again again;
		const char *outcome, *hint;
	} known[] = {
	    {1, CODE_ROW, AGAIN_NEVER, "refused", "it cannot read the update"},
	    {2, CODE_CONN, AGAIN_LATER, "refused", "it has trouble of its own"},
	    {4, CODE_CONN, AGAIN_NEVER, "refused",
		"it takes no updates (NSD never does): change its zone's text "
		"with -z or --zone-in"},
	    {5, CODE_AUTH, AGAIN_NEVER, "refused",
		"the key may not change this, or (BIND) an MX names a host of "
		"the zone that has no address"},
	    {9, CODE_AUTH, AGAIN_NEVER, "refused",
		"it is not the zone's primary, or the key is not its own"},
	    {10, CODE_ROW, AGAIN_NEVER, "refused", "a name is not in the zone"},
	};
	const char *why = dns_tsig_error(j->arena, r);
	const char *text = arena_printf(j->arena, "%s%s%s", dns_rcode(r->rcode),
	    why != NULL ? ", " : "", why != NULL ? why : "");
	size_t i;

	(void)fail_at(f, "%s", j->server.text);
	if (r->rcode == 3 || (r->rcode >= 6 && r->rcode <= 8)) {
		set_all(j, "conflict",
		    arena_printf(j->arena,
			"%s: changed since it was looked at%s", text,
			j->ap->opt.strict_serial
			    ? ", or its serial: where the server signs the "
			      "zone (BIND inline-signing) it never fits, leave "
			      "--strict-serial out"
			    : ""));
		return 1;
	}
	if (r->tsig_error == 18) {
		set_all(j, "refused", text);
		return fail_set(f, CODE_AUTH, REACH_ENDPOINT, AGAIN_LATER,
		    "update", "%s", text);
	}
	for (i = 0; i < LENGTH(known); i++)
		if (known[i].rcode == r->rcode) {
			text = arena_printf(
			    j->arena, "%s: %s", text, known[i].hint);
			set_all(j, known[i].outcome, text);
			return fail_set(f, known[i].code, REACH_ENDPOINT,
			    known[i].again, "update", "%s", text);
		}
	set_all(j, "refused", text);
	return fail_set(
	    f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER, "update", "%s", text);
}

/* The update is on its way or lost: what the zone has tells, in the end. */
static int
find_out(struct job *j, const struct dns_reply *r, struct fail *f)
{
	const struct timespec pause = {.tv_nsec = 300000000};
	struct fail lost = *f, later;
	uint32_t serial = 0;
	int i;

	for (i = 0; i < 5 && stop_signal() == 0; i++) {
		if (look(j, &serial, &later) == 0 && is_done(j)) {
			set_all(j, "applied",
			    "the reply was lost, the zone "
			    "has it");
			j->c->change[j->c->zone[j->zone].first].serial_after =
			    serial;
			return 0;
		}
		/* Whoever takes no updates at all cannot sign that either. */
		if (lost.code == CODE_AUTH && r->rcode == DNS_NOTIMP)
			return refused(j, r, f);
		(void)nanosleep(&pause, NULL);
	}
	set_all(j, "unknown",
	    arena_printf(
		j->arena, "%s; apply the plan again to find out", lost.why));
	*f = lost;
	if (f->code != CODE_AUTH)
		f->again = AGAIN_LATER;
	return -1;
}

/* After NOERROR: whether it is so. */
static int
prove(struct job *j, struct fail *f)
{
	uint32_t serial = 0;
	size_t i;

	if (look(j, &serial, f) == -1) {
		set_all(j, "unknown",
		    arena_printf(
			j->arena, "done, it said, but then: %s", f->why));
		f->again = AGAIN_LATER;
		return -1;
	}
	for (EACH(j, i))
		j->c->change[i].serial_after = serial;
	if (is_done(j)) {
		set_all(j, "applied", "");
		return 0;
	}
	set_all(j, "unknown", "NOERROR, but the zone is not as wanted");
	for (EACH(j, i)) {
		struct change *x = &j->c->change[i];

		if (!dns_same(&x->now, &x->wanted, 1))
			x->hint = arena_printf(j->c->arena,
			    "NOERROR, but it is %s: changed by somebody else "
			    "since, or not taken",
			    change_text(j->arena, &x->now));
	}
	return 1;
}

static int
update(struct job *j, struct fail *f)
{
	struct dns_change *d;
	struct dns_reply r;
	size_t i, n = 0;
	int rc, sent;

	for (EACH(j, i))
		n++;
	d = mem_array(n + 1, sizeof(*d));
	n = 0;
	for (EACH(j, i)) {
		const struct change *x = &j->c->change[i];

		d[n].name = x->name;
		d[n].type = x->type;
		d[n].seen = x->now;
		d[n].wanted = x->wanted;
		d[n++].keep = dns_same(&x->now, &x->wanted, 1);
	}
	if (j->ap->opt.strict_serial)
		d[n++] = (struct dns_change){.name = j->c->zone[j->zone].name,
		    .type = "SOA",
		    .seen = j->soa,
		    .keep = 1};
	rc = dns_update(
	    &j->server, j->c->zone[j->zone].name, d, n, &sent, &r, f);
	free(d);
	if (rc == 0)
		return r.rcode == DNS_NOERROR ? prove(j, f) : refused(j, &r, f);
	if (sent)
		return find_out(j, &r, f);
	set_all(j, "unreachable", f->why);
	return -1;
}

/* Written down, sent, looked at. */
static int
carry_out(struct job *j, uint32_t serial, struct fail *f)
{
	size_t i;
	int rc;

	set_all(j, "unknown", "");
	if (change_ledger_put(
		j->ap->ledger, j->c, j->zone, j->ap->opt.note, f) == -1)
		return -1;
	rc = update(j, f);
	for (EACH(j, i)) /* one serial for all */
		if (j->c->change[i].serial_after == serial)
			j->c->change[i].serial_after =
			    j->c->change[j->c->zone[j->zone].first]
				.serial_after;
	return rc;
}

static int
look_first(struct job *j, uint32_t *serial, struct fail *f)
{
	size_t i;

	if (look(j, serial, f) == -1) {
		set_all(j, f->code == CODE_AUTH ? "refused" : "unreachable",
		    f->why);
		return -1;
	}
	for (EACH(j, i)) {
		j->c->change[i].serial_before = *serial;
		j->c->change[i].serial_after = *serial;
		j->c->change[i].has_serials = 1;
	}
	return 0;
}

static int
run(struct job *j, struct fail *f)
{
	uint32_t serial = 0;
	struct fail disk = {0};
	int rc = look_first(j, &serial, f);

	if (rc == 0 && (rc = compare(j)) == 0) {
		if (is_done(j))
			set_all(j, "already", "");
		else if (j->ap->opt.dry_run)
			set_all(j, "", "would be sent");
		else
			rc = carry_out(j, serial, f);
	}
	if (!j->ap->opt.dry_run &&
	    change_ledger_put(
		j->ap->ledger, j->c, j->zone, j->ap->opt.note, &disk) == -1) {
		*f = disk;
		return -1;
	}
	return rc;
}

int
applier_zone(struct applier *ap, struct changes *c, size_t zone, struct fail *f)
{
	struct job j = {.ap = ap, .c = c, .zone = zone, .arena = arena_new()};
	size_t i;
	int rc = 0;

	(void)fail_at(f, "%s", c->zone[zone].name);
	if (ap->opt.server != NULL)
		j.server = *ap->opt.server;
	else if ((rc = dns_primary(
		      j.arena, c->zone[zone].name, &j.server, f)) == 0)
		j.server.key = ap->opt.key;
	if (rc == 0)
		rc = run(&j, f);
	else
		set_all(&j, "unreachable", f->why);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next)
		c->change[i].now = (struct dns_list){0}; /* of j's arena */
	arena_free(j.arena);
	return rc;
}

int
changes_observed(struct changes *c, const struct change_opt *o,
    const char *where, struct fail *f)
{
	struct applier *ap = NULL;
	size_t i;
	int rc = applier_new(&ap, o, c, f);

	for (i = 0; i < c->n; i++) {
		c->change[i].outcome = "observed";
		c->change[i].server = where;
		c->change[i].at = clock_now();
	}
	for (i = 0; rc == 0 && i < c->zones; i++)
		rc = change_ledger_put(ap->ledger, c, i, NULL, f);
	applier_free(ap);
	return rc;
}
