/*
 * levels.c: one level of a folder's name on the disk: modified UTF-7 and the
 * escapes of Dovecot's listescape plugin (tried on 2.3: \hh in lower case,
 * ~ only at the start, any \hh read back).
 */
#include <string.h>

#include "base/base.h"
#include "msg/msg.h"
#include "store/files_p.h"

static int
bad(struct fail *f, const char *why)
{
	return fail_set(
	    f, CODE_NAME, REACH_FOLDER, AGAIN_NEVER, "name", "%s", why);
}

static int
has_control(const char *s, size_t n)
{
	for (; n > 0; s++, n--)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return 1;
	return 0;
}

int
level_encode(struct buf *out, const char *level, size_t n, const char *hide,
    struct fail *f)
{
	struct buf text = {0}, wire = {0};
	size_t i;
	int rc = 0;

	if (n == 0)
		rc = bad(f, "a level is empty");
	else if (!text_unpercent(&text, level, n))
		rc = bad(f, "a % is not the start of %2F or %25");
	else if (has_control(text.data, text.len))
		rc = bad(f, "a level holds a control character");
	else if (!utf7_encode(&wire, text.data, text.len))
		rc = bad(f, "a level is not UTF-8");
	for (i = 0; rc == 0 && i < wire.len; i++) {
		char c = wire.data[i];

		if (c == '\\' || strchr(hide, c) != NULL ||
		    (c == '~' && i == 0))
			buf_addf(out, "\\%02x", (unsigned char)c);
		else
			buf_addc(out, c);
	}
	buf_free(&text);
	buf_free(&wire);
	return rc;
}

/* Courier and others may have left plain UTF-8 where UTF-7 should be. */
static int
read_name(struct buf *text, const struct buf *wire)
{
	if (!utf7_decode(text, wire->data, wire->len)) {
		buf_reset(text);
		buf_add(text, wire->data, wire->len);
	}
	return text->len > 0 && text_utf8_valid(text->data, text->len) &&
	    !has_control(text->data, text->len);
}

int
level_decode(struct buf *out, const char *raw, size_t n)
{
	struct buf wire = {0}, text = {0};
	size_t i;
	uint8_t c;
	int ok;

	for (i = 0; i < n; i++)
		if (raw[i] == '\\' && n - i > 2 &&
		    text_unhex(&c, 1, raw + i + 1) && c != 0) {
			buf_addc(&wire, (char)c);
			i += 2;
		} else
			buf_addc(&wire, raw[i]);
	ok = n > 0 && read_name(&text, &wire);
	for (i = 0; ok && i < text.len; i++)
		if (text.data[i] == '/')
			buf_adds(out, "%2F");
		else if (text.data[i] == '%')
			buf_adds(out, "%25");
		else
			buf_addc(out, text.data[i]);
	buf_free(&wire);
	buf_free(&text);
	return ok;
}

void
level_literal(struct buf *out, const char *raw, size_t n)
{
	size_t i = 0;

	/* Never INBOX, which is there already, nor what a level may be. */
	if (n == 5 && text_ncasecmp(raw, "INBOX", 5) == 0)
		buf_addf(out, "%%%02X", (unsigned char)raw[i++]);
	for (; i < n; i++)
		if (raw[i] == '.')
			buf_adds(out, "%2E");
		else
			text_percent(out, raw + i, 1, " ");
}
