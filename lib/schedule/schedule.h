/*
 * schedule: from jobs and the instant of the switch to dated tasks, hour by
 * hour, see mbx-plan(1), SCHEDULE.  Pure: no clock is asked; days and hours
 * are those of the zone that tzset(3) knows (plan_zone).
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct row;
struct buf;

#define SCHEDULE_COLUMNS \
	"start end phase batch task owner command gate rollback accounts bytes"

struct schedule_opt {
	const char *cutover; /* RFC 3339, or a date: its evening, 22:00 */
	unsigned int workers; /* 0: as many as the largest wave wants a night */
};
struct schedule;
/* CODE_USAGE for a cutover that is no date. */
int
schedule_new(struct schedule **s, const struct schedule_opt *o, struct fail *f);
void schedule_free(struct schedule *s);
/*
 * A job row, as mbx-plan writes it: batch, stage, folder, bytes, est_p90_s,
 * and start and end if it has them.  -1, REACH_MESSAGE, CODE_ROW.
 */
int schedule_job(struct schedule *s, const struct row *r, struct fail *f);
/* After the last job: the tasks.  1: the batches cannot be done in time, as
 * f says, though all tasks are there; 0; -1. */
int schedule_make(struct schedule *s, struct fail *f);
/* The tasks by start: 1 and r (with SCHEDULE_COLUMNS) is filled, 0 end. */
int schedule_next(struct schedule *s, struct row *r);

/* All of it as md, ics (RFC 5545) or svg; 0 for a form not known.  Without
 * out: only whether it is. */
int schedule_text(const struct schedule *s, const char *form, struct buf *out);

struct schedule_count {
	uint64_t accounts, batches, tasks;
	unsigned int workers, nights;
	int64_t days; /* from the first task to the cutover */
};
void schedule_counts(const struct schedule *s, struct schedule_count *c);

/* ---- makefile.c: batches as rules of make, for the runbook ---- */

struct makefile;
struct makefile *makefile_new(void);
void makefile_free(struct makefile *m);
/*
 * A job row: batch, stage, after.  -1, REACH_MESSAGE: no batch, or a name that
 * no target of make can have, or the runbook's own.
 */
int makefile_job(struct makefile *m, const struct row *r, struct fail *f);
void makefile_text(const struct makefile *m, struct buf *out);

#endif
