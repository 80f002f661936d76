#!/bin/sh
# The man pages: what their EXAMPLES show runs, options and columns are those
# of the tools, and the completions know them too.
. "$(dirname "$0")/lib.sh"
. share/demo/mail.sh

tools=$(basename -a -s .c cmd/*.c)
pages() { python3 t/pages.py "$@"; }
if command -v mandoc >/dev/null; then
	for page in man/*.[157]; do
		check "mandoc has nothing to say of $page" \
			sh -c "mandoc -Tlint -Wwarning $page | diff /dev/null -"
	done
fi

# ---- options ----

for tool in $tools; do
	"$tool" --help | pages help >"$T/$tool.help"
	sort "$T/$tool.help" >>"$T/all"
	check "$tool has a page" [ -e "man/$tool.1" ]
	pages options "man/$tool.1" >"$T/page"
	check_same "$tool: no option on the page that --help has not" '' \
		"$(comm -13 "$T/$tool.help" "$T/page" | xargs)"
	pages options man/mbx.7 | sort -u - "$T/page" >"$T/both"
	check_same "$tool: every option of --help on the page or in mbx(7)" '' \
		"$(comm -23 "$T/$tool.help" "$T/both" | xargs)"
	check_same "$tool: the completion has the same" \
		"$(grep -e -- "$T/$tool.help" | xargs)" \
		"$(pages completions "share/completions/bash/$tool" | xargs)"
	check "$tool: the completion is bash" \
		bash -n "share/completions/bash/$tool"
done
sort -u "$T/all" >"$T/all.sorted"
check_same 'mbx(7) has no option that no tool has' '' \
	"$(pages options man/mbx.7 | sort | comm -23 - "$T/all.sorted" | xargs)"
# shellcheck disable=SC2016
check_same 'a completion completes' '--source --source-secret' "$(bash -c '
	. share/completions/bash/mbx-copy
	COMP_WORDS=(mbx-copy --so) COMP_CWORD=1
	_mbx_copy
	echo ${COMPREPLY[*]}')"
# shellcheck disable=SC2016
check_same 'and values' 'tsv' "$(bash -c '
	. share/completions/bash/mbx-map
	COMP_WORDS=(mbx-map --to t) COMP_CWORD=2
	_mbx_map
	echo ${COMPREPLY[*]}')"

# ---- examples ----

# stage DIR: what the examples speak of.
stage() {
	mkdir -p "$1" && cd "$1" || exit 1
	make_mail mail/anna 1
	mkdir old new
	for mail in mail/bert mail/copy old/anna; do cp -a mail/anna "$mail"; done
	printf 'account,source,target\n' >accounts.csv
	for user in anna bert; do
		printf '%s,maildir:mail/%s,maildir:new/%s\n' $user $user $user
	done >>accounts.csv
	tr , '\t' <accounts.csv >accounts.tsv
	cp accounts.tsv jobs.tsv
	mbx-inventory accounts.csv >folders.tsv
	printf 'old;anna;secret;new;anna;secret\n' >list.txt
	echo "include $TOP/share/runbook/mbx.mk" >Makefile
	printf 'match\treplace\nNewsletter(/.*)?\t-\n' >rules.tsv
	python3 "$TOP/t/pst.py" archive.pst
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 3 -subj /CN=x -keyout key.pem -out cert.pem 2>/dev/null
	printf '@ 3600 SOA a b 1 1 1 1 3600\n NS a\na A 127.0.0.1\n MX 5 a\n@ MX 5 a\n' >zone
	dns-ttl lower -z -o example.test -l ledger.tsv zone >lowered
	mx-switch plan -z zone --origin example.test -d example.test \
		--mx '10 a.example.test.' >plan.tsv
	dns-ttl gate --published 2024-01-01 ledger.tsv >gates.tsv
	cd "$TOP" || exit 1
}
stage "$T/clean"
cp -a "$T/clean" "$T/copied"
# With and without a profile, whose names differ: examples use both.
(cd "$T/copied" && mbx-copy -l ledger jobs.tsv >results.tsv &&
	mbx-copy -l second -p dovecot jobs.tsv) >/dev/null 2>&1
# run_examples PAGE DIR: each block of its EXAMPLES, in a copy of DIR.
run_examples() {
	pages examples "$1" >"$T/examples"
	rm -rf "$T/here" "$T"/block.*
	cp -a "$2" "$T/here"
	awk -v out="$T/block." 'BEGIN { n = 1 } /^%%$/ { n++; next }
		{ print >(out sprintf("%02d", n)) }' "$T/examples"
	for block in "$T"/block.*; do
		[ -e "$block" ] || return
		check "$(basename "$1") runs: $(head -n 1 "$block")" \
			sh -c "cd '$T/here' && set -e && . '$block'"
	done
}
for page in man/*.[157]; do
	case $page in
	*mbx-copy.1 | *mbx-map.1 | *mbx-inventory.1 | *mbx.7) from=clean ;;
	*) from=copied ;;
	esac
	run_examples "$page" "$T/$from"
	check_has "$page has EXAMPLES that run" "$T/examples" '^%%$'
done
for tool in $tools; do
	rm -rf "$T/here"
	cp -a "$T/copied" "$T/here"
	"$tool" --help | sed -n '/^examples:/,/^exit:/s/^  //p' >"$T/block"
	check_same "$tool --help has two examples" 2 "$(wc -l <"$T/block" | xargs)"
	check "they run: $tool" sh -c "cd '$T/here' && set -e && . '$T/block'"
done

# ---- columns ----

pages words man/mbx-tables.5 >"$T/words"
# known 'tool and options': the columns on its stdout are in mbx-tables(5).
known() {
	check_same "columns of $1 are in mbx-tables(5)" '' "$(head -n 1 "$2" |
		tr '\t' '\n' | sort | comm -23 - "$T/words" | xargs)"
}
cd "$T/copied" || exit 1
for depth in login folders sizes messages; do
	mbx-inventory -d $depth accounts.csv >out 2>err
	known "mbx-inventory -d $depth" out
done
for table in quota acl; do
	mbx-inventory --$table accounts.csv >out 2>err
	known "mbx-inventory --$table" out
done
mbx-map folders.tsv >out
known mbx-map out
mbx-plan folders.tsv >planned 2>err
known mbx-plan planned
mbx-plan --sizing folders.tsv >out 2>err
known 'mbx-plan --sizing' out
mbx-plan --summary ledger planned >out 2>err
known 'mbx-plan --summary' out
mbx-plan -q --schedule 2026-12-04 --users 9 >out
known 'mbx-plan --schedule' out
mbx-copy -l fresh --messages messages jobs.tsv >out 2>err
known mbx-copy out
known 'mbx-copy --messages' messages
mbx-verify jobs.tsv >out 2>err
known mbx-verify out
cd "$TOP" || exit 1

check_rc 0 'make install' make -s install DESTDIR="$T/root" PREFIX=/usr \
	STATIC="$([ "$SAN" = 1 ] && echo 0 || echo 1)" SAN="$SAN"
for tool in $tools; do
	check "installed: the completion of $tool" cmp \
		"share/completions/bash/$tool" \
		"$T/root/usr/share/bash-completion/completions/$tool"
done
done_testing
