/*
 * copy_send.c: messages on their way: one FETCH for a burst, each body goes
 * on into an append while it is digested, answers are collected as they come.
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
	int rc = note(
	    c, w, i, STEP_DONE, uid, c->flight[i % FLIGHTS].digest, NULL, f);

	c->sum->copied++;
	c->sum->copied_bytes += it->size;
	c->octets += it->size;
	c->messages++;
	w->accepted++;
	if (*uid == '\0')
		add_order(w, i);
	it->fate = FATE_DONE;
	it->size = ledger_hash(uid);
	if (c->o->progress != NULL)
		c->o->progress(c->o->arg, c->octets, c->total, c->messages);
	return rc;
}

static int
take_receipt(struct copy *c, struct work *w, struct receipt *r, struct fail *f)
{
	size_t i = (size_t)r->cookie;

	if (i >= w->n || w->item[i].fate != FATE_SENT)
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
	return leave(c, w, i, c->flight[i % FLIGHTS].digest, r->why, f);
}

static int
settle(struct copy *c, struct work *w, int wait, struct fail *f)
{
	struct receipt r;
	int rc;

	while ((rc = store_settle(c->dst, &r, wait, f)) == 1)
		if (take_receipt(c, w, &r, f) == -1)
			return -1;
	return rc;
}

/* ---- one body ---- */

/*
 * The octets, digested on the way.  Where they end early the target must not
 * keep half a message: nothing is padded, its connection is dropped.
 */
static int
pass(struct copy *c, size_t i, struct fail *f)
{
	struct ident ident;
	const char *p;
	size_t n;
	int rc;

	digest_reset(c->digest);
	while ((rc = store_read(c->src, &p, &n, f)) == 1)
		if (digest_add(c->digest, p, n, f) == -1 ||
		    store_write(c->dst, p, n, f) == -1) {
			rc = -1;
			break;
		}
	if (rc == -1) {
		store_abort(c->dst);
		return -1;
	}
	if (digest_end(c->digest, &ident, f) == -1)
		return -1;
	memcpy(c->flight[i % FLIGHTS].digest, ident.sum[0], 32);
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
	while ((rc = store_read(c->src, &p, &n, f)) == 1)
		if (digest_add(c->digest, p, n, f) == -1)
			return -1;
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
	    .cookie = i, .len = len, .date = it->date, .alone = alone};
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
	int rc = put(c, w, i, len, alone, &why);

	if (rc == -1 && why.reach == REACH_MESSAGE && why.again != AGAIN_LATER)
		return pass_over(c, w, i, &why, f);
	if (rc == 0) {
		w->item[i].fate = FATE_SENT;
		if (pass(c, i, &why) == 0)
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
intents(struct copy *c, struct work *w, const size_t *item, size_t n,
    struct fail *f)
{
	char next[24] = "";
	size_t i;

	if (w->di.known & FOLDER_UIDNEXT)
		(void)snprintf(
		    next, sizeof(next), "%u", (unsigned int)w->di.uidnext);
	for (i = 0; i < n; i++)
		if (note(c, w, item[i], STEP_INTENT, next, NULL, NULL, f) == -1)
			return -1;
	return ledger_sync(c->ledger, f);
}

static int
by_id(const void *key, const void *elem)
{
	const uint64_t *x = key, *y = elem;

	return (*x > *y) - (*x < *y);
}

static int
take_bodies(struct copy *c, struct work *w, const size_t *item,
    const uint64_t *ids, size_t n, int alone, struct fail *f)
{
	uint64_t id, len;
	int rc;

	while ((rc = store_body(c->src, &id, &len, f)) != 0) {
		const uint64_t *at = bsearch(&id, ids, n, sizeof(*ids), by_id);

		if (rc == -1 && (f->reach != REACH_MESSAGE || at == NULL))
			return -1;
		if (at == NULL)
			continue;
		if (rc == -1) {
			struct fail why = *f;

			rc = leave(c, w, item[at - ids], NULL, &why, f);
		} else
			rc = send_one(c, w, item[at - ids], len, alone, f);
		if (rc == -1 || settle(c, w, 0, f) == -1 || stopping(f) == -1)
			return -1;
	}
	return 0;
}

static int
burst(struct copy *c, struct work *w, const size_t *item, size_t n, int alone,
    struct fail *f)
{
	uint64_t ids[BURST];
	unsigned char was[BURST];
	size_t i;

	if (stopping(f) == -1 || intents(c, w, item, n, f) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		ids[i] = w->item[item[i]].id;
		was[i] = w->item[item[i]].fate;
	}
	if (store_want(c->src, ids, n, f) == -1 ||
	    take_bodies(c, w, item, ids, n, alone, f) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (w->item[item[i]].fate == was[i])
			w->item[item[i]].fate =
			    was[i] == FATE_MISSING ? FATE_OVER : FATE_MISSING;
	return 0;
}

/* All of one fate, a burst at a time, or each by itself. */
static int
send_fate(
    struct copy *c, struct work *w, enum fate fate, int alone, struct fail *f)
{
	size_t item[BURST], n = 0, i, most = alone ? 1 : BURST;

	for (i = 0; i <= w->n && !w->full; i++) {
		if (n == most || (i == w->n && n > 0)) {
			if (burst(c, w, item, n, alone, f) == -1 ||
			    (alone &&
				(store_flush(c->dst, f) == -1 ||
				    settle(c, w, 1, f) == -1)))
				return -1;
			n = 0;
		}
		if (i < w->n && w->item[i].fate == fate)
			item[n++] = i;
	}
	return 0;
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
	size_t i;
	int more = 1;

	for (i = 0; i < w->n && w->item[i].fate != FATE_MISSING; i++)
		;
	if (i == w->n)
		return 0;
	if (send_fate(c, w, FATE_MISSING, 1, f) == -1 ||
	    store_scan(c->src, 0, f) == -1)
		return -1;
	for (i = 0; i < w->n; i++) {
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
send_each(struct copy *c, struct work *w, struct fail *f)
{
	if (send_fate(c, w, FATE_DOUBT, 0, f) == -1 ||
	    send_fate(c, w, FATE_NEW, 0, f) == -1 ||
	    store_flush(c->dst, f) == -1 || settle(c, w, 1, f) == -1 ||
	    send_fate(c, w, FATE_ALONE, 1, f) == -1 ||
	    send_fate(c, w, FATE_LEFT, 1, f) == -1)
		return -1;
	return w->full ? 0 : settle_missing(c, w, f);
}

int
send_all(struct copy *c, struct work *w, struct fail *f)
{
	struct fail ignored = {0};

	if (send_each(c, w, f) == -1) {
		/* What the target has taken need not be looked for again. */
		if (store_outstanding(c->dst) > 0 &&
		    store_flush(c->dst, &ignored) == 0)
			(void)settle(c, w, 1, &ignored);
		return -1;
	}
	if (!w->full)
		return ledger_sync(c->ledger, f);
	(void)fail_at(f, "%s", store_label(c->dst));
	return fail_set(f, CODE_QUOTA, REACH_ENDPOINT, AGAIN_NEVER, "append",
	    "the mailbox is full: raise the quota and run it again");
}
