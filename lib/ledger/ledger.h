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
	STEP_LEFT /* given up, with code and why */
};

/*
 * One message of one folder.  uid is the store's text (an IMAP UID, a UIDL, a
 * Maildir base name).  Strings are not owned.
 */
struct entry {
	enum step step;
	const char *folder; /* at the source */
	uint32_t uidvalidity; /* source; 0 but for IMAP */
	const char *uid;
	const char *dst_folder;
	uint32_t dst_uidvalidity;
	uint64_t dst_uid; /* done: 0 if not known.  intent: the target's
			     UIDNEXT before the append, 0 if not known */
	uint64_t size;
	int64_t date;
	const char *flags; /* as last carried to the target */
	uint8_t digest[32]; /* L0 of what was sent; zero in an intent */
	const char *code; /* left */
	const char *why; /* left */
	const char *rung; /* done: "" exact, else what the target made of it */
};

struct ledger;
/*
 * Opens DIR/KEY.tsv, making both when create (0700, 0600); takes the lock.
 * A second writer is CODE_THROTTLED (75).  A torn last line is dropped and
 * *torn set.  A damaged line elsewhere is CODE_IO with the way out.
 * create 0 and no file: *l is an empty ledger that refuses to write (dry
 * runs).
 */
int ledger_open(struct ledger **l, const char *dir, const char *key, int create,
    int *torn, struct fail *f);
/* Syncs; NULL is fine. */
int ledger_close(struct ledger *l, struct fail *f);

/* Key-value notes: the mapping, marks, the endpoints that it belongs to.
 * NULL if never set; the ledger's, until the next ledger_set of it. */
const char *ledger_get(const struct ledger *l, const char *name);
int ledger_set(
    struct ledger *l, const char *name, const char *value, struct fail *f);

/*
 * The entries of one source folder, 56 octets each less what the copy needs:
 * {hash of uid, dst uid, flags}.  Replaces what was loaded before.
 */
int ledger_load(
    struct ledger *l, const char *folder, uint32_t uidvalidity, struct fail *f);
enum known {
	KNOWN_NOT, /* never seen */
	KNOWN_INTENT, /* in doubt */
	KNOWN_DONE,
	KNOWN_LEFT
};
struct known_as {
	enum known state;
	uint64_t dst_uid;
	const char *flags; /* canonical, the ledger's until the next load */
};
void ledger_find(const struct ledger *l, const char *uid, struct known_as *k);
/* Of the folder loaded: how many are done, in doubt. */
uint64_t ledger_count(const struct ledger *l, enum known state);
/* Entries in doubt of the folder loaded: 1, 0 end.  at starts as 0.
 * The uid in *e is real text. */
int ledger_doubt(struct ledger *l, size_t *at, struct entry *e);
/* All target ids (of dst_folder under dst_uidvalidity) that this ledger wrote
 * or recognised, whatever the source folder: *ids sorted, caller frees. */
int ledger_targets(struct ledger *l, const char *dst_folder,
    uint32_t dst_uidvalidity, uint64_t **ids, size_t *n, struct fail *f);

/*
 * Appends one record.  Not durable by itself: ledger_sync (fdatasync) must
 * return before an intent's octets may reach the target, and before a done
 * is reported to anybody.
 */
int ledger_note(struct ledger *l, const struct entry *e, struct fail *f);
int ledger_sync(struct ledger *l, struct fail *f);

#endif
