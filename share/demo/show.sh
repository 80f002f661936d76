# show.sh: a migration, shown: each command line is printed before it runs, and
# its table after it.  Ends loudly when anything is not as it should be.
# shellcheck shell=sh
set -u
bold='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi

# demo_open NAME BIN: into a directory of its own, the tools of BIN in PATH.
# Under root once more as nobody, from a copy that nobody may read.
demo_open() {
	top=$(cd "$(dirname "$0")/../.." && pwd)
	bin=$(cd "$2" && pwd) || exit 1
	if [ "$(id -u)" -eq 0 ]; then
		copy=$(mktemp -d "${TMPDIR:-/tmp}/mbx-copy.XXXXXX") || exit 1
		mkdir -p "$copy/t"
		cp -rL "$bin" "$copy/bin"
		cp -r "$top/share" "$copy"
		cp -r "$top/t/servers" "$copy/t"
		chmod -R a+rX "$copy"
		chown -R nobody "$copy"
		exec setpriv --reuid=nobody --regid=nogroup --clear-groups \
			env "DEMO_COPY=$copy" sh "$copy/share/demo/$1" "$copy/bin"
	fi
	. "$top/t/servers/stage.sh"
	stage_open "mbx-$1"
	[ -z "${DEMO_COPY:-}" ] || defer "rm -rf '$DEMO_COPY'"
	PATH=$bin:$PATH:/usr/sbin:/sbin
	cd "$T" || exit 1
}

die() {
	printf '\n%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}
tell() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
# run CODE 'command line': shown, run, and it must end with CODE.
run() {
	printf '\n%s$ %s%s\n' "$bold" "$2" "$plain"
	rc=0
	sh -c "$2" || rc=$?
	[ $rc -eq "$1" ] || die "this ended with $rc, not with $1"
}
# must 'what must be true' command...
must() {
	why=$1
	shift
	"$@" || die "not so: $why"
}
# sum FILE COLUMN, rows FILE [COLUMN VALUE]: of a table.
sum() {
	awk -F'\t' -v want="$2" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) c = i }
		NR > 1 { n += $c }
		END { printf "%d\n", n }' "$1"
}
rows() {
	awk -F'\t' -v want="${2:-}" -v value="${3:-}" '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == want) c = i }
		NR > 1 && (want == "" || $c == value) { n++ }
		END { printf "%d\n", n }' "$1"
}
# table FILE COLUMN...: these columns in line.  LC_ALL=C counts octets, so the
# second and later octets of a UTF-8 character are left out of the width.
table() {
	file=$1
	shift
	LC_ALL=C awk -F'\t' -v want="$*" '
		function width(s) {
			gsub(/[\200-\277]/, "", s)
			return length(s)
		}
		NR == 1 {
			n = split(want, name, " ")
			for (i = 1; i <= NF; i++)
				at[$i] = i
		}
		{
			for (i = 1; i <= n; i++) {
				cell[NR, i] = name[i] in at ? $at[name[i]] : "?"
				if (width(cell[NR, i]) > wide[i])
					wide[i] = width(cell[NR, i])
				if (NR > 1 && cell[NR, i] !~ /^[0-9]*$/)
					text[i] = 1
			}
		}
		END {
			for (row = 1; row <= NR; row++) {
				line = " "
				for (i = 1; i <= n; i++) {
					pad = sprintf("%*s", wide[i] - width(cell[row, i]), "")
					line = line " " (text[i] ? cell[row, i] pad : \
						pad cell[row, i])
				}
				sub(/ +$/, "", line)
				print line
			}
		}' "$file"
}

# counts FILE: how many checks passed and failed; then those that did neither
# pass nor find nothing to compare.
counts() {
	LC_ALL=C awk -F'\t' '
		NR == 1 {
			for (i = 1; i <= NF; i++)
				at[$i] = i
			print "check\tpass\twarn\tskip\tfail"
			next
		}
		{
			check = $at["check"]
			if (!(check in seen))
				order[++n] = check
			seen[check] = 1
			count[check, $at["verdict"]]++
		}
		END {
			for (i = 1; i <= n; i++)
				printf "%s\t%d\t%d\t%d\t%d\n", order[i],
				    count[order[i], "pass"], count[order[i], "warn"],
				    count[order[i], "skip"],
				    count[order[i], "fail"] + count[order[i], "error"]
		}' "$1" >counts.tsv
	table counts.tsv check pass warn skip fail
	awk -F'\t' '
		NR == 1 { for (i = 1; i <= NF; i++) if ($i == "verdict") c = i }
		NR == 1 || ($c != "pass" && $c != "skip")' "$1" >other.tsv
	[ "$(rows other.tsv)" -eq 0 ] || {
		echo
		table other.tsv account object check verdict expected found
	}
}

# migrate OLD NEW [PROFILE]: what accounts.csv names, Maildirs that lie below OLD
# and NEW, however they are served.  With a profile the new place is asked what
# it has.
migrate() {
	tell 'What is there?'
	run 0 'cat accounts.csv'
	run 0 'mbx-inventory accounts.csv >folders.tsv'
	table folders.tsv account folder role messages bytes subscribed
	messages=$(sum folders.tsv messages) folders=$(rows folders.tsv)

	if [ -n "${3:-}" ]; then
		tell 'And at the new place?'
		run 0 'mbx-inventory --side target accounts.csv >there.tsv'
		table there.tsv account folder sep role messages
	fi

	tell 'What will it be called?'
	run 0 "mbx-map ${3:+--profile $3 --existing there.tsv }folders.tsv >jobs.tsv"
	table jobs.tsv account folder dst_folder dst_role status

	tell 'Copy it.'
	run 0 'mbx-copy --ledger ledger jobs.tsv >results.tsv'
	table results.tsv account folder messages copied same failed status
	must 'every message is copied' [ "$(sum results.tsv copied)" -eq "$messages" ]

	tell 'Prove it: read every message again, on both sides.'
	run 0 'mbx-verify jobs.tsv >checks.tsv'
	counts checks.tsv

	tell 'The same command once more has nothing to do.'
	run 0 'mbx-copy --ledger ledger jobs.tsv >results.tsv'
	table results.tsv account folder messages copied same failed status
	must 'nothing is copied' [ "$(sum results.tsv copied)" -eq 0 ]
	must 'all is there' [ "$(sum results.tsv same)" -eq "$messages" ]

	tell 'Anna gets mail at the old place; the same command brings it alone.'
	{ head_of 'late'; printf '\none more\n'; } |
		put "$1/anna" 1000000020.20.demo S '2021-11-21 21:21:21 UTC'
	run 0 'mbx-copy --ledger ledger jobs.tsv >results.tsv'
	table results.tsv account folder messages copied same failed status
	must 'one is copied' [ "$(sum results.tsv copied)" -eq 1 ]

	tell 'Somebody changes one letter at the new place.'
	damaged=$(grep -rl '^hello$' "$2/anna")
	must 'there is one such message' [ "$(echo "$damaged" | wc -l)" -eq 1 ]
	cp -p "$damaged" intact
	run 0 "sed -i s/hello/hallo/ '$damaged'"
	touch -r intact "$damaged"
	run 1 'mbx-verify jobs.tsv >checks.tsv'
	counts checks.tsv
	must 'it is found' [ "$(rows checks.tsv verdict fail)" -gt 0 ]

	tell 'And puts it right again.'
	cp -p intact "$damaged"
	run 0 'mbx-verify jobs.tsv >checks.tsv'
	counts checks.tsv
	printf '\n%s: as it should be: %d messages in %d folders, each there once\n' \
		"${0##*/}" $((messages + 1)) "$folders"
}
