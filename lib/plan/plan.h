/*
 * plan: from an inventory to jobs: batches, cuts, estimates, workers, dates.
 * Pure: the same rows and options give the same plan, and no clock is asked.
 * What every rule means is in mbx-plan(1).
 */
#ifndef PLAN_H
#define PLAN_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct header;
struct row;

struct plan_opt {
	const char *target_template; /* URL with {account} {user} {domain} */
	const char *const *batches; /* NAME=N ..., NULL-ended; NULL: by size */
	uint64_t large; /* mailboxes from here on are apart; octets */
	uint64_t cut; /* folders beyond are cut into ranges; octets */
	uint64_t rate; /* octets a second of one connection, 0 not known */
	const char *results; /* file: rates are learnt from it; NULL */
	unsigned int workers; /* accounts at once, at least 1 */
	int64_t start; /* CLOCK_NONE: jobs get no dates */
	const char *window; /* for all, "22:00-06:00"; NULL: always */
	const char *constraints; /* file, NULL */
	/* A value of a profile by name, "" if it has none; 0 or -1. */
	int (*profile)(const char *name, const char *key, const char **value,
	    struct fail *f);
	int names; /* a row for each folder that is renamed */
	int any_target; /* rows need none */
};

/*
 * The zone of windows and blackout days, for this process: UTC, +01:00, a
 * name of the system's (Europe/Berlin), or POSIX rules
 * (CET-1CEST,M3.5.0,M10.5.0/3).  CODE_USAGE.
 */
int plan_zone(const char *zone, struct fail *f);

struct plan;
int plan_new(struct plan **p, const struct plan_opt *o, struct fail *f);
void plan_free(struct plan *p);

/*
 * The columns of job rows from an inventory with these; the caller's.  NULL
 * (CODE_ROW) where account and source are missing.
 */
struct header *plan_header(const struct header *have, struct fail *f);
/* Rows will be under this header, which outlives the plan; before plan_take. */
void plan_under(struct plan *p, const struct header *h);
/*
 * One account or folder row.  -1, REACH_MESSAGE: it is not in the plan;
 * CODE_ROW where the row itself is wrong.
 */
int plan_take(struct plan *p, const struct row *r, struct fail *f);
/* Batches, jobs, estimates; once, after the last row. */
int plan_make(struct plan *p, struct fail *f);
/* The jobs in order: 1 and r (under plan_header) is filled, 0 end. */
int plan_next(struct plan *p, struct row *r);

/* Constraints that hold for nobody, one a call, *at from 0 on; the plan's.
 * NULL: no more. */
char *plan_unused(const struct plan *p, uint32_t *at);

/* ---- plan_size.c ---- */

struct size_opt {
	uint64_t headroom; /* percent */
	const char *before; /* an earlier inventory, NULL */
	uint64_t days; /* between the two; not 0 with before */
	const char *alias_licence; /* "1": an alias needs one */
};
#define PLAN_FIGURES "figure object value unit formula"
struct sizing;
/* After plan_make.  o must outlive it. */
int plan_sizes(struct plan *p, const struct size_opt *o, struct sizing **z,
    struct fail *f);
/* 1 and a figure in r (under PLAN_FIGURES), 0 end. */
int plan_sizes_next(struct sizing *z, struct row *r);
void plan_sizes_free(struct sizing *z);

struct plan_count {
	uint64_t rows; /* that are in the plan */
	uint64_t accounts, jobs, batches;
	uint64_t unmet; /* jobs that a constraint forbids */
	uint64_t unsized; /* accounts without a size, taken as the mean */
	uint64_t renamed; /* folders whose name only the mapping tells */
};
void plan_counts(const struct plan *p, struct plan_count *c);

/* ---- plan_left.c: how far jobs are ---- */

struct left_opt {
	const char *dir; /* of ledgers */
	const char *results; /* file, NULL; it counts before the ledgers */
	unsigned int workers; /* where jobs name none */
};
#define LEFT_SUMS                                                     \
	"batch stage jobs jobs_done jobs_left messages bytes copied " \
	"copied_bytes rate_Bps left_s left_p90_s failures bound start end"
struct left;
/* CODE_INPUT where dir is not there. */
int left_new(struct left **l, const struct left_opt *o, struct fail *f);
void left_free(struct left *l);
/*
 * For left_next: rows will be under this header, the caller's, which outlives
 * l.  Before left_take.
 */
struct header *left_header(struct left *l, const struct header *have);
/* A job row.  -1, CODE_ROW with REACH_MESSAGE where it is none; otherwise a
 * ledger could not be read. */
int left_take(struct left *l, const struct row *r, struct fail *f);
/* The jobs that are not finished: 1, 0 end. */
int left_next(struct left *l, struct row *r);
/* Sums by batch, all last, under LEFT_SUMS: 1, 0 end. */
int left_sum(struct left *l, struct row *r);

#endif
