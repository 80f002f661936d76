#!/bin/sh
# The imap room with a server that lies on demand: what is said to it, what a
# tool makes of it, and every canned hostile stream.
. "$(dirname "$0")/lib.sh"
. t/servers/scripted.sh
. t/servers/dovecot.sh

printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
# ask CODE 'sentence' [OPTION...]: mbx-inventory of the scripted server.
ask() {
	code=$1 sentence=$2
	shift 2
	printf 'source\tsource_secret\nimap://anna@127.0.0.1:%s;tls=none\tfile:%s\n' \
		"$s_port" "$T/pw" >"$T/rows"
	check_rc "$code" "$sentence" mbx-inventory --timeout 3 "$@" "$T/rows"
}
messages() { ask "$1" "$2" --depth messages; }

scripted_start s 'box=INBOX 3' 'box=R&-D 3 big=2:70000'
messages 0 'a sane server'
check_same 'all six messages with their digests' 6 \
	"$(column digest <"$T/out" | grep -c .)"
cp "$T/out" "$T/sane"
check_has 'the source is examined' "$T/s.said" 'EXAMINE "R&-D"'
check_hasnt 'never selected, nothing is written' "$T/s.said" \
	'SELECT|STORE|APPEND|CREATE|BODY\[|RFC822( |\))'
digests() { column digest <"$1" | grep . | LC_ALL=C sort; }
# same RULE...: the digests are those of the sane server.
same() {
	sentence=$1
	shift
	scripted_rules s "$@"
	messages 0 "$sentence"
	digests "$T/sane" >"$T/want"
	digests "$T/out" >"$T/got"
	check_files "$sentence: all that is there" "$T/want" "$T/got"
}
same 'octet by octet' 'GREETING drip 1' 'EXAMINE drip 1'
same 'bodies ahead of their UIDs' 'BODY late'
same 'rows that nobody asked for' \
	'BODY middle * 9 FETCH (UID 777 BODY[] {5}\r\nalien)\r\n* 1 EXPUNGE\r\n'
same 'sizes that are lies' 'FETCH edit /SIZE \d+/SIZE 18446744073709551615/'
same 'no UIDNEXT, no MODSEQ' 'EXAMINE edit /(UIDNEXT|HIGHESTMODSEQ) \d+/X/'
same 'OK without text' '* edit /^(A\d+ OK).*/\1\r\n/'
strange='* XSTRANGE {3}\r\n)(" (a "b" {2}\r\n\r\n)\r\n'
same 'unknown answers everywhere' \
	"LIST before $strange" "EXAMINE before $strange" \
	"FETCH before $strange" "BODY middle $strange"
same 'rows in no order' 'FETCH before * 3 FETCH (UID 3 FLAGS () RFC822.SIZE 303)\r\n'

scripted_rules s 'EXAMINE edit /UIDVALIDITY \d+/X/'
messages 75 'no UIDVALIDITY: the folder is put off'
check_has 'and says why' "$T/err" 'no UIDVALIDITY'
scripted_rules s 'FETCH edit /^.*UID 2 .*//'
messages 1 'a message that is not listed is a failure'
cat "$T/err" "$T/out" >"$T/both"
check_has 'and says how many' "$T/both" '1 messages are there .* not list'
scripted_rules s 'BODY stall 100'
start=$(date +%s)
messages 75 'a server that falls silent: try later'
check 'at its deadline' test $(($(date +%s) - start)) -lt 8
scripted_rules s 'BODY cut 100'
messages 69 'a connection that is cut'
scripted_rules s 'GREETING say * BYE [UNAVAILABLE] full\r\n'
messages 75 'BYE [UNAVAILABLE]: try later'
scripted_rules s 'LIST flood 100000 * LIST () "/" folder\r\n'
messages 76 'more folders than there can be'

# A password in the trace, or a name in a command of its own.
scripted_start z 'box=a"b 1' 'caps=IMAP4rev1'
s_port=$z_port
ask 0 'names with quotes' -vv --depth messages
check_hasnt 'no password in the trace' "$T/err" 'PASSWORD-OF'
check_has 'quotes are quoted' "$T/z.said" 'EXAMINE "a\\\\"b"'

# COMPRESS=DEFLATE, for real.
# shellcheck disable=SC2016
dovecot_start dv tls=no conf='protocol imap {
  mail_plugins = $mail_plugins imap_zlib
}'
python3 - "$dv_port" <<'EOP'
import imaplib, sys
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("anna", "PASSWORD-OF-anna")
for n in range(50):
    box.append("INBOX", "", None, b"Subject: %d\r\n\r\n%s" % (n, b"x\r\n" * 9999))
EOP
printf 'source\tsource_secret\n' >"$T/rows"
for compress in '' ';compress=1'; do
	printf 'imap://anna@127.0.0.1:%s;tls=none%s\tfile:%s\n' "$dv_port" \
		"$compress" "$T/pw" >>"$T/rows"
done
check_rc 0 'with compression and without' mbx-inventory -vv --depth messages \
	"$T/rows"
check_has 'it was asked for' "$T/err" 'COMPRESS DEFLATE'
check_same 'the same digests twice' 50 \
	"$(column digest <"$T/out" | grep . | sort | uniq -c | grep -c ' 2 ')"

if [ -n "${CORPUS:-}" ]; then
	whole=whole
	[ "$SHORT" = 0 ] || whole=short
	python3 t/hostile.py "$CORPUS/imap-hostile" "$T/pw" $whole >"$T/tap"
	grep '^#' "$T/tap"
	check_hasnt "$(grep -c '^ok' "$T/tap") canned hostile streams" "$T/tap" \
		'^not ok'
	check 'they were all played' grep -q '^ok' "$T/tap"
else
	echo '# CORPUS is not set: no canned streams'
fi
done_testing
