/* side_manifest.c: a manifest as a side, as if it were the store. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

const char *const sum_columns[SUMS] = {
    [SUM_RAW] = "digest_raw",
    [SUM_END] = "digest_end",
    [SUM_STORE] = "digest_store",
    [SUM_BYTES] = "digest_bytes",
    [SUM_L1] = "digest_l1",
    [SUM_L2] = "digest_l2",
    [SUM_L3] = "digest_l3",
    [SUM_MSGID] = "digest_msgid",
};

struct range { /* of messages, in the order of the file */
	uint32_t folder;
	uint64_t from, n;
};
struct written {
	struct pile *all; /* struct kin; uid in texts */
	struct texts *texts;
	struct intern *words;
	struct arena *arena;
	struct range *range;
	size_t ranges;
	char **failed; /* why a folder could not be read, by its index */
	/* While it is read: */
	const struct manifest *from;
	uint64_t pending; /* messages whose folder row is still to come */
	char *pending_of;
	int has_level;
};

static void
close_written(struct side *s)
{
	struct written *w = s->own;

	pile_free(w->all);
	texts_free(w->texts);
	intern_free(w->words);
	arena_free(w->arena);
	free(w->range);
	free(w->failed);
	free(w->pending_of);
	free(s->list);
	free(w);
	s->own = NULL;
}

/* ---- reading the table ---- */

static int
damaged(const struct written *w, struct fail *f, const char *why)
{
	(void)fail_at(f, "%s", w->from->path);
	return fail_set(f, CODE_ROW, REACH_ENDPOINT, AGAIN_NEVER, "manifest",
	    "%s: make it again", why);
}

static int
set_level(struct side *s, const struct row *r, struct fail *f)
{
	static const enum sum level[] = {SUM_L0, SUM_L1, SUM_L2, SUM_L3};
	struct written *w = s->own;
	const char *name = row_get(r, "digest_level");
	unsigned int bit = digest_level(name), i = 0;

	if (bit == 0)
		return damaged(w, f, "a digest is of no known level");
	while (bit != 1u << i)
		i++;
	if (w->has_level && s->base != level[i])
		return damaged(w, f, "its digests are of more than one level");
	s->base = level[i];
	w->has_level = 1;
	return 0;
}

static int
set_sum(struct kin *k, enum sum sum, const char *hex)
{
	if (*hex == '\0')
		return 1;
	if (strlen(hex) < 32 || !text_unhex(k->sum[sum], 16, hex))
		return 0;
	k->have |= SUM(sum);
	return 1;
}

static int
set_digests(struct side *s, struct kin *k, const struct row *r, struct fail *f)
{
	const char *digest = row_get(r, "digest");
	int i;

	if (*digest == '\0')
		return 0;
	if (set_level(s, r, f) == -1)
		return -1;
	for (i = 0; i < SUMS; i++)
		if (!set_sum(k, (enum sum)i,
			i == (int)s->base ? digest
			    : sum_columns[i] != NULL
			    ? row_get(r, sum_columns[i])
			    : ""))
			return damaged(s->own, f, "a digest is malformed");
	/* Left out where it is that of the first level; else not known. */
	if (s->base == SUM_L0 && (k->have & SUM(SUM_RAW)) == 0 &&
	    header_find(row_header(r), "digest_raw") != -1)
		(void)set_sum(k, SUM_RAW, digest);
	memcpy(&k->it.raw, k->sum[SUM_RAW], sizeof(k->it.raw));
	return 0;
}

static int
add_message(struct side *s, const struct row *r, struct fail *f)
{
	struct written *w = s->own;
	const char *flags = row_get(r, "flags"), *folder = row_get(r, "folder");
	struct kin k = {.have = 0};

	if (w->pending > 0 && strcmp(w->pending_of, folder) != 0)
		return damaged(w, f, "a folder has no row of its own");
	if (w->pending == 0) {
		free(w->pending_of);
		w->pending_of = mem_strdup(folder);
	}
	w->pending++;
	k.it.flags = flags_canon(w->words, flags, strlen(flags));
	if (!clock_parse(row_get(r, "internaldate"), &k.it.date))
		k.it.date = CLOCK_NONE;
	if (row_u64(r, "size", &k.it.size, f) == -1)
		return damaged(w, f, "a size is no number");
	if (set_digests(s, &k, r, f) == -1 ||
	    texts_add(w->texts, row_get(r, "uid"), &k.it.uid, f) == -1)
		return -1;
	return pile_add(w->all, &k, f);
}

static uint32_t
find_folder(struct side *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->list[i].name, name) == 0)
			return (uint32_t)i;
	return (uint32_t)s->n;
}

static void
fill_folder(struct written *w, struct folder *fo, const struct row *r)
{
	const char *subscribed = row_get(r, "subscribed");
	const char *sep = row_get(r, "sep");

	fo->name = arena_strdup(w->arena, row_get(r, "folder"));
	fo->raw = arena_strdup(w->arena, row_get(r, "folder_raw"));
	fo->sep = *sep;
	fo->role = role_of(row_get(r, "role"));
	fo->selectable = strcmp(row_get(r, "selectable"), "0") != 0;
	fo->subscribed = strcmp(subscribed, "1") == 0;
	if (*subscribed != '\0')
		fo->known |= FOLDER_SUBSCRIBED;
}

static int
add_folder(struct side *s, const struct row *r, struct fail *f)
{
	struct written *w = s->own;
	const char *status = row_get(r, "status");
	uint32_t at = find_folder(s, row_get(r, "folder"));
	uint64_t messages = 0;

	if (row_u64(r, "messages", &messages, f) == -1)
		return damaged(w, f, "a count is no number");
	if ((w->pending > 0 &&
		strcmp(w->pending_of, row_get(r, "folder")) != 0) ||
	    messages != w->pending)
		return damaged(w, f, "a folder lacks some of its messages");
	if (at == s->n) {
		s->list = mem_resize(s->list, s->n + 1, sizeof(*s->list));
		w->failed = mem_resize(w->failed, s->n + 1, sizeof(*w->failed));
		memset(&s->list[at], 0, sizeof(*s->list));
		w->failed[at] = NULL;
		fill_folder(w, &s->list[s->n++], r);
	}
	if (strcmp(status, "failed") == 0 || strcmp(status, "deferred") == 0)
		w->failed[at] = arena_strdup(w->arena, row_get(r, "hint"));
	w->range = mem_resize(w->range, w->ranges + 1, sizeof(*w->range));
	w->range[w->ranges++] =
	    (struct range){at, pile_count(w->all) - w->pending, w->pending};
	w->pending = 0;
	return 0;
}

static int
add_row(struct side *s, const struct row *r, struct fail *f)
{
	struct written *w = s->own;

	if (strcmp(row_get(r, "account"), w->from->account) != 0 ||
	    *row_get(r, "folder") == '\0')
		return 0; /* another's, or the end */
	return *row_get(r, "uid") != '\0' ? add_message(s, r, f)
					  : add_folder(s, r, f);
}

static int
load(struct side *s, struct fail *f)
{
	struct written *w = s->own;
	FILE *fp = fopen(w->from->path, "re");
	struct arena *a = arena_new();
	struct header *h = NULL;
	struct table_in *t;
	struct row *r;
	int rc;

	if (fp == NULL) {
		arena_free(a);
		return damaged(w, f, "it cannot be opened");
	}
	t = table_in(fp, w->from->path, DIALECT_AUTO);
	rc = table_header(t, &h, f);
	while (rc == 1 && (rc = table_next(t, a, &r, f)) == 1) {
		rc = add_row(s, r, f) == -1 ? -1 : 1;
		arena_reset(a);
	}
	if (rc == -1 && f->reach == REACH_MESSAGE)
		f->reach = REACH_ENDPOINT;
	if (rc == 0 && w->pending > 0)
		rc = damaged(w, f, "its last folder has no row of its own");
	table_in_free(t);
	header_free(h);
	arena_free(a);
	(void)fclose(fp);
	return rc;
}

/* ---- as a side ---- */

static int
enter(struct side *s, uint32_t folder, struct fail *f)
{
	struct written *w = s->own;

	s->entered = folder;
	if (w->failed[folder] == NULL)
		return 0;
	(void)fail_at(f, "%s/%s", s->label, s->list[folder].name);
	return fail_set(f, CODE_IO, REACH_FOLDER, AGAIN_NEVER, "manifest",
	    "when it was made: %s", w->failed[folder]);
}

static int
scan(struct side *s, struct pile *items, struct fail *f)
{
	struct written *w = s->own;
	uint32_t pos = 0;
	size_t i;

	for (i = 0; i < w->ranges; i++) {
		const struct range *g = &w->range[i];
		uint64_t k;

		if (g->folder != s->entered)
			continue;
		for (k = 0; k < g->n; k++) {
			struct kin kin;

			if (pile_at(w->all, g->from + k, &kin, f) == -1)
				return -1;
			kin.it.id = g->from + k;
			kin.it.uid = TEXT_NONE;
			kin.it.folder = s->entered;
			kin.it.pos = pos++;
			if (pile_add(items, &kin.it, f) == -1)
				return -1;
		}
	}
	return 0;
}

static int
sums(struct side *s, struct pile *items, unsigned int wanted,
    int (*take)(void *arg, struct kin *k, struct fail *f), void *arg,
    struct fail *f)
{
	struct written *w = s->own;
	struct item it;
	int rc = pile_sort(items, item_by_place, f);

	while (rc == 0 && (rc = pile_next(items, &it, f)) == 1) {
		struct fail why = {0};
		struct kin k;

		if (pile_at(w->all, it.id, &k, f) == -1)
			return -1;
		it.raw = k.it.raw;
		k.it = it;
		k.have &= wanted;
		if ((k.have & SUM(s->base)) != 0)
			rc = take(arg, &k, f);
		else {
			(void)fail_set(&why, CODE_IO, REACH_MESSAGE,
			    AGAIN_NEVER, "manifest",
			    "it has no digest of this message");
			s->bad(s->arg, s, &it, &why);
			rc = 0;
		}
	}
	return rc;
}

static void
uid(struct side *s, const struct item *it, struct buf *out)
{
	struct written *w = s->own;
	struct kin k;
	struct fail ignored;

	if (pile_at(w->all, it->id, &k, &ignored) == 0)
		(void)texts_get(w->texts, k.it.uid, out, &ignored);
}

static const struct side_ops written_ops = {
    .close = close_written,
    .enter = enter,
    .scan = scan,
    .sums = sums,
    .uid = uid,
};

int
side_manifest(
    struct side *s, const struct manifest *list, size_t n, struct fail *f)
{
	struct written *w = mem_alloc(sizeof(*w));
	size_t i;

	s->ops = &written_ops;
	s->own = w;
	s->label = list[0].path;
	s->base = SUMS;
	w->all = pile_new(sizeof(struct kin), s->v->dir);
	w->texts = texts_new(s->v->dir);
	w->words = intern_new();
	w->arena = arena_new();
	for (i = 0; i < n; i++) {
		w->from = &list[i];
		if (load(s, f) == -1)
			return -1;
	}
	if (s->base == SUMS && pile_count(w->all) > 0 && !s->v->o->quick) {
		(void)fail_at(f, "%s", s->label);
		return fail_set(f, CODE_CONFIG, REACH_ENDPOINT, AGAIN_NEVER,
		    "manifest",
		    "it has no digests: --quick compares what there is");
	}
	return 0;
}
