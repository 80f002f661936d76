#!/bin/sh
# A PST file, by readpst and the commands of mbx-large(7), into a mailbox:
# judged by Python's mailbox.
. "$(dirname "$0")/lib.sh"
mkdir -p "$T/here/new/anna/cur" "$T/here/new/anna/new" "$T/here/new/anna/tmp"
python3 t/pst.py "$T/here/archive.pst"
python3 t/pages.py examples man/mbx-large.7 |
	awk '/^%%$/ { n++; next } n == 1' >"$T/block"
check_has 'the page shows how' "$T/block" '^readpst '
cd "$T/here" || exit 1
check_rc 0 'it runs' sh -e "$T/block"
cat >"$T/want" <<'EOF2'
.Archive.Inbox 2003-01-01 S read
.Archive.Inbox 2003-01-02  unread
.Archive.Inbox.Year 2003 2003-01-03 S of 2003
EOF2
python3 - >"$T/got" <<'PY'
import datetime, glob, mailbox, os
for top in sorted(glob.glob("new/anna/.A*")):
    for m in sorted(mailbox.Maildir(top, create=False), key=lambda m: m.get_date()):
        day = datetime.datetime.fromtimestamp(m.get_date(), datetime.timezone.utc)
        text = m.get_payload(0).get_payload()
        assert text.startswith("hello"), text
        print(os.path.basename(top), day.date(), m.get_flags(), m["subject"])
PY
check_files 'folders, dates, read and unread' "$T/want" "$T/got"
mbx-copy -l ledger -r pst-rules.csv pst.csv >again 2>"$T/err"
check_same 'again there is nothing to do' '0 3' \
	"$(column copied <again) $(column same <again)"
cd "$TOP" || exit 1
done_testing
