/* mx_probe.c: whether a host takes mail; nothing is sent. */
#include <stdlib.h>
#include <string.h>

#include "mx/mx_p.h"
#include "net/net.h"

/* Says s (NULL: listens) and wants an answer that begins with a 2. */
static int
expect(struct stream *s, const char *line, struct fail *f)
{
	char *answer;
	size_t n;
	int rc;

	if (line != NULL &&
	    (stream_write(s, line, strlen(line), f) == -1 ||
		stream_write(s, "\r\n", 2, f) == -1))
		return -1;
	do {
		if ((rc = stream_line(s, &answer, &n, 4096, f)) != 1)
			return rc == 0 ? fail_set(f, CODE_CONN, REACH_ENDPOINT,
					     AGAIN_LATER, "probe",
					     "it closed the connection")
				       : -1;
	} while (n > 3 && answer[3] == '-');
	if (n >= 3 && answer[0] == '2')
		return 0;
	return fail_set(f, CODE_POLICY, REACH_ENDPOINT, AGAIN_NEVER, "probe",
	    "%s: %.*s", line != NULL ? line : "greeting", (int)n, answer);
}

int
probe(const char *host, const char *address, uint64_t port, const char *domain,
    struct fail *f)
{
	struct endpoint e = {.scheme = SCHEME_IMAP, .tls = TLS_NONE};
	struct stream *s;
	char *to;
	int rc;

	e.user = mem_strdup("");
	e.host = mem_strdup(host);
	e.resolve = mem_strdup(address);
	e.port = (uint16_t)port;
	s = net_dial(&e, NULL, f);
	to = mem_printf(
	    "RCPT TO:<postmaster@%.*s>", (int)strlen(domain) - 1, domain);
	rc = s == NULL || expect(s, NULL, f) == -1 ||
		expect(s, "EHLO localhost", f) == -1 ||
		expect(s, "MAIL FROM:<>", f) == -1 || expect(s, to, f) == -1
	    ? -1
	    : 0;
	if (rc == 0)
		(void)expect(s, "QUIT", f);
	stream_close(s);
	endpoint_free(&e);
	free(to);
	return rc;
}
