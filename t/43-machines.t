#!/bin/sh
# One plan, shared out by xargs, make, GNU parallel over ssh and Slurm's way:
# every message once, ledgers that merge by cat, and when a host dies in the
# middle another one does the rest.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

everybody='anna bert carl dora emil fine gerd hans'
dovecot_start old users="$everybody" || exit 1
dovecot_start new users="$everybody" || exit 1
cd "$T" || exit 1
mkdir pw
for user in $everybody; do
	printf 'PASSWORD-OF-%s\n' "$user" >"pw/$user"
done
chmod 600 pw/*
# shellcheck disable=SC2086 # names
python3 - "$old_port" $everybody <<'PY'
import imaplib, sys
for user in sys.argv[2:]:
    box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
    box.login(user, "PASSWORD-OF-" + user)
    box.create("Work")
    for n in range(30):  # some are twins
        text = "Subject: %d\r\n\r\n%s\r\n" % (n // 2 * 2, "x" * 70 * (n // 2))
        box.append("Work" if n % 5 else "INBOX", "(\\Seen)" if n % 3 else "",
                   imaplib.Time2Internaldate(1e9 + n), text.encode())
PY
for user in $everybody; do
	[ "$user" != anna ] || printf 'source\tsource_secret\ttarget\ttarget_secret\n'
	printf '%s\tfile:%s\t%s\tfile:%s\n' \
		"imap://$user@127.0.0.1:$old_port;tls=none" "$T/pw/$user" \
		"imap://$user@127.0.0.1:$new_port;tls=none" "$T/pw/$user"
done >accounts.tsv

# held PORT: what all accounts hold, by the oracle.
held() {
	# shellcheck disable=SC2086 # names
	(cd "$TOP/t" && python3 - "$1" $everybody) <<-'PY'
		import sys
		import oracle
		for user in sys.argv[2:]:
		    for row in sorted(oracle.read("imap:127.0.0.1:%s:%s:PASSWORD-OF-%s"
		                                  % (sys.argv[1], user, user)), key=str):
		        if row[1] is not None:
		            print(user, row[0], oracle.digest(row[1]), *row[2:4])
	PY
}
# done_once WHAT [COPIED]: every message is at the target once, and the results
# say that so many were sent.
done_once() {
	held "$new_port" >got
	check_files "$1: every message, once" want got
	sent=$(cat results/* | awk -F'\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) if ($i == "copied") c = i }
		$c ~ /^[0-9]/ { n += $c } END { print n + 0 }')
	check_same "$1: none was sent twice" "${2:-240}" "$sent"
}
# anew: an empty target, no ledgers.
anew() {
	rm -rf "$new_dir/mail"/* ledger* results
	mkdir results
}
held "$old_port" >want

# ---- one host ----

mbx-inventory accounts.tsv | mbx-map -p dovecot | mbx-plan -q >jobs.tsv
check_same 'the plan has a job an account' 8 "$(($(wc -l <jobs.tsv) - 1))"
mkdir parts
awk 'NR == 1 { header = $0; next }
	{ print header "\n" $0 >sprintf("parts/%04d.tsv", NR - 1) }' jobs.tsv
anew
check_rc 0 'xargs' sh -c 'ls parts | xargs -P 4 -I{} \
	mbx-copy -q -l ledger -o results/{} parts/{}'
done_once xargs

anew
cat >Makefile <<'MAKE'
all: $(patsubst parts/%,results/%,$(wildcard parts/*.tsv))
results/%.tsv: parts/%.tsv
	mbx-copy -q -l ledger -o $@ $<
MAKE
check_rc 0 'make -j' make -s -j4 all
done_once make

# As sbatch would run it, on a host that is busy at first.
anew
mkdir bin
printf '#!/bin/sh\necho "$@" >>"%s/scontrol"\n' "$T" >bin/scontrol
chmod 755 bin/scontrol
task() {
	env PATH="$T/bin:$PATH" SLURM_ARRAY_JOB_ID=7 SLURM_ARRAY_TASK_ID="$1" \
		bash "$TOP/share/runbook/mbx-copy.sbatch" jobs.tsv
}
for n in 1 2 3 4 5 6 7 8; do
	task $n >"task$n" 2>&1 &
	pids="${pids:-} $!"
done
rc=0
for pid in $pids; do
	wait "$pid" || rc=$?
done
check_same "a Slurm array's tasks" 0 $rc
done_once Slurm
python3 - ledger "$T/locked" <<'PY' &
import fcntl, glob, os, struct, sys, time
for name in glob.glob(sys.argv[1] + "/*.tsv"):
    fcntl.fcntl(os.open(name, os.O_RDWR), 37,
                struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
open(sys.argv[2], "w").close()
time.sleep(60)
PY
holder=$!
defer "kill $holder 2>/dev/null"
until [ -e locked ]; do sleep 0.05; done
check_rc 75 'a task whose ledger somebody has' task 3
check_same 'is put into the queue again' 'requeue 7_3' "$(cat scontrol)"
kill $holder

# ---- two hosts, by ssh ----

mkdir ssh
ssh-keygen -q -t ed25519 -N '' -f ssh/key
cp ssh/key.pub ssh/allowed
[ "$(id -u)" -ne 0 ] || mkdir -p /run/sshd
for host in a b; do
	port=$(free_port)
	ssh-keygen -q -t ed25519 -N '' -f ssh/host_$host
	cat >ssh/sshd_$host <<-CONFIG
		Port $port
		ListenAddress 127.0.0.1
		HostKey $T/ssh/host_$host
		PidFile $T/ssh/pid_$host
		AuthorizedKeysFile $T/ssh/allowed
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		SetEnv LEDGER=$T/ledger-$host
	CONFIG
	cat >>ssh/config <<-CONFIG
		Host $host
		HostName 127.0.0.1
		Port $port
		User $(id -un)
		IdentityFile $T/ssh/key
		IdentitiesOnly yes
		UserKnownHostsFile $T/ssh/known
		StrictHostKeyChecking accept-new
		LogLevel ERROR
	CONFIG
done
# tree PID: it and all that came of it.
tree() {
	echo "$1"
	[ ! -e "/proc/$1" ] || tr ' ' '\n' <"/proc/$1/task/$1/children" |
		while read -r child; do tree "$child"; done
}
host_start() {
	/usr/sbin/sshd -f "$T/ssh/sshd_$1" -E "$T/ssh/log_$1"
	for turn in $(seq 100); do
		[ ! -s "ssh/pid_$1" ] || break
		sleep 0.05
	done
}
host_kill() { # everything on it, at once
	# shellcheck disable=SC2046 # pids
	[ ! -s "ssh/pid_$1" ] ||
		kill -9 $(tree "$(cat "ssh/pid_$1")") 2>/dev/null
	rm -f "ssh/pid_$1"
}
defer 'host_kill a; host_kill b'
host_start a
host_start b
spread() {
	env PARALLEL_HOME="$T/parallel" parallel --will-cite --retries 9 \
		--ssh "ssh -F $T/ssh/config" -S 2/a,2/b --results 'results/{/}' \
		"$(command -v mbx-copy) -q -l \$LEDGER {}" ::: "$T"/parts/*.tsv
}
mkdir parallel
anew
check_rc 0 'GNU parallel over two hosts' spread
rm -f results/*.seq results/*.err
done_once parallel
check 'both had work' [ -s "$(echo ledger-a/*.tsv | cut -d' ' -f1)" -a \
	-s "$(echo ledger-b/*.tsv | cut -d' ' -f1)" ]
check_same 'no job was on both' 8 "$(find ledger-a ledger-b -name '*.tsv' | wc -l)"

# merged: the ledgers of both hosts by cat, and a run with what comes of it.
merged() {
	rm -rf ledger results
	mkdir ledger results
	for key in $(cd ledger-a && ls ./*.tsv; cd ../ledger-b && ls ./*.tsv); do
		cat ledger-[ab]/"$key" >"ledger/$key" 2>/dev/null
	done
	mbx-copy -l ledger -o results/all "$@" jobs.tsv
}
check_rc 0 'with both ledgers in one place' merged -vv
check_hasnt 'nothing is sent, nor read' err 'APPEND "|BODY.PEEK'
done_once 'merged' 0

# ---- one host dies in the middle ----

anew
for part in parts/*; do # slowly
	awk -F'\t' -v OFS='\t' 'NR == 1 {
			for (i = 1; i <= NF; i++) if ($i == "rate_Bps") c = i
			print
			next
		}
		{ $c = 10000; print }' "$part" >slow
	mv slow "$part"
done
spread >out 2>err &
spread=$!
for turn in $(seq 400); do
	[ "$(cat ledger-a/*.tsv 2>/dev/null | grep -c '^intent')" -eq 0 ] || break
	sleep 0.05
done
host_kill a
check_same 'it was in the middle: none is done' 0 \
	"$(cat results/* | grep -c '	copied	')"
wait $spread
check_same 'the other one does the rest' 0 $?
held "$new_port" >got
check_files 'every message is there, once' want got
check 'and what it had begun' [ "$(for key in ledger-a/*.tsv; do
	[ -e "ledger-b/${key#*/}" ] && echo "$key"; done | wc -l)" -gt 0 ]
check_rc 0 'with both ledgers in one place' merged
done_once 'merged' 0
done_testing
