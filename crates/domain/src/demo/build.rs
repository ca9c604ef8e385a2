//! Composes the demo from its files, one list after the other.

use std::collections::HashSet;
use std::time::Duration;

use base::{Date, Money};

use super::customers::DRAWN;
use super::words::{Dice, rows, words};
use super::{Address, Contact, Demo, Department, Lang, Note, Product, Tag, User};
use crate::code_tables::{Table, entries, table};

pub const CUSTOMERS: usize = 300;
pub const PERSONS: usize = 12;
const NOTES: usize = 90;

pub type Pair = [&'static str; 2];

pub struct Build {
    pub lang: Lang,
    pub today: Date,
    pub dice: Dice,
    pub regions: &'static Table,
    /// Area code, city, zone, weight and how many figures a number has.
    pub places: Vec<[&'static str; 5]>,
    pub taken: HashSet<String>,
    pub demo: Demo,
}

pub fn build(lang: Lang, today: Date) -> Demo {
    let mut build = Build {
        lang,
        today,
        dice: Dice(20_260_917),
        regions: table("region").expect("region is a code table"),
        places: rows(include_str!("../../data/demo/places.csv")),
        taken: HashSet::new(),
        demo: Demo {
            company: say(lang, ["恒联暖通", "Henglian HVAC"]).to_owned(),
            industries: entries(include_str!("../../data/demo/industries.csv").lines().skip(1)),
            ..Demo::default()
        },
    };
    build.people();
    build.products();
    build.drawn_customers();
    build.composed_customers();
    build.persons();
    build.exceptions();
    build.contacts();
    build.first_customer();
    build.addresses_tags_and_notes();
    build.trade();
    build.demo
}

fn say(lang: Lang, [zh, en]: Pair) -> &'static str {
    match lang {
        Lang::Zh => zh,
        Lang::En => en,
    }
}

impl Build {
    pub fn say(&self, pair: Pair) -> &'static str {
        say(self.lang, pair)
    }

    pub fn word(&mut self, section: &str) -> String {
        let word = self.dice.pick(&words::<2>(section));
        self.say(word).to_owned()
    }

    pub fn days_ago(&self, days: usize) -> Date {
        self.today.saturating_sub(Duration::from_secs(days as u64 * 86_400))
    }

    pub fn user(&self, login: &str) -> Option<usize> {
        self.demo.users.iter().position(|user| user.login == login)
    }

    fn people(&mut self) {
        let departments = rows::<4>(include_str!("../../data/demo/departments.csv"));
        let place = |code: &str| departments.iter().position(|it| it[0] == code);
        for [_, zh, en, above] in &departments {
            self.demo
                .departments
                .push(Department { name: self.say([zh, en]).to_owned(), above: place(above) });
        }
        for [login, zh, en, department, roles, mobile] in rows(include_str!("../../data/demo/people.csv")) {
            self.demo.users.push(User {
                login: login.to_owned(),
                name: self.say([zh, en]).to_owned(),
                department: place(department).unwrap_or_default(),
                roles: roles.split(' ').collect(),
                mobile: mobile.to_owned(),
                email: format!("{login}@henglian.example"),
            });
        }
    }

    fn products(&mut self) {
        for [zh, en, category, unit, sizes] in rows(include_str!("../../data/demo/products.csv")) {
            for (spec, price) in sizes.split('|').filter_map(|size| size.rsplit_once(':')) {
                let number = self.demo.products.len() + 1;
                let price = Money::parse(price).unwrap_or_default();
                // Of the best known goods little is let off.
                let floor = if number.is_multiple_of(5) { 93 } else { 84 };
                self.demo.products.push(Product {
                    number: format!("SP-{number:04}"),
                    name: self.say([zh, en]).to_owned(),
                    category: category.to_owned(),
                    spec: spec.to_owned(),
                    unit: unit.to_owned(),
                    price,
                    floor_price: (!number.is_multiple_of(3)).then(|| price.share(floor, 100)),
                    tax_rate: 13,
                    barcode: barcode(number),
                    active: !number.is_multiple_of(25),
                });
            }
        }
    }

    /// The city, or the municipality, of a county.
    pub fn city(&self, county: &str) -> Pair {
        let above = self.regions.entry(county).and_then(|county| self.regions.entry(county.parent));
        above.map_or(["", ""], |city| [city.zh, city.en])
    }

    pub fn address(&mut self, county: &str) -> String {
        let road = self.word("[road]");
        let number = 1 + self.dice.below(288);
        match (self.lang, self.regions.entry(county)) {
            (Lang::Zh, Some(county)) => format!("{}{road} {number} 号", county.zh),
            (Lang::En, Some(county)) => format!("{number} {road}, {}", county.en),
            (_, None) => road,
        }
    }

    /// In nobody's range: no local number begins with 555 and a nought.
    pub fn landline(&mut self, county: &str) -> String {
        let prefix = |code: &str| county.starts_with(code.trim_end_matches('0'));
        let place = self.places.iter().find(|place| prefix(place[1])).unwrap_or(&self.places[0]);
        let (area, long) = (place[0], place[4] == "8");
        let rest = self.dice.text(if long { 4 } else { 3 }, "0123456789");
        format!("{area}-5550{rest}")
    }

    /// 154 and 194 are not assigned to any operator.
    pub fn mobile(&mut self) -> String {
        self.dice.pick(&["154", "194"]).to_owned() + &self.dice.text(8, "0123456789")
    }

    pub fn person(&mut self) -> String {
        let (surname, given) =
            (self.dice.pick(&words::<2>("[surname]")), self.dice.pick(&words::<2>("[given]")));
        match self.lang {
            Lang::Zh => format!("{}{}", surname[0], given[0]),
            Lang::En => format!("{} {}", surname[1], given[1]),
        }
    }

    fn contacts(&mut self) {
        let drawn = rows::<14>(DRAWN);
        let heads = ["general_manager", "general_manager", "owner", "purchasing_manager", "deputy_manager"];
        let others = ["buyer", "accountant", "finance_manager", "project_manager", "engineer", "warehouse"];
        for customer in 0..CUSTOMERS - PERSONS {
            for n in 0..if customer % 12 == 0 { 3 } else { 2 } {
                let name = match drawn.get(customer) {
                    Some(row) if n == 0 => self.say([row[11], row[12]]).to_owned(),
                    _ => self.person(),
                };
                let mobile = self.mobile();
                let age = 9_000 + self.dice.below(12_000);
                let birthday = self.days_ago(age);
                let hobbies = if self.dice.chance(25) { self.word("[hobby]") } else { String::new() };
                let domain = self.demo.customers[customer].email.trim_start_matches("info").to_owned();
                self.demo.contacts.push(Contact {
                    customer,
                    name,
                    position: self.dice.pick(if n == 0 { &heads[..] } else { &others[..] }).to_owned(),
                    phone: if n == 1 { self.demo.customers[customer].phone.clone() } else { String::new() },
                    email: if n == 0 { format!("office{domain}") } else { String::new() },
                    wechat: if self.dice.chance(60) { mobile.clone() } else { String::new() },
                    mobile,
                    birthday: self.dice.chance(45).then_some(birthday),
                    hobbies,
                    primary: n == 0,
                    remark: String::new(),
                });
            }
        }
    }

    fn addresses_tags_and_notes(&mut self) {
        for customer in (0..CUSTOMERS - PERSONS).step_by(5) {
            let region = self.demo.customers[customer].region.clone();
            let address = Address {
                customer,
                name: self.say(["送货地址", "Delivery address"]).to_owned(),
                address: format!("{}{}", self.address(&region), self.say([" 2 号库", ", store 2"])),
                region,
                contact: self.person(),
                phone: self.mobile(),
            };
            self.demo.addresses.push(address);
        }
        let tags = words::<2>("[tag]");
        for tag in &tags[..3] {
            self.demo.tags.push(Tag { customer: 0, name: self.say(*tag).to_owned() });
        }
        for customer in (1..CUSTOMERS).step_by(3) {
            let tag = self.dice.pick(&tags);
            self.demo.tags.push(Tag { customer, name: self.say(tag).to_owned() });
        }
        while self.demo.notes.len() < NOTES {
            let customer = self.dice.below(CUSTOMERS - PERSONS);
            let Some(author) = self.demo.customers[customer].owner else { continue };
            let date = self.days_ago(self.demo.notes.len());
            let text = self.word("[note]");
            self.demo.notes.push(Note { customer, author, date, text });
        }
    }
}

/// EAN-13 from the range 20 that is kept for use inside a company.
fn barcode(number: usize) -> String {
    let body = format!("2000000{number:05}");
    let sum: u32 =
        body.bytes().zip([1, 3].into_iter().cycle()).map(|(c, weight)| u32::from(c - b'0') * weight).sum();
    format!("{body}{}", (10 - sum % 10) % 10)
}
