/* pop3_session.c: greeting, CAPA, STLS, and how a command is sent and
 * answered. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pop3/pop3_p.h"

enum { GOODBYE_MS = 2000 };

int
pop3_fail(struct pop3 *p, struct fail *f, enum code code, enum again again,
    const char *what, const char *fmt, ...)
{
	va_list ap;

	p->dead = 1;
	(void)fail_at(f, "%s", p->label);
	va_start(ap, fmt);
	(void)fail_vset(f, code, REACH_ENDPOINT, again, what, fmt, ap);
	va_end(ap);
	return -1;
}

void
pop3_tell(struct pop3 *p, const char *line)
{
	if (p->note != NULL)
		p->note(p->arg, line);
}

/* ---- one command ---- */

int
pop3_say(struct pop3 *p, struct fail *f, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	if (p->dead)
		return pop3_fail(p, f, CODE_CONN, AGAIN_NOW, "write",
		    "the connection is gone");
	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line) - 2, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line) - 2 ||
	    strpbrk(line, "\r\n") != NULL)
		return pop3_fail(p, f, CODE_CONFIG, AGAIN_NEVER, "write",
		    "a user name that POP3 cannot carry");
	line[n] = '\r';
	line[n + 1] = '\n';
	if (stream_write(p->stream, line, (size_t)n + 2, f) == -1) {
		p->dead = 1;
		return -1;
	}
	return 0;
}

/* A line, or a failure: nothing may end here. */
static int
next_line(struct pop3 *p, char **line, size_t *n, struct fail *f)
{
	int rc;

	*line = NULL;
	*n = 0;
	rc = p->dead ? 0 : stream_line(p->stream, line, n, POP3_LINE, f);
	if (rc == 1 && *line != NULL)
		return 1;
	if (rc == 0)
		(void)pop3_fail(p, f, CODE_CONN, AGAIN_NOW, "read",
		    "the server closed the connection");
	p->dead = 1;
	return -1;
}

static size_t
status_of(const char *line, size_t n, enum answer *a)
{
	static const struct {
		const char *word;
		enum answer means;
	} words[] = {
	    {"+OK", ANSWER_OK}, {"-ERR", ANSWER_ERR}, {"+", ANSWER_MORE}};
	size_t i, len;

	for (i = 0; i < LENGTH(words); i++) {
		len = strlen(words[i].word);
		if (n >= len && text_ncasecmp(line, words[i].word, len) == 0 &&
		    (n == len || line[len] == ' ')) {
			*a = words[i].means;
			return len;
		}
	}
	return 0;
}

int
pop3_answer(struct pop3 *p, enum answer *a, struct fail *f)
{
	char *line;
	size_t n, at;

	*a = ANSWER_ERR;
	if (next_line(p, &line, &n, f) == -1)
		return -1;
	p->bare_lf = line[n] == '\n';
	if ((at = status_of(line, n, a)) == 0)
		return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "read",
		    "this is no answer of POP3: %.*s", n > 100 ? 100 : (int)n,
		    line);
	at += at < n;
	buf_reset(&p->text);
	buf_add(&p->text, "", 0);
	buf_add(&p->text, line + at, n - at);
	return 0;
}

int
pop3_row(struct pop3 *p, char **line, size_t *n, struct fail *f)
{
	if (next_line(p, line, n, f) == -1)
		return -1;
	if (*n > 0 && **line == '.') {
		if (*n == 1)
			return 0;
		(*line)++;
		(*n)--;
	}
	return 1;
}

int
pop3_command(struct pop3 *p, const char *command, struct fail *f)
{
	enum answer a;

	if (pop3_say(p, f, "%s", command) == -1 || pop3_answer(p, &a, f) == -1)
		return -1;
	if (a == ANSWER_MORE)
		return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, command,
		    "the server answers with a challenge");
	return a == ANSWER_OK;
}

/* ---- what a refusal means ---- */

/* Response codes (RFC 2449 8, RFC 3206). */
static const struct {
	const char *code;
	enum code means;
	enum again again;
} meanings[] = {
    {"[IN-USE]", CODE_THROTTLED, AGAIN_LATER},
    {"[LOGIN-DELAY]", CODE_THROTTLED, AGAIN_LATER},
    {"[SYS/TEMP]", CODE_THROTTLED, AGAIN_LATER},
    {"[SYS/PERM]", CODE_CONN, AGAIN_NEVER},
    {"[AUTH]", CODE_AUTH, AGAIN_NEVER},
};

/* Servers older than the codes say it in RFC 1939's own words. */
static int
is_locked(const char *text)
{
	return strcasestr(text, "maildrop") != NULL &&
	    strcasestr(text, "lock") != NULL;
}

int
pop3_refused(struct pop3 *p, const char *what, enum code otherwise,
    enum reach reach, struct fail *f)
{
	const char *text = p->text.data;
	enum code code = otherwise;
	enum again again = AGAIN_NEVER;
	size_t i, n = strcspn(text, "]") + 1;

	for (i = 0; i < LENGTH(meanings); i++)
		if (n == strlen(meanings[i].code) &&
		    text_ncasecmp(text, meanings[i].code, n) == 0)
			break;
	if (i < LENGTH(meanings)) {
		if (reach == REACH_ENDPOINT || meanings[i].again != AGAIN_NEVER)
			code = meanings[i].means;
		again = meanings[i].again;
	} else if (is_locked(text) || strcasestr(text, "throttled") != NULL) {
		code = CODE_THROTTLED;
		again = AGAIN_LATER;
	}
	if (reach == REACH_ENDPOINT)
		p->dead = 1;
	(void)fail_at(f, "%s", p->label);
	(void)fail_set(
	    f, code, reach, again, what, "-ERR%s%s", *text ? " " : "", text);
	if (f != NULL && i < LENGTH(meanings) &&
	    strcmp(meanings[i].code, "[LOGIN-DELAY]") == 0)
		f->retry_s = p->login_delay;
	return -1;
}

/* ---- capabilities ---- */

static const struct {
	const char *name;
	unsigned int bit;
} known[] = {
    {"STLS", HAVE_STLS},
    {"USER", HAVE_USER},
    {"TOP", HAVE_TOP},
    {"UIDL", HAVE_UIDL},
    {"PIPELINING", HAVE_PIPELINING},
    {"RESP-CODES", HAVE_RESP_CODES},
};

/* "LOGIN-DELAY 900 USER", "EXPIRE 0": the number behind the name. */
static int
number_of(const char *s, size_t n, const char *name, uint64_t *v)
{
	size_t len = strlen(name), digits;

	if (n <= len || text_ncasecmp(s, name, len) != 0 || s[len] != ' ')
		return 0;
	for (digits = len + 1; digits < n && s[digits] != ' ';)
		digits++;
	return text_u64(s + len + 1, digits - len - 1, v);
}

static void
take_capability(struct pop3 *p, const char *s, size_t n)
{
	size_t i, word;
	uint64_t v;

	for (word = 0; word < n && s[word] != ' ';)
		word++;
	for (i = 0; i < LENGTH(known); i++)
		if (word == strlen(known[i].name) &&
		    text_ncasecmp(s, known[i].name, word) == 0)
			p->have |= known[i].bit;
	if (word == 4 && text_ncasecmp(s, "SASL", 4) == 0) {
		buf_addc(&p->mechanisms, ' ');
		buf_add(&p->mechanisms, s + word, n - word);
	}
	if (number_of(s, n, "LOGIN-DELAY", &v) && v <= 86400)
		p->login_delay = (unsigned int)v;
	if (number_of(s, n, "EXPIRE", &v) && v == 0)
		p->have |= HAVE_EXPIRE_0;
	if (p->capabilities.len < POP3_LINE) {
		buf_adds(&p->capabilities, p->capabilities.len ? " " : "");
		text_printable(&p->capabilities, s, n, 200);
	}
}

static int
ask_capabilities(struct pop3 *p, struct fail *f)
{
	int rc = pop3_command(p, "CAPA", f), rows = 0;
	char *line;
	size_t n;

	p->have = 0;
	p->login_delay = 0;
	buf_reset(&p->capabilities);
	buf_reset(&p->mechanisms);
	buf_adds(&p->capabilities, "");
	buf_adds(&p->mechanisms, "");
	if (rc != 1)
		return rc;
	p->have = HAVE_CAPA;
	while ((rc = pop3_row(p, &line, &n, f)) == 1) {
		if (++rows > POP3_CAPAS)
			return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "CAPA",
			    "more than %d lines", POP3_CAPAS);
		if (memchr(line, '\0', n) == NULL)
			take_capability(p, line, n);
	}
	return rc;
}

/* ---- opening ---- */

static int
greeting(struct pop3 *p, struct fail *f)
{
	enum answer a;

	if (pop3_answer(p, &a, f) == -1)
		return -1;
	if (a == ANSWER_MORE)
		return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "greeting",
		    "this is no POP3 server");
	if (a == ANSWER_OK)
		return 0;
	(void)pop3_refused(p, "greeting", CODE_CONN, REACH_ENDPOINT, f);
	if (f != NULL)
		f->again = AGAIN_LATER;
	return -1;
}

static int
secure(struct pop3 *p, struct fail *f)
{
	int rc;

	if (p->e->scheme != SCHEME_POP3 || p->e->tls == TLS_NONE)
		return 0;
	/* A server without CAPA may still know STLS. */
	if ((p->have & HAVE_CAPA) != 0 && (p->have & HAVE_STLS) == 0)
		return pop3_fail(p, f, CODE_TLS, AGAIN_NEVER, "STLS",
		    "the server does not offer it, or somebody between takes "
		    "it away; ;tls=none must be written out");
	rc = pop3_command(p, "STLS", f);
	if (rc == 0)
		return pop3_refused(p, "STLS", CODE_TLS, REACH_ENDPOINT, f);
	if (rc == -1 || stream_starttls(p->stream, f) == -1) {
		p->dead = 1;
		return -1;
	}
	/* What was said in the clear is forgotten. */
	return ask_capabilities(p, f);
}

static int
log_in(struct pop3 *p, const char *secret, size_t n, struct fail *f)
{
	unsigned int before = p->have;

	if (pop3_authenticate(p, secret, n, f) == -1)
		return -1;
	p->logged_in = 1;
	/* Some things are told only now (RFC 2449 5), others only before. */
	if ((before & HAVE_CAPA) != 0 && ask_capabilities(p, f) == -1)
		return -1;
	p->have |= before & (HAVE_CAPA | HAVE_EXPIRE_0 | HAVE_TOP | HAVE_UIDL);
	if ((p->have & HAVE_EXPIRE_0) != 0)
		pop3_tell(p,
		    "the server deletes what was read when a session ends in "
		    "order (EXPIRE 0): the connection is cut instead");
	return 0;
}

int
pop3_open(struct pop3 **pp, const struct endpoint *e, const char *secret,
    size_t secret_len, const char *client_key,
    void (*note)(void *, const char *line), void *arg, struct fail *f)
{
	struct pop3 *p = mem_alloc(sizeof(*p));
	struct buf label = {0};

	endpoint_label(&label, e);
	p->label = label.data;
	p->e = e;
	p->note = note;
	p->arg = arg;
	buf_adds(&p->text, "");
	buf_adds(&p->capabilities, "");
	buf_adds(&p->mechanisms, "");
	(void)fail_at(f, "%s", p->label);
	p->stream = net_dial(e, client_key, f);
	if (p->stream != NULL && greeting(p, f) == 0 &&
	    ask_capabilities(p, f) != -1 && secure(p, f) == 0 &&
	    log_in(p, secret, secret_len, f) == 0) {
		*pp = p;
		return 0;
	}
	p->dead = 1;
	pop3_close(p);
	*pp = NULL;
	return -1;
}

static void
say_goodbye(struct pop3 *p)
{
	static const char bye[] = "RSET\r\nQUIT\r\n";
	const char *words = p->read_any ? bye : bye + 6;
	int64_t until = clock_ms() + GOODBYE_MS;
	int answers = p->read_any ? 2 : 1;
	char *line;
	size_t n;

	if (stream_write(p->stream, words, strlen(words), NULL) == -1)
		return;
	while (answers-- > 0) {
		int64_t left = until - clock_ms();

		if (left <= 0 ||
		    stream_wait(&p->stream, 1, (int)left, NULL) != 0 ||
		    stream_line(p->stream, &line, &n, POP3_LINE, NULL) != 1)
			return;
	}
}

void
pop3_close(struct pop3 *p)
{
	if (p == NULL)
		return;
	if (!p->dead && p->logged_in && !p->listing && !pop3_under_way(p) &&
	    (p->have & HAVE_EXPIRE_0) == 0)
		say_goodbye(p);
	stream_close(p->stream);
	pop3_body_free(p);
	free(p->label);
	buf_free(&p->capabilities);
	buf_free(&p->mechanisms);
	buf_free(&p->text);
	buf_free(&p->uid);
	free(p);
}

const char *
pop3_capabilities(const struct pop3 *p)
{
	return p->capabilities.data;
}

struct stream *
pop3_stream(struct pop3 *p)
{
	return p->stream;
}
