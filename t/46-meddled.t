#!/bin/sh
# Somebody makes a folder of the target anew while a delta is under way; a
# server tells only some of what is there, or asks for patience: no message is
# changed that is not the one that was meant, and no change is forgotten.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

users='flags gone short busy'
dovecot_start old sep=/ users="$users" || exit 1
dovecot_start new sep=/ users="$users" || exit 1
cat >"$T/box.py" <<'PY'
import imaplib
import sys
import time
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])


def fill(subject):
    box.create("A")
    for n in range(20):
        box.append("A", "", None, b"Subject: %s\r\n\r\n%d\r\n" % (subject, n))
PY
at() { # PORT USER: Python on stdin
	{ cat "$T/box.py" - && echo 'box.logout()'; } >"$T/at.py"
	python3 "$T/at.py" "$1" "$2"
}
# Another A in the place of this one; UIDVALIDITY is the second.
{
	cat "$T/box.py"
	printf '%s\n' 'box.delete("A")' 'time.sleep(1.1)' 'fill(b"precious")'
} >"$T/anew.py"
# meddled USER PORT MODE...: from when there is $T/on, its port is in $port.
meddled() {
	user=$1
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
	chmod 600 "$T/$user.pw"
	rm -f "$T/on" "$T/port"
	meddle_at=$2
	shift 2
	python3 t/servers/meddler.py "$meddle_at" "$T/on" "$@" >"$T/port" \
		2>"$T/meddler.err" &
	defer "kill $!"
	while [ ! -s "$T/port" ]; do sleep 0.05; done
	port=$(cat "$T/port")
	at "$old_port" "$user" <<-'PY'
		fill(b"mail")
	PY
}
run() { # SOURCE-PORT TARGET-PORT
	from=$1 to=$2
	shift 2
	mbx-copy -l "$T/ledger" --source "imap://$user@127.0.0.1:$from;tls=none" \
		--target "imap://$user@127.0.0.1:$to;tls=none" \
		--source-secret "file:$T/$user.pw" \
		--target-secret "file:$T/$user.pw" "$@"
}
dump() { # PORT
	python3 t/oracle.py dump "imap:127.0.0.1:$1:$user:PASSWORD-OF-$user" |
		LC_ALL=C sort
}
# target FLAG: how many of A have it, and how many are precious.
target() {
	at "$new_port" "$user" <<-PY
		box.select("A")
		print(*(len(box.search(None, *what)[1][0].split())
		        for what in (["$1"], ["SUBJECT", "precious"])))
	PY
}

# ---- the folder is another one by now ----

meddled flags "$new_port" before 'SELECT "A"' 1 \
	python3 "$T/anew.py" "$new_port" flags
check_rc 0 'a first run' run "$old_port" "$port"
at "$old_port" flags <<'PY'
box.select("A")
box.store("5:9", "+FLAGS", "(\\Flagged)")
PY
: >"$T/on"
check_rc 75 'flags, and the folder is made anew' run "$old_port" "$port"
check_has 'is another folder' "$T/out" UIDVALIDITY
check_same 'in which nothing is changed' '0 20' "$(target FLAGGED)"

# It has been read already; the next SELECT is to take out.
meddled gone "$new_port" before 'SELECT "A"' 2 \
	python3 "$T/anew.py" "$new_port" gone
check_rc 0 'a first run' run "$old_port" "$port" --delete
at "$old_port" gone <<'PY'
box.select("A")
box.store("5:9", "+FLAGS", "(\\Deleted)")
box.expunge()
PY
: >"$T/on"
check_rc 0 'expunged, and the folder is made anew' \
	run "$old_port" "$port" --delete
check_same 'of which nothing is taken out' '0 20' "$(target DELETED)"

# ---- what is there is not told whole ----

meddled short "$old_port" short
check_rc 0 'a first run' run "$port" "$new_port" --delete
at "$old_port" short <<'PY'
box.select("A")
box.store("5", "+FLAGS", "(\\Deleted)")
box.expunge()
PY
: >"$T/on"
check_rc 0 'one is expunged, and ESEARCH tells of three' \
	run "$port" "$new_port" --delete
check_same 'one is taken out' 1 "$(column gone <"$T/out")"
dump "$old_port" >"$T/a"
dump "$new_port" >"$T/b"
check_files 'and all others stay' "$T/a" "$T/b"

# ---- not now ----

meddled busy "$new_port" busy STORE
check_rc 0 'a first run' run "$old_port" "$port"
at "$old_port" busy <<'PY'
box.select("A")
box.store("5", "+FLAGS", "(\\Flagged)")
PY
: >"$T/on"
check_rc 0 'a STORE is put off' run "$old_port" "$port"
dump "$old_port" >"$T/a"
dump "$new_port" >"$T/b"
check_files 'and done' "$T/a" "$T/b"
done_testing
