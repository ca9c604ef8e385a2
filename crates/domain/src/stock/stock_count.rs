//! The stock count 盘点单: what was found on the shelves beside what the books say; the difference goes into the books.

use crate::document::{Reason, Status, check_date, check_open, goods_of, locked_goods_of};
use model::{
    Code, Date, Entity, Error, Id, Label, Money, Notice, Quantity, Result, Sql, Stamp, Text, Tx, Value,
    Verbs, Views, refuse, verbs, views,
};

use super::ledger::{Entry, Movement, Source, StockEntry, check_warehouse, enter, entry_of, main_warehouse};
use super::{Product, Warehouse};
use crate::moves;

#[derive(Debug, Clone, Entity)]
#[entity(zh = "盘点单", en = "Stock count", module = "stock", icon = "list-numbers", number = "PD-{yymm}-{4}", title = number)]
#[entity(lines = StockCountLine, verbs = VERBS, views = VIEWS, check = check, moves = moves)]
#[entity(edit = |it| it.status == Status::Draft)]
pub struct StockCount {
    pub id: Id<StockCount>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    /// At whose end the books are compared.
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "仓库", en = "Warehouse", list, filter)]
    pub warehouse: Option<Id<Warehouse>>,
    #[field(zh = "盘点人", en = "Counted by", search, list, again)]
    pub counter: Option<String>,
    /// What the differences were worth; empty until it is posted, and where nobody knows.
    #[field(zh = "盈亏金额", en = "Value of the differences", readonly, list, sum, group = "cost")]
    pub cost: Option<Money>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<StockCount>>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "盘点明细", en = "Counted line", of = stock_count, title = product, check = check_line)]
pub struct StockCountLine {
    pub id: Id<StockCountLine>,
    #[field(zh = "盘点单", en = "Stock count", required)]
    pub stock_count: Id<StockCount>,
    #[field(zh = "商品", en = "Product", required, list, filter)]
    pub product: Id<Product>,
    /// What was found; nothing found is 0.
    #[field(zh = "实盘数量", en = "Counted", required, list, sum)]
    pub quantity: Quantity,
    #[field(zh = "单位", en = "Unit", code = "unit", readonly, list)]
    pub unit: Option<Code>,
    /// What the books say of the warehouse at the end of the day.
    #[field(zh = "账面数量", en = "By the books", readonly, list, sum)]
    pub book: Quantity,
    #[field(zh = "差异", en = "Difference", readonly, list, sum)]
    pub difference: Quantity,
    #[field(zh = "盈亏金额", en = "Value", readonly, list, sum, group = "cost")]
    pub cost: Option<Money>,
    #[field(zh = "备注", en = "Remark")]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

const VERBS: Verbs<StockCount> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn check(new: &mut StockCount, old: Option<&StockCount>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    if new.date > tx.today() {
        let says = Label { zh: "还没到的日子不能盘点", en: "A day to come can't be counted" };
        return Err(Error::fault("date", "out_of_range", says));
    }
    if new.warehouse.is_none() {
        new.warehouse = Some(main_warehouse(tx)?);
    }
    Ok(())
}

fn check_line(new: &mut StockCountLine, _: Option<&StockCountLine>, tx: &mut Tx) -> Result<()> {
    let head = tx.get(new.stock_count)?;
    // A reversal says what its count said, the other way round.
    if head.reverses.is_some() {
        return Ok(());
    }
    let product = tx.get(new.product)?;
    if !product.stocked {
        let says = Label { zh: "这个商品不管理库存", en: "No stock is kept of this product" };
        return Err(Error::fault("product", "not_stocked", says));
    }
    if new.quantity < Quantity(0) {
        return Err(Error::invalid("quantity", "negative"));
    }
    new.unit = product.unit;
    compare(new, &head, tx)
}

/// Sets a line beside what the books say at the end of the count's day.
fn compare(line: &mut StockCountLine, head: &StockCount, tx: &mut Tx) -> Result<()> {
    let place = [("product", Value::from(&line.product)), ("warehouse", Value::from(&head.warehouse))];
    line.book = Quantity(tx.sum::<StockEntry>("quantity", &place, Some(("date", head.date)))?);
    line.difference = line.quantity - line.book;
    Ok(())
}

/// Posts a count: the books take over what was found. What was moved meanwhile is compared anew.
fn post(it: &mut StockCount, tx: &mut Tx) -> Result<()> {
    check_open(it.date, tx)?;
    let warehouse = it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))?;
    check_warehouse(tx, warehouse)?;
    let mut lines = goods_of(it, |line| line.product, tx)?;
    if lines.windows(2).any(|two| two[0].product == two[1].product) {
        refuse!("duplicate", "一个商品在盘点单里只能有一行" "A product stands on one line of a count only");
    }
    let mut cost = Some(Money(0));
    for line in &mut lines {
        // The product's row is locked before its movements are summed up.
        tx.get(line.product)?;
        check_first(it, line, warehouse, tx)?;
        compare(line, it, tx)?;
        line.cost = enter(tx, entry(it, line, warehouse))?;
        cost = cost.zip(line.cost).map(|(sum, it)| sum + it);
        // What is compared anew now would be no difference any more.
        tx.touch(line.id, "book", Value::from(&line.book))?;
        tx.touch(line.id, "difference", Value::from(&line.difference))?;
        tx.touch(line.id, "cost", Value::from(&line.cost))?;
    }
    it.cost = cost;
    it.status = Status::Posted;
    it.number = Some(tx.next_number::<StockCount>()?);
    Ok(())
}

/// What was counted on a later day stands: a count before it would move what that one found.
fn check_first(it: &StockCount, line: &StockCountLine, warehouse: Id<Warehouse>, tx: &mut Tx) -> Result<()> {
    let mut sql = Sql::new(
        "SELECT c.number, c.date FROM stock_count c JOIN stock_count_line l ON l.stock_count = c.id \
         WHERE c.status = 'posted' AND c.reverses IS NULL AND c.warehouse = ",
    );
    sql.bind(warehouse.0).push(" AND l.product = ").bind(line.product.0);
    sql.push(" AND c.date > ").bind(it.date.to_string()).push(" ORDER BY c.date DESC, c.id DESC LIMIT 1");
    let Some(row) = tx.rows(&sql)?.pop() else { return Ok(()) };
    let (name, number, date) = (tx.get(line.product)?.name, row[0].text(), row[1].text());
    let says = Text::new(
        format!("{name} 在 {date} 已经盘点过（{number}）。请用那一天或之后的日期，或先红冲它"),
        format!(
            "{name} was counted on {date} ({number}). Use that day or a later one, or reverse that count"
        ),
    );
    Err(Error::refused("counted_later", says))
}

fn entry(it: &StockCount, line: &StockCountLine, warehouse: Id<Warehouse>) -> Entry {
    let (product, date, quantity) = (line.product, it.date, line.difference);
    let cost = Some(Money(0)).filter(|_| quantity == Quantity(0));
    let of = Source { stock_count: Some(it.id), ..Source::default() };
    let (kind, takes_back, line) = (Movement::Count, None, line.id.0);
    Entry { product, warehouse, date, kind, quantity, cost, takes_back, of, line }
}

/// Says what the goods of a line cost by now.
pub fn retell(tx: &mut Tx, count: Id<StockCount>, line: i64, cost: Option<Money>) -> Result<()> {
    tx.touch(Id::<StockCountLine>::of(line), "cost", Value::from(&cost))?;
    let lines: Vec<StockCountLine> = tx.find(&[("stock_count", (&count).into())])?;
    let cost = lines.iter().try_fold(Money(0), |sum, it| Some(sum + it.cost?));
    tx.touch(count, "cost", Value::from(&cost))
}

fn moves(it: &StockCount, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status != Status::Draft {
        return Ok(None);
    }
    let goods = tx.lines(it)?.iter().map(|line| entry(it, line, Id::NEW)).collect();
    moves::moves(tx, it.date, None, goods)
}

/// Takes the differences out of the books again.
fn reverse(it: &mut StockCount, tx: &mut Tx, asked: Reason) -> Result<()> {
    let today = tx.today();
    check_open(today, tx)?;
    let warehouse = it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))?;
    let lines = locked_goods_of(it, |line| line.product, tx)?;
    let mut opposite = StockCount {
        id: Id::NEW,
        number: Some(tx.next_number::<StockCount>()?),
        date: today,
        cost: it.cost.map(|it| -it),
        status: Status::Posted,
        reverses: Some(it.id),
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..it.clone()
    };
    tx.save(&mut opposite)?;
    for line in lines {
        let (difference, cost, stamp) = (-line.difference, line.cost.map(|it| -it), Stamp::default());
        let stock_count = opposite.id;
        let takes_back = entry_of(tx, ("stock_count", (&it.id).into()), line.id.0)?;
        let mut line = StockCountLine { id: Id::NEW, stock_count, difference, cost, stamp, ..line };
        tx.save(&mut line)?;
        let kind = Movement::Reversal;
        enter(tx, Entry { kind, takes_back, ..entry(&opposite, &line, warehouse) })?;
    }
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}
