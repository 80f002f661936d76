/*
 * verify: compares what two sides hold, message by message, without trusting
 * whoever copied.  A side is a store, or the manifest of one: a table of what
 * it held, for hosts that never meet.  It reads; nothing is ever written but
 * manifests.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stddef.h>
#include <stdint.h>

#include "map/map.h"

struct fail;
struct row;

/* One row of the answer; strings live until tell returns, "" where none. */
struct check {
	const char *check; /* count octets flags keywords date order ... */
	const char *verdict; /* pass fail warn skip error */
	const char *severity;
	const char *status, *code;
	const char *folder, *dst_folder;
	const char *uid, *dst_uid; /* both "": about the folder */
	const char *expected, *found;
	const char *level; /* L0 .. L3 */
	const char *rung;
	const char *server; /* whom it is about */
	const char *hint;
};

struct verify_opt {
	struct map_opt map;
	const char *const *only, *const *exclude; /* patterns, NULL-ended */
	enum rung accept; /* and what is above it; RUNG_EOL is L0 */
	int quick; /* no bodies: counts, dates, sizes, flags */
	double sample; /* percent of the messages, 0: all */
	const char *seed; /* never NULL */
	const char *dir; /* for temporary files; NULL: "/tmp" */
	/* All may be NULL. */
	void (*tell)(void *, const struct row *job, const struct check *);
	void (*say)(void *, const char *line); /* loud, once */
	void (*progress)(
	    void *, uint64_t octets, uint64_t total, uint64_t messages);
	void *arg;
};

struct verify;
/* o and what it points to must outlive it. */
int verify_new(struct verify **v, const struct verify_opt *o, struct fail *f);
void verify_free(struct verify *v);
/*
 * Compares the source and the target of one job row.  Sessions are kept for
 * the next row of the same account.  0: everything was told; -1 when it could
 * not be done to its end (what was found so far has been told).
 */
int verify_job(struct verify *v, const struct row *job, struct fail *f);
/* Closes the sessions. */
void verify_end(struct verify *v);

/* ---- manifest.c: what a side holds, written down ---- */

struct manifest_sum {
	uint64_t folders, messages, octets, failed;
};
/*
 * Writes DIR/KEY.tsv of the row's side ("source", "target"), whole or not at
 * all; the digests are those that the options' rungs need.
 */
int manifest_write(struct verify *v, const char *dir, const char *side,
    const struct row *job, struct manifest_sum *sum, struct fail *f);

/* ---- manifests.c: directories of them ---- */

/* The source's and the target's; looks through both once.  -1 CODE_INPUT. */
int verify_manifests(
    struct verify *v, const char *source, const char *target, struct fail *f);
/* The accounts that either directory knows, sorted; the i-th or NULL. */
const char *verify_account(const struct verify *v, size_t i);
/* As verify_job, by the manifests of the row's account. */
int verify_compare(struct verify *v, const struct row *job, struct fail *f);

#endif
