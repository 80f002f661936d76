/* imap_scan.c: metadata of a folder by UID FETCH, a window of UIDs at a time,
 * and the items of a FETCH answer (RFC 3501 7.4.2). */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

enum {
	STEP = 16384, /* rows that a window should have at most */
	FLAG_OCTETS = 8 << 20, /* of flag sets that differ, in a window, */
	FLAG_MEAN = 256 /* and so many more for each message */
};

/* ---- items ---- */

static int
item_uid(struct imap *im, struct fetch_row *r)
{
	uint64_t v;

	if (!wire_number(&im->w, &v) || v == 0 || v > UINT32_MAX)
		return WIRE_BAD;
	r->row.uid = (uint32_t)v;
	r->have_uid = 1;
	return 1;
}

static int
item_flags(
    struct imap *im, struct fetch_row *r, struct buf *flags, struct fail *f)
{
	struct wire *w = &im->w;
	const char *p;
	size_t n;
	int rc;

	buf_reset(flags);
	buf_add(flags, "", 0);
	if (!wire_eat(w, '('))
		return wire_skip(w, f);
	for (wire_blank(w); !wire_eat(w, ')'); wire_blank(w)) {
		if ((n = wire_atom(w, &p)) == 0) { /* no flag, whatever it is */
			if ((rc = wire_skip(w, f)) != 1)
				return rc;
			continue;
		}
		if (flags->len > 0)
			buf_addc(flags, ' ');
		buf_add(flags, p, n);
	}
	r->have_flags = 1;
	return 1;
}

static int
item_date(struct imap *im, struct fetch_row *r, struct fail *f)
{
	struct buf b = {0};
	int rc = wire_string(&im->w, &b, f);

	if (rc != 1 || !date_parse_internal(b.data, b.len, &r->row.date))
		r->row.date = CLOCK_NONE;
	r->have_date = rc >= 0;
	buf_free(&b);
	return rc == 0 ? 1 : rc;
}

/* BODY[], or the fields that imap_want asks for: 1 its octets are next, 0. */
static int
item_body(struct wire *w, struct fail *f)
{
	int rc;

	if (wire_is(w, "BODY[]"))
		return 1;
	if (!wire_is(w, "BODY[HEADER.FIELDS"))
		return 0;
	wire_blank(w);
	rc = wire_skip(w, f);
	return rc == 1 && !wire_eat(w, ']') ? WIRE_BAD : rc;
}

int
row_items(
    struct imap *im, struct fetch_row *r, struct buf *flags, struct fail *f)
{
	struct wire *w = &im->w;

	for (;;) {
		int rc;

		wire_blank(w);
		if (wire_eat(w, ')'))
			return 1;
		if (wire_is(w, "UID")) {
			wire_blank(w);
			rc = item_uid(im, r);
		} else if (wire_is(w, "FLAGS")) {
			wire_blank(w);
			rc = item_flags(im, r, flags, f);
		} else if (wire_is(w, "INTERNALDATE")) {
			wire_blank(w);
			rc = item_date(im, r, f);
		} else if (wire_is(w, "RFC822.SIZE")) {
			wire_blank(w);
			r->have_size = wire_number(w, &r->row.size);
			rc = r->have_size ? 1 : wire_skip(w, f);
		} else if ((rc = item_body(w, f)) != 0) {
			wire_blank(w);
			return rc == 1 ? 2 : rc;
		} else {
			const char *p;

			if (wire_atom(w, &p) == 0)
				return WIRE_BAD;
			wire_blank(w);
			rc = wire_skip(w, f);
		}
		if (rc != 1)
			return rc;
	}
}

/* ---- windows ---- */

struct entry {
	uint32_t uid;
	uint64_t size;
	int64_t date;
	const char *flags;
};
struct scan {
	uint64_t next, width; /* UIDs: the first not asked for, how many */
	uint64_t from, since; /* before from only what has changed since */
	int over, failed;
	struct fail why;
	struct entry *row; /* of the window in hand, by UID */
	size_t n, at, room;
	struct intern *flags; /* of the window */
	const char *last_flags;
	size_t flag_octets;
	struct buf text;
	uint64_t count, exists, expunged, missing;
	int from_start;
	/* The tags of the only window, 0: none was asked. */
	uint32_t ahead, ahead_last;
};

void
scan_free(struct imap *im)
{
	struct scan *s = im->scan;

	if (s == NULL)
		return;
	intern_free(s->flags);
	buf_free(&s->text);
	free(s->row);
	free(s);
}

/* The last window, which is open at its end, if high is the greatest. */
static int
say_window(struct imap *im, uint64_t low, uint64_t high, uint64_t since,
    struct fail *f)
{
	if (imap_say(im, f,
		high == UINT32_MAX ? "UID FETCH %llu:*" : "UID FETCH %llu:%llu",
		(unsigned long long)low, (unsigned long long)high) == -1 ||
	    imap_say(im, f, " (UID FLAGS INTERNALDATE RFC822.SIZE)") == -1 ||
	    (since > 0 &&
		imap_say(im, f, " (CHANGEDSINCE %llu)",
		    (unsigned long long)since) == -1))
		return -1;
	return imap_end(im, f);
}

static uint32_t
first_uid(uint32_t from)
{
	return from > 0 ? from : 1;
}

/* What both calls must agree upon. */
static void
key_of(uint64_t key[2], uint32_t from, uint64_t since)
{
	key[0] = first_uid(from);
	key[1] = key[0] > 1 ? since : 0;
}

int
imap_ahead_scan(struct imap *im, uint32_t from, uint64_t since, struct fail *f)
{
	uint32_t first = im->tag + 1;
	uint64_t key[2];

	key_of(key, from, since);
	if (key[1] > 0 &&
	    (imap_begin_ahead(im, f) == -1 ||
		say_window(im, 1, key[0] - 1, key[1], f) == -1))
		return -1;
	if (imap_begin_ahead(im, f) == -1 ||
	    say_window(im, key[0], UINT32_MAX, 0, f) == -1)
		return -1;
	ahead_add(im, AHEAD_SCAN, 0, key, sizeof(key), first);
	return 1;
}

int
imap_scan(struct imap *im, uint32_t from, uint64_t since, struct fail *f)
{
	struct scan *s = im->scan;
	uint64_t key[2];

	if (fetch_drop(im, f) == -1)
		return -1;
	if (s == NULL)
		s = im->scan = mem_alloc(sizeof(*s));
	key_of(key, from, since);
	s->from = key[0];
	s->since = key[1];
	s->next = s->since > 0 ? 1 : s->from;
	s->width = STEP;
	s->failed = 0;
	s->n = s->at = 0;
	s->count = s->missing = 0;
	s->exists = im->sel.exists;
	s->expunged = im->expunged;
	s->from_start = s->from == 1;
	if (!ahead_take(
		im, AHEAD_SCAN, 0, key, sizeof(key), &s->ahead, &s->ahead_last))
		s->ahead = s->ahead_last = 0;
	/* Not asked: servers are known that call this BAD. */
	s->over = s->ahead == 0 && im->sel.has_exists && s->exists == 0;
	return 0;
}

static int
by_uid(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return (x->date < y->date) - (x->date > y->date); /* CLOCK_NONE last */
}

/* RFC 3501 promises no order, and a UID may come twice. */
static void
put_in_order(struct scan *s)
{
	size_t i, k = 0;

	for (i = 1; i < s->n && s->row[i - 1].uid < s->row[i].uid; i++)
		;
	if (i < s->n)
		qsort(s->row, s->n, sizeof(*s->row), by_uid);
	for (i = 0; i < s->n; i++)
		if (k == 0 || s->row[i].uid != s->row[k - 1].uid)
			s->row[k++] = s->row[i];
	s->n = k;
}

/* Rows without end, or the same again and again, must not take the memory. */
static int
make_room(struct imap *im, struct fail *f)
{
	struct scan *s = im->scan;
	size_t n = s->n;

	if (s->flag_octets > FLAG_OCTETS + s->n * FLAG_MEAN)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "FETCH", "flags without end");
	if (n < s->room)
		return 0;
	if (n >= STEP) {
		put_in_order(s);
		im->stray += n - s->n;
		if (im->stray > IMAP_STRAY)
			return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT,
			    AGAIN_NEVER, "FETCH",
			    "the same messages again and again");
		if (s->n < n / 2)
			return 0;
	}
	s->room = s->room ? 2 * s->room : 256;
	s->row = mem_resize(s->row, s->room, sizeof(*s->row));
	return 0;
}

static int
add_row(struct imap *im, const struct fetch_row *r, struct fail *f)
{
	struct scan *s = im->scan;
	struct entry *e;

	if (make_room(im, f) == -1)
		return -1;
	e = &s->row[s->n++];
	e->uid = r->row.uid;
	e->size = r->row.size;
	e->date = r->row.date;
	e->flags = "";
	if (!r->have_flags)
		return 1;
	e->flags = intern_str(s->flags, s->text.data, s->text.len);
	if (e->flags != s->last_flags)
		s->flag_octets += s->text.len;
	s->last_flags = e->flags;
	return 1;
}

/*
 * One FETCH answer: 1 a row of the window, 0 another.  Rows that nobody asked
 * for tell flags only; one that cannot be read behind its UID is a message all
 * the same.
 */
static int
take_row(struct imap *im, uint64_t low, uint64_t high, struct fail *f)
{
	struct fetch_row r = {.row = {.date = CLOCK_NONE}};
	struct wire *w = &im->w;
	int rc = WIRE_BAD, whole;

	wire_blank(w);
	if (wire_eat(w, '('))
		while ((rc = row_items(im, &r, &im->scan->text, f)) == 2)
			if ((rc = wire_skip(w, f)) != 1)
				break;
	whole = rc == 1;
	if (rc == -1 || wire_rest(w, f) == -1) {
		im->dead = 1;
		return -1;
	}
	if (!r.have_uid || r.row.uid < low || r.row.uid > high ||
	    (whole && !r.have_size && !r.have_date))
		return 0;
	if (add_row(im, &r, f) == 1)
		return 1;
	im->dead = 1;
	return -1;
}

/* Behind the rows that came before it. */
static void
fail_later(struct imap *im, enum answer a)
{
	struct scan *s = im->scan;

	if (a == ANSWER_OK || s->failed ||
	    (im->sel.exists == 0 && im->sel.has_exists))
		return;
	s->failed = 1;
	(void)imap_refused(im, a, "FETCH", CODE_PROTO, REACH_FOLDER, &s->why);
}

/* Until all tags from first to last have been answered. */
static int
read_window(struct imap *im, uint32_t first, uint32_t last, uint64_t low,
    uint64_t high, struct fail *f)
{
	uint32_t left = last - first + 1;
	struct reply r;

	while (left > 0) {
		int rc = imap_reply(im, &r, f);

		if (rc == 1 && r.kind == REPLY_TAGGED && r.tag >= first &&
		    r.tag <= last) {
			fail_later(im, r.answer);
			left--;
		}
		if (rc == 1 && r.kind == REPLY_FETCH)
			rc = take_row(im, low, high, f);
		else if (rc == 1)
			rc = 0;
		if (rc == -1 || (rc == 0 && imap_skip(im, &r, f) == -1))
			return -1;
	}
	put_in_order(im->scan);
	return 0;
}

/*
 * The last window is open at its end, since UIDNEXT and EXISTS may be wrong.
 * Where UIDs are sparse the windows grow, so that a folder takes a command
 * per STEP messages and a few more.
 */
static uint64_t
window_end(const struct imap *im, uint64_t low)
{
	const struct scan *s = im->scan;
	uint64_t high = low + s->width - 1;
	uint64_t left = s->exists > s->count ? s->exists - s->count : 0;

	if (s->since > 0 && low < s->from)
		return high < s->from ? high : s->from - 1;
	if (left <= STEP || high >= UINT32_MAX ||
	    (im->sel.uidnext != 0 && high + 1 >= im->sel.uidnext))
		return UINT32_MAX;
	return high;
}

static void
clear_window(struct scan *s)
{
	if (s->room / 4 > STEP) {
		free(s->row);
		s->row = NULL;
		s->room = 0;
	}
	s->n = s->at = 0;
	intern_free(s->flags);
	s->flags = intern_new();
	s->last_flags = NULL;
	s->flag_octets = 0;
}

static int
next_window(struct imap *im, struct fail *f)
{
	struct scan *s = im->scan;
	uint64_t low = s->next, high = UINT32_MAX;
	uint32_t first = s->ahead, last = s->ahead_last;
	int rc = fetch_drop(im, f);

	clear_window(s);
	s->ahead = 0;
	if (rc == 0 && first == 0) {
		high = window_end(im, low);
		if (imap_begin(im, f) == -1 ||
		    say_window(
			im, low, high, low < s->from ? s->since : 0, f) == -1)
			rc = -1;
		first = last = im->tag;
	}
	if (rc == 0)
		rc = read_window(im, first, last, low, high, f);
	s->over = rc == -1 || high == UINT32_MAX;
	s->next = high + 1;
	s->count += s->n;
	if (s->n < s->width / 4)
		s->width *= 2;
	return rc;
}

static void
count_missing(struct imap *im)
{
	struct scan *s = im->scan;
	uint64_t there = s->count + (im->expunged - s->expunged);

	if (s->from_start && s->exists > there)
		s->missing = s->exists - there;
}

int
imap_scan_next(struct imap *im, struct imap_row *row, struct fail *f)
{
	struct scan *s = im->scan;

	while (s->at == s->n) {
		if (s->failed) {
			s->failed = 0;
			s->over = 1;
			*f = s->why;
			return -1;
		}
		if (s->over) {
			count_missing(im);
			return 0;
		}
		if (next_window(im, f) == -1)
			return -1;
	}
	row->uid = s->row[s->at].uid;
	row->size = s->row[s->at].size;
	row->date = s->row[s->at].date;
	row->flags = s->row[s->at].flags;
	row->flags_len = strlen(row->flags);
	s->at++;
	return 1;
}

uint64_t
imap_scan_missing(const struct imap *im)
{
	return im->scan != NULL ? im->scan->missing : 0;
}
