//! Goods that come in 入库单: bought, or there when the books begin. Purchasing proper comes later.

use crate::document::{Reason, Status, check_date, check_open, goods_of};
use model::{
    Choice, Code, Date, Entity, Error, Id, Money, Notice, Price, Quantity, Rate, Result, Stamp, Tx, Verbs,
    Views, verbs, views,
};

use super::ledger::{Entry, Movement, Source, check_warehouse, enter, entry_of, main_warehouse};
use super::{Product, Warehouse};
use crate::moves;
use crate::sales::amount_of;

#[derive(Debug, Clone, Entity)]
#[entity(zh = "入库单", en = "Goods receipt", module = "stock", icon = "truck-delivery", number = "RK-{yymm}-{4}", title = number)]
#[entity(lines = StockInLine, verbs = VERBS, views = VIEWS, check = check, tally = tally, moves = moves)]
#[entity(edit = |it| it.status == Status::Draft)]
pub struct StockIn {
    pub id: Id<StockIn>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "种类", en = "Kind", list, filter)]
    pub kind: Kind,
    #[field(zh = "仓库", en = "Warehouse", list, filter)]
    pub warehouse: Option<Id<Warehouse>>,
    #[field(zh = "来源", en = "From", search, list, again)]
    pub from: Option<String>,
    #[field(zh = "成本合计", en = "Cost", readonly, list, sum, group = "cost")]
    pub cost: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<StockIn>>,
    /// It happened before the books began and came in by import, past the gates.
    #[field(zh = "历史导入", en = "Imported", readonly, filter)]
    pub imported: bool,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "入库明细", en = "Line", of = stock_in, title = product, check = check_line)]
pub struct StockInLine {
    pub id: Id<StockInLine>,
    #[field(zh = "入库单", en = "Goods receipt", required)]
    pub stock_in: Id<StockIn>,
    #[field(zh = "商品", en = "Product", required, list, filter)]
    pub product: Id<Product>,
    #[field(zh = "数量", en = "Quantity", required, list, sum, default = "1")]
    pub quantity: Quantity,
    #[field(zh = "单位", en = "Unit", code = "unit", readonly, list)]
    pub unit: Option<Code>,
    /// What one unit cost, without the tax that comes back.
    #[field(zh = "单位成本", en = "Cost of one", list, group = "cost")]
    pub cost: Option<Price>,
    #[field(zh = "成本", en = "Cost", readonly, list, sum, group = "cost")]
    pub amount: Option<Money>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Kind {
    #[choice(zh = "采购", en = "Purchase")]
    Purchase,
    #[choice(zh = "期初", en = "Opening")]
    Opening,
    #[choice(zh = "其他", en = "Other")]
    Other,
}

const VERBS: Verbs<StockIn> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn check(new: &mut StockIn, old: Option<&StockIn>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    if new.warehouse.is_none() {
        new.warehouse = Some(main_warehouse(tx)?);
    }
    Ok(())
}

fn check_line(new: &mut StockInLine, _: Option<&StockInLine>, tx: &mut Tx) -> Result<()> {
    let product = tx.get(new.product)?;
    new.unit = product.unit;
    let reverses = new.quantity < Quantity(0) && tx.get(new.stock_in)?.reverses.is_some();
    if new.quantity <= Quantity(0) && !reverses {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    if new.cost.is_some_and(|it| it < Price(0)) {
        return Err(Error::invalid("cost", "negative"));
    }
    new.amount = new.cost.map(|cost| amount_of(new.quantity, cost, Rate(0), "cost")).transpose()?;
    Ok(())
}

fn tally(it: &mut StockIn, tx: &mut Tx) -> Result<()> {
    it.cost = tx.lines(it)?.iter().filter_map(|line| line.amount).sum();
    Ok(())
}

fn warehouse(it: &StockIn) -> Result<Id<Warehouse>> {
    it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))
}

/// Posts what came in: it raises the stock and moves the average cost.
fn post(it: &mut StockIn, tx: &mut Tx) -> Result<()> {
    check_open(it.date, tx)?;
    let warehouse = warehouse(it)?;
    check_warehouse(tx, warehouse)?;
    let lines = goods_of(it, |line| line.product, tx)?;
    for line in &lines {
        enter(tx, entry(it, line, warehouse))?;
    }
    it.status = Status::Posted;
    if it.number.is_none() {
        it.number = Some(tx.next_number::<StockIn>()?);
    }
    Ok(())
}

fn entry(it: &StockIn, line: &StockInLine, warehouse: Id<Warehouse>) -> Entry {
    let (product, quantity, cost) = (line.product, line.quantity, line.amount);
    let of = Source { stock_in: Some(it.id), ..Source::default() };
    let (kind, takes_back, line) = (Movement::In, None, line.id.0);
    Entry { product, warehouse, date: it.date, kind, quantity, cost, takes_back, of, line }
}

fn moves(it: &StockIn, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status != Status::Draft {
        return Ok(None);
    }
    let goods = tx.lines(it)?.iter().map(|line| entry(it, line, Id::NEW)).collect();
    moves::moves(tx, it.date, None, goods)
}

/// Takes goods out again as they came in.
fn reverse(it: &mut StockIn, tx: &mut Tx, asked: Reason) -> Result<()> {
    let today = tx.today();
    check_open(today, tx)?;
    let warehouse = warehouse(it)?;
    let lines = goods_of(it, |line| line.product, tx)?;
    let mut opposite = StockIn {
        id: Id::NEW,
        number: Some(tx.next_number::<StockIn>()?),
        date: today,
        cost: -it.cost,
        status: Status::Posted,
        reverses: Some(it.id),
        imported: false,
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..it.clone()
    };
    tx.save(&mut opposite)?;
    for line in lines {
        let (quantity, stamp) = (-line.quantity, Stamp::default());
        let takes_back = entry_of(tx, ("stock_in", (&it.id).into()), line.id.0)?;
        let mut line = StockInLine { id: Id::NEW, stock_in: opposite.id, quantity, stamp, ..line };
        tx.save(&mut line)?;
        let kind = Movement::Reversal;
        enter(tx, Entry { kind, takes_back, ..entry(&opposite, &line, warehouse) })?;
    }
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}
