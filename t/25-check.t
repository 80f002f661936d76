#!/bin/sh
# mbx-copy --check: what the first night would stumble over, before it, and
# nothing changed on either side.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/scripted.sh

dovecot_start old users='anna bert' sep=\\ plugins=listescape \
	storage="maildir:$T/old/mail/%u:LAYOUT=fs" || exit 1
dovecot_start new users='anna bert' sep=. prefix=INBOX. plugins='quota acl' \
	quota=900K conf='protocol imap {
imap_capability = +APPENDLIMIT=150000
}' || exit 1
for user in anna bert; do
	printf 'PASSWORD-OF-%s\n' $user >"$T/$user.pw"
done
printf 'WRONG\n' >"$T/wrong.pw"
chmod 600 "$T"/*.pw
at() { # PORT USER: Python on stdin, with `box` logged in
	{
		echo "import imaplib, sys"
		echo "box = imaplib.IMAP4('127.0.0.1', $1)"
		echo "box.login('$2', 'PASSWORD-OF-$2')"
		cat
	} | python3 -
}
# run [USER] [SECRET] OPTIONS...
run() {
	user=$1 secret=$2
	shift 2
	mbx-copy --check --source "imap://$user@127.0.0.1:$old_port;tls=none" \
		--target "imap://$user@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/$secret.pw" \
		--target-secret "file:$T/$user.pw" "$@"
}
said() { # COLUMN CHECK < rows: that column of these
	awk -F'\t' -v column="$1" -v check="$2" 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	} $c["check"] == check { print $c[column] }' "$T/out" | paste -sd,
}
state() {
	for port in $old_port $new_port; do
		python3 t/oracle.py state "imap:127.0.0.1:$port:anna:PASSWORD-OF-anna"
	done
	find "$old_dir/mail" "$new_dir/mail" -type f ! -name 'dovecot*' \
		-printf '%p %T@ %s\n' | LC_ALL=C sort
}

at "$old_port" anna <<'PY'
def put(folder, n, size):
    box.append(folder, "", None, b"Subject: %d\r\n\r\n" % n + b"x" * 70 * (size // 72) )
box.create("Work")
box.create('"Work\\\\Deep"')
for n in range(4):
    put("INBOX", n, 100000)
for n in range(3):
    put("Work", n, 100000)
put('"Work\\\\Deep"', 9, 90000)
PY

# ---- all is well ----

state >"$T/before"
check_rc 0 'all is well' run anna anna
check_same 'a row for each thing looked at' \
	login,login,names,quota,size,create "$(column check <"$T/out" | paste -sd,)"
check_same 'all of them pass' pass,pass,pass,pass,pass,pass \
	"$(column verdict <"$T/out" | paste -sd,)"
check_same 'three folders' 3,3 "$(said expected names),$(said found names)"
check_same 'octets to come, by Python' "$(at "$old_port" anna <<'PY'
total = 0
for name in ("INBOX", "Work", '"Work\\\\Deep"'):
    box.select(name, True)
    for row in box.fetch("1:*", "(RFC822.SIZE)")[1]:
        total += int(row.split()[2].rstrip(b")"))
print(total)
PY
)" "$(said expected quota)"
check_same 'octets that there is room for' 921600 "$(said found quota)"
check_same 'the place and its rights' 1 "$(said found create | grep -c k)"
state >"$T/after"
check_files 'nothing has changed on either side' "$T/before" "$T/after"
check 'no ledger is made' [ ! -e "$T/ledger" ]

# ---- quota ----

at "$old_port" anna <<'PY'
for n in range(4):
    box.append("Work", "", None, b"Subject: more\r\n\r\n" + b"y" * 72000)
PY
check_rc 1 'more than the quota' run anna anna
check_same 'is told' fail,QUOTA "$(said verdict quota),$(said code quota)"
short=$(said hint quota | grep -o '[0-9]*')
check_same 'by as much as it lacks' "$short" \
	"$(($(said expected quota) - $(said found quota)))"
printf 'source\tsource_secret\ttarget\ttarget_secret\tfolder\n' >"$T/folders"
for folder in INBOX Work Work/Deep; do
	printf 'imap://anna@127.0.0.1:%s;tls=none\tfile:%s\timap://anna@127.0.0.1:%s;tls=none\tfile:%s\t%s\n' \
		"$old_port" "$T/anna.pw" "$new_port" "$T/anna.pw" $folder >>"$T/folders"
done
check_rc 1 'the same in a row a folder' mbx-copy --check "$T/folders"
check_same 'one log-in' pass,pass "$(said verdict login)"
check_same 'they fit one by one, not together' pass,fail,fail \
	"$(said verdict quota)"
set_quota() {
	dovecot_stop new
	sed -i "s/quota_rule = .*/quota_rule = *:storage=$1/" "$new_dir/dovecot.conf"
	dovecot_again new
}
set_quota "$(((921600 + short) / 1024 + 1))K"
check_rc 0 'raised by so much' run anna anna
check_same 'it fits' pass "$(said verdict quota)"
copy() {
	mbx-copy -l "$T/ledger" "$@" \
		--source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/anna.pw" --target-secret "file:$T/anna.pw"
}
check_rc 0 'and so it does' copy
check_rc 0 'afterwards' run anna anna
check_same 'the target has it already' warn "$(said verdict quota)"
check_same 'nothing is left to be made' 'pass,' \
	"$(said verdict create),$(said found create)"

# ---- the largest message ----

set_quota 100M
at "$old_port" anna <<'PY'
box.append("Work", "", None, b"Subject: large\r\n\r\n" + b"z" * 160000)
box.append('"Work\\\\Deep"', "", None, b"Subject: larger\r\n\r\n" + b"z" * 170000)
PY
check_rc 1 'two that are too large' run anna anna
check_same 'the largest is named' 'fail,150000,170019,Work/Deep,TOOBIG' \
	"$(for c in verdict expected found object code; do said $c size; done | paste -sd,)"
check_has 'and how many there are' "$T/out" '2 larger'
check_rc 0 'leaving them out helps' run anna anna --max-size 150000
check_rc 1 'the copy refuses them' copy
check_same 'both' 2 "$(column failed <"$T/out")"
awk -F'\t' -v OFS='\t' 'NR == 1 { print $0, "largest_bytes"; next }
	{ print $0, NR == 3 ? 1000000 : 10 }' "$T/folders" >"$T/known"
check_rc 1 'sizes that an inventory has found' mbx-copy --check "$T/known"
check_same 'are taken' 10,1000000,10 "$(said found size)"
cp share/profiles/generic.tsv "$T/mine.tsv"
printf 'append_limit\t100\n' >>"$T/mine.tsv"
check_rc 1 'a limit of the profile, for files' mbx-copy --check -p "$T/mine.tsv" \
	--source "imap://anna@127.0.0.1:$old_port;tls=none" \
	--source-secret "file:$T/anna.pw" --target "maildir:$T/files"
check_same 'counts where the target tells none' fail,100 \
	"$(said verdict size),$(said expected size)"
check_same 'what files do not tell is skipped' skip,skip \
	"$(said verdict quota),$(said verdict create)"
check 'and they are not made' [ ! -e "$T/files" ]

# ---- rights ----

at "$new_port" anna <<'PY'
box.setacl("INBOX.Work", "anna", "lrswi")
PY
at "$old_port" anna <<'PY'
box.create('"Work\\\\Other"')
PY
check_rc 1 'a folder in which none may be made' run anna anna --max-size 150000
check_same 'is named, with the rights' fail,Work,AUTH \
	"$(said verdict create),$(said object create),$(said code create)"
check_same 'the server means it' NO "$(at "$new_port" anna <<'PY'
print(box.create("INBOX.Work.Other")[0])
PY
)"
at "$new_port" anna <<'PY'
box.setacl("INBOX.Work", "anna", "lrswik")
PY
check_rc 0 'with the right' run anna anna --max-size 150000
check_same 'it passes' pass "$(said verdict create)"
check_same 'the server means that too' OK "$(at "$new_port" anna <<'PY'
print(box.create("INBOX.Work.Other")[0])
PY
)"

# ---- names ----

printf 'match\treplace\nWork(/.*)?\tOne\n' >"$T/rules"
check_rc 1 'folders that would meet in one' run anna anna -r "$T/rules" \
	--max-size 150000
check_same 'are a finding' fail,4 "$(said verdict names),$(said expected names)"

# ---- servers that say less, or nothing ----

scripted_start s 'box=INBOX 3' 'box=Sent 2 size=5000'
scripted_start t 'box=INBOX 0' "caps=IMAP4rev1 NAMESPACE AUTH=PLAIN"
two() {
	mbx-copy --check --source "imap://anna@127.0.0.1:$s_port;tls=none" \
		--target "imap://anna@127.0.0.1:$t_port;tls=none" \
		--source-secret "file:$T/anna.pw" --target-secret "file:$T/anna.pw" "$@"
}
check_rc 64 'not the way back' two --reverse
check_rc 0 'a target that tells neither quota nor limit nor rights' two
check_same 'what is not told is skipped' pass,pass,pass,skip,skip,skip \
	"$(column verdict <"$T/out" | paste -sd,)"
check_hasnt 'nothing that changes anything was said' "$T/s.said" \
	'CREATE|APPEND|SUBSCRIBE |STORE|SELECT|COPY|DELETE|EXPUNGE'
check_hasnt 'to either' "$T/t.said" \
	'CREATE|APPEND|SUBSCRIBE |STORE|SELECT|COPY|DELETE|EXPUNGE'
scripted_rules t 'NAMESPACE say * NAMESPACE NIL NIL NIL\r\n%t OK\r\n'
check_rc 1 'a user without a namespace' two
check_same 'is told' fail,NAME "$(said verdict create),$(said code create)"
scripted_rules t 'AUTHENTICATE say %t NO [UNAVAILABLE] later\r\n'
check_rc 75 'a server that asks for patience' two
check_same 'is an error that will pass' pass,error,deferred \
	"$(said verdict login),$(said status login | cut -d, -f2)"
scripted_rules t 'LIST cut 10'
check_rc 69 'a connection that is cut' two
check_same 'is one too' error,CONN "$(said verdict folders),$(said code folders)"
# ---- credentials ----

scripted_rules t
printf 'account\tsource\tsource_secret\ttarget\ttarget_secret\n' >"$T/jobs"
for secret in anna.wrong wrong.anna wrong.wrong anna.anna; do
	printf '%s\timap://anna@127.0.0.1:%s;tls=none\tfile:%s\timap://anna@127.0.0.1:%s;tls=none\tfile:%s\n' \
		$secret "$s_port" "$T/${secret%.*}.pw" "$t_port" \
		"$T/${secret#*.}.pw" >>"$T/jobs"
done
head -n 4 "$T/jobs" >"$T/wrong"
check_rc 77 'wrong passwords' mbx-copy --check -j 2 "$T/wrong"
check_same 'are told of either end' \
	pass,AUTH,AUTH,pass,AUTH,AUTH "$(said code login | sed 's/^,/pass,/; s/,,/,pass,/')"
check_rc 1 'and a right one' mbx-copy --check -j 2 "$T/jobs"
check_same 'it is looked at to its end' anna.anna "$(awk -F'\t' 'NR == 1 {
	for (i = 1; i <= NF; i++) c[$i] = i } $c["check"] == "create" {
	print $c["account"] }' "$T/out")"
done_testing
