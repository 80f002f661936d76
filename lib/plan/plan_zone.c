/* plan_zone.c: the time zone of windows and blackout days. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "plan/plan_p.h"

static int
is_offset(const char *s)
{
	int hours, minutes, n = 0;

	return (*s == '+' || *s == '-') &&
	    sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &n) == 2 && n == 5 &&
	    s[1 + n] == '\0' && hours <= 14 && minutes < 60;
}

/*
 * A name that the system has, or POSIX rules: glibc takes what it does not
 * know for UTC, without a word.
 */
static int
is_known(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t name = strspn(s, letters);
	const char *hours = s + name + strspn(s + name, "+-");
	char *path;
	int rc;

	if (strcmp(s, "UTC") == 0)
		return 1;
	if (name >= 3 && *hours >= '0' && *hours <= '9')
		return 1;
	if (*s == '\0' || *s == '/' || strstr(s, "..") != NULL)
		return 0;
	path = mem_printf("/usr/share/zoneinfo/%s", s);
	rc = access(path, R_OK) == 0;
	free(path);
	return rc;
}

int
plan_zone(const char *zone, struct fail *f)
{
	char *posix;

	if (!is_offset(zone) && !is_known(zone))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--tz '%s' is not known: UTC, +01:00, Europe/Berlin or "
		    "CET-1CEST,M3.5.0,M10.5.0/3",
		    zone);
	/* POSIX counts to the west. */
	if (is_offset(zone))
		posix =
		    mem_printf("LOC%c%s", *zone == '+' ? '-' : '+', zone + 1);
	else
		posix = mem_strdup(zone);
	(void)setenv("TZ", posix, 1);
	tzset();
	free(posix);
	return 0;
}
