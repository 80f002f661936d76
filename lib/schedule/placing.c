/* placing.c: when batches and tasks are, backwards from the switch. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "schedule/schedule_p.h"

/* Days, by the size of the organisation. */
static const struct lead {
	uint64_t accounts; /* up to so many */
	int assess, prepare;
	int tested, piloted; /* from a group's last night to the next one */
	int spare; /* from the last wave to the switch */
} leads[] = {
    {150, 1, 2, 1, 2, 1},
    {1500, 3, 4, 2, 5, 2},
    {UINT64_MAX, 7, 10, 3, 10, 3},
};

static const struct lead *
lead_of(const struct schedule *s)
{
	const struct lead *l = leads;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < s->nbatch; i++)
		n += s->batch[i].accounts;
	while (n > l->accounts)
		l++;
	return l;
}

static uint64_t
per(uint64_t a, uint64_t b)
{
	return a / b + (a % b != 0);
}

/* Seconds that a batch takes, in whole hours. */
static uint64_t
seconds(const struct batch *b, unsigned int workers)
{
	uint64_t s = per(b->work, workers);

	return per(s > b->longest ? s : b->longest, HOUR) * HOUR;
}

static int64_t
nights(const struct batch *b, unsigned int workers)
{
	uint64_t n = per(seconds(b, workers), NIGHT);

	return n > 0 ? (int64_t)n : 1;
}

/* Nights of a group: of the large ones together, they are side by side. */
static int64_t
group_nights(const struct schedule *s, enum group g, unsigned int workers)
{
	int64_t n = 0, one;
	size_t i;

	for (i = 0; i < s->nbatch; i++) {
		if (s->batch[i].group != g)
			continue;
		one = nights(&s->batch[i], workers);
		n = g != GROUP_LARGE ? n + one : one > n ? one : n;
	}
	return n;
}

static int
has(const struct schedule *s, enum group g)
{
	size_t i;

	for (i = 0; i < s->nbatch; i++)
		if (s->batch[i].group == g)
			return 1;
	return 0;
}

static int64_t
waves_nights(const struct schedule *s, unsigned int workers)
{
	int64_t waves = group_nights(s, GROUP_WAVE, workers);
	int64_t large = group_nights(s, GROUP_LARGE, workers);

	return waves > large ? waves : large;
}

/* Days from the first task to the switch. */
static int64_t
lead_days(const struct schedule *s, unsigned int workers)
{
	const struct lead *l = lead_of(s);

	return l->assess + l->prepare + group_nights(s, GROUP_TEST, workers) +
	    (has(s, GROUP_TEST) ? l->tested : 0) +
	    group_nights(s, GROUP_PILOT, workers) +
	    (has(s, GROUP_PILOT) ? l->piloted : 0) + waves_nights(s, workers) +
	    l->spare;
}

/* So many that each wave is done in a night, if that can be. */
static unsigned int
enough_workers(const struct schedule *s)
{
	uint64_t most = 1, n;
	size_t i;

	for (i = 0; i < s->nbatch; i++) {
		n = per(s->batch[i].work, NIGHT);
		if (s->batch[i].group != GROUP_LARGE && n > most)
			most = n;
	}
	return most < 1024 ? (unsigned int)most : 1024;
}

/* ---- batches ---- */

/* The last morning is that of day; the first evening's day. */
static int64_t
place_one(struct batch *b, int64_t day, unsigned int workers)
{
	int64_t n = nights(b, workers);
	int64_t last = (int64_t)seconds(b, workers) - (n - 1) * NIGHT;

	b->start = clock_local(day - n, NIGHT_FROM * 60);
	b->end =
	    clock_local(day - 1, NIGHT_FROM * 60) + (last > 0 ? last : HOUR);
	return day - n;
}

/* Backwards, so that the last one of the group ends on the morning of day. */
static int64_t
place_group(struct schedule *s, enum group g, int64_t day)
{
	int64_t first = day, one;
	size_t i;

	for (i = s->nbatch; i-- > 0;) {
		struct batch *b = &s->batch[i];

		if (b->group != g)
			continue;
		one = place_one(b, g == GROUP_LARGE ? day : first, s->workers);
		if (one < first)
			first = one;
	}
	return first;
}

static void
place_undated(struct schedule *s, const struct lead *l)
{
	int64_t day = day_of(s->cutover) - l->spare, waves, large;

	waves = place_group(s, GROUP_WAVE, day);
	large = place_group(s, GROUP_LARGE, day);
	day = waves < large ? waves : large;
	if (has(s, GROUP_PILOT))
		day = place_group(s, GROUP_PILOT, day - l->piloted);
	if (has(s, GROUP_TEST))
		day = place_group(s, GROUP_TEST, day - l->tested);
	s->day[AT_TEST] = day;
}

/* The day whose morning, until 09:00, comes behind the end. */
enum { BEHIND = 15 * HOUR };

static int64_t
day_behind(const struct batch *b)
{
	return day_of(b->end + BEHIND);
}

static int
too_early(const struct schedule *s, struct fail *f)
{
	unsigned int w = s->workers;

	while (w < 4096 && lead_days(s, w) > DAYS_BEFORE)
		w++;
	if (w == 4096)
		return fail_set(f, CODE_POLICY, REACH_RUN, AGAIN_NEVER,
		    "schedule",
		    "it begins %" PRId64 " days before the switch, more than "
		    "%d: fewer batches, or smaller parts (--cut)",
		    lead_days(s, s->workers), DAYS_BEFORE);
	return fail_set(f, CODE_POLICY, REACH_RUN, AGAIN_NEVER, "schedule",
	    "it begins %" PRId64 " days before the switch, more than %d: with "
	    "-j %u, not %u, it would not",
	    lead_days(s, s->workers), DAYS_BEFORE, w, s->workers);
}

/* Batches that the plan has dated stay where they are. */
static int
check_dated(struct schedule *s, struct fail *f)
{
	const struct batch *b;
	size_t i;
	int rc = 0;

	s->day[AT_TEST] = day_of(s->cutover);
	for (i = 0; i < s->nbatch; i++) {
		b = &s->batch[i];
		if (day_of(b->start) < s->day[AT_TEST])
			s->day[AT_TEST] = day_of(b->start);
		if (b->end > s->cutover - HOUR && rc == 0) {
			(void)fail_set(f, CODE_POLICY, REACH_RUN, AGAIN_NEVER,
			    "schedule",
			    "%s ends %" PRId64 " s behind the start of the "
			    "final delta",
			    b->name, b->end - s->cutover + HOUR);
			rc = 1;
		}
	}
	return rc;
}

int
place_batches(struct schedule *s, struct fail *f)
{
	const struct lead *l = lead_of(s);
	size_t i, dated = 0;
	int rc = 0;

	for (i = 0; i < s->nbatch; i++)
		dated += s->batch[i].start != CLOCK_NONE;
	s->workers = s->opt.workers > 0 ? s->opt.workers : enough_workers(s);
	if (dated > 0 && dated == s->nbatch)
		rc = check_dated(s, f);
	else
		place_undated(s, l);
	s->day[AT_PREPARE] = s->day[AT_TEST] - l->prepare;
	s->day[AT_ASSESS] = s->day[AT_PREPARE] - l->assess;
	s->day[AT_CUTOVER] = day_of(s->cutover);
	s->day[AT_COPIED] = s->day[AT_CUTOVER] - l->spare;
	for (i = 0; i < s->nbatch; i++) {
		s->nights += (unsigned int)nights(&s->batch[i], s->workers);
		if (day_behind(&s->batch[i]) > s->day[AT_COPIED])
			s->day[AT_COPIED] = day_behind(&s->batch[i]);
	}
	if (rc == 0 && s->day[AT_CUTOVER] - s->day[AT_ASSESS] > DAYS_BEFORE) {
		(void)too_early(s, f);
		rc = 1;
	}
	return rc;
}

/* ---- tasks ---- */

static void
add(struct schedule *s, const struct rule *r, const struct batch *b,
    int64_t start, int64_t end)
{
	struct task *t;

	s->task = mem_resize(s->task, s->ntask + 1, sizeof(*s->task));
	t = &s->task[s->ntask];
	*t = (struct task){start, end, s->ntask, r, b};
	s->ntask++;
}

/* By working days; none is before the sixtieth. */
static void
add_on_day(struct schedule *s, const struct rule *r, int64_t day)
{
	int64_t first = s->day[AT_CUTOVER] - DAYS_BEFORE, at;

	at = day_of_work(day);
	while (at < first || day_of_work(at) != at)
		at++;
	add(s, r, NULL, clock_local(at, r->from),
	    work_end(clock_local(at, r->from), r->minutes));
}

static void
add_near_cutover(struct schedule *s, const struct rule *r)
{
	int64_t at = s->cutover + (int64_t)r->from * MINUTE;
	int i;

	if (r->day != 0) {
		add_on_day(s, r, s->day[AT_CUTOVER] + r->day);
		return;
	}
	for (i = 0; i < (r->every > 0 ? r->times : 1); i++)
		add(s, r, NULL, at + (int64_t)i * r->every * MINUTE,
		    at + ((int64_t)i * r->every + r->minutes) * MINUTE);
}

static void
add_for_batches(struct schedule *s, const struct rule *r, int test, int pilot)
{
	size_t i;

	for (i = 0; i < s->nbatch; i++) {
		const struct batch *b = &s->batch[i];
		int64_t at = clock_local(day_behind(b) + r->day, r->from);

		if ((b->group == GROUP_TEST) != test ||
		    (b->group == GROUP_PILOT) != pilot)
			continue;
		if (r->minutes == 0)
			add(s, r, b, b->start, b->end);
		else
			add(s, r, b, at, at + (int64_t)r->minutes * MINUTE);
	}
}

static void
add_phase(struct schedule *s, const struct rule *r, enum anchor next)
{
	int64_t from = s->day[r->anchor], days = s->day[next] - from;

	add_on_day(s, r, from + days * r->day / 100);
}

static void
apply(struct schedule *s, const struct rule *r)
{
	switch (r->anchor) {
	case AT_ASSESS:
		add_phase(s, r, AT_PREPARE);
		break;
	case AT_PREPARE:
		add_phase(s, r, AT_TEST);
		break;
	case AT_TEST:
	case AT_TESTED:
		add_for_batches(s, r, 1, 0);
		break;
	case AT_PILOT:
	case AT_PILOTED:
		add_for_batches(s, r, 0, 1);
		break;
	case AT_BATCH:
	case AT_BATCHED:
		add_for_batches(s, r, 0, 0);
		break;
	case AT_COPIED:
		add(s, r, NULL, clock_local(s->day[AT_COPIED], r->from),
		    clock_local(s->day[AT_COPIED], r->from + r->minutes));
		break;
	case AT_CUTOVER:
	case ANCHORS:
	default:
		add_near_cutover(s, r);
	}
}

static int
by_start(const void *a, const void *b)
{
	const struct task *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void
place_tasks(struct schedule *s)
{
	const struct rule *r;
	size_t n, i;

	r = rules_all(&n);
	for (i = 0; i < n; i++)
		apply(s, &r[i]);
	qsort(s->task, s->ntask, sizeof(*s->task), by_start);
}
