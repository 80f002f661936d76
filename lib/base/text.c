/* text.c: what may be shown, and UTF-8. */
#include <string.h>

#include "base/base.h"

size_t
text_utf8_char(const char *s, size_t n, uint32_t *point)
{
	const unsigned char *u = (const unsigned char *)s;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len, i;
	uint32_t c;

	if (n == 0)
		return 0;
	if (u[0] < 0x80)
		len = 1, c = u[0];
	else if ((u[0] & 0xe0) == 0xc0)
		len = 2, c = u[0] & 0x1fu;
	else if ((u[0] & 0xf0) == 0xe0)
		len = 3, c = u[0] & 0x0fu;
	else if ((u[0] & 0xf8) == 0xf0)
		len = 4, c = u[0] & 0x07u;
	else
		return 0;
	if (len > n)
		return 0;
	for (i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (u[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	if (point != NULL)
		*point = c;
	return len;
}

int
text_utf8_valid(const char *s, size_t n)
{
	size_t len;

	for (; n > 0; s += len, n -= len)
		if ((len = text_utf8_char(s, n, NULL)) == 0)
			return 0;
	return 1;
}

void
text_utf8_add(struct buf *b, uint32_t c)
{
	char out[4];
	size_t n = 0;

	if (c < 0x80)
		out[n++] = (char)c;
	else if (c < 0x800)
		out[n++] = (char)(0xc0 | c >> 6);
	else if (c < 0x10000)
		out[n++] = (char)(0xe0 | c >> 12);
	else
		out[n++] = (char)(0xf0 | c >> 18);
	if (c >= 0x10000)
		out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
	if (c >= 0x800)
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
	if (c >= 0x80)
		out[n++] = (char)(0x80 | (c & 0x3f));
	buf_add(b, out, n);
}

/* Controls, and what reorders or hides text on a terminal. */
static int
is_hidden(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad ||
	    c == 0x061c || (c >= 0x200b && c <= 0x200f) ||
	    (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	    c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
	    (c >= 0xe0000 && c <= 0xe007f);
}

void
text_printable(struct buf *b, const char *s, size_t n, size_t max)
{
	size_t end = b->len + max;

	buf_add(b, "", 0);
	while (n > 0) {
		uint32_t c;
		size_t i, len = text_utf8_char(s, n, &c);
		int hide = len == 0 || is_hidden(c);

		if (len == 0)
			len = 1;
		if (b->len + (hide ? 4 * len : len) > end) {
			buf_adds(b, "...");
			return;
		}
		for (i = 0; hide && i < len; i++)
			buf_addf(b, "\\x%02X", (unsigned char)s[i]);
		if (!hide)
			buf_add(b, s, len);
		s += len;
		n -= len;
	}
}

int
text_u64(const char *s, size_t n, uint64_t *v)
{
	uint64_t r = 0;

	if (n == 0)
		return 0;
	for (; n > 0; s++, n--)
		if (*s < '0' || *s > '9' || __builtin_mul_overflow(r, 10, &r) ||
		    __builtin_add_overflow(r, (uint64_t)(*s - '0'), &r))
			return 0;
	*v = r;
	return 1;
}

int
text_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

int
text_ncasecmp(const char *a, const char *b, size_t n)
{
	for (; n > 0; a++, b++, n--) {
		int d = text_lower((unsigned char)*a) -
		    text_lower((unsigned char)*b);

		if (d != 0 || *a == '\0')
			return d;
	}
	return 0;
}

int
text_casecmp(const char *a, const char *b)
{
	return text_ncasecmp(a, b, SIZE_MAX);
}
