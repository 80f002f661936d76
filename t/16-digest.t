#!/bin/sh
# The digests, frozen since they travel between hosts, judged by a program that
# shares nothing with them: real mail, hostile mail, every bit changed.
. "$(dirname "$0")/lib.sh"

unit=$B/t/unit/digest
# ours LIST PIECES: our table of the files in LIST.
ours() {
	DIGEST_LIST=$1 DIGEST_PIECES=$2 "$unit" | sed -n 's/^# //p'
}
# same_sums SENTENCE LIST [odd]
same_sums() {
	ours "$2" 0 >"$T/ours"
	check "$1" python3 t/digests.py compare "$T/ours" "$2" ${3:+"$3"}
	sed -n '$s/^/# /p' "$T/.out"
}
# same_pieces SENTENCE LIST PIECES: after same_sums of LIST
same_pieces() {
	ours "$2" "$3" >"$T/pieces"
	check_files "$1" "$T/ours" "$T/pieces"
}

if [ -n "${CORPUS:-}" ]; then
	tail -n +2 "$CORPUS/SOURCES.tsv" | cut -f 1 |
		grep -Ev '^(imap-hostile|imap-transcripts|spf)/' |
		sed "s,^,$CORPUS/," >"$T/all"
	[ "$SHORT" = 0 ] || {
		sed -n '1~7p' "$T/all" >"$T/some"
		mv "$T/some" "$T/all"
	}
	same_sums 'real mail: all kinds of digests' "$T/all"
	sed -n '1~3p' "$T/all" >"$T/third"
	sed -n '1~3p' "$T/ours" >"$T/some"
	mv "$T/some" "$T/ours"
	same_pieces 'real mail in pieces' "$T/third" 20201
else
	pass 'real mail # SKIP CORPUS=DIR names it'
fi

mkdir "$T/odd" "$T/flips"
n=1500
[ "$SHORT" = 0 ] || n=300
python3 t/digests.py odd "$T/odd" $n
same_sums 'hostile mail: all kinds of digests' "$T/odd/list" odd
check_same 'hostile mail: all of it' "$(wc -l <"$T/odd/list")" \
	"$(wc -l <"$T/ours")"
same_pieces 'hostile mail in pieces' "$T/odd/list" 2
head -n $n "$T/odd/list" >"$T/small" # the others are a MiB and more
head -n $n "$T/ours" >"$T/some"
mv "$T/some" "$T/ours"
same_pieces 'hostile mail octet by octet' "$T/small" 1

# Every bit of a message: what still counts as alike is the rungs' own.
printf '%s\r\n' 'From: a@b.example' 'Subject: =?utf-8?q?X?= grün' '' \
	'one?' '' 'two' >"$T/message"
python3 t/digests.py flips "$T/message" "$T/flips"
cut -f 1-2 "$T/flips/list" >"$T/pairs"
ours "$T/pairs" 0 >"$T/rungs"
check 'a changed bit: the rung' python3 t/digests.py agree "$T/rungs" \
	"$T/flips/list"
cut -f 3 "$T/rungs" | sort | uniq -c | sed 's/^ */# /'
differs=$(grep -c 'different$' "$T/rungs") all=$(wc -l <"$T/rungs")
check 'nearly every one is different' test $((differs * 100)) -gt $((all * 90))
check_hasnt 'none is exact' "$T/rungs" 'exact$'
done_testing
