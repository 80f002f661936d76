/* Unit tests of plan: hours, budgets and batches that are known by hand. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "plan/plan.h"
#include "plan/plan_p.h"
#include "row/row.h"
#include "tap.h"

static struct plan *
plan_of(struct plan_opt *o)
{
	struct fail f = {0};
	struct plan *p;

	if (o->workers == 0)
		o->workers = 1;
	ck_assert_msg(plan_new(&p, o, &f) == 0, "%s: %s", f.what, f.why);
	return p;
}

static int64_t
at(const char *text)
{
	int64_t t;

	ck_assert_int_eq(clock_parse(text, &t), 1);
	return t;
}

/* The first start from `from` on for so many hours, and the longest opening. */
static void
fits(const char *zone, const char *window, const char *blackout,
    const char *from, int hours, const char *want, int longest)
{
	struct plan_opt o = {.start = at("2027-03-20")};
	struct plan *p;
	const struct calendar *c;
	char got[CLOCK_TEXT];
	uint32_t n;

	ck_assert_int_eq(plan_zone(zone, NULL), 0);
	p = plan_of(&o);
	n = calendar_of(p, window, blackout);
	c = p->calendar[n];
	(void)clock_format(got, calendar_fit(c, at(from), hours * 3600));
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(calendar_longest(c), longest * 3600);
	plan_free(p);
}

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

START_TEST(hours)
{
	fits("UTC", "22:00-06:00", "", "2027-03-21T12:00:00Z", 8,
	    "2027-03-21T22:00:00Z", 8);
	fits("UTC", "22:00-06:00", "", "2027-03-21T23:00:00Z", 8,
	    "2027-03-22T22:00:00Z", 8);
	fits("+05:30", "22:00-06:00", "", "2027-03-21T12:00:00Z", 1,
	    "2027-03-21T16:30:00Z", 8);
	/* The night of the 27th has seven hours, that of 30 October nine. */
	fits(BERLIN, "22:00-06:00", "", "2027-03-27T12:00:00Z", 8,
	    "2027-03-28T20:00:00Z", 9);
	fits(BERLIN, "22:00-06:00", "", "2027-03-27T12:00:00Z", 7,
	    "2027-03-27T21:00:00Z", 9);
	fits(BERLIN, "22:00-06:00", "", "2027-03-27T12:00:00Z", 9,
	    "2027-10-30T20:00:00Z", 9);
	/* Friday night goes on into Saturday, which may be black. */
	fits("UTC", "Fri 22:00-06:00", "", "2027-03-22", 8,
	    "2027-03-26T22:00:00Z", 8);
	fits("UTC", "22:00-06:00", "Sat", "2027-03-26T12:00:00Z", 3,
	    "2027-03-28T00:00:00Z", 8);
	fits("UTC", "Sat-Sun 00:00-24:00", "", "2027-03-22", 48,
	    "2027-03-27T00:00:00Z", 48);
	fits("UTC", "", "2027-03-22/2027-03-24,2027-03-26",
	    "2027-03-21T23:00:00Z", 2, "2027-03-25T00:00:00Z", (800 - 8) * 24);
}
END_TEST

START_TEST(words)
{
	static const char *const bad[] = {"22:00", "22:00-", "25:00-26:00",
	    "22:60-23:00", "22:00-06:00,", "Mo 22:00-06:00", "Mon22:00-06:00",
	    "22.00-06.00", "Mon-Fri", " 22:00-06:00"};
	static const char *const black[] = {
	    "2027-02-30", "2027-01-01/", "Sat,", "tomorrow", "2027-01-01-"};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++)
		ck_assert_int_eq(calendar_check(bad[i], "", NULL), -1);
	for (i = 0; i < LENGTH(black); i++)
		ck_assert_msg(
		    calendar_check("", black[i], NULL) == -1, "%s", black[i]);
	ck_assert_int_eq(calendar_check("Sun-Mon 00:00-24:00, 01:00-02:00",
			     "sat-sun, 2027-01-01", NULL),
	    0);
}
END_TEST

/* A plan of accounts with these octets each, in one folder each. */
static struct plan *
made(struct plan_opt *o, uint32_t accounts, const char *bytes)
{
	struct header *have =
	    header_new("account source target folder bytes messages uidnext");
	struct plan *p = plan_of(o);
	struct arena *a = arena_new();
	struct fail f = {0};
	uint32_t i;

	plan_under(p, plan_header(have, NULL));
	for (i = 0; i < accounts; i++) {
		struct row *r = row_new(a, have);

		row_setf(r, "account", "u%u", i);
		row_setf(r, "source", "imaps://u%u@old", i);
		row_setf(r, "target", "imaps://u%u@new", i);
		row_set(r, "folder", "INBOX");
		row_set(r, "bytes", bytes);
		row_set(r, "messages", "1000");
		row_set(r, "uidnext", "2001");
		ck_assert_int_eq(plan_take(p, r, &f), 0);
	}
	ck_assert_msg(plan_make(p, &f) == 0, "%s: %s", f.what, f.why);
	arena_free(a);
	header_free(have);
	return p;
}

static void
unmake(struct plan *p)
{
	header_free((struct header *)(uintptr_t)p->under);
	plan_free(p);
}

START_TEST(batches)
{
	static const struct {
		uint32_t accounts;
		const char *want; /* accounts of each */
	} organisations[] = {{0, ""}, {1, "1"}, {5, "1 4"}, {20, "2 2 16"},
	    {50, "2 5 43"}, {500, "3 25 95 95 94 94 94"},
	    {5000,
		"5 50 60 120 180 230 230 230 230 230 229 229 229 229 229 "
		"229 229 229 229 229 229 229 229 229 229"}};
	struct plan_opt o = {.start = CLOCK_NONE};
	struct buf got = {0};
	size_t i;
	uint32_t b;

	for (i = 0; i < LENGTH(organisations); i++) {
		struct plan *p = made(&o, organisations[i].accounts, "5000");

		buf_reset(&got);
		buf_adds(&got, "");
		for (b = 0; b < p->nbatch; b++)
			buf_addf(&got, "%s%u", b > 0 ? " " : "",
			    p->batch[b].accounts);
		ck_assert_str_eq(got.data, organisations[i].want);
		unmake(p);
	}
	buf_free(&got);
}
END_TEST

START_TEST(budgets)
{
	struct plan_opt o = {.start = at("2027-01-01"), .rate = 1000000};
	char name[] = "/tmp/mbx-plan-XXXXXX";
	int fd = mkstemp(name);
	FILE *fp = fdopen(fd, "w");
	struct plan *p;
	uint32_t i;

	fputs("scope\tkey\tvalue\nhost:old\tday_out_bytes\t1000000000\n", fp);
	ck_assert_int_eq(fclose(fp), 0);
	o.constraints = name;
	p = made(&o, 1, "3500000000");
	remove(name);
	/* The account's own row, then four ranges, a day apart. */
	ck_assert_uint_eq(p->njob, 5);
	ck_assert_uint_eq(p->job[1].low, 1);
	ck_assert_uint_eq(p->job[1].high, 500);
	ck_assert_uint_eq(p->job[4].low, 1501);
	ck_assert_uint_eq(p->job[4].high, 0);
	for (i = 2; i < 5; i++) {
		ck_assert_uint_eq(p->job[i].bytes, 875000000);
		ck_assert_int_eq(p->job[i].start, p->job[i - 1].end + 86400);
		ck_assert_str_eq(p->job[i].bound, "budget");
	}
	unmake(p);
}
END_TEST

SUITE("plan")
{
	tcase_add_test(tc, hours);
	tcase_add_test(tc, words);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, budgets);
}
