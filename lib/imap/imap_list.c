/* imap_list.c: mailboxes and their counters, in as few round trips as the
 * server allows. */
#include <stdlib.h>
#include <string.h>

#include "imap/imap_p.h"

struct boxes {
	struct imap_box *box;
	size_t n, room;
};
struct listing {
	struct boxes all, subscribed;
	struct boxes late; /* STATUS of what may not have been listed yet */
	size_t names; /* octets, of all three */
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
add_box(struct imap *im, struct listing *l, struct boxes *to, struct reply *r,
    struct fail *f)
{
	l->names += r->box.raw_len;
	if (to->n == IMAP_FOLDERS || l->names > IMAP_NAMES)
		return imap_fail(im, f, CODE_PROTO, REACH_ENDPOINT, AGAIN_NEVER,
		    "LIST", "more than %d folders, or names of more than 8 MiB",
		    IMAP_FOLDERS);
	if (to->n == to->room) {
		to->room = to->room ? to->room + to->room / 2 : 64;
		to->box = mem_resize(to->box, to->room, sizeof(*to->box));
	}
	to->box[to->n++] = r->box;
	r->box.raw = NULL;
	return 0;
}

static void
free_listing(struct listing *l)
{
	imap_boxes_free(l->all.box, l->all.n);
	imap_boxes_free(l->subscribed.box, l->subscribed.n);
	imap_boxes_free(l->late.box, l->late.n);
}

/* A second answer for a name adds what the first did not say. */
static void
merge(struct boxes *all)
{
	size_t i, k;

	if (all->n > 0)
		if (all->n > 1)
			qsort(all->box, all->n, sizeof(*all->box), by_name);
	for (i = k = 0; i < all->n; i++) {
		if (k > 0 && by_name(&all->box[k - 1], &all->box[i]) == 0) {
			all->box[k - 1].bits |= all->box[i].bits;
			if (all->box[k - 1].sep == '\0')
				all->box[k - 1].sep = all->box[i].sep;
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
take_counters(struct boxes *all, const struct boxes *late)
{
	size_t i;

	for (i = 0; i < late->n; i++) {
		const struct imap_box *from = &late->box[i];
		struct imap_box *to = find(all, from);

		if (to == NULL)
			continue;
		to->uidvalidity = from->uidvalidity;
		to->uidnext = from->uidnext;
		to->messages = from->messages;
		to->unseen = from->unseen;
		to->size = from->size;
		to->modseq = from->modseq;
		to->bits |= from->bits;
	}
}

/* Reads up to the tagged answer of tag. */
static int
read_list(struct imap *im, uint32_t tag, struct listing *l, enum answer *a,
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
		if (r.kind == REPLY_LIST && r.box.raw_len > 0)
			rc = add_box(
			    im, l, r.lsub ? &l->subscribed : &l->all, &r, f);
		else if (r.kind == REPLY_STATUS)
			rc = add_box(im, l, &l->late, &r, f);
		if (rc == -1)
			free(r.box.raw);
		if (rc == -1 || imap_skip(im, &r, f) == -1)
			return -1;
	}
}

static int
status_items(struct imap *im, struct fail *f)
{
	return imap_say(im, f, "(MESSAGES UIDNEXT UIDVALIDITY UNSEEN%s%s)",
	    im->caps & CAP_STATUS_SIZE ? " SIZE" : "",
	    im->caps & CAP_CONDSTORE ? " HIGHESTMODSEQ" : "");
}

static int
say_list(struct imap *im, int status, struct fail *f)
{
	int extended = (im->caps & CAP_LIST_EXTENDED) != 0;
	int special = (im->caps & CAP_SPECIAL_USE) != 0;
	int xlist = !extended && !special && (im->caps & CAP_XLIST) != 0;

	if (imap_begin_ahead(im, f) == -1 ||
	    imap_say(im, f, "%sLIST \"\" \"*\"", xlist ? "X" : "") == -1)
		return -1;
	if (extended &&
	    imap_say(im, f, " RETURN (SUBSCRIBED CHILDREN%s",
		special ? " SPECIAL-USE" : "") == -1)
		return -1;
	if (extended && status && (im->caps & CAP_LIST_STATUS) != 0 &&
	    (imap_say(im, f, " STATUS ") == -1 || status_items(im, f) == -1))
		return -1;
	if (extended && imap_say(im, f, ")") == -1)
		return -1;
	return imap_end(im, f);
}

/* An LSUB in the wake of LIST where that cannot tell. */
static int
needs_lsub(const struct imap *im)
{
	return (im->caps & CAP_LIST_EXTENDED) == 0;
}

/* LIST of everything; *first is the tag of the first of its commands. */
static int
say_all(struct imap *im, int status, uint32_t *first, struct fail *f)
{
	uint32_t namespaces;

	*first = im->tag + 1;
	if (namespaces_say(im, &namespaces, f) == -1 ||
	    say_list(im, status, f) == -1)
		return -1;
	return needs_lsub(im) &&
		(imap_begin_ahead(im, f) == -1 ||
		    imap_say(im, f, "LSUB \"\" \"*\"\r\n") == -1)
	    ? -1
	    : 0;
}

int
imap_ahead_list(struct imap *im, int status, struct fail *f)
{
	uint32_t first;

	if (say_all(im, status, &first, f) == -1)
		return -1;
	ahead_add(im, AHEAD_LIST, (uint32_t)status, NULL, 0, first);
	return 1;
}

static int
list_all(struct imap *im, int status, struct listing *l, struct fail *f)
{
	int lsub = needs_lsub(im);
	enum answer a;
	uint32_t first, last, tag, namespaces;

	if (!ahead_take(
		im, AHEAD_LIST, (uint32_t)status, NULL, 0, &first, &last)) {
		if (imap_quiet(im, f) == -1 ||
		    say_all(im, status, &first, f) == -1)
			return -1;
		last = im->tag;
	}
	tag = last - (uint32_t)lsub;
	namespaces = tag > first ? first : 0;
	if (namespaces_read(im, namespaces, f) == -1 ||
	    read_list(im, tag, l, &a, f) == -1)
		return -1;
	if (a != ANSWER_OK)
		return imap_refused(
		    im, a, "LIST", CODE_PROTO, REACH_ENDPOINT, f);
	/* An LSUB that is refused only means that nothing is known of it. */
	if (lsub && read_list(im, tag + 1, l, &a, f) == -1)
		return -1;
	merge(&l->all);
	return 0;
}

static int
list_name(struct imap *im, const char *raw, size_t n, struct listing *l,
    struct fail *f)
{
	enum answer a;

	if (imap_begin(im, f) == -1 || imap_say(im, f, "LIST \"\" ") == -1 ||
	    imap_string(im, raw, n, f) == -1 || imap_end(im, f) == -1 ||
	    read_list(im, im->tag, l, &a, f) == -1)
		return -1;
	merge(&l->all);
	return 0;
}

/* There are servers whose "*" leaves INBOX out, and mail is in it. */
static int
find_inbox(struct imap *im, struct listing *l, struct fail *f)
{
	static char inbox[] = "INBOX";
	struct imap_box like = {.raw = inbox, .raw_len = 5};

	return find(&l->all, &like) != NULL ? 0 : list_name(im, inbox, 5, l, f);
}

int
imap_is_there(
    struct imap *im, const char *raw, size_t n, int *there, struct fail *f)
{
	struct listing l = {0};
	char *name = mem_strndup(raw, n);
	struct imap_box like = {.raw = name, .raw_len = n}, *box;
	int rc = list_name(im, raw, n, &l, f);

	box = rc == 0 ? find(&l.all, &like) : NULL;
	*there = box != NULL && (box->bits & BOX_NOSELECT) == 0;
	free_listing(&l);
	free(name);
	return rc;
}

static int
say_status(struct imap *im, const struct imap_box *b, struct fail *f)
{
	if (imap_begin(im, f) == -1 || imap_say(im, f, "STATUS ") == -1 ||
	    imap_string(im, b->raw, b->raw_len, f) == -1 ||
	    imap_say(im, f, " ") == -1 || status_items(im, f) == -1)
		return -1;
	return imap_end(im, f);
}

/*
 * Pipelined, but for a name that has to wait for its "+": what came meanwhile
 * would be lost.  A refusal leaves the counters unknown.
 */
static int
status_burst(struct imap *im, struct boxes *all, size_t *i, struct fail *f)
{
	enum { BURST = 256 };
	struct listing l = {0};
	uint32_t first = im->tag + 1, sent = 0;
	struct fail why = {0};
	enum answer a;
	int rc = 0;

	for (; *i < all->n && sent < BURST && rc == 0; ++*i) {
		const struct imap_box *b = &all->box[*i];
		int waits = imap_waits(im, b->raw, b->raw_len);

		if (b->bits & (BOX_NOSELECT | BOX_STATUS))
			continue;
		if (waits && sent > 0)
			break;
		rc = say_status(im, b, f);
		if (rc == -1 && f->reach < REACH_ENDPOINT) {
			rc = 0; /* this name is refused, at its literal */
			++*i;
			break;
		}
		sent++;
		if (waits) {
			++*i;
			break;
		}
	}
	for (; rc == 0 && sent > 0; sent--, first++) {
		rc = read_list(im, first, &l, &a, f);
		if (rc == 0 && a != ANSWER_OK &&
		    imap_refused(im, a, "STATUS", CODE_NOSELECT, REACH_ENDPOINT,
			&why) == -1 &&
		    why.code == CODE_THROTTLED) {
			*f = why;
			rc = -1;
		}
	}
	take_counters(all, &l.late);
	free_listing(&l);
	return rc;
}

int
imap_list(struct imap *im, int status, struct imap_box **box, size_t *n,
    uint64_t *unread, struct fail *f)
{
	struct listing l = {0};
	const unsigned int all_at_once = CAP_LIST_EXTENDED | CAP_LIST_STATUS;
	size_t i;
	int rc;

	im->unread = 0;
	rc = list_all(im, status, &l, f);
	if (rc == 0)
		rc = find_inbox(im, &l, f);
	for (i = 0; i < l.subscribed.n; i++) {
		struct imap_box *b = find(&l.all, &l.subscribed.box[i]);

		if (b != NULL)
			b->bits |= BOX_SUBSCRIBED;
	}
	take_counters(&l.all, &l.late);
	/* What LIST-STATUS left out the server could not look up: RFC 5819 2 */
	status = status && (im->caps & all_at_once) != all_at_once;
	for (i = 0; rc == 0 && status && i < l.all.n;)
		rc = status_burst(im, &l.all, &i, f);
	*unread = im->unread;
	if (rc == 0) {
		*box = l.all.box;
		*n = l.all.n;
		memset(&l.all, 0, sizeof(l.all));
	}
	free_listing(&l);
	return rc;
}

void
imap_boxes_free(struct imap_box *box, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(box[i].raw);
	free(box);
}
