/* pack_p.h: what packing jobs onto workers shares with the search for it. */
#ifndef PACK_P_H
#define PACK_P_H

#include "plan/plan_p.h"

/* Jobs of one account, which follow each other. */
struct chain {
	uint32_t job, n; /* the first of the plan's, and how many */
	uint32_t at; /* the next to be placed */
	uint32_t worker; /* of the last that has a place; NONE */
	int64_t end; /* of that, or INT64_MIN */
	uint64_t work; /* seconds */
};

/* The less the better, in this order. */
struct score {
	int64_t end; /* of the last job */
	uint32_t hops; /* jobs on another worker than the one before */
	double ends; /* of all jobs together */
};

struct pack {
	struct plan *p;
	/* When each is free again: workers, then the connections of hosts. */
	int64_t *slot, *saved;
	uint32_t nslot, workers;
	uint32_t low; /* the first worker that this batch may use */
	int64_t ready;
	struct chain *chain;
	/* Chains in the order in which their next jobs are placed. */
	uint32_t *order;
	uint32_t njob, nchain;
	struct score score; /* of what was placed */
};

/* pack_place.c: places all in order, from `saved` on. */
void pack_place(struct pack *k);
/* pack_search.c: an order, and all placed in it. */
void pack_search(struct pack *k);

#endif
