# cyrus.sh: a throwaway Cyrus imapd, run from where share/dev/deps unpacked it
# (its package conflicts with Dovecot's).
# shellcheck shell=sh
#
# cyrus_start NAME [user...]: sets NAME_port (IMAP, no TLS) and NAME_dir; users
# default to anna, the password is PASSWORD-OF-USER; the mailbox user.USER
# exists.  Ended at exit, when it also ends its process group, so it has one of
# its own.  Under root it runs as nobody.
cyrus_root=${MBX_SERVERS:-/var/cache/mbx-servers}/cyrus

cyrus_here() { [ -x "$cyrus_root/usr/lib/cyrus/bin/imapd" ]; }

cyrus_config() { # directory port owner group
	lib=$(find "$cyrus_root/usr/lib" "$cyrus_root/lib" -maxdepth 1 \
		-name '*-linux-*' | paste -sd :)
	cat >"$1/imapd.conf" <<-EOF
		configdirectory: $1/conf
		partition-default: $1/spool
		servername: localhost
		cyrus_user: $3
		cyrus_group: $4
		admins: cyrus
		allowplaintext: yes
		sasl_pwcheck_method: auxprop
		sasl_auxprop_plugin: sasldb
		sasl_sasldb_path: $1/sasldb2
		sasl_mech_list: PLAIN LOGIN
		syslog_prefix: mbx
		sievedir: $1/sieve
		idlesocket: $1/conf/idle
		mailnotifier: none
		maxlogins_per_host: 0
		maxlogins_per_user: 0
	EOF
	cat >"$1/cyrus.conf" <<-EOF
		START {
		}
		SERVICES {
		  imap cmd="$cyrus_root/usr/lib/cyrus/bin/imapd -C $1/imapd.conf" listen="127.0.0.1:$2" prefork=1
		}
		EVENTS {
		}
	EOF
}

cyrus_start() {
	cy_name=$1
	shift
	[ $# -gt 0 ] || set -- anna
	cy_dir=$T/$cy_name cy_port=$(free_port)
	cy_owner=$(id -un) cy_group=$(id -gn)
	if [ "$cy_owner" = root ]; then
		cy_owner=nobody cy_group=nogroup
		chmod 711 "$T"
	fi
	mkdir -p "$cy_dir/conf/db" "$cy_dir/conf/socket" "$cy_dir/conf/proc" \
		"$cy_dir/conf/msg" "$cy_dir/conf/log" "$cy_dir/conf/ptclient" \
		"$cy_dir/spool" "$cy_dir/sieve"
	cyrus_config "$cy_dir" "$cy_port" "$cy_owner" "$cy_group"
	for user in cyrus "$@"; do
		printf 'PASSWORD-OF-%s\n' "$user" |
			saslpasswd2 -p -c -f "$cy_dir/sasldb2" -u localhost "$user"
	done
	[ "$(id -u)" -ne 0 ] || chown -R "$cy_owner:$cy_group" "$cy_dir"
	(
		LD_LIBRARY_PATH=$lib exec setsid "$cyrus_root/usr/lib/cyrus/bin/master" \
			-C "$cy_dir/imapd.conf" -M "$cy_dir/cyrus.conf" \
			-p "$cy_dir/pid" >"$cy_dir/log" 2>&1
	) &
	cy_pid=$!
	defer "kill $cy_pid; wait $cy_pid 2>/dev/null"
	python3 - "$cy_port" "$@" <<-'EOF' || return 1
		import imaplib, sys, time
		port, users = int(sys.argv[1]), sys.argv[2:]
		for turn in range(200):
		    try:
		        admin = imaplib.IMAP4("127.0.0.1", port)
		        break
		    except OSError:
		        time.sleep(0.05)
		admin.login("cyrus", "PASSWORD-OF-cyrus")
		for user in users:
		    admin.create("user/" + user)
		admin.logout()
	EOF
	eval "${cy_name}_port=$cy_port ${cy_name}_dir=$cy_dir"
}
