#!/bin/sh
# mbx-copy killed, cut off and out of space at one point after another, first
# run and delta: nothing lost, nothing twice, and the end is that of an
# unbroken run.  POINTS= says how many of each kind, PART=i/n a share of them.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh

points=${POINTS:-$([ "$SHORT" = 1 ] && echo 16 || echo 80)}
dovecot_start old users=anna sep=\\ plugins=listescape \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" || exit 1
dovecot_start new users=anna sep=. prefix=INBOX. || exit 1
make_mail "$old_dir/mail/anna" 0
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
mkdir "$T/work"
settings() {
	cat <<-EOT
		source=imap://anna@127.0.0.1:$old_port;tls=none
		target=imap://anna@127.0.0.1:$new_port;tls=none
		secret=file:$T/pw
		work=$T/work
		mail=$new_dir/mail/anna
		oracle=imap:127.0.0.1:$new_port:anna:PASSWORD-OF-anna
		relays=127.0.0.1:$old_port 127.0.0.1:$new_port
		profile=dovecot
	EOT
}
torture() { # MODE SENTENCE
	settings | python3 t/torture.py "$1" "$points" "${PART:-1/1}" >"$T/log" 2>&1
	rc=$?
	if [ $rc -eq 0 ]; then pass "$2: $(tail -n 1 "$T/log")"; else
		fail "$2" "$(cat "$T/log")"
	fi
}
# Some more messages, so that bursts have insides.
python3 - "$old_port" <<'PY'
import imaplib, sys
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("anna", "PASSWORD-OF-anna")
for n in range(30):
    box.append("Projekte", "(\\Seen)" if n % 2 else "(Later)", None,
               b"Subject: %d\r\n\r\n%s\r\n" % (n // 2, b"x" * 700))
PY
torture kill 'first run, killed at system calls'
torture cut 'first run, connections cut'
torture fail 'first run, writes that fail'

mbx-copy -l "$T/work/ledger" -p dovecot \
	--source "imap://anna@127.0.0.1:$old_port;tls=none" \
	--target "imap://anna@127.0.0.1:$new_port;tls=none" \
	--source-secret "file:$T/pw" --target-secret "file:$T/pw" >"$T/first"
python3 - "$old_port" <<'PY'
import imaplib, sys
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("anna", "PASSWORD-OF-anna")
for n in range(12):
    box.append("Projekte", "", None, b"Subject: d%d\r\n\r\nnew\r\n" % n)
box.create("Neu")
box.append("Neu", "(\\Flagged)", None, b"Subject: n\r\n\r\nnew\r\n")
box.select("Projekte")
box.store("3:9", "+FLAGS", "(\\Answered Changed)")
box.store("12", "-FLAGS", "(\\Seen)")
PY
torture kill 'delta, killed at system calls'
torture cut 'delta, connections cut'
done_testing
