/*
 * copy_wave.c: folders that are worked on together: all are entered and looked
 * at, then their messages go in one stream, then it is read back what the
 * target made of them.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

static void
begin(struct work *w, const struct move *m)
{
	memset(w, 0, sizeof(*w));
	w->move = m;
	w->folder = m->src->name;
	w->dst = m->to;
}

void
wave_add(struct wave *v, const struct move *m)
{
	begin(&v->work[v->n++], m);
	v->messages += m->src->messages;
}

int
wave_takes(struct copy *c, const struct wave *v, const struct move *m)
{
	size_t i;

	if (v->n == 0)
		return 1;
	if (v->n == WAVE || v->messages + m->src->messages > WAVE_MESSAGES ||
	    !enter_is_light(c, v->work[0].move) || !enter_is_light(c, m))
		return 0;
	for (i = 0; i < v->n; i++) /* merged into one */
		if (strcmp(v->work[i].dst, m->to) == 0)
			return 0;
	return 1;
}

static void
clear(struct work *w)
{
	free(w->item);
	free(w->order);
	free(w->change);
	gone_free(w->gone);
	intern_free(w->words);
}

int
fold(struct copy *c, struct work *w, int rc, struct fail *f)
{
	if (rc == 0 || f->reach > REACH_FOLDER)
		return rc;
	if (f->code == CODE_THROTTLED && resume_waits(c, w)) {
		f->reach = REACH_ENDPOINT;
		return -1;
	}
	w->stage = WORK_FAILED;
	c->sum->failed++;
	tell_folder(c, w->move, "failed", f);
	return 0;
}

static int
inspect(struct copy *c, struct work *w, struct fail *f)
{
	struct copy_sum was = *c->sum;
	int rc;

	w->words = intern_new();
	rc = enter_both(c, w, f);
	if (rc == 0)
		rc = look(c, w, f);
	if (rc == 0)
		rc = recognise(c, w, f);
	w->seen.messages = c->sum->messages - was.messages;
	w->seen.bytes = c->sum->bytes - was.bytes;
	w->seen.same = c->sum->same - was.same;
	w->seen.gone = c->sum->gone - was.gone;
	w->seen.skipped = c->sum->skipped - was.skipped;
	return rc;
}

static void
count_planned(struct copy *c, const struct wave *v)
{
	const struct work *w;
	size_t i;

	for (w = v->work; w < v->work + v->n; w++)
		for (i = 0; i < w->n; i++)
			if (w->item[i].fate < FATE_PLACE) {
				c->sum->copied++;
				c->sum->copied_bytes += w->item[i].size;
			}
}

/* Each of the wave's folders that goes on. */
static int
each(struct copy *c, struct wave *v,
    int (*one)(struct copy *, struct work *, struct fail *), struct fail *f)
{
	struct work *w;

	for (w = v->work; w < v->work + v->n; w++)
		if (w->stage == WORK_GOING && fold(c, w, one(c, w, f), f) == -1)
			return -1;
	return 0;
}

/* The target lost what it had acknowledged, and the ledger has it in doubt. */
static void
once_more(struct copy *c, struct work *w, const struct fail *why)
{
	const struct move *m = w->move;

	if (c->o->say != NULL) {
		char *line =
		    mem_printf("%s: %s: once more", why->object, why->why);

		c->o->say(c->o->arg, line);
		free(line);
	}
	resume_count_back(c, w);
	clear(w);
	begin(w, m);
	w->again = 1;
	c->src_in = c->dst_in = NULL;
}

static int
back(struct copy *c, struct work *w, struct fail *f)
{
	int rc = read_back(c, w, f);

	if (rc == 0)
		rc = gone_read(c, w, f);
	if (rc == -1 && f->code == CODE_VANISHED && f->again == AGAIN_NOW &&
	    !w->again) {
		once_more(c, w, f);
		rc = 0;
	}
	return rc;
}

static int
end(struct copy *c, struct work *w, struct fail *f)
{
	if (w->words == NULL)
		return 0; /* once more */
	if (change_all(c, w, f) == -1 || state_note(c, w, f) == -1)
		return -1;
	gone_keep(c, w);
	w->stage = WORK_DONE;
	return 0;
}

static int
pass(struct copy *c, struct wave *v, struct fail *f)
{
	if (enter_ahead(c, v, f) == -1 || each(c, v, inspect, f) == -1)
		return -1;
	if (c->o->dry_run) {
		count_planned(c, v);
		return 0;
	}
	if ((back_is_anew(c) && each(c, v, change_all, f) == -1) ||
	    each(c, v, back_begin, f) == -1 || moved_all(c, v, f) == -1 ||
	    send_all(c, v, f) == -1)
		return -1;
	/* What has been asked ahead is taken before anything is changed. */
	return each(c, v, back, f) == -1 ? -1 : each(c, v, end, f);
}

int
wave_do(struct copy *c, struct wave *v, struct fail *f)
{
	struct work *w;
	int rc = pass(c, v, f), again = 0;

	for (w = v->work; w < v->work + v->n; w++)
		again |= w->again && w->stage == WORK_GOING;
	if (rc == 0 && again)
		rc = pass(c, v, f);
	for (w = v->work; w < v->work + v->n; w++) {
		if (rc == 0 || w->stage != WORK_GOING)
			resume_done(c, w->folder);
		else if (late(c, NULL) == 0)
			resume_count_back(c, w);
		clear(w);
	}
	v->n = 0;
	v->messages = 0;
	c->src_in = c->dst_in = NULL;
	return rc;
}
