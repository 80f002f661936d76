/* identity.c: what a header says of a message's identity, for L1, L2, L3. */
#include <inttypes.h>
#include <string.h>

#include "msg/msg_p.h"

static const char *const wanted[] = {"From", "To", "Cc", "Bcc", "Reply-To",
    "Sender", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
    "MIME-Version"};

static void
add_field(struct buf *out, const struct field *fl)
{
	size_t i;

	for (i = 0; i < fl->name_len; i++)
		buf_addc(out, (char)text_lower((unsigned char)fl->name[i]));
	buf_addc(out, ':');
	field_unfold(out, fl);
	buf_addc(out, '\n');
}

void
identity_fields(struct buf *out, const char *head, size_t n, int content_too)
{
	size_t i;

	for (i = 0; i < LENGTH(wanted) + (content_too ? 1 : 0); i++) {
		const char *s = head;
		size_t left = n;
		struct field fl;

		while (field_next(&fl, &s, &left))
			if (i < LENGTH(wanted) ? field_is(&fl, wanted[i])
					       : fl.name_len > 8 &&
				    text_ncasecmp(fl.name, "Content-", 8) == 0)
				add_field(out, &fl);
	}
}

/* The address in a From field: what stands in <>, else the whole. */
static void
address(struct buf *out, const char *s, size_t n)
{
	const char *lt = memrchr(s, '<', n), *gt;
	size_t i;

	if (lt != NULL &&
	    (gt = memchr(lt, '>', n - (size_t)(lt - s))) != NULL) {
		s = lt + 1;
		n = (size_t)(gt - s);
	}
	for (i = 0; i < n; i++)
		buf_addc(out, (char)text_lower((unsigned char)s[i]));
}

void
header_weak(struct buf *out, const char *head, size_t n, int64_t *date)
{
	struct buf value = {0};

	*date = CLOCK_NONE;
	(void)header_value(out, head, n, "Message-ID");
	if (header_value(&value, head, n, "Date"))
		(void)date_parse_header(value.data, value.len, date);
	buf_addf(out, "\n%" PRId64 "\n", *date);
	buf_reset(&value);
	if (header_value(&value, head, n, "From"))
		address(out, value.data, value.len);
	buf_addc(out, '\n');
	buf_free(&value);
}

void
ident_weak(struct ident *id, const char *head, size_t n)
{
	struct buf text = {0};
	size_t len;

	header_weak(&text, head, n, &id->date);
	len = strcspn(text.data, "\n");
	if (len >= sizeof(id->msgid))
		len = sizeof(id->msgid) - 1;
	memcpy(id->msgid, text.data, len);
	id->msgid[len] = '\0';
	buf_addf(&text, "%" PRIu64 "\n", id->octets);
	msg_sha256(id->sum[3], text.data, text.len);
	id->have |= DIGEST_L3;
	buf_free(&text);
}
