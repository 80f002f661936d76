/*
 * pack_place.c: jobs onto workers in a given order, each as early as it can
 * be.  Placed in the order of their starts the best plan of all comes out, so
 * that searching among orders is enough.
 */
#include <string.h>

#include "plan/pack_p.h"

enum { DAY = 86400 };

static int64_t
first_free(const int64_t *slot, uint64_t n)
{
	int64_t t = slot[0];
	uint64_t i;

	for (i = 1; i < n; i++)
		if (slot[i] < t)
			t = slot[i];
	return t;
}

/* The one that was idle for the shortest time at t. */
static uint32_t
pick(const int64_t *slot, uint32_t low, uint32_t n, int64_t t)
{
	uint32_t i, found = low;

	for (i = low; i < n; i++)
		if (slot[i] <= t && (slot[found] > t || slot[i] > slot[found]))
			found = i;
	return found;
}

/*
 * Day budgets: octets of any 24 hours.  What does not fit beside this job must
 * have ended a day before.
 */
static int64_t
budget(const struct job *first, const struct job *j, uint64_t day)
{
	uint64_t sum = j->bytes;

	while (j-- > first) {
		if (j->start == CLOCK_NONE)
			continue;
		sum += j->bytes;
		if (sum > day)
			return j->end + DAY;
	}
	return INT64_MIN;
}

static void
later(int64_t *t, int64_t than)
{
	if (than > *t)
		*t = than;
}

/* When it may begin, if all hours were open. */
static int64_t
earliest(const struct pack *k, const struct chain *c, struct job *j)
{
	const struct box *x = &k->p->box[j->box];
	int64_t t = k->ready, day;
	int side;

	later(&t, x->terms.not_before);
	later(&t, c->end);
	later(&t, first_free(k->slot + k->low, k->workers - k->low));
	for (side = 0; side < 2; side++)
		if (x->host[side]->slot != NONE)
			later(&t,
			    first_free(k->slot + x->host[side]->slot,
				x->host[side]->conn_max));
	j->late = NULL;
	if (x->terms.day_bytes > 0) {
		day = budget(&k->p->job[c->job], j, x->terms.day_bytes);
		if (day > t)
			j->late = "budget";
		later(&t, day);
	}
	return t;
}

static void
take_slots(struct pack *k, struct chain *c, struct job *j)
{
	uint32_t w = c->worker;
	int side;

	if (w == NONE || k->slot[w] > j->start) {
		k->score.hops += w != NONE;
		w = pick(k->slot, k->low, k->workers, j->start);
	}
	j->worker = w + 1;
	c->worker = w;
	c->end = k->slot[w] = j->end;
	for (side = 0; side < 2; side++) {
		const struct host *h = k->p->box[j->box].host[side];
		uint32_t n = (uint32_t)h->conn_max;

		if (h->slot != NONE)
			k->slot[pick(k->slot, h->slot, h->slot + n, j->start)] =
			    j->end;
	}
}

static void
place(struct pack *k, struct chain *c)
{
	struct job *j = &k->p->job[c->job + c->at++];
	const struct calendar *open =
	    k->p->calendar[k->p->box[j->box].terms.calendar];
	int64_t t = earliest(k, c, j);

	j->worker = 0;
	j->start = CLOCK_NONE;
	if (j->est <= calendar_longest(open))
		j->start = calendar_fit(open, t, j->est);
	if (j->start == CLOCK_NONE)
		return;
	j->end = j->start + j->est;
	if (j->late == NULL && j->start > t)
		j->late = "window";
	take_slots(k, c, j);
	later(&k->score.end, j->end);
	k->score.ends += (double)(j->end - k->ready);
}

void
pack_place(struct pack *k)
{
	uint32_t i;

	memcpy(k->slot, k->saved, k->nslot * sizeof(*k->slot));
	k->score = (struct score){.end = k->ready};
	for (i = 0; i < k->nchain; i++) {
		k->chain[i].at = 0;
		k->chain[i].worker = NONE;
		k->chain[i].end = INT64_MIN;
	}
	for (i = 0; i < k->njob; i++)
		place(k, &k->chain[k->order[i]]);
}
