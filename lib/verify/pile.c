/*
 * pile.c: any number of records in little memory: a buffer, then an unlinked
 * file, sorted by runs of one buffer each that are merged while they are read.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/verify_p.h"

enum { CHUNK = 256 * 1024, AHEAD = 4096 };

struct run {
	uint64_t at, end; /* records not yet read into the buffer */
	char *buf; /* room for p->ahead records */
	size_t i, n;
};

struct pile {
	size_t size; /* of a record */
	char *dir;
	char *mem; /* records added last, or all of them */
	size_t n, room, most; /* in mem; most of them */
	int fd; /* -1: everything is in mem */
	uint64_t count, stored;
	int sorted;
	int (*by)(const void *, const void *);
	struct run *run;
	size_t runs, ahead;
	size_t *heap, heaped; /* runs by their next record */
	size_t next; /* in mem */
};

struct pile *
pile_new(size_t record, const char *dir)
{
	struct pile *p = mem_alloc(sizeof(*p));

	p->size = record;
	p->dir = mem_strdup(dir);
	p->most = CHUNK / record;
	p->ahead = record < AHEAD ? AHEAD / record : 1;
	p->fd = -1;
	return p;
}

struct pile *
pile_like(const struct pile *p)
{
	return pile_new(p->size, p->dir);
}

static void
drop_runs(struct pile *p)
{
	size_t i;

	for (i = 0; i < p->runs; i++)
		free(p->run[i].buf);
	free(p->run);
	free(p->heap);
	p->run = NULL;
	p->heap = NULL;
	p->runs = p->heaped = 0;
}

void
pile_reset(struct pile *p)
{
	drop_runs(p);
	if (p->fd != -1)
		(void)close(p->fd);
	p->fd = -1;
	p->n = p->next = 0;
	p->count = p->stored = 0;
	p->sorted = 0;
}

void
pile_free(struct pile *p)
{
	if (p == NULL)
		return;
	pile_reset(p);
	free(p->mem);
	free(p->dir);
	free(p);
}

uint64_t
pile_count(const struct pile *p)
{
	return p->count;
}

/* ---- the file ---- */

int
temp_open(const char *dir, struct fail *f)
{
	int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *path;

	if (fd != -1)
		return fd;
	path = mem_printf("%s/.mbx-pile-XXXXXX", dir);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd != -1)
		(void)unlink(path);
	free(path);
	if (fd == -1)
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "temporary file", "%s", dir);
	return fd;
}

int
temp_write(int fd, const void *from, size_t n, uint64_t at, struct fail *f)
{
	const char *s = from;

	while (n > 0) {
		ssize_t w = pwrite(fd, s, n, (off_t)at);

		if (w == -1 && errno == EINTR)
			continue;
		if (w <= 0)
			return fail_errno(
			    f, CODE_IO, REACH_RUN, "temporary file", "write");
		s += w;
		n -= (size_t)w;
		at += (uint64_t)w;
	}
	return 0;
}

int
temp_read(int fd, void *to, size_t n, uint64_t at, struct fail *f)
{
	char *s = to;

	while (n > 0) {
		ssize_t r = pread(fd, s, n, (off_t)at);

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return fail_errno(
			    f, CODE_IO, REACH_RUN, "temporary file", "read");
		s += r;
		n -= (size_t)r;
		at += (uint64_t)r;
	}
	return 0;
}

static int
spill(struct pile *p, struct fail *f)
{
	if (p->fd == -1 && (p->fd = temp_open(p->dir, f)) == -1)
		return -1;
	if (temp_write(p->fd, p->mem, p->n * p->size, p->stored * p->size, f) ==
	    -1)
		return -1;
	p->stored += p->n;
	p->n = 0;
	return 0;
}

int
pile_add(struct pile *p, const void *record, struct fail *f)
{
	assert(!p->sorted);
	if (p->n == p->most && spill(p, f) == -1)
		return -1;
	if (p->n == p->room) {
		p->room = p->room ? p->room * 2 : 16;
		if (p->room > p->most)
			p->room = p->most;
		p->mem = mem_resize(p->mem, p->room, p->size);
	}
	memcpy(p->mem + p->n++ * p->size, record, p->size);
	p->count++;
	return 0;
}

int
pile_at(struct pile *p, uint64_t n, void *record, struct fail *f)
{
	assert(!p->sorted && n < p->count);
	if (n >= p->stored) {
		memcpy(record, p->mem + (n - p->stored) * p->size, p->size);
		return 0;
	}
	return temp_read(p->fd, record, p->size, n * p->size, f);
}

/* ---- order ---- */

/* Each buffer's worth is sorted where it lies. */
static int
sort_runs(struct pile *p, struct fail *f)
{
	uint64_t at;

	if (p->n > 0 && spill(p, f) == -1)
		return -1;
	for (at = 0; at < p->stored; at += p->most) {
		size_t n = p->stored - at < p->most ? (size_t)(p->stored - at)
						    : p->most;

		if (temp_read(p->fd, p->mem, n * p->size, at * p->size, f) ==
		    -1)
			return -1;
		qsort(p->mem, n, p->size, p->by);
		if (temp_write(p->fd, p->mem, n * p->size, at * p->size, f) ==
		    -1)
			return -1;
	}
	free(p->mem);
	p->mem = NULL;
	p->room = 0;
	return 0;
}

/* 1 the run has a record at hand, 0 it is used up, -1. */
static int
fill(struct pile *p, struct run *r, struct fail *f)
{
	size_t n;

	if (r->i < r->n)
		return 1;
	n = r->end - r->at < p->ahead ? (size_t)(r->end - r->at) : p->ahead;
	if (n == 0)
		return 0;
	if (temp_read(p->fd, r->buf, n * p->size, r->at * p->size, f) == -1)
		return -1;
	r->at += n;
	r->i = 0;
	r->n = n;
	return 1;
}

static const char *
head(const struct pile *p, size_t run)
{
	return p->run[run].buf + p->run[run].i * p->size;
}

/* Equal records keep the order of their runs. */
static int
is_before(const struct pile *p, size_t a, size_t b)
{
	int d = p->by != NULL ? p->by(head(p, a), head(p, b)) : 0;

	return d != 0 ? d < 0 : a < b;
}

static void
sink(struct pile *p, size_t i)
{
	for (;;) {
		size_t child = 2 * i + 1, run = p->heap[i];

		if (child >= p->heaped)
			return;
		if (child + 1 < p->heaped &&
		    is_before(p, p->heap[child + 1], p->heap[child]))
			child++;
		if (!is_before(p, p->heap[child], run))
			return;
		p->heap[i] = p->heap[child];
		p->heap[child] = run;
		i = child;
	}
}

static int
start_runs(struct pile *p, struct fail *f)
{
	size_t i, n = (size_t)((p->stored + p->most - 1) / p->most);

	drop_runs(p);
	p->run = mem_array(n, sizeof(*p->run));
	p->heap = mem_array(n, sizeof(*p->heap));
	p->runs = n;
	for (i = 0; i < n; i++) {
		struct run *r = &p->run[i];

		r->at = i * p->most;
		r->end = i + 1 < n ? r->at + p->most : p->stored;
		r->buf = mem_array(p->ahead, p->size);
		if (fill(p, r, f) == -1)
			return -1;
		p->heap[p->heaped++] = i;
	}
	for (i = n / 2; i-- > 0;)
		sink(p, i);
	return 0;
}

int
pile_sort(struct pile *p, int (*by)(const void *, const void *), struct fail *f)
{
	assert(by != NULL || !p->sorted);
	p->next = 0;
	if (by != NULL && (!p->sorted || p->by != by)) {
		p->by = by;
		if (p->fd == -1 && p->n > 1)
			qsort(p->mem, p->n, p->size, by);
		if (p->fd != -1 && p->stored > 0) {
			if (p->mem == NULL)
				p->mem = mem_array(p->most, p->size);
			if (sort_runs(p, f) == -1)
				return -1;
		}
		p->sorted = 1;
	}
	return p->fd != -1 && p->sorted ? start_runs(p, f) : 0;
}

int
pile_next(struct pile *p, void *record, struct fail *f)
{
	struct run *r;
	int rc;

	if (p->fd == -1 || !p->sorted) {
		if (p->next >= p->count)
			return 0;
		if (p->fd != -1)
			return pile_at(p, p->next++, record, f) == -1 ? -1 : 1;
		memcpy(record, p->mem + p->next++ * p->size, p->size);
		return 1;
	}
	if (p->heaped == 0)
		return 0;
	r = &p->run[p->heap[0]];
	memcpy(record, r->buf + r->i++ * p->size, p->size);
	if ((rc = fill(p, r, f)) == -1)
		return -1;
	if (rc == 0)
		p->heap[0] = p->heap[--p->heaped];
	sink(p, 0);
	return 1;
}
