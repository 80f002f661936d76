/* plan_cut.c: an account's jobs: its own row, and what is cut out of it. */
#include "plan/plan_p.h"

static struct job *
job_new(struct plan *p, uint32_t box)
{
	struct job *j;

	p->job = grow(p->job, p->njob, sizeof(*p->job));
	j = &p->job[p->njob++];
	*j = (struct job){.box = box, .fold = NONE, .after = NONE};
	j->batch = p->unit[p->box[box].unit].batch;
	return j;
}

enum { RANGES = 1000 };

/* Into how many ranges; 1: as a whole. */
static uint32_t
ranges(const struct plan *p, const struct fold *d)
{
	uint64_t n = 1;

	if (p->opt.cut > 0 && d->bytes > p->opt.cut)
		n = (d->bytes - 1) / p->opt.cut + 1;
	if (n > d->messages)
		n = d->messages;
	if (n > d->uidnext - 1)
		n = d->uidnext - 1;
	if (d->uidnext < 2 || n < 1)
		return 1;
	return n < RANGES ? (uint32_t)n : RANGES;
}

static uint64_t
share(uint64_t all, uint32_t n, uint32_t i)
{
	return all / n + (i < all % n);
}

/* Equal shares of the numbers; the last is open, for what is yet to come. */
static void
cut_folder(struct plan *p, uint32_t box, uint32_t fold)
{
	const struct fold d = p->fold[fold];
	uint32_t i, n = ranges(p, &d), last = NONE;

	for (i = 0; i < n; i++) {
		struct job *j = job_new(p, box);

		j->fold = fold;
		j->bytes = share(d.bytes, n, i);
		j->messages = share(d.messages, n, i);
		if (n > 1) {
			uint64_t ids = d.uidnext - 1;

			j->low = (uint32_t)(ids * i / n) + 1;
			j->high = i + 1 < n ? (uint32_t)(ids * (i + 1) / n) : 0;
		}
		if (!p->box[box].any_order)
			j->after = last;
		last = p->njob - 1;
		rate_job(p, j);
	}
}

void
cut_account(struct plan *p, uint32_t box)
{
	uint64_t bytes = p->box[box].bytes, messages = p->box[box].messages;
	uint32_t first = p->njob, i;

	(void)job_new(p, box);
	for (i = p->box[box].fold; i != NONE; i = p->fold[i].next) {
		struct fold *d = &p->fold[i];

		if (d->apart == APART_NOT && p->opt.cut > 0 &&
		    d->bytes > p->opt.cut)
			d->apart = APART_CUT;
		if (d->apart == APART_NOT || d->apart == APART_LEFT)
			continue;
		bytes -= d->bytes;
		messages -= d->messages;
		cut_folder(p, box, i);
	}
	p->job[first].bytes = bytes;
	p->job[first].messages = messages;
	rate_job(p, &p->job[first]);
}
