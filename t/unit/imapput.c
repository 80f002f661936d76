/* imapput.c: messages in, against a server that is a script. */
#include "peer.h"

/* ---- messages in ---- */

static int
put(struct imap *im, uint64_t cookie, const char *text, struct fail *f)
{
	const struct imap_put p = {.cookie = cookie,
	    .len = strlen(text),
	    .date = 980985600,
	    .flags = "\\Seen"};

	fail_clear(f);
	if (imap_put(im, "to", 2, &p, f) == -1)
		return -1;
	if (imap_write(im, text, p.len, f) == -1)
		return -1;
	return imap_put_end(im, f);
}

static void
receipt(struct imap *im, uint64_t cookie, int ok, int again, uint32_t uid)
{
	struct imap_receipt r;
	struct fail f = {0};

	ck_assert_msg(imap_settle(im, &r, 1, &f) == 1, "%s", f.why);
	ck_assert_uint_eq(r.cookie, cookie);
	ck_assert_int_eq(r.ok, ok);
	ck_assert_int_eq(r.again, again);
	ck_assert_uint_eq(r.uid, uid);
	ck_assert_uint_eq(r.uidvalidity, uid ? 7 : 0);
	ck_assert_int_eq(r.why == NULL, ok);
}

static void
settled(struct imap *im)
{
	struct imap_receipt r;
	struct fail f = {0};

	ck_assert_int_eq(imap_settle(im, &r, 1, &f), 0);
	ck_assert_uint_eq(imap_outstanding(im), 0);
}

#define AT " (\\Seen) \"01-Feb-2001 00:00:00 +0000\" "

START_TEST(window_of_appends)
{
	static const struct step st[] = {
	    C("A2 APPEND \"to\"" AT "{3+}\r\none\r\n"
	      "A3 APPEND \"to\"" AT "{3+}\r\ntwo\r\n"
	      "A4 APPEND \"to\"" AT "{5+}\r\nthree\r\n"
	      "A5 EXAMINE \"INBOX\"\r\n"),
	    S("* OK [APPENDUID 7 99] not an answer\r\n"
	      "A3 OK [APPENDUID 7 12] x\r\n"
	      "* 1 EXISTS\r\n"
	      "A2 NO [OVERQUOTA] full\r\n"
	      "* OK [UIDVALIDITY 7] x\r\n"
	      "A5 OK [APPENDUID 7 13] not this one's\r\n"
	      "A4 OK\r\n"),
	    END};
	struct imap *im = meet(" LITERAL+", st);
	struct imap_selected sel;
	struct fail f = {0};

	ck_assert_int_eq(put(im, 1, "one", &f), 0);
	ck_assert_int_eq(put(im, 2, "two", &f), 0);
	ck_assert_int_eq(put(im, 3, "three", &f), 0);
	ck_assert_uint_eq(imap_outstanding(im), 3);
	ck_assert_int_eq(imap_select(im, "INBOX", 5, 0, &sel, &f), 0);
	receipt(im, 2, 1, 0, 12);
	receipt(im, 1, 0, 0, 0);
	receipt(im, 3, 1, 0, 0);
	settled(im);
	part(im);
}
END_TEST

START_TEST(batch_of_appends)
{
	static const struct step st[] = {
	    C("A2 APPEND \"to\"" AT "{3+}\r\none" AT "{3+}\r\ntwo\r\n"),
	    S("A2 NO [TOOBIG] one of them\r\n"),
	    C("A3 APPEND \"to\"" AT "{3+}\r\none\r\n"
	      "A4 APPEND \"to\"" AT "{0+}\r\n\r\n"
	      "A5 APPEND \"to\"" AT "{3+}\r\ntwo" AT "{3+}\r\ntwo\r\n"),
	    S("A3 OK [APPENDUID 7 12] x\r\nA4 OK [APPENDUID 7 13:14] x\r\n"
	      "A5 OK [APPENDUID 7 15,20] x\r\n"),
	    END};
	struct imap *im = meet(" LITERAL+ MULTIAPPEND", st);
	struct imap_put alone = {.cookie = 1,
	    .len = 3,
	    .date = 980985600,
	    .flags = "\\Seen",
	    .alone = 1};
	struct fail f = {0};

	ck_assert_int_eq(put(im, 1, "one", &f), 0);
	ck_assert_int_eq(put(im, 2, "two", &f), 0);
	receipt(im, 1, 0, 1, 0);
	receipt(im, 2, 0, 1, 0);
	settled(im);
	ck_assert_int_eq(imap_put(im, "to", 2, &alone, &f), 0);
	ck_assert_int_eq(imap_write(im, "one", 3, &f), 0);
	ck_assert_int_eq(imap_put_end(im, &f), 0);
	ck_assert_int_eq(put(im, 2, "", &f), 0);
	ck_assert_int_eq(put(im, 3, "two", &f), 0);
	ck_assert_int_eq(put(im, 4, "two", &f), 0);
	ck_assert_int_eq(imap_flush(im, &f), 0);
	receipt(im, 1, 1, 0, 12);
	receipt(im, 2, 1, 0, 0); /* two UIDs for one */
	receipt(im, 3, 1, 0, 15);
	receipt(im, 4, 1, 0, 20);
	settled(im);
	part(im);
}
END_TEST

START_TEST(literals_that_wait)
{
	static const struct step st[] = {C("A2 APPEND \"to\"" AT "{3}\r\n"),
	    S("* 1 EXISTS\r\n+ go\r\n"),
	    C("one\r\nA3 APPEND \"to\"" AT "{3}\r\n"),
	    S("A2 OK [APPENDUID 7 12] x\r\nA3 NO [TOOBIG] no\r\n"),
	    C("A4 APPEND \"to\"" AT "{3}\r\n"), S("+ go\r\n"), C("two\r\n"),
	    S("A4 OK\r\n"), END};
	struct imap *im = meet("", st);
	struct fail f = {0};

	ck_assert_int_eq(put(im, 1, "one", &f), 0);
	ck_assert_int_eq(put(im, 2, "two", &f), -1);
	failed(&f, CODE_TOOBIG, REACH_MESSAGE);
	ck_assert_int_eq(put(im, 3, "two", &f), 0);
	receipt(im, 1, 1, 0, 12);
	receipt(im, 3, 1, 0, 0);
	settled(im);
	part(im);
}
END_TEST

/* RFC 7888: LITERAL- waits above 4,096 octets. */
START_TEST(literal_minus)
{
	static const struct step st[] = {C("A2 APPEND \"to\"" AT "{4096+}\r\n"),
	    {'C', NULL, 4096, 1}, C("\r\nA3 APPEND \"to\"" AT "{4097}\r\n"),
	    S("+\r\n"), {'C', NULL, 4097, 1}, C("\r\n"),
	    S("A2 OK\r\nA3 OK\r\n"), END};
	static char text[4098];
	struct step with[LENGTH(st)];
	struct imap *im;
	struct fail f = {0};
	size_t i;

	memset(text, 'x', 4097);
	memcpy(with, st, sizeof(st));
	for (i = 0; i < LENGTH(with); i++)
		if (with[i].who == 'C' && with[i].text == NULL)
			with[i].text = text;
	im = meet(" LITERAL-", with);
	ck_assert_int_eq(put(im, 1, text + 1, &f), 0);
	ck_assert_int_eq(put(im, 2, text, &f), 0);
	receipt(im, 1, 1, 0, 0);
	receipt(im, 2, 1, 0, 0);
	part(im);
}
END_TEST

START_TEST(refused_before_a_word)
{
	static const struct step st[] = {END};
	struct imap *im = meet(" LITERAL+ APPENDLIMIT=2", st);
	struct imap_put p = {.len = 1, .date = CLOCK_NONE, .flags = "a b) x"};
	struct fail f = {0};

	ck_assert_int_eq(put(im, 1, "one", &f), -1);
	failed(&f, CODE_TOOBIG, REACH_MESSAGE);
	ck_assert_int_eq(imap_put(im, "to", 2, &p, &f), -1);
	failed(&f, CODE_FLAG, REACH_MESSAGE);
	settled(im);
	part(im);
}
END_TEST

/* NO may come before the command has ended; OK must not. */
START_TEST(answered_too_early)
{
	static const struct step no[] = {
	    C("A2 APPEND \"to\"" AT "{3+}\r\none\r\n"
	      "A3 APPEND \"to\"" AT "{3+}\r\ntwo"),
	    S("A3 NO [OVERQUOTA] full\r\nA2 OK\r\n"),
	    C("\r\nA4 APPEND \"to\"" AT "{5+}\r\nthree\r\n"), S("A4 OK\r\n"),
	    END};
	static const struct step ok[] = {
	    C("A2 APPEND \"to\"" AT "{3+}\r\none\r\n"
	      "A3 APPEND \"to\"" AT "{3+}\r\ntwo"),
	    S("A3 OK done\r\n"), END};
	struct imap *im = meet(" LITERAL+ MULTIAPPEND", _i ? ok : no);
	struct imap_put p = {.cookie = 1,
	    .len = 3,
	    .date = 980985600,
	    .flags = "\\Seen",
	    .alone = 1};
	struct imap_receipt r;
	struct fail f = {0};

	ck_assert_int_eq(imap_put(im, "to", 2, &p, &f), 0);
	ck_assert_int_eq(imap_write(im, "one", 3, &f), 0);
	ck_assert_int_eq(imap_put_end(im, &f), 0);
	ck_assert_int_eq(put(im, 2, "two", &f), 0);
	ck_assert_int_eq(stream_flush(imap_stream(im), &f), 0);
	if (_i == 1) {
		ck_assert_int_eq(imap_settle(im, &r, 1, &f), -1);
		failed(&f, CODE_PROTO, REACH_ENDPOINT);
		part(im);
		return;
	}
	receipt(im, 1, 1, 0, 0);
	ck_assert_int_eq(put(im, 3, "three", &f), 0);
	receipt(im, 2, 0, 0, 0);
	receipt(im, 3, 1, 0, 0);
	settled(im);
	part(im);
}
END_TEST

START_TEST(gone_meanwhile)
{
	static const struct step st[] = {
	    C("A2 APPEND \"to\"" AT "{3+}\r\none\r\n"),
	    S("* BYE Idle for too long\r\n"), END};
	struct imap *im = meet(" LITERAL+", st);
	struct imap_receipt r;
	struct fail f = {0};

	ck_assert_int_eq(put(im, 1, "one", &f), 0);
	ck_assert_int_eq(imap_settle(im, &r, 1, &f), -1);
	failed(&f, CODE_CONN, REACH_ENDPOINT);
	ck_assert_uint_eq(imap_outstanding(im), 1);
	ck_assert_int_eq(put(im, 2, "two", &f), -1);
	failed(&f, CODE_CONN, REACH_ENDPOINT);
	part(im);
}
END_TEST

START_TEST(answered_while_appends_are_settled)
{
	static const struct step st[] = {C("A2 SELECT \"a\"\r\n"),
	    S(OPENED("A2", "7")),
	    C("A3 SELECT \"to\"\r\nA4 APPEND \"to\"" AT "{3+}\r\none\r\n"
	      "A5 SELECT \"to\"\r\n"),
	    S(OPENED("A3", "8") "A4 OK\r\n" OPENED("A5", "8")), END};
	struct imap *im = meet(" LITERAL+", st);
	struct imap_selected sel;
	struct fail f = {0};

	ck_assert_int_eq(imap_select(im, "a", 1, 1, &sel, &f), 0);
	ck_assert_int_eq(imap_ahead_select(im, "to", 2, 1, &f), 1);
	ck_assert_int_eq(put(im, 1, "one", &f), 0);
	ck_assert_int_eq(imap_ahead_select(im, "to", 2, 1, &f), 1);
	receipt(im, 1, 1, 0, 0);
	ck_assert_int_eq(imap_select(im, "to", 2, 1, &sel, &f), 0);
	ck_assert_uint_eq(sel.uidvalidity, 8);
	settled(im);
	part(im);
}
END_TEST

SUITE("imapput")
{
	(void)signal(SIGPIPE, SIG_IGN);
	TEST(window_of_appends);
	TEST(batch_of_appends);
	TEST(literals_that_wait);
	TEST(literal_minus);
	TEST(refused_before_a_word);
	LOOP(answered_too_early, 2);
	TEST(gone_meanwhile);
	TEST(answered_while_appends_are_settled);
}
