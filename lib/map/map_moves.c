/* map_moves.c: the folders that a job row means, and where they go. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_p.h"
#include "row/row.h"
#include "store/store.h"

/* A pattern that fits a folder fits all below it. */
static int
fits(const char *const *patterns, const char *folder)
{
	for (; *patterns != NULL; patterns++) {
		char *name = mem_strdup(folder), *slash;
		int hit = 0;

		while ((hit = fnmatch(*patterns, name, 0) == 0) == 0 &&
		    (slash = strrchr(name, '/')) != NULL)
			*slash = '\0';
		free(name);
		if (hit)
			return 1;
	}
	return 0;
}

static int
in_list(const char *list, const char *folder)
{
	size_t len = strlen(folder);

	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, folder, n) == 0)
			return 1;
		list += n + (list[n] == ',');
	}
	return 0;
}

/* A comma in a name is %2C in a list of names. */
static int
is_excepted(const char *except, const char *folder)
{
	struct buf name = {0};
	int rc;

	for (; *folder != '\0'; folder++)
		if (*folder == ',')
			buf_adds(&name, "%2C");
		else
			buf_addc(&name, *folder);
	rc = in_list(except, name.len > 0 ? name.data : "");
	buf_free(&name);
	return rc;
}

static int
is_meant(const struct moving *j, const char *folder)
{
	const char *own = row_get(j->job, "folder");

	if (*own != '\0')
		return strcmp(own, folder) == 0;
	return !is_excepted(row_get(j->job, "except"), folder);
}

static const struct folder *
find(const struct folder *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static void
leave_out(
    struct move *v, enum mapped status, const char *code, const char *hint)
{
	v->to = "";
	v->role = ROLE_NONE;
	v->status = status;
	v->code = code;
	v->hint = hint;
}

/* What mbx-map said of the row stands, unless it gave it a name. */
static int
was_left_out(struct map *m, const struct row *job, struct move *v)
{
	const char *status = row_get(job, "status");
	int skipped = strcmp(status, "skipped") == 0;

	if (*row_get(job, "folder") == '\0' ||
	    *row_get(job, "dst_folder") != '\0' ||
	    (!skipped && strcmp(status, "refused") != 0))
		return 0;
	leave_out(v, skipped ? MAPPED_SKIPPED : MAPPED_REFUSED,
	    arena_strdup(m->arena, row_get(job, "code")),
	    arena_strdup(m->arena, row_get(job, "hint")));
	return 1;
}

static void
decide(struct map *m, const struct moving *j, const struct map_item *it,
    const struct folder *src, struct move *v)
{
	memset(v, 0, sizeof(*v));
	v->src = src;
	v->to = it->dst;
	v->role = it->dst_role;
	v->status = it->status;
	v->code = it->code;
	v->hint = it->hint;
	if (was_left_out(m, j->job, v))
		return;
	if ((j->only != NULL && !fits(j->only, src->name)) ||
	    (j->exclude != NULL && fits(j->exclude, src->name)))
		leave_out(v, MAPPED_SKIPPED, "POLICY", "left out by an option");
	if (*v->to != '\0')
		v->dst = find(j->dst, j->dst_n, v->to);
}

/* Only where a name travels by wire may its levels not hold the separator. */
static void
set_separator(struct map *m, const struct moving *j)
{
	struct endpoint e = {0};
	size_t i;

	map_separator(m, '\0');
	if (endpoint_parse(&e, row_get(j->job, "target"), NULL) == 0 &&
	    endpoint_is_net(&e))
		for (i = 0; i < j->dst_n; i++)
			if (j->dst[i].sep != '\0') {
				map_separator(m, j->dst[i].sep);
				break;
			}
	endpoint_free(&e);
}

int
map_moves(struct map *m, const struct moving *j, struct move **out, size_t *n,
    struct fail *f)
{
	struct map_item *items =
	    mem_array(j->src_n + j->dst_n + 1, sizeof(*items));
	const char *own = row_get(j->job, "folder");
	struct buf account = {0};
	size_t i;
	int rc;

	*n = 0;
	*out = mem_array(j->src_n + 1, sizeof(**out));
	job_account(&account, j->job);
	set_separator(m, j);
	for (i = 0; i < j->src_n; i++) {
		items[i].account = account.data;
		items[i].folder = j->src[i].name;
		items[i].role = j->src[i].role;
		if (strcmp(own, j->src[i].name) == 0)
			items[i].dst_folder = row_get(j->job, "dst_folder");
		if ((items[i].dst_folder == NULL ||
			*items[i].dst_folder == '\0') &&
		    j->kept != NULL)
			items[i].dst_folder = j->kept(j->arg, j->src[i].name);
	}
	for (i = 0; i < j->dst_n; i++) {
		items[j->src_n + i].folder = j->dst[i].name;
		items[j->src_n + i].role = j->dst[i].role;
		items[j->src_n + i].existing = 1;
	}
	rc = map_account(m, items, j->src_n + j->dst_n, f);
	for (i = 0; rc == 0 && i < j->src_n; i++)
		if (is_meant(j, j->src[i].name))
			decide(m, j, &items[i], &j->src[i], &(*out)[(*n)++]);
	if (rc == 0 && *own != '\0' && *n == 0)
		rc = fail_set(f, CODE_NAME, REACH_ENDPOINT, AGAIN_NEVER,
		    "folder", "the source has no folder %s", own);
	buf_free(&account);
	free(items);
	if (rc == -1) {
		free(*out);
		*out = NULL;
	}
	return rc;
}
