/* plan_cut.c: an account's jobs: its own row, and what is cut out of it. */
#include "plan/plan_p.h"

enum { RANGES = 1000 };

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

static void
at_least(uint64_t *n, uint64_t all, uint64_t part)
{
	if (part > 0 && all > part && (all - 1) / part + 1 > *n)
		*n = (all - 1) / part + 1;
}

static uint32_t
seconds(const struct plan *p, uint32_t box, uint64_t bytes, uint64_t messages)
{
	struct job j = {.box = box, .bytes = bytes, .messages = messages};

	rate_job(p, &j);
	return j.est;
}

/*
 * Into how many parts a folder must be cut: for its size, for the octets that
 * a day allows, and so that the longest window takes two.  1: it need not be.
 */
static uint64_t
parts(const struct plan *p, uint32_t box, const struct fold *d)
{
	const struct terms *t = &p->box[box].terms;
	int64_t open = calendar_longest(p->calendar[t->calendar]);
	uint32_t est = seconds(p, box, d->bytes, d->messages);
	uint64_t n = 1;

	at_least(&n, d->bytes, p->opt.cut);
	at_least(&n, d->bytes, t->day_bytes);
	if (est > open)
		at_least(&n, est, (uint64_t)open / 2);
	return n;
}

/* Numbers that last are needed for it. */
static uint32_t
ranges(const struct fold *d, uint64_t n)
{
	if (n > RANGES)
		n = RANGES;
	if (n > d->messages)
		n = d->messages;
	if (d->uidnext < 2 || n < 1)
		return 1;
	return n < d->uidnext - 1 ? (uint32_t)n : d->uidnext - 1;
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
	uint32_t i, n = ranges(&d, parts(p, box, &d)), last = NONE;

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

/* The largest folder that is still in the account's row, NONE. */
static uint32_t
largest(const struct plan *p, uint32_t box)
{
	uint32_t i, found = NONE;

	for (i = p->box[box].fold; i != NONE; i = p->fold[i].next)
		if (p->fold[i].apart == APART_NOT &&
		    (found == NONE || p->fold[i].bytes > p->fold[found].bytes))
			found = i;
	return found;
}

/* What the account's row carries must fit into a day and into a window. */
static int
is_too_much(
    const struct plan *p, uint32_t box, uint64_t bytes, uint64_t messages)
{
	const struct terms *t = &p->box[box].terms;

	return (t->day_bytes > 0 && bytes > t->day_bytes) ||
	    seconds(p, box, bytes, messages) >
	    calendar_longest(p->calendar[t->calendar]);
}

/* Decides which folders go apart; what is left for the account's row. */
static void
take_out(struct plan *p, uint32_t box, uint64_t *bytes, uint64_t *messages)
{
	uint32_t i;

	*bytes = p->box[box].bytes;
	*messages = p->box[box].messages;
	for (i = p->box[box].fold; i != NONE; i = p->fold[i].next) {
		struct fold *d = &p->fold[i];

		if (d->apart == APART_NOT && parts(p, box, d) > 1)
			d->apart = APART_CUT;
		if (d->apart == APART_NOT || d->apart == APART_LEFT)
			continue;
		*bytes -= d->bytes;
		*messages -= d->messages;
	}
	while (is_too_much(p, box, *bytes, *messages) &&
	    (i = largest(p, box)) != NONE && p->fold[i].bytes > 0) {
		p->fold[i].apart = APART_CUT;
		*bytes -= p->fold[i].bytes;
		*messages -= p->fold[i].messages;
	}
}

void
cut_account(struct plan *p, uint32_t box)
{
	uint32_t first = p->njob, i;
	uint64_t bytes, messages;

	take_out(p, box, &bytes, &messages);
	(void)job_new(p, box);
	p->job[first].bytes = bytes;
	p->job[first].messages = messages;
	rate_job(p, &p->job[first]);
	for (i = p->box[box].fold; i != NONE; i = p->fold[i].next)
		if (p->fold[i].apart == APART_NAMED ||
		    p->fold[i].apart == APART_CUT)
			cut_folder(p, box, i);
}
