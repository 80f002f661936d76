/*
 * pack_place.c: runs onto workers in a given order, each as early as it can
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
 * Day budgets: octets of any 24 hours.  What does not fit beside this run must
 * have ended a day before.
 */
static int64_t
budget(const struct pack *k, const struct chain *c, uint64_t day)
{
	const struct run *first = &k->run[c->run], *r = first + c->at;
	uint64_t sum = k->p->job[r->job].bytes;

	while (r-- > first) {
		sum += k->p->job[r->job].bytes;
		if (sum > day)
			return r->end + DAY;
	}
	return INT64_MIN;
}

/* The run's jobs one after the other; where the first one starts. */
static int64_t
place_jobs(struct pack *k, struct run *r, int64_t t)
{
	const struct plan *p = k->p;
	const struct terms *terms = &p->box[p->job[r->job].box].terms;
	const struct calendar *c = p->calendar[terms->calendar];
	int64_t first = CLOCK_NONE;
	uint32_t i;

	for (i = r->job; i < r->job + r->n; i++) {
		struct job *j = &p->job[i];

		j->start = j->est > calendar_longest(c)
		    ? CLOCK_NONE
		    : calendar_fit(c, t, j->est);
		if (j->start == CLOCK_NONE)
			continue;
		t = j->end = j->start + j->est;
		if (first == CLOCK_NONE)
			first = j->start;
	}
	r->end = t;
	return first;
}

static void
take_slots(struct pack *k, struct run *r, const struct box *x, uint32_t before)
{
	int side;

	if (before != NONE && k->slot[before] <= r->start)
		r->worker = before;
	else
		r->worker = pick(k->slot, k->low, k->workers, r->start);
	k->slot[r->worker] = r->end;
	for (side = 0; side < 2; side++) {
		const struct host *h = x->host[side];
		uint32_t n = (uint32_t)h->conn_max;

		if (h->slot != NONE)
			k->slot[pick(k->slot, h->slot, h->slot + n, r->start)] =
			    r->end;
	}
}

static void
place(struct pack *k, struct chain *c)
{
	const struct box *x = &k->p->box[c->box];
	struct run *r = &k->run[c->run + c->at];
	int64_t t = k->ready, wait;
	uint32_t before = NONE;
	int side;

	if (x->terms.not_before > t)
		t = x->terms.not_before;
	if (c->at > 0) {
		before = r[-1].worker;
		if (r[-1].end > t)
			t = r[-1].end;
	}
	r->late = NULL;
	wait = first_free(k->slot + k->low, k->workers - k->low);
	t = wait > t ? wait : t;
	for (side = 0; side < 2; side++)
		if (x->host[side]->slot != NONE) {
			wait = first_free(k->slot + x->host[side]->slot,
			    x->host[side]->conn_max);
			t = wait > t ? wait : t;
		}
	if (x->terms.day_bytes > 0 &&
	    (wait = budget(k, c, x->terms.day_bytes)) > t) {
		t = wait;
		r->late = "budget";
	}
	r->start = place_jobs(k, r, t);
	c->at++;
	if (r->start == CLOCK_NONE) { /* none of them has a place */
		r->worker = before != NONE ? before : k->low;
		return;
	}
	if (r->late == NULL && r->start > t)
		r->late = "window";
	take_slots(k, r, x, before);
}

void
pack_place(struct pack *k)
{
	uint32_t i;

	memcpy(k->slot, k->saved, k->nslot * sizeof(*k->slot));
	for (i = 0; i < k->nchain; i++)
		k->chain[i].at = 0;
	for (i = 0; i < k->nrun; i++)
		place(k, &k->chain[k->order[i]]);
	k->end = k->ready;
	k->ends = 0;
	for (i = 0; i < k->nrun; i++) {
		const struct run *r = &k->run[i];

		if (r->start == CLOCK_NONE)
			continue;
		if (r->end > k->end)
			k->end = r->end;
		k->ends += (double)(r->end - k->ready);
	}
}
