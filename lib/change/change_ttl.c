/* change_ttl.c: which sets of a domain a cutover of its mail waits for. */
#include <string.h>

#include "change/change_p.h"

/* The records of one set that lies in the zone. */
static int
add(struct arena *a, const struct change_source *from, const char *name,
    const char *type, const char *zone, struct dns_list *sets, struct fail *f)
{
	struct dns_list got = {0};
	size_t i;

	if (!dns_is_below(name, zone))
		return 0;
	if (from->get(from->arg, a, name, type, &got, f) == -1)
		return -1;
	for (i = 0; i < got.n; i++)
		dns_add(a, sets, &got.rr[i]);
	return 0;
}

static int
add_host(struct arena *a, const struct change_source *from, const char *host,
    const char *zone, struct dns_list *sets, struct fail *f)
{
	const char *tlsa = arena_printf(a, "_25._tcp.%s", host);

	if (strcmp(host, ".") == 0) /* no mail at all, RFC 7505 */
		return 0;
	if (add(a, from, host, "A", zone, sets, f) == -1 ||
	    add(a, from, host, "AAAA", zone, sets, f) == -1)
		return -1;
	return add(a, from, tlsa, "TLSA", zone, sets, f);
}

int
change_defaults(struct arena *a, const struct change_source *from,
    const char *domain, const char *zone, struct dns_list *sets, struct fail *f)
{
	struct dns_list mx = {0};
	size_t i;

	if (from->get(from->arg, a, domain, "MX", &mx, f) == -1)
		return -1;
	for (i = 0; i < mx.n; i++)
		dns_add(a, sets, &mx.rr[i]);
	for (i = 0; i < mx.n; i++)
		if (add_host(a, from, dns_target(&mx.rr[i]), zone, sets, f) ==
		    -1)
			return -1;
	if (add(a, from, arena_printf(a, "_mta-sts.%s", domain), "TXT", zone,
		sets, f) == -1)
		return -1;
	dns_sort(sets);
	return 0;
}
