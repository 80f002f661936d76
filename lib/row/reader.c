/* reader.c: physical lines, bounded, with push-back for broken records. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "row/row_p.h"

/* The next octets in one piece, from what was pushed back or from the file. */
static int
piece(struct reader *in, const char **p, size_t *n, struct fail *f)
{
	ssize_t got;

	if (in->back_at < in->back.len) {
		*p = in->back.data + in->back_at;
		*n = in->back.len - in->back_at;
		return 1;
	}
	buf_reset(&in->back);
	in->back_at = 0;
	if (in->at == in->end) {
		in->at = 0;
		do
			got =
			    read(fileno(in->fp), in->chunk, sizeof(in->chunk));
		while (got == -1 && errno == EINTR && stop_signal() == 0);
		if (got == -1)
			return fail_errno(
			    f, CODE_IO, REACH_RUN, "read", "input");
		in->end = (size_t)got;
	}
	*p = in->chunk + in->at;
	*n = in->end - in->at;
	return *n > 0;
}

static void
consume(struct reader *in, size_t n)
{
	if (in->back_at < in->back.len)
		in->back_at += n;
	else
		in->at += n;
}

int
reader_next(struct reader *in, struct buf *b, int *over, struct fail *f)
{
	int any = 0, rc;
	const char *p = NULL, *lf;
	size_t n = 0, most = b->len + LIMIT_RECORD;

	while ((rc = piece(in, &p, &n, f)) == 1) {
		if (!any)
			in->line++;
		any = 1;
		if ((lf = memchr(p, '\n', n)) != NULL)
			n = (size_t)(lf - p) + 1;
		if (b->len + n > most)
			*over = 1;
		else
			buf_add(b, p, n);
		consume(in, n);
		if (lf != NULL)
			return 1;
	}
	return rc == -1 ? -1 : any;
}

void
reader_again(struct reader *in, const char *p, size_t n)
{
	struct buf all = {0};
	size_t i;

	for (i = 0; i < n; i++)
		in->line -= p[i] == '\n';
	if (n > 0 && p[n - 1] != '\n')
		in->line--;
	buf_add(&all, p, n);
	if (in->back_at < in->back.len)
		buf_add(&all, in->back.data + in->back_at,
		    in->back.len - in->back_at);
	buf_free(&in->back);
	in->back = all;
	in->back_at = 0;
}

void
reader_free(struct reader *in)
{
	buf_free(&in->back);
}
