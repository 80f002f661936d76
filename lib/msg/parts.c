/*
 * parts.c: the decoded MIME parts of a message, for L2.  libetpan's parser is
 * trusted with nothing: a linear pre-scan refuses what it chokes on (60,000
 * nested parts cost it 96 s and a crash), it runs in a child that has one
 * descriptor, cannot open another and gets little time and memory, and a tree
 * that leaves parts out is not believed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libetpan/mailmime.h>

#include "msg/msg_p.h"

enum {
	DEPTH = 100,
	PARTS = 10000,
	HEADER = 1 << 20, /* octets */
	SIZE = 256 << 20, /* octets */
	ROOM = 256 << 20, /* octets of memory beside the message's */
	RATE = 16 << 20 /* octets that get a second of CPU time */
};

/* ---- in the child, before the parser ---- */

static int
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t
blanks(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && is_blank(p[i]))
		i++;
	return i;
}

/* What could open a level: a "boundary" parameter or a "/rfc822" type, their
 * blanks and comments seen, wherever they stand. */
static int
is_level(const char *from, const char *p, const char *end)
{
	size_t n = (size_t)(end - p);

	if (n > 8 && text_ncasecmp(p, "boundary", 8) == 0) {
		p += 8 + blanks(p + 8, n - 8);
		return p < end && (*p == '=' || *p == '(');
	}
	if (n < 6 || text_ncasecmp(p, "rfc822", 6) != 0)
		return 0;
	while (p > from && is_blank(p[-1]))
		p--;
	return p > from && (p[-1] == '/' || p[-1] == ')');
}

static size_t
count_levels(const char *p, size_t n)
{
	const char *from = p, *end = p + n;
	size_t levels = 0;

	for (; p < end && levels <= DEPTH; p++)
		if ((*p | 32) == 'b' || (*p | 32) == 'r')
			levels += (size_t)is_level(from, p, end);
	return levels;
}

static size_t
count_dashed(const char *p, size_t n)
{
	const char *end = p + n;
	size_t lines = 0;

	while (p != NULL && p < end && lines <= PARTS) {
		lines += end - p > 2 && p[0] == '-' && p[1] == '-';
		p = memchr(p, '\n', (size_t)(end - p));
		p = p != NULL ? p + 1 : NULL;
	}
	return lines;
}

static size_t
header_size(const char *p, size_t n)
{
	const char *s = p;
	struct field fl;
	size_t left = n;

	while (field_next(&fl, &s, &left))
		;
	return (size_t)(s - p);
}

/* More than the limits is refused, even where a reader would find fewer. */
static int
is_tame(const char *p, size_t n)
{
	size_t levels;

	if (header_size(p, n) >= HEADER)
		return 0;
	levels = count_levels(p, n);
	return levels <= DEPTH && (levels == 0 || count_dashed(p, n) <= PARTS);
}

/* ---- in the child: the tree ---- */

static void
add_lower(struct hash *h, const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		char c = (char)text_lower((unsigned char)*s);

		hash_add(h, &c, 1);
	}
}

static const char *
type_name(const struct mailmime_type *t)
{
	static const char *const discrete[] = {
	    [MAILMIME_DISCRETE_TYPE_TEXT] = "text",
	    [MAILMIME_DISCRETE_TYPE_IMAGE] = "image",
	    [MAILMIME_DISCRETE_TYPE_AUDIO] = "audio",
	    [MAILMIME_DISCRETE_TYPE_VIDEO] = "video",
	    [MAILMIME_DISCRETE_TYPE_APPLICATION] = "application",
	};
	const struct mailmime_discrete_type *d;

	if (t->tp_type != MAILMIME_TYPE_DISCRETE_TYPE)
		return t->tp_data.tp_composite_type->ct_type ==
			MAILMIME_COMPOSITE_TYPE_MULTIPART
		    ? "multipart"
		    : "message";
	d = t->tp_data.tp_discrete_type;
	if (d->dt_extension != NULL)
		return d->dt_extension;
	return d->dt_type > 0 && (size_t)d->dt_type < LENGTH(discrete)
	    ? discrete[d->dt_type]
	    : "";
}

/* Where a part's own header starts: of a message, that is its parent's body. */
static const char *
header_of(const struct mailmime *m)
{
	const struct mailmime *up = m->mm_parent;

	return up != NULL && up->mm_type == MAILMIME_MESSAGE
	    ? up->mm_body->dt_data.dt_text.dt_data
	    : m->mm_mime_start;
}

static void
add_file_name(struct hash *h, const struct mailmime *m)
{
	const char *head = header_of(m);
	size_t n = (size_t)(m->mm_body->dt_data.dt_text.dt_data - head);
	struct buf name = {0}, field = {0};
	int found;

	found = header_value(&field, head, n, "Content-Disposition") &&
	    param_value(&name, field.data, field.len, "filename");
	buf_reset(&field);
	if (!found && header_value(&field, head, n, "Content-Type"))
		(void)param_value(&name, field.data, field.len, "name");
	hash_add(h, name.data, name.len);
	buf_free(&field);
	buf_free(&name);
}

/* type/subtype NUL file name NUL digest */
static void
add_leaf(struct hash *h, struct mailmime *m)
{
	const struct mailmime_data *data = m->mm_body;
	const struct mailmime_content *ct = m->mm_content_type;
	const char *type;
	enum coding coding = CODING_NONE;
	uint8_t sum[32];

	if (data->dt_encoding == MAILMIME_MECHANISM_BASE64)
		coding = CODING_BASE64;
	else if (data->dt_encoding == MAILMIME_MECHANISM_QUOTED_PRINTABLE)
		coding = CODING_QUOTED;
	type = type_name(ct->ct_type);
	leaf_digest(sum, data->dt_data.dt_text.dt_data,
	    data->dt_data.dt_text.dt_length, coding,
	    text_casecmp(type, "text") == 0 ||
		text_casecmp(type, "message") == 0);
	add_lower(h, type);
	hash_add(h, "/", 1);
	add_lower(h, ct->ct_subtype);
	hash_add(h, "", 1);
	add_file_name(h, m);
	hash_add(h, "", 1);
	hash_add(h, sum, sizeof(sum));
}

/* The lines of a multipart body that open a part. */
static int
count_opened(const char *p, size_t n, const char *boundary)
{
	const char *end = p + n;
	size_t len = strlen(boundary);
	int opened = 0;

	while (p != NULL && p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		const char *eol = lf != NULL ? lf : end;

		if ((size_t)(eol - p) >= len + 2 && p[0] == '-' &&
		    p[1] == '-' && memcmp(p + 2, boundary, len) == 0) {
			p += len + 2;
			opened +=
			    blanks(p, (size_t)(eol - p)) == (size_t)(eol - p);
		}
		p = lf != NULL ? lf + 1 : NULL;
	}
	return opened;
}

/*
 * Where the body of a part starts, as we read it; NULL if that is doubtful.
 * libetpan eats the blank lines that start the first part, so that text would
 * be read as its header.
 */
static const char *
body_of(const struct mailmime *m, const char *end)
{
	const struct mailmime *up = m->mm_parent;
	const char *p = header_of(m), *s;
	int ends = 0;

	if (up != NULL && up->mm_type == MAILMIME_MULTIPLE) {
		for (s = p - 1; is_blank(*s); s--)
			ends += *s == '\n';
		if (ends != 1)
			return ends == 2 ? p : NULL;
	}
	p += header_size(p, (size_t)(end - p));
	if (p < end && *p == '\r')
		p++;
	return p < end && *p == '\n' ? p + 1 : p;
}

/* libetpan takes a field that it cannot read, and all after it, for text. */
static int
is_readable(const struct mailmime *m)
{
	const struct mailmime_data *data = m->mm_body;
	const char *text;

	if (data == NULL || data->dt_type != MAILMIME_DATA_TEXT ||
	    m->mm_content_type == NULL)
		return 0;
	text = data->dt_data.dt_text.dt_data;
	return m->mm_parent == NULL ||
	    body_of(m, text + data->dt_data.dt_text.dt_length) == text;
}

/* It drops parts that it cannot read, silently. */
static int
is_complete(const struct mailmime *m)
{
	const struct mailmime_data *data = m->mm_body;
	char *boundary;
	int opened;

	boundary = mailmime_extract_boundary(m->mm_content_type);
	if (boundary == NULL)
		return 0;
	opened = count_opened(data->dt_data.dt_text.dt_data,
	    data->dt_data.dt_text.dt_length, boundary);
	free(boundary);
	return opened > 0 &&
	    opened == clist_count(m->mm_data.mm_multipart.mm_mp_list);
}

/* All leaves in order, without recursion: 1, or 0 if the tree is not whole. */
static int
walk(struct hash *h, struct mailmime *root)
{
	static struct mailmime *stack[PARTS];
	size_t n = 0;
	clistiter *it;

	stack[n++] = root;
	while (n > 0) {
		struct mailmime *m = stack[--n];
		clist *parts = NULL;

		if (m == NULL || !is_readable(m))
			return 0;
		if (m->mm_type == MAILMIME_SINGLE)
			add_leaf(h, m);
		if (m->mm_type == MAILMIME_MESSAGE)
			stack[n++] = m->mm_data.mm_message.mm_msg_mime;
		if (m->mm_type == MAILMIME_MULTIPLE) {
			parts = m->mm_data.mm_multipart.mm_mp_list;
			if (!is_complete(m))
				return 0;
		}
		for (it = parts != NULL ? clist_end(parts) : NULL; it != NULL;
		     it = clist_previous(it)) {
			if (n == PARTS)
				return 0;
			stack[n++] = clist_content(it);
		}
	}
	return 1;
}

/* ---- in the child: what it may not do ---- */

static void
limit(int what, rlim_t most)
{
	struct rlimit l = {most, most};

	(void)setrlimit(what, &l);
}

/*
 * What is mapped already, in octets: the limit is on top of it, since a
 * worker may have an index of a million messages, and the address sanitizer
 * terabytes.
 */
static rlim_t
mapped(void)
{
	unsigned long long pages = 0;
	char line[32];
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, line, sizeof(line) - 1) : -1;

	if (fd != -1)
		(void)close(fd);
	line[n > 0 ? n : 0] = '\0';
	if (sscanf(line, "%llu", &pages) != 1)
		return 1u << 30;
	return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static void
confine(int out, size_t n)
{
	limit(RLIMIT_AS, mapped() + ROOM + 2 * (rlim_t)n);
	limit(RLIMIT_CPU, 1 + (rlim_t)n / RATE);
	limit(RLIMIT_CORE, 0);
	(void)dup2(out, 0);
	(void)close_range(1, ~0u, 0);
	limit(RLIMIT_NOFILE, 0);
}

static void
child(int out, struct spool *s)
{
	struct hash *h = hash_new();
	struct mailmime *mime = NULL;
	struct buf fields = {0};
	uint8_t sum[32];
	const char *p;
	size_t at = 0, n;

	if (spool_map(s, &p, &n, NULL) == -1)
		_exit(1);
	confine(out, n);
	if (!is_tame(p, n))
		_exit(1);
	identity_fields(&fields, p, n, 0);
	hash_add(h, fields.data, fields.len);
	hash_add(h, "\n", 1);
	if (mailmime_parse(p, n, &at, &mime) != MAILIMF_NO_ERROR ||
	    mime == NULL || !walk(h, mime))
		_exit(1);
	hash_end(h, sum);
	_exit(write(0, sum, sizeof(sum)) == sizeof(sum) ? 0 : 1);
}

/* ---- the parent ---- */

static int
read_sum(int fd, uint8_t out[32])
{
	size_t have = 0;

	while (have < 32) {
		ssize_t n = read(fd, out + have, 32 - have);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return 0;
		have += (size_t)n;
	}
	return 1;
}

int
parts_digest(struct spool *s, uint8_t out[32], struct fail *f)
{
	int pair[2] = {-1, -1}, status = 0, ok;
	pid_t pid;

	if (spool_len(s) == 0 || spool_len(s) > SIZE)
		return 0;
	if (pipe2(pair, O_CLOEXEC) == -1 || (pid = fork()) == -1) {
		(void)fail_errno(
		    f, CODE_SYSTEM, REACH_RUN, "MIME", "cannot start a child");
		if (pair[0] != -1) {
			(void)close(pair[0]);
			(void)close(pair[1]);
		}
		return -1;
	}
	if (pid == 0)
		child(pair[1], s);
	(void)close(pair[1]);
	ok = read_sum(pair[0], out);
	(void)close(pair[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	return ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
