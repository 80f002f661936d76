/*
 * copy_known.c: recognises at the target what the ledger does not vouch for:
 * mail that another tool brought, copies whose ledger was lost, and appends
 * whose answer a crash swallowed.  One for one: duplicates stay duplicates.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

/* ---- the source's messages ---- */

static size_t
item_of(const struct work *w, uint64_t id)
{
	size_t low = 0, high = w->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (w->item[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* It is there: what it lacks of flags follows, what it has more stays. */
static int
known(struct pool *p, size_t i, struct found *at, const uint8_t *digest,
    struct fail *f)
{
	struct copy *c = p->c;
	struct item *it = &p->w->item[i];
	const char *is = item_flags(p->w, it);
	struct buf uid = {0}, extra = {0}, both = {0};
	int rc = 0;

	if (at != NULL) {
		const char *has = intern_at(p->w->words, at->flags);
		const uint64_t id = at->id;

		store_uid(c->dst, at->id, &uid);
		(void)flags_minus(&extra, has, is);
		buf_addf(&both, "%s%s%s", is, *is ? " " : "",
		    extra.len > 0 ? extra.data : "");
		if (!c->o->dry_run)
			rc = carry_flags(c, p->w, &id, 1,
			    flags_canon(p->w->words, both.data, both.len), has,
			    f);
		if (rc == -1 && f->reach == REACH_MESSAGE)
			rc = 0; /* flags are no reason to copy it twice */
		at->id = 0;
	}
	if (rc == 0)
		rc = note(c, p->w, i,
		    it->fate == FATE_NEW || it->fate == FATE_LEFT ? STEP_FOUND
								  : STEP_DONE,
		    uid.len ? uid.data : "", digest, NULL, f);
	if (it->fate != FATE_PLACE)
		c->sum->same++;
	it->fate = FATE_OVER;
	buf_free(&uid);
	buf_free(&extra);
	buf_free(&both);
	return rc;
}

static int
by_first_16(const void *key, const void *elem)
{
	return memcmp(key, elem, 16);
}

static int
match(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct pool *p = arg;
	size_t i = item_of(p->w, id);
	struct item *it = &p->w->item[i];
	struct found *at;

	if (i == p->w->n || it->id != id || (ident->have & p->kind) == 0)
		return 0;
	if (p->elsewhere != NULL)
		return bsearch(ident->sum[0], p->elsewhere, p->elsewhere_n, 16,
			   by_first_16) == NULL
		    ? 0
		    : known(p, i, NULL, ident->sum[0], f);
	at = pool_find(p, ident->sum[kind_number(p->kind)], it);
	it->later = at != NULL && p->exact && pool_likeness(at, it) < 3;
	return at == NULL || it->later ? 0 : known(p, i, at, ident->sum[0], f);
}

/*
 * What is done but of unknown place takes its share before the others, and
 * what has the same flags and date before a twin that has not.
 */
static int
is_asked(const struct pool *p, const struct item *it, int turn)
{
	if (!p->exact && !it->later)
		return 0;
	if (turn < 2)
		return it->fate == FATE_PLACE && p->elsewhere == NULL;
	return it->fate == FATE_DOUBT ||
	    (!p->doubt_only && (it->fate == FATE_NEW || it->fate == FATE_LEFT));
}

/* L3 alone can be had without bodies. */
static unsigned int
kinds_of(const struct pool *p)
{
	return p->kind == DIGEST_L3 ? p->kind : DIGEST_L0 | p->kind;
}

static int
match_all(struct pool *p,
    int (*each)(void *, uint64_t id, const struct ident *, struct fail *),
    struct fail *f)
{
	struct work *w = p->w;
	struct digest *d = digest_new(kinds_of(p), "/tmp");
	uint64_t ids[BURST];
	size_t i, n;
	int rc = 0, turn;

	for (turn = 0; turn < 4; turn++) {
		p->exact = turn % 2 == 0;
		for (i = n = 0; rc == 0 && i <= w->n; i++) {
			if (i < w->n && is_asked(p, &w->item[i], turn))
				ids[n++] = w->item[i].id;
			if (n == 0 || (n < BURST && i < w->n))
				continue;
			rc = pool_burst(p, p->c->src, ids, n, d, each, f);
			n = 0;
		}
	}
	digest_free(d);
	return rc;
}

/* Gmail's "all" holds what other folders hold too: those stand for it. */
static int
strike_elsewhere(struct copy *c, struct work *w, struct fail *f)
{
	struct pool p = {.c = c, .w = w, .kind = DIGEST_L0};
	int rc = 0;

	if (ledger_digests(c->ledger, &p.elsewhere, &p.elsewhere_n, f) == -1)
		return -1;
	if (p.elsewhere_n > 0)
		rc = match_all(&p, match, f);
	free(p.elsewhere);
	return rc;
}

/* ---- L3: weak, so only where it is the only one on either side ---- */

static int
gather(void *arg, uint64_t id, const struct ident *ident, struct fail *f)
{
	struct pool *p = arg;

	(void)f;
	if ((ident->have & p->kind) == 0)
		return 0;
	memcpy(pool_add(p, (uint32_t)id)->sum, ident->sum[kind_number(p->kind)],
	    16);
	return 0;
}

/* How many from at on have its sum. */
static size_t
run_of(const struct pool *p, size_t i)
{
	size_t n = 1;

	while (i + n < p->n && memcmp(p->at[i].sum, p->at[i + n].sum, 16) == 0)
		n++;
	return n;
}

static int
match_weak(struct pool *p, struct fail *f)
{
	struct pool mine = {.c = p->c, .w = p->w, .kind = DIGEST_L3};
	size_t i, n;
	int rc = match_all(&mine, gather, f);

	pool_sort(&mine);
	for (i = 0; rc == 0 && i < mine.n; i += n) {
		size_t item = item_of(p->w, mine.at[i].id);
		struct found *at =
		    pool_find(p, mine.at[i].sum, &p->w->item[item]);

		n = run_of(&mine, i);
		if (at == NULL || n > 1 || run_of(p, (size_t)(at - p->at)) > 1)
			continue;
		rc = known(p, item, at, NULL, f);
	}
	free(mine.at);
	return rc;
}

/* ---- how far one has to look ---- */

int
looked_ever(struct copy *c, const char *folder)
{
	return setting(c->ledger, "looked", folder) != NULL;
}

/* The target's UIDs from *from on have not been looked at. */
static int
has_looked(struct copy *c, const struct work *w, uint64_t *from)
{
	const char *value = setting(c->ledger, "looked", w->folder);
	unsigned int src, dst;
	unsigned long long next;
	int n = 0, rc;

	rc = value != NULL &&
	    sscanf(value, "%u %u %llu %n", &src, &dst, &next, &n) == 3 &&
	    n > 0 && src == w->si.uidvalidity && dst == w->di.uidvalidity &&
	    strcmp(value + n, w->dst) == 0;
	*from = rc ? next : 0;
	return rc;
}

int
looked_to(
    struct copy *c, const struct work *w, uint64_t uidnext, struct fail *f)
{
	struct buf value = {0};
	int rc;

	if (c->o->dry_run)
		return 0;
	buf_addf(&value, "%u %u %llu %s", (unsigned int)w->si.uidvalidity,
	    (unsigned int)w->di.uidvalidity, (unsigned long long)uidnext,
	    w->dst);
	rc = setting_put(c, "looked", w->folder, value.data, f);
	buf_free(&value);
	return rc;
}

static int
pass(struct pool *p, unsigned int kind, struct fail *f)
{
	if (p->n == 0)
		return 0;
	p->kind = kind;
	if (pool_fill(p, f) == -1)
		return -1;
	return kind == DIGEST_L3 ? match_weak(p, f) : match_all(p, match, f);
}

/*
 * By what costs no bodies, where that is allowed; by octets, less what syncing
 * tools have added; by what the target is known to change; and what came since
 * an append whose answer is not known may be that message, whatever the target
 * made of it.
 */
static int
passes(struct pool *p, int doubt, struct fail *f)
{
	const struct copy_opt *o = p->c->o;
	unsigned int alters = p->c->alters;
	int doubt_only = p->doubt_only;

	if ((o->dry_run || o->recognise_weak) && pass(p, DIGEST_L3, f) == -1)
		return -1;
	if (o->dry_run)
		return 0;
	if (pass(p, DIGEST_SYNC, f) == -1 ||
	    (alters != DIGEST_L0 && pass(p, alters, f) == -1))
		return -1;
	p->doubt_only = 1;
	if (doubt && alters != DIGEST_BYTES && pass(p, DIGEST_BYTES, f) == -1)
		return -1;
	p->doubt_only = doubt_only;
	return 0;
}

/*
 * Some servers acknowledge what they lose when the connection is cut (GNU
 * imap4d 3.15): what was done without a uid, and is not found, is sent again.
 * How many there are.
 */
static size_t
unplaced(struct copy *c, struct work *w, int again)
{
	size_t i, n = 0;

	for (i = 0; i < w->n; i++) {
		struct item *it = &w->item[i];

		if (it->fate != FATE_PLACE)
			continue;
		n++;
		if (again) {
			it->fate = FATE_DOUBT;
			c->total += it->size;
			c->sum->same--;
		}
	}
	return n;
}

/* Is there anything from this target UID on? */
static int
has_come(const struct work *w, uint64_t from)
{
	return (w->di.known & FOLDER_UIDNEXT) == 0 || from < w->di.uidnext;
}

int
recognise(struct copy *c, struct work *w, struct fail *f)
{
	struct pool p = {.c = c, .w = w};
	struct sides s = {.folder = w->folder,
	    .dst_folder = w->dst,
	    .uidvalidity = w->si.uidvalidity,
	    .dst_uidvalidity = w->di.uidvalidity};
	int doubt =
	    ledger_count(c->ledger, KNOWN_INTENT) > 0 || unplaced(c, w, 0) > 0;
	int looked, rc = 0;
	uint64_t from, since = ledger_doubt(c->ledger);

	if (w->move->src->role == ROLE_ALL && strike_elsewhere(c, w, f) == -1)
		return -1;
	looked = has_looked(c, w, &from);
	if ((store_can(c->dst) & STORE_UIDS) == 0) {
		p.doubt_only = looked;
		from = 0;
		rc = looked && !doubt ? 1 : 0;
	} else if (since < from)
		from = since;
	if (w->n == 0)
		return 0;
	if (rc == 0 && !w->fresh && w->di.messages > 0 && has_come(w, from) &&
	    (rc = enter_dst(c, w, f)) == 0)
		rc = pool_unclaimed(&p, &s, from, f);
	if (rc == 0 && p.n > 0)
		rc = passes(&p, doubt, f);
	free(p.at);
	if (rc == 0)
		(void)unplaced(c, w, 1);
	return rc == -1 ? -1 : looked_to(c, w, w->di.uidnext, f);
}
