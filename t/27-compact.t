#!/bin/sh
# mbx-copy --compact: a smaller ledger that says the same, whoever is killed
# meanwhile, and runs after it that do what they would have done.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh

dovecot_start old users=anna tls=no || exit 1
dovecot_start new users=anna tls=no sep=. prefix=INBOX. conf='protocol imap {
imap_capability = +APPENDLIMIT=20000
}' || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/anna.pw"
chmod 600 "$T/anna.pw"
at() { # PORT: Python on stdin, with `box` logged in
	{
		cat <<-PY
			import imaplib, sys
			box = imaplib.IMAP4("127.0.0.1", $1)
			box.login("anna", "PASSWORD-OF-anna")
			def put(folder, n, flags="", size=50):
			    box.append(folder, flags, imaplib.Time2Internaldate(1e9 + n),
			               b"Subject: %d\r\n\r\n%s\r\n" % (n, b"x" * size))
		PY
		cat
	} | python3 -
}
run() { # LEDGER [OPTIONS...]
	ledger=$1
	shift
	mbx-copy -l "$T/$ledger" --source "imap://anna@127.0.0.1:$old_port;tls=none" \
		--target "imap://anna@127.0.0.1:$new_port;tls=none" \
		--source-secret "file:$T/anna.pw" --target-secret "file:$T/anna.pw" "$@"
}
result() { for name; do column "$name" <"$T/out"; done | paste -sd,; }
dump() { # PORT
	python3 t/oracle.py dump "imap:127.0.0.1:$1:anna:PASSWORD-OF-anna" |
		sed 's|^INBOX/||' | LC_ALL=C sort
}
# What a ledger says, by a reader of our own.
cat >"$T/says.py" <<'PY'
import glob, sys
for name in sorted(glob.glob(sys.argv[1] + "/*.tsv")):
    last, claims, digests, settings = {}, set(), set(), {}
    with open(name, encoding="utf-8") as f:
        names = next(f).rstrip("\n").split("\t")
        for line in f:
            r = dict(zip(names, line.rstrip("\n").split("\t")))
            if r["op"] == "op":
                continue
            if r["op"] == "set":
                settings[r["folder"]] = r["why"]
                continue
            key = r["folder"], r["uidvalidity"], r["uid"], r["dst_folder"]
            last[key] = r["op"], r["dst_uidvalidity"], r["dst_uid"], r["flags"], \
                r["code"], r["why"], r["at"]
            if r["op"] == "done":
                claims.add(key + (r["dst_uidvalidity"], r["dst_uid"]))
                if r["digest"]:
                    digests.add(key + (r["dst_uid"], r["digest"]))
    print(name.split("/")[-1])
    for what in sorted(last.items()), sorted(claims), sorted(digests), \
            sorted(settings.items()):
        print(*what, sep="\n")
PY
says() { python3 "$T/says.py" "$T/$1"; }
size() { cat "$T/$1"/*.tsv | wc -c; }

# ---- a ledger with a history ----

at "$old_port" <<'PY'
box.create("Work"), box.create("Old"), box.subscribe("Work")
for n in range(30):
    put("INBOX", n, "(\\Seen)" if n % 3 else "")
for n in range(40, 60):
    put("Work", n)
put("Work", 70, size=30000)
PY
at "$new_port" <<'PY'
put("INBOX", 3)
PY
check_rc 1 'a first run, and one message is too large' run l
for turn in 1 2 3; do
	at "$old_port" <<-PY
		box.select("INBOX")
		box.store("1:10", "+FLAGS" if $turn % 2 else "-FLAGS", "(\\\\Flagged)")
		box.store("$turn", "+FLAGS", "(\\\\Deleted)")
		box.expunge()
		put("Work", 100 + $turn)
		box.select("Work")
		box.copy("1", "Old")
		box.store("1", "+FLAGS", "(\\\\Deleted)")
		box.expunge()
	PY
	check_rc 1 "changes, $turn" run l --delete --mark
done
cp -a "$T/l" "$T/uncut"
says l >"$T/before"
was=$(size l)
check_rc 0 'a dry run' mbx-copy -l "$T/l" --compact -n
check_same 'says how small it would be' planned,1 \
	"$(result status),$(($(result compacted_bytes) < was))"
planned=$(result compacted_bytes)
check_same 'and changes nothing' "$was" "$(size l)"
check_rc 0 'compact' mbx-copy -l "$T/l" --compact
check_same 'a row a ledger' "ok,$was,$planned" "$(result status bytes compacted_bytes)"
check "it is smaller by a third at least: $was, $(size l)" \
	[ $((3 * $(size l))) -lt $((2 * was)) ]
says l >"$T/after"
check_files 'and says the same' "$T/before" "$T/after"
check_same 'nothing is left beside it' 2 "$(find "$T/l" -type f | wc -l)"
check_same 'mode 600' 600 "$(stat -c %a "$T/l"/*.tsv)"
check_rc 0 'once more' mbx-copy -l "$T/l" --compact
check_same 'there is nothing to gain' "same,$planned" "$(result status compacted_bytes)"

# ---- runs after it ----

dump "$new_port" >"$T/there"
check_rc 1 'a run that has nothing to do but what was refused' run l
check_same 'copies nothing' 0,0 "$(result copied flagged)"
dump "$new_port" >"$T/there.after"
check_files 'the target is as it was' "$T/there" "$T/there.after"
cp -a "$T/l" "$T/l.cut"
at "$old_port" <<'PY'
box.select("INBOX")
box.store("2:6", "-FLAGS", "(\\Seen)")
box.store("7:8", "+FLAGS", "(\\Deleted)")
box.expunge()
box.select("Old")
box.copy("1", "Work")
box.store("1", "+FLAGS", "(\\Deleted)")
box.expunge()
put("INBOX", 200)
PY
run uncut --delete -n >"$T/out"
want=$(result copied flagged gone same)
run l --delete -n >"$T/out"
check_same 'changes are seen as without it' "$want" "$(result copied flagged gone same)"
check_rc 1 'changes are carried' run l --delete
dump "$old_port" >"$T/a"
dump "$new_port" >"$T/b"
check_same 'all is there but what is too large, and what is gone is not' \
	'Work 2001-09-09T01:47:50Z' "$(python3 - "$T/a" "$T/b" <<'PY'
import collections, sys
a, b = (collections.Counter(open(f)) for f in sys.argv[1:])
for line in ((a - b) + (b - a)).elements():
    print(line.split("\t")[0], line.split()[-1])
PY
	)"
at "$new_port" <<'PY'
put("INBOX.Work", 300)
PY
mbx-copy -q -l "$T/l" --compact >/dev/null
check_rc 0 'the way back' run l --reverse
check_same 'has its marks' copied,1 "$(result status copied)"
check_rc 0 'ledgers of both ways' mbx-copy -l "$T/l" --compact
check_same 'are two rows' 2 "$(($(wc -l <"$T/out") - 1))"
check_rc 1 'forward' run l
check_same 'nothing bounces' 0 "$(result copied)"

# ---- while a run is at work ----

key=$(cd "$T/uncut" && echo *.tsv)
held() { # COMMAND...: while the lock of l/KEY is held
	python3 - "$T/l/$key" "$@" <<-'PY'
		import fcntl, struct, subprocess, sys
		f = open(sys.argv[1], "r+")
		fcntl.fcntl(f, 37, struct.pack("hhlli4x", fcntl.F_WRLCK, 0, 0, 0, 0))
		sys.exit(subprocess.run(sys.argv[2:]).returncode)
	PY
}
cp "$T/l/$key" "$T/same"
check_rc 75 'another run is at work' held mbx-copy -l "$T/l" --compact
check_same 'that one is deferred' deferred "$(awk -F'\t' -v key="${key%.tsv}" \
	'$1 == key { print $2 }' "$T/out")"
check_files 'and left alone' "$T/same" "$T/l/$key"
# A run that opened the old file and gets its lock when it is gone already.
rm -rf "$T/l"
cp -a "$T/uncut" "$T/l"
at "$old_port" <<'PY'
put("INBOX", 400)
PY
run l >"$T/none" 2>&1 # what has changed since
cp -a "$T/l" "$T/race"
at "$old_port" <<'PY'
put("INBOX", 401)
PY
strace -f -qq -o "$T/trace" -e trace=fcntl -P "$T/race/$key" \
	-e inject=fcntl:delay_enter=2000000 \
	"$(command -v mbx-copy)" -q -l "$T/race" \
	--source "imap://anna@127.0.0.1:$old_port;tls=none" \
	--target "imap://anna@127.0.0.1:$new_port;tls=none" \
	--source-secret "file:$T/anna.pw" --target-secret "file:$T/anna.pw" \
	>"$T/race.out" 2>"$T/race.err" &
sleep 0.7
inode=$(stat -c %i "$T/race/$key")
check_rc 0 'a ledger that somebody is about to lock' mbx-copy -l "$T/race" --compact
check 'it is replaced' [ "$(stat -c %i "$T/race/$key")" != "$inode" ]
wait $!
check_same 'the other one writes into the new one' 1 \
	"$(column copied <"$T/race.out")"
check_rc 1 'which knows of it' run race
check_same 'nothing is copied again' 0 "$(result copied)"

# ---- killed, and disks that are full ----

rm -rf "$T/l"
cp -a "$T/uncut" "$T/l"
mbx-copy -q -l "$T/l" --compact >/dev/null
old=0 new=0 odd='' step=1 turn=0
[ "$SHORT" = 0 ] || step=3
while :; do
	turn=$((turn + step))
	rm -rf "$T/k"
	cp -a "$T/uncut" "$T/k"
	strace -f -qq -o "$T/trace" -e trace=%file,%desc \
		-e "inject=%file,%desc:signal=KILL:when=$turn" \
		"$(command -v mbx-copy)" -q -l "$T/k" --compact >/dev/null 2>&1
	grep -q 'killed by SIGKILL' "$T/trace" || break
	if cmp -s "$T/k/$key" "$T/uncut/$key"; then old=$((old + 1))
	elif cmp -s "$T/k/$key" "$T/l/$key"; then new=$((new + 1))
	else odd="$odd $turn"; fi
done
check_same "killed at $((old + new)) calls: the old file or the new one" '' "$odd"
check "both are seen: $old, $new" [ $((old > 20 && new > 0)) = 1 ]
check_rc 0 'then again' mbx-copy -l "$T/k" --compact
check_files 'it is the new one' "$T/l/$key" "$T/k/$key"
check_same 'nothing is left beside it' 2 "$(find "$T/k" -type f | wc -l)"
for fault in write:error=ENOSPC fsync:error=EIO rename:error=EIO; do
	rm -rf "$T/k"
	cp -a "$T/uncut" "$T/k"
	check_rc 74 "$fault" env ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o "$T/trace" -e trace="${fault%%:*}" \
		-e "inject=$fault" -P "$T/k/$key.new" \
		"$(command -v mbx-copy)" -l "$T/k" --compact
	check_files "leaves the old one: $fault" "$T/uncut/$key" "$T/k/$key"
	check_same "alone: $fault" 2 "$(find "$T/k" -type f | wc -l)"
done

# ---- what is no ledger ----

printf 'what\never\n' >"$T/k/0123456789abcdef.tsv"
printf 'notes\n' >"$T/k/notes.tsv"
printf x >>"$T/k/$key"
check_rc 1 'a file that is no ledger' mbx-copy -l "$T/k" --compact
check_same 'is told, the others are done' failed,ok "$(column status <"$T/out" | sort | paste -sd,)"
check_rc 66 'no directory' mbx-copy -l "$T/none.here" --compact
check_rc 64 'no ledger is named' mbx-copy --compact
done_testing
