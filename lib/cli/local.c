/* local.c: pure tools: all rows of an account at once, in this process. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_p.h"

struct batch {
	struct row **row;
	size_t n, room;
};

int
leave_out(const struct input *in, struct tally *t, struct fail *f)
{
	say(f);
	tally_bad(t, f);
	if (f->reach == REACH_RUN)
		return -1;
	if (rejects_add(in, f) == -1) {
		say(f);
		t->fatal = fail_exit(f);
		return -1;
	}
	return settings.strict ? -1 : 0;
}

static int
read_all(struct input *in, struct arena *a, struct batch *b, struct tally *t)
{
	struct fail f = {0};
	struct row *r;
	int rc;

	while ((rc = input_next(in, a, &r, &f)) != 0) {
		if (rc == 1) {
			if (b->n == b->room) {
				b->room = b->room ? 2 * b->room : 64;
				b->row = mem_resize(
				    b->row, b->room, sizeof(*b->row));
			}
			b->row[b->n++] = r;
			continue;
		}
		if (stop_signal() != 0 || leave_out(in, t, &f) == -1)
			return -1;
	}
	return 0;
}

/* Groups are numbered as they appear. */
static uint32_t
group_of(struct intern *groups, const struct row *r, struct buf *key)
{
	const char *account = row_get(r, "account");
	const char *source = row_get(r, "source");

	buf_reset(key);
	tsv_escape(key, account, strlen(account));
	buf_addc(key, '\t');
	tsv_escape(key, source, strlen(source));
	return intern_number(groups, key->data, key->len);
}

/*
 * Rows of one account need not follow each other: in the order of their
 * appearance, group after group.  end[g] is where group g ends; the number of
 * groups is returned.
 */
static size_t
by_account(const struct batch *all, struct row **sorted, size_t *end)
{
	struct intern *groups = intern_new();
	uint32_t *group = mem_array(all->n, sizeof(*group));
	struct buf key = {0};
	size_t i, sum = 0, n = 0;

	for (i = 0; i < all->n; i++) {
		group[i] = group_of(groups, all->row[i], &key);
		n += group[i] == n;
		end[group[i]]++;
	}
	for (i = 0; i < n; i++) {
		size_t begin = sum;

		sum += end[i];
		end[i] = begin;
	}
	for (i = 0; i < all->n; i++)
		sorted[end[group[i]]++] = all->row[i];
	free(group);
	buf_free(&key);
	intern_free(groups);
	return n;
}

static void
each_account(const struct filter *t, const struct batch *all, struct out *o)
{
	struct row **sorted = mem_array(all->n, sizeof(*sorted));
	size_t *end = mem_array(all->n, sizeof(*end));
	size_t i, from = 0, n = by_account(all, sorted, end);

	for (i = 0; i < n; from = end[i++]) {
		struct fail f = {0};
		int rc = t->account(sorted + from, end[i] - from, o, &f);

		if (rc == -1) {
			say(&f);
			tally_fail(o->tally, &f);
		}
		o->tally->no += rc == 1;
	}
	free(end);
	free(sorted);
}

int
run_local(const struct filter *t, struct input *in, const struct header *want,
    struct table_out *out, struct tally *tally)
{
	struct arena *a = arena_new();
	struct batch all = {0};
	struct out o = {
	    .header = want, .arena = a, .fd = -1, .table = out, .tally = tally};

	if (read_all(in, a, &all, tally) == 0)
		each_account(t, &all, &o);
	free(all.row);
	arena_free(o.rows);
	arena_free(a);
	return 0;
}
