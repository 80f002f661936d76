/*
 * map_key.c: a key by which two names are one: case folded by Unicode's simple
 * rules, and in normal form D.  Marks behind a letter are put in order by
 * number, not by class: at worst two names are called twins that are not.
 */
#include <string.h>

#include "map/map_p.h"

enum { MARKS = 32 };

/* Index of the entry for c in a table that rises by its first member. */
static const struct split *
split_find(uint32_t c)
{
	size_t low = 0, high = unicode_nsplits;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (unicode_splits[mid].whole == c)
			return &unicode_splits[mid];
		if (unicode_splits[mid].whole < c)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static uint32_t
fold(uint32_t c)
{
	size_t low = 0, high = unicode_nfolds;

	if (c < 0x80)
		return (uint32_t)text_lower((int)c);
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct foldrun *r = &unicode_folds[mid];

		if (c < r->first)
			high = mid;
		else if (c > r->last)
			low = mid + 1;
		else
			return (c - r->first) % (uint32_t)r->step == 0
			    ? (uint32_t)((int64_t)c + r->delta)
			    : c;
	}
	return c;
}

static int
is_mark(uint32_t c)
{
	return (c >= 0x300 && c <= 0x36f) || (c >= 0x591 && c <= 0x5bd) ||
	    (c >= 0x64b && c <= 0x65f) || (c >= 0x93c && c <= 0x94d) ||
	    (c >= 0x1ab0 && c <= 0x1aff) || (c >= 0x1dc0 && c <= 0x1dff) ||
	    (c >= 0x20d0 && c <= 0x20ff) || (c >= 0x3099 && c <= 0x309a) ||
	    (c >= 0xfe20 && c <= 0xfe2f);
}

/* The letter first, its marks behind it; at most 4 deep in Unicode. */
static size_t
decompose(uint32_t c, uint32_t out[MARKS])
{
	uint32_t marks[MARKS / 2];
	const struct split *s;
	size_t n = 0, k = 0;

	if (c >= 0xac00 && c <= 0xd7a3) { /* Hangul, by arithmetic */
		uint32_t i = c - 0xac00;

		out[n++] = 0x1100 + i / 588;
		out[n++] = 0x1161 + i % 588 / 28;
		if (i % 28 != 0)
			out[n++] = 0x11a7 + i % 28;
		return n;
	}
	while (k < LENGTH(marks) && (s = split_find(c)) != NULL) {
		if (s->mark != 0)
			marks[k++] = s->mark;
		c = s->base;
	}
	out[n++] = c;
	while (k > 0)
		out[n++] = marks[--k];
	return n;
}

/* Adds a mark to the run of marks at the end, in its place. */
static void
insert(uint32_t *run, size_t n, uint32_t mark)
{
	for (; n > 0 && run[n - 1] > mark; n--)
		run[n] = run[n - 1];
	run[n] = mark;
}

static void
flush(struct buf *out, uint32_t *run, size_t *n)
{
	size_t i;

	for (i = 0; i < *n; i++)
		text_utf8_add(out, run[i]);
	*n = 0;
}

static void
add(struct buf *out, const char *s, size_t n, int fold_case, int normalise)
{
	uint32_t run[MARKS], part[MARKS], c;
	size_t len, i, k, marks = 0;

	for (; n > 0; s += len, n -= len) {
		if ((len = text_utf8_char(s, n, &c)) == 0) {
			flush(out, run, &marks);
			buf_addc(out, *s);
			len = 1;
			continue;
		}
		part[0] = c;
		k = normalise ? decompose(c, part) : 1;
		for (i = 0; i < k; i++) {
			c = fold_case ? fold(part[i]) : part[i];
			if (!normalise || !is_mark(c) || marks == LENGTH(run))
				flush(out, run, &marks);
			if (normalise && is_mark(c))
				insert(run, marks++, c);
			else
				text_utf8_add(out, c);
		}
	}
	flush(out, run, &marks);
}

void
key_make(struct buf *out, const char *name, int fold_case, int normalise)
{
	size_t top = strcspn(name, "/");

	/* INBOX is one in any case, everywhere (RFC 3501 section 5.1). */
	if (top == 5 && text_ncasecmp(name, "INBOX", 5) == 0) {
		buf_adds(out, fold_case ? "inbox" : "INBOX");
		name += 5;
	}
	add(out, name, strlen(name), fold_case, normalise);
}
