#!/bin/bash
# Asks the API of a demo everything that its own description allows, and much that it does not: no answer may be a
# server's error. Needs Python; what it installs stays in target/schemathesis. The demo lies in the PostgreSQL that
# TEST_DATABASE_URL names, else in a file.
# Usage: scripts/schemathesis.sh [SECONDS] [further options of schemathesis]
set -eu
cd "$(dirname "$0")/.."
. scripts/needs.sh
need_python

seconds=${1:-180}
[ $# = 0 ] || shift
venv=$PWD/target/schemathesis/4.32.5
if [ ! -e "$venv/ready" ]; then
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check schemathesis==4.32.5 openapi-spec-validator==0.9.0
    touch "$venv/ready"
fi

cargo build --quiet -p app
keyuan=$PWD/target/debug/keyuan
folder=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || kill "$server" 2> /dev/null || true
    wait 2> /dev/null || true
    rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT TERM

export KEYUAN_DATA=$folder/data KEYUAN_LOG=error
[ -z "${TEST_DATABASE_URL:-}" ] || export KEYUAN_DATABASE=$TEST_DATABASE_URL
"$keyuan" demo > /dev/null
# Its number is high: what is asked of small ones does not lock it out.
for n in 1 2 3 4 5 6 7 8 9; do
    KEYUAN_PASSWORD=Keyuan-2026 "$keyuan" user add "asker$n" --role owner > /dev/null
done
"$keyuan" serve --listen 127.0.0.1:0 > "$folder/out" 2> "$folder/log" &
server=$!
until grep -q '^http' "$folder/out"; do kill -0 "$server"; sleep 0.1; done
url=$(grep -m1 '^http' "$folder/out")

curl --silent --fail --cookie-jar "$folder/jar" --json '{"user":"asker9","password":"Keyuan-2026"}' \
    "$url/api/v1/session" > /dev/null
cookie=$(awk '/session/ { print $6 "=" $7 }' "$folder/jar")

curl --silent --fail --cookie "$cookie" "$url/api/openapi.json" > "$folder/openapi.json"
"$venv/bin/openapi-spec-validator" "$folder/openapi.json"

# One worker: threads meet a fault of Python 3.11's parser.
ask() {
    echo "$1"
    shift
    (cd "$folder" && "$venv/bin/schemathesis" run openapi.json --url "$url" -H "Cookie: $cookie" \
        --phases coverage,fuzzing --max-examples 10 --checks not_a_server_error,content_type_conformance,response_schema_conformance \
        --workers 1 --no-shrink --generation-database none --warnings off --no-color "$@" > report 2>&1) || failed=1
    cp "$folder/report" target/schemathesis/report
    [ -z "${failed:-}" ] || { cat "$folder/report"; exit 1; }
    grep -A20 '= SUMMARY' "$folder/report"
}

# What may lock out whoever asks comes last.
locks='^(session_delete|(user|role|user_role|access)_(update|delete|create|disable|enable|end_sessions|drop_code|restore).*)$'
ask "Everything but who may do what" --exclude-operation-id-regex "$locks" --max-time "$seconds" "$@"
if ! curl --silent --fail --cookie "$cookie" "$url/api/v1/session" > /dev/null; then
    echo "the session ended on the way: what came after was not asked" >&2
    exit 1
fi
ask "Who may do what" --include-operation-id-regex "$locks" --max-time 60 "$@"
! grep -E ' (ERROR|panicked)' "$folder/log"
