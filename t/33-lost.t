#!/bin/sh
# A target that answers OK and keeps nothing: what mbx-copy calls copied is
# there.
. "$(dirname "$0")/lib.sh"
. t/servers/imap4d.sh
. t/servers/scripted.sh

printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
for dir in . .Box; do
	mkdir -p "$T/old/$dir/cur" "$T/old/$dir/new" "$T/old/$dir/tmp"
	for n in 1 2 3 4 5; do
		printf 'From: a@b\nSubject: %s\n\nx\n' $n >"$T/old/$dir/cur/$n.x.y:2,S"
	done
done
# run NAME URL [option...]
run() {
	run_name=$1 run_url=$2
	shift 2
	mbx-copy -l "$T/$run_name" --source "maildir:$T/old" --target "$run_url" \
		--target-secret "file:$T/pw" --messages "$T/messages" "$@"
}
there() { # PORT USER FOLDER
	python3 t/oracle.py dump "imap:127.0.0.1:$1:$2:PASSWORD-OF-anna" |
		cut -f 1,2 | grep -c "^$3	."
}
lost() { column code <"$T/messages" | grep -c '^VANISHED$'; }

# GNU imap4d keeps one of all that are appended to an empty mailbox selected.
imap4d_start gnu anna || exit 1
gnu="imap://anna%40here@127.0.0.1:$gnu_port;tls=none;auth=LOGIN"
for turn in first second; do
	check_rc 0 "imap4d: the $turn run" run gnu "$gnu" -p imap4d
	check_same "imap4d: INBOX after the $turn" 5 \
		"$(there "$gnu_port" anna@here INBOX)"
	check_same "imap4d: the other folder after the $turn" 5 \
		"$(there "$gnu_port" anna@here Box)"
done
check_same 'imap4d: the second copied nothing' 0 "$(column copied <"$T/out")"

# One whose third answer is a lie; with uids, without, and without for this one.
for kind in told none some; do
	third='at=APPEND#3 say %t OK done\r\n' strip='at=NOOP before '
	[ $kind != told ] || third='at=APPEND#3 say %t OK [APPENDUID 7 99] done\r\n'
	[ $kind != none ] || strip='at=APPEND edit /\[APPENDUID [0-9 ]*\] //'
	scripted_start "liar_$kind" 'caps=IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN' \
		'box=INBOX 0' 'box=Box 0' "$third" "$strip" || exit 1
	eval "port=\$liar_${kind}_port"
	url="imap://anna@127.0.0.1:$port;tls=none"
	check_rc 0 "$kind: what is not there is sent again" run $kind "$url"
	check_has "$kind: and that is said" "$T/err" 'acknowledged [0-9] are not there'
	all=$(($(there "$port" anna INBOX) + $(there "$port" anna Box)))
	check_same "$kind: all are there, once" 10 $all
	check_same "$kind: copied, or found there" 10 \
		"$(($(column copied <"$T/out") + $(column same <"$T/out")))"
	check_rc 0 "$kind: the next run" run $kind "$url"
	check_same "$kind: has nothing to do" 0,10 \
		"$(column copied <"$T/out"),$(column same <"$T/out")"
done

# One that never keeps anything.
scripted_start never 'caps=IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN' 'box=INBOX 0' \
	'box=Box 0' 'at=APPEND say %t OK done\r\n' || exit 1
url="imap://anna@127.0.0.1:$never_port;tls=none"
check_rc 1 'a server that keeps nothing is no success' run never "$url"
check_same 'each folder has a row' 2 "$(lost)"
check_same 'nothing is called copied' 0 "$(column copied <"$T/out")"
scripted_rules never
check_rc 0 'the next run looks and tries again' run never "$url"
check_same 'all are there, once' 10 \
	"$(($(there "$never_port" anna INBOX) + $(there "$never_port" anna Box)))"
done_testing
