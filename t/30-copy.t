#!/bin/sh
# mbx-copy between real servers and files: nothing lost, nothing twice, the
# source untouched, and every run the same command.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. share/demo/mail.sh

dovecot_start old users='anna bert carl' sep=\\ \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" plugins=listescape \
	special=yes || exit 1
dovecot_start new users='anna bert carl dora emil full' sep=. prefix=INBOX. \
	special=yes quota=900K plugins=quota || exit 1
make_mail "$old_dir/mail/anna" 1
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"
for user in anna bert carl dora emil full; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
done
chmod 600 "$T"/*.pw

# The oracle's view, names as the source has them.
dump() {
	python3 t/oracle.py dump "imap:127.0.0.1:$1:$2:PASSWORD-OF-$2" |
		sed 's,^INBOX/,,; s/^Drafts	/Entwürfe	/; s/^Sent	/Gesendet	/; s/^\([^	]*\)=2E/\1./; s/^\([^	]*\)=2F/\1%2F/' |
		LC_ALL=C sort | grep -Ev '^(Entwürfe|Gesendet|Trash|Junk|Archive)	*$'
}
state() { python3 t/oracle.py state "imap:127.0.0.1:$1:$2:PASSWORD-OF-$2"; }
files() {
	(cd "$1" && find . -type f ! -name 'dovecot*' ! -name maildirfolder \
		-printf '%p %T@ %s\n' -exec sha256sum {} + | LC_ALL=C sort)
}
from() { echo "imap://$1@localhost:$old_port;ca=$old_ca"; }
to() { echo "imaps://$1@localhost:$new_imaps;ca=$new_ca"; }
# run SOURCE TARGET [option...]: users; the result row is in $T/out.
run() {
	run_from=$1 run_to=$2
	shift 2
	mbx-copy -l "$T/ledger" -p dovecot --source "$(from "$run_from")" \
		--source-secret "file:$T/$run_from.pw" --target "$(to "$run_to")" \
		--target-secret "file:$T/$run_to.pw" "$@"
}
result() { column "$1" <"$T/out" | paste -sd,; }
# imap PORT USER: Python's imaplib as `box`, the program is on stdin.
imap() {
	{
		echo "import imaplib, sys"
		echo "box = imaplib.IMAP4('127.0.0.1', $1)"
		echo "box.login('$2', 'PASSWORD-OF-$2')"
		cat
		echo "box.logout()"
	} | python3 -
}

# ---- a first run, and a second one that has nothing to do ----

state "$old_port" anna >"$T/source.state"
files "$old_dir/mail/anna" >"$T/source.files"
check_rc 0 'a dry run ends in 0' run anna anna -n
check_same '-n: what would be copied' planned,15,0 \
	"$(result status),$(result copied),$(result same)"
check '-n makes no ledger' [ ! -e "$T/ledger" ]
check_same '-n leaves the target empty' '' "$(dump "$new_port" anna |
	grep -v '^INBOX	*$')"
check_rc 1 'quota on the target: a mailbox of 900 K is not enough' \
	run anna full --messages "$T/messages"
check_same 'that is a failure of this row, code QUOTA' failed,QUOTA \
	"$(result status),$(result code)"
check_has 'and a row for the message that was refused' "$T/messages" \
	'refused	QUOTA'
dovecot_stop new
sed -i 's/quota_rule = .*/quota_rule = *:storage=100M/' "$new_dir/dovecot.conf"
dovecot_again new
check_rc 0 'with a larger quota the same command finishes' run anna full
check_same 'what it refused is copied now' copied "$(result status)"
check_rc 0 'the first run' run anna anna --messages "$T/messages"
check_same 'every message' copied,15,15,0 "$(for c in status messages copied failed
	do result $c; done | paste -sd,)"
dump "$old_port" anna >"$T/a"
dump "$new_port" anna >"$T/b"
check_files 'the target has what the source serves, in its folders' "$T/a" "$T/b"
dump "$new_port" full >"$T/b"
check_files 'so has the one that was full' "$T/a" "$T/b"
check_same 'no message had to be told about' 1 "$(wc -l <"$T/messages")"
state "$old_port" anna >"$T/source.after"
check_files 'the source is as it was, by IMAP' "$T/source.state" \
	"$T/source.after"
files "$old_dir/mail/anna" >"$T/source.after"
check_files 'and on the disk' "$T/source.files" "$T/source.after"
check_same 'subscriptions follow' 'INBOX.Projekte INBOX.Sent' \
	"$(dovecot_adm new mailbox list -s -u anna | LC_ALL=C sort | paste -sd' ')"

state "$new_port" anna >"$T/target.state"
check_rc 0 'a second run' run anna anna
check_same 'it says that all is the same' same,0,15 \
	"$(result status),$(result copied),$(result same)"
state "$new_port" anna >"$T/target.after"
check_files 'and does nothing' "$T/target.state" "$T/target.after"

# ---- changes since ----

imap "$old_port" anna <<'PY'
box.append("INBOX", "(\\Flagged)", '"01-Nov-2026 10:00:00 +0000"',
           b"Subject: new\r\n\r\nnew\r\n")
box.create('"Neu\\\\Unten"')
box.append('"Neu\\\\Unten"', "", None, b"Subject: below\r\n\r\nx\r\n")
box.select("INBOX")
box.store("1", "+FLAGS", "(\\Answered $Late)")
box.store("1", "-FLAGS", "(\\Seen)")
box.store("2", "+FLAGS", "(\\Deleted)")
box.expunge()
PY
check_rc 0 'a delta' run anna anna
check_same 'new mail, a new folder, flags, and one that is gone' \
	copied,16,2,14,1,1 "$(for c in status messages copied same flagged gone
	do result $c; done | paste -sd,)"
dump "$old_port" anna >"$T/a"
dump "$new_port" anna >"$T/b"
check_same 'only the expunged message differs: it stays at the target' 1 \
	"$(diff "$T/a" "$T/b" | grep -c '^[<>]')"

# ---- without the ledger ----

rm -r "$T/ledger"
state "$new_port" anna >"$T/target.state"
check_rc 0 'the ledger is lost: run again' run anna anna
check_same 'all is recognised at the target' same,0,16 \
	"$(result status),$(result copied),$(result same)"
state "$new_port" anna >"$T/target.after"
check_files 'nothing comes twice' "$T/target.state" "$T/target.after"

# Another tool brought one half, without flags; twins stay twins.
imap "$old_port" anna <<PY
import os
sys.path.insert(0, "t")
other = imaplib.IMAP4("127.0.0.1", $new_port)
other.login("dora", "PASSWORD-OF-dora")
box.select("INBOX", readonly=True)
for n in range(1, int(box.select("INBOX", readonly=True)[1][0]) + 1, 2):
    octets = box.fetch(str(n), "(BODY.PEEK[])")[1][0][1]
    other.append("INBOX", "", '"09-Sep-2019 09:09:09 +0000"', octets)
PY
brought=$(dump "$new_port" dora | grep -c '^INBOX	[0-9a-f]')
check_rc 0 'a mailbox that another tool had begun' run anna dora
check_same 'what was there is recognised' "$brought" "$(result same)"
cut -f 1-3 "$T/a" >"$T/a3"
dump "$new_port" dora | cut -f 1-3 >"$T/b3"
check_files 'the rest is copied, flags follow, twins stay twins' "$T/a3" "$T/b3"

# A folder that is made anew at the target is filled anew.
dovecot_adm new mailbox delete -u dora INBOX.Projekte
check_rc 0 'a folder was removed at the target' run anna dora
check_same 'its message is copied again' 1 "$(result copied)"
dump "$new_port" dora | cut -f 1-3 >"$T/b3"
check_files 'and all is there' "$T/a3" "$T/b3"

# The source's UIDVALIDITY changes: UIDs mean nothing, content does.
state "$new_port" anna >"$T/target.state"
find "$old_dir/mail/anna" -name 'dovecot*' ! -name dovecot-keywords -delete
dovecot_stop old
dovecot_again old
check_rc 0 'the source has new UIDVALIDITYs' run anna anna
check_same 'nothing is copied' 0,16 "$(result copied),$(result same)"
state "$new_port" anna >"$T/target.after"
check_files 'nothing comes twice' "$T/target.state" "$T/target.after"

# ---- the ledger itself ----

check_same 'the ledger is for its owner alone' '700 600' \
	"$(stat -c %a "$T/ledger" "$T/ledger/$(result key).tsv" |
	paste -sd' ')"
key=$(result key)
printf 'done\tINBOX\ttorn' >>"$T/ledger/$key.tsv"
check_rc 0 'a torn last line' run anna anna
check_has 'is noted' "$T/err" 'torn last line'
check_same 'and does no harm' 0 "$(result copied)"
cp "$T/ledger/$key.tsv" "$T/kept"
cat "$T/kept" "$T/kept" >"$T/ledger/$key.tsv"
check_rc 0 'two ledgers put together by cat are one' run anna anna
check_same 'of the same content' 0,16 "$(result copied),$(result same)"
sed '5s/./X/7' "$T/kept" >"$T/ledger/$key.tsv"
check_rc 74 'a damaged line is not believed' run anna anna
check_has 'and the line says where, and the way out' "$T/err" \
	"$key.tsv: ledger: the line at octet [0-9]+ is damaged: move"
rm "$T/ledger/$key.tsv"
check_rc 0 'moved away: run again' run anna anna
check_same 'nothing is copied' 0,16 "$(result copied),$(result same)"
python3 - "$T/ledger/$key.tsv" "$T/locked" <<'PY' &
import fcntl, os, struct, sys, time
fd = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(fd, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w").close()
time.sleep(60)
PY
holder=$!
until [ -e "$T/locked" ]; do sleep 0.05; done
check_rc 75 'a ledger that another run holds: later' run anna anna
check_same 'deferred' deferred,THROTTLED "$(result status),$(result code)"
kill "$holder"
wait "$holder" 2>/dev/null

# ---- tables: inventory, map, copy; one bad account holds up no other ----

{
	printf 'source\tsource_secret\ttarget\ttarget_secret\tticket\n'
	for user in anna:emil bert:bert carl:carl; do
		printf '%s\tfile:%s.pw\t%s\tfile:%s.pw\t%s\n' \
			"$(from "${user%:*}")" "$T/${user%:*}" \
			"$(to "${user#*:}")" "$T/${user#*:}" "T-${user%:*}"
	done
} >"$T/accounts"
for user in bert carl; do
	imap "$old_port" $user <<-PY
	for n in range(30):
	    box.append("INBOX", "", None, b"Subject: %d\r\n\r\n$user\r\n" % n)
	PY
done
# A Persian name with its zero-width non-joiner.
imap "$old_port" bert <<'PY'
box.create("&BkYGJwZFBkcgDAZHBic-")
box.append("&BkYGJwZFBkcgDAZHBic-", "", None, b"Subject: x\r\n\r\nx\r\n")
PY
mbx-inventory "$T/accounts" | mbx-map -p dovecot >"$T/jobs"
printf 'wrong\n' >"$T/bert.pw"
check_rc 1 'one of three accounts has a wrong password' \
	mbx-copy -j 3 -l "$T/ledger2" "$T/jobs"
check_same 'its rows fail with AUTH' 'failed AUTH' "$(awk -F'\t' 'NR == 1 {
	for (i = 1; i <= NF; i++) c[$i] = i; next }
	$c["ticket"] == "T-bert" { print $c["status"], $c["code"] }' "$T/out" |
	sort -u)"
check_hasnt 'the others do not' "$T/out" 'T-(anna|carl).*	failed	'
check_same 'a row a job, in their order' \
	"$(column folder <"$T/jobs" | paste -sd,)" "$(result folder)"
dump "$new_port" emil >"$T/b"
check_files 'anna is whole by folder rows too' "$T/a" "$T/b"
dump "$old_port" carl >"$T/a2"
dump "$new_port" carl >"$T/b2"
check_files 'and carl' "$T/a2" "$T/b2"
printf 'PASSWORD-OF-bert\n' >"$T/bert.pw"
cp "$T/out" "$T/results"
check_rc 0 'the results are jobs again' mbx-copy -l "$T/ledger2" "$T/results"
dump "$old_port" bert >"$T/a2"
dump "$new_port" bert >"$T/b2"
check_files 'and bert follows' "$T/a2" "$T/b2"

# ---- what is left out ----

files_from() { # [option...] from one Maildir to another
	rm -rf "$T/part" "$T/ledger3"
	mbx-copy -l "$T/ledger3" --source "maildir:$old_dir/mail/anna;layout=fs" \
		--target "maildir:$T/part" "$@"
}
folders() { python3 t/oracle.py dump "maildir:$T/part" | cut -f 1 | sort -u |
	paste -sd,; }
check_rc 0 '--only a folder' files_from --only Projekte
check_same 'it and all below it' 'Projekte,Projekte/v1.2 & mehr' \
	"$(folders)"
check_rc 0 '--exclude by pattern' files_from --exclude 'Pro*' --exclude INBOX
check_same 'which is no failure' copied,0 "$(result status),$(result failed)"
check_same 'all others are there' 'Entwürfe,Gesendet,Leer,Neu/Unten,Rechnungen 2024%2F25' \
	"$(folders)"
check_rc 0 'by date and size' files_from --since 2015-01-01 --before 2019-01-01 \
	--max-size 10K
check_same 'counted as skipped' 5,11 "$(result copied),$(result skipped)"
check_same 'the rest is right' 5 "$(python3 t/oracle.py dump "maildir:$T/part" |
	awk -F'\t' '$2 && $4 >= "2015" && $4 < "2019"' | wc -l)"

# A target on the disk that is gone is filled again.
for to in "maildir:$T/gone" "mbox:$T/gone"; do
	rm -rf "$T/ledger5"
	check_rc 0 "${to%%:*}: -n to what is not there yet" mbx-copy -n \
		-l "$T/ledger5" --source "maildir:$old_dir/mail/anna;layout=fs" \
		--target "$to"
	check_same '... says what would be copied' planned,16 \
		"$(result status),$(result copied)"
	check '... and makes nothing' [ ! -e "$T/gone" -a ! -e "$T/ledger5" ]
	for turn in first second; do
		rm -rf "$T/gone"
		check_rc 0 "${to%%:*}: a $turn run" mbx-copy -q -l "$T/ledger5" \
			--source "maildir:$old_dir/mail/anna;layout=fs" --target "$to"
		check_same 'everything is copied' 16 "$(result copied)"
	done
	rm -rf "$T/gone"
done

# ---- roles ----

if cyrus_here; then
	cyrus_start cy anna
	check_rc 0 'to Cyrus' mbx-copy -l "$T/ledger6" -p cyrus \
		--source "$(from anna)" --source-secret "file:$T/anna.pw" \
		--target "imap://anna@127.0.0.1:$cy_port;tls=none" \
		--target-secret "file:$T/anna.pw"
	check_same 'folders get their roles by CREATE ... USE' \
		'\Drafts Drafts
\Sent Sent' "$(imap "$cy_port" anna <<-'PY'
		import re
		box.xatom("LIST", "(SPECIAL-USE)", '""', "*")
		for row in sorted(box.response("LIST")[1]):
		    print(*re.search(r"(\\[DS]\w+)\) .* (\S+)$", row.decode()).groups())
		PY
	)"
else
	echo '# SKIP Cyrus is not unpacked'
fi

# ---- the role all: only what no other folder holds ----

imap "$old_port" carl <<'PY'
box.create("Alles")
for n in range(0, 60, 2):
    box.append("Alles", "", None, b"Subject: %d\r\n\r\ncarl\r\n" % n)
PY
dovecot_stop old
sed -i 's/^  inbox = yes/&\n  mailbox Alles {\n    special_use = \\All\n  }/' \
	"$old_dir/dovecot.conf"
dovecot_again old
check_rc 0 'a folder with the role all' run carl carl --prefix Old
check_same '15 of its 30 are in INBOX too: they are not copied again' 45 \
	"$(result copied)"
{
	printf 'source\tsource_secret\ttarget\ttarget_secret\n'
	printf '%s\tfile:%s.pw\t%s\tfile:%s.pw\n' "$(from carl)" "$T/carl" \
		"maildir:$T/all" "$T/carl"
} | mbx-inventory >"$T/jobs"
check_rc 0 'the same by folder rows' mbx-copy -l "$T/ledger4" "$T/jobs"
check_same 'which know of each other' 45 "$(result copied | tr , '\n' |
	awk '{ n += $1 } END { print n }')"
done_testing
