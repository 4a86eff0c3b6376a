#!/usr/bin/env bash
# new-database.sh : makes an empty database in the server of TEST_POSTGRES_URL and prints its URL.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
[[ -n ${TEST_POSTGRES_URL:-} ]] || fail 2 "TEST_POSTGRES_URL is not set; run this inside deploy/dev/with-services.sh"
name=lifeline_$(random_hex 6)
psql=$(command -v psql || compgen -G '/usr/lib/postgresql/*/bin/psql' | sort -rV | head -n 1)
[[ -n $psql ]] || fail 2 "no psql found; run deploy/dev/ensure.sh services"
"$psql" "$TEST_POSTGRES_URL" -q -X -v ON_ERROR_STOP=1 -c "CREATE DATABASE $name" >&2
echo "${TEST_POSTGRES_URL%/*}/$name"
