//! A house that sells: the stories' company with a customer, a credit and a product.

use model::{Input, Value};

use crate::World;

/// A house with 王海燕's customer 金泰格, who may owe 1,000.00 for 30 days, and a ball valve at 25.00.
pub struct Shop<'w> {
    pub world: World<'w>,
    pub customer: i64,
}

impl<'w> Shop<'w> {
    pub fn new(db: &'w store::Db) -> Shop<'w> {
        let world = World::new(db);
        let customer = world.customer("王海燕", "北京金泰格散热器有限公司");
        let valve = Input::from([("name", "铜球阀"), ("price", "25"), ("tax_rate", "0.13")]);
        world.act("何振邦", move |desk| desk.create("product", &valve)).unwrap();
        let shop = Shop { world, customer };
        shop.credit("1000", "30");
        shop
    }

    pub fn credit(&self, limit: &str, days: &str) {
        let asked = Input::from([("credit_limit", limit), ("credit_days", days), ("reason", "合作良好")]);
        self.run("周会计", "customer", self.customer, "set_credit", asked).unwrap();
    }

    pub fn run(
        &self,
        who: &str,
        entity: &'static str,
        id: i64,
        verb: &'static str,
        asked: Input,
    ) -> model::Result<()> {
        self.world.act(who, move |desk| desk.run(entity, id, verb, &asked))
    }

    /// A draft of `count` valves at 25.00.
    pub fn draft(&self, count: u32) -> i64 {
        self.draft_on(None, count)
    }

    pub fn draft_on(&self, date: Option<&str>, count: u32) -> i64 {
        let mut input = Input::from([("customer", format!("#{}", self.customer))]);
        if let Some(date) = date {
            input.set("date", date);
        }
        let line = Input::from([("product", "铜球阀".to_owned()), ("quantity", count.to_string())]);
        input.rows.insert("sale_line".into(), vec![line]);
        self.world.act("王海燕", move |desk| desk.create("sale", &input)).unwrap()
    }

    pub fn sold(&self, count: u32) -> i64 {
        let id = self.draft(count);
        self.run("王海燕", "sale", id, "post", Input::default()).unwrap();
        id
    }

    pub fn received(&self, amount: &str, sale: Option<i64>) -> i64 {
        let mut input =
            Input::from([("customer", format!("#{}", self.customer)), ("amount", amount.to_owned())]);
        if let Some(sale) = sale {
            input.set("sale", format!("#{sale}"));
        }
        let id = self.world.act("周会计", move |desk| desk.create("receipt", &input)).unwrap();
        self.run("周会计", "receipt", id, "post", Input::default()).unwrap();
        id
    }

    pub fn value(&self, entity: &'static str, id: i64, field: &str) -> Value {
        let card = self.world.look("何振邦", move |desk| desk.get(entity, id)).unwrap();
        card.value(field).cloned().unwrap_or(Value::Null)
    }

    pub fn count(&self, who: &str, entity: &str) -> i64 {
        self.world.look(who, |desk| desk.count(entity, &model::Query::default())).unwrap()
    }

    pub fn status(&self, sale: i64) -> String {
        self.value("sale", sale, "status").text().to_owned()
    }

    pub fn figures(&self) -> [i64; 4] {
        ["balance", "exposure", "available", "overdue"]
            .map(|it| self.value("customer", self.customer, it).int())
    }

    /// Every kept figure is what its entries say.
    pub fn audit(&self) {
        for audit in domain::REGISTRY.audits.iter().copied().flatten() {
            let wrong =
                self.world.look("何振邦", |desk| desk.trusted().rows(&model::Sql::new(audit.sql))).unwrap();
            assert!(wrong.is_empty(), "{}: {wrong:?}", audit.says);
        }
    }
}

/// What many verbs ask.
pub fn reason() -> Input {
    Input::from([("reason", "客户要求")])
}
