#!/usr/bin/env bash
# Install the Debian packages that are missing, and say what for.
#
#     tools/setup.sh GROUP...
#
# Groups: front  (make: what calls everything else)
#         build  (compiler and libraries of the gateway)
#         test   (clang with its sanitizers and fuzzer, Chromium)
#         js     (Node.js and npm; only if there is no Node.js 18 or later)
#         python (Python 3.10 or later with venv; only if there is none)
#         bench  (the servers that the gateway is measured against)
#
# Nothing is installed and nothing is asked of the network if all is there. Where packages
# are missing and this user may not install, the line to run is printed instead.
set -euo pipefail

say() { printf '%s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

packages_build=(build-essential meson ninja-build pkg-config libuv1-dev libzmq3-dev
                libyaml-dev libssl-dev zlib1g-dev libsqlite3-dev libseccomp-dev
                libcmocka-dev libjansson-dev)
packages_test=(clang libclang-rt-14-dev clang-format chromium openssl)
packages_js=(nodejs npm)
packages_python=(python3 python3-venv)
packages_bench=(nginx-light libnginx-mod-nchan redis-server)

have_node()
{
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'
}

have_python()
{
    command -v python3 >/dev/null &&
        python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2>/dev/null
}

# What a group is for, and about how much comes over the network with a fresh Debian 12.
purpose()
{
    case $1 in
    front) say "make (under 1 MB)" ;;
    build) say "compiler and libraries of the gateway (about 130 MB)" ;;
    test) say "clang, sanitizers, fuzzer and Chromium for the tests (about 300 MB)" ;;
    js) say "Node.js and npm for the browser client (about 60 MB)" ;;
    python) say "Python with virtual environments (about 15 MB)" ;;
    bench) say "servers to measure against; Debian starts nginx and redis as services (about 5 MB)" ;;
    esac
}

# The packages of a group that have to be there.
wanted()
{
    case $1 in
    front) command -v make >/dev/null || say make ;;
    build) say "${packages_build[@]}" ;;
    test) say "${packages_test[@]}" ;;
    js) have_node || say "${packages_js[@]}" ;;
    python) have_python || say "${packages_python[@]}" ;;
    bench) say "${packages_bench[@]}" ;;
    *) die "there is no group '$1': front, build, test, js, python, bench" ;;
    esac
}

installed()
{
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

main()
{
    [ $# -gt 0 ] || die "which groups? front, build, test, js, python, bench"
    local missing=() reasons=() group package list found
    command -v dpkg-query >/dev/null ||
        die "this is no Debian; install the counterparts of: ${packages_build[*]} by hand" \
            "and run the targets of the Makefile one by one (see CONTRIBUTING.md)"
    for group in "$@"; do
        list=$(wanted "$group")
        found=0
        for package in $list; do
            installed "$package" && continue
            missing+=("$package")
            found=1
        done
        [ $found = 0 ] || reasons+=("$(purpose "$group")")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || die "packages are missing, and only root can install them. Run as root:
    apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
        as_root=(sudo)
    fi
    say "setup: installing from Debian (${#missing[@]} packages and what they need), some minutes:"
    for group in "${reasons[@]}"; do say "         $group"; done
    say "         ${missing[*]}"

    local log
    log=$(mktemp)
    if ! { "${as_root[@]}" apt-get update -q &&
           "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
               apt-get install -y -q --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        die "apt-get failed; its words are above. The packages wanted: ${missing[*]}"
    fi
    rm -f "$log"
    say "setup: Debian packages are there"
}

main "$@"
