/* mode_export.c: jobs as a list for another tool. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "exchange/exchange.h"
#include "modes/modes.h"
#include "row/row.h"

static struct export *export;

static int
start(struct fail *f)
{
	return export_new(&export, modes_opt.export_to, f);
}

static struct header *
header(const struct header *have, struct fail *f)
{
	return header_needs(have, "source target", f) == -1 ? NULL
							    : header_new("");
}

static int
take(const struct row *r, struct fail *f)
{
	return export_take(export, r, f);
}

static int
finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct export_count c;
	const char *text;
	size_t n;

	(void)f;
	export_counts(export, &c);
	text = export_text(export, &n);
	out_text(o, text, n);
	say_loud("%" PRIu64 " rows: %" PRIu64 " written, %" PRIu64
		 " part of those, %" PRIu64 " rejected",
	    c.written + c.parts + rejected, c.written, c.parts, rejected);
	if (c.left > 0)
		say_loud("%" PRIu64 " folders that the rows leave out will be "
			 "copied",
		    c.left);
	export_free(export);
	return 0;
}

const struct mode mode_export = {start, header, take, finish};
