#!/usr/bin/env bash
# private-postgres.sh start DIR [--fast] [--watch PID] | stop DIR
# A PostgreSQL of our own: data below DIR, a random loopback port, a random password. Never touches the machine's
# clusters. `start` prints the URL, `stop` ends the server and removes DIR. --fast gives up durability (tests);
# --watch stops it all when process PID is gone, however that came.
set -euo pipefail
# shellcheck source=deploy/dev/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
MARK=.lifeline-private-postgres

find_bin() {
    local dir
    # The versioned folder first: a wrapper on the PATH may have ideas of its own about who may run it.
    for dir in $(compgen -G '/usr/lib/postgresql/*/bin' | sort -rV); do
        [[ -x $dir/initdb ]] && { echo "$dir"; return 0; }
    done
    dir=$(command -v initdb) || fail 2 "no initdb found; run deploy/dev/ensure.sh services"
    dirname "$dir"
}

server_user() {
    if [[ $(id -u) -ne 0 ]]; then
        echo ""
        return 0
    fi
    unprivileged_user || fail 2 "PostgreSQL refuses root and there is no account 'postgres' or 'nobody' to use"
}

init_cluster() { # BIN USER DIR
    # A database whose default order is not the C order: a key that forgets COLLATE "C" shows up here, not later.
    local -a common=(--pgdata="$3/data" --username=lifeline --pwfile="$3/password" --auth=scram-sha-256
        --encoding=UTF8 --no-sync)
    as_user "$2" "$1/initdb" "${common[@]}" --locale=C --locale-provider=icu --icu-locale=und >"$3/initdb.log" 2>&1 && return 0
    rm -rf "$3/data"
    as_user "$2" "$1/initdb" "${common[@]}" --locale=C >"$3/initdb.log" 2>&1 && return 0
    cat "$3/initdb.log" >&2
    return 1
}

write_settings() { # DIR PORT FAST
    cat >>"$1/data/postgresql.conf" <<CONF
listen_addresses = '127.0.0.1'
port = $2
unix_socket_directories = ''
max_connections = 300
shared_buffers = 128MB
timezone = 'UTC'
log_timezone = 'UTC'
CONF
    [[ -z $3 ]] || printf "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nwal_level = minimal\nmax_wal_senders = 0\nautovacuum = off\n" >>"$1/data/postgresql.conf"
}

start() {
    local dir=$1 fast=$2 watch=$3 bin user password port try
    bin=$(find_bin)
    user=$(server_user)
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    [[ -z $(ls -A "$dir") ]] || fail 2 "$dir is not empty"
    touch "$dir/$MARK"
    password=$(random_hex 16)
    (umask 077 && printf '%s\n' "$password" >"$dir/password")
    if [[ -n $user ]]; then
        chown -R "$user" "$dir"
        as_user "$user" test -w "$dir" || fail 2 "$user cannot reach $dir; choose a folder below /tmp"
    fi
    init_cluster "$bin" "$user" "$dir" || fail 1 "initdb failed"
    for try in {1..10}; do
        port=$(random_port)
        port_is_free "$port" || continue
        write_settings "$dir" "$port" "$fast"
        if as_user "$user" "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" -w -t 60 start >/dev/null 2>&1; then
            [[ -z $watch ]] || watch_over "$watch" "$dir"
            echo "postgres://lifeline:$password@127.0.0.1:$port/postgres"
            return 0
        fi
    done
    tail -n 20 "$dir/server.log" >&2 || true
    fail 1 "PostgreSQL did not start after $try tries"
}

watch_over() { # PID DIR
    local script
    script=$(readlink -f "${BASH_SOURCE[0]}")
    setsid bash -c 'while kill -0 "$1" 2>/dev/null && [[ -e $2 ]]; do sleep 2; done; [[ ! -e $2 ]] || "$3" stop "$2"' \
        watch "$1" "$2" "$script" </dev/null >/dev/null 2>&1 &
    disown
}

stop() {
    local dir=$1 bin user pid=
    [[ -e $dir/$MARK ]] || fail 2 "$dir is not a private PostgreSQL"
    bin=$(find_bin)
    user=$(server_user)
    if [[ -r $dir/data/postmaster.pid ]]; then
        pid=$(head -n 1 "$dir/data/postmaster.pid")
        as_user "$user" "$bin/pg_ctl" -D "$dir/data" -w -t 20 -m fast stop >/dev/null 2>&1 ||
            as_user "$user" "$bin/pg_ctl" -D "$dir/data" -w -t 20 -m immediate stop >/dev/null 2>&1 ||
            stop_process "$pid"
    fi
    rm -rf "$dir"
}

command=${1:-} dir=${2:-}
[[ -n $dir ]] || fail 2 "usage: private-postgres.sh start|stop DIR"
shift 2
fast='' watch=''
while (($#)); do
    case $1 in
    --fast) fast=yes ;;
    --watch) watch=$2 && shift ;;
    *) fail 2 "unknown option $1" ;;
    esac
    shift
done
case $command in
start) start "$dir" "$fast" "$watch" ;;
stop) stop "$dir" ;;
*) fail 2 "usage: private-postgres.sh start|stop DIR" ;;
esac
