#!/bin/sh
# The server is killed in the middle of an update: afterwards the zone is as it
# was before or as it was wanted, and the ledger, once the plan is applied
# again, says which.  KILLS makes it longer.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
cat >"$T/zone" <<'EOF2'
@	60 IN SOA ns1 root 1 3600 1 86400 60
	60 NS ns1
	60 MX 10 a
	60 MX 20 b
	60 TXT "x"
ns1	60 A 127.0.0.1
a	60 A 192.0.2.1
b	60 A 192.0.2.2
EOF2
dns_key mig
start() {
	bind_start one 127.0.0.1 example.test '' 'type primary;' \
		'update-policy { grant mig zonesub ANY; };'
}
n=${KILLS:-25}
[ "$SHORT" = 1 ] && n=5
dns_port=$(free_port)
mkdir "$T/one"
cp "$T/zone" "$T/one/zone"
start
s=127.0.0.1#$dns_port
printf 'name\ttype\trdata\n%s\tMX\t10 b.example.test.\n%s\tTXT\t"y"\n' \
	example.test example.test >"$T/new"
printf 'name\ttype\trdata\n%s\tMX\t10 a.example.test.\n%s\tMX\t20 b.example.test.\n%s\tTXT\t"x"\n' \
	example.test example.test example.test >"$T/old"
set_now() { # a transfer may fail while the server is busy: again then
	for _ in 1 2 3 4 5; do
		dig -p "$dns_port" @127.0.0.1 example.test AXFR +noall +answer \
			+onesoa >"$T/axfr" && grep -q SOA "$T/axfr" && break
		sleep 0.2
	done
	awk '$4 == "MX" || $4 == "TXT" { $1 = $1; print }' "$T/axfr" | sort
}
mx-switch plan --allow M9 -s "$s" "$T/new" >"$T/plan.new"
was=$(set_now) other=0 told=0 done=0 wrong=
for turn in $(seq "$n"); do
	[ $((turn % 2)) -eq 1 ] && to=new || to=old
	mx-switch plan --allow M9 -s "$s" "$T/$to" >"$T/plan"
	wanted=$(awk -F'\t' '$6 == "+" { print $4, $7, "IN", $5, $8 }' "$T/plan" |
		sort)
	rm -f "$T/led"
	mx-switch apply --force-gate x --timeout 3 -s "$s" -k "$T/mig.key" \
		-l "$T/led" "$T/plan" >"$T/out" 2>/dev/null &
	client=$!
	# At another instant each time, some before and some after the update.
	perl -e 'select(undef, undef, undef, $ARGV[0] * 0.0007)' $((turn % 40))
	kill -9 "$one_pid" 2>/dev/null
	wait "$one_pid" 2>/dev/null
	wait "$client"
	start >/dev/null 2>&1
	is=$(set_now)
	[ "$is" = "$was" ] || [ "$is" = "$wanted" ] || wrong="$wrong $turn"
	[ "$is" = "$was" ] || other=$((other + 1))
	# What the ledger says is so, or it says that it does not know.
	case $(column outcome <"$T/led" 2>/dev/null | tail -n 1) in
	applied) [ "$is" = "$wanted" ] || wrong="$wrong $turn:applied" ;;
	unknown) told=$((told + 1)) ;;
	unreachable | '') [ "$is" = "$was" ] || wrong="$wrong $turn:before" ;;
	*) wrong="$wrong $turn:$(column outcome <"$T/led" | tail -n 1)" ;;
	esac
	mx-switch apply --force-gate x -s "$s" -k "$T/mig.key" -l "$T/led" \
		"$T/plan" >"$T/out" 2>/dev/null || wrong="$wrong $turn:again"
	after=already
	[ "$is" = "$wanted" ] || after=applied
	[ "$(column outcome <"$T/out" | sort -u)" = $after ] ||
		wrong="$wrong $turn:not-$after"
	was=$(set_now)
	[ "$was" = "$wanted" ] && done=$((done + 1))
done
echo "# $n kills: $other had been done, $told unknown" >&2
check_same 'the zone is the one before or the one after' '' "$wrong"
check_same 'and applied again the one after' "$n" "$done"
done_testing
