/* stream_out.c: the half of a stream that writes: a queue, and what is taken
 * in while it waits. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "net/net_p.h"

enum { DRAIN = 1 << 20 /* input taken in while a write waits */ };

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
	int drain = s->in.len - s->at < DRAIN && !s->eof;
	short ignored;

	if (!wait_fd(s->fd, (short)(events | (drain ? POLLIN : 0)), deadline))
		return stream_late(s, "write", f);
	if (drain)
		return stream_fill(s, &ignored, f) == -1 ? -1 : 0;
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
	stream_trace(s, 1, s->out.data, s->out.len);
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
