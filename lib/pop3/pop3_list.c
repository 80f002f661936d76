/* pop3_list.c: how many, how large, and what they are called: STAT, LIST and
 * UIDL. */
#include <string.h>

#include "pop3/pop3_p.h"

enum { UID = 255 };

/* A number and what follows its blanks; 0 if the row is no such thing. */
static int
split_row(
    const char *line, size_t n, uint64_t *v, const char **rest, size_t *rest_n)
{
	size_t digits = 0;

	while (digits < n && line[digits] >= '0' && line[digits] <= '9')
		digits++;
	if (digits == 0 || digits == n || !text_u64(line, digits, v))
		return 0;
	*rest = line + digits;
	*rest_n = n - digits;
	while (*rest_n > 0 && **rest == ' ') {
		(*rest)++;
		(*rest_n)--;
	}
	return *rest != line + digits;
}

int
pop3_stat(struct pop3 *p, uint64_t *messages, uint64_t *octets, struct fail *f)
{
	const char *rest;
	size_t n;
	int rc = pop3_command(p, "STAT", f);

	if (rc == 0)
		return pop3_refused(p, "STAT", CODE_PROTO, REACH_ENDPOINT, f);
	if (rc == -1)
		return -1;
	if (!split_row(p->text.data, p->text.len, messages, &rest, &n) ||
	    !text_u64(rest, strspn(rest, "0123456789"), octets))
		return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, "STAT",
		    "no two numbers: %.100s", p->text.data);
	return 0;
}

/* The next row of a listing whose number is above the last one's. */
static int
next_row(struct pop3 *p, uint32_t *number, const char **rest, size_t *n,
    const char *what, struct fail *f)
{
	char *line;
	size_t len;
	uint64_t v;
	int rc;

	if (!p->listing)
		return 0;
	while ((rc = pop3_row(p, &line, &len, f)) == 1) {
		if (!split_row(line, len, &v, rest, n) || v <= p->last)
			continue;
		if (v > POP3_MESSAGES)
			return pop3_fail(p, f, CODE_PROTO, AGAIN_NEVER, what,
			    "more than %d messages", POP3_MESSAGES);
		*number = p->last = (uint32_t)v;
		return 1;
	}
	p->listing = 0;
	return rc;
}

static int
start(struct pop3 *p, const char *command, struct fail *f)
{
	int rc = pop3_command(p, command, f);

	p->last = 0;
	p->listing = rc == 1;
	return rc;
}

int
pop3_list(struct pop3 *p, struct fail *f)
{
	int rc = start(p, "LIST", f);

	if (rc == 0)
		return pop3_refused(p, "LIST", CODE_PROTO, REACH_ENDPOINT, f);
	return rc == 1 ? 0 : -1;
}

int
pop3_list_next(
    struct pop3 *p, uint32_t *number, uint64_t *octets, struct fail *f)
{
	const char *rest;
	size_t n, digits;
	int rc = next_row(p, number, &rest, &n, "LIST", f);

	if (rc != 1)
		return rc;
	/* Some servers add words behind the size. */
	for (digits = 0;
	     digits < n && rest[digits] >= '0' && rest[digits] <= '9';)
		digits++;
	if (!text_u64(rest, digits, octets))
		*octets = 0;
	return 1;
}

int
pop3_uidl(struct pop3 *p, struct fail *f)
{
	if ((p->have & HAVE_CAPA) != 0 && (p->have & HAVE_UIDL) == 0)
		return 0;
	return start(p, "UIDL", f);
}

static int
is_uid(const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && s[i] > ' ' && s[i] < 0x7f; i++)
		;
	return n > 0 && n <= UID && i == n;
}

int
pop3_uidl_next(
    struct pop3 *p, uint32_t *number, const char **uid, struct fail *f)
{
	const char *rest;
	size_t n;
	int rc;

	do {
		rc = next_row(p, number, &rest, &n, "UIDL", f);
		if (rc != 1)
			return rc;
		while (n > 0 && rest[n - 1] == ' ')
			n--;
	} while (!is_uid(rest, n));
	buf_reset(&p->uid);
	buf_add(&p->uid, rest, n);
	*uid = p->uid.data;
	return 1;
}
