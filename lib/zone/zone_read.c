/* zone_read.c: the records of a zone's text, and what each stands on. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "zone/zone_p.h"

/* What one record hands on to those behind it. */
struct state {
	const char *origin, *owner;
	uint32_t ttl, last_ttl;
	int has_ttl; /* $TTL */
	int has_last;
	/* Without $TTL: the types of the records of one name that stand
	 * together, with the first TTL of each, and whether the last record had
	 * another one. */
	const char *run;
	struct intern *types;
	uint32_t *first;
	size_t n;
	int split;
};

static char *
copy(struct zone *z, struct span s)
{
	return arena_strndup(z->arena, z->text + s.at, s.n);
}

static int
is_word(const struct zone *z, struct span s, const char *word)
{
	return s.n == strlen(word) &&
	    text_ncasecmp(z->text + s.at, word, s.n) == 0;
}

/* A name of the text, absolute. */
static int
name_at(struct zone *z, const struct state *st, struct span s, size_t line_no,
    const char **name, struct fail *f)
{
	const char *text = copy(z, s);
	size_t dots = 0, n = s.n;
	struct fail why = {0};

	if (strcmp(text, "@") == 0) {
		*name = st->origin;
		return 0;
	}
	while (dots + 2 <= n && text[n - 2 - dots] == '\\')
		dots++; /* backslashes before a final dot */
	if (text[n - 1] != '.' || dots % 2 == 1)
		text = arena_printf(z->arena, "%s.%s", text,
		    strcmp(st->origin, ".") == 0 ? "" : st->origin);
	if (dns_name(z->arena, name, text, &why) == -1)
		return zone_bad(f, line_no, "%s", why.why);
	return 0;
}

static int
directive(
    struct zone *z, struct state *st, const struct words *w, struct fail *f)
{
	if (is_word(z, w->word[0], "$TTL") && w->n >= 2 &&
	    ttl_parse(z->text + w->word[1].at, w->word[1].n, &st->ttl)) {
		st->has_ttl = 1;
		return 0;
	}
	if (is_word(z, w->word[0], "$ORIGIN") && w->n >= 2)
		return name_at(z, st, w->word[1], w->line_no, &st->origin, f);
	if (is_word(z, w->word[0], "$INCLUDE"))
		return zone_bad(f, w->line_no,
		    "$INCLUDE hides records: put the file's text in its place");
	if (is_word(z, w->word[0], "$GENERATE"))
		return zone_bad(f, w->line_no,
		    "$GENERATE hides records: write them out with "
		    "named-compilezone(1)");
	return zone_bad(
	    f, w->line_no, "'%s' is not understood", copy(z, w->word[0]));
}

/* TTL and class in either order; *i is then the type's. */
static int
take_head(struct zone *z, struct entry *e, const struct words *w, size_t *i,
    struct fail *f)
{
	int class = 0;

	if (*i < w->n)
		e->body = w->word[*i].at;
	for (; *i < w->n; (*i)++) {
		struct span s = w->word[*i];

		if (e->ttl.n == 0 && ttl_parse(z->text + s.at, s.n, &e->rr.ttl))
			e->ttl = s;
		else if (!class && is_word(z, s, "IN"))
			class = 1;
		else
			break;
	}
	if (*i < w->n)
		return 0;
	return zone_bad(f, w->line_no, "a record without a type");
}

/* The rdata's words, a blank between them. */
static const char *
rdata_of(struct zone *z, const struct words *w, size_t i)
{
	struct buf b = {0};
	const char *s;

	buf_add(&b, "", 0);
	for (; i < w->n; i++) {
		if (b.len > 0)
			buf_addc(&b, ' ');
		buf_add(&b, z->text + w->word[i].at, w->word[i].n);
	}
	s = arena_strndup(z->arena, b.data, b.len);
	buf_free(&b);
	return s;
}

/* Whether the record's set began, just before it, with another TTL. */
static int
is_split(struct state *st, const struct dns_rr *rr)
{
	uint32_t at;

	if (st->run == NULL || strcmp(st->run, rr->name) != 0) {
		intern_free(st->types);
		st->types = intern_new();
		st->n = 0;
	}
	st->run = rr->name;
	at = intern_number(st->types, rr->type, strlen(rr->type));
	if (at == st->n) {
		if ((st->n & (st->n - 1)) == 0)
			st->first = mem_resize(st->first, st->n ? 2 * st->n : 1,
			    sizeof(*st->first));
		st->first[st->n++] = rr->ttl;
	}
	return st->first[at] != rr->ttl;
}

/* Where it says none: $TTL, else the last that was said (RFC 2308 4), else,
 * as BIND has it, the SOA's minimum. */
static int
take_ttl(
    struct state *st, struct entry *e, const struct words *w, struct fail *f)
{
	if (e->ttl.n == 0 && st->has_ttl) {
		e->rr.ttl = st->ttl;
		return 0;
	}
	if (e->ttl.n == 0 && st->has_last) {
		/* BIND hands on the TTL of the set, NSD that of the record. */
		if (st->split)
			return zone_bad(f, w->line_no,
			    "its TTL is that of the record before, whose set "
			    "has two: servers read this in two ways, write a "
			    "TTL here");
		e->rr.ttl = st->last_ttl;
		e->inherits = 1;
	} else if (e->ttl.n == 0 && strcmp(e->rr.type, "SOA") == 0)
		e->rr.ttl = dns_soa_number(&e->rr, 4);
	st->last_ttl = e->rr.ttl;
	st->has_last = 1;
	st->split = !st->has_ttl && is_split(st, &e->rr);
	return 0;
}

/* A SOA: two names and five numbers, a blank between them. */
static int
has_numbers(const char *rdata)
{
	size_t i, blanks = 0;

	for (i = strlen(rdata); i > 0; i--)
		if (rdata[i - 1] == ' ')
			blanks++;
		else if (blanks < 5 && !isdigit((unsigned char)rdata[i - 1]))
			return 0;
	return blanks == 6;
}

/* Words that ldns reads in the text's own way: SOA's numbers with units. */
static int
take_rdata(struct zone *z, const struct state *st, struct entry *e,
    const struct words *w, size_t i, struct fail *f)
{
	struct span type = w->word[i++];
	const char *rdata = rdata_of(z, w, i), *owner = e->rr.name;
	uint32_t ttl = e->rr.ttl;
	const char *known = dns_type(z->arena, copy(z, type));

	if (known == NULL)
		return zone_bad(f, w->line_no,
		    "'%s' is no type of record in "
		    "class IN",
		    copy(z, type));
	if (strcmp(known, "RRSIG") == 0)
		return zone_bad(f, w->line_no,
		    "the zone is signed in its text: change what it was "
		    "signed from");
	if (dns_rr_in(z->arena, &e->rr, owner, known, ttl, rdata, st->origin) ==
	    -1)
		e->rr = (struct dns_rr){owner, known, rdata, ttl};
	if (strcmp(known, "SOA") == 0) {
		if (w->n - i != 7 || !has_numbers(e->rr.rdata))
			return zone_bad(
			    f, w->line_no, "the SOA has not its seven fields");
		e->serial = w->word[i + 2];
	}
	return 0;
}

static int
record(struct zone *z, struct state *st, const struct words *w, struct fail *f)
{
	struct entry *e;
	size_t i = 0;

	z->entry = mem_resize(z->entry, z->entries + 1, sizeof(*z->entry));
	e = &z->entry[z->entries];
	*e = (struct entry){.line = w->line, .line_no = w->line_no};
	if (!w->blank_owner) {
		e->owner = w->word[i++];
		if (name_at(z, st, e->owner, w->line_no, &st->owner, f) == -1)
			return -1;
	}
	if (st->owner == NULL)
		return zone_bad(f, w->line_no, "the first record has no name");
	e->rr.name = st->owner;
	if (take_head(z, e, w, &i, f) == -1 ||
	    take_rdata(z, st, e, w, i, f) == -1 || take_ttl(st, e, w, f) == -1)
		return -1;
	if (!dns_is_below(e->rr.name, z->top))
		return zone_bad(
		    f, w->line_no, "%s is not in %s", e->rr.name, z->top);
	e->want_ttl = e->rr.ttl;
	z->entries++;
	dns_add(z->arena, &z->records, &e->rr);
	return 0;
}

static int
read_entries(struct zone *z, struct fail *f)
{
	struct state st = {.origin = z->top};
	struct words w = {0};
	size_t at = 0, line_no = 1;
	int rc;

	while ((rc = words_next(z->text, z->n, &at, &line_no, &w, f)) == 1) {
		if (w.n == 0)
			continue;
		if (!w.blank_owner && z->text[w.word[0].at] == '$')
			rc = directive(z, &st, &w, f);
		else
			rc = record(z, &st, &w, f);
		if (rc == -1)
			break;
	}
	free(w.word);
	intern_free(st.types);
	free(st.first);
	return rc;
}

int
zone_read(struct zone **to, const char *text, size_t n, const char *origin,
    struct fail *f)
{
	struct zone *z = *to = mem_alloc(sizeof(*z));

	z->arena = arena_new();
	z->text = text;
	z->n = n;
	if (dns_name(z->arena, &z->top, origin, f) == -1)
		return -1;
	if (read_entries(z, f) == -1)
		return -1;
	if (zone_soa(z) == NULL)
		return zone_bad(f, 1, "there is no SOA of %s", z->top);
	return 0;
}

void
zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	arena_free(z->arena);
	free(z->entry);
	free(z);
}

const struct dns_list *
zone_records(const struct zone *z)
{
	return &z->records;
}

const struct dns_rr *
zone_soa(const struct zone *z)
{
	size_t i;

	for (i = 0; i < z->records.n; i++)
		if (strcmp(z->records.rr[i].type, "SOA") == 0 &&
		    strcmp(z->records.rr[i].name, z->top) == 0)
			return &z->records.rr[i];
	return NULL;
}
