/* maildir_name.c: names of messages: kept in bulk, taken apart, made. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "store/maildir_p.h"

enum { IN_MEMORY = 4 << 20, FLUSH = 65536, FLUSH_TWICE = 2 * FLUSH };

struct namestore {
	char *dir;
	struct buf mem; /* all, or what is not in the file yet */
	uint64_t filed; /* octets in the file */
	int fd; /* -1: all in mem */
	char name[NAME_MAX + 1];
};

struct namestore *
names_new(const char *dir)
{
	struct namestore *ns = mem_alloc(sizeof(*ns));

	ns->dir = mem_strdup(dir);
	ns->fd = -1;
	return ns;
}

void
names_free(struct namestore *ns)
{
	if (ns == NULL)
		return;
	if (ns->fd != -1)
		(void)close(ns->fd);
	buf_free(&ns->mem);
	free(ns->dir);
	free(ns);
}

static int
open_file(struct namestore *ns)
{
	char *path;

	ns->fd = open(ns->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (ns->fd == -1) {
		path = mem_printf("%s/.mbx-names-XXXXXX", ns->dir);
		ns->fd = mkostemp(path, O_CLOEXEC);
		if (ns->fd != -1)
			(void)unlink(path);
		free(path);
	}
	return ns->fd;
}

static int
move_out(struct namestore *ns, struct fail *f)
{
	if ((ns->fd == -1 && open_file(ns) == -1) ||
	    path_write(ns->fd, ns->mem.data, ns->mem.len) == -1)
		return fail_errno(
		    f, CODE_IO, REACH_RUN, "spool", "%s", ns->dir);
	ns->filed += ns->mem.len;
	if (ns->mem.size > FLUSH_TWICE)
		buf_free(&ns->mem);
	buf_reset(&ns->mem);
	return 0;
}

int
names_add(struct namestore *ns, const char *name, uint64_t *at, struct fail *f)
{
	size_t most = ns->fd == -1 ? IN_MEMORY : FLUSH;

	if (ns->mem.len > most && move_out(ns, f) == -1)
		return -1;
	*at = ns->filed + ns->mem.len;
	buf_add(&ns->mem, name, strlen(name) + 1);
	return 0;
}

const char *
names_get(struct namestore *ns, uint64_t at, struct fail *f)
{
	ssize_t n;

	if (at >= ns->filed)
		return ns->mem.data + (at - ns->filed);
	do
		n = pread(ns->fd, ns->name, NAME_MAX, (off_t)at);
	while (n == -1 && errno == EINTR);
	if (n <= 0) {
		(void)fail_errno(f, CODE_IO, REACH_RUN, "spool", "%s", ns->dir);
		return NULL;
	}
	ns->name[n] = '\0';
	return ns->name;
}

size_t
name_base(const char *name)
{
	return strcspn(name, ":");
}

uint64_t
name_time(const char *name)
{
	uint64_t t;

	return text_u64(name, strspn(name, "0123456789"), &t) ? t : 0;
}

/* The Maildir page asks for \057 and \072; the rest is ours to be safe. */
static void
add_host(struct buf *b)
{
	char host[65] = "localhost";
	const char *p;

	if (gethostname(host, sizeof(host) - 1) == -1 || *host == '\0')
		memcpy(host, "localhost", sizeof("localhost"));
	for (p = host; *p != '\0'; p++)
		if (*p == '/' || *p == ':')
			buf_addf(b, "\\%03o", (unsigned int)*p);
		else if (*p > ' ' && *p < 0x7f && *p != ',')
			buf_addc(b, *p);
		else
			buf_addc(b, '_');
}

void
name_unique(struct buf *b)
{
	static uint64_t last;
	static unsigned int count;
	struct timespec ts = {0};
	unsigned char salt[6] = {0};
	char hex[2 * sizeof(salt) + 1];
	uint64_t us;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	/* Readers without an index of their own sort by name. */
	last = us > last ? us : last + 1;
	(void)!getrandom(salt, sizeof(salt), GRND_NONBLOCK);
	text_hex(hex, salt, sizeof(salt));
	buf_addf(b, "%llu.M%06uP%ldQ%uR%s.",
	    (unsigned long long)(last / 1000000),
	    (unsigned int)(last % 1000000), (long)getpid(), ++count, hex);
	add_host(b);
}
