/*
 * change: what is to become of sets of records, see dns-change(5): what was
 * seen, what is wanted; done under the condition that it still is as it was
 * seen, written down before it is done, and undone by swapping the two.  And
 * the gate: when every cache must have forgotten what was seen.
 */
#ifndef CHANGE_H
#define CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dns.h"

struct arena;
struct fail;
struct header;
struct row;

#define CHANGE_COLUMNS "plan seq zone name type side ttl rdata reason"
#define CHANGE_LEDGER_COLUMNS \
	CHANGE_COLUMNS " server serial_before serial_after outcome at hint"

/* ---- change_rows.c: rows in and out ---- */

/* One set of records (name and type) of one plan. */
struct change {
	const char *plan, *zone, *name, *type, *reason;
	uint64_t seq;
	size_t zone_at; /* index among the changes' zones */
	size_t next; /* the next one of the zone, SIZE_MAX the last */
	struct dns_list seen, wanted; /* sorted */
	struct dns_list now; /* what apply found last */
	/* Of a ledger, and what apply writes there. */
	const char *server, *outcome, *hint;
	uint32_t serial_before, serial_after;
	int has_serials;
	int64_t at;
	int done; /* applied, already or observed, ever */
};
struct change_zone {
	const char *name;
	size_t first; /* change */
	int bad; /* a row of it could not be read: nothing is done */
};
struct changes {
	struct arena *arena; /* everything lives here */
	struct change *change;
	size_t n;
	struct change_zone *zone;
	size_t zones;
	struct changes_p *p;
};
struct changes *changes_new(void);
void changes_free(struct changes *c);
/*
 * A row of a plan or a ledger.  -1 CODE_ROW: it is named, and its zone is
 * bad.  SOA, the apex's NS and types that no cutover needs are such rows.
 */
int changes_take(struct changes *c, const struct row *r, struct fail *f);
/* After the last row of a plan: its end is there, and count and digest fit.
 * CODE_ROW: nothing of it may be done. */
int changes_whole(const struct changes *c, struct fail *f);
/* A set of a plan to be written; nothing if both are the same.  The lists
 * are kept as they are. */
void changes_add(struct changes *c, const char *zone, const char *name,
    const char *type, const struct dns_list *seen,
    const struct dns_list *wanted, const char *reason);
/* Numbers and names the plan when all is added. */
void changes_seal(struct changes *c);
/* The way back from a ledger, its plans merged: what was done, or may have
 * been, from what is to what was first seen.  only: one plan, or NULL.  c
 * outlives what is returned. */
struct changes *changes_swapped(const struct changes *c, const char *only);
/* It was, or may have been; of this plan, if only is not NULL. */
int change_was_done(const struct change *c, const char *only);
/* Rows of one change: how many, and the i-th of them. */
size_t change_rows(const struct change *c);
void change_row(const struct change *c, size_t i, struct row *r);
/* What a ledger says beside that. */
void change_ledger_row(const struct change *c, const char *note, struct row *r);
/* The #end row of a sealed plan. */
void changes_end_row(const struct changes *c, struct row *r);

/* ---- change_apply.c ---- */

struct change_opt {
	const struct dns_server *server; /* NULL: each zone's primary */
	const struct dns_key *key; /* of primaries; NULL: not signed */
	const char *ledger; /* file; NULL: PLAN.ledger.tsv */
	const char *note; /* goes into the ledger's reason; may be NULL */
	int dry_run; /* look, send nothing, write nothing */
	int any_ttl; /* TTLs need not be as they were seen */
	/* The SOA that was looked at is a condition too: nothing at all may
	 * have happened in the zone in between. */
	int strict_serial;
};
struct applier;
/* Opens the ledger and locks it: AGAIN_LATER where another run has it. */
int applier_new(struct applier **ap, const struct change_opt *o,
    const struct changes *c, struct fail *f);
void applier_free(struct applier *ap);
const char *applier_ledger(const struct applier *ap);
/*
 * All changes of one zone in one message.  Every change's outcome, hint, at,
 * server and serials are set.  0 applied or already so, 1 not (conflict), -1
 * (refused, unreachable, unknown) as f says.
 */
int applier_zone(
    struct applier *ap, struct changes *c, size_t zone, struct fail *f);
/* "300 10 mx.example. + 300 20 ..." for people. */
const char *change_text(struct arena *a, const struct dns_list *l);
/* What the server has for a name and type: no answer of its own is -1. */
int change_look(struct arena *a, const struct dns_server *s, const char *name,
    const char *type, struct dns_list *l, struct fail *f);

/* Writes down as observed what was changed by other means, in o's ledger. */
int changes_observed(struct changes *c, const struct change_opt *o,
    const char *where, struct fail *f);

struct gates;
struct out;
/*
 * The whole of a plan, zone by zone, each change's rows with what became of
 * it to out.  gates: every change must be covered at now; NULL: none is asked
 * for.  -1: nothing was begun.
 */
int
change_run(struct changes *c, const struct change_opt *o, uint64_t max_zones,
    const struct gates *g, int64_t now, struct out *out, struct fail *f);
/* The rows of a sealed plan, and its end. */
void change_emit(const struct changes *c, struct out *out);

/* ---- change_view.c: a zone as all of its servers have it ---- */

struct views;
struct view { /* one zone */
	const char *zone;
	struct dns_server *server;
	struct dns_rr *soa; /* of each server; name NULL: none */
	const char **why; /* and why */
	size_t n, best; /* with the newest serial; 0 if nobody answers */
	uint32_t ns_ttl;
};
/* servers are those of every zone; none: they are looked up. */
struct views *views_new(const struct dns_server *servers, size_t n);
void views_free(struct views *v);
/* The zone that holds name; asked once, kept. */
int views_of(struct views *v, const char *name, const struct view **view,
    struct fail *f);
#define REPORT_COLUMNS                                                    \
	"zone name type ttl_max ttl_min servers in_sync neg_ttl refresh " \
	"expire ns_ttl wait_if_lowered_now hint"
#define REPORT_ALL_COLUMNS \
	"at zone name type server ttl rdata serial neg_ttl hint"
/* One row of REPORT_COLUMNS, or as many as there are: 0 in sync, 1 not. */
int view_report(const struct view *v, const char *name, const char *type,
    int all, const struct row *from, struct out *out);
/* A source that asks the best server (a struct view). */
int view_get(void *view, struct arena *a, const char *name, const char *type,
    struct dns_list *l, struct fail *f);

/* ---- change_ttl.c: the sets whose TTL a cutover of a domain waits for ---- */

/* Where records come from: a server, or a zone's text. */
struct change_source {
	int (*get)(void *arg, struct arena *a, const char *name,
	    const char *type, struct dns_list *l, struct fail *f);
	void *arg;
};
/* MX, its targets' addresses and TLSA, _mta-sts; those inside zone only. */
int change_defaults(struct arena *a, const struct change_source *from,
    const char *domain, const char *zone, struct dns_list *sets,
    struct fail *f);

/* ---- change_text.c ---- */

struct zone;
/* One set after the other of a sorted list: 1, 0 end. */
int change_next_set(const struct dns_list *l, size_t *at, struct dns_list *set);
/* The set's records under another TTL; lowering raises none. */
void changes_ttl(struct changes *c, const char *zone,
    const struct dns_list *set, uint32_t to, int lower);
/* Every row of a table in a file. */
int change_each_row(const char *path,
    int (*take)(const struct row *, struct fail *), struct fail *f);
/* Reads a zone's text; path NULL: it came from elsewhere. */
int change_text_open(struct zone **z, const char *path, const char *text,
    size_t n, const char *origin, struct fail *f);
/* The zone's records as a source, for change_defaults. */
void change_text_source(struct change_source *from, const struct zone *z);
/* domains NULL: the zone's own. */
int change_text_lower(struct zone *z, const char *const *domains, uint32_t ttl,
    struct changes *made, struct fail *f);
void change_text_restore(
    struct zone *z, const struct changes *ledger, const char *only);
/* All changes, or none: 0, 1 the zone is not as seen, -1; f says both. */
int change_text_apply(
    struct zone *z, const struct changes *c, int any_ttl, struct fail *f);

/* ---- change_gate.c ---- */

struct gate_opt {
	int64_t now; /* CLOCK_NONE: the clock's */
	int64_t published; /* for all that no observation tells; CLOCK_NONE */
	int64_t ns_changed; /* CLOCK_NONE: they were not */
	uint64_t ns_ttl, skew, assume_old;
	uint64_t floor; /* caches keep everything for so long */
	int offline; /* ask nobody */
	/* ADDR[#PORT], NULL-ended or NULL: one of these that does not answer is
	 * taken to have what the others have. */
	const char *const *assumed;
	const struct dns_server *servers; /* those of every zone, or */
	size_t nservers; /* 0: looked up */
};
struct gate;
#define GATE_COLUMNS                                                       \
	"at zone name type t_old t_low published_at safe_at wait verdict " \
	"reason"
struct gate *gate_new(const struct gate_opt *o);
void gate_free(struct gate *g);
/* A row of a ledger or plan, of an earlier gate, or an observation. */
int gate_take(struct gate *g, const struct row *r, struct fail *f);
/* Asks the servers, where it may.  Those that fail are in the verdicts. */
int gate_look(struct gate *g, struct fail *f);
/* One row after the other, the last is ALL: 1, 0 end. */
int gate_next(struct gate *g, struct row *r);
/* 0 safe, 75 wait, 1 no; after gate_next's end. */
int gate_verdict(const struct gate *g, const char **why);

/* For apply: whether gate rows cover this change, at now.  0 they do; -1:
 * AGAIN_LATER, or AGAIN_NEVER. */
struct gates *gates_new(void);
void gates_free(struct gates *g);
int gates_take(struct gates *g, const struct row *r, struct fail *f);
int gates_cover(
    const struct gates *g, const struct change *c, int64_t now, struct fail *f);

#endif
