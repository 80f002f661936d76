/* net_p.h: what the files of this room share. */
#ifndef NET_P_H
#define NET_P_H

#include <zlib.h>

#include "base/base.h"
#include "net/net.h"

extern struct net_opt net_opt;

int net_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...) PRINTFLIKE(5, 6);

/* ---- dial.c: a connected descriptor, not blocking ---- */

/* *pid is the tunnel's, or 0. */
int dial(const struct endpoint *e, int *pid, struct fail *f);
/* Ends a tunnel without waiting for it; pid 0: there was none. */
void tunnel_end(int pid);

/* ---- tls.c: TLS over a descriptor; states as in poll(2) ---- */

struct tls;
/* The handshake, with its deadline. */
struct tls *
tls_start(const struct endpoint *e, const char *key, int fd, struct fail *f);
void tls_free(struct tls *t);
/* Octets moved; 0 wait for *events; -1 failed; TLS_EOF at the end. */
enum { TLS_EOF = -2 };
long tls_read(struct tls *t, void *p, size_t n, short *events, struct fail *f);
long tls_write(
    struct tls *t, const void *p, size_t n, short *events, struct fail *f);
size_t tls_pending(const struct tls *t);
size_t tls_binding(const struct tls *t, uint8_t out[64]);

/* ---- stream.c, stream_in.c, stream_out.c ---- */

enum { CHUNK = 65536 };

struct stream {
	int fd;
	int pid; /* of a tunnel, else 0 */
	struct endpoint const *e;
	char *label;
	char *key;
	struct tls *tls;
	z_stream *in_z, *out_z;
	struct buf in; /* read, not yet handed out */
	size_t at; /* what of it was */
	struct buf raw; /* compressed input */
	struct buf out;
	int eof, masked;
	size_t chop;
	uint64_t octets_in, octets_out;
};

/* Waits for fd until the deadline (monotonic ms) or the stop: 1, 0 late. */
int wait_fd(int fd, short events, int64_t deadline);
int64_t idle_deadline(void);
/* Fails: no progress, or stopped. */
int stream_late(struct stream *s, const char *what, struct fail *f);
void stream_trace(struct stream *s, int out, const char *p, size_t n);
/* One read without waiting, into s->in, through the decompression where there
 * is one: 1 some octets (or s->eof), 0 wait for *events, -1. */
int stream_fill(struct stream *s, short *events, struct fail *f);

#endif
