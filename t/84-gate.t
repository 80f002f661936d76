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

python3 t/gate.py make "${SEED:-2}" "$n" "$T" 600
check_rc 75 "$n histories with caches that keep all for 600 seconds" \
	dns-ttl gate --offline --now 2027-01-15T08:00:00Z --floor 600 \
	-g "$T/seen" "$T/ledger"
check_same 'none opens early, none later than it must' \
	'early 0 late 0 wrong 0' "$(python3 t/gate.py judge "$T" "$T/out" 2>"$T/err")"
check_rc 75 'without knowing of them' dns-ttl gate --offline \
	--now 2027-01-15T08:00:00Z -g "$T/seen" "$T/ledger"
python3 t/gate.py judge "$T" "$T/out" >"$T/judged" 2>"$T/err"
check_has 'it would open early' "$T/judged" 'early [1-9]'

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
python3 t/gate.py delegations "${SEED:-3}" 100 >"$T/delegations"
while read -r before opens options; do
	# shellcheck disable=SC2086
	dns-ttl gate --now "$before" $options "$T/hand" >"$T/out" 2>&1
	[ $? -eq 75 ] || echo "$opens $options: early"
	# shellcheck disable=SC2086
	dns-ttl gate --now "$opens" $options "$T/hand" >"$T/out" 2>&1 ||
		echo "$opens $options: late"
done <"$T/delegations" >"$T/wrong"
check_same "100 delegations that changed: to the second" '' \
	"$(cat "$T/wrong")"
check_rc 0 'until they are forgotten too' gate --now 2026-01-03T00:00:05Z \
	--ns-changed 2026-01-02T00:00:00Z --ns-ttl 86400

# A policy of MTA-STS that became another is looked for once a day.
{
	cat "$T/hand"
	printf 'p\te.test.\t_mta-sts.e.test.\tTXT\t%s\n' \
		'-	86400	"v=STSv1; id=1"' '+	300	"v=STSv1; id=1"'
} >"$T/sts"
sts() { dns-ttl gate --published 2026-01-01T00:00:00Z "$@" "$T/sts"; }
check_rc 0 'MTA-STS: its TTL alone' sts --now 2026-01-02T00:00:05Z
printf 'q\te.test.\t_mta-sts.e.test.\tTXT\t%s\n' \
	'-	300	"v=STSv1; id=1"' '+	300	"v=STSv1; id=2"' >>"$T/sts"
check_rc 75 'another id: a day more' sts --now 2026-01-03T00:00:04Z
check_has 'is what it waits for' "$T/err" '_mta-sts.e.test. TXT: .* MTA-STS'
check_rc 0 'to the second' sts --now 2026-01-03T00:00:05Z

# ---- real caches ----

# Two servers, one of which has the lowered TTL some seconds later, and caches
# of BIND and Unbound: one behind another, two with a floor, two that the late
# server fills just before.
old=${OLD:-5} low=${LOW:-1} lag=3
cat >"$T/zone" <<EOF2
@	60 IN SOA ns1 root 1 3600 1 86400 60
	60 NS ns1
	$old MX 10 a
ns1	60 A 127.0.0.1
a	$old A 192.0.2.1
b	$old A 192.0.2.2
EOF2
dns_key mig
for name in one two; do
	bind_start $name 127.0.0.1 example.test "$T/zone" 'type primary;' \
		'update-policy { grant mig zonesub ANY; };'
done
late() { # COMMAND: at the second server, whose MX is dropped before
	nsupdate -k "$T/mig.key" <<-EOF2
		server 127.0.0.1 $two_port
		update delete example.test. MX
		$1
		send
	EOF2
}
# resolver NAME PORT [OPTION]: a BIND that asks PORT.
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
resolver bindlate "$two_port"
unbound_start ub example.test "$one_port"
unbound_start ubfloor example.test "$one_port" 'cache-min-ttl: 3'
unbound_start ublate example.test "$two_port"
servers="-s 127.0.0.1#$one_port -s 127.0.0.1#$two_port"
s=127.0.0.1#$one_port
all="$plain_port $chained_port $floor_port $ub_port $ubfloor_port"
# ask: what every cache has now; a line "MILLISECONDS PORT TTL HOST" each.
ask() {
	for p in $all; do
		printf '%s %s %s\n' "$(date +%s%3N)" "$p" "$(dig -p "$p" \
			@127.0.0.1 example.test MX +noall +answer +time=1 +tries=1 |
			awk '{ print $2, $6 }')"
	done
}
# shellcheck disable=SC2086
look() { dns-ttl gate --skew 1 $servers "$@" "$T/led"; }
ask >"$T/asked"
# shellcheck disable=SC2086
dns-ttl lower -t "$low" --min 1 -d example.test $servers >"$T/plan"
dns-ttl apply -s "$s" -k "$T/mig.key" -l "$T/led" "$T/plan" >"$T/out"
began=$(date +%s%3N)
check_rc 75 'one server is behind' look
check_has 'is said' "$T/err" "$two_port: still $old"
cp "$T/out" "$T/gate"
while [ "$(date +%s%3N)" -lt $((began + 1000 * lag)) ]; do
	ask >>"$T/asked"
	sleep 0.3
done
all="$all $bindlate_port $ublate_port"
ask >>"$T/asked"
nsupdate -k "$T/mig.key" <<EOF2
server 127.0.0.1 $two_port
update delete a.example.test. A
update add a.example.test. $low A 192.0.2.1
send
EOF2
late "update add example.test. $low MX 10 a.example.test."
lowered=$(date +%s%3N)
for _ in $(seq 400); do
	look -g "$T/gate" >"$T/open" 2>/dev/null && break
	cp "$T/open" "$T/gate"
	ask >>"$T/asked"
	sleep 0.3
done
opened=$(date +%s%3N)
check 'the gate opened, and not early' [ $((opened - lowered)) -ge $((1000 * old)) ]
for _ in $(seq $((2 * low + 4))); do ask; sleep 0.3; done >"$T/safe"
# high FILE FROM MOST PORT...: answers since FROM with a TTL above MOST.
high() {
	file=$1 from=$2 most=$3
	shift 3
	awk -v t="$from" -v m="$most" -v p=" $* " '$1 >= t && $3 > m &&
		index(p, " " $2 " ")' "$file"
}
check_same 'then no cache has anything from before' '' \
	"$(high "$T/safe" "$opened" "$low" "$plain_port" "$chained_port" \
		"$bindlate_port" "$ub_port" "$ublate_port")"
check_same 'nor one with a floor, above that' '' \
	"$(high "$T/safe" "$opened" $((low > 3 ? low : 3)) "$floor_port" \
		"$ubfloor_port")"
# The usual rule, lowered and the old TTL after it, is early here.
check 'a second after the old TTL one of them still had it' [ -n "$(high \
	"$T/asked" $((began + 1000 * old + 1000)) "$low" "$bindlate_port" \
	"$ublate_port")" ]

mx-switch plan -d example.test --mx '10 b.example.test.' -s "$s" >"$T/plan"
mx-switch apply -g "$T/open" -s "$s" -k "$T/mig.key" -l "$T/sw" "$T/plan" \
	>"$T/out"
late "update add example.test. $low MX 10 b.example.test."
switched=$(date +%s%3N)
for _ in $(seq $((3 * (low + 4)))); do ask; sleep 0.2; done >"$T/after"
# stale MOST PORT...: answers with the old host later than MOST after it.
stale() {
	most=$1
	shift
	awk -v t=$((switched + 1000 * most + 1000)) -v p=" $* " '$1 > t &&
		$4 == "a.example.test." && index(p, " " $2 " ")' "$T/after"
}
check_same 'caches forget the old host within the lowered TTL' '' \
	"$(stale "$low" "$plain_port" "$chained_port" "$bindlate_port" \
		"$ub_port" "$ublate_port")"
check_same 'those with a floor within that' '' \
	"$(stale $((low > 3 ? low : 3)) "$floor_port" "$ubfloor_port")"
check_same 'all have the new one' 7 \
	"$(awk '$4 == "b.example.test." { print $2 }' "$T/after" | sort -u | wc -l)"
# shellcheck disable=SC2086
check_rc 0 'verify asks caches too' mx-switch verify $servers \
	--via "127.0.0.1#$plain_port" --via "127.0.0.1#$ubfloor_port" "$T/sw"
check_same 'they pass' 2 "$(grep -c 'dns.mx.resolver.*pass' "$T/out")"
done_testing
