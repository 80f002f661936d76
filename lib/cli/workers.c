/*
 * workers.c: the parent's side.  Rows go to long-lived workers, an account's
 * consecutive rows to the same one; what comes back is written in the order
 * of the input.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

enum { QUEUE = 4, HELD = 1024 }; /* rows at a worker; jobs not yet written */

struct job { /* one input row */
	struct job *next;
	size_t worker;
	char *text; /* the row, for the case that its worker dies */
	size_t len;
	struct buf out, side; /* output rows, one a line */
	int done;
};
struct worker {
	pid_t pid; /* 0: not running */
	int fd;
	struct buf in;
	struct job *queue[QUEUE];
	size_t queued;
	int group; /* an account's rows may still come */
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
	size_t held;
	struct arena *arena;
	struct row *next; /* read, not yet given away */
	char *group; /* account, source, target of the last row given */
	size_t group_at;
	int ended; /* no more input */
};

static void
start_worker(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	int pair[2];
	size_t k;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == -1 ||
	    (w->pid = fork()) == -1) {
		struct fail f = {0};

		(void)fail_errno(
		    &f, CODE_SYSTEM, REACH_RUN, "worker", "cannot start");
		say(&f);
		_exit(71);
	}
	if (w->pid == 0) {
		(void)close(pair[0]);
		for (k = 0; k < c->n; k++)
			if (k != i && c->worker[k].pid > 0)
				(void)close(c->worker[k].fd);
		worker_main(c->tool, pair[1], c->have, c->want);
	}
	(void)close(pair[1]);
	w->fd = pair[0];
	w->group = 0;
	w->queued = 0;
	buf_reset(&w->in);
}

/* Writes rows that came from a worker, to stdout or beside it. */
static void
write_rows(struct crew *c, struct buf *rows, int beside)
{
	const char *p = rows->data, *end = p + rows->len, *lf;
	struct fail f = {0};

	for (; p < end; p = lf + 1) {
		struct row *r =
		    row_new(c->arena, beside ? side_header() : c->want);

		lf = memchr(p, '\n', (size_t)(end - p));
		if (!row_parse(r, p, (size_t)(lf - p)))
			abort();
		if (c->tally->fatal == 0 &&
		    (beside ? side_put(r, &f) : table_put(c->out, r, &f)) ==
			-1) {
			say(&f);
			c->tally->fatal = fail_exit(&f);
		}
		if (c->next == NULL)
			arena_reset(c->arena);
	}
	buf_reset(rows);
}

/* Writes what is finished at the head of the queue. */
static void
write_ready(struct crew *c)
{
	while (c->head != NULL) {
		struct job *j = c->head;

		write_rows(c, &j->out, 0);
		write_rows(c, &j->side, 1);
		if (!j->done)
			return;
		c->head = j->next;
		if (c->head == NULL)
			c->tail = &c->head;
		c->held--;
		buf_free(&j->out);
		buf_free(&j->side);
		free(j->text);
		free(j);
	}
}

static void
finish(struct crew *c, struct worker *w, const struct verdict *v)
{
	struct job *j = w->queue[0];

	j->done = 1;
	w->queued--;
	memmove(w->queue, w->queue + 1, w->queued * sizeof(w->queue[0]));
	if (v->result == -1)
		tally_fail(c->tally, &v->fail);
	else if (v->result == 1)
		c->tally->no++;
	else
		c->tally->done++;
}

static void
take_frame(struct crew *c, size_t i, enum frame type, const char *p, size_t n)
{
	struct worker *w = &c->worker[i];
	struct verdict v;
	struct steps s;

	if ((type == FRAME_OUT || type == FRAME_SIDE) && w->queued > 0) {
		struct buf *rows =
		    type == FRAME_OUT ? &w->queue[0]->out : &w->queue[0]->side;

		buf_add(rows, p, n);
		buf_addc(rows, '\n');
	} else if (type == FRAME_DONE && w->queued > 0 && n == sizeof(v)) {
		memcpy(&v, p, n);
		if (v.result == 0)
			tally_rows(c->tally, c->want, &w->queue[0]->out);
		finish(c, w, &v);
	} else if (type == FRAME_PROGRESS && n == sizeof(s)) {
		memcpy(&s, p, n);
		progress_set(i, &s);
	}
}

static void
crashed(struct crew *c, struct worker *w)
{
	int status = 0;
	struct fail f = {0};

	(void)close(w->fd);
	(void)waitpid(w->pid, &status, 0);
	w->pid = 0;
	if (w->queued == 0 || stop_signal() != 0)
		return;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 71) {
		c->tally->fatal = 71;
	} else if (WIFSIGNALED(status)) {
		(void)fail_set(&f, CODE_IO, REACH_RUN, AGAIN_NEVER, "worker",
		    "ended by signal %d: please report this", WTERMSIG(status));
		c->tally->fatal = 70;
		say(&f);
	}
	while (w->queued > 0) {
		struct job *j = w->queue[0];
		struct row *r = row_new(c->arena, c->have), *o;
		struct verdict v = {.result = 1};

		buf_reset(&j->out);
		if (row_parse(r, j->text, j->len)) {
			o = row_under(c->arena, c->want, r);
			if (header_find(c->want, "status") != -1)
				row_set(o, "status", "failed");
			if (header_find(c->want, "hint") != -1)
				row_set(o, "hint", "its worker ended early");
			row_format(&j->out, o);
			buf_addc(&j->out, '\n');
		}
		finish(c, w, &v);
	}
}

static void
take_in(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	enum frame type;
	const char *p;
	size_t n, used, at = 0;
	int rc = frame_take(w->fd, &w->in);
	struct buf rest;

	for (;;) {
		rest = w->in;
		rest.data += at;
		rest.len -= at;
		if (w->in.data == NULL ||
		    !frame_next(&rest, &type, &p, &n, &used))
			break;
		take_frame(c, i, type, p, n);
		at += used;
	}
	buf_drop(&w->in, at);
	if (rc == -1)
		crashed(c, w);
}

static char *
group_of(const struct row *r)
{
	return mem_printf("%s\n%s\n%s", row_get(r, "account"),
	    row_get(r, "source"), row_get(r, "target"));
}

/* Closes the group that the last row belonged to, at its worker. */
static void
end_group(struct crew *c)
{
	struct worker *w = &c->worker[c->group_at];

	if (c->group == NULL)
		return;
	if (w->pid > 0 && w->group)
		(void)frame_send(w->fd, FRAME_LAST, "", 0);
	w->group = 0;
	free(c->group);
	c->group = NULL;
}

/* The worker that row c->next should go to; c->n if none is free. */
static size_t
place(struct crew *c)
{
	char *group = group_of(c->next);
	size_t i, best = c->n;

	if (c->group != NULL && strcmp(group, c->group) == 0) {
		free(group);
		return c->worker[c->group_at].queued < QUEUE ? c->group_at
							     : c->n;
	}
	end_group(c);
	for (i = 0; i < c->n && best == c->n; i++)
		if (c->worker[i].queued == 0)
			best = i;
	if (best < c->n) {
		c->group = group;
		c->group_at = best;
	} else
		free(group);
	return best;
}

static int
send_secrets(struct worker *w, const struct row *r, struct fail *f)
{
	static const char *const columns[] = {"source_secret", "target_secret"};
	size_t i;

	for (i = 0; i < LENGTH(columns); i++) {
		const char *ref = row_get(r, columns[i]);
		struct buf b = {0};
		int rc = 0;

		if (*ref == '\0')
			continue;
		if (secret_preload(ref, f) == -1)
			return -1;
		secret_export(&b, ref);
		if (b.len > 0)
			rc = frame_send(w->fd, FRAME_SECRET, b.data, b.len);
		buf_wipe(&b);
		if (rc == -1)
			return 0; /* its end shows in take_in */
	}
	return 0;
}

static void
give(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	struct job *j = mem_alloc(sizeof(*j));
	struct buf b = {0};
	struct fail f = {0};

	if (w->pid == 0)
		start_worker(c, i);
	row_format(&b, c->next);
	j->text = b.data;
	j->len = b.len;
	*c->tail = j;
	c->tail = &j->next;
	c->held++;
	w->queue[w->queued++] = j;
	w->group = 1;
	if (send_secrets(w, c->next, &f) == -1)
		say(&f); /* the worker will fail for want of it */
	(void)frame_send(w->fd, FRAME_ROW, j->text, j->len);
	c->next = NULL;
	arena_reset(c->arena);
}

static int
limit_reached(const struct crew *c)
{
	return stop_signal() != 0 || c->tally->fatal != 0 ||
	    (settings.max_failures != 0 &&
		c->tally->failed + c->tally->no >= settings.max_failures);
}

/* Reads the next row if there is room for it. */
static void
read_row(struct crew *c)
{
	struct fail f = {0};
	int rc = input_next(c->input, c->arena, &c->next, &f);

	if (rc == 1)
		return;
	c->next = NULL;
	if (rc == 0 || stop_signal() != 0) {
		c->ended = 1;
		return;
	}
	say(&f);
	if (f.reach == REACH_RUN) {
		c->ended = 1;
		c->tally->fatal = f.code == CODE_IO ? 74 : c->tally->fatal;
		c->tally->bad += f.code != CODE_IO;
		return;
	}
	c->tally->bad++;
	if (rejects_add(c->input, &f) == -1)
		say(&f);
	c->ended = settings.strict;
}

/* Gives rows away until there is none, or nobody is free. */
static void
hand_out(struct crew *c)
{
	while (!limit_reached(c) && c->held < HELD) {
		size_t i;
		int fd;

		if (c->next == NULL) {
			if (c->ended || !input_ready(c->input, &fd))
				break;
			read_row(c);
			if (c->next == NULL)
				continue;
		}
		if ((i = place(c)) == c->n)
			return;
		give(c, i);
	}
	if (c->ended || limit_reached(c))
		end_group(c);
}

static int
busy(const struct crew *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->worker[i].queued > 0)
			return 1;
	return 0;
}

/* Waits for a worker, or for input where more of it could be given away. */
static void
wait_some(struct crew *c)
{
	struct pollfd *p = mem_array(c->n + 1, sizeof(*p));
	nfds_t n = (nfds_t)c->n;
	size_t i;
	int fd;

	for (i = 0; i < c->n; i++) {
		p[i].fd = c->worker[i].pid > 0 ? c->worker[i].fd : -1;
		p[i].events = POLLIN;
	}
	p[c->n].fd = -1;
	p[c->n].events = POLLIN;
	if (c->next == NULL && !c->ended && !limit_reached(c) &&
	    c->held < HELD && !input_ready(c->input, &fd)) {
		p[c->n].fd = fd;
		n++;
	}
	(void)poll(p, n, progress_tick());
	for (i = 0; i < c->n; i++)
		if (p[i].fd != -1 && p[i].revents != 0)
			take_in(c, i);
	if (p[c->n].fd != -1 && p[c->n].revents != 0)
		read_row(c);
	free(p);
}

/* After a signal: the workers got it too; whoever stays too long is killed. */
static void
part(struct crew *c)
{
	int64_t until = stop_deadline();
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->worker[i].pid > 0 && stop_signal() != 0)
			(void)kill(c->worker[i].pid, SIGTERM);
	while (stop_signal() != 0 && busy(c) && clock_ms() < until + 1000) {
		wait_some(c);
		write_ready(c);
	}
	for (i = 0; i < c->n; i++) {
		struct worker *w = &c->worker[i];

		if (w->pid > 0 && w->queued > 0)
			(void)kill(w->pid, SIGKILL);
		if (w->pid > 0)
			(void)close(w->fd);
	}
	for (i = 0; i < c->n; i++) {
		while (c->worker[i].pid > 0 &&
		    waitpid(c->worker[i].pid, NULL, 0) == -1 && errno == EINTR)
			;
		buf_free(&c->worker[i].in);
	}
}

int
run_workers(const struct filter *t, struct input *in, struct header *have,
    const struct header *want, struct table_out *out, struct tally *tally)
{
	struct crew c = {.tool = t,
	    .input = in,
	    .have = have,
	    .want = want,
	    .out = out,
	    .tally = tally,
	    .n = settings.jobs,
	    .arena = arena_new()};

	c.tail = &c.head;
	c.worker = mem_array(c.n, sizeof(*c.worker));
	do {
		hand_out(&c);
		write_ready(&c);
		if (stop_signal() == 0 &&
		    (busy(&c) || (!c.ended && !limit_reached(&c))))
			wait_some(&c);
		write_ready(&c);
	} while (stop_signal() == 0 &&
	    (busy(&c) || ((!c.ended || c.next != NULL) && !limit_reached(&c))));
	end_group(&c);
	part(&c);
	write_ready(&c);
	free(c.worker);
	arena_free(c.arena);
	return 0;
}
