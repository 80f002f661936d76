/* say.c: every line on stderr, in one shape. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

enum { TRACED = 4000 }; /* octets of what is read or written at once */

static void
put_line(struct buf *b)
{
	(void)secret_mask(b);
	buf_addc(b, '\n');
	(void)put_all(STDERR_FILENO, b);
	buf_free(b);
}

static void
begin_line(struct buf *b)
{
	if (progress_on_terminal())
		buf_adds(b, "\r\033[K");
	buf_addf(b, "%s: ", cli_tool());
}

void
say(const struct fail *f)
{
	struct buf b = {0};

	begin_line(&b);
	if (f->object[0] != '\0')
		buf_addf(&b, "%s: ", f->object);
	if (f->what[0] != '\0')
		buf_addf(&b, "%s: ", f->what);
	buf_adds(&b, f->why);
	put_line(&b);
	log_fail(f);
}

PRINTFLIKE(2, 0)
static void
say_text(const char *level, const char *fmt, va_list ap)
{
	struct buf b = {0}, clean = {0};
	char text[2048];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text_printable(&clean, text, strlen(text), sizeof(text));
	log_text(level, clean.len > 0 ? clean.data : "");
	if (!settings.quiet) {
		begin_line(&b);
		buf_add(&b, clean.data, clean.len);
		put_line(&b);
	}
	buf_free(&clean);
}

void
say_note(int level, const char *fmt, ...)
{
	va_list ap;

	if (settings.verbose < level)
		return;
	va_start(ap, fmt);
	say_text("note", fmt, ap);
	va_end(ap);
}

void
say_loud(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say_text("warning", fmt, ap);
	va_end(ap);
}

void
net_note(void *arg, const char *line)
{
	(void)arg;
	say_loud("%s", line);
}

/* Line by line, and no more of it than one can read. */
void
net_trace(void *arg, int out, const char *p, size_t n)
{
	const char *end = p + (n < TRACED ? n : TRACED);

	(void)arg;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *next = lf != NULL ? lf + 1 : end;
		struct buf b = {0};

		if (lf != NULL && lf > p && lf[-1] == '\r')
			lf--;
		begin_line(&b);
		buf_adds(&b, out ? "> " : "< ");
		text_printable(
		    &b, p, (size_t)((lf != NULL ? lf : end) - p), 1000);
		put_line(&b);
		p = next;
	}
}

int
cli_dry_run(void)
{
	return settings.dry_run;
}

unsigned int
cli_jobs(void)
{
	return settings.jobs;
}

const char *
cli_tool(void)
{
	return settings.tool != NULL ? settings.tool->name : "mbx";
}
