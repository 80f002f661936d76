#!/bin/sh
# mbx-copy --limit, conn_max, and hosts that turn log-ins away: so many
# connections and no more, nobody waits for a host that he does not need, and
# what a host does not bear costs no row.
. "$(dirname "$0")/lib.sh"
. t/servers/dovecot.sh
. t/servers/scripted.sh

users='u1 u2 u3 u4 u5 u6'
dovecot_start old users="$users" tls=no || exit 1
dovecot_start new users="$users" tls=no || exit 1
for user in $users; do
	printf 'PASSWORD-OF-%s\n' "$user" >"$T/$user.pw"
	mkdir -p "$old_dir/mail/$user/cur" "$old_dir/mail/$user/new" \
		"$old_dir/mail/$user/tmp"
	for n in 1 2 3; do
		printf 'Subject: %s %s\n\nx\n' "$user" $n >"$old_dir/mail/$user/cur/$n.1.x:2,S"
	done
done
chmod 600 "$T"/*.pw
[ "$(id -u)" -ne 0 ] || chown -R nobody "$old_dir/mail"

# A door in front of a server: counts who is in at once (file most), lets no
# more than LIMIT in (the others get TEXT, after which it hangs up), and holds
# each for at least HOLD seconds.
cat >"$T/door.py" <<'PY'
import select, socket, sys, threading, time
name, port, limit, hold, text = sys.argv[1:]
lock, now, most, turned = threading.Lock(), 0, 0, 0
def note():
    with open(name + ".most", "w") as f:
        f.write("%d %d\n" % (most, turned))
def serve(a):
    global now, most, turned
    with lock:
        ok = now < int(limit)
        now += ok
        most = max(most, now)
        turned += not ok
        note()
    if not ok:
        a.sendall(text.encode().decode("unicode_escape").encode())
        a.close()
        return
    begun = time.time()
    b = socket.create_connection(("127.0.0.1", int(port)))
    peer = {a: b, b: a}
    try:
        while True:
            for s in select.select([a, b], [], [])[0]:
                data = s.recv(65536)
                if data and s is a and b"LOGOUT" in data:
                    time.sleep(max(0, float(hold) - (time.time() - begun)))
                if not data or (s is a and b"LOGOUT" in data):
                    raise EOFError
                peer[s].sendall(data)
    except (OSError, EOFError):
        pass
    with lock:
        now -= 1
    a.close()
    b.close()
door = socket.create_server(("127.0.0.1", 0))
with open(name + ".port", "w") as f:
    f.write("%d\n" % door.getsockname()[1])
note()
while True:
    threading.Thread(target=serve, args=(door.accept()[0],), daemon=True).start()
PY
door() { # NAME PORT LIMIT HOLD [TEXT]: sets NAME_at
	python3 "$T/door.py" "$T/$1" "$2" "$3" "$4" "${5-}" &
	defer "kill $!"
	for turn in $(seq 200); do
		[ ! -s "$T/$1.port" ] || break
		sleep 0.02
	done
	eval "$1_at=\$(cat \"\$T/$1.port\")"
}
most() { cut -d' ' -f1 "$T/$1.most"; }
turned() { cut -d' ' -f2 "$T/$1.most"; }
# jobs SOURCE TARGET [USER...]: each HOST:PORT; hosts have made-up names.
jobs() {
	source=$1 target=$2
	shift 2
	for user; do
		printf '%s\timap://%s@%s;tls=none;resolve=127.0.0.1\tfile:%s\timap://%s@%s;tls=none;resolve=127.0.0.1\tfile:%s\n' \
			"$user" "$user" "$source" "$T/$user.pw" "$user" "$target" "$T/$user.pw"
	done
}
head='account\tsource\tsource_secret\ttarget\ttarget_secret\n'
result() { column "$1" <"$T/out" | sort | uniq -c | xargs; }

# ---- --limit ----

door in "$old_port" 99 0.3
door out "$new_port" 99 0
# shellcheck disable=SC2059
{
	printf "$head"
	jobs "old.example:$in_at" "new.example:$out_at" $users
} >"$T/jobs"
check_rc 0 'no limit' mbx-copy -j 6 -l "$T/l1" "$T/jobs"
check_same 'all at once' 6 "$(most in)"
check_same 'all are copied' '6 3' "$(result copied)"
door in2 "$old_port" 99 0.1
door out2 "$new_port" 99 0
sed "s/:$in_at/:$in2_at/; s/:$out_at/:$out2_at/" "$T/jobs" >"$T/jobs2"
check_rc 0 '--limit' mbx-copy -j 6 -l "$T/l2" --limit Old.Example=2 "$T/jobs2"
check_same 'two at once' 2 "$(most in2)"
check_same 'all are done, in order' "$users" "$(column account <"$T/out" | xargs)"
check_same 'all are well' '6 same' "$(result status)"
check 'the other host is not crowded either' [ "$(most out2)" -le 6 ]
door in3 "$old_port" 99 0.1
door out3 "$new_port" 99 0.1
sed "s/:$in_at/:$in3_at/; s/:$out_at/:$out3_at/; s/new.example/old.example/" \
	"$T/jobs" >"$T/jobs3"
check_rc 0 'both ends on one host' mbx-copy -j 6 -l "$T/l3" \
	--limit other=1,old.example=4 "$T/jobs3"
check_same 'count together' 2,2 "$(most in3),$(most out3)"
check_rc 78 'a host that one job is too much for' mbx-copy -j 6 -l "$T/l3" \
	--limit old.example=1 "$T/jobs3"
check_same 'is a matter of configuration' '6 CONFIG' "$(result code)"
for wrong in old old= =3 old=0 old=x 'a=1,,b=2' a=-1; do
	check_rc 64 "--limit '$wrong'" mbx-copy -l "$T/l1" --limit "$wrong" "$T/jobs"
done

# ---- conn_max: per host and side ----

door in4 "$old_port" 99 0.1
sed "s/:$in_at/:$in4_at/; 1s/\$/	conn_max/; 2,\$s/\$/	3/" "$T/jobs" >"$T/jobs4"
check_rc 0 'conn_max' mbx-copy -j 6 -l "$T/l2" "$T/jobs4"
check_same 'three at once' 3 "$(most in4)"

# ---- nobody waits for a host that he does not need ----

door slow "$old_port" 99 1.9
# shellcheck disable=SC2059
{
	printf "$head"
	jobs "slow.example:$slow_at" "new.example:$out_at" u1 u2
	jobs "old.example:$in_at" "new.example:$out_at" u3 u4 u5 u6
} >"$T/jobs5"
check_rc 0 'a slow host' mbx-copy -j 2 -l "$T/l2" --limit slow.example=1 \
	--log "$T/log" "$T/jobs5"
check_same 'its rows wait for each other, and others pass' u2 \
	"$(awk -F'\t' '$2 == "begin" && $5 == "" { print $4 }' "$T/log" | tail -n 1)"
check_same 'the table has the order of the input' "$users" \
	"$(column account <"$T/out" | xargs)"

# Rows of one account stay in order, and with one worker.
awk -F'\t' -v OFS='\t' 'NR == 1 { print $0, "folder"; next } {
	for (i = 0; i < 6; i++) print $0, "INBOX" }' "$T/jobs5" >"$T/jobs6"
check_rc 0 'many rows an account' mbx-copy -n -j 3 -l "$T/l6" \
	--limit slow.example=1 "$T/jobs6"
check_same 'all are there, in order' \
	"$(for user in $users; do
		for n in 1 2 3 4 5 6; do echo "$user"; done
	done | xargs)" \
	"$(column account <"$T/out" | xargs)"

# And do not fill the time of others.
awk -F'\t' -v OFS='\t' -v dir="$T" 'NR == 1 { print $0, "folder", "rate_Bps" }
	NR == 2 { $4 = "maildir:" dir "/files"; for (i = 0; i < 8; i++)
		print $0, "INBOX", 20 }
	NR == 3 { print $0, "INBOX", "" }' "$T/jobs" >"$T/jobs11"
check_rc 0 'many rows of a slow account' mbx-copy -j 2 -l "$T/l11" \
	--log "$T/log11" "$T/jobs11"
check_same 'another one begins meanwhile' 'begin u1 begin u2' \
	"$(awk -F'\t' '$4 ~ /^u/ { sub("/.*", "", $4); print $2, $4 }' "$T/log11" |
		head -n 2 | LC_ALL=C sort | xargs)"

# ---- a host that turns log-ins away ----

door few "$old_port" 3 0.2 '* BYE Maximum connection limit reached for your IP\r\n'
sed "s/:$in_at/:$few_at/" "$T/jobs" >"$T/jobs7"
check_rc 0 'a host that bears three' mbx-copy -v -j 6 -l "$T/l2" "$T/jobs7"
check_same 'no row is lost to it' '6 same' "$(result status)"
check_has 'what it bears is noticed' "$T/err" 'at most 3 connections at once now'
check "few log-ins are burnt: $(turned few)" [ "$(turned few)" -le 8 ]
for text in '[LIMIT] later' '[UNAVAILABLE] later' '[INUSE] later' \
	'[ALERT] Too many simultaneous connections. (Failure)'; do
	cat >"$T/rules" <<-EOF
		AUTHENTICATE#2 say %t NO $text\r\n
		AUTHENTICATE#3 say %t NO $text\r\n
	EOF
	scripted_start s
	cp "$T/rules" "$T/s.rules"
	# shellcheck disable=SC2059
	{
		printf "$head"
		jobs "busy.example:$s_port" "new.example:$out_at" u1 u2 u3
	} >"$T/jobs8"
	rm -rf "$T/l8"
	check_rc 0 "log-ins: $text" mbx-copy -n -j 3 -l "$T/l8" "$T/jobs8"
	check_same "all were planned: $text" '3 planned' "$(result status)"
done
scripted_start full 'at=AUTHENTICATE say %t NO [LIMIT] never\r\n'
# shellcheck disable=SC2059
{
	printf "$head"
	jobs "full.example:$full_port" "new.example:$out_at" u1 u2 u3
	jobs "old.example:$in_at" "new.example:$out_at" u4
} >"$T/jobs9"
check_rc 75 'a host that lets nobody in' mbx-copy -j 3 -l "$T/l9" "$T/jobs9"
check_same 'is given up, the others are not' \
	'deferred deferred deferred same' "$(column status <"$T/out" | xargs)"
check_same 'with its words' 3 "$(column hint <"$T/out" | grep -c 'LIMIT. never')"
check "few log-ins are burnt" [ "$(grep -c AUTHENTICATE "$T/full.said")" -le 10 ]

# The user's own limit at a real server.
dovecot_start own users=u1 tls=no conf='mail_max_userip_connections = 2' || exit 1
dovecot_adm own mailbox create -u u1 a b c d e f
# shellcheck disable=SC2059
{
	printf "$head"
	for n in 1 2 3 4 5 6; do
		jobs "own.example:$own_port" "new.example:$out_at" u1 |
			sed "s/^u1/n$n/"
	done
} >"$T/jobs10"
check_rc 0 'six at once as one user who may be in twice' mbx-copy -n -j 6 \
	-l "$T/l10" "$T/jobs10"
check_same 'all are done' '6 planned' "$(result status)"
done_testing
