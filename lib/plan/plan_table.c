/* plan_table.c: the tables beside the input: constraints, results, ledgers. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_p.h"

static int
bad_line(const struct table_in *t, const char *name, struct fail *f)
{
	uint64_t line;
	size_t n;

	(void)table_text(t, &n, &line);
	if (f != NULL) {
		f->code = CODE_CONFIG;
		f->reach = REACH_RUN;
	}
	return fail_at(f, "%s:%llu", name, (unsigned long long)line);
}

static int
rows(struct table_in *t, struct arena *a, const struct side *s, struct fail *f)
{
	struct header *h = NULL, *needs;
	struct row *r;
	size_t i;
	int rc = table_header(t, &h, f);

	if (rc == 0)
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "read",
		    "there is no header line");
	needs = header_new(s->needs);
	for (i = 0; rc == 1 && i < header_count(needs); i++)
		if (header_find(h, header_name(needs, i)) == -1)
			rc = fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
			    "header", "there is no column %s",
			    header_name(needs, i));
	header_free(needs);
	while (rc == 1 && (rc = table_next(t, a, &r, f)) != 0) {
		if (rc == -1 && s->torn)
			rc = f->reach == REACH_MESSAGE ? 1 : -1;
		else if (rc == -1 || s->each(s->arg, r, f) == -1)
			rc = bad_line(t, s->name, f);
		arena_reset(a);
	}
	header_free(h);
	return rc;
}

int
side_read(const struct side *s, struct fail *f)
{
	FILE *fp = fopen(s->name, "re");
	struct arena *a = arena_new();
	struct table_in *t;
	int rc;

	(void)fail_at(f, "%s", s->name);
	if (fp == NULL) {
		arena_free(a);
		return fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER, "open",
		    "%s", strerror(errno));
	}
	t = table_in(fp, s->name, DIALECT_AUTO);
	rc = rows(t, a, s, f);
	table_in_free(t);
	(void)fclose(fp);
	arena_free(a);
	return rc;
}
