/* gate_see.c: what the servers of a zone say, for the gate. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_p.h"

static size_t
seen_of(struct gate *g, struct gate_set *s, const char *server)
{
	const char *name = intern_str(g->servers, server, strlen(server));
	size_t i;

	for (i = 0; i < s->nseen; i++)
		if (s->seen[i].server == name)
			return i;
	s->seen = mem_resize(s->seen, s->nseen + 1, sizeof(*s->seen));
	memset(&s->seen[i], 0, sizeof(*s->seen));
	s->seen[i].server = name;
	s->seen[i].since = CLOCK_NONE;
	return s->nseen++;
}

void
gate_saw(struct gate *g, struct gate_set *s, const char *server, uint32_t ttl,
    int there, int64_t at)
{
	size_t i = seen_of(g, s, server);
	int lowered = there && ttl <= s->low;

	if (there && !lowered && !s->is_new && ttl > s->old) {
		s->old = ttl;
		s->has_old = 1;
	}
	if (!lowered)
		s->seen[i].since = CLOCK_NONE;
	else if (s->seen[i].since == CLOCK_NONE)
		s->seen[i].since = at;
}

/* A zone's servers, asked for its sets once each. */
struct look {
	const char *zone;
	struct dns_server *server;
	size_t n;
};

static const char *
joined(struct gate *g, const char *so_far, const char *server, const char *what)
{
	if (so_far == NULL)
		return arena_printf(g->arena, "%s: %s", server, what);
	return arena_printf(g->arena, "%s; %s: %s", so_far, server, what);
}

/* No answer: waiting will not help, unless --assume-server names it. */
static void
see_none(struct gate *g, struct gate_set *s, const struct dns_server *server,
    const char *why)
{
	struct dns_server assumed;
	struct fail none;
	size_t i;

	for (i = 0; g->opt.assumed != NULL && g->opt.assumed[i] != NULL; i++)
		if (dns_server(&assumed, g->opt.assumed[i], &none) == 0 &&
		    strcmp(assumed.text, server->text) == 0) {
			i = seen_of(g, s, server->text); /* moves s->seen */
			s->seen[i].silent = 1;
			s->assumed = joined(g, s->assumed, server->text, why);
			return;
		}
	s->trouble = joined(g, s->trouble, server->text, why);
}

static void
see_server(struct gate *g, struct gate_set *s, struct arena *a,
    const struct dns_server *server)
{
	struct dns_list got = {0}, soa = {0};
	struct fail f = {0};

	if (change_look(a, server, s->name, s->type, &got, &f) == -1 ||
	    (s->is_new &&
		change_look(a, server, s->zone, "SOA", &soa, &f) == -1)) {
		see_none(g, s, server, f.why);
		return;
	}
	if (soa.n == 1 && dns_negative(&soa.rr[0]) > s->negative)
		s->negative = dns_negative(&soa.rr[0]);
	gate_saw(g, s, server->text, dns_ttl_max(&got), got.n > 0, clock_now());
	if (got.n == 0 || dns_ttl_max(&got) > s->low)
		s->behind = joined(g, s->behind, server->text,
		    arena_printf(a, "still %s", change_text(a, &got)));
}

/* The delegation is held by caches for as long as parent or child say. */
static int
see_delegation(struct gate *g, const struct look *l, struct fail *f)
{
	struct arena *a = arena_new();
	struct dns_server *up = NULL;
	const char *parent = NULL, *above = dns_parent(l->zone);
	struct gate_set *s = gate_set_of(g, l->zone, l->zone, "NS");
	struct dns_list ns;
	struct dns_reply r;
	size_t i, n = 0;
	int rc = 0;

	s->is_ns = s->has_old = 1;
	s->is_new = 0;
	s->published = g->opt.ns_changed;
	s->old = (uint32_t)g->opt.ns_ttl;
	for (i = 0; rc == 0 && i < l->n; i++) {
		rc = change_look(a, &l->server[i], l->zone, "NS", &ns, f);
		if (rc == 0 && dns_ttl_max(&ns) > s->old)
			s->old = dns_ttl_max(&ns);
	}
	if (rc == 0 && l->n > 0 && above != NULL && g->opt.nservers == 0)
		rc = dns_zone_of(a, NULL, above, &parent, f) == -1
		    ? -1
		    : dns_servers(a, parent, &up, &n, f);
	for (i = 0; rc == 0 && i < n; i++) {
		rc = dns_ask(a, &up[i], 0, l->zone, "NS", &r, f);
		if (rc == 0 && r.authority.n > 0 &&
		    dns_ttl_max(&r.authority) > s->old)
			s->old = dns_ttl_max(&r.authority);
	}
	free(up);
	arena_free(a);
	return rc;
}

static int
find_servers(struct gate *g, struct look *l, struct fail *f)
{
	struct arena *a;
	int rc;

	if (g->opt.nservers > 0) {
		l->server = mem_array(g->opt.nservers, sizeof(*l->server));
		memcpy(l->server, g->opt.servers,
		    g->opt.nservers * sizeof(*l->server));
		l->n = g->opt.nservers;
		return 0;
	}
	a = arena_new();
	rc = dns_servers(a, l->zone, &l->server, &l->n, f);
	arena_free(a);
	return rc;
}

static void
see_zone(struct gate *g, struct look *l)
{
	struct arena *a = arena_new();
	struct fail f = {0};
	size_t i, k, n = g->n;
	int rc = g->opt.offline ? 0 : find_servers(g, l, &f);

	for (i = 0; i < n && stop_signal() == 0; i++) {
		struct gate_set *s = &g->set[i];

		if (strcmp(s->zone, l->zone) != 0)
			continue;
		if (rc == -1)
			s->trouble = arena_strdup(g->arena, f.why);
		for (k = 0; rc == 0 && k < l->n; k++)
			see_server(g, s, a, &l->server[k]);
		arena_reset(a);
	}
	if (g->opt.ns_changed != CLOCK_NONE && see_delegation(g, l, &f) == -1)
		gate_set_of(g, l->zone, l->zone, "NS")->trouble =
		    arena_strdup(g->arena, f.why);
	free(l->server);
	arena_free(a);
}

int
gate_look(struct gate *g, struct fail *f)
{
	struct intern *zones = intern_new();
	size_t i, n = g->n;

	if (g->opt.offline && g->opt.ns_changed == CLOCK_NONE)
		n = 0;
	for (i = 0; i < n; i++) {
		struct look l = {.zone = g->set[i].zone};

		if (!intern_has(zones, l.zone))
			see_zone(g, &l);
		(void)intern_number(zones, l.zone, strlen(l.zone));
	}
	intern_free(zones);
	/* Whatever was seen was seen by now. */
	if (g->opt.now == CLOCK_NONE)
		g->now = clock_now();
	if (stop_signal() != 0)
		return fail_set(
		    f, CODE_TIMEOUT, REACH_RUN, AGAIN_LATER, "gate", "stopped");
	return 0;
}
