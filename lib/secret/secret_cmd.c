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

enum { WAIT_MS = 30000, WORDS = 64 };

/* Splits as a shell would with '…', "…" and \: the words, or 0 of them. */
static size_t
split(char *s, char *word[WORDS])
{
	size_t n = 0;

	for (;;) {
		char *to, quote = '\0';

		s += strspn(s, " \t");
		if (*s == '\0' || n == WORDS - 1)
			break;
		word[n++] = to = s;
		for (; *s != '\0' && (quote || (*s != ' ' && *s != '\t')); s++)
			if (*s == quote && quote)
				quote = '\0';
			else if (!quote && (*s == '\'' || *s == '"'))
				quote = *s;
			else if (*s == '\\' && quote != '\'' && s[1] != '\0')
				*to++ = *++s;
			else
				*to++ = *s;
		if (quote)
			return 0;
		if (*s != '\0')
			s++;
		*to = '\0';
	}
	word[n] = NULL;
	return n;
}

static void
child(int out, char *const *argv)
{
	int null = open("/dev/null", O_RDWR);

	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(out, STDOUT_FILENO);
	(void)execvp(argv[0], argv);
	_exit(errno == ENOENT ? 127 : 126);
}

/* The first line, or what there is, until the deadline. */
static int
read_line(int fd, struct buf *raw, const char *ref, struct fail *f)
{
	int64_t until = clock_ms() + WAIT_MS;

	(void)buf_room(raw, SECRET_MAX + 2);
	buf_grown(raw, 0);
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = until - clock_ms();
		ssize_t n;

		if (left <= 0 || clock_ms() > stop_deadline())
			return refuse(
			    f, CODE_TIMEOUT, "%s: nothing after 30 s", ref);
		if (poll(&p, 1, left > 1000 ? 1000 : (int)left) <= 0)
			continue;
		n = read(fd, raw->data + raw->len, SECRET_MAX + 1 - raw->len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		buf_grown(raw, (size_t)n);
		if (memchr(raw->data, '\n', raw->len) != NULL ||
		    raw->len > SECRET_MAX)
			return 0;
	}
}

static int
run(char *const *argv, struct buf *raw, const char *ref, struct fail *f)
{
	int pipe_fd[2], rc, status = 0;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		return fail_errno(f, CODE_SYSTEM, REACH_RUN, "secret", "cmd:");
	if (pid == 0)
		child(pipe_fd[1], argv);
	(void)close(pipe_fd[1]);
	rc = read_line(pipe_fd[0], raw, ref, f);
	(void)close(pipe_fd[0]);
	if (rc == -1)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (rc == 0 && WIFEXITED(status) && WEXITSTATUS(status) != 0)
		return refuse(f, CODE_CONFIG, "%s: exit status %d%s", ref,
		    WEXITSTATUS(status),
		    WEXITSTATUS(status) == 127 ? ", no such command" : "");
	return rc;
}

int
secret_cmd(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	char *text = mem_strdup(ref + strlen("cmd:")), *argv[WORDS];
	struct buf raw = {0};
	int rc;

	(void)whom;
	if (split(text, argv) == 0)
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
