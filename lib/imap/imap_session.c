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
    {"ESEARCH", CAP_ESEARCH},
    /* IMAP4rev2 (RFC 9051) contains these. */
    {"IMAP4rev2",
	CAP_LITERAL_MINUS | CAP_UIDPLUS | CAP_NAMESPACE | CAP_LIST_EXTENDED |
	    CAP_LIST_STATUS | CAP_STATUS_SIZE | CAP_SPECIAL_USE | CAP_SASL_IR |
	    CAP_ESEARCH},
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
imap_out(struct imap *im, const char *p, size_t n, struct fail *f)
{
	if (im->dead)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "write", "the connection is gone");
	if (stream_write(im->w.stream, p, n, f) == 0)
		return 0;
	im->dead = 1;
	return -1;
}

int
imap_quiet(struct imap *im, struct fail *f)
{
	if (fetch_leave(im, f) == -1 || ahead_drop(im, f) == -1)
		return -1;
	return ahead_return(im, f);
}

int
imap_begin(struct imap *im, struct fail *f)
{
	return imap_quiet(im, f) == -1 ? -1 : imap_begin_ahead(im, f);
}

int
imap_begin_ahead(struct imap *im, struct fail *f)
{
	char tag[16];

	if (append_end_batch(im, f) == -1)
		return -1;
	im->stray = im->w.wasted = 0;
	(void)snprintf(tag, sizeof(tag), "A%u ", (unsigned int)++im->tag);
	return imap_out(im, tag, strlen(tag), f);
}

int
imap_say(struct imap *im, struct fail *f, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(text))
		abort();
	return imap_out(im, text, (size_t)n, f);
}

int
imap_end(struct imap *im, struct fail *f)
{
	return imap_out(im, "\r\n", 2, f);
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

static int
needs_no_leave(const struct imap *im, uint64_t n)
{
	return (im->caps & CAP_LITERAL_PLUS) != 0 ||
	    ((im->caps & CAP_LITERAL_MINUS) != 0 && n <= 4096);
}

int
imap_literal(struct imap *im, uint64_t n, enum answer *a, struct fail *f)
{
	int plus = needs_no_leave(im, n);
	struct reply r;

	if (imap_say(im, f, "{%llu%s}\r\n", (unsigned long long)n,
		plus ? "+" : "") == -1)
		return -1;
	if (plus)
		return 1;
	im->asking = im->tag;
	for (;;) {
		int rc = imap_reply(im, &r, f);

		if (rc == 1 && r.kind == REPLY_TAGGED && r.tag == im->tag) {
			*a = r.answer;
			rc = 0;
		} else if (rc == 1 && r.kind != REPLY_PLUS) {
			if (imap_skip(im, &r, f) == 0)
				continue;
			rc = -1;
		}
		im->asking = 0;
		return rc;
	}
}

/* A quoted string holds what is printable; a literal holds all but NUL. */
static int
is_quotable(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i] >= ' ' && s[i] < 0x7f; i++)
		;
	return i == n && n <= 1000;
}

int
imap_waits(const struct imap *im, const char *s, size_t n)
{
	return !is_quotable(s, n) && !needs_no_leave(im, n);
}

int
imap_string(struct imap *im, const char *s, size_t n, struct fail *f)
{
	char quoted[2 * 1000 + 2];
	enum answer a = ANSWER_BAD;
	size_t i, k = 0;
	int rc;

	if (n > 0 && memchr(s, '\0', n) != NULL)
		return imap_fail(im, f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
		    "encode", "a NUL octet cannot be sent");
	if (!is_quotable(s, n)) {
		rc = imap_literal(im, n, &a, f);
		if (rc == 0)
			return imap_refused(
			    im, a, "literal", CODE_NAME, REACH_FOLDER, f);
		return rc == -1 ? -1 : imap_out(im, s, n, f);
	}
	quoted[k++] = '"';
	for (i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			quoted[k++] = '\\';
		quoted[k++] = s[i];
	}
	quoted[k++] = '"';
	rc = imap_out(im, quoted, k, f);
	explicit_bzero(quoted, sizeof(quoted));
	return rc;
}

int
imap_flags(struct imap *im, const char *flags, struct fail *f)
{
	const char *p = flags;

	while (*p != '\0') {
		size_t n = strcspn(p, " ");
		int own = *p == '\\';

		if (n > 0 && !flag_is_atom(p + own, n - (size_t)own))
			return imap_fail(im, f, CODE_FLAG, REACH_MESSAGE,
			    AGAIN_NEVER, "encode",
			    "a flag that cannot be sent: %.*s",
			    n > 200 ? 200 : (int)n, p);
		p += n + (p[n] == ' ');
	}
	return 0;
}

/* ---- opening ---- */

static int
simple(struct imap *im, const char *command, const char *what,
    enum code otherwise, struct fail *f)
{
	enum answer a;

	if (imap_begin(im, f) == -1 || imap_say(im, f, "%s", command) == -1 ||
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

/* What stands behind "* WORD" is kept as the text of the last answer. */
static void
greeting_text(struct imap *im, size_t word)
{
	const struct buf *line = &im->w.line;
	size_t at = 2 + word;

	at += strspn(line->data + at, " ");
	buf_reset(&im->text);
	buf_add(&im->text, line->data + at, line->len - at);
}

static int
greets(const struct imap *im, const char *word)
{
	const struct buf *line = &im->w.line;
	size_t n = strlen(word);

	return line->len >= 2 + n && strncmp(line->data, "* ", 2) == 0 &&
	    text_ncasecmp(line->data + 2, word, n) == 0 &&
	    (line->data[2 + n] == ' ' || line->data[2 + n] == '\0');
}

/*
 * OK; BYE, which is a refusal that may pass; PREAUTH, which is for a tunnel:
 * its command has said who we are.  From a socket it would let somebody in
 * between keep us from STARTTLS and from asking for our mailbox.
 */
static int
greeting(struct imap *im, struct fail *f)
{
	const char *p = NULL;
	int rc = wire_line(&im->w, f);

	if (rc == -1)
		return -1;
	if (rc == 0)
		return imap_fail(im, f, CODE_CONN, REACH_ENDPOINT, AGAIN_NOW,
		    "greeting", "the server closed the connection");
	if (greets(im, "BYE")) {
		greeting_text(im, 3);
		(void)imap_refused(
		    im, ANSWER_NO, "greeting", CODE_CONN, REACH_ENDPOINT, f);
		if (f != NULL)
			f->again = AGAIN_LATER;
		return -1;
	}
	im->preauth = greets(im, "PREAUTH");
	if (im->preauth && (im->e->tunnel == NULL || im->e->tls != TLS_NONE))
		return imap_fail(im, f, CODE_TLS, REACH_ENDPOINT, AGAIN_NEVER,
		    "greeting",
		    "PREAUTH: the server takes us for somebody without "
		    "asking who we are");
	if (!im->preauth && !greets(im, "OK"))
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "greeting", "this is no IMAP server");
	greeting_text(im, im->preauth ? 7 : 2);
	if (imap_code(im, "CAPABILITY", &p))
		imap_take_capabilities(im, p, strcspn(p, "]"));
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

/* Asked for, it is a wish: a server that will not goes on without. */
static int
compress(struct imap *im, struct fail *f)
{
	enum answer a;

	if (!im->e->compress || (im->caps & CAP_COMPRESS) == 0)
		return 0;
	if (imap_begin(im, f) == -1 ||
	    imap_say(im, f, "COMPRESS DEFLATE\r\n") == -1 ||
	    imap_wait(im, im->tag, &a, f) == -1)
		return -1;
	return a == ANSWER_OK ? stream_deflate(im->w.stream, f) : 0;
}

/* Log-in with capabilities known before, and read anew after it. */
static int
log_in(struct imap *im, const char *secret, size_t n, struct fail *f)
{
	char *before;
	int rc = 0;

	if (im->capabilities == NULL && ask_capabilities(im, f) == -1)
		return -1;
	if (im->preauth)
		return 0;
	before = im->capabilities;
	im->capabilities = NULL;
	if (imap_authenticate(im, secret, n, f) == -1 ||
	    (im->capabilities == NULL && ask_capabilities(im, f) == -1))
		rc = -1;
	free(before);
	return rc;
}

int
imap_dial(struct imap **imp, const struct endpoint *e, const char *client_key,
    struct fail *f)
{
	struct imap *im = mem_alloc(sizeof(*im));
	struct buf label = {0};

	endpoint_label(&label, e);
	im->label = label.data;
	im->e = e;
	im->ahead.tail = &im->ahead.first;
	im->append.tail = &im->append.first;
	im->append.got_tail = &im->append.got;
	im->append.window = 64;
	(void)fail_at(f, "%s", im->label);
	im->w.stream = net_dial(e, client_key, f);
	*imp = im;
	if (im->w.stream != NULL)
		return 0;
	im->dead = 1;
	imap_close(im);
	*imp = NULL;
	return -1;
}

int
imap_login(
    struct imap *im, const char *secret, size_t secret_len, struct fail *f)
{
	(void)fail_at(f, "%s", im->label);
	if (greeting(im, f) == 0 && secure(im, f) == 0 &&
	    log_in(im, secret, secret_len, f) == 0 && compress(im, f) == 0)
		return 0;
	im->dead = 1;
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
	scan_free(im);
	fetch_free(im);
	ahead_free(im);
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
