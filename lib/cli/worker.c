/* worker.c: the child's side: rows in by frames, rows out by frames. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

static int progress_fd = -1;

void
cli_progress(uint64_t done, uint64_t total, uint64_t messages)
{
	struct steps s = {done, total, messages};
	static int64_t last;
	int64_t now = clock_ms();

	if (progress_fd == -1 || now - last < 100)
		return;
	last = now;
	(void)frame_send(progress_fd, FRAME_PROGRESS, &s, sizeof(s));
}

static const char *
ended(const struct out *o, const struct verdict *v)
{
	if (stop_signal() != 0)
		return "stopped";
	if (v->result == -1)
		return v->fail.again == AGAIN_LATER ? "deferred" : "failed";
	if (o->emitted == 1 && o->status[0] != '\0')
		return o->status;
	return v->result == 1 ? "failed" : "ok";
}

/* Nothing was done but a log-in that the host had no room for. */
static int
is_away(const struct out *o, const struct verdict *v)
{
	return v->result == -1 && o->emitted == 0 && stop_signal() == 0 &&
	    v->fail.code == CODE_THROTTLED && v->fail.reach == REACH_ENDPOINT &&
	    v->fail.again == AGAIN_LATER;
}

static void
begin_row(const struct filter *t, struct out *o, const struct row *r,
    struct verdict *v)
{
	log_row("begin", r, "", NULL);
	v->result = t->each(r, 0, o, &v->fail);
	if (is_away(o, v))
		v->result = AWAY;
	else if (v->result == -1) {
		say(&v->fail);
		if (o->emitted == 0 && stop_signal() == 0)
			out_failed(o, r, &v->fail);
	}
	if (v->result != AWAY) /* its end may be another one */
		log_row(
		    "end", r, ended(o, v), v->result == -1 ? &v->fail : NULL);
}

/* *away is what the row before it came to: its account's are not tried. */
static void
one_row(const struct filter *t, struct out *o, const struct header *have,
    const struct buf *text, struct verdict *away)
{
	struct verdict v = {0};
	struct row *r = row_new(o->arena, have);

	o->emitted = 0;
	if (!row_parse(r, text->data, text->len))
		abort();
	if (is_late(&v.fail)) {
		v.result = LEFT;
		log_row("end", r, "deferred", &v.fail);
		out_failed(o, r, &v.fail);
	} else if (away->result == AWAY)
		v = *away;
	else if (stop_signal() == 0)
		begin_row(t, o, r, &v);
	*away = v;
	(void)frame_send(o->fd, FRAME_DONE, &v, sizeof(v));
	arena_reset(o->arena);
}

static void
last_row(const struct filter *t, struct out *o)
{
	struct fail f = {0};

	if (t->each(NULL, 1, o, &f) == -1)
		say(&f);
	arena_reset(o->arena);
	(void)frame_send(o->fd, FRAME_FREE, "", 0);
}

void
worker_main(const struct filter *t, int fd, const struct header *have,
    const struct header *want)
{
	struct out o = {.header = want, .arena = arena_new(), .fd = fd};
	struct verdict away = {0};
	struct buf b = {0};
	enum frame type;

	progress_fd = fd;
	while (frame_read(fd, &b, &type)) {
		if (type == FRAME_SECRET)
			secret_import(b.data, b.len);
		else if (type == FRAME_ROW)
			one_row(t, &o, have, &b, &away);
		else {
			last_row(t, &o);
			memset(&away, 0, sizeof(away));
		}
	}
	buf_wipe(&b);
	arena_free(o.arena);
	_exit(0);
}
