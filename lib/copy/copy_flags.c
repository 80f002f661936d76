/* copy_flags.c: flags that changed at the source since they were carried. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

enum { ALIKE = 500, ASKED = 5000 }; /* changes in one command; at once */

struct change { /* 48 octets */
	uint64_t dst; /* ledger_hash of the target's uid */
	uint64_t id; /* at the target, 0: not there */
	uint64_t size : 56, found : 8;
	int64_t date;
	uint32_t src; /* id at the source */
	/* Numbers in words: what it has, and what that takes. */
	uint32_t flags, add, remove;
};

static uint32_t
number(struct work *w, const struct buf *b)
{
	return intern_number(w->words, b->len > 0 ? b->data : "", b->len);
}

/* What makes the one of the other, as far as the folder keeps it. */
static void
differ(struct work *w, const char *is, const char *was, uint32_t *add,
    uint32_t *remove)
{
	struct buf more = {0}, kept = {0}, lost = {0}, fewer = {0};

	(void)flags_minus(&more, is, was);
	(void)flags_minus(&fewer, was, is);
	if (more.len > 0)
		flags_allowed(more.data, w->di.permanentflags, &kept, &lost);
	*add = number(w, &kept);
	*remove = number(w, &fewer);
	buf_free(&more);
	buf_free(&kept);
	buf_free(&lost);
	buf_free(&fewer);
}

void
change_add(
    struct copy *c, struct work *w, const struct known_as *k, struct msgref m)
{
	struct change *ch;

	if (w->changes == w->change_room) {
		w->change_room = w->change_room ? w->change_room * 3 / 2 : 64;
		w->change =
		    mem_resize(w->change, w->change_room, sizeof(*w->change));
	}
	ch = &w->change[w->changes++];
	*ch = (struct change){.dst = k->dst,
	    .id = (store_can(c->dst) & STORE_UIDS) != 0 ? k->dst : 0,
	    .size = m.size & ((UINT64_C(1) << 56) - 1),
	    .found = (k->found != 0) & 1,
	    .date = m.date,
	    .src = (uint32_t)m.id,
	    .flags = intern_number(w->words, m.flags, strlen(m.flags))};
	differ(w, m.flags, k->flags, &ch->add, &ch->remove);
}

static int
by_dst(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	return (x->dst > y->dst) - (x->dst < y->dst);
}

/* The ledger's next look starts from these flags. */
static int
note_flags(struct copy *c, struct work *w, const struct change *ch,
    const char *dst_uid, struct fail *f)
{
	struct buf uid = {0};
	struct entry e = {.step = ch->found ? STEP_FOUND : STEP_DONE,
	    .folder = w->folder,
	    .uidvalidity = w->si.uidvalidity,
	    .dst_folder = w->dst,
	    .dst_uidvalidity = w->di.uidvalidity,
	    .dst_uid = dst_uid,
	    .size = ch->size,
	    .date = ch->date,
	    .flags = intern_at(w->words, ch->flags),
	    .code = "",
	    .why = ""};
	int rc;

	store_uid(c->src, ch->src, &uid);
	e.uid = uid.data;
	rc = ledger_note(c->ledger, &e, f);
	buf_free(&uid);
	return rc;
}

static int
store(struct copy *c, const struct work *w, const uint64_t *ids, size_t n,
    uint32_t add, uint32_t remove, struct fail *f)
{
	const char *more = intern_at(w->words, add);
	const char *fewer = intern_at(w->words, remove);

	if ((*more == '\0' && *fewer == '\0') ||
	    store_flags(c->dst, ids, n, more, fewer, f) == 0)
		return 0;
	if (f->again == AGAIN_LATER && f->reach < REACH_ENDPOINT)
		f->reach = REACH_ENDPOINT; /* throttled: it is not done */
	return -1;
}

int
carry_flags(struct copy *c, struct work *w, const uint64_t *ids, size_t n,
    const char *is, const char *was, struct fail *f)
{
	uint32_t add, remove;

	differ(w, is, was, &add, &remove);
	return store(c, w, ids, n, add, remove, f);
}

static int
carried(struct copy *c, struct work *w, const struct change *ch,
    const struct fail *why, struct fail *f)
{
	const struct msgref m = {.id = ch->src,
	    .size = ch->size,
	    .date = ch->date,
	    .flags = intern_at(w->words, ch->flags)};
	struct buf uid = {0};
	int rc;

	store_uid(c->dst, ch->id, &uid);
	if (why == NULL)
		c->sum->flagged++;
	else {
		look_add(c, w, &m, FATE_OVER);
		tell_item(c, w, --w->n, NULL, uid.data, "differs", why->code,
		    why->why);
		c->sum->differs++;
	}
	rc = note_flags(c, w, ch, uid.data, f);
	buf_free(&uid);
	return rc;
}

static void
ids_of(const struct change *ch, size_t n, uint64_t *ids)
{
	size_t i;

	for (i = 0; i < n; i++)
		ids[i] = ch[i].id;
}

/* 0 carried, 1 refused for *why, or -1. */
static int
try_flags(struct copy *c, const struct work *w, const struct change *ch,
    size_t n, struct fail *why, struct fail *f)
{
	uint64_t ids[ALIKE] = {0};

	ids_of(ch, n, ids);
	if (store(c, w, ids, n, ch->add, ch->remove, why) == 0)
		return 0;
	if (why->reach == REACH_MESSAGE)
		return 1;
	*f = *why;
	return -1;
}

/*
 * Those that change alike go together, and one by one where they are refused;
 * what the target refuses then is told once: the ledger has it as carried.
 */
static int
carry(struct copy *c, struct work *w, const struct change *ch, size_t n,
    struct fail *f)
{
	struct fail why = {0};
	size_t i;
	int rc = try_flags(c, w, ch, n, &why, f), apart = rc == 1 && n > 1;

	for (i = 0; rc != -1 && i < n; i++) {
		if (apart)
			rc = try_flags(c, w, &ch[i], 1, &why, f);
		if (rc != -1 &&
		    carried(c, w, &ch[i], rc == 1 ? &why : NULL, f) == -1)
			rc = -1;
	}
	return rc == -1 ? -1 : 0;
}

/* Uids that are no numbers are found by reading the target once. */
static int
find_ids(struct copy *c, struct work *w, struct fail *f)
{
	struct buf uid = {0};
	struct msgref m;
	int rc = store_scan(c->dst, 0, f);

	qsort(w->change, w->changes, sizeof(*w->change), by_dst);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		struct change like = {0}, *ch;

		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		like.dst = ledger_hash(uid.data);
		ch =
		    bsearch(&like, w->change, w->changes, sizeof(like), by_dst);
		if (ch != NULL)
			ch->id = m.id;
		rc = 0;
	}
	buf_free(&uid);
	return rc;
}

/* By what changes, so that those that do so alike stand together. */
static int
by_change(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->add != y->add)
		return x->add < y->add ? -1 : 1;
	if (x->remove != y->remove)
		return x->remove < y->remove ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static void
sort_changes(struct work *w)
{
	if (w->changes > 0)
		qsort(w->change, w->changes, sizeof(*w->change), by_change);
}

/* How many from the i-th on go together. */
static size_t
alike(const struct work *w, size_t i)
{
	const struct change *ch = &w->change[i];
	size_t n = 1;

	while (ch->id != 0 && i + n < w->changes && n < ALIKE &&
	    ch[n].add == ch->add && ch[n].remove == ch->remove)
		n++;
	return n;
}

/* All at once, in the folder that is entered. */
static int
ask(struct copy *c, struct work *w, struct fail *f)
{
	uint64_t ids[ALIKE];
	size_t i, n;
	int rc = 1;

	for (i = 0; i < w->changes && i < ASKED && rc == 1; i += n) {
		struct ahead_of a = {.what = AHEAD_OF_FLAGS, .ids = ids};

		n = a.n = alike(w, i);
		a.add = intern_at(w->words, w->change[i].add);
		a.remove = intern_at(w->words, w->change[i].remove);
		ids_of(&w->change[i], n, ids);
		if (*a.add != '\0' || *a.remove != '\0')
			rc = store_ahead(c->dst, &a, f);
	}
	return rc == -1 ? -1 : store_flush(c->dst, f);
}

/* What is no longer at the target was removed by its owner, and stays so. */
int
change_all(struct copy *c, struct work *w, struct fail *f)
{
	size_t i, n;

	if (w->changes == 0)
		return 0;
	if (enter_dst(c, w, f) == -1 ||
	    ((store_can(c->dst) & STORE_UIDS) == 0 && find_ids(c, w, f) == -1))
		return -1;
	sort_changes(w);
	if ((store_can(c->dst) & STORE_UIDS) != 0 && ask(c, w, f) == -1)
		return -1;
	for (i = 0; i < w->changes; i += n) {
		n = alike(w, i);
		if (w->change[i].id != 0 &&
		    carry(c, w, &w->change[i], n, f) == -1)
			return -1;
	}
	w->changes = 0;
	return 0;
}
