#!/usr/bin/env bash
# settle.sh : one month of SELLERS (1000000) sellers settled on PostgreSQL, beside one INSERT..SELECT over as many
# readings; then the queue of payouts short and long, and key pairs. Started by run.sh inside with-services.sh; LAB is
# the program that settles. Writes target/bench/settle.txt.
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
sql "$TEST_POSTGRES_URL" -c 'CREATE DATABASE bench_settle' -c 'CREATE DATABASE bench_select'
ours=${TEST_POSTGRES_URL/%\/postgres/\/bench_settle}
floor=${TEST_POSTGRES_URL/%\/postgres/\/bench_select}
lab() { "$LAB" settle "$@" --store "$ours" --keyring "$work/keyring" --accounts "$sellers"; }
{
    echo "$sellers sellers, $(nproc) cores, load $(cut -d ' ' -f 1 /proc/loadavg)"
    lab fill
    sql "$ours" -c ANALYZE -c CHECKPOINT
    for shards in 1 4; do
        # Half of the months each, so that both find as many.
        ((shards == 4)) || echo "one worker, then four, over what is left:"
        if ((shards == 1)); then
            "$LAB" settle run --store "$ours" --keyring "$work/keyring" --accounts $((sellers / 2)) --shards 1 | tail -n 1
        else
            lab run --shards 4 | tail -n 1
        fi
    done
    lab queue
    "$LAB" settle vault --store "$work/pairs.db" --keyring "$work/keyring" --accounts 0
    sql "$floor" -v sellers="$sellers" -f tests/bench/settle.sql
} | tee "$TARGET/bench/settle.txt"
