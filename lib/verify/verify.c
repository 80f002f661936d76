/* verify.c: a job row: its two sides, folder by folder. */
#include <stdlib.h>
#include <string.h>

#include "verify/verify_p.h"

int
verify_stopping(struct fail *f)
{
	if (stop_signal() == 0)
		return 0;
	return fail_set(f, CODE_CONN, REACH_ENDPOINT, AGAIN_LATER, "verify",
	    "stopped by signal %d, run it again", stop_signal());
}

/* ---- what counts as the same ---- */

static unsigned int
rungs_of(const char *list)
{
	unsigned int bits = 0;
	enum rung r;

	while (list != NULL && *list != '\0') {
		size_t n = strcspn(list, ",");
		char *name = mem_strndup(list, n);

		if (rung_of(name, &r) && r < RUNG_DIFFERENT)
			bits |= 1u << r;
		free(name);
		list += n + (list[n] == ',');
	}
	return bits;
}

int
verify_new(struct verify **out, const struct verify_opt *o, struct fail *f)
{
	struct verify *v = mem_alloc(sizeof(*v));
	const char *keywords;
	unsigned int r;

	*out = NULL;
	if (map_new(&v->map, &o->map, f) == -1) {
		free(v);
		return -1;
	}
	v->o = o;
	v->dir = o->dir != NULL ? o->dir : "/tmp";
	for (r = RUNG_EXACT; r <= RUNG_EOL || r <= o->accept; r++)
		v->accept |= 1u << r;
	v->accept |= rungs_of(map_profile(v->map, "alters"));
	v->accepts = v->accept;
	keywords = map_profile(v->map, "keywords");
	v->keeps_keywords = keywords == NULL || strcmp(keywords, "0") != 0;
	v->src.v = v->dst.v = v;
	v->dst.is_target = 1;
	*out = v;
	return 0;
}

void
verify_free(struct verify *v)
{
	if (v == NULL)
		return;
	verify_end(v);
	manifests_free(v->manifests);
	map_free(v->map);
	free(v);
}

/* ---- sessions ---- */

void
side_shut(struct side *s)
{
	if (s->ops != NULL && s->own != NULL)
		s->ops->close(s);
	s->own = NULL;
	s->list = NULL;
	s->n = 0;
	s->label = NULL;
}

int
side_more(struct side *s, struct fail *f)
{
	return s->ops->more != NULL ? s->ops->more(s, f) : 0;
}

int
side_sums(struct side *s, struct pile *items, unsigned int sums,
    int (*take)(void *arg, struct kin *k, struct fail *f), void *arg,
    struct fail *f)
{
	int rc = s->ops->sums(s, items, sums, take, arg, f);

	while (rc == 0 && (rc = side_more(s, f)) == 1)
		rc = 0;
	return rc;
}

void
verify_end(struct verify *v)
{
	side_shut(&v->src);
	side_shut(&v->dst);
	free(v->account);
	v->account = NULL;
}

/* Of an mbox it is known without a profile what it cannot keep. */
static unsigned int
known_alters(const char *target)
{
	if (strncmp(target, "mbox:", 5) != 0)
		return 0;
	return 1u << RUNG_EOL_END | 1u << RUNG_STORE;
}

/* Consecutive rows of one account share its connections. */
static int
sessions(struct verify *v, const struct row *job, struct fail *f)
{
	char *account = mem_printf("%s\n%s\n%s\n%s\n%s", row_get(job, "source"),
	    row_get(job, "target"), row_get(job, "source_secret"),
	    row_get(job, "target_secret"), row_get(job, "type"));

	if (v->account != NULL && strcmp(account, v->account) == 0) {
		free(account);
		return 0;
	}
	verify_end(v);
	v->account = account;
	v->accepts = v->accept | known_alters(row_get(job, "target"));
	if (side_store(&v->src, job, f) == -1)
		return -1;
	return side_store(&v->dst, job, f);
}

/* ---- folders ---- */

static int
is_compared(const struct move *m)
{
	return (m->status == MAPPED_OK || m->status == MAPPED_MERGED) &&
	    m->src->selectable;
}

/* All that goes where list[at] goes, which is the first of them. */
static int
do_group(
    struct verify *v, struct move *list, size_t n, size_t at, struct fail *f)
{
	const struct move **group = mem_array(n, sizeof(*group));
	size_t i, k = 0;
	int rc;

	for (i = 0; i < n; i++)
		if (is_compared(&list[i]) &&
		    strcmp(list[i].to, list[at].to) == 0) {
			if (i < at) { /* with that one */
				free(group);
				return 0;
			}
			group[k++] = &list[i];
		}
	rc = group_compare(v, group, k, f);
	free(group);
	return rc;
}

static int
is_all(const struct move *m)
{
	return is_compared(m) && m->src->role == ROLE_ALL;
}

static int
do_moves(struct verify *v, struct move *list, size_t n, struct fail *f)
{
	size_t i, turn;
	int any = 0;

	for (i = 0; i < n; i++)
		any |= is_all(&list[i]);
	if (any && !v->o->quick)
		v->held = pile_new(sizeof(struct item), v->dir);
	/* Whose every message is in other folders as well comes last. */
	for (turn = 0; turn < (any ? 2u : 1u); turn++) {
		if (turn == 1 && v->held != NULL && hold_strays(v, f) == -1)
			return -1;
		for (i = 0; i < n; i++) {
			if (is_all(&list[i]) != (int)turn)
				continue;
			if (verify_stopping(f) == -1)
				return -1;
			if (!is_compared(&list[i]))
				tell_left_out(v, &list[i]);
			else if (do_group(v, list, n, i, f) == -1)
				return -1;
		}
	}
	return 0;
}

/* Folders of the target that nothing goes into, unless they are empty. */
static int
extra_folders(struct verify *v, struct fail *f)
{
	struct side *s = &v->dst;
	struct pile *list = pile_new(sizeof(struct item), v->dir);
	uint32_t i;
	int rc = 0;

	s->bad = side_ignore;
	for (i = 0; rc == 0 && i < s->n; i++) {
		if (v->from[i] != NULL || !s->list[i].selectable)
			continue;
		pile_reset(list);
		if (s->ops->enter(s, i, f) == -1 ||
		    s->ops->scan(s, list, f) == -1)
			rc = f->reach > REACH_FOLDER ? -1 : 0;
		else if (pile_count(list) > 0)
			tell_extra_folder(v, &s->list[i], pile_count(list));
	}
	pile_free(list);
	return rc;
}

static void
note_places(struct verify *v, const struct move *list, size_t n)
{
	size_t i;

	v->from = mem_array(v->dst.n + 1, sizeof(*v->from));
	v->where = mem_array(v->src.n + 1, sizeof(*v->where));
	for (i = 0; i < n; i++) {
		v->where[list[i].src - v->src.list] = list[i].to;
		if (list[i].dst != NULL && is_compared(&list[i]) &&
		    v->from[list[i].dst - v->dst.list] == NULL)
			v->from[list[i].dst - v->dst.list] = list[i].src->name;
	}
}

/* What was found so far is told even if the sides are gone. */
static int
finish(struct verify *v, int whole, struct fail *f)
{
	struct pile *loose = NULL;
	struct fail ignored = {0};
	int rc = find_elsewhere(v, whole, &loose, f);

	if (rc == 0)
		rc = tell_loose(v, loose, whole ? f : &ignored);
	if (rc == 0 && whole)
		rc = extra_folders(v, f);
	pile_free(loose);
	return rc;
}

static void
begin(struct verify *v)
{
	v->words = intern_new();
	v->texts = texts_new(v->dir);
	v->lost = pile_new(sizeof(struct loose), v->dir);
	v->extra = pile_new(sizeof(struct loose), v->dir);
}

static void
clean(struct verify *v)
{
	intern_free(v->words);
	texts_free(v->texts);
	pile_free(v->lost);
	pile_free(v->extra);
	pile_free(v->held);
	free(v->from);
	free(v->where);
	v->held = NULL;
	v->from = v->where = NULL;
}

/* A row that means the whole account also tells what is only there. */
static int
is_whole(const struct row *job)
{
	return *row_get(job, "folder") == '\0' &&
	    *row_get(job, "except") == '\0';
}

int
verify_sides(struct verify *v, struct fail *f)
{
	struct moving j = {.job = v->job,
	    .src = v->src.list,
	    .src_n = v->src.n,
	    .dst = v->dst.list,
	    .dst_n = v->dst.n,
	    .only = v->o->only,
	    .exclude = v->o->exclude};
	struct fail ignored = {0};
	struct move *list;
	size_t n;
	int rc;

	map_reset(v->map);
	if (map_moves(v->map, &j, &list, &n, f) == -1)
		return -1;
	begin(v);
	note_places(v, list, n);
	rc = do_moves(v, list, n, f);
	if (rc == 0)
		rc = finish(v, is_whole(v->job), f);
	else
		(void)finish(v, 0, &ignored);
	clean(v);
	free(list);
	return rc;
}

int
verify_job(struct verify *v, const struct row *job, struct fail *f)
{
	int rc;

	v->job = job;
	rc = sessions(v, job, f);
	if (rc == 0)
		rc = verify_sides(v, f);
	if (rc == -1)
		verify_end(v);
	return rc;
}
