/* mbx-map: decides every folder's name and role on the target; offline. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "map/map.h"
#include "row/row.h"

static struct map_opt options;
static const char *existing_file, *separator;
static struct map *map;

/* Folders that the target has, sorted by account. */
static struct arena *existing_arena;
static struct header *existing_header;
static struct row **existing;
static size_t nexisting;

static int
set_collision(const char *name, struct fail *f)
{
	return collision_read(&options.collision, name, f);
}

static int
set_separator(const char *value, struct fail *f)
{
	separator = value;
	if (strlen(value) == 1 && *value > ' ' && *value <= '~')
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--separator is one character, not '%s'", value);
}

static const struct opt opts[] = {
    {"rules", 'r', OPT_STRING, "FILE", "table of match, replace, role, account",
	&options.rules, NULL},
    {"profile", 'p', OPT_STRING, "NAME",
	"what the target is: dovecot ...; a / names a file", &options.profile,
	NULL},
    {"prefix", 0, OPT_STRING, "FOLDER", "everything goes under it",
	&options.prefix, NULL},
    {"collision", 0, OPT_CALL, "POLICY",
	"of two names: refuse (default) suffix merge", NULL, set_collision},
    {"existing", 'e', OPT_STRING, "FILE",
	"folders of the target (mbx-inventory)", &existing_file, NULL},
    {"separator", 0, OPT_CALL, "C", "the target's; no level may hold it", NULL,
	set_separator},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

/* ---- folders of the target ---- */

static int
by_account(const void *a, const void *b)
{
	const struct row *x = *(struct row *const *)a;
	const struct row *y = *(struct row *const *)b;

	return strcmp(row_get(x, "account"), row_get(y, "account"));
}

static int
read_existing(struct table_in *t, struct fail *f)
{
	struct row *r;
	int rc = table_header(t, &existing_header, f);

	if (rc == 0)
		return fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER,
		    "existing", "there is no header line");
	if (rc == 1 &&
	    (header_find(existing_header, "folder") == -1 ||
		header_find(existing_header, "account") == -1))
		return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "existing",
		    "there is no column folder or account");
	while (rc != -1 && (rc = table_next(t, existing_arena, &r, f)) == 1) {
		if (*row_get(r, "folder") == '\0')
			continue;
		existing =
		    mem_resize(existing, nexisting + 1, sizeof(struct row *));
		existing[nexisting++] = r;
	}
	if (rc == -1)
		return -1;
	if (nexisting > 0)
		qsort(existing, nexisting, sizeof(struct row *), by_account);
	return 0;
}

static int
load_existing(struct fail *f)
{
	FILE *fp = fopen(existing_file, "re");
	struct table_in *t;
	int rc;

	(void)fail_at(f, "%s", existing_file);
	if (fp == NULL)
		return fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER,
		    "existing", "%s", strerror(errno));
	existing_arena = arena_new();
	t = table_in(fp, existing_file, DIALECT_AUTO);
	rc = read_existing(t, f);
	table_in_free(t);
	(void)fclose(fp);
	return rc;
}

static int
start(struct fail *f)
{
	if (map_new(&map, &options, f) == -1)
		return -1;
	return existing_file != NULL ? load_existing(f) : 0;
}

/* The account's part of existing: the first, *n of them. */
static struct row **
existing_of(const char *account, size_t *n)
{
	size_t low = 0, high = nexisting, end;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(row_get(existing[mid], "account"), account) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (end = low; end < nexisting &&
	     strcmp(row_get(existing[end], "account"), account) == 0;)
		end++;
	*n = end - low;
	return existing + low;
}

/* ---- one account ---- */

/*
 * Other users' and shared folders are copied once, by rows that say so; a row
 * without a folder is an account, which needs no name.
 */
static int
is_for_us(const struct row *r)
{
	const char *space = row_get(r, "namespace");

	if (*row_get(r, "folder") == '\0')
		return 0;
	return *space == '\0' || strcmp(space, "personal") == 0 ||
	    strcmp(row_get(r, "type"), "shared") == 0;
}

static void
emit_left_out(const struct row *r, struct out *o)
{
	struct row *to = out_new(o, r);

	if (*row_get(r, "folder") != '\0') {
		row_set(to, "status", "skipped");
		row_set(to, "code", "POLICY");
		row_set(to, "hint",
		    "not a personal folder; a row with type=shared takes it");
	} else if (*row_get(r, "status") == '\0')
		row_set(to, "status", "ok");
	out_row(o, to);
}

static void
emit(const struct row *r, const struct map_item *it, struct out *o)
{
	static const char *const names[] = {
	    "ok", "skipped", "merged", "refused"};
	const char *was = row_get(r, "status");
	struct row *to = out_new(o, r);
	struct fail f = {0};

	row_set(to, "dst_folder", it->dst);
	row_set(to, "dst_role", role_name(it->dst_role));
	if (it->status == MAPPED_REFUSED) {
		(void)fail_at(&f, "%s/%s", it->account, it->folder);
		(void)fail_set(&f, fail_code_of(it->code), REACH_FOLDER,
		    AGAIN_NEVER, "map", "%s", it->hint);
		say(&f);
	}
	/* What an inventory could not read stays failed. */
	if (it->status == MAPPED_REFUSED ||
	    (strcmp(was, "failed") != 0 && strcmp(was, "deferred") != 0)) {
		row_set(to, "status", names[it->status]);
		row_set(to, "code", it->code);
		if (*it->hint != '\0' || strcmp(was, "ok") != 0)
			row_set(to, "hint", it->hint);
	}
	out_row(o, to);
}

static void
add_existing(struct map_item *it, struct row *const *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const char *sep = row_get(rows[i], "sep");

		if (*sep != '\0' && separator == NULL)
			map_separator(map, *sep);
		it[i].folder = row_get(rows[i], "folder");
		it[i].role = role_of(row_get(rows[i], "role"));
		it[i].existing = 1;
	}
}

static int
account(struct row *const *rows, size_t n, struct out *o, struct fail *f)
{
	const char *name = row_get(rows[0], "account");
	size_t there, i, k = 0;
	struct row **at = existing_of(name, &there);
	struct map_item *items = mem_array(n + there, sizeof(*items)), *it;

	map_reset(map);
	map_separator(map, separator != NULL ? *separator : '\0');
	for (i = 0; i < n; i++) {
		if (!is_for_us(rows[i]))
			continue;
		it = &items[k++];
		it->account = name;
		it->folder = row_get(rows[i], "folder");
		it->role = role_of(row_get(rows[i], "role"));
		it->dst_folder = row_get(rows[i], "dst_folder");
	}
	add_existing(items + k, at, there);
	if (map_account(map, items, k + there, f) == -1) {
		free(items);
		return -1;
	}
	for (it = items, i = 0; i < n; i++)
		if (is_for_us(rows[i]))
			emit(rows[i], it++, o);
		else
			emit_left_out(rows[i], o);
	free(items);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct filter t = {
	    .name = "mbx-map",
	    .synopsis = "[-r FILE] [-p PROFILE] [--prefix FOLDER] "
			"[--collision POLICY] [-e FILE] [folders]",
	    .summary = "decide every folder's name and role on the target",
	    .examples =
		"  mbx-inventory accounts.csv | mbx-map -p dovecot >folders\n"
		"  mbx-map -r rules.tsv --collision suffix folders.tsv",
	    .opts = opts,
	    .columns = "dst_folder dst_role status code hint",
	    .needs = "account folder",
	    .start = start,
	    .account = account,
	};

	return filter_main(&t, argc, argv);
}
