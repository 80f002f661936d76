/* imapahead.c: what changed since, and what is asked ahead. */
#include "peer.h"

/* What changed and what is new, asked for one after the other. */
#define CHANGED                                               \
	"UID FETCH 1:9 (UID FLAGS INTERNALDATE RFC822.SIZE) " \
	"(CHANGEDSINCE 12)\r\n"
#define NEW "UID FETCH 10:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"

START_TEST(rows_that_changed)
{
	static const struct step st[] = {OPEN("6"), C("A3 " CHANGED),
	    S("* 2 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 3 MODSEQ (13))\r\n"
	      "* 9 FETCH (UID 12 RFC822.SIZE 5)\r\n" /* not of this one */
	      "A3 OK\r\n"),
	    C("A4 " NEW), S("* 6 FETCH (UID 12 RFC822.SIZE 7)\r\nA4 OK\r\n"),
	    END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_scan(im, 10, 12, &f), 0);
	row(im, 4, 3, CLOCK_NONE, "\\Seen");
	row(im, 12, 7, CLOCK_NONE, "");
	ck_assert_int_eq(imap_scan_next(im, &r, &f), 0);
	ck_assert_uint_eq(imap_scan_missing(im), 0);
	part(im);
}
END_TEST

/* Asked ahead a server may mix them; what it refuses is said behind its rows.
 */
START_TEST(rows_that_changed_ahead)
{
	static const struct step st[] = {OPEN("6"), C("A3 " CHANGED "A4 " NEW),
	    S("* 6 FETCH (UID 12 RFC822.SIZE 7)\r\n"
	      "* 2 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 3 MODSEQ (13))\r\n"
	      "A3 NO [LIMIT] x\r\nA4 OK\r\n"),
	    END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_ahead_scan(im, 10, 12, &f), 1);
	ck_assert_int_eq(imap_scan(im, 10, 12, &f), 0);
	row(im, 4, 3, CLOCK_NONE, "\\Seen");
	row(im, 12, 7, CLOCK_NONE, "");
	ck_assert_int_eq(imap_scan_next(im, &r, &f), -1);
	ck_assert_int_eq(f.code, CODE_THROTTLED);
	part(im);
}
END_TEST

/* The end of the second is not the end of both. */
START_TEST(rows_that_changed_in_another_order)
{
	static const struct step st[] = {OPEN("6"), C("A3 " CHANGED "A4 " NEW),
	    S("* 6 FETCH (UID 12 RFC822.SIZE 7)\r\nA4 OK\r\n"
	      "* 2 FETCH (UID 4 FLAGS (\\Seen) RFC822.SIZE 3 MODSEQ (13))\r\n"
	      "A3 OK\r\n"),
	    END};
	struct imap *im = opened("", st);
	struct imap_row r;
	struct fail f = {0};

	ck_assert_int_eq(imap_ahead_scan(im, 10, 12, &f), 1);
	ck_assert_int_eq(imap_scan(im, 10, 12, &f), 0);
	row(im, 4, 3, CLOCK_NONE, "\\Seen");
	row(im, 12, 7, CLOCK_NONE, "");
	ck_assert_int_eq(imap_scan_next(im, &r, &f), 0);
	part(im);
}
END_TEST

/* ---- what is there ---- */

static void
add_run(void *arg, uint32_t low, uint32_t high)
{
	buf_addf(arg, "%u-%u ", (unsigned int)low, (unsigned int)high);
}

static const struct {
	const char *answer, *runs;
	int rc;
} searches[] = {
    {"* ESEARCH (TAG \"A3\") UID ALL 1:3,7,12:9\r\nA3 OK\r\n", "1-3 7-7 9-12 ",
	1},
    {"* ESEARCH UID ALL 4294967295\r\nA3 OK\r\n", "4294967295-4294967295 ", 1},
    {"* ESEARCH (TAG \"A3\") UID\r\nA3 OK\r\n", "", 1},
    {"A3 OK\r\n", "", 0},
    {"* ESEARCH (TAG \"A3\") ALL 1:3\r\nA3 OK\r\n", "", 0},
    {"* ESEARCH (TAG \"A3\") UID ALL 1:4294967296\r\nA3 OK\r\n", "", 0},
    {"* ESEARCH (TAG \"A3\") UID ALL 5,0:7\r\nA3 OK\r\n", "5-5 ", 0},
    {"* ESEARCH (TAG \"A3\") UID ALL 5,x\r\nA3 OK\r\n", "5-5 ", 0},
    {"* ESEARCH (TAG \"A3\" UID ALL 5\r\nA3 OK\r\n", "", 0},
    {"A3 NO not now\r\n", "", -1},
};

START_TEST(what_is_there)
{
	const struct step st[] = {OPEN("6"),
	    C("A3 UID SEARCH RETURN (ALL) ALL\r\n"),
	    {'S', searches[_i].answer, strlen(searches[_i].answer), 1}, END};
	struct imap *im = opened("", st);
	struct buf runs = {0};
	struct fail f = {0};

	buf_add(&runs, "", 0);
	if (_i % 2)
		ck_assert_int_eq(imap_ahead_there(im, &f), 1);
	ck_assert_int_eq(imap_there(im, add_run, &runs, &f), searches[_i].rc);
	ck_assert_str_eq(runs.data, searches[_i].runs);
	buf_free(&runs);
	part(im);
}
END_TEST

/* Changes go one behind the other, and each tells how it went; but never into a
 * mailbox that has only been asked for. */
START_TEST(changes_ahead)
{
	static const uint32_t uids[] = {4, 5, 9};
	static const struct step st[] = {OPEN("6"),
	    C("A3 UID STORE 4:5 +FLAGS.SILENT (\\Seen)\r\n"
	      "A4 UID STORE 9 -FLAGS.SILENT (odd)\r\n"
	      "A5 SELECT \"b\"\r\n"),
	    S("* 1 FETCH (UID 4 MODSEQ (3))\r\nA3 OK\r\nA4 NO no\r\n" OPENED(
		"A5", "8")),
	    C("A6 UID EXPUNGE 4:5,9\r\n"), S("* 1 EXPUNGE\r\nA6 OK\r\n"), END};
	struct imap *im = opened("", st);
	struct imap_selected sel;
	struct fail f = {0};

	ck_assert_int_eq(imap_ahead_store(im, uids, 2, '+', "\\Seen", &f), 1);
	ck_assert_int_eq(imap_ahead_store(im, uids + 2, 1, '-', "odd", &f), 1);
	ck_assert_int_eq(imap_ahead_store(im, uids, 1, '+', "a\r\nb", &f), 0);
	ck_assert_int_eq(imap_ahead_select(im, "b", 1, 1, &f), 1);
	ck_assert_int_eq(imap_ahead_store(im, uids, 1, '+', "odd", &f), 0);
	ck_assert_int_eq(imap_store(im, uids, 2, '+', "\\Seen", &f), 0);
	ck_assert_int_eq(imap_store(im, uids + 2, 1, '-', "odd", &f), -1);
	ck_assert_int_eq(f.reach, REACH_MESSAGE);
	ck_assert_int_eq(imap_select(im, "b", 1, 1, &sel, &f), 0);
	ck_assert_int_eq(imap_expunge(im, uids, 3, &f), 0);
	part(im);
}
END_TEST

/* What one line does not hold goes in two, answered in whatever order. */
START_TEST(changes_in_two_commands)
{
	enum { MANY = 300, FIRST = 181 };
	static uint32_t uids[MANY];
	struct buf said = {0};
	struct fail f = {0};
	size_t i;

	for (i = 0; i < MANY; i++) {
		uids[i] = (uint32_t)(1001 + 2 * i);
		if (i == 0 || i == FIRST)
			buf_addf(&said, "A%d UID STORE ", i == 0 ? 3 : 4);
		buf_addf(&said, "%u", (unsigned int)uids[i]);
		buf_adds(&said,
		    i + 1 == FIRST || i + 1 == MANY ? " +FLAGS.SILENT (x)\r\n"
						    : ",");
	}
	{
		const struct step st[] = {OPEN("300"),
		    {'C', said.data, said.len, 1},
		    S("A4 OK\r\nA3 NO [LIMIT] later\r\n"), END};
		struct imap *im = opened("", st);

		ck_assert_int_eq(imap_store(im, uids, MANY, '+', "x", &f), -1);
		ck_assert_int_eq(f.code, CODE_THROTTLED);
		part(im);
	}
	buf_free(&said);
}
END_TEST

/* ---- ahead of time ---- */

START_TEST(asked_ahead)
{
	static const uint32_t uids[] = {4, 5};
	static const struct step st[] = {
	    C("A2 CREATE \"a\"\r\nA3 SUBSCRIBE \"a\"\r\n"
	      "A4 SELECT \"a\"\r\n"
	      "A5 UID FETCH 4:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n"
	      "A6 EXAMINE \"b\"\r\nA7 UID FETCH 4:5 (UID BODY.PEEK[])\r\n"),
	    S("A2 OK\r\nA3 OK\r\n" OPENED(
		"A4", "7") "* 1 FETCH (UID 4 RFC822.SIZE 3)\r\nA5 OK\r\n"),
	    S(OPENED("A6", "8") "* 1 FETCH (UID 5 BODY[] {3}\r\none)\r\n"
				"A7 OK\r\n"),
	    END};
	struct imap *im = meet(" LITERAL+", st);
	struct imap_selected sel;
	struct imap_row row;
	struct fail f = {0};
	uint64_t len;
	uint32_t uid;
	int made = 0;

	ck_assert_int_eq(imap_ahead_create(im, "a", 1, ROLE_NONE, &f), 1);
	ck_assert_int_eq(imap_ahead_subscribe(im, "a", 1, &f), 1);
	ck_assert_int_eq(imap_ahead_select(im, "a", 1, 1, &f), 1);
	ck_assert_int_eq(imap_ahead_scan(im, 4, 0, &f), 1);
	ck_assert_int_eq(imap_ahead_select(im, "b", 1, 0, &f), 1);
	ck_assert_int_eq(imap_ahead_want(im, uids, 2, &f), 1);
	ck_assert_int_eq(imap_create(im, "a", 1, ROLE_NONE, &made, &f), 0);
	ck_assert_int_eq(made, 1);
	ck_assert_int_eq(imap_subscribe(im, "a", 1, &f), 0);
	ck_assert_int_eq(imap_select(im, "a", 1, 1, &sel, &f), 0);
	ck_assert_uint_eq(sel.uidvalidity, 7);
	ck_assert_int_eq(imap_scan(im, 4, 0, &f), 0);
	ck_assert_int_eq(imap_scan_next(im, &row, &f), 1);
	ck_assert_uint_eq(row.uid, 4);
	ck_assert_int_eq(imap_scan_next(im, &row, &f), 0);
	ck_assert_int_eq(imap_select(im, "b", 1, 0, &sel, &f), 0);
	ck_assert_uint_eq(sel.uidvalidity, 8);
	ck_assert_int_eq(imap_want(im, uids, 2, IMAP_WHOLE, "/tmp", &f), 0);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 1);
	ck_assert_uint_eq(uid, 5);
	ck_assert_int_eq(imap_body(im, &uid, &len, &f), 0);
	part(im);
}
END_TEST

/* A change must not hit the mailbox that was only asked for ahead. */
START_TEST(asked_ahead_and_left)
{
	static const struct step st[] = {
	    C("A2 SELECT \"a\"\r\nA3 CREATE \"c\"\r\nA4 SELECT \"b\"\r\n"),
	    S(OPENED("A2", "7") "A3 OK\r\n" OPENED("A4", "8")),
	    C("A5 SELECT \"a\"\r\n"), S(OPENED("A5", "7")),
	    C("A6 UID STORE 4 +FLAGS.SILENT (\\Seen)\r\n"), S("A6 OK\r\n"),
	    END};
	struct imap *im = meet(" LITERAL+", st);
	struct imap_selected sel;
	struct fail f = {0};
	int made = 0;

	ck_assert_int_eq(imap_ahead_select(im, "a", 1, 1, &f), 1);
	ck_assert_int_eq(imap_ahead_create(im, "c", 1, ROLE_NONE, &f), 1);
	ck_assert_int_eq(imap_ahead_select(im, "b", 1, 1, &f), 1);
	ck_assert_int_eq(imap_select(im, "a", 1, 1, &sel, &f), 0);
	ck_assert_int_eq(imap_store(im, &uid4, 1, '+', "\\Seen", &f), 0);
	ck_assert_int_eq(imap_create(im, "c", 1, ROLE_NONE, &made, &f), 0);
	ck_assert_int_eq(made, 1);
	part(im);
}
END_TEST

/* What stands before it was not taken: that it made the mailbox is known. */
START_TEST(made_ahead_and_left)
{
	static const struct step st[] = {
	    C("A2 SELECT \"a\"\r\nA3 CREATE \"c\"\r\n"),
	    S(OPENED("A2", "7") "A3 OK\r\n"), C("A4 CREATE \"c\"\r\n"),
	    S("A4 NO [ALREADYEXISTS] there\r\n"), END};
	struct imap *im = meet(" LITERAL+", st);
	struct fail f = {0};
	int made = 0;

	ck_assert_int_eq(imap_ahead_select(im, "a", 1, 1, &f), 1);
	ck_assert_int_eq(imap_ahead_create(im, "c", 1, ROLE_NONE, &f), 1);
	ck_assert_int_eq(imap_create(im, "c", 1, ROLE_NONE, &made, &f), 0);
	ck_assert_int_eq(made, 1);
	ck_assert_int_eq(imap_create(im, "c", 1, ROLE_NONE, &made, &f), 0);
	ck_assert_int_eq(made, 0);
	part(im);
}
END_TEST

SUITE("imapahead")
{
	(void)signal(SIGPIPE, SIG_IGN);
	TEST(rows_that_changed);
	TEST(rows_that_changed_ahead);
	TEST(rows_that_changed_in_another_order);
	LOOP(what_is_there, LENGTH(searches));
	TEST(changes_ahead);
	TEST(changes_in_two_commands);
	TEST(asked_ahead);
	TEST(asked_ahead_and_left);
	TEST(made_ahead_and_left);
}
