/* tsv.c: one record as a line, with the escapes \t \n \r \\. */
#include <string.h>

#include "row/row_p.h"

static int
is_special(char c)
{
	return c == '\0' || c == '\t' || c == '\n' || c == '\r' || c == '\\';
}

void
tsv_escape(struct buf *b, const char *s, size_t n)
{
	static const char octet[] = "\t\n\r\\", letter[] = "tnr\\";
	size_t run;

	buf_add(b, "", 0);
	while (n > 0) {
		const char *p;

		for (run = 0; run < n; run++)
			if (is_special(s[run]))
				break;
		buf_add(b, s, run);
		s += run;
		n -= run;
		if (n == 0)
			break;
		if (*s != '\0') {
			p = strchr(octet, *s);
			buf_addc(b, '\\');
			buf_addc(b, letter[p - octet]);
		}
		s++;
		n--;
	}
}

void
row_format(struct buf *b, const struct row *r)
{
	size_t i, n = header_count(row_header(r));

	for (i = 0; i < n; i++) {
		const char *v = row_at(r, i);

		if (i > 0)
			buf_addc(b, '\t');
		tsv_escape(b, v, strlen(v));
	}
}

/* The octets up to what needs a second look. */
static size_t
plain(const char *s, const char *end)
{
	const char *p = s;

	while (p < end && *p != '\t' && *p != '\\' && *p != '\0')
		p++;
	return (size_t)(p - s);
}

const char *
tsv_split(struct fields *fs, const char *s, size_t n)
{
	static const char letter[] = "tnr\\", octet[] = "\t\n\r\\";
	const char *p, *end = s + n;
	size_t k;

	fields_reset(fs);
	for (fields_begin(fs);; s++) {
		k = plain(s, end);
		buf_add(&fs->text, s, k);
		s += k;
		if (fs->text.len - fs->at[fs->n - 1] > LIMIT_FIELD)
			return "a field is longer than 1 MiB";
		if (s == end || *s == '\t') {
			buf_addc(&fs->text, '\0');
			if (s == end)
				return NULL;
			fields_begin(fs);
		} else if (*s == '\0')
			return "a NUL octet";
		else if (s + 1 < end && s[1] != '\0' &&
		    (p = strchr(letter, s[1])) != NULL) {
			buf_addc(&fs->text, octet[p - letter]);
			s++;
		} else
			return "a backslash that is none of \\t \\n \\r \\\\";
	}
}

int
row_parse(struct row *r, const char *s, size_t n)
{
	struct fields fs = {0};
	size_t i, want = header_count(row_header(r));
	int ok = tsv_split(&fs, s, n) == NULL && fs.n == want;

	for (i = 0; ok && i < want; i++)
		row_set_at(r, i, fields_get(&fs, i));
	fields_free(&fs);
	return ok;
}
