/* dns_server.c: the address of a server, and the options of all questions. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/dns_p.h"

struct dns_opt dns_opt;
static struct dns_server resolver;

/* 1 an address, 0 a name, -1 a bad port. */
static int
address(struct dns_server *s, const char *text, struct fail *f)
{
	char host[INET6_ADDRSTRLEN];
	const char *mark = strchr(text, '#');
	size_t n = mark != NULL ? (size_t)(mark - text) : strlen(text);
	uint64_t port = dns_opt.port ? dns_opt.port : 53;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&s->addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&s->addr;
	const char *number = mark != NULL ? mark + 1 : "";

	if (mark != NULL &&
	    (!text_u64(number, strlen(number), &port) || port == 0 ||
		port > 65535))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "server",
		    "'%s': a port is 1 to 65535", text);
	if (n >= sizeof(host))
		return 0;
	memcpy(host, text, n);
	host[n] = '\0';
	memset(s, 0, sizeof(*s));
	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		s->len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		s->len = sizeof(*v6);
	} else
		return 0;
	(void)snprintf(
	    s->text, sizeof(s->text), "%s#%u", host, (unsigned int)port);
	return 1;
}

int
dns_server(struct dns_server *s, const char *text, struct fail *f)
{
	struct arena *a;
	struct dns_list found = {0};
	char *host, *full;
	int rc = address(s, text, f);

	if (rc != 0)
		return rc == 1 ? 0 : -1;
	a = arena_new();
	host = arena_strndup(a, text, strcspn(text, "#"));
	rc = dns_addresses(a, host, &found, f);
	if (rc == 0 && found.n == 0)
		rc = dns_fail(f, CODE_CONN, AGAIN_NEVER, "server",
		    "%s has no address", host);
	if (rc == 0 && found.rr != NULL) {
		full = arena_printf(
		    a, "%s%s", found.rr[0].rdata, text + strlen(host));
		rc = address(s, full, f) == 1 ? 0 : -1;
	}
	arena_free(a);
	return rc;
}

/* The first nameserver of resolv.conf(5), or this machine. */
static int
from_resolv_conf(struct fail *f)
{
	char text[4096], *line, *save = text;
	int fd = open("/etc/resolv.conf", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? 0 : read(fd, text, sizeof(text) - 1);

	if (fd != -1)
		(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	while ((line = strsep(&save, "\n")) != NULL) {
		if (strncmp(line, "nameserver", 10) != 0 ||
		    !isblank((unsigned char)line[10]))
			continue;
		line += 10 + strspn(line + 10, " \t");
		line[strcspn(line, " \t#;%")] = '\0';
		if (address(&resolver, line, f) == 1)
			return 0;
	}
	return address(&resolver, "127.0.0.1", f) == 1 ? 0 : -1;
}

int
dns_setup(const struct dns_opt *o, struct fail *f)
{
	struct dns_server from;
	int rc;

	dns_opt = (struct dns_opt){0}; /* the resolver is at port 53 */
	rc = o->resolver == NULL ? from_resolv_conf(f)
				 : address(&resolver, o->resolver, f);
	if (rc == 0 && o->resolver != NULL)
		rc = fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "resolver",
		    "'%s' is no address", o->resolver);
	if (rc == -1)
		return -1;
	if (o->port > 65535 || o->timeout_s > 3600)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "a port is at most 65535, a timeout 3600");
	if (o->source != NULL && address(&from, o->source, f) != 1)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "source",
		    "'%s' is no address", o->source);
	dns_opt = *o;
	return 0;
}

int
dns_look(struct arena *a, const char *name, const char *type,
    struct dns_reply *r, struct fail *f)
{
	if (dns_ask(a, &resolver, 1, name, type, r, f) == -1)
		return -1;
	if (r->rcode == DNS_NOERROR || r->rcode == DNS_NXDOMAIN)
		return 0;
	return dns_fail(f, CODE_CONN, AGAIN_LATER, "look up", "%s %s: %s", name,
	    type, dns_rcode(r->rcode));
}

int
dns_addresses(
    struct arena *a, const char *host, struct dns_list *l, struct fail *f)
{
	static const struct {
		int family;
		const char *type;
	} kinds[] = {{4, "A"}, {6, "AAAA"}};
	const char *name;
	size_t i, k;

	*l = (struct dns_list){0};
	if (dns_name(a, &name, host, f) == -1)
		return -1;
	for (i = 0; i < LENGTH(kinds); i++) {
		struct dns_list got;
		struct dns_reply r;

		if (dns_opt.family != 0 && dns_opt.family != kinds[i].family)
			continue;
		if (dns_look(a, name, kinds[i].type, &r, f) == -1)
			return -1;
		dns_pick(a, &got, &r.answer, NULL, kinds[i].type);
		for (k = 0; k < got.n; k++)
			dns_add(a, l, &got.rr[k]);
	}
	return 0;
}
