/* sasl_scram.c: SCRAM-SHA-1 (RFC 5802) and SCRAM-SHA-256 (RFC 7677), without
 * channel binding. */
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sasl/sasl_p.h"

/* Less makes guessing cheap for whoever listens (RFC 5802 5.1 and 7677 4 ask
 * servers for 4096); more is a way to keep a client busy. */
enum { ITERATIONS_MIN = 4096, ITERATIONS_MAX = 1000000, SUM = 64 };

struct scram {
	struct buf first; /* client-first-message-bare */
	struct buf auth; /* AuthMessage */
	uint8_t salted[SUM];
};

static int
make_nonce(struct sasl *s, struct fail *f)
{
	uint8_t raw[24];
	struct buf b = {0};

	if (s->nonce != NULL)
		return 0;
	if (getrandom(raw, sizeof(raw), 0) != sizeof(raw))
		return fail_errno(f, CODE_SYSTEM, REACH_RUN, "log in", "%s",
		    "random numbers");
	text_base64(&b, raw, sizeof(raw));
	s->nonce = b.data;
	return 0;
}

static void
gs2_header(const struct sasl *s, struct buf *b)
{
	buf_adds(b, "n,");
	if (*s->authzid != '\0') {
		buf_adds(b, "a=");
		sasl_add_name(b, s->authzid);
	}
	buf_addc(b, ',');
}

static int
client_first(struct sasl *s, struct buf *out, struct fail *f)
{
	struct scram *c = mem_alloc(sizeof(*c));

	s->own = c;
	if (make_nonce(s, f) == -1)
		return -1;
	buf_adds(&c->first, "n=");
	sasl_add_name(&c->first, s->user);
	buf_addf(&c->first, ",r=%s", s->nonce);
	gs2_header(s, out);
	buf_add(out, c->first.data, c->first.len);
	return 0;
}

/* The value of attribute `name` in "a=…,b=…": length, or 0. */
static size_t
attribute(const char *in, size_t n, char name, const char **value)
{
	const char *end = in + n;

	while (in < end) {
		const char *comma = memchr(in, ',', (size_t)(end - in));
		const char *stop = comma != NULL ? comma : end;

		if (stop - in >= 2 && in[0] == name && in[1] == '=') {
			*value = in + 2;
			return (size_t)(stop - in - 2);
		}
		in = stop + (comma != NULL);
	}
	return 0;
}

static void
hmac(const EVP_MD *md, const void *key, size_t key_len, const void *p, size_t n,
    uint8_t *out)
{
	unsigned int len;

	if (HMAC(md, key, (int)key_len, p, n, out, &len) == NULL)
		abort();
}

static void
client_final(struct sasl *s, const EVP_MD *md, const char *nonce,
    size_t nonce_len, const char *in, size_t n, struct buf *out)
{
	struct scram *c = s->own;
	uint8_t key[SUM], stored[SUM], proof[SUM];
	size_t i, size = (size_t)EVP_MD_get_size(md);
	struct buf header = {0};

	gs2_header(s, &header);
	buf_adds(out, "c=");
	text_base64(out, header.data, header.len);
	buf_adds(out, ",r=");
	buf_add(out, nonce, nonce_len);
	buf_add(&c->auth, c->first.data, c->first.len);
	buf_addc(&c->auth, ',');
	buf_add(&c->auth, in, n);
	buf_addc(&c->auth, ',');
	buf_add(&c->auth, out->data, out->len);
	hmac(md, c->salted, size, "Client Key", 10, key);
	if (EVP_Digest(key, size, stored, NULL, md, NULL) != 1)
		abort();
	hmac(md, stored, size, c->auth.data, c->auth.len, proof);
	for (i = 0; i < size; i++)
		proof[i] ^= key[i];
	buf_adds(out, ",p=");
	text_base64(out, proof, size);
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(stored, sizeof(stored));
	buf_free(&header);
}

static int
server_first(struct sasl *s, const EVP_MD *md, const char *in, size_t n,
    struct buf *out, struct fail *f)
{
	struct scram *c = s->own;
	const char *nonce = "", *salt64 = "", *count = "", *ignored;
	size_t nonce_len = attribute(in, n, 'r', &nonce);
	size_t salt_len = attribute(in, n, 's', &salt64);
	size_t count_len = attribute(in, n, 'i', &count);
	size_t mine = strlen(s->nonce);
	uint64_t rounds;
	struct buf salt = {0};
	int ok;

	if (attribute(in, n, 'm', &ignored) > 0)
		return sasl_refuse(
		    f, s, "the server wants an extension (m=) that is none");
	if (nonce_len <= mine || strncmp(nonce, s->nonce, mine) != 0)
		return sasl_refuse(f, s, "the server's nonce is not ours");
	if (!text_u64(count, count_len, &rounds) || rounds < ITERATIONS_MIN ||
	    rounds > ITERATIONS_MAX)
		return sasl_refuse(
		    f, s, "an iteration count out of 4096 to 1000000");
	ok = salt_len > 0 && text_unbase64(&salt, salt64, salt_len) &&
	    PKCS5_PBKDF2_HMAC(s->secret, (int)s->secret_len,
		(const unsigned char *)salt.data, (int)salt.len, (int)rounds,
		md, EVP_MD_get_size(md), c->salted) == 1;
	buf_free(&salt);
	if (!ok)
		return sasl_refuse(f, s, "the server's salt is malformed");
	client_final(s, md, nonce, nonce_len, in, n, out);
	return 0;
}

static int
server_final(
    struct sasl *s, const EVP_MD *md, const char *in, size_t n, struct fail *f)
{
	struct scram *c = s->own;
	uint8_t key[SUM], want[SUM];
	size_t size = (size_t)EVP_MD_get_size(md), len;
	const char *value = "";
	struct buf got = {0};
	int ok;

	if (attribute(in, n, 'e', &value) > 0)
		return sasl_refuse(f, s, "the server refuses the proof");
	hmac(md, c->salted, size, "Server Key", 10, key);
	hmac(md, key, size, c->auth.data, c->auth.len, want);
	len = attribute(in, n, 'v', &value);
	ok = len > 0 && text_unbase64(&got, value, len) && got.len == size &&
	    CRYPTO_memcmp(got.data, want, size) == 0;
	buf_free(&got);
	if (!ok)
		return sasl_refuse(f, s,
		    "the server does not know the password: it is not "
		    "the one that it claims to be");
	s->finished = 1;
	return 0;
}

static int
step(struct sasl *s, const EVP_MD *md, const char *in, size_t n,
    struct buf *out, struct fail *f)
{
	switch (s->state++) {
	case 0:
		return client_first(s, out, f);
	case 1:
		return server_first(s, md, in, n, out, f);
	case 2:
		return server_final(s, md, in, n, f);
	default:
		return sasl_refuse(f, s, "the server asks once too often");
	}
}

static int
step_sha_1(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	return step(s, EVP_sha1(), in, n, out, f);
}

static int
step_sha_256(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	return step(s, EVP_sha256(), in, n, out, f);
}

static void
wipe(struct sasl *s)
{
	struct scram *c = s->own;

	if (c == NULL)
		return;
	buf_wipe(&c->first);
	buf_wipe(&c->auth);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

const struct sasl_mech sasl_scram_sha_1 = {
    .name = "SCRAM-SHA-1",
    .rank = 30,
    .client_first = 1,
    .needs_password = 1,
    .step = step_sha_1,
    .wipe = wipe,
};

const struct sasl_mech sasl_scram_sha_256 = {
    .name = "SCRAM-SHA-256",
    .rank = 40,
    .client_first = 1,
    .needs_password = 1,
    .step = step_sha_256,
    .wipe = wipe,
};
