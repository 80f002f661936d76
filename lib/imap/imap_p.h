/* imap_p.h: what the files of this room share. */
#ifndef IMAP_P_H
#define IMAP_P_H

#include "base/base.h"
#include "imap/imap.h"
#include "msg/msg.h"
#include "net/net.h"

/* ---- imap_wire.c: tokens of one answer ---- */

struct wire {
	struct stream *stream;
	struct buf line; /* the line in hand */
	size_t at;
	uint64_t wasted; /* octets since the last command, see wire_waste */
};
/* 1 a line in hand, 0 the connection has ended, -1. */
int wire_line(struct wire *w, struct fail *f);
int wire_peek(const struct wire *w); /* -1 at the end of the line */
int wire_eat(struct wire *w, char c);
void wire_blank(struct wire *w);
/* The line behind a literal: 1, or -1. */
int wire_more(struct wire *w, struct fail *f);
/* Octets up to a blank, parenthesis or the end; 0 if there are none. */
size_t wire_atom(struct wire *w, const char **p);
int wire_is(struct wire *w, const char *word); /* an atom, any case */
/* 1 a number that fits, 0 not (nothing is eaten then). */
int wire_number(struct wire *w, uint64_t *v);
/*
 * Quoted, literal or atom, appended to b: 1; NIL: 0 (b is untouched);
 * malformed: -2; -1 failed.
 */
enum { WIRE_BAD = -2 };
int wire_string(struct wire *w, struct buf *b, struct fail *f);
/* If a literal stands here: 1, its length, and its octets are next on the
 * stream (no line is in hand then); 0 no literal; WIRE_BAD, nothing eaten. */
int wire_literal(struct wire *w, uint64_t *len);
/* Any balanced value: 1, WIRE_BAD, or -1. */
int wire_skip(struct wire *w, struct fail *f);
/* To the end of this answer, through the literals in it. */
int wire_rest(struct wire *w, struct fail *f);
/* Reads n octets away. */
int wire_drop(struct wire *w, uint64_t n, struct fail *f);
/* -1 when too much has come since the last command that nobody asked for. */
int wire_waste(struct wire *w, uint64_t n, struct fail *f);

/* ---- imap_reply.c: answers ---- */

enum reply_kind {
	REPLY_TAGGED,
	REPLY_PLUS,
	REPLY_LIST, /* and LSUB, XLIST */
	REPLY_STATUS,
	REPLY_FETCH, /* the row is still on the wire: fetch_row() */
	REPLY_QUOTAROOT,
	REPLY_QUOTA,
	REPLY_ACL,
	REPLY_ESEARCH, /* what it found is still on the wire */
	REPLY_OTHER
};
enum answer { ANSWER_OK, ANSWER_NO, ANSWER_BAD };
struct reply {
	enum reply_kind kind;
	uint32_t tag;
	enum answer answer;
	uint64_t seq; /* FETCH */
	int lsub; /* LIST: it was LSUB */
	struct imap_box box;
};

struct sent { /* an APPEND under way */
	struct sent *next;
	uint32_t tag;
	int refused; /* NO or BAD, and what came with it, ahead of its end */
	enum answer answer;
	char *text;
	size_t n;
	uint64_t cookie[128];
};
struct got { /* a receipt to be handed out */
	struct got *next;
	struct imap_receipt r;
};

enum ahead_kind {
	AHEAD_LIST,
	AHEAD_CREATE,
	AHEAD_SUBSCRIBE,
	AHEAD_SELECT,
	AHEAD_SCAN,
	AHEAD_THERE,
	AHEAD_WANT,
	AHEAD_CHANGE
};
struct ahead { /* a command whose answer is for a later call */
	struct ahead *next;
	enum ahead_kind kind;
	uint32_t arg; /* what else tells it from others of its kind */
	char *data; /* the name, the UIDs */
	size_t n;
	uint32_t first, last; /* tags */
	/* While nobody was waiting: the first of them; all. */
	int begun, answered;
	enum answer answer;
};

struct imap {
	const struct endpoint *e;
	char *label;
	struct wire w;
	unsigned int caps;
	char *capabilities, *mechanisms;
	uint64_t append_limit;
	uint32_t tag; /* of the last command */
	uint32_t asking; /* tag that waits for "+", or 0 */
	int dead, preauth;
	uint64_t stray; /* answers since the last command that nobody wanted */
	uint64_t unread; /* answers to LIST that could not be read */
	uint64_t expunged; /* messages, since the session began */
	struct imap_namespace *ns;
	size_t ns_n;

	struct buf text; /* of the last status answer, code and all */
	struct imap_selected sel;
	struct buf permanent;

	struct scan *scan; /* imap_scan.c */
	struct bodies *fetch; /* imap_fetch.c */

	/* imap_ahead.c */
	struct {
		struct ahead *first, **tail;
		char **made; /* mailboxes, while nobody waited */
		size_t made_n;
		struct buf in; /* the mailbox that the caller is in */
		int write;
		uint32_t validity;
		int moved; /* the server is in another one */
	} ahead;

	/* imap_append.c */
	struct {
		struct sent *first, **tail;
		struct sent *open; /* batch in hand, not yet ended */
		size_t under_way, window;
		uint64_t bytes;
		struct buf box;
		struct got *got, **got_tail;
		uint64_t left; /* octets of the literal in hand */
		int alone; /* nothing may join the batch in hand */
		struct fail why;
	} append;
};

int imap_fail(struct imap *im, struct fail *f, enum code code, enum reach reach,
    enum again again, const char *what, const char *fmt, ...) PRINTFLIKE(7, 8);
#ifdef __clang_analyzer__ /* as in base.h */
#define imap_fail(...) ((void)imap_fail(__VA_ARGS__), -1)
#endif
/* The next answer.  1, or -1 (also at the end of the connection, and BYE).
 * The tagged answer of an append becomes a receipt and REPLY_OTHER here. */
int imap_reply(struct imap *im, struct reply *r, struct fail *f);
/* Eats the rest of an answer that the caller did not read; -1 also when too
 * many of them came since the last command. */
int imap_skip(struct imap *im, const struct reply *r, struct fail *f);
/* Fails with what im->text means for this command. */
int imap_refused(struct imap *im, enum answer a, const char *what,
    enum code otherwise, enum reach reach, struct fail *f);
/* 1 if the last status answer has this response code; *p behind it. */
int imap_code(const struct imap *im, const char *name, const char **p);

/* ---- imap_rows.c ---- */

/* Fill *box, whose raw is the caller's: 1, WIRE_BAD (raw may be there all the
 * same), or -1. */
int row_list(struct wire *w, struct imap_box *box, struct fail *f);
int row_status(struct wire *w, struct imap_box *box, struct fail *f);

/* ---- imap_session.c: commands ---- */

/* Starts a command: writes its tag and a blank.  Ends an open batch, leaves a
 * body that is not read to its end, and all that was asked ahead. */
int imap_begin(struct imap *im, struct fail *f);
/* The first part of that; and the second. */
int imap_quiet(struct imap *im, struct fail *f);
int imap_begin_ahead(struct imap *im, struct fail *f);
int imap_out(struct imap *im, const char *p, size_t n, struct fail *f);
/* Words of ours and numbers: nothing from outside goes through here. */
int imap_say(struct imap *im, struct fail *f, const char *fmt, ...)
    PRINTFLIKE(3, 4);
/* The one encoder: quoted, or a literal. */
int imap_string(struct imap *im, const char *s, size_t n, struct fail *f);
/* 1 if imap_string would wait for a "+": nothing else may be under way whose
 * answer counts. */
int imap_waits(const struct imap *im, const char *s, size_t n);
/* 0, or -1 if a flag of the set is none that can be sent as it is. */
int imap_flags(struct imap *im, const char *flags, struct fail *f);
int imap_end(struct imap *im, struct fail *f); /* CRLF */
/* Waits for the tagged answer, everything else dropped: 0 and *a. */
int imap_wait(struct imap *im, uint32_t tag, enum answer *a, struct fail *f);
/* The header of a literal of n octets: 1 its octets may go, 0 refused (the
 * tagged answer has been read, in *a), -1. */
int imap_literal(struct imap *im, uint64_t n, enum answer *a, struct fail *f);
void imap_take_capabilities(struct imap *im, const char *s, size_t n);

/* ---- imap_namespace.c ---- */

/* Says NAMESPACE if it is not known and can be; *tag 0: nothing is said. */
int namespaces_say(struct imap *im, uint32_t *tag, struct fail *f);
int namespaces_read(struct imap *im, uint32_t tag, struct fail *f);

/* ---- imap_list.c ---- */

/* Is there a mailbox of this name that can be selected? */
int imap_is_there(
    struct imap *im, const char *raw, size_t n, int *there, struct fail *f);

/* ---- imap_auth.c ---- */
int imap_authenticate(
    struct imap *im, const char *secret, size_t n, struct fail *f);

/* ---- imap_scan.c ---- */

/* Items of a FETCH answer, as far as they were read. */
struct fetch_row {
	struct imap_row row;
	int have_uid, have_size, have_date, have_flags;
};
/*
 * Reads items up to the end of the answer or its BODY[]: 1 the end, 2 a
 * BODY[] is next, WIRE_BAD, -1.  r keeps what earlier calls found; flags gets
 * the octets of its flags.
 */
int row_items(
    struct imap *im, struct fetch_row *r, struct buf *flags, struct fail *f);
void scan_free(struct imap *im);

/* ---- imap_fetch.c ---- */

/* Leaves the body in hand, read or not. */
int fetch_leave(struct imap *im, struct fail *f);
/* And whatever else is still to come of what imap_want asked for. */
int fetch_drop(struct imap *im, struct fail *f);
void fetch_free(struct imap *im);
/* A set of rising UIDs from u[*i] on: as many runs as fit a line that every
 * server takes. */
int imap_set(
    struct imap *im, const uint32_t *u, size_t n, size_t *i, struct fail *f);

/* ---- imap_ahead.c ---- */

/* The commands from tag first to the last one are for a later call. */
void ahead_add(struct imap *im, enum ahead_kind kind, uint32_t arg,
    const void *data, size_t n, uint32_t first);
/* 1 and its tags if this was asked ahead and is the next to be answered. */
int ahead_take(struct imap *im, enum ahead_kind kind, uint32_t arg,
    const void *data, size_t n, uint32_t *first, uint32_t *last);
/* A tagged answer that may be one of them, which nobody waits for. */
void ahead_answered(struct imap *im, uint32_t tag, enum answer answer);
/* A CREATE whose answer nobody took was OK; told once. */
int ahead_was_made(struct imap *im, const char *raw, size_t n);
/* Another mailbox has been asked for than the one that the caller is in. */
int ahead_selects(const struct imap *im);
/* Reads away what was not taken. */
int ahead_drop(struct imap *im, struct fail *f);
/* Back into the mailbox that the caller takes for selected. */
int ahead_return(struct imap *im, struct fail *f);
void ahead_free(struct imap *im);

/* ---- imap_append.c ---- */

/* 1 if the tag is an append's: its receipts are kept; 0, or -1. */
int append_tagged(struct imap *im, uint32_t tag, enum answer a, struct fail *f);
/* Ends the batch in hand, so that another command may begin. */
int append_end_batch(struct imap *im, struct fail *f);
/* The i-th UID of a set like 4:7,9: 0 if there is none. */
uint32_t append_nth_uid(const char *set, size_t i);

#endif
