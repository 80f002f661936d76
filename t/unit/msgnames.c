/* Unit tests of msg: folder names and roles. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"
#include "tap.h"

/* NULL: must be refused.  The first ones are RFC 3501 5.1.3's own. */
static const struct {
	const char *utf7, *utf8;
} shifted[] = {
    {"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
	"~peter/mail/\345\217\260\345\214\227/\346\227\245\346\234\254\350\252"
	"\236"},
    {"&Jjo-!", "\342\230\272!"},
    {"&Jjo!", NULL},
    {"&U,BTFw-&ZeVnLIqe-", NULL},
    {"&U,BTF2XlZyyKng-",
	"\345\217\260\345\214\227\346\227\245\346\234\254\350"
	"\252\236"},
    {"", ""},
    {"INBOX", "INBOX"},
    {"&-", "&"},
    {"&-&-", "&&"},
    {"A&-B &- C", "A&B & C"},
    {"Entw&APw-rfe", "Entw\303\274rfe"},
    {"&APw-&-", "\303\274&"},
    {"&2D3eAA-", "\360\237\230\200"},
    {"&AAE-", "\001"},
    {"&AAk-", "\t"},
    {"&AH8-", "\177"},
    {"&BB8EQARBBEQ-", "\320\237\321\200\321\201\321\204"},
    {"&", NULL},
    {"&AOk", NULL},
    {"abc&", NULL},
    {"&AOk-&", NULL},
    {"&AG0-", NULL},
    {"&ACY-", NULL}, /* m and & need no shift */
    {"&AOkAbQ-", NULL},
    {"&AGkA6Q-", NULL},
    {"&AAA-", NULL},
    {"&2D0-", NULL},
    {"&3gA-", NULL},
    {"&2D0A6Q-", NULL},
    {"&3gDYPQ-", NULL},
    {"&2D3YPQ-", NULL}, /* halves of pairs */
    {"&AOk=-", NULL},
    {"&AO/k-", NULL},
    {"&A-", NULL},
    {"&AO-", NULL},
    {"&AOl-", NULL},
    {"&AOkA-", NULL}, /* bits left over */
    {"caf\303\251", NULL},
    {"caf\351", NULL},
    {"tab\t", NULL},
    {"\177", NULL},
};

START_TEST(utf7)
{
	const char *in = shifted[_i].utf7, *want = shifted[_i].utf8;
	struct buf b = {0};
	int ok = utf7_decode(&b, in, strlen(in));

	ck_assert_msg(ok == (want != NULL), "%s", in);
	if (ok) {
		ck_assert_str_eq(b.data, want);
		buf_reset(&b);
		ck_assert(utf7_encode(&b, want, strlen(want)));
		ck_assert_str_eq(b.data, in);
	}
	buf_free(&b);
}
END_TEST

START_TEST(utf7_refuses)
{
	struct buf b = {0};

	ck_assert(!utf7_encode(&b, "a\0b", 3));
	ck_assert(!utf7_encode(&b, "\351", 1));
	ck_assert(!utf7_encode(&b, "\355\240\200", 3));
	ck_assert(!utf7_decode(&b, "a\0b", 3));
	ck_assert(!utf7_decode(&b, "&A\0k-", 5));
	buf_free(&b);
}
END_TEST

static uint32_t
point(unsigned int *seed)
{
	uint32_t r = (uint32_t)rand_r(seed), c;

	switch (r % 4) {
	case 0:
		return 0x20 + (uint32_t)rand_r(seed) % 0x5f;
	case 1:
		return 1 + (uint32_t)rand_r(seed) % 0x7ff;
	case 2:
		return 0x10000 + (uint32_t)rand_r(seed) % 0x100000;
	default:
		c = 1 + (uint32_t)rand_r(seed) % 0xffff;
		return c >= 0xd800 && c <= 0xdfff ? 0x263a : c;
	}
}

START_TEST(utf7_round_trip)
{
	unsigned int seed = 41;
	int i, k;

	for (i = 0; i < 20000; i++) {
		struct buf text = {0}, wire = {0}, again = {0};

		for (k = rand_r(&seed) % 12; k >= 0; k--)
			text_utf8_add(&text, point(&seed));
		ck_assert(utf7_encode(&wire, text.data, text.len));
		ck_assert(utf7_decode(&again, wire.data, wire.len));
		ck_assert_str_eq(again.data, text.data);
		buf_free(&text);
		buf_free(&wire);
		buf_free(&again);
	}
}
END_TEST

static const struct {
	const char *raw;
	char sep;
	const char *prefix;
	int utf8;
	const char *folder;
} names[] = {
    {"INBOX", '/', "", 0, "INBOX"},
    {"Archiv.2020", '.', "", 0, "Archiv/2020"},
    {"a/b.c", '.', "", 0, "a%2Fb/c"},
    {"100%", '/', "", 0, "100%25"},
    {"%2F", '/', "", 0, "%252F"},
    {"a/b", '\0', "", 0, "a%2Fb"},
    {"INBOX.Sent", '.', "INBOX.", 0, "Sent"},
    {"INBOX.INBOX", '.', "INBOX.", 0, "%49NBOX"},
    {"INBOX.inbox", '.', "INBOX.", 0, "%69nbox"},
    {"INBOX.INBOX.x", '.', "INBOX.", 0, "INBOX/x"},
    {"INBOX/x", '/', "", 0, "INBOX/x"},
    {"Entw&APw-rfe", '/', "", 0, "Entw\303\274rfe"},
    {"Entw\303\274rfe", '/', "", 1, "Entw\303\274rfe"},
    {"A&-B", '/', "", 0, "A&B"},
    {"A&-B", '/', "", 1, "A&-B"},
    {"a\\b~*%\"", '/', "", 0, "a\\b~*%25\""},
    {"x/ trailing ", '/', "", 0, "x/ trailing "},
    {"&AC8-", '/', "", 0, "%26AC8-"}, /* a / must not be shifted */
    {"&AOk/ok", '/', "", 0, "%26AOk/ok"},
    {"&/&-", '/', "", 0, "%26/&"},
    {"caf\351", '/', "", 0, "caf%E9"},
    {"caf\303\251", '/', "", 0, "caf%C3%A9"},
    {"caf\351&", '/', "", 1, "caf%E9%26"},
    {"caf\351%/x", '.', "", 1, "caf%E9%25%2Fx"},
    {"&AAE-", '/', "", 0, "%26AAE-"},
    {"\033[2J", '/', "", 1, "%1B[2J"},
    {"\302\233", '/', "", 1, "%C2%9B"},
};

START_TEST(name_both_ways)
{
	struct buf b = {0};
	struct fail f = {0};

	name_from_raw(&b, names[_i].raw, strlen(names[_i].raw), names[_i].sep,
	    names[_i].prefix, names[_i].utf8);
	ck_assert_str_eq(b.data, names[_i].folder);
	buf_reset(&b);
	ck_assert_msg(name_to_raw(&b, names[_i].folder, names[_i].sep,
			  names[_i].prefix, names[_i].utf8, &f) == 0,
	    "%s", f.why);
	ck_assert_str_eq(b.data, names[_i].raw);
	buf_free(&b);
}
END_TEST

/* Any octets come back, whatever the server lists. */
START_TEST(name_round_trip)
{
	static const char some[] = "aAI&-/.%+,\351\303\274\033~\\\"*2Fn5";
	unsigned int seed = 7;
	int i, utf8;

	for (i = 0; i < 40000; i++) {
		char raw[13], sep = "/.\0\\"[rand_r(&seed) % 4];
		size_t n = 1 + (size_t)rand_r(&seed) % 12, k;
		struct buf folder = {0}, back = {0};
		struct fail f = {0};

		for (k = 0; k < n; k++)
			raw[k] =
			    some[(size_t)rand_r(&seed) % (LENGTH(some) - 1)];
		raw[n] = '\0';
		utf8 = rand_r(&seed) % 2;
		name_from_raw(&folder, raw, n, sep, "", utf8);
		ck_assert(text_utf8_valid(folder.data, folder.len));
		if (name_to_raw(&back, folder.data, sep, "", utf8, &f) == 0)
			ck_assert_str_eq(back.data, raw);
		else
			ck_assert_msg(strstr(f.why, "empty level") != NULL,
			    "%s: %s", raw, f.why);
		buf_free(&folder);
		buf_free(&back);
	}
}
END_TEST

static const struct {
	const char *raw, *folder;
} inbox[] = {{"inbox", "INBOX"}, {"Inbox", "INBOX"}, {"iNbOx/x", "INBOX/x"},
    {"INBOXES", "INBOXES"}, {"x/inbox", "x/inbox"}};

START_TEST(inbox_in_any_case)
{
	struct buf b = {0};

	name_from_raw(&b, inbox[_i].raw, strlen(inbox[_i].raw), '/', "", 0);
	ck_assert_str_eq(b.data, inbox[_i].folder);
	buf_free(&b);
}
END_TEST

static const struct {
	const char *folder;
	char sep;
	int utf8;
} refused[] = {
    {"a%2Fb", '/', 0}, {"a.b", '.', 0}, {"a/b", '\0', 0}, {"", '/', 0},
    {"a//b", '/', 0}, {"/a", '/', 0}, {"a/", '/', 0}, {"a\001", '/', 0},
    {"a\r\nb", '/', 1}, {"a%0D%0Ab", '/', 0}, {"a%00", '/', 0}, {"a%", '/', 0},
    {"a%4", '/', 0}, {"a%zz", '/', 0}, {"caf\351", '/', 0}, {"caf\351", '/', 1},
    {"\302\233", '/', 1}, {"%2E%41", '.', 0},
    {"\303\251", 'A', 0}, /* the separator in base64 */
};

START_TEST(name_refused)
{
	struct buf b = {0};
	struct fail f = {0};

	ck_assert_int_eq(name_to_raw(&b, refused[_i].folder, refused[_i].sep,
			     "", refused[_i].utf8, &f),
	    -1);
	ck_assert_int_eq(f.code, CODE_NAME);
	buf_free(&b);
}
END_TEST

START_TEST(roles)
{
	static const struct {
		const char *attribute, *role;
	} known[] = {{"\\Sent", "sent"}, {"\\sent", "sent"},
	    {"\\Archive", "archive"}, {"\\Drafts", "drafts"},
	    {"\\Flagged", "flagged"}, {"\\Starred", "flagged"},
	    {"\\Junk", "junk"}, {"\\Spam", "junk"}, {"\\Trash", "trash"},
	    {"\\All", "all"}, {"\\AllMail", "all"}, {"\\Inbox", "inbox"},
	    {"\\Important", ""}, {"\\HasNoChildren", ""}, {"Sent", ""}};
	size_t i;
	int r;

	for (i = 0; i < LENGTH(known); i++)
		ck_assert_str_eq(role_name(role_of_attribute(known[i].attribute,
				     strlen(known[i].attribute))),
		    known[i].role);
	for (r = 0; r < ROLE_COUNT; r++) {
		const char *a = role_attribute((enum role)r);

		ck_assert(role_of(role_name((enum role)r)) == (enum role)r);
		if (a != NULL)
			ck_assert(
			    role_of_attribute(a, strlen(a)) == (enum role)r);
	}
	ck_assert(role_of("nonsense") == ROLE_NONE);
	ck_assert(role_of_attribute("\\Sen", 4) == ROLE_NONE);
}
END_TEST

SUITE("msgnames")
{
	tcase_add_loop_test(tc, utf7, 0, (int)LENGTH(shifted));
	tcase_add_test(tc, utf7_refuses);
	tcase_add_test(tc, utf7_round_trip);
	tcase_add_loop_test(tc, name_both_ways, 0, (int)LENGTH(names));
	tcase_add_test(tc, name_round_trip);
	tcase_add_loop_test(tc, inbox_in_any_case, 0, (int)LENGTH(inbox));
	tcase_add_loop_test(tc, name_refused, 0, (int)LENGTH(refused));
	tcase_add_test(tc, roles);
}
