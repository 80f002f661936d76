/* copy_enter.c: the folders of both ends: made, entered, left. */
#include <stdio.h>
#include <string.h>

#include "copy/copy_p.h"

static int
needs_folder(const struct move *m)
{
	return m->dst == NULL || !m->dst->selectable;
}

int
enter_subscribes(const struct copy *c, const struct move *m)
{
	return (m->src->known & FOLDER_SUBSCRIBED) != 0 && m->src->subscribed &&
	    (m->dst == NULL || !m->dst->subscribed) &&
	    (store_can(c->dst) & STORE_SUBSCRIBE) != 0;
}

static enum role
role_at(const struct copy *c, const struct move *m)
{
	return (store_can(c->dst) & STORE_ROLES) != 0 ? m->role : ROLE_NONE;
}

/* ---- ahead ---- */

int
enter_is_light(struct copy *c, const struct move *m)
{
	return (store_can(c->src) & store_can(c->dst) & STORE_UIDS) != 0 &&
	    (m->src->known & FOLDER_MESSAGES) != 0 &&
	    m->src->role != ROLE_ALL &&
	    (needs_folder(m) || looked_ever(c, m->src->name) ||
		((m->dst->known & FOLDER_MESSAGES) != 0 &&
		    m->dst->messages == 0));
}

static int
ahead_src(struct copy *c, const struct work *w, struct fail *f)
{
	struct ahead_of a = {.what = AHEAD_OF_ENTER, .folder = w->folder};
	int rc = store_ahead(c->src, &a, f);

	return rc == 1 ? look_ahead(c, w->move, f) : rc;
}

/*
 * The target's folder is known well enough from its STATUS, as long as only
 * changes are carried: it is opened when there is one.
 */
static int
is_known(struct copy *c, const struct work *w)
{
	const unsigned int told =
	    FOLDER_UIDVALIDITY | FOLDER_UIDNEXT | FOLDER_MESSAGES;
	const struct folder *dst = w->move->dst;
	const char *flags;
	struct state s;

	return c->listed && !c->o->dry_run && !needs_folder(w->move) &&
	    (dst->known & told) == told &&
	    (store_can(c->dst) & STORE_UIDPLUS) != 0 &&
	    (flags = state_flags(c, w->folder, dst)) != NULL &&
	    strstr(flags, "\\*") != NULL &&
	    state_since(c, w->move->src, w->dst, dst->uidvalidity, &s);
}

static int
ahead_dst(struct copy *c, const struct work *w, struct fail *f)
{
	const struct move *m = w->move;
	struct ahead_of a = {
	    .folder = w->dst, .role = role_at(c, m), .write = !c->o->dry_run};
	int rc = 1;

	a.what = AHEAD_OF_CREATE;
	if (needs_folder(m))
		rc = c->o->dry_run ? 0 : store_ahead(c->dst, &a, f);
	a.what = AHEAD_OF_SUBSCRIBE;
	if (rc == 1 && !c->o->dry_run && enter_subscribes(c, m))
		rc = store_ahead(c->dst, &a, f);
	a.what = AHEAD_OF_ENTER;
	return rc == 1 && !is_known(c, w) ? store_ahead(c->dst, &a, f) : rc;
}

int
enter_ahead(struct copy *c, struct wave *v, struct fail *f)
{
	size_t i;
	int src = 1, dst = 1;

	if (v->n == 1 && !enter_is_light(c, v->work[0].move))
		return 0;
	for (i = 0; i < v->n; i++) {
		if (v->work[i].stage != WORK_GOING)
			continue;
		if (src == 1 && (src = ahead_src(c, &v->work[i], f)) == -1)
			return -1;
		if (dst == 1 && (dst = ahead_dst(c, &v->work[i], f)) == -1)
			return -1;
	}
	return store_flush(c->src, f) == -1 ? -1 : store_flush(c->dst, f);
}

/* ---- the target's folder ---- */

static int
subscribe(struct copy *c, const struct move *m, struct fail *f)
{
	if (!enter_subscribes(c, m) || store_subscribe(c->dst, m->to, f) == 0)
		return 0;
	if (f->reach > REACH_FOLDER)
		return -1;
	c->sum->differs++;
	tell_folder(c, m, "differs", f);
	return 0;
}

static int
create(struct copy *c, struct work *w, struct fail *f)
{
	return store_create(c->dst, w->dst, role_at(c, w->move), &w->fresh, f);
}

static int
prepare(struct copy *c, struct work *w, struct fail *f)
{
	if (needs_folder(w->move) && create(c, w, f) == -1)
		return -1;
	if (subscribe(c, w->move, f) == -1)
		return -1;
	return setting_put(c, "folder", w->folder, w->dst, f);
}

/* UIDNEXT where SELECT does not tell it: above what is there. */
static int
find_uidnext(struct copy *c, struct work *w, struct fail *f)
{
	struct msgref m;
	int rc;

	if ((store_can(c->dst) & STORE_UIDS) == 0 ||
	    (w->di.known & FOLDER_UIDNEXT) != 0)
		return 0;
	w->di.uidnext = 1;
	rc = store_scan(c->dst, 0, f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		w->di.uidnext = (uint32_t)m.id + 1;
		rc = 0;
	}
	w->di.known |= FOLDER_UIDNEXT;
	return rc;
}

/* What is to outlast the store's next folder. */
static void
keep_flags(struct work *w, const struct folder *di)
{
	w->di.permanentflags = di->permanentflags != NULL
	    ? intern_str(
		  w->words, di->permanentflags, strlen(di->permanentflags))
	    : NULL;
}

/* A folder that is listed need not be there. */
static int
enter_target(struct copy *c, struct work *w, int write, struct fail *f)
{
	c->dst_in = NULL;
	if (store_enter(c->dst, w->dst, write, &w->di, f) == -1 &&
	    (!write || f->code != CODE_NOSELECT || create(c, w, f) == -1 ||
		store_enter(c->dst, w->dst, write, &w->di, f) == -1))
		return -1;
	keep_flags(w, &w->di);
	c->dst_in = w;
	return 0;
}

static int
enter_source(struct copy *c, struct work *w, struct folder *si, struct fail *f)
{
	c->src_in = NULL;
	if (store_enter(c->src, w->folder, 0, si, f) == -1)
		return -1;
	c->src_in = w;
	return 0;
}

int
enter_both(struct copy *c, struct work *w, struct fail *f)
{
	struct sides s = {.folder = w->folder, .dst_folder = w->dst};
	int write = !c->o->dry_run;

	if ((write && prepare(c, w, f) == -1) ||
	    enter_source(c, w, &w->si, f) == -1)
		return -1;
	if (is_known(c, w)) {
		w->di = *w->move->dst;
		w->di.permanentflags = state_flags(c, w->folder, &w->di);
		keep_flags(w, &w->di);
	} else if (write || !needs_folder(w->move)) {
		if (enter_target(c, w, write, f) == -1 ||
		    (write && find_uidnext(c, w, f) == -1))
			return -1;
	} else
		w->fresh = 1;
	/* Files have no UIDVALIDITY: an empty folder may be another one. */
	if ((store_can(c->dst) & STORE_UIDS) == 0 && w->di.messages == 0)
		w->fresh = 1;
	s.uidvalidity = w->si.uidvalidity;
	s.dst_uidvalidity = w->di.uidvalidity;
	s.fresh = w->fresh;
	back_left(c, w);
	return ledger_load(c->ledger, &s, f);
}

/* ---- once more ---- */

static int
is_the_same(struct store *st, const char *folder, uint32_t was, uint32_t is,
    struct fail *f)
{
	if (was == is)
		return 0;
	(void)fail_at(f, "%s/%s", store_label(st), folder);
	return fail_set(f, CODE_UIDVALIDITY, REACH_FOLDER, AGAIN_LATER,
	    "select", "the UIDVALIDITY was %u and is %u now", (unsigned int)was,
	    (unsigned int)is);
}

int
enter_src(struct copy *c, struct work *w, struct fail *f)
{
	struct folder si;

	if (c->src_in == w)
		return 0;
	if (enter_source(c, w, &si, f) == -1)
		return -1;
	return is_the_same(
	    c->src, w->folder, w->si.uidvalidity, si.uidvalidity, f);
}

int
enter_dst(struct copy *c, struct work *w, struct fail *f)
{
	return c->dst_in == w ? 0 : enter_dst_anew(c, w, f);
}

int
enter_dst_anew(struct copy *c, struct work *w, struct fail *f)
{
	struct folder di;

	c->dst_in = NULL;
	if (store_enter(c->dst, w->dst, 1, &di, f) == -1)
		return -1;
	keep_flags(w, &di);
	c->dst_in = w;
	/* GNU imap4d gives a folder that was empty another UIDVALIDITY. */
	if ((store_can(c->dst) & STORE_UIDPLUS) == 0)
		w->di.uidvalidity = di.uidvalidity;
	return is_the_same(
	    c->dst, w->dst, w->di.uidvalidity, di.uidvalidity, f);
}
