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
	uint64_t size : 56, fate : 7;
	uint64_t later : 1; /* the target has it, but not just so */
	int64_t date;
};

struct work;
struct flight { /* a message under way, by its number modulo FLIGHTS */
	uint8_t digest[32];
	struct work *work;
	uint32_t item;
};
/* FLIGHTS is more than the target's window holds (64 batches of 100). */
enum { FLIGHTS = 16384, BURST = 512, WAVE = 64, WAVE_MESSAGES = 16384 };

struct change; /* of flags, see copy_flags.c */
struct work { /* a folder in hand */
	const struct move *move;
	const char *folder, *dst;
	struct folder si, di; /* di.permanentflags is in words */
	int fresh; /* the target folder was made by this run */
	enum stage { WORK_GOING, WORK_DONE, WORK_FAILED } stage;
	int again; /* for the second time, see wave_do */
	int full; /* the target is over its quota */
	struct item *item;
	size_t n, room;
	struct intern *words; /* flag sets */
	struct change *change;
	size_t changes, change_room;
	struct gones *gone; /* for --delete: expunged at the source; or NULL */
	struct copy_sum seen; /* what looking at it has added to the sum */
	uint64_t found; /* ledger entries that are still at the source */
	uint64_t mark; /* in reverse: the first id that counts */
	uint64_t unread; /* target uids from here on were not read back */
	uint64_t left; /* messages that are not at the target, for a reason */
	uint64_t sent, accepted; /* the latter with those still unread */
	uint64_t copied; /* acknowledged over this connection */
	uint32_t
	    *order; /* items as they were accepted, where no uid was told */
	size_t order_n, order_room;
};

/*
 * Folders that are worked on together, so that none of them costs a round
 * trip.  More than one only where messages have UIDs on both sides: other ids
 * hold as long as their folder is entered.
 */
struct wave {
	struct work work[WAVE];
	size_t n;
	uint64_t messages; /* as the source counts them */
};

/* What is asked of the source in one go, by folder. */
struct burst {
	size_t item[BURST];
	uint64_t id[BURST];
	enum fate fate; /* of all of them before */
	size_t n;
	struct part {
		struct work *work;
		size_t from, n;
		int apart; /* the folder is entered for it, whatever it was */
	} part[WAVE];
	size_t parts;
};

struct past { /* of a folder, over connections that were cut */
	uint64_t accepted;
	int waits; /* for a folder that is busy */
	uint32_t *over; /* ids that were refused: not once more in this run */
	size_t over_n, over_room;
};
struct resume {
	struct intern *done; /* folders that are finished */
	struct intern *names; /* of all others that were begun: */
	struct past *past; /* by number */
	size_t past_n;
	int moved; /* something was copied since the last cut */
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
	/* The folders that both ends are in, NULL: in none that counts. */
	const struct work *src_in, *dst_in;
	int asked; /* bodies are on their way */
	int listed; /* the folders, for this job and no other before */

	struct ledger *ledger; /* of the job, in this direction */
	struct ledger *other; /* in the other one, only read; NULL: none */
	struct arena *arena; /* of the row turned round */
	uint64_t *carried; /* ids of the folder that came the other way */
	size_t carried_n;
	struct gones *gones;
	char **lost; /* see moved_begin; NULL-ended */
	const struct row *job;
	struct copy_sum *sum;
	struct wave *wave;
	struct burst burst[2];
	struct digest *digest;
	struct flight *flight;
	uint64_t flights; /* messages that were begun */
	uint64_t octets, total, messages; /* for progress, over all jobs */
	struct resume resume;
	int late;
	struct check { /* of the account, over its rows; see copy_check.c */
		uint64_t all[2], more[2]; /* octets, messages */
		uint64_t unknown, quotas;
		int listed, wrong;
	} check;
	struct pace {
		uint64_t rate; /* octets a second, 0: no limit */
		int64_t full;
		uint64_t rest;
	} pace;
};

/* ---- copy.c ---- */

/* What rows that share their sessions have in common; the caller frees. */
char *copy_account(const struct row *job);
/* -1 and a failure if it can only be a source. */
int copy_is_target(const struct store *st, struct fail *f);

/* ---- copy_note.c: what is written down and what is told ---- */

const char *item_flags(const struct work *w, const struct item *it);
/* A ledger line for item i.  dst_uid "" and digest NULL: not known.  Nothing
 * in a dry run. */
int note(struct copy *c, const struct work *w, size_t i, enum step step,
    const char *dst_uid, const uint8_t *digest, const struct fail *why,
    struct fail *f);
/* What the ledger has of a folder besides its messages, see mbx-ledger(5):
 * NULL if nothing; the ledger's until the next setting_put. */
const char *
setting(const struct ledger *l, const char *what, const char *folder);
int setting_put(struct copy *c, const char *what, const char *folder,
    const char *value, struct fail *f);
void tell_note(struct copy *c, const struct copy_note *n);
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
/* The same when the time is up, and from then on: asked before anything is
 * begun, never while it is under way. */
int late(struct copy *c, struct fail *f);

/* ---- copy_pace.c ---- */

int pace_begin(struct copy *c, struct fail *f); /* a job */
/* Waits as long as so many octets need. */
void pace(struct copy *c, uint64_t octets);

/* ---- copy_resume.c ---- */

void resume_begin(struct copy *c); /* a job */
void resume_end(struct copy *c);
int resume_is_done(const struct copy *c, const char *folder);
void resume_done(struct copy *c, const char *folder);
/* Of the folder by this name: never NULL, until the next call. */
struct past *resume_past(struct copy *c, const char *folder);
/* 1 if it is worth a wait that this folder's server asks for patience: one that
 * is busy for long must not keep the others waiting. */
int resume_waits(struct copy *c, const struct work *w);
void resume_refused(struct copy *c, const struct work *w, uint32_t id);
int resume_was_refused(struct copy *c, const struct work *w, uint32_t id);
/* The folder is to be looked at again: what was counted of it goes, what was
 * copied stays. */
void resume_count_back(struct copy *c, struct work *w);
/*
 * The connection is gone, for f's reason: waits as long as is due and returns
 * 1 if the job goes on where it was, 0 if it is given up.
 */
int resume_wait(struct copy *c, const struct fail *f);

/* ---- copy_enter.c ---- */

/* 1 if the folder may be worked on together with others. */
int enter_is_light(struct copy *c, const struct move *m);
/* Asks all of the wave ahead of enter_both. */
int enter_ahead(struct copy *c, struct wave *v, struct fail *f);
/* Makes the target folder if need be, enters both, loads the ledger. */
int enter_both(struct copy *c, struct work *w, struct fail *f);
/* Into the folder once more, if another one has been entered since. */
int enter_src(struct copy *c, struct work *w, struct fail *f);
int enter_dst(struct copy *c, struct work *w, struct fail *f);
int enter_dst_anew(struct copy *c, struct work *w, struct fail *f);

/* The target's folder is still to be subscribed. */
int enter_subscribes(const struct copy *c, const struct move *m);

/* ---- copy_state.c ---- */

/* 1 if nothing has happened to the folder since the last run: it is counted,
 * and need not be opened. */
int state_stands(struct copy *c, const struct move *m);
struct state {
	uint32_t uidvalidity, uidnext, dst_uidvalidity;
	uint64_t modseq, messages, bytes, gone;
};
/* 1 if it is enough to look at what has changed since s, as far as source and
 * target folder go. */
int state_since(struct copy *c, const struct folder *src, const char *dst,
    uint32_t dst_uidvalidity, struct state *s);
/* 1 if the source's folder lost messages since. */
int state_lost(const struct copy *c, const struct folder *src);
/* The folder is done to its end, and nothing was left. */
int state_note(struct copy *c, const struct work *w, struct fail *f);
/* What the target's folder keeps of flags, as it was told last; NULL: never. */
const char *
state_flags(const struct copy *c, const char *folder, const struct folder *dst);
/* So many fewer are at the target and no more at the source. */
int state_gone(struct copy *c, const char *folder, uint64_t n, struct fail *f);

/* ---- copy_wave.c ---- */

/*
 * All of one wave: 0, or -1 and the job cannot go on with this connection.
 * Folders that failed by themselves were told.
 */
int wave_do(struct copy *c, struct wave *v, struct fail *f);
void wave_add(struct wave *v, const struct move *m);
int wave_takes(struct copy *c, const struct wave *v, const struct move *m);

/* ---- copy_look.c ---- */

/* The source's messages against the ledger: fills w->item and w->change. */
int look(struct copy *c, struct work *w, struct fail *f);
/* Asks it ahead, for folders of moderate size: as store_ahead. */
int look_ahead(struct copy *c, const struct move *m, struct fail *f);
void look_add(
    struct copy *c, struct work *w, const struct msgref *m, enum fate fate);

/* ---- copy_flags.c ---- */

/* A copied message whose flags are not those of the ledger. */
void change_add(
    struct copy *c, struct work *w, const struct known_as *k, struct msgref m);
/* Carries them, in the target's folder. */
int change_all(struct copy *c, struct work *w, struct fail *f);
/* +FLAGS and -FLAGS of target messages, as far as the folder keeps them. */
int carry_flags(struct copy *c, struct work *w, const uint64_t *ids, size_t n,
    const char *is, const char *was, struct fail *f);

/* ---- copy_pool.c: messages of the target that nobody has claimed ---- */

struct found { /* 28 octets */
	uint8_t sum[16];
	uint32_t id; /* 0: taken */
	uint32_t flags; /* number in words */
	uint32_t date; /* its low half */
};
struct pool {
	struct copy *c;
	struct work *w;
	struct found *at; /* sorted by sum when filled */
	size_t n, room;
	unsigned int kind; /* the digest that is compared */
	int doubt_only;
	int exact; /* only what has the same flags and date */
	uint8_t (*elsewhere)[16]; /* role all: what other folders hold */
	size_t elsewhere_n;
};

/* Index into ident->sum. */
int kind_number(unsigned int kind);
struct found *pool_add(struct pool *p, uint32_t id);
/* Those from target uid `from` on that no done entry stands for. */
int pool_unclaimed(
    struct pool *p, const struct sides *s, uint64_t from, struct fail *f);
/* Of the pool's kind, each with the pool; at most BURST of them. */
int pool_burst(struct pool *p, struct store *st, const uint64_t *ids, size_t n,
    struct digest *d,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    struct fail *f);
/* Digests what is in the pool; drops what was taken.  What cannot be read has a
 * sum of zeros. */
int pool_fill(struct pool *p, struct fail *f);
void pool_sort(struct pool *p); /* by sum */
/* How alike the two are, but for octets: by date, then by flags; 3 is all. */
int pool_likeness(const struct found *at, const struct item *it);
/* What is most like the item, of those with this sum that are not taken; NULL
 * if there is none. */
struct found *
pool_find(const struct pool *p, const uint8_t *sum, const struct item *it);
/* Calls each for every body of these (at most BURST) that comes. */
int digest_burst(struct copy *c, struct store *st, const uint64_t *ids,
    size_t n, struct digest *d,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    void *arg, struct fail *f);

/* ---- copy_gone.c: what is expunged at the source ---- */

struct gone { /* a message that was copied by us, and is no more */
	uint64_t uid, dst; /* at the source and at the target */
	uint8_t digest[32];
	enum {
		GONE_UNKNOWN, /* its digest is */
		GONE_KNOWN,
		GONE_SAME, /* it is there, and is what was copied */
		GONE_OTHER, /* it is there, and must stay */
		GONE_ABSENT
	} stage;
};
/* Of one folder, kept until all others have been looked at: a message that
 * was moved is copied within the target first. */
struct gones {
	struct gones *next;
	char *folder, *dst;
	uint32_t uidvalidity, dst_uidvalidity;
	struct gone *at;
	size_t n, room;
	int over; /* no more of it */
};
void gone_free(struct gones *g); /* NULL is fine */
/* After the look, while the ledger is loaded. */
void gone_collect(struct copy *c, struct work *w);
/* What of it is at the target. */
int gone_read(struct copy *c, struct work *w, struct fail *f);
/* The folder is done: its list is the job's now. */
void gone_keep(struct copy *c, struct work *w);
/* Takes out what has been kept, and forgets it. */
int gone_all(struct copy *c, struct fail *f);
void gone_forget(struct copy *c);

/* ---- copy_reverse.c: the other direction ---- */

/* The row with source and target in each other's place. */
const struct row *reverse_row(struct copy *c, const struct row *job);
/* Opens the ledger of the other direction; in reverse there must be one. */
int reverse_open(struct copy *c, const struct row *job, struct fail *f);
void reverse_close(struct copy *c);
/* Where a folder came from, as the other direction's ledger has it. */
const char *reverse_name(const struct copy *c, const char *folder);
/* Before a look: what of the folder entered is none of this direction's. */
int reverse_load(struct copy *c, struct work *w, struct fail *f);
int reverse_is_other(
    const struct copy *c, const struct work *w, uint64_t id, uint64_t hash);
/* Notes where the target's folders stand. */
int reverse_mark(struct copy *c, struct fail *f);

/* ---- copy_moved.c ---- */

/* Folders of the ledger that have fewer messages than they should. */
void moved_begin(struct copy *c);
void moved_end(struct copy *c);
/* What is new in the wave and was in such a folder is copied within the
 * target. */
int moved_all(struct copy *c, struct wave *v, struct fail *f);

/* ---- copy_known.c ---- */

/* Strikes off the list what the target holds already. */
int recognise(struct copy *c, struct work *w, struct fail *f);
/* All that is at the target below UIDNEXT has been looked at or is ours. */
int looked_to(
    struct copy *c, const struct work *w, uint64_t uidnext, struct fail *f);
int looked_ever(struct copy *c, const char *folder);

/* ---- copy_burst.c ---- */

struct cursor { /* over the lists of a wave */
	size_t work, item;
};
/* The next of this fate on the list of one folder: its index, or w->n. */
size_t burst_next(const struct work *w, size_t i, enum fate fate);
/* Fills the burst with up to `most` of one fate, folder by folder; with none
 * when the time is up, so that all comes to its end. */
void burst_gather(struct copy *c, struct wave *v, struct cursor *at,
    enum fate fate, size_t most, struct burst *b);

/* ---- copy_send.c ---- */

/* What is on the lists of the wave's folders; those that fail are over. */
int send_all(struct copy *c, struct wave *v, struct fail *f);
/* A failure that ends only this folder is told: 0; else -1. */
int fold(struct copy *c, struct work *w, int rc, struct fail *f);

/* ---- copy_back.c ---- */

/* Notes that what comes now has to be read back, by a later run if need be:
 * w->unread is what an earlier one left, UINT64_MAX nothing. */
int back_begin(struct copy *c, struct work *w, struct fail *f);
/* 1 if the target's folder must be entered once more to be read back. */
int back_is_anew(const struct copy *c);
void back_left(const struct copy *c, struct work *w);
/* Asks all that has been sent of the wave ahead of read_back. */
int back_ahead(struct copy *c, struct wave *v, struct fail *f);
/* What the target made of flags and dates; ids where receipts had none.
 * CODE_VANISHED with AGAIN_NOW: it lost what it acknowledged. */
int read_back(struct copy *c, struct work *w, struct fail *f);

#endif
