/* copy_p.h: what the files of this room share. */
#ifndef COPY_P_H
#define COPY_P_H

#include "base/base.h"
#include "copy/copy.h"
#include "ledger/ledger.h"
#include "msg/msg.h"
#include "row/row.h"
#include "store/store.h"

/* What becomes of a message on the list. */
enum fate {
	FATE_NEW,
	FATE_DOUBT, /* the ledger has an intent and no more */
	FATE_LEFT, /* refused before: tried again, after all others */
	FATE_PLACE, /* done, but the ledger does not know its target uid */
	FATE_SENT,
	FATE_ALONE, /* refused with its batch, once */
	FATE_MISSING, /* asked for and not sent */
	FATE_DONE,
	FATE_BACK, /* done, and the target shows it */
	FATE_OVER /* no more of it in this run */
};

struct item { /* 24 octets */
	uint32_t id;
	uint32_t flags; /* number in words */
	/* The source's hint; then what was sent; of a done one the
	 * ledger_hash of its target uid. */
	uint64_t size : 56, fate : 8;
	int64_t date;
};

struct flight { /* digest of a message under way, by item modulo FLIGHTS */
	uint8_t digest[32];
};
enum { FLIGHTS = 16384, BURST = 512 };

struct work { /* the folder in hand */
	const struct move *move;
	const char *folder, *dst;
	struct folder si, di;
	int fresh; /* the target folder was made by this run */
	struct item *item;
	size_t n, room;
	struct intern *words; /* flag sets */
	uint64_t found; /* ledger entries that are still at the source */
	uint64_t unread; /* target uids from here on were not read back */
	uint64_t accepted;
	uint32_t
	    *order; /* items as they were accepted, where no uid was told */
	size_t order_n, order_room;
	int full; /* the target is over its quota */
};

/* What a job has to remember over a connection that was cut. */
struct resume {
	struct intern *done; /* folders that are finished */
	char *folder; /* in hand */
	struct copy_sum before; /* when it was begun */
	uint64_t accepted; /* of it, by connections that were cut */
	uint32_t *over; /* of it, ids that were refused: not once more */
	size_t over_n, over_room;
	int tries; /* since anything moved */
};

struct copy {
	const struct copy_opt *o;
	struct map *map;
	unsigned int alters; /* digest kind that the target's copies keep */

	char *account; /* of the sessions in hand, NULL: none */
	struct store *src, *dst;
	struct folder *src_list, *dst_list;
	size_t src_n, dst_n;

	struct ledger *ledger; /* of the job */
	const struct row *job;
	struct copy_sum *sum;
	struct digest *digest;
	struct flight *flight;
	uint64_t octets, total, messages; /* for progress, over all jobs */
	struct resume resume;
};

/* ---- copy_note.c: what is written down and what is told ---- */

const char *item_flags(const struct work *w, const struct item *it);
/* A ledger line for item i.  dst_uid "" and digest NULL: not known.  Nothing
 * in a dry run. */
int note(struct copy *c, const struct work *w, size_t i, enum step step,
    const char *dst_uid, const uint8_t *digest, const struct fail *why,
    struct fail *f);
/* A row about item i. */
void
tell_item(struct copy *c, const struct work *w, size_t i, const uint8_t *digest,
    const char *dst_uid, const char *status, enum code code, const char *hint);
/* A row about the folder; why's code and text. */
void tell_folder(struct copy *c, const struct move *m, const char *status,
    const struct fail *why);
/* Item i is given up in this run: ledger, row and sum. */
int leave(struct copy *c, struct work *w, size_t i, const uint8_t *digest,
    const struct fail *why, struct fail *f);
/* -1 and a failure if a signal asks to stop. */
int stopping(struct fail *f);

/* ---- copy_resume.c ---- */

void resume_begin(struct copy *c); /* a job */
void resume_end(struct copy *c);
/* The folder is begun, or taken up again; 1 if it is finished. */
int resume_folder(struct copy *c, const char *folder);
void resume_folder_done(struct copy *c);
void resume_refused(struct copy *c, uint32_t id);
int resume_was_refused(const struct copy *c, uint32_t id);
/* The target lost what it acknowledged: 1 if the folder is to be done once
 * more. */
int resume_lost(struct copy *c, const struct fail *f);
/*
 * The connection is gone, for f's reason: waits as long as is due and returns
 * 1 if the job goes on where it was, 0 if it is given up.
 */
int resume_wait(struct copy *c, const struct fail *f);

/* ---- copy_look.c ---- */

/* The source's messages against the ledger: fills w->item, carries flag
 * changes. */
int look(struct copy *c, struct work *w, struct fail *f);
/* +FLAGS and -FLAGS of target message id, as far as the folder keeps them. */
int carry_flags(struct copy *c, const struct work *w, uint64_t id,
    const char *is, const char *was, struct fail *f);

/* ---- copy_pool.c: messages of the target that nobody has claimed ---- */

struct found { /* 24 octets */
	uint8_t sum[16];
	uint32_t id; /* 0: taken */
	uint32_t flags; /* number in words */
};
struct pool {
	struct copy *c;
	struct work *w;
	struct found *at; /* sorted by sum when filled */
	size_t n, room;
	unsigned int kind; /* the digest that is compared */
	int doubt_only;
	uint8_t (*elsewhere)[16]; /* role all: what other folders hold */
	size_t elsewhere_n;
};

/* Index into ident->sum. */
int kind_number(unsigned int kind);
void pool_add(struct pool *p, uint32_t id, uint32_t flags);
/* Those from target uid `from` on that no done entry stands for. */
int pool_unclaimed(
    struct pool *p, const struct sides *s, uint64_t from, struct fail *f);
/* Digests what is in the pool; drops what was taken or cannot be read. */
int pool_fill(struct pool *p, struct fail *f);
void pool_sort(struct pool *p); /* by sum */
/* The first with this sum that is not taken; NULL if there is none. */
struct found *pool_find(const struct pool *p, const uint8_t *sum);
/* Calls each for every body of these (at most BURST) that comes. */
int
digest_burst(struct store *st, const uint64_t *ids, size_t n, struct digest *d,
    int (*each)(
	struct pool *, uint64_t id, const struct ident *, struct fail *),
    struct pool *p, struct fail *f);

/* ---- copy_known.c ---- */

/* Strikes off the list what the target holds already. */
int recognise(struct copy *c, struct work *w, struct fail *f);

/* ---- copy_send.c ---- */

int send_all(struct copy *c, struct work *w, struct fail *f);

/* ---- copy_back.c ---- */

/* Notes that what comes now has to be read back, by a later run if need be:
 * w->unread is what an earlier one left, UINT64_MAX nothing. */
int back_begin(struct copy *c, const struct work *w, struct fail *f);
void back_left(const struct copy *c, struct work *w);
/* What the target made of flags and dates; ids where receipts had none. */
int read_back(struct copy *c, struct work *w, struct fail *f);

#endif
