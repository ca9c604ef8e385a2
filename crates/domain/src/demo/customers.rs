//! The demo's customers: those of the pictures, then composed ones, then what is wrong in every real list.

use base::{Date, Money};

use super::build::{Build, CUSTOMERS, PERSONS};
use super::words::{rows, words};
use super::{Customer, Lang};
use crate::code_tables::Entry;
use crate::crm::tax_number::check_character;
use crate::regions::short;

/// Names, type, industry, region, class, stage, owner, limit, contact and parent, each name in both languages.
pub const DRAWN: &str = include_str!("../../data/demo/customers.csv");

/// What is known of a customer before the rest is thrown.
struct Sketch {
    name: String,
    short_name: String,
    /// The word before `.example`.
    domain: String,
    region: &'static str,
    r#type: &'static str,
    industry: &'static str,
    channel: &'static str,
    class: char,
    stage: &'static str,
    limit: i64,
}

impl Build {
    /// Those of the pictures, their subsidiaries, and two that somebody typed a second time.
    pub fn drawn_customers(&mut self) {
        let drawn = rows::<14>(DRAWN);
        for row in &drawn {
            let [zh, en, short_zh, short_en, r#type, industry, region, class, stage, owner, ..] = *row;
            let [.., limit, _, _, parent] = *row;
            let sketch = Sketch {
                name: self.say([zh, en]).to_owned(),
                short_name: self.say([short_zh, short_en]).to_owned(),
                domain: short_en.to_owned(),
                region,
                r#type,
                industry,
                channel: if r#type == "dealer" { "dealer" } else { "project" },
                class: class.chars().next().unwrap_or('C'),
                stage,
                limit: limit.parse().unwrap_or(0),
            };
            let mut customer = self.customer(sketch);
            customer.owner = self.user(owner);
            customer.parent = drawn.iter().position(|it| it[0] == parent);
            self.add(customer);
        }
    }

    pub fn composed_customers(&mut self) {
        let brands = words::<2>("[brand]");
        let trades = words::<6>("[trade]");
        for n in self.demo.customers.len()..CUSTOMERS - PERSONS {
            let (region, zone) = self.region();
            let brand = brands[n * 37 % brands.len()];
            // Chinese, English, type, industry, channel and the word in the short name.
            let [zh, en, r#type, industry, channel, short_zh] = self.dice.pick(&trades);
            let city = self.city(region);
            let (name, short_name) = match self.lang {
                Lang::Zh => {
                    (format!("{}{}{zh}", short(city[0]), brand[0]), format!("{}{short_zh}", brand[0]))
                }
                Lang::En => (format!("{} {} {en}", city[1], brand[1]), brand[1].to_owned()),
            };
            let (stage, class) = self.standing();
            let limit = self.limit(stage, class);
            let domain = format!("{}-{n}", brand[1]);
            let mut customer = self.customer(Sketch {
                name,
                short_name,
                domain,
                region,
                r#type,
                industry,
                channel,
                class,
                stage,
                limit,
            });
            match n {
                // A sixth has no owner and waits in the pool.
                _ if n % 6 == 5 && n > 23 => customer.pool = "shared".to_owned(),
                _ if n % 29 == 3 => {
                    (customer.owner, customer.pool) = (self.user("boss"), "relation".to_owned())
                }
                _ => customer.owner = self.salesperson(zone),
            }
            self.add(customer);
        }
    }

    pub fn persons(&mut self) {
        for _ in 0..PERSONS {
            let (region, zone) = self.region();
            let name = self.person();
            let customer = Customer {
                kind: "person",
                r#type: "buyer".to_owned(),
                channel: "retail".to_owned(),
                region: region.to_owned(),
                country: "CN".to_owned(),
                address: self.address(region),
                phone: self.mobile(),
                payment_method: "delivery".to_owned(),
                source: "walk_in".to_owned(),
                stage: self.dice.pick(&["new", "familiar"]),
                status: "regular".to_owned(),
                class: 'C',
                credit_grade: 'B',
                owner: self.salesperson(zone),
                pool: "retail".to_owned(),
                created: Some(self.opened("new")),
                name,
                ..Customer::default()
            };
            self.add(customer);
        }
    }

    /// What lists of real companies have: closed files, gaps, old and mistyped numbers, bad payers.
    pub fn exceptions(&mut self) {
        let reasons = ["dissolved", "changed", "idle", "merged", "moved"];
        for (reason, n) in reasons.iter().zip([50, 100, 150, 200, 250]) {
            let date = self.days_ago(n + 11);
            let customer = &mut self.demo.customers[n];
            (customer.closed, customer.close_reason, customer.stage) =
                (Some(date), reason.to_string(), "lost");
        }
        for n in (31..CUSTOMERS - PERSONS).step_by(9) {
            let customer = &mut self.demo.customers[n];
            let fields = [
                &mut customer.tax_number,
                &mut customer.phone,
                &mut customer.address,
                &mut customer.industry,
            ];
            for (_, field) in fields.into_iter().enumerate().filter(|(gap, _)| *gap != n / 9 % 4) {
                field.clear();
            }
            (customer.bank_name, customer.bank_account) = Default::default();
        }
        for n in [60, 160] {
            self.demo.customers[n].tax_number = self.dice.text(15, "0123456789");
        }
        for n in [41, 102, 222] {
            let number = &mut self.demo.customers[n].tax_number;
            let wrong = if number.ends_with('7') { '8' } else { '7' };
            number.pop();
            number.push(wrong);
        }
        // What salespeople handed in lately waits for the clerk who registers it.
        let lately = Some(self.days_ago(30));
        let is_fresh =
            |it: &&mut Customer| it.stage == "potential" && it.owner.is_some() && it.created > lately;
        self.demo.customers.iter_mut().filter(is_fresh).take(4).for_each(|it| it.handed_in = true);
        for n in [78, 178] {
            let customer = &mut self.demo.customers[n];
            (customer.blacklisted, customer.key, customer.class, customer.credit_grade) =
                (true, false, 'D', 'D');
            (customer.credit_limit, customer.credit_days) = (Money(0), 0);
            customer.payment_method = "prepaid".to_owned();
        }
    }

    /// The one whose card is drawn.
    pub fn first_customer(&mut self) {
        let created = self.days_ago(2746);
        let address = self.say(["大兴区西红门镇鼎业路 9 号", "9 Dingye Road, Xihongmen, Daxing"]).to_owned();
        let remark = "每月 25 日对账，次月 10 日前付款。发票须附送货单原件，否则财务退票。卸货限 17:00 前。";
        let remark = self.say([
            remark,
            "Statement on the 25th, payment by the 10th. Invoices need the delivery note. Unloading before 17:00.",
        ]);
        let accountant = self.say(["邵慧琴", "Shao Huiqin"]).to_owned();
        let customer = &mut self.demo.customers[0];
        customer.tax_number = "91110115MA01C8K47D".to_owned();
        customer.phone = "010-55504417".to_owned();
        (customer.address, customer.created, customer.credit_days) = (address, Some(created), 60);
        (customer.source, customer.remark) = ("fair".to_owned(), remark.to_owned());
        let [manager, second, ..] = &mut self.demo.contacts[..] else { return };
        (manager.mobile, manager.position) = ("15410926621".to_owned(), "general_manager".to_owned());
        manager.wechat.clone_from(&manager.mobile);
        (second.name, second.position) = (accountant, "accountant".to_owned());
        (second.phone, second.mobile) = ("010-55504417-806".to_owned(), String::new());
        second.wechat.clear();
    }

    fn add(&mut self, mut customer: Customer) {
        customer.number = format!("KH-{:06}", self.demo.customers.len() + 1);
        let home = if customer.region.starts_with('3') { 2 } else { 1 };
        customer.department = customer.owner.map_or(home, |owner| self.demo.users[owner].department);
        if customer.pool.is_empty() {
            customer.pool = if customer.owner.is_some() { "own" } else { "shared" }.to_owned();
        }
        while !self.taken.insert(customer.name.clone()) {
            customer.name.push_str(self.say(["（二部）", " (2)"]));
        }
        self.demo.customers.push(customer);
    }

    fn customer(&mut self, it: Sketch) -> Customer {
        let domain: String = it
            .domain
            .to_lowercase()
            .replace('ü', "u")
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .collect();
        let term = self.dice.pick(if it.class == 'A' { &[60, 60, 45] } else { &[30, 30, 15] });
        let statuses: &[&str] = match it.stage {
            "potential" => &["signing", "follow", "follow", "follow"],
            "lost" => &["quiet", "suspended"],
            _ => &["regular", "regular", "regular", "quiet"],
        };
        let bank = self.word("[bank]");
        let city = self.city(it.region);
        let branch = match self.lang {
            Lang::Zh => format!("{bank}{}分行", short(city[0])),
            Lang::En => format!("{bank}, {} Branch", city[1]),
        };
        let prepaid = self.dice.pick(&["prepaid", "delivery", "deposit"]);
        Customer {
            name: it.name,
            short_name: it.short_name,
            kind: "company",
            r#type: it.r#type.to_owned(),
            channel: it.channel.to_owned(),
            industry: it.industry.to_owned(),
            region: it.region.to_owned(),
            country: "CN".to_owned(),
            address: self.address(it.region),
            phone: self.landline(it.region),
            email: format!("info@{domain}.example"),
            website: if self.dice.chance(60) { format!("www.{domain}.example") } else { String::new() },
            tax_number: self.tax_number(it.region, it.r#type == "dealer" && it.class > 'B'),
            bank_name: branch,
            bank_account: self.dice.text(19, "0123456789"),
            business_scope: self.word("[scope]"),
            size: self
                .dice
                .pick(if it.class == 'A' {
                    &["large", "medium"]
                } else {
                    &["small", "small", "micro", "medium"]
                })
                .to_owned(),
            payment_method: if it.limit > 0 { "monthly" } else { prepaid }.to_owned(),
            source: self
                .dice
                .pick(&["referral", "referral", "visit", "phone", "fair", "website", "tender", "market"])
                .to_owned(),
            stage: it.stage,
            status: self.dice.pick(statuses).to_owned(),
            class: it.class,
            credit_grade: if it.stage == "new" { 'B' } else { it.class },
            credit_days: if it.limit > 0 { term } else { 0 },
            credit_limit: Money(it.limit * 100),
            key: it.class == 'A' && it.stage == "old",
            needs: if self.dice.chance(50) { self.word("[need]") } else { String::new() },
            remark: if self.dice.chance(35) { self.word("[remark]") } else { String::new() },
            created: Some(self.opened(it.stage)),
            ..Customer::default()
        }
    }

    /// A stage of life and an importance that go together.
    fn standing(&mut self) -> (&'static str, char) {
        let roll = self.dice.below(100);
        match self.dice.below(100) {
            0..22 => ("potential", 'C'),
            22..38 => ("new", if roll < 30 { 'B' } else { 'C' }),
            38..72 => (
                "familiar",
                [(12, 'A'), (57, 'B'), (97, 'C')].iter().find(|it| roll < it.0).map_or('D', |it| it.1),
            ),
            72..94 => (
                "old",
                [(30, 'A'), (75, 'B'), (97, 'C')].iter().find(|it| roll < it.0).map_or('D', |it| it.1),
            ),
            _ => ("lost", if roll < 70 { 'C' } else { 'D' }),
        }
    }

    /// In yuan.
    fn limit(&mut self, stage: &str, class: char) -> i64 {
        let ten_thousands = match (stage, class) {
            ("potential" | "lost", _) | (_, 'D') => 0,
            (_, 'A') => 20 + 5 * self.dice.below(9),
            (_, 'B') => 8 + self.dice.below(13),
            _ => self.dice.below(9),
        };
        ten_thousands as i64 * 10_000
    }

    fn opened(&mut self, stage: &str) -> Date {
        let (least, most) = match stage {
            "potential" => (3, 200),
            "new" => (20, 300),
            "familiar" => (300, 1200),
            _ => (900, 3200),
        };
        let days = least + self.dice.below(most - least);
        self.days_ago(days)
    }

    /// A county, more often where the company sells more, and the zone that it is in.
    fn region(&mut self) -> (&'static str, &'static str) {
        let weight = |place: &[&str; 5]| place[3].parse::<usize>().unwrap_or(1);
        let mut roll = self.dice.below(self.places.iter().map(weight).sum());
        let place = *self
            .places
            .iter()
            .find(|place| match roll.checked_sub(weight(place)) {
                Some(left) => {
                    roll = left;
                    false
                }
                None => true,
            })
            .unwrap_or(&self.places[0]);
        let under = |it: &&Entry| it.parent == place[1] && it.zh.ends_with(['区', '市']);
        let counties: Vec<&str> = self.regions.entries.iter().filter(under).map(|it| it.code).collect();
        (self.dice.pick(&counties), place[2])
    }

    fn salesperson(&mut self, zone: &str) -> Option<usize> {
        let north = ["sales", "sales", "chenzhiqiang", "lijianjun", "liuyang", "zhaomin", "sunlihua"];
        let east = ["shenhuimin", "zhouwenbin", "zhouwenbin"];
        let login = self.dice.pick(if zone == "north" { &north[..] } else { &east[..] });
        self.user(login)
    }

    fn tax_number(&mut self, region: &str, single: bool) -> String {
        let kind = if single { "92" } else { "91" };
        let body = format!("{kind}{region}MA{}", self.dice.text(7, "0123456789ABCDEFGHJKLMNPQRTUWXY"));
        let check = check_character(&body).unwrap_or('0');
        format!("{body}{check}")
    }
}
