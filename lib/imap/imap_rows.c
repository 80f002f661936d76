/* imap_rows.c: what LIST (RFC 3501 7.2.2, 5258) and STATUS (7.2.4) tell of a
 * mailbox. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

static void
take_attribute(struct imap_box *box, const char *p, size_t n)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} bits[] = {{"\\Noselect", BOX_NOSELECT},
	    {"\\NonExistent", BOX_NOSELECT}, {"\\Subscribed", BOX_SUBSCRIBED}};
	size_t i;
	enum role role = role_of_attribute(p, n);

	for (i = 0; i < LENGTH(bits); i++)
		if (n == strlen(bits[i].name) &&
		    text_ncasecmp(p, bits[i].name, n) == 0)
			box->bits |= bits[i].bit;
	if (role != ROLE_NONE)
		box->role = (int)role;
}

/*
 * The name of a mailbox: INBOX in one spelling, nothing else changed.  Servers
 * are known that leave quotes out: then what is left of the line is the name,
 * but for extended data.
 */
static int
take_name(struct wire *w, struct imap_box *box, int to_the_end, struct fail *f)
{
	struct buf name = {0};
	const char *rest;
	size_t n;
	int rc = 1;

	wire_blank(w);
	rest = w->line.data + w->at;
	n = w->line.len - w->at;
	if (to_the_end && n > 0 && *rest != '"' && *rest != '{' &&
	    memmem(rest, n, " (", 2) == NULL) {
		buf_add(&name, rest, n);
		w->at = w->line.len;
	} else if ((rc = wire_string(w, &name, f)) == 0) {
		buf_adds(&name, "NIL"); /* an atom like others, here */
		rc = 1;
	}
	if (rc == 1 &&
	    (name.len > IMAP_NAME || memchr(name.data, '\0', name.len) != NULL))
		rc = WIRE_BAD;
	if (rc == 1) {
		if (name.len == 5 && text_ncasecmp(name.data, "INBOX", 5) == 0)
			memcpy(name.data, "INBOX", 5);
		box->raw = mem_strndup(name.data, name.len);
		box->raw_len = name.len;
	}
	buf_free(&name);
	return rc;
}

/* (attributes) "sep" name [extended items] */
int
row_list(struct wire *w, struct imap_box *box, struct fail *f)
{
	struct buf sep = {0};
	const char *p;
	size_t n;
	int rc;

	wire_blank(w);
	if (!wire_eat(w, '('))
		return WIRE_BAD;
	for (wire_blank(w); !wire_eat(w, ')'); wire_blank(w))
		if ((n = wire_atom(w, &p)) > 0)
			take_attribute(box, p, n);
		else if ((rc = wire_skip(w, f)) != 1)
			return rc;
	wire_blank(w);
	rc = wire_string(w, &sep, f);
	if (rc == 1 && sep.len == 1)
		box->sep = sep.data[0];
	buf_free(&sep);
	return rc < 0 ? rc : take_name(w, box, 1, f);
}

static void
take_counter(struct imap_box *box, const char *p, size_t n, uint64_t v)
{
	static const struct {
		const char *name;
		unsigned int bit;
	} names[] = {{"MESSAGES", BOX_MESSAGES}, {"UIDNEXT", BOX_UIDNEXT},
	    {"UIDVALIDITY", BOX_UIDVALIDITY}, {"UNSEEN", BOX_UNSEEN},
	    {"SIZE", BOX_SIZE}, {"HIGHESTMODSEQ", BOX_MODSEQ}};
	uint64_t *const wide[] = {
	    &box->messages, NULL, NULL, &box->unseen, &box->size, &box->modseq};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (n == strlen(names[i].name) &&
		    text_ncasecmp(p, names[i].name, n) == 0)
			break;
	/* A UIDNEXT or UIDVALIDITY of 0 is none (RFC 3501 2.3.1.1). */
	if (i == LENGTH(names) ||
	    (wide[i] == NULL && (v == 0 || v > UINT32_MAX)))
		return;
	box->bits |= names[i].bit;
	if (wide[i] != NULL)
		*wide[i] = v;
	else if (names[i].bit == BOX_UIDNEXT)
		box->uidnext = (uint32_t)v;
	else
		box->uidvalidity = (uint32_t)v;
}

int
row_status(struct wire *w, struct imap_box *box, struct fail *f)
{
	const char *p;
	uint64_t v;
	size_t n;
	int rc;

	if ((rc = take_name(w, box, 0, f)) != 1)
		return rc;
	box->bits = BOX_STATUS;
	wire_blank(w);
	if (!wire_eat(w, '('))
		return WIRE_BAD;
	for (wire_blank(w); (n = wire_atom(w, &p)) > 0; wire_blank(w)) {
		char word[32];

		/* A literal takes the line away, and p with it. */
		(void)snprintf(word, sizeof(word), "%.*s", (int)n, p);
		wire_blank(w);
		if (wire_number(w, &v))
			take_counter(box, word, strlen(word), v);
		else if ((rc = wire_skip(w, f)) != 1)
			return rc;
	}
	return wire_eat(w, ')') ? 1 : WIRE_BAD;
}
