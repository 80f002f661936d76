/* tally.c: what the run's exit status will be. */
#include <string.h>

#include "cli/cli_p.h"

void
tally_fail(struct tally *t, const struct fail *f)
{
	int status = fail_exit(f);

	/* A disk that is full or fails is no account's own trouble. */
	if (status >= 70 && status <= 74 &&
	    (f->reach == REACH_RUN ||
		(f->reach == REACH_ENDPOINT && f->again == AGAIN_NEVER)))
		t->fatal = status;
	if (f->again == AGAIN_LATER) {
		t->deferred++;
		return;
	}
	if (t->failed++ == 0)
		t->cause = status;
	else if (t->cause != status)
		t->cause = -1;
}

void
tally_bad(struct tally *t, const struct fail *f)
{
	if (f->reach == REACH_RUN)
		t->cut = fail_exit(f);
	else if (f->code == CODE_ROW)
		t->bad++;
	else
		t->no++;
}

void
tally_row(struct tally *t, const char *status)
{
	static const char *const no[] = {
	    "failed", "differs", "refused", "missing", "unknown"};
	size_t i;

	if (strcmp(status, "deferred") == 0) {
		t->deferred++;
		return;
	}
	for (i = 0; i < LENGTH(no); i++)
		if (strcmp(status, no[i]) == 0) {
			t->no++;
			return;
		}
	t->done++;
}

int
tally_exit(const struct tally *t)
{
	if (t->fatal)
		return t->fatal;
	if (t->died)
		return t->died;
	if (t->cut)
		return t->cut;
	if (t->bad)
		return 65;
	if (t->failed) {
		int alone = t->done == 0 && t->no == 0 && t->deferred == 0;
		int own = t->cause == 69 || t->cause == 76 || t->cause == 77 ||
		    t->cause == 78;

		return alone && own ? t->cause : 1;
	}
	if (t->no)
		return 1;
	return t->deferred || t->left ? 75 : 0;
}
