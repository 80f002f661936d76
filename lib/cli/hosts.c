/*
 * hosts.c: how many connections each host has and may have.  --limit and the
 * rows' conn_max say it; a host that turns a log-in away says it too: then
 * fewer are at work there at once, and later one more again.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/cli_p.h"

/* A server goes on with a session for a while that has ended for us. */
enum { LONGEST_S = 900, TRIES = 5, LAG_MS = 5000 };

struct host {
	uint64_t most; /* --limit */
	uint64_t limit; /* what the host seems to bear, at most that */
	uint64_t used[2]; /* connections of sources, of targets */
	uint64_t away; /* of them: turned away, and not yet let go */
	uint64_t well; /* jobs that were done since limit changed */
	int64_t until; /* nothing begins there before */
	int64_t left; /* when the last one ended that had been let in */
};

static struct intern *names;
static struct host *hosts;
static size_t n_hosts;
static int limits;

static uint32_t
number_of(const char *name)
{
	uint32_t i;

	if (names == NULL)
		names = intern_new();
	i = intern_number(names, name, strlen(name));
	if (i == n_hosts) {
		hosts = mem_resize(hosts, ++n_hosts, sizeof(*hosts));
		memset(&hosts[i], 0, sizeof(hosts[i]));
		hosts[i].most = hosts[i].limit = UINT64_MAX;
	}
	return i;
}

/* HOST=N; an IPv6 address has no = in it. */
static int
take_limit(char *word)
{
	char *eq = strrchr(word, '='), *p;
	uint64_t most;
	uint32_t i;

	if (eq == NULL || eq == word ||
	    !text_u64(eq + 1, strlen(eq + 1), &most) || most == 0)
		return 0;
	*eq = '\0';
	for (p = word; *p != '\0'; p++)
		*p = (char)text_lower(*p);
	i = number_of(word);
	hosts[i].most = hosts[i].limit = most;
	limits = 1;
	return 1;
}

int
cli_set_limit(const char *value, struct fail *f)
{
	char *copy = mem_strdup(value), *rest = copy, *word;
	int ok = 1;

	while (ok && (word = strsep(&rest, ",")) != NULL)
		ok = take_limit(word);
	free(copy);
	if (ok)
		return 0;
	return fail_set(f, CODE_USAGE, REACH_RUN, AGAIN_NEVER, "option",
	    "--limit wants HOST=N, and more of them behind commas, not '%s'",
	    value);
}

int
cli_limits(void)
{
	return limits;
}

/* ---- of a job ---- */

static uint32_t
host_of(const char *url)
{
	struct endpoint e = {0};
	uint32_t i = NOWHERE;

	if (endpoint_parse(&e, url, NULL) == 0 && endpoint_is_net(&e))
		i = number_of(e.host);
	endpoint_free(&e);
	return i;
}

void
hosts_of(struct uses *u, const struct row *r)
{
	u->host[0] = host_of(row_get(r, "source"));
	u->host[1] = host_of(row_get(r, "target"));
	if (row_u64(r, "conn_max", &u->most, NULL) != 1)
		u->most = 0;
}

static uint64_t
needs(const struct uses *u)
{
	return u->host[0] == u->host[1] ? 2 : 1;
}

static uint64_t
all(const struct host *h)
{
	return h->used[0] + h->used[1];
}

/* NULL: a side that is no host's. */
static struct host *
side_of(const struct uses *u, int side)
{
	return u->host[side] == NOWHERE ? NULL : &hosts[u->host[side]];
}

int
hosts_fit(const struct uses *u)
{
	int64_t now = clock_ms();
	const struct host *h;
	int side, rc = 1;

	for (side = 0; side < 2; side++) {
		if ((h = side_of(u, side)) == NULL)
			continue;
		if (needs(u) > h->most)
			return -1;
		if ((all(h) > 0 && all(h) + needs(u) > h->limit) ||
		    (u->most != 0 && h->used[side] >= u->most) ||
		    now < h->until)
			rc = 0;
	}
	return rc;
}

void
hosts_take(const struct uses *u)
{
	struct host *h;
	int side;

	for (side = 0; side < 2; side++)
		if ((h = side_of(u, side)) != NULL)
			h->used[side]++;
}

/* A host that bore it for a while may bear more. */
void
hosts_leave(struct uses *u)
{
	struct host *h;
	int side;

	for (side = 0; side < 2; side++) {
		if ((h = side_of(u, side)) == NULL)
			continue;
		h->used[side]--;
		if (u->away == side + 1)
			h->away -= needs(u);
		if (u->away != 0)
			continue;
		h->left = clock_ms();
		if (h->limit < h->most && ++h->well > h->limit) {
			h->limit++;
			h->well = 0;
		}
	}
	u->away = 0;
}

int
hosts_refuse(struct uses *u, int *tries, const struct fail *f)
{
	uint32_t i = host_of(f->object);
	int64_t now = clock_ms();
	uint64_t others;
	unsigned int wait_s;
	struct host *h;

	if (i == NOWHERE || (i != u->host[0] && i != u->host[1]))
		return 0;
	h = &hosts[i];
	u->away = i == u->host[0] ? 1 : 2;
	h->away += needs(u);
	others = all(h) - h->away;
	if ((others == 0 && (h->left == 0 || now > h->left + LAG_MS)) ||
	    ++*tries > TRIES || f->retry_s > LONGEST_S)
		return 0;
	if (others > 0 && others < h->limit)
		h->limit = others;
	h->well = 0;
	wait_s = f->retry_s > 0 ? f->retry_s : 1u << (*tries - 1);
	if (now + (int64_t)wait_s * 1000 > h->until)
		h->until = now + (int64_t)wait_s * 1000;
	say_note(1, "%s: %s: at most %llu connections at once now",
	    intern_at(names, i), f->why, (unsigned long long)h->limit);
	return 1;
}
