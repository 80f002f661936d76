/*
 * pack_search.c: the order in which jobs are placed.  Longest first, then
 * changes of places that do not make it worse, as many as a fixed number of
 * steps allows: the same input gives the same plan.
 */
#include <stdlib.h>
#include <string.h>

#include "plan/pack_p.h"

enum { STEPS = 2000000, TRIES = 4000, STUCK = 300 };

/* No plan ends earlier: work by workers, the longest chain. */
static int64_t
bound(const struct pack *k)
{
	uint32_t n = k->workers - k->low, i;
	uint64_t all = 0, longest = 0;

	for (i = 0; i < k->nchain; i++) {
		all += k->chain[i].work;
		if (k->chain[i].work > longest)
			longest = k->chain[i].work;
	}
	all = (all + n - 1) / n;
	return k->ready + (int64_t)(all > longest ? all : longest);
}

/* Numerical Recipes' generator: any will do, but always the same. */
static uint32_t
draw(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(*seed >> 8) * n >> 24);
}

static void
change(struct pack *k, uint32_t *seed)
{
	uint32_t a = draw(seed, k->njob), b = draw(seed, k->njob), x;

	x = k->order[a];
	if (draw(seed, 2) == 0) {
		k->order[a] = k->order[b];
	} else if (a < b)
		memmove(k->order + a, k->order + a + 1, (b - a) * sizeof(x));
	else
		memmove(k->order + b + 1, k->order + b, (a - b) * sizeof(x));
	k->order[b] = x;
}

/* ---- where to begin ---- */

struct place {
	uint64_t work, left; /* of the chain; of it from this job on */
	uint32_t chain, n;
};

/* Longest chain first, its jobs together. */
static int
by_chain(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->work != y->work)
		return x->work > y->work ? -1 : 1;
	if (x->chain != y->chain)
		return x->chain < y->chain ? -1 : 1;
	return x->n < y->n ? -1 : x->n > y->n;
}

/* Whatever has most behind it, which is better where chains must pause. */
static int
by_left(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->left != y->left)
		return x->left > y->left ? -1 : 1;
	return by_chain(a, b);
}

static void
sort(struct pack *k, int (*compare)(const void *, const void *))
{
	struct place *list = mem_array(k->njob, sizeof(*list));
	uint32_t c, n, i = 0;

	for (c = 0; c < k->nchain; c++) {
		uint64_t work = k->chain[c].work, left = work;

		for (n = 0; n < k->chain[c].n; n++) {
			list[i++] = (struct place){work, left, c, n};
			left -= k->p->job[k->chain[c].job + n].est;
		}
	}
	qsort(list, i, sizeof(*list), compare);
	while (i-- > 0)
		k->order[i] = list[i].chain;
	free(list);
}

/* ---- and on from there ---- */

struct found {
	uint32_t *order;
	struct score score;
};

static int
compare(const struct score *a, const struct score *b)
{
	if (a->end != b->end)
		return a->end < b->end ? -1 : 1;
	if (a->hops != b->hops)
		return a->hops < b->hops ? -1 : 1;
	return a->ends < b->ends ? -1 : a->ends > b->ends;
}

static void
keep(const struct pack *k, struct found *to)
{
	memcpy(to->order, k->order, k->njob * sizeof(*to->order));
	to->score = k->score;
}

static void
go_back(struct pack *k, const struct found *to)
{
	memcpy(k->order, to->order, k->njob * sizeof(*to->order));
}

/* The best so far, changed a little. */
static void
elsewhere(
    struct pack *k, const struct found *best, struct found *now, uint32_t *seed)
{
	int i;

	go_back(k, best);
	for (i = 0; i < 3; i++)
		change(k, seed);
	pack_place(k);
	keep(k, now);
}

static void
search(struct pack *k, struct found *best, struct found *now, uint32_t tries)
{
	uint32_t seed = 1, stuck = 0;
	int64_t least = bound(k);

	while (tries-- > 0 && best->score.end > least) {
		int c;

		change(k, &seed);
		pack_place(k);
		c = compare(&k->score, &now->score);
		stuck = c < 0 ? 0 : stuck + 1;
		if (c <= 0)
			keep(k, now);
		else
			go_back(k, now);
		if (c < 0 && compare(&k->score, &best->score) < 0)
			keep(k, best);
		if (stuck == STUCK) {
			elsewhere(k, best, now, &seed);
			stuck = 0;
		}
	}
}

void
pack_search(struct pack *k)
{
	uint64_t cost = (uint64_t)k->njob * (k->nslot + 16);
	uint64_t tries = cost > 0 ? STEPS / cost : 0;
	struct found best = {mem_array(k->njob, sizeof(*k->order)), {0, 0, 0}};
	struct found now = {mem_array(k->njob, sizeof(*k->order)), {0, 0, 0}};

	sort(k, by_left);
	pack_place(k);
	keep(k, &best);
	sort(k, by_chain);
	pack_place(k);
	if (compare(&k->score, &best.score) <= 0)
		keep(k, &best);
	go_back(k, &best);
	now.score = best.score;
	memcpy(now.order, best.order, k->njob * sizeof(*now.order));
	search(k, &best, &now, tries < TRIES ? (uint32_t)tries : TRIES);
	go_back(k, &best);
	pack_place(k);
	free(best.order);
	free(now.order);
}
