#!/usr/bin/env bash
# build-fault-points.sh : the build that tests/crash stops on purpose, as $TARGET/debug/lifeline-fault-points, and everything it needs.
# The feature is in that one file only: the product is built again after it, so `lifeline` is what build.sh makes.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
"$DEV/ensure.sh" build
cd "$ROOT"
mkdir -p miniapp/dist/h5
# The disk that tests/crash preloads needs nothing that the others use. The same packages as build.sh, so that nothing below them is built twice.
packages=(-p lifeline -p lifeline-sandbox -p lifeline-lab)
say "building lifeline-fault-points"
cargo build --locked "${packages[@]}" --features lifeline/fault-points
cp --remove-destination "$TARGET/debug/lifeline" "$TARGET/debug/lifeline-fault-points.part"
mv "$TARGET/debug/lifeline-fault-points.part" "$TARGET/debug/lifeline-fault-points"
cargo build --locked "${packages[@]}" -p lifeline-disk
