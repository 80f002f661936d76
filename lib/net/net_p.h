/* net_p.h: what the files of this room share. */
#ifndef NET_P_H
#define NET_P_H

#include "base/base.h"
#include "net/net.h"

extern struct net_opt net_opt;

int net_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...) PRINTFLIKE(5, 6);

/* ---- dial.c: a connected descriptor, not blocking ---- */

/* *pid is the tunnel's, or 0. */
int dial(const struct endpoint *e, int *pid, struct fail *f);

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

/* ---- stream.c ---- */

/* Waits for fd until the deadline (monotonic ms) or the stop: 1, 0 late. */
int wait_fd(int fd, short events, int64_t deadline);
int64_t idle_deadline(void);

#endif
