/*
 * ledger_compact.c: the ledger without the lines that nobody asks for any more.
 * What is kept is kept to the octet and in its order; the new file takes the
 * old one's place in one step.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_p.h"

enum { QUEUE = 1 << 16 };

struct mark { /* 32 octets, of a line */
	uint64_t uid, dst; /* hashes */
	uint32_t uidvalidity, dst_uidvalidity;
	uint32_t line; /* of the chapter */
	uint8_t done, digest;
};

struct compact {
	char *path; /* of the new file */
	int fd; /* -1: nothing is written, it is only counted */
	uint64_t size;
	struct buf out;
	struct extent *set; /* the last line of each setting, by number */
	struct mark *mark; /* of the chapter in hand */
	size_t marks, room;
	uint8_t *drop; /* by line */
	uint32_t line;
	struct fail *f;
};

/* ---- the new file ---- */

static int
failed(const struct compact *k, const char *what, struct fail *f)
{
	(void)fail_errno(f, CODE_IO, REACH_RUN, what, "%s", "");
	return fail_at(f, "%s", k->path);
}

static int
write_out(struct compact *k, struct fail *f)
{
	size_t at = 0;

	while (k->fd != -1 && at < k->out.len) {
		ssize_t n = write(k->fd, k->out.data + at, k->out.len - at);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return failed(k, "write", f);
		at += (size_t)n;
	}
	k->size += k->out.len;
	buf_reset(&k->out);
	return 0;
}

static int
write_full(struct compact *k, struct fail *f)
{
	return k->out.len > QUEUE ? write_out(k, f) : 0;
}

/* Its octets are not taken apart. */
static int
add_line(
    struct ledger *l, struct buf *b, uint64_t at, size_t len, struct fail *f)
{
	ssize_t n = pread(l->fd, buf_room(b, len), len, (off_t)at);

	if (n == (ssize_t)len) {
		buf_grown(b, len);
		return 0;
	}
	(void)fail_errno(f, CODE_IO, REACH_RUN, "ledger", "read");
	return fail_at(f, "%s", l->path);
}

/* ---- settings: the last line of each ---- */

static int
take_set(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	struct compact *k = arg;
	const char *name = r->field[COL_FOLDER];
	size_t i;

	if (strcmp(r->field[COL_OP], "set") != 0)
		return 0;
	i = intern_number(l->names, name, strlen(name));
	k->set[i] = (struct extent){at, at + len};
	return 0;
}

static int
put_sets(struct ledger *l, struct compact *k, struct fail *f)
{
	size_t i;

	k->set = mem_array(l->settings, sizeof(*k->set));
	if (lines_read(l, strlen(ledger_head), l->end, take_set, k, f) == -1)
		return -1;
	for (i = 0; i < l->settings; i++)
		if (add_line(l, &k->out, k->set[i].from,
			(size_t)(k->set[i].to - k->set[i].from), f) == -1 ||
		    write_full(k, f) == -1)
			return -1;
	return 0;
}

/* ---- the lines of a chapter ---- */

static uint32_t
number(const char *s)
{
	uint64_t v = 0;

	(void)text_u64(s, strlen(s), &v);
	return (uint32_t)v;
}

static int
take_mark(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	struct compact *k = arg;
	struct mark *m;

	(void)l;
	(void)at;
	(void)len;
	if (k->marks == k->room) {
		k->room = k->room ? k->room * 3 / 2 : 64;
		k->mark = mem_resize(k->mark, k->room, sizeof(*k->mark));
	}
	m = &k->mark[k->marks];
	memset(m, 0, sizeof(*m));
	m->uid = ledger_hash(r->field[COL_UID]);
	m->dst = ledger_hash(r->field[COL_DST_UID]);
	m->uidvalidity = number(r->field[COL_UIDVALIDITY]);
	m->dst_uidvalidity = number(r->field[COL_DST_UIDVALIDITY]);
	m->line = (uint32_t)k->marks++;
	m->done = strcmp(r->field[COL_OP], "done") == 0;
	m->digest = *r->field[COL_DIGEST] != '\0';
	return 0;
}

/* By message, and then the later line first. */
static int
by_message(const void *a, const void *b)
{
	const struct mark *x = a, *y = b;

	if (x->uidvalidity != y->uidvalidity)
		return x->uidvalidity < y->uidvalidity ? -1 : 1;
	if (x->uid != y->uid)
		return x->uid < y->uid ? -1 : 1;
	return (x->line < y->line) - (x->line > y->line);
}

/* The same copy, and all that is known of it. */
static int
covers(const struct mark *late, const struct mark *m)
{
	return late->done && late->dst == m->dst &&
	    late->dst_uidvalidity == m->dst_uidvalidity &&
	    (late->digest || !m->digest);
}

/*
 * Of a message the last line counts.  Before it only done lines matter: what
 * they name at the target is taken, and has that digest.
 */
static void
choose(struct compact *k)
{
	size_t i, j, first = 0;

	k->drop = mem_alloc(k->marks + 1);
	if (k->marks > 0)
		qsort(k->mark, k->marks, sizeof(*k->mark), by_message);
	for (i = 1; i < k->marks; i++) {
		const struct mark *m = &k->mark[i];

		if (m->uid != k->mark[first].uid ||
		    m->uidvalidity != k->mark[first].uidvalidity) {
			first = i;
			continue;
		}
		k->drop[m->line] = !m->done;
		for (j = first; j < i && !k->drop[m->line]; j++)
			k->drop[m->line] = covers(&k->mark[j], m) != 0;
	}
}

static int
put_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	struct compact *k = arg;

	(void)r;
	if (k->drop[k->line++])
		return 0;
	if (add_line(l, &k->out, at, len, k->f) == -1)
		return -1;
	return write_full(k, k->f);
}

static int
put_chapter(struct ledger *l, struct compact *k, const struct chapter *c,
    struct fail *f)
{
	int rc;

	k->marks = k->line = 0;
	k->f = f;
	rc = chapter_read(l, c, take_mark, k, f);
	if (rc == 0) {
		choose(k);
		rc = chapter_read(l, c, put_line, k, f);
	}
	free(k->drop);
	k->drop = NULL;
	return rc;
}

static int
put_all(struct ledger *l, struct compact *k, struct fail *f)
{
	size_t i;

	buf_adds(&k->out, ledger_head);
	if (put_sets(l, k, f) == -1)
		return -1;
	for (i = 0; i < l->chapters; i++)
		if (put_chapter(l, k, &l->chapter[i], f) == -1)
			return -1;
	return write_out(k, f);
}

/* ---- the step ---- */

static int
replace(struct ledger *l, struct compact *k, const char *dir, struct fail *f)
{
	if (fsync(k->fd) == -1)
		return failed(k, "sync", f);
	if (rename(k->path, l->path) == -1)
		return failed(k, "rename", f);
	if (ledger_sync_dir(dir) == -1)
		return failed(k, "sync", f);
	return 0;
}

static int
rewrite(struct ledger *l, const char *dir, int dry_run, uint64_t *size,
    struct fail *f)
{
	struct compact k = {.path = mem_printf("%s.new", l->path), .fd = -1};
	int rc = 0;

	if (!dry_run) {
		(void)unlink(k.path);
		k.fd = open(k.path,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (k.fd == -1)
			rc = failed(&k, "make", f);
	}
	if (rc == 0)
		rc = put_all(l, &k, f);
	*size = k.size;
	if (rc == 0 && !dry_run && k.size < l->end)
		rc = replace(l, &k, dir, f);
	if (k.fd != -1) {
		(void)close(k.fd);
		(void)unlink(k.path); /* if it is still there */
	}
	free(k.set);
	free(k.mark);
	buf_free(&k.out);
	free(k.path);
	return rc;
}

int
ledger_compact(const char *dir, const char *key, int dry_run, uint64_t *before,
    uint64_t *after, struct fail *f)
{
	struct ledger *l;
	int torn, rc, was_interrupted;

	*before = *after = 0;
	if (ledger_open(&l, dir, key, !dry_run, &torn, f) == -1)
		return -1;
	*before = l->end;
	was_interrupted = ledger_was_interrupted(l);
	rc = rewrite(l, dir, dry_run, after, f);
	ledger_interrupted(l); /* the state is none of the new file's */
	(void)ledger_close(l, NULL);
	if (rc == -1 || dry_run || *after >= *before || was_interrupted)
		return rc;
	/* It spares the next run the reading; if it fails, it is made then. */
	if (ledger_open(&l, dir, key, 1, &torn, NULL) == 0)
		(void)ledger_close(l, NULL);
	return 0;
}
