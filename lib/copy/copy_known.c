/*
 * copy_known.c: recognises at the target what the ledger does not vouch for:
 * mail that another tool brought, copies whose ledger was lost, and appends
 * whose answer a crash swallowed.  One for one: duplicates stay duplicates.
 */
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

struct found { /* a message of the target that nobody has claimed */
	uint8_t sum[16];
	uint64_t id; /* 0: taken */
};
struct pool {
	struct copy *c;
	struct work *w;
	struct found *at;
	size_t n, room;
	int kind; /* index of the sum that is compared */
	uint8_t (*elsewhere)[16]; /* role all: what other folders hold */
	size_t elsewhere_n;
};

static int
kind_index(unsigned int bit)
{
	int k = 0;

	while (bit >>= 1)
		k++;
	return k;
}

int
digest_all(struct store *st, const uint64_t *ids, size_t n,
    unsigned int kinds,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    void *arg, struct fail *f)
{
	struct digest *d = digest_new(kinds, "/tmp");
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < n; i += BURST) {
		size_t some = n - i < BURST ? n - i : BURST, len;
		uint64_t id, octets;
		struct ident ident;
		const char *p;

		rc = store_want(st, ids + i, some, f);
		while (rc == 0 &&
		    (rc = store_body(st, &id, &octets, f)) != 0) {
			if (rc == -1 && f->reach == REACH_MESSAGE) {
				rc = 0; /* it cannot be recognised */
				continue;
			}
			if (rc == -1)
				break;
			digest_reset(d);
			while ((rc = store_read(st, &p, &len, f)) == 1)
				if (digest_add(d, p, len, f) == -1) {
					rc = -1;
					break;
				}
			if (rc == 0)
				rc = digest_end(d, &ident, f);
			if (rc == 0)
				rc = each(arg, id, &ident, f);
		}
		if (rc == 0 && stop_signal() != 0)
			rc = fail_set(f, CODE_CONN, REACH_ENDPOINT,
			    AGAIN_LATER, "copy", "stopped by signal %d",
			    stop_signal());
	}
	digest_free(d);
	return rc;
}

static int
by_sum(const void *a, const void *b)
{
	const struct found *x = a, *y = b;
	int d = memcmp(x->sum, y->sum, sizeof(x->sum));

	return d != 0 ? d : (x->id > y->id) - (x->id < y->id);
}

static int
pool_add(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct pool *p = arg;

	(void)f;
	if (p->n == p->room) {
		p->room = p->room ? p->room + p->room / 2 : 256;
		p->at = mem_resize(p->at, p->room, sizeof(*p->at));
	}
	memcpy(p->at[p->n].sum, ident->sum[p->kind], 16);
	p->at[p->n++].id = id;
	return 0;
}

/* The first entry with this sum, or n. */
static size_t
pool_find(const struct pool *p, const uint8_t *sum, size_t len)
{
	size_t low = 0, high = p->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(p->at[mid].sum, sum, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Takes one that is not taken yet; its id, or 0. */
static uint64_t
pool_take(struct pool *p, const uint8_t *sum, size_t len)
{
	size_t i;
	uint64_t id;

	for (i = pool_find(p, sum, len);
	     i < p->n && memcmp(p->at[i].sum, sum, len) == 0; i++)
		if ((id = p->at[i].id) != 0) {
			p->at[i].id = 0;
			return id;
		}
	return 0;
}

/* L3 is weak: it counts only where it is unique at the target. */
static int
is_unique(const struct pool *p, const uint8_t *sum)
{
	size_t i = pool_find(p, sum, 16);

	return i < p->n && memcmp(p->at[i].sum, sum, 16) == 0 &&
	    (i + 1 == p->n || memcmp(p->at[i + 1].sum, sum, 16) != 0);
}

/* Ids of the target from `from` on that no done entry stands for. */
static int
unclaimed(struct pool *p, uint64_t from, uint64_t **ids, size_t *n,
    struct fail *f)
{
	struct copy *c = p->c;
	uint64_t *claimed;
	size_t claims, room = 0;
	struct buf uid = {0};
	struct msgref m;
	int rc;

	*ids = NULL;
	*n = 0;
	if (ledger_claimed(c->ledger, p->w->dst, p->w->di.uidvalidity,
		p->w->folder, p->w->si.uidvalidity, &claimed, &claims,
		f) == -1)
		return -1;
	rc = store_scan(c->dst, from, f);
	while (rc == 0 && (rc = store_next(c->dst, &m, f)) == 1) {
		buf_reset(&uid);
		store_uid(c->dst, m.id, &uid);
		rc = 0;
		if (set_has(claimed, claims, ledger_hash(uid.data)))
			continue;
		if (*n == room) {
			room = room ? room + room / 2 : 256;
			*ids = mem_resize(*ids, room, sizeof(**ids));
		}
		(*ids)[(*n)++] = m.id;
	}
	free(claimed);
	buf_free(&uid);
	return rc;
}

/* What is done, but of unknown place, takes its share of the pool first. */
static void
give_unplaced(struct pool *p)
{
	uint64_t *prefix;
	size_t i, n = ledger_unplaced(p->c->ledger, &prefix);

	for (i = 0; i < n; i++)
		(void)pool_take(p, (const uint8_t *)&prefix[i], 8);
	free(prefix);
}

static size_t
item_of(const struct work *w, uint64_t id)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->todo[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
by_first_16(const void *key, const void *elem)
{
	return memcmp(key, elem, 16);
}

/* A source message: is it at the target? */
static int
match(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct pool *p = arg;
	struct work *w = p->w;
	size_t i = item_of(w, id);
	const uint8_t *sum = ident->sum[p->kind];
	struct buf uid = {0};
	uint64_t dst = 0;
	int rc = 0;

	if (p->elsewhere != NULL) {
		if (bsearch(ident->sum[0], p->elsewhere, p->elsewhere_n, 16,
			by_first_16) == NULL)
			return 0;
	} else if ((p->kind == 3 && !is_unique(p, sum)) ||
	    (dst = pool_take(p, sum, 16)) == 0)
		return 0;
	if (dst != 0)
		store_uid(p->c->dst, dst, &uid);
	rc = note(p->c, w, i, STEP_DONE, uid.len ? uid.data : "",
	    ident->sum[0], NULL, f);
	buf_free(&uid);
	w->fate[i] = FATE_DONE;
	p->c->sum->same++;
	return rc;
}

/* Strikes off what is left with this fate (or all), by comparing bodies. */
static int
match_items(struct pool *p, int doubt_only, struct fail *f)
{
	struct work *w = p->w;
	uint64_t *ids = mem_array(w->n, sizeof(*ids));
	unsigned int kinds = DIGEST_L0 | 1u << p->kind;
	size_t i, n = 0;
	int rc;

	for (i = 0; i < w->n; i++)
		if (w->fate[i] == FATE_DOUBT ||
		    (!doubt_only && w->fate[i] == FATE_NEW))
			ids[n++] = w->todo[i].id;
	rc = digest_all(p->c->src, ids, n, kinds, match, p, f);
	free(ids);
	return rc;
}

/* Gmail's "all" holds what other folders hold too: those stand for it. */
static int
strike_elsewhere(struct copy *c, struct work *w, struct fail *f)
{
	struct pool p = {.c = c, .w = w};
	int rc;

	if (ledger_digests(c->ledger, &p.elsewhere, &p.elsewhere_n, f) == -1)
		return -1;
	rc = p.elsewhere_n > 0 ? match_items(&p, 0, f) : 0;
	free(p.elsewhere);
	return rc;
}

int
recognise(struct copy *c, struct work *w, struct fail *f)
{
	struct pool p = {.c = c, .w = w, .kind = kind_index(c->match)};
	uint64_t *ids = NULL, from = 0;
	int doubt = ledger_count(c->ledger, KNOWN_INTENT) > 0, rc = 0;
	size_t n = 0;

	if (w->role == ROLE_ALL && strike_elsewhere(c, w, f) == -1)
		return -1;
	if (w->n == 0 || (w->seen && !doubt))
		return 0;
	if (w->seen && (store_can(c->dst) & STORE_UIDS) != 0)
		from = ledger_doubt(c->ledger);
	if (!w->fresh || w->seen)
		rc = unclaimed(&p, from, &ids, &n, f);
	if (rc == 0 && n > 0)
		rc = digest_all(c->dst, ids, n,
		    DIGEST_L0 | 1u << p.kind, pool_add, &p, f);
	free(ids);
	if (rc == 0 && p.n > 0) {
		qsort(p.at, p.n, sizeof(*p.at), by_sum);
		give_unplaced(&p);
		rc = match_items(&p, w->seen, f);
	}
	free(p.at);
	return rc;
}
