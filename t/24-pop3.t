#!/bin/sh
# POP3 as a source: Dovecot's, judged by IMAP and doveadm, and servers that
# break the protocol.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh

printf 'PASSWORD-OF-anna\n' >"$T/pw"
printf 'secret\n' >"$T/secret"
chmod 600 "$T/pw" "$T/secret"
rows() { # URL... : a table with the password of its server
	printf 'source\tsource_secret\n'
	for url; do printf '%s\tfile:%s\n' "$url" "$T/$pw"; done
}
pw=pw
# sums FILE: uid-less digests of message rows, in their order.
sums() { column digest <"$1" | grep .; }

# ---- Dovecot ----

dovecot_start old auth='plain login scram-sha-1 scram-sha-256' \
	users='anna bert'
make_mail "$T/old/mail/anna" 1
[ "$(id -u)" -ne 0 ] || chown -R "$dv_owner" "$T/old/mail"
theirs="imap:127.0.0.1:$old_port:anna:PASSWORD-OF-anna"
# All but \Recent, which any log-in by POP3 takes away.
state() {
	{
		python3 t/oracle.py state "$theirs"
		dovecot_adm old -f tab fetch -u anna \
			'uid guid flags date.received size.physical hdr body' \
			mailbox INBOX
	} | sed 's/\\Recent//g; s/ *\t */\t/g' | tr -s ' '
}
state >"$T/before"
# The files are asked, since IMAP has no NUL; POP3 ends every message with a
# line end, so one without gets it.
python3 - "maildir:$T/old/mail/anna" >"$T/want" <<'PY'
import sys
sys.path.insert(0, "t")
import oracle
for name, octets, *_ in oracle.read(sys.argv[1]):
    if name == "INBOX":
        octets = oracle.canonical(octets)
        print(oracle.digest(octets + b"\r\n"[2 * octets.endswith(b"\r\n"):]))
PY
check_has 'there is mail, some of it unread' "$T/before" 'INBOX	[0-9a-f]{64}		'
for url in "pop3s://anna@localhost:$old_pop3s;ca=$old_ca" \
	"pop3://anna@localhost:$old_pop3;ca=$old_ca" \
	"pop3://anna@localhost:$old_pop3;tls=none"; do
	rows "$url" >"$T/in"
	check_rc 0 "${url%%;*}: messages" mbx-inventory --depth messages "$T/in"
	sums "$T/out" >"$T/got"
	check_files "${url%%;*}: the octets are those of the files, in order" \
		"$T/want" "$T/got"
done
column uid <"$T/out" | grep . >"$T/uids"
python3 - "$old_pop3" >"$T/uidl" <<'PY'
import poplib, sys
box = poplib.POP3("127.0.0.1", int(sys.argv[1]))
box.user("anna")
box.pass_("PASSWORD-OF-anna")
print("\n".join(line.decode().split()[1] for line in box.uidl()[1]))
box.quit()
PY
check_files 'uid is the UIDL' "$T/uidl" "$T/uids"
n=0
for auth in PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256; do
	rows "pop3s://anna@localhost:$old_pop3s;ca=$old_ca;auth=$auth" >"$T/in"
	check_rc 0 "$auth logs in" mbx-inventory "$T/in"
	check_same "$auth: number and octets" \
		"$(wc -l <"$T/want") inbox" \
		"$(column messages <"$T/out") $(column role <"$T/out")"
done
for url in "pop3s://anna@localhost:$old_pop3s;ca=$old_ca" \
	"imaps://anna@localhost:$old_imaps;ca=$old_ca"; do
	check "the contract of a source: ${url%%:*}" env SOURCE_URL="$url" \
		SOURCE_SECRET="file:$T/pw" "$B/t/unit/source"
done
state >"$T/after"
check_files 'nothing at the source has changed, no \Seen' "$T/before" "$T/after"
rows "pop3s://anna%2Aadmin@localhost:$old_pop3s;ca=$old_ca" >"$T/in"
printf 'PASSWORD-OF-admin\n' >"$T/pw"
check_rc 0 'USER*MASTER' mbx-inventory --depth login "$T/in"
check_has 'capabilities' "$T/out" 'UIDL'
rows "pop3s://admin@localhost:$old_pop3s;ca=$old_ca;authzid=anna" >"$T/in"
check_rc 0 'authzid=' mbx-inventory "$T/in"
check_same 'its mailbox is opened' "$(wc -l <"$T/want")" \
	"$(column messages <"$T/out")"
rows "pop3s://anna@localhost:$old_pop3s;ca=$old_ca" \
	"pop3s://anna@localhost:$old_pop3s;ca=$old_ca;compress=deflate" >"$T/in"
check_rc 1 'a wrong password' mbx-inventory "$T/in"
check_same 'AUTH, and a parameter that POP3 has not' 'AUTH,CONFIG' \
	"$(column code <"$T/out" | paste -sd,)"
printf 'PASSWORD-OF-anna\n' >"$T/pw"
dovecot_stop old

# ---- servers that break the protocol ----

pw=secret
all='plain nouidl later twins notop nocapa nocapatop topfails cut cutdot cutline
giant http full giantline endless counts huge manyrows errmid empty escape
inuse delay systemp sysperm auth locked dots slow lf dupes holes expire sasl
nomech inject capas many'
mkfifo "$T/hold"
mkdir "$T/s"
# shellcheck disable=SC2086
python3 t/servers/pop3.py "$T/s" $all <"$T/hold" >"$T/s/err" 2>&1 &
server=$!
exec 7>"$T/hold"
defer "exec 7>&-; kill $server 2>/dev/null; wait $server 2>/dev/null"
ready() { for s in $all; do [ -e "$T/s/$s.port" ] || return 1; done; }
for turn in $(seq 200); do ready || sleep 0.05; done

ask() { # CODE SCENARIO [PARAMETERS [OPTIONS...]]
	want=$1 s=$2 more=${3:-} at=$(cat "$T/s/$2.port")
	shift 2
	[ $# -eq 0 ] || shift
	rows "pop3://anna@127.0.0.1:$at;tls=none$more" >"$T/in"
	check_rc "$want" "$s: ends in $want" \
		mbx-inventory --timeout 20 --depth messages "$@" "$T/in"
}
good() { # after ask: everything came, octet for octet
	sums "$T/out" >"$T/got"
	check_files "$s: every octet" "$T/s/$s.want" "$T/got"
}
uids() { column uid <"$T/out" | grep . | paste -sd' '; }

ask 0 plain && good
check_same 'plain: its uids' 'uid-1 uid-2 uid-3' "$(uids)"
check_same 'plain: nothing said' '' "$(cat "$T/err")"
check_same 'plain: RSET and QUIT at the end' 'RSET QUIT (closed)' \
	"$(tail -n 3 "$T/s/plain.log" | tr -d '\r' | paste -sd' ')"
for s in dots slow lf giantline many sasl; do ask 0 $s && good; done

ask 0 nouidl && good
check_has 'nouidl: said' "$T/err" 'no UIDL here'
check_same 'nouidl: once' 1 "$(grep -c . "$T/err")"
first=$(uids)
check_same 'nouidl: three names' 3 "$(uids | tr ' ' '\n' | sort -u | wc -l)"
ask 0 nouidl
check_same 'nouidl: the same in every run' "$first" "$(uids)"
ask 0 later
check_same 'nouidl: and after an earlier one was deleted' "${first#* }" "$(uids)"
ask 0 twins && good
check_same 'twins: four names' 4 "$(uids | tr ' ' '\n' | sort -u | wc -l)"

for s in notop topfails nocapa; do
	ask 0 $s && good
	check_same "$s: RETR is said once" 1 "$(grep -c 'no TOP here' "$T/err")"
done
ask 0 nocapatop && good
check_hasnt 'nocapatop: TOP is tried' "$T/s/nocapatop.log" RETR

ask 69 cut
check_has 'cut: said' "$T/err" 'ended within a message'
check_same 'cut: the message that was whole' 1 "$(sums "$T/out" | wc -l)"
ask 69 cutdot
check_same 'cutdot: a CR is no end' 1 "$(sums "$T/out" | wc -l)"
ask 69 cutline
ask 76 giant
ask 76 http
check_has 'http: said' "$T/err" 'no answer of POP3: HTTP'
ask 75 full
ask 76 endless
check_has 'endless: said' "$T/err" 'goes on and on'
ask 76 huge
ask 76 manyrows
ask 76 capas

ask 0 counts '' --digest none
check_same 'counts: the rows that make sense' '7  12' \
	"$(column size <"$T/out" | head -n 3 | sed 's/^0$//' | paste -sd' ')"
check_has 'counts: said' "$T/err" 'STAT counts 5 messages and LIST 3'

ask 1 errmid
check_same 'errmid: the rest goes on' 'ok failed ok ok' \
	"$(column status <"$T/out" | paste -sd' ')"
check_same 'errmid: it is the message' BADMSG "$(column code <"$T/out" | grep .)"
check_has 'errmid: its escape is not raw' "$T/err" 'x1B\[31mdamaged'
ask 1 empty
check_same 'empty: no message at all' 'BADMSG' \
	"$(column code <"$T/out" | grep .)"
ask 77 escape
check_hasnt 'escape: nothing raw on the screen' "$T/err" "$(printf '[\033\007]')"
check_hasnt 'escape: nor in the rows' "$T/out" "$(printf '[\033\007]')"

for s in inuse delay systemp locked; do
	ask 75 $s
	check_same "$s: for later" 'deferred THROTTLED' \
		"$(column status <"$T/out") $(column code <"$T/out")"
done
ask 69 sysperm
ask 77 auth
check_same 'auth: asked once' 1 "$(grep -c PASS "$T/s/auth.log")"
ask 77 nomech
check_hasnt 'nomech: no password is sent' "$T/s/nomech.log" 'USER|PASS|AUTH'
ask 77 plain ';auth=SCRAM-SHA-1'
check_has 'no other mechanism is taken' "$T/err" 'SCRAM-SHA-1'

ask 0 dupes
check_has 'dupes: said' "$T/err" '1 messages have no UIDL and 1 another'
check_same 'dupes: three names' 3 "$(uids | tr ' ' '\n' | sort -u | wc -l)"
ask 0 holes && good
check_same 'holes: the good one is kept' two "$(uids | cut -d' ' -f2)"
check_same 'holes: three names' 3 "$(uids | tr ' ' '\n' | sort -u | wc -l)"

ask 0 expire && good
check_hasnt 'expire: no QUIT that would delete' "$T/s/expire.log" QUIT

# ---- copied, and copied again ----

copy() { # SCENARIO
	mbx-copy -l "$T/ledger.$to" --source-secret "file:$T/secret" \
		--source "pop3://anna@127.0.0.1:$(cat "$T/s/$1.port");tls=none" \
		--target "maildir:$T/$to" >"$T/out" 2>"$T/err"
	check_same "copy from $1: $2" "$2" \
		"$(for c in status copied failed; do column $c <"$T/out"; done | paste -sd' ')"
}
theirs() { # what the target holds, as the source had it
	python3 t/oracle.py dump "maildir:$T/$to" | cut -f2 | sort >"$T/got"
	sort "$T/s/$1.want" >"$T/want"
	check_files "$1: all there, nothing twice" "$T/want" "$T/got"
}
for s in plain nouidl twins holes dupes; do
	to=to.$s
	copy $s "copied $(wc -l <"$T/s/$s.want") 0"
	copy $s 'same 0 0'
	theirs $s
done
check_same 'dates: by the topmost Received, else by Date' \
	'2020-03-03T10:00:01Z 2020-03-03T10:00:02Z 2020-03-04T10:00:00Z' \
	"$(python3 t/oracle.py dump "maildir:$T/to.plain" | cut -f4 | sort |
		paste -sd' ')"
to=to.cut
copy cut 'failed 1 0'
theirs_before=$(python3 t/oracle.py dump "maildir:$T/$to" | wc -l)
check_same 'cut: what was whole is there' 1 "$theirs_before"

s=plain
rows "pop3://anna@127.0.0.1:$(cat "$T/s/plain.port")" >"$T/in"
check_rc 77 'STLS stripped' mbx-inventory "$T/in"
rows "pop3://anna@127.0.0.1:$(cat "$T/s/inject.port")" >"$T/in"
check_rc 76 'plaintext behind the OK to STLS' mbx-inventory "$T/in"
check_hasnt 'no password went out' "$T/s/inject.log" 'PASS'
cat "$T/s/"*.log >"$T/all"
check_hasnt 'DELE never' "$T/all" DELE
check_same 'the servers had no trouble' '' "$(cat "$T/s/err")"
done_testing
