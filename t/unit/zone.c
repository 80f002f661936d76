/* Unit tests of zone: identity, single tokens, refusals, cut and torn text. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "tap.h"
#include "zone/zone.h"

static const char text[] = "; a comment\n"
			   "$TTL 1h ; one hour\n"
			   "@\tIN SOA ns1 root (\n"
			   "\t2024010101 ; serial\n"
			   "\t1H 10M 1D 300 )\n"
			   "  \n"
			   "\tIN NS ns1\n"
			   "\t86400 IN MX 10 mx-old ; old\n"
			   "\tIN 1d MX 20 mx-old2\n"
			   "ns1 A 127.0.0.1\n"
			   "mx-old IN A 192.0.2.1\n"
			   "t TXT \"a;b\" ( \"c (d\"\n\t e\\;f ) ; x\n"
			   "$ORIGIN sub\n"
			   "w 60 A 192.0.2.3";

static const char lowered[] = "; a comment\n"
			      "$TTL 1h ; one hour\n"
			      "@\tIN SOA ns1 root (\n"
			      "\t2026112400 ; serial\n"
			      "\t1H 10M 1D 300 )\n"
			      "  \n"
			      "\tIN NS ns1\n"
			      "\t300 IN MX 10 mx-old ; old\n"
			      "\tIN 300 MX 20 mx-old2\n"
			      "ns1 A 127.0.0.1\n"
			      "mx-old 300 IN A 192.0.2.1\n"
			      "t TXT \"a;b\" ( \"c (d\"\n\t e\\;f ) ; x\n"
			      "$ORIGIN sub\n"
			      "w 60 A 192.0.2.3";

enum { NOW = 1795478400 }; /* 2026-11-24 */

/* Writes what s becomes after `set`; -1 and its exit in *status. */
static int
through(struct buf *out, const char *s, void (*set)(struct zone *), int *status)
{
	struct zone *z = NULL;
	struct fail f = {0};
	int rc = zone_read(&z, s, strlen(s), "e.test", &f);

	if (rc == 0 && set != NULL)
		set(z);
	if (rc == 0)
		rc = zone_write(z, out, NOW, &f);
	zone_free(z);
	*status = rc == 0 ? 0 : fail_exit(&f);
	return rc;
}

static void
lower(struct zone *z)
{
	const struct dns_list *l = zone_records(z);
	size_t i;

	for (i = 0; i < l->n; i++)
		if (strcmp(l->rr[i].type, "MX") == 0 ||
		    strcmp(l->rr[i].name, "mx-old.e.test.") == 0)
			zone_set_ttl(z, &l->rr[i], 300);
}

START_TEST(test_text)
{
	struct buf b = {0};
	int status;

	ck_assert_int_eq(through(&b, text, NULL, &status), 0);
	ck_assert_str_eq(b.data, text);
	buf_reset(&b);
	ck_assert_int_eq(through(&b, text, lower, &status), 0);
	ck_assert_str_eq(b.data, lowered);
	buf_free(&b);
}
END_TEST

/* Without $TTL what follows stands on the TTL before it. */
START_TEST(test_inherited)
{
	struct buf b = {0};
	int status;

	ck_assert_int_eq(through(&b,
			     "@ 9 SOA a b 5 1 1 1 7\n"
			     "@ 900 MX 10 x\n"
			     " MX 20 y\n"
			     "x A 192.0.2.1\n"
			     "y A 192.0.2.2\n",
			     lower, &status),
	    0);
	ck_assert_str_eq(b.data,
	    "@ 9 SOA a b 6 1 1 1 7\n"
	    "@ 300 MX 10 x\n"
	    " MX 20 y\n"
	    "x 900 A 192.0.2.1\n"
	    "y A 192.0.2.2\n");
	buf_free(&b);
}
END_TEST

static void
replace(struct zone *z)
{
	struct dns_rr rr[] = {
	    {"e.test.", "MX", "10 new.e.test.", 60},
	    {"e.test.", "MX", "20 mx-old2.e.test.", 60},
	};
	struct dns_list l = {rr, 2}, none = {NULL, 0};

	zone_set(z, "e.test.", "MX", &l);
	zone_set(z, "ns1.e.test.", "A", &none);
}

START_TEST(test_set)
{
	static const char in[] = "$TTL 60\n@ SOA a b 4294967295 1 1 1 7\n"
				 "@ 900 MX 10 old ; old\n"
				 " 900 MX 20 mx-old2\n"
				 "ns1 A 192.0.2.1\n"
				 "  TXT x";
	struct buf b = {0};
	int status;

	ck_assert_int_eq(through(&b, in, replace, &status), 0);
	ck_assert_str_eq(b.data,
	    "$TTL 60\n@ SOA a b 1 1 1 1 7\n"
	    "e.test. 60 MX 20 mx-old2\n"
	    "ns1.e.test.  TXT x\n"
	    "e.test.\t60\tIN\tMX\t10 new.e.test.\n");
	buf_free(&b);
}
END_TEST

static const char *const refused[] = {
    "",
    "x A 192.0.2.1\n",
    "@ SOA a b 1 1 1 1 1\n$INCLUDE x\n",
    "@ SOA a b 1 1 1 1 1\n$GENERATE 1-3 x$ A 192.0.2.$\n",
    "@ SOA a b 1 1 1 1 1\n$WHAT\n",
    "@ SOA a b 1 1 1 1\n",
    "@ SOA a b ( 1 1 1 1 1\n",
    "@ SOA a b 1 1 1 1 1 )\n",
    "@ SOA a b 1 1 1 1 1\nx TXT \"a\n",
    "@ SOA a b 1 1 1 1 1\nx CH TXT a\n",
    "@ SOA a b 1 1 1 1 1\nx 60\n",
    "@ SOA a b 1 1 1 1 1\nother. A 192.0.2.1\n",
    "@ SOA a b 1 1 1 1 1\n@ RRSIG MX 8 1 1 1 1 1 e. AAAA\n",
    " SOA a b 1 1 1 1 1\n",
    "@ SOA a b 1 1 1 1 1 1\n",
    "@ SOA a b x 1 1 1 1\n",
    "@ SOA a b 1 1 1 1 1\nx.e.test. SOA r RR 600t. NSEC 0 x a i\n",
};

START_TEST(test_refused)
{
	size_t i;

	for (i = 0; i < LENGTH(refused); i++) {
		struct buf b = {0};
		int status;

		ck_assert_msg(through(&b, refused[i], NULL, &status) == -1,
		    "%s", refused[i]);
		ck_assert_int_eq(status, 65);
		buf_free(&b);
	}
}
END_TEST

/* No text, however torn, is written as anything but what was wished. */
START_TEST(test_torn)
{
	static const char bits[] = " \t\n()\";\\@.$1aAIN";
	char s[sizeof(text)];
	int i, status;

	srand(7);
	for (i = 0; i < 20000; i++) {
		struct buf b = {0};
		int k, n = rand() % 4 + 1;

		memcpy(s, text, sizeof(text));
		if (i % 3 == 0)
			s[(size_t)rand() % sizeof(text)] = '\0';
		for (k = 0; k < n; k++)
			s[(size_t)rand() % (sizeof(text) - 1)] =
			    bits[(size_t)rand() % (sizeof(bits) - 1)];
		if (through(&b, s, NULL, &status) == 0)
			ck_assert_str_eq(b.data, s);
		buf_reset(&b);
		(void)through(&b, s, lower, &status);
		buf_free(&b);
	}
}
END_TEST

SUITE("zone")
{
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_inherited);
	tcase_add_test(tc, test_set);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_torn);
}
