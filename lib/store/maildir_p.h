/* maildir_p.h: the parts of a Maildir store. */
#ifndef MAILDIR_P_H
#define MAILDIR_P_H

#include <assert.h>
#include <sys/types.h>

#include "base/base.h"
#include "store/files_p.h"
#include "store/store_p.h"

/* ---- maildir_name.c: names of messages, many of them ---- */

/*
 * Strings by offset: in memory up to 4 MiB, then in an unlinked file, so
 * that a folder of a million messages costs 8 octets each.
 */
struct namestore;
struct namestore *names_new(const char *dir);
void names_free(struct namestore *ns);
/* Appends a name (at most NAME_MAX octets); its offset or -1. */
int
names_add(struct namestore *ns, const char *name, uint64_t *at, struct fail *f);
/* Valid until the next call; NULL and f when the file cannot be read. */
const char *names_get(struct namestore *ns, uint64_t at, struct fail *f);
/* Length of the base name: all before the first colon. */
size_t name_base(const char *name);
/* Seconds that the name begins with, 0 if there are none. */
uint64_t name_time(const char *name);
/* A new one, rising with every call; host, pid, counter, random. */
void name_unique(struct buf *b);

/* ---- maildir_keywords.c ---- */

enum { KEYWORDS = 26 };
struct keywords {
	char *name[KEYWORDS]; /* by letter, NULL: free */
};
void keywords_free(struct keywords *k);
/* Reads DIR's dovecot-keywords; none is fine. */
int keywords_load(struct keywords *k, int dir, struct fail *f);
/* The info of a name ("2,FS") as a canonical set of flags. */
const char *
flags_of_info(const char *name, const struct keywords *k, struct intern *in);
/*
 * Letters for a set of flags, sorted, keywords added to DIR's file where
 * they are new; those that find no place are appended to lost.
 */
int flags_to_info(struct buf *info, const char *flags, struct keywords *k,
    int dir, struct buf *lost, struct fail *f);
/* What the folder keeps, as PERMANENTFLAGS. */
void keywords_permanent(struct buf *b, const struct keywords *k);

/* ---- the store ---- */

enum layout { LAYOUT_DOTS, LAYOUT_NESTED };

/* One directory with cur, new and tmp; fd -1: not open. */
struct mdir {
	char *name; /* canonical */
	int fd, cur, new, tmp;
	struct keywords keywords;
};

struct index {
	struct namestore *names;
	uint64_t *at; /* by id - 1: offset of the name * 2 + is in new/ */
	size_t n;
};

/* A message being served: its octets come from buf or from fd. */
struct serving {
	int fd; /* -1: all in raw */
	uint64_t left, len; /* octets of the file, octets to serve */
	char last;
	struct buf raw, out;
};

/* A message in tmp/ whose receipt is still owed. */
struct delivery {
	uint64_t cookie;
	int fd; /* -1 once it is in cur/ */
	char *tmp, *info;
	struct fail *why; /* ok with a reservation, or failed */
	int failed;
};

struct maildir {
	struct store st;
	char *path;
	int root; /* -1: a target that is not there yet */
	enum layout layout;
	const char *inbox; /* its directory below root */
	int listed;
	struct tree tree;
	struct intern *flags;
	struct buf permanent;

	struct mdir in; /* entered */
	struct index index;
	size_t scanned;
	uint64_t *want;
	size_t wants, wanted;
	struct serving serving;

	struct mdir out; /* of the deliveries */
	struct delivery *due;
	size_t dues, room; /* settled <= done <= dues */
	size_t done, settled; /* in cur/; receipts given */
	int unsure; /* a delivery could not be synced: no receipts any more */
	int changed; /* flags in the folder entered, not synced yet */
	int writing; /* the last of due takes octets */
	uint64_t expect; /* of which so many are to come */
	int64_t date;
	int crlf;
	struct buf chunk;
	struct fail why; /* of the receipt handed out */
	char *new_uid; /* likewise */
};

/* ---- maildir_tree.c ---- */

int maildir_list_folders(struct maildir *md, struct fail *f);
int maildir_layout(struct maildir *md, const char *layout, struct fail *f);
/* Makes the root if it is not there yet. */
int maildir_make_root(struct maildir *md, struct fail *f);
int maildir_is_inbox(const char *folder);
/*
 * Opens a folder; make: also what is missing of it.  made (may be NULL) says
 * whether it was no folder before.  CODE_NOSELECT where there is none.
 */
int mdir_open(struct maildir *md, const char *folder, int make, int *made,
    struct mdir *d, struct fail *f);
void mdir_close(struct mdir *d);
/* The folder's name on the disk, as subscriptions have it. */
int maildir_raw(
    struct maildir *md, const char *folder, struct buf *raw, struct fail *f);

/* ---- maildir_index.c ---- */

int index_build(struct index *ix, const struct mdir *d, const char *spool_dir,
    struct fail *f);
void index_free(struct index *ix);
/* Its name and directory, NULL and f where that fails. */
const char *
index_name(const struct index *ix, uint64_t id, int *is_new, struct fail *f);
/* The message was renamed by us. */
int
index_rename(struct index *ix, uint64_t id, const char *name, struct fail *f);
/*
 * Finds what somebody renamed since: 1, 0 vanished, -1.
 */
int index_find_again(
    struct index *ix, const struct mdir *d, uint64_t id, struct fail *f);

/* ---- maildir_read.c, maildir_write.c: see store_ops ---- */

int
maildir_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f);
int maildir_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f);
int maildir_read(struct store *st, const char **p, size_t *n, struct fail *f);
void serving_end(struct serving *s);
int maildir_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f);
int maildir_write(struct store *st, const char *p, size_t n, struct fail *f);
int maildir_put_end(struct store *st, struct fail *f);
void maildir_abort(struct store *st);
int maildir_flush(struct store *st, struct fail *f);
int
maildir_settle(struct store *st, struct receipt *r, int wait, struct fail *f);
size_t maildir_outstanding(const struct store *st);
int maildir_flags(struct store *st, uint64_t id, const char *add,
    const char *remove, struct fail *f);
/* Syncs what store_flags renamed. */
int maildir_sync(struct maildir *md);
/* Removes what is still in tmp/. */
void maildir_drop(struct maildir *md);

#endif
