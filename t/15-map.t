#!/bin/sh
# mbx-map: names, roles and collisions, from rows to rows.
. "$(dirname "$0")/lib.sh"

# rows 'account folder role' lines to TSV.
rows() {
	printf 'account\tfolder\trole\tticket\n'
	while IFS='|' read -r account folder role; do
		printf '%s\t%s\t%s\tT-1\n' "$account" "$folder" "$role"
	done
}
# map_of ARGS <rows: "folder>dst role status code", a line each.
map_of() {
	rows >"$T/in.tsv"
	mbx-map "$@" "$T/in.tsv" >"$T/out.tsv" 2>"$T/err"
	rc=$?
	awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next } {
		print $c["folder"] ">" $c["dst_folder"] " " $c["dst_role"] \
		    " " $c["status"] " " $c["code"]
	}' "$T/out.tsv" >"$T/short"
	return $rc
}

# The first example of the page.
map_of -p dovecot <<'EOF'
anna|INBOX|inbox
anna|Gesendete Objekte|sent
anna|Gesendete Objekte/2020|
anna|Büro/A%2FB|
bert|Sent|
EOF
check_same 'a fine map ends with 0' 0 $?
check_same 'roles get the name that the target has' \
'INBOX>INBOX inbox ok 
Gesendete Objekte>Sent sent ok 
Gesendete Objekte/2020>Sent/2020  ok 
Büro/A%2FB>Büro/A=2FB  ok 
Sent>Sent sent ok ' "$(cat "$T/short")"
check_same 'unknown columns pass' 'T-1 T-1 T-1 T-1 T-1' \
	"$(column ticket <"$T/out.tsv" | tr '\n' ' ' | sed 's/ $//')"
mbx-map -p dovecot "$T/out.tsv" >"$T/again.tsv"
check_files 'its own output stays as it is' "$T/out.tsv" "$T/again.tsv"
mbx-map -p dovecot <"$T/in.tsv" >"$T/again.tsv"
check_files 'the same from stdin' "$T/out.tsv" "$T/again.tsv"

# The second: rules as the page prints them.
cat >"$T/rules.tsv" <<'EOF'
match	replace	role	account
Newsletter(/.*)?	-		
Projects/(2019.*)	Archive/\1		
Outbox	Sent	sent	bert@.*
EOF
map_of -r "$T/rules.tsv" <<'EOF'
bert@x|Newsletter/a|
bert@x|Projects/2019-q1|
bert@x|Projects/2020|
bert@x|Outbox|
anna@x|Outbox|
EOF
check_same 'rules: the first that matches the whole folder' \
'Newsletter/a>  skipped POLICY
Projects/2019-q1>Archive/2019-q1  ok 
Projects/2020>Projects/2020  ok 
Outbox>Sent sent ok 
Outbox>Outbox  ok ' "$(cat "$T/short")"

# Collisions: the third example and the other policies.
twins='anna|Work|
anna|work|
anna|work/x|
bert|work|'
echo "$twins" | map_of
check_same 'twins: refuse ends with 1' 1 $?
check_same 'both are refused, the other account is not' \
'Work>  refused CASE
work>  refused CASE
work/x>work/x  ok 
work>work  ok ' "$(cat "$T/short")"
check_has 'each names the other' "$T/err" \
	'^mbx-map: anna/Work: map: .*Work and work'
echo "$twins" | map_of --collision merge
check_same 'merge ends with 0' 0 $?
check_same 'and lists what it joined' \
'Work>Work  merged CASE
work>Work  merged CASE' "$(grep merged "$T/short")"
echo "$twins" | map_of --collision suffix
check_same 'suffix ends with 0' 0 $?
check_same 'children follow' 'work/x>work (00de35)/x  ok ' \
	"$(grep /x "$T/short" | sed "s/($(printf work | sha256sum |
		cut -c 1-6))/(00de35)/")"
cp "$T/short" "$T/before"
printf '%s\n' 'anna|work/x|' 'anna|work|' 'anna|Work|' |
	map_of --collision suffix
check_same 'the suffix is the same in any order' \
	"$(grep '^work>' "$T/before" | head -n 1)" \
	"$(grep '^work>' "$T/short")"

# Folders that the target has.
printf 'account\tfolder\trole\tsep\n%s\n%s\n%s\n' \
	"anna	WORK		." "anna	Gesendet	sent	." \
	"bert	Trash		/" >"$T/there.tsv"
printf '%s\n' 'anna|work|' 'anna|Sent|sent' 'anna|a.b|' 'bert|a.b|' \
	'bert|Trash|' | map_of -e "$T/there.tsv"
check_same 'folders, roles and separator of the target count' \
'work>  refused CASE
Sent>Gesendet sent ok 
a.b>a=2Eb  ok 
a.b>a.b  ok 
Trash>Trash trash ok ' "$(cat "$T/short")"
printf '%s\n' 'anna|a.b|' 'anna|a!b|' | map_of -e "$T/there.tsv" --separator '!'
check_same '--separator wins' 'a.b>a.b  ok 
a!b>a=21b  ok ' "$(cat "$T/short")"

printf '%s\n' 'anna|INBOX|' 'anna|Sent|sent' | map_of --prefix 'Old/Anna'
check_same 'a prefix' 'INBOX>Old/Anna/INBOX  ok 
Sent>Old/Anna/Sent  ok ' "$(cat "$T/short")"

# Rows that are no personal folder.
printf 'account\tfolder\tnamespace\ttype\tstatus\tdst_folder
a\tx\tother\t\t\t\na\ty\tshared\tshared\t\t\na\t\t\t\t\t\na\tz\t\t\tfailed\t\n' \
	>"$T/in.tsv"
mbx-map "$T/in.tsv" >"$T/out.tsv" 2>"$T/err"
check_same 'rows that failed before stay so: 1' 1 $?
check_same 'shared folders need type=shared' 'skipped,ok,ok,failed' \
	"$(column status <"$T/out.tsv" | paste -sd,)"
check_same 'and have names' ',y,,z' \
	"$(column dst_folder <"$T/out.tsv" | paste -sd,)"

# Twins, against another implementation of Unicode.
cat >"$T/twins.py" <<'EOF'
import csv, sys, unicodedata as u


def fold(s):
    return ''.join(f if len(f := c.casefold()) == 1 else c for c in s)


def key(s):
    return u.normalize('NFD', fold(u.normalize('NFD', s)))


names = set()
for c in map(chr, range(0xA1, 0xD7FF)):
    if u.category(c)[0] in 'LMN' and (c.casefold() != c or
                                      u.decomposition(c)[:1] not in ('', '<')):
        names |= {'x' + c, 'x' + u.normalize('NFD', c), 'x' + fold(c)}
if sys.argv[1] == 'make':
    print('account\tfolder')
    print('\n'.join('a\t' + n for n in sorted(names)))
    sys.exit()
groups = {}
for n in names:
    groups.setdefault(key(n), []).append(n)
want = {n for g in groups.values() if len(g) > 1 for n in g}
got = {r['folder'] for r in csv.DictReader(sys.stdin, delimiter='\t')
       if r['code'] == 'CASE'}
print(len(names) > 3000, ascii(sorted(want ^ got)[:20]))
EOF
check_same 'case and normal forms as Python has them' 'True []' "$(
	python3 "$T/twins.py" make | mbx-map 2>"$T/err" |
		python3 "$T/twins.py" judge)"

# What is wrong with options and input.
ok="$T/ok.tsv"
echo 'a|b|' | rows >"$ok"
printf 'match\treplace\n(\tb\n' >"$T/bad.tsv"
check_rc 78 'a bad expression' mbx-map -r "$T/bad.tsv" "$ok"
check_has 'names the line' "$T/err" "^mbx-map: $T/bad.tsv:2: match: "
check_rc 78 'rules that are not there' mbx-map -r "$T/none.tsv" "$ok"
check_rc 78 'an unknown profile' mbx-map -p nowhere "$ok"
check_has 'lists what there is' "$T/err" 'courier .*zimbra'
check_rc 64 'an unknown policy' mbx-map --collision hope "$ok"
check_rc 64 'a long separator' mbx-map --separator :: "$ok"
check_rc 66 'no target rows' mbx-map -e "$T/none.tsv" "$ok"
check_rc 65 'target rows without folder' sh -c \
	"printf 'account\nx\n' >$T/e.tsv; mbx-map -e $T/e.tsv $ok"
check_rc 65 'no column folder' sh -c "printf 'account\nx\n' | mbx-map"
check_rc 66 'no input at all' sh -c 'mbx-map </dev/null'
printf 'account\tfolder\n' >"$T/head.tsv"
check_rc 0 'a header alone' mbx-map "$T/head.tsv"
cp share/profiles/exchange.tsv "$T/mine.tsv"
echo 'a|Entwürfe|' | map_of -p "$T/mine.tsv"
check_same 'a profile of the user' 'Entwürfe>Drafts drafts ok ' \
	"$(cat "$T/short")"

# Rows of one account from all over the input, the accounts in the order in
# which they appear; 4 times the rows take about 4 times as long.
cat >"$T/many.py" <<'PY'
import random, resource, subprocess, sys
def seconds(accounts):
    rows = ["u%d\tmaildir:u%d\tF%d" % (a, a, f)
            for f in range(10) for a in range(accounts)]
    random.Random(1).shuffle(rows)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run(["mbx-map"], check=True, text=True,
                         stdout=subprocess.PIPE, input="\n".join(
                             ["account\tsource\tfolder"] + rows + [""])).stdout
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    groups = {}
    for row in rows:
        groups.setdefault(row.split("\t")[0], []).append(row)
    want = [row for group in groups.values() for row in group]
    got = ["\t".join(line.split("\t")[:3]) for line in out.splitlines()[1:]]
    if got != want:
        sys.exit("another order, %d accounts" % accounts)
    return after.ru_utime - before.ru_utime
few, many = min(seconds(2000) for turn in "123"), seconds(8000)
print("%.2f s, %.2f s" % (few, many))
sys.exit(many > 8 * few)
PY
check 'scattered rows of many accounts' python3 "$T/many.py"

# The data: every profile loads, every name means one role.
for profile in share/profiles/*.tsv; do
	name=$(basename "$profile" .tsv)
	[ "$name" = roles ] ||
		check "profile $name is built in" mbx-map -q -p "$name" "$ok"
done
check_same 'no name means two roles' '' "$(python3 - <<'EOF'
import csv, unicodedata as u
seen = {}
for r in csv.DictReader(open('share/profiles/roles.tsv', encoding='utf-8'),
                        delimiter='\t', quoting=csv.QUOTE_NONE):
    key = u.normalize('NFD', r['name']).casefold()
    if seen.setdefault(key, r['role']) != r['role']:
        print(r['name'])
EOF
)"
languages=$(cut -f 2 share/profiles/roles.tsv | sort -u | wc -l)
check 'names in more than 40 languages' [ "$languages" -gt 41 ]
done_testing
