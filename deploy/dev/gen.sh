#!/usr/bin/env bash
# gen.sh : writes every generated file again: the OpenAPI document, the mini-program's types, docs/REQUIREMENTS.md,
# the browser's list of the console's pages.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$DEV/ensure.sh" build web
cd "$ROOT"
new=$(mktemp)
trap 'rm -f "$new"' EXIT
mkdir -p miniapp/dist/h5 openapi

cargo run --locked -q -p lifeline -- openapi >"$new"
cmp -s "$new" openapi/lifeline.json || cp "$new" openapi/lifeline.json

"$DEV/miniapp.sh" install
(cd miniapp && npm run --silent gen >&2)

cargo run --locked -q -p lifeline-tests --bin lifeline-requirements -- write
