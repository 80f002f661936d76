/* ledger_digests.c: what an account's ledgers say is done, by content. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_p.h"

struct sums {
	uint8_t (*sum)[16];
	size_t n, room;
};

static int
sum_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	struct sums *s = arg;

	(void)l;
	(void)at;
	(void)len;
	if (strcmp(r->field[COL_OP], "done") != 0 ||
	    strlen(r->field[COL_DIGEST]) != 64)
		return 0;
	if (s->n == s->room) {
		s->room = s->room ? s->room * 3 / 2 : 64;
		s->sum = mem_resize(s->sum, s->room, sizeof(*s->sum));
	}
	s->n += (size_t)text_unhex(s->sum[s->n], 16, r->field[COL_DIGEST]);
	return 0;
}

static int
by_sum(const void *a, const void *b)
{
	return memcmp(a, b, 16);
}

static int
add_ledger(struct ledger *l, struct sums *s, struct fail *f)
{
	size_t i;

	if (ledger_write_out(l, f) == -1)
		return -1;
	for (i = 0; i < l->chapters; i++)
		if (chapter_read(l, &l->chapter[i], sum_line, s, f) == -1)
			return -1;
	return 0;
}

static int
is_of_account(const struct ledger *a, const struct ledger *b)
{
	static const char *const ends[] = {"source", "target"};
	size_t i;

	for (i = 0; i < LENGTH(ends); i++) {
		const char *x = ledger_get(a, ends[i]);
		const char *y = ledger_get(b, ends[i]);

		if (x == NULL || y == NULL || strcmp(x, y) != 0)
			return 0;
	}
	return 1;
}

/* NAME.tsv, unless it is the ledger in hand. */
static int
add_sibling(struct ledger *l, const char *dir, const char *name, struct sums *s,
    struct fail *f)
{
	size_t n = strlen(name);
	struct ledger *other;
	char *key;
	int torn, rc;

	if (n <= 4 || strcmp(name + n - 4, ".tsv") != 0 ||
	    strcmp(strrchr(l->path, '/') + 1, name) == 0)
		return 0;
	key = mem_strndup(name, n - 4);
	rc = ledger_open(&other, dir, key, 0, &torn, f);
	free(key);
	if (rc == 0 && is_of_account(l, other))
		rc = add_ledger(other, s, f);
	(void)ledger_close(other, NULL);
	return rc;
}

static int
add_siblings(struct ledger *l, struct sums *s, struct fail *f)
{
	char *dir =
	    mem_strndup(l->path, (size_t)(strrchr(l->path, '/') - l->path));
	DIR *d = opendir(*dir != '\0' ? dir : "/");
	struct dirent *e;
	int rc = 0;

	if (d == NULL && errno != ENOENT) {
		rc = fail_errno(f, CODE_IO, REACH_RUN, "ledger", "%s", dir);
		(void)fail_at(f, "%s", l->path);
	}
	while (rc == 0 && d != NULL && (e = readdir(d)) != NULL)
		rc = add_sibling(l, dir, e->d_name, s, f);
	if (d != NULL)
		(void)closedir(d);
	free(dir);
	return rc;
}

int
ledger_digests(
    struct ledger *l, uint8_t (**sums)[16], size_t *n, struct fail *f)
{
	struct sums s = {0};

	*sums = NULL;
	*n = 0;
	if (add_ledger(l, &s, f) == -1 || add_siblings(l, &s, f) == -1) {
		free(s.sum);
		return -1;
	}
	if (s.n > 0)
		qsort(s.sum, s.n, sizeof(*s.sum), by_sum);
	*sums = s.sum;
	*n = s.n;
	return 0;
}
