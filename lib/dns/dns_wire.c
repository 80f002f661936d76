/* dns_wire.c: messages to a server and back: UDP, TCP, deadlines. */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "dns/dns_p.h"

unsigned int
wire_u16(const void *p, size_t at)
{
	const uint8_t *u = p;

	return (unsigned int)u[at] << 8 | u[at + 1];
}

void
wire_put16(void *p, size_t at, unsigned int v)
{
	uint8_t *u = p;

	u[at] = (uint8_t)(v >> 8);
	u[at + 1] = (uint8_t)v;
}

size_t
wire_name_end(const uint8_t *p, size_t n, size_t at)
{
	while (at < n) {
		if (p[at] == 0)
			return at + 1;
		if (p[at] >= 0xc0)
			return at + 2 <= n ? at + 2 : 0;
		if (p[at] > 63)
			return 0;
		at += 1 + (size_t)p[at];
	}
	return 0;
}

int
wire_fits(const struct buf *q, const void *p, size_t n, int exact)
{
	const uint8_t *asked = (const uint8_t *)q->data, *got = p;
	size_t end;

	if (n < HEADER || wire_u16(p, 0) != wire_u16(asked, 0) ||
	    (got[2] & 0x80) == 0 || ((got[2] ^ asked[2]) & 0x78) != 0)
		return 0;
	/* What a server cannot read, or a refusal to an update, it may send
	 * back without the question (RFC 2136 3.8). */
	if (wire_u16(got, 4) == 0)
		return (got[3] & 15) != 0;
	if (wire_u16(got, 4) != 1)
		return 0;
	end = wire_name_end(asked, q->len, HEADER) + 4;
	if (n < end || memcmp(asked + end - 4, got + end - 4, 4) != 0)
		return 0;
	return exact ? memcmp(asked + HEADER, got + HEADER, end - HEADER) == 0
		     : text_ncasecmp((const char *)asked + HEADER,
			   (const char *)got + HEADER, end - HEADER - 4) == 0;
}

int64_t
deadline_of(void)
{
	uint64_t s = dns_opt.timeout_s ? dns_opt.timeout_s : 5;

	return clock_ms() + 1000 * (int64_t)s;
}

/* Waits for fd: 1, 0 late or stopped. */
static int
wait_for(int fd, short events, int64_t deadline)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = events};
		int64_t end =
		    stop_deadline() < deadline ? stop_deadline() : deadline;
		int64_t left = end - clock_ms();
		int rc;

		if (left <= 0)
			return 0;
		/* In slices, so that a signal's deadline is seen. */
		rc = poll(&p, 1, left > 500 ? 500 : (int)left);
		if (rc > 0)
			return 1;
		if (rc == -1 && errno != EINTR)
			return 0;
	}
}

static int
failed(struct fail *f, const struct dns_server *s, const char *what)
{
	int error = errno;

	(void)fail_at(f, "%s", s->text);
	return dns_fail(f, error == ETIMEDOUT ? CODE_TIMEOUT : CODE_CONN,
	    AGAIN_LATER, what, "%s",
	    error == ETIMEDOUT ? "no answer in time" : strerror(error));
}

/* A socket of the kind, from --source, not blocking; the port is random. */
static int
socket_to(const struct dns_server *s, int type)
{
	int fd =
	    socket(s->addr.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const char *source = s->source != NULL ? s->source : dns_opt.source;
	struct dns_server from;
	struct fail none;

	if (fd == -1 || source == NULL)
		return fd;
	if (dns_server(&from, source, &none) == -1 ||
	    from.addr.ss_family != s->addr.ss_family) {
		(void)close(fd);
		errno = EAFNOSUPPORT;
		return -1;
	}
	/* The port of an address lies at the same place in both families. */
	((struct sockaddr_in *)&from.addr)->sin_port = 0;
	if (bind(fd, (struct sockaddr *)&from.addr, from.len) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

/* Takes datagrams until one fits: 1, 0 late, -1. */
static int
await(int fd, const struct buf *q, struct buf *reply, int64_t deadline)
{
	while (wait_for(fd, POLLIN, deadline)) {
		ssize_t n;

		buf_reset(reply);
		n = recv(fd, buf_room(reply, MESSAGE_MAX), MESSAGE_MAX, 0);
		if (n == -1 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n > 0 && wire_fits(q, reply->data, (size_t)n, 1)) {
			buf_grown(reply, (size_t)n);
			return 1;
		}
	}
	return 0;
}

/* The socket is connected: what others send to its port is not delivered. */
int
udp_exchange(const struct dns_server *s, const struct buf *q, struct buf *reply,
    int64_t deadline, struct fail *f)
{
	int fd = socket_to(s, SOCK_DGRAM), rc = -1;

	if (fd == -1)
		return failed(f, s, "socket");
	if (connect(fd, (const struct sockaddr *)&s->addr, s->len) == 0 &&
	    send(fd, q->data, q->len, 0) == (ssize_t)q->len)
		rc = await(fd, q, reply, deadline);
	if (rc == 0) {
		errno = ETIMEDOUT;
		rc = -1;
	}
	if (rc == -1)
		(void)failed(f, s, "ask");
	(void)close(fd);
	return rc == 1 ? 0 : -1;
}

int
tcp_open(const struct dns_server *s, int64_t deadline, struct fail *f)
{
	int fd = socket_to(s, SOCK_STREAM), error = 0;
	socklen_t len = sizeof(error);

	if (fd == -1)
		return failed(f, s, "socket");
	if (connect(fd, (const struct sockaddr *)&s->addr, s->len) == -1) {
		error = errno;
		if (error == EINPROGRESS)
			error = wait_for(fd, POLLOUT, deadline) &&
				getsockopt(
				    fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0
			    ? error
			    : ETIMEDOUT;
	}
	if (error == 0)
		return fd;
	(void)close(fd);
	errno = error;
	return failed(f, s, "connect");
}

int
tcp_send(int fd, const struct buf *q, int64_t deadline, struct fail *f)
{
	struct buf framed = {0};
	size_t at = 0;
	int rc = 0;

	buf_addc(&framed, (char)(q->len >> 8));
	buf_addc(&framed, (char)q->len);
	buf_add(&framed, q->data, q->len);
	while (rc == 0 && at < framed.len) {
		ssize_t n =
		    send(fd, framed.data + at, framed.len - at, MSG_NOSIGNAL);

		if (n > 0)
			at += (size_t)n;
		else if (n == -1 && errno == EAGAIN &&
		    wait_for(fd, POLLOUT, deadline))
			continue;
		else if (n == 0 || errno != EINTR)
			rc = dns_fail(f, CODE_CONN, AGAIN_LATER, "send", "%s",
			    strerror(errno));
	}
	buf_free(&framed);
	return rc;
}

/* Exactly n octets: 1, 0 the end before the first, -1. */
static int
take(int fd, struct buf *b, size_t n, int64_t deadline, struct fail *f)
{
	size_t had = b->len;

	while (b->len < had + n) {
		size_t left = had + n - b->len;
		ssize_t got = recv(fd, buf_room(b, left), left, 0);

		if (got > 0)
			buf_grown(b, (size_t)got);
		else if (got == 0 && b->len == had)
			return 0;
		else if (got == 0)
			return dns_fail(f, CODE_PROTO, AGAIN_LATER, "receive",
			    "the connection was cut in a message");
		else if (errno == EAGAIN && !wait_for(fd, POLLIN, deadline))
			return dns_fail(f, CODE_TIMEOUT, AGAIN_LATER, "receive",
			    "no answer in time");
		else if (errno != EAGAIN && errno != EINTR)
			return dns_fail(f, CODE_CONN, AGAIN_LATER, "receive",
			    "%s", strerror(errno));
	}
	return 1;
}

int
tcp_receive(int fd, struct buf *reply, int64_t deadline, struct fail *f)
{
	size_t n;
	int rc;

	buf_reset(reply);
	if ((rc = take(fd, reply, 2, deadline, f)) != 1)
		return rc;
	n = wire_u16(reply->data, 0);
	buf_reset(reply);
	if (n < HEADER)
		return dns_fail(f, CODE_PROTO, AGAIN_NEVER, "receive",
		    "a message of %zu octets", n);
	if ((rc = take(fd, reply, n, deadline, f)) == 0)
		return dns_fail(f, CODE_PROTO, AGAIN_LATER, "receive",
		    "the connection was cut before a message");
	return rc;
}
