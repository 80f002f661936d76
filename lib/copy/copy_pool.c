/* copy_pool.c: messages of the target, told apart by a digest. */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

static int
hash_in(const uint64_t *set, size_t n, uint64_t v)
{
	return n > 0 && bsearch(&v, set, n, sizeof(v), order_u64) != NULL;
}

int
kind_number(unsigned int bit)
{
	int k = 0;

	while (bit >>= 1)
		k++;
	return k;
}

/* ---- bodies, for their digests ---- */

static int
digest_one(
    struct store *st, struct digest *d, struct ident *ident, struct fail *f)
{
	const char *p;
	size_t n;
	int rc;

	digest_reset(d);
	while ((rc = store_read(st, &p, &n, f)) == 1)
		if (digest_add(d, p, n, f) == -1)
			return -1;
	return rc == -1 ? -1 : digest_end(d, ident, f);
}

int
digest_burst(struct copy *c, struct store *st, const uint64_t *ids, size_t n,
    struct digest *d,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    void *arg, struct fail *f)
{
	uint64_t id, octets;
	struct ident ident;
	int rc = store_want(st, ids, n, f);

	while (rc == 0 && (rc = store_body(st, &id, &octets, f)) != 0) {
		if (rc == 1) {
			rc = digest_one(st, d, &ident, f);
			pace(c, octets);
		}
		if (rc == 0)
			rc = each(arg, id, &ident, f);
		else if (f->reach == REACH_MESSAGE)
			rc = 0; /* unreadable: it cannot be recognised */
		if (rc == 0)
			rc = stopping(f);
	}
	return rc == 0 ? late(c, f) : rc;
}

int
pool_burst(struct pool *p, struct store *st, const uint64_t *ids, size_t n,
    struct digest *d,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    struct fail *f)
{
	if (p->kind != DIGEST_L3 || (store_can(st) & STORE_WEAK) == 0)
		return digest_burst(p->c, st, ids, n, d, each, p, f);
	if (stopping(f) == -1 || late(p->c, f) == -1)
		return -1;
	return store_weak(st, ids, n, each, p, f);
}

/* ---- the pool ---- */

static int
by_sum(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int d = memcmp(x->sum, y->sum, sizeof(x->sum));

	return d != 0 ? d : (x->id > y->id) - (x->id < y->id);
}

void
pool_sort(struct pool *p)
{
	if (p->n > 0)
		qsort(p->at, p->n, sizeof(*p->at), by_sum);
}

static int
by_id(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

struct found *
pool_add(struct pool *p, uint32_t id)
{
	if (p->n == p->room) {
		p->room = p->room ? p->room + p->room / 2 : 256;
		p->at = mem_resize(p->at, p->room, sizeof(*p->at));
	}
	memset(&p->at[p->n], 0, sizeof(*p->at));
	p->at[p->n].id = id;
	return &p->at[p->n++];
}

int
pool_unclaimed(
    struct pool *p, const struct sides *s, uint64_t from, struct fail *f)
{
	struct copy *c = p->c;
	uint64_t *claimed;
	size_t n;
	struct buf uid = {0};
	struct msgref m;
	int rc;

	if (ledger_claimed(c->ledger, s, &claimed, &n, f) == -1)
		return -1;
	rc = store_scan(c->dst, from, f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		uint64_t hash;

		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		hash = ledger_hash(uid.data);
		if (!hash_in(claimed, n, hash)) {
			struct found *at = pool_add(p, (uint32_t)m.id);

			at->flags = intern_number(
			    p->w->words, m.flags, strlen(m.flags));
			at->date = (uint32_t)m.date;
		}
		rc = 0;
	}
	free(claimed);
	buf_free(&uid);
	return rc;
}

static int
set_sum(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	const struct pool *p = arg;
	struct found like = {.id = (uint32_t)id}, *at;

	(void)f;
	at = bsearch(&like, p->at, p->n, sizeof(like), by_id);
	if (at != NULL && (ident->have & p->kind) != 0)
		memcpy(at->sum, ident->sum[kind_number(p->kind)], 16);
	return 0;
}

int
pool_fill(struct pool *p, struct fail *f)
{
	struct digest *d = digest_new(p->kind, "/tmp");
	uint64_t ids[BURST];
	size_t i, k, n = 0;
	int rc = 0;

	for (i = k = 0; i < p->n; i++)
		if (p->at[i].id != 0)
			p->at[k++] = p->at[i];
	p->n = k;
	for (i = 0; i < p->n; i++)
		memset(p->at[i].sum, 0, sizeof(p->at[i].sum));
	if (p->n > 0)
		qsort(p->at, p->n, sizeof(*p->at), by_id);
	for (i = 0; rc == 0 && i < p->n; i++) {
		ids[n++] = p->at[i].id;
		if (n < BURST && i + 1 < p->n)
			continue;
		rc = pool_burst(p, p->c->dst, ids, n, d, set_sum, f);
		n = 0;
	}
	digest_free(d);
	pool_sort(p);
	return rc;
}

int
pool_likeness(const struct found *at, const struct item *it)
{
	if (it->date == CLOCK_NONE) /* a source that knows neither */
		return 3;
	return 2 * (at->date == (uint32_t)it->date) + (at->flags == it->flags);
}

struct found *
pool_find(const struct pool *p, const uint8_t *sum, const struct item *it)
{
	size_t low = 0, high = p->n;
	struct found *best = NULL;
	int is, most = -1;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(p->at[mid].sum, sum, 16) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; most < 3 && low < p->n && memcmp(p->at[low].sum, sum, 16) == 0;
	     low++)
		if (p->at[low].id != 0 &&
		    (is = pool_likeness(&p->at[low], it)) > most) {
			most = is;
			best = &p->at[low];
		}
	return best;
}
