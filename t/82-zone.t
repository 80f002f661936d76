#!/bin/sh
# The zone text editor: TTL tokens and the serial change and nothing else, as
# t/zones.py, named-checkzone and nsd-checkzone see it.
. "$(dirname "$0")/lib.sh"
zones() { python3 t/zones.py "$@"; }
# served FILE: the records as BIND reads them, the serial apart.
served() {
	named-checkzone -q -D -i none -k ignore -o - e.test "$1" |
		awk '$4 == "SOA" { $7 = "SERIAL" } { $1 = $1; print }'
}

count=${ZONES:-40}
[ "$SHORT" = 1 ] && count=15
same=0 lowered=0 changed=0 back=0 refused=0 wrong=
for seed in $(seq "$count"); do
	zones make "$seed" >"$T/zone"
	served "$T/zone" >"$T/before"
	[ -s "$T/before" ] || wrong="$wrong $seed:bind"
	dns-ttl lower -z -o e.test -t 2147483647 <"$T/zone" >"$T/out" 2>"$T/err"
	# What servers read in two ways is refused, and nothing else.
	if grep -q 'servers read this in two ways' "$T/err"; then
		named-checkzone -i none e.test "$T/zone" |
			grep -q 'TTL set to prior TTL' || wrong="$wrong $seed:refused"
		refused=$((refused + 1))
		continue
	fi
	cmp -s "$T/zone" "$T/out" && same=$((same + 1)) || wrong="$wrong $seed"
	rm -f "$T/ledger"
	dns-ttl lower -z -o e.test -l "$T/ledger" <"$T/zone" >"$T/out" \
		2>"$T/err" && zones tokens "$T/zone" "$T/out" ||
		wrong="$wrong $seed"
	nsd-checkzone e.test "$T/out" >/dev/null 2>"$T/nsd" ||
		{ nsd-checkzone e.test "$T/zone" >/dev/null 2>&1 &&
			wrong="$wrong $seed:nsd"; }
	# Records are the same, of the MX and its hosts with lower TTLs.
	served "$T/out" >"$T/after"
	awk 'NR == FNR { if ($4 == "MX") host[$6] = 1; next }
		(($4 == "MX" && $1 == "e.test.") || ($4 == "A" && $1 in host)) &&
		    $2 > 300 { $2 = 300 } { print }' \
		"$T/before" "$T/before" >"$T/want"
	cmp -s "$T/want" "$T/after" && lowered=$((lowered + 1)) ||
		wrong="$wrong $seed:ttl"
	cmp -s "$T/before" "$T/after" && continue
	changed=$((changed + 1))
	dns-ttl restore -z -o e.test -l "$T/ledger" <"$T/out" >"$T/again"
	served "$T/again" >"$T/after"
	cmp -s "$T/before" "$T/after" && back=$((back + 1)) ||
		wrong="$wrong $seed:back"
done
check_same 'no zone went wrong' '' "$wrong"
count=$((count - refused))
echo "# $count zones, $refused more refused" >&2
check_same 'nothing to lower: the same octets' $count $same
check_same 'lowered as BIND reads it' $count $lowered
check 'most had something to lower' [ $changed -gt $((count / 2)) ]
check_same 'restored' $changed $back

for file in /etc/bind/db.local /etc/bind/db.0 /etc/bind/db.127 \
	/etc/bind/db.255 /etc/bind/db.empty; do
	dns-ttl lower -z -o e.test -t 2147483647 "$file" | cmp -s - "$file" ||
		echo "$file"
done >"$T/other"
check_same "the zones that BIND brings too" '' "$(cat "$T/other")"

zones make 150 >"$T/zone" # without $TTL, and with two in a set
check_rc 65 'a TTL that servers read in two ways' \
	dns-ttl lower -z -o e.test "$T/zone"
check_has 'the line, and what to do' "$T/err" 'line 12: .*write a TTL here'
check 'is what BIND warns of' sh -c \
	"named-checkzone -i none e.test '$T/zone' | grep 'set to prior TTL'"

zones make 1 >"$T/zone"
: >"$T/zone.jnl"
check_rc 65 'a journal beside the file' dns-ttl lower -z -o e.test "$T/zone"
check_has 'what to do' "$T/err" "^dns-ttl: $T/zone: zone: a journal.*apply"
rm "$T/zone.jnl"
check_rc 64 '-z wants a zone' dns-ttl lower -z "$T/zone"
check_rc 64 '-z is for lower and restore' dns-ttl gate -z -o e.test "$T/zone"
check_rc 66 'no file' dns-ttl lower -z -o e.test "$T/none"
echo "\$INCLUDE x" >>"$T/zone"
check_rc 65 "\$INCLUDE" dns-ttl lower -z -o e.test "$T/zone"
check_has 'the line, and what to do' "$T/err" "line [0-9]*: .INCLUDE.*text in its"
check_same 'nothing is written' '' "$(cat "$T/out")"
done_testing
