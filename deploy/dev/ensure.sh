#!/usr/bin/env bash
# ensure.sh GROUP... : makes sure the tools of each group are there.
# As root the missing Debian packages are installed; otherwise the exact command is printed and the exit code is 2.
# Groups: build (gcc, make, git, Rust) · web (node, npm) · services (PostgreSQL, Redis, SoftHSM2) · browser (Chromium, fonts)
#         bench (wrk, pgbench, openssl, HAProxy, nginx with Lua; with PINGAP=1 Pingap, built here) · python · nextest · deny
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

NODE_MAJOR_MIN=18
NEXTEST_VERSION=0.9.143
DENY_VERSION=0.20.2
PINGAP_VERSION=0.13.1

packages=()
need() { # need COMMAND PACKAGE...
    local command=$1
    shift
    command -v "$command" >/dev/null || packages+=("$@")
}

postgres_bin() {
    command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
}

collect() {
    case $1 in
    build)
        need gcc gcc libc6-dev
        need make make
        need git git
        need curl curl ca-certificates
        ;;
    web)
        need node nodejs
        need npm npm
        ;;
    services)
        postgres_bin || packages+=(postgresql)
        need redis-server redis-server
        need setpriv util-linux
        need softhsm2-util softhsm2
        ;;
    browser)
        need chromium chromium
        [[ -n $(find /usr/share/fonts "$HOME/.fonts" -iname 'NotoSansCJK*' -print -quit 2>/dev/null) ]] ||
            packages+=(fonts-noto-cjk)
        ;;
    bench)
        need wrk wrk
        need taskset util-linux
        need pgbench postgresql
        need openssl openssl
        need haproxy haproxy
        need nginx nginx
        [[ -e /usr/lib/nginx/modules/ngx_http_lua_module.so ]] || packages+=(libnginx-mod-http-lua)
        [[ -e /usr/share/lua/5.1/nginx/redis.lua ]] || packages+=(lua-nginx-redis lua-luaossl lua-cjson)
        ;;
    python)
        need python3 python3
        python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
        ;;
    nextest | deny) ;;
    *) fail 2 "ensure.sh: unknown group '$1'" ;;
    esac
}

# A freshly installed Debian server package starts itself. This one is wanted for its binaries only, so a policy
# that answers "do not start" stands there during the installation, unless the machine already has its own.
apt_install() {
    local policy=/usr/sbin/policy-rc.d ours=
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        ours=yes
    fi
    local status=0
    local -a options=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=600 -o APT::Lock::Timeout=600)
    export DEBIAN_FRONTEND=noninteractive
    apt-get install "${options[@]}" "$@" >&2 ||
        { apt-get update -q -o APT::Lock::Timeout=600 >&2 && apt-get install "${options[@]}" "$@" >&2; } ||
        status=$?
    [[ -z $ours ]] || rm -f "$policy"
    return "$status"
}

install_packages() {
    ((${#packages[@]})) || return 0
    local advice="apt-get update && apt-get install -y ${packages[*]}"
    command -v apt-get >/dev/null ||
        fail 2 "missing tools; on Debian they are: ${packages[*]}. Install the like of them here, then try again"
    if [[ $(id -u) -ne 0 ]]; then
        fail 2 "missing Debian packages. Run as root, then try again:
    $advice"
    fi
    say "installing ${packages[*]}"
    apt_install "${packages[@]}" || fail 2 "could not install; try by hand: $advice"
}

check_rust() {
    command -v cargo >/dev/null ||
        fail 2 "no Rust toolchain. Install rustup (https://rustup.rs); the version is pinned in rust-toolchain.toml"
    (cd "$ROOT" && cargo --version >/dev/null) ||
        fail 2 "cargo does not start; rust-toolchain.toml pins the version: run 'rustup toolchain install'"
}

check_node() {
    local major
    major=$(node -p 'process.versions.node.split(".")[0]')
    ((major >= NODE_MAJOR_MIN)) || fail 2 "node $major is too old: version $NODE_MAJOR_MIN or newer is needed"
}

# cargo_tool NAME VERSION: on the PATH in any version, else built once at this version under target/tools.
cargo_tool() {
    command -v "cargo-$1" >/dev/null && return 0
    say "building cargo-$1 $2 (once, into $TOOLS)"
    # Unoptimised: it runs for seconds, and optimising it takes minutes.
    (cd "$ROOT" && CARGO_TARGET_DIR="$TOOLS/build" cargo install --quiet --locked --debug --root "$TOOLS" "cargo-$1@$2") ||
        fail 2 "could not build cargo-$1; try by hand: cargo install --locked cargo-$1@$2"
    rm -rf "$TOOLS/build"
}

# A peer of the benchmark, and no package: built once at this version, optimised as its users have it, which takes longer than the whole run.
pingap() {
    grep -qsF "\"pingap $PINGAP_VERSION " "$TOOLS/.crates.toml" && return 0
    say "building pingap $PINGAP_VERSION (once, into $TOOLS)"
    (cd "$ROOT" && CARGO_TARGET_DIR="$TOOLS/build" cargo install --quiet --locked --root "$TOOLS" "pingap@$PINGAP_VERSION") ||
        fail 2 "could not build pingap; without PINGAP=1 the benchmark runs and says that it is not compared"
    rm -rf "$TOOLS/build"
}

for group in "$@"; do collect "$group"; done
install_packages
for group in "$@"; do
    case $group in
    build) check_rust ;;
    web) check_node ;;
    services) postgres_bin || fail 2 "PostgreSQL's initdb is still missing after the installation" ;;
    bench) [[ ${PINGAP:-} != 1 ]] || pingap ;;
    nextest) cargo_tool nextest "$NEXTEST_VERSION" ;;
    deny) cargo_tool deny "$DENY_VERSION" ;;
    esac
done
