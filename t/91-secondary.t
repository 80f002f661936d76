#!/bin/sh
# BIND, Knot and NSD as secondaries, stopped while TTLs are lowered and resumed:
# the gate says no, waits, and opens; the switch is seen on both; and back.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
cat >"$T/zone" <<'EOF2'
$TTL 3600
@	IN SOA ns1 root ( 2024010101 3600 1 86400 300 )
	NS ns1
	NS ns2
	MX 10 a
ns1	A 127.0.0.1
ns2	A 127.0.0.2
a	A 192.0.2.1
b	A 192.0.2.2
EOF2
dns_key mig
# BIND listens on addresses of interfaces alone: 127.0.0.1 is the secondary's
# then, and Knot the primary.
first() {
	first=127.0.0.1 second=127.0.0.2
	if [ $kind = bind ]; then
		first=127.0.0.2 second=127.0.0.1
		sed 's/SOA ns1/SOA ns2/' "$T/zone" >"$T/zone2"
		knot_zone='    acl: [u, x]
    notify: s'
		knot_start one 127.0.0.2 example.test "$T/zone2" 'remote:' \
			'  - id: s' "    address: 127.0.0.1@$dns_port" 'acl:' \
			'  - id: u' '    key: mig' '    action: update' '  - id: x' \
			'    address: 127.0.0.0/8' '    action: transfer'
	else
		bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
			'update-policy { grant mig zonesub ANY; };' 'also-notify' \
			"{ 127.0.0.2 port $dns_port; }; notify explicit;"
	fi
}
second_bind() {
	bind_start two 127.0.0.1 example.test '' 'type secondary;' \
		"primaries { 127.0.0.2 port $dns_port; };" 'allow-notify { any; };'
}
second_knot() {
	knot_zone='    master: p
    acl: [n, x]'
	knot_start two 127.0.0.2 example.test '' 'remote:' '  - id: p' \
		"    address: 127.0.0.1@$dns_port" 'acl:' '  - id: n' \
		'    address: 127.0.0.0/8' '    action: notify' '  - id: x' \
		'    address: 127.0.0.0/8' '    action: transfer'
}
second_nsd() {
	nsd_start two 127.0.0.2 example.test '' \
		"request-xfr: 127.0.0.1@$dns_port NOKEY" \
		'allow-notify: 127.0.0.1 NOKEY' 'provide-xfr: 127.0.0.0/8 NOKEY'
}
both() { # the MX of each
	for at in 1 2; do
		dig -p "$dns_port" @127.0.0.$at example.test MX +noall +answer |
			awk '{ print $2, $6 }'
	done | paste -sd,
}
# A NOTIFY may get lost on a busy machine, and REFRESH is an hour.
notify() {
	dig -p "$dns_port" @$second example.test SOA +opcode=notify +time=1 \
		+tries=1 >"$T/notified" 2>&1 || :
}
for kind in bind knot nsd; do
	dns_port=$(free_port)
	rm -rf "$T/one" "$T/two"
	first
	second_$kind
	names="--resolver $first#$dns_port --port $dns_port --timeout 1"
	# shellcheck disable=SC2086
	ttl() { verb=$1; shift; dns-ttl "$verb" $names "$@"; }
	# shellcheck disable=SC2086
	mx() { verb=$1; shift; mx-switch "$verb" $names "$@"; }
	for _ in $(seq 100); do # it may answer before it lets one transfer
		dns_records $second "$dns_port" example.test >"$T/before"
		grep -q ' 192\.0\.2\.1' "$T/before" && break
		sleep 0.1
	done
	check_rc 0 "$kind: both agree" ttl report -d example.test
	ttl lower -d example.test >"$T/plan"

	kill "$two_pid"
	wait "$two_pid" 2>/dev/null
	check_rc 0 "$kind is stopped; apply" \
		ttl apply -k "$T/mig.key" -l "$T/$kind.led" "$T/plan"
	check_rc 1 "$kind: waiting will not help" ttl gate "$T/$kind.led"
	check_has "$kind: says which" "$T/err" "waiting will not help.*$second#"

	second_$kind
	for _ in $(seq 100); do
		ttl gate "$T/$kind.led" >"$T/gate" 2>"$T/err"
		rc=$?
		[ $rc -eq 75 ] && grep -q 'published + old' "$T/gate" && break
		notify
		sleep 0.2
	done
	check_same "$kind resumed: wait" 75 "$rc"
	check_has "$kind: until a known time" "$T/err" 'published . old TTL . 3600'
	check_same "$kind: dig sees it on both" \
		'300 a.example.test.,300 a.example.test.' "$(both)"
	later=$(date -u -d '+3606 sec' +%FT%TZ)
	check_rc 0 "$kind: then safe" \
		ttl gate --now "$later" -g "$T/gate" "$T/$kind.led"
	cp "$T/out" "$T/open"
	mx plan -d example.test --mx '10 b.example.test.' >"$T/plan"
	check_rc 75 "$kind: no switch before" mx apply -k "$T/mig.key" \
		-g "$T/open" -l "$T/$kind.sw" "$T/plan"
	check_rc 0 "$kind: the switch" mx apply -k "$T/mig.key" --now "$later" \
		-g "$T/open" -l "$T/$kind.sw" "$T/plan"
	check_rc 0 "$kind: verified on both" mx verify --wait 20 "$T/$kind.sw"
	check_same "$kind: two servers, no more" 'pass pass' "$(awk -F'\t' \
		'$2 == "dns.mx.rrset" { print $7 }' "$T/out" | xargs)"
	check_same "$kind: dig too" \
		'300 b.example.test.,300 b.example.test.' "$(both)"
	mx rollback "$T/$kind.sw" >"$T/plan"
	check_rc 0 "$kind: back" mx apply --force-gate back -k "$T/mig.key" \
		-l "$T/$kind.sw2" "$T/plan"
	ttl restore "$T/$kind.led" >"$T/plan"
	check_rc 0 "$kind: and the TTLs" \
		ttl apply -k "$T/mig.key" -l "$T/$kind.led2" "$T/plan"
	for _ in $(seq 300); do
		dns_records $second "$dns_port" example.test >"$T/after"
		cmp -s "$T/before" "$T/after" && break
		notify
		sleep 0.1
	done
	check_files "$kind: what it serves is what it was" "$T/before" "$T/after"
	kill "$one_pid" "$two_pid"
	wait "$one_pid" "$two_pid" 2>/dev/null
done
done_testing
