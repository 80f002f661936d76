/*
 * map_role.c: roles.  What the source says (SPECIAL-USE) is believed; where it
 * says nothing of a role, a folder is known by its name in many languages.
 */
#include <stdlib.h>
#include <string.h>

#include "map/map_p.h"
#include "msg/msg.h"
#include "row/row.h"

struct known {
	char *key;
	enum role role;
	size_t line; /* earlier lines win */
};
struct roles {
	struct known *list; /* sorted by key */
	size_t n;
};

static int
take_name(void *arg, const struct row *r, uint64_t line, struct fail *f)
{
	struct roles *roles = arg;
	struct known *k;
	struct buf key = {0};
	enum role role = role_of(row_get(r, "role"));

	if (role == ROLE_NONE || *row_get(r, "name") == '\0')
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "role",
		    "%s: not a role, or it has no name", row_get(r, "role"));
	key_make(&key, row_get(r, "name"), 1, 1);
	roles->list =
	    mem_resize(roles->list, roles->n + 1, sizeof(*roles->list));
	k = &roles->list[roles->n++];
	k->key = key.data;
	k->role = role;
	k->line = (size_t)line;
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(
	    ((const struct known *)a)->key, ((const struct known *)b)->key);
}

int
roles_load(struct roles **r, struct fail *f)
{
	char *text = profile_text("roles");
	int rc;

	*r = mem_alloc(sizeof(**r));
	rc = profile_rows("roles", text, take_name, *r, "role name", f);
	free(text);
	if ((*r)->n > 0)
		qsort((*r)->list, (*r)->n, sizeof(*(*r)->list), compare);
	return rc;
}

void
roles_free(struct roles *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++)
		free(r->list[i].key);
	free(r->list);
	free(r);
}

/*
 * The level that may tell a role: of a folder at the top, or right under
 * INBOX or a box like [Gmail].
 */
static const char *
telling(const char *name)
{
	const char *under = strchr(name, '/');

	if (under == NULL)
		return name;
	if (strchr(under + 1, '/') != NULL)
		return NULL;
	if ((under - name == 5 && text_ncasecmp(name, "INBOX", 5) == 0) ||
	    (name[0] == '[' && under[-1] == ']'))
		return under + 1;
	return NULL;
}

static const struct known *
look_up(const struct roles *r, const char *name)
{
	const char *level = telling(name);
	struct buf text = {0}, key = {0};
	struct known want = {0};
	const struct known *found;

	if (level == NULL || r->n == 0)
		return NULL;
	level_plain(&text, level, strlen(level));
	key_make(&key, text.data, 1, 1);
	want.key = key.data;
	found = bsearch(&want, r->list, r->n, sizeof(*r->list), compare);
	buf_free(&text);
	buf_free(&key);
	return found;
}

/* The target's name for a role: of a folder that is there, or its profile. */
static const char *
target_name(struct map *m, enum role role, const struct entry *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i].item->existing && list[i].item->role == role)
			return list[i].name;
	return m->profile.role[role];
}

static int
is_open(const struct entry *e)
{
	return !e->item->existing && e->item->status == MAPPED_OK &&
	    e->twin == NULL;
}

/* Does a stand before b as the one folder of its role?  Lower is better. */
static size_t
preference(const struct entry *e, const char *target, const struct known *k)
{
	if (e->ruled)
		return 0;
	if (strcmp(e->path, target) == 0)
		return 1;
	return k != NULL ? 1 + k->line : SIZE_MAX;
}

/* Which one is the role's folder; NULL if nothing looks like it. */
static struct entry *
choose(const struct roles *r, enum role role, const char *target, int by_name,
    struct entry *list, size_t n)
{
	struct entry *best = NULL;
	size_t i, least = 0;

	for (i = 0; i < n; i++) {
		struct entry *e = &list[i];
		const struct known *k;
		size_t p;

		if (!is_open(e) ||
		    (by_name && (e->role != ROLE_NONE || e->role_said)) ||
		    (!by_name && e->role != role))
			continue;
		k = look_up(r, e->name);
		if (k != NULL && k->role != role)
			k = NULL;
		if (by_name && k == NULL)
			continue;
		p = preference(e, target, k);
		if (best == NULL || p < least ||
		    (p == least && strcmp(e->name, best->name) < 0)) {
			best = e;
			least = p;
		}
	}
	return best;
}

static void
assign(const struct roles *r, struct map *m, enum role role, struct entry *list,
    size_t n)
{
	const char *target = target_name(m, role, list, n);
	struct entry *e = choose(r, role, target, 0, list, n);

	if (e == NULL) {
		e = choose(r, role, target, 1, list, n);
		if (e == NULL)
			return;
		e->item->dst_role = role;
	}
	if (!e->ruled && *target != '\0')
		e->own = target;
}

void
roles_assign(const struct roles *r, struct map *m, struct entry *list, size_t n)
{
	int role;
	size_t i;

	for (i = 0; i < n; i++)
		if (is_open(&list[i]))
			list[i].item->dst_role = list[i].role;
	for (role = ROLE_INBOX + 1; role < ROLE_COUNT; role++)
		assign(r, m, (enum role)role, list, n);
}
