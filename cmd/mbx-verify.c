/* mbx-verify: compares two sides without trusting the copier. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "row/row.h"
#include "store/store.h"
#include "verify/verify.h"

static const char *given[4]; /* --source, --target and their secrets */
static const char **only, **exclude;
static const char *manifest_dir, *compare_dir, *against_dir, *side;
static struct verify_opt options = {.accept = RUNG_EOL, .seed = ""};
static struct verify *verify;
static struct out *output;
static int answer; /* 1: no, something is wrong */

/* ---- options ---- */

static int
set_collision(const char *name, struct fail *f)
{
	return collision_read(&options.map.collision, name, f);
}

static int
set_accept(const char *name, struct fail *f)
{
	if (rung_of(name, &options.accept))
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--accept is exact, eol, eol+end, store, bytes or parts, not '%s'",
	    name);
}

static int
set_sample(const char *value, struct fail *f)
{
	char *end;

	options.sample = strtod(value, &end);
	if (*value >= '0' && *value <= '9' && *end == '\0' &&
	    options.sample > 0 && options.sample <= 100)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--sample is a percentage above 0, at most 100, not '%s'", value);
}

static int
set_side(const char *name, struct fail *f)
{
	side = name;
	if (strcmp(name, "source") == 0 || strcmp(name, "target") == 0)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--side is source or target, not '%s'", name);
}

static const struct opt opts[] = {
    {"source", 0, OPT_STRING, "URL", "one mailbox instead of a table",
	&given[0], NULL},
    {"target", 0, OPT_STRING, "URL", "what it is compared with", &given[1],
	NULL},
    {"source-secret", 0, OPT_STRING, "REF", NULL, &given[2], NULL},
    {"target-secret", 0, OPT_STRING, "REF", "file:PATH, cmd:COMMAND, ...",
	&given[3], NULL},
    {"accept", 'a', OPT_CALL, "RUNG", "eol+end, store, bytes or parts", NULL,
	set_accept},
    {"sample", 0, OPT_CALL, "PCT", "only so many messages in a hundred", NULL,
	set_sample},
    {"seed", 0, OPT_STRING, "S", "another S is another sample", &options.seed,
	NULL},
    {"quick", 0, OPT_FLAG, NULL, "no bodies: counts, dates, sizes, flags",
	&options.quick, NULL},
    {"manifest", 0, OPT_STRING, "DIR", "write down there what a side holds",
	&manifest_dir, NULL},
    {"side", 0, OPT_CALL, "SIDE", "of --manifest: source (default) or target",
	NULL, set_side},
    {"compare", 0, OPT_STRING, "DIR DIR",
	"manifests of the source and of the target", &compare_dir, NULL},
    {"against", 0, OPT_STRING, "DIR", "the second of them, in other words",
	&against_dir, NULL},
    {"rules", 'r', OPT_STRING, "FILE", "names, as mbx-map has them",
	&options.map.rules, NULL},
    {"profile", 'p', OPT_STRING, "NAME", "what the target is like",
	&options.map.profile, NULL},
    {"prefix", 0, OPT_STRING, "FOLDER", "everything went under it",
	&options.map.prefix, NULL},
    {"collision", 0, OPT_CALL, "POLICY", "refuse (default), suffix or merge",
	NULL, set_collision},
    {"only", 0, OPT_LIST, "PATTERN", "these folders, and all below them", &only,
	NULL},
    {"exclude", 0, OPT_LIST, "PATTERN", "not these", &exclude, NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

/* ---- rows ---- */

static struct row *
fresh(const struct row *job)
{
	struct row *r = out_new(output, job);
	struct buf account = {0};
	char text[CLOCK_TEXT];

	job_account(&account, job);
	row_set(r, "account", account.data != NULL ? account.data : "");
	buf_free(&account);
	job_key(text, job);
	row_set(r, "key", text);
	row_set(r, "at", clock_format(text, clock_now()));
	return r;
}

/* folder;UID=n, the target's where the source has no such message. */
static void
set_object(struct row *r, const struct check *c)
{
	const char *folder = *c->folder != '\0' ? c->folder : c->dst_folder;

	if (*c->uid != '\0')
		row_setf(r, "object", "%s;UID=%s", folder, c->uid);
	else if (*c->dst_uid != '\0')
		row_setf(r, "object", "%s;UID=%s", c->dst_folder, c->dst_uid);
	else
		row_set(r, "object", folder);
}

static void
tell(void *arg, const struct row *job, const struct check *c)
{
	struct row *r = fresh(job);

	(void)arg;
	set_object(r, c);
	row_set(r, "check", c->check);
	row_set(r, "server", c->server);
	row_set(r, "expected", c->expected);
	row_set(r, "found", c->found);
	row_set(r, "verdict", c->verdict);
	row_set(r, "severity", c->severity);
	row_set(r, "status", c->status);
	row_set(r, "code", c->code);
	row_set(r, "hint", c->hint);
	row_set(r, "folder", c->folder);
	row_set(r, "dst_folder", c->dst_folder);
	row_set(r, "uid", c->uid);
	row_set(r, "dst_uid", c->dst_uid);
	row_set(r, "digest_level", c->level);
	row_set(r, "rung", c->rung);
	if (strcmp(c->verdict, "fail") == 0 ||
	    (strcmp(c->verdict, "error") == 0 &&
		strcmp(c->status, "deferred") != 0))
		answer = 1;
	out_row(output, r);
}

static void
loud(void *arg, const char *line)
{
	(void)arg;
	say_loud("%s", line);
}

static void
progress(void *arg, uint64_t octets, uint64_t total, uint64_t messages)
{
	(void)arg;
	cli_progress(octets, total, messages);
}

/* ---- one job ---- */

static int
usage(struct fail *f, const char *what)
{
	return fail_set(
	    f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option", "%s", what);
}

static int
start(struct fail *f)
{
	if (compare_dir != NULL && against_dir == NULL)
		return usage(f, "--compare wants two directories");
	if (compare_dir != NULL && manifest_dir != NULL)
		return usage(f, "--manifest writes, --compare reads: not both");
	if (side != NULL && manifest_dir == NULL)
		return usage(f, "--side is for --manifest");
	if (options.sample > 0 && (compare_dir != NULL || manifest_dir != NULL))
		return usage(f, "--sample is not for manifests");
	if (options.sample > 0 && options.quick)
		return usage(f,
		    "--quick reads no message that --sample could "
		    "choose");
	options.only = only;
	options.exclude = exclude;
	options.tell = tell;
	options.say = loud;
	options.progress = progress;
	if (verify_new(&verify, &options, f) == -1)
		return -1;
	return compare_dir != NULL
	    ? verify_manifests(verify, compare_dir, against_dir, f)
	    : 0;
}

static int
write_manifest(const struct row *job, struct fail *f)
{
	struct manifest_sum sum = {.failed = 0};
	struct row *r;

	if (!cli_dry_run() &&
	    manifest_write(verify, manifest_dir, side != NULL ? side : "source",
		job, &sum, f) == -1)
		return -1;
	r = fresh(job);
	row_set(r, "check", "manifest");
	row_setf(r, "object", "%s/%s.tsv", manifest_dir, row_get(r, "key"));
	row_setf(r, "found", "%" PRIu64, sum.messages);
	row_set(r, "verdict", sum.failed > 0 ? "error" : "pass");
	row_set(r, "severity", sum.failed > 0 ? "high" : "info");
	row_set(r, "status",
	    cli_dry_run()	 ? "planned"
		: sum.failed > 0 ? "failed"
				 : "ok");
	if (sum.failed > 0)
		row_setf(
		    r, "hint", "%" PRIu64 " could not be read", sum.failed);
	out_row(output, r);
	return 0;
}

/* Without a table of jobs: all accounts that the manifests know. */
static int
compare_all(const struct row *job, struct fail *f)
{
	struct header *h = header_new("manifest account");
	struct row *r = row_under(out_arena(output), h, job);
	const char *account;
	size_t i;

	for (i = 0; (account = verify_account(verify, i)) != NULL; i++) {
		row_set(r, "account", account);
		if (verify_compare(verify, r, f) == -1) {
			struct row *bad = fresh(r);

			if (f->reach == REACH_RUN || stop_signal() != 0)
				return -1;
			answer = 1;
			say(f);
			row_set(bad, "verdict", "error");
			row_set(bad, "severity", "critical");
			row_set(bad, "status", "failed");
			row_set(bad, "code", fail_code_name(f->code));
			row_setf(bad, "hint", "%s: %s", f->what, f->why);
			out_row(output, bad);
		}
	}
	header_free(h);
	return 0;
}

static int
one(const struct row *job, struct fail *f)
{
	if (manifest_dir != NULL)
		return write_manifest(job, f);
	if (compare_dir == NULL)
		return verify_job(verify, job, f);
	if (*row_get(job, "manifest") != '\0')
		return compare_all(job, f);
	return verify_compare(verify, job, f);
}

static int
each(const struct row *job, int last, struct out *o, struct fail *f)
{
	(void)last;
	if (job == NULL) {
		verify_end(verify);
		return 0;
	}
	output = o;
	answer = 0;
	return one(job, f) == -1 ? -1 : answer;
}

/* --compare takes two words: the second becomes an option of its own.  The
 * caller frees. */
static int comparing;
static char **
spread(int *argc, char **argv)
{
	static char against[] = "--against";
	char **out;
	int i, n = 0, from = -1;

	out = mem_array((size_t)*argc + 2, sizeof(*out));
	for (i = 0; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			break;
		if (strcmp(argv[i], "--compare") == 0)
			from = i + 2;
		else if (strncmp(argv[i], "--compare=", 10) == 0)
			from = i + 1;
	}
	for (i = 0; i < *argc; i++) {
		if (i == from && argv[i][0] != '-')
			out[n++] = against;
		out[n++] = argv[i];
	}
	*argc = n;
	comparing = from != -1;
	return out;
}

int
main(int argc, char **argv)
{
	static const struct given columns[] = {{"source", &given[0], NULL},
	    {"target", &given[1], NULL}, {"source_secret", &given[2], NULL},
	    {"target_secret", &given[3], NULL}, {NULL, NULL, NULL}};
	static const struct given all[] = {
	    {"manifest", &compare_dir, NULL}, {NULL, NULL, NULL}};
	static struct filter filter = {
	    .name = "mbx-verify",
	    .synopsis = "[-qv] [-j N] [-a RUNG] [--quick] "
			"[--sample PCT --seed S] [jobs ...]",
	    .summary = "compares two sides message by message, without "
		       "trusting the copier",
	    .examples = "  mbx-verify -p dovecot jobs.tsv >checks.tsv\n"
			"  mbx-verify --source maildir:old/anna "
			"--target maildir:new/anna",
	    .opts = opts,
	    .columns = "key account at check object server expected found "
		       "verdict severity status code hint folder dst_folder "
		       "uid dst_uid digest_level rung",
	    .url_column = "source",
	    .given = columns,
	    .start = start,
	    .each = each,
	    .network = 1,
	};
	int status;

	argv = spread(&argc, argv);
	if (comparing)
		filter.given = all;
	status = filter_main(&filter, argc, argv);
	free(argv);
	return status;
}
