/*
 * workers.c: the parent's side.  Rows go to long-lived workers, an account's
 * consecutive rows to the same one; what comes back is written in the order
 * of the input.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli_p.h"

static char *
group_of(const struct row *r)
{
	return mem_printf("%s\n%s\n%s", row_get(r, "account"),
	    row_get(r, "source"), row_get(r, "target"));
}

static int
cut(const struct crew *c)
{
	return stop_signal() != 0 || c->tally->fatal != 0;
}

/* Nothing new is begun: what is left of the input is told to be so. */
static int
is_closed(const struct crew *c, struct fail *f)
{
	uint64_t failed = c->tally->failed + c->tally->no;

	if (is_late(f))
		return 1;
	if (settings.max_failures == 0 || failed < settings.max_failures)
		return 0;
	(void)fail_set(f, CODE_POLICY, REACH_ENDPOINT, AGAIN_LATER, "",
	    "not begun, since %" PRIu64 " failed before it: run it again",
	    failed);
	return 1;
}

/* ---- which worker ---- */

/* What waits at a worker has begun as far as we can say. */
static int
has_room(const struct worker *w)
{
	return !w->ends && w->queued < (settings.max_failures != 0 ? 1 : QUEUE);
}

/* The worker that has the group, 0 is nobody's; c->n if there is none. */
static size_t
worker_of(const struct crew *c, size_t group)
{
	size_t i;

	for (i = 0; i < c->n && c->worker[i].group != group; i++)
		;
	return i;
}

static int
is_waiting(const struct crew *c, size_t group)
{
	const struct job *j;

	for (j = c->waiting; j != NULL && j->group != group; j = j->waits)
		;
	return j != NULL;
}

/* Whoever has a group that has come to its end is told so. */
static void
end_groups(struct crew *c, int closed)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct worker *w = &c->worker[i];

		if (w->group == 0 || w->ends ||
		    (w->group == c->groups && !c->ended && !closed) ||
		    is_waiting(c, w->group))
			continue;
		crew_end(w);
	}
}

static void
give(struct crew *c, size_t i, struct job *j)
{
	struct worker *w = &c->worker[i];

	if (w->pid == 0)
		crew_start(c, i);
	if (w->group == 0) {
		w->group = j->group;
		w->uses = j->uses;
		hosts_take(&w->uses);
	}
	w->queue[w->queued++] = j;
	crew_send(c, i, j);
}

/* 1 if it does not wait any more. */
static int
place(struct crew *c, struct job *j)
{
	struct fail f = {0};
	size_t i = worker_of(c, j->group);
	int fits;

	if (i < c->n) {
		if (!has_room(&c->worker[i]))
			return 0;
	} else if ((fits = hosts_fit(&j->uses)) == -1) {
		(void)fail_set(&f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "--limit",
		    "both ends are on a host that is allowed one "
		    "connection");
		say(&f);
		crew_leave(c, j, &f);
		tally_fail(c->tally, &f);
		return 1;
	} else if (!fits || (i = worker_of(c, 0)) == c->n)
		return 0;
	give(c, i, j);
	return 1;
}

/* Those that wait for a host let others pass, but those of their account. */
static void
place_all(struct crew *c)
{
	struct job **at = &c->waiting;
	size_t stuck = 0;

	while (*at != NULL) {
		struct job *j = *at, *next = j->waits;

		if (j->group != stuck && place(c, j))
			*at = next;
		else {
			stuck = j->group;
			at = &j->waits;
		}
	}
}

/* Is there somebody who could do with a row?  Closed, all of them are told. */
static int
wants_row(const struct crew *c, int closed)
{
	size_t i = worker_of(c, c->groups);

	if (c->ended || cut(c) || c->held >= HELD)
		return 0;
	return closed || worker_of(c, 0) < c->n ||
	    (i < c->n && has_room(&c->worker[i]));
}

/* ---- reading ---- */

static void
reject(struct crew *c)
{
	struct fail f = {0};

	if (rejects_add(c->input, &f) == -1) {
		say(&f);
		c->tally->fatal = fail_exit(&f);
	}
}

static void
add_job(struct crew *c, const struct row *r)
{
	struct job *j = mem_alloc(sizeof(*j));
	char *group = group_of(r);
	struct buf b = {0};

	if (c->group == NULL || strcmp(group, c->group) != 0)
		c->groups++;
	free(c->group);
	c->group = group;
	row_format(&b, r);
	j->text = b.data;
	j->len = b.len;
	j->number = ++c->number;
	j->group = c->groups;
	hosts_of(&j->uses, r);
	*c->tail = j;
	c->tail = &j->next;
	c->held++;
	crew_wait(c, j);
}

static void
read_row(struct crew *c)
{
	struct fail f = {0};
	struct row *r;
	int rc = input_next(c->input, c->arena, &r, &f);

	if (rc == 1) {
		add_job(c, r);
		arena_reset(c->arena);
		return;
	}
	if (rc == 0 || stop_signal() != 0) {
		c->ended = 1;
		return;
	}
	say(&f);
	tally_bad(c->tally, &f);
	c->ended = settings.strict || f.reach == REACH_RUN;
	if (f.reach == REACH_MESSAGE)
		reject(c);
}

static void
leave_all(struct crew *c, const struct fail *why)
{
	struct job *j;

	while ((j = c->waiting) != NULL) {
		c->waiting = j->waits;
		crew_leave(c, j, why);
		c->tally->left++;
	}
}

/* Gives rows away until there is none, or nobody is free.  1: more are wanted,
 * and not there yet. */
static int
hand_out(struct crew *c)
{
	struct fail why = {0};
	int fd, closed;

	for (;;) {
		closed = is_closed(c, &why);
		if (closed)
			leave_all(c, &why);
		else if (!cut(c))
			place_all(c);
		end_groups(c, closed);
		if (!wants_row(c, closed))
			return 0;
		if (!input_ready(c->input, &fd))
			return 1;
		read_row(c);
	}
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
wait_some(struct crew *c, int wants)
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
	if (wants && !input_ready(c->input, &fd)) {
		p[c->n].fd = fd;
		n++;
	}
	(void)poll(p, n, progress_tick());
	for (i = 0; i < c->n; i++)
		if (p[i].fd != -1 && p[i].revents != 0)
			crew_take(c, i);
	if (p[c->n].fd != -1 && p[c->n].revents != 0)
		read_row(c);
	free(p);
}

/* After a signal: the workers got it too; whoever stays too long is killed. */
static void
part(struct crew *c)
{
	int64_t until = stop_deadline();
	struct job *j;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->worker[i].pid > 0 && stop_signal() != 0)
			(void)kill(c->worker[i].pid, SIGTERM);
	while (stop_signal() != 0 && busy(c) && clock_ms() < until + 1000) {
		wait_some(c, 0);
		crew_write(c);
	}
	for (i = 0; i < c->n; i++) {
		struct worker *w = &c->worker[i];

		if (w->pid > 0 && w->queued > 0)
			(void)kill(w->pid, SIGKILL);
		if (w->pid > 0)
			(void)close(w->fd);
	}
	for (j = c->head; j != NULL; j = j->next)
		j->done = 1; /* as far as it came */
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
	    .arena = arena_new(),
	    .scratch = arena_new(),
	    .status = header_find(want, "status")};

	c.tail = &c.head;
	c.worker = mem_array(c.n, sizeof(*c.worker));
	for (;;) {
		int wants = hand_out(&c);

		crew_write(&c);
		if (stop_signal() != 0 ||
		    (!busy(&c) && (cut(&c) || (c.ended && c.waiting == NULL))))
			break;
		wait_some(&c, wants);
		crew_write(&c);
	}
	part(&c);
	crew_write(&c);
	free(c.worker);
	free(c.group);
	arena_free(c.arena);
	arena_free(c.scratch);
	return 0;
}
