#!/usr/bin/env bash
# settle.sh : one month of SELLERS (1000000) sellers settled on PostgreSQL by one worker and by four, and its results
# alone, each in a store of its own that was filled for it; beside them one INSERT..SELECT over as many readings; then
# the queue of payouts short and long, and key pairs. Started by run.sh inside with-services.sh; LAB is the program that
# settles. Writes target/bench/settle.txt and adds what it says to target/bench/report.{json,md}.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/dev/lib.sh"
: "${TEST_POSTGRES_URL:?run tests/bench/run.sh}"
LAB=${LAB:-$TARGET/release/lifeline-lab}
sellers=${SELLERS:-1000000}
mkdir -p "$TARGET/bench"
work=$(mktemp -d "${TMPDIR:-/tmp}/lifeline-settle.XXXXXX")
trap 'rm -rf "$work"' EXIT
sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }
url() { echo "${TEST_POSTGRES_URL/%\/postgres/\/$1}"; }
# lab NAME ACT ARGS...: of the store of that name
lab() { "$LAB" settle "$2" --store "$(url "$1")" --keyring "$work/$1.keyring" --accounts "$sellers" "${@:3}"; }
# A new store of that name with every seller's month collected.
filled() {
    sql "$TEST_POSTGRES_URL" -c "CREATE DATABASE $1"
    lab "$1" fill
    sql "$(url "$1")" -c ANALYZE -c CHECKPOINT
}
forgotten() { sql "$TEST_POSTGRES_URL" -c "DROP DATABASE $1"; }
{
    echo "$sellers sellers, $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
    filled bench_results
    lab bench_results results
    forgotten bench_results
    filled bench_one
    echo "workers 1: $(lab bench_one run --shards 1 | tail -n 1)"
    forgotten bench_one
    filled bench_four
    echo "workers 4: $(lab bench_four run --shards 4 | tail -n 1)"
    lab bench_four queue
    forgotten bench_four
    "$LAB" settle vault --store "$work/pairs.db" --keyring "$work/keyring" --accounts 0
    sql "$TEST_POSTGRES_URL" -c 'CREATE DATABASE bench_select'
    sql "$(url bench_select)" -v sellers="$sellers" -f tests/bench/settle.sql
} | tee "$TARGET/bench/settle.txt"
node tests/bench/settle.mjs "$TARGET"
