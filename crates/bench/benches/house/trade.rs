//! Trade: a year of sales and what is owed for them, reports over both, the panel beside a document, and posting.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use domain::sales::{Kind, receivable};
use domain::{Receivable, SaleEntry};
use model::{Actor, Date, Door, Id, Lang, Money, Price, Quantity, Stamp, ToSpan};
use tests::Random;

use crate::client::{Answer, Client};
use crate::data::Place;
use crate::measure::{median, ok};
use crate::raw::Raw;
use crate::server::Server;
use crate::table::Table;

const CHUNK: usize = 500;
const PRODUCTS: usize = 100;
/// Customers that trade.
const CUSTOMERS: usize = 20_000;

fn id(answer: &Answer) -> i64 {
    let text = String::from_utf8_lossy(&answer.body);
    let id = text.strip_prefix("{\"id\":").and_then(|it| it.split(',').next()?.parse::<i64>().ok());
    id.unwrap_or_else(|| panic!("{text}"))
}

/// Fills the ledgers, if they are not yet: `lines` entries of the last 365 days, and for each five of them an item, of
/// which the older half is paid.
fn fill(place: &Place, customers: usize, lines: usize) -> Date {
    let (db, system) = (place.open(), Actor::system(Door::System, Lang::Zh));
    let count = |table: &str| {
        let sql = model::Sql::new(&format!("SELECT COUNT(*) FROM {table}"));
        db.read(&system, |desk| desk.trusted().one(&sql)).expect("it counts") as usize
    };
    let today = db.read(&system, |desk| Ok(desk.today())).expect("today");
    if count("sale_entry") >= lines {
        return today;
    }
    eprintln!("filling {lines} entries of sales");
    let products: Vec<Id<domain::Product>> = (0..PRODUCTS)
        .map(|n| {
            let input = model::Input::from([("name", format!("年货 {n}")), ("price", (n + 1).to_string())]);
            let made = db.write(&system, move |desk| desk.create("product", &input));
            Id::of(made.expect("a product"))
        })
        .collect();
    let stamp = Stamp::default;
    for from in (0..lines).step_by(CHUNK) {
        let products = products.clone();
        let written = db.write(&system, move |desk| {
            let tx = desk.trusted();
            for n in from..from + CHUNK {
                let mut random = Random::new(n as u64);
                let customer = Id::of(2 + random.below(customers) as i64);
                let date: Date = today - (random.below(365) as i64).days();
                let amount = Money(100 + random.below(100_000) as i64);
                let owner = Some(Id::of(1 + (customer.0 % 200)));
                tx.save(&mut SaleEntry {
                    id: Id::NEW,
                    customer,
                    date,
                    product: *random.one(&products),
                    quantity: Quantity(10_000 * (1 + random.below(20) as i64)),
                    price: Price(1_000_000),
                    amount,
                    tax: Money(amount.0 * 13 / 113),
                    cost: Some(Money(amount.0 * 7 / 10)),
                    salesperson: owner,
                    customer_owner: owner,
                    department: None,
                    sale: None,
                    sale_return: None,
                    line: 0,
                    stamp: stamp(),
                })?;
                if !n.is_multiple_of(5) {
                    continue;
                }
                let mut item = |kind, date, due, amount| -> model::Result<Receivable> {
                    receivable::enter(
                        tx,
                        customer,
                        receivable::Item {
                            due,
                            salesperson: owner,
                            ..receivable::Item::of(kind, date, amount)
                        },
                    )
                };
                let mut charge = item(Kind::Sale, date, Some(date + 30.days()), amount)?;
                if n.is_multiple_of(2) {
                    let paid = (date + (random.below(90) as i64).days()).min(today);
                    let mut credit = item(Kind::Receipt, paid, None, -amount)?;
                    receivable::allocate(tx, &mut charge, &mut credit, amount)?;
                }
            }
            Ok(())
        });
        written.expect("a chunk");
        if from.is_multiple_of(100_000) {
            eprintln!("  {from}");
        }
    }
    if db.store().dialect() == model::Dialect::Postgres {
        let statement = |conn: &mut dyn model::Conn| conn.execute("ANALYZE", &[]).map(drop);
        db.store().write(statement).expect("statistics");
    }
    today
}

pub fn all(
    kind: &str,
    program: &std::path::Path,
    place: &Place,
    raw: &mut Raw,
    (customers, lines, rounds): (usize, usize, usize),
    table: &mut Table,
) {
    let customers = customers.min(CUSTOMERS);
    let today = fill(place, customers, lines);
    let server = Server::start(program, place);
    let mut boss = Client::new(&server.address, "boss");
    reports(kind, &mut boss, today, rounds, table);
    let shop = Shop::new(&mut boss, customers);
    one(kind, &mut boss, &shop, rounds, table);
    posting(kind, &server, &shop, raw, table);
}

/// Each round asks for another last day, since answers are kept.
fn reports(kind: &str, boss: &mut Client, today: Date, rounds: usize, table: &mut Table) {
    let year = today - 364.days();
    let asked: [(&str, &str, f64); 7] = [
        ("sales by customer over a year", "sales?group=customer&measure=amount,quantity&period", 400.0),
        ("sales by month", "sales?group=month&measure=amount,quantity&period", 400.0),
        ("sales by product", "sales?group=product&measure=amount,quantity&period", 0.0),
        ("sales by salesperson", "sales?group=salesperson&measure=amount&period", 0.0),
        ("margin by customer", "margin?group=customer&measure=margin&period", 0.0),
        ("ageing by customer, lately", "ageing?group=customer&as_of", 300.0),
        ("ageing by customer, half a year back", "ageing?group=customer&as_of", 300.0),
    ];
    for (what, query, most) in asked {
        let mut took: Vec<f64> = (0..=rounds as i64)
            .map(|round| {
                let back = if what.ends_with("back") { 182 + round } else { round };
                let day = today - back.days();
                let day = if query.ends_with("as_of") { day.to_string() } else { format!("{year}..{day}") };
                let since = Instant::now();
                ok(boss, &format!("/api/v1/report/{query}={day}&size=50"));
                since.elapsed().as_secs_f64() * 1000.0
            })
            .collect();
        // The first one only warms up.
        let found = median(&mut took[1..]);
        let says = if most > 0.0 { format!("{most:.0} ms") } else { String::new() };
        table.add(what, kind, format!("{found:.0} ms"), &says, (most > 0.0).then_some(found < most));
    }
}

/// Goods in plenty, and customers who may owe what they like.
struct Shop {
    products: Vec<i64>,
    customers: Vec<i64>,
}

impl Shop {
    fn new(boss: &mut Client, customers: usize) -> Shop {
        let product = |n| format!("{{\"name\":\"货 {n}\",\"price\":{}}}", n + 1);
        let products: Vec<i64> =
            (0..PRODUCTS).map(|n| id(&boss.post("/api/v1/product", &product(n)))).collect();
        let lines: Vec<_> = products
            .iter()
            .map(|it| format!("{{\"product\":{it},\"quantity\":1000000,\"cost\":1}}"))
            .collect();
        let came = id(&boss.post("/api/v1/stock_in", &format!("{{\"lines\":[{}]}}", lines.join(","))));
        assert_eq!(boss.post(&format!("/api/v1/stock_in/{came}/post"), "{}").status, 200);
        let rules = ok(boss, "/api/v1/credit_rule");
        // What is overdue of the composed year does not stop anybody here: the gate reads it all the same.
        for rule in String::from_utf8_lossy(&rules).split("{\"id\":").skip(1) {
            let rule: i64 = rule.split(',').next().and_then(|it| it.parse().ok()).expect("a rule");
            let body = "{\"overdue\":\"allow\"}";
            assert_eq!(boss.patch(&format!("/api/v1/credit_rule/{rule}"), body).status, 200);
        }
        let customers: Vec<i64> = (2..2 + customers.min(1000) as i64).collect();
        let ids: Vec<_> = customers.iter().map(i64::to_string).collect();
        let credit = "{\"credit_limit\":1000000000,\"credit_days\":30,\"reason\":\"bench\"}";
        let body = format!("{{\"ids\":[{}],\"input\":{credit}}}", ids.join(","));
        let set = boss.post("/api/v1/customer/set_credit", &body);
        assert_eq!(set.status, 200, "{}", String::from_utf8_lossy(&set.body));
        Shop { products, customers }
    }

    fn lines(&self, n: usize) -> String {
        let line = |k: usize| {
            let product = self.products[(n * 3 + k * 31) % self.products.len()];
            format!("{{\"product\":{product},\"quantity\":{}}}", k + 1)
        };
        [line(0), line(1), line(2)].join(",")
    }

    fn draft(&self, client: &mut Client, n: usize, customer: i64) -> i64 {
        let body = format!("{{\"customer\":{customer},\"lines\":[{}]}}", self.lines(n));
        id(&client.post("/api/v1/sale", &body))
    }
}

/// What one document asks for: the customer's figures, and the panel that goes with every key.
fn one(kind: &str, boss: &mut Client, shop: &Shop, rounds: usize, table: &mut Table) {
    let calls = 100 * rounds;
    let mut took = Vec::new();
    for n in 0..calls {
        let since = Instant::now();
        ok(boss, &format!("/api/v1/customer/{}", shop.customers[n * 7 % shop.customers.len()]));
        took.push(since.elapsed().as_secs_f64() * 1000.0);
    }
    let found = median(&mut took);
    table.add("a customer with exposure, overdue, available", kind, format!("{found:.2} ms"), "", None);
    took.clear();
    for n in 0..calls {
        let customer = shop.customers[n * 7 % shop.customers.len()];
        let mut form = format!("customer=%23{customer}");
        for k in 0..3 {
            let product = shop.products[(n * 3 + k * 31) % shop.products.len()];
            form += &format!("&sale_line.{k}.product=%23{product}&sale_line.{k}.quantity={}", k + 1);
        }
        let since = Instant::now();
        let answer = boss.form("/sale/reckon", &form);
        took.push(since.elapsed().as_secs_f64() * 1000.0);
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    }
    let found = median(&mut took);
    table.add(
        "live panel of a sale with 3 lines",
        kind,
        format!("{found:.1} ms"),
        "50 ms",
        Some(found < 50.0),
    );
}

fn posting(kind: &str, server: &Server, shop: &Shop, raw: &mut Raw, table: &mut Table) {
    let sqlite = kind == "sqlite";
    let mut free = 0.0;
    let mut like = Vec::new();
    for (what, hot, connections, floor) in [
        ("post a sale of 3 lines, 64 connections", false, 64, if sqlite { 2000.0 } else { 500.0 }),
        ("the same, 1 connection", false, 1, 0.0),
        ("the same to one customer, 64 connections", true, 64, if sqlite { 0.0 } else { 200.0 }),
    ] {
        let drafts = Mutex::new(Vec::new());
        let count = if connections == 1 { 1_500 } else { 12_000 };
        let work = |each: &(dyn Fn(&mut Client, usize) + Sync)| {
            let next = AtomicUsize::new(0);
            let since = Instant::now();
            std::thread::scope(|scope| {
                for _ in 0..connections {
                    let next = &next;
                    scope.spawn(move || {
                        let mut client = Client::new(&server.address, "boss");
                        loop {
                            let n = next.fetch_add(1, Ordering::Relaxed);
                            if n >= count {
                                return;
                            }
                            each(&mut client, n);
                        }
                    });
                }
            });
            count as f64 / since.elapsed().as_secs_f64()
        };
        work(&|client, n| {
            let at = if hot { 0 } else { n * 7 % shop.customers.len() };
            let made = shop.draft(client, n, shop.customers[at]);
            drafts.lock().expect("nobody panics with it").push(made);
        });
        let drafts = drafts.into_inner().expect("nobody panics with it");
        let rate = work(&|client, n| {
            let answer = client.post(&format!("/api/v1/sale/{}/post", drafts[n]), "{}");
            assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        });
        if free == 0.0 {
            (free, like) = (rate, drafts[..500].to_vec());
        }
        let says = if floor > 0.0 { format!("at least {floor:.0}/s") } else { String::new() };
        table.add(what, kind, format!("{rate:.0}/s"), &says, (floor > 0.0).then_some(rate >= floor));
    }
    let bare = raw.post(3.0, &like);
    let ratio = free / bare;
    let found = format!("{bare:.0}/s: {ratio:.2} ×");
    table.add("the same beside the raw writer in groups of 64", kind, found, "0.5 ×", Some(ratio >= 0.5));
}
