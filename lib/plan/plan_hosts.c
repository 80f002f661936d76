/* plan_hosts.c: the hosts of both sides. */
#include <stdlib.h>
#include <string.h>

#include "net/net.h"
#include "plan/plan_p.h"

/* "" for files, and for what is no URL; the plan's. */
static const char *
name_of(struct plan *p, const char *url)
{
	struct endpoint e = {0};
	const char *name = "";

	if (endpoint_parse(&e, url, NULL) == 0 && e.host != NULL)
		name = intern_str(p->names, e.host, strlen(e.host));
	endpoint_free(&e);
	return name;
}

const char *
host_pair(struct plan *p, const char *source, const char *target)
{
	char *pair =
	    mem_printf("%s\n%s", name_of(p, source), name_of(p, target));
	const char *own = intern_str(p->names, pair, strlen(pair));

	free(pair);
	return own;
}

struct host *
host_of(struct plan *p, int side, const char *url)
{
	const char *name = name_of(p, url);
	uint32_t n = intern_number(p->hosts[side], name, strlen(name));

	if (n == p->nhost[side]) {
		struct host *h = mem_alloc(sizeof(*h));

		h->name = name;
		h->slot = NONE;
		rules_host(p, h);
		p->host[side] = grow(p->host[side], n, sizeof(struct host *));
		p->host[side][p->nhost[side]++] = h;
	}
	return p->host[side][n];
}
