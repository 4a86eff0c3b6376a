#!/usr/bin/env bash
# suites.sh [SUITE...] : runs the suites one after the other, fast ones first, and writes what each counted to
# $TALLY_DIR/test (name, passed, failed, skipped). Started by test.sh inside with-services.sh.
set -uo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
: "${TALLY_DIR:?run deploy/dev/test.sh}" "${TEST_POSTGRES_URL:?run deploy/dev/test.sh}"
ALL=(miniapp rust docs simulation peers journeys schema browser)
BROWSER_FAULTS=(LATENCY TIMEOUT_AFTER_COMMIT HTTP_500 NOTICE_LOST NOTICE_REPEATED)
LIFELINE=$TARGET/debug/lifeline
running='' beside=() failed_any=0
# Named to a script that runs beside another: what is built already, and the engines it is for.
built=${SUITES_BUILT:-} engines=${SUITES_ENGINES:-sqlite postgres}
cd "$ROOT" || exit 1
ended() {
    local pid
    [[ -z $running ]] || stop_process "$running" 60
    for pid in "${beside[@]%%:*}"; do stop_process "$pid" 60; done
    exit 143
}
trap ended TERM INT HUP

# counts LOG: "passed failed" as the tool itself reported them, or nothing. Knows the closing lines of nextest,
# cargo test, node --test, and "N passed, N failed".
counts() {
    sed -E 's/\x1b\[[0-9;]*m//g' "$1" | awk '
        /^test result: / { for (i = 1; i < NF; i++) { if ($(i+1) ~ /^passed/) p += $i; if ($(i+1) ~ /^failed/) f += $i }; seen = 1; next }
        /^(# |ℹ )pass [0-9]+$/ { p += $3; seen = 1; next }
        /^(# |ℹ )fail [0-9]+$/ { f += $3; next }
        /Summary \[/ { summary = 1 }
        /(^|[^0-9])[0-9]+ passed/ && (/Summary \[/ || !summary) {
            lp = 0; lf = 0
            if (match($0, /[0-9]+ passed/)) lp = substr($0, RSTART, RLENGTH) + 0
            if (match($0, /[0-9]+ failed/)) lf = substr($0, RSTART, RLENGTH) + 0
            if (match($0, /[0-9]+ timed out/)) lf += substr($0, RSTART, RLENGTH) + 0
            last = 1
        }
        END { if (seen) print p + 0, f + 0; else if (last) print lp, lf }'
}

# suite NAME LIMIT_S CMD... : bounded, logged, counted. A bad exit with no failure counted is one failure.
suite() {
    local name=$1 limit=$2 log begun=$SECONDS status=0 passed='' failed='' follower
    shift 2
    log=$TALLY_DIR/${name//[^a-z0-9]/-}.log
    say "$name"
    : >"$log"
    timeout -k 30 "$limit" "$@" </dev/null >>"$log" 2>&1 &
    running=$!
    tail -n +1 -s 0.2 -f --pid="$running" "$log" &
    follower=$!
    wait "$running" || status=$?
    running=''
    wait "$follower" || true
    read -r passed failed <<<"$(counts "$log")"
    [[ -n $passed ]] || { passed=$((status == 0 ? 1 : 0)) && failed=0; }
    ((status == 0 || failed > 0)) || failed=1
    ((status == 124 || status == 137)) && warn "$name was stopped after $limit s"
    ((failed == 0 && status == 0)) || { failed_any=1 && warn "FAILED: $name (exit $status); log: $log"; }
    printf '%s\t%d\t%d\n' "$name" "$passed" "$failed" >>"$TALLY_DIR/test"
    warn "$name: $passed passed, $failed failed, $((SECONDS - begun)) s"
}

# A suite whose script is missing is a failure, never a silence.
missing() {
    warn "FAILED: $1 is missing"
    printf '%s\t0\t1\n' "$1" >>"$TALLY_DIR/test"
    failed_any=1
}

# What this machine cannot have is told loudly and counted apart: it neither passed nor failed.
skipped() {
    warn "SKIPPED: $1: $2"
    printf '%s\t0\t0\t1\n' "$1" >>"$TALLY_DIR/test"
}

build() { [[ -n ${built:-} ]] || { "$DEV/build.sh" && "$DEV/build-fault-points.sh" && built=yes; }; }

run_miniapp() {
    "$DEV/miniapp.sh" install || { missing "npm packages of miniapp" && return; }
    suite "miniapp unit" 300 npm --prefix miniapp test --silent
}

run_rust() { suite "rust" 3600 cargo nextest run --locked --workspace --no-fail-fast; }

run_docs() { suite "rust doc examples" 1800 cargo test --locked --workspace --doc --quiet; }

run_peers() {
    local folder name status found='' command
    for folder in tests/peers/*/; do
        found=yes folder=${folder%/} name=${folder##*/} command=()
        if [[ -f $folder/package-lock.json ]]; then
            "$DEV/miniapp.sh" "install:$folder" || { missing "npm packages of $folder" && continue; }
        fi
        if [[ -f $folder/requirements.txt ]]; then
            status=0
            PEER_PYTHON=$("$DEV/venv.sh" "$folder") || status=$?
            export PEER_PYTHON
            ((status != 3)) || { skipped "peer $name" "its Python packages cannot be installed here" && continue; }
            ((status == 0)) || { missing "Python packages of $folder" && continue; }
        fi
        if [[ -x $folder/run.sh ]]; then
            command=("$folder/run.sh")
        elif [[ -f $folder/peer.mjs ]]; then
            command=(node "$folder/peer.mjs")
        else
            missing "$folder/run.sh or peer.mjs" && continue
        fi
        suite "peer $name" 300 "$DEV/with-sandbox.sh" "${command[@]}"
    done
    [[ -n $found ]] || missing "tests/peers"
}

run_simulation() {
    # In the background and waited for, so that a signal to this script is acted on at once.
    (tied cargo build --locked --profile sim -p lifeline-lab) &
    running=$!
    wait "$running" || { running='' && missing "the build of the simulation" && return; }
    running=''
    suite "simulation" 3600 "$TARGET/sim/lifeline-lab" sim --histories "${HISTORIES:-20000}"
    suite "settlement in bulk" 1800 "$TARGET/sim/lifeline-lab" settle prove --folder "$TARGET/settle" \
        --accounts "${SELLERS:-20000}" --kills 5
}

# Some suites hardly compute, or need nothing that the others need. They run beside them and are told at the end of it.
start_beside() { # start_beside NAME CMD...
    local log=$TALLY_DIR/beside-$1.log
    say "$1 begins beside the other suites"
    shift
    "$@" </dev/null >"$log" 2>&1 &
    beside+=("$!:$log")
}

end_beside() {
    local one
    for one in "${beside[@]}"; do
        wait "${one%%:*}" || failed_any=1
        cat "${one#*:}"
    done
    beside=()
}

run_schema() {
    local status=0
    WALK_PYTHON=$("$DEV/venv.sh" tests/schema) || status=$?
    export WALK_PYTHON
    ((status != 3)) || { skipped "schemathesis" "its Python packages cannot be installed here" && return; }
    ((status == 0)) || { missing "Python packages of tests/schema" && return; }
    suite "schemathesis" "${WALK_TIME_MAX:-1800}" tests/schema/walk.sh sqlite
}

# A script takes a minute or two, on a busy machine many times that; what hangs is ended all the same.
SCRIPT_WITHIN_S=900

run_journeys() {
    local engine
    for engine in $engines; do
        suite "journey $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" bash -c 'exec "$0" journey --ready-file "$READY_FILE"' "$LIFELINE"
        suite "journey $engine with each fault" 3000 "$DEV/with-demo.sh" "$engine" \
            bash -c 'exec "$0" journey --ready-file "$READY_FILE" --fault all' "$LIFELINE"
    done
}

run_browser() {
    local engine fault
    [[ -f tests/browser/screens.mjs ]] || { missing "tests/browser/screens.mjs" && return; }
    "$DEV/miniapp.sh" install:tests/browser h5 alipay || { missing "the mini-program's builds" && return; }
    suite "alipay bundle" "$SCRIPT_WITHIN_S" node tests/browser/alipay_bundle.mjs
    suite "browser states" "$SCRIPT_WITHIN_S" node tests/browser/states.mjs
    suite "browser doubts" "$SCRIPT_WITHIN_S" node tests/browser/doubts.mjs
    suite "browser ways" "$SCRIPT_WITHIN_S" node tests/browser/ways.mjs
    suite "browser several homes" "$SCRIPT_WITHIN_S" node tests/browser/several.mjs
    suite "browser long lists" "$SCRIPT_WITHIN_S" node tests/browser/lists.mjs
    suite "browser own data" "$SCRIPT_WITHIN_S" node tests/browser/privacy.mjs
    suite "browser step-up" "$SCRIPT_WITHIN_S" node tests/browser/sure.mjs
    suite "browser archive" "$SCRIPT_WITHIN_S" node tests/browser/archive.mjs
    suite "browser identity" "$SCRIPT_WITHIN_S" node tests/browser/identity.mjs
    for engine in sqlite postgres; do
        suite "alipay bundle on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/alipay_line.mjs
        suite "browser $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/screens.mjs
        suite "browser public information on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/publications.mjs
        suite "browser publishing on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/publishing.mjs
        suite "browser console on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/console.mjs
        suite "browser console, every role, on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/roles.mjs
        suite "browser what goes on by two persons, on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/going_on.mjs
        suite "browser requests on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/requests.mjs
        suite "browser solar on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/solar.mjs
        suite "browser settling on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/settling.mjs
        suite "browser sharing on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/sharing.mjs
        suite "browser several homes on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/several.mjs
        suite "browser identity on $engine" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" node tests/browser/identity.mjs
        for fault in "${BROWSER_FAULTS[@]}"; do
            suite "browser $engine with ${fault,,}" "$SCRIPT_WITHIN_S" "$DEV/with-demo.sh" "$engine" env "FAULT=$fault" node tests/browser/screens.mjs
        done
    done
}

wanted=("$@")
((${#wanted[@]})) || wanted=("${ALL[@]}")
for name in "${wanted[@]}"; do
    [[ " ${ALL[*]} " == *" $name "* ]] || fail 2 "unknown suite '$name'; there are: ${ALL[*]}"
done
together='' # whether some of them run beside others
if ((${#wanted[@]} > 1)); then together=yes; fi

# The simulation takes what processor time the others leave idle: they wait for servers and clocks a third of theirs.
if [[ -n $together && " ${wanted[*]} " == *" simulation "* ]]; then
    start_beside simulation chrt --idle 0 "$DEV/suites.sh" simulation
fi
for name in "${wanted[@]}"; do
    case $name in
    miniapp | docs | simulation) ;;
    *) build || { missing "the build for $name" && continue; } ;;
    esac
    case ${together:+$name} in
    simulation) ;;
    journeys)
        # A tenth of a core each: they wait until money is where it belongs.
        for engine in $engines; do
            start_beside "journeys-$engine" env SUITES_BUILT=yes SUITES_ENGINES="$engine" "$DEV/suites.sh" journeys
        done
        ;;
    *) "run_$name" ;;
    esac
done
end_beside
exit "$failed_any"
