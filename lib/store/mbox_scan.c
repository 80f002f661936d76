/*
 * mbox_scan.c: cuts an mbox file into messages.  A start is a From_ line
 * with a date, after an empty line; whoever writes mbox quotes such a line in
 * a body.  Where no header follows, this is counted (bare): a message may
 * begin with anything.  A header after, but no date or no empty line, is
 * counted as a doubt and not taken; in a file that begins without a date (some
 * archives have none) empty line and header are enough.  Where (nearly) every
 * message has a Content-Length that ends right at the next From_ line, it
 * decides instead (mboxcl, mboxcl2): From_ lines inside are then no starts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mbox_p.h"

enum { CHUNK = 65536, LINE = 2048, HEADER = 1 << 20, RUN = 64 };

ssize_t
mbox_pread(int fd, char *p, size_t n, uint64_t at)
{
	size_t got = 0;
	ssize_t r = 1;

	while (got < n && r != 0) {
		r = pread(fd, p + got, n - got, (off_t)(at + got));
		if (r == -1 && errno != EINTR)
			return -1;
		if (r > 0)
			got += (size_t)r;
	}
	return (ssize_t)got;
}

void
mbox_index_free(struct mbox_index *ix)
{
	free(ix->span);
	memset(ix, 0, sizeof(*ix));
}

static void
add(struct mbox_index *ix, uint64_t start, uint64_t end)
{
	if (ix->n == ix->room) {
		ix->room = ix->room ? ix->room + ix->room / 2 : 256;
		ix->span = mem_resize(ix->span, ix->room, sizeof(*ix->span));
	}
	ix->span[ix->n].start = start;
	ix->span[ix->n++].end = end;
}

/* ---- one From_ line ---- */

/* The sender may hold blanks: the date is where one can be read. */
static int
find_date(const char *p, size_t n, int64_t *date)
{
	const char *end = p + n, *blank;

	for (; p < end; p = blank + 1) {
		if (date_parse_asctime(p, (size_t)(end - p), date))
			return 1;
		if ((blank = memchr(p, ' ', (size_t)(end - p))) == NULL)
			break;
	}
	*date = CLOCK_NONE;
	return 0;
}

static size_t
from_line(const char *p, size_t n, int64_t *date)
{
	const char *nl;
	size_t len;

	*date = CLOCK_NONE;
	if (n < 5 || memcmp(p, "From ", 5) != 0)
		return 0;
	nl = memchr(p, '\n', n);
	len = nl != NULL ? (size_t)(nl - p) : n;
	if (len > 5 && p[len - 1] == '\r')
		(void)find_date(p + 5, len - 6, date);
	else
		(void)find_date(p + 5, len - 5, date);
	return nl != NULL ? len + 1 : len;
}

size_t
mbox_from(int fd, uint64_t at, int64_t *date)
{
	char line[LINE];
	ssize_t n = mbox_pread(fd, line, sizeof(line), at);

	return n <= 0 ? 0 : from_line(line, (size_t)n, date);
}

/* A field's name and colon, or mail's old habit. */
static int
is_field(const char *p, size_t n)
{
	size_t i = 0;

	if (n > 5 && memcmp(p, ">From ", 6) == 0)
		return 1;
	while (i < n && p[i] > ' ' && p[i] < 0x7f && p[i] != ':')
		i++;
	while (i > 0 && i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i > 0 && i < n && p[i] == ':';
}

/* An empty line and the end will do. */
static int
is_header(const char *p, size_t n)
{
	return n == 0 || *p == '\n' || *p == '\r' || is_field(p, n);
}

/* Octets of the empty line before at, 0 if there is none. */
static size_t
empty_before(const char *p, size_t n)
{
	if (n >= 2 && p[n - 1] == '\n' && p[n - 2] == '\n')
		return 1;
	if (n >= 3 && memcmp(p + n - 3, "\n\r\n", 3) == 0)
		return 2;
	return 0;
}

enum { HAS_EMPTY = 1, HAS_DATE = 2, HAS_HEADER = 4, HAS_FIELD = 8 };
enum { IS_START = HAS_EMPTY | HAS_DATE };

/* What speaks for a start at offset at; *empty as above. */
static int
weigh(int fd, uint64_t at, size_t *empty)
{
	char text[LINE + 3];
	size_t before = at < 3 ? (size_t)at : 3, len;
	ssize_t got = mbox_pread(fd, text, sizeof(text), at - before);
	int64_t date;
	const char *p = text + before;
	size_t n = got < (ssize_t)before ? 0 : (size_t)got - before;

	*empty = empty_before(text, before);
	if ((len = from_line(p, n, &date)) == 0)
		return 0;
	return (*empty > 0 || at == 0 ? HAS_EMPTY : 0) |
	    (date != CLOCK_NONE ? HAS_DATE : 0) |
	    (is_header(p + len, n - len) ? HAS_HEADER : 0) |
	    (is_field(p + len, n - len) ? HAS_FIELD : 0);
}

static int
is_start(const struct mbox_index *ix, int seen)
{
	const int undated = HAS_EMPTY | HAS_FIELD;

	return (seen & IS_START) == IS_START ||
	    (ix->undated && (seen & undated) == undated);
}

/* Two of the three. */
static int
is_likely(int seen)
{
	return (seen & IS_START) == IS_START ||
	    ((seen & HAS_HEADER) != 0 && (seen & (HAS_EMPTY | HAS_DATE)) != 0);
}

/* ---- all From_ lines ---- */

struct marks {
	int fd;
	uint64_t at, size; /* next octet to be looked at */
	uint64_t base; /* of the chunk */
	char chunk[CHUNK];
	size_t len;
	int deepest; /* most > seen before From */
};

/* Is the "From " at i at the start of a line?  Counts > before it. */
static int
starts_line(struct marks *m, size_t i)
{
	int run = 0;

	while (i > 0 && m->chunk[i - 1] == '>' && run < RUN)
		i--, run++;
	if (i > 0 ? m->chunk[i - 1] != '\n' : m->base != 0)
		return 0;
	if (run > m->deepest)
		m->deepest = run;
	return run == 0;
}

/* The next "From " that starts a line: 1, 0 end, -1. */
static int
next_mark(struct marks *m, uint64_t *at, struct fail *f)
{
	while (m->at < m->size) {
		uint64_t skip = m->at - m->base;
		const char *hit;
		ssize_t got;

		if (m->len == 0 || skip + 5 > m->len) {
			m->base = m->at > RUN ? m->at - RUN : 0;
			got = mbox_pread(m->fd, m->chunk, CHUNK, m->base);
			if (got == -1)
				return fail_errno(
				    f, CODE_IO, REACH_FOLDER, "read", "file");
			m->len = (size_t)got;
			skip = m->at - m->base;
			if (skip + 5 > m->len)
				break;
		}
		hit =
		    memmem(m->chunk + skip, m->len - (size_t)skip, "From ", 5);
		if (hit == NULL) {
			m->at = m->base + m->len - 4;
			continue;
		}
		*at = m->base + (uint64_t)(hit - m->chunk);
		m->at = *at + 1;
		if (starts_line(m, (size_t)(hit - m->chunk)))
			return 1;
	}
	m->at = m->size;
	return 0;
}

static struct marks *
marks_new(int fd, uint64_t at, uint64_t size)
{
	struct marks *m = mem_alloc(sizeof(*m));

	m->fd = fd;
	m->at = at;
	m->size = size;
	return m;
}

/* The last message loses the empty line that ends it, if there is one. */
static uint64_t
last_end(int fd, uint64_t start, uint64_t size)
{
	char tail[3];
	size_t n = size - start < 3 ? (size_t)(size - start) : 3;

	if (mbox_pread(fd, tail, n, size - n) != (ssize_t)n)
		return size;
	return size - empty_before(tail, n);
}

static int
by_from(struct mbox_index *ix, int fd, uint64_t first, struct fail *f)
{
	struct marks *m = marks_new(fd, first + 1, ix->size);
	uint64_t at, start = first;
	size_t empty;
	int rc, seen;

	while ((rc = next_mark(m, &at, f)) == 1) {
		seen = weigh(fd, at, &empty);
		if (!is_start(ix, seen)) {
			ix->doubts += is_likely(seen) != 0;
			continue;
		}
		ix->bare += (seen & HAS_HEADER) == 0;
		add(ix, start, at - empty);
		start = at;
	}
	if (rc == 0)
		add(ix, start, last_end(fd, start, ix->size));
	ix->quoted = 1;
	ix->variant = m->deepest > 1 ? "mboxrd"
	    : m->deepest == 1	     ? "mboxrd or mboxo"
				     : NULL;
	free(m);
	return rc;
}

/* ---- by Content-Length ---- */

void
mbox_header(int fd, const struct span *s, struct buf *b)
{
	int64_t date;
	uint64_t at = s->start + mbox_from(fd, s->start, &date);

	buf_reset(b);
	buf_adds(b, "");
	while (b->len < HEADER && at < s->end) {
		size_t n = s->end - at < 4096 ? (size_t)(s->end - at) : 4096;
		ssize_t got = mbox_pread(fd, buf_room(b, n), n, at);
		size_t seen = b->len > 3 ? b->len - 3 : 0;

		if (got <= 0)
			return;
		buf_grown(b, (size_t)got);
		at += (uint64_t)got;
		if (memmem(b->data + seen, b->len - seen, "\n\n", 2) != NULL ||
		    memmem(b->data + seen, b->len - seen, "\n\r\n", 3) != NULL)
			return;
	}
}

/* Where the header's empty line ends, 0 if it has none. */
static size_t
header_end(const struct buf *b)
{
	const char *lf = memmem(b->data, b->len, "\n\n", 2);
	const char *crlf = memmem(b->data, b->len, "\n\r\n", 3);

	if (lf != NULL && (crlf == NULL || lf < crlf))
		return (size_t)(lf - b->data) + 2;
	return crlf != NULL ? (size_t)(crlf - b->data) + 3 : 0;
}

/* Is at a message's end?  *next is then the next start or the size. */
static int
is_end(int fd, uint64_t at, uint64_t size, uint64_t *next)
{
	char text[4];
	uint64_t from = at;
	ssize_t n;
	size_t empty;

	if (at > size)
		return 0;
	n = mbox_pread(fd, text, sizeof(text), at);
	if (n >= 1 && text[0] == '\n')
		from = at + 1;
	else if (n >= 2 && text[0] == '\r' && text[1] == '\n')
		from = at + 2;
	*next = from;
	return from >= size || is_likely(weigh(fd, from, &empty));
}

/* By its Content-Length: the end of the message at start, 0 if it has none
 * or a wrong one. */
static uint64_t
claimed_end(int fd, uint64_t start, uint64_t size, uint64_t *next)
{
	struct span s = {start, size};
	struct buf head = {0}, value = {0};
	int64_t date;
	uint64_t len, end = 0, at = start + mbox_from(fd, start, &date);
	size_t body;

	mbox_header(fd, &s, &head);
	body = header_end(&head);
	if (body > 0 &&
	    header_value(&value, head.data, body, "Content-Length") &&
	    text_u64(value.data, value.len, &len) && len <= size &&
	    is_end(fd, at + body + len, size, next))
		end = at + body + len;
	buf_free(&head);
	buf_free(&value);
	return end;
}

static int
next_start(const struct mbox_index *ix, int fd, uint64_t after, uint64_t *next,
    size_t *empty, struct fail *f)
{
	struct marks *m = marks_new(fd, after + 1, ix->size);
	int rc;

	while ((rc = next_mark(m, next, f)) == 1)
		if (is_start(ix, weigh(fd, *next, empty)))
			break;
	free(m);
	return rc;
}

/* Unquoted From_ lines inside a message: nothing was quoted in this file. */
static int
find_quoting(struct mbox_index *ix, int fd, struct fail *f)
{
	struct marks *m = marks_new(fd, 0, ix->size);
	uint64_t at;
	size_t i = 0, inside = 0;
	int rc;

	while ((rc = next_mark(m, &at, f)) == 1) {
		while (i < ix->n && ix->span[i].start < at)
			i++;
		inside += i == ix->n || ix->span[i].start != at;
	}
	ix->quoted = inside == 0;
	ix->variant =
	    inside > 0 ? "mboxcl2 (Content-Length)" : "mboxcl (Content-Length)";
	free(m);
	return rc;
}

/* 1: Content-Length has cut the file; 0: it is no such file; -1. */
static int
by_length(struct mbox_index *ix, int fd, uint64_t first, struct fail *f)
{
	uint64_t start = first, next, end;
	size_t wrong = 0, empty, right = 0;
	int rc = 1;

	while (rc == 1 && start < ix->size) {
		if ((end = claimed_end(fd, start, ix->size, &next)) != 0) {
			add(ix, start, end);
			right++;
			start = next;
			continue;
		}
		if (++wrong > 1 + right / 10)
			break;
		rc = next_start(ix, fd, start, &next, &empty, f);
		add(ix, start,
		    rc == 1 ? next - empty : last_end(fd, start, ix->size));
		start = rc == 1 ? next : ix->size;
	}
	if (rc == -1)
		return -1;
	if (wrong > right / 10 + (right > 2)) {
		ix->n = 0;
		return 0;
	}
	ix->doubts += wrong;
	return find_quoting(ix, fd, f) == -1 ? -1 : 1;
}

/* ---- the file ---- */

/* UW's first message holds the folder's data and is none. */
static void
drop_pseudo(struct mbox_index *ix, int fd)
{
	struct buf head = {0}, value = {0};
	const char title[] = "DON'T DELETE THIS MESSAGE";

	if (ix->n == 0)
		return;
	mbox_header(fd, &ix->span[0], &head);
	ix->base = header_value(&value, head.data, head.len, "X-IMAPbase") == 1;
	buf_reset(&value);
	if (header_value(&value, head.data, head.len, "Subject") == 1 &&
	    strncmp(value.data, title, sizeof(title) - 1) == 0 &&
	    header_value(&value, head.data, head.len, "X-IMAP") == 1) {
		ix->n--;
		memmove(ix->span, ix->span + 1, ix->n * sizeof(*ix->span));
		ix->base = 0;
	}
	buf_free(&head);
	buf_free(&value);
}

static int
first_start(int fd, uint64_t *at)
{
	char text[64];
	ssize_t n = mbox_pread(fd, text, sizeof(text), 0);
	size_t i = 0;

	if (n > 3 && memcmp(text, "\357\273\277", 3) == 0)
		i = 3; /* an editor was here */
	while ((ssize_t)i < n && (text[i] == '\n' || text[i] == '\r'))
		i++;
	*at = i;
	return n - (ssize_t)i >= 5 && memcmp(text + i, "From ", 5) == 0;
}

int
mbox_index(struct mbox_index *ix, int fd, struct fail *f)
{
	struct stat sb;
	uint64_t first;
	int64_t date = CLOCK_NONE;
	int rc;

	mbox_index_free(ix);
	if (fstat(fd, &sb) == -1)
		return fail_errno(f, CODE_IO, REACH_FOLDER, "read", "file");
	ix->size = (uint64_t)sb.st_size;
	ix->changed =
	    (int64_t)sb.st_mtim.tv_sec * 1000000000 + sb.st_mtim.tv_nsec;
	if (ix->size == 0)
		return 0;
	if (!first_start(fd, &first))
		return fail_set(f, CODE_BADMSG, REACH_FOLDER, AGAIN_NEVER,
		    "read", "no mbox: it does not begin with a From_ line");
	(void)mbox_from(fd, first, &date);
	ix->undated = date == CLOCK_NONE;
	rc = by_length(ix, fd, first, f);
	if (rc == 0)
		rc = by_from(ix, fd, first, f);
	if (rc == -1)
		return -1;
	drop_pseudo(ix, fd);
	return 0;
}
