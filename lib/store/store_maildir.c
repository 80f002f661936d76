/*
 * store_maildir.c: a Maildir as a store.  As a source nothing in it changes:
 * new/ is read where it is, no index is written.  A message's id is its
 * place when the folder was entered.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/maildir_p.h"

static int
maildir_open(struct store *st, const struct endpoint *e,
    const struct secret *secret, const struct secret *key, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;

	(void)secret;
	(void)key;
	md->path = mem_strdup(e->path);
	md->in.fd = md->in.cur = md->in.new = md->in.tmp = -1;
	md->out = md->in;
	md->serving.fd = -1;
	md->flags = intern_new();
	tree_init(&md->tree);
	st->can = STORE_APPEND | STORE_KEYWORDS | STORE_FLAGS | STORE_FOLDERS |
	    STORE_SUBSCRIBE | STORE_UIDPLUS;
	md->root = path_root(md->path, 0);
	if (md->root == -1 &&
	    !(errno == ENOENT && (st->opt.write || st->opt.absent)))
		return fail_errno(
		    f, CODE_CONFIG, REACH_ENDPOINT, "open", "directory");
	return maildir_layout(md, e->layout, f);
}

static void
maildir_close(struct store *st)
{
	struct maildir *md = (struct maildir *)st;

	if (md->tree.arena == NULL)
		return;
	(void)maildir_sync(md);
	maildir_drop(md);
	free(md->due);
	free(md->new_uid);
	buf_free(&md->chunk);
	serving_end(&md->serving);
	buf_free(&md->serving.raw);
	buf_free(&md->serving.out);
	free(md->want);
	index_free(&md->index);
	mdir_close(&md->in);
	mdir_close(&md->out);
	buf_free(&md->permanent);
	intern_free(md->flags);
	tree_free(&md->tree);
	if (md->root != -1)
		(void)close(md->root);
	free(md->path);
}

/* ---- folders ---- */

/* The size of a file is near that of the message, and costs no reading. */
static int
tally(struct maildir *md, struct folder *d, struct fail *f)
{
	struct mdir dir;
	struct index index = {0};
	struct stat sb;
	const char *name;
	uint64_t id;
	int is_new, rc;

	if (mdir_open(md, d->name, 0, NULL, &dir, f) == -1)
		return f->code == CODE_NOSELECT || f->code == CODE_POLICY ? 0
									  : -1;
	rc = index_build(&index, &dir, md->st.opt.spool_dir, f);
	for (id = 1; rc == 0 && id <= index.n; id++) {
		if ((name = index_name(&index, id, &is_new, f)) == NULL)
			rc = -1;
		else if (fstatat(is_new ? dir.new : dir.cur, name, &sb,
			     AT_SYMLINK_NOFOLLOW) == 0) {
			d->messages++;
			d->bytes += (uint64_t)sb.st_size;
			d->unseen += !flags_has(
			    flags_of_info(name, &dir.keywords, md->flags),
			    "\\Seen");
		}
	}
	d->known |= FOLDER_MESSAGES | FOLDER_BYTES | FOLDER_UNSEEN;
	index_free(&index);
	mdir_close(&dir);
	return rc;
}

static int
maildir_list(struct store *st, struct folder **list, size_t *n, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	size_t i;

	if (maildir_list_folders(md, f) == -1)
		return -1;
	*list = md->tree.list;
	*n = md->tree.n;
	for (i = 0; st->opt.sizes && i < *n; i++)
		if ((*list)[i].selectable && tally(md, &(*list)[i], f) == -1)
			return -1;
	return 0;
}

static int
maildir_create(struct store *st, const char *folder, enum role role, int *made,
    struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	struct mdir d;

	(void)role;
	if (mdir_open(md, folder, 1, made, &d, f) == -1)
		return -1;
	mdir_close(&d);
	return 0;
}

static int
maildir_subscribe(struct store *st, const char *folder, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	struct buf raw = {0};
	int rc = -1;

	if (maildir_make_root(md, f) == 0 &&
	    maildir_raw(md, folder, &raw, f) == 0)
		rc = subscribed_add(md->root, "subscriptions",
		    md->layout == LAYOUT_DOTS ? '.' : '/', raw.data, f);
	buf_free(&raw);
	return rc;
}

static int
maildir_enter(struct store *st, const char *folder, int write,
    struct folder *info, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	const struct folder *known;

	if (maildir_sync(md) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_ENDPOINT, "sync", "directory");
	(void)maildir_want(st, NULL, 0, f);
	mdir_close(&md->in);
	index_free(&md->index);
	if ((write || st->opt.write) && maildir_is_inbox(folder)) {
		if (mdir_open(md, folder, 1, NULL, &md->in, f) == -1)
			return -1;
	} else if (mdir_open(md, folder, 0, NULL, &md->in, f) == -1)
		return -1;
	if (index_build(&md->index, &md->in, st->opt.spool_dir, f) == -1)
		return -1;
	md->scanned = 0;
	known = tree_find(&md->tree, folder);
	if (known != NULL)
		*info = *known;
	info->name = md->in.name;
	info->selectable = 1;
	info->known |= FOLDER_MESSAGES;
	info->messages = md->index.n;
	buf_reset(&md->permanent);
	keywords_permanent(&md->permanent, &md->in.keywords);
	info->permanentflags = md->permanent.data;
	return 0;
}

/* ---- metadata ---- */

static int
maildir_scan(struct store *st, uint64_t from, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;

	(void)f;
	md->scanned = from > 0 ? from - 1 : 0;
	return 0;
}

static int
look(struct maildir *md, uint64_t id, struct msgref *m, struct fail *f)
{
	struct stat sb;
	const char *name;
	int is_new;

	name = index_name(&md->index, id, &is_new, f);
	if (name == NULL)
		return -1;
	if (fstatat(is_new ? md->in.new : md->in.cur, name, &sb,
		AT_SYMLINK_NOFOLLOW) == -1)
		return 0;
	m->id = id;
	m->size = (uint64_t)sb.st_size;
	m->date = (int64_t)sb.st_mtime;
	m->flags = flags_of_info(name, &md->in.keywords, md->flags);
	return 1;
}

static int
maildir_next(struct store *st, struct msgref *m, struct fail *f)
{
	struct maildir *md = (struct maildir *)st;
	int rc;

	while (md->scanned < md->index.n) {
		uint64_t id = ++md->scanned;

		rc = look(md, id, m, f);
		if (rc == 0 &&
		    (rc = index_find_again(&md->index, &md->in, id, f)) == 1)
			rc = look(md, id, m, f);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static void
maildir_uid(struct store *st, uint64_t id, struct buf *out)
{
	struct maildir *md = (struct maildir *)st;
	const char *name;
	int is_new;

	if (id == 0 || id > md->index.n ||
	    (name = index_name(&md->index, id, &is_new, NULL)) == NULL)
		return;
	text_printable(out, name, name_base(name), 1024);
}

const struct store_ops store_maildir = {
    .size = sizeof(struct maildir),
    .open = maildir_open,
    .close = maildir_close,
    .list = maildir_list,
    .create = maildir_create,
    .subscribe = maildir_subscribe,
    .enter = maildir_enter,
    .scan = maildir_scan,
    .next = maildir_next,
    .uid = maildir_uid,
    .want = maildir_want,
    .body = maildir_body,
    .read = maildir_read,
    .put = maildir_put,
    .write = maildir_write,
    .put_end = maildir_put_end,
    .abort = maildir_abort,
    .flush = maildir_flush,
    .settle = maildir_settle,
    .outstanding = maildir_outstanding,
    .flags = maildir_flags,
};
