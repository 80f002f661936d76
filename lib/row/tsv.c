/* tsv.c: one record as a line, with the escapes \t \n \r \\. */
#include <string.h>

#include "row/row_p.h"

void
tsv_escape(struct buf *b, const char *s, size_t n)
{
	static const char plain[] = "\t\n\r\\", letter[] = "tnr\\";
	size_t run;

	buf_add(b, "", 0);
	while (n > 0) {
		const char *p;

		for (run = 0; run < n; run++)
			if (s[run] == '\0' || strchr(plain, s[run]) != NULL)
				break;
		buf_add(b, s, run);
		s += run;
		n -= run;
		if (n == 0)
			break;
		if (*s != '\0') {
			p = strchr(plain, *s);
			buf_addc(b, '\\');
			buf_addc(b, letter[p - plain]);
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

const char *
tsv_split(struct fields *fs, const char *s, size_t n)
{
	static const char letter[] = "tnr\\", plain[] = "\t\n\r\\";
	struct buf b = {0};
	const char *why = NULL, *p, *end = s + n;

	fields_reset(fs);
	buf_add(&b, "", 0);
	for (; why == NULL && s <= end; s++) {
		if (s == end || *s == '\t') {
			fields_add(fs, b.data, b.len);
			buf_reset(&b);
		} else if (*s == '\0')
			why = "a NUL octet";
		else if (*s != '\\')
			buf_addc(&b, *s);
		else if (s + 1 < end && s[1] != '\0' &&
		    (p = strchr(letter, s[1])) != NULL) {
			buf_addc(&b, plain[p - letter]);
			s++;
		} else
			why = "a backslash that is none of \\t \\n \\r \\\\";
		if (b.len > LIMIT_FIELD)
			why = "a field is longer than 1 MiB";
	}
	buf_free(&b);
	return why;
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
