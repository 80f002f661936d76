/* pack_p.h: what packing jobs onto workers shares with the search for it. */
#ifndef PACK_P_H
#define PACK_P_H

#include "plan/plan_p.h"

/*
 * Jobs of one account that follow each other on one worker.  Runs of one
 * chain follow each other too, with pauses between them that another account
 * can use: day budgets make such.
 */
struct run {
	uint32_t job, n; /* in the plan */
	uint32_t chain;
	uint64_t work; /* seconds */
	int64_t start, end;
	uint32_t worker;
	const char *late; /* what it had to wait for, NULL */
};
struct chain {
	uint32_t run, n; /* its first run, and how many */
	uint32_t box;
	uint64_t work;
	uint32_t at; /* the next to be placed */
};

struct pack {
	struct plan *p;
	/* When each is free again: workers, then the connections of hosts. */
	int64_t *slot, *saved;
	uint32_t nslot, workers;
	uint32_t low; /* the first worker that this batch may use */
	int64_t ready;
	struct run *run;
	struct chain *chain;
	/* Chains in the order in which their next runs are placed. */
	uint32_t *order;
	uint32_t nrun, nchain;
	int64_t end; /* of what was placed */
	double ends; /* the sum of all ends */
};

/* pack_place.c: places all in order, from `saved` on. */
void pack_place(struct pack *k);
/* pack_search.c: a better order than longest first, if there is one. */
void pack_search(struct pack *k);

#endif
