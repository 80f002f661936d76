/* Unit tests of map. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "map/map.h"
#include "tap.h"

enum { MOST = 400 };

/* A file with text, whose name is unlinked by the caller. */
static void
file(char name[32], const char *text)
{
	FILE *fp;
	int fd;

	strcpy(name, "/tmp/mbx-map-XXXXXX");
	fd = mkstemp(name);
	ck_assert_int_ne(fd, -1);
	fp = fdopen(fd, "w");
	ck_assert_ptr_nonnull(fp);
	fputs(text, fp);
	ck_assert_int_eq(fclose(fp), 0);
}

static struct map *
map_of(const struct map_opt *o)
{
	struct fail f = {0};
	struct map *m;

	ck_assert_msg(
	    map_new(&m, o, &f) == 0, "%s: %s: %s", f.object, f.what, f.why);
	return m;
}

static struct map *
custom(const char *profile, enum collision c)
{
	struct map_opt o = {.collision = c};
	char name[32], *text;
	struct map *m;

	text = mem_printf("key\tvalue\n%s", profile);
	file(name, text);
	o.profile = name;
	m = map_of(&o);
	unlink(name);
	free(text);
	return m;
}

/*
 * "folder", "folder:role", "!existing", "folder=decided"; expectations in the
 * same order: "dst", "dst:role", "~" skipped, "!CODE", "+dst" merged.
 */
struct scene {
	const char *what;
	struct map_opt opt;
	const char *rules; /* text */
	const char *profile; /* text, instead of opt.profile */
	char sep;
	const char *in[8], *out[8];
};

static const struct scene scenes[] = {
    {"as they are", {0}, NULL, NULL, 0,
	{"INBOX", "Büro/100%25/a.b", "A%2FB", "&#39;*"},
	{"INBOX:inbox", "Büro/100%25/a.b", "A%2FB", "&#39;*"}},
    {"separator within a level", {0}, NULL, NULL, '/', {"A%2FB", "A/B"},
	{"A=2FB", "A/B"}},
    {"separator of the call wins", {.profile = "courier"}, NULL, NULL, '!',
	{"a!b", "a.b"}, {"a=21b", "a.b"}},
    {"separator of the profile", {.profile = "courier"}, NULL, NULL, 0,
	{"a.b/c"}, {"a=2Eb/c"}},
    {"escape only what would be read as one", {0}, NULL, "forbid\t*\n", 0,
	{"a=b", "a=2Ab", "a*b", "a==2Ab", "a=*", "1+1=2"},
	{"a=b", "a=3D2Ab", "a=2Ab", "a==3D2Ab", "a==2A", "1+1=2"}},
    {"octets that are no UTF-8", {0}, NULL, NULL, 0, {"caf%E9", "caf\xe9!"},
	{"caf=E9", "caf=E9!"}},
    {"control characters", {0}, NULL, NULL, 0, {"a%0Ab", "a%C2%85b"},
	{"a=0Ab", "a=C2=85b"}},
    {"dots", {0}, NULL, NULL, 0, {".", "../..", "..=", "a/..b", "..."},
	{".=", "..=/..=", "..==", "a/..b", "..."}},
    {"reserved", {.profile = "office365"}, NULL, NULL, 0,
	{"Files", "files=", "a/Files", "Filesx"},
	{"Files=", "files==", "a/Files", "Filesx"}},
    {"blanks", {.profile = "gmail"}, NULL, NULL, 0,
	{" a", "b ", "c  d", " ", "e f"},
	{"=20a", "b=20", "c =20d", "=20", "e f"}},
    {"first characters", {.profile = "dovecot"}, NULL, NULL, 0,
	{"~a", "b/~c", "d~"}, {"=7Ea", "b/=7Ec", "d~"}},
    {"depth", {0}, NULL, "max_depth\t2\n", 0, {"a/b/c/d", "a/b", "a/b%2Fc"},
	{"a/b=2Fc=2Fd", "a/b", "a/b%2Fc"}},
    {"no children of INBOX", {.profile = "domino"}, NULL, NULL, 0,
	{"INBOX", "INBOX/a/b", "c/d"}, {"INBOX:inbox", "INBOX=2Fa/b", "c/d"}},
    {"empty levels", {0}, NULL, NULL, 0, {"", "/a", "a/", "a//b"},
	{"!NAME", "!NAME", "!NAME", "!NAME"}},
    {"whole too long", {0}, NULL, "max_name\t9\n", 0,
	{"123456789",
	    "12345/789/"
	    "1"},
	{"123456789", "!NAME"}},
    {"case", {0}, NULL, NULL, 0, {"Trash", "trash", "x"},
	{"!CASE", "!CASE", "x"}},
    {"case beyond ASCII", {0}, NULL, NULL, 0, {"ÄÉ", "äé", "СПАМ", "спам"},
	{"!CASE", "!CASE", "!CASE", "!CASE"}},
    {"case that the target keeps", {.profile = "dovecot"}, NULL, NULL, 0,
	{"a", "A", "ä", "Ä"}, {"a", "A", "ä", "Ä"}},
    {"normal forms", {0}, NULL, NULL, 0,
	{"caf\u00e9", "cafe\u0301", "\ud55c", "\u1112\u1161\u11ab"},
	{"!CASE", "!CASE", "!CASE", "!CASE"}},
    {"order of marks", {0}, NULL, NULL, 0,
	{"\u1e69", "s\u0307\u0323", "s\u0323\u0307"},
	{"!CASE", "!CASE", "!CASE"}},
    {"INBOX is one in any case", {.profile = "dovecot"},
	"match\treplace\n(.*)-in\t\\1\n", NULL, 0, {"INBOX", "Inbox-in"},
	{"!CASE", "!CASE"}},
    {"two spellings of one name", {.profile = "dovecot"}, NULL, NULL, 0,
	{"&x", "%26x"}, {"!NAME", "!NAME"}},
    {"merge", {.collision = COLLISION_MERGE}, NULL, NULL, 0,
	{"Trash", "trash", "trash/a", "Trash/b"},
	{"+Trash:trash", "+Trash", "Trash/a", "Trash/b"}},
    {"children of suffixed folders follow", {.collision = COLLISION_SUFFIX},
	NULL, NULL, 0, {"A", "a", "a/x", "A/x"},
	{"A", "a (ca9781)", "a (ca9781)/x", "A/x"}},
    {"a twin at the target", {0}, NULL, NULL, 0, {"!Work", "work", "b", "!b"},
	{"", "!CASE", "b", ""}},
    {"a twin at the target, merged", {.collision = COLLISION_MERGE}, NULL, NULL,
	0, {"!Work", "work", "work/x"}, {"", "+Work", "Work/x"}},
    {"a twin at the target, suffixed", {.collision = COLLISION_SUFFIX}, NULL,
	NULL, 0, {"!A", "a", "!a (ca9781)"}, {"", "a (ca9781)", ""}},
    {"rules", {.profile = "dovecot"},
	"match\treplace\trole\taccount\n"
	"Junk\t-\t\t\n"
	"Public\\.(.*)\tShared/\\1\t\t\n"
	"(a)(b)?/(.*)\t\\3\\2\\1\t\t\n"
	"Old\\\\.x\tnew\t\tbob\n"
	"Mine\tMy Sent\tsent\tanna\n"
	"Sent\tOther\t-\t\n",
	NULL, 0,
	{"Junk", "Public.x", "aPublic.x", "ab/c", "a/c", "Old.x", "Mine",
	    "Sent"},
	{"~", "Shared/x", "aPublic.x", "cba", "ca", "Old.x", "My Sent:sent",
	    "Other"}},
    {"a rule that makes no folder", {0}, "match\treplace\nx(.*)\t\\1\n", NULL,
	0, {"x", "xy"}, {"!NAME", "y"}},
    {"roles by SPECIAL-USE", {.profile = "exchange"}, NULL, NULL, 0,
	{"Gesendet:sent", "Gesendet/2020", "Sent", "[Gmail]/Papierkorb:trash"},
	{"Sent Items:sent", "Sent Items/2020", "Sent", "Deleted Items:trash"}},
    {"roles by name", {.profile = "exchange"}, NULL, NULL, 0,
	{"Entwürfe", "ОТПРАВЛЕННЫЕ", "INBOX/Papierkorb", "a/Trash", "Spam",
	    "Archiv"},
	{"Drafts:drafts", "Sent Items:sent", "Deleted Items:trash", "a/Trash",
	    "Junk Email:junk", "Archiv:archive"}},
    {"one folder a role", {.profile = "dovecot"}, NULL, NULL, 0,
	{"Sent", "Sent Items", "Trash:trash", "Deleted:trash"},
	{"Sent:sent", "Sent Items", "Trash:trash", "Deleted:trash"}},
    {"the target's own name for a role", {.profile = "gmail"}, NULL, NULL, 0,
	{"![Gmail]/Gesendet:sent", "Sent", "Sent/a"},
	{"", "[Gmail]/Gesendet:sent", "[Gmail]/Gesendet/a"}},
    {"roles that meet a name", {.profile = "dovecot"}, NULL, NULL, 0,
	{"Gesendet:sent", "Sent"}, {"!NAME", "!NAME"}},
    {"prefix", {.profile = "dovecot", .prefix = "Old/Anna"}, NULL, NULL, 0,
	{"INBOX", "Gesendet", "A/B"},
	{"Old/Anna/INBOX", "Old/Anna/Sent", "Old/Anna/A/B"}},
    {"the row decides", {.profile = "courier", .prefix = "p"},
	"match\treplace\na\tb\n", NULL, 0,
	{"a=c.d", "a/e", "f=Sent", "Sent:sent"},
	{"c=2Ed", "c=2Ed/e", "Sent", "p/Sent"}},
    {"the same folder in two rows", {0}, NULL, NULL, 0, {"a", "a", "A"},
	{"!CASE", "!CASE", "!CASE"}},
    {"a parent in two rows", {.profile = "exchange"}, NULL, NULL, 0,
	{"Sent", "Sent", "Sent/a"},
	{"Sent Items:sent", "Sent Items:sent", "Sent Items/a"}},
    {"the same folder twice", {0}, NULL, NULL, 0, {"a*", "a*"}, {"a*", "a*"}},
};

static void
item_of(struct map_item *it, char *spec)
{
	char *p;

	memset(it, 0, sizeof(*it));
	it->account = "anna";
	it->existing = *spec == '!';
	spec += it->existing;
	if ((p = strrchr(spec, ':')) != NULL) {
		it->role = role_of(p + 1);
		ck_assert_int_ne(it->role, ROLE_NONE);
		*p = '\0';
	}
	if (strchr("af", spec[0]) != NULL && spec[0] != '\0' &&
	    spec[1] == '=' && strchr("cS", spec[2]) != NULL &&
	    strlen(spec) > 4) {
		it->dst_folder = spec + 2;
		spec[1] = '\0';
	}
	it->folder = spec;
}

static const char *
outcome(const struct map_item *it)
{
	static char s[600];
	const char *role = role_name(it->dst_role);

	if (it->status == MAPPED_REFUSED)
		snprintf(s, sizeof(s), "!%s", it->code);
	else if (it->status == MAPPED_SKIPPED)
		snprintf(s, sizeof(s), "~");
	else if (it->existing)
		s[0] = '\0';
	else
		snprintf(s, sizeof(s), "%s%s%s%s",
		    it->status == MAPPED_MERGED ? "+" : "", it->dst,
		    *role != '\0' ? ":" : "", role);
	return s;
}

START_TEST(scene)
{
	const struct scene *s = &scenes[_i];
	struct map_opt o = s->opt;
	struct map_item items[8];
	char rules[32], profile[32], *spec[8], *text;
	struct fail f = {0};
	struct map *m;
	size_t i, n;

	if (s->rules != NULL) {
		file(rules, s->rules);
		o.rules = rules;
	}
	if (s->profile != NULL) {
		text = mem_printf("key\tvalue\n%s", s->profile);
		file(profile, text);
		free(text);
		o.profile = profile;
	}
	m = map_of(&o);
	if (s->rules != NULL)
		unlink(rules);
	if (s->profile != NULL)
		unlink(profile);
	map_separator(m, s->sep);
	for (n = 0; n < 8 && s->in[n] != NULL; n++) {
		spec[n] = mem_strdup(s->in[n]);
		item_of(&items[n], spec[n]);
	}
	ck_assert_int_eq(map_account(m, items, n, &f), 0);
	for (i = 0; i < n; i++) {
		ck_assert_msg(strcmp(outcome(&items[i]), s->out[i]) == 0,
		    "%s: %s became %s, not %s", s->what, s->in[i],
		    outcome(&items[i]), s->out[i]);
		if (items[i].status != MAPPED_OK)
			ck_assert_str_ne(items[i].hint, "");
	}
	map_free(m);
	for (i = 0; i < n; i++)
		free(spec[i]);
}
END_TEST

/* ---- what is wrong with the options ---- */

static const struct {
	const char *rules, *profile, *object, *why;
} wrong[] = {
    {"match\treplace\n(\tx\n", NULL, ":2", "Unmatched"},
    {"match\treplace\nok\tx\na\t\\1\n", NULL, ":3", "0 groups"},
    {"match\treplace\na\tx\\\n", NULL, ":2", "neither a digit"},
    {"match\treplace\trole\na\tx\tqueen\n", NULL, ":2", "unknown"},
    {"match\treplace\n[äö]\tx\n", NULL, ":2", "beyond ASCII"},
    {"match\treplace\na\n", NULL, ":2", "1 field"},
    {"match\treplace\na\t\n", NULL, ":2", "empty"},
    {"match\twith\na\tb\n", NULL, "", "replace"},
    {"", NULL, "", "header"},
    {NULL, "key\tvalue\nfold_case\tyes\n", "", "neither"},
    {NULL, "key\tvalue\nmax_level\tmany\n", "", "number"},
    {NULL, "key\tvalue\nmax_level\t8\n", "", "room"},
    {NULL, "key\tvalue\nescape\t%\n", "", "serve"},
    {NULL, "key\tvalue\nsep\t..\n", "", "one ASCII"},
    {NULL, "key\tvalue\na\t1\na\t2\n", ":3", "twice"},
    {NULL, "key\tvalue\nrole_sent\t/x\n", "", "no folder"},
};

START_TEST(bad_options)
{
	struct map_opt o = {0};
	struct fail f = {0};
	struct map *m;
	char name[32], object[64];
	int is_rules = wrong[_i].rules != NULL;

	file(name, is_rules ? wrong[_i].rules : wrong[_i].profile);
	if (is_rules)
		o.rules = name;
	else
		o.profile = name;
	ck_assert_int_eq(map_new(&m, &o, &f), -1);
	ck_assert_ptr_null(m);
	ck_assert_int_eq(f.code, CODE_CONFIG);
	snprintf(object, sizeof(object), "%s%s", name, wrong[_i].object);
	ck_assert_str_eq(f.object, object);
	ck_assert_msg(strstr(f.why, wrong[_i].why) != NULL, "%s", f.why);
	unlink(name);
}
END_TEST

START_TEST(unknown_profile)
{
	static const char *const names[] = {"nowhere", "roles", "/no/file"};
	struct map_opt o = {.profile = names[_i]};
	struct fail f = {0};
	struct map *m;

	ck_assert_int_eq(map_new(&m, &o, &f), -1);
	ck_assert_int_eq(f.code, CODE_CONFIG);
	ck_assert_str_eq(f.object, names[_i]);
}
END_TEST

START_TEST(values)
{
	struct map_opt o = {.profile = "gmail"};
	struct map *m = map_of(&o);

	ck_assert_str_eq(map_profile(m, "append_limit"), "35651584");
	ck_assert_ptr_null(map_profile(m, "colour"));
	map_free(m);
}
END_TEST

/* ---- lengths ---- */

START_TEST(long_levels)
{
	struct map *m = custom("max_level\t40\n", COLLISION_REFUSE);
	struct map_item it[4] = {{.folder = "0123456789012345678901234567890123"
					    "456789"},
	    {.folder = "0123456789012345678901234567890123456789x"},
	    {.folder = "0123456789012345678901234567890123456789y/z"},
	    {.folder = "äöüäöüäöüäöüäöüäöüäöüäöü"}};
	size_t i;

	ck_assert_int_eq(map_account(m, it, 4, NULL), 0);
	ck_assert_str_eq(it[0].dst, it[0].folder);
	for (i = 1; i < 4; i++) {
		ck_assert_int_eq(it[i].status, MAPPED_OK);
		ck_assert_ptr_nonnull(strchr(it[i].dst, '~'));
		ck_assert_uint_le(strcspn(it[i].dst, "/"), 40);
		ck_assert_str_ne(it[i].hint, "");
		ck_assert_int_eq(
		    text_utf8_valid(it[i].dst, strlen(it[i].dst)), 1);
	}
	ck_assert_int_ne(strncmp(it[1].dst, it[2].dst, 40), 0);
	map_free(m);
}
END_TEST

/* ---- properties, over names that nobody should have made ---- */

static unsigned int seed;

static unsigned int
roll(unsigned int n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void
nasty(char *out, size_t size)
{
	static const char *const bits[] = {"a", "A", "b", "=", "=3D", "=2F",
	    "2F", "%2F", "%25", "%0A", "%E9", "*", ".", "..", "/", "/", "~",
	    " ", "  ", "INBOX", "inbox", "Trash", "é", "e\u0301", "É", "К", "к",
	    "\u202e", "\\", "\"", "'", "cur", "Files", "Quarantine", "&", "&-",
	    "&AOk-", "\xff", "名", "🖂", "Sent", "%00", "%", "\u200d"};
	size_t n = 1 + roll(8);

	out[0] = '\0';
	while (n-- > 0 && strlen(out) + 16 < size)
		strcat(out, bits[roll(LENGTH(bits))]);
	if (roll(20) == 0)
		while (strlen(out) + 16 < size)
			strcat(out, bits[roll(LENGTH(bits))]);
}

static int
by_dst(const void *a, const void *b)
{
	const struct map_item *x = *(const struct map_item *const *)a;
	const struct map_item *y = *(const struct map_item *const *)b;
	int d = strcmp(x->dst, y->dst);

	return d != 0 ? d : strcmp(x->folder, y->folder);
}

/* Different folders have different names, unless refused or merged. */
static void
check_injective(struct map_item *it, size_t n)
{
	const struct map_item *sorted[MOST];
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		if (it[i].status == MAPPED_REFUSED)
			ck_assert_str_eq(it[i].dst, "");
		else if (it[i].status == MAPPED_OK) {
			ck_assert_str_ne(it[i].dst, "");
			sorted[k++] = &it[i];
		}
	}
	qsort(sorted, k, sizeof(sorted[0]), by_dst);
	for (i = 1; i < k; i++)
		if (strcmp(sorted[i - 1]->folder, sorted[i]->folder) != 0)
			ck_assert_msg(
			    strcmp(sorted[i - 1]->dst, sorted[i]->dst) != 0,
			    "%s and %s both became %s", sorted[i - 1]->folder,
			    sorted[i]->folder, sorted[i]->dst);
}

/* No level is a directory of its own kind or could leave the tree. */
static void
check_levels(const struct map_item *it, size_t most)
{
	const char *s = it->dst;

	while (it->status != MAPPED_REFUSED) {
		size_t n = strcspn(s, "/");

		ck_assert_uint_gt(n, 0);
		ck_assert(most == 0 || n <= most);
		ck_assert(strncmp(s, "..", n) != 0);
		ck_assert(text_utf8_valid(s, n));
		if (s[n] == '\0')
			break;
		s += n + 1;
	}
}

static const char *const profiles[] = {"generic", "dovecot", "cyrus", "courier",
    "gmail", "office365", "exchange", "imap4d", "usergate", "maildir", "mbox",
    "zimbra", "domino", "kerio", "yahoo"};

START_TEST(random_names)
{
	struct map_opt o = {.profile = profiles[(size_t)_i % 15],
	    .collision = (enum collision)((size_t)_i / 15)};
	static char name[MOST][500];
	struct map_item it[MOST], again[MOST];
	struct map *m = map_of(&o);
	size_t i;

	seed = 20261123u + (unsigned int)_i;
	memset(it, 0, sizeof(it));
	for (i = 0; i < MOST; i++) {
		nasty(name[i], sizeof(name[i]));
		it[i].folder = name[i];
		it[i].account = "anna";
	}
	ck_assert_int_eq(map_account(m, it, MOST, NULL), 0);
	check_injective(it, MOST);
	for (i = 0; i < MOST; i++)
		check_levels(&it[i], 0);
	/* Once more with what was decided: nothing changes. */
	memcpy(again, it, sizeof(it));
	for (i = 0; i < MOST; i++)
		again[i].dst_folder = it[i].dst;
	ck_assert_int_eq(map_account(m, again, MOST, NULL), 0);
	for (i = 0; i < MOST; i++) {
		if (it[i].status == MAPPED_REFUSED)
			continue;
		ck_assert_msg(strcmp(it[i].dst, again[i].dst) == 0 &&
			it[i].status == again[i].status,
		    "%s became %s, then %s: %s", it[i].folder, it[i].dst,
		    again[i].dst, again[i].hint);
	}
	map_free(m);
}
END_TEST

/* The order of the rows does not matter. */
START_TEST(any_order)
{
	struct map_opt o = {
	    .profile = "exchange", .collision = COLLISION_SUFFIX};
	static char name[MOST][500];
	struct map_item it[MOST], back[MOST];
	struct map *m = map_of(&o);
	size_t i;

	seed = 7u + (unsigned int)_i;
	memset(it, 0, sizeof(it));
	for (i = 0; i < MOST; i++) {
		nasty(name[i], sizeof(name[i]));
		it[i].folder = name[i];
	}
	for (i = 0; i < MOST; i++)
		back[i] = it[MOST - 1 - i];
	ck_assert_int_eq(map_account(m, it, MOST, NULL), 0);
	ck_assert_int_eq(map_account(m, back, MOST, NULL), 0);
	for (i = 0; i < MOST; i++)
		ck_assert_str_eq(it[i].dst, back[MOST - 1 - i].dst);
	map_free(m);
}
END_TEST

/* All single levels of up to three letters: the escape alone is injective. */
START_TEST(escape_is_injective)
{
	static const char letters[] = "=*2A. ";
	struct map *m =
	    custom("forbid\t*\ntrim\t1\nreserved_any\tA,2\n", COLLISION_REFUSE);
	static char name[300][8];
	struct map_item it[300];
	size_t n = 0, a, b, c;

	memset(it, 0, sizeof(it));
	for (a = 0; a < 6; a++)
		for (b = 0; b < 7; b++)
			for (c = 0; c < (b < 6 ? 7 : 1); c++) {
				snprintf(name[n], 8, "%c%.*s%.*s", letters[a],
				    b < 6, &letters[b], c < 6, &letters[c]);
				it[n].folder = name[n];
				n++;
			}
	ck_assert_int_eq(map_account(m, it, n, NULL), 0);
	check_injective(it, n);
	for (a = 0; a < n; a++)
		ck_assert_msg(it[a].status == MAPPED_OK, "'%s': %s",
		    it[a].folder, it[a].hint);
	map_free(m);
}
END_TEST

/* 10,000 folders, 200 levels deep: no recursion, no square. */
START_TEST(many)
{
	enum { N = 10000 };
	struct map_opt o = {.profile = "dovecot"};
	struct map_item *it = mem_array(N, sizeof(*it));
	struct map *m = map_of(&o);
	struct buf b = {0};
	size_t i;

	for (i = 0; i < N; i++) {
		if (i % 200 == 0) {
			buf_reset(&b);
			buf_addf(&b, "f%zu", i);
		} else
			buf_addf(&b, "/%zu", i % 200);
		it[i].folder = mem_strdup(b.data);
	}
	ck_assert_int_eq(map_account(m, it, N, NULL), 0);
	for (i = 0; i < N; i++) {
		ck_assert_str_eq(it[i].dst, it[i].folder);
		free((void *)(uintptr_t)it[i].folder);
	}
	free(it);
	buf_free(&b);
	map_free(m);
}
END_TEST

SUITE("map")
{
	tcase_add_loop_test(tc, scene, 0, LENGTH(scenes));
	tcase_add_loop_test(tc, bad_options, 0, LENGTH(wrong));
	tcase_add_loop_test(tc, unknown_profile, 0, 3);
	tcase_add_test(tc, values);
	tcase_add_test(tc, long_levels);
	tcase_add_loop_test(tc, random_names, 0, 45);
	tcase_add_loop_test(tc, any_order, 0, 5);
	tcase_add_test(tc, escape_is_injective);
	tcase_add_test(tc, many);
}
