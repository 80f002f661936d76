/*
 * copy_gone.c: what is expunged at the source goes at the target too, with
 * --delete: only what this ledger wrote, under the same UIDVALIDITY, and as
 * long as it is what was copied.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* ---- gathering ---- */

void
gone_collect(struct copy *c, struct work *w)
{
	struct known_as k;
	uint64_t uid;
	size_t at = 0;

	w->gones = 0;
	if (!c->o->delete_gone || c->o->dry_run)
		return;
	while (ledger_not_there(c->ledger, &at, &uid, &k)) {
		if (k.dst == 0)
			continue; /* nobody knows which one it is */
		if (w->gones == w->gone_room) {
			w->gone_room = w->gone_room ? 2 * w->gone_room : 64;
			w->gone =
			    mem_resize(w->gone, w->gone_room, sizeof(*w->gone));
		}
		w->gone[w->gones++] = (struct gone){.uid = uid, .dst = k.dst};
	}
}

void
gone_keep(struct copy *c, struct work *w)
{
	struct gones *g;

	if (w->gones == 0)
		return;
	g = mem_alloc(sizeof(*g));
	g->folder = mem_strdup(w->folder);
	g->dst = mem_strdup(w->dst);
	g->uidvalidity = w->si.uidvalidity;
	g->dst_uidvalidity = w->di.uidvalidity;
	g->at = w->gone;
	g->n = w->gones;
	g->next = c->gones;
	c->gones = g;
	w->gone = NULL;
	w->gones = w->gone_room = 0;
}

static void
forget_first(struct copy *c)
{
	struct gones *g = c->gones;

	c->gones = g->next;
	free(g->folder);
	free(g->dst);
	free(g->at);
	free(g);
}

void
gone_forget(struct copy *c)
{
	while (c->gones != NULL)
		forget_first(c);
}

/* ---- what of it is there, and what was copied ---- */

static int
by_dst(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;

	return (x->dst > y->dst) - (x->dst < y->dst);
}

static int
by_id(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct gone *
find(struct gones *g, uint64_t dst)
{
	struct gone like = {.dst = dst};

	return dst == 0 ? NULL
			: bsearch(&like, g->at, g->n, sizeof(like), by_dst);
}

static void
take_digest(void *arg, const struct entry *e)
{
	struct gones *g = arg;
	struct gone *at;

	if (e->uidvalidity != g->uidvalidity ||
	    e->dst_uidvalidity != g->dst_uidvalidity ||
	    strcmp(e->dst_folder, g->dst) != 0 ||
	    (at = find(g, ledger_hash(e->dst_uid))) == NULL)
		return;
	memcpy(at->digest, e->digest, sizeof(at->digest));
	at->stage = GONE_KNOWN;
}

static int
find_ids(struct copy *c, struct gones *g, struct fail *f)
{
	struct buf uid = {0};
	struct msgref m;
	struct gone *at;
	int rc = store_scan(c->dst, 0, f);

	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		if ((at = find(g, ledger_hash(uid.data))) != NULL)
			at->id = m.id;
		rc = 0;
	}
	buf_free(&uid);
	return rc;
}

static int
compare(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct gones *g = arg;
	struct gone like = {.id = id}, *at;

	(void)f;
	at = bsearch(&like, g->at, g->n, sizeof(like), by_id);
	if (at != NULL && at->stage == GONE_KNOWN &&
	    memcmp(at->digest, ident->sum[0], sizeof(at->digest)) == 0)
		at->stage = GONE_SAME;
	return 0;
}

/* Calls one for runs of up to BURST that are at the target in this stage. */
static int
each_burst(struct copy *c, struct gones *g, int stage,
    int (*one)(
	struct copy *, struct gones *, const uint64_t *, size_t, struct fail *),
    struct fail *f)
{
	uint64_t ids[BURST];
	size_t i, n = 0;

	for (i = 0; i < g->n; i++) {
		if (g->at[i].id != 0 && (int)g->at[i].stage == stage)
			ids[n++] = g->at[i].id;
		if (n == BURST || (n > 0 && i + 1 == g->n)) {
			if (one(c, g, ids, n, f) == -1)
				return -1;
			n = 0;
		}
	}
	return n > 0 ? one(c, g, ids, n, f) : 0;
}

static int
read_them(struct copy *c, struct gones *g, const uint64_t *ids, size_t n,
    struct fail *f)
{
	return digest_burst(c, c->dst, ids, n, c->digest, compare, g, f);
}

/* ---- out ---- */

static int
take_out(struct copy *c, struct gones *g, const uint64_t *ids, size_t n,
    struct fail *f)
{
	(void)g;
	if (store_flags(c->dst, ids, n, "\\Deleted", "", f) == -1)
		return -1;
	if ((store_can(c->dst) & STORE_UIDPLUS) == 0)
		return 0;
	return store_expunge(c->dst, ids, n, f);
}

static void
tell(struct copy *c, const struct gones *g, const struct gone *at,
    const char *status, enum code code, const char *hint)
{
	struct buf uid = {0};
	struct copy_note n = {.folder = g->folder,
	    .dst_folder = g->dst,
	    .uid = "",
	    .date = CLOCK_NONE,
	    .flags = "",
	    .digest = at->stage == GONE_UNKNOWN ? NULL : at->digest,
	    .status = status,
	    .code = code,
	    .hint = hint};

	store_uid(c->dst, at->id, &uid);
	n.dst_uid = uid.data;
	tell_note(c, &n);
	buf_free(&uid);
}

/* Only a number is its own hash, see ledger_hash; other uids are not here. */
static int
note_one(struct copy *c, const struct gones *g, const struct gone *at,
    struct fail *f)
{
	char uid[24], dst_uid[24];
	struct entry e = {.step = STEP_GONE,
	    .folder = g->folder,
	    .uidvalidity = g->uidvalidity,
	    .uid = uid,
	    .dst_folder = g->dst,
	    .dst_uidvalidity = g->dst_uidvalidity,
	    .dst_uid = dst_uid,
	    .date = CLOCK_NONE,
	    .flags = "",
	    .code = "",
	    .why = ""};

	(void)snprintf(uid, sizeof(uid), "%llu", (unsigned long long)at->uid);
	(void)snprintf(
	    dst_uid, sizeof(dst_uid), "%llu", (unsigned long long)at->dst);
	return ledger_note(c->ledger, &e, f);
}

static int
note_all(struct copy *c, struct gones *g, struct fail *f)
{
	int only_marked = (store_can(c->dst) & STORE_UIDPLUS) == 0;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct gone *at = &g->at[i];

		if (at->id != 0 && at->stage != GONE_SAME) {
			tell(c, g, at, "differs", CODE_CHANGED,
			    "expunged at the source, but here it is not what "
			    "was copied: it stays");
			c->sum->differs++;
			continue;
		}
		if (at->id != 0 && only_marked)
			tell(c, g, at, "skipped", CODE_POLICY,
			    "marked \\Deleted, not expunged: the target has "
			    "no UIDPLUS");
		if (note_one(c, g, at, f) == -1)
			return -1;
	}
	return ledger_sync(c->ledger, f);
}

static int
one_folder(struct copy *c, struct gones *g, struct fail *f)
{
	struct folder di;
	size_t i;

	for (i = 0; i < g->n; i++) { /* a cut connection tried it before */
		g->at[i].id = 0;
		g->at[i].stage = GONE_UNKNOWN;
	}
	qsort(g->at, g->n, sizeof(*g->at), by_dst);
	if (ledger_each_done(c->ledger, g->folder, take_digest, g, f) == -1 ||
	    store_enter(c->dst, g->dst, 1, &di, f) == -1)
		return -1;
	if (di.uidvalidity != g->dst_uidvalidity)
		return 0; /* another folder by now */
	if (find_ids(c, g, f) == -1)
		return -1;
	qsort(g->at, g->n, sizeof(*g->at), by_id);
	if (each_burst(c, g, GONE_KNOWN, read_them, f) == -1 ||
	    each_burst(c, g, GONE_SAME, take_out, f) == -1)
		return -1;
	return note_all(c, g, f);
}

int
gone_all(struct copy *c, struct fail *f)
{
	const unsigned int both = store_can(c->src) & store_can(c->dst);

	c->dst_in = NULL;
	for (; c->gones != NULL; forget_first(c)) {
		if (stopping(f) == -1)
			return -1;
		if ((both & STORE_UIDS) == 0)
			continue; /* files: their owner decides */
		if (one_folder(c, c->gones, f) == -1) {
			if (f->reach > REACH_FOLDER)
				return -1;
			c->sum->failed++;
			if (c->o->say != NULL)
				c->o->say(c->o->arg, f->why);
		}
	}
	return 0;
}
