/*
 * map_profile.c: what a target is like, as data: share/profiles/NAME.tsv, the
 * same built in, or a file of the user.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "map/map_p.h"
#include "row/row.h"

char *
profile_text(const char *name)
{
	struct buf b = {0};
	size_t i, k;

	for (i = 0; i < map_nembedded; i++)
		if (strcmp(map_embedded[i].name, name) == 0)
			break;
	if (i == map_nembedded)
		return NULL;
	for (k = 0; map_embedded[i].lines[k] != NULL; k++)
		buf_adds(&b, map_embedded[i].lines[k]);
	return b.data;
}

/* Where a table's row is wrong: FILE:LINE. */
static int
bad_line(struct fail *f, const char *name, uint64_t line)
{
	if (f != NULL && f->code == CODE_ROW) {
		f->code = CODE_CONFIG;
		f->reach = REACH_RUN;
	} else if (line > 0)
		(void)fail_at(f, "%s:%llu", name, (unsigned long long)line);
	return -1;
}

static int
has_columns(
    const struct header *h, const char *needs, const char *name, struct fail *f)
{
	char column[32];
	size_t n;

	for (; *needs != '\0'; needs += n + (needs[n] == ' ')) {
		n = strcspn(needs, " ");
		(void)snprintf(column, sizeof(column), "%.*s", (int)n, needs);
		if (header_find(h, column) != -1)
			continue;
		(void)fail_at(f, "%s", name);
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "header", "there is no column %s", column);
	}
	return 0;
}

static int
read_rows(FILE *fp, const char *name,
    int (*each)(void *arg, const struct row *r, uint64_t line, struct fail *f),
    void *arg, const char *needs, struct fail *f)
{
	struct table_in *t = table_in(fp, name, DIALECT_AUTO);
	struct arena *a = arena_new();
	struct header *h = NULL;
	struct row *r;
	uint64_t line;
	size_t n;
	int rc = table_header(t, &h, f);

	if (rc == 0) {
		(void)fail_at(f, "%s", name);
		rc = fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "read",
		    "there is no header line");
	} else if (rc == 1)
		rc = has_columns(h, needs, name, f);
	while (rc == 0 && (rc = table_next(t, a, &r, f)) == 1) {
		(void)table_text(t, &n, &line);
		if ((rc = each(arg, r, line, f)) == -1)
			(void)bad_line(f, name, line);
		arena_reset(a);
	}
	if (rc == -1)
		(void)bad_line(f, name, 0);
	table_in_free(t);
	header_free(h);
	arena_free(a);
	return rc;
}

/* Tables are read from descriptors. */
static FILE *
in_memory(const char *text)
{
	size_t n = strlen(text);
	int fd = memfd_create("table", MFD_CLOEXEC);
	FILE *fp;

	if (fd == -1)
		return NULL;
	if (write(fd, text, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0 ||
	    (fp = fdopen(fd, "r")) == NULL) {
		(void)close(fd);
		return NULL;
	}
	return fp;
}

int
profile_rows(const char *name, const char *text,
    int (*each)(void *arg, const struct row *r, uint64_t line, struct fail *f),
    void *arg, const char *needs, struct fail *f)
{
	FILE *fp = text != NULL ? in_memory(text) : fopen(name, "re");
	int rc;

	if (fp == NULL) {
		(void)fail_at(f, "%s", name);
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "open",
		    "%s", strerror(errno));
	}
	rc = read_rows(fp, name, each, arg, needs, f);
	(void)fclose(fp);
	return rc;
}

/* ---- the profile ---- */

const char *
profile_get(const struct profile *p, const char *key)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		if (strcmp(p->pairs[i].key, key) == 0)
			return p->pairs[i].value;
	return NULL;
}

static int
take_pair(void *arg, const struct row *r, uint64_t line, struct fail *f)
{
	struct profile *p = arg;
	const char *key = row_get(r, "key");

	(void)line;
	if (*key == '\0' || profile_get(p, key) != NULL)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "the key %s is %s", key,
		    *key == '\0' ? "empty" : "there twice");
	p->pairs = mem_resize(p->pairs, p->n + 1, sizeof(*p->pairs));
	p->pairs[p->n].key = mem_strdup(key);
	p->pairs[p->n++].value = mem_strdup(row_get(r, "value"));
	return 0;
}

static const char *
text(const struct profile *p, const char *key)
{
	const char *v = profile_get(p, key);

	return v != NULL ? v : "";
}

static int
number(const struct profile *p, const char *key, size_t *out, struct fail *f)
{
	const char *v = text(p, key);
	uint64_t n = 0;

	if (*v != '\0' && (!text_u64(v, strlen(v), &n) || n > SIZE_MAX))
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "%s: %s is no number", key, v);
	*out = (size_t)n;
	return 0;
}

static int
truth(const struct profile *p, const char *key, int unsaid, int *out,
    struct fail *f)
{
	const char *v = text(p, key);

	if (*v != '\0' && strcmp(v, "0") != 0 && strcmp(v, "1") != 0)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "%s: %s is neither 0 nor 1", key, v);
	*out = *v != '\0' ? *v == '1' : unsaid;
	return 0;
}

static int
character(const struct profile *p, const char *key, char unsaid, char *out,
    struct fail *f)
{
	const char *v = text(p, key);

	*out = *v != '\0' ? *v : unsaid;
	if (*v != '\0' && (v[1] != '\0' || *v <= ' ' || *v > '~'))
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "%s: %s is not one ASCII character", key, v);
	return 0;
}

static int
read_roles(struct profile *p, struct fail *f)
{
	char key[32];
	int r;

	for (r = 0; r < ROLE_COUNT; r++) {
		(void)snprintf(
		    key, sizeof(key), "role_%s", role_name((enum role)r));
		p->role[r] = text(p, key);
		if (*p->role[r] != '\0' && !name_is_whole(p->role[r]))
			return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
			    "profile", "%s: %s is no folder", key, p->role[r]);
	}
	return 0;
}

static int
read_out(struct profile *p, struct fail *f)
{
	p->forbid = text(p, "forbid");
	p->first = text(p, "forbid_first");
	p->reserved = text(p, "reserved");
	p->reserved_any = text(p, "reserved_any");
	if (number(p, "max_level", &p->max_level, f) == -1 ||
	    number(p, "max_name", &p->max_name, f) == -1 ||
	    number(p, "max_depth", &p->max_depth, f) == -1 ||
	    truth(p, "fold_case", 0, &p->fold_case, f) == -1 ||
	    truth(p, "normalise", 0, &p->normalise, f) == -1 ||
	    truth(p, "trim", 0, &p->trim, f) == -1 ||
	    truth(p, "inbox_children", 1, &p->inbox_children, f) == -1 ||
	    character(p, "escape", '=', &p->escape, f) == -1 ||
	    character(p, "sep", '\0', &p->sep, f) == -1 ||
	    read_roles(p, f) == -1)
		return -1;
	if (strchr("%/&", p->escape) != NULL ||
	    strchr(p->forbid, p->escape) != NULL || p->escape == p->sep)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "escape: %c cannot serve", p->escape);
	if (p->max_level != 0 && p->max_level < 32)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "max_level: less than 32 leaves no room");
	return 0;
}

static void
list_names(struct buf *b)
{
	size_t i;

	for (i = 0; i < map_nembedded; i++)
		if (strcmp(map_embedded[i].name, "roles") != 0)
			buf_addf(b, " %s", map_embedded[i].name);
}

int
profile_load(struct profile *p, const char *name, struct fail *f)
{
	struct buf names = {0};
	char *data = NULL;
	int rc;

	memset(p, 0, sizeof(*p));
	if (name == NULL)
		name = "generic";
	if (strchr(name, '/') == NULL && strcmp(name, "roles") != 0)
		data = profile_text(name);
	if (data == NULL && strchr(name, '/') == NULL) {
		list_names(&names);
		(void)fail_at(f, "%s", name);
		(void)fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "profile", "unknown; there are%s (a file needs a /)",
		    names.data);
		buf_free(&names);
		return -1;
	}
	rc = profile_rows(name, data, take_pair, p, "key value", f);
	if (rc == 0 && (rc = read_out(p, f)) == -1)
		(void)fail_at(f, "%s", name);
	free(data);
	return rc;
}

void
profile_free(struct profile *p)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		free(p->pairs[i].key);
		free(p->pairs[i].value);
	}
	free(p->pairs);
}
