#!/bin/sh
# No secret in arguments, environments, rows, ledger, logs or the trace: a
# canary is hunted for, plain and in base64, wherever something of ours shows.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh

canary=PASSWORD-OF-anna
mkdir "$T/seen" "$T/s"
printf '%s\n' "$canary" >"$T/pw"
printf 'PASSWORD-OF-bert\n' >"$T/bert"
chmod 600 "$T/pw" "$T/bert"
# What gives it away: itself, and its base64 at each alignment, less the
# octets that hang on its neighbours.
python3 - "$canary" >"$T/signs" <<'PY'
import base64, sys
c = sys.argv[1].encode()
print(sys.argv[1])
for skip in range(3):
    print(base64.b64encode(c[skip:len(c) - (len(c) - skip) % 3]).decode())
PY
hunt() { # 'sentence' PATH...
	sentence=$1
	shift
	found=$(grep -rFl -f "$T/signs" "$@")
	check_same "$sentence" '' "$found"
}
for before in '' x xy; do
	printf '%s' "$before$canary" | base64 >"$T/control"
	check "the hunter knows it when it sees it: '$before'" \
		grep -qF -f "$T/signs" "$T/control"
done

dovecot_start old auth='plain login scram-sha-1 scram-sha-256' users=anna
dovecot_start new users=bert
make_mail "$old_dir/mail/anna" 1
[ "$(id -u)" -ne 0 ] || chown -R "$dv_owner" "$old_dir/mail"
mkfifo "$T/hold"
python3 t/servers/tls.py "$T/s" hang=hang oauth=oauth echo=echo <"$T/hold" \
	>"$T/s/err" 2>&1 &
server=$!
exec 7>"$T/hold"
defer "exec 7>&-; kill $server 2>/dev/null; wait $server 2>/dev/null"
ready() { [ -e "$T/s/hang.port" ] && [ -e "$T/s/oauth.port" ] && [ -e "$T/s/echo.port" ]; }
for turn in $(seq 200); do ready || sleep 0.05; done

# A tunnel and a command that tell what they got.
cat >"$T/relay" <<'PY'
#!/usr/bin/env python3
import os, socket, sys, threading
sys.stderr = open(os.devnull, "w")
for what in ("environ", "cmdline"):
    with open("/proc/self/" + what, "rb") as f:
        open(sys.argv[2] + "/tunnel." + what, "wb").write(f.read())
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def up():
    while (d := os.read(0, 65536)):
        s.sendall(d)
    os._exit(0)
threading.Thread(target=up, daemon=True).start()
while (d := s.recv(65536)):
    os.write(1, d)
PY
cat >"$T/teller" <<-EOF
	#!/bin/sh
	cat /proc/self/environ >$T/seen/cmd.environ
	cat $T/pw
EOF
chmod +x "$T/relay" "$T/teller"

# ---- every mechanism, every kind of reference ----

on="localhost:$old_imaps;ca=$old_ca"
row() { printf '%s\t%s\n' "$1" "$2" >>"$T/in"; }
printf 'source\tsource_secret\n' >"$T/in"
for auth in PLAIN LOGIN SCRAM-SHA-1 SCRAM-SHA-256; do
	row "imaps://anna@$on;auth=$auth" "file:$T/pw"
	row "pop3s://anna@localhost:$old_pop3s;ca=$old_ca;auth=$auth" env:CANARY
done
row "imap://anna@localhost:$old_port;tls=none" "cmd:cat $T/pw"
row "imap://anna@localhost:$old_port;tls=none;compress=deflate" fd:5
row "imaps://anna@$on;tunnel=$T/relay%20$old_imaps%20$T/seen" env:CANARY
row "imaps://anna@$on" "cmd:$T/teller"
CANARY=$canary mbx-inventory -vv -j 2 --log "$T/seen/log" "$T/in" 5<"$T/pw" \
	>"$T/seen/out" 2>"$T/seen/err"
check_same 'all log in' 0 $?
check_has 'the trace is there' "$T/seen/err" '> A[0-9]+ '
check_has 'and says where it is silent' "$T/seen/err" '\(a secret\)'
check 'the tunnel told' test -s "$T/seen/tunnel.environ"
check 'so did the command' test -s "$T/seen/cmd.environ"
check_has 'they have an environment' "$T/seen/cmd.environ" 'PATH='
hunt 'mbx-inventory: rows, messages, trace, log, children' "$T/seen"

# Two workers: while the second is slow with what env: names, the first, which
# had no such row, starts a command.
cat >"$T/slow" <<-EOF
	#!/bin/sh
	sleep 1
	exec $T/relay "\$@"
EOF
chmod +x "$T/slow"
printf 'source\tsource_secret\n' >"$T/in"
row "imaps://anna@$on;auth=PLAIN" "cmd:sh -c 'sleep 0.4; cat $T/pw'"
row "imaps://anna@$on;auth=LOGIN" "file:$T/pw"
row "imaps://anna@$on;tunnel=$T/slow%20$old_imaps%20$T/seen" env:CANARY
row "imaps://anna@$on" "cmd:$T/teller"
: >"$T/seen/cmd.environ"
CANARY=$canary mbx-inventory -j 2 --depth login "$T/in" >"$T/out" 2>"$T/err"
check_same 'two workers log in' 0 $?
check 'the command told again' test -s "$T/seen/cmd.environ"
hunt 'none hands on what the other has by env:' "$T/seen"

for auth in XOAUTH2 OAUTHBEARER; do
	printf 'source\tsource_secret\n' >"$T/in"
	row "imap://anna@localhost:$(cat "$T/s/oauth.port");tls=none;auth=$auth" \
		env:CANARY
	CANARY=$canary mbx-inventory -vv --depth login --log "$T/seen/log" \
		"$T/in" >"$T/seen/out.$auth" 2>"$T/seen/err.$auth"
	check_same "$auth logs in" 0 $?
	check_has "$auth: the server got a token" "$T/s/oauth.log" "$auth [A-Za-z0-9]"
done
printf 'source\tsource_secret\n' >"$T/in"
for auth in PLAIN XOAUTH2 OAUTHBEARER; do
	row "imap://anna@localhost:$(cat "$T/s/echo.port");tls=none;auth=$auth" \
		"file:$T/pw"
done
mbx-inventory -vv --log "$T/seen/log" "$T/in" >"$T/seen/out.echo" \
	2>"$T/seen/err.echo"
check_same 'a server that refuses' 77 $?
check_same 'each is told' 3 "$(grep -c 'alias.*\*\*\*' "$T/seen/out.echo")"
hunt 'a token, and what a server repeats of it' "$T/seen"

# A wrong reference may be the secret itself; so may a password in a URL.
printf 'source\tsource_secret\n' >"$T/in"
row "imaps://anna@$on" "$canary"
mbx-inventory -vv "$T/in" 2>"$T/seen/err.wrong" >"$T/out"
check_same 'a secret in place of a reference' 78 $?
printf 'source\nimaps://anna:%s@%s\n' "$canary" "$on" >"$T/in"
mbx-inventory -vv "$T/in" 2>>"$T/seen/err.wrong" >"$T/out"
check_same 'a password in a URL' 78 $?
hunt 'is not repeated' "$T/seen"

# ---- the processes, while a server keeps them waiting ----

printf 'source\tsource_secret\n' >"$T/in"
hang="imap://anna@localhost:$(cat "$T/s/hang.port");tls=none"
row "$hang" env:CANARY
row "$hang;tunnel=$T/relay%20$(cat "$T/s/hang.port")%20$T/seen" env:CANARY
CANARY=$canary mbx-inventory -j 2 "$T/in" >"$T/out" 2>"$T/err" &
ours=$!
for turn in $(seq 200); do
	[ "$(grep -c LOGIN "$T/s/hang.log")" = 2 ] || sleep 0.05
done
check_same 'both are logged in and wait' 2 "$(grep -c LOGIN "$T/s/hang.log")"
python3 - "$ours" "$T/seen" >"$T/procs" <<'PY'
import sys
def tree(pid):
    yield pid
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        for child in f.read().split():
            yield from tree(child)
for pid in tree(sys.argv[1]):
    print(pid)
    for what in ("cmdline", "environ"):
        try:
            with open(f"/proc/{pid}/{what}", "rb") as f:
                data = f.read()
        except PermissionError:
            continue  # nobody else can either
        with open(f"{sys.argv[2]}/{pid}.{what}", "wb") as f:
            f.write(data)
PY
check 'the tool, its workers and the tunnel were looked at' \
	test "$(wc -l <"$T/procs")" -ge 4
kill "$ours"
wait "$ours" 2>/dev/null
hunt 'nothing in their arguments and environments' "$T/seen"

# ---- copying and comparing ----

for n in 1 2; do
	CANARY=$canary mbx-copy -vv --log "$T/seen/copy.log" \
		-l "$T/seen/ledger" --messages "$T/seen/messages$n" \
		--source "imaps://anna@$on;auth=PLAIN" \
		--source-secret env:CANARY \
		--target "imaps://bert@localhost:$new_imaps;ca=$new_ca" \
		--target-secret "file:$T/bert" \
		>"$T/seen/copy.out$n" 2>"$T/seen/copy.err$n"
done
check 'mbx-copy: there is a ledger' test -n "$(ls "$T/seen/ledger")"
check_same 'mbx-copy: something was copied' copied \
	"$(column status <"$T/seen/copy.out1")"
hunt 'mbx-copy: rows, ledger, log, trace' "$T/seen"
mbx-verify -vv --log "$T/seen/verify.log" \
	--source "pop3s://anna@localhost:$old_pop3s;ca=$old_ca" \
	--source-secret "file:$T/pw" \
	--target "imaps://bert@localhost:$new_imaps;ca=$new_ca" \
	--target-secret "file:$T/bert" \
	>"$T/seen/verify.out" 2>"$T/seen/verify.err"
check_has 'mbx-verify: compared' "$T/seen/verify.out" INBOX
hunt 'mbx-verify: rows, log, trace' "$T/seen"
check_same 'the server had no trouble' '' "$(cat "$T/s/err")"
done_testing
