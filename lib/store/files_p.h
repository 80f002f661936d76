/*
 * files_p.h: what the stores on disk (maildir, mbox) share: directories
 * that are opened level by level, locks, line ends, folder levels and the
 * list of subscriptions.
 */
#ifndef FILES_P_H
#define FILES_P_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct fail;
struct folder;

/* ---- path.c: descriptors; -1 with errno set unless there is a fail ---- */

/* The root as the user named it; make creates what is missing of it. */
int path_root(const char *path, int make);
/* A directory below dir, "a/b", "" is dir itself; no symlink is followed. */
int path_dir(int dir, const char *path);
/* The same, levels that are missing are made (0700) and synced. */
int path_make(int dir, const char *path);
/* A regular file for reading, no symlink followed, its access time kept. */
int path_file(int dir, const char *name);
int path_is_dir(int dir, const char *name);
/* Appends a small file (at most max octets): 1, 0 if there is none, -1. */
int path_load(int dir, const char *name, size_t max, struct buf *b);
int path_write(int fd, const void *p, size_t n);

/*
 * NAME.lock beside NAME, as Dovecot and procmail take it: waits 10 s, breaks
 * one that is older than 2 minutes.  Its descriptor, or -1.
 */
int path_lock(int dir, const char *name, struct fail *f);
void path_unlock(int dir, const char *name, int lock);
/* Writes the new content into the lock file and makes it NAME, synced. */
int path_replace(
    int dir, const char *name, int lock, const struct buf *b, struct fail *f);

/* ---- crlf.c: line ends ---- */

/*
 * LF to CRLF: an LF after a CR stays alone.  *last is the octet before
 * (start: 0).  crlf_count: how many octets crlf_add would append.
 */
uint64_t crlf_count(char *last, const char *p, size_t n);
void crlf_add(struct buf *b, char *last, const char *p, size_t n);
/*
 * CRLF to LF, but CR CR LF stays, so that the above gives it back.  state 0
 * at the start; crlf_drop_end appends what is held back.
 */
void crlf_drop(struct buf *b, int *state, const char *p, size_t n);
void crlf_drop_end(struct buf *b, int *state);

/* ---- levels.c: a level of a folder's name on the disk ---- */

/*
 * Dovecot's listescape: modified UTF-7, with \hh for the octets in hide, for
 * a backslash, and for ~ at the start.  CODE_NAME for what cannot be there:
 * no UTF-8, empty, a control.
 */
int level_encode(struct buf *out, const char *level, size_t n, const char *hide,
    struct fail *f);
/* 1, or 0 for what no level can be; appended as a canonical level. */
int level_decode(struct buf *out, const char *raw, size_t n);
/* A raw name that cannot be decoded: suspect octets as %XX, one level. */
void level_literal(struct buf *out, const char *raw, size_t n);

/* ---- tree.c: a list of folders in the making ---- */

struct tree {
	struct arena *arena;
	struct folder *list;
	size_t n, room;
};
void tree_init(struct tree *t);
void tree_free(struct tree *t);
void tree_reset(struct tree *t);
struct folder *tree_add(struct tree *t, const char *name, const char *raw);
/* Sorts, adds the parents that are no folders, tells twins apart. */
void tree_finish(struct tree *t, char sep);
struct folder *tree_find(const struct tree *t, const char *name);

/* ---- subscribed.c: Dovecot's file, version 2 and the old one ---- */

/*
 * raw names are levels joined by sep; marks the folders of t that are
 * subscribed.
 */
int subscribed_mark(
    int dir, const char *file, char sep, struct tree *t, struct fail *f);
int subscribed_add(
    int dir, const char *file, char sep, const char *raw, struct fail *f);

#endif
