/* endpoint.c: a store named by URL (mbx-endpoint(7)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "net/net.h"

static const struct {
	const char *name;
	const char *start;
	uint16_t port; /* 0: a file */
} schemes[] = {
    [SCHEME_IMAP] = {"imap", "imap://", 143},
    [SCHEME_IMAPS] = {"imaps", "imaps://", 993},
    [SCHEME_POP3] = {"pop3", "pop3://", 110},
    [SCHEME_POP3S] = {"pop3s", "pop3s://", 995},
    [SCHEME_MAILDIR] = {"maildir", "maildir:", 0},
    [SCHEME_MBOX] = {"mbox", "mbox:", 0},
};

static int wrong(struct fail *f, const char *fmt, ...) PRINTFLIKE(2, 3);

static int
wrong(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(
	    f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER, "URL", fmt, ap);
	va_end(ap);
	return -1;
}

const char *
scheme_name(enum scheme s)
{
	return schemes[s].name;
}

int
endpoint_is_net(const struct endpoint *e)
{
	return schemes[e->scheme].port != 0;
}

/* Percent-decoded, without line ends: NULL if it is not that. */
static char *
decoded(const char *s, size_t n)
{
	struct buf b = {0};

	if (!text_unpercent(&b, s, n) || strpbrk(b.data, "\r\n") != NULL)
		buf_free(&b);
	return b.data;
}

/* ---- parameters ---- */

static int
set_auth(struct endpoint *e, const char *value)
{
	static const char *const known[] = {"PLAIN", "LOGIN", "SCRAM-SHA-1",
	    "SCRAM-SHA-256", "XOAUTH2", "OAUTHBEARER", "EXTERNAL"};
	size_t i;

	for (i = 0; i < LENGTH(known); i++)
		if (text_casecmp(known[i], value) == 0) {
			free(e->auth);
			e->auth = mem_strdup(known[i]);
			return 1;
		}
	return 0;
}

static int
set_tls(struct endpoint *e, const char *value)
{
	int clear = e->scheme == SCHEME_IMAP || e->scheme == SCHEME_POP3;

	if (strcmp(value, "none") == 0 && clear)
		e->tls = TLS_NONE;
	else if (strcmp(value, "1.0") == 0)
		e->tls = TLS_1_0;
	else
		return 0;
	return 1;
}

static int
set_compress(struct endpoint *e, const char *value)
{
	int imap = e->scheme == SCHEME_IMAP || e->scheme == SCHEME_IMAPS;

	e->compress = strcmp(value, "deflate") == 0 || strcmp(value, "1") == 0;
	return (e->compress && imap) || strcmp(value, "none") == 0;
}

static int
set_layout(struct endpoint *e, const char *value)
{
	free(e->layout);
	e->layout = mem_strdup(value);
	return strcmp(value, "fs") == 0;
}

static const struct param {
	const char *name;
	int files; /* for maildir: and mbox: */
	int (*set)(struct endpoint *, const char *value);
	size_t at; /* or where the string goes */
} params[] = {
    {"auth", 0, set_auth, 0},
    {"authzid", 0, NULL, offsetof(struct endpoint, authzid)},
    {"ca", 0, NULL, offsetof(struct endpoint, ca)},
    {"cert", 0, NULL, offsetof(struct endpoint, cert)},
    {"key", 0, NULL, offsetof(struct endpoint, key)},
    {"pin", 0, NULL, offsetof(struct endpoint, pin)},
    {"resolve", 0, NULL, offsetof(struct endpoint, resolve)},
    {"tunnel", 0, NULL, offsetof(struct endpoint, tunnel)},
    {"tls", 0, set_tls, 0},
    {"compress", 0, set_compress, 0},
    {"layout", 1, set_layout, 0},
};

static int
set_string(struct endpoint *e, size_t at, const char *value)
{
	char **to = (char **)(void *)((char *)e + at);

	free(*to);
	*to = mem_strdup(value);
	return *value != '\0';
}

static int
one_param(
    struct endpoint *e, const char *name, const char *value, struct fail *f)
{
	size_t i;

	for (i = 0; i < LENGTH(params); i++) {
		const struct param *p = &params[i];

		if (strcmp(p->name, name) != 0 ||
		    p->files == endpoint_is_net(e))
			continue;
		if (p->set != NULL ? p->set(e, value)
				   : set_string(e, p->at, value))
			return 0;
		return wrong(
		    f, ";%s=%s: not a value of this parameter", name, value);
	}
	return wrong(f, ";%s: no such parameter of %s (mbx-endpoint(7))", name,
	    scheme_name(e->scheme));
}

static int
parse_params(struct endpoint *e, const char *s, struct fail *f)
{
	while (*s == ';') {
		size_t n = strcspn(++s, ";");
		const char *eq = memchr(s, '=', n);
		char *name, *value;
		int rc;

		if (eq == NULL)
			return wrong(
			    f, ";%.*s: a parameter is NAME=VALUE", (int)n, s);
		name = mem_strndup(s, (size_t)(eq - s));
		value = decoded(eq + 1, n - (size_t)(eq + 1 - s));
		rc = value != NULL
		    ? one_param(e, name, value, f)
		    : wrong(f, ";%s: bad percent-encoding", name);
		free(name);
		free(value);
		if (rc == -1)
			return -1;
		s += n;
	}
	return 0;
}

/* ---- the parts before them ---- */

static int
parse_user(struct endpoint *e, const char *s, size_t n, struct fail *f)
{
	if (memchr(s, ':', n) != NULL) {
		/* Not shown again: it may be a password. */
		(void)fail_at(f, "%s...", schemes[e->scheme].start);
		return wrong(f,
		    "a password, or a ':' that should be %%3A, "
		    "before the '@': secrets are given as "
		    "references in a column of their own");
	}
	e->user = n > 0 ? decoded(s, n) : NULL;
	if (e->user == NULL)
		return wrong(f, "no user, or one that is not percent-encoded");
	return 0;
}

static int
parse_port(struct endpoint *e, const char *s, size_t n, struct fail *f)
{
	uint64_t port;

	if (!text_u64(s, n, &port) || port == 0 || port > 65535)
		return wrong(f, "'%.*s' is no port", (int)n, s);
	e->port = (uint16_t)port;
	return 0;
}

static int
is_host(const char *s)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_:%";

	return *s != '\0' && strspn(s, ok) == strlen(s) && strlen(s) < 256;
}

static int
parse_host(struct endpoint *e, const char *s, size_t n, struct fail *f)
{
	const char *end = s + n, *stop;
	size_t i;

	e->port = schemes[e->scheme].port;
	if (n > 0 && *s == '[') {
		stop = memchr(s, ']', n);
		if (stop == NULL || (stop + 1 < end && stop[1] != ':'))
			return wrong(f, "'[' without a ']' around an address");
		e->host = mem_strndup(s + 1, (size_t)(stop - s - 1));
		stop++;
	} else {
		stop = memchr(s, ':', n);
		if (stop == NULL)
			stop = end;
		e->host = mem_strndup(s, (size_t)(stop - s));
	}
	for (i = 0; e->host[i] != '\0'; i++)
		e->host[i] = (char)text_lower((unsigned char)e->host[i]);
	if (!is_host(e->host))
		return wrong(f, "'%s' is no host name or address", e->host);
	if (stop < end)
		return parse_port(e, stop + 1, (size_t)(end - stop - 1), f);
	return 0;
}

static int
parse_net(struct endpoint *e, const char *s, size_t n, struct fail *f)
{
	const char *at = memrchr(s, '@', n);

	if (n > 0 && s[n - 1] == '/')
		n--;
	if (at == NULL)
		return wrong(
		    f, "no user: %sUSER@HOST", schemes[e->scheme].start);
	if (parse_user(e, s, (size_t)(at - s), f) == -1)
		return -1;
	return parse_host(e, at + 1, n - (size_t)(at + 1 - s), f);
}

static int
parse_path(struct endpoint *e, const char *s, size_t n, struct fail *f)
{
	e->path = n > 0 ? decoded(s, n) : NULL;
	if (e->path == NULL)
		return wrong(f, "no path, or a '%%' that should be %%25");
	return 0;
}

static int
check(const struct endpoint *e, struct fail *f)
{
	if ((e->cert == NULL) != (e->key == NULL))
		return wrong(f, ";cert= and ;key= go together");
	if (e->auth != NULL && strcmp(e->auth, "EXTERNAL") == 0 &&
	    e->cert == NULL)
		return wrong(f, ";auth=EXTERNAL wants ;cert= and ;key=");
	return 0;
}

int
endpoint_parse(struct endpoint *e, const char *url, struct fail *f)
{
	size_t i, n;
	int rc;

	memset(e, 0, sizeof(*e));
	(void)fail_at(f, "%s", url);
	if (strpbrk(url, "\r\n") != NULL)
		return wrong(f, "a line end in a URL");
	for (i = 0; i < LENGTH(schemes); i++)
		if (text_ncasecmp(
			url, schemes[i].start, strlen(schemes[i].start)) == 0)
			break;
	if (i == LENGTH(schemes))
		return wrong(f,
		    *url == '\0' ? "empty: imaps://USER@HOST"
				 : "no scheme that is known: "
				   "imaps://USER@HOST, imap://, "
				   "pop3s://, pop3://, "
				   "maildir:PATH, mbox:PATH");
	e->scheme = (enum scheme)i;
	url += strlen(schemes[i].start);
	n = strcspn(url, ";");
	rc = endpoint_is_net(e) ? parse_net(e, url, n, f)
				: parse_path(e, url, n, f);
	if (rc == 0)
		rc = parse_params(e, url + n, f);
	if (rc == 0)
		rc = check(e, f);
	if (rc == -1)
		endpoint_free(e);
	return rc;
}

int
endpoint_template(
    struct buf *b, const char *t, const char *account, struct fail *f)
{
	const char *at = strrchr(account, '@');
	size_t user = at != NULL ? (size_t)(at - account) : strlen(account);

	if ((strncmp(t, "maildir:", 8) == 0 || strncmp(t, "mbox:", 5) == 0) &&
	    (strchr(account, '/') != NULL || *account == '.' ||
		(at != NULL && at[1] == '.')))
		return fail_set(f, CODE_CONFIG, REACH_MESSAGE, AGAIN_NEVER,
		    "template",
		    "an account with a /, or a part of it that begins with a "
		    "dot, makes no path");
	while (*t != '\0')
		if (strncmp(t, "{account}", 9) == 0) {
			text_percent(b, account, strlen(account), "");
			t += 9;
		} else if (strncmp(t, "{user}", 6) == 0) {
			text_percent(b, account, user, "");
			t += 6;
		} else if (strncmp(t, "{domain}", 8) == 0) {
			if (at != NULL)
				text_percent(b, at + 1, strlen(at + 1), "");
			t += 8;
		} else
			buf_addc(b, *t++);
	return 0;
}

/* Every string of an endpoint. */
static const size_t strings[] = {
    offsetof(struct endpoint, user),
    offsetof(struct endpoint, host),
    offsetof(struct endpoint, path),
    offsetof(struct endpoint, auth),
    offsetof(struct endpoint, authzid),
    offsetof(struct endpoint, ca),
    offsetof(struct endpoint, cert),
    offsetof(struct endpoint, key),
    offsetof(struct endpoint, pin),
    offsetof(struct endpoint, resolve),
    offsetof(struct endpoint, tunnel),
    offsetof(struct endpoint, layout),
};

static char **
string_at(struct endpoint *e, size_t i)
{
	return (char **)(void *)((char *)e + strings[i]);
}

void
endpoint_free(struct endpoint *e)
{
	size_t i;

	for (i = 0; i < LENGTH(strings); i++)
		free(*string_at(e, i));
	memset(e, 0, sizeof(*e));
}

void
endpoint_copy(struct endpoint *to, const struct endpoint *from)
{
	size_t i;

	*to = *from;
	for (i = 0; i < LENGTH(strings); i++) {
		char **s = string_at(to, i);

		if (*s != NULL)
			*s = mem_strdup(*s);
	}
}

/* Beside letters and digits, what stands in a label as it is. */
#define USER_CHARS "@*+=!$&'(),"

void
endpoint_label(struct buf *b, const struct endpoint *e)
{
	buf_adds(b, schemes[e->scheme].start);
	if (!endpoint_is_net(e)) {
		text_printable(b, e->path, strlen(e->path), 1000);
		return;
	}
	text_percent(b, e->user, strlen(e->user), USER_CHARS);
	buf_addf(b, strchr(e->host, ':') ? "@[%s]" : "@%s", e->host);
	if (e->port != schemes[e->scheme].port)
		buf_addf(b, ":%u", (unsigned int)e->port);
	if (e->authzid != NULL) {
		buf_adds(b, ";authzid=");
		text_percent(b, e->authzid, strlen(e->authzid), USER_CHARS);
	}
}

void
endpoint_reduce(struct buf *b, const struct endpoint *e)
{
	if (endpoint_is_net(e)) {
		endpoint_label(b, e);
		return;
	}
	buf_adds(b, schemes[e->scheme].start);
	buf_adds(b, e->path);
}
