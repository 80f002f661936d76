/* spool.c: one message in hand: memory while small, then an unlinked file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/base.h"

enum { SMALL = 256 * 1024, CHUNK = 64 * 1024 };

struct spool {
	char *dir;
	struct buf mem;
	int fd; /* -1 while everything is in mem */
	uint64_t len, at;
	void *map; /* the first `mapped` octets, or NULL */
	size_t mapped;
};

struct spool *
spool_new(const char *dir)
{
	struct spool *s = mem_alloc(sizeof(*s));

	s->dir = mem_strdup(dir);
	s->fd = -1;
	return s;
}

void
spool_free(struct spool *s)
{
	if (s == NULL)
		return;
	spool_reset(s);
	buf_free(&s->mem);
	free(s->dir);
	free(s);
}

static void
unmap(struct spool *s)
{
	if (s->map != NULL)
		(void)munmap(s->map, s->mapped);
	s->map = NULL;
}

void
spool_reset(struct spool *s)
{
	unmap(s);
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
	s->len = s->at = 0;
	buf_reset(&s->mem);
}

uint64_t
spool_len(const struct spool *s)
{
	return s->len;
}

/* O_TMPFILE where the file system has it, else made and unlinked. */
static int
open_file(struct spool *s, struct fail *f)
{
	char *path;

	s->fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd != -1)
		return 0;
	path = mem_printf("%s/.mbx-spool-XXXXXX", s->dir);
	s->fd = mkostemp(path, O_CLOEXEC);
	if (s->fd != -1)
		(void)unlink(path);
	free(path);
	if (s->fd == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "spool", "%s", s->dir);
	return 0;
}

static int
put(struct spool *s, const char *p, size_t n, struct fail *f)
{
	while (n > 0) {
		ssize_t w = write(s->fd, p, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return fail_errno(
			    f, CODE_IO, REACH_RUN, "spool", "%s", s->dir);
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
spool_add(struct spool *s, const void *p, size_t n, struct fail *f)
{
	if (s->fd == -1 && s->len + n > SMALL) {
		if (open_file(s, f) == -1 ||
		    put(s, s->mem.data, s->mem.len, f) == -1)
			return -1;
		buf_reset(&s->mem);
	}
	if (s->fd == -1)
		buf_add(&s->mem, p, n);
	else if (put(s, p, n, f) == -1)
		return -1;
	s->len += n;
	return 0;
}

int
spool_map(struct spool *s, const char **p, size_t *n, struct fail *f)
{
	*n = s->len;
	unmap(s);
	if (s->fd == -1) {
		*p = s->len > 0 ? s->mem.data : "";
		return 0;
	}
	s->map = mmap(NULL, s->len, PROT_READ, MAP_PRIVATE, s->fd, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return fail_errno(f, CODE_IO, REACH_RUN, "spool", "%s", s->dir);
	}
	s->mapped = s->len;
	*p = s->map;
	return 0;
}

int
spool_rewind(struct spool *s, struct fail *f)
{
	s->at = 0;
	if (s->fd != -1 && lseek(s->fd, 0, SEEK_SET) == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "spool", "%s", s->dir);
	return 0;
}

int
spool_read(struct spool *s, const char **p, size_t *n, struct fail *f)
{
	ssize_t got;

	if (s->at >= s->len)
		return 0;
	if (s->fd == -1) {
		*p = s->mem.data + s->at;
		*n = (size_t)(s->len - s->at);
		s->at = s->len;
		return 1;
	}
	buf_reset(&s->mem);
	do
		got = read(s->fd, buf_room(&s->mem, CHUNK), CHUNK);
	while (got == -1 && errno == EINTR);
	if (got <= 0)
		return fail_errno(f, CODE_IO, REACH_RUN, "spool", "%s", s->dir);
	s->at += (uint64_t)got;
	*p = s->mem.data;
	*n = (size_t)got;
	return 1;
}
