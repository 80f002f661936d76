/* headers.c: fields of a header, unfolded; any line ends. */
#include <string.h>

#include "base/base.h"
#include "msg/msg_p.h"

/* The line at s: its length with its end, and without. */
static size_t
line_at(const char *s, size_t n, size_t *text)
{
	const char *lf = memchr(s, '\n', n);
	size_t len = lf != NULL ? (size_t)(lf - s) + 1 : n;

	*text = lf != NULL ? len - 1 : len;
	while (*text > 0 && s[*text - 1] == '\r')
		(*text)--;
	return len;
}

int
field_next(struct field *fl, const char **s, size_t *n)
{
	size_t text, len;
	const char *colon;

	while (*n > 0) {
		len = line_at(*s, *n, &text);
		if (text == 0 && (*s)[len - 1] == '\n')
			return 0;
		fl->start = *s;
		fl->whole = len;
		while (len < *n && ((*s)[len] == ' ' || (*s)[len] == '\t')) {
			size_t ignored;

			len += line_at(*s + len, *n - len, &ignored);
		}
		fl->whole = len;
		*s += len;
		*n -= len;
		colon = memchr(fl->start, ':', text);
		fl->name = fl->start;
		fl->name_len = colon != NULL ? (size_t)(colon - fl->start) : 0;
		while (fl->name_len > 0 &&
		    (fl->name[fl->name_len - 1] == ' ' ||
			fl->name[fl->name_len - 1] == '\t'))
			fl->name_len--;
		fl->value = colon != NULL ? colon + 1 : fl->start;
		fl->value_len = (size_t)(fl->start + len - fl->value);
		return 1;
	}
	return 0;
}

int
field_is(const struct field *fl, const char *name)
{
	return fl->name_len == strlen(name) &&
	    text_ncasecmp(fl->name, name, fl->name_len) == 0;
}

/* Line ends go, runs of blanks become one, none at either end. */
void
field_unfold(struct buf *b, const struct field *fl)
{
	size_t i, start;
	int blank = 0;

	buf_add(b, "", 0);
	start = b->len;
	for (i = 0; i < fl->value_len; i++) {
		char c = fl->value[i];

		if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
			blank = 1;
			continue;
		}
		if (blank && b->len > start)
			buf_addc(b, ' ');
		blank = 0;
		buf_addc(b, c);
	}
}

int
header_value(struct buf *value, const char *msg, size_t n, const char *name)
{
	struct field fl;

	while (field_next(&fl, &msg, &n))
		if (field_is(&fl, name)) {
			field_unfold(value, &fl);
			return 1;
		}
	return 0;
}
