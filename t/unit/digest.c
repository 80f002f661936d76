/*
 * The digests of a message: in any pieces the same, within bounds whatever
 * the message is.  What they must be is t/digests.py's to say: DIGEST_LIST
 * names a file of paths; a line with one path gives its sums, a line with two,
 * a tab between, the rung.  DIGEST_PIECES=1 feeds octet by octet, any other
 * number is the seed of random pieces.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "msg/msg.h"
#include "tap.h"

enum { ALL = (1 << DIGEST_KINDS) - 1 };
static const unsigned int order[] = {DIGEST_RAW, DIGEST_L0, DIGEST_L1,
    DIGEST_L2, DIGEST_L3, DIGEST_END, DIGEST_STORE, DIGEST_BYTES, DIGEST_SYNC};

static const uint8_t *
sum_of(const struct ident *id, unsigned int kind)
{
	int k = 0;

	while (1u << k != kind)
		k++;
	return id->sum[k];
}

/* Feeds p in pieces: 0 all at once, 1 octet by octet, else random ones. */
static void
feed(struct digest *d, const char *p, size_t n, unsigned int pieces)
{
	struct fail f = {0};
	size_t some;

	srand(pieces);
	for (; n > 0; p += some, n -= some) {
		some = pieces == 0 ? n : 1;
		if (pieces > 1)
			some += (size_t)rand() % (rand() % 2 ? 5 : 9000);
		if (some > n)
			some = n;
		ck_assert_int_eq(digest_add(d, p, some, &f), 0);
	}
}

static struct ident
ident_of(const char *p, size_t n, unsigned int kinds, unsigned int pieces)
{
	struct digest *d = digest_new(kinds, "/tmp");
	struct ident id;
	struct fail f = {0};

	feed(d, p, n, pieces);
	ck_assert_int_eq(digest_end(d, &id, &f), 0);
	digest_free(d);
	return id;
}

static unsigned int
pieces(void)
{
	const char *s = getenv("DIGEST_PIECES");

	return s != NULL ? (unsigned int)atoi(s) : 0;
}

static struct ident
ident_of_file(const char *path)
{
	struct buf b = {0};
	FILE *in = fopen(path, "r");
	struct ident id;
	size_t got;

	ck_assert_msg(in != NULL, "%s", path);
	buf_add(&b, "", 0);
	while ((got = fread(buf_room(&b, 65536), 1, 65536, in)) > 0)
		buf_grown(&b, got);
	(void)fclose(in);
	id = ident_of(b.data, b.len, ALL, pieces());
	ck_assert_uint_eq(id.octets, b.len);
	buf_free(&b);
	return id;
}

static void
say_sums(const char *path)
{
	struct ident id = ident_of_file(path);
	char hex[65];
	size_t i;

	(void)printf("# %s", path);
	for (i = 0; i < LENGTH(order); i++) {
		text_hex(hex, sum_of(&id, order[i]), 32);
		(void)printf("\t%s", (id.have & order[i]) ? hex : "-");
	}
	(void)printf("\n");
}

START_TEST(listed)
{
	FILE *in = fopen(getenv("DIGEST_LIST"), "r");
	char *line = NULL, *tab;
	size_t size = 0;
	ssize_t n;

	ck_assert(in != NULL);
	while ((n = getline(&line, &size, in)) > 0) {
		line[n - 1] = '\0';
		tab = strchr(line, '\t');
		if (tab != NULL) {
			struct ident a, b;

			*tab = '\0';
			a = ident_of_file(line);
			b = ident_of_file(tab + 1);
			(void)printf("# %s\t%s\t%s\n", line, tab + 1,
			    rung_name(ident_rung(&a, &b)));
		} else
			say_sums(line);
	}
	free(line);
	(void)fclose(in);
}
END_TEST

/* ---- rungs: what each server made of a message, as measured ---- */

#define HEAD "From: a@b\r\nSubject: x\r\n"
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *a;
	size_t a_len;
	const char *b;
	size_t b_len;
	enum rung rung;
} pairs[] = {
    {TEXT(HEAD "\r\nhi\r\n"), TEXT(HEAD "\r\nhi\r\n"), RUNG_EXACT},
    {TEXT(""), TEXT(""), RUNG_EXACT},
    /* Everybody: bare LF and CR CR LF become CRLF. */
    {TEXT("From: a@b\nSubject: x\n\nhi\n"), TEXT(HEAD "\r\nhi\r\n"), RUNG_EOL},
    {TEXT(HEAD "\r\nhi\r\r\nyou\r\r\r\n"), TEXT(HEAD "\r\nhi\r\nyou\r\n"),
	RUNG_EOL},
    {TEXT(HEAD "\r\nhi\r\nyou\n"), TEXT(HEAD "\r\nhi\r\nyou\r\n"), RUNG_EOL},
    {TEXT("\n"), TEXT("\r\n"), RUNG_EOL},
    /* Courier and all mbox: a last line gets its end. */
    {TEXT(HEAD "\r\nhi"), TEXT(HEAD "\r\nhi\r\n"), RUNG_EOL_END},
    {TEXT("From: a@b\nSubject: x\n\nhi"), TEXT(HEAD "\r\nhi\r\n"),
	RUNG_EOL_END},
    {TEXT(HEAD), TEXT(HEAD "\r\n"), RUNG_EOL_END},
    {TEXT(HEAD), TEXT(HEAD "\r\n\r\n"), RUNG_EOL_END},
    {TEXT("From: a@b"), TEXT("From: a@b\r\n\r\n"), RUNG_EOL_END},
    {TEXT(""), TEXT("\r\n"), RUNG_EOL_END}, /* Courier */
    {TEXT("x"), TEXT("x\r\n\r\n"), RUNG_EOL_END},
    /* Dovecot's mbox: From_ and its own fields go, or are written anew. */
    {TEXT("From a@b Mon Jan  1 00:00:00 2024\r\n" HEAD "\r\nhi\r\n"),
	TEXT(HEAD "\r\nhi\r\n"), RUNG_STORE},
    {TEXT(">From a@b Mon Jan  1 00:00:00 2024\n" HEAD "\r\nhi"),
	TEXT(HEAD "\r\nhi\r\n"), RUNG_STORE},
    {TEXT("Status: RO\r\nX-UID: 3\r\nContent-Length: 4\r\n" HEAD "\r\nhi\r\n"),
	TEXT(HEAD "\r\nhi\r\n"), RUNG_STORE},
    {TEXT(HEAD "X-Keywords: a\r\n b\r\nX-Status: A\r\n\r\nhi\r\n"),
	TEXT(HEAD "X-Keywords: c\r\n\r\nhi\r\n"), RUNG_STORE},
    /* GNU imap4d. */
    {TEXT(HEAD "\r\nhi\r\n"),
	TEXT("X-IMAPbase: 17 1\r\nX-UID: 1\r\n" HEAD "Status: O\r\n\r\nhi\r\n"),
	RUNG_STORE},
    {TEXT("From: a@b\nSubject: x\n\nhi"),
	TEXT(HEAD "X-IMAP: 17 1\r\nX-UID: 1\r\n\r\nhi\r\n"), RUNG_STORE},
    {TEXT("\r\nhi\r\n"), TEXT("Status: O\r\n\r\nhi\r\n"), RUNG_STORE},
    /* Dovecot: NUL is 0x80; Courier: bare CR goes; Cyrus: X for 8 bits. */
    {TEXT(HEAD "\r\nh\0i\r\n"), TEXT(HEAD "\r\nh\200i\r\n"), RUNG_BYTES},
    {TEXT("From: a\0b\r\n\r\nhi\r\n"), TEXT("From: a\200b\r\n\r\nhi\r\n"),
	RUNG_BYTES},
    {TEXT(HEAD "\r\nh\0i\0\0\r\n"), TEXT(HEAD "\r\nhi\r\n"), RUNG_BYTES},
    {TEXT(HEAD "\r\nh\ri\r\n"), TEXT(HEAD "\r\nhi\r\n"), RUNG_BYTES},
    {TEXT(HEAD "\r\nhi\r"), TEXT(HEAD "\r\nhi\r\n"), RUNG_BYTES},
    {TEXT("Subject: gr\374n\r\n\r\nhi\r\n"),
	TEXT("Subject: grXn\r\n\r\nhi\r\n"), RUNG_BYTES},
    {TEXT("Subject: gr\303\274n\r\n\r\nhi\r\n"),
	TEXT("Subject: gr??n\r\n\r\nhi\r\n"), RUNG_BYTES},
    {TEXT("Status: O\nSubject: \374\n\nh\0i"),
	TEXT("Subject: X\r\n\r\nh\200i\r\n"), RUNG_BYTES},
    /* Exchange: other boundaries, encodings and folds, fields put in. */
    {TEXT("From: a@b\r\nSubject: x\r\n y\r\nContent-Type: text/plain\r\n"
	  "Content-Transfer-Encoding: quoted-printable\r\n\r\ngr=C3=BCn\r\n"),
	TEXT("Received: by x\r\nFrom: a@b\r\nSubject: x y\r\nContent-Type: "
	     "TEXT/Plain;\r\n charset=utf-8\r\nContent-Transfer-Encoding: "
	     "base64\r\n\r\nZ3LDvG4NCg==\r\n"),
	RUNG_PARTS},
    {TEXT("From: a@b\r\nContent-Type: multipart/mixed; boundary=A\r\n\r\n"
	  "pre\r\n--A\r\n\r\none\r\n--A\r\nContent-Type: image/png; "
	  "name=x.png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n"
	  "--A--\r\n"),
	TEXT("From: a@b\r\nContent-Type: multipart/alternative;\r\n "
	     "boundary=\"==B\"\r\n\r\n--==B\r\nContent-Type: text/plain\r\n\r\n"
	     "one\r\n\r\n--==B\r\nContent-Type: image/png\r\n"
	     "Content-Disposition: inline; filename*=UTF-8''x%2Epng\r\n"
	     "Content-Transfer-Encoding: base64\r\n\r\nAA\r\nEC\r\n--==B--\r\n"
	     "after\r\n"),
	RUNG_PARTS},
    /* imap4d cuts a line at a NUL: no rung for that. */
    {TEXT(HEAD "\r\nh\0i\r\n"), TEXT(HEAD "\r\nh\r\n"), RUNG_DIFFERENT},
    {TEXT(HEAD "\r\nhi\r\n"), TEXT(HEAD "\r\nHi\r\n"), RUNG_DIFFERENT},
    {TEXT(HEAD "\r\nhi\r\n"), TEXT(HEAD "\r\n\r\nhi\r\n"), RUNG_DIFFERENT},
    {TEXT(HEAD "\r\nhi\r\n"), TEXT(HEAD "\r\n"), RUNG_DIFFERENT},
    {TEXT(HEAD "\r\nhi\r\n"), TEXT(""), RUNG_DIFFERENT},
    {TEXT("From a@b\r\n x\r\n" HEAD "\r\nhi\r\n"),
	TEXT("From a@b\r\n y\r\n" HEAD "\r\nhi\r\n"), RUNG_DIFFERENT},
    {TEXT("From: a@b\r\nContent-Type: image/png; name=a\r\n\r\nx\r\n"),
	TEXT("From: a@b\r\nContent-Type: image/png; name=b\r\n\r\nx\r\n"),
	RUNG_DIFFERENT},
    {TEXT("From: a@b\r\nContent-Type: image/png\r\n\r\nx\r\n"),
	TEXT("From: a@b\r\nContent-Type: image/gif\r\n\r\nx\r\n"),
	RUNG_DIFFERENT},
    /* A JPEG whose line ends somebody turned. */
    {TEXT("From: a@b\r\nContent-Type: image/png\r\n"
	  "Content-Transfer-Encoding: base64\r\n\r\nDQo=\r\n"),
	TEXT("From: a@b\r\nContent-Type: image/png\r\n"
	     "Content-Transfer-Encoding: base64\r\n\r\nCg==\r\n"),
	RUNG_DIFFERENT},
};

START_TEST(rung_of_pair)
{
	struct ident a = ident_of(pairs[_i].a, pairs[_i].a_len, ALL, 0);
	struct ident b = ident_of(pairs[_i].b, pairs[_i].b_len, ALL, 1);

	ck_assert_str_eq(
	    rung_name(ident_rung(&a, &b)), rung_name(pairs[_i].rung));
	ck_assert_str_eq(
	    rung_name(ident_rung(&b, &a)), rung_name(pairs[_i].rung));
	ck_assert_int_eq(ident_rung(&a, &a), RUNG_EXACT);
}
END_TEST

/* What was not computed on both sides shows nothing. */
START_TEST(rung_needs_both)
{
	struct ident a = ident_of(TEXT(HEAD "\r\nhi"), DIGEST_L0, 0);
	struct ident b = ident_of(TEXT(HEAD "\r\nhi"), DIGEST_RAW, 0);
	struct ident c = ident_of(TEXT(HEAD "\r\nhi"), DIGEST_L3, 0);
	struct ident none = {0};

	ck_assert_int_eq(ident_rung(&a, &b), RUNG_EOL);
	ck_assert_int_eq(ident_rung(&none, &b), RUNG_DIFFERENT);
	b.have = DIGEST_RAW;
	ck_assert_int_eq(ident_rung(&a, &b), RUNG_DIFFERENT);
	ck_assert(c.have == (DIGEST_L0 | DIGEST_L3));
}
END_TEST

START_TEST(rung_names)
{
	static const char *const names[] = {
	    "exact", "eol", "eol+end", "store", "bytes", "parts", "different"};
	enum rung r;
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		ck_assert_str_eq(rung_name((enum rung)i), names[i]);
	for (i = 0; i < RUNG_DIFFERENT; i++)
		ck_assert(rung_of(names[i], &r) && r == (enum rung)i);
	ck_assert(!rung_of("different", &r) && !rung_of("", &r));
	ck_assert_uint_eq(digest_level("L0"), DIGEST_L0);
	ck_assert_uint_eq(digest_level("L3"), DIGEST_L3);
	ck_assert(!digest_level("L4") && !digest_level("L") &&
	    !digest_level("l0") && !digest_level("L00") && !digest_level(""));
}
END_TEST

/* ---- L2 of what is made to hurt a parser ---- */

/* open, then n times `each`, where %% is a number. */
static const struct {
	const char *open;
	int n;
	const char *each, *end;
	int left_out; /* surely: the scan before the parser sees it */
} hostile[] = {
    {"From: a@b\r\n", 60000,
	"Content-Type: multipart/mixed; boundary=b%\r\n\r\n--b%\r\n", "", 1},
    {"From: a@b\r\n", 60000,
	"CONTENT-TYPE: MULTIPART/MIXED;\r\n\tBOUNDARY\r\n (x) "
	"= \"b%\"\r\n\r\n--b%\r\n",
	"", 1},
    {"", 100000, "Content-Type: message/rfc822\r\n\r\n", "", 1},
    {"", 100000, "Content-Type: message /\r\n (x) RFC822\r\n\r\n", "", 1},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n", 100000,
	"--b\r\n\r\n%\r\n", "--b--\r\n", 1},
    {"X-Long: ", 2000000, "xxxxxxxx", "", 1},
    {"Content-Type: ", 1000000, "(", "", 0},
    {"To: ", 90000, "(a, ", "\r\n\r\n", 0},
    {"To: ", 90000, "\"a\" <", "\r\n\r\n", 0},
    {"Subject: x", 300000, "\r\n ", "", 0},
    {"", 60000, "From: a%@b\r\n", "\r\nx", 0},
    {"Content-Type: text/plain", 30000, ";\r\n name*%=x", "\r\n\r\nx", 0},
    {"Content-Disposition: attachment; filename=\"", 300000, "\\\"", "", 0},
    {"Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n", 9000, "--\r\n%",
	"", 0},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n", 9000,
	"--b\r\n\r\n%\r\n", "", 0},
    {"Content-Type: multipart/mixed;\r\n boundary=-\r\n\r\n", 8000000, "-",
	"\r\n---\r\n", 0},
    {"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b", 4000000, " \t", "",
	0},
    {"Content-Type: text/plain\r\nContent-Transfer-Encoding: "
     "quoted-printable\r\n\r\n",
	9000000, "=", "", 0},
};

static void
make_hostile(struct buf *b, int which)
{
	const char *p;
	int i;

	buf_adds(b, hostile[which].open);
	for (i = 0; i < hostile[which].n; i++)
		for (p = hostile[which].each; *p != '\0'; p++)
			if (*p == '%')
				buf_addf(b, "%d", i);
			else
				buf_addc(b, *p);
	buf_adds(b, hostile[which].end);
}

static int64_t
cpu_ms(int who)
{
	struct rusage r;

	ck_assert_int_eq(getrusage(who, &r), 0);
	return (r.ru_utime.tv_sec + r.ru_stime.tv_sec) * INT64_C(1000) +
	    (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1000;
}

/* At most a second or two of the child; all other kinds are there. */
START_TEST(hostile_is_left_out)
{
	struct buf b = {0};
	struct ident id;

	make_hostile(&b, _i);
	id = ident_of(b.data, b.len, ALL, 0);
	ck_assert_msg(cpu_ms(RUSAGE_CHILDREN) < 2100, "%d ms",
	    (int)cpu_ms(RUSAGE_CHILDREN));
	ck_assert_uint_eq(id.have | DIGEST_L2, ALL);
	if (hostile[_i].left_out)
		ck_assert_uint_eq(id.have, ALL & ~(unsigned int)DIGEST_L2);
	(void)printf("# %d: %d ms, %s\n", _i, (int)cpu_ms(RUSAGE_CHILDREN),
	    id.have == ALL ? "L2" : "left out");
	buf_free(&b);
}
END_TEST

/* The child takes the limits, this process does not; it leaves nobody. */
START_TEST(child_is_alone)
{
	struct ident id = ident_of(TEXT(HEAD "\r\nhi\r\n"), ALL, 0);
	struct rlimit l;

	ck_assert_uint_eq(id.have, ALL);
	ck_assert_int_eq(getrlimit(RLIMIT_CPU, &l), 0);
	ck_assert(l.rlim_cur == RLIM_INFINITY);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

/* Memory does not grow with a message; a large one is quick. */
START_TEST(large_is_small)
{
	static char line[1 << 16];
	const char *head =
	    HEAD "Content-Type: multipart/mixed; boundary=b\r\n"
		 "\r\n--b\r\nContent-Transfer-Encoding: base64\r\n"
		 "Content-Type: image/png\r\n\r\n";
	struct digest *d = digest_new(ALL, "/tmp");
	struct rusage before, after;
	struct ident id;
	struct fail f = {0};
	int64_t from = clock_ms();
	size_t i;

	for (i = 0; i < sizeof(line); i++)
		line[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'A';
	ck_assert_int_eq(digest_add(d, head, strlen(head), &f), 0);
	ck_assert_int_eq(digest_add(d, line, sizeof(line), &f), 0);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	for (i = 0; i < 200 * 16; i++)
		ck_assert_int_eq(digest_add(d, line, sizeof(line), &f), 0);
	ck_assert_int_eq(digest_add(d, "--b--\r\n", 7, &f), 0);
	ck_assert_int_eq(digest_end(d, &id, &f), 0);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_uint_eq(id.have, ALL);
	ck_assert_msg(after.ru_maxrss - before.ru_maxrss < 2048, "%ld KiB more",
	    after.ru_maxrss - before.ru_maxrss);
	(void)printf("# 200 MiB, all kinds: %d ms\n", (int)(clock_ms() - from));
	digest_free(d);
}
END_TEST

SUITE("digest")
{
	tcase_set_timeout(tc, 1200);
	if (getenv("DIGEST_LIST") != NULL) {
		tcase_add_test(tc, listed);
		return;
	}
	tcase_add_loop_test(tc, rung_of_pair, 0, (int)LENGTH(pairs));
	tcase_add_test(tc, rung_needs_both);
	tcase_add_test(tc, rung_names);
	tcase_add_loop_test(tc, hostile_is_left_out, 0, (int)LENGTH(hostile));
	tcase_add_test(tc, child_is_alone);
	tcase_add_test(tc, large_is_small);
}
