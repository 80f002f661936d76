/* imap_tree.c: the folders of an IMAP account, and their names on the wire. */
#include <stdlib.h>
#include <string.h>

#include "store/account_p.h"

/* Asked for with the first list, or when a name is to be made. */
static int
namespaces(struct imap_account *a, struct fail *f)
{
	return a->ns != NULL ? 0 : imap_namespaces(a->im, &a->ns, &a->ns_n, f);
}

/* The namespace with the longest prefix that the name has. */
static const struct imap_namespace *
namespace_of(const struct imap_account *a, const struct imap_box *box)
{
	const struct imap_namespace *best = &a->ns[0];
	size_t i, most = 0;

	for (i = 0; i < a->ns_n; i++) {
		size_t n = strlen(a->ns[i].prefix);

		/* "Other Users" itself belongs to "Other Users/". */
		size_t cut = n > 0 && a->ns[i].prefix[n - 1] == a->ns[i].sep &&
			box->raw_len == n - 1
		    ? n - 1
		    : n;

		if (n > most && box->raw_len >= cut &&
		    memcmp(box->raw, a->ns[i].prefix, cut) == 0) {
			best = &a->ns[i];
			most = n;
		}
	}
	return best;
}

static unsigned int
known_of(unsigned int bits)
{
	static const struct {
		unsigned int box, folder;
	} same[] = {{BOX_MESSAGES, FOLDER_MESSAGES},
	    {BOX_UIDNEXT, FOLDER_UIDNEXT},
	    {BOX_UIDVALIDITY, FOLDER_UIDVALIDITY}, {BOX_UNSEEN, FOLDER_UNSEEN},
	    {BOX_SIZE, FOLDER_BYTES}, {BOX_MODSEQ, FOLDER_MODSEQ}};
	unsigned int known = FOLDER_SUBSCRIBED;
	size_t i;

	for (i = 0; i < LENGTH(same); i++)
		if (bits & same[i].box)
			known |= same[i].folder;
	return known;
}

static void
take_box(struct imap_account *a, const struct imap_box *box)
{
	const struct imap_namespace *ns = namespace_of(a, box);
	const char *prefix = ns->kind == NS_PERSONAL ? a->ns[0].prefix : "";
	struct folder *fo = &a->list[a->list_n];
	struct buf name = {0};

	if (ns->kind != NS_PERSONAL && !a->st.opt.shared)
		return;
	memset(fo, 0, sizeof(*fo));
	fo->sep = box->sep != '\0' ? box->sep : ns->sep;
	name_from_raw(&name, box->raw, box->raw_len, fo->sep, prefix, 0);
	fo->name = arena_strndup(a->names, name.data, name.len);
	buf_free(&name);
	if (*fo->name == '\0')
		return;
	fo->raw = arena_strndup(a->names, box->raw, box->raw_len);
	fo->nspace = ns->kind == NS_PERSONAL ? NSPACE_PERSONAL
	    : ns->kind == NS_OTHER	     ? NSPACE_OTHER
					     : NSPACE_SHARED;
	fo->role = (enum role)box->role;
	if (strcmp(fo->name, "INBOX") == 0)
		fo->role = ROLE_INBOX;
	fo->selectable = (box->bits & BOX_NOSELECT) == 0;
	fo->subscribed = (box->bits & BOX_SUBSCRIBED) != 0;
	fo->known = known_of(box->bits);
	fo->uidvalidity = box->uidvalidity;
	fo->uidnext = box->uidnext;
	fo->messages = box->messages;
	fo->unseen = box->unseen;
	fo->bytes = box->size;
	fo->modseq = box->modseq;
	a->list_n++;
}

/*
 * Under the prefix INBOX. there can be an INBOX.x, and an x beside it: two
 * folders, one name.  The one outside keeps its octets, see name_from_raw.
 */
static void
part_twins(struct imap_account *a)
{
	const char *prefix = a->ns[0].prefix;
	size_t i, n = strlen(prefix);
	int any = 0;

	for (i = 1; n > 0 && i < a->list_n; i++) {
		struct folder *x = &a->list[i - 1], *y = &a->list[i];
		struct folder *outside;

		if (strcmp(x->name, y->name) != 0)
			continue;
		outside = strncmp(x->raw, prefix, n) == 0 ? y : x;
		outside->name = arena_printf(a->names, "%%%02X%s",
		    (unsigned char)*outside->name, outside->name + 1);
		any = 1;
	}
	if (any)
		folder_sort(a->list, a->list_n);
}

/* The raw name without the levels that name has behind its first n octets. */
static const char *
raw_above(struct imap_account *a, const struct folder *fo, size_t n)
{
	const char *end = fo->raw + strlen(fo->raw), *p;

	for (p = fo->name + n; *p != '\0'; p++)
		if (*p == '/')
			for (end--; end > fo->raw && *end != fo->sep;)
				end--;
	return arena_strndup(a->names, fo->raw, (size_t)(end - fo->raw));
}

/* Levels that the server does not list, above those that it does. */
static void
add_parents(struct imap_account *a)
{
	size_t i, n = a->list_n, room = n;
	const char *slash;

	for (i = 0; i < n; i++) {
		for (slash = strchr(a->list[i].name, '/'); slash != NULL;
		     slash = strchr(slash + 1, '/')) {
			const struct folder fo = a->list[i];
			size_t len = (size_t)(slash - fo.name);
			char *up = arena_strndup(a->names, fo.name, len);
			struct folder *last = &a->list[a->list_n - 1];

			if (len == 0 || folder_find(a->list, n, up) != NULL ||
			    (a->list_n > n && strcmp(last->name, up) == 0))
				continue;
			if (a->list_n == room) {
				room += room / 2 + 16;
				a->list =
				    mem_resize(a->list, room, sizeof(*a->list));
			}
			a->list[a->list_n++] = (struct folder){.name = up,
			    .raw = raw_above(a, &fo, len),
			    .sep = fo.sep,
			    .nspace = fo.nspace};
		}
	}
	folder_sort(a->list, a->list_n);
	for (i = n = 0; i < a->list_n; i++)
		if (n == 0 || strcmp(a->list[i].name, a->list[n - 1].name) != 0)
			a->list[n++] = a->list[i];
	a->list_n = n;
}

/* GNU imap4d refuses STATUS of a mailbox that nobody has opened yet. */
static void
take_selected(struct folder *fo, const struct imap_selected *sel)
{
	fo->messages = sel->exists;
	fo->uidvalidity = sel->uidvalidity;
	fo->known |= FOLDER_MESSAGES | FOLDER_UIDVALIDITY;
	if (sel->uidnext == 0)
		return;
	fo->uidnext = sel->uidnext;
	fo->known |= FOLDER_UIDNEXT;
}

/*
 * Without STATUS=SIZE (RFC 8438) the sizes are added up, one by one; of a
 * folder that refuses they stay unknown.
 */
int
account_sizes(struct imap_account *a, struct folder *fo, struct fail *f)
{
	struct imap_selected sel;
	struct imap_row row;
	uint64_t bytes = 0;
	int rc = 0;

	if (!fo->selectable || (fo->known & FOLDER_BYTES) != 0)
		return 0;
	if ((fo->known & FOLDER_MESSAGES) == 0 || fo->messages > 0) {
		rc = imap_select(a->im, fo->raw, strlen(fo->raw), 0, &sel, f);
		if (rc == 0)
			rc = imap_scan(a->im, 0, 0, f);
		while (rc == 0 && (rc = imap_scan_next(a->im, &row, f)) == 1) {
			bytes += row.size;
			rc = 0;
		}
		if (rc == -1)
			return f->reach > REACH_FOLDER ? -1 : 0;
		if (imap_scan_missing(a->im) > 0 || !sel.has_exists)
			return 0;
		take_selected(fo, &sel);
	}
	fo->bytes = bytes;
	fo->known |= FOLDER_BYTES;
	return 0;
}

int
account_list(struct imap_account *a, int status, struct fail *f)
{
	struct imap_box *box;
	uint64_t unread;
	size_t i, boxes;

	if (imap_list(a->im, status, &box, &boxes, &unread, f) == -1)
		return -1;
	if (namespaces(a, f) == -1) {
		imap_boxes_free(box, boxes);
		return -1;
	}
	if (unread > 0)
		store_note(&a->st,
		    "LIST: %llu answers that cannot be read; folders may be "
		    "missing",
		    (unsigned long long)unread);
	free(a->list);
	arena_reset(a->names);
	a->list = mem_array(boxes, sizeof(*a->list));
	a->list_n = 0;
	a->listed = 1;
	buf_reset(&a->raw_of);
	for (i = 0; i < boxes; i++)
		take_box(a, &box[i]);
	imap_boxes_free(box, boxes);
	folder_sort(a->list, a->list_n);
	part_twins(a);
	add_parents(a);
	return 0;
}

/*
 * The name on the wire, in a->raw: as it was listed, or made.  Under a prefix,
 * and with octets in it, only the list can tell.
 */
int
account_raw(struct imap_account *a, const char *folder, struct fail *f)
{
	const struct folder *fo;

	if (a->raw_of.len > 0 && strcmp(a->raw_of.data, folder) == 0)
		return 0;
	if (namespaces(a, f) == -1)
		return -1;
	if (!a->listed &&
	    (*a->ns[0].prefix != '\0' || strchr(folder, '%') != NULL) &&
	    account_list(a, 0, f) == -1)
		return -1;
	buf_reset(&a->raw);
	buf_reset(&a->raw_of);
	if ((fo = folder_find(a->list, a->list_n, folder)) != NULL)
		buf_adds(&a->raw, fo->raw);
	else if (name_to_raw(&a->raw, folder, a->ns[0].sep, a->ns[0].prefix, 0,
		     f) == -1)
		return -1;
	buf_adds(&a->raw_of, folder);
	return 0;
}

/* In a->raw, what the folders of the first level are in; nothing where that has
 * no name. */
static int
first_level(struct imap_account *a, struct fail *f)
{
	const struct imap_namespace *own;
	size_t n;

	if (namespaces(a, f) == -1)
		return -1;
	own = &a->ns[0];
	if (own->supposed && (imap_can(a->im) & CAP_NAMESPACE) != 0)
		return fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
		    "NAMESPACE", "the user has no namespace of his own");
	n = strlen(own->prefix);
	buf_reset(&a->raw);
	buf_reset(&a->raw_of);
	buf_add(&a->raw, own->prefix,
	    n - (n > 0 && own->prefix[n - 1] == own->sep));
	return 0;
}

int
account_rights(
    struct store *st, const char *folder, struct buf *rights, struct fail *f)
{
	struct imap_account *a = (struct imap_account *)(void *)st;

	if ((*folder != '\0' ? account_raw(a, folder, f) : first_level(a, f)) ==
	    -1)
		return -1;
	return a->raw.len == 0
	    ? 0
	    : imap_rights(a->im, a->raw.data, a->raw.len, rights, f);
}
