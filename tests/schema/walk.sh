#!/usr/bin/env bash
# walk.sh sqlite|postgres : run.sh against a demo of its own that lets one caller ask as a thousand would: what a person
# may do in a minute or a day is not what a walk is about. Expects WALK_PYTHON (deploy/dev/venv.sh tests/schema).
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export LIFELINE__LIMITS__PER_ACCOUNT_MINUTE=1000000 LIFELINE__LIMITS__PER_ADDRESS_MINUTE=1000000
export LIFELINE__LIMITS__PER_NETWORK_MINUTE=1000000 LIFELINE__LIMITS__FUNCTIONS_PERCENT=100000000
export LIFELINE__LIMITS__STEP_UP_DAY_FEN=1000000000 LIFELINE__LIMITS__STEP_UP_NEW_FEN=1000000000
exec "$HERE/../../deploy/dev/with-demo.sh" "${1:?usage: walk.sh sqlite|postgres}" "$HERE/run.sh"
