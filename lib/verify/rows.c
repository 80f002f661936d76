/* rows.c: what was found, as rows that say what to do. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

static const char *const names[SUMS + 1] = {
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

void
item_uid(const struct verify *v, const struct item *it, struct buf *out)
{
	struct fail ignored;

	buf_add(out, "", 0);
	(void)texts_get(v->texts, it->uid, out, &ignored);
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

static void
fails(struct check *c, const char *status, const char *severity,
    const char *code, const char *hint)
{
	c->verdict = "fail";
	c->status = status;
	c->severity = severity;
	c->code = code;
	c->hint = hint;
}

static void
warns(struct check *c, const char *severity, const char *hint)
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
	struct number expected, found;
	uint64_t there = found_of(g, i);

	c.expected = number(&expected, n->listed);
	c.found = number(&found, there);
	if (g->move[i]->src->role == ROLE_ALL)
		skips(&c, "it carries only what no other folder holds");
	else if (g->dst == NULL || !g->dst->selectable) {
		c.found = "";
		fails(&c, "missing", "high", "NAME",
		    "the target has no such folder: mbx-copy makes it");
	} else if (g->n > 1 && g->v->o->sample > 0)
		skips(&c, "merged with other folders, and only a sample read");
	else if (there < n->listed)
		fails(&c, "differs", "high", "",
		    "the target has fewer: run mbx-copy again");
	else if (there > n->listed) {
		warns(&c, "info", "the target has more than the source");
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
	struct number expected, found;
	struct buf hint = {0};
	uint64_t good = n->matched + n->elsewhere;

	octets_hint(g, n, &hint);
	c.hint = hint.data;
	c.expected = number(&expected, n->taken + n->unread);
	c.found = number(&found, good);
	if (!g->v->o->quick) {
		c.level = names[n->level];
		c.rung = n->matched > 0 ? rung_name(n->worst) : "";
	}
	if (good < n->taken || n->unread > 0 || g->copies > 0)
		fails(&c, n->missing > 0 ? "missing" : "differs", "critical",
		    "", hint.data);
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
	struct number expected, found;

	c.expected = number(&expected, n->pairs);
	c.found = number(&found, equal);
	if (equal < n->pairs)
		fails(&c, "differs", severity, code, hint);
	if (equal < n->pairs && strcmp(check, "keywords") == 0 &&
	    !g->v->keeps_keywords) {
		warns(&c, "low", "this target keeps no keywords");
		c.code = "FLAG";
	}
	tell(g->v, &c);
}

static void
tell_order(const struct group *g, size_t i)
{
	const struct count *n = &g->count[i];
	struct check c = about(g, i, "order");
	struct number expected, found;
	uint64_t pairs = n->matched + n->differs;

	c.expected = number(&expected, pairs);
	c.found = number(&found, pairs - n->descents);
	if (n->descents > 0)
		warns(&c, "low",
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
		warns(&c, "low",
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
		warns(&c, "low",
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

/* ---- messages ---- */

static void
octets_found(struct check *c, const struct find *fi, struct buf *hint)
{
	fails(c, "differs", "critical", "", "");
	if (fi->rung == RUNG_DIFFERENT)
		buf_adds(hint,
		    fi->level == SUM_L3
			? "the same Message-ID, date, From and size, other "
			  "content"
			: "the same Message-ID, other content");
	else
		buf_addf(hint, "the same but for what --accept %s leaves out",
		    rung_name(fi->rung));
	buf_addf(hint, "; %" PRIu64 " octets, %" PRIu64 " there", fi->s.size,
	    fi->d.size);
	c->hint = hint->data;
}

static void
flags_found(struct check *c, const struct find *fi, struct buf *hint)
{
	struct buf lost = {0}, more = {0};

	c->expected = fi->s.flags;
	c->found = fi->d.flags;
	fails(c, "differs", fi->what == FIND_FLAGS ? "medium" : "low", "FLAG",
	    "");
	if (flags_minus(&lost, fi->s.flags, fi->d.flags) > 0)
		buf_addf(hint, "not there: %s", lost.data);
	if (flags_minus(&more, fi->d.flags, fi->s.flags) > 0)
		buf_addf(hint, "%sonly there: %s", hint->len > 0 ? "; " : "",
		    more.data);
	c->hint = hint->data;
	buf_free(&lost);
	buf_free(&more);
}

static const char *
hex(char out[33], const struct item *it)
{
	text_hex(out, it->key, sizeof(it->key));
	return out;
}

static void
tell_find(struct group *g, const struct find *fi)
{
	static const char *const checks[] = {
	    "octets", "flags", "keywords", "date"};
	const struct verify *v = g->v;
	struct check c = {.check = checks[fi->what],
	    .folder = v->src.list[fi->s.folder].name,
	    .dst_folder = v->dst.list[fi->d.folder].name};
	struct buf uid = {0}, dst_uid = {0}, hint = {0};
	char a[CLOCK_TEXT + 33], b[CLOCK_TEXT + 33];

	item_uid(v, &fi->s, &uid);
	item_uid(v, &fi->d, &dst_uid);
	c.uid = uid.data;
	c.dst_uid = dst_uid.data;
	if (!v->o->quick) {
		c.level = names[fi->level];
		c.rung = rung_name((enum rung)fi->rung);
	}
	if (fi->what == FIND_OCTETS) {
		c.expected = hex(a, &fi->s);
		c.found = hex(b, &fi->d);
		octets_found(&c, fi, &hint);
	} else if (fi->what == FIND_DATE) {
		c.expected = clock_format(a, fi->s.date);
		c.found = clock_format(b, fi->d.date);
		fails(&c, "differs", "medium", "DATE",
		    "the target has another date of arrival");
	} else
		flags_found(&c, fi, &hint);
	if (fi->what == FIND_KEYWORDS && !v->keeps_keywords) {
		const char *said = c.hint;

		warns(&c, "low", said);
	}
	tell(v, &c);
	buf_free(&uid);
	buf_free(&dst_uid);
	buf_free(&hint);
}

static int
by_what(const void *a, const void *b)
{
	const struct find *x = a, *y = b;
	int d = item_by_place(&x->s, &y->s);

	return d != 0 ? d : (int)x->what - (int)y->what;
}

int
tell_finds(struct group *g, struct fail *f)
{
	struct find fi;
	int rc = pile_sort(g->finds, by_what, f);

	while (rc == 0 && (rc = pile_next(g->finds, &fi, f)) == 1) {
		tell_find(g, &fi);
		rc = 0;
	}
	return rc;
}

/* ---- messages without their like ---- */

static void
tell_lost(struct verify *v, const struct loose *l, struct buf *hint)
{
	struct check c = {
	    .check = "octets", .folder = v->src.list[l->it.folder].name};
	struct buf uid = {0}, other = {0};
	char digest[33];

	item_uid(v, &l->it, &uid);
	c.uid = uid.data;
	c.dst_folder = v->where[l->it.folder];
	if (!v->o->quick)
		c.expected = hex(digest, &l->it);
	if (l->other != 0) {
		struct item it = {.uid = l->other_uid};

		item_uid(v, &it, &other);
		c.dst_uid = other.data;
		c.found = v->dst.list[l->other - 1].name;
		buf_addf(hint, "not in its folder but in %s", c.found);
	} else
		buf_adds(hint, "not at the target: run mbx-copy again");
	fails(&c, "missing", "critical", "", hint->data);
	tell(v, &c);
	buf_free(&uid);
	buf_free(&other);
}

static void
tell_extra(struct verify *v, const struct loose *l, struct buf *hint)
{
	struct check c = {.check = "octets",
	    .folder = v->from[l->it.folder],
	    .dst_folder = v->dst.list[l->it.folder].name};
	struct buf uid = {0};
	char digest[33];

	item_uid(v, &l->it, &uid);
	c.dst_uid = uid.data;
	if (!v->o->quick)
		c.found = hex(digest, &l->it);
	if (l->it.copy && l->other == 0)
		fails(&c, "differs", "medium", "",
		    "one copy more than at the source: delete it");
	else {
		if (l->other != 0)
			buf_addf(hint, "it belongs in another folder: %s",
			    v->where[l->other - 1]);
		else
			buf_adds(hint,
			    "not from the source, or deleted there "
			    "since it was copied");
		warns(&c, "info", hint->data);
		c.status = "extra";
	}
	tell(v, &c);
	buf_free(&uid);
}

static int
by_kind(const void *a, const void *b)
{
	const struct loose *x = a, *y = b;
	int d = (int)x->kind - (int)y->kind;

	return d != 0 ? d : item_by_place(&x->it, &y->it);
}

int
tell_loose(struct verify *v, struct pile *loose, struct fail *f)
{
	struct buf hint = {0};
	struct loose l;
	int rc = pile_sort(loose, by_kind, f);

	while (rc == 0 && (rc = pile_next(loose, &l, f)) == 1) {
		buf_reset(&hint);
		if (l.kind == LOOSE_LOST)
			tell_lost(v, &l, &hint);
		else
			tell_extra(v, &l, &hint);
		rc = 0;
	}
	buf_free(&hint);
	return rc;
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
	struct number found;

	c.found = number(&found, messages);
	warns(&c, "info", "no folder of the source goes there");
	c.status = "extra";
	tell(v, &c);
}
