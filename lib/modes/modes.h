/*
 * modes: what mbx-plan does beside making jobs, each a filter's take, header
 * and finish (see cli.h).
 */
#ifndef MODES_H
#define MODES_H

#include <stdint.h>

#include "exchange/exchange.h"
#include "schedule/schedule.h"

struct fail;
struct header;
struct out;
struct plan;
struct row;

struct mode {
	int (*start)(struct fail *f);
	struct header *(*header)(const struct header *have, struct fail *f);
	int (*take)(const struct row *r, struct fail *f);
	int (*finish)(uint64_t rejected, struct out *o, struct fail *f);
};
extern const struct mode mode_import, mode_export, mode_schedule;
extern const struct mode mode_makefile;

/* What the options say; set before start. */
struct modes_opt {
	struct import_opt list;
	const char *export_to; /* a format */
	struct schedule_opt dates; /* workers are those of cli */
	const char *dates_as; /* tsv md ics svg */
	const char *users; /* how many, instead of an inventory */
	/* A new plan as the options say, whose zone is set; NULL and f. */
	struct plan *(*plan)(struct fail *f);
};
extern struct modes_opt modes_opt;

#endif
