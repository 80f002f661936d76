/* References to secrets: every kind, and what is refused of each. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "secret/secret.h"
#include "tap.h"

static char top[] = "/tmp/secret-XXXXXX";
static const struct secret_for anna = {"anna", "mail.example.org", 993};

static void
set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chdir(top), 0);
}

static void
tear_down(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

static void
file(const char *name, mode_t mode, const char *p, size_t n)
{
	int fd;

	(void)unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, p, n), (ssize_t)n);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	(void)close(fd);
}

static void
text(const char *name, const char *s)
{
	file(name, 0600, s, strlen(s));
}

static void
is_for(const char *ref, const struct secret_for *whom, const char *want)
{
	struct secret s;
	struct fail f = {0};

	ck_assert_msg(secret_get(ref, whom, &s, &f) == 0, "%s: %s", ref, f.why);
	ck_assert_str_eq(s.data, want);
	ck_assert_uint_eq(s.len, strlen(want));
	secret_wipe(&s);
	ck_assert_ptr_null(s.data);
}

static void
is(const char *ref, const char *want)
{
	is_for(ref, &anna, want);
}

static void
refuses_for(const char *ref, const struct secret_for *whom, enum code code,
    const char *why)
{
	struct secret s;
	struct fail f = {0};

	ck_assert_msg(secret_get(ref, whom, &s, &f) == -1, "%s", ref);
	ck_assert_msg(
	    f.code == code, "%s: %s %s", ref, fail_code_name(f.code), f.why);
	ck_assert_msg(strstr(f.why, why) != NULL, "%s: %s", ref, f.why);
	ck_assert_int_eq(f.reach, REACH_ENDPOINT);
	ck_assert_ptr_null(s.data);
}

static void
refuses(const char *ref, enum code code, const char *why)
{
	refuses_for(ref, &anna, code, why);
}

START_TEST(files)
{
	static char big[65539];

	text("pw", "pass word \n");
	is("file:pw", "pass word ");
	text("pw", "no line end");
	is("file:pw", "no line end");
	text("pw", "dos\r\n");
	is("file:pw", "dos");
	text("pw", "cr\r");
	is("file:pw", "cr\r");
	/* A key in PEM has many lines: one line end goes, of all. */
	text("pw", "-----BEGIN\nxyz\n-----END\n");
	is("file:pw", "-----BEGIN\nxyz\n-----END");
	text("pw", "two\n\n");
	is("file:pw", "two\n");
	text("pw", "\n");
	refuses("file:pw", CODE_CONFIG, "empty");
	text("pw", "");
	refuses("file:pw", CODE_CONFIG, "empty");
	file("pw", 0600, "a\0b\n", 4);
	refuses("file:pw", CODE_CONFIG, "NUL");
	memset(big, 'x', sizeof(big));
	file("pw", 0600, big, 65537);
	refuses("file:pw", CODE_CONFIG, "64 KiB");
	file("pw", 0600, big, 65536);
	big[65536] = '\0';
	is("file:pw", big);
	refuses("file:nothing", CODE_CONFIG, "No such file");
	refuses("file:", CODE_CONFIG, "No such file");
	refuses("file:.", CODE_AUTH, "regular");
	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	refuses("file:pipe", CODE_AUTH, "regular");
	ck_assert_int_eq(symlink("pw", "link"), 0);
	refuses("file:link", CODE_AUTH, "symbolic link");
}
END_TEST

START_TEST(modes)
{
	static const mode_t bad[] = {
	    0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666, 0440};
	static const mode_t good[] = {0600, 0400, 0700};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++) {
		file("pw", bad[i], "x\n", 2);
		refuses("file:pw", CODE_AUTH, "chmod 600");
		refuses("netrc:pw", CODE_AUTH, "chmod 600");
	}
	for (i = 0; i < LENGTH(good); i++) {
		file("pw", good[i], "x\n", 2);
		is("file:pw", "x");
	}
	if (geteuid() != 0)
		return;
	text("pw", "x\n");
	ck_assert_int_eq(chown("pw", 65534, 65534), 0);
	refuses("file:pw", CODE_AUTH, "somebody else");
}
END_TEST

START_TEST(creds)
{
	(void)unsetenv("CREDENTIALS_DIRECTORY");
	refuses("cred:mail", CODE_CONFIG, "CREDENTIALS_DIRECTORY");
	(void)setenv("CREDENTIALS_DIRECTORY", top, 1);
	text("real", "sesame\n");
	/* systemd makes links, and modes with an ACL's mask. */
	ck_assert_int_eq(symlink("real", "mail"), 0);
	is("cred:mail", "sesame");
	refuses("cred:", CODE_CONFIG, "plain name");
	refuses("cred:../etc/passwd", CODE_CONFIG, "plain name");
	refuses("cred:..", CODE_CONFIG, "plain name");
	refuses("cred:other", CODE_CONFIG, "No such file");
}
END_TEST

START_TEST(environment)
{
	struct buf frame = {0}, seen = {0};
	struct fail f = {0};
	extern char **environ;
	char **e;

	(void)setenv("MBX_T_PW", "from the environment", 1);
	ck_assert_int_eq(secret_preload("env:MBX_T_PW", &f), 0);
	/* Children that are started later do not get it. */
	for (e = environ; *e != NULL; e++)
		ck_assert_ptr_null(strstr(*e, "MBX_T_PW"));
	is("env:MBX_T_PW", "from the environment");
	is("env:MBX_T_PW", "from the environment");
	secret_export(&frame, "env:MBX_T_PW");
	ck_assert_uint_eq(frame.len, 13 + 20);
	secret_export(&seen, "file:pw");
	ck_assert_uint_eq(seen.len, 0);
	(void)setenv("MBX_T_OTHER", "x", 1);
	secret_import("env:MBX_T_OTHER\0imported", 24);
	is("env:MBX_T_OTHER", "imported");
	ck_assert_ptr_null(getenv("MBX_T_OTHER"));
	refuses("env:MBX_T_NONE", CODE_CONFIG, "no such variable");
	refuses("env:", CODE_CONFIG, "no such variable");
	buf_wipe(&frame);
	buf_free(&seen);
}
END_TEST

START_TEST(descriptors)
{
	int p[2];
	char ref[16], other[16];

	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(write(p[1], "once\nmore\n", 10), 10);
	(void)snprintf(ref, sizeof(ref), "fd:%d", p[0]);
	/* The writer is still there: the first line is enough. */
	is(ref, "once");
	is(ref, "once"); /* for all rows */
	ck_assert_int_eq(fcntl(p[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	ck_assert_int_eq(pipe(p), 0);
	(void)snprintf(other, sizeof(other), "fd:%d", p[0]);
	secret_patience(200);
	refuses(other, CODE_TIMEOUT, "not done");
	(void)close(p[1]);
	refuses(other, CODE_CONFIG, "empty");
	refuses("fd:999", CODE_CONFIG, "Bad file descriptor");
	refuses("fd:", CODE_CONFIG, "number");
	refuses("fd:x", CODE_CONFIG, "number");
	refuses("fd:-1", CODE_CONFIG, "number");
}
END_TEST

START_TEST(commands)
{
	is("cmd:echo one", "one");
	is("cmd:printf 'a b\\nsecond'", "a b");
	is("cmd:printf '%s\\n' \"it's\" x", "it's");
	is("cmd:printf '%s|' 'a b' \"c \\\" d\" e\\ f ''", "a b|c \" d|e f||");
	is("cmd:printf '%s' '$HOME `id` * ; | >x'", "$HOME `id` * ; | >x");
	is("cmd:sh -c 'echo $((1 + 1))'", "2");
	/* stdin is null, and no more than the first line is waited for. */
	is("cmd:sh -c 'cat; echo end'", "end");
	is("cmd:sh -c 'echo pw; seq 100000'", "pw");
	is("cmd:sh -c 'trap \"\" PIPE; echo pw; seq 100000'", "pw");
	is("cmd:sh -c 'echo pw; sleep 60 >&- 2>&- & '", "pw");
	refuses("cmd:", CODE_CONFIG, "no command");
	refuses("cmd:  ", CODE_CONFIG, "no command");
	refuses("cmd:echo 'x", CODE_CONFIG, "quote");
	refuses("cmd:/nonexistent/tool", CODE_CONFIG, "no such command");
	refuses("cmd:false", CODE_CONFIG, "exit status 1");
	refuses("cmd:sh -c 'echo pw; exit 3'", CODE_CONFIG, "exit status 3");
	refuses("cmd:sh -c 'printf pa; kill -9 $$'", CODE_CONFIG, "signal 9");
	refuses("cmd:true", CODE_CONFIG, "empty");
	refuses("cmd:printf 'a\\0b\\n'", CODE_CONFIG, "NUL");
	refuses("cmd:sh -c 'head -c 70000 /dev/zero | tr \"\\\\0\" x'",
	    CODE_CONFIG, "64 KiB");
}
END_TEST

START_TEST(patience)
{
	int64_t before = clock_ms();

	secret_patience(300);
	refuses("cmd:sleep 60", CODE_TIMEOUT, "not done");
	refuses("cmd:sh -c 'printf half; sleep 60'", CODE_TIMEOUT, "not done");
	refuses("cmd:sh -c 'echo pw; exec sleep 60'", CODE_TIMEOUT, "not done");
	refuses("cmd:yes", CODE_TIMEOUT, "not done");
	ck_assert_int_lt(clock_ms() - before, 5000);
	ck_assert_int_ge(clock_ms() - before, 1200);
}
END_TEST

START_TEST(netrc)
{
	static const struct secret_for bert = {"bert", "mail.example.org", 143};
	static const struct secret_for other = {"anna", "other", 143};
	static const struct secret_for nobody = {NULL, NULL, 0};

	text("n",
	    "# machine mail.example.org login anna password no\n"
	    "machine MAIL.example.org login bert password two\n"
	    "machine mail.example.org\n\tlogin anna\n\tpassword #one\n"
	    "machine x macdef init\nmachine mail.example.org password bad\n\n"
	    "default login anna password \"fall \\\"back\\\"\"\n");
	is("netrc:n", "#one");
	is_for("netrc:n", &bert, "two");
	is_for("netrc:n", &other, "fall \"back\"");
	text("n", "machine mail.example.org password any\n");
	is("netrc:n", "any");
	is_for("netrc:n", &bert, "any");
	refuses_for("netrc:n", &other, CODE_CONFIG, "no password for anna");
	refuses_for("netrc:n", &nobody, CODE_CONFIG, "only for an endpoint");
	text("n", "machine mail.example.org login anna\n");
	refuses("netrc:n", CODE_CONFIG, "no password");
	text("n", "machine mail.example.org login anna password");
	refuses("netrc:n", CODE_CONFIG, "no password");
	text("n", "");
	refuses("netrc:n", CODE_CONFIG, "no password");
	(void)setenv("HOME", top, 1);
	text(".netrc", "machine mail.example.org login anna password home\n");
	is("netrc:", "home");
	ck_assert_int_eq(symlink("n", "l"), 0);
	refuses("netrc:l", CODE_AUTH, "symbolic link");
}
END_TEST

START_TEST(not_a_reference)
{
	static const char *const bad[] = {
	    "hunter2", "pass:x", "FILE:pw", ":", "env", "file"};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++) {
		struct secret s;
		struct fail f = {0};

		ck_assert_int_eq(secret_get(bad[i], &anna, &s, &f), -1);
		ck_assert_int_eq(f.code, CODE_CONFIG);
		/* It may be the secret itself. */
		ck_assert_ptr_null(strstr(f.why, "hunter2"));
	}
}
END_TEST

static void
masked(const char *in, const char *want)
{
	struct buf b = {0};

	buf_adds(&b, in);
	ck_assert_int_eq(secret_mask(&b), strcmp(in, want) != 0);
	ck_assert_str_eq(b.data, want);
	ck_assert_uint_eq(b.len, strlen(want));
	buf_free(&b);
}

START_TEST(mask)
{
	static const char raw[] = "\0anna\0Canary-7Q\0zz";
	struct buf b = {0}, line = {0}, none = {0};
	size_t shift;

	ck_assert_int_eq(secret_mask(&none), 0);
	text("pw", "Canary-7Q\n");
	is("file:pw", "Canary-7Q");
	masked("nothing", "nothing");
	masked("Canary-7", "Canary-7");
	masked("Canary-7Q", "***");
	masked("a Canary-7Q b Canary-7QCanary-7Q", "a *** b ******");
	/* In base64, wherever it lies: no four of its octets show. */
	for (shift = 0; shift < 3; shift++) {
		buf_reset(&b);
		buf_reset(&line);
		text_base64(&b, raw + shift, sizeof(raw) - 1 - shift);
		buf_adds(&line, "> ");
		buf_add(&line, b.data, b.len);
		ck_assert_int_eq(secret_mask(&line), 1);
		ck_assert_ptr_nonnull(strstr(line.data, "***"));
		ck_assert_uint_le(line.len, b.len + 2 - 5);
	}
	text("pw",
	    "a\001b\xff"
	    "cdef\n");
	is("file:pw",
	    "a\001b\xff"
	    "cdef");
	masked("x a\\x01b\\xFFcdef y", "x *** y");
	buf_free(&b);
	buf_free(&line);
}
END_TEST

SUITE("secret")
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, files);
	tcase_add_test(tc, modes);
	tcase_add_test(tc, creds);
	tcase_add_test(tc, environment);
	tcase_add_test(tc, descriptors);
	tcase_add_test(tc, commands);
	tcase_add_test(tc, patience);
	tcase_add_test(tc, netrc);
	tcase_add_test(tc, not_a_reference);
	tcase_add_test(tc, mask);
}
