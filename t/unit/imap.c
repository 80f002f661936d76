/*
 * The imap room against a server that is a script: what the client says must
 * be what the script expects, to the octet, and what it makes of the answers
 * is checked here.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "imap/imap.h"
#include "msg/msg.h"
#include "net/net.h"
#include "tap.h"

struct step {
	char who; /* S says it, C must say it; 0 is the end */
	const char *text;
	size_t n, times;
};
#define S(text)                                \
	{                                      \
		'S', text, sizeof(text) - 1, 1 \
	}
#define C(text)                                \
	{                                      \
		'C', text, sizeof(text) - 1, 1 \
	}
#define FLOOD(times, text)                         \
	{                                          \
		'S', text, sizeof(text) - 1, times \
	}
#define END                   \
	{                     \
		0, NULL, 0, 0 \
	}

static const char *const errors[] = {"client said: ", "\n  and should: "};

static void
differs(const struct step *st, const char *got, size_t n)
{
	struct buf b = {0};

	buf_adds(&b, errors[0]);
	text_printable(&b, got, n, 500);
	buf_adds(&b, errors[1]);
	text_printable(&b, st->text, st->n, 500);
	(void)fprintf(stderr, "%s\n", b.data);
	_exit(1);
}

static void
say(int fd, const struct step *st)
{
	struct buf b = {0};
	size_t i;

	for (i = 0; i < st->times; i++) {
		buf_add(&b, st->text, st->n);
		if (i + 1 < st->times && b.len < 65536)
			continue;
		if (send(fd, b.data, b.len, MSG_NOSIGNAL) == -1)
			_exit(0); /* the client has had enough */
		buf_reset(&b);
	}
	buf_free(&b);
}

static void
play(int fd, const struct step *st)
{
	char got[65536];
	size_t n = 0;

	for (; st->who != 0; st++, n = 0) {
		if (st->who == 'S')
			say(fd, st);
		while (st->who == 'C' && n < st->n) {
			ssize_t r = recv(fd, got + n, st->n - n, 0);

			if (r <= 0)
				differs(st, got, n);
			n += (size_t)r;
			if (memcmp(got, st->text, n) != 0)
				differs(st, got, n);
		}
	}
	(void)shutdown(fd, SHUT_WR);
	for (n = 0; n < sizeof(got);) {
		ssize_t r = recv(fd, got + n, sizeof(got) - n, 0);

		if (r <= 0)
			break;
		n += (size_t)r;
	}
	if (n > 0 && (n != 10 || memcmp(got, "Z LOGOUT\r\n", 10) != 0))
		differs(&(struct step)S("Z LOGOUT"), got, n);
	_exit(0);
}

static int child;
static struct endpoint e;
static const uint32_t seven = 7, uid4 = 4;

static void
serve(const struct step *st, const char *params)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct fail f = {0};
	char *url;

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	url = mem_printf(
	    "imap://anna@127.0.0.1:%d;tls=none%s", ntohs(at.sin_port), params);
	ck_assert_msg(endpoint_parse(&e, url, &f) == 0, "%s", f.why);
	free(url);
	child = fork();
	if (child == 0)
		play(accept(fd, NULL, NULL), st);
	(void)close(fd);
}

static void
part(struct imap *im)
{
	int status;

	imap_close(im);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "the script was not followed");
	endpoint_free(&e);
}

/* Dials and logs in: *im NULL where that failed. */
static int
entered(struct imap **im, const char *secret, size_t n, struct fail *f)
{
	if (imap_dial(im, &e, NULL, f) == -1)
		return -1;
	if (imap_login(*im, secret, n, f) == 0)
		return 0;
	imap_close(*im);
	*im = NULL;
	return -1;
}

/* Logs in to a server with these capabilities, then the script. */
static struct imap *
meet(const char *caps, const struct step *st)
{
	static struct step all[64];
	char *hello = mem_printf("* OK [CAPABILITY IMAP4rev1%s] hi\r\n", caps);
	char *in = mem_printf("A1 OK [CAPABILITY IMAP4rev1%s] in\r\n", caps);
	struct imap *im;
	struct fail f = {0};
	size_t i;

	all[0] = (struct step){'S', hello, strlen(hello), 1};
	all[1] = (struct step)C("A1 LOGIN \"anna\" \"secret\"\r\n");
	all[2] = (struct step){'S', in, strlen(in), 1};
	for (i = 3; st[i - 3].who != 0; i++)
		all[i] = st[i - 3];
	all[i] = st[i - 3];
	serve(all, "");
	ck_assert_msg(
	    entered(&im, "secret", 6, &f) == 0, "%s: %s", f.what, f.why);
	return im;
}

static void
failed(const struct fail *f, enum code code, enum reach reach)
{
	ck_assert_msg(f->code == code && f->reach == reach,
	    "%s, reach %d: %s: %s", fail_code_name(f->code), (int)f->reach,
	    f->what, f->why);
}

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

/* ---- metadata ---- */

#define OPEN(exists)                   \
	C("A2 EXAMINE \"INBOX\"\r\n"), \
	    S("* " exists " EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA2 OK\r\n")
#define SCAN C("A3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n")

static struct imap *
opened(const char *caps, const struct step *st)
{
	struct imap *im = meet(caps, st);
	struct imap_selected sel;
	struct fail f = {0};

	ck_assert_msg(
	    imap_select(im, "INBOX", 5, 0, &sel, &f) == 0, "%s", f.why);
	ck_assert_uint_eq(sel.uidvalidity, 7);
	return im;
}

static void
row(struct imap *im, uint32_t uid, uint64_t size, int64_t date,
    const char *flags)
{
	struct imap_row r;
	struct fail f = {0};

	ck_assert_msg(imap_scan_next(im, &r, &f) == 1, "%u: %s", uid, f.why);
	ck_assert_uint_eq(r.uid, uid);
	ck_assert_uint_eq(r.size, size);
	ck_assert_int_eq(r.date, date);
	ck_assert_str_eq(r.flags, flags);
}

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

#define OPENED(tag, validity) \
	"* 1 EXISTS\r\n* OK [UIDVALIDITY " validity "] x\r\n" tag " OK\r\n"

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

#define TEST(name) tcase_add_test(tc, name)
#define LOOP(name, n) tcase_add_loop_test(tc, name, 0, (int)(n))

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
	TEST(rights_of_all_kinds);
	TEST(window_of_appends);
	TEST(batch_of_appends);
	TEST(literals_that_wait);
	TEST(literal_minus);
	TEST(refused_before_a_word);
	LOOP(answered_too_early, 2);
	TEST(gone_meanwhile);
	TEST(fields_and_sizes);
	TEST(rows_that_changed);
	TEST(rows_that_changed_ahead);
	TEST(rows_that_changed_in_another_order);
	tcase_add_loop_test(tc, what_is_there, 0, (int)LENGTH(searches));
	TEST(changes_ahead);
	TEST(changes_in_two_commands);
	TEST(asked_ahead);
	TEST(asked_ahead_and_left);
	TEST(made_ahead_and_left);
	TEST(answered_while_appends_are_settled);
}
