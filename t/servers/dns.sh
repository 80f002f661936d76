# dns.sh: throwaway name servers on loopback, none as root's own.
# shellcheck shell=sh
#
# dns_key NAME [ALGORITHM]: a TSIG key in $T/NAME.key, $NAME_secret.
# bind_start NAME ADDR ZONE FILE [LINE...]: a BIND that serves ZONE from a copy
#	of FILE in $T/NAME/zone; the lines go into its zone clause, LINES of
#	$bind_global outside.  Sets NAME_port, NAME_pid.
# knot_start, nsd_start NAME ADDR ZONE FILE [LINE...]: the same.
# unbound_start NAME ZONE PORT [LINE...]: a cache that asks PORT for ZONE.
# $dns_port, if set, is their port; else a free one.
# dns_up NAME ADDR ZONE: waits until it answers.

dns_key() {
	secret=$(openssl rand -base64 32)
	(umask 077 && printf 'key "%s" {\n\talgorithm %s;\n\tsecret "%s";\n};\n' \
		"$1" "${2:-hmac-sha256}" "$secret" >"$T/$1.key")
	eval "$1_secret=\$secret"
}
dns_dir() {
	dns_name=$1 dns_addr=$2 dns_zone=$3
	port=${dns_port:-$(free_port)} dir=$T/$1
	mkdir -p "$dir/db"
	[ -z "$4" ] || cp "$4" "$dir/zone"
	eval "${1}_port=$port"
}
dns_up() {
	eval "port=\$${1}_port"
	for _ in $(seq 200); do
		dig -p "$port" @"$2" "$3" SOA +time=1 +tries=1 +noall +answer \
			2>/dev/null | grep -q SOA && return 0
		sleep 0.05
	done
	echo "$1 does not answer" >&2
	return 1
}
# dns_run NAME COMMAND...: in the background, ended at exit.
dns_run() {
	dns_name=$1
	shift
	"$@" >>"$T/$dns_name/log" 2>&1 &
	eval "${dns_name}_pid=$!"
	defer "kill $! 2>/dev/null; wait $! 2>/dev/null"
}
bind_listen() {
	case $addr in
	*:*) printf 'listen-on { none; }; listen-on-v6 port %s { %s; };' \
		"$port" "$addr" ;;
	*) printf 'listen-on port %s { %s; }; listen-on-v6 { none; };' \
		"$port" "$addr" ;;
	esac
}
bind_start() {
	dns_dir "$1" "$2" "$3" "$4"
	name=$1 addr=$2 zone=$3
	shift 4
	{
		printf 'options { directory "%s"; pid-file "p"; session-keyfile "s";
			%s
			recursion no; dnssec-validation no; key-directory "%s";
			allow-transfer { any; }; notify explicit;
			managed-keys-directory "%s"; };\ncontrols { };\n' \
			"$dir" "$(bind_listen)" "$dir" "$dir"
		cat "$T"/*.key 2>/dev/null
		printf '%s\n' "${bind_global:-}"
		[ -z "$zone" ] || printf 'zone "%s" { file "zone";\n%s\n};\n' \
			"$zone" "$(printf '%s\n' "$@")"
	} >"$dir/conf"
	chmod 600 "$dir/conf"
	dns_run "$name" named -g -c "$dir/conf" -n 1
	[ -z "$zone" ] || dns_up "$name" "$addr" "$zone"
}
knot_start() {
	dns_dir "$1" "$2" "$3" "$4"
	name=$1 addr=$2 zone=$3
	shift 4
	{
		printf 'server:\n    listen: %s@%s\n    rundir: "%s"\n' "$addr" \
			"$port" "$dir"
		printf '    udp-workers: 1\n    tcp-workers: 1\n'
		printf 'database:\n    storage: "%s/db"\n    journal-db-max-size: 100M\n' "$dir"
		printf '    kasp-db-max-size: 20M\n    timer-db-max-size: 5M\n'
		printf 'key:\n'
		for file in "$T"/*.key; do
			id=$(basename "$file" .key)
			printf '  - id: %s\n    algorithm: %s\n    secret: %s\n' "$id" \
				"$(sed -n 's/.*algorithm \(.*\);/\1/p' "$file")" \
				"$(sed -n 's/.*secret "\(.*\)";/\1/p' "$file")"
		done
		printf '%s\n' "$@"
		printf 'zone:\n  - domain: %s\n    storage: "%s"\n    file: zone\n%s\n' \
			"$zone" "$dir" "${knot_zone:-}"
	} >"$dir/conf"
	dns_run "$name" knotd -c "$dir/conf"
	dns_up "$name" "$addr" "$zone"
}
nsd_start() {
	dns_dir "$1" "$2" "$3" "$4"
	name=$1 addr=$2 zone=$3
	shift 4
	{
		printf 'server:\n ip-address: %s\n port: %s\n username: ""\n' \
			"$addr" "$port"
		printf ' chroot: ""\n database: ""\n zonesdir: "%s"\n' "$dir"
		printf ' pidfile: "%s/p"\n xfrdfile: "%s/x"\n' "$dir" "$dir"
		printf ' zonelistfile: "%s/l"\n xfrdir: "%s"\n' "$dir" "$dir"
		printf ' refuse-any: no\nremote-control:\n control-enable: no\n'
		printf 'zone:\n name: "%s"\n zonefile: zone\n' "$zone"
		printf ' %s\n' "$@"
	} >"$dir/conf"
	dns_run "$name" nsd -d -c "$dir/conf"
	dns_up "$name" "$addr" "$zone"
}
unbound_start() {
	dns_dir "$1" 127.0.0.1 "$2" ''
	name=$1 zone=$2 from=$3
	shift 3
	{
		printf 'server:\n interface: 127.0.0.1@%s\n do-ip6: no\n' "$port"
		printf ' username: ""\n chroot: ""\n use-syslog: no\n'
		printf ' directory: "%s"\n pidfile: "%s/p"\n' "$dir" "$dir"
		printf ' do-daemonize: no\n do-not-query-localhost: no\n'
		printf ' module-config: "iterator"\n'
		printf ' local-zone: "%s" transparent\n' "${zone##*.}."
		printf ' %s\n' "$@"
		printf 'stub-zone:\n name: "%s"\n stub-addr: 127.0.0.1@%s\n' \
			"$zone" "$from"
		printf 'remote-control:\n control-enable: no\n'
	} >"$dir/conf"
	dns_run "$name" unbound -d -c "$dir/conf"
	dns_up "$name" 127.0.0.1 "$zone"
}
# dns_records ADDR PORT ZONE: its records by AXFR, in lower case, less the SOA.
dns_records() {
	dig -p "$2" @"$1" "$3" AXFR +noall +answer +onesoa |
		awk '$4 != "SOA" { $1 = $1; print tolower($0) }' | LC_ALL=C sort
}
