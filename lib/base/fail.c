/* fail.c: one shape for everything that can go wrong. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

#undef fail_set
#undef fail_vset
#undef fail_errno
#undef fail_at

static const char *const names[CODE_COUNT] = {
    [CODE_NONE] = "",
    [CODE_CONN] = "CONN",
    [CODE_TLS] = "TLS",
    [CODE_AUTH] = "AUTH",
    [CODE_PROTO] = "PROTO",
    [CODE_TIMEOUT] = "TIMEOUT",
    [CODE_THROTTLED] = "THROTTLED",
    [CODE_TOOBIG] = "TOOBIG",
    [CODE_QUOTA] = "QUOTA",
    [CODE_NAME] = "NAME",
    [CODE_NOSELECT] = "NOSELECT",
    [CODE_FLAG] = "FLAG",
    [CODE_BADMSG] = "BADMSG",
    [CODE_DATE] = "DATE",
    [CODE_UIDVALIDITY] = "UIDVALIDITY",
    [CODE_VANISHED] = "VANISHED",
    [CODE_CHANGED] = "CHANGED",
    [CODE_CASE] = "CASE",
    [CODE_POLICY] = "POLICY",
    [CODE_IO] = "IO",
    [CODE_CONFIG] = "CONFIG",
    [CODE_USAGE] = "USAGE",
    [CODE_ROW] = "ROW",
    [CODE_INPUT] = "INPUT",
    [CODE_SYSTEM] = "SYSTEM",
};

static const struct {
	enum code code;
	int status;
} exits[] = {
    {CODE_USAGE, 64},
    {CODE_ROW, 65},
    {CODE_INPUT, 66},
    {CODE_CONN, 69},
    {CODE_TIMEOUT, 69},
    {CODE_SYSTEM, 71},
    {CODE_IO, 74},
    {CODE_THROTTLED, 75},
    {CODE_PROTO, 76},
    {CODE_TLS, 77},
    {CODE_AUTH, 77},
    {CODE_CONFIG, 78},
};

/* Printable, cut at the size of the field. */
PRINTFLIKE(3, 0)
static void
keep(char *field, size_t size, const char *fmt, va_list ap)
{
	char raw[2048];
	struct buf b = {0};
	int n = vsnprintf(raw, sizeof(raw), fmt, ap);

	if (n < 0)
		n = 0;
	if ((size_t)n >= sizeof(raw))
		n = sizeof(raw) - 1;
	text_printable(&b, raw, (size_t)n, size - 4);
	memcpy(field, b.len ? b.data : "", b.len + 1);
	buf_free(&b);
}

static void
kind(struct fail *f, enum code code, enum reach reach, enum again again,
    const char *what)
{
	f->code = code;
	f->reach = reach;
	f->again = again;
	f->retry_s = 0;
	(void)snprintf(f->what, sizeof(f->what), "%s", what);
}

int
fail_vset(struct fail *f, enum code code, enum reach reach, enum again again,
    const char *what, const char *fmt, va_list ap)
{
	if (f == NULL)
		return -1;
	keep(f->why, sizeof(f->why), fmt, ap); /* of what *f says, it may be */
	kind(f, code, reach, again, what);
	return -1;
}

int
fail_set(struct fail *f, enum code code, enum reach reach, enum again again,
    const char *what, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(f, code, reach, again, what, fmt, ap);
	va_end(ap);
	return -1;
}

int
fail_errno(struct fail *f, enum code code, enum reach reach, const char *what,
    const char *fmt, ...)
{
	int error = errno;
	size_t n;
	va_list ap;

	if (f == NULL)
		return -1;
	kind(f, code, reach, AGAIN_NEVER, what);
	va_start(ap, fmt);
	keep(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	n = strlen(f->why);
	(void)snprintf(f->why + n, sizeof(f->why) - n, "%s%s", n ? ": " : "",
	    strerror(error));
	return -1;
}

int
fail_at(struct fail *f, const char *fmt, ...)
{
	va_list ap;

	if (f == NULL)
		return -1;
	va_start(ap, fmt);
	keep(f->object, sizeof(f->object), fmt, ap);
	va_end(ap);
	return -1;
}

void
fail_clear(struct fail *f)
{
	memset(f, 0, sizeof(*f));
}

const char *
fail_code_name(enum code code)
{
	return code < CODE_COUNT ? names[code] : "";
}

enum code
fail_code_of(const char *name)
{
	enum code code;

	for (code = CODE_NONE; code < CODE_COUNT; code++)
		if (strcmp(names[code], name) == 0)
			break;
	return code;
}

int
fail_exit(const struct fail *f)
{
	size_t i;

	for (i = 0; i < LENGTH(exits); i++)
		if (exits[i].code == f->code)
			return exits[i].status;
	return 1;
}
