/* options.c: the options that every tool has, and those of one. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"

#ifndef MBX_VERSION
#error MBX_VERSION is the number in NEWS.md
#endif

struct settings settings = {.jobs = 1};

static int ipv4, ipv6;
static uint64_t jobs = 1, timeout_s;

static int
set_dialect(enum dialect *d, const char *name, struct fail *f)
{
	if (strcmp(name, "tsv") == 0)
		*d = DIALECT_TSV;
	else if (strcmp(name, "csv") == 0)
		*d = DIALECT_CSV;
	else
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "'%s' is no dialect: tsv or csv", name);
	return 0;
}

static int
set_from(const char *name, struct fail *f)
{
	return set_dialect(&settings.from, name, f);
}

static int
set_to(const char *name, struct fail *f)
{
	return set_dialect(&settings.to, name, f);
}

static int
set_progress(const char *name, struct fail *f)
{
	static const char *const names[] = {"auto", "tty", "plain", "none"};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i], name) == 0) {
			settings.progress = (enum progress)i;
			return 0;
		}
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--progress is auto, tty, plain or none, not '%s'", name);
}

static int
more_verbose(const char *value, struct fail *f)
{
	(void)value;
	(void)f;
	settings.verbose++;
	return 0;
}

enum { HELP = 'h', VERSION = 'V' };
static int asked;

static int
ask_help(const char *value, struct fail *f)
{
	(void)value;
	(void)f;
	asked = HELP;
	return 0;
}

static int
ask_version(const char *value, struct fail *f)
{
	(void)value;
	(void)f;
	asked = VERSION;
	return 0;
}

static const struct opt common[] = {
    {"jobs", 'j', OPT_NUMBER, "N", "accounts at once (1)", &jobs, NULL},
    {"dry-run", 'n', OPT_FLAG, NULL, "read only, say what would be done",
	&settings.dry_run, NULL},
    {"quiet", 'q', OPT_FLAG, NULL, "errors only", &settings.quiet, NULL},
    {"verbose", 'v', OPT_CALL, NULL, "what is done; twice: the protocol", NULL,
	more_verbose},
    {"from", 0, OPT_CALL, "tsv|csv", NULL, NULL, set_from},
    {"to", 0, OPT_CALL, "tsv|csv", "dialect in (the header tells) and out",
	NULL, set_to},
    {"csv-safe", 0, OPT_FLAG, NULL, "guard spreadsheets against formulas",
	&settings.csv_safe, NULL},
    {"output", 'o', OPT_STRING, "FILE", "rows go there, whole or not at all",
	&settings.output, NULL},
    {"rejects", 0, OPT_STRING, "FILE", "rows that cannot be read go there",
	&settings.rejects, NULL},
    {"strict", 0, OPT_FLAG, NULL, "stop at the first bad row", &settings.strict,
	NULL},
    {"log", 0, OPT_STRING, "FILE", "append messages and events as TSV",
	&settings.log, NULL},
    {"progress", 0, OPT_CALL, "WHEN", "auto, tty, plain or none", NULL,
	set_progress},
    {"max-failures", 0, OPT_NUMBER, "N", "begin nothing new after N failed",
	&settings.max_failures, NULL},
    {"help", 'h', OPT_CALL, NULL, NULL, NULL, ask_help},
    {"version", 'V', OPT_CALL, NULL, "this; name and version", NULL,
	ask_version},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

static const struct opt network[] = {
    {"ipv4", '4', OPT_FLAG, NULL, NULL, &ipv4, NULL},
    {"ipv6", '6', OPT_FLAG, NULL, "this family only", &ipv6, NULL},
    {"timeout", 0, OPT_NUMBER, "S", "seconds without progress (300)",
	&timeout_s, NULL},
    {"insecure", 0, OPT_FLAG, NULL, "verify no certificate; named loudly",
	&settings.net.insecure, NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

enum { SETS = 3 };
static void
sets_of(const struct filter *t, const struct opt *set[SETS])
{
	static const struct opt none = {
	    NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL};

	set[0] = t->opts != NULL ? t->opts : &none;
	set[1] = t->network ? network : &none;
	set[2] = common;
}

void
usage_line(void)
{
	(void)fprintf(stderr, "usage: %s %s (see %s --help)\n",
	    settings.tool->name, settings.tool->synopsis, settings.tool->name);
}

static void
help_set(const struct opt *o)
{
	struct buf left = {0};

	for (; o->name != NULL; o++) {
		if (left.len > 0)
			buf_adds(&left, ", ");
		else if (!o->letter)
			buf_adds(&left, "    ");
		if (o->letter)
			buf_addf(&left, "-%c, ", o->letter);
		buf_addf(&left, "--%s", o->name);
		if (o->help == NULL)
			continue;
		if (o->value != NULL)
			buf_addf(&left, " %s", o->value);
		(void)printf("  %-28s %s\n", left.data, o->help);
		buf_reset(&left);
	}
	buf_free(&left);
}

/* Lines of at most 80 columns, the later ones indented. */
static void
help_wrapped(const char *s)
{
	size_t at = 0, n;

	for (; *s != '\0'; s += n) {
		n = strcspn(s, " ");
		if (at > 0 && at + 1 + n > 80)
			at = (size_t)printf("\n    ");
		else if (at > 0)
			at += (size_t)printf(" ");
		at += (size_t)printf("%.*s", (int)n, s);
		n += s[n] == ' ';
	}
	(void)printf("\n");
}

static void
help(const struct filter *t)
{
	const struct opt *set[SETS];
	char *usage = mem_printf("usage: %s %s", t->name, t->synopsis);
	size_t i;

	sets_of(t, set);
	help_wrapped(usage);
	free(usage);
	help_wrapped(t->summary);
	for (i = 0; i < SETS; i++)
		help_set(set[i]);
	(void)printf("examples:\n%s\nexit: 0 done, 1 failed or no, "
		     "64-78 sysexits, 75 later; see %s(1)\n",
	    t->examples, t->name);
}

/* 4K, 10M, 2G: multiples of 1024. */
static int
number(const char *s, uint64_t *v)
{
	static const char units[] = "KMG";
	size_t n = strlen(s);
	const char *unit = n > 0 ? strchr(units, s[n - 1]) : NULL;
	uint64_t times = 1;

	if (unit != NULL) {
		times <<= 10 * (unit - units + 1);
		n--;
	}
	return text_u64(s, n, v) && !__builtin_mul_overflow(*v, times, v);
}

static void
add_to(const char ***list, const char *value)
{
	size_t n = 0;

	while (*list != NULL && (*list)[n] != NULL)
		n++;
	*list = mem_resize(*list, n + 2, sizeof(**list));
	(*list)[n] = value;
	(*list)[n + 1] = NULL;
}

static int
apply(const struct opt *o, const char *value, struct fail *f)
{
	switch (o->kind) {
	case OPT_FLAG:
		*(int *)o->to = 1;
		return 0;
	case OPT_STRING:
		*(const char **)o->to = value;
		return 0;
	case OPT_LIST:
		add_to(o->to, value);
		return 0;
	case OPT_NUMBER:
		if (number(value, o->to))
			return 0;
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--%s wants a number, not '%s'", o->name, value);
	case OPT_TIME:
		if (clock_parse(value, o->to))
			return 0;
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--%s wants a date or a time like "
		    "2026-11-23T08:15:00Z, not '%s'",
		    o->name, value);
	case OPT_CALL:
		return o->call(value, f);
	}
	return 0;
}

/* Tables of getopt_long, from ours. */
struct table {
	struct option *option;
	const struct opt **opt;
	size_t n;
	struct buf letters;
};

static void
collect(struct table *t, const struct opt *o)
{
	for (; o->name != NULL; o++) {
		t->option = mem_resize(t->option, t->n + 2, sizeof(*t->option));
		t->opt = mem_resize(t->opt, t->n + 1, sizeof(*t->opt));
		t->option[t->n] = (struct option){o->name,
		    o->value ? required_argument : no_argument, NULL,
		    256 + (int)t->n};
		t->opt[t->n++] = o;
		t->option[t->n] = (struct option){NULL, 0, NULL, 0};
		if (o->letter) {
			buf_addc(&t->letters, o->letter);
			if (o->value)
				buf_addc(&t->letters, ':');
		}
	}
}

static const struct opt *
chosen(const struct table *t, int c)
{
	size_t i;

	if (c >= 256 && (size_t)(c - 256) < t->n)
		return t->opt[c - 256];
	for (i = 0; i < t->n; i++)
		if (t->opt[i]->letter == c && c != 0)
			return t->opt[i];
	return NULL;
}

static int
check_settings(struct fail *f)
{
	if (jobs < 1 || jobs > 256)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "-j wants 1 to 256");
	if (timeout_s > 86400)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--timeout wants at most a day");
	settings.jobs = (unsigned int)jobs;
	settings.net.family = ipv4 ? 4 : ipv6 ? 6 : 0;
	settings.net.idle_s = (unsigned int)timeout_s;
	settings.net.connect_s =
	    timeout_s && timeout_s < 30 ? (unsigned int)timeout_s : 0;
	settings.net.note = net_note;
	if (settings.verbose > 1)
		settings.net.trace = net_trace;
	return 0;
}

static int
parse(const struct table *t, int argc, char **argv, struct fail *f)
{
	int c;

	opterr = 0;
	while ((c = getopt_long(
		    argc, argv, t->letters.data, t->option, NULL)) != -1) {
		const struct opt *o = chosen(t, c);

		if (o == NULL)
			return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER,
			    "option", "%s '%s'",
			    optopt && chosen(t, optopt) ? "no value after"
							: "no such option:",
			    argv[optind > 1 ? optind - 1 : 0]);
		if (apply(o, optarg, f) == -1)
			return -1;
	}
	return check_settings(f);
}

int
options_read(const struct filter *t, int argc, char **argv, int *status)
{
	const struct opt *set[SETS];
	struct table table = {0};
	struct fail f = {0};
	int rc;
	size_t i;

	settings.tool = t;
	sets_of(t, set);
	buf_adds(&table.letters, ""); /* never NULL */
	for (i = 0; i < SETS; i++)
		collect(&table, set[i]);
	rc = parse(&table, argc, argv, &f);
	free(table.option);
	free(table.opt);
	buf_free(&table.letters);
	*status = 0;
	if (rc == -1) {
		say(&f);
		usage_line();
		*status = fail_exit(&f);
		return 1;
	}
	if (asked == HELP)
		help(t);
	else if (asked == VERSION)
		(void)printf("%s %s\n", t->name, MBX_VERSION);
	if (asked && (fflush(stdout) != 0 || ferror(stdout)))
		*status = 74;
	return asked != 0;
}
