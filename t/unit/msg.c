/* Unit tests of msg: flags, dates, header fields. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"
#include "tap.h"

/* ---- flags ---- */

static const struct {
	const char *in, *out;
} canon[] = {
    {"", ""},
    {"  ", ""},
    {"\\Recent", ""},
    {"\\recent x", "x"},
    {"\\draft \\DELETED \\flagged \\Answered \\seen",
	"\\Seen \\Answered \\Flagged \\Deleted \\Draft"},
    {"\\Seen \\Seen", "\\Seen"},
    {"b a \\Seen", "\\Seen a b"},
    {"Zed foo Foo", "Foo Zed"},
    {"foo Zed Foo foo FOO", "FOO Zed"},
    {"$Junk NonJunk $Forwarded", "$Forwarded $Junk NonJunk"},
    {"ab abc a", "a ab abc"},
    {"\\Odd \\Seen", "\\Seen \\Odd"},
};

START_TEST(flags_canonical)
{
	struct intern *in = intern_new();
	const char *one = flags_canon(in, canon[_i].in, strlen(canon[_i].in));

	ck_assert_str_eq(one, canon[_i].out);
	ck_assert_ptr_eq(one, flags_canon(in, one, strlen(one)));
	intern_free(in);
}
END_TEST

/* None is lost, and a hostile line does not take long. */
START_TEST(flags_many)
{
	struct intern *in = intern_new();
	struct buf b = {0}, c = {0};
	const char *all;
	int i;

	for (i = 0; i < 100000; i++)
		buf_addf(&b, "k%d ", 99999 - i);
	all = flags_canon(in, b.data, b.len);
	ck_assert(flags_has(all, "K5") && flags_has(all, "k99999"));
	ck_assert_uint_eq(flags_minus(&c, all, "k7 nothing"), 99999);
	buf_reset(&c);
	ck_assert_uint_eq(flags_minus(&c, all, all), 0);
	buf_free(&b);
	buf_free(&c);
	intern_free(in);
}
END_TEST

START_TEST(flags_sets)
{
	static const struct {
		const char *a, *but, *out;
		size_t n;
	} sets[] = {{"\\Seen a b", "\\seen B", "a", 1}, {"", "a", "", 0},
	    {"a b c", "", "a b c", 3}, {"a", "ab", "a", 1}};
	size_t i;

	for (i = 0; i < LENGTH(sets); i++) {
		struct buf b = {0};

		ck_assert_uint_eq(
		    flags_minus(&b, sets[i].a, sets[i].but), sets[i].n);
		ck_assert_str_eq(b.data, sets[i].out);
		buf_free(&b);
	}
	ck_assert(flags_has("\\Seen a", "A"));
	ck_assert(!flags_has("\\Seen ab", "a"));
	ck_assert(!flags_has("", ""));
}
END_TEST

static const struct {
	const char *flags, *permanent, *kept, *lost;
} allowed[] = {
    {"\\Seen a", NULL, "\\Seen a", ""},
    {"\\Seen a", "\\Seen \\*", "\\Seen a", ""},
    {"\\Seen a", "\\Seen", "\\Seen", "a"},
    {"\\Seen \\Draft A b", "\\seen a", "\\Seen A", "\\Draft b"},
    {"\\Seen a", "", "", "\\Seen a"},
    {"\\Odd \\Seen", NULL, "\\Seen", "\\Odd"},
    {"\\Odd", "\\*", "", "\\Odd"},
    {"\\Odd", "\\odd", "\\Odd", ""},
    {"\\Seen", "\\*", "", "\\Seen"},
    {"a]b a", NULL, "a", "a]b"},
    {"a(b", "\\*", "", "a(b"},
};

START_TEST(flags_kept)
{
	struct buf kept = {0}, lost = {0};

	flags_allowed(allowed[_i].flags, allowed[_i].permanent, &kept, &lost);
	ck_assert_str_eq(kept.data, allowed[_i].kept);
	ck_assert_str_eq(lost.data, allowed[_i].lost);
	buf_free(&kept);
	buf_free(&lost);
}
END_TEST

START_TEST(flag_atoms)
{
	static const char *good[] = {"a", "$Forwarded", "NonJunk", "a-b.c/d'"};
	static const char *bad[] = {"", "a b", "a(", "a)", "a{", "a%", "a*",
	    "a\"b", "\\Seen", "a]", "a\001", "a\177", "gr\303\274n"};
	char big[1001];
	size_t i;

	for (i = 0; i < LENGTH(good); i++)
		ck_assert(flag_is_atom(good[i], strlen(good[i])));
	for (i = 0; i < LENGTH(bad); i++)
		ck_assert(!flag_is_atom(bad[i], strlen(bad[i])));
	memset(big, 'a', sizeof(big));
	ck_assert(flag_is_atom(big, 300) && !flag_is_atom(big, 1001));
	ck_assert(!flag_is_atom("a\0b", 3));
}
END_TEST

/* ---- dates: the instants are Python's (calendar.timegm) ---- */

#define NONE INT64_MIN

static const struct {
	const char *text;
	int64_t t;
} internal[] =
    {
	{"01-Feb-2022 10:00:00 +0100", 1643706000},
	{" 1-Feb-2022 10:00:00 +0100", 1643706000},
	{"1-feb-2022 09:00:00 +0000", 1643706000},
	{"01-Jan-1970 00:00:00 +0000", 0},
	{"31-Dec-1969 23:59:59 +0000", -1},
	{"19-Jan-2038 03:14:08 +0000", 2147483648},
	{"29-Feb-2000 12:00:00 -0330", 951838200},
	{"31-Dec-9999 23:59:59 +0000", 253402300799},
	{"30-Dec-1899 00:00:00 +0000", -2209161600},
	{"30-Jun-2015 23:59:60 +0000", 1435708800},
	{"30-Feb-2020 10:00:00 +0000", NONE},
	{"29-Feb-1900 10:00:00 +0000", NONE},
	{"31-Apr-2020 10:00:00 +0000", NONE},
	{"00-Jan-0000 00:00:00 +0000", NONE},
	{"00-Jan-2020 00:00:00 +0000", NONE},
	{"01-Jan-0000 00:00:00 +0000", NONE},
	{"01-Feb-22 10:00:00 +0100", NONE},
	{"01-Feb-20222 10:00:00 +0100", NONE},
	{"32-Jan-2020 10:00:00 +0000", NONE},
	{"01-Foo-2020 10:00:00 +0000", NONE},
	{"01-Jan-2020 24:00:00 +0000", NONE},
	{"01-Jan-2020 10:60:00 +0000", NONE},
	{"01-Jan-2020 10:00:61 +0000", NONE},
	{"01-Jan-2020 10:00 +0000", NONE},
	{"01-Jan-2020 10:00:00 +2400", NONE},
	{"01-Jan-2020 10:00:00 +0060", NONE},
	{"01-Jan-2020 10:00:00 0000", NONE},
	{"01-Jan-2020 10:00:00", NONE},
	{"01-Jan-2020 10:00:00 +0000x", NONE},
	{"001-Jan-2020 10:00:00 +0000", NONE},
	{"Mon, 1 Feb 2022", NONE},
	{"", NONE},
	{"NIL", NONE},
	{"1-", NONE},
	{"01-Ja", NONE},
},
  header[] =
      {
	  {"Tue, 1 Feb 2022 10:00:00 +0100", 1643706000},
	  {"1 Feb 2022 10:00:00 +0100", 1643706000},
	  {"Tue,1 Feb 2022 10:00:00+0100", 1643706000},
	  {"Tue, 01 Feb 2022 09:00 GMT", 1643706000},
	  {"tue, 1 FEB 2022 09:00:00 ut", 1643706000},
	  {"Tue, 1 Feb 2022 09:00:00 Z", 1643706000},
	  {"Tue, 1 Feb 2022 09:00:00", 1643706000},
	  {"Tue, 1 Feb 2022 04:00:00 EST", 1643706000},
	  {"Tue, 1 Feb 2022 01:00:00 PST", 1643706000},
	  {"Tue, 1 Feb 2022 02:00:00 PDT", 1643706000},
	  {"Tue, 1 Feb 2022 09:00:00 MEZ", 1643706000},
	  {"Tue, 1 Feb 2022 09:00:00 A", 1643706000},
	  {"Tue, 1 Feb 22 09:00:00 GMT", 1643706000},
	  {"Tue, 1 Feb 122 09:00:00 GMT", 1643706000},
	  {"Sun, 1 Feb 98 09:00:00 GMT", 886323600},
	  {"Tuesday, 01-Feb-22 09:00:00 GMT", 1643706000},
	  {"Tue, 1 Feb 2022 10:00:00 +0100 (CET)", 1643706000},
	  {" (a(b\\)c)d)Tue(x),(y)1(z)Feb 2022\r\n 10:00:00 +0100", 1643706000},
	  {"Tue Feb  1 09:00:00 2022", 1643706000},
	  {"Tue Feb 1 10:00:00 2022 +0100", 1643706000},
	  {"Fri, 31 Feb 2022 10:00:00 +0100", NONE},
	  {"", NONE},
	  {"today", NONE},
	  {"2022-02-01 10:00:00", NONE},
	  {"Tue, 1 Foo 2022 10:00:00 +0100", NONE},
	  {"Tue, 1 Feb 2022", NONE},
	  {"Tue, 1 Feb 2 10:00:00 +0100", NONE},
	  {"Tue, 1 Feb 20222 10:00:00 +0100", NONE},
	  {"((((", NONE},
	  {"1 Feb 2022 25:00:00 +0000", NONE},
	  {"Tue, 1 Feb", NONE},
},
  asctime[] = {
      {"Tue Feb  1 09:00:00 2022", 1643706000},
      {"Tue Feb 01 09:00:00 2022", 1643706000},
      {"Tue Feb  1 09:00 2022", 1643706000},
      {"Tue Feb  1 10:00:00 2022 +0100", 1643706000},
      {"Tue Feb  1 10:00:00 +0100 2022", 1643706000},
      {"Tue Feb  1 09:00:00 GMT 2022", 1643706000},
      {"Tue Feb  1 04:00:00 EST 2022", 1643706000},
      {"Tue Feb  1 09:00:00 2022 remote from x", 1643706000},
      {"Thu Jan  1 00:00:00 1970", 0},
      {"Tue Feb 30 09:00:00 2022", NONE},
      {"Tue Feb  1 09:00:00", NONE},
      {"Feb  1 09:00:00 2022", NONE},
      {"a@b Tue Feb  1 09:00:00 2022", NONE},
      {"Tue Feb  1 09:00:00 22", NONE},
      {"Tue Feb  1 09:00:00 20222", NONE},
      {"", NONE},
      {"Tue", NONE},
      {"Tue Feb  1 09:00:00 E", NONE},
};

/* Exactly as long as the text, so that a sanitizer sees one octet beyond. */
static int64_t
parse(int (*how)(const char *, size_t, int64_t *), const char *text)
{
	size_t n = strlen(text);
	char *copy = malloc(n > 0 ? n : 1);
	int64_t t = 12345;

	memcpy(copy, text, n);
	if (!how(copy, n, &t)) {
		t = NONE;
	}
	free(copy);
	return t;
}

START_TEST(internal_dates)
{
	ck_assert_int_eq(
	    parse(date_parse_internal, internal[_i].text), internal[_i].t);
}
END_TEST

START_TEST(header_dates)
{
	ck_assert_int_eq(
	    parse(date_parse_header, header[_i].text), header[_i].t);
}
END_TEST

START_TEST(asctime_dates)
{
	ck_assert_int_eq(
	    parse(date_parse_asctime, asctime[_i].text), asctime[_i].t);
}
END_TEST

START_TEST(dates_written)
{
	static const int64_t some[] = {0, -1, 1643706000, 2147483648, 951838200,
	    -2209161600, 253402300799, 86399, 86400};
	char text[32];
	size_t i;

	for (i = 0; i < LENGTH(some); i++) {
		date_format_internal(text, some[i]);
		ck_assert_int_eq(parse(date_parse_internal, text), some[i]);
		date_format_asctime(text, some[i]);
		ck_assert_int_eq(parse(date_parse_asctime, text), some[i]);
	}
	date_format_internal(text, 1643706000);
	ck_assert_str_eq(text, "01-Feb-2022 09:00:00 +0000");
	date_format_asctime(text, 1643706000);
	ck_assert_str_eq(text, "Tue Feb  1 09:00:00 2022");
	date_format_internal(text, INT64_MAX);
	ck_assert_str_eq(text + 7, "9999 15:30:07 +0000");
	date_format_asctime(text, INT64_MIN);
	ck_assert_ptr_nonnull(strstr(text, " 0001"));
}
END_TEST

/* ---- header fields ---- */

static const struct {
	const char *msg, *name, *value;
} fields[] = {
    {"Subject: hello\r\n\r\n", "Subject", "hello"},
    {"subject:hello", "SUBJECT", "hello"},
    {"Subject : \t hello \t\r\n", "Subject", "hello"},
    {"A: b\r\nSubject: one\r\n  two\r\n\tthree\r\nC: d\r\n", "Subject",
	"one two three"},
    {"A: b\nSubject: one\n two\n\n", "Subject", "one two"},
    {"A: b\r\r\nSubject: one\r\r\n two\r\r\n\r\r\n", "Subject", "one two"},
    {"Subject: first\r\nSubject: second\r\n", "Subject", "first"},
    {"Subject:\r\nSubject: second\r\n", "Subject", ""},
    {"Subject:\r\n folded\r\n", "Subject", "folded"},
    {"From x Tue Feb  1 09:00:00 2022\r\nSubject: a\r\n", "Subject", "a"},
    {"no colon here\r\nSubject: a\r\n", "Subject", "a"},
    {" odd start\r\nSubject: a\r\n", "Subject", "a"},
    {"A: b\r\n\r\nSubject: body\r\n", "Subject", NULL},
    {"\r\nSubject: body\r\n", "Subject", NULL},
    {"\nSubject: body\r\n", "Subject", NULL},
    {"", "Subject", NULL},
    {"Subjects: a\r\n", "Subject", NULL},
    {"Subjec: a", "Subject", NULL},
    {"X-Subject: a\r\n", "Subject", NULL},
    {"Subject", "Subject", NULL},
    {"A: b\r\n Subject: folded\r\n", "Subject", NULL},
    {"Subject: gr\374n\r\n", "Subject", "gr\374n"},
};

START_TEST(header_fields)
{
	size_t n = strlen(fields[_i].msg);
	char *copy = malloc(n > 0 ? n : 1);
	struct buf b = {0};
	int found;

	memcpy(copy, fields[_i].msg, n);
	found = header_value(&b, copy, n, fields[_i].name);
	ck_assert_int_eq(found, fields[_i].value != NULL);
	if (found)
		ck_assert_str_eq(b.data, fields[_i].value);
	buf_free(&b);
	free(copy);
}
END_TEST

SUITE("msg")
{
	tcase_add_loop_test(tc, flags_canonical, 0, (int)LENGTH(canon));
	tcase_add_test(tc, flags_many);
	tcase_add_test(tc, flags_sets);
	tcase_add_loop_test(tc, flags_kept, 0, (int)LENGTH(allowed));
	tcase_add_test(tc, flag_atoms);
	tcase_add_loop_test(tc, internal_dates, 0, (int)LENGTH(internal));
	tcase_add_loop_test(tc, header_dates, 0, (int)LENGTH(header));
	tcase_add_loop_test(tc, asctime_dates, 0, (int)LENGTH(asctime));
	tcase_add_test(tc, dates_written);
	tcase_add_loop_test(tc, header_fields, 0, (int)LENGTH(fields));
}
