/*
 * copy: from one store to another, add-only and resumable; the first run and
 * every later one are the same call.  What was done is in the ledger; what a
 * crash left in doubt is looked up at the target, never guessed.
 */
#ifndef COPY_H
#define COPY_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

struct fail;
struct row;

/* A folder or a message that was not simply copied. */
struct copy_note {
	const char *folder, *dst_folder, *uid, *dst_uid; /* "" not known */
	uint64_t size;
	int64_t date;
	const char *flags;
	const uint8_t *digest; /* L0, NULL: not known */
	const char *status, *code, *hint;
};

struct copy_opt {
	const char *ledger_dir;
	struct map_opt map;
	const char *const *only, *const *exclude; /* patterns, NULL-ended */
	int64_t since, before;	     /* INTERNALDATE; CLOCK_NONE: no limit */
	uint64_t min_size, max_size; /* 0: no limit */
	int recognise_weak;	     /* L3 where it is unique on both sides */
	int dry_run;		     /* nothing is written anywhere */
	/* All may be NULL. */
	void (*tell)(void *, const struct row *job, const struct copy_note *);
	void (*say)(void *, const char *line); /* loud, once */
	void (*progress)(
	    void *, uint64_t octets, uint64_t total, uint64_t messages);
	void *arg;
};

struct copy_sum { /* the result row */
	uint64_t messages, bytes, copied, copied_bytes, same, flagged, gone,
	    failed, skipped, differs, refused;
};

struct copy;
/* o and what it points to must outlive it. */
int copy_new(struct copy **c, const struct copy_opt *o, struct fail *f);
void copy_free(struct copy *c);
/*
 * Does one job row.  Sessions are kept for the next row of the same account.
 * 0 also when messages were refused (see sum); -1 when the row could not be
 * done to its end, sum then says how far it came.
 */
int copy_job(struct copy *c, const struct row *job, struct copy_sum *sum,
    struct fail *f);
/* Closes the sessions and the ledger. */
int copy_end(struct copy *c, struct fail *f);

#endif
