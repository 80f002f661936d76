/* exchange_p.h: what the files of this room share. */
#ifndef EXCHANGE_P_H
#define EXCHANGE_P_H

#include "base/base.h"
#include "exchange/exchange.h"
#include "net/net.h"
#include "row/row.h"

enum { SOURCE, TARGET, SIDES };

/* How imapsync is told to secure a connection. */
enum { WANTS_SSL = 1, WANTS_TLS = 2, WANTS_NO_SSL = 4, WANTS_NO_TLS = 8 };

/* One side of an account as a list tells it; NULL where it does not. */
struct login {
	const char *host, *port, *user, *password;
	const char *passfile; /* the password is there */
	const char *admin; /* logs in on behalf of user */
	const char *auth;
	unsigned int wants;
};
struct told {
	struct login side[SIDES];
	const char *account, *name;
	struct buf rest; /* options of imapsync that have no column */
};

struct import {
	struct import_opt opt;
	const struct form *form;
	const struct header *under;
	struct arena *arena; /* of the rows */
	struct row **rows;
	size_t n, at;
	int column[4]; /* of a table */
	struct vault *vault;
	/* imapcopy: servers stand before the accounts. */
	char *host[SIDES], *port[SIDES];
	struct import_count count;
};

/* ---- forms.c: the formats, one function each ---- */

/*
 * s (a line, taken apart in place) to t: 1 an account, 0 nothing, -1.  A
 * table's row is in fields.
 */
struct form {
	const char *name;
	int (*line)(struct import *im, char *s, struct told *t, struct fail *f);
	const char *columns; /* a table's, by blanks; what it needs first */
	size_t needs;
	int (*fields)(char *field[4], struct told *t, struct fail *f);
	int templates; /* the list names no source server */
};
const struct form *form_find(const char *name, struct fail *f);

/* ---- options.c: what imapsync is told beside the log-ins ---- */
int list_options(struct told *t, char *s, struct import *im, struct fail *f);

/* ---- vault.c: the files that hold passwords ---- */

struct vault;
/* Opens the directory, or makes it. */
int vault_open(struct vault **v, const char *dir, struct fail *f);
void vault_free(struct vault *v);
/* Puts a password of e into its file; ref is the reference to it. */
int vault_put(struct vault *v, const struct endpoint *e, const char *password,
    struct buf *ref, struct fail *f);
int vault_sync(struct vault *v, struct fail *f);

/* ---- channels.c: mbsync ---- */

struct export
{
	const struct target *target;
	struct intern *seen;
	struct buf text;
	struct export_count count;
};
/* A part of a row that the format cannot say; -1. */
int cannot(struct fail *f, const char *what, const char *why);
int channel_add(struct export *x, const struct row *r, struct fail *f);

#endif
