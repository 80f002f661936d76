/* imap_weak.c: what a few fields of a header say of messages, as L3. */
#include <stdlib.h>

#include "store/account_p.h"

enum { FIELDS = 1 << 16 }; /* octets of them */

/* One that has come: 1 and its L3, 0 it does not tell it, -1. */
static int
one(struct imap *im, struct buf *head, struct ident *ident, struct fail *f)
{
	const char *p;
	size_t n;
	int rc;

	buf_reset(head);
	buf_add(head, "", 0);
	while ((rc = imap_read(im, &p, &n, f)) == 1)
		if (head->len + n <= FIELDS)
			buf_add(head, p, n);
	*ident = (struct ident){.date = CLOCK_NONE};
	if (rc == -1 || imap_body_size(im, &ident->octets, f) == -1)
		return -1;
	if (ident->octets == 0)
		return 0;
	ident_weak(ident, head->data, head->len);
	return 1;
}

int
account_weak(struct store *st, const uint64_t *ids, size_t n,
    int (*each)(
	void *arg, uint64_t id, const struct ident *ident, struct fail *f),
    void *arg, struct fail *f)
{
	struct imap *im = ((struct imap_account *)(void *)st)->im;
	uint32_t *uids = account_uids(ids, n), uid = 0;
	struct buf head = {0};
	struct ident ident;
	uint64_t len;
	int rc = imap_want(im, uids, n, IMAP_WEAK, st->spool_dir, f);

	while (rc == 0 && (rc = imap_body(im, &uid, &len, f)) != 0) {
		if (rc == 1)
			rc = one(im, &head, &ident, f);
		if (rc == 1)
			rc = each(arg, uid, &ident, f);
		else if (rc == -1 && f->reach == REACH_MESSAGE)
			rc = 0; /* it tells nothing */
	}
	buf_free(&head);
	free(uids);
	return rc;
}
