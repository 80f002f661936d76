#!/bin/sh
# A source that is in use while delta follows delta, then the cutover, mail at
# the new server, and the way back: both sides are alike at the end of each.
# SOAK= is how many seconds it is used, EVERY= how often a delta begins.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

soak=${SOAK:-$([ "$SHORT" = 1 ] && echo 8 || echo 20)}
every=${EVERY:-1}
dovecot_start old sep=/ || exit 1
dovecot_start new sep=. prefix=INBOX. || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"

run() {
	mbx-copy -l "$T/ledger" --source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/pw" --target-secret "file:$T/pw" "$@"
}
result() { column "$1" <"$T/out"; }
dump() {
	python3 t/oracle.py dump "imap:127.0.0.1:$1:anna:PASSWORD-OF-anna" |
		sed 's|^INBOX/||' | LC_ALL=C sort
}
alike() { # SENTENCE
	dump "$old_port" >"$T/a"
	dump "$new_port" >"$T/b"
	check_files "$1: $(grep -c '	.*	' "$T/a") messages and folders" "$T/a" "$T/b"
}
# used PORT SECONDS SEED COMMAND...: the command again and again meanwhile.
used() {
	python3 t/soak.py "$1" anna "$2" "$3" >"$T/acts" 2>"$T/acts.err" &
	user=$!
	shift 3
	runs=0 bad=0
	while kill -0 $user 2>/dev/null; do
		"$@" >"$T/out" 2>"$T/err" || {
			bad=$((bad + 1))
			cat "$T/err" "$T/out" >"$T/bad"
		}
		runs=$((runs + 1))
		sleep "$every"
	done
	wait $user
	check_same "in use: $(cat "$T/acts" "$T/acts.err")" 0 $?
	check_same "$runs runs meanwhile" 0 $bad
	[ $bad -eq 0 ] || sed 's/^/# /' "$T/bad"
}

used "$old_port" "$soak" old run --delete
check_rc 0 'the cutover' run --delete --mark
alike 'both sides are alike'
check_rc 0 'once more' run --delete
check_same 'has nothing to do' same,0,0,0 "$(for name in status copied flagged gone
	do result $name; done | paste -sd,)"

# Mail comes to the new server, and is carried back.
python3 - "$new_port" <<'PY'
import sys
sys.path.insert(0, "t")
import soak
box = soak.Mailbox(int(sys.argv[1]), "anna", "new")
for n in range(40):
    box.arrive()
    if n % 10 == 0:
        box.box.create("INBOX.new%d" % n)
        box.folders.append("INBOX.new%d" % n)
PY
check_rc 0 'the way back' run --reverse
check 'something was carried' [ "$(result copied)" -gt 40 ]
alike 'both sides are alike'
check_rc 0 'and forward' run
check_same 'nothing bounces' same,0 "$(result status),$(result copied)"
check_rc 0 'and back' run --reverse
check_same 'nothing bounces' same,0 "$(result status),$(result copied)"
alike 'both sides are alike'
done_testing
