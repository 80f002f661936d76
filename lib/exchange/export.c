/* export.c: job rows to lists of other tools; imapsync's here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_p.h"

struct target {
	const char *name;
	int (*add)(struct export *x, const struct row *r, struct fail *f);
};

int
cannot(struct fail *f, const char *what, const char *why)
{
	return fail_set(
	    f, CODE_CONFIG, REACH_MESSAGE, AGAIN_NEVER, what, "%s", why);
}

/* ---- imapsync: host1;user1;password1;host2;user2;password2;options ---- */

/* As sync_loop_unix.sh will read it. */
static void
add_field(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ';' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	buf_addc(b, ';');
}

/* It is expanded without quotes there. */
static int
add_option(
    struct buf *b, const char *name, int n, const char *value, struct fail *f)
{
	if (value != NULL && (*value == '\0' || strpbrk(value, " \t*?[;\\")))
		return cannot(f, name,
		    "imapsync's list has no place for blanks, *, ?, [, ; "
		    "and \\ in a value");
	buf_addf(b, "%s--%s%d%s%s", b->len > 0 ? " " : "", name, n,
	    value != NULL ? " " : "", value != NULL ? value : "");
	return 0;
}

static int
add_security(struct buf *b, const struct endpoint *e, int n, struct fail *f)
{
	char port[8];

	(void)snprintf(port, sizeof(port), "%u", (unsigned int)e->port);
	if (e->scheme == SCHEME_IMAPS)
		(void)add_option(b, "ssl", n, NULL, f);
	else if (e->tls == TLS_NONE) {
		(void)add_option(b, "nossl", n, NULL, f);
		(void)add_option(b, "notls", n, NULL, f);
	} else
		(void)add_option(b, "tls", n, NULL, f);
	if (e->port != 993 && e->port != 143)
		(void)add_option(b, "port", n, port, f);
	return e->auth != NULL ? add_option(b, "authmech", n, e->auth, f) : 0;
}

static int
add_secret(struct buf *b, const char *ref, int n, struct fail *f)
{
	if (*ref == '\0')
		return 0;
	if (strncmp(ref, "file:", 5) != 0)
		return cannot(f, "secret", "imapsync reads file: alone");
	return add_option(b, "passfile", n, ref + 5, f);
}

static int
imapsync_side(struct buf *fields, struct buf *options, const struct row *r,
    int side, struct fail *f)
{
	static const char *const columns[SIDES][2] = {
	    {"source", "source_secret"}, {"target", "target_secret"}};
	struct endpoint e = {0};
	int n = side + 1, rc = 0;

	if (endpoint_parse(&e, row_get(r, columns[side][0]), f) == -1) {
		if (f != NULL)
			f->reach = REACH_MESSAGE;
		return -1;
	}
	if (e.scheme != SCHEME_IMAP && e.scheme != SCHEME_IMAPS)
		rc = cannot(f, columns[side][0], "imapsync knows IMAP alone");
	else if (e.ca != NULL || e.cert != NULL || e.pin != NULL ||
	    e.resolve != NULL || e.tunnel != NULL || e.tls == TLS_1_0)
		rc = cannot(f, columns[side][0],
		    "the URL has a parameter that imapsync's list cannot say");
	else {
		add_field(fields, e.host);
		add_field(fields, e.authzid != NULL ? e.authzid : e.user);
		add_field(fields, "");
		rc = add_security(options, &e, n, f);
		if (rc == 0 && e.authzid != NULL)
			rc = add_option(options, "authuser", n, e.user, f);
		if (rc == 0)
			rc = add_secret(
			    options, row_get(r, columns[side][1]), n, f);
	}
	endpoint_free(&e);
	return rc;
}

/* An account a line; folders it finds by itself. */
static int
imapsync_add(struct export *x, const struct row *r, struct fail *f)
{
	struct buf fields = {0}, options = {0};
	const char *rest = row_get(r, "imapsync");
	int rc = imapsync_side(&fields, &options, r, SOURCE, f);

	if (rc == 0)
		rc = imapsync_side(&fields, &options, r, TARGET, f);
	if (rc == 0) {
		buf_add(&x->text, fields.data, fields.len);
		buf_add(&x->text, options.data, options.len);
		buf_addf(&x->text, "%s%s;\n", *rest != '\0' ? " " : "", rest);
		x->count.written++;
	}
	buf_free(&fields);
	buf_free(&options);
	return rc;
}

static const struct target targets[] = {
    {"imapsync", imapsync_add}, {"mbsync", channel_add}};

/* ---- all of them ---- */

int
export_new(struct export **out, const char *format, struct fail *f)
{
	struct export *x;
	size_t i;

	*out = NULL;
	for (i = 0; i < LENGTH(targets); i++)
		if (strcmp(targets[i].name, format) == 0)
			break;
	if (i == LENGTH(targets))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--export is imapsync or mbsync, not '%s'", format);
	*out = x = mem_alloc(sizeof(*x));
	x->target = &targets[i];
	x->seen = intern_new();
	buf_add(&x->text, "", 0);
	return 0;
}

void
export_free(struct export *x)
{
	if (x == NULL)
		return;
	intern_free(x->seen);
	buf_free(&x->text);
	free(x);
}

static uint64_t
names_in(const char *list)
{
	uint64_t n = *list != '\0';

	for (; *list != '\0'; list++)
		n += *list == ',';
	return n;
}

/* Those to leave out, less those that have a row of their own. */
static void
count_left(struct export *x, const struct row *r)
{
	const char *uids = row_get(r, "uids");

	x->count.left += names_in(row_get(r, "except"));
	if (*row_get(r, "folder") != '\0' && x->count.left > 0 &&
	    (*uids == '\0' || strncmp(uids, "1:", 2) == 0))
		x->count.left--;
}

/*
 * What the row is about is written once: for imapsync its account, for mbsync
 * its folder, of which rows may name parts (uids).
 */
int
export_take(struct export *x, const struct row *r, struct fail *f)
{
	struct buf key = {0};
	int rc = 0;

	buf_addf(&key, "%s\n%s", row_get(r, "source"), row_get(r, "target"));
	if (x->target->add == channel_add)
		buf_addf(&key, "\n%s", row_get(r, "folder"));
	else
		count_left(x, r);
	if (intern_has(x->seen, key.data))
		x->count.parts++;
	else if ((rc = x->target->add(x, r, f)) == 0)
		(void)intern_str(x->seen, key.data, key.len);
	buf_free(&key);
	return rc;
}

const char *
export_text(const struct export *x, size_t *n)
{
	*n = x->text.len;
	return x->text.data;
}

void
export_counts(const struct export *x, struct export_count *c)
{
	*c = x->count;
}
