/*
 * dnsreply.c: fuzz target: a reply as a server may send it.  What is read of it
 * has names and texts that are read again as the same records.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/dns.h"
#include "dns/dns_p.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Every record of a zone comes back as it is; of some types ldns has a text
 * that it cannot read, which is refused where it would be wanted. */
static void
check(struct arena *a, const struct dns_list *l)
{
	static const char *const ours[] = {
	    "MX", "A", "AAAA", "TXT", "TLSA", "SRV", "CNAME"};
	size_t i, k;

	for (i = 0; i < l->n; i++) {
		const struct dns_rr *rr = &l->rr[i];
		struct dns_rr again;
		struct fail f;

		if (strpbrk(rr->rdata, "\n\r\t") != NULL ||
		    strpbrk(rr->name, "\n\r\t ") != NULL || rr->ttl > INT32_MAX)
			abort();
		(void)dns_target(rr);
		(void)dns_txt(a, rr->rdata);
		if (strcmp(rr->type, "SOA") == 0)
			(void)dns_negative(rr);
		for (k = 0; k < LENGTH(ours); k++)
			if (strcmp(rr->type, ours[k]) == 0)
				break;
		if (k == LENGTH(ours) ||
		    dns_rr(a, &again, rr->name, rr->type, rr->ttl, rr->rdata,
			&f) == -1)
			continue;
		if (strcmp(again.name, rr->name) != 0 ||
		    strcmp(again.rdata, rr->rdata) != 0)
			abort();
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct arena *a;
	static struct buf q;
	struct buf m = {0};
	struct dns_reply r = {0};
	struct fail f;

	if (a == NULL) {
		a = arena_new();
		if (question(&q, "e.test.", LDNS_RR_TYPE_MX, 0, 1, &f) == -1)
			abort();
	}
	buf_add(&m, data, n);
	(void)wire_fits(&q, m.data, m.len, 0);
	(void)wire_fits(&q, m.data, m.len, 1);
	if (n >= HEADER && n <= MESSAGE_MAX && reply_read(a, &m, &r, &f) == 0) {
		check(a, &r.answer);
		check(a, &r.authority);
		check(a, &r.additional);
	}
	buf_free(&m);
	arena_reset(a);
	return 0;
}
