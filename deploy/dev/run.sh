#!/usr/bin/env bash
# run.sh [full] [demo options...] : builds what changed and starts the demo; `full` puts it on PostgreSQL and Redis.
# PORT_BASE (8800) is the first of five ports: line, console, ops, sandbox, callback.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
full=''
if [[ ${1:-} == full ]]; then
    full=yes
    shift
fi
"$DEV/build.sh"
demo=("$TARGET/debug/lifeline" demo --port-base "${PORT_BASE:-8800}" "$@")
cd "$ROOT"
[[ -n $full ]] || exec "${demo[@]}"
# The URLs are known only inside.
exec "$DEV/with-services.sh" bash -c \
    'exec "$@" --database-url "$TEST_POSTGRES_URL" --redis-url "$TEST_REDIS_URL"' demo "${demo[@]}"
