/* dns_ask.c: questions, and what is believed of the replies. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "dns/dns_p.h"

enum { TRIES = 3 };

const char *
dns_rcode(unsigned int rcode)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL",
	    "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET",
	    "NOTAUTH", "NOTZONE", NULL, NULL, NULL, NULL, NULL, "BADSIG",
	    "BADKEY", "BADTIME"};
	static char other[24];

	if (rcode < LENGTH(names) && names[rcode] != NULL)
		return names[rcode];
	(void)snprintf(other, sizeof(other), "RCODE%u", rcode);
	return other;
}

const char *
dns_tsig_error(struct arena *a, const struct dns_reply *r)
{
	char theirs[CLOCK_TEXT], ours[CLOCK_TEXT];

	if (r->tsig_error == 0)
		return NULL;
	if (r->tsig_error != 18)
		return arena_printf(a, "%s: the key is not the server's",
		    dns_rcode(r->tsig_error));
	return arena_printf(a,
	    "BADTIME: its clock says %s, this one %s: set one of the two",
	    r->server_clock == CLOCK_NONE
		? "another time"
		: clock_format(theirs, r->server_clock),
	    clock_format(ours, clock_now()));
}

uint16_t
random_id(void)
{
	uint16_t id;

	if (getrandom(&id, sizeof(id), 0) != sizeof(id))
		abort();
	return id;
}

/* Letters in random case: what a forger of replies has to guess as well. */
static void
shuffle_case(struct buf *q)
{
	uint8_t bits[256];
	size_t i, end = wire_name_end((uint8_t *)q->data, q->len, HEADER);

	if (getrandom(bits, sizeof(bits), 0) != sizeof(bits))
		abort();
	/* A length is at most 63 and no letter. */
	for (i = HEADER; i < end && i - HEADER < sizeof(bits); i++) {
		unsigned char c = (unsigned char)q->data[i];

		if (c >= 'a' && c <= 'z')
			q->data[i] = (char)(c ^ (bits[i - HEADER] & 0x20));
	}
}

int
question(struct buf *q, const char *name, ldns_rr_type type, int recurse,
    int edns, struct fail *f)
{
	ldns_rdf *owner = ldns_dname_new_frm_str(name);
	ldns_pkt *pkt = owner == NULL
	    ? NULL
	    : ldns_pkt_query_new(
		  owner, type, LDNS_RR_CLASS_IN, recurse ? LDNS_RD : 0);
	uint8_t *wire = NULL;
	size_t n = 0;

	if (pkt == NULL) {
		ldns_rdf_deep_free(owner);
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "ask",
		    "'%s' is no domain name", name);
	}
	ldns_pkt_set_id(pkt, random_id());
	if (edns)
		ldns_pkt_set_edns_udp_size(pkt, EDNS_SIZE);
	if (ldns_pkt2wire(&wire, pkt, &n) != LDNS_STATUS_OK)
		abort();
	buf_reset(q);
	buf_add(q, wire, n);
	shuffle_case(q);
	free(wire);
	ldns_pkt_free(pkt);
	return 0;
}

static int
take_section(struct arena *a, const ldns_rr_list *from, struct dns_list *to)
{
	size_t i;

	for (i = 0; i < ldns_rr_list_rr_count(from); i++) {
		ldns_rr *rr = ldns_rr_list_rr(from, i);
		struct dns_rr text;

		if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
			continue;
		if (rr_text(a, &text, rr) == -1)
			return -1;
		dns_add(a, to, &text);
	}
	dns_sort(to);
	return 0;
}

int
reply_read(
    struct arena *a, const struct buf *m, struct dns_reply *r, struct fail *f)
{
	ldns_pkt *pkt = NULL;
	ldns_status s = ldns_wire2pkt(&pkt, (const uint8_t *)m->data, m->len);
	int rc = 0;

	if (s != LDNS_STATUS_OK)
		return dns_fail(f, CODE_PROTO, AGAIN_NEVER, "reply",
		    "malformed: %s", ldns_get_errorstr_by_id(s));
	r->rcode = ldns_pkt_get_rcode(pkt) |
	    (unsigned int)ldns_pkt_edns_extended_rcode(pkt) << 4;
	r->aa = ldns_pkt_aa(pkt) != 0;
	r->ad = ldns_pkt_ad(pkt) != 0;
	if (take_section(a, ldns_pkt_answer(pkt), &r->answer) == -1 ||
	    take_section(a, ldns_pkt_authority(pkt), &r->authority) == -1 ||
	    take_section(a, ldns_pkt_additional(pkt), &r->additional) == -1)
		rc = dns_fail(f, CODE_PROTO, AGAIN_NEVER, "reply",
		    "a record in it has no text");
	ldns_pkt_free(pkt);
	return rc;
}

int
tcp_exchange(struct arena *a, const struct dns_server *s, struct buf *q,
    int *sent, struct dns_reply *r, struct fail *f)
{
	struct verifier v = {.key = s->key, .server_clock = CLOCK_NONE};
	struct buf reply = {0};
	int64_t deadline = deadline_of();
	int rc, fd;

	(void)fail_at(f, "%s", s->text);
	if (s->key != NULL)
		tsig_sign(q, s->key, &v.prior);
	if (q->len > MESSAGE_MAX)
		return dns_fail(f, CODE_TOOBIG, AGAIN_NEVER, "send",
		    "%zu octets are too many for one message", q->len);
	if ((fd = tcp_open(s, deadline, f)) == -1)
		return -1;
	*sent = 1;
	rc = tcp_send(fd, q, deadline, f);
	if (rc == 0 && (rc = tcp_receive(fd, &reply, deadline, f)) == 0)
		rc = dns_fail(f, CODE_CONN, AGAIN_LATER, "receive",
		    "the server closed the connection");
	(void)close(fd);
	if (rc == 1 && !wire_fits(q, reply.data, reply.len, 0))
		rc = dns_fail(f, CODE_PROTO, AGAIN_LATER, "reply",
		    "not one to this question");
	if (rc == 1 && s->key != NULL) {
		/* Not believed, but told to people should the rest fail. */
		r->rcode = wire_u16(reply.data, 2) & 15;
		rc = tsig_verify(&v, &reply, &r->tsig_error, f);
		r->server_clock = v.server_clock;
	}
	if (rc == 1)
		rc = reply_read(a, &reply, r, f);
	buf_free(&v.pending);
	buf_free(&reply);
	return rc;
}

/* 1 a whole reply, 0 it is to be asked over TCP, -1. */
static int
ask_udp(struct arena *a, const struct dns_server *s, struct buf *q,
    struct dns_reply *r, struct fail *f)
{
	struct buf reply = {0};
	int64_t end = deadline_of(), begin = clock_ms();
	int rc = -1, i;

	for (i = 1; i <= TRIES && rc == -1; i++)
		rc = udp_exchange(
		    s, q, &reply, begin + (end - begin) * i / TRIES, f);
	if (rc == 0 && (reply.data[2] & 2) == 0) /* not TC */
		rc = reply_read(a, &reply, r, f) == 0 ? 1 : -1;
	buf_free(&reply);
	return rc;
}

int
dns_ask(struct arena *a, const struct dns_server *s, int recurse,
    const char *name, const char *type, struct dns_reply *r, struct fail *f)
{
	struct buf q = {0};
	int edns, rc = 0, sent;

	(void)fail_at(f, "%s", s->text);
	for (edns = 1; edns >= 0 && rc == 0; edns--) {
		*r = (struct dns_reply){0};
		rc = question(
		    &q, name, ldns_get_rr_type_by_name(type), recurse, edns, f);
		if (rc == 0 && s->key == NULL)
			rc = ask_udp(a, s, &q, r, f);
		/* Cut, or nothing that fits over UDP. */
		if (rc == 0 || (rc == -1 && f->code == CODE_TIMEOUT)) {
			*r = (struct dns_reply){0};
			rc = tcp_exchange(a, s, &q, &sent, r, f) == 0 ? 1 : -1;
		}
		if (rc == 1 && r->rcode == 1 && edns)
			rc = 0; /* FORMERR: a server from before EDNS */
	}
	buf_free(&q);
	return rc == 1 ? 0 : -1;
}
