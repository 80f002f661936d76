/*
 * row: tables.  A record is a row, the first line is the header, columns are
 * found by name.  TSV with the escapes \t \n \r \\ is the pipe format, CSV
 * (RFC 4180) the door on both sides; see mbx-tables(5).
 */
#ifndef ROW_H
#define ROW_H

#include <stdint.h>
#include <stdio.h>

struct fail;
struct arena;

/* DIALECT_LINES: no header; each line as it is, in the one column `line`. */
enum dialect { DIALECT_AUTO, DIALECT_TSV, DIALECT_CSV, DIALECT_LINES };

/* ---- header.c: names of columns, shared by the rows under them ---- */

struct header;
/* Space-separated names; owned by the caller, who frees it after its rows. */
struct header *header_new(const char *names);
void header_free(struct header *h);
size_t header_count(const struct header *h);
const char *header_name(const struct header *h, size_t i);
/* Index of a column, -1 if there is none. */
int header_find(const struct header *h, const char *name);
/* Adds the column unless it is there; its index. */
size_t header_add(struct header *h, const char *name);

/* ---- row.c ---- */

struct row;
/*
 * An empty row under h; it and its values live in a.  Values are NUL-free
 * octet strings, normally UTF-8.
 */
struct row *row_new(struct arena *a, const struct header *h);
/* The same values by name under another header (columns that h lacks go). */
struct row *
row_under(struct arena *a, const struct header *h, const struct row *from);
const struct header *row_header(const struct row *r);
/* Never NULL: "" for a column that is empty or missing. */
const char *row_get(const struct row *r, const char *column);
const char *row_at(const struct row *r, size_t i);
/* Sets a column of the header; a column that the header lacks is our bug. */
void row_set(struct row *r, const char *column, const char *value);
void row_setf(struct row *r, const char *column, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void row_set_at(struct row *r, size_t i, const char *value);
/* 1 and *v, 0 if empty, -1 if it is not a number (fail names the column). */
int
row_u64(const struct row *r, const char *column, uint64_t *v, struct fail *f);

/* ---- table_in.c ---- */

struct table_in;
/*
 * Reads from the descriptor of fp, as it comes (fp is not closed); name is for
 * messages.  The dialect is found from the header line when DIALECT_AUTO.  A
 * field is at most 1 MiB, a row 4 MiB, a header 4,096 columns; beyond that the
 * row is bad.
 */
struct table_in *table_in(FILE *fp, const char *name, enum dialect d);
void table_in_free(struct table_in *t);
/* 1 the header is there, 0 no header at all (no input), -1 a bad header. */
int table_header(struct table_in *t, struct header **h, struct fail *f);
/*
 * 1 a row in a, 0 end, -1 a bad row: f has REACH_MESSAGE, names
 * FILE:LINE and the next call goes on behind it; or REACH_RUN when nothing
 * more can be read.  Repeated identical headers are skipped.
 */
int
table_next(struct table_in *t, struct arena *a, struct row **r, struct fail *f);
/* 1 if text is buffered, so that table_next may answer without reading. */
int table_in_ready(const struct table_in *t);
/* The raw text of the last record and its first line number, for --rejects. */
const char *table_text(const struct table_in *t, size_t *n, uint64_t *line);

/* ---- table_out.c ---- */

struct table_out;
enum { TABLE_CSV_SAFE = 1 }; /* guard spreadsheets against formulas */
/* Writes to fp (not closed), header first.  h must outlive it. */
struct table_out *
table_out(FILE *fp, const struct header *h, enum dialect d, unsigned int flags);
void table_out_free(struct table_out *t);
int table_put(struct table_out *t, const struct row *r, struct fail *f);
/* Text in place of rows, as it is; there will be no header. */
int
table_text_put(struct table_out *t, const char *s, size_t n, struct fail *f);
/* Flushes, checks, and writes the header if no row came: 74 if the disk is
 * full, never a short file and a 0. */
int table_end(struct table_out *t, struct fail *f);

/* One record as TSV text without its newline, and back (for pipes between
 * our own processes and for the ledger).  parse: 1, or 0 if malformed. */
struct buf;
void row_format(struct buf *b, const struct row *r);
int row_parse(struct row *r, const char *s, size_t n);
/* One field with the escapes. */
void tsv_escape(struct buf *b, const char *s, size_t n);

#endif
