/* secret_netrc.c: the password for a host and a user from ~/.netrc. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "secret/secret_p.h"

/*
 * The next word of *s, in place; quotes as in curl.  NULL at the end.  A #
 * begins a comment where a keyword may stand, not in front of a value: it may
 * be a password's.
 */
static char *
next_word(char **s, int value)
{
	char *word, *to, *p = *s;

	for (;;) {
		p += strspn(p, " \t\r\n");
		if (value || *p != '#')
			break;
		p += strcspn(p, "\n");
	}
	if (*p == '\0')
		return NULL;
	word = to = p;
	if (*p == '"') {
		for (p++; *p != '\0' && *p != '"'; p++) {
			if (*p == '\\' && p[1] != '\0')
				p++;
			*to++ = *p;
		}
		p += *p == '"';
	} else {
		size_t n = strcspn(p, " \t\r\n");

		p += n;
		to += n;
	}
	if (*p != '\0')
		p++;
	*to = '\0';
	*s = p;
	return word;
}

/* The password of the first entry that names the host and, if it names a
 * user, that user. */
static char *
find(char *text, const struct secret_for *whom)
{
	char *word, *value, *password = NULL;
	int host = 0, user = 1;

	while ((word = next_word(&text, 0)) != NULL) {
		int begins = strcmp(word, "machine") == 0 ||
		    strcmp(word, "default") == 0;

		if (strcmp(word, "macdef") == 0) { /* up to an empty line */
			char *end = strstr(text, "\n\n");

			text = end != NULL ? end : text + strlen(text);
			continue;
		}
		if (begins && host && user && password != NULL)
			return password;
		if (strcmp(word, "default") == 0) {
			host = user = 1;
			password = NULL;
			continue;
		}
		if ((value = next_word(&text, 1)) == NULL)
			break;
		if (begins) {
			host = text_casecmp(value, whom->host) == 0;
			user = 1;
			password = NULL;
		} else if (strcmp(word, "login") == 0)
			user = strcmp(value, whom->user) == 0;
		else if (strcmp(word, "password") == 0)
			password = value;
	}
	return host && user ? password : NULL;
}

int
secret_netrc(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	const char *path = ref + strlen("netrc:"), *home = getenv("HOME");
	char *own = NULL, *password;
	struct buf raw = {0}, value = {0};
	int rc = -1, fd;

	if (whom->host == NULL || whom->user == NULL)
		return refuse(f, CODE_CONFIG,
		    "%s: only for an endpoint with a user and a host", ref);
	if (*path == '\0')
		path = own = mem_printf("%s/.netrc", home ? home : "");
	if ((fd = open_private(path, 0, ref, f)) != -1) {
		rc = read_all_fd(fd, ref, &raw, f);
		(void)close(fd);
	}
	free(own);
	if (rc == 0 && (password = find(raw.data, whom)) != NULL) {
		(void)buf_room(&value, strlen(password));
		buf_adds(&value, password);
		rc = take_value(ref, &value, 0, out, f);
	} else if (rc == 0)
		rc = refuse(f, CODE_CONFIG, "%s: no password for %s at %s", ref,
		    whom->user, whom->host);
	buf_wipe(&raw);
	buf_wipe(&value);
	return rc;
}
