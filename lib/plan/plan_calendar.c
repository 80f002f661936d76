/*
 * plan_calendar.c: when a job may run: windows of the day less blackout days,
 * in the zone that tzset(3) knows.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plan/plan_p.h"

enum { HORIZON = 800, DAY = 86400, SPECS = 32 };

struct span {
	int64_t from, to;
};
struct calendar {
	const char *window, *blackout; /* interned */
	struct span *open; /* NULL: always */
	size_t n;
	int64_t longest;
};

/* ---- reading what people write ---- */

static int
weekday(const char *s)
{
	static const char names[][4] = {
	    "sun", "mon", "tue", "wed", "thu", "fri", "sat"};
	int i;

	for (i = 0; i < 7; i++)
		if (text_ncasecmp(s, names[i], 3) == 0)
			return i;
	return -1;
}

/* Mon or Mon-Fri at *s, a bit each; 0: none is there. */
static unsigned int
days_read(const char **s)
{
	int from = weekday(*s), to = from;
	unsigned int bits = 0;

	if (from == -1)
		return 0;
	*s += 3;
	if (**s == '-' && (to = weekday(*s + 1)) != -1)
		*s += 4;
	if (to == -1)
		to = from;
	for (;; from = (from + 1) % 7) {
		bits |= 1u << from;
		if (from == to)
			return bits;
	}
}

static int
minutes_read(const char **s, int *minutes)
{
	const char *p = *s;
	int i, n;

	for (i = 0; i < 5; i++)
		if (i == 2 ? p[i] != ':' : p[i] < '0' || p[i] > '9')
			return 0;
	n = ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] -
	    '0';
	if (p[3] > '5' || n > 24 * 60)
		return 0;
	*minutes = n;
	*s += 5;
	return 1;
}

struct spec {
	unsigned int days; /* bits, Sunday is 1 */
	int from, to; /* minutes; to <= from: of the next day */
};

/* [DAYS ]HH:MM-HH:MM, ...; how many, 0: wrong. */
static size_t
window_read(const char *s, struct spec spec[SPECS])
{
	size_t n = 0;

	for (;;) {
		unsigned int days = days_read(&s);

		if (n == SPECS || (days != 0 && *s++ != ' '))
			return 0;
		spec[n].days = days != 0 ? days : 127;
		if (!minutes_read(&s, &spec[n].from) || *s++ != '-' ||
		    !minutes_read(&s, &spec[n].to))
			return 0;
		n++;
		if (*s == '\0')
			return n;
		if (*s++ != ',')
			return 0;
		s += *s == ' ';
	}
}

static int
day_read(const char **s, int64_t *day)
{
	char date[11];
	int64_t t;

	if (strlen(*s) < 10)
		return 0;
	memcpy(date, *s, 10);
	date[10] = '\0';
	if (!clock_parse(date, &t))
		return 0;
	*day = t / DAY;
	*s += 10;
	return 1;
}

/* 1970 began on a Thursday. */
static unsigned int
bit_of(int64_t day)
{
	return 1u << ((day % 7 + 11) % 7);
}

/* Whether the day (since 1970, local) is in the list; -1: a wrong list. */
static int
is_black(const char *s, int64_t day)
{
	int found = 0;
	int64_t from, to;

	while (*s != '\0') {
		unsigned int days = days_read(&s);

		if (days != 0)
			found |= (days & bit_of(day)) != 0;
		else if (!day_read(&s, &from))
			return -1;
		else {
			to = from;
			if (*s == '/') {
				s++;
				if (!day_read(&s, &to))
					return -1;
			}
			found |= day >= from && day <= to;
		}
		if (*s == '\0')
			return found;
		if (*s++ != ',')
			return -1;
		s += *s == ' ';
		if (*s == '\0')
			return -1;
	}
	return found;
}

int
calendar_check(const char *window, const char *blackout, struct fail *f)
{
	struct spec spec[SPECS];

	if (*window != '\0' && window_read(window, spec) == 0)
		return fail_set(f, CODE_CONFIG, REACH_MESSAGE, AGAIN_NEVER,
		    "window", "'%s' is not like 22:00-06:00 or Sat 08:00-24:00",
		    window);
	if (is_black(blackout, 0) == -1)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
		    "blackout",
		    "'%s' is no list of Sat, 2026-12-24 or "
		    "2026-12-24/2027-01-02",
		    blackout);
	return 0;
}

/* ---- from words to spans ---- */

static int64_t
local_day(int64_t t)
{
	time_t at = (time_t)t;
	struct tm tm = {0};

	(void)localtime_r(&at, &tm);
	return clock_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

/* Spans come with rising ends; what touches the one before is one with it. */
static void
add(struct calendar *c, int64_t from, int64_t to)
{
	if (from >= to)
		return;
	if (c->n > 0 && from <= c->open[c->n - 1].to) {
		if (to > c->open[c->n - 1].to)
			c->open[c->n - 1].to = to;
		return;
	}
	c->open = grow(c->open, c->n, sizeof(*c->open));
	c->open[c->n++] = (struct span){from, to};
}

static int
by_from(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* What of a span falls on one day, which may be black. */
static void
add_day(struct calendar *c, const struct span *s, size_t n, int64_t day)
{
	int64_t from = clock_local(day, 0), to = clock_local(day + 1, 0);
	size_t i;

	if (is_black(c->blackout, day) == 1)
		return;
	for (i = 0; i < n; i++)
		add(c, s[i].from > from ? s[i].from : from,
		    s[i].to < to ? s[i].to : to);
}

static void
build(struct calendar *c, int64_t t0)
{
	struct spec spec[SPECS] = {{127, 0, 24 * 60}};
	size_t n = 1, i, k;
	int64_t first = local_day(t0) - 1, day;
	struct span span[2 * SPECS];

	if (*c->window != '\0')
		n = window_read(c->window, spec);
	for (day = first; day < first + HORIZON; day++) {
		for (k = 0, i = 0; i < 2 * n; i++) {
			const struct spec *s = &spec[i / 2];
			int64_t d = day - 1 + (int64_t)(i % 2);

			if ((s->days & bit_of(d)) == 0)
				continue;
			span[k].from = clock_local(d, s->from);
			span[k++].to =
			    clock_local(d + (s->to <= s->from), s->to);
		}
		qsort(span, k, sizeof(*span), by_from);
		add_day(c, span, k, day);
	}
	for (i = 0; i < c->n; i++)
		if (c->open[i].to - c->open[i].from > c->longest)
			c->longest = c->open[i].to - c->open[i].from;
}

uint32_t
calendar_of(struct plan *p, const char *window, const char *blackout)
{
	struct calendar *c;
	uint32_t i;

	for (i = 0; i < p->ncalendar; i++)
		if (strcmp(p->calendar[i]->window, window) == 0 &&
		    strcmp(p->calendar[i]->blackout, blackout) == 0)
			return i;
	c = mem_alloc(sizeof(*c));
	c->window = arena_strdup(p->arena, window);
	c->blackout = arena_strdup(p->arena, blackout);
	if (*window == '\0' && *blackout == '\0')
		c->longest = INT64_MAX;
	else
		build(c, p->t0);
	p->calendar =
	    grow(p->calendar, p->ncalendar, sizeof(struct calendar *));
	p->calendar[p->ncalendar] = c;
	return p->ncalendar++;
}

void
calendar_free(struct calendar *c)
{
	free(c->open);
	free(c);
}

int64_t
calendar_longest(const struct calendar *c)
{
	return c->longest;
}

const char *
calendar_window(const struct calendar *c)
{
	return c->window;
}

int64_t
calendar_fit(const struct calendar *c, int64_t t, int64_t seconds)
{
	size_t low = 0, high = c->n;

	if (c->longest == INT64_MAX)
		return t;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c->open[mid].to <= t)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->n; low++) {
		int64_t from = c->open[low].from > t ? c->open[low].from : t;

		if (c->open[low].to - from >= seconds)
			return from;
	}
	return CLOCK_NONE;
}
