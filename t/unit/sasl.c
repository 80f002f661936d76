/* The mechanisms, by the examples of their RFCs and by what goes wrong. */
#include <string.h>

#include "base/base.h"
#include "sasl/sasl.h"
#include "tap.h"

static struct buf out;

static struct sasl *
made(const char *mech, const char *user, const char *authzid,
    const char *secret, size_t n)
{
	const struct sasl_id id = {.user = user,
	    .authzid = authzid,
	    .secret = secret,
	    .secret_len = n,
	    .host = "server.example.com",
	    .port = 143};

	ck_assert_ptr_nonnull(sasl_find(mech));
	return sasl_new(sasl_find(mech), &id);
}

static int
step(struct sasl *s, const char *in, struct fail *f)
{
	buf_wipe(&out);
	return sasl_step(s, in, strlen(in), &out, f);
}

/* The answer, octet for octet. */
static void
gives_n(struct sasl *s, const char *in, const char *want, size_t n)
{
	struct fail f = {0};

	ck_assert_msg(step(s, in, &f) == 0, "%s", f.why);
	ck_assert_uint_eq(out.len, n);
	ck_assert_mem_eq(out.data, want, n);
}

static void
gives(struct sasl *s, const char *in, const char *want)
{
	gives_n(s, in, want, strlen(want));
}

static void
refuses(struct sasl *s, const char *in, const char *why)
{
	struct fail f = {0};

	ck_assert_int_eq(step(s, in, &f), -1);
	ck_assert_int_eq(f.code, CODE_AUTH);
	ck_assert_int_eq(f.again, AGAIN_NEVER);
	ck_assert_msg(strstr(f.why, why) != NULL, "%s", f.why);
}

static void
over(struct sasl *s, int done)
{
	struct fail f = {0};

	ck_assert_int_eq(sasl_done(s, &f), done ? 0 : -1);
	if (!done)
		ck_assert_int_eq(f.code, CODE_AUTH);
	sasl_free(s);
	buf_wipe(&out);
}

/* ---- RFC 4616 ---- */

START_TEST(plain)
{
	struct sasl *s = made("PLAIN", "tim", NULL, "tanstaaftanstaaf", 16);

	gives_n(s, "", "\0tim\0tanstaaftanstaaf", 21);
	refuses(s, "again", "once too often");
	sasl_free(s);
	s = made("PLAIN", "Kurt", "Ursel", "xipj3plmq", 9);
	gives_n(s, "", "Ursel\0Kurt\0xipj3plmq", 20);
	over(s, 1);
	s = made("PLAIN", "tim", NULL, "a\0b", 3);
	refuses(s, "", "NUL");
	over(s, 0);
	s = made("PLAIN", "tim", NULL, "x", 1);
	refuses(s, "who are you?", "once too often");
	over(s, 0);
}
END_TEST

START_TEST(login)
{
	struct sasl *s = made("LOGIN", "anna", NULL, "pass word=,", 11);

	ck_assert_int_eq(sasl_find("LOGIN")->client_first, 0);
	gives(s, "User Name", "anna");
	gives(s, "whatever", "pass word=,");
	refuses(s, "once more", "once too often");
	over(s, 1);
	s = made("LOGIN", "admin", "anna", "x", 1);
	refuses(s, "Username:", "authzid");
	over(s, 0);
	s = made("LOGIN", "anna", NULL, "a\0b", 3);
	refuses(s, "Username:", "NUL");
	over(s, 0);
	s = made("LOGIN", "anna", NULL, "x", 1);
	gives(s, "Username:", "anna");
	over(s, 0); /* an OK before the password was asked for */
}
END_TEST

START_TEST(external)
{
	struct sasl *s = made("EXTERNAL", "anna", NULL, "", 0);

	gives(s, "", "");
	over(s, 1);
	s = made("EXTERNAL", "anna", "bert@example.org", "", 0);
	gives(s, "", "bert@example.org");
	refuses(s, "more", "once too often");
	over(s, 1);
}
END_TEST

/* ---- RFC 5802 section 5, RFC 7677 section 3 ---- */

static const struct {
	const char *mech, *nonce, *first, *server_first, *final, *server_final;
} scram[] = {
    {"SCRAM-SHA-1", "fyko+d2lbbFgONRv9qkxdawL",
	"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
	"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,"
	"i=4096",
	"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
	"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
    {"SCRAM-SHA-256", "rOprNGfwEbeRWgbNEkqO",
	"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
	"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
};

static struct sasl *
begun(int i, const char *user, const char *authzid)
{
	struct sasl *s = made(scram[i].mech, user, authzid, "pencil", 6);
	struct fail f = {0};

	sasl_nonce(s, scram[i].nonce);
	ck_assert_int_eq(step(s, "", &f), 0);
	return s;
}

START_TEST(scram_by_the_book)
{
	struct sasl *s = made(scram[_i].mech, "user", NULL, "pencil", 6);

	sasl_nonce(s, scram[_i].nonce);
	gives(s, "", scram[_i].first);
	gives(s, scram[_i].server_first, scram[_i].final);
	gives(s, scram[_i].server_final, "");
	refuses(s, "v=more", "once too often");
	over(s, 1);
}
END_TEST

START_TEST(scram_server_unproved)
{
	static const char *const finals[] = {"v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=",
	    "v=", "", "x=y", "v=rmF9pqV8S7suAoZWja4dJRkFsKV=", "v=!!!!",
	    "v=rmF9pqV8S7suAoZWja4dJRkFsKQ"};
	struct sasl *s = begun(0, "user", NULL);
	size_t i;

	gives(s, scram[0].server_first, scram[0].final);
	over(s, 0); /* OK instead of a proof */
	for (i = 0; i < LENGTH(finals); i++) {
		s = begun(0, "user", NULL);
		gives(s, scram[0].server_first, scram[0].final);
		refuses(s, finals[i], "does not know the password");
		over(s, 0);
	}
	s = begun(0, "user", NULL);
	gives(s, scram[0].server_first, scram[0].final);
	refuses(s, "e=invalid-proof", "refuses the proof");
	over(s, 0);
	s = begun(0, "user", NULL);
	over(s, 0);
}
END_TEST

START_TEST(scram_bad_challenges)
{
	static const struct {
		const char *in, *why;
	} bad[] = {
	    {"", "nonce"},
	    {"r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096", "nonce"},
	    {"r=gyko+d2lbbFgONRv9qkxdawL3rfc,s=QSXCR+Q6sek8bf92,i=4096",
		"nonce"},
	    {"s=QSXCR+Q6sek8bf92,i=4096", "nonce"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,i=4096", "salt"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=,i=4096", "salt"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=***,i=4096", "salt"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92", "iteration"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=0", "iteration"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=-1",
		"iteration"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4095",
		"iteration"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=1000001",
		"iteration"},
	    {"r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i="
	     "18446744073709555712",
		"iteration"},
	    {"m=x,r=fyko+d2lbbFgONRv9qkxdawLx,s=QSXCR+Q6sek8bf92,i=4096",
		"extension"},
	};
	size_t i;

	for (i = 0; i < LENGTH(bad); i++) {
		struct sasl *s = begun(0, "user", NULL);

		refuses(s, bad[i].in, bad[i].why);
		over(s, 0);
	}
}
END_TEST

START_TEST(scram_names)
{
	static const char first[] =
	    "n,a=an=3Dna=2C,n=a=3D3Db=2Cc\xC3\xBC,r=fyko+d2lbbFgONRv9qkxdawL";
	struct sasl *s = begun(0, "a=3Db,c\xC3\xBC", "an=na,");

	ck_assert_str_eq(out.data, first);
	ck_assert_int_eq(step(s, scram[0].server_first, NULL), 0);
	/* The channel binding repeats the header with its authzid. */
	ck_assert_msg(strncmp(out.data, "c=bixhPWFuPTNEbmE9MkMs,r=", 25) == 0,
	    "%s", out.data);
	over(s, 0);
}
END_TEST

START_TEST(scram_nonces_differ)
{
	struct sasl *a = made("SCRAM-SHA-256", "user", NULL, "x", 1);
	struct sasl *b = made("SCRAM-SHA-256", "user", NULL, "x", 1);
	struct fail f = {0};
	char *one;

	ck_assert_int_eq(step(a, "", &f), 0);
	one = mem_strdup(out.data);
	ck_assert_int_eq(step(b, "", &f), 0);
	ck_assert_str_ne(one, out.data);
	ck_assert_uint_ge(strlen(strstr(one, ",r=") + 3), 24);
	ck_assert_ptr_null(strchr(strstr(one, ",r=") + 3, ','));
	free(one);
	sasl_free(a);
	sasl_free(b);
	buf_wipe(&out);
}
END_TEST

/* ---- RFC 7628 section 4, and what Google documents ---- */

START_TEST(oauthbearer)
{
	static const char token[] =
	    "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==";
	struct sasl *s =
	    made("OAUTHBEARER", "user@example.com", NULL, token, strlen(token));

	gives(s, "",
	    "n,a=user@example.com,\001host=server.example.com\001port=143\001"
	    "auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\001\001");
	over(s, 1);
	/* A refusal is a challenge, which wants %x01. */
	s = made("OAUTHBEARER", "u", "x=y,z", token, strlen(token));
	ck_assert_int_eq(step(s, "", NULL), 0);
	ck_assert_msg(
	    strncmp(out.data, "n,a=x=3Dy=2Cz,\001", 15) == 0, "%s", out.data);
	gives(s, "{\"status\":\"invalid_token\"}", "\001");
	refuses(s, "{}", "once too often");
	over(s, 0); /* and an OK after that is none */
}
END_TEST

START_TEST(xoauth2)
{
	static const char token[] =
	    "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg";
	struct sasl *s =
	    made("XOAUTH2", "someuser@example.com", NULL, token, strlen(token));
	struct buf b = {0};
	struct fail f = {0};

	ck_assert_int_eq(step(s, "", &f), 0);
	text_base64(&b, out.data, out.len);
	ck_assert_str_eq(b.data,
	    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRm"
	    "dDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==");
	buf_free(&b);
	over(s, 1);
	s = made("XOAUTH2", "u", NULL, token, strlen(token));
	ck_assert_int_eq(step(s, "", &f), 0);
	gives(s, "{\"status\":\"400\"}", "");
	refuses(s, "{}", "once too often");
	over(s, 0);
	s = made("XOAUTH2", "u", "somebody", token, strlen(token));
	refuses(s, "", "authzid");
	over(s, 0);
}
END_TEST

START_TEST(tokens)
{
	static const char *const mech[] = {"XOAUTH2", "OAUTHBEARER"};
	static const char *const bad[] = {
	    "a\001b", "a b", "a\nb", "a\tb", "a\x7f", "Bearer x", "\xC3\xBC"};
	struct sasl *s;
	size_t i, k;

	for (k = 0; k < LENGTH(mech); k++) {
		for (i = 0; i < LENGTH(bad); i++) {
			s = made(mech[k], "u", NULL, bad[i], strlen(bad[i]));
			refuses(s, "", "token");
			over(s, 0);
		}
		s = made(mech[k], "u", NULL, "a\0b", 3);
		refuses(s, "", "token");
		over(s, 0);
		s = made(mech[k], "u\001auth=Bearer x", NULL, "ab", 2);
		refuses(s, "", "name");
		over(s, 0);
	}
}
END_TEST

/* ---- the choice ---- */

static const char *
chosen(const char *offered, const char *wanted)
{
	const struct sasl_mech *m = sasl_choose(offered, wanted);

	return m != NULL ? m->name : "none";
}

START_TEST(choice)
{
	static const char all[] = " GSSAPI LOGIN PLAIN SCRAM-SHA-1 XOAUTH2 "
				  "SCRAM-SHA-256 OAUTHBEARER EXTERNAL";

	ck_assert_str_eq(chosen(all, NULL), "SCRAM-SHA-256");
	ck_assert_str_eq(
	    chosen("LOGIN plain SCRAM-SHA-1", NULL), "SCRAM-SHA-1");
	ck_assert_str_eq(chosen("LOGIN plain", NULL), "PLAIN");
	ck_assert_str_eq(chosen("LOGIN", NULL), "LOGIN");
	/* A token or a certificate is used when it is asked for only. */
	ck_assert_str_eq(chosen("XOAUTH2 OAUTHBEARER EXTERNAL", NULL), "none");
	ck_assert_str_eq(chosen(all, "XOAUTH2"), "XOAUTH2");
	ck_assert_str_eq(chosen(all, "external"), "EXTERNAL");
	/* What is wanted and not offered has no stand-in. */
	ck_assert_str_eq(chosen("LOGIN PLAIN", "SCRAM-SHA-256"), "none");
	ck_assert_str_eq(chosen(all, "CRAM-MD5"), "none");
	ck_assert_str_eq(chosen("", NULL), "none");
	ck_assert_str_eq(
	    chosen("PLAINX XPLAIN SCRAM-SHA-256-PLUS", NULL), "none");
	ck_assert_ptr_null(sasl_find("PLAI"));
	ck_assert_ptr_nonnull(sasl_find("scram-sha-1"));
}
END_TEST

SUITE("sasl")
{
	tcase_add_test(tc, plain);
	tcase_add_test(tc, login);
	tcase_add_test(tc, external);
	tcase_add_loop_test(tc, scram_by_the_book, 0, LENGTH(scram));
	tcase_add_test(tc, scram_server_unproved);
	tcase_add_test(tc, scram_bad_challenges);
	tcase_add_test(tc, scram_names);
	tcase_add_test(tc, scram_nonces_differ);
	tcase_add_test(tc, oauthbearer);
	tcase_add_test(tc, xoauth2);
	tcase_add_test(tc, tokens);
	tcase_add_test(tc, choice);
}
