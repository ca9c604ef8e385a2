#!/bin/bash
# The whole test, in phases that say how long they took.
set -eu
cd "$(dirname "$0")/.."
. scripts/needs.sh
begin=$SECONDS

phase() {
    local name=$1 since=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    "$@"
    printf '== %s: %d s\n' "$name" $((SECONDS - since))
}

phase "PostgreSQL is there" need_postgres
phase "Format" cargo fmt --all --check
phase "Lints" cargo clippy --workspace --all-targets --quiet -- -D warnings
phase "Building the tests" cargo test --workspace --exclude browser --quiet --no-run
phase "Tests on both databases" scripts/postgres.sh cargo test --workspace --exclude browser --quiet
phase "Chromium is there" need_browser
phase "Building the program" cargo build --quiet -p app
phase "Tests in the browser" cargo test -p browser --quiet
printf '\n== All passed in %d s\n' $((SECONDS - begin))
