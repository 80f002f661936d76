/* mx_export.c: a plan in the spelling of other tools. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "mx/mx_p.h"

/* The name without its zone; the apex is "@" (or "" for octoDNS). */
static const char *
relative(struct arena *a, const struct change *c, const char *apex)
{
	size_t n = strlen(c->name), z = strlen(c->zone);

	return n == z ? apex : arena_strndup(a, c->name, n - z - 1);
}

/* The n-th word of the rdata; the last one is all the rest. */
static const char *
word(struct arena *a, const char *rdata, unsigned int at, int rest)
{
	for (; at > 0 && rdata != NULL; at--)
		if ((rdata = strchr(rdata, ' ')) != NULL)
			rdata++;
	if (rdata == NULL)
		return "";
	return rest ? rdata : arena_strndup(a, rdata, strcspn(rdata, " "));
}

/* In quotes of JSON, JavaScript and YAML; semi: octoDNS wants \; */
static void
quoted(struct buf *b, const char *s, int semi)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		if (*s == ';' && semi)
			buf_adds(b, "\\\\");
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
}

/* ---- nsupdate(1) ---- */

static void
nsupdate_zone(struct buf *b, const struct changes *c, size_t zone)
{
	size_t i, k;

	buf_addf(b, "zone %s\n", c->zone[zone].name);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next) {
		const struct change *x = &c->change[i];

		for (k = 0; k < x->seen.n; k++)
			buf_addf(b, "prereq yxrrset %s %s %s\n", x->name,
			    x->type, x->seen.rr[k].rdata);
		if (x->seen.n == 0)
			buf_addf(b, "prereq nxrrset %s %s\n", x->name, x->type);
	}
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next)
		if (c->change[i].seen.n > 0)
			buf_addf(b, "update delete %s %s\n", c->change[i].name,
			    c->change[i].type);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next) {
		const struct change *x = &c->change[i];

		for (k = 0; k < x->wanted.n; k++)
			buf_addf(b, "update add %s %" PRIu32 " %s %s\n",
			    x->name, x->wanted.rr[k].ttl, x->type,
			    x->wanted.rr[k].rdata);
	}
	buf_adds(b, "send\n");
}

/* ---- a zone's text ---- */

static void
bind_zone(struct buf *b, const struct changes *c, size_t zone)
{
	size_t i, k;

	buf_addf(b, "; %s\n", c->zone[zone].name);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next) {
		const struct change *x = &c->change[i];

		for (k = 0; k < x->seen.n; k++)
			buf_addf(b, "; instead of: %s %" PRIu32 " IN %s %s\n",
			    x->name, x->seen.rr[k].ttl, x->type,
			    x->seen.rr[k].rdata);
		for (k = 0; k < x->wanted.n; k++)
			buf_addf(b, "%s %" PRIu32 " IN %s %s\n", x->name,
			    x->wanted.rr[k].ttl, x->type,
			    x->wanted.rr[k].rdata);
	}
}

/* ---- dnscontrol ---- */

static void
dnscontrol_record(
    struct buf *b, struct arena *a, const struct change *x, size_t k)
{
	const char *rdata = x->wanted.rr[k].rdata;
	unsigned int i, numbers = 0;

	buf_addf(b, ",\n\t%s(", x->type);
	quoted(b, relative(a, x, "@"), 0);
	if (strcmp(x->type, "MX") == 0)
		numbers = 1;
	else if (strcmp(x->type, "SRV") == 0 || strcmp(x->type, "TLSA") == 0)
		numbers = 3;
	for (i = 0; i < numbers; i++)
		buf_addf(b, ", %s", word(a, rdata, i, 0));
	buf_adds(b, ", ");
	quoted(b,
	    strcmp(x->type, "TXT") == 0 ? dns_txt(a, rdata)
					: word(a, rdata, numbers, 1),
	    0);
	buf_addf(b, ", TTL(%" PRIu32 "))", x->wanted.rr[k].ttl);
}

static void
dnscontrol_zone(struct buf *b, const struct changes *c, size_t zone)
{
	struct arena *a = arena_new();
	const char *name = c->zone[zone].name;
	size_t i, k;

	buf_adds(b, "D_EXTEND(");
	quoted(b, arena_strndup(a, name, strlen(name) - 1), 0);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next)
		for (k = 0; k < c->change[i].wanted.n; k++)
			dnscontrol_record(b, a, &c->change[i], k);
	buf_adds(b, ");\n");
	arena_free(a);
}

/* ---- octoDNS ---- */

static void
octodns_value(
    struct buf *b, struct arena *a, const char *type, const char *rdata)
{
	static const char *const mx[] = {"preference", "exchange", NULL};
	static const char *const srv[] = {
	    "priority", "weight", "port", "target", NULL};
	static const char *const tlsa[] = {"certificate_usage", "selector",
	    "matching_type", "certificate_association_data", NULL};
	const char *const *field = strcmp(type, "MX") == 0 ? mx
	    : strcmp(type, "SRV") == 0			   ? srv
	    : strcmp(type, "TLSA") == 0			   ? tlsa
							   : NULL;
	unsigned int i;

	buf_adds(b, "      - ");
	for (i = 0; field != NULL && field[i] != NULL; i++)
		buf_addf(b, "%s%s: %s\n", i ? "        " : "", field[i],
		    word(a, rdata, i, field[i + 1] == NULL));
	if (field != NULL)
		return;
	quoted(b, strcmp(type, "TXT") == 0 ? dns_txt(a, rdata) : rdata,
	    strcmp(type, "TXT") == 0);
	buf_addc(b, '\n');
}

/* All types of a name lie under its one key. */
static void
octodns_zone(struct buf *b, const struct changes *c, size_t zone)
{
	struct arena *a = arena_new();
	struct intern *done = intern_new();
	size_t i, k, m;

	buf_addf(b, "---\n# %syaml\n", c->zone[zone].name);
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next) {
		const struct change *x = &c->change[i];

		if (intern_has(done, x->name))
			continue;
		(void)intern_number(done, x->name, strlen(x->name));
		quoted(b, relative(a, x, ""), 0);
		buf_adds(b, ":\n");
		for (m = i; m != SIZE_MAX; m = c->change[m].next) {
			const struct change *y = &c->change[m];

			if (strcmp(y->name, x->name) != 0 || y->wanted.n == 0)
				continue;
			buf_addf(b, "  - type: %s\n    ttl: %" PRIu32 "\n",
			    y->type, y->wanted.rr[0].ttl);
			if (strcmp(y->type, "CNAME") == 0) {
				buf_addf(b, "    value: %s\n",
				    y->wanted.rr[0].rdata);
				continue;
			}
			buf_adds(b, "    values:\n");
			for (k = 0; k < y->wanted.n; k++)
				octodns_value(
				    b, a, y->type, y->wanted.rr[k].rdata);
		}
	}
	intern_free(done);
	arena_free(a);
}

/* ---- CSV ---- */

static void
csv_field(struct buf *b, const char *s, char end)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"')
			buf_addc(b, '"');
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
	buf_addc(b, end);
}

static void
csv_list(struct buf *b, const char *action, const struct change *x,
    const struct dns_list *l)
{
	char ttl[16];
	size_t i;

	for (i = 0; i < l->n; i++) {
		(void)snprintf(ttl, sizeof(ttl), "%" PRIu32, l->rr[i].ttl);
		csv_field(b, action, ',');
		csv_field(b, x->zone, ',');
		csv_field(b, x->name, ',');
		csv_field(b, ttl, ',');
		csv_field(b, x->type, ',');
		csv_field(b, l->rr[i].rdata, '\n');
	}
}

static void
csv_zone(struct buf *b, const struct changes *c, size_t zone)
{
	size_t i;

	if (b->len == 0)
		buf_adds(b, "action,zone,name,ttl,type,rdata\n");
	for (i = c->zone[zone].first; i != SIZE_MAX; i = c->change[i].next) {
		csv_list(b, "delete", &c->change[i], &c->change[i].seen);
		csv_list(b, "add", &c->change[i], &c->change[i].wanted);
	}
}

int
mx_export(
    struct buf *to, const struct changes *c, const char *as, struct fail *f)
{
	static const struct {
		const char *name;
		void (*zone)(struct buf *, const struct changes *, size_t);
	} known[] = {{"nsupdate", nsupdate_zone}, {"bind", bind_zone},
	    {"dnscontrol", dnscontrol_zone}, {"octodns", octodns_zone},
	    {"csv", csv_zone}};
	size_t i, k;

	buf_add(to, "", 0);
	for (i = 0; i < LENGTH(known); i++) {
		if (strcmp(known[i].name, as) != 0)
			continue;
		for (k = 0; k < c->zones; k++)
			if (!c->zone[k].bad && c->zone[k].first != SIZE_MAX)
				known[i].zone(to, c, k);
		return 0;
	}
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--as is nsupdate, bind, dnscontrol, octodns or csv, not '%s'", as);
}
