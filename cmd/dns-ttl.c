/* dns-ttl: lower and restore TTLs; say when every cache must have forgotten. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "change/change.h"
#include "cli/cli.h"
#include "dns/dns.h"
#include "row/row.h"
#include "zone/zone.h"

static const char **domains, **server_names, **gate_files, **assumed;
static const char *key_file, *ledger_file, *origin, *only_plan;
static uint64_t ttl = 300, least = 60, max_zones = 1;
static int text_mode, all_rows, any_ttl, strict_serial;
static struct dns_opt dns_options;
static struct gate_opt gate_options = {.now = CLOCK_NONE,
    .published = CLOCK_NONE,
    .ns_changed = CLOCK_NONE,
    .skew = 5};

static const struct opt opts[] = {
    {"domain", 'd', OPT_LIST, "DOMAIN", "its MX, their hosts, _mta-sts; repeat",
	&domains, NULL},
    {"server", 's', OPT_LIST, "ADDR[#PORT]", "ask or change there; repeat",
	&server_names, NULL},
    {"key", 'k', OPT_STRING, "FILE", "TSIG key, as tsig-keygen writes it",
	&key_file, NULL},
    {"ledger", 'l', OPT_STRING, "FILE", "what is done goes there first",
	&ledger_file, NULL},
    {"ttl", 't', OPT_NUMBER, "S", "lower to this (300)", &ttl, NULL},
    {"min", 0, OPT_NUMBER, "S", "never below (60)", &least, NULL},
    {"all", 0, OPT_FLAG, NULL, "report: a row a record and server", &all_rows,
	NULL},
    {"zone-text", 'z', OPT_FLAG, NULL, "zone text in, zone text out",
	&text_mode, NULL},
    {"origin", 'o', OPT_STRING, "ZONE", "its name", &origin, NULL},
    {"plan", 0, OPT_STRING, "ID", "restore what this plan lowered", &only_plan,
	NULL},
    {"any-ttl", 0, OPT_FLAG, NULL, NULL, &any_ttl, NULL},
    {"strict-serial", 0, OPT_FLAG, NULL,
	"apply over another TTL; not over another serial", &strict_serial,
	NULL},
    {"max-zones", 0, OPT_NUMBER, "N", "change at most so many (1)", &max_zones,
	NULL},
    {"gate", 'g', OPT_LIST, "FILE", "gate: its earlier rows, or report --all's",
	&gate_files, NULL},
    {"now", 0, OPT_TIME, "TIME", NULL, &gate_options.now, NULL},
    {"published", 0, OPT_TIME, "TIME", NULL, &gate_options.published, NULL},
    {"ns-changed", 0, OPT_TIME, "TIME", "gate: what it cannot see",
	&gate_options.ns_changed, NULL},
    {"ns-ttl", 0, OPT_NUMBER, "S", NULL, &gate_options.ns_ttl, NULL},
    {"assume-old", 0, OPT_NUMBER, "S", "nor these TTLs",
	&gate_options.assume_old, NULL},
    {"assume-server", 0, OPT_LIST, "ADDR",
	"gate: it has what the others have, if it is silent", &assumed, NULL},
    {"floor", 0, OPT_NUMBER, "S", NULL, &gate_options.floor, NULL},
    {"skew", 0, OPT_NUMBER, "S", "what caches keep; clocks apart (5)",
	&gate_options.skew, NULL},
    {"offline", 0, OPT_FLAG, NULL, "gate: ask no server", &gate_options.offline,
	NULL},
    {"resolver", 0, OPT_STRING, "ADDR", "who finds servers (resolv.conf's)",
	&dns_options.resolver, NULL},
    {"source", 0, OPT_STRING, "ADDR", NULL, &dns_options.source, NULL},
    {"port", 0, OPT_NUMBER, "N", NULL, &dns_options.port, NULL},
    {"timeout", 0, OPT_NUMBER, "S", "from where, how long (5)",
	&dns_options.timeout_s, NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

/* ---- what all verbs begin with ---- */

static struct dns_server servers[16];
static size_t nservers;
static struct dns_key *key;
static struct changes *in, *made;
static struct views *views;
static struct gate *gate;
static struct arena *kept;

static int
usage(struct fail *f, const char *why)
{
	return fail_set(
	    f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option", "%s", why);
}

static int
begin(struct fail *f)
{
	size_t i;

	kept = arena_new();
	if (ttl > INT32_MAX || least > ttl)
		return usage(
		    f, "-t is at least --min, which -z and lower keep");
	if (text_mode)
		return origin != NULL ? 0 : usage(f, "-z wants -o ZONE");
	if (dns_setup(&dns_options, f) == -1)
		return -1;
	for (i = 0; server_names != NULL && server_names[i] != NULL; i++) {
		if (i == LENGTH(servers))
			return usage(f, "at most 16 servers");
		if (dns_server(&servers[i], server_names[i], f) == -1)
			return -1;
		nservers = i + 1;
	}
	if (key_file != NULL && dns_key_read(&key, key_file, f) == -1)
		return -1;
	for (i = 0; i < nservers; i++)
		servers[i].key = key;
	in = changes_new();
	made = changes_new();
	views = views_new(servers, nservers);
	return 0;
}

/* ---- report and lower: sets by name, by domain, or all of a report ---- */

static struct dns_list wishes; /* rdata: the row's zone, unused */

static int
take_name(const struct row *r, struct fail *f)
{
	static const char *const columns[] = {"name", "domain", "account"};
	const char *name = "", *type = row_get(r, "type");
	struct dns_rr wish = {.type = "", .rdata = ""};
	size_t i;

	for (i = 0; *name == '\0' && i < LENGTH(columns); i++)
		name = row_get(r, columns[i]);
	if (dns_name(kept, &wish.name, name, f) == -1)
		return -1;
	if (*type != '\0' && (wish.type = dns_type(kept, type)) == NULL)
		return fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER, "type",
		    "'%s' is no type of record", type);
	dns_add(kept, &wishes, &wish);
	return 0;
}

static int
add_domains(struct fail *f)
{
	struct dns_rr wish = {.type = "", .rdata = ""};
	size_t i;

	for (i = 0; domains != NULL && domains[i] != NULL; i++) {
		if (dns_name(kept, &wish.name, domains[i], f) == -1)
			return -1;
		dns_add(kept, &wishes, &wish);
	}
	dns_sort(&wishes);
	return 0;
}

/* -d without a file is a row of itself, which add_domains has already. */
static int
take_wish(const struct row *r, struct fail *f)
{
	if (domains != NULL && header_count(row_header(r)) == 1 &&
	    strcmp(row_get(r, "domain"), *domains) == 0)
		return 0;
	return take_name(r, f);
}

/* The records that a wish means, at the zone's first server. */
static int
records_of(const struct dns_rr *wish, const struct view **v, struct dns_list *l,
    struct fail *f)
{
	struct change_source from = {view_get, NULL};

	(void)fail_at(f, "%s", wish->name);
	if (views_of(views, wish->name, v, f) == -1)
		return -1;
	memcpy(&from.arg, v, sizeof(from.arg));
	if (*wish->type != '\0')
		return view_get(from.arg, kept, wish->name, wish->type, l, f);
	return change_defaults(kept, &from, wish->name, (*v)->zone, l, f);
}

static int
report_wish(const struct dns_rr *wish, struct out *o, struct fail *f)
{
	const struct view *v;
	struct dns_list l = {0}, set;
	size_t at = 0;
	int no = 0;

	if (records_of(wish, &v, &l, f) == -1)
		return -1;
	if (l.n == 0)
		return view_report(v, wish->name,
		    *wish->type ? wish->type : "MX", all_rows, NULL, o);
	while (change_next_set(&l, &at, &set))
		no |= view_report(
		    v, set.rr[0].name, set.rr[0].type, all_rows, NULL, o);
	return no;
}

static int
each_wish(int (*one)(const struct dns_rr *, struct out *, struct fail *),
    struct out *o, struct fail *f)
{
	size_t i;

	if (add_domains(f) == -1)
		return -1;
	for (i = 0; i < wishes.n && stop_signal() == 0; i++) {
		struct fail why = {0};

		out_tell(o, one(&wishes.rr[i], o, &why), &why);
	}
	return 0;
}

static int
report_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	(void)rejected;
	return each_wish(report_wish, o, f);
}

static int
lower_wish(const struct dns_rr *wish, struct out *o, struct fail *f)
{
	const struct view *v;
	struct dns_list l = {0}, set;
	size_t at = 0;

	(void)o;
	if (records_of(wish, &v, &l, f) == -1)
		return -1;
	while (change_next_set(&l, &at, &set))
		if (dns_ttl_max(&set) > ttl)
			changes_ttl(made, v->zone, &set, (uint32_t)ttl, 1);
	return 0;
}

static int
emit_made(struct out *o)
{
	changes_seal(made);
	change_emit(made, o);
	return 0;
}

static int
lower_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	(void)rejected;
	return each_wish(lower_wish, o, f) == -1 ? -1 : emit_made(o);
}

/* ---- restore, apply ---- */

static int
take_change(const struct row *r, struct fail *f)
{
	return changes_take(in, r, f);
}

/* The TTL that was, the records that are. */
static int
restore_one(const struct change *c, struct fail *f)
{
	const struct view *v;
	struct dns_list now = {0};
	uint32_t old = dns_ttl_max(&c->seen);

	(void)fail_at(f, "%s", c->name);
	if (views_of(views, c->zone, &v, f) == -1 ||
	    change_look(kept, &v->server[v->best], c->name, c->type, &now, f) ==
		-1)
		return -1;
	if (now.n > 0 && old > dns_ttl_max(&now))
		changes_ttl(made, c->zone, &now, old, 0);
	return 0;
}

static int
restore_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	size_t i;

	(void)rejected;
	(void)f;
	for (i = 0; i < in->n && stop_signal() == 0; i++) {
		struct fail why = {0};

		if (change_was_done(&in->change[i], only_plan))
			out_tell(o, restore_one(&in->change[i], &why), &why);
	}
	return emit_made(o);
}

static int
apply_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct change_opt opt = {.server = nservers ? servers : NULL,
	    .key = key,
	    .ledger = ledger_file,
	    .dry_run = cli_dry_run(),
	    .any_ttl = any_ttl,
	    .strict_serial = strict_serial};

	(void)rejected;
	return change_run(in, &opt, max_zones, NULL, 0, o, f);
}

/* ---- gate ---- */

static int
gate_begin(struct fail *f)
{
	if (begin(f) == -1)
		return -1;
	if (gate_options.published != CLOCK_NONE)
		gate_options.offline = 1;
	gate_options.servers = servers;
	gate_options.nservers = nservers;
	gate_options.assumed = assumed;
	gate = gate_new(&gate_options);
	return 0;
}

static int
take_gate(const struct row *r, struct fail *f)
{
	return gate_take(gate, r, f);
}

static int
gate_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	const char *why;
	struct row *r;
	size_t i;
	int verdict;

	(void)rejected;
	for (i = 0; gate_files != NULL && gate_files[i] != NULL; i++)
		if (change_each_row(gate_files[i], take_gate, f) == -1)
			return -1;
	if (gate_look(gate, f) == -1)
		return -1;
	while (gate_next(gate, r = out_new(o, NULL)) == 1)
		out_plain(o, r);
	verdict = gate_verdict(gate, &why);
	if (verdict == 75) {
		(void)fail_at(f, "gate");
		(void)fail_set(
		    f, CODE_POLICY, REACH_RUN, AGAIN_LATER, "wait", "%s", why);
		out_tell(o, -1, f);
	} else if (verdict == 1) {
		say_loud("gate: waiting will not help: %s", why);
		out_tell(o, 1, f);
	}
	return 0;
}

/* ---- verbs ---- */

static const struct verb verbs[] = {
    {"report", REPORT_COLUMNS, begin, take_wish, report_finish},
    {"lower", CHANGE_COLUMNS, begin, take_wish, lower_finish},
    {"restore", CHANGE_COLUMNS, begin, take_change, restore_finish},
    {"apply", CHANGE_LEDGER_COLUMNS, begin, take_change, apply_finish},
    {"gate", GATE_COLUMNS, gate_begin, take_gate, gate_finish},
    {NULL, NULL, NULL, NULL, NULL},
};

/* What a text becomes; what was lowered is as if it had been done. */
static int
change_it(struct zone *z, struct buf *to, struct fail *f)
{
	struct change_opt opt = {.ledger = ledger_file};
	int lower = strcmp(cli_verb()->name, "lower") == 0;

	if (lower) {
		if (change_text_lower(z, domains, (uint32_t)ttl, made, f) == -1)
			return -1;
	} else if (ledger_file == NULL)
		return usage(
		    f, "restore -z wants the --ledger of the lowering");
	else if (change_each_row(ledger_file, take_change, f) == -1)
		return -1;
	else
		change_text_restore(z, in, only_plan);
	if (zone_write(z, to, clock_now(), f) == -1)
		return -1;
	changes_seal(made);
	if (!lower || ledger_file == NULL || made->n == 0)
		return 0;
	return changes_observed(made, &opt, "zone text", f);
}

static int
text(const char *name, const char *s, size_t n, struct out *o, struct fail *f)
{
	struct zone *z = NULL;
	struct buf b = {0};
	int rc;

	in = changes_new();
	made = changes_new();
	if (strcmp(cli_verb()->name, "lower") != 0 &&
	    strcmp(cli_verb()->name, "restore") != 0)
		return usage(f, "-z is for lower and restore");
	rc = change_text_open(&z, name, s, n, origin, f);
	if (rc == 0)
		rc = change_it(z, &b, f);
	if (rc == 0)
		out_text(o, b.data, b.len);
	zone_free(z);
	buf_free(&b);
	return rc;
}

static struct header *
header(const struct header *have, struct fail *f)
{
	(void)have;
	(void)f;
	return header_new(all_rows && cli_verb() == verbs
		? REPORT_ALL_COLUMNS
		: cli_verb()->columns);
}

int
main(int argc, char **argv)
{
	static const struct given given[] = {
	    {"domain", NULL, &domains}, {NULL, NULL, NULL}};
	static const struct filter t = {
	    .name = "dns-ttl",
	    .synopsis = "report|lower|apply|restore|gate [option ...] [rows]",
	    .summary =
		"lower and restore TTLs; say when every cache has forgotten",
	    .examples = "  dns-ttl lower -z -o example.test zone >lowered\n"
			"  dns-ttl gate --offline -g gates.tsv ledger.tsv",
	    .opts = opts,
	    .given = given,
	    .is_text = &text_mode,
	    .text = text,
	    .header = header,
	    .verbs = verbs,
	};

	return filter_main(&t, argc, argv);
}
