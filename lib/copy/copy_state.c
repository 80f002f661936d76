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

struct state {
	uint32_t uidvalidity, uidnext, dst_uidvalidity;
	uint64_t modseq, messages, bytes, gone;
};

static char *
name_of(const char *folder)
{
	return mem_printf("state %s", folder);
}

/* 1 and *dst, the target's folder that it was about. */
static int
read_state(
    const struct copy *c, const char *folder, struct state *s, const char **dst)
{
	char *name = name_of(folder);
	const char *value = ledger_get(c->ledger, name);
	int n = 0;

	free(name);
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
state_lost(struct copy *c, const struct folder *src)
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
state_stands(struct copy *c, const struct move *m)
{
	const unsigned int told = FOLDER_UIDVALIDITY | FOLDER_UIDNEXT |
	    FOLDER_MODSEQ | FOLDER_MESSAGES;
	const struct folder *src = m->src, *dst = m->dst;
	struct state s;
	const char *to;

	if ((src->known & told) != told || src->modseq == 0 || dst == NULL ||
	    !dst->selectable || (dst->known & FOLDER_UIDVALIDITY) == 0 ||
	    !wants_all(c) || enter_subscribes(c, m) ||
	    !read_state(c, src->name, &s, &to) || strcmp(to, m->to) != 0 ||
	    (c->o->delete_gone && s.gone > 0) ||
	    s.uidvalidity != src->uidvalidity || s.uidnext != src->uidnext ||
	    s.modseq != src->modseq || s.messages != src->messages ||
	    s.dst_uidvalidity != dst->uidvalidity)
		return 0;
	c->sum->messages += s.messages;
	c->sum->bytes += s.bytes;
	c->sum->same += s.messages;
	c->sum->gone += s.gone;
	return 1;
}

/* A change between EXAMINE and FETCH has a greater MODSEQ than this one. */
int
state_note(struct copy *c, const struct work *w, struct fail *f)
{
	uint64_t modseq = w->si.known & FOLDER_MODSEQ ? w->si.modseq : 0;
	char *name, *value;
	int rc;

	if (!wants_all(c) || w->left > 0)
		return 0;
	name = name_of(w->folder);
	value = mem_printf("%" PRIu32 " %" PRIu32 " %" PRIu64 " %" PRIu64
			   " %" PRIu64 " %" PRIu64 " %" PRIu32 " %s",
	    w->si.uidvalidity, w->si.uidnext, modseq, w->seen.messages,
	    w->seen.bytes, w->seen.gone, w->di.uidvalidity, w->dst);
	rc = ledger_set(c->ledger, name, value, f);
	free(name);
	free(value);
	return rc;
}
