/* stream.c: buffered octets both ways, with deadlines on progress. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zlib.h>

#include "net/net_p.h"

enum {
	IDLE_S = 300,
	CHUNK = 65536,
	DRAIN = 1 << 20 /* input taken in while a write waits */
};

struct stream {
	int fd;
	int pid; /* of a tunnel, else 0 */
	struct endpoint const *e;
	char *label;
	char *key;
	struct tls *tls;
	z_stream *in_z, *out_z;
	struct buf in; /* read, not yet handed out */
	size_t at; /* what of it was */
	struct buf raw; /* compressed input */
	struct buf out;
	int eof, masked;
	size_t chop;
	uint64_t octets_in, octets_out;
};

int
net_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...)
{
	char why[480];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return fail_set(f, code,
	    code == CODE_SYSTEM ? REACH_RUN : REACH_ENDPOINT, again, what, "%s",
	    why);
}

int64_t
idle_deadline(void)
{
	return clock_ms() +
	    1000 * (int64_t)(net_opt.idle_s ? net_opt.idle_s : IDLE_S);
}

int
wait_fd(int fd, short events, int64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t now = clock_ms();
		int64_t stop = stop_deadline();
		int64_t left = (deadline < stop ? deadline : stop) - now;

		if (left <= 0)
			return 0;
		if (poll(&p, 1, left > 1000 ? 1000 : (int)left) > 0)
			return 1;
	}
}

static int
late(struct stream *s, const char *what, struct fail *f)
{
	if (stop_signal() != 0)
		return net_fail(f, CODE_CONN, AGAIN_LATER, what,
		    "stopped by signal %d", stop_signal());
	return net_fail(f, CODE_TIMEOUT, AGAIN_LATER, what,
	    "%s: no progress for %u s", s->label,
	    net_opt.idle_s ? net_opt.idle_s : IDLE_S);
}

/* ---- set up, take down ---- */

static int
start_tls(struct stream *s, struct fail *f)
{
	s->tls = tls_start(s->e, s->key, s->fd, f);
	return s->tls == NULL ? -1 : 0;
}

struct stream *
net_dial(const struct endpoint *e, const char *key, struct fail *f)
{
	struct stream *s = mem_alloc(sizeof(*s));
	struct buf label = {0};

	endpoint_label(&label, e);
	s->label = label.data;
	s->e = e;
	s->key = key != NULL ? mem_strdup(key) : NULL;
	(void)fail_at(f, "%s", s->label);
	s->fd = dial(e, &s->pid, f);
	if (s->fd == -1 ||
	    ((e->scheme == SCHEME_IMAPS || e->scheme == SCHEME_POP3S) &&
		start_tls(s, f) == -1)) {
		stream_close(s);
		return NULL;
	}
	return s;
}

static void
end_deflate(struct stream *s)
{
	if (s->in_z != NULL)
		(void)inflateEnd(s->in_z);
	if (s->out_z != NULL)
		(void)deflateEnd(s->out_z);
	free(s->in_z);
	free(s->out_z);
}

void
stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	tls_free(s->tls);
	if (s->fd != -1)
		(void)close(s->fd);
	if (s->pid > 0) {
		(void)kill(s->pid, SIGTERM);
		(void)waitpid(s->pid, NULL, WNOHANG);
	}
	end_deflate(s);
	if (s->key != NULL)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	free(s->label);
	buf_wipe(&s->in);
	buf_wipe(&s->raw);
	buf_wipe(&s->out);
	free(s);
}

int
stream_starttls(struct stream *s, struct fail *f)
{
	if (s->in.len > s->at || s->raw.len > 0)
		return net_fail(f, CODE_PROTO, AGAIN_NEVER, "STARTTLS",
		    "the server sent plaintext after its OK: somebody may "
		    "have put it there");
	if (stream_flush(s, f) == -1)
		return -1;
	return start_tls(s, f);
}

int
stream_is_tls(const struct stream *s)
{
	return s->tls != NULL;
}

int
stream_deflate(struct stream *s, struct fail *f)
{
	if (stream_flush(s, f) == -1)
		return -1;
	s->in_z = mem_alloc(sizeof(*s->in_z));
	s->out_z = mem_alloc(sizeof(*s->out_z));
	if (inflateInit2(s->in_z, -MAX_WBITS) != Z_OK ||
	    deflateInit2(s->out_z, 1, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return net_fail(f, CODE_SYSTEM, AGAIN_NEVER, "COMPRESS",
		    "no memory for zlib");
	/* What is buffered came behind the OK and is compressed. */
	buf_add(&s->raw, s->in.data + s->at, s->in.len - s->at);
	buf_reset(&s->in);
	s->at = 0;
	return 0;
}

size_t
stream_binding(const struct stream *s, uint8_t out[64])
{
	return s->tls != NULL ? tls_binding(s->tls, out) : 0;
}

uint64_t
stream_octets_in(const struct stream *s)
{
	return s->octets_in;
}

uint64_t
stream_octets_out(const struct stream *s)
{
	return s->octets_out;
}

void
stream_mask(struct stream *s, int on)
{
	s->masked += on ? 1 : -1;
}

void
stream_chop(struct stream *s, size_t n)
{
	s->chop = n;
}

/* ---- one read, one write, without waiting ---- */

/* 1 some octets, 0 wait for *events, -1; s->eof at the end. */
static int
take(struct stream *s, struct buf *to, short *events, struct fail *f)
{
	size_t want = s->chop ? s->chop : CHUNK;
	char *p = buf_room(to, want);
	long n;

	*events = POLLIN;
	if (s->tls != NULL)
		n = tls_read(s->tls, p, want, events, f);
	else if ((n = recv(s->fd, p, want, 0)) == 0)
		n = TLS_EOF;
	else if (n == -1 && (errno == EAGAIN || errno == EINTR))
		n = 0;
	else if (n == -1)
		return net_fail(f, CODE_CONN, AGAIN_NOW, "read", "%s: %s",
		    s->label, strerror(errno));
	if (n == TLS_EOF) {
		s->eof = 1;
		return 1;
	}
	if (n <= 0)
		return (int)n;
	s->octets_in += (uint64_t)n;
	buf_grown(to, (size_t)n);
	return 1;
}

static int
inflate_some(struct stream *s, struct fail *f)
{
	z_stream *z = s->in_z;
	size_t before = s->raw.len;
	int rc;

	z->next_in = (Bytef *)s->raw.data;
	z->avail_in = (uInt)s->raw.len;
	z->next_out = (Bytef *)buf_room(&s->in, CHUNK);
	z->avail_out = CHUNK;
	rc = inflate(z, Z_SYNC_FLUSH);
	buf_grown(&s->in, CHUNK - z->avail_out);
	buf_drop(&s->raw, before - z->avail_in);
	if (rc != Z_OK && rc != Z_BUF_ERROR && rc != Z_STREAM_END)
		return net_fail(f, CODE_PROTO, AGAIN_NOW, "COMPRESS",
		    "%s: the compressed stream is damaged", s->label);
	return CHUNK - z->avail_out > 0;
}

static void
trace(struct stream *s, int out, const char *p, size_t n)
{
	if (net_opt.trace != NULL && n > 0)
		net_opt.trace(net_opt.arg, out, s->masked ? "(a secret)" : p,
		    s->masked ? 10 : n);
}

/* As take, into s->in, through the decompression where there is one. */
static int
fill(struct stream *s, short *events, struct fail *f)
{
	size_t before;
	int rc;

	if (s->at == s->in.len) {
		buf_reset(&s->in);
		s->at = 0;
	} else if (s->at > CHUNK) {
		buf_drop(&s->in, s->at);
		s->at = 0;
	}
	before = s->in.len;
	if (s->in_z == NULL) {
		rc = take(s, &s->in, events, f);
	} else {
		if ((rc = inflate_some(s, f)) == 0) {
			rc = take(s, &s->raw, events, f);
			if (rc == 1 && !s->eof)
				rc = inflate_some(s, f) == -1 ? -1 : 1;
		}
	}
	if (rc == 1 && s->in.len > before)
		trace(s, 0, s->in.data + before, s->in.len - before);
	return rc;
}

/* ---- input ---- */

static int
fill_waiting(struct stream *s, struct fail *f)
{
	int64_t deadline;
	short events;
	int rc;

	if (stream_flush(s, f) == -1)
		return -1;
	deadline = idle_deadline();
	while ((rc = fill(s, &events, f)) == 0)
		if (!wait_fd(s->fd, events, deadline))
			return late(s, "read", f);
	return rc;
}

int
stream_line(
    struct stream *s, char **line, size_t *n, size_t max, struct fail *f)
{
	size_t seen = 0;

	for (;;) {
		size_t have = s->in.len - s->at;
		char *p = have ? s->in.data + s->at : NULL;
		char *lf =
		    have > seen ? memchr(p + seen, '\n', have - seen) : NULL;

		if (lf != NULL && (size_t)(lf - p) <= max) {
			*line = p;
			*n = (size_t)(lf - p);
			s->at += *n + 1;
			*n -= *n > 0 && p[*n - 1] == '\r';
			return 1;
		}
		if (lf != NULL || have > max)
			return net_fail(f, CODE_PROTO, AGAIN_NEVER, "read",
			    "%s: a line of more than %zu octets", s->label,
			    max);
		seen = have;
		if (s->eof && have == 0)
			return 0;
		if (s->eof)
			return net_fail(f, CODE_CONN, AGAIN_NOW, "read",
			    "%s: the connection ended within a line", s->label);
		if (fill_waiting(s, f) == -1)
			return -1;
	}
}

int
stream_some(
    struct stream *s, const char **p, size_t *n, size_t max, struct fail *f)
{
	while (s->in.len == s->at) {
		if (s->eof)
			return 0;
		if (fill_waiting(s, f) == -1)
			return -1;
	}
	*p = s->in.data + s->at;
	*n = s->in.len - s->at;
	if (*n > max)
		*n = max;
	s->at += *n;
	return 1;
}

int
stream_ready(struct stream *s, struct fail *f)
{
	short events;

	if (s->in.len > s->at || s->eof)
		return 1;
	return fill(s, &events, f);
}

int
stream_wait(struct stream **s, size_t n, int ms, struct fail *f)
{
	struct pollfd p[16];
	int64_t end = ms < 0 ? idle_deadline() : clock_ms() + ms;
	size_t i;

	for (i = 0; i < n; i++)
		if (stream_flush(s[i], f) == -1)
			return -1;
	for (;;) {
		int64_t now = clock_ms(), stop = stop_deadline();
		int64_t left = (end < stop ? end : stop) - now;

		for (i = 0; i < n; i++) {
			int rc = stream_ready(s[i], f);

			if (rc != 0)
				return rc == 1 ? (int)i : -1;
			p[i].fd = s[i]->fd;
			p[i].events = POLLIN;
		}
		if (left <= 0)
			return (int)n;
		(void)poll(p, n, left > 1000 ? 1000 : (int)left);
	}
}

/* ---- output ---- */

static long
write_some(
    struct stream *s, const char *p, size_t n, short *events, struct fail *f)
{
	ssize_t w;

	*events = POLLOUT;
	if (s->chop && n > s->chop)
		n = s->chop;
	if (s->tls != NULL)
		return tls_write(s->tls, p, n, events, f);
	w = send(s->fd, p, n, MSG_NOSIGNAL);
	if (w == -1 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (w == -1)
		return net_fail(f, CODE_CONN, AGAIN_NOW, "write", "%s: %s",
		    s->label, strerror(errno));
	return w;
}

/*
 * While the other end does not take, what it says is taken in, up to a bound:
 * two ends that both talk would else wait for each other.
 */
static int
wait_write(struct stream *s, short events, int64_t deadline, struct fail *f)
{
	int drain = s->in.len - s->at < DRAIN && !s->eof && s->tls == NULL;
	short ignored;

	if (!wait_fd(s->fd, (short)(events | (drain ? POLLIN : 0)), deadline))
		return late(s, "write", f);
	if (s->in.len - s->at < DRAIN && !s->eof)
		return fill(s, &ignored, f) == -1 ? -1 : 0;
	return 0;
}

static int
send_out(struct stream *s, const char *p, size_t n, struct fail *f)
{
	int64_t deadline = idle_deadline();

	while (n > 0) {
		short events = POLLOUT;
		long w = write_some(s, p, n, &events, f);

		if (w < 0)
			return -1;
		if (w == 0) {
			if (wait_write(s, events, deadline, f) == -1)
				return -1;
			continue;
		}
		deadline = idle_deadline();
		s->octets_out += (uint64_t)w;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

static int
send_deflated(struct stream *s, int flush, struct fail *f)
{
	z_stream *z = s->out_z;
	char chunk[16384];

	z->next_in = (Bytef *)s->out.data;
	z->avail_in = (uInt)s->out.len;
	do {
		z->next_out = (Bytef *)chunk;
		z->avail_out = sizeof(chunk);
		(void)deflate(z, flush ? Z_SYNC_FLUSH : Z_NO_FLUSH);
		if (send_out(s, chunk, sizeof(chunk) - z->avail_out, f) == -1)
			return -1;
	} while (z->avail_out == 0);
	return 0;
}

static int
send_queued(struct stream *s, int flush, struct fail *f)
{
	int rc;

	if (s->out.len == 0)
		return 0;
	trace(s, 1, s->out.data, s->out.len);
	rc = s->out_z != NULL ? send_deflated(s, flush, f)
			      : send_out(s, s->out.data, s->out.len, f);
	buf_reset(&s->out);
	return rc;
}

int
stream_flush(struct stream *s, struct fail *f)
{
	return send_queued(s, 1, f);
}

int
stream_write(struct stream *s, const void *p, size_t n, struct fail *f)
{
	const char *from = p;

	while (n > 0) {
		size_t room = CHUNK - s->out.len;
		size_t part = n < room ? n : room;

		buf_add(&s->out, from, part);
		from += part;
		n -= part;
		if (s->out.len == CHUNK && send_queued(s, 1, f) == -1)
			return -1;
	}
	return 0;
}
