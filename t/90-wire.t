#!/bin/sh
# Over IPv6; messages of 64 KiB; TTLs that differ within a set; every type that
# a cutover changes.  At BIND, Knot and NSD, judged by dig.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
dns_key mig
cat >"$T/zone" <<'EOF2'
$TTL 3600
@	IN SOA ns1 root 1 3600 600 86400 300
	NS ns1
	MX 10 a
ns1	A 127.0.0.1
ns1	AAAA ::1
a	A 192.0.2.1
b	A 192.0.2.2
_imaps._tcp SRV 0 1 993 a
_imaps._tcp SRV 0 2 993 b
EOF2
python3 - >>"$T/zone" <<'EOF2'
for i in range(60):  # BIND takes 100 to a set
    print('big TXT "%03d%s" %s' % (i, "x" * 250, ('"%s" ' % ("y" * 253)) * 3))
EOF2
knot() { # NAME ADDR
	knot_zone='    acl: [u, x]'
	knot_start "$1" "$2" example.test "$T/zone" 'acl:' '  - id: u' \
		'    key: mig' '    action: [update, transfer]' '  - id: x' \
		"    address: $2" '    action: transfer'
}
updates='update-policy { grant mig zonesub ANY; };'

# ---- IPv6 ----

if [ -z "$(ip -6 addr show lo 2>/dev/null)" ] &&
	! grep -qs '^0*1 ' /proc/net/if_inet6; then
	echo '# no ::1 here' >&2
else
	bind_start one ::1 example.test "$T/zone" 'type primary;' "$updates"
	knot two ::1
	nsd_start three ::1 example.test "$T/zone" 'provide-xfr: ::1 NOKEY'
	for name in one two three; do
		eval "port=\$${name}_port"
		names="--resolver ::1#$port --port $port --timeout 2"
		check_rc 0 "$name: report" dns-ttl report -d example.test -s "::1#$port"
		check_same "$name: over ::1" '3600 3600' \
			"$(column ttl_max <"$T/out" | xargs)"
		# Its other address, 127.0.0.1, is nobody's.
		# shellcheck disable=SC2086
		check_rc 1 "$name: AAAA of name servers are addresses too" \
			dns-ttl report -d example.test $names
		check_same "$name: both are asked" 2 \
			"$(column servers <"$T/out" | sort -u)"
		check_rc 0 "$name: transfer" mx-switch plan -d example.test \
			-s "::1#$port" --cleanup b.example.test
		[ $name = three ] && continue
		dns-ttl lower -d example.test -s "::1#$port" >"$T/plan"
		check_rc 0 "$name: apply" dns-ttl apply -s "::1#$port" \
			-k "$T/mig.key" -l "$T/$name.led" "$T/plan"
		check_same "$name: dig sees it" 300 "$(dig -p "$port" @::1 \
			example.test MX +noall +answer | awk '{ print $2 }')"
		check_rc 75 "$name: gate" dns-ttl gate -s "::1#$port" "$T/$name.led"
	done
fi

# ---- 64 KiB, mixed TTLs ----

bind_start four 127.0.0.1 example.test "$T/zone" 'type primary;' "$updates"
knot five 127.0.0.1
sed 's/^_imaps._tcp SRV 0 2/_imaps._tcp 60 SRV 0 2/' "$T/zone" >"$T/mixed"
nsd_start six 127.0.0.1 example.test "$T/mixed" 'provide-xfr: 127.0.0.1 NOKEY'
printf 'name\ttype\nbig.example.test\tTXT\n' >"$T/big"
for name in four five six; do
	eval "port=\$${name}_port"
	s=127.0.0.1#$port
	check_rc 0 "$name: a set of 62 KiB" dns-ttl report --all -s "$s" "$T/big"
	dig -p "$port" @127.0.0.1 big.example.test TXT +short | sort >"$T/dig"
	column rdata <"$T/out" | sort >"$T/ours"
	check_files "$name: as dig has it" "$T/dig" "$T/ours"
	[ $name = six ] && continue
	dns-ttl lower -s "$s" "$T/big" >"$T/plan"
	check_rc 1 "$name: an update that no message holds" dns-ttl apply \
		-s "$s" -k "$T/mig.key" -l "$T/$name.big" "$T/plan"
	check_has 'says so' "$T/err" 'octets are too many for one message'
	check_same 'nothing was sent' unreachable \
		"$(tail -n 1 "$T/$name.big" | cut -f13)"
done
printf 'name\ttype\n_imaps._tcp.example.test\tSRV\n' >"$T/in"
check_rc 0 'two TTLs in a set' dns-ttl report -s "$s" "$T/in"
check_same 'dig sees them at NSD' 60,3600 "$(dig -p "$port" @127.0.0.1 \
	_imaps._tcp.example.test SRV +noall +answer | awk '{ print $2 }' |
	sort -n | paste -sd,)"
check_same 'the higher counts' '3600 60' \
	"$(column ttl_max <"$T/out") $(column ttl_min <"$T/out")"
dns-ttl lower -s "$s" "$T/in" >"$T/plan"
check_same 'both are planned' '- 3600,- 60,+ 300,+ 60' \
	"$(awk -F'\t' 'NR > 1 && $6 { print $6, $7 }' "$T/plan" | paste -sd,)"

: >"$T/port"
python3 t/servers/forger.py big "$mig_secret" >"$T/port" &
defer "kill $!"
: >"$T/port2"
python3 t/servers/forger.py big-cut "$mig_secret" >"$T/port2" &
defer "kill $!"
for _ in $(seq 200); do [ -s "$T/port" ] && [ -s "$T/port2" ] && break; sleep 0.05; done
printf 'name\ttype\ne.test\tMX\n' >"$T/in"
check_rc 0 'a message of 65,535 octets' dns-ttl report --all \
	-s "127.0.0.1#$(cat "$T/port")" "$T/in"
check_same 'is read to its end' 1 \
	"$(column rdata <"$T/out" | grep -c '^65535 xxx*\.$')"
check_rc 75 'one octet less than it says' dns-ttl report --all --timeout 1 \
	-s "127.0.0.1#$(cat "$T/port2")" "$T/in"
check_has 'is cut' "$T/err" 'cut in a message'

# ---- every type ----

key=$(printf '%0200d' 7)
{
	printf 'name\ttype\trdata\n'
	for line in \
		'@ TXT "v=spf1 mx ip4:192.0.2.0/24 -all"' \
		"s1._domainkey TXT \"v=DKIM1; k=rsa; p=$key\" \"more\"" \
		'_dmarc TXT "v=DMARC1; p=none"' \
		'_mta-sts TXT "v=STSv1; id=2"' \
		'_smtp._tls TXT "v=TLSRPTv1; rua=mailto:t@example.test"' \
		'mail A 192.0.2.9' 'mail AAAA 2001:db8::9' \
		'_submission._tcp SRV 0 1 587 mail.example.test.' \
		'_25._tcp.mail TLSA 3 1 1 00000000000000000000000000000000000000000000000000000000000000aa' \
		'autoconfig CNAME mail.example.test.' 'imap CNAME mail.example.test.' \
		'@ MX 10 mail.example.test.'; do
		name=${line%% *} line=${line#* }
		case $name in @) name=example.test ;; *) name=$name.example.test ;; esac
		printf '%s\t%s\t%s\n' "$name" "${line%% *}" "${line#* }"
	done
} >"$T/wanted"
for name in four five; do
	eval "port=\$${name}_port"
	s=127.0.0.1#$port
	dns_records 127.0.0.1 "$port" example.test >"$T/before"
	check_rc 0 "$name: plan of every type" mx-switch plan -t 60 \
		--allow M10 -s "$s" "$T/wanted"
	cp "$T/out" "$T/plan"
	check_rc 0 "$name: apply" mx-switch apply --force-gate x -s "$s" \
		-k "$T/mig.key" -l "$T/$name.sw" "$T/plan"
	dns_records 127.0.0.1 "$port" example.test >"$T/after"
	sed 1d "$T/wanted" | awk -F'\t' '{ print tolower($1 ". 60 IN " $2 " " $3) }' |
		sort >"$T/want"
	# What dig writes between the words of a hash, and case, apart.
	LC_ALL=C comm -13 "$T/before" "$T/after" |
		awk '$4 == "tlsa" { $8 = $8 $9; $9 = "" } { sub(/ +$/, ""); print }' |
		sort >"$T/got"
	check_files "$name: dig sees them all" "$T/want" "$T/got"
	check_rc 0 "$name: and back" mx-switch rollback -s "$s" \
		-k "$T/mig.key" -l "$T/$name.back" "$T/$name.sw"
	dns_records 127.0.0.1 "$port" example.test >"$T/after"
	check_files "$name: the zone is as it was" "$T/before" "$T/after"
	# BIND takes no MX without an address; Knot does.
	mx-switch plan --allow M2 -d example.test --mx '10 none.example.test.' \
		-s "$s" >"$T/plan"
	[ $name = four ] || continue
	check_rc 77 'a host without an address' mx-switch apply --force-gate x \
		-s "$s" -k "$T/mig.key" -l "$T/none" "$T/plan"
	check_has 'may be why it refuses' "$T/err" 'host of the zone.*no address'
done
done_testing
