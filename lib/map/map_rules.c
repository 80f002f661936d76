/*
 * map_rules.c: the user's rules, a table of match, replace, role and account;
 * the first that matches a whole folder decides its name.
 */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "map/map_p.h"
#include "row/row.h"

enum { FILE_LIMIT = 16 << 20 };

struct rule {
	regex_t match, account;
	int has_account, has_role;
	char *replace; /* NULL: leave the folder out */
	enum role role;
	uint64_t line;
};
struct rules {
	struct rule *list;
	size_t n;
	char *file;
};

static int
wrong(struct fail *f, const char *column, const char *why)
{
	return fail_set(
	    f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, column, "%s", why);
}

/*
 * Octets, not characters, are what ERE sees here: harmless but within
 * brackets, where a letter would be taken apart.
 */
static int
is_plain(const char *ere)
{
	int in = 0;
	const char *p;

	for (p = ere; *p != '\0'; p++) {
		if (!in && *p == '\\' && p[1] != '\0')
			p++;
		else if (!in && *p == '[') {
			in = 1;
			p += p[1] == '^';
			p += p[1] == ']';
		} else if (in && *p == ']')
			in = 0;
		else if (in && (unsigned char)*p >= 0x80)
			return 0;
	}
	return 1;
}

static int
compile(regex_t *re, const char *ere, const char *column, struct fail *f)
{
	char why[160];
	int rc;

	if (!is_plain(ere))
		return wrong(f, column,
		    "letters beyond ASCII within [ ]; write (a|b) instead");
	rc = regcomp(re, ere, REG_EXTENDED);
	if (rc == 0)
		return 0;
	(void)regerror(rc, re, why, sizeof(why));
	return wrong(f, column, why);
}

/* Every \N of replace must be a group of match. */
static int
check_groups(const struct rule *r, struct fail *f)
{
	const char *p;

	for (p = r->replace; p != NULL && *p != '\0'; p++) {
		if (*p != '\\')
			continue;
		p++;
		if (*p == '\\')
			continue;
		if (*p < '0' || *p > '9')
			return wrong(f, "replace",
			    "a \\ is followed by neither a digit nor a \\");
		if ((size_t)(*p - '0') > r->match.re_nsub)
			return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER,
			    "replace", "\\%c: match has %zu groups", *p,
			    r->match.re_nsub);
	}
	return 0;
}

static void
rule_free(struct rule *r)
{
	regfree(&r->match);
	if (r->has_account)
		regfree(&r->account);
	free(r->replace);
}

static int
take_role(struct rule *r, const char *role, struct fail *f)
{
	if (*role == '\0')
		return 0;
	r->has_role = 1;
	r->role = role_of(role);
	if (r->role == ROLE_NONE && strcmp(role, "-") != 0)
		return wrong(f, "role", "unknown; - is none");
	return 0;
}

static int
take_rule(void *arg, const struct row *row, uint64_t line, struct fail *f)
{
	struct rules *rules = arg;
	struct rule r = {.line = line};
	const char *replace = row_get(row, "replace");
	const char *account = row_get(row, "account");

	if (*row_get(row, "match") == '\0' || *replace == '\0')
		return wrong(f, "rule", "match or replace is empty");
	if (compile(&r.match, row_get(row, "match"), "match", f) == -1)
		return -1;
	if (*account != '\0') {
		if (compile(&r.account, account, "account", f) == -1) {
			rule_free(&r);
			return -1;
		}
		r.has_account = 1;
	}
	if (strcmp(replace, "-") != 0)
		r.replace = mem_strdup(replace);
	if (check_groups(&r, f) == -1 ||
	    take_role(&r, row_get(row, "role"), f) == -1) {
		rule_free(&r);
		return -1;
	}
	rules->list =
	    mem_resize(rules->list, rules->n + 1, sizeof(*rules->list));
	rules->list[rules->n++] = r;
	return 0;
}

/*
 * In a TSV a backslash is written \\, but people write \1 and \. all the
 * same: one that starts no escape of TSV stands for itself here.
 */
static void
spell_out(struct buf *out, const char *s)
{
	int tsv = memchr(s, '\t', strcspn(s, "\n")) != NULL;

	for (; *s != '\0'; s++) {
		buf_addc(out, *s);
		if (!tsv || *s != '\\')
			continue;
		if (s[1] != '\0' && strchr("tnr\\", s[1]) != NULL)
			buf_addc(out, *++s);
		else
			buf_addc(out, '\\');
	}
}

static int
read_file(struct buf *out, const char *file, struct fail *f)
{
	FILE *fp = fopen(file, "re");
	size_t n;

	buf_add(out, "", 0);
	while (fp != NULL && out->len < FILE_LIMIT &&
	    (n = fread(buf_room(out, 65536), 1, 65536, fp)) > 0)
		buf_grown(out, n);
	if (fp == NULL || ferror(fp)) {
		(void)fail_at(f, "%s", file);
		(void)fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "rules",
		    "%s", strerror(errno));
		if (fp != NULL)
			(void)fclose(fp);
		return -1;
	}
	(void)fclose(fp);
	buf_add(out, "", 0);
	if (out->len < FILE_LIMIT && strlen(out->data) == out->len)
		return 0;
	(void)fail_at(f, "%s", file);
	return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "rules",
	    "it holds a NUL, or is longer than %d octets", FILE_LIMIT);
}

int
rules_load(struct rules **r, const char *file, struct fail *f)
{
	struct buf raw = {0}, text = {0};
	int rc;

	*r = mem_alloc(sizeof(**r));
	(*r)->file = mem_strdup(file);
	rc = read_file(&raw, file, f);
	if (rc == 0) {
		buf_add(&text, "", 0);
		spell_out(&text, raw.data);
		rc = profile_rows(
		    file, text.data, take_rule, *r, "match replace", f);
	}
	buf_free(&raw);
	buf_free(&text);
	return rc;
}

void
rules_free(struct rules *r)
{
	size_t i;

	if (r == NULL)
		return;
	for (i = 0; i < r->n; i++)
		rule_free(&r->list[i]);
	free(r->list);
	free(r->file);
	free(r);
}

const char *
rules_file(const struct rules *r)
{
	return r->file;
}

/* POSIX takes the leftmost longest match: if the whole can match, it does. */
static int
is_match(const regex_t *re, const char *s, regmatch_t *group, size_t n)
{
	return regexec(re, s, n, group, 0) == 0 && group[0].rm_so == 0 &&
	    (size_t)group[0].rm_eo == strlen(s);
}

static void
replace(struct buf *out, const char *with, const char *s,
    const regmatch_t group[10])
{
	const regmatch_t *g;

	for (; *with != '\0'; with++) {
		if (*with != '\\') {
			buf_addc(out, *with);
			continue;
		}
		with++;
		if (*with == '\\') {
			buf_addc(out, '\\');
			continue;
		}
		g = &group[*with - '0'];
		if (g->rm_so != -1)
			buf_add(
			    out, s + g->rm_so, (size_t)(g->rm_eo - g->rm_so));
	}
}

struct ruling
rules_apply(const struct rules *r, const char *account, const char *folder,
    struct buf *out)
{
	struct ruling to = {0};
	regmatch_t group[10];
	size_t i;

	for (i = 0; r != NULL && i < r->n; i++) {
		const struct rule *rule = &r->list[i];

		if (rule->has_account &&
		    !is_match(&rule->account, account, group, 1))
			continue;
		if (!is_match(&rule->match, folder, group, LENGTH(group)))
			continue;
		to.has_role = rule->has_role;
		to.role = rule->role;
		to.line = rule->line;
		to.what = rule->replace != NULL ? RULE_NAMED : RULE_OUT;
		if (rule->replace != NULL)
			replace(out, rule->replace, folder, group);
		break;
	}
	return to;
}
