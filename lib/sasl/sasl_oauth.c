/* sasl_oauth.c: XOAUTH2 and OAUTHBEARER (RFC 7628). */
#include <string.h>

#include "sasl/sasl_p.h"

/* A challenge after the token is the reason for a refusal; it wants one more
 * answer before the server says no. */
static int
refused(struct sasl *s, struct buf *out, const char *answer, struct fail *f)
{
	if (s->state++ > 1)
		return sasl_refuse(f, s, "the server asks once too often");
	s->finished = 0;
	buf_adds(out, answer);
	return 0;
}

/* Fields end with \001: a token or a name with one would make more of them. */
static int
check(const struct sasl *s, struct fail *f)
{
	size_t i;

	for (i = 0; i < s->secret_len; i++)
		if (s->secret[i] <= ' ' || s->secret[i] >= 0x7f)
			return sasl_refuse(f, s,
			    "a blank or a control in the token: is it the "
			    "token alone?");
	if (strpbrk(s->user, "\001\n\r") != NULL ||
	    strpbrk(s->authzid, "\001\n\r") != NULL)
		return sasl_refuse(f, s, "a control in the name");
	return 0;
}

static int
xoauth2_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	(void)n;
	if (s->state > 0)
		return refused(s, out, "", f);
	if (*s->authzid != '\0')
		return sasl_refuse(f, s,
		    "it has no authzid: USER is the mailbox, and the token "
		    "says who asks");
	if (check(s, f) == -1)
		return -1;
	s->state = 1;
	s->finished = 1;
	buf_addf(out, "user=%s\001auth=Bearer ", s->user);
	buf_add(out, s->secret, s->secret_len);
	buf_adds(out, "\001\001");
	return 0;
}

const struct sasl_mech sasl_xoauth2 = {
    .name = "XOAUTH2",
    .client_first = 1,
    .needs_token = 1,
    .step = xoauth2_step,
};

static int
bearer_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	(void)n;
	if (s->state > 0)
		return refused(s, out, "\001", f);
	if (check(s, f) == -1)
		return -1;
	s->state = 1;
	s->finished = 1;
	buf_adds(out, "n,a=");
	sasl_add_name(out, *s->authzid != '\0' ? s->authzid : s->user);
	buf_addf(
	    out, ",\001host=%s\001port=%u\001auth=Bearer ", s->host, s->port);
	buf_add(out, s->secret, s->secret_len);
	buf_adds(out, "\001\001");
	return 0;
}

const struct sasl_mech sasl_oauthbearer = {
    .name = "OAUTHBEARER",
    .client_first = 1,
    .needs_token = 1,
    .step = bearer_step,
};
