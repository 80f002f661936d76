/* dns_list.c: lists of records. */
#include <stdlib.h>
#include <string.h>

#include "dns/dns_p.h"

void
dns_add(struct arena *a, struct dns_list *l, const struct dns_rr *rr)
{
	if ((l->n & (l->n - 1)) == 0) { /* full: 0, 1, 2, 4 ... */
		struct dns_rr *more =
		    arena_alloc(a, (l->n ? 2 * l->n : 1) * sizeof(*more));

		if (l->n > 0)
			memcpy(more, l->rr, l->n * sizeof(*more));
		l->rr = more;
	}
	l->rr[l->n++] = *rr;
}

static int
compare(const void *a, const void *b)
{
	const struct dns_rr *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	if (c == 0)
		c = strcmp(x->type, y->type);
	return c != 0 ? c : strcmp(x->rdata, y->rdata);
}

void
dns_sort(struct dns_list *l)
{
	size_t i, n = 0;

	if (l->n < 2)
		return;
	qsort(l->rr, l->n, sizeof(*l->rr), compare);
	for (i = 0; i < l->n; i++)
		if (n > 0 && compare(&l->rr[n - 1], &l->rr[i]) == 0) {
			if (l->rr[i].ttl > l->rr[n - 1].ttl)
				l->rr[n - 1].ttl = l->rr[i].ttl;
		} else
			l->rr[n++] = l->rr[i];
	l->n = n;
}

void
dns_pick(struct arena *a, struct dns_list *to, const struct dns_list *from,
    const char *name, const char *type)
{
	size_t i;

	*to = (struct dns_list){0};
	for (i = 0; i < from->n; i++)
		if ((name == NULL || strcmp(from->rr[i].name, name) == 0) &&
		    strcmp(from->rr[i].type, type) == 0)
			dns_add(a, to, &from->rr[i]);
}

int
dns_same(const struct dns_list *a, const struct dns_list *b, int ttl)
{
	size_t i;

	if (a->n != b->n)
		return 0;
	for (i = 0; i < a->n; i++)
		if (compare(&a->rr[i], &b->rr[i]) != 0 ||
		    (ttl && a->rr[i].ttl != b->rr[i].ttl))
			return 0;
	return 1;
}

uint32_t
dns_ttl_max(const struct dns_list *l)
{
	uint32_t max = 0;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->rr[i].ttl > max)
			max = l->rr[i].ttl;
	return max;
}
