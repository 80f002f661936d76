/* pair.c: two messages that were found to be one, and how they differ. */
#include <string.h>

#include "verify/verify_p.h"

/* The system flags of a canonical set, and behind them its keywords. */
static size_t
system_part(const char *flags)
{
	const char *s = flags;

	while (*s == '\\') {
		s += strcspn(s, " ");
		if (*s == ' ' && s[1] != '\\')
			break;
		s += *s == ' ';
	}
	return (size_t)(s - flags);
}

static int
same_system(const char *a, const char *b)
{
	size_t n = system_part(a);

	return n == system_part(b) && memcmp(a, b, n) == 0;
}

static int
same_keywords(const char *a, const char *b)
{
	a += system_part(a);
	b += system_part(b);
	return strcmp(a + (*a == ' '), b + (*b == ' ')) == 0;
}

static int
same_sum(const struct kin *s, const struct kin *d, enum sum sum)
{
	return (s->have & d->have & SUM(sum)) != 0 &&
	    memcmp(s->sum[sum], d->sum[sum], sizeof(s->sum[sum])) == 0;
}

/* The best level that the two still share; SUMS: none. */
static enum sum
level(const struct group *g, const struct kin *s, const struct kin *d,
    enum round how)
{
	if (how == ROUND_BASE)
		return (enum sum)g->v->src.base;
	if (how == ROUND_SIZE)
		return SUMS;
	if (same_sum(s, d, SUM_L1))
		return SUM_L1;
	if (same_sum(s, d, SUM_L2))
		return SUM_L2;
	return same_sum(s, d, SUM_L3) ? SUM_L3 : SUMS;
}

static enum rung
rung(const struct group *g, const struct kin *s, const struct kin *d,
    enum round how)
{
	switch (how) {
	case ROUND_BASE:
		if (g->v->src.base == SUM_L1 || g->v->src.base == SUM_L2)
			return RUNG_PARTS;
		if (g->v->src.base == SUM_L3)
			return RUNG_DIFFERENT;
		return s->it.raw != 0 && s->it.raw == d->it.raw ? RUNG_EXACT
								: RUNG_EOL;
	case ROUND_END:
		return RUNG_EOL_END;
	case ROUND_STORE:
		return RUNG_STORE;
	case ROUND_BYTES:
		return RUNG_BYTES;
	case ROUND_L1: /* the same fields and body: the same parts */
	case ROUND_L2:
		return RUNG_PARTS;
	case ROUND_L3:
	case ROUND_MSGID:
	case ROUND_SIZE:
		break;
	}
	return RUNG_DIFFERENT;
}

struct count *
group_count(const struct group *g, const struct item *s)
{
	size_t i = 0;

	while (i + 1 < g->n && g->move[i]->src != &g->v->src.list[s->folder])
		i++;
	return &g->count[i];
}

static int
found(struct group *g, const struct find *like, enum what what, struct fail *f)
{
	struct find fi = *like;

	fi.what = what;
	if (keep_uid(&g->v->src, &fi.s, f) == -1 ||
	    keep_uid(&g->v->dst, &fi.d, f) == -1)
		return -1;
	return pile_add(g->finds, &fi, f);
}

/* A source that knows no date, or a target that was not asked for flags. */
static int
differences(
    struct group *g, struct count *c, const struct find *fi, struct fail *f)
{
	int rc = 0;

	c->pairs++;
	if (same_system(fi->s.flags, fi->d.flags))
		c->flags++;
	else
		rc = found(g, fi, FIND_FLAGS, f);
	if (same_keywords(fi->s.flags, fi->d.flags))
		c->keywords++;
	else if (rc == 0)
		rc = found(g, fi, FIND_KEYWORDS, f);
	if (fi->s.date == fi->d.date || fi->s.date == CLOCK_NONE)
		c->dates++;
	else if (rc == 0)
		rc = found(g, fi, FIND_DATE, f);
	return rc;
}

/* The digest that it had in the first round, whatever it was found by. */
static struct item
original(const struct group *g, const struct kin *k, enum round how)
{
	struct item it = k->it;

	if (how != ROUND_BASE && how != ROUND_SIZE)
		memcpy(it.key, k->sum[g->v->src.base], sizeof(it.key));
	return it;
}

static void
count_match(struct count *c, enum rung r, enum sum l)
{
	c->matched++;
	if (r > RUNG_EOL)
		c->altered++;
	if (r > c->worst) {
		c->worst = r;
		c->level = l;
	}
}

int
group_pair(struct group *g, const struct kin *s, const struct kin *d,
    enum round how, struct fail *f)
{
	struct find fi = {.s = original(g, s, how), .d = original(g, d, how)};
	struct count *c = group_count(g, &s->it);
	struct place at = {s->it.folder, s->it.pos, d->it.pos};
	enum rung r = rung(g, s, d, how);
	enum sum l = level(g, s, d, how);

	fi.rung = r;
	fi.level = l;
	if (pile_add(g->order, &at, f) == -1)
		return -1;
	if (g->v->o->quick || r <= RUNG_EOL ||
	    (r < RUNG_DIFFERENT && (g->v->accepts & 1u << r) != 0))
		count_match(c, r, l);
	else {
		c->differs++;
		if (found(g, &fi, FIND_OCTETS, f) == -1)
			return -1;
	}
	/* Of what may be another message altogether, no more is said. */
	if (!g->v->o->quick && how >= ROUND_L3)
		return 0;
	return differences(g, c, &fi, f);
}
