/* Unit tests of row: what a table on a descriptor yields, however it is cut. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "row/row.h"
#include "tap.h"

/* A file with these octets, at its beginning. */
static FILE *
file(const char *s, size_t n)
{
	FILE *fp = tmpfile();

	ck_assert_ptr_nonnull(fp);
	ck_assert_int_eq(write(fileno(fp), s, n) == (ssize_t)n, 1);
	ck_assert_int_eq(lseek(fileno(fp), 0, SEEK_SET), 0);
	return fp;
}

/* Header and rows as "a|b\nc|d\n", a bad row as "!LINE\n", no table "". */
static void
shown(struct buf *b, const char *s, size_t n, enum dialect d)
{
	FILE *fp = file(s, n);
	struct table_in *t = table_in(fp, "f", d);
	struct arena *a = arena_new();
	struct header *h = NULL;
	struct fail f = {0};
	struct row *r;
	size_t i;
	int rc = table_header(t, &h, &f);

	buf_adds(b, "");
	for (i = 0; rc == 1 && i < header_count(h); i++)
		buf_addf(b, "%s%s", i ? "|" : "", header_name(h, i));
	while (rc == 1 && (rc = table_next(t, a, &r, &f)) != 0) {
		buf_addc(b, '\n');
		if (rc == -1)
			buf_addf(b, "!%s", strchr(f.object, ':') + 1);
		for (i = 0; rc == 1 && i < header_count(h); i++)
			buf_addf(b, "%s%s", i ? "|" : "", row_at(r, i));
		ck_assert(rc == 1 || f.reach == REACH_MESSAGE);
		rc = 1;
	}
	if (rc == -1)
		buf_addf(b, "!%s", f.why);
	header_free(h);
	arena_free(a);
	table_in_free(t);
	(void)fclose(fp);
}

static const struct {
	const char *in, *out;
	enum dialect dialect;
} tables[] = {
    {"", "", DIALECT_AUTO},
    {"\n\n# x\n", "", DIALECT_AUTO},
    {"a\tb\n1\t2\n", "a|b\n1|2", DIALECT_AUTO},
    {"a\tb\n1\t2", "a|b\n1|2", DIALECT_AUTO},
    {"a\tb\r\n1\t2\r\n\r\n3\t4\r\n", "a|b\n1|2\n3|4", DIALECT_AUTO},
    {"a\n1,2\n", "a\n1,2", DIALECT_AUTO},
    {"a,b\n1,2\n", "a|b\n1|2", DIALECT_AUTO},
    {"a;b\n1,5;2\n", "a|b\n1,5|2", DIALECT_AUTO},
    {"a,\"b;c\"\n1,2\n", "a|b;c\n1|2", DIALECT_AUTO},
    {"a,b\n\"1\n\",\"x\"\"y\"\n", "a|b\n1\n|x\"y", DIALECT_AUTO},
    {"a,b\n \"1\" , 2 \n", "a|b\n!2", DIALECT_AUTO},
    {"a,b\n 1 ,\t2\n", "a|b\n 1 |\t2", DIALECT_AUTO},
    {"a,b\n1,\"2\n3,4\n5,6\n", "a|b\n!2\n3|4\n5|6", DIALECT_AUTO},
    {"a,b\n1,2\r3,4\n5,6\n", "a|b\n!2\n5|6", DIALECT_AUTO},
    {"a,b\n1,2\na,b\n3,4\n", "a|b\n1|2\n3|4", DIALECT_AUTO},
    {"a,b\nb,a\n", "a|b\nb|a", DIALECT_AUTO},
    {"\357\273\277a,b\n1,2\n\357\273\277a,b\n3,4\n", "a|b\n1|2\n3|4",
	DIALECT_AUTO},
    {"a\tb\n\"\t\"\n", "a|b\n\"|\"", DIALECT_AUTO},
    {"a\tb\n\\t\\n\\r\\\\\tx\n", "a|b\n\t\n\r\\|x", DIALECT_AUTO},
    {"a\tb\n\\x\tx\nc\\\ty\n1\t2\n", "a|b\n!2\n!3\n1|2", DIALECT_AUTO},
    {"a,b\n1,2\n", "a,b\n1,2", DIALECT_TSV},
    {"a\tb\n1\t2\n", "a\tb\n1\t2", DIALECT_CSV},
    {"a,b\n1\n1,2,3\n\n1,2\n", "a|b\n!2\n!3\n1|2", DIALECT_AUTO},
    {"a,b\n\377,2\n\355\240\200,2\n1,2\n", "a|b\n!2\n!3\n1|2", DIALECT_AUTO},
    {"\"a\nb\",c\n1,2\n", "a\nb|c\n1|2", DIALECT_AUTO},
    {"a,a\n1,2\n", "!two columns have one name: 'a'", DIALECT_AUTO},
    {"a,\n1,2\n", "!a column without a name", DIALECT_AUTO},
    {"a,\"b\n1,2\n", "!a quote is never closed", DIALECT_AUTO},
    {"\377\376a,b\n", "!this is UTF-16: save it as UTF-8", DIALECT_AUTO},
};

START_TEST(table)
{
	struct buf b = {0};

	shown(&b, tables[_i].in, strlen(tables[_i].in), tables[_i].dialect);
	ck_assert_str_eq(b.data, tables[_i].out);
	buf_free(&b);
}
END_TEST

/* What is whole comes, and what is cut off is one bad row or part of a row. */
START_TEST(cut_anywhere)
{
	static const char *const texts[] = {
	    "a,b\r\n1,\"x\r\n\"\"y\"\r\n2,\303\274\r\n",
	    "a\tb\n1\tx\\ny\n2\t\\\\\n",
	};
	size_t n, whole = strlen(texts[_i]);
	struct buf all = {0}, b = {0};

	shown(&all, texts[_i], whole, DIALECT_AUTO);
	for (n = 0; n <= whole; n++) {
		const char *p = texts[_i], *end = p + n;
		size_t rows = 0, k = 0;

		buf_reset(&b);
		shown(&b, texts[_i], n, DIALECT_AUTO);
		for (; p < end && (p = memchr(p, '\n', (size_t)(end - p))); p++)
			rows++;
		ck_assert_uint_le(strlen(b.data), all.len + 64);
		if (n == whole)
			ck_assert_str_eq(b.data, all.data);
		for (p = b.data; *p != '\0'; p++)
			k += *p == '!';
		ck_assert_msg(k <= 2, "%zu octets: %s", n, b.data);
		ck_assert_msg(n == 0 || *b.data != '\0', "%zu", n);
		ck_assert_msg(rows == 0 || *b.data == 'a', "%zu", n);
	}
	buf_free(&all);
	buf_free(&b);
}
END_TEST

START_TEST(limits)
{
	struct buf in = {0}, b = {0};
	size_t i;

	buf_adds(&in, "a,b\n1,");
	for (i = 0; i < (1 << 20); i++)
		buf_addc(&in, 'x');
	buf_adds(&in, "\n2,");
	for (i = 0; i <= (1 << 20) + 8192; i++) /* libcsv grows in blocks */
		buf_addc(&in, 'x');
	buf_adds(&in, "\n3,");
	for (i = 0; i <= (4 << 20); i++)
		buf_addc(&in, 'x');
	buf_adds(&in, "\n4,\"");
	for (i = 0; i <= (4 << 20); i++)
		buf_addc(&in, '\n');
	shown(&b, in.data, in.len, DIALECT_CSV);
	ck_assert_uint_eq(b.len, strlen("a|b\n1|\n!3\n!4\n!5") + (1 << 20));
	ck_assert(strcmp(b.data + b.len - 9, "\n!3\n!4\n!5") == 0);
	buf_free(&in);
	buf_free(&b);
}
END_TEST

/* The line that makes a record with an open quote too long is still read. */
START_TEST(broken_and_long)
{
	struct buf in = {0}, out = {0};
	const char *p;
	size_t i, lines = 0, bad = 0;

	buf_adds(&in, "a,b\n\"1,x\n");
	for (i = 0; i < 5000; i++)
		buf_addf(&in, "%01000d,y\n", 7);
	shown(&out, in.data, in.len, DIALECT_AUTO);
	for (p = out.data; *p != '\0'; p++) {
		lines += *p == '\n';
		bad += *p == '!';
	}
	ck_assert_uint_eq(lines, 5001);
	ck_assert_uint_eq(bad, 1);
	buf_free(&in);
	buf_free(&out);
}
END_TEST

START_TEST(columns_by_name)
{
	struct header *h = header_new(" one  two "), *g = header_new("two six");
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	struct fail f = {0};
	uint64_t v = 0;

	ck_assert_uint_eq(header_count(h), 2);
	ck_assert_int_eq(header_find(h, "six"), -1);
	ck_assert_uint_eq(header_add(h, "one"), 0);
	row_setf(r, "two", "%0300d", 7);
	ck_assert_uint_eq(strlen(row_get(r, "two")), 300);
	row_set(r, "two", "18446744073709551615");
	ck_assert_int_eq(row_u64(r, "two", &v, &f), 1);
	ck_assert(v == UINT64_MAX);
	ck_assert_int_eq(row_u64(r, "one", &v, &f), 0);
	row_set(r, "one", "1x");
	ck_assert_int_eq(row_u64(r, "one", &v, &f), -1);
	ck_assert_str_eq(f.what, "one");
	r = row_under(a, g, r);
	ck_assert_str_eq(row_get(r, "two"), "18446744073709551615");
	ck_assert_str_eq(row_get(r, "one"), "");
	arena_free(a);
	header_free(h);
	header_free(g);
}
END_TEST

/* What row_format writes row_parse reads, and it refuses all else. */
START_TEST(format_and_parse)
{
	static const char *const bad[] = {
	    "", "1", "1\t2\t3", "\\\t2", "1\t\\q"};
	struct header *h = header_new("one two");
	struct arena *a = arena_new();
	struct row *r = row_new(a, h), *s = row_new(a, h);
	struct buf b = {0};
	size_t i;

	row_set(r, "one", "\t\n\r\\\\n\001\377");
	row_format(&b, r);
	ck_assert_str_eq(b.data, "\\t\\n\\r\\\\\\\\n\001\377\t");
	ck_assert_int_eq(row_parse(s, b.data, b.len), 1);
	ck_assert_str_eq(row_get(s, "one"), row_get(r, "one"));
	ck_assert_str_eq(row_get(s, "two"), "");
	for (i = 0; i < LENGTH(bad); i++)
		ck_assert_int_eq(row_parse(s, bad[i], strlen(bad[i])), 0);
	buf_free(&b);
	arena_free(a);
	header_free(h);
}
END_TEST

/* Writes one row of one column and reads what is in the file. */
static void
put(struct buf *b, const char *value, enum dialect d, unsigned int flags)
{
	FILE *fp = tmpfile();
	struct header *h = header_new("x");
	struct table_out *t = table_out(fp, h, d, flags);
	struct arena *a = arena_new();
	struct row *r = row_new(a, h);
	struct fail f;
	char text[256];
	ssize_t n;

	row_set(r, "x", value);
	ck_assert_int_eq(table_put(t, r, &f), 0);
	ck_assert_int_eq(table_end(t, &f), 0);
	ck_assert_int_eq(lseek(fileno(fp), 0, SEEK_SET), 0);
	n = read(fileno(fp), text, sizeof(text));
	ck_assert_int_ge(n, 0);
	buf_add(b, text, (size_t)n);
	table_out_free(t);
	arena_free(a);
	header_free(h);
	(void)fclose(fp);
}

static const struct {
	const char *in, *out;
	enum dialect dialect;
	unsigned int flags;
} written[] = {
    {"a", "x\na\n", DIALECT_TSV, 0},
    {"\t\n\r\\", "x\n\\t\\n\\r\\\\\n", DIALECT_TSV, 0},
    {"\033[2J\177\302\205", "x\n\\\\x1B[2J\\\\x7F\\\\xC2\\\\x85\n", DIALECT_TSV,
	0},
    {"\377", "x\n\\\\xFF\n", DIALECT_TSV, 0},
    {"", "x\n\"\"\n", DIALECT_CSV, 0}, /* else the row is a blank line */
    {"a,\"b\"", "x\n\"a,\"\"b\"\"\"\n", DIALECT_CSV, 0},
    {"\r\n", "x\n\"\r\n\"\n", DIALECT_CSV, 0},
    {" a", "x\n\" a\"\n", DIALECT_CSV, 0},
    {"=1", "x\n=1\n", DIALECT_CSV, 0},
    {"=1", "x\n\"'=1\"\n", DIALECT_CSV, TABLE_CSV_SAFE},
    {" =1", "x\n\"' =1\"\n", DIALECT_CSV, TABLE_CSV_SAFE},
    {"\t@a\"", "x\n\"'\t@a\"\"\"\n", DIALECT_CSV, TABLE_CSV_SAFE},
    {"a=1", "x\na=1\n", DIALECT_CSV, TABLE_CSV_SAFE},
};

START_TEST(written_out)
{
	struct buf b = {0};

	put(&b, written[_i].in, written[_i].dialect, written[_i].flags);
	ck_assert_str_eq(b.data, written[_i].out);
	buf_free(&b);
}
END_TEST

START_TEST(full_disk)
{
	FILE *fp = fopen("/dev/full", "w");
	struct header *h = header_new("x");
	struct table_out *t = table_out(fp, h, DIALECT_TSV, 0);
	struct fail f = {0};

	ck_assert_int_eq(table_end(t, &f), -1);
	ck_assert_int_eq(fail_exit(&f), 74);
	table_out_free(t);
	header_free(h);
	(void)fclose(fp);
}
END_TEST

SUITE("row")
{
	tcase_add_loop_test(tc, table, 0, LENGTH(tables));
	tcase_add_loop_test(tc, cut_anywhere, 0, 2);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, broken_and_long);
	tcase_add_test(tc, columns_by_name);
	tcase_add_test(tc, format_and_parse);
	tcase_add_loop_test(tc, written_out, 0, LENGTH(written));
	tcase_add_test(tc, full_disk);
}
