/*
 * map.c: from a folder's name at the source to its name on the target: rules,
 * profile, roles, prefix, and what to do where two would meet.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_p.h"

int
map_new(struct map **out, const struct map_opt *o, struct fail *f)
{
	struct map *m = mem_alloc(sizeof(*m));

	*out = NULL;
	m->arena = arena_new();
	m->collision = o->collision;
	if (profile_load(&m->profile, o->profile, f) == -1 ||
	    roles_load(&m->roles, f) == -1 ||
	    (o->rules != NULL && rules_load(&m->rules, o->rules, f) == -1)) {
		map_free(m);
		return -1;
	}
	if (o->prefix != NULL && *o->prefix != '\0') {
		struct buf b = {0};

		if (!name_is_whole(o->prefix)) {
			map_free(m);
			return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
			    "prefix", "%s is no folder", o->prefix);
		}
		name_canon(&b, o->prefix);
		m->prefix = b.data;
	}
	map_separator(m, '\0');
	*out = m;
	return 0;
}

void
map_free(struct map *m)
{
	if (m == NULL)
		return;
	profile_free(&m->profile);
	rules_free(m->rules);
	roles_free(m->roles);
	arena_free(m->arena);
	free(m->prefix);
	free(m);
}

void
map_reset(struct map *m)
{
	arena_reset(m->arena);
}

const char *
map_profile(const struct map *m, const char *key)
{
	return profile_get(&m->profile, key);
}

void
map_separator(struct map *m, char sep)
{
	const char *own = profile_get(&m->profile, "sep");

	m->profile.sep = sep != '\0' ? sep : own != NULL ? *own : '\0';
}

/* ---- names, before anything is known of other folders ---- */

static const char *
keep(struct map *m, struct buf *b)
{
	const char *s = arena_strndup(m->arena, b->data, b->len);

	buf_free(b);
	return s;
}

/* Every level as the target can have it. */
static const char *
escape(struct map *m, const char *name, int decided)
{
	struct buf out = {0}, text = {0};
	int top = m->prefix == NULL;

	for (;; name++, top = 0) {
		size_t n = strcspn(name, "/");

		buf_reset(&text);
		level_plain(&text, name, n);
		if (decided)
			level_hide(&out, text.data, text.len, &m->profile);
		else
			level_escape(
			    &out, text.data, text.len, top, &m->profile);
		name += n;
		if (*name == '\0')
			break;
		buf_addc(&out, '/');
	}
	buf_free(&text);
	return keep(m, &out);
}

/* The rules' word on an entry. */
static void
rule(struct map *m, struct entry *e)
{
	struct map_item *it = e->item;
	struct buf to = {0};
	struct ruling r = rules_apply(
	    m->rules, it->account != NULL ? it->account : "", it->folder, &to);

	e->role = r.has_role ? r.role : it->role;
	e->role_said = r.has_role;
	if (r.what == RULE_OUT) {
		it->status = MAPPED_SKIPPED;
		it->code = "POLICY";
		it->hint = arena_printf(m->arena, "left out by %s:%llu",
		    rules_file(m->rules), r.line);
	} else if (r.what == RULE_NAMED && !e->verbatim) {
		e->ruled = 1;
		e->name = arena_strndup(m->arena, to.data, to.len);
		if (!name_is_whole(e->name))
			entry_refuse(m, e, "NAME",
			    "%s:%llu makes it \"%s\", which is no folder",
			    rules_file(m->rules), r.line, e->name);
	}
	buf_free(&to);
}

/* The row's word stands, but for the separator, which no level can hold. */
static void
decide(struct map *m, struct entry *e)
{
	struct map_item *it = e->item;

	e->verbatim = e->ruled = 1;
	if (!name_is_whole(it->dst_folder)) {
		e->own = "";
		entry_refuse(m, e, "NAME", "dst_folder is no folder");
	} else
		e->own = escape(m, it->dst_folder, 1);
}

static void
begin(struct map *m, struct entry *e, struct map_item *it)
{
	struct buf b = {0};

	e->item = it;
	it->status = MAPPED_OK;
	it->dst_role = ROLE_NONE;
	it->dst = it->code = it->hint = "";
	e->role = it->role;
	if (!name_is_whole(it->folder)) {
		entry_refuse(m, e, "NAME",
		    "the name is empty, has an empty level or is too long");
		e->name = e->path = "";
		return;
	}
	name_canon(&b, it->folder);
	e->name = keep(m, &b);
	if (it->existing) {
		e->path = e->name;
		return;
	}
	if (it->dst_folder != NULL && *it->dst_folder != '\0')
		decide(m, e);
	rule(m, e);
	e->path = it->status == MAPPED_OK ? escape(m, e->name, 0) : "";
}

/* ---- parents ---- */

static int
by_folder(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;

	return strcmp(x->item->folder, y->item->folder);
}

static struct entry *
find(struct entry *const *sorted, size_t n, const char *s, size_t len)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *folder = sorted[mid]->item->folder;
		int d = strncmp(folder, s, len);

		if (d == 0 && folder[len] == '\0')
			return sorted[mid];
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/*
 * A child goes where its parent goes, unless a rule has sent it elsewhere:
 * the nearest folder above whose name its own still continues.
 */
static void
adopt(struct entry *e, struct entry *const *sorted, size_t n)
{
	const char *folder = e->item->folder;
	size_t len = strlen(folder), k;

	while (len > 0) {
		struct entry *p;

		while (len > 0 && folder[len - 1] != '/')
			len--;
		if (len == 0)
			return;
		p = find(sorted, n, folder, --len);
		if (p == NULL)
			continue;
		if (p->twin != NULL)
			p = p->twin;
		k = strlen(p->path);
		if (strncmp(e->path, p->path, k) == 0 && e->path[k] == '/') {
			e->parent = p;
			e->tail = e->path + k + 1;
			return;
		}
	}
}

/* Two rows may name one folder (parts of it by uids): one is decided. */
static int
is_again(const struct entry *e, const struct entry *before)
{
	if (strcmp(e->item->folder, before->item->folder) != 0)
		return 0;
	return e->own == NULL
	    ? before->own == NULL
	    : before->own != NULL && strcmp(e->own, before->own) == 0;
}

static void
link_parents(struct entry *list, size_t n)
{
	struct entry **sorted = mem_array(n + 1, sizeof(struct entry *));
	size_t i, k = 0;

	for (i = 0; i < n; i++)
		if (!list[i].item->existing &&
		    list[i].item->status == MAPPED_OK)
			sorted[k++] = &list[i];
	qsort(sorted, k, sizeof(struct entry *), by_folder);
	for (i = 0; i < k; i++) {
		struct entry *e = sorted[i];

		if (i > 0 && is_again(e, sorted[i - 1])) {
			e->twin = sorted[i - 1]->twin != NULL
			    ? sorted[i - 1]->twin
			    : sorted[i - 1];
			continue;
		}
		/* Sorted: a parent has its rank before its children. */
		adopt(e, sorted, k);
		e->rank = e->parent != NULL
		    ? e->parent->rank + name_depth(e->tail)
		    : name_depth(e->path);
	}
	free(sorted);
}

/* ---- all of an account ---- */

static void
finish(struct map *m, struct entry *e)
{
	struct map_item *it = e->item;

	if (it->existing)
		return;
	if (e->twin != NULL) {
		e->dst = e->twin->dst;
		it->status = e->twin->item->status;
		it->code = e->twin->item->code;
		it->hint = e->twin->item->hint;
		it->dst_role = e->twin->item->dst_role;
	}
	if (it->status == MAPPED_REFUSED || it->status == MAPPED_SKIPPED) {
		it->dst_role = ROLE_NONE;
		return;
	}
	it->dst = e->dst;
	if (*it->hint == '\0' && !e->verbatim &&
	    (e->changed || strcmp(e->path, e->name) != 0))
		it->hint = "the target cannot have the name as it is";
	if (m->prefix != NULL && !e->role_said)
		it->dst_role = ROLE_NONE; /* the account's own has it */
	else if (strcmp(e->dst, "INBOX") == 0)
		it->dst_role = ROLE_INBOX;
}

int
map_account(struct map *m, struct map_item *items, size_t n, struct fail *f)
{
	struct entry *list = mem_array(n + 1, sizeof(*list));
	size_t i;

	(void)f;
	for (i = 0; i < n; i++)
		begin(m, &list[i], &items[i]);
	link_parents(list, n);
	roles_assign(m->roles, m, list, n);
	twins_settle(m, list, n);
	for (i = 0; i < n; i++)
		if (list[i].twin == NULL)
			finish(m, &list[i]);
	for (i = 0; i < n; i++)
		if (list[i].twin != NULL)
			finish(m, &list[i]);
	free(list);
	return 0;
}
