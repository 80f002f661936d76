/* imap_box.c: one mailbox: open it, make it, its quota and rights. */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

/* A command with a mailbox as its argument, up to the end of the name. */
static int
say_box(struct imap *im, const char *command, const char *raw, size_t n,
    struct fail *f)
{
	if (imap_begin(im, f) == -1 || imap_say(im, f, "%s ", command) == -1)
		return -1;
	return imap_string(im, raw, n, f);
}

/* The same to its end, for a later call. */
static int
ahead_box(struct imap *im, enum ahead_kind kind, uint32_t arg,
    const char *command, const char *use, const char *raw, size_t n,
    struct fail *f)
{
	if (imap_waits(im, raw, n) || memchr(raw, '\0', n) != NULL)
		return 0;
	if (imap_begin_ahead(im, f) == -1 ||
	    imap_say(im, f, "%s ", command) == -1 ||
	    imap_string(im, raw, n, f) == -1 ||
	    (use != NULL && imap_say(im, f, " (USE (%s))", use) == -1) ||
	    imap_end(im, f) == -1)
		return -1;
	ahead_add(im, kind, arg, raw, n, im->tag);
	return 1;
}

static const char *
select_or_examine(int write)
{
	return write ? "SELECT" : "EXAMINE";
}

int
imap_ahead_select(
    struct imap *im, const char *raw, size_t n, int write, struct fail *f)
{
	return ahead_box(im, AHEAD_SELECT, (uint32_t)write,
	    select_or_examine(write), NULL, raw, n, f);
}

/* Says it, or has said it: 0 and its tag. */
static int
say_select(struct imap *im, const char *raw, size_t n, int write, uint32_t *tag,
    struct fail *f)
{
	uint32_t first;

	if (fetch_drop(im, f) == -1)
		return -1;
	buf_reset(&im->ahead.in); /* whatever comes, it is left */
	if (ahead_take(im, AHEAD_SELECT, (uint32_t)write, raw, n, &first, tag))
		return 0;
	if (say_box(im, select_or_examine(write), raw, n, f) == -1 ||
	    imap_end(im, f) == -1)
		return -1;
	*tag = im->tag;
	return 0;
}

int
imap_select(struct imap *im, const char *raw, size_t n, int write,
    struct imap_selected *sel, struct fail *f)
{
	enum answer a;
	uint32_t tag;

	if (say_select(im, raw, n, write, &tag, f) == -1)
		return -1;
	memset(&im->sel, 0, sizeof(im->sel));
	if (imap_wait(im, tag, &a, f) == -1)
		return -1;
	im->ahead.moved = 0;
	if (a != ANSWER_OK)
		return imap_refused(im, a, select_or_examine(write),
		    CODE_NOSELECT, REACH_FOLDER, f);
	if (im->sel.uidvalidity == 0)
		return imap_fail(im, f, CODE_UIDVALIDITY, REACH_FOLDER,
		    AGAIN_LATER, "select",
		    "the server gives no UIDVALIDITY, "
		    "so its UIDs cannot be trusted");
	buf_add(&im->ahead.in, raw, n);
	im->ahead.write = write;
	im->ahead.validity = im->sel.uidvalidity;
	*sel = im->sel;
	return 0;
}

/* What CREATE may say of the role; NULL: nothing. */
static const char *
use_of(const struct imap *im, int role)
{
	return (im->caps & CAP_CREATE_SPECIAL_USE) != 0
	    ? role_attribute((enum role)role)
	    : NULL;
}

int
imap_ahead_create(
    struct imap *im, const char *raw, size_t n, int role, struct fail *f)
{
	return ahead_box(im, AHEAD_CREATE, (uint32_t)role, "CREATE",
	    use_of(im, role), raw, n, f);
}

static int
say_create(struct imap *im, const char *raw, size_t n, const char *use,
    enum answer *a, struct fail *f)
{
	if (say_box(im, "CREATE", raw, n, f) == -1 ||
	    (use != NULL && imap_say(im, f, " (USE (%s))", use) == -1) ||
	    imap_end(im, f) == -1)
		return -1;
	return imap_wait(im, im->tag, a, f);
}

/*
 * A refusal may mean the role (RFC 6154 3), so once without; or that the
 * mailbox is there, which not every server says by ALREADYEXISTS.
 */
int
imap_create(struct imap *im, const char *raw, size_t n, int role, int *made,
    struct fail *f)
{
	const char *use = use_of(im, role);
	enum answer a = ANSWER_OK;
	struct fail why = {0};
	uint32_t first, tag;
	int there, rc = 0;

	if (ahead_take(im, AHEAD_CREATE, (uint32_t)role, raw, n, &first, &tag))
		rc = imap_wait(im, tag, &a, f);
	else if (imap_quiet(im, f) == -1)
		rc = -1;
	else if (!ahead_was_made(im, raw, n))
		rc = say_create(im, raw, n, use, &a, f);
	if (rc == -1)
		return -1;
	if (a != ANSWER_OK && use != NULL &&
	    !imap_code(im, "ALREADYEXISTS", NULL) &&
	    say_create(im, raw, n, NULL, &a, f) == -1)
		return -1;
	*made = a == ANSWER_OK;
	if (a == ANSWER_OK || imap_code(im, "ALREADYEXISTS", NULL))
		return 0;
	(void)imap_refused(im, a, "CREATE", CODE_NAME, REACH_FOLDER, &why);
	if (imap_is_there(im, raw, n, &there, f) == -1)
		return -1;
	if (!there)
		*f = why;
	return there ? 0 : -1;
}

int
imap_ahead_subscribe(struct imap *im, const char *raw, size_t n, struct fail *f)
{
	return ahead_box(im, AHEAD_SUBSCRIBE, 0, "SUBSCRIBE", NULL, raw, n, f);
}

int
imap_subscribe(struct imap *im, const char *raw, size_t n, struct fail *f)
{
	enum answer a;
	uint32_t first, tag;

	if (!ahead_take(im, AHEAD_SUBSCRIBE, 0, raw, n, &first, &tag)) {
		if (say_box(im, "SUBSCRIBE", raw, n, f) == -1 ||
		    imap_end(im, f) == -1)
			return -1;
		tag = im->tag;
	}
	if (imap_wait(im, tag, &a, f) == -1)
		return -1;
	return a == ANSWER_OK
	    ? 0
	    : imap_refused(im, a, "SUBSCRIBE", CODE_NAME, REACH_FOLDER, f);
}

/* root (resource used limit ...) */
static int
parse_quota(struct imap *im,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f)
{
	struct wire *w = &im->w;
	struct buf root = {0}, resource = {0};
	uint64_t used, limit, unit;
	int rc;

	wire_blank(w);
	buf_add(&root, "", 0);
	rc = wire_string(w, &root, f);
	wire_blank(w);
	if (rc >= 0 && wire_eat(w, '('))
		for (wire_blank(w); wire_peek(w) != ')'; wire_blank(w)) {
			buf_reset(&resource);
			rc = wire_string(w, &resource, f);
			wire_blank(w);
			if (rc != 1 || !wire_number(w, &used))
				break;
			wire_blank(w);
			if (!wire_number(w, &limit))
				break;
			unit =
			    text_casecmp(resource.data, "STORAGE") ? 1 : 1024;
			each(arg, root.data, resource.data, used * unit,
			    limit * unit);
		}
	buf_free(&root);
	buf_free(&resource);
	return rc == -1 ? -1 : 0;
}

int
imap_quota(struct imap *im,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f)
{
	struct reply r;
	uint32_t tag;

	if ((im->caps & CAP_QUOTA) == 0)
		return 0;
	if (say_box(im, "GETQUOTAROOT", "INBOX", 5, f) == -1 ||
	    imap_end(im, f) == -1)
		return -1;
	for (tag = im->tag;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			break;
		if (r.kind == REPLY_QUOTA &&
		    parse_quota(im, each, arg, f) == -1)
			return -1;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	if (r.answer != ANSWER_OK)
		return imap_refused(
		    im, r.answer, "GETQUOTAROOT", CODE_AUTH, REACH_FOLDER, f);
	return 0;
}

/* mailbox identifier rights ... */
static int
parse_acl(struct imap *im,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f)
{
	struct wire *w = &im->w;
	struct buf name = {0}, rights = {0};
	int rc;

	wire_blank(w);
	rc = wire_string(w, &name, f);
	for (wire_blank(w); rc == 1 && wire_peek(w) != -1; wire_blank(w)) {
		buf_reset(&name);
		buf_reset(&rights);
		rc = wire_string(w, &name, f);
		wire_blank(w);
		if (rc == 1)
			rc = wire_string(w, &rights, f);
		if (rc == 1)
			each(arg, name.data, rights.data);
	}
	buf_free(&name);
	buf_free(&rights);
	return rc == -1 ? -1 : 0;
}

int
imap_acl(struct imap *im, const char *raw, size_t n,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f)
{
	struct reply r;
	uint32_t tag;

	if ((im->caps & CAP_ACL) == 0)
		return 0;
	if (say_box(im, "GETACL", raw, n, f) == -1 || imap_end(im, f) == -1)
		return -1;
	for (tag = im->tag;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			break;
		if (r.kind == REPLY_ACL && parse_acl(im, each, arg, f) == -1)
			return -1;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	if (r.answer != ANSWER_OK)
		return imap_refused(
		    im, r.answer, "GETACL", CODE_AUTH, REACH_FOLDER, f);
	return 0;
}

/* mailbox rights */
static int
parse_rights(struct imap *im, struct buf *rights, struct fail *f)
{
	struct buf name = {0};
	int rc;

	wire_blank(&im->w);
	rc = wire_string(&im->w, &name, f);
	wire_blank(&im->w);
	if (rc == 1) {
		buf_reset(rights);
		rc = wire_string(&im->w, rights, f);
	}
	buf_free(&name);
	return rc == -1 ? -1 : 0;
}

int
imap_rights(struct imap *im, const char *raw, size_t n, struct buf *rights,
    struct fail *f)
{
	struct reply r;
	uint32_t tag;

	if ((im->caps & CAP_ACL) == 0)
		return 0;
	buf_add(rights, "", 0);
	if (say_box(im, "MYRIGHTS", raw, n, f) == -1 || imap_end(im, f) == -1)
		return -1;
	for (tag = im->tag;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			break;
		if (r.kind == REPLY_OTHER && wire_is(&im->w, "MYRIGHTS") &&
		    parse_rights(im, rights, f) == -1)
			return -1;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	if (r.answer != ANSWER_OK)
		return imap_refused(
		    im, r.answer, "MYRIGHTS", CODE_AUTH, REACH_FOLDER, f);
	return 1;
}
