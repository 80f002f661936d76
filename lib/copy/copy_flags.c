/* copy_flags.c: flags that changed at the source since they were carried. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

enum { ALIKE = 500 }; /* changes in one command */

struct change {
	uint64_t dst; /* ledger_hash of the target's uid */
	uint64_t id; /* at the target, 0: not there */
	struct msgref m;
	const char *was;
	int found;
};

void
change_add(
    struct copy *c, struct work *w, const struct known_as *k, struct msgref m)
{
	int numbers = (store_can(c->dst) & STORE_UIDS) != 0;

	/* Strings of stores and of the ledger go with the next look. */
	m.flags = intern_str(w->words, m.flags, strlen(m.flags));
	if (w->changes == w->change_room) {
		w->change_room = w->change_room ? 2 * w->change_room : 64;
		w->change =
		    mem_resize(w->change, w->change_room, sizeof(*w->change));
	}
	w->change[w->changes++] = (struct change){.dst = k->dst,
	    .id = numbers ? k->dst : 0,
	    .m = m,
	    .found = k->found,
	    .was = intern_str(w->words, k->flags, strlen(k->flags))};
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
	    .size = ch->m.size,
	    .date = ch->m.date,
	    .flags = ch->m.flags,
	    .code = "",
	    .why = ""};
	int rc;

	store_uid(c->src, ch->m.id, &uid);
	e.uid = uid.data;
	rc = ledger_note(c->ledger, &e, f);
	buf_free(&uid);
	return rc;
}

int
carry_flags(struct copy *c, const struct work *w, const uint64_t *ids, size_t n,
    const char *is, const char *was, struct fail *f)
{
	struct buf add = {0}, kept = {0}, lost = {0}, gone = {0};
	int rc = 0;

	(void)flags_minus(&add, is, was);
	(void)flags_minus(&gone, was, is);
	if (add.len > 0)
		flags_allowed(add.data, w->di.permanentflags, &kept, &lost);
	if (kept.len > 0 || gone.len > 0)
		rc = store_flags(c->dst, ids, n, kept.len > 0 ? kept.data : "",
		    gone.len > 0 ? gone.data : "", f);
	buf_free(&add);
	buf_free(&kept);
	buf_free(&lost);
	buf_free(&gone);
	return rc;
}

static int
carried(struct copy *c, struct work *w, const struct change *ch,
    const struct fail *why, struct fail *f)
{
	struct buf uid = {0};
	int rc;

	store_uid(c->dst, ch->id, &uid);
	if (why == NULL)
		c->sum->flagged++;
	else {
		look_add(c, w, &ch->m, FATE_OVER);
		tell_item(c, w, --w->n, NULL, uid.data, "differs", why->code,
		    why->why);
		c->sum->differs++;
	}
	rc = note_flags(c, w, ch, uid.data, f);
	buf_free(&uid);
	return rc;
}

/* 0 carried, 1 refused for *why, or -1. */
static int
try_flags(struct copy *c, const struct work *w, const struct change *ch,
    size_t n, struct fail *why, struct fail *f)
{
	uint64_t ids[ALIKE];
	size_t i;

	for (i = 0; i < n; i++)
		ids[i] = ch[i].id;
	if (carry_flags(c, w, ids, n, ch->m.flags, ch->was, why) == 0)
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
	int d = strcmp(x->m.flags, y->m.flags);

	if (d == 0)
		d = strcmp(x->was, y->was);
	return d != 0 ? d : (x->id > y->id) - (x->id < y->id);
}

static int
is_alike(const struct change *x, const struct change *y)
{
	return x->m.flags == y->m.flags && x->was == y->was;
}

/* What is no longer at the target was removed by its owner, and stays so. */
int
change_all(struct copy *c, struct work *w, struct fail *f)
{
	const struct change *ch = w->change, *end = ch + w->changes;
	size_t n;

	if (w->changes == 0)
		return 0;
	if (enter_dst(c, w, f) == -1 ||
	    ((store_can(c->dst) & STORE_UIDS) == 0 && find_ids(c, w, f) == -1))
		return -1;
	qsort(w->change, w->changes, sizeof(*w->change), by_change);
	for (; ch < end; ch += n) {
		for (n = 1; ch + n < end && n < ALIKE && is_alike(ch, ch + n);)
			n++;
		if (ch->id == 0) {
			n = 1;
			continue;
		}
		if (carry(c, w, ch, n, f) == -1)
			return -1;
	}
	return 0;
}
