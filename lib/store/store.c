/* store.c: opens an endpoint's store and hands every call to its scheme. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "row/row.h"
#include "store/store_p.h"

enum { WINDOW = 64 };

static const struct store_ops *const schemes[SCHEME_MBOX + 1] = {
    [SCHEME_IMAP] = &store_imap,
    [SCHEME_IMAPS] = &store_imap,
    [SCHEME_POP3] = &store_pop3,
    [SCHEME_POP3S] = &store_pop3,
    [SCHEME_MAILDIR] = &store_maildir,
    [SCHEME_MBOX] = &store_mbox,
};

int
store_at(struct store *st, const char *folder, uint64_t id, struct fail *f)
{
	struct buf uid = {0};

	if (id != 0 && st->ops->uid != NULL)
		st->ops->uid(st, id, &uid);
	(void)fail_at(f, "%s%s%s%s%s", st->label, folder != NULL ? "/" : "",
	    folder != NULL ? folder : "", uid.len > 0 ? ";UID=" : "",
	    uid.len > 0 ? uid.data : "");
	buf_free(&uid);
	return -1;
}

int
store_refuse(
    struct store *st, const char *folder, const char *what, struct fail *f)
{
	(void)fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER, what,
	    st->opt.write ? "this kind of endpoint cannot do that"
			  : "the endpoint is a source, nothing is written");
	return store_at(st, folder, 0, f);
}

void
store_note(const struct store *st, const char *fmt, ...)
{
	struct buf line = {0};
	va_list ap;
	char *text;

	if (st->opt.note == NULL)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	if (text == NULL)
		return;
	buf_addf(&line, "%s: ", st->label);
	text_printable(&line, text, strlen(text), 1000);
	st->opt.note(st->opt.arg, line.data);
	buf_free(&line);
	free(text);
}

static int
compare(const void *a, const void *b)
{
	const struct folder *x = a, *y = b;
	int xin = strcmp(x->name, "INBOX") == 0;
	int yin = strcmp(y->name, "INBOX") == 0;

	if ((x->role == ROLE_ALL) != (y->role == ROLE_ALL))
		return x->role == ROLE_ALL ? 1 : -1;
	return xin || yin ? yin - xin : strcmp(x->name, y->name);
}

void
folder_sort(struct folder *list, size_t n)
{
	if (n > 0)
		qsort(list, n, sizeof(*list), compare);
}

struct folder *
folder_find(struct folder *list, size_t n, const char *name)
{
	struct folder like = {.name = name};

	return n > 0 ? bsearch(&like, list, n, sizeof(*list), compare) : NULL;
}

/* ---- open, close ---- */

static int
resolve(
    const char *ref, const struct endpoint *e, struct secret *s, struct fail *f)
{
	struct secret_for whom = {e->user, e->host, e->port};

	return ref == NULL || *ref == '\0' ? 0 : secret_get(ref, &whom, s, f);
}

static struct store *
fresh(const struct endpoint *e, const struct store_opt *opt)
{
	const struct store_ops *ops = schemes[e->scheme];
	struct store *st = mem_alloc(ops->size);
	struct buf label = {0};

	st->ops = ops;
	if (opt != NULL)
		st->opt = *opt;
	st->spool_dir =
	    mem_strdup(st->opt.spool_dir != NULL ? st->opt.spool_dir : "/tmp");
	st->opt.spool_dir = st->spool_dir;
	if (st->opt.window == 0)
		st->opt.window = WINDOW;
	endpoint_label(&label, e);
	st->label = label.data;
	return st;
}

int
store_open(struct store **st, const struct endpoint *e, const char *secret,
    const struct store_opt *opt, struct fail *f)
{
	struct secret key = {0};
	int rc;

	*st = NULL;
	if (schemes[e->scheme] == NULL)
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "open", "%s is not supported", scheme_name(e->scheme));
	*st = fresh(e, opt);
	rc = resolve(secret, e, &(*st)->secret, f);
	if (rc == 0)
		rc = resolve(e->key, e, &key, f);
	if (rc == 0)
		rc = (*st)->ops->open(*st, e, &(*st)->secret, &key, f);
	secret_wipe(&key);
	if (rc == -1)
		(void)store_at(*st, NULL, 0, f);
	else if (!(*st)->opt.dial)
		rc = store_login(*st, f);
	if (rc == -1) {
		store_close(*st);
		*st = NULL;
	}
	return rc;
}

int
store_login(struct store *st, struct fail *f)
{
	int rc = 0;

	if (st->ops->login != NULL)
		rc = st->ops->login(st, &st->secret, f);
	secret_wipe(&st->secret);
	return rc == -1 ? store_at(st, NULL, 0, f) : 0;
}

/* Whose URL is wrong.  Not the URL: what is before its @ may be a password. */
static int
wrong_url(const struct row *r, const char *side, struct fail *f)
{
	const char *account = row_get(r, "account");
	const char *host = strrchr(row_get(r, side), '@');

	if (*account != '\0')
		return fail_at(f, "%s of %s", side, account);
	return fail_at(f, "%s%s%s", side, host != NULL ? " ..." : "",
	    host != NULL ? host : "");
}

int
store_open_row(struct store **st, const struct row *r, const char *side,
    const struct store_opt *opt, struct fail *f)
{
	struct endpoint e = {0};
	const char *url = row_get(r, side);
	char column[64];
	int rc;

	*st = NULL;
	(void)snprintf(column, sizeof(column), "%s_secret", side);
	if (*url == '\0')
		return wrong_url(r, side, f) |
		    fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
			"open", "the row has no %s", side);
	rc = endpoint_parse(&e, url, f);
	if (rc == 0)
		rc = store_open(st, &e, row_get(r, column), opt, f);
	else
		(void)wrong_url(r, side, f);
	endpoint_free(&e);
	return rc;
}

void
store_close(struct store *st)
{
	if (st == NULL)
		return;
	st->ops->close(st);
	secret_wipe(&st->secret);
	free(st->spool_dir);
	free(st->label);
	free(st->entered);
	free(st);
}

unsigned int
store_can(const struct store *st)
{
	return st->can;
}

const char *
store_label(const struct store *st)
{
	return st->label;
}

const char *
store_capabilities(const struct store *st)
{
	return st->capabilities != NULL ? st->capabilities : "";
}

uint64_t
store_append_limit(const struct store *st)
{
	return st->append_limit;
}

int
store_ahead(struct store *st, const struct ahead_of *a, struct fail *f)
{
	int rc = st->ops->ahead != NULL ? st->ops->ahead(st, a, f) : 0;

	return rc == -1 ? store_at(st, a->folder, 0, f) : rc;
}

/* ---- folders ---- */

int
store_list(struct store *st, struct folder **list, size_t *n, struct fail *f)
{
	if (st->ops->list(st, list, n, f) == -1)
		return store_at(st, NULL, 0, f);
	return 0;
}

int
store_create(struct store *st, const char *folder, enum role role, int *made,
    struct fail *f)
{
	int ignored;

	if (st->ops->create == NULL || !st->opt.write)
		return store_refuse(st, folder, "create", f);
	if (st->ops->create(
		st, folder, role, made != NULL ? made : &ignored, f) == -1)
		return store_at(st, folder, 0, f);
	return 0;
}

int
store_subscribe(struct store *st, const char *folder, struct fail *f)
{
	if (st->ops->subscribe == NULL || !st->opt.write)
		return store_refuse(st, folder, "subscribe", f);
	if (st->ops->subscribe(st, folder, f) == -1)
		return store_at(st, folder, 0, f);
	return 0;
}

int
store_enter(struct store *st, const char *folder, int write,
    struct folder *info, struct fail *f)
{
	char *entered = mem_strdup(folder);

	free(st->entered);
	st->entered = entered;
	memset(info, 0, sizeof(*info));
	if (st->ops->enter(st, folder, write, info, f) == -1)
		return store_at(st, folder, 0, f);
	return 0;
}

/* ---- messages out ---- */

int
store_scan(struct store *st, uint64_t from, struct fail *f)
{
	assert(st->entered != NULL);
	if (st->ops->scan(st, from, f) == -1)
		return store_at(st, st->entered, 0, f);
	return 0;
}

int
store_next(struct store *st, struct msgref *m, struct fail *f)
{
	int rc;

	m->id = 0;
	rc = st->ops->next(st, m, f);
	return rc == -1 ? store_at(st, st->entered, m->id, f) : rc;
}

void
store_uid(struct store *st, uint64_t id, struct buf *out)
{
	st->ops->uid(st, id, out);
}

int
store_want(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	assert(n <= 4096);
	if (st->ops->want(st, ids, n, f) == -1)
		return store_at(st, st->entered, 0, f);
	return 0;
}

int
store_body(struct store *st, uint64_t *id, uint64_t *len, struct fail *f)
{
	int rc;

	*id = 0;
	rc = st->ops->body(st, id, len, f);
	return rc == -1 ? store_at(st, st->entered, *id, f) : rc;
}

int
store_read(struct store *st, const char **p, size_t *n, struct fail *f)
{
	int rc = st->ops->read(st, p, n, f);

	return rc == -1 ? store_at(st, st->entered, 0, f) : rc;
}

int64_t
store_date(const struct store *st)
{
	return st->ops->date != NULL ? st->ops->date(st) : CLOCK_NONE;
}

/* ---- messages in ---- */

int
store_put(
    struct store *st, const char *folder, const struct put *p, struct fail *f)
{
	if (st->ops->put == NULL || !st->opt.write)
		return store_refuse(st, folder, "append", f);
	if (st->ops->put(st, folder, p, f) == -1)
		return store_at(st, folder, 0, f);
	return 0;
}

int
store_write(struct store *st, const char *p, size_t n, struct fail *f)
{
	return st->ops->write(st, p, n, f) == -1 ? store_at(st, NULL, 0, f) : 0;
}

int
store_put_end(struct store *st, struct fail *f)
{
	return st->ops->put_end(st, f) == -1 ? store_at(st, NULL, 0, f) : 0;
}

void
store_abort(struct store *st)
{
	if (st->ops->abort != NULL)
		st->ops->abort(st);
}

int
store_flush(struct store *st, struct fail *f)
{
	if (st->ops->flush == NULL)
		return 0;
	return st->ops->flush(st, f) == -1 ? store_at(st, NULL, 0, f) : 0;
}

int
store_settle(struct store *st, struct receipt *r, int wait, struct fail *f)
{
	int rc;

	if (st->ops->settle == NULL)
		return 0;
	memset(r, 0, sizeof(*r));
	rc = st->ops->settle(st, r, wait, f);
	return rc == -1 ? store_at(st, NULL, 0, f) : rc;
}

size_t
store_outstanding(const struct store *st)
{
	return st->ops->outstanding != NULL ? st->ops->outstanding(st) : 0;
}

struct stream *
store_stream(struct store *st)
{
	return st->ops->stream != NULL ? st->ops->stream(st) : NULL;
}
