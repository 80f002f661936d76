/* ledger_index.c: where each folder's lines are, and the folder loaded. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_p.h"

enum { STRETCH = 16384 };

uint64_t
ledger_hash(const char *uid)
{
	uint64_t v, h = 14695981039346656037u;

	if (*uid == '\0')
		return 0;
	if (text_u64(uid, strlen(uid), &v) && v <= UINT32_MAX && *uid != '0')
		return v;
	while (*uid != '\0')
		h = (h ^ (unsigned char)*uid++) * 1099511628211u;
	return ((h ^ h >> 56) & ((UINT64_C(1) << 55) - 1)) | UINT64_C(1) << 55;
}

/* ---- the index ---- */

static struct chapter *
chapter_of(struct ledger *l, const char *folder, const char *dst_folder)
{
	size_t i;
	struct chapter *c;

	if (l->current < l->chapters) {
		c = &l->chapter[l->current];
		if (strcmp(c->folder, folder) == 0 &&
		    strcmp(c->dst_folder, dst_folder) == 0)
			return c;
	}
	for (i = 0; i < l->chapters; i++)
		if (strcmp(l->chapter[i].folder, folder) == 0 &&
		    strcmp(l->chapter[i].dst_folder, dst_folder) == 0)
			return &l->chapter[l->current = i];
	l->chapter =
	    mem_resize(l->chapter, l->chapters + 1, sizeof(*l->chapter));
	c = &l->chapter[l->chapters];
	memset(c, 0, sizeof(*c));
	c->folder = mem_strdup(folder);
	c->dst_folder = mem_strdup(dst_folder);
	l->current = l->chapters++;
	return c;
}

void
ledger_index_set(struct ledger *l, const char *name, const char *value)
{
	size_t i = intern_number(l->names, name, strlen(name));

	if (i == l->settings) {
		l->setting = mem_resize(l->setting, i + 1, sizeof(*l->setting));
		l->setting[l->settings++] = NULL;
	}
	free(l->setting[i]);
	l->setting[i] = mem_strdup(value);
}

void
ledger_index_extent(struct ledger *l, const char *folder,
    const char *dst_folder, uint64_t from, uint64_t to)
{
	struct chapter *c = chapter_of(l, folder, dst_folder);

	if (c->n > 0 && c->extent[c->n - 1].to == from) {
		c->extent[c->n - 1].to = to;
		return;
	}
	if (c->n == c->room) {
		c->room = c->room ? 2 * c->room : 4;
		c->extent = mem_resize(c->extent, c->room, sizeof(*c->extent));
	}
	c->extent[c->n++] = (struct extent){from, to};
}

void
ledger_index_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len)
{
	if (strcmp(r->field[COL_OP], "set") == 0)
		ledger_index_set(l, r->field[COL_FOLDER], r->field[COL_WHY]);
	else
		ledger_index_extent(l, r->field[COL_FOLDER],
		    r->field[COL_DST_FOLDER], at, at + len);
}

void
ledger_index_free(struct ledger *l)
{
	size_t i;

	for (i = 0; i < l->chapters; i++) {
		free(l->chapter[i].folder);
		free(l->chapter[i].dst_folder);
		free(l->chapter[i].extent);
	}
	for (i = 0; i < l->settings; i++)
		free(l->setting[i]);
	free(l->chapter);
	free(l->setting);
	free(l->known);
	intern_free(l->words);
	intern_free(l->names);
}

const char *
ledger_get(const struct ledger *l, const char *name)
{
	if (!intern_has(l->names, name))
		return NULL;
	return l->setting[intern_number(l->names, name, strlen(name))];
}

const char *
ledger_name(const struct ledger *l, size_t i)
{
	return i < l->settings ? intern_at(l->names, (uint32_t)i) : NULL;
}

int
chapter_read(struct ledger *l, const struct chapter *c,
    int (*each)(struct ledger *, const struct line *, uint64_t at, size_t len,
	void *arg),
    void *arg, struct fail *f)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (lines_read(l, c->extent[i].from, c->extent[i].to, each, arg,
			f) == -1)
			return -1;
	return 0;
}

/* ---- the folder loaded ---- */

static uint64_t
number(const struct line *r, int column)
{
	const char *s = r->field[column];
	uint64_t v = 0;

	(void)text_u64(s, strlen(s), &v);
	return v;
}

/* With no dst_folder another folder's copy stands for it. */
static int
is_elsewhere(const struct sides *s, const char *dst)
{
	return *dst != '\0' && (s->fresh || strcmp(dst, s->dst_folder) != 0);
}

static int
by_uid(const void *a, const void *b)
{
	const struct known_entry *x = a, *y = b;

	return (x->uid > y->uid) - (x->uid < y->uid);
}

/*
 * Of several lines about a message the last one counts.  Lines come nearly in
 * the order of uids: a stretch of them is sorted by itself and joined to what
 * is sorted already, so that memory is that of the messages, not of the lines.
 */
static size_t
sort_stretch(struct known_entry *e, size_t n)
{
	size_t i, k = 0;

	for (i = 0; i < n; i++) /* order of lines as a tie-break */
		e[i].state |= (uint32_t)i << ORDER_SHIFT;
	qsort(e, n, sizeof(*e), by_uid);
	for (i = 0; i < n; i++)
		if (k == 0 || e[k - 1].uid != e[i].uid)
			e[k++] = e[i];
		else if (e[i].state >> ORDER_SHIFT > e[k - 1].state >>
		    ORDER_SHIFT)
			e[k - 1] = e[i];
	for (i = 0; i < k; i++)
		e[i].state &= STATE | FOUND;
	return k;
}

/* Joins the n entries behind the first *sorted to them; they are later. */
static void
join_stretch(struct ledger *l, size_t n)
{
	struct known_entry *all = l->known, *late;
	size_t i = l->known_sorted, k = n, to;

	if (i == 0 || n == 0 || all[i - 1].uid < all[i].uid) {
		l->known_sorted += n;
		return;
	}
	late = mem_array(n, sizeof(*late));
	memcpy(late, all + i, n * sizeof(*late));
	for (to = i + n; k > 0;) {
		if (i > 0 && all[i - 1].uid == late[k - 1].uid)
			i--; /* the earlier one of the two goes */
		else if (i > 0 && all[i - 1].uid > late[k - 1].uid)
			all[--to] = all[--i];
		else
			all[--to] = late[--k];
	}
	/* i..to is what the earlier ones have left. */
	memmove(all + i, all + to, (l->known_sorted + n - to) * sizeof(*all));
	l->known_sorted += n - (to - i);
	free(late);
}

static void
settle(struct ledger *l)
{
	size_t n = l->known_n - l->known_sorted;

	if (n > 0)
		join_stretch(l, sort_stretch(l->known + l->known_sorted, n));
	l->known_n = l->known_sorted;
}

static int
load_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	const struct sides *s = arg;
	const char *op = r->field[COL_OP], *flags = r->field[COL_FLAGS];
	const char *dst = r->field[COL_DST_FOLDER];
	struct known_entry e = {0};

	(void)at;
	(void)len;
	if (number(r, COL_UIDVALIDITY) != s->uidvalidity ||
	    is_elsewhere(s, dst))
		return 0;
	e.state = strcmp(op, "done") == 0 ? KNOWN_DONE
	    : strcmp(op, "left") == 0	  ? KNOWN_LEFT
	    : strcmp(op, "gone") == 0	  ? KNOWN_GONE
					  : KNOWN_INTENT;
	e.uid = ledger_hash(r->field[COL_UID]);
	e.dst = ledger_hash(r->field[COL_DST_UID]);
	if (*dst == '\0' && e.state == KNOWN_DONE)
		e.state = KNOWN_ELSEWHERE;
	else if (e.state != KNOWN_LEFT && e.state != KNOWN_GONE &&
	    number(r, COL_DST_UIDVALIDITY) != s->dst_uidvalidity) {
		e.state = KNOWN_INTENT;
		e.dst = 0;
	}
	if (e.state == KNOWN_DONE &&
	    strcmp(r->field[COL_WHY], LEDGER_FOUND) == 0)
		e.state |= FOUND;
	e.flags = intern_number(l->words, flags, strlen(flags));
	if (l->known_n == l->known_room) {
		l->known_room = l->known_room ? l->known_room * 3 / 2 : 64;
		l->known =
		    mem_resize(l->known, l->known_room, sizeof(*l->known));
	}
	l->known[l->known_n++] = e;
	if (l->known_n - l->known_sorted == STRETCH)
		settle(l);
	return 0;
}

int
ledger_load(struct ledger *l, const struct sides *s, struct fail *f)
{
	struct sides sides = *s;
	size_t i;

	l->known_n = l->known_sorted = 0;
	intern_free(l->words);
	l->words = intern_new();
	memset(l->count, 0, sizeof(l->count));
	l->doubt = UINT64_MAX;
	if (ledger_write_out(l, f) == -1)
		return -1;
	for (i = 0; i < l->chapters; i++)
		if (strcmp(l->chapter[i].folder, s->folder) == 0 &&
		    chapter_read(l, &l->chapter[i], load_line, &sides, f) == -1)
			return -1;
	settle(l);
	for (i = 0; i < l->known_n; i++) {
		l->count[l->known[i].state & STATE]++;
		if ((l->known[i].state & STATE) == KNOWN_INTENT &&
		    l->known[i].dst < l->doubt)
			l->doubt = l->known[i].dst;
	}
	return 0;
}

static struct known_entry *
find(const struct ledger *l, uint64_t uid)
{
	struct known_entry like = {.uid = uid};

	if (l->known_n == 0)
		return NULL;
	return bsearch(&like, l->known, l->known_n, sizeof(like), by_uid);
}

static void
tell(const struct ledger *l, const struct known_entry *e, struct known_as *k)
{
	k->state = (enum known)(e->state & STATE);
	k->found = (e->state & FOUND) != 0;
	k->dst = e->dst;
	k->flags = intern_at(l->words, e->flags);
}

void
ledger_find(const struct ledger *l, uint64_t uid, struct known_as *k)
{
	const struct known_entry *e = find(l, uid);

	memset(k, 0, sizeof(*k));
	if (e != NULL)
		tell(l, e, k);
}

void
ledger_there(struct ledger *l, uint64_t uid)
{
	struct known_entry *e = find(l, uid);

	if (e != NULL)
		e->state |= THERE;
}

int
ledger_not_there(
    const struct ledger *l, size_t *at, uint64_t *uid, struct known_as *k)
{
	for (; *at < l->known_n; ++*at) {
		const struct known_entry *e = &l->known[*at];

		if (e->state != KNOWN_DONE)
			continue;
		tell(l, e, k);
		*uid = e->uid;
		++*at;
		return 1;
	}
	return 0;
}

uint64_t
ledger_count(const struct ledger *l, enum known state)
{
	return l->count[state];
}

uint64_t
ledger_doubt(const struct ledger *l)
{
	return l->doubt;
}

/* ---- over all folders ---- */

const char *
ledger_folder(const struct ledger *l, size_t i)
{
	return i < l->chapters ? l->chapter[i].folder : NULL;
}

struct each_done {
	void (*each)(void *arg, const struct entry *e);
	void *arg;
};

static int
done_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	const struct each_done *d = arg;
	struct entry e = {.step = STEP_DONE,
	    .folder = r->field[COL_FOLDER],
	    .uid = r->field[COL_UID],
	    .dst_folder = r->field[COL_DST_FOLDER],
	    .dst_uid = r->field[COL_DST_UID],
	    .size = number(r, COL_SIZE),
	    .flags = r->field[COL_FLAGS],
	    .code = "",
	    .why = r->field[COL_WHY]};

	(void)l;
	(void)at;
	(void)len;
	if (strcmp(r->field[COL_OP], "done") != 0 ||
	    strlen(r->field[COL_DIGEST]) != 64 ||
	    !text_unhex(e.digest, 32, r->field[COL_DIGEST]))
		return 0;
	e.uidvalidity = (uint32_t)number(r, COL_UIDVALIDITY);
	e.dst_uidvalidity = (uint32_t)number(r, COL_DST_UIDVALIDITY);
	if (!clock_parse(r->field[COL_DATE], &e.date))
		e.date = CLOCK_NONE;
	d->each(d->arg, &e);
	return 0;
}

int
ledger_each_done(struct ledger *l, const char *folder,
    void (*each)(void *arg, const struct entry *e), void *arg, struct fail *f)
{
	struct each_done d = {each, arg};
	size_t i;

	if (ledger_write_out(l, f) == -1)
		return -1;
	for (i = 0; i < l->chapters; i++)
		if (strcmp(l->chapter[i].folder, folder) == 0 &&
		    chapter_read(l, &l->chapter[i], done_line, &d, f) == -1)
			return -1;
	return 0;
}

struct claims {
	const struct sides *sides;
	uint64_t *id;
	size_t n, room;
};

static int
claim_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len, void *arg)
{
	struct claims *c = arg;
	uint64_t id = ledger_hash(r->field[COL_DST_UID]);

	(void)l;
	(void)at;
	(void)len;
	if (strcmp(r->field[COL_OP], "done") != 0 || id == 0 ||
	    number(r, COL_DST_UIDVALIDITY) != c->sides->dst_uidvalidity ||
	    (strcmp(r->field[COL_FOLDER], c->sides->folder) == 0 &&
		number(r, COL_UIDVALIDITY) != c->sides->uidvalidity))
		return 0;
	if (c->n == c->room) {
		c->room = c->room ? c->room * 3 / 2 : 64;
		c->id = mem_resize(c->id, c->room, sizeof(*c->id));
	}
	c->id[c->n++] = id;
	return 0;
}

int
ledger_claimed(struct ledger *l, const struct sides *s, uint64_t **ids,
    size_t *n, struct fail *f)
{
	struct claims c = {.sides = s};
	size_t i;

	*ids = NULL;
	*n = 0;
	if (ledger_write_out(l, f) == -1)
		return -1;
	for (i = 0; i < l->chapters; i++)
		if (strcmp(l->chapter[i].dst_folder, s->dst_folder) == 0 &&
		    chapter_read(l, &l->chapter[i], claim_line, &c, f) == -1) {
			free(c.id);
			return -1;
		}
	if (c.n > 0)
		qsort(c.id, c.n, sizeof(*c.id), order_u64);
	*ids = c.id;
	*n = c.n;
	return 0;
}
