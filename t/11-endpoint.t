#!/bin/sh
# Endpoints: what TLS trusts and what not, who is told how, and that one row's
# trouble is not another's.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

printf 'secret\n' >"$T/pw"
printf 'PASSWORD-OF-anna\n' >"$T/anna"
printf 'PASSWORD-OF-admin\n' >"$T/admin"
chmod 600 "$T/pw" "$T/anna" "$T/admin"

# ---- certificates ----

dovecot_certs
mkdir "$T/c"
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\nnew_certs_dir=%s\nserial=%s
default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n' \
	"$T/c/index" "$T/c" "$T/c/serial" >"$T/c/cnf"
: >"$T/c/index"
echo 01 >"$T/c/serial"
key() { # NAME CN
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj "/CN=$2" -keyout "$T/c/$1.key" -out "$T/c/$1.req" \
		2>>"$T/c/log"
}
# cert NAME CN SAN FROM UNTIL: by the CA of the tests.
cert() {
	key "$1" "$2"
	printf '%s\n' "${3:+subjectAltName=$3}" >"$T/c/ext"
	openssl ca -batch -notext -config "$T/c/cnf" -cert "$T/tls/ca.pem" \
		-keyfile "$T/tls/ca.key" -in "$T/c/$1.req" -out "$T/c/$1.crt" \
		-startdate "$4" -enddate "$5" -extfile "$T/c/ext" \
		2>>"$T/c/log" || cat "$T/c/log"
	cat "$T/c/$1.crt" "$T/c/$1.key" >"$T/c/$1.pem"
}
past=20200101000000Z now=20250101000000Z then=20480101000000Z
cert good localhost DNS:localhost $now $then
cert expired localhost DNS:localhost $past 20210101000000Z
cert early localhost DNS:localhost 20470101000000Z $then
cert wrong other.example DNS:other.example,DNS:www.other.example $now $then
cert cn localhost '' $now $then
cert ip x IP:127.0.0.1 $now $then
cert badip x IP:127.0.0.2 $now $then
cert wild x 'DNS:*.example.test' $now $then
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9 \
	-subj /CN=localhost -addext subjectAltName=DNS:localhost \
	-keyout "$T/c/self.key" -out "$T/c/self.crt" 2>>"$T/c/log"
cat "$T/c/self.crt" "$T/c/self.key" >"$T/c/self.pem"
pin_of() {
	openssl x509 -in "$T/c/$1.pem" -noout -pubkey |
		openssl pkey -pubin -outform der | openssl dgst -sha256 -binary |
		openssl base64
}

# ---- servers ----

mkdir "$T/s"
mkfifo "$T/hold"
names='good expired early wrong cn ip badip wild self'
set -- old="old:$T/c/good.pem" start="start:$T/c/good.pem" cut=cut \
	stall=stall strip=strip inject=inject preauth=preauth
for name in $names; do set -- "$@" "$name=$T/c/$name.pem"; done
python3 t/servers/tls.py "$T/s" "$@" <"$T/hold" >"$T/s/err" 2>&1 &
server=$!
exec 7>"$T/hold"
defer "exec 7>&-; kill $server 2>/dev/null; wait $server 2>/dev/null"
all="$names old start cut stall strip inject preauth"
ready() { for s in $all; do [ -e "$T/s/$s.port" ] || return 1; done; }
for turn in $(seq 200); do ready || sleep 0.05; done
port() { cat "$T/s/$1.port"; }

rows() { # URL... with the secret in $T/$pw
	printf 'source\tsource_secret\n'
	for url; do printf '%s\tfile:%s\n' "$url" "$T/${pw:-pw}"; done
}
# try CODE 'sentence' URL [OPTIONS...]: one log-in.
try() {
	want=$1 say=$2 url=$3
	shift 3
	rows "$url" >"$T/in"
	check_rc "$want" "$say" mbx-inventory --timeout 20 --depth login "$@" \
		"$T/in"
}
# no CODE 'sentence' ERE URL: refused, in one line that says ERE.
no() {
	what=$3
	try "$1" "$2: ends in $1" "$4"
	check_same "$2: one line" 1 "$(wc -l <"$T/err")"
	check_has "$2: it says so" "$T/err" "$what"
}
ca="ca=$T/tls/ca.pem"
at() { echo "imaps://anna@${2:-localhost}:$(port "$1");$ca"; }

try 0 'a good certificate' "$(at good)"
check_same 'nothing is said' '' "$(cat "$T/err")"
try 0 'STARTTLS' "imap://anna@localhost:$(port start);$ca"
check_same 'STARTTLS: what is offered is asked again inside' \
	'CAPABILITY STARTTLS CAPABILITY LOGIN' \
	"$(cut -d' ' -f2 "$T/s/start.log" | tr -d '\r' | sed 4q | paste -sd' ')"

no 77 'expired' 'certificate has expired' "$(at expired)"
no 77 'not yet valid' 'not yet valid' "$(at early)"
no 77 'self-signed' 'self.signed' "$(at self)"
no 77 'unknown authority' 'issuer.*;ca=' "imaps://anna@localhost:$(port good)"
no 77 'wrong host name' 'other\.example, www\.other\.example' "$(at wrong)"
no 77 'a CN is no name' 'it is for no host name' "$(at cn)"
no 77 'a host by its address' 'it is for localhost' "$(at good 127.0.0.1)"
no 77 'another address' 'it is for 127\.0\.0\.2' "$(at badip 127.0.0.1)"
try 0 'its address' "$(at ip 127.0.0.1)"
try 0 'resolve=' "$(at wild mail.example.test);resolve=127.0.0.1"
no 77 'a * is one level' 'it is for \*\.example\.test' \
	"$(at wild a.mail.example.test);resolve=127.0.0.1"
no 78 'resolve= is an address' 'look up' "$(at good);resolve=localhost"
no 78 'no such ca=' ';ca=' "imaps://anna@localhost:$(port good);ca=/nowhere"
no 77 'TLS 1.0' 'handshake' "$(at old)"
try 0 ';tls=1.0' "$(at old);tls=1.0"
check_has ';tls=1.0 is loud and names the endpoint' "$T/err" \
	"localhost:$(port old).*TLS 1\.0"
no 69 'cut in the handshake' 'cut in the handshake' "$(at cut)"

for name in self expired wrong cn early; do
	try 0 "pin= alone decides: $name" \
		"imaps://anna@localhost:$(port $name);pin=$(pin_of $name)"
done
no 77 'another pin' "is not the pinned one; it is $(pin_of good | sed 's/[+]/[+]/g')" \
	"$(at good);pin=$(pin_of self)"
no 77 'a pin is needed whole' 'not the pinned one' \
	"$(at good);pin=$(pin_of good | cut -c1-43)"
for name in self expired wrong cn; do
	try 0 "--insecure: $name" "imaps://anna@localhost:$(port $name)" --insecure
	check_has "--insecure names the endpoint: $name" "$T/err" \
		"localhost:$(port $name): --insecure"
done

no 77 'STARTTLS stripped' ';tls=none must be' \
	"imap://anna@localhost:$(port strip);$ca"
try 0 ';tls=none' "imap://anna@localhost:$(port strip);tls=none"
check_same 'stripped: one log-in, that in clear' 1 \
	"$(grep -c LOGIN "$T/s/strip.log")"
no 76 'plaintext injected behind STARTTLS' 'plaintext' \
	"imap://anna@localhost:$(port inject);$ca"
no 77 'PREAUTH' 'PREAUTH' "imap://anna@localhost:$(port preauth);$ca"
cat "$T/s/inject.log" "$T/s/preauth.log" >"$T/all"
check_hasnt 'no log-in there' "$T/all" 'LOGIN'
for name in expired wrong cn badip cut; do cat "$T/s/$name.log"; done >"$T/all"
check_same 'no log-in where the certificate was refused, but by pin and choice' \
	6 "$(grep -c LOGIN "$T/all")"

printf 'wrong\n' >"$T/pw2"
chmod 600 "$T/pw2"
pw=pw2
no 77 'wrong password' 'NO \[AUTHENTICATIONFAILED\]' "$(at good)"
pw=pw
no 69 'a port that refuses' 'refused' "imaps://anna@localhost:1;$ca"
no 69 'a name that is none' 'look up' "imaps://anna@no.such.name.invalid"
no 78 'a bad URL' "no port" "imaps://anna@localhost:x"

# ---- tunnels ----

cat >"$T/relay" <<'PY'
#!/usr/bin/env python3
import os, socket, sys, threading
sys.stderr = open(os.devnull, "w")
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def up():
    while (d := os.read(0, 65536)):
        s.sendall(d)
    os._exit(0)
threading.Thread(target=up, daemon=True).start()
while (d := s.recv(65536)):
    os.write(1, d)
PY
chmod +x "$T/relay"
try 0 'tunnel=' "imaps://anna@localhost;$ca;tunnel=$T/relay%20'$(port good)'"
no 77 'tunnel= and the name is verified' 'it is for other' \
	"imaps://anna@localhost;$ca;tunnel=$T/relay%20$(port wrong)"
no 69 'a tunnel that is none' 'cut in the handshake' \
	"imaps://anna@localhost;$ca;tunnel=/nonexistent"

# ---- one row's trouble ----

rows "$(at good)" "$(at stall)" "$(at expired)" "$(at good)" \
	"imaps://anna@localhost:1" "$(at good)" >"$T/in"
before=$(date +%s)
check_rc 1 'rows with all kinds of trouble' \
	mbx-inventory --timeout 3 -j 2 --depth login "$T/in"
column status <"$T/out" >"$T/status"
column code <"$T/out" >"$T/code"
check_same 'each has its own answer, in order' \
	'ok: deferred:TIMEOUT failed:TLS ok: failed:CONN ok:' \
	"$(paste -d: "$T/status" "$T/code" | paste -sd' ')"
check 'and none waits for long' test $(($(date +%s) - before)) -lt 15

# ---- who is who: Dovecot ----

dovecot_start dv auth='plain login scram-sha-1 scram-sha-256' users='anna bert'
on="localhost:$dv_imaps;ca=$dv_ca"
pw="anna"
for auth in PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256; do
	try 0 "auth=$auth" "imaps://anna@$on;auth=$auth"
done
no 77 'a mechanism that is not offered' 'not what is wanted: XOAUTH2' \
	"imaps://anna@$on;auth=XOAUTH2"
no 77 'somebody else' 'AUTHENTICATIONFAILED' "imaps://bert@$on"
pw="admin"
try 0 'USER*MASTER' "imaps://anna*admin@$on"
# append USER SUBJECT: a mark in whose mailbox we are.
append() {
	python3 - "$dv_port" "$1" "$2" <<-'PY'
	import imaplib, sys
	box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
	box.login(sys.argv[2], "PASSWORD-OF-" + sys.argv[2])
	for n in range(int(sys.argv[3])):
	    box.append("INBOX", None, None, b"A: %s\r\n\r\n%d\r\n" % (sys.argv[2].encode(), n))
	PY
}
append anna 3
append bert 5
for auth in PLAIN SCRAM-SHA-256; do
	rows "imaps://admin@$on;authzid=anna;auth=$auth" \
		"imaps://admin@$on;authzid=bert;auth=$auth" >"$T/in"
	check_rc 0 "authzid= by $auth" mbx-inventory "$T/in"
	check_same "authzid= by $auth opens the right mailbox" '3 5' \
		"$(column messages <"$T/out" | paste -sd' ')"
	check_same "authzid= by $auth: the account is whose mailbox it is" \
		'anna bert' "$(column account <"$T/out" | paste -sd' ')"
done
printf 'source\tsource_secret\ttarget\n' >"$T/in"
for user in anna bert; do
	printf 'imaps://admin@%s;authzid=%s\tfile:%s\tmaildir:%s\n' "$on" $user \
		"$T/admin" "$T/to" >>"$T/in"
done
check_rc 0 'authzid=: two mailboxes of one administrator into one' \
	mbx-copy -l "$T/ledger" "$T/in"
check_same '... neither is taken for the other' '3 5' \
	"$(column copied <"$T/out" | paste -sd' ')"
pw=anna
no 77 'authzid=, refused: the line says whose' \
	"admin@localhost:$dv_imaps;authzid=anna: log in" \
	"imaps://admin@$on;authzid=anna"
pw="admin"
no 77 'authzid= and LOGIN would open the wrong one' 'no authzid' \
	"imaps://admin@$on;authzid=anna;auth=LOGIN"
dovecot_stop dv

cert client anna '' $now $then
cert other bert '' $now $then
dovecot_start ext auth=external conf="ssl_ca = <$T/tls/ca.pem
ssl_verify_client_cert = yes
ssl_require_crl = no
auth_ssl_username_from_cert = yes
passdb {
  driver = static
  args = nopassword=y
}"
chmod 600 "$T/c/client.key" "$T/c/other.key"
rows "imaps://anna@localhost:$ext_imaps;$ca" >"$T/in"
tls="cert=$T/c/client.crt;key=file:$T/c/client.key"
printf 'source\nimaps://anna@localhost:%s;%s;auth=EXTERNAL;%s\n' "$ext_imaps" \
	"$ca" "$tls" >"$T/in"
check_rc 0 'EXTERNAL with a client certificate' mbx-inventory "$T/in"
check_same 'EXTERNAL: a mailbox is there' inbox "$(column role <"$T/out")"
printf 'source\nimaps://anna@localhost:%s;%s;auth=EXTERNAL;%s\n' "$ext_imaps" \
	"$ca" "cert=$T/c/client.crt;key=file:$T/c/other.key" >"$T/in"
check_rc 78 'a key that is not the certificate'"'"'s' mbx-inventory "$T/in"
check_has 'it is said' "$T/err" ';cert=.*client.crt and its key'
check_same 'the servers had no trouble' '' "$(cat "$T/s/err")"
done_testing
