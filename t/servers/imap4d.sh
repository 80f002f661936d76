# imap4d.sh: a throwaway GNU imap4d (mbox storage, bare IMAP4rev1).
# shellcheck shell=sh
#
# imap4d_start NAME [user...]: sets NAME_port (no TLS) and NAME_dir; users
# default to anna, log in as USER@here with PASSWORD-OF-USER.  INBOX is
# NAME_dir/USER.mbox, folders are mbox files in NAME_dir/USER.  Ended at exit.
# Under root the mail belongs to nobody.
imap4d_start() {
	i4_name=$1
	shift
	[ $# -gt 0 ] || set -- anna
	i4_dir=$T/$i4_name i4_port=$(free_port)
	i4_uid=$(id -u) i4_gid=$(id -g)
	if [ "$i4_uid" -eq 0 ]; then
		i4_uid=$(id -u nobody) i4_gid=$(id -g nobody)
		chmod 711 "$T"
	fi
	mkdir -p "$i4_dir/vd"
	for user; do
		mkdir -p "$i4_dir/$user"
		: >"$i4_dir/$user.mbox"
		printf '%s:%s:%s:%s::%s:/bin/sh:%s\n' "$user" \
			"$(openssl passwd -6 "PASSWORD-OF-$user")" "$i4_uid" "$i4_gid" \
			"$i4_dir/$user" "$i4_dir/$user.mbox" >>"$i4_dir/vd/here"
	done
	[ "$(id -u)" -ne 0 ] || chown -R "$i4_uid:$i4_gid" "$i4_dir"
	cat >"$i4_dir/imap4d.conf" <<-EOF
		server "inet://127.0.0.1:$i4_port" { };
		mode daemon;
		foreground yes;
		auth {
			authorization virtdomain;
			authentication generic;
		};
		virtdomain { passwd-dir "$i4_dir/vd"; };
	EOF
	imap4d --no-site-config --config-file="$i4_dir/imap4d.conf" \
		--foreground --set .logging.syslog=no >"$i4_dir/log" 2>&1 &
	i4_pid=$!
	defer "kill $i4_pid; wait $i4_pid 2>/dev/null"
	python3 - "$i4_port" <<-'EOF' || return 1
		import imaplib, sys, time
		for turn in range(200):
		    try:
		        imaplib.IMAP4("127.0.0.1", int(sys.argv[1])).logout()
		        break
		    except OSError:
		        time.sleep(0.05)
		else:
		    sys.exit("imap4d does not answer")
	EOF
	eval "${i4_name}_port=$i4_port ${i4_name}_dir=$i4_dir"
}
