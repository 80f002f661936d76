/* Unit tests of dns: whatever a server sends, cut and torn, is refused or
 * read; nothing else happens.  TURNS makes it longer. */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "dns/dns.h"
#include "tap.h"

/* A reply to "e.test MX" with everything in it; the question comes from the
 * asker. */
static const unsigned char tail[] =
    "\xc0\x0c\0\x0f\0\1\0\0\0\x3c\0\x0c\0\x0a\2mx\5other\0"
    "\xc0\x0c\0\x10\0\1\0\0\0\x3c\0\4\3abc"
    "\xc0\x0c\0\6\0\1\0\0\0\x3c\0\x1b\1a\xc0\x0c\1b\0"
    "\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1"
    "\xc0\x0c\0\x2e\0\1\0\0\0\x3c\0\x17\0\x0f\5\2\0\0\0\x3c"
    "\0\0\0\1\0\0\0\1\0\1\1e\0\xaa\xbb";

static uint16_t
listen_udp(int *fd)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);

	*fd = socket(AF_INET, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(*fd, (struct sockaddr *)&at, sizeof(at)), 0);
	ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&at, &n), 0);
	return ntohs(at.sin_port);
}

/* Answers for ever; every reply is torn another way. */
static void
serve(int fd)
{
	unsigned char m[1024];
	struct sockaddr_storage who;

	srand(11);
	for (;;) {
		socklen_t len = sizeof(who);
		ssize_t n =
		    recvfrom(fd, m, 300, 0, (struct sockaddr *)&who, &len);
		size_t end, i, from = 12 + 8 + 4;

		if (n < (ssize_t)from)
			continue;
		m[2] |= 0x84;
		m[7] = 3;
		m[9] = 1;
		m[11] = 0;
		memcpy(m + from, tail, sizeof(tail) - 1);
		end = from + sizeof(tail) - 1;
		for (i = (size_t)rand() % 6; i > 0; i--)
			m[from + (size_t)rand() % (sizeof(tail) - 1)] =
			    (unsigned char)rand();
		if (rand() % 8 == 0)
			m[6 + rand() % 6] = (unsigned char)rand();
		if (rand() % 4 == 0)
			end -= (size_t)rand() % (sizeof(tail) - 1);
		(void)sendto(fd, m, end, 0, (struct sockaddr *)&who, len);
	}
}

START_TEST(test_replies)
{
	const char *turns = getenv("TURNS");
	int i, fd, n = turns != NULL ? atoi(turns) : 3000, good = 0;
	struct dns_opt opt = {.timeout_s = 1};
	struct arena *a = arena_new();
	struct dns_server s;
	struct fail f = {0};
	char at[32];
	pid_t pid;

	(void)snprintf(at, sizeof(at), "127.0.0.1#%u", listen_udp(&fd));
	if ((pid = fork()) == 0)
		serve(fd);
	ck_assert_int_eq(dns_setup(&opt, &f), 0);
	ck_assert_int_eq(dns_server(&s, at, &f), 0);
	for (i = 0; i < n; i++) {
		struct dns_reply r;
		size_t k;

		if (dns_ask(a, &s, 0, "e.test.", "MX", &r, &f) == 0)
			for (good++, k = 0; k < r.answer.n; k++)
				ck_assert(strlen(r.answer.rr[k].rdata) < 70000);
		else
			ck_assert_int_ne(f.code, CODE_NONE);
		arena_reset(a);
	}
	(void)kill(pid, SIGKILL);
	ck_assert_int_gt(good, n / 10);
	arena_free(a);
}
END_TEST

SUITE("dnsfuzz")
{
	tcase_add_test(tc, test_replies);
}
