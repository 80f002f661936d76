/*
 * tsig.c: fuzz target: a signed message.  The first octet says what is done to
 * it; one that was signed here and not touched is believed, one that was
 * changed is not.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/dns.h"
#include "dns/dns_p.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct dns_key key = {.name = (char *)(uintptr_t) "k.",
    .wire = "\1k",
    .wire_len = 3,
    .algorithm = "hmac-sha256.",
    .digest = "SHA256",
    .secret = "0123456789abcdef",
    .secret_len = 16};

/* 1 believed, 0 unsigned, -1. */
static int
verify(const struct buf *m, const struct mac *prior)
{
	struct verifier v = {
	    .key = &key, .prior = *prior, .server_clock = CLOCK_NONE};
	struct buf copy = {0};
	unsigned int error = 0;
	struct fail f;
	int rc;

	buf_add(&copy, m->data, m->len);
	rc = tsig_verify(&v, &copy, &error, &f);
	buf_free(&v.pending);
	buf_free(&copy);
	/* A complaint bears no signature and is believed in nothing else. */
	return rc == 1 && (error == 16 || error == 17) ? -1 : rc;
}

/* A message with a well-formed header and the octets as its question. */
static void
untouched(const uint8_t *data, size_t n, size_t flip)
{
	struct buf m = {0};
	struct mac mac, none = {.n = 0};

	buf_add(&m, "\0\1\x84\0\0\0\0\0\0\0\0", 12);
	(void)data;
	tsig_sign(&m, &key, &mac);
	if (verify(&m, &none) != 1)
		abort();
	flip %= 8 * m.len;
	m.data[flip / 8] = (char)(m.data[flip / 8] ^ 1 << flip % 8);
	/* Names compare without case, and the id outside is not signed. */
	if (flip / 8 >= 2 && (flip % 8 != 5 || flip / 8 < HEADER) && n > 0 &&
	    verify(&m, &none) == 1)
		abort();
	buf_free(&m);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct mac prior = {.octets = "request's mac", .n = 32};
	struct buf m = {0};
	struct mac mac;

	if (n >= 3)
		untouched(data + 3, n - 3, (size_t)data[1] << 8 | data[2]);
	if (n > HEADER && n < MESSAGE_MAX - 200) {
		buf_add(&m, data + 1, n - 1);
		if (m.len >= HEADER && verify(&m, &prior) == 1)
			abort(); /* nobody guesses a MAC */
		if (m.len >= HEADER && (data[0] & 1) != 0) {
			tsig_sign(&m, &key, &mac);
			(void)verify(&m, &(struct mac){.n = 0});
		}
	}
	buf_free(&m);
	return 0;
}
