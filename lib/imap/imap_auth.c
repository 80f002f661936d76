/* imap_auth.c: AUTHENTICATE with a mechanism of sasl, or LOGIN. */
#include <string.h>

#include "imap/imap_p.h"
#include "sasl/sasl.h"

/* Credentials are masked in the trace from here to there. */
static int
send_secret(struct imap *im, const struct buf *b, struct fail *f)
{
	int rc;

	if (stream_flush(im->w.stream, f) == -1)
		return -1;
	stream_mask(im->w.stream, 1);
	rc = stream_write(im->w.stream, b->data, b->len, f);
	if (rc == 0)
		rc = stream_write(im->w.stream, "\r\n", 2, f);
	if (rc == 0)
		rc = stream_flush(im->w.stream, f);
	stream_mask(im->w.stream, 0);
	return rc;
}

static int
refused(struct imap *im, enum answer a, struct fail *f)
{
	return imap_refused(im, a, "log in", CODE_AUTH, REACH_ENDPOINT, f);
}

/* One step of the mechanism as a line of base64. */
static int
respond(struct imap *im, struct sasl *s, const char *in, size_t n,
    const char *before, struct fail *f)
{
	struct buf out = {0}, line = {0};
	int rc = sasl_step(s, in, n, &out, f);

	if (rc == 0) {
		(void)buf_room(&line, 2 * out.len + 64);
		buf_adds(&line, before);
		if (out.len > 0)
			text_base64(&line, out.data, out.len);
		else if (*before != '\0')
			buf_addc(&line, '='); /* RFC 4959: empty, not none */
		rc = send_secret(im, &line, f);
	}
	buf_wipe(&out);
	buf_wipe(&line);
	return rc;
}

static int
cancel(struct imap *im, struct fail *f)
{
	enum answer a;
	struct fail ignored = {0};

	if (stream_write(im->w.stream, "*\r\n", 3, &ignored) == 0)
		(void)imap_wait(im, im->tag, &a, &ignored);
	im->dead = 1;
	(void)f;
	return -1;
}

static int
challenge(struct imap *im, struct sasl *s, struct fail *f)
{
	struct wire *w = &im->w;
	struct buf in = {0};
	int rc;

	if (!text_unbase64(&in, w->line.data + w->at, w->line.len - w->at)) {
		buf_free(&in);
		(void)imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "log in", "a challenge that is no base64");
		return cancel(im, f);
	}
	rc = respond(im, s, in.data, in.len, "", f);
	buf_wipe(&in);
	return rc == -1 ? cancel(im, f) : 0;
}

static int
exchange(struct imap *im, struct sasl *s, struct fail *f)
{
	uint32_t tag = im->tag;
	struct reply r;

	for (;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_PLUS) {
			if (challenge(im, s, f) == -1)
				return -1;
		} else if (r.kind == REPLY_TAGGED && r.tag == tag) {
			return r.answer == ANSWER_OK ? sasl_done(s, f)
						     : refused(im, r.answer, f);
		} else if (imap_skip(im, &r, f) == -1)
			return -1;
	}
}

static int
authenticate(struct imap *im, const struct sasl_mech *m,
    const struct sasl_id *id, struct fail *f)
{
	struct sasl *s = sasl_new(m, id);
	int rc = imap_begin(im, f);

	if (rc == 0)
		rc = imap_say(im, f, "AUTHENTICATE %s", m->name);
	if (rc == 0 && m->client_first && (im->caps & CAP_SASL_IR) != 0)
		rc = respond(im, s, "", 0, " ", f);
	else if (rc == 0) {
		/* Without SASL-IR the first response answers an empty "+". */
		rc = imap_end(im, f);
	}
	if (rc == 0)
		rc = exchange(im, s, f);
	sasl_free(s);
	return rc;
}

static int
login(struct imap *im, const char *secret, size_t n, struct fail *f)
{
	const char *user = im->e->user;
	enum answer a;
	int rc;

	if (imap_begin(im, f) == -1 || imap_say(im, f, "LOGIN ") == -1 ||
	    imap_string(im, user, strlen(user), f) == -1 ||
	    imap_say(im, f, " ") == -1 || stream_flush(im->w.stream, f) == -1)
		return -1;
	stream_mask(im->w.stream, 1);
	rc = imap_string(im, secret, n, f);
	if (rc == 0 && (rc = imap_end(im, f)) == 0)
		rc = stream_flush(im->w.stream, f);
	stream_mask(im->w.stream, 0);
	if (rc == -1 || imap_wait(im, im->tag, &a, f) == -1)
		return -1;
	return a == ANSWER_OK ? 0 : refused(im, a, f);
}

int
imap_authenticate(struct imap *im, const char *secret, size_t n, struct fail *f)
{
	const struct endpoint *e = im->e;
	const char *offered = im->mechanisms != NULL ? im->mechanisms : "";
	const struct sasl_mech *m = sasl_choose(offered, e->auth);
	struct sasl_id id = {.user = e->user,
	    .authzid = e->authzid,
	    .secret = secret,
	    .secret_len = n,
	    .host = e->host,
	    .port = e->port};

	if (m != NULL)
		return authenticate(im, m, &id, f);
	if ((e->auth == NULL || strcmp(e->auth, "LOGIN") == 0) &&
	    (im->caps & CAP_LOGINDISABLED) == 0 && e->authzid == NULL)
		return login(im, secret, n, f);
	return imap_fail(im, f, CODE_AUTH, REACH_ENDPOINT, AGAIN_NEVER,
	    "log in", "the server offers%s, and not what is wanted%s%s",
	    *offered ? offered : " no mechanism", e->auth ? ": " : "",
	    e->auth ? e->auth : "");
}
