/*
 * change_ledger.c: what apply did and is about to do, in a file that is only
 * ever added to; on the disk before a server hears of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change_p.h"

struct change_ledger {
	char *path;
	int fd;
	struct header *header;
};

static int
io(struct fail *f, const struct change_ledger *l)
{
	return fail_errno(f, CODE_IO, REACH_RUN, "ledger", "%s", l->path);
}

/* The directory too, or a power cut may take the file with it. */
static int
sync_directory(const struct change_ledger *l, struct fail *f)
{
	char *copy = mem_strdup(l->path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd == -1 || fsync(fd) == -1 ? io(f, l) : 0;

	if (fd != -1)
		(void)close(fd);
	free(copy);
	return rc;
}

static int
put(const struct change_ledger *l, const struct buf *b, struct fail *f)
{
	size_t at = 0;

	while (at < b->len) {
		ssize_t n = write(l->fd, b->data + at, b->len - at);

		if (n == -1 && errno != EINTR)
			return io(f, l);
		if (n > 0)
			at += (size_t)n;
	}
	return fsync(l->fd) == -1 ? io(f, l) : 0;
}

static void
header_line(struct buf *b, const struct header *h)
{
	size_t i;

	for (i = 0; i < header_count(h); i++)
		buf_addf(b, "%s%s", i ? "\t" : "", header_name(h, i));
	buf_addc(b, '\n');
}

/* A line that a crash cut is none; what is no ledger is left alone. */
static int
check_old(const struct change_ledger *l, off_t size, struct fail *f)
{
	struct buf want = {0}, have = {0};
	char c = '\0';
	off_t end = size;
	int rc = 0;

	header_line(&want, l->header);
	if (pread(l->fd, buf_room(&have, want.len), want.len, 0) !=
		(ssize_t)want.len ||
	    memcmp(have.data, want.data, want.len) != 0)
		rc = fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "ledger",
		    "%s is no ledger of changes", l->path);
	buf_free(&want);
	buf_free(&have);
	while (rc == 0 && end > 0 && pread(l->fd, &c, 1, end - 1) == 1 &&
	    c != '\n')
		end--;
	if (rc == 0 && end < size && ftruncate(l->fd, end) == -1)
		rc = io(f, l);
	return rc;
}

static int
prepare(struct change_ledger *l, struct fail *f)
{
	struct buf b = {0};
	struct stat st;
	int rc;

	if (flock(l->fd, LOCK_EX | LOCK_NB) == -1)
		return fail_set(f, CODE_THROTTLED, REACH_RUN, AGAIN_LATER,
		    "ledger", "%s: another run has it", l->path);
	if (fstat(l->fd, &st) == -1)
		return io(f, l);
	if (st.st_size > 0)
		return check_old(l, st.st_size, f);
	header_line(&b, l->header);
	rc = put(l, &b, f);
	buf_free(&b);
	return rc == 0 ? sync_directory(l, f) : -1;
}

int
change_ledger_open(struct change_ledger **to, const char *path, struct fail *f)
{
	struct change_ledger *l = *to = mem_alloc(sizeof(*l));

	l->path = mem_strdup(path);
	l->header = header_new(CHANGE_LEDGER_COLUMNS);
	l->fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	return l->fd == -1 ? io(f, l) : prepare(l, f);
}

void
change_ledger_close(struct change_ledger *l)
{
	if (l == NULL)
		return;
	if (l->fd != -1)
		(void)close(l->fd);
	header_free(l->header);
	free(l->path);
	free(l);
}

int
change_ledger_put(struct change_ledger *l, const struct changes *c, size_t zone,
    const char *note, struct fail *f)
{
	struct arena *a = arena_new();
	struct buf b = {0};
	size_t i, k;
	int rc;

	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next)
		for (k = 0; k < change_rows(&c->change[i]); k++) {
			struct row *r = row_new(a, l->header);

			change_row(&c->change[i], k, r);
			change_ledger_row(&c->change[i], note, r);
			row_format(&b, r);
			buf_addc(&b, '\n');
		}
	rc = put(l, &b, f);
	buf_free(&b);
	arena_free(a);
	return rc;
}

void
change_ledger_row(const struct change *c, const char *note, struct row *r)
{
	char at[CLOCK_TEXT];

	if (note != NULL)
		row_setf(r, "reason", "%s%s%s", c->reason,
		    *c->reason ? "; " : "", note);
	row_set(r, "server", c->server);
	if (c->has_serials) {
		row_setf(r, "serial_before", "%" PRIu32, c->serial_before);
		row_setf(r, "serial_after", "%" PRIu32, c->serial_after);
	}
	row_set(r, "outcome", c->outcome);
	row_set(r, "at", clock_format(at, c->at));
	row_set(r, "hint", c->hint);
}
