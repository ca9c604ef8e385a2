//! Measures the program as it is served, on both databases, beside raw SQL on the same data in the same run. Medians of
//! several rounds, the two sides in turn; what counts is the ratio, since no machine is quiet.
//!
//! `KEYUAN_BENCH_ROWS` says how many customers there are (1,000,000), `KEYUAN_BENCH_ROUNDS` how many rounds (5),
//! `KEYUAN_BENCH_ONLY` which database. With `KEYUAN_BENCH_FIND` only finding is measured.

mod client;
mod data;
mod measure;
mod raw;
mod server;
mod table;

use std::path::Path;

use table::Table;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(usual)
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let (rows, rounds) = (number("KEYUAN_BENCH_ROWS", 1_000_000), number("KEYUAN_BENCH_ROUNDS", 5));
    let folder = root.join("target/bench").join(rows.to_string());
    let Some(names) = data::names(rows) else {
        println!("the lists of names are not here: nothing is measured");
        return;
    };
    let program = root.join("target/release/keyuan");
    assert!(program.exists(), "make build first");
    let mut table = Table::default();
    let only = std::env::var("KEYUAN_BENCH_ONLY").unwrap_or_default();
    for kind in ["sqlite", "postgres"].into_iter().filter(|it| only.is_empty() || *it == only) {
        let place = data::place(kind, &folder, &names);
        if std::env::var_os("KEYUAN_BENCH_FIND").is_some() {
            measure::find(kind, &program, &place, &names, rounds, &mut table);
            continue;
        }
        let raw = raw::Raw::open(&place);
        measure::all(kind, &program, &place, raw, &names, rounds, &mut table);
    }
    if std::env::var_os("KEYUAN_BENCH_FIND").is_none() {
        measure::files(&program, &names, &mut table);
    }
    println!("{}", table.text());
}
