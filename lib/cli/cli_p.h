/* cli_p.h: what the files of this room share. */
#ifndef CLI_P_H
#define CLI_P_H

#include <stdio.h>
#include <sys/types.h>

#include "base/base.h"
#include "cli/cli.h"
#include "net/net.h"
#include "row/row.h"

/* What the common options say; one run a process. */
struct settings {
	const struct filter *tool;
	int quiet, verbose, dry_run, strict, csv_safe;
	unsigned int jobs;
	uint64_t max_failures; /* 0: no limit */
	enum dialect from, to;
	enum progress {
		PROGRESS_AUTO,
		PROGRESS_TTY,
		PROGRESS_PLAIN,
		PROGRESS_NONE
	} progress;
	const char *log, *rejects, *output;
	struct net_opt net;
};
extern struct settings settings;

/* options.c: 0 go on, else the exit status + 1 is in *status. */
int options_read(const struct filter *t, int argc, char **argv, int *status);
void usage_line(void);

/* log.c: one write a line, so that those of several workers do not mix. */
int put_all(int fd, const struct buf *b);
int log_open(const char *path, struct fail *f);
int log_close(int status, struct fail *f); /* synced */
void log_text(const char *level, const char *text); /* printable */
void log_fail(const struct fail *f);
/* level is begin or end; f: why it ended so, or NULL. */
void log_row(const char *level, const struct row *r, const char *status,
    const struct fail *f);

/* until.c: 1 and why when the time has come. */
int is_late(struct fail *f);

/* say.c */
void net_note(void *arg, const char *line);
void net_trace(void *arg, int out, const char *p, size_t n);

/* input.c: rows from the operands, one after the other. */
struct input;
/* Without operands: the tool's given row, else stdin. */
struct input *input_new(char **operands, int n);
/* 1 if the tool's options are a row. */
int input_is_given(void);
void input_free(struct input *in);
/* Instead of rows: all of the only operand; name is NULL for stdin. */
int
input_all(struct input *in, const char **name, struct buf *b, struct fail *f);
/* 1 the header that all rows are under, 0 no input at all, -1. */
int input_header(struct input *in, struct header **h, struct fail *f);
/* 1 a row, 0 end, -1 as table_next. */
int
input_next(struct input *in, struct arena *a, struct row **r, struct fail *f);
/* 1 if input_next may answer without waiting; else *fd is what to poll. */
int input_ready(const struct input *in, int *fd);
/* Names the file and the line of what was read last, if it is a file. */
void input_place(const struct input *in, struct fail *f);
const char *input_text(const struct input *in, size_t *n);

/* tally.c: the exit status, see mbx(7). */
struct tally {
	uint64_t done, no, failed, deferred, bad;
	uint64_t left; /* not begun: these are no cause of anything */
	int cause; /* exit status that all failures share, -1 mixed */
	int fatal; /* 70..74, over all: nothing new is begun */
	int died; /* 70 or 71: a worker did, the run went on */
	int cut; /* 65, 66, 74: the input ended before its end */
};
void tally_fail(struct tally *t, const struct fail *f);
/* A row, or the rest of the input, that cannot be read. */
void tally_bad(struct tally *t, const struct fail *f);
void tally_row(struct tally *t, const char *status);
int tally_exit(const struct tally *t);

/* frames.c: what passes between the parent and a worker. */
enum frame {
	FRAME_SECRET = 'S', /* down: secret_export's octets */
	FRAME_ROW = 'R', /* down: a row to work on */
	FRAME_LAST = 'E', /* down: no more of this account */
	FRAME_OUT = 'O', /* up: an output row */
	FRAME_SIDE = 'B', /* up: a row of the table beside stdout */
	FRAME_DONE = 'D', /* up: struct verdict */
	FRAME_FREE = 'F', /* up: the answer to FRAME_LAST, all is closed */
	FRAME_PROGRESS = 'P' /* up: struct steps */
};
enum { LEFT = 2, AWAY = 3 };
struct verdict {
	int result; /* of each; LEFT: it was not called any more; AWAY: a host
		       let nobody in, see hosts_refuse */
	struct fail fail;
};
struct steps {
	uint64_t done, total, messages;
};
/* Blocking; -1 when the other end is gone. */
int frame_send(int fd, enum frame type, const void *p, size_t n);
/* Takes what is there into b: 1, 0 nothing yet, -1 the other end is gone. */
int frame_take(int fd, struct buf *b);
/* The first whole frame in b: 1 and its parts in place, else 0. */
int frame_next(const struct buf *b, enum frame *type, const char **p, size_t *n,
    size_t *used);
/* Blocking read of one frame: 1, 0 end. */
int frame_read(int fd, struct buf *b, enum frame *type);

/* out.c: a worker's output. */
struct out {
	const struct header *header;
	struct arena *arena;
	struct arena *rows; /* of those made and not yet sent */
	size_t live;
	int fd; /* frames go there; -1: in this process */
	struct table_out *table; /* when fd is -1 */
	struct tally *tally;
	uint64_t emitted;
	char status[16]; /* of the last one */
};
struct row *
out_make(struct out *o, const struct header *h, const struct row *from);
void out_made(struct out *o); /* it is sent */
void out_frame(struct out *o, enum frame type, const struct row *r);
void out_failed(struct out *o, const struct row *from, const struct fail *f);

/* hosts.c: the hosts of a job, and whether it may begin. */
#define NOWHERE UINT32_MAX
struct uses {
	uint32_t host[2]; /* source and target: number, or NOWHERE */
	uint64_t most; /* conn_max, 0: no limit */
	int away; /* 1, 2: this one turned it away */
};
void hosts_of(struct uses *u, const struct row *r);
int hosts_fit(const struct uses *u); /* 1, 0 not now, -1 never */
void hosts_take(const struct uses *u);
void hosts_leave(struct uses *u);
/* f's object turned it away, for the *tries-th time: 1 if it waits for others
 * there to end, 0 if it is given up.  Before hosts_leave. */
int hosts_refuse(struct uses *u, int *tries, const struct fail *f);

/* crew.c: the parent's side of its workers. */
enum { QUEUE = 4, HELD = 1024 }; /* rows at a worker; jobs not yet written */

struct job { /* one input row */
	struct job *next;
	struct job *waits; /* the next one that no worker has */
	size_t number, group; /* in the order of the input */
	struct uses uses;
	int tries; /* log-ins that were turned away */
	char *text; /* the row, for the case that its worker dies */
	size_t len;
	struct buf out, side; /* output rows, one a line */
	struct tally seen; /* what their status said */
	int done;
};
struct worker {
	pid_t pid; /* 0: not running */
	int fd;
	struct buf in;
	struct job *queue[QUEUE];
	size_t queued;
	size_t group; /* whose rows it has, 0: nobody's */
	int ends; /* no more of them come */
	struct uses uses;
	int again; /* what was turned away is tried again */
};
struct crew {
	const struct filter *tool;
	struct input *input;
	struct header *have;
	const struct header *want;
	struct table_out *out;
	struct tally *tally;
	struct worker *worker;
	size_t n;
	struct job *head, **tail;
	struct job *waiting; /* no worker has them; in order */
	size_t held;
	struct arena *arena; /* of the row just read */
	struct arena *scratch;
	int status; /* index of that column, -1 */
	char *group; /* account, source, target of the last row read, */
	size_t number, groups; /* and which row of which group it was */
	int ended; /* no more input */
};
void crew_start(struct crew *c, size_t i);
/* Puts a job among those that wait. */
void crew_wait(struct crew *c, struct job *j);
/* A job that is not begun is told so: deferred or failed, as f says. */
void crew_leave(struct crew *c, struct job *j, const struct fail *f);
/* No more of the account's rows come. */
void crew_end(struct worker *w);
/* The row of a job and the secrets that it refers to. */
void crew_send(struct crew *c, size_t i, const struct job *j);
/* Takes what a worker sent; one that died is replaced. */
void crew_take(struct crew *c, size_t i);
/* Writes what is finished at the head of the queue. */
void crew_write(struct crew *c);

/* workers.c: all rows through each(); local.c: through account(); whole.c:
 * through take(); text_in.c: no rows. */
int run_workers(const struct filter *t, struct input *in, struct header *have,
    const struct header *want, struct table_out *out, struct tally *tally);
int run_local(const struct filter *t, struct input *in,
    const struct header *want, struct table_out *out, struct tally *tally);

int run_whole(const struct filter *t, struct input *in,
    const struct header *want, struct table_out *out, struct tally *tally);
int run_text(const struct filter *t, struct input *in,
    const struct header *want, struct table_out *out, struct tally *tally);
/* A row that is left out; -1: nothing more is to be read. */
int leave_out(const struct input *in, struct tally *t, struct fail *f);

/* worker.c: the child's side; never returns. */
void worker_main(const struct filter *t, int fd, const struct header *have,
    const struct header *want) __attribute__((noreturn));

/* side.c: the table beside stdout. */
int side_open(const struct filter *t, struct fail *f);
const struct header *side_header(void); /* NULL: not asked for */
int side_put(const struct row *r, struct fail *f);
int side_close(struct fail *f);

/* rejects.c: rows that could not be read. */
int rejects_open(const char *path, struct fail *f);
int rejects_add(const struct input *in, struct fail *f);
int rejects_close(struct fail *f);

/* progress.c */
void progress_start(void);
void progress_set(size_t worker, const struct steps *s);
/* Called often; prints when it is time.  Its result is a poll time-out. */
int progress_tick(void);
void progress_ask(void); /* SIGUSR1 */
void progress_hide(void); /* before a row, where both go to one terminal */
void progress_end(void);
int progress_on_terminal(void);

#endif
