#!/usr/bin/env bash
# Run each fuzz target (or those named) for a while, starting from its corpus.
#
#     SECONDS_EACH=600 tools/fuzz.sh [TARGET...]
#
# A finding stops the run and is left in build/fuzz/findings/TARGET/. New inputs stay in
# build/fuzz/corpus/TARGET/; merge worthwhile ones into the committed corpus by hand with
# the target's own `-merge=1`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${SECONDS_EACH:-20}

[ -f build/fuzz/build.ninja ] ||
    CC=clang tools/step.sh "configuring build/fuzz" \
        meson setup build/fuzz gateway -Dfuzz=true -Db_lundef=false
tools/step.sh "compiling build/fuzz" ninja -C build/fuzz

# A target is an executable `fuzz_NAME` with the corpus folder `fuzz/NAME.corpus`.
ran=0
for program in $(find build/fuzz -type f -executable -name 'fuzz_*' | sort); do
    name=${program##*/fuzz_}
    if [ $# -gt 0 ] && [[ " $* " != *" $name "* ]]; then continue; fi
    corpus=$(git ls-files --full-name | grep -m 1 -o ".*fuzz/$name\.corpus" || true)
    [ -n "$corpus" ] || { echo "fuzz: $name has no committed corpus" >&2; exit 1; }
    mkdir -p "build/fuzz/corpus/$name" "build/fuzz/findings/$name"
    echo "fuzz: $name for $seconds s"
    log=build/fuzz/$name.log
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/findings/$name/" "build/fuzz/corpus/$name" "$corpus" \
        >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        echo "fuzz: $name found something: build/fuzz/findings/$name/" >&2
        exit 1
    fi
    grep -E 'stat::number_of_executed_units|stat::new_units_added' "$log" | sed 's/^/      /'
    ran=$((ran + 1))
done
[ $ran -gt 0 ] || { echo "fuzz: no target${*:+ named $*}" >&2; exit 1; }
echo "fuzz: $ran targets, nothing found"
