/*
 * pop3: a client's side of POP3 (RFC 1939) with CAPA and response codes (2449,
 * 3206), STLS (2595) and SASL (5034).  It only looks: there is no DELE in
 * it, and a session that asked for a body ends with RSET before QUIT.
 *
 * One session is one thread's.  Messages have the server's numbers, which
 * count from 1 and hold for one session.  A failure with REACH_ENDPOINT means
 * that the connection is of no more use.
 */
#ifndef POP3_H
#define POP3_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct endpoint;
struct stream;

/* Limits, in one place; beyond them the session ends with CODE_PROTO. */
enum {
	POP3_LINE = 16384, /* octets in a line that is no message's */
	POP3_CAPAS = 1000, /* lines in the answer to CAPA */
	POP3_MESSAGES = 4000000, /* the highest number of a message */
	POP3_SLACK = 16 << 20 /* octets beyond twice what LIST announced */
};

struct pop3;
/*
 * Dials, secures, logs in.  secret is the password or token.  e must outlive
 * the session; note, if not NULL, gets lines that somebody should read, each
 * once.  CODE_AUTH after a refusal: never retried.  A mailbox in use and a
 * log-in too soon are CODE_THROTTLED, with retry_s where CAPA tells.
 */
int pop3_open(struct pop3 **p, const struct endpoint *e, const char *secret,
    size_t secret_len, const char *client_key,
    void (*note)(void *, const char *line), void *arg, struct fail *f);
/*
 * RSET and QUIT, and up to 2 s for their answers, since many servers keep the
 * mailbox locked until then.  Without a QUIT, by a mere close, where bodies
 * are still on their way or the server deletes what was read at QUIT
 * (EXPIRE 0).  NULL is fine.
 */
void pop3_close(struct pop3 *p);
/* One line: "TOP UIDL SASL PLAIN LOGIN"; "" if the server has no CAPA. */
const char *pop3_capabilities(const struct pop3 *p);
struct stream *pop3_stream(struct pop3 *p);

int
pop3_stat(struct pop3 *p, uint64_t *messages, uint64_t *octets, struct fail *f);

/*
 * LIST, then its rows, numbers rising (others are skipped): 1, 0 at the end,
 * -1.  All rows must be read before the next command.
 */
int pop3_list(struct pop3 *p, struct fail *f);
int pop3_list_next(
    struct pop3 *p, uint32_t *number, uint64_t *octets, struct fail *f);
/*
 * UIDL in the same way; pop3_uidl is 1, or 0 if the server has none.  uid is
 * the session's until the next call; one that is empty, too long (RFC 1939:
 * 70; 255 are taken) or not printable is skipped.
 */
int pop3_uidl(struct pop3 *p, struct fail *f);
int pop3_uidl_next(
    struct pop3 *p, uint32_t *number, const char **uid, struct fail *f);

/* A message to be had: octets is what LIST said, 0 if it said nothing. */
struct pop3_want {
	uint32_t number;
	uint64_t octets;
};
/*
 * Asks for bodies; then, for each in order, pop3_body: 1 and its length, then
 * pop3_read until it says 0.  pop3_body 0: that was all.  What the server
 * refuses is a failure with REACH_MESSAGE, *number set, and the rest goes on.
 * The array is the caller's and must stay until then.  Bodies come by TOP,
 * because RETR marks mail as read on Dovecot and others; by RETR, and one note
 * that says so, only where there is no TOP.  Octets are the server's, dots
 * unstuffed, nothing added or taken away; each body is in a spool in
 * spool_dir (RFC 1939 announces no length) before pop3_body returns.
 */
int pop3_want(struct pop3 *p, const struct pop3_want *want, size_t n,
    const char *spool_dir, struct fail *f);
int pop3_body(struct pop3 *p, uint32_t *number, uint64_t *len, struct fail *f);
int pop3_read(struct pop3 *p, const char **q, size_t *n, struct fail *f);
/* The body in hand is read from its beginning again. */
int pop3_rewind(struct pop3 *p, struct fail *f);

#endif
