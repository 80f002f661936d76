/*
 * msg: what a message is: its digests, its identity headers, its flags and
 * its date; folder names in modified UTF-7 (RFC 3501 5.1.3).
 */
#ifndef MSG_H
#define MSG_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct buf;
struct intern;

/* ---- digest.c ---- */

void msg_sha256(uint8_t out[32], const void *p, size_t n);

/*
 * Frozen: digests travel between hosts.  mbx-verify(1) names the levels, and
 * the rungs, which say how alike two copies are.  All are SHA-256, all but RAW
 * of the canonical octets, in which each CR* LF is a CRLF.  The header ends at
 * the first blank line, or after 1 MiB (and no CRLF is parted).
 *
 * L1: "name:value" LF of the fields From To Cc Bcc Reply-To Sender Subject Date
 * Message-ID In-Reply-To References MIME-Version and all Content-*, in this
 * order and those alike as they come, names in lower case, values unfolded,
 * runs of blanks one blank, none at the ends; then LF and the body.
 * L2: L1's fields less Content-*, LF, and per leaf (RFC 2046; message/rfc822
 * without encoding is none) "type/subtype" NUL file name NUL and the 32 octets
 * of its digest: types in lower case; the name is filename of
 * Content-Disposition, else name of Content-Type, RFC 2231 decoded, its
 * charset not applied; octets are decoded, text/ and message/ ones then read as
 * END, others without an encoding as L0.
 * L3: Message-ID LF Date as seconds since 1970 LF the lower-case address in
 * the last <> of From, or all of it, LF RFC822.SIZE LF, the values as in L1, a
 * Date that is none -2^63.
 * END: without the CRLFs at the end.  STORE: less a first line that starts
 * with From_ or >From_ and the fields Status X-Status X-UID X-Keywords X-IMAP
 * X-IMAPbase Content-Length, read as END.  BYTES: STORE less all NUL and 0x80
 * and CR that end no line, and in the header all 8-bit octets, X and ?.
 * SYNC: L0 less the fields X-TUID and X-OfflineIMAP, which mbsync and
 * offlineimap put into their copies.
 */
enum {
	DIGEST_L0 = 1 << 0, /* octets, CR* LF read as CRLF */
	DIGEST_L1 = 1 << 1, /* L0 of the body + identity headers */
	DIGEST_L2 = 1 << 2, /* headers less Content-*, decoded leaves */
	DIGEST_L3 = 1 << 3, /* Message-ID, Date, From, size (weak) */
	DIGEST_RAW = 1 << 4, /* the octets as served: rung exact */
	DIGEST_END = 1 << 5, /* L0 less final newlines: rung eol+end */
	DIGEST_STORE = 1 << 6, /* END less what mbox stores add: rung store */
	DIGEST_BYTES = 1 << 7, /* STORE, NUL, CR, 8-bit headers masked */
	DIGEST_SYNC = 1 << 8, /* octets less what syncing tools add */
	DIGEST_KINDS = 9
};
struct ident {
	unsigned int have; /* which kinds are filled in */
	uint8_t sum[DIGEST_KINDS][32]; /* by bit number */
	uint64_t octets; /* as served */
	int64_t date; /* Date: header, or CLOCK_NONE */
	char msgid[256]; /* cut; "" if none */
};

enum rung {
	RUNG_EXACT,
	RUNG_EOL,
	RUNG_EOL_END,
	RUNG_STORE,
	RUNG_BYTES,
	RUNG_PARTS,
	RUNG_DIFFERENT
};
const char *rung_name(enum rung r); /* "eol+end" */
int rung_of(const char *name, enum rung *r); /* 1 or 0 */
/* The best rung that both idents' kinds can show. */
enum rung ident_rung(const struct ident *a, const struct ident *b);
/* Fills in L3, date and msgid from a header, octets being set. */
void ident_weak(struct ident *id, const char *head, size_t n);
/* "L0" .. "L3" to its bit; 0 if unknown. */
unsigned int digest_level(const char *name);

struct digest;
/* kinds: bits of the above.  L2 spools the message in dir. */
struct digest *digest_new(unsigned int kinds, const char *dir);
void digest_free(struct digest *d);
void digest_reset(struct digest *d);
int digest_add(struct digest *d, const char *p, size_t n, struct fail *f);
/* L2 of a message that the pre-scan refuses, or whose parser dies or runs
 * out of time, is left out of have; that is no failure. */
int digest_end(struct digest *d, struct ident *id, struct fail *f);

/* ---- parts.c: decoded MIME for L2, by libetpan in a child of its own ---- */

/* ---- headers.c ---- */

/*
 * Finds a header field's unfolded value in the first n octets of a message
 * (any line ends); 1 and the value appended, 0 if there is none.
 */
int
header_value(struct buf *value, const char *msg, size_t n, const char *name);
/*
 * What a header says of the message's identity, appended as three lines: its
 * Message-ID, the Date field as an instant (also in *date), the From address.
 * With the size as a fourth it is what L3 is the digest of.
 */
void header_weak(struct buf *out, const char *head, size_t n, int64_t *date);

/* ---- flags.c ---- */

/*
 * A set of flags is one canonical string: \Seen \Answered \Flagged \Deleted
 * \Draft first in this order, then all others sorted by octet, single blanks;
 * \Recent is never in it; system flags in any case become these spellings,
 * others keep theirs, and of those that differ in case only the first in
 * octet order stays.  Others are keywords, and what a server makes up with a
 * backslash: it is kept so that somebody can say that it was lost.
 */
const char *flags_canon(struct intern *in, const char *s, size_t n);
int flags_has(const char *flags, const char *flag);
/* What is in a and not in b, appended in canonical order; how many. */
size_t flags_minus(struct buf *b, const char *a, const char *but);
/*
 * What a folder with these PERMANENTFLAGS keeps of flags, appended to kept,
 * and the rest, appended to lost.  NULL is unknown: it keeps the five system
 * flags and every keyword.  \* lets any keyword in, and no other \Flag; what
 * is no atom cannot be sent and is lost anywhere.
 */
void flags_allowed(const char *flags, const char *permanent, struct buf *kept,
    struct buf *lost);
/* RFC 3501 flag-keyword: an atom of at most 1,000 octets.  1 or 0. */
int flag_is_atom(const char *s, size_t n);

/* ---- dates.c ---- */

/* IMAP date-time, "01-Feb-2022 10:00:00 +0100" without quotes: 1 or 0.
 * Range-checked (a 30 Feb or a year 22 is refused); a day of one digit, with
 * or without its blank, is read.  A leap second is the second after it. */
int date_parse_internal(const char *s, size_t n, int64_t *t);
/* Two-digit day, in UTC; years beyond 1 to 9999 become these. */
void date_format_internal(char out[32], int64_t t);
/*
 * RFC 5322 date with its obsolete forms and comments, RFC 850's and asctime's:
 * 1 or 0.  The name of the day is not looked at, an unknown zone is UTC, and
 * what follows the zone is ignored.  Part of L3: frozen.
 */
int date_parse_header(const char *s, size_t n, int64_t *t);
/* asctime as in an mbox From_ line, with or without a zone before or after
 * the year, with or without seconds; the rest is ignored: 1 or 0. */
int date_parse_asctime(const char *s, size_t n, int64_t *t);
void date_format_asctime(char out[32], int64_t t);

/* ---- names.c ---- */

/* Modified UTF-7 to UTF-8, appended: 1, or 0 if it is not the one form that
 * RFC 3501 5.1.3 allows (out then holds a part). */
int utf7_decode(struct buf *out, const char *s, size_t n);
/* UTF-8 to modified UTF-7: 1, or 0 if s is not valid UTF-8 or has a NUL. */
int utf7_encode(struct buf *out, const char *s, size_t n);
/*
 * A server's name to the canonical folder (UTF-8, levels by /, %2F and %25)
 * and back.  A prefix ("INBOX.") is dropped; INBOX in any case, alone or above
 * other levels, is "INBOX"; a level is decoded as modified UTF-7 unless utf8
 * is set.  One that cannot be, or holds a control, keeps its octets, those
 * that are not printable ASCII and & as %XX: a level with any %XX other than
 * %25 and %2F means octets, on the way back too.  sep may be 0 (flat).
 */
void name_from_raw(struct buf *out, const char *raw, size_t n, char sep,
    const char *prefix, int utf8);
/*
 * 0, or -1 CODE_NAME when a level holds the separator or a control, or is
 * empty or no UTF-8 (out is then undefined): names are refused here, mbx-map
 * decides how to change them.  What name_from_raw made comes back as it was,
 * but for the case of INBOX and empty levels.
 */
int name_to_raw(struct buf *out, const char *folder, char sep,
    const char *prefix, int utf8, struct fail *f);

enum role {
	ROLE_NONE,
	ROLE_INBOX,
	ROLE_ARCHIVE,
	ROLE_DRAFTS,
	ROLE_FLAGGED,
	ROLE_JUNK,
	ROLE_SENT,
	ROLE_TRASH,
	ROLE_ALL,
	ROLE_COUNT
};
const char *role_name(enum role r); /* "sent"; "" for none */
enum role role_of(const char *name); /* ROLE_NONE if unknown */
const char *role_attribute(enum role r); /* "\\Sent"; NULL if none */
enum role role_of_attribute(const char *s, size_t n); /* and XLIST's */

#endif
