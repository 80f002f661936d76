/* mbox_read.c: messages out of an mbox file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/mbox_p.h"

enum { CHUNK = 65536, LOCK_WAIT_MS = 10000 };

int
mbox_lock(int fd, short type, struct fail *f)
{
	const struct timespec nap = {0, 50000000};
	struct flock lock = {.l_type = type, .l_whence = SEEK_SET};
	int64_t end = clock_ms() + LOCK_WAIT_MS;

	if (end > stop_deadline())
		end = stop_deadline();
	while (fcntl(fd, F_OFD_SETLK, &lock) == -1) {
		/* A file system without locks has no other writer to fear. */
		if (errno == ENOLCK || errno == EINVAL || errno == ENOSYS)
			return 0;
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return fail_errno(
			    f, CODE_IO, REACH_FOLDER, "lock", "file");
		if (clock_ms() >= end)
			return fail_set(f, CODE_IO, REACH_FOLDER, AGAIN_LATER,
			    "lock", "held by another process");
		(void)nanosleep(&nap, NULL);
	}
	return 0;
}

int
mbox_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;

	(void)f;
	free(mb->want);
	mb->want = mem_array(n, sizeof(*ids));
	if (n > 0)
		memcpy(mb->want, ids, n * sizeof(*ids));
	mb->wants = n;
	mb->wanted = 0;
	mb->left = 0;
	return 0;
}

/* The file was written to since: do the message's ends still stand? */
static int
check_span(struct mbox *mb, const struct span *s, struct fail *f)
{
	struct stat sb;
	int64_t date;
	char text[8];
	ssize_t n;

	if (fstat(mb->in, &sb) == -1)
		return fail_errno(f, CODE_IO, REACH_FOLDER, "read", "file");
	if ((int64_t)sb.st_mtim.tv_sec * 1000000000 + sb.st_mtim.tv_nsec ==
		mb->index.changed &&
	    (uint64_t)sb.st_size == mb->index.size)
		return 0;
	n = mbox_pread(mb->in, text, 7, s->end);
	if (mbox_from(mb->in, s->start, &date) > 0 &&
	    (s->end == mb->index.size ||
		(n >= 1 && text[0] == '\n' &&
		    (n < 6 || memcmp(text + 1, "From ", 5) == 0)) ||
		(n >= 2 && text[0] == '\r' && text[1] == '\n')) &&
	    (uint64_t)sb.st_size >= mb->index.size)
		return 0;
	return fail_set(f, CODE_CHANGED, REACH_FOLDER, AGAIN_LATER, "read",
	    "the file was rewritten while it was read");
}

static void
rewind_to(struct mbox *mb, const struct span *s, uint64_t id)
{
	int64_t date;

	mb->at = s->start + mbox_from(mb->in, s->start, &date);
	mb->until = s->end;
	if (mb->at > mb->until)
		mb->at = mb->until;
	mb->last = 0;
	mbox_lines_start(&mb->reader, LINES_OUT);
	mb->reader.quoted = mb->index.quoted;
	mb->reader.base = mb->index.base && id == 1;
}

/* The next octets into lined: 1, 0 at the end, -1. */
static int
fill(struct mbox *mb, struct fail *f)
{
	size_t n;
	ssize_t got;

	buf_reset(&mb->lined);
	while (mb->lined.len == 0 && mb->at < mb->until) {
		n = mb->until - mb->at < CHUNK ? (size_t)(mb->until - mb->at)
					       : CHUNK;
		buf_reset(&mb->raw);
		got = mbox_pread(mb->in, buf_room(&mb->raw, n), n, mb->at);
		if (got == -1)
			return fail_errno(
			    f, CODE_IO, REACH_MESSAGE, "read", "file");
		if (got == 0)
			return fail_set(f, CODE_CHANGED, REACH_FOLDER,
			    AGAIN_LATER, "read", "the file was cut short");
		buf_grown(&mb->raw, (size_t)got);
		mb->at += (uint64_t)got;
		mbox_lines_add(
		    &mb->reader, mb->raw.data, mb->raw.len, &mb->lined);
		if (mb->at == mb->until)
			mbox_lines_end(&mb->reader, &mb->lined);
	}
	return mb->lined.len > 0;
}

static int
measure(struct mbox *mb, uint64_t *len, struct fail *f)
{
	char last = 0;
	int rc;

	*len = 0;
	while ((rc = fill(mb, f)) == 1)
		*len += crlf_count(&last, mb->lined.data, mb->lined.len);
	return rc;
}

int
mbox_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	const struct span *s;

	mb->left = 0;
	mb->at = mb->until = 0;
	for (;;) {
		if (mb->wanted == mb->wants)
			return 0;
		*id = mb->want[mb->wanted++];
		if (*id > 0 && *id <= mb->index.n)
			break;
	}
	s = &mb->index.span[*id - 1];
	if (check_span(mb, s, f) == -1)
		return -1;
	rewind_to(mb, s, *id);
	if (measure(mb, len, f) == -1)
		return -1;
	rewind_to(mb, s, *id);
	mb->left = *len;
	return 1;
}

int
mbox_read(struct store *st, const char **p, size_t *n, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	int rc = mb->left > 0 ? fill(mb, f) : 0;

	if (rc == -1)
		return -1;
	buf_reset(&mb->out);
	if (rc == 1)
		crlf_add(&mb->out, &mb->last, mb->lined.data, mb->lined.len);
	if (mb->left > 0 && (rc == 0 || mb->out.len > mb->left))
		return fail_set(f, CODE_CHANGED, REACH_MESSAGE, AGAIN_LATER,
		    "read", "the file changed while it was read");
	mb->left -= mb->out.len;
	*p = mb->out.data;
	*n = mb->out.len;
	return rc;
}
