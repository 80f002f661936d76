/* out.c: the rows that a tool's function emits. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_p.h"
#include "secret/secret.h"

/* Rows in the making; their memory is taken back when none is left. */
static struct arena *
making(struct out *o)
{
	if (o->rows == NULL)
		o->rows = arena_new();
	o->live++;
	return o->rows;
}

void
out_made(struct out *o)
{
	if (--o->live == 0)
		arena_reset(o->rows);
}

struct row *
out_make(struct out *o, const struct header *h, const struct row *from)
{
	struct arena *a = making(o);

	return from != NULL ? row_under(a, h, from) : row_new(a, h);
}

struct row *
out_new(struct out *o, const struct row *from)
{
	return out_make(o, o->header, from);
}

struct arena *
out_arena(struct out *o)
{
	return o->arena;
}

/* A server may repeat in its refusal what it was given. */
static void
format_masked(struct buf *b, const struct row *r)
{
	struct buf hint = {0};

	buf_adds(&hint, row_get(r, "hint"));
	if (secret_mask(&hint)) {
		struct arena *a = arena_new();
		struct row *masked = row_under(a, row_header(r), r);

		row_set(masked, "hint", hint.data);
		row_format(b, masked);
		arena_free(a);
	} else
		row_format(b, r);
	buf_free(&hint);
}

void
out_frame(struct out *o, enum frame type, const struct row *r)
{
	struct buf b = {0};

	format_masked(&b, r);
	if (frame_send(o->fd, type, b.data, b.len) == -1)
		_Exit(1); /* the parent is gone; nobody reads this */
	buf_free(&b);
}

void
out_row(struct out *o, const struct row *r)
{
	(void)snprintf(
	    o->status, sizeof(o->status), "%s", row_get(r, "status"));
	if (o->fd == -1)
		tally_row(o->tally, o->status);
	out_plain(o, r);
}

void
out_tell(struct out *o, int rc, const struct fail *f)
{
	if (rc == -1) {
		say(f);
		if (f->code == CODE_ROW)
			tally_bad(o->tally, f);
		else
			tally_fail(o->tally, f);
	} else if (rc == 1)
		o->tally->no++;
	else
		o->tally->done++;
}

void
out_plain(struct out *o, const struct row *r)
{
	struct fail f = {0};

	o->emitted++;
	if (o->fd == -1) {
		if (o->tally->fatal == 0 && table_put(o->table, r, &f) == -1) {
			say(&f);
			o->tally->fatal = fail_exit(&f);
		}
	} else
		out_frame(o, FRAME_OUT, r);
	out_made(o);
}

void
out_text(struct out *o, const char *s, size_t n)
{
	struct fail f = {0};

	if (o->tally->fatal == 0 && table_text_put(o->table, s, n, &f) == -1) {
		say(&f);
		o->tally->fatal = fail_exit(&f);
	}
}

void
out_failed(struct out *o, const struct row *from, const struct fail *f)
{
	struct row *r = out_new(o, from);
	int later = f->again == AGAIN_LATER;

	if (header_find(o->header, "status") != -1)
		row_set(r, "status", later ? "deferred" : "failed");
	if (header_find(o->header, "code") != -1)
		row_set(r, "code", fail_code_name(f->code));
	if (header_find(o->header, "hint") != -1)
		row_setf(r, "hint", "%s%s%s", f->what,
		    *f->what != '\0' ? ": " : "", f->why);
	out_row(o, r);
}
