/* gate_cover.c: whether a gate has opened for what is to be changed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_p.h"

struct gates {
	struct intern *keys;
	struct one {
		int64_t safe_at;
		uint32_t low;
		int no;
	} * one;
	size_t n;
};

struct gates *
gates_new(void)
{
	struct gates *g = mem_alloc(sizeof(*g));

	g->keys = intern_new();
	return g;
}

void
gates_free(struct gates *g)
{
	if (g == NULL)
		return;
	intern_free(g->keys);
	free(g->one);
	free(g);
}

int
gates_take(struct gates *g, const struct row *r, struct fail *f)
{
	char *key =
	    mem_printf("%s\n%s", row_get(r, "name"), row_get(r, "type"));
	uint32_t at = intern_number(g->keys, key, strlen(key));
	const char *safe_at = row_get(r, "safe_at");
	uint64_t low = 0;
	struct one *o;

	free(key);
	if (at == g->n) {
		g->one = mem_resize(g->one, g->n + 1, sizeof(*g->one));
		g->n++;
	}
	o = &g->one[at]; /* the last row of a set counts */
	o->safe_at = CLOCK_NONE;
	if (row_u64(r, "t_low", &low, f) == -1)
		return -1;
	o->low = (uint32_t)low;
	o->no = strcmp(row_get(r, "verdict"), "no") == 0;
	if (*safe_at != '\0' && !clock_parse(safe_at, &o->safe_at))
		return change_bad(f, "safe_at", "'%s' is no time", safe_at);
	return 0;
}

static int
closed(
    struct fail *f, const struct change *c, enum again again, const char *why)
{
	(void)fail_at(f, "%s %s", c->name, c->type);
	return fail_set(
	    f, CODE_POLICY, REACH_ENDPOINT, again, "gate", "%s", why);
}

int
gates_cover(
    const struct gates *g, const struct change *c, int64_t now, struct fail *f)
{
	char *key = mem_printf("%s\n%s", c->name, c->type);
	int known = intern_has(g->keys, key);
	const struct one *o =
	    known ? &g->one[intern_number(g->keys, key, strlen(key))] : NULL;
	char at[CLOCK_TEXT], why[64];

	free(key);
	if (o == NULL && c->seen.n == 0)
		return 0; /* new, and nothing waits for it */
	if (o == NULL)
		return closed(f, c, AGAIN_NEVER,
		    "the gate has no row for it: give dns-ttl gate its ledger");
	if (o->no)
		return closed(
		    f, c, AGAIN_NEVER, "waiting will not help, it says");
	if (dns_ttl_max(&c->seen) > o->low)
		return closed(f, c, AGAIN_NEVER,
		    "its TTL is higher than the gate knows: lower it first");
	if (o->safe_at == CLOCK_NONE)
		return closed(
		    f, c, AGAIN_LATER, "not yet published everywhere");
	if (o->safe_at <= now)
		return 0;
	(void)snprintf(
	    why, sizeof(why), "wait until %s", clock_format(at, o->safe_at));
	return closed(f, c, AGAIN_LATER, why);
}
