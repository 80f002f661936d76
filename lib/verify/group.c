/*
 * group.c: one folder of the target against what goes into it: a folder of
 * the source, or several that the mapping merges.
 */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

/* ---- what is left over ---- */

static int
lose(struct group *g, struct pile *rest, uint32_t kind, struct fail *f)
{
	struct side *side = kind == LOOSE_LOST ? &g->v->src : &g->v->dst;
	struct pile *to = kind == LOOSE_LOST ? g->v->lost : g->v->extra;
	struct loose l = {.kind = kind};
	struct kin k;
	int rc = pile_sort(rest, item_by_place, f);

	while (rc == 0 && (rc = pile_next(rest, &k, f)) == 1) {
		l.it = k.it;
		if (g->v->o->quick)
			quick_key(&l.it);
		rc = keep_uid(side, &l.it, f);
		if (rc == 0)
			rc = pile_add(to, &l, f);
		if (kind == LOOSE_LOST)
			group_count(g, &k.it)->missing++;
		else if (k.it.copy)
			g->copies++;
		else
			g->extra++;
	}
	return rc;
}

static int
leftovers(struct group *g, struct pile **s, struct pile *d, struct fail *f)
{
	size_t i;
	int rc = 0;

	if (g->move[0]->src->role == ROLE_ALL && !g->v->o->quick)
		rc = strike_held(g, s, f);
	if (rc == 0)
		rc = lose(g, *s, LOOSE_LOST, f);
	/* Rows of their own carry the rest of the folder, or nobody knows. */
	for (i = 0; i < g->n; i++)
		if (g->count[i].failed)
			return rc;
	if (rc == 0 && *row_get(g->v->job, "uids") == '\0')
		rc = lose(g, d, LOOSE_EXTRA, f);
	return rc;
}

static int
by_source(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder < y->folder ? -1 : 1;
	return (x->src > y->src) - (x->src < y->src);
}

static int
count_order(struct group *g, struct fail *f)
{
	struct place at, last = {0};
	int rc = pile_sort(g->order, by_source, f), any = 0;

	while (rc == 0 && (rc = pile_next(g->order, &at, f)) == 1) {
		struct item it = {.folder = at.folder};

		rc = 0;
		if (any && last.folder == at.folder && at.dst < last.dst)
			group_count(g, &it)->descents++;
		last = at;
		any = 1;
	}
	return rc;
}

static int
compare(struct group *g, struct fail *f)
{
	struct pile *s = pile_new(sizeof(struct item), g->v->dir);
	struct pile *d = pile_like(s);
	int rc = read_both(g, s, d, f);

	if (rc == 1) {
		rc = match_all(g, &s, &d, f);
		if (rc == 0)
			rc = leftovers(g, &s, d, f);
		if (rc == 0)
			rc = count_order(g, f);
		if (rc == 0) {
			tell_group(g);
			rc = tell_finds(g, f);
		}
	}
	pile_free(s);
	pile_free(d);
	return rc;
}

int
group_compare(
    struct verify *v, const struct move *const *move, size_t n, struct fail *f)
{
	struct group g = {.v = v, .move = move, .n = n, .dst = move[0]->dst};
	int rc;

	g.count = mem_array(n, sizeof(*g.count));
	g.finds = pile_new(sizeof(struct find), v->dir);
	g.order = pile_new(sizeof(struct place), v->dir);
	rc = compare(&g, f);
	pile_free(g.finds);
	pile_free(g.order);
	free(g.count);
	return rc;
}
