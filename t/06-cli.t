#!/bin/sh
# The shape of every tool: options, exit status, signals, progress, the log.
. "$(dirname "$0")/lib.sh"
. t/servers/scripted.sh

tools='mbx-inventory mbx-map mbx-copy mbx-verify'
mkdir -p "$T/mail/cur" "$T/mail/new" "$T/mail/tmp"
printf 'Subject: one\n\n1\n' >"$T/mail/cur/1.1.x:2,S"
printf 'PASSWORD-OF-anna\n' >"$T/pw"
printf 'no\n' >"$T/nopw"
chmod 600 "$T/pw" "$T/nopw"
cd "$T" || exit 1

for tool in $tools; do
	check_rc 0 "$tool --help" "$tool" --help
	check_same "at most 40 lines: $tool" 1 "$(($(wc -l <out) <= 40))"
	check_hasnt "of at most 80 columns: $tool" out '.{81}'
	check_same "on stdout alone: $tool" 0 "$(wc -c <err | xargs)"
	check_same "two examples: $tool" 2 "$(sed '1,/^examples:/d;/^exit:/,$d' out |
		grep -c "^  mbx-.*")"
	cp out long
	check_rc 0 "$tool -h" "$tool" -h
	check_files "is the same: $tool" long out
	check_rc 0 "$tool -V" "$tool" -V
	check_has "name and version: $tool" out "^$tool [0-9]+\.[0-9]"
	check_rc 64 "$tool: no such option" "$tool" --nosuch
	check_has "it is named: $tool" err "^$tool: option: no such option: '--nosuch'\$"
	check_rc 64 "$tool: no such letter" "$tool" -Z
	check_has "it is named: $tool" err "^$tool: .*'-Z'\$"
	check_has "usage is told: $tool" err "^usage: $tool "
	check_rc 64 "$tool: no value" "$tool" --progress
	check_rc 64 "$tool: a wrong value" "$tool" --progress loud
	check_rc 64 "$tool: -j 0" "$tool" -j 0
	check_rc 74 "$tool --help to a full disk" sh -c "$tool --help >/dev/full"
done

# A terminal on stdin and no operand: usage, not a silent wait.
cat >terminal.py <<-'PY'
	import os, pty, select, sys
	# terminal.py SECONDS COMMAND...: on a terminal; what it shows, its status.
	pid, fd = pty.fork()
	if pid == 0:
	    os.execvp(sys.argv[2], sys.argv[2:])
	while True:
	    if not select.select([fd], [], [], float(sys.argv[1]))[0]:
	        os.kill(pid, 9)
	        break
	    try:
	        data = os.read(fd, 4096)
	    except OSError:
	        break
	    if not data:
	        break
	    sys.stdout.buffer.write(data)
	status = os.waitpid(pid, 0)[1]
	sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 200)
PY
for tool in $tools; do
	set -- "$tool"
	check_rc 64 "$tool on a terminal without an operand" \
		python3 terminal.py 10 "$@"
	check_has "says how it is used: $tool" out "^usage: $tool "
	check_same "in one line: $tool" 1 "$(wc -l <out | xargs)"
done

# ---- exit status ----

cd "$TOP" || exit 1
scripted_start s
scripted_start n 'at=LOGIN say %t NO [AUTHENTICATIONFAILED] no\r\n' \
	'at=AUTHENTICATE say %t NO [AUTHENTICATIONFAILED] no\r\n'
scripted_start l 'at=LOGIN say %t NO [UNAVAILABLE] later\r\n' \
	'at=AUTHENTICATE say %t NO [UNAVAILABLE] later\r\n'
scripted_start p 'at=GREETING say HTTP/1.1 400 Bad Request\r\n\r\n'
scripted_start w 'at=LIST stall 0' 'at=SELECT stall 0' 'at=EXAMINE stall 0' \
	'at=LSUB stall 0'
cd "$T" || exit 1
dead=$(free_port)
url() { # one of good down refused later broken wrong stuck
	case $1 in
	good) printf 'imap://anna@127.0.0.1:%s;tls=none' "$s_port" ;;
	down) printf 'imap://anna@127.0.0.1:%s;tls=none' "$dead" ;;
	refused) printf 'imap://anna@127.0.0.1:%s;tls=none' "$n_port" ;;
	later) printf 'imap://anna@127.0.0.1:%s;tls=none' "$l_port" ;;
	broken) printf 'imap://anna@127.0.0.1:%s;tls=none' "$p_port" ;;
	wrong) printf 'imap://anna@127.0.0.1;nosuch=1' ;;
	stuck) printf 'imap://anna@127.0.0.1:%s;tls=none' "$w_port" ;;
	esac
}
table() { # KIND...: bad is a row too short
	printf 'account\tsource\tsource_secret\n'
	for kind; do
		if [ "$kind" = bad ]; then echo x; continue; fi
		printf '%s\t%s\tfile:pw\n' "$kind" "$(url "$kind")"
	done
}
# ends CODE KIND...
ends() {
	code=$1
	shift
	table "$@" >rows
	check_rc "$code" "$* end in $code" mbx-inventory -d folders rows
	check_same "a line for each that is not good: $*" \
		"$(printf '%s\n' "$@" | grep -vc good)" "$(wc -l <err | xargs)"
}
ends 0 good
ends 0 good good
ends 69 down
ends 69 down down
ends 76 broken
ends 77 refused refused
ends 78 wrong
ends 1 down refused
ends 1 good down
ends 1 refused good
ends 75 later
ends 75 later good
ends 1 later down
ends 65 bad
ends 65 bad good
ends 65 bad down good later
check_same 'the other rows are done' 'down failed CONN, good ok , later deferred THROTTLED' \
	"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ print $c["account"], $c["status"], $c["code"] }' out | sort -u |
		sed 's/ UNAVAILABLE/ THROTTLED/' | paste -sd, | sed 's/,/, /g')"
table good bad >rows
check_rc 74 'a full disk counts over bad rows' \
	sh -c 'mbx-inventory rows >/dev/full'
check_rc 74 'stdout closed' sh -c 'mbx-inventory rows >&-'
check_rc 74 'stdout closed, in one process' sh -c "printf 'account\tfolder\na\tINBOX\n' | mbx-map >&-"
check_rc 74 '-o on a full disk' mbx-inventory -o /dev/full/x rows
check_has 'it is named' err '^mbx-inventory: output: /dev/full/x: '
check_rc 65 '-o' mbx-inventory -o file rows
check_same 'the rows are in the file' 'good' "$(column account <file | sort -u)"
check_same 'and nothing beside it' file "$(echo file*)"

# ---- messages ----

table good bad down >rows
check_rc 65 '-q' mbx-inventory -q rows
check_same '-q says what failed' 2 "$(wc -l <err | xargs)"
check_rc 65 '-v' mbx-inventory -v rows
check_rc 65 '-vv' mbx-inventory -vv rows
check_has 'the protocol' err '^mbx-inventory: > .*LOGIN|^mbx-inventory: > .*AUTHENTICATE'
check_hasnt 'without the password' err 'PASSWORD-OF'
check_hasnt 'in no coding' err "$(printf '\000anna\000PASSWORD-OF-anna' |
	base64 | cut -c 1-20)"
check_rc 65 '--log' mbx-inventory -q --log log rows
check_same 'header' 'at level code object what why' "$(head -n 1 log | xargs)"
python3 - <<'PY' >events
import re
for line in open("log").read().split("\n")[1:-1]:
    at, level, code, name, what, why = line.split("\t")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", at)
    print(level, code, name, what, why if why.startswith("exit") else "")
PY
check_same 'the run and every row, as TSV of six fields' \
	'begin down,begin good,begin mbx-inventory run,end CONN down failed,end good ok,end mbx-inventory run exit 65' \
	"$(grep -v '^error' events | tr -s ' ' | sed 's/ $//' |
		LC_ALL=C sort | paste -sd,)"
check_same 'every message' 'error CONN,error ROW' \
	"$(awk '$1 == "error" { print $1, $2 }' events | sort | paste -sd,)"
check_same 'for its owner alone' 600 "$(stat -c %a log)"
check_rc 65 '--log once more' mbx-inventory -q --log log rows
check_same 'is appended' 17 "$(wc -l <log | xargs)"
check_rc 74 '--log to a full disk' mbx-inventory --log /dev/full rows
for term in xterm dumb; do
	for no in '' 1; do
		check_rc 65 "progress on TERM=$term NO_COLOR=$no" \
			env TERM=$term NO_COLOR=$no python3 terminal.py 20 \
			mbx-inventory rows
		check_hasnt 'no colour' out "$(printf '\033')\[[0-9;]*m"
		[ $term = xterm ] ||
			check_hasnt 'dumb: no escape at all' out "$(printf '\033')"
	done
done
mkdir -p slow/cur slow/new slow/tmp
python3 -c 'print("Subject: x\n\n" + ("x" * 69 + "\n") * 4000, end="")' \
	>slow/cur/1.1.x:2,S
printf 'source\ttarget\trate_Bps\nmaildir:slow\tmaildir:fast\t200000\n' >rows
check_rc 0 'a copy on a terminal' env TERM=xterm \
	python3 terminal.py 20 mbx-copy -l led rows
tr '\r' '\n' <out >shown
check_has 'octets, rate and time left, within a message too' shown \
	'^.\[Kmbx-copy: [1-9][0-9.]* KiB of 273\.4 KiB, [0-9.]+ KiB/s, 0:00:0[0-9] left, 0 messages$'
check_hasnt 'and no row behind them' shown 'messages.*source'
table down down down down down down >rows
check_rc 69 '--max-failures' mbx-inventory --max-failures 2 rows
check_same 'nothing new is begun behind it, though one account has them all' \
	'failed CONN,failed CONN,deferred POLICY,deferred POLICY,deferred POLICY,deferred POLICY' \
	"$(column status <out | paste -d' ' - /dev/fd/3 3<<-EOF | paste -sd,
		$(column code <out)
	EOF
	)"
check_same 'and the hint says why' 4 "$(grep -c 'since 2 failed' out)"
table good down good good >rows
check_rc 1 'one that failed, behind one that is done' \
	mbx-inventory --max-failures 1 rows
check_same 'the others come in their order' 'ok failed deferred deferred' \
	"$(column status <out | xargs)"
{ table down; for n in $(seq 3000); do printf 'x%s\timaps://x@127.0.0.1:1\t\n' "$n"; done; } >many
check_rc 69 'more than are held at a time' mbx-inventory -j 3 --max-failures 1 many
check_same 'not one is lost' "$(column account <many | md5sum)" \
	"$(column account <out | md5sum)"

# ---- signals, while a server says nothing ----

start() { # ARGS...: mbx-inventory on a stuck server; its pid is in $pid
	table good stuck good >rows
	: >"$T/w.said"
	mbx-inventory "$@" -d folders rows >out 2>err &
	pid=$!
	for turn in $(seq 200); do
		! grep -q LIST "$T/w.said" || break
		sleep 0.02
	done
}
for signal in INT TERM HUP; do
	# INT is ignored in what a shell starts aside.
	table good stuck good >rows
	check_rc 0 "$signal ends it within 5 s, with 128+n" python3 - $signal <<-'PY'
		import signal, subprocess, sys, time
		n = getattr(signal, "SIG" + sys.argv[1])
		signal.signal(signal.SIGINT, signal.default_int_handler)
		p = subprocess.Popen(["mbx-inventory", "-d", "folders", "rows"],
		                     stdout=open("out", "w"), stderr=open("err", "w"))
		end = time.time() + 10
		while b"LIST" not in open("w.said", "rb").read() and time.time() < end:
		    time.sleep(0.02)
		begun = time.time()
		p.send_signal(n)
		code = p.wait(20)
		took = time.time() - begun
		print(code, took)
		sys.exit(not (code == 128 + n and took < 5))
	PY
	: >w.said
done
start --progress=plain
kill -USR1 $pid
for turn in $(seq 100); do
	[ ! -s err ] || break
	sleep 0.05
done
check_has 'USR1: a line of progress' err \
	'^mbx-inventory: .* of .*, .*/s.* [0-9]+ messages$'
read -r kid <"/proc/$pid/task/$pid/children"
kill -9 "$kid"
wait $pid
check_same 'a worker killed: 71' 71 $?
check_same 'its row has failed, the others are done' 'good ok stuck failed good ok' \
	"$(awk -F'\t' 'NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i; next }
		{ print $c["account"], $c["status"] }' out | uniq | xargs)"
check_has 'and it is said' err '^mbx-inventory: worker: killed from outside$'

# Rows of one account wait at one worker: they are taken up when it dies, and
# left when a signal comes.
cat >silent.py <<'EOF'
import socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
kept = []
while True:
    kept.append(s.accept()[0])
    print("accepted", flush=True)
EOF
python3 silent.py >accepted 2>&1 &
silent=$!
defer "kill $silent; wait $silent 2>/dev/null"
accepted() { # N: waits for so many connections
	for turn in $(seq 200); do
		[ "$(grep -c accepted accepted)" -lt "$1" ] || break
		sleep 0.02
	done
}
for turn in $(seq 200); do
	[ ! -s accepted ] || break
	sleep 0.02
done
port=$(head -n 1 accepted)
{ printf 'source\tfolder\n'
	for n in 1 2 3; do printf 'imap://a@127.0.0.1:%s;tls=none\t%s\n' "$port" $n
	done; } >rows
mbx-inventory rows >out 2>err &
pid=$!
accepted 1
read -r kid <"/proc/$pid/task/$pid/children"
kill -9 "$kid"
accepted 2
kill -TERM $pid
wait $pid
check_same 'what waited behind a dead worker is done, nothing behind a signal' 2 \
	"$(grep -c accepted accepted)"
# One account stands, the other is done: it is written all the same.
{ printf 'source\n'
	printf 'imap://a@127.0.0.1:%s;tls=none\n' "$port"
	printf 'maildir:mail\n'; } >rows
mbx-inventory -j 2 rows >out 2>err &
pid=$!
accepted 3
sleep 0.5
kill -TERM $pid
wait $pid
check_same 'what was done behind an account that stood still is written' ok \
	"$(column status <out | xargs)"
# A tool that computes ends as well.
python3 -c 'print("account,folder\na,b\n" + "b\"c,\"d\n" * 400000)' >chain
check_rc 65 'lines that each leave a quote open end the run' \
	timeout 60 mbx-map chain

# The reader closes early: quiet, and no worker stays.
for n in $(seq 3000); do printf 'a%s\tINBOX\tmaildir:mail\n' "$n"; done |
	sed '1i account\tfolder\tsource' >many
for tool in 'mbx-map many' 'mbx-inventory -j 2 -d folders many'; do
	# shellcheck disable=SC2086
	{ $tool 2>err; echo $? >rc; } | head -n 1 >out
	check_same "the reader closes early: ${tool%% *} is quiet" 0 \
		"$(wc -c <err | xargs)"
	check_same 'and is ended by SIGPIPE' 141 "$(cat rc)"
done
cd "$TOP" || exit 1
done_testing
