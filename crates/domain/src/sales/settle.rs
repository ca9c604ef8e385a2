//! Settling 核销: which debts a payment is for. The oldest, those that add up to it, those that hold a product, those of
//! a period, or the one that is named (FIN-12, 13, 15, 16); and taking back what was settled.

use std::collections::HashMap;

use model::{Choice, Date, Error, Form, Id, Money, Result, Sql, Text, Tx, Value, refuse};

use super::Sale;
use super::receivable::{self, Allocation, Receivable};
use crate::{Customer, Product};

/// How a payment finds the debts that it pays.
#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum By {
    #[choice(zh = "最早到期", en = "Oldest first")]
    Oldest,
    #[choice(zh = "合计相等", en = "Exact sum")]
    Exact,
    #[choice(zh = "按商品", en = "Product")]
    Product,
    #[choice(zh = "按期间", en = "Period")]
    Period,
    #[choice(zh = "按单据", en = "Document")]
    Document,
}

/// What a payment is meant for.
#[derive(Debug, Clone, Copy)]
pub struct Aim {
    pub by: By,
    /// Paid before all others, or alone where it goes by document.
    pub sale: Option<Id<Sale>>,
    pub charge: Option<Id<Receivable>>,
    pub product: Option<Id<Product>>,
    pub first: Option<Date>,
    pub last: Option<Date>,
}

impl Aim {
    /// The oldest debts, but those of one sale before them.
    pub fn oldest(sale: Option<Id<Sale>>) -> Aim {
        Aim { by: By::Oldest, sale, charge: None, product: None, first: None, last: None }
    }

    /// What it takes to go that way is given.
    pub fn check(&self) -> Result<()> {
        match self.by {
            By::Product if self.product.is_none() => Err(Error::invalid("product", "required")),
            By::Period if self.first.is_none() => Err(Error::invalid("first", "required")),
            By::Period if self.last.is_none() => Err(Error::invalid("last", "required")),
            By::Period if self.first > self.last => Err(Error::invalid("last", "out_of_range")),
            By::Oldest | By::Exact | By::Product | By::Period | By::Document => Ok(()),
        }
    }

    fn names(&self, it: &Receivable) -> bool {
        self.charge == Some(it.id) || (self.sale.is_some() && it.sale == self.sale)
    }
}

/// The open debts of a customer that an amount is for, in the order in which it pays them.
pub fn charges(tx: &mut Tx, customer: Id<Customer>, aim: &Aim, amount: Money) -> Result<Vec<Receivable>> {
    aim.check()?;
    let mut open = receivable::open_items(tx, customer, true)?;
    match aim.by {
        By::Oldest => open.sort_by_key(|it| !aim.names(it)),
        By::Document => open.retain(|it| aim.names(it)),
        By::Period => open.retain(|it| Some(it.date) >= aim.first && Some(it.date) <= aim.last),
        By::Product => {
            let mut sql = Sql::new("SELECT r.id FROM receivable r WHERE r.customer = ");
            sql.bind(customer.0)
                .push(" AND r.settled IS NULL AND r.open > 0 AND EXISTS (SELECT 1 FROM sale_line l WHERE l.sale = r.sale");
            sql.push(" AND l.product = ").bind(aim.product.map_or(0, |it| it.0)).push(")");
            let holding: Vec<i64> = tx.rows(&sql)?.iter().map(|it| it[0].int()).collect();
            open.retain(|it| holding.contains(&it.id.0));
        }
        By::Exact => {
            let amounts: Vec<i64> = open.iter().map(|it| it.open.0).collect();
            let chosen = exact(&amounts, amount.0)?;
            let mut n = 0..;
            open.retain(|_| n.next().is_some_and(|n| chosen.contains(&n)));
        }
    }
    if open.is_empty() && matches!(aim.by, By::Product | By::Period) {
        refuse!("nothing_open", "没有符合条件的未结单据" "No open document fits");
    }
    Ok(open)
}

/// Lets a credit pay what it is meant for, up to an amount. What is left stays as an advance.
pub fn pay(tx: &mut Tx, credit: &mut Receivable, aim: &Aim, most: Money) -> Result<()> {
    let mut left = most;
    for mut charge in charges(tx, credit.customer, aim, most)? {
        left = left - receivable::allocate(tx, &mut charge, credit, left)?;
        if left == Money(0) {
            break;
        }
    }
    Ok(())
}

/// Sums tried before the search gives up: as many as fit into the blink that a write may take.
const TRIES: usize = 300_000;

/// The places of amounts that add up exactly to another one: a single one, else those that come first.
fn exact(amounts: &[i64], wanted: i64) -> Result<Vec<usize>> {
    if let Some(single) = amounts.iter().position(|it| *it == wanted) {
        return Ok(vec![single]);
    }
    // Each sum that can be had, with the sum before it and the place of what was added.
    let mut sums: HashMap<i64, (i64, usize)> = HashMap::from([(0, (0, 0))]);
    let mut tried = 0;
    for (n, amount) in amounts.iter().enumerate() {
        tried += sums.len();
        if tried > TRIES {
            refuse!("no_exact_sum", "未结单据太多，没能试完所有组合；请按期间缩小范围，或手工选单据" "Too many open documents to try every combination; choose a period or the documents");
        }
        let fit = |sum: &i64| sum + amount <= wanted && !sums.contains_key(&(sum + amount));
        let before: Vec<i64> = sums.keys().copied().filter(fit).collect();
        sums.extend(before.into_iter().map(|sum| (sum + amount, (sum, n))));
        if sums.contains_key(&wanted) {
            break;
        }
    }
    let (mut chosen, mut sum) = (Vec::new(), wanted);
    while sum > 0 {
        let Some((before, n)) = sums.get(&sum) else {
            refuse!("no_exact_sum", "没有哪几张未结单据的合计正好等于这个金额" "No open documents add up to exactly this amount");
        };
        chosen.push(*n);
        sum = *before;
    }
    Ok(chosen)
}

/// How much of which document pays what.
#[derive(Form)]
pub struct Allocate {
    #[field(zh = "核销方式", en = "Settles")]
    by: By,
    #[field(zh = "销售单", en = "Sale")]
    sale: Option<Id<Sale>>,
    /// Any open debt: an opening one, a refund.
    #[field(zh = "应收明细", en = "Receivable", format = Hidden)]
    charge: Option<Id<Receivable>>,
    /// Empty is as much as possible.
    #[field(zh = "金额", en = "Amount")]
    amount: Option<Money>,
    #[field(zh = "商品", en = "Product")]
    product: Option<Id<Product>>,
    #[field(zh = "期间从", en = "From")]
    first: Option<Date>,
    #[field(zh = "期间至", en = "To")]
    last: Option<Date>,
}

#[derive(Form)]
pub struct Unallocate {
    #[field(zh = "核销", en = "Allocation", required)]
    allocation: Id<Allocation>,
    #[field(zh = "原因", en = "Reason", again)]
    reason: String,
}

/// Lets what is left of a document's credit pay debts of the customer, whom this locks.
pub fn allocate(tx: &mut Tx, customer: Id<Customer>, of: (&str, Value), asked: Allocate) -> Result<()> {
    let Allocate { by, sale, charge, amount, product, first, last } = asked;
    tx.get(customer)?;
    let mut credit = receivable::entry_of(tx, of.0, of.1)?;
    let free = -credit.open;
    let most = match (sale, charge) {
        (None, None) if by == By::Document => return Err(Error::invalid("sale", "required")),
        (None, None) => free,
        (_, Some(charge)) => named(free, tx.get(charge)?, customer, "charge")?,
        (Some(sale), None) => {
            let Some(charge) = receivable::item_of(tx, "sale", Value::from(&sale))? else {
                refuse!("wrong_state", "这张销售单还没有过账" "This sale is not posted");
            };
            named(free, charge, customer, "sale")?
        }
    };
    let by = if sale.is_some() || charge.is_some() { By::Document } else { by };
    let amount = amount.unwrap_or(most);
    if amount <= Money(0) || amount > most {
        let says = Text::new(
            format!("最多可核销 {most}（未用 {free}）"),
            format!("At most {most} can be allocated; {free} is left of the payment"),
        );
        return Err(Error::fault("amount", "out_of_range", says));
    }
    pay(tx, &mut credit, &Aim { by, sale, charge, product, first, last }, amount)
}

/// How much of a named debt can be paid with what is free.
fn named(free: Money, charge: Receivable, customer: Id<Customer>, field: &str) -> Result<Money> {
    if charge.customer != customer {
        let says = Text::new("这张单据是别的客户的", "This document is another customer's");
        return Err(Error::fault(field, "other_customer", says));
    }
    Ok(charge.open.min(free))
}

/// Takes one allocation of a document back, with history.
pub fn unallocate(tx: &mut Tx, customer: Id<Customer>, of: (&str, Value), asked: Unallocate) -> Result<()> {
    tx.get(customer)?;
    let one = tx.get(asked.allocation)?;
    let credit = receivable::entry_of(tx, of.0, of.1)?;
    if one.credit != credit.id || one.undoes.is_some() {
        return Err(Error::invalid("allocation", "unknown_link"));
    }
    if !tx.find::<Allocation>(&[("undoes", (&one.id).into())])?.is_empty() {
        refuse!("wrong_state", "这笔核销已经撤销" "This allocation was taken back already");
    }
    tx.because(&asked.reason);
    receivable::release(tx, &one)
}
