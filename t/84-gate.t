#!/bin/sh
# The gate: random histories against the model in t/gate.py, and one in real
# time against real caches.  HISTORIES, OLD and LOW make it larger.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh

n=${HISTORIES:-5000}
[ "$SHORT" = 1 ] && n=1000
python3 t/gate.py make "${SEED:-1}" "$n" "$T"
check_rc 75 "$n histories" dns-ttl gate --offline --now 2027-01-15T08:00:00Z \
	-g "$T/seen" "$T/ledger"
check_same 'none opens early, none later than it must' \
	'early 0 late 0 wrong 0' "$(python3 t/gate.py judge "$T" "$T/out" 2>"$T/err")"

# What was given by hand.
printf 'plan\tzone\tname\ttype\tside\tttl\trdata\n%s\n%s\n' \
	'p	e.test.	e.test.	MX	-	86400	10 a.' \
	'p	e.test.	e.test.	MX	+	300	10 a.' >"$T/hand"
gate() { dns-ttl gate --published 2026-01-01T00:00:00Z "$@" "$T/hand"; }
check_rc 75 'a day less a second' gate --now 2026-01-02T00:00:04Z
check_rc 0 'a day and the skew' gate --now 2026-01-02T00:00:05Z
check_rc 75 'an older TTL that was higher' gate --assume-old 172800 \
	--now 2026-01-02T00:00:05Z
check_rc 75 'name servers that changed' gate --now 2026-01-02T12:00:00Z \
	--ns-changed 2026-01-02T00:00:00Z --ns-ttl 86400
check_has 'are what it waits for' "$T/err" 'e.test. NS: changed'
check_rc 0 'until they are forgotten too' gate --now 2026-01-03T00:00:05Z \
	--ns-changed 2026-01-02T00:00:00Z --ns-ttl 86400

# ---- real caches ----

old=${OLD:-5} low=${LOW:-1}
cat >"$T/zone" <<EOF2
@	60 IN SOA ns1 root 1 3600 1 86400 60
	60 NS ns1
	$old MX 10 a
ns1	60 A 127.0.0.1
a	$old A 192.0.2.1
b	$old A 192.0.2.2
EOF2
dns_key mig
bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub ANY; };'
# resolver NAME PORT [OPTION]: a cache that asks PORT.
resolver() {
	mkdir "$T/$1"
	port=$(free_port)
	eval "$1_port=$port"
	cat >"$T/$1/conf" <<-EOF2
		options { directory "$T/$1"; pid-file "p"; session-keyfile "s";
			listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; };
			dnssec-validation no; recursion yes; forward only;
			managed-keys-directory "$T/$1"; ${3:-}
			forwarders { 127.0.0.1 port $2; }; };
		controls { };
	EOF2
	dns_run "$1" named -g -c "$T/$1/conf" -n 1
	dns_up "$1" 127.0.0.1 example.test
}
resolver plain "$one_port"
resolver chained "$plain_port"
resolver floor "$one_port" 'min-cache-ttl 3;'
s=127.0.0.1#$one_port
all="$plain_port $chained_port $floor_port"
# ask: what every cache has now; a line "MILLISECONDS PORT HOST" each.
ask() {
	for p in $all; do
		printf '%s %s %s\n' "$(date +%s%3N)" "$p" "$(dig -p "$p" \
			@127.0.0.1 example.test MX +short +time=1 +tries=1)"
	done
}
ask >"$T/asked"
dns-ttl lower -t "$low" --min 1 -d example.test -s "$s" >"$T/plan"
dns-ttl apply -s "$s" -k "$T/mig.key" -l "$T/led" "$T/plan" >"$T/out"
began=$(date +%s)
dns-ttl gate --skew 1 -s "$s" "$T/led" >"$T/gate" 2>/dev/null
for _ in $(seq 200); do
	dns-ttl gate --skew 1 -s "$s" -g "$T/gate" "$T/led" >"$T/open" \
		2>/dev/null && break
	ask >>"$T/asked"
	sleep 0.3
done
check 'the gate opened, and not early' \
	[ $(($(date +%s) - began)) -ge $((old + 1)) ]
mx-switch plan -d example.test --mx '10 b.example.test.' -s "$s" >"$T/plan"
mx-switch apply -g "$T/open" -s "$s" -k "$T/mig.key" -l "$T/sw" "$T/plan" \
	>"$T/out"
switched=$(date +%s%3N)
for _ in $(seq $((4 * (low + 4)))); do ask; sleep 0.2; done >"$T/after"
# stale PORT: milliseconds after the switch at which it last had the old one.
stale() {
	awk -v p="$1" -v t="$switched" '$2 == p && $4 == "a.example.test." &&
		$1 > t { last = $1 - t } END { print last + 0 }' "$T/after"
}
check 'a cache forgets within the lowered TTL' \
	[ "$(stale "$plain_port")" -le $((1000 * low + 1000)) ]
check 'one behind another too' \
	[ "$(stale "$chained_port")" -le $((1000 * low + 1000)) ]
check 'one with a floor within that' \
	[ "$(stale "$floor_port")" -le $((1000 * 3 + 1000)) ]
check_has 'all have the new one' "$T/after" 'b.example.test.'
check_same 'in the end nobody has the old one' '' \
	"$(tail -n 3 "$T/after" | grep 'a\.example')"
check_rc 0 'verify asks caches too' mx-switch verify -s "$s" \
	--via "127.0.0.1#$plain_port" --via "127.0.0.1#$floor_port" "$T/sw"
check_same 'they pass' 2 "$(grep -c 'dns.mx.resolver.*pass' "$T/out")"
done_testing
