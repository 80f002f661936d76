/* mx-switch: points mail records to the new server, and exactly back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "change/change.h"
#include "cli/cli.h"
#include "dns/dns.h"
#include "mx/mx.h"
#include "net/net.h"
#include "row/row.h"
#include "zone/zone.h"

enum { ZONE_MOST = 256 << 20 }; /* octets of a zone's text */

static const char **domains, **targets, **server_names, **gate_files,
    **via_names, **allow, **cleanup;
static const char *key_file, *ledger_file, *origin, *zone_file, *only_plan,
    *reason, *as;
static uint64_t max_zones, wait_s, floor_s = 3600, skew = 5;
static int any_ttl, strict_serial;
static int64_t now = CLOCK_NONE;
static struct mx_opt plan_options;
static struct dns_opt dns_options;

static const struct opt opts[] = {
    {"domain", 'd', OPT_LIST, "DOMAIN", "plan for it; repeat", &domains, NULL},
    {"mx", 0, OPT_LIST, "'10 HOST.'", "plan: its MX is this; repeat", &targets,
	NULL},
    {"cleanup", 0, OPT_LIST, "HOST", "plan: nothing points there any more",
	&cleanup, NULL},
    {"ttl", 't', OPT_NUMBER, "S", "plan: TTL (as it is, 300 if new)",
	&plan_options.ttl, NULL},
    {"allow", 0, OPT_LIST, "ID", "plan: though it has this finding, M1 ...",
	&allow, NULL},
    {"mta-sts", 0, OPT_STRING, "FILE", "plan: the domain's policy",
	&plan_options.sts, NULL},
    {"probe", 0, OPT_NUMBER, "PORT", "plan: does the host take mail there",
	&plan_options.probe_port, NULL},
    {"server", 's', OPT_LIST, "ADDR[#PORT]", "ask or change there; repeat",
	&server_names, NULL},
    {"key", 'k', OPT_STRING, "FILE", "TSIG key, as tsig-keygen writes it",
	&key_file, NULL},
    {"ledger", 'l', OPT_STRING, "FILE", "what is done goes there first",
	&ledger_file, NULL},
    {"gate", 'g', OPT_LIST, "FILE", "apply: rows of dns-ttl gate", &gate_files,
	NULL},
    {"force-gate", 0, OPT_STRING, "REASON", "apply: without", &reason, NULL},
    {"any-ttl", 0, OPT_FLAG, NULL, NULL, &any_ttl, NULL},
    {"strict-serial", 0, OPT_FLAG, NULL, NULL, &strict_serial, NULL},
    {"max-zones", 0, OPT_NUMBER, "N",
	"apply: other TTLs; the serial too; so many zones (1)", &max_zones,
	NULL},
    {"zone-in", 'z', OPT_STRING, "FILE", "plan, apply: in a zone's text",
	&zone_file, NULL},
    {"origin", 0, OPT_STRING, "ZONE", "its name", &origin, NULL},
    {"plan", 0, OPT_STRING, "ID", "roll back this plan", &only_plan, NULL},
    {"as", 0, OPT_STRING, "KIND",
	"export: nsupdate bind dnscontrol octodns csv", &as, NULL},
    {"via", 0, OPT_LIST, "ADDR", "verify: these resolvers too", &via_names,
	NULL},
    {"wait", 0, OPT_NUMBER, "S", "verify: again, for so long", &wait_s, NULL},
    {"floor", 0, OPT_NUMBER, "S", NULL, &floor_s, NULL},
    {"skew", 0, OPT_NUMBER, "S", NULL, &skew, NULL},
    {"now", 0, OPT_TIME, "TIME", NULL, &now, NULL},
    {"resolver", 0, OPT_STRING, "ADDR", NULL, &dns_options.resolver, NULL},
    {"source", 0, OPT_STRING, "ADDR", NULL, &dns_options.source, NULL},
    {"port", 0, OPT_NUMBER, "N", NULL, &dns_options.port, NULL},
    {"timeout", 0, OPT_NUMBER, "S", "see mx-switch(1)", &dns_options.timeout_s,
	NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

static struct dns_server servers[16], via[16];
static size_t nservers, nvia;
static struct dns_key *key;
static struct changes *in;
static struct views *views;
static struct buf zone_text;
static struct zone *zone;
static struct world *world;
static struct mx_plan *plan;
static struct gates *gates;

static int
usage(struct fail *f, const char *why)
{
	return fail_set(
	    f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option", "%s", why);
}

/* ---- what all verbs begin with ---- */

static int
take_servers(
    const char **names, struct dns_server *to, size_t *n, struct fail *f)
{
	for (; names != NULL && names[*n] != NULL; (*n)++) {
		if (*n == LENGTH(servers))
			return usage(f, "at most 16 servers");
		if (dns_server(&to[*n], names[*n], f) == -1)
			return -1;
	}
	return 0;
}

static int
read_zone(struct fail *f)
{
	FILE *fp;
	size_t n = 1;
	int rc = 0;

	(void)fail_at(f, "%s", zone_file);
	if (origin == NULL)
		return usage(f, "--zone-in wants --origin ZONE");
	if ((fp = fopen(zone_file, "re")) == NULL)
		return fail_errno(f, CODE_INPUT, REACH_RUN, "zone", "open");
	while (n > 0 && zone_text.len <= ZONE_MOST) {
		n = fread(buf_room(&zone_text, 65536), 1, 65536, fp);
		buf_grown(&zone_text, n);
	}
	buf_add(&zone_text, "", 0);
	/* Half a zone must not look like a whole one. */
	if (ferror(fp))
		rc = fail_errno(f, CODE_INPUT, REACH_RUN, "zone", "read");
	else if (n > 0)
		rc = fail_set(f, CODE_INPUT, REACH_RUN, AGAIN_NEVER, "zone",
		    "more than 256 MiB");
	(void)fclose(fp);
	return rc == -1 ? -1
			: change_text_open(&zone, zone_file, zone_text.data,
			      zone_text.len, origin, f);
}

static int
begin(struct fail *f)
{
	static const struct net_opt probe = {.connect_s = 10, .idle_s = 30};
	size_t i;

	if (dns_setup(&dns_options, f) == -1 ||
	    take_servers(server_names, servers, &nservers, f) == -1 ||
	    take_servers(via_names, via, &nvia, f) == -1)
		return -1;
	if (plan_options.ttl > INT32_MAX || plan_options.probe_port > 65535)
		return usage(f, "a TTL or a port is too high");
	if (plan_options.probe_port != 0 && net_setup(&probe, f) == -1)
		return -1;
	if (zone_file != NULL && read_zone(f) == -1)
		return -1;
	if (key_file != NULL && dns_key_read(&key, key_file, f) == -1)
		return -1;
	for (i = 0; i < nservers; i++)
		servers[i].key = key;
	in = changes_new();
	views = views_new(servers, nservers);
	return 0;
}

static int
take_change(const struct row *r, struct fail *f)
{
	return changes_take(in, r, f);
}

/* ---- plan ---- */

static int
plan_begin(struct fail *f)
{
	if (begin(f) == -1)
		return -1;
	plan_options.allow = allow;
	plan_options.cleanup = cleanup;
	plan_options.key = key;
	if ((targets != NULL || cleanup != NULL) && domains == NULL)
		return usage(f, "--mx and --cleanup want -d DOMAIN");
	world = world_new(views, zone,
	    zone == NULL && (nservers == 0 || dns_options.resolver != NULL));
	plan = mx_plan_new(world, &plan_options);
	return 0;
}

/* -d without a file is a row of itself. */
static int
take_wish(const struct row *r, struct fail *f)
{
	if (domains != NULL && header_count(row_header(r)) == 1)
		return 0;
	return mx_plan_take(plan, r, f);
}

static int
plan_domains(struct fail *f)
{
	size_t i, k;

	for (i = 0; domains != NULL && domains[i] != NULL; i++) {
		(void)fail_at(f, "%s", domains[i]);
		for (k = 0; targets != NULL && targets[k] != NULL; k++)
			if (mx_plan_mx(plan, domains[i], targets[k], f) == -1)
				return -1;
		if (cleanup != NULL && mx_plan_clean(plan, domains[i], f) == -1)
			return -1;
	}
	return 0;
}

static int
plan_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct changes *made = changes_new();
	int rc;

	(void)rejected;
	rc = plan_domains(f);
	if (rc == -1 && f->code == CODE_ROW) {
		out_tell(o, -1, f);
		changes_free(made);
		return 0;
	}
	if (rc == 0)
		rc = mx_plan_make(plan, made, f);
	if (rc != -1) {
		changes_seal(made);
		change_emit(made, o);
	}
	changes_free(made);
	return rc;
}

/* ---- apply, rollback ---- */

static int
take_gate(const struct row *r, struct fail *f)
{
	return gates_take(gates, r, f);
}

static int
apply_begin(struct fail *f)
{
	size_t i;

	if (gate_files == NULL && reason == NULL && zone_file == NULL)
		return usage(f,
		    "apply wants --gate FILE, or a REASON to "
		    "--force-gate");
	if (begin(f) == -1)
		return -1;
	if (gate_files != NULL && reason == NULL)
		gates = gates_new();
	for (i = 0;
	     gates != NULL && gate_files != NULL && gate_files[i] != NULL; i++)
		if (change_each_row(gate_files[i], take_gate, f) == -1)
			return -1;
	return 0;
}

static int
apply_text(struct out *o, struct fail *f)
{
	struct buf b = {0};
	int rc;

	if (changes_whole(in, f) == -1) {
		out_tell(o, -1, f);
		out_text(o, "", 0);
		return 0;
	}
	rc = change_text_apply(zone, in, any_ttl, f);
	if (rc == 1)
		say(f);
	if (rc == 0)
		rc = zone_write(zone, &b, clock_now(), f);
	out_text(
	    o, b.data != NULL && rc == 0 ? b.data : "", rc == 0 ? b.len : 0);
	buf_free(&b);
	return rc;
}

static int
run(struct changes *c, struct out *o, struct fail *f)
{
	struct change_opt opt = {.server = nservers ? servers : NULL,
	    .key = key,
	    .ledger = ledger_file,
	    .note = reason,
	    .dry_run = cli_dry_run(),
	    .any_ttl = any_ttl,
	    .strict_serial = strict_serial};

	return change_run(c, &opt, max_zones ? max_zones : 1, gates,
	    now != CLOCK_NONE ? now : clock_now(), o, f);
}

static int
apply_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	(void)rejected;
	return zone != NULL ? apply_text(o, f) : run(in, o, f);
}

static int
rollback_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct changes *back = changes_swapped(in, only_plan);
	int rc = 0;

	(void)rejected;
	if (nservers > 0)
		rc = run(back, o, f);
	else
		change_emit(back, o);
	changes_free(back);
	return rc;
}

/* ---- verify, export ---- */

static int
verify_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	const struct timespec second = {.tv_sec = 1};
	int64_t end = clock_ms() + 1000 * (int64_t)wait_s;
	struct mx_verify v = {NULL, via, nvia, floor_s, skew};
	struct change_opt opt = {.ledger = ledger_file};
	int rc;

	(void)rejected;
	do {
		views_free(views);
		v.views = views = views_new(servers, nservers);
		rc = mx_verify(&v, in, NULL, f);
		if (rc != 0 && clock_ms() < end && stop_signal() == 0)
			(void)nanosleep(&second, NULL);
	} while (rc != 0 && clock_ms() < end && stop_signal() == 0);
	rc = mx_verify(&v, in, o, f);
	out_tell(o, rc, f);
	return rc == 0 && ledger_file != NULL
	    ? changes_observed(in, &opt, "all servers", f)
	    : 0;
}

static int
export_begin(struct fail *f)
{
	struct buf none = {0};
	int rc;

	if (as == NULL)
		return usage(f,
		    "export --as nsupdate, bind, dnscontrol, "
		    "octodns or csv");
	in = changes_new();
	rc = mx_export(&none, in, as, f);
	buf_free(&none);
	return rc;
}

static int
export_finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct buf b = {0};

	(void)rejected;
	if (changes_whole(in, f) == -1)
		out_tell(o, -1, f);
	else if (mx_export(&b, in, as, f) == -1)
		return -1;
	out_text(o, b.data != NULL ? b.data : "", b.len);
	buf_free(&b);
	return 0;
}

/* ---- verbs ---- */

static const struct verb verbs[] = {
    {"plan", CHANGE_COLUMNS, plan_begin, take_wish, plan_finish},
    {"apply", CHANGE_LEDGER_COLUMNS, apply_begin, take_change, apply_finish},
    {"verify", MX_VERIFY_COLUMNS, begin, take_change, verify_finish},
    {"rollback", CHANGE_LEDGER_COLUMNS, begin, take_change, rollback_finish},
    {"export", "", export_begin, take_change, export_finish},
    {NULL, NULL, NULL, NULL, NULL},
};

/* What goes back is a plan, unless it is applied at once. */
static struct header *
header(const struct header *have, struct fail *f)
{
	(void)have;
	(void)f;
	return header_new(cli_verb()->finish == rollback_finish && nservers == 0
		? CHANGE_COLUMNS
		: cli_verb()->columns);
}

int
main(int argc, char **argv)
{
	static const struct given given[] = {
	    {"domain", NULL, &domains}, {NULL, NULL, NULL}};
	static const struct filter t = {
	    .name = "mx-switch",
	    .synopsis = "plan|apply|verify|rollback|export [option ...] [rows]",
	    .summary = "point mail records to the new server, and exactly back",
	    .examples = "  mx-switch plan -d example.test --mx '10 a.test.' "
			"-z zone --origin example.test\n"
			"  mx-switch export --as nsupdate plan.tsv",
	    .opts = opts,
	    .given = given,
	    .header = header,
	    .verbs = verbs,
	};

	return filter_main(&t, argc, argv);
}
