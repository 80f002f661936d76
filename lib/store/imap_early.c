/* imap_early.c: what is asked ahead of the calls that take the answers. */
#include <stdlib.h>
#include <string.h>

#include "store/account_p.h"

uint32_t
account_uid(uint64_t id)
{
	return id < UINT32_MAX ? (uint32_t)id : UINT32_MAX;
}

uint32_t *
account_uids(const uint64_t *ids, size_t n)
{
	uint32_t *uids = mem_array(n, sizeof(*uids));
	size_t i;

	for (i = 0; i < n; i++)
		uids[i] = (uint32_t)ids[i];
	return uids;
}

int
account_counts(const struct imap_account *a)
{
	return a->st.opt.counters || a->st.opt.sizes;
}

int
account_has(struct imap_account *a, const char *folder)
{
	const struct folder *fo = folder_find(a->list, a->list_n, folder);

	return (fo != NULL && fo->selectable) || strcmp(folder, "INBOX") == 0;
}

static int
ahead_folder(
    struct imap_account *a, const struct ahead_of *what, struct fail *f)
{
	if (account_raw(a, what->folder, f) == -1)
		return -1;
	if (what->what == AHEAD_OF_SUBSCRIBE)
		return imap_ahead_subscribe(a->im, a->raw.data, a->raw.len, f);
	if (what->what == AHEAD_OF_ENTER)
		return imap_ahead_select(
		    a->im, a->raw.data, a->raw.len, what->write, f);
	if (account_has(a, what->folder))
		return 1;
	return imap_ahead_create(
	    a->im, a->raw.data, a->raw.len, (int)what->role, f);
}

/* As flags() does it, where nothing is to be selected before. */
static int
ahead_flags(struct imap_account *a, const struct ahead_of *what,
    const uint32_t *uids, struct fail *f)
{
	int rc = (a->st.can & STORE_UIDPLUS) != 0;

	if (rc == 1 && *what->add != '\0')
		rc = imap_ahead_store(a->im, uids, what->n, '+', what->add, f);
	if (rc == 1 && *what->remove != '\0')
		rc = imap_ahead_store(
		    a->im, uids, what->n, '-', what->remove, f);
	return rc;
}

static int
ahead_messages(
    struct imap_account *a, const struct ahead_of *what, struct fail *f)
{
	uint32_t *uids = account_uids(what->ids, what->n);
	int rc;

	if (what->what == AHEAD_OF_WANT)
		rc = imap_ahead_want(a->im, uids, what->n, f);
	else
		rc = ahead_flags(a, what, uids, f);
	free(uids);
	return rc;
}

int
account_ahead(struct store *st, const struct ahead_of *what, struct fail *f)
{
	struct imap_account *a = (struct imap_account *)(void *)st;

	switch (what->what) {
	case AHEAD_OF_LIST:
		return imap_ahead_list(a->im, account_counts(a), f);
	case AHEAD_OF_SCAN:
		return imap_ahead_scan(
		    a->im, account_uid(what->from), what->since, f);
	case AHEAD_OF_THERE:
		return imap_ahead_there(a->im, f);
	case AHEAD_OF_WANT:
	case AHEAD_OF_FLAGS:
		return ahead_messages(a, what, f);
	case AHEAD_OF_CREATE:
	case AHEAD_OF_SUBSCRIBE:
	case AHEAD_OF_ENTER:
		break;
	}
	return ahead_folder(a, what, f);
}
