/* imap_session.c: greeting, STARTTLS, capabilities, and how a command is
 * sent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

static const struct {
	const char *name;
	unsigned int bit;
} capabilities[] = {
    {"LITERAL+", CAP_LITERAL_PLUS},
    {"LITERAL-", CAP_LITERAL_MINUS},
    {"MULTIAPPEND", CAP_MULTIAPPEND},
    {"UIDPLUS", CAP_UIDPLUS},
    {"NAMESPACE", CAP_NAMESPACE},
    {"LIST-EXTENDED", CAP_LIST_EXTENDED},
    {"LIST-STATUS", CAP_LIST_STATUS},
    {"STATUS=SIZE", CAP_STATUS_SIZE},
    {"SPECIAL-USE", CAP_SPECIAL_USE},
    {"CREATE-SPECIAL-USE", CAP_CREATE_SPECIAL_USE},
    {"XLIST", CAP_XLIST},
    {"CONDSTORE", CAP_CONDSTORE},
    {"QRESYNC", CAP_CONDSTORE},
    {"QUOTA", CAP_QUOTA},
    {"ACL", CAP_ACL},
    {"COMPRESS=DEFLATE", CAP_COMPRESS},
    {"SASL-IR", CAP_SASL_IR},
    {"STARTTLS", CAP_STARTTLS},
    {"LOGINDISABLED", CAP_LOGINDISABLED},
    {"CHILDREN", CAP_CHILDREN},
    /* IMAP4rev2 (RFC 9051) contains these. */
    {"IMAP4rev2",
	CAP_LITERAL_MINUS | CAP_UIDPLUS | CAP_NAMESPACE | CAP_LIST_EXTENDED |
	    CAP_LIST_STATUS | CAP_STATUS_SIZE | CAP_SPECIAL_USE | CAP_SASL_IR},
};

static void
one_capability(struct imap *im, const char *p, size_t n)
{
	size_t i;

	for (i = 0; i < LENGTH(capabilities); i++)
		if (n == strlen(capabilities[i].name) &&
		    text_ncasecmp(p, capabilities[i].name, n) == 0)
			im->caps |= capabilities[i].bit;
	if (n > 12 && text_ncasecmp(p, "APPENDLIMIT=", 12) == 0)
		(void)text_u64(p + 12, n - 12, &im->append_limit);
}

void
imap_take_capabilities(struct imap *im, const char *s, size_t n)
{
	struct buf all = {0}, mechanisms = {0};
	const char *end = s + n;

	im->caps = 0;
	im->append_limit = 0;
	buf_add(&all, "", 0);
	buf_add(&mechanisms, "", 0);
	while (s < end) {
		size_t len;

		while (s < end && *s == ' ')
			s++;
		for (len = 0; s + len < end && s[len] != ' ';)
			len++;
		if (len == 0)
			break;
		one_capability(im, s, len);
		buf_adds(&all, all.len ? " " : "");
		text_printable(&all, s, len, 200);
		if (len > 5 && text_ncasecmp(s, "AUTH=", 5) == 0) {
			buf_addc(&mechanisms, ' ');
			buf_add(&mechanisms, s + 5, len - 5);
		}
		s += len;
	}
	free(im->capabilities);
	free(im->mechanisms);
	im->capabilities = all.data;
	im->mechanisms = mechanisms.data;
}

/* ---- one command ---- */

int
imap_begin(struct imap *im, struct fail *f)
{
	char tag[16];

	if (im->dead)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "write", "the connection is gone");
	if (append_end_batch(im, f) == -1)
		return -1;
	(void)snprintf(tag, sizeof(tag), "A%u ", (unsigned int)++im->tag);
	return stream_write(im->w.stream, tag, strlen(tag), f);
}

/* Only words of ours and numbers: nothing from outside goes through here. */
int
imap_say(struct imap *im, const char *fmt, ...)
{
	struct buf b = {0};
	char small[512];
	va_list ap;
	int n, rc;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(small))
		abort();
	rc = stream_write(im->w.stream, small, (size_t)n, NULL);
	buf_free(&b);
	if (rc == -1)
		im->dead = 1;
	return rc;
}

int
imap_end(struct imap *im, struct fail *f)
{
	return stream_write(im->w.stream, "\r\n", 2, f);
}

int
imap_wait(struct imap *im, uint32_t tag, enum answer *a, struct fail *f)
{
	struct reply r;

	for (;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag) {
			*a = r.answer;
			return 0;
		}
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
}

int
imap_literal(struct imap *im, uint64_t n, enum answer *a, struct fail *f)
{
	int plus = (im->caps & CAP_LITERAL_PLUS) != 0 ||
	    ((im->caps & CAP_LITERAL_MINUS) != 0 && n <= 4096);
	uint32_t tag = im->tag;
	struct reply r;

	if (imap_say(im, "{%llu%s}\r\n", (unsigned long long)n,
		plus ? "+" : "") == -1)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "write", "the connection is gone");
	if (plus)
		return 1;
	for (;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_PLUS)
			return 1;
		if (r.kind == REPLY_TAGGED && r.tag == tag) {
			*a = r.answer;
			return 0;
		}
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
}

int
imap_string(struct imap *im, const char *s, size_t n, struct fail *f)
{
	struct buf b = {0};
	enum answer a;
	size_t i;
	int rc;

	if (memchr(s, '\0', n) != NULL)
		return imap_fail(im, f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
		    "encode", "a NUL octet cannot be sent");
	for (i = 0; i < n && s[i] >= ' ' && s[i] < 0x7f; i++)
		;
	if (i < n || n > 1000) {
		rc = imap_literal(im, n, &a, f);
		if (rc == 0)
			return imap_refused(
			    im, a, "literal", CODE_PROTO, REACH_FOLDER, f);
		return rc == -1 ? -1 : stream_write(im->w.stream, s, n, f);
	}
	buf_addc(&b, '"');
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_addc(&b, '\\');
		buf_addc(&b, s[i]);
	}
	buf_addc(&b, '"');
	rc = stream_write(im->w.stream, b.data, b.len, f);
	buf_wipe(&b);
	return rc;
}

/* ---- opening ---- */

static int
simple(struct imap *im, const char *command, const char *what,
    enum code otherwise, struct fail *f)
{
	enum answer a;

	if (imap_begin(im, f) == -1 || imap_say(im, "%s", command) == -1 ||
	    imap_end(im, f) == -1 || imap_wait(im, im->tag, &a, f) == -1)
		return -1;
	if (a != ANSWER_OK)
		return imap_refused(im, a, what, otherwise, REACH_ENDPOINT, f);
	return 0;
}

static int
ask_capabilities(struct imap *im, struct fail *f)
{
	return simple(im, "CAPABILITY", "CAPABILITY", CODE_PROTO, f);
}

/* The greeting is an untagged OK; imap_reply keeps its text and code. */
static int
greeting(struct imap *im, struct fail *f)
{
	struct wire *w = &im->w;
	struct reply r;
	int rc = wire_line(w, f);

	if (rc == -1)
		return -1;
	if (rc == 1 && w->line.len > 9 &&
	    text_ncasecmp(w->line.data, "* PREAUTH", 9) == 0)
		return imap_fail(im, f, CODE_TLS, REACH_ENDPOINT, AGAIN_NEVER,
		    "greeting",
		    "PREAUTH: the server takes us for somebody "
		    "without asking who we are");
	if (rc == 1 && w->line.len >= 5 &&
	    text_ncasecmp(w->line.data, "* BYE", 5) == 0) {
		buf_reset(&im->text);
		buf_add(&im->text, w->line.data + 5, w->line.len - 5);
		buf_drop(&im->text, strspn(im->text.data, " "));
		(void)imap_refused(
		    im, ANSWER_NO, "greeting", CODE_CONN, REACH_ENDPOINT, f);
		f->again = AGAIN_LATER;
		return -1;
	}
	if (rc == 0 || w->line.len < 4 ||
	    text_ncasecmp(w->line.data, "* OK", 4) != 0)
		return imap_fail(im, f, rc == 0 ? CODE_CONN : CODE_PROTO,
		    REACH_ENDPOINT, rc == 0 ? AGAIN_NOW : AGAIN_NEVER,
		    "greeting",
		    rc == 0 ? "the server closed the connection"
			    : "this is no IMAP server");
	memset(&r, 0, sizeof(r));
	buf_reset(&im->text);
	buf_add(&im->text, w->line.data + 4, w->line.len - 4);
	buf_drop(&im->text, strspn(im->text.data, " "));
	if (strncmp(im->text.data, "[CAPABILITY ", 12) == 0)
		imap_take_capabilities(
		    im, im->text.data + 12, strcspn(im->text.data + 12, "]"));
	return 0;
}

static int
secure(struct imap *im, struct fail *f)
{
	if (im->e->scheme != SCHEME_IMAP || im->e->tls == TLS_NONE)
		return 0;
	if (im->capabilities == NULL && ask_capabilities(im, f) == -1)
		return -1;
	if ((im->caps & CAP_STARTTLS) == 0)
		return imap_fail(im, f, CODE_TLS, REACH_ENDPOINT, AGAIN_NEVER,
		    "STARTTLS",
		    "the server does not offer it, or somebody "
		    "between takes it away; ;tls=none must be "
		    "written out");
	if (simple(im, "STARTTLS", "STARTTLS", CODE_TLS, f) == -1 ||
	    stream_starttls(im->w.stream, f) == -1)
		return -1;
	/* What was said in the clear is forgotten. */
	free(im->capabilities);
	free(im->mechanisms);
	im->capabilities = im->mechanisms = NULL;
	im->caps = 0;
	return 0;
}

static int
compress(struct imap *im, struct fail *f)
{
	if (!im->e->compress)
		return 0;
	if ((im->caps & CAP_COMPRESS) == 0)
		return 0;
	if (simple(im, "COMPRESS DEFLATE", "COMPRESS", CODE_PROTO, f) == -1)
		return -1;
	return stream_deflate(im->w.stream, f);
}

/* Log-in with capabilities known before, and read anew after it. */
static int
log_in(struct imap *im, const char *secret, size_t n, struct fail *f)
{
	if (im->capabilities == NULL && ask_capabilities(im, f) == -1)
		return -1;
	{
		char *before = im->capabilities;

		im->capabilities = NULL;
		if (imap_authenticate(im, secret, n, f) == -1) {
			free(before);
			return -1;
		}
		free(before);
	}
	return im->capabilities == NULL ? ask_capabilities(im, f) : 0;
}

int
imap_open(struct imap **imp, const struct endpoint *e, const char *secret,
    size_t secret_len, const char *client_key, struct fail *f)
{
	struct imap *im = mem_alloc(sizeof(*im));
	struct buf label = {0};

	endpoint_label(&label, e);
	im->label = label.data;
	im->e = e;
	im->append.tail = &im->append.first;
	im->append.got_tail = &im->append.got;
	im->append.window = 64;
	(void)fail_at(f, "%s", im->label);
	im->w.stream = net_dial(e, client_key, f);
	if (im->w.stream != NULL && greeting(im, f) == 0 &&
	    secure(im, f) == 0 && log_in(im, secret, secret_len, f) == 0 &&
	    compress(im, f) == 0) {
		*imp = im;
		return 0;
	}
	im->dead = 1;
	imap_close(im);
	*imp = NULL;
	return -1;
}

void
imap_close(struct imap *im)
{
	size_t i;

	if (im == NULL)
		return;
	if (!im->dead && im->append.open == NULL &&
	    stream_write(im->w.stream, "Z LOGOUT\r\n", 10, NULL) == 0)
		(void)stream_flush(im->w.stream, NULL);
	imap_abort(im);
	stream_close(im->w.stream);
	for (i = 0; i < im->ns_n; i++)
		free(im->ns[i].prefix);
	free(im->ns);
	free(im->label);
	free(im->capabilities);
	free(im->mechanisms);
	free(im->fetch.want);
	free(im->fetch.seen);
	spool_free(im->fetch.spool);
	buf_free(&im->fetch.flags);
	buf_free(&im->w.line);
	buf_free(&im->text);
	buf_free(&im->permanent);
	buf_free(&im->append.box);
	free(im);
}

unsigned int
imap_can(const struct imap *im)
{
	return im->caps;
}

const char *
imap_capabilities(const struct imap *im)
{
	return im->capabilities != NULL ? im->capabilities : "";
}

uint64_t
imap_append_limit(const struct imap *im)
{
	return im->append_limit;
}

struct stream *
imap_stream(struct imap *im)
{
	return im->w.stream;
}
