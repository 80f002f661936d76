/* code.c: hexadecimal, base64 and percent encoding. */
#include <string.h>

#include "base/base.h"

static const char digits[] = "0123456789abcdef";
static const char b64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
text_hex(char *out, const uint8_t *p, size_t n)
{
	for (; n > 0; p++, n--) {
		*out++ = digits[*p >> 4];
		*out++ = digits[*p & 15];
	}
	*out = '\0';
}

static int
nibble(char c)
{
	const char *p = c == '\0' ? NULL : strchr(digits, text_lower(c));

	return p == NULL ? -1 : (int)(p - digits);
}

int
text_unhex(uint8_t *out, size_t n, const char *hex)
{
	for (; n > 0; n--, hex += 2) {
		int hi = nibble(hex[0]), lo = hi < 0 ? -1 : nibble(hex[1]);

		if (lo < 0)
			return 0;
		*out++ = (uint8_t)(hi << 4 | lo);
	}
	return 1;
}

void
text_base64(struct buf *b, const void *p, size_t n)
{
	const unsigned char *u = p;

	buf_add(b, "", 0);
	for (; n > 0; u += 3, n -= n < 3 ? n : 3) {
		unsigned int v = (unsigned int)u[0] << 16 |
		    (n > 1 ? (unsigned int)u[1] << 8 : 0) | (n > 2 ? u[2] : 0u);
		char out[4] = {b64[v >> 18], b64[v >> 12 & 63],
		    n > 1 ? b64[v >> 6 & 63] : '=', n > 2 ? b64[v & 63] : '='};

		buf_add(b, out, 4);
	}
}

int
text_unbase64(struct buf *b, const char *s, size_t n)
{
	size_t i;

	buf_add(b, "", 0);
	if (n % 4 != 0)
		return 0;
	for (; n > 0; s += 4, n -= 4) {
		size_t pad = n > 4 || s[3] != '=' ? 0 : s[2] == '=' ? 2 : 1;
		unsigned int v = 0;
		char out[3];

		for (i = 0; i < 4; i++) {
			const char *p = i >= 4 - pad ? b64
			    : s[i] == '\0'	     ? NULL
						     : strchr(b64, s[i]);

			if (p == NULL)
				return 0;
			v = v << 6 | (unsigned int)(p - b64);
		}
		out[0] = (char)(v >> 16);
		out[1] = (char)(v >> 8 & 255);
		out[2] = (char)(v & 255);
		buf_add(b, out, 3 - pad);
	}
	return 1;
}

static int
is_unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~", c) != NULL);
}

void
text_percent(struct buf *b, const char *s, size_t n, const char *keep)
{
	buf_add(b, "", 0);
	for (; n > 0; s++, n--)
		if (is_unreserved(*s) ||
		    (*s != '\0' && strchr(keep, *s) != NULL))
			buf_addc(b, *s);
		else
			buf_addf(b, "%%%02X", (unsigned char)*s);
}

int
text_unpercent(struct buf *b, const char *s, size_t n)
{
	buf_add(b, "", 0);
	for (; n > 0; s++, n--) {
		uint8_t c;

		if (*s != '%') {
			buf_addc(b, *s);
			continue;
		}
		if (n < 3 || !text_unhex(&c, 1, s + 1) || c == 0)
			return 0;
		buf_addc(b, (char)c);
		s += 2;
		n -= 2;
	}
	return 1;
}
