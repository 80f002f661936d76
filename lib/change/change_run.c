/* change_run.c: a plan from its rows to what became of it. */
#include <inttypes.h>
#include <string.h>

#include "change/change_p.h"
#include "cli/cli.h"

void
change_emit(const struct changes *c, struct out *out)
{
	struct row *r;
	size_t i, k;

	for (i = 0; i < c->n; i++)
		for (k = 0; k < change_rows(&c->change[i]); k++) {
			change_row(&c->change[i], k, r = out_new(out, NULL));
			out_plain(out, r);
		}
	changes_end_row(c, r = out_new(out, NULL));
	out_plain(out, r);
}

/* Every change of every zone has its gate open: 0, 1 one waits, -1. */
static int
all_open(const struct changes *c, const struct gates *g, int64_t now,
    struct out *out)
{
	struct fail f = {0};
	size_t i;
	int closed = 0;

	for (i = 0; i < c->n; i++)
		if (gates_cover(g, &c->change[i], now, &f) == -1) {
			out_tell(out, -1, &f);
			closed = 1;
		}
	return !closed;
}

static void
emit_zone(
    const struct changes *c, size_t zone, const char *note, struct out *out)
{
	size_t i, k;

	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next)
		for (k = 0; k < change_rows(&c->change[i]); k++) {
			struct row *r = out_new(out, NULL);

			change_row(&c->change[i], k, r);
			change_ledger_row(&c->change[i], note, r);
			out_plain(out, r);
		}
}

/* A conflict is an answer, and tells what is there now. */
static void
tell(const struct changes *c, size_t zone, int rc, struct fail *f,
    struct out *out)
{
	size_t i;

	for (i = c->zone[zone].first; rc == 1 && i != SIZE_MAX;
	     i = c->change[i].next) {
		(void)fail_at(f, "%s %s", c->change[i].name, c->change[i].type);
		(void)fail_set(f, CODE_CHANGED, REACH_ENDPOINT, AGAIN_NEVER,
		    "apply", "%s", c->change[i].hint);
		say(f);
	}
	out_tell(out, rc, f);
}

static void
run_zones(
    struct changes *c, struct applier *ap, const char *note, struct out *out)
{
	size_t i;

	for (i = 0; i < c->zones && stop_signal() == 0; i++) {
		struct fail f = {0};
		int rc;

		if (c->zone[i].first == SIZE_MAX)
			continue;
		if (c->zone[i].bad) {
			say_loud("%s: a row of it is bad, so nothing of it "
				 "is sent",
			    c->zone[i].name);
			continue;
		}
		rc = applier_zone(ap, c, i, &f);
		emit_zone(c, i, note, out);
		tell(c, i, rc, &f, out);
	}
}

int
change_run(struct changes *c, const struct change_opt *o, uint64_t max_zones,
    const struct gates *g, int64_t now, struct out *out, struct fail *f)
{
	struct applier *ap = NULL;
	int rc = 0;

	if (changes_whole(c, f) == -1) {
		out_tell(out, -1, f);
		return 0;
	}
	if (c->zones > max_zones)
		return fail_set(f, CODE_POLICY, REACH_RUN, AGAIN_NEVER, "apply",
		    "%zu zones are changed: --max-zones %zu if you mean it",
		    c->zones, c->zones);
	if (g != NULL && !all_open(c, g, now, out))
		return 0;
	rc = applier_new(&ap, o, c, f);
	if (rc == 0) {
		if (o->ledger == NULL && applier_ledger(ap) != NULL)
			say_note(0, "the ledger is %s", applier_ledger(ap));
		run_zones(c, ap, o->note, out);
	}
	applier_free(ap);
	return rc;
}
