/* msg_p.h: what the files of this room share. */
#ifndef MSG_P_H
#define MSG_P_H

#include "base/base.h"
#include "msg/msg.h"

/* ---- headers.c ---- */

struct field {
	const char *start, *name, *value;
	size_t whole, name_len, value_len;
};
/* The next field with its folded lines; 1, or 0 at the blank line or end.
 * A line without a colon is a field without a name. */
int field_next(struct field *fl, const char **s, size_t *n);
int field_is(const struct field *fl, const char *name);
void field_unfold(struct buf *b, const struct field *fl);

/* ---- hash.c ---- */

struct hash;
struct hash *hash_new(void);
void hash_free(struct hash *h);
void hash_reset(struct hash *h);
void hash_add(struct hash *h, const void *p, size_t n);
void hash_copy(struct hash *to, const struct hash *from);
void hash_end(struct hash *h, uint8_t out[32]);

/* ---- identity.c: the header's part of L1, L2 and L3 ---- */

/* The identity fields of a header as text, one a line, in their order. */
void
identity_fields(struct buf *out, const char *head, size_t n, int content_too);

/* ---- params.c ---- */

enum { PARAM_PARTS = 100 };
/*
 * The parameter `name` of an unfolded field, appended: 1, or 0.  Its forms in
 * this order: name*, name*0 with name*1 and so on, name.  Percent-decoded
 * where it says that it is encoded; its charset is not applied.
 */
int param_value(struct buf *out, const char *s, size_t n, const char *name);

/* ---- leaf.c ---- */

enum coding { CODING_NONE, CODING_QUOTED, CODING_BASE64 };
/*
 * SHA-256 of what n encoded octets decode to.  Text is read as DIGEST_END
 * reads a message; of the rest the line ends of what has no encoding are made
 * CRLF, since only their transport knows them (RFC 2049 4).
 */
void leaf_digest(
    uint8_t out[32], const char *p, size_t n, enum coding coding, int is_text);

/* ---- parts.c ---- */

/* 1 and the sum, 0 if it is refused, -1 failed. */
int parts_digest(struct spool *s, uint8_t out[32], struct fail *f);

#endif
