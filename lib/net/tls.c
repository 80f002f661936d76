/*
 * tls.c: TLS 1.2 and newer over a descriptor, with the chain, the name and
 * the dates verified (RFC 6125), or the key alone where it is pinned.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "net/net_p.h"

struct tls {
	SSL *ssl;
	char *host;
	struct buf names; /* of a certificate that was refused */
};

struct net_opt net_opt;

/* The context for the system's authorities, and for one `ca=`. */
static SSL_CTX *system_ctx, *own_ctx;
static char *own_ca;
static const char *system_ca;

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt", /* Debian */
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", /* Red Hat */
    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", /* SUSE */
    "/etc/ssl/cert.pem", /* Alpine, the BSDs */
};

/* The oldest error that OpenSSL queued. */
static const char *
reason(void)
{
	unsigned long e = ERR_get_error();
	const char *s = e != 0 ? ERR_reason_error_string(e) : NULL;

	ERR_clear_error();
	return s != NULL ? s : "no reason given";
}

const char *
net_version(void)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s, %s",
	    OpenSSL_version(OPENSSL_VERSION),
	    system_ca != NULL ? system_ca : "no bundle of authorities");
	return text;
}

extern int __nss_configure_lookup(const char *, const char *);

int
net_setup(const struct net_opt *opt, struct fail *f)
{
	size_t i;

	net_opt = *opt;
	/* No other service: a static program would load its library. */
	(void)__nss_configure_lookup("hosts", "files dns");
	if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return net_fail(
		    f, CODE_SYSTEM, AGAIN_NEVER, "TLS", "%s", reason());
	for (i = 0; i < LENGTH(bundles) && system_ca == NULL; i++)
		if (access(bundles[i], R_OK) == 0)
			system_ca = bundles[i];
	return 0;
}

static void
add_address(struct buf *b, const ASN1_OCTET_STRING *ip)
{
	char text[INET6_ADDRSTRLEN];
	int n = ASN1_STRING_length(ip);

	if (n != 4 && n != 16)
		return;
	buf_adds(b, b->len ? ", " : "");
	buf_adds(b,
	    inet_ntop(n == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(ip),
		text, sizeof(text)));
}

/* The names in a certificate, for people. */
static void
cert_names(struct buf *b, X509 *cert)
{
	GENERAL_NAMES *names =
	    X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int i, n = names != NULL ? sk_GENERAL_NAME_num(names) : 0;

	for (i = 0; i < n && i < 5; i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_IPADD)
			add_address(b, g->d.iPAddress);
		if (g->type != GEN_DNS)
			continue;
		buf_adds(b, b->len ? ", " : "");
		text_printable(b,
		    (const char *)ASN1_STRING_get0_data(g->d.dNSName),
		    (size_t)ASN1_STRING_length(g->d.dNSName), 100);
	}
	if (b->len == 0)
		buf_adds(b, "no host name");
	GENERAL_NAMES_free(names);
}

/* The session has no certificate after a refusal: its names are kept here. */
static int
on_verify(int ok, X509_STORE_CTX *ctx)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(
	    ctx, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls *t = ssl != NULL ? SSL_get_app_data(ssl) : NULL;
	X509 *cert = X509_STORE_CTX_get0_cert(ctx);

	if (!ok && t != NULL && cert != NULL && t->names.len == 0)
		cert_names(&t->names, cert);
	return ok;
}

static SSL_CTX *
new_ctx(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	if (c == NULL)
		return NULL;
	(void)SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_set_mode(c,
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_options(c,
	    SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, on_verify);
	return c;
}

static int
load(SSL_CTX *c, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return SSL_CTX_load_verify_dir(c, path);
	return SSL_CTX_load_verify_file(c, path);
}

/* Loaded once: the bundle takes 30 ms. */
static SSL_CTX *
context(const struct endpoint *e, struct fail *f)
{
	if (e->ca != NULL && own_ca != NULL && strcmp(e->ca, own_ca) == 0)
		return own_ctx;
	if (e->ca != NULL) {
		SSL_CTX_free(own_ctx);
		free(own_ca);
		own_ca = NULL;
		own_ctx = new_ctx();
		if (own_ctx == NULL || load(own_ctx, e->ca) != 1) {
			(void)net_fail(f, CODE_CONFIG, AGAIN_NEVER, "TLS",
			    ";ca=%s: %s", e->ca, reason());
			return NULL;
		}
		own_ca = mem_strdup(e->ca);
		return own_ctx;
	}
	if (system_ctx == NULL) {
		system_ctx = new_ctx();
		if (system_ctx != NULL && system_ca != NULL)
			(void)load(system_ctx, system_ca);
		ERR_clear_error();
	}
	return system_ctx;
}

static const char *
advice(long v)
{
	if (v != X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY &&
	    v != X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN &&
	    v != X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
		return "";
	return system_ca != NULL
	    ? "; name its authority with ;ca= or its key with ;pin="
	    : "; no bundle of authorities was found: name one by ;ca=";
}

static int
verify_failed(struct tls *t, struct fail *f)
{
	long v = SSL_get_verify_result(t->ssl);

	if (ERR_peek_error() == 0)
		return net_fail(f, CODE_CONN, AGAIN_NOW, "TLS",
		    "the connection was cut in the handshake with %s", t->host);
	if (ERR_GET_REASON(ERR_peek_error()) != SSL_R_CERTIFICATE_VERIFY_FAILED)
		return net_fail(f, CODE_TLS, AGAIN_NEVER, "TLS",
		    "handshake with %s: %s", t->host, reason());
	ERR_clear_error();
	return net_fail(f, CODE_TLS, AGAIN_NEVER, "TLS",
	    "certificate of %s: %s; it is for %s%s", t->host,
	    X509_verify_cert_error_string(v),
	    t->names.len ? t->names.data : "nobody", advice(v));
}

/* ---- setting one connection up ---- */

/*
 * OpenSSL's own socket writes with write(2), and a server that has gone would
 * end us by SIGPIPE; the signal stays as it is, since stdout wants it.
 */
static int
bio_send(BIO *b, const char *p, int n)
{
	ssize_t w = send(BIO_get_fd(b, NULL), p, (size_t)n, MSG_NOSIGNAL);

	BIO_clear_retry_flags(b);
	if (w == -1 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	return (int)w;
}

static BIO *
quiet_socket(int fd)
{
	static BIO_METHOD *m;
	const BIO_METHOD *s = BIO_s_socket();
	BIO *b;

	if (m == NULL) {
		m = BIO_meth_new(BIO_TYPE_SOCKET, "socket without SIGPIPE");
		if (m == NULL || BIO_meth_set_write(m, bio_send) != 1 ||
		    BIO_meth_set_read(m, BIO_meth_get_read(s)) != 1 ||
		    BIO_meth_set_puts(m, BIO_meth_get_puts(s)) != 1 ||
		    BIO_meth_set_ctrl(m, BIO_meth_get_ctrl(s)) != 1 ||
		    BIO_meth_set_create(m, BIO_meth_get_create(s)) != 1 ||
		    BIO_meth_set_destroy(m, BIO_meth_get_destroy(s)) != 1)
			return NULL;
	}
	if ((b = BIO_new(m)) != NULL)
		(void)BIO_set_fd(b, fd, BIO_NOCLOSE);
	return b;
}

static int
set_identity(struct tls *t, const struct endpoint *e)
{
	X509_VERIFY_PARAM *p = SSL_get0_param(t->ssl);

	if (X509_VERIFY_PARAM_set1_ip_asc(p, e->host) == 1)
		return 1;
	ERR_clear_error();
	X509_VERIFY_PARAM_set_hostflags(p,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
		X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return SSL_set1_host(t->ssl, e->host) == 1 &&
	    SSL_set_tlsext_host_name(t->ssl, e->host) == 1;
}

static int
set_client_cert(
    struct tls *t, const struct endpoint *e, const char *key, struct fail *f)
{
	BIO *bio = BIO_new_mem_buf(key, -1);
	EVP_PKEY *k =
	    bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;
	int ok = k != NULL &&
	    SSL_use_certificate_chain_file(t->ssl, e->cert) == 1 &&
	    SSL_use_PrivateKey(t->ssl, k) == 1;

	EVP_PKEY_free(k);
	(void)BIO_free(bio);
	if (!ok)
		return net_fail(f, CODE_CONFIG, AGAIN_NEVER, "TLS",
		    ";cert=%s and its key: %s", e->cert, reason());
	return 0;
}

static void
lower_floor(struct tls *t, const struct endpoint *e)
{
	struct buf b = {0};

	(void)SSL_set_min_proto_version(t->ssl, TLS1_VERSION);
	SSL_set_security_level(t->ssl, 0);
	endpoint_label(&b, e);
	buf_adds(&b, ": TLS 1.0 is allowed, which protects little");
	if (net_opt.note != NULL)
		net_opt.note(net_opt.arg, b.data);
	buf_free(&b);
}

static void
not_verified(const struct endpoint *e)
{
	struct buf b = {0};

	endpoint_label(&b, e);
	buf_adds(&b, ": --insecure: its certificate is not verified");
	if (net_opt.note != NULL)
		net_opt.note(net_opt.arg, b.data);
	buf_free(&b);
}

static int
check_pin(struct tls *t, const char *pin, struct fail *f)
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	unsigned char *der = NULL, sum[32];
	unsigned int n = 0;
	struct buf got = {0};
	int len = cert != NULL
	    ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der)
	    : 0;
	int ok = len > 0 &&
	    EVP_Digest(der, (size_t)len, sum, &n, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (ok)
		text_base64(&got, sum, n);
	ok = ok && strcmp(got.data, pin) == 0;
	if (!ok)
		(void)net_fail(f, CODE_TLS, AGAIN_NEVER, "TLS",
		    "the key of %s is not the pinned one; it is %s", t->host,
		    got.len ? got.data : "missing");
	buf_free(&got);
	return ok ? 0 : -1;
}

static int
handshake(struct tls *t, int fd, struct fail *f)
{
	int64_t deadline = idle_deadline();
	int rc;

	while ((rc = SSL_connect(t->ssl)) != 1) {
		int e = SSL_get_error(t->ssl, rc);

		if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
			return verify_failed(t, f);
		if (!wait_fd(fd, e == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
			deadline))
			return net_fail(f, CODE_TIMEOUT, AGAIN_LATER, "TLS",
			    "no progress in the handshake with %s", t->host);
	}
	return 0;
}

static int
configure(struct tls *t, const struct endpoint *e, const char *key, int fd,
    struct fail *f)
{
	BIO *b = quiet_socket(fd);

	(void)SSL_set_app_data(t->ssl, t);
	if (b != NULL)
		SSL_set_bio(t->ssl, b, b);
	if (b == NULL || !set_identity(t, e))
		return net_fail(f, CODE_TLS, AGAIN_NEVER, "TLS", "%s: %s",
		    e->host, reason());
	if (e->tls == TLS_1_0)
		lower_floor(t, e);
	if (net_opt.insecure)
		not_verified(e);
	if (net_opt.insecure || e->pin != NULL)
		SSL_set_verify(t->ssl, SSL_VERIFY_NONE, NULL);
	return e->cert != NULL && key != NULL ? set_client_cert(t, e, key, f)
					      : 0;
}

struct tls *
tls_start(const struct endpoint *e, const char *key, int fd, struct fail *f)
{
	SSL_CTX *c = context(e, f);
	struct tls *t;

	if (c == NULL)
		return NULL;
	t = mem_alloc(sizeof(*t));
	t->host = mem_strdup(e->host);
	ERR_clear_error();
	if ((t->ssl = SSL_new(c)) == NULL)
		(void)net_fail(
		    f, CODE_SYSTEM, AGAIN_NEVER, "TLS", "%s", reason());
	else if (configure(t, e, key, fd, f) == 0 && handshake(t, fd, f) == 0 &&
	    (e->pin == NULL || net_opt.insecure ||
		check_pin(t, e->pin, f) == 0))
		return t;
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	if (t->ssl != NULL && SSL_is_init_finished(t->ssl))
		(void)SSL_shutdown(t->ssl);
	SSL_free(t->ssl);
	ERR_clear_error();
	buf_free(&t->names);
	free(t->host);
	free(t);
}

static long
outcome(struct tls *t, int rc, short *events, struct fail *f)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		*events = POLLIN;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		*events = POLLOUT;
		return 0;
	case SSL_ERROR_ZERO_RETURN:
		return TLS_EOF;
	case SSL_ERROR_SYSCALL:
		return net_fail(f, CODE_CONN, AGAIN_NOW, "TLS", "%s: %s",
		    t->host,
		    errno ? strerror(errno) : "the connection was cut");
	default:
		return net_fail(f, CODE_CONN, AGAIN_NOW, "TLS", "%s: %s",
		    t->host, reason());
	}
}

long
tls_read(struct tls *t, void *p, size_t n, short *events, struct fail *f)
{
	int rc;

	errno = 0;
	ERR_clear_error();
	rc = SSL_read(t->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	return rc > 0 ? rc : outcome(t, rc, events, f);
}

long
tls_write(struct tls *t, const void *p, size_t n, short *events, struct fail *f)
{
	int rc;

	errno = 0;
	ERR_clear_error();
	rc = SSL_write(t->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n);
	return rc > 0 ? rc : outcome(t, rc, events, f);
}

size_t
tls_pending(const struct tls *t)
{
	return (size_t)SSL_pending(t->ssl);
}

/* RFC 5929 section 4.1: the hash of the certificate's own signature, SHA-256
 * in place of MD5 and SHA-1. */
size_t
tls_binding(const struct tls *t, uint8_t out[64])
{
	X509 *cert = SSL_get0_peer_certificate(t->ssl);
	const EVP_MD *md = NULL;
	int nid;
	unsigned int n = 0;

	if (cert == NULL)
		return 0;
	if (OBJ_find_sigid_algs(X509_get_signature_nid(cert), &nid, NULL) == 1)
		md = nid == NID_md5 || nid == NID_sha1
		    ? EVP_sha256()
		    : EVP_get_digestbynid(nid);
	if (md == NULL || X509_digest(cert, md, out, &n) != 1)
		return 0;
	return n;
}
