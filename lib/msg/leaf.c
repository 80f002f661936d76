/*
 * leaf.c: the digest of one MIME part's decoded octets, in constant memory.
 */
#include <stdlib.h>
#include <string.h>

#include "msg/msg_p.h"

enum { PIECE = 48 * 1024 };

struct sink {
	struct digest *d;
	char out[PIECE];
	size_t n;
};

static void
flush(struct sink *s)
{
	(void)digest_add(s->d, s->out, s->n, NULL);
	s->n = 0;
}

static void
put(struct sink *s, unsigned int c)
{
	if (s->n == sizeof(s->out))
		flush(s);
	s->out[s->n++] = (char)c;
}

static void
put_all(struct sink *s, const char *p, size_t n)
{
	flush(s);
	(void)digest_add(s->d, p, n, NULL);
}

/* ---- base64 (RFC 2045 6.8) ---- */

static int
six_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Padding ends a group and not the text: what follows it counts as well, and
 * what is not of the alphabet does not. */
static void
base64(struct sink *s, const char *p, size_t n)
{
	unsigned int group = 0, have = 0;
	const char *end = p + n;

	for (; p < end; p++) {
		int v = six_bits(*p);

		if (v >= 0) {
			group = group << 6 | (unsigned int)v;
			have++;
		}
		if (have == 4 || (have > 0 && *p == '=')) {
			group <<= 6 * (4 - have);
			put(s, group >> 16 & 255);
			if (have > 2)
				put(s, group >> 8 & 255);
			if (have > 3)
				put(s, group & 255);
			group = have = 0;
		}
	}
	if (have > 1)
		put(s, group << 6 * (4 - have) >> 16 & 255);
	if (have > 2)
		put(s, group << 6 * (4 - have) >> 8 & 255);
}

/* ---- quoted-printable (RFC 2045 6.7) ---- */

/* A line without its end and the blanks before it. */
static void
quoted_line(struct sink *s, const char *p, size_t n)
{
	const char *end = p + n, *eq;
	uint8_t c;

	while ((eq = memchr(p, '=', (size_t)(end - p))) != NULL) {
		for (; p < eq; p++)
			put(s, (unsigned char)*p);
		if (end - eq > 2 && text_unhex(&c, 1, eq + 1)) {
			put(s, c);
			p = eq + 3;
		} else {
			put(s, '=');
			p = eq + 1;
		}
	}
	for (; p < end; p++)
		put(s, (unsigned char)*p);
}

static void
quoted(struct sink *s, const char *p, size_t n)
{
	const char *end = p + n;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)((lf != NULL ? lf : end) - p);
		int soft;

		while (lf != NULL && len > 0 && p[len - 1] == '\r')
			len--;
		while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
			len--;
		soft = len > 0 && p[len - 1] == '=';
		quoted_line(s, p, len - (size_t)soft);
		if (lf == NULL)
			break;
		if (!soft) {
			put(s, '\r');
			put(s, '\n');
		}
		p = lf + 1;
	}
}

void
leaf_digest(
    uint8_t out[32], const char *p, size_t n, enum coding coding, int is_text)
{
	unsigned int kind = is_text ? DIGEST_END
	    : coding == CODING_NONE ? DIGEST_L0
				    : DIGEST_RAW;
	struct sink *s = mem_alloc(sizeof(*s));
	struct ident id;
	int k = 0;

	s->d = digest_new(kind, "/");
	switch (coding) {
	case CODING_BASE64:
		base64(s, p, n);
		break;
	case CODING_QUOTED:
		quoted(s, p, n);
		break;
	case CODING_NONE:
		put_all(s, p, n);
		break;
	}
	flush(s);
	(void)digest_end(s->d, &id, NULL);
	while (1u << k != kind)
		k++;
	memcpy(out, id.sum[k], 32);
	digest_free(s->d);
	free(s);
}
