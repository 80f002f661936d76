/*
 * store: one face for imap, maildir, mbox and pop3.  A store streams messages
 * out and queues appends in and settles them later; nothing here holds a
 * whole message in memory, and a folder costs 32 octets a message at most.
 *
 * Strings that a store hands out are its own and live until the next
 * store_list (folders) or store_enter (flags), unless it says otherwise.
 * Folder names are canonical: UTF-8, levels by /, %2F and %25.
 */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>
#include <stdint.h>

#include "msg/msg.h"
#include "net/net.h"

struct fail;
struct row;
struct buf;

/* What is known of a folder is said by bits, since servers differ. */
enum {
	FOLDER_UIDVALIDITY = 1 << 0,
	FOLDER_UIDNEXT = 1 << 1,
	FOLDER_MODSEQ = 1 << 2,
	FOLDER_MESSAGES = 1 << 3,
	FOLDER_UNSEEN = 1 << 4,
	FOLDER_BYTES = 1 << 5,
	FOLDER_SUBSCRIBED = 1 << 6
};
enum nspace { NSPACE_PERSONAL, NSPACE_OTHER, NSPACE_SHARED };
struct folder {
	const char *name;
	const char *raw; /* as on the wire or on the disk */
	char sep; /* 0: flat */
	enum nspace nspace;
	enum role role;
	int selectable; /* 0: \Noselect, or a parent that is no folder */
	int subscribed;
	unsigned int known;
	uint32_t uidvalidity, uidnext;
	uint64_t modseq, messages, unseen, bytes;
	const char *permanentflags; /* NULL: unknown */
};

/* A message in the folder entered, without its octets. */
struct msgref {
	uint64_t id; /* IMAP UID; elsewhere ordinal in the folder, from 1 */
	uint64_t size; /* a hint (RFC822.SIZE); 0 where not known */
	int64_t date; /* INTERNALDATE, CLOCK_NONE where unusable */
	const char *flags; /* canonical, interned: equal pointers, equal sets */
};

/* What a store can do, by bits of store_can. */
enum {
	STORE_APPEND = 1 << 0, /* a target (pop3 is not) */
	STORE_UIDS = 1 << 1, /* ids are IMAP UIDs under a UIDVALIDITY */
	STORE_UIDPLUS = 1 << 2, /* receipts carry the new uid */
	STORE_MULTI = 1 << 3, /* appends go in batches, see store_put */
	STORE_KEYWORDS = 1 << 4, /* any keyword may be new */
	STORE_FLAGS = 1 << 5, /* keeps flags at all */
	STORE_FOLDERS = 1 << 6, /* more than one folder */
	STORE_SUBSCRIBE = 1 << 7,
	STORE_ROLES = 1 << 8, /* CREATE-SPECIAL-USE or the like */
	STORE_COPY = 1 << 9, /* store_copy works */
	STORE_CHANGES = 1 << 10, /* store_scan_since works */
	STORE_THERE = 1 << 11, /* store_there works */
	STORE_WEAK = 1 << 12 /* store_weak works */
};

struct store;
struct store_opt {
	const char *spool_dir; /* for what has no length; NULL: "/tmp" */
	int counters; /* store_list fills what STATUS tells */
	int sizes; /* and bytes and messages, whatever it takes */
	int shared; /* other users' and shared namespaces are listed too */
	int write; /* a target; without it nothing is ever written */
	int absent; /* nothing at a path is an empty mailbox */
	int part; /* IMAP: store_close waits for the server's end, 2 s */
	int dial; /* store_open only dials, store_login follows */
	unsigned int window; /* appends under way, 0: 64 */
	void (*note)(void *, const char *line); /* said once, may be NULL */
	void *arg;
};

/* ---- open, close ---- */

/* Resolves secret (a reference, NULL for files), connects and logs in. */
int store_open(struct store **st, const struct endpoint *e, const char *secret,
    const struct store_opt *opt, struct fail *f);
/*
 * The endpoint in columns SIDE and SIDE_secret of a row ("source",
 * "target").
 */
int store_open_row(struct store **st, const struct row *r, const char *side,
    const struct store_opt *opt, struct fail *f);
/* Logs in where store_open only dialled, so that two ends can be dialled
 * before either is waited for; else nothing.  After a failure store_close. */
int store_login(struct store *st, struct fail *f);
/* NULL is fine.  Says LOGOUT and does not wait; QUIT is waited for 2 s, since a
 * mailbox stays locked without it. */
void store_close(struct store *st);
unsigned int store_can(const struct store *st);
const char *store_label(const struct store *st);
/* Server's capabilities after log-in, one line; "" for files. */
const char *store_capabilities(const struct store *st);
/* Largest message a target takes, 0 if not said (RFC 7889). */
uint64_t store_append_limit(const struct store *st);

/* ---- ahead of time ---- */

/*
 * Sends at once what a call to come will ask, and that call takes the answer:
 * so many folders cost one round trip.  The calls come with the same arguments
 * and in this order; any other call is done all the same, but makes the server
 * answer for nothing.  1; 0: not sent, and nothing that relies on it may be
 * (kinds of store that need no such thing, names that must be asked one by
 * one); -1.  A scan is for folders of moderate size.  store_flush sends it on
 * its way.
 */
enum ahead_what {
	AHEAD_OF_LIST,
	AHEAD_OF_CREATE, /* folder, role */
	AHEAD_OF_SUBSCRIBE, /* folder */
	AHEAD_OF_ENTER, /* folder, write */
	AHEAD_OF_SCAN, /* from, since */
	AHEAD_OF_THERE,
	AHEAD_OF_WANT, /* ids, n */
	AHEAD_OF_FLAGS /* ids, n, add, remove */
};
struct ahead_of {
	enum ahead_what what;
	const char *folder;
	enum role role;
	int write;
	uint64_t from, since;
	const uint64_t *ids;
	size_t n;
	const char *add, *remove;
};
int store_ahead(struct store *st, const struct ahead_of *a, struct fail *f);

/* ---- folders ---- */

/*
 * All folders, parents before children, sorted by canonical name with INBOX
 * first, and last the one with role all, whose messages are in others too;
 * *list is the store's.
 */
int
store_list(struct store *st, struct folder **list, size_t *n, struct fail *f);
/* Creates the folder and the parents it needs; an existing one is no
 * failure (*made says which; may be NULL). */
int store_create(struct store *st, const char *folder, enum role role,
    int *made, struct fail *f);
int store_subscribe(struct store *st, const char *folder, struct fail *f);
/*
 * Enters for reading (EXAMINE) or writing (SELECT): fills *info, strings
 * included, valid until the next store_enter.
 */
int store_enter(struct store *st, const char *folder, int write,
    struct folder *info, struct fail *f);

/* ---- messages out ---- */

/*
 * Metadata of the folder entered, ids rising, from id FROM on (0: all).
 * store_next: 1, 0 end, -1.  Maildir and mbox show what was there at
 * store_enter, which numbers the messages afresh.  Bodies may be asked for
 * before the end, and store_next goes on behind them.  A failure with
 * REACH_MESSAGE is the last before the end: messages are there that the
 * server does not list.
 */
int store_scan(struct store *st, uint64_t from, struct fail *f);
/* And of those before FROM what has changed since this MODSEQ of the folder, as
 * store_enter once told it. */
int store_scan_since(
    struct store *st, uint64_t from, uint64_t since, struct fail *f);
/* Calls each for runs of ids that are there, as the server has it: 1, 0 it does
 * not tell, -1.  Whether it is all of them the caller must know by their
 * number. */
int store_there(struct store *st,
    void (*each)(void *arg, uint32_t low, uint32_t high), void *arg,
    struct fail *f);
int store_next(struct store *st, struct msgref *m, struct fail *f);
/* The id as rows show it: IMAP UID, UIDL, Maildir base name, mbox ordinal. */
void store_uid(struct store *st, uint64_t id, struct buf *out);
/*
 * Asks for the bodies of n messages (n at most 4,096; ids rising).  Then, for
 * each that comes, in the server's order: store_body 1 with its id and exact
 * length; store_read until it says 0.  store_body 0: all asked for have been
 * answered; what did not come has vanished (or its server sends nothing).
 * A body may be left unread: store_body skips the rest of it.
 * A failure of one message has REACH_MESSAGE, *id set, and the rest goes on.
 */
int store_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f);
int store_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f);
int store_read(struct store *st, const char **p, size_t *n, struct fail *f);
/*
 * Calls each with L3 (and no more) of these messages, as far as they are there
 * and tell it, without their bodies being sent; it must not use the store.
 * n, ids as in store_want.
 */
int store_weak(struct store *st, const uint64_t *ids, size_t n,
    int (*each)(
	void *arg, uint64_t id, const struct ident *ident, struct fail *f),
    void *arg, struct fail *f);
/*
 * The date of arrival of the message that store_body gave last, where
 * store_next could not tell it: POP3 has none, so it is that of the topmost
 * Received line, or the Date.  CLOCK_NONE elsewhere, or if there is none.
 */
int64_t store_date(const struct store *st);

/* ---- reading.c: every message of a folder, with its digests ---- */

/*
 * Reads the folder entered once through: each message in the store's order
 * with what `levels` (DIGEST_* of msg.h; 0: no body is read, id is NULL) ask
 * for.  A message that cannot be read, or that was listed and did not come
 * (CODE_VANISHED), has id NULL and why set.  -1 when the folder cannot be read
 * on, or, with REACH_MESSAGE, when it holds more than the server lists.
 */
int store_read_all(struct store *st, unsigned int levels,
    void (*each)(void *arg, const struct msgref *m, const struct ident *id,
	const struct fail *why),
    void *arg, struct fail *f);

/* ---- messages in ---- */

struct put {
	uint64_t cookie; /* comes back in the receipt */
	uint64_t len; /* exactly so many octets follow */
	int64_t date; /* CLOCK_NONE: the target's now */
	const char *flags; /* canonical */
	int alone; /* not in a batch with others */
};
struct receipt {
	uint64_t cookie;
	int ok;
	int again; /* refused together with its batch: put it alone */
	/* The new message's uid as rows show it, NULL if the target does not
	 * say; the store's, until the next call. */
	const char *uid;
	uint32_t uidvalidity; /* that the uid is under, 0 but for IMAP */
	/*
	 * When not ok; or ok with a reservation: CODE_FLAG, a flag found no
	 * place, CODE_DATE, the date was not kept.  NULL: all is well.  The
	 * store's, until the next call.
	 */
	struct fail *why;
};
/*
 * Begins an append to FOLDER, which need not be the one entered (but is
 * cheaper, performance.md); then exactly len octets by store_write in any
 * pieces, then store_put_end.  Failure of store_put with REACH_MESSAGE: this
 * one is refused before its octets went (it has no receipt).  A failure with
 * a longer reach: the connection is gone, and of all that is not settled
 * nobody knows.  When the octets cannot be delivered after store_put,
 * store_abort drops the connection (never pads).
 */
int store_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f);
int store_write(struct store *st, const char *p, size_t n, struct fail *f);
int store_put_end(struct store *st, struct fail *f);
void store_abort(struct store *st);
/* Ends the batch in hand, sends what is queued. */
int store_flush(struct store *st, struct fail *f);
/*
 * The next receipt, in any order.  1 a receipt; 0 nothing more is
 * outstanding, or (wait 0) nothing is there yet; -1 the connection is gone.
 * After a maildir or mbox receipt the message is synced to disk; what they
 * have not given a receipt for is not there after store_close.
 */
int store_settle(struct store *st, struct receipt *r, int wait, struct fail *f);
size_t store_outstanding(const struct store *st);

/* ---- changes in the folder entered for writing ---- */

/* Ids rise in all of these.  What is refused with REACH_MESSAGE may have been
 * done for some of them.  Adds and removes flags (canonical sets, either may be
 * ""). */
int store_flags(struct store *st, const uint64_t *ids, size_t n,
    const char *add, const char *remove, struct fail *f);
/* to[i] gets the new id, 0 if not said. */
int store_copy(struct store *st, const uint64_t *ids, size_t n,
    const char *folder, uint64_t *to, struct fail *f);
/* Takes out what is \Deleted, of these only (STORE_UIDPLUS). */
int
store_expunge(struct store *st, const uint64_t *ids, size_t n, struct fail *f);

/* ---- tables of their own ---- */

/* Calls each(arg, object, resource, used, limit) per quota resource; used
 * and limit in octets for STORAGE.  0, or -1; no QUOTA capability is 0. */
int store_quota(struct store *st,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f);
int store_acl(struct store *st, const char *folder,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f);
/*
 * The user's rights (RFC 4314) to a folder, "": to the place where those of the
 * first level are made.  1, 0 the store does not tell, -1.
 */
int store_rights(
    struct store *st, const char *folder, struct buf *rights, struct fail *f);

/* Test seam: the stream under a store that has one, else NULL. */
struct stream *store_stream(struct store *st);

/* ---- job.c: columns that every job row has ---- */

/* The column `key`: 16 hex digits of SHA-256 over account, source, target,
 * folder, uids (newline between), URLs reduced. */
void job_key(char key[17], const struct row *r);
/* 1 if the column `uids` ("1:100,205", "*" is the end) names this number. */
int job_wants(const char *uids, uint64_t id);
/* account, or whose mailbox source (else target) is: authzid=, else USER; or
 * its path. */
void job_account(struct buf *out, const struct row *r);

#endif
