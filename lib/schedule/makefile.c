/* makefile.c: the batches of jobs as rules of make, for the runbook. */
#include <stdlib.h>
#include <string.h>

#include "schedule/schedule_p.h"

struct part { /* a batch */
	char *name, *after; /* after: the first that its rows name */
	enum group group;
};
struct makefile {
	struct part *part;
	size_t n;
};

struct makefile *
makefile_new(void)
{
	return mem_alloc(sizeof(struct makefile));
}

void
makefile_free(struct makefile *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < m->n; i++) {
		free(m->part[i].name);
		free(m->part[i].after);
	}
	free(m->part);
	free(m);
}

static struct part *
find(const struct makefile *m, const char *name)
{
	size_t i;

	for (i = m->n; i-- > 0;)
		if (strcmp(m->part[i].name, name) == 0)
			return &m->part[i];
	return NULL;
}

/* What make and a shell take for a word and nothing else. */
static int
is_plain(const char *name)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return name[strspn(name, plain)] == '\0' && *name != '-' &&
	    *name != '.' && strlen(name) < 100;
}

/* A batch "test" of the stage test is what the target test is about. */
static int
is_taken(const char *name, enum group g)
{
	static const char taken[] = " status assess prepare sync delta cutover "
				    "validate rollback reverse cleanup jobs "
				    "full verify work log ledger manifests "
				    "ttl gate switch restore letters ";
	const char *at = strstr(taken, name);

	if (strcmp(name, "test") == 0)
		return g != GROUP_TEST;
	if (strcmp(name, "pilot") == 0)
		return g != GROUP_PILOT;
	return (at != NULL && at[-1] == ' ' && at[strlen(name)] == ' ') ||
	    strncmp(name, "validate-", 9) == 0 ||
	    strncmp(name, "approve-", 8) == 0;
}

int
makefile_job(struct makefile *m, const struct row *r, struct fail *f)
{
	const char *name = row_get(r, "batch"), *after = row_get(r, "after");
	enum group g = group_of(row_get(r, "stage"));
	struct part *p = find(m, name);

	if (*name == '\0' || !is_plain(name) || is_taken(name, g))
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "batch",
		    "'%s' cannot be a target of make: letters, digits, . _ -, "
		    "and no target of the runbook",
		    name);
	if (p == NULL) {
		m->part = mem_resize(m->part, m->n + 1, sizeof(*m->part));
		p = &m->part[m->n++];
		*p = (struct part){mem_strdup(name), NULL, g};
	}
	/* Ranges of a folder wait for a key, which says nothing here. */
	if (p->after == NULL && *after != '\0' && *row_get(r, "folder") == '\0')
		p->after = mem_strdup(after);
	return 0;
}

/* ---- the text ---- */

static void
list(const struct makefile *m, struct buf *out, const char *variable,
    enum group from, enum group to)
{
	size_t i;

	buf_addf(out, "%s :=", variable);
	for (i = 0; i < m->n; i++)
		if (m->part[i].group >= from && m->part[i].group <= to)
			buf_addf(out, " %s", m->part[i].name);
	buf_addc(out, '\n');
}

static int
has_pilot(const struct makefile *m)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->part[i].group == GROUP_PILOT)
			return 1;
	return 0;
}

/* All of a group verified. */
static void
need_group(const struct makefile *m, struct buf *out, enum group g)
{
	size_t i;

	for (i = 0; i < m->n; i++)
		if (m->part[i].group == g)
			buf_addf(out, " verify/%s.tsv", m->part[i].name);
}

/* Test before pilot, pilot and its approval before waves, and as rows say. */
static void
needs(const struct makefile *m, const struct part *p, struct buf *out)
{
	const struct part *a = p->after != NULL ? find(m, p->after) : NULL;

	if (p->group > GROUP_TEST)
		need_group(m, out, GROUP_TEST);
	if (p->group > GROUP_PILOT && has_pilot(m)) {
		need_group(m, out, GROUP_PILOT);
		buf_adds(out, " approve-pilot");
	}
	if (a != NULL && a != p && a->group == p->group)
		buf_addf(out, " full/%s.tsv", a->name);
}

/*
 * "a:b c" and, for status, "STEPS += a:b:c"; needs begin with a blank.  What
 * people decide does not become old when its needs are made again: a |.
 */
static void
rule(struct buf *out, const char *target, const char *needs)
{
	buf_addf(out, "%s:%s%s\nSTEPS += %s", target,
	    strncmp(target, "approve-", 8) == 0 ? " |" : "", needs, target);
	for (; *needs != '\0'; needs++)
		buf_addc(out, *needs == ' ' ? ':' : *needs);
	buf_addc(out, '\n');
}

static void
rules(const struct makefile *m, const struct part *p, struct buf *out)
{
	struct buf target = {0}, b = {0};

	buf_addf(&target, "full/%s.tsv", p->name);
	buf_adds(&b, " jobs.tsv");
	needs(m, p, &b);
	rule(out, target.data, b.data);
	buf_addf(out, "STEPS += verify/%s.tsv:%s\n", p->name, target.data);
	buf_free(&target);
	buf_free(&b);
}

static void
approval(const struct makefile *m, struct buf *out)
{
	struct buf b = {0};

	need_group(m, &b, GROUP_PILOT);
	rule(out, "approve-pilot", b.data);
	buf_free(&b);
}

void
makefile_text(const struct makefile *m, struct buf *out)
{
	int asked = 0;
	size_t i;

	buf_adds(out,
	    "# The batches of jobs.tsv, by mbx-plan --makefile: see "
	    "mbx-runbook(7).\n");
	list(m, out, "BATCHES", GROUP_TEST, GROUP_LARGE);
	list(m, out, "TEST", GROUP_TEST, GROUP_TEST);
	list(m, out, "PILOT", GROUP_PILOT, GROUP_PILOT);
	for (i = 0; i < m->n; i++) {
		if (m->part[i].group > GROUP_PILOT && has_pilot(m) && !asked++)
			approval(m, out);
		rules(m, &m->part[i], out);
	}
}
