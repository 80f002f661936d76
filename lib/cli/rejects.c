/* rejects.c: the rows that could not be read, for --rejects. */
#include <stdio.h>

#include "cli/cli_p.h"

static FILE *rejects;
static const char *rejects_path;

int
rejects_open(const char *path, struct fail *f)
{
	rejects = fopen(path, "we");
	rejects_path = path;
	if (rejects == NULL)
		return fail_errno(f, CODE_IO, REACH_RUN, "rejects", "%s", path);
	return 0;
}

int
rejects_add(const struct input *in, struct fail *f)
{
	size_t n;
	const char *text = input_text(in, &n);

	if (rejects != NULL &&
	    (fwrite(text, 1, n, rejects) != n || fputc('\n', rejects) == EOF))
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "rejects", "%s", rejects_path);
	return 0;
}

int
rejects_close(struct fail *f)
{
	FILE *fp = rejects;

	rejects = NULL;
	if (fp != NULL && fclose(fp) != 0)
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "rejects", "%s", rejects_path);
	return 0;
}
