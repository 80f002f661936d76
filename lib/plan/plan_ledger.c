/*
 * plan_ledger.c: what the ledger of one job says has been done, as
 * mbx-ledger(5) has it; only read, without its lock.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/plan_p.h"

struct seen { /* the last line about a message */
	uint64_t hash; /* 0: free */
	uint64_t size;
	enum code left; /* CODE_NONE: it is done */
};
struct reading {
	struct seen *slot;
	size_t slots, used;
	struct progress *to;
};

static uint64_t
hash_of(const struct row *r)
{
	static const char *const columns[] = {"folder", "uidvalidity", "uid"};
	uint64_t h = 14695981039346656037u; /* FNV-1a */
	size_t i;

	for (i = 0; i < LENGTH(columns); i++) {
		const char *s = row_get(r, columns[i]);

		do
			h = (h ^ (unsigned char)*s) * 1099511628211u;
		while (*s++ != '\0');
	}
	return h != 0 ? h : 1;
}

static struct seen *
place(struct seen *slot, size_t slots, uint64_t hash)
{
	size_t i = (hash ^ hash >> 32) & (slots - 1);

	while (slot[i].hash != 0 && slot[i].hash != hash)
		i = (i + 1) & (slots - 1);
	return &slot[i];
}

static void
more(struct reading *d)
{
	struct seen *slot = mem_array(2 * d->slots, sizeof(*slot));
	size_t i;

	for (i = 0; i < d->slots; i++)
		if (d->slot[i].hash != 0)
			*place(slot, 2 * d->slots, d->slot[i].hash) =
			    d->slot[i];
	free(d->slot);
	d->slot = slot;
	d->slots *= 2;
}

static int
line(void *arg, const struct row *r, struct fail *f)
{
	struct reading *d = arg;
	const char *op = row_get(r, "op");
	int done = strcmp(op, "done") == 0;
	struct seen *s;
	uint64_t size;
	int64_t at;

	if (!done && strcmp(op, "left") != 0)
		return 0;
	if (2 * d->used >= d->slots)
		more(d);
	s = place(d->slot, d->slots, hash_of(r));
	d->used += s->hash == 0;
	s->hash = hash_of(r);
	if (row_u64(r, "size", &size, f) == 1 && size < (uint64_t)1 << 40)
		s->size = size;
	s->left = done ? CODE_NONE : fail_code_of(row_get(r, "code"));
	if (clock_parse(row_get(r, "at"), &at)) {
		if (d->to->first == CLOCK_NONE || at < d->to->first)
			d->to->first = at;
		if (d->to->last == CLOCK_NONE || at > d->to->last)
			d->to->last = at;
	}
	return 0;
}

int
progress_read(
    struct progress *to, const char *dir, const char *key, struct fail *f)
{
	struct reading d = {.slots = 64, .to = to};
	char *name = mem_printf("%s/%s.tsv", dir, key);
	struct side s = {.name = name,
	    .needs = "op at folder uidvalidity uid size code",
	    .each = line,
	    .arg = &d,
	    .torn = 1};
	size_t i;
	int rc = 0;

	memset(to, 0, sizeof(*to));
	to->first = to->last = CLOCK_NONE;
	if (access(name, F_OK) == 0 || errno != ENOENT) {
		d.slot = mem_array(d.slots, sizeof(*d.slot));
		rc = side_read(&s, f);
	}
	for (i = 0; d.slot != NULL && i < d.slots; i++) {
		const struct seen *v = &d.slot[i];

		if (v->hash == 0)
			continue;
		if (v->left != CODE_NONE)
			to->left[v->left < CODE_COUNT ? v->left : CODE_IO]++;
		else {
			to->messages++;
			to->bytes += v->size;
		}
	}
	free(d.slot);
	free(name);
	return rc;
}
