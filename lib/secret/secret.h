/*
 * secret: references to secrets (never secrets themselves) and what they
 * yield; kinds and rules in mbx-endpoint(7).
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

struct fail;

struct secret {
	char *data; /* NUL-terminated, mlocked where allowed */
	size_t len;
};
struct secret_for { /* whom netrc: looks up */
	const char *user, *host;
	unsigned int port;
};

/*
 * First thing in main: moves the environment to private memory and
 * overwrites the original block, so that /proc/PID/environ never shows what
 * `env:` names; core dumps off, not dumpable.
 */
void secret_init(void);
/*
 * ref is file:PATH, cmd:COMMAND, env:NAME, netrc:[PATH], cred:NAME or fd:N.
 * CODE_CONFIG for a bad reference or a missing one, CODE_AUTH where the mode,
 * owner or kind of the file is refused, CODE_TIMEOUT after 30 s of cmd: or
 * fd:, CODE_CONFIG where a command ends in anything but 0.
 * The value is the first line less its newline for cmd: and fd:, and file:,
 * cred: less one trailing newline; NUL is refused; at most 64 KiB.
 */
int secret_get(const char *ref, const struct secret_for *whom,
    struct secret *out, struct fail *f);
void secret_wipe(struct secret *s);
/*
 * env: and fd: can be read once only, by the process that hands rows out.
 * secret_preload reads and keeps such a reference (others: nothing, 0) and
 * takes env: names out of the environment of later children; secret_export
 * appends what was kept for ref to a frame for a worker, secret_import takes
 * it in there.
 */
int secret_preload(const char *ref, struct fail *f);
int secret_is_kept(const char *ref); /* preloaded or imported before */
struct buf;
void secret_export(struct buf *b, const char *ref);
void secret_import(const char *p, size_t n);
/*
 * Masks every secret that this process has got so far, plain and base64, in
 * a text for people: 1 if one was found and replaced by ***.
 */
int secret_mask(struct buf *text);

/* Test seam: how long cmd: and fd: may take, instead of 30,000 ms. */
void secret_patience(int ms);

#endif
