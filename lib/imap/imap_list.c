/* imap_list.c: namespaces, mailboxes and their counters, in as few round
 * trips as the server allows. */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

/* ---- NAMESPACE (RFC 2342) ---- */

static void
add_namespace(struct imap *im, int kind, const char *prefix, char sep)
{
	im->ns = mem_resize(im->ns, im->ns_n + 1, sizeof(*im->ns));
	im->ns[im->ns_n++] =
	    (struct imap_namespace){kind, mem_strdup(prefix), sep};
}

/* ("prefix" "sep" [extensions]) */
static int
parse_one(struct imap *im, int kind, struct fail *f)
{
	struct wire *w = &im->w;
	struct buf prefix = {0}, sep = {0};
	int rc;

	w->at++;
	buf_add(&prefix, "", 0);
	rc = wire_string(w, &prefix, f);
	wire_blank(w);
	if (rc == 1)
		rc = wire_string(w, &sep, f);
	if (rc >= 0 && strlen(prefix.data) == prefix.len)
		add_namespace(im, kind, prefix.data, sep.len ? *sep.data : 0);
	buf_free(&prefix);
	buf_free(&sep);
	for (wire_blank(w); rc >= 0 && !wire_eat(w, ')'); wire_blank(w))
		if (wire_peek(w) == -1 || wire_skip(w, f) != 1)
			rc = WIRE_BAD;
	return rc;
}

static int
parse_namespaces(struct imap *im, struct fail *f)
{
	struct wire *w = &im->w;
	int kind;

	for (kind = 0; kind < NS_COUNT; kind++) {
		wire_blank(w);
		if (wire_is(w, "NIL"))
			continue;
		if (!wire_eat(w, '('))
			return WIRE_BAD;
		while (wire_peek(w) == '(' && im->ns_n < 1000)
			if (parse_one(im, kind, f) < 0)
				return WIRE_BAD;
		if (!wire_eat(w, ')'))
			return WIRE_BAD;
	}
	return 1;
}

/* Says NAMESPACE if it is not known and can be; *tag 0: nothing is said. */
static int
say_namespaces(struct imap *im, uint32_t *tag, struct fail *f)
{
	*tag = 0;
	if (im->ns_n != 0 || (im->caps & CAP_NAMESPACE) == 0)
		return 0;
	if (imap_begin(im, f) == -1 || imap_say(im, "NAMESPACE") == -1 ||
	    imap_end(im, f) == -1)
		return -1;
	*tag = im->tag;
	return 0;
}

static int
read_namespaces(struct imap *im, uint32_t tag, struct fail *f)
{
	struct reply r;

	while (tag != 0) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			return 0;
		if (r.kind == REPLY_OTHER && wire_is(&im->w, "NAMESPACE"))
			(void)parse_namespaces(im, f);
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	return 0;
}

/* LIST "" "" tells the separator (RFC 3501 6.3.8). */
static int
ask_separator(struct imap *im, char *sep, struct fail *f)
{
	struct reply r;
	uint32_t tag;

	if (imap_begin(im, f) == -1 || imap_say(im, "LIST \"\" \"\"") == -1 ||
	    imap_end(im, f) == -1)
		return -1;
	for (tag = im->tag;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			return 0;
		if (r.kind == REPLY_LIST)
			*sep = r.box.sep;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
}

int
imap_namespaces(struct imap *im, const struct imap_namespace **ns, size_t *n,
    struct fail *f)
{
	uint32_t tag;
	char sep = 0;

	if (say_namespaces(im, &tag, f) == -1 ||
	    read_namespaces(im, tag, f) == -1)
		return -1;
	if (im->ns_n == 0 || im->ns[0].kind != NS_PERSONAL) {
		if (ask_separator(im, &sep, f) == -1)
			return -1;
		add_namespace(im, NS_PERSONAL, "", sep);
		if (im->ns_n > 1) { /* personal ones come first */
			struct imap_namespace last = im->ns[im->ns_n - 1];

			memmove(im->ns + 1, im->ns,
			    (im->ns_n - 1) * sizeof(*im->ns));
			im->ns[0] = last;
		}
	}
	*ns = im->ns;
	*n = im->ns_n;
	return 0;
}

/* ---- LIST ---- */

struct boxes {
	struct imap_box *box;
	size_t n, room;
};

static int
by_name(const void *a, const void *b)
{
	const struct imap_box *x = a, *y = b;
	size_t n = x->raw_len < y->raw_len ? x->raw_len : y->raw_len;
	int d = memcmp(x->raw, y->raw, n);

	return d != 0 ? d
		      : (x->raw_len > y->raw_len) - (x->raw_len < y->raw_len);
}

static struct imap_box *
find(const struct boxes *all, const struct imap_box *like)
{
	if (all->n == 0)
		return NULL;
	return bsearch(like, all->box, all->n, sizeof(*all->box), by_name);
}

static int
add_box(struct imap *im, struct boxes *all, struct reply *r, struct fail *f)
{
	if (all->n == IMAP_FOLDERS)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "LIST", "more than %d folders", IMAP_FOLDERS);
	if (all->n == all->room) {
		all->room = all->room ? 2 * all->room : 64;
		all->box = mem_resize(all->box, all->room, sizeof(*all->box));
	}
	all->box[all->n++] = r->box;
	r->box.raw = NULL;
	return 0;
}

/* A second answer for a name adds what the first did not say. */
static void
merge(struct boxes *all)
{
	size_t i, k;

	if (all->n > 0)
		qsort(all->box, all->n, sizeof(*all->box), by_name);
	for (i = k = 0; i < all->n; i++) {
		if (k > 0 && by_name(&all->box[k - 1], &all->box[i]) == 0) {
			all->box[k - 1].bits |= all->box[i].bits;
			if (all->box[k - 1].role == ROLE_NONE)
				all->box[k - 1].role = all->box[i].role;
			free(all->box[i].raw);
			continue;
		}
		all->box[k++] = all->box[i];
	}
	all->n = k;
}

static void
take_counters(struct imap_box *to, const struct imap_box *from)
{
	if (to == NULL)
		return;
	to->uidvalidity = from->uidvalidity;
	to->uidnext = from->uidnext;
	to->messages = from->messages;
	to->unseen = from->unseen;
	to->size = from->size;
	to->modseq = from->modseq;
	to->bits |= from->bits & (BOX_STATUS | BOX_SIZE | BOX_MODSEQ);
}

/*
 * Reads up to the tagged answer of tag.  STATUS rows that come along wait in
 * late, since their mailbox may not have been listed yet.
 */
static int
read_list(struct imap *im, uint32_t tag, struct boxes *all,
    struct boxes *subscribed, struct boxes *late, enum answer *a,
    struct fail *f)
{
	struct reply r;

	for (;;) {
		int rc = 0;

		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag) {
			*a = r.answer;
			return 0;
		}
		if (r.kind == REPLY_LIST)
			rc = add_box(im, r.lsub ? subscribed : all, &r, f);
		else if (r.kind == REPLY_STATUS)
			rc = add_box(im, late, &r, f);
		if (rc == -1 || imap_skip(im, &r, f) == -1)
			return -1;
	}
}

static int
status_items(struct imap *im)
{
	return imap_say(im, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN%s%s)",
	    im->caps & CAP_STATUS_SIZE ? " SIZE" : "",
	    im->caps & CAP_CONDSTORE ? " HIGHESTMODSEQ" : "");
}

static int
say_list(struct imap *im, int status, struct fail *f)
{
	int extended = (im->caps & CAP_LIST_EXTENDED) != 0;
	int special = (im->caps & CAP_SPECIAL_USE) != 0;

	if (imap_begin(im, f) == -1)
		return -1;
	if (!extended && (im->caps & CAP_XLIST) != 0 && !special)
		(void)imap_say(im, "XLIST \"\" \"*\"");
	else
		(void)imap_say(im, "LIST \"\" \"*\"");
	if (extended) {
		(void)imap_say(im, " RETURN (SUBSCRIBED CHILDREN%s",
		    special ? " SPECIAL-USE" : "");
		if (status && (im->caps & CAP_LIST_STATUS) != 0) {
			(void)imap_say(im, " STATUS ");
			(void)status_items(im);
		}
		(void)imap_say(im, ")");
	}
	return imap_end(im, f);
}

static int
list_all(struct imap *im, int status, struct boxes *all,
    struct boxes *subscribed, struct boxes *late, struct fail *f)
{
	int lsub = (im->caps & CAP_LIST_EXTENDED) == 0;
	enum answer a;
	uint32_t tag, namespaces;

	if (say_namespaces(im, &namespaces, f) == -1 ||
	    say_list(im, status, f) == -1)
		return -1;
	tag = im->tag;
	if (lsub &&
	    (imap_begin(im, f) == -1 || imap_say(im, "LSUB \"\" \"*\"") == -1 ||
		imap_end(im, f) == -1))
		return -1;
	if (read_namespaces(im, namespaces, f) == -1 ||
	    read_list(im, tag, all, subscribed, late, &a, f) == -1)
		return -1;
	if (a != ANSWER_OK)
		return imap_refused(
		    im, a, "LIST", CODE_PROTO, REACH_ENDPOINT, f);
	/* An LSUB that is refused only means that nothing is known of it. */
	if (lsub && read_list(im, tag + 1, all, subscribed, late, &a, f) == -1)
		return -1;
	return 0;
}

/* Pipelined, 256 at a time; a refusal leaves the counters unknown. */
static int
ask_status(struct imap *im, struct boxes *all, struct fail *f)
{
	enum { BURST = 256 };
	size_t i = 0;

	while (i < all->n) {
		struct boxes late = {0}, none = {0};
		uint32_t first = im->tag + 1, sent = 0;
		enum answer a;
		int rc = 0;

		for (; i < all->n && sent < BURST && rc == 0; i++) {
			const struct imap_box *b = &all->box[i];

			if (b->bits & (BOX_NOSELECT | BOX_STATUS))
				continue;
			rc = imap_begin(im, f);
			if (rc == 0)
				rc = imap_say(im, "STATUS ");
			if (rc == 0)
				rc = imap_string(im, b->raw, b->raw_len, f);
			if (rc == 0)
				rc = imap_say(im, " ");
			if (rc == 0)
				rc = status_items(im);
			if (rc == 0)
				rc = imap_end(im, f);
			sent++;
		}
		for (; rc == 0 && sent > 0; sent--, first++)
			rc = read_list(im, first, &none, &none, &late, &a, f);
		merge(&late);
		for (size_t k = 0; k < late.n; k++)
			take_counters(find(all, &late.box[k]), &late.box[k]);
		imap_boxes_free(late.box, late.n);
		imap_boxes_free(none.box, none.n);
		if (rc == -1)
			return -1;
	}
	return 0;
}

int
imap_list(struct imap *im, int status, struct imap_box **box, size_t *n,
    struct fail *f)
{
	struct boxes all = {0}, subscribed = {0}, late = {0};
	size_t i;
	int rc = list_all(im, status, &all, &subscribed, &late, f);

	merge(&all);
	for (i = 0; i < subscribed.n; i++) {
		struct imap_box *b = find(&all, &subscribed.box[i]);

		if (b != NULL)
			b->bits |= BOX_SUBSCRIBED;
	}
	for (i = 0; i < late.n; i++)
		take_counters(find(&all, &late.box[i]), &late.box[i]);
	imap_boxes_free(subscribed.box, subscribed.n);
	imap_boxes_free(late.box, late.n);
	if (rc == 0 && status)
		rc = ask_status(im, &all, f);
	if (rc == -1) {
		imap_boxes_free(all.box, all.n);
		return -1;
	}
	*box = all.box;
	*n = all.n;
	return 0;
}

void
imap_boxes_free(struct imap_box *box, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(box[i].raw);
	free(box);
}
