/* names.c: folder names: modified UTF-7, canonical form, roles. */
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"

static const char b64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* One shifted run: UTF-16 in base64, as strict as RFC 3501 5.1.3 reads. */
static int
decode_run(struct buf *out, const char *s, size_t n)
{
	uint32_t bits = 0, high = 0;
	int have = 0;

	for (; n > 0; s++, n--) {
		const char *p = *s != '\0' ? strchr(b64, *s) : NULL;
		uint32_t unit;

		if (p == NULL)
			return 0;
		bits = bits << 6 | (uint32_t)(p - b64);
		have += 6;
		if (have < 16)
			continue;
		have -= 16;
		unit = bits >> have & 0xffff;
		bits &= (1u << have) - 1;
		if (high != 0) {
			if (unit < 0xdc00 || unit > 0xdfff)
				return 0;
			text_utf8_add(out,
			    0x10000 + ((high - 0xd800) << 10) +
				(unit - 0xdc00));
			high = 0;
		} else if (unit >= 0xd800 && unit <= 0xdbff)
			high = unit;
		else if ((unit >= 0xdc00 && unit <= 0xdfff) ||
		    (unit >= 0x20 && unit <= 0x7e) || unit == 0)
			return 0; /* half a pair, or what needs no shift */
		else
			text_utf8_add(out, unit);
	}
	return high == 0 && have < 6 && bits == 0;
}

int
utf7_decode(struct buf *out, const char *s, size_t n)
{
	const char *end = s + n;
	int shifted = 0; /* the last thing was a run */

	buf_add(out, "", 0);
	while (s < end) {
		const char *stop;

		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e)
			return 0;
		if (*s != '&') {
			buf_addc(out, *s++);
			shifted = 0;
			continue;
		}
		stop = memchr(s, '-', (size_t)(end - s));
		if (stop == NULL)
			return 0;
		if (stop == s + 1) {
			buf_addc(out, '&');
			shifted = 0;
		} else {
			if (shifted ||
			    !decode_run(out, s + 1, (size_t)(stop - s - 1)))
				return 0;
			shifted = 1;
		}
		s = stop + 1;
	}
	return 1;
}

struct shift {
	uint32_t bits;
	int have, open;
};

static void
put_unit(struct buf *out, struct shift *sh, uint32_t unit)
{
	if (!sh->open)
		buf_addc(out, '&');
	sh->open = 1;
	sh->bits = sh->bits << 16 | unit;
	sh->have += 16;
	while (sh->have >= 6) {
		sh->have -= 6;
		buf_addc(out, b64[sh->bits >> sh->have & 63]);
	}
	sh->bits &= (1u << sh->have) - 1;
}

static void
end_shift(struct buf *out, struct shift *sh)
{
	if (!sh->open)
		return;
	if (sh->have > 0)
		buf_addc(out, b64[sh->bits << (6 - sh->have) & 63]);
	buf_addc(out, '-');
	memset(sh, 0, sizeof(*sh));
}

int
utf7_encode(struct buf *out, const char *s, size_t n)
{
	struct shift sh = {0};
	size_t len;
	uint32_t c;

	buf_add(out, "", 0);
	for (; n > 0; s += len, n -= len) {
		if ((len = text_utf8_char(s, n, &c)) == 0 || c == 0)
			return 0;
		if (c >= 0x20 && c <= 0x7e) {
			end_shift(out, &sh);
			buf_addc(out, (char)c);
			if (c == '&')
				buf_addc(out, '-');
		} else if (c >= 0x10000) {
			put_unit(out, &sh, 0xd800 + ((c - 0x10000) >> 10));
			put_unit(out, &sh, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else
			put_unit(out, &sh, c);
	}
	end_shift(out, &sh);
	return 1;
}

/* ---- canonical names ---- */

/* Valid UTF-8 without C0, DEL and C1. */
static int
is_text(const char *s, size_t n)
{
	uint32_t c;
	size_t len;

	for (; n > 0; s += len, n -= len)
		if ((len = text_utf8_char(s, n, &c)) == 0 || c < 0x20 ||
		    (c >= 0x7f && c < 0xa0))
			return 0;
	return 1;
}

static void
add_text(struct buf *out, const char *s, size_t n)
{
	for (; n > 0; s++, n--)
		if (*s == '%')
			buf_adds(out, "%25");
		else if (*s == '/')
			buf_adds(out, "%2F");
		else
			buf_addc(out, *s);
}

/*
 * A level that has no good text: its octets.  At least one of them is a %XX
 * other than %25 and %2F, which tells it from text on the way back.
 */
static void
add_octets(struct buf *out, const char *s, size_t n)
{
	for (; n > 0; s++, n--)
		if ((unsigned char)*s < 0x20 || (unsigned char)*s > 0x7e ||
		    strchr("%/&", *s) != NULL)
			buf_addf(out, "%%%02X", (unsigned char)*s);
		else
			buf_addc(out, *s);
}

static void
add_level(struct buf *out, const char *raw, size_t n, int utf8)
{
	struct buf text = {0};

	if (utf8)
		buf_add(&text, raw, n);
	if ((utf8 || utf7_decode(&text, raw, n)) &&
	    is_text(text.data, text.len))
		add_text(out, text.data, text.len);
	else
		add_octets(out, raw, n);
	buf_free(&text);
}

/*
 * INBOX in any case is one folder, and so is the level above its children.
 * Below a prefix it is an ordinary name: INBOX.INBOX is not INBOX, and its
 * first letter says so.
 */
static int
add_inbox(struct buf *out, const char *raw, size_t n, int prefixed, int leaf)
{
	if (n != 5 || text_ncasecmp(raw, "INBOX", 5) != 0)
		return 0;
	if (!prefixed)
		buf_adds(out, "INBOX");
	else if (leaf)
		buf_addf(out, "%%%02X%.4s", (unsigned char)*raw, raw + 1);
	else
		return 0;
	return 1;
}

void
name_from_raw(struct buf *out, const char *raw, size_t n, char sep,
    const char *prefix, int utf8)
{
	size_t p = strlen(prefix);
	int prefixed = p > 0 && n > p && strncmp(raw, prefix, p) == 0;
	const char *end = raw + n, *stop;
	int first = 1;

	buf_add(out, "", 0);
	for (raw += prefixed ? p : 0;; raw = stop + 1, first = 0) {
		size_t left = (size_t)(end - raw);

		stop = sep != '\0' ? memchr(raw, sep, left) : NULL;
		n = stop != NULL ? (size_t)(stop - raw) : left;
		if (!first)
			buf_addc(out, '/');
		if (!first || !add_inbox(out, raw, n, prefixed, stop == NULL))
			add_level(out, raw, n, utf8);
		if (stop == NULL)
			break;
	}
}

/* Has the level an escape that add_text does not write? */
static int
is_octets(const char *s, size_t n)
{
	const char *end = s + n;

	while ((s = memchr(s, '%', (size_t)(end - s))) != NULL) {
		if (end - s < 3 ||
		    (strncmp(s, "%25", 3) != 0 &&
			text_ncasecmp(s, "%2F", 3) != 0))
			return 1;
		s++;
	}
	return 0;
}

/* NULL, or why not. */
static const char *
raw_level(struct buf *out, const char *s, size_t n, char sep, int utf8)
{
	struct buf plain = {0};
	size_t from = out->len;
	int octets = is_octets(s, n), ok = text_unpercent(&plain, s, n);
	const char *why = NULL;

	if (n == 0)
		why = "has an empty level";
	else if (!ok)
		why = "has a % that is no %25, %2F or other %XX";
	else if (octets ? memchr(plain.data, '\r', plain.len) != NULL ||
		    memchr(plain.data, '\n', plain.len) != NULL
			: !is_text(plain.data, plain.len))
		why = "has a control character or is not UTF-8";
	else if (octets || utf8)
		buf_add(out, plain.data, plain.len);
	else
		(void)utf7_encode(out, plain.data, plain.len);
	buf_free(&plain);
	if (why == NULL && sep != '\0' &&
	    memchr(out->data + from, sep, out->len - from) != NULL)
		why = "has a level that holds the separator";
	return why;
}

int
name_to_raw(struct buf *out, const char *folder, char sep, const char *prefix,
    int utf8, struct fail *f)
{
	const char *s = folder, *why;

	buf_add(out, "", 0);
	if (strcmp(folder, "INBOX") != 0)
		buf_adds(out, prefix);
	for (;; s++) {
		size_t n = strcspn(s, "/");

		why = raw_level(out, s, n, sep, utf8);
		s += n;
		if (why == NULL && *s == '/' && sep == '\0')
			why = "has levels where there can be none";
		if (why != NULL)
			return fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER,
			    "folder name", "'%s' %s", folder, why);
		if (*s == '\0')
			return 0;
		buf_addc(out, sep);
	}
}

/* ---- roles ---- */

static const struct {
	const char *name, *attribute, *xlist;
} roles[ROLE_COUNT] = {
    [ROLE_NONE] = {"", NULL, NULL},
    [ROLE_INBOX] = {"inbox", NULL, "\\Inbox"},
    [ROLE_ARCHIVE] = {"archive", "\\Archive", NULL},
    [ROLE_DRAFTS] = {"drafts", "\\Drafts", NULL},
    [ROLE_FLAGGED] = {"flagged", "\\Flagged", "\\Starred"},
    [ROLE_JUNK] = {"junk", "\\Junk", "\\Spam"},
    [ROLE_SENT] = {"sent", "\\Sent", NULL},
    [ROLE_TRASH] = {"trash", "\\Trash", NULL},
    [ROLE_ALL] = {"all", "\\All", "\\AllMail"},
};

const char *
role_name(enum role r)
{
	return r < ROLE_COUNT ? roles[r].name : "";
}

enum role
role_of(const char *name)
{
	int i;

	for (i = 1; i < ROLE_COUNT; i++)
		if (strcmp(roles[i].name, name) == 0)
			return (enum role)i;
	return ROLE_NONE;
}

const char *
role_attribute(enum role r)
{
	return r < ROLE_COUNT ? roles[r].attribute : NULL;
}

static int
same(const char *a, const char *s, size_t n)
{
	return a != NULL && strlen(a) == n && text_ncasecmp(a, s, n) == 0;
}

enum role
role_of_attribute(const char *s, size_t n)
{
	int i;

	for (i = 1; i < ROLE_COUNT; i++)
		if (same(roles[i].attribute, s, n) ||
		    same(roles[i].xlist, s, n))
			return (enum role)i;
	return ROLE_NONE;
}
