/*
 * mbox_write.c: messages into an mbox file, mboxrd, at its end only.  The
 * file is locked from a batch's first message to its sync; whatever fails,
 * or has no receipt when the store is closed, is cut off again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mbox_p.h"

enum { CHUNK = 65536 };

static int
trouble(struct fail *f, const char *what)
{
	enum code code = errno == EDQUOT ? CODE_QUOTA : CODE_IO;

	return fail_errno(f, code, REACH_ENDPOINT, what, "file");
}

/* ---- the file in hand ---- */

static void
release(struct mbox *mb)
{
	if (mb->lock != -1)
		path_unlock(mb->dir, mb->out_file, mb->lock);
	if (mb->fd != -1)
		(void)close(mb->fd);
	if (mb->dir != -1)
		(void)close(mb->dir);
	free(mb->out_name);
	free(mb->out_file);
	mb->out_name = mb->out_file = NULL;
	mb->lock = mb->fd = mb->dir = -1;
}

static int
check_file(int fd, struct fail *f)
{
	struct stat sb;

	if (fstat(fd, &sb) == -1)
		return trouble(f, "write");
	if (!S_ISREG(sb.st_mode))
		return fail_set(f, CODE_POLICY, REACH_FOLDER, AGAIN_NEVER,
		    "write", "no regular file");
	if (geteuid() != 0 && sb.st_uid != geteuid())
		return fail_set(f, CODE_POLICY, REACH_FOLDER, AGAIN_NEVER,
		    "write", "the file belongs to somebody else");
	return 0;
}

/* An empty line must part the new message from what is there. */
static int
find_end(struct mbox *mb, struct fail *f)
{
	struct stat sb;
	char tail[2];
	size_t n;

	if (fstat(mb->fd, &sb) == -1)
		return trouble(f, "write");
	mb->batch = mb->message = mb->end = (uint64_t)sb.st_size;
	n = mb->end < 2 ? (size_t)mb->end : 2;
	if (mbox_pread(mb->fd, tail, n, mb->end - n) != (ssize_t)n)
		return trouble(f, "write");
	buf_reset(&mb->chunk);
	if (n > 0 && tail[n - 1] != '\n')
		buf_adds(&mb->chunk, "\n\n");
	else if (n == 2 && tail[0] != '\n' && mb->end > 0)
		buf_adds(&mb->chunk, "\n");
	return 0;
}

static int
take_file(struct mbox *mb, const char *folder, struct fail *f)
{
	struct buf name = {0};
	int inbox = text_casecmp(folder, "INBOX") == 0;

	if (mbox_locate(mb, folder, inbox, &mb->dir, &name, f) == -1) {
		buf_free(&name);
		return -1;
	}
	mb->out_file = name.data;
	mb->fd = openat(mb->dir, name.data,
	    O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
		(inbox ? O_CREAT : 0),
	    0600);
	if (mb->fd == -1 && errno == ENOENT)
		return fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    "append", "there is no such folder");
	if (mb->fd == -1)
		return fail_errno(
		    f, CODE_IO, REACH_FOLDER, "append", "%s", name.data);
	if (check_file(mb->fd, f) == -1 ||
	    (mb->lock = path_lock(mb->dir, mb->out_file, f)) == -1 ||
	    mbox_lock(mb->fd, F_WRLCK, f) == -1)
		return -1;
	mb->out_name = mem_strdup(folder);
	return find_end(mb, f);
}

static int
turn_to(struct mbox *mb, const char *folder, struct fail *f)
{
	if (mb->out_name != NULL && strcmp(mb->out_name, folder) == 0)
		return 0;
	if (mbox_flush(&mb->st, f) == -1)
		return -1;
	if (take_file(mb, folder, f) == -1) {
		release(mb);
		return -1;
	}
	return 0;
}

/* ---- one message ---- */

/* On failure the message's beginning is cut off again. */
static int
write_out(struct mbox *mb, struct fail *f)
{
	const char *p = mb->chunk.data;
	size_t n = mb->chunk.len;
	ssize_t w;

	while (n > 0) {
		w = pwrite(mb->fd, p, n, (off_t)mb->end);
		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1) {
			(void)trouble(f, "write");
			mbox_abort(&mb->st);
			return -1;
		}
		p += w;
		n -= (size_t)w;
		mb->end += (uint64_t)w;
	}
	buf_reset(&mb->chunk);
	return 0;
}

static struct due *
another(struct mbox *mb, uint64_t cookie)
{
	struct due *d;

	if (mb->dues == mb->room) {
		mb->room = mb->room ? 2 * mb->room : 64;
		mb->due = mem_resize(mb->due, mb->room, sizeof(*mb->due));
	}
	d = &mb->due[mb->dues++];
	memset(d, 0, sizeof(*d));
	d->cookie = cookie;
	return d;
}

int
mbox_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	int64_t date = p->date, again;
	char text[32];
	struct due *d;

	if (turn_to(mb, folder, f) == -1)
		return -1;
	d = another(mb, p->cookie);
	if (date == CLOCK_NONE)
		date = clock_now();
	date_format_asctime(text, date);
	if (!date_parse_asctime(text, strlen(text), &again) || again != date) {
		date_format_asctime(text, clock_now());
		d->code = CODE_DATE;
	}
	buf_addf(&mb->chunk, "From MAILER-DAEMON %s\n", text);
	mbox_lines_status(&mb->status, p->flags);
	mbox_lines_start(&mb->writer, LINES_IN);
	mb->writer.status = mb->status.data;
	mb->expect = p->len;
	mb->crlf = 0;
	mb->writing = 1;
	return 0;
}

int
mbox_write(struct store *st, const char *p, size_t n, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;

	assert(mb->writing && n <= mb->expect);
	mb->expect -= n;
	buf_reset(&mb->plain);
	crlf_drop(&mb->plain, &mb->crlf, p, n);
	mbox_lines_add(&mb->writer, mb->plain.data, mb->plain.len, &mb->chunk);
	return mb->chunk.len < CHUNK ? 0 : write_out(mb, f);
}

int
mbox_put_end(struct store *st, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;

	assert(mb->writing && mb->expect == 0);
	buf_reset(&mb->plain);
	crlf_drop_end(&mb->plain, &mb->crlf);
	mbox_lines_add(&mb->writer, mb->plain.data, mb->plain.len, &mb->chunk);
	mbox_lines_end(&mb->writer, &mb->chunk);
	buf_addc(&mb->chunk, '\n');
	if (write_out(mb, f) == -1)
		return -1;
	mb->writing = 0;
	mb->message = mb->end;
	if (mb->dues - mb->done >= mb->st.opt.window)
		return mbox_flush(st, f);
	return 0;
}

static void
cut(struct mbox *mb, uint64_t size)
{
	if (mb->fd == -1 || mb->end == size)
		return;
	(void)!ftruncate(mb->fd, (off_t)size);
	mb->end = mb->message = size;
}

void
mbox_abort(struct store *st)
{
	struct mbox *mb = (struct mbox *)st;

	if (!mb->writing)
		return;
	cut(mb, mb->message);
	mb->dues--;
	mb->writing = 0;
	buf_reset(&mb->chunk);
}

void
mbox_drop(struct mbox *mb)
{
	cut(mb, mb->batch);
	release(mb);
	mb->dues = mb->done = mb->settled = 0;
	mb->writing = 0;
}

/* ---- the batch ---- */

static void
fail_batch(struct mbox *mb)
{
	(void)trouble(&mb->why, "sync");
	mb->why.reach = REACH_MESSAGE;
	cut(mb, mb->batch);
	for (; mb->done < mb->dues; mb->done++)
		mb->due[mb->done].failed = 1;
}

int
mbox_flush(struct store *st, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;

	(void)f;
	assert(!mb->writing);
	if (mb->fd != -1 && mb->done < mb->dues &&
	    (fsync(mb->fd) == -1 || fsync(mb->dir) == -1))
		fail_batch(mb);
	mb->done = mb->dues;
	mb->batch = mb->end;
	release(mb);
	return 0;
}

size_t
mbox_outstanding(const struct store *st)
{
	const struct mbox *mb = (const struct mbox *)st;

	return mb->dues - mb->settled;
}

int
mbox_settle(struct store *st, struct receipt *r, int wait, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	struct due *d;

	if (mb->settled == mb->done && wait && !mb->writing &&
	    mbox_flush(st, f) == -1)
		return -1;
	if (mb->settled == mb->done) {
		if (mb->settled == mb->dues)
			mb->settled = mb->done = mb->dues = 0;
		return 0;
	}
	d = &mb->due[mb->settled++];
	r->cookie = d->cookie;
	r->ok = !d->failed;
	if (d->code != CODE_NONE && r->ok)
		(void)fail_set(&mb->why, d->code, REACH_MESSAGE, AGAIN_NEVER,
		    "date", "a From_ line cannot hold it");
	r->why = d->failed || d->code != CODE_NONE ? &mb->why : NULL;
	return 1;
}
