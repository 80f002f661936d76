/* mode_import.c: account rows from a list of another tool. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "exchange/exchange.h"
#include "modes/modes.h"
#include "row/row.h"

static struct import *import;

static int
start(struct fail *f)
{
	if (import_new(&import, &modes_opt.list, f) == -1)
		return -1;
	if (import_is_lines(import))
		cli_lines();
	return 0;
}

static struct header *
header(const struct header *have, struct fail *f)
{
	return import_header(import, have, f);
}

static int
take(const struct row *r, struct fail *f)
{
	return import_take(import, r, f);
}

static int
finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct import_count c;
	struct row *r;

	if (import_end(import, f) == -1)
		return -1;
	import_counts(import, &c);
	say_loud("%" PRIu64 " accounts, %" PRIu64 " rejected; %" PRIu64
		 " passwords put away",
	    c.accounts, rejected, c.passwords);
	if (c.ignored > 0)
		say_loud("%" PRIu64 " settings have no place in account rows",
		    c.ignored);
	while (import_next(import, r = out_new(o, NULL)) == 1)
		out_row(o, r);
	import_free(import);
	return 0;
}

const struct mode mode_import = {start, header, take, finish};
