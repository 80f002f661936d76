#!/bin/sh
# mbx-inventory: what exists, asked of real servers and judged by others; and
# nothing at the source changes by being asked.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh
. share/demo/mail.sh

columns() { # NAME... < rows: these columns, without the header
	awk -F'\t' -v names="$*" 'NR == 1 {
		n = split(names, want, " ")
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} {
		for (i = 1; i <= n; i++)
			printf "%s%s", $c[want[i]], i < n ? "\t" : "\n"
	}'
}
# under 'PROGRAM ARGS': started aside, what it says first is in $first.
aside() {
	: >"$T/first"
	"$@" >"$T/first" 2>>"$T/aside" &
	pid=$!
	defer "kill $pid; wait $pid 2>/dev/null"
	for turn in $(seq 100); do
		[ ! -s "$T/first" ] || break
		sleep 0.05
	done
	first=$(cat "$T/first")
}
accounts() { # URL... with anna's secret
	printf 'ticket\tsource\tsource_secret\n'
	for url; do printf 'T-9\t%s\tfile:%s\n' "$url" "$T/pw"; done
}
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"

shared='mailbox_list_index = no
namespace public {
  type = public
  prefix = "Public\\"
  separator = "\\"
  location = maildir:'$T'/old/public:LAYOUT=fs
  subscriptions = no
}
namespace others {
  type = shared
  prefix = "Other Users\\%%u\\"
  separator = "\\"
  location = maildir:'$T'/old/mail/%%u:LAYOUT=fs
  subscriptions = no
  list = children
}
plugin {
  acl_shared_dict = file:'$T'/old/shared.db
}'
# Its file system layout takes a backslash, so names may hold dots and slashes.
dovecot_start old users='anna bert' sep="\\" special=yes quota=10M tls=no \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" conf="$shared" \
	plugins='listescape quota acl' auth='plain login scram-sha-256'
dovecot_start bare caps=IMAP4rev1 tls=no
for mail in "$T/old/mail/anna" "$T/bare/mail/anna"; do
	make_mail "$mail" 1
	printf 'Subject: not looked at yet\n\nx\n' >"$mail/new/1000000099.new.demo"
done
# What a Maildir calls one level may not hold dots: Maildir++.
mv "$T/bare/mail/anna/Projekte" "$T/bare/mail/anna/.Projekte"
mv "$T/bare/mail/anna/.Projekte/v1.2 &- mehr" \
	"$T/bare/mail/anna/.Projekte.v1 &- mehr"
rm -r "$T/bare/mail/anna/Rechnungen"* "$T/bare/mail/anna/Gesendet" \
	"$T/bare/mail/anna/Entw"* "$T/bare/mail/anna/Leer"
for box in News 'Board/2026'; do
	mkdir -p "$T/old/public/$box/cur" "$T/old/public/$box/new" \
		"$T/old/public/$box/tmp"
	printf 'anyone lr\n' >"$T/old/public/$box/dovecot-acl"
done
printf 'Subject: news\n\nall\n' >"$T/old/public/News/cur/1.1.n:2,"
if [ "$(id -u)" -eq 0 ]; then
	chown -R "$dv_owner:$dv_group" "$T/old" "$T/bare"
fi
dovecot_adm old mailbox create -u bert Team
dovecot_adm old acl set -u bert Team user=anna lookup read
dovecot_adm old acl set -u bert INBOX user=anna lookup

# What is at the source, before: told by IMAP and by the files.
state() {
	python3 t/oracle.py state "imap:127.0.0.1:$old_port:anna:PASSWORD-OF-anna"
	python3 t/oracle.py state "imap:127.0.0.1:$bare_port:anna:PASSWORD-OF-anna"
	find "$T/old/mail" "$T/bare/mail" \( -path '*/cur/*' -o -path '*/new/*' \) \
		-printf '%p %s %T@\n' | sort
	find "$T/old/mail" "$T/bare/mail" -name 'subscriptions' -exec cat {} +
}
state >"$T/void"
state >"$T/before"
check 'the oracle sees recent messages' grep -q 'Recent' "$T/before"

# imap4d's UIDVALIDITY is the time of the call.
validity() { if [ "$1" = 'GNU imap4d' ]; then cut -f 1-3,5-; else cat; fi; }
# judge NAME PORT USER URL: depth sizes is what imaplib counts.
judge() {
	python3 t/counts.py folders 127.0.0.1 "$2" "$3" PASSWORD-OF-anna |
		LC_ALL=C sort | validity "$1" >"$T/want"
	accounts "$4" >"$T/a.tsv"
	check_rc 0 "$1: sizes" mbx-inventory "$T/a.tsv"
	columns folder messages unseen uidvalidity uidnext bytes <"$T/out" |
		awk -F'\t' '$2 != ""' | LC_ALL=C sort | validity "$1" >"$T/got"
	check_files "$1: folders and counters as imaplib has them" \
		"$T/want" "$T/got"
}
old_url="imap://anna@127.0.0.1:$old_port;tls=none"
bare_url="imap://anna@127.0.0.1:$bare_port;tls=none"
judge Dovecot "$old_port" anna "$old_url"
cp "$T/out" "$T/old.tsv"
check_same 'unknown columns pass' T-9 "$(column ticket <"$T/out" | sort -u)"
for box in INBOX Projekte Gesendet; do
	check_same "doveadm counts the same in $box" \
		"$(dovecot_adm old -f tab mailbox status -u anna \
			'messages unseen uidvalidity uidnext vsize highestmodseq' \
			$box | tail -n 1 | cut -f 2-)" \
		"$(columns folder messages uidnext uidvalidity unseen modseq bytes \
			<"$T/out" | awk -F'\t' -v b=$box '$1 == b' | cut -f 2-)"
done
check_same 'subscriptions' 'Gesendet Projekte' \
	"$(columns subscribed folder <"$T/out" | sed -n 's/^1.//p' | xargs)"
check_same 'roles' 'inbox' "$(column role <"$T/out" | xargs)"
dovecot_adm old mailbox create -u anna Sent Trash
mbx-inventory -d folders "$T/a.tsv" >"$T/out"
check_same 'roles that the server marks' 'INBOX=inbox Sent=sent Trash=trash' \
	"$(columns folder role <"$T/out" | awk -F'\t' '$2 != "" {
		print $1 "=" $2 }' | xargs)"
dovecot_adm old mailbox delete -u anna Sent Trash
check_hasnt 'depth folders has no counters' "$T/out" "$(printf '\t1160')"
judge 'Dovecot without extensions' "$bare_port" anna "$bare_url"
if cyrus_here; then
	cyrus_start cy anna
	python3 - "$cy_port" <<-'EOF'
		import imaplib, sys
		b = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
		b.login("anna", "PASSWORD-OF-anna")
		b.create("Projekte")
		b.create('"Projekte/v1.2 &- mehr"')
		b.create("Entw&APw-rfe")
		b.subscribe("Projekte")
		for n in range(3):
		    b.append("Projekte", r"(\Seen)" if n else None, None,
		             b"Subject: %d\r\n\r\n" % n + b"x" * n * 999)
		b.logout()
	EOF
	cy_url="imap://anna@127.0.0.1:$cy_port;tls=none"
	judge Cyrus "$cy_port" anna "$cy_url"
	mbx-inventory --acl "$T/a.tsv" >"$T/out"
	check_has 'Cyrus: access rights' "$T/out" \
		"	Projekte	anna	lrswipkxtecdan$"
else
	echo '# SKIP Cyrus is not unpacked'
	cy_url=$bare_url
fi
imap4d_start gnu anna
printf 'From x Thu Jan  1 00:00:00 2026\nSubject: 1\n\nbody\n\n' \
	>"$gnu_dir/anna.mbox"
printf 'From x Thu Jan  1 00:00:00 2026\nSubject: 2\n\nlonger\n\n' \
	>"$gnu_dir/anna/Work"
[ "$(id -u)" -ne 0 ] || chown nobody "$gnu_dir/anna.mbox" "$gnu_dir/anna/Work"
python3 - "$gnu_port" <<-'EOF'
	import imaplib, sys
	b = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	b.login("anna@here", "PASSWORD-OF-anna")
	b.append("INBOX", None, None, b"Subject: 3\r\n\r\nx\r\n")
	b.logout()
EOF
gnu_url="imap://anna%40here@127.0.0.1:$gnu_port;tls=none;auth=LOGIN"
judge 'GNU imap4d' "$gnu_port" anna@here "$gnu_url"

# Round trips, counted on the wire.
after_login() { # turns and commands after the log-in, of connection 1
	awk -F'\t' '$1 == 1 { if (after) print; after += /AUTHENTICATE/ }' \
		"$T/turns"
}
aside python3 t/counts.py turns "$old_port" "$T/turns"
accounts "imap://anna@127.0.0.1:$first;tls=none;auth=PLAIN" >"$T/a.tsv"
check_rc 0 'through a counting proxy' mbx-inventory "$T/a.tsv"
after_login >"$T/log"
check_same 'one round trip for all folders and sizes' 1 \
	"$(sed '/LOGOUT/,$d' "$T/log" | grep -c '	turn')"
check_has 'by LIST-STATUS' "$T/log" 'LIST .*RETURN .*STATUS .*SIZE'
check_hasnt 'and nothing is opened' "$T/log" 'SELECT|EXAMINE|FETCH|STATUS "'
: >"$T/turns"
printf 'ticket\tsource\tsource_secret\tfolder\n' >"$T/rows.tsv"
for box in Projekte INBOX Gesendet 'Projekte/v1.2 & mehr'; do
	printf '\t%s\tfile:%s\t%s\n' "imap://anna@127.0.0.1:$first;tls=none" \
		"$T/pw" "$box" >>"$T/rows.tsv"
done
check_rc 0 'rows of single folders' mbx-inventory -d messages "$T/rows.tsv"
check_same 'their folders in the order of the input' \
	'Projekte INBOX Gesendet Projekte/v1.2 & mehr' \
	"$(column folder <"$T/out" | uniq | xargs)"
check_same 'all over one connection' 1 "$(cut -f 1 "$T/turns" | sort -u | wc -l)"
check_same 'with one LIST' 1 "$(grep -c 'LIST ' "$T/turns")"
check_has 'opened by EXAMINE' "$T/turns" EXAMINE
check_hasnt 'no command that could change anything' "$T/turns" \
	'SELECT|STORE|APPEND|COPY|EXPUNGE|CREATE|SUBSCRIBE | BODY\[|RFC822 '
check_has 'bodies by BODY.PEEK' "$T/turns" 'BODY\.PEEK'
: >"$T/turns"
aside python3 t/counts.py turns "$bare_port" "$T/turns"
accounts "imap://anna@127.0.0.1:$first;tls=none" >"$T/a.tsv"
check_rc 0 'without extensions' mbx-inventory "$T/a.tsv"
check_same 'STATUS of all folders goes in one turn' 1 \
	"$(awk '/\tturn/ { turn++ } /STATUS/ { seen[turn] = 1 }
		END { for (t in seen) n++; print n }' "$T/turns")"
check_same 'for each of them' 3 "$(grep -c 'STATUS "' "$T/turns")"

# Depth messages: a manifest.
manifest() { columns folder digest flags internaldate uid | awk -F'\t' '$5 != ""' |
	cut -f 1-4 | sort; }
accounts "$old_url" >"$T/a.tsv"
check_rc 0 'depth messages' mbx-inventory -d messages "$T/a.tsv"
python3 t/oracle.py dump "imap:127.0.0.1:$old_port:anna:PASSWORD-OF-anna" |
	awk -F'\t' '$2 != "" && $1 !~ /^(Public|Other)/' | python3 -c 'import sys
for line in sys.stdin:
    p = line.rstrip("\n").split("\t")
    p[2] = " ".join(sorted(p[2].split()))
    print("\t".join(p))' | sort >"$T/want"
manifest <"$T/out" | python3 -c 'import sys
for line in sys.stdin:
    p = line.rstrip("\n").split("\t")
    p[2] = " ".join(sorted(p[2].replace("\\\\", "\\").split()))
    print("\t".join(p))' | sort >"$T/got"
check_files 'digests, flags and dates as the oracle has them' "$T/want" "$T/got"
check_same 'the folder follows its messages, and sums them up' \
	"$(columns folder messages unseen bytes <"$T/old.tsv" | xargs)" \
	"$(columns uid folder messages unseen bytes <"$T/out" |
		sed -n 's/^\t//p' | xargs)"
check_same 'the largest, oldest and newest' \
	'Projekte 165 2016-06-16T16:16:16Z 2016-06-16T16:16:16Z' \
	"$(columns folder largest_bytes oldest newest messages <"$T/out" |
		awk -F'\t' '$1 == "Projekte" && $5 != "" { print $1, $2, $3, $4 }')"
mbx-inventory -d messages "maildir:$T/old/mail/anna" >"$T/files"
manifest <"$T/out" >"$T/one"
manifest <"$T/files" >"$T/two"
check_same 'two hosts agree, but for the NUL that Dovecot shows as another octet' \
	'2010-05-05T05:05:05Z 2010-05-05T05:05:05Z' \
	"$(diff "$T/one" "$T/two" | sed -n 's/^[<>].*\t//p' | xargs)"
mbx-inventory -d messages --digest none "$T/a.tsv" >"$T/got"
check_same 'without digests nothing else changes' \
	"$(columns folder uid flags internaldate <"$T/out")" \
	"$(columns folder uid flags internaldate <"$T/got")"
check_same 'and none is there' '' "$(column digest <"$T/got" | sort -u)"
for n in 1 2 3; do
	mbx-inventory -d messages --digest L$n "$T/a.tsv" >"$T/got"
	check_same "level L$n is named" "L$n" \
		"$(column digest_level <"$T/got" | sort -u | xargs)"
done

# Files.
for mail in "$T/old/mail/anna" "$T/bare/mail/anna"; do
	python3 t/counts.py disk "$mail" | sort >"$T/want"
	mbx-inventory "maildir:$mail" | columns folder messages bytes |
		sort >"$T/got"
	check_files "Maildir $(basename "$(dirname "$(dirname "$mail")")"): \
as the file system has it" "$T/want" "$T/got"
done
mbx-inventory "mbox:$gnu_dir/anna.mbox" | columns folder messages \
	>"$T/got"
check_same 'an mbox file' "$(printf 'INBOX\t1')" "$(cat "$T/got")"
mkdir -p "$T/tree/Work.sbd"
cp "$gnu_dir/anna.mbox" "$T/tree/Work"
cp "$gnu_dir/anna.mbox" "$T/tree/Work.sbd/Deep"
check_same 'an mbox tree' "$(printf 'Work\t1\nWork/Deep\t1')" \
	"$(mbx-inventory "mbox:$T/tree" | columns folder messages |
		awk -F'\t' '$2 > 0')"
check_same 'the account of files is their path' "$T/tree" \
	"$(mbx-inventory "mbox:$T/tree" | column account | sort -u)"

# Namespaces.
check_rc 1 'a folder that may be seen and not read' \
	mbx-inventory --shared "$T/a.tsv"
check_has 'is named' "$T/err" '/Other Users/bert: size: '
check_same 'shared folders' \
'other	1	Other Users/bert/Team
shared	1	Public/Board/2026
shared	1	Public/News' "$(columns namespace selectable folder <"$T/out" |
	awk -F'\t' '$1 != "personal" && $2 == 1' | sort -u |
	grep -v 'bert/INBOX\|bert$')"
check_same 'are left out without --shared' personal \
	"$(column namespace <"$T/old.tsv" | sort -u)"
sed 's/^ticket/type\t&/; s/^T-9/shared\t&/' "$T/a.tsv" >"$T/b.tsv"
check_same 'type=shared lists them too' "$(column folder <"$T/out")" \
	"$(mbx-inventory "$T/b.tsv" 2>"$T/err" | column folder)"

# mbx-copy takes them once, by the row that says so.
for type in '' shared; do
	rm -rf "$T/to"
	printf 'type\tsource\tsource_secret\ttarget\n%s\t%s\tfile:%s\tmaildir:%s\n' \
		"$type" "$old_url" "$T/pw" "$T/to" >"$T/b.tsv"
	mbx-copy -q -l "$T/ledger" --only Public "$T/b.tsv" >"$T/out" 2>"$T/err"
	check_same "type='$type': a shared folder is copied" \
		"$([ -z "$type" ] || echo Public/News)" \
		"$(python3 t/oracle.py dump "maildir:$T/to" 2>"$T/err" |
			awk -F'\t' '$2 { print $1 }')"
done

# Tables of their own.
mbx-inventory --quota "$T/a.tsv" >"$T/out"
check_same 'quota as doveadm has it' \
	"$(dovecot_adm old -f tab quota get -u anna | awk -F'\t' '
		$2 == "STORAGE" { print $1 "\t" $2 "\t" $4 * 1024 }')" \
	"$(columns quota_root resource limit <"$T/out")"
used=$(column used <"$T/out")
check 'used within a KiB' [ $((used / 1024)) -eq "$(dovecot_adm old -f tab \
	quota get -u anna | awk -F'\t' '$2 == "STORAGE" { print $3 }')" ]
mbx-inventory --acl "$T/a.tsv" >"$T/out"
check_has 'rights' "$T/out" '	INBOX	owner	|	INBOX	anna	'
check_hasnt 'a table of its own has no counters' "$T/out" uidnext
check_rc 64 'not both at once' mbx-inventory --acl --quota "$T/a.tsv"
mbx-inventory -d login "$T/a.tsv" >"$T/out"
check_has 'capabilities' "$T/out" 'LIST-STATUS'
check_same 'depth login is a row an account' 2 "$(wc -l <"$T/out")"

# Many accounts.
accounts "$old_url" "$bare_url" "$cy_url" "mbox:$gnu_dir/anna.mbox" \
	"maildir:$T/bare/mail/anna" "$bare_url" "mbox:$T/tree" >"$T/many.tsv"
mbx-inventory "$T/many.tsv" >"$T/one"
check 'many accounts' [ "$(wc -l <"$T/one")" -gt 18 ]
for n in 2 5; do
	mbx-inventory -j $n "$T/many.tsv" >"$T/got"
	check_files "the same octets with -j $n" "$T/one" "$T/got"
done
check_same 'keys and hosts: one of each source and folder' \
	"$(columns source folder <"$T/one" | sort -u | wc -l)" \
	"$(column key <"$T/one" | sort -u | wc -l)"

# The other side.
sed 's/source/target/g' "$T/a.tsv" >"$T/b.tsv"
check_same '--side target' "$(column folder <"$T/old.tsv")" \
	"$(mbx-inventory --side target "$T/b.tsv" | column folder)"
check_same 'its account is the user there' anna \
	"$(mbx-inventory --side target "$T/b.tsv" | column account | sort -u)"
check_rc 65 'a table without that side' mbx-inventory --side target "$T/a.tsv"
check_has 'says which column' "$T/err" "no column 'target'"
check_same 'an operand is the side too' 'maildir' "$(mbx-inventory --side \
	target "maildir:$T/bare/mail/anna" | column target | sort -u |
	cut -d : -f 1)"

# -n, and the trace.
check_same '-n: the same rows, planned' planned \
	"$(mbx-inventory -n "$T/a.tsv" | column status | sort -u)"
for auth in PLAIN LOGIN SCRAM-SHA-256; do
	accounts "$old_url;auth=$auth" >"$T/b.tsv"
	check_rc 0 "-vv with $auth" mbx-inventory -vv "$T/b.tsv"
	check_has 'shows the protocol' "$T/err" 'LIST ""'
	check_hasnt 'and no secret' "$T/err" "PASSWORD-OF|$(printf \
		'\0anna\0PASSWORD-OF-anna' | base64)|$(printf PASSWORD-OF-anna |
		base64)"
done

# What goes wrong.
accounts "$bare_url" "imap://anna@127.0.0.1:$(free_port);tls=none" \
	"maildir:$T/nowhere" >"$T/b.tsv"
check_rc 1 'some accounts fail' mbx-inventory "$T/b.tsv"
check_same 'each with a row' 'failed CONN
failed CONFIG' "$(columns status code <"$T/out" | awk -F'\t' '
	$1 != "ok" { print $1, $2 }' | sed 's/IO$/CONFIG/')"
check_same 'the others are there' 3 "$(column status <"$T/out" | grep -c ok)"
printf 'wrong\n' >"$T/pw2"
chmod 600 "$T/pw2"
accounts "$bare_url" | sed 's/pw$/pw2/' >"$T/b.tsv"
check_rc 77 'a wrong password' mbx-inventory "$T/b.tsv"
check_same 'is AUTH' 'failed AUTH' "$(columns status code <"$T/out" | xargs)"
printf 'source\tsource_secret\tfolder\n%s\tfile:%s\tNo such\n' "$bare_url" \
	"$T/pw" >"$T/b.tsv"
check_rc 1 'a folder that is not there' mbx-inventory "$T/b.tsv"
check_same 'is a row that says so' 'failed VANISHED No such' \
	"$(columns status code folder <"$T/out" | xargs)"
aside python3 t/counts.py fake "$T/fake.log"
accounts "imap://anna@127.0.0.1:$first;tls=none" >"$T/b.tsv"
check_rc 1 'hostile names, and folders that cannot be read' \
	mbx-inventory "$T/b.tsv"
check_same 'all are listed, and what must be above them' 19 "$(column folder <"$T/out" | wc -l)"
check_same 'these two failed' 'closed failed NOSELECT
gone failed NOSELECT' "$(columns folder status code <"$T/out" |
	awk -F'\t' '$2 != "ok" { print $1, $2, $3 }' | sort)"
check_same 'a shelf is not opened' 0 "$(columns selectable folder <"$T/out" |
	sed -n 's/.Shelf//p')"
check_hasnt 'no control character anywhere' "$T/out" \
	"$(printf '[\001-\010\013-\037\177]')"
check 'valid UTF-8' python3 -c 'import sys
open(sys.argv[1], encoding="utf-8").read()' "$T/out"
check_same 'every row has every field' 1 \
	"$(awk -F'\t' '{ print NF }' "$T/out" | sort -u | wc -l)"
check_rc 1 'at depth messages' mbx-inventory -d messages "$T/b.tsv"
check_has 'a message that does not come is a row' "$T/out" \
	'	failed	(VANISHED|BADMSG)	'
check_has 'a folder that went away too' "$T/out" '	failed	[A-Z]+	.*	gone	'
check_has 'and one that is closed' "$T/out" 'NOPERM.*	closed	'
check_hasnt 'no escape on the screen' "$T/err" "$(printf '\033')"

# A connection that was lost between two rows is made again.
mkfifo "$T/fifo"
mbx-inventory "$T/fifo" >"$T/out" 2>"$T/err" &
tool=$!
exec 3>"$T/fifo"
accounts "$bare_url" >&3
for turn in $(seq 100); do
	grep -q 'Login: user=<anna>.*' "$T/bare/log" && break
	sleep 0.05
done
sleep 0.5
dovecot_stop bare
dovecot_again bare 3>&-
accounts "$bare_url" | sed 1d >&3
exec 3>&-
wait $tool
check_same 'a lost connection is made again' 0 $?
check_same 'both rows are done' 6 "$(column status <"$T/out" | grep -c ok)"

state >"$T/after"
check_files 'nothing at the source has changed' "$T/before" "$T/after"
done_testing
