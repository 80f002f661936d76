/*
 * tap.h: the main of a unit test: one Check suite, TAP on stdout for prove.
 * SUITE(name) { tcase_add_test(tc, ...); }
 */
#ifndef TAP_H
#define TAP_H

#include <check.h>
#include <stdlib.h>

#define SUITE(name)                                                       \
	static void fill(TCase *tc);                                      \
	int main(void)                                                    \
	{                                                                 \
		Suite *s = suite_create(name);                            \
		TCase *tc = tcase_create(name);                           \
		SRunner *r = srunner_create(s);                           \
		int bad;                                                  \
                                                                          \
		tcase_set_timeout(tc, 120);                               \
		fill(tc);                                                 \
		suite_add_tcase(s, tc);                                   \
		srunner_set_tap(r, "-");                                  \
		srunner_run_all(r, CK_SILENT);                            \
		bad = srunner_ntests_failed(r) || !srunner_ntests_run(r); \
		srunner_free(r);                                          \
		return bad;                                               \
	}                                                                 \
	static void fill(TCase *tc)

#endif
