#!/usr/bin/env bash
# tally.sh FILE... : prints what each suite counted and, as its last line, "N passed, N failed". Fails unless all passed.
set -euo pipefail
cat -- "$@" | awk -F '\t' '
    { printf "%-40s %6d passed %4d failed\n", $1, $2, $3; p += $2; f += $3 }
    END { printf "%d passed, %d failed\n", p, f; exit !(p > 0 && f == 0) }'
