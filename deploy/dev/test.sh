#!/usr/bin/env bash
# test.sh [SUITE...] : the whole suite, or the named ones (see suites.sh). Brings up its own PostgreSQL and Redis.
# The last line is "N passed, N failed" over all suites; a suite that could not run counts as failed. Nothing is left
# running: a process that outlives the run is ended and counted as a failure.
set -uo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$DEV/ensure.sh" build web services browser python nextest || exit 2
LIFELINE_RUN_MARK=run-$$-$(random_hex 4)
TALLY_DIR=$TARGET/tally
export LIFELINE_RUN_MARK TALLY_DIR
mkdir -p "$TALLY_DIR"
: >"$TALLY_DIR/test"
child=''
trap '[[ -z $child ]] || stop_process "$child" 90; exit 130' INT
trap '[[ -z $child ]] || stop_process "$child" 90; exit 143' TERM HUP

"$DEV/with-services.sh" --fast "$DEV/suites.sh" "$@" </dev/null &
child=$!
status=0
wait "$child" || status=$?
child=''

# Every process started since carries the mark in its first environment; this script and its subshells do not.
leftovers() {
    local -a found
    mapfile -t found < <(env -u LIFELINE_RUN_MARK grep -lzxF "LIFELINE_RUN_MARK=$LIFELINE_RUN_MARK" /proc/[0-9]*/environ 2>/dev/null)
    ((${#found[@]} == 0)) || printf '%s\n' "${found[@]//[!0-9]/}"
}

deadline=$((SECONDS + 60))
while [[ -n $(leftovers) ]] && ((SECONDS < deadline)); do read -rt 0.5 <> <(:) || true; done
mapfile -t left < <(leftovers)
for pid in "${left[@]}"; do
    warn "left running: $pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
    stop_process "$pid" 5 || true
done
((${#left[@]} == 0)) || printf 'nothing left running\t0\t%d\n' "${#left[@]}" >>"$TALLY_DIR/test"

"$DEV/tally.sh" "$TALLY_DIR/test" || status=1
exit "$status"
