/* sasl_oauth.c: XOAUTH2 and OAUTHBEARER (RFC 7628). */
#include <string.h>

#include "sasl/sasl_p.h"

/* A challenge after the token is the reason for a refusal; it wants one more
 * answer before the server says no. */
static int
refused(struct sasl *s, size_t n, struct buf *out, const char *answer,
    struct fail *f)
{
	if (s->state++ > 1)
		return sasl_refuse(f, s, "the server asks once too often");
	(void)n;
	s->finished = 0;
	buf_adds(out, answer);
	return 0;
}

static int
xoauth2_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	if (s->state > 0)
		return refused(s, n, out, "", f);
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

/* RFC 5801 saslname: = and , are escaped. */
static void
add_name(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++)
		if (*s == '=')
			buf_adds(b, "=3D");
		else if (*s == ',')
			buf_adds(b, "=2C");
		else
			buf_addc(b, *s);
}

static int
bearer_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	if (s->state > 0)
		return refused(s, n, out, "\001", f);
	s->state = 1;
	s->finished = 1;
	buf_adds(out, "n,a=");
	add_name(out, *s->authzid != '\0' ? s->authzid : s->user);
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
