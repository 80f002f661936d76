/*
 * ledger_lines.c: lines of the file.  Each ends in a sum of its own, so that
 * a torn or damaged line shows, and ledgers can still be put together by cat.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger_p.h"

enum { CHUNK = 1 << 16, SUM = 8 };

static uint32_t
sum_of(const char *p, size_t n)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a */

	while (n-- > 0)
		h = (h ^ (unsigned char)*p++) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

void
line_format(struct buf *b, const struct row *r)
{
	size_t from = b->len;

	row_format(b, r); /* the sum is the last column, still empty */
	buf_addf(b, "%08x\n", sum_of(b->data + from, b->len - from));
}

struct row *
line_parse(struct ledger *l, const char *p, size_t n)
{
	struct row *r;
	char sum[SUM + 1];

	if (n < SUM + 1)
		return NULL;
	(void)snprintf(sum, sizeof(sum), "%08x", sum_of(p, n - SUM));
	if (memcmp(sum, p + n - SUM, SUM) != 0)
		return NULL;
	r = row_new(l->arena, l->header);
	return row_parse(r, p, n) ? r : NULL;
}

static int
damaged(struct ledger *l, uint64_t at, struct fail *f)
{
	(void)fail_at(f, "%s", l->path);
	return fail_set(f, CODE_IO, REACH_RUN, AGAIN_NEVER, "ledger",
	    "the line at octet %llu is damaged: move the file away and run "
	    "again, what is at the target will be recognised",
	    (unsigned long long)at);
}

int
lines_read(struct ledger *l, uint64_t from, uint64_t to,
    int (*each)(struct ledger *, const struct row *, uint64_t at, size_t len,
	void *arg),
    void *arg, struct fail *f)
{
	struct buf b = {0};
	uint64_t at = from; /* of b's first octet */
	int rc = 0;

	while (rc == 0 && at < to) {
		char *lf = b.len ? memchr(b.data, '\n', b.len) : NULL;

		if (lf != NULL) {
			size_t n = (size_t)(lf - b.data);
			struct row *r = line_parse(l, b.data, n);

			rc = r == NULL ? damaged(l, at, f)
				       : each(l, r, at, n + 1, arg);
			arena_reset(l->arena);
			buf_drop(&b, n + 1);
			at += n + 1;
		} else {
			uint64_t next = at + b.len;
			size_t want =
			    to - next < CHUNK ? (size_t)(to - next) : CHUNK;
			ssize_t n = want ? pread(l->fd, buf_room(&b, want),
					       want, (off_t)next)
					 : 0;

			if (n == -1 && errno == EINTR)
				continue;
			if (n <= 0) {
				rc = n == 0 ? damaged(l, at, f)
					    : fail_errno(f, CODE_IO, REACH_RUN,
						  "ledger", "%s", l->path);
				break;
			}
			buf_grown(&b, (size_t)n);
		}
	}
	buf_free(&b);
	return rc;
}
