/*
 * dns_update.c: changes of a zone (RFC 2136).  Every set that changes is
 * demanded as it was seen, deleted and added anew in one message: BIND would
 * give a set the TTL of a single record that is added, Knot would ignore it.
 * Over TCP alone: a lost reply and a second try would look like somebody
 * else's change.
 */
#include <stdlib.h>
#include <string.h>

#include "dns/dns_p.h"

enum { UPDATE = 0x28, CLASS_NONE = 254, CLASS_ANY = 255 };

static void
add16(struct buf *b, unsigned int v)
{
	buf_addc(b, (char)(v >> 8));
	buf_addc(b, (char)v);
}

static int
add_name(struct buf *b, const char *name)
{
	ldns_rdf *rdf = ldns_dname_new_frm_str(name);

	if (rdf == NULL)
		return -1;
	buf_add(b, ldns_rdf_data(rdf), ldns_rdf_size(rdf));
	ldns_rdf_deep_free(rdf);
	return 0;
}

/* A record without rdata: what it asks for depends on class and section. */
static int
add_bare(struct buf *b, const struct dns_change *c, unsigned int class)
{
	if (add_name(b, c->name) == -1)
		return -1;
	add16(b, ldns_get_rr_type_by_name(c->type));
	add16(b, class);
	buf_add(b, "\0\0\0\0\0", 6); /* TTL and length */
	return 0;
}

static int
add_records(struct buf *b, const struct dns_list *l, int ttl)
{
	size_t i, n;

	for (i = 0; i < l->n; i++) {
		struct dns_rr rr = l->rr[i];
		ldns_rr *parsed;
		uint8_t *wire = NULL;

		if (!ttl)
			rr.ttl = 0;
		if ((parsed = rr_ldns(&rr)) == NULL)
			return -1;
		if (ldns_rr2wire(&wire, parsed, LDNS_SECTION_ANSWER, &n) ==
		    LDNS_STATUS_OK)
			buf_add(b, wire, n);
		free(wire);
		ldns_rr_free(parsed);
	}
	return 0;
}

/* How many records went into each section. */
struct counts {
	unsigned int demanded, changed;
};

static int
add_change(struct buf *demands, struct buf *deletes, struct buf *adds,
    const struct dns_change *c, struct counts *n)
{
	int rc;

	if (c->seen.n == 0)
		rc = add_bare(demands, c, CLASS_NONE);
	else
		rc = add_records(demands, &c->seen, 0);
	n->demanded += c->seen.n ? (unsigned int)c->seen.n : 1;
	if (rc == -1 || c->keep)
		return rc;
	if (c->seen.n > 0) {
		rc = add_bare(deletes, c, CLASS_ANY);
		n->changed++;
	}
	n->changed += (unsigned int)c->wanted.n;
	return rc == 0 ? add_records(adds, &c->wanted, 1) : -1;
}

static int
message(struct buf *q, const char *zone, const struct dns_change *c, size_t n)
{
	struct buf part[3] = {{0}};
	struct counts counts = {0};
	uint8_t header[HEADER] = {0};
	size_t i;
	int rc = 0;

	for (i = 0; i < n && rc == 0; i++)
		rc = add_change(&part[0], &part[1], &part[2], &c[i], &counts);
	wire_put16(header, 0, random_id());
	header[2] = UPDATE;
	wire_put16(header, 4, 1);
	wire_put16(header, 6, counts.demanded);
	wire_put16(header, 8, counts.changed);
	buf_add(q, header, sizeof(header));
	if (rc == 0)
		rc = add_name(q, zone);
	add16(q, LDNS_RR_TYPE_SOA);
	add16(q, LDNS_RR_CLASS_IN);
	for (i = 0; i < LENGTH(part); i++) {
		buf_add(q, part[i].data, part[i].len);
		buf_free(&part[i]);
	}
	return counts.demanded > 65535 || counts.changed > 65535 ? -1 : rc;
}

int
dns_update(const struct dns_server *s, const char *zone,
    const struct dns_change *c, size_t n, int *sent, struct dns_reply *r,
    struct fail *f)
{
	struct arena *a = arena_new();
	struct buf q = {0};
	int rc = message(&q, zone, c, n);

	*sent = 0;
	*r = (struct dns_reply){0};
	if (rc == -1)
		rc = dns_fail(f, CODE_ROW, AGAIN_NEVER, "update",
		    "a record of %s cannot be sent", zone);
	else
		rc = tcp_exchange(a, s, &q, sent, r, f);
	buf_free(&q);
	arena_free(a);
	r->answer = r->authority = r->additional = (struct dns_list){0};
	return rc;
}
