/* imap_part.c: a leave that is waited for, where a server counts
 * connections. */
#include "imap/imap_p.h"

void
imap_part(struct imap *im)
{
	enum { GOODBYE_MS = 2000 };
	int64_t left, until = clock_ms() + GOODBYE_MS;
	struct stream *s = im->w.stream;
	const char *p;
	size_t n;

	if (im->dead || im->append.open != NULL ||
	    stream_write(s, "Z LOGOUT\r\n", 10, NULL) == -1 ||
	    stream_flush(s, NULL) == -1)
		return;
	im->dead = 1;
	while ((left = until - clock_ms()) > 0 &&
	    stream_wait(&s, 1, (int)left, NULL) == 0 &&
	    stream_some(s, &p, &n, IMAP_LINE, NULL) == 1)
		;
}
