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

const char ledger_head[] =
    "op\tat\tfolder\tuidvalidity\tuid\tdst_folder\tdst_uidvalidity\tdst_uid\t"
    "size\tdate\tflags\tdigest\tcode\twhy\tsum\n";

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

/* In place: 0 if there is a stray backslash. */
static int
unescape(char *s)
{
	static const char letter[] = "tnr\\", octet[] = "\t\n\r\\";
	const char *p;
	char *to = s;

	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			*to++ = *s;
			continue;
		}
		s++;
		if (*s == '\0' || (p = strchr(letter, *s)) == NULL)
			return 0;
		*to++ = octet[p - letter];
	}
	*to = '\0';
	return 1;
}

/*
 * A whole line without its LF, taken apart where it stands: lines are read by
 * the hundred thousand.  0 if it is damaged.
 */
static int
line_split(struct line *r, char *p, size_t n)
{
	char sum[SUM + 1], *end = p + n, *tab;
	int escaped;
	size_t i;

	if (n < SUM + 1 || memchr(p, '\0', n) != NULL)
		return 0;
	(void)snprintf(sum, sizeof(sum), "%08x", sum_of(p, n - SUM));
	if (memcmp(sum, end - SUM, SUM) != 0)
		return 0;
	escaped = memchr(p, '\\', n) != NULL;
	for (i = 0; i < COL_COUNT; i++, p = tab + 1) {
		tab = memchr(p, '\t', (size_t)(end - p));
		if ((tab == NULL) != (i + 1 == COL_COUNT))
			return 0;
		if (tab == NULL)
			tab = end;
		*tab = '\0';
		r->field[i] = p;
		if (escaped && !unescape(p))
			return 0;
	}
	return 1;
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

/* Of ledgers put together by cat each brings its header. */
static int
is_head(const char *p, size_t n)
{
	return n == strlen(ledger_head) - 1 && memcmp(p, ledger_head, n) == 0;
}

/* Reads on at *next into b. */
static int
more(struct ledger *l, struct buf *b, uint64_t *next, uint64_t to,
    struct fail *f)
{
	size_t want = to - *next < CHUNK ? (size_t)(to - *next) : CHUNK;
	ssize_t n;

	do
		n = want ? pread(l->fd, buf_room(b, want), want, (off_t)*next)
			 : 0;
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "ledger", "%s", l->path);
	if (n == 0)
		return damaged(l, *next - b->len, f);
	buf_grown(b, (size_t)n);
	*next += (uint64_t)n;
	return 0;
}

int
lines_read(struct ledger *l, uint64_t from, uint64_t to,
    int (*each)(struct ledger *, const struct line *, uint64_t at, size_t len,
	void *arg),
    void *arg, struct fail *f)
{
	struct buf b = {0};
	uint64_t at = from, next = from; /* of b's first octet; of its end */
	int rc = 0;

	while (rc == 0 && at < to) {
		char *p = b.data, *lf;
		size_t left = b.len;
		struct line r;

		for (; rc == 0 && left > 0 &&
		     (lf = memchr(p, '\n', left)) != NULL;) {
			size_t n = (size_t)(lf - p);

			if (!is_head(p, n))
				rc = line_split(&r, p, n)
				    ? each(l, &r, at, n + 1, arg)
				    : damaged(l, at, f);
			p += n + 1;
			left -= n + 1;
			at += n + 1;
		}
		buf_drop(&b, b.len - left);
		if (rc == 0 && at < to)
			rc = more(l, &b, &next, to, f);
	}
	buf_free(&b);
	return rc;
}
