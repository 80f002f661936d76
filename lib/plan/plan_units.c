/* plan_units.c: accounts that belong together, by their column group. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"

static uint32_t
unit_root(const struct plan *p, uint32_t u)
{
	while (p->unit[u].first != u)
		u = p->unit[u].first;
	return u;
}

/* Each name in the list leads to the first account that had it. */
static void
join_groups(struct plan *p, uint32_t x, const char *list)
{
	while (*list != '\0') {
		size_t n = strcspn(list, ",");
		uint32_t g = intern_number(p->groups, list, n), a, b;

		if (g == p->ngroup) {
			p->group_box =
			    grow(p->group_box, g, sizeof(*p->group_box));
			p->group_box[p->ngroup++] = x;
		}
		a = unit_root(p, p->group_box[g]);
		b = unit_root(p, x);
		if (n > 0 && a < b)
			p->unit[b].first = a;
		else if (n > 0)
			p->unit[a].first = b;
		list += n + (list[n] == ',');
	}
}

static void
unit_add(struct plan *p, struct unit *u, uint32_t x)
{
	struct box *b = &p->box[x];
	const char *named = row_get(b->row, "batch");

	if (u->n++ == 0)
		u->first = x;
	else
		p->box[u->last].next = x;
	u->last = x;
	if (b->priority < u->priority)
		u->priority = b->priority;
	if (b->stage != STAGE_ANY &&
	    (u->stage == STAGE_ANY || b->stage < u->stage))
		u->stage = b->stage;
	if (*u->named == '\0')
		u->named = named;
	u->bytes += b->bytes;
	u->large |= p->opt.large > 0 && b->bytes >= p->opt.large;
}

/* First every account is a unit whose `first` points to the one it joins. */
void
units_make(struct plan *p)
{
	uint32_t x, *of = mem_array(p->nbox, sizeof(*of));

	p->unit = mem_array(p->nbox, sizeof(*p->unit));
	for (x = 0; x < p->nbox; x++)
		p->unit[x].first = x;
	for (x = 0; x < p->nbox; x++)
		join_groups(p, x, row_get(p->box[x].row, "group"));
	for (x = 0; x < p->nbox; x++)
		of[x] = unit_root(p, x);
	for (x = 0; x < p->nbox; x++) {
		if (of[x] == x) {
			p->box[x].unit = p->nunit;
			p->unit[p->nunit++] = (struct unit){
			    .named = "", .priority = UINT_MAX, .batch = NONE};
		} else
			p->box[x].unit = p->box[of[x]].unit;
		unit_add(p, &p->unit[p->box[x].unit], x);
	}
	free(of);
}
