/* table_in.c: rows from a file, in the dialect that its header line shows. */
#include <stdlib.h>
#include <string.h>

#include "row/row_p.h"

#define MARK "\357\273\277" /* what Windows puts before UTF-8 */

struct table_in {
	struct reader in;
	char *name;
	enum dialect dialect;
	char sep;
	struct header *header;
	struct fields fields;
	struct buf record;
	uint64_t line; /* first line of the record */
	uint64_t again; /* octets that were read again */
};

struct table_in *
table_in(FILE *fp, const char *name, enum dialect d)
{
	struct table_in *t = mem_alloc(sizeof(*t));

	t->in.fp = fp;
	t->name = mem_strdup(name);
	t->dialect = d;
	t->sep = ',';
	return t;
}

void
table_in_free(struct table_in *t)
{
	if (t == NULL)
		return;
	reader_free(&t->in);
	fields_free(&t->fields);
	buf_free(&t->record);
	free(t->name);
	free(t);
}

static int
bad(struct table_in *t, struct fail *f, const char *fmt, ...) PRINTFLIKE(3, 4);

static int
bad(struct table_in *t, struct fail *f, const char *fmt, ...)
{
	va_list ap;

	(void)fail_at(f, "%s:%llu", t->name, (unsigned long long)t->line);
	va_start(ap, fmt);
	(void)fail_vset(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "", fmt, ap);
	va_end(ap);
	return -1;
}

/* From the first character that can only separate; one column is TSV. */
static void
guess(struct table_in *t, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strchr("\t,;\"", s[i]) != NULL && s[i] != '\0')
			break;
	if (t->dialect == DIALECT_AUTO)
		t->dialect = i == n || s[i] == '\t' ? DIALECT_TSV : DIALECT_CSV;
	for (i = 0; i < n && s[i] != ',' && s[i] != ';'; i++)
		;
	t->sep = i < n ? s[i] : ',';
}

static size_t
trimmed(const struct buf *b)
{
	size_t n = b->len;

	if (n > 0 && b->data[n - 1] == '\n')
		n--;
	if (n > 0 && b->data[n - 1] == '\r')
		n--;
	return n;
}

/* Text is UTF-8.  What a spreadsheet calls Unicode or plain CSV is not. */
static int
octets(struct table_in *t, struct fail *f)
{
	const char *s = t->record.data;
	size_t n = t->record.len;

	if (n >= 2 && t->line == 1 &&
	    (memcmp(s, "\377\376", 2) == 0 || memcmp(s, "\376\377", 2) == 0))
		return bad(t, f, "this is UTF-16: save it as UTF-8");
	if (memchr(s, '\0', n) != NULL)
		return bad(t, f, "a NUL octet");
	if (!text_utf8_valid(s, n))
		return bad(t, f, "this is not UTF-8");
	return 1;
}

/* Before the header. */
static int
is_comment(const struct table_in *t)
{
	return trimmed(&t->record) == 0 || t->record.data[0] == '#';
}

/* Each line behind it may open a quote again: bounded, or it would take the
 * square of the file. */
static int
never_closed(struct table_in *t, size_t first, struct fail *f)
{
	t->again += t->record.len - first;
	reader_again(&t->in, t->record.data + first, t->record.len - first);
	t->record.len = first;
	(void)bad(t, f, "a quote is never closed");
	if (t->again > LIMIT_AGAIN)
		f->reach = REACH_RUN;
	return -1;
}

/*
 * The next record's text.  A quoted field may hold line ends; when its quote
 * is never closed only the first line is bad, and the others are read again.
 */
static int
record(struct table_in *t, struct fail *f)
{
	struct quotes q = {0};
	int over = 0, rc;
	size_t first, seen = 0;

	buf_reset(&t->record);
	rc = reader_next(&t->in, &t->record, &over, f);
	t->line = t->in.line;
	if (rc != 1)
		return rc;
	/* Not only the first: "cat a.csv b.csv". */
	if (strncmp(t->record.data, MARK, strlen(MARK)) == 0)
		buf_drop(&t->record, strlen(MARK));
	first = t->record.len;
	if (t->header == NULL && is_comment(t))
		return octets(t, f);
	if (t->header == NULL)
		guess(t, t->record.data, trimmed(&t->record));
	while (t->dialect == DIALECT_CSV && !over &&
	    csv_is_open(
		&q, t->record.data + seen, t->record.len - seen, t->sep)) {
		seen = t->record.len;
		rc = reader_next(&t->in, &t->record, &over, f);
		if (rc == -1)
			return -1;
		if (rc == 1 && !over && t->record.len <= LIMIT_RECORD)
			continue;
		return never_closed(t, first, f);
	}
	if (over)
		return bad(t, f, "the row is longer than 4 MiB");
	return octets(t, f);
}

static const char *
split(struct table_in *t)
{
	size_t n = trimmed(&t->record);

	if (t->dialect == DIALECT_LINES) {
		fields_reset(&t->fields);
		fields_add(&t->fields, t->record.data, n);
		return NULL;
	}
	return t->dialect == DIALECT_CSV
	    ? csv_split(&t->fields, t->record.data, n, t->sep)
	    : tsv_split(&t->fields, t->record.data, n);
}

/* The header's problems are the run's. */
static int
bad_header(
    struct table_in *t, struct fail *f, const char *why, const char *column)
{
	(void)fail_at(f, "%s:%llu", t->name, (unsigned long long)t->line);
	return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "header",
	    "%s%s%s%s", why, *column ? ": '" : "", column, *column ? "'" : "");
}

static int
take_header(struct table_in *t, struct fail *f)
{
	const char *why = split(t);
	size_t i;

	if (why != NULL)
		return bad_header(t, f, why, "");
	if (t->fields.n > LIMIT_COLUMNS)
		return bad_header(t, f, "more than 4096 columns", "");
	t->header = header_new("");
	for (i = 0; i < t->fields.n; i++) {
		const char *name = fields_get(&t->fields, i);

		if (*name == '\0')
			why = "a column without a name";
		else if (header_find(t->header, name) != -1)
			why = "two columns have one name";
		if (why != NULL) {
			header_free(t->header);
			t->header = NULL;
			return bad_header(t, f, why, name);
		}
		(void)header_add(t->header, name);
	}
	return 1;
}

int
table_header(struct table_in *t, struct header **h, struct fail *f)
{
	int rc;

	if (t->dialect == DIALECT_LINES) {
		*h = t->header = header_new("line");
		return 1;
	}
	do {
		rc = record(t, f);
		if (rc == -1)
			f->reach = REACH_RUN;
		if (rc != 1)
			return rc;
	} while (is_comment(t));
	rc = take_header(t, f);
	*h = t->header;
	return rc;
}

static int
is_header(const struct table_in *t)
{
	size_t i;

	if (t->dialect == DIALECT_LINES)
		return 0;
	for (i = 0; i < t->fields.n; i++)
		if (strcmp(fields_get(&t->fields, i),
			header_name(t->header, i)) != 0)
			return 0;
	return 1;
}

int
table_next(struct table_in *t, struct arena *a, struct row **r, struct fail *f)
{
	const char *why;
	size_t i, want = header_count(t->header);
	int rc;

	do {
		do
			if ((rc = record(t, f)) != 1)
				return rc;
		while (trimmed(&t->record) == 0);
		if ((why = split(t)) != NULL)
			return bad(t, f, "%s", why);
		if (t->fields.n != want)
			return bad(t, f, "%zu field%s, the header has %zu",
			    t->fields.n, t->fields.n == 1 ? "" : "s", want);
	} while (is_header(t));
	*r = row_new(a, t->header);
	for (i = 0; i < want; i++)
		row_set_at(*r, i, fields_get(&t->fields, i));
	return 1;
}

int
table_in_ready(const struct table_in *t)
{
	return t->in.back_at < t->in.back.len || t->in.at < t->in.end;
}

const char *
table_text(const struct table_in *t, size_t *n, uint64_t *line)
{
	*n = trimmed(&t->record);
	*line = t->line;
	return t->record.data != NULL ? t->record.data : "";
}
