#!/bin/sh
# The demos: what they copied, told by the oracle; what they leave behind; and
# that they fail when a tool does not do what it should.
. "$(dirname "$0")/lib.sh"

tree=$TOP
mkdir "$T/tmp"
chmod 711 "$T"
chmod 1777 "$T/tmp"
# demo NAME [VARIABLE=VALUE...]: with the tools of $bin.
bin=$B/bin
demo() {
	name=$1
	shift
	env TMPDIR="$T/tmp" "$@" "$tree/share/demo/$name" "$bin"
}
# left: what is still there of it, as a file or as a process.
left() {
	ls "$T/tmp"
	cat /proc/[0-9]*/cmdline >"$T/all" 2>/dev/null
	tr '\0' '\n' <"$T/all" | grep -F "$T/tmp"
}
# dump MAILDIR: all but the names of the files.
dump() { python3 t/oracle.py dump "maildir:$1" | cut -f 1-4; }

for name in demo-files demo; do
	check_rc 0 "$name ends well" demo $name
	check_same "$name: its last line says so" \
		"$name: as it should be: 31 messages in 14 folders, each there once" \
		"$(tail -n 1 "$T/out")"
	for line in 'mbx-inventory accounts.csv' 'mbx-map .*folders.tsv' \
		'mbx-copy --ledger' 'mbx-verify jobs.tsv'; do
		check_has "$name shows $line" "$T/out" "^\\\$ $line"
	done
	check_same "$name leaves nothing behind" '' "$(left)"
done

# What they did, from the files they made.
began=$(date +%s)
check_rc 0 'demo-files, kept' demo demo-files KEEP=1
[ "$SAN" = 1 ] ||
	check '... in less than 10 s' [ $(($(date +%s) - began)) -lt 10 ]
for user in anna bert; do
	dump "$T"/tmp/mbx-demo-files.*/old/$user >"$T/old"
	dump "$T"/tmp/mbx-demo-files.*/new/$user >"$T/new"
	check_has "$user: something is there" "$T/old" '^Projekte/v1.2 & mehr'
	check_files "$user: the same on both sides" "$T/old" "$T/new"
done
rm -rf "$T"/tmp/*

# Dovecot serves NUL as 0x80, and no name holds the separator or a slash.
check_rc 0 'demo, kept' demo demo KEEP=1
for user in anna bert; do
	box=$(echo "$T"/tmp/mbx-demo.*/old/mail/$user)
	nul=$(grep -l 'NUL in the body' "$box"/cur/*)
	cp -p "$nul" "$T/nul"
	LC_ALL=C tr '\0' '\200' <"$T/nul" >"$nul"
	touch -r "$T/nul" "$nul"
	dump "$box" | sed 's/^Entwürfe/Drafts/
		s/^Gesendet/Sent/
		s/^Projekte.v1\.2/Projekte\/v1=2E2/
		s/^Rechnungen 2024%2F/Rechnungen 2024=2F/' | LC_ALL=C sort >"$T/old"
	dump "$T"/tmp/mbx-demo.*/new/mail/$user | LC_ALL=C sort >"$T/new"
	check_has "$user: something is there" "$T/old" '^Projekte/v1=2E2 & mehr'
	check_files "$user: the same on both sides" "$T/old" "$T/new"
done
rm -rf "$T"/tmp/*

# As an ordinary user, who may read the tree.
if [ "$(id -u)" -eq 0 ]; then
	tree=$T/tree bin=$T/tree/bin
	mkdir -p "$tree/t"
	cp -r share "$tree"
	cp -r t/servers "$tree/t"
	cp -r "$B/bin" "$bin"
	chmod -R a+rX "$tree"
	for name in demo-files demo; do
		check_rc 0 "$name as an ordinary user" setpriv --reuid=nobody \
			--regid=nogroup --clear-groups env TMPDIR="$T/tmp" \
			"$tree/share/demo/$name" "$bin"
		check_same "$name as an ordinary user leaves nothing behind" '' \
			"$(left)"
	done
fi

# ^C while it runs.
check_rc 130 'demo ends on ^C' python3 - "$T/tmp" "$tree/share/demo/demo" \
	"$bin" <<-'EOF'
	import os, signal, subprocess, sys
	demo = subprocess.Popen(sys.argv[2:], stdout=subprocess.PIPE, text=True,
	    env=dict(os.environ, TMPDIR=sys.argv[1]), start_new_session=True,
	    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
	for line in demo.stdout:
	    if line.startswith("$ mbx-copy"):
	        os.killpg(demo.pid, signal.SIGINT)
	sys.exit(demo.wait())
EOF
check_same '^C leaves nothing behind' '' "$(left)"

# The pipe of the README, as it stands there.
mkdir "$T/readme"
sed -n 's/^    \$ \(mbx-.*\)/\1/p' README.md >"$T/readme/pipe"
check_same 'the README has a pipe' 3 "$(wc -l <"$T/readme/pipe")"
(
	cd "$T/readme" || exit
	. "$TOP/share/demo/mail.sh"
	make_mail old/anna 1
	printf 'source,target\nmaildir:old/anna,maildir:new/anna\n' >accounts.csv
	sh -e ./pipe >out 2>err
)
check_same 'it ends in proven' proven "$(cat "$T/readme/out" "$T/readme/err")"
check_has 'it copied' "$T/readme/results.tsv" 'copied'

# A tool that only says yes.
mkdir "$T/bin"
cp "$bin"/mbx-* "$T/bin"
bin=$T/bin
for tool in mbx-copy mbx-verify; do
	mv "$T/bin/$tool" "$T/right"
	printf '#!/bin/sh\ncat jobs.tsv\n' >"$T/bin/$tool"
	chmod 755 "$T/bin/$tool"
	check_rc 1 "demo-files fails when $tool does nothing" demo demo-files
	check_has '... and says why' "$T/err" '^demo-files: (not so|this ended)'
	mv "$T/right" "$T/bin/$tool"
done
done_testing
