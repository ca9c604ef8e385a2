//! Documents of an earlier day (architecture, section 5): what they change of what came after, and what is said before.

use model::{Date, Input, Query, ToSpan, Value};
use tests::shop::{Shop, reason};
use tests::{code, databases};

struct House<'w> {
    shop: Shop<'w>,
    today: Date,
}

impl<'w> House<'w> {
    fn new(db: &'w store::Db) -> House<'w> {
        let shop = Shop::new(db);
        shop.credit("100000", "30");
        let today = shop.world.look("何振邦", |desk| Ok(desk.today())).unwrap();
        House { shop, today }
    }

    fn ago(&self, days: i64) -> String {
        (self.today - days.days()).to_string()
    }

    fn draft(&self, entity: &'static str, ago: i64, lines: &[&[(&str, &str)]]) -> i64 {
        let mut input = Input::from([("date", self.ago(ago))]);
        if entity.starts_with("sale") {
            input.set("customer", format!("#{}", self.shop.customer));
        }
        let line = |it: &&[(&str, &str)]| {
            let mut line: Input = it.iter().copied().collect();
            line.set("product", "铜球阀");
            line
        };
        input.rows.insert("lines".into(), lines.iter().map(line).collect());
        self.shop.world.act("何振邦", move |desk| desk.create(entity, &input)).unwrap()
    }

    fn posted(&self, entity: &'static str, ago: i64, lines: &[&[(&str, &str)]]) -> i64 {
        let id = self.draft(entity, ago, lines);
        self.shop.run("何振邦", entity, id, "post", Input::default()).unwrap();
        id
    }

    fn bought(&self, ago: i64, quantity: &str, cost: &str) -> i64 {
        self.posted("stock_in", ago, &[&[("quantity", quantity), ("cost", cost)]])
    }

    fn sold(&self, ago: i64, quantity: &str) -> i64 {
        self.posted("sale", ago, &[&[("quantity", quantity)]])
    }

    fn cost(&self, sale: i64) -> Value {
        self.shop.value("sale", sale, "cost")
    }

    /// Stock in whole pieces, and its value.
    fn stock(&self) -> (i64, i64) {
        let of = |name: &str| self.shop.value("product", 1, name).int();
        (of("stock") / 10_000, of("stock_value"))
    }

    fn rows(&self, sql: &'static str) -> Vec<model::Record> {
        self.shop.world.look("何振邦", |desk| desk.trusted().rows(&model::Sql::new(sql))).unwrap()
    }

    /// Title, sentence and figures of what posting would move, for somebody.
    fn moves(&self, who: &str, entity: &'static str, id: i64) -> Option<(String, Vec<(String, i64)>)> {
        let look = |desk: &mut model::Desk| {
            let card = desk.get(entity, id)?;
            desk.moves(&card)
        };
        let notice = self.shop.world.look(who, look).unwrap()?;
        let figures =
            notice.figures.iter().map(|it| (format!("{} {}", it.label.zh, it.hint.zh), it.value.int()));
        Some((notice.says.zh, figures.collect()))
    }

    fn margin(&self) -> i64 {
        let query = Query::parse("group=product&measure=margin&period=2026").unwrap();
        let figures = |desk: &mut model::Desk| desk.figures(desk.report("margin")?, &query, None);
        self.shop.world.look("何振邦", figures).unwrap().rows[0][1].int()
    }
}

#[test]
fn goods_of_an_earlier_day_change_what_was_sold_since_and_nothing_that_was_entered() {
    databases(|db| {
        let house = House::new(db);
        house.bought(9, "10", "10");
        let [first, second] = [house.sold(7, "4"), house.sold(3, "2")];
        let before = house.rows("SELECT id, cost FROM stock_entry ORDER BY id");
        let margin = house.margin();

        // From the 8th day on the average is 13.00.
        house.bought(8, "10", "16");

        assert_eq!([first, second].map(|it| house.cost(it)), [Value::Int(5_200), Value::Int(2_600)]);
        assert_eq!(house.shop.value("sale_line", 2, "cost"), Value::Int(2_600));
        assert_eq!(house.stock(), (14, 18_200));
        assert_eq!(house.margin(), margin - 1_800);
        assert_eq!(house.rows("SELECT CAST(SUM(cost) AS BIGINT) FROM performance")[0][0].int(), 7_800);
        assert_eq!(house.rows("SELECT id, cost FROM stock_entry ORDER BY id LIMIT 3"), before);
        // One adjustment for each, of its own day: so the stock of any day is worth what it was.
        let adjusted = house.rows("SELECT date, cost FROM stock_entry WHERE kind = 'adjustment' ORDER BY id");
        let adjusted: Vec<_> = adjusted.iter().map(|it| (it[0].text().to_owned(), it[1].int())).collect();
        assert_eq!(adjusted, [(house.ago(7), -1_200), (house.ago(3), -600)]);
        house.shop.audit();
    });
}

#[test]
fn what_was_sold_before_it_was_entered_gets_its_cost_when_the_goods_are_dated_before() {
    databases(|db| {
        let house = House::new(db);
        let sale = house.sold(5, "4");
        assert_eq!((house.cost(sale), house.stock()), (Value::Null, (-4, 0)));

        let came = house.bought(6, "10", "12");

        assert_eq!((house.cost(sale), house.stock()), (Value::Int(4_800), (6, 7_200)));
        // A reversal is of today: what was sold then has cost what it did.
        let forward = house.shop.run("何振邦", "stock_in", came, "reverse", reason());
        forward.unwrap();
        assert_eq!((house.cost(sale), house.stock()), (Value::Int(4_800), (-4, 0)));
        house.shop.audit();
    });
}

#[test]
fn what_comes_back_costs_what_it_cost_when_it_left_by_now() {
    databases(|db| {
        let house = House::new(db);
        house.bought(9, "10", "10");
        let [kept, reversed] = [house.sold(7, "4"), house.sold(6, "3")];
        let back = house.draft("sale_return", 5, &[&[("quantity", "1")]]);
        let tie = Input::from([("sale", format!("#{kept}"))]);
        house.shop.world.act("何振邦", move |desk| desk.update("sale_return", back, None, &tie)).unwrap();
        house.shop.run("何振邦", "sale_return", back, "post", Input::default()).unwrap();
        house.shop.run("何振邦", "sale", reversed, "reverse", reason()).unwrap();

        house.bought(8, "10", "20");

        let line = |entity: &'static str, id: i64| house.shop.value(entity, id, "cost").int();
        assert_eq!((line("sale_line", 1), line("sale_return_line", 1)), (6_000, 1_500));
        // Sale and reversal go on adding up to nothing.
        assert_eq!((line("sale", reversed), line("sale", reversed + 1)), (4_500, -4_500));
        assert_eq!(house.stock(), (17, 25_500));
        house.shop.audit();
    });
}

#[test]
fn a_return_is_not_dated_before_its_sale() {
    databases(|db| {
        let house = House::new(db);
        house.bought(9, "10", "10");
        let sale = house.sold(3, "4");
        let back = house.draft("sale_return", 4, &[&[("quantity", "1")]]);
        let tie = Input::from([("sale", format!("#{sale}"))]);
        house.shop.world.act("何振邦", move |desk| desk.update("sale_return", back, None, &tie)).unwrap();

        let early = house.shop.run("何振邦", "sale_return", back, "post", Input::default());

        assert_eq!(code(early), "out_of_range");
    });
}

#[test]
fn behind_much_the_margin_is_unknown_until_a_job_has_reckoned_it_anew() {
    databases(|db| {
        let house = House::new(db);
        house.bought(30, "500", "10");
        let early = house.sold(28, "3");
        let line: &[(&str, &str)] = &[("quantity", "1")];
        let many = house.posted("sale", 20, &[line; 150]);
        let more = house.posted("sale", 10, &[line; 60]);
        let came = house.draft("stock_in", 25, &[&[("quantity", "497"), ("cost", "20")]]);
        let (says, figures) = house.moves("何振邦", "stock_in", came).unwrap();
        assert!(says.contains("210 笔") && says.contains("后台") && figures.is_empty(), "{says}");

        house.shop.run("何振邦", "stock_in", came, "post", Input::default()).unwrap();

        assert_eq!(
            [early, many, more].map(|it| house.cost(it)),
            [Value::Int(3_000), Value::Null, Value::Null]
        );
        let now = house.sold(0, "2");
        // Goods of a day that is right already, and of one that is not.
        let [before, behind] = [house.sold(27, "1"), house.sold(15, "1")];
        assert_eq!(
            [now, before, behind].map(|it| house.cost(it)),
            [Value::Null, Value::Int(1_000), Value::Null]
        );
        assert_eq!(house.shop.value("product", 1, "cost"), Value::Null);
        let mut steps = 0;
        while db.write(&house.shop.world.system, |desk| domain::recalculate(desk.trusted())).unwrap() {
            steps += 1;
        }
        assert!(steps > 1, "{steps}");
        assert_eq!(house.rows("SELECT COUNT(*) FROM job WHERE kind = 'recalculate'")[0][0].int(), 1);
        // 496 at 10.00 and 497 at 20.00, each line rounded.
        let cost = |it: i64| house.cost(it).int();
        assert_eq!([cost(early), cost(before), cost(behind), cost(now)], [3_000, 1_000, 1_500, 3_001]);
        assert!((cost(many) - 150 * 1_500).abs() < 150 && (cost(more) - 60 * 1_500).abs() < 60);
        let value: i64 =
            500_000 + 994_000 - [early, many, more, before, behind, now].map(cost).iter().sum::<i64>();
        assert_eq!(house.stock(), (780, value));
        assert_eq!(house.shop.value("product", 1, "recalculating"), Value::Null);
        house.shop.audit();
    });
}

#[test]
fn before_it_is_posted_the_page_says_what_a_document_of_an_earlier_day_moves() {
    databases(|db| {
        let house = House::new(db);
        house.bought(9, "10", "10");
        house.sold(4, "4");
        let came = house.draft("stock_in", 8, &[&[("quantity", "10"), ("cost", "16")]]);
        let sale = house.draft("sale", 6, &[&[("quantity", "2")]]);
        let month = (house.today - 4.days()).strftime("%Y-%m").to_string();

        let (says, figures) = house.moves("周会计", "stock_in", came).unwrap();
        assert!(says.contains("1 笔库存流水（铜球阀）"), "{says}");
        let [cost, margin] = ["销售成本变化", "毛利变化"].map(|it| format!("{it} {month}"));
        assert_eq!(figures, [(cost, 1_200), (margin, -1_200)]);
        // A sale says whose ageing moves; what goods cost is not for everybody.
        let (says, _) = house.moves("何振邦", "sale", sale).unwrap();
        assert!(says.contains("客户之后已有") && says.contains("1 笔往来"), "{says}");
        let (_, figures) = house.moves("王海燕", "sale", sale).unwrap();
        assert_eq!(figures, []);
        // Nothing follows, nothing is said; nor of what is posted.
        let today = house.draft("sale", 0, &[&[("quantity", "2")]]);
        assert_eq!(house.moves("何振邦", "sale", today), None);
        house.shop.run("周会计", "stock_in", came, "post", Input::default()).unwrap();
        assert_eq!(house.moves("何振邦", "stock_in", came), None);
        let receipt = Input::from([
            ("customer", format!("#{}", house.shop.customer)),
            ("amount", "5".into()),
            ("date", house.ago(6)),
        ]);
        let receipt = house.shop.world.act("周会计", move |desk| desk.create("receipt", &receipt)).unwrap();
        assert!(house.moves("周会计", "receipt", receipt).unwrap().0.contains("账龄"));
    });
}

#[test]
fn a_count_before_a_later_one_of_the_same_goods_is_refused() {
    databases(|db| {
        let house = House::new(db);
        house.bought(9, "10", "10");
        let later = house.posted("stock_count", 2, &[&[("quantity", "7")]]);
        let early = house.draft("stock_count", 5, &[&[("quantity", "9")]]);
        let post = || house.shop.run("何振邦", "stock_count", early, "post", Input::default());

        let refused = post();
        assert_eq!((code(refused), house.stock()), ("counted_later", (7, 7_000)));
        house.shop.run("何振邦", "stock_count", later, "reverse", reason()).unwrap();
        post().unwrap();

        assert_eq!(house.stock(), (9, 9_000));
        house.shop.audit();
    });
}

#[test]
fn goods_that_came_without_a_cost_are_worth_what_is_known_first_and_nobody_dilutes_the_average() {
    databases(|db| {
        let house = House::new(db);
        house.posted("stock_in", 9, &[&[("quantity", "10")]]);
        let unknown = house.sold(8, "2");
        house.bought(7, "10", "10");
        let known = house.sold(6, "5");

        assert_eq!([unknown, known].map(|it| house.cost(it)), [Value::Null, Value::Int(5_000)]);
        assert_eq!(house.stock(), (13, 13_000));
        house.shop.audit();
    });
}
