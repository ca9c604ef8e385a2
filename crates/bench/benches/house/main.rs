//! Measures the program as it is served, on both databases, beside raw SQL on the same data in the same run. Medians of
//! several rounds, the two sides in turn; what counts is the ratio, since no machine is quiet.
//!
//! `KEYUAN_BENCH_ROWS` says how many customers there are (1,000,000), `KEYUAN_BENCH_ROUNDS` how many rounds (5),
//! `KEYUAN_BENCH_ONLY` which database. `KEYUAN_BENCH_PART` is one part alone: `find`, `create`, `trade` or
//! `files`. `KEYUAN_BENCH_LINES` says how many lines were sold in the year (1,000,000).

mod client;
mod data;
mod measure;
mod raw;
mod server;
mod table;
mod trade;

use std::path::Path;

use server::Server;
use table::Table;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|it| it.parse().ok()).unwrap_or(usual)
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository");
    let (rows, rounds) = (number("KEYUAN_BENCH_ROWS", 1_000_000), number("KEYUAN_BENCH_ROUNDS", 5));
    let lines = number("KEYUAN_BENCH_LINES", 1_000_000);
    let folder = root.join("target/bench").join(rows.to_string());
    let Some(names) = data::names(rows) else {
        println!("the lists of names are not here: nothing is measured");
        return;
    };
    let program = root.join("target/release/keyuan");
    assert!(program.exists(), "make build first");
    let mut table = Table::default();
    let word = |name: &str| std::env::var(name).unwrap_or_default();
    let (only, part) = (word("KEYUAN_BENCH_ONLY"), word("KEYUAN_BENCH_PART"));
    for kind in ["sqlite", "postgres"].into_iter().filter(|it| only.is_empty() || *it == only) {
        if part == "files" {
            continue;
        }
        let place = data::place(kind, &folder, &names);
        let server = || Server::start(&program, &place);
        let mut raw = raw::Raw::open(&place);
        match part.as_str() {
            "find" => measure::find(kind, &server(), &names, rounds, &mut table),
            "create" => measure::creating(kind, &server(), &mut raw, &names, rounds, &mut table),
            "trade" => trade::all(kind, &program, &place, &mut raw, (rows, lines, rounds), &mut table),
            _ => {
                measure::all(kind, &program, &place, raw, &names, rounds, &mut table);
                let mut raw = raw::Raw::open(&place);
                trade::all(kind, &program, &place, &mut raw, (rows, lines, rounds), &mut table);
            }
        }
    }
    if matches!(part.as_str(), "" | "files") {
        measure::files(&program, &names, &mut table);
    }
    println!("{}", table.text());
}
