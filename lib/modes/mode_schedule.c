/* mode_schedule.c: dated tasks from an inventory, jobs, or a number of users.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "modes/modes.h"
#include "plan/plan.h"
#include "row/row.h"
#include "schedule/schedule.h"

struct modes_opt modes_opt = {.dates_as = "tsv"};

static struct plan *plan;
static struct schedule *schedule;
static enum { FROM_INVENTORY, FROM_JOBS, FROM_NUMBER } dates_from;

static int
start(struct fail *f)
{
	unsigned int jobs = cli_jobs();

	if ((plan = modes_opt.plan(f)) == NULL)
		return -1;
	if (strcmp(modes_opt.dates_as, "tsv") != 0 &&
	    !schedule_text(NULL, modes_opt.dates_as, NULL))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--as is tsv, md, ics or svg, not '%s'",
		    modes_opt.dates_as);
	modes_opt.dates.workers = jobs > 1 ? jobs : 0;
	return schedule_new(&schedule, &modes_opt.dates, f);
}

/* The plan's columns, which only it sees: its jobs go on to the schedule. */
static struct header *planned;

static struct header *
columns(const struct header *have, struct fail *f)
{
	struct header *h = plan_header(have, f);

	if (h != NULL)
		plan_under(plan, h);
	return h;
}

static struct header *
header(const struct header *have, struct fail *f)
{
	struct header *accounts;

	if (modes_opt.users != NULL) {
		dates_from = FROM_NUMBER;
		accounts = header_new("account source target used_bytes");
		planned = columns(accounts, f);
		header_free(accounts);
	} else if (header_find(have, "est_p90_s") != -1) {
		dates_from = FROM_JOBS;
		planned = NULL;
	} else if ((planned = columns(have, f)) == NULL)
		return NULL;
	return header_new(SCHEDULE_COLUMNS);
}

/* What is usual: 2 GB a user of 50, 5 of 500, 8 of 5,000. */
static int
plan_users(struct fail *f)
{
	struct header *h = header_new("account source target used_bytes");
	struct arena *a = arena_new();
	uint64_t n, i, gb;
	int rc = 0;

	if (!text_u64(modes_opt.users, strlen(modes_opt.users), &n) || n == 0 ||
	    n > 1000000)
		rc = fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--users is from 1 to 1000000, not '%s'", modes_opt.users);
	gb = rc == -1 || n <= 150 ? 2 : n <= 1500 ? 5 : 8;
	for (i = 1; rc == 0 && i <= n; i++) {
		struct row *r = row_new(a, h);

		row_setf(r, "account", "user%" PRIu64, i);
		row_set(r, "source", "imaps://user@old");
		row_set(r, "target", "imaps://user@new");
		row_setf(r, "used_bytes", "%" PRIu64 "000000000", gb);
		rc = plan_take(plan, r, f);
		arena_reset(a);
	}
	arena_free(a);
	header_free(h);
	return rc;
}

static int
take(const struct row *r, struct fail *f)
{
	if (dates_from == FROM_NUMBER)
		return plan_users(f);
	return dates_from == FROM_JOBS ? schedule_job(schedule, r, f)
				       : plan_take(plan, r, f);
}

static int
schedule_plan(struct fail *f)
{
	struct arena *a = arena_new();
	int rc = plan_make(plan, f);

	while (rc == 0) {
		struct row *r = row_new(a, planned);

		if (plan_next(plan, r) == 0)
			break;
		rc = schedule_job(schedule, r, f);
		arena_reset(a);
	}
	arena_free(a);
	return rc;
}

static void
say_counts(uint64_t rejected)
{
	struct schedule_count c;

	schedule_counts(schedule, &c);
	say_loud("%" PRIu64 " accounts in %" PRIu64 " batches, %" PRIu64
		 " rows rejected; %" PRIu64 " tasks, the first %" PRId64
		 " days before the switch; %u nights with %u workers",
	    c.accounts, c.batches, rejected, c.tasks, c.days, c.nights,
	    c.workers);
}

static int
finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct buf text = {0};
	struct row *r;
	int rc;

	if (dates_from != FROM_JOBS && schedule_plan(f) == -1)
		return -1;
	rc = schedule_make(schedule, f);
	if (rc == 1)
		say(f);
	if (strcmp(modes_opt.dates_as, "tsv") != 0) {
		(void)schedule_text(schedule, modes_opt.dates_as, &text);
		out_text(o, text.data, text.len);
	} else
		while (schedule_next(schedule, r = out_new(o, NULL)) == 1)
			out_row(o, r);
	say_counts(rejected);
	buf_free(&text);
	schedule_free(schedule);
	header_free(planned);
	plan_free(plan);
	return rc;
}

const struct mode mode_schedule = {start, header, take, finish};
