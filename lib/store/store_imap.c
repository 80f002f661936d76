/* store_imap.c: an account on an IMAP server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/account_p.h"

static struct imap_account *
self(struct store *st)
{
	return (struct imap_account *)(void *)st;
}

static void
set_can(struct imap_account *a)
{
	unsigned int caps = imap_can(a->im);

	a->st.can = STORE_APPEND | STORE_UIDS | STORE_KEYWORDS | STORE_FLAGS |
	    STORE_FOLDERS | STORE_SUBSCRIBE | STORE_COPY | STORE_WEAK;
	if (caps & CAP_UIDPLUS)
		a->st.can |= STORE_UIDPLUS;
	if (caps & CAP_MULTIAPPEND)
		a->st.can |= STORE_MULTI;
	if (caps & CAP_CREATE_SPECIAL_USE)
		a->st.can |= STORE_ROLES;
	if (caps & CAP_CONDSTORE)
		a->st.can |= STORE_CHANGES;
	if (caps & CAP_ESEARCH)
		a->st.can |= STORE_THERE;
	a->st.capabilities = imap_capabilities(a->im);
	a->st.append_limit = imap_append_limit(a->im);
}

static int
open_account(struct store *st, const struct endpoint *e,
    const struct secret *secret, const struct secret *key, struct fail *f)
{
	struct imap_account *a = self(st);

	(void)secret;
	a->names = arena_new();
	endpoint_copy(&a->e, e);
	return imap_dial(&a->im, &a->e, key->data, f);
}

static int
log_in(struct store *st, const struct secret *secret, struct fail *f)
{
	struct imap_account *a = self(st);

	if (imap_login(a->im, secret->data != NULL ? secret->data : "",
		secret->len, f) == -1)
		return -1;
	imap_window(a->im, st->opt.window);
	set_can(a);
	return 0;
}

static void
close_account(struct store *st)
{
	struct imap_account *a = self(st);

	if (a->im != NULL && st->opt.part)
		imap_part(a->im);
	imap_close(a->im);
	endpoint_free(&a->e);
	free(a->list);
	arena_free(a->names);
	intern_free(a->flags);
	buf_free(&a->raw);
	buf_free(&a->raw_of);
	buf_free(&a->entered);
}

/* ---- folders ---- */

static int
list(struct store *st, struct folder **out, size_t *n, struct fail *f)
{
	struct imap_account *a = self(st);
	size_t i;

	if (account_list(a, account_counts(a), f) == -1)
		return -1;
	for (i = 0; st->opt.sizes && i < a->list_n; i++)
		if (account_sizes(a, &a->list[i], f) == -1)
			return -1;
	*out = a->list;
	*n = a->list_n;
	return 0;
}

static int
create(struct store *st, const char *folder, enum role role, int *made,
    struct fail *f)
{
	struct imap_account *a = self(st);

	*made = 0;
	if (account_has(a, folder))
		return 0;
	if (account_raw(a, folder, f) == -1)
		return -1;
	return imap_create(a->im, a->raw.data, a->raw.len, (int)role, made, f);
}

static int
subscribe(struct store *st, const char *folder, struct fail *f)
{
	struct imap_account *a = self(st);

	if (account_raw(a, folder, f) == -1)
		return -1;
	return imap_subscribe(a->im, a->raw.data, a->raw.len, f);
}

/*
 * GNU imap4d 3.15 writes a mailbox that is selected back as it knew it and so
 * loses what was appended meanwhile, each time with an OK.  A server that old
 * has no UIDPLUS: there the mailbox is only examined while messages go in, and
 * selected for changes of flags.
 */
static int
select_again(struct imap_account *a, int select, struct fail *f)
{
	struct imap_selected sel;

	if ((a->st.can & STORE_UIDPLUS) != 0 || a->entered.len == 0 ||
	    a->selected == select)
		return 0;
	if (imap_select(
		a->im, a->entered.data, a->entered.len, select, &sel, f) == -1)
		return -1;
	a->selected = select;
	return 0;
}

static int
enter(struct store *st, const char *folder, int write, struct folder *info,
    struct fail *f)
{
	struct imap_account *a = self(st);
	struct folder *fo;
	struct imap_selected sel;

	if (account_raw(a, folder, f) == -1)
		return -1;
	fo = folder_find(a->list, a->list_n, folder);
	if (imap_select(a->im, a->raw.data, a->raw.len, write, &sel, f) == -1) {
		/* Dovecot lists what is subscribed and no more. */
		if (fo != NULL && f->code == CODE_NOSELECT)
			fo->selectable = 0;
		return -1;
	}
	buf_reset(&a->entered);
	if (write)
		buf_add(&a->entered, a->raw.data, a->raw.len);
	a->selected = write;
	intern_free(a->flags);
	a->flags = intern_new();
	if (fo != NULL)
		*info = *fo;
	else {
		memset(info, 0, sizeof(*info));
		info->name = intern_str(a->flags, folder, strlen(folder));
		info->raw = intern_str(a->flags, a->raw.data, a->raw.len);
		info->sep = a->ns[0].sep;
	}
	info->selectable = 1;
	/* What LIST told is of the past, and STATUS may tell what SELECT
	 * does not. */
	info->known &=
	    ~(unsigned int)(FOLDER_MESSAGES | FOLDER_UIDNEXT | FOLDER_MODSEQ);
	info->known |= FOLDER_UIDVALIDITY;
	if (sel.has_exists)
		info->known |= FOLDER_MESSAGES;
	if (sel.uidnext != 0)
		info->known |= FOLDER_UIDNEXT;
	if (sel.modseq != 0)
		info->known |= FOLDER_MODSEQ;
	info->uidvalidity = sel.uidvalidity;
	info->uidnext = sel.uidnext;
	info->messages = sel.exists;
	info->modseq = sel.modseq;
	info->permanentflags = sel.permanentflags != NULL
	    ? intern_str(
		  a->flags, sel.permanentflags, strlen(sel.permanentflags))
	    : NULL;
	return 0;
}

/* ---- messages out ---- */

static int
scan_since(struct store *st, uint64_t from, uint64_t since, struct fail *f)
{
	self(st)->told = 0;
	return imap_scan(self(st)->im, account_uid(from), since, f);
}

static int
scan(struct store *st, uint64_t from, struct fail *f)
{
	return scan_since(st, from, 0, f);
}

static int
there(struct store *st, void (*each)(void *, uint32_t low, uint32_t high),
    void *arg, struct fail *f)
{
	return imap_there(self(st)->im, each, arg, f);
}

static int
next(struct store *st, struct msgref *m, struct fail *f)
{
	struct imap_account *a = self(st);
	struct imap_row row;
	uint64_t missing;
	int rc = imap_scan_next(a->im, &row, f);

	if (rc == 0 && (missing = imap_scan_missing(a->im)) > a->told) {
		a->told = missing;
		return fail_set(f, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
		    "FETCH",
		    "%llu messages are there that the server does "
		    "not list",
		    (unsigned long long)missing);
	}
	if (rc != 1)
		return rc;
	m->id = row.uid;
	m->size = row.size;
	m->date = row.date;
	m->flags = flags_canon(a->flags, row.flags, row.flags_len);
	return 1;
}

static void
uid(struct store *st, uint64_t id, struct buf *out)
{
	(void)st;
	buf_addf(out, "%llu", (unsigned long long)id);
}

static int
want(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	uint32_t *uids = account_uids(ids, n);
	int rc = imap_want(self(st)->im, uids, n, IMAP_WHOLE, st->spool_dir, f);

	free(uids);
	return rc;
}

static int
body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f)
{
	uint32_t u = 0;
	int rc = imap_body(self(st)->im, &u, len, f);

	*id = u;
	if (rc == 1 && *len == 0)
		return fail_set(f, CODE_BADMSG, REACH_MESSAGE, AGAIN_NEVER,
		    "FETCH", "the server sends nothing for this message");
	return rc;
}

static int
read_body(struct store *st, const char **p, size_t *n, struct fail *f)
{
	return imap_read(self(st)->im, p, n, f);
}

/* ---- messages in ---- */

static int
put(struct store *st, const char *folder, const struct put *p, struct fail *f)
{
	struct imap_account *a = self(st);
	struct imap_put ip = {p->cookie, p->len, p->date, p->flags, p->alone};

	if (account_raw(a, folder, f) == -1 || select_again(a, 0, f) == -1)
		return -1;
	return imap_put(a->im, a->raw.data, a->raw.len, &ip, f);
}

static int
write_body(struct store *st, const char *p, size_t n, struct fail *f)
{
	return imap_write(self(st)->im, p, n, f);
}

static int
put_end(struct store *st, struct fail *f)
{
	return imap_put_end(self(st)->im, f);
}

static void
abort_all(struct store *st)
{
	imap_abort(self(st)->im);
}

static int
flush(struct store *st, struct fail *f)
{
	return imap_flush(self(st)->im, f);
}

static int
settle(struct store *st, struct receipt *r, int wait, struct fail *f)
{
	struct imap_receipt ir = {0};
	int rc = imap_settle(self(st)->im, &ir, wait, f);

	if (rc != 1)
		return rc;
	*r = (struct receipt){.cookie = ir.cookie,
	    .ok = ir.ok,
	    .again = ir.again,
	    .uidvalidity = ir.uidvalidity,
	    .why = ir.why};
	if (ir.uid != 0) {
		(void)snprintf(self(st)->new_uid, sizeof(self(st)->new_uid),
		    "%u", (unsigned int)ir.uid);
		r->uid = self(st)->new_uid;
	}
	return 1;
}

static size_t
outstanding(const struct store *st)
{
	return imap_outstanding(
	    ((const struct imap_account *)(const void *)st)->im);
}

/* ---- changes, and tables of their own ---- */

static int
flags(struct store *st, const uint64_t *ids, size_t n, const char *add,
    const char *remove, struct fail *f)
{
	struct imap *im = self(st)->im;
	uint32_t *uids = account_uids(ids, n);
	int rc = select_again(self(st), 1, f);

	if (rc == 0 && *add != '\0')
		rc = imap_store(im, uids, n, '+', add, f);
	if (rc == 0 && *remove != '\0')
		rc = imap_store(im, uids, n, '-', remove, f);
	free(uids);
	return rc;
}

static int
copy(struct store *st, const uint64_t *ids, size_t n, const char *folder,
    uint64_t *to, struct fail *f)
{
	struct imap_account *a = self(st);
	uint32_t *uids = account_uids(ids, n);
	uint32_t *got = mem_array(n, sizeof(*got));
	size_t i;
	int rc = account_raw(a, folder, f);

	if (rc == 0)
		rc = imap_copy(a->im, uids, n, a->raw.data, a->raw.len, got, f);
	for (i = 0; i < n; i++)
		to[i] = rc == 0 || f->reach == REACH_MESSAGE ? got[i] : 0;
	free(uids);
	free(got);
	return rc;
}

static int
take_out(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	uint32_t *uids = account_uids(ids, n);
	int rc = imap_expunge(self(st)->im, uids, n, f);

	free(uids);
	return rc;
}

static int
quota(struct store *st,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f)
{
	return imap_quota(self(st)->im, each, arg, f);
}

static int
acl(struct store *st, const char *folder,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f)
{
	struct imap_account *a = self(st);

	if (account_raw(a, folder, f) == -1)
		return -1;
	return imap_acl(a->im, a->raw.data, a->raw.len, each, arg, f);
}

static struct stream *
stream(struct store *st)
{
	return imap_stream(self(st)->im);
}

const struct store_ops store_imap = {
    .size = sizeof(struct imap_account),
    .open = open_account,
    .login = log_in,
    .close = close_account,
    .ahead = account_ahead,
    .list = list,
    .create = create,
    .subscribe = subscribe,
    .enter = enter,
    .scan = scan,
    .scan_since = scan_since,
    .there = there,
    .next = next,
    .uid = uid,
    .want = want,
    .weak = account_weak,
    .body = body,
    .read = read_body,
    .put = put,
    .write = write_body,
    .put_end = put_end,
    .abort = abort_all,
    .flush = flush,
    .settle = settle,
    .outstanding = outstanding,
    .flags_of = flags,
    .copy = copy,
    .expunge = take_out,
    .quota = quota,
    .acl = acl,
    .rights = account_rights,
    .stream = stream,
};
