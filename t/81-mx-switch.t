#!/bin/sh
# mx-switch: plan with its findings, apply, verify, rollback, export; against
# BIND and Knot, and on texts alone.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh

cat >"$T/zone" <<'EOF2'
$TTL 3600
@	IN SOA ns1 root ( 2024010101 3600 1 86400 300 )
	NS ns1
	300 MX 10 mx-old
ns1	A 127.0.0.1
mx-old	A 192.0.2.1
_25._tcp.mx-old TLSA 3 1 1 00000000000000000000000000000000000000000000000000000000000000ff
mx-new	A 192.0.2.9
_25._tcp.mx-new TLSA 3 1 1 000000000000000000000000000000000000000000000000000000000000000f
mx-two	AAAA 2001:db8::2
alias	CNAME mx-new
bare	TXT x
imap	CNAME mx-old
_imaps._tcp SRV 0 1 993 mx-old
*.wild	A 192.0.2.7
@	TXT "v=spf1 mx -all"
EOF2
dns_key mig
bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub ANY; };'
knot_zone='    acl: [u, x]'
knot_start two 127.0.0.1 example.test "$T/zone" 'acl:' '  - id: u' \
	'    key: mig' '    action: [update, transfer]' '  - id: x' \
	'    address: 127.0.0.1' '    action: transfer'
cat >"$T/gate" <<'EOF2'
zone	name	type	t_low	safe_at	verdict
example.test.	example.test.	MX	300	2024-01-01T00:00:00Z	safe
EOF2
mx() {
	dig -p "$port" @127.0.0.1 example.test MX +noall +answer |
		awk '{ print $2, $5, tolower($6) }' | LC_ALL=C sort | paste -sd,
}
old='300 10 mx-old.example.test.' new='300 10 mx-new.example.test.'

apply() {
	mx-switch apply -s "$s" -k "$T/mig.key" -l "$T/$name.ledger" "$@"
}
matrix() {
	name=$1
	eval "port=\$${1}_port"
	s=127.0.0.1#$port
	dns_records 127.0.0.1 "$port" example.test >"$T/before"
	check_rc 0 "$name: plan" mx-switch plan -d example.test \
		--mx '10 mx-new.example.test.' -s "$s"
	mv "$T/out" "$T/plan"
	check_rc 64 "$name: not without a gate" \
		mx-switch apply -s "$s" "$T/plan"
	sed 's/2024-01-01/2099-01-01/; s/safe$/wait/' "$T/gate" >"$T/closed"
	check_rc 75 "$name: not before its time" apply -g "$T/closed" "$T/plan"
	check_has "$name: says when" "$T/err" \
		'example.test. MX: gate: wait until 2099-01-01'
	check_rc 0 "$name: but then" apply -g "$T/closed" --now 2099-01-02 -n \
		"$T/plan"
	sed 's/safe$/no/' "$T/gate" >"$T/closed"
	check_rc 1 "$name: not if it says no" apply -g "$T/closed" "$T/plan"
	sed 's/	MX	/	TXT	/' "$T/gate" >"$T/closed"
	check_rc 1 "$name: not by another set's" apply -g "$T/closed" "$T/plan"
	sed 's/	300	/	60	/' "$T/gate" >"$T/closed"
	check_rc 1 "$name: not if the TTL is higher" \
		apply -g "$T/closed" "$T/plan"
	check_same "$name: so far nothing changed" "$old" "$(mx)"

	check_rc 0 "$name: apply" apply -g "$T/gate" "$T/plan"
	check_same "$name: switched" "$new" "$(mx)"
	check_rc 0 "$name: replay" apply -g "$T/gate" "$T/plan"
	check_same "$name: already" already \
		"$(column outcome <"$T/out" | sort -u)"
	check_rc 0 "$name: verify" \
		mx-switch verify -s "$s" --wait 5 "$T/$name.ledger"
	check_same "$name: every check passes, and the old host drains" \
		'dns.mx.dnssec skip,dns.mx.drain warn,dns.mx.rrset pass,dns.mx.serial pass' \
		"$(cut -f2,7 "$T/out" | sed 1d | tr '\t' ' ' | sort | paste -sd,)"
	check_rc 0 "$name: nothing to plan" mx-switch plan -d example.test \
		--mx '10 mx-new.example.test.' -s "$s"
	check_same "$name: but the end" 2 "$(wc -l <"$T/out")"

	check_rc 0 "$name: rollback as a plan" \
		mx-switch rollback "$T/$name.ledger"
	check_same "$name: signs are swapped" '- mx-new,+ mx-old' \
		"$(awk -F'\t' '$6 != "" && NR > 1 { split($8, a, /[ .]/)
			print $6, a[2] }' "$T/out" | paste -sd,)"
	check_rc 0 "$name: and applied" mx-switch rollback -s "$s" \
		-k "$T/mig.key" -l "$T/$name.back" "$T/$name.ledger"
	check_same "$name: back" "$old" "$(mx)"
	dns_records 127.0.0.1 "$port" example.test >"$T/after"
	check_files "$name: the zone is as it was" "$T/before" "$T/after"
	check_rc 0 "$name: rolled back again" mx-switch rollback -s "$s" \
		-k "$T/mig.key" -l "$T/$name.back" "$T/$name.ledger"
	check_same "$name: it was so already" already \
		"$(column outcome <"$T/out" | sort -u)"
	check_rc 1 "$name: verify sees the old one" \
		mx-switch verify -s "$s" "$T/$name.ledger"

	# A forced gate leaves its reason.
	check_rc 0 "$name: forced" apply --force-gate 'the old host burns' \
		"$T/plan"
	check_has "$name: the reason is kept" "$T/$name.ledger" \
		'switch; the old host burns'
	nsupdate -k "$T/mig.key" <<-EOF2
		server 127.0.0.1 $port
		update add example.test. 300 MX 50 mx-two.example.test.
		send
	EOF2
	check_rc 1 "$name: a rollback is guarded too" mx-switch rollback \
		-s "$s" -k "$T/mig.key" -l "$T/$name.back" "$T/$name.ledger"
	check_has "$name: shows both" "$T/err" 'planned from .*mx-new.*is .*mx-two'

	# The cutover's other records, all at once; what points to the old goes.
	check_rc 0 "$name: cleanup" mx-switch plan -d example.test \
		--cleanup mx-old.example.test -s "$s"
	cp "$T/out" "$T/plan2"
	check_same "$name: what points to the old host" \
		'_25._tcp.mx-old TLSA,_imaps._tcp SRV,imap CNAME,mx-old A' \
		"$(awk -F'\t' '$6 == "-" { sub(/\.example\.test\.$/, "", $4)
			print $4, $5 }' "$T/plan2" | sort | paste -sd,)"
	check_rc 0 "$name: goes" mx-switch apply -s "$s" -k "$T/mig.key" \
		-l "$T/$name.clean" --force-gate cleanup "$T/plan2"
	check_same "$name: is gone" '' "$(dns_records 127.0.0.1 "$port" \
		example.test | grep mx-old)"
	check_rc 0 "$name: and comes back" mx-switch rollback -s "$s" \
		-k "$T/mig.key" -l "$T/$name.clean2" "$T/$name.clean"
	check_same "$name: all of it" 4 "$(dns_records 127.0.0.1 "$port" \
		example.test | grep -c mx-old)"
}
matrix one
matrix two

# ---- findings, on a text ----

text() { mx-switch plan -z "$T/zone" --origin example.test "$@"; }
# finds ID 'rows': the finding is said, no plan is made, --allow makes one.
finds() {
	printf 'domain	pref	target	name	type	rdata\n%b\n' "$2" |
		awk -F'\t' 'BEGIN { OFS = FS } { $6 = $6; print }' >"$T/in"
	check_rc 1 "$1 is found" text "$T/in"
	check_has "$1 is named" "$T/err" "^mx-switch: .*: $1: "
	check_same "$1: no plan" 2 "$(wc -l <"$T/out")"
	id=$1
	shift 2
	check_rc 0 "$id: allowed" text --allow "$id" "$@" "$T/in"
}
e=example.test
finds M1 "$e\t10\talias.$e." --allow M8
finds M2 "$e\t10\tbare.$e." --allow M8
finds M3 "$e\t10\t192.0.2.1." --allow M8
finds M4 "$e\t0\t.\n$e\t10\tmx-new.$e."
finds M5 "$e\t10\tmx-new.$e.\n$e\t20\tmx-new.$e."
finds M6 "\t\t\talias.$e\tTXT\tx"
finds M6 "\t\t\tmx-new.$e\tCNAME\tmx-two.$e."
finds M6 "\t\t\tx.wild.$e\tA\t192.0.2.8"
finds M8 "$e\t10\tmx-two.$e."
finds M9 "$e\t10\tmx-new.$e.\n$e\t20\tmx-old.$e."
finds M10 "$e\t10\tmx-3.$e.\n\t\t\tmx-3.$e\tA\t192.0.2.3" --allow M8
{
	printf 'name	type	rdata\n'
	for i in 1 2 3 4 5 6 7 8 9 10 11; do
		printf '%s\tMX\t%s h%s.other.test.\n' $e $i $i
	done
} >"$T/in"
check_rc 1 'M11 is found' text --allow M8 "$T/in"
check_has 'M11 is named' "$T/err" ': M11: '
printf '_mta-sts TXT "v=STSv1; id=1"\n' >>"$T/zone"
printf 'version: STSv1\r\nmode: enforce\r\nmx: mx-old.%s\r\nmax_age: 1\r\n' $e \
	>"$T/sts"
printf 'domain	target\n%s	mx-new.%s.\n' $e $e >"$T/in"
check_rc 1 'M7 is found' text --mta-sts "$T/sts" "$T/in"
check_has 'M7 is named' "$T/err" ': M7: .*mx-new'
printf 'mx: *.%s\n' $e >>"$T/sts"
check_rc 0 'a policy with a wildcard' text --mta-sts "$T/sts" "$T/in"
check_rc 0 'a policy that nobody gave' text "$T/in"
check_has 'is said' "$T/err" 'has an MTA-STS policy'

# M12: a server that takes postmaster, and one that does not.
cat >"$T/smtp.py" <<'EOF2'
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
while True:
    c, _ = s.accept()
    f = c.makefile("rw", newline="\r\n")
    f.write("220 here\r\n"); f.flush()
    for line in f:
        if line.startswith("RCPT"):
            f.write("250 ok\r\n" if "good" in line else "550 who\r\n")
        elif line.startswith("EHLO"):
            f.write("250-here\r\n250 SIZE\r\n")
        else:
            f.write("250 ok\r\n")
        f.flush()
    c.close()
EOF2
python3 "$T/smtp.py" >"$T/smtp.port" &
defer "kill $!"
while [ ! -s "$T/smtp.port" ]; do sleep 0.05; done
for d in good bad; do
	printf '@ 60 SOA a b 1 1 1 1 1\n@ 60 NS a\na 60 A 127.0.0.1\n' >"$T/$d"
	mx-switch plan -z "$T/$d" --origin $d.test -d $d.test --mx "1 a.$d.test." \
		--probe "$(cat "$T/smtp.port")" >"$T/out" 2>"$T/err"
	echo "$d $?"
done >"$T/probed"
check_same 'M12: asks whether it takes mail' 'good 0,bad 1' \
	"$(paste -sd, "$T/probed")"
check_has 'M12 is named' "$T/err" ': M12: a.bad.test.: RCPT.*550 who'

# ---- a text in, a text out; exports ----

text -d $e --mx "10 mx-new.$e." >"$T/plan"
check_rc 0 'apply to a text' mx-switch apply -z "$T/zone" --origin $e "$T/plan"
cp "$T/out" "$T/switched"
check_same 'one line is another, and the serial' 4 \
	"$(diff "$T/zone" "$T/switched" | grep -c '^[<>].*\(MX\|SOA\)' | xargs)"
check 'BIND reads it' named-checkzone -q -i none $e "$T/switched"
check_rc 0 'again' mx-switch apply -z "$T/switched" --origin $e "$T/plan"
check_files 'changes nothing' "$T/switched" "$T/out"
sed 's/10 mx-old$/10 mx-two/' "$T/zone" >"$T/other"
check_rc 1 'a text that somebody changed' \
	mx-switch apply -z "$T/other" --origin $e "$T/plan"
check_same 'nothing comes out' '' "$(cat "$T/out")"

as() { mx-switch export --as "$1" "$T/plan"; }
port=$one_port
nsupdate -k "$T/mig.key" <<-EOF2
	server 127.0.0.1 $port
	update delete example.test. MX
	update add example.test. 300 MX 10 mx-old.example.test.
	send
EOF2
{ echo "server 127.0.0.1 $port"; as nsupdate; } >"$T/script"
check 'nsupdate takes the export' nsupdate -k "$T/mig.key" "$T/script"
check_same 'and does the same' "$new" "$(mx)"
check_rc 2 'guarded by what was seen' nsupdate -k "$T/mig.key" "$T/script"
# What was done by other means has a ledger too, once all servers have it.
s=127.0.0.1#$port
check_rc 0 'verify of a plan' mx-switch verify -s "$s" -l "$T/seen" "$T/plan"
check_has 'has looked' "$T/out" 'dns.mx.rrset.*pass'
check_same 'and written what it saw' 'observed all servers' \
	"$(column outcome <"$T/seen" | sort -u) $(column server <"$T/seen" |
		sort -u)"
check_rc 0 'from which the way back is made' mx-switch rollback -s "$s" \
	-k "$T/mig.key" -l "$T/seen.back" "$T/seen"
check_same 'and goes' "$old" "$(mx)"
check_rc 1 'a plan that was not done' \
	mx-switch verify -s "$s" -l "$T/seen2" "$T/plan"
check 'has no ledger' [ ! -e "$T/seen2" ]
as bind | grep -v '^;' >"$T/lines"
check_same 'bind' "example.test. 300 IN MX 10 mx-new.example.test." \
	"$(cat "$T/lines")"
check_same 'dnscontrol' "$(printf 'D_EXTEND("example.test",\n\tMX("@", 10, "mx-new.example.test.", TTL(300)));')" \
	"$(as dnscontrol)"
check_same 'octodns' "$(printf -- '---\n# example.test.yaml\n"":\n  - type: MX\n    ttl: 300\n    values:\n      - preference: 10\n        exchange: mx-new.example.test.')" \
	"$(as octodns)"
check_same 'csv' '"add","example.test.","example.test.","300","MX","10 mx-new.example.test."' \
	"$(as csv | tail -n 1)"
check_rc 64 'another kind' as tinydns
sed 2d "$T/plan" >"$T/cut"
check_rc 66 'a zone that cannot be read' mx-switch plan -d example.test \
	--mx '10 mx.example.test.' -z "$T" --origin example.test
check_rc 65 'a plan that is not whole' mx-switch export --as bind "$T/cut"
done_testing
