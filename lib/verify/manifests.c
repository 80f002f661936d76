/* manifests.c: directories of manifests: whose they are, and whether whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/verify_p.h"

enum { LAST_MAX = 64 * 1024 };

void
manifests_free(struct manifests *m)
{
	size_t i;

	for (i = 0; m != NULL && i < m->n; i++) {
		free(m->list[i].account);
		free(m->list[i].path);
		free(m->list[i].damage);
	}
	if (m != NULL)
		free(m->list);
	free(m);
}

/* ---- is it whole ---- */

static int
damaged(struct fail *f, const char *path, const char *why)
{
	(void)fail_at(f, "%s", path);
	return fail_set(f, CODE_ROW, REACH_ENDPOINT, AGAIN_NEVER, "manifest",
	    "%s: make it again", why);
}

/* Where the last line starts; -1 if it has no end. */
static int64_t
last_line(int fd, uint64_t size, struct buf *line, struct fail *f)
{
	size_t n = size < LAST_MAX ? (size_t)size : LAST_MAX;
	const char *lf;

	buf_reset(line);
	if (temp_read(fd, buf_room(line, n), n, size - n, f) == -1)
		return -1;
	buf_grown(line, n);
	if (n == 0 || line->data[n - 1] != '\n')
		return -1;
	lf = memrchr(line->data, '\n', n - 1);
	if (lf != NULL)
		buf_drop(line, (size_t)(lf - line->data) + 1);
	return (int64_t)(size - line->len);
}

/* 1 it ends in a row that says so, 0 it does not, -1. */
static int
check_end(int fd, const char *path, const struct header *h, struct fail *f)
{
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	struct buf line = {0};
	struct stat sb;
	char hex[65];
	int64_t at;
	int rc = -1;

	if (fstat(fd, &sb) == -1 ||
	    (at = last_line(fd, (uint64_t)sb.st_size, &line, f)) == -1)
		(void)damaged(f, path, "it is cut off");
	else if (!row_parse(r, line.data, line.len - 1) ||
	    strcmp(row_get(r, "digest_level"), "end") != 0)
		rc = 0;
	else if (file_digest(fd, (uint64_t)at, hex, f) == 0) {
		rc = strcmp(hex, row_get(r, "digest")) == 0
		    ? 1
		    : damaged(f, path, "its octets are not those of its end");
	}
	buf_free(&line);
	arena_free(a);
	return rc;
}

int
manifest_check(const char *path, int *whole, struct fail *f)
{
	FILE *fp = fopen(path, "re");
	struct header *h = NULL;
	struct table_in *t;
	int rc;

	*whole = 0;
	if (fp == NULL) {
		(void)fail_at(f, "%s", path);
		return fail_errno(
		    f, CODE_INPUT, REACH_ENDPOINT, "manifest", "open");
	}
	t = table_in(fp, path, DIALECT_AUTO);
	rc = table_header(t, &h, f);
	if (rc == 0)
		rc = damaged(f, path, "it is empty");
	else if (rc == 1)
		rc = check_end(fileno(fp), path, h, f);
	*whole = rc == 1;
	table_in_free(t);
	header_free(h);
	(void)fclose(fp);
	return rc == -1 ? -1 : 0;
}

/* ---- whose it is ---- */

static void
add(struct manifests *m, const char *account, const char *path, int is_target,
    const char *damage)
{
	struct manifest *e;

	m->list = mem_resize(m->list, m->n + 1, sizeof(*m->list));
	e = &m->list[m->n++];
	e->account = mem_strdup(account);
	e->path = mem_strdup(path);
	e->damage = damage != NULL ? mem_strdup(damage) : NULL;
	e->is_target = is_target;
}

static int
is_known(const struct manifests *m, size_t from, const char *account)
{
	size_t i;

	for (i = m->n; i > from; i--)
		if (strcmp(m->list[i - 1].account, account) == 0)
			return 1;
	return 0;
}

/* The accounts that the file's rows name. */
static int
add_accounts(struct manifests *m, const char *path, int is_target,
    const char *damage, struct fail *f)
{
	FILE *fp = fopen(path, "re");
	struct arena *a = arena_new();
	struct header *h = NULL;
	struct table_in *t;
	struct row *r;
	size_t from = m->n;
	int rc;

	if (fp == NULL) {
		arena_free(a);
		return fail_errno(
		    f, CODE_INPUT, REACH_RUN, "manifest", "%s", path);
	}
	t = table_in(fp, path, DIALECT_AUTO);
	rc = table_header(t, &h, f);
	while (rc == 1 && (rc = table_next(t, a, &r, f)) != 0) {
		if (rc == 1 && !is_known(m, from, row_get(r, "account")))
			add(m, row_get(r, "account"), path, is_target, damage);
		else if (rc == -1 &&
		    (damage == NULL || f->reach != REACH_MESSAGE))
			break;
		rc = 1;
		arena_reset(a);
	}
	table_in_free(t);
	header_free(h);
	arena_free(a);
	(void)fclose(fp);
	if (m->n == from) {
		(void)fail_at(f, "%s", path);
		return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "manifest",
		    "%s", damage != NULL ? damage : "it is of no account");
	}
	return rc == -1 && damage == NULL ? -1 : 0;
}

static int
add_file(struct verify *v, const char *path, int is_target, struct fail *f)
{
	struct fail why = {0};
	int whole, ok = manifest_check(path, &whole, &why) == 0;

	if (ok && !whole && v->o->say != NULL) {
		char *line = mem_printf(
		    "%s: no row says where it ends, as mbx-verify --manifest "
		    "writes it: a folder cut off would go unnoticed",
		    path);

		v->o->say(v->o->arg, line);
		free(line);
	}
	return add_accounts(
	    v->manifests, path, is_target, ok ? NULL : why.why, f);
}

static int
is_table(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 4 &&
	    (strcmp(e->d_name + n - 4, ".tsv") == 0 ||
		strcmp(e->d_name + n - 4, ".csv") == 0);
}

static int
add_directory(struct verify *v, const char *dir, int is_target, struct fail *f)
{
	struct dirent **names;
	int i, n = scandir(dir, &names, is_table, alphasort), rc = 0;

	if (n == -1 || n == 0) {
		(void)fail_at(f, "%s", dir);
		return n == -1
		    ? fail_errno(f, CODE_INPUT, REACH_RUN, "manifests", "read")
		    : fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER,
			  "manifests", "there are none");
	}
	for (i = 0; i < n; i++) {
		char *path = mem_printf("%s/%s", dir, names[i]->d_name);

		if (rc == 0)
			rc = add_file(v, path, is_target, f);
		free(path);
		free(names[i]);
	}
	free(names);
	return rc;
}

static int
by_account(const void *a, const void *b)
{
	const struct manifest *x = a, *y = b;
	int d = strcmp(x->account, y->account);

	if (d == 0)
		d = x->is_target - y->is_target;
	return d != 0 ? d : strcmp(x->path, y->path);
}

int
verify_manifests(
    struct verify *v, const char *source, const char *target, struct fail *f)
{
	v->manifests = mem_alloc(sizeof(*v->manifests));
	if (add_directory(v, source, 0, f) == -1 ||
	    add_directory(v, target, 1, f) == -1)
		return -1;
	qsort(v->manifests->list, v->manifests->n, sizeof(struct manifest),
	    by_account);
	return 0;
}

const char *
verify_account(const struct verify *v, size_t i)
{
	const struct manifests *m = v->manifests;
	size_t k;

	for (k = 0; k < m->n; k++)
		if ((k == 0 ||
			strcmp(m->list[k].account, m->list[k - 1].account) !=
			    0) &&
		    i-- == 0)
			return m->list[k].account;
	return NULL;
}

/* ---- one account ---- */

/* The account's part of the list: of one side. */
static size_t
part(const struct manifests *m, const char *account, int is_target,
    const struct manifest **first)
{
	size_t i, n = 0;

	for (i = 0; i < m->n; i++)
		if (m->list[i].is_target == is_target &&
		    strcmp(m->list[i].account, account) == 0 && n++ == 0)
			*first = &m->list[i];
	return n;
}

static int
open_side(struct side *s, const char *account, struct fail *f)
{
	const struct manifest *first = NULL;
	size_t i, n = part(s->v->manifests, account, s->is_target, &first);

	(void)fail_at(f, "%s", account);
	if (n == 0)
		return fail_set(f, CODE_INPUT, REACH_ENDPOINT, AGAIN_NEVER,
		    "compare", "there is no manifest of the %s",
		    s->is_target ? "target" : "source");
	for (i = 0; i < n; i++)
		if (first[i].damage != NULL) {
			(void)fail_at(f, "%s", first[i].path);
			return fail_set(f, CODE_ROW, REACH_ENDPOINT,
			    AGAIN_NEVER, "manifest", "%s", first[i].damage);
		}
	return side_manifest(s, first, n, f);
}

static int
same_level(struct verify *v, struct fail *f)
{
	static const char *const names[SUMS + 1] = {[SUM_L0] = "L0",
	    [SUM_L1] = "L1",
	    [SUM_L2] = "L2",
	    [SUM_L3] = "L3",
	    [SUMS] = "none"};

	/* An account without a message has no level. */
	if (v->src.base == SUMS)
		v->src.base = v->dst.base;
	if (v->dst.base == SUMS)
		v->dst.base = v->src.base;
	if (v->src.base != v->dst.base)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "compare",
		    "digests of the source are %s, of the target %s: make "
		    "both alike",
		    names[v->src.base], names[v->dst.base]);
	if (v->src.base == SUMS)
		v->src.base = v->dst.base = SUM_L0;
	return 0;
}

int
verify_compare(struct verify *v, const struct row *job, struct fail *f)
{
	struct buf account = {0};
	int rc;

	v->job = job;
	verify_end(v);
	v->accepts = v->accept;
	job_account(&account, job);
	rc = open_side(&v->src, account.data != NULL ? account.data : "", f);
	if (rc == 0)
		rc = open_side(
		    &v->dst, account.data != NULL ? account.data : "", f);
	if (rc == 0)
		rc = same_level(v, f);
	if (rc == 0)
		rc = verify_sides(v, f);
	verify_end(v);
	buf_free(&account);
	return rc;
}
