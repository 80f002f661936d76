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
		/* What waits at a worker has begun as far as we can say. */
		return c->worker[c->group_at].queued <
			(settings.max_failures != 0 ? 1 : QUEUE)
		    ? c->group_at
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

static void
give(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	struct job *j = mem_alloc(sizeof(*j));
	struct buf b = {0};

	if (w->pid == 0)
		crew_start(c, i);
	row_format(&b, c->next);
	j->text = b.data;
	j->len = b.len;
	*c->tail = j;
	c->tail = &j->next;
	c->held++;
	w->queue[w->queued++] = j;
	w->group = 1;
	crew_send(c, i, j);
	c->next = NULL;
	arena_reset(c->arena);
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
	(void)fail_set(f, CODE_POLICY, REACH_ENDPOINT, AGAIN_LATER, "row",
	    "not begun, since %" PRIu64 " failed before it: run it again",
	    failed);
	return 1;
}

static void
reject(struct crew *c)
{
	struct fail f = {0};

	if (rejects_add(c->input, &f) == -1) {
		say(&f);
		c->tally->fatal = fail_exit(&f);
	}
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
	tally_bad(c->tally, &f);
	c->ended = settings.strict || f.reach == REACH_RUN;
	if (f.reach == REACH_MESSAGE)
		reject(c);
}

/* Gives rows away until there is none, or nobody is free. */
static void
hand_out(struct crew *c)
{
	struct fail why = {0};
	size_t i;
	int fd;

	while (!cut(c) && c->held < HELD) {
		if (c->next == NULL) {
			if (c->ended || !input_ready(c->input, &fd))
				break;
			read_row(c);
			if (c->next == NULL)
				continue;
		}
		if (is_closed(c, &why))
			crew_defer(c, &why);
		else if ((i = place(c)) == c->n)
			return;
		else
			give(c, i);
	}
	if (c->ended || cut(c) || is_closed(c, &why))
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
	if (c->next == NULL && !c->ended && !cut(c) && c->held < HELD &&
	    !input_ready(c->input, &fd)) {
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
		wait_some(c);
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
	do {
		hand_out(&c);
		crew_write(&c);
		if (stop_signal() == 0 && (busy(&c) || (!c.ended && !cut(&c))))
			wait_some(&c);
		crew_write(&c);
	} while (stop_signal() == 0 &&
	    (busy(&c) || ((!c.ended || c.next != NULL) && !cut(&c))));
	end_group(&c);
	part(&c);
	crew_write(&c);
	free(c.worker);
	arena_free(c.arena);
	arena_free(c.scratch);
	return 0;
}
