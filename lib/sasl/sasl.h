/*
 * sasl: mechanisms (RFC 4422) as pure state machines: PLAIN (4616), LOGIN
 * (draft), SCRAM-SHA-1 and -256 (5802, 7677), XOAUTH2, OAUTHBEARER (7628),
 * EXTERNAL.  No sockets, no base64: the protocol's room adds those.
 */
#ifndef SASL_H
#define SASL_H

#include <stddef.h>

struct fail;
struct buf;

struct sasl_id {
	const char *user; /* authentication identity, UTF-8 */
	const char *authzid; /* NULL or "" : act as user */
	const char *secret; /* password or access token; not kept */
	size_t secret_len;
	const char *host; /* OAUTHBEARER */
	unsigned int port;
};

struct sasl;
struct sasl_mech {
	const char *name;
	int rank; /* higher is tried first; 0: only when named */
	int client_first; /* has an initial response */
	int needs_token, needs_password, needs_cert;
	int (*step)(struct sasl *, const char *in, size_t n, struct buf *out,
	    struct fail *f);
	void (*wipe)(struct sasl *);
};

/* By name, any case; NULL if unknown. */
const struct sasl_mech *sasl_find(const char *name);
/*
 * The strongest mechanism in offered (space-separated, upper case) that a
 * password can serve; wanted, if not NULL, is the only one allowed.  NULL if
 * there is none.  There is no fallback after a failure: callers do not ask
 * twice.
 */
const struct sasl_mech *sasl_choose(const char *offered, const char *wanted);

/* The id is copied, the secret into memory that sasl_free wipes. */
struct sasl *sasl_new(const struct sasl_mech *m, const struct sasl_id *id);
void sasl_free(struct sasl *s);
/*
 * One challenge in, one response out (appended; caller wipes with buf_wipe;
 * room for 64 KiB is made beforehand).  The first call of a client-first
 * mechanism has n = 0.  CODE_AUTH if the challenge is wrong (SCRAM: a server
 * that cannot prove itself).
 */
int sasl_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f);
/* After the server's success: 0, or -1 when the mechanism is not finished
 * (SCRAM without a verified server signature). */
int sasl_done(struct sasl *s, struct fail *f);

/* Test seam: a fixed SCRAM nonce. */
void sasl_nonce(struct sasl *s, const char *nonce);

#endif
