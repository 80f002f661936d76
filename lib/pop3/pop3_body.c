/* pop3_body.c: whole messages, dots unstuffed, by TOP or RETR. */
#include <inttypes.h>
#include <string.h>

#include "pop3/pop3_p.h"

enum {
	AHEAD = 32, /* commands under way, where PIPELINING allows */
	LINES = 2147483647 /* of a body: all of them, in the eyes of TOP */
};

/* ---- the end of a message, and its dots ---- */

/*
 * RFC 1939 section 3: a line that begins with a dot loses it, and one that is
 * a dot alone ends the message.  Lines end with CRLF; a bare LF is part of
 * one (else ".\n" inside a message would cut it), but from a server that
 * ends its answers with bare LFs.
 */
struct unstuff {
	enum { START, DOT, DOT_CR, TEXT } at;
	int bare_lf, last; /* the octet before, in TEXT */
	uint64_t most; /* octets that are believed */
};

static int
emit(struct pop3 *p, const char *s, size_t n, struct fail *f)
{
	return n > 0 ? spool_add(p->body.spool, s, n, f) : 0;
}

/* Text up to and with the end of its line, or all of it. */
static size_t
text_run(struct unstuff *u, const char *s, size_t n)
{
	size_t at = 0;

	while (at < n) {
		const char *lf = memchr(s + at, '\n', n - at);
		int before;

		if (lf == NULL)
			break;
		at = (size_t)(lf - s) + 1;
		before = at >= 2 ? (unsigned char)s[at - 2] : u->last;
		if (u->bare_lf || before == '\r') {
			u->at = START;
			return at;
		}
	}
	u->last = (unsigned char)s[n - 1];
	return n;
}

/*
 * Eats from s[0..n): how many octets, *end set when the message is over.
 * The dot of DOT is dropped; the CR of DOT_CR is text unless LF follows.
 */
static int
unstuff(struct pop3 *p, struct unstuff *u, const char *s, size_t n,
    size_t *eaten, int *end, struct fail *f)
{
	size_t i = 0;

	*end = 0;
	while (i < n && !*end) {
		size_t run;

		if (u->at == START && s[i] == '.') {
			u->at = DOT;
			i++;
			continue;
		}
		if (u->at == DOT && s[i] == '\r') {
			u->at = DOT_CR;
			i++;
			continue;
		}
		if (s[i] == '\n' &&
		    (u->at == DOT_CR || (u->at == DOT && u->bare_lf))) {
			*end = 1;
			i++;
			break;
		}
		if (u->at == DOT_CR && emit(p, "\r", 1, f) == -1)
			return -1;
		if (u->at != TEXT)
			u->last = u->at == DOT_CR ? '\r' : '\0';
		u->at = TEXT;
		run = text_run(u, s + i, n - i);
		if (emit(p, s + i, run, f) == -1)
			return -1;
		i += run;
	}
	*eaten = i;
	return 0;
}

static int
take_body(struct pop3 *p, uint64_t octets, struct fail *f)
{
	struct unstuff u = {.bare_lf = p->bare_lf,
	    .most =
		octets > UINT64_MAX / 4 ? UINT64_MAX : 2 * octets + POP3_SLACK};
	const char *s;
	size_t n, eaten;
	int rc, end = 0;

	spool_reset(p->body.spool);
	while (!end) {
		rc = stream_some(p->stream, &s, &n, 65536, f);
		if (rc == 0)
			return pop3_fail(p, f, CODE_CONN, AGAIN_NOW, "read",
			    "the connection ended within a message");
		if (rc == -1 || unstuff(p, &u, s, n, &eaten, &end, f) == -1) {
			p->dead = 1;
			return -1;
		}
		stream_unread(p->stream, n - eaten);
		if (spool_len(p->body.spool) > u.most)
			return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "read",
			    "a message goes on and on, beyond twice the "
			    "%" PRIu64 " octets that LIST announced",
			    octets);
	}
	return spool_rewind(p->body.spool, f);
}

/* ---- asking ---- */

static int
ask(struct pop3 *p, struct fail *f)
{
	size_t ahead = (p->have & HAVE_PIPELINING) != 0 ? AHEAD : 1;

	/* Until TOP has worked once, it may have to be RETR. */
	if (!p->body.by_retr && !p->body.top_works)
		ahead = 1;
	while (
	    p->body.asked < p->body.n && p->body.asked - p->body.had < ahead) {
		const struct pop3_want *w = &p->body.want[p->body.asked];

		if (pop3_say(p, f, p->body.by_retr ? "RETR %u" : "TOP %u %d",
			(unsigned int)w->number, LINES) == -1)
			return -1;
		p->body.asked++;
	}
	p->read_any = 1;
	return 0;
}

static void
use_retr(struct pop3 *p)
{
	p->body.by_retr = 1;
	if (!p->body.noted)
		pop3_tell(p,
		    "no TOP here: mail is read by RETR, which some servers "
		    "take for a sign that its owner has seen it");
	p->body.noted = 1;
}

int
pop3_want(struct pop3 *p, const struct pop3_want *want, size_t n,
    const char *spool_dir, struct fail *f)
{
	uint32_t number;
	uint64_t len;
	int rc;

	/* What was asked for before and not taken is read away. */
	p->body.n = p->body.asked;
	while ((rc = pop3_body(p, &number, &len, f)) != 0)
		if (rc == -1 && f->reach != REACH_MESSAGE)
			return -1;
	if (p->body.spool == NULL)
		p->body.spool = spool_new(spool_dir);
	p->body.want = want;
	p->body.n = n;
	p->body.asked = p->body.had = 0;
	if ((p->have & HAVE_CAPA) != 0 && (p->have & HAVE_TOP) == 0)
		use_retr(p);
	return 0;
}

/* -ERR to the first TOP of all: it may be the command that is not known. */
static int
try_retr(struct pop3 *p)
{
	if (p->body.by_retr || p->body.top_works || p->text.data[0] == '[')
		return 0;
	use_retr(p);
	p->body.had--;
	p->body.asked = p->body.had;
	return 1;
}

int
pop3_body(struct pop3 *p, uint32_t *number, uint64_t *len, struct fail *f)
{
	const struct pop3_want *w;
	enum answer a;

	if (p->body.spool != NULL)
		spool_reset(p->body.spool);
	do {
		if (p->body.had == p->body.n)
			return 0;
		w = &p->body.want[p->body.had];
		*number = w->number;
		if (ask(p, f) == -1 || pop3_answer(p, &a, f) == -1)
			return -1;
		if (a == ANSWER_MORE)
			return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "read",
			    "the server answers with a challenge");
		p->body.had++;
	} while (a == ANSWER_ERR && try_retr(p));
	if (a == ANSWER_ERR)
		return pop3_refused(p, p->body.by_retr ? "RETR" : "TOP",
		    CODE_BADMSG, REACH_MESSAGE, f);
	p->body.top_works |= !p->body.by_retr;
	if (take_body(p, w->octets, f) == -1)
		return -1;
	*len = spool_len(p->body.spool);
	return 1;
}

int
pop3_read(struct pop3 *p, const char **q, size_t *n, struct fail *f)
{
	return p->body.spool == NULL ? 0 : spool_read(p->body.spool, q, n, f);
}

int
pop3_rewind(struct pop3 *p, struct fail *f)
{
	return p->body.spool == NULL ? 0 : spool_rewind(p->body.spool, f);
}

int
pop3_under_way(const struct pop3 *p)
{
	return p->body.had < p->body.asked;
}

void
pop3_body_free(struct pop3 *p)
{
	spool_free(p->body.spool);
}
