#!/bin/sh
# Tables as people and spreadsheets make them, through real tools: mbx-map,
# which works in one process, and mbx-inventory, which gives rows to workers.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/mail/cur" "$T/mail/new" "$T/mail/tmp"
printf 'Subject: one\n\n1\n' >"$T/mail/cur/1.1.x:2,S"
cd "$T" || exit 1
both='map inventory' # and their options:
map() { mbx-map "$@"; }
inventory() { mbx-inventory -d folders "$@"; }
tab=$(printf '\t')

# judge 'sentence' CODE DONE FILE LINE...: both tools end with CODE, have done
# DONE rows and say these lines and no other, each behind "tool: FILE:".
judge() {
	said=$1 code=$2 rows=$3 file=$4
	shift 4
	for tool in $both; do
		name=mbx-$tool
		for line; do printf '%s: %s%s\n' "$name" "$file" "$line"; done >want
		check_rc "$code" "$said: $name" "$tool" "$file"
		check_files "$said: what $name says" want err
		check_same "$said: the other rows at $name" "$rows" \
			"$(column status <out | grep -c '^ok$')"
	done
}
# rows N: a header, and N good rows, in TSV.
rows() {
	printf 'account\tfolder\tsource\tnote\n'
	for n in $(seq "$1"); do
		printf 'u%s\tINBOX\tmaildir:mail\tn%s\n' "$n" "$n"
	done
}
csv() { tr '\t' ,; }

rows 3 >good.tsv
judge 'a good table' 0 3 good.tsv
{ rows 1; printf 'u2\tINBOX\n'; rows 3 | tail -n 1; } >ragged.tsv
judge 'a row too short' 65 2 ragged.tsv ':3: 2 fields, the header has 4'
{ rows 2 | csv; printf 'u3,INBOX,maildir:mail,a,b\n'; } >ragged.csv
judge 'a row too long' 65 2 ragged.csv ':4: 5 fields, the header has 4'
rows 3 | cut -f 3,4 >missing.tsv
check_rc 65 'a column that is needed and missing' mbx-map missing.tsv
check_has 'it and the file are named' err \
	"^mbx-map: missing.tsv:1: header: the input has no column 'account'\$"
check_rc 65 'a column that is needed and missing, workers' \
	mbx-copy -l ledger missing.tsv
check_has 'it and the file are named here too' err \
	"^mbx-copy: missing.tsv:1: header: the input has no column 'target'\$"
check_same 'one line' 1 "$(wc -l <err | xargs)"
rows 2 | sed '1s/note/folder/' >twice.tsv
judge 'a column twice' 65 0 twice.tsv \
	":1: header: two columns have one name: 'folder'"
rows 2 | sed '1s/note//' >nameless.tsv
judge 'a column without a name' 65 0 nameless.tsv \
	':1: header: a column without a name'
rows 0 >header.tsv
judge 'a header alone' 0 0 header.tsv
check_same 'a header comes out' 1 "$(wc -l <out | xargs)"
: >empty.tsv
judge 'nothing at all' 66 0 empty.tsv ': header: no header line: the input is empty'
printf '# only this\n\n' >comment.tsv
judge 'nothing but a comment' 66 0 comment.tsv \
	': header: no header line: the input is empty'
judge 'no such file' 66 0 nofile.tsv ': open: No such file or directory'
judge 'a directory' 66 0 mail \
	': open: a directory is no table; a Maildir is maildir:mail'

{ printf '# made by hand\n\n# twice\n'; rows 3; } >commented.tsv
judge 'comments before the header' 0 3 commented.tsv
{ rows 1; printf '#u2\tINBOX\tmaildir:mail\t#\n'; } >number.tsv
judge 'a # behind the header is data' 0 2 number.tsv
{ rows 2; rows 1 | head -n 1; rows 3 | tail -n 1; } >again.tsv
judge 'the header once more' 0 3 again.tsv
mark=$(printf '\357\273\277')
{ printf %s "$mark"; rows 3 | csv | sed 's/$/\r/'; } >bom.csv
judge 'a mark and CRLF' 0 3 bom.csv
check_same 'the first column has its name' account "$(head -n 1 out |
	tr '\t' '\n' | grep -x account)"
check_same 'no CR is left' 0 "$(grep -c '\\r' out)"
{ cat bom.csv; printf %s "$mark"; rows 4 | csv | sed '2,4d;s/$/\r/'; } >both.csv
judge 'a mark in the middle: cat a.csv b.csv' 0 4 both.csv
{ printf '%s"account","folder","source","note"\n' "$mark"
	printf '"u1","INBOX","maildir:mail","x"\n'; } >quoted.csv
cat quoted.csv quoted.csv | sed '4s/u1/u2/' >quoted2.csv
judge 'the same in quotes' 0 2 quoted2.csv
rows 3 | tr '\t' ';' >semicolon.csv
judge 'semicolons' 0 3 semicolon.csv
rows 3 | sed 's/n2/"a;b,c""d"/;s/n3/"two\nlines"/' |
	tr '\t' ';' >odd.csv
judge 'quotes' 0 3 odd.csv
mbx-map odd.csv | column note >got
printf 'n1\na;b,c"d\ntwo\\nlines\n' >want
check_files 'what was in the quotes' want got
{ printf 'account,folder,source,"two\nlines"\n'; rows 1 | csv | tail -n 1
} >names.csv
judge 'a line end in a name' 0 1 names.csv
{ rows 1 | csv; printf 'u2,INBOX,maildir:mail,"a\n'; rows 4 | csv | tail -n 2
} >open.csv
judge 'a quote never closed costs its line only' 65 3 open.csv \
	':3: a quote is never closed'
{ rows 1 | csv; printf 'u2,INBOX,maildir:mail,"a"b\n'; rows 3 | csv | tail -n 1
} >stray.csv
judge 'a stray quote' 65 2 stray.csv ':3: a quote is out of place'
rows 3 | sed '3s/n2/a\\\\b\\tc\\nd/;4s/n3/\\q/' >escapes.tsv
# shellcheck disable=SC1003
judge 'an escape that is none' 65 2 escapes.tsv \
	':4: a backslash that is none of \t \n \r \\'
check_same 'those that are pass as they are' 'a\\b\tc\nd' \
	"$(mbx-map escapes.tsv 2>/dev/null | column note | sed -n 2p)"
rows 3 | sed '3s/n2/n@2/' | tr @ '\000' >nul.tsv
judge 'a NUL' 65 2 nul.tsv ':3: a NUL octet'
rows 3 | sed "3s/n2/M$(printf '\374')ller/" >latin.tsv
judge 'Latin-1' 65 2 latin.tsv ':3: this is not UTF-8'
rows 3 | iconv -t UTF-16 >utf16.tsv
judge 'UTF-16' 65 0 utf16.tsv ':1: this is UTF-16: save it as UTF-8'
rows 3 | sed "3s/n2/$(printf '\033')]0;x$(printf '\007')/" >escape.tsv
judge 'a terminal escape' 0 3 escape.tsv
check_same 'is not passed raw' 0 "$(grep -c "$(printf '\033')" out)"

# Persian and emoji need them; a folder by another name is another folder.
joined=$(printf 'a\342\200\214b\342\200\215c\302\255d\342\200\217e')
rows 3 | sed "3s/n2/$joined/;3s/INBOX/$joined/" >joined.tsv
check_rc 0 'joiners and marks of direction' mbx-map joined.tsv
check_same 'are passed as they are' "$joined $joined $joined" "$(awk -F'\t' '
	NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
	NR == 3 { print $2, $4, $c["dst_folder"] }' out)"
rows 3 | sed "3s/n2/a$(printf '\302\233')b/" >c1.tsv
check_same 'a control of 8 bits is not' 'a\\xC2\\x9Bb' \
	"$(mbx-map c1.tsv | column note | sed -n 2p)"

big() { python3 -c "print('$1', end='')"; }
for kind in tsv csv; do
	{
		rows 1
		printf "u2\tINBOX\tmaildir:mail\t%s\n" "$(big "' + 'x' * 10485760 + '")"
		rows 3 | tail -n 1
	} | if [ $kind = csv ]; then csv; else cat; fi >big.$kind
	judge "a field of 10 MiB, $kind" 65 2 big.$kind \
		':3: the row is longer than 4 MiB'
	{
		rows 1
		printf "u2\tINBOX\tmaildir:mail\t%s\n" "$(big "' + 'x' * 2097152 + '")"
		rows 3 | tail -n 1
	} | if [ $kind = csv ]; then csv; else cat; fi >big.$kind
	judge "a field of 2 MiB, $kind" 65 2 big.$kind \
		':3: a field is longer than 1 MiB'
done
# A quote that is never closed in a large file costs a look at each line, not
# a look at all before it.
{ rows 1 | csv; printf 'u2,INBOX,maildir:mail,"\n'; yes '' | head -n 3000000
	rows 3 | csv | tail -n 1; } >lines.csv
judge 'an open quote before three million lines' 65 2 lines.csv \
	':3: a quote is never closed'

{ rows 1; printf 'x\ny\n'; rows 3 | tail -n 1; } >worse.tsv
judge 'two bad rows' 65 2 worse.tsv ':3: 1 field, the header has 4' \
	':4: 1 field, the header has 4'
check_rc 65 '--strict stops at the first' mbx-map --strict worse.tsv
check_same 'one line is said' 1 "$(wc -l <err | xargs)"
check_rc 65 '--strict with workers' mbx-inventory --strict worse.tsv
check_same 'what is before it is done, what is behind it not' u1 \
	"$(column account <out | xargs)"
for tool in $both; do
	check_rc 65 "--rejects: $tool" "$tool" --rejects rejects worse.tsv
	printf 'x\ny\n' >want
	check_files 'the bad rows as they were' want rejects
done
{ rows 1 | csv; printf '"a\nb",2\n'; } >reject.csv
check_rc 65 '--rejects of CSV' mbx-map --rejects rejects reject.csv
printf '"a\nb",2\n' >want
check_files 'all lines of a record' want rejects
check_rc 74 '--rejects to a full disk' mbx-map --rejects /dev/full worse.tsv

for tool in $both; do
	check_rc 66 "the second file is not there: $tool" "$tool" good.tsv nofile
	check_has 'it is named' err '^mbx-[a-z]*: nofile: open: No such file'
	check_rc 65 "the second file has a column more: $tool" "$tool" missing.tsv \
		good.tsv
done
check_rc 0 'two files' mbx-inventory good.tsv good.tsv
check_same 'rows of both' 6 "$(column account <out | wc -l | xargs)"
python3 - <<-'PY'
	rows = [l.split("\t") for l in open("good.tsv").read().splitlines()]
	with open("order.csv", "w") as f:
	    for r in rows:
	        f.write(",".join(r[::-1]).replace("u", "w") + "\n"
	                if r[0] != "account" else ",".join(r[::-1]) + "\n")
PY
check_rc 0 'columns in another order, in CSV' mbx-map good.tsv order.csv
check_same 'are found by name' 'u1 u2 u3 w1 w2 w3' "$(column account <out | xargs)"

# Formulas, judged by Python's csv.
rows 6 | sed "2s/n1/=1+1/;3s/n2/ +1/;4s/n3/-1/;5s/n4/@a/;6s/n5/\\\\t=1/" |
	mbx-map --to csv --csv-safe >safe.csv
check_same '--csv-safe' "'=1+1|' +1|'-1|'@a|'$tab=1|n6" "$(python3 -c '
import csv
print("|".join(r["note"] for r in csv.DictReader(open("safe.csv", newline=""))))')"

check 'random tables: TSV to CSV and back, Python reads the same' \
	python3 "$TOP/t/rows.py" tables 25
check 'a table cut off at every octet' python3 "$TOP/t/rows.py" cuts
cd "$TOP" || exit 1
done_testing
