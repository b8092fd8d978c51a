#!/bin/sh
# Run the example as its README does: transcript.sh PROGRAM.
set -eu
here=$(dirname "$0")
got=$("$1" 'status == "paid" && total > 100' < "$here/events.ndjson")
want="add
nothing
remove"
[ "$got" = "$want" ] || { echo "got: $got"; exit 1; }
if "$1" 'totl > 100' < /dev/null 2>&1 | grep -q 'did you mean total?'; then :; else
    echo "a wrong query is not refused"
    exit 1
fi
