/* frames.c: what passes between the parent and a worker: a type, a length of
 * four octets in this machine's order, the octets. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/cli_p.h"

enum { HEAD = 5 };

static int
send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = send(fd, p, n, MSG_NOSIGNAL);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

int
frame_send(int fd, enum frame type, const void *p, size_t n)
{
	struct buf b = {0};
	uint32_t len = (uint32_t)n;
	int rc;

	buf_addc(&b, (char)type);
	buf_add(&b, &len, sizeof(len));
	buf_add(&b, p, n);
	rc = send_all(fd, b.data, b.len);
	buf_wipe(&b);
	return rc;
}

int
frame_take(int fd, struct buf *b)
{
	enum { CHUNK = 65536 };
	ssize_t n = recv(fd, buf_room(b, CHUNK), CHUNK, MSG_DONTWAIT);

	if (n > 0)
		buf_grown(b, (size_t)n);
	if (n > 0)
		return 1;
	return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

int
frame_next(const struct buf *b, enum frame *type, const char **p, size_t *n,
    size_t *used)
{
	uint32_t len;

	if (b->len < HEAD)
		return 0;
	memcpy(&len, b->data + 1, sizeof(len));
	if (b->len - HEAD < len)
		return 0;
	*type = (enum frame)b->data[0];
	*p = b->data + HEAD;
	*n = len;
	*used = HEAD + (size_t)len;
	return 1;
}

static int
read_all(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = read(fd, p, n);

		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0)
			return 0;
		p += r;
		n -= (size_t)r;
	}
	return 1;
}

int
frame_read(int fd, struct buf *b, enum frame *type)
{
	char head[HEAD];
	uint32_t len;

	if (!read_all(fd, head, HEAD))
		return 0;
	*type = (enum frame)head[0];
	memcpy(&len, head + 1, sizeof(len));
	buf_reset(b);
	if (!read_all(fd, buf_room(b, len), len))
		return 0;
	buf_grown(b, len);
	return 1;
}
