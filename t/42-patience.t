#!/bin/sh
# mbx-copy and the ways in which servers say "not now", "no more" and nothing at
# all, at every step of a copy and on either side: one run does it, each message
# is there once, and nobody is asked more often than is decent.
. "$(dirname "$0")/lib.sh"
. t/servers/scripted.sh

printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
mkdir -p "$T/old/cur" "$T/old/new" "$T/old/tmp"
for n in $(seq 20); do
	printf 'Subject: %s\n\nx\n' "$n" >"$T/old/cur/$n.x:2,S"
done
mkdir -p "$T/old/.Box/cur" "$T/old/.Box/new" "$T/old/.Box/tmp"
printf 'Subject: box\n\nx\n' >"$T/old/.Box/cur/1.x:2,S"
at() { echo "imap://anna@127.0.0.1:$1;tls=none"; }
# copy NAME SOURCE TARGET [option...]: in the background, all of them at once.
jobs=0
copy() {
	name=$1 from=$2 to=$3
	shift 3
	(
		mbx-copy -l "$T/$name.ledger" --source "$from" --target "$to" \
			--source-secret "file:$T/pw" --target-secret "file:$T/pw" \
			--messages "$T/$name.messages" --timeout 2 "$@" \
			>"$T/$name.out" 2>"$T/$name.err"
		echo $? >"$T/$name.rc"
	) &
	jobs=$((jobs + 1))
	printf '%s\t%s\n' "$name" "$!" >>"$T/names"
}
# What a side holds, but for names and dates: the multiset of its messages.
has() { python3 t/oracle.py dump "$1" | cut -f 2 | grep . | LC_ALL=C sort; }

# ---- the target ----

case_n=0
target() { # SENTENCE RULE...
	case_n=$((case_n + 1)) sentence=$1
	shift
	for rule; do
		shift
		set -- "$@" "at=$rule"
	done
	scripted_start "t$case_n" 'box=INBOX 0' "$@"
	eval "port=\$t${case_n}_port"
	printf '%s\n' "$sentence" >"$T/t$case_n.what"
	printf 'imap:127.0.0.1:%s:anna:PASSWORD-OF-anna\n' "$port" >"$T/t$case_n.side"
	copy "t$case_n" "maildir:$T/old" "$(at "$port")"
}
for answer in 'NO [THROTTLED] slow' 'NO [LIMIT] slow' 'NO [INUSE] slow' \
	'NO [UNAVAILABLE] slow' 'BAD Request is throttled' \
	'BAD Suggested Backoff Time: 1000 milliseconds' \
	'NO [ALERT] Too many simultaneous connections'; do
	target "APPEND: $answer" "APPEND#2 say %t $answer\\r\\n"
done
target 'SELECT: THROTTLED' 'SELECT#1 say %t NO [THROTTLED] slow\r\n'
target 'SELECT: UNAVAILABLE' 'SELECT#2 say %t NO [UNAVAILABLE] slow\r\n'
target 'LIST: INUSE' 'LIST#1 say %t NO [INUSE] slow\r\n'
target 'CREATE: LIMIT' 'CREATE#1 say %t NO [LIMIT] slow\r\n'
target 'CREATE: Backoff' \
	'CREATE#1 say %t BAD Suggested Backoff Time: 500 milliseconds\r\n'
target 'BYE at an APPEND' 'APPEND#2 say * BYE Session expired\r\n'
target 'BYE [UNAVAILABLE] at an APPEND' 'APPEND#2 say * BYE [UNAVAILABLE] down\r\n'
target 'a cut at an APPEND' 'APPEND#2 cut 0'
target 'silence at an APPEND' 'APPEND#2 stall 0'
target 'silence at a SELECT' 'SELECT#1 stall 0'

# ---- the source ----

source_() { # SENTENCE RULE...
	case_n=$((case_n + 1)) sentence=$1
	shift
	for rule; do
		shift
		set -- "$@" "at=$rule"
	done
	scripted_start "t$case_n" 'box=INBOX 20' 'box=Box 1 base=500' "$@"
	eval "port=\$t${case_n}_port"
	printf '%s\n' "$sentence" >"$T/t$case_n.what"
	printf 'maildir:%s\n' "$T/t$case_n.new" >"$T/t$case_n.side"
	copy "t$case_n" "$(at "$port")" "maildir:$T/t$case_n.new"
}
for answer in 'NO [THROTTLED] slow' 'NO [LIMIT] slow' 'NO [INUSE] slow' \
	'NO [UNAVAILABLE] slow' 'BAD Suggested Backoff Time: 1000 milliseconds'; do
	source_ "FETCH of bodies: $answer" "BODY#1 say %t $answer\\r\\n"
	source_ "EXAMINE: $answer" "EXAMINE#1 say %t $answer\\r\\n"
done
source_ 'LIST: UNAVAILABLE' 'LIST#1 say %t NO [UNAVAILABLE] slow\r\n'
source_ 'FETCH: THROTTLED' 'FETCH#1 say %t NO [THROTTLED] slow\r\n'
source_ 'BYE in the middle of bodies' 'BODY#1 middle * BYE Session expired\r\n'
source_ 'a cut in the middle of bodies' 'BODY#1 cut 2500'
source_ 'silence in the middle of bodies' 'BODY#1 stall 2500'

# ---- tokens ----

# Each token is good for one log-in; the connection is cut twice.
# shellcheck disable=SC2016
printf 'echo x >>%s/calls\necho TOKEN-$(wc -l <%s/calls)\n' "$T" "$T" >"$T/token"
scripted_start oauth 'box=INBOX 20' 'box=Box 1 base=500' \
	'caps=IMAP4rev1 LITERAL+ SASL-IR UIDPLUS AUTH=XOAUTH2' \
	'at=AUTHENTICATE say %t OK in\r\n' 'at=BODY#1 cut 2500' \
	'at=BODY#2 say * BYE Session expired\r\n'
copy oauth "$(at "$oauth_port");auth=XOAUTH2" "maildir:$T/oauth.new" \
	--source-secret "cmd:sh $T/token"
scripted_start stale 'box=INBOX 20' \
	'caps=IMAP4rev1 LITERAL+ SASL-IR UIDPLUS AUTH=XOAUTH2' \
	'at=AUTHENTICATE#1 say %t OK in\r\n' 'at=BODY#1 cut 2500' \
	'at=AUTHENTICATE#2 say %t NO [AUTHENTICATIONFAILED] expired\r\n' \
	'at=AUTHENTICATE#3 say %t OK in\r\n'
copy stale "$(at "$stale_port");auth=XOAUTH2" "maildir:$T/stale.new"

# ---- refusals ----

# Some are refused whatever comes; cuts and throttling between them.
scripted_start no 'box=INBOX 0' 'at=APPEND say %t NO [CANNOT] not this one\r\n' \
	'at=SELECT#3 say %t NO [THROTTLED] Suggested Backoff Time: 300 milliseconds\r\n'
copy no "maildir:$T/old" "$(at "$no_port")"
scripted_start nocut 'box=INBOX 0' \
	'caps=IMAP4rev1 LITERAL+ SASL-IR UIDPLUS AUTH=PLAIN' \
	'at=APPEND say %t NO [CANNOT] not this one\r\n' 'at=APPEND#9 cut 0' \
	'at=APPEND#30 cut 0'
copy nocut "maildir:$T/old" "$(at "$nocut_port")"
scripted_start quota 'box=INBOX 0' 'caps=IMAP4rev1 LITERAL+ SASL-IR AUTH=PLAIN' \
	'at=APPEND say %t NO [OVERQUOTA] full\r\n'
copy quota "maildir:$T/old" "$(at "$quota_port")"
# A server that never has time: the run comes to an end, and says later.
scripted_start never 'box=INBOX 0' \
	'at=APPEND say %t NO [THROTTLED] Suggested Backoff Time: 100 milliseconds\r\n'
copy never "maildir:$T/old" "$(at "$never_port")"
scripted_start days 'box=INBOX 0' \
	'at=APPEND say %t NO Suggested Backoff Time: 7200000 milliseconds\r\n'
copy days "maildir:$T/old" "$(at "$days_port")"

while read -r name pid; do wait "$pid"; done <"$T/names"

# ---- what became of them ----

has "maildir:$T/old" >"$T/want"
for n in $(seq "$case_n"); do
	what=$(cat "$T/t$n.what")
	check_same "$what: one run is enough" 0 "$(cat "$T/t$n.rc")"
	side=$(cat "$T/t$n.side")
	has "$side" >"$T/got"
	case $side in
	imap*) check_files "$what: all is there, once" "$T/want" "$T/got" ;;
	*) check_same "$what: all is there, once" 21 "$(sort -u <"$T/got" | wc -l)"
		check_same "$what: nothing twice" 21 "$(wc -l <"$T/got")" ;;
	esac
done
check_same 'tokens that expire' 0 "$(cat "$T/oauth.rc")"
check_same 'each connection has one of its own' 'TOKEN-1 TOKEN-2 TOKEN-3' \
	"$(sed -n 's/.*AUTHENTICATE XOAUTH2 \([A-Za-z0-9+/=]*\).*/\1/p' "$T/oauth.said" |
		while read -r word; do
			echo "$word" | base64 -d | tr '\001' '\n' | sed -n 's/.*Bearer //p'
		done | xargs)"
check_same 'all is there' 21 "$(has "maildir:$T/oauth.new" | sort -u | wc -l)"
check_hasnt 'no token is shown' "$T/oauth.err" TOKEN
check_same 'a token that is refused later' 77 "$(cat "$T/stale.rc")"
check_same 'is not tried again' 2 "$(grep -c AUTHENTICATE "$T/stale.said")"
most=2
for name in no nocut; do
	check_same "$name: refused messages are a failure" 1 "$(cat "$T/$name.rc")"
	check_same "$name: a row for each" 21 "$(column uid <"$T/$name.messages" |
		grep -c .)"
	check_same "$name: none was refused more than twice" '' "$(
		for n in $(seq 20); do
			sent=$(grep -o "Subject: $n\\\\r" "$T/$name.said" | wc -l)
			[ "$sent" -ge 1 ] && [ "$sent" -le $most ] || echo "$n: $sent"
		done)"
	most=4 # a cut is no refusal
done
check_same 'over quota' 'failed QUOTA' "$(column status <"$T/quota.out") $(column code <"$T/quota.out")"
check_same 'never any time' '75 deferred THROTTLED' "$(cat "$T/never.rc") $(
	column status <"$T/never.out") $(column code <"$T/never.out")"
check "it was asked some times, not many: $(grep -c 'AUTHENTICATE' "$T/never.said")" \
	[ "$(grep -c 'AUTHENTICATE' "$T/never.said")" -le 10 ]
check_same 'hours are not waited for' '75 deferred' "$(cat "$T/days.rc") $(
	column status <"$T/days.out")"
check_same 'nor asked for again' 1 "$(grep -c 'AUTHENTICATE' "$T/days.said")"
done_testing
