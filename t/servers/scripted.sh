# scripted.sh: starts t/servers/scripted.py, which says what it can do.
# shellcheck shell=sh
#
# scripted_start NAME [KEY=VALUE...] [at=RULE...]: sets NAME_port; what the
# client says is logged in $T/NAME.said.  scripted_rules NAME [RULE...] changes
# the rules, for connections to come, and empties the log.  Ended at exit.
scripted_rules() {
	sc_name=$1
	shift
	: >"$T/$sc_name.said"
	printf '%s\n' "$@" >"$T/$sc_name.rules"
}

scripted_start() {
	sc_name=$1
	shift
	scripted_rules "$sc_name"
	for setting; do
		shift
		case $setting in
		at=*) printf '%s\n' "${setting#at=}" >>"$T/$sc_name.rules" ;;
		*) set -- "$@" "$setting" ;;
		esac
	done
	python3 t/servers/scripted.py "$T/$sc_name.port" "$T/$sc_name.said" \
		"$T/$sc_name.rules" "$@" 2>"$T/$sc_name.log" &
	sc_pid=$!
	defer "kill $sc_pid; wait $sc_pid 2>/dev/null"
	for turn in $(seq 200); do
		[ ! -s "$T/$sc_name.port" ] || break
		sleep 0.02
	done
	read -r sc_port <"$T/$sc_name.port" || return 1
	eval "${sc_name}_port=$sc_port"
}
