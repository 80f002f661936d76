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
gone_free(struct gones *g)
{
	if (g == NULL)
		return;
	free(g->folder);
	free(g->dst);
	free(g->at);
	free(g);
}

static struct gones *
gones_new(const struct work *w)
{
	struct gones *g = mem_alloc(sizeof(*g));

	g->folder = mem_strdup(w->folder);
	g->dst = mem_strdup(w->dst);
	g->uidvalidity = w->si.uidvalidity;
	g->dst_uidvalidity = w->di.uidvalidity;
	return g;
}

void
gone_collect(struct copy *c, struct work *w)
{
	struct gones *g;
	struct known_as k;
	uint64_t uid;
	size_t at = 0;

	if (!c->o->delete_gone || c->o->dry_run ||
	    (store_can(c->src) & store_can(c->dst) & STORE_UIDS) == 0)
		return; /* files: their owner decides */
	while (ledger_not_there(c->ledger, &at, &uid, &k)) {
		if (k.dst == 0)
			continue; /* nobody knows which one it is */
		if (w->gone == NULL)
			w->gone = gones_new(w);
		g = w->gone;
		if (g->n == g->room) {
			g->room = g->room ? 2 * g->room : 64;
			g->at = mem_resize(g->at, g->room, sizeof(*g->at));
		}
		g->at[g->n++] = (struct gone){.uid = uid, .dst = k.dst};
	}
}

void
gone_keep(struct copy *c, struct work *w)
{
	if (w->gone == NULL)
		return;
	w->gone->next = c->gones;
	c->gones = w->gone;
	w->gone = NULL;
}

static void
forget_first(struct copy *c)
{
	struct gones *g = c->gones;

	c->gones = g->next;
	gone_free(g);
}

void
gone_forget(struct copy *c)
{
	while (c->gones != NULL)
		forget_first(c);
}

/* ---- what was copied ---- */

static int
by_dst(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;

	return (x->dst > y->dst) - (x->dst < y->dst);
}

static struct gone *
find(const struct gones *g, uint64_t dst)
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
find_digests(struct copy *c, struct gones *g, struct fail *f)
{
	qsort(g->at, g->n, sizeof(*g->at), by_dst);
	return ledger_each_done(c->ledger, g->folder, take_digest, g, f);
}

/* ---- what of it is there ---- */

/* Up to BURST from the *at-th on: of all stages, or of what may go. */
static size_t
take_ids(const struct gones *g, size_t *at, int same, uint64_t ids[BURST])
{
	size_t n = 0;

	for (; *at < g->n && n < BURST; ++*at)
		if (!same || g->at[*at].stage == GONE_SAME)
			ids[n++] = g->at[*at].dst;
	return n;
}

static int
compare(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct gones *g = arg;
	struct gone *at = find(g, id);

	(void)f;
	if (at != NULL)
		at->stage = at->stage == GONE_KNOWN &&
			memcmp(at->digest, ident->sum[0], sizeof(at->digest)) ==
			    0
		    ? GONE_SAME
		    : GONE_OTHER;
	return 0;
}

/* Those that did not come: are they there? */
static int
find_rest(struct copy *c, struct gones *g, struct fail *f)
{
	struct msgref m;
	struct gone *at;
	size_t i, n = 0;
	int rc;

	for (i = 0; i < g->n; i++)
		if (g->at[i].stage <= GONE_KNOWN) {
			g->at[i].stage = GONE_ABSENT;
			n++;
		}
	rc = n > 0 ? store_scan(c->dst, 0, f) : 0;
	while (n > 0 && rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		at = find(g, m.id);
		if (at != NULL && at->stage == GONE_ABSENT)
			at->stage = GONE_OTHER;
		rc = 0;
	}
	return rc;
}

int
gone_read(struct copy *c, struct work *w, struct fail *f)
{
	struct gones *g = w->gone;
	uint64_t ids[BURST];
	size_t n, at = 0;

	if (g == NULL)
		return 0;
	if (enter_dst(c, w, f) == -1 || find_digests(c, g, f) == -1)
		return -1;
	while ((n = take_ids(g, &at, 0, ids)) > 0)
		if (digest_burst(c, c->dst, ids, n, c->digest, compare, g, f) ==
		    -1)
			return -1;
	return find_rest(c, g, f);
}

/* ---- out ---- */

/* Into it: 1, 0 if it is another folder by now, -1. */
static int
enter(struct copy *c, struct gones *g, struct fail *f)
{
	struct folder di;

	if (store_enter(c->dst, g->dst, 1, &di, f) == -1)
		return -1;
	g->over = di.uidvalidity != g->dst_uidvalidity;
	return !g->over;
}

static int
has_uidplus(const struct copy *c)
{
	return (store_can(c->dst) & STORE_UIDPLUS) != 0;
}

/* Nothing of it is asked ahead: first it must be seen that the folder is the
 * one that was read. */
static int
take_out(struct copy *c, struct gones *g, struct fail *f)
{
	uint64_t ids[BURST];
	size_t n, at = 0;
	int in = 0;

	while ((n = take_ids(g, &at, 1, ids)) > 0) {
		if (!in && (in = enter(c, g, f)) != 1)
			return in;
		if (store_flags(c->dst, ids, n, "\\Deleted", "", f) == -1 ||
		    (has_uidplus(c) && store_expunge(c->dst, ids, n, f) == -1))
			return -1;
	}
	return 0;
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
	    .digest = at->digest,
	    .status = status,
	    .code = code,
	    .hint = hint};

	store_uid(c->dst, at->dst, &uid);
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
	uint64_t noted = 0;
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct gone *at = &g->at[i];

		if (at->stage == GONE_OTHER) {
			tell(c, g, at, "differs", CODE_CHANGED,
			    "expunged at the source, but here it is not what "
			    "was copied: it stays");
			c->sum->differs++;
			continue;
		}
		if (at->stage == GONE_SAME && !has_uidplus(c))
			tell(c, g, at, "skipped", CODE_POLICY,
			    "marked \\Deleted, not expunged: the target has "
			    "no UIDPLUS");
		if (note_one(c, g, at, f) == -1)
			return -1;
		noted++;
	}
	if (state_gone(c, g->folder, noted, f) == -1)
		return -1;
	return ledger_sync(c->ledger, f);
}

/* ---- all folders ---- */

/* What fails by itself is told. */
static int
one_folder(struct copy *c, struct gones *g, struct fail *f)
{
	if (take_out(c, g, f) == 0 && (g->over || note_all(c, g, f) == 0))
		return 0;
	if (f->reach > REACH_FOLDER)
		return -1;
	c->sum->failed++;
	if (c->o->say != NULL)
		c->o->say(c->o->arg, f->why);
	return 0;
}

int
gone_all(struct copy *c, struct fail *f)
{
	c->dst_in = NULL;
	for (; c->gones != NULL; forget_first(c))
		if (stopping(f) == -1 || one_folder(c, c->gones, f) == -1)
			return -1;
	return 0;
}
