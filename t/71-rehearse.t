#!/bin/sh
# make rehearse: the whole runbook, there and back; what both sides hold then,
# told by the oracle; and that it fails when a tool does not do what it should.
. "$(dirname "$0")/lib.sh"
mkdir -m 1777 "$T/tmp"
chmod 711 "$T"
dump() { python3 t/oracle.py dump "maildir:$1" | cut -f 1-4 | LC_ALL=C sort; }

check_rc 0 'rehearse ends well' env TMPDIR="$T/tmp" KEEP=1 \
	share/demo/rehearse "$B/bin"
check_same 'its last line says so' \
	'rehearse: as it should be: 12 mailboxes, 63 messages, there and back' \
	"$(tail -n 1 "$T/out")"
for goal in 'assess prepare' ttl 'test pilot' '-j2 sync' delta cutover switch \
	validate 'rollback reverse restore'; do
	check_has "it shows make $goal" "$T/out" "^\\\$ make -s $goal\$"
done
cd "$T"/tmp/mbx-rehearse.* || exit 1
kept=$PWD
cd "$TOP" || exit 1
for user in user01 user02 user12; do
	dump "$kept/old/mail/$user" >"$T/old"
	dump "$kept/new/mail/$user" >"$T/new"
	check_files "$user: the same at both servers" "$T/old" "$T/new"
	check_same "$user: in these folders" 'INBOX Projects/2026 & on Sent' \
		"$(cut -f 1 "$T/old" | sort -u | xargs | sed 's|s\.2026|s/2026|')"
done
check_same 'each step has its product' '' "$(cd "$kept" &&
	ls sizing.tsv schedule.tsv schedule.md schedule.ics schedule.svg \
		delta/*.tsv cutover/checks.tsv switch/checks.tsv \
		validate/*.tsv rollback/applied.tsv reverse/*.tsv \
		ttl/restored.tsv 2>&1 >/dev/null)"
rm -rf "$T"/tmp/*

mkdir "$T/bin"
cp "$B"/bin/* "$T/bin"
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor jobs; do :; done\ncat "$jobs"\n' >"$T/bin/mbx-copy"
chmod 755 "$T/bin/mbx-copy"
check_rc 1 'it fails where mbx-copy does nothing' env TMPDIR="$T/tmp" \
	share/demo/rehearse "$T/bin"
check_has '... and says where' "$T/err" '^rehearse: '
check_same 'and leaves nothing behind' '' "$(ls "$T/tmp")"
done_testing
