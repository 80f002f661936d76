/*
 * ledger: what a copy has done, append-only TSV, one file a job; the format
 * and every state a message can be in are mbx-ledger(5).
 */
#ifndef LEDGER_H
#define LEDGER_H

#include <stddef.h>
#include <stdint.h>

struct fail;

enum step {
	STEP_INTENT, /* about to append: nobody knows until done or looked up */
	STEP_DONE, /* the target has it */
	STEP_LEFT, /* given up, with code and why */
	STEP_GONE, /* expunged at the source, and by us at the target */
	STEP_FOUND /* done, and it was at the target before we came: never
		      taken out there */
};

/*
 * One message of one folder.  uid and dst_uid are the stores' text (an IMAP
 * UID, a UIDL, a Maildir base name).  Strings are not owned, never NULL.
 */
struct entry {
	enum step step;
	const char *folder; /* at the source */
	uint32_t uidvalidity; /* source; 0 but for IMAP */
	const char *uid;
	const char *dst_folder; /* "" done: another folder's copy stands for
				   it (role all) */
	uint32_t dst_uidvalidity;
	const char *dst_uid; /* done: "" not known.  intent: the target's
				UIDNEXT before the append, "" not known */
	uint64_t size;
	int64_t date;
	const char *flags; /* as last carried to the target */
	uint8_t digest[32]; /* L0 of what was sent; zero in an intent */
	const char *code; /* left */
	const char *why; /* left */
};

struct ledger;
/*
 * Opens DIR/KEY.tsv, making both when create (0700, 0600); takes the lock.
 * A second writer is CODE_THROTTLED (75).  A torn last line is dropped and
 * *torn set.  A damaged line elsewhere is CODE_IO with the way out.
 * create 0: *l only reads, and is empty where there is no file (dry runs).
 */
int ledger_open(struct ledger **l, const char *dir, const char *key, int create,
    int *torn, struct fail *f);
/* Syncs; NULL is fine. */
int ledger_close(struct ledger *l, struct fail *f);
/* This run ends in the middle of something, see the next. */
void ledger_interrupted(struct ledger *l);
/* 1 if the run before this one was interrupted: what it sent may still be under
 * way within the target. */
int ledger_was_interrupted(const struct ledger *l);

/* Key-value notes: the mapping, what was looked at, the endpoints.  NULL if
 * never set; the ledger's, until the next ledger_set. */
const char *ledger_get(const struct ledger *l, const char *name);
/* The name of the i-th, NULL behind the last. */
const char *ledger_name(const struct ledger *l, size_t i);
int ledger_set(
    struct ledger *l, const char *name, const char *value, struct fail *f);

/*
 * The entries of one source folder, 24 octets each.  Replaces what was
 * loaded before.  Left out is what is under another UIDVALIDITY, and what went
 * elsewhere than into dst_folder, or into one that is no more.  What is under
 * another dst_uidvalidity was there once: it is in doubt.
 */
struct sides {
	const char *folder, *dst_folder;
	uint32_t uidvalidity, dst_uidvalidity;
	int fresh; /* the target's folder was made just now */
};
int ledger_load(struct ledger *l, const struct sides *s, struct fail *f);
enum known {
	KNOWN_NOT, /* never seen */
	KNOWN_INTENT, /* in doubt */
	KNOWN_DONE,
	KNOWN_LEFT,
	KNOWN_GONE, /* expunged on both sides */
	KNOWN_ELSEWHERE, /* done: another folder's copy stands for it */
	KNOWN_COUNT
};
struct known_as {
	enum known state;
	uint64_t dst; /* ledger_hash of its dst_uid, 0 not known */
	const char *flags; /* canonical, the ledger's until the next load */
	int found; /* it was at the target before we came */
};
/* An IMAP UID is its own hash; other text is hashed to 56 bits, the top one
 * set.  "" is 0. */
uint64_t ledger_hash(const char *uid);
void ledger_find(const struct ledger *l, uint64_t uid, struct known_as *k);
/* The source has this one still. */
void ledger_there(struct ledger *l, uint64_t uid);
void ledger_there_run(struct ledger *l, uint64_t low, uint64_t high);
/* How many are done and were not called there since the load. */
uint64_t ledger_missing(const struct ledger *l);
/*
 * What is done, by us, and was not called there since the load: 1 with its
 * uid's hash and what is known, *at going on from 0; 0 no more.
 */
int ledger_not_there(
    const struct ledger *l, size_t *at, uint64_t *uid, struct known_as *k);
/* Of the folder loaded: how many are done, in doubt, left. */
uint64_t ledger_count(const struct ledger *l, enum known state);
/* The lowest UIDNEXT noted by an intent in doubt; UINT64_MAX if none is in
 * doubt, 0 if one of them did not know it. */
uint64_t ledger_doubt(const struct ledger *l);
/*
 * Hashes of all target ids in dst_folder under dst_uidvalidity that this
 * ledger wrote or recognised, whatever the source folder; but of `folder` only
 * under uidvalidity.  *ids sorted; the caller frees.
 */
int ledger_claimed(struct ledger *l, const struct sides *s, uint64_t **ids,
    size_t *n, struct fail *f);
/*
 * Calls each(arg, entry) for every done line with a digest of this source
 * folder, in the file's order; its strings last for the call.
 */
int ledger_each_done(struct ledger *l, const char *folder,
    void (*each)(void *arg, const struct entry *e), void *arg, struct fail *f);
/* The source folders that the ledger has lines of; NULL behind the last. */
const char *ledger_folder(const struct ledger *l, size_t i);
/*
 * The first 16 octets of the digests of all that is done, sorted, from this
 * ledger and those beside it with the same settings "source" and "target";
 * the caller frees.
 */
int ledger_digests(
    struct ledger *l, uint8_t (**sums)[16], size_t *n, struct fail *f);

/*
 * A step of its own: drops the lines that no later call here asks for, whatever
 * is loaded.  Atomic; under the lock.  Octets before and after; if they are not
 * fewer, or with dry_run, nothing is changed.
 */
int ledger_compact(const char *dir, const char *key, int dry_run,
    uint64_t *before, uint64_t *after, struct fail *f);

/*
 * Appends one record.  Not durable by itself: ledger_sync (fdatasync) must
 * return before an intent's octets may reach the target, and before a done
 * is reported to anybody.  After a failed write or sync every later call
 * fails.
 */
int ledger_note(struct ledger *l, const struct entry *e, struct fail *f);
int ledger_sync(struct ledger *l, struct fail *f);

#endif
