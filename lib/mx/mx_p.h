/* mx_p.h: what the files of this room share. */
#ifndef MX_P_H
#define MX_P_H

#include "base/base.h"
#include "cli/cli.h"
#include "mx/mx.h"
#include "row/row.h"
#include "zone/zone.h"

/* A set that is wanted; one more row of a set adds to it. */
struct wish {
	const char *name, *type, *zone;
	struct dns_list wanted, seen;
	int has_ttl; /* its rows say one */
};
struct mx_plan {
	struct world *world;
	struct mx_opt opt;
	struct arena *arena;
	struct intern *keys;
	struct wish *wish;
	size_t n;
	struct intern *bad; /* zones with something wrong */
};

struct wish *
wish_find(const struct mx_plan *p, const char *name, const char *type);
/* What will be there: wanted, or what is.  1, 0 nobody knows, -1. */
int plan_get(struct mx_plan *p, struct arena *a, const char *zone,
    const char *name, const char *type, struct dns_list *l, struct fail *f);

/* mx_lint.c: everything wrong with one wish is said.  0, -1. */
int lint(struct mx_plan *p, const struct wish *w, struct fail *f);
/* mx_probe.c: greets, and takes mail for postmaster there. */
int probe(const char *host, const char *address, uint64_t port,
    const char *domain, struct fail *f);

#endif
