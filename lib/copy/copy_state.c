/*
 * copy_state.c: a folder that stands as the last run left it, by what STATUS
 * tells of it, is not even opened.  That takes a HIGHESTMODSEQ (RFC 7162):
 * without it nobody hears of flags that changed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* 1 and *dst, the target's folder that it was about. */
static int
read_state(
    const struct copy *c, const char *folder, struct state *s, const char **dst)
{
	const char *value = setting(c->ledger, "state", folder);
	int n = 0;

	if (value == NULL ||
	    sscanf(value,
		"%" SCNu32 " %" SCNu32 " %" SCNu64 " %" SCNu64 " %" SCNu64
		" %" SCNu64 " %" SCNu32 " %n",
		&s->uidvalidity, &s->uidnext, &s->modseq, &s->messages,
		&s->bytes, &s->gone, &s->dst_uidvalidity, &n) != 7 ||
	    n == 0)
		return 0;
	*dst = value + n;
	return 1;
}

int
state_lost(const struct copy *c, const struct folder *src)
{
	const unsigned int told =
	    FOLDER_UIDVALIDITY | FOLDER_UIDNEXT | FOLDER_MESSAGES;
	struct state s;
	const char *dst;

	return (src->known & told) == told &&
	    read_state(c, src->name, &s, &dst) &&
	    s.uidvalidity == src->uidvalidity &&
	    src->messages < s.messages + (src->uidnext - s.uidnext);
}

/* Each message is to be copied, whatever it is like. */
static int
wants_all(const struct copy *c)
{
	const struct copy_opt *o = c->o;

	return o->since == CLOCK_NONE && o->before == CLOCK_NONE &&
	    o->min_size == 0 && o->max_size == 0 &&
	    *row_get(c->job, "uids") == '\0';
}

int
state_since(struct copy *c, const struct folder *src, const char *dst,
    uint32_t dst_uidvalidity, struct state *s)
{
	const unsigned int told = FOLDER_UIDVALIDITY | FOLDER_UIDNEXT |
	    FOLDER_MODSEQ | FOLDER_MESSAGES;
	const char *was;

	return (store_can(c->src) & STORE_CHANGES) != 0 &&
	    (src->known & told) == told && wants_all(c) &&
	    read_state(c, src->name, s, &was) && strcmp(was, dst) == 0 &&
	    s->modseq != 0 && s->modseq <= src->modseq &&
	    s->uidnext <= src->uidnext && s->uidvalidity == src->uidvalidity &&
	    s->dst_uidvalidity == dst_uidvalidity &&
	    (!c->o->delete_gone || s->gone == 0);
}

int
state_stands(struct copy *c, const struct move *m)
{
	const struct folder *src = m->src, *dst = m->dst;
	struct state s;

	if (dst == NULL || !dst->selectable ||
	    (dst->known & FOLDER_UIDVALIDITY) == 0 || enter_subscribes(c, m) ||
	    !state_since(c, src, m->to, dst->uidvalidity, &s) ||
	    s.uidnext != src->uidnext || s.modseq != src->modseq ||
	    s.messages != src->messages)
		return 0;
	c->sum->messages += s.messages;
	c->sum->bytes += s.bytes;
	c->sum->same += s.messages;
	c->sum->gone += s.gone;
	return 1;
}

static int
write_state(struct copy *c, const char *folder, const struct state *s,
    const char *dst, struct fail *f)
{
	char *value = mem_printf("%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64
				 " %" PRIu64 " %" PRIu64 " %" PRIu32 " %s",
	    s->uidvalidity, s->uidnext, s->modseq, s->messages, s->bytes,
	    s->gone, s->dst_uidvalidity, dst);
	int rc = setting_put(c, "state", folder, value, f);

	free(value);
	return rc;
}

const char *
state_flags(const struct copy *c, const char *folder, const struct folder *dst)
{
	const char *value = setting(c->ledger, "flags", folder);
	uint32_t validity;
	int n = 0;

	return value != NULL &&
		sscanf(value, "%" SCNu32 " %n", &validity, &n) == 1 && n > 0 &&
		validity == dst->uidvalidity
	    ? value + n
	    : NULL;
}

static int
note_flags(struct copy *c, const struct work *w, struct fail *f)
{
	char *value = mem_printf(
	    "%" PRIu32 " %s", w->di.uidvalidity, w->di.permanentflags);
	int rc = setting_put(c, "flags", w->folder, value, f);

	free(value);
	return rc;
}

/* A change between EXAMINE and FETCH has a greater MODSEQ than this one. */
int
state_note(struct copy *c, const struct work *w, struct fail *f)
{
	const struct state s = {.uidvalidity = w->si.uidvalidity,
	    .uidnext = w->si.uidnext,
	    .modseq = w->si.known & FOLDER_MODSEQ ? w->si.modseq : 0,
	    .messages = w->seen.messages,
	    .bytes = w->seen.bytes,
	    .gone = w->seen.gone,
	    .dst_uidvalidity = w->di.uidvalidity};

	if (!wants_all(c) || w->left > 0)
		return 0;
	if (write_state(c, w->folder, &s, w->dst, f) == -1)
		return -1;
	return w->di.permanentflags != NULL ? note_flags(c, w, f) : 0;
}

int
state_gone(struct copy *c, const char *folder, uint64_t n, struct fail *f)
{
	struct state s;
	const char *dst;
	char *to;
	int rc;

	if (!read_state(c, folder, &s, &dst) || s.gone < n)
		return 0;
	s.gone -= n;
	to = mem_strdup(dst); /* the ledger's, until it is set */
	rc = write_state(c, folder, &s, to, f);
	free(to);
	return rc;
}
