/* Unit tests of the mbox store: variants, cuts, trees, append only. */
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "net/net.h"
#include "store/store.h"
#include "tap.h"

#define FROM "From a@b Thu Jan  1 00:00:10 1970\n"

static char top[64], notes[4096];

static void
note(void *arg, const char *line)
{
	size_t n = strlen(notes);

	(void)arg;
	(void)snprintf(notes + n, sizeof(notes) - n, "%s\n", line);
}

static const char *
path(const char *name)
{
	static char full[512];

	(void)snprintf(full, sizeof(full), "%s/%s", top, name);
	return full;
}

static void
make_file(const char *name, const char *text)
{
	FILE *fp = fopen(path(name), "w");

	ck_assert_ptr_nonnull(fp);
	ck_assert_int_ge(fputs(text, fp), 0);
	ck_assert_int_eq(fclose(fp), 0);
}

static const char *
content(const char *name)
{
	static char text[8192];
	FILE *fp = fopen(path(name), "r");

	memset(text, 0, sizeof(text));
	ck_assert_ptr_nonnull(fp);
	(void)!fread(text, 1, sizeof(text) - 1, fp);
	(void)fclose(fp);
	return text;
}

static int
try_open(struct store **st, const char *name, int write, struct fail *f)
{
	const struct store_opt opt = {.write = write, .note = note};
	struct endpoint e = {0};
	char url[600];
	int rc;

	(void)snprintf(url, sizeof(url), "mbox:%s", path(name));
	ck_assert_int_eq(endpoint_parse(&e, url, f), 0);
	rc = store_open(st, &e, NULL, &opt, f);
	endpoint_free(&e);
	return rc;
}

static struct store *
opened(const char *name, int write)
{
	struct fail f = {0};
	struct store *st;

	ck_assert_msg(
	    try_open(&st, name, write, &f) == 0, "%s: %s", f.object, f.why);
	return st;
}

/* The folder's messages as served, each ended by |. */
static const char *
messages(struct store *st, const char *folder)
{
	static struct buf b;
	struct folder info;
	struct msgref m;
	struct fail f = {0};
	uint64_t id, len, got;
	const char *p;
	size_t n;
	int rc;

	buf_reset(&b);
	buf_adds(&b, "");
	ck_assert_msg(store_enter(st, folder, 0, &info, &f) == 0, "%s", f.why);
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
	while (store_next(st, &m, &f) == 1) {
		ck_assert_int_eq(store_want(st, &m.id, 1, &f), 0);
		ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
		for (got = 0; (rc = store_read(st, &p, &n, &f)) == 1; got += n)
			buf_add(&b, p, n);
		ck_assert_int_eq(rc, 0);
		ck_assert_uint_eq(got, len);
		buf_addc(&b, '|');
	}
	return b.data;
}

static const struct {
	const char *file, *want, *note;
} files[] = {
    {"", "", NULL},
    {FROM, "|", NULL},
    {FROM "\n", "|", NULL},
    {FROM "A: b\n\nx\n", "A: b\r\n\r\nx\r\n|", NULL},
    {FROM "A: b\n\nx\n\n", "A: b\r\n\r\nx\r\n|", NULL},
    {FROM "A: b\n\nx", "A: b\r\n\r\nx|", NULL},
    {FROM "A: b\n\nx\n\n\n", "A: b\r\n\r\nx\r\n\r\n|", NULL},
    {FROM "A: b\n\n" FROM "C: d\n\ny\n", "A: b\r\n|C: d\r\n\r\ny\r\n|", NULL},
    {FROM "A: 1\n\nx\n\n" FROM "A: 2\n\ny\n\n",
	"A: 1\r\n\r\nx\r\n|A: 2\r\n\r\ny\r\n|", NULL},
    {"\n\n" FROM "A: b\n\nx\n", "A: b\r\n\r\nx\r\n|", NULL},
    /* mboxrd and mboxo; CRLF */
    {FROM "A: b\n\n>From x\n>>From y\n> From z\n>Fromage\n>",
	"A: b\r\n\r\nFrom x\r\n>From y\r\n> From z\r\n>Fromage\r\n>|",
	"read as mboxrd"},
    {FROM "A: b\n\n>From x\n", "A: b\r\n\r\nFrom x\r\n|", "mboxrd or mboxo"},
    {"From a@b Thu Jan  1 00:00:10 1970\r\nA: 1\r\n\r\n>From x\r\n\r\n"
     "From a@b Thu Jan  1 00:00:10 1970\r\nA: 2\r\n\r\ny\r\n\r\n",
	"A: 1\r\n\r\nFrom x\r\n|A: 2\r\n\r\ny\r\n|", "mboxrd"},
    /* no starts: no date; no empty line before */
    {FROM "A: b\n\nx\n\nFrom time to time\nit rains\n",
	"A: b\r\n\r\nx\r\n\r\nFrom time to time\r\nit rains\r\n|", NULL},
    {FROM "A: b\n\nx\n\nFrom time to time\nNote: rain\n",
	"A: b\r\n\r\nx\r\n\r\nFrom time to time\r\nNote: rain\r\n|",
	"1 lines may begin"},
    {FROM "A: b\n\nx\n" FROM "C: d\n\ny\n",
	"A: b\r\n\r\nx\r\nFrom a@b Thu Jan  1 00:00:10 1970\r\n"
	"C: d\r\n\r\ny\r\n|",
	"1 lines may begin"},
    /* a start needs no header after it */
    {FROM "A: b\n\nx\n\n" FROM "and so on\n",
	"A: b\r\n\r\nx\r\n|and so on\r\n|",
	"1 messages begin without a header"},
    {FROM " x\n\n" FROM "\tA: b\n\ny\n\n" FROM "\x80\n\n",
	" x\r\n|\tA: b\r\n\r\ny\r\n|\x80\r\n|",
	"2 messages begin without a header"},
    /* no dates at all */
    {"From -\nA: 1\n\nFrom Russia\n\nFrom here\nto there\n\nFrom -\nA: 2\n\n"
     "y\n",
	"A: 1\r\n\r\nFrom Russia\r\n\r\nFrom here\r\nto there\r\n|"
	"A: 2\r\n\r\ny\r\n|",
	"1 lines may begin"},
    {"\357\273\277From -\nA: 1\n\nx\n", "A: 1\r\n\r\nx\r\n|", NULL},
    /* senders with blanks, none, zones */
    {"From \"a b\"@c Thu Jan  1 00:00:10 1970\nA: 1\n\n"
     "From - Thu Jan  1 00:00:10 1970\nA: 2\n\n",
	"A: 1\r\n|A: 2\r\n|", NULL},
    {"From nobody\nA: 1\n\nx\n", "A: 1\r\n\r\nx\r\n|", NULL},
    /* flags are no part of the octets; the rest stays as it is */
    {FROM "Status: RO\nA: b\nX-Status: A\nX-Keywords: k\n\tl\nX-UID: 7\n"
	  "X-Statusbar: 1\nContent-Length: 99\n\nStatus: R\n",
	"A: b\r\nX-Statusbar: 1\r\nContent-Length: 99\r\n\r\nStatus: R\r\n|",
	NULL},
    {FROM "X-IMAPbase: 1 2 k\nA: 1\n\nx\n\n" FROM "X-IMAPbase: 1\n\ny\n",
	"A: 1\r\n\r\nx\r\n|X-IMAPbase: 1\r\n\r\ny\r\n|", NULL},
    {FROM "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
	  "X-IMAP: 1 2\nStatus: RO\n\nThis text is part\n\n" FROM "A: 1\n\nx\n",
	"A: 1\r\n\r\nx\r\n|", NULL},
    {FROM "Subject: DON'T DELETE THIS MESSAGE\n\nmine\n",
	"Subject: DON'T DELETE THIS MESSAGE\r\n\r\nmine\r\n|", NULL},
    /* Content-Length */
    {FROM "Content-Length: 48\n\nin\n\n" FROM "A: inside\n" /* 48 */
	  "\n" FROM "Content-Length: 2\n\ny\n\n",
	"Content-Length: 48\r\n\r\nin\r\n\r\n"
	"From a@b Thu Jan  1 00:00:10 1970\r\nA: inside\r\n|"
	"Content-Length: 2\r\n\r\ny\r\n|",
	"mboxcl2"},
    {FROM "Content-Length: 8\n\n>From x\n\n" FROM "Content-Length: 2\n\ny\n\n",
	"Content-Length: 8\r\n\r\nFrom x\r\n|"
	"Content-Length: 2\r\n\r\ny\r\n|",
	"mboxcl"},
    {FROM "Content-Length: 3\n\nlonger\n\n" FROM
	  "Content-Length: 999999\n\ny\n\n",
	"Content-Length: 3\r\n\r\nlonger\r\n|"
	"Content-Length: 999999\r\n\r\ny\r\n|",
	NULL},
    /* One right one among others does not make it such a file. */
    {FROM "Content-Length: 48\n\nin\n\n" FROM "A: inside\n" /* 48 */
	  "\n" FROM "A: 1\n\ny\n\n" FROM "A: 2\n\nz\n",
	"Content-Length: 48\r\n\r\nin\r\n|A: inside\r\n|"
	"A: 1\r\n\r\ny\r\n|A: 2\r\n\r\nz\r\n|",
	NULL},
};

START_TEST(variants)
{
	struct store *st;

	make_file("file", files[_i].file);
	st = opened("file", 0);
	ck_assert_str_eq(messages(st, "INBOX"), files[_i].want);
	if (files[_i].note != NULL)
		ck_assert_msg(
		    strstr(notes, files[_i].note) != NULL, "%s", notes);
	else
		ck_assert_str_eq(notes, "");
	store_close(st);
	ck_assert_str_eq(content("file"), files[_i].file);
}
END_TEST

/* What is served can be written and served again. */
START_TEST(variants_again)
{
	struct store *st = opened("copy", 1);
	struct put p = {.date = 5, .flags = "\\Seen"};
	struct receipt r;
	struct fail f = {0};
	const char *text = files[_i].want, *end;
	struct buf want = {0};

	buf_adds(&want, "");
	for (; (end = strchr(text, '|')) != NULL; text = end + 1) {
		p.len = (uint64_t)(end - text);
		ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
		ck_assert_int_eq(store_write(st, text, p.len, &f), 0);
		ck_assert_int_eq(store_put_end(st, &f), 0);
		buf_add(&want, text, p.len);
		if (p.len > 0 && end[-1] != '\n')
			buf_adds(&want, "\r\n");
		buf_addc(&want, '|');
	}
	ck_assert_int_eq(store_flush(st, &f), 0);
	while (store_settle(st, &r, 1, &f) == 1)
		ck_assert_int_eq(r.ok, 1);
	ck_assert_str_eq(messages(st, "INBOX"), want.data);
	store_close(st);
	buf_free(&want);
}
END_TEST

START_TEST(flags_and_dates)
{
	static const struct {
		const char *file, *flags;
		int64_t date;
	} all[] = {
	    {FROM "A: b\n\n", "", 10},
	    {FROM "Status: RO\nX-Status: AFDT\nX-Keywords: a, b  c \n\n",
		"\\Seen \\Answered \\Flagged \\Deleted \\Draft a b c", 10},
	    {FROM "Status: O\nX-Status: F\n\nStatus: R\n", "\\Flagged", 10},
	    {"From x\nA: b\n\n", "", CLOCK_NONE},
	};
	struct store *st;
	struct folder info;
	struct msgref m;
	struct fail f = {0};
	size_t i;

	for (i = 0; i < LENGTH(all); i++) {
		make_file("file", all[i].file);
		st = opened("file", 0);
		ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
		ck_assert_int_eq(store_scan(st, 0, &f), 0);
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_str_eq(m.flags, all[i].flags);
		ck_assert(m.date == all[i].date);
		store_close(st);
	}
}
END_TEST

static void
put(struct store *st, const char *folder, const char *text)
{
	const struct put p = {
	    .len = strlen(text), .date = 0, .flags = "\\Seen k"};
	struct fail f = {0};

	ck_assert_msg(store_put(st, folder, &p, &f) == 0, "%s", f.why);
	ck_assert_int_eq(store_write(st, text, p.len, &f), 0);
	ck_assert_int_eq(store_put_end(st, &f), 0);
}

static void
settle(struct store *st)
{
	struct receipt r;
	struct fail f = {0};

	ck_assert_int_eq(store_flush(st, &f), 0);
	while (store_settle(st, &r, 1, &f) == 1)
		ck_assert_int_eq(r.ok, 1);
}

#define OURS "From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"

START_TEST(appended)
{
	static const char *const before[][2] = {{"", ""},
	    {FROM "A: 1\n\nx\n\n", ""}, {FROM "A: 1\n\nx\n", "\n"},
	    {FROM "A: 1\n\nx", "\n\n"}, {"\n", ""}};
	struct store *st;
	char want[512];
	size_t i;

	for (i = 0; i < LENGTH(before); i++) {
		make_file("file", before[i][0]);
		st = opened("file", 1);
		put(st, "INBOX", "A: 2\r\nStatus: old\r\n\r\nFrom me\r\n");
		ck_assert_int_eq(access(path("file.lock"), F_OK), 0);
		settle(st);
		ck_assert_int_eq(access(path("file.lock"), F_OK), -1);
		store_close(st);
		(void)snprintf(want, sizeof(want),
		    "%s%s" OURS "A: 2\nStatus: RO\nX-Keywords: k\n\n"
		    ">From me\n\n",
		    before[i][0], before[i][1]);
		ck_assert_str_eq(content("file"), want);
	}
}
END_TEST

/* Whatever a message ends with, the next one is another. */
START_TEST(any_octet_last)
{
	struct store *st;
	struct put p = {.len = 1, .date = 5, .flags = "\\Seen"};
	struct folder info;
	struct receipt r;
	struct fail f = {0};
	const char *text;
	size_t n;
	uint64_t id, len;
	int c;

	st = opened("all", 1);
	for (c = 0; c < 256; c++) {
		const char octet = (char)c;

		ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
		ck_assert_int_eq(store_write(st, &octet, 1, &f), 0);
		ck_assert_int_eq(store_put_end(st, &f), 0);
	}
	ck_assert_int_eq(store_flush(st, &f), 0);
	while (store_settle(st, &r, 1, &f) == 1)
		ck_assert_int_eq(r.ok, 1);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_uint_eq(info.messages, 256);
	for (c = 0; c < 256; c++) {
		id = (uint64_t)c + 1;
		ck_assert_int_eq(store_want(st, &id, 1, &f), 0);
		ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
		ck_assert_int_eq(store_read(st, &text, &n, &f), 1);
		if (c != '\n' && c != '\r') {
			ck_assert_uint_eq(n, 3);
			ck_assert_int_eq(text[0], (char)c);
		}
		ck_assert_int_eq(text[n - 2], '\r');
		ck_assert_int_eq(text[n - 1], '\n');
	}
	store_close(st);
}
END_TEST

START_TEST(cut_back)
{
	const struct rlimit small = {100000, 100000};
	const struct put p = {.len = 300000, .date = 1, .flags = ""};
	struct store *st;
	struct receipt r;
	struct fail f = {0};
	static char text[300000];
	int rc;

	make_file("file", FROM "A: 1\n\nx\n\n");
	/* Closed before the receipt. */
	st = opened("file", 1);
	put(st, "INBOX", "A: 2\r\n\r\n");
	store_close(st);
	ck_assert_str_eq(content("file"), FROM "A: 1\n\nx\n\n");
	/* Given up half-way, behind one that stays. */
	st = opened("file", 1);
	put(st, "INBOX", "A: 2\r\n\r\n");
	ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
	ck_assert_int_eq(store_write(st, text, 200000, &f), 0);
	store_abort(st);
	/* No space left. */
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
	rc = store_write(st, text, p.len, &f);
	if (rc == 0)
		rc = store_put_end(st, &f);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(f.code, CODE_IO);
	store_abort(st);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 1);
	ck_assert_int_eq(r.ok, 1);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 0);
	store_close(st);
	ck_assert_str_eq(content("file"),
	    FROM "A: 1\n\nx\n\n" OURS "A: 2\nStatus: RO\nX-Keywords: k\n\n\n");
	ck_assert_int_eq(access(path("file.lock"), F_OK), -1);
}
END_TEST

START_TEST(only_regular_files)
{
	const struct put p = {.len = 1, .date = 1, .flags = ""};
	struct store *st;
	struct folder info;
	struct fail f = {0};

	make_file("real", FROM "A: 1\n\nx\n\n");
	ck_assert_int_eq(mkdir(path("tree"), 0755), 0);
	ck_assert_int_eq(symlink("../real", path("tree/link")), 0);
	ck_assert_int_eq(mkfifo(path("tree/pipe"), 0600), 0);
	make_file("tree/mine", "");
	st = opened("tree", 1);
	ck_assert_int_eq(store_enter(st, "link", 0, &info, &f), -1);
	ck_assert_ptr_nonnull(strstr(f.why, "symbolic link"));
	ck_assert_int_eq(store_put(st, "link", &p, &f), -1);
	ck_assert_int_eq(store_put(st, "pipe", &p, &f), -1);
	put(st, "mine", "A: 2\r\n\r\n");
	settle(st);
	store_close(st);
	ck_assert_str_eq(content("real"), FROM "A: 1\n\nx\n\n");
}
END_TEST

START_TEST(tree)
{
	struct store *st;
	struct folder *list;
	struct fail f = {0};
	struct buf b = {0};
	size_t n, i;

	ck_assert_int_eq(mkdir(path("t"), 0755), 0);
	ck_assert_int_eq(mkdir(path("t/a.sbd"), 0755), 0);
	ck_assert_int_eq(mkdir(path("t/a.sbd/b.sbd"), 0755), 0);
	ck_assert_int_eq(mkdir(path("t/plain"), 0755), 0);
	make_file("t/Inbox", FROM "A: in\n\n");
	make_file("t/a", FROM "A: a\n\n");
	make_file("t/a.msf", "// <!-- <mdb:mork:z v=\"1.4\"/> -->\n");
	make_file("t/a.sbd/b", "");
	make_file("t/a.sbd/b.sbd/c.d", FROM "A: c\n\n");
	make_file("t/plain/x", FROM "A: x\n\n");
	make_file("t/notes.txt", "no mail\n");
	make_file("t/.hidden", FROM "A: x\n\n");
	make_file("t/a.lock", "");
	st = opened("t", 1);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s%s|", list[i].name,
		    list[i].selectable ? "" : "(no)");
	ck_assert_str_eq(b.data, "INBOX|a|a/b|a/b/c.d|plain(no)|plain/x|");
	ck_assert_ptr_nonnull(strstr(notes, "1 files are no mbox"));
	ck_assert_str_eq(messages(st, "INBOX"), "A: in\r\n|");
	ck_assert_str_eq(messages(st, "a/b/c.d"), "A: c\r\n|");
	ck_assert_str_eq(messages(st, "plain/x"), "A: x\r\n|");
	ck_assert_int_eq(store_create(st, "plain/y", ROLE_NONE, NULL, &f), 0);
	ck_assert_int_eq(store_create(st, "new/y.msf", ROLE_NONE, NULL, &f), 0);
	ck_assert_int_eq(store_create(st, ".dot", ROLE_NONE, NULL, &f), 0);
	put(st, "INBOX", "A: 2\r\n\r\n");
	settle(st);
	store_close(st);
	ck_assert_int_eq(access(path("t/plain/y"), F_OK), 0);
	ck_assert_int_eq(access(path("t/new"), F_OK), 0);
	ck_assert_int_eq(access(path("t/new.sbd/y\\2emsf"), F_OK), 0);
	ck_assert_int_eq(access(path("t/\\2edot"), F_OK), 0);
	ck_assert_ptr_nonnull(strstr(content("t/Inbox"), "A: 2"));
	buf_free(&b);
}
END_TEST

START_TEST(one_file_one_folder)
{
	struct store *st;
	struct folder info;
	struct fail f = {0};

	make_file("file", "");
	st = opened("file", 1);
	ck_assert_uint_eq(store_can(st) & STORE_FOLDERS, 0);
	ck_assert_int_eq(store_create(st, "INBOX", ROLE_NONE, NULL, &f), 0);
	ck_assert_int_eq(store_create(st, "x", ROLE_NONE, NULL, &f), -1);
	ck_assert_int_eq(f.code, CODE_NAME);
	ck_assert_int_eq(store_enter(st, "x", 0, &info, &f), -1);
	store_close(st);
	make_file("no", "hello\n");
	st = opened("no", 0);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), -1);
	ck_assert_int_eq(f.code, CODE_BADMSG);
	store_close(st);
	ck_assert_int_eq(try_open(&st, "nothing", 0, &f), -1);
	ck_assert_int_eq(f.code, CODE_CONFIG);
}
END_TEST

START_TEST(rewritten_while_reading)
{
	struct store *st;
	struct folder info;
	struct fail f = {0};
	const uint64_t two = 2;
	uint64_t id, len;

	make_file("file", FROM "A: 1\n\nx\n\n" FROM "A: 2\n\ny\n\n");
	st = opened("file", 0);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_int_eq(store_want(st, &two, 1, &f), 0);
	make_file("file", FROM "A: 2\n\ny\n\n");
	ck_assert_int_eq(store_body(st, &id, &len, &f), -1);
	ck_assert_int_eq(f.code, CODE_CHANGED);
	store_close(st);
}
END_TEST

/* Whatever a message is: read again as it came, but for the last line end, and
 * one from the other. */
START_TEST(anything_and_again)
{
#define PART(s)                  \
	{                        \
		s, sizeof(s) - 1 \
	}
	static const struct {
		const char *text;
		size_t len;
	} all[] = {PART("A: 1\r\n\r\nx\r\n"), PART("\0\0"), PART(""), PART("x"),
	    PART("A: 1\r\n\r\nx\r\n\0"), PART("\0"),
	    PART("   \r\nA: 1\r\n\r\n"), PART("no header\r\n"), PART("\r\n"),
	    PART("\r\n\r\n\r\n"), PART("From a@b Thu Jan  1 00:00:10 1970\r\n"),
	    PART(">From x"), PART(">"), PART("A\0: 1\r\n\0\r\n"),
	    PART("A: 1\r\n\r\n\r\nFrom MAILER-DAEMON Thu Jan  1 00:00:00 "
		 "1970\r\n\r\n"),
	    PART("\r\nFrom MAILER-DAEMON Thu Jan  1 00:00:00 1970\r\nA: 1\r\n"),
	    PART(" \r\n"), PART("\377\r\n")};
	static const char *const flags[] = {"", "\\Seen", "k"};
	struct store *st = opened("copy", 1);
	struct put p = {.date = 5};
	struct fail f = {0};
	struct folder info;
	struct msgref m;
	size_t i, k;

	for (k = 0; k < LENGTH(flags); k++)
		for (i = 0; i < LENGTH(all); i++) {
			p.len = all[i].len;
			p.flags = flags[k];
			ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
			ck_assert_int_eq(
			    store_write(st, all[i].text, all[i].len, &f), 0);
			ck_assert_int_eq(store_put_end(st, &f), 0);
		}
	settle(st);
	store_close(st);
	st = opened("copy", 0);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_uint_eq(info.messages, LENGTH(all) * LENGTH(flags));
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
	for (i = 0; store_next(st, &m, &f) == 1; i++) {
		const char *want = all[i % LENGTH(all)].text, *got;
		size_t len = all[i % LENGTH(all)].len, n;
		uint64_t id, octets;
		int last = len == 0 || want[len - 1] == '\n';

		ck_assert_str_eq(m.flags, flags[i / LENGTH(all)]);
		ck_assert_int_eq(store_want(st, &m.id, 1, &f), 0);
		ck_assert_int_eq(store_body(st, &id, &octets, &f), 1);
		ck_assert_uint_eq(octets, len + (last ? 0 : 2));
		if (octets == 0)
			continue;
		ck_assert_int_eq(store_read(st, &got, &n, &f), 1);
		ck_assert_uint_eq(n, octets);
		ck_assert_msg(memcmp(got, want, len) == 0, "%zu", i);
	}
	ck_assert_uint_eq(i, LENGTH(all) * LENGTH(flags));
	store_close(st);
}
END_TEST

/* From_ lines at every distance from the end of a buffer. */
START_TEST(across_buffers)
{
	struct store *st;
	struct folder info;
	struct fail f = {0};
	FILE *fp;
	int i;

	ck_assert_ptr_nonnull(fp = fopen(path("file"), "w"));
	for (i = 0; i < 3000; i++)
		(void)fprintf(fp, "%sA: %d\n\n%*s\n>From x\n\n", FROM, i,
		    i % 97 + 20, "y");
	ck_assert_int_eq(fclose(fp), 0);
	st = opened("file", 0);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_uint_eq(info.messages, 3000);
	store_close(st);
}
END_TEST

/* ---- */

static void
set_up(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/mbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	notes[0] = '\0';
}

static int
remove_one(const char *name, const struct stat *sb, int kind, struct FTW *w)
{
	(void)sb;
	(void)kind;
	(void)w;
	return remove(name);
}

static void
tear_down(void)
{
	(void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

SUITE("mbox")
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, variants, 0, LENGTH(files));
	tcase_add_loop_test(tc, variants_again, 0, LENGTH(files));
	tcase_add_test(tc, flags_and_dates);
	tcase_add_test(tc, appended);
	tcase_add_test(tc, any_octet_last);
	tcase_add_test(tc, cut_back);
	tcase_add_test(tc, only_regular_files);
	tcase_add_test(tc, tree);
	tcase_add_test(tc, one_file_one_folder);
	tcase_add_test(tc, rewritten_while_reading);
	tcase_add_test(tc, anything_and_again);
	tcase_add_test(tc, across_buffers);
}
