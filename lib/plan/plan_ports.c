/* plan_ports.c: who must reach whom: the matrix for firewalls. */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"
#include "plan/plan_p.h"

static void
port(struct sizing *z, char *object, uint64_t number, const char *unit,
    const char *why)
{
	z->figure = grow(z->figure, z->n, sizeof(*z->figure));
	z->figure[z->n++] = (struct figure){"port", object, unit, why, number};
}

/* What the users and the world need of a mail server. */
static void
service(struct sizing *z, const char *host)
{
	static const struct {
		const char *from;
		unsigned int port;
		const char *why;
	} open[] = {{"Internet", 25, "SMTP: mail comes in"},
	    {"clients", 465, "SMTP with TLS: users send"},
	    {"clients", 587, "SMTP with STARTTLS: users send"},
	    {"clients", 143, "IMAP with STARTTLS, where clients need it"},
	    {"clients", 993, "IMAP with TLS"},
	    {"clients", 995, "POP3 with TLS, where clients need it"},
	    {"clients", 443, "webmail and autoconfiguration"}};
	struct arena *a = z->plan->arena;
	size_t i;

	for (i = 0; i < LENGTH(open); i++)
		port(z, arena_printf(a, "%s > %s", open[i].from, host),
		    open[i].port, "tcp", open[i].why);
	port(z, arena_printf(a, "%s > Internet", host), 25, "tcp",
	    "SMTP: mail goes out");
	port(z, arena_printf(a, "%s > resolver", host), 53, "udp, tcp", "DNS");
}

static int
is_new(struct intern *seen, const char *s)
{
	if (intern_has(seen, s))
		return 0;
	(void)intern_str(seen, s, strlen(s));
	return 1;
}

/* Each host and port once; of a target its service too. */
static void
reach(struct sizing *z, struct intern *seen, const char *url, int target)
{
	struct endpoint e = {0};
	struct arena *a = z->plan->arena;
	char *text;

	if (endpoint_parse(&e, url, NULL) == 0 && endpoint_is_net(&e)) {
		text = mem_printf("%s %u", e.host, e.port);
		if (is_new(seen, text))
			port(z, arena_printf(a, "copying host > %s", e.host),
			    e.port, "tcp",
			    arena_printf(a, "%s: %s", scheme_name(e.scheme),
				target ? "target" : "source"));
		free(text);
		if (target && is_new(seen, e.host))
			service(z, e.host);
	}
	endpoint_free(&e);
}

void
ports_say(struct sizing *z)
{
	struct intern *seen = intern_new();
	uint32_t i;
	int side;

	for (side = 0; side < 2; side++)
		for (i = 0; i < z->plan->nbox; i++)
			reach(z, seen,
			    row_get(z->plan->box[i].row,
				side == 0 ? "source" : "target"),
			    side);
	if (z->plan->nhost[1] == 1 && *z->plan->host[1][0]->name == '\0')
		service(z, "target"); /* not known yet */
	intern_free(seen);
}
