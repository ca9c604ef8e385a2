//! Power cuts, full disks and lost servers: what was acknowledged stays, what was not leaves nothing.

mod both;

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::thread;

use both::stores;
use model::{Conn, Dialect, Error, Result, Value};
use store::{Address, Settings, Store};

/// What tells the test program that it is the victim, not the test.
const VICTIM: &str = "KEYUAN_TEST_VICTIM";
const CRAMPED: &str = "KEYUAN_TEST_CRAMPED";

fn connect(address: &Address) -> Store {
    Store::connect(address, Settings::of(address.dialect())).unwrap()
}

fn make(db: &Store) {
    db.write(|conn| {
        conn.execute("CREATE TABLE a (id BIGINT PRIMARY KEY, text TEXT NOT NULL)", &[])?;
        conn.execute("CREATE TABLE total (id BIGINT PRIMARY KEY, count BIGINT NOT NULL)", &[])?;
        conn.execute("INSERT INTO total (id, count) VALUES ($1, 0)", &[Value::Int(1)])
    })
    .unwrap();
}

/// Two tables in one job: a row, and the count of rows.
fn add(conn: &mut dyn Conn, id: i64, text: &str) -> Result<u64> {
    conn.execute("UPDATE total SET count = count + 1 WHERE id = $1", &[Value::Int(1)])?;
    conn.execute("INSERT INTO a (id, text) VALUES ($1, $2)", &[Value::Int(id), Value::from(text)])
}

fn numbers(db: &Store, sql: &str) -> Vec<i64> {
    let mut all = Vec::new();
    db.read(|conn| {
        conn.query(sql, &[], &mut |row| {
            all.push(Value::from(row.cell(0)).int());
            Ok(())
        })
    })
    .unwrap();
    all
}

fn assert_whole(db: &Store) -> Vec<i64> {
    let ids = numbers(db, "SELECT id FROM a ORDER BY id");
    assert_eq!(numbers(db, "SELECT count FROM total"), [ids.len() as i64], "no job is half there");
    ids
}

/// Runs only when a test starts this program again: writes until it is killed, and says what is acknowledged.
#[test]
fn victim() {
    let Ok(place) = std::env::var(VICTIM) else { return };
    let address = match place.starts_with("postgres") {
        true => Address::Server(place),
        false => Address::File(place.into()),
    };
    let (db, next) =
        (connect(&address), AtomicI64::new(numbers(&connect(&address), "SELECT MAX(id) FROM a")[0] + 1));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let id = next.fetch_add(1, Ordering::Relaxed);
                    db.write(move |conn| add(conn, id, "kept")).unwrap();
                    let mut out = std::io::stdout().lock();
                    let _ = writeln!(out, "\nkept {id}").and_then(|()| out.flush());
                }
            });
        }
    });
}

#[test]
fn a_killed_program_loses_nothing_that_it_acknowledged() {
    let rounds = std::env::var("KEYUAN_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    stores(|address| {
        make(&connect(address));
        let place = match address {
            Address::File(file) => file.display().to_string(),
            Address::Server(url) => url.clone(),
        };
        let mut kept = Vec::new();
        for round in 0..rounds {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "victim", "--nocapture"])
                .env(VICTIM, &place)
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(|line| line.ok());
            let mut seen = 0;
            for line in lines {
                let Some(id) = line.strip_prefix("kept ").and_then(|id| id.parse::<i64>().ok()) else {
                    continue;
                };
                kept.push(id);
                seen += 1;
                if seen == 20 + 13 * round {
                    child.kill().unwrap();
                }
            }
            child.wait().unwrap();
            assert!(seen > 0, "the victim has written");

            let there = assert_whole(&connect(address));
            let lost: Vec<_> = kept.iter().filter(|id| there.binary_search(id).is_err()).collect();
            assert!(lost.is_empty(), "round {round}: {lost:?}");
        }
    });
}

#[test]
fn a_full_disk_refuses_a_job_whole_and_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&Address::of(folder.path(), None));
    make(&db);
    let pages = numbers(&db, "PRAGMA page_count")[0];
    // `PRAGMA max_page_count` of a writer answers with a row.
    db.write(move |conn| conn.query(&format!("PRAGMA max_page_count = {}", pages + 4), &[], &mut |_| Ok(())))
        .unwrap();

    let results: Vec<Result<u64>> = thread::scope(|scope| {
        let big = |id| {
            let db = &db;
            scope.spawn(move || {
                db.write(move |conn| add(conn, id, &"x".repeat(if id % 2 == 0 { 50_000 } else { 5 })))
            })
        };
        let jobs: Vec<_> = (0..20).map(big).collect();
        jobs.into_iter().map(|job| job.join().unwrap()).collect()
    });

    for (id, result) in results.iter().enumerate() {
        assert_eq!(result, if id % 2 == 0 { &Err(Error::Full) } else { &Ok(1) }, "{id}");
    }
    assert_eq!(assert_whole(&db).len(), 10);
    db.write(|conn| conn.query("PRAGMA max_page_count = 100000", &[], &mut |_| Ok(()))).unwrap();
    db.write(|conn| add(conn, 100, &"x".repeat(50_000))).unwrap();
    assert_eq!(assert_whole(&db).len(), 11);
}

#[test]
fn a_job_that_goes_on_after_the_disk_was_full_commits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let db = connect(&Address::of(folder.path(), None));
    make(&db);
    let pages = numbers(&db, "PRAGMA page_count")[0];
    db.write(move |conn| conn.query(&format!("PRAGMA max_page_count = {}", pages + 1), &[], &mut |_| Ok(())))
        .unwrap();

    let stubborn = db.write(|conn| {
        add(conn, 1, "a")?;
        let _ = add(conn, 2, &"x".repeat(100_000));
        add(conn, 3, "b")
    });

    let there = assert_whole(&db);
    assert!(
        matches!((&stubborn, there.len()), (Err(Error::Full), 0) | (Ok(_), 2 | 3)),
        "{stubborn:?} {there:?}"
    );
}

/// Runs only when a test starts this program again under a limit: writes until the disk is full.
#[test]
fn cramped() {
    let Ok(place) = std::env::var(CRAMPED) else { return };
    let db = connect(&Address::File(place.into()));
    let full = (1..).find_map(|id| db.write(move |conn| add(conn, id, &"x".repeat(1000))).err());
    println!("\nended {}", full.unwrap().code());
    assert_whole(&db);
}

#[test]
fn a_file_that_may_not_grow_is_a_full_disk() {
    let folder = tempfile::tempdir().unwrap();
    let address = Address::of(folder.path(), None);
    let db = connect(&address);
    make(&db);
    let Address::File(file) = &address else { return };

    let child = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 512; exec \"$0\" --exact cramped --nocapture"])
        .arg(std::env::current_exe().unwrap())
        .env(CRAMPED, file)
        .output()
        .unwrap();

    let said = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && said.contains("ended disk_full"), "{said}");
    assert!(!assert_whole(&db).is_empty());
    db.write(|conn| add(conn, -1, "after")).unwrap();
}

#[test]
fn a_cut_connection_costs_nothing() {
    let Some(place) = both::postgres::postgres() else { return };
    let db = connect(&Address::Server(format!("{}&application_name=cut", place.url)));
    make(&db);
    let over = Arc::new(AtomicBool::new(false));
    let knife = {
        let (over, url) = (over.clone(), both::postgres::server().unwrap());
        thread::spawn(move || {
            let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
            let mut cut = 0;
            while !over.load(Ordering::Relaxed) {
                let sql = "SELECT pg_terminate_backend(pid) \
                           FROM (SELECT pid FROM pg_stat_activity WHERE application_name = 'cut' ORDER BY random() LIMIT 1) it";
                cut += client.query(sql, &[]).unwrap().len();
                client.batch_execute("SELECT pg_sleep(0.003)").unwrap();
            }
            cut
        })
    };

    let results: Vec<Result<u64>> = thread::scope(|scope| {
        let write = |from: i64| {
            let db = &db;
            scope.spawn(move || {
                (0..200).map(|n| db.write(move |conn| add(conn, 1000 * from + n, "x"))).collect()
            })
        };
        let writers: Vec<_> = (0..4).map(write).collect();
        writers.into_iter().flat_map(|writer| -> Vec<_> { writer.join().unwrap() }).collect()
    });
    over.store(true, Ordering::Relaxed);
    let cut = knife.join().unwrap();

    assert!(results.iter().all(|it| *it == Ok(1)), "{:?}", results.iter().find(|it| it.is_err()));
    assert_eq!(assert_whole(&db).len(), 800);
    assert!(cut > 0 && db.meter().retries.load(Ordering::Relaxed) > 0, "{cut} cuts");
}

#[test]
fn a_server_that_is_not_there_is_gone() {
    let none = Address::Server("postgres://nobody@127.0.0.1:1/none".into());

    let failed = Store::connect(&none, Settings::of(Dialect::Postgres)).map(drop);

    assert_eq!(failed, Err(Error::Gone));
}

#[test]
fn rivals_in_two_programs_wait_for_each_other() {
    stores(|address| {
        let (one, two) = (connect(address), connect(address));
        make(&one);

        thread::scope(|scope| {
            for (n, db) in [&one, &two, &one, &two].into_iter().enumerate() {
                scope.spawn(move || {
                    for id in 0..25 {
                        db.write(move |conn| add(conn, 100 * n as i64 + id, "x")).unwrap();
                    }
                });
            }
        });

        assert_eq!(assert_whole(&one).len(), 100);
    });
}

#[test]
fn a_deadlock_runs_again() {
    let Some(place) = both::postgres::postgres() else { return };
    let db = connect(&Address::Server(place.url.clone()));
    make(&db);
    db.write(|conn| add(conn, 1, "").and_then(|_| add(conn, 2, ""))).unwrap();

    thread::scope(|scope| {
        for order in [[1, 2], [2, 1]] {
            let db = &db;
            scope.spawn(move || {
                for _ in 0..4 {
                    db.write(move |conn| {
                        order.into_iter().try_for_each(|id| {
                            conn.execute("UPDATE a SET text = text || 'x' WHERE id = $1", &[Value::Int(id)])?;
                            conn.query("SELECT pg_sleep(0.001)", &[], &mut |_| Ok(()))
                        })
                    })
                    .unwrap();
                }
            });
        }
    });

    assert_eq!(numbers(&db, "SELECT CAST(length(text) AS BIGINT) FROM a ORDER BY id"), [8, 8]);
}
