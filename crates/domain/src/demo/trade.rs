//! Two years of trade: who orders what and when, how much comes in, and who pays late or not at all.

use base::Date;

use super::build::Build;

/// An order of the demo, and when the customer pays for it.
#[derive(Debug)]
pub struct Deal {
    pub customer: usize,
    pub date: Date,
    /// Product and whole units.
    pub lines: Vec<(usize, i64)>,
    /// Per cent.
    pub discount: i64,
    pub paid: Option<Date>,
    /// Before the goods leave.
    pub prepaid: bool,
}

/// Goods that come in: product, whole units, and the cost of one in per cent of the list price without tax.
#[derive(Debug)]
pub struct Supply {
    pub date: Date,
    pub lines: Vec<(usize, i64, i64)>,
}

/// Prices of this year, for a type of customers or for one.
#[derive(Debug)]
pub struct PriceList {
    pub name: String,
    pub r#type: &'static str,
    pub customer: Option<usize>,
    pub first: Date,
    pub last: Date,
    /// Product, whole units from which it holds, and per cent off the list price.
    pub lines: Vec<(usize, i64, i64)>,
}

/// When the blacklisted got their last goods.
pub fn trade_ends(today: Date) -> Date {
    today.saturating_sub(std::time::Duration::from_secs(BLACKLISTED as u64 * 86_400))
}

/// How many days ago the blacklisted were blacklisted.
const BLACKLISTED: usize = 60;
/// How many days the demo looks back.
const DAYS: usize = 730;
/// Heating sells in autumn: how many orders a month sees of what an even year would, in per cent.
const SEASON: [usize; 12] = [90, 50, 80, 70, 60, 70, 80, 100, 150, 180, 160, 110];

impl Build {
    /// Composes the orders of everybody who trades with the company, in the order of their days.
    pub fn trade(&mut self) {
        for at in 0..self.demo.customers.len() {
            let it = &self.demo.customers[at];
            let (class, limit, term) = (it.class, it.credit_limit.0 / 100, it.credit_days);
            let trades = matches!(it.stage, "new" | "familiar" | "old" | "lost");
            let Some(created) = it.created.filter(|_| trades && it.closed.is_none() && it.owner.is_some())
            else {
                continue;
            };
            // Of the lost ones the last order is a year ago.
            let last = match it.stage {
                "lost" => 365,
                _ if it.blacklisted => BLACKLISTED,
                _ => 0,
            };
            let blacklisted = it.blacklisted;
            let (every, size) = match class {
                'A' => (28, limit.max(80_000) / 9),
                'B' => (50, limit.max(50_000) / 8),
                'C' => (90, limit.max(20_000) / 6),
                _ => (160, 6_000),
            };
            let payer = match at {
                0 => 3,
                _ if blacklisted => 0,
                _ => self.dice.below(20),
            };
            let favourites: Vec<usize> = (0..6).map(|_| self.dice.below(self.demo.products.len())).collect();
            let mut ago = DAYS - self.dice.below(every);
            loop {
                let date = self.days_ago(ago);
                if date > created {
                    self.order(at, date, &favourites, size, term, payer);
                }
                let season = SEASON[usize::from(date.month().unsigned_abs()) - 1];
                let step = (every / 2 + self.dice.below(every)) * 100 / season;
                if ago < step.max(3) + last {
                    break;
                }
                ago -= step.max(3);
            }
        }
        self.demo.deals.sort_by_key(|it| (it.date, it.customer));
        self.supplies();
        self.price_lists();
    }

    /// Dealers and distributors have lists of their own, and so has the first customer.
    fn price_lists(&mut self) {
        let year = self.today.year();
        let (first, last) = (Date::constant(year, 1, 1), Date::constant(year, 12, 31));
        let count = self.demo.products.len();
        let several = |every: usize, off: i64, much: i64| {
            let products = (0..count).step_by(every);
            products.flat_map(|it| [(it, 0, off), (it, 100, much)]).collect::<Vec<_>>()
        };
        let lists = [
            (["经销商价", "dealers"], "dealer", None, several(3, 3, 5)),
            (["分销商价", "distributors"], "distributor", None, several(2, 5, 8)),
            (["金泰格协议价", "Jintaige agreement"], "", Some(0), several(7, 6, 9)),
        ];
        for (name, of_type, customer, lines) in lists {
            let name = format!("{year} {}", self.say(name));
            self.demo.price_lists.push(PriceList { name, r#type: of_type, customer, first, last, lines });
        }
    }

    /// `payer` of 20: 0 has stopped paying, 1 and 2 pay late, the others in time.
    fn order(
        &mut self,
        customer: usize,
        date: Date,
        favourites: &[usize],
        size: i64,
        term: i64,
        payer: usize,
    ) {
        let mut lines: Vec<(usize, i64)> = Vec::new();
        let count = 1 + self.dice.below(4);
        let amount = size * (40 + self.dice.below(90) as i64) / 100;
        for _ in 0..count {
            let product = self.dice.pick(favourites);
            let price = self.demo.products[product].price.0.max(1);
            let units = (amount * 100 / count as i64 / price).clamp(1, 2_000);
            if !lines.iter().any(|it| it.0 == product) {
                lines.push((product, units));
            }
        }
        let prepaid = self.demo.customers[customer].credit_limit.0 == 0;
        let late = match payer {
            0 if date > self.days_ago(150) => None,
            1 | 2 => Some(term + 5 + self.dice.below(40) as i64),
            _ => Some((term - 12 + self.dice.below(13) as i64).max(1)),
        };
        let paid = late.filter(|_| !prepaid).map(|days| later(date, days));
        let paid = paid.filter(|paid| *paid <= self.today);
        let discount = if self.dice.chance(25) { 2 + self.dice.below(7) as i64 } else { 0 };
        self.demo.deals.push(Deal { customer, date, lines, discount, paid, prepaid });
    }

    /// Every month brings what is going to be sold in it and a little more.
    fn supplies(&mut self) {
        let mut at = 0;
        while at < self.demo.deals.len() {
            let month = self.demo.deals[at].date.first_of_month();
            let same =
                self.demo.deals[at..].iter().take_while(|it| it.date.first_of_month() == month).count();
            let mut units: Vec<(usize, i64)> = Vec::new();
            for (product, sold) in self.demo.deals[at..at + same].iter().flat_map(|it| &it.lines) {
                match units.iter_mut().find(|it| it.0 == *product) {
                    Some(known) => known.1 += sold,
                    None => units.push((*product, *sold)),
                }
            }
            units.sort_unstable();
            let lines = units.into_iter().map(|(product, sold)| {
                let cost = 52 + (product * 7 % 17) as i64 + self.dice.below(4) as i64;
                (product, sold + sold / 8 + 1, cost)
            });
            let lines = lines.collect();
            self.demo.supplies.push(Supply { date: month, lines });
            at += same;
        }
    }
}

fn later(date: Date, days: i64) -> Date {
    date.saturating_add(std::time::Duration::from_secs(days.unsigned_abs() * 86_400))
}
