/*
 * ledger_state.c: KEY.state, a copy of the index up to some octet of the
 * ledger, so that a run with nothing to do reads no history.  It is made anew
 * from the ledger whenever it is missing, damaged or of another file.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_p.h"

enum { TAIL = 9 }; /* a line's sum and its end */

static char *
path_of(const struct ledger *l, const char *end)
{
	return mem_printf(
	    "%.*sstate%s", (int)(strlen(l->path) - 3), l->path, end);
}

/* The last sum before octet `at` of the ledger: "" if there is none. */
static void
sum_at(const struct ledger *l, uint64_t at, char sum[TAIL])
{
	sum[0] = '\0';
	if (at < TAIL || pread(l->fd, sum, TAIL, (off_t)(at - TAIL)) != TAIL ||
	    sum[TAIL - 1] != '\n')
		sum[0] = '\0';
	sum[TAIL - 1] = '\0';
}

/* ---- reading ---- */

static void
add_extents(struct ledger *l, const struct line *r)
{
	const char *p = r->field[COL_WHY];
	uint64_t from, to;
	int n;

	while (sscanf(p, "%" SCNu64 "-%" SCNu64 "%n", &from, &to, &n) == 2) {
		ledger_index_extent(l, r->field[COL_FOLDER],
		    r->field[COL_DST_FOLDER], from, to);
		p += n + (p[n] == ',');
	}
}

static int
take_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	const char *op = r->field[COL_OP], *size = r->field[COL_SIZE];
	uint64_t *end = arg;

	(void)at;
	(void)len;
	if (strcmp(op, "lines") == 0)
		add_extents(l, r);
	else if (strcmp(op, "set") == 0)
		ledger_index_set(l, r->field[COL_FOLDER], r->field[COL_WHY]);
	else if (strcmp(op, "end") != 0 || !text_u64(size, strlen(size), end))
		*end = 0;
	else
		l->state_sum = mem_strdup(r->field[COL_CODE]);
	return 0;
}

static int
is_of_ledger(const struct ledger *l, const struct ledger *s, uint64_t end)
{
	char sum[TAIL];

	sum_at(l, end, sum);
	return end > 0 && end <= l->end && s->state_sum != NULL &&
	    sum[0] != '\0' && strcmp(sum, s->state_sum) == 0;
}

void
state_load(struct ledger *l)
{
	struct ledger s = {.path = path_of(l, ""),
	    .header = l->header,
	    .arena = l->arena,
	    .words = intern_new(),
	    .names = intern_new()};
	uint64_t end = 0;
	struct fail ignored = {0};
	off_t size;

	s.fd = open(s.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (s.fd != -1 && (size = lseek(s.fd, 0, SEEK_END)) > 0 &&
	    lines_read(&s, 0, (uint64_t)size, take_line, &end, &ignored) == 0 &&
	    is_of_ledger(l, &s, end)) {
		ledger_index_free(l);
		l->chapter = s.chapter;
		l->chapters = s.chapters;
		l->setting = s.setting;
		l->settings = s.settings;
		l->names = s.names;
		l->words = s.words;
		l->state_end = end;
	} else
		ledger_index_free(&s);
	if (s.fd != -1)
		(void)close(s.fd);
	free(s.state_sum);
	free(s.path);
}

/* ---- writing ---- */

static void
add_chapter(struct ledger *l, struct buf *b, const struct chapter *c)
{
	struct row *r = row_new(l->arena, l->header);
	struct buf lines = {0};
	size_t i;

	for (i = 0; i < c->n; i++)
		buf_addf(&lines, "%s%" PRIu64 "-%" PRIu64, i > 0 ? "," : "",
		    c->extent[i].from, c->extent[i].to);
	row_set(r, "op", "lines");
	row_set(r, "folder", c->folder);
	row_set(r, "dst_folder", c->dst_folder);
	row_set(r, "why", lines.data);
	line_format(b, r);
	buf_free(&lines);
	arena_reset(l->arena);
}

static void
format(struct ledger *l, struct buf *b)
{
	struct row *r;
	char sum[TAIL];
	uint32_t i;

	for (i = 0; i < l->settings; i++) {
		r = row_new(l->arena, l->header);
		row_set(r, "op", "set");
		row_set(r, "folder", intern_at(l->names, i));
		row_set(r, "why", l->setting[i]);
		line_format(b, r);
		arena_reset(l->arena);
	}
	for (i = 0; i < l->chapters; i++)
		add_chapter(l, b, &l->chapter[i]);
	sum_at(l, l->end, sum);
	r = row_new(l->arena, l->header);
	row_set(r, "op", "end");
	row_setf(r, "size", "%" PRIu64, l->end);
	row_set(r, "code", sum);
	line_format(b, r);
	arena_reset(l->arena);
}

/* What cannot be written is no loss: the ledger is read instead. */
void
state_save(struct ledger *l)
{
	struct buf b = {0};
	char *path, *new;
	size_t at = 0;
	ssize_t n = 1;
	int fd;

	if (l->end == l->state_end)
		return;
	path = path_of(l, "");
	new = path_of(l, ".new");
	(void)unlink(new);
	fd = open(
	    new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1) {
		format(l, &b);
		while (n > 0 && at < b.len) {
			n = write(fd, b.data + at, b.len - at);
			at += n > 0 ? (size_t)n : 0;
		}
		if (close(fd) == -1 || at < b.len || rename(new, path) == -1)
			(void)unlink(new);
	}
	buf_free(&b);
	free(path);
	free(new);
}
