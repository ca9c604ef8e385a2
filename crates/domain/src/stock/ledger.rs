//! The stock ledger 库存账: every movement of goods, how much is left in each warehouse, and what it cost on average.

use model::{
    Choice, Date, Entity, Error, Id, Money, Quantity, Result, Stamp, Text, Tx, Value, Views, refuse, views,
};

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
    #[field(zh = "销售单", en = "Sale", readonly, list, filter)]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "退货单", en = "Return", readonly, list, filter)]
    pub sale_return: Option<Id<SaleReturn>>,
    #[field(zh = "入库单", en = "Goods receipt", readonly, list, filter)]
    pub stock_in: Option<Id<StockIn>>,
    #[field(zh = "盘点单", en = "Stock count", readonly, list, filter)]
    pub stock_count: Option<Id<StockCount>>,
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
    /// What earlier goods without a known cost took away from the first ones that came.
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
    pub of: Source,
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
/// row is locked from here on: stock and average cost hang on it.
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
    let cost = entry.cost.or_else(|| at_average(&product, entry.quantity));
    write(tx, &entry, entry.quantity, cost, entry.kind)?;
    tx.add(level.id, "quantity", entry.quantity)?;
    // Goods that left before any came have no cost: what comes first pays for them.
    let (before, after) = (product.stock, product.stock + entry.quantity);
    if let Some(cost) = cost.filter(|_| before < Quantity(0) && entry.quantity > Quantity(0)) {
        let kept = share(cost, after.max(Quantity(0)), entry.quantity);
        write(tx, &entry, Quantity(0), Some(kept - cost), Movement::Adjustment)?;
    }
    // Whatever is left of the value when nothing is left of the goods is a rounding's or an adjustment's.
    let rest = product.stock_value + cost.unwrap_or(Money(0));
    if before > Quantity(0) && after <= Quantity(0) && rest != Money(0) {
        write(tx, &entry, Quantity(0), Some(-rest), Movement::Adjustment)?;
    }
    Ok(cost)
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

/// What `quantity` costs at the product's average; nothing where the stock does not reach.
fn at_average(product: &Product, quantity: Quantity) -> Option<Money> {
    let enough = product.stock > Quantity(0) && product.stock + quantity >= Quantity(0);
    let known = enough && product.stock_value > Money(0);
    known.then(|| share(product.stock_value, quantity, product.stock))
}

/// `amount × part / whole`, half up.
fn share(amount: Money, part: Quantity, whole: Quantity) -> Money {
    amount.share(part.0, whole.0)
}

fn write(tx: &mut Tx, entry: &Entry, quantity: Quantity, cost: Option<Money>, kind: Movement) -> Result<()> {
    let Entry { product, warehouse, date, of, .. } = *entry;
    let Source { sale, sale_return, stock_in, stock_count } = of;
    let stamp = Stamp::default();
    tx.save(&mut StockEntry {
        id: Id::NEW,
        product,
        warehouse,
        date,
        kind,
        quantity,
        cost,
        sale,
        sale_return,
        stock_in,
        stock_count,
        stamp,
    })?;
    let value = cost.unwrap_or(Money(0));
    tx.amend(product, &[("stock", Value::from(&quantity)), ("stock_value", Value::from(&value))], &[])
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
];
