#!/usr/bin/env bash
# Schemathesis against a demo (READY_FILE) of its own: every operation, good and bad requests, in sequences it makes up from
# what the document says leads where. WALK_EXAMPLES (250) per operation, WALK_SEED (1), WALK_REQUESTS_MIN (20000).
# Not asked of it: that a request of the right form is accepted (a rule may refuse it, judge.py counts instead), and that
# what one person made another one finds. The callbacks have a listener of their own and take only what was signed for them.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOCUMENT=$HERE/../../openapi/lifeline.json
CALLBACKS=(/v1/callbacks/alipay /v1/callbacks/marketing /v1/callbacks/sms)
include=() exclude=()
for path in "${CALLBACKS[@]}"; do include+=(--include-path "$path") exclude+=(--exclude-path "$path"); done
address() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "${READY_FILE:?run with-demo.sh}"; }
tally=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-walk.XXXXXX")
trap 'rm -rf "$tally"' EXIT
# What the tool keeps between runs it keeps where it runs: nothing, so that every run is the same.
cd "$tally"
export WALK_SEED=${WALK_SEED:-1} WALK_TALLY=$tally/seen.json PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1

walk() {
    "${WALK_PYTHON:?run deploy/dev/venv.sh}" -m schemathesis.cli --config-file "$HERE/schemathesis.toml" run "$DOCUMENT" --seed "$WALK_SEED" --no-shrink --warnings off "$@"
}

walk --url "$(address callback)" "${include[@]}" --phases coverage,fuzzing --max-examples 200 \
    --exclude-checks positive_data_acceptance
SCHEMATHESIS_HOOKS=walk PYTHONPATH=$HERE walk --url "$(address line)" "${exclude[@]}" \
    --phases coverage,fuzzing,stateful --max-examples "${WALK_EXAMPLES:-250}" \
    --exclude-checks positive_data_acceptance,ensure_resource_availability
"$WALK_PYTHON" "$HERE/judge.py" "$DOCUMENT" "$WALK_TALLY" "${CALLBACKS[@]}"
