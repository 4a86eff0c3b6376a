#!/usr/bin/env bash
# with-services.sh [--fast] CMD... : runs CMD with a private PostgreSQL and Redis, and always takes them down.
# CMD sees TEST_POSTGRES_URL, TEST_REDIS_URL and REQUIRE_POSTGRES=1. Inside another with-services it joins that one.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

fast=()
if [[ ${1:-} == --fast ]]; then
    fast=(--fast)
    shift
fi
(($#)) || fail 2 "usage: with-services.sh [--fast] CMD..."
if [[ -n ${LIFELINE_SERVICES:-} ]]; then exec "$@"; fi

# Four thousand tests make and drop a store each. With --fast, which gives up durability anyway, everything that lasts no
# longer than the run lies in memory, where there is plenty: a disk that must write it all takes as long as the tests.
in_memory() {
    local free
    free=$(df --output=avail -k /dev/shm 2>/dev/null | tail -n 1) || return 0
    [[ -w /dev/shm ]] && ((free > 6 * 1024 * 1024)) || return 0
    TMPDIR=/dev/shm
    export TMPDIR
}

"$DEV/ensure.sh" services
if ((${#fast[@]})); then in_memory; fi
home=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-services.XXXXXX")
chmod 755 "$home"
child=''

down() {
    trap - EXIT INT TERM HUP
    [[ -z $child ]] || stop_process "$child" 30 || true
    [[ ! -d $home/postgres ]] || "$DEV/private-postgres.sh" stop "$home/postgres" || warn "PostgreSQL in $home was not stopped"
    [[ ! -d $home/redis ]] || "$DEV/private-redis.sh" stop "$home/redis" || warn "Redis in $home was not stopped"
    rm -rf "$home"
}
trap down EXIT
trap 'down; exit 130' INT
trap 'down; exit 143' TERM HUP

TEST_POSTGRES_URL=$("$DEV/private-postgres.sh" start "$home/postgres" --watch $$ "${fast[@]}")
TEST_REDIS_URL=$("$DEV/private-redis.sh" start "$home/redis" --watch $$)
export TEST_POSTGRES_URL TEST_REDIS_URL REQUIRE_POSTGRES=1 LIFELINE_SERVICES=$home

# In the background and waited for, so that a signal to this script is acted on at once.
tied "$@" <&0 &
child=$!
status=0
wait "$child" || status=$?
child=''
exit "$status"
