/* mbox_p.h: the parts of an mbox store. */
#ifndef MBOX_P_H
#define MBOX_P_H

#include <assert.h>
#include <sys/types.h>

#include "base/base.h"
#include "store/files_p.h"
#include "store/store_p.h"

/* ---- mbox_scan.c: where messages begin and end ---- */

struct span {
	uint64_t start, end; /* of the From_ line; of the message's octets */
};
struct mbox_index {
	struct span *span; /* by id - 1 */
	size_t n, room;
	uint64_t size; /* of the file when it was read */
	int64_t changed; /* its modification time, ns */
	int quoted; /* >From in it stands for From */
	int base; /* the first message has UW's or Dovecot's X-IMAPbase */
	const char *variant; /* for people, NULL: nothing to be said */
	uint64_t doubts; /* lines that may have been starts, not taken so */
	int undated; /* the first From_ line has no date */
	uint64_t bare; /* taken, but no header follows */
};
int mbox_index(struct mbox_index *ix, int fd, struct fail *f);
void mbox_index_free(struct mbox_index *ix);
/* Reads at most n octets at an offset, all that there are: their number. */
ssize_t mbox_pread(int fd, char *p, size_t n, uint64_t at);
/* Is there a From_ line with a date at offset at?  Its length with the line
 * end, 0 if not; *date may be CLOCK_NONE for a line without. */
size_t mbox_from(int fd, uint64_t at, int64_t *date);
/* Appends the header of the message, up to 1 MiB. */
void mbox_header(int fd, const struct span *s, struct buf *b);

/* ---- mbox_lines.c: quoting, and the fields that hold flags ---- */

enum direction { LINES_IN, LINES_OUT }; /* into the file, out of it */
struct mbox_lines {
	enum direction direction;
	int quoted; /* out: take one > away */
	int base; /* out: drop X-IMAPbase, too */
	const char *status; /* in: goes to the end of the header */
	int in_header, at_start, marks, drop;
	char last;
	struct buf held;
};
void mbox_lines_start(struct mbox_lines *l, enum direction d);
void
mbox_lines_add(struct mbox_lines *l, const char *p, size_t n, struct buf *out);
void mbox_lines_end(struct mbox_lines *l, struct buf *out);
void mbox_lines_free(struct mbox_lines *l);
/* Status, X-Status and X-Keywords for flags, and back from a header. */
void mbox_lines_status(struct buf *b, const char *flags);
const char *mbox_lines_flags(const struct buf *header, struct intern *in);

/* ---- the store ---- */

struct due {
	uint64_t cookie;
	int failed;
	enum code code; /* of a reservation */
};

struct mbox {
	struct store st;
	int root; /* directory, -1: a target that is not there yet */
	char *path;
	char *file; /* the root is one file in this directory: its name */
	struct tree tree;
	int listed;
	struct intern *flags;

	char *in_name;
	int in; /* the file entered, -1 */
	struct mbox_index index;
	size_t scanned;
	uint64_t *want;
	size_t wants, wanted;
	struct mbox_lines reader;
	uint64_t at, until; /* octets of the file still to be read */
	uint64_t left; /* octets of the message still to be served */
	char last;
	struct buf raw, lined, out;

	char *out_name;
	int dir, fd, lock; /* of the file written to, -1 */
	char *out_file; /* its name in dir */
	uint64_t batch, message, end; /* lengths to go back to; now */
	struct due *due;
	size_t dues, room, done, settled;
	int writing;
	uint64_t expect;
	int crlf;
	struct mbox_lines writer;
	struct buf status, plain, chunk;
	struct fail why;
};

/* ---- mbox_tree.c ---- */

int mbox_list_folders(struct mbox *mb, struct fail *f);
/*
 * The directory (a new descriptor) and the name in it of a folder; make:
 * what is missing above it is made.  CODE_NOSELECT, CODE_NAME.
 */
int mbox_locate(struct mbox *mb, const char *folder, int make, int *dir,
    struct buf *name, struct fail *f);
int mbox_make_root(struct mbox *mb, struct fail *f);

/* ---- mbox_write.c: see store_ops ---- */

int mbox_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f);
int mbox_write(struct store *st, const char *p, size_t n, struct fail *f);
int mbox_put_end(struct store *st, struct fail *f);
void mbox_abort(struct store *st);
int mbox_flush(struct store *st, struct fail *f);
int mbox_settle(struct store *st, struct receipt *r, int wait, struct fail *f);
size_t mbox_outstanding(const struct store *st);
/* Takes back what has no receipt yet. */
void mbox_drop(struct mbox *mb);

/* ---- mbox_read.c ---- */

int mbox_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f);
int mbox_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f);
int mbox_read(struct store *st, const char **p, size_t *n, struct fail *f);
/* Waits for a lock on the file: -1 CODE_IO, again later. */
int mbox_lock(int fd, short type, struct fail *f);

#endif
