#!/bin/sh
# Between the look and the update, and between the update and its reply: a
# foreign edit, a connection that is cut, an update that arrives late.  What
# the zone then is decides, at BIND and at Knot.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
cat >"$T/zone" <<'EOF2'
$TTL 300
@	IN SOA ns1 root 1 3600 600 86400 300
	NS ns1
	MX 10 a
ns1	A 127.0.0.1
a	A 192.0.2.1
b	A 192.0.2.2
EOF2
dns_key mig
bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub ANY; };'
knot_zone='    acl: [u, x]'
knot_start two 127.0.0.1 example.test "$T/zone" 'acl:' '  - id: u' \
	'    key: mig' '    action: [update, transfer]' '  - id: x' \
	'    address: 127.0.0.1' '    action: transfer'
# between MODE PORT [COMMAND...]: $s goes through it.
between() {
	: >"$T/port"
	python3 t/servers/between.py "$@" >"$T/port" 2>"$T/between.err" &
	defer "kill $! 2>/dev/null"
	for _ in $(seq 200); do [ -s "$T/port" ] && break; sleep 0.05; done
	s=127.0.0.1#$(cat "$T/port")
}
mx() { dig -p "$port" @127.0.0.1 example.test MX +short | sort | paste -sd,; }
back() { # PORT: as it was
	nsupdate -k "$T/mig.key" <<-EOF2
		server 127.0.0.1 $1
		update delete example.test. MX
		update add example.test. 300 MX 10 a.example.test.
		send
	EOF2
}
apply() {
	mx-switch apply --timeout 2 --force-gate x -s "$s" -k "$T/mig.key" \
		-l "$T/$name.led" "$@" "$T/plan"
}
said() { tail -n 1 "$T/$name.led" | cut -f13; }
now='10 a.example.test.' then='10 b.example.test.'
matrix() {
	server=$1
	eval "port=\$${1}_port"
	mx-switch plan -d example.test --mx "$then" -s "127.0.0.1#$port" \
		>"$T/plan"

	name=$server-race
	printf 'server 127.0.0.1 %s\nupdate add %s 300 MX 20 b.%s\nsend\n' \
		"$port" example.test. example.test. >"$T/edit"
	between race "$port" nsupdate -k "$T/mig.key" "$T/edit"
	check_rc 1 "$server: somebody changes it after the look" apply
	check_has 'the server saw it' "$T/err" 'NXRRSET: changed since it was'
	check_same 'a conflict' conflict "$(said)"
	check_same 'and nothing but that change is done' \
		'10 a.example.test.,20 b.example.test.' "$(mx)"
	back "$port"

	name=$server-strict
	printf 'server 127.0.0.1 %s\nupdate add c.%s 300 A 192.0.2.3\nsend\n' \
		"$port" example.test. >"$T/edit"
	between race "$port" nsupdate -k "$T/mig.key" "$T/edit"
	check_rc 1 "$server: --strict-serial: something else changes" \
		apply --strict-serial
	check_has 'is said' "$T/err" 'NXRRSET.*or its serial'
	check_same 'nothing is done' "$now" "$(mx)"
	check_rc 0 'again, nothing in between' apply --strict-serial
	check_same 'it is done' "$then" "$(mx)"
	back "$port"

	name=$server-mute
	between mute "$port"
	check_rc 0 "$server: the reply is lost" apply
	check_has 'found out by looking' "$T/out" 'applied.*the reply was lost'
	check_same 'the ledger says so' applied "$(said)"
	check_same 'it is done' "$then" "$(mx)"
	check_rc 0 'again' apply
	check_same 'already' already "$(said)"
	back "$port"

	for mode in lose half; do
		name=$server-$mode
		between $mode "$port"
		check_rc 75 "$server: the update is lost: $mode" apply
		check_same 'nobody can know that it was' unknown "$(said)"
		check_same 'it is not done' "$now" "$(mx)"
		s=127.0.0.1#$port
		check_rc 0 'again' apply
		check_same 'applied' applied "$(said)"
		back "$port"
	done

	name=$server-delay
	between delay "$port"
	check_rc 75 "$server: the update is late" apply
	check_same 'not yet' unknown "$(said)"
	for _ in $(seq 50); do [ "$(mx)" = "$then" ] && break; sleep 0.1; done
	check_rc 0 'again, after it arrived' apply
	check_same 'already' already "$(said)"
	back "$port"
}
matrix one
matrix two
done_testing
