#!/bin/sh
# mbx-plan --schedule: dated tasks, judged by t/schedule.py: rules, icalendar,
# an XML parser; and three schedules as they were once read by people.
. "$(dirname "$0")/lib.sh"
python=python3
[ ! -x /usr/bin/python3 ] || python=/usr/bin/python3
judge() { $python t/schedule.py "$@"; }

# ---- three sizes ----

for users in 50 500 5000; do
	check_rc 0 "$users users" mbx-plan --schedule 2026-12-04 \
		--tz Europe/Berlin --users $users
	mv "$T/out" "$T/$users"
	check_files "$users users: as it was" "t/data/schedule-$users.tsv" \
		"$T/$users"
	check "$users users: by the rules" judge rules "$T/$users" \
		2026-12-04T21:00:00Z $users Europe/Berlin
	for form in ics svg md; do
		mbx-plan -q --schedule 2026-12-04 --tz Europe/Berlin \
			--users $users --as $form >"$T/$form"
		check "$users users: $form" judge $form "$T/$form" "$T/$users"
	done
done
check_same '5,000 users begin 60 days before, or a little less' 1 "$(
	$python -c 'import sys, datetime as d
day = d.date.fromisoformat(sys.argv[1][:10])
print(int(55 <= (d.date(2026, 12, 4) - day).days <= 60))' \
	"$(column start <"$T/5000" | head -n 1)")"

# ---- others ----

sizes='1 2 7 49 151 300 1500 1501 2500'
[ "$SHORT" = 1 ] && sizes='1 151 1501'
for users in $sizes; do
	for cut in 2026-03-29 2026-10-26 2027-01-01 2028-02-29; do
		mbx-plan -q --schedule $cut --tz America/New_York \
			--users "$users" >"$T/out" || echo "exit $?"
		utc=$(TZ=UTC date -d "TZ=\"America/New_York\" $cut 22:00" \
			+%Y-%m-%dT%H:%M:%SZ)
		judge rules "$T/out" "$utc" "$users" America/New_York
	done
done >"$T/wrong" 2>&1
check_same 'other sizes and dates, over changes of the clock' '' \
	"$(cat "$T/wrong")"
check_rc 0 'an instant' mbx-plan --schedule 2026-12-04T10:30:00+02:00 --users 50
check_same 'is when the switch is' 2026-12-04T08:30:00Z \
	"$(grep 'Switch MX' "$T/out" | cut -f 1)"
mbx-plan -q --schedule 2026-12-04 --users 500 --as ics >"$T/one"
mbx-plan -q --schedule 2026-12-11 --users 500 --as ics >"$T/two"
check_same 'events keep their UID when the date moves' \
	"$(grep ^UID "$T/one")" "$(grep ^UID "$T/two")"

# ---- from an inventory, and from jobs ----

{
	printf 'account\tsource\ttarget\tused_bytes\n'
	for i in $(seq 60); do
		printf 'u%s\timap://u%s@h\timap://u%s@g\t%s\n' "$i" "$i" "$i" \
			$((i * 100000000))
	done
} >"$T/in"
check_rc 0 'an inventory' mbx-plan --schedule 2026-12-04 -j 4 "$T/in"
check 'by the rules' judge rules "$T/out" 2026-12-04T22:00:00Z 60 UTC
mv "$T/out" "$T/want"
mbx-plan -j 4 "$T/in" >"$T/jobs" 2>"$T/err"
mbx-plan -j 4 --schedule 2026-12-04 "$T/jobs" >"$T/out" 2>"$T/err"
check_files 'its jobs give the same' "$T/want" "$T/out"
mbx-plan -j 4 -s 2026-11-20 -w 20:00-06:00 "$T/in" >"$T/jobs" 2>"$T/err"
check_rc 0 'jobs that have dates' mbx-plan --schedule 2026-12-10 "$T/jobs"
check_same 'keep them' "$(awk -F'\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} { b = $c["batch"]
		if (!(b in from) || $c["start"] < from[b]) from[b] = $c["start"]
		if ($c["end"] > to[b]) to[b] = $c["end"] }
	END { for (b in from) print b, from[b], to[b] }' "$T/jobs" | sort)" \
	"$(awk -F'\t' '$5 ~ /^Copy/ { print $4, $1, $2 }' "$T/out" | sort)"

# ---- what cannot be, and what is wrong ----

check_rc 1 'jobs that end behind the switch' \
	mbx-plan --schedule 2026-11-20T06:00:00Z "$T/jobs"
check_has 'are named' "$T/err" 'schedule: .* ends [0-9]* s behind the start'
check_rc 1 'too few workers' mbx-plan --schedule 2026-12-04 --users 5000 -j 20
check_has 'how many would do' "$T/err" 'more than 60: with -j [0-9]*, not 20'
enough=$(sed -n 's/.*with -j \([0-9]*\),.*/\1/p' "$T/err")
check_rc 0 'and these do' mbx-plan --schedule 2026-12-04 --users 5000 \
	-j "$enough"
check_rc 1 'one less does not' mbx-plan --schedule 2026-12-04 --users 5000 \
	-j $((enough - 1))
check_rc 64 'no date' mbx-plan --schedule soon --users 50
check_rc 64 'no form' mbx-plan --schedule 2026-12-04 --users 50 --as pdf
check_rc 64 'no users' mbx-plan --schedule 2026-12-04 --users none
printf 'batch\test_p90_s\n\t5\nb\tx\nb\t5\n' >"$T/in"
check_rc 65 'bad jobs' mbx-plan --schedule 2026-12-04 "$T/in"
check_has 'no batch' "$T/err" ':2: batch: '
check_has 'no number' "$T/err" ':3: est_p90_s: '
done_testing
