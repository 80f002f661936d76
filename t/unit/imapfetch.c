/* imapfetch.c: metadata and bodies against a server that is a script. */
#include "peer.h"

/* ---- metadata ---- */

START_TEST(rows_of_all_kinds)
{
	static const struct step st[] = {OPEN("6"), SCAN,
	    S("* 9 FETCH (FLAGS (\\Seen))\r\n" /* nobody asked */
	      "* 9 FETCH (FLAGS (\\Seen) UID 5)\r\n"
	      "* 3 FETCH (RFC822.SIZE 4294967297 INTERNALDATE NIL FLAGS "
	      "(\\Seen \"odd\" (x) [y] $A) UID 30)\r\n"
	      "* 1 FETCH (X-GM-LABELS (\\Inbox \"a b\" {3}\r\n)(\") MODSEQ (12) "
	      "UID 10 FLAGS () INTERNALDATE \"01-Feb-2001 00:00:00 +0000\" "
	      "RFC822.SIZE 5)\r\n"
	      "* 1 FETCH (UID 10 FLAGS () RFC822.SIZE 6)\r\n"
	      "* XSTRANGE foo (bar)\r\n"
	      "* 2 FETCH (UID 20 RFC822.SIZE 7 INTERNALDATE "
	      "\"00-Jan-0000 00:00:00 +0000\" FLAGS (\\Flagged) X)\r\n"
	      "* 2 EXPUNGE\r\n* 7 EXISTS\r\n"
	      "* 4 FETCH (UID 0 RFC822.SIZE 1)\r\n"
	      "* 5 FETCH (UID 4294967297 RFC822.SIZE 1)\r\n"
	      "* 6 FETCH (RFC822.SIZE 1)\r\n"
	      "* 7 FETCH (UID 70 RFC822.SIZE NIL FLAGS NIL INTERNALDATE x)\r\n"
	      "* 8 FETCH NIL\r\n"
	      "A3 OK\r\n"),
	    END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_scan(im, 0, 0, &f), 0);
	row(im, 10, 5, 980985600, "");
	row(im, 20, 7, CLOCK_NONE, "\\Flagged");
	row(im, 30, 4294967297u, CLOCK_NONE, "\\Seen [y] $A");
	row(im, 70, 0, CLOCK_NONE, "");
	ck_assert_int_eq(imap_scan_next(im, &r, &f), 0);
	ck_assert_uint_eq(imap_scan_missing(im), 1); /* 6, one expunged */
	part(im);
}
END_TEST

START_TEST(refused_behind_its_rows)
{
	static const struct step st[] = {OPEN("2"), SCAN,
	    S("* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5)\r\n"
	      "A3 NO [SERVERBUG] some\r\n"),
	    END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_scan(im, 0, 0, &f), 0);
	row(im, 1, 5, CLOCK_NONE, "");
	ck_assert_int_eq(imap_scan_next(im, &r, &f), -1);
	failed(&f, CODE_PROTO, REACH_FOLDER);
	part(im);
}
END_TEST

START_TEST(windows)
{
	static const struct step st[] = {C("A2 EXAMINE \"INBOX\"\r\n"),
	    S("* 40000 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n"
	      "* OK [UIDNEXT 4000000000] x\r\nA2 OK\r\n"),
	    C("A3 UID FETCH 5:16388 (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"),
	    S("* 1 FETCH (UID 4 FLAGS () RFC822.SIZE 5)\r\n"
	      "* 1 FETCH (UID 7 FLAGS () RFC822.SIZE 5)\r\nA3 OK\r\n"),
	    C("A4 UID FETCH 7 (UID BODY.PEEK[])\r\n"),
	    S("* 1 FETCH (UID 7 BODY[] {1}\r\nx)\r\nA4 OK\r\n"),
	    C("A5 UID FETCH 16389:49156 (UID FLAGS INTERNALDATE RFC822.SIZE)"
	      "\r\n"),
	    S("A5 BAD no more\r\n"), END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};
	uint64_t len;
	uint32_t uid = 7;

	ck_assert_int_eq(imap_scan(im, 5, 0, &f), 0);
	row(im, 7, 5, CLOCK_NONE, "");
	ck_assert_int_eq(imap_want(im, &uid, 1, IMAP_WHOLE, "/tmp", &f), 0);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1);
	ck_assert_int_eq(imap_scan_next(im, &r, &f), -1);
	failed(&f, CODE_PROTO, REACH_FOLDER);
	part(im);
}
END_TEST

START_TEST(nothing_is_asked_of_an_empty_folder)
{
	static const struct step st[] = {OPEN("0"), END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_scan(im, 0, 0, &f), 0);
	ck_assert_int_eq(imap_scan_next(im, &r, &f), 0);
	part(im);
}
END_TEST

static const struct {
	const char *why;
	struct step st[5];
} floods[] = {
    {"again and again",
	{OPEN("9"), SCAN,
	    FLOOD(1200000, "* 1 FETCH (UID 1 RFC822.SIZE 5)\r\n")}},
    {"a million answers",
	{OPEN("9"), SCAN, FLOOD(1200000, "* 1 FETCH (FLAGS () UID 9)\r\n")}},
    {"a million answers", {OPEN("9"), SCAN, FLOOD(1200000, "* 1 FETCH\r\n")}},
};

START_TEST(rows_without_end)
{
	struct imap *im = opened("", floods[_i].st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_scan(im, 0, 0, &f), 0);
	ck_assert_int_eq(imap_scan_next(im, &r, &f), -1);
	failed(&f, CODE_PROTO, REACH_ENDPOINT);
	ck_assert_msg(strstr(f.why, floods[_i].why) != NULL, "%s", f.why);
	part(im);
}
END_TEST

/* ---- bodies ---- */

#define WANT C("A3 UID FETCH 1:3,5 (UID BODY.PEEK[])\r\n")
static const uint32_t four[] = {1, 2, 3, 5};

static void
want(struct imap *im)
{
	struct fail f = {0};

	ck_assert_int_eq(
	    imap_want(im, four, LENGTH(four), IMAP_WHOLE, "/tmp", &f), 0);
}

static void
body(struct imap *im, uint32_t uid, const char *text)
{
	struct buf b = {0};
	struct fail f = {0};
	uint32_t got = 0;
	uint64_t len = 0;
	const char *p;
	size_t n;
	int rc;

	ck_assert_msg(imap_body(im, &got, &len, &f) == 1, "%u: %s", uid, f.why);
	ck_assert_uint_eq(got, uid);
	ck_assert_uint_eq(len, strlen(text));
	buf_adds(&b, "");
	while ((rc = imap_read(im, &p, &n, &f)) == 1)
		buf_add(&b, p, n);
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(b.data, text);
	buf_free(&b);
}

static void
body_fails(struct imap *im, uint32_t uid, enum code code, enum reach reach)
{
	struct fail f = {0};
	uint32_t got = 0;
	uint64_t len;

	ck_assert_int_eq(imap_body(im, &got, &len, &f), -1);
	failed(&f, code, reach);
	if (reach == REACH_MESSAGE)
		ck_assert_uint_eq(got, uid);
}

static void
no_body(struct imap *im)
{
	struct fail f = {0};
	uint32_t got;
	uint64_t len;

	ck_assert_msg(imap_body(im, &got, &len, &f) == 0, "%s", f.why);
}

/* Once as it comes, once an octet at a time. */
START_TEST(bodies_of_all_kinds)
{
	static const struct step st[] = {OPEN("4"), WANT,
	    S("* 9 FETCH (UID 777 BODY[] {5}\r\nalien)\r\n"
	      "* 2 FETCH (FLAGS (\\Seen) UID 2)\r\n"
	      "* 2 FETCH (BODY[] {6}\r\na\r\nb)\n FLAGS () UID 2)\r\n"
	      "* 1 EXPUNGE\r\n"
	      "* 1 FETCH (X (a {2}\r\n)() UID 1 BODY[] {5}\r\nhello BODY[] "
	      "{3}\r\ntwo)\r\n"
	      "* 1 FETCH (UID 1 BODY[] {5}\r\nagain)\r\n"
	      "* 3 FETCH (UID 3 BODY[] \"quo\\\"ted\")\r\n"
	      "* 4 FETCH (UID 4 BODY[] {5}\r\nalien)\r\n"
	      "* 5 FETCH (UID 5 RFC822.SIZE 77 BODY[] NIL)\r\n"
	      "A3 OK\r\n"),
	    END};
	struct imap *im = opened("", st);

	stream_chop(imap_stream(im), (size_t)_i);
	want(im);
	body(im, 2, "a\r\nb)\n");
	body(im, 1, "hello");
	body(im, 3, "quo\"ted");
	body_fails(im, 5, CODE_BADMSG, REACH_MESSAGE);
	no_body(im);
	part(im);
}
END_TEST

START_TEST(bodies_left_unread)
{
	static const struct step st[] = {OPEN("4"), WANT,
	    S("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\n"
	      "* 2 FETCH (UID 2 BODY[] {5}\r\nthere FLAGS ())\r\n"
	      "* 3 FETCH (UID 3 BODY[] {5}\r\nagain)\r\nA3 OK\r\n"),
	    C("A4 EXAMINE \"other\"\r\n"),
	    S("* 0 EXISTS\r\n* OK [UIDVALIDITY 8] x\r\nA4 OK\r\n"), END};
	struct imap *im = opened("", st);
	struct imap_selected sel;
	struct fail f = {0};
	uint32_t uid;
	uint64_t len;
	const char *p;
	size_t n;

	want(im);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1); /* not read */
	stream_chop(imap_stream(im), 2);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1); /* begun */
	ck_assert_int_eq(imap_read(im, &p, &n, &f), 1);
	ck_assert_int_eq(imap_select(im, "other", 5, 0, &sel, &f), 0);
	ck_assert_uint_eq(sel.uidvalidity, 8);
	no_body(im);
	part(im);
}
END_TEST

START_TEST(refused_together_tried_alone)
{
	static const struct step st[] = {OPEN("4"), WANT,
	    S("* 1 FETCH (UID 1 BODY[] {5}\r\nhello)\r\nA3 NO [X] some\r\n"),
	    C("A4 UID FETCH 2 (UID BODY.PEEK[])\r\n"), S("A4 NO this\r\n"),
	    C("A5 UID FETCH 3 (UID BODY.PEEK[])\r\n"),
	    S("* 3 FETCH (UID 3 BODY[] {5}\r\nthree)\r\nA5 OK\r\n"),
	    C("A6 UID FETCH 5 (UID BODY.PEEK[])\r\n"), S("A6 OK\r\n"), END};
	struct imap *im = opened("", st);

	want(im);
	body(im, 1, "hello");
	body_fails(im, 2, CODE_BADMSG, REACH_MESSAGE);
	body(im, 3, "three");
	no_body(im);
	part(im);
}
END_TEST

static const struct {
	struct step say;
	enum code code;
} no_bodies[] = {
    {S("A3 BAD Request is throttled.\r\n"), CODE_THROTTLED},
    {S("A3 NO [UNAVAILABLE] x\r\n"), CODE_THROTTLED},
    {S("* 1 FETCH (UID 1 BODY[] {-5}\r\n)\r\nA3 OK\r\n"), CODE_PROTO},
    {S("* 1 FETCH (UID 1 BODY[] {1099511627777}\r\n"), CODE_PROTO},
    {S("* 1 FETCH (UID 1 BODY[] {99999999999999999999}\r\n"), CODE_PROTO},
    {S("* 1 FETCH (UID 9 BODY[] {2000000000}\r\n"), CODE_PROTO},
    {S("* 1 FETCH (BODY[] {2000}\r\nabc"), CODE_CONN},
    {S("* 1 FETCH (UID 1 BO"), CODE_CONN},
    {S("* 1 FETCH (UID 1 BODY[] \"a\0b\")\r\n"), CODE_PROTO},
    {S("* BYE Session expired\r\n"), CODE_CONN},
    {S("A4 OK\r\n"), CODE_PROTO},
};

START_TEST(no_body_at_all)
{
	struct step st[] = {OPEN("4"), WANT, no_bodies[_i].say, END};
	struct imap *im = opened("", st);

	want(im);
	body_fails(im, 0, no_bodies[_i].code, REACH_ENDPOINT);
	part(im);
}
END_TEST

static const struct {
	const char *head;
	uint64_t len;
} long_bodies[] = {
    {"* 1 FETCH (UID 1 BODY[] {4294967290}\r\n", 4294967290u},
    {"* 1 FETCH (UID 1 BODY[] {4294967301}\r\n", 4294967301u},
    {"* 1 FETCH (UID 1 BODY[] ~{1099511627776}\r\n", 1099511627776u},
};

START_TEST(long_body_cut)
{
	struct step st[] = {OPEN("4"), WANT,
	    {'S', long_bodies[_i].head, strlen(long_bodies[_i].head), 1},
	    S("hello"), END};
	struct imap *im = opened("", st);
	struct fail f = {0};
	uint32_t uid;
	uint64_t len, got = 0;
	const char *p;
	size_t n;

	want(im);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1);
	ck_assert_uint_eq(len, long_bodies[_i].len);
	while (imap_read(im, &p, &n, &f) == 1)
		got += n;
	ck_assert_uint_eq(got, 5);
	failed(&f, CODE_CONN, REACH_ENDPOINT);
	part(im);
}
END_TEST

/* Fields instead of bodies, in whatever order a server puts the items. */
START_TEST(fields_and_sizes)
{
	static const uint32_t uids[] = {4, 5, 6};
	static const struct step st[] = {OPEN("3"),
	    C("A3 UID FETCH 4:6 (UID RFC822.SIZE BODY.PEEK[HEADER.FIELDS "
	      "(MESSAGE-ID DATE FROM)])\r\n"),
	    S("* 1 FETCH (UID 4 RFC822.SIZE 77 BODY[HEADER.FIELDS (MESSAGE-ID "
	      "DATE FROM)] {5}\r\na: b\n)\r\n"
	      "* 2 FETCH (BODY[HEADER.FIELDS (\"Message-ID\" {4}\r\nDATE FROM)] "
	      "\"c\" RFC822.SIZE 78 UID 5)\r\n"
	      "* 3 FETCH (UID 6 BODY[HEADER.FIELDS (DATE] {1}\r\nd)\r\n"
	      "A3 OK\r\n"),
	    END};
	static const uint64_t sizes[] = {77, 78};
	struct imap *im = opened("", st);
	struct fail f = {0};
	uint64_t len, size;
	const char *p;
	uint32_t uid;
	size_t i, n;

	ck_assert_int_eq(imap_want(im, uids, 3, IMAP_WEAK, "/tmp", &f), 0);
	for (i = 0; i < LENGTH(sizes); i++) {
		ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1);
		ck_assert_uint_eq(uid, uids[i]);
		ck_assert_uint_eq(len, i == 0 ? 5 : 1);
		ck_assert_int_eq(imap_read(im, &p, &n, &f), 1);
		ck_assert_int_eq(*p, i == 0 ? 'a' : 'c');
		ck_assert_int_eq(imap_read(im, &p, &n, &f), 0);
		ck_assert_int_eq(imap_body_size(im, &size, &f), 0);
		ck_assert_uint_eq(size, sizes[i]);
	}
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 0);
	part(im);
}
END_TEST

SUITE("imapfetch")
{
	(void)signal(SIGPIPE, SIG_IGN);
	TEST(rows_of_all_kinds);
	TEST(refused_behind_its_rows);
	TEST(windows);
	TEST(nothing_is_asked_of_an_empty_folder);
	LOOP(rows_without_end, LENGTH(floods));
	LOOP(bodies_of_all_kinds, 2);
	TEST(bodies_left_unread);
	TEST(refused_together_tried_alone);
	LOOP(no_body_at_all, LENGTH(no_bodies));
	LOOP(long_body_cut, LENGTH(long_bodies));
	TEST(fields_and_sizes);
}
