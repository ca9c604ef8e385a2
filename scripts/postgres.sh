#!/bin/bash
# Runs a command with TEST_DATABASE_URL naming a private PostgreSQL, which ends with it.
# Usage: scripts/postgres.sh COMMAND...
set -eu
cd "$(dirname "$0")/.."

if [ -n "${TEST_DATABASE_URL:-}" ]; then
    exec "$@"
fi

. scripts/needs.sh
need_postgres
bin=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb | sort -V | tail -1)")
folder=$(mktemp -d)

# PostgreSQL refuses to run as root.
as_postgres() {
    if [ "$(id -u)" = 0 ]; then
        (cd / && runuser -u postgres -- "$@")
    else
        "$@"
    fi
}

stop() {
    as_postgres "$bin/pg_ctl" -D "$folder/data" -m immediate stop > /dev/null 2>&1 || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

[ "$(id -u)" != 0 ] || chown postgres "$folder"
as_postgres "$bin/initdb" -D "$folder/data" --username=keyuan --auth=trust --encoding=UTF8 --locale=C.UTF-8 \
    --no-sync > /dev/null

# A port may be taken between the asking and the start, so there are a few tries.
for try in 1 2 3 4 5; do
    port=$((20000 + (RANDOM + $$) % 20000))
    options="-p $port -k $folder -c listen_addresses=127.0.0.1 -c max_connections=300"
    if as_postgres "$bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -o "$options" start > /dev/null; then
        break
    fi
    [ "$try" != 5 ] || { cat "$folder/log" >&2; exit 1; }
done

TEST_DATABASE_URL="postgres://keyuan@127.0.0.1:$port/postgres" "$@"
