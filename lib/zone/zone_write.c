/* zone_write.c: a zone's text with other TTLs, records and serial. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "zone/zone_p.h"

static int
is_of(const struct entry *e, const char *name, const char *type)
{
	return strcmp(e->rr.name, name) == 0 && strcmp(e->rr.type, type) == 0;
}

void
zone_set_ttl(struct zone *z, const struct dns_rr *rr, uint32_t ttl)
{
	size_t i;

	for (i = 0; i < z->entries; i++)
		if (is_of(&z->entry[i], rr->name, rr->type) &&
		    strcmp(z->entry[i].rr.rdata, rr->rdata) == 0 &&
		    z->entry[i].want_ttl != ttl) {
			z->entry[i].want_ttl = ttl;
			z->changed = 1;
		}
}

static const struct dns_rr *
find(const struct dns_list *l, const char *rdata)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->rr[i].rdata, rdata) == 0)
			return &l->rr[i];
	return NULL;
}

void
zone_set(struct zone *z, const char *name, const char *type,
    const struct dns_list *wanted)
{
	struct dns_list have = {0};
	size_t i;

	for (i = 0; i < z->entries; i++) {
		struct entry *e = &z->entry[i];
		const struct dns_rr *rr;

		if (!is_of(e, name, type))
			continue;
		dns_add(z->arena, &have, &e->rr);
		rr = find(wanted, e->rr.rdata);
		if (rr == NULL)
			e->fate = DROP;
		else
			e->want_ttl = rr->ttl;
		z->changed |= rr == NULL || rr->ttl != e->rr.ttl;
	}
	for (i = 0; i < wanted->n; i++)
		if (find(&have, wanted->rr[i].rdata) == NULL) {
			dns_add(z->arena, &z->added, &wanted->rr[i]);
			z->changed = 1;
		}
}

/* YYYYMMDDnn stays that way. */
static uint32_t
next_serial(uint32_t serial, int64_t now)
{
	uint32_t month = serial / 10000 % 100, day = serial / 100 % 100, today;
	int64_t year;
	int m, d;

	clock_civil(now / 86400, &year, &m, &d);
	today =
	    (uint32_t)year * 1000000 + (uint32_t)m * 10000 + (uint32_t)d * 100;
	if (serial / 1000000 >= 1990 && month >= 1 && month <= 12 && day >= 1 &&
	    day <= 31 && serial < today)
		return today;
	return serial == UINT32_MAX ? 1 : serial + 1; /* 0 is odd to many */
}

static void
put(struct buf *out, const struct zone *z, size_t from, size_t to)
{
	if (to > from)
		buf_add(out, z->text + from, to - from);
}

static void
put_added(struct buf *out, const struct dns_rr *rr)
{
	if (out->len > 0 && out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
	buf_addf(out, "%s\t%" PRIu32 "\tIN\t%s\t%s\n", rr->name, rr->ttl,
	    rr->type, rr->rdata);
}

/* A record's line: what it stood on may be gone, then it says it itself. */
static void
put_entry(struct buf *out, const struct zone *z, const struct entry *e,
    int owner_gone, uint32_t last_ttl, uint32_t serial)
{
	int changed = e->want_ttl != (e->inherits ? last_ttl : e->rr.ttl);
	size_t at = e->line.at;

	if (owner_gone && e->owner.n == 0)
		buf_adds(out, e->rr.name);
	if (changed && e->ttl.n > 0) {
		put(out, z, at, e->ttl.at);
		buf_addf(out, "%" PRIu32, e->want_ttl);
		at = e->ttl.at + e->ttl.n;
	} else if (changed) {
		put(out, z, at, e->body);
		buf_addf(out, "%" PRIu32 " ", e->want_ttl);
		at = e->body;
	}
	if (e->serial.n > 0 && z->changed) {
		put(out, z, at, e->serial.at);
		buf_addf(out, "%" PRIu32, serial);
		at = e->serial.at + e->serial.n;
	}
	put(out, z, at, e->line.at + e->line.n);
}

static void
render(const struct zone *z, struct buf *out, uint32_t serial)
{
	size_t i, at = 0;
	uint32_t last_ttl = 0;
	int owner_gone = 0;

	for (i = 0; i < z->entries; i++) {
		const struct entry *e = &z->entry[i];

		put(out, z, at, e->line.at);
		at = e->line.at + e->line.n;
		if (e->owner.n > 0)
			owner_gone = 0;
		if (e->fate == DROP) {
			owner_gone |= e->owner.n > 0;
			continue;
		}
		put_entry(out, z, e, owner_gone, last_ttl, serial);
		last_ttl = e->want_ttl;
		owner_gone = 0;
	}
	put(out, z, at, z->n);
	for (i = 0; i < z->added.n; i++)
		put_added(out, &z->added.rr[i]);
	buf_add(out, "", 0);
}

/* What the text must read as. */
static void
expected(struct zone *z, struct dns_list *l, uint32_t serial)
{
	size_t i;

	for (i = 0; i < z->entries; i++) {
		const struct entry *e = &z->entry[i];
		struct dns_rr rr = e->rr;
		const char *p = rr.rdata;

		rr.ttl = e->want_ttl;
		if (e->serial.n > 0 && z->changed) {
			p = strchr(strchr(p, ' ') + 1, ' ') + 1;
			rr.rdata = arena_printf(z->arena, "%.*s%" PRIu32 "%s",
			    (int)(p - rr.rdata), rr.rdata, serial,
			    p + strcspn(p, " "));
		}
		if (e->fate == KEEP)
			dns_add(z->arena, l, &rr);
	}
	for (i = 0; i < z->added.n; i++)
		dns_add(z->arena, l, &z->added.rr[i]);
	dns_sort(l);
}

int
zone_write(struct zone *z, struct buf *out, int64_t now, struct fail *f)
{
	uint32_t serial = next_serial(dns_soa_number(zone_soa(z), 0), now);
	struct dns_list want = {0}, got = {0};
	struct zone *again = NULL;
	size_t i;
	int rc;

	render(z, out, serial);
	expected(z, &want, serial);
	rc = zone_read(&again, out->data, out->len, z->top, f);
	for (i = 0; rc == 0 && i < again->records.n; i++)
		dns_add(again->arena, &got, &again->records.rr[i]);
	dns_sort(&got);
	if (rc == -1 || !dns_same(&want, &got, 1))
		rc = fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "zone",
		    "its text cannot be changed without changing more: write "
		    "it out with named-compilezone(1) first");
	zone_free(again);
	return rc;
}
