/*
 * imap_append.c: messages in.  Batches by MULTIAPPEND (RFC 3502) where it is
 * offered, else a window of commands; LITERAL+ and LITERAL- (RFC 7888), else
 * literals that wait.
 */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

enum { BATCH = 100, BATCH_OCTETS = 1 << 20 };

void
imap_window(struct imap *im, unsigned int n)
{
	im->append.window = n;
}

size_t
imap_outstanding(const struct imap *im)
{
	const struct sent *s;
	const struct got *g;
	size_t n = 0;

	for (s = im->append.first; s != NULL; s = s->next)
		n += s->n;
	for (g = im->append.got; g != NULL; g = g->next)
		n++;
	return n;
}

/* ---- answers ---- */

static struct imap_receipt *
add_receipt(struct imap *im, uint64_t cookie)
{
	struct got *g = mem_alloc(sizeof(*g));

	g->r.cookie = cookie;
	*im->append.got_tail = g;
	im->append.got_tail = &g->next;
	return &g->r;
}

uint32_t
append_nth_uid(const char *set, size_t i)
{
	for (;;) {
		size_t n = strspn(set, "0123456789");
		uint64_t low, high;

		if (!text_u64(set, n, &low))
			return 0;
		high = low;
		set += n;
		if (*set == ':') {
			n = strspn(++set, "0123456789");
			if (!text_u64(set, n, &high))
				return 0;
			set += n;
		}
		if (high < low || high > UINT32_MAX)
			return 0;
		if (i <= high - low)
			return (uint32_t)(low + i);
		i -= (size_t)(high - low) + 1;
		if (*set++ != ',')
			return 0;
	}
}

static void
accepted(struct imap *im, const struct sent *s)
{
	const char *p = NULL, *set = NULL;
	uint64_t validity = 0;
	size_t i;

	if (imap_code(im, "APPENDUID", &p)) {
		size_t n = strspn(p, "0123456789");

		if (text_u64(p, n, &validity) && validity <= UINT32_MAX &&
		    p[n] == ' ')
			set = p + n + 1;
		/* More or fewer UIDs than messages: none can be told apart. */
		if (set != NULL &&
		    (append_nth_uid(set, s->n - 1) == 0 ||
			append_nth_uid(set, s->n) != 0))
			set = NULL;
	}
	for (i = 0; i < s->n; i++) {
		struct imap_receipt *r = add_receipt(im, s->cookie[i]);

		r->ok = 1;
		r->uidvalidity = set != NULL ? (uint32_t)validity : 0;
		r->uid = set != NULL ? append_nth_uid(set, i) : 0;
	}
}

static void
refused(struct imap *im, const struct sent *s, enum answer a, int again)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct imap_receipt *r = add_receipt(im, s->cookie[i]);

		r->again = again;
		r->why = mem_alloc(sizeof(*r->why));
		(void)imap_refused(
		    im, a, "APPEND", CODE_BADMSG, REACH_MESSAGE, r->why);
	}
}

static void
finish(struct imap *im, struct sent *s, enum answer a)
{
	struct sent **link = &im->append.first;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	if (im->append.tail == &s->next)
		im->append.tail = link;
	im->append.under_way--;
	if (a == ANSWER_OK)
		accepted(im, s);
	else
		refused(im, s, a, s->n > 1);
	free(s->text);
	free(s);
}

int
append_tagged(struct imap *im, uint32_t tag, enum answer a, struct fail *f)
{
	struct sent *s = im->append.first;

	while (s != NULL && s->tag != tag)
		s = s->next;
	if (s == NULL || tag == im->asking)
		return 0;
	if (s != im->append.open) {
		finish(im, s, a);
		return 1;
	}
	/* Ahead of the end of the command, which must still be sent. */
	if (a == ANSWER_OK || s->refused)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "APPEND", "an answer to what has not been said");
	s->refused = 1;
	s->answer = a;
	s->text = mem_strdup(im->text.data);
	return 1;
}

/* ---- commands ---- */

int
append_end_batch(struct imap *im, struct fail *f)
{
	struct sent *s = im->append.open;

	if (s == NULL)
		return 0;
	im->append.open = NULL;
	if (imap_end(im, f) == -1)
		return -1;
	if (s->refused) {
		buf_reset(&im->text);
		buf_adds(&im->text, s->text);
		finish(im, s, s->answer);
	}
	return 0;
}

/* Takes one answer in, whatever it is. */
static int
one_answer(struct imap *im, struct fail *f)
{
	struct reply r;

	if (imap_reply(im, &r, f) == -1)
		return -1;
	return imap_skip(im, &r, f);
}

static int
wait_window(struct imap *im, size_t most, struct fail *f)
{
	while (im->append.under_way > most)
		if (one_answer(im, f) == -1)
			return -1;
	return 0;
}

static int
joins(
    const struct imap *im, const char *raw, size_t n, const struct imap_put *p)
{
	const struct sent *s = im->append.open;

	return s != NULL && !s->refused && !im->append.alone && !p->alone &&
	    p->len > 0 && s->n < BATCH &&
	    im->append.bytes + p->len <= BATCH_OCTETS &&
	    im->append.box.len == n && memcmp(im->append.box.data, raw, n) == 0;
}

static int
begin_batch(struct imap *im, const char *raw, size_t n, struct fail *f)
{
	struct sent *s;

	if (append_end_batch(im, f) == -1 ||
	    wait_window(im, im->append.window - 1, f) == -1 ||
	    fetch_leave(im, f) == -1 || imap_begin_ahead(im, f) == -1 ||
	    imap_say(im, f, "APPEND ") == -1 ||
	    imap_string(im, raw, n, f) == -1)
		return -1;
	s = mem_alloc(sizeof(*s));
	s->tag = im->tag;
	*im->append.tail = s;
	im->append.tail = &s->next;
	im->append.open = s;
	im->append.under_way++;
	im->append.bytes = 0;
	buf_reset(&im->append.box);
	buf_add(&im->append.box, raw, n);
	return 0;
}

/*
 * The batch in hand was refused at the literal of its newest message, which
 * fails by itself; those before it in the batch may be tried alone.
 */
static int
refused_early(struct imap *im, enum answer a, struct fail *f)
{
	struct sent *s = im->append.open;

	im->append.open = NULL;
	s->n--;
	refused(im, s, a, 1);
	s->n = 0;
	finish(im, s, a);
	return imap_refused(im, a, "APPEND", CODE_BADMSG, REACH_MESSAGE, f);
}

int
imap_put(struct imap *im, const char *raw, size_t n, const struct imap_put *p,
    struct fail *f)
{
	char date[32];
	enum answer a;
	int rc;

	if (im->dead)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "APPEND", "the connection is gone");
	if (im->append_limit != 0 && p->len > im->append_limit)
		return imap_fail(im, f, CODE_TOOBIG, REACH_MESSAGE, AGAIN_NEVER,
		    "APPEND", "%llu octets, the server takes %llu",
		    (unsigned long long)p->len,
		    (unsigned long long)im->append_limit);
	if (imap_flags(im, p->flags, f) == -1 ||
	    (!joins(im, raw, n, p) && begin_batch(im, raw, n, f) == -1))
		return -1;
	/* RFC 3502: an empty message would call the batch off. */
	im->append.alone = p->alone || p->len == 0;
	im->append.open->cookie[im->append.open->n++] = p->cookie;
	im->append.bytes += p->len;
	im->append.left = p->len;
	if (imap_say(im, f, " (") == -1 ||
	    imap_out(im, p->flags, strlen(p->flags), f) == -1 ||
	    imap_say(im, f, ") ") == -1)
		return -1;
	/* GNU imap4d refuses an APPEND without a date. */
	date_format_internal(
	    date, p->date != CLOCK_NONE ? p->date : clock_now());
	if (imap_say(im, f, "\"%s\" ", date) == -1)
		return -1;
	rc = imap_literal(im, p->len, &a, f);
	if (rc == 0)
		return refused_early(im, a, f);
	return rc == -1 ? -1 : 0;
}

int
imap_write(struct imap *im, const char *p, size_t n, struct fail *f)
{
	if (n > im->append.left)
		abort();
	im->append.left -= n;
	return imap_out(im, p, n, f);
}

int
imap_put_end(struct imap *im, struct fail *f)
{
	if (im->append.left > 0)
		abort();
	if ((im->caps & CAP_MULTIAPPEND) != 0 && !im->append.alone &&
	    im->append.open->n < BATCH && im->append.bytes < BATCH_OCTETS)
		return 0;
	return append_end_batch(im, f);
}

int
imap_flush(struct imap *im, struct fail *f)
{
	if (append_end_batch(im, f) == -1)
		return -1;
	return stream_flush(im->w.stream, f);
}

void
imap_abort(struct imap *im)
{
	struct sent *s;
	struct got *g;

	im->dead = 1;
	im->append.open = NULL;
	im->append.under_way = 0;
	while ((s = im->append.first) != NULL) {
		im->append.first = s->next;
		free(s->text);
		free(s);
	}
	while ((g = im->append.got) != NULL) {
		im->append.got = g->next;
		free(g->r.why);
		free(g);
	}
	im->append.tail = &im->append.first;
	im->append.got_tail = &im->append.got;
}

int
imap_settle(struct imap *im, struct imap_receipt *r, int wait, struct fail *f)
{
	struct got *g;

	while (im->append.got == NULL) {
		int rc = 1;

		if (im->append.under_way - (im->append.open != NULL) == 0) {
			if (im->append.open == NULL || !wait)
				return 0;
			if (append_end_batch(im, f) == -1)
				return -1;
		}
		if (!wait && (rc = stream_ready(im->w.stream, f)) != 1)
			return rc;
		if (im->dead)
			return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT,
			    AGAIN_NOW, "APPEND", "the connection is gone");
		if (one_answer(im, f) == -1)
			return -1;
	}
	g = im->append.got;
	im->append.got = g->next;
	if (im->append.got == NULL)
		im->append.got_tail = &im->append.got;
	*r = g->r;
	if (g->r.why != NULL) {
		im->append.why = *g->r.why;
		r->why = &im->append.why;
		free(g->r.why);
	}
	free(g);
	return 1;
}
