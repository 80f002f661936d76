/*
 * import_options.c: what a line of imapsync's list says beside the log-ins,
 * its seventh field: options of imapsync.
 */
#include <string.h>

#include "exchange/exchange_p.h"

static const struct flag {
	const char *name;
	unsigned int wants;
} flags[] = {
    {"ssl", WANTS_SSL},
    {"tls", WANTS_TLS},
    {"nossl", WANTS_NO_SSL},
    {"notls", WANTS_NO_TLS},
};
static const struct value {
	const char *name;
	size_t at;
} values[] = {
    {"password", offsetof(struct login, password)},
    {"port", offsetof(struct login, port)},
    {"authuser", offsetof(struct login, admin)},
    {"authmech", offsetof(struct login, auth)},
    {"passfile", offsetof(struct login, passfile)},
};

static char *
next_word(char **s)
{
	char *word = *s + strspn(*s, " \t");

	if (*word == '\0')
		return NULL;
	*s = word + strcspn(word, " \t");
	if (**s != '\0')
		*(*s)++ = '\0';
	return word;
}

/* The side that an option ends in, its name, and what stands behind a =. */
static int
option_read(char *word, struct buf *name, char **value)
{
	size_t n = strcspn(word, "=");

	*value = word[n] == '=' ? word + n + 1 : NULL;
	if (n < 4 || strncmp(word, "--", 2) != 0)
		return -1;
	buf_reset(name);
	buf_add(name, word + 2, n - 3);
	return word[n - 1] == '1' ? SOURCE : word[n - 1] == '2' ? TARGET : -1;
}

static int
is_flag(struct login *l, const char *name)
{
	size_t i;

	for (i = 0; i < LENGTH(flags); i++)
		if (strcmp(flags[i].name, name) == 0) {
			l->wants |= flags[i].wants;
			return 1;
		}
	return 0;
}

static const char **
value_of(struct login *l, const char *name)
{
	size_t i;

	for (i = 0; i < LENGTH(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return (
			    const char **)(void *)((char *)l + values[i].at);
	return NULL;
}

/*
 * An option that no column says is kept, for whoever goes back to imapsync;
 * but none that may hold a secret.
 */
static int
keep(struct told *t, const char *word, struct import *im, struct fail *f)
{
	size_t n = strcspn(word, "=");

	if (memmem(word, n, "pass", 4) != NULL ||
	    memmem(word, n, "oauth", 5) != NULL)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "options", "%.*s: a secret goes into --passfile1 or 2",
		    (int)n, word);
	if (t->rest.len > 0)
		buf_addc(&t->rest, ' ');
	buf_adds(&t->rest, word);
	im->count.ignored += strncmp(word, "--", 2) == 0;
	return 0;
}

int
list_options(struct told *t, char *s, struct import *im, struct fail *f)
{
	struct buf name = {0};
	const char **to;
	char *word, *value;
	int rc = 0, side;

	while (rc == 0 && (word = next_word(&s)) != NULL) {
		side = option_read(word, &name, &value);
		if (side != -1 && value == NULL &&
		    is_flag(&t->side[side], name.data))
			continue;
		to = side == -1 ? NULL : value_of(&t->side[side], name.data);
		if (to == NULL)
			rc = keep(t, word, im, f);
		else if ((*to = value != NULL ? value : next_word(&s)) == NULL)
			rc = fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
			    "options", "--%s%d has no value", name.data,
			    side + 1);
	}
	buf_free(&name);
	return rc;
}
