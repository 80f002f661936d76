/* plan_batches.c: test group, pilot, waves; whole groups, first ones first. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"

/* ---- how many where ---- */

struct sizes { /* for as many accounts */
	uint32_t all, test, pilot, wave;
};
static const struct sizes usual[] = {
    {50, 2, 5, 50}, {500, 3, 25, 95}, {5000, 5, 50, 240}};

static uint32_t
between(uint32_t n, uint32_t n0, uint32_t n1, uint32_t v0, uint32_t v1)
{
	return v0 + (uint32_t)((uint64_t)(v1 - v0) * (n - n0) / (n1 - n0));
}

static struct sizes
sizes_of(uint32_t n)
{
	const struct sizes *s = usual;
	size_t i = 0;

	if (n <= s[0].all)
		return (struct sizes){n, n < 10 ? n > 2 : 2, n / 10, n + 1};
	while (i + 2 < LENGTH(usual) && n > s[i + 1].all)
		i++;
	if (n > s[i + 1].all)
		return s[i + 1];
	s += i;
	return (struct sizes){n,
	    between(n, s[0].all, s[1].all, s[0].test, s[1].test),
	    between(n, s[0].all, s[1].all, s[0].pilot, s[1].pilot),
	    between(n, s[0].all, s[1].all, s[0].wave, s[1].wave)};
}

/* NAME=N: 1 and its parts. */
static int
spec(const char *s, size_t *name, uint64_t *n)
{
	const char *eq = strrchr(s, '=');

	if (eq == NULL || eq == s)
		return 0;
	*name = (size_t)(eq - s);
	return text_u64(eq + 1, strlen(eq + 1), n) && *n > 0 && *n < NONE;
}

int
batches_check(const char *const *batches, struct fail *f)
{
	size_t name;
	uint64_t n;

	for (; batches != NULL && *batches != NULL; batches++)
		if (!spec(*batches, &name, &n))
			return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER,
			    "option", "--batch is NAME=N, not '%s'", *batches);
	return 0;
}

/* The stage that a batch of this name is. */
static enum stage
stage_is(const char *name, size_t len)
{
	char *own = mem_strndup(name, len);
	enum stage s = stage_of(own);

	free(own);
	return s == STAGE_ANY ? STAGE_MAIN : s;
}

/* ---- filling ---- */

static uint32_t
batch_new(struct plan *p, const char *name, enum stage stage)
{
	struct batch *b;
	uint32_t last = p->nbatch;

	while (last > 0 && p->batch[last - 1].stage >= STAGE_MAIN &&
	    stage == STAGE_LARGE)
		last--; /* beside the waves, behind the pilot */
	p->batch = grow(p->batch, p->nbatch, sizeof(*p->batch));
	b = &p->batch[p->nbatch];
	*b = (struct batch){.name = name, .stage = stage, .after = NONE};
	if (last > 0)
		b->after = last - 1;
	return p->nbatch++;
}

uint32_t
batch_find(const struct plan *p, const char *name)
{
	uint32_t b;

	for (b = 0; b < p->nbatch; b++)
		if (strcmp(p->batch[b].name, name) == 0)
			return b;
	return NONE;
}

static uint32_t
batch_named(struct plan *p, const char *name, enum stage stage)
{
	uint32_t b = batch_find(p, name);

	return b != NONE ? b : batch_new(p, name, stage);
}

static void
put(struct plan *p, struct unit *u, uint32_t batch)
{
	u->batch = batch;
	p->batch[batch].accounts += u->n;
}

/* What its rows say, else what its size says. */
static enum stage
stage_asked(const struct unit *u)
{
	if (u->stage != STAGE_ANY)
		return u->stage;
	if (*u->named != '\0')
		return stage_of(u->named) != STAGE_ANY ? stage_of(u->named)
						       : STAGE_MAIN;
	return u->large ? STAGE_LARGE : STAGE_ANY;
}

/* Those whose rows name a batch or a stage; how many batches that made. */
static uint32_t
put_asked(struct plan *p, enum stage stage)
{
	uint32_t i, before = p->nbatch;

	for (i = 0; i < p->nunit; i++) {
		struct unit *u = &p->unit[i];
		const char *name = u->named;

		if (stage_asked(u) != stage)
			continue;
		if (*name == '\0' && stage == STAGE_MAIN)
			continue; /* in a wave, like all others */
		if (*name == '\0')
			name = stage_name(stage);
		put(p, u, batch_named(p, name, stage));
	}
	return p->nbatch - before;
}

static struct unit *units; /* for the comparisons */

static int
by_urgency(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (units[x].priority != units[y].priority)
		return units[x].priority < units[y].priority ? -1 : 1;
	return x < y ? -1 : x > y;
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (units[x].bytes != units[y].bytes)
		return units[x].bytes < units[y].bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

/* Indices of units without a batch, sorted; *n of them. */
static uint32_t *
open_units(
    const struct plan *p, size_t *n, int (*compare)(const void *, const void *))
{
	uint32_t *list = mem_array(p->nunit, sizeof(*list)), u;

	for (*n = 0, u = 0; u < p->nunit; u++)
		if (p->unit[u].batch == NONE &&
		    stage_asked(&p->unit[u]) != STAGE_LARGE)
			list[(*n)++] = u;
	units = p->unit;
	if (*n > 0)
		qsort(list, *n, sizeof(*list), compare);
	return list;
}

/* The most urgent are not what one tries things with. */
static size_t
drop_urgent(const struct plan *p, uint32_t *list, size_t n)
{
	unsigned int first = UINT_MAX, last = 0;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (p->unit[list[i]].priority < first)
			first = p->unit[list[i]].priority;
		if (p->unit[list[i]].priority > last)
			last = p->unit[list[i]].priority;
	}
	for (i = 0; i < n; i++)
		if ((first == last || p->unit[list[i]].priority > first) &&
		    stage_asked(&p->unit[list[i]]) == STAGE_ANY)
			list[k++] = list[i];
	return k;
}

/* The first batch that a unit must come after and would not in batch b. */
static const char *
waits_for(const struct plan *p, const struct unit *u, uint32_t b)
{
	const char *name;
	uint32_t x, at;

	for (x = u->first; x != NONE; x = p->box[x].next)
		for (at = 0;
		     (name = rules_after(p, &p->box[x], NULL, &at)) != NULL;)
			if (batch_find(p, name) >= b)
				return name;
	return NULL;
}

/*
 * The test group: smaller mailboxes, but not the smallest, which may be empty.
 * The pilot: every size there is.
 */
static void
choose(struct plan *p, const char *name, enum stage stage, uint32_t want)
{
	size_t n, i, k;
	uint32_t *list = open_units(p, &n, by_size), b = NONE, room = want;

	n = drop_urgent(p, list, n);
	for (i = 0; i < n && room > 0; i++) {
		k = stage == STAGE_TEST ? (n / 4 + i) % n
					: (2 * i + 1) * n / (2 * (size_t)want);
		if (k >= n)
			break;
		if (p->unit[list[k]].batch != NONE || p->unit[list[k]].n > room)
			continue;
		if (b == NONE)
			b = batch_new(p, name, stage);
		room -= p->unit[list[k]].n;
		put(p, &p->unit[list[k]], b);
	}
	free(list);
}

/*
 * As many units in order as fit; a group larger than that has it alone.  Those
 * that must wait stay in the list; where there is nobody else they are put,
 * and it is noted what that breaks.  How many are left.
 */
static size_t
fill(struct plan *p, uint32_t *list, size_t n, uint32_t b, uint32_t most)
{
	int force = 0;
	size_t i, k;

	do {
		for (k = 0, i = 0; i < n; i++) {
			struct unit *u = &p->unit[list[i]];

			if (p->batch[b].accounts > 0 &&
			    p->batch[b].accounts + u->n > most)
				break;
			if (!force && waits_for(p, u, b) != NULL)
				list[k++] = list[i];
			else
				put(p, u, b);
		}
		memmove(list + k, list + i, (n - i) * sizeof(*list));
		n = k + n - i;
	} while (p->batch[b].accounts == 0 && !force++);
	return n;
}

/* Equal shares of what is left, so that no last wave is of two or three. */
static uint32_t
even(const struct plan *p, const uint32_t *list, size_t n, uint32_t most)
{
	uint32_t left = 0, count;

	while (n-- > 0)
		left += p->unit[list[n]].n;
	count = (left - 1) / most + 1;
	return (left - 1) / count + 1;
}

/*
 * NAME-1, NAME-2 ...; of a size that we chose they are even, and many begin
 * with a quarter, a half, three quarters of it.
 */
static void
waves(struct plan *p, const char *name, size_t len, uint32_t most, int ours)
{
	int rise = ours && p->nbox / most > 8;
	size_t n, k = 0;
	uint32_t *list = open_units(p, &n, by_urgency);

	while (n > 0) {
		uint32_t now = ours ? even(p, list, n, most) : most;
		char *text;

		if (rise && k < 3)
			now = most / 4 * (uint32_t)(k + 1);
		text = arena_printf(p->arena, "%.*s-%zu", (int)len, name, ++k);
		n = fill(p, list, n, batch_named(p, text, STAGE_MAIN), now);
	}
	free(list);
}

static void
one_wave(struct plan *p, const char *name, size_t len, uint32_t most)
{
	size_t n;
	uint32_t *list = open_units(p, &n, by_urgency);

	if (n > 0)
		(void)fill(p, list, n,
		    batch_named(
			p, arena_strndup(p->arena, name, len), STAGE_MAIN),
		    most);
	free(list);
}

static void
put_stage(struct plan *p, enum stage stage, const struct sizes *s)
{
	const char *const *spec_at = p->opt.batches;
	uint32_t usual_n = stage == STAGE_TEST ? s->test : s->pilot;
	size_t len;
	uint64_t n;

	if (put_asked(p, stage) > 0)
		return;
	if (spec_at == NULL && usual_n > 0)
		choose(p, stage_name(stage), stage, usual_n);
	for (; spec_at != NULL && *spec_at != NULL; spec_at++)
		if (spec(*spec_at, &len, &n) &&
		    stage_is(*spec_at, len) == stage)
			choose(p, stage_name(stage), stage, (uint32_t)n);
}

static void
put_main(struct plan *p, const struct sizes *s)
{
	const char *const *spec_at = p->opt.batches, *last = NULL;
	size_t len = 0, last_len = 0;
	uint64_t n = 0, last_n = 0;

	(void)put_asked(p, STAGE_MAIN);
	for (; spec_at != NULL && *spec_at != NULL; spec_at++) {
		if (!spec(*spec_at, &len, &n) ||
		    stage_is(*spec_at, len) != STAGE_MAIN)
			continue;
		if (last != NULL)
			one_wave(p, last, last_len, (uint32_t)last_n);
		last = *spec_at;
		last_len = len;
		last_n = n;
	}
	if (last != NULL)
		waves(p, last, last_len, (uint32_t)last_n, 0);
	else
		waves(p, "wave", 4, s->wave, 1);
}

void
batches_make(struct plan *p)
{
	struct sizes s = sizes_of(p->nbox);
	uint32_t i;

	units_make(p);
	put_stage(p, STAGE_TEST, &s);
	put_stage(p, STAGE_PILOT, &s);
	put_main(p, &s);
	(void)put_asked(p, STAGE_LARGE);
	for (i = 0; i < p->nunit; i++)
		p->unit[i].unmet = waits_for(p, &p->unit[i], p->unit[i].batch);
}
