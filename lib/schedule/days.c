/* days.c: the calendar of the zone that tzset(3) knows. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "schedule/schedule_p.h"

enum { WORK_FROM = 9 * 60, WORK_TO = 17 * 60 };

int64_t
day_of(int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;

	(void)localtime_r(&at, &tm);
	return clock_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* 1970-01-01 was a Thursday: Monday is 0. */
static int
is_weekend(int64_t day)
{
	return ((day + 3) % 7 + 7) % 7 >= 5;
}

int64_t
day_of_work(int64_t day)
{
	while (is_weekend(day))
		day--;
	return day;
}

static int
minute_of(int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;

	(void)localtime_r(&at, &tm);
	return tm.tm_hour * 60 + tm.tm_min;
}

int64_t
work_end(int64_t start, int minutes)
{
	int64_t day = day_of(start);
	int from = minute_of(start);

	while (from + minutes > WORK_TO) {
		minutes -= WORK_TO - from;
		from = WORK_FROM;
		do
			day++;
		while (is_weekend(day));
	}
	return clock_local(day, from + minutes);
}

const char *
day_text(char out[24], int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm;

	(void)localtime_r(&at, &tm);
	(void)strftime(out, 24, "%Y-%m-%d %H:%M", &tm);
	return out;
}
