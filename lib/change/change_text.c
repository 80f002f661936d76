/* change_text.c: the same changes in a zone's text, where no server is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "change/change_p.h"
#include "zone/zone.h"

int
change_next_set(const struct dns_list *l, size_t *at, struct dns_list *set)
{
	size_t i = *at;

	if (i >= l->n)
		return 0;
	while (*at < l->n && strcmp(l->rr[*at].name, l->rr[i].name) == 0 &&
	    strcmp(l->rr[*at].type, l->rr[i].type) == 0)
		(*at)++;
	*set = (struct dns_list){l->rr + i, *at - i};
	return 1;
}

void
changes_ttl(struct changes *c, const char *zone, const struct dns_list *set,
    uint32_t to, int lower)
{
	struct dns_list wanted = {0};
	size_t i;

	for (i = 0; i < set->n; i++) {
		struct dns_rr rr = set->rr[i];

		if (!lower || rr.ttl > to)
			rr.ttl = to;
		dns_add(c->arena, &wanted, &rr);
	}
	changes_add(c, zone, set->rr[0].name, set->rr[0].type, set, &wanted,
	    lower ? "lower" : "restore");
}

int
change_each_row(const char *path,
    int (*take)(const struct row *, struct fail *), struct fail *f)
{
	FILE *fp = fopen(path, "re");
	struct arena *a;
	struct table_in *t;
	struct header *h = NULL;
	struct row *r;
	int rc;

	(void)fail_at(f, "%s", path);
	if (fp == NULL)
		return fail_errno(f, CODE_INPUT, REACH_RUN, "table", "open");
	a = arena_new();
	t = table_in(fp, path, DIALECT_AUTO);
	rc = table_header(t, &h, f);
	while (rc == 1 && (rc = table_next(t, a, &r, f)) == 1)
		rc = take(r, f) == -1 ? -1 : 1;
	table_in_free(t);
	arena_free(a);
	header_free(h);
	(void)fclose(fp);
	return rc;
}

int
change_text_open(struct zone **z, const char *path, const char *text, size_t n,
    const char *origin, struct fail *f)
{
	char *journal = mem_printf("%s.jnl", path != NULL ? path : "");
	int there = path != NULL && access(journal, F_OK) == 0;

	free(journal);
	*z = NULL;
	if (there) /* what is new lies there, and not in the text */
		return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "zone",
		    "a journal lies beside it, so this is not what is served: "
		    "use apply, or rndc sync -clean and freeze");
	return zone_read(z, text, n, origin, f);
}

static int
from_list(void *arg, struct arena *a, const char *name, const char *type,
    struct dns_list *l, struct fail *f)
{
	(void)f;
	dns_pick(a, l, arg, name, type);
	return 0;
}

void
change_text_source(struct change_source *from, const struct zone *z)
{
	const struct dns_list *all = zone_records(z);

	from->get = from_list;
	memcpy(&from->arg, &all, sizeof(from->arg));
}

int
change_text_lower(struct zone *z, const char *const *domains, uint32_t ttl,
    struct changes *made, struct fail *f)
{
	const char *zone = zone_soa(z)->name;
	const char *const top[] = {zone, NULL};
	struct dns_list l = {0}, set;
	struct change_source from;
	size_t i, at = 0;

	change_text_source(&from, z);
	if (domains == NULL)
		domains = top;
	for (i = 0; domains[i] != NULL; i++) {
		const char *name;

		if (dns_name(made->arena, &name, domains[i], f) == -1 ||
		    change_defaults(made->arena, &from, name, zone, &l, f) ==
			-1)
			return -1;
	}
	dns_sort(&l);
	while (change_next_set(&l, &at, &set)) {
		for (i = 0; i < set.n; i++)
			if (set.rr[i].ttl > ttl)
				zone_set_ttl(z, &set.rr[i], ttl);
		if (dns_ttl_max(&set) > ttl)
			changes_ttl(made, zone, &set, ttl, 1);
	}
	return 0;
}

void
change_text_restore(
    struct zone *z, const struct changes *ledger, const char *only)
{
	size_t i, k;

	for (i = 0; i < ledger->n; i++) {
		const struct dns_list *l = &ledger->change[i].seen;

		if (!change_was_done(&ledger->change[i], only))
			continue;
		for (k = 0; k < l->n; k++)
			zone_set_ttl(z, &l->rr[k], l->rr[k].ttl);
	}
}

int
change_text_apply(
    struct zone *z, const struct changes *c, int any_ttl, struct fail *f)
{
	struct arena *a = arena_new();
	size_t i;
	int no = 0;

	for (i = 0; i < c->n; i++) {
		const struct change *x = &c->change[i];
		struct dns_list now;

		if (strcmp(x->zone, zone_soa(z)->name) != 0) {
			(void)fail_at(f, "%s", x->zone);
			no = fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER,
			    "zone", "the text is another zone's");
			break;
		}
		dns_pick(a, &now, zone_records(z), x->name, x->type);
		dns_sort(&now);
		if (dns_same(&now, &x->wanted, 1))
			continue;
		if (dns_same(&now, &x->seen, !any_ttl))
			zone_set(z, x->name, x->type, &x->wanted);
		else {
			(void)fail_at(f, "%s %s", x->name, x->type);
			(void)fail_set(f, CODE_CHANGED, REACH_RUN, AGAIN_NEVER,
			    "apply", "changed since: planned from %s, is %s",
			    change_text(a, &x->seen), change_text(a, &now));
			no = 1;
			break;
		}
	}
	arena_free(a);
	return no;
}
