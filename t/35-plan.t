#!/bin/sh
# mbx-plan: from an inventory to jobs.  Judged by t/plan.py.
. "$(dirname "$0")/lib.sh"
. share/demo/mail.sh
. t/servers/dovecot.sh
. t/servers/cyrus.sh
judge() { python3 t/plan.py "$@"; }
# within MOST FILE: all ratios in it are between 1 and that.
within() {
	awk -v most="$1" '$1 < 1 || $1 > most { bad = 1 }
		END { exit bad || NR == 0 }' "$2"
}

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

# ---- how far they are ----

# The test group and half of the first wave have been copied.
pick() { awk -F'\t' -v want="$1" 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
	NR == 1 || $c["account"] ~ want' "$T/jobs"; }
first=$(column account <"$T/jobs" | uniq | sed -n 2p)
test=$(column account <"$T/jobs" | head -n 1)
pick "^($test|$first)\$" >"$T/some"
mbx-copy -l "$T/part" "$T/some" >"$T/results" 2>"$T/err"
pick "^($test|$first)\$" | grep -vxFf - "$T/jobs" |
	sed "1i $(head -n 1 "$T/jobs")" >"$T/want"
mbx-plan --remaining "$T/part" "$T/jobs" >"$T/out" 2>"$T/err"
check_files '--remaining: the jobs left, from ledgers' "$T/want" "$T/out"
mbx-plan --remaining "$T/part" -r "$T/results" "$T/jobs" >"$T/out" 2>"$T/err"
check_files 'and from results' "$T/want" "$T/out"
check_rc 0 'they are job rows' mbx-copy -l "$T/part" "$T/want"
check_same 'then nothing is left' '' \
	"$(mbx-plan --remaining "$T/part" "$T/jobs" | column key)"
rm -r "$T/part"
mbx-copy -l "$T/part" "$T/some" >"$T/results" 2>"$T/err"
for results in '' "-r $T/results"; do
	# shellcheck disable=SC2086
	mbx-plan --summary "$T/part" $results "$T/jobs" >"$T/out" 2>"$T/err"
	check "--summary $results: what Python finds in the ledgers" \
		judge summary "$T/jobs" "$T/part" "$T/out"
done
check_rc 66 'no directory of ledgers' mbx-plan --summary "$T/none" "$T/jobs"
awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
	NR > 1 { OFS = FS; $c["status"] = "failed"; $c["code"] = "QUOTA" }
	{ print }' "$T/results" >"$T/failed"
mbx-plan --summary "$T/part" -r "$T/failed" "$T/jobs" >"$T/out" 2>"$T/err"
check_same 'failures by code' "QUOTA=3 QUOTA=3  QUOTA=6" \
	"$(column failures <"$T/out" | tr '\n' ' ' | sed 's/ $//')"

# ---- random inventories, constraints and zones ----

many=100 small=20 seeds=3
[ "$SHORT" = 1 ] && many=30 small=6 seeds=1
check "$many plans: all covered, groups whole, waves in order, all within limits" \
	judge many "${SEED:-1}" "${MANY:-$many}"
check 'nor does a job without a place let others of its account meet' \
	judge many 3283 1
judge optimum "${SEED:-1}" "${SMALL:-$small}" >"$T/ratio"
check "$small plans of at most 9 jobs against the best there is: $(cat "$T/ratio")" \
	within 1.1 "$T/ratio"
for seed in $(seq $seeds); do
	judge inventory "$seed" 500 6 >"$T/in"
	for workers in 4 16; do
		mbx-plan -j $workers -s 2026-11-27 --large 0 "$T/in" \
			>"$T/out" 2>"$T/err"
		judge spans "$T/out" $workers
	done
done | sort -n >"$T/ratio"
check "waves of 500 accounts by what no plan can beat: $(tail -n 1 "$T/ratio")" \
	within 1.05 "$T/ratio"

one='account	source	target'

# ---- forecasts: 120 accounts as mbx-copy took them between two Dovecots ----

judge forecast t/data/runs.tsv 20 >"$T/ratio"
read -r held below times <"$T/ratio"
check "p90 held in $held of the jobs, half of them took no more than est: $below" \
	awk -v h="$held" -v b="$below" \
	'BEGIN { exit !(h >= .85 && h <= .97 && b >= .4 && b <= .6) }'
check "and p90 is not just large: $times of est" \
	awk -v t="$times" 'BEGIN { exit !(t > 1 && t < 2.5) }'
results() {
	printf 'source\ttarget\tcopied\tcopied_bytes\telapsed_s\n%s\n' "$1"
}
results 'imap://a@x	imap://a@y	5	5000	soon' >"$T/limits"
printf '%s	bytes\n%s\n' "$one" 'a	imap://a@x	imap://a@y	9' >"$T/in"
check_rc 78 'no seconds' mbx-plan -r "$T/limits" "$T/in"
check_has 'names the line' "$T/err" "^mbx-plan: $T/limits:2: elapsed_s"
results 'imap://a@x	imap://a@y	0	0	1.0' >"$T/limits"
check_rc 78 'nothing was copied' mbx-plan -r "$T/limits" "$T/in"
for host in x x x x x x x x slow slow slow slow slow slow slow slow; do
	echo "imap://a@$host	imap://a@y	1	1000000	$([ $host = x ] &&
		echo 10 || echo 50)"
done >"$T/rows"
results "$(cat "$T/rows")" >"$T/limits"
{ printf '%s	used_bytes\n' "$one"
	for host in x slow; do
		echo "$host	imap://a@$host	imap://a@y	10000000"
	done; } >"$T/in"
check_same 'hosts have rates of their own' '100 500' \
	"$(mbx-plan -r "$T/limits" "$T/in" 2>"$T/err" | column est_s |
		sed 's/.$/0/' | xargs)"

printf '%s	batch	bound	est_s	start	end\n' "$one" >"$T/in"
for job in 'a	1	link	10	2026-12-01T22:00:00Z	2026-12-01T22:00:10Z' \
	'b	1	server	30	2026-12-01T21:00:00Z	2026-12-01T21:00:30Z' \
	'c	2	link	25	2026-12-02T22:00:00Z	2026-12-02T22:00:25Z'; do
	user=${job%%	*}
	echo "$user	imap://$user@x	imap://$user@y	${job#*	}" >>"$T/in"
done
check_same 'per batch and whole: what it hangs on, when, how long' \
	'1 server 40 2026-12-01T21:00:00Z 2026-12-01T22:00:10Z
2 link 25 2026-12-02T22:00:00Z 2026-12-02T22:00:25Z
* link 65 2026-12-01T21:00:00Z 2026-12-02T22:00:25Z' \
	"$(mbx-plan --summary "$T" "$T/in" 2>"$T/err" | awk -F'\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i; next } { print $c["batch"],
		$c["bound"], $c["left_s"], $c["start"], $c["end"] }')"

# ---- sizing, against what a Dovecot has on its disk afterwards ----

dovecot_start new || exit 1
python3 t/plan.py maildir "$T/big" 1500
echo PASSWORD-OF-anna >"$T/anna.pw" && chmod 600 "$T/anna.pw"
printf 'account\tsource\ttarget\ttarget_secret\tquota\n%s\n' \
	"anna	maildir:$T/big	imaps://anna@localhost:$new_imaps;ca=$new_ca	file:$T/anna.pw	" \
	>"$T/in"
mbx-inventory "$T/in" >"$T/folders" 2>"$T/err"
check_rc 0 'a mailbox is sized' mbx-plan --sizing "$T/folders"
mv "$T/out" "$T/sizes"
check_rc 0 'and copied' mbx-copy -l "$T/sized" "$T/in"
value() { awk -F'\t' -v name="$1" '$1 == name { print $3 }' "$T/sizes"; }
# near WANT GOT: within ten in a hundred.
near() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > 0 && b >= .9 * a && b <= 1.1 * a) }'
}
disk=$(du -s -B 1 "$new_dir/mail/anna" | cut -f 1)
inodes=$(du -s --inodes "$new_dir/mail/anna" | cut -f 1)
check "octets: $disk on the disk, $(value disk) foreseen" \
	near "$disk" "$(value disk)"
check "inodes: $inodes there, $(value inodes) with 25% more foreseen" \
	near "$((inodes * 125 / 100))" "$(value inodes)"
check_same 'storage is that and 25 in a hundred' "$(($(value disk) * 5 / 4))" \
	"$(($(value storage) / 125 * 125 + $(value disk) % 100 * 5 / 4))"
cyrus_start cy anna || exit 1
of_cyrus() { du -s "$@" "$cy_dir/spool" | cut -f 1; }
disk=$(of_cyrus -B 1) inodes=$(of_cyrus --inodes)
sed "s|imaps:[^	]*|imap://anna@localhost:$cy_port;tls=none|" "$T/in" >"$T/cyrus"
check_rc 0 'to a Cyrus too' mbx-copy -p cyrus -l "$T/sized" "$T/cyrus"
disk=$(($(of_cyrus -B 1) - disk)) inodes=$(($(of_cyrus --inodes) - inodes))
check "which takes $disk octets" near "$disk" "$(value disk)"
check "and $inodes inodes" near "$((inodes * 125 / 100))" "$(value inodes)"
printf '%s	folder	bytes	messages	role	aliases\n%s\n%s\n' "$one" \
	'a	imap://a@x	imaps://a@y:9993	A	1000000000	2000		a1,a2,a3' \
	'a	imap://a@x	imaps://a@y:9993	All	9000000000	9000	all	' >"$T/in"
sed 's/1000000000/400000000/' "$T/in" >"$T/before"
mbx-plan --sizing --headroom 30 -p usergate --before "$T/before" --days 100 \
	-j 4 --rate 1000000 "$T/in" >"$T/sizes" 2>"$T/err"
for want in accounts=1 folders=2 messages=2000 bytes=1000000000 \
	growth=6000000 disk=1004739072 storage=4153160700 inodes=2632 \
	work=1003 copy=1003 bandwidth=33499501 messages_rate=8 \
	copy_memory=35570432 licences=4; do
	check_same "$want" "${want#*=}" "$(value "${want%=*}")"
done
check_same 'ports' 'copying host > x 143,copying host > y 9993,Internet > y 25' \
	"$(awk -F'\t' '$1 == "port" { print $2, $3 }' "$T/sizes" | head -n 3 |
		paste -sd,)"
# Its folders in ranges of UIDs, each a job, from the server again.
printf 'account\tsource\tsource_secret\ttarget\n%s\n' \
	"anna	imaps://anna@localhost:$new_imaps;ca=$new_ca	file:$T/anna.pw	maildir:$T/back" |
	mbx-inventory >"$T/folders" 2>"$T/err"
mkdir -p "$T/back/cur" "$T/back/new" "$T/back/tmp"
mbx-plan --cut 300000 "$T/folders" >"$T/ranges" 2>"$T/err"
check "$(column uids <"$T/ranges" | grep -c :) ranges cover it" \
	judge covers "$T/folders" "$T/ranges"
check 'each after the one before it in its folder' judge chains "$T/ranges"
check_rc 0 'mbx-copy -n takes them' mbx-copy -n -l "$T/none" "$T/ranges"
check_rc 0 'mbx-copy copies them' mbx-copy -l "$T/ranged" "$T/ranges"
check_same 'all of it' 1500 "$(find "$T/back" -name '*,S*' -type f | wc -l)"
check_rc 0 'mbx-verify takes them' mbx-verify "$T/ranges"

check_rc 64 '--before needs --days' mbx-plan --sizing --before "$T/in" "$T/in"

# ---- 5,000 accounts with 60 folders each ----

if [ "$SHORT" != 1 ] && [ "$SAN" != 1 ]; then
	python3 t/plan.py big 5000 60 >"$T/big.tsv"
	python3 t/plan.py cost "$T/big.tsv" mbx-plan -j 16 -s 2026-12-01 \
		-w 22:00-06:00 >"$T/cost"
	read -r seconds kib half <"$T/cost"
	check "300,000 rows in $seconds s (3)" \
		awk -v s="$seconds" 'BEGIN { exit !(s > 0 && s < 3) }'
	check "and $kib KiB (65,536)" [ "$kib" -lt 65536 ]
	check "half of them take $half of the time: n log n" \
		awk -v h="$half" 'BEGIN { exit !(h > .35) }'
	# As many jobs, in 24 batches.
	awk -F'\t' -v OFS='\t' 'NR == 1 { print $0, "batch", "stage"; next }
		{ print $0, "wave-" int(NR / 12500), "main" }' "$T/big.tsv" \
		>"$T/jobs.big"
	python3 t/plan.py cost "$T/jobs.big" mbx-plan --makefile >"$T/cost"
	read -r seconds kib half <"$T/cost"
	check "--makefile of 300,000 jobs in $seconds s (3), $kib KiB (65,536)" \
		awk -v s="$seconds" -v k="$kib" \
		'BEGIN { exit !(s > 0 && s < 3 && k < 65536) }'
fi

# ---- what rows say, and what is wrong with them ----

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
printf 'account\tsource\n..@x\timap://a@x\n' >"$T/dots"
check_rc 1 'no path from an account that is ..' \
	mbx-plan -t 'maildir:new/{user}' "$T/dots"
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

# ---- constraints that cannot be met, or read ----

limits() { printf 'scope\tkey\tvalue\n%s\n' "$1" >"$T/limits"; }
printf '%s	folder	bytes	uidnext	messages\n%s\n' "$one" \
	'a	imap://a@x	imap://a@y	A	40000000000	0	9' >"$T/in"
for try in \
	'*	window	22:00-06:00	window 22:00-06:00: it is open for 8 h 0 min at most, the job takes 11 h 6 min: 3 h 6 min too long' \
	'host:x	day_out_bytes	1000	day budget: 1000 octets a day, the job has 40000000000: 39999999000 too many' \
	'account:a	not_after	2026-12-01T08:00:00Z	not_after 2026-12-01T08:00:00Z: it ends 3 h 6 min late' \
	'account:a	after	nowhere	after: there is no batch nowhere before wave-1'
do
	limits "$(printf '%s' "$try" | cut -f 1-3)"
	check_rc 1 "$(tail -n 1 "$T/limits")" \
		mbx-plan --large 0 -s 2026-12-01 -c "$T/limits" "$T/in"
	check_has 'says what and by how much' "$T/err" \
		"^mbx-plan: a/A?: plan: $(printf '%s' "$try" | cut -f 4)\$"
done
for try in 'x	window	1' '*	colour	1' '*	window	22-06' '*	blackout	May' \
	'host:x	conn_max	0' '*	conn_max	1' '*	not_after	never' \
	'host:x	profile	nowhere' 'stage:x	window	00:00-24:00'; do
	limits "$try"
	check_rc 78 "$try" mbx-plan --large 0 -s 2026-12-01 -c "$T/limits" "$T/in"
	check_has 'names the line' "$T/err" "^mbx-plan: $T/limits:2: "
done
limits '*	not_after	2026-12-01'
check_rc 78 'dates need --start' mbx-plan -c "$T/limits" "$T/in"
limits 'batch:wave-1	after	wave-1'
check_rc 78 'a batch after itself' \
	mbx-plan --large 0 -s 2026-12-01 -c "$T/limits" "$T/in"
limits 'batch:wave-1	after	wave-7'
check_rc 78 'a batch after none' \
	mbx-plan --large 0 -s 2026-12-01 -c "$T/limits" "$T/in"
limits 'host:xx	conn_max	3'
check_rc 0 'a constraint on nobody' mbx-plan -c "$T/limits" "$T/in"
check_has 'is said' "$T/err" 'constraint on nobody: host:xx conn_max 3$'
check_rc 78 'a window that is none' mbx-plan -w soon "$T/in"
for zone in Europe/Atlantis XYZ ../UTC +25:00 12 ''; do
	check_rc 64 "an unknown zone: $zone" mbx-plan --tz "$zone" "$T/in"
done
check_rc 66 'constraints that are not there' mbx-plan -c "$T/none" "$T/in"

printf '%s	folder	bytes	except	uids\n%s\n%s\n%s\n%s\n%s\n' "$one" \
	'a	imap://a@x	imap://a@y	A%2C B,1	7	A%2C B%2C1	' \
	'a	imap://a@x	imap://a@y	B	8	A%2C B%2C1	' \
	'a	imap://a@x	imap://a@y	B	8	A%2C B%2C1	' \
	'a	imap://a@x	imap://a@y	C	8	A%2C B%2C1	1:9' \
	'a	imap://a@x	imap://a@z	B	9		' >"$T/in"
sed -i 's/A%2C B,1/A, B,1/' "$T/in"
check_rc 65 'a folder twice, and a range' mbx-plan "$T/in"
check_has 'twice' "$T/err" ':4: row: it is there already: a B'
check_has 'a job' "$T/err" ':5: uids: a plan is made from whole folders'
check_same 'another target is another job; except stays' \
	'imap://a@y:A%2C B%2C1:8,imap://a@z::9' \
	"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ print $c["target"] ":" $c["except"] ":" $c["bytes"] }' "$T/out" |
		paste -sd,)"
check_rc 64 'a batch without a number' mbx-plan -b test "$T/in"
check_rc 65 'no column source' sh -c "printf 'account\nx\n' | mbx-plan"
printf '%s\n' "$one" >"$T/head"
check_rc 0 'a header alone' mbx-plan "$T/head"
done_testing
