/* vault.c: passwords of an imported list, a file of mode 0600 for each. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "exchange/exchange_p.h"

struct vault {
	char *path;
	int dir;
	struct intern *put; /* in this run */
};

static int
failed(const struct vault *v, const char *name, struct fail *f)
{
	(void)fail_at(f, "%s%s%s", v->path, *name ? "/" : "", name);
	return fail_errno(
	    f, CODE_IO, REACH_RUN, "secrets", "cannot be written");
}

/* Whoever may write there could put his own file in place of ours. */
static int
is_ours(const struct vault *v, struct fail *f)
{
	struct stat st;

	if (fstat(v->dir, &st) == -1)
		return failed(v, "", f);
	if ((st.st_uid == geteuid() || st.st_uid == 0) &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return 0;
	(void)fail_at(f, "%s", v->path);
	return fail_set(f, CODE_CONFIG, REACH_RUN, AGAIN_NEVER, "secrets",
	    "others may write there: chown and chmod 700 it");
}

int
vault_open(struct vault **out, const char *dir, struct fail *f)
{
	struct vault *v = mem_alloc(sizeof(*v));

	v->path = mem_strdup(dir);
	v->put = intern_new();
	v->dir = -1;
	*out = v;
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return failed(v, "", f);
	v->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return v->dir == -1 ? failed(v, "", f) : is_ours(v, f);
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	if (v->dir != -1)
		(void)close(v->dir);
	intern_free(v->put);
	free(v->path);
	free(v);
}

/* 1 if the file holds this password. */
static int
holds(const struct vault *v, const char *name, const char *text, size_t n)
{
	int fd = openat(v->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	char *have = mem_alloc(n + 2);
	ssize_t got = fd == -1 ? -1 : read(fd, have, n + 2);
	int same = got == (ssize_t)n && memcmp(have, text, n) == 0;

	if (fd != -1)
		(void)close(fd);
	explicit_bzero(have, n + 2);
	free(have);
	return same;
}

/* Beside the file, then in its place: never half a password. */
static int
replace(struct vault *v, const char *name, const char *text, size_t n,
    struct fail *f)
{
	char temp[32];
	int fd, rc = -1;

	(void)snprintf(temp, sizeof(temp), ".new.%ld", (long)getpid());
	(void)unlinkat(v->dir, temp, 0);
	fd = openat(v->dir, temp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd != -1) {
		errno = ENOSPC; /* of a short write */
		if (write(fd, text, n) == (ssize_t)n)
			rc = 0;
		if (close(fd) == -1)
			rc = -1;
		if (rc == 0)
			rc = renameat(v->dir, temp, v->dir, name);
	}
	return rc == 0 ? 0 : failed(v, name, f);
}

int
vault_put(struct vault *v, const struct endpoint *e, const char *password,
    struct buf *ref, struct fail *f)
{
	struct buf name = {0}, text = {0};
	size_t n = strlen(password);
	int rc = 0;

	text_percent(&name, e->user, strlen(e->user), "@+=");
	buf_addf(&name, "@%s:%u", e->host, (unsigned int)e->port);
	(void)buf_room(&text, n + 2);
	buf_adds(&text, password);
	buf_addc(&text, '\n');
	if (name.len > 240)
		rc = fail_set(f, CODE_CONFIG, REACH_MESSAGE, AGAIN_NEVER,
		    "secrets", "the user's name is too long for a file");
	else if (holds(v, name.data, text.data, text.len))
		;
	else if (intern_has(v->put, name.data))
		rc = fail_set(f, CODE_ROW, REACH_MESSAGE, AGAIN_NEVER,
		    "secrets", "%s has another password in an earlier line",
		    name.data);
	else
		rc = replace(v, name.data, text.data, text.len, f);
	if (rc == 0) {
		(void)intern_str(v->put, name.data, name.len);
		buf_addf(ref, "file:%s/%s", v->path, name.data);
	}
	buf_wipe(&text);
	buf_free(&name);
	return rc;
}

int
vault_sync(struct vault *v, struct fail *f)
{
	return syncfs(v->dir) == -1 ? failed(v, "", f) : 0;
}
