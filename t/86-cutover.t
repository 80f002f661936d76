#!/bin/sh
# make demo-cutover: TTL lowered, gate waited for, MX switched, verified and
# rolled back at a BIND; it ends loudly where anything is not so.
. "$(dirname "$0")/lib.sh"
check_rc 0 'demo-cutover ends well' share/demo/demo-cutover "$B/bin"
check_has 'its gate waited first' "$T/err" '^dns-ttl: gate: wait: '
check_has 'the zone is what it was' "$T/out" 'The zone is what it was'
mkdir "$T/bin"
cp "$B/bin/"* "$T/bin"
printf '#!/bin/sh\ncat\n' >"$T/bin/mx-switch"
check_rc 1 'it fails where mx-switch does nothing' share/demo/demo-cutover "$T/bin"
done_testing
