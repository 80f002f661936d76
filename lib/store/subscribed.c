/*
 * subscribed.c: Dovecot's list of subscriptions: version 2 ("V\t2", an empty
 * line, levels separated by tabs) or the old one, names as on the disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "store/files_p.h"
#include "store/store_p.h"

enum { LARGEST = 16 << 20 };
static const char v2[] = "V\t2\n";

static int
is_v2(const struct buf *b)
{
	return b->len >= 4 && memcmp(b->data, v2, 4) == 0;
}

static int
by_raw(const void *a, const void *b)
{
	const struct folder *const *x = a, *const *y = b;

	return strcmp((*x)->raw, (*y)->raw);
}

static int
is_raw(const void *key, const void *folder)
{
	const struct folder *const *d = folder;

	return strcmp(key, (*d)->raw);
}

/* One line, its levels joined by sep; 0 when it is too long to be one. */
static int
to_raw(char *raw, size_t size, const char *line, size_t n, int tabs, char sep)
{
	size_t i;

	if (n >= size)
		return 0;
	for (i = 0; i < n; i++)
		raw[i] = tabs && line[i] == '\t' ? sep : line[i];
	raw[n] = '\0';
	return 1;
}

static void
mark(struct folder **sorted, size_t n, const struct buf *b, char sep)
{
	const char *line = b->data, *end = b->data + b->len, *nl;
	char raw[4096];

	for (; line < end; line = nl + 1) {
		struct folder **d = NULL;

		nl = memchr(line, '\n', (size_t)(end - line));
		if (nl == NULL)
			nl = end;
		if (to_raw(raw, sizeof(raw), line, (size_t)(nl - line),
			is_v2(b), sep))
			d = bsearch(raw, sorted, n, sizeof(*sorted), is_raw);
		if (d != NULL)
			(*d)->subscribed = 1;
	}
}

static int
load(int dir, const char *file, struct buf *b, struct fail *f)
{
	if (path_load(dir, file, LARGEST, b) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_ENDPOINT, "subscriptions", "%s", file);
	return 0;
}

int
subscribed_mark(
    int dir, const char *file, char sep, struct tree *t, struct fail *f)
{
	struct folder **sorted;
	struct buf b = {0};
	size_t i, n = 0;

	if (load(dir, file, &b, f) == -1) {
		buf_free(&b);
		return -1;
	}
	sorted = mem_array(t->n, sizeof(struct folder *));
	for (i = 0; i < t->n; i++) {
		t->list[i].known |= FOLDER_SUBSCRIBED;
		if (t->list[i].selectable)
			sorted[n++] = &t->list[i];
	}
	if (n > 0) {
		qsort(sorted, n, sizeof(*sorted), by_raw);
		mark(sorted, n, &b, sep);
	}
	free(sorted);
	buf_free(&b);
	return 0;
}

static int
is_there(const struct buf *b, const struct buf *line)
{
	const char *p = b->data, *hit;

	while ((hit = memmem(p, b->len - (size_t)(p - b->data), line->data,
		    line->len)) != NULL) {
		if (hit == b->data || hit[-1] == '\n')
			return 1;
		p = hit + 1;
	}
	return 0;
}

static void
add_line(struct buf *b, const char *raw, char sep)
{
	struct buf line = {0};
	const char *p;

	if (b->len == 0)
		buf_addf(b, "%s\n", v2);
	for (p = raw; *p != '\0'; p++)
		buf_addc(&line, *p == sep && is_v2(b) ? '\t' : *p);
	buf_addc(&line, '\n');
	if (b->data[b->len - 1] != '\n')
		buf_addc(b, '\n');
	if (!is_there(b, &line))
		buf_add(b, line.data, line.len);
	buf_free(&line);
}

int
subscribed_add(
    int dir, const char *file, char sep, const char *raw, struct fail *f)
{
	struct buf b = {0};
	size_t before;
	int lock = path_lock(dir, file, f), rc;

	if (lock == -1)
		return -1;
	rc = load(dir, file, &b, f);
	before = b.len;
	if (rc == 0)
		add_line(&b, raw, sep);
	if (rc == -1 || b.len == before)
		path_unlock(dir, file, lock);
	else
		rc = path_replace(dir, file, lock, &b, f);
	buf_free(&b);
	return rc;
}
