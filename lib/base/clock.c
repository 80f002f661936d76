/* clock.c: instants are seconds since 1970 UTC. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/base.h"

enum { DAY = 86400 };

int64_t
clock_now(void)
{
	return (int64_t)time(NULL);
}

int64_t
clock_ms(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Days since 1970-01-01, counting years from March (era of 400 years). */
int64_t
clock_days(int64_t year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

void
clock_civil(int64_t days, int64_t *year, int *month, int *day)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

const char *
clock_format(char out[CLOCK_TEXT], int64_t t)
{
	int64_t days, year, second;
	int month, day;

	out[0] = '\0';
	if (t == CLOCK_NONE)
		return out;
	days = t / DAY - (t % DAY < 0);
	second = t - days * DAY;
	clock_civil(days, &year, &month, &day);
	if (year < 0 || year > 9999)
		return out;
	(void)snprintf(out, CLOCK_TEXT,
	    "%04" PRId64 "-%02d-%02dT%02d:%02d:%02dZ", year, month, day,
	    (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
	return out;
}

/* Two digits and what follows them, -1 if they are none. */
static int
two(const char *s, const char *follows)
{
	if (s[0] < '0' || s[0] > '9' || s[1] < '0' || s[1] > '9' ||
	    (follows != NULL &&
		(s[2] == '\0' || strchr(follows, s[2]) == NULL)))
		return -1;
	return (s[0] - '0') * 10 + s[1] - '0';
}

static int
zone(const char *s, int *offset)
{
	int h, m;

	if (strcmp(s, "Z") == 0 || strcmp(s, "z") == 0) {
		*offset = 0;
		return 1;
	}
	if ((*s != '+' && *s != '-') || (h = two(s + 1, ":")) == -1 ||
	    (m = two(s + 4, NULL)) == -1 || s[6] != '\0' || h > 23 || m > 59)
		return 0;
	*offset = (*s == '-' ? -1 : 1) * (h * 3600 + m * 60);
	return 1;
}

/* The T and what follows it. */
static int
time_of_day(const char *s, int64_t *t)
{
	int h, m, second, offset;

	if ((*s != 'T' && *s != 't') || (h = two(s + 1, ":")) == -1 ||
	    (m = two(s + 4, ":")) == -1 || (second = two(s + 7, NULL)) == -1 ||
	    h > 23 || m > 59 || second > 60)
		return 0;
	s += 9;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	if (!zone(s, &offset))
		return 0;
	*t = h * INT64_C(3600) + m * INT64_C(60) + second - offset;
	return 1;
}

int
clock_parse(const char *s, int64_t *t)
{
	int century, y, mo, d, month, day;
	int64_t days, year, rest = 0;

	if ((century = two(s, NULL)) == -1 || (y = two(s + 2, "-")) == -1 ||
	    (mo = two(s + 5, "-")) == -1 || (d = two(s + 8, NULL)) == -1 ||
	    mo < 1 || mo > 12 || d < 1 || d > 31 ||
	    (s[10] != '\0' && !time_of_day(s + 10, &rest)))
		return 0;
	days = clock_days(100 * century + y, mo, d);
	clock_civil(days, &year, &month, &day);
	if (day != d) /* 30 February */
		return 0;
	*t = days * DAY + rest;
	return 1;
}

int64_t
clock_local(int64_t day, int minutes)
{
	struct tm tm = {.tm_isdst = -1};
	int64_t year;
	int month, mday;

	clock_civil(day, &year, &month, &mday);
	tm.tm_year = (int)(year - 1900);
	tm.tm_mon = month - 1;
	tm.tm_mday = mday;
	tm.tm_min = minutes;
	return (int64_t)mktime(&tm);
}
