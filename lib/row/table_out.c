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

/*
 * What came from outside may hold anything: controls but the four that have
 * an escape of their own, and what is not UTF-8, become \xHH.
 */
static void
sanitize(struct buf *b, const char *s)
{
	while (*s != '\0') {
		size_t run = strcspn(s, "\t\n\r");

		text_printable(b, s, run, SIZE_MAX / 2);
		s += run;
		run = strspn(s, "\t\n\r");
		buf_add(b, s, run);
		s += run;
	}
	buf_add(b, "", 0);
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
