#!/usr/bin/env bash
# run.sh : the side-by-side benchmark. Builds release binaries, starts a private PostgreSQL and Redis, measures ours and
# the peers in turn on one core each for server and load, and writes target/bench/report.{json,md}. Nothing is asserted:
# figures are to be read beside each other. PINGAP=1 builds Pingap and measures it too. ROUNDS (5), SECONDS_EACH (5) and SELLERS (1000000) make it longer or shorter.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/dev/lib.sh"
cd "$ROOT"
"$DEV/ensure.sh" build web services bench
"$DEV/miniapp.sh" install:tests/bench/fastify
say "building release binaries"
cargo build --locked --release -p lifeline -p lifeline-sandbox -p lifeline-lab -p lifeline-probe
mkdir -p "$TARGET/bench"
export DEV TARGET
exec "$DEV/with-services.sh" bash -c 'node tests/bench/bench.mjs "$TARGET" && tests/bench/settle.sh'
