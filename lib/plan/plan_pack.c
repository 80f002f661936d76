/* plan_pack.c: batches one after the other, their jobs onto workers. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/pack_p.h"

/* Ranges of an account whose order is free are chains of their own. */
static int
is_free(const struct plan *p, const struct job *j)
{
	return p->box[j->box].any_order && j->low != 0;
}

static void
chains_make(struct pack *k, const struct batch *b)
{
	const struct plan *p = k->p;
	uint32_t i;

	k->njob = b->njob;
	k->nchain = 0;
	k->chain = mem_array(b->njob, sizeof(*k->chain));
	k->order = mem_array(b->njob, sizeof(*k->order));
	for (i = b->job; i < b->job + b->njob; i++) {
		const struct job *j = &p->job[i];

		if (i == b->job || j[-1].box != j->box || is_free(p, j))
			k->chain[k->nchain++] = (struct chain){.job = i};
		k->chain[k->nchain - 1].n++;
		k->chain[k->nchain - 1].work += j->est;
	}
}

/* ---- what cannot be met, and by how much ---- */

static char *
duration(struct plan *p, int64_t s)
{
	if (s < 3600)
		return arena_printf(p->arena, "%" PRId64 " min", s / 60 + 1);
	return arena_printf(
	    p->arena, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
}

static const char *
no_place(struct plan *p, const struct job *j)
{
	const struct calendar *c = p->calendar[p->box[j->box].terms.calendar];
	int64_t longest = calendar_longest(c);

	if (j->est <= longest)
		return "no day is left for it within two years";
	return arena_printf(p->arena,
	    "window %s: it is open for %s at most, the job takes %s: %s too "
	    "long",
	    calendar_window(c), duration(p, longest), duration(p, j->est),
	    duration(p, j->est - longest));
}

static const char *
unmet(struct plan *p, const struct job *j)
{
	const struct box *x = &p->box[j->box];
	const struct unit *u = &p->unit[x->unit];
	char text[CLOCK_TEXT];

	if (u->unmet != NULL)
		return arena_printf(p->arena,
		    "after: there is no batch %s before %s", u->unmet,
		    p->batch[j->batch].name);
	if (x->terms.day_bytes > 0 && j->bytes > x->terms.day_bytes)
		return arena_printf(p->arena,
		    "day budget: %" PRIu64 " octets a day, the job has %" PRIu64
		    ": %" PRIu64 " too many",
		    x->terms.day_bytes, j->bytes,
		    j->bytes - x->terms.day_bytes);
	if (j->start == CLOCK_NONE)
		return no_place(p, j);
	if (j->end > x->terms.not_after)
		return arena_printf(p->arena, "not_after %s: it ends %s late",
		    clock_format(text, x->terms.not_after),
		    duration(p, j->end - x->terms.not_after));
	return NULL;
}

static void
chains_end(struct pack *k, const struct batch *b)
{
	uint32_t i;

	for (i = b->job; i < b->job + b->njob; i++) {
		struct job *j = &k->p->job[i];

		if (j->late != NULL)
			j->bound = j->late;
		j->unmet = unmet(k->p, j);
	}
	free(k->chain);
	free(k->order);
}

/* ---- batches ---- */

/* 1 and *ready is not before the end of batch b; 0: it is not packed yet. */
static int
has_ended(const struct pack *k, uint32_t b, int64_t *ready)
{
	if (b == NONE)
		return 1;
	if (!k->p->batch[b].packed)
		return 0;
	if (k->p->batch[b].end > *ready)
		*ready = k->p->batch[b].end;
	return 1;
}

/* 1 and when it may begin; 0: something that it waits for is not packed. */
static int
is_ready(const struct pack *k, uint32_t b, int64_t *ready)
{
	const struct plan *p = k->p;
	const char *name;
	uint32_t i, at;

	*ready = p->t0;
	if (!has_ended(k, p->batch[b].after, ready))
		return 0;
	*ready += (int64_t)rules_pause(p, &p->batch[b]);
	for (at = 0;
	     (name = rules_after(p, NULL, p->batch[b].name, &at)) != NULL;)
		if (batch_find(p, name) == NONE ||
		    !has_ended(k, batch_find(p, name), ready))
			return 0;
	for (i = 0; i < p->batch[b].njob; i++) {
		const struct box *x = &p->box[p->job[p->batch[b].job + i].box];

		if (p->unit[x->unit].unmet != NULL)
			continue;
		for (at = 0; (name = rules_after(p, x, NULL, &at)) != NULL;)
			if (!has_ended(k, batch_find(p, name), ready))
				return 0;
	}
	return 1;
}

/* Very large mailboxes leave at least half of the workers, and of the
 * connections of each host, to the waves. */
static uint32_t
lanes(const struct pack *k)
{
	uint64_t n = k->workers;
	uint32_t side, i;

	for (side = 0; side < 2; side++)
		for (i = 0; i < k->p->nhost[side]; i++) {
			uint64_t most = k->p->host[side][i]->conn_max;

			if (most > 0 && most < n)
				n = most;
		}
	return (uint32_t)(n / 2);
}

static void
pack_batch(struct pack *k, struct batch *b)
{
	k->low =
	    b->stage == STAGE_LARGE && lanes(k) > 0 ? k->workers - lanes(k) : 0;
	chains_make(k, b);
	pack_search(k);
	memcpy(k->saved, k->slot, k->nslot * sizeof(*k->slot));
	chains_end(k, b);
	b->end = k->score.end;
	b->packed = 1;
}

static void
slots_make(struct pack *k)
{
	struct plan *p = k->p;
	uint32_t side, i;

	k->workers = p->opt.workers;
	k->nslot = k->workers;
	for (side = 0; side < 2; side++)
		for (i = 0; i < p->nhost[side]; i++) {
			struct host *h = p->host[side][i];

			if (h->conn_max == 0 || h->conn_max >= k->workers)
				continue;
			h->slot = k->nslot;
			k->nslot += (uint32_t)h->conn_max;
		}
	k->slot = mem_array(k->nslot, sizeof(*k->slot));
	k->saved = mem_array(k->nslot, sizeof(*k->saved));
	for (i = 0; i < k->nslot; i++)
		k->saved[i] = p->t0;
}

/* In order, but very large mailboxes as early as may be; NONE: none can. */
static uint32_t
next_batch(struct pack *k)
{
	const struct plan *p = k->p;
	uint32_t b, found = NONE;
	int64_t ready;

	for (b = 0; b < p->nbatch; b++) {
		if (p->batch[b].packed || !is_ready(k, b, &ready))
			continue;
		if (found == NONE ||
		    (p->batch[b].stage == STAGE_LARGE && lanes(k) > 0)) {
			found = b;
			k->ready = ready;
		}
	}
	return found;
}

int
pack_all(struct plan *p, struct fail *f)
{
	struct pack k = {.p = p};
	uint32_t b, n;

	slots_make(&k);
	for (n = 0; n < p->nbatch && (b = next_batch(&k)) != NONE; n++)
		pack_batch(&k, &p->batch[b]);
	free(k.slot);
	free(k.saved);
	if (n == p->nbatch)
		return 0;
	for (b = 0; p->batch[b].packed; b++)
		;
	return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "after",
	    "batch %s waits for one that is not there, or that waits for it",
	    p->batch[b].name);
}
