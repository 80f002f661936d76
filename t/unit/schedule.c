/* Unit tests of schedule: days and batches that are known by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "row/row.h"
#include "schedule/schedule.h"
#include "schedule/schedule_p.h"
#include "tap.h"

#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void
zone(const char *name)
{
	ck_assert_int_eq(setenv("TZ", name, 1), 0);
	tzset();
}

static int64_t
at(const char *text)
{
	int64_t t;

	ck_assert_int_eq(clock_parse(text, &t), 1);
	return t;
}

static void
ends(const char *start, int minutes, const char *want)
{
	char got[CLOCK_TEXT];

	ck_assert_str_eq(clock_format(got, work_end(at(start), minutes)), want);
}

START_TEST(days)
{
	zone("UTC");
	/* 2026-12-04 is a Friday. */
	ck_assert_int_eq(
	    day_of_work(day_of(at("2026-12-06"))), day_of(at("2026-12-04")));
	ck_assert_int_eq(
	    day_of_work(day_of(at("2026-12-07"))), day_of(at("2026-12-07")));
	ends("2026-12-04T09:00:00Z", 480, "2026-12-04T17:00:00Z");
	ends("2026-12-04T16:00:00Z", 120, "2026-12-07T10:00:00Z");
	ends("2026-12-02T13:00:00Z", 960, "2026-12-04T13:00:00Z");
	zone(BERLIN);
	/* Over the night in which the clock goes forward. */
	ends("2027-03-26T15:00:00Z", 120, "2027-03-29T08:00:00Z");
	ck_assert_int_eq(day_of(at("2026-12-03T23:30:00Z")),
	    day_of(at("2026-12-04T12:00:00Z")));
}
END_TEST

static int
job(struct schedule *s, const char *batch, const char *stage, const char *p90,
    struct fail *f)
{
	struct header *h =
	    header_new("account source target batch stage bytes est_p90_s");
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	int rc;

	row_set(r, "account", "u");
	row_set(r, "batch", batch);
	row_set(r, "stage", stage);
	row_set(r, "bytes", "1000");
	row_set(r, "est_p90_s", p90);
	rc = schedule_job(s, r, f);
	arena_free(a);
	header_free(h);
	return rc;
}

START_TEST(batches)
{
	struct schedule_opt o = {.cutover = "2026-12-04", .workers = 1};
	struct fail f = {0};
	struct schedule *s;
	char text[CLOCK_TEXT];
	size_t i;

	zone(BERLIN);
	ck_assert_int_eq(schedule_new(&s, &o, &f), 0);
	ck_assert_str_eq(
	    clock_format(text, s->cutover), "2026-12-04T21:00:00Z");
	ck_assert_int_eq(job(s, "", "main", "5", &f), -1);
	ck_assert_int_eq(job(s, "w", "main", "x", &f), -1);
	ck_assert_int_eq(job(s, "test", "test", "3600", &f), 0);
	/* Ten hours want two nights. */
	for (i = 0; i < 10; i++)
		ck_assert_int_eq(job(s, "w", "main", "3600", &f), 0);
	ck_assert_int_eq(schedule_make(s, &f), 0);
	ck_assert_uint_eq(s->nbatch, 2);
	ck_assert_uint_eq(s->batch[1].accounts, 10);
	ck_assert_int_eq(s->batch[1].end - s->batch[1].start, DAY + 2 * HOUR);
	ck_assert_int_le(s->batch[0].end, s->batch[1].start);
	ck_assert_int_le(s->batch[1].end, s->cutover - 12 * HOUR);
	for (i = 1; i < s->ntask; i++)
		ck_assert_int_le(s->task[i - 1].start, s->task[i].start);
	schedule_free(s);
}
END_TEST

START_TEST(wrong)
{
	static const char *const bad[] = {"", "soon", "2026-02-30", "12-04"};
	struct schedule_opt o = {0};
	struct schedule *s;
	struct fail f;
	size_t i;

	for (i = 0; i < LENGTH(bad); i++) {
		memset(&f, 0, sizeof(f));
		o.cutover = bad[i];
		ck_assert_int_eq(schedule_new(&s, &o, &f), -1);
		ck_assert_int_eq(f.code, CODE_USAGE);
		ck_assert_ptr_null(s);
	}
	ck_assert_int_eq(schedule_text(NULL, "pdf", NULL), 0);
	ck_assert_int_eq(schedule_text(NULL, "ics", NULL), 1);
}
END_TEST

/* The name of a batch, of the stage main, as a target of make. */
static int
taken(const char *name)
{
	struct header *h = header_new("batch stage after folder");
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	struct makefile *m = makefile_new();
	int rc;

	row_set(r, "batch", name);
	row_set(r, "stage", "main");
	rc = makefile_job(m, r, NULL) == -1;
	makefile_free(m);
	arena_free(a);
	header_free(h);
	return rc;
}

START_TEST(targets)
{
	static const char *const bad[] = {"", "-x", ".x", "a b", "a:b", "$(x)",
	    "test", "pilot", "sync", "gate", "letters", "validate-a",
	    "approve-a", "Ä"};
	static const char *const good[] = {"wave-1", "a.b_c-1", "syn", "gates"};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(taken(bad[i]), "%s", bad[i]);
	for (i = 0; i < LENGTH(good); i++)
		ck_assert_msg(!taken(good[i]), "%s", good[i]);
}
END_TEST

SUITE("schedule")
{
	tcase_add_test(tc, days);
	tcase_add_test(tc, batches);
	tcase_add_test(tc, wrong);
	tcase_add_test(tc, targets);
}
