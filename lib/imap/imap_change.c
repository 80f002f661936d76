/* imap_change.c: changes of messages in the mailbox selected. */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

/* ---- UID COMMAND set rest ---- */

/* All of them, in as many commands as it takes, one behind the other. */
static int
say_sets(struct imap *im, const char *command, const uint32_t *uids, size_t n,
    const char *rest, struct fail *f)
{
	size_t i = 0;

	while (i < n)
		if (imap_begin_ahead(im, f) == -1 ||
		    imap_say(im, f, "UID %s ", command) == -1 ||
		    imap_set(im, uids, n, &i, f) == -1 ||
		    imap_out(im, rest, strlen(rest), f) == -1 ||
		    imap_end(im, f) == -1)
			return -1;
	return 0;
}

/* What tells one of them from others, see ahead_add. */
static void
key_of(struct buf *key, const char *command, const uint32_t *uids, size_t n,
    const char *rest)
{
	buf_addf(key, "%s%s", command, rest);
	buf_add(key, (const char *)uids, n * sizeof(*uids));
}

static int
ahead_sets(struct imap *im, const char *command, const uint32_t *uids, size_t n,
    const char *rest, struct fail *f)
{
	uint32_t first = im->tag + 1;
	struct buf key = {0};

	/* It would be done in whatever mailbox that is. */
	if (ahead_selects(im))
		return 0;
	if (say_sets(im, command, uids, n, rest, f) == -1)
		return -1;
	key_of(&key, command, uids, n, rest);
	ahead_add(im, AHEAD_CHANGE, 0, key.data, key.len, first);
	buf_free(&key);
	return 1;
}

/* Says them, or has said them: the tags. */
static int
begin_sets(struct imap *im, const char *command, const uint32_t *uids, size_t n,
    const char *rest, uint32_t *first, uint32_t *last, struct fail *f)
{
	struct buf key = {0};
	int taken;

	key_of(&key, command, uids, n, rest);
	taken = ahead_take(im, AHEAD_CHANGE, 0, key.data, key.len, first, last);
	buf_free(&key);
	if (taken)
		return 0;
	if (imap_quiet(im, f) == -1)
		return -1;
	*first = im->tag + 1;
	if (say_sets(im, command, uids, n, rest, f) == -1)
		return -1;
	*last = im->tag;
	return 0;
}

static int
each_set(struct imap *im, const char *command, const uint32_t *uids, size_t n,
    const char *rest, enum code otherwise, struct fail *f)
{
	uint32_t first, last, left;
	struct reply r;
	int rc = 0;

	if (n == 0)
		return 0;
	if (begin_sets(im, command, uids, n, rest, &first, &last, f) == -1)
		return -1;
	for (left = last - first + 1; left > 0;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag >= first && r.tag <= last) {
			left--; /* in whatever order */
			if (r.answer != ANSWER_OK && rc == 0)
				rc = imap_refused(im, r.answer, command,
				    otherwise, REACH_MESSAGE, f);
		} else if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	return rc;
}

/* ---- flags ---- */

int
imap_ahead_store(struct imap *im, const uint32_t *uids, size_t n, char sign,
    const char *flags, struct fail *f)
{
	struct fail ignored = {0};
	char *rest;
	int rc;

	if (imap_flags(im, flags, &ignored) == -1)
		return 0; /* the call to come tells it */
	rest = mem_printf(" %cFLAGS.SILENT (%s)", sign, flags);
	rc = ahead_sets(im, "STORE", uids, n, rest, f);
	free(rest);
	return rc;
}

int
imap_store(struct imap *im, const uint32_t *uids, size_t n, char sign,
    const char *flags, struct fail *f)
{
	char *rest;
	int rc;

	if (imap_flags(im, flags, f) == -1)
		return -1;
	rest = mem_printf(" %cFLAGS.SILENT (%s)", sign, flags);
	rc = each_set(im, "STORE", uids, n, rest, CODE_FLAG, f);
	free(rest);
	return rc;
}

int
imap_expunge(struct imap *im, const uint32_t *uids, size_t n, struct fail *f)
{
	return each_set(im, "EXPUNGE", uids, n, "", CODE_AUTH, f);
}

/* ---- copies ---- */

/* [COPYUID validity from to] */
static void
copied_to(const struct imap *im, const uint32_t *uids, uint32_t *to, size_t n)
{
	const char *p, *from;
	size_t i;

	if (!imap_code(im, "COPYUID", &p))
		return;
	p += strcspn(p, " ]");
	from = p += strspn(p, " ");
	p += strcspn(p, " ]");
	p += strspn(p, " ");
	/* More or fewer than were asked for: none can be told apart. */
	if (append_nth_uid(p, n - 1) == 0 || append_nth_uid(p, n) != 0)
		return;
	for (i = 0; i < n; i++)
		if (append_nth_uid(from, i) == uids[i])
			to[i] = append_nth_uid(p, i);
}

int
imap_copy(struct imap *im, const uint32_t *uids, size_t n, const char *raw,
    size_t raw_len, uint32_t *to, struct fail *f)
{
	enum answer a;
	size_t i = 0, from;

	memset(to, 0, n * sizeof(*to));
	while ((from = i) < n) {
		if (imap_begin(im, f) == -1 ||
		    imap_say(im, f, "UID COPY ") == -1 ||
		    imap_set(im, uids, n, &i, f) == -1 ||
		    imap_say(im, f, " ") == -1 ||
		    imap_string(im, raw, raw_len, f) == -1 ||
		    imap_end(im, f) == -1 ||
		    imap_wait(im, im->tag, &a, f) == -1)
			return -1;
		if (a != ANSWER_OK)
			return imap_refused(
			    im, a, "COPY", CODE_BADMSG, REACH_MESSAGE, f);
		copied_to(im, uids + from, to + from, i - from);
	}
	return 0;
}
