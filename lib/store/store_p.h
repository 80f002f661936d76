/*
 * store_p.h: what store.c and the schemes share.  A scheme is one file
 * store_KIND.c with one struct store_ops, named in one line of store.c.
 */
#ifndef STORE_P_H
#define STORE_P_H

#include "secret/secret.h"
#include "store/store.h"

/* Every scheme's own struct begins with this one; store.c fills it in. */
struct store {
	const struct store_ops *ops;
	struct store_opt opt; /* spool_dir never NULL, window never 0 */
	char *spool_dir;
	char *label;
	char *entered; /* folder of the last store_enter, NULL: none */
	struct secret secret; /* until it has logged in */
	/* What open sets: */
	unsigned int can;
	const char *capabilities; /* the scheme's own, NULL: "" */
	uint64_t append_limit;
};

/*
 * Contracts are those of the store_ functions of the same name.  Functions
 * marked ? may be NULL: store.c then refuses, or there is nothing to do.  A
 * scheme sets code, reach, again, what and why of a failure; the object
 * (label, folder, uid) is store.c's.
 */
struct store_ops {
	/* Of the scheme's struct; zeroed before open. */
	size_t size;
	/*
	 * e, secret and key (its ->key, resolved) are the caller's and go
	 * after the call; data is NULL where there is none.
	 */
	int (*open)(struct store *st, const struct endpoint *e,
	    const struct secret *secret, const struct secret *key,
	    struct fail *f);
	/* ? open has only dialled then, and had no use for its secret */
	int (*login)(
	    struct store *st, const struct secret *secret, struct fail *f);
	/* Frees all but st itself; also called when open failed. */
	void (*close)(struct store *st);
	int (*ahead)(
	    struct store *st, const struct ahead_of *a, struct fail *f); /* ? */
	int (*list)(
	    struct store *st, struct folder **list, size_t *n, struct fail *f);
	int (*create)(struct store *st, const char *folder, enum role role,
	    int *made, struct fail *f); /* ? made is never NULL */
	int (*subscribe)(
	    struct store *st, const char *folder, struct fail *f); /* ? */
	int (*enter)(struct store *st, const char *folder, int write,
	    struct folder *info, struct fail *f);
	int (*scan)(struct store *st, uint64_t from, struct fail *f);
	int (*scan_since)(struct store *st, uint64_t from, uint64_t since,
	    struct fail *f); /* ? */
	int (*there)(struct store *st,
	    void (*each)(void *, uint32_t low, uint32_t high), void *arg,
	    struct fail *f); /* ? */
	int (*next)(struct store *st, struct msgref *m, struct fail *f);
	void (*uid)(struct store *st, uint64_t id, struct buf *out);
	int (*want)(
	    struct store *st, const uint64_t *ids, size_t n, struct fail *f);
	int (*body)(
	    struct store *st, uint64_t *id, uint64_t *len, struct fail *f);
	int (*read)(
	    struct store *st, const char **p, size_t *n, struct fail *f);
	int (*weak)(struct store *st, const uint64_t *ids, size_t n,
	    int (*each)(void *arg, uint64_t id, const struct ident *ident,
		struct fail *f),
	    void *arg, struct fail *f); /* ? */
	int64_t (*date)(const struct store *st); /* ? */
	int (*put)(struct store *st, const char *folder, const struct put *p,
	    struct fail *f); /* ? and with it all up to outstanding */
	int (*write)(struct store *st, const char *p, size_t n, struct fail *f);
	int (*put_end)(struct store *st, struct fail *f);
	void (*abort)(struct store *st);
	int (*flush)(struct store *st, struct fail *f);
	int (*settle)(
	    struct store *st, struct receipt *r, int wait, struct fail *f);
	size_t (*outstanding)(const struct store *st);
	int (*flags)(struct store *st, uint64_t id, const char *add,
	    const char *remove, struct fail *f); /* ? */
	int (*flags_of)(struct store *st, const uint64_t *ids, size_t n,
	    const char *add, const char *remove,
	    struct fail *f); /* ? instead, for many at once */
	int (*copy)(struct store *st, const uint64_t *ids, size_t n,
	    const char *folder, uint64_t *to, struct fail *f); /* ? */
	int (*expunge)(struct store *st, const uint64_t *ids, size_t n,
	    struct fail *f); /* ? */
	int (*quota)(struct store *st,
	    void (*each)(void *, const char *root, const char *resource,
		uint64_t used, uint64_t limit),
	    void *arg, struct fail *f); /* ? */
	int (*acl)(struct store *st, const char *folder,
	    void (*each)(void *, const char *identifier, const char *rights),
	    void *arg, struct fail *f); /* ? */
	int (*rights)(struct store *st, const char *folder, struct buf *rights,
	    struct fail *f); /* ? */
	struct stream *(*stream)(struct store *st); /* ? */
};

extern const struct store_ops store_maildir, store_mbox, store_imap, store_pop3;

/* Sorts as store_list promises: INBOX, then by name. */
void folder_sort(struct folder *list, size_t n);
/* In a list so sorted; NULL if it is not there. */
struct folder *folder_find(struct folder *list, size_t n, const char *name);
/* Names what failed: label, folder and message as far as known.  Returns -1. */
int store_at(struct store *st, const char *folder, uint64_t id, struct fail *f);
/* The scheme cannot do what, or nothing is written there.  Returns -1. */
int store_refuse(
    struct store *st, const char *folder, const char *what, struct fail *f);
/* Says line once by opt.note, if there is one. */
void store_note(const struct store *st, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
