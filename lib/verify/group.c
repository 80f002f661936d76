/*
 * group.c: one folder of the target against what goes into it: a folder of
 * the source, or several that the mapping merges.
 */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

/* ---- reading ---- */

int
keep_uid(struct side *s, struct item *it, struct fail *f)
{
	struct buf uid = {0};
	int rc;

	if (it->uid != TEXT_NONE)
		return 0;
	s->ops->uid(s, it, &uid);
	rc = texts_add(s->v->texts, uid.len > 0 ? uid.data : "", &it->uid, f);
	buf_free(&uid);
	return rc;
}

struct first {
	struct side *s;
	struct pile *items;
};

static int
take_first(void *arg, struct kin *k, struct fail *f)
{
	struct first *t = arg;
	struct side *s = t->s;

	memcpy(k->it.key, k->sum[s->base], sizeof(k->it.key));
	if (s->keep && keep_uid(s, &k->it, f) == -1)
		return -1;
	if (s->is_target && s->v->held != NULL &&
	    pile_add(s->v->held, &k->it, f) == -1)
		return -1;
	return pile_add(t->items, &k->it, f);
}

static void
quick_key(struct item *it)
{
	memcpy(it->key, &it->date, 8);
	memcpy(it->key + 8, &it->size, 8);
}

/* Without bodies: size and date stand for the message. */
static int
take_quick(struct first *t, struct pile *list, struct fail *f)
{
	struct item it;
	int rc = pile_sort(list, NULL, f);

	while (rc == 0 && (rc = pile_next(list, &it, f)) == 1) {
		quick_key(&it);
		if (t->s->keep && keep_uid(t->s, &it, f) == -1)
			return -1;
		rc = pile_add(t->items, &it, f);
	}
	return rc;
}

/* Only those that the job names. */
static int
choose(struct side *s, struct pile **list, const char *uids, struct fail *f)
{
	struct pile *some = pile_like(*list);
	struct buf uid = {0};
	struct item it;
	uint64_t id;
	int rc = pile_sort(*list, NULL, f);

	while (rc == 0 && (rc = pile_next(*list, &it, f)) == 1) {
		rc = 0;
		buf_reset(&uid);
		s->ops->uid(s, &it, &uid);
		if (!text_u64(uid.data, uid.len, &id))
			id = it.id;
		if (job_wants(uids, id))
			rc = pile_add(some, &it, f);
	}
	buf_free(&uid);
	pile_free(*list);
	*list = some;
	return rc;
}

int
read_items(struct side *s, struct pile *items, uint64_t *listed, struct fail *f)
{
	struct pile *list = pile_new(sizeof(struct item), s->v->dir);
	struct first t = {s, items};
	const char *uids = row_get(s->v->job, "uids");
	int rc = s->ops->scan(s, list, f);

	if (rc == 0 && *uids != '\0' && !s->is_target)
		rc = choose(s, &list, uids, f);
	*listed += pile_count(list);
	if (rc == 0)
		rc = s->v->o->quick
		    ? take_quick(&t, list, f)
		    : s->ops->sums(s, list, SUM(s->base) | SUM(SUM_RAW),
			  take_first, &t, f);
	pile_free(list);
	return rc;
}

/* ---- what cannot be read ---- */

static void
bad(void *arg, struct side *s, const struct item *it, const struct fail *why)
{
	struct group *g = arg;
	const char *from = g->move[0]->src->name;
	struct buf uid = {0};
	size_t i;

	for (i = 0; !s->is_target && i < g->n; i++)
		if (g->move[i]->src == &s->list[it->folder]) {
			from = g->move[i]->src->name;
			g->count[i].unread++;
		}
	if (s->is_target)
		g->unread++;
	s->ops->uid(s, it, &uid);
	tell_error(
	    s->v, s, from, g->move[0]->to, uid.len > 0 ? uid.data : "", why);
	buf_free(&uid);
}

static void
watch(struct group *g)
{
	g->v->src.bad = g->v->dst.bad = bad;
	g->v->src.arg = g->v->dst.arg = g;
	g->v->src.keep = g->n > 1;
	g->v->dst.keep = 0;
}

static int
read_source(struct group *g, struct pile *s, struct fail *f)
{
	struct side *side = &g->v->src;
	size_t i;

	for (i = 0; i < g->n; i++) {
		uint32_t folder = (uint32_t)(g->move[i]->src - side->list);
		uint64_t before = pile_count(s);

		g->v->sample_of = g->move[0]->to;
		if (side->ops->enter(side, folder, f) == -1 ||
		    read_items(side, s, &g->count[i].listed, f) == -1) {
			if (f->reach > REACH_FOLDER)
				return -1;
			tell_error(g->v, side, g->move[i]->src->name,
			    g->move[i]->to, "", f);
			g->count[i].failed = 1;
		}
		g->count[i].taken = pile_count(s) - before;
	}
	return 0;
}

/* 1 it is read, 0 it cannot be (told), -1. */
static int
read_target(struct group *g, struct pile *d, struct fail *f)
{
	struct side *side = &g->v->dst;
	size_t i;

	if (g->dst == NULL || !g->dst->selectable)
		return 1;
	if (side->ops->enter(side, (uint32_t)(g->dst - side->list), f) == 0 &&
	    read_items(side, d, &g->found, f) == 0)
		return 1;
	if (f->reach > REACH_FOLDER)
		return -1;
	for (i = 0; i < g->n; i++)
		tell_error(
		    g->v, side, g->move[i]->src->name, g->move[i]->to, "", f);
	return 0;
}

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
	int rc = read_source(g, s, f);

	if (rc == 0 && (rc = read_target(g, d, f)) == 1) {
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
	watch(&g);
	rc = compare(&g, f);
	pile_free(g.finds);
	pile_free(g.order);
	free(g.count);
	return rc;
}
