/* job.c: columns that every job row has: its key and its account. */
#include <string.h>

#include "base/base.h"
#include "row/row.h"
#include "store/store.h"

/* A URL that cannot be parsed stands for itself. */
static void
reduced(struct buf *out, const char *url)
{
	struct endpoint e = {0};

	if (*url != '\0' && endpoint_parse(&e, url, NULL) == 0)
		endpoint_reduce(out, &e);
	else
		buf_adds(out, url);
	endpoint_free(&e);
}

void
job_key(char key[17], const struct row *r)
{
	struct buf b = {0};
	uint8_t sum[32];

	job_account(&b, r);
	buf_addc(&b, '\n');
	reduced(&b, row_get(r, "source"));
	buf_addc(&b, '\n');
	reduced(&b, row_get(r, "target"));
	buf_addf(&b, "\n%s\n%s", row_get(r, "folder"), row_get(r, "uids"));
	msg_sha256(sum, b.data, b.len);
	text_hex(key, sum, 8);
	buf_free(&b);
}

void
job_account(struct buf *out, const struct row *r)
{
	const char *account = row_get(r, "account"), *name = NULL;
	const char *url = row_get(r, "source");
	struct endpoint e = {0};

	if (*url == '\0')
		url = row_get(r, "target");
	if (*account == '\0' && endpoint_parse(&e, url, NULL) == 0) {
		name = e.user != NULL ? e.user : e.path;
		if (e.authzid != NULL) /* one administrator has many */
			name = e.authzid;
	}
	buf_adds(out, name != NULL ? name : account);
	endpoint_free(&e);
}

int
job_wants(const char *s, uint64_t id)
{
	while (*s != '\0') {
		size_t n = strcspn(s, ",");
		const char *colon = memchr(s, ':', n);
		size_t low_len = colon != NULL ? (size_t)(colon - s) : n;
		uint64_t low, high = UINT64_MAX;

		if (text_u64(s, low_len, &low)) {
			if (colon == NULL)
				high = low;
			else if (colon[1] != '*' &&
			    !text_u64(colon + 1, n - low_len - 1, &high))
				high = 0;
			if (id >= low && id <= high)
				return 1;
		}
		s += n + (s[n] == ',');
	}
	return 0;
}
