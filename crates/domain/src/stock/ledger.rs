//! The stock ledger 库存账: every movement of goods, how much is left in each warehouse, and what it cost on average.

use model::{
    Choice, Date, Entity, Error, Id, Money, Quantity, Result, Stamp, Text, Tx, Value, Views, refuse, views,
};

use super::course::{self, Point};
use super::{Product, StockCount, StockIn};
use crate::sales::{Sale, SaleReturn};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "仓库", en = "Warehouse", module = "stock", icon = "building-store", title = name, closed = closed)]
pub struct Warehouse {
    pub id: Id<Warehouse>,
    #[field(zh = "名称", en = "Name", required, unique, search, list)]
    pub name: String,
    #[field(zh = "地址", en = "Address", list)]
    pub address: Option<String>,
    #[field(zh = "已停用", en = "Disabled", list, filter)]
    pub closed: bool,
    pub stamp: Stamp,
}

pub fn seed(tx: &mut Tx) -> Result<()> {
    main_warehouse(tx).map(drop)
}

/// The first warehouse in use, for documents that name none; a company without any gets one.
pub fn main_warehouse(tx: &mut Tx) -> Result<Id<Warehouse>> {
    if let Some(first) = tx.first::<Warehouse>(&[("closed", 0.into())])? {
        return Ok(first.id);
    }
    let (name, stamp) = ("主仓".to_owned(), Stamp::default());
    tx.save(&mut Warehouse { id: Id::NEW, name, address: None, closed: false, stamp })
}

/// Goods that came or went, and what they cost.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "库存流水", en = "Stock movement", module = "stock", icon = "transfer", title = product, ledger, views = VIEWS)]
pub struct StockEntry {
    pub id: Id<StockEntry>,
    #[field(zh = "商品", en = "Product", readonly, list, filter)]
    pub product: Id<Product>,
    #[field(zh = "仓库", en = "Warehouse", readonly, list, filter)]
    pub warehouse: Id<Warehouse>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "种类", en = "Kind", readonly, list, filter)]
    pub kind: Movement,
    /// What came in has a plus.
    #[field(zh = "数量", en = "Quantity", readonly, list, sum)]
    pub quantity: Quantity,
    /// Empty when nobody knows: goods that went out before they came in.
    #[field(zh = "成本", en = "Cost", readonly, list, sum, group = "cost")]
    pub cost: Option<Money>,
    /// The cost by now, after adjustments: kept beside them.
    #[field(zh = "现成本", en = "Cost by now", readonly, group = "cost")]
    pub worth: Option<Money>,
    /// The cost was told and is no average.
    #[field(zh = "成本已定", en = "Cost given", readonly, format = Hidden)]
    pub given: bool,
    /// The movement that it takes back or adjusts.
    #[field(zh = "对应流水", en = "Of movement", readonly)]
    pub entry: Option<Id<StockEntry>>,
    #[field(zh = "销售单", en = "Sale", readonly, list, filter)]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "退货单", en = "Return", readonly, list, filter)]
    pub sale_return: Option<Id<SaleReturn>>,
    #[field(zh = "入库单", en = "Goods receipt", readonly, list, filter)]
    pub stock_in: Option<Id<StockIn>>,
    #[field(zh = "盘点单", en = "Stock count", readonly, list, filter)]
    pub stock_count: Option<Id<StockCount>>,
    /// The line of its document.
    #[field(zh = "明细", en = "Line", readonly, format = Hidden)]
    pub line: i64,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Movement {
    #[choice(zh = "入库", en = "In")]
    In,
    #[choice(zh = "销售", en = "Sale")]
    Sale,
    #[choice(zh = "退货", en = "Return")]
    Return,
    #[choice(zh = "盘点", en = "Count")]
    Count,
    #[choice(zh = "红冲", en = "Reversal")]
    Reversal,
    /// What earlier goods without a known cost took away from the first ones that came, and what a document of an earlier
    /// day changed.
    #[choice(zh = "成本调整", en = "Cost adjustment")]
    Adjustment,
}

const VIEWS: Views = views![
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
    unknown("成本未知", "Cost unknown", "cost=none"),
];

/// How much of a product lies in a warehouse: the sum of its movements, kept beside them.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "分仓库存", en = "Stock by warehouse", module = "stock", icon = "box", title = product, ledger, index(product, warehouse))]
pub struct StockLevel {
    pub id: Id<StockLevel>,
    #[field(zh = "商品", en = "Product", readonly, list, filter)]
    pub product: Id<Product>,
    #[field(zh = "仓库", en = "Warehouse", readonly, list, filter)]
    pub warehouse: Id<Warehouse>,
    #[field(zh = "数量", en = "Quantity", readonly, list, sum, filter)]
    pub quantity: Quantity,
    pub stamp: Stamp,
}

/// A movement about to be entered; without a cost, goods that go out leave at the average, and those that come in are
/// worth it.
pub struct Entry {
    pub product: Id<Product>,
    pub warehouse: Id<Warehouse>,
    pub date: Date,
    pub kind: Movement,
    pub quantity: Quantity,
    pub cost: Option<Money>,
    /// The movement whose goods go the other way again, at its cost.
    pub takes_back: Option<StockEntry>,
    pub of: Source,
    pub line: i64,
}

/// The document that a movement is of.
#[derive(Debug, Clone, Copy, Default)]
pub struct Source {
    pub sale: Option<Id<Sale>>,
    pub sale_return: Option<Id<SaleReturn>>,
    pub stock_in: Option<Id<StockIn>>,
    pub stock_count: Option<Id<StockCount>>,
}

/// Enters a movement and returns what the goods cost, with the quantity's sign; nothing where nobody knows. The product's
/// row is locked from here on: stock and average cost hang on it. What an earlier day changes of later ones follows.
pub fn enter(tx: &mut Tx, entry: Entry) -> Result<Option<Money>> {
    let product = tx.get(entry.product)?;
    if !product.stocked || entry.quantity == Quantity(0) {
        return Ok(entry.cost);
    }
    let level = level(tx, entry.product, entry.warehouse)?;
    let left = level.quantity + entry.quantity;
    if entry.quantity < Quantity(0)
        && left < Quantity(0)
        && !tx.history
        && tx.catalog.parameter("negative_stock") == "forbid"
    {
        short(&product, &level, -entry.quantity)?;
    }
    tx.add(level.id, "quantity", entry.quantity)?;
    let is_late = product.moved.is_some_and(|it| entry.date < it);
    let moved = Some(entry.date).filter(|day| !is_late && product.moved != Some(*day));
    let own = entry.own();
    // Where the cost is being reckoned anew, what comes behind waits for it.
    if product.recalculating.is_some_and(|it| it <= entry.date) {
        let given = own.filter(|_| entry.takes_back.is_none());
        return write(tx, &entry, [given, None], moved).map(|_| None);
    }
    let mut at = match is_late {
        true => Point::of(tx, product.id, entry.date)?,
        false => Point { stock: product.stock, value: product.stock_value },
    };
    let (cost, booked) = at.pass(entry.quantity, own);
    let written = write(tx, &entry, [cost, cost], moved)?;
    adjust(tx, &written, booked - cost.unwrap_or(Money(0)))?;
    if is_late {
        course::follow(tx, &product, entry.date, at)?;
    }
    Ok(cost)
}

impl Entry {
    /// What it costs whatever the average is.
    pub fn own(&self) -> Option<Money> {
        match &self.takes_back {
            Some(of) => of.worth.map(|it| it.share(self.quantity.0, of.quantity.0)),
            None => self.cost,
        }
    }
}

/// The movement that a line of a posted document entered.
pub fn entry_of(tx: &mut Tx, document: (&str, Value), line: i64) -> Result<Option<StockEntry>> {
    tx.first(&[document, ("line", line.into())])
}

fn short(product: &Product, level: &StockLevel, asked: Quantity) -> Result<()> {
    let (name, left) = (&product.name, level.quantity);
    let says = Text::new(
        format!("库存不足：{name} 只有 {left}。请减少数量或先入库"),
        format!("Not enough in stock: {left} of {name}. Reduce the quantity or receive goods first"),
    );
    let figures: [(_, &dyn std::fmt::Display); 3] =
        [("product", &product.number), ("available", &left), ("asked", &asked)];
    Err(Error::refused("insufficient_stock", says).with(&figures))
}

fn level(tx: &mut Tx, product: Id<Product>, warehouse: Id<Warehouse>) -> Result<StockLevel> {
    let found =
        tx.first::<StockLevel>(&[("product", (&product).into()), ("warehouse", (&warehouse).into())])?;
    if let Some(level) = found {
        return Ok(level);
    }
    let mut level =
        StockLevel { id: Id::NEW, product, warehouse, quantity: Quantity(0), stamp: Stamp::default() };
    tx.save(&mut level)?;
    Ok(level)
}

/// Writes an entry with its cost and what that is by now, and the product's latest day where this is a later one.
fn write(
    tx: &mut Tx,
    entry: &Entry,
    [cost, worth]: [Option<Money>; 2],
    moved: Option<Date>,
) -> Result<StockEntry> {
    let Entry { product, warehouse, date, kind, quantity, of, line, .. } = *entry;
    let Source { sale, sale_return, stock_in, stock_count } = of;
    let mut written = StockEntry {
        id: Id::NEW,
        product,
        warehouse,
        date,
        kind,
        quantity,
        cost,
        worth,
        given: entry.takes_back.is_none() && entry.cost.is_some(),
        entry: entry.takes_back.as_ref().map(|it| it.id),
        sale,
        sale_return,
        stock_in,
        stock_count,
        line,
        stamp: Stamp::default(),
    };
    tx.save(&mut written)?;
    let value = cost.unwrap_or(Money(0));
    let kept = [("stock", Value::from(&quantity)), ("stock_value", Value::from(&value))];
    let moved = moved.map(|day| ("moved", Value::from(&Some(day))));
    tx.amend(product, &kept, moved.as_slice())?;
    Ok(written)
}

/// Changes what a movement booked, by an entry of its own day.
pub fn adjust(tx: &mut Tx, of: &StockEntry, by: Money) -> Result<()> {
    if by == Money(0) {
        return Ok(());
    }
    let (kind, quantity, cost, entry) = (Movement::Adjustment, Quantity(0), Some(by), Some(of.id));
    let (id, worth, given, stamp) = (Id::NEW, None, false, Stamp::default());
    tx.save(&mut StockEntry { id, kind, quantity, cost, worth, given, entry, stamp, ..of.clone() })?;
    tx.add(of.product, "stock_value", by)
}

/// A document names a warehouse that is still in use.
pub fn check_warehouse(tx: &mut Tx, warehouse: Id<Warehouse>) -> Result<()> {
    if tx.get(warehouse)?.closed {
        refuse!("warehouse_closed", "仓库已停用，请另选" "The warehouse is disabled; choose another");
    }
    Ok(())
}

/// What must hold of the stock; each finds nothing while all is well.
pub static AUDITS: &[model::Audit] = &[
    model::Audit {
        says: "the stock is not the sum of its movements",
        sql: "SELECT p.number FROM product p WHERE p.stock <> \
              COALESCE((SELECT SUM(e.quantity) FROM stock_entry e WHERE e.product = p.id), 0) LIMIT 20",
    },
    model::Audit {
        says: "the stock's value is not the sum of its movements",
        sql: "SELECT p.number FROM product p WHERE p.stock_value <> \
              COALESCE((SELECT SUM(e.cost) FROM stock_entry e WHERE e.product = p.id), 0) LIMIT 20",
    },
    model::Audit {
        says: "the stock is not the sum of its warehouses",
        sql: "SELECT p.number FROM product p WHERE p.stock <> \
              COALESCE((SELECT SUM(l.quantity) FROM stock_level l WHERE l.product = p.id), 0) LIMIT 20",
    },
    model::Audit {
        says: "what sold goods cost by now is not what was booked",
        sql: "SELECT CAST(e.id AS TEXT) FROM stock_entry e LEFT JOIN (SELECT a.entry, SUM(a.cost) AS cost FROM stock_entry a \
              WHERE a.kind = 'adjustment' GROUP BY a.entry) a ON a.entry = e.id \
              WHERE e.kind = 'sale' AND e.worth <> COALESCE(e.cost, 0) + COALESCE(a.cost, 0) LIMIT 20",
    },
    model::Audit {
        says: "a line of a sale does not say what its goods cost",
        sql: "SELECT CAST(e.id AS TEXT) FROM stock_entry e JOIN sale_line l ON l.id = e.line \
              JOIN sale_entry s ON s.sale = e.sale AND s.line = e.line \
              WHERE e.kind = 'sale' AND (COALESCE(l.cost, 0) <> -COALESCE(e.worth, 0) \
              OR COALESCE(s.cost, 0) <> -COALESCE(e.worth, 0)) LIMIT 20",
    },
];
