/*
 * parts.c: the decoded MIME parts of a message, for L2.  libetpan's parser is
 * trusted with nothing: a linear pre-scan refuses what it chokes on (60,000
 * nested parts cost it 96 s and a crash), and it runs in a child that has one
 * descriptor and little time and memory.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libetpan/mailmime.h>

#include "msg/msg_p.h"

enum { DEPTH = 100, PARTS = 10000, SIZE = 256 << 20, CPU_S = 20 };

/* ---- before the parser ---- */

/*
 * Counts what could open a part: each "boundary" parameter one level, each
 * line that starts with -- one part.  More than the limits is refused, even
 * where a reader would find fewer.
 */
static int
is_tame(const char *p, size_t n)
{
	const char *end = p + n, *s = p;
	size_t levels = 0, parts = 0;

	while ((s = memmem(s, (size_t)(end - s), "oundary", 7)) != NULL) {
		s += 7;
		levels++;
	}
	for (s = p; s < end; s++) {
		parts += end - s > 2 && s[0] == '-' && s[1] == '-';
		s = memchr(s, '\n', (size_t)(end - s));
		if (s == NULL)
			break;
	}
	return levels <= DEPTH && parts <= PARTS;
}

/* ---- in the child ---- */

static void
add_lower(struct hash *h, const char *s)
{
	for (; s != NULL && *s != '\0'; s++) {
		char c = (char)text_lower((unsigned char)*s);

		hash_add(h, &c, 1);
	}
	hash_add(h, "\n", 1);
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
	int d;

	if (t->tp_type != MAILMIME_TYPE_DISCRETE_TYPE)
		return "message";
	d = t->tp_data.tp_discrete_type->dt_type;
	return d > 0 && (size_t)d < LENGTH(discrete) && discrete[d] != NULL
	    ? discrete[d]
	    : "other";
}

static const char *
file_name(struct mailmime *m)
{
	struct mailmime_single_fields fields;

	if (m->mm_mime_fields == NULL)
		return NULL;
	mailmime_single_fields_init(
	    &fields, m->mm_mime_fields, m->mm_content_type);
	return fields.fld_disposition_filename != NULL
	    ? fields.fld_disposition_filename
	    : fields.fld_content_name;
}

static int
encoding(struct mailmime *m)
{
	struct mailmime_single_fields fields;

	if (m->mm_mime_fields == NULL)
		return MAILMIME_MECHANISM_8BIT;
	mailmime_single_fields_init(
	    &fields, m->mm_mime_fields, m->mm_content_type);
	return fields.fld_encoding != NULL ? fields.fld_encoding->enc_type
					   : MAILMIME_MECHANISM_8BIT;
}

/* Text has its line ends made CRLF, its last ones left out. */
static void
add_text(struct hash *h, const char *p, size_t n)
{
	struct digest *d = digest_new(DIGEST_END, "/");
	struct ident id;

	(void)digest_add(d, p, n, NULL);
	(void)digest_end(d, &id, NULL);
	hash_add(h, id.sum[5], 32);
	digest_free(d);
}

static void
add_leaf(struct hash *h, struct mailmime *m)
{
	const struct mailmime_data *data = m->mm_body;
	const struct mailmime_content *ct = m->mm_content_type;
	const char *type = ct != NULL ? type_name(ct->ct_type) : "text";
	char *decoded = NULL;
	size_t n = 0, at = 0;

	add_lower(h, type);
	add_lower(h, ct != NULL ? ct->ct_subtype : "plain");
	if (file_name(m) != NULL)
		hash_add(h, file_name(m), strlen(file_name(m)));
	hash_add(h, "\n", 1);
	if (data == NULL || data->dt_type != MAILMIME_DATA_TEXT ||
	    mailmime_part_parse(data->dt_data.dt_text.dt_data,
		data->dt_data.dt_text.dt_length, &at, encoding(m), &decoded,
		&n) != MAILIMF_NO_ERROR)
		return;
	if (strcmp(type, "text") == 0)
		add_text(h, decoded, n);
	else
		hash_add(h, decoded, n);
}

/* All leaves in order, without recursion. */
static void
walk(struct hash *h, struct mailmime *root)
{
	struct mailmime *stack[PARTS];
	size_t n = 0;
	clistiter *it;

	stack[n++] = root;
	while (n > 0) {
		struct mailmime *m = stack[--n];
		clist *parts = m->mm_type == MAILMIME_MULTIPLE
		    ? m->mm_data.mm_multipart.mm_mp_list
		    : NULL;

		if (m->mm_type == MAILMIME_SINGLE)
			add_leaf(h, m);
		else if (m->mm_type == MAILMIME_MESSAGE &&
		    m->mm_data.mm_message.mm_msg_mime != NULL && n < PARTS)
			stack[n++] = m->mm_data.mm_message.mm_msg_mime;
		for (it = parts != NULL ? clist_end(parts) : NULL;
		     it != NULL && n < PARTS; it = clist_previous(it))
			stack[n++] = clist_content(it);
	}
}

static void
limits(size_t n)
{
	struct rlimit cpu = {CPU_S, CPU_S};

	(void)setrlimit(RLIMIT_CPU, &cpu);
#ifndef __SANITIZE_ADDRESS__
	{
		struct rlimit as = {(256u << 20) + 16 * (rlim_t)n,
		    (256u << 20) + 16 * (rlim_t)n};

		(void)setrlimit(RLIMIT_AS, &as);
	}
#else
	(void)n;
#endif
}

static void
child(int out, const char *p, size_t n)
{
	struct hash *h = hash_new();
	struct mailmime *mime = NULL;
	struct buf fields = {0};
	uint8_t sum[32];
	size_t at = 0;

	(void)dup2(out, 0);
	(void)close_range(1, ~0u, 0);
	limits(n);
	identity_fields(&fields, p, n, 0);
	hash_add(h, fields.data, fields.len);
	hash_add(h, "\n", 1);
	if (mailmime_parse(p, n, &at, &mime) != MAILIMF_NO_ERROR ||
	    mime == NULL)
		_exit(1);
	walk(h, mime);
	hash_end(h, sum);
	_exit(write(0, sum, sizeof(sum)) == sizeof(sum) ? 0 : 1);
}

/* ---- the parent ---- */

static int
whole(struct spool *s, struct buf *b, struct fail *f)
{
	const char *p;
	size_t n;
	int rc;

	(void)buf_room(b, (size_t)spool_len(s));
	if (spool_rewind(s, f) == -1)
		return -1;
	while ((rc = spool_read(s, &p, &n, f)) == 1)
		buf_add(b, p, n);
	return rc;
}

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
	struct buf b = {0};
	int pair[2], status = 0, ok = 0;
	pid_t pid;

	if (spool_len(s) > SIZE)
		return 0;
	if (whole(s, &b, f) == -1) {
		buf_free(&b);
		return -1;
	}
	if (b.len == 0 || !is_tame(b.data, b.len)) {
		buf_free(&b);
		return 0;
	}
	if (pipe(pair) == -1 || (pid = fork()) == -1) {
		buf_free(&b);
		return fail_errno(
		    f, CODE_SYSTEM, REACH_RUN, "MIME", "cannot start a child");
	}
	if (pid == 0)
		child(pair[1], b.data, b.len);
	(void)close(pair[1]);
	ok = read_sum(pair[0], out);
	(void)close(pair[0]);
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	buf_free(&b);
	return ok && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
