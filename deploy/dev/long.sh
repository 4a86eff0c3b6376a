#!/usr/bin/env bash
# long.sh fuzz|long|crash : what is run when there is time.
#   fuzz: every property test with FUZZ_CASES (20000) random cases instead of its everyday number, then each target of tests/fuzz
#         for FUZZ_SECONDS (30); an input that fails is kept in tests/fuzz/found and replayed by make test ever after.
#   long: the same with ten times as many; a month of 1,000,000 sellers settled and killed; WALKS (45) isolation walks in each part; the gateway killed, cut off and starved
#         everywhere (tests/crash, CRASH=whole); an outage of marketing with DRILL_PAYMENTS (10000) paid orders; JOURNEYS (20)
#         journeys with every fault on each engine; TIMING_PAIRS (20000) pairs of unknown and foreign ids; DRILL_CONNECTIONS (10000)
#         hostile connections at once; OVERLOAD_SECONDS (30) of three times the peak; ROLLING_REQUESTS (1000000) while everything is
#         restarted; a million requests of schemathesis (WALK_TOTAL); a soak of SOAK_MINUTES (120; 2 shows that it works).
#         Every drill is run whatever became of those before it, the cheap ones first; the red ones are named at the end, and
#         DRILLS="line rolling" runs these two alone.
#   crash: that part of it alone.
# All print what they ran. Failing cases are written by proptest next to the source; commit them as named cases.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT"
properties() { # CASES
    say "property tests of core, adapters, gateway and the sandbox, $1 cases each"
    PROPTEST_CASES=$1 cargo nextest run --locked --profile long \
        -p lifeline-core -p lifeline-adapters -p lifeline-gateway -p lifeline-sandbox
}
crash() {
    say "the gateway killed at every point, without power, without its COMMIT's reply; links cut for a minute"
    CRASH=whole cargo nextest run --locked --profile long --no-fail-fast --no-capture -p lifeline-tests --test crash
}
settle() {
    cargo build --locked --profile sim -p lifeline-lab &&
        "$TARGET/sim/lifeline-lab" settle prove --folder "$TARGET/settle" --accounts 100000 --kills 5 &&
        "$TARGET/sim/lifeline-lab" settle prove --folder "$TARGET/settle" --accounts 1000000 --shapes 4x2 --kills 20
}
# What ships, built as docs/operations/install.md says: check-config, migrate, serve, and an orderly end, on both engines.
dist() {
    cargo build --locked --profile dist --no-default-features -p lifeline -p lifeline-relay &&
        LIFELINE_PROGRAM=$TARGET/dist/lifeline "${long[@]}" -p lifeline-tests --test journeys --no-capture \
            serve_demands_the_relays_certificate_and_ends_orderly
}
# A million requests, through what is optimised.
rolling() {
    cargo build --locked --release -p lifeline -p lifeline-relay &&
        LIFELINE_PROGRAM=$TARGET/release/lifeline ROLLING_REQUESTS=${ROLLING_REQUESTS:-1000000} \
            "${long[@]}" -p lifeline-tests --test journeys --no-capture ec_24_
}
# The line of a demo; and the relay with a node behind it, as they are run.
connections() {
    export DRILL_CONNECTIONS=${DRILL_CONNECTIONS:-10000}
    "${long[@]}" -p lifeline-tests --test journeys --no-capture \
        -E 'test(ec_14_) and not test(three_times) and not test(at_the_relay)' &&
        cargo build --locked --release -p lifeline -p lifeline-relay &&
        LIFELINE_PROGRAM=$TARGET/release/lifeline "${long[@]}" -p lifeline-tests --test journeys --no-capture \
            ec_14_connections_at_the_relay
}
# Who floods is as quick as what is flooded: both are optimised.
overload() {
    cargo build --locked --release -p lifeline -p lifeline-sandbox -p lifeline-lab &&
        LIFELINE_PROGRAM=$TARGET/release/lifeline OVERLOAD_SECONDS=${OVERLOAD_SECONDS:-30} \
            "${long[@]}" --release -p lifeline-tests --test journeys --no-capture ec_14_three_times
}
# What is optimised, beside its sandbox and its lab.
soak() {
    cargo build --locked --release -p lifeline -p lifeline-sandbox -p lifeline-lab &&
        DEMO_BUILD=release "$DEV/with-demo.sh" postgres "$DEV/soak.sh"
}
journeys() {
    local engine n failed=0
    for engine in sqlite postgres; do
        for ((n = 1; n <= ${JOURNEYS:-20}; n++)); do
            say "journey $n of ${JOURNEYS:-20} on $engine, with each fault"
            # shellcheck disable=SC2016 # READY_FILE is the inner shell's
            "$DEV/with-demo.sh" "$engine" bash -c 'exec "$0" journey --ready-file "$READY_FILE" --fault all' "$TARGET/debug/lifeline" || failed=1
        done
    done
    return "$failed"
}
long=(cargo nextest run --locked --profile long) red=() ran=0
# drill NAME WHAT CMD...: one red drill does not keep the others from being run; DRILLS names the few that are wanted.
drill() {
    local name=$1 what=$2 began=$SECONDS
    [[ -z ${DRILLS:-} || " $DRILLS " == *" $name "* ]] || return 0
    shift 2
    say "$name: $what"
    ran=$((ran + 1))
    if "$@"; then
        say "$name: held, $((SECONDS - began)) s"
    else
        red+=("$name")
        warn "$name: RED, $((SECONDS - began)) s"
    fi
}
case ${1:-} in
fuzz)
    "$DEV/ensure.sh" build services nextest
    export -f properties say
    "$DEV/with-services.sh" --fast bash -c 'properties "$0"' "${FUZZ_CASES:-20000}"
    say "each target of tests/fuzz for ${FUZZ_SECONDS:-30} s"
    FUZZ_SECONDS=${FUZZ_SECONDS:-30} exec cargo nextest run --locked --profile long -p lifeline-tests --test fuzz
    ;;
long | crash)
    "$DEV/ensure.sh" build services nextest
    "$DEV/build.sh"
    "$DEV/build-fault-points.sh"
    exec "$DEV/with-services.sh" --fast "$0" "inside-$1"
    ;;
inside-crash) crash ;;
inside-long)
    # Each connection is a file at both of its ends: as many as this machine lets a process have.
    ulimit -Sn "$(ulimit -Hn)" || warn "the limit of open files stays at $(ulimit -Sn)"
    drill line "mutated and repeated requests of the relay" \
        env LINE_MUTANTS="${LINE_MUTANTS:-1000000}" "${long[@]}" -p lifeline-gateway --no-capture no_mutated_or_repeated
    drill limiter "the limiter against its model, leases over nodes, and a Redis that is killed" \
        env LIMITER_EVENTS="${LIMITER_EVENTS:-10000000}" LEASE_TRIALS="${LEASE_TRIALS:-100000}" REDIS_KILLS="${REDIS_KILLS:-200}" \
        "${long[@]}" -p lifeline-gateway -p lifeline-tests --no-capture -E 'test(reference_models) or test(stated_bound)'
    drill timing "unknown and foreign ids, ${TIMING_PAIRS:-20000} interleaved pairs of each kind on each engine: medians within 50 us" \
        env TIMING_PAIRS="${TIMING_PAIRS:-20000}" "${long[@]}" -p lifeline-tests --test isolation --no-capture \
        unknown_and_foreign_take_the_same_time
    drill ciphertexts "whether what is wrong with a ciphertext, or why a permission is refused, shows in the time it takes" \
        "${long[@]}" --release -p lifeline-adapters --lib --run-ignored only --no-capture pv_09
    drill connections "slow heads and connections that stay, ${DRILL_CONNECTIONS:-10000} at once, at a node and at a relay" connections
    drill overload "three times the peak for ${OVERLOAD_SECONDS:-30} s at a running listener: nine tenths of it answered, new orders and looks at one within 200 ms" overload
    drill statistics "a log of ${STATISTICS_REQUESTS:-1000000} replayed requests over orderly restarts, counted exactly" \
        env STATISTICS_REQUESTS="${STATISTICS_REQUESTS:-1000000}" "${long[@]}" -p lifeline-tests --test console every_replayed_request
    drill people "a log of ${STATISTICS_REQUESTS:-1000000} requests on both engines: exact by region too, and sixty thousand people within 1 %" \
        env STATISTICS_REQUESTS="${STATISTICS_REQUESTS:-1000000}" "${long[@]}" --release -p lifeline-adapters --test contract contract.exact
    drill outage "marketing away for six hours with ${DRILL_PAYMENTS:-10000} paid orders" \
        env TRIAL_MAX_S=3600 DRILL_PAYMENTS="${DRILL_PAYMENTS:-10000}" "${long[@]}" -p lifeline-adapters --test payments \
        marketing_down_for_six_hours
    drill histories "${SETTLE_HISTORIES:-20000} random histories of settlement: each month is paid what it was last settled at" \
        env SETTLE_HISTORIES="${SETTLE_HISTORIES:-20000}" "${long[@]}" -p lifeline-adapters --test settlement -E 'test(in_any_history)'
    drill figures "a tenth of two years of figures: what it takes, and how quickly it is read" \
        env ROLLED_DAYS="${ROLLED_DAYS:-73}" "${long[@]}" --release -p lifeline-adapters --test contract --no-capture rolled
    drill rolling "restarts, certificates and keys under ${ROLLING_REQUESTS:-1000000} requests through the relay: none may fail" rolling
    drill isolation "random people, roles, grants and changes of holder, ${WALKS:-45} walks in each of eight parts" \
        env PROPTEST_CASES="${WALKS:-45}" "${long[@]}" -p lifeline-tests --test isolation
    drill queue "1,000,000 payouts under new weights" \
        env TRIAL_MAX_S=3600 DRILL_QUEUED="${DRILL_QUEUED:-1000000}" "${long[@]}" -p lifeline-adapters --test settlement -E 'test(weights_change)'
    drill settle "1,000,000 settled months with kills" settle
    drill dist "the program that ships: checked, migrated, served, stopped" dist
    drill journeys "${JOURNEYS:-20} journeys with each fault on each engine" journeys
    drill crash "the gateway killed everywhere" crash
    drill properties "$((${FUZZ_CASES:-20000} * 10)) cases of each property" properties $((${FUZZ_CASES:-20000} * 10))
    drill soak "journeys for ${SOAK_MINUTES:-120} minutes: memory and open files flat, no wrong answer" soak
    drill walks "schemathesis, ${WALK_TOTAL:-1000000} requests in walks of their own seeds" "$DEV/walks.sh"
    ((ran)) || fail 2 "none of the drills is called ${DRILLS:-}"
    ((!${#red[@]})) || fail 1 "of $ran drills ${#red[@]} red: ${red[*]}"
    say "$ran drills, none red"
    ;;
*) fail 2 "usage: long.sh fuzz|long|crash" ;;
esac
