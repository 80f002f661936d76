/* zone_lex.c: a zone's text as words, each with its place. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "zone/zone_p.h"

int
zone_bad(struct fail *f, size_t line_no, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "zone",
	    "line %zu: %s", line_no, why);
}

/* The end of the word at `at`; 0 where a quote has none. */
static size_t
word_end(const char *s, size_t n, size_t at)
{
	int quoted = 0;

	for (; at < n; at++) {
		if (s[at] == '\\' && at + 1 < n && s[at + 1] != '\n')
			at++;
		else if (s[at] == '\n')
			return quoted ? 0 : at;
		else if (s[at] == '"') {
			if (quoted)
				return at + 1;
			quoted = 1;
		} else if (!quoted && strchr(" \t\r;()", s[at]) != NULL)
			return at;
	}
	return quoted ? 0 : n;
}

static void
add_word(struct words *w, size_t at, size_t end)
{
	if ((w->n & (w->n - 1)) == 0)
		w->word =
		    mem_resize(w->word, w->n ? 2 * w->n : 1, sizeof(*w->word));
	w->word[w->n++] = (struct span){at, end - at};
}

int
words_next(const char *text, size_t n, size_t *at, size_t *line_no,
    struct words *w, struct fail *f)
{
	size_t i = *at, end, depth = 0;

	if (i >= n)
		return 0;
	w->n = 0;
	w->line_no = *line_no;
	w->line.at = i;
	w->blank_owner = strchr(" \t", text[i]) != NULL;
	while (i < n && (text[i] != '\n' || depth > 0)) {
		char c = text[i];

		if (c == '\0' || w->n > WORDS_MAX)
			return zone_bad(f, *line_no, "this is no zone's text");
		if (c == ';') {
			while (i < n && text[i] != '\n')
				i++;
			continue;
		}
		if (c == '\n')
			(*line_no)++;
		if (c == '(')
			depth++;
		if (c == ')' && depth-- == 0)
			return zone_bad(f, *line_no, "a ) without its (");
		if (strchr(" \t\r\n()", c) != NULL) {
			i++;
			continue;
		}
		if ((end = word_end(text, n, i)) == 0)
			return zone_bad(f, *line_no, "a quote has no end");
		add_word(w, i, end);
		i = end;
	}
	if (depth > 0)
		return zone_bad(f, w->line_no, "a ( without its )");
	if (i < n) {
		i++;
		(*line_no)++;
	}
	w->line.n = i - w->line.at;
	*at = i;
	return 1;
}

/* 3600, 1h, 1h30m, 2W (BIND's units). */
int
ttl_parse(const char *s, size_t n, uint32_t *ttl)
{
	static const char units[] = "smhdw";
	static const uint64_t each[] = {1, 60, 3600, 86400, 604800};
	uint64_t sum = 0, v = 0;
	size_t i, digits = 0;

	if (n == 0 || !isdigit((unsigned char)s[0]))
		return 0;
	for (i = 0; i < n; i++) {
		const char *unit;

		if (isdigit((unsigned char)s[i])) {
			v = 10 * v + (uint64_t)(s[i] - '0');
			if (++digits > 10)
				return 0;
			continue;
		}
		unit = s[i] ? strchr(units, text_lower(s[i])) : NULL;
		if (unit == NULL || digits == 0)
			return 0;
		sum += v * each[unit - units];
		v = digits = 0;
	}
	sum += v;
	if (sum > INT32_MAX)
		return 0;
	*ttl = (uint32_t)sum;
	return 1;
}
