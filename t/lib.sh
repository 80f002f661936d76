# shellcheck shell=sh
# lib.sh: TAP for the shell tests.  A test is
#	. "$(dirname "$0")/lib.sh"
#	check 'what must be true' command args
#	done_testing
# $T is a directory of its own, removed at the end; the tools are in PATH.
# SHORT=1 leaves out the long loops.
# Servers are started by t/servers/*.sh and ended by their pids at exit.
set -u
cd "$(dirname "$0")/.." || exit 1
TOP=$PWD
B=${B:-build}
SAN=${SAN:-0} SHORT=${SHORT:-0}
case $B in /*) ;; *) B=$TOP/$B ;; esac
PATH=$B/bin:$PATH:/usr/sbin:/sbin
export PATH B SAN SHORT
. t/servers/stage.sh
stage_open mbx-t
checks=0 failures=0

pass() { checks=$((checks + 1)); echo "ok $checks - $1"; }
fail() {
	checks=$((checks + 1)) failures=$((failures + 1))
	echo "not ok $checks - $1"
	shift
	for why; do printf '%s\n' "$why" | head -n 20 | sed 's/^/# /'; done
}
# check 'sentence' command...: it must end with 0.
check() {
	sentence=$1
	shift
	"$@" >"$T/.out" 2>"$T/.err"
	rc=$?
	if [ $rc -eq 0 ]; then pass "$sentence"; else
		fail "$sentence" "exit $rc: $*" "$(cat "$T/.out" "$T/.err")"
	fi
}
# check_rc CODE 'sentence' command...: stdout in $T/out, stderr in $T/err.
check_rc() {
	want=$1 sentence=$2
	shift 2
	"$@" >"$T/out" 2>"$T/err"
	rc=$?
	if [ $rc -eq "$want" ]; then pass "$sentence"; else
		fail "$sentence" "exit $rc, not $want: $*" "$(cat "$T/err")" \
		    "$(cat "$T/out")"
	fi
}
# check_same 'sentence' WANT GOT: two strings.
check_same() {
	if [ "$2" = "$3" ]; then pass "$1"; else
		fail "$1" "want: $2" "got:  $3"
	fi
}
# check_files 'sentence' WANT GOT: two files.
check_files() {
	if cmp -s "$2" "$3"; then pass "$1"; else
		fail "$1" "$(diff "$2" "$3" 2>&1)"
	fi
}
# check_has 'sentence' FILE ERE
check_has() {
	if grep -Eq -- "$3" "$2"; then pass "$1"; else
		fail "$1" "no match for $3 in:" "$(cat "$2")"
	fi
}
check_hasnt() {
	if grep -Eq -- "$3" "$2"; then
		fail "$1" "$(grep -E -- "$3" "$2")"
	else pass "$1"; fi
}
# column NAME < rows: one column of a TSV without its header.
column() {
	awk -F'\t' -v name="$1" 'NR == 1 {
		for (i = 1; i <= NF; i++) if ($i == name) c = i
		next
	} { print c ? $c : "" }'
}
skip_all() { echo "1..0 # SKIP $1"; exit 0; }
done_testing() {
	echo "1..$checks"
	[ "$failures" -eq 0 ]
	exit
}
