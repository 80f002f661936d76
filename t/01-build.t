#!/bin/sh
# The build: static and hardened, the same octets from two directories, one
# file that is every tool, install and uninstall, the tarball, and deps where
# it cannot install.  The copies are built with the Makefile's own defaults,
# whatever this run was called with.
. "$(dirname "$0")/lib.sh"
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES

tools=$(for file in cmd/*.c; do basename "$file" .c; done)
check_has 'there are tools' - '^mbx-' <<-EOF
	$tools
EOF

# has FILE ERE, hasnt FILE ERE: what readelf says of its segments.
has() { readelf -W -l -d "$1" 2>&1 | grep -Eq "$2"; }
hasnt() { ! has "$1" "$2"; }
hardened() { # file
	check "${1##*/}: relocations read-only" has "$1" 'GNU_RELRO'
	check "${1##*/}: no executable stack" has "$1" 'GNU_STACK.* RW  *0x'
	check "${1##*/}: nothing writable and executable" \
		hasnt "$1" '(LOAD|GNU_STACK).* RWE '
}
static() { # file
	check "${1##*/}: no interpreter, no dynamic section" \
		hasnt "$1" 'INTERP|\(NEEDED\)|DYNAMIC'
	case $(ldd "$1" 2>&1) in
	*'not a dynamic executable'*) pass "${1##*/}: ldd says so" ;;
	*) fail "${1##*/}: ldd says so" "$(ldd "$1")" ;;
	esac
}

# What this run was built with.
for tool in $tools; do
	hardened "$B/bin/$tool"
	if has "$B/bin/$tool" INTERP; then
		check "$tool: dynamic: bound at start" has "$B/bin/$tool" 'NOW'
	else
		static "$B/bin/$tool"
	fi
done
if [ "$SAN" = 1 ]; then
	check 'the sanitizers are there' has "$B/bin/mbx-map" 'NEEDED.*libubsan'
fi

# deps where it cannot install: a list and 69.
mkdir "$T/dev" "$T/few"
cp share/dev/deps "$T/dev"
chmod 711 "$T"
for command in sh cat sort tr id dirname grep mktemp rm chmod tail; do
	ln -s "$(command -v $command)" "$T/few"
done
deps() { # [VARIABLE=VALUE...]: as somebody else than root
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=nobody --regid=nogroup --clear-groups \
			env MBX_SERVERS="$T/none" "$@" "$T/dev/deps" build check
	else
		env MBX_SERVERS="$T/none" "$@" "$T/dev/deps" build check
	fi
}
check_rc 69 'deps without root: 69' deps
check_has '... and what is needed' "$T/out" '^deps: needed: .*cyrus-imapd'
check_has '... and what to do' "$T/err" 'as root'
check_rc 69 'deps without apt: 69' env PATH="$T/few" MBX_SERVERS="$T/none" \
	/bin/sh "$T/dev/deps" build demo
check_has '... and what is needed, by its package' "$T/out" \
	'^deps: needed: gcc openssl '
check_rc 64 'deps: a set that is none: 64' "$T/dev/deps" build nonsense
check_rc 0 'deps: all there: 0' share/dev/deps build
check_same '... and silent' '' "$(cat "$T/out" "$T/err")"

# deps as root, with an apt-get that only tells how it was called.
policy=/usr/sbin/policy-rc.d
cat >"$T/few/apt-get" <<-EOF
	#!/bin/sh
	$policy; echo "policy \$?: \$*" >>"$T/apt"
	[ ! -e "$T/apt-fails" ] || { echo 'E: no network'; exit 100; }
EOF
chmod 755 "$T/few/apt-get"
if [ "$(id -u)" -eq 0 ]; then
	before=$(cat $policy 2>&1)
	check_rc 0 'deps as root installs' env PATH="$T/few" sh "$T/dev/deps" \
		build demo
	check_has '... the list first' "$T/out" '^deps: needed: gcc openssl '
	check_has '... removes nothing, adds nothing, starts nothing' "$T/apt" \
		'^policy 101: install .*--no-remove --no-install-recommends .*gcc'
	check_same '... and takes the policy away' "$before" \
		"$(cat $policy 2>&1)"
	: >"$T/apt-fails"
	check_rc 69 'deps: apt fails: 69' env PATH="$T/few" sh "$T/dev/deps" build
	check_has '... and why' "$T/err" 'no network'
	check_same '... and the policy is gone' "$before" "$(cat $policy 2>&1)"
fi

[ "$SHORT" = 0 ] || done_testing

# Two trees with nothing in common but what is in them.
export SOURCE_DATE_EPOCH=1700000000
one=$T/one two=$T/two/with/a/longer/name
for tree in "$one" "$two"; do
	mkdir -p "$tree"
	cp -r cmd lib man share Makefile config.mk ./*.md LICENSE "$tree"
	make -s -C "$tree" dist >"$tree.log" 2>&1 &
	pids="${pids:-} $!"
done
for pid in $pids; do
	check 'a copy of the tree: dist' wait "$pid"
done
for tree in "$one" "$two"; do
	check_same 'not a word from the compiler or the linker' \
		"dist/$(cd "$tree/dist" && ls)" \
		"$(grep -v -e 'share/dev/dist' -e '^ *LIBS=' "$tree.log")"
done
for file in $tools mbx; do
	check_files "$file: the same octets from both" "$one/build/bin/$file" \
		"$two/build/bin/$file"
	hardened "$one/build/bin/$file"
	static "$one/build/bin/$file"
done
check 'the tarballs are the same' cmp "$one"/dist/*.tar.gz "$two"/dist/*.tar.gz
for object in "$one"/build/cmd/*.o; do
	check "${object##*/}: has stack protector" \
		grep -q __stack_chk_fail "$object"
done
check 'calls are fortified' grep -q '__[a-z]*_chk' "$one/build/libmbx.a"

# STATIC=0: the same objects, linked dynamically.
mv "$two/build/bin" "$two/static"
check 'STATIC=0 links' make -s -C "$two" STATIC=0 all
for tool in $tools; do
	hardened "$two/build/bin/$tool"
	check "$tool: STATIC=0: dynamic, bound at start, position-independent" \
		has "$two/build/bin/$tool" 'FLAGS_1.*NOW.* PIE'
	check "$tool: STATIC=0: runs" "$two/build/bin/$tool" --version
done
readelf -d "$two"/build/bin/* | grep NEEDED >"$T/needed"
check_has 'STATIC=0: the C library of the system' "$T/needed" '\[libc\.so'
check_hasnt 'STATIC=0: and none but those that are lent' "$T/needed" \
	'\[lib([^cslz]|c[^.rs]|l[^d])|\[libs[^s]'

# install and uninstall.
inside() { (cd "$T/root" && find . ! -type d | LC_ALL=C sort); }
check 'install' make -s -C "$one" install DESTDIR="$T/root" PREFIX=/opt/mbx
inside >"$T/installed"
for tool in $tools; do
	check "$tool: installed, runs, stripped" sh -c "
		\"$T/root/opt/mbx/bin/$tool\" --version &&
		! readelf -S \"$T/root/opt/mbx/bin/$tool\" | grep -q '\\.debug'"
done
check_same 'every page is installed' "$(cd man && find . -name '*.[157]' | sort)" \
	"$(sed -n 's:^./opt/mbx/share/man/man[157]/:./:p' "$T/installed" | sort)"
check_same 'every profile is installed' "$(ls share/profiles)" \
	"$(sed -n 's:^./opt/mbx/share/mbx/profiles/::p' "$T/installed")"
check_hasnt 'nothing outside PREFIX' "$T/installed" '^./[^o]|^./opt/[^m]'
: >"$T/root/opt/mbx/share/mbx/notes"
check 'uninstall' make -s -C "$one" uninstall DESTDIR="$T/root" PREFIX=/opt/mbx
check_same 'leaves nothing but what is not ours' ./opt/mbx/share/mbx/notes \
	"$(inside)"

# One file that is every tool.
box=$one/build/bin/mbx
for tool in $tools; do
	check_same "mbx $tool: by its argument" \
		"$("$one/build/bin/$tool" --help 2>&1)" "$("$box" "$tool" --help 2>&1)"
	ln -s "$box" "$T/$tool"
	check_same "mbx as $tool: by its name" \
		"$("$one/build/bin/$tool" --version)" "$("$T/$tool" --version)"
done
check_rc 64 'mbx alone: usage' "$box"
check_has 'and the tools' "$T/err" "$(echo "$tools" | tail -n 1)"

# The tarball, on a host that has nothing.
mkdir "$T/host"
tar -C "$T/host" -xzf "$one"/dist/*.tar.gz
host=$(echo "$T"/host/mbx-*)
check 'it holds what its SHA256SUMS say' sh -c "
	cd $host && sha256sum -c --quiet SHA256SUMS"
check_same 'and nothing else' \
	"$(cd "$host" && find . -type f ! -name SHA256SUMS | wc -l)" \
	"$(wc -l <"$host/SHA256SUMS")"
for need in README.md LICENSE man/mbx-map.1 share/profiles/dovecot.tsv \
	notices/libcsv-dev notices/libc6-dev notices/LGPL-2.1 \
	notices/SOURCES.tsv relink/libcsv.a relink/libc.a; do
	check "it has $need" test -s "$host/$need"
done
check 'linked again as its README says' make -s -C "$host/relink"
for tool in $tools mbx; do
	strip -R .note.gnu.build-id -o "$T/a" "$host/bin/$tool"
	strip -R .note.gnu.build-id -o "$T/b" "$host/relink/bin/$tool"
	check "$tool: what is linked again is what was shipped" cmp "$T/a" "$T/b"
done
mkdir -p "$host/mail/cur" "$host/mail/new" "$host/mail/tmp"
printf 'Subject: x\n\ny\n' >"$host/mail/cur/1.1.x:2,S"
run_inside() { # TOOL ARGS
	tool=$1
	shift
	if [ "$(id -u)" -eq 0 ]; then
		env -i "$(command -v chroot)" "$host" "/bin/$tool" "$@"
	else
		(cd "$host" && env -i "bin/$tool" "$@")
	fi
}
for tool in $tools; do
	check "$tool runs there" run_inside "$tool" --help
done
run_inside mbx-inventory maildir:mail >"$T/rows" 2>"$T/err"
check_same 'and takes stock there' 'INBOX 1' \
	"$(column folder <"$T/rows") $(column messages <"$T/rows")"
run_inside mbx mbx-map <"$T/rows" >"$T/rows2" 2>"$T/err"
check_same 'and maps' INBOX "$(column dst_folder <"$T/rows2")"
done_testing
