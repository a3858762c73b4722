# shellcheck shell=bash
# The product as a user gets it: installed by its own install rules, owned by root, readable by all.
# The tests use this and never the build tree, which may lie below a private home directory.

: "${repo_root:?common.sh comes first}"
stage=""
staged_preset=""

# stage_install PRESET: $stage is the prefix afterwards.
stage_install() {
    [ "$staged_preset" = "$1" ] && return 0
    stage_remove
    stage="$(mktemp -d /tmp/botbottle-stage.XXXXXX)"
    as_root cmake --install "$repo_root/build/$1" --prefix "$stage" >/dev/null
    as_root chown -R 0:0 "$stage"
    as_root chmod -R u=rwX,go=rX "$stage"
    staged_preset="$1"
}

# stage_sidecars PRESET PROGRAM…: puts these sidecars of another build in the place of the installed ones.
stage_sidecars() {
    local preset="$1" program
    shift
    stage_install release
    for program in "$@"; do
        as_root install -m 755 "$repo_root/build/$preset/libexec/botbottle/$program" \
            "$stage/libexec/botbottle/$program"
    done
    staged_preset="release with $preset"
}

stage_remove() {
    [ -n "$stage" ] || return 0
    as_root rm -rf "$stage"
    stage=""
    staged_preset=""
}
