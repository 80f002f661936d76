/* plan_take.c: accounts and their folders, from the rows of an inventory. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"
#include "store/store.h"

static const char *const columns[COLUMNS] = {"account", "source", "target",
    "folder", "dst_folder", "status", "namespace", "role", "bytes", "messages",
    "uidnext"};

#define MOST ((uint64_t)1 << 44) /* of octets; sums stay far from 2^64 */

static const char *
get(const struct plan *p, const struct row *r, int column)
{
	int at = p->column[column];

	return at == -1 ? "" : row_at(r, (size_t)at);
}

/* Looked up once; rows of one input share their header. */
static void
columns_find(struct plan *p, const struct row *r)
{
	int i;

	if (p->have == row_header(r))
		return;
	p->have = row_header(r);
	for (i = 0; i < COLUMNS; i++)
		p->column[i] = header_find(p->have, columns[i]);
}

/* 0 also where it is not said; -1 and f. */
static int
number(const struct plan *p, const struct row *r, int column, uint64_t *v,
    struct fail *f)
{
	const char *s = get(p, r, column);

	*v = 0;
	if (*s == '\0' || (text_u64(s, strlen(s), v) && *v <= MOST))
		return 0;
	return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
	    columns[column], "'%s' is not a number that can be", s);
}

/* ---- a new account ---- */

static int
set_target(struct plan *p, struct row *r, struct fail *f)
{
	struct buf b = {0};
	int rc = 0;

	if (*row_get(r, "target") != '\0' ||
	    (p->opt.any_target && p->opt.target_template == NULL))
		return 0;
	if (p->opt.target_template == NULL)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "target", "the row has none; --target-template makes one");
	rc = endpoint_template(
	    &b, p->opt.target_template, row_get(r, "account"), f);
	if (rc == 0)
		row_set(r, "target", b.data);
	buf_free(&b);
	return rc;
}

/* What belongs to one folder or an earlier run is not the account's. */
static struct row *
account_row(struct plan *p, const struct row *from, const char *account)
{
	static const char *const not_its[] = {
	    "folder", "dst_folder", "bytes", "messages", "code", "hint", "key"};
	struct row *r = row_under(p->arena, p->under, from);
	size_t i;

	for (i = 0; i < LENGTH(not_its); i++)
		row_set(r, not_its[i], "");
	row_set(r, "account", account);
	return r;
}

/* What the row itself demands must be such that it can be kept. */
static int
check_demands(const struct plan *p, const struct row *r, struct fail *f)
{
	const char *before = row_get(r, "not_before");
	uint64_t rate;
	int64_t t;

	if (*before != '\0' &&
	    (!clock_parse(before, &t) || p->opt.start == CLOCK_NONE))
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "not_before", "'%s': a date, and --start is needed too",
		    before);
	if (row_u64(r, "rate_Bps", &rate, f) == -1)
		return -1;
	if (calendar_check(row_get(r, "window"), "", f) == -1) {
		if (f != NULL)
			f->code = CODE_ROW;
		return -1;
	}
	return 0;
}

static int
account_new(struct plan *p, const struct row *from, const char *account,
    struct box *x, struct fail *f)
{
	uint64_t v;

	memset(x, 0, sizeof(*x));
	x->row = account_row(p, from, account);
	x->fold = x->last = x->next = NONE;
	x->priority = UINT_MAX;
	if (set_target(p, x->row, f) == -1 || check_demands(p, x->row, f) == -1)
		return -1;
	x->host[0] = host_of(p, 0, row_get(x->row, "source"));
	x->host[1] = host_of(p, 1, row_get(x->row, "target"));
	x->pair =
	    host_pair(p, row_get(x->row, "source"), row_get(x->row, "target"));
	if (*row_get(from, "stage") != '\0') {
		x->stage = stage_of(row_get(from, "stage"));
		if (x->stage == STAGE_ANY)
			return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
			    "stage", "test, pilot, main or large, not '%s'",
			    row_get(from, "stage"));
	}
	switch (row_u64(from, "priority", &v, f)) {
	case -1:
		return -1;
	case 1:
		x->priority = v < UINT_MAX ? (unsigned int)v : UINT_MAX - 1;
	}
	if (row_u64(from, "used_bytes", &x->used, f) == -1)
		return -1;
	if (x->used > MOST)
		x->used = MOST;
	x->sized = x->used > 0;
	x->any_order = strcmp(row_get(from, "order"), "any") == 0;
	return 0;
}

/* The account of a row, perhaps a new one; NULL and f. */
static struct box *
account_of(struct plan *p, const struct row *r, struct fail *f)
{
	struct buf account = {0}, key = {0};
	struct box x, *found = NULL;

	job_account(&account, r);
	buf_addf(&key, "%s\n%s\n%s", account.data, get(p, r, SOURCE),
	    get(p, r, TARGET));
	if (intern_has(p->accounts, key.data))
		found = &p->box[intern_number(p->accounts, key.data, key.len)];
	else if (account_new(p, r, account.data, &x, f) == 0) {
		(void)intern_number(p->accounts, key.data, key.len);
		p->box = grow(p->box, p->nbox, sizeof(*p->box));
		found = &p->box[p->nbox++];
		*found = x;
	}
	buf_free(&account);
	buf_free(&key);
	return found;
}

/* ---- its folders ---- */

static uint32_t
name_of(struct plan *p, const char *s)
{
	return intern_number(p->names, s, strlen(s));
}

/* Only folders of the account itself are in a row without a folder. */
static int
is_personal(const struct plan *p, const struct row *r)
{
	const char *space = get(p, r, NSPACE);

	return *space == '\0' || strcmp(space, "personal") == 0 ||
	    strcmp(row_get(r, "type"), "shared") == 0;
}

/* A comma in a name is %2C in a list of names. */
static int
is_excepted(const char *except, const char *folder)
{
	struct buf b = {0};
	int rc;

	if (*except == '\0')
		return 0;
	name_add(&b, folder);
	rc = list_has(except, b.data);
	buf_free(&b);
	return rc;
}

static enum apart
apart_of(const struct plan *p, const struct row *r)
{
	const char *status = get(p, r, STATUS), *dst = get(p, r, DST_FOLDER);

	if (strcmp(status, "refused") == 0 || strcmp(status, "skipped") == 0 ||
	    is_excepted(row_get(r, "except"), get(p, r, FOLDER)))
		return APART_LEFT;
	if (p->opt.names && *dst != '\0' && strcmp(dst, get(p, r, FOLDER)) != 0)
		return APART_NAMED;
	return APART_NOT;
}

static int
folder_read(struct plan *p, const struct row *r, struct fold *d, struct fail *f)
{
	uint64_t next;

	memset(d, 0, sizeof(*d));
	d->next = NONE;
	if (number(p, r, BYTES, &d->bytes, f) == -1 ||
	    number(p, r, MESSAGES, &d->messages, f) == -1 ||
	    number(p, r, UIDNEXT, &next, f) == -1)
		return -1;
	if (d->messages > p->largest)
		p->largest = d->messages;
	d->uidnext = next <= UINT32_MAX ? (uint32_t)next : 0;
	d->apart = apart_of(p, r);
	/* Its messages are in other folders too. */
	if (strcmp(get(p, r, ROLE), "all") == 0)
		d->bytes = d->messages = 0;
	return 0;
}

static void
folder_add(struct plan *p, struct box *x, const struct row *r, struct fold *d)
{
	d->name = name_of(p, get(p, r, FOLDER));
	d->dst = name_of(p, get(p, r, DST_FOLDER));
	if (d->apart == APART_NOT && intern_at(p->names, d->dst)[0] != '\0' &&
	    d->dst != d->name)
		p->count.renamed++;
	if (d->apart != APART_LEFT) {
		x->bytes += d->bytes;
		x->messages += d->messages;
	}
	x->sized |= *get(p, r, BYTES) != '\0';
	p->fold = grow(p->fold, p->nfold, sizeof(*p->fold));
	p->fold[p->nfold] = *d;
	if (x->fold == NONE)
		x->fold = p->nfold;
	else
		p->fold[x->last].next = p->nfold;
	x->last = p->nfold++;
}

/* Of one account no folder, and no row without one, comes twice. */
static int
is_new(struct plan *p, const struct box *x, const char *folder, struct fail *f)
{
	char pair[24];

	(void)snprintf(pair, sizeof(pair), "%x %x", (unsigned int)(x - p->box),
	    name_of(p, folder));
	if (intern_has(p->pairs, pair))
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "row",
		    "it is there already: %s %s", row_get(x->row, "account"),
		    *folder != '\0' ? folder : "without a folder");
	(void)intern_str(p->pairs, pair, strlen(pair));
	return 0;
}

static int
take_account(struct plan *p, const struct row *r, struct fail *f)
{
	const char *status = get(p, r, STATUS);
	struct box *x;

	if (strcmp(status, "failed") == 0 || strcmp(status, "deferred") == 0)
		return fail_set(f, CODE_CONN, REACH_MESSAGE, AGAIN_NEVER,
		    "inventory", "it could not be read: %s",
		    row_get(r, "hint"));
	x = account_of(p, r, f);
	return x != NULL ? is_new(p, x, "", f) : -1;
}

static int
take_folder(struct plan *p, const struct row *r, struct fail *f)
{
	struct fold d;
	struct box *x;

	if (*row_get(r, "uids") != '\0')
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "uids",
		    "a plan is made from whole folders, not from jobs");
	if (folder_read(p, r, &d, f) == -1 ||
	    (x = account_of(p, r, f)) == NULL ||
	    is_new(p, x, get(p, r, FOLDER), f) == -1)
		return -1;
	if (is_personal(p, r))
		folder_add(p, x, r, &d);
	if (strcmp(get(p, r, STATUS), "refused") == 0)
		return fail_set(f, CODE_NAME, REACH_MESSAGE, AGAIN_NEVER,
		    "folder", "mbx-map refused it, so it is not copied: %s",
		    row_get(r, "hint"));
	return 0;
}

int
plan_take(struct plan *p, const struct row *r, struct fail *f)
{
	int rc;

	columns_find(p, r);
	if (*get(p, r, SOURCE) == '\0')
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "source", "the row has none");
	rc = *get(p, r, FOLDER) != '\0' ? take_folder(p, r, f)
					: take_account(p, r, f);
	p->count.rows += rc == 0;
	return rc;
}

void
sizes_fill(struct plan *p)
{
	uint64_t bytes = 0, messages = 0, n = 0;
	uint32_t i;

	for (i = 0; i < p->nbox; i++) {
		struct box *x = &p->box[i];

		if (x->bytes == 0 && x->messages == 0)
			x->bytes = x->used;
		if (!x->sized)
			continue;
		bytes += x->bytes;
		messages += x->messages;
		n++;
	}
	for (i = 0; i < p->nbox; i++)
		if (!p->box[i].sized) {
			p->box[i].bytes = n > 0 ? bytes / n : 0;
			p->box[i].messages = n > 0 ? messages / n : 0;
			p->count.unsized++;
		}
}
