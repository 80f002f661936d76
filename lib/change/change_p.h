/* change_p.h: what the files of this room share. */
#ifndef CHANGE_P_H
#define CHANGE_P_H

#include "base/base.h"
#include "change/change.h"
#include "row/row.h"

int change_bad(struct fail *f, const char *what, const char *fmt, ...)
    PRINTFLIKE(3, 4);

/* ---- change_ledger.c ---- */

struct change_ledger;
int
change_ledger_open(struct change_ledger **l, const char *path, struct fail *f);
void change_ledger_close(struct change_ledger *l);
/* All changes of a zone as they are; on the disk when it returns. */
int change_ledger_put(struct change_ledger *l, const struct changes *c,
    size_t zone, const char *note, struct fail *f);

/* ---- gate_see.c ---- */

enum { SERVERS_MAX = 64 };

/* A set that caches may hold. */
struct gate_set {
	const char *zone, *name, *type;
	uint32_t old, low, negative;
	int has_old, is_new, is_ns;
	/* Of a _mta-sts: what was seen last, and whether it became another. */
	const char *was;
	int renewed;
	int64_t published; /* CLOCK_NONE: not yet */
	/* What servers said, each by itself: since when it serves the lowered
	 * set and nothing else; CLOCK_NONE: it does not. */
	struct {
		const char *server;
		int64_t since;
		int silent; /* and assumed to have it */
	} * seen;
	size_t nseen;
	const char *trouble; /* why waiting will not help */
	const char *behind; /* servers that serve what was */
	const char *assumed; /* servers that are silent, but assumed */
};
struct gate {
	struct arena *arena;
	struct intern *keys, *servers;
	struct gate_set *set;
	size_t n, at;
	struct gate_opt opt;
	int64_t now, latest; /* the latest instant of any row */
	int worst; /* 0 safe, 75, 1 */
	int64_t safe_at; /* of all */
	const char *deciding;
};
struct gate_set *gate_set_of(
    struct gate *g, const char *zone, const char *name, const char *type);
/* What one server serves, at an instant; a list without records: none. */
void gate_saw(struct gate *g, struct gate_set *s, const char *server,
    uint32_t ttl, int there, int64_t at);

#endif
