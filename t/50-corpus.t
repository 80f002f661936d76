#!/bin/sh
# Every message of the corpus through every route.  What a store does to it is
# the table in t/corpus.py; whatever differs from that is a failure.
. "$(dirname "$0")/lib.sh"
[ -n "${CORPUS:-}" ] || skip_all 'CORPUS=DIR names the corpus'
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh

users='md mm mx dd dm dx xd xm xx cy im'
dovecot_start old users="$users" || exit 1
dovecot_start new users="$users" || exit 1
cyrus_start cyrus anna || exit 1
imap4d_start gnu anna || exit 1

for user in $users; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
done
printf 'PASSWORD-OF-anna\n' >"$T/anna.pw"
chmod 600 "$T"/*.pw

# The corpus as a Maildir, as an mbox, and as the Maildir behind old's user
# dovecot.
python3 t/corpus.py make "$CORPUS" maildir "$T/maildir"
python3 t/corpus.py make "$CORPUS" mbox "$T/mbox"
rm -rf "$old_dir/mail/dd"
cp -a "$T/maildir" "$old_dir/mail/dd"
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail/dd"

old="imap://dd@127.0.0.1:$old_port;tls=none"

# route SOURCE-KIND SOURCE-URL SECRET TARGET-KIND TARGET-URL SECRET DUMP-SPEC
route() {
	name=$1-$4
	mbx-copy --ledger "$T/ledger" --source "$2" ${3:+--source-secret "file:$3"} \
		--target "$5" ${6:+--target-secret "file:$6"} \
		--messages "$T/$name.messages" >"$T/$name.result" 2>"$T/$name.err"
	rc=$?
	python3 t/oracle.py dump "$7" >"$T/$name.dump"
	awk -F'\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} $c["status"] == "refused" && $c["uid"] != "" { print $c["digest"] }' \
		"$T/$name.messages" >"$T/$name.refused"
	if python3 t/corpus.py judge "$CORPUS" "$1" "$4" "$T/$name.dump" \
		"$T/$name.refused" >"$T/$name.judge"
	then
		pass "$1 to $4: $(tail -n 1 "$T/$name.judge")"
	else
		fail "$1 to $4: every file is accounted for" \
			"exit $rc" "$(cat "$T/$name.err")" "$(cat "$T/$name.judge")"
	fi
	if [ -s "$T/$name.refused" ]; then
		check_same "$1 to $4: a refusal is exit 1" 1 "$rc"
	else
		check_same "$1 to $4: exit 0" 0 "$rc"
	fi
	# Again: nothing is copied twice.
	mbx-copy --ledger "$T/ledger" --source "$2" ${3:+--source-secret "file:$3"} \
		--target "$5" ${6:+--target-secret "file:$6"} \
		>"$T/$name.again" 2>/dev/null
	check_same "$1 to $4: a second run copies nothing" 0 \
		"$(column copied <"$T/$name.again")"
}
at() { echo "imap://$2@127.0.0.1:$1;tls=none"; }
spec() { echo "imap:127.0.0.1:$1:$2:PASSWORD-OF-${2%@here}"; }

route maildir "maildir:$T/maildir" '' maildir "maildir:$T/mm" '' "maildir:$T/mm"
route maildir "maildir:$T/maildir" '' mbox "mbox:$T/mx" '' "mbox:$T/mx"
route maildir "maildir:$T/maildir" '' dovecot "$(at "$new_port" md)" \
	"$T/md.pw" "$(spec "$new_port" md)"
route mbox "mbox:$T/mbox" '' maildir "maildir:$T/xm" '' "maildir:$T/xm"
route mbox "mbox:$T/mbox" '' mbox "mbox:$T/xx" '' "mbox:$T/xx"
route mbox "mbox:$T/mbox" '' dovecot "$(at "$new_port" xd)" "$T/xd.pw" \
	"$(spec "$new_port" xd)"
route dovecot "$old" "$T/dd.pw" maildir "maildir:$T/dm" '' "maildir:$T/dm"
route dovecot "$old" "$T/dd.pw" mbox "mbox:$T/dx" '' "mbox:$T/dx"
route dovecot "$old" "$T/dd.pw" dovecot "$(at "$new_port" dd)" "$T/dd.pw" \
	"$(spec "$new_port" dd)"
route dovecot "$old" "$T/dd.pw" cyrus "$(at "$cyrus_port" anna)" "$T/anna.pw" \
	"$(spec "$cyrus_port" anna)"
route dovecot+cyrus "$(at "$cyrus_port" anna)" "$T/anna.pw" dovecot \
	"$(at "$new_port" cy)" "$T/cy.pw" "$(spec "$new_port" cy)"
route dovecot "$old" "$T/dd.pw" imap4d "$(at "$gnu_port" anna%40here);auth=LOGIN" \
	"$T/anna.pw" "$(spec "$gnu_port" anna@here)"
done_testing
