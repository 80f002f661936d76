/* store_more.c: changes in the folder entered, and what only some kinds can. */
#include <assert.h>

#include "base/base.h"
#include "store/store_p.h"

int
store_flags(struct store *st, const uint64_t *ids, size_t n, const char *add,
    const char *remove, struct fail *f)
{
	size_t i = 0;
	int rc = 0;

	if (!st->opt.write ||
	    (st->ops->flags == NULL && st->ops->flags_of == NULL))
		return store_refuse(st, st->entered, "flags", f);
	if (st->ops->flags_of != NULL)
		rc = st->ops->flags_of(st, ids, n, add, remove, f);
	else
		for (; i < n && rc == 0; i++)
			rc = st->ops->flags(st, ids[i], add, remove, f);
	if (rc == -1)
		return store_at(st, st->entered, n == 1 ? ids[0] : 0, f);
	return 0;
}

int
store_copy(struct store *st, const uint64_t *ids, size_t n, const char *folder,
    uint64_t *to, struct fail *f)
{
	if (st->ops->copy == NULL || !st->opt.write)
		return store_refuse(st, st->entered, "copy", f);
	if (st->ops->copy(st, ids, n, folder, to, f) == -1)
		return store_at(st, st->entered, n == 1 ? ids[0] : 0, f);
	return 0;
}

int
store_expunge(struct store *st, const uint64_t *ids, size_t n, struct fail *f)
{
	if (st->ops->expunge == NULL || !st->opt.write)
		return store_refuse(st, st->entered, "expunge", f);
	if (st->ops->expunge(st, ids, n, f) == -1)
		return store_at(st, st->entered, n == 1 ? ids[0] : 0, f);
	return 0;
}

int
store_quota(struct store *st,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f)
{
	if (st->ops->quota == NULL)
		return 0;
	return st->ops->quota(st, each, arg, f) == -1 ? store_at(st, NULL, 0, f)
						      : 0;
}

int
store_acl(struct store *st, const char *folder,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f)
{
	if (st->ops->acl == NULL)
		return 0;
	if (st->ops->acl(st, folder, each, arg, f) == -1)
		return store_at(st, folder, 0, f);
	return 0;
}

int
store_rights(
    struct store *st, const char *folder, struct buf *rights, struct fail *f)
{
	int rc = 0;

	if (st->ops->rights != NULL)
		rc = st->ops->rights(st, folder, rights, f);
	return rc == -1 ? store_at(st, folder, 0, f) : rc;
}

int
store_scan_since(
    struct store *st, uint64_t from, uint64_t since, struct fail *f)
{
	assert(st->ops->scan_since != NULL && st->entered != NULL);
	if (st->ops->scan_since(st, from, since, f) == -1)
		return store_at(st, st->entered, 0, f);
	return 0;
}

int
store_there(struct store *st,
    void (*each)(void *arg, uint32_t low, uint32_t high), void *arg,
    struct fail *f)
{
	int rc;

	assert(st->ops->there != NULL && st->entered != NULL);
	rc = st->ops->there(st, each, arg, f);
	return rc == -1 ? store_at(st, st->entered, 0, f) : rc;
}

int
store_weak(struct store *st, const uint64_t *ids, size_t n,
    int (*each)(
	void *arg, uint64_t id, const struct ident *ident, struct fail *f),
    void *arg, struct fail *f)
{
	assert(st->ops->weak != NULL && st->entered != NULL);
	if (st->ops->weak(st, ids, n, each, arg, f) == -1)
		return store_at(st, st->entered, 0, f);
	return 0;
}
