#!/bin/sh
# mbx-copy killed, cut off and out of space at one point after another, its
# servers killed, first run and delta: nothing lost, nothing twice, and the end
# is that of an unbroken run.  POINTS= says how many system calls of each run
# are points, the other kinds go with it; WHOLE=1 takes all, PART=i/n a share of
# them; ROWS=FILE gets the results.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh

# The points are shared among accounts that are broken side by side: a run
# after a broken one waits until the target is quiet.
lanes='1 2 3 4'
points=${POINTS:-$([ "$SHORT" = 1 ] && echo 16 || echo 120)}
part=${PART:-1/1} whole=${WHOLE:-0}
start=dovecot
[ "$(id -u)" -ne 0 ] ||
	start="setpriv --reuid=$dv_owner --regid=$dv_group --clear-groups dovecot"
for lane in $lanes; do
	dovecot_start "old$lane" users="user$lane" sep=\\ plugins=listescape \
		storage="maildir:$T/old$lane/mail/%u:LAYOUT=fs" || exit 1
	dovecot_start "new$lane" users="user$lane" sep=. prefix=INBOX. || exit 1
	make_mail "$T/old$lane/mail/user$lane" 0
	printf 'PASSWORD-OF-user%s\n' "$lane" >"$T/pw$lane"
	chmod 600 "$T/pw$lane"
	mkdir "$T/work$lane"
	[ "$(id -u)" -ne 0 ] || chown -R nobody "$T/old$lane/mail"
done
ports() { # LANE: of its servers in $from and $to
	eval "from=\$old$1_port to=\$new$1_port"
}
settings() { # LANE
	ports "$1"
	cat <<-EOT
		source=imap://user$1@127.0.0.1:$from;tls=none
		target=imap://user$1@127.0.0.1:$to;tls=none
		secret=file:$T/pw$1
		work=$T/work$1
		mail=$T/new$1/mail/user$1
		oracle=imap:127.0.0.1:$to:user$1:PASSWORD-OF-user$1
		relays=127.0.0.1:$from 127.0.0.1:$to
		servers=$T/old$1 $T/new$1
		start=$start -c
		profile=dovecot
		options=$options
		phase=$phase $1
		rows=${ROWS:-}
	EOT
}
# most MODE: points of a kind, of all lanes and parts together; 0: all there are,
# in each lane.
most() {
	if [ "$whole" = 1 ]; then
		case $1 in
		random) echo 500 ;;
		cut) echo 1500 ;;
		server) echo 100 ;;
		*) echo 0 ;;
		esac
		return
	fi
	case $1 in
	kill) echo "$points" ;;
	ledger) echo $((points * 7 / 10)) ;; # all
	cut) echo $((points / 2)) ;;
	random | fail) echo $((points / 4)) ;;
	server) echo $((points / 20 + 3)) ;;
	esac
}
one_lane() { # MODE LANE
	most=$(most "$1") share=$part
	[ "$most" -eq 0 ] ||
		share=$(((${part%/*} - 1) * 4 + $2))/$((${part#*/} * 4))
	settings "$2" | python3 t/torture.py "$1" "$most" "$share" \
		>"$T/log$2" 2>&1
	echo $? >"$T/rc$2"
}
torture() { # MODE SENTENCE
	pids=
	for lane in $lanes; do
		one_lane "$1" "$lane" &
		pids="$pids $!"
	done
	# shellcheck disable=SC2086 # words
	wait $pids
	for lane in $lanes; do
		if [ "$(cat "$T/rc$lane")" = 0 ]; then
			pass "$phase run, $2: $(tail -n 1 "$T/log$lane")"
		else
			fail "$phase run, $2" "$(cat "$T/log$lane")"
		fi
	done
}
at() { # LANE: Python on stdin, with `box` logged in
	ports "$1"
	{
		cat <<-PY
			import imaplib
			box = imaplib.IMAP4("127.0.0.1", $from)
			box.login("user$1", "PASSWORD-OF-user$1")
			more = ["More%d" % n for n in range($whole * 8 * $1)]
		PY
		cat
	} | python3 -
}
# Some more messages, so that bursts have insides.
for lane in $lanes; do
	at "$lane" <<-'PY'
		for n in range(30):
		    box.append("Projekte", "(\\Seen)" if n % 2 else "(Later)", None,
		               b"Subject: %d\r\n\r\n%s\r\n" % (n // 2, b"x" * 700))
		for folder in more:
		    box.create(folder)
		    for n in range(20):
		        box.append(folder, "", None, b"Subject: %d\r\n\r\n%s\r\n"
		                   % (n, b"x" * 70 * n * n))
	PY
done
phase=first options=
torture kill 'killed at system calls'
torture ledger 'killed before and behind what writes the ledger'
torture random 'killed at any time'
torture fail 'writes that fail'
torture cut 'connections cut'
torture server 'servers killed'

for lane in $lanes; do
	ports "$lane"
	mbx-copy -l "$T/work$lane/ledger" -p dovecot \
		--source "imap://user$lane@127.0.0.1:$from;tls=none" \
		--target "imap://user$lane@127.0.0.1:$to;tls=none" \
		--source-secret "file:$T/pw$lane" \
		--target-secret "file:$T/pw$lane" >"$T/first"
	# What is moved goes ahead of what is new, and twins together: where the
	# ledger is lost nobody knows which of two is which.
	at "$lane" <<-'PY'
		for n in range(12):
		    box.append("Projekte", "", None, b"Subject: d%d\r\n\r\nnew\r\n" % n)
		for folder in more:
		    box.append(folder, "", None, b"Subject: m\r\n\r\nnew\r\n")
		    box.select(folder)
		    box.store("3:5", "+FLAGS", "(%s)" % folder)
		box.create("Neu")
		box.select("Projekte")
		box.store("3:9", "+FLAGS", "(\\Answered Changed)")
		box.store("12", "-FLAGS", "(\\Seen)")
		for subject in ("13", "14"):
		    typ, found = box.uid("SEARCH", "SUBJECT", subject)
		    box._simple_command("UID", "MOVE",
		                        found[0].decode().replace(" ", ","), "Neu")
		box.append("Neu", "(\\Flagged)", None, b"Subject: n\r\n\r\nnew\r\n")
		typ, found = box.search(None, "SUBJECT", "12")
		box.store(found[0].decode().replace(" ", ","), "+FLAGS", "(\\Deleted)")
		box.expunge()
	PY
done
phase=delta options=--delete
torture kill 'killed at system calls'
torture ledger 'killed before and behind what writes the ledger'
torture random 'killed at any time'
torture fail 'writes that fail'
options= # without its ledger nobody knows what may be taken out
torture cut 'connections cut'
torture server 'servers killed'
done_testing
