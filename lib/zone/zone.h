/*
 * zone: the text of a zone (RFC 1035 5.1), of which single tokens can be
 * changed while all others, comments, order and blanks stay.  Pure.
 */
#ifndef ZONE_H
#define ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "dns/dns.h"

struct buf;
struct zone;

/*
 * Reads the text, which outlives z.  CODE_ROW, with the line, where it is no
 * zone, and where a change could not be made safely: $INCLUDE, $GENERATE,
 * records that are signed in the text, classes but IN.
 */
int zone_read(struct zone **z, const char *text, size_t n, const char *origin,
    struct fail *f);
void zone_free(struct zone *z);
/* Its records as they come; those that ldns cannot read keep their words. */
const struct dns_list *zone_records(const struct zone *z);
const struct dns_rr *zone_soa(const struct zone *z);

/* The TTL of one record; nothing where it is that already, or gone. */
void zone_set_ttl(struct zone *z, const struct dns_rr *rr, uint32_t ttl);
/* The set becomes wanted; records that are in both keep their lines. */
void zone_set(struct zone *z, const char *name, const char *type,
    const struct dns_list *wanted);
/*
 * The text with what was set, and a newer serial if anything was: the day and
 * 00 where it looks like a date and is older, else one more (RFC 1982).  The
 * result is read again and must be what was asked for, else -1.
 */
int zone_write(struct zone *z, struct buf *out, int64_t now, struct fail *f);

#endif
