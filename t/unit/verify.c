/* Unit tests of verify: piles and texts, small and larger than memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"
#include "verify/verify_p.h"

struct record {
	uint32_t key, at;
	char fill[40];
};

static int
by_key(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static int
by_at(const void *a, const void *b)
{
	const struct record *x = a, *y = b;

	return (x->at > y->at) - (x->at < y->at);
}

static struct pile *
filled(uint32_t n)
{
	struct pile *p = pile_new(sizeof(struct record), "/tmp");
	struct record r = {.fill = "x"};
	struct fail f = {0};

	for (r.at = 0; r.at < n; r.at++) {
		r.key = r.at * 2654435761u % 1000;
		ck_assert_int_eq(pile_add(p, &r, &f), 0);
	}
	ck_assert_uint_eq(pile_count(p), n);
	return p;
}

static void
in_order(struct pile *p, uint32_t n, int (*by)(const void *, const void *))
{
	char *seen = mem_alloc(n + 1);
	struct record r, last;
	struct fail f = {0};
	uint32_t i;

	ck_assert_int_eq(pile_sort(p, by, &f), 0);
	for (i = 0; i < n; i++) {
		ck_assert_int_eq(pile_next(p, &r, &f), 1);
		ck_assert(r.at < n && !seen[r.at]);
		ck_assert_str_eq(r.fill, "x");
		if (i > 0 && by != NULL)
			ck_assert_int_lt(by(&last, &r), 0);
		if (by == NULL)
			ck_assert_uint_eq(r.at, i);
		seen[r.at] = 1;
		last = r;
	}
	ck_assert_int_eq(pile_next(p, &r, &f), 0);
	ck_assert_int_eq(pile_next(p, &r, &f), 0);
	free(seen);
}

/* 256 KiB are 5,461 records: around one buffer, around two, many. */
static const uint32_t sizes[] = {
    0, 1, 2, 16, 17, 5460, 5461, 5462, 10922, 10923, 200000};

START_TEST(pile_orders)
{
	uint32_t n = sizes[_i];
	struct pile *p = filled(n);
	struct record r;
	struct fail f = {0};

	in_order(p, n, NULL);
	if (n > 0) {
		ck_assert_int_eq(pile_at(p, n / 2, &r, &f), 0);
		ck_assert_uint_eq(r.at, n / 2);
	}
	in_order(p, n, by_key);
	in_order(p, n, by_key);
	in_order(p, n, by_at);
	pile_reset(p);
	ck_assert_uint_eq(pile_count(p), 0);
	ck_assert_int_eq(pile_sort(p, by_at, &f), 0);
	ck_assert_int_eq(pile_next(p, &r, &f), 0);
	pile_free(p);
}
END_TEST

START_TEST(pile_without_a_disk)
{
	struct pile *p = pile_new(sizeof(struct record), "/nowhere/at/all");
	struct record r = {.key = 0};
	struct fail f = {0};
	uint32_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < 6000; i++)
		rc = pile_add(p, &r, &f);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(f.code, CODE_IO);
	ck_assert_uint_eq(i, 5462);
	pile_free(p);
}
END_TEST

START_TEST(texts_are_kept)
{
	enum { N = 20000 };
	struct texts *t = texts_new("/tmp");
	uint64_t *at = mem_array(N, sizeof(*at));
	struct buf b = {0};
	struct fail f = {0};
	char text[32];
	int i;

	for (i = 0; i < N; i++) {
		(void)snprintf(text, sizeof(text), "%d", i * i);
		ck_assert_int_eq(
		    texts_add(t, i == 7 ? "" : text, &at[i], &f), 0);
	}
	for (i = N - 1; i >= 0; i--) {
		(void)snprintf(text, sizeof(text), "%d", i * i);
		buf_reset(&b);
		buf_add(&b, "", 0);
		ck_assert_int_eq(texts_get(t, at[i], &b, &f), 0);
		ck_assert_str_eq(b.data, i == 7 ? "" : text);
	}
	ck_assert_int_eq(texts_get(t, TEXT_NONE, &b, &f), 0);
	buf_free(&b);
	free(at);
	texts_free(t);
}
END_TEST

/* However a header comes in pieces, it is in the sample or it is not. */
START_TEST(sample_of_pieces)
{
	static const char mail[] =
	    "Message-ID: <%d@x>\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n"
	    "From: a@x\r\n\r\nMessage-ID: <other>\r\n\r\nbody\r\n";
	struct verify_opt o = {.sample = 30, .seed = "s"};
	struct verify v = {.o = &o, .sample_of = "INBOX"};
	int n, in = 0;

	for (n = 0; n < 1000; n++) {
		char text[256];
		struct buf b = {0};
		size_t len, i, step = 1 + (size_t)n % 7;
		int whole, rc = -1;

		(void)snprintf(text, sizeof(text), mail, n);
		len = strlen(text);
		whole = sample_head(&v, &b, text, len, 0);
		ck_assert_int_ne(whole, -1);
		buf_reset(&b);
		for (i = 0; rc == -1 && i < len; i += step)
			rc = sample_head(&v, &b, text + i,
			    len - i < step ? len - i : step, 0);
		ck_assert_int_eq(rc, whole);
		in += whole;
		buf_free(&b);
	}
	ck_assert_int_gt(in, 250);
	ck_assert_int_lt(in, 350);
}
END_TEST

SUITE("verify")
{
	tcase_add_loop_test(tc, pile_orders, 0, (int)LENGTH(sizes));
	tcase_add_test(tc, pile_without_a_disk);
	tcase_add_test(tc, texts_are_kept);
	tcase_add_test(tc, sample_of_pieces);
}
