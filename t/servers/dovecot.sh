# dovecot.sh: throwaway Dovecots on loopback, as an ordinary user (under root
# as nobody).  Needs t/servers/stage.sh.
# shellcheck shell=sh disable=SC2034
#
# dovecot_start NAME [KEY=VALUE...] sets NAME_port (IMAP with STARTTLS),
# NAME_imaps, NAME_pop3, NAME_pop3s, NAME_dir and NAME_ca (the CA's
# certificate, for host names localhost and 127.0.0.1).  The password of USER
# is PASSWORD-OF-USER; admin is the master user (USER*admin).  Mail lies in
# NAME_dir/mail/USER.  Keys:
#   users='anna bert'   who has a mailbox (anna)
#   sep=.               the separator (Maildir++ has . by itself)
#   prefix=INBOX.       of the personal namespace
#   storage=maildir     or mdbox, sdbox, or maildir:LAYOUT=fs:... in full
#   plugins='quota acl' mail plugins (their settings are there)
#   caps='IMAP4rev1'    the whole capability string, instead of Dovecot's
#   fsync=never         mail_fsync
#   tls=no              no TLS at all
#   auth='plain login scram-sha-1 scram-sha-256'   mechanisms
#   quota=1M            storage limit of every user
#   special=yes         Sent, Drafts, Trash, Junk, Archive with their roles
#   conf='...'          more lines of dovecot.conf
# dovecot_stop NAME ends it early; dovecot_again NAME starts it again;
# dovecot_adm NAME ARGS runs its doveadm; as_mail COMMAND runs as the owner.

dv_owner=$(id -un) dv_group=$(id -gn)
if [ "$dv_owner" = root ]; then
	dv_owner=nobody dv_group=nogroup
fi
as_mail() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid="$dv_owner" --regid="$dv_group" --clear-groups "$@"
	else
		"$@"
	fi
}

# A CA and a certificate for localhost, once for all servers of a test.
dovecot_certs() {
	[ ! -e "$T/tls/key.pem" ] || return 0
	mkdir -p "$T/tls"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-days 30 -subj '/CN=mbx test CA' -keyout "$T/tls/ca.key" \
		-out "$T/tls/ca.pem" 2>"$T/tls/log"
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
		-subj '/CN=localhost' -keyout "$T/tls/key.pem" \
		-out "$T/tls/req.pem" 2>>"$T/tls/log"
	printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$T/tls/ext"
	openssl x509 -req -in "$T/tls/req.pem" -CA "$T/tls/ca.pem" \
		-CAkey "$T/tls/ca.key" -CAcreateserial -days 30 \
		-extfile "$T/tls/ext" -out "$T/tls/cert.pem" 2>>"$T/tls/log"
	chmod 644 "$T/tls/key.pem"
}

dovecot_inbox() { # the personal namespace
	printf 'namespace inbox {\n  inbox = yes\n'
	[ -z "$sep" ] || printf '  separator = "%s"\n' \
		"$(printf %s "$sep" | sed 's/\\/&&/')"
	[ -z "$prefix" ] || printf '  prefix = "%s"\n' "$prefix"
	[ -z "$special" ] || for box in Sent Drafts Trash Junk Archive; do
		printf '  mailbox %s {\n    special_use = \\%s\n  }\n' $box $box
	done
	echo '}'
}

dovecot_service() { # name port tls-port
	if [ "$tls" = no ]; then
		printf 'service %s-login {\n  chroot =\n  inet_listener %s {\n' "$1" "$1"
		printf '    port = %s\n  }\n  inet_listener %ss {\n    port = 0\n  }\n}\n' \
			"$2" "$1"
	else
		printf 'service %s-login {\n  chroot =\n  inet_listener %s {\n' "$1" "$1"
		printf '    port = %s\n  }\n  inet_listener %ss {\n    port = %s\n' \
			"$2" "$1" "$3"
		printf '    ssl = yes\n  }\n}\n'
	fi
}

dovecot_config() {
	case $storage in
	maildir | mdbox | sdbox) location="$storage:$dv_dir/mail/%u" ;;
	*) location=$storage ;;
	esac
	cat <<-EOF
		base_dir = $dv_dir/run
		state_dir = $dv_dir/run
		log_path = $dv_dir/log
		instance_name = $dv_name
		protocols = imap $([ ! -e /usr/lib/dovecot/pop3 ] || echo pop3)
		listen = 127.0.0.1
		default_internal_user = $dv_owner
		default_internal_group = $dv_group
		default_login_user = $dv_owner
		service anvil {
		  chroot =
		}
		service stats {
		  chroot =
		}
		mail_location = $location
		mail_fsync = $fsync
		mail_plugins = $plugins
		mail_max_userip_connections = 100
		auth_mechanisms = $auth
		auth_master_user_separator = *
		auth_failure_delay = 0
		disable_plaintext_auth = no
		passdb {
		  driver = passwd-file
		  master = yes
		  args = $dv_dir/masters
		}
		passdb {
		  driver = passwd-file
		  args = $dv_dir/users
		}
		userdb {
		  driver = static
		  args = uid=$(id -u "$dv_owner") gid=$(id -g "$dv_owner") home=$dv_dir/home/%u allow_all_users=no
		}
		protocol imap {
		  mail_plugins = \$mail_plugins $(case $plugins in *quota*)
			printf imap_quota ;; esac) $(case $plugins in *acl*)
			printf imap_acl ;; esac)
		  ${caps:+imap_capability = $caps}
		}
		plugin {
		  acl = vfile
		  quota = count:User quota
		  quota_vsizes = yes
		  ${quota:+quota_rule = *:storage=$quota}
		}
	EOF
	case $plugins in *quota*) echo 'mailbox_list_index = yes' ;; esac
	if [ "$tls" = no ]; then
		echo 'ssl = no'
	else
		printf 'ssl = yes\nssl_cert = <%s\nssl_key = <%s\n' \
			"$T/tls/cert.pem" "$T/tls/key.pem"
	fi
	dovecot_service imap "$dv_imap" "$dv_imaps"
	[ ! -e /usr/lib/dovecot/pop3 ] || dovecot_service pop3 "$dv_pop3" "$dv_pop3s"
	dovecot_inbox
	printf '%s\n' "$conf"
}

dovecot_start() {
	dv_name=$1 dv_dir=$T/$1
	shift
	users=anna sep='' prefix='' storage=maildir plugins='' caps='' fsync=never
	tls=yes auth='plain login' special='' conf='' quota=''
	for setting; do
		value=${setting#*=}
		eval "${setting%%=*}=\$value"
	done
	dv_imap=$(free_port) dv_imaps=$(free_port)
	dv_pop3=$(free_port) dv_pop3s=$(free_port)
	chmod 711 "$T"
	[ "$tls" = no ] || dovecot_certs
	mkdir -p "$dv_dir/run" "$dv_dir/mail" "$dv_dir/home"
	: >"$dv_dir/users"
	for user in $users; do
		printf '%s:{PLAIN}PASSWORD-OF-%s::::::\n' "$user" "$user" \
			>>"$dv_dir/users"
	done
	printf 'admin:{PLAIN}PASSWORD-OF-admin\n' >"$dv_dir/masters"
	dovecot_config >"$dv_dir/dovecot.conf"
	[ "$(id -u)" -ne 0 ] || chown -R "$dv_owner:$dv_group" "$dv_dir"
	eval "${dv_name}_port=$dv_imap ${dv_name}_imaps=$dv_imaps \
		${dv_name}_pop3=$dv_pop3 ${dv_name}_pop3s=$dv_pop3s \
		${dv_name}_dir=$dv_dir ${dv_name}_ca=$T/tls/ca.pem"
	defer "dovecot_kill $dv_name"
	dovecot_again "$dv_name"
}

dovecot_again() {
	as_mail dovecot -c "$T/$1/dovecot.conf" || return 1
	for turn in $(seq 100); do
		[ ! -S "$T/$1/run/auth-client" ] ||
			[ ! -s "$T/$1/run/master.pid" ] || return 0 # comes later
		sleep 0.05
	done
	cat "$T/$1/log"
	return 1
}

# At exit: the master that we started and its process group, at once.
dovecot_kill() {
	[ ! -e "$T/$1/run/master.pid" ] || {
		dv_pid=$(cat "$T/$1/run/master.pid")
		kill -9 "-$dv_pid" "$dv_pid" 2>/dev/null
	}
}

# In order; its children end with it.
dovecot_stop() {
	[ -e "$T/$1/run/master.pid" ] || return 0
	dv_pid=$(cat "$T/$1/run/master.pid")
	kill "$dv_pid" 2>/dev/null || return 0
	for turn in $(seq 100); do
		kill -0 "$dv_pid" 2>/dev/null || return 0
		sleep 0.05
	done
	kill -9 "$dv_pid"
}

dovecot_adm() {
	dv_name=$1
	shift
	as_mail doveadm -c "$T/$dv_name/dovecot.conf" "$@"
}
