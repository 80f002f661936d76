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

/* One more name in a list of them: a comma within is %2C. */
void name_add(struct buf *b, const char *name);

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

/* Seconds: at the start, an octet, a message; and how much more at worst. */
struct rates {
	double c[3], p90;
	const char *pair; /* of hosts; "" all */
};

struct host { /* on one side */
	const char *name;
	uint64_t conn_max, rate; /* jobs at once, octets a second; 0: free */
	uint32_t slot; /* the first of its conn_max slots, NONE */
};

/* What holds for an account, see plan_rules.c. */
struct terms {
	uint32_t calendar;
	int64_t not_before, not_after;
	uint64_t rate; /* of one connection, 0: as measured */
	uint64_t user_rate, conn_max, day_bytes; /* 0: no limit */
	const char *bound; /* what makes the rate so low */
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
	struct host *host[2]; /* source, target */
	const char *pair; /* their names */
	struct terms terms; /* once batches are made */
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
	const char *unmet; /* a batch that it should come after, NULL */
};

struct batch {
	const char *name; /* the plan's */
	enum stage stage;
	uint32_t after; /* the batch before it; NONE */
	uint32_t accounts;
	uint32_t job, njob; /* its jobs */
	int packed;
	int64_t end;
};

struct job {
	uint32_t box, batch;
	uint32_t fold; /* NONE: the account's own row */
	uint32_t after; /* the job before it in its folder, NONE */
	uint32_t low, high; /* uids; 0 0: all; high 0: to the end */
	uint64_t bytes, messages;
	uint32_t est, p90; /* seconds */
	const char *bound;
	int64_t start, end;
	uint32_t worker; /* from 1; 0: not placed */
	const char *late; /* what it has to wait for, NULL */
	const char *unmet; /* what forbids it, NULL */
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
	int64_t t0; /* opt.start, or 0 */
	const struct header *under;
	struct arena *arena;
	struct intern *accounts, *names, *groups;
	struct intern *pairs; /* account and folder, as numbers */
	const struct header *have; /* whose columns these are: */
	int column[COLUMNS];
	struct fold *fold;
	struct box *box;
	struct unit *unit;
	struct batch *batch;
	struct job *job;
	uint32_t nfold, nbox, ngroup, nunit, nbatch, njob;
	struct rates *rates; /* the first: of all results */
	uint32_t nrates;
	struct rule *rule;
	struct calendar **calendar;
	struct host **host[2];
	struct intern *hosts[2];
	uint32_t nrule, ncalendar, nhost[2];
	uint32_t *group_box; /* by number of the group: a box in it */
	uint32_t at; /* of plan_next */
	uint64_t largest; /* messages of a folder */
	struct plan_count count;
};

/* plan_table.c: every row of a file goes to each; -1 with its FILE:LINE. */
struct side {
	const char *name, *needs;
	int (*each)(void *arg, const struct row *r, struct fail *f);
	void *arg;
	int torn; /* bad rows are passed over */
};
int side_read(const struct side *s, struct fail *f);

/* plan_calendar.c */
struct calendar;
int calendar_check(const char *window, const char *blackout, struct fail *f);
uint32_t calendar_of(struct plan *p, const char *window, const char *blackout);
void calendar_free(struct calendar *c);
/* Seconds of its longest opening; INT64_MAX: it is always open. */
int64_t calendar_longest(const struct calendar *c);
const char *calendar_window(const struct calendar *c);
/* The first time from t on with so many seconds open; CLOCK_NONE. */
int64_t calendar_fit(const struct calendar *c, int64_t t, int64_t seconds);

/* plan_rules.c */
int rules_read(struct plan *p, const char *file, struct fail *f);
void rules_terms(struct plan *p, const struct box *x, struct terms *t);
void rules_host(const struct plan *p, struct host *h);
uint64_t rules_pause(const struct plan *p, const struct batch *b);
/* The batches that an account, or (x NULL) a batch must wait for; *at from
 * 0 on.  NULL: no more. */
const char *rules_after(
    const struct plan *p, const struct box *x, const char *batch, uint32_t *at);
/* If a list by commas has the name. */
int list_has(const char *list, const char *name);

/* plan_hosts.c; files have the host "". */
struct host *host_of(struct plan *p, int side, const char *url);
const char *host_pair(struct plan *p, const char *source, const char *target);

/* plan_take.c: accounts without a size are as large as the mean. */
void sizes_fill(struct plan *p);
/* plan_units.c */
void units_make(struct plan *p);
/* plan_batches.c */
int batches_check(const char *const *batches, struct fail *f);
void batches_make(struct plan *p);
uint32_t batch_find(const struct plan *p, const char *name);
/* plan_pack.c: workers and times. */
int pack_all(struct plan *p, struct fail *f);
/* plan_cut.c: an account's jobs, behind those that are there. */
void cut_account(struct plan *p, uint32_t box);
/* plan_rates.c */
int rates_read(struct plan *p, const char *file, struct fail *f);
void rate_job(const struct plan *p, struct job *j);

/* plan_ledger.c */
struct progress {
	uint64_t messages, bytes; /* done */
	uint64_t left[CODE_COUNT]; /* given up */
	int64_t first, last; /* when the lines were written, CLOCK_NONE */
};
/* Nothing where there is no ledger of this key. */
int progress_read(
    struct progress *to, const char *dir, const char *key, struct fail *f);

struct figure {
	const char *name, *object, *unit, *formula; /* the plan's */
	uint64_t value;
};
struct sizing {
	struct plan *plan;
	const struct size_opt *opt;
	struct figure *figure;
	size_t n, at;
};
/* plan_ports.c */
void ports_say(struct sizing *z);

#endif
