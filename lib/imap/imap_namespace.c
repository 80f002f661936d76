/* imap_namespace.c: NAMESPACE (RFC 2342), or the separator alone. */
#include <string.h>

#include "imap/imap_p.h"

static void
add_namespace(struct imap *im, int kind, const char *prefix, char sep)
{
	im->ns = mem_resize(im->ns, im->ns_n + 1, sizeof(*im->ns));
	im->ns[im->ns_n++] =
	    (struct imap_namespace){kind, mem_strdup(prefix), sep, 0};
}

/* ("prefix" "sep" [extensions]) */
static int
parse_one(struct imap *im, int kind, struct fail *f)
{
	struct wire *w = &im->w;
	struct buf prefix = {0}, sep = {0};
	int rc;

	w->at++;
	buf_add(&prefix, "", 0);
	rc = wire_string(w, &prefix, f);
	wire_blank(w);
	if (rc == 1)
		rc = wire_string(w, &sep, f);
	if (rc >= 0 && strlen(prefix.data) == prefix.len &&
	    prefix.len <= IMAP_NAME)
		add_namespace(im, kind, prefix.data, sep.len ? *sep.data : 0);
	buf_free(&prefix);
	buf_free(&sep);
	for (wire_blank(w); rc >= 0 && !wire_eat(w, ')'); wire_blank(w))
		rc = wire_skip(w, f) == 1 ? rc : WIRE_BAD;
	return rc;
}

static int
parse_namespaces(struct imap *im, struct fail *f)
{
	struct wire *w = &im->w;
	int kind;

	for (kind = 0; kind < NS_COUNT; kind++) {
		wire_blank(w);
		if (wire_is(w, "NIL"))
			continue;
		if (!wire_eat(w, '('))
			return WIRE_BAD;
		for (wire_blank(w); !wire_eat(w, ')'); wire_blank(w))
			if (wire_peek(w) != '(' || im->ns_n == 1000 ||
			    parse_one(im, kind, f) < 0)
				return WIRE_BAD;
	}
	return 1;
}

int
namespaces_say(struct imap *im, uint32_t *tag, struct fail *f)
{
	*tag = 0;
	if (im->ns_n != 0 || (im->caps & CAP_NAMESPACE) == 0)
		return 0;
	if (imap_begin_ahead(im, f) == -1 ||
	    imap_say(im, f, "NAMESPACE") == -1 || imap_end(im, f) == -1)
		return -1;
	*tag = im->tag;
	return 0;
}

int
namespaces_read(struct imap *im, uint32_t tag, struct fail *f)
{
	struct reply r;

	while (tag != 0) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			return 0;
		if (r.kind == REPLY_OTHER && wire_is(&im->w, "NAMESPACE"))
			(void)parse_namespaces(im, f);
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	return 0;
}

/* LIST "" "" tells the separator (RFC 3501 6.3.8). */
static int
ask_separator(struct imap *im, char *sep, struct fail *f)
{
	struct reply r;
	uint32_t tag;

	if (imap_begin(im, f) == -1 ||
	    imap_say(im, f, "LIST \"\" \"\"") == -1 || imap_end(im, f) == -1)
		return -1;
	for (tag = im->tag;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			return 0;
		if (r.kind == REPLY_LIST)
			*sep = r.box.sep;
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
}

int
imap_namespaces(struct imap *im, const struct imap_namespace **ns, size_t *n,
    struct fail *f)
{
	uint32_t tag;
	char sep = 0;

	if ((im->ns_n == 0 && imap_quiet(im, f) == -1) ||
	    namespaces_say(im, &tag, f) == -1 ||
	    namespaces_read(im, tag, f) == -1)
		return -1;
	if (im->ns_n == 0 || im->ns[0].kind != NS_PERSONAL) {
		if (ask_separator(im, &sep, f) == -1)
			return -1;
		add_namespace(im, NS_PERSONAL, "", sep);
		im->ns[im->ns_n - 1].supposed = 1;
		if (im->ns_n > 1) { /* personal ones come first */
			struct imap_namespace last = im->ns[im->ns_n - 1];

			memmove(im->ns + 1, im->ns,
			    (im->ns_n - 1) * sizeof(*im->ns));
			im->ns[0] = last;
		}
	}
	*ns = im->ns;
	*n = im->ns_n;
	return 0;
}
