/*
 * The store contract, over every scheme.  Files live in a directory of the
 * test's own; or STORE_URL names an account on a server that may be written
 * to, STORE_SECRET the reference to its password, and STORE_TRAITS what is
 * known of the server, in words of the table below.
 */
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "msg/msg.h"
#include "net/net.h"
#include "store/store.h"
#include "tap.h"

static const uint64_t first = 1;

enum { MOST = 16, BIG = 30 << 20 };
enum {
	NO_FLAG_CHANGE = 1,
	LONG_NAMES = 2, /* 300 octets are no impossible name */
	MASKS_8BIT = 4, /* an octet of a header that is not ASCII becomes X */
	FOREIGN = 8, /* header fields of its own, and a CR becomes CRLF */
	FEW_FLAGS = 16, /* no keywords; \Deleted goes with the session */
	NO_INBOX = 32 /* nothing can be appended there */
};
static const struct {
	const char *word;
	int trait;
} known_words[] = {{"long-names", LONG_NAMES}, {"masks-8bit", MASKS_8BIT},
    {"foreign", FOREIGN}, {"few-flags", FEW_FLAGS}, {"no-inbox", NO_INBOX}};

static const struct {
	const char *scheme, *path; /* below the test's directory */
	int traits;
} files[] = {
    {"maildir", "dots", 0},
    {"maildir", "nested;layout=fs", 0},
    {"mbox", "tree", NO_FLAG_CHANGE},
};
static char *urls[MOST];
static int traits[MOST];
static int count, on_disk;
static char top[] = "/tmp/store-XXXXXX";

static void
say(void *arg, const char *line)
{
	(void)arg;
	printf("# %s\n", line);
}

static struct store *
opened(int i, int write)
{
	const struct store_opt opt = {.write = write, .note = say};
	struct endpoint e = {0};
	struct fail f = {0};
	struct store *st;

	ck_assert_msg(
	    endpoint_parse(&e, urls[i], &f) == 0, "%s: %s", urls[i], f.why);
	ck_assert_msg(store_open(&st, &e,
			  endpoint_is_net(&e) ? getenv("STORE_SECRET") : NULL,
			  &opt, &f) == 0,
	    "%s: %s: %s", f.object, f.what, f.why);
	endpoint_free(&e);
	return st;
}

static void
create(struct store *st, const char *name)
{
	struct fail f = {0};

	ck_assert_msg(store_create(st, name, ROLE_NONE, NULL, &f) == 0,
	    "%s: %s: %s", f.object, f.what, f.why);
}

static void
enter(struct store *st, const char *name, int write)
{
	struct folder info;
	struct fail f = {0};

	ck_assert_msg(store_enter(st, name, write, &info, &f) == 0,
	    "%s: %s: %s", f.object, f.what, f.why);
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
}

/* One message in, its receipt waited for. */
static void
put(struct store *st, const char *folder, const struct put *p, const char *text,
    struct receipt *r)
{
	struct fail f = {0};
	uint64_t half = p->len / 2;

	ck_assert_msg(store_put(st, folder, p, &f) == 0, "%s: %s: %s", f.object,
	    f.what, f.why);
	ck_assert_int_eq(store_write(st, text, half, &f), 0);
	ck_assert_int_eq(store_write(st, text + half, p->len - half, &f), 0);
	ck_assert_int_eq(store_put_end(st, &f), 0);
	ck_assert_int_eq(store_flush(st, &f), 0);
	ck_assert_int_eq(store_settle(st, r, 1, &f), 1);
	ck_assert_msg(r->ok, "%s", r->why != NULL ? r->why->why : "?");
	ck_assert_uint_eq(r->cookie, p->cookie);
}

static void
simple(struct store *st, const char *folder, const char *text)
{
	const struct put p = {
	    .cookie = 7, .len = strlen(text), .date = 1000000000, .flags = ""};
	struct receipt r;

	put(st, folder, &p, text, &r);
}

static void
body(struct store *st, struct buf *b, uint64_t len)
{
	struct fail f = {0};
	const char *p;
	size_t n;
	int rc;

	buf_reset(b);
	buf_adds(b, "");
	while ((rc = store_read(st, &p, &n, &f)) == 1)
		buf_add(b, p, n);
	ck_assert_msg(rc == 0, "%s: %s", f.what, f.why);
	ck_assert_uint_eq(b->len, len);
}

/* ---- folders ---- */

enum { MAY_REFUSE = 1 };
static const struct {
	const char *name;
	int may;
} names[] = {
    {"plain", 0},
    {"one/two/three", 0},
    {"Entw\303\274rfe", 0},
    {"\346\227\245\346\234\254\350\252\236/\360\237\223\247", 0},
    {"R&D", 0},
    {"with blank", 0},
    {"v1.2.3", MAY_REFUSE},
    {"half%2Fslash", MAY_REFUSE},
    {"50%25", MAY_REFUSE},
    {"~tilde", MAY_REFUSE},
    {"back\\slash", MAY_REFUSE},
    {"not\\2eescaped", MAY_REFUSE},
    {"a*b", MAY_REFUSE},
    {"quo\"te", MAY_REFUSE},
    {"...", MAY_REFUSE},
    {"x/..", MAY_REFUSE},
    {"INBOX/sub", MAY_REFUSE},
    {"cur", MAY_REFUSE},
    {"new/tmp", MAY_REFUSE},
    {"&", MAY_REFUSE},
    {"=1+1", MAY_REFUSE},
    {"dovecot.index", MAY_REFUSE},
};

static const struct folder *
find(const struct folder *list, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(list[i].name, name) == 0)
			return &list[i];
	return NULL;
}

static void
check_list(struct store *st, const unsigned char *there)
{
	struct folder *list;
	struct fail f = {0};
	size_t n, i;

	ck_assert_msg(store_list(st, &list, &n, &f) == 0, "%s", f.why);
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(list[0].name, "INBOX");
	ck_assert_int_eq(list[0].role, ROLE_INBOX);
	for (i = 0; i < LENGTH(names); i++)
		if (there[i]) {
			const struct folder *d = find(list, n, names[i].name);

			ck_assert_msg(d != NULL, "%s is lost", names[i].name);
			ck_assert_int_eq(d->selectable, 1);
		}
	for (i = 0; i < n; i++) {
		char up[256];
		char *slash;

		if (i > 1)
			ck_assert_str_lt(list[i - 1].name, list[i].name);
		(void)snprintf(up, sizeof(up), "%s", list[i].name);
		if ((slash = strrchr(up, '/')) == NULL)
			continue;
		*slash = '\0';
		ck_assert_msg(find(list, i, up) != NULL, "%s is not before %s",
		    up, list[i].name);
	}
}

START_TEST(folders)
{
	struct store *st = opened(_i, 1);
	unsigned char there[LENGTH(names)] = {0};
	struct fail f = {0};
	size_t i;
	int made;

	for (i = 0; i < LENGTH(names); i++) {
		fail_clear(&f);
		made = -1;
		if (store_create(st, names[i].name, ROLE_NONE, &made, &f) ==
		    -1) {
			ck_assert_msg(names[i].may && f.code == CODE_NAME &&
				f.reach <= REACH_FOLDER,
			    "%s: %s %s", names[i].name, fail_code_name(f.code),
			    f.why);
			continue;
		}
		there[i] = 1;
		ck_assert_msg(made == 1, "%s", names[i].name);
		ck_assert_int_eq(
		    store_create(st, names[i].name, ROLE_NONE, &made, &f), 0);
		ck_assert_int_eq(made, 0);
	}
	check_list(st, there);
	store_close(st);
	st = opened(_i, 1);
	check_list(st, there);
	for (i = 0; i < LENGTH(names); i++)
		if (there[i]) {
			simple(st, names[i].name, "Subject: x\r\n\r\nhere\r\n");
			enter(st, names[i].name, 0);
		}
	store_close(st);
}
END_TEST

START_TEST(impossible_names)
{
	static const char *const bad[] = {"", "/", "a//b", "/etc", "x/",
	    "a\001b", "\n", "\377", "50%", "%00", "%2"};
	struct store *st = opened(_i, 1);
	char name[301];
	size_t i;

	for (i = 0; i <= LENGTH(bad); i++) {
		struct fail f = {0};
		struct folder info;

		memset(name, 'x', 300);
		name[300] = '\0';
		if (i < LENGTH(bad))
			(void)snprintf(name, sizeof(name), "%s", bad[i]);
		if (i == LENGTH(bad) && (traits[_i] & LONG_NAMES) != 0)
			break;
		ck_assert_msg(store_create(st, name, ROLE_NONE, NULL, &f) == -1,
		    "'%s' was created", name);
		ck_assert_msg(f.reach <= REACH_FOLDER, "%s", f.why);
		ck_assert_int_eq(store_enter(st, name, 0, &info, &f), -1);
		ck_assert_msg(f.reach <= REACH_FOLDER, "%s", f.why);
	}
	store_close(st);
}
END_TEST

START_TEST(missing_folder)
{
	const struct put p = {.len = 3, .date = CLOCK_NONE, .flags = ""};
	struct store *st = opened(_i, 1);
	struct folder info;
	struct fail f = {0};

	ck_assert_int_eq(store_enter(st, "not there", 0, &info, &f), -1);
	ck_assert_int_le(f.reach, REACH_FOLDER);
	ck_assert_int_eq(store_enter(st, "not there", 1, &info, &f), -1);
	if (store_put(st, "not there", &p, &f) == 0) {
		struct receipt r;

		ck_assert_int_eq(store_write(st, "a\r\n", 3, &f), 0);
		ck_assert_int_eq(store_put_end(st, &f), 0);
		ck_assert_int_eq(store_settle(st, &r, 1, &f), 1);
		ck_assert_int_eq(r.ok, 0);
	}
	store_close(st);
}
END_TEST

START_TEST(subscriptions)
{
	static const char *const mine[] = {
	    "sub/a.b", "sub/\303\274", "sub", "INBOX"};
	struct store *st = opened(_i, 1);
	struct folder *list;
	const struct folder *d;
	struct fail f = {0};
	size_t n, i;

	for (i = 0; i < LENGTH(mine); i++) {
		if (store_create(st, mine[i], ROLE_NONE, NULL, &f) == -1)
			continue;
		ck_assert_int_eq(store_subscribe(st, mine[i], &f), 0);
		ck_assert_int_eq(store_subscribe(st, mine[i], &f), 0);
	}
	create(st, "sub/no");
	store_close(st);
	st = opened(_i, 0);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	for (i = 0; i < LENGTH(mine); i++)
		if ((d = find(list, n, mine[i])) != NULL && d->selectable)
			ck_assert_msg(d->subscribed, "%s", mine[i]);
	d = find(list, n, "sub/no");
	ck_assert_ptr_nonnull(d);
	ck_assert_int_eq(d->subscribed, 0);
	ck_assert_uint_ne(d->known & FOLDER_SUBSCRIBED, 0);
	store_close(st);
}
END_TEST

/* ---- messages ---- */

#define HEAD "From: a@b\r\nSubject: s\r\nMessage-ID: <1@x>\r\n"
static const struct {
	const char *text, *flags;
	int64_t date;
} mail[] = {
    {HEAD "\r\nplain\r\n", "", 86400}, /* 1970-01-02 */
    {HEAD "\r\nFrom here on\r\n>From there\r\n>>From\r\n", "\\Seen",
	1000000000},
    {HEAD "\r\n", "\\Seen \\Answered \\Flagged \\Deleted \\Draft", 1582979696},
    {HEAD "\r\nbare \r CR\r\n\r\n\r\n", "\\Flagged $Label1 Work", 1700000000},
    {HEAD "\r\nFrom a@b Thu Jan  1 00:00:00 1970\r\nx\r\n", "$Forwarded",
	1700000001},
    {HEAD "X-8: \344\303\274\r\n\r\n\344\303\274\r\n", "Work", 1711846800},
    {HEAD "Content-Length: 3\r\nLines: 1\r\n\r\nmore than three\r\n", "",
	1700000002},
    {HEAD "\r\n.\r\n..\r\n. x\r\n", "", 1700000003},
};

/* What a server is known to do to a message; the rest is as it was. */
static void
check_text(int known, const char *got, const char *sent)
{
	const char *body_at = strstr(sent, "\r\n\r\n");
	size_t i, n = strlen(sent);
	struct buf masked = {0};

	if ((known & FOREIGN) != 0 && strstr(sent, "\r ") != NULL)
		return;
	if ((known & FOREIGN) != 0) {
		got = strstr(got, "\r\n\r\n");
		ck_assert_ptr_nonnull(got);
		ck_assert_msg(
		    strncmp(got, body_at, strlen(body_at)) == 0, "%s", got);
		return;
	}
	buf_adds(&masked, sent);
	for (i = 0; (known & MASKS_8BIT) != 0 && i < n; i++)
		if ((masked.data[i] & 0x80) != 0 && sent + i < body_at)
			masked.data[i] = 'X';
	ck_assert_str_eq(got, masked.data);
	buf_free(&masked);
}

static const char few_flags[] = "\\Seen \\Answered \\Flagged \\Draft";

static void
check_flags(int known, const char *got, const char *sent)
{
	struct buf kept = {0}, lost = {0};

	flags_allowed(sent, known & FEW_FLAGS ? few_flags : NULL, &kept, &lost);
	ck_assert_str_eq(got, kept.data);
	buf_free(&kept);
	buf_free(&lost);
}

static void
put_all(struct store *st, const char *folder)
{
	struct receipt r;
	size_t i;

	create(st, folder);
	for (i = 0; i < LENGTH(mail); i++) {
		struct buf kept = {0}, lost = {0};
		struct put p = {.cookie = i,
		    .len = strlen(mail[i].text),
		    .date = mail[i].date,
		    .alone = i % 2 == 0};

		flags_allowed(mail[i].flags,
		    traits[0] & FEW_FLAGS ? few_flags : NULL, &kept, &lost);
		p.flags = kept.data;
		put(st, folder, &p, mail[i].text, &r);
		buf_free(&kept);
		buf_free(&lost);
	}
}

START_TEST(there_and_back)
{
	struct store *st = opened(_i, 1);
	struct msgref m;
	struct fail f = {0};
	struct buf b = {0}, uids = {0};
	uint64_t ids[LENGTH(mail)], id, len;
	size_t i;

	put_all(st, "back");
	store_close(st);
	st = opened(_i, 0);
	enter(st, "back", 0);
	for (i = 0; i < LENGTH(mail); i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_msg(i == 0 || m.id > ids[i - 1], "ids do not rise");
		ids[i] = m.id;
		ck_assert_msg(
		    m.date == mail[i].date, "%zu: %lld", i, (long long)m.date);
		check_flags(traits[_i], m.flags, mail[i].flags);
		buf_reset(&uids);
		store_uid(st, m.id, &uids);
		ck_assert_uint_gt(uids.len, 0);
	}
	ck_assert_int_eq(store_next(st, &m, &f), 0);
	ck_assert_int_eq(store_want(st, ids, LENGTH(mail), &f), 0);
	for (i = 0; i < LENGTH(mail); i++) {
		ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
		ck_assert_uint_eq(id, ids[i]);
		body(st, &b, len);
		check_text(traits[_i], b.data, mail[i].text);
	}
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	/* From an id on. */
	ck_assert_int_eq(store_scan(st, ids[5], &f), 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_uint_eq(m.id, ids[5]);
	buf_free(&b);
	buf_free(&uids);
	store_close(st);
}
END_TEST

START_TEST(some_of_them)
{
	struct store *st = opened(_i, 1);
	struct msgref m;
	struct fail f = {0};
	struct buf b = {0};
	uint64_t ids[LENGTH(mail)], want[4], id, len;
	const char *p;
	size_t i, n;

	put_all(st, "some");
	enter(st, "some", 0);
	for (i = 0; i < LENGTH(mail); i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ids[i] = m.id;
	}
	want[0] = ids[1], want[1] = ids[3], want[2] = ids[5];
	want[3] = ids[7] + 1000; /* is not there */
	ck_assert_int_eq(store_want(st, want, 4, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1); /* unread */
	ck_assert_uint_eq(id, ids[1]);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, ids[3]);
	ck_assert_int_eq(store_read(st, &p, &n, &f), 1); /* begun */
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, ids[5]);
	body(st, &b, len);
	check_text(traits[_i], b.data, mail[5].text);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	buf_free(&b);
	store_close(st);
}
END_TEST

START_TEST(nothing_there)
{
	struct store *st = opened(_i, 1);
	struct folder info;
	struct msgref m;
	struct receipt r;
	struct fail f = {0};
	uint64_t id, len;

	create(st, "empty");
	ck_assert_int_eq(store_enter(st, "empty", 0, &info, &f), 0);
	ck_assert_uint_ne(info.known & FOLDER_MESSAGES, 0);
	ck_assert_uint_eq(info.messages, 0);
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
	ck_assert_int_eq(store_next(st, &m, &f), 0);
	ck_assert_int_eq(store_want(st, NULL, 0, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	ck_assert_int_eq(store_flush(st, &f), 0);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 0);
	ck_assert_uint_eq(store_outstanding(st), 0);
	store_close(st);
}
END_TEST

START_TEST(dates)
{
	static const int64_t all[] = {
	    86400, 951782400, 1582934400, 2147483647, 2147483648, 4102444800};
	struct store *st = opened(_i, 1);
	struct msgref m;
	struct fail f = {0};
	size_t i;
	/* Dovecot turns what is to come into now. */
	size_t n = strncmp(urls[_i], "imap", 4) == 0 ? 3 : LENGTH(all);

	create(st, "dates");
	for (i = 0; i < n; i++) {
		const struct put p = {.len = 11, .date = all[i], .flags = ""};
		struct receipt r;

		put(st, "dates", &p, "A: b\r\n\r\nc\r\n", &r);
		ck_assert_ptr_null(r.why);
	}
	enter(st, "dates", 0);
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_msg(m.date == all[i], "%lld", (long long)m.date);
	}
	store_close(st);
}
END_TEST

START_TEST(date_of_now)
{
	const struct put p = {.len = 11, .date = CLOCK_NONE, .flags = ""};
	struct store *st = opened(_i, 1);
	struct receipt r;
	struct msgref m;
	struct fail f = {0};

	create(st, "now");
	put(st, "now", &p, "A: b\r\n\r\nc\r\n", &r);
	enter(st, "now", 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_int_le(m.date, clock_now() + 2);
	ck_assert_int_ge(m.date, clock_now() - 60);
	store_close(st);
}
END_TEST

START_TEST(line_ends)
{
	static const struct {
		const char *in, *out;
	} ends[] = {
	    {"A: b\r\n\r\nbare\nLF\r\n", "A: b\r\n\r\nbare\r\nLF\r\n"},
	    {"A: b\r\n\r\nCR \r in\r\n", "A: b\r\n\r\nCR \r in\r\n"},
	    {"A: b\r\n\r\nCRCRLF\r\r\nx\r\r\r\n\r\n",
		"A: b\r\n\r\nCRCRLF\r\r\nx\r\r\r\n\r\n"},
	    {"A: b\r\n\r\nno end", "A: b\r\n\r\nno end"},
	    {"A: b\r\n\r\nCR at the end\r", "A: b\r\n\r\nCR at the end\r"},
	    {"A: b\r\n", "A: b\r\n"},
	    {"x", "x"},
	    {"\n", "\r\n"},
	    {"\r", "\r"},
	    {"", ""},
	};
	struct store *st = opened(_i, 1);
	struct fail f = {0};
	struct buf b = {0};
	uint64_t ids[LENGTH(ends)], id, len;
	size_t i;

	if (strncmp(urls[_i], "maildir", 7) != 0) {
		store_close(st);
		return;
	}
	create(st, "ends");
	for (i = 0; i < LENGTH(ends); i++) {
		simple(st, "ends", ends[i].in);
		ids[i] = i + 1;
	}
	enter(st, "ends", 0);
	ck_assert_int_eq(store_want(st, ids, LENGTH(ends), &f), 0);
	for (i = 0; i < LENGTH(ends); i++) {
		ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
		body(st, &b, len);
		ck_assert_str_eq(b.data, ends[i].out);
	}
	buf_free(&b);
	store_close(st);
}
END_TEST

/* Lines of many lengths, so that they fall across every buffer's end. */
static const char big_head[] = "Subject: big\r\n\r\n";
static char
octet_at(uint64_t i)
{
	uint64_t at = i % 77;

	if (i < sizeof(big_head) - 1)
		return big_head[i];
	return at == 75 ? '\r' : at == 76 ? '\n' : (char)('!' + i % 90);
}

START_TEST(thirty_megabytes)
{
	struct put p = {.cookie = 1, .date = 1600000000, .flags = "\\Seen"};
	struct store *st = opened(_i, 1);
	struct receipt r;
	struct fail f = {0};
	uint64_t i, id, len, got = 0, one = 1, skip = 0;
	static char piece[10007];
	const char *q;
	struct msgref m;
	size_t n;
	int rc;

	/* Of 30 MB GNU imap4d makes a minute or two. */
	p.len = ((traits[_i] & FOREIGN) != 0 ? BIG / 10 : BIG) / 77 * 77;
	create(st, "big");
	ck_assert_int_eq(store_put(st, "big", &p, &f), 0);
	for (i = 0; i < p.len; i += n) {
		for (n = 0; n < sizeof(piece) && i + n < p.len; n++)
			piece[n] = octet_at(i + n);
		ck_assert_int_eq(store_write(st, piece, n, &f), 0);
	}
	ck_assert_int_eq(store_put_end(st, &f), 0);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 1);
	ck_assert_msg(r.ok, "%s", r.why != NULL ? r.why->why : "?");
	enter(st, "big", 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	one = m.id;
	ck_assert_int_eq(store_want(st, &one, 1, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	if ((traits[_i] & FOREIGN) != 0) { /* the body alone */
		got = sizeof(big_head) - 1;
		skip = len - (p.len - got);
	} else
		ck_assert_uint_eq(len, p.len);
	while ((rc = store_read(st, &q, &n, &f)) == 1)
		for (i = 0; i < n; i++)
			if (skip > 0)
				skip--;
			else if (q[i] != octet_at(got++))
				ck_abort_msg("octet %llu differs",
				    (unsigned long long)got - 1);
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(got, p.len);
	store_close(st);
}
END_TEST

START_TEST(many_under_way)
{
	enum { N = 150 };
	struct store *st = opened(_i, 1);
	struct receipt r;
	struct msgref m;
	struct fail f = {0};
	unsigned char seen[N] = {0};
	char text[64];
	int i, rc, n = 0;

	create(st, "many");
	for (i = 0; i < N; i++) {
		struct put p = {
		    .cookie = (uint64_t)i, .date = 1500000000 + i, .flags = ""};

		p.len = (uint64_t)snprintf(
		    text, sizeof(text), "Subject: %d\r\n\r\nx\r\n", i);
		ck_assert_int_eq(store_put(st, "many", &p, &f), 0);
		ck_assert_int_eq(store_write(st, text, p.len, &f), 0);
		ck_assert_int_eq(store_put_end(st, &f), 0);
		while (store_settle(st, &r, 0, &f) == 1) {
			ck_assert_int_eq(r.ok, 1);
			seen[r.cookie]++;
			n++;
		}
		ck_assert_uint_le(store_outstanding(st),
		    store_can(st) & STORE_MULTI ? 64 * 100 + 100 : 128);
	}
	ck_assert_int_eq(store_flush(st, &f), 0);
	while ((rc = store_settle(st, &r, 1, &f)) == 1) {
		ck_assert_int_eq(r.ok, 1);
		seen[r.cookie]++;
		n++;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(n, N);
	ck_assert_uint_eq(store_outstanding(st), 0);
	for (i = 0; i < N; i++)
		ck_assert_int_eq(seen[i], 1);
	/* In the order they were put. */
	enter(st, "many", 0);
	for (i = 0; i < N; i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_int_eq(m.date, 1500000000 + i);
	}
	store_close(st);
}
END_TEST

START_TEST(two_folders_in_turn)
{
	struct store *st = opened(_i, 1);
	struct msgref m;
	struct fail f = {0};
	int i;

	create(st, "left");
	create(st, "right");
	for (i = 0; i < 6; i++)
		simple(st, i % 2 ? "left" : "right", "A: b\r\n\r\nc\r\n");
	enter(st, "left", 0);
	for (i = 0; i < 3; i++)
		ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_int_eq(store_next(st, &m, &f), 0);
	if ((traits[_i] & NO_INBOX) == 0) {
		simple(st, "INBOX", "A: b\r\n\r\nc\r\n");
		enter(st, "INBOX", 0);
		ck_assert_int_eq(store_next(st, &m, &f), 1);
	}
	store_close(st);
}
END_TEST

START_TEST(flag_changes)
{
	struct store *st = opened(_i, 1);
	struct msgref m, again;
	struct fail f = {0};

	create(st, "flags");
	simple(st, "flags", "A: b\r\n\r\none\r\n");
	simple(st, "flags", "A: b\r\n\r\ntwo\r\n");
	enter(st, "flags", 1);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	if (traits[_i] & NO_FLAG_CHANGE) {
		ck_assert_int_eq(
		    store_flags(st, &m.id, 1, "\\Seen", "", &f), -1);
		ck_assert_int_eq(f.code, CODE_FLAG);
		ck_assert_int_eq(f.reach, REACH_MESSAGE);
		store_close(st);
		return;
	}
	ck_assert_msg(store_flags(st, &m.id, 1,
			  traits[_i] & FEW_FLAGS ? "\\Seen \\Flagged"
						 : "\\Seen \\Flagged $Fresh",
			  "", &f) == 0,
	    "%s", f.why);
	ck_assert_msg(
	    store_flags(st, &m.id, 1, "\\Answered", "\\Seen", &f) == 0, "%s",
	    f.why);
	store_close(st);
	st = opened(_i, 0);
	enter(st, "flags", 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	check_flags(traits[_i], m.flags, "\\Answered \\Flagged $Fresh");
	ck_assert_int_eq(store_next(st, &again, &f), 1);
	ck_assert_str_eq(again.flags, "");
	store_close(st);
}
END_TEST

START_TEST(given_up_half_way)
{
	const struct put p = {.len = 100, .date = CLOCK_NONE, .flags = ""};
	struct store *st = opened(_i, 1);
	struct msgref m;
	struct fail f = {0};

	create(st, "half");
	ck_assert_int_eq(store_put(st, "half", &p, &f), 0);
	ck_assert_int_eq(store_write(st, "A: b\r\n", 6, &f), 0);
	store_abort(st);
	store_close(st);
	st = opened(_i, 0);
	enter(st, "half", 0);
	ck_assert_int_eq(store_next(st, &m, &f), 0);
	store_close(st);
}
END_TEST

START_TEST(a_source_is_never_written)
{
	const struct put p = {.len = 1, .date = CLOCK_NONE, .flags = ""};
	struct store *st = opened(_i, 1);
	struct fail f = {0};

	create(st, "source");
	store_close(st);
	st = opened(_i, 0);
	ck_assert_int_eq(store_create(st, "x", ROLE_NONE, NULL, &f), -1);
	ck_assert_int_eq(store_subscribe(st, "source", &f), -1);
	ck_assert_int_eq(store_put(st, "source", &p, &f), -1);
	ck_assert_msg(strstr(f.object, "/source") != NULL, "%s", f.object);
	ck_assert_int_eq(store_flags(st, &first, 1, "\\Seen", "", &f), -1);
	store_close(st);
}
END_TEST

/* ---- files: the source is the same after everything was read ---- */

static uint64_t sum;

static int
add_file(const char *path, const struct stat *sb, int kind, struct FTW *w)
{
	uint64_t h = 1469598103934665603u;
	const char *p;

	(void)w;
	for (p = path; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 1099511628211u;
	h += (uint64_t)sb->st_mtim.tv_sec * 31 +
	    (uint64_t)sb->st_mtim.tv_nsec * 37 + (uint64_t)sb->st_size * 41 +
	    (uint64_t)sb->st_ctim.tv_nsec * 43 + (uint64_t)sb->st_ino;
	if (kind == FTW_F)
		h += (uint64_t)sb->st_atim.tv_nsec;
	sum += h;
	return 0;
}

static uint64_t
state_of_files(void)
{
	sum = 0;
	ck_assert_int_eq(nftw(top, add_file, 16, FTW_PHYS), 0);
	return sum;
}

START_TEST(source_unchanged)
{
	struct store *st;
	struct folder *list;
	struct msgref m;
	struct fail f = {0};
	struct buf b = {0};
	uint64_t before, id, len;
	size_t n, i;

	if (_i >= on_disk)
		return;
	st = opened(_i, 1);
	put_all(st, "one/two");
	put_all(st, "INBOX");
	store_close(st);
	before = state_of_files();
	st = opened(_i, 0);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	for (i = 0; i < n; i++) {
		if (!list[i].selectable)
			continue;
		enter(st, list[i].name, 0);
		while (store_next(st, &m, &f) == 1) {
			ck_assert_int_eq(store_want(st, &m.id, 1, &f), 0);
			ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
			body(st, &b, len);
		}
	}
	store_close(st);
	ck_assert(before == state_of_files());
	buf_free(&b);
}
END_TEST

START_TEST(modes_are_private)
{
	struct store *st;
	char command[256];

	if (_i >= on_disk)
		return;
	(void)umask(0);
	st = opened(_i, 1);
	put_all(st, "one/two");
	store_close(st);
	(void)snprintf(command, sizeof(command),
	    "test -z \"$(find %s -mindepth 1 -perm /077)\"", top);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- for other programs to judge ---- */

/* STORE_LEAVE=URL: folders, messages and subscriptions are left there. */
START_TEST(left_behind)
{
	struct store *st = opened(0, 1);
	struct fail f = {0};
	size_t i;

	ck_assert_int_eq(_i, 0);
	for (i = 0; i < LENGTH(names); i++) {
		if (store_create(st, names[i].name, ROLE_NONE, NULL, &f) == -1)
			continue;
		put_all(st, names[i].name);
		if (i % 2 == 0)
			ck_assert_int_eq(
			    store_subscribe(st, names[i].name, &f), 0);
	}
	put_all(st, "INBOX");
	store_close(st);
}
END_TEST

static int
by_word(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

static void
show_message(struct store *st, const char *folder, const struct msgref *m)
{
	struct buf b = {0};
	struct fail f = {0};
	char *copy = mem_strdup(m->flags), *rest = copy, *words[64];
	char hex[65], when[CLOCK_TEXT];
	uint64_t id, len;
	uint8_t digest[32];
	size_t n = 0, i;

	ck_assert_int_eq(store_want(st, &m->id, 1, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	body(st, &b, len);
	msg_sha256(digest, b.data, b.len);
	text_hex(hex, digest, 32);
	while (n < 64 && *m->flags != '\0' &&
	    (words[n] = strsep(&rest, " ")) != NULL)
		n++;
	qsort(words, n, sizeof(*words), by_word);
	printf("# %s\t%s\t", folder, hex);
	for (i = 0; i < n; i++)
		printf("%s%s", i > 0 ? " " : "", words[i]);
	printf("\t%s\n", clock_format(when, m->date));
	free(copy);
	buf_free(&b);
}

/* STORE_SHOW=URL: what is there, as t/oracle.py dump has it. */
START_TEST(shown)
{
	struct store *st = opened(0, 0);
	struct folder *list;
	struct msgref m;
	struct fail f = {0};
	size_t n, i;
	int any;

	ck_assert_int_eq(_i, 0);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	for (i = 0; i < n; i++) {
		if (list[i].subscribed)
			printf("# subscribed %s\n", list[i].name);
		if (!list[i].selectable)
			continue;
		enter(st, list[i].name, 0);
		for (any = 0; store_next(st, &m, &f) == 1; any = 1)
			show_message(st, list[i].name, &m);
		if (!any)
			printf("# %s\t\t\t\n", list[i].name);
	}
	store_close(st);
}
END_TEST

/* ---- the table ---- */

static void
set_up(void)
{
	int i;

	ck_assert_ptr_nonnull(mkdtemp(top));
	for (i = 0; i < on_disk; i++)
		urls[i] =
		    mem_printf("%s:%s/%s", files[i].scheme, top, files[i].path);
}

static int
remove_one(const char *path, const struct stat *sb, int kind, struct FTW *w)
{
	(void)sb;
	(void)kind;
	(void)w;
	return remove(path);
}

static void
tear_down(void)
{
	(void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void
add_stores(void)
{
	const char *url = getenv("STORE_URL"), *known = getenv("STORE_TRAITS");
	size_t i;

	if (url != NULL) {
		urls[0] = mem_strdup(url);
		for (i = 0; known != NULL && i < LENGTH(known_words); i++)
			if (strstr(known, known_words[i].word) != NULL)
				traits[0] |= known_words[i].trait;
		count = 1;
		return;
	}
	for (count = 0; count < (int)LENGTH(files); count++)
		traits[count] = files[count].traits;
	on_disk = count;
}

SUITE("store")
{
	const TTest *const all[] = {folders, impossible_names, missing_folder,
	    subscriptions, there_and_back, some_of_them, nothing_there, dates,
	    date_of_now, line_ends, thirty_megabytes, many_under_way,
	    two_folders_in_turn, flag_changes, given_up_half_way,
	    a_source_is_never_written, source_unchanged, modes_are_private};
	const char *leave = getenv("STORE_LEAVE"), *show = getenv("STORE_SHOW");
	size_t i;

	if (leave != NULL || show != NULL) {
		urls[0] = mem_strdup(leave != NULL ? leave : show);
		tcase_add_loop_test(
		    tc, leave != NULL ? left_behind : shown, 0, 1);
		return;
	}
	add_stores();
	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (i = 0; i < LENGTH(all); i++)
		tcase_add_loop_test(tc, all[i], 0, count);
}
