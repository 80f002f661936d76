/* copy_look.c: what is new at the source, and flags that changed. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

void
work_free(struct work *w)
{
	free(w->todo);
	free(w->fate);
	free(w->before);
	w->todo = NULL;
	w->fate = NULL;
	w->before = NULL;
	w->n = w->room = w->before_n = 0;
}

static int
by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
set_has(const uint64_t *set, size_t n, uint64_t v)
{
	return n > 0 && bsearch(&v, set, n, sizeof(v), by_value) != NULL;
}

/* ---- options that leave messages out ---- */

/* uids: numbers and ranges, "1:100,205"; "*" is the end. */
static int
in_ranges(const char *s, uint64_t id)
{
	while (*s != '\0') {
		size_t n = strcspn(s, ",");
		const char *colon = memchr(s, ':', n);
		size_t low_len = colon != NULL ? (size_t)(colon - s) : n;
		uint64_t low, high = UINT64_MAX;

		if (text_u64(s, low_len, &low)) {
			if (colon == NULL)
				high = low;
			else if (colon[1] != '*')
				(void)text_u64(
				    colon + 1, n - low_len - 1, &high);
			if (id >= low && id <= high)
				return 1;
		}
		s += n + (s[n] == ',');
	}
	return 0;
}

static int
is_wanted(const struct copy *c, const struct msgref *m)
{
	const struct copy_opt *o = c->o;
	const char *uids = row_get(c->job, "uids");

	return (*uids == '\0' || in_ranges(uids, m->id)) &&
	    (o->since == CLOCK_NONE || m->date >= o->since) &&
	    (o->before == CLOCK_NONE || m->date < o->before) &&
	    (o->min_size == 0 || m->size >= o->min_size) &&
	    (o->max_size == 0 || m->size <= o->max_size);
}

static void
add(struct work *w, const struct msgref *m, enum fate fate)
{
	if (w->n == w->room) {
		w->room = w->room ? w->room + w->room / 2 : 256;
		w->todo = mem_resize(w->todo, w->room, sizeof(*w->todo));
		w->fate = mem_resize(w->fate, w->room, sizeof(*w->fate));
	}
	w->todo[w->n] = *m;
	w->fate[w->n++] = (unsigned char)fate;
	w->octets += m->size;
}

/* ---- flags of what was copied before ---- */

struct change {
	uint64_t dst; /* hash of the target's id */
	struct msgref m;
	const char *was;
};
struct changes {
	struct change *at;
	size_t n, room;
};

static void
add_change(struct changes *all, uint64_t dst, const struct msgref *m,
    const char *was)
{
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->at = mem_resize(all->at, all->room, sizeof(*all->at));
	}
	all->at[all->n++] = (struct change){dst, *m, was};
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
	struct entry e = {.step = STEP_DONE,
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

static int
carry(struct copy *c, struct work *w, const struct change *ch, uint64_t id,
    struct fail *f)
{
	struct buf add = {0}, kept = {0}, lost = {0}, gone = {0}, uid = {0};
	int rc;

	(void)flags_minus(&add, ch->m.flags, ch->was);
	(void)flags_minus(&gone, ch->was, ch->m.flags);
	flags_allowed(add.data, w->di.permanentflags, &kept, &lost);
	rc = store_flags(c->dst, id, kept.data, gone.data, f);
	store_uid(c->dst, id, &uid);
	if (rc == 0 && (rc = note_flags(c, w, ch, uid.data, f)) == 0)
		c->sum->flagged++;
	buf_free(&add);
	buf_free(&kept);
	buf_free(&lost);
	buf_free(&gone);
	buf_free(&uid);
	return rc;
}

/*
 * The target is read once for the ids, which need not be numbers; what is no
 * longer there was deleted by its owner, and stays deleted.
 */
static int
carry_all(
    struct copy *c, struct work *w, struct changes *all, struct fail *f)
{
	struct {
		uint64_t id;
		size_t at;
	} *hit = mem_array(all->n, sizeof(*hit));
	struct buf uid = {0};
	struct msgref m;
	size_t i, n = 0;
	int rc;

	qsort(all->at, all->n, sizeof(*all->at), by_dst);
	rc = store_scan(c->dst, 0, f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		struct change like = {0}, *ch;

		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		like.dst = ledger_hash(uid.data);
		ch = bsearch(&like, all->at, all->n, sizeof(like), by_dst);
		if (ch != NULL && n < all->n) {
			hit[n].id = m.id;
			hit[n++].at = (size_t)(ch - all->at);
		}
		rc = 0;
	}
	for (i = 0; rc == 0 && i < n; i++) {
		rc = carry(c, w, &all->at[hit[i].at], hit[i].id, f);
		if (rc == -1 && f->reach == REACH_MESSAGE) {
			c->sum->failed++;
			rc = 0;
		}
	}
	free(hit);
	buf_free(&uid);
	return rc;
}

/* ---- the scan ---- */

static int
one(struct copy *c, struct work *w, const struct msgref *m,
    struct changes *changed)
{
	struct buf uid = {0};
	struct known_as k;

	c->sum->messages++;
	c->sum->bytes += m->size;
	if (!is_wanted(c, m)) {
		c->sum->skipped++;
		return 0;
	}
	store_uid(c->src, m->id, &uid);
	ledger_find(c->ledger, ledger_hash(uid.data), &k);
	buf_free(&uid);
	if (k.state != KNOWN_DONE) {
		add(w, m, k.state == KNOWN_INTENT ? FATE_DOUBT : FATE_NEW);
		return 0;
	}
	w->found++;
	c->sum->same++;
	if (k.dst != 0 && strcmp(k.flags, m->flags) != 0)
		add_change(changed, k.dst, m, k.flags);
	return 0;
}

int
look(struct copy *c, struct work *w, struct fail *f)
{
	struct changes changed = {0};
	struct msgref m;
	int rc;

	w->found = w->octets = 0;
	if (store_scan(c->src, 0, f) == -1)
		return -1;
	while ((rc = store_next(c->src, &m, f)) == 1)
		(void)one(c, w, &m, &changed);
	if (rc == 0 && *row_get(c->job, "uids") == '\0' &&
	    ledger_count(c->ledger, KNOWN_DONE) > w->found)
		c->sum->gone +=
		    ledger_count(c->ledger, KNOWN_DONE) - w->found;
	if (rc == 0 && changed.n > 0) {
		if (c->o->dry_run)
			c->sum->flagged += changed.n;
		else
			rc = carry_all(c, w, &changed, f);
	}
	free(changed.at);
	return rc;
}
