/* plan.c: the whole of a plan, and how jobs leave it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"
#include "store/store.h"

void *
grow(void *p, size_t n, size_t size)
{
	if ((n & (n - 1)) != 0)
		return p;
	return mem_resize(p, n == 0 ? 1 : 2 * n, size);
}

static const char *const stages[] = {"", "test", "pilot", "main", "large"};

const char *
stage_name(enum stage s)
{
	return stages[s];
}

enum stage
stage_of(const char *name)
{
	int s = STAGE_LARGE;

	while (s > STAGE_ANY && strcmp(stages[s], name) != 0)
		s--;
	return (enum stage)s;
}

int
plan_new(struct plan **out, const struct plan_opt *o, struct fail *f)
{
	struct plan *p = mem_alloc(sizeof(*p));

	p->opt = *o;
	p->arena = arena_new();
	p->accounts = intern_new();
	p->names = intern_new();
	p->groups = intern_new();
	p->pairs = intern_new();
	p->hosts[0] = intern_new();
	p->hosts[1] = intern_new();
	p->t0 = o->start == CLOCK_NONE ? 0 : o->start;
	*out = p;
	if (batches_check(o->batches, f) == -1 ||
	    (o->window != NULL && calendar_check(o->window, "", f) == -1) ||
	    (o->constraints != NULL &&
		rules_read(p, o->constraints, f) == -1) ||
	    (o->results != NULL && rates_read(p, o->results, f) == -1)) {
		plan_free(p);
		*out = NULL;
		return -1;
	}
	return 0;
}

void
plan_free(struct plan *p)
{
	uint32_t side, i;

	if (p == NULL)
		return;
	for (side = 0; side < 2; side++) {
		for (i = 0; i < p->nhost[side]; i++)
			free(p->host[side][i]);
		free(p->host[side]);
		intern_free(p->hosts[side]);
	}
	for (i = 0; i < p->ncalendar; i++)
		calendar_free(p->calendar[i]);
	free(p->calendar);
	free(p->rule);
	free(p->rates);
	arena_free(p->arena);
	intern_free(p->accounts);
	intern_free(p->names);
	intern_free(p->groups);
	intern_free(p->pairs);
	free(p->fold);
	free(p->box);
	free(p->unit);
	free(p->batch);
	free(p->job);
	free(p->group_box);
	free(p);
}

/* What says something about one folder only, or about an earlier run. */
static const char of_folders[] =
    " folder_raw sep namespace role subscribed selectable uidvalidity uidnext "
    "modseq unseen largest_bytes oldest newest permanentflags capabilities "
    "dst_role ";
static const char of_jobs[] =
    "key account source target batch stage after not_before window worker "
    "start end est_s est_p90_s bound folder dst_folder except uids conn_max "
    "rate_Bps messages bytes status code hint";

struct header *
plan_header(const struct header *have, struct fail *f)
{
	struct header *h, *own;
	char word[80];
	size_t i;

	if (header_find(have, "source") == -1) {
		(void)fail_set(f, CODE_ROW, REACH_RUN, AGAIN_NEVER, "header",
		    "the input has no column 'source'");
		return NULL;
	}
	h = header_new("");
	for (i = 0; i < header_count(have); i++) {
		const char *name = header_name(have, i);

		(void)snprintf(word, sizeof(word), " %s ", name);
		if (strlen(name) > 70 || strstr(of_folders, word) == NULL)
			(void)header_add(h, name);
	}
	own = header_new(of_jobs);
	for (i = 0; i < header_count(own); i++)
		(void)header_add(h, header_name(own, i));
	header_free(own);
	return h;
}

void
plan_under(struct plan *p, const struct header *h)
{
	p->under = h;
}

/* An account's jobs are cut when it is known in which batch it is. */
static void
jobs_make(struct plan *p)
{
	uint32_t b, u, x;

	for (x = 0; x < p->nbox; x++)
		rules_terms(p, &p->box[x], &p->box[x].terms);
	for (b = 0; b < p->nbatch; b++) {
		p->batch[b].job = p->njob;
		for (u = 0; u < p->nunit; u++)
			if (p->unit[u].batch == b)
				for (x = p->unit[u].first; x != NONE;
				     x = p->box[x].next)
					cut_account(p, x);
		p->batch[b].njob = p->njob - p->batch[b].job;
	}
}

int
plan_make(struct plan *p, struct fail *f)
{
	uint32_t i;

	sizes_fill(p);
	batches_make(p);
	jobs_make(p);
	if (pack_all(p, f) == -1)
		return -1;
	for (i = 0; i < p->njob; i++)
		p->count.unmet += p->job[i].unmet != NULL;
	p->count.accounts = p->nbox;
	p->count.batches = p->nbatch;
	p->count.jobs = p->njob;
	return 0;
}

void
plan_counts(const struct plan *p, struct plan_count *c)
{
	*c = p->count;
}

/* ---- jobs out ---- */

void
name_add(struct buf *b, const char *name)
{
	if (b->len > 0)
		buf_addc(b, ',');
	for (; *name != '\0'; name++)
		if (*name == ',')
			buf_adds(b, "%2C");
		else
			buf_addc(b, *name);
}

static void
set_except(const struct plan *p, const struct job *j, struct row *r)
{
	const char *given = row_get(p->box[j->box].row, "except");
	struct buf b = {0}, name = {0};
	uint32_t i;

	buf_adds(&b, given);
	for (i = p->box[j->box].fold; i != NONE; i = p->fold[i].next) {
		buf_reset(&name);
		name_add(&name, intern_at(p->names, p->fold[i].name));
		if (p->fold[i].apart == APART_NOT || list_has(given, name.data))
			continue;
		if (b.len > 0)
			buf_addc(&b, ',');
		buf_adds(&b, name.data);
	}
	buf_free(&name);
	row_set(r, "except", b.len > 0 ? b.data : "");
	buf_free(&b);
}

static void
set_folder(const struct plan *p, const struct job *j, struct row *r)
{
	const struct fold *d = &p->fold[j->fold];

	row_set(r, "folder", intern_at(p->names, d->name));
	row_set(r, "dst_folder", intern_at(p->names, d->dst));
	if (j->low == 0)
		return;
	if (j->high == 0)
		row_setf(r, "uids", "%u:*", j->low);
	else
		row_setf(r, "uids", "%u:%u", j->low, j->high);
}

/* Its folder's job before it; else batches: the one before, and what the
 * constraints name. */
static void
set_after(const struct plan *p, const struct job *j, struct row *r)
{
	const struct batch *b = &p->batch[j->batch];
	struct buf list = {0};
	const char *name;
	uint32_t at;

	if (j->after != NONE) {
		row_set(r, "after", p->job[j->after].key);
		return;
	}
	if (b->after != NONE)
		name_add(&list, p->batch[b->after].name);
	for (at = 0; (name = rules_after(p, NULL, b->name, &at)) != NULL;)
		name_add(&list, name);
	for (at = 0;
	     (name = rules_after(p, &p->box[j->box], NULL, &at)) != NULL;)
		name_add(&list, name);
	row_set(r, "after", list.len > 0 ? list.data : "");
	buf_free(&list);
}

static void
set_times(const struct plan *p, const struct job *j, struct row *r)
{
	const struct terms *t = &p->box[j->box].terms;
	char text[CLOCK_TEXT];

	row_setf(r, "est_s", "%u", j->est);
	row_setf(r, "est_p90_s", "%u", j->p90);
	row_set(r, "bound", j->bound);
	row_set(r, "window", calendar_window(p->calendar[t->calendar]));
	if (t->not_before != INT64_MIN)
		row_set(r, "not_before", clock_format(text, t->not_before));
	if (t->conn_max > 0)
		row_setf(r, "conn_max", "%" PRIu64, t->conn_max);
	if (t->user_rate > 0)
		row_setf(r, "rate_Bps", "%" PRIu64, t->user_rate);
	if (j->worker > 0)
		row_setf(r, "worker", "%u", j->worker);
	if (j->worker == 0 || p->opt.start == CLOCK_NONE)
		return;
	row_set(r, "start", clock_format(text, j->start));
	row_set(r, "end", clock_format(text, j->end));
}

int
plan_next(struct plan *p, struct row *r)
{
	static const char *const ours[] = {"worker", "start", "end", "except",
	    "uids", "not_before", "conn_max", "rate_Bps"};
	const struct row *from;
	struct job *j;
	size_t i;

	if (p->at == p->njob)
		return 0;
	j = &p->job[p->at++];
	from = p->box[j->box].row;
	for (i = 0; i < header_count(p->under); i++)
		row_set_at(r, i, row_at(from, i));
	for (i = 0; i < LENGTH(ours); i++)
		row_set(r, ours[i], "");
	if (j->fold == NONE)
		set_except(p, j, r);
	else
		set_folder(p, j, r);
	job_key(j->key, r);
	row_set(r, "key", j->key);
	row_set(r, "batch", p->batch[j->batch].name);
	row_set(r, "stage", stage_name(p->batch[j->batch].stage));
	set_after(p, j, r);
	set_times(p, j, r);
	row_setf(r, "bytes", "%" PRIu64, j->bytes);
	row_setf(r, "messages", "%" PRIu64, j->messages);
	row_set(r, "status", j->unmet == NULL ? "planned" : "refused");
	row_set(r, "code", j->unmet == NULL ? "" : "POLICY");
	row_set(r, "hint", j->unmet == NULL ? "" : j->unmet);
	return 1;
}
