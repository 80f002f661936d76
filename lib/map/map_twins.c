/*
 * map_twins.c: places every folder on the target, parents before children,
 * and lets no two of them meet there unnoticed.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_p.h"
#include "msg/msg.h"

/* What stands under one key on the target. */
struct place {
	char *key; /* NULL: free */
	struct entry *source; /* the first folder that came here */
	struct entry *there; /* folders of the target, by ->twin */
};
struct places {
	struct place *slots;
	size_t size; /* a power of two, never full */
};

static struct place *
find(struct places *t, const struct map *m, const char *name)
{
	struct buf key = {0};
	uint64_t h = 0xcbf29ce484222325;
	size_t i;

	key_make(&key, name, m->profile.fold_case, m->profile.normalise);
	for (i = 0; i < key.len; i++)
		h = (h ^ (unsigned char)key.data[i]) * 0x100000001b3;
	for (i = h & (t->size - 1); t->slots[i].key != NULL;
	     i = (i + 1) & (t->size - 1))
		if (strcmp(t->slots[i].key, key.data) == 0) {
			buf_free(&key);
			return &t->slots[i];
		}
	t->slots[i].key = key.data;
	return &t->slots[i];
}

void
entry_refuse(
    struct map *m, struct entry *e, const char *code, const char *fmt, ...)
{
	va_list ap;
	struct buf b = {0};
	char *why;

	if (e->item->status == MAPPED_REFUSED)
		return; /* the first reason stands */
	va_start(ap, fmt);
	if (vasprintf(&why, fmt, ap) == -1)
		why = NULL;
	va_end(ap);
	if (why != NULL)
		text_printable(&b, why, strlen(why), 1000);
	free(why);
	e->item->status = MAPPED_REFUSED;
	e->item->code = code;
	e->item->hint = arena_strdup(m->arena, b.len > 0 ? b.data : "");
	buf_free(&b);
}

/* ---- one folder's name ---- */

/* Eight digits that stay the same whatever other folders there are. */
static void
short_hash(char out[9], const char *s, size_t n)
{
	uint8_t sum[32];

	msg_sha256(sum, s, n);
	text_hex(out, sum, 4);
}

static void
add_level(
    struct map *m, struct entry *e, struct buf *to, const char *level, size_t n)
{
	char tail[16], hash[9];
	size_t most = m->profile.max_level;

	buf_add(to, level, n);
	if (most == 0 || level_wire(level, n) <= most)
		return;
	short_hash(hash, to->data, to->len);
	(void)snprintf(tail, sizeof(tail), "~%s", hash);
	level_cut(to, tail, &m->profile);
	e->changed = 1;
}

/* Joins what is deeper than the target goes, cuts what is longer. */
static void
fit(struct map *m, struct entry *e, struct buf *to, const char *name)
{
	const struct profile *p = &m->profile;
	struct buf level = {0};
	size_t depth = 1;

	for (;; depth++) {
		size_t n = strcspn(name, "/");
		const char *rest = name + n;

		buf_add(&level, name, n);
		if (*rest == '\0')
			break;
		if ((p->max_depth != 0 && depth >= p->max_depth) ||
		    (!p->inbox_children && depth == 1 && n == 5 &&
			text_ncasecmp(name, "INBOX", 5) == 0)) {
			/* The escape of a / within a level. */
			buf_addf(&level, "%c2F", p->escape);
			e->changed = 1;
			depth--;
		} else {
			add_level(m, e, to, level.data, level.len);
			buf_addc(to, '/');
			buf_reset(&level);
		}
		name = rest + 1;
	}
	add_level(m, e, to, level.data, level.len);
	buf_free(&level);
}

int
entry_place(struct map *m, struct entry *e)
{
	struct buf name = {0}, to = {0};
	size_t most = m->profile.max_name;
	int rc = 0;

	if (e->own == NULL && e->parent != NULL)
		buf_addf(&name, "%s/%s", e->parent->dst, e->tail);
	else {
		if (m->prefix != NULL && !e->verbatim)
			buf_addf(&name, "%s/", m->prefix);
		buf_adds(&name, e->own != NULL ? e->own : e->path);
	}
	if (e->verbatim)
		buf_adds(&to, name.data);
	else
		fit(m, e, &to, name.data);
	e->dst = arena_strndup(m->arena, to.data, to.len);
	if (!e->verbatim && most != 0 && level_wire(to.data, to.len) > most) {
		entry_refuse(m, e, "NAME",
		    "the target takes names of %zu octets; write a rule that "
		    "shortens it",
		    most);
		rc = -1;
	}
	buf_free(&name);
	buf_free(&to);
	return rc;
}

/* ---- collisions ---- */

int
collision_read(enum collision *c, const char *name, struct fail *f)
{
	static const char *const names[] = {"refuse", "suffix", "merge"};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i], name) == 0) {
			*c = (enum collision)i;
			return 0;
		}
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--collision is refuse, suffix or merge, not '%s'", name);
}

static const char *
kind(const char *a, const char *b)
{
	return strcmp(a, b) == 0 ? "NAME" : "CASE";
}

static void
refuse_one(struct map *m, struct entry *e, const struct entry *other)
{
	if (strcmp(e->dst, other->dst) == 0)
		entry_refuse(m, e, "NAME", "%s would become %s too",
		    other->item->folder, e->dst);
	else
		entry_refuse(m, e, "CASE",
		    "the target takes %s and %s for one (from %s)", e->dst,
		    other->dst, other->item->folder);
}

static void
merge(struct map *m, struct entry *e, const char *into, const char *with,
    const char *code)
{
	e->dst = into;
	e->item->status = MAPPED_MERGED;
	e->item->code = code;
	e->item->hint = arena_printf(m->arena, "joined with %s", with);
}

/* A new name that depends on the folder's own only, so that it stays. */
static int
add_suffix(struct map *m, struct places *t, struct entry *e)
{
	char hash[9], tail[16];
	struct buf to = {0};
	struct place *at;

	short_hash(hash, e->item->folder, strlen(e->item->folder));
	(void)snprintf(tail, sizeof(tail), " (%.6s)", hash);
	buf_adds(&to, e->dst);
	level_cut(&to, tail, &m->profile);
	e->dst = arena_strndup(m->arena, to.data, to.len);
	buf_free(&to);
	at = find(t, m, e->dst);
	if (at->source != NULL)
		return -1;
	at->source = e;
	e->item->hint = arena_strdup(m->arena, "has a twin, hence the suffix");
	return 0;
}

/* e's place is taken by a folder of the source. */
static void
meet(struct map *m, struct places *t, struct entry *e, struct entry *first)
{
	const char *code = kind(e->dst, first->dst);

	if (m->collision == COLLISION_MERGE) {
		merge(m, e, first->dst, first->item->folder, code);
		if (first->item->status == MAPPED_OK)
			merge(m, first, first->dst, e->item->folder, code);
	} else if (m->collision == COLLISION_REFUSE ||
	    add_suffix(m, t, e) == -1) {
		refuse_one(m, e, first);
		refuse_one(m, first, e);
	}
}

/* The target has a folder that it will take for e's, spelled otherwise. */
static void
meet_existing(
    struct map *m, struct places *t, struct entry *e, struct place *at)
{
	const char *there = at->there->item->folder;

	if (m->collision == COLLISION_MERGE) {
		merge(m, e, at->there->dst, there, "CASE");
		at->source = e;
	} else if (m->collision == COLLISION_REFUSE ||
	    add_suffix(m, t, e) == -1)
		entry_refuse(m, e, "CASE",
		    "the target has %s, which it takes for the same", there);
}

static void
settle(struct map *m, struct places *t, struct entry *e)
{
	struct place *at;
	struct entry *there;

	if (entry_place(m, e) == -1)
		return;
	at = find(t, m, e->dst);
	if (at->source != NULL) {
		meet(m, t, e, at->source);
		return;
	}
	for (there = at->there; there != NULL; there = there->twin)
		if (strcmp(there->dst, e->dst) == 0)
			break;
	if (at->there != NULL && there == NULL)
		meet_existing(m, t, e, at);
	else
		at->source = e;
}

/* Parents first; then who keeps the name when two want it. */
static int
compare(const void *a, const void *b)
{
	const struct entry *x = *(struct entry *const *)a;
	const struct entry *y = *(struct entry *const *)b;
	int d = (x->rank > y->rank) - (x->rank < y->rank);

	if (d == 0)
		d = (y->item->dst_role != ROLE_NONE) -
		    (x->item->dst_role != ROLE_NONE);
	if (d == 0)
		d = (strcmp(y->path, y->item->folder) == 0) -
		    (strcmp(x->path, x->item->folder) == 0);
	if (d == 0)
		d = strcmp(x->item->folder, y->item->folder);
	return d != 0 ? d : (x > y) - (x < y);
}

static void
add_existing(struct map *m, struct places *t, struct entry *e)
{
	struct place *at;

	e->dst = e->name;
	at = find(t, m, e->dst);
	e->twin = at->there;
	at->there = e;
}

void
twins_settle(struct map *m, struct entry *list, size_t n)
{
	struct entry **order = mem_array(n + 1, sizeof(struct entry *));
	struct places t = {.size = 16};
	size_t i, k = 0;

	/* A folder takes two places at most, its own and its suffixed one. */
	while (t.size < 4 * n)
		t.size *= 2;
	t.slots = mem_array(t.size, sizeof(*t.slots));
	for (i = 0; i < n; i++)
		if (list[i].item->existing)
			add_existing(m, &t, &list[i]);
		else if (list[i].item->status == MAPPED_OK &&
		    list[i].twin == NULL)
			order[k++] = &list[i];
	qsort(order, k, sizeof(struct entry *), compare);
	for (i = 0; i < k; i++)
		settle(m, &t, order[i]);
	for (i = 0; i < t.size; i++)
		free(t.slots[i].key);
	free(t.slots);
	free(order);
}
