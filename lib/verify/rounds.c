/* rounds.c: by what, in turn, the messages of two folders are paired. */
#include <string.h>

#include "verify/verify_p.h"

/* ---- below the first digest: a second look at what is left over ---- */

struct second {
	struct side *s;
	struct pile *kin;
};

/* What is no longer what it was is neither the one nor the other. */
static int
take_second(void *arg, struct kin *k, struct fail *f)
{
	struct second *t = arg;
	struct fail why = {0};

	if (memcmp(k->sum[t->s->base], k->it.key, sizeof(k->it.key)) == 0)
		return pile_add(t->kin, k, f);
	(void)fail_set(&why, CODE_CHANGED, REACH_MESSAGE, AGAIN_NOW, "read",
	    "it changed while it was compared");
	t->s->bad(t->s->arg, t->s, &k->it, &why);
	return 0;
}

static int
look_at(struct side *s, struct pile *part, unsigned int sums, struct pile *kin,
    struct fail *f)
{
	struct second t = {s, kin};
	struct item it;

	if (pile_sort(part, item_by_place, f) == -1 ||
	    pile_next(part, &it, f) == -1)
		return -1;
	if (s->entered != it.folder && s->ops->enter(s, it.folder, f) == -1)
		return -1;
	return side_sums(s, part, sums | SUM(s->base), take_second, &t, f);
}

int
look_again(struct side *s, struct pile *items, unsigned int sums,
    struct pile **kin, struct fail *f)
{
	struct pile *part = pile_new(sizeof(struct item), s->v->dir);
	struct kin k;
	uint32_t folder = 0;
	int rc = pile_sort(items, item_by_place, f), got = 0;

	*kin = pile_new(sizeof(struct kin), s->v->dir);
	while (rc == 0 && (got = pile_next(items, &k, f)) == 1) {
		if (pile_count(part) > 0 && k.it.folder != folder) {
			rc = look_at(s, part, sums, *kin, f);
			pile_reset(part);
		}
		folder = k.it.folder;
		if (rc == 0)
			rc = pile_add(part, &k.it, f);
	}
	if (got == -1)
		rc = -1;
	if (rc == 0 && pile_count(part) > 0)
		rc = look_at(s, part, sums, *kin, f);
	pile_free(part);
	return rc;
}

static const unsigned int sum_of[] = {[ROUND_END] = SUM_END,
    [ROUND_STORE] = SUM_STORE,
    [ROUND_BYTES] = SUM_BYTES,
    [ROUND_L1] = SUM_L1,
    [ROUND_L2] = SUM_L2,
    [ROUND_L3] = SUM_L3,
    [ROUND_MSGID] = SUM_MSGID};

/* Those that have the sum, by it; the others stay in *p. */
static int
take_those(struct pile **p, enum sum sum, struct pile **those, struct fail *f)
{
	struct pile *others = pile_like(*p);
	struct kin k;
	int rc = pile_sort(*p, NULL, f);

	*those = pile_like(*p);
	while (rc == 0 && (rc = pile_next(*p, &k, f)) == 1)
		if ((k.have & SUM(sum)) != 0) {
			memcpy(k.it.key, k.sum[sum], sizeof(k.it.key));
			rc = pile_add(*those, &k, f);
		} else
			rc = pile_add(others, &k, f);
	pile_free(*p);
	*p = others;
	return rc;
}

static int
put_back(struct pile *p, struct pile *those, struct fail *f)
{
	struct kin k;
	int rc = pile_sort(those, NULL, f);

	while (rc == 0 && (rc = pile_next(those, &k, f)) == 1)
		rc = pile_add(p, &k, f);
	return rc;
}

static int
one_round(struct group *g, struct pile **s, struct pile **d, enum round how,
    struct fail *f)
{
	struct pile *ss = NULL, *dd = NULL;
	int rc;

	if (pile_count(*s) == 0 || pile_count(*d) == 0)
		return 0;
	rc = take_those(s, (enum sum)sum_of[how], &ss, f);
	if (rc == 0)
		rc = take_those(d, (enum sum)sum_of[how], &dd, f);
	if (rc == 0)
		rc = match_round(g, &ss, &dd, how, f);
	if (rc == 0)
		rc = put_back(*s, ss, f);
	if (rc == 0)
		rc = put_back(*d, dd, f);
	pile_free(ss);
	pile_free(dd);
	return rc;
}

/* Both sides read again, with more digests. */
static int
both_again(struct group *g, struct pile **s, struct pile **d, unsigned int sums,
    struct fail *f)
{
	struct pile *ks = NULL, *kd = NULL;
	int rc = look_again(&g->v->src, *s, sums, &ks, f);

	if (rc == 0)
		rc = look_again(&g->v->dst, *d, sums, &kd, f);
	if (rc == -1) {
		pile_free(ks);
		pile_free(kd);
		return -1;
	}
	pile_free(*s);
	pile_free(*d);
	*s = ks;
	*d = kd;
	return 0;
}

/* By the digest of the first round, as they came. */
static int
restore(struct group *g, struct pile **p, struct fail *f)
{
	struct pile *was = pile_like(*p);
	struct kin k;
	int rc = pile_sort(*p, NULL, f);

	while (rc == 0 && (rc = pile_next(*p, &k, f)) == 1) {
		memcpy(k.it.key, k.sum[g->v->src.base], sizeof(k.it.key));
		rc = pile_add(was, &k, f);
	}
	pile_free(*p);
	*p = was;
	return rc;
}

static int
lower_rounds(struct group *g, struct pile **s, struct pile **d, struct fail *f)
{
	unsigned int sums = SUM(SUM_END) | SUM(SUM_STORE) | SUM(SUM_BYTES) |
	    SUM(SUM_L1) | SUM(SUM_L3) | SUM(SUM_MSGID);
	int parts = (g->v->accepts & 1u << RUNG_PARTS) != 0;
	enum round how;

	if (g->v->src.base != SUM_L0 || pile_count(*s) == 0 ||
	    pile_count(*d) == 0)
		return 0;
	/* Parts are looked into only where all else has failed. */
	if (both_again(g, s, d, parts ? sums | SUM(SUM_L2) : sums, f) == -1)
		return -1;
	for (how = ROUND_END; how <= ROUND_L1; how++)
		if (one_round(g, s, d, how, f) == -1)
			return -1;
	if (!parts && pile_count(*s) > 0 && pile_count(*d) > 0) {
		if (restore(g, s, f) == -1 || restore(g, d, f) == -1 ||
		    both_again(g, s, d, sums | SUM(SUM_L2), f) == -1)
			return -1;
	}
	for (how = ROUND_L2; how <= ROUND_MSGID; how++)
		if (one_round(g, s, d, how, f) == -1)
			return -1;
	return restore(g, s, f) == -1 ? -1 : restore(g, d, f);
}

/* ---- without bodies ---- */

/* Keeps one half of the key: the date, or the size. */
static int
halve(struct pile **p, size_t from, struct fail *f)
{
	struct pile *out = pile_like(*p);
	struct item it;
	int rc = pile_sort(*p, NULL, f);

	while (rc == 0 && (rc = pile_next(*p, &it, f)) == 1) {
		memset(it.key, 0, sizeof(it.key));
		memcpy(
		    it.key + from, from == 0 ? (void *)&it.date : &it.size, 8);
		rc = pile_add(out, &it, f);
	}
	pile_free(*p);
	*p = out;
	return rc;
}

/* A size is a hint only (OVH's Exchange says three times the octets). */
static int
quick_rounds(struct group *g, struct pile **s, struct pile **d, struct fail *f)
{
	if (halve(s, 0, f) == -1 || halve(d, 0, f) == -1 ||
	    match_round(g, s, d, ROUND_BASE, f) == -1)
		return -1;
	if (halve(s, 8, f) == -1 || halve(d, 8, f) == -1)
		return -1;
	return match_round(g, s, d, ROUND_SIZE, f);
}

int
match_all(struct group *g, struct pile **s, struct pile **d, struct fail *f)
{
	if (match_round(g, s, d, ROUND_BASE, f) == -1)
		return -1;
	return g->v->o->quick ? quick_rounds(g, s, d, f)
			      : lower_rounds(g, s, d, f);
}
