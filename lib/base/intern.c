/* intern.c: each different string once. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct intern {
	struct arena *arena;
	const char **slot; /* open addressing, a power of two, half empty */
	size_t slots, used;
};

struct intern *
intern_new(void)
{
	struct intern *in = mem_alloc(sizeof(*in));

	in->arena = arena_new();
	in->slots = 16;
	in->slot = mem_array(in->slots, sizeof(*in->slot));
	return in;
}

void
intern_free(struct intern *in)
{
	if (in == NULL)
		return;
	arena_free(in->arena);
	free(in->slot);
	free(in);
}

static uint64_t
hash(const char *s, size_t n)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	while (n-- > 0)
		h = (h ^ (unsigned char)*s++) * 1099511628211u;
	return h ^ (h >> 32);
}

static size_t
place(const struct intern *in, const char *s, size_t n)
{
	size_t i = hash(s, n) & (in->slots - 1);

	while (in->slot[i] != NULL &&
	    (strncmp(in->slot[i], s, n) != 0 || in->slot[i][n] != '\0'))
		i = (i + 1) & (in->slots - 1);
	return i;
}

static void
grow(struct intern *in)
{
	const char **old = in->slot;
	size_t i, n = in->slots;

	in->slots *= 2;
	in->slot = mem_array(in->slots, sizeof(*in->slot));
	for (i = 0; i < n; i++)
		if (old[i] != NULL)
			in->slot[place(in, old[i], strlen(old[i]))] = old[i];
	free(old);
}

const char *
intern_str(struct intern *in, const char *s, size_t n)
{
	size_t i = place(in, s, n);

	if (in->slot[i] != NULL)
		return in->slot[i];
	if (in->used * 2 >= in->slots) {
		grow(in);
		i = place(in, s, n);
	}
	in->used++;
	return in->slot[i] = arena_strndup(in->arena, s, n);
}
