/* plan_p.h: what the files of this room share. */
#ifndef PLAN_P_H
#define PLAN_P_H

#include "base/base.h"
#include "plan/plan.h"
#include "row/row.h"

#define NONE UINT32_MAX /* no index */

enum stage { STAGE_ANY, STAGE_TEST, STAGE_PILOT, STAGE_MAIN, STAGE_LARGE };
/* Room for one more behind n elements. */
void *grow(void *p, size_t n, size_t size);

const char *stage_name(enum stage s);
/* STAGE_ANY for what is none. */
enum stage stage_of(const char *name);

/* Why a folder is not in its account's own row. */
enum apart {
	APART_NOT,
	APART_LEFT, /* not copied at all: a rule, or mbx-map refused it */
	APART_NAMED, /* it has another name at the target */
	APART_CUT /* it is large */
};
struct fold {
	uint32_t next; /* of the same account */
	uint32_t name, dst; /* of p->names */
	uint32_t uidnext; /* 0: its messages have no stable numbers */
	enum apart apart;
	uint64_t bytes, messages;
};

struct box { /* an account at a source */
	struct row *row; /* under the plan's header */
	uint32_t fold, last; /* the first and last of its folders */
	uint32_t unit, next; /* of the same unit */
	unsigned int priority; /* UINT_MAX: not said */
	enum stage stage; /* as the row says */
	int sized, any_order; /* ranges of a folder need not wait */
	uint64_t bytes, messages; /* of its folders */
	uint64_t used; /* as the row says */
};

/* Accounts that belong together. */
struct unit {
	uint32_t first, last; /* its boxes */
	uint32_t n, batch;
	unsigned int priority;
	enum stage stage;
	const char *named; /* the batch that a row asks for, or "" */
	uint64_t bytes;
	int large;
};

struct batch {
	const char *name; /* the plan's */
	enum stage stage;
	uint32_t after; /* the batch before it; NONE */
	uint32_t accounts;
};

struct job {
	uint32_t box, batch;
	uint32_t fold; /* NONE: the account's own row */
	uint32_t after; /* the job before it in its folder, NONE */
	uint32_t low, high; /* uids; 0 0: all; high 0: to the end */
	uint64_t bytes, messages;
	uint32_t est, p90; /* seconds */
	const char *bound;
	char key[17];
};

/* Columns that are looked at in every row. */
enum {
	ACCOUNT,
	SOURCE,
	TARGET,
	FOLDER,
	DST_FOLDER,
	STATUS,
	NSPACE,
	ROLE,
	BYTES,
	MESSAGES,
	UIDNEXT,
	COLUMNS
};

struct plan {
	struct plan_opt opt;
	const struct header *under;
	struct arena *arena;
	struct intern *accounts, *names, *groups;
	const struct header *have; /* whose columns these are: */
	int column[COLUMNS];
	struct fold *fold;
	struct box *box;
	struct unit *unit;
	struct batch *batch;
	struct job *job;
	uint32_t nfold, nbox, ngroup, nunit, nbatch, njob;
	uint32_t *group_box; /* by number of the group: a box in it */
	uint32_t at; /* of plan_next */
	struct plan_count count;
};

/* plan_take.c: accounts without a size are as large as the mean. */
void sizes_fill(struct plan *p);
/* plan_units.c */
void units_make(struct plan *p);
/* plan_batches.c */
int batches_check(const char *const *batches, struct fail *f);
int batches_make(struct plan *p, struct fail *f);
/* plan_cut.c: an account's jobs, behind those that are there. */
void cut_account(struct plan *p, uint32_t box);
/* plan_rates.c */
void rate_job(struct plan *p, struct job *j);

#endif
