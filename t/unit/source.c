/*
 * The store contract as far as it is a source's: over an mbox of the test's
 * own, and over SOURCE_URL, an account with at least four messages in its
 * INBOX whose password is SOURCE_SECRET.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "net/net.h"
#include "store/store.h"
#include "tap.h"

static char top[] = "/tmp/source-XXXXXX";
static const char *urls[2];
static int count = 1;

static void
set_up(void)
{
	static char url[80];
	char path[64];
	FILE *fp;
	int i;

	ck_assert_ptr_nonnull(mkdtemp(top));
	(void)snprintf(path, sizeof(path), "%s/box", top);
	(void)snprintf(url, sizeof(url), "mbox:%s", path);
	urls[0] = url;
	ck_assert_ptr_nonnull(fp = fopen(path, "w"));
	for (i = 0; i < 5; i++)
		(void)fprintf(fp,
		    "From a@b Mon Nov 23 10:00:0%d 2026\nSubject: %d\n\nx\n\n",
		    i, i);
	(void)fclose(fp);
}

static void
tear_down(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "%s/box", top);
	(void)unlink(path);
	(void)rmdir(top);
}

static struct store *
opened(int i, int write)
{
	const struct store_opt opt = {.sizes = 1, .write = write};
	struct endpoint e;
	struct fail f = {0};
	struct store *st = NULL;

	ck_assert_int_eq(endpoint_parse(&e, urls[i], &f), 0);
	if (store_open(&st, &e,
		endpoint_is_net(&e) ? getenv("SOURCE_SECRET") : NULL, &opt,
		&f) == -1)
		ck_assert_msg(write, "%s: %s: %s", f.object, f.what, f.why);
	endpoint_free(&e);
	return st;
}

/* All ids of INBOX, entered for reading. */
static size_t
all_ids(struct store *st, uint64_t *ids, size_t most)
{
	struct folder info;
	struct msgref m;
	struct fail f = {0};
	size_t n = 0;
	int rc;

	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_int_eq(store_scan(st, 0, &f), 0);
	while (n < most && (rc = store_next(st, &m, &f)) == 1) {
		ck_assert_uint_gt(m.id, n > 0 ? ids[n - 1] : 0);
		ck_assert_ptr_nonnull(m.flags);
		ids[n++] = m.id;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(info.messages, n);
	ck_assert_uint_ge(n, 4);
	return n;
}

static uint64_t
octets(struct store *st)
{
	struct fail f = {0};
	const char *p;
	uint64_t sum = 0;
	size_t n;
	int rc;

	while ((rc = store_read(st, &p, &n, &f)) == 1)
		sum += n;
	ck_assert_int_eq(rc, 0);
	return sum;
}

START_TEST(its_folder)
{
	struct store *st = opened(_i, 0);
	struct folder *list, info;
	struct fail f = {0};
	size_t i, n;

	ck_assert_int_eq(store_list(st, &list, &n, &f), 0);
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(list[0].name, "INBOX");
	ck_assert_int_eq(list[0].role, ROLE_INBOX);
	ck_assert_int_eq(list[0].selectable, 1);
	ck_assert_uint_ne(list[0].known & FOLDER_MESSAGES, 0);
	ck_assert_uint_ne(list[0].known & FOLDER_BYTES, 0);
	ck_assert_uint_ge(list[0].messages, 4);
	for (i = 1; i < n; i++)
		ck_assert_str_ne(list[i].name, "INBOX");
	ck_assert_int_eq(store_enter(st, "no such", 0, &info, &f), -1);
	ck_assert_int_eq(f.reach, REACH_FOLDER);
	ck_assert_int_eq(store_enter(st, "INBOX", 0, &info, &f), 0);
	ck_assert_uint_eq(info.messages, list[0].messages);
	store_close(st);
}
END_TEST

START_TEST(all_of_it)
{
	struct store *st = opened(_i, 0);
	uint64_t ids[4096], id, len;
	struct buf uid = {0}, again = {0};
	struct fail f = {0};
	struct msgref m;
	size_t i, n = all_ids(st, ids, LENGTH(ids));

	ck_assert_int_eq(store_want(st, ids, n, &f), 0);
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
		ck_assert_uint_eq(id, ids[i]);
		ck_assert_uint_gt(len, 0);
		ck_assert_uint_eq(octets(st), len);
	}
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	ck_assert_int_eq(store_scan(st, ids[2], &f), 0);
	ck_assert_int_eq(store_next(st, &m, &f), 1);
	ck_assert_uint_eq(m.id, ids[2]);
	while (store_next(st, &m, &f) == 1)
		;
	/* The same names in the next session, each one its own. */
	for (i = 0; i < n; i++) {
		store_uid(st, ids[i], &uid);
		buf_addc(&uid, '\n');
	}
	store_close(st);
	st = opened(_i, 0);
	ck_assert_uint_eq(all_ids(st, ids, LENGTH(ids)), n);
	for (i = 0; i < n; i++) {
		size_t from = again.len;

		store_uid(st, ids[i], &again);
		ck_assert_uint_gt(again.len, from);
		buf_addc(&again, '\n');
	}
	ck_assert_str_eq(uid.data, again.data);
	buf_free(&uid);
	buf_free(&again);
	store_close(st);
}
END_TEST

START_TEST(some_of_it)
{
	struct store *st = opened(_i, 0);
	uint64_t ids[4096], want[4], id, len;
	const char *p;
	struct fail f = {0};
	size_t n = all_ids(st, ids, LENGTH(ids)), some;

	want[0] = ids[0], want[1] = ids[1], want[2] = ids[3];
	want[3] = ids[n - 1] + 1000; /* is not there */
	ck_assert_int_eq(store_want(st, want, 4, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1); /* unread */
	ck_assert_uint_eq(id, ids[0]);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, ids[1]);
	ck_assert_int_eq(store_read(st, &p, &some, &f), 1); /* begun */
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	ck_assert_uint_eq(id, ids[3]);
	ck_assert_uint_eq(octets(st), len);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 0);
	store_close(st);
	/* Closed with bodies on their way. */
	st = opened(_i, 0);
	n = all_ids(st, ids, LENGTH(ids));
	ck_assert_int_eq(store_want(st, ids, n, &f), 0);
	ck_assert_int_eq(store_body(st, &id, &len, &f), 1);
	store_close(st);
}
END_TEST

START_TEST(never_written)
{
	const struct put p = {.len = 1, .date = CLOCK_NONE, .flags = ""};
	struct store *st = opened(_i, 0);
	struct fail f = {0};
	uint64_t ids[4096];

	(void)all_ids(st, ids, LENGTH(ids));
	ck_assert_int_eq(store_create(st, "x", ROLE_NONE, NULL, &f), -1);
	ck_assert_int_eq(store_subscribe(st, "INBOX", &f), -1);
	ck_assert_int_eq(store_put(st, "INBOX", &p, &f), -1);
	ck_assert_int_eq(store_flags(st, ids, 1, "\\Seen", "", &f), -1);
	ck_assert_int_eq(store_copy(st, ids, 1, "INBOX", ids, &f), -1);
	ck_assert_uint_eq(store_outstanding(st), 0);
	store_close(st);
	st = opened(_i, 1);
	ck_assert(strncmp(urls[_i], "pop3", 4) != 0 || st == NULL);
	store_close(st);
}
END_TEST

SUITE("source")
{
	urls[1] = getenv("SOURCE_URL");
	count += urls[1] != NULL;
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, its_folder, 0, count);
	tcase_add_loop_test(tc, all_of_it, 0, count);
	tcase_add_loop_test(tc, some_of_it, 0, count);
	tcase_add_loop_test(tc, never_written, 0, count);
}
