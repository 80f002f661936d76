/* schedule.c: jobs in, tasks out. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schedule/schedule_p.h"

#define MOST ((uint64_t)1 << 50) /* sums stay far from 2^64 */

static int
read_cutover(int64_t *t, const char *s, struct fail *f)
{
	if (!clock_parse(s, t))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--schedule is a date or an instant of RFC 3339, not '%s'",
		    s);
	if (strlen(s) == strlen("2026-12-04"))
		*t = clock_local(*t / DAY - (*t % DAY < 0), NIGHT_FROM * 60);
	return 0;
}

int
schedule_new(
    struct schedule **out, const struct schedule_opt *o, struct fail *f)
{
	struct schedule *s = mem_alloc(sizeof(*s));

	s->opt = *o;
	*out = s;
	if (read_cutover(&s->cutover, o->cutover, f) == 0)
		return 0;
	schedule_free(s);
	*out = NULL;
	return -1;
}

void
schedule_free(struct schedule *s)
{
	size_t i;

	if (s == NULL)
		return;
	for (i = 0; i < s->nbatch; i++)
		free(s->batch[i].name);
	free(s->batch);
	free(s->task);
	free(s);
}

/* ---- jobs ---- */

enum group
group_of(const char *stage)
{
	if (strcmp(stage, "test") == 0)
		return GROUP_TEST;
	if (strcmp(stage, "pilot") == 0)
		return GROUP_PILOT;
	return strcmp(stage, "large") == 0 ? GROUP_LARGE : GROUP_WAVE;
}

/* Rows of a batch mostly follow each other. */
static struct batch *
batch_of(struct schedule *s, const char *name, const char *stage)
{
	struct batch *b;
	size_t i;

	for (i = s->nbatch; i-- > 0;)
		if (strcmp(s->batch[i].name, name) == 0)
			return &s->batch[i];
	s->batch = mem_resize(s->batch, s->nbatch + 1, sizeof(*s->batch));
	b = &s->batch[s->nbatch++];
	memset(b, 0, sizeof(*b));
	b->name = mem_strdup(name);
	b->group = group_of(stage);
	b->start = b->end = CLOCK_NONE;
	return b;
}

static int
number(const struct row *r, const char *column, uint64_t *v, struct fail *f)
{
	*v = 0;
	if (row_u64(r, column, v, f) == -1)
		return -1;
	if (*v > MOST)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, column,
		    "that cannot be");
	return 0;
}

static int
read_date(const struct row *r, const char *column, int64_t *t, struct fail *f)
{
	const char *s = row_get(r, column);

	*t = CLOCK_NONE;
	if (*s == '\0' || clock_parse(s, t))
		return 0;
	return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, column,
	    "'%s' is no time of RFC 3339", s);
}

int
schedule_job(struct schedule *s, const struct row *r, struct fail *f)
{
	const char *name = row_get(r, "batch");
	uint64_t bytes, work;
	int64_t start, end;
	struct batch *b;

	if (number(r, "bytes", &bytes, f) == -1 ||
	    number(r, "est_p90_s", &work, f) == -1 ||
	    read_date(r, "start", &start, f) == -1 ||
	    read_date(r, "end", &end, f) == -1)
		return -1;
	if (*name == '\0')
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "batch", "a job that is in none");
	b = batch_of(s, name, row_get(r, "stage"));
	b->accounts += *row_get(r, "folder") == '\0';
	b->bytes += bytes;
	b->work += work;
	if (work > b->longest)
		b->longest = work;
	if (start != CLOCK_NONE && (b->start == CLOCK_NONE || start < b->start))
		b->start = start;
	if (end != CLOCK_NONE && end > b->end)
		b->end = end;
	if (b->end == CLOCK_NONE)
		b->start = CLOCK_NONE;
	return 0;
}

/* ---- tasks ---- */

int
schedule_make(struct schedule *s, struct fail *f)
{
	int rc = place_batches(s, f);

	place_tasks(s);
	return rc;
}

void
task_text(struct buf *b, const struct task *t, const char *text)
{
	const char *at = strstr(text, "{batch}");

	if (at == NULL || t->batch == NULL) {
		buf_adds(b, text);
		return;
	}
	buf_add(b, text, (size_t)(at - text));
	text_printable(b, t->batch->name, strlen(t->batch->name), 100);
	buf_adds(b, at + strlen("{batch}"));
}

void
task_title(struct buf *b, const struct task *t)
{
	task_text(b, t, t->rule->task);
	if (t->batch != NULL && t->rule->minutes == 0)
		buf_addf(b, ": %" PRIu64 " accounts, %.1f GB",
		    t->batch->accounts, (double)t->batch->bytes / 1e9);
}

static void
set_text(
    struct row *r, const char *column, const struct task *t, const char *text)
{
	struct buf b = {0};

	task_text(&b, t, text);
	row_set(r, column, b.len > 0 ? b.data : "");
	buf_free(&b);
}

int
schedule_next(struct schedule *s, struct row *r)
{
	const struct task *t;
	char text[CLOCK_TEXT];

	if (s->at == s->ntask)
		return 0;
	t = &s->task[s->at++];
	row_set(r, "start", clock_format(text, t->start));
	row_set(r, "end", clock_format(text, t->end));
	row_set(r, "phase", t->rule->phase);
	row_set(r, "owner", t->rule->owner);
	set_text(r, "task", t, t->rule->task);
	set_text(r, "command", t, t->rule->command);
	row_set(r, "gate", t->rule->gate);
	row_set(r, "rollback", t->rule->rollback);
	if (t->batch == NULL)
		return 1;
	row_set(r, "batch", t->batch->name);
	row_setf(r, "accounts", "%" PRIu64, t->batch->accounts);
	row_setf(r, "bytes", "%" PRIu64, t->batch->bytes);
	return 1;
}

int
schedule_text(const struct schedule *s, const char *form, struct buf *out)
{
	static const struct {
		const char *name;
		void (*write)(const struct schedule *s, struct buf *out);
	} forms[] = {{"md", markdown}, {"ics", calendar}, {"svg", gantt}};
	size_t i;

	for (i = 0; i < LENGTH(forms); i++)
		if (strcmp(forms[i].name, form) == 0) {
			if (out != NULL)
				forms[i].write(s, out);
			return 1;
		}
	return 0;
}

void
schedule_counts(const struct schedule *s, struct schedule_count *c)
{
	size_t i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < s->nbatch; i++)
		c->accounts += s->batch[i].accounts;
	c->batches = s->nbatch;
	c->tasks = s->ntask;
	c->workers = s->workers;
	c->nights = s->nights;
	c->days =
	    s->ntask > 0 ? day_of(s->cutover) - day_of(s->task[0].start) : 0;
}
