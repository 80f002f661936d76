/* log.c: --log FILE: what is said, and where each row begins and ends. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

static int log_fd = -1;

int
put_all(int fd, const struct buf *b)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = write(fd, b->data + at, b->len - at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += (size_t)n;
	}
	return 0;
}

static int
add(const char *level, const char *code, const char *object, const char *what,
    const char *why)
{
	const char *field[] = {level, code, object, what, why};
	char at[CLOCK_TEXT];
	struct buf b = {0};
	size_t i;
	int rc;

	if (log_fd == -1)
		return 0;
	buf_adds(&b, clock_format(at, clock_now()));
	for (i = 0; i < LENGTH(field); i++) {
		buf_addc(&b, '\t');
		tsv_escape(&b, field[i], strlen(field[i]));
	}
	(void)secret_mask(&b);
	buf_addc(&b, '\n');
	rc = put_all(log_fd, &b);
	buf_free(&b);
	return rc;
}

int
log_open(const char *path, struct fail *f)
{
	static const char header[] = "at\tlevel\tcode\tobject\twhat\twhy\n";

	log_fd = open(
	    path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log_fd == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "log", "%s", path);
	if ((lseek(log_fd, 0, SEEK_END) == 0 &&
		write(log_fd, header, sizeof(header) - 1) == -1) ||
	    add("begin", "", cli_tool(), "run", "version " MBX_VERSION) == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "log", "%s", path);
	return 0;
}

/* Its last line is the one that shows a full disk. */
int
log_close(int status, struct fail *f)
{
	char why[32];

	if (log_fd == -1)
		return 0;
	(void)snprintf(why, sizeof(why), "exit %d", status);
	if (add("end", "", cli_tool(), "run", why) == -1 ||
	    (fsync(log_fd) == -1 && errno != EINVAL) || close(log_fd) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "log", "%s", settings.log);
	return 0;
}

void
log_text(const char *level, const char *text)
{
	(void)add(level, "", "", "", text);
}

void
log_fail(const struct fail *f)
{
	(void)add("error", fail_code_name(f->code), f->object, f->what, f->why);
}

/* Its account and folder, or its URL without what may be a secret in it. */
static void
name_row(struct buf *b, const struct row *r)
{
	const char *account = row_get(r, "account"), *folder;
	const char *url = row_get(r, "source");
	struct endpoint e = {0};
	struct buf name = {0};

	if (*url == '\0')
		url = row_get(r, "target");
	buf_adds(&name, account);
	if (*account == '\0' && endpoint_parse(&e, url, NULL) == 0)
		endpoint_label(&name, &e);
	endpoint_free(&e);
	folder = row_get(r, "folder");
	if (*folder != '\0')
		buf_addf(&name, "/%s", folder);
	buf_adds(b, "");
	text_printable(b, name.data, name.len, 256);
	buf_free(&name);
}

void
log_row(const char *level, const struct row *r, const char *status,
    const struct fail *f)
{
	struct buf name = {0};

	if (log_fd == -1)
		return;
	name_row(&name, r);
	(void)add(level, f != NULL ? fail_code_name(f->code) : "", name.data,
	    status, f != NULL ? f->why : "");
	buf_free(&name);
}
