/*
 * mbox_tree.c: folders as files: one file is INBOX; in a directory every
 * mbox file is a folder and FILE.sbd/ (or a plain directory) holds its
 * children, as Thunderbird and Dovecot lay them out.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mbox_p.h"

enum { DEEPEST = 200, LONGEST = 240 };
/* Beside mail files: locks, Thunderbird's indexes, directories. */
static const char *const endings[] = {".sbd", ".lock", ".msf", ".dat"};

static size_t
ending(const char *name)
{
	size_t i, n = strlen(name), len;

	for (i = 0; i < LENGTH(endings); i++) {
		len = strlen(endings[i]);
		if (n >= len && strcmp(name + n - len, endings[i]) == 0)
			return len;
	}
	return 0;
}

static int
is_inbox(const char *s)
{
	return text_casecmp(s, "INBOX") == 0;
}

/* A regular file that is empty or begins as an mbox does; a link is listed,
 * so that it cannot be missed, and refused when it is entered. */
static int
is_mbox(int dir, const char *name)
{
	struct stat sb;
	char text[64];
	ssize_t n;
	size_t i = 0;
	int fd;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	if (S_ISLNK(sb.st_mode))
		return fstatat(dir, name, &sb, 0) == 0 && S_ISREG(sb.st_mode);
	if (!S_ISREG(sb.st_mode))
		return 0;
	if ((fd = path_file(dir, name)) == -1)
		return errno == EACCES;
	n = mbox_pread(fd, text, sizeof(text), 0);
	(void)close(fd);
	while ((ssize_t)i < n && (text[i] == '\n' || text[i] == '\r'))
		i++;
	return n == 0 ||
	    (n - (ssize_t)i >= 5 && memcmp(text + i, "From ", 5) == 0);
}

struct todo {
	struct buf paths; /* directories still to be read, each with its NUL */
	size_t at;
	size_t others; /* files that are no mbox */
};

/* The canonical name of a path, its .sbd endings taken off. */
static int
canonical(const char *path, struct buf *name)
{
	size_t n, stop;

	for (;; path += n + 1) {
		n = strcspn(path, "/");
		stop = n;
		if (path[n] == '/' && n > 4 &&
		    memcmp(path + n - 4, ".sbd", 4) == 0)
			stop -= 4;
		if (!level_decode(name, path, stop))
			return 0;
		if (path[n] == '\0')
			return 1;
		buf_addc(name, '/');
	}
}

static void
see(struct mbox *mb, struct todo *todo, int dir, const char *up,
    const char *entry)
{
	struct buf path = {0}, name = {0};

	buf_addf(&path, "%s%s%s", up, *up ? "/" : "", entry);
	if (path_is_dir(dir, entry)) {
		buf_add(&todo->paths, path.data, path.len + 1);
	} else if (ending(entry) == 0 && is_mbox(dir, entry)) {
		if (!canonical(path.data, &name)) {
			buf_reset(&name);
			level_literal(&name, path.data, path.len);
		}
		if (is_inbox(name.data)) {
			buf_reset(&name);
			buf_adds(&name, "INBOX");
		}
		(void)tree_add(&mb->tree, name.data, path.data);
	} else if (ending(entry) == 0)
		todo->others++;
	buf_free(&path);
	buf_free(&name);
}

static int
list_level(struct mbox *mb, struct todo *todo, const char *up, struct fail *f)
{
	int fd = path_dir(mb->root, up), error;
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL)
		return fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "%s", up);
	while ((errno = 0, e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			see(mb, todo, fd, up, e->d_name);
	error = errno;
	(void)closedir(d);
	errno = error;
	return error == 0
	    ? 0
	    : fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "%s", up);
}

static size_t
depth(const char *path)
{
	size_t n = 1;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

static int
list_all(struct mbox *mb, struct fail *f)
{
	struct todo todo = {0};
	char *up;
	int rc = list_level(mb, &todo, "", f);

	while (rc == 0 && todo.at < todo.paths.len) {
		up = mem_strdup(todo.paths.data + todo.at);
		todo.at += strlen(up) + 1;
		if (depth(up) < DEEPEST)
			rc = list_level(mb, &todo, up, f);
		free(up);
	}
	if (todo.others > 0)
		store_note(&mb->st, "%zu files are no mbox and left alone",
		    todo.others);
	buf_free(&todo.paths);
	return rc;
}

int
mbox_list_folders(struct mbox *mb, struct fail *f)
{
	tree_reset(&mb->tree);
	mb->listed = 0;
	if (mb->file != NULL)
		(void)tree_add(&mb->tree, "INBOX", mb->file);
	else if (mb->root != -1 && list_all(mb, f) == -1)
		return -1;
	tree_finish(&mb->tree, mb->file != NULL ? 0 : '/');
	if (mb->st.opt.write && tree_find(&mb->tree, "INBOX") == NULL) {
		(void)tree_add(&mb->tree, "INBOX", "INBOX");
		tree_finish(&mb->tree, '/');
	}
	mb->listed = 1;
	if (mb->root == -1 || mb->file != NULL)
		return 0;
	return subscribed_mark(mb->root, ".subscriptions", '/', &mb->tree, f);
}

/* ---- one folder ---- */

int
mbox_make_root(struct mbox *mb, struct fail *f)
{
	if (mb->root == -1 && (mb->root = path_root(mb->path, 1)) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_ENDPOINT, "create", "directory");
	return 0;
}

static int
none(struct fail *f)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    "enter", "there is no such folder");
	return fail_errno(f, CODE_IO, REACH_FOLDER, "enter", "directory");
}

/* A level as a file's name: not hidden, not one of the endings. */
static int
encode(struct buf *name, const char *level, size_t n, struct fail *f)
{
	struct buf raw = {0};
	size_t dot;
	int rc = level_encode(&raw, level, n, "/", f);

	buf_reset(name);
	if (rc == 0) {
		dot = ending(raw.data);
		dot = dot > 0 ? raw.len - dot : *raw.data == '.' ? 0 : raw.len;
		buf_addf(name, "%.*s%s%s", (int)dot, raw.data,
		    dot < raw.len ? "\\2e" : "",
		    dot < raw.len ? raw.data + dot + 1 : "");
		if (name->data[0] == '.') {
			buf_reset(&raw);
			buf_addf(&raw, "\\2e%s", name->data + 1);
			buf_reset(name);
			buf_adds(name, raw.data);
		}
		if (name->len > LONGEST)
			rc = fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
			    "name", "longer than a file name may be");
	}
	buf_free(&raw);
	return rc;
}

/* Into a level's directory: FILE.sbd, else a plain one, else made. */
static int
step(int *dir, const struct buf *level, int make, struct fail *f)
{
	char *sbd = mem_printf("%s.sbd", level->data);
	int next = path_dir(*dir, sbd), file;

	if (next == -1 && errno == ENOENT)
		next = path_dir(*dir, level->data);
	if (next == -1 && make && (errno == ENOENT || errno == ENOTDIR)) {
		file = openat(*dir, level->data,
		    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (file != -1)
			(void)close(file);
		next = path_make(*dir, sbd);
	}
	free(sbd);
	if (next == -1)
		return none(f);
	(void)close(*dir);
	*dir = next;
	return 0;
}

/* As it was found in the tree, whatever its octets. */
static int
locate_known(struct mbox *mb, const struct folder *d, int *dir,
    struct buf *name, struct fail *f)
{
	const char *slash = strrchr(d->raw, '/');
	char *up = slash == NULL
	    ? mem_strdup("")
	    : mem_strndup(d->raw, (size_t)(slash - d->raw));

	*dir = path_dir(mb->root, up);
	free(up);
	buf_reset(name);
	buf_adds(name, slash == NULL ? d->raw : slash + 1);
	return *dir == -1 ? none(f) : 0;
}

int
mbox_locate(struct mbox *mb, const char *folder, int make, int *dir,
    struct buf *name, struct fail *f)
{
	const struct folder *known;
	const char *end;

	*dir = -1;
	if (mb->file != NULL && !is_inbox(folder))
		return fail_set(f, make ? CODE_NAME : CODE_NOSELECT,
		    REACH_FOLDER, AGAIN_NEVER, "name",
		    "one file holds INBOX alone, a directory takes folders");
	if (make && mbox_make_root(mb, f) == -1)
		return -1;
	if (!mb->listed && mbox_list_folders(mb, f) == -1)
		return -1;
	errno = ENOENT;
	if (mb->root == -1)
		return none(f);
	known = tree_find(&mb->tree, is_inbox(folder) ? "INBOX" : folder);
	if (known != NULL && known->selectable)
		return locate_known(mb, known, dir, name, f);
	if ((*dir = path_dir(mb->root, "")) == -1)
		return none(f);
	for (;; folder = end + 1) {
		end = folder + strcspn(folder, "/");
		if (encode(name, folder, (size_t)(end - folder), f) == -1 ||
		    (*end != '\0' && step(dir, name, make, f) == -1)) {
			(void)close(*dir);
			*dir = -1;
			return -1;
		}
		if (*end == '\0')
			return 0;
	}
}
