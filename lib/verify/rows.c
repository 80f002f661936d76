/* rows.c: what was found, as rows that say what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

const char *const level_names[SUMS + 1] = {
    "L0", "", "", "", "", "L1", "L2", "L3", "", ""};

static const char *
or_empty(const char *s)
{
	return s != NULL ? s : "";
}

void
tell(const struct verify *v, const struct check *c)
{
	struct check whole = *c;
	const char **s[] = {&whole.check, &whole.verdict, &whole.severity,
	    &whole.status, &whole.code, &whole.folder, &whole.dst_folder,
	    &whole.uid, &whole.dst_uid, &whole.expected, &whole.found,
	    &whole.level, &whole.rung, &whole.hint};
	size_t i;

	for (i = 0; i < LENGTH(s); i++)
		*s[i] = or_empty(*s[i]);
	if (whole.server == NULL)
		whole.server = or_empty(v->dst.label);
	if (v->o->tell != NULL)
		v->o->tell(v->o->arg, v->job, &whole);
}

/* ---- a folder ---- */

struct number {
	char text[24];
};

static const char *
number(struct number *n, uint64_t v)
{
	(void)snprintf(n->text, sizeof(n->text), "%" PRIu64, v);
	return n->text;
}

static struct check
about(const struct group *g, size_t i, const char *check)
{
	return (struct check){.check = check,
	    .verdict = "pass",
	    .severity = "info",
	    .status = "same",
	    .folder = g->move[i]->src->name,
	    .dst_folder = g->move[i]->to};
}

void
check_fails(struct check *c, const char *status, const char *severity,
    const char *code, const char *hint)
{
	c->verdict = "fail";
	c->status = status;
	c->severity = severity;
	c->code = code;
	c->hint = hint;
}

void
check_warns(struct check *c, const char *severity, const char *hint)
{
	c->verdict = "warn";
	c->status = "ok";
	c->severity = severity;
	c->hint = hint;
}

static void
skips(struct check *c, const char *hint)
{
	c->verdict = "skip";
	c->status = "skipped";
	c->hint = hint;
}

static uint64_t
found_of(const struct group *g, size_t i)
{
	const struct count *c = &g->count[i];

	return g->n > 1 || *row_get(g->v->job, "uids") != '\0'
	    ? c->matched + c->differs
	    : g->found;
}

static void
tell_count(const struct group *g, size_t i)
{
	const struct count *n = &g->count[i];
	struct check c = about(g, i, "count");
	struct number expected = {""}, found = {""};
	uint64_t there = found_of(g, i);

	c.expected = number(&expected, n->listed);
	c.found = number(&found, there);
	if (g->move[i]->src->role == ROLE_ALL)
		skips(&c, "it carries only what no other folder holds");
	else if (g->dst == NULL || !g->dst->selectable) {
		c.found = "";
		check_fails(&c, "missing", "high", "NAME",
		    "the target has no such folder: mbx-copy makes it");
	} else if (g->n > 1 && g->v->o->sample > 0)
		skips(&c, "merged with other folders, and only a sample read");
	else if (there < n->listed)
		check_fails(&c, "differs", "high", "",
		    "the target has fewer: run mbx-copy again");
	else if (there > n->listed) {
		check_warns(&c, "info", "the target has more than the source");
		c.status = "extra";
	}
	tell(g->v, &c);
}

static void
octets_hint(const struct group *g, const struct count *n, struct buf *b)
{
	const struct {
		uint64_t n;
		const char *what;
	} parts[] = {
	    {n->missing, "missing: run mbx-copy again"},
	    {n->differs, "altered"},
	    {n->unread, "not readable at the source"},
	    {g->unread, "not readable at the target"},
	    {g->copies, "copies too many"},
	    {n->altered, "altered as the target is known to, accepted"},
	    {n->elsewhere, "in other folders"},
	    {g->extra, "only at the target"},
	    {g->v->o->sample > 0 && !n->failed ? n->listed : 0,
		"in all, of which a sample was read"},
	};
	size_t i;

	for (i = 0; i < LENGTH(parts); i++)
		if (parts[i].n > 0)
			buf_addf(b, "%s%" PRIu64 " %s", b->len > 0 ? ", " : "",
			    parts[i].n, parts[i].what);
}

static void
tell_octets(const struct group *g, size_t i)
{
	const struct count *n = &g->count[i];
	struct check c = about(g, i, "octets");
	struct number expected = {""}, found = {""};
	struct buf hint = {0};
	uint64_t good = n->matched + n->elsewhere;

	octets_hint(g, n, &hint);
	c.hint = hint.data;
	c.expected = number(&expected, n->taken + n->unread);
	c.found = number(&found, good);
	if (!g->v->o->quick) {
		c.level = level_names[n->level];
		c.rung = n->matched > 0 ? rung_name(n->worst) : "";
	}
	if (good < n->taken || n->unread > 0 || g->copies > 0)
		check_fails(&c, n->missing > 0 ? "missing" : "differs",
		    "critical", "", hint.data);
	else if (g->v->o->quick)
		skips(&c, "no message was read: --quick");
	tell(g->v, &c);
	buf_free(&hint);
}

static void
tell_equal(const struct group *g, size_t i, const char *check, uint64_t equal,
    const char *code, const char *severity, const char *hint)
{
	const struct count *n = &g->count[i];
	struct check c = about(g, i, check);
	struct number expected = {""}, found = {""};

	c.expected = number(&expected, n->pairs);
	c.found = number(&found, equal);
	if (equal < n->pairs)
		check_fails(&c, "differs", severity, code, hint);
	if (equal < n->pairs && strcmp(check, "keywords") == 0 &&
	    !g->v->keeps_keywords) {
		check_warns(&c, "low", "this target keeps no keywords");
		c.code = "FLAG";
	}
	tell(g->v, &c);
}

static void
tell_order(const struct group *g, size_t i)
{
	const struct count *n = &g->count[i];
	struct check c = about(g, i, "order");
	struct number expected = {""}, found = {""};
	uint64_t pairs = n->matched + n->differs;

	c.expected = number(&expected, pairs);
	c.found = number(&found, pairs - n->descents);
	if (n->descents > 0)
		check_warns(&c, "low",
		    "not in the source's order; readers that sort by date "
		    "show no difference");
	tell(g->v, &c);
}

static void
tell_subscribed(const struct group *g, size_t i)
{
	const struct folder *src = g->move[i]->src;
	struct check c = about(g, i, "subscribed");

	if ((src->known & FOLDER_SUBSCRIBED) != 0)
		c.expected = src->subscribed ? "1" : "0";
	if (g->dst != NULL && (g->dst->known & FOLDER_SUBSCRIBED) != 0)
		c.found = g->dst->subscribed ? "1" : "0";
	if (c.expected == NULL || c.found == NULL)
		skips(&c, "not known of both sides");
	else if (src->subscribed && !g->dst->subscribed)
		check_warns(&c, "low",
		    "some readers hide it: subscribe it, or run mbx-copy");
	tell(g->v, &c);
}

/* Files have no roles but INBOX. */
static int
has_roles(const struct side *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->list[i].role != ROLE_NONE &&
		    s->list[i].role != ROLE_INBOX)
			return 1;
	return 0;
}

static void
tell_role(const struct group *g, size_t i)
{
	const struct move *m = g->move[i];
	struct check c = about(g, i, "role");

	c.expected = role_name(m->role);
	if (g->dst != NULL)
		c.found = role_name(g->dst->role);
	if (g->dst == NULL || (m->role != ROLE_INBOX && !has_roles(&g->v->dst)))
		skips(&c, "the target marks no folder with a role");
	else if (m->role != ROLE_NONE && m->role != g->dst->role)
		check_warns(&c, "low",
		    "mark it with this role at the target (RFC 6154), or "
		    "readers make a second one");
	tell(g->v, &c);
}

void
tell_group(struct group *g)
{
	size_t i;

	for (i = 0; i < g->n; i++) {
		const struct count *n = &g->count[i];

		if (n->failed)
			continue;
		tell_count(g, i);
		tell_octets(g, i);
		tell_equal(g, i, "flags", n->flags, "FLAG", "medium",
		    "set them at the target, or run mbx-copy again");
		tell_equal(g, i, "keywords", n->keywords, "FLAG", "low",
		    "set them at the target, or run mbx-copy again");
		tell_equal(g, i, "date", n->dates, "DATE", "medium",
		    "readers that sort by arrival show another order");
		tell_order(g, i);
		tell_subscribed(g, i);
		tell_role(g, i);
	}
}

/* ---- what was not compared ---- */

void
tell_error(const struct verify *v, const struct side *s, const char *folder,
    const char *dst_folder, const char *uid, const struct fail *why)
{
	struct check c = {.check = "octets",
	    .verdict = "error",
	    .severity = "high",
	    .status = why->again == AGAIN_LATER ? "deferred" : "failed",
	    .code = fail_code_name(why->code),
	    .folder = folder,
	    .dst_folder = dst_folder,
	    .server = s->label};
	char *hint = mem_printf("%s: %s", why->what, why->why);

	c.hint = hint;
	if (s->is_target)
		c.dst_uid = uid;
	else
		c.uid = uid;
	tell(v, &c);
	free(hint);
}

void
tell_left_out(const struct verify *v, const struct move *m)
{
	struct check c = {.check = "count",
	    .severity = "info",
	    .folder = m->src->name,
	    .code = m->code,
	    .hint = m->hint};

	if (m->status == MAPPED_REFUSED) {
		c.verdict = "fail";
		c.severity = "high";
		c.status = "refused";
	} else
		skips(&c,
		    m->status == MAPPED_SKIPPED
			? m->hint
			: "it holds no messages, only folders");
	tell(v, &c);
}

void
tell_extra_folder(
    const struct verify *v, const struct folder *fo, uint64_t messages)
{
	struct check c = {
	    .check = "count", .dst_folder = fo->name, .expected = "0"};
	struct number found = {""};

	c.found = number(&found, messages);
	check_warns(&c, "info", "no folder of the source goes there");
	c.status = "extra";
	tell(v, &c);
}
