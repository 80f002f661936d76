#!/bin/sh
# Maildir and mbox as targets when something is wrong: names that want out,
# links, a full disk, an fsync that fails, somebody's lock, any umask.
. "$(dirname "$0")/lib.sh"
. t/servers/scripted.sh

# Under root what depends on rights is done as nobody.
if [ "$(id -u)" -eq 0 ]; then
	chmod 711 "$T"
	plain() { setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
else
	plain() { "$@"; }
fi
mkdir "$T/work"
[ "$(id -u)" -ne 0 ] || chown nobody "$T/work"

# The sources: three folders; "words" has more keywords than a Maildir has
# letters.
python3 - "$T" <<'PY'
import os, sys
for top, spread in ((sys.argv[1] + "/old", 1), (sys.argv[1] + "/words", 4)):
    os.makedirs(top + "/Box.sbd")
    for name in ("INBOX", "Box", "Box.sbd/Below"):
        with open(os.path.join(top, name), "w") as f:
            for n in range(8):
                words = " ".join("key%02d" % k for k in
                                 range(n * spread, n * spread + spread))
                f.write("From a@b Sun Sep  9 01:46:4%d 2001\nStatus: RO\n"
                        "X-Keywords: %s\nFrom: a@b\nSubject: %s %d\n\n%s\n\n"
                        % (n, words, name, n, ("x" * 69 + "\n") * 10 * n * n))
PY
chmod -R a+rX "$T/old"
# copy TARGET [option...]: the ledger is TARGET's; wrap is a command before it.
wrap=
copy() {
	target=$1
	shift
	$wrap mbx-copy --ledger "$T/work/ledger-${target##*/}" \
		--source "mbox:$T/old" --target "$target" "$@"
}
digests() { # by the oracle
	python3 t/oracle.py dump "$1" | cut -f 1,2 | grep '	.' |
		LC_ALL=C sort
}
digests "mbox:$T/old" >"$T/want"
# all_there SENTENCE STORE
all_there() {
	digests "$2" >"$T/got"
	check_files "$1" "$T/want" "$T/got"
}
# part_there SENTENCE STORE: some, each whole, none twice.
part_there() {
	digests "$2" >"$T/got"
	check "$1" test -z "$(LC_ALL=C comm -13 "$T/want" "$T/got")"
}
one_line() {
	grep -v ': read as ' "$T/err" >"$T/lines"
	check_same "$1" 1 "$(wc -l <"$T/lines")"
}

# ---- modes ----

for mask in 0 022 777; do
	for kind in maildir mbox; do
		(umask $mask && plain mbx-copy -l "$T/work/l$kind$mask" \
			--source "mbox:$T/old" --target "$kind:$T/work/$kind$mask" \
			>"$T/out" 2>"$T/err")
		check_same "umask $mask, $kind: copied" 0 $?
		check_same "umask $mask, $kind: files are 0600, directories 0700" '' \
			"$(find "$T/work/$kind$mask" "$T/work/l$kind$mask" \
				\( -type f ! -perm 600 \) -o \( -type d ! -perm 700 \))"
		digests "$kind:$T/work/$kind$mask" >"$T/got"
		check_files "umask $mask, $kind: all is there" "$T/want" "$T/got"
	done
done

# ---- keywords beyond 26 ----

check_rc 1 'keywords beyond 26: exit 1' mbx-copy -l "$T/work/ledger-words" \
	--source "mbox:$T/words" --target "maildir:$T/work/words" \
	--messages "$T/messages"
check_same 'all messages are there' 24 "$(digests "maildir:$T/work/words" | wc -l)"
check_same 'a row FLAG for each that lost some' 6 \
	"$(column code <"$T/messages" | grep -c '^FLAG$')"
check_has 'that says which' "$T/messages" 'key26 key27'
check_rc 0 'and for an mbox there is no such limit' mbx-copy \
	-l "$T/work/ledger-words" --source "mbox:$T/words" \
	--target "mbox:$T/work/words.mbox"

# ---- names that want out ----

mkdir -p "$T/work/jail/in"
: >"$T/work/victim"
scripted_start evil 'box=INBOX 1' 'box=../../victim 1' 'box=.. 1' 'box=. 1' \
	'box=../jail2 1' 'box=/tmp/victim 1' 'box=a/../../../victim 1' \
	'box=a//b 1' 'box=cur 1' 'box=new/x 1' 'box=tmp 1' 'box=.lock 1' \
	'box=x.lock 1' 'box=x.sbd/y 1' 'box=subscriptions 1' 'box=&-..&- 1' \
	'box=dovecot-keywords 1' 'box=~root 1' 'box=a\b 1' || exit 1
printf 'PASSWORD-OF-anna\n' >"$T/pw"
chmod 600 "$T/pw"
for kind in maildir mbox; do
	mbx-copy -l "$T/work/ledger-evil-$kind" --source-secret "file:$T/pw" \
		--source "imap://anna@127.0.0.1:$evil_port;tls=none" \
		--target "$kind:$T/work/jail/in/$kind" --messages "$T/messages" \
		>"$T/out" 2>"$T/err"
	code=$?
	check "$kind: hostile names end in 0 or 1" test $code -le 1
	check_same "$kind: nothing is outside the root" \
		"in in/$kind" "$(cd "$T/work/jail" && find . -mindepth 1 -maxdepth 2 \
			-newer "$T/pw" | sed 's,^\./,,' | LC_ALL=C sort | paste -sd' ')"
	check_same "$kind: all that have a name are copied" 17 \
		"$(column copied <"$T/out")"
	check_has "$kind: those with an empty level have a row" "$T/messages" \
		'	a//b	.*	NAME	'
	rm -rf "$T/work/jail/in/$kind"
done
check 'nor elsewhere' test ! -s "$T/work/victim" -a ! -e /tmp/victim

# ---- links in every place ----

mkdir "$T/work/away"
# linked SENTENCE KIND PLACE: PLACE in the target is a link to what is not ours.
linked() {
	rm -rf "$T/work/linked" "$T/work/ledger-linked" "$T/work/away"
	mkdir -p "$T/work/away/cur" "$T/work/away/new" "$T/work/away/tmp"
	cp "$T/old/INBOX" "$T/work/away/file"
	copy "$2:$T/work/linked" >/dev/null 2>&1
	rm -rf "$T/work/ledger-linked" "${T:?}/work/linked/$3"
	to=away
	[ "$4" = directory ] || to=away/file
	ln -s "$T/work/$to" "$T/work/linked/$3"
	before=$(cd "$T/work/away" && find . -printf '%p %s %T@\n' | sort)
	copy "$2:$T/work/linked" --messages "$T/messages" >"$T/out" 2>"$T/err"
	code=$?
	cat "$T/messages" >>"$T/err"
	after=$(cd "$T/work/away" && find . -printf '%p %s %T@\n' | sort)
	check_same "$2, $3 is a link: nothing is written behind it" \
		"$before" "$after"
	[ $code -eq 0 ] || check_has "$2, $3 is a link: it is said" "$T/err" \
		'symbolic link|[Nn]ot a directory|lock: |no such folder|regular file'
}
for place in cur new tmp .Box .Box/cur .Box/tmp .Box.Below; do
	linked x maildir $place directory
done
for place in dovecot-keywords dovecot-keywords.lock subscriptions \
	.Box/dovecot-keywords .Box/maildirfolder; do
	linked x maildir $place file
done
for place in INBOX Box Box.sbd/Below INBOX.lock; do
	linked x mbox $place file
done
linked x mbox Box.sbd directory

# ---- no space left ----

for kind in maildir mbox; do
	check_rc 74 "$kind: files of 25 KiB at most, 74" \
		sh -c 'ulimit -f 50; exec "$@"' sh mbx-copy \
		-l "$T/work/ledger-$kind-full" --source "mbox:$T/old" \
		--target "$kind:$T/work/$kind-full"
	check_has "$kind: and says why" "$T/err" 'File too large'
	part_there "$kind: nothing half-done is to be seen" \
		"$kind:$T/work/$kind-full"
	check_rc 0 "$kind: with space, all of it" \
		copy "$kind:$T/work/$kind-full"
	all_there "$kind: once" "$kind:$T/work/$kind-full"
	check_same "$kind: nothing is left lying about" '' \
		"$(cd "$T/work/$kind-full" &&
			find . -path '*/tmp/*' -o -name '*.lock')"
done

# faulty SENTENCE KIND CALL ERROR N: N as strace has it
export ASAN_OPTIONS="detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
faulty() {
	rm -rf "$T/work/faulty" "$T/work/ledger-faulty"
	wrap="strace -f -q -o $T/trace -e trace=$3 -e inject=$3:error=$4:when=$5"
	copy "$2:$T/work/faulty" --messages "$T/messages" >"$T/out" 2>"$T/err"
	code=$?
	wrap=
	mkdir -p "$T/work/faulty" # it may have come to nothing
	cat "$T/messages" >>"$T/err"
	check "$1: hit" grep -q INJECTED "$T/trace"
	check "$1: exit 1 or 74" test $code -eq 1 -o $code -eq 74
	check_has "$1: says why" "$T/err" 'Input/output error|No space left'
	part_there "$1: nothing half-done" "$2:$T/work/faulty"
	check_rc 0 "$1: run again" copy "$2:$T/work/faulty"
	all_there "$1: all of it, once" "$2:$T/work/faulty"
}
last=8
[ "$SHORT" = 0 ] || last=2
for n in $(seq $last) 15+; do
	faulty "maildir, fsync $n" maildir fsync EIO "$n"
done
for n in $(seq $((last / 2))) 3+; do
	faulty "mbox, fsync $n" mbox fsync EIO "$n"
	faulty "mbox, write $n" mbox pwrite64 ENOSPC "$n"
done

# ---- what is said to be done is on the disk ----

# The order of calls: a file is synced before it gets its name, the directory
# before the ledger says done.
python3 - "$T" >"$T/order" 2>&1 <<'PY'
import os, re, subprocess, sys
top = sys.argv[1]
bad = 0
for kind in "maildir", "mbox":
    target = "%s/work/order-%s" % (top, kind)
    subprocess.run(["strace", "-f", "-q", "-y", "-s", "20000", "-o", top + "/trace",
        "-e", "trace=fsync,renameat2,rename,renameat,pwrite64,write", "mbx-copy",
        "-l", top + "/work/ledger-order", "--source", "mbox:%s/old" % top,
        "--target", "%s:%s" % (kind, target)], check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    synced, loose, done = set(), set(), 0
    with open(top + "/trace", errors="replace") as f:
        for line in f:
            call = re.match(r"\d+ +(\w+)\(\d*(?:<([^>]*)>)?", line)
            if not call:
                continue
            name, path = call.groups()
            path = path or ""
            if name == "fsync":
                synced.add(path)
                loose.discard(path)
            elif name == "renameat2" and "/tmp>" in line:
                file = re.search(r'<([^>]*)>, "([^"]*)", \d+<([^>]*)>', line)
                if file.group(1) + "/" + file.group(2) not in synced:
                    bad += 1
                    print("named before it was synced:", line[:200])
                loose.add(file.group(3))
            elif name == "pwrite64" and path.startswith(target):
                loose.add(path)
            elif "ledger-order" in path and "\\ndone\\t" in line or \
                    '"done\\t' in line:
                done += 1
                if loose:
                    bad += 1
                    print("done before it was synced:", sorted(loose))
    if done == 0:
        bad += 1
        print(kind, "no done lines seen")
print("bad", bad)
PY
check_has 'synced, then named, then done' "$T/order" '^bad 0$'

# ---- mbox as others write it ----

if [ -n "${CORPUS:-}" ]; then
	for file in mboxrd mboxrd-crlf mboxo mboxcl mboxcl2 truncated; do
		rm -rf "$T/work/variant" "$T/work/ledger-variant"
		mbx-copy -q -l "$T/work/ledger-variant" \
			--source "mbox:$CORPUS/mbox-variants/$file.mbox" \
			--target "maildir:$T/work/variant" >/dev/null 2>&1
		python3 - "$T/work/variant" <<-'PY' >"$T/variant-$file"
			import sys
			sys.path.insert(0, "t")
			import corpus, oracle
			for row in oracle.read("maildir:" + sys.argv[1]):
			    octets = oracle.canonical(row[1])
			    print(oracle.digest(corpus.without(octets,
			                                       (b"content-length",))))
		PY
	done
	# By the oracle, which reads mboxrd and knows of no doubt.
	python3 t/oracle.py dump "mbox:$CORPUS/mbox-variants/mboxrd.mbox" |
		cut -f 2 >"$T/variants"
	check_same 'mbox variants: 15 messages' 15 "$(wc -l <"$T/variants")"
	for file in mboxrd mboxrd-crlf mboxcl2; do
		check_files "$file: those" "$T/variants" "$T/variant-$file"
	done
	# Who did not quote >From_ cannot be told from who did: one message.
	for file in mboxo mboxcl; do
		check_same "$file: those, but for one with >From_" '15 1' \
			"$(wc -l <"$T/variant-$file") $(diff "$T/variants" \
				"$T/variant-$file" | grep -c '^>')"
	done
	check_same 'truncated: the first ten, and what is left' '11 10' \
		"$(wc -l <"$T/variant-truncated") $(grep -cFxf "$T/variants" \
			"$T/variant-truncated")"
else
	pass 'mbox variants # SKIP CORPUS=DIR names them'
fi

# ---- somebody else's lock ----

mkdir "$T/work/held"
cp "$T/old/INBOX" "$T/work/held/INBOX"
python3 - "$T/work/held/INBOX" 2 <<'PY' &
import fcntl, sys, time
with open(sys.argv[1], "r+") as f:
    fcntl.lockf(f, fcntl.LOCK_EX)
    open(sys.argv[1] + ".held", "w").close()
    time.sleep(float(sys.argv[2]))
PY
holder=$!
while [ ! -e "$T/work/held/INBOX.held" ]; do sleep 0.05; done
rm "$T/work/held/INBOX.held"
check_rc 0 'a lock by fcntl: waits until it goes' copy "mbox:$T/work/held"
wait $holder
cp -a "$T/work/held" "$T/work/held2"
(python3 -c 'import fcntl, sys, time
f = open(sys.argv[1], "r+")
fcntl.lockf(f, fcntl.LOCK_EX)
open(sys.argv[1] + ".held", "w").close()
time.sleep(60)' "$T/work/held2/INBOX") &
holder=$!
defer "kill $holder 2>/dev/null"
: >"$T/work/held/INBOX.lock"
while [ ! -e "$T/work/held2/INBOX.held" ]; do sleep 0.05; done
rm "$T/work/held2/INBOX.held"
printf 'From x Sun Sep  9 01:46:40 2001\nSubject: new\n\nnew\n\n' >>"$T/old/INBOX"
before=$(sha256sum <"$T/work/held/INBOX")
(copy "mbox:$T/work/held2" --messages "$T/err2" >"$T/out2" 2>/dev/null
	echo $? >"$T/rc2") &
other=$!
check_rc 75 'a lock that stays, a file INBOX.lock: 75' \
	copy "mbox:$T/work/held"
check_has 'it says so' "$T/err" 'lock: .*held by somebody else'
check_same 'and leaves the file alone' "$before" \
	"$(sha256sum <"$T/work/held/INBOX")"
wait $other
check_same 'a lock that stays, by fcntl: 75' 75 "$(cat "$T/rc2")"
check_has 'it says so, too' "$T/err2" 'lock: held by another process'
rm "$T/work/held/INBOX.lock"
check_rc 0 'and the next run does it' copy "mbox:$T/work/held"

# What a crash could still take back is not called done.
digests "mbox:$T/old" >"$T/want"
wrap="strace -f -qq -o $T/work/trace -P $T/work/unsure/cur -e trace=fsync
	-e inject=fsync:error=EIO:when=1"
check_rc 74 'a Maildir whose directory cannot be synced: 74' \
	copy "maildir:$T/work/unsure"
check_has 'that was tried' "$T/work/trace" 'INJECTED'
check_hasnt 'nothing of it is done' "$T/work/ledger-unsure/"*.tsv '^done'
wrap=
check_rc 0 'and the next run does it' copy "maildir:$T/work/unsure"
all_there 'once' "maildir:$T/work/unsure"
done_testing
