/*
 * store_pop3.c: a mailbox on a POP3 server, as a source.  It is one folder,
 * INBOX, without flags and dates; a message's id is its number in the
 * session, its uid the server's UIDL.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "pop3/pop3.h"
#include "secret/secret.h"
#include "store/store_p.h"

struct item {
	uint64_t octets;
	uint32_t number;
	uint32_t uid; /* where it begins in uids; 0: none yet */
};

struct pop3_account {
	struct store st;
	struct endpoint e;
	struct pop3 *p;
	struct folder inbox;
	struct item *item;
	size_t n, room, scanned;
	struct buf uids; /* one after the other, each with its NUL */
	int listed, named; /* item is there; so is every uid */
	struct pop3_want *want;
	int64_t date; /* of the body in hand */
};

static struct pop3_account *
self(struct store *st)
{
	return (struct pop3_account *)(void *)st;
}

static void
note(void *arg, const char *line)
{
	store_note(arg, "%s", line);
}

static int
open_account(struct store *st, const struct endpoint *e,
    const struct secret *secret, const struct secret *key, struct fail *f)
{
	struct pop3_account *a = self(st);

	if (st->opt.write)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "open", "POP3 is a source only: nothing can be put there");
	endpoint_copy(&a->e, e);
	if (pop3_open(&a->p, &a->e, secret->data != NULL ? secret->data : "",
		secret->len, key->data, note, st, f) == -1)
		return -1;
	st->capabilities = pop3_capabilities(a->p);
	return 0;
}

static void
close_account(struct store *st)
{
	struct pop3_account *a = self(st);

	pop3_close(a->p);
	endpoint_free(&a->e);
	free(a->item);
	free(a->want);
	buf_free(&a->uids);
}

/* ---- the one folder ---- */

static int
list(struct store *st, struct folder **out, size_t *n, struct fail *f)
{
	struct pop3_account *a = self(st);
	struct folder *fo = &a->inbox;

	*fo = (struct folder){.name = "INBOX",
	    .raw = "INBOX",
	    .role = ROLE_INBOX,
	    .selectable = 1};
	if (st->opt.sizes) {
		if (pop3_stat(a->p, &fo->messages, &fo->bytes, f) == -1)
			return -1;
		fo->known = FOLDER_MESSAGES | FOLDER_BYTES;
	}
	*out = fo;
	*n = 1;
	return 0;
}

static int
list_messages(struct pop3_account *a, struct fail *f)
{
	struct item it = {0};
	int rc;

	if (pop3_list(a->p, f) == -1)
		return -1;
	while ((rc = pop3_list_next(a->p, &it.number, &it.octets, f)) == 1) {
		if (a->n == a->room) {
			a->room = a->room ? a->room + a->room / 2 : 64;
			a->item =
			    mem_resize(a->item, a->room, sizeof(*a->item));
		}
		a->item[a->n++] = it;
	}
	a->listed = rc == 0;
	return rc;
}

static int
enter(struct store *st, const char *folder, int write, struct folder *info,
    struct fail *f)
{
	struct pop3_account *a = self(st);
	uint64_t messages, octets;
	size_t i;

	(void)write;
	if (text_casecmp(folder, "INBOX") != 0)
		return fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    "enter", "there is no such folder: POP3 has INBOX only");
	*info = (struct folder){.name = "INBOX",
	    .raw = "INBOX",
	    .role = ROLE_INBOX,
	    .selectable = 1,
	    .known = FOLDER_MESSAGES | FOLDER_BYTES};
	if (!a->listed) {
		if (pop3_stat(a->p, &messages, &octets, f) == -1 ||
		    list_messages(a, f) == -1)
			return -1;
		if (messages != a->n)
			store_note(st,
			    "STAT counts %llu messages and LIST %zu: those of "
			    "LIST are taken",
			    (unsigned long long)messages, a->n);
	}
	a->scanned = a->n;
	info->messages = a->n;
	for (i = 0; i < a->n; i++)
		info->bytes += a->item[i].octets;
	return 0;
}

/* The item with this number, or NULL. */
static struct item *
find(const struct pop3_account *a, uint64_t number)
{
	size_t low = 0, high = a->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (a->item[mid].number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low < a->n && a->item[low].number == number ? &a->item[low]
							   : NULL;
}

/* ---- what a message is called ---- */

static void
set_uid(struct pop3_account *a, struct item *it, const char *uid)
{
	if (a->uids.len == 0)
		buf_addc(&a->uids, '\0'); /* 0 means none */
	it->uid = (uint32_t)a->uids.len;
	buf_add(&a->uids, uid, strlen(uid) + 1);
}

static int
take_uidl(struct pop3_account *a, struct fail *f)
{
	struct item *it;
	const char *uid;
	uint32_t number;
	int rc = pop3_uidl(a->p, f);

	if (rc != 1)
		return rc;
	while ((rc = pop3_uidl_next(a->p, &number, &uid, f)) == 1)
		if ((it = find(a, number)) != NULL && it->uid == 0)
			set_uid(a, it, uid);
	return rc;
}

static int
by_uid(const void *x, const void *y, void *arg)
{
	const struct pop3_account *a = arg;
	const struct item *const *p = x, *const *q = y;
	int d = strcmp(a->uids.data + (*p)->uid, a->uids.data + (*q)->uid);

	return d != 0 ? d : ((*p)->number > (*q)->number) * 2 - 1;
}

/* Calls each for every message, but the first, that shares its uid: nth is 2
 * and more.  How many they were. */
static size_t
each_twin(struct pop3_account *a,
    void (*each)(struct pop3_account *, struct item *, size_t nth))
{
	struct item **sorted = mem_array(a->n, sizeof(*sorted));
	size_t i, n = 0, first = 0, twins = 0;

	for (i = 0; i < a->n; i++)
		if (a->item[i].uid != 0)
			sorted[n++] = &a->item[i];
	if (n > 0)
		qsort_r(sorted, n, sizeof(*sorted), by_uid, a);
	for (i = 1; i < n; i++)
		if (strcmp(a->uids.data + sorted[i]->uid,
			a->uids.data + sorted[first]->uid) == 0) {
			each(a, sorted[i], i - first + 1);
			twins++;
		} else
			first = i;
	free(sorted);
	return twins;
}

/*
 * Two messages under one UIDL (RFC 1939 allows it for copies) would be one in
 * a ledger: the first keeps it.
 */
static void
strike(struct pop3_account *a, struct item *it, size_t nth)
{
	(void)a;
	(void)nth;
	it->uid = 0;
}

static void
number(struct pop3_account *a, struct item *it, size_t nth)
{
	struct buf uid = {0};

	buf_addf(&uid, "%s.%zu", a->uids.data + it->uid, nth);
	set_uid(a, it, uid.data);
	buf_free(&uid);
}

static int
digest_of(
    struct pop3_account *a, struct digest *d, uint8_t sum[32], struct fail *f)
{
	struct ident id;
	const char *p;
	size_t n;
	int rc;

	digest_reset(d);
	while ((rc = pop3_read(a->p, &p, &n, f)) == 1)
		if (digest_add(d, p, n, f) == -1)
			return -1;
	if (rc == -1 || digest_end(d, &id, f) == -1)
		return -1;
	memcpy(sum, id.sum[1], 32);
	return 0;
}

/*
 * A name out of what a message is: L1, because some servers write Status
 * lines of their own into the header.  Numbers would do for one session only:
 * when the owner deletes a message, a later one would take its number, be
 * taken for it, and be lost.
 */
static int
read_unnamed(struct pop3_account *a, const struct pop3_want *want, size_t n,
    struct fail *f)
{
	struct digest *d = digest_new(DIGEST_L1, a->st.spool_dir);
	char name[33] = "";
	uint8_t sum[32];
	uint32_t number;
	uint64_t len;
	int rc = pop3_want(a->p, want, n, a->st.spool_dir, f);

	while (rc == 0 && (rc = pop3_body(a->p, &number, &len, f)) != 0) {
		if (rc == -1 && f->reach != REACH_MESSAGE)
			break;
		if (rc == 1 && (rc = digest_of(a, d, sum, f)) == -1)
			break;
		if (rc == 0)
			text_hex(name, sum, 16);
		/* What is refused now will be when it is wanted. */
		set_uid(a, find(a, number), rc == 0 ? name : "refused");
		rc = 0;
	}
	digest_free(d);
	return rc;
}

/* Every message gets a name that holds beyond this session. */
static int
name_all(struct pop3_account *a, struct fail *f)
{
	struct pop3_want *want;
	size_t i, twins, n = 0;
	int rc;

	if (a->named)
		return 0;
	if (take_uidl(a, f) == -1)
		return -1;
	twins = each_twin(a, strike);
	want = mem_array(a->n, sizeof(*want));
	for (i = 0; i < a->n; i++)
		if (a->item[i].uid == 0)
			want[n++] = (struct pop3_want){
			    a->item[i].number, a->item[i].octets};
	if (n == a->n && n > 0)
		store_note(&a->st,
		    "no UIDL here: every message is read and named by its "
		    "digest, in every run");
	else if (n > 0)
		store_note(&a->st,
		    "%zu messages have no UIDL and %zu another's: they are "
		    "read and named by their digests, in every run",
		    n - twins, twins);
	rc = n > 0 ? read_unnamed(a, want, n, f) : 0;
	if (rc == 0 && n > 0)
		(void)each_twin(a, number);
	a->named = rc == 0;
	free(want);
	return rc;
}

static void
uid(struct store *st, uint64_t id, struct buf *out)
{
	const struct pop3_account *a = self(st);
	const struct item *it = find(a, id);

	if (it != NULL && it->uid != 0)
		buf_adds(out, a->uids.data + it->uid);
}

/* ---- messages out ---- */

static int
scan(struct store *st, uint64_t from, struct fail *f)
{
	struct pop3_account *a = self(st);

	if (name_all(a, f) == -1)
		return -1;
	for (a->scanned = 0; a->scanned < a->n; a->scanned++)
		if (a->item[a->scanned].number >= from)
			break;
	return 0;
}

static int
next(struct store *st, struct msgref *m, struct fail *f)
{
	struct pop3_account *a = self(st);
	const struct item *it;

	(void)f;
	if (a->scanned == a->n)
		return 0;
	it = &a->item[a->scanned++];
	m->id = it->number;
	m->size = it->octets;
	m->date = CLOCK_NONE;
	m->flags = "";
	return 1;
}

static int
want(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	struct pop3_account *a = self(st);
	struct pop3_want *w = mem_array(n, sizeof(*w)), *before = a->want;
	const struct item *it;
	size_t i, there = 0;
	int rc;

	for (i = 0; i < n; i++)
		if ((it = find(a, ids[i])) != NULL)
			w[there++] = (struct pop3_want){it->number, it->octets};
	rc = pop3_want(a->p, w, there, st->spool_dir, f);
	a->want = w;
	free(before);
	return rc;
}

/* A stamp "from x by y; Mon, 23 Nov 2026 10:00:00 +0100", or a date alone. */
static int64_t
date_of(const char *head, size_t n, const char *name)
{
	struct buf value = {0};
	int64_t date = CLOCK_NONE;
	const char *p;

	if (header_value(&value, head, n, name) && value.len > 0) {
		p = memrchr(value.data, ';', value.len);
		p = p != NULL ? p + 1 : value.data;
		if (!date_parse_header(
			p, (size_t)(value.data + value.len - p), &date))
			date = CLOCK_NONE;
	}
	buf_free(&value);
	return date;
}

static int
look_for_date(struct pop3_account *a, struct fail *f)
{
	const char *head;
	size_t n;
	int rc = pop3_read(a->p, &head, &n, f);

	a->date = CLOCK_NONE;
	if (rc == 1 && (a->date = date_of(head, n, "Received")) == CLOCK_NONE)
		a->date = date_of(head, n, "Date");
	return rc == -1 ? -1 : pop3_rewind(a->p, f);
}

static int
body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f)
{
	struct pop3_account *a = self(st);
	uint32_t number = 0;
	int rc = pop3_body(a->p, &number, len, f);

	*id = rc == 0 ? 0 : number;
	if (rc == 1 && *len == 0)
		return fail_set(f, CODE_BADMSG, REACH_MESSAGE, AGAIN_NEVER,
		    "TOP", "the server sends nothing for this message");
	if (rc == 1 && look_for_date(a, f) == -1)
		return -1;
	return rc;
}

static int64_t
date(const struct store *st)
{
	return ((const struct pop3_account *)(const void *)st)->date;
}

static int
read_body(struct store *st, const char **p, size_t *n, struct fail *f)
{
	return pop3_read(self(st)->p, p, n, f);
}

static struct stream *
stream(struct store *st)
{
	return pop3_stream(self(st)->p);
}

const struct store_ops store_pop3 = {
    .size = sizeof(struct pop3_account),
    .open = open_account,
    .close = close_account,
    .list = list,
    .enter = enter,
    .scan = scan,
    .next = next,
    .uid = uid,
    .want = want,
    .body = body,
    .read = read_body,
    .date = date,
    .stream = stream,
};
