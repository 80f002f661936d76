/*
 * copy_check.c: before the first night: do both ends let us in, do names, sizes
 * and quota fit, may folders be made.  Nothing is changed on either side.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

enum verdict { PASS, SKIP, WARN, FAIL, ERROR };

/* ---- what is told ---- */

struct finding {
	const char *check, *object, *server;
	enum verdict verdict;
	const char *expected, *found;
	const struct fail *why; /* or hint, or none of them */
	enum code code;
	const char *hint;
};

static void
find(struct copy *c, const struct finding *n)
{
	static const char *const words[] = {
	    "pass", "skip", "warn", "fail", "error"};
	static const char *const severity[] = {
	    "info", "info", "medium", "high", "high"};
	struct copy_finding out = {.check = n->check,
	    .object = n->object != NULL ? n->object : "",
	    .server = n->server,
	    .expected = n->expected != NULL ? n->expected : "",
	    .found = n->found != NULL ? n->found : "",
	    .verdict = words[n->verdict],
	    .severity = severity[n->verdict],
	    .failed = n->verdict >= FAIL,
	    .code = n->code,
	    .hint = n->hint != NULL ? n->hint : ""};

	c->check.wrong |= n->verdict >= FAIL;
	if (n->why != NULL) {
		out.code = n->why->code;
		out.later = n->why->again == AGAIN_LATER;
		out.hint =
		    arena_printf(c->arena, "%s: %s", n->why->what, n->why->why);
	}
	c->o->find(c->o->arg, c->job, &out);
}

static const char *
count(struct copy *c, uint64_t n)
{
	return arena_printf(c->arena, "%" PRIu64, n);
}

/* ---- both ends ---- */

static int
open_side(struct copy *c, const char *side, struct store **st, struct fail *f)
{
	int is_source = strcmp(side, "source") == 0;
	struct store_opt so = {.shared = is_source &&
		strcmp(row_get(c->job, "type"), "shared") == 0,
	    .counters = 1,
	    .sizes = 1,
	    .absent = !is_source,
	    .part = c->o->limited || *row_get(c->job, "conn_max") != '\0',
	    .note = c->o->say,
	    .arg = c->o->arg};
	struct finding n = {.check = "login"};
	int rc = store_open_row(st, c->job, side, &so, f);

	if (rc == 0 && !is_source)
		rc = copy_is_target(*st, f);
	n.server = rc == 0 ? store_label(*st) : f->object;
	if (rc == -1) {
		n.verdict = f->again == AGAIN_LATER ? ERROR : FAIL;
		n.why = f;
	}
	find(c, &n);
	return rc;
}

/* Both are tried, so that one night shows what is wrong with either. */
static int
open_both(struct copy *c, struct fail *f)
{
	struct fail second = {0};
	int rc = open_side(c, "source", &c->src, f);

	if (open_side(c, "target", &c->dst, &second) == -1 && rc == 0) {
		*f = second;
		rc = -1;
	}
	return rc;
}

/* Consecutive rows of one account share connections and lists. */
static int
sessions(struct copy *c, struct fail *f)
{
	char *account = copy_account(c->job);

	if (c->account != NULL && strcmp(account, c->account) == 0) {
		free(account);
		return 0;
	}
	copy_end(c);
	memset(&c->check, 0, sizeof(c->check));
	c->account = account;
	return open_both(c, f);
}

static int
lists(struct copy *c, struct fail *f)
{
	if (c->check.listed)
		return 0;
	if (store_list(c->src, &c->src_list, &c->src_n, f) == -1 ||
	    store_list(c->dst, &c->dst_list, &c->dst_n, f) == -1)
		return -1;
	c->check.listed = 1;
	return 0;
}

/* ---- names ---- */

static int
is_copied(const struct move *m)
{
	return m->src->selectable &&
	    (m->status == MAPPED_OK || m->status == MAPPED_MERGED);
}

static void
names(struct copy *c, const struct move *list, size_t n)
{
	const struct move *first = NULL;
	uint64_t copied = 0, refused = 0;
	struct finding x = {.check = "names", .server = store_label(c->dst)};
	size_t i;

	for (i = 0; i < n; i++) {
		copied += (uint64_t)is_copied(&list[i]);
		if (list[i].status != MAPPED_REFUSED)
			continue;
		if (refused++ == 0)
			first = &list[i];
	}
	x.expected = count(c, copied + refused);
	x.found = count(c, copied);
	if (first != NULL) {
		x.verdict = FAIL;
		x.object = first->src->name;
		x.code = fail_code_of(first->code);
		x.hint = first->hint;
	}
	find(c, &x);
}

/* ---- quota ---- */

/* What the folder of the target holds may be this mail, or other. */
static void
add_up(struct copy *c, const struct move *m)
{
	struct check *k = &c->check;
	const struct folder *s = m->src, *d = m->dst;
	uint64_t bytes = d != NULL ? d->bytes : 0;
	uint64_t messages = d != NULL ? d->messages : 0;

	k->unknown += (s->known & FOLDER_BYTES) == 0;
	k->all[0] += s->bytes;
	k->all[1] += s->messages;
	k->more[0] += s->bytes > bytes ? s->bytes - bytes : 0;
	k->more[1] += s->messages > messages ? s->messages - messages : 0;
}

static void
judge_quota(void *arg, const char *root, const char *resource, uint64_t used,
    uint64_t limit)
{
	struct copy *c = arg;
	const struct check *k = &c->check;
	uint64_t room = limit > used ? limit - used : 0;
	int is_messages = strcmp(resource, "MESSAGE") == 0;
	struct finding n = {.check = "quota",
	    .server = store_label(c->dst),
	    .object = arena_printf(c->arena, "%s;%s", root, resource),
	    .expected = count(c, k->all[is_messages]),
	    .found = count(c, room)};

	if (!is_messages && strcmp(resource, "STORAGE") != 0)
		return;
	c->check.quotas++;
	if (k->more[is_messages] > room) {
		n.verdict = FAIL;
		n.code = CODE_QUOTA;
		n.hint = arena_printf(c->arena, "raise it by %" PRIu64,
		    k->more[is_messages] - room);
	} else if (k->all[is_messages] > room) {
		n.verdict = WARN;
		n.hint = "it fits if what the target's folders hold is this "
			 "mail already";
	} else if (k->unknown > 0) {
		n.verdict = WARN;
		n.hint = arena_printf(c->arena,
		    "the sizes of %" PRIu64 " folders are not known",
		    k->unknown);
	}
	find(c, &n);
}

/* Rows of one account before this one need their room too. */
static int
quota(struct copy *c, const struct move *list, size_t n, struct fail *f)
{
	struct finding none = {.check = "quota",
	    .server = store_label(c->dst),
	    .verdict = SKIP,
	    .hint = "the target tells none"};
	size_t i;

	for (i = 0; i < n; i++)
		if (is_copied(&list[i]))
			add_up(c, &list[i]);
	c->check.quotas = 0;
	if (store_quota(c->dst, judge_quota, c, f) == -1) {
		if (f->reach > REACH_FOLDER)
			return -1;
		none.why = f;
	}
	if (c->check.quotas == 0)
		find(c, &none);
	return 0;
}

/* ---- the largest message ---- */

struct largest {
	uint64_t limit, size;
	const char *folder;
	uint64_t beyond;
};

static void
take_size(struct copy *c, struct largest *l, const char *folder, uint64_t size)
{
	if (c->o->max_size != 0 && size > c->o->max_size)
		return;
	l->beyond += size > l->limit;
	if (size > l->size) {
		l->size = size;
		l->folder = folder;
	}
}

/* A folder that is smaller than the limit has no such message. */
static int
scan_sizes(
    struct copy *c, struct largest *l, const struct folder *fo, struct fail *f)
{
	struct folder info;
	struct msgref m;
	int rc;

	if ((fo->known & FOLDER_BYTES) != 0 && fo->bytes <= l->limit)
		return 0;
	if (store_enter(c->src, fo->name, 0, &info, f) == -1 ||
	    store_scan(c->src, 0, f) == -1)
		return f->reach > REACH_FOLDER ? -1 : 0;
	while ((rc = store_next(c->src, &m, f)) == 1)
		take_size(c, l, fo->name, m.size);
	return rc == -1 && f->reach > REACH_FOLDER ? -1 : 0;
}

static uint64_t
limit_of(const struct copy *c)
{
	const char *own = map_profile(c->map, "append_limit");
	uint64_t limit = store_append_limit(c->dst);

	if (limit == 0 && own != NULL)
		(void)text_u64(own, strlen(own), &limit);
	return limit;
}

static int
sizes(struct copy *c, const struct move *list, size_t n, struct fail *f)
{
	struct largest l = {.limit = limit_of(c), .folder = ""};
	struct finding x = {.check = "size", .server = store_label(c->dst)};
	uint64_t told;
	size_t i;

	if (l.limit == 0) {
		x.verdict = SKIP;
		x.hint = "neither the target nor its profile tells a limit";
	} else if (row_u64(c->job, "largest_bytes", &told, NULL) == 1)
		take_size(c, &l, row_get(c->job, "folder"), told);
	else
		for (i = 0; i < n; i++)
			if (is_copied(&list[i]) &&
			    scan_sizes(c, &l, list[i].src, f) == -1)
				return -1;
	x.expected = l.limit != 0 ? count(c, l.limit) : "";
	x.found = l.size != 0 ? count(c, l.size) : "";
	x.object = l.folder;
	if (l.beyond > 0) {
		x.verdict = FAIL;
		x.code = CODE_TOOBIG;
		x.hint = arena_printf(c->arena,
		    "%" PRIu64 " larger than the limit: raise it, or deliver "
		    "them apart",
		    l.beyond);
	}
	find(c, &x);
	return 0;
}

/* ---- may folders be made ---- */

/* The nearest folder above that is there; "": none. */
static const char *
place_of(struct copy *c, const struct intern *there, const char *folder)
{
	char *up = arena_strdup(c->arena, folder), *slash;

	while ((slash = strrchr(up, '/')) != NULL) {
		*slash = '\0';
		if (intern_has(there, up))
			return up;
	}
	return "";
}

/* RFC 4314: k; RFC 2086: c. */
static int
ask_rights(struct copy *c, const char *place, struct fail *f)
{
	struct buf rights = {0};
	struct finding x = {.check = "create",
	    .object = place,
	    .server = store_label(c->dst),
	    .expected = "k"};
	int rc = store_rights(c->dst, place, &rights, f);

	if (rc == 1)
		x.found = arena_strndup(c->arena, rights.data, rights.len);
	buf_free(&rights);
	if (rc == -1 && f->reach > REACH_FOLDER)
		return -1;
	if (rc == -1) {
		x.verdict = FAIL;
		x.why = f;
	} else if (rc == 0) {
		x.verdict = SKIP;
		x.hint = "the target does not tell rights: folders go where "
			 "the user's own are";
	} else if (x.found == NULL || strpbrk(x.found, "kc") == NULL) {
		/* Dovecot makes INBOX.x whatever the rights to INBOX are. */
		x.verdict = *place != '\0' ? FAIL : WARN;
		x.code = CODE_AUTH;
		x.hint = *place != '\0'
		    ? "the user may make no folder there"
		    : "the user may make no folder in what the first level is "
		      "in: some servers do not mind";
	}
	find(c, &x);
	return 0;
}

static int
rights(struct copy *c, const struct move *list, size_t n, struct fail *f)
{
	struct intern *there = intern_new(), *asked = intern_new();
	struct finding none = {.check = "create",
	    .server = store_label(c->dst),
	    .hint = "every folder is there"};
	size_t i;
	int rc = 0, any = 0;

	for (i = 0; i < c->dst_n; i++)
		if (c->dst_list[i].selectable)
			(void)intern_str(there, c->dst_list[i].name,
			    strlen(c->dst_list[i].name));
	for (i = 0; rc == 0 && i < n; i++) {
		const char *place;

		if (!is_copied(&list[i]) || intern_has(there, list[i].to))
			continue;
		any = 1;
		place = place_of(c, there, list[i].to);
		if (intern_has(asked, place))
			continue;
		(void)intern_str(asked, place, strlen(place));
		rc = ask_rights(c, place, f);
	}
	if (!any)
		find(c, &none);
	intern_free(there);
	intern_free(asked);
	return rc;
}

/* ---- one row ---- */

static int
look_at(struct copy *c, struct fail *f)
{
	struct moving j;
	struct move *list;
	size_t n;
	int rc;

	if (lists(c, f) == -1)
		return -1;
	j = (struct moving){.job = c->job,
	    .src = c->src_list,
	    .src_n = c->src_n,
	    .dst = c->dst_list,
	    .dst_n = c->dst_n,
	    .only = c->o->only,
	    .exclude = c->o->exclude};
	map_reset(c->map);
	if (map_moves(c->map, &j, &list, &n, f) == -1)
		return -1;
	names(c, list, n);
	rc = quota(c, list, n, f);
	if (rc == 0)
		rc = sizes(c, list, n, f);
	if (rc == 0)
		rc = rights(c, list, n, f);
	free(list);
	return rc;
}

int
copy_check(struct copy *c, const struct row *job, struct fail *f)
{
	struct finding cut = {.check = "folders", .verdict = ERROR, .why = f};
	int rc;

	arena_reset(c->arena);
	c->job = job;
	c->check.wrong = 0;
	rc = sessions(c, f);
	if (rc == 0 && (rc = look_at(c, f)) == -1) {
		cut.server = f->object;
		find(c, &cut);
	}
	if (rc == -1 && f->reach >= REACH_ENDPOINT)
		copy_end(c);
	return rc == -1 ? -1 : c->check.wrong;
}
