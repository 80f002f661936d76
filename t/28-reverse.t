#!/bin/sh
# The way back: what has come to the target since the cutover is carried back
# with its folder and flags, and nothing bounces, whoever is killed meanwhile.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

dovecot_start old users='anna bert' sep=\\ plugins=listescape \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" || exit 1
dovecot_start new users='anna bert' sep=. prefix=INBOX. || exit 1
for user in anna bert; do
	printf 'PASSWORD-OF-%s\n' $user >"$T/$user.pw"
	chmod 600 "$T/$user.pw"
done
printf 'match\treplace\nLists/old\tArchive/lists\n' >"$T/rules"

at() { # PORT USER: Python on stdin, with `box` logged in
	{
		cat <<-PY
			import imaplib
			box = imaplib.IMAP4("127.0.0.1", $1)
			box.login("$2", "PASSWORD-OF-$2")
			def put(folder, n, flags=""):
			    box.append('"%s"' % folder, flags,
			               imaplib.Time2Internaldate(1e9 + n),
			               b"Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\n%s\r\n"
			               % (n, n, b"x" * (n % 97)))
		PY
		cat
	} | python3 -
}
run() { # USER [OPTIONS...]
	user=$1
	shift
	mbx-copy -l "$T/ledger" -r "$T/rules" \
		--source "imap://$user@127.0.0.1:$old_port;tls=none" \
		--target "imap://$user@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/$user.pw" \
		--target-secret "file:$T/$user.pw" "$@"
}
result() { column "$1" <"$T/out"; }
sums() { for name in "$@"; do result "$name"; done | paste -sd,; }
dump() { # PORT USER, with both sides' names alike
	python3 t/oracle.py dump "imap:127.0.0.1:$1:$2:PASSWORD-OF-$2" |
		sed 's|^INBOX/||; s|^Lists/old|Archive/lists|' | LC_ALL=C sort
}
alike() { # SENTENCE
	dump "$old_port" anna >"$T/a"
	dump "$new_port" anna >"$T/b"
	check_files "$1" "$T/a" "$T/b"
}

for user in anna bert; do
	at "$old_port" $user <<-'PY'
		box.create('"Lists\\\\old"')
		box.create("Work")
		for n in range(20):
		    put("INBOX", n, "(\\Seen)" if n % 3 else "")
		for n in range(30, 40):
		    put("Lists\\\\old", n)
		put("Work", 50)
	PY
done
check_rc 0 'a first run' run anna
check_rc 78 'no way back without a mark' run anna --reverse
check_has 'which says so' "$T/err" 'no mark'
check_rc 64 'reverse takes nothing out' run anna --reverse --delete
check_rc 0 'the cutover' run anna --mark
dump "$old_port" anna >"$T/first"
check_rc 0 'back, and nothing has come' run anna --reverse
check_same 'nothing is copied' same,0,0 "$(sums status messages copied)"
dump "$old_port" anna >"$T/a"
check_files 'nor changed' "$T/first" "$T/a"

# ---- mail comes to the new server ----

at "$new_port" anna <<'PY'
for n in range(100, 110):
    put("INBOX", n, "(\\Flagged New)" if n % 2 else "")
put("INBOX.Archive.lists", 120, "(\\Seen)")
box.create("INBOX.Fresh")
put("INBOX.Fresh", 130)
put("INBOX.Fresh", 130)
PY
check_rc 0 'a dry run' run anna --reverse -n
check_same 'shows them' planned,13,13 "$(sums status messages copied)"
check_rc 0 'back' run anna --reverse
check_same 'what has come since' copied,13,13 "$(sums status messages copied)"
alike 'both sides are alike, the twins too'
check_rc 0 'back again' run anna --reverse
check_same 'nothing twice' same,0 "$(sums status copied)"
check_rc 0 'forward' run anna
check_same 'nothing bounces' same,0 "$(sums status copied)"
alike 'both sides are alike'

# Old mail that goes on arriving at the old server, both ways once more.
at "$old_port" anna <<'PY'
put("INBOX", 200)
put("Work", 201)
PY
check_rc 0 'forward, the old server had mail still' run anna
check_same 'it is carried over' 2 "$(result copied)"
check_rc 0 'back' run anna --reverse
check_same 'and not carried back' 0 "$(result copied)"
alike 'both sides are alike'

# What came back is at the source: --delete must not take its copy out.
at "$new_port" anna <<'PY'
box.select("INBOX")
box.copy("1", "INBOX")
PY
check_rc 0 'back, a message that the new server has twice' run anna --reverse
at "$old_port" anna <<'PY'
put("INBOX", 210)
PY
dump "$new_port" anna >"$T/b"
check_rc 0 'forward with --delete' run anna --delete
check_same 'nothing is gone' 0 "$(result gone)"
dump "$new_port" anna >"$T/c"
check_same 'nor taken out' '' "$(LC_ALL=C comm -23 "$T/b" "$T/c")"

# ---- killed ----

check_rc 0 'another account' run bert --mark
at "$new_port" bert <<'PY'
for n in range(300, 360):
    put("INBOX", n)
PY
for n in 3 7 11 15 19; do
	at "$new_port" bert <<-PY
		put("INBOX", $n * 1000)
	PY
	strace -f -qq -o "$T/trace" -e trace=pwrite64,sendto \
		-e "inject=pwrite64,sendto:signal=KILL:when=$n" \
		"$(command -v mbx-copy)" -q -l "$T/ledger" -r "$T/rules" --reverse \
		--source "imap://bert@127.0.0.1:$old_port;tls=none" \
		--target "imap://bert@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/bert.pw" \
		--target-secret "file:$T/bert.pw" >/dev/null 2>&1
	check "killed at $n" grep -q 'killed by SIGKILL' "$T/trace"
	check_rc 0 'then forward' run bert
	check_same 'nothing bounces' 0 "$(result copied)"
	check_rc 0 'then back' run bert --reverse
done
dump "$old_port" bert >"$T/a"
dump "$new_port" bert >"$T/b"
check_files 'both sides are alike' "$T/a" "$T/b"
done_testing
