/* rows_message.c: what was found of single messages. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

static void
item_uid(const struct verify *v, const struct item *it, struct buf *out)
{
	struct fail ignored;

	buf_add(out, "", 0);
	(void)texts_get(v->texts, it->uid, out, &ignored);
}

/* ---- pairs ---- */

static void
octets_found(struct check *c, const struct find *fi, struct buf *hint)
{
	check_fails(c, "differs", "critical", "", "");
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
	check_fails(c, "differs", fi->what == FIND_FLAGS ? "medium" : "low",
	    "FLAG", "");
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
		c.level = level_names[fi->level];
		c.rung = rung_name((enum rung)fi->rung);
	}
	if (fi->what == FIND_OCTETS) {
		c.expected = hex(a, &fi->s);
		c.found = hex(b, &fi->d);
		octets_found(&c, fi, &hint);
	} else if (fi->what == FIND_DATE) {
		c.expected = clock_format(a, fi->s.date);
		c.found = clock_format(b, fi->d.date);
		check_fails(&c, "differs", "medium", "DATE",
		    "the target has another date of arrival");
	} else
		flags_found(&c, fi, &hint);
	if (fi->what == FIND_KEYWORDS && !v->keeps_keywords) {
		const char *said = c.hint;

		check_warns(&c, "low", said);
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

/* ---- without their like ---- */

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
	check_fails(&c, "missing", "critical", "", hint->data);
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
		check_fails(&c, "differs", "medium", "",
		    "one copy more than at the source: delete it");
	else {
		if (l->other != 0)
			buf_addf(hint, "it belongs in another folder: %s",
			    v->where[l->other - 1]);
		else
			buf_adds(hint,
			    "not from the source, or deleted there "
			    "since it was copied");
		check_warns(&c, "info", hint->data);
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
