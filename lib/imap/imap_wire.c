/* imap_wire.c: tokens of one answer (RFC 3501 9), bounded, without recursion.
 */
#include <string.h>

#include "imap/imap_p.h"

static int
broken(struct fail *f, const char *why)
{
	return fail_set(f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER, "read",
	    "the server breaks the protocol: %s", why);
}

int
wire_line(struct wire *w, struct fail *f)
{
	char *line;
	size_t n;
	int rc = stream_line(w->stream, &line, &n, IMAP_LINE, f);

	w->at = 0;
	buf_reset(&w->line);
	if (rc != 1)
		return rc;
	if (memchr(line, '\0', n) != NULL)
		return broken(f, "a NUL octet outside a literal");
	if (memchr(line, '\r', n) != NULL)
		return broken(f, "a CR within a line");
	buf_add(&w->line, line, n);
	return 1;
}

int
wire_peek(const struct wire *w)
{
	return w->at < w->line.len ? (unsigned char)w->line.data[w->at] : -1;
}

int
wire_eat(struct wire *w, char c)
{
	if (wire_peek(w) != (unsigned char)c)
		return 0;
	w->at++;
	return 1;
}

void
wire_blank(struct wire *w)
{
	while (wire_eat(w, ' '))
		;
}

size_t
wire_atom(struct wire *w, const char **p)
{
	size_t from = w->at;
	int c;

	*p = w->line.data + from;
	while ((c = wire_peek(w)) != -1 && strchr(" ()\"{", c) == NULL)
		w->at++;
	return w->at - from;
}

int
wire_is(struct wire *w, const char *word)
{
	size_t from = w->at, n;
	const char *p;

	n = wire_atom(w, &p);
	if (n == strlen(word) && text_ncasecmp(p, word, n) == 0)
		return 1;
	w->at = from;
	return 0;
}

int
wire_number(struct wire *w, uint64_t *v)
{
	size_t from = w->at, n;
	const char *p;

	n = wire_atom(w, &p);
	if (n > 0 && text_u64(p, n, v))
		return 1;
	w->at = from;
	return 0;
}

/* {n}, {n+} or ~{n}, which must end the line. */
int
wire_literal(struct wire *w, uint64_t *len)
{
	size_t from = w->at;
	const char *p, *end;

	if (wire_peek(w) == '~')
		w->at++;
	if (!wire_eat(w, '{')) {
		w->at = from;
		return 0;
	}
	p = w->line.data + w->at;
	end = memchr(p, '}', w->line.len - w->at);
	if (end != NULL && end + 1 == w->line.data + w->line.len) {
		end -= end > p && end[-1] == '+';
		if (text_u64(p, (size_t)(end - p), len)) {
			w->at = w->line.len;
			return 1;
		}
	}
	w->at = from;
	return WIRE_BAD;
}

/* The line goes on behind a literal. */
int
wire_more(struct wire *w, struct fail *f)
{
	int rc = wire_line(w, f);

	if (rc == 0)
		return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW, "read",
		    "the connection ended behind a literal");
	return rc;
}

static int
take_literal(struct wire *w, uint64_t len, struct buf *b, struct fail *f)
{
	buf_add(b, "", 0);
	if (len > IMAP_INLINE)
		return broken(f,
		    "a literal of more than 1 MiB in a place "
		    "that is no message");
	while (len > 0) {
		const char *p;
		size_t n;
		int rc = stream_some(w->stream, &p, &n, (size_t)len, f);

		if (rc == -1)
			return -1;
		if (rc == 0)
			return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
			    "read", "the connection ended within a literal");
		buf_add(b, p, n);
		len -= n;
	}
	return wire_more(w, f);
}

static int
take_quoted(struct wire *w, struct buf *b)
{
	int c;

	buf_add(b, "", 0);
	for (w->at++; (c = wire_peek(w)) != -1; w->at++) {
		if (c == '"') {
			w->at++;
			return 1;
		}
		if (c == '\\') {
			w->at++;
			if ((c = wire_peek(w)) == -1)
				break;
		}
		buf_addc(b, (char)c);
	}
	return WIRE_BAD;
}

int
wire_string(struct wire *w, struct buf *b, struct fail *f)
{
	const char *p;
	uint64_t len;
	size_t n;
	int rc;

	if (wire_peek(w) == '"')
		return take_quoted(w, b);
	if ((rc = wire_literal(w, &len)) != 0)
		return rc == 1 ? take_literal(w, len, b, f) : rc;
	n = wire_atom(w, &p);
	if (n == 0)
		return WIRE_BAD;
	if (n == 3 && text_ncasecmp(p, "NIL", 3) == 0)
		return 0;
	buf_add(b, p, n);
	return 1;
}

int
wire_drop(struct wire *w, uint64_t n, struct fail *f)
{
	while (n > 0) {
		const char *p;
		size_t got;
		size_t most = n > 1 << 20 ? 1 << 20 : (size_t)n;
		int rc = stream_some(w->stream, &p, &got, most, f);

		if (rc == -1)
			return -1;
		if (rc == 0)
			return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
			    "read", "the connection ended within a literal");
		n -= got;
	}
	return 0;
}

int
wire_waste(struct wire *w, uint64_t n, struct fail *f)
{
	if (n > IMAP_WASTE || w->wasted + n > IMAP_WASTE)
		return broken(f, "more than 1 GiB that nobody asked for");
	w->wasted += n;
	return 0;
}

static int
skip_literal(struct wire *w, uint64_t len, struct fail *f)
{
	if (wire_waste(w, len, f) == -1 || wire_drop(w, len, f) == -1)
		return -1;
	return wire_more(w, f);
}

/* One piece of a value; *depth counts parentheses. */
static int
skip_piece(struct wire *w, int *depth, struct fail *f)
{
	struct buf ignored = {0};
	const char *p;
	uint64_t len;
	int rc;

	if (wire_eat(w, '('))
		return ++*depth > IMAP_NESTING
		    ? broken(f, "parentheses nested too deep")
		    : 1;
	if (wire_eat(w, ')'))
		return --*depth < 0 ? WIRE_BAD : 1;
	if (wire_peek(w) == '"') {
		rc = take_quoted(w, &ignored);
		buf_free(&ignored);
		return rc;
	}
	if ((rc = wire_literal(w, &len)) != 0)
		return rc == 1 ? skip_literal(w, len, f) : rc;
	return wire_atom(w, &p) > 0 ? 1 : WIRE_BAD;
}

int
wire_skip(struct wire *w, struct fail *f)
{
	int depth = 0, rc;

	do {
		if (depth > 0)
			wire_blank(w);
		rc = skip_piece(w, &depth, f);
	} while (rc == 1 && depth > 0);
	return rc;
}

/*
 * A literal whose length is no number: where the next answer begins nobody
 * can tell.  {words} at the end of a line are text.
 */
static int
is_lost(const struct wire *w)
{
	size_t n = strspn(w->line.data + w->at + 1, "+-0123456789");

	return n > 0 && w->at + n + 2 == w->line.len &&
	    w->line.data[w->line.len - 1] == '}';
}

int
wire_rest(struct wire *w, struct fail *f)
{
	for (;;) {
		const char *open = w->line.len > w->at
		    ? memrchr(w->line.data + w->at, '{', w->line.len - w->at)
		    : NULL;
		uint64_t len;

		if (open == NULL)
			return 0;
		w->at = (size_t)(open - w->line.data);
		if (wire_literal(w, &len) == 1) {
			if (skip_literal(w, len, f) == -1)
				return -1;
			continue;
		}
		w->at = (size_t)(open - w->line.data);
		return is_lost(w)
		    ? broken(f, "a literal without a readable length")
		    : 0;
	}
}
