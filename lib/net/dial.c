/* dial.c: TCP to the first address that answers, or a command as a tunnel. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/net_p.h"

enum { CONNECT_S = 30 };

static int
not_blocking(int fd)
{
	int on = fcntl(fd, F_GETFL);

	return on == -1 ? -1 : fcntl(fd, F_SETFL, on | O_NONBLOCK);
}

/* One address: the descriptor, or -1 with errno. */
static int
connect_one(const struct addrinfo *ai, int64_t deadline)
{
	int on = 1, error = 0;
	socklen_t len = sizeof(error);
	int fd = socket(
	    ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
		error = errno;
		if (error == EINPROGRESS && !wait_fd(fd, POLLOUT, deadline))
			error = ETIMEDOUT;
		else if (error == EINPROGRESS &&
		    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
			error = errno;
	}
	if (error != 0) {
		(void)close(fd);
		errno = error;
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	return fd;
}

static int
connect_any(
    const struct endpoint *e, const struct addrinfo *all, struct fail *f)
{
	unsigned int s = net_opt.connect_s ? net_opt.connect_s : CONNECT_S;
	const struct addrinfo *ai;
	int fd = -1, error = ENOENT;

	for (ai = all; ai != NULL && fd == -1; ai = ai->ai_next) {
		fd = connect_one(ai, clock_ms() + 1000 * (int64_t)s);
		if (fd == -1)
			error = errno;
	}
	if (fd == -1)
		return net_fail(f,
		    error == ETIMEDOUT ? CODE_TIMEOUT : CODE_CONN, AGAIN_NOW,
		    "connect", "%s port %u: %s", e->host, (unsigned int)e->port,
		    strerror(error));
	return fd;
}

static int
dial_tcp(const struct endpoint *e, struct fail *f)
{
	static const int families[] = {
	    [0] = AF_UNSPEC, [4] = AF_INET, [6] = AF_INET6};
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all = NULL;
	char port[8];
	int rc, fd;

	hints.ai_family = families[net_opt.family];
	hints.ai_flags = e->resolve != NULL ? AI_NUMERICHOST : 0;
	(void)snprintf(port, sizeof(port), "%u", (unsigned int)e->port);
	rc = getaddrinfo(
	    e->resolve != NULL ? e->resolve : e->host, port, &hints, &all);
	if (rc != 0)
		return net_fail(f, e->resolve ? CODE_CONFIG : CODE_CONN,
		    rc == EAI_AGAIN ? AGAIN_NOW : AGAIN_NEVER, "look up",
		    "%s: %s", e->resolve != NULL ? e->resolve : e->host,
		    gai_strerror(rc));
	fd = connect_any(e, all, f);
	freeaddrinfo(all);
	return fd;
}

/* Tunnels that were told to end, to be reaped when they have. */
static struct {
	pid_t *pid;
	size_t n;
} ended;

void
tunnel_end(int pid)
{
	size_t i, left = 0;

	if (pid > 0) {
		(void)kill(pid, SIGTERM);
		ended.pid =
		    mem_resize(ended.pid, ended.n + 1, sizeof(*ended.pid));
		ended.pid[ended.n++] = pid;
	}
	for (i = 0; i < ended.n; i++)
		if (waitpid(ended.pid[i], NULL, WNOHANG) == 0)
			ended.pid[left++] = ended.pid[i];
	ended.n = left;
}

/* A signal to end it that came before the command runs would meet our own
 * handlers: it waits until they are gone. */
static pid_t
run_tunnel(char *const *argv, int fd)
{
	static const int ours[] = {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	sigset_t all, before;
	size_t i;
	pid_t pid;

	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &before);
	if ((pid = fork()) == 0) {
		for (i = 0; i < LENGTH(ours); i++)
			(void)signal(ours[i], SIG_DFL);
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		(void)dup2(fd, STDIN_FILENO);
		(void)dup2(fd, STDOUT_FILENO);
		(void)execvp(argv[0], argv);
		_exit(127);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static int
dial_tunnel(const struct endpoint *e, int *pid, struct fail *f)
{
	char *text = mem_strdup(e->tunnel), *argv[64];
	int pair[2];

	tunnel_end(0);
	if (text_words(text, argv, LENGTH(argv)) == 0) {
		free(text);
		return net_fail(f, CODE_CONFIG, AGAIN_NEVER, "tunnel",
		    "no command, or a quote without its end: %s", e->tunnel);
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (*pid = run_tunnel(argv, pair[1])) == -1) {
		free(text);
		return fail_errno(
		    f, CODE_SYSTEM, REACH_RUN, "tunnel", "%s", e->tunnel);
	}
	free(text);
	(void)close(pair[1]);
	(void)not_blocking(pair[0]);
	return pair[0];
}

int
dial(const struct endpoint *e, int *pid, struct fail *f)
{
	*pid = 0;
	return e->tunnel != NULL ? dial_tunnel(e, pid, f) : dial_tcp(e, f);
}
