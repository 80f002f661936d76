/* row_p.h: what the files of this room share. */
#ifndef ROW_P_H
#define ROW_P_H

#include <stdint.h>
#include <stdio.h>

#include "base/base.h"
#include "row/row.h"

enum {
	LIMIT_FIELD = 1 << 20,
	LIMIT_RECORD = 4 << 20,
	LIMIT_COLUMNS = 4096,
	LIMIT_AGAIN = 64 << 20 /* octets read again behind broken records */
};

/* ---- reader.c: physical lines of bounded length, with push-back ---- */

struct reader {
	FILE *fp;
	struct buf back; /* text to be read again, before fp */
	size_t back_at;
	uint64_t line; /* of the last line read, from 1 */
	char chunk[16384];
	size_t at, end;
};
/*
 * Appends the next line with its LF to b.  1, 0 at the end, -1 read error.
 * More than LIMIT_RECORD octets: the rest is read and dropped, *over set.
 */
int reader_next(struct reader *in, struct buf *b, int *over, struct fail *f);
/* Reads n octets at p, which hold `lines` line ends, again. */
void reader_again(struct reader *in, const char *p, size_t n);
void reader_free(struct reader *in);

/* ---- csv_in.c and tsv.c: a record into fields ---- */

struct fields {
	struct buf text; /* values, each with its NUL */
	size_t *at, n, room;
};
void fields_add(struct fields *fs, const char *s, size_t n);
void fields_begin(struct fields *fs); /* its octets and a NUL follow in text */
const char *fields_get(const struct fields *fs, size_t i);
void fields_reset(struct fields *fs);
void fields_free(struct fields *fs);
/* One line of TSV; NULL, or what is wrong with it. */
const char *tsv_split(struct fields *fs, const char *s, size_t n);
/* One whole record; NULL, or what is wrong with it. */
const char *csv_split(struct fields *fs, const char *s, size_t n, char sep);
/* Where in a record its octets so far have come to; {0} at its start. */
struct quotes {
	int open, inside; /* a quoted field; any field */
};
/*
 * 1 if the octets end inside a quoted field.  They are given piece by piece:
 * to look at them all again with each line takes forever in a big field.
 */
int csv_is_open(struct quotes *q, const char *s, size_t n, char sep);

#endif
