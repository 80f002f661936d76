/* row.c: one record under a header. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "row/row.h"

struct row {
	struct arena *arena;
	const struct header *header;
	const char *value[];
};

struct row *
row_new(struct arena *a, const struct header *h)
{
	size_t i, n = header_count(h);
	struct row *r = arena_alloc(a, sizeof(*r) + n * sizeof(*r->value));

	r->arena = a;
	r->header = h;
	for (i = 0; i < n; i++)
		r->value[i] = "";
	return r;
}

struct row *
row_under(struct arena *a, const struct header *h, const struct row *from)
{
	struct row *r = row_new(a, h);
	size_t i;

	for (i = 0; i < header_count(h); i++)
		row_set_at(r, i, row_get(from, header_name(h, i)));
	return r;
}

const struct header *
row_header(const struct row *r)
{
	return r->header;
}

const char *
row_get(const struct row *r, const char *column)
{
	int at = header_find(r->header, column);

	return at == -1 ? "" : r->value[at];
}

const char *
row_at(const struct row *r, size_t i)
{
	return r->value[i];
}

void
row_set(struct row *r, const char *column, const char *value)
{
	int at = header_find(r->header, column);

	assert(at != -1);
	row_set_at(r, (size_t)at, value);
}

void
row_setf(struct row *r, const char *column, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(small)) {
		row_set(r, column, small);
		return;
	}
	va_start(ap, fmt);
	{
		char *big = arena_alloc(r->arena, (size_t)n + 1);

		(void)vsnprintf(big, (size_t)n + 1, fmt, ap);
		row_set(r, column, big);
	}
	va_end(ap);
}

void
row_set_at(struct row *r, size_t i, const char *value)
{
	r->value[i] = *value == '\0' ? "" : arena_strdup(r->arena, value);
}

int
row_u64(const struct row *r, const char *column, uint64_t *v, struct fail *f)
{
	const char *s = row_get(r, column);

	if (*s == '\0')
		return 0;
	if (text_u64(s, strlen(s), v))
		return 1;
	return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, column,
	    "'%s' is not a number", s);
}
