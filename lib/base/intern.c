/* intern.c: each different string once. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct intern {
	struct arena *arena;
	uint32_t *slot; /* open addressing, a power of two, half empty */
	const char **at; /* by number; a slot holds number + 1 */
	size_t slots, used;
};

struct intern *
intern_new(void)
{
	struct intern *in = mem_alloc(sizeof(*in));

	in->arena = arena_new();
	in->slots = 16;
	in->slot = mem_array(in->slots, sizeof(*in->slot));
	in->at = mem_array(in->slots / 2, sizeof(*in->at));
	return in;
}

void
intern_free(struct intern *in)
{
	if (in == NULL)
		return;
	arena_free(in->arena);
	free(in->slot);
	free(in->at);
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

	while (in->slot[i] != 0) {
		const char *at = in->at[in->slot[i] - 1];

		if (strncmp(at, s, n) == 0 && at[n] == '\0')
			break;
		i = (i + 1) & (in->slots - 1);
	}
	return i;
}

static void
grow(struct intern *in)
{
	uint32_t i;

	in->slots *= 2;
	free(in->slot);
	in->slot = mem_array(in->slots, sizeof(*in->slot));
	in->at = mem_resize(in->at, in->slots / 2, sizeof(*in->at));
	for (i = 0; i < in->used; i++)
		in->slot[place(in, in->at[i], strlen(in->at[i]))] = i + 1;
}

int
intern_has(const struct intern *in, const char *s)
{
	return in->slot[place(in, s, strlen(s))] != 0;
}

uint32_t
intern_number(struct intern *in, const char *s, size_t n)
{
	size_t i = place(in, s, n);

	if (in->slot[i] != 0)
		return in->slot[i] - 1;
	if (in->used * 2 >= in->slots) {
		grow(in);
		i = place(in, s, n);
	}
	in->at[in->used] = arena_strndup(in->arena, s, n);
	in->slot[i] = (uint32_t)++in->used;
	return in->slot[i] - 1;
}

const char *
intern_at(const struct intern *in, uint32_t number)
{
	return in->at[number];
}

const char *
intern_str(struct intern *in, const char *s, size_t n)
{
	uint32_t number = intern_number(in, s, n); /* may move in->at */

	return in->at[number];
}
