/* stop.c: INT and TERM, seen by everything that waits. */
#include <signal.h>
#include <stdatomic.h>

#include "base/base.h"

enum { GRACE_MS = 3000 };

static volatile sig_atomic_t asked;
static _Atomic int64_t deadline = INT64_MAX;

void
stop_request(int sig)
{
	if (asked == 0)
		atomic_store(&deadline, clock_ms() + GRACE_MS);
	asked = sig;
}

int
stop_signal(void)
{
	return asked;
}

int64_t
stop_deadline(void)
{
	return atomic_load(&deadline);
}
