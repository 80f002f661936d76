/* dns_key.c: TSIG keys in files as tsig-keygen(8) writes them. */
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "dns/dns_p.h"
#include "secret/secret.h"

static const struct {
	const char *name, *algorithm, *digest;
} algorithms[] = {
    {"hmac-sha256", "hmac-sha256.", "SHA256"},
    {"hmac-sha384", "hmac-sha384.", "SHA384"},
    {"hmac-sha512", "hmac-sha512.", "SHA512"},
};

static int
refuse(struct fail *f, const char *ref, const char *why)
{
	return fail_set(
	    f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "key", "%s: %s", ref, why);
}

/* Comments of all three kinds become blanks. */
static void
blank_comments(char *s)
{
	char *end;

	for (; *s != '\0'; s++) {
		if (*s == '"')
			s += 1 + strcspn(s + 1, "\"\n");
		else if (*s == '#' || strncmp(s, "//", 2) == 0)
			memset(s, ' ', strcspn(s, "\n"));
		else if (strncmp(s, "/*", 2) == 0) {
			end = strstr(s + 2, "*/");
			memset(s, ' ', end ? (size_t)(end + 2 - s) : strlen(s));
		}
		if (*s == '\0')
			return;
	}
}

/* The next word of the file, quotes off; { } ; are words.  NULL at the end. */
static char *
word(char **at, char hold[512])
{
	char *s = *at + strspn(*at, " \t\r\n");
	size_t n;

	if (*s == '\0')
		return NULL;
	if (*s == '"') {
		n = strcspn(++s, "\"\n");
		*at = s + n + (s[n] == '"');
	} else {
		n = strchr("{};", *s) ? 1 : strcspn(s, " \t\r\n{};\"");
		*at = s + n;
	}
	if (n > 511)
		return NULL;
	memcpy(hold, s, n);
	hold[n] = '\0';
	return hold;
}

static int
set_algorithm(struct dns_key *k, const char *name)
{
	size_t i;

	for (i = 0; i < LENGTH(algorithms); i++)
		if (text_casecmp(name, algorithms[i].name) == 0) {
			k->algorithm = algorithms[i].algorithm;
			k->digest = algorithms[i].digest;
		}
	return k->algorithm != NULL;
}

static int
set_secret(struct dns_key *k, const char *text)
{
	struct buf raw = {0};
	int ok;

	(void)buf_room(&raw, strlen(text) + 4);
	ok = text_unbase64(&raw, text, strlen(text)) && raw.len > 0 &&
	    raw.len <= sizeof(k->secret);
	if (ok) {
		memcpy(k->secret, raw.data, raw.len);
		k->secret_len = raw.len;
	}
	buf_wipe(&raw);
	return ok;
}

static int
set_name(struct dns_key *k, const char *text, struct fail *f)
{
	struct arena *a = arena_new();
	const char *name;
	int rc = dns_name(a, &name, text, f);

	if (rc == 0) {
		ldns_rdf *rdf = ldns_dname_new_frm_str(name);

		k->name = mem_strdup(name);
		k->wire_len = ldns_rdf_size(rdf);
		memcpy(k->wire, ldns_rdf_data(rdf), k->wire_len);
		ldns_rdf_deep_free(rdf);
	}
	arena_free(a);
	return rc;
}

/* key "NAME" { algorithm A; secret "S"; }; */
static int
parse(struct dns_key *k, char *text, const char *ref, struct fail *f)
{
	char hold[512], *w;
	int rc = 0;

	while ((w = word(&text, hold)) != NULL && strcmp(w, "key") != 0)
		;
	if (w == NULL || (w = word(&text, hold)) == NULL)
		return refuse(f, ref,
		    "holds no key: make one with "
		    "tsig-keygen(8)");
	if (set_name(k, w, f) == -1)
		return refuse(f, ref, "the key's name is no domain name");
	while (rc == 0 && (w = word(&text, hold)) != NULL && *w != '}') {
		if (strcmp(w, "algorithm") == 0 &&
		    (w = word(&text, hold)) != NULL && !set_algorithm(k, w))
			rc = refuse(f, ref,
			    "only hmac-sha256, hmac-sha384 and hmac-sha512 "
			    "are taken");
		else if (w != NULL && strcmp(w, "secret") == 0 &&
		    (w = word(&text, hold)) != NULL && !set_secret(k, w))
			rc = refuse(f, ref, "the secret is no base64");
	}
	OPENSSL_cleanse(hold, sizeof(hold));
	if (rc == 0 && (k->algorithm == NULL || k->secret_len == 0))
		rc = refuse(f, ref, "the key lacks its algorithm or secret");
	return rc;
}

int
dns_key_read(struct dns_key **k, const char *ref, struct fail *f)
{
	struct secret text;
	char *full = mem_printf("%s%s", strchr(ref, ':') ? "" : "file:", ref);
	int rc = secret_get(full, NULL, &text, f);

	*k = NULL;
	if (rc == 0) {
		*k = mem_alloc(sizeof(**k));
		blank_comments(text.data);
		rc = parse(*k, text.data, ref, f);
		secret_wipe(&text);
	}
	if (rc == -1) {
		dns_key_free(*k);
		*k = NULL;
	}
	free(full);
	return rc;
}

void
dns_key_free(struct dns_key *k)
{
	if (k == NULL)
		return;
	free(k->name);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

const char *
dns_key_name(const struct dns_key *k)
{
	return k->name;
}
