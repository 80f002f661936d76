/*
 * mx: the cutover of a domain's mail records: from what is wanted to a plan
 * that was looked at for what goes wrong, to other tools' spelling, and to
 * checks of what the servers then say.
 */
#ifndef MX_H
#define MX_H

#include <stddef.h>
#include <stdint.h>

#include "change/change.h"

/* ---- mx_world.c: what there is, on servers or in a zone's text ---- */

struct world;
struct zone;
/* One of the two: views, or a text that outlives it.  resolver: names in
 * other zones may be looked up. */
struct world *world_new(struct views *v, const struct zone *z, int resolver);
void world_free(struct world *w);
int world_zone(struct world *w, struct arena *a, const char *name,
    const char **zone, struct fail *f);
/* 1 and what there is of a set, 0 nobody here knows, -1. */
int world_get(struct world *w, struct arena *a, const char *zone,
    const char *name, const char *type, struct dns_list *l, struct fail *f);
/* Every record of a zone, by transfer or from the text. */
int world_all(struct world *w, struct arena *a, const struct dns_key *k,
    const char *zone, struct dns_list *l, struct fail *f);

/* ---- mx_plan.c ---- */

struct mx_opt {
	uint64_t ttl; /* 0: as it is, 300 of what is new */
	const char *const *allow; /* lint ids; NULL-ended or NULL */
	const char *const *cleanup; /* hosts and addresses that go */
	const char *sts; /* a file with the MTA-STS policy; NULL */
	uint64_t probe_port; /* 0: no probe */
	const struct dns_key *key; /* for transfers */
};
struct mx_plan;
struct mx_plan *mx_plan_new(struct world *w, const struct mx_opt *o);
void mx_plan_free(struct mx_plan *p);
/* domain, pref, target; or name, type, rdata (empty: the set goes). */
int mx_plan_take(struct mx_plan *p, const struct row *r, struct fail *f);
/* "10 mx.example." of a domain. */
int mx_plan_mx(
    struct mx_plan *p, const char *domain, const char *to, struct fail *f);
/* All that points to opt's cleanup in the zone of a domain. */
int mx_plan_clean(struct mx_plan *p, const char *domain, struct fail *f);
/* The changes, of zones that have nothing wrong; what is wrong is said.
 * 0, 1 something is, -1. */
int mx_plan_make(struct mx_plan *p, struct changes *made, struct fail *f);

/* ---- mx_export.c ---- */

/* A plan for another tool: nsupdate, bind, dnscontrol, octodns, csv. */
int mx_export(
    struct buf *to, const struct changes *c, const char *as, struct fail *f);

/* ---- mx_verify.c ---- */

struct mx_verify {
	struct views *views;
	const struct dns_server *via; /* resolvers */
	size_t nvia;
	/* Seconds: how long a resolver keeps what has a shorter TTL, and how
	 * far clocks are apart. */
	uint64_t floor, skew;
};
#define MX_VERIFY_COLUMNS \
	"at check object server expected found verdict severity hint"
/* Every change of a plan, or of a ledger that was done, on every server: 0
 * all pass, 1 not.  out NULL:
 * only look. */
int mx_verify(const struct mx_verify *v, const struct changes *c,
    struct out *out, struct fail *f);

#endif
