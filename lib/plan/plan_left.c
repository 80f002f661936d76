/* plan_left.c: how far the jobs are, by their ledgers and results. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "plan/plan_p.h"
#include "store/store.h"

/* The last result of a job. */
struct result {
	int finished;
	enum code code;
	double elapsed; /* of all its results that copied something */
	uint64_t copied, copied_bytes;
};

enum { BOUNDS = 8 };

struct sum { /* of a batch, or of all */
	const char *batch, *stage;
	uint64_t jobs, done, messages, bytes, copied, copied_bytes;
	uint64_t failures[CODE_COUNT];
	double rated_bytes, rated_s; /* what the rate is from */
	double took, foreseen; /* of jobs done: seconds, est_s */
	double left, left_p90; /* est_s of what is left */
	struct intern *workers;
	uint32_t nworkers;
	double left_s, left_p90_s; /* as time, once all is there */
	const char *start, *end; /* planned; the arena's */
	struct bound {
		char name[16];
		double est; /* seconds that it is the reason of */
	} bound[BOUNDS];
};

struct left {
	struct left_opt opt;
	struct arena *arena;
	struct intern *keys, *batches;
	struct result *result;
	struct sum *sum; /* the first: all */
	const struct header *under;
	struct row **row; /* of jobs left */
	size_t nresult, nsum, nrow, at;
};

/* ---- results ---- */

static int
is_finished(const char *status)
{
	return strcmp(status, "copied") == 0 || strcmp(status, "same") == 0 ||
	    strcmp(status, "differs") == 0;
}

static int
result(void *arg, const struct row *r, struct fail *f)
{
	struct left *l = arg;
	const char *key = row_get(r, "key");
	uint32_t n = intern_number(l->keys, key, strlen(key));
	double s = strtod(row_get(r, "elapsed_s"), NULL);
	uint64_t copied = 0, bytes = 0;
	struct result *v;

	if (n == l->nresult) {
		l->result = grow(l->result, n, sizeof(*l->result));
		l->result[l->nresult++] = (struct result){0};
	}
	v = &l->result[n];
	if (row_u64(r, "copied", &copied, f) == -1 ||
	    row_u64(r, "copied_bytes", &bytes, f) == -1)
		return -1;
	v->finished = is_finished(row_get(r, "status"));
	v->code = v->finished ? CODE_NONE : fail_code_of(row_get(r, "code"));
	v->copied += copied;
	v->copied_bytes += bytes;
	if (copied > 0 && isfinite(s) && s > 0)
		v->elapsed += s;
	return 0;
}

/* ---- sums ---- */

static struct sum *
sum_of(struct left *l, const struct row *r)
{
	const char *batch = row_get(r, "batch");
	uint32_t n = intern_number(l->batches, batch, strlen(batch)) + 1;

	while (n >= l->nsum) {
		l->sum = grow(l->sum, l->nsum, sizeof(*l->sum));
		l->sum[l->nsum++] = (struct sum){
		    .batch = "*", .stage = "", .workers = intern_new()};
	}
	if (l->sum[n].jobs == 0) {
		l->sum[n].batch = arena_strdup(l->arena, batch);
		l->sum[n].stage = arena_strdup(l->arena, row_get(r, "stage"));
	}
	return &l->sum[n];
}

struct state { /* of one job */
	uint64_t messages, bytes, est, p90;
	int sized, done;
	struct progress now;
	const struct result *result; /* NULL */
};

/* What is left of it, 0 to 1. */
static double
rest(const struct state *s)
{
	double done;

	if (s->done)
		return 0;
	if (s->bytes > 0)
		done = (double)s->now.bytes / (double)s->bytes;
	else
		done = s->messages > 0
		    ? (double)s->now.messages / (double)s->messages
		    : 0;
	return done < 1 ? 1 - done : 0;
}

static void
add_rates(struct sum *m, const struct state *s)
{
	double took = 0, bytes = (double)s->now.bytes;

	if (s->result != NULL && s->result->elapsed > 0) {
		took = s->result->elapsed;
		bytes = (double)s->result->copied_bytes;
	} else if (s->now.first != CLOCK_NONE)
		took = (double)(s->now.last - s->now.first + 1);
	m->rated_s += took;
	m->rated_bytes += took > 0 ? bytes : 0;
	if (s->done && took > 0 && s->est > 0) {
		m->took += took;
		m->foreseen += (double)s->est;
	}
}

/* Times of one form are in order as text. */
static void
add_plan(
    struct arena *a, struct sum *m, const struct row *r, const struct state *s)
{
	const char *start = row_get(r, "start"), *end = row_get(r, "end");
	const char *bound = row_get(r, "bound");
	size_t i;

	if (*start != '\0' && (m->start == NULL || strcmp(start, m->start) < 0))
		m->start = arena_strdup(a, start);
	if (*end != '\0' && (m->end == NULL || strcmp(end, m->end) > 0))
		m->end = arena_strdup(a, end);
	for (i = 0; *bound != '\0' && i < BOUNDS; i++) {
		struct bound *b = &m->bound[i];

		if (b->name[0] == '\0')
			(void)snprintf(b->name, sizeof(b->name), "%s", bound);
		if (strncmp(b->name, bound, sizeof(b->name) - 1) == 0) {
			b->est += (double)s->est;
			break;
		}
	}
}

static void
add(struct sum *m, const struct row *r, const struct state *s)
{
	const char *worker = row_get(r, "worker");
	uint64_t left = 0;
	int c;

	m->jobs++;
	m->done += (uint64_t)s->done;
	m->messages += s->messages;
	m->bytes += s->bytes;
	m->copied += s->now.messages;
	m->copied_bytes += s->now.bytes;
	for (c = 0; c < CODE_COUNT; c++) {
		m->failures[c] += s->now.left[c];
		left += s->now.left[c];
	}
	if (left == 0 && s->result != NULL && s->result->code != CODE_NONE &&
	    s->result->code < CODE_COUNT)
		m->failures[s->result->code]++;
	if (*worker != '\0' &&
	    intern_number(m->workers, worker, strlen(worker)) == m->nworkers)
		m->nworkers++;
	m->left += (double)s->est * rest(s);
	m->left_p90 += (double)s->p90 * rest(s);
	add_rates(m, s);
}

/* ---- one job ---- */

static int
state_of(struct left *l, const struct row *r, const char *key, struct state *s,
    struct fail *f)
{
	memset(s, 0, sizeof(*s));
	s->sized = row_u64(r, "messages", &s->messages, f);
	if (s->sized == -1 || row_u64(r, "bytes", &s->bytes, f) == -1 ||
	    row_u64(r, "est_s", &s->est, f) == -1 ||
	    row_u64(r, "est_p90_s", &s->p90, f) == -1 ||
	    progress_read(&s->now, l->opt.dir, key, f) == -1)
		return -1;
	if (intern_has(l->keys, key))
		s->result =
		    &l->result[intern_number(l->keys, key, strlen(key))];
	if (s->result != NULL)
		s->done = s->result->finished;
	else
		s->done = s->sized && s->now.first != CLOCK_NONE &&
		    s->now.messages >= s->messages;
	return 0;
}

int
left_take(struct left *l, const struct row *r, struct fail *f)
{
	struct state s;
	char key[17];

	if (*row_get(r, "source") == '\0' || *row_get(r, "target") == '\0')
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "job",
		    "it has no source or no target");
	job_key(key, r);
	if (state_of(l, r, key, &s, f) == -1)
		return -1;
	add(sum_of(l, r), r, &s);
	add_plan(l->arena, sum_of(l, r), r, &s);
	add(&l->sum[0], r, &s);
	add_plan(l->arena, &l->sum[0], r, &s);
	if (s.done || l->under == NULL)
		return 0;
	l->row = grow(l->row, l->nrow, sizeof(struct row *));
	l->row[l->nrow] = row_under(l->arena, l->under, r);
	row_set(l->row[l->nrow++], "key", key);
	return 0;
}

/* ---- out ---- */

int
left_next(struct left *l, struct row *r)
{
	size_t i;

	if (l->at == l->nrow)
		return 0;
	for (i = 0; i < header_count(l->under); i++)
		row_set_at(r, i, row_at(l->row[l->at], i));
	l->at++;
	return 1;
}

static void
set_failures(struct row *r, const struct sum *m)
{
	struct buf b = {0};
	int c;

	for (c = CODE_NONE + 1; c < CODE_COUNT; c++)
		if (m->failures[c] > 0)
			buf_addf(&b, "%s%s=%" PRIu64, b.len > 0 ? "," : "",
			    fail_code_name((enum code)c), m->failures[c]);
	row_set(r, "failures", b.len > 0 ? b.data : "");
	buf_free(&b);
}

/* By what the jobs done took, where there are enough to tell. */
static double
correction(const struct sum *m)
{
	return m->foreseen > 0 && m->took > 0 && m->done >= 3
	    ? m->took / m->foreseen
	    : 1;
}

/* Up to a whole second; ceil(3) would want another library. */
static double
whole(double s)
{
	double n = s < 1e15 ? (double)(uint64_t)s : s;

	return n < s ? n + 1 : n;
}

/* Batches follow each other, so their times add up. */
static void
times(struct left *l)
{
	size_t i;

	for (i = 1; i < l->nsum; i++) {
		struct sum *m = &l->sum[i];
		double by = correction(m) /
		    (m->nworkers > 0 ? m->nworkers : l->opt.workers);

		if (m->foreseen + m->left == 0 && m->rated_bytes > 0 &&
		    m->bytes > m->copied_bytes) {
			m->left = m->left_p90 =
			    (double)(m->bytes - m->copied_bytes) /
			    m->rated_bytes * m->rated_s;
		}
		m->left_s = whole(m->left * by);
		m->left_p90_s = whole(m->left_p90 * by);
		l->sum[0].left_s += m->left_s;
		l->sum[0].left_p90_s += m->left_p90_s;
	}
}

static void
set_plan(struct row *r, const struct sum *m)
{
	const struct bound *most = &m->bound[0];
	size_t i;

	for (i = 1; i < BOUNDS; i++)
		if (m->bound[i].est > most->est)
			most = &m->bound[i];
	row_set(r, "bound", most->name);
	row_set(r, "start", m->start != NULL ? m->start : "");
	row_set(r, "end", m->end != NULL ? m->end : "");
}

static void
set_sum(struct row *r, const struct sum *m)
{
	row_set(r, "batch", m->batch);
	row_set(r, "stage", m->stage);
	row_setf(r, "jobs", "%" PRIu64, m->jobs);
	row_setf(r, "jobs_done", "%" PRIu64, m->done);
	row_setf(r, "jobs_left", "%" PRIu64, m->jobs - m->done);
	row_setf(r, "messages", "%" PRIu64, m->messages);
	row_setf(r, "bytes", "%" PRIu64, m->bytes);
	row_setf(r, "copied", "%" PRIu64, m->copied);
	row_setf(r, "copied_bytes", "%" PRIu64, m->copied_bytes);
	if (m->rated_s > 0)
		row_setf(r, "rate_Bps", "%.0f", m->rated_bytes / m->rated_s);
	row_setf(r, "left_s", "%.0f", m->left_s);
	row_setf(r, "left_p90_s", "%.0f", m->left_p90_s);
	set_failures(r, m);
	set_plan(r, m);
}

int
left_sum(struct left *l, struct row *r)
{
	if (l->at == 0)
		times(l);
	if (l->at++ == l->nsum)
		return 0;
	set_sum(r, &l->sum[l->at == l->nsum ? 0 : l->at]);
	return 1;
}

/* ---- new, free ---- */

int
left_new(struct left **out, const struct left_opt *o, struct fail *f)
{
	struct left *l = mem_alloc(sizeof(*l));
	struct side results = {.name = o->results,
	    .needs = "key status copied copied_bytes elapsed_s",
	    .each = result,
	    .arg = l};
	struct stat st;

	l->opt = *o;
	l->arena = arena_new();
	l->keys = intern_new();
	l->batches = intern_new();
	l->sum = grow(NULL, 0, sizeof(*l->sum));
	l->sum[l->nsum++] =
	    (struct sum){.batch = "*", .stage = "", .workers = intern_new()};
	*out = l;
	if (stat(o->dir, &st) == -1)
		(void)fail_errno(
		    f, CODE_INPUT, REACH_RUN, "ledgers", "%s", o->dir);
	else if (o->results == NULL || side_read(&results, f) == 0)
		return 0;
	left_free(l);
	*out = NULL;
	return -1;
}

struct header *
left_header(struct left *l, const struct header *have)
{
	struct header *h = header_new("");
	size_t i;

	for (i = 0; i < header_count(have); i++)
		(void)header_add(h, header_name(have, i));
	(void)header_add(h, "key");
	l->under = h;
	return h;
}

void
left_free(struct left *l)
{
	size_t i;

	if (l == NULL)
		return;
	for (i = 0; i < l->nsum; i++)
		intern_free(l->sum[i].workers);
	intern_free(l->keys);
	intern_free(l->batches);
	arena_free(l->arena);
	free(l->result);
	free(l->sum);
	free(l->row);
	free(l);
}
