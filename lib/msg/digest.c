/*
 * digest.c: the digests of one message, while its octets stream by.  The
 * canonical form reads each CR* LF as CRLF; every kind but RAW is of it.
 */
#include <stdlib.h>
#include <string.h>

#include "msg/msg_p.h"

enum { HEAD_MAX = 1 << 20, MASKED = 4096 };

enum { L0, L1, L2, L3, RAW, END, STORE, BYTES, SYNC };

/* Holds back line ends until something follows them. */
struct trim {
	struct hash *hash;
	uint64_t held;
};

struct digest {
	unsigned int kinds;
	struct hash *hash[DIGEST_KINDS];
	struct trim end, store, bytes;
	size_t crs; /* CRs at the end of the last piece */
	int differs; /* the octets are not canonical; RAW has its own hash */
	int head_done, any_head;
	int synced; /* SYNC is not L0; its hash is used */
	struct buf head; /* canonical header, up to HEAD_MAX */
	struct spool *spool;
	uint64_t octets;
};

static const struct {
	enum rung rung;
	const char *name;
	int kind;
} rungs[] = {
    {RUNG_EXACT, "exact", RAW},
    {RUNG_EOL, "eol", L0},
    {RUNG_EOL_END, "eol+end", END},
    {RUNG_STORE, "store", STORE},
    {RUNG_BYTES, "bytes", BYTES},
    {RUNG_PARTS, "parts", L2},
};

const char *
rung_name(enum rung r)
{
	return r < RUNG_DIFFERENT ? rungs[r].name : "different";
}

int
rung_of(const char *name, enum rung *r)
{
	size_t i;

	for (i = 0; i < LENGTH(rungs); i++)
		if (strcmp(rungs[i].name, name) == 0) {
			*r = rungs[i].rung;
			return 1;
		}
	return 0;
}

enum rung
ident_rung(const struct ident *a, const struct ident *b)
{
	size_t i;

	for (i = 0; i < LENGTH(rungs); i++) {
		int k = rungs[i].kind;

		if ((a->have & b->have & 1u << k) != 0 &&
		    memcmp(a->sum[k], b->sum[k], 32) == 0)
			return rungs[i].rung;
	}
	return RUNG_DIFFERENT;
}

unsigned int
digest_level(const char *name)
{
	if (name[0] == 'L' && name[1] >= '0' && name[1] <= '3' &&
	    name[2] == '\0')
		return 1u << (name[1] - '0');
	return 0;
}

struct digest *
digest_new(unsigned int kinds, const char *dir)
{
	struct digest *d = mem_alloc(sizeof(*d));
	int k;

	d->kinds = kinds | DIGEST_L0;
	for (k = 0; k < DIGEST_KINDS; k++)
		if (d->kinds & 1u << k && k != L2 && k != L3)
			d->hash[k] = hash_new();
	if (kinds & DIGEST_L2)
		d->spool = spool_new(dir);
	d->any_head = (kinds &
			  (DIGEST_L1 | DIGEST_L3 | DIGEST_STORE | DIGEST_BYTES |
			      DIGEST_SYNC)) != 0;
	buf_add(&d->head, "", 0);
	digest_reset(d);
	return d;
}

void
digest_free(struct digest *d)
{
	int k;

	if (d == NULL)
		return;
	for (k = 0; k < DIGEST_KINDS; k++)
		hash_free(d->hash[k]);
	spool_free(d->spool);
	buf_free(&d->head);
	free(d);
}

void
digest_reset(struct digest *d)
{
	int k;

	for (k = 0; k < DIGEST_KINDS; k++)
		if (d->hash[k] != NULL)
			hash_reset(d->hash[k]);
	d->end = (struct trim){d->hash[END], 0};
	d->store = (struct trim){d->hash[STORE], 0};
	d->bytes = (struct trim){d->hash[BYTES], 0};
	d->crs = 0;
	d->differs = d->head_done = d->synced = 0;
	d->octets = 0;
	buf_reset(&d->head);
	if (d->spool != NULL)
		spool_reset(d->spool);
}

/* ---- below the canonical octets ---- */

/* A piece never ends between a CR and its LF. */
static void
trim_add(struct trim *t, const char *p, size_t n)
{
	size_t e = n;
	uint64_t ends = 0;

	if (t->hash == NULL)
		return;
	while (e >= 2 && p[e - 2] == '\r' && p[e - 1] == '\n') {
		e -= 2;
		ends++;
	}
	if (e > 0) {
		for (; t->held > 0; t->held--)
			hash_add(t->hash, "\r\n", 2);
		hash_add(t->hash, p, e);
	}
	t->held += ends;
}

/*
 * What servers do to octets, undone by leaving out: NUL and 0x80 and CRs that
 * end no line; in headers all 8-bit octets, X and ?.
 */
static void
mask_add(struct trim *t, const char *p, size_t n, int head)
{
	char out[MASKED];
	size_t i, k = 0;

	if (t->hash == NULL)
		return;
	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '\0' || c == 0x80 ||
		    (head && (c > 0x7f || c == 'X' || c == '?')))
			continue;
		if (c == '\r' && (i + 1 == n || p[i + 1] != '\n'))
			continue;
		if (k + 2 > sizeof(out) && c != '\n') {
			trim_add(t, out, k);
			k = 0;
		}
		out[k++] = (char)c;
	}
	trim_add(t, out, k);
}

static void
body_add(struct digest *d, const char *p, size_t n)
{
	if (d->hash[L1] != NULL)
		hash_add(d->hash[L1], p, n);
	if (d->synced)
		hash_add(d->hash[SYNC], p, n);
	trim_add(&d->store, p, n);
	mask_add(&d->bytes, p, n, 0);
}

static int
is_store_field(const struct field *fl)
{
	static const char *const names[] = {"Status", "X-Status", "X-UID",
	    "X-Keywords", "X-IMAP", "X-IMAPbase", "Content-Length"};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (field_is(fl, names[i]))
			return 1;
	return 0;
}

/* A From_ line at the start of a header, mbox's or quoted, without its end. */
static size_t
from_line(const char *s, size_t n)
{
	const char *lf;

	if ((n < 5 || memcmp(s, "From ", 5) != 0) &&
	    (n < 6 || memcmp(s, ">From ", 6) != 0))
		return 0;
	lf = memchr(s, '\n', n);
	return lf != NULL ? (size_t)(lf - s) + 1 : n;
}

static void
sync_head(struct digest *d, size_t n)
{
	const char *s = d->head.data;
	struct field fl;

	while (field_next(&fl, &s, &n))
		if (field_is(&fl, "X-TUID") || field_is(&fl, "X-OfflineIMAP"))
			d->synced = 1;
		else
			hash_add(d->hash[SYNC], fl.start, fl.whole);
}

/* The header is complete: n octets of d->head, without the blank line. */
static void
end_head(struct digest *d, size_t n)
{
	size_t from = from_line(d->head.data, n), left = n - from;
	const char *s = d->head.data + from;
	struct field fl;

	d->head_done = 1;
	if (d->hash[SYNC] != NULL)
		sync_head(d, n);
	if (d->hash[L1] != NULL) {
		struct buf b = {0};

		identity_fields(&b, d->head.data, n, 1);
		buf_addc(&b, '\n');
		hash_add(d->hash[L1], b.data, b.len);
		buf_free(&b);
	}
	if (d->hash[STORE] == NULL && d->hash[BYTES] == NULL)
		return;
	while (field_next(&fl, &s, &left))
		if (!is_store_field(&fl)) {
			trim_add(&d->store, fl.start, fl.whole);
			mask_add(&d->bytes, fl.start, fl.whole, 1);
		}
	trim_add(&d->store, "\r\n", 2);
	trim_add(&d->bytes, "\r\n", 2);
}

/*
 * Ends at the blank line, or after HEAD_MAX octets and what they cut off a
 * line end: wherever the pieces end, the header is the same.
 */
static void
head_add(struct digest *d, const char *p, size_t n)
{
	size_t before = d->head.len, from = before > 3 ? before - 3 : 0;
	size_t some = n < HEAD_MAX - before ? n : HEAD_MAX - before;
	size_t head, body, all;
	const char *blank;

	if (some < n && p[some] == '\n')
		some++;
	buf_add(&d->head, p, some);
	all = head = body = d->head.len;
	blank = memmem(d->head.data + from, all - from, "\r\n\r\n", 4);
	if (all >= 2 && memcmp(d->head.data, "\r\n", 2) == 0) {
		head = 0;
		body = 2;
	} else if (blank != NULL) {
		head = (size_t)(blank - d->head.data) + 2;
		body = head + 2;
	} else if (all < HEAD_MAX)
		return;
	end_head(d, head);
	if (d->synced)
		hash_add(d->hash[SYNC], d->head.data + head, body - head);
	body_add(d, d->head.data + body, all - body);
	body_add(d, p + some, n - some);
	d->head.len = head;
}

/* Canonical octets, a CR never parted from its LF. */
static void
canonical(struct digest *d, const char *p, size_t n)
{
	if (n == 0)
		return;
	hash_add(d->hash[L0], p, n);
	if (d->differs && d->hash[RAW] != NULL)
		hash_add(d->hash[RAW], p, n);
	trim_add(&d->end, p, n);
	if (!d->any_head)
		return;
	if (d->head_done)
		body_add(d, p, n);
	else
		head_add(d, p, n);
}

/* A line end of `crs` CRs and a LF that is not canonical. */
static void
odd_end(struct digest *d, size_t crs)
{
	struct hash *raw = d->hash[RAW];

	if (!d->differs && raw != NULL)
		hash_copy(raw, d->hash[L0]);
	if (raw != NULL) {
		int was = d->differs;

		d->differs = 0;
		canonical(d, "\r\n", 2);
		d->differs = was;
		while (crs-- > 0)
			hash_add(raw, "\r", 1);
		hash_add(raw, "\n", 1);
	} else
		canonical(d, "\r\n", 2);
	d->differs = 1;
}

static void
release_crs(struct digest *d)
{
	char crs[512];

	if (d->crs == 0)
		return;
	memset(crs, '\r', sizeof(crs));
	while (d->crs > 0) {
		size_t n = d->crs < sizeof(crs) ? d->crs : sizeof(crs);

		canonical(d, crs, n);
		d->crs -= n;
	}
}

int
digest_add(struct digest *d, const char *p, size_t n, struct fail *f)
{
	const char *end = p + n, *run = p, *q = p, *lf;

	d->octets += n;
	if (d->spool != NULL && spool_add(d->spool, p, n, f) == -1)
		return -1;
	while ((lf = memchr(q, '\n', (size_t)(end - q))) != NULL) {
		size_t crs = 0;

		while (lf - crs > q && lf[-(ptrdiff_t)crs - 1] == '\r')
			crs++;
		if (q == p && lf - crs > p)
			release_crs(d);
		if (q == p && lf - crs == p && d->crs > 0) {
			/* Held CRs belong to this line end. */
			size_t all = d->crs + crs;

			d->crs = 0;
			if (all == 1)
				canonical(d, "\r\n", 2);
			else
				odd_end(d, all);
			run = lf + 1;
		} else if (crs != 1) {
			canonical(d, run, (size_t)(lf - crs - run));
			odd_end(d, crs);
			run = lf + 1;
		}
		q = lf + 1;
	}
	{
		size_t crs = 0;

		while (end - crs > q && end[-(ptrdiff_t)crs - 1] == '\r')
			crs++;
		if (q == p && end - crs > p)
			release_crs(d);
		canonical(d, run, (size_t)(end - crs - run));
		d->crs += crs;
	}
	return 0;
}

static int
end_parts(struct digest *d, struct ident *id, struct fail *f)
{
	int rc = parts_digest(d->spool, id->sum[L2], f);

	if (rc == 1)
		id->have |= DIGEST_L2;
	return rc == -1 ? -1 : 0;
}

int
digest_end(struct digest *d, struct ident *id, struct fail *f)
{
	int k, rc = 0;

	release_crs(d);
	memset(id, 0, sizeof(*id));
	id->octets = d->octets;
	id->date = CLOCK_NONE;
	if (d->any_head && !d->head_done)
		end_head(d, d->head.len);
	if (d->hash[RAW] != NULL && !d->differs)
		hash_copy(d->hash[RAW], d->hash[L0]);
	if (d->hash[SYNC] != NULL && !d->synced)
		hash_copy(d->hash[SYNC], d->hash[L0]);
	for (k = 0; k < DIGEST_KINDS; k++)
		if (d->hash[k] != NULL) {
			hash_end(d->hash[k], id->sum[k]);
			id->have |= 1u << k;
		}
	if (d->kinds & DIGEST_L3)
		ident_weak(id, d->head.data, d->head.len);
	if (d->spool != NULL)
		rc = end_parts(d, id, f);
	digest_reset(d);
	return rc;
}
