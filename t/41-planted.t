#!/bin/sh
# mbx-verify finds every planted fault, by its check, folder and message, and
# sees none where there is none.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh

each=91 small=184
[ "$SHORT" = 0 ] || each=12 small=24
seed=${SEED:-20261123}
echo "# SEED=$seed"

# plant SEED SOURCE TARGET FAULTS: a Maildir, its copy, and what is wrong there.
plant() {
	python3 t/plant.py make "$1" "$2" $small && cp -a "$2" "$3" &&
		python3 t/plant.py fault "$1" $each "$3" >"$4"
}
found="$((each * 11)) of $((each * 11)) found, at least $each of each of 11 kinds, 0 false alarms"

# ---- Maildir to Maildir ----

check "faults are planted" plant "$seed" "$T/a" "$T/b" "$T/faults"
check_rc 0 'before that, all is well' mbx-verify \
	--source "maildir:$T/a" --target "maildir:$T/a"
check_rc 1 'afterwards it is not' mbx-verify \
	--source "maildir:$T/a" --target "maildir:$T/b"
check_same 'Maildir: each is found and named' "$found" \
	"$(python3 t/plant.py judge "$T/faults" "$T/out")"

# The same by manifests, for hosts that never meet.
check_rc 0 'a manifest of the source' mbx-verify --manifest "$T/ma" \
	--source "maildir:$T/a"
printf 'account\tsource\n%s\tmaildir:%s\n' "$T/a" "$T/b" >"$T/rows"
check_rc 0 'one of the target' mbx-verify --manifest "$T/mb" "$T/rows"
check_rc 1 'compared' mbx-verify --accept eol --compare "$T/ma" "$T/mb"
check_same 'manifests: each is found and named' "$found" \
	"$(python3 t/plant.py judge "$T/faults" "$T/out")"

# ---- Dovecot to Dovecot ----

dovecot_start dv users='anna bert carl dora emil fritz paul quin' || exit 1
check 'faults under a Dovecot' plant "$((seed + 1))" "$dv_dir/mail/paul" \
	"$dv_dir/mail/quin" "$T/faults"
[ "$(id -u)" -ne 0 ] || chown -R "$dv_owner" "$dv_dir/mail"
for user in anna bert carl dora emil fritz paul quin; do
	printf 'PASSWORD-OF-%s\n' $user >"$T/$user.pw"
done
chmod 600 "$T"/*.pw
dv() { echo "imaps://$1@localhost:$dv_imaps;ca=$dv_ca"; }
check_rc 1 'Dovecot to Dovecot' mbx-verify \
	--source "$(dv paul)" --source-secret "file:$T/paul.pw" \
	--target "$(dv quin)" --target-secret "file:$T/quin.pw"
check_same 'Dovecot: each is found and named' "$found" \
	"$(python3 t/plant.py judge "$T/faults" "$T/out" --uids)"

# ---- clean pairs: everything to everything ----

# What a server alters is among it: header octets beyond ASCII (Cyrus), NUL
# (Dovecot), no line end at the end (mbox), lone CR, no header at all.
python3 - "$T/clean" <<'PY'
import os, sys
root = sys.argv[1]
def put(folder, n, octets, flags="", date=None):
    path = os.path.join(root, folder) if folder else root
    for sub in ("cur", "new", "tmp"):
        os.makedirs(os.path.join(path, sub), exist_ok=True)
    if octets is None:
        return
    full = os.path.join(path, "cur", "%d.M%dP1.x:2,%s" % (1e9 + n, n, flags))
    open(full, "wb").write(octets)
    os.utime(full, (date or 1600000000 + n,) * 2)
def mail(n, head=b"", body=b"text\n"):
    return (b"From: a@example.org\nDate: Mon, 1 Jan 2024 10:00:00 +0000\n"
            b"Message-ID: <%d@x>\n" % n) + head + b"\n" + body
for n in range(40):
    put(("", ".Sent", ".Work", ".Work.Deep")[n % 4], n, mail(n),
        ("", "S", "RS", "FS")[n // 4 % 4])
for n in range(40, 46):
    put("", n, mail(39, body=b"as often as here\n"))
put("", 46, mail(46, b"Subject: gr\xc3\xbc\xc3\x9fe XX ?\n"))
put("", 47, mail(47, body=b"no line end"))
put("", 48, mail(48, body=b"one \r lone CR\n"))
put("", 49, mail(49, body=b"From the start\n>From quoted\n\n\n"))
put("", 50, mail(50, b"Status: RO\nX-Keywords: foreign\n"))
put("", 51, mail(51, body=b""))
put("", 52, mail(52, body=b"long " * 9000 + b"\n"))
put(".Empty", 0, None)
PY
kinds='mbox dovecot'
[ "$SHORT" = 1 ] || kinds="nested $kinds"
! cyrus_here || { cyrus_start cy anna bert carl dora emil fritz &&
	kinds="$kinds cyrus"; }
! command -v imap4d >/dev/null || { imap4d_start i4 anna bert carl dora emil \
	fritz && kinds="$kinds imap4d"; }
# where KIND USER: an endpoint that was empty, or filled by the turn before.
where() {
	case $1 in
	maildir) echo "maildir:$T/clean.$1.$2" ;;
	nested) echo "maildir:$T/clean.$1.$2;layout=fs" ;;
	mbox) echo "mbox:$T/clean.$1.$2" ;;
	dovecot) dv "$2" ;;
	cyrus) echo "imap://$2@127.0.0.1:$cy_port;tls=none" ;;
	imap4d) echo "imap://$2%40here@127.0.0.1:$i4_port;tls=none;auth=LOGIN" ;;
	esac
}
profile() { [ "$1" = nested ] && echo maildir || echo "$1"; }
# both TOOL SOURCE-KIND SOURCE-USER TARGET-KIND TARGET-USER [option...]
both() {
	tool=$1 sk=$2 su=$3 tk=$4 tu=$5
	shift 5
	"$tool" -q -p "$(profile "$tk")" "$@" --source "$(where "$sk" "$su")" \
		--source-secret "file:$T/$su.pw" --target "$(where "$tk" "$tu")" \
		--target-secret "file:$T/$tu.pw"
}
mv "$T/clean" "$T/clean.maildir.anna"
pairs=0 wrong=0
one() {
	both mbx-copy "$@" -l "$T/ledger" >"$T/copy" 2>"$T/copy.err"
	rc=$?
	[ $rc -le 1 ] || fail "$*: copied" "$(cat "$T/copy.err" "$T/copy")"
	pairs=$((pairs + 1))
	both mbx-verify "$@" >"$T/out" 2>"$T/err" && return
	wrong=$((wrong + 1))
	fail "$*: no false alarm" "$(cat "$T/err")" "$(cut -f 8-19 "$T/out" |
		grep -Ev 'pass|skip')"
}
# A source of each kind, then from each to each.
for kind in $kinds; do
	one maildir anna "$kind" anna
done
users='bert carl dora emil fritz'
for source in $kinds; do
	user=${users%% *}
	users="${users#* } $user"
	for target in maildir $kinds; do
		[ "$source" != "$target" ] || continue
		one "$source" anna "$target" "$user"
	done
done
check_same 'no false alarm on clean pairs' 0 $wrong
[ "$SHORT" = 1 ] || check "there are 20 of them: $pairs" [ $pairs -ge 20 ]
done_testing
