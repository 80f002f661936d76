#!/bin/sh
# Bad input from the network, for every tool that has one and on either side:
# one clear line, the exit status of the contract, and the other rows done.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/scripted.sh

dovecot_start dv
printf 'PASSWORD-OF-anna\n' >"$T/pw"
printf 'not this one\n' >"$T/nopw"
chmod 600 "$T/pw" "$T/nopw"
mkdir -p "$T/old/cur" "$T/old/new" "$T/old/tmp"
printf 'Subject: one\n\n1\n' >"$T/old/cur/1.1.x:2,S"

# A certificate of the same CA that was good in 2020.
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nserial=%s
default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' \
	"$T/tls/index" "$T/tls" "$T/tls/serial" >"$T/tls/cnf"
: >"$T/tls/index"
echo 01 >"$T/tls/serial"
openssl ca -batch -notext -config "$T/tls/cnf" -cert "$T/tls/ca.pem" \
	-keyfile "$T/tls/ca.key" -in "$T/tls/req.pem" -out "$T/tls/old.pem" \
	-startdate 20200101000000Z -enddate 20210101000000Z \
	-extfile "$T/tls/ext" 2>>"$T/tls/log"
cat "$T/tls/old.pem" "$T/tls/key.pem" >"$T/tls/both.pem"
mkdir "$T/s"
mkfifo "$T/hold"
python3 t/servers/tls.py "$T/s" "expired=$T/tls/both.pem" strip=strip \
	<"$T/hold" >"$T/s/err" 2>&1 &
server=$!
exec 7>"$T/hold"
defer "exec 7>&-; kill $server 2>/dev/null; wait $server 2>/dev/null"

# A host that says nothing: its queue of connections is full.
cat >"$T/full.py" <<-'PY'
	import socket, sys, time
	s = socket.socket()
	s.bind(("127.0.0.1", 0))
	s.listen(0)
	waiting = []
	for n in range(4):
	    c = socket.socket()
	    c.setblocking(False)
	    c.connect_ex(s.getsockname())
	    waiting.append(c)
	with open(sys.argv[1], "w") as f:
	    print(s.getsockname()[1], file=f)
	time.sleep(600)
PY
python3 "$T/full.py" "$T/full.port" &
full=$!
defer "kill $full; wait $full 2>/dev/null"

scripted_start esc 'at=LOGIN say %t NO \x1b]0;owned\x07 \x9b2J \xe2\x80\xae no\r\n' \
	'at=AUTHENTICATE say %t NO \x1b]0;owned\x07 \x9b2J \xe2\x80\xae no\r\n'
scripted_start s
scripted_start web 'at=GREETING say HTTP/1.1 400 \x1b[31mBad\r\n\r\n'
scripted_start bye 'at=GREETING say * BYE go \x1b[2Jaway\r\n'
for turn in $(seq 200); do
	[ ! -e "$T/s/expired.port" ] || [ ! -e "$T/s/strip.port" ] ||
		[ ! -s "$T/full.port" ] || break
	sleep 0.05
done
port() { cat "$T/s/$1.port"; }

good="imaps://anna@localhost:$dv_imaps;ca=$dv_ca"
python3 - "$dv_port" <<-'PY'
	import imaplib, sys
	b = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	b.login("anna", "PASSWORD-OF-anna")
	b.append("INBOX", r"(\Seen)", None, b"Subject: one\r\n\r\n1\r\n")
	b.logout()
PY

# table TOOL SIDE URL...: rows with URL on that side, a Maildir on the other.
table() {
	tool=$1 side=$2
	shift 2
	printf 'account\tsource\tsource_secret\ttarget\ttarget_secret\n'
	n=0
	for url; do
		n=$((n + 1)) key=$secret
		[ "$url" != "$good" ] || key=pw
		case $tool-$side in
		mbx-copy-source) other=maildir:$T/new$n ;;
		*) other=maildir:$T/old ;;
		esac
		if [ "$side" = source ]; then
			printf 'u%s\t%s\tfile:%s\t%s\t\n' $n "$url" "$T/$key" "$other"
		else
			printf 'u%s\t%s\t\t%s\tfile:%s\n' $n "$other" "$url" "$T/$key"
		fi
	done
}
run() { # TOOL SIDE ROWS
	case $1-$2 in
	mbx-inventory-*) mbx-inventory -d folders --timeout 2 --side "$2" "$3" ;;
	mbx-copy-*) mbx-copy -l "$T/ledger" --timeout 2 "$3" ;;
	mbx-verify-*) mbx-verify --timeout 2 "$3" ;;
	esac
}
# refused CODE COLUMN 'sentence' ERE URL
refused() {
	code=$1 name=$2 said=$3 ere=$4 bad=$5
	for tool in mbx-inventory mbx-copy mbx-verify; do
		for side in source target; do
			table "$tool" "$side" "$bad" >"$T/rows"
			check_rc "$code" "$said: $tool, $side: ends in $code" \
				run "$tool" "$side" "$T/rows"
			check_same "$said: $tool, $side: one line" 1 \
				"$(wc -l <"$T/err" | xargs)"
			check_has "$said: $tool, $side: it is clear" "$T/err" \
				"^$tool: ([a-z0-9]*://[^ ]*|$side of u1): [A-Za-z -]+: .*($ere)"
			check_same "$said: $tool, $side: nothing raw" '' \
				"$(LC_ALL=C grep -n "$(printf '[\001-\010\016-\037\177-\377]')" \
					"$T/err" "$T/out")"
			check_same "$said: $tool, $side: its row" "$name" \
				"$(column code <"$T/out" | sort -u | xargs)"
		done
		rm -rf "$T"/ledger "$T"/new*
		table "$tool" source "$good" "$bad" "$good" >"$T/rows"
		run $tool source "$T/rows" >"$T/out" 2>"$T/err"
		check_same "$said: $tool: the other rows are done" 'u1 u3' \
			"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i
				next }
				$c["status"] ~ /^(ok|copied|same|extra)$/ {
					print $c["account"] }' "$T/out" |
				sort -u | xargs)"
	done
}
secret=pw
dead=$(free_port)
refused 69 CONN 'a port that refuses' 'Connection refused' \
	"imaps://anna@localhost:$dead"
refused 69 CONN 'a host that cannot be reached' 'unreachable|denied' \
	"imaps://anna@localhost;resolve=255.255.255.255"
refused 69 CONN 'a name that does not resolve' 'look up|not known|resol' \
	'imaps://anna@no.such.host.invalid'
refused 77 TLS 'an expired certificate' 'expired' \
	"imaps://anna@localhost:$(port expired);ca=$dv_ca"
refused 77 TLS 'a certificate that nobody vouches for' 'issuer' \
	"imaps://anna@localhost:$dv_imaps"
refused 77 TLS 'a certificate for another name' 'localhost' \
	"imaps://anna@other.example:$dv_imaps;ca=$dv_ca;resolve=127.0.0.1"
refused 77 TLS 'STARTTLS stripped' ';tls=none must be written out' \
	"imap://anna@localhost:$(port strip);ca=$dv_ca"
refused 77 AUTH 'a refusal with escapes' 'NO .x1B.0;owned' \
	"imap://anna@127.0.0.1:$esc_port;tls=none"
refused 76 PROTO 'a server of something else' 'no IMAP server' \
	"imap://anna@127.0.0.1:$web_port;tls=none"
refused 78 CONFIG 'a wrong URL' 'no port' 'imaps://anna@localhost:x'
secret=nopw
# Dovecot makes the next one wait after each wrong password.
refused 77 AUTH 'a wrong password' 'NO ' "imap://anna@127.0.0.1:$s_port;tls=none"
secret=none
refused 78 CONFIG 'a secret that is not there' 'No such file' \
	"imaps://anna@localhost:$dv_imaps;ca=$dv_ca;auth=PLAIN"
secret=pw
mbx-inventory 'imaps://anna:geheim@localhost' >"$T/out" 2>"$T/err"
check_hasnt 'a password in a URL is not shown' "$T/err" geheim
check_has 'its host is' "$T/err" 'source ...@localhost: URL: a password'
table mbx-inventory source "imap://anna@127.0.0.1:$(cat "$T/full.port");tls=none" \
	>"$T/rows"
check_rc 69 'a host that says nothing' mbx-inventory --timeout 2 "$T/rows"
check_same 'one line' 1 "$(wc -l <"$T/err" | xargs)"
table mbx-inventory source "imap://anna@127.0.0.1:$bye_port;tls=none" >"$T/rows"
mbx-inventory "$T/rows" >"$T/out" 2>"$T/err"
check_has 'BYE is told' "$T/err" 'go .x1B\[2Jaway'

table mbx-inventory source "imaps://anna@localhost:$dv_imaps" >"$T/rows"
mbx-inventory -q --insecure --log "$T/log" -d login "$T/rows" >"$T/out" 2>&1
check_has 'is in the log even with -q' "$T/log" "$(printf '\twarning\t').*insecure"
done_testing
