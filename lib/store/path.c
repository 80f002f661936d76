/* path.c: files and directories below a root, without following links. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "store/files_p.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
enum { LOCK_WAIT_MS = 10000, LOCK_STALE_S = 120, CHUNK = 65536 };

/* The directory that path lies in is synced, so that a new name stays. */
static int
make_one(int dir, const char *name)
{
	if (mkdirat(dir, name, 0700) == -1)
		return errno == EEXIST ? 0 : -1;
	return fsync(dir) == -1 && errno != EINVAL && errno != EBADF ? -1 : 0;
}

static void
close_quietly(int fd)
{
	int error = errno;

	(void)close(fd);
	errno = error;
}

static int
is_link(int dir, const char *name)
{
	struct stat sb;
	int error = errno, yes;

	yes = fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(sb.st_mode);
	errno = error;
	return yes;
}

/* What may be searched and not read (/home often is) is passed through. */
static int
open_level(int at, const char *level, int last, int nofollow)
{
	int fd = openat(at, level, DIRECTORY | nofollow);

	if (fd != -1 || errno != EACCES || last)
		return fd;
	return openat(at, level, O_PATH | O_DIRECTORY | O_CLOEXEC | nofollow);
}

/* One level after the other; nofollow is O_NOFOLLOW or 0. */
static int
walk(int at, const char *path, int make, int nofollow)
{
	char *copy = mem_strdup(path), *rest = copy, *level;
	int next;

	while (at != -1 && (level = strsep(&rest, "/")) != NULL) {
		if (*level == '\0')
			continue;
		next = -1;
		if (!make || make_one(at, level) == 0)
			next = open_level(
			    at, level, rest == NULL || *rest == '\0', nofollow);
		/* Linux says so of a link, too. */
		if (next == -1 && errno == ENOTDIR && is_link(at, level))
			errno = ELOOP;
		close_quietly(at);
		at = next;
	}
	free(copy);
	return at;
}

int
path_root(const char *path, int make)
{
	int fd = open(path, DIRECTORY);

	if (fd != -1 || !make || errno != ENOENT)
		return fd;
	return walk(open(*path == '/' ? "/" : ".", DIRECTORY), path, 1, 0);
}

int
path_dir(int dir, const char *path)
{
	return walk(openat(dir, ".", DIRECTORY), path, 0, O_NOFOLLOW);
}

int
path_make(int dir, const char *path)
{
	return walk(openat(dir, ".", DIRECTORY), path, 1, O_NOFOLLOW);
}

int
path_file(int dir, const char *name)
{
	enum { FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC };
	struct stat sb;
	int fd = openat(dir, name, FLAGS | O_NOATIME);

	if (fd == -1 && errno == EPERM)
		fd = openat(dir, name, FLAGS);
	if (fd == -1)
		return -1;
	if (fstat(fd, &sb) == -1 || !S_ISREG(sb.st_mode)) {
		(void)close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

int
path_is_dir(int dir, const char *name)
{
	struct stat sb;

	return fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(sb.st_mode);
}

int
path_load(int dir, const char *name, size_t max, struct buf *b)
{
	int fd = path_file(dir, name);
	size_t start = b->len;
	ssize_t n;

	buf_add(b, "", 0);
	if (fd == -1)
		return errno == ENOENT ? 0 : -1;
	while ((n = read(fd, buf_room(b, CHUNK), CHUNK)) != 0) {
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 || b->len - start + (size_t)n > max)
			break;
		buf_grown(b, (size_t)n);
	}
	if (n > 0)
		errno = EFBIG;
	(void)close(fd);
	return n == 0 ? 1 : -1;
}

int
path_write(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n > 0) {
		ssize_t w = write(fd, s, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == -1)
			return -1;
		s += w;
		n -= (size_t)w;
	}
	return 0;
}

/* ---- locks ---- */

static int
is_stale(int dir, const char *lock)
{
	struct stat sb;

	return fstatat(dir, lock, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    clock_now() - (int64_t)sb.st_mtime > LOCK_STALE_S;
}

int
path_lock(int dir, const char *name, struct fail *f)
{
	const struct timespec nap = {0, 50000000};
	int64_t end = clock_ms() + LOCK_WAIT_MS;
	char *lock = mem_printf("%s.lock", name);
	int fd, busy;

	if (end > stop_deadline())
		end = stop_deadline();
	for (;;) {
		fd = openat(dir, lock,
		    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		busy = fd == -1 && errno == EEXIST;
		if (!busy || clock_ms() >= end)
			break;
		if (is_stale(dir, lock))
			(void)unlinkat(dir, lock, 0);
		else
			(void)nanosleep(&nap, NULL);
	}
	if (busy)
		(void)fail_set(f, CODE_IO, REACH_FOLDER, AGAIN_LATER, "lock",
		    "%s is held by somebody else", lock);
	else if (fd == -1)
		(void)fail_errno(f, CODE_IO, REACH_FOLDER, "lock", "%s", lock);
	free(lock);
	return fd;
}

void
path_unlock(int dir, const char *name, int lock)
{
	char *file = mem_printf("%s.lock", name);

	(void)unlinkat(dir, file, 0);
	(void)close(lock);
	free(file);
}

int
path_replace(
    int dir, const char *name, int lock, const struct buf *b, struct fail *f)
{
	char *file = mem_printf("%s.lock", name);
	int rc = 0;

	if (path_write(lock, b->data, b->len) == -1 || fsync(lock) == -1 ||
	    renameat(dir, file, dir, name) == -1 || fsync(dir) == -1) {
		rc = fail_errno(f, CODE_IO, REACH_FOLDER, "write", "%s", name);
		(void)unlinkat(dir, file, 0);
	}
	(void)close(lock);
	free(file);
	return rc;
}
