/* side_store.c: a store as a side; bodies stream by, a burst at a time. */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

/*
 * The parser of parts takes as much memory as the message: unless they are
 * asked for, a large message is looked into without it.
 */
enum { BURST = 1024, PARTS_MAX = 4 << 20 };

/* Which digest of msg each sum is the start of; 0 is made otherwise. */
static const unsigned int kind_of[SUMS] = {DIGEST_L0, DIGEST_RAW, DIGEST_END,
    DIGEST_STORE, DIGEST_BYTES, DIGEST_L1, DIGEST_L2, DIGEST_L3, DIGEST_L3};

struct live {
	struct store *st;
	struct digest *digest, *light; /* light: without parts */
	unsigned int kinds; /* that digest makes */
	struct ident ident; /* of the body read last */
	struct kin burst[BURST];
	char came[BURST];
	size_t n;
	struct buf head; /* while sampling */
	struct pile *items; /* what is being read */
	unsigned int sums;
	int (*take)(void *arg, struct kin *k, struct fail *f);
	void *arg;
};

static void
close_store(struct side *s)
{
	struct live *l = s->own;

	if (l == NULL)
		return;
	store_close(l->st);
	digest_free(l->digest);
	digest_free(l->light);
	buf_free(&l->head);
	free(l);
	s->own = NULL;
}

static int
enter(struct side *s, uint32_t folder, struct fail *f)
{
	struct live *l = s->own;
	struct folder info;

	s->entered = folder;
	return store_enter(l->st, s->list[folder].name, 0, &info, f);
}

static void
uid(struct side *s, const struct item *it, struct buf *out)
{
	store_uid(((struct live *)s->own)->st, it->id, out);
}

static int
scan(struct side *s, struct pile *items, struct fail *f)
{
	struct live *l = s->own;
	struct item it = {.folder = s->entered, .uid = TEXT_NONE};
	struct msgref m;
	int rc;

	if (store_scan(l->st, 0, f) == -1)
		return -1;
	while ((rc = store_next(l->st, &m, f)) != 0) {
		if (rc == -1 && f->reach != REACH_MESSAGE)
			return -1;
		it.id = m.id;
		if (rc == -1) { /* there, and not listed */
			s->bad(s->arg, s, &it, f);
			continue;
		}
		it.date = m.date;
		it.size = m.size;
		it.flags = intern_str(s->v->words, m.flags, strlen(m.flags));
		if (pile_add(items, &it, f) == -1)
			return -1;
		it.pos++;
	}
	return 0;
}

/* ---- bodies ---- */

static void
set_sums(struct kin *k, const struct ident *id, unsigned int sums)
{
	uint8_t sum[32];
	int i;

	k->have = 0;
	for (i = 0; i < SUM_MSGID; i++) {
		unsigned int bit = 0;

		while (kind_of[i] != 1u << bit)
			bit++;
		if ((sums & SUM(i)) == 0 || (id->have & kind_of[i]) == 0)
			continue;
		memcpy(k->sum[i], id->sum[bit], sizeof(k->sum[i]));
		k->have |= SUM(i);
	}
	if ((sums & SUM(SUM_MSGID)) != 0 && id->msgid[0] != '\0') {
		msg_sha256(sum, id->msgid, strlen(id->msgid));
		memcpy(k->sum[SUM_MSGID], sum, sizeof(k->sum[0]));
		k->have |= SUM(SUM_MSGID);
	}
	memcpy(&k->it.raw, k->sum[SUM_RAW], sizeof(k->it.raw));
	k->it.size = id->octets;
}

static struct digest *
digest_for(const struct live *l, const struct verify *v, const struct item *it)
{
	return it->size > PARTS_MAX && (v->accepts & 1u << RUNG_PARTS) == 0
	    ? l->light
	    : l->digest;
}

/* 1 it is read and in the sample, 0 it is not in the sample, -1. */
static int
read_body(struct side *s, struct kin *k, struct fail *f)
{
	struct live *l = s->own;
	struct digest *d = digest_for(l, s->v, &k->it);
	struct ident *id = &l->ident;
	const char *p;
	size_t n;
	int rc, wanted = s->v->o->sample > 0 ? -1 : 1;

	digest_reset(d);
	buf_reset(&l->head);
	while ((rc = store_read(l->st, &p, &n, f)) == 1) {
		s->v->octets += n;
		if (wanted == -1)
			wanted = sample_head(s->v, &l->head, p, n, 0);
		if (wanted == 0)
			return 0;
		if (digest_add(d, p, n, f) == -1)
			return -1;
	}
	if (rc == 0 && wanted == -1)
		wanted = sample_head(s->v, &l->head, "", 0, 1);
	if (rc == -1 || wanted == 0)
		return rc;
	if (digest_end(d, id, f) == -1)
		return -1;
	set_sums(k, id, l->sums);
	k->ident = id;
	return 1;
}

static size_t
place(const struct live *l, uint64_t id)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->burst[mid].it.id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int
take_body(struct side *s, struct fail *f)
{
	struct live *l = s->own;
	struct verify *v = s->v;
	uint64_t id = 0, len;
	int rc = store_body(l->st, &id, &len, f);
	size_t i = place(l, id);

	if (rc == 0 || (rc == -1 && f->reach != REACH_MESSAGE))
		return rc;
	if (i == l->n || l->burst[i].it.id != id || l->came[i])
		return 1; /* nobody asked for it */
	l->came[i] = 1;
	if (rc == 1 && (rc = read_body(s, &l->burst[i], f)) == 0)
		return 1;
	if (rc == -1 && f->reach != REACH_MESSAGE)
		return -1;
	if (rc == -1) {
		s->bad(s->arg, s, &l->burst[i].it, f);
		return 1;
	}
	v->messages++;
	if (v->o->progress != NULL)
		v->o->progress(v->o->arg, v->octets, 0, v->messages);
	return l->take(l->arg, &l->burst[i], f) == -1 ? -1 : 1;
}

/* What was listed and did not come: expunged meanwhile, or kept back. */
static void
vanished(struct side *s)
{
	struct live *l = s->own;
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct fail why = {0};

		if (l->came[i])
			continue;
		(void)fail_set(&why, CODE_VANISHED, REACH_MESSAGE, AGAIN_NOW,
		    "read", "listed, but it did not come");
		s->bad(s->arg, s, &l->burst[i].it, &why);
	}
}

/* Asks for the next ones: 1, 0 there are none, -1. */
static int
burst(struct side *s, struct fail *f)
{
	struct live *l = s->own;
	uint64_t ids[BURST];
	int rc;

	l->n = 0;
	while (l->n < BURST &&
	    (rc = pile_next(l->items, &l->burst[l->n].it, f)) == 1) {
		ids[l->n] = l->burst[l->n].it.id;
		l->came[l->n++] = 0;
	}
	if (l->n == 0 || rc == -1)
		return rc;
	if (verify_stopping(f) == -1)
		return -1;
	if (store_want(l->st, ids, l->n, f) == -1 ||
	    store_flush(l->st, f) == -1)
		return -1;
	return 1;
}

static void
set_digest(struct live *l, const struct verify *v, unsigned int sums)
{
	unsigned int kinds = 0;
	int i;

	for (i = 0; i < SUMS; i++)
		if (sums & SUM(i))
			kinds |= kind_of[i];
	if (l->digest != NULL && l->kinds == kinds)
		return;
	digest_free(l->digest);
	digest_free(l->light);
	l->digest = digest_new(kinds, v->dir);
	l->light = digest_new(kinds & ~(unsigned int)DIGEST_L2, v->dir);
	l->kinds = kinds;
}

static int
sums(struct side *s, struct pile *items, unsigned int wanted,
    int (*take)(void *arg, struct kin *k, struct fail *f), void *arg,
    struct fail *f)
{
	struct live *l = s->own;

	set_digest(l, s->v, wanted);
	l->items = items;
	l->sums = wanted;
	l->take = take;
	l->arg = arg;
	if (pile_sort(items, item_by_place, f) == -1)
		return -1;
	return burst(s, f) == -1 ? -1 : 0;
}

static int
more(struct side *s, struct fail *f)
{
	int rc = take_body(s, f);

	if (rc != 0)
		return rc;
	vanished(s);
	return burst(s, f);
}

static const struct side_ops live_ops = {
    .close = close_store,
    .enter = enter,
    .scan = scan,
    .sums = sums,
    .more = more,
    .uid = uid,
};

static void
note(void *arg, const char *line)
{
	const struct verify *v = arg;

	if (v->o->say != NULL)
		v->o->say(v->o->arg, line);
}

int
side_store(struct side *s, const struct row *job, struct fail *f)
{
	struct store_opt so = {.spool_dir = s->v->dir,
	    .shared = strcmp(row_get(job, "type"), "shared") == 0,
	    .note = note,
	    .arg = s->v};
	struct live *l = mem_alloc(sizeof(*l));

	s->ops = &live_ops;
	s->own = l;
	s->base = SUM_L0;
	if (s->is_target)
		so.shared = 0;
	if (store_open_row(
		&l->st, job, s->is_target ? "target" : "source", &so, f) == -1)
		return -1;
	s->label = store_label(l->st);
	return store_list(l->st, &s->list, &s->n, f);
}
