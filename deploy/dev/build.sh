#!/usr/bin/env bash
# build.sh : everything a demo needs: the H5 pages, then the gateway, its relay, the sandbox and the lab (dev profile).
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$DEV/ensure.sh" build web
"$DEV/miniapp.sh" h5
say "building lifeline, lifeline-relay, lifeline-sandbox and lifeline-lab"
cd "$ROOT"
cargo build --locked -p lifeline -p lifeline-relay -p lifeline-sandbox -p lifeline-lab
