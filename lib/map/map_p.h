/* map_p.h: what the files of map share. */
#ifndef MAP_P_H
#define MAP_P_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "map/map.h"

/* Longer folder names are refused; Dovecot's limit (4,096) and more. */
enum { NAME_LIMIT = 8192 };

/* ---- map_unicode.c, written by share/dev/unicode ---- */

struct split {
	uint32_t whole, base, mark; /* mark 0: a singleton */
};
struct foldrun {
	uint32_t first, last;
	int step, delta;
};
extern const struct split unicode_splits[];
extern const size_t unicode_nsplits;
extern const struct foldrun unicode_folds[];
extern const size_t unicode_nfolds;

/* ---- the C file made from share/profiles ---- */

struct row;

struct embedded {
	const char *name;
	const char *const *lines; /* ends with NULL */
};
extern const struct embedded map_embedded[];
extern const size_t map_nembedded;

/* ---- map_profile.c: what a target is like ---- */

struct pair {
	char *key, *value;
};
struct profile {
	struct pair *pairs;
	size_t n;
	/* The same, read out; strings are those of pairs. */
	const char *forbid; /* characters that no level may hold */
	const char *first; /* characters that no level may start with */
	const char *reserved; /* top-level names, by commas */
	const char *reserved_any; /* names at any level */
	const char *role[ROLE_COUNT]; /* "" where not said */
	size_t max_level, max_name, max_depth; /* octets on the wire; 0: any */
	int fold_case, normalise, trim, inbox_children;
	char escape, sep;
};
/* name NULL: "generic". */
int profile_load(struct profile *p, const char *name, struct fail *f);
void profile_free(struct profile *p);
const char *profile_get(const struct profile *p, const char *key);
/* Built-in data as text, to be freed; NULL if there is none of that name. */
char *profile_text(const char *name);
/* Calls each(arg, row) for every row of a table in memory or in a file. */
int profile_rows(const char *name, const char *text,
    int (*each)(void *arg, const struct row *r, uint64_t line, struct fail *f),
    void *arg, const char *needs, struct fail *f);

/* ---- map_rules.c ---- */

struct rules;
enum { RULE_NONE, RULE_NAMED, RULE_OUT };
struct ruling {
	int what;
	int has_role; /* the rule says the role, ROLE_NONE for `-` */
	enum role role;
	unsigned long long line;
};
int rules_load(struct rules **r, const char *file, struct fail *f);
void rules_free(struct rules *r);
const char *rules_file(const struct rules *r);
/* The first rule that matches; RULE_NAMED appends the new name to out. */
struct ruling rules_apply(const struct rules *r, const char *account,
    const char *folder, struct buf *out);

/* ---- map_level.c: one level of a name ---- */

/* Decodes %XX; a % that is none stands for itself. */
void level_plain(struct buf *out, const char *s, size_t n);
/* Encodes %, /, controls and what is not UTF-8 as %XX. */
void level_encode_canonical(struct buf *out, const char *s, size_t n);
/* Every level of a canonical name decoded and encoded again. */
void name_canon(struct buf *out, const char *name);
/* 1 unless a level is empty or the whole is too long or holds a NUL. */
int name_is_whole(const char *name);
size_t name_depth(const char *name);
/* Appends the level as the target can have it; injective (mbx-map(1)). */
void level_escape(
    struct buf *out, const char *s, size_t n, int top, const struct profile *p);
/* Only the separator, for a name that is decided. */
void
level_hide(struct buf *out, const char *s, size_t n, const struct profile *p);
/* Octets of a canonical name or level in modified UTF-7. */
size_t level_wire(const char *s, size_t n);
/*
 * Cuts the last level of name so that it and tail fit into max_level, and
 * appends tail.
 */
void level_cut(struct buf *name, const char *tail, const struct profile *p);

/* ---- map_key.c: what a target takes for one name ---- */

/* Equal keys: the target cannot tell the names apart. */
void key_make(struct buf *out, const char *name, int fold_case, int normalise);

/* ---- map_role.c ---- */

struct entry;
struct roles;
int roles_load(struct roles **r, struct fail *f);
void roles_free(struct roles *r);
/* Gives dst_role to all, and to one of each role the target's name. */
void roles_assign(
    const struct roles *r, struct map *m, struct entry *list, size_t n);

/* ---- map.c ---- */

struct entry {
	struct map_item *item;
	const char *name; /* canonical, after the rules */
	const char *path; /* the same, escaped for the target */
	const char *own; /* the whole name, whatever the parent's is */
	const char *tail; /* levels under the parent */
	const char *dst;
	struct entry *parent;
	/* At the target: the next of the same key; else the same folder. */
	struct entry *twin;
	enum role role; /* of the source, or as a rule says */
	size_t rank; /* levels of dst before any are joined */
	int ruled; /* its name is decided, roles do not change it */
	int verbatim; /* decided by the row: nothing changes it */
	int role_said; /* role is a rule's: no guessing by name */
	int changed; /* escaped, cut or joined */
};
struct map {
	struct arena *arena;
	struct profile profile;
	struct rules *rules;
	struct roles *roles;
	char *prefix;
	enum collision collision;
	char sep; /* the target's; 0: not known */
};

/* ---- map_twins.c: collisions ---- */

/* Decides dst of every entry in turn, parents first. */
void twins_settle(struct map *m, struct entry *list, size_t n);
/* The name from the parent's, with prefix, joined and cut as the profile
 * asks; 0, or -1 and the item refused. */
int entry_place(struct map *m, struct entry *e);
void entry_refuse(struct map *m, struct entry *e, const char *code,
    const char *fmt, ...) PRINTFLIKE(4, 5);

#endif
