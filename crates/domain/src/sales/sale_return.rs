//! The sale return 销售退货: goods come back, or only money is given for them; either way the customer owes less.

use model::{
    Code, Date, Entity, Error, Id, Label, Money, Notice, Price, Quantity, Rate, Result, Sql, Stamp, Tx,
    Value, Verbs, Views, refuse, system::Department, system::User, verbs, views,
};

use super::account::{self, SaleEntry};
use super::performance::{self, Deal};
use super::price;
use super::receivable::{self, Item, Kind};
use super::settle::{self, Aim, Allocate, Unallocate};
use super::{Sale, SaleLine, made_by, owner_on};
use crate::document::{Reason, Status, check_date, check_open, goods_of};
use crate::moves;
use crate::stock::{self, Entry, Movement, Source, Warehouse, check_warehouse, main_warehouse};
use crate::{Customer, Product};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售退货", en = "Sale return", module = "sales", icon = "arrow-back-up", number = "TH-{yymm}-{4}", title = number)]
#[entity(owner = salesperson, department = department, within = customer, lines = SaleReturnLine)]
#[entity(verbs = VERBS, views = VIEWS, check = complete, tally = tally, brings = brings, moves = moves, edit = |it| it.status == Status::Draft)]
pub struct SaleReturn {
    pub id: Id<SaleReturn>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    /// The sale that the goods came with; without one the return is free.
    #[field(zh = "原销售单", en = "Of sale", list, filter, depends = "customer", only = "status=posted")]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "货物退回", en = "Goods come back", list, default = "true")]
    pub goods: bool,
    #[field(zh = "仓库", en = "Warehouse", filter)]
    pub warehouse: Option<Id<Warehouse>>,
    #[field(zh = "业务员", en = "Salesperson", list, filter)]
    pub salesperson: Option<Id<User>>,
    #[field(zh = "部门", en = "Department", filter)]
    pub department: Option<Id<Department>>,
    #[field(zh = "客户业务员", en = "Customer's owner", readonly, filter)]
    pub customer_owner: Option<Id<User>>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<SaleReturn>>,
    /// It happened before the books began and came in by import, past the gates.
    #[field(zh = "历史导入", en = "Imported", readonly, filter)]
    pub imported: bool,
    #[field(zh = "原因", en = "Reason", again)]
    pub reason: Option<String>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "退货明细", en = "Return line", of = sale_return, title = product, check = check_line)]
pub struct SaleReturnLine {
    pub id: Id<SaleReturnLine>,
    #[field(zh = "退货单", en = "Return", required)]
    pub sale_return: Id<SaleReturn>,
    #[field(zh = "商品", en = "Product", required, list, filter)]
    pub product: Id<Product>,
    #[field(zh = "数量", en = "Quantity", required, list, sum, default = "1")]
    pub quantity: Quantity,
    #[field(zh = "单位", en = "Unit", code = "unit", readonly, list)]
    pub unit: Option<Code>,
    /// Of one unit, tax included; empty takes the price at which it was sold, else what the rule says.
    #[field(zh = "单价", en = "Price", list, auto)]
    pub price: Option<Price>,
    #[field(zh = "价格来源", en = "Why this price", readonly, format = Said)]
    pub why: Option<String>,
    #[field(zh = "折扣", en = "Discount", list)]
    pub discount: Rate,
    #[field(zh = "税率", en = "Tax rate", list, auto)]
    pub tax_rate: Option<Rate>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    #[field(zh = "成本", en = "Cost", readonly, sum, group = "cost")]
    pub cost: Option<Money>,
    pub stamp: Stamp,
}

const VERBS: Verbs<SaleReturn> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    allocate("核销", "Allocate", asks Allocate, when |it| it.status == Status::Posted && it.reverses.is_none(), else "只有已过账的退货可以核销" "Only a posted return can be allocated"),
    unallocate("撤销核销", "Take back", asks Unallocate, when |it| it.status == Status::Posted && it.reverses.is_none(), else "只有已过账的退货可以核销" "Only a posted return can be allocated", needs "allocate"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn complete(new: &mut SaleReturn, old: Option<&SaleReturn>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    // A reversal gives back to whom the return took from.
    if new.reverses.is_some() {
        return Ok(());
    }
    let mut owner = None;
    if let Some(sale) = new.sale {
        let sale = tx.get(sale)?;
        owner = sale.customer_owner;
        if sale.customer != new.customer {
            let says =
                Label { zh: "这张销售单是别的客户的", en: "This sale is another customer's" };
            return Err(Error::fault("sale", "other_customer", says));
        }
        new.salesperson = new.salesperson.or(sale.salesperson);
        new.warehouse = new.warehouse.or(sale.warehouse);
    }
    // What was sold comes back from whom it counted for.
    if owner.is_some() || old.is_none_or(|old| (old.customer, old.date) != (new.customer, new.date)) {
        let customer = tx.get(new.customer)?;
        new.customer_owner = owner.map_or_else(|| owner_on(&customer, new.date, tx), |it| Ok(Some(it)))?;
    }
    new.salesperson = new.salesperson.or(new.customer_owner);
    let was = old.and_then(|old| old.salesperson);
    made_by(&mut new.salesperson, &mut new.department, was, tx);
    if new.warehouse.is_none() {
        new.warehouse = Some(main_warehouse(tx)?);
    }
    Ok(())
}

/// The line of the tied sale that sold this product.
fn sold(sale: Option<Id<Sale>>, product: Id<Product>, tx: &mut Tx) -> Result<Option<SaleLine>> {
    match sale {
        Some(sale) => tx.first(&[("sale", (&sale).into()), ("product", (&product).into())]),
        None => Ok(None),
    }
}

fn check_line(new: &mut SaleReturnLine, old: Option<&SaleReturnLine>, tx: &mut Tx) -> Result<()> {
    let head = tx.get(new.sale_return)?;
    let mut of = None;
    if old.is_none_or(|old| old.product != new.product)
        && let Some(line) = sold(head.sale, new.product, tx)?
    {
        if new.price.is_none() {
            new.discount = line.discount;
        }
        new.price = new.price.or(line.price);
        new.tax_rate = new.tax_rate.or(line.tax_rate);
        of = Some(line).filter(|it| it.price == new.price);
    }
    if new.quantity <= Quantity(0) && head.reverses.is_none() {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    // What was sold comes back at the price at which it was sold, be it a part of it.
    let kept = head.sale.map(|_| new.quantity);
    let was = old.map(|old| (old.product, kept.unwrap_or(old.quantity), old.price));
    let line = price::line!(new, was);
    (new.amount, new.tax) = line.reckon(tx, |_| Ok((head.customer, head.date)))?;
    new.why = of.map_or(new.why.take(), |it| it.why);
    Ok(())
}

fn tally(it: &mut SaleReturn, tx: &mut Tx) -> Result<()> {
    let lines = tx.lines(it)?;
    it.amount = lines.iter().map(|line| line.amount).sum();
    it.tax = lines.iter().map(|line| line.tax).sum();
    Ok(())
}

/// How much of a product a sale sold, and how much of it has come back.
fn came_back(sale: Id<Sale>, product: Id<Product>, tx: &mut Tx) -> Result<[Quantity; 2]> {
    let fields = [("sale", Value::from(&sale)), ("product", Value::from(&product))];
    let sold = tx.sum::<SaleLine>("quantity", &fields, None)?;
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) FROM sale_return_line l JOIN sale_return r ON \
         r.id = l.sale_return WHERE r.status <> 'draft' AND r.sale = ",
    );
    sql.bind(sale.0).push(" AND l.product = ").bind(product.0);
    Ok([sold, tx.one(&sql)?].map(Quantity))
}

/// What can still come back of the sale that a new return names.
fn brings(it: &SaleReturn, tx: &mut Tx) -> Result<Vec<SaleReturnLine>> {
    let Some(sale) = it.sale else { return Ok(Vec::new()) };
    let sale = tx.get(sale)?;
    let mut found: Vec<SaleReturnLine> = Vec::new();
    for line in tx.lines(&sale)? {
        let [sold, back] = came_back(sale.id, line.product, tx)?;
        if found.iter().any(|it| it.product == line.product) || sold <= back {
            continue;
        }
        let SaleLine { product, unit, price, why, discount, tax_rate, .. } = line;
        let (amount, tax, stamp) = (Money(0), Money(0), Stamp::default());
        let (id, sale_return, quantity, cost) = (Id::NEW, it.id, sold - back, None);
        found.push(SaleReturnLine {
            id,
            sale_return,
            product,
            quantity,
            unit,
            price,
            why,
            discount,
            tax_rate,
            amount,
            tax,
            cost,
            stamp,
        });
    }
    Ok(found)
}

/// Of a tied return no more comes back than was sold and has not come back yet.
fn check_sold(it: &SaleReturn, lines: &[SaleReturnLine], tx: &mut Tx) -> Result<()> {
    let Some(sale) = it.sale.filter(|_| !tx.history) else { return Ok(()) };
    let of = tx.get(sale)?;
    if of.due.is_none() || of.reverses.is_some() {
        refuse!("wrong_state", "原销售单还没有过账" "The sale is not posted");
    }
    if it.date < of.date {
        let says = Label { zh: "退货不能早于销售", en: "Goods come back after they were sold" };
        return Err(Error::fault("date", "out_of_range", says));
    }
    for line in lines {
        let [sold, back] = came_back(sale, line.product, tx)?;
        let asked: Quantity =
            lines.iter().filter(|it| it.product == line.product).map(|it| it.quantity).sum();
        if of.status == super::sale::Status::Reversed || asked > sold - back {
            let most = (sold - back).max(Quantity(0));
            let says = model::Text::new(
                format!("最多可退 {most}：卖出 {sold}，已退 {back}"),
                format!("At most {most} can come back: {sold} were sold, {back} came back"),
            );
            return Err(Error::refused("more_than_sold", says));
        }
    }
    Ok(())
}

/// Posts a return: it credits the customer, the tied sale first, and takes the goods back at what they cost.
fn post(it: &mut SaleReturn, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(it.customer)?;
    check_open(it.date, tx)?;
    let mut lines = goods_of(it, |line| line.product, tx)?;
    check_sold(it, &lines, tx)?;
    if let Some(warehouse) = it.warehouse.filter(|_| it.goods) {
        check_warehouse(tx, warehouse)?;
    }
    for line in &mut lines {
        // What comes back is worth what it cost when it left; without goods nothing changes in the stock.
        line.cost = if it.goods {
            let goods = goods(it, line, tx)?;
            stock::enter(tx, goods)?
        } else {
            Some(Money(0))
        };
        if line.cost.is_some() {
            tx.touch(line.id, "cost", Value::from(&line.cost))?;
        }
        account::enter(tx, account_entry(it, line))?;
    }
    let cost = lines.iter().try_fold(Money(0), |sum, line| Some(sum + line.cost?));
    let deal = Deal {
        date: it.date,
        customer: it.customer,
        maker: it.salesperson,
        owner: it.customer_owner,
        amount: -it.amount,
        tax: -it.tax,
        cost: cost.map(|it| -it),
        sale: None,
        sale_return: Some(it.id),
    };
    performance::enter(tx, it.sale, deal)?;
    let item = Item { salesperson: it.salesperson, ..item(it, Kind::Return) };
    let mut credit = receivable::enter(tx, customer.id, item)?;
    settle::pay(tx, &mut credit, &Aim::oldest(it.sale), it.amount)?;
    it.status = Status::Posted;
    if it.number.is_none() {
        it.number = Some(tx.next_number::<SaleReturn>()?);
    }
    Ok(())
}

fn moves(it: &SaleReturn, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status != Status::Draft {
        return Ok(None);
    }
    let lines = tx.lines(it)?;
    let goods = lines.iter().filter(|_| it.goods).map(|line| goods(it, line, tx));
    let goods = goods.collect::<Result<_>>()?;
    moves::moves(tx, it.date, Some(it.customer), goods)
}

/// The goods of a line that come back.
fn goods(it: &SaleReturn, line: &SaleReturnLine, tx: &mut Tx) -> Result<Entry> {
    let warehouse = it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))?;
    let takes_back = match sold(it.sale, line.product, tx)? {
        Some(sold) => stock::entry_of(tx, ("sale", (&sold.sale).into()), sold.id.0)?,
        None => None,
    };
    let of = Source { sale_return: Some(it.id), ..Source::default() };
    let (product, date, quantity) = (line.product, it.date, line.quantity);
    let (kind, cost, line) = (Movement::Return, None, line.id.0);
    Ok(Entry { product, warehouse, date, kind, quantity, cost, takes_back, of, line })
}

fn account_entry(it: &SaleReturn, line: &SaleReturnLine) -> SaleEntry {
    SaleEntry {
        id: Id::NEW,
        customer: it.customer,
        date: it.date,
        product: line.product,
        quantity: -line.quantity,
        price: line.price.unwrap_or(Price(0)),
        amount: -line.amount,
        tax: -line.tax,
        cost: line.cost.map(|it| -it),
        salesperson: it.salesperson,
        customer_owner: it.customer_owner,
        department: it.department,
        sale: None,
        sale_return: Some(it.id),
        line: line.id.0,
        stamp: Stamp::default(),
    }
}

fn item(it: &SaleReturn, kind: Kind) -> Item {
    Item { sale_return: Some(it.id), ..Item::of(kind, it.date, -it.amount) }
}

/// Reverses a return by one of its own: the customer owes again what it had credited.
fn reverse(it: &mut SaleReturn, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(it.customer)?;
    let today = tx.today();
    check_open(today, tx)?;
    let lines = goods_of(it, |line| line.product, tx)?;
    let mut opposite = SaleReturn {
        id: Id::NEW,
        number: Some(tx.next_number::<SaleReturn>()?),
        date: today,
        amount: -it.amount,
        tax: -it.tax,
        status: Status::Posted,
        reverses: Some(it.id),
        imported: false,
        reason: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..it.clone()
    };
    tx.save(&mut opposite)?;
    for line in lines {
        let (quantity, stamp) = (-line.quantity, Stamp::default());
        let cost = line.cost.map(|it| -it);
        let takes_back = stock::entry_of(tx, of(it), line.id.0)?;
        let mut back =
            SaleReturnLine { id: Id::NEW, sale_return: opposite.id, quantity, cost, stamp, ..line };
        tx.save(&mut back)?;
        if it.goods {
            let goods = goods(&opposite, &back, tx)?;
            stock::enter(tx, Entry { kind: Movement::Reversal, cost, takes_back, ..goods })?;
        }
        account::enter(tx, account_entry(&opposite, &back))?;
    }
    performance::reverse(tx, ("sale_return", it.id.0), today, None, Some(opposite.id))?;
    let credit = receivable::entry_of(tx, of(it).0, of(it).1)?;
    receivable::reverse(tx, &credit, item(&opposite, Kind::Reversal))?;
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}

/// The field of the account that names it.
fn of(it: &SaleReturn) -> (&'static str, Value) {
    ("sale_return", Value::from(&it.id))
}

fn allocate(it: &mut SaleReturn, tx: &mut Tx, asked: Allocate) -> Result<()> {
    settle::allocate(tx, it.customer, of(it), asked)
}

fn unallocate(it: &mut SaleReturn, tx: &mut Tx, asked: Unallocate) -> Result<()> {
    settle::unallocate(tx, it.customer, of(it), asked)
}
