/* manifest.c: what a side holds, written down for hosts that never meet. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "verify/verify_p.h"

static const char columns[] =
    "key account status code hint folder folder_raw sep namespace role "
    "subscribed selectable uidvalidity uidnext messages bytes uid size "
    "internaldate flags digest digest_level digest_raw digest_end "
    "digest_store digest_bytes digest_l1 digest_l2 digest_l3 digest_msgid";

struct writing {
	struct verify *v;
	struct side side;
	const struct row *job;
	struct header *header;
	struct arena *arena;
	struct table_out *out;
	FILE *fp;
	struct manifest_sum *sum;
	const struct folder *folder;
	uint64_t messages, octets; /* of it */
	struct fail *f;
	int failed;
};

static struct row *
fresh(struct writing *w, const char *folder)
{
	struct row *r;
	struct buf account = {0};
	char key[17];

	arena_reset(w->arena);
	r = row_new(w->arena, w->header);
	job_account(&account, w->job);
	row_set(r, "account", account.data != NULL ? account.data : "");
	buf_free(&account);
	job_key(key, w->job);
	row_set(r, "key", key);
	row_set(r, "status", "ok");
	row_set(r, "folder", folder);
	return r;
}

static struct row *
message(struct writing *w, const struct item *it)
{
	struct row *r = fresh(w, w->folder->name);
	struct buf uid = {0};
	char date[CLOCK_TEXT];

	w->messages++;
	w->side.ops->uid(&w->side, it, &uid);
	row_set(r, "uid", uid.data != NULL ? uid.data : "");
	buf_free(&uid);
	row_setf(r, "size", "%" PRIu64, it->size);
	row_set(r, "internaldate", clock_format(date, it->date));
	row_set(r, "flags", it->flags);
	return r;
}

static int
take(void *arg, struct kin *k, struct fail *f)
{
	struct writing *w = arg;
	struct row *r = message(w, &k->it);
	char hex[65];
	int i;

	w->octets += k->it.size;
	text_hex(hex, k->ident->sum[SUM_L0], 32);
	row_set(r, "digest", hex);
	row_set(r, "digest_level", "L0");
	for (i = 0; i < SUMS; i++) {
		/* Mostly the same, and then left out. */
		if (sum_columns[i] == NULL || (k->have & SUM(i)) == 0 ||
		    (i == SUM_RAW &&
			memcmp(k->sum[i], k->sum[SUM_L0], 16) == 0))
			continue;
		text_hex(hex, k->sum[i], 16);
		row_set(r, sum_columns[i], hex);
	}
	return table_put(w->out, r, f);
}

static void
set_failed(struct row *r, const struct fail *f)
{
	row_set(r, "status", f->again == AGAIN_LATER ? "deferred" : "failed");
	row_set(r, "code", fail_code_name(f->code));
	row_setf(r, "hint", "%s: %s", f->what, f->why);
}

static void
bad(void *arg, struct side *s, const struct item *it, const struct fail *why)
{
	struct writing *w = arg;
	struct row *r = message(w, it);

	(void)s;
	w->sum->failed++;
	set_failed(r, why);
	if (table_put(w->out, r, w->f) == -1)
		w->failed = 1;
}

static int
folder_row(struct writing *w, const struct fail *why, struct fail *f)
{
	static const char *const spaces[] = {"personal", "other", "shared"};
	const struct folder *fo = w->folder;
	struct row *r = fresh(w, fo->name);
	char sep[2] = {fo->sep, '\0'};

	row_set(r, "folder_raw", fo->raw);
	row_set(r, "sep", sep);
	row_set(r, "namespace", spaces[fo->nspace]);
	row_set(r, "role", role_name(fo->role));
	if (fo->known & FOLDER_SUBSCRIBED)
		row_set(r, "subscribed", fo->subscribed ? "1" : "0");
	row_set(r, "selectable", fo->selectable ? "1" : "0");
	row_setf(r, "messages", "%" PRIu64, w->messages);
	row_setf(r, "bytes", "%" PRIu64, w->octets);
	if (why != NULL) {
		w->sum->failed++;
		set_failed(r, why);
	}
	w->sum->folders++;
	w->sum->messages += w->messages;
	w->sum->octets += w->octets;
	w->messages = w->octets = 0;
	return table_put(w->out, r, f);
}

static unsigned int
wanted(const struct verify *v)
{
	unsigned int sums = SUM(SUM_L0) | SUM(SUM_RAW) | SUM(SUM_L1) |
	    SUM(SUM_L3) | SUM(SUM_MSGID);

	if (v->accepts & 1u << RUNG_EOL_END)
		sums |= SUM(SUM_END);
	if (v->accepts & 1u << RUNG_STORE)
		sums |= SUM(SUM_STORE);
	if (v->accepts & 1u << RUNG_BYTES)
		sums |= SUM(SUM_BYTES);
	return v->accepts & 1u << RUNG_PARTS ? sums | SUM(SUM_L2) : sums;
}

static int
messages(struct writing *w, uint32_t at, struct fail *f)
{
	struct pile *list = pile_new(sizeof(struct item), w->v->dir);
	struct side *s = &w->side;
	int rc = s->ops->enter(s, at, f);

	if (rc == 0)
		rc = s->ops->scan(s, list, f);
	if (rc == 0)
		rc = side_sums(s, list, wanted(w->v), take, w, f);
	pile_free(list);
	return rc == 0 && w->failed ? -1 : rc;
}

static int
folders(struct writing *w, struct fail *f)
{
	const char *only = row_get(w->job, "folder");
	uint32_t i;

	for (i = 0; i < w->side.n; i++) {
		int rc = 0;

		w->folder = &w->side.list[i];
		if (*only != '\0' && strcmp(only, w->folder->name) != 0)
			continue;
		if (verify_stopping(f) == -1)
			return -1;
		if (w->folder->selectable)
			rc = messages(w, i, f);
		if (rc == -1 && f->reach > REACH_FOLDER)
			return -1;
		if (folder_row(w, rc == -1 ? f : NULL, f) == -1)
			return -1;
	}
	return 0;
}

/* ---- the end: whoever reads it can tell that nothing is cut off ---- */

int
file_digest(int fd, uint64_t n, char hex[65], struct fail *f)
{
	struct digest *d = digest_new(DIGEST_RAW, "/tmp");
	struct ident id;
	char chunk[16384];
	uint64_t at;
	int rc = 0;

	for (at = 0; rc == 0 && at < n; at += sizeof(chunk)) {
		size_t k =
		    n - at < sizeof(chunk) ? (size_t)(n - at) : sizeof(chunk);

		rc = temp_read(fd, chunk, k, at, f);
		if (rc == 0)
			rc = digest_add(d, chunk, k, f);
	}
	if (rc == 0)
		rc = digest_end(d, &id, f);
	if (rc == 0)
		text_hex(hex, id.sum[4], 32);
	digest_free(d);
	return rc;
}

static int
end_row(struct writing *w, struct fail *f)
{
	struct row *r = fresh(w, "");
	char hex[65];
	struct stat sb;

	if (table_end(w->out, f) == -1)
		return -1;
	if (fstat(fileno(w->fp), &sb) == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "manifest", "size");
	if (file_digest(fileno(w->fp), (uint64_t)sb.st_size, hex, f) == -1)
		return -1;
	row_setf(r, "messages", "%" PRIu64, w->sum->messages);
	row_setf(r, "bytes", "%" PRIu64, w->sum->octets);
	row_set(r, "digest", hex);
	row_set(r, "digest_level", "end");
	if (table_put(w->out, r, f) == -1 || table_end(w->out, f) == -1)
		return -1;
	if (fsync(fileno(w->fp)) == -1)
		return fail_errno(f, CODE_IO, REACH_RUN, "manifest", "sync");
	return 0;
}

static int
write_all(struct writing *w, struct fail *f)
{
	int rc;

	w->v->words = intern_new();
	w->header = header_new(columns);
	w->arena = arena_new();
	w->out = table_out(w->fp, w->header, DIALECT_TSV, 0);
	w->side.bad = bad;
	w->side.arg = w;
	w->f = f;
	rc = folders(w, f);
	if (rc == 0)
		rc = end_row(w, f);
	table_out_free(w->out);
	header_free(w->header);
	arena_free(w->arena);
	intern_free(w->v->words);
	w->v->words = NULL;
	return rc;
}

static int
in_place(struct writing *w, const char *dir, const char *path, struct fail *f)
{
	char *temp = mem_printf("%s.XXXXXX", path);
	int rc = -1, fd;

	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		(void)fail_errno(f, CODE_IO, REACH_RUN, "manifest", "%s", dir);
	else if ((fd = mkostemp(temp, O_CLOEXEC)) == -1 ||
	    (w->fp = fdopen(fd, "w+")) == NULL)
		(void)fail_errno(f, CODE_IO, REACH_RUN, "manifest", "%s", temp);
	else {
		rc = write_all(w, f);
		(void)fclose(w->fp);
		if (rc == 0 && rename(temp, path) == -1)
			rc = fail_errno(
			    f, CODE_IO, REACH_RUN, "manifest", "%s", path);
		if (rc == -1)
			(void)unlink(temp);
	}
	free(temp);
	return rc;
}

int
manifest_write(struct verify *v, const char *dir, const char *side,
    const struct row *job, struct manifest_sum *sum, struct fail *f)
{
	struct writing w = {.v = v, .job = job, .sum = sum};
	char key[17], *path;
	int rc;

	memset(sum, 0, sizeof(*sum));
	v->job = job;
	w.side.v = v;
	w.side.is_target = strcmp(side, "target") == 0;
	job_key(key, job);
	path = mem_printf("%s/%s.tsv", dir, key);
	rc = side_store(&w.side, job, f);
	if (rc == 0)
		rc = in_place(&w, dir, path, f);
	side_shut(&w.side);
	free(path);
	return rc;
}
