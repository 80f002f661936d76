/* crlf.c: line ends: LF on the disk, CRLF as IMAP serves them. */
#include <string.h>

#include "base/base.h"
#include "store/files_p.h"

uint64_t
crlf_count(char *last, const char *p, size_t n)
{
	const char *end = p + n, *at = p, *lf;
	uint64_t bare = 0;

	while (
	    at < end && (lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		bare += (lf == p ? *last : lf[-1]) != '\r';
		at = lf + 1;
	}
	if (n > 0)
		*last = end[-1];
	return n + bare;
}

void
crlf_add(struct buf *b, char *last, const char *p, size_t n)
{
	const char *end = p + n, *lf;

	while (p < end && (lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (lf > p)
			*last = lf[-1];
		buf_add(b, p, (size_t)(lf - p));
		if (*last == '\r')
			buf_addc(b, '\n');
		else
			buf_add(b, "\r\n", 2);
		*last = '\n';
		p = lf + 1;
	}
	if (p < end) {
		buf_add(b, p, (size_t)(end - p));
		*last = end[-1];
	}
}

/* What was seen last: nothing of note, a CR held back, CRs passed on. */
enum { PLAIN, HELD, PASSED };

void
crlf_drop(struct buf *b, int *state, const char *p, size_t n)
{
	const char *end = p + n, *cr;

	for (; p < end; p++) {
		if (*state == HELD) {
			*state = PLAIN;
			if (*p == '\n') {
				buf_addc(b, '\n');
				continue;
			}
			buf_addc(b, '\r');
			if (*p == '\r')
				*state = PASSED;
		}
		if (*state == PASSED) {
			buf_addc(b, *p);
			if (*p != '\r')
				*state = PLAIN;
			continue;
		}
		cr = memchr(p, '\r', (size_t)(end - p));
		buf_add(b, p, (size_t)((cr != NULL ? cr : end) - p));
		if (cr == NULL)
			return;
		*state = HELD;
		p = cr;
	}
}

void
crlf_drop_end(struct buf *b, int *state)
{
	if (*state == HELD)
		buf_addc(b, '\r');
	*state = PLAIN;
}
