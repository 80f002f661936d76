/* dates.c: IMAP date-times, header dates and mbox dates. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {
    "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"}; /* from 1970 */

struct parts {
	int64_t year;
	int month, day, hour, minute, second, zone; /* zone in seconds */
};

static int
month_of(const char *s, size_t n)
{
	int i;

	for (i = 0; i < 12; i++)
		if (n >= 3 && text_ncasecmp(s, months[i], 3) == 0)
			return i + 1;
	return 0;
}

static int
month_length(int64_t year, int month)
{
	static const int length[] = {
	    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return length[month - 1] + (month == 2 && leap);
}

static int
instant(const struct parts *p, int64_t *t)
{
	if (p->month < 1 || p->month > 12 || p->year < 1 || p->year > 9999 ||
	    p->day < 1 || p->day > month_length(p->year, p->month) ||
	    p->hour > 23 || p->minute > 59 || p->second > 60)
		return 0;
	*t = clock_days(p->year, p->month, p->day) * 86400 +
	    p->hour * INT64_C(3600) + p->minute * INT64_C(60) + p->second -
	    p->zone;
	return 1;
}

/* Exactly digits, within [*s, end). */
static int
number(const char **s, const char *end, int least, int most, int *v)
{
	int n = 0, r = 0;

	while (*s < end && **s >= '0' && **s <= '9' && n < most) {
		r = r * 10 + (*(*s)++ - '0');
		n++;
	}
	*v = r;
	return n >= least;
}

static int
literal(const char **s, const char *end, char c)
{
	if (*s == end || **s != c)
		return 0;
	(*s)++;
	return 1;
}

static int
clock_time(const char **s, const char *end, struct parts *p, int need_seconds)
{
	if (!number(s, end, need_seconds ? 2 : 1, 2, &p->hour) ||
	    !literal(s, end, ':') || !number(s, end, 2, 2, &p->minute))
		return 0;
	p->second = 0;
	if (literal(s, end, ':'))
		return number(s, end, 2, 2, &p->second);
	return !need_seconds;
}

/* +hhmm */
static int
offset(const char **s, const char *end, struct parts *p)
{
	const char *from = *s;
	int sign, v;

	if (*s == end || (**s != '+' && **s != '-'))
		return 0;
	sign = *(*s)++ == '-' ? -1 : 1;
	if (!number(s, end, 4, 4, &v) || v / 100 > 23 || v % 100 > 59) {
		*s = from;
		return 0;
	}
	p->zone = sign * (v / 100 * 3600 + v % 100 * 60);
	return 1;
}

int
date_parse_internal(const char *s, size_t n, int64_t *t)
{
	struct parts p = {0};
	const char *end = s + n;
	int year;

	if (literal(&s, end, ' ') ? !number(&s, end, 1, 1, &p.day)
				  : !number(&s, end, 1, 2, &p.day))
		return 0;
	if (!literal(&s, end, '-') ||
	    (p.month = month_of(s, (size_t)(end - s))) == 0)
		return 0;
	s += 3;
	if (!literal(&s, end, '-') || !number(&s, end, 4, 4, &year) ||
	    !literal(&s, end, ' ') || !clock_time(&s, end, &p, 1) ||
	    !literal(&s, end, ' ') || !offset(&s, end, &p) || s != end)
		return 0;
	p.year = year;
	return instant(&p, t);
}

/* The parts of an instant in UTC, kept within the years 1 to 9999. */
static void
parts_of(struct parts *p, int64_t t, int64_t *day)
{
	const int64_t first = clock_days(1, 1, 1),
		      end = clock_days(10000, 1, 1);
	int s = (int)(t % 86400);
	int64_t d = t / 86400 - (s < 0);

	if (s < 0)
		s += 86400;
	d = d < first ? first : d >= end ? end - 1 : d;
	clock_civil(d, &p->year, &p->month, &p->day);
	p->hour = s / 3600;
	p->minute = s / 60 % 60;
	p->second = s % 60;
	*day = d;
}

void
date_format_internal(char out[32], int64_t t)
{
	struct parts p;
	int64_t day;

	parts_of(&p, t, &day);
	(void)snprintf(out, 32, "%02d-%s-%04d %02d:%02d:%02d +0000", p.day,
	    months[p.month - 1], (int)p.year, p.hour, p.minute, p.second);
}

/* ---- header dates ---- */

/* Blanks and comments, which nest and quote by \\ (RFC 5322 3.2.2 CFWS). */
static void
skip_blank(const char **s, const char *end)
{
	int depth = 0;

	for (; *s < end; (*s)++) {
		char c = **s;

		if (c == '(')
			depth++;
		else if (c == ')' && depth > 0)
			depth--;
		else if (c == '\\' && depth > 0 && *s + 1 < end)
			(*s)++;
		else if (depth == 0 && c != ' ' && c != '\t' && c != '\r' &&
		    c != '\n')
			break;
	}
}

/* Letters; how many. */
static size_t
skip_word(const char **s, const char *end)
{
	const char *from = *s;

	while (*s < end &&
	    ((**s >= 'A' && **s <= 'Z') || (**s >= 'a' && **s <= 'z')))
		(*s)++;
	return (size_t)(*s - from);
}

static int
month_name(const char **s, const char *end, struct parts *p)
{
	const char *name = *s;

	p->month = month_of(name, skip_word(s, end));
	return p->month != 0;
}

/* RFC 5322 4.3: what obsolete zone names mean; any other one is UTC. */
static void
zone_name(const char **s, const char *end, struct parts *p)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5},
	    {"MST", -7}, {"MDT", -6}, {"PST", -8}, {"PDT", -7}};
	const char *name = *s;
	size_t i, n = skip_word(s, end);

	for (i = 0; i < LENGTH(zones); i++)
		if (n == 3 && text_ncasecmp(zones[i].name, name, 3) == 0)
			p->zone = zones[i].hours * 3600;
}

/* RFC 5322 4.3: two digits are 1950 to 2049, three count from 1900. */
static int
full_year(int year, ptrdiff_t digits)
{
	if (digits == 2)
		return year < 50 ? year + 2000 : year + 1900;
	return digits == 3 ? year + 1900 : year;
}

/* 6 Jan 2022 or, RFC 850, 06-Jan-22, with blanks wherever they may be. */
static int
day_month_year(const char **s, const char *end, struct parts *p)
{
	const char *from;
	int year;

	if (!number(s, end, 1, 2, &p->day))
		return 0;
	skip_blank(s, end);
	if (literal(s, end, '-'))
		skip_blank(s, end);
	if (!month_name(s, end, p))
		return 0;
	skip_blank(s, end);
	if (literal(s, end, '-'))
		skip_blank(s, end);
	from = *s;
	if (!number(s, end, 2, 4, &year))
		return 0;
	p->year = full_year(year, *s - from);
	return *s == end || **s < '0' || **s > '9';
}

int
date_parse_header(const char *s, size_t n, int64_t *t)
{
	struct parts p = {0};
	const char *all = s, *end = s + n;

	skip_blank(&s, end);
	if (skip_word(&s, end) > 0) { /* the day's name is not looked at */
		skip_blank(&s, end);
		(void)literal(&s, end, '.');
		(void)literal(&s, end, ',');
		skip_blank(&s, end);
	}
	if (s < end && (*s < '0' || *s > '9'))
		return date_parse_asctime(all, n, t);
	if (!day_month_year(&s, end, &p))
		return 0;
	skip_blank(&s, end);
	if (!clock_time(&s, end, &p, 0))
		return 0;
	skip_blank(&s, end);
	if (!offset(&s, end, &p))
		zone_name(&s, end, &p);
	return instant(&p, t);
}

/* ---- mbox: Wed Jun 30 21:49:08 1993, perhaps with a zone ---- */

int
date_parse_asctime(const char *s, size_t n, int64_t *t)
{
	struct parts p = {0};
	const char *end = s + n;
	int year;

	skip_blank(&s, end);
	if (skip_word(&s, end) != 3)
		return 0;
	(void)literal(&s, end, ',');
	skip_blank(&s, end);
	if (!month_name(&s, end, &p))
		return 0;
	skip_blank(&s, end);
	if (!number(&s, end, 1, 2, &p.day))
		return 0;
	skip_blank(&s, end);
	if (!clock_time(&s, end, &p, 0))
		return 0;
	skip_blank(&s, end);
	if (!offset(&s, end, &p))
		zone_name(&s, end, &p);
	skip_blank(&s, end);
	if (!number(&s, end, 4, 4, &year) ||
	    (s < end && *s >= '0' && *s <= '9'))
		return 0;
	skip_blank(&s, end);
	if (!offset(&s, end, &p))
		zone_name(&s, end, &p);
	p.year = year;
	return instant(&p, t);
}

void
date_format_asctime(char out[32], int64_t t)
{
	struct parts p;
	int64_t day;

	parts_of(&p, t, &day);
	(void)snprintf(out, 32, "%s %s %2d %02d:%02d:%02d %04d",
	    days[(day % 7 + 7) % 7], months[p.month - 1], p.day, p.hour,
	    p.minute, p.second, (int)p.year);
}
