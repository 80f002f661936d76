/* imap_search.c: which messages are there, as a set of UIDs (RFC 4731). */
#include <string.h>

#include "imap/imap_p.h"

static int
say_search(struct imap *im, struct fail *f)
{
	return imap_say(im, f, "UID SEARCH RETURN (ALL) ALL\r\n");
}

int
imap_ahead_there(struct imap *im, struct fail *f)
{
	if (imap_begin_ahead(im, f) == -1 || say_search(im, f) == -1)
		return -1;
	ahead_add(im, AHEAD_THERE, 0, NULL, 0, im->tag);
	return 1;
}

/* One run of a set, as 4, 4:7 or 7:4. */
static int
run(const char *p, size_t n, uint64_t *low, uint64_t *high)
{
	const char *colon = memchr(p, ':', n);
	size_t k = colon != NULL ? (size_t)(colon - p) : n;

	if (!text_u64(p, k, low))
		return 0;
	*high = *low;
	if (colon != NULL && !text_u64(colon + 1, n - k - 1, high))
		return 0;
	if (*low > *high) {
		uint64_t low_end = *high;

		*high = *low;
		*low = low_end;
	}
	return *low > 0 && *high <= UINT32_MAX;
}

/* (TAG "A1") UID ALL set: WIRE_BAD if it is anything else. */
static int
parse(struct imap *im, void (*each)(void *, uint32_t low, uint32_t high),
    void *arg, struct fail *f)
{
	struct wire *w = &im->w;
	const char *p;
	size_t n, k;
	uint64_t low, high;
	int rc = 1;

	wire_blank(w);
	if (wire_peek(w) == '(' && (rc = wire_skip(w, f)) != 1)
		return rc;
	wire_blank(w);
	if (!wire_is(w, "UID"))
		return WIRE_BAD;
	wire_blank(w);
	if (wire_peek(w) == -1)
		return 1; /* nothing is there */
	if (!wire_is(w, "ALL"))
		return WIRE_BAD;
	wire_blank(w);
	for (n = wire_atom(w, &p); n > 0; p += k + 1, n -= k < n ? k + 1 : k) {
		const char *comma = memchr(p, ',', n);

		k = comma != NULL ? (size_t)(comma - p) : n;
		if (!run(p, k, &low, &high))
			return WIRE_BAD;
		each(arg, (uint32_t)low, (uint32_t)high);
	}
	return 1;
}

int
imap_there(struct imap *im, void (*each)(void *, uint32_t low, uint32_t high),
    void *arg, struct fail *f)
{
	struct reply r;
	uint32_t tag, last;
	int rc, told = 0;

	if (!ahead_take(im, AHEAD_THERE, 0, NULL, 0, &tag, &last)) {
		if (imap_begin(im, f) == -1 || say_search(im, f) == -1)
			return -1;
		tag = im->tag;
	}
	for (;;) {
		if (imap_reply(im, &r, f) == -1)
			return -1;
		if (r.kind == REPLY_TAGGED && r.tag == tag)
			break;
		if (r.kind == REPLY_ESEARCH) {
			if ((rc = parse(im, each, arg, f)) == -1)
				return -1;
			told = rc == 1;
		}
		if (imap_skip(im, &r, f) == -1)
			return -1;
	}
	if (r.answer != ANSWER_OK)
		return imap_refused(
		    im, r.answer, "SEARCH", CODE_PROTO, REACH_FOLDER, f);
	return told ? 1 : 0;
}
