/* Unit tests of base. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "tap.h"

static const struct {
	const char *in, *out;
} printable[] = {
    {"plain", "plain"}, {"a\r\nb", "a\\x0D\\x0Ab"}, {"\033[2J", "\\x1B[2J"},
    {"gr\303\274n", "gr\303\274n"},
    {"\302\233", "\\xC2\\x9B"}, /* C1 CSI as UTF-8 */
    {"\342\200\256x", "\\xE2\\x80\\xAEx"}, /* right-to-left override */
    {"\377\376", "\\xFF\\xFE"},
    {"\355\240\200", "\\xED\\xA0\\x80"}, /* a surrogate */
    {"\300\200", "\\xC0\\x80"}, /* overlong NUL */
};

START_TEST(printable_text)
{
	struct buf b = {0};

	text_printable(&b, printable[_i].in, strlen(printable[_i].in), 1000);
	ck_assert_str_eq(b.data, printable[_i].out);
	buf_free(&b);
}
END_TEST

START_TEST(printable_is_bounded)
{
	struct buf b = {0};
	char big[5000];

	memset(big, 1, sizeof(big));
	text_printable(&b, big, sizeof(big), 100);
	ck_assert_uint_le(b.len, 103);
	ck_assert_str_eq(b.data + b.len - 3, "...");
	buf_free(&b);
}
END_TEST

START_TEST(numbers)
{
	uint64_t v = 7;

	ck_assert(text_u64("18446744073709551615", 20, &v));
	ck_assert(v == UINT64_MAX);
	ck_assert(!text_u64("18446744073709551616", 20, &v));
	ck_assert(!text_u64("", 0, &v));
	ck_assert(!text_u64("-1", 2, &v));
	ck_assert(!text_u64("1 ", 2, &v));
}
END_TEST

START_TEST(base64)
{
	static const char *pairs[][2] = {{"", ""}, {"f", "Zg=="},
	    {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
	static const char *bad[] = {
	    "Zg=", "Zg", "Z===", "Zm 9", "Zg==Zg==", "Zm9v\n"};
	size_t i;

	for (i = 0; i < LENGTH(pairs); i++) {
		struct buf b = {0}, c = {0};

		text_base64(&b, pairs[i][0], strlen(pairs[i][0]));
		ck_assert_str_eq(b.data, pairs[i][1]);
		ck_assert(text_unbase64(&c, b.data, b.len));
		ck_assert_str_eq(c.data, pairs[i][0]);
		buf_free(&b);
		buf_free(&c);
	}
	for (i = 0; i < LENGTH(bad); i++) {
		struct buf b = {0};

		ck_assert(!text_unbase64(&b, bad[i], strlen(bad[i])));
		buf_free(&b);
	}
}
END_TEST

START_TEST(percent)
{
	struct buf b = {0}, c = {0};

	text_percent(&b, "a b/%\303\274", 7, "/");
	ck_assert_str_eq(b.data, "a%20b/%25%C3%BC");
	ck_assert(text_unpercent(&c, b.data, b.len));
	ck_assert_str_eq(c.data, "a b/%\303\274");
	buf_reset(&c);
	ck_assert(!text_unpercent(&c, "a%2", 3));
	ck_assert(!text_unpercent(&c, "%00", 3));
	buf_free(&b);
	buf_free(&c);
}
END_TEST

static const struct {
	int64_t t;
	const char *s;
} times[] = {
    {0, "1970-01-01T00:00:00Z"},
    {-1, "1969-12-31T23:59:59Z"},
    {86399, "1970-01-01T23:59:59Z"},
    {951827696, "2000-02-29T12:34:56Z"},
    {1795421700, "2026-11-23T08:15:00Z"},
    {4102444800, "2100-01-01T00:00:00Z"},
    {253402300799, "9999-12-31T23:59:59Z"},
};

START_TEST(times_both_ways)
{
	char out[CLOCK_TEXT];
	int64_t t;

	ck_assert_str_eq(clock_format(out, times[_i].t), times[_i].s);
	ck_assert(clock_parse(times[_i].s, &t));
	ck_assert(t == times[_i].t);
}
END_TEST

START_TEST(times_odd)
{
	static const char *bad[] = {"", "2026", "2026-13-01", "2026-11-23T08",
	    "2026-11-23T08:15:00", "2026-11-23T25:00:00Z", "2026-11-23 08:15",
	    "2026-11-23T08:15:00+1", "x026-11-23", "2026-02-30", "2027-02-29",
	    "2026-04-31T00:00:00Z"};
	size_t i;
	int64_t t;

	ck_assert(clock_parse("2026-11-23", &t) && t == 1795392000);
	ck_assert(
	    clock_parse("2026-11-23T10:15:00+02:00", &t) && t == 1795421700);
	ck_assert(
	    clock_parse("2026-11-23T08:15:00.25Z", &t) && t == 1795421700);
	for (i = 0; i < LENGTH(bad); i++)
		ck_assert_msg(!clock_parse(bad[i], &t), "%s", bad[i]);
}
END_TEST

START_TEST(spool_small_and_large)
{
	struct spool *s = spool_new("/tmp");
	struct fail f = {0};
	size_t sizes[] = {0, 1, 256 * 1024, 256 * 1024 + 1, 3000000}, i;

	for (i = 0; i < LENGTH(sizes); i++) {
		char chunk[1000];
		size_t left = sizes[i], n;
		uint64_t sum = 0, got = 0;
		const char *p;
		int pass;

		memset(chunk, 'x', sizeof(chunk));
		while (left > 0) {
			n = left < sizeof(chunk) ? left : sizeof(chunk);
			ck_assert_int_eq(spool_add(s, chunk, n, &f), 0);
			left -= n;
			sum += n;
		}
		ck_assert(spool_len(s) == sum);
		for (pass = 0; pass < 2; pass++) {
			ck_assert_int_eq(spool_rewind(s, &f), 0);
			for (got = 0; spool_read(s, &p, &n, &f) == 1; got += n)
				ck_assert(memchr(p, 'y', n) == NULL);
			ck_assert(got == sum);
			ck_assert_int_eq(spool_map(s, &p, &n, &f), 0);
			ck_assert(n == sum && memchr(p, 'y', n) == NULL);
			ck_assert(n == 0 || (p[0] == 'x' && p[n - 1] == 'x'));
		}
		spool_reset(s);
	}
	spool_free(s);
}
END_TEST

START_TEST(intern_makes_one)
{
	struct intern *in = intern_new();
	const char *first = intern_str(in, "a", 1);
	char name[20];
	int i;

	for (i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		ck_assert_str_eq(intern_str(in, name, strlen(name)), name);
	}
	ck_assert_ptr_eq(intern_str(in, "abc", 1), first);
	ck_assert_ptr_eq(intern_str(in, "n77", 3), intern_str(in, "n777", 3));
	ck_assert_str_eq(intern_str(in, "", 0), "");
	intern_free(in);
}
END_TEST

START_TEST(arena_is_reused)
{
	struct arena *a = arena_new();
	char *p = arena_strdup(a, "one");
	int i;

	ck_assert_str_eq(arena_printf(a, "%s-%d", p, 2), "one-2");
	for (i = 0; i < 1000; i++)
		memset(arena_alloc(a, 100), i, 100);
	ck_assert_str_eq(p, "one");
	memset(arena_alloc(a, 100000), 1, 100000);
	arena_reset(a);
	ck_assert_mem_eq(arena_alloc(a, 4), "\0\0\0\0", 4);
	arena_free(a);
}
END_TEST

START_TEST(failures)
{
	struct fail f = {0};
	int i;

	ck_assert_int_eq(fail_set(&f, CODE_QUOTA, REACH_MESSAGE, AGAIN_NEVER,
			     "append", "NO %s", "full\r\n\033[2J"),
	    -1);
	ck_assert_str_eq(f.why, "NO full\\x0D\\x0A\\x1B[2J");
	ck_assert_int_eq(fail_exit(&f), 1);
	for (i = CODE_NONE; i < CODE_COUNT; i++)
		ck_assert_int_eq(fail_code_of(fail_code_name((enum code)i)), i);
	f.code = CODE_THROTTLED;
	ck_assert_int_eq(fail_exit(&f), 75);
}
END_TEST

SUITE("base")
{
	tcase_add_loop_test(tc, printable_text, 0, LENGTH(printable));
	tcase_add_test(tc, printable_is_bounded);
	tcase_add_test(tc, numbers);
	tcase_add_test(tc, base64);
	tcase_add_test(tc, percent);
	tcase_add_loop_test(tc, times_both_ways, 0, LENGTH(times));
	tcase_add_test(tc, times_odd);
	tcase_add_test(tc, spool_small_and_large);
	tcase_add_test(tc, intern_makes_one);
	tcase_add_test(tc, arena_is_reused);
	tcase_add_test(tc, failures);
}
