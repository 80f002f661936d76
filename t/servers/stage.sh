# stage.sh: what a script that starts servers stands on: $T, a directory of its
# own, what is to be done at its end, and free ports.  All of it goes at exit,
# on ^C too.  KEEP=1 leaves $T there.
# shellcheck shell=sh
at_exit=

# stage_open NAME: makes $T.
stage_open() {
	T=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX") || exit 1
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}
# defer 'command': run at the end, last first.
defer() { at_exit="$1
$at_exit"; }
clean_up() {
	eval "$at_exit"
	[ -n "${KEEP:-}" ] || rm -rf "$T"
}
# free_port: a port of 127.0.0.1 that nobody uses now.
free_port() {
	perl -MSocket -e 'socket(S, PF_INET, SOCK_STREAM, 0) or die;
		bind(S, sockaddr_in(0, INADDR_LOOPBACK)) or die;
		print((sockaddr_in(getsockname(S)))[0], "\n")'
}
