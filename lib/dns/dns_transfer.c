/* dns_transfer.c: a whole zone over TCP (RFC 5936). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dns/dns_p.h"

struct dns_transfer {
	struct dns_server server;
	struct verifier verifier;
	struct buf question, message;
	ldns_pkt *pkt; /* its answer is being handed out */
	size_t at;
	char *zone, *soa; /* the first record's rdata */
	int fd, ended, first_seen;
};

int
dns_transfer(struct dns_transfer **t, const struct dns_server *s,
    const char *zone, struct fail *f)
{
	struct dns_transfer *x = *t = mem_alloc(sizeof(*x));
	int64_t deadline = deadline_of();

	(void)fail_at(f, "%s", s->text);
	x->server = *s;
	x->fd = -1;
	x->verifier.key = s->key;
	x->zone = mem_strdup(zone);
	if (question(&x->question, zone, LDNS_RR_TYPE_AXFR, 0, 0, f) == -1)
		return -1;
	if (s->key != NULL)
		tsig_sign(&x->question, s->key, &x->verifier.prior);
	if ((x->fd = tcp_open(s, deadline, f)) == -1)
		return -1;
	return tcp_send(x->fd, &x->question, deadline, f);
}

static int
spoilt(struct dns_transfer *t, struct fail *f, const char *why)
{
	(void)fail_at(f, "%s", t->server.text);
	return dns_fail(
	    f, CODE_PROTO, AGAIN_LATER, "transfer", "%s: %s", t->zone, why);
}

/* The next message is in pkt: 0, -1. */
static int
next_message(struct dns_transfer *t, struct fail *f)
{
	struct buf *m = &t->message;
	unsigned int error = 0, rcode;
	int rc = tcp_receive(t->fd, m, deadline_of(), f);

	ldns_pkt_free(t->pkt);
	t->pkt = NULL;
	t->at = 0;
	if (rc == 0)
		return spoilt(t, f, "cut before its end");
	if (rc == -1)
		return -1;
	if (!wire_fits(&t->question, m->data, m->len, 0) &&
	    !(t->first_seen && wire_u16(m->data, 4) == 0 &&
		wire_u16(m->data, 0) == wire_u16(t->question.data, 0)))
		return spoilt(t, f, "a message of something else");
	if (t->verifier.key != NULL &&
	    tsig_verify(&t->verifier, m, &error, f) == -1)
		return -1;
	rcode = wire_u16(m->data, 2) & 15;
	if (rcode != 0)
		return dns_fail(f,
		    rcode == 5 || rcode == 9 ? CODE_AUTH : CODE_CONN,
		    AGAIN_NEVER, "transfer", "%s: %s%s%s", t->zone,
		    dns_rcode(rcode), error ? " " : "",
		    error ? dns_rcode(error) : "");
	if (ldns_wire2pkt(&t->pkt, (uint8_t *)m->data, m->len) !=
	    LDNS_STATUS_OK) {
		t->pkt = NULL;
		return spoilt(t, f, "malformed");
	}
	return 0;
}

/* The second SOA ends it; what is signed must be so to the end. */
static int
is_end(struct dns_transfer *t, const struct dns_rr *rr, struct fail *f)
{
	if (!t->first_seen) {
		if (strcmp(rr->type, "SOA") != 0 ||
		    strcmp(rr->name, t->zone) != 0)
			return spoilt(t, f, "does not begin with its SOA");
		t->first_seen = 1;
		t->soa = mem_strdup(rr->rdata);
		return 0;
	}
	if (!dns_is_below(rr->name, t->zone))
		return spoilt(t, f, "holds a name from elsewhere");
	if (strcmp(rr->type, "SOA") != 0)
		return 0;
	if (strcmp(rr->rdata, t->soa) != 0)
		return spoilt(t, f, "changed while it was read");
	if (t->verifier.pending.len > 0)
		return spoilt(t, f, "its end is not signed");
	return 1;
}

int
dns_transfer_next(
    struct dns_transfer *t, struct arena *a, struct dns_rr *rr, struct fail *f)
{
	const ldns_rr_list *l;
	int rc;

	if (t->ended)
		return 0;
	while (t->pkt == NULL ||
	    t->at >= ldns_rr_list_rr_count(ldns_pkt_answer(t->pkt)))
		if (next_message(t, f) == -1)
			return -1;
	l = ldns_pkt_answer(t->pkt);
	if (rr_text(a, rr, ldns_rr_list_rr(l, t->at++)) == -1)
		return spoilt(t, f, "a record has no text");
	if ((rc = is_end(t, rr, f)) == -1)
		return -1;
	t->ended = rc;
	return !rc;
}

void
dns_transfer_free(struct dns_transfer *t)
{
	if (t == NULL)
		return;
	if (t->fd != -1)
		(void)close(t->fd);
	ldns_pkt_free(t->pkt);
	buf_free(&t->question);
	buf_free(&t->message);
	buf_free(&t->verifier.pending);
	free(t->zone);
	free(t->soa);
	free(t);
}
