/* text_in.c: tools whose input is, for once, a text and not a table. */
#include "cli/cli_p.h"

int
run_text(const struct filter *t, struct input *in, const struct header *want,
    struct table_out *out, struct tally *tally)
{
	struct arena *a = arena_new();
	struct out o = {
	    .header = want, .arena = a, .fd = -1, .table = out, .tally = tally};
	struct fail f = {0};
	struct buf text = {0};
	const char *name;
	int rc = input_all(in, &name, &text, &f);

	if (rc == 0)
		rc = t->text(name, text.data, text.len, &o, &f);
	if (rc == -1) {
		say(&f);
		tally->cut = fail_exit(&f);
	}
	tally->no += rc == 1;
	out_text(&o, "", 0); /* no header either */
	buf_free(&text);
	arena_free(o.rows);
	arena_free(a);
	return 0;
}
