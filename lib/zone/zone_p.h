/* zone_p.h: what the files of this room share. */
#ifndef ZONE_P_H
#define ZONE_P_H

#include "base/base.h"
#include "zone/zone.h"

struct span {
	size_t at, n;
};

/* A record, or a directive, with where its parts stand in the text. */
struct entry {
	struct span line; /* with the newlines that belong to it */
	struct span owner; /* n == 0: that of the record before */
	struct span ttl; /* n == 0: none */
	size_t body; /* where class or type begin: a TTL goes before it */
	struct span serial; /* of the SOA */
	struct dns_rr rr;
	size_t line_no;
	int inherits; /* its TTL is that of the record before */
	enum { KEEP, DROP } fate;
	uint32_t want_ttl;
};

struct zone {
	const char *text;
	size_t n;
	const char *origin, *top;
	struct arena *arena;
	struct entry *entry;
	size_t entries;
	struct dns_list records, added;
	int changed;
};

/* zone_lex.c: the words of one entry. */
enum { WORDS_MAX = 4096 };
struct words {
	struct span *word;
	size_t n;
	struct span line;
	int blank_owner;
	size_t line_no; /* of its first line */
};
/* 1 an entry (which may have no words), 0 end, -1 f: a quote or parenthesis
 * without end. */
int words_next(const char *text, size_t n, size_t *at, size_t *line_no,
    struct words *w, struct fail *f);
/* A TTL with or without units: 1, else 0. */
int ttl_parse(const char *s, size_t n, uint32_t *ttl);
int
zone_bad(struct fail *f, size_t line_no, const char *fmt, ...) PRINTFLIKE(3, 4);

#endif
