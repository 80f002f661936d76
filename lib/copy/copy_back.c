/*
 * copy_back.c: reads back what the target made of flags and dates (servers
 * lie: Dovecot 2.3 turns every date in the future into now), and finds the
 * new ids where receipts do not tell them.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

static int
by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
hashes_before(struct copy *c, struct work *w, struct fail *f)
{
	struct buf uid = {0};
	struct msgref m;
	size_t room = 0;
	int rc;

	if (store_can(c->dst) & STORE_UIDPLUS ||
	    (w->di.known & FOLDER_UIDNEXT) != 0)
		return 0;
	rc = store_scan(c->dst, 0, f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		if (w->before_n == room) {
			room = room ? room + room / 2 : 256;
			w->before =
			    mem_resize(w->before, room, sizeof(*w->before));
		}
		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		w->before[w->before_n++] = ledger_hash(uid.data);
		rc = 0;
	}
	if (w->before_n > 0)
		qsort(w->before, w->before_n, sizeof(*w->before), by_value);
	buf_free(&uid);
	return rc;
}

static void
compare(struct copy *c, struct work *w, size_t i, const struct msgref *got)
{
	const struct msgref *m = &w->todo[i];
	struct buf lost = {0}, hint = {0}, uid = {0};
	char was[CLOCK_TEXT], is[CLOCK_TEXT];
	int odd = 0;

	store_uid(c->dst, got->id, &uid);
	if (flags_minus(&lost, m->flags, got->flags) > 0) {
		odd = 1;
		buf_addf(&hint, "the target does not keep %s", lost.data);
		tell_item(c, w, i, NULL, uid.data, "differs", "FLAG",
		    hint.data);
	}
	if (m->date != got->date) {
		odd = 1;
		buf_reset(&hint);
		if (m->date == CLOCK_NONE)
			buf_addf(&hint,
			    "the source has no usable date, the target gave "
			    "it %s",
			    clock_format(is, got->date));
		else
			buf_addf(&hint, "the target made %s of %s",
			    clock_format(is, got->date),
			    clock_format(was, m->date));
		tell_item(c, w, i, NULL, uid.data, "differs", "DATE",
		    hint.data);
	}
	c->sum->differs += (uint64_t)odd;
	buf_free(&lost);
	buf_free(&hint);
	buf_free(&uid);
}

/* ---- where receipts told the ids ---- */

struct place {
	uint32_t dst, item;
};

static int
by_dst(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	return (x->dst > y->dst) - (x->dst < y->dst);
}

static int
back_by_id(struct copy *c, struct work *w, struct fail *f)
{
	struct place *at = mem_array(w->n, sizeof(*at));
	struct msgref got;
	size_t i, n = 0;
	int rc;

	for (i = 0; i < w->n; i++)
		if (w->fate[i] == FATE_DONE && w->todo[i].size != 0)
			at[n++] = (struct place){
			    (uint32_t)w->todo[i].size, (uint32_t)i};
	qsort(at, n, sizeof(*at), by_dst);
	rc = n > 0 ? store_scan(c->dst, at[0].dst, f) : 0;
	while (n > 0 && rc == 0 && (rc = store_next(c->dst, &got, f)) == 1) {
		struct place like = {(uint32_t)got.id, 0}, *p;

		p = bsearch(&like, at, n, sizeof(like), by_dst);
		if (p != NULL)
			compare(c, w, p->item, &got);
		rc = 0;
	}
	free(at);
	return rc;
}

/* ---- where they did not ---- */

/* The target's new ids, in its order. */
static int
new_ids(struct copy *c, struct work *w, struct msgref **ids, size_t *n,
    struct fail *f)
{
	uint64_t from = w->di.known & FOLDER_UIDNEXT ? w->di.uidnext : 0;
	struct buf uid = {0};
	struct msgref m;
	size_t room = 0;
	int rc = store_scan(c->dst, from, f);

	*ids = NULL;
	*n = 0;
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		rc = 0;
		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		if (set_has(w->before, w->before_n, ledger_hash(uid.data)))
			continue;
		if (*n == room) {
			room = room ? room + room / 2 : 256;
			*ids = mem_resize(*ids, room, sizeof(**ids));
		}
		(*ids)[(*n)++] = m;
	}
	buf_free(&uid);
	return rc;
}

/*
 * When exactly as many came as were accepted they are ours, in the order in
 * which they were sent.  Otherwise somebody else delivers here as well, and
 * the ids stay unknown: the digests in the ledger stand for them.
 */
static int
back_by_order(struct copy *c, struct work *w, struct fail *f)
{
	struct msgref *ids;
	struct buf uid = {0};
	size_t i, k = 0, n;
	int rc = new_ids(c, w, &ids, &n, f);

	if (rc == 0 && n == w->accepted)
		for (i = 0; rc == 0 && i < w->n; i++) {
			if (w->fate[i] != FATE_DONE || w->todo[i].size != 0 ||
			    c->flight == NULL)
				continue;
			if (k == n)
				break;
			buf_reset(&uid);
			store_uid(c->dst, ids[k].id, &uid);
			compare(c, w, i, &ids[k++]);
			rc = note(c, w, i, STEP_DONE, uid.data, NULL, NULL, f);
		}
	free(ids);
	buf_free(&uid);
	return rc;
}

int
read_back(struct copy *c, struct work *w, struct fail *f)
{
	size_t i;
	int told = 0;
	struct folder again;

	if (w->accepted == 0)
		return 0;
	for (i = 0; i < w->n && !told; i++)
		told = w->fate[i] == FATE_DONE && w->todo[i].size != 0;
	if (told)
		return back_by_id(c, w, f);
	/* Files are found again only when the folder is read anew. */
	if (store_enter(c->dst, w->dst, 1, &again, f) == -1)
		return -1;
	w->di.permanentflags = again.permanentflags;
	return back_by_order(c, w, f);
}
