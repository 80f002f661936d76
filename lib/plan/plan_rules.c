/* plan_rules.c: the constraints file, and what it means for one account. */
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"

enum scope {
	ON_ALL,
	ON_HOST,
	ON_STAGE,
	ON_BATCH,
	ON_GROUP,
	ON_ACCOUNT,
	SCOPES
};
static const char *const scopes[SCOPES] = {
    "*", "host", "stage", "batch", "group", "account"};

enum key {
	KEY_AFTER,
	KEY_BLACKOUT,
	KEY_CONN_MAX,
	KEY_DAY_IN,
	KEY_DAY_OUT,
	KEY_NOT_AFTER,
	KEY_NOT_BEFORE,
	KEY_PAUSE,
	KEY_PROFILE,
	KEY_RATE,
	KEY_WINDOW,
	KEYS
};
static const struct {
	const char *name;
	unsigned int on; /* scopes that may have it, a bit each */
	enum { TEXT, NUMBER, TIME } kind;
} keys[KEYS] = {
    {"after", 1 << ON_BATCH | 1 << ON_GROUP | 1 << ON_ACCOUNT, TEXT},
    {"blackout", 63, TEXT},
    {"conn_max", 1 << ON_HOST, NUMBER},
    {"day_in_bytes", 1 << ON_HOST | 1 << ON_GROUP | 1 << ON_ACCOUNT, NUMBER},
    {"day_out_bytes", 1 << ON_HOST | 1 << ON_GROUP | 1 << ON_ACCOUNT, NUMBER},
    {"not_after", 63, TIME},
    {"not_before", 63, TIME},
    {"pause", 1 << ON_STAGE | 1 << ON_BATCH, NUMBER},
    {"profile", 1 << ON_HOST, TEXT},
    {"rate_Bps", 1 << ON_ALL | 1 << ON_HOST | 1 << ON_GROUP | 1 << ON_ACCOUNT,
	NUMBER},
    {"window", 63, TEXT},
};

struct rule {
	enum scope scope;
	enum key key;
	int used;
	const char *of, *text; /* the plan's */
	uint64_t number;
	int64_t time;
};

/* ---- the file ---- */

static int
wrong(struct fail *f, const char *column, const char *why, const char *value)
{
	return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, column,
	    "%s, not '%s'", why, value);
}

static int
scope_read(struct plan *p, struct rule *u, const char *s, struct fail *f)
{
	size_t n = strcspn(s, ":");
	int i;

	for (i = 0; i < SCOPES; i++)
		if (strlen(scopes[i]) == n && strncmp(scopes[i], s, n) == 0)
			break;
	if (i == SCOPES || (i == ON_ALL) != (s[n] == '\0'))
		return wrong(f, "scope",
		    "*, host:, stage:, batch:, group: or account:", s);
	u->scope = (enum scope)i;
	u->of = s[n] == ':' ? arena_strdup(p->arena, s + n + 1) : "";
	if (i == ON_STAGE && stage_of(u->of) == STAGE_ANY)
		return wrong(
		    f, "scope", "a stage is test, pilot, main or large", u->of);
	return 0;
}

static int
value_read(struct plan *p, struct rule *u, const char *s, struct fail *f)
{
	u->text = arena_strdup(p->arena, s);
	switch (keys[u->key].kind) {
	case NUMBER:
		if (!text_u64(s, strlen(s), &u->number) || u->number == 0)
			return wrong(f, "value", "a number above 0", s);
		break;
	case TIME:
		if (!clock_parse(s, &u->time))
			return wrong(f, "value",
			    "a date or a time like 2026-11-23T08:15:00Z", s);
		break;
	case TEXT:
		if (*s == '\0')
			return wrong(f, "value", "something", s);
	}
	if (p->opt.start == CLOCK_NONE &&
	    (keys[u->key].kind == TIME || u->key == KEY_BLACKOUT))
		return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "key",
		    "%s needs --start, so that jobs have dates",
		    keys[u->key].name);
	if (u->key == KEY_WINDOW)
		return calendar_check(s, "", f);
	return u->key == KEY_BLACKOUT ? calendar_check("", s, f) : 0;
}

static int
rule_add(struct plan *p, const struct rule *u)
{
	p->rule = grow(p->rule, p->nrule, sizeof(*p->rule));
	p->rule[p->nrule++] = *u;
	return 0;
}

/* Day budgets are each user's; a profile's conn_max is too, so it is not a
 * host's. */
static int
profile_add(struct plan *p, const struct rule *u, struct fail *f)
{
	static const enum key budgets[] = {KEY_DAY_IN, KEY_DAY_OUT};
	size_t i;

	for (i = 0; i < LENGTH(budgets); i++) {
		struct rule own = *u;
		const char *value = "";

		own.key = budgets[i];
		if (p->opt.profile == NULL ||
		    p->opt.profile(u->text, keys[own.key].name, &value, f) ==
			-1)
			return -1;
		if (*value != '\0' &&
		    (value_read(p, &own, value, f) == -1 ||
			rule_add(p, &own) == -1))
			return -1;
	}
	return 0;
}

static int
rule_read(void *arg, const struct row *r, struct fail *f)
{
	struct plan *p = arg;
	struct rule u = {0};
	const char *key = row_get(r, "key");
	int i;

	for (i = 0; i < KEYS && strcmp(keys[i].name, key) != 0; i++)
		;
	if (i == KEYS)
		return wrong(f, "key", "it is none of mbx-plan(1)", key);
	u.key = (enum key)i;
	if (scope_read(p, &u, row_get(r, "scope"), f) == -1 ||
	    value_read(p, &u, row_get(r, "value"), f) == -1)
		return -1;
	if ((keys[u.key].on >> u.scope & 1) == 0)
		return wrong(f, "scope", "this key has others (mbx-plan(1))",
		    row_get(r, "scope"));
	return u.key == KEY_PROFILE ? profile_add(p, &u, f) : rule_add(p, &u);
}

int
rules_read(struct plan *p, const char *file, struct fail *f)
{
	struct side s = {.name = file,
	    .needs = "scope key value",
	    .each = rule_read,
	    .arg = p};

	return side_read(&s, f);
}

/* ---- what holds for one account ---- */

int
list_has(const char *list, const char *name)
{
	size_t len = strlen(name);

	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		if (n == len && memcmp(list, name, n) == 0)
			return 1;
		list += n + (list[n] == ',');
	}
	return 0;
}

static int
at_host(const struct rule *u, const struct box *x)
{
	int source = strcmp(u->of, x->host[0]->name) == 0;
	int target = strcmp(u->of, x->host[1]->name) == 0;

	if (u->key == KEY_DAY_OUT)
		return source;
	return target || (source && u->key != KEY_DAY_IN);
}

/* b NULL: what holds whatever the batch. */
static int
holds(const struct rule *u, const struct box *x, const struct batch *b)
{
	switch (u->scope) {
	case ON_ALL:
		return 1;
	case ON_HOST:
		return at_host(u, x);
	case ON_STAGE:
		return b != NULL && stage_of(u->of) == b->stage;
	case ON_BATCH:
		return b != NULL && strcmp(u->of, b->name) == 0;
	case ON_GROUP:
		return list_has(row_get(x->row, "group"), u->of);
	case ON_ACCOUNT:
		return strcmp(u->of, row_get(x->row, "account")) == 0;
	case SCOPES:
		break;
	}
	return 0;
}

static void
at_most(uint64_t *v, uint64_t most)
{
	if (most != 0 && (*v == 0 || most < *v))
		*v = most;
}

/* A slower connection, and who makes it so. */
static void
slower(struct terms *t, uint64_t rate, const char *bound)
{
	if (rate == 0 || (t->rate != 0 && t->rate <= rate))
		return;
	t->rate = rate;
	t->bound = bound;
}

struct resolving {
	struct terms *t;
	const char *window;
	int rank; /* of the window's scope */
	struct buf blackout;
};

static void
apply(const struct plan *p, const struct rule *u, struct resolving *v)
{
	switch (u->key) {
	case KEY_WINDOW:
		if ((int)u->scope >= v->rank) {
			v->window = u->text;
			v->rank = (int)u->scope;
		}
		break;
	case KEY_BLACKOUT:
		if (v->blackout.len > 0)
			buf_addc(&v->blackout, ',');
		buf_adds(&v->blackout, u->text);
		break;
	case KEY_NOT_BEFORE:
		if (u->time > v->t->not_before)
			v->t->not_before = u->time;
		break;
	case KEY_NOT_AFTER:
		if (u->time < v->t->not_after)
			v->t->not_after = u->time;
		break;
	case KEY_DAY_IN:
	case KEY_DAY_OUT:
		at_most(&v->t->day_bytes, u->number);
		break;
	case KEY_RATE:
		if (u->scope == ON_ALL)
			slower(v->t, u->number / p->opt.workers + 1, "link");
		else if (u->scope != ON_HOST) {
			slower(v->t, u->number, "user");
			at_most(&v->t->user_rate, u->number);
		}
		break;
	case KEY_AFTER:
	case KEY_CONN_MAX:
	case KEY_PAUSE:
	case KEY_PROFILE:
	case KEYS:
		break;
	}
}

/* What is the row's own, and its hosts'. */
static void
apply_row(const struct plan *p, const struct box *x, struct resolving *v)
{
	const char *window = row_get(x->row, "window");
	uint64_t rate = 0;
	int64_t t;
	int side;

	if (*window != '\0')
		v->window = window;
	if (clock_parse(row_get(x->row, "not_before"), &t) &&
	    t > v->t->not_before)
		v->t->not_before = t;
	if (row_u64(x->row, "rate_Bps", &rate, NULL) == 1) {
		slower(v->t, rate, "user");
		at_most(&v->t->user_rate, rate);
	}
	for (side = 0; side < 2; side++) {
		const struct host *h = x->host[side];
		uint64_t at_once =
		    h->conn_max != 0 && h->conn_max < p->opt.workers
		    ? h->conn_max
		    : p->opt.workers;

		at_most(&v->t->conn_max, h->conn_max);
		if (h->rate != 0)
			slower(v->t, h->rate / at_once + 1, "server");
	}
}

void
rules_terms(struct plan *p, const struct box *x, struct terms *t)
{
	const struct batch *b = &p->batch[p->unit[x->unit].batch];
	struct resolving v = {.t = t, .window = p->opt.window};
	uint32_t i;

	*t = (struct terms){.not_before = INT64_MIN, .not_after = INT64_MAX};
	if (v.window == NULL)
		v.window = "";
	for (i = 0; i < p->nrule; i++)
		if (holds(&p->rule[i], x, b)) {
			p->rule[i].used = 1;
			apply(p, &p->rule[i], &v);
		}
	apply_row(p, x, &v);
	t->calendar =
	    calendar_of(p, v.window, v.blackout.len > 0 ? v.blackout.data : "");
	buf_free(&v.blackout);
}

void
rules_host(const struct plan *p, struct host *h)
{
	uint32_t i;

	for (i = 0; i < p->nrule; i++) {
		const struct rule *u = &p->rule[i];

		if (u->scope != ON_HOST || strcmp(u->of, h->name) != 0)
			continue;
		if (u->key == KEY_CONN_MAX)
			at_most(&h->conn_max, u->number);
		else if (u->key == KEY_RATE)
			at_most(&h->rate, u->number);
	}
}

uint64_t
rules_pause(const struct plan *p, const struct batch *b)
{
	uint64_t pause = 0;
	uint32_t i;

	for (i = 0; i < p->nrule; i++) {
		const struct rule *u = &p->rule[i];

		if (u->key == KEY_PAUSE &&
		    (u->scope == ON_BATCH ? strcmp(u->of, b->name) == 0
					  : stage_of(u->of) == b->stage) &&
		    u->number > pause)
			pause = u->number;
	}
	return pause;
}

const char *
rules_after(
    const struct plan *p, const struct box *x, const char *batch, uint32_t *at)
{
	while (*at < p->nrule) {
		const struct rule *u = &p->rule[(*at)++];

		if (u->key != KEY_AFTER)
			continue;
		if (x != NULL
			? holds(u, x, NULL)
			: u->scope == ON_BATCH && strcmp(u->of, batch) == 0)
			return u->text;
	}
	return NULL;
}

char *
plan_unused(const struct plan *p, uint32_t *at)
{
	while (*at < p->nrule) {
		const struct rule *u = &p->rule[(*at)++];

		if (!u->used)
			return arena_printf(p->arena, "%s:%s %s %s",
			    scopes[u->scope], u->of, keys[u->key].name,
			    u->text);
	}
	return NULL;
}
