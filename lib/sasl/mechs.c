/* mechs.c: the table of mechanisms, the choice, and one exchange. */
#include <stdlib.h>
#include <string.h>

#include "sasl/sasl_p.h"

static const struct sasl_mech *const mechs[] = {
    &sasl_scram_sha_256,
    &sasl_scram_sha_1,
    &sasl_plain,
    &sasl_login,
    &sasl_oauthbearer,
    &sasl_xoauth2,
    &sasl_external,
};

const struct sasl_mech *
sasl_find(const char *name)
{
	size_t i;

	for (i = 0; i < LENGTH(mechs); i++)
		if (text_casecmp(mechs[i]->name, name) == 0)
			return mechs[i];
	return NULL;
}

static int
is_offered(const char *offered, const char *name)
{
	size_t n = strlen(name);

	for (; *offered != '\0'; offered += strcspn(offered, " ")) {
		offered += strspn(offered, " ");
		if (text_ncasecmp(offered, name, n) == 0 &&
		    (offered[n] == ' ' || offered[n] == '\0'))
			return 1;
	}
	return 0;
}

const struct sasl_mech *
sasl_choose(const char *offered, const char *wanted)
{
	const struct sasl_mech *best = NULL;
	size_t i;

	for (i = 0; i < LENGTH(mechs); i++) {
		const struct sasl_mech *m = mechs[i];

		if (!is_offered(offered, m->name))
			continue;
		if (wanted != NULL) {
			if (text_casecmp(wanted, m->name) == 0)
				return m;
		} else if (m->rank > 0 &&
		    (best == NULL || m->rank > best->rank))
			best = m;
	}
	return best;
}

struct sasl *
sasl_new(const struct sasl_mech *m, const struct sasl_id *id)
{
	struct sasl *s = mem_alloc(sizeof(*s));

	s->mech = m;
	s->user = mem_strdup(id->user);
	s->authzid = mem_strdup(id->authzid != NULL ? id->authzid : "");
	s->secret =
	    mem_strndup(id->secret != NULL ? id->secret : "", id->secret_len);
	s->secret_len = id->secret_len;
	s->host = mem_strdup(id->host != NULL ? id->host : "");
	s->port = id->port;
	return s;
}

void
sasl_free(struct sasl *s)
{
	if (s == NULL)
		return;
	if (s->mech->wipe != NULL)
		s->mech->wipe(s);
	explicit_bzero(s->secret, s->secret_len);
	free(s->secret);
	free(s->user);
	free(s->authzid);
	free(s->host);
	free(s->nonce);
	free(s);
}

int
sasl_step(
    struct sasl *s, const char *in, size_t n, struct buf *out, struct fail *f)
{
	(void)buf_room(out, 65536 + 2 * s->secret_len);
	buf_add(out, "", 0);
	return s->mech->step(s, in, n, out, f);
}

int
sasl_done(struct sasl *s, struct fail *f)
{
	if (!s->finished)
		return sasl_refuse(
		    f, s, "the server says yes before it has proved itself");
	return 0;
}

void
sasl_nonce(struct sasl *s, const char *nonce)
{
	free(s->nonce);
	s->nonce = mem_strdup(nonce);
}

int
sasl_refuse(struct fail *f, const struct sasl *s, const char *why)
{
	return fail_set(f, CODE_AUTH, REACH_ENDPOINT, AGAIN_NEVER, "log in",
	    "%s: %s", s->mech->name, why);
}

void
sasl_add_name(struct buf *b, const char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '=')
			buf_adds(b, "=3D");
		else if (*name == ',')
			buf_adds(b, "=2C");
		else
			buf_addc(b, *name);
}
