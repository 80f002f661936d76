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

/*
 * The session, kept for the rows of one account that follow each other; the
 * list is the store's.
 */
static struct session {
	struct store *st;
	char *of; /* what it was opened for */
	struct folder *list; /* NULL: not asked for yet */
	size_t n;
	uint64_t emitted; /* rows since it was opened or taken up again */
} session;

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
	row_set(r, "status", cli_dry_run() ? "planned" : "ok");
	row_set(r, "code", "");
	row_set(r, "hint", "");
	if (folder != NULL)
		row_set(r, "folder", folder);
	job_key(key, r);
	row_set(r, "key", key);
	session.emitted++;
	return r;
}

static void
set_failed(struct row *r, const struct fail *f)
{
	row_set(r, "status", f->again == AGAIN_LATER ? "deferred" : "failed");
	row_set(r, "code", fail_code_name(f->code));
	row_setf(r, "hint", "%s: %s", f->what, f->why);
}

static void
set_number(struct row *r, const char *column, int known, uint64_t v)
{
	if (known)
		row_setf(r, column, "%" PRIu64, v);
}

/* What a message's row says of its folder. */
static void
place_row(struct row *r, const struct folder *fo)
{
	static const char *const spaces[] = {"personal", "other", "shared"};

	row_set(r, "namespace", spaces[fo->nspace]);
	row_set(r, "role", role_name(fo->role));
	set_number(
	    r, "uidvalidity", fo->known & FOLDER_UIDVALIDITY, fo->uidvalidity);
}

static void
folder_row(struct row *r, const struct folder *fo)
{
	char sep[2] = {fo->sep, '\0'};

	place_row(r, fo);
	row_set(r, "folder_raw", fo->raw);
	row_set(r, "sep", sep);
	if (fo->known & FOLDER_SUBSCRIBED)
		row_set(r, "subscribed", fo->subscribed ? "1" : "0");
	row_set(r, "selectable", fo->selectable ? "1" : "0");
	set_number(r, "uidnext", fo->known & FOLDER_UIDNEXT, fo->uidnext);
	set_number(r, "modseq", fo->known & FOLDER_MODSEQ, fo->modseq);
	set_number(r, "messages", fo->known & FOLDER_MESSAGES, fo->messages);
	set_number(r, "unseen", fo->known & FOLDER_UNSEEN, fo->unseen);
	set_number(r, "bytes", fo->known & FOLDER_BYTES, fo->bytes);
	if (fo->permanentflags != NULL)
		row_set(r, "permanentflags", fo->permanentflags);
}

/* ---- messages: their rows, then the folder's with what they tell ---- */

struct sums {
	uint64_t messages, unseen, bytes, largest;
	int64_t oldest, newest;
};

struct listing {
	struct store *st;
	const struct row *in;
	struct out *out;
	struct folder info;
	struct sums sums;
};

static void
add_up(struct sums *s, const struct msgref *m, uint64_t octets)
{
	s->messages++;
	s->unseen += !flags_has(m->flags, "\\Seen");
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

static void
message_row(void *arg, const struct msgref *m, const struct ident *id,
    const struct fail *f)
{
	struct listing *l = arg;
	struct row *r = fresh(l->out, l->in, l->info.name);
	uint64_t size = id != NULL ? id->octets : m->size;
	char date[CLOCK_TEXT], hex[65];
	struct buf uid = {0};
	int bit;

	add_up(&l->sums, m, size);
	place_row(r, &l->info);
	store_uid(l->st, m->id, &uid);
	row_set(r, "uid", uid.data);
	buf_free(&uid);
	row_setf(r, "size", "%" PRIu64, size);
	row_set(r, "internaldate", clock_format(date, m->date));
	row_set(r, "flags", m->flags);
	for (bit = 0; id != NULL && bit < 4; bit++)
		if (level == 1u << bit && (id->have & level) != 0) {
			text_hex(hex, id->sum[bit], 32);
			row_set(r, "digest", hex);
			row_set(r, "digest_level", level_name);
		}
	if (f != NULL) {
		say(f);
		set_failed(r, f);
	}
	out_row(l->out, r);
}

static int
folder_messages(struct listing *l, const struct folder *fo, struct fail *f)
{
	struct row *r;
	char date[CLOCK_TEXT];

	memset(&l->sums, 0, sizeof(l->sums));
	l->sums.oldest = l->sums.newest = CLOCK_NONE;
	l->info = *fo;
	if (fo->selectable) {
		if (store_enter(l->st, fo->name, 0, &l->info, f) == -1 ||
		    store_read_all(l->st, level, message_row, l, f) == -1)
			return -1;
		l->info.messages = l->sums.messages;
		l->info.unseen = l->sums.unseen;
		l->info.bytes = l->sums.bytes;
		l->info.known |= FOLDER_MESSAGES | FOLDER_UNSEEN | FOLDER_BYTES;
	}
	r = fresh(l->out, l->in, fo->name);
	folder_row(r, &l->info);
	if (fo->selectable) {
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
failed_folder(struct listing *l, const char *folder, const struct fail *f)
{
	struct row *r = fresh(l->out, l->in, folder);

	set_failed(r, f);
	out_row(l->out, r);
}

/* The server tells no size where the user may not look inside. */
static int
sizes(struct listing *l, const struct folder *fo, struct fail *f)
{
	struct row *r;

	if (depth == DEPTH_SIZES && fo->selectable &&
	    (fo->known & FOLDER_BYTES) == 0) {
		(void)fail_at(f, "%s/%s", store_label(l->st), fo->name);
		return fail_set(f, CODE_NOSELECT, REACH_FOLDER, AGAIN_NEVER,
		    "size", "the server does not tell it");
	}
	r = fresh(l->out, l->in, fo->name);
	folder_row(r, fo);
	out_row(l->out, r);
	return 0;
}

static int
one_folder(struct listing *l, const struct folder *fo, struct fail *f)
{
	struct table t = {l->in, l->out, fo->name};

	if (want_acl)
		return fo->selectable
		    ? store_acl(l->st, fo->name, acl_row, &t, f)
		    : 0;
	return depth == DEPTH_MESSAGES ? folder_messages(l, fo, f)
				       : sizes(l, fo, f);
}

/* Once a session: rows of single folders ask for no list each. */
static int
folders(struct listing *l, struct fail *f)
{
	const char *only = row_get(l->in, "folder");
	size_t i, met = 0;

	if (session.list == NULL &&
	    store_list(l->st, &session.list, &session.n, f) == -1)
		return -1;
	for (i = 0; i < session.n && stop_signal() == 0; i++) {
		const struct folder *fo = &session.list[i];

		if (*only != '\0' && strcmp(fo->name, only) != 0)
			continue;
		met++;
		if (one_folder(l, fo, f) == 0)
			continue;
		if (f->reach > REACH_FOLDER) {
			if (session.emitted > 0)
				failed_folder(l, fo->name, f);
			return -1;
		}
		say(f);
		failed_folder(l, fo->name, f);
	}
	if (*only == '\0' || met > 0 || stop_signal() != 0)
		return 0;
	(void)fail_at(f, "%s/%s", store_label(l->st), only);
	return fail_set(f, CODE_VANISHED, REACH_FOLDER, AGAIN_NEVER, "list",
	    "no such folder");
}

static int
account(struct listing *l, struct fail *f)
{
	struct table t = {l->in, l->out, NULL};
	struct row *r;

	if (want_quota)
		return store_quota(l->st, quota_row, &t, f);
	if (depth > DEPTH_LOGIN || want_acl)
		return folders(l, f);
	r = fresh(l->out, l->in, NULL);
	row_set(r, "capabilities", store_capabilities(l->st));
	out_row(l->out, r);
	return 0;
}

static void
hang_up(void)
{
	store_close(session.st);
	free(session.of);
	memset(&session, 0, sizeof(session));
}

/* The session that is there, if it is this row's; else a new one. */
static int
connect_row(const struct row *in, int *reused, struct fail *f)
{
	struct store_opt so = {.sizes = depth == DEPTH_SIZES && !want_acl,
	    .shared = shared || strcmp(row_get(in, "type"), "shared") == 0,
	    .note = note};
	char secret[32];
	char *of;

	(void)snprintf(secret, sizeof(secret), "%s_secret", side);
	of = mem_printf(
	    "%d\n%s\n%s", so.shared, row_get(in, side), row_get(in, secret));
	*reused = session.of != NULL && strcmp(session.of, of) == 0;
	session.emitted = 0;
	if (*reused) {
		free(of);
		return 0;
	}
	hang_up();
	if (store_open_row(&session.st, in, side, &so, f) == -1) {
		free(of);
		return -1;
	}
	session.of = of;
	return 0;
}

/* A server may have dropped a kept connection: once more on a fresh one. */
static int
attempt(struct listing *l, struct fail *f)
{
	int reused, rc;

	for (;;) {
		if (connect_row(l->in, &reused, f) == -1)
			return -1;
		l->st = session.st;
		rc = account(l, f);
		if (rc == 0 || f->reach < REACH_ENDPOINT)
			return rc;
		if (!reused || session.emitted > 0 || stop_signal() != 0) {
			hang_up();
			return rc;
		}
		hang_up();
		fail_clear(f);
	}
}

static int
each(const struct row *in, int last, struct out *o, struct fail *f)
{
	struct listing l = {.in = in, .out = o};

	(void)last;
	if (in == NULL) {
		hang_up();
		return 0;
	}
	return attempt(&l, f);
}

/* A table has the columns that its depth can fill. */
static struct filter filter;

#define EVERY "key account status code hint "
#define FOLDER                                                        \
	"folder folder_raw sep namespace role subscribed selectable " \
	"uidvalidity uidnext modseq messages unseen bytes "

static int
start(struct fail *f)
{
	if (want_quota && want_acl)
		return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
		    "--quota and --acl are two tables");
	filter.url_column = side;
	filter.needs = side;
	if (want_quota)
		filter.columns = EVERY "quota_root resource used limit";
	else if (want_acl)
		filter.columns = EVERY "folder identifier rights";
	else if (depth == DEPTH_LOGIN)
		filter.columns = EVERY "capabilities";
	else if (depth == DEPTH_MESSAGES)
		filter.columns = EVERY FOLDER
		    "largest_bytes oldest newest permanentflags uid size "
		    "internaldate flags digest digest_level";
	else
		filter.columns = EVERY FOLDER;
	return 0;
}

static struct filter filter = {
    .name = "mbx-inventory",
    .synopsis = "[-nqv] [-j N] [-d DEPTH] [accounts ...]",
    .summary = "asks servers, read-only, what exists; accounts or URLs in, "
	       "folders out",
    .examples = "  mbx-inventory accounts.csv > folders.tsv\n"
		"  mbx-inventory maildir:mail/anna",
    .opts = opts,
    .start = start,
    .each = each,
    .network = 1,
};

int
main(int argc, char **argv)
{
	return filter_main(&filter, argc, argv);
}
