/* change_rows.c: changes of sets as rows, and rows as changes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_p.h"
#include "msg/msg.h"

/* What the rows of one plan add up to, and what its end says. */
struct sum {
	const char *plan;
	struct buf text;
	uint64_t rows;
	const char *end; /* rdata of #end; NULL: not there */
};
struct changes_p {
	struct intern *keys, *zones, *plans;
	struct sum *sum;
	size_t sums;
	int bad_all; /* a row of nobody knows which zone */
};

int
change_bad(struct fail *f, const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, what, fmt, ap);
	va_end(ap);
	return -1;
}

struct changes *
changes_new(void)
{
	struct changes *c = mem_alloc(sizeof(*c));

	c->arena = arena_new();
	c->p = mem_alloc(sizeof(*c->p));
	c->p->keys = intern_new();
	c->p->zones = intern_new();
	c->p->plans = intern_new();
	return c;
}

void
changes_free(struct changes *c)
{
	size_t i;

	if (c == NULL)
		return;
	for (i = 0; i < c->p->sums; i++)
		buf_free(&c->p->sum[i].text);
	intern_free(c->p->keys);
	intern_free(c->p->zones);
	intern_free(c->p->plans);
	free(c->p->sum);
	free(c->p);
	free(c->change);
	free(c->zone);
	arena_free(c->arena);
	free(c);
}

static struct sum *
sum_of(struct changes *c, const char *plan)
{
	uint32_t at = intern_number(c->p->plans, plan, strlen(plan));

	if (at == c->p->sums) {
		c->p->sum =
		    mem_resize(c->p->sum, c->p->sums + 1, sizeof(*c->p->sum));
		c->p->sum[c->p->sums++] =
		    (struct sum){.plan = arena_strdup(c->arena, plan)};
	}
	return &c->p->sum[at];
}

static size_t
zone_of(struct changes *c, const char *name)
{
	uint32_t at = intern_number(c->p->zones, name, strlen(name));

	if (at == c->zones) {
		c->zone = mem_resize(c->zone, c->zones + 1, sizeof(*c->zone));
		c->zone[c->zones++] = (struct change_zone){
		    .name = intern_at(c->p->zones, at), .first = SIZE_MAX};
	}
	return at;
}

/* Behind the other changes of its zone. */
static void
chain(struct changes *c, size_t at)
{
	size_t *to = &c->zone[c->change[at].zone_at].first;

	while (*to != SIZE_MAX)
		to = &c->change[*to].next;
	*to = at;
	c->change[at].next = SIZE_MAX;
}

static struct change *
change_of(struct changes *c, const char *plan, const char *zone,
    const char *name, const char *type)
{
	char *key = mem_printf("%s\n%s\n%s\n%s", plan, zone, name, type);
	uint32_t at = intern_number(c->p->keys, key, strlen(key));
	struct change *x;

	free(key);
	if (at < c->n)
		return &c->change[at];
	if ((c->n & (c->n - 1)) == 0)
		c->change = mem_resize(
		    c->change, c->n ? 2 * c->n : 1, sizeof(*c->change));
	x = &c->change[c->n];
	*x = (struct change){.plan = arena_strdup(c->arena, plan),
	    .name = arena_strdup(c->arena, name),
	    .type = arena_strdup(c->arena, type),
	    .zone_at = zone_of(c, zone),
	    .at = CLOCK_NONE,
	    .reason = "",
	    .server = "",
	    .outcome = "",
	    .hint = ""};
	x->zone = c->zone[x->zone_at].name;
	chain(c, c->n++);
	return &c->change[at];
}

/* ---- rows in ---- */

/* The end's "rows=N sha256=HEX" of what came under the plan's name. */
static const char *
sum_text(const struct sum *s, char out[100])
{
	uint8_t digest[32];
	char hex[65];

	msg_sha256(digest, s->text.data, s->text.len);
	text_hex(hex, digest, sizeof(digest));
	(void)snprintf(out, 100, "rows=%" PRIu64 " sha256=%s", s->rows, hex);
	return out;
}

static void
sum_row(struct sum *s, const struct row *r)
{
	static const char *const columns[] = {
	    "seq", "zone", "name", "type", "side", "ttl", "rdata"};
	size_t i;

	for (i = 0; i < LENGTH(columns); i++) {
		buf_adds(&s->text, row_get(r, columns[i]));
		buf_addc(&s->text, i + 1 < LENGTH(columns) ? '\t' : '\n');
	}
	s->rows++;
}

/* Records that a cutover may change, and no others. */
static int
is_allowed(const char *zone, const struct dns_rr *rr, struct fail *f)
{
	static const char *const types[] = {
	    "MX", "A", "AAAA", "TXT", "TLSA", "SRV", "CNAME"};
	size_t i;

	if (!dns_is_below(rr->name, zone))
		return change_bad(
		    f, "name", "%s is not in the zone %s", rr->name, zone);
	for (i = 0; i < LENGTH(types); i++)
		if (strcmp(rr->type, types[i]) == 0)
			return 0;
	return change_bad(f, "type",
	    "%s of %s: only MX A AAAA TXT TLSA SRV CNAME are changed", rr->type,
	    rr->name);
}

/* The change of a ledger's row: its outcome is the last one's. */
static void
take_ledger(struct changes *c, struct change *x, const struct row *r)
{
	const char *outcome = row_get(r, "outcome");

	if (*outcome == '\0')
		return;
	x->outcome = arena_strdup(c->arena, outcome);
	x->server = arena_strdup(c->arena, row_get(r, "server"));
	x->done |= strcmp(outcome, "applied") == 0 ||
	    strcmp(outcome, "already") == 0 || strcmp(outcome, "observed") == 0;
	(void)clock_parse(row_get(r, "at"), &x->at);
}

static int
take_record(
    struct changes *c, const char *zone, const struct row *r, struct fail *f)
{
	const char *side = row_get(r, "side"), *ttl = row_get(r, "ttl");
	struct dns_list *l;
	struct dns_rr rr;
	struct change *x;
	uint64_t seconds, seq = 0;

	if (strcmp(side, "-") != 0 && strcmp(side, "+") != 0)
		return change_bad(f, "side", "'%s' is neither - nor +", side);
	if (!text_u64(ttl, strlen(ttl), &seconds) || seconds > INT32_MAX)
		return change_bad(
		    f, "ttl", "'%s' is no number of seconds", ttl);
	if (dns_rr(c->arena, &rr, row_get(r, "name"), row_get(r, "type"),
		(uint32_t)seconds, row_get(r, "rdata"), f) == -1 ||
	    is_allowed(zone, &rr, f) == -1)
		return -1;
	(void)text_u64(row_get(r, "seq"), strlen(row_get(r, "seq")), &seq);
	x = change_of(c, row_get(r, "plan"), zone, rr.name, rr.type);
	x->seq = seq;
	if (*x->reason == '\0')
		x->reason = arena_strdup(c->arena, row_get(r, "reason"));
	l = *side == '-' ? &x->seen : &x->wanted;
	dns_add(c->arena, l, &rr);
	dns_sort(l);
	take_ledger(c, x, r);
	return 0;
}

int
changes_take(struct changes *c, const struct row *r, struct fail *f)
{
	struct sum *s = sum_of(c, row_get(r, "plan"));
	const char *zone;
	size_t at;
	int rc;

	if (strcmp(row_get(r, "seq"), "#end") == 0) {
		s->end = arena_strdup(c->arena, row_get(r, "rdata"));
		return 0;
	}
	sum_row(s, r);
	if (dns_name(c->arena, &zone, row_get(r, "zone"), f) == -1) {
		c->p->bad_all = 1;
		return -1;
	}
	rc = take_record(c, zone, r, f);
	if (rc == -1) {
		at = zone_of(c, zone); /* which may move c->zone */
		c->zone[at].bad = 1;
	}
	return rc;
}

int
changes_whole(const struct changes *c, struct fail *f)
{
	char text[100];
	size_t i;

	if (c->p->bad_all)
		return change_bad(f, "plan",
		    "a row names no zone, so that none is safe to change");
	for (i = 0; i < c->p->sums; i++) {
		const struct sum *s = &c->p->sum[i];

		if (s->end == NULL)
			return change_bad(f, "plan",
			    "%s is cut: its #end row is missing", s->plan);
		if (strcmp(s->end, sum_text(s, text)) != 0)
			return change_bad(f, "plan",
			    "%s is not whole: its end says %s, its rows are %s",
			    s->plan, s->end, text);
	}
	return 0;
}

/* ---- rows out ---- */

void
changes_add(struct changes *c, const char *zone, const char *name,
    const char *type, const struct dns_list *seen,
    const struct dns_list *wanted, const char *reason)
{
	struct change *x;

	if (dns_same(seen, wanted, 1))
		return;
	x = change_of(c, "", zone, name, type);
	x->seen = *seen;
	x->wanted = *wanted;
	x->reason = arena_strdup(c->arena, reason);
}

size_t
change_rows(const struct change *c)
{
	return c->seen.n + c->wanted.n;
}

void
change_row(const struct change *c, size_t i, struct row *r)
{
	const struct dns_rr *rr =
	    i < c->seen.n ? &c->seen.rr[i] : &c->wanted.rr[i - c->seen.n];

	row_set(r, "plan", c->plan);
	row_setf(r, "seq", "%" PRIu64, c->seq);
	row_set(r, "zone", c->zone);
	row_set(r, "name", c->name);
	row_set(r, "type", c->type);
	row_set(r, "side", i < c->seen.n ? "-" : "+");
	row_setf(r, "ttl", "%" PRIu32, rr->ttl);
	row_set(r, "rdata", rr->rdata);
	row_set(r, "reason", c->reason);
}

void
changes_seal(struct changes *c)
{
	struct arena *a = arena_new();
	struct header *h = header_new(CHANGE_COLUMNS);
	struct sum *s = sum_of(c, "");
	char text[100];
	size_t i, k;

	for (i = 0; i < c->n; i++) {
		c->change[i].seq = i + 1;
		for (k = 0; k < change_rows(&c->change[i]); k++) {
			struct row *r = row_new(a, h);

			change_row(&c->change[i], k, r);
			sum_row(s, r);
		}
		arena_reset(a);
	}
	s->end = arena_strdup(c->arena, sum_text(s, text));
	s->plan =
	    arena_printf(c->arena, "p%.7s", strstr(s->end, "sha256=") + 7);
	for (i = 0; i < c->n; i++)
		c->change[i].plan = s->plan;
	header_free(h);
	arena_free(a);
}

void
changes_end_row(const struct changes *c, struct row *r)
{
	row_set(r, "plan", c->p->sum[0].plan);
	row_set(r, "seq", "#end");
	row_set(r, "rdata", c->p->sum[0].end);
}

int
change_was_done(const struct change *c, const char *only)
{
	if (only != NULL && strcmp(only, c->plan) != 0)
		return 0;
	return c->done || strcmp(c->outcome, "unknown") == 0;
}

/* Per set what the first plan saw and the last one wanted. */
static struct changes *
merged(const struct changes *c, const char *only)
{
	struct changes *m = changes_new();
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct change *x = &c->change[i];
		struct change *to;

		if (!change_was_done(x, only))
			continue;
		to = change_of(m, "", x->zone, x->name, x->type);
		if (*to->reason == '\0') {
			to->seen = x->seen;
			to->reason =
			    arena_printf(m->arena, "back from %s", x->plan);
		}
		to->wanted = x->wanted;
	}
	return m;
}

struct changes *
changes_swapped(const struct changes *c, const char *only)
{
	struct changes *m = merged(c, only), *back = changes_new();
	size_t i;

	for (i = 0; i < m->n; i++)
		changes_add(back, m->change[i].zone, m->change[i].name,
		    m->change[i].type, &m->change[i].wanted, &m->change[i].seen,
		    m->change[i].reason);
	changes_seal(back);
	changes_free(m);
	return back;
}
