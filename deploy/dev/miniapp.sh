#!/usr/bin/env bash
# miniapp.sh install|h5|alipay... : the mini-program's packages and builds, redone only when their sources changed.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
STAMPS=$TARGET/miniapp

digest() { # digest FILE|DIR... : one hash over names and contents
    find "$@" -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -print0 | sort -z |
        xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

fresh() { [[ -r $STAMPS/$1 && $(<"$STAMPS/$1") == "$2" ]]; }

# npm_install FOLDER: `npm ci` without install scripts, when the lock changed or node_modules is missing.
npm_install() {
    local folder=$ROOT/$1 stamp=npm-${1//\//-} want
    want=$(digest "$folder/package.json" "$folder/package-lock.json")
    if [[ -d $folder/node_modules ]] && fresh "$stamp" "$want"; then return 0; fi
    say "installing npm packages of $1"
    (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) >&2 ||
        fail 1 "npm ci failed in $1"
    mkdir -p "$STAMPS"
    printf '%s' "$want" >"$STAMPS/$stamp"
}

build() { # build h5|alipay
    local entry want
    case $1 in
    h5) entry=index.html ;;
    alipay) entry=app.js ;;
    esac
    npm_install miniapp
    want=$(digest "$ROOT/miniapp")
    if [[ -s $ROOT/miniapp/dist/$1/$entry ]] && fresh "$1" "$want"; then return 0; fi
    say "building the mini-program for $1"
    mkdir -p "$STAMPS"
    (cd "$ROOT/miniapp" && npm run --silent "build:$1") >"$STAMPS/$1.log" 2>&1 ||
        { tail -n 40 "$STAMPS/$1.log" >&2 && fail 1 "the $1 build failed; all of it: $STAMPS/$1.log"; }
    [[ -s $ROOT/miniapp/dist/$1/$entry ]] || fail 1 "the $1 build made no dist/$1/$entry"
    printf '%s' "$want" >"$STAMPS/$1"
}

"$DEV/ensure.sh" web
# One at a time: whoever comes second finds it done.
mkdir -p "$STAMPS"
exec 8>"$STAMPS/lock"
flock 8
for what in "$@"; do
    case $what in
    install) npm_install miniapp ;;
    install:*) npm_install "${what#install:}" ;;
    h5 | alipay) build "$what" ;;
    *) fail 2 "usage: miniapp.sh install|install:FOLDER|h5|alipay..." ;;
    esac
done
