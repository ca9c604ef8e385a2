//! The program itself under load, killed, cut off and without room: what was acknowledged stays, what was not leaves
//! nothing behind.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::program::{Client, Program, run};
use tests::{Cluster, Random};

/// What clients have been told is kept, and every other answer they got.
#[derive(Default)]
struct Told {
    kept: Mutex<BTreeSet<String>>,
    others: Mutex<BTreeSet<String>>,
    count: AtomicUsize,
    over: AtomicBool,
}

const CLIENTS: usize = 6;

struct Over<'a>(&'a Told, bool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.over.store(!self.1 || std::thread::panicking(), Ordering::Relaxed);
    }
}

/// Clients create customers until they are told to stop or, with `until_silence`, until nobody answers any more.
fn load(
    address: &str,
    cookie: &str,
    round: usize,
    told: &Told,
    until_silence: bool,
    meanwhile: impl FnOnce(),
) {
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            scope.spawn(move || {
                let one = Client::new(address, cookie);
                for n in 0.. {
                    if told.over.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("公司 {round}-{client}-{n}");
                    match one.send("/api/v1/customer", &format!("{{\"name\":\"{name}\"}}")) {
                        Some((201, _)) => {
                            told.kept.lock().unwrap().insert(name);
                            told.count.fetch_add(1, Ordering::Relaxed);
                        }
                        Some((status, body)) => {
                            std::thread::sleep(Duration::from_millis(5));
                            let code = body.split("\"code\":\"").nth(1).and_then(|it| it.split('"').next());
                            let says = format!("{status} {}", code.unwrap_or(&body));
                            told.others.lock().unwrap().insert(says);
                        }
                        None if until_silence => return,
                        None => std::thread::sleep(Duration::from_millis(5)),
                    }
                }
            });
        }
        // However this ends, the clients end with it.
        let _over = Over(told, until_silence);
        meanwhile();
    });
}

fn wait_for(told: &Told, more: usize) {
    let (since, wanted) = (Instant::now(), told.count.load(Ordering::Relaxed) + more);
    while told.count.load(Ordering::Relaxed) < wanted {
        assert!(since.elapsed() < Duration::from_secs(120), "nothing is kept any more: {:?}", told.others);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn assert_kept(address: &str, cookie: &str, told: &Told) {
    let there = Client::new(address, cookie).names();
    let kept = told.kept.lock().unwrap();
    let lost: Vec<_> = kept.iter().filter(|it| !there.contains(*it)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), kept.len());
}

fn rounds() -> usize {
    std::env::var("KEYUAN_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(3)
}

/// Kills the program at random moments under load.
fn killed_again_and_again(data: &Path, database: Option<&str>) {
    let (told, mut random) = (Told::default(), Random::new(7));
    let mut program = Program::start(data, database, None);
    let cookie = program.sign_in();
    for round in 0..rounds() {
        let more = 1 + random.below(60);
        let address = program.address.clone();
        load(&address, &cookie, round, &told, true, || {
            wait_for(&told, more);
            program.kill();
        });
        assert_eq!(run(data, database, &["verify"]), 0, "round {round}");
        program = Program::start(data, database, None);
        assert_kept(&program.address, &cookie, &told);
    }
    let others = told.others.lock().unwrap();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn a_killed_program_loses_no_acknowledged_record() {
    let data = tempfile::tempdir().unwrap();
    killed_again_and_again(data.path(), None);
}

#[test]
fn a_killed_program_loses_no_acknowledged_record_on_a_server() {
    let Some(cluster) = Cluster::start() else { return };
    let data = tempfile::tempdir().unwrap();
    killed_again_and_again(data.path(), Some(&cluster.url()));
}

#[test]
fn a_killed_server_loses_no_acknowledged_record_and_the_program_goes_on() {
    let Some(cluster) = Cluster::start() else { return };
    let (data, told, mut random) = (tempfile::tempdir().unwrap(), Told::default(), Random::new(8));
    let program = Program::start(data.path(), Some(&cluster.url()), None);
    let cookie = program.sign_in();

    load(&program.address, &cookie, 0, &told, false, || {
        for _ in 0..rounds() {
            wait_for(&told, 1 + random.below(60));
            cluster.kill();
            cluster.restart();
        }
        // The same program, without a restart.
        wait_for(&told, 20);
    });

    assert_kept(&program.address, &cookie, &told);
    assert_eq!(run(data.path(), Some(&cluster.url()), &["verify"]), 0);
    let others = told.others.lock().unwrap();
    let honest = ["503 database_gone", "503 outcome_unknown"];
    assert!(others.iter().all(|it| honest.contains(&it.as_str())), "{others:?}");
}

#[test]
fn cut_connections_cost_nobody_a_record() {
    let Some(cluster) = Cluster::start() else { return };
    let (data, told) = (tempfile::tempdir().unwrap(), Told::default());
    let program = Program::start(data.path(), Some(&cluster.url()), None);
    let cookie = program.sign_in();
    let mut knife = postgres::Client::connect(&cluster.url(), postgres::NoTls).unwrap();

    load(&program.address, &cookie, 0, &told, false, || {
        let mut cut = 0;
        for _ in 0..20 * rounds() {
            wait_for(&told, 3);
            let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                       WHERE application_name = 'keyuan' AND pid <> pg_backend_pid()";
            cut += knife.query(sql, &[]).unwrap().len();
        }
        assert!(cut > 0, "something was cut");
    });

    assert_kept(&program.address, &cookie, &told);
    assert_eq!(run(data.path(), Some(&cluster.url()), &["verify"]), 0);
    let others = told.others.lock().unwrap();
    assert!(others.iter().all(|it| it == "503 database_gone"), "{others:?}");
}

#[test]
fn without_room_nothing_is_half_written_and_with_room_it_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let program = Program::start(data.path(), None, None);
    let cookie = program.sign_in();
    program.end();
    let length = |name: &str| std::fs::metadata(data.path().join(name)).map_or(0, |it| it.len());
    let program =
        Program::start(data.path(), None, Some(length("keyuan.db") + length("keyuan.db-wal") + 300_000));
    let (one, remark) = (Client::new(&program.address, &cookie), "长".repeat(3000));
    let create = |n: usize| {
        let body = format!("{{\"name\":\"公司 {n}\",\"remark\":\"{remark}\"}}");
        one.send("/api/v1/customer", &body).unwrap()
    };

    let mut kept = 0;
    let (status, says) = (0..2000)
        .map(&create)
        .find(|(status, _)| {
            kept += usize::from(*status == 201);
            *status != 201
        })
        .expect("the disk is full at some time");

    assert_eq!(status, 503, "{says}");
    assert!(says.contains("\"code\":\"disk_full\"") && says.contains("磁盘已满"), "{says}");
    assert!(kept > 0);
    assert_eq!(one.names().len(), kept);
    program.give_room();
    let more = (2001..2011).map(create).filter(|it| it.0 == 201).count();
    assert_eq!(more, 10);
    assert_eq!(one.names().len(), kept + 10);
    program.end();
    assert_eq!(run(data.path(), None, &["verify"]), 0);
}
