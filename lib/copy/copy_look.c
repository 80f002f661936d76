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
	struct item *it;

	if (w->n == w->room) {
		w->room = w->room ? w->room + w->room / 2 : 256;
		w->item = mem_resize(w->item, w->room, sizeof(*w->item));
	}
	it = &w->item[w->n++];
	it->id = (uint32_t)m->id;
	it->flags = intern_number(w->words, m->flags, strlen(m->flags));
	it->size = m->size & ((UINT64_C(1) << 56) - 1);
	it->fate = fate;
	it->date = m->date;
	if (fate < FATE_PLACE)
		c->total += it->size;
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

int
look(struct copy *c, struct work *w, struct fail *f)
{
	uint64_t same = c->sum->same;
	struct msgref m;
	int rc;

	if (reverse_load(c, w, f) == -1 || store_scan(c->src, 0, f) == -1)
		return -1;
	while ((rc = store_next(c->src, &m, f)) == 1)
		one(c, w, &m);
	if (rc == -1 && f->reach == REACH_MESSAGE) {
		/* Counted, but never listed: what is listed is copied. */
		w->left++;
		c->sum->failed++;
		tell_folder(c, w->move, "failed", f);
		rc = 0;
	}
	if (rc == 0) {
		if (w->left == 0) { /* what is not listed may be there */
			count_gone(c, w);
			gone_collect(c, w);
		}
		count_copied(c, w, same);
	}
	if (rc == 0 && c->o->dry_run)
		c->sum->flagged += w->changes;
	return rc;
}
