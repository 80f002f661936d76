/* say.c: every line on stderr and in the log, in one shape. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

static int log_fd = -1;

/* One write, so that lines of several workers do not mix. */
static void
put(int fd, const struct buf *b)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		at += (size_t)n;
	}
}

static void
put_line(struct buf *b)
{
	(void)secret_mask(b);
	buf_addc(b, '\n');
	put(STDERR_FILENO, b);
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
	cli_log("error", f);
}

static void
log_line(const char *level, const char *code, const char *object,
    const char *message)
{
	char at[CLOCK_TEXT];
	struct buf b = {0};

	if (log_fd == -1)
		return;
	buf_addf(
	    &b, "%s\t%s\t%s\t", clock_format(at, clock_now()), level, code);
	tsv_escape(&b, object, strlen(object));
	buf_addc(&b, '\t');
	tsv_escape(&b, message, strlen(message));
	(void)secret_mask(&b);
	buf_addc(&b, '\n');
	put(log_fd, &b);
	buf_free(&b);
}

PRINTFLIKE(2, 0)
static void
say_text(const char *level, const char *fmt, va_list ap)
{
	struct buf b = {0}, clean = {0};
	char text[2048];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text_printable(&clean, text, strlen(text), sizeof(text));
	log_line(level, "", "", clean.len > 0 ? clean.data : "");
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

void
net_trace(void *arg, int out, const char *p, size_t n)
{
	struct buf b = {0};

	(void)arg;
	begin_line(&b);
	buf_adds(&b, out ? "> " : "< ");
	text_printable(&b, p, n, 1000);
	put_line(&b);
}

int
log_open(const char *path, struct fail *f)
{
	static const char header[] = "at\tlevel\tcode\tobject\tmessage\n";

	log_fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log_fd == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "log", "%s", path);
	if (lseek(log_fd, 0, SEEK_END) == 0 &&
	    write(log_fd, header, sizeof(header) - 1) == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "log", "%s", path);
	return 0;
}

void
cli_log(const char *level, const struct fail *f)
{
	struct buf b = {0};

	if (f->what[0] != '\0')
		buf_addf(&b, "%s: ", f->what);
	buf_adds(&b, f->why);
	log_line(level, fail_code_name(f->code), f->object, b.data);
	buf_free(&b);
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
