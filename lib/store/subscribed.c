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
load(int dir, const char *file, struct buf *b, struct fail *f)
{
	if (path_load(dir, file, LARGEST, b) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_ENDPOINT, "subscriptions", "%s", file);
	return 0;
}

/* A line names a folder by its levels as they are on the disk. */
static void
mark_one(struct tree *t, const char *line, size_t n, char sep)
{
	struct buf name = {0};
	const char *end = line + n, *stop;
	struct folder *d;
	int ok = n > 0;

	for (; ok; line = stop + 1) {
		stop = memchr(line, sep, (size_t)(end - line));
		if (stop == NULL)
			stop = end;
		ok = level_decode(&name, line, (size_t)(stop - line));
		if (stop == end)
			break;
		buf_addc(&name, '/');
	}
	d = ok ? tree_find(t, name.data) : NULL;
	if (d != NULL && d->selectable)
		d->subscribed = 1;
	buf_free(&name);
}

int
subscribed_mark(
    int dir, const char *file, char sep, struct tree *t, struct fail *f)
{
	struct buf b = {0};
	const char *line, *end, *nl;
	size_t i;
	int rc = load(dir, file, &b, f);

	for (i = 0; rc == 0 && i < t->n; i++)
		t->list[i].known |= FOLDER_SUBSCRIBED;
	for (line = b.data, end = line + b.len; rc == 0 && line < end;
	     line = nl + 1) {
		if ((nl = memchr(line, '\n', (size_t)(end - line))) == NULL)
			nl = end;
		mark_one(t, line, (size_t)(nl - line), is_v2(&b) ? '\t' : sep);
	}
	buf_free(&b);
	return rc;
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
