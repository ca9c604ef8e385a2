//! The course of cost 成本推算: what each movement of a product costs, one after the other in the order of their days. A
//! document of an earlier day moves the average of all that follow: each of these gets an adjustment of its own day, and
//! what documents say of their cost follows. So the ledger is at every time what it would be had all come in order.

use std::collections::HashMap;

use model::{Date, Id, Money, Quantity, Result, Sql, ToSpan, Tx, Value};

use super::ledger::{Movement, StockEntry, adjust};
use super::{Product, stock_count};
use crate::sales;

/// So many movements that follow are reckoned anew at once, and in one step of the job that does the others.
const AT_ONCE: i64 = 200;

/// What there is of a product at a point of its course, and what that is worth.
#[derive(Clone, Copy)]
pub struct Point {
    pub stock: Quantity,
    pub value: Money,
}

impl Point {
    /// At the end of a day.
    pub fn of(tx: &mut Tx, product: Id<Product>, day: Date) -> Result<Point> {
        let (of, until) = ([("product", Value::from(&product))], Some(("date", day)));
        let stock = Quantity(tx.sum::<StockEntry>("quantity", &of, until)?);
        Ok(Point { stock, value: Money(tx.sum::<StockEntry>("cost", &of, until)?) })
    }

    /// Goes on past a movement that has a cost of its `own` or is worth the average: what it costs, nothing where nobody
    /// knows, and by how much it changes the value.
    pub fn pass(&mut self, quantity: Quantity, own: Option<Money>) -> (Option<Money>, Money) {
        let Point { stock: before, value } = *self;
        self.stock = before + quantity;
        let enough = before > Quantity(0) && self.stock >= Quantity(0) && value > Money(0);
        let cost = own.or_else(|| enough.then(|| value.share(quantity.0, before.0)));
        let mut booked = cost.unwrap_or(Money(0));
        // Goods that left before any came have no cost, nor have those that came without one: the first known cost is
        // theirs, too.
        let is_unknown = before < Quantity(0) || (before > Quantity(0) && value == Money(0));
        if is_unknown && quantity > Quantity(0) {
            booked = booked.share(self.stock.max(Quantity(0)).0, quantity.0);
        }
        // Whatever is left of the value when nothing is left of the goods is a rounding's or an adjustment's.
        if before > Quantity(0) && self.stock <= Quantity(0) {
            booked = -value;
        }
        self.value = value + booked;
        (cost, booked)
    }
}

/// A movement that stands otherwise now.
pub struct Change {
    pub entry: StockEntry,
    /// What it costs now.
    pub cost: Option<Money>,
    /// What its document says of that.
    told: Option<Money>,
    /// What it changed the value by until now, and does now.
    booked: [Money; 2],
}

/// The movements of a product behind a day, until another one.
fn later(tx: &mut Tx, product: Id<Product>, day: Date, until: Option<Date>) -> Result<Vec<StockEntry>> {
    let mut sql = behind(product, day);
    if let Some(until) = until {
        sql.push(" AND date <= ").bind(until.to_string());
    }
    tx.find_where(sql.push(" ORDER BY date, id"))
}

fn behind(product: Id<Product>, day: Date) -> Sql {
    let mut sql = Sql::new("product = ");
    sql.bind(product.0).push(" AND kind <> 'adjustment' AND date > ").bind(day.to_string());
    sql
}

/// The day on which more follows than is reckoned anew at once.
fn too_far(tx: &mut Tx, product: Id<Product>, day: Date) -> Result<Option<Date>> {
    let mut sql = Sql::new("SELECT date FROM stock_entry WHERE ");
    sql.append(&behind(product, day)).push(" ORDER BY date, id LIMIT 1 OFFSET ").bind(AT_ONCE);
    Ok(tx.rows(&sql)?.pop().and_then(|it| it[0].text().parse().ok()))
}

/// Goes on from a point past movements, and says which of them stand otherwise.
fn course(tx: &mut Tx, mut at: Point, entries: Vec<StockEntry>) -> Result<Vec<Change>> {
    let Some(first) = entries.first() else { return Ok(Vec::new()) };
    let mut sql = Sql::new("SELECT entry, CAST(SUM(cost) AS BIGINT) FROM stock_entry WHERE product = ");
    sql.bind(first.product.0).push(" AND kind = 'adjustment' AND date >= ").bind(first.date.to_string());
    let adjusted: HashMap<i64, i64> =
        tx.rows(sql.push(" GROUP BY entry"))?.iter().map(|it| (it[0].int(), it[1].int())).collect();
    let mut costs: HashMap<i64, Option<Money>> = HashMap::new();
    let mut changes = Vec::new();
    for entry in entries {
        // What comes back costs what it cost when it left.
        let own = match entry.entry {
            Some(of) => {
                let of = tx.get(of)?;
                let cost = costs.get(&of.id.0).copied().unwrap_or(of.worth);
                cost.map(|it| it.share(entry.quantity.0, of.quantity.0))
            }
            None => entry.cost.filter(|_| entry.given),
        };
        let (cost, booked) = at.pass(entry.quantity, own);
        costs.insert(entry.id.0, cost);
        let before = entry.cost.unwrap_or(Money(0)) + Money(*adjusted.get(&entry.id.0).unwrap_or(&0));
        if (cost, booked) != (entry.worth, before) {
            let told = if entry.kind == Movement::Reversal { own } else { cost };
            changes.push(Change { entry, cost, told, booked: [before, booked] });
        }
    }
    Ok(changes)
}

/// Writes what stands otherwise.
fn settle(tx: &mut Tx, changes: Vec<Change>) -> Result<()> {
    for Change { entry, cost, told, booked } in changes {
        adjust(tx, &entry, booked[1] - booked[0])?;
        if cost != entry.worth {
            tx.touch(entry.id, "worth", Value::from(&cost))?;
            match entry.stock_count {
                Some(count) => stock_count::retell(tx, count, entry.line, told)?,
                None => sales::retell(tx, &entry, told)?,
            }
        }
    }
    Ok(())
}

/// Reckons anew what follows a day, from how the product stands at its end; where that is much, later.
pub fn follow(tx: &mut Tx, product: &Product, day: Date, at: Point) -> Result<()> {
    if tx.history || too_far(tx, product.id, day)?.is_some() {
        return put_off(tx, product, day.saturating_add(1.day()));
    }
    let entries = later(tx, product.id, day, None)?;
    let changes = course(tx, at, entries)?;
    settle(tx, changes)?;
    tx.touch(product.id, "recalculating", Value::Null)
}

/// Leaves a product's cost from a day on to a job; until then nobody knows it.
fn put_off(tx: &mut Tx, product: &Product, from: Date) -> Result<()> {
    if product.recalculating.is_some_and(|it| it <= from) {
        return Ok(());
    }
    tx.touch(product.id, "recalculating", Value::from(&Some(from)))?;
    let moved = |what: &str, more: &str| {
        let mut sql = Sql::new("SELECT ");
        sql.push(what).push(" FROM stock_entry WHERE product = ").bind(product.id.0);
        sql.push(" AND date >= ").bind(from.to_string()).push(more);
        sql
    };
    sales::unknown(tx, &moved)?;
    let mut all = Sql::new("id IN (");
    all.append(&moved("id", " AND kind <> 'adjustment'")).push(")");
    tx.touch_all::<StockEntry>("worth", Value::Null, &all)?;
    tx.job("recalculate").map(drop)
}

/// Whether the cost of anything waits for that.
pub fn is_put_off(tx: &mut Tx) -> Result<bool> {
    Ok(!tx.find_where::<Product>(&Sql::new("recalculating IS NOT NULL ORDER BY id LIMIT 1"))?.is_empty())
}

/// One step of reckoning anew what was put off; `false` when nothing is left.
pub fn recalculate(tx: &mut Tx) -> Result<bool> {
    let next = tx.find_where::<Product>(&Sql::new("recalculating IS NOT NULL ORDER BY id LIMIT 1"))?;
    let Some(product) = next.first().map(|it| it.id) else { return Ok(false) };
    // The product's row is locked before its movements are read.
    let Some(from) = tx.get(product)?.recalculating else { return Ok(true) };
    let day = from.saturating_sub(1.day());
    let until = too_far(tx, product, day)?;
    let at = Point::of(tx, product, day)?;
    let entries = later(tx, product, day, until)?;
    let changes = course(tx, at, entries)?;
    settle(tx, changes)?;
    let next = until.map(|it| it.saturating_add(1.day()));
    tx.touch(product, "recalculating", Value::from(&next))?;
    Ok(true)
}

/// What movements of a day would change of those that follow; nothing where there are none, and none of them where they
/// are too many to say.
pub fn forecast(
    tx: &mut Tx,
    product: Id<Product>,
    day: Date,
    own: &[(Quantity, Option<Money>)],
) -> Result<(i64, Option<Vec<Change>>)> {
    let mut sql = Sql::new("SELECT COUNT(*) FROM stock_entry WHERE ");
    let count = tx.one(sql.append(&behind(product, day)))?;
    if count > AT_ONCE {
        return Ok((count, None));
    }
    let mut at = Point::of(tx, product, day)?;
    for (quantity, cost) in own {
        at.pass(*quantity, *cost);
    }
    let entries = later(tx, product, day, None)?;
    Ok((count, Some(course(tx, at, entries)?)))
}

impl Change {
    /// By how much the cost of what was sold changes; what goods in stock are worth is no cost yet.
    pub fn of_sales(&self) -> Money {
        let is_sold = self.entry.sale.is_some() || self.entry.sale_return.is_some();
        if is_sold { self.booked[0] - self.booked[1] } else { Money(0) }
    }
}
