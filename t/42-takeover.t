#!/bin/sh
# Mail that another tool has brought, whole or half, and then mbx-copy without
# a ledger: nothing comes twice, what is missing comes, flags are right.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

tools='mbsync imapcopy dsync import'
accounts=$(for tool in $tools; do echo "$tool-half $tool"; done | xargs)
dovecot_start old users='anna' sep=/ || exit 1
dovecot_start new users="$accounts twins" sep=/ || exit 1
for user in anna $accounts twins; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
done
chmod 600 "$T"/*.pw

at() { # PORT USER: Python on stdin, with `box` logged in
	{
		cat <<-PY
			import imaplib
			box = imaplib.IMAP4("127.0.0.1", $1)
			box.login("$2", "PASSWORD-OF-$2")
			def put(folder, n, flags="", at=None):
			    box.append(folder, flags,
			               imaplib.Time2Internaldate(1e9 + (at or n)),
			               b"Subject: %d\r\nMessage-ID: <%d@x>\r\n\r\n%s\r\n"
			               % (n, n, b"x" * (n % 97)))
			def flags(folder, set, change, flags):
			    box.select(folder)
			    box.store(set, change, "(%s)" % flags)
		PY
		cat
	} | python3 -
}

# ---- the tools ----

bring_mbsync() { # USER
	mkdir -p "$T/sync-$1"
	cat >"$T/mbsyncrc" <<-EOC
		IMAPStore far
		Host 127.0.0.1
		Port $old_port
		User anna
		Pass PASSWORD-OF-anna
		SSLType None
		AuthMechs LOGIN

		IMAPStore near
		Host 127.0.0.1
		Port $new_port
		User $1
		Pass PASSWORD-OF-$1
		SSLType None
		AuthMechs LOGIN

		Channel all
		Far :far:
		Near :near:
		Patterns *
		Create Near
		Sync Pull
		CopyArrivalDate yes
		SyncState $T/sync-$1/
	EOC
	env HOME="$T" mbsync -q -c "$T/mbsyncrc" all
}
bring_imapcopy() {
	mkdir -p "$T/imapcopy"
	cat >"$T/imapcopy/ImapCopy.cfg" <<-EOC
		SourceServer 127.0.0.1
		SourcePort $old_port
		DestServer 127.0.0.1
		DestPort $new_port
		DenyFlags "\Recent"
		Copy "anna" "PASSWORD-OF-anna" "$1" "PASSWORD-OF-$1"
	EOC
	(cd "$T/imapcopy" && imapcopy)
}
bring_dsync() {
	dovecot_adm old sync -1 -u anna \
		env -i PATH="$PATH" doveadm -c "$new_dir/dovecot.conf" dsync-server -u "$1"
}
bring_import() {
	dovecot_adm new import -s -u "$1" "maildir:$old_dir/mail/anna" '' all
}

run() { # USER [option...]
	user=$1
	shift
	mbx-copy -l "$T/ledger" --source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://$user@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/anna.pw" \
		--target-secret "file:$T/$user.pw" "$@"
}
result() { column "$1" <"$T/out"; }
state() { python3 t/oracle.py state "imap:127.0.0.1:$new_port:$1:PASSWORD-OF-$1"; }

# oracle missing USER: how many messages of anna's are not at the target, one
#   for one.
# oracle compare USER: what is at one side only, as folder, octets, flags, date;
#   the line that mbsync adds aside, and the flag that the target has more.
oracle() {
	python3 - "$old_port" "$new_port" "$@" <<'PY'
import collections, re, sys
sys.path.insert(0, "t")
import oracle
old, new, verb, user = sys.argv[1:]
def read(port, user):
    rows = oracle.read("imap:127.0.0.1:%s:%s:PASSWORD-OF-%s"
                       % (port, user, user))
    return collections.Counter(
        (r[0], oracle.digest(re.sub(rb"X-TUID: .*\r\n", b"", r[1])))
        + ((r[2].replace("Mine ", ""), oracle.stamp(r[3]))
           if verb == "compare" else ())
        for r in rows if r[1] is not None)
source, target = read(old, "anna"), read(new, user)
if verb == "missing":
    print(sum((source - target).values()))
else:
    for sign, some in ("-", source - target), ("+", target - source):
        for row, n in sorted(some.items()):
            print(sign, n, *row)
PY
}

# ---- a mailbox; every tool brings it; it grows; every tool, once more ----

at "$old_port" anna <<'PY'
for folder in "Work", "Work/Below", "Later", '"Entw&APw-rfe"':
    box.create(folder)
sets = ["", "\\Seen", "\\Seen \\Answered", "\\Flagged", "\\Draft", "Word",
        "\\Seen $Label1"]
for n in range(40):
    put("INBOX", n, sets[n % 7])
for n in range(100, 120):
    put("Work", n, sets[n % 7])
for n in range(200, 206):
    put("Work/Below", n, "\\Seen")
put('"Entw&APw-rfe"', 300, "\\Draft")
# Twins and triplets: of one date or not, with the same flags or not.
for at in 1, 1, 2, 3:
    put("INBOX", 400, "\\Seen", at)
put("Work", 401, "\\Seen", 1)
put("Work", 401, "\\Flagged", 2)
put("Work/Below", 401, "", 1)
PY
for tool in $tools; do
	check "$tool brings it" "bring_$tool" "$tool-half"
done
at "$old_port" anna <<'PY'
for n in range(50, 70):
    put("INBOX", n, "\\Seen")
for n in range(500, 510):
    put("Later", n, "Word")
put("INBOX", 400, "\\Flagged", 4)
put("Work", 401, "\\Answered", 3)
put("Work", 401, "\\Seen", 1)
flags("Work", "3:6", "+FLAGS", "\\Answered Word")
flags("INBOX", "5", "+FLAGS", "\\Deleted")
PY
for tool in $tools; do
	check "$tool brings all of it" "bring_$tool" "$tool"
done

for user in $accounts; do
	mine=0
	case $user in *-half) # of two folders; flags are lost, set and taken
		mine=1
		at "$new_port" "$user" <<-'PY'
			flags("INBOX", "2:30", "-FLAGS", "\\Seen")
			flags("INBOX", "3", "+FLAGS", "Mine")
			flags("Work", "1,4,7:9", "+FLAGS", "\\Deleted")
			box.expunge()
		PY
	esac
	missing=$(oracle missing "$user")
	check_rc 0 "$user: mbx-copy" run "$user"
	check_same "$user: copies what is missing, $missing" "$missing" \
		"$(result copied)"
	check_same "$user: and both sides are alike" '' "$(oracle compare "$user")"
	state "$user" >"$T/before"
	check_same "$user: a flag that only the target has stays" $mine \
		"$(grep -c '	Mine ' "$T/before")"
	check_rc 0 "$user: again" run "$user"
	check_same "$user: has nothing to do" same,0,0 \
		"$(result status),$(result copied),$(result flagged)"
	state "$user" >"$T/after"
	check_files "$user: and does nothing" "$T/before" "$T/after"
done
check_same 'halves are none' 0 "$(oracle missing mbsync-half)"

# ---- twins, one of which is expunged on one side ----

for side in "$old_port anna" "$new_port twins"; do
	# shellcheck disable=SC2086 # port and user
	at $side <<-'PY'
		box.create("Twins")
		for at, set in (1, "\\Seen"), (2, "\\Flagged"), (2, "Word"), (3, ""):
		    put("Twins", 600, set, at)
	PY
done
expunge() { # PORT USER NUMBER
	at "$1" "$2" <<-PY
		flags("Twins", "$3", "+FLAGS", "\\Deleted")
		box.expunge()
	PY
	rm -r "$T/ledger"
}
for twin in 1 2 2; do # what is copied goes to the end
	expunge "$new_port" twins $twin
	check_rc 0 'a twin is missing' run twins --only Twins
	check_same 'it is copied' 1,3 "$(result copied),$(result same)"
	check_same 'as it was' '' "$(oracle compare twins | grep Twins)"
done
expunge "$old_port" anna 1
state twins >"$T/before"
check_rc 0 'a twin is gone' run twins --only Twins
check_same 'the others are known' 0,3 "$(result copied),$(result same)"
state twins >"$T/after"
check_files 'and left as they were' "$T/before" "$T/after"
done_testing
