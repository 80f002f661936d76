#!/bin/sh
# mbx-copy while nobody watches: a limit to failures, a log, an end of the
# night, rates and limits, and a check beforehand.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

dovecot_start old users='anna bert carl dora' || exit 1
dovecot_start new users='anna bert carl dora' || exit 1
for user in anna bert carl dora; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
done
printf 'WRONG-SECRET-7\n' >"$T/wrong.pw"
chmod 600 "$T"/*.pw
# fill USER FOLDER COUNT SIZE: messages at the source.
fill() {
	python3 - "$old_port" "$@" <<'PY'
import imaplib, socket, sys
port, user, folder, count, size = sys.argv[1:]
box = imaplib.IMAP4("127.0.0.1", int(port))
box.login(user, "PASSWORD-OF-" + user)
box.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
box.create(folder)
for n in range(int(count)):
    text = "Subject: %s %d\r\n\r\n" % (folder, n)
    text += ("x" * 70 + "\r\n") * (int(size) // 72)
    box.append(folder, None, None, text.encode())
box.logout()
PY
}
from() { echo "imaps://$1@localhost:$old_imaps;ca=$old_ca"; }
to() { echo "imaps://$1@localhost:$new_imaps;ca=$new_ca"; }
# jobs USER[:SECRET]...: job rows.
jobs() {
	printf 'account\tsource\tsource_secret\ttarget\ttarget_secret\n'
	for job; do
		user=${job%:*}
		printf '%s\t%s\tfile:%s\t%s\tfile:%s\n' "$user" "$(from "$user")" \
			"$T/${job#*:}.pw" "$(to "$user")" "$T/$user.pw"
	done
}
result() { column "$1" <"$T/out" | paste -sd,; }
# The oracle's view of both sides is the same.
check_whole() {
	for side in old new; do
		eval "port=\$${side}_port"
		python3 t/oracle.py dump "imap:127.0.0.1:$port:$2:PASSWORD-OF-$2" |
			LC_ALL=C sort >"$T/$side.dump"
	done
	check_files "$1" "$T/old.dump" "$T/new.dump"
}
for user in anna bert carl dora; do fill $user INBOX 3 1000; done

# ---- --max-failures, --log ----

jobs anna bert:wrong carl dora >"$T/jobs"
check_rc 1 '--max-failures' mbx-copy -l "$T/ledger" --max-failures 1 \
	--log "$T/log" "$T/jobs"
check_same 'what comes behind is deferred, and says why' \
	'copied,failed,deferred,deferred ,AUTH,POLICY,POLICY' \
	"$(result status) $(result code)"
check_same 'and has no ledger' 2 "$(find "$T/ledger" -name '*.tsv' | wc -l)"
check_same 'the log has the rows that were begun, and how each one ended' \
	'begin anna,begin bert,begin mbx-copy,end anna copied,end bert failed,end carl deferred,end dora deferred,end mbx-copy run' \
	"$(awk -F'\t' '$2 == "begin" { print $2, $4 } $2 == "end" { print $2, $4, $5 }' \
		"$T/log" | LC_ALL=C sort | paste -sd,)"
check_hasnt 'and no secret' "$T/log" 'WRONG-SECRET|PASSWORD-OF'
jobs anna bert carl dora >"$T/jobs"
check_rc 0 'the same once more' mbx-copy -l "$T/ledger" --max-failures 1 \
	--log "$T/log" "$T/jobs"
check_same 'does the rest' same,copied,copied,copied "$(result status)"
check_same 'the log goes on' 2 "$(grep -c 'end		mbx-copy	run	exit [01]$' "$T/log")"
# shellcheck disable=SC2016
check 'it is synced at the end' sh -c '
	strace -f -y -qq -o "$1/trace" -e trace=fsync mbx-copy -q -l "$1/ledger" \
		--log "$1/log" "$1/jobs" >/dev/null
	grep -q "fsync([0-9]*<$1/log>) *= 0" "$1/trace"' sh "$T"

# ---- rate_Bps ----

took() { # COMMAND...: its seconds are in $took
	begun=$(date +%s%N)
	"$@" >"$T/out" 2>"$T/err"
	rc=$?
	took=$((($(date +%s%N) - begun) / 1000000))
}
fill carl Slow 40 20000
jobs carl | sed '1s/$/\trate_Bps/; 2,$s/$/\t200000/' >"$T/slow"
took mbx-copy -l "$T/ledger" "$T/slow"
check_same 'a job with a rate of its own' '0 copied' "$rc $(result status)"
check 'takes 800,000 octets in 4 s, not in 2 and not in 12' \
	[ $((took >= 2500 && took <= 12000)) = 1 ]
check_whole 'and all are there' carl
jobs dora | sed '1s/$/\trate_Bps/; 2,$s/$/\tfast/' >"$T/wrong"
check_rc 78 'a rate that is none' mbx-copy -l "$T/ledger" "$T/wrong"
check_has 'is named' "$T/err" "rate_Bps: 'fast'"

# ---- the first process killed ----

sed '2,$s/200000$/40000/' "$T/slow" >"$T/slower" # 20 s
mbx-copy -q -l "$T/killed" "$T/slower" >"$T/out" 2>&1 &
first=$!
until [ -s "$(echo "$T"/killed/*.tsv)" ]; do sleep 0.05; done
worker=$(cat "/proc/$first/task/$first/children")
kill -9 $first
wait $first 2>/dev/null
# shellcheck disable=SC2016,SC2086 # one word
check 'its worker ends too, or it would hold the ledger' sh -c '
	kill -0 "$1" || exit # too early
	for turn in $(seq 100); do
		kill -0 "$1" 2>/dev/null || exit 0
		sleep 0.05
	done
	exit 1' sh $worker

# ---- --until ----

soon() { date -u -d "+$1 seconds" +%Y-%m-%dT%H:%M:%SZ; }
fill anna Long 100 10000
fill anna Longer 50 20000
jobs anna bert dora | sed '1s/$/\trate_Bps/; 2,$s/$/\t150000/' >"$T/jobs"
took mbx-copy -l "$T/ledger" --until "$(soon 4)" --log "$T/log2" "$T/jobs"
check_same 'an end in the middle of a row' 75 "$rc"
check_same 'what is not finished is deferred, and so is what was not begun' \
	'deferred,deferred,deferred POLICY,POLICY,POLICY' \
	"$(result status) $(result code)"
copied=$(column copied <"$T/out" | head -n 1)
check "a part is copied: $copied of 150" [ $((copied > 20 && copied < 140)) = 1 ]
check 'it goes on to the end of what is under way, not longer' \
	[ $((took >= 3000 && took < 12000)) = 1 ]
check_same 'nothing is in doubt: what was intended has an answer' '' "$(awk -F'\t' '
	$1 == "intent" { doubt[FILENAME, $3, $4, $5] = 1 }
	$1 == "done" { delete doubt[FILENAME, $3, $4, $5]; done++ }
	END { for (d in doubt) print d; if (!done) print "none" }' "$T"/ledger/*.tsv)"
check_same 'rows that were not begun have no beginning' 'anna' \
	"$(awk -F'\t' '$2 == "begin" && $5 == "" { print $4 }' "$T/log2" | xargs)"
jobs anna bert dora >"$T/jobs"
check_rc 0 'the next night' mbx-copy -l "$T/ledger" --until "$(date -u -d '2 hours' +%H:%M)" \
	"$T/jobs"
check_same 'has the rest' "$((150 - copied)),0,0" "$(result copied)"
check_whole 'once' anna
check_rc 0 'a time that was a minute ago is that of tomorrow' mbx-copy \
	-l "$T/ledger" --until "$(date -u -d '-1 minute' +%H:%M)" "$T/jobs"
check_rc 75 'an end that is over' mbx-copy -l "$T/ledger" \
	--until 2020-01-01T00:00:00Z -j 2 "$T/jobs"
check_same 'nothing is begun' deferred,deferred,deferred "$(result status)"
jobs anna:wrong bert >"$T/jobs"
for wrong in 24:00 6:00 06:00:00 06:0 tomorrow; do
	check_rc 64 "--until $wrong is no time" mbx-copy -l "$T/ledger" \
		--until "$wrong" "$T/jobs"
done
done_testing
