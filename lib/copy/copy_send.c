/*
 * copy_send.c: messages on their way: one FETCH for a burst, each body goes
 * on into an append while it is digested, answers are collected as they come.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

void
tell_item(struct copy *c, const struct work *w, size_t i,
    const uint8_t *digest, const char *dst_uid, const char *status,
    const char *code, const char *hint)
{
	const struct msgref *m = &w->todo[i];
	struct buf uid = {0};
	struct copy_note n = {.folder = w->folder,
	    .dst_folder = w->dst,
	    .dst_uid = dst_uid,
	    .size = w->fate[i] == FATE_DONE ? 0 : m->size,
	    .date = m->date,
	    .flags = m->flags,
	    .digest = digest,
	    .status = status,
	    .code = code,
	    .hint = hint};

	if (c->o->tell == NULL)
		return;
	store_uid(c->src, m->id, &uid);
	n.uid = uid.data;
	c->o->tell(c->o->arg, c->job, &n);
	buf_free(&uid);
}

int
note(struct copy *c, struct work *w, size_t i, enum step step,
    const char *dst_uid, const uint8_t *digest, const struct fail *why,
    struct fail *f)
{
	const struct msgref *m = &w->todo[i];
	struct buf uid = {0};
	struct entry e = {.step = step,
	    .folder = w->folder,
	    .uidvalidity = w->si.uidvalidity,
	    .dst_folder = w->dst,
	    .dst_uidvalidity = w->di.uidvalidity,
	    .dst_uid = dst_uid,
	    .size = m->size,
	    .date = m->date,
	    .flags = m->flags,
	    .code = why != NULL ? fail_code_name(why->code) : "",
	    .why = why != NULL ? why->why : ""};
	int rc;

	if (digest != NULL)
		memcpy(e.digest, digest, sizeof(e.digest));
	store_uid(c->src, m->id, &uid);
	e.uid = uid.data;
	rc = ledger_note(c->ledger, &e, f);
	buf_free(&uid);
	return rc;
}

static const char *
advice(enum code code)
{
	switch (code) {
	case CODE_TOOBIG:
		return "raise the target's size limit, or deliver it apart";
	case CODE_QUOTA:
		return "raise the quota and run again";
	case CODE_BADMSG:
		return "the target does not take these octets; keep a copy "
		       "from the source";
	case CODE_NAME:
	case CODE_NOSELECT:
		return "decide another name with --rules";
	default:
		return "run again; if it stays, look at the message";
	}
}

/* Given up in this run; the next one tries again. */
static int
leave(struct copy *c, struct work *w, size_t i, const uint8_t *digest,
    const struct fail *why, struct fail *f)
{
	struct buf hint = {0};

	w->fate[i] = FATE_LEFT;
	c->sum->failed++;
	c->sum->refused++;
	buf_addf(&hint, "%s: %s; %s", why->what, why->why,
	    advice(why->code));
	tell_item(c, w, i, digest, "", "refused",
	    fail_code_name(why->code), hint.data);
	buf_free(&hint);
	if (why->code == CODE_QUOTA)
		w->full = 1;
	return note(c, w, i, STEP_LEFT, "", digest, why, f);
}

/* ---- answers ---- */

static int
accepted(struct copy *c, struct work *w, size_t i, const struct receipt *r,
    struct fail *f)
{
	struct flight *fl = &c->flight[i % FLIGHTS];
	struct buf uid = {0};
	int rc;

	if (r->id != 0 && r->uidvalidity == w->di.uidvalidity)
		store_uid(c->dst, r->id, &uid);
	rc = note(c, w, i, STEP_DONE, uid.len ? uid.data : "", fl->digest,
	    NULL, f);
	c->sum->copied++;
	c->sum->copied_bytes += w->todo[i].size;
	c->octets += w->todo[i].size;
	c->messages++;
	w->accepted++;
	w->fate[i] = FATE_DONE;
	w->todo[i].size = uid.len ? r->id : 0;
	buf_free(&uid);
	if (c->o->progress != NULL)
		c->o->progress(c->o->arg, c->octets, c->total, c->messages);
	return rc;
}

static int
take_receipt(struct copy *c, struct work *w, const struct receipt *r,
    struct fail *f)
{
	size_t i = (size_t)r->cookie;

	if (i >= w->n || w->fate[i] != FATE_SENT)
		return fail_set(f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "append", "an answer for a message that was not sent");
	if (r->ok)
		return accepted(c, w, i, r, f);
	if (r->again) {
		w->fate[i] = FATE_ALONE;
		return 0;
	}
	if (r->why->again == AGAIN_LATER) {
		*f = *r->why; /* throttled: the whole connection waits */
		f->reach = REACH_ENDPOINT;
		return -1;
	}
	return leave(c, w, i, c->flight[i % FLIGHTS].digest, r->why, f);
}

static int
settle(struct copy *c, struct work *w, int wait, struct fail *f)
{
	struct receipt r = {0};
	int rc;

	while ((rc = store_settle(c->dst, &r, wait, f)) == 1) {
		if (take_receipt(c, w, &r, f) == -1)
			return -1;
		memset(&r, 0, sizeof(r));
	}
	return rc;
}

/* ---- one body ---- */

static int
pass(struct copy *c, size_t i, struct fail *f)
{
	struct flight *fl = &c->flight[i % FLIGHTS];
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
		/* Never padded: the target must not keep half a message. */
		store_abort(c->dst);
		f->reach = f->reach == REACH_RUN ? REACH_RUN : REACH_ENDPOINT;
		return -1;
	}
	if (digest_end(c->digest, &ident, f) == -1 ||
	    store_put_end(c->dst, f) == -1)
		return -1;
	fl->item = i;
	memcpy(fl->digest, ident.sum[0], sizeof(fl->digest));
	return 0;
}

/* Refused before its octets went: read it for its digest, at least. */
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
send_one(struct copy *c, struct work *w, size_t i, uint64_t len, int alone,
    struct fail *f)
{
	struct msgref *m = &w->todo[i];
	struct buf kept = {0}, lost = {0};
	struct put put = {.cookie = i,
	    .len = len,
	    .date = m->date,
	    .alone = alone};
	struct fail why = {0};
	uint64_t limit = store_append_limit(c->dst);
	int rc;

	if (limit != 0 && len > limit) {
		(void)fail_set(&why, CODE_TOOBIG, REACH_MESSAGE, AGAIN_NEVER,
		    "append", "%llu octets, the target takes %llu",
		    (unsigned long long)len, (unsigned long long)limit);
		return pass_over(c, w, i, &why, f);
	}
	flags_allowed(m->flags, w->di.permanentflags, &kept, &lost);
	put.flags = kept.data;
	rc = store_put(c->dst, w->dst, &put, &why);
	m->size = len;
	if (rc == 0) {
		w->fate[i] = FATE_SENT;
		rc = pass(c, i, f);
	} else if (why.reach == REACH_MESSAGE && why.again != AGAIN_LATER)
		rc = pass_over(c, w, i, &why, f);
	else
		*f = why;
	buf_free(&kept);
	buf_free(&lost);
	return rc;
}

/* ---- bursts ---- */

static int
intents(struct copy *c, struct work *w, const size_t *item, size_t n,
    struct fail *f)
{
	char next[24] = "";
	size_t i;

	if (w->di.known & FOLDER_UIDNEXT)
		(void)snprintf(next, sizeof(next), "%u",
		    (unsigned int)w->di.uidnext);
	for (i = 0; i < n; i++)
		if (note(c, w, item[i], STEP_INTENT, next, NULL, NULL, f) ==
		    -1)
			return -1;
	return ledger_sync(c->ledger, f);
}

static int
by_id(const void *key, const void *elem)
{
	const uint64_t *x = key, *y = elem;

	return (*x > *y) - (*x < *y);
}

/* Messages that were asked for and did not come. */
static int
missing(struct copy *c, struct work *w, size_t i, struct fail *f)
{
	struct fail why = {0};

	(void)fail_set(&why, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
	    "fetch", "it was listed, but the source does not send it");
	w->fate[i] = FATE_LEFT;
	c->sum->gone++;
	tell_item(c, w, i, NULL, "", "missing", "VANISHED", why.why);
	return note(c, w, i, STEP_LEFT, "", NULL, &why, f);
}

static int
take_bodies(struct copy *c, struct work *w, const size_t *item,
    const uint64_t *ids, size_t n, unsigned char *came, int alone,
    struct fail *f)
{
	uint64_t id, len;
	int rc;

	while ((rc = store_body(c->src, &id, &len, f)) != 0) {
		const uint64_t *at =
		    bsearch(&id, ids, n, sizeof(*ids), by_id);
		size_t k = at != NULL ? (size_t)(at - ids) : n;

		if (rc == -1 && (f->reach != REACH_MESSAGE || k == n))
			return -1;
		if (k == n)
			continue;
		came[k] = 1;
		if (rc == -1) {
			struct fail why = *f;

			if (leave(c, w, item[k], NULL, &why, f) == -1)
				return -1;
			continue;
		}
		if (send_one(c, w, item[k], len, alone, f) == -1 ||
		    settle(c, w, 0, f) == -1)
			return -1;
		if (stop_signal() != 0)
			return fail_set(f, CODE_CONN, REACH_ENDPOINT,
			    AGAIN_LATER, "copy", "stopped by signal %d",
			    stop_signal());
	}
	return 0;
}

static int
burst(struct copy *c, struct work *w, const size_t *item, size_t n,
    int alone, struct fail *f)
{
	uint64_t ids[BURST];
	unsigned char came[BURST] = {0};
	size_t i;

	if (intents(c, w, item, n, f) == -1)
		return -1;
	for (i = 0; i < n; i++)
		ids[i] = w->todo[item[i]].id;
	if (store_want(c->src, ids, n, f) == -1 ||
	    take_bodies(c, w, item, ids, n, came, alone, f) == -1)
		return -1;
	for (i = 0; i < n; i++)
		if (!came[i] && missing(c, w, item[i], f) == -1)
			return -1;
	return 0;
}

/* All of one fate, a burst at a time. */
static int
send_fate(struct copy *c, struct work *w, enum fate fate, int alone,
    struct fail *f)
{
	size_t item[BURST], n = 0, i;
	size_t most = alone ? 1 : BURST;

	for (i = 0; i <= w->n && !w->full; i++) {
		if (n == most || (i == w->n && n > 0)) {
			if (burst(c, w, item, n, alone, f) == -1)
				return -1;
			if (alone && (store_flush(c->dst, f) == -1 ||
					 settle(c, w, 1, f) == -1))
				return -1;
			n = 0;
		}
		if (i < w->n &&
		    (w->fate[i] == (unsigned char)fate ||
			(fate == FATE_NEW && w->fate[i] == FATE_DOUBT)))
			item[n++] = i;
	}
	return 0;
}

int
send_all(struct copy *c, struct work *w, struct fail *f)
{
	if (send_fate(c, w, FATE_NEW, 0, f) == -1 ||
	    store_flush(c->dst, f) == -1 || settle(c, w, 1, f) == -1 ||
	    send_fate(c, w, FATE_ALONE, 1, f) == -1 ||
	    ledger_sync(c->ledger, f) == -1)
		return -1;
	if (!w->full)
		return 0;
	return fail_set(f, CODE_QUOTA, REACH_ENDPOINT, AGAIN_NEVER, "append",
	    "the target is over its quota: raise it and run again");
}
