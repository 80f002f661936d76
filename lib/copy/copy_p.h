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
	FATE_SENT,
	FATE_DONE,  /* its ref.size is the target's id from here on */
	FATE_ALONE, /* refused with its batch, once */
	FATE_LEFT
};

struct flight { /* a message on its way: slot is its index modulo FLIGHTS */
	size_t item;
	uint8_t digest[32];
};
enum { FLIGHTS = 16384, BURST = 512 };

struct work { /* the folder in hand: 37 octets a message to be copied */
	const char *folder, *dst;
	enum role role, dst_role;
	int subscribed;
	struct folder si, di;
	struct msgref *todo;
	unsigned char *fate;
	size_t n, room;
	uint64_t octets; /* of todo */
	int seen;   /* what the target held before is accounted for */
	int fresh;  /* the target folder was made by this run */
	uint64_t found; /* ledger entries that are still at the source */
	uint64_t *before; /* hashes of target ids, where receipts have none */
	size_t before_n;
	uint64_t accepted;
	int full; /* the target is over its quota */
};

struct copy {
	const struct copy_opt *o;
	struct map *map;
	unsigned int match; /* digest kind that recognises a copy */

	struct row *account; /* columns of the sessions in hand */
	struct arena *arena;
	struct store *src, *dst;
	struct ledger *ledger;
	char key[17];

	const struct row *job;
	struct copy_sum *sum;
	struct digest *digest;
	struct flight *flight;
	uint64_t octets, total, messages;
};

/* ---- copy_look.c ---- */

/* The source's messages against the ledger: fills w->todo, carries flag
 * changes. */
int look(struct copy *c, struct work *w, struct fail *f);
void work_free(struct work *w);
int set_has(const uint64_t *set, size_t n, uint64_t v);

/* ---- copy_known.c ---- */

/* Strikes off the list what the target holds already. */
int recognise(struct copy *c, struct work *w, struct fail *f);
/* Calls each for every body of ids that comes. */
int digest_all(struct store *st, const uint64_t *ids,
    size_t n, unsigned int kinds,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    void *arg, struct fail *f);

/* ---- copy_send.c ---- */

int send_all(struct copy *c, struct work *w, struct fail *f);
/* Records an end of message i; digest NULL: not known. */
int note(struct copy *c, struct work *w, size_t i, enum step step,
    const char *dst_uid, const uint8_t *digest, const struct fail *why,
    struct fail *f);
void tell_item(struct copy *c, const struct work *w, size_t i,
    const uint8_t *digest, const char *dst_uid, const char *status,
    const char *code, const char *hint);

/* ---- copy_back.c ---- */

/* What the target made of flags and dates; ids where receipts had none. */
int read_back(struct copy *c, struct work *w, struct fail *f);
int hashes_before(struct copy *c, struct work *w, struct fail *f);

#endif
