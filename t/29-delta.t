#!/bin/sh
# What happens at the source after a first run: nothing, new mail, flags, moves
# between folders, folders that are renamed, messages that are expunged.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

# SOURCE: what the source can do (all that Dovecot can).
dovecot_start old sep=/ caps="${SOURCE-}" || exit 1
dovecot_start new sep=/ || exit 1
case ${SOURCE-CONDSTORE} in
*CONDSTORE*) condstore=1 ;;
*) condstore= ;;
esac
old_store=imap:127.0.0.1:$old_port:anna:PASSWORD-OF-anna
new_store=imap:127.0.0.1:$new_port:anna:PASSWORD-OF-anna
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"

at() { # old|new [MESSAGES]: Python on stdin, with `box` logged in
	port=$old_port
	[ "$1" = old ] || port=$new_port
	{
		cat <<-PY
			import imaplib
			box = imaplib.IMAP4("127.0.0.1", $port)
			box.login("anna", "PASSWORD-OF-anna")
			def put(folder, n, flags=""):
			    box.append(folder, flags, imaplib.Time2Internaldate(1e9 + n),
			               b"Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\n%s\r\n"
			               % (n, n, b"x" * (n % 97)))
		PY
		cat
	} | python3 -
}
run() {
	mbx-copy -vv -l "$T/ledger" --source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/pw" --target-secret "file:$T/pw" "$@"
}
result() { column "$1" <"$T/out"; }
sums() { for name in "$@"; do result "$name"; done | paste -sd,; }
dump() { python3 t/oracle.py dump "$1" | LC_ALL=C sort; }
same() { # SENTENCE
	dump "$old_store" >"$T/a"
	dump "$new_store" >"$T/b"
	check_files "$1" "$T/a" "$T/b"
}
said() { grep -c -- "$1" "$T/err" || :; }

at old <<'PY'
for folder in "Archive", "Lists/one", "Lists/two":
    box.create(folder)
for n in range(40):
    put("INBOX", n, "(\\Seen)" if n % 3 else "")
for n in range(100, 130):
    put("Lists/one", n, "(Later)" if n % 2 else "(\\Flagged)")
put("Archive", 200)
PY
check_rc 0 'a first run' run
same 'is whole'

# ---- nothing ----

check_rc 0 'nothing has changed' run
check_same 'and that is what it says' same,71,71,0,0 \
	"$(sums status messages same copied gone)"
[ -z "$condstore" ] ||
	check_same 'no folder is opened' 0 "$(said 'EXAMINE "\|SELECT "')"
cp "$T/ledger/"*.tsv "$T/before"
check_rc 0 'once more' run
check_files 'nothing is written down' "$T/before" "$T/ledger/"*.tsv
rm "$T/ledger/"*.state
check_rc 0 'without KEY.state' run
[ -z "$condstore" ] ||
	check_same 'it is read from the ledger' 0 \
		"$(said 'EXAMINE "\|SELECT "')"
check '- and made anew' [ -s "$(echo "$T/ledger/"*.state)" ]

# ---- new mail, flags ----

at old <<'PY'
for n in range(300, 320):
    put("INBOX", n)
box.select("Lists/one")
box.store("1:9", "+FLAGS", "(\\Answered)")
box.store("10:12", "-FLAGS", "(\\Flagged Later)")
PY
check_rc 0 'new mail and flags' run
check_same 'the two folders' copied,91,71,20,12,0 \
	"$(sums status messages same copied flagged gone)"
same 'is whole'
if [ -n "$condstore" ]; then
	check_same 'the others stay closed' 0 \
		"$(said 'EXAMINE "Archive"\|EXAMINE "Lists/two"')"
	check_same 'of the two only what changed is asked for' 2 \
		"$(said CHANGEDSINCE)"
	check_same 'and nothing is listed whole' 0 "$(said 'UID FETCH 1:\*')"
	check_same 'the target is opened once each' 2 "$(said '> A.* SELECT')"
fi
check_same 'flags that change alike change together' 3 \
	"$(said 'UID STORE')"

# ---- moves, a renamed folder ----

at old <<'PY'
box.select("INBOX")
box._simple_command("UID", "MOVE", "3:12", "Archive")
box._simple_command("UID", "MOVE", "20:24", '"Lists/two"')
box.rename("Lists/one", "Lists/three")
box.select("Archive")
box.store("3", "+FLAGS", "(Moved)")
box.store("4", "-FLAGS", "(\\Seen)")
PY
check_rc 0 'messages are moved, a folder is renamed' run
check_same 'copied, and gone where they were' copied,91,46,45,15 \
	"$(sums status messages same copied gone)"
check_same 'none of them was sent' 0 "$(said 'APPEND "')"
check 'but copied within the target' [ "$(said 'UID COPY')" -ge 3 ]
dump "$new_store" | grep -v '^Lists/one	' >"$T/b"
dump "$old_store" >"$T/a"
check_same 'what is at the source is at the target' '' \
	"$(LC_ALL=C comm -23 "$T/a" "$T/b")"
check_same 'and the old copies are, too' 15 \
	"$(LC_ALL=C comm -13 "$T/a" "$T/b" | grep -c '^INBOX	')"
check_rc 0 'again' run
check_same 'nothing twice' 0 "$(result copied)"

# ---- --delete ----

at new <<'PY'
put("INBOX", 900)
box.select("INBOX")
box.store("1", "+FLAGS", "(\\Deleted)")
PY
at old <<'PY'
box.select("INBOX")
box.store("1:3", "+FLAGS", "(\\Deleted)")
box.expunge()
PY
check_rc 0 'a dry run of --delete' run -n --delete
check_same 'counts' 18 "$(result gone)"
dump "$new_store" >"$T/c"
check_rc 0 '--delete' run --delete --messages "$T/messages"
dump "$new_store" >"$T/b"
dump "$old_store" >"$T/a"
check_same 'what we copied and is expunged is gone' 18 \
	"$(LC_ALL=C comm -23 "$T/c" "$T/b" | wc -l)"
check_same 'what came to the target stays, and the renamed folder' \
	'1 INBOX
30 Lists/one' \
	"$(LC_ALL=C comm -13 "$T/a" "$T/b" | cut -f 1 | uniq -c | sed 's/^ *//')"
check_same 'all of the source is there' '' \
	"$(LC_ALL=C comm -23 "$T/a" "$T/b")"
check_rc 0 'again' run --delete
check_same 'nothing is left to do' same,0,0 "$(sums status copied gone)"

# What the ledger did not write is not ours to take out.
at new <<'PY'
for n in range(400, 410):
    put("Archive", n)
PY
at old <<'PY'
for n in range(400, 410):
    put("Archive", n)
PY
check_rc 0 'mail that was brought by somebody else' run --delete
check_same 'is recognised' 0 "$(result copied)"
at old <<'PY'
box.select("Archive")
box.uid("SEARCH", "ALL")
box.store("*", "+FLAGS", "(\\Deleted)")
box.expunge()
PY
check_rc 0 'and expunged at the source' run --delete
check_same 'stays' 10 "$(dump "$new_store" |
	grep -c "^Archive	.*	.*2001-09-09T01:5[3-9]")"

# Twins that are moved keep each its date.
at old <<'PY'
for n in 1, 2:
    box.append("INBOX", "", imaplib.Time2Internaldate(9e8 + n),
               b"Subject: twin\r\n\r\nthe same\r\n")
PY
check_rc 0 'twins' run
at old <<'PY'
n = int(box.select("INBOX")[1][0])
for one in n, n - 1:
    uid = box.fetch(str(one), "(UID)")[1][0].split()[2].rstrip(b")").decode()
    box._simple_command("UID", "MOVE", uid, "Archive")
PY
check_rc 0 'are moved' run
check_same 'and not sent' 2,0 "$(result copied),$(said 'APPEND "')"
twins() { dump "$1" | grep '^Archive	.*	1998-07'; }
check_same 'each with its date' "$(twins "$old_store")" "$(twins "$new_store")"
done_testing
