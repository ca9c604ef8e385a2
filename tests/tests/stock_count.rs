//! Counting the shelves, in the words of a storekeeper; each rule on both databases.

use model::{Input, Value};
use tests::{World, code, databases};

/// A house with ten ball valves that cost 10.00 each, in the main warehouse.
struct Store<'w> {
    world: World<'w>,
    valve: i64,
}

impl<'w> Store<'w> {
    fn new(db: &'w store::Db) -> Store<'w> {
        let world = World::new(db);
        let product = |name: &'static str, stocked: &'static str| {
            let input = Input::from([("name", name), ("price", "25"), ("stocked", stocked)]);
            world.act("何振邦", move |desk| desk.create("product", &input)).unwrap()
        };
        let valve = product("铜球阀", "true");
        product("温控阀", "true");
        product("安装费", "false");
        let store = Store { world, valve };
        let mut input = Input::from([("kind", "opening"), ("date", "2026-03-01")]);
        let line = Input::from([("product", "铜球阀"), ("quantity", "10"), ("cost", "10")]);
        input.rows.insert("lines".into(), vec![line]);
        let id = store.world.act("周会计", move |desk| desk.create("stock_in", &input)).unwrap();
        store.run("stock_in", id, "post", Input::default()).unwrap();
        store
    }

    fn run(&self, entity: &'static str, id: i64, verb: &'static str, asked: Input) -> model::Result<()> {
        self.world.act("周会计", move |desk| desk.run(entity, id, verb, &asked))
    }

    fn draft(&self, date: &str, lines: &[(&str, &str)]) -> model::Result<i64> {
        let mut input = Input::from([("date", date)]);
        let line = |it: &(&str, &str)| Input::from([("product", it.0), ("quantity", it.1)]);
        input.rows.insert("lines".into(), lines.iter().map(line).collect());
        self.world.act("周会计", move |desk| desk.create("stock_count", &input))
    }

    fn counted(&self, date: &str, lines: &[(&str, &str)]) -> i64 {
        let id = self.draft(date, lines).unwrap();
        self.run("stock_count", id, "post", Input::default()).unwrap();
        id
    }

    fn value(&self, entity: &'static str, id: i64, field: &str) -> Value {
        let card = self.world.look("何振邦", move |desk| desk.get(entity, id)).unwrap();
        card.value(field).cloned().unwrap_or(Value::Null)
    }

    /// How many valves there are, and what they are worth.
    fn stock(&self) -> (i64, i64) {
        let of = |field: &str| self.value("product", self.valve, field).int();
        (of("stock") / 10_000, of("stock_value"))
    }

    fn audit(&self) {
        for audit in domain::REGISTRY.audits.iter().copied().flatten() {
            let wrong = self.world.look("何振邦", |desk| desk.trusted().rows(&model::Sql::new(audit.sql)));
            assert!(wrong.unwrap().is_empty(), "{}", audit.says);
        }
    }
}

fn today(store: &Store) -> String {
    store.world.look("何振邦", |desk| Ok(desk.today().to_string())).unwrap()
}

#[test]
fn what_is_missing_leaves_the_books_at_its_average_cost() {
    databases(|db| {
        let store = Store::new(db);

        let count = store.counted(&today(&store), &[("铜球阀", "7")]);

        assert_eq!(store.stock(), (7, 7_000));
        assert_eq!(store.value("stock_count", count, "cost"), Value::Int(-3_000));
        let line = |field: &str| store.value("stock_count_line", 1, field).int() / 10_000;
        assert_eq!([line("quantity"), line("book"), line("difference")], [7, 10, -3]);
        assert!(store.value("stock_count", count, "number").text().starts_with("PD-"));
        store.audit();
    });
}

#[test]
fn what_is_found_comes_in_at_the_average_and_what_agrees_moves_nothing() {
    databases(|db| {
        let store = Store::new(db);

        let count = store.counted(&today(&store), &[("铜球阀", "12")]);
        let again = store.counted(&today(&store), &[("铜球阀", "12")]);

        assert_eq!(store.stock(), (12, 12_000));
        assert_eq!(store.value("stock_count", count, "cost"), Value::Int(2_000));
        assert_eq!(store.value("stock_count", again, "cost"), Value::Int(0));
        // Of goods that nobody bought yet the cost is unknown.
        let unknown = store.counted(&today(&store), &[("温控阀", "2")]);
        assert_eq!(store.value("stock_count", unknown, "cost"), Value::Null);
        let found =
            |desk: &mut model::Desk| desk.count("stock_entry", &model::Query::parse("kind=count").unwrap());
        assert_eq!(store.world.look("何振邦", found).unwrap(), 2);
        store.audit();
    });
}

#[test]
fn a_count_is_compared_with_the_books_of_its_day_when_it_is_posted() {
    databases(|db| {
        let store = Store::new(db);
        // Before anything came in.
        let early = store.draft("2026-02-01", &[("铜球阀", "1")]).unwrap();
        assert_eq!(store.value("stock_count_line", 1, "difference"), Value::Int(10_000));
        let now = store.draft(&today(&store), &[("铜球阀", "9")]).unwrap();
        assert_eq!(store.value("stock_count_line", 2, "book"), Value::Int(100_000));
        store.run("stock_count", early, "post", Input::default()).unwrap();

        store.run("stock_count", now, "post", Input::default()).unwrap();

        assert_eq!(store.value("stock_count_line", 2, "book"), Value::Int(110_000));
        assert_eq!(store.stock().0, 9);
        store.audit();
    });
}

#[test]
fn a_reversed_count_leaves_the_books_as_they_were() {
    databases(|db| {
        let store = Store::new(db);
        let count = store.counted(&today(&store), &[("铜球阀", "7")]);
        let why = || Input::from([("reason", "漏数一箱")]);

        store.run("stock_count", count, "reverse", why()).unwrap();

        assert_eq!(store.stock(), (10, 10_000));
        assert_eq!(store.value("stock_count", count, "status"), Value::from("reversed"));
        assert_eq!(store.value("stock_count", count + 1, "cost"), Value::Int(3_000));
        assert_eq!(code(store.run("stock_count", count, "reverse", why())), "wrong_state");
        assert_eq!(code(store.run("stock_count", count + 1, "reverse", why())), "wrong_state");
        store.audit();
    });
}

#[test]
fn a_wrong_count_is_refused_with_its_field() {
    databases(|db| {
        let store = Store::new(db);
        let day = today(&store);
        let refused = |date: &str, lines: &[(&str, &str)]| code(store.draft(date, lines));

        assert_eq!(refused(&day, &[("铜球阀", "-1")]), "negative");
        assert_eq!(refused(&day, &[("安装费", "1")]), "not_stocked");
        assert_eq!(refused("2027-01-01", &[("铜球阀", "1")]), "out_of_range");
        assert_eq!(refused("1900-01-01", &[("铜球阀", "1")]), "out_of_range");
        let twice = store.draft(&day, &[("铜球阀", "1"), ("铜球阀", "2")]).unwrap();
        let empty = store.draft(&day, &[]).unwrap();
        let post = |id: i64| code(store.run("stock_count", id, "post", Input::default()));
        assert_eq!((post(twice), post(empty)), ("duplicate", "no_lines"));
        let closed = Input::from([("name", "closed_until"), ("value", &day)]);
        db.write(&store.world.system, move |desk| desk.create("parameter", &closed)).unwrap();
        let late = store.draft(&day, &[("铜球阀", "1")]).unwrap();
        assert_eq!((post(late), store.stock()), ("period_closed", (10, 10_000)));
    });
}
