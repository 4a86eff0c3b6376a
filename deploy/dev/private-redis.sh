#!/usr/bin/env bash
# private-redis.sh start DIR [--watch PID] | stop DIR
# A Redis of our own: a random loopback port, a random password, nothing written to disk. `start` prints the URL,
# `stop` ends it and removes DIR; --watch does so when process PID is gone.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
MARK=.lifeline-private-redis

start() {
    local dir=$1 watch=$2 user='' password port
    command -v redis-server >/dev/null || fail 2 "no redis-server found; run deploy/dev/ensure.sh services"
    [[ $(id -u) -ne 0 ]] || user=$(unprivileged_user) || fail 2 "no unprivileged account to run Redis as"
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [[ -z $(ls -A "$dir") ]] || fail 2 "$dir is not empty"
    touch "$dir/$MARK"
    [[ -z $user ]] || chown -R "$user" "$dir"
    as_user "$user" test -w "$dir" || fail 2 "$user cannot reach $dir; choose a folder below /tmp"
    password=$(random_hex 16)
    for _ in {1..10}; do
        port=$(random_port)
        port_is_free "$port" || continue
        # From a file, so that the password is on no command line.
        (umask 077 && cat >"$dir/redis.conf") <<CONF
bind 127.0.0.1
port $port
requirepass $password
dir $dir
save ""
appendonly no
daemonize yes
pidfile $dir/redis.pid
logfile $dir/redis.log
CONF
        [[ -z $user ]] || chown "$user" "$dir/redis.conf"
        as_user "$user" redis-server "$dir/redis.conf" >/dev/null 2>&1 || continue
        if answers "$port" "$password"; then
            [[ -z $watch ]] || watch_over "$watch" "$dir"
            echo "redis://default:$password@127.0.0.1:$port/0"
            return 0
        fi
    done
    tail -n 20 "$dir/redis.log" >&2 || true
    fail 1 "Redis did not start"
}

answers() { # PORT PASSWORD: one AUTH and PING over a socket, within a minute
    local deadline=$((SECONDS + 60)) reply
    while ((SECONDS < deadline)); do
        reply=$({
            exec 3<>"/dev/tcp/127.0.0.1/$1" && printf 'AUTH %s\r\nPING\r\nQUIT\r\n' "$2" >&3 && timeout 2 cat <&3
        } 2>/dev/null) || true
        [[ $reply == *PONG* ]] && return 0
        read -rt 0.1 <> <(:) || true
    done
    return 1
}

watch_over() { # PID DIR
    local script
    script=$(readlink -f "${BASH_SOURCE[0]}")
    setsid bash -c 'while kill -0 "$1" 2>/dev/null && [[ -e $2 ]]; do sleep 2; done; [[ ! -e $2 ]] || "$3" stop "$2"' \
        watch "$1" "$2" "$script" </dev/null >/dev/null 2>&1 &
    disown
}

stop() {
    local dir=$1
    [[ -e $dir/$MARK ]] || fail 2 "$dir is not a private Redis"
    [[ ! -r $dir/redis.pid ]] || stop_process "$(cat "$dir/redis.pid")" 10
    rm -rf "$dir"
}

command=${1:-} dir=${2:-}
[[ -n $dir ]] || fail 2 "usage: private-redis.sh start|stop DIR"
watch=''
[[ ${3:-} != --watch ]] || watch=$4
case $command in
start) start "$dir" "$watch" ;;
stop) stop "$dir" ;;
*) fail 2 "usage: private-redis.sh start|stop DIR" ;;
esac
