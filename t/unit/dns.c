/* Unit tests of dns: names, records, keys; and changes as rows. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "change/change.h"
#include "dns/dns.h"
#include "row/row.h"
#include "tap.h"

static struct arena *a;

static const struct {
	const char *in, *out; /* out NULL: refused */
} names[] = {
    {"example.test", "example.test."},
    {"EXAMPLE.Test.", "example.test."},
    {".", "."},
    {"_25._tcp.mx.example.", "_25._tcp.mx.example."},
    {"a\\.b.example.", "a\\.b.example."},
    {"xn--bcher-kva.example", "xn--bcher-kva.example."},
    {"b\xc3\xbc"
     "cher.example",
	NULL},
    {"", NULL},
    {"a..b", NULL},
    {".a", NULL},
    {"a b.example", NULL},
    {"a;b", NULL},
    {"a\nb", NULL},
    {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	NULL},
};

START_TEST(test_names)
{
	size_t i;

	for (i = 0; i < LENGTH(names); i++) {
		const char *got = NULL;
		struct fail f = {0};
		int rc = dns_name(a, &got, names[i].in, &f);

		ck_assert_msg(
		    rc == (names[i].out ? 0 : -1), "%s: %d", names[i].in, rc);
		if (rc == 0)
			ck_assert_str_eq(got, names[i].out);
		else
			ck_assert_int_eq(fail_exit(&f), 65);
	}
}
END_TEST

static const struct {
	const char *type, *in, *out;
} records[] = {
    {"mx", "10 MX.Example.", "10 mx.example."},
    {"MX", "010  mx.example. ; new", "10 mx.example."},
    {"MX", "10 mx", NULL},
    {"MX", "10", NULL},
    {"MX", "66666 mx.example.", NULL},
    {"A", "192.0.2.1", "192.0.2.1"},
    {"A", "192.0.2.256", NULL},
    {"AAAA", "2001:DB8::1", "2001:db8::1"},
    {"TXT", "\"A;b\" \"c\\\"d\"", "\"A;b\" \"c\\\"d\""},
    {"TXT", "\"a\nb\"", NULL},
    {"SRV", "0 1 993 Imap.example.", "0 1 993 imap.example."},
    {"TLSA",
	"3 1 1 "
	"00000000000000000000000000000000000000000000000000000000000000ff",
	"3 1 1 "
	"00000000000000000000000000000000000000000000000000000000000000ff"},
    {"TYPE65400", "\\# 2 0AFF", "\\# 2 0aff"},
    {"CNAME", "A.example.", "a.example."},
    {"ANY", "x.", NULL},
    {"OPT", "x.", NULL},
    {"XYZZY", "x.", NULL},
};

START_TEST(test_records)
{
	size_t i;

	for (i = 0; i < LENGTH(records); i++) {
		struct dns_rr rr = {0}, again = {0};
		struct fail f = {0};
		int rc = dns_rr(
		    a, &rr, "example.", records[i].type, 60, records[i].in, &f);

		ck_assert_msg(rc == (records[i].out ? 0 : -1), "%s %s",
		    records[i].type, records[i].in);
		if (rc == -1)
			continue;
		ck_assert_str_eq(rr.rdata, records[i].out);
		ck_assert_int_eq(
		    dns_rr(a, &again, rr.name, rr.type, rr.ttl, rr.rdata, &f),
		    0);
		ck_assert_str_eq(again.rdata, rr.rdata);
	}
}
END_TEST

START_TEST(test_parts)
{
	struct dns_rr soa = {"e.", "SOA", "a.e. b.e. 7 1 2 3 300", 200};
	struct dns_rr mx = {"e.", "MX", "10 mx.e.", 1};

	ck_assert(dns_is_below("a.b.e.", "e."));
	ck_assert(dns_is_below("e.", "e."));
	ck_assert(!dns_is_below("ae.", "e."));
	ck_assert(!dns_is_below("x\\.e.", "e."));
	ck_assert(dns_is_below("e.", "."));
	ck_assert_str_eq(dns_parent("a\\.b.e."), "e.");
	ck_assert_str_eq(dns_parent("e."), ".");
	ck_assert_ptr_null(dns_parent("."));
	ck_assert_uint_eq(dns_soa_number(&soa, 0), 7);
	ck_assert_uint_eq(dns_soa_number(&soa, 3), 3);
	ck_assert_uint_eq(dns_negative(&soa), 200);
	ck_assert_str_eq(dns_target(&mx), "mx.e.");
	ck_assert_str_eq(
	    dns_txt(a, "\"v=spf1 \" \"mx -\\all\""), "v=spf1 mx -all");
}
END_TEST

static const struct {
	const char *text;
	int exit; /* 0 taken */
} keys[] = {
    {"key \"Mig.\" { algorithm hmac-sha256; secret \"YWJj\"; };", 0},
    {"# c\n/* key x { */ key mig { // x\n secret YWJj; algorithm "
     "HMAC-SHA512; };",
	0},
    {"key mig { algorithm hmac-sha384; secret \"YWJj\"; };", 0},
    {"key mig { algorithm hmac-sha1; secret \"YWJj\"; };", 78},
    {"key mig { algorithm hmac-md5; secret \"YWJj\"; };", 78},
    {"key mig { algorithm hmac-sha256; secret \"Y!Jj\"; };", 78},
    {"key mig { algorithm hmac-sha256; };", 78},
    {"key mig { secret \"YWJj\"; };", 78},
    {"key", 78},
    {"", 78},
};

START_TEST(test_keys)
{
	size_t i;

	for (i = 0; i < LENGTH(keys); i++) {
		char path[] = "/tmp/mbx-unit-key.XXXXXX";
		struct dns_key *k = NULL;
		struct fail f = {0};
		int fd = mkstemp(path), rc;

		ck_assert_int_ne(fd, -1);
		ck_assert(write(fd, keys[i].text, strlen(keys[i].text)) >= 0);
		(void)close(fd);
		rc = dns_key_read(&k, path, &f);
		(void)unlink(path);
		ck_assert_msg(rc == (keys[i].exit ? -1 : 0), "%s: %s",
		    keys[i].text, f.why);
		if (rc == 0)
			ck_assert_str_eq(dns_key_name(k), "mig.");
		else
			ck_assert_int_eq(fail_exit(&f), keys[i].exit);
		dns_key_free(k);
	}
}
END_TEST

static void
one(struct dns_list *l, uint32_t ttl, const char *rdata)
{
	struct dns_rr rr = {"e.", "MX", rdata, ttl};

	dns_add(a, l, &rr);
	dns_sort(l);
}

/* A plan's rows are read again as the same plan; its inverse's inverse too. */
START_TEST(test_plan)
{
	struct changes *c = changes_new(), *back, *again = changes_new();
	struct header *h = header_new(CHANGE_LEDGER_COLUMNS);
	struct dns_list seen = {0}, wanted = {0};
	struct fail f = {0};
	struct row *r;
	size_t i;

	one(&seen, 300, "10 a.e.");
	one(&seen, 300, "20 b.e.");
	one(&wanted, 60, "5 c.e.");
	changes_add(c, "e.", "e.", "MX", &seen, &wanted, "");
	changes_add(c, "e.", "x.e.", "MX", &seen, &seen, "");
	changes_seal(c);
	ck_assert_uint_eq(c->n, 1);
	for (i = 0; i < change_rows(&c->change[0]); i++) {
		change_row(&c->change[0], i, r = row_new(a, h));
		row_set(r, "outcome", "applied");
		ck_assert_int_eq(changes_take(again, r, &f), 0);
	}
	ck_assert_int_eq(changes_whole(again, &f), -1);
	changes_end_row(c, r = row_new(a, h));
	ck_assert_int_eq(changes_take(again, r, &f), 0);
	ck_assert_int_eq(changes_whole(again, &f), 0);
	back = changes_swapped(again, NULL);
	ck_assert_uint_eq(back->n, 1);
	ck_assert(dns_same(&back->change[0].seen, &wanted, 1));
	ck_assert(dns_same(&back->change[0].wanted, &seen, 1));
	changes_free(back);
	changes_free(again);
	changes_free(c);
	header_free(h);
}
END_TEST

SUITE("dns")
{
	a = arena_new();
	tcase_add_test(tc, test_names);
	tcase_add_test(tc, test_records);
	tcase_add_test(tc, test_parts);
	tcase_add_test(tc, test_keys);
	tcase_add_test(tc, test_plan);
}
