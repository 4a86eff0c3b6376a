#!/usr/bin/env bash
# tally.sh FILE... : prints what each suite counted and, as its last line, "N passed, N failed". Fails unless all passed.
# What could not run here is named as skipped, above the last line; it is neither.
set -euo pipefail
cat -- "$@" | awk -F '\t' '
    $4 > 0 { printf "%-40s %s\n", $1, "SKIPPED"; s += $4; names = names (names ? ", " : "") $1; next }
    { printf "%-40s %6d passed %4d failed\n", $1, $2, $3; p += $2; f += $3 }
    END {
        if (s > 0) printf "%d skipped: %s\n", s, names
        printf "%d passed, %d failed\n", p, f
        exit !(p > 0 && f == 0)
    }'
