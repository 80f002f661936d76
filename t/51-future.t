#!/bin/sh
# Mail from the future: Dovecot takes the time of its arrival instead, which
# mbx-copy says and mbx-verify finds.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

dovecot_start new || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/anna.pw"
chmod 600 "$T/anna.pw"
mkdir -p "$T/maildir/cur" "$T/maildir/new" "$T/maildir/tmp"
mail() { # NAME TIME
	printf 'Subject: %s\r\n\r\nx\r\n' "$1" >"$T/maildir/cur/$1:2,S"
	touch -d "$2" "$T/maildir/cur/$1:2,S"
}
mail 1.past '2001-09-09T01:46:40Z'
mail 2.future '2055-05-05T05:05:05Z'
tool() {
	cmd=$1
	shift
	"$cmd" -p dovecot --source "maildir:$T/maildir" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--target-secret "file:$T/anna.pw" "$@"
}
check_rc 1 'the copy ends in 1: one date is not kept' \
	tool mbx-copy -l "$T/ledger" --messages "$T/messages"
check_same 'both messages are there, and the row says that they differ' \
	differs,2,0 "$(for c in status copied failed
	do column $c <"$T/out"; done | paste -sd,)"
check_same 'the row of the message: code DATE' DATE,2.future \
	"$(for c in code uid; do column $c <"$T/messages"; done | paste -sd,)"
python3 t/oracle.py dump "imap:127.0.0.1:$new_port:anna:PASSWORD-OF-anna" |
	cut -f 4 | cut -c 1-4 | LC_ALL=C sort >"$T/years"
date -u '+2001 %Y' | tr ' ' '\n' >"$T/want"
check_files 'the target has the one date, and now for the other' \
	"$T/want" "$T/years"
check_rc 0 'a second run has nothing to do' \
	tool mbx-copy -l "$T/ledger"
check_rc 1 'mbx-verify says no' tool mbx-verify
check_same 'of this message, by its date, and of nothing else' \
	'date differs DATE 2055-05-05T05:05:05Z' "$(awk -F'\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} $c["uid"] != "" { print $c["check"], $c["status"], $c["code"],
		$c["expected"] }' "$T/out")"
done_testing
