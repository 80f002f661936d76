#!/bin/sh
# Servers with views, servers that sign zones themselves, and transfers that
# want a key.  Judged by dig.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
zone() { # HOST: a zone whose MX is HOST
	cat <<EOF2
\$TTL 300
@	IN SOA ns1 root 1 3600 600 86400 300
	NS ns1
	3600 MX 10 $1
ns1	A 127.0.0.1
in	A 10.0.0.1
out	A 192.0.2.1
new	A 192.0.2.2
EOF2
}
dns_key inner
dns_key outer
for view in inner outer; do
	mkdir -p "$T/one/$view"
done
zone in >"$T/one/inner/zone"
zone out >"$T/one/outer/zone"

# ---- views: by key, and by address ----

bind_global='
view "inner" {
	match-clients { key inner; !key outer; 127.0.0.2; };
	zone "example.test" { type primary; file "inner/zone";
		update-policy { grant inner zonesub ANY; }; };
};
view "outer" {
	match-clients { any; };
	zone "example.test" { type primary; file "outer/zone";
		update-policy { grant outer zonesub ANY; }; };
};'
bind_start one 127.0.0.1 '' ''
dns_up one 127.0.0.1 example.test
unset bind_global
s=127.0.0.1#$one_port
mx() { # KEY: as dig sees it with it
	dig -k "$T/$1.key" -p "$one_port" @127.0.0.1 example.test MX \
		+noall +answer | awk '{ print $2, $6 }'
}
check_same 'dig sees two views' '3600 in.example.test.,3600 out.example.test.' \
	"$(mx inner),$(mx outer)"
for key in inner outer; do
	check_rc 0 "$key: report" dns-ttl report --all -d example.test -s "$s" \
		-k "$T/$key.key"
	check_same "$key: is of its view" "10 $(mx $key | cut -d' ' -f2)" \
		"$(awk -F'\t' '$4 == "MX" { print $7 }' "$T/out")"
	check_rc 0 "$key: lower" dns-ttl lower -d example.test -s "$s" \
		-k "$T/$key.key"
	cp "$T/out" "$T/$key.plan"
done
check_rc 1 'the plan of one view does not fit the other' dns-ttl apply \
	-s "$s" -k "$T/outer.key" -l "$T/wrong" "$T/inner.plan"
check_rc 0 'it fits its own' dns-ttl apply -s "$s" -k "$T/inner.key" \
	-l "$T/inner.led" "$T/inner.plan"
check_same 'and changes no other' \
	'300 in.example.test.,3600 out.example.test.' "$(mx inner),$(mx outer)"
check_rc 75 'the gate looks at the view' dns-ttl gate -s "$s" \
	-k "$T/inner.key" "$T/inner.led"
check_has 'and waits for its time' "$T/err" 'published . old TTL . 3600'
check_rc 75 'in the other view it is not published' dns-ttl gate -s "$s" \
	-k "$T/outer.key" "$T/inner.led"
check_has 'as it says' "$T/err" 'still 3600 10 out.example.test.'
check_rc 0 'by address: --source' dns-ttl report --all -d example.test \
	-s "$s" --source 127.0.0.2
check_same 'the inner view' '300 10 in.example.test.' \
	"$(awk -F'\t' '$4 == "MX" { print $6, $7 }' "$T/out")"
check_rc 0 'the switch of a view' sh -c "mx-switch plan -d example.test \
	--mx '10 new.example.test.' -s $s -k '$T/outer.key' >'$T/plan' &&
	mx-switch apply --force-gate x -s $s -k '$T/outer.key' \
	-l '$T/outer.led' '$T/plan'"
check_rc 0 'is verified in it' mx-switch verify -s "$s" -k "$T/outer.key" \
	"$T/outer.led"
check_rc 1 'and not in the other' mx-switch verify -s "$s" \
	-k "$T/inner.key" "$T/outer.led"
check_same 'which is as it was' \
	'300 in.example.test.,3600 new.example.test.' "$(mx inner),$(mx outer)"

check_same 'the ledgers tell the views' \
	"$s key inner.,$s key outer." "$(cat "$T/inner.led" "$T/outer.led" |
		column server | sort -u | grep key | paste -sd,)"
# All views, as dns-ttl(1) has it.
for view in inner outer; do
	printf '%s %s %s\n' $view "$s" "$T/$view.key"
done >"$T/views"
while read -r view server key; do
	dns-ttl lower -t 100 -d example.test -s "$server" -k "$key" \
		>"$T/$view.plan" 2>"$T/err" &&
		dns-ttl apply -s "$server" -k "$key" -l "$T/$view.led2" \
			"$T/$view.plan" >"$T/out" 2>>"$T/err"
done <"$T/views"
check_same 'view by view' \
	'100 in.example.test.,100 new.example.test.' "$(mx inner),$(mx outer)"

# ---- a zone that the server signs ----

rm "$T/inner.key" "$T/outer.key"
dns_key mig
zone out >"$T/zone"
bind_start two 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub ANY; };' \
	'dnssec-policy default; inline-signing yes;'
s=127.0.0.1#$two_port
sigs() { dig -p "$two_port" @127.0.0.1 example.test MX +dnssec +noall +answer |
	awk '$4 == "RRSIG" { print $2 }'; }
for _ in $(seq 100); do [ -n "$(sigs)" ] && break; sleep 0.1; done
check_same 'it is signed' 3600 "$(sigs)"
dns-ttl lower -d example.test -s "$s" >"$T/plan"
check_rc 1 'inline-signing: --strict-serial never fits' dns-ttl apply \
	--strict-serial -s "$s" -k "$T/mig.key" -l "$T/two.led" "$T/plan"
check_has 'and why' "$T/err" 'inline-signing. it never fits'
check_rc 0 'without it' dns-ttl apply -s "$s" -k "$T/mig.key" \
	-l "$T/two.led" "$T/plan"
for _ in $(seq 50); do [ "$(sigs)" = 300 ] && break; sleep 0.1; done
check_same 'the signature follows, and its TTL' 300 "$(sigs)"
mx-switch plan -d example.test --mx '10 new.example.test.' -s "$s" >"$T/plan"
mx-switch apply --force-gate x -s "$s" -k "$T/mig.key" -l "$T/sw" "$T/plan" \
	>"$T/out"
check_rc 0 'verify' mx-switch verify --wait 5 -s "$s" "$T/sw"
check_same 'sees the signature' pass \
	"$(awk -F'\t' '$2 == "dns.mx.dnssec" { print $7 }' "$T/out")"

# ---- transfers with a key, of many messages ----

{
	cat "$T/zone"
	for i in $(seq 20000); do
		printf 'h%s A 192.0.%s.%s\n' "$i" $((i / 250 % 250)) $((i % 250))
	done
	printf 'h A 192.0.2.99\nlast CNAME out\n'
} >"$T/large"
bind_start three 127.0.0.1 example.test "$T/large" 'type primary;' \
	'allow-transfer { key mig; };'
knot_zone='    acl: u'
knot_start four 127.0.0.1 example.test "$T/large" 'acl:' '  - id: u' \
	'    key: mig' '    action: transfer'
nsd_start five 127.0.0.1 example.test "$T/large" \
	'provide-xfr: 127.0.0.1 mig' 'key:' ' name: mig' \
	' algorithm: hmac-sha256' " secret: $mig_secret"
for name in three four five; do
	eval "port=\$${name}_port"
	check_same "$name: dig gets it with the key alone" '0 20009' \
		"$(dig -p "$port" @127.0.0.1 example.test AXFR +noall +answer |
			grep -c 'IN') $(dig -k "$T/mig.key" -p "$port" @127.0.0.1 \
			example.test AXFR +noall +answer +onesoa | grep -c 'IN')"
	check_rc 77 "$name: no key, no transfer" mx-switch plan -d example.test \
		--cleanup out.example.test -s "127.0.0.1#$port"
	check_rc 0 "$name: with it" mx-switch plan -d example.test \
		--cleanup out.example.test -s "127.0.0.1#$port" -k "$T/mig.key"
	check_same "$name: the last record was read too" \
		'example.test. MX,last.example.test. CNAME,out.example.test. A' \
		"$(awk -F'\t' '$6 == "-" { print $4, $5 }' "$T/out" | sort |
			paste -sd,)"
done
done_testing
