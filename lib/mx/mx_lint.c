/* mx_lint.c: what goes wrong with mail records, before anybody has them. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mx/mx_p.h"

/* One finding: the zone is left out of the plan unless its id is allowed. */
PRINTFLIKE(4, 5)
static void
found(struct mx_plan *p, const struct wish *w, const char *id, const char *fmt,
    ...)
{
	char why[512];
	struct fail f = {0};
	size_t i;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	(void)fail_at(&f, "%s %s", w->name, w->type);
	for (i = 0; p->opt.allow != NULL && p->opt.allow[i] != NULL; i++)
		if (strcmp(p->opt.allow[i], id) == 0)
			return;
	(void)fail_set(&f, CODE_POLICY, REACH_ENDPOINT, AGAIN_NEVER, id,
	    "%s (or --allow %s)", why, id);
	say(&f);
	(void)intern_number(p->bad, w->zone, strlen(w->zone));
}

/* A set of the plan or the world: 1 there is one, 0 none, 2 nobody knows. */
static int
there(struct mx_plan *p, struct arena *a, const struct wish *w,
    const char *name, const char *type, struct dns_list *l, struct fail *f)
{
	int rc = plan_get(p, a, w->zone, name, type, l, f);

	return rc == -1 ? -1 : rc == 0 ? 2 : l->n > 0;
}

/* M3: 192.0.2.1. and the like. */
static int
is_address(const char *host)
{
	size_t n = strlen(host), i;

	if (n < 2)
		return 0;
	for (i = n - 1; i > 0 && host[i - 1] != '.'; i--)
		if (!isdigit((unsigned char)host[i - 1]))
			return 0;
	return 1;
}

static int
lint_host(struct mx_plan *p, struct arena *a, const struct wish *w,
    const char *host, struct fail *f)
{
	struct dns_list l, six;
	const struct wish *own = wish_find(p, host, "A");
	int alias, four, v6;

	if ((alias = there(p, a, w, host, "CNAME", &l, f)) == -1)
		return -1;
	if (alias == 1)
		found(p, w, "M1", "%s is an alias: name the host itself", host);
	four = there(p, a, w, host, "A", &l, f);
	v6 = there(p, a, w, host, "AAAA", &six, f);
	if (four == -1 || v6 == -1)
		return -1;
	if (four == 0 && v6 == 0 && alias != 1)
		found(p, w, "M2", "%s has no address", host);
	if (own == NULL)
		own = wish_find(p, host, "AAAA");
	if (own != NULL && own->seen.n == 0 && own->wanted.n > 0)
		found(p, w, "M10",
		    "%s is new: caches may hold a no for it; publish it in a "
		    "plan of its own first",
		    host);
	if (p->opt.probe_port != 0 && four == 1 &&
	    probe(host, l.rr[0].rdata, p->opt.probe_port, w->name, f) == -1)
		found(p, w, "M12", "%s: %s", host, f->why);
	return 0;
}

/* Whether one of its hosts has TLSA records. */
static int
has_tlsa(struct mx_plan *p, struct arena *a, const struct wish *w,
    const struct dns_list *mx, struct fail *f)
{
	size_t i;
	int any = 0;

	for (i = 0; i < mx->n; i++) {
		struct dns_list l;
		const char *name =
		    arena_printf(a, "_25._tcp.%s", dns_target(&mx->rr[i]));
		int rc = strcmp(dns_target(&mx->rr[i]), ".") == 0
		    ? 0
		    : there(p, a, w, name, "TLSA", &l, f);

		if (rc == -1)
			return -1;
		any |= rc;
	}
	return any;
}

/* The policy's mx: lines against one host (RFC 8461 4.1). */
static int
sts_matches(char *policy, const char *host)
{
	char *line, *save = policy;
	size_t n = strlen(host) - 1; /* less the dot */

	while ((line = strsep(&save, "\n")) != NULL) {
		size_t m;

		if (text_ncasecmp(line, "mx:", 3) != 0)
			continue;
		line += 3 + strspn(line + 3, " \t");
		m = strcspn(line, " \t\r");
		if (m == n && text_ncasecmp(line, host, n) == 0)
			return 1;
		if (m > 2 && line[0] == '*' && n > m - 1 &&
		    text_ncasecmp(host + n - (m - 1), line + 1, m - 1) == 0 &&
		    memchr(host, '.', n) == host + n - (m - 1))
			return 1;
	}
	return 0;
}

/* Without its file the policy cannot be judged: that is said, no more. */
static int
lint_sts(
    struct mx_plan *p, struct arena *a, const struct wish *w, struct fail *f)
{
	char text[16384];
	struct dns_list l;
	ssize_t n;
	size_t i;
	int fd,
	    rc = there(
		p, a, w, arena_printf(a, "_mta-sts.%s", w->name), "TXT", &l, f);

	if (rc != 1)
		return rc == -1 ? -1 : 0;
	if (p->opt.sts == NULL) {
		say_loud("%s: it has an MTA-STS policy: --mta-sts FILE to "
			 "check it",
		    w->name);
		return 0;
	}
	fd = open(p->opt.sts, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd != -1)
		(void)close(fd);
	if (n == -1)
		return fail_errno(
		    f, CODE_INPUT, REACH_RUN, "mta-sts", "%s", p->opt.sts);
	text[n] = '\0';
	for (i = 0; i < w->wanted.n && strstr(text, "enforce") != NULL; i++) {
		char *copy = arena_strdup(a, text);

		if (!sts_matches(copy, dns_target(&w->wanted.rr[i])))
			found(p, w, "M7",
			    "the MTA-STS policy does not name %s: senders "
			    "would refuse it",
			    dns_target(&w->wanted.rr[i]));
	}
	return 0;
}

/* M11: RFC 7208 4.6.4. */
static int
lint_spf(
    struct mx_plan *p, struct arena *a, const struct wish *w, struct fail *f)
{
	struct dns_list l = {0};
	size_t i;

	if (w->wanted.n <= 10)
		return 0;
	if (there(p, a, w, w->name, "TXT", &l, f) == -1)
		return -1;
	for (i = 0; i < l.n; i++) {
		const char *s = dns_txt(a, l.rr[i].rdata);

		if (strncmp(s, "v=spf1", 6) == 0 &&
		    (strstr(s, " mx") != NULL || strstr(s, "+mx") != NULL))
			found(p, w, "M11",
			    "more than 10 hosts, and SPF has mx: it fails");
	}
	return 0;
}

static int
lint_mx(
    struct mx_plan *p, struct arena *a, const struct wish *w, struct fail *f)
{
	size_t i, k, kept = 0;
	int old, new;

	for (i = 0; i < w->wanted.n; i++) {
		const char *host = dns_target(&w->wanted.rr[i]);

		if (strcmp(host, ".") == 0) {
			if (w->wanted.n > 1)
				found(p, w, "M4",
				    "no mail at all (RFC 7505), and other "
				    "hosts beside it");
			continue;
		}
		for (k = 0; k < i; k++)
			if (strcmp(host, dns_target(&w->wanted.rr[k])) == 0)
				found(
				    p, w, "M5", "%s stands there twice", host);
		for (k = 0; k < w->seen.n; k++)
			kept += strcmp(host, dns_target(&w->seen.rr[k])) == 0;
		if (is_address(host))
			found(p, w, "M3", "%s is an address, not a host", host);
		else if (lint_host(p, a, w, host, f) == -1)
			return -1;
	}
	if (kept > 0 && kept < w->wanted.n)
		found(p, w, "M9",
		    "an old host stays beside the new: some mail will go "
		    "there");
	old = has_tlsa(p, a, w, &w->seen, f);
	new = has_tlsa(p, a, w, &w->wanted, f);
	if (old == -1 || new == -1)
		return -1;
	if (old == 1 && new == 0)
		found(p, w, "M8",
		    "the old host has TLSA records, the new has none");
	if (lint_spf(p, a, w, f) == -1)
		return -1;
	return lint_sts(p, a, w, f);
}

/* M6: an alias stands alone, and a wildcard ends where a name begins. */
static int
lint_owner(
    struct mx_plan *p, struct arena *a, const struct wish *w, struct fail *f)
{
	static const char *const types[] = {
	    "MX", "A", "AAAA", "TXT", "SRV", "NS", "TLSA"};
	const char *parent = dns_parent(w->name);
	struct dns_list l = {0};
	size_t i;
	int rc;

	if (w->wanted.n == 0)
		return 0;
	if (strcmp(w->type, "CNAME") != 0) {
		rc = there(p, a, w, w->name, "CNAME", &l, f);
		if (rc == 1)
			found(p, w, "M6", "there is an alias of that name");
	} else
		for (rc = 0, i = 0; rc != -1 && i < LENGTH(types); i++)
			if ((rc = there(p, a, w, w->name, types[i], &l, f)) ==
			    1)
				found(p, w, "M6",
				    "an alias beside its %s records", types[i]);
	if (rc == -1 || w->seen.n > 0 || parent == NULL ||
	    !dns_is_below(parent, w->zone))
		return rc == -1 ? -1 : 0;
	rc = there(p, a, w, arena_printf(a, "*.%s", parent), w->type, &l, f);
	if (rc == 1)
		found(p, w, "M6", "until now *.%s answered for it", parent);
	return rc == -1 ? -1 : 0;
}

int
lint(struct mx_plan *p, const struct wish *w, struct fail *f)
{
	struct arena *a = arena_new();
	int rc = 0;

	if (!dns_same(&w->seen, &w->wanted, 0))
		rc = lint_owner(p, a, w, f);
	if (rc == 0 && strcmp(w->type, "MX") == 0 && w->wanted.n > 0)
		rc = lint_mx(p, a, w, f);
	arena_free(a);
	return rc;
}
