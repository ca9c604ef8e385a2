//! The program itself under load, killed, cut off and without room: what was acknowledged stays, what was not leaves
//! nothing behind.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::program::{Client, Program, run};
use tests::{Cluster, Random};

/// What clients have been told is kept, and every other answer they got.
#[derive(Default)]
struct Told {
    kept: Mutex<BTreeSet<String>>,
    /// Sales and receipts with the state that they were said to have got, and those asked to be another since.
    documents: Mutex<BTreeMap<(&'static str, i64), &'static str>>,
    asked: Mutex<BTreeSet<(&'static str, i64)>>,
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

/// Clients create customers, and two of them trade, until they are told to stop or, with `until_silence`, until nobody
/// answers any more.
fn load(
    address: &str,
    cookie: &str,
    round: usize,
    told: &Told,
    until_silence: bool,
    meanwhile: impl FnOnce(),
) {
    let goods = goods(&Client::new(address, cookie));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (one, goods) = (Writer { one: Client::new(address, cookie), told, until_silence }, &goods);
            scope.spawn(move || {
                for n in 0.. {
                    let went_on = match client {
                        0 | 1 => one.trade(goods, n),
                        _ => one.create(&format!("公司 {round}-{client}-{n}")),
                    };
                    if went_on.is_none() {
                        return;
                    }
                }
            });
        }
        // However this ends, the clients end with it.
        let _over = Over(told, until_silence);
        meanwhile();
    });
}

/// A customer with credit and a product, as the head of a sale.
fn goods(one: &Client) -> Json {
    let made = |path: &str, body: Json| {
        let (status, text) = one.send(path, &body.to_string()).expect("an answer");
        assert!(status < 300, "{text}");
        serde_json::from_str::<Json>(&text).expect("JSON")["id"].clone()
    };
    let customer = made("/api/v1/customer", json!({ "name": format!("买家 {:?}", Instant::now()) }));
    let credit = json!({ "credit_limit": "9000000.00", "credit_days": 30, "reason": "测试" });
    made(&format!("/api/v1/customer/{customer}/set_credit"), credit);
    let product = made("/api/v1/product", json!({ "name": "铜球阀", "price": 25 }));
    json!({ "customer": customer, "lines": [{ "product": product, "quantity": 4 }] })
}

struct Writer<'a> {
    one: Client,
    told: &'a Told,
    until_silence: bool,
}

impl Writer<'_> {
    /// Sends it until it is answered with yes: the answer. Nothing once this is over. What was done without our hearing of
    /// it is refused the second time, as `done` says.
    fn send(&self, path: &str, body: &str, done: &str, again: bool) -> Option<Option<String>> {
        while !self.told.over.load(Ordering::Relaxed) {
            match self.one.send(path, body) {
                Some((200 | 201, body)) => return Some(Some(body)),
                Some((status, body)) => {
                    let code = body.split("\"code\":\"").nth(1).and_then(|it| it.split('"').next());
                    if code == Some(done) {
                        return Some(None);
                    }
                    std::thread::sleep(Duration::from_millis(5));
                    let says = format!("{status} {}", code.unwrap_or(&body));
                    self.told.others.lock().unwrap().insert(says);
                }
                None if self.until_silence => return None,
                None => std::thread::sleep(Duration::from_millis(5)),
            }
            if !again {
                return Some(None);
            }
        }
        None
    }

    fn create(&self, name: &str) -> Option<()> {
        if self.send("/api/v1/customer", &json!({ "name": name }).to_string(), "", false)?.is_some() {
            self.told.kept.lock().unwrap().insert(name.to_owned());
            self.told.count.fetch_add(1, Ordering::Relaxed);
        }
        Some(())
    }

    /// A sale posted, paid in part, and every third one taken back.
    fn trade(&self, goods: &Json, n: usize) -> Option<()> {
        let sale = self.document("sale", goods)?;
        let receipt = json!({ "customer": goods["customer"], "amount": "60.00", "sale": sale });
        self.document("receipt", &receipt)?;
        if let Some(sale) = sale.filter(|_| n.is_multiple_of(3)) {
            self.turn("sale", sale, "reverse", "reversed")?;
        }
        Some(())
    }

    /// Creates and posts; its id, where that was told.
    fn document(&self, entity: &'static str, body: &Json) -> Option<Option<i64>> {
        let Some(made) = self.send(&format!("/api/v1/{entity}"), &body.to_string(), "", false)? else {
            return Some(None);
        };
        let id = serde_json::from_str::<Json>(&made).expect("JSON")["id"].as_i64().expect("an id");
        self.turn(entity, id, "post", "posted")?;
        Some(Some(id))
    }

    fn turn(&self, entity: &'static str, id: i64, verb: &str, state: &'static str) -> Option<()> {
        self.told.asked.lock().unwrap().insert((entity, id));
        let path = format!("/api/v1/{entity}/{id}/{verb}");
        let asked = if verb == "reverse" { json!({ "reason": "测试" }) } else { json!({}) };
        self.send(&path, &asked.to_string(), "wrong_state", true)?;
        self.told.asked.lock().unwrap().remove(&(entity, id));
        self.told.documents.lock().unwrap().insert((entity, id), state);
        self.told.count.fetch_add(1, Ordering::Relaxed);
        Some(())
    }
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
    assert_posted(address, cookie, told);
}

/// Every document is what it was said to be, and stands in the account once.
fn assert_posted(address: &str, cookie: &str, told: &Told) {
    let one = Client::new(address, cookie);
    let (documents, asked) = (told.documents.lock().unwrap(), told.asked.lock().unwrap());
    for entity in ["sale", "receipt"] {
        let states = one.column(entity, "status");
        let mut entries = BTreeMap::<i64, usize>::new();
        for of in one.column(&format!("receivable?kind={entity}&"), entity).values() {
            *entries.entry(of["id"].as_i64().expect("it is of a document")).or_default() += 1;
        }
        for ((_, id), state) in documents.iter().filter(|it| it.0.0 == entity) {
            let now = states.get(id).and_then(Json::as_str);
            // Of what was asked last, nobody heard.
            let is_open = asked.contains(&(entity, *id)) && now == Some("reversed");
            assert!(now == Some(state) || is_open, "{entity} {id} was {state} and is {now:?}");
            assert_eq!(entries.get(id), Some(&1), "{entity} {id} stands in the account");
        }
    }
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
    assert!(!told.documents.lock().unwrap().is_empty(), "something was posted");
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
    assert!(!told.documents.lock().unwrap().is_empty(), "something was posted");
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
    assert!(!told.documents.lock().unwrap().is_empty(), "something was posted");
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
