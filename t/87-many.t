#!/bin/sh
# Many: domains planned and looked at in one run, in one zone's text and in
# zones of their own at a BIND, and change sets there and back on a zone's text.
# DOMAINS, LIVE and SETS make it longer.
. "$(dirname "$0")/lib.sh"
. t/servers/dns.sh
n=${DOMAINS:-2000} sets=${SETS:-60} live=${LIVE:-200}
[ "$SHORT" = 1 ] && n=500 sets=15 live=50
# within WHAT HOW-MANY: in the memory that so many may take.
within() {
	read -r _ peak <"$T/peak"
	[ "$SAN" = 1 ] ||
		check "in at most 16 MiB and 4 KiB a $1 ($peak KiB)" \
			[ "$peak" -le $((16384 + 4 * $2)) ]
}
python3 - "$n" "$T" <<'EOF2'
import sys
n, where = int(sys.argv[1]), sys.argv[2]
with open(where + "/zone", "w") as z, open(where + "/wanted", "w") as w:
    z.write("$TTL 300\n@ SOA a b 1 1 1 1 1\n@ NS a\na A 192.0.2.1\n"
            "new A 192.0.2.2\n")
    w.write("domain\tpref\ttarget\n")
    for i in range(n):
        z.write("d%d MX 10 a\nd%d TXT \"v=spf1 mx -all\"\n" % (i, i))
        w.write("d%d.e.test\t10\tnew.e.test.\n" % i)
EOF2
python3 t/peak.py "$T/peak" mx-switch plan -z "$T/zone" --origin e.test \
	"$T/wanted" >"$T/out" 2>"$T/err"
check_same "$n domains are planned" "0 $((2 * n + 2))" \
	"$? $(wc -l <"$T/out")"
within domain "$n"

cat >"$T/own" <<'EOF2'
$TTL 300
@ SOA ns b 1 1 1 1 1
@ NS ns
@ MX 10 ns
ns A 192.0.2.1
new A 192.0.2.2
EOF2
bind_global=$(for i in $(seq "$live"); do
	printf 'zone "d%s.test" { type primary; file "%s/own"; };\n' "$i" "$T"
done)
bind_start one 127.0.0.1 '' ''
dns_up one 127.0.0.1 "d$live.test"
{
	printf 'domain\tpref\ttarget\n'
	for i in $(seq "$live"); do
		printf 'd%s.test\t10\tnew.d%s.test.\n' "$i" "$i"
	done
} >"$T/wanted"
python3 t/peak.py "$T/peak" mx-switch plan -s "127.0.0.1#$one_port" \
	"$T/wanted" >"$T/out" 2>"$T/err"
check_same "$live zones at a server are planned" "0 $((2 * live + 2))" \
	"$? $(wc -l <"$T/out")"
within zone "$live"

# rows SEED: what is wanted of a small zone, at random.
python3 - "$sets" "$T" <<'EOF2'
import random
import sys
for seed in range(int(sys.argv[1])):
    r = random.Random(seed)
    with open("%s/sets.%d" % (sys.argv[2], seed), "w") as f:
        f.write("name\ttype\trdata\tttl\n")
        for name in r.sample(["e.test", "x.e.test", "y.e.test", "m.e.test"], 2):
            kind = r.choice(["MX", "TXT", "A"])
            ttl = r.choice([60, 300, 86400])
            if r.random() < 0.2:
                f.write("%s\t%s\t\t\n" % (name, kind))
                continue
            for i in r.sample(range(9), r.randint(1, 3)):
                f.write("%s\t%s\t%s\t%d\n" % (name, kind, {
                    "MX": "%d m.e.test." % i, "TXT": '"t;%d"' % i,
                    "A": "192.0.2.%d" % i}[kind], ttl))
EOF2
cat >"$T/zone" <<'EOF2'
$TTL 1h
@	SOA a b ( 1 ; serial
		1 1 1 1 )
	NS a ; here
	300 MX 1 m
	300 MX 2 m
a	A 192.0.2.1
x	( TXT "t;1" )
	TXT "t;2"
	A 192.0.2.3
m	A 192.0.2.1
EOF2
served() {
	named-checkzone -q -D -i none -k ignore -o - e.test "$1" |
		awk '$4 == "SOA" { $7 = "SERIAL" } { $1 = $1; print }' | sort
}
served "$T/zone" >"$T/before"
zone() { file=$1; shift; mx-switch "$@" -z "$file" --origin e.test; }
allow='--allow M2 --allow M5 --allow M6 --allow M9 --allow M10'
wrong='' changed=0
for seed in $(seq 0 $((sets - 1))); do
	# shellcheck disable=SC2086
	zone "$T/zone" plan $allow "$T/sets.$seed" >"$T/plan" 2>"$T/err" &&
		zone "$T/zone" apply "$T/plan" >"$T/there" 2>>"$T/err" ||
		wrong="$wrong $seed"
	# The inverse: the signs swapped, as for a ledger whose rows are done.
	awk -F'\t' 'BEGIN { OFS = FS } NR == 1 { print $0, "outcome"; next }
		$2 != "#end" { print $0, "applied" }' "$T/plan" |
		mx-switch rollback >"$T/undo"
	zone "$T/there" apply "$T/undo" >"$T/back" 2>>"$T/err" ||
		wrong="$wrong $seed:undo"
	served "$T/there" | cmp -s - "$T/before" || changed=$((changed + 1))
	served "$T/back" | cmp -s - "$T/before" || wrong="$wrong $seed:back"
done
check_same 'there and back is the zone that was' '' "$wrong"
check 'most changed something' [ $changed -gt $((sets / 2)) ]
done_testing
