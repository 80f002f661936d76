/*
 * gantt.c: the schedule as a chart in one SVG, without script, font or image
 * of elsewhere: all of it, then the hours around the switch.
 */
#include <string.h>

#include "schedule/schedule_p.h"

enum { LABEL = 430, WIDE = 900, LINE = 18, TOP = 56, FONT = 12 };
enum {
	NEAR_BEFORE = 2 * DAY,
	NEAR_AFTER = 3 * DAY,
	WEEK = 7 * DAY,
	HALF_DAY = 12 * HOUR
};

static const struct {
	const char *phase, *colour;
} colours[] = {
    {"assess", "#7a869a"},
    {"prepare", "#5b7db1"},
    {"test", "#4f9d9d"},
    {"pilot", "#3f8f5f"},
    {"sync", "#6b9e3a"},
    {"delta", "#b8a13a"},
    {"cutover", "#c8553d"},
    {"validate", "#a0568f"},
    {"rollback", "#8a3b3b"},
    {"cleanup", "#8c7a6b"},
};

struct view {
	const struct schedule *s;
	int64_t from, to, step; /* seconds between marks */
	size_t lines; /* so far */
	int y; /* of its top */
};

static void
add_text(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '&')
			buf_adds(out, "&amp;");
		else if (*s == '<')
			buf_adds(out, "&lt;");
		else if (*s == '>')
			buf_adds(out, "&gt;");
		else
			buf_addc(out, *s);
}

static const char *
colour_of(const char *phase)
{
	size_t i = 0;

	while (i < LENGTH(colours) - 1 && strcmp(colours[i].phase, phase) != 0)
		i++;
	return colours[i].colour;
}

static double
x_of(const struct view *v, int64_t t)
{
	if (t < v->from)
		t = v->from;
	if (t > v->to)
		t = v->to;
	return LABEL + (double)(t - v->from) * WIDE / (double)(v->to - v->from);
}

static int
is_seen(const struct view *v, const struct task *t)
{
	return t->end > v->from && t->start < v->to;
}

/* Tasks of one rule and batch share a line: its first is the one to draw. */
static int
is_first(const struct view *v, size_t at)
{
	const struct task *t = v->s->task;
	size_t i;

	for (i = 0; i < at; i++)
		if (t[i].rule == t[at].rule && t[i].batch == t[at].batch &&
		    is_seen(v, &t[i]))
			return 0;
	return 1;
}

static void
bar(struct buf *out, const struct view *v, const struct task *t, int y)
{
	double x = x_of(v, t->start), w = x_of(v, t->end) - x;
	char from[24], to[24];

	buf_addf(out,
	    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" "
	    "fill=\"%s\"><title>",
	    x, y + 3, w < 2 ? 2 : w, LINE - 6, colour_of(t->rule->phase));
	add_text(out, day_text(from, t->start));
	buf_adds(out, " to ");
	add_text(out, day_text(to, t->end));
	buf_adds(out, ", ");
	add_text(out, t->rule->owner);
	buf_adds(out, "</title></rect>\n");
}

/* The label and the bars of all tasks like this one. */
static void
draw_line(struct buf *out, struct view *v, size_t at)
{
	const struct task *t = v->s->task;
	int y = v->y + (int)(v->lines++) * LINE;
	struct buf title = {0};
	size_t i;

	task_title(&title, &t[at]);
	buf_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", LABEL - 8,
	    y + LINE - 5);
	add_text(out, title.data);
	buf_adds(out, "</text>\n");
	buf_free(&title);
	for (i = at; i < v->s->ntask; i++)
		if (t[i].rule == t[at].rule && t[i].batch == t[at].batch &&
		    is_seen(v, &t[i]))
			bar(out, v, &t[i], y);
}

static void
mark(struct buf *out, const struct view *v, int64_t t, int bottom)
{
	int is_switch = t == v->s->cutover;
	char text[24];
	double x = x_of(v, t);

	buf_addf(out,
	    "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" "
	    "stroke=\"%s\"/>\n<text x=\"%.1f\" y=\"%d\" fill=\"%s\">%.11s"
	    "</text>\n",
	    x, v->y - 4, x, bottom, is_switch ? "#c8553d" : "#ddd", x + 2,
	    is_switch ? v->y - 22 : v->y - 8, is_switch ? "#c8553d" : "#555",
	    is_switch		? "the switch"
		: v->step < DAY ? day_text(text, t) + 5
				: day_text(text, t));
}

static size_t
count_lines(const struct view *v)
{
	size_t i, n = 0;

	for (i = 0; i < v->s->ntask; i++)
		n += is_seen(v, &v->s->task[i]) && is_first(v, i);
	return n;
}

static void
draw(struct buf *out, struct view *v)
{
	int bottom = v->y + (int)count_lines(v) * LINE;
	int64_t t;
	size_t i;

	for (t = v->from; t < v->to; t += v->step)
		mark(out, v, t, bottom);
	mark(out, v, v->s->cutover, bottom);
	for (i = 0; i < v->s->ntask; i++)
		if (is_seen(v, &v->s->task[i]) && is_first(v, i))
			draw_line(out, v, i);
	v->y = bottom;
}

void
gantt(const struct schedule *s, struct buf *out)
{
	struct view whole = {.s = s, .step = WEEK, .y = TOP};
	struct view near = {.s = s, .step = HALF_DAY};
	int high;

	whole.from = s->ntask > 0 ? clock_local(day_of(s->task[0].start), 0)
				  : s->cutover - DAY;
	whole.to = s->cutover + (int64_t)(DAYS_AFTER + 1) * DAY;
	near.from = s->cutover - NEAR_BEFORE;
	near.to = s->cutover + NEAR_AFTER;
	high = 2 * TOP + (int)(count_lines(&whole) + count_lines(&near)) * LINE;
	buf_addf(out,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
	    "height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" "
	    "font-size=\"%d\">\n<title>Migration schedule</title>\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
	    LABEL + WIDE + 80, high + 20, LABEL + WIDE + 80, high + 20, FONT);
	draw(out, &whole);
	near.y = whole.y + TOP;
	draw(out, &near);
	buf_adds(out, "</svg>\n");
}
