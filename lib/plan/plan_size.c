/*
 * plan_size.c: what the target and the host that copies must have, each figure
 * with its formula.  Constants that are no option were measured (HOUSE.md).
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_p.h"

/*
 * Maildir on blocks of 4 KiB: half a block and a share of index and cache a
 * message, directories and index files a folder.
 */
enum { MESSAGE_DISK = 2304, FOLDER_DISK = 65536 };
enum { FOLDER_INODES = 10, ACCOUNT_INODES = 5, YEAR = 365 };
/* A worker (mbx(7)), a connection to an IMAP server. */
enum { WORKER_MEMORY = 8 << 20, MESSAGE_MEMORY = 56, SERVER_MEMORY = 4 << 20 };
/* Octets that a core of the copying host moves in a second, with TLS; CPU
 * of the target a message; writes of the target a message. */
enum { CORE_BYTES = 100000000, MESSAGE_CPU_US = 1000, MESSAGE_WRITES = 4 };

struct total {
	uint64_t accounts, folders, messages, bytes, largest, aliases;
	uint64_t disk, growth; /* octets a day */
	uint64_t work, copy; /* seconds of all jobs; from start to end */
};

static void
figure(struct sizing *z, const char *name, uint64_t value, const char *unit,
    const char *formula)
{
	z->figure = grow(z->figure, z->n, sizeof(*z->figure));
	z->figure[z->n++] = (struct figure){name, "", unit, formula, value};
}

/* ---- what there is ---- */

/* A number, or a list. */
static uint64_t
count_aliases(const char *s)
{
	uint64_t n;

	if (*s == '\0' || text_u64(s, strlen(s), &n))
		return *s == '\0' ? 0 : n;
	for (n = 1; (s = strchr(s, ',')) != NULL; s++)
		n++;
	return n;
}

static void
sum_up(const struct plan *p, struct total *t)
{
	int64_t first = INT64_MAX, last = INT64_MIN;
	uint32_t i;

	for (i = 0; i < p->nbox; i++) {
		const struct box *x = &p->box[i];

		if (strcmp(row_get(x->row, "type"), "list") != 0)
			t->accounts++;
		t->aliases += count_aliases(row_get(x->row, "aliases"));
		t->messages += x->messages;
		t->bytes += x->bytes;
	}
	for (i = 0; i < p->nfold; i++)
		t->folders += p->fold[i].apart != APART_LEFT;
	t->largest = p->largest;
	for (i = 0; i < p->njob; i++) {
		const struct job *j = &p->job[i];

		t->work += j->est;
		if (j->worker == 0)
			continue;
		first = j->start < first ? j->start : first;
		last = j->end > last ? j->end : last;
	}
	t->copy = last > first ? (uint64_t)(last - first) : 0;
}

/* ---- growth, from an earlier inventory ---- */

struct before {
	uint64_t folders, used; /* octets in folder rows, in account rows */
};

static int
before_row(void *arg, const struct row *r, struct fail *f)
{
	struct before *b = arg;
	int whole = *row_get(r, "folder") == '\0';
	uint64_t v = 0;

	if (strcmp(row_get(r, "role"), "all") == 0)
		return 0;
	if (row_u64(r, whole ? "used_bytes" : "bytes", &v, f) == -1)
		return -1;
	*(whole ? &b->used : &b->folders) += v;
	return 0;
}

/* Octets a day; 0 where it shrank.  o->days is not 0. */
static int
growth_of(const struct size_opt *o, uint64_t now, uint64_t *growth,
    uint64_t *was, struct fail *f)
{
	struct before b = {0, 0};
	struct side s = {
	    .name = o->before, .needs = "", .each = before_row, .arg = &b};

	*growth = 0;
	if (o->before == NULL)
		return 0;
	if (side_read(&s, f) == -1)
		return -1;
	*was = b.folders > 0 ? b.folders : b.used;
	*growth = now > *was ? (now - *was) / o->days : 0;
	return 0;
}

/* ---- the figures ---- */

static void
say_what_there_is(struct sizing *z, const struct total *t)
{
	figure(z, "accounts", t->accounts, "", "accounts that are no list");
	figure(z, "folders", t->folders, "", "folders that are copied");
	figure(z, "messages", t->messages, "", "of these folders");
	figure(z, "bytes", t->bytes, "octets",
	    "of these folders, less the one with role all");
}

static int
say_storage(struct sizing *z, struct total *t, struct fail *f)
{
	const struct size_opt *o = z->opt;
	struct arena *a = z->plan->arena;
	uint64_t year, was = 0;

	if (growth_of(o, t->bytes, &t->growth, &was, f) == -1)
		return -1;
	if (o->before != NULL)
		figure(z, "growth", t->growth, "octets/day",
		    arena_printf(a,
			"(%" PRIu64 " - %" PRIu64 ") / %" PRIu64 " days",
			t->bytes, was, o->days));
	t->disk =
	    t->bytes + t->messages * MESSAGE_DISK + t->folders * FOLDER_DISK;
	figure(z, "disk", t->disk, "octets",
	    arena_printf(a,
		"bytes + messages * %d + folders * %d: blocks of "
		"4096, index files",
		MESSAGE_DISK, FOLDER_DISK));
	year = t->growth * YEAR;
	figure(z, "storage", (t->disk + year) / 100 * (100 + o->headroom),
	    "octets",
	    arena_printf(a, "(disk%s) * %" PRIu64 "%%",
		o->before != NULL ? " + growth * 365" : "", 100 + o->headroom));
	figure(z, "inodes",
	    (t->messages + t->folders * FOLDER_INODES +
		t->accounts * ACCOUNT_INODES) *
		(100 + o->headroom) / 100,
	    "",
	    arena_printf(a,
		"(messages + folders * %d + accounts * %d) * %" PRIu64 "%%",
		FOLDER_INODES, ACCOUNT_INODES, 100 + o->headroom));
	return 0;
}

/* With all workers busy. */
static void
say_copy(struct sizing *z, const struct total *t)
{
	uint64_t workers = z->plan->opt.workers;
	uint64_t work = t->work > 0 ? t->work : 1;
	uint64_t octets = t->bytes / work * workers;
	uint64_t messages = (t->messages * workers + work - 1) / work;
	struct arena *a = z->plan->arena;

	figure(z, "copy", t->copy, "s",
	    arena_printf(a,
		"all jobs on %" PRIu64 " workers, with windows, "
		"pauses and limits",
		workers));
	figure(z, "work", t->work, "s", "est_s of all jobs");
	figure(z, "bandwidth",
	    (uint64_t)((double)t->bytes * 8.4 * (double)workers / (double)work),
	    "bit/s",
	    "bytes * 8 / work * workers, and 5% for TLS and protocol; in "
	    "and out alike");
	figure(
	    z, "messages_rate", messages, "1/s", "messages / work * workers");
	figure(z, "copy_cores", octets / CORE_BYTES + 1, "cores",
	    arena_printf(a, "on the copying host: octets a second / %d, and 1",
		CORE_BYTES));
	figure(z, "copy_memory",
	    workers * (WORKER_MEMORY + t->largest * MESSAGE_MEMORY), "octets",
	    arena_printf(a,
		"on the copying host: workers * (%d + %d * %" PRIu64
		" messages of the largest folder)",
		WORKER_MEMORY, MESSAGE_MEMORY, t->largest));
	figure(z, "target_cores", messages * MESSAGE_CPU_US / 1000000 + 1,
	    "cores",
	    arena_printf(a, "on the target: messages_rate * %d us, and 1",
		MESSAGE_CPU_US));
	figure(z, "target_memory", workers * SERVER_MEMORY, "octets",
	    arena_printf(a, "on the target: workers * %d", SERVER_MEMORY));
	figure(z, "target_iops", messages * MESSAGE_WRITES + octets / 65536,
	    "1/s",
	    arena_printf(a,
		"on the target: messages_rate * %d writes that "
		"are waited for, and octets a second / 65536",
		MESSAGE_WRITES));
}

static void
say_licences(struct sizing *z, const struct total *t)
{
	int counted = strcmp(z->opt->alias_licence, "1") == 0;

	figure(z, "licences", t->accounts + (counted ? t->aliases : 0), "",
	    arena_printf(z->plan->arena,
		counted ? "accounts + %" PRIu64 " aliases, each of which "
			  "counts"
			: "accounts; %" PRIu64 " aliases do not count",
		t->aliases));
}

int
plan_sizes(struct plan *p, const struct size_opt *o, struct sizing **out,
    struct fail *f)
{
	struct sizing *z = mem_alloc(sizeof(*z));
	struct total t = {0};

	z->plan = p;
	z->opt = o;
	sum_up(p, &t);
	say_what_there_is(z, &t);
	if (say_storage(z, &t, f) == -1) {
		plan_sizes_free(z);
		return -1;
	}
	say_copy(z, &t);
	say_licences(z, &t);
	ports_say(z);
	*out = z;
	return 0;
}

int
plan_sizes_next(struct sizing *z, struct row *r)
{
	const struct figure *g = &z->figure[z->at];

	if (z->at == z->n)
		return 0;
	z->at++;
	row_set(r, "figure", g->name);
	row_set(r, "object", g->object);
	row_setf(r, "value", "%" PRIu64, g->value);
	row_set(r, "unit", g->unit);
	row_set(r, "formula", g->formula);
	return 1;
}

void
plan_sizes_free(struct sizing *z)
{
	free(z->figure);
	free(z);
}
