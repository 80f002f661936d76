/*
 * probe: how fast are the servers when the client costs nothing?
 *
 *	probe [-t] PASSWORD PORT SCRIPT... [, PORT SCRIPT...]...
 *
 * Each PORT with its scripts is a lane; lanes run at the same time, the
 * scripts of one after the other, a connection each.  A script's first line is
 * the user, every other one a command as it is sent, or <FILE, whose octets
 * are sent.  All of it goes in one burst once the log-in is answered, and the
 * answers are thrown away but for NO and BAD under tag A.  Its last command
 * is "Z LOGOUT".  Prints the wall seconds; what is to be sent was read before.
 * -t is TLS, without a look at the certificate.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct piece {
	const char *p;
	size_t n;
};
struct script {
	struct piece *v; /* the log-in is the first */
	size_t n;
};
struct lane {
	const char *port;
	struct script *v;
	size_t n;
};
struct conn {
	int fd;
	SSL *ssl;
};
/* What the answers say; start is that of the line in hand. */
struct answers {
	int bad, in, out;
	size_t have;
	char start[4];
};

static const char *password;
static SSL_CTX *tls;

static void
die(const char *what)
{
	(void)fprintf(stderr, "probe: %s: %s\n", what,
	    errno != 0 ? strerror(errno) : "failed");
	exit(1);
}

static void *
more(void *p, size_t n)
{
	if ((p = realloc(p, n)) == NULL)
		die("memory");
	return p;
}

/* ---- scripts ---- */

static struct piece
whole(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct piece p = {"", 0};
	struct stat st;

	if (fd == -1 || fstat(fd, &st) == -1)
		die(path);
	if (st.st_size > 0) {
		p.n = (size_t)st.st_size;
		p.p = mmap(
		    NULL, p.n, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
		if (p.p == MAP_FAILED)
			die(path);
	}
	(void)close(fd);
	return p;
}

static void
add(struct script *s, struct piece p)
{
	if (p.n == 0)
		return;
	s->v = more(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = p;
}

static struct script
load(const char *path)
{
	struct script s = {NULL, 0};
	FILE *f = fopen(path, "r");
	char *line = NULL, *text;
	size_t room = 0;
	ssize_t n;

	if (f == NULL)
		die(path);
	while ((n = getline(&line, &room, f)) > 0) {
		line[n - 1] = '\0';
		if (s.n > 0 && line[0] == '<') {
			add(&s, whole(line + 1));
			continue;
		}
		n = asprintf(&text, s.n == 0 ? "L LOGIN %s %s\r\n" : "%s\r\n",
		    line, password);
		if (n == -1)
			die("memory");
		add(&s, (struct piece){text, (size_t)n});
	}
	free(line);
	(void)fclose(f);
	return s;
}

/* ---- connections ---- */

static struct conn
dial(const char *port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((in_port_t)strtoul(port, NULL, 10)),
	    .sin_addr = {htonl(INADDR_LOOPBACK)}};
	struct conn c = {socket(AF_INET, SOCK_STREAM, 0), NULL};
	int one = 1;

	if (connect(c.fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		die("connect");
	(void)setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (tls != NULL) {
		c.ssl = SSL_new(tls);
		if (c.ssl == NULL || SSL_set_fd(c.ssl, c.fd) != 1 ||
		    SSL_connect(c.ssl) != 1)
			die("TLS");
		(void)SSL_set_mode(c.ssl, SSL_MODE_ENABLE_PARTIAL_WRITE);
	}
	(void)fcntl(c.fd, F_SETFL, O_NONBLOCK);
	return c;
}

/* Octets, 0 at the end, -1 later. */
static ssize_t
take(struct conn *c, char *p, size_t n)
{
	ssize_t got =
	    c->ssl != NULL ? SSL_read(c->ssl, p, (int)n) : read(c->fd, p, n);

	if (got > 0)
		return got;
	if (c->ssl != NULL)
		return SSL_get_error(c->ssl, (int)got) == SSL_ERROR_WANT_READ
		    ? -1
		    : 0;
	return got == -1 && errno == EAGAIN ? -1 : 0;
}

static ssize_t
give(struct conn *c, struct piece p)
{
	ssize_t n;

	if (c->ssl != NULL) {
		n = SSL_write(c->ssl, p.p, (int)(p.n < 65536 ? p.n : 65536));
		return n > 0 ? n : -1;
	}
	n = send(c->fd, p.p, p.n, MSG_NOSIGNAL);
	if (n == -1 && errno != EAGAIN)
		die("connection lost");
	return n;
}

/* ---- a session ---- */

/* The rest of it is n octets from p. */
static void
line(struct answers *a, const char *p, size_t n)
{
	if (memcmp(a->start, "A NO", 4) == 0 ||
	    memcmp(a->start, "A BA", 4) == 0 ||
	    memcmp(a->start, "L NO", 4) == 0) {
		a->bad++;
		(void)fprintf(stderr, "probe: %.4s%.*s\n", a->start, (int)n, p);
	}
	a->in |= memcmp(a->start, "L OK", 4) == 0;
	a->out |= memcmp(a->start, "Z OK", 4) == 0;
}

static void
look(struct answers *a, const char *p, size_t n)
{
	const char *end = p + n, *nl;

	while (p < end) {
		for (; a->have < 4 && p < end && *p != '\n'; p++)
			a->start[a->have++] = *p;
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			return;
		if (a->have == 4)
			line(a, p, (size_t)(nl - p));
		a->have = 0;
		p = nl + 1;
	}
}

/* How far a script has been sent. */
struct sent {
	const struct script *s;
	size_t i;
	struct piece p; /* what is left of the i-th */
};

/* Sends what may go and is taken now; 1 if some of it is left. */
static int
push(struct conn *c, struct sent *at, int in)
{
	while (at->i < at->s->n && (at->i == 0 || in)) {
		ssize_t n = give(c, at->p);

		if (n == -1)
			return 1;
		at->p.p += n;
		at->p.n -= (size_t)n;
		if (at->p.n == 0 && ++at->i < at->s->n)
			at->p = at->s->v[at->i];
	}
	return 0;
}

/* A log-in process takes no burst, so the log-in is waited for. */
static void
play(const char *port, const struct script *s)
{
	static char octets[1 << 18];
	struct conn c = dial(port);
	struct sent at = {s, 0, s->v[0]};
	struct answers a = {0};
	int left = push(&c, &at, 0);
	ssize_t n;

	do {
		struct pollfd fd = {c.fd, left ? POLLIN | POLLOUT : POLLIN, 0};

		if (c.ssl == NULL || SSL_pending(c.ssl) == 0)
			(void)poll(&fd, 1, -1);
		while ((n = take(&c, octets, sizeof(octets))) > 0)
			look(&a, octets, (size_t)n);
		left = n != 0 && push(&c, &at, a.in);
	} while (n != 0);
	(void)close(c.fd);
	SSL_free(c.ssl);
	errno = 0;
	if (a.bad > 0 || !a.out)
		die(a.bad > 0 ? "refused" : "the session was cut");
}

/* ---- lanes ---- */

static size_t
lanes_read(struct lane **lanes, char **argv)
{
	size_t n = 0;
	struct lane *l;

	while (*argv != NULL) {
		*lanes = more(*lanes, (n + 1) * sizeof(**lanes));
		l = &(*lanes)[n++];
		*l = (struct lane){*argv++, NULL, 0};
		for (; *argv != NULL && strcmp(*argv, ",") != 0; argv++) {
			l->v = more(l->v, (l->n + 1) * sizeof(*l->v));
			l->v[l->n++] = load(*argv);
		}
		argv += *argv != NULL;
	}
	return n;
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	static struct lane *lanes;
	size_t n, i, k;
	int status, bad = 0;
	double from;

	if (argc > 1 && strcmp(argv[1], "-t") == 0) {
		argv++;
		argc--;
		tls = SSL_CTX_new(TLS_client_method());
	}
	if (argc < 4)
		return 64;
	password = argv[1];
	n = lanes_read(&lanes, argv + 2);
	from = now();
	for (i = 0; i < n; i++)
		if (fork() == 0) {
			for (k = 0; k < lanes[i].n; k++)
				play(lanes[i].port, &lanes[i].v[k]);
			_exit(0);
		}
	while (wait(&status) != -1)
		bad |= status;
	(void)printf("%.4f\n", now() - from);
	return bad != 0;
}
