/*
 * maildir_tree.c: folders of a Maildir: Maildir++ (root/.Sub.Deep) or nested
 * (root/Sub/Deep).  The root is INBOX, or a directory INBOX where the root
 * holds no mail itself (as mbsync lays it out).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { DEEPEST = 200, LONGEST = 254 };

static int
is_part(const char *name)
{
	return strcmp(name, "cur") == 0 || strcmp(name, "new") == 0 ||
	    strcmp(name, "tmp") == 0;
}

static int
is_maildir(int dir, const char *name)
{
	struct buf sub = {0};
	int yes;

	buf_addf(&sub, "%s/cur", name);
	yes = path_is_dir(dir, sub.data);
	buf_reset(&sub);
	buf_addf(&sub, "%s/new", name);
	yes = yes || path_is_dir(dir, sub.data);
	buf_free(&sub);
	return yes;
}

/* A link to a directory is listed, so that it cannot be missed; entering
 * it is refused. */
static int
is_link(int dir, const char *name)
{
	struct stat sb;

	return fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(sb.st_mode) && fstatat(dir, name, &sb, 0) == 0 &&
	    S_ISDIR(sb.st_mode);
}

int
maildir_is_inbox(const char *folder)
{
	return text_casecmp(folder, "INBOX") == 0;
}

static void
add_folder(struct maildir *md, const char *raw)
{
	char sep = md->layout == LAYOUT_DOTS ? '.' : '/';
	struct buf name = {0};
	const char *p = raw, *end;
	int ok = 1;

	for (;; p = end + 1) {
		end = p + strcspn(p, md->layout == LAYOUT_DOTS ? "." : "/");
		ok = ok && level_decode(&name, p, (size_t)(end - p));
		if (*end != sep)
			break;
		buf_addc(&name, '/');
	}
	if (!ok || maildir_is_inbox(name.data)) {
		buf_reset(&name);
		level_literal(&name, raw, strlen(raw));
	}
	(void)tree_add(&md->tree, name.data, raw);
	buf_free(&name);
}

static int
list_dots(struct maildir *md, struct fail *f)
{
	int fd = openat(md->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int error;

	if (d == NULL)
		return fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "root");
	while ((errno = 0, e = readdir(d)) != NULL)
		if (e->d_name[0] == '.' && e->d_name[1] != '\0' &&
		    strcmp(e->d_name, "..") != 0 &&
		    strcmp(e->d_name, md->inbox) != 0 &&
		    (is_maildir(md->root, e->d_name) ||
			is_link(md->root, e->d_name)))
			add_folder(md, e->d_name + 1);
	error = errno;
	(void)closedir(d);
	errno = error;
	return error == 0
	    ? 0
	    : fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "root");
}

/* Paths still to be read, one after the other in one buffer. */
struct todo {
	struct buf paths;
	size_t at;
};

static size_t
depth(const char *path)
{
	size_t n = 1;

	for (; *path != '\0'; path++)
		n += *path == '/';
	return n;
}

static void
see(struct maildir *md, struct todo *todo, int dir, const char *up,
    const char *name)
{
	struct buf path = {0};

	buf_addf(&path, "%s%s%s", up, *up ? "/" : "", name);
	if (strcmp(path.data, md->inbox) != 0 &&
	    (is_maildir(dir, name) || is_link(dir, name)))
		add_folder(md, path.data);
	if (path_is_dir(dir, name) && depth(path.data) < DEEPEST)
		buf_add(&todo->paths, path.data, path.len + 1);
	buf_free(&path);
}

static int
list_level(
    struct maildir *md, struct todo *todo, const char *up, struct fail *f)
{
	int fd = path_dir(md->root, up);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;
	int error;

	if (d == NULL)
		return fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "%s", up);
	while ((errno = 0, e = readdir(d)) != NULL)
		if (!is_part(e->d_name) && strcmp(e->d_name, ".") != 0 &&
		    strcmp(e->d_name, "..") != 0 &&
		    (e->d_type == DT_DIR || e->d_type == DT_LNK ||
			e->d_type == DT_UNKNOWN))
			see(md, todo, fd, up, e->d_name);
	error = errno;
	(void)closedir(d);
	errno = error;
	return error == 0
	    ? 0
	    : fail_errno(f, CODE_IO, REACH_ENDPOINT, "list", "%s", up);
}

static int
list_nested(struct maildir *md, struct fail *f)
{
	struct todo todo = {0};
	char *up;
	int rc = list_level(md, &todo, "", f);

	while (rc == 0 && todo.at < todo.paths.len) {
		up = mem_strdup(todo.paths.data + todo.at);
		todo.at += strlen(up) + 1;
		rc = list_level(md, &todo, up, f);
		free(up);
	}
	buf_free(&todo.paths);
	return rc;
}

int
maildir_list_folders(struct maildir *md, struct fail *f)
{
	tree_reset(&md->tree);
	md->listed = 0;
	if (md->st.opt.write ||
	    (md->root != -1 && is_maildir(md->root, md->inbox)))
		(void)tree_add(&md->tree, "INBOX", "INBOX");
	if (md->root != -1 &&
	    (md->layout == LAYOUT_DOTS ? list_dots(md, f)
				       : list_nested(md, f)) == -1)
		return -1;
	tree_finish(&md->tree, md->layout == LAYOUT_DOTS ? '.' : '/');
	md->listed = 1;
	if (md->root == -1)
		return 0;
	return subscribed_mark(md->root, "subscriptions",
	    md->layout == LAYOUT_DOTS ? '.' : '/', &md->tree, f);
}

/* ---- which layout is there ---- */

/* Where the mail of INBOX is: the root, or what is called so in it. */
static const char *
find_inbox(const struct maildir *md)
{
	const char *sub = md->layout == LAYOUT_DOTS ? ".INBOX" : "INBOX";

	if (md->root != -1 && !is_maildir(md->root, ".") &&
	    is_maildir(md->root, sub))
		return sub;
	return ".";
}

/*
 * Lists as one layout and counts what only that one has: a folder beside
 * the root, its name not that of the other layout.
 */
static int
try_layout(struct maildir *md, enum layout layout, size_t *n, struct fail *f)
{
	size_t i;

	md->layout = layout;
	md->inbox = find_inbox(md);
	if (maildir_list_folders(md, f) == -1)
		return -1;
	*n = strcmp(md->inbox, ".") != 0;
	for (i = 0; i < md->tree.n; i++)
		*n += md->tree.list[i].selectable &&
		    md->tree.list[i].role != ROLE_INBOX &&
		    (layout == LAYOUT_DOTS || md->tree.list[i].raw[0] != '.');
	return 0;
}

/* What is there decides; both kinds side by side is somebody's accident. */
static int
find_layout(struct maildir *md, struct fail *f)
{
	size_t dots, nested;

	if (try_layout(md, LAYOUT_NESTED, &nested, f) == -1 ||
	    try_layout(md, LAYOUT_DOTS, &dots, f) == -1)
		return -1;
	if (dots > 0 && nested > 0)
		store_note(&md->st,
		    "%zu nested folders beside Maildir++ ones are left "
		    "alone; ;layout=fs takes them",
		    nested);
	return dots == 0 && nested > 0
	    ? try_layout(md, LAYOUT_NESTED, &nested, f)
	    : 0;
}

int
maildir_layout(struct maildir *md, const char *layout, struct fail *f)
{
	size_t n;

	if (layout != NULL ? try_layout(md, LAYOUT_NESTED, &n, f) == -1
			   : find_layout(md, f) == -1)
		return -1;
	if (!md->st.opt.write && !md->st.opt.absent && md->tree.n == 0)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "open", "no Maildir: neither cur nor new, no folders");
	return 0;
}

/* ---- one folder ---- */

/* A level of the nested layout is a file name of its own. */
static int
encode_nested(struct buf *raw, size_t start, struct fail *f)
{
	const char *level = raw->data + start;

	if (is_part(level))
		return fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER, "name",
		    "%s is a directory of every Maildir", level);
	if (strcmp(level, ".") == 0 || strcmp(level, "..") == 0) {
		int two = level[1] == '.';

		raw->len = start;
		buf_adds(raw, two ? "\\2e." : "\\2e");
	}
	return 0;
}

static int
encode(struct maildir *md, const char *folder, struct buf *raw, struct fail *f)
{
	int dots = md->layout == LAYOUT_DOTS;
	const char *end;
	size_t start;

	for (;; folder = end + 1) {
		end = folder + strcspn(folder, "/");
		start = raw->len;
		if (level_encode(raw, folder, (size_t)(end - folder),
			dots ? "./" : "/", f) == -1)
			return -1;
		if (!dots && encode_nested(raw, start, f) == -1)
			return -1;
		if (raw->len - (dots ? 0 : start) > LONGEST)
			return fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
			    "name", "longer than a file name may be");
		if (*end == '\0')
			return 0;
		buf_addc(raw, dots ? '.' : '/');
	}
}

int
maildir_raw(
    struct maildir *md, const char *folder, struct buf *raw, struct fail *f)
{
	const struct folder *known =
	    md->listed ? tree_find(&md->tree, folder) : NULL;

	buf_reset(raw);
	if (known != NULL && known->selectable)
		buf_adds(raw, known->raw);
	else if (maildir_is_inbox(folder))
		buf_adds(raw, "INBOX");
	else
		return encode(md, folder, raw, f);
	return 0;
}

static int
path_of(
    struct maildir *md, const char *folder, struct buf *path, struct fail *f)
{
	struct buf raw = {0};
	int rc = maildir_raw(md, folder, &raw, f);

	if (rc == 0 && maildir_is_inbox(folder))
		buf_adds(path, md->inbox);
	else if (rc == 0)
		buf_addf(path, "%s%s", md->layout == LAYOUT_DOTS ? "." : "",
		    raw.data);
	buf_free(&raw);
	return rc;
}

static void
mdir_none(struct mdir *d)
{
	memset(d, 0, sizeof(*d));
	d->fd = d->cur = d->new = d->tmp = -1;
}

void
mdir_close(struct mdir *d)
{
	free(d->name);
	if (d->fd != -1)
		(void)close(d->fd);
	if (d->cur != -1)
		(void)close(d->cur);
	if (d->new != -1)
		(void)close(d->new);
	if (d->tmp != -1)
		(void)close(d->tmp);
	keywords_free(&d->keywords);
	mdir_none(d);
}

int
maildir_make_root(struct maildir *md, struct fail *f)
{
	if (md->root == -1 && (md->root = path_root(md->path, 1)) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_ENDPOINT, "create", "directory");
	return 0;
}

static int
refuse(struct fail *f, const char *what)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    what, "there is no such folder");
	if (errno == ELOOP)
		return fail_set(f, CODE_POLICY, REACH_FOLDER, AGAIN_NEVER, what,
		    "a symbolic link, which is not followed");
	return fail_errno(f, CODE_IO, REACH_FOLDER, what, "directory");
}

/* Maildir++ marks its folders so; Dovecot and Courier do the same. */
static int
mark(struct maildir *md, const char *path, int dir)
{
	int fd;

	if (md->layout != LAYOUT_DOTS || strcmp(path, ".") == 0)
		return 0;
	fd = openat(dir, "maildirfolder",
	    O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd == -1 ? -1 : close(fd);
}

static int
make(struct maildir *md, const char *path, struct mdir *d, int *made)
{
	int had;

	if ((d->fd = path_make(md->root, path)) == -1)
		return -1;
	had = path_is_dir(d->fd, "cur");
	if ((d->tmp = path_make(d->fd, "tmp")) == -1 ||
	    (d->new = path_make(d->fd, "new")) == -1 ||
	    (d->cur = path_make(d->fd, "cur")) == -1 ||
	    mark(md, path, d->fd) == -1)
		return -1;
	if (made != NULL)
		*made = !had;
	return 0;
}

/* tmp and even new may be missing at a source. */
static int
open_all(struct maildir *md, const char *path, struct mdir *d)
{
	if (md->root == -1) {
		errno = ENOENT;
		return -1;
	}
	if ((d->fd = path_dir(md->root, path)) == -1)
		return -1;
	d->cur = path_dir(d->fd, "cur");
	if (d->cur == -1 && errno != ENOENT)
		return -1;
	d->new = path_dir(d->fd, "new");
	if (d->new == -1 && (errno != ENOENT || d->cur == -1))
		return -1;
	return 0;
}

int
mdir_open(struct maildir *md, const char *folder, int create, int *made,
    struct mdir *d, struct fail *f)
{
	struct buf path = {0};
	int rc;

	mdir_none(d);
	if (!md->listed && !create && maildir_list_folders(md, f) == -1)
		return -1;
	rc = path_of(md, folder, &path, f);
	if (rc == 0 && create)
		rc = maildir_make_root(md, f);
	if (rc == 0) {
		rc = create ? make(md, path.data, d, made)
			    : open_all(md, path.data, d);
		if (rc == -1)
			rc = refuse(f, create ? "create" : "enter");
	}
	if (rc == 0)
		rc = keywords_load(&d->keywords, d->fd, f);
	if (rc == -1)
		mdir_close(d);
	else
		d->name = mem_strdup(folder);
	buf_free(&path);
	return rc;
}
