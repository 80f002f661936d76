/*
 * maildir_write.c: messages into a Maildir.  A delivery is written to tmp/;
 * a batch of them is synced, moved to cur/ and the directory synced once,
 * before any of their receipts is given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { CHUNK = 65536 };

static int
trouble(struct fail *f, const char *what)
{
	enum code code = errno == EDQUOT ? CODE_QUOTA : CODE_IO;

	return fail_errno(f, code, REACH_ENDPOINT, what, "file");
}

static struct delivery *
current(struct maildir *md)
{
	return &md->due[md->dues - 1];
}

static void
delivery_end(struct delivery *d)
{
	if (d->fd != -1)
		(void)close(d->fd);
	free(d->tmp);
	free(d->info);
	free(d->why);
	memset(d, 0, sizeof(*d));
	d->fd = -1;
}

void
maildir_drop(struct maildir *md)
{
	size_t i;

	for (i = md->settled; i < md->dues; i++) {
		if (md->due[i].fd != -1)
			(void)unlinkat(md->out.tmp, md->due[i].tmp, 0);
		delivery_end(&md->due[i]);
	}
	md->dues = md->done = md->settled = 0;
	md->writing = 0;
}

/* The target's folder; what is due in another one is finished first. */
static int
turn_to(struct maildir *md, const char *folder, struct fail *f)
{
	if (md->out.name != NULL && strcmp(md->out.name, folder) == 0)
		return 0;
	if (maildir_flush(&md->st, f) == -1)
		return -1;
	mdir_close(&md->out);
	if (!maildir_is_inbox(folder) &&
	    mdir_open(md, folder, 0, NULL, &md->out, f) == -1)
		return -1;
	mdir_close(&md->out);
	return mdir_open(md, folder, 1, NULL, &md->out, f);
}

static struct delivery *
another(struct maildir *md, uint64_t cookie)
{
	struct delivery *d;

	if (md->dues == md->room) {
		md->room = md->room ? 2 * md->room : 64;
		md->due = mem_resize(md->due, md->room, sizeof(*md->due));
	}
	d = &md->due[md->dues++];
	memset(d, 0, sizeof(*d));
	d->cookie = cookie;
	return d;
}

static void
reserve(struct delivery *d, enum code code, const char *what, const char *why,
    const char *arg)
{
	if (d->why != NULL)
		return;
	d->why = mem_alloc(sizeof(*d->why));
	(void)fail_set(
	    d->why, code, REACH_MESSAGE, AGAIN_NEVER, what, "%s%s", why, arg);
}

int
maildir_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	struct buf name = {0}, info = {0}, lost = {0};
	struct delivery *d;
	int fd;

	if (turn_to(md, folder, f) == -1)
		return -1;
	if (flags_to_info(&info, p->flags, &md->out.keywords, md->out.fd, &lost,
		f) == -1) {
		buf_free(&info);
		buf_free(&lost);
		return -1;
	}
	name_unique(&name);
	fd = openat(md->out.tmp, name.data,
	    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd == -1) {
		buf_free(&name);
		buf_free(&info);
		buf_free(&lost);
		return trouble(f, "create");
	}
	(void)fchmod(fd, 0600); /* whatever the umask */
	d = another(md, p->cookie);
	d->fd = fd;
	d->tmp = name.data;
	d->info = info.data;
	if (lost.len > 0)
		reserve(
		    d, CODE_FLAG, "flags", "no place left for: ", lost.data);
	buf_free(&lost);
	md->date = p->date;
	md->expect = p->len;
	md->crlf = 0;
	md->writing = 1;
	return 0;
}

static int
write_out(struct maildir *md, struct fail *f)
{
	int rc = 0;

	if (path_write(current(md)->fd, md->chunk.data, md->chunk.len) == -1)
		rc = trouble(f, "write");
	buf_reset(&md->chunk);
	if (rc == -1)
		maildir_abort(&md->st);
	return rc;
}

int
maildir_write(struct store *st, const char *p, size_t n, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;

	assert(md->writing && n <= md->expect);
	md->expect -= n;
	crlf_drop(&md->chunk, &md->crlf, p, n);
	return md->chunk.len < CHUNK ? 0 : write_out(md, f);
}

/* The modification time is INTERNALDATE; not every file system has them all. */
static int
set_date(struct maildir *md, struct delivery *d)
{
	struct timespec ts[2] = {{0, 0}, {0, 0}};
	struct stat sb;

	if (md->date == CLOCK_NONE)
		return 0;
	ts[0].tv_sec = ts[1].tv_sec = (time_t)md->date;
	if ((futimens(d->fd, ts) == -1 && errno != EINVAL) ||
	    fstat(d->fd, &sb) == -1)
		return -1;
	if ((int64_t)sb.st_mtime != md->date)
		reserve(
		    d, CODE_DATE, "date", "the file system cannot hold it", "");
	return 0;
}

int
maildir_put_end(struct store *st, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	struct delivery *d = current(md);

	assert(md->writing && md->expect == 0);
	crlf_drop_end(&md->chunk, &md->crlf);
	if (write_out(md, f) == -1)
		return -1;
	if (set_date(md, d) == -1) {
		(void)trouble(f, "write");
		maildir_abort(st);
		return -1;
	}
	/* The disk may begin now, so that the batch's fsync is short. */
	(void)sync_file_range(d->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	md->writing = 0;
	if (md->dues - md->done >= md->st.opt.window)
		return maildir_flush(st, f);
	return 0;
}

void
maildir_abort(struct store *st)
{
	struct maildir *md = (struct maildir *)st;

	if (!md->writing)
		return;
	(void)unlinkat(md->out.tmp, current(md)->tmp, 0);
	delivery_end(current(md));
	md->dues--;
	md->writing = 0;
	buf_reset(&md->chunk);
}

/* Never over an existing file; some file systems lack one way or another. */
static int
move(int from, const char *name, int to, const char *as)
{
	if (renameat2(from, name, to, as, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (linkat(from, name, to, as, 0) == 0)
		return unlinkat(from, name, 0);
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return -1;
	return renameat(from, name, to, as);
}

static int
deliver(struct maildir *md, struct delivery *d)
{
	struct buf name = {0};
	int rc;

	buf_addf(&name, "%s:2,%s", d->tmp, d->info);
	rc = fsync(d->fd);
	if (rc == 0)
		rc = move(md->out.tmp, d->tmp, md->out.cur, name.data);
	if (rc == -1) {
		free(d->why);
		d->why = mem_alloc(sizeof(*d->why));
		(void)trouble(d->why, "deliver");
		d->why->reach = REACH_MESSAGE;
		d->failed = 1;
		(void)unlinkat(md->out.tmp, d->tmp, 0);
	}
	(void)close(d->fd);
	d->fd = -1;
	buf_free(&name);
	return rc;
}

int
maildir_sync(struct maildir *md)
{
	int changed = md->changed;

	md->changed = 0;
	return changed ? fsync(md->in.cur) : 0;
}

int
maildir_flush(struct store *st, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	int moved = 0;

	assert(!md->writing);
	for (; md->done < md->dues; md->done++)
		moved |= deliver(md, &md->due[md->done]) == 0;
	if (moved && fsync(md->out.cur) == -1) {
		md->unsure = 1;
		return trouble(f, "sync");
	}
	if (maildir_sync(md) == -1)
		return trouble(f, "sync");
	return 0;
}

size_t
maildir_outstanding(const struct store *st)
{
	const struct maildir *md = (const struct maildir *)st;

	return md->dues - md->settled;
}

int
maildir_settle(struct store *st, struct receipt *r, int wait, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	struct delivery *d;

	if (md->unsure) /* they may be there, or gone after a crash */
		return fail_set(f, CODE_IO, REACH_ENDPOINT, AGAIN_NEVER, "sync",
		    "the directory could not be synced");
	if (md->settled == md->done && wait && !md->writing &&
	    maildir_flush(st, f) == -1)
		return -1;
	if (md->settled == md->done) {
		if (md->settled == md->dues)
			md->settled = md->done = md->dues = 0;
		return 0;
	}
	d = &md->due[md->settled++];
	r->cookie = d->cookie;
	r->ok = !d->failed;
	if (d->why != NULL) {
		md->why = *d->why;
		r->why = &md->why;
	}
	free(md->new_uid);
	md->new_uid = d->failed ? NULL : mem_strdup(d->tmp);
	r->uid = md->new_uid;
	delivery_end(d);
	return 1;
}

/* ---- flags of a message that is there ---- */

/* Letters that are neither ours nor a keyword's stay. */
static void
add_unknown(struct buf *info, const char *name, const struct keywords *k)
{
	const char *p = name + name_base(name);

	if (strncmp(p, ":2,", 3) != 0)
		return;
	for (p += 3; *p != '\0'; p++)
		if (strchr("DFPRST", *p) == NULL &&
		    !(*p >= 'a' && *p <= 'z' && k->name[*p - 'a'] != NULL))
			buf_addc(info, *p);
}

static int
change(struct maildir *md, uint64_t id, const char *set, struct fail *f)
{
	struct buf info = {0}, lost = {0}, to = {0};
	char *name;
	int is_new, rc;

	name = mem_strdup(index_name(&md->index, id, &is_new, NULL));
	add_unknown(&info, name, &md->in.keywords);
	rc = flags_to_info(&info, set, &md->in.keywords, md->in.fd, &lost, f);
	if (rc == 0) {
		buf_addf(
		    &to, "%.*s:2,%s", (int)name_base(name), name, info.data);
		if ((is_new || strcmp(to.data, name) != 0) &&
		    (rc = move(is_new ? md->in.new : md->in.cur, name,
			 md->in.cur, to.data)) == -1)
			rc = errno == ENOENT
			    ? fail_set(f, CODE_VANISHED, REACH_MESSAGE,
				  AGAIN_NEVER, "flags", "no longer there")
			    : trouble(f, "flags");
		else if (rc == 0)
			rc = index_rename(&md->index, id, to.data, f);
	}
	if (rc == 0 && lost.len > 0)
		rc = fail_set(f, CODE_FLAG, REACH_MESSAGE, AGAIN_NEVER, "flags",
		    "no place left for: %s", lost.data);
	md->changed = 1;
	free(name);
	buf_free(&info);
	buf_free(&lost);
	buf_free(&to);
	return rc;
}

int
maildir_flags(struct store *st, uint64_t id, const char *add,
    const char *remove, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	const char *name, *now;
	struct buf set = {0};
	int is_new, rc;

	if (id == 0 || id > md->index.n ||
	    (name = index_name(&md->index, id, &is_new, f)) == NULL)
		return fail_set(f, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
		    "flags", "no such message");
	if (faccessat(is_new ? md->in.new : md->in.cur, name, F_OK,
		AT_SYMLINK_NOFOLLOW) == -1 &&
	    (index_find_again(&md->index, &md->in, id, f) != 1 ||
		(name = index_name(&md->index, id, &is_new, f)) == NULL))
		return fail_set(f, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
		    "flags", "no longer there");
	now = flags_of_info(name, &md->in.keywords, md->flags);
	(void)flags_minus(&set, now, remove);
	buf_addf(&set, "%s%s", set.len ? " " : "", add);
	now = flags_canon(md->flags, set.data, set.len);
	rc = change(md, id, now, f);
	buf_free(&set);
	return rc;
}
