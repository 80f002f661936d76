/* copy.c: a job row: sessions, ledger, and its folders one after another. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "copy/copy_p.h"

enum { QUIET = 4, QUIET_MS = 250, LONGEST_MS = 60000 };

/* The digest that still tells copies apart after what the target alters; of
 * an mbox that is known without a profile. */
static unsigned int
kept_digest(const char *alters, const char *target)
{
	static const unsigned int kind[] = {DIGEST_L0, DIGEST_L0, DIGEST_END,
	    DIGEST_STORE, DIGEST_BYTES, DIGEST_L2};
	enum rung worst =
	    strncmp(target, "mbox:", 5) == 0 ? RUNG_STORE : RUNG_EXACT;
	enum rung r;

	while (alters != NULL && *alters != '\0') {
		size_t n = strcspn(alters, ",");
		char *name = mem_strndup(alters, n);

		if (rung_of(name, &r) && r < RUNG_DIFFERENT && r > worst)
			worst = r;
		free(name);
		alters += n + (alters[n] == ',');
	}
	return kind[worst];
}

int
copy_new(struct copy **out, const struct copy_opt *o, struct fail *f)
{
	struct copy *c = mem_alloc(sizeof(*c));
	struct map_opt m = o->map;

	*out = NULL;
	c->o = o;
	if (o->reverse) /* names come from the ledger of the way there */
		m = (struct map_opt){.collision = m.collision};
	if (map_new(&c->map, &m, f) == -1) {
		free(c);
		return -1;
	}
	c->arena = arena_new();
	c->digest = digest_new(DIGEST_L0, "/tmp");
	c->flight = mem_array(FLIGHTS, sizeof(*c->flight));
	c->wave = mem_alloc(sizeof(*c->wave));
	*out = c;
	return 0;
}

void
copy_free(struct copy *c)
{
	if (c == NULL)
		return;
	copy_end(c);
	map_free(c->map);
	digest_free(c->digest);
	free(c->flight);
	arena_free(c->arena);
	free(c->wave);
	free(c);
}

/* ---- sessions ---- */

void
copy_end(struct copy *c)
{
	store_close(c->src);
	store_close(c->dst);
	free(c->account);
	c->src = c->dst = NULL;
	c->account = NULL;
}

char *
copy_account(const struct row *job)
{
	return mem_printf("%s\n%s\n%s\n%s\n%s", row_get(job, "source"),
	    row_get(job, "target"), row_get(job, "source_secret"),
	    row_get(job, "target_secret"), row_get(job, "type"));
}

static int
list_both(struct copy *c, struct fail *f)
{
	const struct ahead_of list = {.what = AHEAD_OF_LIST};

	if (store_ahead(c->src, &list, f) == -1 ||
	    store_ahead(c->dst, &list, f) == -1 ||
	    store_flush(c->src, f) == -1 || store_flush(c->dst, f) == -1 ||
	    store_list(c->src, &c->src_list, &c->src_n, f) == -1)
		return -1;
	return store_list(c->dst, &c->dst_list, &c->dst_n, f);
}

int
copy_is_target(const struct store *st, struct fail *f)
{
	if ((store_can(st) & STORE_APPEND) != 0)
		return 0;
	(void)fail_at(f, "%s", store_label(st));
	return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER, "open",
	    "this kind of endpoint can only be a source");
}

static int
open_both(struct copy *c, const struct row *job, struct fail *f)
{
	struct store_opt so = {
	    .shared = strcmp(row_get(job, "type"), "shared") == 0,
	    .counters = 1,
	    .dial = 1,
	    .part = c->o->limited || *row_get(job, "conn_max") != '\0',
	    .note = c->o->say,
	    .arg = c->o->arg};

	if (store_open_row(&c->src, job, "source", &so, f) == -1)
		return -1;
	so.shared = 0;
	so.write = !c->o->dry_run;
	so.absent = c->o->dry_run;
	if (store_open_row(&c->dst, job, "target", &so, f) == -1 ||
	    store_login(c->src, f) == -1 || store_login(c->dst, f) == -1)
		return -1;
	c->alters =
	    kept_digest(map_profile(c->map, "alters"), row_get(job, "target"));
	return copy_is_target(c->dst, f);
}

/* Changes with whatever arrives at the target. */
static uint64_t
weight(const struct copy *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < c->dst_n; i++)
		sum += c->dst_list[i].uidnext + c->dst_list[i].messages;
	return sum;
}

/*
 * A server goes on with what it has been sent when the connection is gone
 * already: before anything is looked for there, it must be done with it.
 */
static int
wait_quiet(struct copy *c, struct fail *f)
{
	const int64_t end = clock_ms() + LONGEST_MS;
	int calm = 0;

	if (c->o->dry_run || (store_can(c->dst) & STORE_UIDS) == 0)
		return 0;
	while (calm < QUIET) {
		uint64_t was = weight(c);

		if (clock_ms() > end) {
			if (c->o->say != NULL)
				c->o->say(c->o->arg,
				    "mail goes on arriving at the target: "
				    "it is looked at as it stands");
			return 0;
		}
		(void)poll(NULL, 0, QUIET_MS);
		if (stopping(f) == -1 ||
		    store_list(c->dst, &c->dst_list, &c->dst_n, f) == -1)
			return -1;
		calm = weight(c) == was ? calm + 1 : 0;
	}
	return 0;
}

/* Consecutive rows of one account share its connections. */
static int
sessions(struct copy *c, const struct row *job, struct fail *f)
{
	char *account = copy_account(job);

	c->listed = 0;
	if (c->account != NULL && strcmp(account, c->account) == 0) {
		free(account);
		return 0;
	}
	copy_end(c);
	if (open_both(c, job, f) == -1) {
		free(account);
		return -1;
	}
	c->account = account;
	c->listed = 1;
	return list_both(c, f);
}

/* What the mapping leaves out or refuses is told; 1 if there is no more. */
static int
is_settled(struct copy *c, const struct move *m)
{
	struct fail why = {0};

	if (m->status == MAPPED_OK || m->status == MAPPED_MERGED)
		return !m->src->selectable;
	(void)fail_set(&why, fail_code_of(m->code), REACH_FOLDER, AGAIN_NEVER,
	    "map", "%s", m->hint);
	if (m->status == MAPPED_SKIPPED) {
		if (m->src->known & FOLDER_MESSAGES)
			c->sum->skipped += m->src->messages;
		tell_folder(c, m, "skipped", &why);
		return 1;
	}
	c->sum->refused++;
	tell_folder(c, m, "refused", &why);
	return 1;
}

/* ---- the job ---- */

static const char *
kept(void *arg, const char *folder)
{
	const struct copy *c = arg;
	const char *to = setting(c->ledger, "folder", folder);

	return to == NULL && c->o->reverse ? reverse_name(c, folder) : to;
}

static int
end_wave(struct copy *c, struct fail *f)
{
	if (c->wave->n == 0)
		return 0;
	if (stopping(f) == -1 || late(c, f) == -1)
		return -1;
	return wave_do(c, c->wave, f);
}

static int
all_waves(struct copy *c, const struct move *list, size_t n, struct fail *f)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct move *m = &list[i];

		if (resume_is_done(c, m->src->name))
			continue;
		if (is_settled(c, m) || state_stands(c, m)) {
			resume_done(c, m->src->name);
			continue;
		}
		if (!wave_takes(c, c->wave, m) && end_wave(c, f) == -1)
			return -1;
		wave_add(c->wave, m);
	}
	return end_wave(c, f);
}

static int
moves(struct copy *c, struct fail *f)
{
	struct moving j = {.job = c->job,
	    .src = c->src_list,
	    .src_n = c->src_n,
	    .dst = c->dst_list,
	    .dst_n = c->dst_n,
	    .only = c->o->only,
	    .exclude = c->o->exclude,
	    .kept = kept,
	    .arg = c};
	struct move *list;
	size_t n;
	int rc;

	map_reset(c->map);
	if (map_moves(c->map, &j, &list, &n, f) == -1)
		return -1;
	c->src_in = c->dst_in = NULL;
	c->wave->n = 0; /* of a wave that the time was up for, too */
	c->wave->messages = 0;
	moved_begin(c);
	rc = all_waves(c, list, n, f);
	moved_end(c);
	free(list);
	if (rc == 0)
		rc = gone_all(c, f);
	if (rc == 0 && c->o->mark && !c->o->dry_run)
		rc = reverse_mark(c, f);
	return rc;
}

/* Whose ledger it is, for people and for those who look over all of them. */
static int
open_ledger(struct copy *c, struct fail *f)
{
	char key[17];
	int torn;

	job_key(key, c->job);
	if (ledger_open(&c->ledger, c->o->ledger_dir, key, !c->o->dry_run,
		&torn, f) == -1)
		return -1;
	if (torn && c->o->say != NULL) {
		char *line = mem_printf("%s/%s.tsv: a torn last line is "
					"dropped, it was never acted on",
		    c->o->ledger_dir, key);

		c->o->say(c->o->arg, line);
		free(line);
	}
	return 0;
}

static int
note_ends(struct copy *c, struct fail *f)
{
	if (c->o->dry_run)
		return 0;
	if (ledger_set(c->ledger, "source", store_label(c->src), f) == -1)
		return -1;
	return ledger_set(c->ledger, "target", store_label(c->dst), f);
}

int
copy_job(
    struct copy *c, const struct row *job, struct copy_sum *sum, struct fail *f)
{
	struct fail closing = {0};
	int rc, was_up;

	memset(sum, 0, sizeof(*sum));
	c->sum = sum;
	resume_begin(c);
	rc = reverse_open(c, job, f);
	c->job = c->o->reverse ? reverse_row(c, job) : job;
	if (rc == 0)
		rc = pace_begin(c, f);
	if (rc == 0)
		rc = open_ledger(c, f);
	if (rc == 0)
		rc = sessions(c, c->job, f);
	if (rc == 0 && ledger_was_interrupted(c->ledger))
		rc = wait_quiet(c, f);
	if (rc == 0)
		rc = note_ends(c, f);
	if (rc == 0)
		rc = moves(c, f);
	was_up = c->account != NULL;
	sum->away = rc == -1 && !was_up && c->ledger != NULL &&
	    f->code == CODE_THROTTLED;
	while (rc == -1 && was_up && resume_wait(c, f)) {
		copy_end(c);
		if ((rc = late(c, f)) == 0 &&
		    (rc = sessions(c, c->job, f)) == 0 &&
		    (rc = wait_quiet(c, f)) == 0)
			rc = moves(c, f);
	}
	resume_end(c);
	gone_forget(c);
	reverse_close(c);
	if (rc == -1 && c->ledger != NULL &&
	    (!sum->away || ledger_was_interrupted(c->ledger)))
		ledger_interrupted(c->ledger);
	if (ledger_close(c->ledger, &closing) == -1 && rc == 0) {
		*f = closing;
		rc = -1;
	}
	c->ledger = NULL;
	if (rc == -1)
		copy_end(c);
	return rc;
}
