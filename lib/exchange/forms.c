/* forms.c: the lists of other tools, line by line or row by row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_p.h"

static int
wrong(struct fail *f, const char *why)
{
	return fail_set(
	    f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "import", "%s", why);
}

/* ---- lines into fields, in place ---- */

enum quoting { SHELL, CSV };

/*
 * The number of fields, the first `most` of them in field; 0: a quote has no
 * end.
 */
static size_t
split(char *s, char sep, enum quoting q, char **field, size_t most)
{
	char *to = s;
	size_t n = 0;
	int end, quoted;

	do {
		quoted = q == CSV && *s == '"';
		s += quoted;
		if (n < most)
			field[n] = to;
		n++;
		for (; *s != '\0' && (quoted || *s != sep); s++) {
			if (quoted && *s == '"' && *++s != '"') {
				quoted = 0;
				s--;
				continue;
			}
			if (q == SHELL && *s == '\\' && s[1] != '\0')
				s++;
			*to++ = *s;
		}
		if (quoted)
			return 0;
		end = *s++ == '\0';
		*to++ = '\0';
	} while (!end);
	return n;
}

/* Words by blanks, or in "": 0 where a quote has no end. */
static int
quoted_words(char *s, char **word, size_t most, size_t *n)
{
	for (*n = 0;; (*n)++) {
		size_t len;
		int quoted;

		s += strspn(s, " \t");
		if (*s == '\0')
			return 1;
		quoted = *s == '"';
		s += quoted;
		len = strcspn(s, quoted ? "\"" : " \t");
		if (quoted && s[len] == '\0')
			return 0;
		if (*n < most)
			word[*n] = s;
		s += len;
		if (*s != '\0')
			*s++ = '\0';
	}
}

static int
is_blank(const char *s)
{
	return *s == '#' || s[strspn(s, " \t")] == '\0';
}

/* ---- imapsync: host1;user1;password1;host2;user2;password2;options ---- */

/* As its sync_loop_unix.sh reads it: a \ takes the next character as it is. */
static int
imapsync_line(struct import *im, char *s, struct told *t, struct fail *f)
{
	char *field[7], empty[1] = "";
	size_t n, i;

	if (is_blank(s))
		return 0;
	field[6] = empty;
	n = split(s, ';', SHELL, field, LENGTH(field));
	if (n < 6)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "import", "%zu fields, imapsync's list has six or seven",
		    n);
	for (i = 0; i < SIDES; i++) {
		t->side[i].host = field[3 * i];
		t->side[i].user = field[3 * i + 1];
		t->side[i].password = field[3 * i + 2];
	}
	t->account = field[1];
	return list_options(t, field[6], im, f) == -1 ? -1 : 1;
}

/* ---- imapcopy: settings, and "Copy user password user password" ---- */

static int
imapcopy_setting(struct import *im, char **word, size_t n, struct fail *f)
{
	static const char *const names[] = {
	    "sourceserver", "destserver", "sourceport", "destport"};
	char **to;
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (text_casecmp(word[0], names[i]) == 0)
			break;
	if (i == LENGTH(names)) {
		im->count.ignored++;
		return 0;
	}
	if (n != 2)
		return wrong(f, "a server or a port, and no more");
	to = i < SIDES ? &im->host[i] : &im->port[i - SIDES];
	free(*to);
	*to = mem_strdup(word[1]);
	return 0;
}

static int
imapcopy_line(struct import *im, char *s, struct told *t, struct fail *f)
{
	char *word[5] = {s};
	size_t n, i;

	if (is_blank(s))
		return 0;
	if (!quoted_words(s, word, LENGTH(word), &n))
		return wrong(f, "a quote has no end");
	if (text_casecmp(word[0], "copy") != 0)
		return imapcopy_setting(im, word, n, f);
	if (n != 5)
		return wrong(f, "Copy wants user, password, user, password");
	for (i = 0; i < SIDES; i++) {
		t->side[i].host = im->host[i];
		t->side[i].port = im->port[i] != NULL ? im->port[i] : "143";
		t->side[i].user = word[2 * i + 1];
		t->side[i].password = word[2 * i + 2];
		if (im->host[i] == NULL)
			return wrong(
			    f, "SourceServer and DestServer come before Copy");
	}
	t->account = word[1];
	return 1;
}

/* ---- triples, and names alone ---- */

/* Kerio: user@domain;password;Full Name */
static int
kerio_line(struct import *im, char *s, struct told *t, struct fail *f)
{
	char *field[3], empty[1] = "";
	size_t n;

	(void)im;
	if (is_blank(s))
		return 0;
	field[2] = empty;
	n = split(s, ';', CSV, field, LENGTH(field));
	if (n != 2 && n != 3)
		return wrong(f, "Kerio's list is user;password;Full Name");
	t->account = t->side[SOURCE].user = t->side[TARGET].user = field[0];
	t->side[SOURCE].password = field[1];
	t->name = field[2];
	return 1;
}

/* Synology MailPlus: source,password,target */
static int
synology_line(struct import *im, char *s, struct told *t, struct fail *f)
{
	char *field[3];

	(void)im;
	if (is_blank(s))
		return 0;
	if (split(s, ',', CSV, field, LENGTH(field)) != 3)
		return wrong(f, "Synology's list is source,password,target");
	t->account = t->side[SOURCE].user = field[0];
	t->side[SOURCE].password = field[1];
	t->side[TARGET].user = field[2];
	return 1;
}

/* doveadm user '*': a user a line */
static int
doveadm_line(struct import *im, char *s, struct told *t, struct fail *f)
{
	(void)im;
	if (is_blank(s))
		return 0;
	if (s[strcspn(s, " \t")] != '\0')
		return wrong(f, "a user a line, as doveadm user '*' prints it");
	t->account = t->side[SOURCE].user = t->side[TARGET].user = s;
	return 1;
}

/* Microsoft 365, an IMAP batch */
static int
m365_fields(char *field[4], struct told *t, struct fail *f)
{
	if (*field[3] != '\0')
		return fail_set(f, CODE_CONFIG, REACH_MESSAGE, AGAIN_NEVER,
		    "UserRoot",
		    "a path on the source server: name what it is to be with "
		    "mbx-map --rules, and leave it empty");
	t->account = t->side[TARGET].user = field[0];
	t->side[SOURCE].user = field[1];
	t->side[SOURCE].password = field[2];
	return 1;
}

static const struct form forms[] = {
    {.name = "imapsync", .line = imapsync_line},
    {.name = "m365",
	.fields = m365_fields,
	.columns = "EmailAddress UserName Password UserRoot",
	.needs = 3,
	.templates = 1},
    {.name = "imapcopy", .line = imapcopy_line},
    {.name = "kerio", .line = kerio_line, .templates = 1},
    {.name = "synology", .line = synology_line, .templates = 1},
    {.name = "doveadm", .line = doveadm_line, .templates = 1},
};

const struct form *
form_find(const char *name, struct fail *f)
{
	size_t i;

	for (i = 0; i < LENGTH(forms); i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	(void)fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--import is imapsync, m365, imapcopy, kerio, synology or doveadm, "
	    "not '%s'",
	    name);
	return NULL;
}
