#!/usr/bin/env bash
# Put the C sources into the form of .clang-format.
#
#     tools/format.sh            write
#     tools/format.sh --check    write nothing; name the files that differ (exit 1)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mapfile -t sources < <(git ls-files --cached --others --exclude-standard '*.c' '*.h')

if [ "${1:-}" != --check ]; then
    clang-format -i "${sources[@]}"
    exit
fi
wrong=0
for source in "${sources[@]}"; do
    if ! clang-format "$source" | cmp -s - "$source"; then
        echo "$source: not as .clang-format wants it: run make format" >&2
        wrong=1
    fi
done
exit $wrong
