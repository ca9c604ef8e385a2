//! The sale order 销售订单: a promise before the delivery. Once checked it counts into the customer's exposure and
//! reserves goods; it is delivered in parts (SAL-16).

use model::{
    Choice, Code, Date, Entity, Error, FieldDef, Form, Id, Input, Kind, Label, Money, Price, Quantity, Rate,
    Refusal, Result, Rows, Stamp, Text, ToSpan, Tx, Value, Verbs, Views, message, refuse, system::Department,
    system::User, verbs, views,
};

use super::credit::{
    Asked, HELD_DAYS, Moment, OVERDUE, Release, Released, check_trading, gate, goes_over, over_by, until,
};
use super::panel;
use super::price::{self, offers};
use super::sale::{self, Sale, SaleLine};
use super::{actor, made_by, owner_on};
use crate::document::{Reason, check_date, check_open, no_lines};
use crate::stock::Warehouse;
use crate::{Customer, Product};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售订单", en = "Sale order", module = "sales", icon = "writing-sign", number = "DD-{yymm}-{4}", title = number)]
#[entity(owner = salesperson, department = department, within = customer, lines = SaleOrderLine, derived = DERIVED)]
#[entity(verbs = VERBS, views = VIEWS, check = complete, tally = tally, hold = hold, panel = panel::of_order)]
#[entity(edit = |it| matches!(it.status, Status::Draft | Status::Held) && it.rest == it.amount)]
pub struct SaleOrder {
    pub id: Id<SaleOrder>,
    /// Given when it is checked.
    #[field(zh = "单号", en = "Number", unique, readonly, search, list, section("单据", "Document"))]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "交货日期", en = "Wanted by", list, filter)]
    pub wanted: Option<Date>,
    #[field(zh = "业务员", en = "Salesperson", list, filter)]
    pub salesperson: Option<Id<User>>,
    #[field(zh = "部门", en = "Department", filter)]
    pub department: Option<Id<Department>>,
    #[field(zh = "客户业务员", en = "Customer's owner", readonly, filter)]
    pub customer_owner: Option<Id<User>>,
    #[field(zh = "送货地址", en = "Delivery address")]
    pub address: Option<String>,
    #[field(zh = "仓库", en = "Warehouse", filter)]
    pub warehouse: Option<Id<Warehouse>>,
    /// After this day its goods are free for others.
    #[field(zh = "预留到", en = "Reserved until")]
    pub reserved_until: Option<Date>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    /// What of the amount is not yet delivered.
    #[field(zh = "未发金额", en = "Not delivered", readonly, list, sum, filter)]
    pub rest: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "暂扣原因", en = "Held because", readonly, format = Said)]
    pub held: Option<String>,
    #[field(zh = "暂扣日期", en = "Held since", readonly)]
    pub held_since: Option<Date>,
    #[field(zh = "放行金额", en = "Released at", readonly, group = "credit")]
    pub released: Option<Money>,
    #[field(zh = "放行明细", en = "Released lines", readonly, format = Hidden)]
    pub released_lines: Option<String>,
    #[field(zh = "放行有效至", en = "Released until", readonly, group = "credit")]
    pub released_until: Option<Date>,
    #[field(zh = "放行人", en = "Released by", readonly, group = "credit")]
    pub releaser: Option<Id<User>>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "订单明细", en = "Order line", of = sale_order, title = product, check = check_line, derived = LINE)]
pub struct SaleOrderLine {
    pub id: Id<SaleOrderLine>,
    #[field(zh = "销售订单", en = "Sale order", required)]
    pub sale_order: Id<SaleOrder>,
    #[field(zh = "商品", en = "Product", required, list, filter, only = "active=true")]
    pub product: Id<Product>,
    #[field(zh = "数量", en = "Quantity", required, list, sum, default = "1")]
    pub quantity: Quantity,
    #[field(zh = "单位", en = "Unit", code = "unit", readonly, list)]
    pub unit: Option<Code>,
    /// Of one unit, tax included; empty takes what the rule says.
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
    #[field(zh = "已发", en = "Delivered", readonly, list, sum)]
    pub delivered: Quantity,
    #[field(zh = "备注", en = "Remark")]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

static DERIVED: &[FieldDef] = &[HELD_DAYS, goes_over(over_by!("rest")), OVERDUE];

static LINE: &[FieldDef] = &[FieldDef {
    name: "rest",
    label: Label { zh: "未发", en: "Open" },
    kind: Kind::Quantity,
    list: true,
    sql: "{t}.quantity - {t}.delivered",
    ..FieldDef::DERIVED
}];

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Status {
    #[choice(zh = "草稿", en = "Draft")]
    Draft,
    #[choice(zh = "暂扣", en = "Held")]
    Held,
    #[choice(zh = "已审核", en = "Checked")]
    Checked,
    #[choice(zh = "已发完", en = "Delivered")]
    Done,
    #[choice(zh = "已结案", en = "Closed")]
    Closed,
    #[choice(zh = "已作废", en = "Void")]
    Void,
}

const VERBS: Verbs<SaleOrder> = verbs![
    check("审核", "Check", when |it| matches!(it.status, Status::Draft | Status::Held), else "只有草稿和暂扣的订单可以审核" "Only a draft or a held order can be checked"),
    deliver("发货", "Deliver", asks Deliver begins open_lines, when |it| it.status == Status::Checked, else "只有审核过、还没发完的订单可以发货" "Only a checked order with open lines is delivered"),
    release_credit("放行", "Release", asks Release, when |it| it.status == Status::Held, else "只有暂扣的订单需要放行" "Only a held order needs a release"),
    withdraw("撤回审核", "Withdraw", when |it| it.status == Status::Checked && it.rest == it.amount, else "订单没有审核，或已经发过货" "Not checked, or partly delivered", needs "check"),
    close("结案", "Close the rest", asks Reason, when |it| it.status == Status::Checked || (it.status == Status::Held && it.rest != it.amount), else "订单没有未发的货" "Nothing is open", needs "check"),
    void("作废", "Void", asks Reason, when |it| it.number.is_some() && it.rest == it.amount && matches!(it.status, Status::Draft | Status::Held | Status::Checked), else "没有单号的草稿直接删除，发过货的用结案" "Delete a draft without a number; close what was partly delivered", is danger),
];

// One view says all there is to say of one.
#[allow(clippy::needless_update)]
const VIEWS: Views = views![
    open("未发完", "Open", "status=checked"),
    draft("草稿", "Drafts", "status=draft,held"),
    held("暂扣订单", "Held", "status=held&sort=held_since&columns=number,customer,salesperson,rest,held,held_since,held_days,over,overdue" => release_credit, remind, urgent),
    late("该发未发", "Late", "status=checked&wanted<today" => deliver, remind),
    released("放行过的", "Released", "releaser=any&group=releaser&columns=number,customer,date,amount,released,released_until,releaser,status"),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

macro_rules! reserved {
    () => {
        "SELECT CAST(COALESCE(SUM(l.quantity - l.delivered), 0) AS BIGINT) FROM sale_order_line l \
         JOIN sale_order o ON o.id = l.sale_order WHERE l.product = {t}.id AND o.status = 'checked' \
         AND (o.reserved_until IS NULL OR o.reserved_until >= {today})"
    };
}

/// Goods that checked orders keep for their customers, as a derived field of a product.
pub const RESERVED: &str = reserved!();

/// What of the stock they leave to others.
pub const AVAILABLE: &str = concat!("{t}.stock - (", reserved!(), ")");

fn complete(new: &mut SaleOrder, old: Option<&SaleOrder>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    // Nobody let it pass for this customer.
    if old.is_some_and(|old| old.customer != new.customer) {
        (new.released, new.released_lines, new.released_until, new.releaser) = (None, None, None, None);
    }
    if old.is_none_or(|old| old.customer != new.customer) {
        let customer = tx.get(new.customer)?;
        check_trading(&customer, tx)?;
        new.salesperson = new.salesperson.or(customer.owner);
        new.address = new.address.take().or(customer.address);
    }
    if old.is_none_or(|old| (old.customer, old.date) != (new.customer, new.date)) {
        new.customer_owner = owner_on(&tx.get(new.customer)?, new.date, tx)?;
    }
    let was = old.and_then(|old| old.salesperson);
    made_by(&mut new.salesperson, &mut new.department, was, tx);
    Ok(())
}

fn check_line(new: &mut SaleOrderLine, old: Option<&SaleOrderLine>, tx: &mut Tx) -> Result<()> {
    if new.quantity <= Quantity(0) {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    let head = new.sale_order;
    let line = price::line!(new, old.map(|old| (old.product, old.quantity, old.price)), true);
    (new.amount, new.tax) = line.reckon(tx, head, |it| (it.customer, it.date))?;
    Ok(())
}

fn tally(it: &mut SaleOrder, tx: &mut Tx) -> Result<()> {
    let lines = tx.lines(it)?;
    it.amount = lines.iter().map(|line| line.amount).sum();
    it.tax = lines.iter().map(|line| line.tax).sum();
    it.rest = it.amount;
    Ok(())
}

/// What is held does not count into the exposure, though it was checked before and may be partly delivered.
fn hold(it: &mut SaleOrder, refusal: &Refusal, tx: &mut Tx) -> Result<()> {
    forget(it, tx)?;
    it.status = Status::Held;
    it.held = Some(message::kept(&refusal.says));
    it.held_since = it.held_since.or(Some(tx.today()));
    Ok(())
}

/// Checks an order: it gets its number, counts into the customer's exposure and reserves its goods.
fn check(it: &mut SaleOrder, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(it.customer)?;
    check_trading(&customer, tx)?;
    let lines = tx.lines(it)?;
    if lines.is_empty() {
        return Err(no_lines());
    }
    let (moments, customer, released, offers) =
        (&[Moment::OrderCheck], &customer, released(it, tx)?, offers(&lines));
    gate(tx, Asked { moments, customer, amount: it.rest, own: Money(0), released, offers })?;
    tx.add(customer.id, "pending", it.rest)?;
    it.status = Status::Checked;
    (it.held, it.held_since) = (None, None);
    if it.reserved_until.is_none() {
        let days = tx.catalog.number("reserve_days");
        it.reserved_until = (days > 0).then(|| tx.today().saturating_add(days.days()));
    }
    if it.number.is_none() {
        it.number = Some(tx.next_number::<SaleOrder>()?);
    }
    Ok(())
}

impl SaleOrderLine {
    /// What is not yet delivered.
    pub fn rest(&self) -> Quantity {
        self.quantity - self.delivered
    }
}

#[derive(Form)]
pub struct Deliver {
    /// How much of which lines; without any, all that is open.
    #[field(zh = "明细", en = "Lines")]
    lines: Rows<DeliverLine>,
}

#[derive(Form)]
pub struct DeliverLine {
    #[field(zh = "订单明细", en = "Line", required)]
    line: Id<SaleOrderLine>,
    #[field(zh = "数量", en = "Quantity", required)]
    quantity: Quantity,
}

/// The dialog begins with all that is open.
fn open_lines(it: &SaleOrder, tx: &mut Tx) -> Result<Input> {
    let open = tx.lines(it)?.into_iter().filter(|it| it.rest() > Quantity(0));
    let row = |it: SaleOrderLine| {
        Input::from([("line", format!("#{}", it.id.0)), ("quantity", it.rest().to_string())])
    };
    let mut input = Input::default();
    input.rows.insert("lines".to_owned(), open.map(row).collect());
    Ok(input)
}

/// The lines of the sale that delivers what was asked for.
fn asked_for(it: &SaleOrder, asked: &[DeliverLine], tx: &mut Tx) -> Result<Vec<SaleLine>> {
    let mut lines = tx.lines(it)?;
    if asked.is_empty() {
        let open = lines.iter().filter(|it| it.rest() > Quantity(0));
        return Ok(open.map(|it| SaleLine::of_order(it, it.rest(), Id::NEW)).collect());
    }
    let mut found = Vec::new();
    for (n, DeliverLine { line, quantity }) in asked.iter().enumerate() {
        let of = lines.iter_mut().find(|it| it.id == *line);
        let of = of.ok_or_else(|| Error::invalid(format!("lines.{n}.line"), "unknown_record"))?;
        if *quantity < Quantity(0) {
            return Err(Error::invalid(format!("lines.{n}.quantity"), "not_positive"));
        }
        if *quantity > of.rest() {
            return Err(over(&tx.get(of.product)?, of.rest(), *quantity));
        }
        of.delivered = of.delivered + *quantity;
        if *quantity > Quantity(0) {
            found.push(SaleLine::of_order(of, *quantity, Id::NEW));
        }
    }
    if found.is_empty() { Err(no_lines()) } else { Ok(found) }
}

/// An order is never over-delivered: what was not ordered is a sale of its own.
fn over(of: &Product, open: Quantity, asked: Quantity) -> Error {
    let name = &of.name;
    let says = Text::new(
        format!("{name} 在订单里只剩 {open} 没发，这里是 {asked}。多出的请另开销售单"),
        format!("{open} of {name} are open on the order, here are {asked}. Sell what goes beyond by itself"),
    );
    Error::refused("over_delivery", says).with(&[("product", &of.number), ("open", &open), ("asked", &asked)])
}

/// Delivers what is open, or the part that was asked for, by a sale of its own, posted at once.
fn deliver(it: &mut SaleOrder, tx: &mut Tx, asked: Deliver) -> Result<()> {
    let customer = tx.get(it.customer)?;
    check_trading(&customer, tx)?;
    check_open(tx.today(), tx)?;
    let lines = asked_for(it, &asked.lines.0, tx)?;
    let part = Part::of(tx, it.id, &lines)?;
    let offers = offers(&lines);
    let (moments, own) = (&[Moment::SaleCheck, Moment::SalePost], part.exposure());
    let released = released(it, tx)?;
    gate(tx, Asked { moments, customer: &customer, amount: part.amount, own, released, offers })?;
    let mut sale = Sale::of_order(it, tx.today());
    tx.save(&mut sale)?;
    for line in lines {
        tx.save(&mut SaleLine { sale: sale.id, ..line })?;
    }
    sale::tally(&mut sale, tx)?;
    let lines = tx.lines(&sale)?;
    sale::enter(&mut sale, &customer, lines, tx)?;
    tx.save(&mut sale)?;
    // As the delivery left the order's own row.
    let left = tx.get(it.id)?;
    (it.rest, it.status, it.held, it.held_since) = (left.rest, left.status, None, None);
    Ok(())
}

/// What a sale delivers of its order, or takes back: parts of the order's lines, and their amount.
pub struct Part {
    order: Id<SaleOrder>,
    lines: Vec<(Id<SaleOrderLine>, Quantity)>,
    amount: Money,
    /// The amount counts into the customer's exposure until it is delivered.
    counts: bool,
    /// What goes beyond what is open: product, open, asked.
    over: Option<(Product, Quantity, Quantity)>,
}

impl Part {
    /// What `lines` make of an order: goods that leave fill what is open, goods that come back open it again.
    pub fn of(tx: &mut Tx, order: Id<SaleOrder>, lines: &[SaleLine]) -> Result<Part> {
        let it = tx.get(order)?;
        let mut of_order = tx.lines(&it)?;
        let counts = it.status == Status::Checked;
        let mut part = Part { order, lines: Vec::new(), amount: Money(0), counts, over: None };
        for line in lines {
            let mut left = line.quantity;
            // A line that was ordered twice is delivered at the price that the sale says.
            let is_same = |it: &SaleOrderLine| (it.price, it.discount) == (line.price, line.discount);
            for same in [true, false] {
                let fits = |it: &&mut SaleOrderLine| it.product == line.product && is_same(it) == same;
                for open in of_order.iter_mut().filter(fits) {
                    let now = left.clamp(-open.delivered, open.rest());
                    let share = |it: &SaleOrderLine| it.amount.share(it.delivered.0, it.quantity.0);
                    let before = share(open);
                    open.delivered = open.delivered + now;
                    part.amount = part.amount + share(open) - before;
                    part.lines.push((open.id, now));
                    left = left - now;
                }
            }
            if left > Quantity(0) && part.over.is_none() {
                part.over = Some((tx.get(line.product)?, line.quantity - left, line.quantity));
            }
        }
        Ok(part)
    }

    /// Refuses a sale of what its order does not, or not any more, ask for.
    pub fn check(&self) -> Result<()> {
        if !self.counts {
            refuse!("wrong_state", "订单没有审核，或已发完、结案" "The order is not checked, or is delivered or closed already");
        }
        match &self.over {
            Some((name, open, asked)) => Err(over(name, *open, *asked)),
            None => Ok(()),
        }
    }

    /// What of the customer's exposure it is.
    pub fn exposure(&self) -> Money {
        if self.counts { self.amount } else { Money(0) }
    }

    /// Writes it to the order, and takes it out of the customer's exposure.
    pub fn settle(self, tx: &mut Tx) -> Result<()> {
        for (line, quantity) in &self.lines {
            tx.add(*line, "delivered", *quantity)?;
        }
        let it = tx.get(self.order)?;
        tx.add(it.id, "rest", -self.amount)?;
        // By the goods and not by the money: a gift is delivered too.
        let open = tx.lines(&it)?.iter().any(|it| it.rest() > Quantity(0));
        let status = match it.status {
            Status::Checked if !open => Status::Done,
            Status::Done if open => Status::Checked,
            other => other,
        };
        tx.touch(it.id, "status", Value::from(&status))?;
        match status {
            Status::Checked | Status::Done => tx.add(it.customer, "pending", -self.amount),
            _ => Ok(()),
        }
    }
}

/// What was released of an order, as long as that holds and its lines are those.
pub fn released(it: &SaleOrder, tx: &mut Tx) -> Result<Released> {
    let in_force = it.released_until.is_none_or(|until| tx.today() <= until);
    match it.released_lines.clone().filter(|_| in_force) {
        Some(lines) if lines == price::kept(&offers(&tx.lines(it)?)) => {
            Ok(Released { amount: it.released, lines })
        }
        _ => Ok(Released::default()),
    }
}

/// Lets a held order pass, with just these lines.
fn release_credit(it: &mut SaleOrder, tx: &mut Tx, asked: Release) -> Result<()> {
    let until = until(&asked, tx)?;
    tx.because(&asked.reason);
    it.released = Some(it.rest);
    let lines = tx.lines(it)?;
    it.released_lines = Some(price::kept(&offers(&lines)));
    it.released_until = Some(until);
    it.releaser = actor(tx);
    check(it, tx)
}

/// What was delivered in part is closed, not taken back: a gift may have gone out though nothing of the money has.
fn check_untouched(it: &SaleOrder, tx: &mut Tx) -> Result<()> {
    if tx.lines(it)?.iter().any(|it| it.delivered != Quantity(0)) {
        refuse!("wrong_state", "订单已经发过货，请用结案" "Goods of the order went out; close the rest instead");
    }
    Ok(())
}

fn withdraw(it: &mut SaleOrder, tx: &mut Tx) -> Result<()> {
    check_untouched(it, tx)?;
    forget(it, tx)?;
    it.status = Status::Draft;
    Ok(())
}

/// The rest stops counting into the customer's exposure.
fn forget(it: &SaleOrder, tx: &mut Tx) -> Result<()> {
    tx.get(it.customer)?;
    if it.status == Status::Checked {
        tx.add(it.customer, "pending", -it.rest)?;
    }
    Ok(())
}

/// Gives the rest of an order up.
fn close(it: &mut SaleOrder, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.because(&asked.reason);
    forget(it, tx)?;
    it.status = Status::Closed;
    Ok(())
}

fn void(it: &mut SaleOrder, tx: &mut Tx, asked: Reason) -> Result<()> {
    check_untouched(it, tx)?;
    tx.because(&asked.reason);
    forget(it, tx)?;
    it.status = Status::Void;
    Ok(())
}
