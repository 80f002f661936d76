/* schedule_p.h: what the files of this room share. */
#ifndef SCHEDULE_P_H
#define SCHEDULE_P_H

#include "base/base.h"
#include "row/row.h"
#include "schedule/schedule.h"

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	DAYS_BEFORE = 60, /* no task is earlier */
	DAYS_AFTER = 30,
	NIGHT_FROM = 22, /* when full copies run: 22:00 to 06:00 */
	NIGHT = 8 * HOUR
};

enum group {
	GROUP_TEST,
	GROUP_PILOT,
	GROUP_WAVE,
	GROUP_LARGE /* beside the waves */
};
/* Of a stage. */
enum group group_of(const char *stage);

struct batch {
	char *name;
	enum group group;
	uint64_t accounts, bytes;
	uint64_t work, longest; /* seconds, of one worker */
	int64_t start, end; /* CLOCK_NONE: not yet placed */
};

struct task {
	int64_t start, end;
	size_t order; /* of those that begin together */
	const struct rule *rule;
	const struct batch *batch; /* NULL: all */
};

/* What the tasks are tied to, in the order of time. */
enum anchor {
	AT_ASSESS, /* a share of the days of this phase */
	AT_PREPARE,
	AT_TEST, /* first night */
	AT_TESTED, /* the day behind the last night */
	AT_PILOT,
	AT_PILOTED,
	AT_BATCH, /* a batch: its nights */
	AT_BATCHED, /* the day behind them, each batch */
	AT_COPIED, /* the day behind the last of them */
	AT_CUTOVER, /* the instant of the switch, or a working day near it */
	ANCHORS
};

/* One kind of task; see tasks.c. */
struct rule {
	const char *phase, *task, *owner;
	enum anchor anchor;
	int day; /* percent of a phase, else days from the anchor */
	int from; /* minutes of the day; at AT_CUTOVER from the switch */
	int minutes; /* working time; 0: as long as the batch */
	int every, times; /* minutes from one to the next, 0 once */
	const char *command, *gate, *rollback;
};
const struct rule *rules_all(size_t *n);

struct schedule {
	struct schedule_opt opt;
	int64_t cutover;
	struct batch *batch;
	size_t nbatch;
	unsigned int workers, nights;
	int64_t day[ANCHORS]; /* of the zone; those of batches are theirs */
	struct task *task;
	size_t ntask, at;
};

/* ---- days.c: the calendar of the zone ---- */

/* The day of the zone that an instant is in; a Thursday is 0. */
int64_t day_of(int64_t t);
/* That day, or the last one before it that is from Monday to Friday. */
int64_t day_of_work(int64_t day);
/* Behind minutes of working time (09:00 to 17:00, Monday to Friday). */
int64_t work_end(int64_t start, int minutes);
/* "2026-12-04 22:00" in the zone. */
const char *day_text(char out[24], int64_t t);

/* ---- placing.c ---- */
int place_batches(struct schedule *s, struct fail *f);
void place_tasks(struct schedule *s);

/* ---- what people read ---- */
void markdown(const struct schedule *s, struct buf *out);
void calendar(const struct schedule *s, struct buf *out);
void gantt(const struct schedule *s, struct buf *out);

/* A rule's text with {batch} replaced. */
void task_text(struct buf *b, const struct task *t, const char *text);
/* "Copy wave-1: 95 accounts, 475.0 GB" */
void task_title(struct buf *b, const struct task *t);

#endif
