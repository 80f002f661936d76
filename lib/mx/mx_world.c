/* mx_world.c: what there is, whether servers tell it or a zone's text. */
#include <stdlib.h>
#include <string.h>

#include "mx/mx_p.h"

struct world {
	struct views *views;
	const struct zone *text;
	int resolver;
	/* The text's records by name. */
	struct intern *names;
	size_t *first, *next;
};

static void
make_index(struct world *w)
{
	const struct dns_list *l = zone_records(w->text);
	size_t i;

	w->names = intern_new();
	w->first = mem_array(l->n, sizeof(*w->first));
	w->next = mem_array(l->n, sizeof(*w->next));
	for (i = l->n; i-- > 0;) {
		const char *name = l->rr[i].name;
		int known = intern_has(w->names, name);
		uint32_t at = intern_number(w->names, name, strlen(name));

		w->next[i] = known ? w->first[at] : SIZE_MAX;
		w->first[at] = i;
	}
}

struct world *
world_new(struct views *v, const struct zone *z, int resolver)
{
	struct world *w = mem_alloc(sizeof(*w));

	w->views = v;
	w->text = z;
	w->resolver = resolver;
	if (z != NULL)
		make_index(w);
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	intern_free(w->names);
	free(w->first);
	free(w->next);
	free(w);
}

int
world_zone(struct world *w, struct arena *a, const char *name,
    const char **zone, struct fail *f)
{
	const struct view *v;

	if (w->text != NULL) {
		*zone = zone_soa(w->text)->name;
		if (dns_is_below(name, *zone))
			return 0;
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "zone",
		    "%s is not in %s", name, *zone);
	}
	(void)fail_at(f, "%s", name);
	if (views_of(w->views, name, &v, f) == -1)
		return -1;
	*zone = arena_strdup(a, v->zone);
	return 0;
}

static void
from_text(struct world *w, struct arena *a, const char *name, const char *type,
    struct dns_list *l)
{
	const struct dns_list *all = zone_records(w->text);
	size_t i;

	if (!intern_has(w->names, name))
		return;
	i = w->first[intern_number(w->names, name, strlen(name))];
	for (; i != SIZE_MAX; i = w->next[i])
		if (strcmp(all->rr[i].type, type) == 0)
			dns_add(a, l, &all->rr[i]);
	dns_sort(l);
}

int
world_get(struct world *w, struct arena *a, const char *zone, const char *name,
    const char *type, struct dns_list *l, struct fail *f)
{
	const struct view *v;
	struct dns_reply r;

	*l = (struct dns_list){0};
	if (dns_is_below(name, zone)) {
		if (w->text != NULL) {
			from_text(w, a, name, type, l);
			return 1;
		}
		if (views_of(w->views, zone, &v, f) == -1 ||
		    change_look(a, &v->server[v->best], name, type, l, f) == -1)
			return -1;
		return 1;
	}
	if (!w->resolver)
		return 0;
	if (dns_look(a, name, type, &r, f) == -1)
		return -1;
	dns_pick(a, l, &r.answer, name, type);
	return 1;
}

int
world_all(struct world *w, struct arena *a, const struct dns_key *k,
    const char *zone, struct dns_list *l, struct fail *f)
{
	struct dns_transfer *t = NULL;
	struct dns_server from;
	const struct view *v;
	struct dns_rr rr;
	int rc;

	*l = (struct dns_list){0};
	if (w->text != NULL) {
		*l = *zone_records(w->text);
		return 0;
	}
	if (views_of(w->views, zone, &v, f) == -1)
		return -1;
	from = v->server[v->best];
	if (k != NULL)
		from.key = k;
	rc = dns_transfer(&t, &from, zone, f);
	if (rc == 0)
		while ((rc = dns_transfer_next(t, a, &rr, f)) == 1)
			dns_add(a, l, &rr);
	dns_transfer_free(t);
	return rc;
}
