/*
 * change_gate.c: when every cache must have forgotten what was.  Of a set:
 * since when every server has the lowered TTL and nothing else, and from there
 * on the highest TTL that any of them gave out before.  Of a new name: as
 * long as a "no" lives (RFC 2308 5).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_p.h"

struct gate *
gate_new(const struct gate_opt *o)
{
	struct gate *g = mem_alloc(sizeof(*g));

	g->opt = *o;
	g->arena = arena_new();
	g->keys = intern_new();
	g->servers = intern_new();
	g->latest = g->safe_at = CLOCK_NONE;
	g->deciding = "nothing is to be waited for";
	g->now = o->now != CLOCK_NONE ? o->now : clock_now();
	return g;
}

void
gate_free(struct gate *g)
{
	size_t i;

	for (i = 0; i < g->n; i++)
		free(g->set[i].seen);
	free(g->set);
	intern_free(g->keys);
	intern_free(g->servers);
	arena_free(g->arena);
	free(g);
}

struct gate_set *
gate_set_of(
    struct gate *g, const char *zone, const char *name, const char *type)
{
	char *key = mem_printf("%s\n%s\n%s", zone, name, type);
	uint32_t at = intern_number(g->keys, key, strlen(key));

	free(key);
	if (at < g->n)
		return &g->set[at];
	if ((g->n & (g->n - 1)) == 0)
		g->set =
		    mem_resize(g->set, g->n ? 2 * g->n : 1, sizeof(*g->set));
	g->set[g->n] = (struct gate_set){.zone = arena_strdup(g->arena, zone),
	    .name = arena_strdup(g->arena, name),
	    .type = arena_strdup(g->arena, type),
	    .is_new = 1,
	    .published = CLOCK_NONE};
	return &g->set[g->n++];
}

/* ---- rows ---- */

static int
take_time(struct gate *g, const struct row *r, const char *column, int64_t *t,
    struct fail *f)
{
	const char *s = row_get(r, column);

	*t = CLOCK_NONE;
	if (*s == '\0')
		return 0;
	if (!clock_parse(s, t))
		return change_bad(f, column, "'%s' is no time", s);
	if (*t > g->latest)
		g->latest = *t;
	return 0;
}

static int
take_number(
    const struct row *r, const char *column, uint32_t *v, struct fail *f)
{
	uint64_t n = 0;
	int rc = row_u64(r, column, &n, f);

	if (rc == -1 || n > INT32_MAX)
		return change_bad(f, column, "'%s' is no number of seconds",
		    row_get(r, column));
	*v = (uint32_t)n;
	return rc;
}

/* What came to nothing is no cause to wait. */
static int
was_done(const struct row *r)
{
	static const char *const not [] = {
	    "conflict", "refused", "unreachable"};
	size_t i;

	for (i = 0; i < LENGTH(not ); i++)
		if (strcmp(row_get(r, "outcome"), not [i]) == 0)
			return 0;
	return 1;
}

static int
take_change(
    struct gate *g, struct gate_set *s, const struct row *r, struct fail *f)
{
	uint32_t ttl = 0;
	int64_t at;

	if (take_number(r, "ttl", &ttl, f) == -1 ||
	    take_time(g, r, "at", &at, f) == -1)
		return -1;
	if (strcmp(row_get(r, "side"), "+") == 0) {
		if (ttl > s->low)
			s->low = ttl;
		s->renewed |=
		    s->was != NULL && strcmp(s->was, row_get(r, "rdata")) != 0;
		return 0;
	}
	s->is_new = 0;
	s->has_old = 1;
	if (ttl > s->old)
		s->old = ttl;
	if (strncmp(s->name, "_mta-sts.", 9) == 0)
		s->was = arena_strdup(g->arena, row_get(r, "rdata"));
	return 0;
}

/* The last word of an earlier gate counts: it may have taken one back. */
static int
take_earlier(
    struct gate *g, struct gate_set *s, const struct row *r, struct fail *f)
{
	uint32_t old = 0;
	int64_t at;

	if (take_number(r, "t_old", &old, f) == -1 ||
	    take_time(g, r, "at", &at, f) == -1 ||
	    take_time(g, r, "published_at", &s->published, f) == -1)
		return -1;
	if (old > s->old)
		s->old = old;
	s->has_old = 1;
	return 0;
}

static int
take_seen(
    struct gate *g, struct gate_set *s, const struct row *r, struct fail *f)
{
	uint32_t ttl = 0, negative = 0;
	int64_t at;
	int there = take_number(r, "ttl", &ttl, f);

	if (there == -1 || take_time(g, r, "at", &at, f) == -1 ||
	    take_number(r, "neg_ttl", &negative, f) == -1)
		return -1;
	if (negative > s->negative)
		s->negative = negative;
	if (at == CLOCK_NONE)
		return change_bad(f, "at", "an observation needs its time");
	gate_saw(g, s, row_get(r, "server"), ttl, there, at);
	return 0;
}

int
gate_take(struct gate *g, const struct row *r, struct fail *f)
{
	struct arena *a = arena_new();
	const char *zone, *name, *type;
	struct gate_set *s;
	int rc = -1;

	if (strcmp(row_get(r, "seq"), "#end") == 0 ||
	    strcmp(row_get(r, "name"), "ALL") == 0 || !was_done(r)) {
		arena_free(a);
		return 0;
	}
	type = dns_type(a, row_get(r, "type"));
	if (type == NULL)
		(void)change_bad(
		    f, "type", "'%s' is no type of record", row_get(r, "type"));
	else if (dns_name(a, &zone, row_get(r, "zone"), f) == 0 &&
	    dns_name(a, &name, row_get(r, "name"), f) == 0) {
		s = gate_set_of(g, zone, name, type);
		if (*row_get(r, "side") != '\0')
			rc = take_change(g, s, r, f);
		else if (*row_get(r, "verdict") != '\0')
			rc = take_earlier(g, s, r, f);
		else
			rc = take_seen(g, s, r, f);
	}
	arena_free(a);
	return rc;
}

/* ---- verdicts ---- */

struct sight {
	int64_t safe_at, published;
	int verdict; /* 0, 75, 1 */
	const char *reason;
};

/* Since when all servers serve it, by observations and by earlier gates. */
static int64_t
published(const struct gate *g, const struct gate_set *s)
{
	int64_t all = CLOCK_NONE;
	size_t i;

	if (s->nseen == 0)
		return s->published != CLOCK_NONE ? s->published
						  : g->opt.published;
	for (i = 0; i < s->nseen; i++) {
		if (s->seen[i].silent)
			continue;
		if (s->seen[i].since == CLOCK_NONE)
			return CLOCK_NONE;
		if (s->seen[i].since > all)
			all = s->seen[i].since;
	}
	if (all == CLOCK_NONE) /* all are silent */
		return s->published;
	return s->published != CLOCK_NONE && s->published < all ? s->published
								: all;
}

static const char *
no_reason(const struct gate *g, const struct gate_set *s)
{
	if (g->latest > g->now)
		return "the clock stands before what the rows tell";
	if (s->trouble != NULL)
		return s->trouble;
	if (!s->has_old && !s->is_new && g->opt.assume_old == 0)
		return "no row tells the TTL that it had: --assume-old";
	return NULL;
}

static void
judge(struct gate *g, struct gate_set *s, struct sight *v)
{
	uint64_t live = s->is_new ? s->negative : s->old;

	if (!s->is_new && g->opt.assume_old > live)
		live = g->opt.assume_old;
	if (g->opt.floor > live)
		live = g->opt.floor;
	v->published = published(g, s);
	v->safe_at = CLOCK_NONE;
	if ((v->reason = no_reason(g, s)) != NULL) {
		v->verdict = 1;
		return;
	}
	if (v->published == CLOCK_NONE) {
		v->verdict = 75;
		v->reason = s->behind != NULL ? s->behind
					      : "not yet seen on every server";
		return;
	}
	/* Senders look for another policy once a day (RFC 8461 3.3). */
	if (s->renewed)
		live += 86400;
	v->safe_at = v->published + (int64_t)(live + g->opt.skew);
	v->verdict = v->safe_at <= g->now ? 0 : 75;
	v->reason = arena_printf(g->arena, "%s + %" PRIu64 " + %" PRIu64 "%s%s",
	    s->is_new	     ? "published + negative TTL"
		: s->is_ns   ? "changed + TTL of the NS"
		: s->renewed ? "published + old TTL and a day, MTA-STS"
			     : "published + old TTL",
	    live, g->opt.skew, s->assumed != NULL ? "; assumed: " : "",
	    s->assumed != NULL ? s->assumed : "");
}

static const char *
verdict_word(int verdict)
{
	return verdict == 0 ? "safe" : verdict == 75 ? "wait" : "no";
}

static void
put(const struct gate *g, struct row *r, const struct sight *v)
{
	char text[CLOCK_TEXT];

	row_set(r, "at", clock_format(text, g->now));
	row_set(r, "published_at", clock_format(text, v->published));
	row_set(r, "safe_at", clock_format(text, v->safe_at));
	if (v->safe_at != CLOCK_NONE)
		row_setf(r, "wait", "%" PRId64,
		    v->safe_at > g->now ? v->safe_at - g->now : 0);
	row_set(r, "verdict", verdict_word(v->verdict));
	row_set(r, "reason", v->reason);
}

/* The worst verdict, and of those that wait the last, decides. */
static void
weigh(struct gate *g, const struct gate_set *s, const struct sight *v)
{
	static const int rank[] = {[0] = 0, [75] = 1, [1] = 2};
	int later = v->safe_at == CLOCK_NONE ||
	    (g->safe_at != CLOCK_NONE && v->safe_at > g->safe_at);

	if (rank[v->verdict] < rank[g->worst] ||
	    (rank[v->verdict] == rank[g->worst] && g->at > 0 && !later))
		return;
	g->worst = v->verdict;
	g->safe_at = v->safe_at;
	g->deciding =
	    arena_printf(g->arena, "%s %s: %s", s->name, s->type, v->reason);
}

int
gate_next(struct gate *g, struct row *r)
{
	struct sight v;
	struct gate_set *s;

	if (g->at > g->n)
		return 0;
	if (g->at == g->n) {
		v = (struct sight){
		    g->safe_at, CLOCK_NONE, g->worst, g->deciding};
		g->at++;
		row_set(r, "name", "ALL");
		put(g, r, &v);
		return 1;
	}
	s = &g->set[g->at];
	judge(g, s, &v);
	weigh(g, s, &v);
	g->at++;
	row_set(r, "zone", s->zone);
	row_set(r, "name", s->name);
	row_set(r, "type", s->type);
	if (s->has_old || !s->is_new)
		row_setf(r, "t_old", "%" PRIu32, s->old);
	row_setf(r, "t_low", "%" PRIu32, s->low);
	put(g, r, &v);
	return 1;
}

int
gate_verdict(const struct gate *g, const char **why)
{
	*why = g->deciding;
	return g->worst;
}
