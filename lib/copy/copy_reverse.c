/*
 * copy_reverse.c: back again.  A reverse run is the job of the row turned
 * round, with a ledger of its own; each direction reads the other's ledger and
 * leaves alone what that one wrote, so that nothing bounces.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

const struct row *
reverse_row(struct copy *c, const struct row *job)
{
	static const char *const pairs[][2] = {{"source", "target"},
	    {"source_secret", "target_secret"}, {"folder", "dst_folder"}};
	static char columns[] = "account source target source_secret "
				"target_secret folder dst_folder type except";
	static struct header *h;
	struct row *r;
	size_t i;

	if (h == NULL)
		h = header_new(columns);
	arena_reset(c->arena);
	r = row_new(c->arena, h);
	row_set(r, "account", row_get(job, "account"));
	row_set(r, "type", row_get(job, "type"));
	for (i = 0; i < LENGTH(pairs); i++) {
		row_set(r, pairs[i][0], row_get(job, pairs[i][1]));
		row_set(r, pairs[i][1], row_get(job, pairs[i][0]));
	}
	/* A row of one folder that does not say where it went. */
	if (*row_get(job, "folder") != '\0' &&
	    *row_get(job, "dst_folder") == '\0')
		row_set(r, "folder", row_get(job, "folder"));
	return r;
}

int
reverse_open(struct copy *c, const struct row *job, struct fail *f)
{
	char key[17];
	const char *name;
	size_t i;
	int torn;

	job_key(key, c->o->reverse ? job : reverse_row(c, job));
	if (ledger_open(&c->other, c->o->ledger_dir, key, 0, &torn, f) == -1)
		return -1;
	for (i = 0; (name = ledger_name(c->other, i)) != NULL; i++)
		if (strncmp(name, "mark ", 5) == 0)
			break;
	if (!c->o->reverse || name != NULL)
		return 0;
	(void)fail_at(f, "%s/%s.tsv", c->o->ledger_dir, key);
	return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER, "reverse",
	    "it has no mark: mbx-copy --mark is a step of the cutover");
}

void
reverse_close(struct copy *c)
{
	(void)ledger_close(c->other, NULL);
	c->other = NULL;
	free(c->carried);
	c->carried = NULL;
	c->carried_n = 0;
}

const char *
reverse_name(const struct copy *c, const char *folder)
{
	const char *name;
	size_t i;

	for (i = 0; (name = ledger_name(c->other, i)) != NULL; i++)
		if (strncmp(name, "folder ", 7) == 0 &&
		    strcmp(ledger_get(c->other, name), folder) == 0)
			return name + 7;
	return NULL;
}

/* ---- what came the other way ---- */

static uint64_t
mark_of(const struct copy *c, const struct work *w)
{
	const char *value = setting(c->other, "mark", w->folder);
	uint32_t validity;
	uint64_t uidnext;

	/* Made since, or anew: all of it counts that we did not write. */
	if (value == NULL ||
	    sscanf(value, "%" SCNu32 " %" SCNu64, &validity, &uidnext) != 2 ||
	    validity != w->si.uidvalidity)
		return 0;
	return uidnext;
}

int
reverse_load(struct copy *c, struct work *w, struct fail *f)
{
	struct sides s = {.folder = "",
	    .dst_folder = w->folder,
	    .dst_uidvalidity = w->si.uidvalidity};

	free(c->carried);
	c->carried = NULL;
	c->carried_n = 0;
	w->mark = c->o->reverse ? mark_of(c, w) : 0;
	return ledger_claimed(c->other, &s, &c->carried, &c->carried_n, f);
}

int
reverse_is_other(
    const struct copy *c, const struct work *w, uint64_t id, uint64_t hash)
{
	if (id < w->mark)
		return 1;
	return c->carried_n > 0 &&
	    bsearch(&hash, c->carried, c->carried_n, sizeof(hash), order_u64) !=
	    NULL;
}

static int
has_mark(const struct copy *c, const char *folder, uint32_t uidvalidity)
{
	const char *value = setting(c->ledger, "mark", folder);
	uint32_t was;

	return value != NULL && sscanf(value, "%" SCNu32, &was) == 1 &&
	    was == uidvalidity;
}

int
reverse_mark(struct copy *c, struct fail *f)
{
	size_t i;

	if (store_list(c->dst, &c->dst_list, &c->dst_n, f) == -1)
		return -1;
	for (i = 0; i < c->dst_n; i++) {
		struct folder fo = c->dst_list[i];
		char *value;
		int rc;

		if (!fo.selectable)
			continue;
		if ((fo.known & FOLDER_UIDNEXT) == 0 &&
		    store_enter(c->dst, c->dst_list[i].name, 0, &fo, f) == -1) {
			if (f->reach > REACH_FOLDER)
				return -1;
			continue; /* it went meanwhile */
		}
		value = mem_printf("%" PRIu32 " %" PRIu32, fo.uidvalidity,
		    fo.known & FOLDER_UIDNEXT ? fo.uidnext : 0);
		/* A mark stays: what has come since the first one goes back. */
		rc = has_mark(c, c->dst_list[i].name, fo.uidvalidity)
		    ? 0
		    : setting_put(c, "mark", c->dst_list[i].name, value, f);
		free(value);
		if (rc == -1)
			return -1;
	}
	return ledger_sync(c->ledger, f);
}
