/* URLs, and streams to servers that are small scripts behind a tunnel. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "net/net.h"
#include "tap.h"

/* ---- endpoint.c ---- */

static struct endpoint
parsed(const char *url)
{
	struct endpoint e;
	struct fail f = {0};

	ck_assert_msg(endpoint_parse(&e, url, &f) == 0, "%s: %s", url, f.why);
	return e;
}

START_TEST(schemes)
{
	static const struct {
		const char *url, *user, *host;
		unsigned int port;
	} good[] = {
	    {"imaps://anna@mail.example.org", "anna", "mail.example.org", 993},
	    {"imap://anna@MAIL.Example.ORG:1143", "anna", "mail.example.org",
		1143},
	    {"pop3s://anna@h", "anna", "h", 995},
	    {"POP3://anna@h/", "anna", "h", 110},
	    {"imaps://anna@example.org@mail.example.org", "anna@example.org",
		"mail.example.org", 993},
	    {"imaps://anna%40example.org@h:1", "anna@example.org", "h", 1},
	    {"imaps://a%3Ab%3B%2F%25%20%C3%BC@h:65535", "a:b;/% \xC3\xBC", "h",
		65535},
	    {"imaps://user*master@h", "user*master", "h", 993},
	    {"imaps://anna@[::1]", "anna", "::1", 993},
	    {"imaps://anna@[FE80::1]:1993;tls=1.0", "anna", "fe80::1", 1993},
	    {"imaps://anna@127.0.0.1:993", "anna", "127.0.0.1", 993},
	};
	size_t i;

	for (i = 0; i < LENGTH(good); i++) {
		struct endpoint e = parsed(good[i].url);

		ck_assert_str_eq(e.user, good[i].user);
		ck_assert_str_eq(e.host, good[i].host);
		ck_assert_uint_eq(e.port, good[i].port);
		ck_assert_int_eq(endpoint_is_net(&e), 1);
		endpoint_free(&e);
	}
}
END_TEST

START_TEST(parameters)
{
	struct endpoint e = parsed(
	    "imap://anna@h;auth=scram-sha-256;authzid=bert%3Bx;ca=/c%20a;"
	    "cert=c.pem;key=file:k%3B.pem;pin=a+b/c=;resolve=::1;"
	    "tunnel=ssh%20h%20'nc%20-N%20x%20143';tls=none;compress=deflate");
	struct endpoint copy;

	endpoint_copy(&copy, &e);
	endpoint_free(&e);
	ck_assert_str_eq(copy.auth, "SCRAM-SHA-256");
	ck_assert_str_eq(copy.authzid, "bert;x");
	ck_assert_str_eq(copy.ca, "/c a");
	ck_assert_str_eq(copy.cert, "c.pem");
	ck_assert_str_eq(copy.key, "file:k;.pem");
	ck_assert_str_eq(copy.pin, "a+b/c=");
	ck_assert_str_eq(copy.resolve, "::1");
	ck_assert_str_eq(copy.tunnel, "ssh h 'nc -N x 143'");
	ck_assert_int_eq(copy.tls, TLS_NONE);
	ck_assert_int_eq(copy.compress, 1);
	endpoint_free(&copy);
	e = parsed("imaps://anna@h");
	ck_assert_int_eq(e.tls, TLS_REQUIRED);
	ck_assert_int_eq(e.compress, 0);
	ck_assert_ptr_null(e.auth);
	endpoint_free(&e);
	e = parsed("maildir:/srv/a%3Bb%25@x;layout=fs");
	ck_assert_str_eq(e.path, "/srv/a;b%@x");
	ck_assert_str_eq(e.layout, "fs");
	ck_assert_int_eq(endpoint_is_net(&e), 0);
	endpoint_free(&e);
	e = parsed("mbox:relative/file");
	ck_assert_str_eq(e.path, "relative/file");
	endpoint_free(&e);
}
END_TEST

static const struct {
	const char *url, *why;
} bad_urls[] = {
    {"", "empty"},
    {"anna@mail.example.org", "no scheme"},
    {"http://anna@h", "no scheme"},
    {"imaps:/anna@h", "no scheme"},
    {"imaps://mail.example.org", "no user"},
    {"imaps://@h", "no user"},
    {"imaps://anna:hunter2@h", "password"},
    {"imaps://an%na@h", "percent"},
    {"imaps://an%00na@h", "percent"},
    {"imaps://an%0Ana@h", "percent"},
    {"imaps://anna@", "'' is no host"},
    {"imaps://anna@h_ost/INBOX", "'h_ost/inbox' is no host"},
    {"imaps://anna@h x", "'h x' is no host"},
    {"imaps://anna@[::1", "']'"},
    {"imaps://anna@[::1]x", "']'"},
    {"imaps://anna@h:", "'' is no port"},
    {"imaps://anna@h:0", "'0' is no port"},
    {"imaps://anna@h:65536", "'65536' is no port"},
    {"imaps://anna@h:99x", "'99x' is no port"},
    {"imaps://anna@h;", "NAME=VALUE"},
    {"imaps://anna@h;compress", ";compress: a parameter is NAME=VALUE"},
    {"imaps://anna@h;colour=red", ";colour: no such parameter"},
    {"imaps://anna@h;layout=fs", ";layout: no such parameter"},
    {"maildir:/x;auth=PLAIN", ";auth: no such parameter"},
    {"maildir:/x;layout=maildir++", ";layout=maildir++: not a value"},
    {"imaps://anna@h;auth=CRAM-MD5", ";auth=CRAM-MD5: not a value"},
    {"imaps://anna@h;tls=none", ";tls=none: not a value"},
    {"imap://anna@h;tls=1.3", ";tls=1.3: not a value"},
    {"imap://anna@h;ca=", ";ca=: not a value"},
    {"imap://anna@h;ca=%zz", ";ca: bad percent"},
    {"imap://anna@h;ca=a%0Db", ";ca: bad percent"},
    {"imap://anna@h;compress=gzip", ";compress=gzip: not a value"},
    {"pop3s://anna@h;compress=deflate", ";compress=deflate: not a"},
    {"imap://anna@h;cert=x", "go together"},
    {"imap://anna@h;key=file:x", "go together"},
    {"imap://anna@h;auth=EXTERNAL", "wants ;cert="},
    {"maildir:", "no path"},
    {"mbox:a%b", "no path"},
    {"imaps://anna@h\r\nx", "line end"},
};

START_TEST(wrong_urls)
{
	size_t i;

	for (i = 0; i < LENGTH(bad_urls); i++) {
		struct endpoint e;
		struct fail f = {0};

		ck_assert_msg(endpoint_parse(&e, bad_urls[i].url, &f) == -1,
		    "%s", bad_urls[i].url);
		ck_assert_int_eq(f.code, CODE_CONFIG);
		ck_assert_msg(strstr(f.why, bad_urls[i].why) != NULL, "%s: %s",
		    bad_urls[i].url, f.why);
		ck_assert_ptr_null(strstr(f.why, "hunter2"));
		ck_assert_ptr_null(strstr(f.object, "hunter2"));
		ck_assert_ptr_null(e.host);
		endpoint_free(&e);
	}
}
END_TEST

START_TEST(reduced)
{
	static const char *const same[][2] = {
	    {"IMAPS://anna@MAIL.example.org:993/;auth=PLAIN;ca=x",
		"imaps://anna@mail.example.org"},
	    {"imap://anna%40x@h:143;tls=none", "imap://anna@x@h"},
	    {"imap://an%20na@h:1143", "imap://an%20na@h:1143"},
	    {"imaps://root@h;authzid=an%20na;ca=x",
		"imaps://root@h;authzid=an%20na"},
	    {"pop3s://a@[::1]:995", "pop3s://a@[::1]"},
	    {"pop3://user*master@[::1]:996", "pop3://user*master@[::1]:996"},
	    {"maildir:/srv/mail;layout=fs", "maildir:/srv/mail"},
	    {"mbox:./a%20b", "mbox:./a b"},
	};
	size_t i;

	for (i = 0; i < LENGTH(same); i++) {
		struct endpoint e = parsed(same[i][0]);
		struct buf b = {0};

		endpoint_reduce(&b, &e);
		ck_assert_str_eq(b.data, same[i][1]);
		buf_free(&b);
		endpoint_free(&e);
	}
}
END_TEST

/* ---- streams ---- */

static char top[] = "/tmp/net-XXXXXX";
static struct endpoint end;
static struct net_opt opt;

static void
set_up(void)
{
	struct fail f = {0};

	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_int_eq(chdir(top), 0);
	opt.idle_s = 10;
	ck_assert_int_eq(net_setup(&opt, &f), 0);
	ck_assert_int_eq(
	    system("openssl req -x509 -newkey ec -pkeyopt "
		   "ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=x "
		   "-addext subjectAltName=DNS:localhost -keyout key.pem "
		   "-out cert.pem 2>log"),
	    0);
}

static void
tear_down(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf %s", top);
	ck_assert_int_eq(system(command), 0);
}

/* A server in Python: `s` is its end, TLS or not. */
static struct stream *
served(int tls, const char *script)
{
	FILE *fp = fopen("server.py", "w");
	struct fail f = {0};
	struct stream *s;

	ck_assert_ptr_nonnull(fp);
	(void)fprintf(fp,
	    "import socket, ssl, sys, time, zlib\n"
	    "sys.stderr = open('/dev/null', 'w')\n"
	    "s = socket.socket(fileno=0)\n%s%s",
	    tls ? "c = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)\n"
		  "c.load_cert_chain('cert.pem', 'key.pem')\n"
		  "s = c.wrap_socket(s, server_side=True)\n"
		: "",
	    script);
	(void)fclose(fp);
	end = parsed(tls
		? "imaps://a@localhost;ca=cert.pem;tunnel=python3%20server.py"
		: "imap://a@h;tls=none;tunnel=python3%20server.py");
	s = net_dial(&end, NULL, &f);
	ck_assert_msg(s != NULL, "%s: %s", f.what, f.why);
	return s;
}

static void
closed(struct stream *s)
{
	stream_close(s);
	endpoint_free(&end);
}

/* Both ends talk first and listen later. */
START_TEST(both_talk)
{
	enum { PART = 1 << 16, PARTS = 12 };
	static char part[PART];
	struct stream *s = served(_i,
	    "s.sendall(b'y' * (768 << 10))\n"
	    "n = 0\n"
	    "while n < 12 << 16:\n"
	    "    d = s.recv(65536)\n"
	    "    n += len(d) if d and not d.strip(b'x') else 1 << 30\n"
	    "s.sendall(b'%d\\r\\n' % n)\n"
	    "s.recv(1)\n");
	struct fail f = {0};
	uint64_t got = 0;
	const char *p;
	char *line;
	size_t n;
	int i;

	memset(part, 'x', PART);
	for (i = 0; i < PARTS; i++)
		ck_assert_msg(
		    stream_write(s, part, PART, &f) == 0, "%s", f.why);
	ck_assert_msg(stream_flush(s, &f) == 0, "%s", f.why);
	while (got < 768 << 10) {
		ck_assert_int_eq(
		    stream_some(s, &p, &n, (768 << 10) - got, &f), 1);
		for (i = 0; (size_t)i < n; i++)
			if (p[i] != 'y')
				ck_abort_msg("another octet");
		got += n;
	}
	ck_assert_int_eq(stream_line(s, &line, &n, 100, &f), 1);
	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(memcmp(line, "786432", 6), 0);
	ck_assert_int_eq(stream_is_tls(s), _i);
	closed(s);
}
END_TEST

START_TEST(lines)
{
	struct stream *s = served(_i,
	    "s.sendall(b'one\\r\\ntwo\\n\\r\\n\\nc\\rr\\r\\r\\n')\n"
	    "time.sleep(0.1)\n"
	    "s.sendall(b'a' * 100 + b'\\r\\nrest')\n"
	    "s.close()\n");
	static const char *const want[] = {"one", "two", "", "", "c\rr\r"};
	static const char behind[] = "\r\n\r\n\r";
	struct fail f = {0};
	char *line;
	size_t i, n;

	stream_chop(s, _i ? 0 : 1);
	for (i = 0; i < LENGTH(want); i++) {
		ck_assert_int_eq(stream_line(s, &line, &n, 101, &f), 1);
		ck_assert_uint_eq(n, strlen(want[i]));
		ck_assert_mem_eq(line, want[i], n);
		ck_assert_int_eq(line[n], behind[i]);
	}
	ck_assert_int_eq(stream_line(s, &line, &n, 101, &f), 1);
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(stream_line(s, &line, &n, 101, &f), -1);
	ck_assert_int_eq(f.code, CODE_CONN);
	ck_assert_msg(strstr(f.why, "within a line") != NULL, "%s", f.why);
	closed(s);
}
END_TEST

START_TEST(long_line)
{
	struct stream *s =
	    served(0, "s.sendall(b'12345\\r\\n123456\\r\\n')\ns.recv(1)\n");
	struct fail f = {0};
	char *line;
	size_t n;

	ck_assert_int_eq(stream_line(s, &line, &n, 6, &f), 1);
	ck_assert_int_eq(stream_line(s, &line, &n, 6, &f), -1);
	ck_assert_int_eq(f.code, CODE_PROTO);
	closed(s);
	s = served(0, "while True: s.sendall(b'x' * 65536)\n");
	ck_assert_int_eq(stream_line(s, &line, &n, 1 << 20, &f), -1);
	ck_assert_int_eq(f.code, CODE_PROTO);
	ck_assert_uint_lt(stream_octets_in(s), 2 << 20);
	closed(s);
}
END_TEST

START_TEST(given_back)
{
	struct stream *s = served(0, "s.sendall(b'abcdef')\ns.close()\n");
	struct fail f = {0};
	const char *p;
	size_t n, got = 0;

	while (got < 6) {
		ck_assert_int_eq(stream_some(s, &p, &n, 6, &f), 1);
		if (n > 1) {
			stream_unread(s, n - 1);
			n = 1;
		}
		ck_assert_int_eq(*p, "abcdef"[got]);
		got += n;
	}
	ck_assert_int_eq(stream_some(s, &p, &n, 6, &f), 0);
	closed(s);
}
END_TEST

START_TEST(idle)
{
	struct stream *s = served(0, "time.sleep(60)\n");
	int64_t before = clock_ms();
	struct fail f = {0};
	char *line;
	size_t n;

	opt.idle_s = 1;
	ck_assert_int_eq(net_setup(&opt, &f), 0);
	ck_assert_int_eq(stream_line(s, &line, &n, 100, &f), -1);
	ck_assert_int_eq(f.code, CODE_TIMEOUT);
	ck_assert_int_ge(clock_ms() - before, 900);
	ck_assert_int_lt(clock_ms() - before, 5000);
	closed(s);
}
END_TEST

START_TEST(deflate)
{
	struct stream *s = served(_i,
	    "d, i = zlib.compressobj(9, 8, -15), zlib.decompressobj(-15)\n"
	    "while True:\n"
	    "    x = i.decompress(s.recv(65536))\n"
	    "    s.sendall(d.compress(x) + d.flush(zlib.Z_SYNC_FLUSH))\n");
	struct fail f = {0};
	uint64_t wire = 0;
	char text[64], *line;
	size_t n;
	int i;

	ck_assert_int_eq(stream_deflate(s, &f), 0);
	stream_chop(s, 7);
	for (i = 0; i < 300; i++) {
		(void)snprintf(text, sizeof(text), "line %d of many\r\n", i);
		ck_assert_int_eq(stream_write(s, text, strlen(text), &f), 0);
		wire += strlen(text);
	}
	for (i = 0; i < 300; i++) {
		ck_assert_msg(
		    stream_line(s, &line, &n, 100, &f) == 1, "%s", f.why);
		(void)snprintf(text, sizeof(text), "line %d of many", i);
		ck_assert_uint_eq(n, strlen(text));
		ck_assert_mem_eq(line, text, n);
	}
	ck_assert_uint_lt(stream_octets_out(s), wire);
	closed(s);
}
END_TEST

/* Behind its end compressed data would pile up and never be read. */
START_TEST(deflate_goes_on)
{
	static const char *const after[] = {"b'x' * 100000",
	    "b'\\xff' * 100000", "zlib.compress(b'y' * 100000)"};
	struct fail f = {0};
	char script[256], *line;
	struct stream *s;
	size_t i, n;

	for (i = 0; i < LENGTH(after); i++) {
		(void)snprintf(script, sizeof(script),
		    "d = zlib.compressobj(9, 8, -15)\n"
		    "s.sendall(d.compress(b'ok\\r\\n') + d.flush())\n"
		    "while True: s.sendall(%s)\n",
		    after[i]);
		s = served(0, script);
		ck_assert_int_eq(stream_deflate(s, &f), 0);
		if (stream_line(s, &line, &n, 100, &f) == 1)
			ck_assert_int_eq(
			    stream_line(s, &line, &n, 100, &f), -1);
		ck_assert_int_eq(f.code, CODE_PROTO);
		ck_assert_uint_lt(stream_octets_in(s), 1 << 20);
		closed(s);
	}
}
END_TEST

START_TEST(deflate_bomb)
{
	struct stream *s = served(0,
	    "d = zlib.compressobj(9, 8, -15)\n"
	    "while True: s.sendall(d.compress(bytes(1 << 20)))\n");
	struct fail f = {0};
	char *line;
	size_t n;

	ck_assert_int_eq(stream_deflate(s, &f), 0);
	ck_assert_int_eq(stream_line(s, &line, &n, 1 << 20, &f), -1);
	ck_assert_int_eq(f.code, CODE_PROTO);
	closed(s);
}
END_TEST

START_TEST(tunnels)
{
	struct fail f = {0};
	struct stream *s;
	char *line;
	size_t n;
	int i;

	end = parsed("imap://a@h;tls=none;tunnel=/nonexistent");
	s = net_dial(&end, NULL, &f);
	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(stream_line(s, &line, &n, 9, &f), 0);
	closed(s);
	end = parsed("imap://a@h;tls=none;tunnel=echo%20'a");
	ck_assert_ptr_null(net_dial(&end, NULL, &f));
	ck_assert_int_eq(f.code, CODE_CONFIG);
	endpoint_free(&end);
	for (i = 0; i < 5; i++) {
		s = served(0, "s.sendall(b'hello\\r\\n')\n");
		ck_assert_int_eq(stream_line(s, &line, &n, 9, &f), 1);
		closed(s);
		(void)usleep(200000);
	}
	/* Those that have ended do not stay as zombies. */
	end = parsed("imap://a@h;tls=none;tunnel=true");
	closed(net_dial(&end, NULL, &f));
	(void)usleep(200000);
	for (i = 0; waitpid(-1, NULL, WNOHANG) > 0;)
		i++;
	ck_assert_int_le(i, 1);
}
END_TEST

SUITE("net")
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, schemes);
	tcase_add_test(tc, parameters);
	tcase_add_test(tc, wrong_urls);
	tcase_add_test(tc, reduced);
	tcase_add_loop_test(tc, both_talk, 0, 2);
	tcase_add_loop_test(tc, lines, 0, 2);
	tcase_add_test(tc, long_line);
	tcase_add_test(tc, given_back);
	tcase_add_test(tc, idle);
	tcase_add_loop_test(tc, deflate, 0, 2);
	tcase_add_test(tc, deflate_goes_on);
	tcase_add_test(tc, deflate_bomb);
	tcase_add_test(tc, tunnels);
}
