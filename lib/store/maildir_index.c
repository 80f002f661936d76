/*
 * maildir_index.c: the messages of a folder in their order: as in
 * dovecot-uidlist where Dovecot keeps one, then by delivery time and name.
 * 24 octets a message while sorting, 8 afterwards; names are in a namestore.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { PASSES = 4 };
#define UNLISTED ((uint64_t)1 << 40)

struct record {
	uint64_t at; /* as in struct index */
	uint64_t hash; /* of the base name; later its octets after the time */
	uint64_t key; /* place in the uidlist, or UNLISTED + time */
};
struct build {
	struct index *ix;
	struct record *r;
	size_t room;
	struct fail *f;
	int failed;
};

static uint64_t
hash(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	for (; n > 0; s++, n--)
		h = (h ^ (unsigned char)*s) * 1099511628211u;
	return h ^ h >> 29;
}

static void
start(struct index *ix, const char *spool_dir)
{
	index_free(ix);
	ix->names = names_new(spool_dir);
}

void
index_free(struct index *ix)
{
	names_free(ix->names);
	free(ix->at);
	memset(ix, 0, sizeof(*ix));
}

/* ---- sorting in place: qsort(3) would take as much again ---- */

static int
by_hash(struct build *b, const struct record *x, const struct record *y)
{
	(void)b;
	return (x->hash > y->hash) - (x->hash < y->hash);
}

static const char *
name_of(struct build *b, const struct record *r)
{
	const char *name = names_get(b->ix->names, r->at / 2, b->f);

	if (name == NULL)
		b->failed = 1;
	return name != NULL ? name : "";
}

static int
by_order(struct build *b, const struct record *x, const struct record *y)
{
	char name[256];

	if (x->key != y->key)
		return x->key > y->key ? 1 : -1;
	if (x->hash != y->hash)
		return x->hash > y->hash ? 1 : -1;
	(void)snprintf(name, sizeof(name), "%s", name_of(b, x));
	return strcmp(name, name_of(b, y));
}

static void
sink(struct build *b, size_t i, size_t n,
    int (*cmp)(struct build *, const struct record *, const struct record *))
{
	struct record r = b->r[i];
	size_t child;

	while ((child = 2 * i + 1) < n) {
		if (child + 1 < n && cmp(b, &b->r[child], &b->r[child + 1]) < 0)
			child++;
		if (cmp(b, &r, &b->r[child]) >= 0)
			break;
		b->r[i] = b->r[child];
		i = child;
	}
	b->r[i] = r;
}

static void
sort(struct build *b,
    int (*cmp)(struct build *, const struct record *, const struct record *))
{
	struct record r;
	size_t i, n = b->ix->n;

	for (i = n / 2; i-- > 0;)
		sink(b, i, n, cmp);
	while (n > 1) {
		r = b->r[0];
		b->r[0] = b->r[--n];
		b->r[n] = r;
		sink(b, 0, n, cmp);
	}
}

/* ---- reading the directories ---- */

static int
add(struct build *b, const char *name, int is_new)
{
	struct index *ix = b->ix;
	struct record *r;
	uint64_t at;

	if (names_add(ix->names, name, &at, b->f) == -1)
		return -1;
	if (ix->n == b->room) {
		b->room += b->room / 2;
		b->r = mem_resize(b->r, b->room, sizeof(*b->r));
	}
	r = &b->r[ix->n++];
	r->at = at * 2 + (is_new != 0);
	r->hash = hash(name, name_base(name));
	r->key = UNLISTED;
	return 0;
}

static int
read_dir(struct build *b, int dir, int is_new)
{
	int fd = dir == -1 ? -1 : openat(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int rc = 0;

	if (dir == -1)
		return 0;
	if (d == NULL)
		return fail_errno(
		    b->f, CODE_IO, REACH_FOLDER, "read", "directory");
	while (rc == 0 && (errno = 0, e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && e->d_type != DT_DIR)
			rc = add(b, e->d_name, is_new);
	if (rc == 0 && errno != 0)
		rc = fail_errno(
		    b->f, CODE_IO, REACH_FOLDER, "read", "directory");
	(void)closedir(d);
	return rc;
}

static int
stamp(int dir, struct timespec *ts)
{
	struct stat sb;

	memset(ts, 0, sizeof(*ts));
	if (dir == -1 || fstat(dir, &sb) == -1)
		return 0;
	*ts = sb.st_mtim;
	return 1;
}

/*
 * A rename during readdir can hide a file from it or show it twice: read
 * until nothing changed meanwhile.
 */
static int
read_both(struct build *b, const struct mdir *d, const char *spool_dir)
{
	struct timespec before[2], after[2];
	int pass;

	for (pass = 0; pass < PASSES; pass++) {
		start(b->ix, spool_dir);
		(void)stamp(d->new, &before[0]);
		(void)stamp(d->cur, &before[1]);
		if (read_dir(b, d->new, 1) == -1 ||
		    read_dir(b, d->cur, 0) == -1)
			return -1;
		(void)stamp(d->new, &after[0]);
		(void)stamp(d->cur, &after[1]);
		if (memcmp(before, after, sizeof(before)) == 0)
			break;
	}
	return 0;
}

static int
is_gone(const struct mdir *d, struct build *b, const struct record *r,
    struct stat *sb)
{
	return fstatat(r->at & 1 ? d->new : d->cur, name_of(b, r), sb,
		   AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;
}

/* One message under two names, as seen while it was renamed. */
static int
is_twin(const struct mdir *d, struct build *b, const struct record *x,
    const struct record *y, int *first_gone)
{
	struct stat sx = {0}, sy = {0};
	char base[256];
	size_t n;

	(void)snprintf(base, sizeof(base), "%s", name_of(b, x));
	n = name_base(base);
	if (x->hash != y->hash || n != name_base(name_of(b, y)) ||
	    strncmp(base, name_of(b, y), n) != 0)
		return 0;
	*first_gone = is_gone(d, b, x, &sx);
	return *first_gone || is_gone(d, b, y, &sy) ||
	    (sx.st_ino == sy.st_ino && sx.st_dev == sy.st_dev);
}

static void
drop_twins(struct build *b, const struct mdir *d)
{
	size_t i, kept = 0;
	int first_gone;

	for (i = 0; i < b->ix->n; i++) {
		if (kept > 0 &&
		    is_twin(d, b, &b->r[kept - 1], &b->r[i], &first_gone)) {
			if (first_gone)
				b->r[kept - 1] = b->r[i];
			continue;
		}
		b->r[kept++] = b->r[i];
	}
	b->ix->n = kept;
}

/* ---- order ---- */

static void
place(struct build *b, const char *name, uint64_t line)
{
	uint64_t h = hash(name, name_base(name));
	size_t lo = 0, hi = b->ix->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (b->r[mid].hash < h)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (; lo < b->ix->n && b->r[lo].hash == h; lo++)
		b->r[lo].key = line;
}

/*
 * A header line, then "UID [words] :name" (version 3) or "UID name"; only
 * the order of the lines is of use.
 */
static void
read_uidlist(struct build *b, int dir)
{
	int fd = path_file(dir, "dovecot-uidlist");
	FILE *fp = fd == -1 ? NULL : fdopen(fd, "r");
	char *line = NULL, *name;
	size_t size = 0;
	ssize_t n;
	uint64_t count = 0;

	if (fp == NULL && fd != -1)
		(void)close(fd);
	while (fp != NULL && (n = getline(&line, &size, fp)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		if (count++ == 0)
			continue;
		if ((name = strstr(line, " :")) != NULL)
			name += 2;
		else if ((name = strchr(line, ' ')) != NULL)
			name++;
		if (name != NULL)
			place(b, name, count);
	}
	free(line);
	if (fp != NULL)
		(void)fclose(fp);
}

/* The first eight octets behind the time decide nearly every tie. */
static void
make_key(struct build *b, struct record *r)
{
	const char *name = name_of(b, r);
	uint64_t t = name_time(name);
	size_t i, skip = strspn(name, "0123456789");

	if (r->key == UNLISTED)
		r->key += t < UNLISTED ? t : UNLISTED;
	r->hash = 0;
	name += skip;
	for (i = 0; i < 8; i++) {
		r->hash = r->hash << 8 | (unsigned char)*name;
		name += *name != '\0';
	}
}

/* Only the places stay, at the front of the same memory. */
static void
keep(struct build *b)
{
	struct index *ix = b->ix;
	char *to = (char *)b->r;
	size_t i;

	for (i = 0; i < ix->n; i++)
		memmove(to + i * sizeof(*ix->at), &b->r[i].at, sizeof(*ix->at));
	ix->at = mem_resize(to, ix->n, sizeof(*ix->at));
	b->r = NULL;
}

int
index_build(struct index *ix, const struct mdir *d, const char *spool_dir,
    struct fail *f)
{
	struct build b = {.ix = ix, .f = f, .room = 1024};
	size_t i;
	int rc;

	b.r = mem_array(b.room, sizeof(*b.r));
	rc = read_both(&b, d, spool_dir);
	if (rc == 0) {
		sort(&b, by_hash);
		drop_twins(&b, d);
		read_uidlist(&b, d->fd);
		for (i = 0; i < ix->n; i++)
			make_key(&b, &b.r[i]);
		sort(&b, by_order);
		keep(&b);
	}
	free(b.r);
	if (rc == -1 || b.failed) {
		index_free(ix);
		return -1;
	}
	return 0;
}

/* ---- use ---- */

const char *
index_name(const struct index *ix, uint64_t id, int *is_new, struct fail *f)
{
	uint64_t at = ix->at[id - 1];

	*is_new = at & 1;
	return names_get(ix->names, at / 2, f);
}

int
index_rename(struct index *ix, uint64_t id, const char *name, struct fail *f)
{
	uint64_t at;

	if (names_add(ix->names, name, &at, f) == -1)
		return -1;
	ix->at[id - 1] = at * 2;
	return 0;
}

static int
exists(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What a reader does most often: it took the message in, or read it. */
static int
guess(const struct mdir *d, const char *base, struct buf *name)
{
	static const char *const infos[] = {":2,S", ":2,", ""};
	size_t i;

	for (i = 0; i < LENGTH(infos); i++) {
		buf_reset(name);
		buf_addf(name, "%s%s", base, infos[i]);
		if (exists(d->cur, name->data))
			return 1;
	}
	return 0;
}

static int
look(const struct mdir *d, const char *base, size_t n, struct buf *name)
{
	int fd = openat(d->cur, ".", O_RDONLY | O_DIRECTORY), found = 0;
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (dir == NULL)
		return 0;
	while (!found && (e = readdir(dir)) != NULL)
		if (name_base(e->d_name) == n &&
		    strncmp(e->d_name, base, n) == 0) {
			buf_reset(name);
			buf_adds(name, e->d_name);
			found = 1;
		}
	(void)closedir(dir);
	return found;
}

int
index_find_again(
    struct index *ix, const struct mdir *d, uint64_t id, struct fail *f)
{
	struct buf name = {0};
	const char *old;
	char *base;
	int is_new, rc = 0;

	if ((old = index_name(ix, id, &is_new, f)) == NULL)
		return -1;
	base = mem_strndup(old, name_base(old));
	if (d->cur != -1 &&
	    (guess(d, base, &name) || look(d, base, strlen(base), &name)))
		rc = index_rename(ix, id, name.data, f) == -1 ? -1 : 1;
	free(base);
	buf_free(&name);
	return rc;
}
