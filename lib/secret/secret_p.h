/* secret_p.h: what the files of this room share. */
#ifndef SECRET_P_H
#define SECRET_P_H

#include "base/base.h"
#include "secret/secret.h"

enum { SECRET_MAX = 65536 };

int
refuse(struct fail *f, enum code code, const char *fmt, ...) PRINTFLIKE(3, 4);
int take_value(const char *ref, struct buf *raw, int first_line,
    struct secret *out, struct fail *f);
/* raw does not grow while a secret is in it. */
int read_all_fd(int fd, const char *ref, struct buf *raw, struct fail *f);

/* The first line, or what there is before the end, within the patience. */
int read_line_fd(
    int fd, int64_t until, const char *ref, struct buf *raw, struct fail *f);
int64_t secret_deadline(void);

/* secret_file.c: file: and cred:; secret_cmd.c; secret_netrc.c. */
int secret_file(const char *ref, const struct secret_for *whom,
    struct secret *out, struct fail *f);
int secret_cred(const char *ref, const struct secret_for *whom,
    struct secret *out, struct fail *f);
int secret_cmd(const char *ref, const struct secret_for *whom,
    struct secret *out, struct fail *f);
int secret_netrc(const char *ref, const struct secret_for *whom,
    struct secret *out, struct fail *f);
/* Opens a file that holds a secret, or says why it will not. */
int open_private(const char *path, int links, const char *ref, struct fail *f);

#endif
