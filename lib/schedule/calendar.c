/* calendar.c: the schedule as iCalendar (RFC 5545), an event a task. */
#include <string.h>

#include "msg/msg.h"
#include "schedule/schedule_p.h"

enum { OCTETS = 75 }; /* a line's at most, 3.1 */

/* A content line, folded between characters. */
static void
content(struct buf *out, const char *s)
{
	size_t n = strlen(s), used = 0, len;
	uint32_t point;

	while (n > 0) {
		len = text_utf8_char(s, n, &point);
		if (len == 0)
			len = 1;
		if (used + len > OCTETS) {
			buf_adds(out, "\r\n ");
			used = 1;
		}
		buf_add(out, s, len);
		used += len;
		s += len;
		n -= len;
	}
	buf_adds(out, "\r\n");
}

/* TEXT, 3.3.11. */
static void
add_value(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '\\' || *s == ';' || *s == ',')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
}

static void
add_part(
    struct buf *b, const char *name, const struct task *t, const char *text)
{
	struct buf value = {0};

	if (*text == '\0')
		return;
	task_text(&value, t, text);
	buf_addf(b, "%s: ", name);
	add_value(b, value.data);
	buf_adds(b, "\\n");
	buf_free(&value);
}

static void
add_instant(struct buf *out, const char *name, int64_t t)
{
	char text[CLOCK_TEXT];
	const char *p;

	buf_addf(out, "%s:", name);
	for (p = clock_format(text, t); *p != '\0'; p++)
		if (*p != '-' && *p != ':')
			buf_addc(out, *p);
	buf_adds(out, "\r\n");
}

/* The same for the same task of another date, so that a calendar moves it. */
static void
add_uid(struct buf *out, const struct schedule *s, size_t at)
{
	const struct task *t = &s->task[at];
	struct buf b = {0};
	uint8_t sum[32];
	char hex[33];
	size_t i, n = 0;

	for (i = 0; i < at; i++)
		n += s->task[i].rule == t->rule && s->task[i].batch == t->batch;
	buf_addf(&b, "%s\n%s\n%s\n%zu", t->rule->phase, t->rule->task,
	    t->batch != NULL ? t->batch->name : "", n);
	msg_sha256(sum, b.data, b.len);
	text_hex(hex, sum, 16);
	buf_addf(out, "UID:%s@mbx-plan\r\n", hex);
	buf_free(&b);
}

static void
event(struct buf *out, const struct schedule *s, size_t at)
{
	const struct task *t = &s->task[at];
	struct buf line = {0}, title = {0};

	task_title(&title, t);
	buf_adds(out, "BEGIN:VEVENT\r\n");
	add_uid(out, s, at);
	add_instant(out, "DTSTAMP", s->cutover);
	add_instant(out, "DTSTART", t->start);
	add_instant(out, "DTEND", t->end);
	buf_adds(&line, "SUMMARY:");
	add_value(&line, title.data);
	content(out, line.data);
	buf_reset(&line);
	buf_adds(&line, "DESCRIPTION:");
	add_part(&line, "Owner", t, t->rule->owner);
	add_part(&line, "Command", t, t->rule->command);
	add_part(&line, "Gate", t, t->rule->gate);
	add_part(&line, "Rollback", t, t->rule->rollback);
	content(out, line.data);
	buf_reset(&line);
	buf_addf(&line, "CATEGORIES:%s", t->rule->phase);
	content(out, line.data);
	buf_adds(out, "END:VEVENT\r\n");
	buf_free(&line);
	buf_free(&title);
}

void
calendar(const struct schedule *s, struct buf *out)
{
	size_t i;

	buf_adds(out,
	    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"
	    "PRODID:-//mbx//mbx-plan//EN\r\nCALSCALE:GREGORIAN\r\n"
	    "METHOD:PUBLISH\r\n");
	for (i = 0; i < s->ntask; i++)
		event(out, s, i);
	buf_adds(out, "END:VCALENDAR\r\n");
}
