/*
 * store_mbox.c: mbox files as a store: a file is INBOX, a directory a tree
 * of folders.  A message's id and uid is its place in the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/mbox_p.h"

/* The user may have named a link to the file; below it none is followed. */
static int
open_file(struct mbox *mb, struct fail *f)
{
	char real[PATH_MAX], *slash;

	if (realpath(mb->path, real) == NULL)
		return fail_errno(
		    f, CODE_CONFIG, REACH_ENDPOINT, "open", "file");
	slash = strrchr(real, '/');
	mb->file = mem_strdup(slash + 1);
	slash[slash == real] = '\0';
	if ((mb->root = path_root(real, 0)) == -1)
		return fail_errno(
		    f, CODE_CONFIG, REACH_ENDPOINT, "open", "directory");
	return 0;
}

static int
mbox_open(struct store *st, const struct endpoint *e,
    const struct secret *secret, const struct secret *key, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	struct stat sb;

	(void)secret;
	(void)key;
	mb->path = mem_strdup(e->path);
	mb->root = mb->in = mb->dir = mb->fd = mb->lock = -1;
	mb->flags = intern_new();
	tree_init(&mb->tree);
	st->can = STORE_APPEND | STORE_KEYWORDS | STORE_FLAGS;
	if (stat(mb->path, &sb) == 0 && S_ISREG(sb.st_mode))
		return open_file(mb, f);
	st->can |= STORE_FOLDERS | STORE_SUBSCRIBE;
	mb->root = path_root(mb->path, 0);
	if (mb->root == -1 &&
	    !(errno == ENOENT && (st->opt.write || st->opt.absent)))
		return fail_errno(f, CODE_CONFIG, REACH_ENDPOINT, "open",
		    "neither file nor directory");
	if (mbox_list_folders(mb, f) == -1)
		return -1;
	if (!st->opt.write && !st->opt.absent && mb->tree.n == 0)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "open", "the directory holds no mbox file");
	return 0;
}

static void
mbox_close(struct store *st)
{
	struct mbox *mb = (struct mbox *)st;

	if (mb->tree.arena == NULL)
		return;
	mbox_drop(mb);
	free(mb->due);
	mbox_lines_free(&mb->reader);
	mbox_lines_free(&mb->writer);
	buf_free(&mb->raw);
	buf_free(&mb->lined);
	buf_free(&mb->out);
	buf_free(&mb->status);
	buf_free(&mb->plain);
	buf_free(&mb->chunk);
	free(mb->want);
	mbox_index_free(&mb->index);
	if (mb->in != -1)
		(void)close(mb->in);
	if (mb->root != -1)
		(void)close(mb->root);
	free(mb->in_name);
	free(mb->path);
	free(mb->file);
	tree_free(&mb->tree);
	intern_free(mb->flags);
}

/* ---- folders ---- */

/* The file of a folder for reading, its messages found. */
static int
open_folder(struct mbox *mb, const char *folder, int *fd, struct mbox_index *ix,
    struct fail *f)
{
	struct buf name = {0};
	int dir, rc;

	*fd = -1;
	if (mbox_locate(mb, folder, 0, &dir, &name, f) == -1) {
		buf_free(&name);
		return -1;
	}
	*fd = path_file(dir, name.data);
	(void)close(dir);
	if (*fd != -1) {
		rc = mbox_lock(*fd, F_RDLCK, f);
		if (rc == 0)
			rc = mbox_index(ix, *fd, f);
		(void)mbox_lock(*fd, F_UNLCK, NULL);
	} else if (errno == ELOOP)
		rc = fail_set(f, CODE_POLICY, REACH_FOLDER, AGAIN_NEVER,
		    "enter", "a symbolic link, which is not followed");
	else if (errno == ENOENT)
		rc = fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    "enter", "there is no such folder");
	else
		rc = fail_errno(
		    f, CODE_IO, REACH_FOLDER, "enter", "%s", name.data);
	buf_free(&name);
	return rc;
}

static int
tally(struct mbox *mb, struct folder *d, struct fail *f)
{
	struct mbox_index ix = {0};
	size_t i;
	int fd, rc = open_folder(mb, d->name, &fd, &ix, f);

	d->messages = ix.n;
	for (i = 0; rc == 0 && i < ix.n; i++)
		d->bytes += ix.span[i].end - ix.span[i].start;
	if (rc == 0)
		d->known |= FOLDER_MESSAGES | FOLDER_BYTES;
	mbox_index_free(&ix);
	if (fd != -1)
		(void)close(fd);
	return rc == -1 && f->reach > REACH_FOLDER ? -1 : 0;
}

static int
mbox_list(struct store *st, struct folder **list, size_t *n, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	size_t i;

	if (mbox_list_folders(mb, f) == -1)
		return -1;
	*list = mb->tree.list;
	*n = mb->tree.n;
	for (i = 0; st->opt.sizes && i < *n; i++)
		if ((*list)[i].selectable && tally(mb, &(*list)[i], f) == -1)
			return -1;
	return 0;
}

static int
mbox_create(struct store *st, const char *folder, enum role role, int *made,
    struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	struct buf name = {0};
	int dir, fd = -1, rc;

	(void)role;
	rc = mbox_locate(mb, folder, 1, &dir, &name, f);
	if (rc == 0) {
		fd = openat(dir, name.data,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		*made = fd != -1;
		if (fd == -1 &&
		    (errno != EEXIST || path_is_dir(dir, name.data)))
			rc = fail_errno(f, CODE_NAME, REACH_FOLDER, "create",
			    "%s", name.data);
		if (fd != -1 && fsync(dir) == -1)
			rc = fail_errno(
			    f, CODE_IO, REACH_FOLDER, "create", "directory");
		(void)close(dir);
	}
	if (fd != -1)
		(void)close(fd);
	buf_free(&name);
	return rc;
}

/* As Dovecot has it: levels as on the disk, without .sbd. */
static int
mbox_subscribe(struct store *st, const char *folder, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	struct buf raw = {0};
	const char *end;
	int rc = mbox_make_root(mb, f);

	if (rc == 0 && mb->file != NULL)
		rc = fail_set(f, CODE_CONFIG, REACH_FOLDER, AGAIN_NEVER,
		    "subscribe", "one file has no list of subscriptions");
	for (; rc == 0; folder = end + 1) {
		end = folder + strcspn(folder, "/");
		rc = level_encode(&raw, folder, (size_t)(end - folder), "/", f);
		if (*end == '\0')
			break;
		buf_addc(&raw, '/');
	}
	if (rc == 0)
		rc = subscribed_add(
		    mb->root, ".subscriptions", '/', raw.data, f);
	buf_free(&raw);
	return rc;
}

static void
leave(struct mbox *mb)
{
	(void)mbox_want(&mb->st, NULL, 0, NULL);
	mbox_index_free(&mb->index);
	if (mb->in != -1)
		(void)close(mb->in);
	free(mb->in_name);
	mb->in_name = NULL;
	mb->in = -1;
	mb->scanned = 0;
}

/* Only what somebody may want to look at: most files are plain. */
static void
say_variant(const struct mbox *mb, const char *folder)
{
	const struct mbox_index *ix = &mb->index;

	if (ix->variant != NULL)
		store_note(&mb->st, "%s: read as %s", folder, ix->variant);
	if (ix->doubts > 0)
		store_note(&mb->st,
		    "%s: %llu lines may begin a message, but lack a date or an "
		    "empty line before: not cut there",
		    folder, (unsigned long long)ix->doubts);
	if (ix->bare > 0)
		store_note(&mb->st,
		    "%s: %llu messages begin without a header: cut there, at a "
		    "From_ line with a date after an empty line",
		    folder, (unsigned long long)ix->bare);
}

static int
mbox_enter(struct store *st, const char *folder, int write, struct folder *info,
    struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	const struct folder *known;
	int made;

	leave(mb);
	if ((write || st->opt.write) && text_casecmp(folder, "INBOX") == 0 &&
	    mbox_create(st, folder, ROLE_INBOX, &made, f) == -1)
		return -1;
	if (open_folder(mb, folder, &mb->in, &mb->index, f) == -1)
		return -1;
	if (!write)
		say_variant(mb, folder);
	known = tree_find(&mb->tree, folder);
	if (known != NULL)
		*info = *known;
	mb->in_name = mem_strdup(folder);
	info->name = mb->in_name;
	info->selectable = 1;
	info->known |= FOLDER_MESSAGES;
	info->messages = mb->index.n;
	info->permanentflags =
	    "\\Seen \\Answered \\Flagged \\Deleted \\Draft \\*";
	return 0;
}

/* ---- metadata ---- */

static int
mbox_scan(struct store *st, uint64_t from, struct fail *f)
{
	(void)f;
	((struct mbox *)st)->scanned = from > 0 ? from - 1 : 0;
	return 0;
}

static int
mbox_next(struct store *st, struct msgref *m, struct fail *f)
{
	struct mbox *mb = (struct mbox *)st;
	const struct span *s;
	size_t line;

	(void)f;
	if (mb->scanned >= mb->index.n)
		return 0;
	s = &mb->index.span[mb->scanned++];
	m->id = mb->scanned;
	line = mbox_from(mb->in, s->start, &m->date);
	m->size = s->end > s->start + line ? s->end - s->start - line : 0;
	mbox_header(mb->in, s, &mb->lined);
	m->flags = mbox_lines_flags(&mb->lined, mb->flags);
	return 1;
}

static void
mbox_uid(struct store *st, uint64_t id, struct buf *out)
{
	(void)st;
	buf_addf(out, "%llu", (unsigned long long)id);
}

static int
mbox_flags(struct store *st, uint64_t id, const char *add, const char *remove,
    struct fail *f)
{
	(void)st;
	(void)id;
	(void)add;
	(void)remove;
	return fail_set(f, CODE_FLAG, REACH_MESSAGE, AGAIN_NEVER, "flags",
	    "an mbox is only added to, flags in it stay");
}

const struct store_ops store_mbox = {
    .size = sizeof(struct mbox),
    .open = mbox_open,
    .close = mbox_close,
    .list = mbox_list,
    .create = mbox_create,
    .subscribe = mbox_subscribe,
    .enter = mbox_enter,
    .scan = mbox_scan,
    .next = mbox_next,
    .uid = mbox_uid,
    .want = mbox_want,
    .body = mbox_body,
    .read = mbox_read,
    .put = mbox_put,
    .write = mbox_write,
    .put_end = mbox_put_end,
    .abort = mbox_abort,
    .flush = mbox_flush,
    .settle = mbox_settle,
    .outstanding = mbox_outstanding,
    .flags = mbox_flags,
};
