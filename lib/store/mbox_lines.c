/*
 * mbox_lines.c: the lines of a message on their way into and out of an mbox
 * file: mboxrd quoting, and the header fields that hold flags there.
 */
#include <string.h>

#include "store/mbox_p.h"

/* Enough of a line to know its kind. */
enum { KNOWN = 16 };
static const char from[] = "From ";

void
mbox_lines_start(struct mbox_lines *l, enum direction d)
{
	struct buf held = l->held;

	memset(l, 0, sizeof(*l));
	l->held = held;
	buf_reset(&l->held);
	l->direction = d;
	l->quoted = 1;
	l->in_header = l->at_start = 1;
	l->last = '\n';
}

void
mbox_lines_free(struct mbox_lines *l)
{
	buf_free(&l->held);
}

static void
emit(struct mbox_lines *l, const char *p, size_t n, struct buf *out)
{
	if (n == 0 || l->drop)
		return;
	buf_add(out, p, n);
	l->last = p[n - 1];
}

static void
emit_status(struct mbox_lines *l, struct buf *out)
{
	if (l->status == NULL || *l->status == '\0')
		return;
	l->drop = 0;
	if (l->last != '\n')
		emit(l, "\n", 1, out);
	emit(l, l->status, strlen(l->status), out);
}

static int
is_field(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	if (n < len || text_ncasecmp(p, name, len) != 0)
		return 0;
	p += len;
	n -= len;
	while (n > 0 && (*p == ' ' || *p == '\t'))
		p++, n--;
	return n > 0 && *p == ':';
}

static int
holds_flags(const struct mbox_lines *l, const char *p, size_t n)
{
	return is_field(p, n, "Status") || is_field(p, n, "X-Status") ||
	    is_field(p, n, "X-Keywords") || is_field(p, n, "X-UID") ||
	    (l->base && is_field(p, n, "X-IMAPbase"));
}

/* A CR that is the last octet of all gets its LF when it is written. */
static int
is_blank(const char *p, size_t n)
{
	return (n > 0 && *p == '\n') ||
	    (n > 0 && *p == '\r' && (n == 1 || p[1] == '\n'));
}

/* The rest of a line whose kind is known; octets used. */
static size_t
rest_of_line(struct mbox_lines *l, const char *p, size_t n, struct buf *out)
{
	const char *nl = memchr(p, '\n', n);
	size_t len = nl != NULL ? (size_t)(nl - p) + 1 : n;

	emit(l, p, len, out);
	l->at_start = nl != NULL;
	return len;
}

static size_t
header_line(struct mbox_lines *l, const char *p, size_t n, struct buf *out)
{
	if (is_blank(p, n)) {
		emit_status(l, out);
		l->drop = l->in_header = 0;
		return rest_of_line(l, p, n, out);
	}
	if (*p == ' ' || *p == '\t')
		return rest_of_line(l, p, n, out);
	l->drop = holds_flags(l, p, n);
	return l->drop ? rest_of_line(l, p, n, out) : 0;
}

/* A > at the start of a line; going out the last one is held back. */
static void
quote_mark(struct mbox_lines *l, struct buf *out)
{
	if (l->direction == LINES_IN || !l->quoted || l->marks)
		emit(l, ">", 1, out);
	l->marks = 1;
}

static void
quote_end(struct mbox_lines *l, const char *p, size_t n, struct buf *out)
{
	int match = n >= 5 && memcmp(p, from, 5) == 0;

	if (l->direction == LINES_IN ? match : l->quoted && l->marks && !match)
		emit(l, ">", 1, out);
	l->marks = 0;
	l->at_start = 0;
}

/* At the start of a line: octets used, 0 when more must be known first. */
static size_t
line_start(
    struct mbox_lines *l, const char *p, size_t n, int final, struct buf *out)
{
	size_t used;

	if (n < KNOWN && !final && memchr(p, '\n', n) == NULL)
		return 0;
	if (l->in_header && !l->marks && (used = header_line(l, p, n, out)) > 0)
		return used;
	if (*p == '>') {
		quote_mark(l, out);
		return 1;
	}
	quote_end(l, p, n, out);
	return rest_of_line(l, p, n, out);
}

static void
process(struct mbox_lines *l, int final, struct buf *out)
{
	const char *p = l->held.data;
	size_t n = l->held.len, used = 1;

	while (n > 0 && used > 0) {
		used = l->at_start ? line_start(l, p, n, final, out)
				   : rest_of_line(l, p, n, out);
		p += used;
		n -= used;
	}
	buf_drop(&l->held, l->held.len - n);
}

void
mbox_lines_add(struct mbox_lines *l, const char *p, size_t n, struct buf *out)
{
	buf_add(&l->held, p, n);
	process(l, 0, out);
}

void
mbox_lines_end(struct mbox_lines *l, struct buf *out)
{
	process(l, 1, out);
	if (l->direction == LINES_OUT) {
		if (l->marks && l->quoted)
			emit(l, ">", 1, out);
		return;
	}
	if (l->in_header)
		emit_status(l, out);
	l->drop = 0;
	if (l->last != '\n')
		emit(l, "\n", 1, out);
}

/* ---- flags ---- */

static const struct {
	char letter;
	const char *flag;
} letters[] = {
    {'A', "\\Answered"},
    {'F', "\\Flagged"},
    {'D', "\\Deleted"},
    {'T', "\\Draft"},
};

void
mbox_lines_status(struct buf *b, const char *flags)
{
	struct buf x = {0}, words = {0};
	size_t i, n;

	buf_reset(b);
	buf_adds(b, "");
	if (*flags == '\0')
		return;
	for (i = 0; i < LENGTH(letters); i++)
		if (flags_has(flags, letters[i].flag))
			buf_addc(&x, letters[i].letter);
	buf_addf(b, "Status: %s\n", flags_has(flags, "\\Seen") ? "RO" : "O");
	if (x.len > 0)
		buf_addf(b, "X-Status: %s\n", x.data);
	for (; *flags != '\0'; flags += n + strspn(flags + n, " ")) {
		n = strcspn(flags, " ");
		if (*flags != '\\')
			buf_addf(&words, " %.*s", (int)n, flags);
	}
	if (words.len > 0)
		buf_addf(b, "X-Keywords:%s\n", words.data);
	buf_free(&x);
	buf_free(&words);
}

const char *
mbox_lines_flags(const struct buf *header, struct intern *in)
{
	struct buf status = {0}, x = {0}, words = {0}, all = {0};
	const char *flags;
	size_t i;

	buf_adds(&all, "");
	(void)header_value(&status, header->data, header->len, "Status");
	(void)header_value(&x, header->data, header->len, "X-Status");
	(void)header_value(&words, header->data, header->len, "X-Keywords");
	if (status.len > 0 && memchr(status.data, 'R', status.len) != NULL)
		buf_adds(&all, "\\Seen");
	for (i = 0; x.len > 0 && i < LENGTH(letters); i++)
		if (memchr(x.data, letters[i].letter, x.len) != NULL)
			buf_addf(&all, " %s", letters[i].flag);
	for (i = 0; i < words.len; i++)
		if (words.data[i] == ',')
			words.data[i] = ' ';
	if (words.len > 0)
		buf_addf(&all, " %s", words.data);
	flags = flags_canon(in, all.data, all.len);
	buf_free(&status);
	buf_free(&x);
	buf_free(&words);
	buf_free(&all);
	return flags;
}
