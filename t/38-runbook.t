#!/bin/sh
# The runbook: make brings a migration between real servers about, and goes on
# where it was killed.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh
users='anna bert carl dora emil'
dovecot_start old users="$users" special=yes || exit 1
dovecot_start new users="$users" special=yes || exit 1
make_mail "$T/make" 1
for user in $users; do
	mkdir -p "$old_dir/mail/$user/cur" "$old_dir/mail/$user/.Work/cur"
	cp -p "$T"/make/cur/* "$old_dir/mail/$user/cur"
	cp -p "$T"/make/Projekte/cur/* "$old_dir/mail/$user/.Work/cur"
done
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"

# book DIR: accounts, secrets and a Makefile, and the decisions of $decided.
decided='approve-pilot approve-cutover approve-cleanup'
book() {
	mkdir -p "$1/pw"
	cd "$1" || exit 1
	printf 'account\tsource\tsource_secret\ttarget\ttarget_secret\n' \
		>accounts.tsv
	for user in $users; do
		printf 'PASSWORD-OF-%s\n' "$user" >"pw/$user"
		chmod 600 "pw/$user"
		printf '%s\t%s\tfile:pw/%s\t%s\tfile:pw/%s\n' "$user" \
			"imaps://$user@localhost:$old_imaps;ca=$old_ca" "$user" \
			"imaps://$user@localhost:$new_imaps;ca=$new_ca" "$user"
	done >>accounts.tsv
	cat >Makefile <<-MAKEFILE
		PROFILE = dovecot
		PLAN = -b test=1 -b pilot=1 -b wave=2
		HOUR = 2026-12-04T21
		include $TOP/share/runbook/mbx.mk
	MAKEFILE
	# shellcheck disable=SC2086
	[ -z "$decided" ] || touch $decided
}
state() { make -s status | awk -F'\t' -v s="$1" '$1 == s { print $2 }'; }
held() { # what the target holds
	for user in $users; do
		python3 "$TOP/t/oracle.py" dump \
			"imap:127.0.0.1:$new_port:$user:PASSWORD-OF-$user" |
			cut -f 1-4 | LC_ALL=C sort
	done
}
empty() { rm -rf "$new_dir/mail"/*; }
settled() { python3 "$TOP/t/runbook.py" files "$1"; }

# ---- step by step, with people's decisions ----

decided=''
book "$T/one"
check_same 'at first an inventory is due' due "$(state folders.tsv)"
check_rc 0 'make -n shows it' make -n cleanup
check_has 'all of the beginning' "$T/out" 'mbx-plan --makefile'
check 'and does nothing' [ ! -e folders.tsv ]
check_rc 0 'make assess prepare' make -s assess prepare CUTOVER=2026-12-04
check_same 'batches' 'test pilot wave-1 wave-2' \
	"$(sed -n 's/^BATCHES := //p' batches.mk)"
printf 'scope\tkey\tvalue\n*\tcolour\t1\n' >constraints.tsv
check_rc 2 'constraints that are wrong' make -s prepare
check_same 'are told, though there is a plan of before' failed \
	"$(state jobs.tsv)"
rm constraints.tsv
touch mapped.tsv
check_rc 0 'without them' make -s prepare
check_same 'there is a plan again' 'done' "$(state jobs.tsv)"
make -n cleanup >"$T/out" 2>&1
check_same 'make -n shows all that is left' 21 \
	"$(grep -c 'runbook/run [a-z]' "$T/out")"
check_rc 2 'no time for it' make -s test COPY="--until 2024-01-01T06:00:00Z"
check_same 'which comes later' later "$(state full/test.tsv)"
check_rc 0 'make test' make -s test
check_same 'copied and verified' 'done due' \
	"$(state verify/test.tsv) $(state full/pilot.tsv)"
check_rc 2 'make sync stops before the decision' make -s sync
check_has 'which it names' "$T/err" 'touch approve-pilot'
check_same 'the pilot is done, the waves wait' 'done due waiting' \
	"$(state verify/pilot.tsv) $(state approve-pilot) $(state full/wave-1.tsv)"
touch approve-pilot
echo wrong >pw/carl
check_rc 2 'a password that is wrong' make -s sync
failed=$(make -s status | awk -F'\t' '$2 == "failed" { print $1 }')
check_has 'status says what failed, and why' "$T/err" AUTH\|refused\|failed
check_has 'the step' "$T/one/log/${failed%.tsv}.log" carl
check 'it has no product' [ ! -e "$failed" ]
check 'its rows can be looked at' [ -s "work/${failed%.tsv}.rows" ]
echo PASSWORD-OF-carl >pw/carl
mkdir -p work/full
(exec 9>work/full/wave-2.lock && flock 9 && exec sleep 60) &
holder=$!
defer "kill $holder 2>/dev/null"
sleep 0.2
check_same 'a step that runs' running "$(state full/wave-2.tsv)"
check_rc 2 'is not begun twice' make -s sync
check_has 'as is said' "$T/err" 'full/wave-2 is running'
kill $holder
wait $holder 2>/dev/null
sleep 0.1
check_rc 0 'mended, make sync goes on' make -s sync
check_same 'nothing has failed' '' \
	"$(make -s status | awk -F'\t' '$2 == "failed"')"

# What the timer and cron run, on mail that came since.
printf 'Subject: new\n\nnew\n' >"$T/mail"
as_mail sh -c "cat '$T/mail' >'$old_dir/mail/anna/cur/new:2,'"
chmod 755 "$T"
command=$(sed -n 's/^ExecStart=//p' "$TOP/share/runbook/mbx-delta.service")
check_rc 0 "the service's command" sh -c "$command"
check_same 'copies what is new' 1 "$(awk -F'\t' 'NR == 1 {
	for (i = 1; i <= NF; i++) c[$i] = i; next } { n += $c["copied"] }
	END { print n }' delta/2026-12-04T21.tsv)"
if command -v systemd-analyze >/dev/null; then
	check_same 'systemd has nothing to say of its units' '' \
		"$(systemd-analyze verify "$TOP"/share/runbook/mbx-delta.timer \
			"$TOP"/share/runbook/mbx-delta.service 2>&1 |
			grep mbx-delta)"
fi
check_has 'cron has the same' "$TOP/share/runbook/mbx-delta.cron" \
	' cd /srv/migration && make -s delta$'
check_rc 0 'within the hour there is nothing to do' make delta
check_has 'as make says' "$T/out" 'Nothing to be done'
echo wrong >pw/anna
check_rc 2 'a delta at night that fails' make -s delta HOUR=2026-12-04T22
check_same 'is in the table, which later hours see' failed \
	"$(state delta/2026-12-04T22)"
check_has 'with the reason' log/delta/2026-12-04T22.log 'anna.*(AUTH|refused)'
echo PASSWORD-OF-anna >pw/anna
check_rc 0 'the next one' make -s delta HOUR=2026-12-04T23
check_same 'makes up for it' 'delta/2026-12-04T23.tsv done' \
	"$(make -s status | awk -F'\t' '$1 ~ /^delta/ { print $1, $2 }')"
for goal in cutover cleanup; do
	check_rc 2 "make $goal wants a decision" make -s $goal
	touch approve-$goal
	check_rc 0 "then it is done: $goal" make -s $goal
done
check_rc 0 'make validate' make -s validate
check_same 'all is done' 'done' \
	"$(make -s status | tail -n +2 | cut -f 2 | sort -u)"
check_rc 0 'and make has nothing left' make -q sync cutover validate cleanup
python3 "$TOP/t/runbook.py" times . >"$T/before"
# Users at the target read a message: no failure; mail that is gone is one.
find "$new_dir/mail/bert" -path '*/cur/*' -name '*,' -exec mv {} {}S \;
rm -f validate/*
check_rc 0 'flags that changed since do not count' make -s validate
find "$new_dir/mail/bert" -path '*/cur/*' -name '*S' | head -n 1 | xargs rm
rm -f validate/*
check_rc 2 'a message that is gone does' make -s validate

# Every command of a schedule is a target.
check_same 'a schedule has been made' 1 "$(grep -c BEGIN:VCAL schedule.ics)"
cut -f 7 schedule.tsv | grep '^make ' | sort -u >"$T/commands"
check 'with commands' [ "$(wc -l <"$T/commands")" -gt 10 ]
touch mx.tsv approve-rollback
while read -r command; do
	$command -n DOMAINS=example.test -o accounts.tsv >"$T/out" 2>&1 || echo "$command"
done <"$T/commands" >"$T/wrong"
check_same 'which the runbook has' '' "$(cat "$T/wrong")"

# A name that make cannot have.
for name in batch sync gate letters 'a b' '<(x)' fine; do
	printf '%s\tmain\n' "$name"
done | sed '1s/main/stage/' >"$T/jobs"
check_rc 65 'batches that cannot be targets' mbx-plan --makefile "$T/jobs"
check_same 'are named' 5 "$(grep -c 'cannot be a target' "$T/err")"
check_has 'the others are there' "$T/out" '^BATCHES := fine$'

# ---- in one go; killed at every step; killed at any time ----

decided='approve-pilot approve-cutover approve-cleanup'
cat >"$T/kill_at" <<'KILL'
#!/usr/bin/env python3
"""kill_at J STEP|SECONDS: make -jJ, killed with all its children once STEP has
begun, or within so many seconds."""
import os, random, signal, subprocess, sys, time
jobs, what = sys.argv[1:]
lock = None if what[0].isdigit() else "work/%s.lock" % what
if lock and os.path.exists(lock):
    os.unlink(lock)
p = subprocess.Popen(["make", "-s", "-j" + jobs, "cleanup"],
                     start_new_session=True, stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
while lock and p.poll() is None and not os.path.exists(lock):
    time.sleep(0.001)
time.sleep(random.uniform(0, 0.02 if lock else float(what)))
killed = p.poll() is None and (not lock or os.path.exists(lock))
try:
    os.killpg(p.pid, signal.SIGKILL)
except ProcessLookupError:
    pass
p.wait()
print("killed" if killed else "", end="")
KILL
note_times() { python3 "$TOP/t/runbook.py" times . >>"$T/times"; }
# killed NAME J POINT...: a run that is killed at the points, then goes on.
killed() {
	name=$1 jobs=$2 kills=0
	shift 2
	empty
	: >"$T/times"
	book "$T/$name"
	for point; do
		[ -z "$(python3 "$T/kill_at" "$jobs" "$point")" ] ||
			kills=$((kills + 1))
		note_times
	done
	check_rc 0 "$name, $kills kills: make goes on to the end" \
		make -s -j4 cleanup
	note_times
	held >"$T/$name.held"
	settled . >"$T/$name.files"
	check_files 'the target holds the same' "$T/whole.held" "$T/$name.held"
	check_files 'the files are the same' "$T/whole.files" "$T/$name.files"
	# batches.mk is only a part of the step that ends with jobs.tsv.
	check_same 'what was done was not done again' '' \
		"$(grep -v ^batches.mk "$T/times" | sort -u | cut -d ' ' -f 1 | uniq -d)"
	check_rc 0 'nothing is left to do' make -q cleanup
}
empty
book "$T/whole"
began=$(date +%s)
check_rc 0 'all in one go, side by side' make -s -j4 cleanup
took=$(($(date +%s) - began + 1))
held >"$T/whole.held"
settled . >"$T/whole.files"
check 'there is mail' [ "$(wc -l <"$T/whole.held")" -gt 50 ]

set -- folders mapped plan batches jobs/test full/test since/test verify/test \
	jobs/pilot full/pilot since/pilot verify/pilot jobs/wave-1 full/wave-1 \
	since/wave-1 verify/wave-1 jobs/wave-2 full/wave-2 since/wave-2 \
	verify/wave-2 cutover/final cutover/since cutover/checks cleanup/final \
	cleanup/manifests
[ "$SHORT" = 0 ] || set -- plan full/test verify/pilot full/wave-1 \
	cutover/checks cleanup/manifests
steps=$#
killed 'at every step' 1 "$@"
check "at $steps steps" [ $((kills * 10)) -ge $((steps * 8)) ]
if [ "$SHORT" = 0 ]; then
	# shellcheck disable=SC2046
	killed 'at any time' 4 $(awk "BEGIN {
		for (i = 0; i < 20; i++) print $took / 10 }")
	check 'ten times at least' [ $kills -ge 10 ]
fi
cd "$TOP" || exit 1
done_testing
