/* whole.c: tools that decide when they have seen every row. */
#include "cli/cli_p.h"

/* 1 a row was read, 0 end, -1 stop. */
static int
take_next(const struct filter *t, struct input *in, struct arena *a,
    struct tally *tally)
{
	struct fail f = {0};
	struct row *r;
	int rc;

	arena_reset(a);
	rc = input_next(in, a, &r, &f);
	if (rc == 1 && t->take(r, &f) == -1) {
		input_place(in, &f);
		rc = -1;
	}
	if (rc != -1)
		return rc;
	if (stop_signal() != 0)
		return -1;
	return leave_out(in, tally, &f) == -1 ? -1 : 1;
}

int
run_whole(const struct filter *t, struct input *in, const struct header *want,
    struct table_out *out, struct tally *tally)
{
	struct arena *a = arena_new();
	struct out o = {
	    .header = want, .arena = a, .fd = -1, .table = out, .tally = tally};
	struct fail f = {0};
	int rc;

	while ((rc = take_next(t, in, a, tally)) == 1)
		;
	if (rc == 0 && (rc = t->finish(tally->bad + tally->no, &o, &f)) == -1) {
		say(&f);
		tally_fail(tally, &f);
	}
	tally->no += rc == 1;
	arena_free(o.rows);
	arena_free(a);
	return 0;
}
