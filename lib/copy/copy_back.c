/*
 * copy_back.c: reads back what the target made of flags and dates (servers
 * lie: Dovecot 2.3 turns every date in the future into now), finds the new
 * uids where receipts do not tell them, and misses what was acknowledged and
 * is not there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

struct repair { /* a flag that APPEND did not set and STORE may */
	uint64_t id;
	uint32_t item;
};
struct back {
	struct copy *c;
	struct work *w;
	struct repair *repair;
	size_t n, room;
	size_t missed; /* acknowledged, and not there */
	uint64_t others; /* of the new ones, those without a receipt's uid */
	uint64_t top; /* the last one's id */
	int all_untold; /* those without a uid are among them */
	int again; /* the second look, after the repairs */
};

/* 1 if STORE may set what is lost: then the second look tells. */
static int
may_repair(struct back *b, size_t i, uint64_t id, const char *lost)
{
	struct buf kept = {0}, never = {0};

	if (b->again)
		return 0;
	flags_allowed(lost, b->w->di.permanentflags, &kept, &never);
	if (kept.len > 0) {
		if (b->n == b->room) {
			b->room = b->room ? b->room * 3 / 2 : 64;
			b->repair =
			    mem_resize(b->repair, b->room, sizeof(*b->repair));
		}
		b->repair[b->n++] = (struct repair){id, (uint32_t)i};
	}
	buf_free(&never);
	buf_free(&kept);
	return b->n > 0 && b->repair[b->n - 1].item == i;
}

static void
date_hint(struct buf *hint, int64_t was, int64_t is)
{
	char from[CLOCK_TEXT], to[CLOCK_TEXT];

	(void)clock_format(to, is);
	if (was == CLOCK_NONE)
		buf_addf(hint,
		    "the source has no usable date, the target gave it %s", to);
	else
		buf_addf(hint, "the target made %s of %s", to,
		    clock_format(from, was));
}

static void
compare(struct back *b, size_t i, const struct msgref *got, const char *uid)
{
	const struct item *it = &b->w->item[i];
	struct buf lost = {0}, hint = {0};
	int odd = 0;

	if (flags_minus(&lost, item_flags(b->w, it), got->flags) > 0 &&
	    !may_repair(b, i, got->id, lost.data)) {
		odd = 1;
		buf_addf(&hint, "the target does not keep %s", lost.data);
		tell_item(
		    b->c, b->w, i, NULL, uid, "differs", CODE_FLAG, hint.data);
	}
	if (it->date != got->date && !b->again) {
		odd = 1;
		buf_reset(&hint);
		date_hint(&hint, it->date, got->date);
		tell_item(
		    b->c, b->w, i, NULL, uid, "differs", CODE_DATE, hint.data);
	}
	b->c->sum->differs += (uint64_t)odd;
	buf_free(&lost);
	buf_free(&hint);
}

/* Some servers take flags only by STORE (Exchange \\Flagged, imap4d all). */
static int
repair(struct back *b, struct fail *f)
{
	size_t i;

	for (i = 0; i < b->n; i++) {
		const struct item *it = &b->w->item[b->repair[i].item];

		if (carry_flags(b->c, b->w, &b->repair[i].id, 1,
			item_flags(b->w, it), "", f) == -1 &&
		    f->reach != REACH_MESSAGE)
			return -1;
	}
	return 0;
}

/* ---- where receipts told the uids ---- */

static int
is_told(const struct item *it)
{
	return (it->fate == FATE_DONE || it->fate == FATE_BACK) &&
	    it->size != 0;
}

/* Those with a target uid first, by its hash. */
static int
is_before(const struct item *a, const struct item *b)
{
	int x = is_told(a), y = is_told(b);

	return x != y ? x : a->size < b->size;
}

/* In place, where qsort would take as much memory again (Shell's, with
 * Ciura's gaps); UIDs come sorted already. */
static void
sort_items(struct item *e, size_t n)
{
	static const size_t gaps[] = {1636185, 727193, 323197, 143643, 63841,
	    28374, 12610, 5605, 2491, 1107, 492, 219, 97, 43, 19, 8, 3, 1};
	size_t g, i, k;

	for (g = 0; g < LENGTH(gaps); g++)
		for (i = gaps[g]; i < n; i++) {
			struct item it = e[i];

			for (k = i;
			     k >= gaps[g] && is_before(&it, &e[k - gaps[g]]);
			     k -= gaps[g])
				e[k] = e[k - gaps[g]];
			e[k] = it;
		}
}

static int
by_size(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->size > y->size) - (x->size < y->size);
}

/* Only there is what a receipt's uid names, and what came behind it. */
static int
is_by_uid(const struct work *w)
{
	return w->accepted > w->order_n;
}

/* The UID from which on a target with UIDs is read back. */
static uint64_t
first_uid(const struct work *w)
{
	return w->unread < w->di.uidnext ? w->unread : w->di.uidnext;
}

/* From where on the target is read back; sorts the list. */
static uint64_t
back_from(struct copy *c, struct work *w)
{
	uint64_t from = first_uid(w);

	if (!is_by_uid(w)) /* in the target's order, the new ones */
		return (store_can(c->dst) & STORE_UIDS) != 0
		    ? w->di.uidnext
		    : w->di.messages + 1;
	sort_items(w->item, w->n);
	if ((store_can(c->dst) & STORE_UIDS) == 0)
		return 0;
	return w->item[0].size < from ? w->item[0].size : from;
}

static int
back_by_uid(struct back *b, struct fail *f)
{
	struct copy *c = b->c;
	struct work *w = b->w;
	struct item like = {0}, *at;
	size_t told = w->accepted - w->order_n;
	struct buf uid = {0};
	struct msgref got;
	size_t i;
	int rc;

	b->others = 0;
	rc = store_scan(c->dst, back_from(c, w), f);
	while (rc == 0 && (rc = store_next(c->dst, &got, f)) == 1) {
		buf_reset(&uid);
		store_uid(c->dst, got.id, &uid);
		like.size = ledger_hash(uid.data);
		at = bsearch(&like, w->item, told, sizeof(like), by_size);
		b->others += at == NULL && got.id >= w->di.uidnext;
		b->top = got.id;
		if (at != NULL && (b->again || at->fate == FATE_DONE)) {
			at->fate = FATE_BACK;
			compare(b, (size_t)(at - w->item), &got, uid.data);
		}
		rc = 0;
	}
	buf_free(&uid);
	b->missed = b->others < w->order_n ? w->order_n - (size_t)b->others : 0;
	b->all_untold = b->missed > 0;
	for (i = 0; i < told; i++)
		b->missed += w->item[i].fate == FATE_DONE;
	return rc;
}

/* ---- where they did not ---- */

static int
count_new(struct copy *c, struct work *w, uint64_t *n, struct fail *f)
{
	struct msgref m;
	int rc = store_scan(c->dst, back_from(c, w), f);

	*n = 0;
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		++*n;
		rc = 0;
	}
	return rc;
}

/*
 * When exactly as many came as were accepted they are ours, in the order in
 * which they were accepted.  Otherwise somebody else delivers here as well, and
 * the uids stay unknown: the digests in the ledger stand for them.
 */
static int
back_by_order(struct back *b, struct fail *f)
{
	struct copy *c = b->c;
	struct work *w = b->w;
	struct buf uid = {0};
	struct msgref m;
	uint64_t n;
	size_t k = 0;
	int rc = count_new(c, w, &n, f);

	b->missed = n < w->order_n ? w->order_n - (size_t)n : 0;
	b->all_untold = b->missed > 0;
	if (rc == -1 || n != w->order_n)
		return rc;
	rc = store_scan(c->dst, back_from(c, w), f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		size_t i = k < w->order_n ? w->order[k++] : w->n;

		rc = 0;
		if (i == w->n)
			continue;
		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		compare(b, i, &m, uid.data);
		if (!b->again)
			rc = note(c, w, i, STEP_DONE, uid.data, NULL, NULL, f);
	}
	buf_free(&uid);
	return rc;
}

/* ---- what an interrupted run did not come to ---- */

int
back_begin(struct copy *c, struct work *w, struct fail *f)
{
	uint64_t from = w->di.uidnext;
	char value[64];
	size_t i;

	for (i = 0; i < w->n && w->item[i].fate >= FATE_PLACE; i++)
		;
	if (i == w->n)
		return 0;
	if (w->unread < from || (store_can(c->dst) & STORE_UIDS) == 0)
		from = w->unread < from ? w->unread : 0;
	(void)snprintf(value, sizeof(value), "%u %llu",
	    (unsigned int)w->di.uidvalidity, (unsigned long long)from);
	return setting_put(c, "unread", w->folder, value, f);
}

void
back_left(const struct copy *c, struct work *w)
{
	const char *value = setting(c->ledger, "unread", w->folder);
	unsigned int validity;
	unsigned long long from;

	w->unread = UINT64_MAX;
	if (value != NULL && sscanf(value, "%u %llu", &validity, &from) == 2 &&
	    validity == w->di.uidvalidity && !w->fresh)
		w->unread = from;
}

/* Files are found again only when the folder is read anew; and what has no
 * UIDPLUS may show another UIDVALIDITY now. */
int
back_is_anew(const struct copy *c)
{
	return (store_can(c->dst) & STORE_UIDS) == 0 ||
	    (store_can(c->dst) & STORE_UIDPLUS) == 0;
}

/*
 * The folder is entered even where it is the one we are in: a FETCH in the wake
 * of an APPEND may be answered without it (RFC 3501 5.5, seen with Dovecot).
 * What changes anything is not asked here: first it must be seen which folder
 * that is.
 */
int
back_ahead(struct copy *c, struct wave *v, struct fail *f)
{
	struct work *w;
	int rc = 1;

	if (back_is_anew(c))
		return store_flush(c->dst, f);
	for (w = v->work; w < v->work + v->n && rc == 1; w++) {
		struct ahead_of a = {
		    .what = AHEAD_OF_ENTER, .folder = w->dst, .write = 1};

		if (w->stage != WORK_GOING || w->sent == 0)
			continue;
		if (w->sent > WAVE_MESSAGES)
			break;
		rc = store_ahead(c->dst, &a, f);
		c->dst_in = NULL;
		a.what = AHEAD_OF_SCAN;
		a.from = first_uid(w);
		if (rc == 1)
			rc = store_ahead(c->dst, &a, f);
	}
	return rc == -1 ? -1 : store_flush(c->dst, f);
}

static int
one_look(struct back *b, int anew, struct fail *f)
{
	struct work *w = b->w;

	if ((anew || back_is_anew(b->c) ? enter_dst_anew(b->c, w, f)
					: enter_dst(b->c, w, f)) == -1)
		return -1;
	return is_by_uid(w) ? back_by_uid(b, f) : back_by_order(b, f);
}

/* In doubt again: it is looked for, and sent once more if it is not found. */
static int
lost(struct back *b, struct fail *f)
{
	struct work *w = b->w;
	uint64_t accepted = w->accepted;
	size_t i, n = 0;
	char next[24] = "";

	if (w->di.known & FOLDER_UIDNEXT)
		(void)snprintf(
		    next, sizeof(next), "%u", (unsigned int)w->di.uidnext);
	for (i = 0; i < w->n; i++) {
		if (w->item[i].fate != FATE_DONE ||
		    (w->item[i].size == 0 && !b->all_untold))
			continue;
		n++;
		if (note(b->c, w, i, STEP_INTENT, next, NULL, NULL, f) == -1)
			return -1;
	}
	b->c->sum->copied -= n < b->c->sum->copied ? n : b->c->sum->copied;
	w->copied -= n < w->copied ? n : w->copied;
	(void)fail_at(f, "%s/%s", store_label(b->c->dst), w->dst);
	return fail_set(f, CODE_VANISHED, REACH_FOLDER, AGAIN_NOW, "append",
	    "of %llu messages that the target acknowledged %zu are not there",
	    (unsigned long long)accepted, b->missed);
}

int
read_back(struct copy *c, struct work *w, struct fail *f)
{
	struct back b = {.c = c, .w = w};
	int rc;

	if (w->accepted == 0)
		return 0;
	rc = one_look(&b, 0, f);
	/* A server need not tell a session at once what came. */
	if (rc == 0 && b.missed > 0)
		rc = one_look(&b, 1, f);
	if (rc == 0 && b.missed > 0)
		rc = lost(&b, f);
	if (rc == 0 && b.n > 0 && (rc = repair(&b, f)) == 0) {
		b.again = 1;
		rc = one_look(&b, 0, f);
	}
	free(b.repair);
	if (rc == 0 && is_by_uid(w) && w->order_n == 0 && b.others == 0)
		rc = looked_to(c, w, b.top + 1, f);
	return rc == 0 ? setting_put(c, "unread", w->folder, "", f) : -1;
}
