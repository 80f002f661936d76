/*
 * copy_pace.c: a job's own limit, the column rate_Bps: a bucket that holds
 * what a quarter of a second gives, so that no pause is made good by a rush.
 */
#include <poll.h>
#include <string.h>

#include "copy/copy_p.h"

enum { BUCKET_MS = 250, NAP_MS = 100 };
#define RATE_MOST (UINT64_C(1) << 40)

int
pace_begin(struct copy *c, struct fail *f)
{
	const char *s = row_get(c->job, "rate_Bps");

	memset(&c->pace, 0, sizeof(c->pace));
	if (*s == '\0')
		return 0;
	if (!text_u64(s, strlen(s), &c->pace.rate) || c->pace.rate == 0)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "rate_Bps", "'%s' is no number of octets a second", s);
	if (c->pace.rate > RATE_MOST)
		c->pace.rate = RATE_MOST;
	c->pace.full = clock_ms();
	return 0;
}

/* full is the moment at which the bucket is full again. */
void
pace(struct copy *c, uint64_t octets)
{
	struct pace *p = &c->pace;
	int64_t now = clock_ms(), wait;

	if (p->rate == 0)
		return;
	if (p->full < now) {
		p->full = now;
		p->rest = 0;
	}
	p->rest += octets * 1000;
	p->full += (int64_t)(p->rest / p->rate);
	p->rest %= p->rate;
	while (
	    stop_signal() == 0 && (wait = p->full - BUCKET_MS - clock_ms()) > 0)
		(void)poll(NULL, 0, wait < NAP_MS ? (int)wait : NAP_MS);
}
