/*
 * imap_ahead.c: commands whose answers are not waited for at once, so that
 * many mailboxes cost one round trip.  The call that they are for takes the
 * answers; what was not taken is read away before another command goes.
 */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

static void
free_first(struct imap *im)
{
	struct ahead *a = im->ahead.first;

	im->ahead.first = a->next;
	if (a->next == NULL)
		im->ahead.tail = &im->ahead.first;
	free(a->data);
	free(a);
}

void
ahead_free(struct imap *im)
{
	while (im->ahead.first != NULL)
		free_first(im);
	while (im->ahead.made_n > 0)
		free(im->ahead.made[--im->ahead.made_n]);
	free(im->ahead.made);
	buf_free(&im->ahead.in);
}

void
ahead_add(struct imap *im, enum ahead_kind kind, uint32_t arg, const void *data,
    size_t n, uint32_t first)
{
	struct ahead *a = mem_alloc(sizeof(*a));

	a->kind = kind;
	a->arg = arg;
	a->data = n > 0 ? mem_alloc(n) : NULL;
	if (n > 0)
		memcpy(a->data, data, n);
	a->n = n;
	a->first = first;
	a->last = im->tag;
	*im->ahead.tail = a;
	im->ahead.tail = &a->next;
}

/* Nobody takes the answer of the first: what it tells for later is kept. */
static void
leave_first(struct imap *im)
{
	const struct ahead *a = im->ahead.first;

	if (a->kind == AHEAD_SELECT)
		im->ahead.moved = 1;
	if (a->kind == AHEAD_CREATE && a->answer == ANSWER_OK) {
		im->ahead.made = mem_resize(im->ahead.made,
		    im->ahead.made_n + 1, sizeof(*im->ahead.made));
		im->ahead.made[im->ahead.made_n++] = mem_strndup(a->data, a->n);
	}
	free_first(im);
}

int
ahead_was_made(struct imap *im, const char *raw, size_t n)
{
	char **made = im->ahead.made;
	size_t i;

	for (i = 0; i < im->ahead.made_n; i++)
		if (strlen(made[i]) == n && memcmp(made[i], raw, n) == 0) {
			free(made[i]);
			made[i] = made[--im->ahead.made_n];
			return 1;
		}
	return 0;
}

int
ahead_take(struct imap *im, enum ahead_kind kind, uint32_t arg,
    const void *data, size_t n, uint32_t *first, uint32_t *last)
{
	const struct ahead *a;

	while ((a = im->ahead.first) != NULL && a->answered)
		leave_first(im);
	if (a == NULL || a->begun || a->kind != kind || a->arg != arg ||
	    a->n != n || (n > 0 && memcmp(a->data, data, n) != 0))
		return 0;
	*first = a->first;
	*last = a->last;
	free_first(im);
	return 1;
}

int
ahead_selects(const struct imap *im)
{
	const struct ahead *a = im->ahead.first;

	while (a != NULL && a->kind != AHEAD_SELECT)
		a = a->next;
	return a != NULL || im->ahead.moved;
}

void
ahead_answered(struct imap *im, uint32_t tag, enum answer answer)
{
	struct ahead *a = im->ahead.first;

	while (a != NULL && (tag < a->first || tag > a->last))
		a = a->next;
	if (a == NULL)
		return;
	a->answer = answer;
	a->begun = 1;
	a->answered = tag == a->last;
}

int
ahead_drop(struct imap *im, struct fail *f)
{
	struct reply r;

	if (im->ahead.first == NULL)
		return 0;
	if (fetch_drop(im, f) == -1)
		return -1;
	while (im->ahead.first != NULL) {
		if (im->ahead.first->answered) {
			leave_first(im);
			continue;
		}
		if (imap_reply(im, &r, f) == -1 || imap_skip(im, &r, f) == -1)
			return -1;
	}
	return 0;
}

int
ahead_return(struct imap *im, struct fail *f)
{
	struct imap_selected sel;
	uint32_t was = im->ahead.validity;
	char *raw;
	size_t n = im->ahead.in.len;
	int rc;

	if (!im->ahead.moved || n == 0)
		return 0;
	raw = mem_strndup(im->ahead.in.data, n);
	rc = imap_select(im, raw, n, im->ahead.write, &sel, f);
	free(raw);
	if (rc == 0 && sel.uidvalidity != was)
		return imap_fail(im, f, CODE_UIDVALIDITY, REACH_FOLDER,
		    AGAIN_LATER, "select",
		    "the UIDVALIDITY is another one all at once");
	return rc;
}
