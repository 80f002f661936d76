/* hash.c: SHA-256 by OpenSSL. */
#include <stdlib.h>

#include <openssl/evp.h>

#include "msg/msg_p.h"

struct hash {
	EVP_MD_CTX *ctx;
};

/* Fetched once: a look-up for each message would cost more than small ones. */
static const EVP_MD *
sha256(void)
{
	static EVP_MD *md;

	if (md == NULL)
		md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (md == NULL)
		abort();
	return md;
}

struct hash *
hash_new(void)
{
	struct hash *h = mem_alloc(sizeof(*h));

	h->ctx = EVP_MD_CTX_new();
	if (h->ctx == NULL)
		abort();
	hash_reset(h);
	return h;
}

void
hash_free(struct hash *h)
{
	if (h != NULL)
		EVP_MD_CTX_free(h->ctx);
	free(h);
}

void
hash_reset(struct hash *h)
{
	if (EVP_DigestInit_ex(h->ctx, sha256(), NULL) != 1)
		abort();
}

void
hash_add(struct hash *h, const void *p, size_t n)
{
	if (n > 0 && EVP_DigestUpdate(h->ctx, p, n) != 1)
		abort();
}

void
hash_copy(struct hash *to, const struct hash *from)
{
	if (EVP_MD_CTX_copy_ex(to->ctx, from->ctx) != 1)
		abort();
}

void
hash_end(struct hash *h, uint8_t out[32])
{
	unsigned int n;

	if (EVP_DigestFinal_ex(h->ctx, out, &n) != 1)
		abort();
}

void
msg_sha256(uint8_t out[32], const void *p, size_t n)
{
	struct hash *h = hash_new();

	hash_add(h, p, n);
	hash_end(h, out);
	hash_free(h);
}
