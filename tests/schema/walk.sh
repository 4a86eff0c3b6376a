#!/usr/bin/env bash
# walk.sh sqlite|postgres : run.sh against a demo of its own that lets one caller ask as a thousand would: what a person
# may do in a minute or a day is not what a walk is about. Then sequences alone, each time in a demo of its own, until
# WALK_STATEFUL_MIN (5000) requests of sequences were made: schemathesis ends a pass of them early, because what this walk
# puts in differs when a sequence is tried again. Expects WALK_PYTHON (deploy/dev/venv.sh tests/schema).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOCUMENT=$HERE/../../openapi/lifeline.json
CALLBACKS=(/v1/callbacks/alipay /v1/callbacks/marketing /v1/callbacks/sms)
TRIES_MAX=8
engine=${1:?usage: walk.sh sqlite|postgres}
export LIFELINE__LIMITS__PER_ACCOUNT_MINUTE=1000000 LIFELINE__LIMITS__PER_ADDRESS_MINUTE=1000000
export LIFELINE__LIMITS__PER_NETWORK_MINUTE=1000000 LIFELINE__LIMITS__FUNCTIONS_PERCENT=100000000
export LIFELINE__LIMITS__STEP_UP_DAY_FEN=1000000000 LIFELINE__LIMITS__STEP_UP_NEW_FEN=1000000000
export WALK_SEED=${WALK_SEED:-1} WALK_STATEFUL_MIN=${WALK_STATEFUL_MIN:-5000} PYTHONDONTWRITEBYTECODE=1
tally=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-tally.XXXXXX")
trap 'rm -rf "$tally"' EXIT
export WALK_TALLY=$tally/seen.json

walk() { "$HERE/../../deploy/dev/with-demo.sh" "$engine" "$HERE/run.sh" "$1"; }
judge() { "${WALK_PYTHON:?run deploy/dev/venv.sh}" "$HERE/judge.py" "$@"; }

walk whole
seed=$WALK_SEED
for ((try = 1; try <= TRIES_MAX; try++)); do
    made=$(judge --stateful "$WALK_TALLY")
    ((made < WALK_STATEFUL_MIN)) || break
    export WALK_SEED=$((seed + 100000 * try))
    walk sequences
done
judge "$DOCUMENT" "$WALK_TALLY" "${CALLBACKS[@]}"
