//! What is measured.

use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use domain::Customer;
use model::Entity;
use model::search::{initials, readings};
use rust_xlsxwriter::Workbook;
use tests::Random;

use crate::client::Client;
use crate::data::Place;
use crate::raw::Raw;
use crate::server::Server;
use crate::table::Table;

/// Calls of one round.
const CALLS: usize = 100;
const SECONDS: f64 = 3.0;

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn at(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(((values.len() as f64 * part) as usize).min(values.len() - 1)).copied().unwrap_or(f64::NAN)
}

/// The median of `calls` calls, in milliseconds.
fn time(calls: usize, mut call: impl FnMut()) -> f64 {
    let mut took: Vec<f64> = (0..calls)
        .map(|_| {
            let since = Instant::now();
            call();
            since.elapsed().as_secs_f64() * 1000.0
        })
        .collect();
    median(&mut took)
}

pub fn ok(client: &mut Client, path: &str) -> Vec<u8> {
    let answer = client.get(path, "identity");
    assert_eq!(answer.status, 200, "{path}: {}", String::from_utf8_lossy(&answer.body));
    answer.body
}

pub fn all(
    kind: &str,
    program: &Path,
    place: &Place,
    mut raw: Raw,
    names: &[String],
    rounds: usize,
    table: &mut Table,
) {
    let mut starts: Vec<f64> =
        (0..rounds).map(|_| Server::start(program, place).took.as_secs_f64() * 1000.0).collect();
    let start = median(&mut starts);
    table.add("start to first answer", kind, format!("{start:.0} ms"), "under 1 s", Some(start < 1000.0));

    let server = Server::start(program, place);
    let idle = server.memory();
    let mut sales = Client::new(&server.address, "sales");
    let mut boss = Client::new(&server.address, "boss");
    let mut manager = Client::new(&server.address, "manager");

    let json = "/api/v1/customer?size=50&count=0&sort=-created";
    let html = "/customer?view=*&sort=-created";
    let part = html;
    let [mut bare, mut as_json, mut page, mut bare_name, mut by_name, mut wide, mut single, mut bare_single] =
        [const { Vec::<f64>::new() }; 8];
    let mut random = Random::new(5);
    for round in 0..=rounds {
        let one = [
            time(CALLS, || {
                raw.list(place.sales, "created DESC, id DESC");
            }),
            time(CALLS, || drop(ok(&mut sales, json))),
            time(CALLS / 4, || drop(ok(&mut sales, part))),
            time(CALLS, || {
                raw.list(place.sales, "title_key, id");
            }),
            time(CALLS, || drop(ok(&mut sales, "/api/v1/customer?size=50&count=0&sort=name"))),
            time(CALLS, || drop(ok(&mut manager, json))),
            time(CALLS, || {
                drop(ok(&mut boss, &format!("/api/v1/customer/{}", 2 + random.below(names.len() * 9 / 10))))
            }),
            time(CALLS, || {
                raw.get(2 + random.below(names.len() * 9 / 10) as i64);
            }),
        ];
        // The first round only warms up.
        if round > 0 {
            let all = [
                &mut bare,
                &mut as_json,
                &mut page,
                &mut bare_name,
                &mut by_name,
                &mut wide,
                &mut single,
                &mut bare_single,
            ];
            all.into_iter().zip(one).for_each(|(all, one)| all.push(one));
        }
    }
    let [bare, as_json, page, bare_name, by_name, wide, single, bare_single] =
        [bare, as_json, page, bare_name, by_name, wide, single, bare_single].map(|mut it| median(&mut it));
    let mut compare = |what: &str, found: f64, bare: f64, most: f64| {
        let ratio = found / bare;
        let says = format!("{found:.2} ms, raw {bare:.2} ms: {ratio:.1} ×");
        table.add(what, kind, says, &format!("at most {most:.0} × raw"), Some(ratio <= most));
    };
    compare("50 own rows by date, JSON", as_json, bare, 2.0);
    compare("50 own rows by name, JSON", by_name, bare_name, 2.0);
    compare("50 own rows by date, HTML", page, bare, 4.0);
    table.add("50 rows of a department by date, JSON", kind, format!("{wide:.2} ms"), "", None);
    table.add(
        "one record with its child rows",
        kind,
        format!("{single:.2} ms, raw row {bare_single:.2} ms"),
        "",
        None,
    );

    let total = time(5, || drop(ok(&mut boss, "/api/v1/customer?size=1&sort=id")));
    let bare_total = time(5, || {
        raw.total();
    });
    let says = format!("{total:.0} ms, raw {bare_total:.0} ms");
    table.add("total and sum of all", kind, says, "under 400 ms", Some(total < 400.0));

    search(kind, &server, names, table);

    let mut slowest = (0.0, "");
    for field in Customer::DEF.fields.iter().filter(|it| it.is_shown()) {
        let path = format!("/api/v1/customer?size=50&count=0&sort=-{}", field.name);
        let took = time(2, || drop(ok(&mut boss, &path)));
        if took > slowest.0 {
            slowest = (took, field.name);
        }
    }
    let says = format!("slowest {:.0} ms ({})", slowest.0, slowest.1);
    table.add("sort by any column", kind, says, "under 1.5 s", Some(slowest.0 < 1500.0));

    creating(kind, &server, &mut raw, names, rounds, table);
    let loaded = server.memory();
    let says = format!("{:.0} MB idle, {:.0} MB loaded", idle.1, loaded.1);
    let within = idle.1 < 80.0 && loaded.1 < 250.0;
    table.add("memory of its own", kind, says, "80 MB, 250 MB", Some(within));
    let says = format!("{:.0} MB idle, {:.0} MB loaded", idle.0, loaded.0);
    table.add("memory with mapped pages of the file", kind, says, "", None);
    if kind == "sqlite" {
        bytes(&mut boss, table);
    }
}

/// What people type: a part of the name, initials, pinyin.
fn typed(names: &[String], random: &mut Random) -> String {
    let name = random.one(names);
    let chars: Vec<char> = name.chars().collect();
    let from = random.below(chars.len().saturating_sub(5).max(1));
    let some: String = chars[from..(from + 3).min(chars.len())].iter().collect();
    match random.below(3) {
        0 => some,
        1 => initials(name).chars().take(3 + random.below(3)).collect(),
        _ => readings(&some).iter().map(|it| it.first()).collect(),
    }
}

/// Finding alone: what is typed at random by many, then some words by one.
pub fn find(kind: &str, server: &Server, names: &[String], rounds: usize, table: &mut Table) {
    for _ in 0..rounds {
        search(kind, server, names, table);
    }
    let rare: String = names[names.len() / 3].chars().take(7).collect();
    for who in ["sales", "boss"] {
        let mut client = Client::new(&server.address, who);
        for word in [&rare, "有限公司", "bj", "bjkj", "beijing", "15400", "龘靐"] {
            let q: String = word.bytes().map(|byte| format!("%{byte:02X}")).collect();
            for (what, rest) in
                [("rows", "&count=0"), ("rows and count", ""), ("by name", "&count=0&sort=name")]
            {
                let path = format!("/api/v1/customer?size=10&columns=name,number&q={q}{rest}");
                ok(&mut client, &path);
                let took = time(10, || drop(ok(&mut client, &path)));
                table.add(&format!("{who} finds {word}, {what}"), kind, format!("{took:.2} ms"), "", None);
            }
        }
    }
}

fn search(kind: &str, server: &Server, names: &[String], table: &mut Table) {
    for (who, what) in [("sales", "with one person's scope"), ("boss", "in all")] {
        let took = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for n in 0..8 {
                let took = &took;
                scope.spawn(move || {
                    let (mut client, mut random) = (Client::new(&server.address, who), Random::new(n));
                    let (since, mut mine) = (Instant::now(), Vec::new());
                    while since.elapsed() < Duration::from_secs_f64(2.0 * SECONDS) {
                        let q: String =
                            typed(names, &mut random).bytes().map(|byte| format!("%{byte:02X}")).collect();
                        let one = Instant::now();
                        ok(
                            &mut client,
                            &format!("/api/v1/customer?size=10&count=0&columns=name,number&q={q}"),
                        );
                        mine.push(one.elapsed().as_secs_f64() * 1000.0);
                    }
                    took.lock().expect("nobody panics with it").extend(mine);
                });
            }
        });
        let mut took = took.into_inner().expect("nobody panics with it");
        let (half, most) = (at(&mut took, 0.5), at(&mut took, 0.99));
        let budget = if kind == "sqlite" { 15.0 } else { 60.0 };
        let says =
            format!("p50 {half:.1} ms, p99 {most:.1} ms, {:.0}/s", took.len() as f64 / (2.0 * SECONDS));
        table.add(
            &format!("find {what}, 8 connections"),
            kind,
            says,
            &format!("p99 under {budget:.0} ms"),
            Some(most < budget),
        );
    }
}

/// Creating alone, beside the raw writer.
pub fn creating(
    kind: &str,
    server: &Server,
    raw: &mut Raw,
    names: &[String],
    rounds: usize,
    table: &mut Table,
) {
    let like =
        Client::new(&server.address, "clerk").post("/api/v1/customer", "{\"name\":\"样本\",\"phone\":\"1\"}");
    let like = String::from_utf8_lossy(&like.body).into_owned();
    let like =
        like.strip_prefix("{\"id\":").and_then(|it| it.split(',').next()?.parse().ok()).expect("an id");
    let mut bare_rates = Vec::new();
    let mut rates = [const { Vec::new() }; 3];
    for round in 0..3.min(rounds) {
        bare_rates.push(raw.write(SECONDS, like, names, round));
        for (n, connections) in [1, 8, 64].into_iter().enumerate() {
            rates[n].push(create(server, names, connections, round));
        }
    }
    let bare = median(&mut bare_rates);
    for (n, connections) in [1, 8, 64].into_iter().enumerate() {
        let rate = median(&mut rates[n]);
        let says = format!("{rate:.0}/s, raw in groups of 64 {bare:.0}/s: {:.2} ×", rate / bare);
        let floor = if kind == "sqlite" { 3000.0 } else { 0.0 };
        let within = (connections == 64).then_some(rate >= bare / 2.0 && rate >= floor);
        let budget = match (connections, kind) {
            (64, "sqlite") => "half of raw, and 3,000/s",
            (64, _) => "half of raw",
            _ => "",
        };
        table.add(&format!("create, {connections} connections"), kind, says, budget, within);
    }
}

/// Records created a second.
fn create(server: &Server, names: &[String], connections: usize, round: usize) -> f64 {
    let (done, since) = (AtomicUsize::new(0), Instant::now());
    std::thread::scope(|scope| {
        for n in 0..connections {
            let done = &done;
            scope.spawn(move || {
                let mut client = Client::new(&server.address, "clerk");
                for k in 0.. {
                    if since.elapsed().as_secs_f64() > SECONDS {
                        return;
                    }
                    let name = &names[(n * 7919 + k * 31 + round * 101) % names.len()];
                    let answer = client.post(
                        "/api/v1/customer",
                        &format!("{{\"name\":\"{name}\",\"phone\":\"154{k:08}\"}}"),
                    );
                    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    done.load(Ordering::Relaxed) as f64 / since.elapsed().as_secs_f64()
}

/// What a browser loads first, as it goes over the line.
fn bytes(client: &mut Client, table: &mut Table) {
    let page = client.get("/customer?view=*", "gzip");
    let text = String::from_utf8_lossy(&ok(client, "/customer?view=*")).into_owned();
    let mut found: Vec<&str> = text
        .split('"')
        .filter(|it| it.starts_with("/a/"))
        .map(|it| it.split('#').next().unwrap_or(it))
        .collect();
    found.sort_unstable();
    found.dedup();
    let assets: Vec<_> =
        found.iter().filter(|it| [".css", ".js", ".svg"].iter().any(|end| it.ends_with(end))).collect();
    let size: usize = assets.iter().map(|it| client.get(it, "br, gzip").body.len()).sum();
    let kilobytes = |bytes: usize| bytes as f64 / 1024.0;
    let says = format!("{:.1} KB in {} files", kilobytes(size), assets.len());
    table.add("CSS, JavaScript and icons", "", says, "under 70 KB", Some(kilobytes(size) < 70.0));
    let says = format!("{:.1} KB", kilobytes(page.body.len()));
    table.add("HTML of 50 rows", "", says, "under 15 KB", Some(kilobytes(page.body.len()) < 15.0));
}

/// Import into an empty database and export, by the command line.
pub fn files(program: &Path, names: &[String], table: &mut Table) {
    let folder = std::env::temp_dir().join(format!("keyuan_bench_{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("customers.csv");
    let some = &names[..names.len().min(100_000)];
    let mut text = "\u{feff}公司名称,电话,等级\n".to_owned();
    for (n, name) in some.iter().enumerate() {
        text += &format!("{name},154{n:08},{}\n", ["A", "B", "C"][n % 3]);
    }
    std::fs::write(&file, text).expect("a file");
    let run = |words: &[&str]| {
        let since = Instant::now();
        let mut command = Command::new(program);
        command.arg("--data").arg(folder.join("data")).args(words).env("KEYUAN_LOG", "error");
        let done = command.output().expect("it runs");
        let says =
            String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        (since.elapsed().as_secs_f64(), done.status.code(), says)
    };
    let file = file.display().to_string();
    let (took, code, says) = run(&["import", "customer", &file]);
    let within = code == Some(0) && took < 25.0;
    let last = says.lines().last().unwrap_or_default();
    table.add(
        "import of 100,000 with duplicate check",
        "sqlite",
        format!("{took:.1} s ({last})"),
        "under 25 s",
        Some(within),
    );
    let export = |name: &str| {
        let out = folder.join(name);
        let (took, code, says) = run(&["export", "customer", &out.display().to_string()]);
        assert_eq!(code, Some(0), "{says}");
        took
    };
    let mut csv: Vec<f64> = (0..3).map(|_| export("out.csv")).collect();
    let csv = median(&mut csv);
    table.add("export of 100,000 to CSV", "sqlite", format!("{csv:.1} s"), "under 3 s", Some(csv < 3.0));
    let rows: Vec<Vec<String>> = std::fs::read_to_string(folder.join("out.csv"))
        .map(|text| text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect())
        .expect("it was written");
    let [mut excel, mut bare] = [const { Vec::new() }; 2];
    for _ in 0..3 {
        excel.push(export("out.xlsx"));
        bare.push(bare_excel(&folder, &rows));
    }
    let size = |name: &str| std::fs::metadata(folder.join(name)).map_or(0, |it| it.len()) / 1024;
    let (excel, bare) = (median(&mut excel), median(&mut bare));
    let says = format!(
        "{excel:.2} s, {} KB; the writer alone {bare:.2} s, {} KB: {:.2} ×",
        size("out.xlsx"),
        size("bare.xlsx"),
        excel / bare
    );
    table.add("export of 100,000 to Excel", "sqlite", says, "1.5 × the writer", Some(excel <= 1.5 * bare));
    let _ = std::fs::remove_dir_all(&folder);
}

/// The same cells by the library that the program writes Excel with, in the same way, from memory: seconds. What is a
/// number in the program's file is one here too.
fn bare_excel(folder: &Path, rows: &[Vec<String>]) -> f64 {
    let since = Instant::now();
    let mut book = Workbook::new();
    book.set_tempdir(folder).expect("a folder");
    let sheet = book.add_worksheet_with_constant_memory().expect("a sheet");
    for (row, cells) in (1..).zip(rows) {
        for (column, cell) in (0..).zip(cells).filter(|it| !it.1.is_empty()) {
            let written = match cell.parse::<f64>() {
                Ok(number) if cell.len() < 10 => sheet.write_number(row, column, number),
                _ => sheet.write_string(row, column, cell),
            };
            written.expect("a cell");
        }
    }
    book.save(folder.join("bare.xlsx")).expect("it is written");
    since.elapsed().as_secs_f64()
}
