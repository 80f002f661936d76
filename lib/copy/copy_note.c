/* copy_note.c: what is written into the ledger, and what is told. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

const char *
item_flags(const struct work *w, const struct item *it)
{
	return intern_at(w->words, it->flags);
}

/* Of a done one the field holds another thing. */
static uint64_t
size_of(const struct item *it)
{
	return it->fate == FATE_DONE || it->fate == FATE_BACK ? 0 : it->size;
}

int
note(struct copy *c, const struct work *w, size_t i, enum step step,
    const char *dst_uid, const uint8_t *digest, const struct fail *why,
    struct fail *f)
{
	const struct item *it = &w->item[i];
	struct buf uid = {0};
	struct entry e = {.step = step,
	    .folder = w->folder,
	    .uidvalidity = w->si.uidvalidity,
	    .dst_folder = w->dst,
	    .dst_uidvalidity = w->di.uidvalidity,
	    .dst_uid = dst_uid,
	    .size = size_of(it),
	    .date = it->date,
	    .flags = item_flags(w, it),
	    .code = why != NULL ? fail_code_name(why->code) : "",
	    .why = why != NULL ? why->why : ""};
	int rc;

	if (c->o->dry_run)
		return 0;
	if (digest != NULL)
		memcpy(e.digest, digest, sizeof(e.digest));
	store_uid(c->src, it->id, &uid);
	e.uid = uid.data;
	rc = ledger_note(c->ledger, &e, f);
	buf_free(&uid);
	return rc;
}

void
tell_note(struct copy *c, const struct copy_note *n)
{
	c->sum->code[n->code]++;
	if (c->o->tell != NULL)
		c->o->tell(c->o->arg, c->job, n);
}

void
tell_item(struct copy *c, const struct work *w, size_t i, const uint8_t *digest,
    const char *dst_uid, const char *status, enum code code, const char *hint)
{
	const struct item *it = &w->item[i];
	struct buf uid = {0};
	struct copy_note n = {.folder = w->folder,
	    .dst_folder = w->dst,
	    .dst_uid = dst_uid,
	    .size = size_of(it),
	    .date = it->date,
	    .flags = item_flags(w, it),
	    .digest = digest,
	    .status = status,
	    .code = code,
	    .hint = hint};

	store_uid(c->src, it->id, &uid);
	n.uid = uid.data;
	tell_note(c, &n);
	buf_free(&uid);
}

static void
remember(struct copy *c, const struct fail *why)
{
	if (c->sum->first.code == CODE_NONE)
		c->sum->first = *why;
}

static const char *
advice(enum code code)
{
	if (code == CODE_TOOBIG)
		return "raise the target's size limit, or deliver it apart";
	if (code == CODE_QUOTA)
		return "raise the quota and run again";
	if (code == CODE_BADMSG)
		return "look at the message at the source; if the target does "
		       "not take it, keep a copy elsewhere";
	if (code == CODE_NAME || code == CODE_NOSELECT)
		return "name the target's --profile, or decide with --rules";
	return "run again; if it stays, look at the message";
}

void
tell_folder(struct copy *c, const struct move *m, const char *status,
    const struct fail *why)
{
	struct buf hint = {0};
	struct copy_note n = {.folder = m->src->name,
	    .dst_folder = m->to,
	    .uid = "",
	    .dst_uid = "",
	    .date = CLOCK_NONE,
	    .flags = "",
	    .status = status,
	    .code = why->code};

	buf_addf(&hint, "%s: %s", why->what, why->why);
	if (why->code == CODE_NAME || why->code == CODE_NOSELECT)
		buf_addf(&hint, "; %s", advice(why->code));
	n.hint = hint.data;
	tell_note(c, &n);
	buf_free(&hint);
	if (strcmp(status, "skipped") != 0)
		remember(c, why);
}

int
leave(struct copy *c, struct work *w, size_t i, const uint8_t *digest,
    const struct fail *why, struct fail *f)
{
	struct buf hint = {0};
	int rc;

	c->sum->failed++;
	c->sum->refused++;
	w->left++;
	if (why->code == CODE_QUOTA)
		w->full = 1;
	buf_addf(&hint, "%s: %s; %s", why->what, why->why, advice(why->code));
	tell_item(c, w, i, digest, "", "refused", why->code, hint.data);
	buf_free(&hint);
	remember(c, why);
	rc = note(c, w, i, STEP_LEFT, "", digest, why, f);
	resume_refused(c, w, w->item[i].id);
	w->item[i].fate = FATE_OVER;
	return rc;
}

int
stopping(struct fail *f)
{
	if (stop_signal() == 0)
		return 0;
	return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_LATER, "copy",
	    "stopped by signal %d, run it again", stop_signal());
}

int
late(struct copy *c, struct fail *f)
{
	/* A clock that is set back must not let a list look done. */
	c->late |= c->o->until != CLOCK_NONE && clock_now() >= c->o->until;
	if (!c->late)
		return 0;
	(void)fail_at(f, "%s", c->dst != NULL ? store_label(c->dst) : "");
	return fail_set(f, CODE_POLICY, REACH_ENDPOINT, AGAIN_LATER, "copy",
	    "not finished when the time was up: run it again");
}

/* ---- settings ---- */

const char *
setting(const struct ledger *l, const char *what, const char *folder)
{
	char *name = mem_printf("%s %s", what, folder);
	const char *value = ledger_get(l, name);

	free(name);
	return value;
}

int
setting_put(struct copy *c, const char *what, const char *folder,
    const char *value, struct fail *f)
{
	char *name = mem_printf("%s %s", what, folder);
	int rc = ledger_set(c->ledger, name, value, f);

	free(name);
	return rc;
}
