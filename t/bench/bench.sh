#!/bin/sh
# bench.sh: `make bench`: starts the servers and measures, see bench.py.
# BENCH_DIR   where everything lies (a tmpfs: /dev/shm)
# BENCH_DISK  where the target of W1d lies (BENCH_DIR, or /var/tmp)
set -u
cd "$(dirname "$0")/../.." || exit 1
B=$(cd "${B:-build}" && pwd) || exit 66
PATH=$B/bin:$PATH:/usr/sbin:/sbin
BENCH_DISK=${BENCH_DISK:-${BENCH_DIR:-/var/tmp}}
TMPDIR=${BENCH_DIR:-/dev/shm}
[ -d "$TMPDIR" ] || TMPDIR=/tmp
export PATH B TMPDIR
. t/servers/stage.sh
. t/servers/dovecot.sh
stage_open mbx-bench
disk=$(mktemp -d "$BENCH_DISK/mbx-bench.XXXXXX") || exit 1
defer "rm -rf '$disk'"
chmod 777 "$disk"

# Any user has this password; no limit of the servers is met.
BENCH_PASSWORD=PASSWORD-OF-bench
settings="
passdb {
  driver = static
  args = password=$BENCH_PASSWORD
}
protocol imap {
  mail_plugins = zlib imap_zlib
}
service imap {
  process_limit = 1000
}
mail_max_keyword_length = 100
mail_max_userip_connections = 1000
default_process_limit = 1000
default_client_limit = 4000
default_vsz_limit = 2G
auth_cache_size = 10M"

# server NAME [KEY=VALUE...]: one line more for bench.py.
server() {
	name=$1
	shift
	dovecot_start "$name" plugins=zlib fsync=optimized special=yes sep=/ \
		conf="$settings" "$@" || exit 69
	eval "port=\$${name}_port imaps=\$${name}_imaps dir=\$${name}_dir"
	mail=$dir/mail
	[ "$name" != disk ] || mail=$disk
	BENCH_SERVERS="$BENCH_SERVERS$(printf '%s\t%s\t%s\t%s\t%s\t%s' "$name" \
		"$port" "$imaps" "$mail" "$dir/dovecot.conf" \
		"$(cat "$dir/run/master.pid")")
"
}
BENCH_SERVERS=
server src
server dst
server single caps="$(python3 -c 'import imaplib, sys
m = imaplib.IMAP4("127.0.0.1", int(sys.argv[1]))
m.login("nobody", sys.argv[2])
print(*(c for c in m.capability()[1][0].decode().split()
        if c != "MULTIAPPEND"))' "$dst_port" "$BENCH_PASSWORD")"
server disk storage="maildir:$disk/%u"
BENCH_CA=$dst_ca
BENCH_AS_MAIL=
[ "$(id -u)" -ne 0 ] || BENCH_AS_MAIL="setpriv --reuid=$dv_owner \
	--regid=$dv_group --clear-groups"
BENCH_DISK=$disk
export BENCH_SERVERS BENCH_PASSWORD BENCH_CA BENCH_AS_MAIL BENCH_DISK
python3 t/bench/bench.py "$T"
