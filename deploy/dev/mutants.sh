#!/usr/bin/env bash
# mutants.sh [NAME...] : every mutant of tests/mutants, or the named ones, in a copy of the tracked files under $TARGET/mutants.
# Each breaks one rule; its test must go red and no unrelated one. The report is $TARGET/mutants/report.md.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$DEV/ensure.sh" build services nextest
cd "$ROOT"
cargo build --locked --quiet -p lifeline-tests --bin lifeline-mutants
exec "$DEV/with-services.sh" --fast "$TARGET/debug/lifeline-mutants" run "$@"
