/* imap_reply.c: one answer of the server, sorted by what it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

#undef imap_fail
int
imap_fail(struct imap *im, struct fail *f, enum code code, enum reach reach,
    enum again again, const char *what, const char *fmt, ...)
{
	va_list ap;

	if (f != NULL && f->object[0] == '\0')
		(void)fail_at(f, "%s", im->label);
	va_start(ap, fmt);
	(void)fail_vset(f, code, reach, again, what, fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- status answers ---- */

int
imap_code(const struct imap *im, const char *name, const char **p)
{
	const char *s = im->text.data;
	size_t n = strlen(name);

	if (s == NULL || *s != '[' || text_ncasecmp(s + 1, name, n) != 0 ||
	    (s[n + 1] != ' ' && s[n + 1] != ']'))
		return 0;
	if (p != NULL)
		*p = s + n + 1 + (s[n + 1] == ' ');
	return 1;
}

/* "Suggested Backoff Time: 299961 milliseconds" (Exchange Online). */
static unsigned int
backoff(const char *s)
{
	static const char words[] = "Backoff Time: ";
	const char *p = strstr(s, words);
	uint64_t ms;

	if (p == NULL)
		return 0;
	p += strlen(words);
	if (!text_u64(p, strspn(p, "0123456789"), &ms) || ms > 86400000)
		return 0;
	return (unsigned int)(ms / 1000 + 1);
}

static const struct {
	const char *code; /* response code, RFC 5530 and others */
	enum code means;
	enum again again;
} meanings[] = {
    {"OVERQUOTA", CODE_QUOTA, AGAIN_NEVER},
    {"TOOBIG", CODE_TOOBIG, AGAIN_NEVER},
    {"LIMIT", CODE_THROTTLED, AGAIN_LATER},
    {"THROTTLED", CODE_THROTTLED, AGAIN_LATER},
    {"UNAVAILABLE", CODE_THROTTLED, AGAIN_LATER},
    {"INUSE", CODE_THROTTLED, AGAIN_LATER},
    {"AUTHENTICATIONFAILED", CODE_AUTH, AGAIN_NEVER},
    {"AUTHORIZATIONFAILED", CODE_AUTH, AGAIN_NEVER},
    {"EXPIRED", CODE_AUTH, AGAIN_NEVER},
    {"PRIVACYREQUIRED", CODE_TLS, AGAIN_NEVER},
    {"NOPERM", CODE_AUTH, AGAIN_NEVER},
    {"CONTACTADMIN", CODE_AUTH, AGAIN_NEVER},
    {"NONEXISTENT", CODE_NOSELECT, AGAIN_NEVER},
    {"TRYCREATE", CODE_NOSELECT, AGAIN_NEVER},
    {"CANNOT", CODE_NAME, AGAIN_NEVER},
    {"EXPUNGEISSUED", CODE_VANISHED, AGAIN_NEVER},
    {"REFERRAL", CODE_POLICY, AGAIN_NEVER},
};

/* Courier, Gmail, Yahoo and others say it without a code. */
static int
is_too_many(const char *text)
{
	return strcasestr(text, "connection") != NULL &&
	    (strcasestr(text, "too many") != NULL ||
		strcasestr(text, "maximum") != NULL ||
		strcasestr(text, "limit") != NULL);
}

int
imap_refused(struct imap *im, enum answer a, const char *what,
    enum code otherwise, enum reach reach, struct fail *f)
{
	const char *text = im->text.data != NULL ? im->text.data : "";
	enum code code = otherwise;
	enum again again = AGAIN_NEVER;
	unsigned int wait = backoff(text);
	size_t i;

	for (i = 0; i < LENGTH(meanings); i++)
		if (imap_code(im, meanings[i].code, NULL)) {
			code = meanings[i].means;
			again = meanings[i].again;
			break;
		}
	if (wait > 0 || strcasestr(text, "throttled") != NULL ||
	    is_too_many(text)) {
		code = CODE_THROTTLED;
		again = AGAIN_LATER;
	}
	(void)imap_fail(im, f, code, reach, again, what, "%s%s%s",
	    a == ANSWER_NO	  ? "NO"
		: a == ANSWER_BAD ? "BAD"
				  : "OK",
	    *text ? " " : "", text);
	if (f != NULL)
		f->retry_s = wait;
	return -1;
}

static void
keep_text(struct imap *im)
{
	struct wire *w = &im->w;

	wire_blank(w);
	buf_reset(&im->text);
	buf_add(&im->text, w->line.data + w->at, w->line.len - w->at);
	w->at = w->line.len;
}

/* What the code of an untagged or tagged OK tells about the session. */
static void
take_code(struct imap *im)
{
	const char *p = NULL;
	uint64_t v;

	if (imap_code(im, "CAPABILITY", &p))
		imap_take_capabilities(im, p, strcspn(p, "]"));
	else if (imap_code(im, "UIDVALIDITY", &p) &&
	    text_u64(p, strspn(p, "0123456789"), &v) && v <= UINT32_MAX)
		im->sel.uidvalidity = (uint32_t)v;
	else if (imap_code(im, "UIDNEXT", &p) &&
	    text_u64(p, strspn(p, "0123456789"), &v) && v <= UINT32_MAX)
		im->sel.uidnext = (uint32_t)v;
	else if (imap_code(im, "HIGHESTMODSEQ", &p) &&
	    text_u64(p, strspn(p, "0123456789"), &v))
		im->sel.modseq = v;
	else if (imap_code(im, "PERMANENTFLAGS", &p) && *p == '(') {
		buf_reset(&im->permanent);
		buf_add(&im->permanent, p + 1, strcspn(p + 1, ")]"));
		im->sel.permanentflags = im->permanent.data;
	}
}

static int
answer_of(struct wire *w, enum answer *a)
{
	if (wire_is(w, "OK"))
		*a = ANSWER_OK;
	else if (wire_is(w, "NO"))
		*a = ANSWER_NO;
	else if (wire_is(w, "BAD"))
		*a = ANSWER_BAD;
	else
		return 0;
	return 1;
}

/* ---- one answer ---- */

static int
bye(struct imap *im, struct fail *f)
{
	keep_text(im);
	im->dead = 1;
	(void)imap_refused(im, ANSWER_OK, "BYE", CODE_CONN, REACH_ENDPOINT, f);
	if (f != NULL && f->code == CODE_CONN)
		f->again = AGAIN_NOW;
	return -1;
}

static int
numbered(struct imap *im, struct reply *r, uint64_t v)
{
	struct wire *w = &im->w;

	wire_blank(w);
	if (wire_is(w, "EXISTS")) {
		im->sel.exists = v;
		im->sel.has_exists = 1;
	} else if (wire_is(w, "EXPUNGE")) {
		im->sel.exists -= im->sel.exists > 0;
		im->expunged++;
	} else if (wire_is(w, "FETCH")) {
		r->kind = REPLY_FETCH;
		r->seq = v;
		return 1;
	}
	return 0;
}

static int
untagged(struct imap *im, struct reply *r, struct fail *f)
{
	struct wire *w = &im->w;
	enum answer a;
	uint64_t v;
	int rc = 1;

	wire_blank(w);
	r->kind = REPLY_OTHER;
	if (wire_number(w, &v)) {
		if (numbered(im, r, v))
			return 1;
	} else if (wire_is(w, "BYE"))
		return bye(im, f);
	else if (answer_of(w, &a)) {
		keep_text(im);
		if (a == ANSWER_OK)
			take_code(im);
	} else if (wire_is(w, "CAPABILITY")) {
		imap_take_capabilities(
		    im, w->line.data + w->at, w->line.len - w->at);
		w->at = w->line.len;
	} else if ((r->lsub = wire_is(w, "LSUB")) != 0 || wire_is(w, "LIST") ||
	    wire_is(w, "XLIST")) {
		rc = row_list(w, &r->box, f);
		r->kind = REPLY_LIST;
		im->unread += rc == WIRE_BAD;
	} else if (wire_is(w, "STATUS")) {
		rc = row_status(w, &r->box, f);
		r->kind = REPLY_STATUS;
	} else if (wire_is(w, "QUOTAROOT"))
		r->kind = REPLY_QUOTAROOT;
	else if (wire_is(w, "QUOTA"))
		r->kind = REPLY_QUOTA;
	else if (wire_is(w, "ACL"))
		r->kind = REPLY_ACL;
	else if (wire_is(w, "ESEARCH"))
		r->kind = REPLY_ESEARCH;
	if (rc == WIRE_BAD)
		r->kind = REPLY_OTHER;
	return rc == -1 ? -1 : 1;
}

static int
tagged(struct imap *im, struct reply *r, struct fail *f)
{
	struct wire *w = &im->w;
	const char *p;
	uint64_t tag = 0;
	size_t n = wire_atom(w, &p);

	if (n < 2 || *p != 'A' || !text_u64(p + 1, n - 1, &tag) ||
	    tag > im->tag)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "read", "an answer with a tag that was never sent: %.*s",
		    n > 60 ? 60 : (int)n, p);
	wire_blank(w);
	if (!answer_of(w, &r->answer))
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "read", "a tagged answer that is none of OK, NO and BAD");
	keep_text(im);
	if (r->answer == ANSWER_OK)
		take_code(im);
	r->kind = REPLY_TAGGED;
	r->tag = (uint32_t)tag;
	return 1;
}

int
imap_reply(struct imap *im, struct reply *r, struct fail *f)
{
	struct wire *w = &im->w;
	int rc;

	memset(r, 0, sizeof(*r));
	rc = wire_line(w, f);
	if (rc == 0)
		rc = imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "read", "the server closed the connection");
	else if (rc == 1 && wire_eat(w, '+')) {
		wire_blank(w);
		r->kind = REPLY_PLUS;
	} else if (rc == 1 && w->line.len == 0)
		r->kind = REPLY_OTHER;
	else if (rc == 1)
		rc = wire_eat(w, '*') ? untagged(im, r, f) : tagged(im, r, f);
	if (rc == 1 && r->kind == REPLY_TAGGED) {
		rc = append_tagged(im, r->tag, r->answer, f);
		if (rc == 1)
			r->kind = REPLY_OTHER;
		else if (rc == 0)
			ahead_answered(im, r->tag, r->answer);
		rc = rc == -1 ? -1 : 1;
	}
	if (rc == -1) {
		free(r->box.raw);
		im->dead = 1;
	}
	return rc;
}

int
imap_skip(struct imap *im, const struct reply *r, struct fail *f)
{
	int rc = 0;

	free(r->box.raw);
	if (r->kind == REPLY_TAGGED)
		return 0;
	if (++im->stray > IMAP_STRAY)
		rc = imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "read", "a million answers that nobody asked for");
	else if (r->kind != REPLY_PLUS)
		rc = wire_rest(&im->w, f);
	if (rc == -1)
		im->dead = 1;
	return rc;
}
