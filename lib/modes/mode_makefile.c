/* mode_makefile.c: the batches of jobs, for the runbook. */
#include <stdlib.h>

#include "base/base.h"
#include "cli/cli.h"
#include "modes/modes.h"
#include "row/row.h"

static struct makefile *makefile;

static int
start(struct fail *f)
{
	(void)f;
	makefile = makefile_new();
	return 0;
}

static struct header *
header(const struct header *have, struct fail *f)
{
	return header_needs(have, "batch stage", f) == -1 ? NULL
							  : header_new("");
}

static int
take(const struct row *r, struct fail *f)
{
	return makefile_job(makefile, r, f);
}

static int
finish(uint64_t rejected, struct out *o, struct fail *f)
{
	struct buf text = {0};

	(void)rejected;
	(void)f;
	makefile_text(makefile, &text);
	out_text(o, text.data, text.len);
	buf_free(&text);
	makefile_free(makefile);
	return 0;
}

const struct mode mode_makefile = {start, header, take, finish};
