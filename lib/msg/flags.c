/* flags.c: sets of flags as one canonical string (RFC 3501 2.3.2). */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"

enum { MANY = 512, LONG = 1000 };

static const char *const system_flags[] = {
    "\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"};

struct word {
	const char *s;
	size_t n;
};

static int
is(const struct word *w, const char *s)
{
	return w->n == strlen(s) && text_ncasecmp(w->s, s, w->n) == 0;
}

static int
next_word(const char **s, const char *end, struct word *w)
{
	while (*s < end && **s == ' ')
		(*s)++;
	w->s = *s;
	while (*s < end && **s != ' ')
		(*s)++;
	w->n = (size_t)(*s - w->s);
	return w->n > 0;
}

static int
by_octets(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int d = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return d != 0 ? d : (x->n > y->n) - (x->n < y->n);
}

int
flag_is_atom(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] > '~' ||
		    strchr("(){%*\"\\]", s[i]) != NULL)
			return 0;
	return n > 0 && n <= LONG;
}

static void
add_word(struct buf *b, const char *s, size_t n)
{
	if (b->len > 0)
		buf_addc(b, ' ');
	buf_add(b, s, n);
}

const char *
flags_canon(struct intern *in, const char *s, size_t n)
{
	struct word keyword[MANY], w;
	size_t i, k = 0;
	unsigned int seen = 0;
	const char *end = s + n, *one;
	struct buf b = {0};

	while (next_word(&s, end, &w)) {
		for (i = 0; i < LENGTH(system_flags); i++)
			if (is(&w, system_flags[i])) {
				seen |= 1u << i;
				break;
			}
		if (i == LENGTH(system_flags) && *w.s != '\\' && k < MANY)
			keyword[k++] = w;
	}
	qsort(keyword, k, sizeof(*keyword), by_octets);
	buf_add(&b, "", 0);
	for (i = 0; i < LENGTH(system_flags); i++)
		if (seen & 1u << i)
			add_word(&b, system_flags[i], strlen(system_flags[i]));
	for (i = 0; i < k; i++)
		if (i == 0 || keyword[i].n != keyword[i - 1].n ||
		    text_ncasecmp(
			keyword[i].s, keyword[i - 1].s, keyword[i].n) != 0)
			add_word(&b, keyword[i].s, keyword[i].n);
	one = intern_str(in, b.data, b.len);
	buf_free(&b);
	return one;
}

static int
has(const char *flags, const struct word *want)
{
	const char *end = flags + strlen(flags);
	struct word w;

	while (next_word(&flags, end, &w))
		if (w.n == want->n && text_ncasecmp(w.s, want->s, w.n) == 0)
			return 1;
	return 0;
}

int
flags_has(const char *flags, const char *flag)
{
	struct word w = {flag, strlen(flag)};

	return has(flags, &w);
}

size_t
flags_minus(struct buf *b, const char *a, const char *but)
{
	const char *end = a + strlen(a);
	struct word w;
	size_t n = 0;

	buf_add(b, "", 0);
	while (next_word(&a, end, &w))
		if (!has(but, &w)) {
			add_word(b, w.s, w.n);
			n++;
		}
	return n;
}

void
flags_allowed(const char *flags, const char *permanent, struct buf *kept,
    struct buf *lost)
{
	const char *end = flags + strlen(flags);
	int any = permanent == NULL || flags_has(permanent, "\\*");
	struct word w;

	buf_add(kept, "", 0);
	buf_add(lost, "", 0);
	while (next_word(&flags, end, &w)) {
		int named = permanent == NULL || has(permanent, &w);
		int good = *w.s == '\\'
		    ? named
		    : (any || named) && flag_is_atom(w.s, w.n);

		add_word(good ? kept : lost, w.s, w.n);
	}
}
