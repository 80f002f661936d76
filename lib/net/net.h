/*
 * net: endpoints, and a byte stream to one: TCP or a command, then TLS
 * (RFC 8446, 5246; names RFC 6125), then DEFLATE (RFC 4978).  Everything has a
 * deadline on progress and gives up at stop_deadline().
 */
#ifndef NET_H
#define NET_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct buf;

/* ---- endpoint.c: a store named by URL, see mbx-endpoint(7) ---- */

enum scheme {
	SCHEME_IMAP,
	SCHEME_IMAPS,
	SCHEME_POP3,
	SCHEME_POP3S,
	SCHEME_MAILDIR,
	SCHEME_MBOX
};
enum tls_mode { TLS_REQUIRED, TLS_NONE, TLS_1_0 };

/* All strings are the endpoint's own, decoded; NULL where not given. */
struct endpoint {
	enum scheme scheme;
	char *user;
	char *host; /* lower case, IPv6 without brackets */
	uint16_t port; /* the scheme's default filled in */
	char *path; /* maildir: and mbox: */
	char *auth; /* SASL mechanism, upper case */
	char *authzid;
	char *ca; /* file or directory */
	char *cert; /* file, EXTERNAL */
	char *key; /* secret reference, EXTERNAL */
	char *pin; /* SPKI SHA-256, base64; decides alone */
	char *resolve; /* address to dial instead of looking host up */
	char *tunnel; /* command whose stdin and stdout are the stream */
	char *layout; /* maildir: "fs" or NULL */
	enum tls_mode tls;
	int compress; /* COMPRESS=DEFLATE asked for */
};
/* Fails with CODE_CONFIG and a why that names the part that is wrong.
 * e is filled or left empty; endpoint_free either way. */
int endpoint_parse(struct endpoint *e, const char *url, struct fail *f);
void endpoint_free(struct endpoint *e);
void endpoint_copy(struct endpoint *to, const struct endpoint *from);
/*
 * A URL from a template with {account}, {user} (before the last @) and
 * {domain} in it, percent-encoded: CODE_CONFIG where an account would leave
 * the directory that a path is in.
 */
int endpoint_template(
    struct buf *url, const char *t, const char *account, struct fail *f);
int endpoint_is_net(const struct endpoint *e);
const char *scheme_name(enum scheme s);
/* For messages, without parameters but the one that says whose mailbox it is:
 * imaps://anna@old:1143, imaps://root@old;authzid=anna */
void endpoint_label(struct buf *b, const struct endpoint *e);
/* As the row key wants it: scheme, user, lower-case host, port unless the
 * default, authzid if there is one; maildir and mbox: the path as given. */
void endpoint_reduce(struct buf *b, const struct endpoint *e);

/* ---- tls.c ---- */

/* Options of a run, the same for every endpoint; strings not owned. */
struct net_opt {
	int family; /* 0, 4 or 6 */
	int insecure; /* --insecure: no verification at all */
	unsigned int connect_s, idle_s; /* 0: 30 and 300 */
	void (*note)(void *, const char *line); /* loud things; may be NULL */
	void (*trace)(void *, int out, const char *p, size_t n); /* -vv */
	void *arg;
};
/*
 * Finds the CA bundle (each process loads it when it first needs it: 30 ms)
 * and pins the name service to files and dns.  Once, before any fork.  Sets the
 * options that net_dial uses; the struct must outlive the process's
 * connections.
 */
int net_setup(const struct net_opt *opt, struct fail *f);
/* The OpenSSL version and the CA bundle in use, for --version -v. */
const char *net_version(void);

/* ---- stream.c ---- */

struct stream;
/*
 * Dials (all addresses in turn) or starts the tunnel; e outlives the stream.
 * TLS at once for imaps and pop3s.  key is the client certificate's private key
 * in PEM (NULL without EXTERNAL); it is not kept.  CODE_CONN, CODE_TIMEOUT,
 * CODE_TLS; TLS failures say which check failed and what names the certificate
 * has.
 */
struct stream *
net_dial(const struct endpoint *e, const char *key, struct fail *f);
void stream_close(struct stream *s); /* NULL is fine; never blocks */
/* After the server's OK.  Plaintext that is already there is CODE_PROTO. */
int stream_starttls(struct stream *s, struct fail *f);
int stream_is_tls(const struct stream *s);
/* Both directions become raw deflate (RFC 4978 section 4). */
int stream_deflate(struct stream *s, struct fail *f);
/* tls-server-end-point data (RFC 5929), 0 octets without TLS. */
size_t stream_binding(const struct stream *s, uint8_t out[64]);
/* Octets moved since the dial, for progress and rates. */
uint64_t stream_octets_in(const struct stream *s);
uint64_t stream_octets_out(const struct stream *s);
/* Stops tracing while a credential is on its way (counts nest). */
void stream_mask(struct stream *s, int on);

/*
 * Input.  Reading flushes what is queued for output first.
 * stream_line: the next line without its LF or CRLF, valid until the next
 * read call; longer than max is CODE_PROTO.  1 a line, 0 EOF before any octet
 * of it, -1.  line[n] is the CR or LF that ended it.
 * stream_some: 1 and between 1 and max octets in place, valid until the next
 * read call; 0 EOF; -1.
 */
int stream_line(
    struct stream *s, char **line, size_t *n, size_t max, struct fail *f);
int stream_some(
    struct stream *s, const char **p, size_t *n, size_t max, struct fail *f);
/* Takes back the last n octets that stream_some gave out just now. */
void stream_unread(struct stream *s, size_t n);
/* 1 if stream_line or stream_some would not wait (whole buffers only: a part
 * of a line counts as ready), 0 not, -1 failed. */
int stream_ready(struct stream *s, struct fail *f);
/* Waits until one of n streams is ready or ms have passed: its index, n on
 * time-out, -1 failed.  ms -1: the idle deadline. */
int stream_wait(struct stream **s, size_t n, int ms, struct fail *f);

/*
 * Output is queued (64 KiB) and goes out when full, at stream_flush and
 * before a read waits.  While writing waits, input is taken in as well, so
 * that two ends that both talk cannot block each other.
 */
int stream_write(struct stream *s, const void *p, size_t n, struct fail *f);
int stream_flush(struct stream *s, struct fail *f);

/* Test seam: every read and write moves at most n octets (0: no limit). */
void stream_chop(struct stream *s, size_t n);

#endif
