/* secret_file.c: secrets in files, which nobody else may read. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "secret/secret_p.h"

int
open_private(const char *path, int links, const char *ref, struct fail *f)
{
	struct stat st;
	int fd = open(
	    path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | (links ? 0 : O_NOFOLLOW));

	if (fd == -1 && errno == ELOOP)
		return refuse(f, CODE_AUTH,
		    "%s is a symbolic link: name the file itself", ref);
	if (fd == -1)
		return refuse(f, CODE_CONFIG, "%s: %s", ref, strerror(errno));
	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		(void)refuse(f, CODE_AUTH, "%s is not a regular file", ref);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		(void)refuse(f, CODE_AUTH, "%s belongs to somebody else", ref);
	else if (!links && (st.st_mode & 077) != 0)
		(void)refuse(f, CODE_AUTH,
		    "%s may be read by others (mode %03o): chmod 600", ref,
		    (unsigned int)st.st_mode & 0777);
	else
		return fd;
	(void)close(fd);
	return -1;
}

int
read_all_fd(int fd, const char *ref, struct buf *raw, struct fail *f)
{
	ssize_t n = 1;

	(void)buf_room(raw, SECRET_MAX + 2);
	buf_grown(raw, 0);
	while (n > 0 && raw->len <= SECRET_MAX) {
		n = read(fd, raw->data + raw->len, SECRET_MAX + 1 - raw->len);
		if (n > 0)
			buf_grown(raw, (size_t)n);
		else if (n == -1 && errno == EINTR && stop_signal() == 0)
			n = 1;
	}
	if (n == -1)
		return refuse(f, CODE_CONFIG, "%s: %s", ref, strerror(errno));
	return 0;
}

static int
from_path(const char *path, int links, const char *ref, struct secret *out,
    struct fail *f)
{
	struct buf raw = {0};
	int rc, fd = open_private(path, links, ref, f);

	if (fd == -1)
		return -1;
	rc = read_all_fd(fd, ref, &raw, f);
	(void)close(fd);
	if (rc == 0)
		rc = take_value(ref, &raw, 0, out, f);
	buf_wipe(&raw);
	return rc;
}

int
secret_file(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	(void)whom;
	return from_path(ref + strlen("file:"), 0, ref, out, f);
}

int
secret_cred(const char *ref, const struct secret_for *whom, struct secret *out,
    struct fail *f)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	const char *name = ref + strlen("cred:");
	char *path;
	int rc;

	(void)whom;
	if (dir == NULL)
		return refuse(f, CODE_CONFIG,
		    "%s: $CREDENTIALS_DIRECTORY is not set; is this a systemd "
		    "service with LoadCredential=?",
		    ref);
	if (*name == '\0' || strchr(name, '/') != NULL ||
	    strcmp(name, "..") == 0)
		return refuse(f, CODE_CONFIG, "%s: not a plain name", ref);
	path = mem_printf("%s/%s", dir, name);
	rc = from_path(path, 1, ref, out, f);
	free(path);
	return rc;
}
