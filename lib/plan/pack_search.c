/*
 * pack_search.c: the order in which runs are placed.  Longest first, then
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
	uint32_t a = draw(seed, k->nrun), b = draw(seed, k->nrun), x;

	x = k->order[a];
	if (draw(seed, 2) == 0) {
		k->order[a] = k->order[b];
	} else if (a < b)
		memmove(k->order + a, k->order + a + 1, (b - a) * sizeof(x));
	else
		memmove(k->order + b + 1, k->order + b, (a - b) * sizeof(x));
	k->order[b] = x;
}

struct found {
	uint32_t *order;
	int64_t end;
	double ends;
};

static void
keep(const struct pack *k, struct found *to)
{
	memcpy(to->order, k->order, k->nrun * sizeof(*to->order));
	to->end = k->end;
	to->ends = k->ends;
}

static int
is_better(const struct pack *k, const struct found *than)
{
	return k->end < than->end ||
	    (k->end == than->end && k->ends < than->ends);
}

static void
search(struct pack *k, struct found *best, struct found *now, uint32_t tries)
{
	uint32_t seed = 1, stuck = 0, i;
	int64_t least = bound(k);

	for (i = 0; i < tries && best->end > least; i++) {
		change(k, &seed);
		pack_place(k);
		if (k->end <= now->end) {
			stuck = is_better(k, now) ? 0 : stuck + 1;
			keep(k, now);
		} else {
			stuck++;
			memcpy(
			    k->order, now->order, k->nrun * sizeof(*k->order));
		}
		if (is_better(k, best) && k->end <= now->end)
			keep(k, best);
		if (stuck < STUCK)
			continue;
		stuck = 0; /* elsewhere */
		memcpy(k->order, best->order, k->nrun * sizeof(*k->order));
		for (; stuck < 3; stuck++)
			change(k, &seed);
		stuck = 0;
		pack_place(k);
		keep(k, now);
	}
}

void
pack_search(struct pack *k)
{
	uint64_t cost = (uint64_t)k->nrun * (k->nslot + 16);
	struct found best = {0}, now = {0};
	uint64_t tries = cost > 0 ? STEPS / cost : 0;

	pack_place(k);
	if (k->nrun < 2)
		return;
	best.order = mem_array(k->nrun, sizeof(*best.order));
	now.order = mem_array(k->nrun, sizeof(*now.order));
	keep(k, &best);
	keep(k, &now);
	search(k, &best, &now, tries < TRIES ? (uint32_t)tries : TRIES);
	memcpy(k->order, best.order, k->nrun * sizeof(*k->order));
	pack_place(k);
	free(best.order);
	free(now.order);
}
