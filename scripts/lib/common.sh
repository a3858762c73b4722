# shellcheck shell=bash
# What every script needs: where the tree is, how to speak, how to become root for one command.

repo_root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
export repo_root

# A plugin that its group could write is not loaded.
umask 022

say() { printf '\n== %s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# as_root COMMAND…: runs it as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "this needs root: $* (no sudo here; run the script as root)"
    fi
}

# One language for every account: messages that are read, and a key to the compiler's cache.
export LANG=C.UTF-8
unset LC_ALL LC_CTYPE LC_MESSAGES

# Compiler results are shared between clones: a fresh clone of the same commit builds in seconds.
export CCACHE_BASEDIR="$repo_root"
export CCACHE_NOHASHDIR=1

# configure_and_build PRESET [CMAKE-OPTION…] [-- TARGET…]: every target when none is named.
configure_and_build() {
    local preset="$1" options=() targets=()
    shift
    while [ $# -gt 0 ] && [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    if [ $# -gt 1 ]; then targets=(--target "${@:2}"); fi
    (cd "$repo_root" && cmake --preset "$preset" "${options[@]}" >/dev/null &&
        cmake --build --preset "$preset" --parallel "$(nproc)" "${targets[@]}")
}
