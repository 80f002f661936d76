/* header.c: the names of columns. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "row/row.h"

struct header {
	char **name;
	size_t n;
};

struct header *
header_new(const char *names)
{
	struct header *h = mem_alloc(sizeof(*h));
	size_t len;

	for (; *names != '\0'; names += len) {
		names += strspn(names, " ");
		len = strcspn(names, " ");
		if (len > 0) {
			char *name = mem_strndup(names, len);

			(void)header_add(h, name);
			free(name);
		}
	}
	return h;
}

void
header_free(struct header *h)
{
	size_t i;

	if (h == NULL)
		return;
	for (i = 0; i < h->n; i++)
		free(h->name[i]);
	free(h->name);
	free(h);
}

size_t
header_count(const struct header *h)
{
	return h->n;
}

const char *
header_name(const struct header *h, size_t i)
{
	return h->name[i];
}

int
header_find(const struct header *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		if (strcmp(h->name[i], name) == 0)
			return (int)i;
	return -1;
}

size_t
header_add(struct header *h, const char *name)
{
	int at = header_find(h, name);

	if (at != -1)
		return (size_t)at;
	h->name = mem_resize(h->name, h->n + 1, sizeof(*h->name));
	h->name[h->n] = mem_strdup(name);
	return h->n++;
}
