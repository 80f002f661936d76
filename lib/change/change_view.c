/* change_view.c: a zone as all of its servers have it, side by side. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "change/change_p.h"
#include "cli/cli.h"

struct views {
	struct arena *arena;
	const struct dns_server *servers;
	size_t nservers;
	struct view **view;
	size_t n;
};

struct views *
views_new(const struct dns_server *servers, size_t n)
{
	struct views *v = mem_alloc(sizeof(*v));

	v->arena = arena_new();
	v->servers = servers;
	v->nservers = n;
	return v;
}

void
views_free(struct views *v)
{
	size_t i;

	if (v == NULL)
		return;
	for (i = 0; i < v->n; i++) {
		free(v->view[i]->server);
		free(v->view[i]->soa);
		free(v->view[i]->why);
		free(v->view[i]);
	}
	free(v->view);
	arena_free(v->arena);
	free(v);
}

/* Each server's SOA, or why there is none. */
static void
ask_all(struct views *vs, struct view *v)
{
	struct arena *a = vs->arena;
	size_t i;

	v->soa = mem_array(v->n, sizeof(*v->soa));
	v->why = mem_array(v->n, sizeof(*v->why));
	for (i = 0; i < v->n; i++) {
		struct dns_list l;
		struct fail f = {0};

		v->why[i] = "";
		if (change_look(a, &v->server[i], v->zone, "SOA", &l, &f) == -1)
			v->why[i] =
			    arena_printf(a, "%s: %s", v->server[i].text, f.why);
		else if (l.n == 1) {
			v->soa[i] = l.rr[0];
			if (v->soa[v->best].name == NULL ||
			    (int32_t)(dns_soa_number(&v->soa[i], 0) -
				dns_soa_number(&v->soa[v->best], 0)) > 0)
				v->best = i; /* RFC 1982 */
		}
		if (v->soa[i].name != NULL &&
		    change_look(a, &v->server[i], v->zone, "NS", &l, &f) == 0 &&
		    dns_ttl_max(&l) > v->ns_ttl)
			v->ns_ttl = dns_ttl_max(&l);
	}
}

int
views_of(
    struct views *vs, const char *name, const struct view **to, struct fail *f)
{
	struct arena *a = arena_new(); /* what is kept is kept once a zone */
	const char *zone = NULL;
	struct view *v;
	size_t i;

	if (dns_zone_of(
		a, vs->nservers ? &vs->servers[0] : NULL, name, &zone, f) == 0)
		zone = arena_strdup(vs->arena, zone);
	arena_free(a);
	if (zone == NULL)
		return -1;
	for (i = 0; i < vs->n; i++)
		if (strcmp(vs->view[i]->zone, zone) == 0) {
			*to = vs->view[i];
			return 0;
		}
	v = mem_alloc(sizeof(*v));
	v->zone = zone;
	vs->view = mem_resize(vs->view, vs->n + 1, sizeof(struct view *));
	vs->view[vs->n++] = v;
	*to = v;
	if (vs->nservers > 0) {
		v->n = vs->nservers;
		v->server = mem_array(v->n, sizeof(*v->server));
		memcpy(v->server, vs->servers, v->n * sizeof(*v->server));
	} else if (dns_servers(vs->arena, zone, &v->server, &v->n, f) == -1) {
		vs->n--;
		free(v);
		return -1;
	}
	ask_all(vs, v);
	return 0;
}

int
view_get(void *view, struct arena *a, const char *name, const char *type,
    struct dns_list *l, struct fail *f)
{
	const struct view *v = view;

	return change_look(a, &v->server[v->best], name, type, l, f);
}

/* What is told of a set. */
struct sum {
	uint32_t max, min, negative;
	size_t there;
	int in_sync;
	const char *hint;
};

static void
put_sum(const struct view *v, const struct sum *s, const struct row *from,
    const char *name, const char *type, struct out *out)
{
	struct row *r = out_new(out, from);
	const struct dns_rr *soa = NULL;
	size_t i;

	for (i = 0; soa == NULL && i < v->n; i++)
		if (v->soa[i].name != NULL)
			soa = &v->soa[i];
	row_set(r, "zone", v->zone);
	row_set(r, "name", name);
	row_set(r, "type", type);
	if (s->there > 0) {
		row_setf(r, "ttl_max", "%" PRIu32, s->max);
		row_setf(r, "ttl_min", "%" PRIu32, s->min);
	}
	row_setf(r, "servers", "%zu", v->n);
	row_set(r, "in_sync", s->in_sync ? "1" : "0");
	if (soa != NULL) {
		row_setf(r, "neg_ttl", "%" PRIu32, s->negative);
		row_setf(r, "refresh", "%" PRIu32, dns_soa_number(soa, 1));
		row_setf(r, "expire", "%" PRIu32, dns_soa_number(soa, 3));
	}
	row_setf(r, "ns_ttl", "%" PRIu32, v->ns_ttl);
	row_setf(r, "wait_if_lowered_now", "%" PRIu32,
	    s->there > 0 ? s->max : s->negative);
	row_set(r, "hint", s->hint);
	out_plain(out, r);
}

static void
put_each(const struct view *v, size_t at, const struct dns_list *l,
    const char *why, const char *name, const char *type, const struct row *from,
    struct out *out)
{
	char now[CLOCK_TEXT];
	size_t i;

	for (i = 0; i < (l->n ? l->n : 1); i++) {
		struct row *r = out_new(out, from);

		row_set(r, "at", clock_format(now, clock_now()));
		row_set(r, "zone", v->zone);
		row_set(r, "name", name);
		row_set(r, "type", type);
		row_set(r, "server", v->server[at].text);
		if (i < l->n) {
			row_setf(r, "ttl", "%" PRIu32, l->rr[i].ttl);
			row_set(r, "rdata", l->rr[i].rdata);
		}
		if (v->soa[at].name != NULL) {
			row_setf(r, "serial", "%" PRIu32,
			    dns_soa_number(&v->soa[at], 0));
			row_setf(r, "neg_ttl", "%" PRIu32,
			    dns_negative(&v->soa[at]));
		}
		row_set(r, "hint", why);
		out_plain(out, r);
	}
}

/* One server's answer into the sum; first is that of another one. */
static void
add_to(struct sum *s, const struct dns_list *l, const struct dns_list *first,
    const struct dns_rr *soa)
{
	size_t i;

	for (i = 0; i < l->n; i++, s->there++) {
		if (s->there == 0 || l->rr[i].ttl > s->max)
			s->max = l->rr[i].ttl;
		if (s->there == 0 || l->rr[i].ttl < s->min)
			s->min = l->rr[i].ttl;
	}
	if (!dns_same(l, first, 1)) {
		s->in_sync = 0;
		s->hint = "servers differ: see --all";
	}
	if (soa->name != NULL && dns_negative(soa) > s->negative)
		s->negative = dns_negative(soa);
}

int
view_report(const struct view *v, const char *name, const char *type, int all,
    const struct row *from, struct out *out)
{
	struct arena *a = out_arena(out);
	struct sum s = {.in_sync = 1, .hint = ""};
	struct dns_list first = {0};
	size_t i, answers = 0;

	for (i = 0; i < v->n; i++) {
		struct dns_list l = {0};
		struct fail f = {0};
		const char *why = v->why[i];

		if (v->soa[i].name != NULL &&
		    change_look(a, &v->server[i], name, type, &l, &f) == -1)
			why =
			    arena_printf(a, "%s: %s", v->server[i].text, f.why);
		if (*why != '\0') {
			s.in_sync = 0;
			s.hint = why;
		} else if (answers++ == 0)
			first = l;
		if (*why == '\0')
			add_to(&s, &l, &first, &v->soa[i]);
		if (all)
			put_each(v, i, &l, why, name, type, from, out);
	}
	if (s.in_sync && s.there == 0)
		s.hint = "there is no such set";
	if (!all)
		put_sum(v, &s, from, name, type, out);
	return !s.in_sync;
}
