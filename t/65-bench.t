#!/bin/sh
# The benchmark: that it runs, that its comparison finds what is planted, and
# that a tool that does not copy all of it does not meet a figure.
. "$(dirname "$0")/lib.sh"

# ---- the comparison, on Maildirs with one thing wrong each ----

cat >"$T/plant.py" <<-'END'
	import os, shutil, sys
	top, kind = sys.argv[1:]
	def put(folder, name, n, flags="S", body=""):
	    path = os.path.join(top, folder)
	    for sub in "cur", "new", "tmp":
	        os.makedirs(os.path.join(path, sub), exist_ok=True)
	    path = "%s/cur/%s:2,%s" % (path, name, flags)
	    with open(path, "w", newline="") as f:
	        f.write("Message-ID: <%d@x>\r\n\r\n%d%s\r\n" % (n, n, body))
	    os.utime(path, (1000000000, 1000000000))
	    return path
	for n in range(9):
	    put(".", n, n)
	    put(".Sent", n, n)
	deleted = put(".", "deleted", 10, "ST")
	twin = put(".", "twin", 8)
	word = put(".Sent", "word", 10, "Sa")
	with open(top + "/.Sent/dovecot-keywords", "w") as f:
	    f.write("0 urgent\n")
	if kind == "missing":
	    os.unlink(deleted)
	elif kind == "twin":
	    os.unlink(twin)
	elif kind == "twice":
	    put(".", "zz", 2)
	elif kind == "extra":
	    put(".", "zz", 77)
	elif kind == "changed":
	    put(".", 2, 2, body="!")
	elif kind == "flags":
	    os.rename(deleted, deleted + "F")
	elif kind == "deleted":
	    os.rename(deleted, deleted[:-1])
	elif kind == "keywords":
	    os.rename(word, word[:-1])
	elif kind == "date":
	    os.utime(word, (1000003600, 1000003600))
	elif kind == "order":
	    os.rename(deleted, top + "/cur/0:2,ST")
	elif kind == "folders_missing":
	    shutil.rmtree(top + "/.Sent")
	elif kind == "folders_extra":
	    put(".New", 1, 1)
END
# found KIND: what is wrong with a copy that this was planted in.
found() {
	python3 "$T/plant.py" "$T/$1" "$1"
	python3 t/bench/fidelity.py "maildir:$T/same" "maildir:$T/$1"
}
check_same 'two that are the same' same "$(found same)"
for kind in missing twice extra changed flags deleted keywords date order; do
	check_same "planted: $kind" $kind=1 "$(found $kind)"
done
check_same 'planted: one copy less of two' missing=1 "$(found twin)"
check_same 'planted: a folder less' 'missing=10 folders_missing=1' \
	"$(found folders_missing)"
check_same 'planted: a folder more' 'extra=1 folders_extra=1' \
	"$(found folders_extra)"

# ---- the benchmark itself, with a hundredth of the mail ----

real=$B/bin
mkdir -p "$T/b/bin" "$T/b/t"
chmod 711 "$T"
ln -s "$real"/* "$T/b/bin"
ln -s "$B/t/bench" "$T/b/t/bench"
# bench VARIABLE=VALUE...: 1 is that a figure is not met, as may be with so
# little mail.
bench() {
	check "bench $*" env B="$T/b" BENCH_DIR="$T" PEERS= SMALL=100 N=1 \
		RESULTS="$T/page" "$@" sh -c 't/bench/bench.sh || [ $? -eq 1 ]'
}
# said COLUMN [ENTRANT]: what is in it, once each.
said() {
	awk -F'\t' -v c="$1" -v entrant="${2-}" 'NR > 1 &&
		(entrant == "" || $3 ~ "^" entrant) &&
		!seen[$c]++ { print $c }' "$T/b/bench.tsv"
}
bench W='W1 W3l W4 W5 W6j W7 W8 W9'
check_same 'every run ends well' 0 "$(said 9)"
check_same 'of every workload' 'W1 W3l W4 W5 W6j W7 W8 W9' \
	"$(said 1 mbx | paste -sd ' ')"
check_has 'every figure has a verdict' "$T/page" \
	'^\| W5 \| mbx-copy / turns \| [0-9.]+ \| 12 \| (not )?met \|$'

rm "$T/b/bin/mbx-copy"
printf '#!/bin/sh\nexec "%s/mbx-copy" --exclude Sent "$@"\n' "$real" \
	>"$T/b/bin/mbx-copy"
chmod 755 "$T/b/bin/mbx-copy"
bench W=W2
check_same 'a folder that is not copied is found' \
	'missing=1 folders_missing=1' "$(said 10 mbx-copy)"
check_has 'and no figure is met' "$T/page" \
	'^\| W2 \| .*both-m-c1 \|.*\| not met: missing=1 folders_missing=1 \|$'
done_testing
