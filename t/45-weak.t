#!/bin/sh
# --recognise L3: what another tool brought is known by a few fields of its
# header and its size, as far as they tell one message from another.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

# What memory holds before it is written shows here without sanitizers, too.
MALLOC_PERTURB_=1
export MALLOC_PERTURB_

dovecot_start old sep=/ || exit 1
dovecot_start new sep=/ || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"

at() { # PORT: Python on stdin, with `box` logged in
	{
		cat <<-PY
			import imaplib
			box = imaplib.IMAP4("127.0.0.1", $1)
			box.login("anna", "PASSWORD-OF-anna")
			def put(n, body, flags=""):
			    box.append("INBOX", flags, imaplib.Time2Internaldate(1e9 + n),
			        b"From: a <A@x>\r\nDate: 1 Jan 2020 00:00:%02d +0000\r\n"
			        b"Message-ID: <%d@x>\r\n\r\n%s\r\n" % (n % 60, n, body))
		PY
		cat
	} | python3 -
}
run() {
	mbx-copy -vv --source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/pw" --target-secret "file:$T/pw" "$@"
}
sums() { for name in "$@"; do column "$name" <"$T/out"; done | paste -sd,; }
said() { grep -c -- "$1" "$T/err" || :; }
dump() { # PORT
	python3 t/oracle.py dump "imap:127.0.0.1:$1:anna:PASSWORD-OF-anna" |
		LC_ALL=C sort
}

# 1 to 20; two with one Message-ID; one that is as another in fields and size.
at "$old_port" <<'PY'
for n in range(1, 21):
    put(n, b"x" * n, "(\\Seen)" if n % 2 else "")
put(30, b"first")
put(30, b"other")
put(40, b"here")
PY
at "$new_port" <<'PY'
for n in range(1, 21):
    put(n, b"x" * n)
put(30, b"first")
put(30, b"other")
put(40, b"altr")
PY
check_rc 0 'a dry run' run -l "$T/dry" -n
check_same 'shows what metadata shows' planned,2,21 \
	"$(sums status copied same)"
check_same 'and reads no body' 0 "$(said 'BODY.PEEK\[\]')"
check_rc 0 '--recognise L3' run -l "$T/weak" --recognise L3
check_same 'all is there' same,0,23 "$(sums status copied same)"
check_same 'but for the two of one Message-ID no body is read' 2 \
	"$(said '> .*BODY.PEEK\[\]')"
check_same '- of them' 4 "$(said '< .*BODY\[\] ')"
dump "$old_port" | cut -f 1,3- | grep -v first >"$T/a"
dump "$new_port" | cut -f 1,3- | grep -v first >"$T/b"
check_same 'as many messages, flags followed' "$(grep -c Seen "$T/a")" \
	"$(grep -c Seen "$T/b")"
check_rc 0 'the octets decide without it' run -l "$T/ledger"
check_same 'and one of them differs' copied,1,22 "$(sums status copied same)"
done_testing
