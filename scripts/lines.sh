#!/bin/sh
# Lines of code, neither blank nor comment, of the parts that have a cap (ARCHITECTURE.md, section 7).
set -eu
cd "$(dirname "$0")/.."

count() {
    label=$1
    shift
    printf '%-10s %6d\n' "$label" "$(find "$@" -name '*.rs' -exec cat {} + | grep -cvE '^[[:space:]]*(//|$)')"
}

count engine crates/model/src crates/store/src crates/web/src
count derive crates/derive/src
count domain crates/domain/src
count app crates/app/src
count customer crates/domain/src/crm/customer.rs crates/domain/src/crm/customer
