/* dns_text.c: names and records as text, in one spelling. */
#include <stdlib.h>
#include <string.h>

#include "dns/dns_p.h"

int
dns_fail(struct fail *f, enum code code, enum again again, const char *what,
    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(f, code,
	    code == CODE_ROW ? REACH_MESSAGE : REACH_ENDPOINT, again, what, fmt,
	    ap);
	va_end(ap);
	return -1;
}

/* Controls would end a record's text, or begin another. */
static int
is_plain(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			return 0;
	return 1;
}

/* An absolute name in a wire of ours, or NULL. */
static ldns_rdf *
name_wire(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > 1020 || !is_plain(text) ||
	    strcspn(text, " \"();@") != n || strstr(text, "..") != NULL ||
	    (text[0] == '.' && n > 1))
		return NULL;
	return ldns_dname_new_frm_str(text);
}

int
dns_name(struct arena *a, const char **name, const char *text, struct fail *f)
{
	ldns_rdf *rdf;
	char *s;
	const char *c;

	for (c = text; *c != '\0'; c++)
		if ((unsigned char)*c > 0x7e)
			return dns_fail(f, CODE_ROW, AGAIN_NEVER, "name",
			    "'%s' is not ASCII: convert it with idn2(1)", text);
	if ((rdf = name_wire(text)) == NULL)
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "name",
		    "'%s' is no domain name", text);
	ldns_dname2canonical(rdf);
	s = ldns_rdf2str(rdf);
	*name = arena_strdup(a, s);
	free(s);
	ldns_rdf_deep_free(rdf);
	return 0;
}

int
rr_text(struct arena *a, struct dns_rr *to, ldns_rr *from)
{
	char *line, *field[4] = {NULL}, *save;
	size_t i;

	ldns_rr2canonical(from);
	if ((line = ldns_rr2str(from)) == NULL)
		return -1;
	save = line;
	for (i = 0; i < 4 && save != NULL; i++)
		field[i] = strsep(&save, "\t");
	if (i < 4) {
		free(line);
		return -1;
	}
	if (save == NULL)
		save = field[3] + strlen(field[3]); /* no rdata at all */
	save[strcspn(save, "\n")] = '\0';
	/* What ldns explains behind the rdata of some types. */
	if (strcmp(field[3], "DNSKEY") == 0 || strcmp(field[3], "DS") == 0)
		save[strcspn(save, ";")] = '\0';
	for (i = strlen(save); i > 0 && save[i - 1] == ' ';)
		save[--i] = '\0';
	to->name = arena_strdup(a, field[0]);
	to->type = arena_strdup(a, field[3]);
	to->rdata = arena_strdup(a, save);
	to->ttl = ldns_rr_ttl(from);
	if (to->ttl > INT32_MAX) /* RFC 2181 section 8 */
		to->ttl = 0;
	free(line);
	return 0;
}

static ldns_rr *
parse(const char *name, const char *type, uint32_t ttl, const char *rdata,
    const ldns_rdf *origin)
{
	char *line = mem_printf("%s %u IN %s %s", name, ttl, type, rdata);
	ldns_rr *rr = NULL;

	if (ldns_rr_new_frm_str(&rr, line, ttl, origin, NULL) != LDNS_STATUS_OK)
		rr = NULL;
	free(line);
	return rr;
}

int
dns_rr_in(struct arena *a, struct dns_rr *rr, const char *name,
    const char *type, uint32_t ttl, const char *rdata, const char *origin)
{
	ldns_rdf *from = ldns_dname_new_frm_str(origin);
	ldns_rr *parsed = parse(name, type, ttl, rdata, from);
	int rc = parsed != NULL ? rr_text(a, rr, parsed) : -1;

	ldns_rdf_deep_free(from);
	ldns_rr_free(parsed);
	return rc;
}

ldns_rr *
rr_ldns(const struct dns_rr *rr)
{
	return parse(rr->name, rr->type, rr->ttl, rr->rdata, NULL);
}

const char *
dns_type(struct arena *a, const char *text)
{
	ldns_rr_type t = ldns_get_rr_type_by_name(text);
	char *s;
	const char *kept;

	/* OPT, and TKEY to ANY, are of messages and in no zone. */
	if (t == 0 || t == LDNS_RR_TYPE_OPT || (t >= 249 && t <= 255))
		return NULL;
	s = ldns_rr_type2str(t);
	kept = arena_strdup(a, s);
	free(s);
	return kept;
}

/* The field of the rdata that is a host's name, counted from 0; -1. */
static int
target_field(const char *type)
{
	static const struct {
		const char *type;
		int field;
	} known[] = {{"MX", 1}, {"CNAME", 0}, {"NS", 0}, {"PTR", 0}, {"SRV", 3},
	    {"DNAME", 0}, {"SOA", 0}};
	size_t i;

	for (i = 0; i < LENGTH(known); i++)
		if (strcmp(known[i].type, type) == 0)
			return known[i].field;
	return -1;
}

const char *
dns_target(const struct dns_rr *rr)
{
	const char *p = rr->rdata;
	int i, field = target_field(rr->type);

	for (i = 0; i < field && p != NULL; i++)
		if ((p = strchr(p, ' ')) != NULL)
			p++;
	return field == -1 ? NULL : p;
}

/* ldns takes a name without its dot for one below the root. */
static int
is_absolute(const char *type, const char *rdata)
{
	int i, field = target_field(type);
	size_t n;

	for (i = 0; i <= field; i++) {
		rdata += strspn(rdata, " ");
		n = strcspn(rdata, " ");
		if (i == field)
			return n > 0 && rdata[n - 1] == '.';
		rdata += n;
	}
	return 1;
}

/* ldns takes 66666 for 1130: numbers must be read as they were written. */
static int
same_numbers(const char *in, const char *out)
{
	for (;;) {
		size_t n, m;
		uint64_t x, y;

		in += strspn(in, " ");
		n = strcspn(in, " ");
		m = strcspn(out, " ");
		if (!text_u64(out, m, &y) || m == 0)
			return 1;
		if (!text_u64(in, n, &x) || x != y)
			return 0;
		in += n;
		out += m + strspn(out + m, " ");
	}
}

int
dns_rr(struct arena *a, struct dns_rr *rr, const char *name, const char *type,
    uint32_t ttl, const char *rdata, struct fail *f)
{
	const char *owner = "", *known = dns_type(a, type);
	ldns_rr *parsed;
	int rc;

	if (dns_name(a, &owner, name, f) == -1)
		return -1;
	if (known == NULL)
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "type",
		    "'%s' is no type of record", type);
	if (!is_plain(rdata) || strlen(rdata) > MESSAGE_MAX)
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "rdata",
		    "'%s' has control characters", rdata);
	if (!is_absolute(known, rdata))
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "rdata",
		    "'%s': end the host's name with a dot", rdata);
	if ((parsed = parse(owner, known, ttl, rdata, NULL)) == NULL)
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "rdata",
		    "'%s' is no %s", rdata, known);
	rc = rr_text(a, rr, parsed);
	ldns_rr_free(parsed);
	if (rc == -1 || !same_numbers(rdata, rr->rdata))
		return dns_fail(f, CODE_ROW, AGAIN_NEVER, "rdata",
		    "'%s' is no %s", rdata, known);
	return 0;
}

int
dns_is_below(const char *name, const char *zone)
{
	const char *at;

	if (strcmp(zone, ".") == 0)
		return 1;
	for (at = name; at != NULL; at = dns_parent(at))
		if (strcmp(at, zone) == 0)
			return 1;
	return 0;
}

const char *
dns_parent(const char *name)
{
	if (strcmp(name, ".") == 0)
		return NULL;
	for (; *name != '.'; name++)
		if (*name == '\\')
			name++; /* \. and \DDD */
	return name[1] == '\0' ? name : name + 1;
}

const char *
dns_txt(struct arena *a, const char *rdata)
{
	char *out = arena_strdup(a, rdata), *to = out;
	int quoted = 0;

	for (; *rdata != '\0'; rdata++)
		if (*rdata == '"')
			quoted = !quoted;
		else if (*rdata == '\\' && rdata[1] != '\0')
			*to++ = *++rdata;
		else if (quoted || *rdata != ' ')
			*to++ = *rdata;
	*to = '\0';
	return out;
}

uint32_t
dns_soa_number(const struct dns_rr *soa, unsigned int which)
{
	const char *p = soa->rdata;
	unsigned int i;

	for (i = 0; i < which + 2 && p != NULL; i++)
		if ((p = strchr(p, ' ')) != NULL)
			p++;
	return p != NULL ? (uint32_t)strtoul(p, NULL, 10) : 0;
}

uint32_t
dns_negative(const struct dns_rr *soa)
{
	uint32_t minimum = dns_soa_number(soa, 4);

	return soa->ttl < minimum ? soa->ttl : minimum;
}
