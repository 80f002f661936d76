/* Unit tests of exchange: lines of lists as they are known to be read. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "exchange/exchange.h"
#include "row/row.h"
#include "tap.h"

/* What one line of a list says, or why it says nothing. */
static char said[1024];

static const char *
line(const char *format, const char *text)
{
	struct import_opt o = {
	    .format = format, .source_template = "imaps://{account}@old"};
	struct fail f = {0};
	struct import *im;
	struct header *have = header_new("line"), *h;
	struct arena *a = arena_new();
	struct row *r = row_new(a, have), *got;

	ck_assert_int_eq(import_new(&im, &o, &f), 0);
	ck_assert_int_eq(import_is_lines(im), 1);
	h = import_header(im, have, &f);
	row_set(r, "line", text);
	got = row_new(a, h);
	if (import_take(im, r, &f) == -1)
		(void)snprintf(said, sizeof(said), "%s: %s", f.what, f.why);
	else if (import_next(im, got) == 1)
		(void)snprintf(said, sizeof(said), "%s|%s|%s",
		    row_get(got, "account"), row_get(got, "source"),
		    row_get(got, "target"));
	else
		(void)snprintf(said, sizeof(said), "nothing");
	import_free(im);
	arena_free(a);
	header_free(h);
	header_free(have);
	return said;
}

START_TEST(imapsync)
{
	static const struct {
		const char *text, *want;
	} lines[] = {
	    {"h;u;;g;v;", "u|imaps://u@h|imaps://v@g"},
	    {"h;u;;g;v;;--tls1 --port2 1993", "u|imap://u@h|imaps://v@g:1993"},
	    {"h;u;;g;v;;--nossl1 --notls1 --authuser2=root",
		"u|imap://u@h;tls=none|imaps://root@g;authzid=v"},
	    {"h;a\\;b\\\\;;g;v;", "a;b\\|imaps://a%3Bb%5C@h|imaps://v@g"},
	    {"::1;u;;g;v;", "u|imaps://u@[::1]|imaps://v@g"},
	    {"# h;u;;g;v;", "nothing"},
	    {" ", "nothing"},
	    {"h;u", "import: 2 fields, imapsync's list has six or seven"},
	    {"h;;;g;v;", "source: no user"},
	    {"h@x;u;;g;v;", "host: that is no host"},
	    {"h;u;p;g;v;",
		"secrets: the list holds passwords: --secrets DIR says where "
		"to"},
	};
	size_t i;

	for (i = 0; i < LENGTH(lines); i++)
		ck_assert_str_eq(
		    line("imapsync", lines[i].text), lines[i].want);
}
END_TEST

START_TEST(others)
{
	ck_assert_str_eq(
	    line("doveadm", "anna@x"), "anna@x|imaps://anna%40x@old|");
	ck_assert_str_eq(line("kerio", "\"anna;x\";;\"A \"\"B\"\"\""),
	    "anna;x|imaps://anna%3Bx@old|");
	ck_assert_str_eq(line("kerio", "\"anna;p;n"),
	    "import: Kerio's list is user;password;Full Name");
}
END_TEST

/* What job rows are in another tool's list; NULL: they cannot be said. */
static const char *
list(const char *format, const char *columns, const char *const *values)
{
	struct header *h = header_new(columns);
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	struct export *x;
	struct fail f = {0};
	const char *text;
	size_t i, n;

	ck_assert_int_eq(export_new(&x, format, &f), 0);
	for (i = 0; i < header_count(h); i++)
		row_set_at(r, i, values[i]);
	if (export_take(x, r, &f) == 0) {
		text = export_text(x, &n);
		(void)snprintf(said, sizeof(said), "%.*s", (int)n, text);
	} else
		(void)snprintf(said, sizeof(said), "%s: %s", f.what, f.why);
	export_free(x);
	arena_free(a);
	header_free(h);
	return said;
}

START_TEST(out)
{
	static const char columns[] = "source source_secret target";
	static const char *const plain[] = {
	    "imaps://a%3Bb@h", "file:s/a", "imap://v@g:1143;tls=none"};
	static const char *const pinned[] = {
	    "imaps://a@h;pin=x", "", "imaps://v@g"};
	static const char *const blank[] = {
	    "imaps://a@h", "file:s a", "imaps://v@g"};

	ck_assert_str_eq(list("imapsync", columns, plain),
	    "h;a\\;b;;g;v;;--ssl1 --passfile1 s/a --nossl2 --notls2 "
	    "--port2 1143;\n");
	ck_assert_ptr_nonnull(
	    strstr(list("imapsync", columns, pinned), "imapsync's list"));
	ck_assert_ptr_nonnull(
	    strstr(list("imapsync", columns, blank), "no place for blanks"));
	(void)list("mbsync", columns, plain);
	ck_assert_ptr_nonnull(strstr(said, "\nUser \"a;b\"\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nPassCmd \"cat -- 's/a'\"\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nSSLType None\n"));
	ck_assert_ptr_nonnull(strstr(said, "\nSync PullNew PullFlags\n"));
}
END_TEST

SUITE("exchange")
{
	tcase_add_test(tc, imapsync);
	tcase_add_test(tc, others);
	tcase_add_test(tc, out);
}
