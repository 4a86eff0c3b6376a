# shellcheck shell=bash
# Shared shell for the development scripts: where the repository is, how to speak, how to stop what was started.
# Sourced, never run.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
TARGET=${CARGO_TARGET_DIR:-$ROOT/target}
DEV=$ROOT/deploy/dev
TOOLS=$TARGET/tools
export ROOT TARGET DEV TOOLS
export PATH="$TOOLS/bin:$PATH"

say() { printf '\033[1m==> %s\033[0m\n' "$*" >&2; }
warn() { printf '%s\n' "$*" >&2; }
# fail CODE what went wrong and what to do
fail() {
    local code=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# A port in the range nobody hands out by default; the caller must be ready to try again.
random_port() { echo $((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000)); }

port_is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_gone PID SECONDS: true when the process has ended in time.
wait_gone() {
    local deadline=$((SECONDS + $2))
    while kill -0 "$1" 2>/dev/null; do
        ((SECONDS < deadline)) || return 1
        read -rt 0.1 <> <(:) || true
    done
}

# stop_process PID [SECONDS]: ask, wait, insist. Only ever called with a pid this script started.
stop_process() {
    kill -TERM "$1" 2>/dev/null || return 0
    wait_gone "$1" "${2:-20}" && return 0
    warn "process $1 ignored SIGTERM, killing it"
    kill -KILL "$1" 2>/dev/null || true
    wait_gone "$1" 5
}

# The unprivileged account used for servers that refuse to run as root.
unprivileged_user() {
    local name
    for name in postgres nobody; do
        if id -u "$name" >/dev/null 2>&1; then
            echo "$name"
            return 0
        fi
    done
    return 1
}

# as_user NAME CMD...: CMD as NAME, with no way back to root; as ourselves when NAME is empty.
as_user() {
    local name=$1
    shift
    if [[ -z $name ]]; then
        "$@"
        return
    fi
    local uid gid
    uid=$(id -u "$name")
    gid=$(id -g "$name")
    if command -v setpriv >/dev/null; then
        setpriv --reuid "$uid" --regid "$gid" --clear-groups --inh-caps=-all -- "$@"
    else
        runuser -u "$name" -- "$@"
    fi
}

# tied CMD...: replaces this (background) shell by CMD, which is told to end when the script that started it is gone,
# even by SIGKILL.
tied() {
    if command -v setpriv >/dev/null; then exec setpriv --pdeathsig TERM -- "$@"; fi
    exec "$@"
}
