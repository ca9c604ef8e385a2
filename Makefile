# Everything a person needs to build, try, test and ship Keyuan.

.PHONY: build run test test-slow bench fmt lint fixture dist

build: # target/release/keyuan
	cargo build --release -p app

run: # the demo at http://127.0.0.1:8080, with its data in ./data
	cargo run --release -p app -- demo --serve

test: # what every change must pass
	scripts/test.sh

test-slow: # more rounds of what is random: kills, properties; the API asked all it describes
	KEYUAN_KILLS=50 PROPTEST_CASES=5000 scripts/test.sh
	scripts/schemathesis.sh
	scripts/postgres.sh scripts/schemathesis.sh

bench: build # the figures of docs/performance.md
	cargo bench -p bench

fmt:
	cargo fmt --all

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings

fixture: # tests/fixtures/<version>: what this version leaves for those after it to upgrade; before each release
	KEYUAN_FIXTURE=1 scripts/postgres.sh cargo test -p tests --test fixtures

dist: build # dist/keyuan-<version>-<machine>.tar.gz
	scripts/dist.sh
