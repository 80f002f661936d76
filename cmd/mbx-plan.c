/* mbx-plan: batches, estimates, workers and dates for an inventory; offline. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "map/map.h"
#include "modes/modes.h"
#include "plan/plan.h"
#include "row/row.h"

static const char **batches, *zone = "UTC", *target_profile;
static struct plan_opt options = {
    .start = CLOCK_NONE, .large = (uint64_t)20 << 30, .cut = (uint64_t)4 << 30};

static int sizing, makefile;
static struct size_opt sizes = {.headroom = 25, .alias_licence = ""};

static struct left_opt progress;
static const char *remaining, *summary;

static const struct opt opts[] = {
    {"source-template", 0, OPT_STRING, "URL", NULL,
	&modes_opt.list.source_template, NULL},
    {"target-template", 't', OPT_STRING, "URL", "by {account} {user} {domain}",
	&options.target_template, NULL},
    {"batch", 'b', OPT_LIST, "NAME=N",
	"accounts in a batch, in order; the last repeats", &batches, NULL},
    {"large", 0, OPT_NUMBER, "OCTETS", NULL, &options.large, NULL},
    {"cut", 0, OPT_NUMBER, "OCTETS",
	"mailboxes apart (20G), folders in parts (4G)", &options.cut, NULL},
    {"rate", 0, OPT_NUMBER, "B/S", "octets a second of one connection",
	&options.rate, NULL},
    {"results", 'r', OPT_STRING, "FILE", "of jobs done: how long they took",
	&options.results, NULL},
    {"start", 's', OPT_TIME, "DATE", "when the first batch may begin",
	&options.start, NULL},
    {"window", 'w', OPT_STRING, "HH:MM-HH:MM", "when jobs may run",
	&options.window, NULL},
    {"tz", 0, OPT_STRING, "ZONE", "of windows: UTC (default), +01:00 ...",
	&zone, NULL},
    {"constraints", 'c', OPT_STRING, "FILE", "table of scope, key, value",
	&options.constraints, NULL},
    {"names", 0, OPT_FLAG, NULL, "a row for each folder that is renamed",
	&options.names, NULL},
    {"sizing", 0, OPT_FLAG, NULL, "what the new server must have instead",
	&sizing, NULL},
    {"headroom", 0, OPT_NUMBER, "PCT", "of storage (25)", &sizes.headroom,
	NULL},
    {"profile", 'p', OPT_STRING, "NAME", "what the target is", &target_profile,
	NULL},
    {"before", 0, OPT_STRING, "FILE", NULL, &sizes.before, NULL},
    {"days", 0, OPT_NUMBER, "N", "growth: an inventory N days older",
	&sizes.days, NULL},
    {"remaining", 0, OPT_STRING, "DIR", NULL, &remaining, NULL},
    {"summary", 0, OPT_STRING, "DIR", "by ledgers: jobs left; done, left, rate",
	&summary, NULL},
    {"users", 0, OPT_STRING, "N", NULL, &modes_opt.users, NULL},
    {"as", 0, OPT_STRING, "FORM", NULL, &modes_opt.dates_as, NULL},
    {"schedule", 0, OPT_STRING, "DATE",
	"tasks before and after a switch, as md ics svg",
	&modes_opt.dates.cutover, NULL},
    {"makefile", 0, OPT_FLAG, NULL, "the batches of jobs, for mbx-runbook(7)",
	&makefile, NULL},
    {"import", 0, OPT_STRING, "FORMAT", NULL, &modes_opt.list.format, NULL},
    {"export", 0, OPT_STRING, "FORMAT",
	"lists of other tools: account rows, or from jobs",
	&modes_opt.export_to, NULL},
    {"secrets", 0, OPT_STRING, "DIR", "files for imported passwords",
	&modes_opt.list.secrets, NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

/* ---- jobs from an inventory ---- */

static struct plan *plan;

/* Profiles are mbx-map's. */
static int
profile(const char *name, const char *key, const char **value, struct fail *f)
{
	struct map_opt o = {.profile = name};
	struct map *m;
	const char *found;

	if (map_new(&m, &o, f) == -1)
		return -1;
	found = map_profile(m, key);
	*value = found != NULL ? mem_strdup(found) : "";
	map_free(m);
	return 0;
}

static struct plan *
make_plan(struct fail *f)
{
	struct plan *made = NULL;

	if (plan_zone(zone, f) == -1)
		return NULL;
	options.profile = profile;
	options.batches = batches;
	options.workers = cli_jobs();
	(void)plan_new(&made, &options, f);
	return made;
}

static int
plan_start(struct fail *f)
{
	return (plan = make_plan(f)) != NULL ? 0 : -1;
}

static struct header *
plan_columns(const struct header *have, struct fail *f)
{
	struct header *h = plan_header(have, f);

	if (h != NULL)
		plan_under(plan, h);
	return h;
}

static int
plan_row(const struct row *r, struct fail *f)
{
	return plan_take(plan, r, f);
}

static void
say_counts(uint64_t rejected)
{
	struct plan_count c;
	const char *unused;
	uint32_t at = 0;

	while ((unused = plan_unused(plan, &at)) != NULL)
		say_loud("constraint on nobody: %s", unused);
	plan_counts(plan, &c);
	say_loud("%" PRIu64 " rows: %" PRIu64 " planned, %" PRIu64
		 " rejected; %" PRIu64 " accounts, %" PRIu64 " jobs, %" PRIu64
		 " batches",
	    c.rows + rejected, c.rows, rejected, c.accounts, c.jobs, c.batches);
	if (c.unsized > 0)
		say_loud("%" PRIu64 " accounts have no size; planned as the "
			 "mean",
		    c.unsized);
	if (c.renamed > 0)
		say_loud("%" PRIu64 " folders get another name: give mbx-copy "
			 "the same --rules and --profile, or plan with --names",
		    c.renamed);
}

static void
say_unmet(const struct row *r)
{
	struct fail f = {0};

	if (strcmp(row_get(r, "status"), "refused") != 0)
		return;
	(void)fail_at(&f, "%s/%s", row_get(r, "account"), row_get(r, "folder"));
	(void)fail_set(&f, CODE_POLICY, REACH_MESSAGE, AGAIN_NEVER, "plan",
	    "%s", row_get(r, "hint"));
	say(&f);
}

static int
plan_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct row *r;

	if (plan_make(plan, f) == -1)
		return -1;
	while (plan_next(plan, r = out_new(o, NULL)) == 1) {
		say_unmet(r);
		out_row(o, r);
	}
	say_counts(rejected);
	plan_free(plan);
	return 0;
}

/* ---- sizing ---- */

static struct header *jobs; /* that figures are made from */

static int
size_start(struct fail *f)
{
	options.any_target = 1;
	if (sizes.headroom > 400)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--headroom wants 0 to 400");
	if (sizes.before != NULL && sizes.days == 0)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--before needs --days N, the days between the two");
	if (target_profile != NULL &&
	    profile(target_profile, "alias_licence", &sizes.alias_licence, f) ==
		-1)
		return -1;
	return plan_start(f);
}

static struct header *
size_columns(const struct header *have, struct fail *f)
{
	if ((jobs = plan_header(have, f)) == NULL)
		return NULL;
	plan_under(plan, jobs);
	return header_new(PLAN_FIGURES);
}

static int
size_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct sizing *z;
	struct row *r;

	if (plan_make(plan, f) == -1 || plan_sizes(plan, &sizes, &z, f) == -1)
		return -1;
	while (plan_sizes_next(z, r = out_new(o, NULL)) == 1)
		out_row(o, r);
	say_counts(rejected);
	plan_sizes_free(z);
	plan_free(plan);
	header_free(jobs);
	return 0;
}

/* ---- how far jobs are ---- */

static struct left *left;

static int
left_start(struct fail *f)
{
	progress.dir = remaining != NULL ? remaining : summary;
	progress.results = options.results;
	progress.workers = cli_jobs();
	return left_new(&left, &progress, f);
}

static struct header *
remaining_columns(const struct header *have, struct fail *f)
{
	return header_needs(have, "source target", f) == -1
	    ? NULL
	    : left_header(left, have);
}

static struct header *
summary_columns(const struct header *have, struct fail *f)
{
	return header_needs(have, "source target", f) == -1
	    ? NULL
	    : header_new(LEFT_SUMS);
}

static int
left_row(const struct row *r, struct fail *f)
{
	return left_take(left, r, f);
}

static int
left_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	int (*next)(struct left *, struct row *) =
	    remaining != NULL ? left_next : left_sum;
	struct row *r;

	(void)rejected;
	(void)f;
	while (next(left, r = out_new(o, NULL)) == 1)
		out_row(o, r);
	left_free(left);
	return 0;
}

/* ---- what there is to do; the first that was asked for ---- */

static const struct {
	const char *const *value; /* of an OPT_STRING, or */
	const int *flag; /* an OPT_FLAG; neither: always */
	struct mode mode;
	const struct mode *other; /* instead of mode */
} modes[] = {
    {&modes_opt.list.format, NULL, {0}, &mode_import},
    {&modes_opt.export_to, NULL, {0}, &mode_export},
    {&modes_opt.dates.cutover, NULL, {0}, &mode_schedule},
    {NULL, &makefile, {0}, &mode_makefile},
    {&remaining, NULL, {left_start, remaining_columns, left_row, left_finish},
	NULL},
    {&summary, NULL, {left_start, summary_columns, left_row, left_finish},
	NULL},
    {NULL, &sizing, {size_start, size_columns, plan_row, size_finish}, NULL},
    {NULL, NULL, {plan_start, plan_columns, plan_row, plan_finish}, NULL},
};
static const struct mode *mode;

static int
is_asked(size_t i)
{
	if (modes[i].value != NULL)
		return *modes[i].value != NULL;
	return modes[i].flag == NULL || *modes[i].flag;
}

static int
start(struct fail *f)
{
	size_t i = 0;

	while (!is_asked(i))
		i++;
	mode = modes[i].other != NULL ? modes[i].other : &modes[i].mode;
	modes_opt.list.target_template = options.target_template;
	modes_opt.plan = make_plan;
	return mode->start(f);
}

static struct header *
header(const struct header *have, struct fail *f)
{
	return mode->header(have, f);
}

static int
take(const struct row *r, struct fail *f)
{
	return mode->take(r, f);
}

static int
finish(uint64_t rejected, struct out *o, struct fail *f)
{
	return mode->finish(rejected, o, f);
}

int
main(int argc, char **argv)
{
	static const struct given given[] = {
	    {"users", &modes_opt.users, NULL}, {NULL, NULL, NULL}};
	static const struct filter t = {
	    .name = "mbx-plan",
	    .synopsis = "[-j N] [-s DATE] [-w WINDOW] [-c FILE] [-t URL] "
			"[-b NAME=N] [folders ...]",
	    .summary = "batches, estimates, workers and dates for a migration",
	    .examples = "  mbx-map folders.tsv | mbx-plan -j 4 >jobs\n"
			"  mbx-plan -b test=1 -b wave=50 folders.tsv",
	    .opts = opts,
	    .given = given,
	    .start = start,
	    .header = header,
	    .take = take,
	    .finish = finish,
	};

	return filter_main(&t, argc, argv);
}
