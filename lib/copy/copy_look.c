/* copy_look.c: what is new at the source, and what has changed. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* ---- options that leave messages out ---- */

static int
is_wanted(const struct copy *c, const struct msgref *m)
{
	const struct copy_opt *o = c->o;
	const char *uids = row_get(c->job, "uids");

	return (*uids == '\0' || job_wants(uids, m->id)) &&
	    (o->since == CLOCK_NONE || m->date >= o->since) &&
	    (o->before == CLOCK_NONE || m->date < o->before) &&
	    (o->min_size == 0 || m->size >= o->min_size) &&
	    (o->max_size == 0 || m->size <= o->max_size);
}

void
look_add(struct copy *c, struct work *w, const struct msgref *m, enum fate fate)
{
	if (w->n == w->room) {
		w->room = w->room ? w->room + w->room / 2 : 256;
		w->item = mem_resize(w->item, w->room, sizeof(*w->item));
	}
	w->item[w->n++] = (struct item){.id = (uint32_t)m->id,
	    .flags = intern_number(w->words, m->flags, strlen(m->flags)),
	    .size = m->size & ((UINT64_C(1) << 56) - 1),
	    .fate = fate & 0x7f,
	    .date = m->date};
	if (fate < FATE_PLACE)
		c->total += w->item[w->n - 1].size;
}

/* ---- the scan ---- */

static void
one(struct copy *c, struct work *w, const struct msgref *m)
{
	struct buf uid = {0};
	struct known_as k;
	uint64_t hash;

	store_uid(c->src, m->id, &uid);
	hash = ledger_hash(uid.data);
	buf_free(&uid);
	ledger_find(c->ledger, hash, &k);
	ledger_there(c->ledger, hash);
	w->found += k.state == KNOWN_DONE || k.state == KNOWN_ELSEWHERE;
	if (reverse_is_other(c, w, m->id, hash)) {
		if (!c->o->reverse) {
			c->sum->messages++;
			c->sum->bytes += m->size;
			c->sum->same++;
		}
		return;
	}
	c->sum->messages++;
	c->sum->bytes += m->size;
	if (!is_wanted(c, m))
		c->sum->skipped++;
	else if (k.state == KNOWN_ELSEWHERE)
		c->sum->same++;
	else if (k.state == KNOWN_DONE) {
		c->sum->same++;
		if (k.dst == 0)
			look_add(c, w, m, FATE_PLACE);
		else if (k.dst >= w->unread) {
			look_add(c, w, m, FATE_DONE);
			w->item[w->n - 1].size = k.dst;
			w->accepted++;
		} else if (strcmp(k.flags, m->flags) != 0)
			change_add(c, w, &k, *m);
	} else if (resume_was_refused(c, w, (uint32_t)m->id))
		w->left++;
	else
		look_add(c, w, m,
		    k.state == KNOWN_INTENT	? FATE_DOUBT
			: k.state == KNOWN_LEFT ? FATE_LEFT
						: FATE_NEW);
}

static void
count_gone(struct copy *c, const struct work *w)
{
	uint64_t done = ledger_count(c->ledger, KNOWN_DONE) +
	    ledger_count(c->ledger, KNOWN_ELSEWHERE);

	if (done > w->found)
		c->sum->gone += done - w->found;
}

/* What this run copied before a connection was cut is no news. */
static void
count_copied(struct copy *c, const struct work *w, uint64_t same)
{
	uint64_t copied = resume_past(c, w->folder)->accepted;

	same = c->sum->same - same;
	c->sum->same -= copied < same ? copied : same;
}

static int
look_at_all(struct copy *c, struct work *w, struct fail *f)
{
	struct msgref m;
	int rc = store_scan(c->src, 0, f);

	while (rc == 0 && (rc = store_next(c->src, &m, f)) == 1) {
		one(c, w, &m);
		rc = 0;
	}
	if (rc == -1 && f->reach == REACH_MESSAGE) {
		/* Counted, but never listed: what is listed is copied. */
		w->left++;
		c->sum->failed++;
		tell_folder(c, w->move, "failed", f);
		rc = 0;
	}
	if (rc == 0 && w->left == 0) { /* what is not listed may be there */
		count_gone(c, w);
		gone_collect(c, w);
	}
	return rc;
}

/* ---- what changed since the last run ---- */

enum { SPARSE = 40000 }; /* runs of UIDs, all of which stand in one line */

/* Which of them are there: only to take out the others. */
static int
asks_there(const struct copy *c, const struct move *m)
{
	const struct folder *src = m->src;
	uint64_t gaps =
	    src->uidnext > src->messages ? src->uidnext - src->messages : 0;

	return c->o->delete_gone && (store_can(c->src) & STORE_THERE) != 0 &&
	    (gaps < SPARSE || src->messages < SPARSE) && state_lost(c, src);
}

/* In reverse some of what is there is none of this direction's. */
static int
since(struct copy *c, const struct folder *src, const char *dst,
    uint32_t dst_uidvalidity, struct state *s)
{
	return !c->o->reverse && state_since(c, src, dst, dst_uidvalidity, s);
}

int
look_ahead(struct copy *c, const struct move *m, struct fail *f)
{
	struct ahead_of a = {.what = AHEAD_OF_SCAN};
	struct state s;
	int rc;

	/* More would come in windows, for the sake of memory. */
	if (m->src->messages == 0 || m->src->messages > WAVE_MESSAGES)
		return 1;
	if (m->dst == NULL || !since(c, m->src, m->to, m->dst->uidvalidity, &s))
		return store_ahead(c->src, &a, f);
	a.from = s.uidnext;
	a.since = s.modseq;
	rc = store_ahead(c->src, &a, f);
	if (rc != 1 || !asks_there(c, m))
		return rc;
	/* Dovecot may answer it in the middle of a FETCH. */
	a.what = AHEAD_OF_ENTER;
	a.folder = m->src->name;
	rc = store_ahead(c->src, &a, f);
	a.what = AHEAD_OF_THERE;
	return rc == 1 ? store_ahead(c->src, &a, f) : rc;
}

/* A message that was there before: 0 if the ledger does not stand for it. */
static int
changed(struct copy *c, struct work *w, const struct msgref *m)
{
	struct known_as k;

	ledger_find(c->ledger, m->id, &k); /* a UID is its own hash */
	if (k.state == KNOWN_ELSEWHERE)
		return 1;
	if (k.state != KNOWN_DONE || k.dst == 0)
		return 0;
	if (strcmp(k.flags, m->flags) != 0)
		change_add(c, w, &k, *m);
	return 1;
}

static void
is_there(void *arg, uint32_t low, uint32_t high)
{
	struct copy *c = arg;

	ledger_there_run(c->ledger, low, high);
}

/* 1 if what is there is told and accounts for so many that went. */
static int
ask_there(struct copy *c, struct work *w, uint64_t lost, struct fail *f)
{
	int rc;

	c->src_in = NULL;
	if (enter_src(c, w, f) == -1)
		return -1;
	rc = store_there(c->src, is_there, c, f);
	return rc == 1 ? ledger_missing(c->ledger) == lost : rc;
}

/*
 * New messages by their UIDs, and by CHANGEDSINCE what has other flags; how
 * many went follows from how many there are.  1; 0 it does not add up: all of
 * it has to be looked at; -1.
 */
static int
look_at_changes(
    struct copy *c, struct work *w, const struct state *s, struct fail *f)
{
	const uint64_t bytes = c->sum->bytes;
	uint64_t came = 0, lost;
	struct msgref m;
	int there = 0, adds_up = 1;
	int rc = store_scan_since(c->src, s->uidnext, s->modseq, f);

	c->sum->messages += s->messages;
	c->sum->bytes += s->bytes;
	c->sum->same += s->messages;
	while (rc == 0 && (rc = store_next(c->src, &m, f)) == 1) {
		came += m.id >= s->uidnext && m.id < w->si.uidnext;
		if (m.id >= s->uidnext)
			one(c, w, &m);
		else
			adds_up &= changed(c, w, &m);
		rc = 0;
	}
	if (rc == -1)
		return -1;
	if (s->messages + came < w->si.messages)
		return 0;
	lost = s->messages + came - w->si.messages;
	if (asks_there(c, w->move) && (there = ask_there(c, w, lost, f)) == -1)
		return -1;
	if (lost > 0) {
		adds_up &= !c->o->delete_gone || there;
		adds_up &= (w->si.known & FOLDER_BYTES) != 0;
		c->sum->bytes = bytes + w->si.bytes;
	}
	c->sum->messages -= lost;
	c->sum->same -= lost;
	c->sum->gone += s->gone + lost;
	if (adds_up && lost > 0)
		gone_collect(c, w);
	return adds_up;
}

/* Nothing is in doubt or left, so that what has not changed is as it should. */
static int
may_look_at_changes(struct copy *c, const struct work *w, struct state *s)
{
	return !w->fresh && w->unread == UINT64_MAX && c->carried_n == 0 &&
	    ledger_count(c->ledger, KNOWN_INTENT) == 0 &&
	    ledger_count(c->ledger, KNOWN_LEFT) == 0 &&
	    since(c, &w->si, w->dst, w->di.uidvalidity, s);
}

int
look(struct copy *c, struct work *w, struct fail *f)
{
	const struct copy_sum was = *c->sum;
	const uint64_t total = c->total;
	struct state s;
	int rc = 0;

	if (reverse_load(c, w, f) == -1)
		return -1;
	if (may_look_at_changes(c, w, &s) &&
	    (rc = look_at_changes(c, w, &s, f)) == 0) {
		*c->sum = was;
		c->total = total;
		w->n = w->changes = 0;
		w->left = w->found = w->accepted = 0;
	}
	if (rc == 0)
		rc = look_at_all(c, w, f) == 0 ? 1 : -1;
	if (rc == -1)
		return -1;
	count_copied(c, w, was.same);
	if (c->o->dry_run)
		c->sum->flagged += w->changes;
	return 0;
}
