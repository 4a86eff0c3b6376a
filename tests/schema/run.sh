#!/usr/bin/env bash
# run.sh whole|sequences : schemathesis against a demo (READY_FILE) of its own. `whole`: every operation, good and bad
# requests, in sequences it makes up from what the document says leads where; `sequences`: those alone, again and again.
# WALK_EXAMPLES (200) per operation, WALK_STATEFUL_S (100) of sequences, WALK_SEED (1); what was answered is added to
# WALK_TALLY, which judge.py judges.
# Not asked of it: that a request of the right form is accepted (a rule may refuse it, judge.py counts instead), that what
# one person made another one finds, and that it throws little away of what it makes up, which says nothing of the product. The callbacks have a listener of their own and take only what was signed for them.
set -euo pipefail
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
DOCUMENT=$HERE/../../openapi/lifeline.json
CALLBACKS=(/v1/callbacks/alipay /v1/callbacks/marketing /v1/callbacks/sms)
include=() exclude=()
for path in "${CALLBACKS[@]}"; do include+=(--include-path "$path") exclude+=(--exclude-path "$path"); done
address() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "${READY_FILE:?run with-demo.sh}"; }
folder=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-walk.XXXXXX")
trap 'rm -rf "$folder"' EXIT
# What the tool keeps between runs it keeps where it runs: nothing, so that every run is the same.
cd "$folder"
: "${WALK_TALLY:?walk.sh says where}"
export WALK_SEED=${WALK_SEED:-1} PYTHONDONTWRITEBYTECODE=1 NO_COLOR=1

walk() {
    "${WALK_PYTHON:?run deploy/dev/venv.sh}" -m schemathesis.cli --config-file "$HERE/schemathesis.toml" run "$DOCUMENT" --seed "$WALK_SEED" --no-shrink \
        --generation-database none --suppress-health-check filter_too_much --warnings off "$@"
}
line() {
    SCHEMATHESIS_HOOKS=walk PYTHONPATH=$HERE walk --url "$(address line)" "${exclude[@]}" \
        --exclude-checks positive_data_acceptance,ensure_resource_availability "$@"
}

case ${1:?usage: run.sh whole|sequences} in
whole)
    walk --url "$(address callback)" "${include[@]}" --phases coverage,fuzzing --max-examples 200 \
        --exclude-checks positive_data_acceptance
    line --phases coverage,fuzzing,stateful --max-examples "${WALK_EXAMPLES:-200}"
    ;;
# With a limit of time a pass that ended is followed by another one of another seed.
sequences) line --phases stateful --max-examples "${WALK_EXAMPLES:-200}" --max-time "${WALK_STATEFUL_S:-100}" ;;
*) echo "usage: run.sh whole|sequences" >&2 && exit 2 ;;
esac
