/* flags.c: sets of flags as one canonical string (RFC 3501 2.3.2). */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"

/* A set of up to FEW keywords needs no memory of its own. */
enum { FEW = 32, FLAG_MAX = 1000 };

static const char *const system_flags[] = {
    "\\Seen", "\\Answered", "\\Flagged", "\\Deleted", "\\Draft"};

struct word {
	const char *s;
	size_t n;
};
struct words {
	struct word few[FEW], *list;
	size_t n, room;
};

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
is(const struct word *w, const char *s)
{
	return w->n == strlen(s) && text_ncasecmp(w->s, s, w->n) == 0;
}

/* Its place among the system flags, or their number. */
static size_t
system_flag(const struct word *w)
{
	size_t i;

	for (i = 0; i < LENGTH(system_flags); i++)
		if (is(w, system_flags[i]))
			break;
	return i;
}

static void
words_add(struct words *ws, const struct word *w)
{
	if (ws->list == NULL) {
		ws->list = ws->few;
		ws->room = FEW;
	}
	if (ws->n == ws->room) {
		struct word *more = mem_array(ws->room, 2 * sizeof(*more));

		memcpy(more, ws->list, ws->n * sizeof(*more));
		if (ws->list != ws->few)
			free(ws->list);
		ws->list = more;
		ws->room *= 2;
	}
	ws->list[ws->n++] = *w;
}

static void
words_free(struct words *ws)
{
	if (ws->list != ws->few)
		free(ws->list);
}

static int
by_octets(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int d = memcmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return d != 0 ? d : (x->n > y->n) - (x->n < y->n);
}

static int
by_letters(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int d = text_ncasecmp(x->s, y->s, x->n < y->n ? x->n : y->n);

	return d != 0 ? d : (x->n > y->n) - (x->n < y->n);
}

/* Equal but for case first, then by octet: which one stays is no accident. */
static int
by_both(const void *a, const void *b)
{
	int d = by_letters(a, b);

	return d != 0 ? d : by_octets(a, b);
}

static void
sort_unique(struct words *ws)
{
	size_t i, k = 0;

	if (ws->n < 2)
		return;
	qsort(ws->list, ws->n, sizeof(*ws->list), by_both);
	for (i = 0; i < ws->n; i++)
		if (i == 0 || by_letters(&ws->list[i], &ws->list[k - 1]) != 0)
			ws->list[k++] = ws->list[i];
	ws->n = k;
	qsort(ws->list, ws->n, sizeof(*ws->list), by_octets);
}

int
flag_is_atom(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if ((unsigned char)s[i] <= ' ' || (unsigned char)s[i] > '~' ||
		    strchr("(){%*\"\\]", s[i]) != NULL)
			return 0;
	return n > 0 && n <= FLAG_MAX;
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
	struct words keywords = {.list = NULL};
	struct word w;
	unsigned int seen = 0;
	const char *end = s + n, *one;
	struct buf b = {0};
	size_t i;

	while (next_word(&s, end, &w))
		if ((i = system_flag(&w)) < LENGTH(system_flags))
			seen |= 1u << i;
		else if (!is(&w, "\\Recent"))
			words_add(&keywords, &w);
	sort_unique(&keywords);
	buf_add(&b, "", 0);
	for (i = 0; i < LENGTH(system_flags); i++)
		if (seen & 1u << i)
			add_word(&b, system_flags[i], strlen(system_flags[i]));
	for (i = 0; i < keywords.n; i++)
		add_word(&b, keywords.list[i].s, keywords.list[i].n);
	one = intern_str(in, b.data, b.len);
	buf_free(&b);
	words_free(&keywords);
	return one;
}

int
flags_has(const char *flags, const char *flag)
{
	const char *end = flags + strlen(flags);
	struct word w;

	while (next_word(&flags, end, &w))
		if (is(&w, flag))
			return 1;
	return 0;
}

/* Sorted for has(): both sides may be as long as a server's line. */
static void
words_split(struct words *ws, const char *flags)
{
	const char *end = flags + strlen(flags);
	struct word w;

	while (next_word(&flags, end, &w))
		words_add(ws, &w);
	if (ws->n > 1)
		qsort(ws->list, ws->n, sizeof(w), by_letters);
}

static int
has(const struct words *ws, const struct word *w)
{
	return ws->n > 0 &&
	    bsearch(w, ws->list, ws->n, sizeof(*w), by_letters) != NULL;
}

size_t
flags_minus(struct buf *b, const char *a, const char *but)
{
	const char *end = a + strlen(a);
	struct words without = {.list = NULL};
	struct word w;
	size_t n = 0;

	words_split(&without, but);
	buf_add(b, "", 0);
	while (next_word(&a, end, &w))
		if (!has(&without, &w)) {
			add_word(b, w.s, w.n);
			n++;
		}
	words_free(&without);
	return n;
}

void
flags_allowed(const char *flags, const char *permanent, struct buf *kept,
    struct buf *lost)
{
	const char *end = flags + strlen(flags);
	struct words named = {.list = NULL};
	int any = permanent == NULL || flags_has(permanent, "\\*");
	struct word w;

	words_split(&named, permanent != NULL ? permanent : "");
	buf_add(kept, "", 0);
	buf_add(lost, "", 0);
	while (next_word(&flags, end, &w)) {
		size_t sys = system_flag(&w);
		int good = has(&named, &w);

		if (sys < LENGTH(system_flags))
			good = good || permanent == NULL;
		else if (*w.s != '\\')
			good = (good || any) && flag_is_atom(w.s, w.n);
		add_word(good ? kept : lost, w.s, w.n);
	}
	words_free(&named);
}
