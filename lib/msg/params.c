/* params.c: parameters of MIME fields, RFC 2045 5.1 and RFC 2231. */
#include <stdio.h>
#include <string.h>

#include "msg/msg_p.h"

struct param {
	const char *name;
	size_t name_len;
	struct buf value; /* without quotes */
};

static size_t
skip(const char *s, size_t n)
{
	int depth = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (s[i] == '(')
			depth++;
		else if (s[i] == ')' && depth > 0)
			depth--;
		else if (depth == 0 && s[i] != ' ' && s[i] != ';')
			break;
	}
	return i;
}

/* The next parameter after the first word; 1 or 0. */
static int
param_next(struct param *p, const char **s, size_t *n)
{
	const char *from = *s + skip(*s, *n), *end = *s + *n, *at;
	int quoted = 0;

	if (from == end)
		return 0;
	for (at = from; at < end && *at != '=' && *at != ';'; at++)
		;
	p->name = from;
	p->name_len = (size_t)(at - from);
	while (p->name_len > 0 && from[p->name_len - 1] == ' ')
		p->name_len--;
	buf_reset(&p->value);
	buf_add(&p->value, "", 0);
	if (at < end && *at == '=')
		for (at++; at < end && *at == ' '; at++)
			;
	for (; at < end && (quoted || *at != ';'); at++)
		if (*at == '"')
			quoted = !quoted;
		else {
			at += quoted && *at == '\\' && at + 1 < end;
			buf_addc(&p->value, *at);
		}
	while (p->value.len > 0 && p->value.data[p->value.len - 1] == ' ')
		p->value.data[--p->value.len] = '\0';
	*n = (size_t)(end - at);
	*s = at;
	return 1;
}

/* charset'language'text, or the text alone; % and two digits is an octet. */
static void
add_extended(struct buf *out, const char *s, size_t n, int first)
{
	const char *end = s + n, *quote = first ? memchr(s, '\'', n) : NULL;
	uint8_t c;

	if (quote != NULL) {
		quote = memchr(quote + 1, '\'', (size_t)(end - quote - 1));
		s = quote != NULL ? quote + 1 : s;
	}
	for (; s < end; s++)
		if (*s == '%' && end - s > 2 && text_unhex(&c, 1, s + 1)) {
			buf_addc(out, (char)c);
			s += 2;
		} else
			buf_addc(out, *s);
}

/* name, a part of it (-1 is none) and whether it is extended. */
static int
param_is(const struct param *p, const char *name, int part, int extended)
{
	char want[64];
	int n = part < 0
	    ? snprintf(want, sizeof(want), "%s%s", name, extended ? "*" : "")
	    : snprintf(want, sizeof(want), "%s*%d%s", name, part,
		  extended ? "*" : "");

	return p->name_len == (size_t)n &&
	    text_ncasecmp(p->name, want, p->name_len) == 0;
}

/* The first parameter of that very form. */
static int
find(struct buf *out, const char *s, size_t n, const char *name, int part,
    int extended)
{
	struct param p = {0};
	int found = 0;

	while (!found && param_next(&p, &s, &n))
		found = param_is(&p, name, part, extended);
	if (found && extended)
		add_extended(out, p.value.data, p.value.len, part <= 0);
	else if (found)
		buf_add(out, p.value.data, p.value.len);
	buf_free(&p.value);
	return found;
}

int
param_value(struct buf *out, const char *s, size_t n, const char *name)
{
	const char *semi = memchr(s, ';', n);
	int part = 0;

	if (semi == NULL)
		return 0;
	n -= (size_t)(semi - s);
	if (find(out, semi, n, name, -1, 1))
		return 1;
	while (part < PARAM_PARTS &&
	    (find(out, semi, n, name, part, 1) ||
		find(out, semi, n, name, part, 0)))
		part++;
	return part > 0 || find(out, semi, n, name, -1, 0);
}
