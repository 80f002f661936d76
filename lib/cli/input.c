/* input.c: rows from the operands: files, -, or URLs, one after the other. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_p.h"

struct input {
	char **operand;
	int n, at;
	struct header *header; /* of the first, kept */
	struct header *now; /* of the one being read */
	struct table_in *table;
	FILE *fp;
	const char *name; /* of fp, for messages */
	const char *url; /* not NULL: one row to come */
	int given; /* the tool's own row is to come */
};

/* NULL: it was not set. */
static const char *
given_value(const struct given *g)
{
	if (g->value != NULL)
		return *g->value;
	return *g->list != NULL ? **g->list : NULL;
}

int
input_is_given(void)
{
	const struct given *g = settings.tool->given;

	for (; g != NULL && g->column != NULL; g++)
		if (given_value(g) != NULL)
			return 1;
	return 0;
}

struct input *
input_new(char **operands, int n)
{
	static char dash[] = "-";
	static char *standard[] = {dash, NULL};
	struct input *in = mem_alloc(sizeof(*in));

	in->given = n == 0 && input_is_given();
	in->operand = n > 0 ? operands : standard;
	in->n = n > 0 ? n : in->given ? 0 : 1;
	return in;
}

int
input_all(struct input *in, const char **name, struct buf *b, struct fail *f)
{
	enum { STEP = 65536, TEXT_MAX = 256 << 20 };
	const char *path = in->operand[0];
	int fd, rc = 0;
	ssize_t n = 1;

	*name = strcmp(path, "-") == 0 ? NULL : path;
	(void)fail_at(f, "%s", *name != NULL ? path : "stdin");
	fd = *name != NULL ? open(path, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (in->n > 1)
		rc = fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "input",
		    "one text at a time");
	else if (fd == -1)
		rc = fail_errno(f, CODE_INPUT, REACH_RUN, "input", "open");
	while (rc == 0 && n != 0) {
		n = read(fd, buf_room(b, STEP), STEP);
		if (n > 0)
			buf_grown(b, (size_t)n);
		if (n == -1 && (errno != EINTR || stop_signal() != 0))
			rc = fail_errno(f, CODE_IO, REACH_RUN, "input", "read");
		else if (b->len > TEXT_MAX)
			rc = fail_set(f, CODE_TOOBIG, REACH_RUN, AGAIN_NEVER,
			    "input", "more than 256 MiB");
	}
	buf_add(b, "", 0);
	if (*name != NULL && fd != -1)
		(void)close(fd);
	return rc;
}

void
cli_lines(void)
{
	settings.from = DIALECT_LINES;
}

void
input_place(const struct input *in, struct fail *f)
{
	uint64_t line;
	size_t n;

	if (in->table == NULL)
		return;
	(void)table_text(in->table, &n, &line);
	(void)fail_at(f, "%s:%llu", in->name, (unsigned long long)line);
}

static int
given_header(struct input *in)
{
	const struct given *g;

	in->header = in->now = header_new("");
	for (g = settings.tool->given; g->column != NULL; g++)
		(void)header_add(in->header, g->column);
	return 1;
}

static struct row *
given_row(struct input *in, struct arena *a)
{
	struct row *r = row_new(a, in->header);
	const struct given *g;

	for (g = settings.tool->given; g->column != NULL; g++)
		row_set(
		    r, g->column, given_value(g) != NULL ? given_value(g) : "");
	in->given = 0;
	return r;
}

static void
close_one(struct input *in)
{
	table_in_free(in->table);
	if (in->fp != NULL && in->fp != stdin)
		(void)fclose(in->fp);
	if (in->now != in->header)
		header_free(in->now);
	in->table = NULL;
	in->fp = NULL;
	in->now = NULL;
}

void
input_free(struct input *in)
{
	close_one(in);
	header_free(in->header);
	free(in);
}

static int
is_url(const char *s)
{
	static const char *const schemes[] = {
	    "imaps://", "imap://", "pop3s://", "pop3://", "maildir:", "mbox:"};
	size_t i;

	for (i = 0; i < LENGTH(schemes); i++)
		if (strncmp(s, schemes[i], strlen(schemes[i])) == 0)
			return 1;
	return 0;
}

static int
open_file(struct input *in, const char *name, struct fail *f)
{
	struct stat st;

	if (strcmp(name, "-") == 0)
		in->fp = stdin;
	else
		in->fp = fopen(name, "re");
	if (in->fp == NULL) {
		(void)fail_at(f, "%s", name);
		return fail_errno(f, CODE_INPUT, REACH_RUN, "open", "%s", "");
	}
	if (fstat(fileno(in->fp), &st) == -1 || S_ISDIR(st.st_mode)) {
		(void)fail_at(f, "%s", name);
		return fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER, "open",
		    "a directory is no table; a Maildir is maildir:%s", name);
	}
	in->name = in->fp == stdin ? "<stdin>" : name;
	in->table = table_in(in->fp, in->name, settings.from);
	return 1;
}

/* All rows are under the first header, so the others may not have more. */
static int
same_columns(struct input *in, struct fail *f)
{
	size_t i;

	if (in->header == NULL) {
		in->header = in->now;
		return 1;
	}
	for (i = 0; i < header_count(in->now); i++)
		if (header_find(in->header, header_name(in->now, i)) == -1) {
			input_place(in, f);
			return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER,
			    "header", "the first table has no column '%s'",
			    header_name(in->now, i));
		}
	return 1;
}

/* 1 the next operand is open, 0 there is none, -1. */
static int
open_next(struct input *in, struct fail *f)
{
	const char *name;
	int rc;

	close_one(in);
	if (in->at == in->n)
		return 0;
	name = in->operand[in->at++];
	if (settings.tool->url_column != NULL && is_url(name)) {
		in->url = name;
		in->now = header_new(settings.tool->url_column);
		return same_columns(in, f);
	}
	if (open_file(in, name, f) == -1)
		return -1;
	rc = table_header(in->table, &in->now, f);
	if (rc == 0)
		return fail_at(f, "%s", in->name) |
		    fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER, "header",
			"no header line: the input is empty");
	return rc == 1 ? same_columns(in, f) : rc;
}

int
input_header(struct input *in, struct header **h, struct fail *f)
{
	int rc = in->given ? given_header(in) : open_next(in, f);

	*h = in->header;
	return rc;
}

int
input_next(struct input *in, struct arena *a, struct row **r, struct fail *f)
{
	for (;;) {
		int rc;

		if (in->given) {
			*r = given_row(in, a);
			return 1;
		}
		if (in->url != NULL) {
			*r = row_new(a, in->header);
			row_set(*r, settings.tool->url_column, in->url);
			in->url = NULL;
			return 1;
		}
		if (in->table != NULL) {
			rc = table_next(in->table, a, r, f);
			if (rc == 1 && in->now != in->header)
				*r = row_under(a, in->header, *r);
			if (rc != 0)
				return rc;
		}
		rc = open_next(in, f);
		if (rc != 1)
			return rc;
	}
}

int
input_ready(const struct input *in, int *fd)
{
	if (in->table == NULL || table_in_ready(in->table))
		return 1;
	*fd = fileno(in->fp);
	return 0;
}

const char *
input_text(const struct input *in, size_t *n)
{
	uint64_t line;

	*n = 0;
	return in->table != NULL ? table_text(in->table, n, &line) : "";
}
