/* Unit tests of the Maildir store: what only a Maildir has. */
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

static const uint64_t first = 1;

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
make_dir(const char *name)
{
	char *copy = mem_strdup(path(name)), *p;

	for (p = copy + strlen(top) + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(copy, 0755);
		*p = '/';
	}
	(void)mkdir(copy, 0755);
	free(copy);
}

static void
make_maildir(const char *name)
{
	static const char *const parts[] = {"cur", "new", "tmp"};
	char sub[256];
	size_t i;

	for (i = 0; i < LENGTH(parts); i++) {
		(void)snprintf(sub, sizeof(sub), "%s%s%s", name,
		    *name ? "/" : "", parts[i]);
		make_dir(sub);
	}
}

static void
make_file(const char *name, const char *text)
{
	FILE *fp = fopen(path(name), "w");

	ck_assert_ptr_nonnull(fp);
	ck_assert_int_ge(fputs(text, fp), 0);
	ck_assert_int_eq(fclose(fp), 0);
}

static int
try_open(struct store **st, const char *layout, int write, struct fail *f)
{
	const struct store_opt opt = {
	    .write = write, .note = note, .window = 4};
	struct endpoint e = {0};
	char url[128];
	int rc;

	(void)snprintf(url, sizeof(url), "maildir:%s%s", top, layout);
	ck_assert_int_eq(endpoint_parse(&e, url, f), 0);
	rc = store_open(st, &e, NULL, &opt, f);
	endpoint_free(&e);
	return rc;
}

static struct store *
opened(int write)
{
	struct fail f = {0};
	struct store *st;

	ck_assert_msg(
	    try_open(&st, "", write, &f) == 0, "%s: %s", f.object, f.why);
	return st;
}

static void
enter(struct store *st, const char *name, int write)
{
	struct folder info;
	struct fail f = {0};

	ck_assert_msg(
	    store_enter(st, name, write, &info, &f) == 0, "%s", f.why);
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
}

/* Base names of the folder entered, in order, a blank after each. */
static const char *
order(struct store *st)
{
	static struct buf b;
	struct msgref m;
	struct fail f = {0};

	buf_reset(&b);
	buf_adds(&b, "");
	while (store_next(st, &m, &f) == 1) {
		store_uid(st, m.id, &b);
		buf_addc(&b, ' ');
	}
	return b.data;
}

static const char *
names(struct store *st)
{
	static struct buf b;
	struct folder *list;
	struct fail f = {0};
	size_t n, i;

	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	buf_reset(&b);
	buf_adds(&b, "");
	for (i = 0; i < n; i++)
		buf_addf(&b, "%s%s|", list[i].name,
		    list[i].selectable ? "" : "(no)");
	return b.data;
}

static int
count_in(const char *dir)
{
	char command[600];

	(void)snprintf(
	    command, sizeof(command), "exit $(ls -A %s | wc -l)", path(dir));
	return WEXITSTATUS(system(command));
}

/* ---- order, flags ---- */

START_TEST(order_of_time_and_name)
{
	struct store *st;

	make_maildir("");
	make_file("cur/1000000002.a.h:2,S", "x");
	make_file("cur/1000000001.M5P1.h:2,", "x");
	make_file("new/1000000001.M4P1.h", "x");
	make_file("new/999999999.b.h", "x");
	make_file("cur/odd", "x");
	make_file("cur/.hidden", "x");
	make_dir("cur/dir");
	st = opened(0);
	enter(st, "INBOX", 0);
	ck_assert_str_eq(order(st),
	    "odd 999999999.b.h 1000000001.M4P1.h 1000000001.M5P1.h "
	    "1000000002.a.h ");
	store_close(st);
}
END_TEST

START_TEST(order_of_uidlist)
{
	static const char *const lists[] = {
	    "3 V1 N9 G1\n7 :30.c.h\n8 W12 :10.a.h:2,S\n9 S5 :gone\n"
	    "12 :20.b.h\n",
	    "1 1000000000 13\n7 30.c.h\n8 10.a.h\n9 gone\n12 20.b.h\n",
	};
	struct store *st;

	make_maildir("");
	make_file("cur/10.a.h:2,F", "x");
	make_file("cur/20.b.h:2,", "x");
	make_file("cur/30.c.h:2,", "x");
	make_file("cur/05.late.h:2,", "x");
	make_file("dovecot-uidlist", lists[_i]);
	st = opened(0);
	enter(st, "INBOX", 0);
	ck_assert_str_eq(order(st), "30.c.h 10.a.h 20.b.h 05.late.h ");
	store_close(st);
}
END_TEST

START_TEST(flags_in_names)
{
	static const struct {
		const char *name, *flags;
	} files[] = {
	    {"cur/1.h", ""},
	    {"cur/2.h:2,", ""},
	    {"cur/3.h:2,DFRST",
		"\\Seen \\Answered \\Flagged \\Deleted \\Draft"},
	    {"cur/4.h:2,PS", "\\Seen $Forwarded"},
	    {"cur/5.h:2,abz", "$Junk Work"},
	    {"cur/6.h:2,Q!S", "\\Seen"},
	    {"cur/7.h:1,S", ""},
	    {"new/8.h:2,S", "\\Seen"},
	};
	struct store *st;
	struct msgref m;
	struct fail f = {0};
	size_t i;

	make_maildir("");
	make_file("dovecot-keywords",
	    "0 Work\n1 $Junk\nx y\n99 z\n3\n4 a\"b\n2 Other");
	for (i = 0; i < LENGTH(files); i++)
		make_file(files[i].name, "x");
	st = opened(0);
	enter(st, "INBOX", 0);
	for (i = 0; i < LENGTH(files); i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_str_eq(m.flags, files[i].flags);
	}
	store_close(st);
}
END_TEST

static void
put(struct store *st, const char *folder, const char *text, const char *flags)
{
	const struct put p = {.len = strlen(text), .date = 1, .flags = flags};
	struct fail f = {0};

	ck_assert_msg(store_put(st, folder, &p, &f) == 0, "%s", f.why);
	ck_assert_int_eq(store_write(st, text, p.len, &f), 0);
	ck_assert_int_eq(store_put_end(st, &f), 0);
}

START_TEST(more_keywords_than_letters)
{
	struct store *st;
	struct receipt r;
	struct msgref m;
	struct fail f = {0};
	char word[16];
	int i;

	make_maildir("");
	make_file("dovecot-keywords", "0 first\n25 last\n");
	st = opened(1);
	for (i = 0; i < 30; i++) {
		(void)snprintf(word, sizeof(word), "k%02d \\Seen", i);
		put(st, "INBOX", "x\r\n", word);
		while (store_settle(st, &r, 0, &f) == 1)
			;
		ck_assert_int_eq(store_flush(st, &f), 0);
		ck_assert_int_eq(store_settle(st, &r, 1, &f), 1);
		ck_assert_int_eq(r.ok, 1);
		ck_assert_int_eq(r.why != NULL, i >= 24);
		if (r.why != NULL) {
			ck_assert_int_eq(r.why->code, CODE_FLAG);
			ck_assert_msg(
			    strstr(r.why->why, "k2") != NULL, "%s", r.why->why);
		}
	}
	enter(st, "INBOX", 1);
	for (i = 0; i < 30; i++) {
		ck_assert_int_eq(store_next(st, &m, &f), 1);
		ck_assert_int_eq(strstr(m.flags, " k") != NULL, i < 24);
		ck_assert_ptr_nonnull(strstr(m.flags, "\\Seen"));
	}
	ck_assert_int_eq(store_flags(st, &first, 1, "one-more", "", &f), -1);
	ck_assert_int_eq(f.code, CODE_FLAG);
	ck_assert_int_eq(
	    store_flags(st, &first, 1, "\\Draft last", "k00", &f), 0);
	enter(st, "INBOX", 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_str_eq(m.flags, "\\Seen \\Draft last");
	store_close(st);
	ck_assert_int_eq(access(path("dovecot-keywords.lock"), F_OK), -1);
}
END_TEST

/* ---- others work in the same folder ---- */

START_TEST(renamed_while_reading)
{
	struct store *st;
	struct msgref m;
	struct fail f = {0};
	const uint64_t ids[] = {1, 2, 3, 4};
	uint64_t id, len;
	const char *p;
	size_t n;
	char old[512];

	make_maildir("");
	make_file("new/1.h", "one\n");
	make_file("cur/2.h:2,", "two\n");
	make_file("cur/3.h:2,S", "three\n");
	make_file("cur/4.h:2,S", "four\n");
	st = opened(0);
	enter(st, "INBOX", 0);
	(void)snprintf(old, sizeof(old), "%s", path("new/1.h"));
	ck_assert_int_eq(rename(old, path("cur/1.h:2,S")), 0);
	(void)snprintf(old, sizeof(old), "%s", path("cur/2.h:2,"));
	ck_assert_int_eq(rename(old, path("cur/2.h:2,FTX")), 0);
	ck_assert_int_eq(unlink(path("cur/3.h:2,S")), 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_str_eq(m.flags, "\\Seen");
	ck_assert_int_eq(store_want(st, ids, 4, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_int_eq(store_read(st, &p, &n, &f), 1);
	ck_assert_int_eq(memcmp(p, "one\r\n", 5), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, 2);
	ck_assert_uint_eq(len, 5);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, 4);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	store_close(st);
}
END_TEST

START_TEST(one_message_two_names)
{
	struct store *st;
	char old[512];

	make_maildir("");
	make_file("new/1.h", "one\n");
	(void)snprintf(old, sizeof(old), "%s", path("new/1.h"));
	ck_assert_int_eq(link(old, path("cur/1.h:2,S")), 0);
	/* The same name, but another file: nothing may be lost. */
	make_file("new/2.h", "two\n");
	make_file("cur/2.h:2,S", "too\n");
	st = opened(0);
	enter(st, "INBOX", 0);
	ck_assert_str_eq(order(st), "1.h 2.h 2.h ");
	store_close(st);
}
END_TEST

/* ---- links and odd files ---- */

START_TEST(links_are_not_followed)
{
	struct store *st;
	struct folder info;
	struct fail f = {0};
	const uint64_t ids[] = {1, 2, 3};
	uint64_t id, len;

	make_maildir("");
	make_maildir("elsewhere");
	make_file("elsewhere/cur/9.h:2,", "secret\n");
	make_file("cur/1.h:2,", "one\n");
	ck_assert_int_eq(
	    symlink("../elsewhere/cur/9.h:2,", path("cur/2.h:2,")), 0);
	make_file("cur/3.h:2,", "three\n");
	ck_assert_int_eq(symlink("elsewhere", path(".link")), 0);
	make_dir(".half");
	ck_assert_int_eq(symlink("../elsewhere/cur", path(".half/cur")), 0);
	make_dir(".half/new");
	st = opened(1);
	ck_assert_str_eq(names(st), "INBOX|half|link|");
	ck_assert_int_eq(store_enter(st, "link", 0, &info, &f), -1);
	ck_assert_int_eq(f.reach, REACH_FOLDER);
	ck_assert_ptr_nonnull(strstr(f.why, "symbolic link"));
	ck_assert_int_eq(store_enter(st, "half", 0, &info, &f), -1);
	ck_assert_int_eq(store_create(st, "half", ROLE_NONE, NULL, &f), -1);
	ck_assert_int_eq(store_create(st, "link", ROLE_NONE, NULL, &f), -1);
	ck_assert_int_eq(store_create(st, "link/x", ROLE_NONE, NULL, &f), 0);
	enter(st, "INBOX", 0);
	ck_assert_int_eq(store_want(st, ids, 3, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_int_eq(store_body(st, &id, &len, &f), -1);
	ck_assert_int_eq(f.reach, REACH_MESSAGE);
	ck_assert_uint_eq(id, 2);
	ck_assert_ptr_nonnull(strstr(f.object, "INBOX;UID=2.h"));
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, 3);
	store_close(st);
	ck_assert_int_eq(count_in("elsewhere/cur"), 1);
	ck_assert_int_eq(count_in("elsewhere"), 3);
}
END_TEST

START_TEST(a_pipe_is_no_message)
{
	struct store *st;
	struct fail f = {0};
	const uint64_t id1 = 1;
	uint64_t id, len;

	make_maildir("");
	ck_assert_int_eq(mkfifo(path("cur/1.h:2,"), 0600), 0);
	st = opened(0);
	enter(st, "INBOX", 0);
	ck_assert_int_eq(store_want(st, &id1, 1, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), -1);
	ck_assert_int_eq(f.reach, REACH_MESSAGE);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	store_close(st);
}
END_TEST

/* ---- layouts and names ---- */

static const struct {
	const char *dirs[6], *layout, *want, *note;
} layouts[] = {
    {{"", ".a", ".a.b"}, "", "INBOX|a|a/b|", NULL},
    {{"", "a", "a/b"}, "", "INBOX|a|a/b|", NULL},
    {{"", ".a.b.c"}, "", "INBOX|a(no)|a/b(no)|a/b/c|", NULL},
    {{"x/y/z"}, ";layout=fs", "x(no)|x/y(no)|x/y/z|", NULL},
    {{"", ".a", "b"}, "", "INBOX|a|", "1 nested"},
    {{"", ".a", "b"}, ";layout=fs", "INBOX|.a|b|", NULL},
    {{"INBOX", "Sent"}, "", "INBOX|Sent|", NULL},
    {{"", "INBOX/sub"}, "", "INBOX|INBOX/sub|", NULL},
    {{"", "INBOX"}, ";layout=fs", "INBOX|%49NBOX|", NULL},
    {{"", ".INBOX", ".x"}, "", "INBOX|%49NBOX|x|", NULL},
    {{"", ".a..b", ".a\\2e\\2eb"}, "", "INBOX|a%2E%2Eb|a..b|", NULL},
    {{"", ".R&-D", ".&APw-", ".&broken", ".\303\274ber"}, "",
	"INBOX|&broken|R&D|\303\274|\303\274ber|", NULL},
    {{"", ".a\\2eb", ".a\\2Eb"}, "", NULL, NULL},
    {{"", ".50%"}, "", "INBOX|50%25|", NULL},
};

START_TEST(layout)
{
	struct store *st;
	struct fail f = {0};
	size_t i;

	for (i = 0; i < 6 && layouts[_i].dirs[i] != NULL; i++)
		make_maildir(layouts[_i].dirs[i]);
	ck_assert_msg(
	    try_open(&st, layouts[_i].layout, 0, &f) == 0, "%s", f.why);
	if (layouts[_i].want != NULL)
		ck_assert_str_eq(names(st), layouts[_i].want);
	if (layouts[_i].note != NULL)
		ck_assert_msg(
		    strstr(notes, layouts[_i].note) != NULL, "%s", notes);
	else
		ck_assert_str_eq(notes, "");
	store_close(st);
}
END_TEST

/* Whatever the names: every folder can be entered, and holds its message. */
START_TEST(every_folder_opens)
{
	struct store *st;
	struct folder *list;
	struct fail f = {0};
	size_t n, i;
	char file[256];
	int folders = 0;

	for (i = 0; i < 6 && layouts[_i].dirs[i] != NULL; i++) {
		make_maildir(layouts[_i].dirs[i]);
		(void)snprintf(file, sizeof(file), "%s/cur/%zu.h:2,",
		    layouts[_i].dirs[i], i);
		make_file(file, "x");
	}
	ck_assert_int_eq(try_open(&st, layouts[_i].layout, 0, &f), 0);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	for (i = 0; i < n; i++)
		if (list[i].selectable) {
			enter(st, list[i].name, 0);
			ck_assert_int_eq((int)strlen(order(st)), 4);
			folders++;
		}
	if (layouts[_i].note == NULL)
		for (i = 0; i < 6 && layouts[_i].dirs[i] != NULL; i++)
			folders--;
	else
		folders -= 2;
	ck_assert_int_eq(folders, 0);
	store_close(st);
}
END_TEST

START_TEST(no_maildir_at_all)
{
	struct store *st;
	struct fail f = {0};

	make_dir("just/files");
	ck_assert_int_eq(try_open(&st, "", 0, &f), -1);
	ck_assert_int_eq(f.code, CODE_CONFIG);
	ck_assert_int_eq(try_open(&st, "/nothing/here", 0, &f), -1);
	ck_assert_int_eq(f.code, CODE_CONFIG);
	ck_assert_int_eq(try_open(&st, "/to/make", 1, &f), 0);
	ck_assert_int_eq(access(path("to"), F_OK), -1);
	ck_assert_int_eq(store_create(st, "a/b", ROLE_NONE, NULL, &f), 0);
	store_close(st);
	ck_assert_int_eq(access(path("to/make/.a.b/cur"), F_OK), 0);
	ck_assert_int_eq(access(path("to/make/.a.b/maildirfolder"), F_OK), 0);
	ck_assert_int_eq(access(path("to/make/cur"), F_OK), -1);
}
END_TEST

START_TEST(old_subscriptions)
{
	static const char *const lists[] = {
	    "a\nc.d\nINBOX\n", "V\t2\n\na\nc\td\nINBOX\n", "c.d\na\nINBOX"};
	struct store *st;
	struct folder *list;
	struct fail f = {0};
	size_t n, i;
	FILE *fp;
	char text[64];

	make_maildir("");
	make_maildir(".a");
	make_maildir(".b");
	make_maildir(".c.d");
	make_file("subscriptions", lists[_i]);
	st = opened(1);
	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	ck_assert_uint_eq(n, 5);
	for (i = 0; i < n; i++)
		ck_assert_int_eq(list[i].subscribed,
		    strcmp(list[i].name, "b") != 0 && list[i].selectable);
	ck_assert_int_eq(store_subscribe(st, "c/d", &f), 0);
	ck_assert_int_eq(store_subscribe(st, "x/y", &f), 0);
	store_close(st);
	ck_assert_ptr_nonnull(fp = fopen(path("subscriptions"), "r"));
	memset(text, 0, sizeof(text));
	ck_assert_uint_gt(fread(text, 1, sizeof(text) - 1, fp), 0);
	(void)fclose(fp);
	ck_assert_uint_eq(strlen(text),
	    strlen(lists[_i]) + 4 + (lists[_i][strlen(lists[_i]) - 1] != '\n'));
	ck_assert_ptr_nonnull(strstr(text, _i == 1 ? "\nx\ty\n" : "\nx.y\n"));
}
END_TEST

/* ---- what fails leaves nothing behind ---- */

START_TEST(no_space_left)
{
	const struct rlimit small = {100000, 100000};
	struct put p = {.len = 300000, .date = 1, .flags = ""};
	struct store *st;
	struct receipt r;
	struct fail f = {0};
	static char text[300000];
	int rc;

	make_maildir("");
	st = opened(1);
	put(st, "INBOX", "x\r\n", "");
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	memset(text, 'x', sizeof(text));
	ck_assert_int_eq(store_put(st, "INBOX", &p, &f), 0);
	rc = store_write(st, text, p.len, &f);
	if (rc == 0)
		rc = store_put_end(st, &f);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(f.code, CODE_IO);
	store_abort(st);
	ck_assert_int_eq(count_in("tmp"), 1);
	ck_assert_int_eq(store_flush(st, &f), 0);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 1);
	ck_assert_int_eq(r.ok, 1);
	ck_assert_int_eq(store_settle(st, &r, 1, &f), 0);
	store_close(st);
	ck_assert_int_eq(count_in("tmp"), 0);
	ck_assert_int_eq(count_in("cur"), 1);
}
END_TEST

START_TEST(closed_without_receipts)
{
	struct store *st;

	make_maildir("");
	st = opened(1);
	put(st, "INBOX", "x\r\n", "");
	put(st, "INBOX", "y\r\n", "");
	ck_assert_int_eq(count_in("tmp"), 2);
	store_close(st);
	ck_assert_int_eq(count_in("tmp"), 0);
	ck_assert_int_eq(count_in("cur"), 0);
	ck_assert_int_eq(count_in("new"), 0);
}
END_TEST

/* ---- */

static void
set_up(void)
{
	(void)snprintf(top, sizeof(top), "/tmp/maildir-XXXXXX");
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

SUITE("maildir")
{
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, order_of_time_and_name);
	tcase_add_loop_test(tc, order_of_uidlist, 0, 2);
	tcase_add_test(tc, flags_in_names);
	tcase_add_test(tc, more_keywords_than_letters);
	tcase_add_test(tc, renamed_while_reading);
	tcase_add_test(tc, one_message_two_names);
	tcase_add_test(tc, links_are_not_followed);
	tcase_add_test(tc, a_pipe_is_no_message);
	tcase_add_loop_test(tc, layout, 0, LENGTH(layouts));
	tcase_add_loop_test(tc, every_folder_opens, 0, LENGTH(layouts));
	tcase_add_test(tc, no_maildir_at_all);
	tcase_add_loop_test(tc, old_subscriptions, 0, 3);
	tcase_add_test(tc, no_space_left);
	tcase_add_test(tc, closed_without_receipts);
}
