/* ledger.c: the file: made, locked, healed, appended to, synced. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_p.h"

enum { QUEUE = 1 << 16 };

static int
io(struct ledger *l, const char *what, struct fail *f)
{
	l->broken = 1;
	(void)fail_errno(f, CODE_IO, REACH_RUN, what, "%s", "");
	(void)fail_at(f, "%s", l->path);
	return -1;
}

/* A lock of the open file, so that it dies with the process. */
static int
lock(struct ledger *l, struct fail *f)
{
	struct flock fl = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

	if (fcntl(l->fd, F_OFD_SETLK, &fl) == 0)
		return 0;
	if (errno != EAGAIN && errno != EACCES)
		return io(l, "lock", f);
	(void)fail_at(f, "%s", l->path);
	return fail_set(f, CODE_THROTTLED, REACH_ENDPOINT, AGAIN_LATER,
	    "ledger", "another run is writing it");
}

int
ledger_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (fd == -1)
		return -1;
	rc = fsync(fd);
	(void)close(fd);
	return rc;
}

/* Between open and lock another file may have taken its place. */
static int
is_replaced(const struct ledger *l, const struct stat *is)
{
	struct stat st;

	return stat(l->path, &st) == -1 || st.st_ino != is->st_ino ||
	    st.st_dev != is->st_dev;
}

/* 1: once more. */
static int
open_file(struct ledger *l, const char *dir, int create, struct fail *f)
{
	struct stat st;
	int mode = create ? O_RDWR : O_RDONLY;

	if (create && mkdir(dir, 0700) == -1 && errno != EEXIST)
		return io(l, "make directory", f);
	l->fd = open(l->path, mode | O_CLOEXEC | O_NOFOLLOW);
	if (l->fd == -1 && errno == ENOENT && create) {
		l->fd = open(l->path,
		    mode | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (l->fd != -1 &&
		    (fchmod(l->fd, 0600) == -1 || ledger_sync_dir(dir) == -1))
			return io(l, "make", f);
	}
	if (l->fd == -1 && errno == ENOENT && !create)
		return 0;
	if (l->fd == -1 || fstat(l->fd, &st) == -1)
		return io(l, "open", f);
	if (!S_ISREG(st.st_mode)) {
		(void)fail_at(f, "%s", l->path);
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "ledger", "not a regular file");
	}
	if (create && lock(l, f) == -1)
		return -1;
	if (create && is_replaced(l, &st)) {
		(void)close(l->fd);
		return 1;
	}
	if (fstat(l->fd, &st) == -1)
		return io(l, "open", f);
	l->end = (uint64_t)st.st_size;
	return 0;
}

/*
 * The file must begin with its header and end with a whole line.  What
 * follows the last line end was torn by a crash, before anything was said
 * about it, and goes.
 */
static int
heal(struct ledger *l, int *torn, struct fail *f)
{
	char tail[4096];
	uint64_t at = l->end;

	*torn = 0;
	while (at > 0) {
		size_t n = at < sizeof(tail) ? (size_t)at : sizeof(tail);
		ssize_t got = pread(l->fd, tail, n, (off_t)(at - n));
		char *lf;

		if (got != (ssize_t)n)
			return io(l, "read", f);
		lf = memrchr(tail, '\n', n);
		if (lf != NULL) {
			at = at - n + (uint64_t)(lf - tail) + 1;
			break;
		}
		at -= n;
	}
	if (at == l->end)
		return 0;
	*torn = 1;
	l->end = at;
	if (l->writes &&
	    (ftruncate(l->fd, (off_t)at) == -1 || fdatasync(l->fd) == -1))
		return io(l, "truncate", f);
	return 0;
}

static int
index_each(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	(void)arg;
	ledger_index_line(l, r, at, len);
	return 0;
}

static int
begin(struct ledger *l, struct fail *f)
{
	size_t n = strlen(ledger_head);
	char head[256];

	if (l->end == 0) {
		if (!l->writes)
			return 0;
		buf_add(&l->out, ledger_head, n);
		return 0;
	}
	if (pread(l->fd, head, n, 0) != (ssize_t)n ||
	    memcmp(head, ledger_head, n) != 0) {
		(void)fail_at(f, "%s", l->path);
		return fail_set(f, CODE_IO, REACH_RUN, AGAIN_NEVER, "ledger",
		    "this is no ledger of this version");
	}
	state_load(l);
	l->was_interrupted = l->state_end != l->end;
	if (l->state_end > n)
		n = (size_t)l->state_end;
	return lines_read(l, n, l->end, index_each, NULL, f);
}

int
ledger_open(struct ledger **lp, const char *dir, const char *key, int create,
    int *torn, struct fail *f)
{
	struct ledger *l = mem_alloc(sizeof(*l));
	int rc;

	l->path = mem_printf("%s/%s.tsv", dir, key);
	l->fd = -1;
	l->writes = create;
	l->header = header_new(LEDGER_COLUMNS);
	l->arena = arena_new();
	l->words = intern_new();
	l->names = intern_new();
	l->doubt = UINT64_MAX;
	*torn = 0;
	*lp = l;
	while ((rc = open_file(l, dir, create, f)) == 1)
		;
	if (rc == 0 &&
	    (l->fd == -1 || (heal(l, torn, f) == 0 && begin(l, f) == 0)))
		return 0;
	l->broken = 1;
	(void)ledger_close(l, NULL);
	*lp = NULL;
	return -1;
}

int
ledger_close(struct ledger *l, struct fail *f)
{
	int rc = 0;

	if (l == NULL)
		return 0;
	if (l->writes && !l->broken)
		rc = ledger_sync(l, f);
	if (l->writes && !l->broken && !l->interrupted)
		state_save(l);
	if (l->fd != -1 && close(l->fd) == -1 && rc == 0)
		rc = io(l, "close", f);
	ledger_index_free(l);
	header_free(l->header);
	arena_free(l->arena);
	buf_free(&l->out);
	free(l->path);
	free(l);
	return rc;
}

void
ledger_interrupted(struct ledger *l)
{
	l->interrupted = 1;
}

int
ledger_was_interrupted(const struct ledger *l)
{
	return l->was_interrupted;
}

/* ---- appending ---- */

static int
refuse(struct ledger *l, struct fail *f)
{
	(void)fail_at(f, "%s", l->path);
	return fail_set(f, CODE_IO, REACH_RUN, AGAIN_NEVER, "ledger",
	    "it could not be written before");
}

int
ledger_write_out(struct ledger *l, struct fail *f)
{
	size_t at = 0;

	if (l->out.len > 0 && (l->broken || !l->writes))
		return refuse(l, f);

	while (at < l->out.len) {
		ssize_t n = pwrite(l->fd, l->out.data + at, l->out.len - at,
		    (off_t)(l->end + at));

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return io(l, "write", f);
		at += (size_t)n;
	}
	l->end += l->out.len;
	l->dirty |= l->out.len > 0;
	buf_reset(&l->out);
	return 0;
}

static int
append(struct ledger *l, struct row *r, struct fail *f)
{
	char at[CLOCK_TEXT];
	size_t from = l->out.len, i;
	struct line line;

	if (l->broken || !l->writes)
		return refuse(l, f);
	row_set(r, "at", clock_format(at, clock_now()));
	line_format(&l->out, r);
	for (i = 0; i < COL_COUNT; i++)
		line.field[i] = row_at(r, i);
	ledger_index_line(l, &line, l->end + from, l->out.len - from);
	arena_reset(l->arena);
	return l->out.len > QUEUE ? ledger_write_out(l, f) : 0;
}

int
ledger_set(
    struct ledger *l, const char *name, const char *value, struct fail *f)
{
	const char *was = ledger_get(l, name);
	struct row *r;

	if (was != NULL && strcmp(was, value) == 0)
		return 0;
	r = row_new(l->arena, l->header);
	row_set(r, "op", "set");
	row_set(r, "folder", name);
	row_set(r, "why", value);
	return append(l, r, f);
}

int
ledger_note(struct ledger *l, const struct entry *e, struct fail *f)
{
	static const char *const ops[] = {
	    "intent", "done", "left", "gone", "done"};
	static const uint8_t none[32];
	struct row *r = row_new(l->arena, l->header);
	char text[65];

	row_set(r, "op", ops[e->step]);
	row_set(r, "folder", e->folder);
	row_setf(r, "uidvalidity", "%u", (unsigned int)e->uidvalidity);
	row_set(r, "uid", e->uid);
	row_set(r, "dst_folder", e->dst_folder);
	row_setf(r, "dst_uidvalidity", "%u", (unsigned int)e->dst_uidvalidity);
	row_set(r, "dst_uid", e->dst_uid);
	row_setf(r, "size", "%llu", (unsigned long long)e->size);
	row_set(r, "date", clock_format(text, e->date));
	row_set(r, "flags", e->flags);
	if (memcmp(e->digest, none, sizeof(none)) != 0) {
		text_hex(text, e->digest, sizeof(e->digest));
		row_set(r, "digest", text);
	}
	row_set(r, "code", e->code);
	row_set(r, "why", e->step == STEP_FOUND ? LEDGER_FOUND : e->why);
	return append(l, r, f);
}

int
ledger_sync(struct ledger *l, struct fail *f)
{
	if (l->broken || !l->writes)
		return refuse(l, f);
	if (ledger_write_out(l, f) == -1)
		return -1;
	if (l->dirty && fdatasync(l->fd) == -1)
		return io(l, "sync", f);
	l->dirty = 0;
	return 0;
}
