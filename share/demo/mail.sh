# mail.sh: makes a small mailbox of nasty mail in a Maildir with nested
# folders (LAYOUT=fs, names as Dovecot's listescape writes them).
# shellcheck shell=sh
#
# make_mail DIR SIZE_MB: INBOX and some folders under DIR, one attachment of
# about SIZE_MB megabytes.

# put FOLDER-PATH NAME FLAGS DATE < message: one message file.
put() {
	mkdir -p "$1/cur" "$1/new" "$1/tmp"
	cat >"$1/cur/$2:2,$3" && touch -d "$4" "$1/cur/$2:2,$3"
}

# head_of SUBJECT: the usual header of a message, its Message-ID from a count.
head_of() {
	count=$((count + 1))
	printf 'From: Anna <anna@old.example>\nTo: bert@old.example\n'
	printf 'Subject: %s\nMessage-ID: <%s@old.example>\n' "$1" "$count"
	printf 'Date: Mon, 02 Nov 2026 10:00:00 +0100\n'
}

make_mail() {
	dir=$1 megabytes=$2 count=0
	work=$dir/Projekte box=$dir
	yesterday=$(date -u -d yesterday '+%Y-%m-%d 12:00:00 UTC')

	{ head_of 'first of all'; printf '\nhello\n'; } |
		put "$box" 1000000001.1.demo S '1970-01-02 00:00:00 UTC'
	{ head_of 'unread, yesterday'; printf '\nnew\n'; } |
		put "$box" 1000000002.2.demo '' "$yesterday"
	{ head_of "$(printf 'Gr\374\337e, Latin-1 in the header')"; printf '\nx\n'; } |
		put "$box" 1000000003.3.demo FS '2004-02-29 23:59:59 UTC'
	{ head_of 'NUL in the body'; printf '\nbefore\0after\n'; } |
		put "$box" 1000000004.4.demo S '2010-05-05 05:05:05 UTC'
	{ head_of 'bare LF among CRLF' | sed 's/$/\r/'
		printf '\r\none\r\ntwo\nthree\r\n'; } |
		put "$box" 1000000005.5.demo S '2011-01-01 00:00:00 UTC'
	printf 'From: cron@old.example\nSubject: no Message-ID\n\nnone\n' |
		put "$box" 1000000006.6.demo RS '2012-12-12 12:12:12 UTC'
	printf '\nno header at all\n' |
		put "$box" 1000000007.7.demo S '2013-03-13 13:13:13 UTC'
	{ head_of 'no line end at the end'; printf '\nlast'; } |
		put "$box" 1000000008.8.demo S '2014-04-14 14:14:14 UTC'
	for twin in 1 2; do
		printf 'From: a@b.example\nMessage-ID: <twin@b>\n\nthe same twice\n' |
			put "$box" "1000000009.9$twin.demo" S '2015-05-15 15:15:15 UTC'
	done

	{ head_of 'work: important'; printf '\ndone by Friday\n'; } |
		put "$work" 1000000010.10.demo Sab '2016-06-16 16:16:16 UTC'
	# shellcheck disable=SC2016 # a keyword
	printf '0 $Label1\n1 Wichtig\n' >"$work/dovecot-keywords"
	{ head_of 'dots in a name'; printf '\nv\n'; } |
		put "$work/v1.2 &- mehr" 1000000011.11.demo DS '2017-07-17 17:17:17 UTC'
	{ head_of 'a slash in a name'; printf '\ninvoice\n'; } |
		put "$dir/Rechnungen 2024\\2f25" 1000000012.12.demo S \
			'2018-08-18 18:18:18 UTC'
	{ head_of 'umlauts in a name'; printf '\nentwurf\n'; } |
		put "$dir/Entw&APw-rfe" 1000000013.13.demo DS '2019-09-19 19:19:19 UTC'
	{
		head_of 'holiday pictures'
		printf 'MIME-Version: 1.0\nContent-Type: application/octet-stream;'
		printf ' name="pictures.zip"\nContent-Transfer-Encoding: base64\n\n'
		head -c $((megabytes * 740000)) /dev/urandom | base64 -w 76
	} | put "$dir/Gesendet" 1000000014.14.demo S '2020-10-20 20:20:20 UTC'
	mkdir -p "$dir/Leer/cur" "$dir/Leer/new" "$dir/Leer/tmp" \
		"$dir/cur" "$dir/new" "$dir/tmp"
	printf 'V\t2\n\nProjekte\nGesendet\n' >"$dir/subscriptions"
}
