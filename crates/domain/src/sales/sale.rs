//! The sale 销售单: goods leave and the customer owes the money.

use model::{
    Choice, Code, Date, Entity, Error, FieldDef, Form, Id, Label, Money, Notice, Price, Quantity, Rate,
    Refusal, Result, Stamp, Tx, Value, Verbs, Views, message, refuse, system::Department, system::User,
    verbs, views,
};

use super::account::{self, SaleEntry};
use super::credit::{
    Asked, HELD_DAYS, Moment, OVERDUE, Release, Released, check_trading, due, gate, goes_over, over_by, until,
};
use super::panel;
use super::performance::{self, Deal};
use super::price::{self, offers};
use super::receivable::{self, Item, Kind};
use super::sale_order::{self, Part, SaleOrder, SaleOrderLine};
use super::{actor, made_by, owner_on};
use crate::document::{Reason, check_date, check_open, goods_of, no_lines};
use crate::moves;
use crate::stock::{self, Entry, Movement, Source, Warehouse, check_warehouse, main_warehouse};
use crate::{Customer, Product, SaleReturn};

/// A delivery for which the customer owes money.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售单", en = "Sale", module = "sales", icon = "file-invoice", number = "XS-{yymm}-{4}", title = number)]
#[entity(owner = salesperson, department = department, within = customer, lines = SaleLine, derived = DERIVED)]
#[entity(verbs = VERBS, views = VIEWS, check = complete, tally = tally, hold = hold, panel = panel::of_sale, moves = moves, brings = brings)]
#[entity(edit = |it| matches!(it.status, Status::Draft | Status::Held))]
pub struct Sale {
    pub id: Id<Sale>,
    /// Given when it is checked, so that the checked ones count without a gap.
    #[field(zh = "单号", en = "Number", unique, readonly, search, list, section("单据", "Document"))]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    /// The order that it delivers, all or in part.
    #[field(zh = "销售订单", en = "Of order", filter, depends = "customer", only = "status=checked")]
    pub order: Option<Id<SaleOrder>>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "业务员", en = "Salesperson", list, filter)]
    pub salesperson: Option<Id<User>>,
    #[field(zh = "部门", en = "Department", filter)]
    pub department: Option<Id<Department>>,
    /// Who looked after the customer on that day: performance may count for either.
    #[field(zh = "客户业务员", en = "Customer's owner", readonly, filter)]
    pub customer_owner: Option<Id<User>>,
    #[field(zh = "送货地址", en = "Delivery address")]
    pub address: Option<String>,
    #[field(zh = "送达日期", en = "Delivered", filter)]
    pub delivered: Option<Date>,
    #[field(zh = "仓库", en = "Warehouse", filter)]
    pub warehouse: Option<Id<Warehouse>>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    /// What the goods cost us; empty until it is posted, and where nobody knows.
    #[field(zh = "成本", en = "Cost", readonly, sum, group = "cost")]
    pub cost: Option<Money>,
    #[field(zh = "到期日", en = "Due", readonly, list, filter)]
    pub due: Option<Date>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    /// Why a gate stopped it.
    #[field(zh = "暂扣原因", en = "Held because", readonly, format = Said)]
    pub held: Option<String>,
    #[field(zh = "暂扣日期", en = "Held since", readonly)]
    pub held_since: Option<Date>,
    /// At this amount somebody with the right let it pass, and until which day.
    #[field(zh = "放行金额", en = "Released at", readonly, group = "credit")]
    pub released: Option<Money>,
    /// The lines that were let pass, and no others.
    #[field(zh = "放行明细", en = "Released lines", readonly, format = Hidden)]
    pub released_lines: Option<String>,
    #[field(zh = "放行有效至", en = "Released until", readonly, group = "credit")]
    pub released_until: Option<Date>,
    #[field(zh = "放行人", en = "Released by", readonly, group = "credit")]
    pub releaser: Option<Id<User>>,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<Sale>>,
    /// It happened before the books began and came in by import, past the gates.
    #[field(zh = "历史导入", en = "Imported", readonly, filter)]
    pub imported: bool,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售明细", en = "Sale line", of = sale, title = product, check = check_line)]
pub struct SaleLine {
    pub id: Id<SaleLine>,
    #[field(zh = "销售单", en = "Sale", required)]
    pub sale: Id<Sale>,
    #[field(zh = "商品", en = "Product", required, list, filter, only = "active=true")]
    pub product: Id<Product>,
    #[field(zh = "数量", en = "Quantity", required, list, sum, default = "1")]
    pub quantity: Quantity,
    #[field(zh = "单位", en = "Unit", code = "unit", readonly, list)]
    pub unit: Option<Code>,
    /// Of one unit, tax included; empty takes what the rule says.
    #[field(zh = "单价", en = "Price", list, auto)]
    pub price: Option<Price>,
    /// The rule that gave the price; empty where it was written by hand.
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
    #[field(zh = "备注", en = "Remark")]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Status {
    #[choice(zh = "草稿", en = "Draft")]
    Draft,
    #[choice(zh = "暂扣", en = "Held")]
    Held,
    #[choice(zh = "已审核", en = "Checked")]
    Checked,
    #[choice(zh = "已过账", en = "Posted")]
    Posted,
    #[choice(zh = "已红冲", en = "Reversed")]
    Reversed,
    #[choice(zh = "已作废", en = "Void")]
    Void,
}

static DERIVED: &[FieldDef] = &[
    FieldDef {
        name: "unpaid",
        label: Label { zh: "未收", en: "Unpaid" },
        kind: model::Kind::Money,
        list: true,
        sum: true,
        sql: "SELECT CAST(SUM(r.open) AS BIGINT) FROM receivable r WHERE r.sale = {t}.id AND r.kind = 'sale'",
        ..FieldDef::DERIVED
    },
    FieldDef {
        name: "margin",
        label: Label { zh: "毛利", en: "Margin" },
        kind: model::Kind::Money,
        sum: true,
        group: Some("cost"),
        sql: "{t}.amount - {t}.tax - {t}.cost",
        ..FieldDef::DERIVED
    },
    HELD_DAYS,
    goes_over(over_by!("amount")),
    OVERDUE,
];

const VERBS: Verbs<Sale> = verbs![
    check("审核", "Check", when |it| matches!(it.status, Status::Draft | Status::Held), else "只有草稿和暂扣的单据可以审核" "Only a draft or a held sale can be checked"),
    post("过账", "Post", when |it| matches!(it.status, Status::Draft | Status::Held | Status::Checked), else "这张单据已经过账或作废" "It is posted or void already"),
    post_paid("收款过账", "Post as paid", asks Paid, when |it| matches!(it.status, Status::Draft | Status::Held | Status::Checked), else "这张单据已经过账或作废" "It is posted or void already", needs "post_paid"),
    release_credit("放行", "Release", asks Release, when |it| it.status == Status::Held, else "只有暂扣的单据需要放行" "Only a held sale needs a release"),
    withdraw("撤回审核", "Withdraw", when |it| it.status == Status::Checked, else "单据没有审核，或已过账" "Not checked, or posted already", needs "check"),
    void("作废", "Void", asks Reason, when |it| it.number.is_some() && matches!(it.status, Status::Draft | Status::Held | Status::Checked), else "没有单号的草稿直接删除，已过账的用红冲" "Delete a draft without a number; reverse what is posted", is danger),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

// One view says all there is to say of one.
#[allow(clippy::needless_update)]
const VIEWS: Views = views![
    open("进行中", "Open", "status=draft,held,checked"),
    held("暂扣待放行", "Held", "status=held&sort=held_since&columns=number,customer,salesperson,amount,held,held_since,held_days,over,overdue" => release_credit, remind, urgent),
    posted("已过账", "Posted", "status=posted,reversed"),
    this_month("本月", "This month", "date=this_month"),
    unpaid("未收款", "Unpaid", "unpaid>0"),
    released("放行过的", "Released", "releaser=any&group=releaser&columns=number,customer,date,amount,released,released_until,releaser,status"),
    all("全部", "All", ""),
];

/// Completes the head of a sale.
fn complete(new: &mut Sale, old: Option<&Sale>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    // Nobody let it pass for this customer.
    if old.is_some_and(|old| old.customer != new.customer) {
        (new.released, new.released_lines, new.released_until, new.releaser) = (None, None, None, None);
    }
    if old.is_none_or(|old| old.customer != new.customer) {
        let customer = tx.get(new.customer)?;
        if new.reverses.is_none() {
            check_trading(&customer, tx)?;
        }
        new.salesperson = new.salesperson.or(customer.owner);
        new.address = new.address.take().or(customer.address);
    }
    // A reversal takes from whom the sale gave to.
    if new.reverses.is_some() {
        return Ok(());
    }
    if old.is_none_or(|old| (old.customer, old.date) != (new.customer, new.date)) {
        new.customer_owner = owner_on(&tx.get(new.customer)?, new.date, tx)?;
    }
    if let Some(order) = new.order {
        let order = tx.get(order)?;
        if order.customer != new.customer {
            let says = Label { zh: "这张订单是别的客户的", en: "This order is another customer's" };
            return Err(Error::fault("order", "other_customer", says));
        }
        new.warehouse = new.warehouse.or(order.warehouse);
    }
    let was = old.and_then(|old| old.salesperson);
    made_by(&mut new.salesperson, &mut new.department, was, tx);
    Ok(())
}

/// Completes a line from its product, and reckons its amount.
fn check_line(new: &mut SaleLine, old: Option<&SaleLine>, tx: &mut Tx) -> Result<()> {
    let reverses = new.quantity < Quantity(0) && tx.get(new.sale)?.reverses.is_some();
    if new.quantity <= Quantity(0) && !reverses {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    let promised = promised(new, old, tx)?;
    let (head, quantity) = (new.sale, promised.as_ref().map(|_| new.quantity));
    let was = old.map(|old| (old.product, quantity.unwrap_or(old.quantity), old.price));
    let line = price::line!(new, was, promised.is_none());
    (new.amount, new.tax) = line.reckon(tx, head, |it| (it.customer, it.date))?;
    new.why = promised.map_or(new.why.take(), |it| it.why);
    Ok(())
}

/// The line of its order that a line sells at the price that was promised, be it a part of it: for the same reason.
fn promised(new: &SaleLine, old: Option<&SaleLine>, tx: &mut Tx) -> Result<Option<SaleOrderLine>> {
    let is_same = old.is_some_and(|old| (old.product, old.quantity) == (new.product, new.quantity));
    if is_same || new.price.is_none() || tx.history {
        return Ok(None);
    }
    let Some(order) = tx.get(new.sale)?.order else { return Ok(None) };
    let lines: Vec<SaleOrderLine> =
        tx.find(&[("sale_order", (&order).into()), ("product", (&new.product).into())])?;
    Ok(lines.into_iter().find(|it| it.price == new.price))
}

/// What the head says of the lines.
pub(super) fn tally(sale: &mut Sale, tx: &mut Tx) -> Result<()> {
    let lines = tx.lines(sale)?;
    sale.amount = lines.iter().map(|it| it.amount).sum();
    sale.tax = lines.iter().map(|it| it.tax).sum();
    Ok(())
}

/// What is held does not count into the exposure, though it was checked before.
fn hold(sale: &mut Sale, refusal: &Refusal, tx: &mut Tx) -> Result<()> {
    leave_exposure(sale, tx)?;
    sale.status = Status::Held;
    sale.held = Some(message::kept(&refusal.says));
    sale.held_since = sale.held_since.or(Some(tx.today()));
    Ok(())
}

/// The customer, locked: every rule over many sales hangs on this row.
fn locked(sale: &Sale, tx: &mut Tx) -> Result<(Customer, Vec<SaleLine>)> {
    let customer = tx.get(sale.customer)?;
    check_trading(&customer, tx)?;
    let lines = tx.lines(sale)?;
    if lines.is_empty() {
        return Err(no_lines());
    }
    if let Some(order) = sale.order {
        Part::of(tx, order, &lines)?.check()?;
    }
    Ok((customer, lines))
}

/// What was released of the sale, with just these lines, or of the order that it delivers, for what that promised:
/// `own` of the customer's exposure.
pub(super) fn released(sale: &Sale, own: Money, tx: &mut Tx) -> Result<Released> {
    let mut of_order = match sale.order {
        Some(order) => {
            let order = tx.get(order)?;
            sale_order::released(&order, tx)?
        }
        None => Released::default(),
    };
    of_order.amount = of_order.amount.filter(|_| sale.amount <= own);
    let in_force = sale.released_until.is_none_or(|until| tx.today() <= until);
    let Some(lines) = sale.released_lines.as_deref().filter(|_| in_force) else { return Ok(of_order) };
    if lines == price::kept(&offers(&tx.lines(sale)?)) {
        of_order.amount = of_order.amount.max(sale.released);
        of_order.lines = format!("{} {lines}", of_order.lines);
    }
    Ok(of_order)
}

/// What is open of the order that a new sale names.
fn brings(sale: &Sale, tx: &mut Tx) -> Result<Vec<SaleLine>> {
    let Some(order) = sale.order else { return Ok(Vec::new()) };
    let order = tx.get(order)?;
    let open = tx.lines(&order)?.into_iter().filter(|it| it.rest() > Quantity(0));
    Ok(open.map(|it| SaleLine::of_order(&it, it.rest(), sale.id)).collect())
}

/// Asks the gate whether `amount` may go on credit, and at these prices.
fn ask(sale: &Sale, moments: &[Moment], customer: &Customer, lines: &[SaleLine], tx: &mut Tx) -> Result<()> {
    let own = own(sale, lines, tx)?;
    let released = released(sale, own, tx)?;
    gate(tx, Asked { moments, customer, amount: sale.amount, own, released, offers: offers(lines) })
}

/// The moments whose rules a sale passes to be posted: what was not checked is checked, too.
fn to_post(status: Status) -> &'static [Moment] {
    match status {
        Status::Checked => &[Moment::SalePost],
        _ => &[Moment::SaleCheck, Moment::SalePost],
    }
}

/// What of the customer's exposure is this sale's own: what its order promised, or itself once it is checked.
pub(super) fn own(sale: &Sale, lines: &[SaleLine], tx: &mut Tx) -> Result<Money> {
    match sale.order {
        Some(order) => Ok(Part::of(tx, order, lines)?.exposure()),
        None => Ok(counted(sale)),
    }
}

/// A checked sale counts, unless its order does.
fn counted(sale: &Sale) -> Money {
    if sale.status == Status::Checked && sale.order.is_none() { sale.amount } else { Money(0) }
}

/// Checks a sale: it gets its number and counts into the customer's exposure.
fn check(sale: &mut Sale, tx: &mut Tx) -> Result<()> {
    let (customer, lines) = locked(sale, tx)?;
    // One of a day to come may be promised already.
    check_open(sale.date.min(tx.today()), tx)?;
    ask(sale, &[Moment::SaleCheck], &customer, &lines, tx)?;
    sale.status = Status::Checked;
    tx.add(customer.id, "pending", counted(sale))?;
    (sale.held, sale.held_since) = (None, None);
    give_number(sale, tx)
}

/// The number is drawn last, since its series stays locked to the commit.
fn give_number(sale: &mut Sale, tx: &mut Tx) -> Result<()> {
    if sale.number.is_none() {
        sale.number = Some(tx.next_number::<Sale>()?);
    }
    Ok(())
}

/// Posts a sale: the goods leave, the customer owes the money.
fn post(sale: &mut Sale, tx: &mut Tx) -> Result<()> {
    let (customer, lines) = locked(sale, tx)?;
    check_open(sale.date, tx)?;
    ask(sale, to_post(sale.status), &customer, &lines, tx)?;
    enter(sale, &customer, lines, tx)
}

#[derive(Form)]
pub struct Paid {
    #[field(zh = "收款账户", en = "Account", code = "money_account", required)]
    account: Option<Code>,
    #[field(zh = "收款方式", en = "Method", code = "settlement_method", again)]
    method: Option<Code>,
}

/// Posts a sale together with the receipt that pays it: cash customers need no credit.
fn post_paid(sale: &mut Sale, tx: &mut Tx, asked: Paid) -> Result<()> {
    let (customer, lines) = locked(sale, tx)?;
    check_open(sale.date, tx)?;
    let own = own(sale, &lines, tx)?;
    let mut released = released(sale, own, tx)?;
    // The money is here: nothing of this sale is on credit.
    released.amount = released.amount.or(Some(sale.amount));
    let (moments, customer, amount) = (to_post(sale.status), &customer, Money(0));
    gate(tx, Asked { moments, customer, amount, own, released, offers: offers(&lines) })?;
    enter(sale, customer, lines, tx)?;
    // Nobody pays for a gift.
    if sale.amount == Money(0) {
        return Ok(());
    }
    super::receipt::receive(tx, sale, asked.account, asked.method)
}

/// What posting writes, once the gate has let it pass.
pub(super) fn enter(sale: &mut Sale, customer: &Customer, lines: Vec<SaleLine>, tx: &mut Tx) -> Result<()> {
    leave_exposure(sale, tx)?;
    if let Some(order) = sale.order {
        Part::of(tx, order, &lines)?.settle(tx)?;
    }
    // It may have been handed over since the draft was written.
    sale.customer_owner = owner_on(customer, sale.date, tx)?;
    deliver(sale, lines, tx)?;
    let due = due(customer, sale.date);
    sale.due = Some(due);
    let mut charge = receivable::enter(tx, customer.id, item(sale, Kind::Sale, Some(due)))?;
    receivable::use_advances(tx, &mut charge)?;
    sale.status = Status::Posted;
    (sale.held, sale.held_since) = (None, None);
    give_number(sale, tx)
}

/// Takes the goods out of stock and enters each line to the account of sales, with what it cost.
fn deliver(sale: &mut Sale, mut lines: Vec<SaleLine>, tx: &mut Tx) -> Result<()> {
    let warehouse = match sale.warehouse {
        Some(warehouse) => {
            check_warehouse(tx, warehouse)?;
            warehouse
        }
        None => main_warehouse(tx)?,
    };
    sale.warehouse = Some(warehouse);
    // In one order for everybody, so that two documents never wait for each other.
    lines.sort_by_key(|line| line.product.0);
    let mut cost = Some(Money(0));
    for line in &mut lines {
        line.cost = stock::enter(tx, goods(sale, line, warehouse))?.map(|it| -it);
        if line.cost.is_some() {
            tx.touch(line.id, "cost", Value::from(&line.cost))?;
        }
        cost = cost.zip(line.cost).map(|(sum, it)| sum + it);
        account::enter(tx, account_entry(sale, line))?;
    }
    sale.cost = cost;
    let deal = Deal {
        date: sale.date,
        customer: sale.customer,
        maker: sale.salesperson,
        owner: sale.customer_owner,
        amount: sale.amount,
        tax: sale.tax,
        cost,
        sale: Some(sale.id),
        sale_return: None,
    };
    performance::enter(tx, None, deal)
}

/// The goods of a line that leave; a reversal's come back.
fn goods(sale: &Sale, line: &SaleLine, warehouse: Id<Warehouse>) -> Entry {
    let of = Source { sale: Some(sale.id), ..Source::default() };
    let (product, date, quantity) = (line.product, sale.date, -line.quantity);
    let (kind, cost, takes_back, line) = (Movement::Sale, None, None, line.id.0);
    Entry { product, warehouse, date, kind, quantity, cost, takes_back, of, line }
}

fn account_entry(sale: &Sale, line: &SaleLine) -> SaleEntry {
    SaleEntry {
        id: Id::NEW,
        customer: sale.customer,
        date: sale.date,
        product: line.product,
        quantity: line.quantity,
        price: line.price.unwrap_or(Price(0)),
        amount: line.amount,
        tax: line.tax,
        cost: line.cost,
        salesperson: sale.salesperson,
        customer_owner: sale.customer_owner,
        department: sale.department,
        sale: Some(sale.id),
        sale_return: None,
        line: line.id.0,
        stamp: Stamp::default(),
    }
}

fn item(sale: &Sale, kind: Kind, due: Option<Date>) -> Item {
    let (date, amount, salesperson) = (sale.date, sale.amount, sale.salesperson);
    Item { due, sale: Some(sale.id), salesperson, ..Item::of(kind, date, amount) }
}

fn moves(sale: &Sale, tx: &mut Tx) -> Result<Option<Notice>> {
    if !matches!(sale.status, Status::Draft | Status::Held | Status::Checked) {
        return Ok(None);
    }
    let goods = tx.lines(sale)?.iter().map(|line| goods(sale, line, Id::NEW)).collect();
    moves::moves(tx, sale.date, Some(sale.customer), goods)
}

/// A checked sale stops counting as a promise.
fn leave_exposure(sale: &Sale, tx: &mut Tx) -> Result<()> {
    match counted(sale) {
        Money(0) => Ok(()),
        own => tx.add(sale.customer, "pending", -own),
    }
}

/// Lets a held sale pass, with just these lines (CRD-06): it is checked at once.
fn release_credit(sale: &mut Sale, tx: &mut Tx, asked: Release) -> Result<()> {
    let until = until(&asked, tx)?;
    tx.because(&asked.reason);
    sale.released = Some(sale.amount);
    let lines = tx.lines(sale)?;
    sale.released_lines = Some(price::kept(&offers(&lines)));
    sale.released_until = Some(until);
    sale.releaser = actor(tx);
    check(sale, tx)
}

/// Takes a check back, so that the sale can be changed.
fn withdraw(sale: &mut Sale, tx: &mut Tx) -> Result<()> {
    tx.get(sale.customer)?;
    leave_exposure(sale, tx)?;
    sale.status = Status::Draft;
    Ok(())
}

/// Gives up a sale that has a number and was never posted.
fn void(sale: &mut Sale, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(sale.customer)?;
    tx.because(&asked.reason);
    leave_exposure(sale, tx)?;
    sale.status = Status::Void;
    Ok(())
}

/// Reverses a posted sale by a sale of its own with everything the other way round. What was paid for it is free again.
fn reverse(sale: &mut Sale, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(sale.customer)?;
    let today = tx.today();
    check_open(today, tx)?;
    // What came back is in stock and credited already.
    let back: Vec<SaleReturn> = tx.find(&[("sale", (&sale.id).into())])?;
    if back.iter().any(|it| it.status == crate::document::Status::Posted && it.reverses.is_none()) {
        refuse!("wrong_state", "这张销售单有过账的退货，请先红冲退货单" "Goods of this sale came back; reverse that return first");
    }
    let lines = goods_of(sale, |line| line.product, tx)?;
    let mut opposite = Sale {
        id: Id::NEW,
        number: None,
        date: today,
        amount: -sale.amount,
        tax: -sale.tax,
        cost: sale.cost.map(|it| -it),
        due: None,
        delivered: None,
        status: Status::Posted,
        held: None,
        held_since: None,
        released: None,
        released_lines: None,
        released_until: None,
        releaser: None,
        reverses: Some(sale.id),
        imported: false,
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..sale.clone()
    };
    opposite.number = Some(tx.next_number::<Sale>()?);
    tx.save(&mut opposite)?;
    for line in lines {
        let (quantity, stamp) = (-line.quantity, Stamp::default());
        let cost = line.cost.map(|it| -it);
        let takes_back = stock::entry_of(tx, ("sale", (&sale.id).into()), line.id.0)?;
        let mut back = SaleLine { id: Id::NEW, sale: opposite.id, quantity, cost, stamp, ..line };
        tx.save(&mut back)?;
        if let Some(warehouse) = sale.warehouse {
            let (kind, cost) = (Movement::Reversal, line.cost);
            stock::enter(tx, Entry { kind, cost, takes_back, ..goods(&opposite, &back, warehouse) })?;
        }
        account::enter(tx, account_entry(&opposite, &back))?;
    }
    performance::reverse(tx, ("sale", sale.id.0), today, Some(opposite.id), None)?;
    if let Some(order) = sale.order {
        let back = tx.lines(&opposite)?;
        Part::of(tx, order, &back)?.settle(tx)?;
    }
    let charge = receivable::entry_of(tx, "sale", Value::from(&sale.id))?;
    receivable::reverse(tx, &charge, item(&opposite, Kind::Reversal, None))?;
    tx.because(&asked.reason);
    sale.status = Status::Reversed;
    Ok(())
}

impl Sale {
    /// The delivery of all that is open of an order.
    pub(super) fn of_order(order: &SaleOrder, date: Date) -> Sale {
        Sale {
            id: Id::NEW,
            number: None,
            customer: order.customer,
            order: Some(order.id),
            date,
            salesperson: order.salesperson,
            department: order.department,
            customer_owner: order.customer_owner,
            address: order.address.clone(),
            delivered: None,
            warehouse: order.warehouse,
            amount: Money(0),
            tax: Money(0),
            cost: None,
            due: None,
            status: Status::Draft,
            held: None,
            held_since: None,
            released: None,
            released_lines: None,
            released_until: None,
            releaser: None,
            reverses: None,
            imported: false,
            remark: None,
            stamp: Stamp::default(),
        }
    }
}

impl SaleLine {
    /// So much of an order's line.
    pub(super) fn of_order(line: &SaleOrderLine, quantity: Quantity, sale: Id<Sale>) -> SaleLine {
        SaleLine {
            id: Id::NEW,
            sale,
            product: line.product,
            quantity,
            unit: line.unit.clone(),
            price: line.price,
            why: line.why.clone(),
            discount: line.discount,
            tax_rate: line.tax_rate,
            amount: Money(0),
            tax: Money(0),
            cost: None,
            remark: line.remark.clone(),
            stamp: Stamp::default(),
        }
    }
}
