/*
 * sample.c: which messages are looked at.  The choice hangs on nothing but
 * the seed, the folder and what the header says of the message, so that both
 * sides come to the same one.
 */
#include <string.h>

#include "verify/verify_p.h"

enum { HEAD_MAX = 256 * 1024 };

/* Length of the header, its blank line left out; 0 if it has no end yet. */
static size_t
head_end(const struct buf *head, size_t from)
{
	const char *p = head->data, *blank;
	size_t n = head->len;

	if (n >= 2 && memcmp(p, "\r\n", 2) == 0)
		return 2;
	from = from > 3 ? from - 3 : 0;
	blank = memmem(p + from, n - from, "\r\n\r\n", 4);
	return blank != NULL ? (size_t)(blank - p) + 2 : 0;
}

static int
is_in(const struct verify *v, const char *head, size_t n)
{
	struct buf text = {0};
	uint8_t sum[32];
	uint64_t draw = 0;
	int64_t date;
	int i;

	buf_addf(&text, "%s\n%s\n", v->o->seed, v->sample_of);
	header_weak(&text, head, n, &date);
	msg_sha256(sum, text.data, text.len);
	buf_free(&text);
	for (i = 0; i < 4; i++)
		draw = draw << 8 | sum[i];
	return (double)draw < v->o->sample / 100 * 4294967296.0;
}

int
sample_head(
    const struct verify *v, struct buf *head, const char *p, size_t n, int last)
{
	size_t before = head->len, end;

	buf_add(head, p, n);
	end = head_end(head, before);
	if (end == 0 && !last && head->len < HEAD_MAX)
		return -1;
	if (end == 0)
		end = head->len < HEAD_MAX ? head->len : HEAD_MAX;
	return is_in(v, head->data, end);
}
