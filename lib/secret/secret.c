/* secret.c: references to secrets, and what they yield. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "secret/secret_p.h"

extern char **environ;

/* What env: and fd: yielded; and every value, for masking. */
struct kept {
	struct kept *next;
	char *ref; /* NULL: only for masking */
	char *value;
	size_t len;
};
static struct kept *kept;

static void
keep(const char *ref, const char *value, size_t len)
{
	struct kept *k;

	for (k = kept; k != NULL; k = k->next)
		if (k->len == len && memcmp(k->value, value, len) == 0 &&
		    (ref == NULL || (k->ref && strcmp(k->ref, ref) == 0)))
			return;
	k = mem_alloc(sizeof(*k));
	k->ref = ref != NULL ? mem_strdup(ref) : NULL;
	k->value = mem_strndup(value, len);
	(void)mlock(k->value, len);
	k->len = len;
	k->next = kept;
	kept = k;
}

static const struct kept *
recall(const char *ref)
{
	const struct kept *k;

	for (k = kept; k != NULL; k = k->next)
		if (k->ref != NULL && strcmp(k->ref, ref) == 0)
			return k;
	return NULL;
}

void
secret_init(void)
{
	static char **copy; /* setenv(3) makes another and forgets this one */
	struct rlimit none = {0, 0};
	char **old = environ, *start, *end;
	size_t i, n = 0;

	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	while (old[n] != NULL)
		n++;
	copy = mem_array(n + 1, sizeof(*copy));
	for (i = 0; i < n; i++)
		copy[i] = mem_strdup(old[i]);
	environ = copy;
	for (i = 0; i < n; i++) {
		start = old[i];
		end = start + strlen(start);
		explicit_bzero(start, (size_t)(end - start));
	}
}

int
refuse(struct fail *f, enum code code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)fail_vset(
	    f, code, REACH_ENDPOINT, AGAIN_NEVER, "secret", fmt, ap);
	va_end(ap);
	return -1;
}

/* The value less its last newline, or of the first line only. */
int
take_value(const char *ref, struct buf *raw, int first_line, struct secret *out,
    struct fail *f)
{
	const char *lf = raw->len > 0 && first_line
	    ? memchr(raw->data, '\n', raw->len)
	    : NULL;
	size_t n = raw->len;

	if (lf != NULL)
		n = (size_t)(lf - raw->data) + 1;
	if (n > 0 && raw->data[n - 1] == '\n') {
		n--;
		n -= n > 0 && raw->data[n - 1] == '\r';
	}
	if (n == 0)
		return refuse(f, CODE_CONFIG, "%s is empty", ref);
	if (memchr(raw->data, '\0', n) != NULL)
		return refuse(f, CODE_CONFIG, "%s holds a NUL octet", ref);
	if (n > SECRET_MAX)
		return refuse(f, CODE_CONFIG, "%s is longer than 64 KiB", ref);
	out->data = mem_alloc(n + 1);
	out->len = n;
	(void)mlock(out->data, n);
	memcpy(out->data, raw->data, n);
	return 0;
}

static int
from_env(const char *ref, struct secret *out, struct fail *f)
{
	const char *name = ref + 4, *value = getenv(name);
	struct buf raw = {0};
	int rc;

	if (value == NULL || *value == '\0')
		return refuse(f, CODE_CONFIG,
		    "%s: no such variable in the environment", ref);
	(void)buf_room(&raw, strlen(value) + 1);
	buf_adds(&raw, value);
	rc = take_value(ref, &raw, 0, out, f);
	buf_wipe(&raw);
	return rc;
}

/* Takes the name out of what later children get; what is left of its entry
 * stays ours, behind the end. */
static void
hide_env(const char *name)
{
	char **e = environ, **end;
	size_t n = strlen(name);

	for (end = e; *end != NULL;)
		end++;
	while (*e != NULL) {
		char *entry = *e;

		if (strncmp(entry, name, n) != 0 || entry[n] != '=') {
			e++;
			continue;
		}
		explicit_bzero(entry, strlen(entry));
		memmove(e, e + 1, (size_t)(end - e) * sizeof(*e));
		*end-- = entry;
	}
}

static int
from_fd(const char *ref, struct secret *out, struct fail *f)
{
	uint64_t fd;
	struct buf raw = {0};
	int rc;

	if (!text_u64(ref + 3, strlen(ref + 3), &fd) || fd > 65535)
		return refuse(f, CODE_CONFIG, "%s: fd: wants a number", ref);
	/* Not for our children: they could read it again. */
	(void)fcntl((int)fd, F_SETFD, FD_CLOEXEC);
	rc = read_line_fd((int)fd, secret_deadline(), ref, &raw, f);
	if (rc == 0)
		rc = take_value(ref, &raw, 1, out, f);
	buf_wipe(&raw);
	return rc;
}

static const struct kind {
	const char *prefix;
	int (*get)(const char *ref, const struct secret_for *whom,
	    struct secret *out, struct fail *f);
} kinds[] = {
    {"file:", secret_file},
    {"cred:", secret_cred},
    {"cmd:", secret_cmd},
    {"netrc:", secret_netrc},
};

static int
is_kind(const char *ref, const char *prefix)
{
	return strncmp(ref, prefix, strlen(prefix)) == 0;
}

int
secret_is_kept(const char *ref)
{
	return recall(ref) != NULL;
}

int
secret_preload(const char *ref, struct fail *f)
{
	struct secret s = {0};
	int rc;

	if ((!is_kind(ref, "env:") && !is_kind(ref, "fd:")) ||
	    recall(ref) != NULL)
		return 0;
	rc = is_kind(ref, "env:") ? from_env(ref, &s, f) : from_fd(ref, &s, f);
	if (rc == 0) {
		keep(ref, s.data, s.len);
		if (is_kind(ref, "env:"))
			hide_env(ref + 4);
	}
	secret_wipe(&s);
	return rc;
}

int
secret_get(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	const struct kept *k;
	size_t i;

	memset(out, 0, sizeof(*out));
	if (secret_preload(ref, f) == -1)
		return -1;
	if ((k = recall(ref)) != NULL) {
		out->data = mem_strndup(k->value, k->len);
		out->len = k->len;
		return 0;
	}
	for (i = 0; i < LENGTH(kinds); i++)
		if (is_kind(ref, kinds[i].prefix)) {
			int rc = kinds[i].get(ref, whom, out, f);

			if (rc == 0)
				keep(NULL, out->data, out->len);
			return rc;
		}
	/* It may be the secret itself, so it is not shown. */
	return refuse(f, CODE_CONFIG,
	    "a secret is given as a reference: file:PATH, cmd:COMMAND, "
	    "env:NAME, netrc:, cred:NAME or fd:N");
}

void
secret_wipe(struct secret *s)
{
	if (s->data != NULL)
		explicit_bzero(s->data, s->len);
	free(s->data);
	s->data = NULL;
	s->len = 0;
}

void
secret_export(struct buf *b, const char *ref)
{
	const struct kept *k = recall(ref);

	if (k == NULL)
		return;
	(void)buf_room(b, strlen(ref) + k->len + 2);
	buf_add(b, ref, strlen(ref) + 1);
	buf_add(b, k->value, k->len);
}

void
secret_import(const char *p, size_t n)
{
	const char *nul = memchr(p, '\0', n);

	if (nul == NULL)
		return;
	keep(p, nul + 1, (size_t)(p + n - nul - 1));
	if (is_kind(p, "env:"))
		hide_env(p + 4);
}

static int
replace(struct buf *text, const char *what, size_t n)
{
	int found = 0;
	char *at = text->data;

	if (n < 4) /* would mask half of every line */
		return 0;
	while (at != NULL &&
	    (at = memmem(at, text->len - (size_t)(at - text->data), what, n)) !=
		NULL) {
		size_t tail = text->len - (size_t)(at - text->data) - n;

		memset(at, '*', 3);
		memmove(at + 3, at + n, tail + 1);
		text->len -= n - 3;
		at += 3;
		found = 1;
	}
	return found;
}

/* Base64 of the secret wherever it lies within a longer text: the groups that
 * hold nothing else are the same for each of the three alignments. */
static int
replace_base64(struct buf *text, const struct kept *k)
{
	size_t shift;
	int found = 0;

	for (shift = 0; shift < 3; shift++) {
		struct buf b = {0};
		size_t skip = (3 - shift) % 3, whole;

		if (k->len < skip + 3)
			continue;
		whole = (k->len - skip) / 3 * 3;
		(void)buf_room(&b, 2 * k->len + 8);
		text_base64(&b, k->value + skip, whole);
		found |= replace(text, b.data, b.len);
		buf_wipe(&b);
	}
	return found;
}

int
secret_mask(struct buf *text)
{
	const struct kept *k;
	int found = 0;

	if (text->data == NULL)
		return 0;
	for (k = kept; k != NULL; k = k->next) {
		struct buf shown = {0};

		found |= replace(text, k->value, k->len);
		/* As a line for people has it. */
		(void)buf_room(&shown, 4 * k->len + 8);
		text_printable(&shown, k->value, k->len, 4 * k->len);
		found |= replace(text, shown.data, shown.len);
		buf_wipe(&shown);
		found |= replace_base64(text, k);
	}
	return found;
}
