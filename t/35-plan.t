#!/bin/sh
# mbx-plan: from an inventory to jobs.  Judged by t/plan.py.
. "$(dirname "$0")/lib.sh"
. share/demo/mail.sh
judge() { python3 t/plan.py "$@"; }

# ---- real mailboxes: every row is a job that the other tools take ----

for user in anna bert carl dora; do
	make_mail "$T/old/$user" 3
	mkdir -p "$T/new/$user/cur" "$T/new/$user/new" "$T/new/$user/tmp"
	printf '%s,maildir:%s,maildir:%s\n' $user "$T/old/$user" "$T/new/$user"
done | sed '1i account,source,target' >"$T/accounts.csv"
mbx-inventory "$T/accounts.csv" | mbx-map -p dovecot >"$T/folders"
check_rc 0 'real mailboxes are planned' \
	mbx-plan -b test=1 -b wave=2 --cut 1000 "$T/folders"
mv "$T/out" "$T/jobs"
check_has 'rows are counted' "$T/err" \
	"^mbx-plan: $(($(wc -l <"$T/folders") - 1)) rows: .* 0 rejected; 4 acc"
check 'every folder is in one job' judge covers "$T/folders" "$T/jobs"
check_same 'batches' 'test wave-1 wave-2' \
	"$(column batch <"$T/jobs" | uniq | xargs)"
check_same 'each after the one before' ',test,wave-1' \
	"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ print $c["after"] }' "$T/jobs" | uniq | paste -sd,)"
mbx-copy -n -l "$T/none" "$T/jobs" >"$T/dry" 2>"$T/err"
check_same 'mbx-copy -n takes every row' 0 $?
check_same 'as planned' planned "$(column status <"$T/dry" | sort -u)"
check_same 'under the same keys' "$(column key <"$T/jobs")" \
	"$(column key <"$T/dry")"
check_rc 0 'mbx-copy copies them' mbx-copy -l "$T/ledger" "$T/jobs"
check_rc 0 'mbx-verify finds all of it' mbx-verify "$T/jobs"
mbx-plan -b test=1 -b wave=2 --cut 1000 <"$T/folders" >"$T/again" 2>"$T/err"
check_files 'the same input gives the same plan' "$T/jobs" "$T/again"

# ---- random inventories ----

seeds=20
[ "$SHORT" = 1 ] && seeds=6
for seed in $(seq $seeds); do
	judge inventory "$seed" $((seed * seed)) 4 >"$T/in"
	mbx-plan --cut $((seed * 200000)) --large $((seed * 9000000)) "$T/in" \
		>"$T/out" 2>"$T/err" && judge covers "$T/in" "$T/out" &&
		judge batches "$T/in" "$T/out"
done >"$T/wrong"
check_same "$seeds inventories: every folder once, groups whole, waves in order" \
	'' "$(grep . "$T/wrong")"

# ---- what rows say, and what is wrong with them ----

one='account	source	target'
printf '%s	stage	order\n%s\n%s\n' "$one" 'a	imap://a@x	imap://a@y	pilot	' \
	'b	imap://b@x	imap://b@y		' >"$T/in"
check_same 'a row in the pilot, the other in a wave' 'pilot,wave-1' \
	"$(mbx-plan "$T/in" 2>"$T/err" | column batch | paste -sd,)"
printf 'source\nimaps://an%%2Fna%%40x.example@old\n' >"$T/in"
check_same 'a template' 'imaps://an%2Fna%40x.example@new/an%2Fna;x.example' \
	"$(mbx-plan -t 'imaps://{account}@new/{user};{domain}' "$T/in" \
		2>"$T/err" | column target)"
check_rc 1 'no path from an account with a /' \
	mbx-plan -t 'maildir:new/{account}' "$T/in"
check_rc 65 'no target at all' mbx-plan --rejects "$T/bad" "$T/in"
check_has 'names the row' "$T/err" "^mbx-plan: $T/in:2: target: "
check_has 'counts it' "$T/err" ' 1 rows: 0 planned, 1 rejected; 0 acc'
check_same 'and keeps it' 'imaps://an%2Fna%40x.example@old' "$(cat "$T/bad")"
printf '%s	folder	status	bytes	hint\n%s\n%s\n%s\n%s\n' "$one" \
	'a	imap://a@x	imap://a@y		failed		no route' \
	'b	imap://b@x	imap://b@y	A	ok	7x	' \
	'c	imap://c@x	imap://c@y	A	refused	7	case' \
	'c	imap://c@x	imap://c@y	B	ok	7	' >"$T/in"
check_rc 65 'rows that cannot be planned' mbx-plan "$T/in"
check_has 'failed in the inventory' "$T/err" ":2: inventory: .*no route"
check_has 'no number' "$T/err" ":3: bytes: '7x' is not a number"
check_has 'refused by mbx-map' "$T/err" ':4: folder: mbx-map refused it.*case'
check_same 'the rest is planned without it' 'c A 7' \
	"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ print $c["account"], $c["except"], $c["bytes"] }' "$T/out")"
check_rc 64 'a batch without a number' mbx-plan -b test "$T/in"
check_rc 65 'no column source' sh -c "printf 'account\nx\n' | mbx-plan"
printf '%s\n' "$one" >"$T/head"
check_rc 0 'a header alone' mbx-plan "$T/head"
done_testing
