/*
 * imap: a client's side of IMAP4rev1 (RFC 3501) and the extensions that a
 * copy can use.  Bounded and 64-bit; a malformed row is skipped and the stream
 * goes on behind it; a tagged NO or BAD is never hidden; rows count by UID
 * only.  Mailbox names are raw, as on the wire.
 *
 * One session is one thread's.  Commands may be sent while appends are under
 * way: their answers are kept for imap_settle.  A failure with REACH_ENDPOINT
 * means that the connection is of no more use.
 */
#ifndef IMAP_H
#define IMAP_H

#include <stddef.h>
#include <stdint.h>

struct fail;
struct buf;
struct endpoint;
struct stream;

/* Limits, in one place; beyond them the session ends with CODE_PROTO, but for
 * a name that is too long: that mailbox is left out and counted. */
enum {
	IMAP_LINE = 1 << 20, /* octets in a line */
	IMAP_INLINE = 1 << 20, /* octets in a literal that is no body */
	IMAP_NESTING = 100, /* parentheses */
	IMAP_NAME = 4096, /* octets in the name of a mailbox */
	IMAP_NAMES = 8 << 20, /* octets in the names of one LIST */
	IMAP_FOLDERS = 100000, /* answers to one LIST */
	IMAP_STRAY = 1000000, /* answers that nobody asked for, a command */
	IMAP_WASTE = 1 << 30 /* octets that nobody asked for, a command */
};
#define IMAP_BODY (UINT64_C(1) << 40) /* octets in a message */

/* Capabilities, as far as they are used. */
enum {
	CAP_LITERAL_PLUS = 1 << 0,
	CAP_LITERAL_MINUS = 1 << 1,
	CAP_MULTIAPPEND = 1 << 2,
	CAP_UIDPLUS = 1 << 3,
	CAP_NAMESPACE = 1 << 4,
	CAP_LIST_EXTENDED = 1 << 5,
	CAP_LIST_STATUS = 1 << 6,
	CAP_STATUS_SIZE = 1 << 7,
	CAP_SPECIAL_USE = 1 << 8,
	CAP_CREATE_SPECIAL_USE = 1 << 9,
	CAP_XLIST = 1 << 10,
	CAP_CONDSTORE = 1 << 11,
	CAP_QUOTA = 1 << 12,
	CAP_ACL = 1 << 13,
	CAP_COMPRESS = 1 << 14,
	CAP_SASL_IR = 1 << 15,
	CAP_STARTTLS = 1 << 16,
	CAP_LOGINDISABLED = 1 << 17,
	CAP_CHILDREN = 1 << 18,
	CAP_ESEARCH = 1 << 19
};

struct imap;
/*
 * Dials, with TLS for imaps.  e must outlive the session.  Then imap_login,
 * before anything else: greeting, STARTTLS, log-in; so that two sessions can
 * be dialled before either is waited for.  secret is the password or token.
 * CODE_AUTH after a refusal: never retried.
 */
int imap_dial(struct imap **im, const struct endpoint *e,
    const char *client_key, struct fail *f);
int imap_login(
    struct imap *im, const char *secret, size_t secret_len, struct fail *f);
void imap_close(struct imap *im); /* LOGOUT without waiting; NULL is fine */
/* LOGOUT, and waits for the server's end of it, 2 s at most: before imap_close,
 * where a server counts connections. */
void imap_part(struct imap *im);
unsigned int imap_can(const struct imap *im);
const char *imap_capabilities(const struct imap *im);
uint64_t imap_append_limit(const struct imap *im); /* 0: not said */
struct stream *imap_stream(struct imap *im);

/* ---- namespaces and mailboxes ---- */

enum { NS_PERSONAL, NS_OTHER, NS_SHARED, NS_COUNT };
struct imap_namespace {
	int kind;
	char *prefix;
	char sep; /* 0: flat */
	int supposed; /* the server did not tell of it */
};
/* The session's; personal ones first.  Without NAMESPACE one personal with
 * an empty prefix and the separator that LIST tells. */
int imap_namespaces(struct imap *im, const struct imap_namespace **ns,
    size_t *n, struct fail *f);

enum {
	BOX_NOSELECT = 1 << 0,
	BOX_SUBSCRIBED = 1 << 1,
	BOX_STATUS =
	    1 << 2, /* STATUS was answered; these counters are there: */
	BOX_MESSAGES = 1 << 3,
	BOX_UIDNEXT = 1 << 4,
	BOX_UIDVALIDITY = 1 << 5,
	BOX_UNSEEN = 1 << 6,
	BOX_SIZE = 1 << 7,
	BOX_MODSEQ = 1 << 8
};
struct imap_box {
	char *raw;
	size_t raw_len;
	char sep;
	unsigned char role; /* enum role of msg.h */
	unsigned short bits;
	uint32_t uidvalidity, uidnext;
	uint64_t messages, unseen, size, modseq;
};
/*
 * All mailboxes, and on the way the namespaces; status asks for the counters
 * as well, in the same round trip where the server can.  What cannot be had
 * this way is left out of bits.  INBOX is among them even where LIST leaves it
 * out.  *unread: answers that named no mailbox in a way that can be read.  The
 * array is the caller's: imap_boxes_free.
 */
int imap_list(struct imap *im, int status, struct imap_box **box, size_t *n,
    uint64_t *unread, struct fail *f);
void imap_boxes_free(struct imap_box *box, size_t n);

struct imap_selected {
	uint32_t uidvalidity, uidnext; /* uidnext 0: not said */
	int has_exists; /* exists was said */
	uint64_t exists, modseq;
	char *permanentflags; /* NULL: not said; the session's */
};
/* EXAMINE, or SELECT when write.  CODE_UIDVALIDITY without a UIDVALIDITY: no
 * UID could be trusted. */
int imap_select(struct imap *im, const char *raw, size_t n, int write,
    struct imap_selected *sel, struct fail *f);
/* Both 0 also if it is there already (*made 0). */
int imap_create(struct imap *im, const char *raw, size_t n, int role, int *made,
    struct fail *f);
int imap_subscribe(struct imap *im, const char *raw, size_t n, struct fail *f);
/* each(arg, root, resource, used, limit), octets for STORAGE. */
int imap_quota(struct imap *im,
    void (*each)(void *, const char *root, const char *resource, uint64_t used,
	uint64_t limit),
    void *arg, struct fail *f);
int imap_acl(struct imap *im, const char *raw, size_t n,
    void (*each)(void *, const char *identifier, const char *rights), void *arg,
    struct fail *f);
/* MYRIGHTS (RFC 4314): 1 and its letters; 0 the server has no ACL; -1. */
int imap_rights(struct imap *im, const char *raw, size_t n, struct buf *rights,
    struct fail *f);

/* ---- ahead of time ---- */

/*
 * Each sends at once what the call without "ahead" in its name will ask, and
 * that call takes the answer: so many mailboxes cost one round trip.  The calls
 * must come with the same arguments and in this order; another one before them
 * reads the answers away, and is done in the mailbox that the last
 * imap_select named.  1; 0: not sent, a name needs a literal that
 * waits, and nothing that relies on it may be sent; -1.  Changes are sent only
 * while no other mailbox has been asked for.  Of a scan sent ahead
 * all rows come in one answer, so it is for mailboxes of moderate size.
 */
int imap_ahead_list(struct imap *im, int status, struct fail *f);
int imap_ahead_create(
    struct imap *im, const char *raw, size_t n, int role, struct fail *f);
int imap_ahead_subscribe(
    struct imap *im, const char *raw, size_t n, struct fail *f);
int imap_ahead_select(
    struct imap *im, const char *raw, size_t n, int write, struct fail *f);
int
imap_ahead_scan(struct imap *im, uint32_t from, uint64_t since, struct fail *f);
int imap_ahead_there(struct imap *im, struct fail *f);
int imap_ahead_want(
    struct imap *im, const uint32_t *uids, size_t n, struct fail *f);
int imap_ahead_store(struct imap *im, const uint32_t *uids, size_t n, char sign,
    const char *flags, struct fail *f);

/* ---- messages out ---- */

struct imap_row {
	uint32_t uid;
	uint64_t size;
	int64_t date; /* CLOCK_NONE: NIL, malformed or not sent */
	const char *flags; /* raw, blank-separated; until the next call */
	size_t flags_len;
};
/*
 * Metadata from UID from on, then rows, UIDs rising and each once, whatever
 * order the server has: 1, 0 end, -1.  They are asked for some thousands at a
 * time and kept here, so that imap_want may come between.  When a scan from 0
 * has ended, imap_scan_missing is by how many rows it fell short of EXISTS.
 * With since, a MODSEQ (CAP_CONDSTORE, RFC 7162), what is before from comes
 * as well, if it has changed since then; 0: not.
 */
int imap_scan(struct imap *im, uint32_t from, uint64_t since, struct fail *f);
int imap_scan_next(struct imap *im, struct imap_row *row, struct fail *f);
uint64_t imap_scan_missing(const struct imap *im);
/* Calls each for runs of UIDs that are there, as the server has it
 * (CAP_ESEARCH, RFC 4731): 1, 0 it does not tell, -1.  Whether it is all of
 * them the caller must know by their number. */
int
imap_there(struct imap *im, void (*each)(void *, uint32_t low, uint32_t high),
    void *arg, struct fail *f);
/*
 * UID FETCH of bodies, uids rising; then bodies as store.h has them.  What a
 * server refused together is asked for once more, each alone.
 */
enum imap_part {
	IMAP_WHOLE,
	IMAP_WEAK /* the fields that header_weak reads, see imap_body_size */
};
int imap_want(struct imap *im, const uint32_t *uids, size_t n,
    enum imap_part part, const char *spool_dir, struct fail *f);
int imap_body(struct imap *im, uint32_t *uid, uint64_t *len, struct fail *f);
int imap_read(struct imap *im, const char **p, size_t *n, struct fail *f);
/* Behind the last imap_read, for IMAP_WEAK: RFC822.SIZE of the message, 0 if
 * the server does not tell it. */
int imap_body_size(struct imap *im, uint64_t *size, struct fail *f);

/* ---- messages in ---- */

struct imap_put {
	uint64_t cookie, len;
	int64_t date;
	const char *flags;
	int alone;
};
struct imap_receipt {
	uint64_t cookie;
	int ok, again;
	uint32_t uid, uidvalidity; /* 0: not said */
	struct fail *why; /* the session's, until the next call */
};
int imap_put(struct imap *im, const char *raw, size_t n,
    const struct imap_put *p, struct fail *f);
int imap_write(struct imap *im, const char *p, size_t n, struct fail *f);
int imap_put_end(struct imap *im, struct fail *f);
int imap_flush(struct imap *im, struct fail *f);
int
imap_settle(struct imap *im, struct imap_receipt *r, int wait, struct fail *f);
size_t imap_outstanding(const struct imap *im);
void imap_abort(struct imap *im);
void imap_window(struct imap *im, unsigned int n);

/* ---- changes in the mailbox selected ---- */

/* Of n messages, uids rising.  A refusal has REACH_MESSAGE, and some of them
 * may have been done. */
int imap_store(struct imap *im, const uint32_t *uids, size_t n, char sign,
    const char *flags, struct fail *f);
/* to[i] is the new UID, 0 where it is not said (COPYUID, RFC 4315). */
int imap_copy(struct imap *im, const uint32_t *uids, size_t n, const char *raw,
    size_t raw_len, uint32_t *to, struct fail *f);
/* UID EXPUNGE (CAP_UIDPLUS) of what is \Deleted already. */
int
imap_expunge(struct imap *im, const uint32_t *uids, size_t n, struct fail *f);

#endif
