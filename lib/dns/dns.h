/*
 * dns: names and records as text, questions to a stated server, the servers
 * of a zone, transfers (RFC 5936), updates (RFC 2136) and signatures (RFC
 * 8945).  Whatever a server says is taken only after its id, its question and
 * its signature fit; everything has a deadline.
 */
#ifndef DNS_H
#define DNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct arena;
struct fail;

/* ---- dns_text.c: names and records ---- */

/* Canonical: names absolute and in lower case, rdata in one spelling, so that
 * equal records are equal strings. */
struct dns_rr {
	const char *name, *type, *rdata;
	uint32_t ttl;
};
struct dns_list {
	struct dns_rr *rr;
	size_t n;
};
/* Absolute whether or not text ends in a dot; A-labels only.  CODE_ROW. */
int
dns_name(struct arena *a, const char **name, const char *text, struct fail *f);
/*
 * One record from its text; type in any case or TYPEnnn.  CODE_ROW where it is
 * none, names a host without its final dot, or is of a type that no zone
 * holds.
 */
int dns_rr(struct arena *a, struct dns_rr *rr, const char *name,
    const char *type, uint32_t ttl, const char *rdata, struct fail *f);
/* The same as a zone file has it: names relative to origin, no wishes. */
int dns_rr_in(struct arena *a, struct dns_rr *rr, const char *name,
    const char *type, uint32_t ttl, const char *rdata, const char *origin);
/* The name is zone or lies below it. */
int dns_is_below(const char *name, const char *zone);
/* The name without its first label; NULL for the root. */
const char *dns_parent(const char *name);
/* Whether the type exists, and its spelling: "MX", "TYPE65400"; else NULL. */
const char *dns_type(struct arena *a, const char *text);
/* Preference and host of an MX's rdata, the host of SRV, CNAME, NS; NULL. */
const char *dns_target(const struct dns_rr *rr);
/* One character-string after the other of a TXT's rdata, without quotes. */
const char *dns_txt(struct arena *a, const char *rdata);

void dns_add(struct arena *a, struct dns_list *l, const struct dns_rr *rr);
/* By name, type and rdata; the same record twice becomes one. */
void dns_sort(struct dns_list *l);
/* Those of a name (NULL: all) and a type. */
void dns_pick(struct arena *a, struct dns_list *to, const struct dns_list *from,
    const char *name, const char *type);
/* The same names, types and rdata (both sorted); ttl: and TTLs. */
int dns_same(const struct dns_list *a, const struct dns_list *b, int ttl);
uint32_t dns_ttl_max(const struct dns_list *l); /* 0 of none */
/* min(TTL, MINIMUM) of a SOA record: how long a "no" lives (RFC 2308 5). */
uint32_t dns_negative(const struct dns_rr *soa);
/* A number of a SOA's rdata: 0 serial, 1 refresh, 2 retry, 3 expire. */
uint32_t dns_soa_number(const struct dns_rr *soa, unsigned int which);

/* ---- dns_key.c: TSIG keys ---- */

struct dns_key;
/*
 * The first key of a text in BIND's syntax: a file that only its owner may
 * read, or another reference of secret.h (cred:NAME).  hmac-sha256, -sha384
 * and -sha512 only.  CODE_AUTH for the file's mode, CODE_CONFIG.
 */
int dns_key_read(struct dns_key **k, const char *ref, struct fail *f);
void dns_key_free(struct dns_key *k); /* wiped; NULL is fine */
const char *dns_key_name(const struct dns_key *k);

/* ---- dns_server.c ---- */

/* Options of a run; set once.  Strings are not copied. */
struct dns_opt {
	const char *resolver; /* ADDR[#PORT]; NULL: /etc/resolv.conf's first */
	const char *source; /* address to ask from; NULL: any */
	uint64_t port; /* of servers found by name; 0: 53 */
	uint64_t timeout_s; /* of a question; 0: 5 */
	int family; /* 0, 4 or 6 */
};
int dns_setup(const struct dns_opt *o, struct fail *f);

struct dns_server {
	struct sockaddr_storage addr;
	socklen_t len;
	char text[80]; /* 127.0.0.1#53 */
	/* By one of the two a server with views knows whom it may show what. */
	const struct dns_key *key; /* signs all that is asked; NULL: nothing */
	const char *source; /* instead of dns_opt's; NULL */
};
/* ADDR[#PORT], or a host's name, which the resolver is asked for. */
int dns_server(struct dns_server *s, const char *text, struct fail *f);

/* ---- dns_ask.c ---- */

enum { DNS_NOERROR = 0, DNS_SERVFAIL = 2, DNS_NXDOMAIN = 3, DNS_NOTIMP = 4 };

struct dns_reply {
	unsigned int rcode;
	unsigned int tsig_error; /* of a signed request */
	int64_t server_clock; /* with BADTIME; else CLOCK_NONE */
	int aa, ad;
	struct dns_list answer, authority, additional; /* sorted */
};
const char *dns_rcode(unsigned int rcode); /* "NXDOMAIN"; "RCODE77" */
/* NULL, or why a signed request was not believed: "BADKEY: ...". */
const char *dns_tsig_error(struct arena *a, const struct dns_reply *r);
/*
 * One question, without recursion unless recurse.  UDP, then TCP where the
 * answer is cut or nobody answers; with a key TCP alone, both signed.  A reply
 * with any rcode is 0.  CODE_TIMEOUT, CODE_CONN, CODE_PROTO (garbage),
 * CODE_AUTH (a signed question was not answered with a good signature).
 */
int dns_ask(struct arena *a, const struct dns_server *s, int recurse,
    const char *name, const char *type, struct dns_reply *r, struct fail *f);

/* ---- dns_zone.c: who knows a zone ---- */

/* The zone that a name lies in, by this server; NULL: by the resolver. */
int dns_zone_of(struct arena *a, const struct dns_server *s, const char *name,
    const char **zone, struct fail *f);
/* Every address of every name server of the zone. */
int dns_servers(struct arena *a, const char *zone, struct dns_server **s,
    size_t *n, struct fail *f);
/* The first address of the zone's primary, SOA MNAME. */
int dns_primary(
    struct arena *a, const char *zone, struct dns_server *s, struct fail *f);
/* Every address of a host, by the resolver; none is 0 and *n == 0. */
int dns_addresses(
    struct arena *a, const char *host, struct dns_list *l, struct fail *f);
/* What the resolver knows; an empty answer is 0. */
int dns_look(struct arena *a, const char *name, const char *type,
    struct dns_reply *r, struct fail *f);

/* ---- dns_transfer.c ---- */

struct dns_transfer;
/* AXFR: one record after the other, the SOA first and not again at the end. */
int dns_transfer(struct dns_transfer **t, const struct dns_server *s,
    const char *zone, struct fail *f);
/* 1 and a record in a, 0 the zone is complete, -1. */
int dns_transfer_next(
    struct dns_transfer *t, struct arena *a, struct dns_rr *rr, struct fail *f);
void dns_transfer_free(struct dns_transfer *t);

/* ---- dns_update.c ---- */

/* What a set must be for the update to happen, and what it then becomes; with
 * neither it must not exist, and stays so. */
struct dns_change {
	const char *name, *type;
	struct dns_list seen, wanted;
	int keep; /* seen is demanded, nothing is changed */
};
/*
 * All changes at once or none, over TCP.  *sent is set before the first octet
 * goes out: -1 with *sent means that nobody knows whether it was done.  A
 * refusal is 0 with its rcode and TSIG error in r.
 */
int dns_update(const struct dns_server *s, const char *zone,
    const struct dns_change *c, size_t n, int *sent, struct dns_reply *r,
    struct fail *f);

#endif
