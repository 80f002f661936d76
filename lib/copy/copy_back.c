/*
 * copy_back.c: reads back what the target made of flags and dates (servers
 * lie: Dovecot 2.3 turns every date in the future into now), finds the new
 * uids where receipts do not tell them, and misses what was accepted and is not
 * there (GNU imap4d keeps the last one of those appended to an INBOX).
 */
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

		if (carry_flags(b->c, b->w, b->repair[i].id,
			item_flags(b->w, it), "", f) == -1 &&
		    f->reach != REACH_MESSAGE)
			return -1;
	}
	return 0;
}

/* Before anything is missed the folder is opened anew: a server need not tell
 * a session at once what came. */
static int
look_anew(struct back *b, struct fail *f)
{
	struct folder again;

	return store_enter(b->c->dst, b->w->dst, 1, &again, f);
}

/* Not copied after all: the next run looks for it and tries again. */
static int
vanished(struct back *b, size_t i, struct fail *f)
{
	struct fail why = {0};

	(void)fail_set(&why, CODE_VANISHED, REACH_MESSAGE, AGAIN_LATER,
	    "append", "the target answered OK and does not have it");
	b->c->sum->copied--;
	return leave(b->c, b->w, i, NULL, &why, f);
}

/* ---- where receipts told the uids ---- */

struct place { /* 12 octets: a million of them is what memory has to spare */
	uint32_t dst[2];
	uint32_t item; /* SEEN: it is there */
};
#define SEEN UINT32_MAX

static uint64_t
dst_of(const struct place *p)
{
	return (uint64_t)p->dst[1] << 32 | p->dst[0];
}

static int
by_dst(const void *a, const void *b)
{
	uint64_t x = dst_of(a), y = dst_of(b);

	return (x > y) - (x < y);
}

/* Marks those that are there; how many are not, and how many new ones are
 * none of them. */
static int
find_places(struct back *b, struct place *at, size_t n, size_t *unseen,
    uint64_t *others, struct fail *f)
{
	struct copy *c = b->c;
	int numbers = (store_can(c->dst) & STORE_UIDS) != 0;
	uint64_t from = numbers ? dst_of(&at[0]) : 0, first = b->w->di.uidnext;
	struct place like = {0}, *p;
	struct buf uid = {0};
	struct msgref got;
	size_t i;
	int rc;

	*others = *unseen = 0;
	for (i = 0; i < n; i++)
		*unseen += at[i].item != SEEN;
	rc = store_scan(c->dst, first < from ? first : from, f);
	while (rc == 0 && (rc = store_next(c->dst, &got, f)) == 1) {
		uint64_t hash;

		buf_reset(&uid);
		store_uid(c->dst, got.id, &uid);
		hash = ledger_hash(uid.data);
		like.dst[0] = (uint32_t)hash;
		like.dst[1] = (uint32_t)(hash >> 32);
		p = bsearch(&like, at, n, sizeof(like), by_dst);
		*others += p == NULL && (!numbers || got.id >= first);
		if (p != NULL && p->item != SEEN) {
			compare(b, p->item, &got, uid.data);
			p->item = SEEN;
			--*unseen;
		}
		rc = 0;
	}
	buf_free(&uid);
	return rc;
}

static int
back_by_uid(struct back *b, struct fail *f)
{
	struct work *w = b->w;
	size_t told = w->accepted - w->order_n, n = 0, i, unseen;
	uint64_t others;
	struct place *at = mem_array(told, sizeof(*at));
	int rc;

	for (i = 0; i < w->n && n < told; i++)
		if (w->item[i].fate == FATE_DONE && w->item[i].size != 0) {
			at[n].dst[0] = (uint32_t)w->item[i].size;
			at[n].dst[1] = (uint32_t)(w->item[i].size >> 32);
			at[n++].item = (uint32_t)i;
		}
	qsort(at, n, sizeof(*at), by_dst);
	rc = n > 0 ? find_places(b, at, n, &unseen, &others, f) : 0;
	if (rc == 0 && n > 0 && !b->again &&
	    (unseen > 0 || others < w->order_n) &&
	    (rc = look_anew(b, f)) == 0 &&
	    (rc = find_places(b, at, n, &unseen, &others, f)) == 0) {
		for (i = 0; rc == 0 && unseen > 0 && i < n; i++)
			if (at[i].item != SEEN)
				rc = vanished(b, at[i].item, f);
		for (i = 0; rc == 0 && others < w->order_n && i < w->order_n;
		     i++)
			rc = vanished(b, w->order[i], f);
	}
	free(at);
	return rc;
}

/* ---- where they did not ---- */

/* The target's new messages in its order: how many, or one after another. */
static int
new_ones(struct copy *c, const struct work *w, struct fail *f)
{
	uint64_t from = (store_can(c->dst) & STORE_UIDS) != 0
	    ? w->di.uidnext
	    : w->di.messages + 1;

	return store_scan(c->dst, from, f);
}

static int
count_new(struct copy *c, const struct work *w, uint64_t *n, struct fail *f)
{
	struct msgref m;
	int rc = new_ones(c, w, f);

	*n = 0;
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		++*n;
		rc = 0;
	}
	return rc;
}

/*
 * When exactly as many came as were accepted they are ours, in the order in
 * which they were accepted.  When more came somebody else delivers here as
 * well, and the uids stay unknown: the digests in the ledger stand for them.
 * When fewer came, which of them cannot be told: all are looked for again.
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

	if (rc == 0 && n < w->order_n && (rc = look_anew(b, f)) == 0)
		rc = count_new(c, w, &n, f);
	for (; rc == 0 && n < w->order_n && k < w->order_n; k++)
		rc = vanished(b, w->order[k], f);
	if (rc == -1 || n != w->order_n)
		return rc;
	rc = new_ones(c, w, f);
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

static int
one_look(struct back *b, struct fail *f)
{
	struct work *w = b->w;
	struct folder again;

	/* Files are found again only when the folder is read anew. */
	if ((store_can(b->c->dst) & STORE_UIDS) == 0) {
		if (store_enter(b->c->dst, w->dst, 1, &again, f) == -1)
			return -1;
		w->di.permanentflags = again.permanentflags;
	}
	return w->accepted > w->order_n ? back_by_uid(b, f)
					: back_by_order(b, f);
}

int
read_back(struct copy *c, struct work *w, struct fail *f)
{
	struct back b = {.c = c, .w = w};
	int rc;

	if (w->accepted == 0)
		return 0;
	rc = one_look(&b, f);
	if (rc == 0 && b.n > 0 && (rc = repair(&b, f)) == 0) {
		b.again = 1;
		rc = one_look(&b, f);
	}
	free(b.repair);
	return rc;
}
