/* ledger: what is written is found again, whatever befell the file. */
#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "ledger/ledger.h"
#include "tap.h"

static char dir[] = "/tmp/mbx-ledger.XXXXXX";
static char path[64], state[64];
static struct fail f;

static struct ledger *
open_it(int create)
{
	struct ledger *l;
	int torn;

	ck_assert_msg(
	    ledger_open(&l, dir, "key", create, &torn, &f) == 0, "%s", f.why);
	return l;
}

static void
setup(void)
{
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/key.tsv", dir);
	(void)snprintf(state, sizeof(state), "%s/key.state", dir);
	memset(&f, 0, sizeof(f));
}

static void
teardown(void)
{
	(void)unlink(path);
	(void)unlink(state);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
note(struct ledger *l, enum step step, const char *uid, const char *dst_uid,
    const char *flags)
{
	struct entry e = {.step = step,
	    .folder = "INBOX",
	    .uidvalidity = 7,
	    .uid = uid,
	    .dst_folder = "In/box\t1",
	    .dst_uidvalidity = 9,
	    .dst_uid = dst_uid,
	    .size = 100,
	    .date = 1000000000,
	    .flags = flags,
	    .code = "",
	    .why = ""};

	memset(e.digest, step == STEP_INTENT ? 0 : atoi(uid), 32);
	ck_assert_int_eq(ledger_note(l, &e, &f), 0);
}

static const struct sides here = {.folder = "INBOX",
    .dst_folder = "In/box\t1",
    .uidvalidity = 7,
    .dst_uidvalidity = 9};

static struct known_as
find(struct ledger *l, const char *uid)
{
	struct known_as k;

	ledger_find(l, ledger_hash(uid), &k);
	return k;
}

static void
write_some(void)
{
	struct ledger *l = open_it(1);

	note(l, STEP_INTENT, "1", "50", "");
	note(l, STEP_INTENT, "2", "50", "");
	note(l, STEP_INTENT, "3", "50", "");
	note(l, STEP_DONE, "2", "51", "\\Seen");
	note(l, STEP_LEFT, "3", "", "");
	note(l, STEP_DONE, "a.name", "52", "");
	note(l, STEP_DONE, "2", "51", "\\Answered \\Seen");
	ck_assert_int_eq(ledger_set(l, "folder INBOX", "a\nb", &f), 0);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}

static void
as_written(struct ledger *l)
{
	ck_assert_msg(ledger_load(l, &here, &f) == 0, "%s", f.why);
	ck_assert_int_eq(find(l, "1").state, KNOWN_INTENT);
	ck_assert_int_eq(find(l, "2").state, KNOWN_DONE);
	ck_assert_uint_eq(find(l, "2").dst, 51);
	ck_assert_str_eq(find(l, "2").flags, "\\Answered \\Seen");
	ck_assert_int_eq(find(l, "3").state, KNOWN_LEFT);
	ck_assert_int_eq(find(l, "a.name").state, KNOWN_DONE);
	ck_assert_int_eq(find(l, "4").state, KNOWN_NOT);
	ck_assert_uint_eq(ledger_count(l, KNOWN_DONE), 2);
	ck_assert_uint_eq(ledger_doubt(l), 50);
	ck_assert_str_eq(ledger_get(l, "folder INBOX"), "a\nb");
	ck_assert_ptr_null(ledger_get(l, "folder X"));
}

START_TEST(states)
{
	struct ledger *l;

	write_some();
	l = open_it(0);
	as_written(l);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}
END_TEST

START_TEST(other_sides)
{
	struct sides s = here;
	struct ledger *l;
	uint64_t *ids;
	size_t n;

	write_some();
	l = open_it(0);
	s.uidvalidity = 8;
	ck_assert_int_eq(ledger_load(l, &s, &f), 0);
	ck_assert_int_eq(find(l, "2").state, KNOWN_NOT);
	/* Its own claims under another UIDVALIDITY are open again. */
	ck_assert_int_eq(ledger_claimed(l, &s, &ids, &n, &f), 0);
	ck_assert_uint_eq(n, 0);
	free(ids);
	s = here;
	s.dst_uidvalidity = 10;
	ck_assert_int_eq(ledger_load(l, &s, &f), 0);
	ck_assert_int_eq(find(l, "2").state, KNOWN_INTENT);
	ck_assert_uint_eq(ledger_doubt(l), 0);
	s = here;
	s.dst_folder = "Elsewhere";
	ck_assert_int_eq(ledger_load(l, &s, &f), 0);
	ck_assert_int_eq(find(l, "2").state, KNOWN_NOT);
	s = here;
	s.fresh = 1;
	ck_assert_int_eq(ledger_load(l, &s, &f), 0);
	ck_assert_int_eq(find(l, "2").state, KNOWN_NOT);
	ck_assert_int_eq(ledger_claimed(l, &here, &ids, &n, &f), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(ids[0], 51);
	ck_assert_uint_eq(ids[2], 52);
	free(ids);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}
END_TEST

/* Cut at every octet: what is whole counts, the rest is dropped. */
START_TEST(torn_anywhere)
{
	struct stat st;
	off_t at;
	int fd;

	write_some();
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	for (at = st.st_size - 1; at > 0; at--) {
		struct ledger *l;
		int torn, rc;

		fd = open(path, O_WRONLY);
		ck_assert_int_eq(ftruncate(fd, at), 0);
		(void)close(fd);
		rc = ledger_open(&l, dir, "key", 1, &torn, &f);
		ck_assert_msg(rc == 0, "cut at %ld: %s", (long)at, f.why);
		note(l, STEP_DONE, "9", "99", "");
		ck_assert_int_eq(ledger_load(l, &here, &f), 0);
		ck_assert_int_eq(find(l, "9").state, KNOWN_DONE);
		ck_assert_int_eq(ledger_close(l, &f), 0);
		fd = open(path, O_WRONLY);
		ck_assert_int_eq(ftruncate(fd, at), 0);
		(void)close(fd);
	}
}
END_TEST

START_TEST(damaged_anywhere)
{
	struct stat st;
	off_t at;
	int fd, torn;
	char c;

	write_some();
	ck_assert_int_eq(unlink(state), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	fd = open(path, O_RDWR);
	for (at = 0; at < st.st_size - 1; at++) {
		struct ledger *l;

		ck_assert_int_eq(pread(fd, &c, 1, at), 1);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
		ck_assert_msg(ledger_open(&l, dir, "key", 0, &torn, &f) == -1,
		    "octet %ld is believed", (long)at);
		ck_assert_int_eq(f.code, CODE_IO);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	}
	(void)close(fd);
}
END_TEST

/* With KEY.state the damage shows where the line is read, and not before. */
START_TEST(damaged_behind_the_state)
{
	struct stat st;
	off_t at;
	int fd, torn, told = 0;
	char c;

	write_some();
	ck_assert_int_eq(stat(path, &st), 0);
	fd = open(path, O_RDWR);
	for (at = 0; at < st.st_size - 1; at++) {
		struct ledger *l;

		ck_assert_int_eq(pread(fd, &c, 1, at), 1);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
		if (ledger_open(&l, dir, "key", 0, &torn, &f) == -1)
			told++;
		else {
			if (ledger_load(l, &here, &f) == -1)
				told++;
			else
				as_written(l);
			ck_assert_int_eq(ledger_close(l, &f), 0);
		}
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	}
	ck_assert_int_ge(told, (int)st.st_size - 200);
	(void)close(fd);
}
END_TEST

/* Whatever is in KEY.state: the ledger is what counts. */
START_TEST(damaged_state)
{
	struct ledger *l;
	struct stat st;
	off_t at;
	int fd;
	char c;

	write_some();
	ck_assert_int_eq(stat(state, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	fd = open(state, O_RDWR);
	for (at = 0; at < st.st_size; at++) {
		ck_assert_int_eq(pread(fd, &c, 1, at), 1);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
		l = open_it(0);
		as_written(l);
		ck_assert_int_eq(ledger_close(l, &f), 0);
		c ^= 1;
		ck_assert_int_eq(pwrite(fd, &c, 1, at), 1);
	}
	for (at = st.st_size; at >= 0; at--) {
		ck_assert_int_eq(ftruncate(fd, at), 0);
		l = open_it(0);
		as_written(l);
		ck_assert_int_eq(ledger_close(l, &f), 0);
	}
	(void)close(fd);
}
END_TEST

/* An older state leads to the same, and that of another ledger to nothing. */
START_TEST(older_state)
{
	struct ledger *l;
	char kept[64];

	(void)snprintf(kept, sizeof(kept), "%s/kept", dir);
	write_some();
	ck_assert_int_eq(rename(state, kept), 0);
	l = open_it(1);
	note(l, STEP_DONE, "1", "53", "");
	ck_assert_int_eq(ledger_set(l, "folder INBOX", "c", &f), 0);
	ck_assert_int_eq(ledger_close(l, &f), 0);
	ck_assert_int_eq(rename(kept, state), 0);
	l = open_it(0);
	ck_assert_int_eq(ledger_load(l, &here, &f), 0);
	ck_assert_uint_eq(find(l, "1").dst, 53);
	ck_assert_uint_eq(find(l, "2").dst, 51);
	ck_assert_str_eq(ledger_get(l, "folder INBOX"), "c");
	ck_assert_int_eq(ledger_close(l, &f), 0);

	ck_assert_int_eq(unlink(path), 0);
	l = open_it(1);
	for (int i = 0; i < 40; i++)
		note(l, STEP_DONE, "8", "80", "");
	ck_assert_int_eq(ledger_load(l, &here, &f), 0);
	ck_assert_int_eq(find(l, "2").state, KNOWN_NOT);
	ck_assert_int_eq(find(l, "8").state, KNOWN_DONE);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}
END_TEST

START_TEST(many)
{
	struct ledger *l = open_it(1);
	char uid[16];
	int i;

	for (i = 20000; i > 0; i--) {
		(void)snprintf(uid, sizeof(uid), "%d", i);
		note(l, i % 3 ? STEP_DONE : STEP_INTENT, uid, uid, "\\Seen");
	}
	ck_assert_int_eq(ledger_close(l, &f), 0);
	l = open_it(1);
	ck_assert_int_eq(ledger_load(l, &here, &f), 0);
	ck_assert_uint_eq(ledger_count(l, KNOWN_INTENT), 6666);
	ck_assert_uint_eq(find(l, "20000").dst, 20000);
	ck_assert_uint_eq(ledger_doubt(l), 3);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}
END_TEST

START_TEST(one_writer)
{
	struct ledger *l = open_it(1), *m;
	int torn;

	ck_assert_int_eq(ledger_open(&m, dir, "key", 1, &torn, &f), -1);
	ck_assert_int_eq(f.code, CODE_THROTTLED);
	ck_assert_int_eq(f.again, AGAIN_LATER);
	ck_assert_int_eq(ledger_close(l, &f), 0);
	l = open_it(1);
	ck_assert_int_eq(ledger_close(l, &f), 0);
}
END_TEST

START_TEST(not_a_file)
{
	struct ledger *l;
	int torn;

	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	ck_assert_int_eq(ledger_open(&l, dir, "key", 1, &torn, &f), -1);
	ck_assert_int_eq(f.code, CODE_IO);
	(void)unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(ledger_open(&l, dir, "key", 1, &torn, &f), -1);
	ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

SUITE("ledger")
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, states);
	tcase_add_test(tc, other_sides);
	tcase_add_test(tc, torn_anywhere);
	tcase_add_test(tc, damaged_anywhere);
	tcase_add_test(tc, damaged_behind_the_state);
	tcase_add_test(tc, damaged_state);
	tcase_add_test(tc, older_state);
	tcase_add_test(tc, many);
	tcase_add_test(tc, one_writer);
	tcase_add_test(tc, not_a_file);
}
