#!/bin/sh
# Forged, late, cut, unsigned, wrongly signed and replayed replies: none is
# believed.  Each kind is a server of its own that lies in one way.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
dns_key mig
{
	printf 'plan\tseq\tzone\tname\ttype\tside\tttl\trdata\n'
	printf 'p\t1\te.test.\te.test.\tMX\t-\t3600\t10 mx.other.\n'
	printf 'p\t1\te.test.\te.test.\tMX\t+\t300\t10 mx.other.\n'
	printf 'p\t#end\t\t\t\t\t\trows=2 sha256=%s\n' "$(printf '%s\n%s\n' \
		'1	e.test.	e.test.	MX	-	3600	10 mx.other.' \
		'1	e.test.	e.test.	MX	+	300	10 mx.other.' |
		sha256sum | cut -d' ' -f1)"
} >"$T/plan"
# liar KIND: $port, $liar.
liar() {
	: >"$T/$1.port"
	python3 t/servers/forger.py "$1" "$mig_secret" >"$T/$1.port" &
	liar=$!
	defer "kill $liar 2>/dev/null"
	for _ in $(seq 200); do [ -s "$T/$1.port" ] && break; sleep 0.05; done
	port=$(cat "$T/$1.port")
}
# lied KIND CODE ERE: what is wrong goes into $T/believed.
lied() {
	liar "$1"
	dns-ttl apply --timeout 2 -s "127.0.0.1#$port" -k "$T/mig.key" \
		-l "$T/$1.led" "$T/plan" >"$T/$1.out" 2>"$T/$1.err"
	rc=$?
	kill "$liar"
	if [ $rc -ne "$2" ] ||
		! grep -q "^dns-ttl: 127.0.0.1#$port: $3" "$T/$1.err"; then
		echo "$1: $rc: $(cat "$T/$1.err")"
	fi
	[ "$(column outcome <"$T/$1.out" | sort -u)" = unknown ] ||
		echo "$1: $(column outcome <"$T/$1.out" | xargs)"
}
: >"$T/believed"
try() { lied "$@" >>"$T/believed" & tries="$tries $!"; }
tries=
try id 75 'reply: not one to this question'
try request 75 'reply: not one'
try opcode 75 'reply: not one'
try question 75 'reply: not one'
try unsigned 77 'signature: .*none'
try secret 77 "signature: .*wrong"
try key 77 'signature: .*another key'
try algorithm 77 'signature: .*another key'
try old 77 'signature: .*too old'
try future 77 'signature: .*future'
try replay 77 'signature: .*wrong'
try cut-mac 77 'signature: .*wrong'
try no-mac 77 'signature: .*wrong'
try behind 77 'signature: .*none'
try cut 77 'signature: '
try rcode 77 'signature: .*wrong'
try garbage 75 'reply: not one'
try loop 75 'reply: not one'
try empty 75 'receive: a message of 0'
try close 75 'receive: the server closed'
try late 75 'receive: no answer in time'
# shellcheck disable=SC2086
wait $tries
check_same 'of 21 forged replies to an update none is believed' '' \
	"$(cat "$T/believed")"
check_same 'all were tried' 21 "$(cat "$T"/*.led | grep -c '	-	.*unknown	.*Z	.')"
liar good
check_rc 1 'one that is signed and right, but nothing happened' dns-ttl apply \
	--timeout 1 -s "127.0.0.1#$port" -k "$T/mig.key" -l "$T/good.led" "$T/plan"
check_has 'is not believed either' "$T/err" 'NOERROR, but it is 3600'

# What a server really says, signed: each code has its exit.
said() { # RCODE EXIT OUTCOME ERE
	liar "$1"
	dns-ttl apply --timeout 2 -s "127.0.0.1#$port" -k "$T/mig.key" \
		-l "$T/$1.led" "$T/plan" >"$T/$1.out" 2>"$T/$1.err"
	rc=$?
	kill "$liar"
	[ $rc -eq "$2" ] && grep -q "$4" "$T/$1.err" ||
		echo "$1: $rc: $(cat "$T/$1.err")"
	[ "$(column outcome <"$T/$1.out" | sort -u)" = "$3" ] ||
		echo "$1: $(column outcome <"$T/$1.out" | xargs)"
}
{
	said rcode-1 65 refused 'FORMERR: it cannot read'
	said rcode-2 75 refused 'SERVFAIL: it has trouble'
	said rcode-3 1 conflict 'NXDOMAIN: changed since'
	said rcode-4 69 refused 'NOTIMP: it takes no updates'
	said rcode-5 77 refused 'REFUSED: the key may not'
	said rcode-6 1 conflict 'YXDOMAIN: changed since'
	said rcode-7 1 conflict 'YXRRSET: changed since'
	said rcode-8 1 conflict 'NXRRSET: changed since'
	said rcode-9 77 refused 'NOTAUTH: it is not the zone'
	said rcode-10 65 refused 'NOTZONE: a name is not in'
	said rcode-11 76 refused 'RCODE11'
	said badtime 75 refused \
		"BADTIME: its clock says 2001-09-09T01:46:40Z, this one 20"
} >"$T/said"
check_same 'every code has its outcome and its exit' '' "$(cat "$T/said")"

believed=
for kind in udp-id udp-case udp-question udp-request udp-opcode udp-short \
	udp-cut udp-silent udp-late; do
	liar $kind
	printf 'name\ttype\ne.test\tMX\n' | dns-ttl report --timeout 1 \
		-s "127.0.0.1#$port" >"$T/out" 2>"$T/err"
	[ "$(column ttl_max <"$T/out")" = 3600 ] ||
		believed="$believed $kind:$(cat "$T/err")"
done
check_same 'of 9 over UDP neither; the good one, or TCP, is' '' "$believed"
done_testing
