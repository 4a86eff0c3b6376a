#!/usr/bin/env bash
# soak.sh : plays journeys against the demo of READY_FILE for SOAK_MINUTES (120) beside two readers, looks at the gateway's
# memory and open files after each, and fails on a wrong answer or when they grow: over the last half the line through
# them may rise by 2 % (below half an hour, while it still warms up, by 20 %), or by four files. Journeys go one after the
# other: each moves the one clock of its demo, and selling moves it by a month: power is sold SALES times, because a demo's
# bills and prices are of two years. Started inside with-demo.sh with the same DEMO_BUILD; prints what it measured.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${READY_FILE:?run inside with-demo.sh}"
LAB=$TARGET/${DEMO_BUILD:-debug}/lifeline-lab
SALES=20
pid=$(grep -oE '"pid": *[0-9]+' "$READY_FILE" | grep -oE '[0-9]+' | head -1)
line=$(grep -oE '"line": *"[^"]+"' "$READY_FILE" | cut -d'"' -f4)
minutes=${SOAK_MINUTES:-120}
limit=$((minutes * 60)) most=20
((minutes >= 30)) || most=200

# Each from an address of its own: one place is bounded by itself.
reads() {
    while curl -fsS --retry 3 --max-time 30 --interface "127.0.8.$1" -o /dev/null "${line%/}/v1/articles"; do sleep 0.25; done
}
readers=()
for n in 1 2; do
    reads "$n" &
    readers+=("$!")
done
trap 'kill "${readers[@]}" 2>/dev/null || true' EXIT

# play JOB: once; what it said is shown only when something was wrong.
play() {
    local said
    said=$("$LAB" journey --ready-file "$READY_FILE" --job "$1" 2>&1) || fail 1 "a wrong answer after $((SECONDS - begun)) s: $said"
}

begun=$SECONDS sold=0 samples=()
while ((SECONDS - begun < limit)); do
    play pay
    if ((sold < SALES && SECONDS - begun >= sold * limit / SALES)); then
        play sell
        sold=$((sold + 1))
    fi
    for reader in "${readers[@]}"; do
        kill -0 "$reader" 2>/dev/null || fail 1 "a reader had no answer after $((SECONDS - begun)) s"
    done
    files=("/proc/$pid/fd/"*)
    samples+=("$((SECONDS - begun)) $(awk '/^VmRSS:/ { print $2 }' "/proc/$pid/status") ${#files[@]}")
done
count=${#samples[@]}
((count >= 10)) || fail 1 "only $count journeys in $limit s: too few to tell"

# growth COLUMN: by how much the line through the last half of the samples rises, in thousandths and as a number
growth() {
    printf '%s\n' "${samples[@]:count / 2}" | awk -v column="$1" '
        { n++; x = $1; y = $column; sx += x; sy += y; sxx += x * x; sxy += x * y }
        n == 1 { first = x }
        END {
            below = n * sxx - sx * sx
            rise = below > 0 ? (n * sxy - sx * sy) / below * (x - first) : 0
            printf "%d %d\n", rise * 1000 / (sy / n), rise
        }'
}
read -r memory kib < <(growth 2)
read -r opened rise < <(growth 3)
say "soak: $count journeys, $sold of them selling too, in $((SECONDS - begun)) s; over the last half memory rose by $memory in a thousand ($kib KiB), open files by $opened ($rise)"
((memory <= most)) || fail 1 "memory grew by $memory in a thousand"
((opened <= most || rise <= 4)) || fail 1 "open files grew by $opened in a thousand, $rise of them"
