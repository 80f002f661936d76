#!/bin/sh
# mbx-plan --import and --export: lists of other tools, judged by
# t/exchange.py, by a shell that reads them as imapsync's script does, and by
# mbsync itself.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. share/demo/mail.sh
judge() { python3 "$TOP/t/exchange.py" "$@"; }
old='imaps://{account}@old.example' new='imaps://{account}@new.example:1993'

# ---- lists in ----

seeds=4
[ "$SHORT" = 1 ] && seeds=2
for format in imapsync m365 imapcopy kerio synology doveadm; do
	for seed in $(seq $seeds); do
		list=$T/$format.$seed
		judge make $format "$seed" "$list"
		(cd "$T" && mbx-plan --import $format --secrets "$format.$seed.s" \
			--source-template "$old" -t "$new" "$list") \
			>"$list.rows" 2>"$list.err" || echo "exit $?"
		(cd "$T" && judge rows "$list.json" "$list.rows" &&
			judge leaks "$list.json" "$list.rows" "$list.err")
	done >"$T/wrong" 2>&1
	check_same "$format: $seeds lists say what they said" '' \
		"$(cat "$T/wrong")"
done
# Once more over the same files, then with another password.
cd "$T" || exit 1
mbx-plan --import imapsync --secrets imapsync.1.s imapsync.1 2>"$T/err" \
	>again.rows
check 'a list may be read again' judge same imapsync.1.rows again.rows
printf 'h;u;one;h;v;two\n' >first
mbx-plan --import imapsync --secrets s <first >rows 2>"$T/err"
sed 's/;one;/;other;/' first | mbx-plan --import imapsync --secrets s \
	>rows 2>"$T/err"
check_same 'a password that changed' other "$(cat s/u@h:993)"
check_same 'and nothing else is there' 'u@h:993 v@h:993' \
	"$(find s -type f -printf '%f\n' | sort | xargs)"

# ---- there and back ----

for seed in $(seq $seeds); do
	mbx-plan --export imapsync "imapsync.$seed.rows" >list 2>"$T/err" ||
		echo "exit $?"
	mbx-plan --import imapsync list >back 2>"$T/err" || echo "exit $?"
	judge same "imapsync.$seed.rows" back
	judge leaks "imapsync.$seed.json" list
done >"$T/wrong" 2>&1
check_same "imapsync: $seeds lists there and back, without a password" '' \
	"$(cat "$T/wrong")"
printf '%s\n' 'account	source	source_secret	target	target_secret' \
	'a	imaps://a%3B%5C%22@h	file:s/a	imap://b@g:144	' >rows
mbx-plan --export imapsync rows >list 2>"$T/err"
# The loop that imapsync comes with.
# shellcheck disable=SC2162
check_same 'its own script reads it' \
	'h/a;\"//g/b//--ssl1 --passfile1 s/a --tls2 --port2 144' "$(
	while IFS=';' read h1 u1 p1 h2 u2 p2 extra fake; do
		echo "$h1/$u1/$p1/$h2/$u2/$p2/$extra$fake"
	done <list)"

# ---- what is wrong ----

printf '%s\n' 'h;u;secret1;h;u;secret1' 'h;u;secret2;h;u2;p' 'h;u' 'h@;u;;h;v;' \
	'h;u;;h;v;;--password1' 'h;u;;h;v;;--proxypass=secret3' 'h;;;h;v;' >bad
check_rc 65 'lines that are wrong' mbx-plan --import imapsync --secrets s3 bad
check_has 'another password' "$T/err" '^mbx-plan: bad:2: secrets: u@h:993 has'
check_has 'too few fields' "$T/err" '^mbx-plan: bad:3: import: 2 fields'
check_has 'no host' "$T/err" '^mbx-plan: bad:4: host: '
check_has 'an option without a value' "$T/err" ':5: options: --password1 has'
check_has 'a secret among the options' "$T/err" ':6: options: --proxypass: '
check_has 'no user' "$T/err" ':7: source: no user'
check_hasnt 'secrets are in no message' "$T/err" secret[123]
check_same 'the others are there' u "$(column account <"$T/out")"
check_rc 65 'passwords want --secrets' mbx-plan --import imapsync first
check_rc 64 'a format that is not known' mbx-plan --import outlook first
check_rc 64 'a list without servers' mbx-plan --import kerio first
check_has 'wants a template' "$T/err" 'source-template'
mkdir open && chmod 777 open
check_rc 78 'secrets that all may write' \
	mbx-plan --import imapsync --secrets open first
printf 'EmailAddress,UserName,Password,Password2\na,b,c,d\n' >m365
check_rc 65 'a column that may be a password' mbx-plan --import m365 \
	--source-template "$old" --secrets s m365
printf 'EmailAddress,UserName\na,b\n' >m365
check_rc 65 'a column that is missing' mbx-plan --import m365 \
	--source-template "$old" --secrets s m365
printf 'emailaddress,username,password,ticket\na@n,b,c,T-1\n' >m365
check_rc 0 'other columns pass' mbx-plan --import m365 \
	--source-template "$old" --secrets s m365
check_same 'as they are' T-1 "$(column ticket <"$T/out")"
check_rc 65 'Copy before the servers' sh -c \
	'echo Copy a b c d | mbx-plan --import imapcopy --secrets s'
cat >rows <<-'ROWS'
	source	target	source_secret	folder	except
	maildir:a	imaps://b@h			
	imaps://a@h;pin=x	imaps://b@h			
	imaps://a@h	imaps://b@h	cmd:pass x		
	imaps://a@h	imaps://b@h	file:a b		
	imaps://a@h	imaps://c@h	fd:3	A%2FB	A*B
ROWS
check_rc 1 'imapsync cannot say everything' mbx-plan --export imapsync rows
check_same 'nothing is written' '' "$(cat "$T/out")"
check_same 'each is named' '2 3 4 5 6' \
	"$(sed -n 's/^mbx-plan: rows:\([0-9]\):.*/\1/p' "$T/err" | xargs)"
check_rc 1 'nor mbsync' mbx-plan --export mbsync rows
check_same 'it has cmd: and blanks' '3 6' \
	"$(sed -n 's/^mbx-plan: rows:\([0-9]\):.*/\1/p' "$T/err" | xargs)"
cd "$TOP" || exit 1

# ---- for real: a list's passwords log in, and mbsync copies ----

dovecot_start box users='anna bert' sep=/ special=yes || exit 1
make_mail "$T/make" 1
for user in anna bert; do
	mkdir -p "$box_dir/mail/$user/cur"
	cp "$T"/make/cur/* "$box_dir/mail/$user/cur"
	for folder in 'Sent Items' "Rest's \"x\"" Cut; do
		mkdir -p "$box_dir/mail/$user/.$folder/cur"
		cp "$T"/make/cur/100000000[1-4]* "$box_dir/mail/$user/.$folder/cur"
	done
	printf 'localhost;%s;PASSWORD-OF-%s;localhost;x;;--ssl1 --port1 %s\n' \
		$user $user "$box_imaps"
done >"$T/list"
[ "$(id -u)" -ne 0 ] || chown -R nobody "$box_dir/mail"
cd "$T" || exit 1
mbx-plan --import imapsync --secrets pw "$T/list" 2>"$T/err" |
	awk -F'\t' -v OFS='\t' -v ca="$box_ca" 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
	} NR > 1 {
		$c["source"] = $c["source"] ";ca=" ca
		$c["target"] = "maildir:copy/" $c["account"]
		$c["target_secret"] = ""
	} { print }' >"$T/accounts"
check_rc 0 'the passwords of a list log in' mbx-inventory "$T/accounts"
mbx-plan "$T/out" 2>"$T/err" | awk -F'\t' -v OFS='\t' 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
	} NR > 1 && $c["account"] == "anna" { # one apart, one left behind
		$c["except"] = "Cut,Sent Items"
		print
		$c["except"] = ""
		$c["folder"] = "Cut"
		$c["dst_folder"] = "Was Cut"
	} { print }' >"$T/jobs"
mkdir -p copy/anna copy/bert
check_rc 0 'channels for mbsync' mbx-plan --export mbsync "$T/jobs"
mv "$T/out" "$T/mbsyncrc"
check_hasnt 'no password in them' "$T/mbsyncrc" PASSWORD
check_rc 0 'mbsync takes them' env HOME="$T" mbsync -q -a -c "$T/mbsyncrc"
# mbsync puts a line of its own into what it copies.
find copy -path '*/[cn][ue][rw]/*' -type f -exec \
	env LC_ALL=C sed -i '/^X-TUID: /d' {} +
dump() { python3 "$TOP/t/oracle.py" dump "$1" | cut -f 1,2 | LC_ALL=C sort; }
dump "imap:127.0.0.1:$box_port:bert:PASSWORD-OF-bert" >"$T/want"
dump "maildir:copy/bert" >"$T/got"
check_files 'and copies an account' "$T/want" "$T/got"
dump "imap:127.0.0.1:$box_port:anna:PASSWORD-OF-anna" | grep -v '^Sent Items' |
	sed 's/^Cut	/Was Cut	/' | LC_ALL=C sort >"$T/want"
dump "maildir:copy/anna" >"$T/got"
check_files 'but for what the jobs leave out or rename' "$T/want" "$T/got"
check 'there is mail' [ "$(wc -l <"$T/got")" -gt 10 ]
done_testing
