/*
 * copy_resume.c: goes on after a connection was cut or a server asked for
 * patience.  Refused credentials are never tried again, nor is a message that
 * was refused in this run.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* Tries without a message copied or a folder finished; a wait at most. */
enum { TRIES = 6, WAITS = 3, LONGEST_S = 900 };

void
resume_begin(struct copy *c)
{
	c->resume.done = intern_new();
	c->resume.names = intern_new();
	c->resume.moved = c->resume.tries = 0;
}

void
resume_end(struct copy *c)
{
	struct resume *a = &c->resume;
	size_t i;

	for (i = 0; i < a->past_n; i++)
		free(a->past[i].over);
	free(a->past);
	intern_free(a->done);
	intern_free(a->names);
	memset(a, 0, sizeof(*a));
}

int
resume_is_done(const struct copy *c, const char *folder)
{
	return intern_has(c->resume.done, folder);
}

void
resume_done(struct copy *c, const char *folder)
{
	(void)intern_str(c->resume.done, folder, strlen(folder));
	c->resume.tries = 0;
}

struct past *
resume_past(struct copy *c, const char *folder)
{
	struct resume *a = &c->resume;
	size_t i = intern_number(a->names, folder, strlen(folder));

	if (i == a->past_n) {
		a->past = mem_resize(a->past, i + 1, sizeof(*a->past));
		memset(&a->past[a->past_n++], 0, sizeof(*a->past));
	}
	return &a->past[i];
}

int
resume_waits(struct copy *c, const struct work *w)
{
	return !c->o->dry_run && resume_past(c, w->folder)->waits++ < WAITS;
}

void
resume_refused(struct copy *c, const struct work *w, uint32_t id)
{
	struct past *p = resume_past(c, w->folder);

	if (p->over_n == p->over_room) {
		p->over_room = p->over_room ? 2 * p->over_room : 16;
		p->over = mem_resize(p->over, p->over_room, sizeof(*p->over));
	}
	p->over[p->over_n++] = id;
}

int
resume_was_refused(struct copy *c, const struct work *w, uint32_t id)
{
	const struct past *p = resume_past(c, w->folder);
	size_t i;

	for (i = 0; i < p->over_n; i++)
		if (p->over[i] == id)
			return 1;
	return 0;
}

void
resume_count_back(struct copy *c, struct work *w)
{
	struct copy_sum *s = c->sum;

	s->messages -= w->seen.messages;
	s->bytes -= w->seen.bytes;
	s->same -= w->seen.same;
	s->gone -= w->seen.gone;
	s->skipped -= w->seen.skipped;
	memset(&w->seen, 0, sizeof(w->seen));
	resume_past(c, w->folder)->accepted += w->copied;
	c->resume.moved |= w->copied > 0;
	w->copied = 0;
}

/* 1, 2, 4 ... seconds, after the first time at once; or as the server says. */
static unsigned int
wait_s(const struct resume *a, const struct fail *f)
{
	if (f->retry_s != 0)
		return f->retry_s < LONGEST_S ? f->retry_s : LONGEST_S;
	if (f->code == CODE_THROTTLED)
		return 5u << (a->tries - 1);
	return a->tries == 1 ? 0 : 1u << (a->tries - 2);
}

int
resume_wait(struct copy *c, const struct fail *f)
{
	struct resume *a = &c->resume;
	unsigned int s;
	int64_t until;
	char line[256];

	if (c->o->dry_run || f->reach != REACH_ENDPOINT || stop_signal() != 0 ||
	    (f->code != CODE_CONN && f->code != CODE_TIMEOUT &&
		f->code != CODE_THROTTLED))
		return 0;
	if (a->moved)
		a->moved = a->tries = 0;
	if (++a->tries > TRIES || f->retry_s > LONGEST_S)
		return 0;
	s = wait_s(a, f);
	(void)snprintf(line, sizeof(line), "%.100s: %.80s: again in %u s",
	    f->object, f->why, s);
	if (s > 0 && c->o->say != NULL)
		c->o->say(c->o->arg, line);
	until = clock_ms() + (int64_t)s * 1000;
	while (stop_signal() == 0 && clock_ms() < until && late(c, NULL) == 0)
		(void)poll(NULL, 0, 100);
	return stop_signal() == 0;
}
