/* sasl_simple.c: PLAIN (RFC 4616), LOGIN and EXTERNAL (RFC 4422 A). */
#include <string.h>

#include "sasl/sasl_p.h"

static int
plain_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	if (s->state++ > 0 || n > 0)
		return sasl_refuse(f, s, "the server asks once too often");
	if (memchr(s->secret, '\0', s->secret_len) != NULL)
		return sasl_refuse(f, s, "a NUL in the password");
	buf_adds(out, s->authzid);
	buf_addc(out, '\0');
	buf_adds(out, s->user);
	buf_addc(out, '\0');
	buf_add(out, s->secret, s->secret_len);
	s->finished = 1;
	return 0;
}

const struct sasl_mech sasl_plain = {
    .name = "PLAIN",
    .rank = 20,
    .client_first = 1,
    .needs_password = 1,
    .step = plain_step,
};

/* Its prompts differ from server to server: only their order counts. */
static int
login_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	(void)n;
	if (*s->authzid != '\0')
		return sasl_refuse(f, s,
		    "it has no authzid, and would open the wrong mailbox");
	if (memchr(s->secret, '\0', s->secret_len) != NULL)
		return sasl_refuse(f, s, "a NUL in the password");
	switch (s->state++) {
	case 0:
		buf_adds(out, s->user);
		return 0;
	case 1:
		buf_add(out, s->secret, s->secret_len);
		s->finished = 1;
		return 0;
	default:
		return sasl_refuse(f, s, "the server asks once too often");
	}
}

const struct sasl_mech sasl_login = {
    .name = "LOGIN",
    .rank = 10,
    .needs_password = 1,
    .step = login_step,
};

static int
external_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)in;
	if (s->state++ > 0 || n > 0)
		return sasl_refuse(f, s, "the server asks once too often");
	buf_adds(out, s->authzid);
	s->finished = 1;
	return 0;
}

const struct sasl_mech sasl_external = {
    .name = "EXTERNAL",
    .client_first = 1,
    .needs_cert = 1,
    .step = external_step,
};
