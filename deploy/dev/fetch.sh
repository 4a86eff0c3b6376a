#!/usr/bin/env bash
# fetch.sh : every package of other registries that check.sh and test.sh will ask for (npm, Python), ahead of its turn. What cannot be
# had is left to whoever needs it, who says so.
set -uo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT" || exit 1
npm=(install)
for folder in tests/browser tests/peers/*/; do
    [[ ! -f $folder/package-lock.json ]] || npm+=("install:${folder%/}")
done
"$DEV/miniapp.sh" "${npm[@]}" || true
for folder in tests/schema tests/peers/*/; do
    [[ ! -f $folder/requirements.txt ]] || "$DEV/venv.sh" "${folder%/}" || true
done
