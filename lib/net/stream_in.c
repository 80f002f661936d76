/* stream_in.c: the half of a stream that reads: lines and runs of octets, with
 * a deadline on progress. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "net/net_p.h"

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
	/* Nothing may follow, and what does would pile up unread. */
	if (rc == Z_STREAM_END && z->avail_in > 0)
		return net_fail(f, CODE_PROTO, AGAIN_NOW, "COMPRESS",
		    "%s: the compressed stream goes on behind its end",
		    s->label);
	return CHUNK - z->avail_out > 0;
}

void
stream_trace(struct stream *s, int out, const char *p, size_t n)
{
	if (net_opt.trace != NULL && n > 0)
		net_opt.trace(net_opt.arg, out, s->masked ? "(a secret)" : p,
		    s->masked ? 10 : n);
}

int
stream_fill(struct stream *s, short *events, struct fail *f)
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
		stream_trace(s, 0, s->in.data + before, s->in.len - before);
	return rc;
}

static int
fill_waiting(struct stream *s, struct fail *f)
{
	int64_t deadline;
	short events;
	int rc;

	if (stream_flush(s, f) == -1)
		return -1;
	deadline = idle_deadline();
	while ((rc = stream_fill(s, &events, f)) == 0)
		if (!wait_fd(s->fd, events, deadline))
			return stream_late(s, "read", f);
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

void
stream_unread(struct stream *s, size_t n)
{
	s->at -= n;
}

int
stream_ready(struct stream *s, struct fail *f)
{
	short events;

	if (s->in.len > s->at || s->eof)
		return 1;
	return stream_fill(s, &events, f);
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
