/*
 * maildir_keywords.c: flags in a message's name.  Letters D F R S T are the
 * Maildir page's; a to z are keywords by the file dovecot-keywords ("0
 * $Forwarded"); P (passed on), which Dovecot does not know, is read as
 * $Forwarded and written as that keyword.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { LARGEST = 1 << 20, LETTERS = 64 };
static const char file[] = "dovecot-keywords";

static const struct {
	char letter;
	const char *flag;
} letters[] = {
    {'D', "\\Draft"},
    {'F', "\\Flagged"},
    {'P', "$Forwarded"},
    {'R', "\\Answered"},
    {'S', "\\Seen"},
    {'T', "\\Deleted"},
};

void
keywords_free(struct keywords *k)
{
	size_t i;

	for (i = 0; i < KEYWORDS; i++)
		free(k->name[i]);
	memset(k, 0, sizeof(*k));
}

static void
take(struct keywords *k, const char *line, size_t n)
{
	const char *blank = memchr(line, ' ', n);
	uint64_t i;

	if (blank == NULL || !text_u64(line, (size_t)(blank - line), &i) ||
	    i >= KEYWORDS ||
	    !flag_is_atom(blank + 1, n - (size_t)(blank + 1 - line)))
		return;
	free(k->name[i]);
	k->name[i] = mem_strndup(blank + 1, n - (size_t)(blank + 1 - line));
}

int
keywords_load(struct keywords *k, int dir, struct fail *f)
{
	struct buf b = {0};
	const char *p, *end, *nl;

	keywords_free(k);
	if (path_load(dir, file, LARGEST, &b) == -1) {
		buf_free(&b);
		return fail_errno(
		    f, CODE_IO, REACH_FOLDER, "keywords", "%s", file);
	}
	for (p = b.data, end = p + b.len; p < end; p = nl + 1) {
		if ((nl = memchr(p, '\n', (size_t)(end - p))) == NULL)
			nl = end;
		take(k, p, (size_t)(nl - p));
	}
	buf_free(&b);
	return 0;
}

const char *
flags_of_info(const char *name, const struct keywords *k, struct intern *in)
{
	const char *p = name + name_base(name);
	struct buf b = {0};
	const char *flags;
	size_t i, n;

	buf_adds(&b, "");
	if (strncmp(p, ":2,", 3) == 0)
		for (p += 3, n = 0; *p != '\0' && n < LETTERS; p++, n++) {
			const char *flag = NULL;

			if (*p >= 'a' && *p <= 'z')
				flag = k->name[*p - 'a'];
			for (i = 0; i < LENGTH(letters); i++)
				if (letters[i].letter == *p)
					flag = letters[i].flag;
			if (flag != NULL)
				buf_addf(&b, "%s%s", b.len ? " " : "", flag);
		}
	flags = flags_canon(in, b.data, b.len);
	buf_free(&b);
	return flags;
}

/* ---- writing ---- */

static int
is_flag(const char *flag, const char *s, size_t n)
{
	return strlen(flag) == n && text_ncasecmp(flag, s, n) == 0;
}

static int
letter_of(const struct keywords *k, const char *flag, size_t n)
{
	size_t i;

	for (i = 0; i < LENGTH(letters); i++)
		if (letters[i].letter != 'P' &&
		    is_flag(letters[i].flag, flag, n))
			return letters[i].letter;
	for (i = 0; i < KEYWORDS; i++)
		if (k->name[i] != NULL && is_flag(k->name[i], flag, n))
			return 'a' + (int)i;
	return 0;
}

static int
save(const struct keywords *k, int dir, int lock, struct fail *f)
{
	struct buf b = {0};
	size_t i;
	int rc;

	for (i = 0; i < KEYWORDS; i++)
		if (k->name[i] != NULL)
			buf_addf(&b, "%zu %s\n", i, k->name[i]);
	rc = path_replace(dir, file, lock, &b, f);
	buf_free(&b);
	return rc;
}

/* Another writer may have added keywords since: read again under the lock. */
static int
add_keyword(struct keywords *k, int dir, const char *flag, size_t n,
    int *letter, struct fail *f)
{
	int lock = path_lock(dir, file, f);
	size_t i;

	if (lock == -1)
		return -1;
	if (keywords_load(k, dir, f) == -1) {
		path_unlock(dir, file, lock);
		return -1;
	}
	*letter = letter_of(k, flag, n);
	for (i = 0; i < KEYWORDS && k->name[i] != NULL; i++)
		;
	if (*letter != 0 || i == KEYWORDS || !flag_is_atom(flag, n)) {
		path_unlock(dir, file, lock);
		return 0;
	}
	k->name[i] = mem_strndup(flag, n);
	*letter = 'a' + (int)i;
	return save(k, dir, lock, f);
}

static int
by_octet(const void *a, const void *b)
{
	return *(const char *)a - *(const char *)b;
}

int
flags_to_info(struct buf *info, const char *flags, struct keywords *k, int dir,
    struct buf *lost, struct fail *f)
{
	size_t start = info->len, n;
	int letter;

	for (; *flags != '\0'; flags += n) {
		flags += strspn(flags, " ");
		n = strcspn(flags, " ");
		if (n == 0)
			break;
		letter = letter_of(k, flags, n);
		if (letter == 0 && *flags != '\\' &&
		    add_keyword(k, dir, flags, n, &letter, f) == -1)
			return -1;
		if (letter != 0)
			buf_addc(info, (char)letter);
		else {
			buf_adds(lost, lost->len ? " " : "");
			buf_add(lost, flags, n);
		}
	}
	buf_adds(info, "");
	qsort(info->data + start, info->len - start, 1, by_octet);
	return 0;
}

void
keywords_permanent(struct buf *b, const struct keywords *k)
{
	size_t i, used = 0;

	buf_adds(b, "\\Seen \\Answered \\Flagged \\Deleted \\Draft");
	for (i = 0; i < KEYWORDS; i++)
		if (k->name[i] != NULL) {
			buf_addf(b, " %s", k->name[i]);
			used++;
		}
	if (used < KEYWORDS)
		buf_adds(b, " \\*");
}
