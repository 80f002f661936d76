/* tree.c: the folders of a store on disk, as a sorted list. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "store/files_p.h"
#include "store/store_p.h"

void
tree_init(struct tree *t)
{
	memset(t, 0, sizeof(*t));
	t->arena = arena_new();
}

void
tree_free(struct tree *t)
{
	arena_free(t->arena);
	free(t->list);
	memset(t, 0, sizeof(*t));
}

void
tree_reset(struct tree *t)
{
	arena_reset(t->arena);
	t->n = 0;
}

struct folder *
tree_add(struct tree *t, const char *name, const char *raw)
{
	struct folder *d;

	if (t->n == t->room) {
		t->room = t->room ? 2 * t->room : 64;
		t->list = mem_resize(t->list, t->room, sizeof(*t->list));
	}
	d = &t->list[t->n++];
	memset(d, 0, sizeof(*d));
	d->name = arena_strdup(t->arena, name);
	d->raw = arena_strdup(t->arena, raw);
	d->selectable = 1;
	d->role = strcmp(name, "INBOX") == 0 ? ROLE_INBOX : ROLE_NONE;
	return d;
}

static int
by_name(const void *key, const void *folder)
{
	const char *x = key, *y = ((const struct folder *)folder)->name;
	int xin = strcmp(x, "INBOX") == 0, yin = strcmp(y, "INBOX") == 0;

	return xin || yin ? yin - xin : strcmp(x, y);
}

struct folder *
tree_find(const struct tree *t, const char *name)
{
	if (t->n == 0)
		return NULL;
	return bsearch(name, t->list, t->n, sizeof(*t->list), by_name);
}

/* Two raw names can read alike (\2E and \2e): the second shows its octets. */
static void
part_twins(struct tree *t)
{
	struct buf name = {0};
	size_t i;
	int found = 0;

	for (i = 1; i < t->n; i++)
		if (strcmp(t->list[i].name, t->list[i - 1].name) == 0) {
			struct folder *d = &t->list[i];

			buf_reset(&name);
			level_literal(&name, d->raw, strlen(d->raw));
			d->name = arena_strdup(t->arena, name.data);
			found = 1;
		}
	if (found)
		folder_sort(t->list, t->n);
	buf_free(&name);
}

static int
has(const struct tree *t, size_t sorted, const char *name)
{
	return bsearch(name, t->list, sorted, sizeof(*t->list), by_name) !=
	    NULL;
}

/* Every prefix that no folder has becomes a parent without messages. */
static void
add_parents(struct tree *t)
{
	size_t i, sorted = t->n;
	const char *name, *slash, *last = "";

	for (i = 0; i < sorted; i++) {
		name = t->list[i].name;
		for (slash = strchr(name, '/'); slash != NULL;
		     slash = strchr(slash + 1, '/')) {
			char *up = arena_strndup(
			    t->arena, name, (size_t)(slash - name));

			if (has(t, sorted, up) || strcmp(up, last) == 0)
				continue;
			tree_add(t, up, "")->selectable = 0;
			last = up;
		}
	}
	folder_sort(t->list, t->n);
}

/* Parents that several children asked for are there more than once. */
static void
drop_same_parents(struct tree *t)
{
	size_t i, kept = 0;

	for (i = 0; i < t->n; i++)
		if (kept == 0 || t->list[i].selectable ||
		    t->list[kept - 1].selectable ||
		    strcmp(t->list[i].name, t->list[kept - 1].name) != 0)
			t->list[kept++] = t->list[i];
	t->n = kept;
}

void
tree_finish(struct tree *t, char sep)
{
	size_t i;

	folder_sort(t->list, t->n);
	part_twins(t);
	if (t->n > 0)
		add_parents(t);
	drop_same_parents(t);
	for (i = 0; i < t->n; i++)
		t->list[i].sep = sep;
}
