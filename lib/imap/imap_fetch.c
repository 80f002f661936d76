/* imap_fetch.c: bodies, streamed; a body counts only if its UID was asked for
 * and has not come yet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

enum { PATIENCE = 10 }; /* Exchange ends a session at the tenth refusal */

struct bodies {
	uint32_t *want; /* rising */
	unsigned char *seen;
	size_t n;
	uint32_t first, last, left; /* tags, and how many are not answered */
	struct buf flags; /* of no use here */
	uint64_t body; /* octets of the literal still to come */
	uint64_t size; /* RFC822.SIZE of its message, as far as it has come */
	enum imap_part part;
	int in_body;
	struct spool *spool;
	int spooled; /* the body is in the spool */
	int dropping; /* nobody waits for what comes */
	/* What was refused together is asked for again, each alone. */
	int refused, trying, refusals;
	size_t alone; /* the next of want to be tried */
	struct fail why;
};

static struct bodies *
bodies(struct imap *im)
{
	if (im->fetch == NULL)
		im->fetch = mem_alloc(sizeof(*im->fetch));
	return im->fetch;
}

void
fetch_free(struct imap *im)
{
	struct bodies *b = im->fetch;

	if (b == NULL)
		return;
	free(b->want);
	free(b->seen);
	spool_free(b->spool);
	buf_free(&b->flags);
	free(b);
}

/* ---- asking ---- */

int
imap_set(
    struct imap *im, const uint32_t *u, size_t n, size_t *i, struct fail *f)
{
	size_t len = 0;

	while (*i < n && len < 900) {
		size_t k = *i;
		char run[32];

		while (k + 1 < n && u[k + 1] == u[k] + 1)
			k++;
		(void)snprintf(run, sizeof(run), k > *i ? "%s%u:%u" : "%s%u",
		    len ? "," : "", (unsigned int)u[*i], (unsigned int)u[k]);
		len += strlen(run);
		if (imap_say(im, f, "%s", run) == -1)
			return -1;
		*i = k + 1;
	}
	return 0;
}

/* From u[*i] on, as many as go; the tag has been said. */
static int
say_fetch(struct imap *im, const uint32_t *u, size_t n, size_t *i,
    enum imap_part part, struct fail *f)
{
	if (imap_say(im, f, "UID FETCH ") == -1 ||
	    imap_set(im, u, n, i, f) == -1)
		return -1;
	return imap_say(im, f,
	    part == IMAP_WHOLE
		? " (UID BODY.PEEK[])\r\n"
		: " (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID "
		  "DATE FROM)])\r\n");
}

static int
ask(struct imap *im, size_t *i, struct fail *f)
{
	struct bodies *b = im->fetch;

	if (imap_begin(im, f) == -1 ||
	    say_fetch(im, b->want, b->n, i, b->part, f) == -1)
		return -1;
	b->last = im->tag;
	b->left++;
	return 0;
}

int
imap_ahead_want(struct imap *im, const uint32_t *uids, size_t n, struct fail *f)
{
	uint32_t first = im->tag + 1;
	size_t i = 0;

	while (i < n)
		if (imap_begin_ahead(im, f) == -1 ||
		    say_fetch(im, uids, n, &i, IMAP_WHOLE, f) == -1)
			return -1;
	ahead_add(im, AHEAD_WANT, 0, uids, n * sizeof(*uids), first);
	return 1;
}

int
imap_want(struct imap *im, const uint32_t *uids, size_t n, enum imap_part part,
    const char *spool_dir, struct fail *f)
{
	struct bodies *b = bodies(im);
	size_t i = 0;

	if (fetch_drop(im, f) == -1)
		return -1;
	free(b->want);
	free(b->seen);
	b->want = mem_array(n, sizeof(*uids));
	b->seen = mem_alloc(n);
	if (n > 0)
		memcpy(b->want, uids, n * sizeof(*uids));
	b->n = n;
	b->part = part;
	b->refused = b->refusals = 0;
	b->trying = n == 1;
	b->alone = n == 1;
	if (b->spool == NULL)
		b->spool = spool_new(spool_dir);
	if (n > 0 && part == IMAP_WHOLE &&
	    ahead_take(im, AHEAD_WANT, 0, uids, n * sizeof(*uids), &b->first,
		&b->last)) {
		b->left = b->last - b->first + 1;
		return 0;
	}
	for (b->first = 0; i < n;) {
		if (ask(im, &i, f) == -1)
			return -1;
		if (b->first == 0)
			b->first = b->last;
	}
	return 0;
}

/* Where the UID stands in what was asked for and not had yet; n if not. */
static size_t
place(const struct bodies *b, uint32_t uid)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (b->want[mid] < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return low < b->n && b->want[low] == uid && !b->seen[low] ? low : b->n;
}

/* ---- one answer ---- */

enum { BODY_NIL = 0, BODY_LITERAL = 1, BODY_SPOOLED = 2 };

/* What stands behind BODY[]; a literal's octets are next. */
static int
body_value(struct imap *im, struct fail *f)
{
	struct bodies *b = im->fetch;
	struct buf text = {0};
	int rc = wire_literal(&im->w, &b->body);

	if (rc == 1 && b->body > IMAP_BODY)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "FETCH", "a message of more than 1 TiB");
	if (rc == 1) {
		b->in_body = 1;
		return BODY_LITERAL;
	}
	if (rc == WIRE_BAD)
		return rc;
	rc = wire_string(&im->w, &text, f);
	if (rc == 1) {
		spool_reset(b->spool);
		rc = spool_add(b->spool, text.data, text.len, f) == -1
		    ? -1
		    : BODY_SPOOLED;
	}
	buf_free(&text);
	return rc;
}

static int
some(struct imap *im, const char **p, size_t *n, struct fail *f)
{
	struct bodies *b = im->fetch;
	int rc = stream_some(
	    im->w.stream, p, n, b->body > 65536 ? 65536 : (size_t)b->body, f);

	if (rc == 1) {
		b->body -= *n;
		return 1;
	}
	im->dead = 1;
	return rc == -1 ? -1
			: imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
			      "FETCH", "the connection ended within a message");
}

/* A body whose UID is not known yet waits in the spool. */
static int
spool_body(struct imap *im, struct fail *f)
{
	struct bodies *b = im->fetch;
	const char *p;
	size_t n;

	spool_reset(b->spool);
	while (b->body > 0)
		if (some(im, &p, &n, f) == -1 ||
		    spool_add(b->spool, p, n, f) == -1)
			return -1;
	b->in_body = 0;
	return wire_more(&im->w, f);
}

/* The items behind a body; another body in the same row is of no use. */
static int
leave_row(struct imap *im, struct fail *f)
{
	struct fetch_row r = {0};
	int rc;

	while ((rc = row_items(im, &r, &im->fetch->flags, f)) == 2)
		if ((rc = wire_skip(&im->w, f)) != 1)
			break;
	if (r.have_size)
		im->fetch->size = r.row.size;
	return rc == WIRE_BAD ? wire_rest(&im->w, f) : rc == -1 ? -1 : 0;
}

int
fetch_leave(struct imap *im, struct fail *f)
{
	struct bodies *b = im->fetch;

	if (b == NULL || !b->in_body)
		return 0;
	b->in_body = 0;
	if (im->dead)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "FETCH", "the connection is gone");
	if (wire_drop(&im->w, b->body, f) == 0 && wire_more(&im->w, f) == 1 &&
	    leave_row(im, f) == 0)
		return 0;
	im->dead = 1;
	return -1;
}

/* Items up to a body that can be handed out: 1 it streams, is in the spool or
 * (*nil) is none; 0 there is none; -1. */
static int
find_body(struct imap *im, struct fetch_row *r, int *nil, struct fail *f)
{
	struct bodies *b = im->fetch;
	int rc;

	while ((rc = row_items(im, r, &b->flags, f)) == 2) {
		if (b->spooled) {
			if ((rc = wire_skip(&im->w, f)) != 1)
				break;
			continue;
		}
		rc = body_value(im, f);
		if (rc == BODY_LITERAL && r->have_uid)
			return 1;
		if (rc == BODY_LITERAL && spool_body(im, f) == -1)
			return -1;
		if (rc < 0)
			break;
		*nil = rc == BODY_NIL;
		b->spooled = rc != BODY_NIL;
	}
	if (rc == WIRE_BAD)
		return wire_rest(&im->w, f); /* this row only */
	return rc == -1 ? -1 : b->spooled || *nil;
}

/* 1 the body of *uid begins, 0 nothing of use, -1 (*uid set: only this). */
static int
take_row(struct imap *im, uint32_t *uid, uint64_t *len, struct fail *f)
{
	struct bodies *b = im->fetch;
	struct fetch_row r = {0};
	int nil = 0, rc;
	size_t at;

	b->spooled = 0;
	wire_blank(&im->w);
	rc = wire_eat(&im->w, '(') ? find_body(im, &r, &nil, f)
				   : wire_rest(&im->w, f);
	if (rc == -1)
		im->dead = 1;
	if (rc != 1 || !r.have_uid)
		return rc == 1 ? 0 : rc;
	if ((at = place(b, r.row.uid)) == b->n) {
		if (b->in_body && !b->dropping &&
		    wire_waste(&im->w, b->body, f) == -1) {
			im->dead = 1;
			return -1;
		}
		return fetch_leave(im, f);
	}
	b->seen[at] = 1;
	b->size = r.have_size ? r.row.size : 0;
	*uid = r.row.uid;
	if (nil)
		return imap_fail(im, f, CODE_BADMSG, REACH_MESSAGE, AGAIN_NEVER,
		    "FETCH", "the server sends NIL for this message");
	*len = b->spooled ? spool_len(b->spool) : b->body;
	return b->spooled && spool_rewind(b->spool, f) == -1 ? -1 : 1;
}

/* ---- what was refused ---- */

/* The failure of the first that has not come: -1 and *uid, or 0. */
static int
give_up(struct imap *im, uint32_t *uid, struct fail *f)
{
	struct bodies *b = im->fetch;

	for (; b->alone < b->n; b->alone++)
		if (!b->seen[b->alone]) {
			*uid = b->want[b->alone];
			b->seen[b->alone++] = 1;
			*f = b->why;
			return -1;
		}
	return 0;
}

/* A tagged answer.  0, or -1 with *uid for one message, or for all. */
static int
answered(struct imap *im, enum answer a, uint32_t *uid, struct fail *f)
{
	struct bodies *b = im->fetch;

	b->left--;
	if (a == ANSWER_OK)
		b->refusals = 0;
	if (a == ANSWER_OK || b->dropping)
		return 0;
	(void)imap_refused(im, a, "FETCH", CODE_BADMSG, REACH_MESSAGE, &b->why);
	if (b->why.code == CODE_THROTTLED) { /* all of them had to wait */
		b->why.reach = REACH_ENDPOINT;
		*f = b->why;
		return -1;
	}
	b->refused = 1;
	if (!b->trying)
		return 0;
	b->refusals++;
	if (b->seen[b->alone - 1])
		return 0;
	b->alone--;
	return give_up(im, uid, f);
}

/* 1 one more is asked for, 0 no more, -1. */
static int
try_alone(struct imap *im, uint32_t *uid, struct fail *f)
{
	struct bodies *b = im->fetch;
	size_t n = b->n;
	int rc;

	if (b->dropping || !b->refused)
		return 0;
	b->trying = 1;
	if (b->refusals >= PATIENCE)
		return give_up(im, uid, f);
	while (b->alone < n && b->seen[b->alone])
		b->alone++;
	if (b->alone == n)
		return 0;
	b->n = b->alone + 1; /* of the set only this one */
	rc = ask(im, &b->alone, f);
	b->first = b->last;
	b->n = n;
	return rc == -1 ? -1 : 1;
}

int
imap_body(struct imap *im, uint32_t *uid, uint64_t *len, struct fail *f)
{
	struct bodies *b = im->fetch;
	struct reply r;
	int rc;

	if (b == NULL)
		return 0;
	if (fetch_leave(im, f) == -1)
		return -1;
	b->spooled = 0;
	while (b->left > 0 || (rc = try_alone(im, uid, f)) == 1) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag >= b->first &&
		    r.tag <= b->last) {
			if (answered(im, r.answer, uid, f) == -1)
				return -1;
			continue;
		}
		if (r.kind == REPLY_FETCH &&
		    (rc = take_row(im, uid, len, f)) != 0)
			return rc;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	return rc;
}

int
fetch_drop(struct imap *im, struct fail *f)
{
	struct bodies *b = im->fetch;
	uint32_t uid;
	uint64_t len;
	int rc;

	if (b == NULL || (b->left == 0 && !b->in_body))
		return 0;
	b->n = 0;
	b->dropping = 1;
	while ((rc = imap_body(im, &uid, &len, f)) == 1)
		;
	b->dropping = 0;
	return rc;
}

int
imap_read(struct imap *im, const char **p, size_t *n, struct fail *f)
{
	struct bodies *b = im->fetch;

	if (b->spooled)
		return spool_read(b->spool, p, n, f);
	if (!b->in_body || b->body == 0)
		return 0;
	return some(im, p, n, f);
}

int
imap_body_size(struct imap *im, uint64_t *size, struct fail *f)
{
	if (fetch_leave(im, f) == -1)
		return -1;
	*size = im->fetch->size;
	return 0;
}
