#!/bin/sh
# The runbook with DNS: TTLs down, the gate, the switch, and back, where make
# carries back what reached the target.  At a BIND and two Dovecots.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/dns.sh
users='anna bert'
dovecot_start old users="$users" || exit 1
dovecot_start new users="$users" || exit 1
cat >"$T/zone" <<'ZONE'
$TTL 3600
@	IN SOA ns1 root ( 2024010101 3600 600 86400 300 )
	NS ns1
	4 MX 10 old
ns1	A 127.0.0.1
old	4 A 192.0.2.1
new	A 192.0.2.2
ZONE
dns_key mig
bind_start one 127.0.0.1 example.test "$T/zone" 'type primary;' \
	'update-policy { grant mig zonesub MX A; };' || exit 1
mx() { dig -p "$one_port" @127.0.0.1 example.test MX +noall +answer |
	awk '{ print $2, $5, $6 }'; }
mail() { # PORT USER SUBJECT
	python3 - "$@" <<-'PY'
		import imaplib, sys
		box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
		box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])
		box.append("INBOX", "", None, b"Subject: %s\r\n\r\nx\r\n"
		           % sys.argv[3].encode())
	PY
}
subjects() { # PORT: of both users
	for user in $users; do
		python3 - "$1" "$user" <<-'PY'
			import imaplib, re, sys
			box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
			box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])
			box.select("INBOX", True)
			for x in box.fetch("1:*", "BODY.PEEK[HEADER]")[1]:
			    if isinstance(x, tuple):
			        print(re.search(rb"Subject: (.*)\r", x[1])[1].decode())
		PY
	done | sort | xargs
}
state() { make -s status | awk -F'\t' -v s="$1" '$1 == s { print $2 }'; }
mkdir "$T/book" && cd "$T/book" || exit 1
for user in $users; do
	mail "$old_port" "$user" "before-$user"
	printf 'PASSWORD-OF-%s\n' "$user" >"$user.pw"
	chmod 600 "$user.pw"
	printf '%s\tfile:%s.pw\t%s\tfile:%s.pw\n' \
		"imaps://$user@localhost:$old_imaps;ca=$old_ca" "$user" \
		"imaps://$user@localhost:$new_imaps;ca=$new_ca" "$user"
done | sed '1i source	source_secret	target	target_secret' >accounts.tsv
printf 'domain\tpref\ttarget\nexample.test\t10\tnew.example.test.\n' >mx.tsv
cat >Makefile <<-MAKEFILE
	PLAN = -b wave=2
	DOMAINS = example.test
	NAMESERVER = 127.0.0.1\#$one_port
	KEY = $T/mig.key
	LOWER = -t 1 --min 1
	GATE = --skew 1
	include $TOP/share/runbook/mbx.mk
MAKEFILE

check_rc 0 'make ttl lowers' make -s ttl
check_same 'the TTL of MX' '1 10 old.example.test.' "$(mx)"
check_rc 2 'the gate is shut at first' make -s gate
check_same 'which is no failure' later "$(state ttl/gate.tsv)"
check_rc 0 'meanwhile all is copied' make -s sync
check_rc 2 'make switch wants the cutover' make -s switch
check_same 'MX is as it was' '1 10 old.example.test.' "$(mx)"
touch approve-cutover
check_rc 0 'make cutover' make -s cutover
for _ in $(seq 30); do
	make -s gate 2>/dev/null && break
	sleep 0.5
done
check_same 'the gate opens' 'done' "$(state ttl/gate.tsv)"
check_rc 0 'make switch' make -s switch
check_same 'MX names the new server' '1 10 new.example.test.' "$(mx)"
mail "$new_port" anna after-anna
mail "$old_port" bert late-bert
check_rc 0 'make validate' make -s validate
check_same 'takes over what came late' \
	'after-anna before-anna before-bert late-bert' "$(subjects "$new_port")"

check_rc 2 'make rollback wants a decision' make -s rollback
check_has 'and names it' "$T/err" 'touch approve-rollback'
touch approve-rollback
check_rc 0 'make rollback reverse' make -s rollback reverse
check_same 'MX is back' '1 10 old.example.test.' "$(mx)"
check_same 'the old server has all of it, once' \
	'after-anna before-anna before-bert late-bert' "$(subjects "$old_port")"
check_rc 0 'and the TTLs' make -s restore
check_same 'are what they were' '4 10 old.example.test.' "$(mx)"
check_rc 0 'nothing is left' make -q ttl gate switch rollback reverse restore
cd "$TOP" || exit 1
done_testing
