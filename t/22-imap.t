#!/bin/sh
# The contract of stores, over real IMAP servers: Dovecot as it is and with
# next to no capabilities, Cyrus, GNU imap4d.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh

printf 'PASSWORD-OF-anna\n' >"$T/secret"
chmod 600 "$T/secret"
# contract NAME URL [TRAITS]
contract() {
	STORE_URL=$2 STORE_TRAITS=${3:-} STORE_SECRET=file:$T/secret \
		"$B/t/unit/store" >"$T/$1.tap" 2>&1
	rc=$?
	if [ $rc -eq 0 ] && grep -q '^ok' "$T/$1.tap"; then
		pass "$1: $(grep -c '^ok' "$T/$1.tap") tests of the contract"
	else
		fail "$1: the contract of stores" "$(grep '^not ok' "$T/$1.tap")"
	fi
}

dovecot_start full sep=/ tls=no
contract full "imap://anna@127.0.0.1:$full_port;tls=none"
dovecot_start bare sep=/ tls=no caps='IMAP4rev1'
contract bare "imap://anna@127.0.0.1:$bare_port;tls=none"
dovecot_start under prefix=INBOX. sep=. tls=no storage=mdbox
contract under "imap://anna@127.0.0.1:$under_port;tls=none"
cyrus_start cyrus
contract cyrus "imap://anna@127.0.0.1:$cyrus_port;tls=none" \
	'long-names masks-8bit'
imap4d_start gnu
contract gnu "imap://anna%40here@127.0.0.1:$gnu_port;tls=none;auth=LOGIN" \
	'long-names foreign few-flags no-inbox'
done_testing
