/* local.c: pure tools: all rows of an account at once, in this process. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_p.h"

struct batch {
	struct row **row;
	size_t n;
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
			b->row = mem_resize(b->row, b->n + 1, sizeof(r));
			b->row[b->n++] = r;
			continue;
		}
		if (stop_signal() != 0 || leave_out(in, t, &f) == -1)
			return -1;
	}
	return 0;
}

static int
same_account(const struct row *a, const struct row *b)
{
	return strcmp(row_get(a, "account"), row_get(b, "account")) == 0 &&
	    strcmp(row_get(a, "source"), row_get(b, "source")) == 0;
}

/* Rows of one account need not follow each other; order of appearance. */
static void
each_account(const struct filter *t, const struct batch *all, struct out *o)
{
	struct row **group = mem_array(all->n, sizeof(*group));
	char *taken = mem_alloc(all->n);
	size_t i, k, n;

	for (i = 0; i < all->n; i++) {
		struct fail f = {0};
		int rc;

		if (taken[i])
			continue;
		for (n = 0, k = i; k < all->n; k++)
			if (!taken[k] &&
			    same_account(all->row[i], all->row[k])) {
				taken[k] = 1;
				group[n++] = all->row[k];
			}
		rc = t->account(group, n, o, &f);
		if (rc == -1) {
			say(&f);
			tally_fail(o->tally, &f);
		}
		o->tally->no += rc == 1;
	}
	free(taken);
	free(group);
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
