/*
 * zonetext.c: fuzz target: the text of a zone.  Nothing changed is the same
 * octets; with lower TTLs, or another MX, what comes out reads as was asked
 * for.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "dns/dns.h"
#include "zone/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const int64_t now = 1800000000;

static void
identity(struct zone *z, const char *text, size_t n)
{
	struct buf out = {0};
	struct fail f;

	/* What ldns writes otherwise than it reads may be refused, no more. */
	if (zone_write(z, &out, now, &f) == 0 &&
	    (out.len != n || memcmp(out.data, text, n) != 0))
		abort();
	buf_free(&out);
}

static const struct dns_rr mx = {"e.test.", "MX", "10 new.e.test.", 300};

/* Distinct records, the SOA apart; *mxs: of those the set that was changed. */
static size_t
count(struct arena *a, const struct dns_list *from, size_t *mxs)
{
	struct dns_list l = {0};
	size_t i, n = 0;

	*mxs = 0;
	for (i = 0; i < from->n; i++) {
		struct dns_rr rr = from->rr[i];

		rr.ttl = 0;
		if (strcmp(rr.type, "SOA") != 0)
			dns_add(a, &l, &rr);
	}
	dns_sort(&l);
	for (i = 0; i < l.n; i++)
		if (strcmp(l.rr[i].type, mx.type) == 0 &&
		    strcmp(l.rr[i].name, mx.name) == 0)
			(*mxs)++;
		else
			n++;
	return n;
}

/* All TTLs lower, and the MX another: no record but those is another. */
static void
change(struct zone *z)
{
	struct dns_rr one = mx;
	const struct dns_list wanted = {&one, 1}, *was = zone_records(z), *is;
	struct arena *a = arena_new();
	struct zone *again = NULL;
	struct buf out = {0};
	struct fail f;
	size_t i, mxs, n = count(a, was, &mxs);

	for (i = 0; i < was->n; i++)
		if (was->rr[i].ttl > 60)
			zone_set_ttl(z, &was->rr[i], 60);
	zone_set(z, mx.name, mx.type, &wanted);
	if (zone_write(z, &out, now, &f) == 0) {
		if (zone_read(&again, out.data, out.len, "e.test", &f) == -1)
			abort();
		is = zone_records(again);
		if (count(a, is, &mxs) != n || mxs != 1)
			abort();
		for (i = 0; i < is->n; i++)
			if (is->rr[i].ttl > 300)
				abort();
	}
	zone_free(again);
	buf_free(&out);
	arena_free(a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct zone *z = NULL;
	char *text = mem_strndup((const char *)data, n);
	struct fail f;

	if (zone_read(&z, text, n, "e.test", &f) == 0) {
		identity(z, text, n);
		change(z);
	}
	zone_free(z);
	free(text);
	return 0;
}
