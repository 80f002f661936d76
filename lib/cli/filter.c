/* filter.c: the main of every tool. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

static pid_t parent;

/* Whoever is still at work then computes, or waits where no deadline is. */
static void
on_late(int sig)
{
	(void)sig;
	_exit(128 + stop_signal());
}

static void
on_stop(int sig)
{
	static const struct itimerval late = {.it_value = {4, 700000}};

	if (sig == SIGINT && stop_signal() == SIGINT && getpid() == parent)
		_exit(128 + SIGINT);
	if (stop_signal() == 0)
		(void)setitimer(ITIMER_REAL, &late, NULL);
	stop_request(sig);
}

static void
on_usr1(int sig)
{
	(void)sig;
	progress_ask();
}

static void catch (int sig, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	(void)sigaction(sig, &sa, NULL);
}

static void
signals(void)
{
	parent = getpid();
	catch (SIGINT, on_stop);
	catch (SIGTERM, on_stop);
	catch (SIGHUP, on_stop);
	catch (SIGUSR1, on_usr1);
	catch (SIGALRM, on_late);
	(void)signal(SIGXFSZ, SIG_IGN); /* as any full disk */
}

/*
 * A descriptor that the caller closed must not become that of a file or a
 * socket of ours: what is written to stdout would go there.
 */
static void
hold_standard(void)
{
	int fd;

	for (fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int
header_needs(const struct header *have, const char *names, struct fail *f)
{
	struct header *want = header_new(names);
	size_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < header_count(want); i++)
		if (header_find(have, header_name(want, i)) == -1)
			rc = fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER,
			    "header", "the input has no column '%s'",
			    header_name(want, i));
	header_free(want);
	return rc;
}

/* ---- verbs ---- */

static struct filter with_verb; /* the tool, with the functions of: */
static const struct verb *verb;

const struct verb *
cli_verb(void)
{
	return verb;
}

static int
no_verb(struct fail *f)
{
	const struct verb *v;
	struct buf names = {0};

	for (v = with_verb.verbs; v->name != NULL; v++)
		buf_addf(&names, "%s%s",
		    v == with_verb.verbs    ? ""
			: v[1].name == NULL ? " or "
					    : ", ",
		    v->name);
	(void)fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "what? %s", names.data);
	buf_free(&names);
	return -1;
}

/* The name of the verb is taken out of the operands. */
static const struct filter *
take_verb(const struct filter *t, int *argc, char ***argv)
{
	const struct verb *v = t->verbs;

	if (v == NULL)
		return t;
	with_verb = *t;
	with_verb.start = no_verb;
	for (; *argc > 1 && v->name != NULL; v++)
		if (strcmp((*argv)[1], v->name) == 0) {
			verb = v;
			with_verb.start = v->start;
			with_verb.take = v->take;
			with_verb.finish = v->finish;
			(*argv)[1] = (*argv)[0];
			++*argv;
			--*argc;
			break;
		}
	return &with_verb;
}

/* The columns of the output; NULL where the input lacks one. */
static struct header *
out_header(const struct filter *t, const struct header *have, struct fail *f)
{
	struct header *h, *own;
	size_t i;

	if (t->header != NULL)
		return t->header(have, f);
	if (verb != NULL)
		return header_new(verb->columns);
	if (t->needs != NULL && header_needs(have, t->needs, f) == -1)
		return NULL;
	h = header_new("");
	own = header_new(t->columns);
	for (i = 0; i < header_count(have); i++)
		(void)header_add(h, header_name(have, i));
	for (i = 0; i < header_count(own); i++)
		(void)header_add(h, header_name(own, i));
	header_free(own);
	return h;
}

/* -o: beside the file, and in its place only when all is well. */
static FILE *
open_output(char **temp, struct fail *f)
{
	FILE *fp;
	int fd;

	if (settings.output == NULL)
		return stdout;
	*temp = mem_printf("%s.XXXXXX", settings.output);
	fd = mkostemp(*temp, O_CLOEXEC);
	fp = fd == -1 ? NULL : fdopen(fd, "w");
	if (fp == NULL) {
		(void)fail_errno(
		    f, CODE_IO, REACH_RUN, "output", "%s", settings.output);
		free(*temp);
	}
	return fp;
}

static int
close_output(
    FILE *fp, struct table_out *out, char *temp, int whole, struct fail *f)
{
	int rc = table_end(out, f);

	if (fp == stdout) {
		if (rc == 0 && close(dup(STDOUT_FILENO)) == -1)
			rc = fail_errno(
			    f, CODE_IO, REACH_RUN, "write", "output");
		return rc;
	}
	if (rc == 0 && fsync(fileno(fp)) == -1)
		rc = fail_errno(f, CODE_IO, REACH_RUN, "output", "%s", temp);
	if (fclose(fp) != 0 && rc == 0)
		rc = fail_errno(f, CODE_IO, REACH_RUN, "output", "%s", temp);
	if (rc == 0 && whole && rename(temp, settings.output) == -1)
		rc = fail_errno(
		    f, CODE_IO, REACH_RUN, "output", "%s", settings.output);
	if (rc == -1 || !whole)
		(void)unlink(temp);
	return rc;
}

static int
run(const struct filter *t, struct input *in, struct tally *tally,
    struct fail *f)
{
	struct header *have = NULL, *want;
	struct table_out *out;
	char *temp = NULL;
	FILE *fp;
	int rc, is_text = t->is_text != NULL && *t->is_text;

	if (!is_text && input_header(in, &have, f) != 1)
		return -1;
	if (is_text)
		want = header_new("");
	else if ((want = out_header(t, have, f)) == NULL) {
		input_place(in, f);
		return -1;
	}
	if ((fp = open_output(&temp, f)) == NULL) {
		header_free(want);
		return -1;
	}
	out = table_out(
	    fp, want, settings.to, settings.csv_safe ? TABLE_CSV_SAFE : 0);
	progress_start();
	if (is_text)
		rc = run_text(t, in, want, out, tally);
	else if (t->take != NULL)
		rc = run_whole(t, in, want, out, tally);
	else if (t->account != NULL)
		rc = run_local(t, in, want, out, tally);
	else
		rc = run_workers(t, in, have, want, out, tally);
	progress_end();
	if (rc == 0 && tally->fatal != 74)
		rc = close_output(fp, out, temp,
		    tally->fatal == 0 && tally->cut == 0 && stop_signal() == 0,
		    f);
	if (rejects_close(f) == -1 || side_close(f) == -1)
		rc = -1;
	table_out_free(out);
	header_free(want);
	free(temp);
	return rc;
}

static int
prepare(const struct filter *t, struct fail *f)
{
	if (settings.log != NULL && log_open(settings.log, f) == -1)
		return -1;
	if (settings.rejects != NULL && rejects_open(settings.rejects, f) == -1)
		return -1;
	if (side_open(t, f) == -1)
		return -1;
	if (t->network && net_setup(&settings.net, f) == -1)
		return -1;
	return t->start != NULL ? t->start(f) : 0;
}

int
filter_main(const struct filter *t, int argc, char **argv)
{
	struct tally tally = {0};
	struct fail f = {0};
	struct input *in;
	int status;

	t = take_verb(t, &argc, &argv);
	hold_standard();
	(void)umask(077); /* mail, addresses: whatever the caller's is */
	secret_init();
	settings.to = DIALECT_TSV;
	if (options_read(t, argc, argv, &status))
		return status;
	signals();
	if (optind == argc && !input_is_given() && isatty(STDIN_FILENO)) {
		usage_line();
		return 64;
	}
	if (prepare(t, &f) == -1) {
		say(&f);
		return fail_exit(&f);
	}
	in = input_new(argv + optind, argc - optind);
	status = run(t, in, &tally, &f);
	input_free(in);
	if (stop_signal() != 0)
		status = 128 + stop_signal();
	else if (status == -1) {
		say(&f);
		status = fail_exit(&f);
	} else
		status = tally_exit(&tally);
	if (log_close(status, &f) == -1) {
		say(&f);
		return fail_exit(&f);
	}
	return status;
}
