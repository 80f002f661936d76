/*
 * exchange: what administrators hold today, into account rows and out of job
 * rows: see mbx-plan(1), IMPORT and EXPORT.  Pure, but for the files that
 * passwords go into; no password is ever in a row, an output or a message.
 */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct header;
struct row;

/* ---- import.c: lists of other tools, to account rows ---- */

struct import_opt {
	const char *format; /* imapsync m365 imapcopy kerio synology doveadm */
	const char *secrets; /* directory for passwords, made (0700); or NULL */
	/* As endpoint_template, where the list names no server; or NULL. */
	const char *source_template, *target_template;
};
struct import;
/*
 * CODE_USAGE: a format that is not known, or a template that it needs;
 * CODE_CONFIG: no such directory as secrets can be in.
 */
int import_new(struct import **im, const struct import_opt *o, struct fail *f);
void import_free(struct import *im);
/* 1: it is read line by line (DIALECT_LINES), 0: it is a table. */
int import_is_lines(const struct import *im);
/*
 * The columns of the account rows; the caller's, and outlives im.  NULL
 * (CODE_ROW) where a column is missing, or one that passes may be a password.
 */
struct header *
import_header(struct import *im, const struct header *have, struct fail *f);
/*
 * One line or row; under import_header's columns.  -1, REACH_MESSAGE: it is
 * no account (CODE_ROW: it cannot be read).  A password's file is there before
 * this returns, on the disk after import_end.
 */
int import_take(struct import *im, const struct row *r, struct fail *f);
int import_end(struct import *im, struct fail *f);
/* The accounts in order: 1 and r is filled, 0 end. */
int import_next(struct import *im, struct row *r);

struct import_count {
	uint64_t accounts, passwords;
	uint64_t ignored; /* lines and options that account rows cannot say */
};
void import_counts(const struct import *im, struct import_count *c);

/* ---- export.c: job rows, to lists of other tools ---- */

struct export;
/* format: imapsync mbsync; CODE_USAGE. */
int export_new(struct export **x, const char *format, struct fail *f);
void export_free(struct export *x);
/* One job row; -1, REACH_MESSAGE: the format cannot say it. */
int export_take(struct export *x, const struct row *r, struct fail *f);
/* Everything so far; the export's. */
const char *export_text(const struct export *x, size_t *n);

struct export_count {
	uint64_t written; /* lines or channels */
	uint64_t parts; /* rows that are part of one already written */
	uint64_t left; /* folders to leave out that will be copied after all */
};
void export_counts(const struct export *x, struct export_count *c);

#endif
