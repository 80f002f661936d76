/*
 * match.c: pairs the messages of a source folder with those of the target's,
 * one for one.  Both lie in piles that are sorted and merged: first by what
 * they are alike in most, then by less and less; what is left over at the end
 * is missing, or extra.
 */
#include <string.h>

#include "verify/verify_p.h"

/* ---- order ---- */

enum { BY_DATE = 1, BY_FLAGS = 2 };

static int
compare(const struct item *a, const struct item *b, int more)
{
	int d = memcmp(a->key, b->key, sizeof(a->key));

	if (d == 0 && (more & BY_DATE) != 0)
		d = (a->date > b->date) - (a->date < b->date);
	if (d == 0 && (more & BY_FLAGS) != 0 && a->flags != b->flags)
		d = strcmp(a->flags, b->flags);
	return d;
}

int
item_by_place(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->folder != y->folder)
		return x->folder < y->folder ? -1 : 1;
	return (x->pos > y->pos) - (x->pos < y->pos);
}

static int
by_all(const void *a, const void *b)
{
	int d = compare(a, b, BY_DATE | BY_FLAGS);

	return d != 0 ? d : item_by_place(a, b);
}

static int
by_date(const void *a, const void *b)
{
	int d = compare(a, b, BY_DATE);

	return d != 0 ? d : item_by_place(a, b);
}

static int
by_flags(const void *a, const void *b)
{
	int d = compare(a, b, BY_FLAGS);

	return d != 0 ? d : item_by_place(a, b);
}

int
item_by_key(const void *a, const void *b)
{
	int d = compare(a, b, 0);

	return d != 0 ? d : item_by_place(a, b);
}

int
item_same_key(const struct item *a, const struct item *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/*
 * Of several equal copies each finds the one that is like it in date and
 * flags, so that a change is blamed on the message that has it.
 */
static const struct step {
	int (*sort)(const void *, const void *);
	int more;
} steps[] = {
    {by_all, BY_DATE | BY_FLAGS},
    {by_date, BY_DATE},
    {by_flags, BY_FLAGS},
    {item_by_key, 0},
};

/* ---- one merge ---- */

struct cursor {
	struct pile *pile, *rest;
	struct kin k;
	int rc; /* of the last pile_next */
	uint8_t last[16]; /* key of the one before */
	int any;
};

static int
advance(struct cursor *c, struct fail *f)
{
	if (c->rc == 1) {
		memcpy(c->last, c->k.it.key, sizeof(c->last));
		c->any = 1;
	}
	return c->rc = pile_next(c->pile, &c->k, f);
}

static int
leave(struct cursor *c, struct fail *f)
{
	if (pile_add(c->rest, &c->k, f) == -1)
		return -1;
	return advance(c, f);
}

/* One more of what the source has: sorted by key, so its like is near. */
static int
is_copy(const struct cursor *s, const struct item *d)
{
	return (s->rc == 1 && item_same_key(&s->k.it, d)) ||
	    (s->any && memcmp(s->last, d->key, sizeof(s->last)) == 0);
}

static int
leave_found(
    const struct cursor *s, struct cursor *d, enum round how, struct fail *f)
{
	if (how <= ROUND_BYTES && is_copy(s, &d->k.it))
		d->k.it.copy = 1;
	return leave(d, f);
}

static int
merge(struct group *g, struct cursor *s, struct cursor *d,
    const struct step *st, enum round how, struct fail *f)
{
	if (pile_sort(s->pile, st->sort, f) == -1 ||
	    pile_sort(d->pile, st->sort, f) == -1 || advance(s, f) == -1 ||
	    advance(d, f) == -1)
		return -1;
	while (s->rc == 1 && d->rc == 1) {
		int c = compare(&s->k.it, &d->k.it, st->more);

		if (c < 0) {
			if (leave(s, f) == -1)
				return -1;
		} else if (c > 0) {
			if (leave_found(s, d, how, f) == -1)
				return -1;
		} else if (group_pair(g, &s->k, &d->k, how, f) == -1 ||
		    advance(s, f) == -1 || advance(d, f) == -1)
			return -1;
	}
	while (s->rc == 1)
		if (leave(s, f) == -1)
			return -1;
	while (s->rc == 0 && d->rc == 1)
		if (leave_found(s, d, how, f) == -1)
			return -1;
	return s->rc == -1 || d->rc == -1 ? -1 : 0;
}

int
match_round(struct group *g, struct pile **s, struct pile **d, enum round how,
    struct fail *f)
{
	size_t i;

	for (i = 0; i < LENGTH(steps); i++) {
		struct cursor cs = {.pile = *s}, cd = {.pile = *d};
		int rc;

		if (pile_count(*s) == 0 || pile_count(*d) == 0)
			return 0;
		cs.rest = pile_like(*s);
		cd.rest = pile_like(*d);
		rc = merge(g, &cs, &cd, &steps[i], how, f);
		pile_free(*s);
		pile_free(*d);
		*s = cs.rest;
		*d = cd.rest;
		if (rc == -1)
			return -1;
	}
	return 0;
}
