/* reading.c: every message of a folder, with its digests. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "store/store_p.h"

enum { BURST = 4096 }; /* what store_want takes */

struct reading {
	struct store *st;
	void (*each)(void *arg, const struct msgref *m, const struct ident *id,
	    const struct fail *why);
	void *arg;
	struct digest *digest; /* NULL: no bodies */
	struct msgref *all; /* of the folder: 32 octets a message */
	size_t count, room;
	const struct msgref *m; /* the burst in hand, within all */
	uint64_t ids[BURST];
	char came[BURST];
	size_t n;
};

static int
digest_body(struct reading *d, struct ident *id, struct fail *f)
{
	const char *p;
	size_t n;
	int rc;

	digest_reset(d->digest);
	while ((rc = store_read(d->st, &p, &n, f)) == 1)
		if (digest_add(d->digest, p, n, f) == -1)
			return -1;
	return rc == -1 ? -1 : digest_end(d->digest, id, f);
}

static size_t
place(const struct reading *d, uint64_t id)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (d->ids[mid] < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What was listed and did not come: expunged meanwhile, or kept back. */
static void
vanished(struct reading *d)
{
	size_t i;

	for (i = 0; i < d->n; i++) {
		struct fail f = {0};

		if (d->came[i])
			continue;
		store_at(d->st, d->st->entered, d->ids[i], &f);
		(void)fail_set(&f, CODE_VANISHED, REACH_MESSAGE, AGAIN_NEVER,
		    "read", "listed, but it did not come");
		d->each(d->arg, &d->m[i], NULL, &f);
	}
}

static int
take_body(struct reading *d, struct fail *f)
{
	struct ident ident;
	uint64_t id = 0, len;
	int rc = store_body(d->st, &id, &len, f);
	size_t i = place(d, id);

	if (rc == 0 || (rc == -1 && f->reach != REACH_MESSAGE))
		return rc;
	if (i == d->n || d->ids[i] != id || d->came[i])
		return 1; /* nobody asked for it */
	d->came[i] = 1;
	if (rc == 1)
		rc = digest_body(d, &ident, f);
	if (rc == -1 && f->reach != REACH_MESSAGE)
		return -1;
	if (rc == -1)
		d->each(d->arg, &d->m[i], NULL, f);
	else
		d->each(d->arg, &d->m[i], &ident, NULL);
	return 1;
}

/* Bodies come in the server's order, which may not be that of the burst. */
static int
burst(struct reading *d, struct fail *f)
{
	size_t i;
	int rc;

	memset(d->came, 0, d->n);
	for (i = 0; i < d->n; i++)
		d->ids[i] = d->m[i].id;
	if (store_want(d->st, d->ids, d->n, f) == -1)
		return -1;
	while ((rc = take_body(d, f)) == 1)
		;
	if (rc == 0)
		vanished(d);
	return rc;
}

/* Metadata first: a session gives either rows or bodies at a time. */
static int
read_all(struct reading *d, struct fail *f)
{
	struct msgref m;
	size_t i;
	int rc, short_list;

	if (store_scan(d->st, 0, f) == -1)
		return -1;
	while ((rc = store_next(d->st, &m, f)) == 1) {
		if (d->digest == NULL) {
			d->each(d->arg, &m, NULL, NULL);
			continue;
		}
		if (d->count == d->room) {
			d->room = d->room ? 2 * d->room : 1024;
			d->all = mem_resize(d->all, d->room, sizeof(*d->all));
		}
		d->all[d->count++] = m;
	}
	short_list = rc == -1 && f->reach == REACH_MESSAGE;
	if (rc == -1 && !short_list)
		return -1;
	for (i = 0; i < d->count; i += d->n) {
		struct fail why = {0};

		d->m = d->all + i;
		d->n = d->count - i < BURST ? d->count - i : BURST;
		if (burst(d, &why) == -1) {
			*f = why;
			return -1;
		}
	}
	return short_list ? -1 : 0; /* of what is listed nothing is missing */
}

int
store_read_all(struct store *st, unsigned int levels,
    void (*each)(void *arg, const struct msgref *m, const struct ident *id,
	const struct fail *why),
    void *arg, struct fail *f)
{
	struct reading *d = mem_alloc(sizeof(*d));
	int rc;

	d->st = st;
	d->each = each;
	d->arg = arg;
	if (levels != 0)
		d->digest = digest_new(levels, st->spool_dir);
	rc = read_all(d, f);
	digest_free(d->digest);
	free(d->all);
	free(d);
	return rc;
}
