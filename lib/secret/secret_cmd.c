/* secret_cmd.c: secrets that a command prints; no shell is involved. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "secret/secret_p.h"

enum { WORDS = 64 };

static int patience = 30000;

void
secret_patience(int ms)
{
	patience = ms;
}

int64_t
secret_deadline(void)
{
	return clock_ms() + patience;
}

static void
child(int out, char *const *argv)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	(void)signal(SIGPIPE, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

static int
late(const char *ref, struct fail *f)
{
	if (stop_signal() != 0)
		return refuse(f, CODE_CONN, "%s: stopped by signal %d", ref,
		    stop_signal());
	return refuse(
	    f, CODE_TIMEOUT, "%s: not done after %d s", ref, patience / 1000);
}

/* Waits for octets of fd: 1, or 0 when it is too late. */
static int
wait_octets(int fd, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	for (;;) {
		int64_t left = until - clock_ms();

		if (left <= 0 || clock_ms() > stop_deadline())
			return 0;
		if (poll(&p, 1, left > 1000 ? 1000 : (int)left) > 0)
			return 1;
	}
}

int
read_line_fd(
    int fd, int64_t until, const char *ref, struct buf *raw, struct fail *f)
{
	ssize_t n = 1;

	(void)buf_room(raw, SECRET_MAX + 2);
	buf_grown(raw, 0);
	while (n != 0 && raw->len <= SECRET_MAX &&
	    (raw->len == 0 || memchr(raw->data, '\n', raw->len) == NULL)) {
		if (!wait_octets(fd, until))
			return late(ref, f);
		n = read(fd, raw->data + raw->len, SECRET_MAX + 1 - raw->len);
		if (n > 0)
			buf_grown(raw, (size_t)n);
		else if (n == -1 && errno != EINTR && errno != EAGAIN)
			return refuse(
			    f, CODE_CONFIG, "%s: %s", ref, strerror(errno));
	}
	return 0;
}

/*
 * What comes behind the first line is read away, since a command that finds
 * its pipe closed fails; a child of its own may keep the pipe for ever, so its
 * end is what counts.  1 and its status, 0 when it is too late.
 */
static int
wait_end(pid_t pid, int fd, int64_t until, int *status)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char away[512];

	while (waitpid(pid, status, WNOHANG) == 0) {
		if (clock_ms() > until || clock_ms() > stop_deadline())
			return 0;
		if (poll(&p, 1, 20) > 0 && read(fd, away, sizeof(away)) <= 0)
			p.fd = -1; /* from here on only time passes */
		explicit_bzero(away, sizeof(away));
	}
	return 1;
}

static int
run(char *const *argv, struct buf *raw, const char *ref, struct fail *f)
{
	int64_t until = secret_deadline();
	int pipe_fd[2], rc, status = 0;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return fail_errno(f, CODE_SYSTEM, REACH_RUN, "secret", "cmd:");
	if (pid == 0)
		child(pipe_fd[1], argv);
	(void)close(pipe_fd[1]);
	rc = read_line_fd(pipe_fd[0], until, ref, raw, f);
	if (rc == 0 && !wait_end(pid, pipe_fd[0], until, &status))
		rc = late(ref, f);
	(void)close(pipe_fd[0]);
	if (rc == -1) {
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
			;
		return -1;
	}
	if (WIFSIGNALED(status))
		return refuse(f, CODE_CONFIG, "%s: ended by signal %d", ref,
		    WTERMSIG(status));
	if (WEXITSTATUS(status) != 0)
		return refuse(f, CODE_CONFIG, "%s: exit status %d%s", ref,
		    WEXITSTATUS(status),
		    WEXITSTATUS(status) == 127 ? ", no such command" : "");
	return 0;
}

int
secret_cmd(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	char *text = mem_strdup(ref + strlen("cmd:")), *argv[WORDS];
	struct buf raw = {0};
	int rc;

	(void)whom;
	if (text_words(text, argv, WORDS) == 0)
		rc = refuse(f, CODE_CONFIG,
		    "%s: no command, or a quote without its end", ref);
	else
		rc = run(argv, &raw, ref, f);
	if (rc == 0)
		rc = take_value(ref, &raw, 1, out, f);
	buf_wipe(&raw);
	free(text);
	return rc;
}
