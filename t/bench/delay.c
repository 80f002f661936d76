/*
 * delay: a relay on loopback that makes a connection long, for kernels that
 * cannot.
 *
 *	delay MILLISECONDS LISTEN TARGET [LISTEN TARGET]...
 *
 * MILLISECONDS is the round trip: each direction is held for half of it, and
 * a connection reaches its TARGET port one round trip late, as a handshake
 * would make it.  No limit on bandwidth, no slow start; at most WINDOW octets
 * a direction are under way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WINDOW (4u << 20)
#define CHUNK 65536u
#define CHUNKS 4096u
#define PAIRS 8

struct chunk {
	double due;
	size_t n, off; /* n 0: the end */
	char *octets;
};
/* One direction: what was read and waits for its time. */
struct way {
	int in, out, ended, closed;
	size_t held;
	unsigned int head, tail;
	struct chunk queue[CHUNKS];
};

static double half;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct sockaddr_in
loopback(const char *port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)strtoul(port, NULL, 10)),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static struct chunk *
first(struct way *w)
{
	return w->head == w->tail ? NULL : &w->queue[w->head % CHUNKS];
}

static int
has_room(const struct way *w)
{
	return !w->ended && w->held < WINDOW && w->tail - w->head < CHUNKS;
}

static void
take(struct way *w, double at)
{
	while (has_room(w)) {
		struct chunk *c = &w->queue[w->tail % CHUNKS];
		ssize_t n;

		if ((c->octets = malloc(CHUNK)) == NULL)
			exit(71);
		n = read(w->in, c->octets, CHUNK);
		if (n == -1 && errno == EAGAIN) {
			free(c->octets);
			return;
		}
		w->ended = n <= 0;
		c->n = n > 0 ? (size_t)n : 0;
		c->off = 0;
		c->due = at + half;
		w->held += c->n;
		w->tail++;
	}
}

static void
give(struct way *w, double at)
{
	struct chunk *c;

	while ((c = first(w)) != NULL && c->due <= at) {
		ssize_t n = 0;

		if (c->n == 0)
			w->closed = shutdown(w->out, SHUT_WR) <= 0;
		else
			n = send(w->out, c->octets + c->off, c->n - c->off,
			    MSG_NOSIGNAL);
		if (n == -1 && errno == EAGAIN)
			return;
		if (n == -1)
			exit(0);
		c->off += (size_t)n;
		if (c->off < c->n)
			return;
		w->held -= c->n;
		free(c->octets);
		w->head++;
	}
}

/* Until something can be read or written, or a chunk's time has come. */
static void
wait_for(struct way *w)
{
	double at = now(), longest = 60;
	struct pollfd fds[4];
	struct timespec t;
	int i;

	for (i = 0; i < 2; i++) {
		const struct chunk *c = first(&w[i]);
		int due = c != NULL && c->due <= at;

		fds[i] =
		    (struct pollfd){has_room(&w[i]) ? w[i].in : -1, POLLIN, 0};
		fds[i + 2] = (struct pollfd){due ? w[i].out : -1, POLLOUT, 0};
		if (c != NULL && !due && c->due - at < longest)
			longest = c->due - at;
	}
	t.tv_sec = (time_t)longest;
	t.tv_nsec = (long)((longest - (double)t.tv_sec) * 1e9);
	(void)ppoll(fds, 4, &t, NULL);
}

static void
ready(int fd)
{
	int one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
}

static void
relay(int client, const char *port)
{
	static struct way w[2];
	struct sockaddr_in to = loopback(port);
	struct timespec trip = {(time_t)(2 * half), 0};
	int server = socket(AF_INET, SOCK_STREAM, 0), i;

	trip.tv_nsec = (long)((2 * half - (double)trip.tv_sec) * 1e9);
	(void)nanosleep(&trip, NULL);
	if (connect(server, (struct sockaddr *)&to, sizeof(to)) == -1)
		exit(69);
	ready(client);
	ready(server);
	w[0].in = w[1].out = client;
	w[0].out = w[1].in = server;
	while (!w[0].closed || !w[1].closed) {
		wait_for(w);
		for (i = 0; i < 2; i++) {
			take(&w[i], now());
			give(&w[i], now());
		}
	}
	exit(0);
}

static int
listen_on(const char *port)
{
	struct sockaddr_in at = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) == -1 ||
	    listen(fd, 128) == -1) {
		perror(port);
		exit(69);
	}
	return fd;
}

int
main(int argc, char **argv)
{
	struct pollfd doors[PAIRS];
	nfds_t i, n = (nfds_t)(argc - 2) / 2;

	if (argc < 4 || argc % 2 != 0 || n > PAIRS)
		return 64;
	half = strtod(argv[1], NULL) / 2000;
	(void)signal(SIGCHLD, SIG_IGN);
	for (i = 0; i < n; i++)
		doors[i] =
		    (struct pollfd){listen_on(argv[2 + 2 * i]), POLLIN, 0};
	while (poll(doors, n, -1) != -1)
		for (i = 0; i < n; i++) {
			int fd;

			if (doors[i].revents == 0 ||
			    (fd = accept(doors[i].fd, NULL, NULL)) == -1)
				continue;
			if (fork() == 0) {
				(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
				relay(fd, argv[3 + 2 * i]);
			}
			(void)close(fd);
		}
	return 71;
}
