/* imap_fetch.c: metadata and bodies, streamed; rows count by UID only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

/* ---- one FETCH answer ---- */

static int
item_flags(struct imap *im, struct fetch_row *r)
{
	struct wire *w = &im->w;
	const char *p;
	size_t n;

	buf_reset(&im->fetch.flags);
	buf_add(&im->fetch.flags, "", 0);
	if (!wire_eat(w, '('))
		return WIRE_BAD;
	for (wire_blank(w); (n = wire_atom(w, &p)) > 0; wire_blank(w)) {
		if (im->fetch.flags.len > 0)
			buf_addc(&im->fetch.flags, ' ');
		buf_add(&im->fetch.flags, p, n);
	}
	r->row.flags = im->fetch.flags.data;
	r->row.flags_len = im->fetch.flags.len;
	r->have_flags = 1;
	return wire_eat(w, ')') ? 1 : WIRE_BAD;
}

static int
item_date(struct imap *im, struct fetch_row *r, struct fail *f)
{
	struct buf b = {0};
	int rc = wire_string(&im->w, &b, f);

	r->row.date = CLOCK_NONE;
	if (rc == 1 && !date_parse_internal(b.data, b.len, &r->row.date))
		r->row.date = CLOCK_NONE;
	r->have_date = rc >= 0;
	buf_free(&b);
	return rc == 0 ? 1 : rc;
}

/* A body: 2 its octets are next; NIL and quoted bodies are taken whole. */
static int
item_body(struct imap *im, struct fail *f)
{
	struct buf b = {0};
	uint64_t len;
	int rc = wire_literal(&im->w, &len);

	if (rc == 1) {
		im->fetch.body = len;
		im->fetch.in_body = 1;
		im->fetch.spooled = 0;
		return 2;
	}
	if (rc == WIRE_BAD)
		return rc;
	rc = wire_string(&im->w, &b, f);
	if (rc == 1) {
		spool_reset(im->fetch.spool);
		rc =
		    spool_add(im->fetch.spool, b.data, b.len, f) == -1 ? -1 : 3;
	}
	buf_free(&b);
	return rc == 0 ? 1 : rc; /* NIL: as if it had not been sent */
}

static int
item(struct imap *im, struct fetch_row *r, const char *name, struct fail *f)
{
	struct wire *w = &im->w;
	uint64_t v;

	if (strcmp(name, "UID") == 0) {
		if (!wire_number(w, &v) || v == 0 || v > UINT32_MAX)
			return WIRE_BAD;
		r->row.uid = (uint32_t)v;
		r->have_uid = 1;
		return 1;
	}
	if (strcmp(name, "RFC822.SIZE") == 0) {
		r->have_size = wire_number(w, &r->row.size);
		return r->have_size ? 1 : wire_skip(w, f);
	}
	if (strcmp(name, "FLAGS") == 0)
		return item_flags(im, r);
	if (strcmp(name, "INTERNALDATE") == 0)
		return item_date(im, r, f);
	if (strcmp(name, "BODY[]") == 0 && im->fetch.n > 0)
		return item_body(im, f);
	return wire_skip(w, f);
}

/* Items up to a body or the end; r keeps what earlier calls found. */
static int
items(struct imap *im, struct fetch_row *r, struct fail *f)
{
	struct wire *w = &im->w;

	for (;;) {
		char name[64];
		const char *p;
		size_t n, i;
		int rc;

		wire_blank(w);
		if (wire_eat(w, ')'))
			return 1;
		n = wire_atom(w, &p);
		if (n == 0 || n >= sizeof(name))
			return WIRE_BAD;
		for (i = 0; i < n; i++)
			name[i] = (char)(p[i] >= 'a' && p[i] <= 'z' ? p[i] - 32
								    : p[i]);
		name[n] = '\0';
		wire_blank(w);
		rc = item(im, r, name, f);
		if (rc == 3)
			im->fetch.spooled = 1;
		else if (rc != 1)
			return rc;
	}
}

static int
after_body(struct imap *im, struct fail *f)
{
	if (wire_line(&im->w, f) == 1)
		return 0;
	im->dead = 1;
	return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW, "FETCH",
	    "the connection ended behind a message");
}

/* A body whose UID is not known yet waits in the spool. */
static int
spool_body(struct imap *im, struct fail *f)
{
	spool_reset(im->fetch.spool);
	while (im->fetch.body > 0) {
		const char *p;
		size_t n;
		int rc = stream_some(im->w.stream, &p, &n,
		    im->fetch.body > 65536 ? 65536 : (size_t)im->fetch.body, f);

		if (rc != 1)
			return rc == -1
			    ? -1
			    : imap_fail(im, f, CODE_CONN, REACH_ENDPOINT,
				  AGAIN_NOW, "FETCH",
				  "the connection ended "
				  "within a message");
		im->fetch.body -= n;
		if (spool_add(im->fetch.spool, p, n, f) == -1)
			return -1;
	}
	im->fetch.in_body = 0;
	im->fetch.spooled = 1;
	return after_body(im, f);
}

int
fetch_row(struct imap *im, struct fetch_row *r, struct fail *f)
{
	struct wire *w = &im->w;
	int rc;

	memset(r, 0, sizeof(*r));
	r->row.date = CLOCK_NONE;
	r->row.flags = "";
	im->fetch.spooled = 0;
	wire_blank(w);
	if (!wire_eat(w, '('))
		return wire_rest(w, f);
	while ((rc = items(im, r, f)) == 2) {
		if (r->have_uid)
			return 2;
		if (spool_body(im, f) == -1)
			return -1;
	}
	if (rc == WIRE_BAD)
		return wire_rest(w, f); /* this row only */
	return rc == -1 ? -1 : r->have_uid;
}

/* ---- metadata ---- */

int
imap_scan(struct imap *im, uint32_t from, struct fail *f)
{
	im->fetch.from = im->fetch.last = from > 0 ? from - 1 : 0;
	im->fetch.n = 0;
	im->fetch.left = 0;
	if (im->sel.exists == 0 && from == 0)
		return 0;
	if (imap_begin(im, f) == -1 ||
	    imap_say(im, "UID FETCH %u:* (UID FLAGS INTERNALDATE RFC822.SIZE)",
		from > 0 ? (unsigned int)from : 1u) == -1 ||
	    imap_end(im, f) == -1)
		return -1;
	im->fetch.tag = im->tag;
	im->fetch.left = 1;
	return 0;
}

int
imap_scan_next(struct imap *im, struct imap_row *row, struct fail *f)
{
	struct fetch_row fr;
	struct reply r;
	int rc;

	while (im->fetch.left > 0) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == im->fetch.tag) {
			im->fetch.left = 0;
			if (r.answer != ANSWER_OK)
				return imap_refused(im, r.answer, "FETCH",
				    CODE_PROTO, REACH_FOLDER, f);
			break;
		}
		if (r.kind != REPLY_FETCH) {
			if (imap_skip(im, &r, f) == -1)
				return -1;
			continue;
		}
		if ((rc = fetch_row(im, &fr, f)) == -1) {
			im->dead = 1;
			return -1;
		}
		/* Rows that nobody asked for have flags only; twice is once. */
		if (rc == 1 && fr.have_flags &&
		    (fr.have_size || fr.have_date) &&
		    fr.row.uid > im->fetch.last) {
			im->fetch.last = fr.row.uid;
			*row = fr.row;
			return 1;
		}
	}
	return 0;
}

/* ---- bodies ---- */

/* As many runs of UIDs as fit a line that every server takes. */
static size_t
say_set(struct imap *im, size_t i, size_t n)
{
	const uint32_t *u = im->fetch.want;
	size_t len = 0;

	while (i < n && len < 900) {
		size_t k = i;
		char run[32];

		while (k + 1 < n && u[k + 1] == u[k] + 1)
			k++;
		(void)snprintf(run, sizeof(run), k > i ? "%s%u:%u" : "%s%u",
		    len ? "," : "", (unsigned int)u[i], (unsigned int)u[k]);
		len += strlen(run);
		(void)imap_say(im, "%s", run);
		i = k + 1;
	}
	return i;
}

int
imap_want(struct imap *im, const uint32_t *uids, size_t n,
    const char *spool_dir, struct fail *f)
{
	size_t i = 0;

	free(im->fetch.want);
	free(im->fetch.seen);
	im->fetch.want = mem_array(n, sizeof(*uids));
	im->fetch.seen = mem_alloc(n);
	memcpy(im->fetch.want, uids, n * sizeof(*uids));
	im->fetch.n = n;
	im->fetch.left = 0;
	im->fetch.in_body = im->fetch.refused = 0;
	if (im->fetch.spool == NULL)
		im->fetch.spool = spool_new(spool_dir);
	while (i < n) {
		if (imap_begin(im, f) == -1 || imap_say(im, "UID FETCH ") == -1)
			return -1;
		i = say_set(im, i, n);
		if (imap_say(im, " (UID BODY.PEEK[])") == -1 ||
		    imap_end(im, f) == -1)
			return -1;
		im->fetch.left++;
	}
	im->fetch.tag = im->tag;
	return 0;
}

/* Where the UID stands in what was asked for and not had yet; n if not. */
static size_t
place(const struct imap *im, uint32_t uid)
{
	size_t low = 0, high = im->fetch.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (im->fetch.want[mid] < uid)
			low = mid + 1;
		else
			high = mid;
	}
	if (low < im->fetch.n && im->fetch.want[low] == uid &&
	    !im->fetch.seen[low])
		return low;
	return im->fetch.n;
}

/* Leaves the body in hand, read or not. */
static int
leave_body(struct imap *im, struct fail *f)
{
	struct fetch_row rest = {0};
	int rc;

	if (!im->fetch.in_body)
		return 0;
	im->fetch.in_body = 0;
	if (wire_drop(&im->w, im->fetch.body, f) == -1 ||
	    after_body(im, f) == -1) {
		im->dead = 1;
		return -1;
	}
	/* What follows it in the row is of no use; a second body neither. */
	while ((rc = items(im, &rest, f)) == 2) {
		im->fetch.in_body = 0;
		if (wire_drop(&im->w, im->fetch.body, f) == -1 ||
		    after_body(im, f) == -1)
			return -1;
	}
	return rc == WIRE_BAD ? wire_rest(&im->w, f) : rc == -1 ? -1 : 0;
}

/* 1 the body of *uid begins, 0 nothing of use. */
static int
take_row(struct imap *im, uint32_t *uid, uint64_t *len, struct fail *f)
{
	struct fetch_row fr;
	int rc = fetch_row(im, &fr, f);
	size_t at;

	if (rc == -1) {
		im->dead = 1;
		return -1;
	}
	if (rc == 0 || (rc == 1 && !im->fetch.spooled))
		return 0;
	at = place(im, fr.row.uid);
	if (at == im->fetch.n)
		return leave_body(im, f);
	im->fetch.seen[at] = 1;
	*uid = fr.row.uid;
	if (rc == 1) {
		*len = spool_len(im->fetch.spool);
		return spool_rewind(im->fetch.spool, f) == -1 ? -1 : 1;
	}
	*len = im->fetch.body;
	return 1;
}

int
imap_body(struct imap *im, uint32_t *uid, uint64_t *len, struct fail *f)
{
	struct reply r;
	int rc;

	if (leave_body(im, f) == -1)
		return -1;
	while (im->fetch.left > 0) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED) {
			im->fetch.left--;
			if (r.answer != ANSWER_OK && !im->fetch.refused) {
				im->fetch.refused = 1;
				(void)imap_refused(im, r.answer, "FETCH",
				    CODE_BADMSG, REACH_MESSAGE, &im->fetch.why);
			}
			continue;
		}
		if (r.kind != REPLY_FETCH) {
			if (imap_skip(im, &r, f) == -1)
				return -1;
			continue;
		}
		if ((rc = take_row(im, uid, len, f)) != 0)
			return rc;
	}
	if (im->fetch.refused) {
		size_t i;

		/* Each message that did not come is refused by name. */
		for (i = 0; i < im->fetch.n; i++)
			if (!im->fetch.seen[i]) {
				im->fetch.seen[i] = 1;
				*uid = im->fetch.want[i];
				*f = im->fetch.why;
				return -1;
			}
	}
	return 0;
}

int
imap_read(struct imap *im, const char **p, size_t *n, struct fail *f)
{
	int rc;

	if (im->fetch.spooled)
		return spool_read(im->fetch.spool, p, n, f);
	if (!im->fetch.in_body || im->fetch.body == 0)
		return 0;
	rc = stream_some(im->w.stream, p, n,
	    im->fetch.body > 65536 ? 65536 : (size_t)im->fetch.body, f);
	if (rc == 1) {
		im->fetch.body -= *n;
		return 1;
	}
	im->dead = 1;
	return rc == -1 ? -1
			: imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
			      "FETCH", "the connection ended within a message");
}
