/* verify_p.h: what the files of this room share. */
#ifndef VERIFY_P_H
#define VERIFY_P_H

#include "base/base.h"
#include "map/map.h"
#include "msg/msg.h"
#include "row/row.h"
#include "store/store.h"
#include "verify/verify.h"

/* ---- pile.c: any number of records of one size, in little memory ---- */

/*
 * In memory up to 256 KiB, then in an unlinked file in dir, sorted by runs
 * that are merged while they are read.
 */
struct pile;
struct pile *pile_new(size_t record, const char *dir);
struct pile *pile_like(const struct pile *p); /* empty */
void pile_free(struct pile *p); /* NULL is fine */
void pile_reset(struct pile *p);
int pile_add(struct pile *p, const void *record, struct fail *f);
uint64_t pile_count(const struct pile *p);
/*
 * From the first record on: in the order of by, or as they were added when
 * by is NULL (only before the first sort).  Nothing is added after this.
 */
int pile_sort(
    struct pile *p, int (*by)(const void *, const void *), struct fail *f);
/* 1 and a copy of the next record, 0 end, -1. */
int pile_next(struct pile *p, void *record, struct fail *f);
/* Record n as it was added; only before the first sort. */
int pile_at(struct pile *p, uint64_t n, void *record, struct fail *f);

/* ---- texts.c: strings kept by their offset ---- */

#define TEXT_NONE UINT64_MAX
struct texts;
struct texts *texts_new(const char *dir);
void texts_free(struct texts *t); /* NULL is fine */
int texts_add(struct texts *t, const char *s, uint64_t *at, struct fail *f);
/* Appends it; nothing for TEXT_NONE. */
int texts_get(struct texts *t, uint64_t at, struct buf *out, struct fail *f);

/* ---- temporary files, unlinked from the start ---- */

int temp_open(const char *dir, struct fail *f);
int temp_write(int fd, const void *from, size_t n, uint64_t at, struct fail *f);
int temp_read(int fd, void *to, size_t n, uint64_t at, struct fail *f);
/* SHA-256 of the first n octets. */
int file_digest(int fd, uint64_t n, char hex[65], struct fail *f);

/* ---- digests of a message, cut to 16 octets ---- */

enum sum {
	SUM_L0,
	SUM_RAW,
	SUM_END,
	SUM_STORE,
	SUM_BYTES,
	SUM_L1,
	SUM_L2,
	SUM_L3,
	SUM_MSGID, /* Message-ID alone: no sameness, but kinship */
	SUMS
};
#define SUM(s) (1u << (s))

struct item {
	uint8_t key[16]; /* what it is compared by just now */
	int64_t date;
	uint64_t id; /* of its side */
	uint64_t uid; /* for people: offset in v->texts */
	uint64_t size;
	const char *flags; /* in v->words */
	uint32_t folder; /* index in its side's list */
	uint32_t pos; /* place in its folder, from 0 */
	uint32_t raw; /* start of the digest of the octets as served */
	uint32_t copy; /* its octets are those of a message of the source */
};
struct kin { /* an item with all that it can be known by */
	struct item it;
	unsigned int have; /* bits of SUM() */
	uint8_t sum[SUMS][16];
	const struct ident *ident; /* whole digests, until take returns */
};
/* By folder and place. */
int item_by_place(const void *a, const void *b);

/* ---- side_*.c: a store, or a manifest ---- */

struct side;
struct side_ops {
	void (*close)(struct side *s);
	int (*enter)(struct side *s, uint32_t folder, struct fail *f);
	/* All messages of the folder entered, without key. */
	int (*scan)(struct side *s, struct pile *items, struct fail *f);
	/*
	 * These sums of these items of the folder entered, which are in the
	 * order of their places, each to take; bad for what cannot be read.
	 * Asks for them, and more gives one at a time: 1, 0 end, -1.  Where
	 * more is NULL, sums gives them all.  items and arg live as long.
	 */
	int (*sums)(struct side *s, struct pile *items, unsigned int sums,
	    int (*take)(void *arg, struct kin *k, struct fail *f), void *arg,
	    struct fail *f);
	int (*more)(struct side *s, struct fail *f);
	void (*uid)(struct side *s, const struct item *it, struct buf *out);
};
struct side {
	const struct side_ops *ops;
	struct verify *v;
	const char *label;
	struct folder *list;
	size_t n;
	int is_target;
	unsigned int base; /* the digest that items are told apart by, SUM() */
	uint32_t entered;
	int keep; /* uids are kept at once: another folder is entered later */
	/* Of each message that cannot be read, or is not what it was. */
	void (*bad)(void *arg, struct side *s, const struct item *it,
	    const struct fail *why);
	void *arg;
	void *own;
};
/* Opens the row's "source" or "target". */
int side_store(struct side *s, const struct row *job, struct fail *f);

void side_shut(struct side *s);
/* The next that sums asked for: 1, 0 end, -1. */
int side_more(struct side *s, struct fail *f);
/* All that sums gives. */
int side_sums(struct side *s, struct pile *items, unsigned int sums,
    int (*take)(void *arg, struct kin *k, struct fail *f), void *arg,
    struct fail *f);
/* For bad: of messages that were told of before, or are none of ours. */
void side_ignore(
    void *arg, struct side *s, const struct item *it, const struct fail *why);

/* ---- verify.c ---- */

/* A message without its like, until all folders were looked through. */
enum { LOOSE_LOST, LOOSE_EXTRA, LOOSE_STRAY };
struct loose {
	struct item it; /* key: of the first round */
	uint32_t kind;
	uint32_t other; /* 1 + the folder of its like, 0: none */
	uint64_t other_uid; /* in texts */
};

struct verify {
	const struct verify_opt *o;
	struct map *map;
	const char *dir;
	unsigned int accept; /* bits of enum rung, as the options say */
	unsigned int accepts; /* with what this target is known to alter */
	int keeps_keywords;
	struct side src, dst;
	char *account; /* columns of the sessions in hand */
	const struct row *job;

	/* Of the job in hand. */
	struct intern *words; /* flags */
	struct texts *texts;
	struct pile *lost, *extra; /* struct loose */
	struct pile *held; /* role all: items of all folders of the target */
	const char **from; /* what goes into each target folder, or NULL */
	const char **where; /* and where each of the source goes */
	const char *sample_of; /* folder that the sample is drawn from */
	uint64_t octets, messages;
	struct manifests *manifests;
};
int verify_stopping(struct fail *f);

/* ---- manifests.c ---- */

/* Of an account in a directory. */
struct manifest {
	char *account, *path;
	char *damage; /* NULL: none */
	int is_target;
};
struct manifests {
	struct manifest *list; /* sorted by account, source first, path */
	size_t n;
};
void manifests_free(struct manifests *m); /* NULL is fine */
/* Cannot be trusted: -1, and f says why; *whole: it says where it ends. */
int manifest_check(const char *path, int *whole, struct fail *f);

/* ---- side_manifest.c ---- */

/* The column of each sum but the first; NULL: none. */
extern const char *const sum_columns[SUMS];
int side_manifest(
    struct side *s, const struct manifest *list, size_t n, struct fail *f);

/* Compares the sides that are open. */
int verify_sides(struct verify *v, struct fail *f);

/* ---- sample.c ---- */

/*
 * Adds n octets to head until it is whole (or last): 1 the message is in the
 * sample, 0 it is not, -1 not known yet.
 */
int sample_head(const struct verify *v, struct buf *head, const char *p,
    size_t n, int last);

/* ---- match.c ---- */

/* What two messages were found alike in. */
enum round {
	ROUND_BASE, /* the level of both sides */
	ROUND_END,
	ROUND_STORE,
	ROUND_BYTES,
	ROUND_L1,
	ROUND_L2,
	ROUND_L3,
	ROUND_MSGID,
	ROUND_SIZE /* quick: all but the date */
};
int item_by_key(const void *a, const void *b);
int item_same_key(const struct item *a, const struct item *b);
/*
 * Pairs what has the same key and tells group_pair; *s and *d (of items, or
 * both of kin) are freed and become what is left over.
 */
struct group;
int match_round(struct group *g, struct pile **s, struct pile **d,
    enum round how, struct fail *f);

/* ---- group.c: a folder of the target, and what goes into it ---- */

struct count { /* of one source folder */
	uint64_t listed, taken, unread; /* at the source; taken: compared */
	uint64_t matched, altered; /* as demanded; altered: not at the top */
	uint64_t differs, missing, elsewhere;
	uint64_t pairs, flags, keywords, dates; /* of pairs, equal ones */
	uint64_t descents;
	enum rung worst; /* of matched */
	unsigned int level; /* SUM_ of the worst */
	int failed; /* it could not be read to its end */
};
struct place { /* of a pair */
	uint32_t folder, src, dst;
};
struct group {
	struct verify *v;
	const struct move *const *move;
	size_t n; /* source folders */
	struct count *count; /* of each */
	const struct folder *dst; /* NULL: not there */
	uint64_t found, unread; /* at the target */
	uint64_t extra, copies;
	struct pile *finds; /* struct find */
	struct pile *order; /* struct place */
};
enum what { FIND_OCTETS, FIND_FLAGS, FIND_KEYWORDS, FIND_DATE };
struct find {
	struct item s, d; /* keys: of the first round */
	uint32_t what;
	uint32_t rung;
	uint32_t level; /* SUM_, SUMS: none */
};
int group_pair(struct group *g, const struct kin *s, const struct kin *d,
    enum round how, struct fail *f);
/* 0 also when a folder could not be read (told); -1 the sides are gone. */
int group_compare(
    struct verify *v, const struct move *const *move, size_t n, struct fail *f);
struct count *group_count(const struct group *g, const struct item *src);
/* The uid, kept in texts while its folder is entered. */
int keep_uid(struct side *s, struct item *it, struct fail *f);
/* Without bodies: size and date stand for the message. */
void quick_key(struct item *it);

/* ---- both.c ---- */

/* Items of both sides with their key.  1, 0 the target's folder cannot be read
 * (told), -1. */
int read_both(struct group *g, struct pile *s, struct pile *d, struct fail *f);

/* ---- rounds.c ---- */

/* All rounds; *s and *d become what is left over. */
int
match_all(struct group *g, struct pile **s, struct pile **d, struct fail *f);
/* The items (of any folders) again, with these sums. */
int look_again(struct side *s, struct pile *items, unsigned int sums,
    struct pile **kin, struct fail *f);

/* ---- elsewhere.c ---- */

/* Takes from *s what any folder of the target holds. */
int strike_held(struct group *g, struct pile **s, struct fail *f);
/* Items of the target's folders that nothing goes into, to v->held. */
int hold_strays(struct verify *v, struct fail *f);
/*
 * Finds for what is lost its like in other folders, with strays also in those
 * that nothing goes into.  *out gets lost and extra, struct loose.
 */
int
find_elsewhere(struct verify *v, int strays, struct pile **out, struct fail *f);

/* ---- rows.c: what is told of folders ---- */

extern const char *const level_names[SUMS + 1]; /* by SUM_, "L0" */
/* Strings of c that are NULL are "". */
void tell(const struct verify *v, const struct check *c);
void check_fails(struct check *c, const char *status, const char *severity,
    const char *code, const char *hint);
void check_warns(struct check *c, const char *severity, const char *hint);
void tell_group(struct group *g);
/* What could not be compared, and why: a folder, or a message. */
void
tell_error(const struct verify *v, const struct side *s, const char *folder,
    const char *dst_folder, const char *uid, const struct fail *why);
void tell_left_out(const struct verify *v, const struct move *m);
void tell_extra_folder(
    const struct verify *v, const struct folder *fo, uint64_t messages);

/* ---- rows_message.c: and of messages ---- */

int tell_finds(struct group *g, struct fail *f);
int tell_loose(struct verify *v, struct pile *loose, struct fail *f);

#endif
