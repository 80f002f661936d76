/*
 * both.c: both sides of a group are read at the same time, in turns, so that
 * one server works while the other is listened to.
 */
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

void
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

/* ---- in turns ---- */

/* What is read of a side: of the source folder after folder. */
struct half {
	struct side *side;
	size_t at, n; /* the folder in hand, and how many there are */
	int begun, told; /* told: a folder of it cannot be read */
	struct pile *list; /* of its messages, NULL before */
	uint64_t before;
	struct first first;
};

static const struct folder *
folder_of(const struct group *g, const struct half *h)
{
	return h->side->is_target ? g->dst : g->move[h->at]->src;
}

static uint64_t *
listed(struct group *g, const struct half *h)
{
	return h->side->is_target ? &g->found : &g->count[h->at].listed;
}

static int
enter(struct group *g, struct half *h, struct fail *f)
{
	struct side *s = h->side;

	h->begun = 1;
	h->before = pile_count(h->first.items);
	return s->ops->enter(s, (uint32_t)(folder_of(g, h) - s->list), f);
}

static int
list(struct group *g, struct half *h, struct fail *f)
{
	struct side *s = h->side;
	const char *uids = row_get(s->v->job, "uids");
	int rc;

	h->list = pile_new(sizeof(struct item), s->v->dir);
	rc = s->ops->scan(s, h->list, f);
	if (rc == 0 && *uids != '\0' && !s->is_target)
		rc = choose(s, &h->list, uids, f);
	*listed(g, h) += pile_count(h->list);
	if (rc == -1)
		return -1;
	return s->v->o->quick
	    ? take_quick(&h->first, h->list, f)
	    : s->ops->sums(s, h->list, SUM(s->base) | SUM(SUM_RAW), take_first,
		  &h->first, f);
}

static void
leave(struct group *g, struct half *h)
{
	if (!h->side->is_target)
		g->count[h->at].taken = pile_count(h->first.items) - h->before;
	pile_free(h->list);
	h->list = NULL;
	h->begun = 0;
	h->at++;
}

/* The folder in hand cannot be read, the others may. */
static void
cannot(struct group *g, struct half *h, const struct fail *f)
{
	size_t i;

	h->told = 1;
	for (i = 0; i < g->n; i++)
		if (h->side->is_target || i == h->at)
			tell_error(g->v, h->side, g->move[i]->src->name,
			    g->move[i]->to, "", f);
	if (!h->side->is_target)
		g->count[h->at].failed = 1;
}

/* 1 there is more, 0 all is read, -1. */
static int
turn(struct group *g, struct half *h, struct fail *f)
{
	int rc;

	if (h->at == h->n)
		return 0;
	if (!h->begun)
		rc = enter(g, h, f) == -1 ? -1 : 1;
	else if (h->list == NULL)
		rc = list(g, h, f) == -1 ? -1 : 1;
	else
		rc = g->v->o->quick ? 0 : side_more(h->side, f);
	if (rc == 1 || (rc == -1 && f->reach > REACH_FOLDER))
		return rc;
	if (rc == -1)
		cannot(g, h, f);
	leave(g, h);
	return 1;
}

static void
watch(struct group *g)
{
	g->v->src.bad = g->v->dst.bad = bad;
	g->v->src.arg = g->v->dst.arg = g;
	g->v->src.keep = g->n > 1;
	g->v->dst.keep = 0;
	g->v->sample_of = g->move[0]->to;
}

int
read_both(struct group *g, struct pile *s, struct pile *d, struct fail *f)
{
	struct half src = {.side = &g->v->src, .n = g->n},
		    dst = {.side = &g->v->dst,
			.n = g->dst != NULL && g->dst->selectable};
	int one, other = 0;

	src.first = (struct first){src.side, s};
	dst.first = (struct first){dst.side, d};
	watch(g);
	do {
		one = turn(g, &src, f);
		if (one != -1)
			other = turn(g, &dst, f);
	} while (one != -1 && other != -1 && one + other > 0);
	pile_free(src.list);
	pile_free(dst.list);
	return one == -1 || other == -1 ? -1 : !dst.told;
}
