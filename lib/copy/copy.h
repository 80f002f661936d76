/*
 * copy: from one store to another, add-only and resumable; the first run and
 * every later one are the same call.  What was done is in the ledger; what a
 * crash left in doubt is looked up at the target, never guessed.
 */
#ifndef COPY_H
#define COPY_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "map/map.h"

struct row;

/* A folder, or a message, that was not simply copied. */
struct copy_note {
	const char *folder, *dst_folder;
	const char *uid, *dst_uid; /* uid "" for a folder; "" not known */
	uint64_t size;
	int64_t date;
	const char *flags;
	const uint8_t *digest; /* L0, NULL: not known */
	const char *status; /* refused differs missing skipped failed */
	enum code code;
	const char *hint;
};

/* What --check finds, one row; strings last for the call. */
struct copy_finding {
	const char *check; /* login folders names quota size create */
	const char *object, *server;
	const char *expected, *found;
	const char *verdict, *severity;
	enum code code;
	int failed, later; /* fail or error; of the latter: later can help */
	const char *hint;
};

struct copy_opt {
	const char *ledger_dir;
	struct map_opt map;
	const char *const *only, *const *exclude; /* patterns, NULL-ended */
	int64_t since, before; /* INTERNALDATE; CLOCK_NONE: no limit */
	uint64_t min_size, max_size; /* 0: no limit */
	int recognise_weak; /* L3 where it is unique on both sides */
	int delete_gone; /* what is expunged goes at the target too */
	int mark; /* the cutover: from here on reverse carries back */
	int reverse; /* source and target change places */
	int dry_run; /* nothing is written anywhere */
	int limited; /* one connection a side, whose end is waited for */
	int64_t until; /* nothing new is begun then; CLOCK_NONE: no limit */
	/* All may be NULL. */
	void (*tell)(void *, const struct row *job, const struct copy_note *);
	void (*say)(void *, const char *line); /* loud, once */
	void (*progress)(
	    void *, uint64_t octets, uint64_t total, uint64_t messages);
	/* Of copy_check, which needs it. */
	void (*find)(
	    void *, const struct row *job, const struct copy_finding *);
	void *arg; /* of all four */
};

struct copy_sum { /* the result row */
	uint64_t messages, bytes; /* found at the source */
	uint64_t copied, copied_bytes; /* dry run: would be */
	uint64_t same, flagged, gone;
	uint64_t failed; /* not copied, whatever the reason */
	uint64_t skipped; /* left out by an option */
	int away; /* a log-in was turned away: nothing was begun */
	uint64_t refused, differs; /* messages and folders that told so */
	uint64_t code[CODE_COUNT]; /* notes by code */
	struct fail first; /* what the first refused or failed one said */
};

struct copy;
/* o and what it points to must outlive it. */
int copy_new(struct copy **c, const struct copy_opt *o, struct fail *f);
void copy_free(struct copy *c);
/*
 * Does one job row.  Sessions are kept for the next row of the same account.
 * 0 also when messages or folders were refused (see sum); -1 when the row could
 * not be done to its end, sum then says how far it came.
 */
int copy_job(struct copy *c, const struct row *job, struct copy_sum *sum,
    struct fail *f);
/*
 * Before the first night: log-ins, names, quota, size limit, and the right to
 * make folders.  Neither end is changed and the ledger not asked.  0, 1 when
 * something will not work, -1 when it could not be found out; told it is in any
 * case.
 */
int copy_check(struct copy *c, const struct row *job, struct fail *f);
/* Closes the sessions: no more rows of this account come. */
void copy_end(struct copy *c);

#endif
