/*
 * map_level.c: one level of a folder's name.  The escape is =XX as in quoted-
 * printable, and only where it is needed, so that names stay readable; it can
 * be undone, hence two levels never become one.
 */
#include <string.h>

#include "map/map_p.h"
#include "msg/msg.h"

static int
unhex(char c)
{
	return c >= '0' && c <= '9' ? c - '0'
	    : c >= 'A' && c <= 'F'  ? c - 'A' + 10
	    : c >= 'a' && c <= 'f'  ? c - 'a' + 10
				    : -1;
}

void
level_plain(struct buf *out, const char *s, size_t n)
{
	buf_add(out, "", 0);
	for (; n > 0; s++, n--) {
		int high = n > 2 && *s == '%' ? unhex(s[1]) : -1;
		int low = high != -1 ? unhex(s[2]) : -1;

		if (low == -1 || high * 16 + low == 0) {
			buf_addc(out, *s);
			continue;
		}
		buf_addc(out, (char)(high * 16 + low));
		s += 2;
		n -= 2;
	}
}

static void
add_hex(struct buf *out, char sign, const char *s, size_t n)
{
	for (; n > 0; s++, n--)
		buf_addf(out, "%c%02X", sign, (unsigned char)*s);
}

/* As name_from_raw writes the names that servers have. */
void
level_encode_canonical(struct buf *out, const char *s, size_t n)
{
	size_t len;
	uint32_t c;

	for (; n > 0; s += len, n -= len) {
		len = text_utf8_char(s, n, &c);
		if (len == 0)
			add_hex(out, '%', s, len = 1);
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '%' ||
		    c == '/')
			add_hex(out, '%', s, len);
		else
			buf_add(out, s, len);
	}
}

void
name_canon(struct buf *out, const char *name)
{
	struct buf text = {0};

	for (;; name++) {
		size_t n = strcspn(name, "/");

		buf_reset(&text);
		level_plain(&text, name, n);
		level_encode_canonical(out, text.data, text.len);
		name += n;
		if (*name == '\0')
			break;
		buf_addc(out, '/');
	}
	buf_free(&text);
}

int
name_is_whole(const char *name)
{
	size_t n = strlen(name);

	return n > 0 && n <= NAME_LIMIT && name[0] != '/' &&
	    name[n - 1] != '/' && strstr(name, "//") == NULL;
}

size_t
name_depth(const char *name)
{
	size_t depth = 1;

	for (; *name != '\0'; name++)
		depth += *name == '/';
	return depth;
}

size_t
level_wire(const char *s, size_t n)
{
	struct buf text = {0}, wire = {0};
	size_t len;

	level_plain(&text, s, n);
	len = utf7_encode(&wire, text.data, text.len) ? wire.len : text.len;
	buf_free(&text);
	buf_free(&wire);
	return len;
}

/* Is the level one of names (by commas)? */
static int
is_reserved(const char *names, const char *s, size_t n, int fold_case)
{
	while (*names != '\0') {
		size_t len = strcspn(names, ",");

		if (len == n &&
		    (fold_case ? text_ncasecmp(names, s, n)
			       : memcmp(names, s, n)) == 0)
			return 1;
		names += len + (names[len] == ',');
	}
	return 0;
}

/* Must the character at s[i] be written as its number? */
static int
is_forbidden(const char *s, size_t n, size_t i, const struct profile *p)
{
	char c = s[i];

	if (c == p->escape) /* else it could not be told from an escape */
		return n - i > 2 && strchr("0123456789ABCDEF", s[i + 1]) &&
		    strchr("0123456789ABCDEF", s[i + 2]);
	if (c == ' ' && p->trim)
		return i == 0 || i == n - 1 || s[i - 1] == ' ';
	return (unsigned char)c < ' ' || c == 0x7f || c == p->sep ||
	    strchr(p->forbid, c) != NULL ||
	    (i == 0 && strchr(p->first, c) != NULL);
}

void
level_escape(
    struct buf *out, const char *s, size_t n, int top, const struct profile *p)
{
	size_t i, len, stem = n;
	uint32_t c;

	while (stem > 0 && s[stem - 1] == p->escape)
		stem--;
	for (i = 0; i < n; i += len) {
		len = text_utf8_char(s + i, n - i, &c);
		if (len == 0)
			add_hex(out, p->escape, s + i, len = 1);
		else if (len == 1 ? is_forbidden(s, n, i, p)
				  : (c >= 0x80 && c < 0xa0))
			add_hex(out, p->escape, s + i, len);
		else
			level_encode_canonical(out, s + i, len);
	}
	if (is_reserved(".,..", s, stem, 0) ||
	    is_reserved(p->reserved_any, s, stem, p->fold_case) ||
	    (top && is_reserved(p->reserved, s, stem, p->fold_case)))
		buf_addc(out, p->escape);
}

void
level_hide(struct buf *out, const char *s, size_t n, const struct profile *p)
{
	const char *end = s + n, *at;

	for (; s < end; s = at) {
		if (*s == p->sep && p->sep != '\0') {
			add_hex(out, p->escape, s, 1);
			at = s + 1;
			continue;
		}
		for (at = s; at < end && (*at != p->sep || p->sep == '\0');)
			at++;
		level_encode_canonical(out, s, (size_t)(at - s));
	}
}

/* Steps back over one character or escape of a level, for cutting. */
static size_t
back(const char *s, size_t n, char escape)
{
	if (n >= 3 && (s[n - 3] == '%' || s[n - 3] == escape) &&
	    unhex(s[n - 2]) != -1 && unhex(s[n - 1]) != -1)
		n -= 3;
	else
		do
			n--;
		while (n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80);
	return n;
}

/* Is it within room octets, and no character cut in its middle? */
static int
fits(const char *s, size_t n, size_t room)
{
	struct buf text = {0};
	int ok;

	level_plain(&text, s, n);
	/* < : the tail may have to end a run of base64 with a -. */
	ok = level_wire(s, n) < room && text_utf8_valid(text.data, text.len);
	buf_free(&text);
	return ok;
}

void
level_cut(struct buf *name, const char *tail, const struct profile *p)
{
	size_t start = name->len, end = name->len;
	size_t room = p->max_level != 0 ? p->max_level : SIZE_MAX;
	size_t more = strlen(tail);

	while (start > 0 && name->data[start - 1] != '/')
		start--;
	room = room > more ? room - more : 0;
	while (end > start && !fits(name->data + start, end - start, room))
		end = start + back(name->data + start, end - start, p->escape);
	name->len = end;
	buf_adds(name, tail);
}
