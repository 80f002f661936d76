/* side.c: a table beside stdout, such as --messages FILE. */
#include <stdio.h>

#include "cli/cli_p.h"

static FILE *file;
static const char *path;
static struct header *header;
static struct table_out *table;

int
side_open(const struct filter *t, struct fail *f)
{
	if (t->side_file == NULL || *t->side_file == NULL)
		return 0;
	path = *t->side_file;
	file = fopen(path, "we");
	if (file == NULL)
		return fail_errno(f, CODE_IO, REACH_RUN, "open", "%s", path);
	header = header_new(t->side_columns);
	table = table_out(
	    file, header, settings.to, settings.csv_safe ? TABLE_CSV_SAFE : 0);
	return 0;
}

const struct header *
side_header(void)
{
	return header;
}

int
side_put(const struct row *r, struct fail *f)
{
	return table_put(table, r, f);
}

int
side_close(struct fail *f)
{
	int rc;

	if (file == NULL)
		return 0;
	rc = table_end(table, f);
	if (fclose(file) != 0 && rc == 0)
		rc = fail_errno(f, CODE_IO, REACH_RUN, "write", "%s", path);
	table_out_free(table);
	header_free(header);
	file = NULL;
	return rc;
}

/* ---- in a worker ---- */

struct row *
side_new(struct out *o, const struct row *from)
{
	if (header == NULL)
		return NULL;
	return out_make(o, header, from);
}

void
side_row(struct out *o, const struct row *r)
{
	out_frame(o, FRAME_SIDE, r);
	out_made(o);
}
