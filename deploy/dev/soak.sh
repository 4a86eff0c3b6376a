#!/usr/bin/env bash
# soak.sh : plays journeys against the demo of READY_FILE for SOAK_MINUTES (120), looks at the gateway's memory after
# each, and fails on a wrong answer or when memory grows: the last fifth may hold at most a fifth more than the second
# fifth (the first warms up). Started inside with-demo.sh; prints what it measured.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${READY_FILE:?run inside with-demo.sh}"
pid=$(grep -oE '"pid": *[0-9]+' "$READY_FILE" | grep -oE '[0-9]+' | head -1)
limit=$((${SOAK_MINUTES:-120} * 60))
begun=$SECONDS samples=()
while ((SECONDS - begun < limit)); do
    "$TARGET/debug/lifeline" journey --ready-file "$READY_FILE" >/dev/null || fail 1 "a wrong answer after $((SECONDS - begun)) s"
    samples+=("$(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status")")
done
count=${#samples[@]}
((count >= 10)) || fail 1 "only $count journeys in $limit s: too few to tell"
fifth=$((count / 5))
most() { printf '%s\n' "$@" | sort -n | tail -1; }
early=$(most "${samples[@]:fifth:fifth}")
late=$(most "${samples[@]:count - fifth}")
say "soak: $count journeys in $((SECONDS - begun)) s; memory $early KiB early, $late KiB late"
((late <= early + early / 5)) || fail 1 "memory grew from $early to $late KiB"
