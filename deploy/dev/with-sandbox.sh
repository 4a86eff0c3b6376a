#!/usr/bin/env bash
# with-sandbox.sh CMD... : starts the sandbox alone with fresh keys, runs CMD with SANDBOX_URL and KEYS_DIR, takes it down.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
READY_WITHIN_S=120

(($#)) || fail 2 "usage: with-sandbox.sh CMD..."
[[ -x $TARGET/debug/lifeline-sandbox ]] || fail 2 "no $TARGET/debug/lifeline-sandbox; run deploy/dev/build.sh"
home=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-sandbox.XXXXXX")
sandbox='' command=''

down() {
    local status=$?
    trap - EXIT INT TERM HUP
    [[ -z $command ]] || stop_process "$command" 20 || true
    [[ -z $sandbox ]] || stop_process "$sandbox" 20 || true
    ((status == 0)) || tail -n 40 "$home/sandbox.log" >&2 || true
    rm -rf "$home"
    exit "$status"
}
trap down EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

tied "$TARGET/debug/lifeline-sandbox" --port 0 --ready-file "$home/ready.json" --keys-dir "$home/keys" --seed 1 \
    </dev/null >"$home/sandbox.log" 2>&1 &
sandbox=$!
deadline=$((SECONDS + READY_WITHIN_S))
until [[ -s $home/ready.json ]]; do
    kill -0 "$sandbox" 2>/dev/null || fail 1 "the sandbox ended before it was ready"
    ((SECONDS < deadline)) || fail 1 "the sandbox was not ready within $READY_WITHIN_S s"
    read -rt 0.1 <> <(:) || true
done
SANDBOX_URL=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' "$home/ready.json" | head -n 1)
export SANDBOX_URL KEYS_DIR=$home/keys
tied "$@" <&0 &
command=$!
status=0
wait "$command" || status=$?
command=''
exit "$status"
