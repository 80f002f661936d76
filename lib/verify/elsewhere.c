/*
 * elsewhere.c: what is not in its folder may be in another: moved, merged, or
 * kept once where the source shows it twice (Gmail's "all").
 */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

/* ---- other folders of the target ---- */

struct taking {
	struct pile *to; /* items, or loose */
	enum sum sum;
	int loose;
};

static int
take(void *arg, struct kin *k, struct fail *f)
{
	struct taking *t = arg;
	struct loose l = {.kind = LOOSE_STRAY};

	memcpy(k->it.key, k->sum[t->sum], sizeof(k->it.key));
	if (!t->loose)
		return pile_add(t->to, &k->it, f);
	l.it = k->it;
	return pile_add(t->to, &l, f);
}

/* Their own comparison has told it, or nobody asked for them. */
void
side_ignore(
    void *arg, struct side *s, const struct item *it, const struct fail *why)
{
	(void)arg;
	(void)s;
	(void)it;
	(void)why;
}

static int
read_folder(struct side *s, uint32_t folder, struct taking *t, struct fail *f)
{
	struct pile *list = pile_new(sizeof(struct item), s->v->dir);
	int rc = s->ops->enter(s, folder, f);

	s->v->sample_of = s->list[folder].name;
	if (rc == 0)
		rc = s->ops->scan(s, list, f);
	if (rc == 0)
		rc = side_sums(s, list, SUM(t->sum), take, t, f);
	pile_free(list);
	return rc;
}

static int
read_folders(struct verify *v, int strays, struct taking *t, struct fail *f)
{
	struct side *s = &v->dst;
	uint32_t i;

	s->bad = side_ignore;
	for (i = 0; i < s->n; i++) {
		if (!s->list[i].selectable || (strays && v->from[i] != NULL))
			continue;
		if (read_folder(s, i, t, f) == -1 && f->reach > REACH_FOLDER)
			return -1;
	}
	return 0;
}

/* ---- role all ---- */

int
hold_strays(struct verify *v, struct fail *f)
{
	struct taking t = {v->held, (enum sum)v->dst.base, 0};

	return read_folders(v, 1, &t, f);
}

/* Once there is enough: the source counts what it shows under two names. */
static int
strike(struct group *g, struct pile **s, struct pile *held, struct fail *f)
{
	struct pile *rest = pile_like(*s);
	struct kin k, h = {.have = 0};
	int got = 0, rc;

	if (pile_sort(*s, item_by_key, f) == -1 ||
	    pile_sort(held, item_by_key, f) == -1)
		return -1;
	rc = pile_next(held, &h, f);
	while (rc != -1 && (got = pile_next(*s, &k, f)) == 1) {
		while (rc == 1 && memcmp(h.it.key, k.it.key, 16) < 0)
			rc = pile_next(held, &h, f);
		if (rc == 1 && item_same_key(&h.it, &k.it))
			group_count(g, &k.it)->elsewhere++;
		else if (pile_add(rest, &k, f) == -1)
			return -1;
	}
	pile_free(*s);
	*s = rest;
	return rc == -1 || got == -1 ? -1 : 0;
}

/* The digest that still knows a message after what the target alters. */
static enum sum
lowest(const struct verify *v)
{
	if (v->accepts & 1u << RUNG_PARTS)
		return SUM_L2;
	if (v->accepts & 1u << RUNG_BYTES)
		return SUM_BYTES;
	if (v->accepts & 1u << RUNG_STORE)
		return SUM_STORE;
	return v->accepts & 1u << RUNG_EOL_END ? SUM_END : SUM_L0;
}

static int
by_sum(struct pile **p, enum sum sum, struct fail *f)
{
	struct pile *out = pile_like(*p);
	struct kin k;
	int rc = pile_sort(*p, NULL, f);

	while (rc == 0 && (rc = pile_next(*p, &k, f)) == 1) {
		if (k.have & SUM(sum))
			memcpy(k.it.key, k.sum[sum], sizeof(k.it.key));
		rc = pile_add(out, &k, f);
	}
	pile_free(*p);
	*p = out;
	return rc;
}

int
strike_held(struct group *g, struct pile **s, struct fail *f)
{
	struct verify *v = g->v;
	struct taking t = {NULL, lowest(v), 0};
	struct pile *kin = NULL;
	int rc = strike(g, s, v->held, f);

	if (rc == -1 || pile_count(*s) == 0 || t.sum == SUM_L0 ||
	    v->src.base != SUM_L0)
		return rc;
	t.to = pile_new(sizeof(struct item), v->dir);
	rc = look_again(&v->src, *s, SUM(t.sum), &kin, f);
	if (rc == 0)
		rc = read_folders(v, 0, &t, f);
	if (rc == 0)
		rc = by_sum(&kin, t.sum, f);
	if (rc == 0)
		rc = strike(g, &kin, t.to, f);
	if (rc == 0)
		rc = by_sum(&kin, SUM_L0, f);
	pile_free(t.to);
	pile_free(*s);
	*s = kin;
	return rc;
}

/* ---- what is in another folder ---- */

static int
by_key(const void *a, const void *b)
{
	const struct loose *x = a, *y = b;
	int d = memcmp(x->it.key, y->it.key, sizeof(x->it.key));

	if (d == 0)
		d = (int)x->kind - (int)y->kind;
	return d != 0 ? d : item_by_place(&x->it, &y->it);
}

static int
put(struct pile *out, const struct loose *l, struct fail *f)
{
	return l->kind == LOOSE_STRAY ? 0 : pile_add(out, l, f);
}

static int
both(struct pile *out, struct loose *l, struct loose *e, struct fail *f)
{
	l->other = 1 + e->it.folder;
	l->other_uid = e->it.uid;
	e->other = 1 + l->it.folder;
	e->other_uid = l->it.uid;
	return put(out, l, f) == -1 ? -1 : put(out, e, f);
}

static int
join(struct verify *v, struct pile *out, struct fail *f)
{
	struct loose l, e;
	int rl, re;

	if (pile_sort(v->lost, by_key, f) == -1 ||
	    pile_sort(v->extra, by_key, f) == -1)
		return -1;
	rl = pile_next(v->lost, &l, f);
	re = pile_next(v->extra, &e, f);
	while (rl == 1 || re == 1) {
		int d = rl != 1 ? 1
		    : re != 1	? -1
				: memcmp(l.it.key, e.it.key, sizeof(l.it.key));

		if ((d == 0	    ? both(out, &l, &e, f)
			    : d < 0 ? put(out, &l, f)
				    : put(out, &e, f)) == -1)
			return -1;
		if (d <= 0)
			rl = pile_next(v->lost, &l, f);
		if (d >= 0)
			re = pile_next(v->extra, &e, f);
		if (rl == -1 || re == -1)
			return -1;
	}
	return rl == -1 || re == -1 ? -1 : 0;
}

int
find_elsewhere(struct verify *v, int strays, struct pile **out, struct fail *f)
{
	struct taking t = {v->extra, (enum sum)v->dst.base, 1};

	*out = pile_new(sizeof(struct loose), v->dir);
	if (strays && !v->o->quick && pile_count(v->lost) > 0 &&
	    read_folders(v, 1, &t, f) == -1)
		return -1;
	return join(v, *out, f);
}
