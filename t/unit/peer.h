/*
 * peer.h: the imap room against a server that is a script: what the client says
 * must be what the script expects, to the octet.
 */
#ifndef PEER_H
#define PEER_H

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

static inline void
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

static inline void
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

static inline void
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

static inline void
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

static inline void
part(struct imap *im)
{
	int status;

	imap_close(im);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(status == 0, "the script was not followed");
	endpoint_free(&e);
}

/* Dials and logs in: *im NULL where that failed. */
static inline int
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
static inline struct imap *
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

static inline void
failed(const struct fail *f, enum code code, enum reach reach)
{
	ck_assert_msg(f->code == code && f->reach == reach,
	    "%s, reach %d: %s: %s", fail_code_name(f->code), (int)f->reach,
	    f->what, f->why);
}

/* ---- a mailbox that is open ---- */

#define OPEN(exists)                   \
	C("A2 EXAMINE \"INBOX\"\r\n"), \
	    S("* " exists " EXISTS\r\n* OK [UIDVALIDITY 7] x\r\nA2 OK\r\n")
#define SCAN C("A3 UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)\r\n")

static inline struct imap *
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

static inline void
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

#define OPENED(tag, validity) \
	"* 1 EXISTS\r\n* OK [UIDVALIDITY " validity "] x\r\n" tag " OK\r\n"

#define TEST(name) tcase_add_test(tc, name)
#define LOOP(name, n) tcase_add_loop_test(tc, name, 0, (int)(n))

#endif
