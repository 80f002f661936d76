/* copy_look.c: what is new at the source, and flags that changed. */
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

static void
add(struct copy *c, struct work *w, const struct msgref *m, enum fate fate)
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

/* ---- flags of what was copied before ---- */

struct change {
	uint64_t dst; /* ledger_hash of the target's uid */
	uint64_t id; /* at the target, 0: not there */
	struct msgref m;
	const char *was;
};
struct changes {
	struct change *at;
	size_t n, room;
};

static void
add_change(struct copy *c, struct work *w, struct changes *all,
    const struct known_as *k, struct msgref m)
{
	int numbers = (store_can(c->dst) & STORE_UIDS) != 0;

	/* Strings of stores and of the ledger go with the next look. */
	m.flags = intern_str(w->words, m.flags, strlen(m.flags));
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->at = mem_resize(all->at, all->room, sizeof(*all->at));
	}
	all->at[all->n++] = (struct change){.dst = k->dst,
	    .id = numbers ? k->dst : 0,
	    .m = m,
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

int
carry_flags(struct copy *c, const struct work *w, uint64_t id, const char *is,
    const char *was, struct fail *f)
{
	struct buf add = {0}, kept = {0}, lost = {0}, gone = {0};
	int rc = 0;

	(void)flags_minus(&add, is, was);
	(void)flags_minus(&gone, was, is);
	if (add.len > 0)
		flags_allowed(add.data, w->di.permanentflags, &kept, &lost);
	if (kept.len > 0 || gone.len > 0)
		rc = store_flags(c->dst, id, kept.len > 0 ? kept.data : "",
		    gone.len > 0 ? gone.data : "", f);
	buf_free(&add);
	buf_free(&kept);
	buf_free(&lost);
	buf_free(&gone);
	return rc;
}

/* What the target refuses is told once: the ledger has it as carried. */
static int
carry(struct copy *c, struct work *w, const struct change *ch, struct fail *f)
{
	struct buf uid = {0};
	struct fail why = {0};
	int rc = carry_flags(c, w, ch->id, ch->m.flags, ch->was, &why);

	if (rc == -1 && why.reach != REACH_MESSAGE) {
		*f = why;
		return -1;
	}
	store_uid(c->dst, ch->id, &uid);
	if (rc == 0)
		c->sum->flagged++;
	else {
		add(c, w, &ch->m, FATE_OVER);
		tell_item(
		    c, w, --w->n, NULL, uid.data, "differs", why.code, why.why);
		c->sum->differs++;
	}
	rc = note_flags(c, w, ch, uid.data, f);
	buf_free(&uid);
	return rc;
}

/* Uids that are no numbers are found by reading the target once. */
static int
find_ids(struct copy *c, struct changes *all, struct fail *f)
{
	struct buf uid = {0};
	struct msgref m;
	int rc = store_scan(c->dst, 0, f);

	qsort(all->at, all->n, sizeof(*all->at), by_dst);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		struct change like = {0}, *ch;

		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		like.dst = ledger_hash(uid.data);
		ch = bsearch(&like, all->at, all->n, sizeof(like), by_dst);
		if (ch != NULL)
			ch->id = m.id;
		rc = 0;
	}
	buf_free(&uid);
	return rc;
}

/* What is no longer at the target was removed by its owner, and stays so. */
static int
carry_all(struct copy *c, struct work *w, struct changes *all, struct fail *f)
{
	size_t i;
	int rc = 0;

	for (i = 0; i < all->n && all->at[i].id != 0; i++)
		;
	if (i < all->n)
		rc = find_ids(c, all, f);
	for (i = 0; rc == 0 && i < all->n; i++)
		if (all->at[i].id != 0)
			rc = carry(c, w, &all->at[i], f);
	return rc;
}

/* ---- the scan ---- */

static void
one(struct copy *c, struct work *w, const struct msgref *m,
    struct changes *changed)
{
	struct buf uid = {0};
	struct known_as k;

	c->sum->messages++;
	c->sum->bytes += m->size;
	store_uid(c->src, m->id, &uid);
	ledger_find(c->ledger, ledger_hash(uid.data), &k);
	buf_free(&uid);
	w->found += k.state == KNOWN_DONE || k.state == KNOWN_ELSEWHERE;
	if (!is_wanted(c, m))
		c->sum->skipped++;
	else if (k.state == KNOWN_ELSEWHERE)
		c->sum->same++;
	else if (k.state == KNOWN_DONE) {
		c->sum->same++;
		if (k.dst == 0)
			add(c, w, m, FATE_PLACE);
		else if (k.dst >= w->unread) {
			add(c, w, m, FATE_DONE);
			w->item[w->n - 1].size = k.dst;
			w->accepted++;
		} else if (strcmp(k.flags, m->flags) != 0)
			add_change(c, w, changed, &k, *m);
	} else if (!resume_was_refused(c, (uint32_t)m->id))
		add(c, w, m,
		    k.state == KNOWN_INTENT	? FATE_DOUBT
			: k.state == KNOWN_LEFT ? FATE_LEFT
						: FATE_NEW);
}

int
look(struct copy *c, struct work *w, struct fail *f)
{
	struct changes changed = {0};
	struct msgref m;
	uint64_t done = ledger_count(c->ledger, KNOWN_DONE) +
	    ledger_count(c->ledger, KNOWN_ELSEWHERE);
	int rc;

	if (store_scan(c->src, 0, f) == -1)
		return -1;
	while ((rc = store_next(c->src, &m, f)) == 1)
		one(c, w, &m, &changed);
	if (rc == -1 && f->reach == REACH_MESSAGE) {
		/* Counted, but never listed: what is listed is copied. */
		c->sum->failed++;
		tell_folder(c, w->move, "failed", f);
		rc = 0;
	}
	if (rc == 0 && done > w->found)
		c->sum->gone += done - w->found;
	if (rc == 0) /* copied in this run, before a connection was cut */
		c->sum->same -= c->resume.accepted < c->sum->same
		    ? c->resume.accepted
		    : c->sum->same;
	if (rc == 0 && c->o->dry_run)
		c->sum->flagged += changed.n;
	else if (rc == 0 && changed.n > 0)
		rc = carry_all(c, w, &changed, f);
	free(changed.at);
	return rc;
}
