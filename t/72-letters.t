#!/bin/sh
# Letters and instructions for users: make letters, judged by Python; and that
# they speak of what mbx-plan --sizing opens.
. "$(dirname "$0")/lib.sh"
mkdir "$T/book" && cd "$T/book" || exit 1
cat >accounts.tsv <<'ROWS'
account	source	target	name
anna@x	maildir:anna	maildir:new	Anna & "B\\C" {day}
../etc/p	maildir:anna	maildir:new	
ROWS
sed '1s/.*/&	batch	folder/; 2,$s/$/	b	/; 2{p;s/$/INBOX/}' accounts.tsv \
	>jobs.tsv
cat >Makefile <<MAKEFILE
FILL = day='Fri & Sat \\1' server=mail.new desk=desk organisation=O retire=R
include $TOP/share/runbook/mbx.mk
MAKEFILE
export TOP
for template in "$TOP"/share/templates/*.txt; do
	name=$(basename "$template" .txt)
	check_rc 0 "make letters LETTER=$name" make -s letters LETTER="$name"
	python3 - "$template" "letters/$name" <<-'PY' >"$T/wrong" 2>&1
		import os, re, sys
		text = open(sys.argv[1], encoding="utf-8").read()
		fill = {"day": r"Fri & Sat \1", "server": "mail.new", "desk": "desk",
		        "organisation": "O", "retire": "R"}
		want = {"anna@x.txt": dict(fill, account="anna@x",
		                           name=r'Anna & "B\\C" {day}'),
		        "%2E.%2Fetc%2Fp.txt": dict(fill, account="../etc/p",
		                                   name="../etc/p")}
		assert sorted(os.listdir(sys.argv[2])) == sorted(want)
		assert "{account}" in text
		for file, values in want.items():
		    got = open(os.path.join(sys.argv[2], file), encoding="utf-8").read()
		    assert got == re.sub(r"\{(\w+)\}", lambda m: values[m[1]], text)
		page = open(os.environ["TOP"] + "/man/mbx-runbook.7").read()
		for key in set(re.findall(r"\{(\w+)\}", text)) - {"account", "name"}:
		    assert re.search(r"^\.Cm %s\b|^\.It Cm %s$" % (key, key), page, re.M), key
		assert all(len(x) <= 80 for x in text.splitlines())
	PY
	check_same "$name: a letter an account, filled, and the page has its words" \
		'' "$(cat "$T/wrong")"
done
echo 'own {account}' >faq.txt
make -s letters LETTER=faq 2>"$T/err"
check_same 'a template here comes first' 'own anna@x' \
	"$(cat letters/faq/anna@x.txt)"
echo 'own {nothing}' >faq.txt
check_rc 2 'a word without a value' make -s letters LETTER=faq
check_has 'is named' "$T/err" 'letters: faq.txt: {nothing} has no value'
check_rc 2 'no such template' make -s letters LETTER=none
check_rc 66 'no rows' sh -c "'$TOP/share/runbook/letters' faq.txt out </dev/null"
check_rc 65 'rows without an account' \
	sh -c "echo source | '$TOP/share/runbook/letters' faq.txt out"

mbx-plan --sizing accounts.tsv 2>"$T/err" | awk -F'\t' '
	$1 == "port" && $2 ~ /^clients/ { print $3 }' | sort -u >"$T/open"
grep -ohE '\b[1-9][0-9]{2}\b' "$TOP"/share/templates/*.txt | sort -u >"$T/told"
check_same 'ports that users are told' '465 587 993 995' "$(xargs <"$T/told")"
check_same 'are all opened' '' "$(comm -13 "$T/open" "$T/told")"
cd "$TOP" || exit 1
done_testing
