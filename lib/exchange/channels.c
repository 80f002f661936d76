/* channels.c: a job row as a channel of mbsync (isync), with its two stores. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/exchange_p.h"
#include "store/store.h"

enum { WORDS = 64 };

/* mbsync(1): quotes and backslashes within "" are escaped. */
static int
add_quoted(struct buf *b, const char *s, struct fail *f)
{
	buf_addc(b, '"');
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ')
			return cannot(f, "mbsync",
			    "a control character has no place in its file");
		if (*s == '"' || *s == '\\')
			buf_addc(b, '\\');
		buf_addc(b, *s);
	}
	buf_addc(b, '"');
	return 0;
}

static int
add_setting(struct buf *b, const char *name, const char *value, struct fail *f)
{
	if (value == NULL)
		return 0;
	buf_addf(b, "%s ", name);
	if (add_quoted(b, value, f) == -1)
		return -1;
	buf_addc(b, '\n');
	return 0;
}

/* ---- secrets: a command that a shell runs ---- */

static void
add_shell_word(struct buf *b, const char *s)
{
	buf_adds(b, b->len > 0 ? " '" : "'");
	for (; *s != '\0'; s++)
		if (*s == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *s);
	buf_addc(b, '\'');
}

/* cmd: is split like a command line, and has no shell to expand it. */
static int
add_command(struct buf *b, const char *command, struct fail *f)
{
	char *copy = mem_strdup(command), *word[WORDS];
	size_t n = text_words(copy, word, WORDS), i;

	for (i = 0; i < n; i++)
		add_shell_word(b, word[i]);
	free(copy);
	return n > 0 ? 0 : cannot(f, "secret", "cmd: is not a command");
}

static int
add_secret(struct buf *b, const char *ref, struct fail *f)
{
	struct buf command = {0};
	int rc = 0;

	if (*ref == '\0')
		return 0; /* mbsync will ask */
	if (strncmp(ref, "file:", 5) == 0) {
		buf_adds(&command, "cat --");
		add_shell_word(&command, ref + 5);
	} else if (strncmp(ref, "env:", 4) == 0) {
		buf_adds(&command, "printenv --");
		add_shell_word(&command, ref + 4);
	} else if (strncmp(ref, "cmd:", 4) == 0)
		rc = add_command(&command, ref + 4, f);
	else
		rc = cannot(
		    f, "secret", "mbsync can have file:, env: and cmd: alone");
	if (rc == 0)
		rc = add_setting(b, "PassCmd", command.data, f);
	buf_free(&command);
	return rc;
}

/* ---- stores ---- */

static int
imap_store(
    struct buf *b, const struct endpoint *e, const char *secret, struct fail *f)
{
	if (e->authzid != NULL || e->pin != NULL || e->resolve != NULL ||
	    (e->key != NULL && strncmp(e->key, "file:", 5) != 0))
		return cannot(f, "URL",
		    "mbsync has no authzid=, pin= and resolve=, and reads a "
		    "key= from file: alone");
	buf_addf(b, "Host %s\nPort %u\nSSLType %s\n", e->host,
	    (unsigned int)e->port,
	    e->scheme == SCHEME_IMAPS ? "IMAPS"
		: e->tls == TLS_NONE  ? "None"
				      : "STARTTLS");
	if (e->tls == TLS_1_0)
		buf_adds(b, "SSLVersions TLSv1 TLSv1.1 TLSv1.2 TLSv1.3\n");
	/* What it takes for secure without TLS leaves most servers nothing. */
	if (e->auth != NULL || e->tls == TLS_NONE)
		buf_addf(
		    b, "AuthMechs %s\n", e->auth != NULL ? e->auth : "LOGIN");
	if (add_setting(b, "User", e->user, f) == -1 ||
	    add_setting(b, "CertificateFile", e->ca, f) == -1 ||
	    add_setting(b, "ClientCertificate", e->cert, f) == -1 ||
	    add_setting(
		b, "ClientKey", e->key != NULL ? e->key + 5 : NULL, f) == -1 ||
	    add_setting(b, "Tunnel", e->tunnel, f) == -1)
		return -1;
	return add_secret(b, secret, f);
}

/* ~ at the start would be expanded. */
static int
maildir_store(struct buf *b, const struct endpoint *e, struct fail *f)
{
	struct buf path = {0};
	int rc;

	buf_addf(&path, "%s%s", *e->path == '~' ? "./" : "", e->path);
	rc = add_setting(b, "Inbox", path.data, f);
	if (rc == 0 && e->layout != NULL) {
		buf_addc(&path, '/');
		rc = add_setting(b, "Path", path.data, f);
	}
	buf_addf(
	    b, "SubFolders %s\n", e->layout != NULL ? "Verbatim" : "Maildir++");
	buf_free(&path);
	return rc;
}

static int
add_store(struct buf *b, const char *key, const struct row *r, const char *side,
    struct fail *f)
{
	char secret[24];
	struct endpoint e = {0};
	int rc;

	(void)snprintf(secret, sizeof(secret), "%s_secret", side);
	if (endpoint_parse(&e, row_get(r, side), f) == -1) {
		if (f != NULL)
			f->reach = REACH_MESSAGE;
		return -1;
	}
	buf_addf(b, "%s %s-%s\n",
	    endpoint_is_net(&e) ? "IMAPStore" : "MaildirStore", key, side);
	if (e.scheme == SCHEME_IMAP || e.scheme == SCHEME_IMAPS)
		rc = imap_store(b, &e, row_get(r, secret), f);
	else if (e.scheme == SCHEME_MAILDIR)
		rc = maildir_store(b, &e, f);
	else
		rc = cannot(f, side, "mbsync knows IMAP and Maildir alone");
	buf_addc(b, '\n');
	endpoint_free(&e);
	return rc;
}

/* ---- channels ---- */

/* A canonical name, n octets of it, as mbsync has it: %25 undone; a / inside
 * a level it cannot have. */
static int
add_name(struct buf *b, const char *name, size_t n, struct fail *f)
{
	if (memmem(name, n, "%2F", 3) != NULL)
		return cannot(
		    f, "folder", "mbsync has no name with a / in a level");
	return text_unpercent(b, name, n)
	    ? 0
	    : cannot(f, "folder", "that is no name");
}

static int
add_box(struct buf *b, const char *near, const char *key, const char *side,
    const char *folder, struct fail *f)
{
	struct buf name = {0};
	int rc = add_name(&name, folder, strlen(folder), f);

	buf_addf(b, "%s :%s-%s:", near, key, side);
	if (rc == 0 && name.len > 0)
		rc = add_quoted(b, name.data, f);
	buf_addc(b, '\n');
	buf_free(&name);
	return rc;
}

/* All folders, but those that rows of their own carry or that stay behind. */
static int
add_patterns(struct buf *b, const char *except, struct fail *f)
{
	struct buf name = {0};
	int rc = 0;

	buf_adds(b, "Patterns *");
	while (rc == 0 && *except != '\0') {
		size_t n = strcspn(except, ",");

		buf_reset(&name);
		buf_addc(&name, '!');
		rc = add_name(&name, except, n, f);
		if (rc == 0 && strpbrk(name.data, "*%") != NULL)
			rc = cannot(f, "except",
			    "to mbsync * and % in a name match anything");
		buf_addc(b, ' ');
		if (rc == 0)
			rc = add_quoted(b, name.data, f);
		except += n + (except[n] == ',');
	}
	buf_addc(b, '\n');
	buf_free(&name);
	return rc;
}

static int
add_channel(struct buf *b, const char *key, const struct row *r, struct fail *f)
{
	const char *folder = row_get(r, "folder");
	const char *dst = row_get(r, "dst_folder");

	buf_addf(b, "Channel %s\n", key);
	if (add_box(b, "Far", key, "source", folder, f) == -1 ||
	    add_box(b, "Near", key, "target", *dst != '\0' ? dst : folder, f) ==
		-1)
		return -1;
	if (*folder == '\0' && add_patterns(b, row_get(r, "except"), f) == -1)
		return -1;
	buf_adds(b,
	    "Create Near\nSync PullNew PullFlags\nExpunge None\n"
	    "CopyArrivalDate yes\n\n");
	return 0;
}

/* Add-only and one way, as mbx-copy is. */
int
channel_add(struct export *x, const struct row *r, struct fail *f)
{
	struct buf b = {0};
	char key[17];
	int rc;

	job_key(key, r);
	rc = add_store(&b, key, r, "source", f);
	if (rc == 0)
		rc = add_store(&b, key, r, "target", f);
	if (rc == 0)
		rc = add_channel(&b, key, r, f);
	if (rc == 0) {
		buf_add(&x->text, b.data, b.len);
		x->count.written++;
	}
	buf_free(&b);
	return rc;
}
