/* until.c: --until: an end of the night. */
#include <stdio.h>
#include <string.h>

#include "cli/cli_p.h"

enum { DAY_S = 86400 };

static int64_t until = CLOCK_NONE;

/* HH:MM in UTC: the next such time. */
static int
next_time(const char *s, int64_t *t)
{
	int hour, minute, n = 0;
	int64_t now = clock_now();

	if (sscanf(s, "%2d:%2d%n", &hour, &minute, &n) != 2 || n != 5 ||
	    strspn(s, "0123456789:") != 5 || s[5] != '\0' || hour > 23 ||
	    minute > 59)
		return 0;
	*t = now - now % DAY_S + hour * INT64_C(3600) + minute * INT64_C(60);
	if (*t <= now)
		*t += DAY_S;
	return 1;
}

int
cli_set_until(const char *value, struct fail *f)
{
	if (next_time(value, &until) || clock_parse(value, &until))
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--until wants a time like 2026-11-23T06:00:00Z, or 06:00 (UTC), "
	    "not '%s'",
	    value);
}

int64_t
cli_until(void)
{
	return until;
}

int
is_late(struct fail *f)
{
	if (until == CLOCK_NONE || clock_now() < until)
		return 0;
	(void)fail_set(f, CODE_POLICY, REACH_ENDPOINT, AGAIN_LATER, "",
	    "not begun, the time of --until had come: run it again");
	return 1;
}
