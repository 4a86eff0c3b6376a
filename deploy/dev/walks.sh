#!/usr/bin/env bash
# walks.sh : walks of the API by schemathesis (tests/schema/run.sh), each with a seed and a demo of its own, engines in turn,
# until together they made WALK_TOTAL (1000000) requests; WALKS_AT_ONCE (6), because a walk waits twice as long as it works. The
# first seed is WALK_SEED (1). After a walk that failed no other begins: its seed walks the same way again. Started inside
# with-services.sh, with the binaries of with-demo.sh built. Prints a line a walk and the sum; logs are in target/walks.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
# Each walk is a group of processes, which is told to end with this one.
set -m
trap 'for one in $(jobs -pr); do kill -TERM -- "-$one" || true; done 2>/dev/null; wait' EXIT
trap 'exit 143' TERM INT HUP
WALK_PYTHON=$("$DEV/venv.sh" tests/schema)
export WALK_PYTHON
total=${WALK_TOTAL:-1000000} at_once=${WALKS_AT_ONCE:-6} seed=${WALK_SEED:-1}
logs=$TARGET/walks
mkdir -p "$logs"
rm -f "$logs"/*.log

walk() { # SEED
    local log=$logs/$1.log engine=sqlite
    (($1 % 2)) || engine=postgres
    if ! WALK_SEED=$1 tests/schema/walk.sh "$engine" >"$log" 2>&1; then
        warn "the walk of seed $1 on $engine failed: $log"
        return 1
    fi
    say "seed $1 on $engine: $(grep -E '^[0-9]+ requests;' "$log")"
}

made() { cat "$logs"/*.log 2>/dev/null | awk '/^[0-9]+ requests;/ { sum += $1 } END { print sum + 0 }'; }

running=0 failed=0
while ((!failed && $(made) < total)) || ((running)); do
    if ((!failed && running < at_once && $(made) < total)); then
        walk "$seed" &
        running=$((running + 1)) seed=$((seed + 1))
        continue
    fi
    wait -n || failed=1
    running=$((running - 1))
done
say "schemathesis: $(made) requests, seeds ${WALK_SEED:-1} to $((seed - 1)), $failed failed"
((!failed))
