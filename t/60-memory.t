#!/bin/sh
# A worker's peak memory: at most 8 MiB and 56 octets a message of the folder
# in hand, with a message of 200 MB and with a folder of a million.
. "$(dirname "$0")/lib.sh"
. t/servers/scripted.sh
[ "$SAN" = 0 ] || skip_all 'sanitizers have memory of their own'

many=1000000
[ "$SHORT" = 0 ] || many=100000
lot=$((many / 5)) some=2000
scripted_start s 'box=INBOX 3' 'box=large 2 big=2:200000000' "box=many $many" \
	"box=lot $lot size=200" "box=some $some"
scripted_start target 'box=INBOX 0'
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
url="imap://anna@127.0.0.1:$s_port;tls=none"

# within MESSAGES 'sentence' COMMAND...: it ends in 0, its worker in bounds.
within() {
	messages=$1 sentence=$2
	shift 2
	start=$(date +%s)
	python3 t/peak.py "$T/peak" "$@" >"$T/out" 2>"$T/err"
	rc=$?
	read -r worker tool <"$T/peak"
	bound=$((8192 + messages * 56 / 1024))
	echo "# $sentence: worker $worker KiB of $bound, tool $tool KiB," \
		"$(($(date +%s) - start)) s"
	if [ $rc -ne 0 ]; then
		fail "$sentence" "exit $rc" "$(cat "$T/err")"
	elif [ "$worker" -gt $bound ] || [ "$worker" -eq 0 ]; then
		fail "$sentence: a worker in bounds" "$worker KiB, not $bound"
	else pass "$sentence"; fi
}
# rows FOLDER [COLUMN VALUE]...
rows() {
	printf 'source\tsource_secret\tfolder\n%s\tfile:%s\t%s\n' "$url" "$T/pw" \
		"$1" >"$T/rows"
}

rows large
within 2 'inventory, a message of 200 MB' \
	mbx-inventory --depth messages "$T/rows"
check_same 'and its digest' 2 "$(column digest <"$T/out" | grep -c .)"
rows many
within $many "inventory, $many messages, no bodies" \
	mbx-inventory --depth messages --digest none "$T/rows"
check_same 'all of them are there' $many "$(column uid <"$T/out" | grep -c .)"
within $many "inventory, $many messages" \
	mbx-inventory --depth messages "$T/rows"
check_same 'each with its digest' $many \
	"$(column digest <"$T/out" | grep -c .)"

# copies FOLDER MESSAGES 'sentence' SOURCE SECRET TARGET SECRET
copies() {
	folder=$1 messages=$2 sentence=$3
	shift 3
	printf 'source\tsource_secret\ttarget\ttarget_secret\tfolder\n%s\t%s\t%s\t%s\t%s\n' \
		"$@" "$folder" >"$T/rows"
	within "$messages" "$sentence" mbx-copy --ledger "$T/ledger" "$T/rows"
	check_same "$sentence: all of them" "$messages" \
		"$(column copied <"$T/out")"
	within "$messages" "$sentence, verified" mbx-verify "$T/rows"
}
to="imap://anna@127.0.0.1:$target_port;tls=none"
both() { # FOLDER MESSAGES
	copies "$1" "$2" "copy of $1, IMAP to Maildir" "$url" "file:$T/pw" \
		"maildir:$T/mail" ''
	copies "$1" "$2" "copy of $1, Maildir to IMAP" "maildir:$T/mail" '' \
		"$to" "file:$T/pw"
}
both large 2
both some $some
copies lot $lot "copy of $lot, IMAP to IMAP" "$url" "file:$T/pw" "$to" \
	"file:$T/pw"
within $lot 'once more, nothing to do' mbx-copy --ledger "$T/ledger" "$T/rows"
check_same 'nothing is copied twice' 0 "$(column copied <"$T/out")"
done_testing
