/* table_out.c: rows to a file; whole lines, and every write checked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "row/row_p.h"

struct table_out {
	FILE *fp;
	const struct header *header;
	enum dialect dialect;
	unsigned int flags;
	int begun;
	struct buf line, clean;
};

struct table_out *
table_out(FILE *fp, const struct header *h, enum dialect d, unsigned int flags)
{
	struct table_out *t = mem_alloc(sizeof(*t));

	t->fp = fp;
	t->header = h;
	t->dialect = d;
	t->flags = flags;
	return t;
}

void
table_out_free(struct table_out *t)
{
	if (t == NULL)
		return;
	buf_free(&t->line);
	buf_free(&t->clean);
	free(t);
}

static int
is_control(uint32_t c)
{
	return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
	    (c >= 0x7f && c < 0xa0);
}

/* Octets at the start of s that may stand in a row. */
static size_t
clean_run(const char *s)
{
	size_t n = 0, len;
	uint32_t c;

	while (s[n] != '\0' &&
	    (len = text_utf8_char(s + n, strnlen(s + n, 4), &c)) > 0 &&
	    !is_control(c))
		n += len;
	return n;
}

/*
 * What came from outside may hold anything: controls but the three that have
 * an escape of their own, and what is not UTF-8, become \xHH.  All else stays,
 * joiners and marks of direction too: a folder with another name is another.
 */
static void
sanitize(struct buf *b, const char *s)
{
	size_t n;

	for (;;) {
		n = clean_run(s);
		buf_add(b, s, n);
		s += n;
		if (*s == '\0')
			return;
		buf_addf(b, "\\x%02X", (unsigned char)*s++);
	}
}

static void
csv_field(struct table_out *t, const char *s, int only)
{
	struct buf *b = &t->line;
	size_t n = strlen(s);

	if ((t->flags & TABLE_CSV_SAFE) != 0 && n > 0 &&
	    strchr("=+-@\t\r", s[strspn(s, " ")]) != NULL &&
	    s[strspn(s, " ")] != '\0') {
		buf_addc(b, '"');
		buf_addc(b, '\'');
	} else if (strpbrk(s, ",\"\r\n") != NULL || (only && n == 0) ||
	    (n > 0 && (s[0] == ' ' || s[n - 1] == ' '))) {
		buf_addc(b, '"');
	} else {
		buf_adds(b, s);
		return;
	}
	for (; *s != '\0'; s++) {
		if (*s == '"')
			buf_addc(b, '"');
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

static void
add_field(struct table_out *t, const char *s, size_t i)
{
	int csv = t->dialect == DIALECT_CSV;

	if (i > 0)
		buf_addc(&t->line, csv ? ',' : '\t');
	buf_reset(&t->clean);
	sanitize(&t->clean, s);
	if (csv)
		csv_field(t, t->clean.data, header_count(t->header) == 1);
	else
		tsv_escape(&t->line, t->clean.data, t->clean.len);
}

int
table_text_put(struct table_out *t, const char *s, size_t n, struct fail *f)
{
	t->begun = 1;
	if (fwrite(s, 1, n, t->fp) != n)
		return fail_errno(f, CODE_IO, REACH_RUN, "write", "output");
	return 0;
}

static int
write_line(struct table_out *t, struct fail *f)
{
	buf_addc(&t->line, '\n');
	return table_text_put(t, t->line.data, t->line.len, f);
}

static int
begin(struct table_out *t, struct fail *f)
{
	size_t i;

	if (t->begun)
		return 0;
	t->begun = 1;
	buf_reset(&t->line);
	for (i = 0; i < header_count(t->header); i++)
		add_field(t, header_name(t->header, i), i);
	return write_line(t, f);
}

int
table_put(struct table_out *t, const struct row *r, struct fail *f)
{
	size_t i;

	if (begin(t, f) == -1)
		return -1;
	buf_reset(&t->line);
	for (i = 0; i < header_count(t->header); i++)
		add_field(t, row_at(r, i), i);
	return write_line(t, f);
}

int
table_end(struct table_out *t, struct fail *f)
{
	if (begin(t, f) == -1)
		return -1;
	if (fflush(t->fp) != 0 || ferror(t->fp))
		return fail_errno(f, CODE_IO, REACH_RUN, "write", "output");
	return 0;
}
