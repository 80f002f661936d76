/* csv_in.c: one CSV record (RFC 4180), split by libcsv in its strict mode. */
#include <csv.h>
#include <stdlib.h>
#include <string.h>

#include "row/row_p.h"

void
fields_begin(struct fields *fs)
{
	if (fs->n == fs->room) {
		fs->room = fs->room ? 2 * fs->room : 32;
		fs->at = mem_resize(fs->at, fs->room, sizeof(*fs->at));
	}
	fs->at[fs->n++] = fs->text.len;
}

void
fields_add(struct fields *fs, const char *s, size_t n)
{
	fields_begin(fs);
	buf_add(&fs->text, s, n);
	buf_addc(&fs->text, '\0');
}

const char *
fields_get(const struct fields *fs, size_t i)
{
	return fs->text.data + fs->at[i];
}

void
fields_reset(struct fields *fs)
{
	buf_reset(&fs->text);
	fs->n = 0;
}

void
fields_free(struct fields *fs)
{
	buf_free(&fs->text);
	free(fs->at);
}

struct split {
	struct fields *fs;
	int rows;
};

static void
take_field(void *s, size_t n, void *arg)
{
	struct split *sp = arg;

	if (sp->rows == 0)
		fields_add(sp->fs, s, n);
}

static void
take_row(int c, void *arg)
{
	struct split *sp = arg;

	(void)c;
	sp->rows++;
}

/* By default libcsv strips blanks and tabs around fields; RFC 4180 keeps. */
static int
no_space(unsigned char c)
{
	(void)c;
	return 0;
}

static void *
grow(void *p, size_t n)
{
	return n > LIMIT_FIELD + 8192 ? NULL : mem_resize(p, n, 1);
}

const char *
csv_split(struct fields *fs, const char *s, size_t n, char sep)
{
	struct csv_parser p;
	struct split sp = {.fs = fs};
	size_t done;
	const char *why = NULL;

	fields_reset(fs);
	if (csv_init(&p, CSV_STRICT | CSV_STRICT_FINI) != 0)
		return "cannot start the CSV reader";
	csv_set_delim(&p, (unsigned char)sep);
	csv_set_space_func(&p, no_space);
	csv_set_realloc_func(&p, grow);
	csv_set_blk_size(&p, 4096);
	done = csv_parse(&p, s, n, take_field, take_row, &sp);
	if (done != n || csv_fini(&p, take_field, take_row, &sp) != 0)
		why = csv_error(&p) == CSV_ENOMEM
		    ? "a field is longer than 1 MiB"
		    : "a quote is out of place";
	else if (sp.rows > 1)
		why = "a lone CR outside quotes";
	csv_free(&p);
	return why;
}

int
csv_is_open(struct quotes *q, const char *s, size_t n, char sep)
{
	for (; n > 0; s++, n--) {
		if (*s == '"' && (q->open || !q->inside))
			q->open = !q->open, q->inside = q->open;
		else
			q->inside = q->open || (*s != sep && *s != '"');
	}
	return q->open;
}
