/* ledger_p.h: what the files of this room share. */
#ifndef LEDGER_P_H
#define LEDGER_P_H

#include <stdio.h>

#include "base/base.h"
#include "ledger/ledger.h"
#include "row/row.h"

#define LEDGER_COLUMNS                                                     \
	"op at folder uidvalidity uid dst_folder dst_uidvalidity dst_uid " \
	"size date flags digest code why sum"

enum { /* the same as numbers, for those who read many lines */
	COL_OP,
	COL_AT,
	COL_FOLDER,
	COL_UIDVALIDITY,
	COL_UID,
	COL_DST_FOLDER,
	COL_DST_UIDVALIDITY,
	COL_DST_UID,
	COL_SIZE,
	COL_DATE,
	COL_FLAGS,
	COL_DIGEST,
	COL_CODE,
	COL_WHY,
	COL_SUM,
	COL_COUNT
};
struct line {
	const char *field[COL_COUNT];
};

#define LEDGER_FOUND "found" /* why of a done line */

struct extent { /* lines of one folder that follow each other */
	uint64_t from, to;
};
struct chapter { /* all lines of one source folder into one target folder */
	char *folder, *dst_folder;
	struct extent *extent;
	size_t n, room;
};
struct known_entry { /* 24 octets */
	uint64_t uid, dst;
	uint32_t flags; /* index into words */
	uint32_t state; /* enum known, and: */
};

/* Of state; behind these the order of lines while a stretch is sorted. */
enum { STATE = 7, FOUND = 8, THERE = 16, ORDER_SHIFT = 5 };

struct ledger {
	char *path;
	int fd; /* -1: there is no file */
	int writes, broken, dirty;
	uint64_t end; /* of what is whole */
	struct buf out; /* records not written yet */
	struct header *header;
	struct arena *arena; /* the line in hand */
	struct chapter *chapter;
	size_t chapters, current; /* current: of the last line noted */
	struct intern *names; /* of settings, whose values are: */
	char **setting;
	size_t settings;
	uint64_t state_end; /* what KEY.state knows of the file */
	char *state_sum;
	int interrupted, was_interrupted;

	struct known_entry *known;
	size_t known_n, known_room, known_sorted;
	struct intern *words; /* flag sets */
	uint64_t count[KNOWN_COUNT], doubt;
};

/* ---- ledger.c ---- */

int ledger_sync_dir(const char *dir); /* 0, -1 and errno */
/* What is queued goes into the file, so that it can be read there. */
int ledger_write_out(struct ledger *l, struct fail *f);

/* ---- ledger_lines.c ---- */

extern const char ledger_head[]; /* the header line, with its LF */
void line_format(struct buf *b, const struct row *r);
/* Calls each for the lines from..to; each may be told to stop by -1. */
int lines_read(struct ledger *l, uint64_t from, uint64_t to,
    int (*each)(struct ledger *, const struct line *, uint64_t at, size_t len,
	void *arg),
    void *arg, struct fail *f);

/* ---- ledger_index.c ---- */

void ledger_index_line(
    struct ledger *l, const struct line *r, uint64_t at, size_t len);
void ledger_index_set(struct ledger *l, const char *name, const char *value);
void ledger_index_extent(struct ledger *l, const char *folder,
    const char *dst_folder, uint64_t from, uint64_t to);
/* Calls each for the chapter's lines, as lines_read does. */
int chapter_read(struct ledger *l, const struct chapter *c,
    int (*each)(struct ledger *, const struct line *, uint64_t at, size_t len,
	void *arg),
    void *arg, struct fail *f);
void ledger_index_free(struct ledger *l);

/* ---- ledger_state.c ---- */

/* Puts the index in place as far as KEY.state has it: up to state_end. */
void state_load(struct ledger *l);
void state_save(struct ledger *l);

#endif
