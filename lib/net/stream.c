/* stream.c: a stream is set up, secured, compressed and closed. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/net_p.h"

enum { IDLE_S = 300 };

int
net_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(f, code,
	    code == CODE_SYSTEM ? REACH_RUN : REACH_ENDPOINT, again, what, fmt,
	    ap);
	va_end(ap);
	return -1;
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

int
stream_late(struct stream *s, const char *what, struct fail *f)
{
	if (stop_signal() != 0)
		return net_fail(f, CODE_CONN, AGAIN_LATER, what,
		    "stopped by signal %d", stop_signal());
	return net_fail(f, CODE_TIMEOUT, AGAIN_LATER, what,
	    "%s: no progress for %u s", s->label,
	    net_opt.idle_s ? net_opt.idle_s : IDLE_S);
}

/* ---- set up, take down ---- */

static void
forget_key(struct stream *s)
{
	if (s->key != NULL)
		explicit_bzero(s->key, strlen(s->key));
	free(s->key);
	s->key = NULL;
}

static int
start_tls(struct stream *s, struct fail *f)
{
	s->tls = tls_start(s->e, s->key, s->fd, f);
	forget_key(s);
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
	tunnel_end(s->pid);
	end_deflate(s);
	forget_key(s);
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
