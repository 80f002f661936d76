/* account_p.h: what the files of the imap store share. */
#ifndef ACCOUNT_P_H
#define ACCOUNT_P_H

#include "base/base.h"
#include "imap/imap.h"
#include "store/store_p.h"

struct imap_account {
	struct store st;
	struct endpoint e;
	struct imap *im;
	const struct imap_namespace *ns;
	size_t ns_n;
	struct folder *list; /* sorted */
	size_t list_n;
	int listed;
	struct arena *names; /* of the list */
	struct intern *flags; /* of the folder entered */
	uint64_t told; /* messages that are not listed, of this scan */
	struct buf raw; /* the name that was looked up last */
	struct buf raw_of;
	char new_uid[16]; /* of the receipt handed out */
	struct buf entered; /* the folder, on the wire */
	int selected; /* not just examined */
};

/* ---- imap_tree.c ---- */

/* Fills list; status asks for the counters as well. */
int account_list(struct imap_account *a, int status, struct fail *f);
/* Fills in the bytes of a folder that STATUS did not tell. */
int account_sizes(struct imap_account *a, struct folder *fo, struct fail *f);
/* The name on the wire, in a->raw. */
int account_raw(struct imap_account *a, const char *folder, struct fail *f);
/* store_rights. */
int account_rights(
    struct store *st, const char *folder, struct buf *rights, struct fail *f);

/* ---- imap_early.c ---- */

uint32_t account_uid(uint64_t id); /* the greatest one beyond it */
uint32_t *account_uids(const uint64_t *ids, size_t n); /* the caller frees */
int account_counts(const struct imap_account *a); /* lists with STATUS */
/* The folder is listed, and can be selected. */
int account_has(struct imap_account *a, const char *folder);
int
account_ahead(struct store *st, const struct ahead_of *what, struct fail *f);

/* ---- imap_weak.c ---- */

int account_weak(struct store *st, const uint64_t *ids, size_t n,
    int (*each)(
	void *arg, uint64_t id, const struct ident *ident, struct fail *f),
    void *arg, struct fail *f);

#endif
