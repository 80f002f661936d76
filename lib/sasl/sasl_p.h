/* sasl_p.h: what the mechanisms share. */
#ifndef SASL_P_H
#define SASL_P_H

#include "base/base.h"
#include "sasl/sasl.h"

struct sasl {
	const struct sasl_mech *mech;
	char *user, *authzid, *secret, *host;
	size_t secret_len;
	unsigned int port;
	int state, finished;
	char *nonce;
	void *own; /* a mechanism's, freed by its wipe */
};

extern const struct sasl_mech sasl_plain, sasl_login, sasl_scram_sha_1,
    sasl_scram_sha_256, sasl_xoauth2, sasl_oauthbearer, sasl_external;

/* RFC 5801 saslname: = and , are escaped. */
void sasl_add_name(struct buf *b, const char *name);
int sasl_refuse(struct fail *f, const struct sasl *s, const char *why);

#endif
