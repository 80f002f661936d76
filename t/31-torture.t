#!/bin/sh
# mbx-copy killed, cut off and out of space at one point after another, first
# run and delta: nothing lost, nothing twice, and the end is that of an
# unbroken run.  POINTS= says how many of each kind, PART=i/n a share of them.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh

# The points are shared among accounts that are broken side by side: a run
# after a broken one waits until the target is quiet.
lanes='1 2 3 4'
points=${POINTS:-$([ "$SHORT" = 1 ] && echo 16 || echo 80)}
part=${PART:-1/1}
dovecot_start old users="user1 user2 user3 user4" sep=\\ plugins=listescape \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" || exit 1
dovecot_start new users="user1 user2 user3 user4" sep=. prefix=INBOX. || exit 1
for lane in $lanes; do
	make_mail "$old_dir/mail/user$lane" 0
	printf 'PASSWORD-OF-user%s\n' "$lane" >"$T/pw$lane"
	chmod 600 "$T/pw$lane"
	mkdir "$T/work$lane"
done
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"
settings() { # LANE
	cat <<-EOT
		source=imap://user$1@127.0.0.1:$old_port;tls=none
		target=imap://user$1@127.0.0.1:$new_port;tls=none
		secret=file:$T/pw$1
		work=$T/work$1
		mail=$new_dir/mail/user$1
		oracle=imap:127.0.0.1:$new_port:user$1:PASSWORD-OF-user$1
		relays=127.0.0.1:$old_port 127.0.0.1:$new_port
		profile=dovecot
		options=$options
	EOT
}
one_lane() { # MODE LANE
	settings "$2" | python3 t/torture.py "$1" "$points" \
		"$(((${part%/*} - 1) * 4 + $2))/$((${part#*/} * 4))" \
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
			pass "$2: $(tail -n 1 "$T/log$lane")"
		else
			fail "$2" "$(cat "$T/log$lane")"
		fi
	done
}
# Some more messages, so that bursts have insides.
python3 - "$old_port" <<'PY'
import imaplib, sys
for user in ("user1", "user2", "user3", "user4"):
    box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
    box.login(user, "PASSWORD-OF-" + user)
    for n in range(30):
        box.append("Projekte", "(\\Seen)" if n % 2 else "(Later)", None,
                   b"Subject: %d\r\n\r\n%s\r\n" % (n // 2, b"x" * 700))
PY
options=
torture kill 'first run, killed at system calls'
torture cut 'first run, connections cut'
torture fail 'first run, writes that fail'

for lane in $lanes; do
	mbx-copy -l "$T/work$lane/ledger" -p dovecot \
		--source "imap://user$lane@127.0.0.1:$old_port;tls=none" \
		--target "imap://user$lane@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/pw$lane" \
		--target-secret "file:$T/pw$lane" >"$T/first"
done
python3 - "$old_port" <<'PY'
import imaplib, sys
for user in ("user1", "user2", "user3", "user4"):
    box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
    box.login(user, "PASSWORD-OF-" + user)
    for n in range(12):
        box.append("Projekte", "", None, b"Subject: d%d\r\n\r\nnew\r\n" % n)
    box.create("Neu")
    box.select("Projekte")
    box.store("3:9", "+FLAGS", "(\\Answered Changed)")
    box.store("12", "-FLAGS", "(\\Seen)")
    # What is moved goes ahead of what is new, and twins together: where the
    # ledger is lost nobody knows which of two is which.
    for subject in ("13", "14"):
        typ, found = box.uid("SEARCH", "SUBJECT", subject)
        box._simple_command("UID", "MOVE",
                            found[0].decode().replace(" ", ","), "Neu")
    box.append("Neu", "(\\Flagged)", None, b"Subject: n\r\n\r\nnew\r\n")
    typ, found = box.search(None, "SUBJECT", "12")
    box.store(found[0].decode().replace(" ", ","), "+FLAGS", "(\\Deleted)")
    box.expunge()
PY
options=--delete
torture kill 'delta, killed at system calls'
options= # without its ledger nobody knows what may be taken out
torture cut 'delta, connections cut'
done_testing
