#!/bin/sh
# mbx-copy goes on where it was: after a connection was cut, when a server asks
# for patience, and with flags that a killed run had no time to look at.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/imap4d.sh
. t/servers/scripted.sh

dovecot_start new users='anna bert' || exit 1
imap4d_start gnu anna || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
mkdir -p "$T/old/cur" "$T/old/new" "$T/old/tmp"
for n in $(seq 200); do
	printf 'Subject: %s\n\n%s\n' "$n" "$(head -c 3000 /dev/zero | tr '\0' x)" \
		>"$T/old/cur/$n.x:2,FS"
done
run() { # TARGET LEDGER [wrapper...]
	run_to=$1 run_ledger=$2
	shift 2
	"$@" mbx-copy ${profile:+-p $profile} -l "$run_ledger" --source "maildir:$T/old" \
		--target "$run_to" --target-secret "file:$T/pw"
}
result() { column "$1" <"$T/out"; }
dump() { python3 t/oracle.py dump "$1" | LC_ALL=C sort; }

# ---- cut: one run is enough ----

python3 - "$new_port" "$T/relay" <<'PY' &
import sys, time
sys.path.insert(0, "t")
import torture
relay = torture.Relay("127.0.0.1:" + sys.argv[1])
relay.cut_at = (0, 300000, False)
with open(sys.argv[2], "w") as f:
    f.write("%d\n" % relay.port)
time.sleep(120)
PY
defer "kill $!"
until [ -s "$T/relay" ]; do sleep 0.05; done
check_rc 0 'a connection that is cut in the middle' \
	run "imap://anna@127.0.0.1:$(cat "$T/relay");tls=none" "$T/ledger"
check_same 'one run, which counts each message once' 200,0,200 \
	"$(result messages),$(result failed),$(($(result copied) + $(result same)))"
dump "maildir:$T/old" >"$T/a"
dump "imap:127.0.0.1:$new_port:anna:PASSWORD-OF-anna" >"$T/b"
check_files 'and all is there, once' "$T/a" "$T/b"

# ---- patience ----

scripted_start slow 'box=INBOX 0' \
	'at=APPEND#2 say %t NO [THROTTLED] Suggested Backoff Time: 1200 milliseconds\r\n'
start=$(date +%s)
check_rc 0 'a server that asks for patience gets it' \
	run "imap://anna@127.0.0.1:$slow_port;tls=none" "$T/ledger2"
check_same 'all is copied' 200 "$(($(result copied) + $(result same)))"
check 'not before the time was up' [ $(($(date +%s) - start)) -ge 1 ]
check_same 'one copy each' 200 "$(python3 t/oracle.py dump \
	"imap:127.0.0.1:$slow_port:anna:PASSWORD-OF-anna" | cut -f 2 | sort -u |
	wc -l)"

scripted_start full 'box=INBOX 0' 'at=AUTHENTICATE say %t NO [AUTHENTICATIONFAILED] no\r\n'
check_rc 77 'refused credentials' \
	run "imap://anna@127.0.0.1:$full_port;tls=none" "$T/ledger3"
check_same 'are tried once' 1 "$(grep -c AUTHENTICATE "$T/full.said")"

# ---- killed between the last append and the look at the flags ----

# imap4d takes flags by STORE only; the look at them is what notices.
gnu="imap://anna%40here@127.0.0.1:$gnu_port;tls=none;auth=LOGIN"
rm "$T"/old/cur/[1-9]?*.x*
# shellcheck disable=SC2016
check 'a run is killed when all is appended' sh -c '
	n=0
	while n=$((n + 1)); do
		strace -f -qq -o "$1/trace" -e trace=fdatasync \
			-e inject=fdatasync:signal=SIGKILL:when=$n \
			mbx-copy -q -l "$1/ledger4" \
			--source "maildir:$1/old" --target "$2" \
			--target-secret "file:$1/pw" >/dev/null 2>&1
		[ "$(grep -hc "^done" "$1"/ledger4/*.tsv)" -lt 9 ] || break
		rm -r "$1/ledger4"
		[ $n -lt 9 ]
	done
	grep -q "killed by SIGKILL" "$1/trace"' sh "$T" "$gnu"
check_rc 0 'the next one' run "$gnu" "$T/ledger4"
check_has 'sees that imap4d lost what it had acknowledged' "$T/out" '	copied	'
check_rc 0 'and the next' run "$gnu" "$T/ledger4"
check_same 'has nothing to copy' 0,9 "$(result copied),$(result same)"
dump "maildir:$T/old" | cut -f 1,3 >"$T/a"
dump "imap:127.0.0.1:$gnu_port:anna@here:PASSWORD-OF-anna" | cut -f 1,3 >"$T/b"
check_files 'and finds the flags that are missing' "$T/a" "$T/b"
done_testing
