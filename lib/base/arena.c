/* arena.c: memory that lives as long as the row in hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { BLOCK = 16384, ALIGN = 16 };

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(16) char data[];
};

struct arena {
	struct block *first, *now;
};

struct arena *
arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void
arena_free(struct arena *a)
{
	struct block *b, *next;

	if (a == NULL)
		return;
	for (b = a->first; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	free(a);
}

/* Ordinary blocks are kept for the next row, oversized ones given back. */
void
arena_reset(struct arena *a)
{
	struct block **link = &a->first, *b;

	while ((b = *link) != NULL) {
		if (b->size > BLOCK) {
			*link = b->next;
			free(b);
		} else {
			b->used = 0;
			link = &b->next;
		}
	}
	a->now = a->first;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	size_t need = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	struct block *b = a->now;
	char *p;

	while (b != NULL && b->size - b->used < need)
		b = b->next;
	if (b == NULL) {
		size_t cap = need > BLOCK ? need : BLOCK;

		b = mem_alloc(sizeof(*b) + cap);
		b->size = cap;
		b->next = a->first;
		a->first = b;
	}
	a->now = b;
	p = b->data + b->used;
	b->used += need;
	memset(p, 0, need);
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *p = arena_alloc(a, n + 1);

	memcpy(p, s, n);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return arena_strdup(a, "");
	p = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return p;
}
