/* crew.c: one worker: its start, what goes to it and what comes back, its end.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

void
crew_start(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	pid_t parent = getpid();
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
		/* Or it would go on by itself, and hold the ledger. */
		(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != parent)
			_exit(71);
		(void)close(pair[0]);
		for (k = 0; k < c->n; k++)
			if (k != i && c->worker[k].pid > 0)
				(void)close(c->worker[k].fd);
		worker_main(c->tool, pair[1], c->have, c->want);
	}
	(void)close(pair[1]);
	w->fd = pair[0];
	buf_reset(&w->in);
}

/* To every worker, so that none hands a name of env: on to a child. */
static void
share_secret(struct crew *c, const char *ref)
{
	struct buf b = {0};
	size_t k;

	secret_export(&b, ref);
	for (k = 0; k < c->n && b.len > 0; k++)
		if (c->worker[k].pid > 0)
			/* that one has ended shows in take_in */
			(void)frame_send(
			    c->worker[k].fd, FRAME_SECRET, b.data, b.len);
	buf_wipe(&b);
}

static int
preload_secrets(struct crew *c, const struct row *r, struct fail *f)
{
	static const char *const columns[] = {"source_secret", "target_secret"};
	size_t i;

	for (i = 0; i < LENGTH(columns); i++) {
		const char *ref = row_get(r, columns[i]);

		if (*ref == '\0' || secret_is_kept(ref))
			continue;
		if (secret_preload(ref, f) == -1)
			return -1;
		share_secret(c, ref);
	}
	return 0;
}

void
crew_send(struct crew *c, size_t i, const struct job *j)
{
	struct worker *w = &c->worker[i];
	struct row *r = row_new(c->scratch, c->have);
	struct fail f = {0};

	if (row_parse(r, j->text, j->len) && preload_secrets(c, r, &f) == -1)
		say(&f); /* the worker will fail for want of it */
	arena_reset(c->scratch);
	(void)frame_send(w->fd, FRAME_ROW, j->text, j->len);
}

/* Writes rows that came from a worker, to stdout or beside it. */
static void
write_rows(struct crew *c, struct buf *rows, int beside)
{
	const char *p = rows->data, *end = p + rows->len, *lf;
	struct fail f = {0};

	if (p < end && !beside)
		progress_hide();
	for (; p < end; p = lf + 1) {
		struct row *r =
		    row_new(c->scratch, beside ? side_header() : c->want);

		lf = memchr(p, '\n', (size_t)(end - p));
		if (!row_parse(r, p, (size_t)(lf - p)))
			abort();
		if (c->tally->fatal == 0 &&
		    (beside ? side_put(r, &f) : table_put(c->out, r, &f)) ==
			-1) {
			say(&f);
			c->tally->fatal = fail_exit(&f);
		}
		arena_reset(c->scratch);
	}
	buf_reset(rows);
}

void
crew_write(struct crew *c)
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

/* Those of one account stay in their order. */
void
crew_wait(struct crew *c, struct job *j)
{
	struct job **at = &c->waiting;

	while (*at != NULL && (*at)->number < j->number)
		at = &(*at)->waits;
	j->waits = *at;
	*at = j;
}

void
crew_end(struct worker *w)
{
	w->ends = 1;
	(void)frame_send(w->fd, FRAME_LAST, "", 0);
}

/* Its connections are closed. */
static void
let_go(struct worker *w)
{
	if (w->group != 0)
		hosts_leave(&w->uses);
	w->group = 0;
	w->ends = w->again = 0;
}

static struct job *
take_first(struct worker *w)
{
	struct job *j = w->queue[0];

	w->queued--;
	memmove(w->queue, w->queue + 1, w->queued * sizeof(w->queue[0]));
	return j;
}

static void
finish(struct crew *c, struct worker *w, const struct verdict *v)
{
	struct job *j = take_first(w);

	j->done = 1;
	if (v->result == LEFT)
		c->tally->left++;
	else if (v->result == -1)
		tally_fail(c->tally, &v->fail);
	else if (v->result == 1)
		c->tally->no++;
	else
		c->tally->done++;
}

/* Counts a row as it comes: it may be written before its job is done. */
static void
count_row(const struct crew *c, struct job *j, const char *p, size_t n)
{
	const char *end = p + n, *tab = p;
	char status[16];
	int i;

	for (i = 0; i < c->status && tab != NULL; i++)
		if ((tab = memchr(p, '\t', (size_t)(end - p))) != NULL)
			p = tab + 1;
	if (c->status == -1 || tab == NULL)
		return;
	if ((tab = memchr(p, '\t', (size_t)(end - p))) != NULL)
		end = tab;
	(void)snprintf(status, sizeof(status), "%.*s", (int)(end - p), p);
	tally_row(&j->seen, status);
}

/* A row's own status counts only when the function had nothing to say. */
static void
count_rows(struct crew *c, const struct job *j)
{
	c->tally->no += j->seen.no > 0;
	c->tally->deferred += j->seen.no == 0 && j->seen.deferred > 0;
}

/* The row that is written where no worker has one. */
static void
instead(struct crew *c, struct job *j, const struct row *r, const char *status,
    const char *code, const char *hint)
{
	struct row *o = row_under(c->scratch, c->want, r);

	if (c->status != -1)
		row_set(o, "status", status);
	if (header_find(c->want, "code") != -1)
		row_set(o, "code", code);
	if (header_find(c->want, "hint") != -1)
		row_set(o, "hint", hint);
	row_format(&j->out, o);
	buf_addc(&j->out, '\n');
	arena_reset(c->scratch);
}

void
crew_leave(struct crew *c, struct job *j, const struct fail *f)
{
	const char *status = f->again == AGAIN_LATER ? "deferred" : "failed";
	struct row *r = row_new(c->scratch, c->have);
	char hint[sizeof(f->what) + sizeof(f->why) + 2];

	(void)snprintf(hint, sizeof(hint), "%s%s%s", f->what,
	    *f->what != '\0' ? ": " : "", f->why);
	if (row_parse(r, j->text, j->len)) {
		log_row("end", r, status, f);
		instead(c, j, r, status, fail_code_name(f->code), hint);
	}
	j->done = 1;
}

/* What the worker has of the account behind this job comes back like it. */
static void
turned_away(struct crew *c, struct worker *w, const struct fail *f)
{
	struct job *j = take_first(w);

	if (!w->ends || w->uses.away == 0)
		w->again = hosts_refuse(&w->uses, &j->tries, f);
	if (!w->ends)
		crew_end(w);
	if (w->again)
		crew_wait(c, j);
	else {
		say(f);
		crew_leave(c, j, f);
		tally_fail(c->tally, f);
	}
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
		if (type == FRAME_OUT)
			count_row(c, w->queue[0], p, n);
	} else if (type == FRAME_DONE && w->queued > 0 && n == sizeof(v)) {
		memcpy(&v, p, n);
		if (v.result == 0)
			count_rows(c, w->queue[0]);
		if (v.result == AWAY)
			turned_away(c, w, &v.fail);
		else
			finish(c, w, &v);
	} else if (type == FRAME_FREE) {
		let_go(w);
	} else if (type == FRAME_PROGRESS && n == sizeof(s)) {
		memcpy(&s, p, n);
		progress_set(i, &s);
	}
}

/* A row whose worker died: what it wrote is dropped, and it has failed. */
static void
lose(struct crew *c, struct worker *w, const char *hint)
{
	struct job *j = w->queue[0];
	struct row *r = row_new(c->scratch, c->have);
	struct verdict v = {.result = 1};

	buf_reset(&j->out);
	if (row_parse(r, j->text, j->len)) {
		log_row("end", r, "failed", NULL);
		instead(c, j, r, "failed", "", hint);
	}
	finish(c, w, &v);
}

/* A kill from outside is the system's doing (out of memory); the rest is ours
 * (70). */
static void
explain(struct crew *c, int status, char *hint, size_t size)
{
	struct fail f = {0};
	int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 71) {
		c->tally->died = 71; /* out of memory: it said so itself */
		(void)snprintf(hint, size, "worker: out of memory");
		return;
	}
	if (sig == SIGKILL)
		(void)snprintf(hint, size, "worker: killed from outside");
	else
		(void)snprintf(hint, size,
		    sig != 0 ? "worker: ended by signal %d: please report this"
			     : "worker: ended with %d: please report this",
		    sig != 0 ? sig : WEXITSTATUS(status));
	if (c->tally->died != 71)
		c->tally->died = sig == SIGKILL ? 71 : 70;
	(void)fail_set(&f, CODE_SYSTEM, REACH_RUN, AGAIN_NEVER, "worker", "%s",
	    strchr(hint, ' ') + 1);
	say(&f);
}

/* The row that it worked on is lost, those behind it go to a new one. */
static void
crashed(struct crew *c, size_t i)
{
	struct worker *w = &c->worker[i];
	char hint[80];
	int status = 0;
	size_t k;

	(void)close(w->fd);
	(void)waitpid(w->pid, &status, 0);
	w->pid = 0;
	if (w->queued > 0 && stop_signal() == 0) {
		explain(c, status, hint, sizeof(hint));
		lose(c, w, hint);
	}
	if (w->queued == 0 || stop_signal() != 0) {
		let_go(w);
		return;
	}
	crew_start(c, i);
	for (k = 0; k < w->queued; k++)
		crew_send(c, i, w->queue[k]);
	if (w->ends)
		crew_end(w);
}

void
crew_take(struct crew *c, size_t i)
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
		crashed(c, i);
}
