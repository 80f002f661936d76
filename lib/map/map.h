/*
 * map: every folder's name and role on the target; pure.  Order: rules,
 * profile, roles, prefix (mbx-map(1)).  The result is injective, or the
 * counter-example is named.
 */
#ifndef MAP_H
#define MAP_H

#include <stddef.h>

#include "msg/msg.h"

struct fail;

enum collision { COLLISION_REFUSE, COLLISION_SUFFIX, COLLISION_MERGE };
/* By name; CODE_USAGE for any other. */
int collision_read(enum collision *c, const char *name, struct fail *f);

struct map_opt {
	const char *rules; /* file name, NULL: none */
	const char *profile; /* name of a built-in, or a path with a / */
	const char *prefix; /* "Old/Anna", NULL: none */
	enum collision collision;
};
struct map;
int map_new(struct map **m, const struct map_opt *o, struct fail *f);
void map_free(struct map *m);
/* Frees the strings that map_account has handed out so far. */
void map_reset(struct map *m);
/*
 * The target's separator, for the next map_account: no level may hold it.
 * 0: the profile's, if it says one.
 */
void map_separator(struct map *m, char sep);
/* A value of the profile: "alters", "append_limit"; NULL if not there. */
const char *map_profile(const struct map *m, const char *key);

enum mapped {
	MAPPED_OK,
	MAPPED_SKIPPED, /* a rule leaves it out */
	MAPPED_MERGED, /* policy merge joined it with another */
	MAPPED_REFUSED /* code and hint say why */
};
struct map_item {
	/* in; not owned */
	const char *account;
	const char *folder;
	enum role role;
	const char *dst_folder; /* non-NULL and not "": decided by the row */
	int existing; /* a folder of the target, counts as taken */
	/* out; the map's, until map_reset or map_free */
	const char *dst; /* "" where skipped or refused */
	enum role dst_role;
	enum mapped status;
	const char *code; /* "NAME", "CASE", "POLICY", "" */
	const char *hint;
};
/*
 * Decides all folders of one account at once.  0, also when some are refused
 * (each says so); -1 only for what is wrong with the rules themselves.
 */
int
map_account(struct map *m, struct map_item *items, size_t n, struct fail *f);

/* ---- map_moves.c: the folders of a job row, and where they go ---- */

struct folder;
struct row;

struct move {
	const struct folder *src;
	const struct folder *dst; /* of that name at the target; NULL: none */
	const char *to; /* "" where skipped or refused; the map's */
	enum role role;
	enum mapped status;
	const char *code, *hint;
};
struct moving {
	const struct row *job; /* folder, except, dst_folder, status, ... */
	const struct folder *src, *dst; /* as store_list gave them */
	size_t src_n, dst_n;
	/* Shell patterns on a folder or one above it, NULL-ended, or NULL. */
	const char *const *only, *const *exclude;
	/* Where the folder went before; NULL or "": not known.  May be NULL. */
	const char *(*kept)(void *arg, const char *folder);
	void *arg;
};
/*
 * A row without `folder` means every folder that is not in its `except`; with
 * it, that one.  The row's dst_folder wins, then what was kept, then the
 * mapping.  What only or exclude leave out is there, skipped (POLICY).  The
 * array is the caller's, in the order of src; strings are the map's or src's.
 * CODE_NAME, REACH_ENDPOINT when the source lacks the row's folder.
 */
int map_moves(struct map *m, const struct moving *j, struct move **out,
    size_t *n, struct fail *f);

#endif
