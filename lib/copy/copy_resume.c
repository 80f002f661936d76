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
enum { TRIES = 6, LONGEST_S = 900 };

void
resume_begin(struct copy *c)
{
	c->resume.done = intern_new();
	c->resume.tries = 0;
}

static void
forget_folder(struct resume *a)
{
	free(a->folder);
	free(a->over);
	a->folder = NULL;
	a->over = NULL;
	a->over_n = a->over_room = 0;
	a->accepted = 0;
}

void
resume_end(struct copy *c)
{
	forget_folder(&c->resume);
	intern_free(c->resume.done);
	c->resume.done = NULL;
}

int
resume_folder(struct copy *c, const char *folder)
{
	struct resume *a = &c->resume;

	if (intern_has(a->done, folder))
		return 1;
	if (a->folder == NULL || strcmp(a->folder, folder) != 0) {
		forget_folder(a);
		a->folder = mem_strdup(folder);
		a->before = *c->sum;
	}
	return 0;
}

void
resume_folder_done(struct copy *c)
{
	struct resume *a = &c->resume;

	(void)intern_str(a->done, a->folder, strlen(a->folder));
	forget_folder(a);
	a->tries = 0;
}

void
resume_refused(struct copy *c, uint32_t id)
{
	struct resume *a = &c->resume;

	if (a->over_n == a->over_room) {
		a->over_room = a->over_room ? 2 * a->over_room : 16;
		a->over = mem_resize(a->over, a->over_room, sizeof(*a->over));
	}
	a->over[a->over_n++] = id;
}

int
resume_was_refused(const struct copy *c, uint32_t id)
{
	size_t i;

	for (i = 0; i < c->resume.over_n; i++)
		if (c->resume.over[i] == id)
			return 1;
	return 0;
}

/* What the scan counts is counted anew, what was done stays done. */
static void
count_back(struct copy *c)
{
	struct resume *a = &c->resume;
	struct copy_sum *s = c->sum;

	if (a->folder == NULL)
		return;
	a->accepted = s->copied - a->before.copied;
	s->messages = a->before.messages;
	s->bytes = a->before.bytes;
	s->same = a->before.same;
	s->gone = a->before.gone;
	s->skipped = a->before.skipped;
}

int
resume_lost(struct copy *c, const struct fail *f)
{
	if (f->code != CODE_VANISHED || f->again != AGAIN_NOW)
		return 0;
	if (c->o->say != NULL) {
		char *line = mem_printf("%s: %s: once more", f->object, f->why);

		c->o->say(c->o->arg, line);
		free(line);
	}
	count_back(c);
	return 1;
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
	uint64_t before = a->accepted;
	unsigned int s;
	int64_t until;
	char line[256];

	if (c->o->dry_run || f->reach != REACH_ENDPOINT || stop_signal() != 0 ||
	    (f->code != CODE_CONN && f->code != CODE_TIMEOUT &&
		f->code != CODE_THROTTLED))
		return 0;
	count_back(c);
	if (a->accepted > before)
		a->tries = 0;
	if (++a->tries > TRIES || f->retry_s > LONGEST_S)
		return 0;
	s = wait_s(a, f);
	(void)snprintf(line, sizeof(line), "%.100s: %.80s: again in %u s",
	    f->object, f->why, s);
	if (s > 0 && c->o->say != NULL)
		c->o->say(c->o->arg, line);
	until = clock_ms() + (int64_t)s * 1000;
	while (stop_signal() == 0 && clock_ms() < until)
		(void)poll(NULL, 0, 100);
	return stop_signal() == 0;
}
