#!/bin/sh
# dns-ttl against real servers: report, lower, apply, restore, gate.  Judged by
# dig, and by nsupdate as the other hand in the zone.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh

cat >"$T/zone" <<'EOF2'
$TTL 3600
@	IN SOA ns1 root ( 2024010101 3600 1 86400 300 )
	NS ns1
	NS ns2
	86400 MX 10 mx-old
	86400 MX 20 MX-old2
ns1	A 127.0.0.1
ns2	A 127.0.0.2
mx-old	A 192.0.2.1
mx-old2 A 192.0.2.2
mx-new	A 192.0.2.9
@	TXT "v=spf1 mx -all"
_mta-sts TXT "v=STSv1; id=1"
EOF2
dns_key mig
dns_key other
dns_key big hmac-sha512
dig_mx() {
	dig -p "$port" @127.0.0.1 example.test MX +noall +answer |
		awk '{ print $2, $5, $6 }' | LC_ALL=C sort | paste -sd,
}
# outcome FILE: of all rows, once.
outcome() { column outcome <"$1" | sort -u | paste -sd,; }

# matrix NAME: what every server that takes updates must do.
matrix() {
	name=$1
	eval "port=\$${1}_port"
	s=127.0.0.1#$port
	dns_records 127.0.0.1 "$port" example.test >"$T/before"

	check_rc 0 "$name: report" dns-ttl report -d example.test -s "$s"
	check_same "$name: the sets of a domain, and their TTLs" \
		'3600 86400 3600 3600' "$(column ttl_max <"$T/out" | xargs)"
	check_same "$name: a no lives as long as the SOA says" 300 \
		"$(column neg_ttl <"$T/out" | sort -u)"
	check_rc 0 "$name: lower" dns-ttl lower -d example.test -s "$s"
	cp "$T/out" "$T/plan"
	check_same "$name: four sets change" 4 \
		"$(column seq <"$T/plan" | grep -v end | sort -u | wc -l)"
	check_rc 0 "$name: -n" dns-ttl apply -n -s "$s" -k "$T/mig.key" "$T/plan"
	check_same "$name: changes nothing" \
		'86400 10 mx-old.example.test.,86400 20 mx-old2.example.test.' \
		"$(dig_mx | tr "[:upper:]" "[:lower:]")"
	check_rc 0 "$name: apply" dns-ttl apply -s "$s" -k "$T/mig.key" \
		-l "$T/$name.ledger" "$T/plan"
	check_same "$name: it is applied" applied "$(outcome "$T/out")"
	check_same "$name: the TTL is lower" \
		'300 10 mx-old.example.test.,300 20 mx-old2.example.test.' \
		"$(dig_mx | tr "[:upper:]" "[:lower:]")"
	check_same "$name: the serial moved" 1 "$(awk -F'\t' 'NR > 1 &&
		$12 <= $11 { exit 1 }' "$T/out" && echo 1)"
	check_same "$name: the ledger said so before" unknown \
		"$(sed -n 2p "$T/$name.ledger" | cut -f13)"
	check_rc 0 "$name: again" dns-ttl apply -s "$s" -k "$T/mig.key" \
		-l "$T/$name.ledger" "$T/plan"
	check_same "$name: it was so already" already "$(outcome "$T/out")"

	check_rc 75 "$name: the gate waits" \
		dns-ttl gate -s "$s" "$T/$name.ledger"
	check_same "$name: as long as the old TTL" 86400 \
		"$(awk -F'\t' '$4 == "MX" { print $5 }' "$T/out")"
	cp "$T/out" "$T/gate"
	check_rc 0 "$name: and opens" dns-ttl gate -s "$s" \
		--now "$(date -u -d '+86407 sec' +%FT%TZ)" \
		-g "$T/gate" "$T/$name.ledger"
	check_rc 1 "$name: a clock that goes backwards" dns-ttl gate -s "$s" \
		--now 2020-01-01 -g "$T/gate" "$T/$name.ledger"

	check_rc 0 "$name: restore" dns-ttl restore -s "$s" "$T/$name.ledger"
	cp "$T/out" "$T/back"
	check_rc 0 "$name: and applied" dns-ttl apply -s "$s" -k "$T/mig.key" \
		-l "$T/$name.ledger2" "$T/back"
	dns_records 127.0.0.1 "$port" example.test >"$T/after"
	check_files "$name: the zone is as it was" "$T/before" "$T/after"

	# Somebody else's hand between plan and apply.
	nsupdate -k "$T/mig.key" <<-EOF2
		server 127.0.0.1 $port
		update add example.test. 86400 MX 30 mx-new.example.test.
		send
	EOF2
	dns_records 127.0.0.1 "$port" example.test >"$T/before"
	check_rc 1 "$name: a foreign edit" dns-ttl apply -s "$s" \
		-k "$T/mig.key" -l "$T/$name.ledger" "$T/plan"
	check_has "$name: both are shown" "$T/err" \
		'MX: apply: changed since: planned from .*, is .*30 mx-new'
	dns_records 127.0.0.1 "$port" example.test >"$T/after"
	check_files "$name: nothing changed" "$T/before" "$T/after"
	nsupdate -k "$T/mig.key" <<-EOF2
		server 127.0.0.1 $port
		update delete example.test. MX
		update add example.test. 7200 MX 10 mx-old.example.test.
		update add example.test. 7200 MX 20 mx-old2.example.test.
		send
	EOF2
	check_rc 1 "$name: only the TTL is another" dns-ttl apply -s "$s" \
		-k "$T/mig.key" -l "$T/$name.ledger" "$T/plan"
	check_has "$name: is said" "$T/err" 'MX: apply: another TTL'
	check_rc 0 "$name: unless --any-ttl" dns-ttl apply --any-ttl -s "$s" \
		-k "$T/mig.key" -l "$T/$name.ledger" "$T/plan"

	# Keys.
	dns-ttl lower -t 200 -d example.test -s "$s" >"$T/plan2"
	check_rc 77 "$name: a key it does not know" dns-ttl apply -s "$s" \
		-k "$T/k/unknown.key" -l "$T/l" "$T/plan2"
	check_has "$name: NOTAUTH, BADKEY" "$T/err" 'NOTAUTH, BADKEY'
	check_rc 77 "$name: a wrong secret" dns-ttl apply -s "$s" \
		-k "$T/k/wrong.key" -l "$T/l" "$T/plan2"
	check_has "$name: NOTAUTH, BADSIG" "$T/err" 'NOTAUTH, BADSIG'
	check_rc 77 "$name: a key without the right" dns-ttl apply -s "$s" \
		-k "$T/other.key" -l "$T/l" "$T/plan2"
	check_rc 77 "$name: no key" dns-ttl apply -s "$s" -l "$T/l" "$T/plan2"
	check_rc 0 "$name: hmac-sha512" dns-ttl apply -s "$s" -k "$T/big.key" \
		-l "$T/l" "$T/plan2"
}
bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub ANY; grant big zonesub ANY; };'
knot_zone='    acl: [u, x]'
knot_start two 127.0.0.1 example.test "$T/zone" 'acl:' '  - id: u' \
	'    key: [mig, big]' '    action: [update, transfer]' '  - id: x' \
	'    address: 127.0.0.1' '    action: transfer'
(umask 077
mkdir "$T/k"
sed 's/"mig"/"nobody"/' "$T/mig.key" >"$T/k/unknown.key"
sed 's/secret ".*"/secret "d3Jvbmcgd3Jvbmcgd3Jvbmc="/' "$T/mig.key" \
	>"$T/k/wrong.key")
matrix one
matrix two

# ---- NSD takes no updates ----

nsd_start three 127.0.0.1 example.test "$T/zone" \
	'provide-xfr: 127.0.0.1 mig' 'key:' ' name: mig' \
	' algorithm: hmac-sha256' " secret: $mig_secret"
s=127.0.0.1#$three_port
dns-ttl lower -d example.test -s "$s" >"$T/plan"
for key in '' "-k $T/mig.key"; do
	# shellcheck disable=SC2086
	check_rc 69 "NSD: no updates ($key)" \
		dns-ttl apply -s "$s" $key -l "$T/nsd" "$T/plan"
	check_has 'and says what to do' "$T/err" 'NOTIMP.*-z or --zone-in'
done

# ---- servers found by name; a secondary that lags ----

dns_port=$(free_port)
bind_start four 127.0.0.1 example.test "$T/zone" 'type primary; ' \
	'update-policy { grant mig zonesub ANY; };' \
	'also-notify { 127.0.0.2 port '"$dns_port"'; }; notify explicit;'
second() {
	nsd_start five 127.0.0.2 example.test '' \
		"request-xfr: 127.0.0.1@$dns_port NOKEY" \
		'allow-notify: 127.0.0.1 NOKEY' \
		'provide-xfr: 127.0.0.2 NOKEY'
}
second
names="--resolver 127.0.0.1#$dns_port --port $dns_port --timeout 2"
# shellcheck disable=SC2086
found() { verb=$1; shift; dns-ttl "$verb" $names "$@"; }
check_rc 0 'servers by NS and address' found report -d example.test
check_same 'both' 2 "$(column servers <"$T/out" | sort -u)"
check_same 'in sync' 1 "$(column in_sync <"$T/out" | sort -u)"
found lower -d example.test >"$T/plan"
kill "$five_pid"
wait "$five_pid" 2>/dev/null
check_rc 0 'the primary, by SOA MNAME' found apply -k "$T/mig.key" \
	-l "$T/pair.ledger" "$T/plan"
check_rc 1 'a secondary that is stopped: waiting will not help' \
	found gate "$T/pair.ledger"
check_has 'says which' "$T/err" 'waiting will not help.*127.0.0.2#'
check_rc 75 'unless that is assumed' \
	found gate --assume-server 127.0.0.2 "$T/pair.ledger"
check_same 'the reasons say so, the last too' 5 \
	"$(cut -f11 "$T/out" | grep -c 'old TTL.*; assumed: 127.0.0.2#.*')"
check_rc 1 'no other one' \
	found gate --assume-server 127.0.0.3 "$T/pair.ledger"
check_rc 1 'report: not in sync' found report -d example.test
second
check_rc 75 'it answers, and is not assumed away' \
	found gate --assume-server 127.0.0.2 "$T/pair.ledger"
for _ in $(seq 100); do
	found gate "$T/pair.ledger" >"$T/out" 2>"$T/err"
	[ $? -eq 75 ] && grep -q 'published + old' "$T/out" && break
	sleep 0.1
done
check_has 'resumed: wait, until a known time' "$T/err" 'published . old TTL'
cp "$T/out" "$T/gate"
check_rc 0 'and then safe' found gate \
	--now "$(date -u -d '+86407 sec' +%FT%TZ)" -g "$T/gate" "$T/pair.ledger"
check_same 'published is remembered' \
	"$(awk -F'\t' '$4 == "MX" { print $7 }' "$T/gate")" \
	"$(awk -F'\t' '$4 == "MX" { print $7 }' "$T/out")"

# ---- what is wrong with rows and options ----

bad() { check_rc "$1" "$2" dns-ttl apply -n -s "$s" "$T/in"; }
grep -v '#end' "$T/plan" >"$T/in"
bad 65 'a plan without its end'
check_has 'is cut' "$T/err" 'is cut'
sed 2d "$T/plan" >"$T/in"
bad 65 'a plan with a row less'
check_has 'is not whole' "$T/err" 'is not whole'
sed 's/mx-old\./mx-odd./' "$T/plan" >"$T/in"
bad 65 'a plan with another row'
printf 'plan	seq	zone	name	type	side	ttl	rdata
p	1	example.test.	example.test.	NS	-	1	a.example.test.
p	1	example.test.	example.test.	SOA	-	1	a. b. 1 2 3 4 5
p	1	example.test.	example.test.	MX	-	1	10 mail
p	1	example.test.	example.test.	MX	-	x	10 mail.
p	1	example.test.	other.test.	MX	-	1	10 mail.
p	1	example.test.	bücher.test.	MX	-	1	10 mail.
p	1	example.test.	example.test.	MX	*	1	10 mail.
p	1	example.test.	example.test.	MX	-	1	ten mail.
p	1	example.test.	example.test.	ANY	-	1	10 mail.
' >"$T/in"
bad 65 'rows that no cutover has'
for line in 'type: NS of' 'type: SOA of' 'rdata:.*dot' 'ttl:' \
	'name: other.test. is not in' 'name:.*idn2' 'side:' 'rdata:.*is no MX' \
	'type:.*ANY'; do
	check_has "named: $line" "$T/err" "^dns-ttl: $T/in:[0-9]+: $line"
done
# A bad row spoils its zone alone; --strict all of them.
{
	printf 'plan\tseq\tzone\tname\ttype\tside\tttl\trdata\n'
	{
		printf '1\texample.test.\texample.test.\tMX\t-\t9\t10 ten. x\n'
		printf '2\texample.org.\texample.org.\tMX\t-\t9\t10 a.\n'
		printf '3\texample.test.\ta.example.test.\tA\t-\t9\t192.0.2.1\n'
	} >"$T/rows"
	sed 's/^/p\t/' "$T/rows"
	printf 'p\t#end\t\t\t\t\t\trows=3 sha256=%s\n' \
		"$(sha256sum <"$T/rows" | cut -d' ' -f1)"
} >"$T/in"
check_rc 65 'a bad row' dns-ttl apply --max-zones 2 -s "$s" -l "$T/bad" "$T/in"
check_has 'spoils its zone' "$T/err" \
	'^dns-ttl: example.test.: a row of it is bad, so nothing of it is sent'
check_same 'the others go on' 'example.org.' "$(column zone <"$T/bad" | sort -u)"
rm "$T/bad"
check_rc 65 '--strict' dns-ttl apply --strict --max-zones 2 -s "$s" \
	-l "$T/bad" "$T/in"
check 'nothing at all is begun' [ ! -e "$T/bad" ]
check_rc 64 'no verb' dns-ttl -d example.test
check_rc 64 'no port' dns-ttl report -d example.test -s 127.0.0.1#x
check_rc 1 'two zones' sh -c "{ cat '$T/plan'; sed 's/^p[0-9a-f]*/q/;
	s/example\.test/example.org/g' '$T/plan' | head -n 3; } >'$T/in'
	dns-ttl apply -s '$s' -l '$T/l' '$T/in' 2>&1 | grep -q 'not whole'
	exit 1"
chmod 644 "$T/k/wrong.key"
check_rc 77 'a key that others may read' dns-ttl apply -s "$s" \
	-k "$T/k/wrong.key" -l "$T/l" "$T/plan"
printf 'key "a" { algorithm hmac-md5; secret "YQ=="; };' >"$T/k/md5.key"
chmod 600 "$T/k/md5.key"
check_rc 78 'hmac-md5' dns-ttl apply -s "$s" -k "$T/k/md5.key" -l "$T/l" "$T/plan"
check_rc 75 'a server that is not there' dns-ttl apply --timeout 1 \
	-s "127.0.0.1#$(free_port)" -l "$T/l" "$T/plan"
check_rc 75 'a ledger that another run has' \
	flock "$T/l" dns-ttl apply -s "$s" -l "$T/l" "$T/plan"
check_rc 78 'a ledger that is none' dns-ttl apply -s "$s" -l "$T/zone" "$T/plan"
done_testing
