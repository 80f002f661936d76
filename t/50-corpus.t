#!/bin/sh
# Every message of the corpus through every route.  What a store does to it is
# the table in t/corpus.py; whatever differs from that is a failure.
# Thousands of files that are made safe one by one: in memory, where there is.
if [ -z "${TMPDIR:-}" ] && [ -w /dev/shm ]; then
	export TMPDIR=/dev/shm
fi
. "$(dirname "$0")/lib.sh"
[ -n "${CORPUS:-}" ] || skip_all 'CORPUS=DIR names the corpus'
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh

dovecot_start old users='dd ff' || exit 1
dovecot_start new users='md xd dd cy' || exit 1
cyrus_start cyrus anna || exit 1
imap4d_start gnu anna || exit 1
for user in md xd dd ff cy anna; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
done
chmod 600 "$T"/*.pw

# The corpus as a Maildir, as an mbox, as the Maildir behind old's user dd,
# and in folders behind ff: imap4d is quadratic in a folder.
python3 t/corpus.py make "$CORPUS" maildir "$T/maildir"
python3 t/corpus.py make "$CORPUS" mbox "$T/mbox"
rm -rf "$old_dir/mail/dd" "$old_dir/mail/ff"
cp -a "$T/maildir" "$old_dir/mail/dd"
python3 t/corpus.py make "$CORPUS" folders "$old_dir/mail/ff"
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"

at() { echo "imap://$2@127.0.0.1:$1;tls=none"; }
spec() { echo "imap:127.0.0.1:$1:$2:PASSWORD-OF-${2%@here}"; }
old="$(at "$old_port" dd)"
# What the sources are: files (names, octets, times), and as IMAP tells it.
sources() {
	(cd "$T" && find maildir mbox "$old_dir/mail" -type f \
		! -name 'dovecot*' ! -name maildirfolder \
		-printf '%p %T@ %s\n' -exec sha256sum {} + | LC_ALL=C sort)
	python3 t/oracle.py state "$(spec "$old_port" dd)" \
		"$(spec "$old_port" ff)"
}
sources >"$T/before"

# copy FILE [option...]: one run of a route; rows of messages to FILE.
copy() {
	rows=$1
	shift
	mbx-copy --ledger "$T/ledger" -p "$profile" "$@" --messages "$rows" \
		>"$T/result" 2>"$T/$name.err"
}

# judged SENTENCE FILE COMMAND...: its last line goes into the sentence.
judged() {
	sentence=$1 file=$2
	shift 2
	if python3 t/corpus.py "$@" >"$file"; then
		pass "$sentence: $(tail -n 1 "$file")"
	else
		fail "$sentence" "$(cat "$T/result")" "$(cat "$T/$name.err")" \
			"$(tail -n 1 "$file")" "$(cat "$file")"
	fi
}

# route SOURCE-KIND SOURCE-URL SECRET TARGET-KIND TARGET-URL SECRET STORE
route() {
	name=$1-$4 title="$1 to $4" kind=$1 profile=$4 store=$7
	[ "$1" = folders ] && title="dovecot to $4"
	set -- --source "$2" ${3:+--source-secret "file:$3"} \
		--target "$5" ${6:+--target-secret "file:$6"}
	copy "$T/$name.rows" "$@"
	rc=$?
	# A server that dies of a message takes the run with it: go on.
	for turn in 1 2 3; do
		[ $rc -eq 69 ] || [ $rc -eq 75 ] || break
		copy "$T/again" "$@"
		rc=$?
		cat "$T/again" >>"$T/$name.rows"
	done
	judged "$title" "$T/$name.judge" judge "$CORPUS" "$kind" "$profile" \
		"$store" "$T/$name.rows"
	if tail -n 1 "$T/$name.judge" | grep -q ' 0 refused'; then
		check_same "$title: exit 0" 0 "$rc"
	else
		check_same "$title: a refusal is exit 1" 1 "$rc"
	fi
	copy "$T/again" "$@"
	check_same "$title: a second run copies nothing" 0 \
		"$(column copied <"$T/result")"
	mbx-verify -p "$profile" "$@" >"$T/checks" 2>>"$T/$name.err"
	judged "$title: mbx-verify" "$T/$name.judge" checks "$CORPUS" "$kind" \
		"$profile" "$T/checks"
}

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
route folders "$(at "$old_port" ff)" "$T/ff.pw" imap4d \
	"$(at "$gnu_port" anna%40here);auth=LOGIN" "$T/anna.pw" \
	"$(spec "$gnu_port" anna@here)"
sources >"$T/after"
check_files 'the sources are what they were: files, and all that IMAP tells' \
	"$T/before" "$T/after"
done_testing
