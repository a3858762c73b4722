# shellcheck shell=bash
# The sum of a run: each part reports here, and the last line says what came of it all.

: "${repo_root:?common.sh comes first}"
results_total=(0 0 0)
results_lines=()
results_failures=()
results_names=()

# record NAME PASSED FAILED SKIPPED SECONDS
record() {
    results_total=($((results_total[0] + $2)) $((results_total[1] + $3)) $((results_total[2] + $4)))
    results_lines+=("$(printf '%-34s %4d passed %3d failed %3d skipped %6d s' "$@")")
}

# check NAME COMMAND…: one test that passes when the command does.
check() {
    local name="$1" started=$SECONDS
    shift
    say "$name"
    if keep_output "$@"; then
        record "$name" 1 0 0 $((SECONDS - started))
    else
        remember_failures "$name"
        record "$name" 0 1 0 $((SECONDS - started))
    fi
}

# counted NAME FILE COMMAND…: the command runs many tests and leaves "PASSED FAILED SKIPPED" in FILE.
# A run that leaves nothing there, or fails without having counted a failure, is a failure itself.
counted() {
    local name="$1" file="$2" started=$SECONDS status=0 passed=0 failed=0 skipped=0
    shift 2
    say "$name"
    rm -f "$file"
    keep_output "$@" || status=$?
    if [ -s "$file" ]; then read -r passed failed skipped <"$file"; fi
    if [ ! -s "$file" ] || { [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; }; then
        warn "$name ended with status $status"
        failed=$((failed + 1))
    fi
    if [ "$failed" -ne 0 ] || grep -q '^FLAKY ' "$results_output"; then remember_failures "$name"; fi
    record "$name" "$passed" "$failed" "$skipped" $((SECONDS - started))
}

# keep_output COMMAND…: shows its output as it comes, and keeps it for remember_failures.
keep_output() {
    results_output="${results_output:-$(mktemp)}"
    "$@" 2>&1 | tee "$results_output"
    return "${PIPESTATUS[0]}"
}

# remember_failures NAME: what failed in the last kept output, with the lines that say why. A run of
# an hour ends with them: its beginning may be out of reach by then.
remember_failures() {
    local found
    found="$(python3 "$repo_root/scripts/lib/failures.py" <"$results_output")"
    results_failures+=("-- $1"$'\n'"$found")
    remember_names "$1"
}

# remember_names NAME: a line for each failure, and for what passed only when run again, for the very end.
remember_names() {
    local line
    while IFS= read -r line; do
        results_names+=("$1: $line")
    done < <(
        python3 "$repo_root/scripts/lib/failures.py" --names <"$results_output"
        grep '^FLAKY ' "$results_output" || true
    )
}

# finish: prints what failed, the table and the closing line; its status is that of the whole run.
finish() {
    if [ "${#results_failures[@]}" -gt 0 ]; then
        say "what failed"
        printf '%s\n' "${results_failures[@]}"
    fi
    rm -f "${results_output:-}"
    say "results"
    printf '%s\n' "${results_lines[@]}"
    if [ "${#results_names[@]}" -gt 0 ]; then
        say "failed, or passed only when run again"
        printf '%s\n' "${results_names[@]}"
    fi
    printf '\n%d passed, %d failed, %d skipped\n' "${results_total[@]}"
    [ "${results_total[1]}" -eq 0 ] && [ "${results_total[0]}" -gt 0 ]
}
