/* texts.c: strings kept by their offset: memory while few, then a file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verify/verify_p.h"

enum { SMALL = 64 * 1024 };

struct texts {
	char *dir;
	struct buf mem; /* what is not in the file */
	int fd; /* -1: all in mem */
	uint64_t stored;
};

struct texts *
texts_new(const char *dir)
{
	struct texts *t = mem_alloc(sizeof(*t));

	t->dir = mem_strdup(dir);
	t->fd = -1;
	return t;
}

void
texts_free(struct texts *t)
{
	if (t == NULL)
		return;
	if (t->fd != -1)
		(void)close(t->fd);
	buf_free(&t->mem);
	free(t->dir);
	free(t);
}

int
texts_add(struct texts *t, const char *s, uint64_t *at, struct fail *f)
{
	uint32_t n = (uint32_t)strlen(s);

	*at = t->stored + t->mem.len;
	buf_add(&t->mem, &n, sizeof(n));
	buf_add(&t->mem, s, n);
	if (t->mem.len < SMALL)
		return 0;
	if (t->fd == -1 && (t->fd = temp_open(t->dir, f)) == -1)
		return -1;
	if (temp_write(t->fd, t->mem.data, t->mem.len, t->stored, f) == -1)
		return -1;
	t->stored += t->mem.len;
	buf_reset(&t->mem);
	return 0;
}

int
texts_get(struct texts *t, uint64_t at, struct buf *out, struct fail *f)
{
	uint32_t n;

	if (at == TEXT_NONE)
		return 0;
	if (at >= t->stored) {
		const char *p = t->mem.data + (at - t->stored);

		memcpy(&n, p, sizeof(n));
		buf_add(out, p + sizeof(n), n);
		return 0;
	}
	if (temp_read(t->fd, &n, sizeof(n), at, f) == -1)
		return -1;
	if (temp_read(t->fd, buf_room(out, n), n, at + sizeof(n), f) == -1)
		return -1;
	buf_grown(out, n);
	return 0;
}
