/* base: failure, lifetime, bytes, time.  No mail words live here. */
#ifndef BASE_H
#define BASE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#define PRINTFLIKE(f, a) __attribute__((format(printf, f, a)))
#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* ---- fail.c: one shape for everything that can go wrong ---- */

/* How much a failure spoils; each value contains the ones before it. */
enum reach {
	REACH_MESSAGE, /* this message (or row): go on with the next */
	REACH_FOLDER, /* this folder: go on with the next */
	REACH_ENDPOINT, /* this account's connection: go on with the next row */
	REACH_RUN /* everything: stop */
};

/* When trying again can help. */
enum again {
	AGAIN_NOW, /* once more at once, on a fresh connection */
	AGAIN_LATER, /* after a while: throttled, busy, not yet */
	AGAIN_NEVER /* not until somebody changes something */
};

/* The column `code` of a row; fail_code_name() gives the text. */
enum code {
	CODE_NONE,
	CODE_CONN,
	CODE_TLS,
	CODE_AUTH,
	CODE_PROTO,
	CODE_TIMEOUT,
	CODE_THROTTLED,
	CODE_TOOBIG,
	CODE_QUOTA,
	CODE_NAME,
	CODE_NOSELECT,
	CODE_FLAG,
	CODE_BADMSG,
	CODE_DATE,
	CODE_UIDVALIDITY,
	CODE_VANISHED,
	CODE_CHANGED,
	CODE_CASE,
	CODE_POLICY,
	CODE_IO,
	CODE_CONFIG,
	CODE_USAGE, /* never in a row: a wrong option, exit 64 */
	CODE_ROW, /* never in a row: a row that cannot be read, exit 65 */
	CODE_INPUT, /* never in a row: no input, exit 66 */
	CODE_SYSTEM, /* never in a row: memory, processes, exit 71 */
	CODE_COUNT
};

struct fail {
	enum code code;
	enum reach reach;
	enum again again;
	unsigned int retry_s; /* the server's own hint, 0 if it gave none */
	char object[256]; /* imaps://anna@old/INBOX;UID=41 */
	char what[64]; /* append */
	char why[512]; /* NO [OVERQUOTA] mailbox full */
};

/*
 * Fills *f (object is left as it is, see fail_at) and returns -1, so that a
 * caller can `return fail_set(...)`.  The formatted why is made printable:
 * whatever came from outside may be passed to %s.  f may be NULL.
 */
int fail_set(struct fail *f, enum code code, enum reach reach, enum again again,
    const char *what, const char *fmt, ...) PRINTFLIKE(6, 7);
int
fail_vset(struct fail *f, enum code code, enum reach reach, enum again again,
    const char *what, const char *fmt, va_list ap) PRINTFLIKE(6, 0);
/* The same for a failed system call: why is "PREFIX: strerror(errno)". */
int fail_errno(struct fail *f, enum code code, enum reach reach,
    const char *what, const char *fmt, ...) PRINTFLIKE(5, 6);
/* Names what failed; made printable.  Returns -1.  f may be NULL. */
int fail_at(struct fail *f, const char *fmt, ...) PRINTFLIKE(2, 3);
void fail_clear(struct fail *f);
/* "AUTH"; "" for CODE_NONE.  Never NULL. */
const char *fail_code_name(enum code code);
/* CODE_COUNT if the name is unknown. */
enum code fail_code_of(const char *name);
/* The exit status (sysexits as in mbx(7)) that this failure alone deserves. */
int fail_exit(const struct fail *f);

#ifdef __clang_analyzer__ /* it sees one file at a time: what they return */
#define fail_set(...) ((void)fail_set(__VA_ARGS__), -1)
#define fail_vset(...) ((void)fail_vset(__VA_ARGS__), -1)
#define fail_errno(...) ((void)fail_errno(__VA_ARGS__), -1)
#define fail_at(...) ((void)fail_at(__VA_ARGS__), -1)
#endif

/* ---- mem.c: the process lifetime; running out ends the program in 71 ---- */

#define NEVER_NULL __attribute__((returns_nonnull))
void *mem_alloc(size_t size) NEVER_NULL; /* zeroed */
void *mem_array(size_t n, size_t size) NEVER_NULL; /* zeroed, no overflow */
void *mem_resize(void *p, size_t n, size_t size) NEVER_NULL; /* not zeroed */
char *mem_strdup(const char *s) NEVER_NULL;
char *mem_strndup(const char *s, size_t n) NEVER_NULL;
char *mem_printf(const char *fmt, ...) NEVER_NULL PRINTFLIKE(1, 2);

/* ---- arena.c: the row lifetime ---- */

struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *a);
/* Everything handed out becomes invalid; the blocks are kept for reuse. */
void arena_reset(struct arena *a);
void *arena_alloc(struct arena *a, size_t size); /* zeroed, 16-aligned */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTFLIKE(2, 3);

/* ---- buf.c: growing bytes; data is NUL-terminated once anything is added - */

struct buf {
	char *data;
	size_t len, size;
};
void buf_add(struct buf *b, const void *p, size_t n);
void buf_adds(struct buf *b, const char *s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTFLIKE(2, 3);
/* Room for n more octets; returns where they go, buf_grown() claims them. */
char *buf_room(struct buf *b, size_t n);
void buf_grown(struct buf *b, size_t n);
/* Drops the first n octets. */
void buf_drop(struct buf *b, size_t n);
void buf_reset(struct buf *b); /* len = 0, memory kept */
void buf_free(struct buf *b);
/* buf_free after overwriting; a buf that holds a secret must not have grown
 * by buf_add: size it with buf_room first. */
void buf_wipe(struct buf *b);

/* ---- spool.c: one message whose length is not known beforehand ---- */

/* Memory up to 256 KiB, then an unlinked file in dir (0600). */
struct spool;
struct spool *spool_new(const char *dir);
void spool_free(struct spool *s);
void spool_reset(struct spool *s);
int spool_add(struct spool *s, const void *p, size_t n, struct fail *f);
uint64_t spool_len(const struct spool *s);
/* Reads from the start again. */
int spool_rewind(struct spool *s, struct fail *f);
/* All octets at once, valid until the next call; a file is mapped, so memory
 * does not grow with it. */
int spool_map(struct spool *s, const char **p, size_t *n, struct fail *f);
/* 1 and the next octets (valid until the next call), 0 end, -1 failed. */
int spool_read(struct spool *s, const char **p, size_t *n, struct fail *f);

/* ---- intern.c: each different string once, for as long as the set lives -- */

struct intern;
struct intern *intern_new(void);
void intern_free(struct intern *in);
const char *intern_str(struct intern *in, const char *s, size_t n);
int intern_has(const struct intern *in, const char *s);
/* The strings are numbered from 0 as they come. */
uint32_t intern_number(struct intern *in, const char *s, size_t n);
const char *intern_at(const struct intern *in, uint32_t number);

/* The order of two uint64_t, for qsort and bsearch. */
int order_u64(const void *a, const void *b);

/* ---- text.c: encodings of text ---- */

/*
 * Appends s as one printable line: C0, C1, DEL, bidi and zero-width controls
 * and what is not valid UTF-8 become \xHH, one escape an octet.  At most max
 * octets are added, then "...".
 */
void text_printable(struct buf *b, const char *s, size_t n, size_t max);
/* Length of the valid UTF-8 character at s (1..4), 0 if there is none. */
size_t text_utf8_char(const char *s, size_t n, uint32_t *point);
int text_utf8_valid(const char *s, size_t n);
void text_utf8_add(struct buf *b, uint32_t point);
/* Digits only, whole string, no overflow: 1, else 0. */
int text_u64(const char *s, size_t n, uint64_t *v);
void text_hex(char *out, const uint8_t *p, size_t n); /* 2n+1 octets */
int text_unhex(uint8_t *out, size_t n, const char *hex); /* 2n digits: 1 */
void text_base64(struct buf *b, const void *p, size_t n);
/* Strict: no blanks, right padding.  1 or 0. */
int text_unbase64(struct buf *b, const char *s, size_t n);
/* Percent-encodes all but unreserved (RFC 3986 2.3) and those in keep. */
void text_percent(struct buf *b, const char *s, size_t n, const char *keep);
/* 1, or 0 for a % without two hex digits or for %00. */
int text_unpercent(struct buf *b, const char *s, size_t n);
int text_casecmp(const char *a, const char *b); /* ASCII, not the locale's */
int text_ncasecmp(const char *a, const char *b, size_t n);
int text_lower(int c);

/* ---- words.c ---- */

/*
 * Splits s in place as a shell would with '...', "..." and \, and nothing
 * else of a shell: the words, a NULL behind them; 0 if there are none, a quote
 * has no end, or they are max and more.
 */
size_t text_words(char *s, char **word, size_t max);

/* ---- clock.c: instants are seconds since 1970 UTC ---- */

#define CLOCK_NONE INT64_MIN
int64_t clock_now(void);
int64_t clock_ms(void); /* monotonic, for deadlines and rates */
/* RFC 3339 in UTC: 2026-11-23T08:15:00Z; "" for CLOCK_NONE. */
#define CLOCK_TEXT 32
const char *clock_format(char out[CLOCK_TEXT], int64_t t);
/* RFC 3339 with any zone, or a date alone (midnight UTC): 1, else 0. */
int clock_parse(const char *s, int64_t *t);
/* Proleptic Gregorian; month 1..12, day 1..31, no range check. */
int64_t clock_days(int64_t year, int month, int day);
void clock_civil(int64_t days, int64_t *year, int *month, int *day);
/* The instant so many minutes behind the midnight that a day (clock_days)
 * begins with in the time zone that tzset(3) has set. */
int64_t clock_local(int64_t day, int minutes);

/* ---- stop.c: INT and TERM, seen by everything that waits ---- */

/* Called by a signal handler; the first call starts the grace of 3 s. */
void stop_request(int sig);
int stop_signal(void); /* 0, or the signal: begin nothing new */
/* Monotonic ms after which waits must fail; INT64_MAX while none is asked. */
int64_t stop_deadline(void);

#endif
