/* imap.c: sessions and mailboxes against a server that is a script. */
#include "peer.h"

/* ---- opening ---- */

static const struct {
	struct step say[6];
	enum code code;
	enum again again;
	unsigned int retry_s;
} closed_doors[] = {
    {{S("HTTP/1.0 200 OK\r\n")}, CODE_PROTO, AGAIN_NEVER, 0},
    {{S("* PREAUTH welcome\r\n")}, CODE_TLS, AGAIN_NEVER, 0},
    {{S("* BYE full\r\n")}, CODE_CONN, AGAIN_LATER, 0},
    {{S("* BYE [UNAVAILABLE] later\r\n")}, CODE_THROTTLED, AGAIN_LATER, 0},
    {{S("")}, CODE_CONN, AGAIN_NOW, 0},
    {{S("* OK half a li")}, CODE_CONN, AGAIN_NOW, 0},
    {{S("* OK a\0b\r\n")}, CODE_PROTO, AGAIN_NEVER, 0},
    {{FLOOD(200,
	  "0123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789"
	  "0123456789012345678901234567890123456789"),
	 FLOOD(10000,
	     "0123456789012345678901234567890123456789"
	     "0123456789012345678901234567890123456789"
	     "0123456789012345678901234567890123456789")},
	CODE_PROTO, AGAIN_NEVER, 0},
    {{S("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] hi\r\n")}, CODE_AUTH,
	AGAIN_NEVER, 0},
    {{S("* OK hi\r\n"), C("A1 CAPABILITY\r\n"), S("A1 BAD what\r\n")},
	CODE_PROTO, AGAIN_NEVER, 0},
#define HELLO                                    \
	S("* OK [CAPABILITY IMAP4rev1] hi\r\n"), \
	    C("A1 LOGIN \"anna\" \"secret\"\r\n")
    {{HELLO, S("A1 NO wrong\r\n")}, CODE_AUTH, AGAIN_NEVER, 0},
    {{HELLO, S("A1 BAD User is authenticated but not connected.\r\n")},
	CODE_AUTH, AGAIN_NEVER, 0},
    {{HELLO, S("A1 NO [UNAVAILABLE] later\r\n")}, CODE_THROTTLED, AGAIN_LATER,
	0},
    {{HELLO, S("A1 NO [INUSE] later\r\n")}, CODE_THROTTLED, AGAIN_LATER, 0},
    {{HELLO, S("A1 NO [LIMIT] too many\r\n")}, CODE_THROTTLED, AGAIN_LATER, 0},
    {{HELLO,
	 S("A1 BAD Request is throttled. Suggested Backoff Time: 299961 "
	   "milliseconds\r\n")},
	CODE_THROTTLED, AGAIN_LATER, 300},
    {{HELLO, S("A1 NO [REFERRAL imap://anna@other/] go there\r\n")},
	CODE_POLICY, AGAIN_NEVER, 0},
    {{HELLO, S("* BYE Session expired\r\n")}, CODE_CONN, AGAIN_NOW, 0},
    {{HELLO, S("A9 OK in\r\n")}, CODE_PROTO, AGAIN_NEVER, 0},
    {{HELLO, S("A1 MAYBE\r\n")}, CODE_PROTO, AGAIN_NEVER, 0},
};

START_TEST(closed_door)
{
	struct imap *im;
	struct fail f = {0};

	serve(closed_doors[_i].say, "");
	ck_assert_int_eq(entered(&im, "secret", 6, &f), -1);
	ck_assert_ptr_null(im);
	failed(&f, closed_doors[_i].code, REACH_ENDPOINT);
	ck_assert_int_eq(f.again, closed_doors[_i].again);
	ck_assert_uint_eq(f.retry_s, closed_doors[_i].retry_s);
	part(NULL);
}
END_TEST

START_TEST(capabilities_are_those_after_log_in)
{
	static const struct step st[] = {S("* OK\r\n"), C("A1 CAPABILITY\r\n"),
	    S("* CAPABILITY IMAP4rev1 UIDPLUS QUOTA\r\nA1 OK\r\n"),
	    C("A2 LOGIN \"anna\" \"secret\"\r\n"), S("A2 OK\r\n"),
	    C("A3 CAPABILITY\r\n"),
	    S("* capability imap4rev1 literal+ APPENDLIMIT=4294967297\r\n"
	      "A3 OK\r\n"),
	    END};
	struct imap *im;
	struct fail f = {0};

	serve(st, "");
	ck_assert_int_eq(entered(&im, "secret", 6, &f), 0);
	ck_assert_uint_eq(imap_can(im), CAP_LITERAL_PLUS);
	ck_assert_uint_eq(imap_append_limit(im), 4294967297u);
	part(im);
}
END_TEST

static const struct {
	const char *secret;
	size_t n;
	struct step st[8];
} passwords[] = {
    {"a\"b\\c {5}", 9,
	{S("* OK [CAPABILITY IMAP4rev1] hi\r\n"),
	    C("A1 LOGIN \"anna\" \"a\\\"b\\\\c {5}\"\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1] in\r\n")}},
    {"x\r\nA9 DELETE INBOX\r\n", 20,
	{S("* OK [CAPABILITY IMAP4rev1] hi\r\n"),
	    C("A1 LOGIN \"anna\" {20}\r\n"), S("+ yes\r\n"),
	    C("x\r\nA9 DELETE INBOX\r\n\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1] in\r\n")}},
    {"p\303\244ss", 5,
	{S("* OK [CAPABILITY IMAP4rev1 LITERAL+] hi\r\n"),
	    C("A1 LOGIN \"anna\" {5+}\r\np\303\244ss\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1] in\r\n")}},
    {"secret", 6,
	{S("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n"),
	    C("A1 AUTHENTICATE PLAIN AGFubmEAc2VjcmV0\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1] in\r\n")}},
    {"secret", 6,
	{S("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n"),
	    C("A1 AUTHENTICATE PLAIN\r\n"), S("+ \r\n"),
	    C("AGFubmEAc2VjcmV0\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1] in\r\n")}},
};

START_TEST(password)
{
	struct imap *im;
	struct fail f = {0};

	serve(passwords[_i].st, "");
	ck_assert_msg(
	    entered(&im, passwords[_i].secret, passwords[_i].n, &f) == 0, "%s",
	    f.why);
	part(im);
}
END_TEST

START_TEST(a_literal_is_refused)
{
	static const struct step st[] = {
	    S("* OK [CAPABILITY IMAP4rev1] hi\r\n"),
	    C("A1 LOGIN \"anna\" {1}\r\n"), S("A1 NO no literals\r\n"), END};
	struct imap *im;
	struct fail f = {0};

	serve(st, "");
	ck_assert_int_eq(entered(&im, "\001", 1, &f), -1);
	ck_assert_str_eq(f.why, "NO no literals");
	part(NULL);
}
END_TEST

START_TEST(preauth_through_a_tunnel)
{
	struct imap *im;
	struct fail f = {0};

	ck_assert_int_eq(
	    endpoint_parse(&e,
		"imap://anna@here;tls=none;tunnel=sh%20-c%20'printf%20%22%2A%20"
		"PREAUTH%20[CAPABILITY%20IMAP4rev1%20QUOTA]%20x%5Cr%5Cn%22%3B"
		"cat%20%3E%2Fdev%2Fnull'",
		&f),
	    0);
	ck_assert_msg(entered(&im, "secret", 6, &f) == 0, "%s", f.why);
	ck_assert_uint_eq(imap_can(im), CAP_QUOTA);
	imap_close(im);
	endpoint_free(&e);
}
END_TEST

START_TEST(compression_is_a_wish)
{
	static const struct step st[] = {
	    S("* OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi\r\n"),
	    C("A1 LOGIN \"anna\" \"secret\"\r\n"),
	    S("A1 OK [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] in\r\n"),
	    C("A2 COMPRESS DEFLATE\r\n"), S("A2 NO [COMPRESSIONACTIVE] no\r\n"),
	    END};
	struct imap *im;
	struct fail f = {0};

	serve(st, ";compress=1");
	ck_assert_msg(entered(&im, "secret", 6, &f) == 0, "%s", f.why);
	part(im);
}
END_TEST

/* ---- namespaces and mailboxes ---- */

static struct imap_box *box;
static size_t boxes;
static uint64_t unread;

static const struct imap_box *
called(const char *raw)
{
	size_t i;

	for (i = 0; i < boxes; i++)
		if (strcmp(box[i].raw, raw) == 0)
			return &box[i];
	ck_abort_msg("there is no %s", raw);
	return NULL;
}

static void
list_ok(struct imap *im, int status)
{
	struct fail f = {0};

	ck_assert_msg(
	    imap_list(im, status, &box, &boxes, &unread, &f) == 0, "%s", f.why);
}

START_TEST(names_of_all_kinds)
{
	static const struct step st[] = {
	    C("A2 LIST \"\" \"*\"\r\nA3 LSUB \"\" \"*\"\r\n"),
	    S("* LIST (\\HasNoChildren \\X (a b)) \"/\" Inbox\r\n"
	      "* LIST () \"\\\\\" \"a \\\"b\\\\c\"\r\n"
	      "* LIST () NIL {9}\r\na\r\nb\033[2Jx (ext ({3}\r\nabc))\r\n"
	      "* list () \"/\" NIL\r\n"
	      "* LIST () \"/\" one two\r\n"
	      "* LIST () \"/\" a{b%c*\r\n"
	      "* LIST () \"/\" caf\351 s/x\r\n"
	      "* LIST (\\Noselect) \"/\" \"\"\r\n"
	      "* LIST () \"/\" {3}\r\nx\0y\r\n" /* cannot be read */
	      "* LIST (\r\n" /* nor this */
	      "* LIST (\\NonExistent \\Sent) \"/\" gone\r\n"
	      "* LIST (\\Sent) \"/\" Sent\r\n"
	      "* LIST (\\HasChildren) \".\" Sent\r\n"
	      "* XSTRANGE foo {4}\r\nA2 O (bar)\r\n"
	      "A2 OK\r\n"
	      "* LSUB () \"/\" INBOX\r\n"
	      "* LSUB () \"/\" nowhere\r\n"
	      "A3 NO never mind\r\n"),
	    END};
	struct imap *im = meet("", st);

	list_ok(im, 0);
	ck_assert_uint_eq(boxes, 9);
	ck_assert_uint_eq(unread, 2);
	ck_assert_uint_eq(called("INBOX")->bits, BOX_SUBSCRIBED);
	ck_assert_int_eq(called("a \"b\\c")->sep, '\\');
	ck_assert_int_eq(called("a\r\nb\033[2Jx")->sep, 0);
	(void)called("NIL");
	(void)called("one two");
	(void)called("a{b%c*");
	(void)called("caf\351 s/x");
	ck_assert_uint_eq(called("gone")->bits, BOX_NOSELECT);
	ck_assert_int_eq(called("Sent")->role, ROLE_SENT);
	imap_boxes_free(box, boxes);
	part(im);
}
END_TEST

START_TEST(inbox_that_is_not_listed)
{
	static const struct step st[] = {
	    C("A2 XLIST \"\" \"*\"\r\nA3 LSUB \"\" \"*\"\r\n"),
	    S("* XLIST (\\HasNoChildren \\AllMail) \"/\" \"All\"\r\n"
	      "A2 OK\r\nA3 OK\r\n"),
	    C("A4 LIST \"\" \"INBOX\"\r\n"),
	    S("* LIST () \"/\" INBOX\r\nA4 OK\r\n"), END};
	struct imap *im = meet(" XLIST", st);

	list_ok(im, 0);
	ck_assert_int_eq(called("All")->role, ROLE_ALL);
	(void)called("INBOX");
	imap_boxes_free(box, boxes);
	part(im);
}
END_TEST

START_TEST(counters_in_the_same_trip)
{
	static const struct step st[] = {
	    C("A2 NAMESPACE\r\nA3 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN "
	      "STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN SIZE))\r\n"),
	    S("* NAMESPACE ((\"\" \"/\" \"X\" (\"y\"))(\"#mh/\" \"/\")) NIL "
	      "((\"Shared/\" NIL))\r\nA2 OK\r\n"
	      "* STATUS \"early\" (MESSAGES 4294967297 UIDNEXT 5 UIDVALIDITY 7 "
	      "UNSEEN 2 SIZE 99999999999 X (a))\r\n"
	      "* LIST () \"/\" inbox\r\n"
	      "* STATUS InBox (MESSAGES 1 UIDNEXT 0 UIDVALIDITY 4294967296)\r\n"
	      "* LIST (\\Subscribed) \"/\" early\r\n"
	      "* STATUS \"x\" ()\r\n"
	      "* LIST () \"/\" x\r\n"
	      "* LIST () \"/\" z\r\n"
	      "A3 OK\r\n"),
	    END};
	struct imap *im =
	    meet(" NAMESPACE LIST-EXTENDED LIST-STATUS STATUS=SIZE", st);
	const struct imap_namespace *ns;
	struct fail f = {0};
	size_t n;

	list_ok(im, 1);
	ck_assert_uint_eq(called("early")->messages, 4294967297u);
	ck_assert_uint_eq(called("early")->size, 99999999999u);
	ck_assert_uint_eq(called("early")->bits,
	    BOX_SUBSCRIBED | BOX_STATUS | BOX_MESSAGES | BOX_UIDNEXT |
		BOX_UIDVALIDITY | BOX_UNSEEN | BOX_SIZE);
	ck_assert_uint_eq(called("INBOX")->bits, BOX_STATUS | BOX_MESSAGES);
	ck_assert_uint_eq(called("x")->bits, BOX_STATUS);
	ck_assert_uint_eq(called("z")->bits, 0);
	imap_boxes_free(box, boxes);
	ck_assert_int_eq(imap_namespaces(im, &ns, &n, &f), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_int_eq(ns[0].sep, '/');
	ck_assert_str_eq(ns[1].prefix, "#mh/");
	ck_assert_int_eq(ns[2].kind, NS_SHARED);
	ck_assert_int_eq(ns[2].sep, 0);
	part(im);
}
END_TEST

/* STATUS answers must not get lost while a name waits for its "+". */
START_TEST(a_name_that_waits)
{
	static const struct step st[] = {
	    C("A2 LIST \"\" \"*\"\r\nA3 LSUB \"\" \"*\"\r\n"),
	    S("* LIST () \"/\" INBOX\r\n* LIST () \"/\" \"caf\351\"\r\n"
	      "* LIST () \"/\" \"z\"\r\nA2 OK\r\nA3 OK\r\n"),
	    C("A4 STATUS \"INBOX\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n"),
	    S("* STATUS INBOX (MESSAGES 1)\r\nA4 OK\r\n"),
	    C("A5 STATUS {4}\r\n"), S("+\r\n"),
	    C("caf\351 (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n"),
	    S("* STATUS {4}\r\ncaf\351 (MESSAGES 2)\r\nA5 OK\r\n"),
	    C("A6 STATUS \"z\" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)\r\n"),
	    S("A6 NO [NOPERM] not yours\r\n"), END};
	struct imap *im = meet("", st);

	list_ok(im, 1);
	ck_assert_uint_eq(called("INBOX")->messages, 1);
	ck_assert_uint_eq(called("caf\351")->messages, 2);
	ck_assert_uint_eq(called("z")->bits, 0);
	imap_boxes_free(box, boxes);
	part(im);
}
END_TEST

#define LISTED C("A2 LIST \"\" \"*\" RETURN (SUBSCRIBED CHILDREN)\r\n")
#define K64                                                                \
	"0123456789012345678901234567890123456789012345678901234567890123" \
	"0123456789012345678901234567890123456789012345678901234567890123"
static const struct {
	const char *why;
	struct step st[5];
} excesses[] = {
    {"NO partial", {LISTED, S("* LIST () \"/\" INBOX\r\nA2 NO partial\r\n")}},
    {"more than 100000 folders",
	{LISTED, FLOOD(100001, "* LIST () \"/\" INBOX\r\n")}},
    {"a million answers that nobody asked for",
	{LISTED, FLOOD(1000001, "* OK still here\r\n")}},
    {"a million answers that nobody asked for",
	{LISTED, FLOOD(1000001, "* 1 FETCH (FLAGS ())\r\n")}},
    {"a million answers that nobody asked for",
	{LISTED, FLOOD(1000001, "+ go on\r\n")}},
    {"more than 1 GiB", {LISTED, S("* X {1073741825}\r\n")}},
    {"more than 1 MiB", {LISTED, S("* LIST () \"/\" {1048577}\r\n")}},
    {"a line of more than", {LISTED, FLOOD(16384, K64)}},
    {"a literal without a readable length",
	{LISTED, S("* LIST () \"/\" {-5}\r\nA2 OK\r\n")}},
    {"a literal without a readable length",
	{LISTED, S("* X {99999999999999999999}\r\nA2 OK\r\n")}},
    {"nested too deep",
	{LISTED,
	    S("* LIST (((((((((((((((((((((((((((((((((((((((((((((((((((((((("
	      "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((\r\n")}},
    {"a tag that was never sent", {LISTED, S("A3 OK\r\n")}},
    {"a tag that was never sent", {LISTED, S("what is this\r\n")}},
    {"a NUL octet", {LISTED, S("* LIST () \"/\" \"a\0b\"\r\n")}},
    {"a CR within", {LISTED, S("* LIST () \"/\" \"a\rb\"\r\n")}},
    {"closed the connection", {LISTED}},
    {"ended within a line", {LISTED, S("* LIST () \"/\" IN")}},
    {"ended within a literal", {LISTED, S("* LIST () \"/\" {9}\r\nIN")}},
    {"ended behind a literal", {LISTED, S("* LIST () \"/\" {2}\r\nIN")}},
};

START_TEST(too_much)
{
	struct imap *im = meet(" LIST-EXTENDED", excesses[_i].st);
	struct fail f = {0};

	ck_assert_int_eq(imap_list(im, 0, &box, &boxes, &unread, &f), -1);
	ck_assert_msg(strstr(f.why, excesses[_i].why) != NULL, "%s", f.why);
	ck_assert_int_eq(f.reach, REACH_ENDPOINT);
	ck_assert(f.code == CODE_PROTO || f.code == CODE_CONN);
	part(im);
}
END_TEST

static const struct {
	struct step st[3];
	enum code code;
} not_opened[] = {
    {{S("A2 NO no such\r\n")}, CODE_NOSELECT},
    {{S("A2 NO [NONEXISTENT] no\r\n")}, CODE_NOSELECT},
    {{S("A2 BAD what\r\n")}, CODE_NOSELECT},
    {{S("A2 NO [INUSE] wait\r\n")}, CODE_THROTTLED},
    {{S("* 1 EXISTS\r\nA2 OK\r\n")}, CODE_UIDVALIDITY},
    {{S("* OK [UIDVALIDITY 0] x\r\nA2 OK\r\n")}, CODE_UIDVALIDITY},
    {{S("* OK [UIDVALIDITY 4294967296] x\r\nA2 OK\r\n")}, CODE_UIDVALIDITY},
    {{S("* NO [UIDVALIDITY 5] x\r\nA2 OK\r\n")}, CODE_UIDVALIDITY},
};

START_TEST(no_select)
{
	struct step st[] = {
	    C("A2 EXAMINE \"a\\\"b\"\r\n"), not_opened[_i].st[0], END};
	struct imap *im = meet("", st);
	struct imap_selected sel;
	struct fail f = {0};

	ck_assert_int_eq(imap_select(im, "a\"b", 3, 0, &sel, &f), -1);
	failed(&f, not_opened[_i].code, REACH_FOLDER);
	part(im);
}
END_TEST

static const char *const no_flags[] = {
    "a b)", "\\Seen \r\nA9 NOOP", "{5}", "\\", "\\*", "x\"", "\303\244"};

/* One encoder: a name cannot become a second command, nor can a flag. */
START_TEST(nothing_but_one_command)
{
	static const struct step st[] = {
	    C("A2 SUBSCRIBE {21+}\r\nx\r\nA9 DELETE INBOX\r\nz\r\n"),
	    S("A2 OK\r\n"), C("A3 CREATE \"a{5}\" (USE (\\Sent))\r\n"),
	    S("A3 NO not that role\r\n"), C("A4 CREATE \"a{5}\"\r\n"),
	    S("A4 OK\r\n"), C("A5 CREATE \"there\"\r\n"),
	    S("A5 NO Mailbox exists\r\n"), C("A6 LIST \"\" \"there\"\r\n"),
	    S("* LIST () \"/\" there\r\nA6 OK\r\n"), C("A7 CREATE \"bad\"\r\n"),
	    S("A7 NO invalid\r\n"), C("A8 LIST \"\" \"bad\"\r\n"),
	    S("A8 OK\r\n"), C("A9 UID STORE 7 +FLAGS.SILENT (\\Seen $x)\r\n"),
	    S("A9 NO read-only\r\n"), C("A10 UID COPY 7 \"to\"\r\n"),
	    S("A10 OK [COPYUID 5 7 4294967295] x\r\n"), END};
	struct imap *im = meet(" LITERAL+ CREATE-SPECIAL-USE", st);
	struct fail f = {0};
	uint32_t to;
	int made;

	ck_assert_int_eq(
	    imap_subscribe(im, "x\r\nA9 DELETE INBOX\r\nz", 21, &f), 0);
	ck_assert_int_eq(imap_create(im, "a{5}", 4, ROLE_SENT, &made, &f), 0);
	ck_assert_int_eq(made, 1);
	ck_assert_int_eq(imap_create(im, "there", 5, ROLE_NONE, &made, &f), 0);
	ck_assert_int_eq(made, 0);
	ck_assert_int_eq(imap_create(im, "bad", 3, ROLE_NONE, &made, &f), -1);
	failed(&f, CODE_NAME, REACH_FOLDER);
	ck_assert_str_eq(f.why, "NO invalid");
	for (to = 0; to < LENGTH(no_flags); to++) {
		ck_assert_int_eq(
		    imap_store(im, &seven, 1, '+', no_flags[to], &f), -1);
		failed(&f, CODE_FLAG, REACH_MESSAGE);
	}
	ck_assert_int_eq(imap_store(im, &seven, 1, '+', "\\Seen $x", &f), -1);
	failed(&f, CODE_FLAG, REACH_MESSAGE);
	ck_assert_int_eq(imap_copy(im, &seven, 1, "to", 2, &to, &f), 0);
	ck_assert_uint_eq(to, 4294967295u);
	part(im);
}
END_TEST

START_TEST(rights_of_all_kinds)
{
	static const struct step st[] = {C("A2 MYRIGHTS \"a\"\r\n"),
	    S("* MYRIGHTS a lrk\r\nA2 OK\r\n"), C("A3 MYRIGHTS \"a\"\r\n"),
	    S("* MYRIGHTS {1}\r\na {3}\r\nlrs\r\nA3 OK\r\n"),
	    C("A4 MYRIGHTS \"a\"\r\n"),
	    S("* MYRIGHTS\r\n* 1 EXISTS\r\nA4 OK\r\n"),
	    C("A5 MYRIGHTS \"a\"\r\n"), S("A5 NO [NOPERM] no\r\n"), END};
	static const char *const want[] = {"lrk", "lrs", ""};
	struct imap *im = meet(" ACL", st);
	struct fail f = {0};
	struct buf got = {0};
	size_t i;

	for (i = 0; i < LENGTH(want); i++) {
		buf_reset(&got);
		ck_assert_int_eq(imap_rights(im, "a", 1, &got, &f), 1);
		ck_assert_uint_eq(got.len, strlen(want[i]));
		ck_assert_mem_eq(got.data, want[i], got.len);
	}
	ck_assert_int_eq(imap_rights(im, "a", 1, &got, &f), -1);
	ck_assert_int_eq(f.code, CODE_AUTH);
	ck_assert_int_eq(f.reach, REACH_FOLDER);
	buf_free(&got);
	part(im);
}
END_TEST

SUITE("imap")
{
	(void)signal(SIGPIPE, SIG_IGN);
	LOOP(closed_door, LENGTH(closed_doors));
	TEST(capabilities_are_those_after_log_in);
	LOOP(password, LENGTH(passwords));
	TEST(a_literal_is_refused);
	TEST(preauth_through_a_tunnel);
	TEST(compression_is_a_wish);
	TEST(names_of_all_kinds);
	TEST(inbox_that_is_not_listed);
	TEST(counters_in_the_same_trip);
	TEST(a_name_that_waits);
	LOOP(too_much, LENGTH(excesses));
	LOOP(no_select, LENGTH(not_opened));
	TEST(nothing_but_one_command);
	TEST(rights_of_all_kinds);
}
