/*
 * copy_send.c: messages on their way.  A burst is asked for while the one
 * before it comes, whatever folders they are of; each body goes on into an
 * append while it is digested, and answers are collected as they come.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* ---- answers ---- */

static void
add_order(struct work *w, size_t i)
{
	if (w->order_n == w->order_room) {
		w->order_room = w->order_room ? w->order_room * 3 / 2 : 256;
		w->order =
		    mem_resize(w->order, w->order_room, sizeof(*w->order));
	}
	w->order[w->order_n++] = (uint32_t)i;
}

static int
accepted(
    struct copy *c, struct work *w, size_t i, struct receipt *r, struct fail *f)
{
	struct item *it = &w->item[i];
	const char *uid =
	    r->uid != NULL && r->uidvalidity == w->di.uidvalidity ? r->uid : "";
	int rc = note(c, w, i, STEP_DONE, uid,
	    c->flight[r->cookie % FLIGHTS].digest, NULL, f);

	c->sum->copied++;
	c->sum->copied_bytes += it->size;
	c->messages++;
	w->accepted++;
	w->copied++;
	if (*uid == '\0')
		add_order(w, i);
	it->fate = FATE_DONE;
	it->size = ledger_hash(uid);
	return rc;
}

static int
take_receipt(struct copy *c, struct receipt *r, struct fail *f)
{
	const struct flight *at = &c->flight[r->cookie % FLIGHTS];
	struct work *w = at->work;
	size_t i = at->item;

	if (r->cookie >= c->flights || r->cookie + FLIGHTS < c->flights ||
	    w->item[i].fate != FATE_SENT)
		return fail_set(f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "append", "an answer for a message that was not sent");
	if (r->ok)
		return accepted(c, w, i, r, f);
	if (r->why->again == AGAIN_LATER) {
		*f = *r->why; /* throttled: the whole account waits */
		f->reach = REACH_ENDPOINT;
		return fail_at(f, "%s", store_label(c->dst));
	}
	if (r->again) {
		w->item[i].fate = FATE_ALONE;
		return 0;
	}
	return leave(c, w, i, at->digest, r->why, f);
}

static int
settle(struct copy *c, int wait, struct fail *f)
{
	struct receipt r;
	int rc;

	while ((rc = store_settle(c->dst, &r, wait, f)) == 1)
		if (take_receipt(c, &r, f) == -1)
			return -1;
	return rc;
}

/* ---- one body ---- */

static void
went(struct copy *c, size_t n)
{
	pace(c, n);
	c->octets += n;
	if (c->o->progress != NULL)
		c->o->progress(c->o->arg, c->octets, c->total, c->messages);
}

/*
 * The octets, digested on the way.  Where they end early the target must not
 * keep half a message: nothing is padded, its connection is dropped.
 */
static int
pass(struct copy *c, struct flight *at, struct fail *f)
{
	struct ident ident;
	const char *p;
	size_t n;
	int rc;

	digest_reset(c->digest);
	while ((rc = store_read(c->src, &p, &n, f)) == 1) {
		if (digest_add(c->digest, p, n, f) == -1 ||
		    store_write(c->dst, p, n, f) == -1) {
			rc = -1;
			break;
		}
		went(c, n);
	}
	if (rc == -1) {
		store_abort(c->dst);
		return -1;
	}
	if (digest_end(c->digest, &ident, f) == -1)
		return -1;
	memcpy(at->digest, ident.sum[0], sizeof(at->digest));
	return store_put_end(c->dst, f);
}

/* Refused before its octets went: it is read for its digest at least. */
static int
pass_over(struct copy *c, struct work *w, size_t i, const struct fail *why,
    struct fail *f)
{
	struct ident ident;
	const char *p;
	size_t n;
	int rc;

	digest_reset(c->digest);
	while ((rc = store_read(c->src, &p, &n, f)) == 1) {
		if (digest_add(c->digest, p, n, f) == -1)
			return -1;
		went(c, n);
	}
	if (rc == -1 || digest_end(c->digest, &ident, f) == -1)
		return -1;
	return leave(c, w, i, ident.sum[0], why, f);
}

static int
put(struct copy *c, struct work *w, size_t i, uint64_t len, int alone,
    struct fail *f)
{
	struct item *it = &w->item[i];
	struct buf kept = {0}, lost = {0};
	struct put put = {
	    .cookie = c->flights, .len = len, .date = it->date, .alone = alone};
	uint64_t limit = store_append_limit(c->dst);
	int rc;

	it->size = len;
	/* POP3: only the message itself knows. */
	if (it->date == CLOCK_NONE)
		put.date = it->date = store_date(c->src);
	if (limit != 0 && len > limit)
		return fail_set(f, CODE_TOOBIG, REACH_MESSAGE, AGAIN_NEVER,
		    "append", "%llu octets, the target takes %llu",
		    (unsigned long long)len, (unsigned long long)limit);
	flags_allowed(item_flags(w, it), w->di.permanentflags, &kept, &lost);
	put.flags = kept.len > 0 ? kept.data : "";
	rc = store_put(c->dst, w->dst, &put, f);
	buf_free(&kept);
	buf_free(&lost);
	return rc;
}

/*
 * A message that fails by itself is left; one whose octets could not be read
 * to their end takes the connection with it, and comes last in the next run.
 */
static int
send_one(struct copy *c, struct work *w, size_t i, uint64_t len, int alone,
    struct fail *f)
{
	struct fail why = {0};
	struct flight *at = &c->flight[c->flights % FLIGHTS];
	int rc = put(c, w, i, len, alone, &why);

	if (rc == -1 && why.reach == REACH_MESSAGE && why.again != AGAIN_LATER)
		return pass_over(c, w, i, &why, f);
	if (rc == 0) {
		at->work = w;
		at->item = (uint32_t)i;
		w->sent++;
		c->flights++;
		w->item[i].fate = FATE_SENT;
		if (pass(c, at, &why) == 0)
			return 0;
		if (why.reach == REACH_MESSAGE &&
		    leave(c, w, i, NULL, &why, f) == -1)
			return -1;
	}
	*f = why;
	if (f->reach < REACH_ENDPOINT)
		f->reach = REACH_ENDPOINT;
	return -1;
}

/* ---- bursts ---- */

static int
intents(struct copy *c, const struct burst *b, struct fail *f)
{
	char next[24];
	const struct part *p;
	size_t i;

	for (p = b->part; p < b->part + b->parts; p++) {
		next[0] = '\0';
		if (p->work->di.known & FOLDER_UIDNEXT)
			(void)snprintf(next, sizeof(next), "%u",
			    (unsigned int)p->work->di.uidnext);
		for (i = p->from; i < p->from + p->n; i++)
			if (note(c, p->work, b->item[i], STEP_INTENT, next,
				NULL, NULL, f) == -1)
				return -1;
	}
	return ledger_sync(c->ledger, f);
}

/*
 * Notes the intents of a burst, then asks for its bodies ahead.  Dovecot mixes
 * the answers to two FETCHes; no server can do so over an EXAMINE.
 */
static int
ask(struct copy *c, struct burst *b, struct fail *f)
{
	struct part *p;
	int rc = 1;

	if (b->n == 0)
		return 0;
	if (stopping(f) == -1 || intents(c, b, f) == -1)
		return -1;
	for (p = b->part; p < b->part + b->parts && rc == 1; p++) {
		struct ahead_of a = {.what = AHEAD_OF_ENTER,
		    .folder = p->work->folder,
		    .ids = b->id + p->from,
		    .n = p->n};

		if (!c->asked && c->src_in == p->work)
			rc = 1;
		else
			rc = p->apart = store_ahead(c->src, &a, f);
		c->asked = 1;
		a.what = AHEAD_OF_WANT;
		if (rc == 1)
			rc = store_ahead(c->src, &a, f);
	}
	return rc == -1 ? -1 : store_flush(c->src, f);
}

static int
take_bodies(struct copy *c, const struct burst *b, const struct part *p,
    int alone, struct fail *f)
{
	const uint64_t *ids = b->id + p->from, *at;
	uint64_t id, len;
	int rc;

	while ((rc = store_body(c->src, &id, &len, f)) != 0) {
		at = bsearch(&id, ids, p->n, sizeof(*ids), order_u64);
		if (rc == -1 && (f->reach != REACH_MESSAGE || at == NULL))
			return -1;
		if (at == NULL)
			continue;
		if (rc == -1) {
			struct fail why = *f;

			rc = leave(
			    c, p->work, b->item[at - b->id], NULL, &why, f);
		} else
			rc = send_one(
			    c, p->work, b->item[at - b->id], len, alone, f);
		if (rc == -1 || settle(c, 0, f) == -1 || stopping(f) == -1)
			return -1;
	}
	return 0;
}

/* Without MULTIAPPEND an append is cheaper into the folder that is open, as
 * measured with Dovecot. */
static int
open_target(struct copy *c, const struct work *w, struct fail *f)
{
	struct ahead_of a = {
	    .what = AHEAD_OF_ENTER, .folder = w->dst, .write = 1};

	if (c->dst_in == w || (store_can(c->dst) & STORE_UIDPLUS) == 0 ||
	    (store_can(c->dst) & STORE_MULTI) != 0)
		return 0;
	c->dst_in = NULL;
	return store_ahead(c->dst, &a, f) == -1 ? -1 : 0;
}

static int
take_part(struct copy *c, const struct burst *b, const struct part *p,
    int alone, struct fail *f)
{
	struct work *w = p->work;
	size_t i;

	if (p->apart)
		c->src_in = NULL;
	if (enter_src(c, w, f) == -1 || open_target(c, w, f) == -1 ||
	    store_want(c->src, b->id + p->from, p->n, f) == -1 ||
	    take_bodies(c, b, p, alone, f) == -1)
		return -1;
	for (i = p->from; i < p->from + p->n; i++)
		if (w->item[b->item[i]].fate == b->fate)
			w->item[b->item[i]].fate = FATE_MISSING;
	return 0;
}

static int
take(struct copy *c, const struct burst *b, int alone, struct fail *f)
{
	const struct part *p;

	for (p = b->part; p < b->part + b->parts; p++)
		if (p->work->stage == WORK_GOING && !p->work->full &&
		    fold(c, p->work, take_part(c, b, p, alone, f), f) == -1)
			return -1;
	return 0;
}

/* All of one fate: one burst comes while the next has been asked for. */
static int
send_fate(struct copy *c, struct wave *v, enum fate fate, struct fail *f)
{
	struct burst *now = &c->burst[0], *next = &c->burst[1], *last;
	struct cursor at = {0, 0};

	c->asked = 0;
	burst_gather(c, v, &at, fate, BURST, now);
	if (ask(c, now, f) == -1)
		return -1;
	while (now->n > 0) {
		burst_gather(c, v, &at, fate, BURST, next);
		if (ask(c, next, f) == -1 || take(c, now, 0, f) == -1)
			return -1;
		last = now;
		now = next;
		next = last;
	}
	return 0;
}

/* Each by itself, and its answer before the next. */
static int
send_alone(struct copy *c, struct wave *v, enum fate fate, struct fail *f)
{
	struct burst *b = &c->burst[0];
	struct cursor at = {0, 0};

	for (;;) {
		burst_gather(c, v, &at, fate, 1, b);
		if (b->n == 0)
			return 0;
		c->asked = 0;
		if (ask(c, b, f) == -1 || take(c, b, 1, f) == -1 ||
		    store_flush(c->dst, f) == -1 || settle(c, 1, f) == -1)
			return -1;
	}
}

/* ---- messages that were listed and did not come ---- */

static int
missing(struct copy *c, struct work *w, size_t i, int listed, struct fail *f)
{
	struct fail why = {0};

	if (!listed) {
		(void)fail_set(&why, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
		    "fetch", "it was expunged at the source meanwhile");
		c->sum->gone++;
		tell_item(c, w, i, NULL, "", "missing", CODE_VANISHED, why.why);
		return note(c, w, i, STEP_LEFT, "", NULL, &why, f);
	}
	(void)fail_set(&why, CODE_BADMSG, REACH_MESSAGE, AGAIN_NEVER, "fetch",
	    "the source lists it, but does not send it");
	return leave(c, w, i, NULL, &why, f);
}

/* Asked for twice; whether it is still listed makes the difference. */
static int
settle_missing(struct copy *c, struct work *w, struct fail *f)
{
	struct msgref m = {0};
	size_t i = burst_next(w, 0, FATE_MISSING);
	int more = 1;

	if (i == w->n)
		return 0;
	if (enter_src(c, w, f) == -1 || store_scan(c->src, 0, f) == -1)
		return -1;
	for (; i < w->n; i++) {
		if (w->item[i].fate != FATE_MISSING)
			continue;
		while (more == 1 && m.id < w->item[i].id)
			if ((more = store_next(c->src, &m, f)) == -1)
				return -1;
		if (missing(c, w, i, more == 1 && m.id == w->item[i].id, f) ==
		    -1)
			return -1;
		w->item[i].fate = FATE_OVER;
	}
	while (more == 1)
		more = store_next(c->src, &m, f);
	return more;
}

static int
send_each(struct copy *c, struct wave *v, struct fail *f)
{
	struct work *w;

	/* What is sent after back_ahead is missed in its answer, and then
	 * looked for once more. */
	if (send_fate(c, v, FATE_DOUBT, f) == -1 ||
	    send_fate(c, v, FATE_NEW, f) == -1 || back_ahead(c, v, f) == -1 ||
	    settle(c, 1, f) == -1 || send_alone(c, v, FATE_ALONE, f) == -1 ||
	    send_alone(c, v, FATE_LEFT, f) == -1 ||
	    send_alone(c, v, FATE_MISSING, f) == -1 || late(c, f) == -1)
		return -1;
	for (w = v->work; w < v->work + v->n; w++)
		if (w->stage == WORK_GOING && !w->full &&
		    fold(c, w, settle_missing(c, w, f), f) == -1)
			return -1;
	return 0;
}

int
send_all(struct copy *c, struct wave *v, struct fail *f)
{
	struct fail ignored = {0};
	const struct work *w;

	if (send_each(c, v, f) == -1) {
		/* What the target has taken need not be looked for again. */
		if (store_outstanding(c->dst) > 0 &&
		    store_flush(c->dst, &ignored) == 0)
			(void)settle(c, 1, &ignored);
		return -1;
	}
	for (w = v->work; w < v->work + v->n && !w->full; w++)
		;
	if (w == v->work + v->n)
		return ledger_sync(c->ledger, f);
	(void)fail_at(f, "%s", store_label(c->dst));
	return fail_set(f, CODE_QUOTA, REACH_ENDPOINT, AGAIN_NEVER, "append",
	    "the mailbox is full: raise the quota and run it again");
}
