/*
 * cli: the shape of every tool: options, dialects, workers, order, progress,
 * messages, signals, exit code.  A tool is a struct filter and a function
 * from a row to rows.
 */
#ifndef CLI_H
#define CLI_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct row;
struct header;
struct arena;

/* ---- options: one table a tool, beside the common ones ---- */

enum opt_kind {
	OPT_FLAG, /* int *: set to 1 */
	OPT_STRING, /* const char ** */
	OPT_LIST, /* const char ***: NULL-ended, one more each time */
	OPT_NUMBER, /* uint64_t *, with K M G (1024) suffixes */
	OPT_TIME, /* int64_t *: RFC 3339 or a date */
	OPT_CALL /* int (*)(const char *value, struct fail *) */
};
struct opt {
	const char *name; /* long, without -- */
	char letter; /* 0: none */
	enum opt_kind kind;
	const char *value; /* what --help calls it; NULL for OPT_FLAG */
	const char *help; /* NULL: the next one's line tells of it */
	void *to;
	int (*call)(const char *value, struct fail *f);
};

/* An option that is a column of a table of one row: --source URL. */
struct given {
	const char *column; /* NULL ends the table */
	const char **value; /* where its OPT_STRING put it, or NULL: */
	const char ***list; /* its OPT_LIST, of which the first counts */
};

struct out;
/* What the first operand may ask for; see take, finish and cli_verb. */
struct verb {
	const char *name; /* NULL ends the table */
	const char *columns; /* of the output, if there is no `header` */
	int (*start)(struct fail *f);
	int (*take)(const struct row *r, struct fail *f);
	int (*finish)(uint64_t rejected, struct out *o, struct fail *f);
};
struct filter {
	const char *name; /* mbx-copy */
	const char *synopsis; /* after the name, for usage and --help */
	const char *summary; /* one line */
	const char *examples; /* two lines that run */
	const struct opt *opts; /* ends with name NULL */
	const char *columns; /* what it adds or overwrites, by blanks */
	const char *needs; /* columns the input must have */
	const char *url_column; /* an operand that is a URL is a row with it */
	/* Without an operand these are the only row, if one is set.  May be
	 * NULL. */
	const struct given *given;
	/* A table beside stdout, see side_row; file is an OPT_STRING's. */
	const char **side_file;
	const char *side_columns;
	/* After the options, before any fork or socket.  May be NULL. */
	int (*start)(struct fail *f);
	/*
	 * In a worker, for each row.  Consecutive rows with equal account,
	 * source and target go to the same worker in order, so sessions may be
	 * kept between calls; last is set on the last of them (also when
	 * called for clean-up with r NULL).  Emits rows with out_row.
	 * 0 done, 1 the answer is no, -1 failed as f says: cli says f, and
	 * emits the input row with status failed (or deferred where f is
	 * AGAIN_LATER), code and hint if nothing was emitted for it.  If so,
	 * and f is CODE_THROTTLED at an endpoint, it counts as not begun, and
	 * may be called once more for the row.
	 */
	int (*each)(
	    const struct row *r, int last, struct out *o, struct fail *f);
	/*
	 * Instead of each: all rows of one account at once, in this process
	 * (pure tools).
	 */
	int (*account)(
	    struct row *const *rows, size_t n, struct out *o, struct fail *f);
	/*
	 * Instead of each, in this process, for a tool that decides when it
	 * has seen everything and keeps less than all rows: take has every row
	 * (it lives until take returns), then finish emits.  take: 0, or -1
	 * with f: the row is left out, named by file and line and put into
	 * --rejects; it counts as bad where the code is CODE_ROW, else as
	 * failed.  finish, which is told how many rows were left out: 0,
	 * 1 the answer is no, -1.
	 */
	int (*take)(const struct row *r, struct fail *f);
	int (*finish)(uint64_t rejected, struct out *o, struct fail *f);
	/*
	 * With take: the columns of the output, the caller's; NULL: f says
	 * what the input lacks (see header_needs).  Without this function the
	 * input's columns and `columns`.
	 */
	struct header *(*header)(const struct header *have, struct fail *f);
	/*
	 * Instead of rows, where *is_text: the operand, or stdin, is a text,
	 * and so is what comes out.  name is its file's, NULL for stdin; the
	 * text is NUL-terminated, at most 256 MiB.
	 */
	const int *is_text;
	int (*text)(const char *name, const char *text, size_t n, struct out *o,
	    struct fail *f);
	/* The first operand is one of these, whose functions are used. */
	const struct verb *verbs;
	int network; /* takes the options of networks: -4 -6 --insecure ... */
};
/* The whole program: returns the exit status. */
int filter_main(const struct filter *t, int argc, char **argv);
/* The one that was asked for, NULL: none. */
const struct verb *cli_verb(void);

/* ---- what a tool's functions may call ---- */

/*
 * A new row under the output header with the values of from (NULL: none).  It
 * lives until it and all others made like it are sent off.
 */
struct row *out_new(struct out *o, const struct row *from);
/* Sends it off.  Its status column decides the exit code unless `each` says
 * more. */
void out_row(struct out *o, const struct row *r);
struct arena *out_arena(struct out *o); /* reset after each row */
/* Text instead of rows, as it is: for a finish whose output is no table. */
void out_text(struct out *o, const char *s, size_t n);
/*
 * The same for a row that does not say how the run went, and who does: rc 0
 * done, 1 the answer is no, -1 as f says (cli says f).
 */
void out_plain(struct out *o, const struct row *r);
void out_tell(struct out *o, int rc, const struct fail *f);
/* The same for the table beside stdout; NULL if it was not asked for. */
struct row *side_new(struct out *o, const struct row *from);
void side_row(struct out *o, const struct row *r);

/* One line on stderr: tool: object: what: why.  -q does not silence it. */
void say(const struct fail *f);
/* -v: what is done.  level 1 or 2.  Printable is the caller's duty unless it
 * uses %s with text_printable'd strings. */
void
say_note(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Loud, whatever -v says (but not with -q): --insecure, a torn ledger. */
void say_loud(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

int cli_dry_run(void);
unsigned int cli_jobs(void); /* -j */
/*
 * For the OPT_CALL of a tool whose rows take long, --until: from then on no row
 * is begun, and what its function has not finished (see cli_until; CLOCK_NONE:
 * no limit) is deferred.
 */
int cli_set_until(const char *value, struct fail *f);
int64_t cli_until(void);
/*
 * The same for --limit HOST=N,...: at most so many connections to a host at
 * once.  A row's job counts as one as source and one as target: where there are
 * limits (cli_limits), or the row has a conn_max, its function opens no more.
 */
int cli_set_limit(const char *value, struct fail *f);
int cli_limits(void);
/* In start: the input has no header, its lines are rows, see DIALECT_LINES. */
void cli_lines(void);
/* 0, or CODE_ROW naming the first of these columns (by blanks) not there. */
int header_needs(const struct header *have, const char *names, struct fail *f);
const char *cli_tool(void);
/* In a worker: octets done and to do for the progress display, cumulative
 * over this worker's life. */
void cli_progress(uint64_t done, uint64_t total, uint64_t messages);

#endif
