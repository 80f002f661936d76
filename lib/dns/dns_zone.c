/* dns_zone.c: where a zone begins, and who serves it. */
#include <stdlib.h>
#include <string.h>

#include "dns/dns_p.h"

/* The answer, or the "no" that names its zone (RFC 2308 section 3). */
int
dns_zone_of(struct arena *a, const struct dns_server *s, const char *name,
    const char **zone, struct fail *f)
{
	struct dns_reply r;
	struct dns_list soa;
	const char *at, *why = "", *error;
	int rc;

	for (at = name; at != NULL; at = dns_parent(at)) {
		rc = s == NULL ? dns_look(a, at, "SOA", &r, f)
			       : dns_ask(a, s, 0, at, "SOA", &r, f);
		if (rc == -1)
			return -1;
		if ((error = dns_tsig_error(a, &r)) != NULL)
			return dns_fail(f, CODE_AUTH,
			    r.tsig_error == 18 ? AGAIN_LATER : AGAIN_NEVER,
			    "zone", "%s, %s", dns_rcode(r.rcode), error);
		if (r.rcode != DNS_NOERROR && r.rcode != DNS_NXDOMAIN)
			why = arena_printf(a, ": %s", dns_rcode(r.rcode));
		dns_pick(a, &soa, &r.answer, at, "SOA");
		if (soa.n == 0)
			dns_pick(a, &soa, &r.authority, NULL, "SOA");
		if (soa.n == 1 && dns_is_below(name, soa.rr[0].name)) {
			*zone = soa.rr[0].name;
			return 0;
		}
	}
	return dns_fail(f, CODE_NAME, AGAIN_NEVER, "zone",
	    "no zone is known that holds %s%s", name, why);
}

static void
add_servers(const struct dns_list *l, struct dns_server **s, size_t *n)
{
	struct fail none;
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		struct dns_server one;

		if (dns_server(&one, l->rr[i].rdata, &none) == -1)
			continue;
		for (k = 0; k < *n && strcmp((*s)[k].text, one.text) != 0;)
			k++;
		if (k < *n)
			continue;
		*s = mem_resize(*s, *n + 1, sizeof(**s));
		(*s)[(*n)++] = one;
	}
}

int
dns_servers(struct arena *a, const char *zone, struct dns_server **s, size_t *n,
    struct fail *f)
{
	struct dns_reply r;
	struct dns_list ns, found;
	size_t i;

	*s = NULL;
	*n = 0;
	if (dns_look(a, zone, "NS", &r, f) == -1)
		return -1;
	dns_pick(a, &ns, &r.answer, zone, "NS");
	for (i = 0; i < ns.n; i++) {
		if (dns_addresses(a, ns.rr[i].rdata, &found, f) == -1) {
			free(*s);
			return -1;
		}
		add_servers(&found, s, n);
	}
	if (*n == 0)
		return dns_fail(f, CODE_NAME, AGAIN_NEVER, "servers",
		    "%s has no name server with an address", zone);
	return 0;
}

int
dns_primary(
    struct arena *a, const char *zone, struct dns_server *s, struct fail *f)
{
	struct dns_reply r;
	struct dns_list soa;
	const char *host;

	if (dns_look(a, zone, "SOA", &r, f) == -1)
		return -1;
	dns_pick(a, &soa, &r.answer, zone, "SOA");
	if (soa.n != 1)
		return dns_fail(f, CODE_NAME, AGAIN_NEVER, "primary",
		    "%s is no zone", zone);
	host = arena_strndup(a, soa.rr[0].rdata, strcspn(soa.rr[0].rdata, " "));
	return dns_server(s, host, f);
}
