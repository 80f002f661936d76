#!/bin/sh
# mbx-verify at three in the morning: what it says, and how it ends.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/scripted.sh

# fill DIR: a Maildir by a program on stdin: put(FOLDER, N, OCTETS, FLAGS,
# DATE) and mail(N, HEAD, BODY) are there.
fill() {
	{
		cat <<-'PY'
		import os, sys
		root = sys.argv[1]
		def put(folder, n, octets, flags="", date=None):
		    path = os.path.join(root, "." + folder if folder else "")
		    for sub in ("cur", "new", "tmp"):
		        os.makedirs(os.path.join(path, sub), exist_ok=True)
		    if octets is None:
		        return
		    full = os.path.join(path, "cur", "%d.M%dP1.x:2,%s" % (1e9 + n, n, flags))
		    with open(full, "wb") as f:
		        f.write(octets)
		    os.utime(full, (date or 1600000000 + n,) * 2)
		def mail(n, head=b"", body=b"text\n"):
		    return (b"From: a@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
		            b"Message-ID: <%d@x>\n" % n) + head + b"\n" + body
		PY
		cat
	} | python3 - "$1"
}
verify() { # SOURCE TARGET [option...]
	verify_a=$1 verify_b=$2
	shift 2
	mbx-verify --source "maildir:$T/$verify_a" \
		--target "maildir:$T/$verify_b" "$@"
}
# rows CHECK [VERDICT]: the rows of a check, short.
rows() {
	awk -F'\t' -v check="$1" -v verdict="${2:-}" 'NR == 1 {
		for (i = 1; i <= NF; i++) c[$i] = i
		next
	}
	$c["check"] == check && (verdict == "" || $c["verdict"] == verdict) {
		print $c["object"] "|" $c["verdict"] "|" $c["status"] "|" \
			$c["code"] "|" $c["expected"] "|" $c["found"] "|" \
			$c["digest_level"] "|" $c["rung"]
	}' "$T/out"
}
files() {
	(cd "$1" && find . -type f -printf '%p %T@ %s\n' -exec sha256sum {} + |
		LC_ALL=C sort)
}
fill "$T/a" <<'PY'
for n in range(12):
    put(("", "Work", "Work.Deep")[n % 3], n, mail(n), ("", "S", "FS")[n % 2])
put("", 20, b"")
for n in (21, 22, 23):
    put("", n, mail(21))
put("Empty", 0, None)
PY

# ---- equal, and what is more at the target ----

cp -a "$T/a" "$T/b"
files "$T/a" >"$T/before"
check_rc 0 'two that are alike' verify a b
check_same 'a row a folder' 'INBOX|pass|same||8|8|L0|exact
Empty|pass|same||0|0|L0|
Work|pass|same||4|4|L0|exact
Work/Deep|pass|same||4|4|L0|exact' "$(rows octets)"
check_same 'no row is about a message' '' "$(grep ';UID=' "$T/out")"
check_same 'each check' 'count,date,flags,keywords,octets,order,role,subscribed' \
	"$(column check <"$T/out" | sort -u | paste -sd,)"
files "$T/a" >"$T/after"
check_files 'the source is as it was' "$T/before" "$T/after"
fill "$T/b" <<'PY'
put("Work", 90, mail(90))
put("Only", 91, mail(91))
put("Nothing", 0, None)
PY
check_rc 0 'more at the target is no failure' verify a b
check_same 'but told' 'Work|warn|extra||4|5||
Only|warn|extra||0|1||' "$(rows count warn)"
check_same 'by message too' 'Work;UID=1000000090.M90P1.x|warn|extra|' \
	"$(rows octets warn | cut -d'|' -f 1-4)"
rm "$T/b/cur/1000000022.M22P1.x:2,"
check_rc 1 'three copies at the source need three' verify a b
check_same 'the one with that date' 'INBOX|fail|missing||8|7|L0|exact
INBOX;UID=1000000022.M22P1.x|fail|missing||' \
	"$(rows octets fail | sed 's/\(UID=[^|]*|fail|missing|\)|.*/\1|/')"
cp -a "$T/b/cur/1000000021.M21P1.x:2," "$T/b/cur/1000000022.M22P1.x:2,"
cp -a "$T/b/cur/1000000021.M21P1.x:2," "$T/b/cur/1000000024.M24P1.x:2,"
check_rc 1 'a fourth is one too many' verify a b
check_has 'and is told' "$T/out" 'one copy more than at the source'

# ---- missing folders, unreadable ones ----

rm -rf "$T/b"
cp -a "$T/a" "$T/b"
rm -rf "$T/b/.Work.Deep" "$T/b/.Empty"
check_rc 1 'folders are missing' verify a b
check_same 'they are named' 'Empty|fail|missing|NAME|0|||
Work/Deep|fail|missing|NAME|4|||' "$(rows count fail)"
check_same 'with each message' 4 "$(rows octets fail | grep -c 'Deep;UID=')"
rm -rf "$T/b"
cp -a "$T/a" "$T/b"
rm -rf "$T/b/.Work/cur"
ln -s cur "$T/b/.Work/cur"
check_rc 1 'a folder that cannot be opened' verify a b
check_same 'is an error' 'Work|error|failed' \
	"$(rows octets error | cut -d'|' -f 1-3)"
check_same 'and the others go on' 'INBOX|pass
Empty|pass
Work/Deep|pass' "$(rows octets pass | cut -d'|' -f 1-2)"

# ---- rungs ----

rm -rf "$T/b"
fill "$T/r" <<'PY'
put("", 1, mail(1))
put("", 2, mail(2, b"Status: RO\n"))
put("", 3, mail(3, b"Subject: gr\xc3\xbc\xc3\x9f\n", b"a \0 b\n"))
put("", 4, mail(4, b"Subject: a\n b\nContent-Transfer-Encoding: base64\n",
                b"dGV4dAo=\n"))
put("", 5, mail(5))
PY
fill "$T/s" <<'PY'
put("", 1, mail(1).rstrip())
put("", 2, mail(2))
put("", 3, mail(3, b"Subject: grXXXX\n", b"a \x80 b\n"))
put("", 4, mail(4, b"Subject: a b\n", b"text\n"))
put("", 5, mail(5, body=b"other\n"))
PY
check_rc 1 'altered in five ways' verify r s
check_same 'each on its rung' 'eol+end,store,bytes,parts,different' \
	"$(rows octets fail | sed -n 's/.*UID=.*|//p' | paste -sd,)"
for accept in eol+end:1 store:2 bytes:3 parts:4; do
	check_rc 1 "--accept ${accept%:*}" verify r s --accept "${accept%:*}"
	check_same "${accept#*:} of them" \
		"INBOX|fail|differs||5|${accept#*:}||${accept%:*}" \
		"$(rows octets fail | sed -n 1p | sed 's/|L[0-9]*|/||/')"
done
check_rc 1 'a profile names single rungs' verify r s -p imap4d
check_same 'to bytes here' 'INBOX|fail|differs||5|3' \
	"$(rows octets fail | sed -n 1p | cut -d'|' -f 1-6)"
check_rc 64 'a rung that is none' verify r s --accept same
check_rc 64 'nor is different one' verify r s --accept different

# ---- jobs ----

job() { # COLUMNS VALUES
	printf 'source\ttarget\t%b\nmaildir:%s\tmaildir:%s\t%b\n' "$1" "$T/a" \
		"$T/b" "$2" >"$T/jobs"
}
cp -a "$T/a" "$T/b"
mv "$T/b/.Work" "$T/b/.Arbeit"
mv "$T/b/.Work.Deep" "$T/b/.Arbeit.Tief"
job 'folder\tdst_folder' 'Work\tArbeit'
check_rc 0 'a row of one folder, with its name at the target' \
	mbx-verify "$T/jobs"
check_same 'that one only' 'Work' "$(column folder <"$T/out" | sort -u)"
job except 'Work,Work/Deep'
check_rc 0 'except' mbx-verify "$T/jobs"
check_same 'the others' 'Empty,INBOX' \
	"$(column folder <"$T/out" | sort -u | paste -sd,)"
printf 'match\treplace\nWork/Deep\tArbeit/Tief\nWork\tArbeit\n' >"$T/rules"
check_rc 0 'rules' verify a b -r "$T/rules"
check_rc 0 '--only' verify a b --only Emp\*
check_rc 1 '--exclude' verify a b --exclude INBOX
check_same 'left out is told' 'INBOX|skip|skipped|POLICY' \
	"$(rows count skip | cut -d'|' -f 1-4)"
job 'folder\tdst_folder' 'None\t'
check_rc 1 'a folder that the source lacks' mbx-verify "$T/jobs"
printf 'match\treplace\nWork(/Deep)?\tAll\n' >"$T/rules"
rm -rf "$T/b"
cp -a "$T/a" "$T/b"
mkdir -p "$T/b/.All/new" "$T/b/.All/tmp"
mv "$T/b/.Work/cur" "$T/b/.All/cur"
mv "$T/b/.Work.Deep/cur"/* "$T/b/.All/cur"
rm -rf "$T/b/.Work" "$T/b/.Work.Deep"
check_rc 0 'folders that were merged' verify a b -r "$T/rules" \
	--collision merge
check_same 'each has its own' 'Work|pass|same||4|4|L0|exact
Work/Deep|pass|same||4|4|L0|exact' "$(rows octets | grep Work)"
rm "$T/b/.All/cur/1000000002.M2P1.x:2,"
check_rc 1 'one of them is missing' verify a b -r "$T/rules" --collision merge
check_has 'it is named' "$T/out" 'Work/Deep;UID=1000000002.M2P1.x	.*missing'

# ---- less than all ----

rm -rf "$T/b"
cp -a "$T/a" "$T/b"
check_rc 0 '--quick' verify a b --quick
check_same 'it says that octets were not looked at' 'INBOX|skip|skipped||8|8||' \
	"$(rows octets | sed -n 1p)"
touch -d 2001-01-01 "$T/b/cur/1000000003.M3P1.x:2,FS" \
	"$T/b/cur/1000000000.M0P1.x:2,"
rm "$T/b/cur/1000000006.M6P1.x:2,"
check_rc 1 '--quick sees dates and counts' verify a b --quick
check_same 'a date, and a message' 'INBOX|fail|missing||8|7||' \
	"$(rows octets fail | sed -n 1p)"
fill "$T/many" <<'PY'
for n in range(400):
    put("Box", n, mail(n))
PY
cp -a "$T/many" "$T/much"
check_rc 0 'a sample' verify many much --sample 10 --seed 1
check_same 'both sides take the same' 'Box|pass' \
	"$(rows octets | grep Box | cut -d'|' -f 1,2)"
taken=$(rows octets | grep Box | cut -d'|' -f 5)
check "a tenth or so: $taken of 400" [ "$taken" -gt 15 -a "$taken" -lt 80 ]
check_rc 0 'the same seed' verify many much --sample 10 --seed 1
check_same 'the same sample' "$taken" \
	"$(rows octets | grep Box | cut -d'|' -f 5)"
find "$T/much" -type f -exec sed -i s/text/test/ {} +
check_rc 1 'the sample sees what all have' verify many much --sample 10
check_rc 64 'a sample of nothing' verify a b --sample 0
check_rc 64 'a sample without bodies' verify a b --sample 5 --quick

# ---- manifests ----

rm -rf "$T/b"
cp -a "$T/a" "$T/b"
printf 'account\tsource\ttarget\nanna\tmaildir:%s\tmaildir:%s\n' "$T/a" \
	"$T/b" >"$T/jobs"
check_rc 0 'a manifest' mbx-verify --manifest "$T/ma" "$T/jobs"
check_rc 0 'of the other side' mbx-verify --manifest "$T/mb" --side target \
	"$T/jobs"
check_rc 0 'they are alike' mbx-verify --compare "$T/ma" "$T/mb"
check_same 'as the stores are' 'INBOX|pass|same||8|8|L0|exact' \
	"$(rows octets | sed -n 1p)"
check_rc 0 'the table of jobs says which' mbx-verify --compare "$T/ma" \
	"$T/mb" "$T/jobs"
check_rc 0 'in other words' mbx-verify --compare "$T/ma" --against "$T/mb"
check_rc 64 'one directory is not enough' mbx-verify --compare "$T/ma"
check_rc 66 'a directory that is not there' mbx-verify --compare "$T/ma" \
	"$T/none"
whole=$(echo "$T"/mb/*.tsv)
cp "$whole" "$T/whole"
size=$(wc -c <"$whole")
bad=0
for cut in $(seq 0 $(((size - 1) / 40)) $((size - 1))) $((size - 1)); do
	head -c "$cut" "$T/whole" >"$whole"
	mbx-verify -q --compare "$T/ma" "$T/mb" >"$T/out" 2>"$T/err" &&
		bad=$((bad + 1))
	grep -q "$(printf '\tpass\t')" "$T/out" && bad=$((bad + 1))
done
check_same 'cut anywhere it is refused' 0 $bad
bad=0
for at in $(seq 700 97 $((size - 1))); do
	python3 - "$T/whole" "$whole" "$at" <<'PY'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[int(sys.argv[3])] ^= 1
open(sys.argv[2], "wb").write(data)
PY
	mbx-verify -q --compare "$T/ma" "$T/mb" >"$T/out" 2>"$T/err" &&
		bad=$((bad + 1))
done
check_same 'a bit flipped anywhere too' 0 $bad
cp "$T/whole" "$whole"
mkdir "$T/ia" "$T/ib" "$T/i1" "$T/i0"
mbx-inventory --depth messages "$T/jobs" >"$T/ia/a.tsv"
mbx-inventory --depth messages --side target --to=csv "$T/jobs" >"$T/ib/b.csv"
mbx-inventory --depth messages --digest L1 "$T/jobs" >"$T/i1/a.tsv"
mbx-inventory --depth messages --digest none "$T/jobs" >"$T/i0/a.tsv"
check_rc 0 'tables of mbx-inventory are manifests' mbx-verify --compare \
	"$T/ia" "$T/ib"
check_has 'whose end nobody knows' "$T/err" 'no row says where it ends'
sed -i '6d' "$T/ib/b.csv"
check_rc 1 'but the count of a folder is known' mbx-verify --compare "$T/ia" \
	"$T/ib"
check_rc 1 'another level' mbx-verify --compare "$T/ma" "$T/i1"
check_has 'is named' "$T/err" 'L0, of the target L1'
check_rc 1 'L1 on both sides is less than demanded' mbx-verify \
	--compare "$T/i1" "$T/i1"
check_rc 0 'unless parts will do' mbx-verify -a parts --compare "$T/i1" \
	"$T/i1"
check_rc 1 'no digests' mbx-verify --compare "$T/i0" "$T/i0"
check_rc 0 'are for --quick' mbx-verify --quick --compare "$T/i0" "$T/i0"
check_rc 0 '-n writes none' mbx-verify -n --manifest "$T/mn" "$T/jobs"
check 'not even the directory' [ ! -e "$T/mn" ]

# ---- servers ----

dovecot_start dv users='anna bert' conf='namespace inbox {
  mailbox All {
    special_use = \All
    auto = create
  }
}' || exit 1
for user in anna bert wrong; do
	printf 'PASSWORD-OF-%s\n' $user >"$T/$user.pw"
done
chmod 600 "$T"/*.pw
at() { echo "imaps://$1@localhost:$dv_imaps;ca=$dv_ca"; }
served() { # SECRET [option...]
	secret=$1
	shift
	mbx-verify --source "$(at anna)" --source-secret "file:$T/anna.pw" \
		--target "$(at bert)" --target-secret "file:$T/$secret.pw" "$@"
}
python3 - "$dv_port" <<'PY'
import imaplib, sys
def text(n):
    return b"From: a@x\r\nMessage-ID: <%d@x>\r\n\r\ntext\r\n" % n
for user in ("anna", "bert"):
    box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
    box.login(user, "PASSWORD-OF-" + user)
    box.create("Work")
    date = '"01-Feb-2022 10:00:00 +0100"'
    for n in range(6):
        box.append("INBOX", "(\\Seen $Label)", date, text(n))
        box.append("Work", "", date, text(n + 10))
    if user == "anna":
        for n in (0, 1, 10, 20):
            box.append("All", "", date, text(n))
    else:
        box.append("All", "", date, text(20))
    box.logout()
PY
check_rc 0 'role all: what any folder of the target holds is there' \
	served bert

# One server works while the other is listened to.
passed_on() { # URL of it, through a proxy that notes what is asked
	python3 t/counts.py turns "$dv_port" "$T/turns" >"$T/first" 2>/dev/null &
	pid=$!
	defer "kill $pid; wait $pid 2>/dev/null"
	for turn in $(seq 100); do
		[ ! -s "$T/first" ] || break
		sleep 0.05
	done
	url="imap://$1@127.0.0.1:$(cat "$T/first");tls=none"
	rm "$T/first"
}
passed_on anna
source=$url
passed_on bert
check_rc 0 'through proxies' mbx-verify --source "$source" \
	--source-secret "file:$T/anna.pw" --target "$url" \
	--target-secret "file:$T/bert.pw"
check_same 'both sides are entered before bodies of either come' 2 \
	"$(awk '/EXAMINE/ { n++ } /BODY/ { print n; exit }' "$T/turns")"
check_same 'three of four are elsewhere' 'All|pass|same||4|4|L0|exact' \
	"$(rows octets | grep ^All)"
python3 - "$dv_port" <<'PY'
import imaplib, sys
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("bert", "PASSWORD-OF-bert")
box.select("INBOX")
box.store("2", "-FLAGS", "$Label")
box.store("3", "+FLAGS", "\\Answered")
box.select("Work")
box.store("1", "+FLAGS", "\\Deleted")
box.expunge()
box.logout()
PY
check_rc 1 'flags, keywords, and one that is gone' served bert
check_same 'a keyword' \
	"INBOX;UID=2|fail|differs|FLAG|\\\\Seen \$Label|\\\\Seen|L0|exact" \
	"$(rows keywords fail | grep UID)"
check_same 'a flag' 'INBOX;UID=3|fail|differs|FLAG' \
	"$(rows flags fail | grep UID | cut -d'|' -f 1-4)"
check_same 'in its folder and in all' 'All;UID=3|fail|missing
Work;UID=1|fail|missing' "$(rows octets fail | grep UID | cut -d'|' -f 1-3 | sort)"
check_same 'uids: only those' 'Work|pass|same||2|2|L0|exact' "$(
	printf 'source\tsource_secret\ttarget\ttarget_secret\tfolder\tuids\n%s\t%s\t%s\t%s\tWork\t2,4:4\n' \
		"$(at anna)" "file:$T/anna.pw" "$(at bert)" "file:$T/bert.pw" |
		mbx-verify >"$T/out"
	rows octets)"
check_rc 77 'a wrong password' served wrong
check_same 'one row' failed,AUTH \
	"$(column status <"$T/out"),$(column code <"$T/out")"
check_rc 78 'no target' mbx-verify --source "maildir:$T/a"
port=$(free_port)
check_rc 69 'nobody answers' mbx-verify --source "maildir:$T/a" \
	--target "imap://anna@127.0.0.1:$port;tls=none"
check_same 'a row of it' failed,CONN \
	"$(column status <"$T/out"),$(column code <"$T/out")"

# The same where the target altered every message: on the rung it is known for.
python3 - "$dv_port" "$T/altered" <<'PY'
import email.utils, imaplib, os, sys, time
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("anna", "PASSWORD-OF-anna")
for folder in "INBOX", "Work", "All":
    to = os.path.join(sys.argv[2], "" if folder == "INBOX" else "." + folder)
    for sub in "cur", "new", "tmp":
        os.makedirs(os.path.join(to, sub))
    box.select(folder, readonly=True)
    data = box.fetch("1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")[1]
    for n, (head, octets) in enumerate(data[::2]):
        if folder == "All" and n < 3:
            continue # in the other folders
        name = os.path.join(to, "cur", "%d.M%dP1.x:2," % (1e9 + n, n))
        with open(name + "S" * (b"Seen" in head), "wb") as f:
            f.write(b"Status: RO\r\n" + octets)
        at = time.mktime(imaplib.Internaldate2tuple(head))
        os.utime(f.name, (at, at))
PY
altered() {
	mbx-verify --source "$(at anna)" --source-secret "file:$T/anna.pw" \
		--target "maildir:$T/altered" -a store --only All
}
check_rc 0 'role all: what is elsewhere and altered is there' altered
check_same 'all of four' 'All|pass|same||4|4|store' \
	"$(rows octets | grep ^All | sed 's/|L[0-9]*|/|/')"
rm "$T"/altered/cur/*.M1P1.x*
check_rc 1 'but not what is nowhere' altered
check_same 'that one' 'All;UID=2|fail|missing' \
	"$(rows octets fail | grep UID | cut -d'|' -f 1-3)"

# A message that is listed and does not come is an error, on either side, in a
# manifest, and where that is compared.
scripted_start here 'box=INBOX 5' 'box=Work 4'
scripted_start there 'box=INBOX 5' 'box=Work 4'
printf 'source\tsource_secret\ttarget\ttarget_secret\n%s\tfile:%s\t%s\tfile:%s\n' \
	"imap://anna@127.0.0.1:$here_port;tls=none" "$T/anna.pw" \
	"imap://anna@127.0.0.1:$there_port;tls=none" "$T/anna.pw" >"$T/jobs"
check_rc 0 'two servers that are alike' mbx-verify "$T/jobs"
check_rc 0 'a whole manifest' mbx-verify --manifest "$T/mt" --side target \
	"$T/jobs"
lost='INBOX;UID=2|error|failed|VANISHED
Work;UID=2|error|failed|VANISHED'
for name in here there; do
	scripted_rules $name 'BODY edit /UID 2 BODY/UID 2 X/'
	check_rc 1 "a message does not come: $name" mbx-verify "$T/jobs"
	check_same 'it is named' "$lost" \
		"$(rows octets error | cut -d'|' -f 1-4 | sort)"
	[ $name = there ] || check_rc 1 'a manifest says so' \
		mbx-verify --manifest "$T/ms" "$T/jobs"
	scripted_rules $name
done
check_same 'in its rows' 'INBOX 2 VANISHED,Work 2 VANISHED' "$(awk -F'\t' '
	NR == 1 { for (i = 1; i <= NF; i++) c[$i] = i }
	$c["status"] == "failed" { print $c["folder"], $c["uid"], $c["code"] }' \
	"$T"/ms/*.tsv | paste -sd,)"
check_rc 1 'and so does what is compared with it' \
	mbx-verify --compare "$T/ms" "$T/mt"
check_same 'by message' 'INBOX;UID=2|error|failed
Work;UID=2|error|failed' "$(rows octets error | cut -d'|' -f 1-3 | sort)"

# Dovecot takes a date to come for now: it differs, and is told.
fill "$T/late" <<'PY'
put("", 1, mail(1), "", 4000000000)
PY
python3 - "$dv_port" "$T/late" <<'PY'
import glob, imaplib, sys
box = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
box.login("bert", "PASSWORD-OF-bert")
box.create("Late")
octets = open(glob.glob(sys.argv[2] + "/cur/*")[0], "rb").read()
box.append("Late", "", '"02-Oct-2096 07:06:40 +0000"',
           octets.replace(b"\n", b"\r\n"))
box.logout()
PY
printf 'source\ttarget\ttarget_secret\tfolder\tdst_folder\nmaildir:%s\t%s\t%s\tINBOX\tLate\n' \
	"$T/late" "$(at bert)" "file:$T/bert.pw" >"$T/jobs"
check_rc 1 'a date to come' mbx-verify "$T/jobs"
check_same 'the octets are there' 'INBOX|pass' \
	"$(rows octets | cut -d'|' -f 1-2)"
check_same 'the date is not' 'INBOX;UID=1000000001.M1P1.x|fail|differs|DATE|2096-10-02T07:06:40Z' \
	"$(rows date fail | grep UID | cut -d'|' -f 1-5)"
done_testing
