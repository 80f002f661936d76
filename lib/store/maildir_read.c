/*
 * maildir_read.c: messages out of a Maildir, LF as CRLF.  The exact length
 * takes a pass of its own, but for small messages, which are read once.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { CHUNK = 65536 };

void
serving_end(struct serving *s)
{
	if (s->fd != -1)
		(void)close(s->fd);
	s->fd = -1;
	s->left = s->len = 0;
	buf_reset(&s->raw);
	buf_reset(&s->out);
}

int
maildir_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;

	(void)f;
	serving_end(&md->serving);
	free(md->want);
	md->want = mem_array(n, sizeof(*ids));
	if (n > 0)
		memcpy(md->want, ids, n * sizeof(*ids));
	md->wants = n;
	md->wanted = 0;
	return 0;
}

/* Up to CHUNK octets into raw: 1, 0 at the end, -1. */
static int
fill(struct serving *s)
{
	ssize_t n;

	buf_reset(&s->raw);
	do
		n = read(s->fd, buf_room(&s->raw, CHUNK), CHUNK);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		buf_grown(&s->raw, (size_t)n);
	return n > 0 ? 1 : (int)n;
}

/* Counts; afterwards fd is at the start again, or all octets are in raw. */
static int
measure(struct serving *s)
{
	uint64_t octets = 0;
	char last = 0;
	struct stat sb;
	int rc;

	if (fstat(s->fd, &sb) == -1)
		return -1;
	s->len = 0;
	while ((rc = fill(s)) == 1) {
		octets += s->raw.len;
		s->len += crlf_count(&last, s->raw.data, s->raw.len);
		if (octets == s->raw.len && sb.st_size == (off_t)octets)
			break;
	}
	s->left = octets;
	s->last = 0;
	if (rc == 0 && lseek(s->fd, 0, SEEK_SET) == -1)
		return -1;
	if (rc == 0)
		buf_reset(&s->raw);
	return rc == -1 ? -1 : 0;
}

/* Opens the file, wherever it is by now: 1, 0 vanished, -1. */
static int
open_message(struct maildir *md, uint64_t id, struct fail *f)
{
	struct serving *s = &md->serving;
	const char *name;
	int is_new, found, tries = 0;

	do {
		if ((name = index_name(&md->index, id, &is_new, f)) == NULL)
			return -1;
		s->fd = path_file(is_new ? md->in.new : md->in.cur, name);
		if (s->fd != -1)
			return 1;
		if (errno != ENOENT)
			return fail_errno(f,
			    errno == EINVAL || errno == ELOOP ? CODE_BADMSG
							      : CODE_IO,
			    REACH_MESSAGE, "read", "not a readable file");
		found = index_find_again(&md->index, &md->in, id, f);
	} while (found == 1 && tries++ < 3);
	return found == -1 ? -1 : 0;
}

int
maildir_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	int rc = 0;

	serving_end(&md->serving);
	while (rc == 0 && md->wanted < md->wants) {
		*id = md->want[md->wanted++];
		if (*id == 0 || *id > md->index.n)
			continue;
		rc = open_message(md, *id, f);
	}
	if (rc == 1 && measure(&md->serving) == -1) {
		rc = fail_errno(f, CODE_IO, REACH_MESSAGE, "read", "file");
		serving_end(&md->serving);
	}
	*len = md->serving.len;
	return rc;
}

static int
changed(struct serving *s, struct fail *f)
{
	serving_end(s);
	return fail_set(f, CODE_CHANGED, REACH_MESSAGE, AGAIN_LATER, "read",
	    "the file changed while it was read");
}

int
maildir_read(struct store *st, const char **p, size_t *n, struct fail *f)
{
	struct serving *s = &((struct maildir *)st)->serving;

	if (s->left == 0)
		return s->len == 0 ? 0 : changed(s, f);
	if (s->raw.len == 0 && fill(s) == -1)
		return fail_errno(f, CODE_IO, REACH_MESSAGE, "read", "file");
	if (s->raw.len == 0 || s->raw.len > s->left)
		return changed(s, f);
	s->left -= s->raw.len;
	buf_reset(&s->out);
	crlf_add(&s->out, &s->last, s->raw.data, s->raw.len);
	buf_reset(&s->raw);
	if (s->out.len > s->len)
		return changed(s, f);
	s->len -= s->out.len;
	*p = s->out.data;
	*n = s->out.len;
	return 1;
}
