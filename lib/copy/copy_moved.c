/*
 * copy_moved.c: a message that was moved at the source is copied within the
 * target instead of being sent again.  Candidates are what the ledger has of
 * folders that lost messages, by size and date; the digest decides.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* ---- folders that lost messages ---- */

static const struct folder *
source_folder(const struct copy *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->src_n; i++)
		if (strcmp(c->src_list[i].name, name) == 0)
			return &c->src_list[i];
	return NULL;
}

void
moved_begin(struct copy *c)
{
	struct intern *known = intern_new();
	const char *name;
	size_t i, n = 0;

	c->lost = NULL;
	for (i = 0; (name = ledger_folder(c->ledger, i)) != NULL; i++) {
		const struct folder *src = source_folder(c, name);

		if (intern_has(known, name) ||
		    (src != NULL && src->selectable && !state_lost(c, src)))
			continue;
		(void)intern_str(known, name, strlen(name));
		c->lost = mem_resize(c->lost, n + 2, sizeof(*c->lost));
		c->lost[n++] = mem_strdup(name);
		c->lost[n] = NULL;
	}
	intern_free(known);
}

void
moved_end(struct copy *c)
{
	size_t i;

	for (i = 0; c->lost != NULL && c->lost[i] != NULL; i++)
		free(c->lost[i]);
	free(c->lost);
	c->lost = NULL;
}

/* ---- what is new, and what it may be ---- */

struct came { /* a new message at the source */
	uint64_t size;
	int64_t date;
	struct work *work;
	size_t item;
	int asked; /* there is a candidate by size and date */
	uint8_t digest[32];
	uint64_t id; /* to be copied; in folder: */
	uint32_t uidvalidity;
	const char *folder;
};
struct candidate {
	uint8_t digest[32];
	uint32_t uidvalidity;
	uint64_t id;
	int64_t date;
	const char *folder; /* of the target */
};
struct moved {
	struct copy *c;
	struct came *came;
	size_t n;
	struct candidate *at;
	size_t at_n, at_room;
	struct intern *names;
	const struct work *in; /* the folder whose bodies are read */
};

static int
by_size(const void *a, const void *b)
{
	const struct came *x = a, *y = b;

	if (x->size != y->size)
		return x->size < y->size ? -1 : 1;
	return (x->date > y->date) - (x->date < y->date);
}

static void
add_new(struct moved *v, struct wave *wave)
{
	struct work *w;
	size_t i, room = 0;

	for (w = wave->work; w < wave->work + wave->n; w++)
		for (i = 0; w->stage == WORK_GOING && i < w->n; i++)
			room += w->item[i].fate == FATE_NEW;
	v->came = mem_array(room, sizeof(*v->came));
	for (w = wave->work; w < wave->work + wave->n; w++)
		for (i = 0; w->stage == WORK_GOING && i < w->n; i++)
			if (w->item[i].fate == FATE_NEW)
				v->came[v->n++] =
				    (struct came){.size = w->item[i].size,
					.date = w->item[i].date,
					.work = w,
					.item = i};
	if (v->n > 0)
		qsort(v->came, v->n, sizeof(*v->came), by_size);
}

static void
add_candidate(void *arg, const struct entry *e)
{
	struct moved *v = arg;
	struct came like = {.size = e->size, .date = e->date}, *at;
	uint64_t id;

	if (*e->dst_folder == '\0' ||
	    !text_u64(e->dst_uid, strlen(e->dst_uid), &id) || id == 0 ||
	    (at = bsearch(&like, v->came, v->n, sizeof(like), by_size)) == NULL)
		return;
	while (at > v->came && by_size(at - 1, &like) == 0)
		at--;
	for (; at < v->came + v->n && by_size(at, &like) == 0; at++)
		at->asked = 1;
	if (v->at_n == v->at_room) {
		v->at_room = v->at_room ? 2 * v->at_room : 64;
		v->at = mem_resize(v->at, v->at_room, sizeof(*v->at));
	}
	v->at[v->at_n] = (struct candidate){.uidvalidity = e->dst_uidvalidity,
	    .id = id,
	    .date = e->date,
	    .folder =
		intern_str(v->names, e->dst_folder, strlen(e->dst_folder))};
	memcpy(v->at[v->at_n++].digest, e->digest, sizeof(e->digest));
}

/* ---- the digest decides ---- */

static int
decide(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct moved *v = arg;
	struct came *m;
	size_t i;

	(void)f;
	for (m = v->came; m < v->came + v->n; m++)
		if (m->work == v->in && m->asked &&
		    m->work->item[m->item].id == id)
			break;
	if (m == v->came + v->n)
		return 0;
	memcpy(m->digest, ident->sum[0], sizeof(m->digest));
	for (i = 0; i < v->at_n; i++)
		if (v->at[i].id != 0 && v->at[i].date == m->date &&
		    memcmp(v->at[i].digest, m->digest, sizeof(m->digest)) ==
			0) {
			m->id = v->at[i].id;
			m->uidvalidity = v->at[i].uidvalidity;
			m->folder = v->at[i].folder;
			v->at[i].id = 0; /* one for one */
			break;
		}
	return 0;
}

/* Of one folder of the wave, up to BURST at a time. */
static int
read_digests(struct moved *v, struct work *w, struct fail *f)
{
	uint64_t ids[BURST];
	size_t i, n = 0;
	int rc = 0;

	v->in = w;
	for (i = 0; rc == 0 && i <= v->n; i++) {
		if (i < v->n && v->came[i].work == w && v->came[i].asked)
			ids[n++] = w->item[v->came[i].item].id;
		if (n == 0 || (n < BURST && i < v->n))
			continue;
		qsort(ids, n, sizeof(*ids), order_u64);
		rc = enter_src(v->c, w, f);
		if (rc == 0)
			rc = digest_burst(v->c, v->c->src, ids, n, v->c->digest,
			    decide, v, f);
		n = 0;
	}
	return rc;
}

/* ---- copied within the target ---- */

struct run { /* from one folder of the target into another */
	struct came *came[BURST];
	uint64_t id[BURST], to[BURST];
	const char *flags[BURST]; /* that the target's copies have */
	size_t n;
};

static int
by_place(const void *a, const void *b)
{
	const struct came *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder < y->folder ? -1 : 1;
	if (x->uidvalidity != y->uidvalidity)
		return x->uidvalidity < y->uidvalidity ? -1 : 1;
	if (x->work != y->work)
		return x->work < y->work ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

/* The target's owner may have removed some: those are sent. */
static int
drop_absent(struct moved *v, struct run *r, struct fail *f)
{
	struct msgref m = {.flags = ""};
	size_t i, k = 0;
	int rc = store_scan(v->c->dst, r->id[0], f), more = 1;

	for (i = 0; rc == 0 && i < r->n; i++) {
		while (more == 1 && m.id < r->id[i])
			if ((more = store_next(v->c->dst, &m, f)) == -1)
				return -1;
		/* What is \Deleted there must not be so here: it is sent. */
		if (more != 1 || m.id != r->id[i] ||
		    (k > 0 && r->id[k - 1] == m.id) ||
		    flags_has(m.flags, "\\Deleted"))
			continue;
		r->came[k] = r->came[i];
		r->flags[k] = intern_str(
		    r->came[i]->work->words, m.flags, strlen(m.flags));
		r->id[k++] = r->id[i];
	}
	while (rc == 0 && more == 1)
		if ((more = store_next(v->c->dst, &m, f)) == -1)
			return -1;
	r->n = k;
	return rc;
}

static int
note_intents(struct moved *v, const struct run *r, struct fail *f)
{
	struct work *w = r->came[0]->work;
	char next[24] = "";
	size_t i;

	if (w->di.known & FOLDER_UIDNEXT)
		(void)snprintf(
		    next, sizeof(next), "%u", (unsigned int)w->di.uidnext);
	for (i = 0; i < r->n; i++)
		if (note(v->c, w, r->came[i]->item, STEP_INTENT, next, NULL,
			NULL, f) == -1)
			return -1;
	return ledger_sync(v->c->ledger, f);
}

static int
note_copy(struct copy *c, const struct run *r, size_t i, const char *flags,
    struct fail *f)
{
	struct came *m = r->came[i];
	struct item *it = &m->work->item[m->item];
	uint32_t is = it->flags;
	char uid[24];
	int rc;

	(void)snprintf(uid, sizeof(uid), "%llu", (unsigned long long)r->to[i]);
	it->flags = intern_number(m->work->words, flags, strlen(flags));
	rc = note(c, m->work, m->item, STEP_DONE, uid, m->digest, NULL, f);
	it->flags = is;
	return rc;
}

static int
note_done(struct moved *v, const struct run *r, struct fail *f)
{
	struct copy *c = v->c;
	size_t i;

	for (i = 0; i < r->n; i++) {
		struct work *w = r->came[i]->work;
		struct item *it = &w->item[r->came[i]->item];

		if (r->to[i] == 0)
			continue;
		if (note_copy(c, r, i, r->flags[i], f) == -1)
			return -1;
		c->sum->copied++;
		c->sum->copied_bytes += it->size;
		c->messages++;
		w->accepted++;
		w->copied++;
		w->sent++;
		it->fate = FATE_DONE;
		it->size = r->to[i];
	}
	return 0;
}

/*
 * The copy has the flags of what it was copied from, and so has the ledger
 * until they are those of the source.
 */
static int
set_flags(struct moved *v, const struct run *r, struct fail *f)
{
	struct work *w = r->came[0]->work;
	size_t i;

	for (i = 0; i < r->n; i++) {
		const char *is = item_flags(w, &w->item[r->came[i]->item]);

		if (r->to[i] == 0 || strcmp(is, r->flags[i]) == 0)
			continue;
		if (enter_dst(v->c, w, f) == -1 ||
		    (carry_flags(v->c, w, &r->to[i], 1, is, r->flags[i], f) ==
			    -1 &&
			f->reach != REACH_MESSAGE) ||
		    note_copy(v->c, r, i, is, f) == -1)
			return -1;
	}
	return 0;
}

static int
copy_run(struct moved *v, struct run *r, struct fail *f)
{
	struct copy *c = v->c;
	struct work *w = r->came[0]->work;
	struct folder di;
	size_t i;
	int rc;

	c->dst_in = NULL;
	if (store_enter(c->dst, r->came[0]->folder, 1, &di, f) == -1)
		return f->reach > REACH_FOLDER ? -1 : 0; /* it is no more */
	if (di.uidvalidity != r->came[0]->uidvalidity)
		return 0;
	if (drop_absent(v, r, f) == -1 || r->n == 0)
		return r->n == 0 ? 0 : -1;
	if (note_intents(v, r, f) == -1)
		return -1;
	rc = store_copy(c->dst, r->id, r->n, w->dst, r->to, f);
	if (rc == -1 && f->reach > REACH_FOLDER)
		return -1;
	if (note_done(v, r, f) == -1 || set_flags(v, r, f) == -1)
		return -1;
	for (i = 0; rc == 0 && i < r->n; i++)
		if (r->to[i] == 0)
			return fail_set(f, CODE_PROTO, REACH_FOLDER,
			    AGAIN_LATER, "COPY",
			    "the target does not say what became of it");
	return 0; /* what was refused is sent */
}

/* Runs of those that go from one folder into one folder. */
static int
copy_all(struct moved *v, struct fail *f)
{
	struct run r = {.n = 0};
	size_t i;

	qsort(v->came, v->n, sizeof(*v->came), by_place);
	for (i = 0; i < v->n; i++) {
		struct came *m = &v->came[i];

		if (m->folder == NULL || m->work->stage != WORK_GOING)
			continue;
		r.came[r.n] = m;
		r.id[r.n++] = m->id;
		if (r.n < BURST && i + 1 < v->n &&
		    v->came[i + 1].folder == m->folder &&
		    v->came[i + 1].uidvalidity == m->uidvalidity &&
		    v->came[i + 1].work == m->work)
			continue;
		if (stopping(f) == -1 ||
		    fold(v->c, m->work, copy_run(v, &r, f), f) == -1)
			return -1;
		r.n = 0;
	}
	return 0;
}

int
moved_all(struct copy *c, struct wave *wave, struct fail *f)
{
	struct moved v = {.c = c};
	struct work *w;
	size_t i;
	int rc = 0;

	if (c->lost == NULL || (store_can(c->dst) & STORE_UIDS) == 0 ||
	    (store_can(c->dst) & STORE_UIDPLUS) == 0)
		return 0;
	v.names = intern_new();
	add_new(&v, wave);
	for (i = 0; rc == 0 && v.n > 0 && c->lost[i] != NULL; i++)
		rc = ledger_each_done(
		    c->ledger, c->lost[i], add_candidate, &v, f);
	for (w = wave->work; rc == 0 && v.at_n > 0 && w < wave->work + wave->n;
	     w++)
		rc = fold(c, w, read_digests(&v, w, f), f);
	if (rc == 0 && v.at_n > 0)
		rc = copy_all(&v, f);
	free(v.came);
	free(v.at);
	intern_free(v.names);
	return rc;
}
