/* mbx-inventory: asks servers, read-only, what exists. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "row/row.h"
#include "store/store.h"

enum depth { DEPTH_LOGIN, DEPTH_FOLDERS, DEPTH_SIZES, DEPTH_MESSAGES };

static enum depth depth = DEPTH_SIZES;
static unsigned int level = DIGEST_L0;
static const char *level_name = "L0", *side = "source";
static int want_quota, want_acl, shared;

static int
set_depth(const char *name, struct fail *f)
{
	static const char *const names[] = {
	    "login", "folders", "sizes", "messages"};
	size_t i;

	for (i = 0; i < LENGTH(names); i++)
		if (strcmp(names[i], name) == 0) {
			depth = (enum depth)i;
			return 0;
		}
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--depth is login, folders, sizes or messages, not '%s'", name);
}

static int
set_level(const char *name, struct fail *f)
{
	level = digest_level(name);
	level_name = name;
	if (level != 0 || strcmp(name, "none") == 0)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--digest is L0, L1, L2, L3 or none, not '%s'", name);
}

static int
set_side(const char *name, struct fail *f)
{
	side = name;
	if (strcmp(name, "source") == 0 || strcmp(name, "target") == 0)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--side is source or target, not '%s'", name);
}

static const struct opt opts[] = {
    {"depth", 'd', OPT_CALL, "DEPTH",
	"login, folders, sizes (default) or messages", NULL, set_depth},
    {"digest", 0, OPT_CALL, "LEVEL", "of messages: L0 (default) to L3, none",
	NULL, set_level},
    {"side", 0, OPT_CALL, "SIDE", "ask the source (default) or the target",
	NULL, set_side},
    {"shared", 0, OPT_FLAG, NULL, "other users' and shared folders as well",
	&shared, NULL},
    {"quota", 0, OPT_FLAG, NULL, "a table of quotas instead", &want_quota,
	NULL},
    {"acl", 0, OPT_FLAG, NULL, "a table of access rights instead", &want_acl,
	NULL},
    {NULL, 0, OPT_FLAG, NULL, NULL, NULL, NULL},
};

static void
note(void *arg, const char *line)
{
	(void)arg;
	say_loud("%s", line);
}

/* ---- rows ---- */

static struct row *
fresh(struct out *o, const struct row *in, const char *folder)
{
	struct row *r = out_new(o, in);
	struct buf account = {0};
	char key[17];

	job_account(&account, in);
	row_set(r, "account", account.data);
	buf_free(&account);
	row_set(r, "status", "ok");
	row_set(r, "code", "");
	row_set(r, "hint", "");
	if (folder != NULL)
		row_set(r, "folder", folder);
	job_key(key, r);
	row_set(r, "key", key);
	return r;
}

static void
set_number(struct row *r, const char *column, int known, uint64_t v)
{
	if (known)
		row_setf(r, column, "%" PRIu64, v);
}

static void
folder_row(struct row *r, const struct folder *fo)
{
	static const char *const spaces[] = {"personal", "other", "shared"};
	char sep[2] = {fo->sep, '\0'};

	row_set(r, "folder_raw", fo->raw);
	row_set(r, "sep", sep);
	row_set(r, "namespace", spaces[fo->nspace]);
	row_set(r, "role", role_name(fo->role));
	if (fo->known & FOLDER_SUBSCRIBED)
		row_set(r, "subscribed", fo->subscribed ? "1" : "0");
	row_set(r, "selectable", fo->selectable ? "1" : "0");
	set_number(
	    r, "uidvalidity", fo->known & FOLDER_UIDVALIDITY, fo->uidvalidity);
	set_number(r, "uidnext", fo->known & FOLDER_UIDNEXT, fo->uidnext);
	set_number(r, "modseq", fo->known & FOLDER_MODSEQ, fo->modseq);
	set_number(r, "messages", fo->known & FOLDER_MESSAGES, fo->messages);
	set_number(r, "unseen", fo->known & FOLDER_UNSEEN, fo->unseen);
	set_number(r, "bytes", fo->known & FOLDER_BYTES, fo->bytes);
	if (fo->permanentflags != NULL)
		row_set(r, "permanentflags", fo->permanentflags);
}

/* ---- messages: the folder's rows, then what they tell of the folder ---- */

enum { BURST = 4096 };

struct sums {
	uint64_t bytes, largest;
	int64_t oldest, newest;
};

struct listing {
	struct store *st;
	const struct row *in;
	struct out *out;
	struct digest *digest;
	struct folder info;
	struct msgref *m; /* a burst of metadata */
	size_t n;
	struct sums sums;
};

static int
digest_body(struct listing *l, struct ident *id, struct fail *f)
{
	const char *p;
	size_t n;
	int rc;

	digest_reset(l->digest);
	while ((rc = store_read(l->st, &p, &n, f)) == 1)
		if (digest_add(l->digest, p, n, f) == -1)
			return -1;
	return rc == -1 ? -1 : digest_end(l->digest, id, f);
}

static void
message_row(struct listing *l, const struct msgref *m, const struct ident *id,
    const struct fail *f)
{
	struct row *r = fresh(l->out, l->in, l->info.name);
	char date[CLOCK_TEXT], hex[65];
	struct buf uid = {0};
	int bit;

	folder_row(r, &l->info);
	store_uid(l->st, m->id, &uid);
	row_set(r, "uid", uid.data);
	buf_free(&uid);
	row_setf(r, "size", "%" PRIu64, id != NULL ? id->octets : m->size);
	row_set(r, "internaldate", clock_format(date, m->date));
	row_set(r, "flags", m->flags);
	for (bit = 0; id != NULL && bit < 4; bit++)
		if (level == 1u << bit && (id->have & level) != 0) {
			text_hex(hex, id->sum[bit], 32);
			row_set(r, "digest", hex);
			row_set(r, "digest_level", level_name);
		}
	if (f != NULL) {
		row_set(r, "status", "failed");
		row_set(r, "code", fail_code_name(f->code));
		row_setf(r, "hint", "%s: %s", f->what, f->why);
	}
	out_row(l->out, r);
}

static void
add_up(struct sums *s, const struct msgref *m, uint64_t octets)
{
	s->bytes += octets;
	if (octets > s->largest)
		s->largest = octets;
	if (m->date == CLOCK_NONE)
		return;
	if (s->oldest == CLOCK_NONE || m->date < s->oldest)
		s->oldest = m->date;
	if (s->newest == CLOCK_NONE || m->date > s->newest)
		s->newest = m->date;
}

static size_t
place(const struct listing *l, uint64_t id)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (l->m[mid].id < id)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Bodies come in the server's order, which may not be that of the burst. */
static int
burst(struct listing *l, struct fail *f)
{
	uint64_t *ids = mem_array(l->n, sizeof(*ids)), id, len;
	size_t i;
	int rc;

	for (i = 0; i < l->n; i++)
		ids[i] = l->m[i].id;
	rc = store_want(l->st, ids, l->n, f);
	free(ids);
	while (rc == 0 && (rc = store_body(l->st, &id, &len, f)) != 0) {
		struct ident ident;
		const struct msgref *m;

		if (rc == -1 && f->reach != REACH_MESSAGE)
			return -1;
		m = &l->m[place(l, id)];
		if (rc == -1) {
			say(f);
			message_row(l, m, NULL, f);
			rc = 0;
			continue;
		}
		if ((rc = digest_body(l, &ident, f)) == -1)
			return -1;
		add_up(&l->sums, m, ident.octets);
		message_row(l, m, &ident, NULL);
	}
	l->n = 0;
	return rc;
}

/*
 * Metadata first, since a session gives either rows or bodies at a time: a
 * burst is scanned, fetched, and the scan taken up behind it.
 */
static int
messages(struct listing *l, struct fail *f)
{
	uint64_t from = 0;
	int rc = 1;

	while (rc == 1) {
		if (store_scan(l->st, from, f) == -1)
			return -1;
		for (l->n = 0; l->n < BURST &&
		     (rc = store_next(l->st, &l->m[l->n], f)) == 1;)
			from = l->m[l->n++].id + 1;
		if (rc == -1)
			return -1;
		if (rc == 1) { /* the rest of this scan is asked for again */
			struct msgref skipped;
			int more;

			while ((more = store_next(l->st, &skipped, f)) == 1)
				;
			if (more == -1)
				return -1;
		}
		if (level == 0) {
			for (size_t i = 0; i < l->n; i++) {
				add_up(&l->sums, &l->m[i], l->m[i].size);
				message_row(l, &l->m[i], NULL, NULL);
			}
			l->n = 0;
		} else if (l->n > 0 && burst(l, f) == -1)
			return -1;
	}
	return 0;
}

static int
folder_messages(struct listing *l, const struct folder *fo, struct fail *f)
{
	struct row *r;
	char date[CLOCK_TEXT];

	memset(&l->sums, 0, sizeof(l->sums));
	l->sums.oldest = l->sums.newest = CLOCK_NONE;
	if (fo->selectable) {
		if (store_enter(l->st, fo->name, 0, &l->info, f) == -1)
			return -1;
		if (messages(l, f) == -1)
			return -1;
	} else
		l->info = *fo;
	r = fresh(l->out, l->in, fo->name);
	folder_row(r, &l->info);
	if (fo->selectable) {
		row_setf(r, "bytes", "%" PRIu64, l->sums.bytes);
		row_setf(r, "largest_bytes", "%" PRIu64, l->sums.largest);
		row_set(r, "oldest", clock_format(date, l->sums.oldest));
		row_set(r, "newest", clock_format(date, l->sums.newest));
	}
	out_row(l->out, r);
	return 0;
}

/* ---- tables of their own ---- */

struct table {
	const struct row *in;
	struct out *out;
	const char *folder;
};

static void
quota_row(void *arg, const char *root, const char *resource, uint64_t used,
    uint64_t limit)
{
	struct table *t = arg;
	struct row *r = fresh(t->out, t->in, NULL);

	row_set(r, "quota_root", root);
	row_set(r, "resource", resource);
	row_setf(r, "used", "%" PRIu64, used);
	row_setf(r, "limit", "%" PRIu64, limit);
	out_row(t->out, r);
}

static void
acl_row(void *arg, const char *identifier, const char *rights)
{
	struct table *t = arg;
	struct row *r = fresh(t->out, t->in, t->folder);

	row_set(r, "identifier", identifier);
	row_set(r, "rights", rights);
	out_row(t->out, r);
}

/* ---- one account ---- */

static void
failed_folder(struct out *o, const struct row *in, const char *folder,
    const struct fail *f)
{
	struct row *r = fresh(o, in, folder);

	say(f);
	row_set(r, "status", "failed");
	row_set(r, "code", fail_code_name(f->code));
	row_setf(r, "hint", "%s: %s", f->what, f->why);
	out_row(o, r);
}

static int
one_folder(struct listing *l, const struct folder *fo, struct fail *f)
{
	struct table t = {l->in, l->out, fo->name};
	struct row *r;

	if (want_acl)
		return fo->selectable
		    ? store_acl(l->st, fo->name, acl_row, &t, f)
		    : 0;
	if (depth == DEPTH_MESSAGES)
		return folder_messages(l, fo, f);
	r = fresh(l->out, l->in, fo->name);
	folder_row(r, fo);
	out_row(l->out, r);
	return 0;
}

static int
account(struct listing *l, struct fail *f)
{
	const char *only = row_get(l->in, "folder");
	struct folder *list;
	size_t i, n;

	if (depth == DEPTH_LOGIN) {
		struct row *r = fresh(l->out, l->in, NULL);

		row_set(r, "capabilities", store_capabilities(l->st));
		out_row(l->out, r);
		return 0;
	}
	if (want_quota) {
		struct table t = {l->in, l->out, NULL};

		return store_quota(l->st, quota_row, &t, f);
	}
	if (store_list(l->st, &list, &n, f) == -1)
		return -1;
	for (i = 0; i < n && stop_signal() == 0; i++) {
		if (*only != '\0' && strcmp(list[i].name, only) != 0)
			continue;
		if (one_folder(l, &list[i], f) == 0)
			continue;
		if (f->reach > REACH_FOLDER)
			return -1;
		failed_folder(l->out, l->in, list[i].name, f);
	}
	return 0;
}

static int
each(const struct row *in, int last, struct out *o, struct fail *f)
{
	struct store_opt so = {.sizes = depth >= DEPTH_SIZES,
	    .shared = shared || (in && !strcmp(row_get(in, "type"), "shared")),
	    .note = note};
	struct listing l = {.in = in, .out = o};
	int rc;

	(void)last;
	if (in == NULL)
		return 0;
	if (store_open_row(&l.st, in, side, &so, f) == -1)
		return -1;
	l.m = mem_array(BURST, sizeof(*l.m));
	if (level != 0)
		l.digest = digest_new(level, "/tmp");
	rc = account(&l, f);
	digest_free(l.digest);
	free(l.m);
	store_close(l.st);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct filter filter = {
	    .name = "mbx-inventory",
	    .synopsis = "[-nqv] [-j N] [--depth DEPTH] [accounts ...]",
	    .summary = "asks servers, read-only, what exists; accounts or "
		       "URLs in, folders out",
	    .examples = "  mbx-inventory accounts.csv > folders.tsv\n"
			"  mbx-inventory maildir:/srv/mail/anna",
	    .opts = opts,
	    .columns = "key account status code hint folder folder_raw sep "
		       "namespace role subscribed selectable uidvalidity "
		       "uidnext modseq messages unseen bytes largest_bytes "
		       "oldest newest permanentflags capabilities quota_root "
		       "resource used limit identifier rights uid size "
		       "internaldate flags digest digest_level",
	    .url_column = "source",
	    .each = each,
	    .network = 1,
	};

	return filter_main(&filter, argc, argv);
}
