. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/cyrus.sh
. t/servers/imap4d.sh
dovecot_start old users='anna bert' sep='\' storage="maildir:$T/old/mail/%u:LAYOUT=fs" plugins='listescape quota acl' special=yes quota=10M
dovecot_start bare users='anna' caps='IMAP4rev1' 
. share/demo/mail.sh
make_mail $T/old/mail/anna 1; chown -R nobody $T/old/mail
make_mail $T/bare/mail/anna 1; chown -R nobody $T/bare/mail
cyrus_start cy anna
imap4d_start gnu anna
printf 'PASSWORD-OF-anna\n' >$T/pw; chmod 600 $T/pw
printf 'source\tsource_secret\n' >$T/a
printf '%s\tfile:%s\n' "imaps://anna@localhost:$old_imaps;ca=$old_ca" $T/pw >>$T/a
printf '%s\tfile:%s\n' "imap://anna@localhost:$old_port;ca=$old_ca;compress=deflate" $T/pw >>$T/a
printf '%s\tfile:%s\n' "imap://anna@localhost:$old_port;tls=none" $T/pw >>$T/a
printf '%s\tfile:%s\n' "imap://anna@localhost:$bare_port;tls=none" $T/pw >>$T/a
printf '%s\tfile:%s\n' "imap://anna@localhost:$cy_port;tls=none" $T/pw >>$T/a
printf '%s\tfile:%s\n' "imap://anna%%40here@localhost:$gnu_port;tls=none;auth=LOGIN" $T/pw >>$T/a
mbx-inventory $T/a | cut -f4-22
for d in login messages; do mbx-inventory --depth $d $T/a | cut -f4-8,32-38 | cut -c1-150; done
mbx-inventory --quota $T/a | cut -f1-12,24-
mbx-inventory --acl $T/a | cut -f4-8,29-30
done_testing
