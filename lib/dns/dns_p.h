/* dns_p.h: what the files of this room share. */
#ifndef DNS_P_H
#define DNS_P_H

#include <ldns/ldns.h>

#include "base/base.h"
#include "dns/dns.h"

enum { MESSAGE_MAX = 65535, EDNS_SIZE = 1232, HEADER = 12 };

extern struct dns_opt dns_opt;

/* CODE_ROW where what was read is at fault. */
int dns_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...) PRINTFLIKE(5, 6);

/* ---- dns_text.c ---- */

/* The record of ldns as ours, canonical; it is changed.  -1: no text. */
int rr_text(struct arena *a, struct dns_rr *to, ldns_rr *from);
/* The record of ours for ldns; the caller's.  NULL: it is none. */
ldns_rr *rr_ldns(const struct dns_rr *rr);

/* ---- dns_key.c ---- */

struct dns_key {
	char *name; /* canonical text */
	uint8_t wire[256]; /* the same, as in a message */
	size_t wire_len;
	const char *algorithm; /* hmac-sha256. */
	const char *digest; /* SHA256 */
	uint8_t secret[512];
	size_t secret_len;
};

/* ---- dns_tsig.c ---- */

struct mac {
	uint8_t octets[64];
	size_t n;
};
/* Signs a message in place; mac is the request's for what verifies answers. */
void tsig_sign(struct buf *message, const struct dns_key *k, struct mac *mac);
/*
 * Checks the answers to a signed request, one message after the other, and
 * takes the TSIG record off.  prior is the mac before, first the request's.
 * pending collects messages that bear no signature of their own (RFC 8945
 * 5.3.1).  1 signed and right, 0 not signed, -1.
 */
struct verifier {
	const struct dns_key *key;
	struct mac prior;
	struct buf pending;
	unsigned int unsigned_run;
	int begun;
	int64_t server_clock; /* of BADTIME; else CLOCK_NONE */
};
int tsig_verify(struct verifier *v, struct buf *message, unsigned int *error,
    struct fail *f);

/* ---- dns_wire.c ---- */

/* Offset behind the name at `at`, 0 if it runs out of the message. */
size_t wire_name_end(const uint8_t *p, size_t n, size_t at);
/* A message's header counts. */
unsigned int wire_u16(const void *p, size_t at);
void wire_put16(void *p, size_t at, unsigned int v);
/* Whether p is a reply to the message q: id, QR, opcode and its question, in
 * the same case if exact. */
int wire_fits(const struct buf *q, const void *p, size_t n, int exact);

/* One datagram there, those that do not fit ignored, until the deadline. */
int udp_exchange(const struct dns_server *s, const struct buf *q,
    struct buf *reply, int64_t deadline, struct fail *f);
int tcp_open(const struct dns_server *s, int64_t deadline, struct fail *f);
int tcp_send(int fd, const struct buf *q, int64_t deadline, struct fail *f);
/* 1 a message, 0 the server closed, -1. */
int tcp_receive(int fd, struct buf *reply, int64_t deadline, struct fail *f);
/* The deadline of a question that begins now. */
int64_t deadline_of(void);

/* ---- dns_ask.c ---- */

/* A question as a message, with a random id, and the case of its name. */
int question(struct buf *q, const char *name, ldns_rr_type type, int recurse,
    int edns, struct fail *f);
/* What a message says; fails on one that is malformed. */
int reply_read(struct arena *a, const struct buf *message, struct dns_reply *r,
    struct fail *f);
/* Sends over TCP and receives the reply, signed and checked where k. */
int tcp_exchange(struct arena *a, const struct dns_server *s, struct buf *q,
    int *sent, struct dns_reply *r, struct fail *f);
uint16_t random_id(void);

#endif
