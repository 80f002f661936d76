/* copy_burst.c: what is asked of the source in one go. */
#include "copy/copy_p.h"

enum { BURST_OCTETS = 16 << 20, SOON_S = 2 };

size_t
burst_next(const struct work *w, size_t i, enum fate fate)
{
	while (i < w->n &&
	    (w->item[i].fate != fate || w->full || w->stage != WORK_GOING))
		i++;
	return i;
}

/*
 * Two bursts are under way: where there is a time to end, what they hold is to
 * be through soon, as octets go or as the job's own rate has it.
 */
static uint64_t
burst_octets(struct copy *c)
{
	if (c->o->until == CLOCK_NONE)
		return UINT64_MAX;
	if (late(c, NULL) == -1)
		return 0;
	return c->pace.rate == 0 || c->pace.rate * SOON_S > BURST_OCTETS
	    ? BURST_OCTETS
	    : c->pace.rate * SOON_S;
}

void
burst_gather(struct copy *c, struct wave *v, struct cursor *at, enum fate fate,
    size_t most, struct burst *b)
{
	uint64_t left = burst_octets(c);

	b->n = b->parts = 0;
	b->fate = fate;
	for (; at->work < v->n; at->work++, at->item = 0) {
		struct work *w = &v->work[at->work];
		struct part *p = &b->part[b->parts];

		*p = (struct part){.work = w, .from = b->n};
		while (b->n < most && left > 0 &&
		    (at->item = burst_next(w, at->item, fate)) < w->n) {
			const struct item *it = &w->item[at->item];

			left -= it->size < left ? it->size : left;
			b->id[b->n] = it->id;
			b->item[b->n++] = at->item++;
		}
		p->n = b->n - p->from;
		b->parts += p->n > 0;
		if (b->n == most || left == 0)
			return;
	}
}
