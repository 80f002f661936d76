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

/* Text of one level, % and / escaped; controls and bad octets too. */
static void
add_level(struct buf *out, const char *s, size_t n)
{
	while (n > 0) {
		uint32_t c;
		size_t i, len = text_utf8_char(s, n, &c);
		int bad = len == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) ||
		    c == '%' || c == '/';

		if (len == 0)
			len = 1;
		for (i = 0; bad && i < len; i++)
			buf_addf(out, "%%%02X", (unsigned char)s[i]);
		if (!bad)
			buf_add(out, s, len);
		s += len;
		n -= len;
	}
}

/* A name that is no modified UTF-7 keeps its octets; its & are marked, so
 * that it cannot be taken for one that is. */
static void
add_raw_level(struct buf *out, const char *s, size_t n)
{
	size_t run;

	for (; n > 0; s += run, n -= run) {
		const char *amp = memchr(s, '&', n);

		run = amp == NULL ? n : (size_t)(amp - s);
		add_level(out, s, run);
		if (amp != NULL) {
			buf_adds(out, "%26");
			run++;
		}
	}
}

void
name_from_raw(struct buf *out, const char *raw, size_t n, char sep,
    const char *prefix, int utf8)
{
	size_t p = strlen(prefix);
	int first = 1;

	buf_add(out, "", 0);
	if (p > 0 && n > p && strncmp(raw, prefix, p) == 0) {
		raw += p;
		n -= p;
	}
	for (;;) {
		const char *end = sep != '\0' ? memchr(raw, sep, n) : NULL;
		size_t len = end != NULL ? (size_t)(end - raw) : n;
		struct buf level = {0};

		if (!first)
			buf_addc(out, '/');
		if (first && len == 5 && text_ncasecmp(raw, "INBOX", 5) == 0)
			buf_adds(out, "INBOX");
		else if (utf8)
			add_level(out, raw, len);
		else if (utf7_decode(&level, raw, len))
			add_level(out, level.data, level.len);
		else
			add_raw_level(out, raw, len);
		buf_free(&level);
		first = 0;
		if (end == NULL)
			break;
		raw = end + 1;
		n -= len + 1;
	}
}

static int
refuse(struct fail *f, const char *folder, const char *why)
{
	return fail_set(f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER, "folder name",
	    "'%s' %s: let mbx-map decide another name", folder, why);
}

int
name_to_raw(struct buf *out, const char *folder, char sep, const char *prefix,
    int utf8, struct fail *f)
{
	const char *s = folder;

	buf_add(out, "", 0);
	if (strcmp(folder, "INBOX") != 0)
		buf_adds(out, prefix);
	for (;;) {
		size_t len = strcspn(s, "/");
		struct buf level = {0}, raw = {0};
		int ok = len > 0 && text_unpercent(&level, s, len);

		if (ok && utf8)
			buf_add(&raw, level.data, level.len);
		else
			ok = ok && utf7_encode(&raw, level.data, level.len);
		ok = ok &&
		    (sep == '\0' || memchr(raw.data, sep, raw.len) == NULL);
		if (ok)
			buf_add(out, raw.data, raw.len);
		buf_free(&level);
		buf_free(&raw);
		if (!ok)
			return refuse(f, folder,
			    len == 0 ? "has an empty level"
				     : "has a level that holds the target's "
				       "separator or is not UTF-8");
		if (s[len] == '\0')
			return 0;
		if (sep == '\0')
			return refuse(
			    f, folder, "has levels, the target has none");
		buf_addc(out, sep);
		s += len + 1;
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
