/* mx_plan.c: from what is wanted to the changes that make it so. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "mx/mx_p.h"

enum { TTL_NEW = 300 };

struct mx_plan *
mx_plan_new(struct world *w, const struct mx_opt *o)
{
	struct mx_plan *p = mem_alloc(sizeof(*p));

	p->world = w;
	p->opt = *o;
	p->arena = arena_new();
	p->keys = intern_new();
	p->bad = intern_new();
	return p;
}

void
mx_plan_free(struct mx_plan *p)
{
	if (p == NULL)
		return;
	arena_free(p->arena);
	intern_free(p->keys);
	intern_free(p->bad);
	free(p->wish);
	free(p);
}

struct wish *
wish_find(const struct mx_plan *p, const char *name, const char *type)
{
	char *key = mem_printf("%s %s", name, type);
	struct wish *w = intern_has(p->keys, key)
	    ? &p->wish[intern_number(p->keys, key, strlen(key))]
	    : NULL;

	free(key);
	return w;
}

static struct wish *
wish_of(struct mx_plan *p, const char *name, const char *type)
{
	char *key = mem_printf("%s %s", name, type);
	uint32_t at = intern_number(p->keys, key, strlen(key));

	free(key);
	if (at < p->n)
		return &p->wish[at];
	if (p->wish == NULL || (p->n & (p->n - 1)) == 0)
		p->wish =
		    mem_resize(p->wish, p->n ? 2 * p->n : 1, sizeof(*p->wish));
	p->wish[p->n] = (struct wish){.name = name, .type = type};
	return &p->wish[p->n++];
}

static int
take(struct mx_plan *p, const char *name, const char *type, const char *rdata,
    const char *ttl, struct fail *f)
{
	const char *known, *owner;
	struct dns_rr rr;
	struct wish *w;
	uint64_t seconds = 0;

	if (*ttl != '\0' &&
	    (!text_u64(ttl, strlen(ttl), &seconds) || seconds > INT32_MAX))
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "ttl",
		    "'%s' is no number of seconds", ttl);
	if (dns_name(p->arena, &owner, name, f) == -1)
		return -1;
	if ((known = dns_type(p->arena, type)) == NULL)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "type",
		    "'%s' is no type of record", type);
	if (*rdata == '\0') { /* it goes */
		(void)wish_of(p, owner, known);
		return 0;
	}
	if (dns_rr(p->arena, &rr, name, type, (uint32_t)seconds, rdata, f) ==
	    -1)
		return -1;
	w = wish_of(p, rr.name, rr.type);
	w->has_ttl |= *ttl != '\0';
	dns_add(p->arena, &w->wanted, &rr);
	return 0;
}

int
mx_plan_mx(
    struct mx_plan *p, const char *domain, const char *to, struct fail *f)
{
	return take(p, domain, "MX", to, "", f);
}

int
mx_plan_take(struct mx_plan *p, const struct row *r, struct fail *f)
{
	const char *target = row_get(r, "target"), *rdata = row_get(r, "rdata");
	const char *type = row_get(r, "type"), *name = row_get(r, "name");
	const char *pref = row_get(r, "pref");

	if (*name == '\0')
		name = row_get(r, "domain");
	if (*target != '\0') {
		rdata = arena_printf(
		    p->arena, "%s %s", *pref ? pref : "10", target);
		type = "MX";
	}
	return take(p, name, type, rdata, row_get(r, "ttl"), f);
}

/* ---- what is ---- */

int
plan_get(struct mx_plan *p, struct arena *a, const char *zone, const char *name,
    const char *type, struct dns_list *l, struct fail *f)
{
	const struct wish *w = wish_find(p, name, type);

	if (w == NULL)
		return world_get(p->world, a, zone, name, type, l, f);
	*l = w->wanted;
	return 1;
}

/* Its zone, what it is, and the TTL that it keeps. */
static int
look(struct mx_plan *p, struct wish *w, struct fail *f)
{
	size_t i;
	uint32_t ttl;

	(void)fail_at(f, "%s %s", w->name, w->type);
	if (world_zone(p->world, p->arena, w->name, &w->zone, f) == -1 ||
	    world_get(p->world, p->arena, w->zone, w->name, w->type, &w->seen,
		f) == -1)
		return -1;
	ttl = p->opt.ttl ? (uint32_t)p->opt.ttl
	    : w->seen.n	 ? dns_ttl_max(&w->seen)
			 : TTL_NEW;
	for (i = 0; !w->has_ttl && i < w->wanted.n; i++)
		w->wanted.rr[i].ttl = ttl;
	return 0;
}

/* ---- --cleanup ---- */

/* Names the host, or is one of its own records. */
static int
points_to(const struct dns_rr *rr, const char *host)
{
	const char *target = dns_target(rr);

	if (strcmp(rr->type, "A") == 0 || strcmp(rr->type, "AAAA") == 0)
		return strcmp(rr->name, host) == 0 ||
		    strcmp(rr->rdata, host) == 0;
	if (strcmp(rr->type, "TLSA") == 0)
		return dns_is_below(rr->name, host);
	return target != NULL && strcmp(rr->type, "SOA") != 0 &&
	    strcmp(rr->type, "NS") != 0 && strcmp(target, host) == 0;
}

/* The set without what points there, unless the plan has it anyway. */
static void
clean_set(struct mx_plan *p, const struct dns_list *all, const char *zone,
    const struct dns_rr *rr, const char *host)
{
	struct wish *w = wish_find(p, rr->name, rr->type);
	size_t i;

	if (w != NULL && w->zone == NULL)
		return;
	if (w == NULL) {
		w = wish_of(p, rr->name, rr->type);
		w->zone = zone;
		dns_pick(p->arena, &w->seen, all, rr->name, rr->type);
		dns_sort(&w->seen);
		dns_pick(p->arena, &w->wanted, &w->seen, NULL, rr->type);
		w->has_ttl = 1;
	}
	for (i = 0; i < w->wanted.n;)
		if (points_to(&w->wanted.rr[i], host))
			w->wanted.rr[i] = w->wanted.rr[--w->wanted.n];
		else
			i++;
}

static int
clean_zone(struct mx_plan *p, const char *zone, struct fail *f)
{
	struct dns_list all;
	const char *host;
	size_t i, k;

	if (world_all(p->world, p->arena, p->opt.key, zone, &all, f) == -1)
		return -1;
	for (i = 0; p->opt.cleanup[i] != NULL; i++) {
		host = p->opt.cleanup[i];
		if (strspn(host, "0123456789.") != strlen(host) &&
		    strchr(host, ':') == NULL &&
		    dns_name(p->arena, &host, host, f) == -1)
			return -1;
		for (k = 0; k < all.n; k++)
			if (points_to(&all.rr[k], host))
				clean_set(p, &all, zone, &all.rr[k], host);
	}
	return 0;
}

int
mx_plan_clean(struct mx_plan *p, const char *domain, struct fail *f)
{
	const char *name, *zone;

	if (dns_name(p->arena, &name, domain, f) == -1 ||
	    world_zone(p->world, p->arena, name, &zone, f) == -1)
		return -1;
	return clean_zone(p, zone, f);
}

/* ---- the plan ---- */

int
mx_plan_make(struct mx_plan *p, struct changes *made, struct fail *f)
{
	size_t i;
	int no = 0;

	for (i = 0; i < p->n && stop_signal() == 0; i++) {
		struct wish *w = &p->wish[i];

		if (w->zone == NULL && look(p, w, f) == -1)
			return -1;
		dns_sort(&w->wanted);
		dns_sort(&w->seen);
	}
	for (i = 0; i < p->n && stop_signal() == 0; i++)
		if (lint(p, &p->wish[i], f) == -1)
			return -1;
	for (i = 0; i < p->n; i++) {
		const struct wish *w = &p->wish[i];

		if (!intern_has(p->bad, w->zone))
			changes_add(made, w->zone, w->name, w->type, &w->seen,
			    &w->wanted, w->wanted.n ? "switch" : "cleanup");
		else
			no = 1;
	}
	return no;
}
