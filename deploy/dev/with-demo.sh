#!/usr/bin/env bash
# with-demo.sh sqlite|postgres CMD... : starts a demo of its own (fresh store, free ports), runs CMD
# with READY_FILE pointing at what it printed, and takes it down. Fails when the demo leaves a process behind.
# Expects the binaries of build.sh, or those of another profile in target/DEMO_BUILD; `postgres` expects to be inside with-services.sh.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
READY_WITHIN_S=120
LIFELINE=$TARGET/${DEMO_BUILD:-debug}/lifeline

engine=${1:-}
(($# >= 2)) || fail 2 "usage: with-demo.sh sqlite|postgres CMD..."
shift
options=()
case $engine in
sqlite) ;;
postgres) options=(--database-url "$("$DEV/new-database.sh")" --redis-url "${TEST_REDIS_URL:?run inside with-services.sh}") ;;
*) fail 2 "unknown engine '$engine'" ;;
esac
[[ -x $LIFELINE ]] || fail 2 "no $LIFELINE; run deploy/dev/build.sh"

home=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-demo.XXXXXX")
demo='' command=''

down() {
    local status=$? pid
    trap - EXIT INT TERM HUP
    [[ -z $command ]] || stop_process "$command" 20 || true
    [[ -z $demo ]] || stop_process "$demo" 30 || true
    for pid in $(pids_of_ready_file); do
        if ! wait_gone "$pid" 60; then
            warn "the demo left process $pid behind"
            stop_process "$pid" 5 || true
            ((status)) || status=1
        fi
    done
    # Such a row of the outbox waits for ever, and no answer ever shows it.
    if grep -m 1 nobody_carries_this_kind "$home/demo.log" >&2; then status=1; fi
    if ((status)); then
        warn "--- the demo's last lines ---"
        tail -n "${DEMO_LOG_LINES:-40}" "$home/demo.log" >&2 || true
    fi
    rm -rf "$home"
    exit "$status"
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

pids_of_ready_file() {
    [[ -s $home/ready.json ]] || return 0
    grep -oE '"(pid|gateway|sandbox)": *[0-9]+' "$home/ready.json" | grep -oE '[0-9]+$' | sort -u || true
}

five_free_ports() { # a base whose five ports are free now
    local base port try
    for try in {1..50}; do
        base=$(($(random_port) / 10 * 10))
        for port in {0..4}; do port_is_free $((base + port)) || continue 2; done
        echo "$base"
        return 0
    done
    fail 1 "no five free ports in $try tries"
}

start() {
    local deadline
    tied "$LIFELINE" demo --data-dir "$home/data" --port-base "$(five_free_ports)" \
        --ready-file "$home/ready.json" "${options[@]}" </dev/null >"$home/demo.log" 2>&1 &
    demo=$!
    deadline=$((SECONDS + READY_WITHIN_S))
    until [[ -s $home/ready.json ]]; do
        kill -0 "$demo" 2>/dev/null || fail 1 "the demo ended before it was ready"
        ((SECONDS < deadline)) || fail 1 "the demo was not ready within $READY_WITHIN_S s"
        read -rt 0.1 <> <(:) || true
    done
}

start
export READY_FILE=$home/ready.json
tied "$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
command=''
kill -0 "$demo" 2>/dev/null || { warn "the demo died while '$1' ran" && status=1; }
exit "$status"
