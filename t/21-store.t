#!/bin/sh
# The stores on disk, judged by others: Dovecot reads what we wrote, we read
# what Dovecot wrote, both layouts, and nothing of it changes meanwhile.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

unit=$B/t/unit/store
# show URL: what the store sees, sorted as oracle.py does it.
show() {
	STORE_SHOW=$1 "$unit" | sed -n 's/^# //p' | grep -v '^subscribed ' |
	    LC_ALL=C sort -s -t "$(printf '\t')" -k 1,1
}
oracle() {
	python3 t/oracle.py dump "$1" |
	    LC_ALL=C sort -s -t "$(printf '\t')" -k 1,1
}
subscribed() {
	STORE_SHOW=$1 "$unit" | sed -n 's/^# subscribed //p' | LC_ALL=C sort
}
# lsub PORT USER: Dovecot's own list of subscriptions.
lsub() {
	python3 - "$1" "$2" <<-'PY' | LC_ALL=C sort
	import imaplib, re, sys
	sys.path.insert(0, "t")
	import oracle
	box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])
	names = []
	box.send(b"a LSUB \"\" *\r\n")
	while True:
	    line = box.readline()
	    if line.startswith(b"a "):
	        break
	    m = re.match(rb'\* LSUB \(([^)]*)\) "([^"]*)" (.*)\r\n', line)
	    while re.search(rb"\{(\d+)\}$", m.group(3)):
	        raw = box.read(int(re.search(rb"\{(\d+)\}$", line.strip()).group(1)))
	        box.readline()
	        break
	    else:
	        raw = m.group(3)
	        if raw.startswith(b'"'):
	            raw = re.sub(rb"\\(.)", rb"\1", raw[1:-1])
	    if b"noselect" in m.group(1).lower():
	        continue
	    names.append("/".join(p.replace("%", "%25") for p in
	        oracle.utf7(raw.decode()).replace("\\2f", "\0").split("/"))
	        .replace("\0", "%2F"))
	print("\n".join(names))
	PY
}
# fill PORT USER: Dovecot writes a mailbox, its own way.
fill() {
	python3 - "$1" "$2" <<-'PY'
	import imaplib, sys
	box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])
	names = ["INBOX", "a.b", "&APw-/&ZeVnLA-", "~x/~y", "R&-D", "back\\\\s",
	         "INBOX/sub", "deep/er/still", "with blank", "..."]
	for at, name in enumerate(names):
	    quoted = '"' + name + '"'
	    if name != "INBOX":
	        assert box.create(quoted)[0] == "OK", name
	    if at % 2:
	        assert box.subscribe(quoted)[0] == "OK", name
	    for n in range(12):
	        flags = ["", "\\Seen", "\\Answered \\Flagged", "$Label1",
	                 "Work \\Draft", "\\Deleted"][n % 6]
	        text = "From: a@b\r\nSubject: %d\r\n\r\n%s\r\n" % (n, "x" * n * 99)
	        date = '"%02d-Feb-2020 10:00:00 +0000"' % (28 - n)
	        assert box.append(quoted, "(" + flags + ")", date,
	                          text.encode())[0] == "OK"
	    box.select(quoted)
	    box.store("3", "+FLAGS", "(\\Seen Late)")
	    box.close() if n % 2 else box.unselect()
	box.logout()
	PY
}
state() {
	(cd "$1" && find . -type f ! -name 'dovecot*' ! -name maildirfolder \
	    -printf '%p %T@ %s\n' -exec sha256sum {} + | LC_ALL=C sort)
}

port=
both() { # NAME STORAGE SUFFIX OF THE URL
	dovecot_start "$1" plugins=listescape sep=/ users='anna bert' \
		storage="maildir:$T/$1/mail/%u$2" tls=no
	eval "port=\$$1_port"
	mail=$T/$1/mail
	STORE_LEAVE="maildir:$mail/anna$3" "$unit" >"$T/log" 2>&1 ||
	    fail "$1: a mailbox is written" "$(cat "$T/log")"
	[ "$(id -u)" -ne 0 ] || chown -R "$dv_owner" "$mail"
	state "$mail/anna" >"$T/$1.before"
	# No name of IMAP holds its own separator: / within a level stays ours.
	show "maildir:$mail/anna$3" >"$T/$1.all"
	check_has "$1: a / within a level is kept" "$T/$1.all" '^half%2Fslash'
	grep -v '^half%2Fslash' "$T/$1.all" >"$T/$1.ours"
	state "$mail/anna" >"$T/$1.after"
	check_files "$1: nothing changed while we read" "$T/$1.before" \
	    "$T/$1.after"
	subscribed "maildir:$mail/anna$3" >"$T/$1.subs"
	oracle "imap:127.0.0.1:$port:anna:PASSWORD-OF-anna" >"$T/$1.theirs"
	check_has "$1: something was compared" "$T/$1.theirs" 'Work'
	check_files "$1: Dovecot sees what we wrote" "$T/$1.ours" "$T/$1.theirs"
	lsub "$port" anna >"$T/$1.lsub"
	check_has "$1: some are subscribed" "$T/$1.lsub" 'Entwürfe'
	check_files "$1: and the subscriptions" "$T/$1.subs" "$T/$1.lsub"

	fill "$port" bert
	oracle "imap:127.0.0.1:$port:bert:PASSWORD-OF-bert" >"$T/$1.theirs"
	lsub "$port" bert >"$T/$1.lsub"
	show "maildir:$mail/bert$3" >"$T/$1.ours"
	subscribed "maildir:$mail/bert$3" >"$T/$1.subs"
	check_has "$1: Dovecot wrote something" "$T/$1.theirs" 'Late'
	check_files "$1: we see what Dovecot wrote, in its order" \
	    "$T/$1.theirs" "$T/$1.ours"
	check_files "$1: and its subscriptions" "$T/$1.lsub" "$T/$1.subs"
	dovecot_stop "$1"
}
both dots '' ''
both nested ':LAYOUT=fs' ';layout=fs'
done_testing
