/*
 * dns_tsig.c: signatures of messages (RFC 8945), over their octets as they
 * travel.  ldns 1.8.3 cannot do this for us: it looks at no clock, takes the
 * algorithm from the reply and misspells hmac-sha384.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "dns/dns_p.h"

enum { TSIG = 250, CLASS_ANY = 255, FUDGE = 300, UNSIGNED_MAX = 99 };

/* The fields of a message's TSIG record; pointers go into the message. */
struct record {
	size_t at; /* where it begins */
	const uint8_t *time; /* 6 octets, and 2 of fudge behind them */
	const uint8_t *mac, *other;
	size_t mac_len, other_len;
	unsigned int original, error;
};

static void
add16(struct buf *b, unsigned int v)
{
	buf_addc(b, (char)(v >> 8));
	buf_addc(b, (char)v);
}

/* The algorithm as a name on the wire. */
static void
add_algorithm(struct buf *b, const struct dns_key *k)
{
	size_t n = strlen(k->algorithm) - 1; /* less the dot */

	buf_addc(b, (char)n);
	buf_add(b, k->algorithm, n);
	buf_addc(b, '\0');
}

static void
add_prior(struct buf *b, const struct mac *prior)
{
	if (prior->n == 0)
		return;
	add16(b, (unsigned int)prior->n);
	buf_add(b, prior->octets, prior->n);
}

/* What is signed beside the message; timers: of all but the first answer. */
static void
add_variables(struct buf *b, const struct dns_key *k, const uint8_t time[8],
    unsigned int error, const uint8_t *other, size_t other_len, int timers)
{
	if (timers) {
		buf_add(b, time, 8);
		return;
	}
	buf_add(b, k->wire, k->wire_len);
	add16(b, CLASS_ANY);
	buf_add(b, "\0\0\0", 4); /* TTL */
	add_algorithm(b, k);
	buf_add(b, time, 8);
	add16(b, error);
	add16(b, (unsigned int)other_len);
	buf_add(b, other, other_len);
}

static void
digest(const struct dns_key *k, const struct buf *b, struct mac *mac)
{
	unsigned int n = 0;

	if (HMAC(EVP_get_digestbyname(k->digest), k->secret, (int)k->secret_len,
		(const uint8_t *)b->data, b->len, mac->octets, &n) == NULL)
		abort();
	mac->n = n;
}

void
tsig_sign(struct buf *message, const struct dns_key *k, struct mac *mac)
{
	struct buf b = {0};
	uint8_t time[8];
	uint64_t now = (uint64_t)clock_now();
	size_t i, at;

	for (i = 0; i < 6; i++)
		time[i] = (uint8_t)(now >> (40 - 8 * i));
	wire_put16(time, 6, FUDGE);
	buf_add(&b, message->data, message->len);
	add_variables(&b, k, time, 0, (const uint8_t *)"", 0, 0);
	digest(k, &b, mac);
	buf_free(&b);
	buf_add(message, k->wire, k->wire_len);
	add16(message, TSIG);
	add16(message, CLASS_ANY);
	buf_add(message, "\0\0\0", 4);
	at = message->len;
	add16(message, 0);
	add_algorithm(message, k);
	buf_add(message, time, 8);
	add16(message, (unsigned int)mac->n);
	buf_add(message, mac->octets, mac->n);
	add16(message, wire_u16(message->data, 0));
	add16(message, 0);
	add16(message, 0);
	wire_put16(message->data, at, (unsigned int)(message->len - at - 2));
	wire_put16(message->data, 10, wire_u16(message->data, 10) + 1);
}

/* Offset of the last record, whose fixed part is whole; 0: there is none, or
 * the message is malformed. */
static size_t
last_record(const uint8_t *p, size_t n)
{
	size_t at = HEADER, start = 0;
	unsigned int i, questions = wire_u16(p, 4);
	unsigned int records =
	    wire_u16(p, 6) + wire_u16(p, 8) + wire_u16(p, 10);

	for (i = 0; i < questions + records; i++) {
		start = at;
		if ((at = wire_name_end(p, n, at)) == 0)
			return 0;
		if (i < questions)
			at += 4;
		else if (at + 10 > n)
			return 0;
		else
			at += 10 + wire_u16(p, at + 8);
		if (at > n)
			return 0;
	}
	return at == n && wire_u16(p, 10) > 0 ? start : 0;
}

/* 1 it is there and ours, 0 none, -1 another key's or algorithm's, or cut. */
static int
find(const struct buf *m, const struct dns_key *k, struct record *r)
{
	const uint8_t *p = (const uint8_t *)m->data;
	size_t n = m->len, at, end;
	struct buf algorithm = {0};
	int same;

	if ((r->at = last_record(p, n)) == 0)
		return 0;
	at = wire_name_end(p, n, r->at);
	if (wire_u16(p, at) != TSIG)
		return 0;
	/* Of any class, for no time (RFC 8945 4.2); neither name may be
	 * compressed; names compare without case. */
	same = memcmp(p + at + 2, "\0\xff\0\0\0\0", 6) == 0 &&
	    at - r->at == k->wire_len &&
	    text_ncasecmp((const char *)p + r->at, (const char *)k->wire,
		k->wire_len) == 0;
	at += 10;
	if ((end = wire_name_end(p, n, at)) == 0)
		return -1;
	add_algorithm(&algorithm, k);
	same = same && end - at == algorithm.len &&
	    text_ncasecmp(
		(const char *)p + at, algorithm.data, algorithm.len) == 0;
	buf_free(&algorithm);
	if (!same || n - end < 16)
		return -1;
	r->time = p + end;
	r->mac_len = wire_u16(p, end + 8);
	r->mac = p + end + 10;
	if (n - end - 16 < r->mac_len)
		return -1;
	end += 10 + r->mac_len;
	r->original = wire_u16(p, end);
	r->error = wire_u16(p, end + 2);
	r->other_len = wire_u16(p, end + 4);
	r->other = p + end + 6;
	return n - end - 6 == r->other_len ? 1 : -1;
}

static int
in_time(const uint8_t *time)
{
	int64_t then = 0, away;
	size_t i;

	for (i = 0; i < 6; i++)
		then = then << 8 | time[i];
	away = clock_now() - then;
	return (away < 0 ? -away : away) <= (int64_t)wire_u16(time, 6);
}

static int
refuse(struct fail *f, const char *why)
{
	return dns_fail(f, CODE_AUTH, AGAIN_NEVER, "signature", "%s", why);
}

static int
check(struct verifier *v, const struct record *r, const struct buf *m,
    struct fail *f)
{
	struct buf b = {0};
	struct mac mac;
	size_t from, i;
	int ok;

	add_prior(&b, &v->prior);
	buf_add(&b, v->pending.data, v->pending.len);
	from = b.len;
	buf_add(&b, m->data, r->at);
	wire_put16(b.data, from, r->original);
	wire_put16(b.data, from + 10, wire_u16(b.data, from + 10) - 1);
	add_variables(
	    &b, v->key, r->time, r->error, r->other, r->other_len, v->begun);
	digest(v->key, &b, &mac);
	buf_free(&b);
	ok = mac.n == r->mac_len &&
	    CRYPTO_memcmp(mac.octets, r->mac, mac.n) == 0;
	if (!ok)
		return refuse(f, "the reply's is wrong");
	if (r->error != 18 && !in_time(r->time)) /* BADTIME tells both clocks */
		return refuse(f, "the reply's is too old or from the future");
	for (i = 0; r->error == 18 && r->other_len == 6 && i < 6; i++)
		v->server_clock =
		    (i > 0 ? v->server_clock << 8 : 0) | r->other[i];
	v->prior = mac;
	v->begun = 1;
	v->unsigned_run = 0;
	buf_reset(&v->pending);
	return 1;
}

/*
 * BADSIG and BADKEY come without a MAC: the server could not make one.  They
 * tell why, and are believed in nothing else.
 */
static int
is_complaint(const struct buf *m, const struct record *r)
{
	return r->mac_len == 0 && (r->error == 16 || r->error == 17) &&
	    (wire_u16(m->data, 2) & 15) == 9;
}

int
tsig_verify(
    struct verifier *v, struct buf *m, unsigned int *error, struct fail *f)
{
	struct record r;
	int rc = find(m, v->key, &r);

	if (rc == -1)
		return refuse(f, "the reply's is another key's, or cut");
	if (rc == 0) {
		if (!v->begun)
			return refuse(f, "the reply has none");
		if (++v->unsigned_run > UNSIGNED_MAX)
			return refuse(f, "too many messages without one");
		buf_add(&v->pending, m->data, m->len);
		return 0;
	}
	*error = r.error;
	if (!v->begun && is_complaint(m, &r))
		rc = 1;
	else
		rc = check(v, &r, m, f);
	if (rc == 1) {
		m->len = r.at;
		wire_put16(m->data, 10, wire_u16(m->data, 10) - 1);
	}
	return rc;
}
