//! Several people trade at once, in whatever order, back-dated too: afterwards ledgers are what documents say, kept figures
//! are what ledgers say, no stock is below zero where that is forbidden, nobody is over a limit without a release, and any
//! day in the past is what a replay of the entries gives.

use std::collections::BTreeMap;
use std::sync::Mutex;

use model::{Date, Error, Input, Query, ToSpan};
use tests::shop::{Shop, reason};
use tests::{Random, cases, databases};

const ACCOUNTS: [&str; 2] = ["bank", "cash"];
const PRODUCTS: [&str; 3] = ["铜球阀", "截止阀", "暖气片"];
/// What a document, a rule or a right may answer; anything else is a fault of the program.
const REFUSALS: [&str; 17] = [
    "counted_later",
    "duplicate",
    "wrong_state",
    "credit_limit_exceeded",
    "overdue",
    "insufficient_stock",
    "more_than_sold",
    "free_return",
    "not_found",
    "forbidden",
    "no_lines",
    "invalid",
    "out_of_range",
    "not_open",
    "more_than_open",
    "not_editable",
    "other_customer",
];

struct Walk<'s, 'w> {
    shop: &'s Shop<'w>,
    customers: Vec<i64>,
    today: Date,
    documents: Mutex<Vec<(&'static str, i64)>>,
}

impl Walk<'_, '_> {
    fn draft(
        &self,
        who: &str,
        entity: &'static str,
        line: &'static str,
        mut input: Input,
        random: &mut Random,
    ) {
        let back = if random.once_in(3) { random.below(40) as i64 } else { 0 };
        input.set("date", (self.today - back.days()).to_string());
        if !line.is_empty() {
            let rows = (0..1 + random.below(3)).map(|_| {
                let mut row = Input::from([("product", *random.one(&PRODUCTS))]);
                row.set("quantity", (1 + random.below(9)).to_string());
                if line == "stock_in_line" {
                    row.set("cost", format!("{}.{:02}", 5 + random.below(9), random.below(100)));
                }
                row
            });
            input.rows.insert(line.into(), rows.collect());
        }
        match self.shop.world.act(who, move |desk| desk.create(entity, &input)) {
            Ok(id) => self.documents.lock().unwrap().push((entity, id)),
            Err(error) => self.may_be(entity, "create", &error),
        }
    }

    fn may_be(&self, entity: &str, verb: &str, error: &Error) {
        assert!(REFUSALS.contains(&error.code()), "{verb} {entity}: {} {error:?}", error.code());
    }

    /// Runs a verb and looks in the same transaction whether the customer is within its limit or somebody released it.
    fn run(&self, who: &str, entity: &'static str, id: i64, verb: &'static str, asked: Input) {
        let gated = matches!((entity, verb), ("sale", "check" | "post") | ("sale_order", "check"));
        let done = self.shop.world.act(who, move |desk| {
            desk.run(entity, id, verb, &asked)?;
            if gated {
                let card = desk.get(entity, id)?;
                let of_order = card.value("order").map_or(0, |it| it.int());
                let released = |card: &model::Card| card.value("released").is_some_and(|it| it.int() > 0);
                let is_released =
                    released(&card) || of_order != 0 && released(&desk.get("sale_order", of_order)?);
                let customer = desk.get("customer", card.value("customer").map_or(0, |it| it.int()))?;
                let available = customer.value("available").map_or(0, |it| it.int());
                assert!(
                    available >= 0 || is_released,
                    "{verb} {entity}/{id} went over the limit: {available}"
                );
            }
            Ok(())
        });
        if let Err(error) = done {
            self.may_be(entity, verb, &error);
        }
    }

    fn step(&self, random: &mut Random) {
        let customer = || Input::from([("customer", format!("#{}", self.customers[0]))]);
        let mut of = customer();
        of.set("customer", format!("#{}", random.one(&self.customers)));
        let known = self.documents.lock().unwrap().clone();
        let seller = *random.one(&["王海燕", "张国栋"]);
        match random.below(12) {
            0 | 1 => self.draft(seller, "sale", "sale_line", of, random),
            2 => self.draft(seller, "sale_order", "sale_order_line", of, random),
            3 => self.draft("何振邦", "stock_in", "stock_in_line", Input::default(), random),
            4 => {
                of.set("amount", format!("{}.{:02}", 100 + random.below(500), random.below(100)));
                of.set("account", *random.one(&ACCOUNTS));
                of.set("fee", format!("0.{:02}", random.below(100)));
                self.draft("周会计", "receipt", "", of, random);
            }
            5 => {
                let sold: Vec<i64> = known.iter().filter(|it| it.0 == "sale").map(|it| it.1).collect();
                if !sold.is_empty() && random.once_in(2) {
                    of.set("sale", format!("#{}", random.one(&sold)));
                }
                self.draft(seller, "sale_return", "sale_return_line", of, random);
            }
            6 if random.once_in(3) => {
                of.set("amount", format!("{}", 1 + random.below(40)));
                of.set("account", *random.one(&ACCOUNTS));
                self.draft("周会计", "refund", "", of, random);
            }
            6 if random.once_in(2) => {
                self.draft("何振邦", "stock_count", "stock_count_line", Input::default(), random);
            }
            6 => {
                let mut between = Input::from([("kind", "transfer"), ("amount", "17.31")]);
                let [one, other] = if random.once_in(2) { ["bank", "cash"] } else { ["cash", "bank"] };
                between.set("account", one);
                between.set("target", other);
                self.draft("周会计", "cash_move", "", between, random);
            }
            _ if known.is_empty() => {}
            n => {
                let (entity, id) = *random.one(&known);
                let sales: Vec<i64> = known.iter().filter(|it| it.0 == "sale").map(|it| it.1).collect();
                let (who, verb, asked) = match entity {
                    "sale" => match n {
                        7 => (seller, "check", Input::default()),
                        8 | 9 => (seller, "post", Input::default()),
                        10 => ("何振邦", "release_credit", reason()),
                        11 if random.once_in(2) => (seller, "post", Input::default()),
                        _ => ("张国栋", *random.one(&["withdraw", "void", "reverse", "reverse"]), reason()),
                    },
                    "sale_order" => match n {
                        7 | 8 => (seller, "check", Input::default()),
                        9 | 10 => (seller, "deliver", Input::default()),
                        _ => ("张国栋", *random.one(&["withdraw", "close", "release_credit"]), reason()),
                    },
                    "receipt" if n == 10 && !sales.is_empty() => {
                        ("周会计", "allocate", Input::from([("sale", format!("#{}", random.one(&sales)))]))
                    }
                    "receipt" if n == 9 => match self.allocation(id) {
                        Some(one) => {
                            let asked =
                                Input::from([("allocation", format!("#{one}")), ("reason", "记错".into())]);
                            ("周会计", "unallocate", asked)
                        }
                        None => return,
                    },
                    _ if n == 11 => ("何振邦", "reverse", reason()),
                    _ => ("何振邦", "post", Input::default()),
                };
                let asked = if verb == "withdraw" { Input::default() } else { asked };
                self.run(who, entity, id, verb, asked);
            }
        }
    }

    /// An allocation of a receipt that still holds.
    fn allocation(&self, receipt: i64) -> Option<i64> {
        let rows = self.rows(&format!(
            "SELECT a.id FROM allocation a JOIN receivable r ON r.id = a.credit WHERE r.receipt = {receipt} AND a.undoes IS NULL \
             AND NOT EXISTS (SELECT 1 FROM allocation b WHERE b.undoes = a.id) ORDER BY a.id LIMIT 1"
        ));
        rows.first().map(|it| it[0].int())
    }

    fn rows(&self, sql: &str) -> Vec<model::Record> {
        self.shop.world.look("何振邦", |desk| desk.trusted().rows(&model::Sql::new(sql))).unwrap()
    }

    /// What the documents say that each customer owes is what its account says.
    fn the_ledger_is_what_the_documents_say(&self) {
        for customer in &self.customers {
            let sum = |table: &str, states: &str| {
                let sql = format!(
                    "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM {table} WHERE customer = {customer} AND status IN ({states})"
                );
                self.rows(&sql)[0][0].int()
            };
            let posted = "'posted', 'reversed'";
            let owed = sum("sale", posted) - sum("sale_return", posted) - sum("receipt", posted)
                + sum("refund", posted);
            assert_eq!(self.shop.value("customer", *customer, "balance").int(), owed, "customer {customer}");
        }
    }

    /// Each movement costs what it would had all come in the order of their days, whatever was posted when; the adjustments
    /// of an earlier day's documents make it so, and lines say the same.
    fn every_movement_costs_what_a_replay_gives(&self) {
        let entries = self.rows(
            "SELECT e.id, e.product, e.quantity, CASE WHEN e.given = 1 THEN e.cost END, e.entry, e.worth, \
             CAST(COALESCE(e.cost, 0) + COALESCE((SELECT SUM(a.cost) FROM stock_entry a WHERE a.entry = e.id \
             AND a.kind = 'adjustment'), 0) AS BIGINT) \
             FROM stock_entry e WHERE e.kind <> 'adjustment' ORDER BY e.product, e.date, e.id",
        );
        let part = |amount: i64, of: i64, whole: i64| {
            let exact = i128::from(amount) * i128::from(of) * i128::from(whole.signum());
            let whole = i128::from(whole.abs());
            let half = if exact < 0 { -whole / 2 } else { whole / 2 };
            ((exact + half) / whole) as i64
        };
        let mut costs: BTreeMap<i64, (i64, Option<i64>)> = BTreeMap::new();
        let (mut of, mut stock, mut value, mut late) = (0, 0, 0, 0);
        for it in &entries {
            if it[1].int() != of {
                (of, stock, value) = (it[1].int(), 0, 0);
            }
            let quantity = it[2].int();
            let own = match (&it[4], &it[3]) {
                (model::Value::Int(back), _) => {
                    late += 1;
                    costs[back].1.map(|cost| part(cost, quantity, costs[back].0))
                }
                (_, model::Value::Int(cost)) => Some(*cost),
                _ => None,
            };
            let after = stock + quantity;
            let reaches = stock > 0 && after >= 0 && value > 0;
            let cost = own.or_else(|| reaches.then(|| part(value, quantity, stock)));
            let booked = match cost {
                _ if stock > 0 && after <= 0 => -value,
                Some(cost) if stock < 0 && quantity > 0 => part(cost, after.max(0), quantity),
                cost => cost.unwrap_or(0),
            };
            let told = if it[5] == model::Value::Null { None } else { Some(it[5].int()) };
            assert_eq!((told, it[6].int()), (cost, booked), "movement {}", it[0].int());
            costs.insert(it[0].int(), (quantity, cost));
            (stock, value) = (after, value + booked);
        }
        let moved = self.rows("SELECT COUNT(*) FROM stock_entry WHERE kind = 'adjustment'")[0][0].int();
        assert!(moved > 0 && late > 0, "{moved} adjustments, {late} taken back: the walk says little");
    }

    /// What was in each account at the end of a day, replayed from the documents.
    fn the_accounts_hold_what_a_replay_gives(&self) {
        let moved = self.rows(
            "SELECT account, date, amount - fee FROM receipt WHERE status <> 'draft' \
             UNION ALL SELECT account, date, -amount FROM refund WHERE status <> 'draft' \
             UNION ALL SELECT account, date, -amount FROM cash_move WHERE status <> 'draft' \
             UNION ALL SELECT target, date, amount FROM cash_move WHERE status <> 'draft'",
        );
        assert!(moved.len() > 10, "only {} movements: the walk says little", moved.len());
        for back in [0, 1, 7, 23, 45] {
            let until = (self.today - back.days()).to_string();
            let mut held = BTreeMap::<String, i64>::new();
            for it in moved.iter().filter(|it| it[1].text() <= until.as_str()) {
                *held.entry(it[0].text().to_owned()).or_default() += it[2].int();
            }
            let query = Query::parse(&format!("group=account&measure=balance&as_of={until}")).unwrap();
            let figures = self
                .shop
                .world
                .look("周会计", |desk| desk.figures(desk.report("cash")?, &query, None))
                .unwrap();
            let told: BTreeMap<_, _> =
                figures.rows.iter().map(|it| (it[0].text().to_owned(), it[1].int())).collect();
            assert_eq!(told, held, "as of {until}");
        }
    }

    /// What was open of each item at the end of a day, and for how long it was due, replayed from the entries.
    fn any_day_is_what_a_replay_gives(&self) {
        let items =
            self.rows("SELECT id, customer, date, COALESCE(due, date), amount FROM receivable ORDER BY id");
        let allocations = self.rows("SELECT charge, credit, date, amount FROM allocation ORDER BY id");
        for back in [0, 1, 7, 23, 45, 61] {
            let day = self.today - back.days();
            let until = day.to_string();
            // Customer: balance, not due, late by 1 to 30 days.
            let mut owed = BTreeMap::<i64, [i64; 3]>::new();
            for item in items.iter().filter(|it| it[2].text() <= until.as_str()) {
                let id = item[0].int();
                let mut rest = item[4].int();
                for it in allocations.iter().filter(|it| it[2].text() <= until.as_str()) {
                    rest -= if it[0].int() == id { it[3].int() } else { 0 };
                    rest += if it[1].int() == id { it[3].int() } else { 0 };
                }
                let due: Date = item[3].text().parse().unwrap();
                let late = (day - due).get_days();
                let sums = owed.entry(item[1].int()).or_default();
                sums[0] += rest;
                if item[4].int() > 0 {
                    sums[1] += if late <= 0 { rest } else { 0 };
                    sums[2] += if (1..=30).contains(&late) { rest } else { 0 };
                }
            }
            let query = format!("group=customer&measure=balance,not_due,d1_30&as_of={until}");
            let query = Query::parse(&query).unwrap();
            let figures = self
                .shop
                .world
                .look("何振邦", |desk| desk.figures(desk.report("ageing")?, &query, None))
                .unwrap();
            let told: BTreeMap<i64, [i64; 3]> = figures
                .rows
                .iter()
                .map(|it| (it[0].int(), [it[1].int(), it[2].int(), it[3].int()]))
                .collect();
            owed.retain(|customer, sums| *sums != [0; 3] || told.contains_key(customer));
            assert_eq!(told, owed, "as of {until}");
        }
    }
}

#[test]
fn whatever_several_people_do_at_once_the_books_balance_on_every_day() {
    for case in 0..cases(1).min(8) {
        databases(|db| {
            let shop = Shop::new(db);
            let second = shop.world.customer("王海燕", &format!("天津暖通设备公司{case}"));
            let credit = Input::from([("credit_limit", "900"), ("credit_days", "20"), ("reason", "试用")]);
            shop.run("周会计", "customer", second, "set_credit", credit).unwrap();
            for (name, price) in [(PRODUCTS[1], "33.33"), (PRODUCTS[2], "7.77")] {
                let product = Input::from([("name", name), ("price", price)]);
                shop.world.act("何振邦", move |desk| desk.create("product", &product)).unwrap();
            }
            for account in ACCOUNTS {
                let entry = Input::from([("list", "money_account"), ("code", account), ("name", account)]);
                shop.world.act("何振邦", move |desk| desk.create("code_entry", &entry)).unwrap();
            }
            let forbid = Input::from([("name", "negative_stock"), ("value", "forbid")]);
            db.write(&shop.world.system, move |desk| desk.create("parameter", &forbid)).unwrap();
            let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
            let customers = vec![shop.customer, second];
            let walk = Walk { shop: &shop, customers, today, documents: Mutex::new(Vec::new()) };
            let bought = |ago: i64, cost: &str| {
                let mut input = Input::from([("date", (today - ago.days()).to_string())]);
                let row = |it| Input::from([("product", it), ("quantity", "80"), ("cost", cost)]);
                input.rows.insert("stock_in_line".into(), PRODUCTS.map(row).to_vec());
                let id = shop.world.act("何振邦", move |desk| desk.create("stock_in", &input)).unwrap();
                walk.run("何振邦", "stock_in", id, "post", Input::default());
            };
            bought(60, "6.66");
            // Something to take back is there in every walk.
            let mut sale = Input::from([("customer", format!("#{}", shop.customer))]);
            sale.set("date", (today - 50.days()).to_string());
            sale.rows
                .insert("sale_line".into(), vec![Input::from([("product", PRODUCTS[0]), ("quantity", "5")])]);
            let id = shop.world.act("何振邦", move |desk| desk.create("sale", &sale)).unwrap();
            walk.run("何振邦", "sale", id, "post", Input::default());
            walk.run("何振邦", "sale", id, "reverse", reason());

            std::thread::scope(|scope| {
                for person in 0..4 {
                    let walk = &walk;
                    scope.spawn(move || {
                        let mut random = Random::new(case as u64 * 10 + person);
                        (0..90).for_each(|_| walk.step(&mut random));
                    });
                }
            });

            bought(55, "9.91");
            shop.audit();
            walk.the_ledger_is_what_the_documents_say();
            walk.any_day_is_what_a_replay_gives();
            walk.every_movement_costs_what_a_replay_gives();
            walk.the_accounts_hold_what_a_replay_gives();
            let short = walk.rows("SELECT product FROM stock_level WHERE quantity < 0");
            assert!(short.is_empty(), "stock below zero: {short:?}");
            let posted = walk.rows("SELECT COUNT(*) FROM sale WHERE due IS NOT NULL")[0][0].int();
            assert!(posted > 3, "only {posted} sales were posted: the walk says little");
        });
    }
}
