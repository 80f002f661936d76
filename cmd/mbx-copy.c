/* mbx-copy: copies mailboxes, add-only and resumable. */
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "copy/copy.h"
#include "ledger/ledger.h"
#include "row/row.h"
#include "store/store.h"

static const char *given[4]; /* --source, --target and their secrets */
static const char **only, **exclude;
static const char *messages_file;
static struct copy_opt options = {.since = CLOCK_NONE, .before = CLOCK_NONE};
static int check;
static const char *compact; /* not NULL: that is asked for */
static struct copy *copy;

/* ---- options ---- */

static int
set_collision(const char *name, struct fail *f)
{
	return collision_read(&options.map.collision, name, f);
}

static int
set_recognise(const char *level, struct fail *f)
{
	options.recognise_weak = strcmp(level, "L3") == 0;
	if (options.recognise_weak || strcmp(level, "L0") == 0)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--recognise is L0 or L3, not '%s'", level);
}

static int set_compact(const char *ignored, struct fail *f);

static const struct opt opts[] = {
    {"ledger", 'l', OPT_STRING, "DIR", "what was done is kept there",
	&options.ledger_dir, NULL},
    {"source", 0, OPT_STRING, "URL", NULL, &given[0], NULL},
    {"target", 0, OPT_STRING, "URL", "one mailbox instead of a table",
	&given[1], NULL},
    {"source-secret", 0, OPT_STRING, "REF", NULL, &given[2], NULL},
    {"target-secret", 0, OPT_STRING, "REF", "file:PATH, cmd:COMMAND, ...",
	&given[3], NULL},
    {"messages", 0, OPT_STRING, "FILE",
	"a row for each message that was not simply copied", &messages_file,
	NULL},
    {"rules", 'r', OPT_STRING, "FILE", "names, as mbx-map has them",
	&options.map.rules, NULL},
    {"profile", 'p', OPT_STRING, "NAME", "what the target is like",
	&options.map.profile, NULL},
    {"prefix", 0, OPT_STRING, "FOLDER", "everything goes under it",
	&options.map.prefix, NULL},
    {"collision", 0, OPT_CALL, "POLICY", "refuse (default), suffix or merge",
	NULL, set_collision},
    {"only", 0, OPT_LIST, "PATTERN", NULL, &only, NULL},
    {"exclude", 0, OPT_LIST, "PATTERN", "these folders and below; not these",
	&exclude, NULL},
    {"since", 0, OPT_TIME, "DATE", NULL, &options.since, NULL},
    {"before", 0, OPT_TIME, "DATE", "messages received then or later; earlier",
	&options.before, NULL},
    {"min-size", 0, OPT_NUMBER, "OCTETS", NULL, &options.min_size, NULL},
    {"max-size", 0, OPT_NUMBER, "OCTETS", "not beyond", &options.max_size,
	NULL},
    {"delete", 0, OPT_FLAG, NULL,
	"what is expunged at the source goes at the target",
	&options.delete_gone, NULL},
    {"mark", 0, OPT_FLAG, NULL, NULL, &options.mark, NULL},
    {"reverse", 0, OPT_FLAG, NULL, "the cutover; what has come since goes back",
	&options.reverse, NULL},
    {"recognise", 0, OPT_CALL, "LEVEL",
	"mail already there: L0 (default), or L3 too", NULL, set_recognise},
    {"until", 0, OPT_CALL, "TIME", "begin nothing new then", NULL,
	cli_set_until},
    {"limit", 0, OPT_CALL, "HOST=N,...", "at most N connections there at once",
	NULL, cli_set_limit},
    {"check", 0, OPT_FLAG, NULL, NULL, &check, NULL},
    {"compact", 0, OPT_CALL, NULL,
	"no copy: would it work; ledgers made smaller", NULL, set_compact},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

/* ---- rows ---- */

/* r is about this job. */
static void
set_job(struct row *r, const struct row *job)
{
	struct buf account = {0};
	char key[17];

	job_account(&account, job);
	row_set(r, "account", account.data);
	buf_free(&account);
	job_key(key, job);
	row_set(r, "key", key);
}

static void
tell(void *arg, const struct row *job, const struct copy_note *n)
{
	struct out *o = arg;
	struct row *r = side_new(o, NULL);
	char text[65];

	if (r == NULL)
		return;
	set_job(r, job);
	row_set(r, "status", n->status);
	row_set(r, "code", fail_code_name(n->code));
	row_set(r, "hint", n->hint);
	row_set(r, "folder", n->folder);
	row_set(r, "dst_folder", n->dst_folder);
	row_set(r, "uid", n->uid);
	row_set(r, "dst_uid", n->dst_uid);
	if (n->size != 0)
		row_setf(r, "size", "%" PRIu64, n->size);
	row_set(r, "internaldate", clock_format(text, n->date));
	row_set(r, "flags", n->flags);
	if (n->digest != NULL) {
		text_hex(text, n->digest, 32);
		row_set(r, "digest", text);
		row_set(r, "digest_level", "L0");
	}
	side_row(o, r);
}

static void
set_count(struct row *r, const char *column, uint64_t n)
{
	row_setf(r, column, "%" PRIu64, n);
}

/* The first that applies. */
static const char *
status_of(const struct copy_sum *s, const struct fail *f)
{
	int lost = s->failed > s->refused;

	if (f != NULL)
		return f->again == AGAIN_LATER ? "deferred" : "failed";
	if (lost)
		return s->first.again == AGAIN_LATER ? "deferred" : "failed";
	if (s->refused > 0)
		return "refused";
	if (options.dry_run)
		return "planned";
	if (s->differs > 0)
		return "differs";
	return s->copied > 0 ? "copied" : "same";
}

/* Code and hint say why where it is no success. */
static void
set_status(struct row *r, const struct copy_sum *s, const struct fail *f)
{
	const char *status = status_of(s, f);

	if (f == NULL && s->first.code != CODE_NONE)
		f = &s->first;
	row_set(r, "status", status);
	row_set(r, "code", f != NULL ? fail_code_name(f->code) : "");
	row_set(r, "hint", "");
	if (f != NULL)
		row_setf(
		    r, "hint", "%s%s%s", f->what, *f->what ? ": " : "", f->why);
	else if (strcmp(status, "differs") == 0)
		row_set(r, "hint",
		    "the target changed flags or dates; --messages has them");
}

static void
result_row(struct out *o, const struct row *job, const struct copy_sum *s,
    double elapsed, const struct fail *f)
{
	struct row *r = out_new(o, job);

	set_job(r, job);
	set_status(r, s, f);
	set_count(r, "messages", s->messages);
	set_count(r, "bytes", s->bytes);
	set_count(r, "copied", s->copied);
	set_count(r, "copied_bytes", s->copied_bytes);
	set_count(r, "same", s->same);
	set_count(r, "flagged", s->flagged);
	set_count(r, "gone", s->gone);
	set_count(r, "failed", s->failed);
	set_count(r, "skipped", s->skipped);
	row_setf(r, "elapsed_s", "%.1f", elapsed);
	if (options.dry_run)
		row_set(r, "digest_level", "L3");
	out_row(o, r);
}

static void
found(void *arg, const struct row *job, const struct copy_finding *n)
{
	struct out *o = arg;
	struct row *r = out_new(o, job);
	char at[CLOCK_TEXT];

	set_job(r, job);
	row_set(r, "at", clock_format(at, clock_now()));
	row_set(r, "check", n->check);
	row_set(r, "object", n->object);
	row_set(r, "server", n->server);
	row_set(r, "expected", n->expected);
	row_set(r, "found", n->found);
	row_set(r, "verdict", n->verdict);
	row_set(r, "severity", n->severity);
	row_set(r, "status",
	    n->later				  ? "deferred"
		: strcmp(n->verdict, "skip") == 0 ? "skipped"
		: n->failed			  ? "failed"
						  : "ok");
	row_set(r, "code", fail_code_name(n->code));
	row_set(r, "hint", n->hint);
	out_row(o, r);
}

/* Without a table of messages there is a count per code at least. */
static void
say_codes(const struct row *job, const struct copy_sum *s)
{
	struct buf line = {0}, account = {0}, plain = {0};
	enum code c;

	for (c = CODE_NONE; c < CODE_COUNT; c++)
		if (s->code[c] > 0)
			buf_addf(&line, "%s%" PRIu64 " %s",
			    line.len > 0 ? ", " : "", s->code[c],
			    fail_code_name(c));
	if (line.len > 0) {
		job_account(&account, job);
		text_printable(&plain, account.data, account.len, 200);
		say_loud("%s%s%s: %s: --messages FILE has a row for each",
		    plain.data, *row_get(job, "folder") ? "/" : "",
		    row_get(job, "folder"), line.data);
	}
	buf_free(&line);
	buf_free(&account);
	buf_free(&plain);
}

/* ---- ledgers, made smaller ---- */

/* KEY.tsv of a job, nothing else that may lie there. */
static int
is_ledger(const struct dirent *e)
{
	return strlen(e->d_name) == 20 &&
	    strspn(e->d_name, "0123456789abcdef") == 16 &&
	    strcmp(e->d_name + 16, ".tsv") == 0;
}

static int
one_ledger(struct out *o, const char *name, struct fail *f)
{
	struct row *r = out_new(o, NULL);
	char *key = mem_strndup(name, 16);
	uint64_t before, after;
	int rc = ledger_compact(
	    options.ledger_dir, key, cli_dry_run(), &before, &after, f);

	row_set(r, "key", key);
	free(key);
	row_set(r, "status",
	    rc == -1 ? (f->again == AGAIN_LATER ? "deferred" : "failed")
		: cli_dry_run()	 ? "planned"
		: after < before ? "ok"
				 : "same");
	if (rc == -1) {
		row_set(r, "code", fail_code_name(f->code));
		row_setf(r, "hint", "%s: %s", f->what, f->why);
	} else {
		set_count(r, "bytes", before);
		set_count(
		    r, "compacted_bytes", after < before ? after : before);
	}
	out_row(o, r);
	return rc;
}

static int
compact_all(struct out *o, struct fail *f)
{
	struct dirent **name;
	int i, n, rc = 0;

	n = scandir(options.ledger_dir, &name, is_ledger, alphasort);
	if (n == -1)
		return fail_errno(f, CODE_INPUT, REACH_RUN, "ledger", "%s",
		    options.ledger_dir);
	for (i = 0; i < n; i++) {
		if (rc == 0 && stop_signal() == 0 &&
		    one_ledger(o, name[i]->d_name, f) == -1) {
			/* A disk that fails fails for all; what is read is
			 * this ledger's own. */
			if (f->code == CODE_IO &&
			    strcmp(f->what, "ledger") != 0)
				rc = -1;
			else
				say(f);
		}
		free(name[i]);
	}
	free(name);
	return rc;
}

/* ---- one job ---- */

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

static struct filter filter;

static int
start(struct fail *f)
{
	if (options.ledger_dir == NULL && (!check || compact != NULL))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--ledger DIR is needed: it makes the next run a delta");
	if (options.reverse && (options.mark || options.delete_gone))
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--reverse only adds: not with --mark or --delete");
	if (options.reverse && check)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--check is for the way there, not with --reverse");
	if (compact != NULL && access(options.ledger_dir, R_OK | X_OK) == -1)
		return fail_errno(f, CODE_INPUT, REACH_RUN, "ledger", "%s",
		    options.ledger_dir);
	if (check && compact != NULL)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--check or --compact, not both");
	if (check)
		filter.columns = "key account at check object server expected "
				 "found verdict severity status code hint";
	options.only = only;
	options.exclude = exclude;
	options.dry_run = cli_dry_run();
	options.until = cli_until();
	options.limited = cli_limits();
	options.tell = tell;
	options.find = found;
	options.say = loud;
	options.progress = progress;
	return copy_new(&copy, &options, f);
}

static int
each(const struct row *job, int last, struct out *o, struct fail *f)
{
	struct copy_sum sum;
	int64_t began = clock_ms();
	int rc;

	(void)last;
	if (job == NULL) {
		copy_end(copy);
		return 0;
	}
	options.arg = o;
	if (compact != NULL)
		return compact_all(o, f);
	if (check)
		return copy_check(copy, job, f);
	rc = copy_job(copy, job, &sum, f);
	if (rc == -1 && (stop_signal() != 0 || sum.away))
		return -1;
	result_row(o, job, &sum, (double)(clock_ms() - began) / 1000,
	    rc == -1 ? f : NULL);
	if (messages_file == NULL)
		say_codes(job, &sum);
	return rc;
}

static const struct given columns[] = {{"source", &given[0], NULL},
    {"target", &given[1], NULL}, {"source_secret", &given[2], NULL},
    {"target_secret", &given[3], NULL}, {NULL, NULL, NULL}};

static struct filter filter = {
    .name = "mbx-copy",
    .synopsis = "-l DIR [-nqv] [-j N] [--messages FILE] [jobs ...]",
    .summary = "copies mailboxes, add-only and resumable; the first "
	       "run and every later one are one command",
    .examples = "  mbx-copy -l ledger jobs.tsv >results.tsv\n"
		"  mbx-copy -l ledger --source maildir:old/anna "
		"--target maildir:new/anna",
    .opts = opts,
    .columns = "key account status code hint messages bytes copied "
	       "copied_bytes same flagged gone failed skipped "
	       "elapsed_s digest_level",
    .needs = "source target",
    .given = columns,
    .side_file = &messages_file,
    .side_columns = "key account folder dst_folder status code hint "
		    "uid dst_uid size internaldate flags digest "
		    "digest_level",
    .start = start,
    .each = each,
    .network = 1,
};

/* There are no jobs: its one row is made up. */
static int
set_compact(const char *ignored, struct fail *f)
{
	static const struct given none[] = {
	    {"key", &compact, NULL}, {NULL, NULL, NULL}};

	(void)ignored;
	(void)f;
	compact = "";
	filter.given = none;
	filter.needs = NULL;
	filter.columns = "key status code hint bytes compacted_bytes";
	return 0;
}

int
main(int argc, char **argv)
{
	return filter_main(&filter, argc, argv);
}
