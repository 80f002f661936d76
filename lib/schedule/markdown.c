/* markdown.c: the schedule as a table for people, in the time of the zone. */
#include <string.h>

#include "schedule/schedule_p.h"

static void
cell(struct buf *out, const char *s)
{
	buf_addc(out, ' ');
	for (; *s != '\0'; s++) {
		if (strchr("|\\`*_<[", *s) != NULL)
			buf_addc(out, '\\');
		buf_addc(out, *s);
	}
	buf_adds(out, " |");
}

static void
cell_text(struct buf *out, const struct task *t, const char *text, int title)
{
	struct buf b = {0};

	buf_add(&b, "", 0);
	if (title)
		task_title(&b, t);
	else
		task_text(&b, t, text);
	cell(out, b.data);
	buf_free(&b);
}

static void
line(struct buf *out, const struct task *t)
{
	char text[24];

	buf_addc(out, '|');
	cell(out, day_text(text, t->start));
	cell(out, day_text(text, t->end));
	cell(out, t->rule->phase);
	cell_text(out, t, "", 1);
	cell(out, t->rule->owner);
	cell_text(out, t, t->rule->command, 0);
	cell(out, t->rule->gate);
	cell(out, t->rule->rollback);
	buf_addc(out, '\n');
}

void
markdown(const struct schedule *s, struct buf *out)
{
	struct schedule_count c;
	char text[24], utc[CLOCK_TEXT];
	size_t i;

	schedule_counts(s, &c);
	buf_addf(out,
	    "# Migration schedule\n\nThe switch is at %s (%s). %llu accounts, "
	    "%llu batches, %u workers.\n\n"
	    "| start | end | phase | task | owner | command | gate | rollback "
	    "|\n|---|---|---|---|---|---|---|---|\n",
	    day_text(text, s->cutover), clock_format(utc, s->cutover),
	    (unsigned long long)c.accounts, (unsigned long long)c.batches,
	    c.workers);
	for (i = 0; i < s->ntask; i++)
		line(out, &s->task[i]);
}
