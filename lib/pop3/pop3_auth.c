/* pop3_auth.c: AUTH with a mechanism of sasl (RFC 5034), or USER and PASS. */
#include <string.h>

#include "pop3/pop3_p.h"
#include "sasl/sasl.h"

/* RFC 5034 section 4: a longer AUTH line goes without its initial response. */
enum { AUTH_LINE = 255 };

/* Credentials are masked in the trace from here to there. */
static int
send_secret(struct pop3 *p, const struct buf *b, struct fail *f)
{
	int rc;

	if (stream_flush(p->stream, f) == -1)
		return -1;
	stream_mask(p->stream, 1);
	rc = stream_write(p->stream, b->data, b->len, f);
	if (rc == 0)
		rc = stream_write(p->stream, "\r\n", 2, f);
	if (rc == 0)
		rc = stream_flush(p->stream, f);
	stream_mask(p->stream, 0);
	return rc;
}

static int
refused(struct pop3 *p, struct fail *f)
{
	return pop3_refused(p, "log in", CODE_AUTH, REACH_ENDPOINT, f);
}

/* The exchange is given up by "*"; the server then says -ERR. */
static int
cancel(struct pop3 *p)
{
	struct fail ignored = {0};
	enum answer a;

	if (stream_write(p->stream, "*\r\n", 3, &ignored) == 0)
		(void)pop3_answer(p, &a, &ignored);
	p->dead = 1;
	return -1;
}

static int
challenge(struct pop3 *p, struct sasl *s, struct fail *f)
{
	struct buf in = {0}, out = {0}, line = {0};
	int rc;

	if (!text_unbase64(&in, p->text.data, p->text.len)) {
		buf_free(&in);
		(void)pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "log in",
		    "a challenge that is no base64");
		return cancel(p);
	}
	rc = sasl_step(s, in.data, in.len, &out, f);
	if (rc == 0) {
		(void)buf_room(&line, 2 * out.len + 64);
		text_base64(&line, out.data, out.len);
		rc = send_secret(p, &line, f);
	} else
		(void)cancel(p);
	buf_wipe(&in);
	buf_wipe(&out);
	buf_wipe(&line);
	return rc;
}

/* AUTH with the initial response, where it fits. */
static int
begin(struct pop3 *p, const struct sasl_mech *m, struct sasl *s,
    struct buf *first, struct fail *f)
{
	struct buf line = {0};
	int rc;

	if (m->client_first && sasl_step(s, "", 0, first, f) == -1)
		return -1;
	(void)buf_room(&line, 2 * first->len + 64);
	buf_addf(&line, "AUTH %s", m->name);
	if (m->client_first) {
		buf_addc(&line, ' ');
		if (first->len > 0)
			text_base64(&line, first->data, first->len);
		else
			buf_addc(&line, '='); /* empty, not none */
	}
	if (line.len + 2 <= AUTH_LINE) {
		buf_wipe(first);
		rc = send_secret(p, &line, f);
	} else
		rc = pop3_say(p, f, "AUTH %s", m->name);
	buf_wipe(&line);
	return rc;
}

/* What was too long for AUTH's line answers the first, empty challenge. */
static int
late_first(struct pop3 *p, struct buf *first, struct fail *f)
{
	struct buf line = {0};
	int rc;

	(void)buf_room(&line, 2 * first->len + 64);
	text_base64(&line, first->data, first->len);
	rc = send_secret(p, &line, f);
	buf_wipe(&line);
	buf_wipe(first);
	return rc;
}

static int
exchange(struct pop3 *p, struct sasl *s, struct buf *first, struct fail *f)
{
	enum answer a;
	int rc;

	for (;;) {
		if (pop3_answer(p, &a, f) == -1)
			return -1;
		if (a == ANSWER_ERR)
			return refused(p, f);
		if (a == ANSWER_OK)
			return sasl_done(s, f);
		rc = first->len > 0 && p->text.len == 0
		    ? late_first(p, first, f)
		    : challenge(p, s, f);
		if (rc == -1)
			return -1;
	}
}

static int
authenticate(struct pop3 *p, const struct sasl_mech *m,
    const struct sasl_id *id, struct fail *f)
{
	struct sasl *s = sasl_new(m, id);
	struct buf first = {0};
	int rc = begin(p, m, s, &first, f);

	if (rc == 0)
		rc = exchange(p, s, &first, f);
	buf_wipe(&first);
	sasl_free(s);
	return rc;
}

static int
user_and_pass(struct pop3 *p, const char *secret, size_t n, struct fail *f)
{
	struct buf line = {0};
	enum answer a;
	int rc;

	if (memchr(secret, '\0', n) != NULL ||
	    memchr(secret, '\r', n) != NULL || memchr(secret, '\n', n) != NULL)
		return pop3_fail(p, f, CODE_AUTH, AGAIN_NEVER, "log in",
		    "a password that PASS cannot carry");
	if (pop3_say(p, f, "USER %s", p->e->user) == -1 ||
	    pop3_answer(p, &a, f) == -1)
		return -1;
	if (a != ANSWER_OK)
		return refused(p, f);
	(void)buf_room(&line, n + 16);
	buf_adds(&line, "PASS ");
	buf_add(&line, secret, n);
	rc = send_secret(p, &line, f);
	buf_wipe(&line);
	if (rc == -1 || pop3_answer(p, &a, f) == -1)
		return -1;
	return a == ANSWER_OK ? 0 : refused(p, f);
}

int
pop3_authenticate(struct pop3 *p, const char *secret, size_t n, struct fail *f)
{
	const struct endpoint *e = p->e;
	const char *offered = p->mechanisms.data;
	const struct sasl_mech *m = sasl_choose(offered, e->auth);
	struct sasl_id id = {.user = e->user,
	    .authzid = e->authzid,
	    .secret = secret,
	    .secret_len = n,
	    .host = e->host,
	    .port = e->port};

	if (m != NULL)
		return authenticate(p, m, &id, f);
	if ((e->auth == NULL || strcmp(e->auth, "LOGIN") == 0) &&
	    e->authzid == NULL &&
	    ((p->have & HAVE_USER) != 0 || (p->have & HAVE_CAPA) == 0))
		return user_and_pass(p, secret, n, f);
	return pop3_fail(p, f, CODE_AUTH, AGAIN_NEVER, "log in",
	    "the server offers%s, and not what is wanted%s%s",
	    *offered ? offered : " no mechanism", e->auth ? ": " : "",
	    e->auth ? e->auth : "");
}
