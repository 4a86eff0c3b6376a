#!/usr/bin/env bash
# check.sh : format, lints, licences, bans, sources, advisories, scripts, generated files, TypeScript. Runs all, then says.
set -uo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
cd "$ROOT" || exit 1
"$DEV/ensure.sh" build web deny || exit 2
# The gateway embeds this folder; lints do not need it filled.
mkdir -p miniapp/dist/h5

# Waiting for other registries goes on beside the compiler.
mkdir -p "$TARGET/tally"
(tied "$DEV/fetch.sh") </dev/null >"$TARGET/tally/fetch.log" 2>&1 &
fetching=$!

passed=0 failures=() skipped=()
step() { # step NAME CMD...: a step that cannot run here says so in `skipped`, and is neither passed nor failed
    local name=$1 begun=$SECONDS before=${#skipped[@]}
    shift
    say "$name"
    if "$@"; then
        ((${#skipped[@]} > before)) || passed=$((passed + 1))
    else
        failures+=("$name")
        warn "FAILED: $name ($((SECONDS - begun)) s)"
    fi
}

scripts() {
    local file ok=0
    while IFS= read -r file; do
        bash -n "$file" || ok=1
        [[ -x $file || $file == */lib.sh ]] || { warn "$file is not executable" && ok=1; }
    done < <(git ls-files '*.sh' .ci/run)
    if command -v shellcheck >/dev/null; then
        git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck -x || ok=1
    fi
    return "$ok"
}

# Advisories need the RustSec database. Where it cannot be fetched the check is named as not checked instead of passing.
advisories() {
    if ! timeout -k 5 120 cargo deny --log-level error fetch db >/dev/null 2>&1; then
        warn "NOT CHECKED: advisories: their database cannot be fetched here"
        skipped+=(advisories)
        return 0
    fi
    cargo deny --locked --offline --workspace --log-level warn check --hide-inclusion-graph advisories
}

generated() {
    local files=(openapi/lifeline.json miniapp/src/api/schema.d.ts docs/REQUIREMENTS.md tests/browser/pages.json) file ok=0
    "$DEV/gen.sh" || return 1
    for file in "${files[@]}"; do
        git ls-files --error-unmatch "$file" >/dev/null 2>&1 || { warn "$file is not committed" && ok=1; }
    done
    git diff --stat --exit-code -- "${files[@]}" || { warn "generated files differ: commit what 'make gen' wrote" && ok=1; }
    return "$ok"
}

typescript() { "$DEV/miniapp.sh" install && (cd miniapp && npm run --silent typecheck); }

step "rustfmt" cargo fmt --all --check
# With fault points: without them only the empty stand-ins in adapters/src/seams.rs are compiled otherwise.
step "clippy" cargo clippy --locked --workspace --all-targets --features lifeline/fault-points -- -D warnings
# No demo is in it: what only a demo uses must not be left over.
step "clippy of what ships" cargo clippy --locked -p lifeline -p lifeline-relay --no-default-features -- -D warnings
step "licences, bans, sources" cargo deny --locked --workspace --log-level error check --hide-inclusion-graph bans licenses sources
step "advisories" advisories
step "shell scripts" scripts
step "generated files" generated
step "TypeScript" typescript

wait "$fetching" || true
{
    printf 'check\t%d\t%d\n' "$passed" "${#failures[@]}"
    ((${#skipped[@]} == 0)) || printf '%s\t0\t0\t1\n' "${skipped[@]}"
} >"$TARGET/tally/check"
((${#skipped[@]} == 0)) || printf '%d NOT CHECKED: %s\n' "${#skipped[@]}" "$(IFS=,; echo "${skipped[*]}")"
if ((${#failures[@]})); then
    printf 'check: %d passed, %d failed: %s\n' "$passed" "${#failures[@]}" "$(IFS=,; echo "${failures[*]}")"
    exit 1
fi
printf 'check: %d passed, 0 failed\n' "$passed"
