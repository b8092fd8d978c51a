#!/usr/bin/env bash
# Run a command that talks a lot: one line says what is going on and how long it took;
# what the command printed is shown in full if it fails.
#
#     tools/step.sh "compiling the gateway" ninja -C build/gateway
#
# Nothing is printed for a command that was done within a second, unless it failed.
set -uo pipefail

what=$1
shift
log=$(mktemp)
trap 'rm -f "$log"' EXIT
start=$SECONDS
"$@" >"$log" 2>&1 &
child=$!
trap 'kill -TERM $child 2>/dev/null; wait $child; exit 130' INT TERM
(
    sleep 1.5
    printf '· %s ...\n' "$what"
) &
announcer=$!
wait $child
status=$?
kill $announcer 2>/dev/null
wait $announcer 2>/dev/null
if [ $status -ne 0 ]; then
    cat "$log" >&2
    command="$*"
    printf '✗ %s: failed (exit %d): %s\n' "$what" $status "${command:0:200}" >&2
elif [ $((SECONDS - start)) -gt 1 ]; then
    printf '✓ %s (%d s)\n' "$what" $((SECONDS - start))
fi
exit $status
