/* import.c: lists of other tools to account rows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_p.h"

static const char *const url_of[SIDES] = {"source", "target"};
static const char *const secret_of[SIDES] = {"source_secret", "target_secret"};

int
import_new(struct import **out, const struct import_opt *o, struct fail *f)
{
	struct import *im = mem_alloc(sizeof(*im));
	int rc = 0;

	im->opt = *o;
	im->arena = arena_new();
	*out = im;
	im->form = form_find(o->format, f);
	if (im->form == NULL)
		rc = -1;
	else if (im->form->templates && o->source_template == NULL)
		rc = fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--import %s names no server: --source-template does",
		    o->format);
	else if (o->secrets != NULL)
		rc = vault_open(&im->vault, o->secrets, f);
	if (rc == -1) {
		import_free(im);
		*out = NULL;
	}
	return rc;
}

void
import_free(struct import *im)
{
	size_t i;

	if (im == NULL)
		return;
	arena_free(im->arena);
	vault_free(im->vault);
	for (i = 0; i < SIDES; i++) {
		free(im->host[i]);
		free(im->port[i]);
	}
	free(im->rows);
	free(im);
}

int
import_is_lines(const struct import *im)
{
	return im->form->line != NULL;
}

void
import_counts(const struct import *im, struct import_count *c)
{
	*c = im->count;
}

/* ---- columns ---- */

static int
find(const struct header *h, const char *name)
{
	size_t i;

	for (i = 0; i < header_count(h); i++)
		if (text_casecmp(header_name(h, i), name) == 0)
			return (int)i;
	return -1;
}

/* A table's own columns; the others pass, but for one that smells. */
static int
table_columns(struct import *im, struct header *to, const struct header *have,
    struct fail *f)
{
	struct header *own = header_new(im->form->columns);
	size_t i;
	int rc = 0;

	for (i = 0; i < header_count(own); i++) {
		im->column[i] = find(have, header_name(own, i));
		if (i < im->form->needs && im->column[i] == -1 && rc == 0)
			rc = fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER,
			    "header", "the input has no column '%s'",
			    header_name(own, i));
	}
	for (i = 0; rc == 0 && i < header_count(have); i++) {
		const char *name = header_name(have, i);

		if (find(own, name) != -1)
			continue;
		(void)header_add(to, name);
		if (strcasestr(name, "pass") != NULL)
			rc = fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER,
			    "header", "'%s' may be a password: cut it out",
			    name);
	}
	header_free(own);
	return rc;
}

struct header *
import_header(struct import *im, const struct header *have, struct fail *f)
{
	struct header *h = header_new(
	    "account name source source_secret target target_secret");

	if (strcmp(im->form->name, "imapsync") == 0)
		(void)header_add(h, "imapsync");
	if (im->form->fields != NULL && table_columns(im, h, have, f) == -1) {
		header_free(h);
		return NULL;
	}
	im->under = h;
	return h;
}

/* ---- one account ---- */

static int
wrong(struct fail *f, const char *what, const char *why)
{
	return fail_set(
	    f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, what, "%s", why);
}

static const char *
scheme(const struct login *l)
{
	if (l->wants & (WANTS_TLS | WANTS_NO_SSL))
		return "imap";
	if (l->wants & WANTS_SSL)
		return "imaps";
	return l->port != NULL && strcmp(l->port, "143") == 0 ? "imap"
							      : "imaps";
}

static void
add_param(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, ";%s=", name);
	text_percent(b, value, strlen(value), "@");
}

static int
host_url(struct buf *b, const struct login *l, struct fail *f)
{
	const char *who = l->admin != NULL ? l->admin : l->user;
	const char *secure = scheme(l);
	const char *usual = strcmp(secure, "imap") == 0 ? "143" : "993";

	if (strpbrk(l->host, ";@/ ") != NULL)
		return wrong(f, "host", "that is no host");
	buf_addf(b, "%s://", secure);
	text_percent(b, who, strlen(who), "@");
	buf_addf(b,
	    strchr(l->host, ':') != NULL && *l->host != '[' ? "@[%s]" : "@%s",
	    l->host);
	if (l->port != NULL && strcmp(l->port, usual) != 0)
		buf_addf(b, ":%s", l->port);
	if (l->admin != NULL)
		add_param(b, "authzid", l->user);
	if (l->auth != NULL)
		add_param(b, "auth", l->auth);
	if ((l->wants & WANTS_NO_SSL) && (l->wants & WANTS_NO_TLS))
		buf_adds(b, ";tls=none");
	return 0;
}

static int
put_secret(struct import *im, struct row *r, int side, const struct login *l,
    const struct endpoint *e, struct fail *f)
{
	struct buf ref = {0};
	int rc = 0;

	if (l->passfile != NULL)
		buf_addf(&ref, "file:%s", l->passfile);
	else if (l->password == NULL || *l->password == '\0')
		return 0;
	else if (im->vault == NULL)
		rc = wrong(f, "secrets",
		    "the list holds passwords: --secrets DIR says where to");
	else if (e->user == NULL)
		rc = wrong(f, "secrets", "a file has no password");
	else if ((rc = vault_put(im->vault, e, l->password, &ref, f)) == 0)
		im->count.passwords++;
	if (rc == 0)
		row_set(r, secret_of[side], ref.data);
	buf_free(&ref);
	return rc;
}

static int
put_side(struct import *im, struct row *r, int side, const struct login *l,
    struct fail *f)
{
	const char *template =
	    side == SOURCE ? im->opt.source_template : im->opt.target_template;
	struct endpoint e = {0};
	struct buf url = {0};
	int rc;

	if (l->user == NULL || *l->user == '\0')
		return wrong(f, url_of[side], "no user");
	if (l->host == NULL && template == NULL)
		return 0; /* a target that mbx-plan -t will name */
	rc = l->host != NULL ? host_url(&url, l, f)
			     : endpoint_template(&url, template, l->user, f);
	if (rc == 0 && (rc = endpoint_parse(&e, url.data, f)) == -1 &&
	    f != NULL)
		f->reach = REACH_MESSAGE;
	if (rc == 0) {
		row_set(r, url_of[side], url.data);
		rc = put_secret(im, r, side, l, &e, f);
	}
	endpoint_free(&e);
	buf_free(&url);
	return rc;
}

static int
put_account(struct import *im, struct row *r, struct told *t, struct fail *f)
{
	int side;

	row_set(r, "account", t->account);
	row_set(r, "name", t->name != NULL ? t->name : "");
	if (t->rest.len > 0)
		row_set(r, "imapsync", t->rest.data);
	for (side = SOURCE; side < SIDES; side++)
		if (put_side(im, r, side, &t->side[side], f) == -1)
			return -1;
	im->rows = mem_resize(im->rows, im->n + 1, sizeof(struct row *));
	im->rows[im->n++] = r;
	im->count.accounts++;
	return 0;
}

static int
take_line(struct import *im, const struct row *r, struct fail *f)
{
	char *line = mem_strdup(row_get(r, "line"));
	size_t n = strlen(line);
	struct told t = {0};
	int rc = im->form->line(im, line, &t, f);

	if (rc == 1)
		rc = put_account(im, row_new(im->arena, im->under), &t, f);
	explicit_bzero(line, n);
	free(line);
	buf_free(&t.rest);
	return rc;
}

static int
take_fields(struct import *im, const struct row *r, struct fail *f)
{
	struct told t = {0};
	char *field[4];
	size_t i;
	int rc;

	for (i = 0; i < LENGTH(field); i++)
		field[i] = mem_strdup(im->column[i] == -1
			? ""
			: row_at(r, (size_t)im->column[i]));
	rc = im->form->fields(field, &t, f);
	if (rc == 1)
		rc = put_account(im, row_under(im->arena, im->under, r), &t, f);
	for (i = 0; i < LENGTH(field); i++) {
		explicit_bzero(field[i], strlen(field[i]));
		free(field[i]);
	}
	return rc;
}

int
import_take(struct import *im, const struct row *r, struct fail *f)
{
	return im->form->line != NULL ? take_line(im, r, f)
				      : take_fields(im, r, f);
}

int
import_end(struct import *im, struct fail *f)
{
	return im->vault != NULL && im->count.passwords > 0
	    ? vault_sync(im->vault, f)
	    : 0;
}

int
import_next(struct import *im, struct row *r)
{
	size_t i;

	if (im->at == im->n)
		return 0;
	for (i = 0; i < header_count(im->under); i++)
		row_set_at(r, i, row_at(im->rows[im->at], i));
	im->at++;
	return 1;
}
