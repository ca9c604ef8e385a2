//! The sale return 销售退货: goods come back, or only money is given for them; either way the customer owes less.

use std::cmp::Reverse;

use model::{
    Code, Date, Entity, Error, Id, Label, Money, Notice, Price, Quantity, Rate, Result, Sql, Stamp, Text, Tx,
    Value, Verbs, Views, refuse, system::Department, system::User, verbs, views,
};

use super::account::{self, SaleEntry};
use super::performance::{self, Deal};
use super::price::{self, Terms};
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
#[entity(verbs = VERBS, views = VIEWS, check = complete, tally = tally, brings = brings, moves = moves, edit = |it| it.status == Status::Draft, rights = RIGHTS)]
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

/// Crediting what no sale brought: without one, or more than it brought.
static RIGHTS: &[(&str, Label)] = &[("return_freely", Label { zh: "自由退货", en: "Return freely" })];

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

/// A line of the tied sale, and how much of it has come back.
#[derive(Clone)]
struct Sold {
    line: SaleLine,
    back: Quantity,
    /// What of its amount and its tax that was.
    gone: [Money; 2],
}

/// What a return line takes back of the lines of its sale.
#[derive(Default)]
struct Taken {
    /// What that brought, so that all parts of a line together are the line to the cent.
    amount: Money,
    tax: Money,
    cost: Option<Money>,
    /// Where price, discount, their reason and tax rate are from.
    at: Option<SaleLine>,
    /// More than one line of the sale.
    several: bool,
    /// What goes beyond.
    over: Quantity,
}

/// The lines of a sale, the dearest first, so that a gift comes back last, with what has come back of each.
fn sold(sale: &Sale, tx: &mut Tx) -> Result<Vec<Sold>> {
    let lines = tx.lines(sale)?.into_iter();
    let mut sold: Vec<_> = lines.map(|line| Sold { line, back: Quantity(0), gone: [Money(0); 2] }).collect();
    sold.sort_by_key(|it| Reverse(Terms::from(&it.line).offer().net));
    let mut sql = Sql::new("sale_return IN (SELECT id FROM sale_return WHERE status <> 'draft' AND sale = ");
    sql.bind(sale.id.0).push(") ORDER BY id");
    for line in tx.find_where::<SaleReturnLine>(&sql)? {
        let taken = take(&mut sold, &line);
        // As it was rounded then: what came back before it may have been reversed since.
        if let Some(it) = sold.iter_mut().find(|it| it.sells(&line) && taken.is_as_sold(&line)) {
            it.gone[0] = it.gone[0] + line.amount - taken.amount;
            it.gone[1] = it.gone[1] + line.tax - taken.tax;
        }
    }
    Ok(sold)
}

/// Takes a return line out of what was sold: at its own price first, then at any.
fn take(sold: &mut [Sold], of: &SaleReturnLine) -> Taken {
    let mut taken = Taken { cost: Some(Money(0)), over: of.quantity, ..Taken::default() };
    let mut mixed = false;
    for same in [true, false] {
        let fits = |it: &&mut Sold| it.line.product == of.product && it.sells(of) == same;
        for Sold { line, back, gone } in sold.iter_mut().filter(fits) {
            let now = taken.over.clamp(-*back, line.quantity - *back);
            if now == Quantity(0) {
                continue;
            }
            let (from, to, all) = (back.0, (*back + now).0, line.quantity.0);
            let before = std::mem::replace(gone, [line.amount, line.tax].map(|it| it.share(to, all)));
            taken.amount = taken.amount + gone[0] - before[0];
            taken.tax = taken.tax + gone[1] - before[1];
            let part = |it: Money| it.share(to, all) - it.share(from, all);
            taken.cost = taken.cost.zip(line.cost).map(|(sum, it)| sum + part(it));
            mixed |=
                taken.at.as_ref().is_some_and(|it| (it.price, it.discount) != (line.price, line.discount));
            taken.several = taken.at.is_some();
            taken.at = Some(line.clone());
            *back = *back + now;
            taken.over = taken.over - now;
        }
    }
    if mixed {
        // One price for what had several: that of one unit of all together.
        let quantity = i128::from((of.quantity - taken.over).0);
        let price = (i128::from(taken.amount.0) * 1_000_000 + quantity / 2) / quantity;
        let price = i64::try_from(price).ok().map(Price);
        taken.at = taken.at.map(|it| SaleLine { price, discount: Rate(0), why: None, ..it });
    }
    taken
}

impl Sold {
    /// The same product at the same price.
    fn sells(&self, it: &SaleReturnLine) -> bool {
        (self.line.product, self.line.price, self.line.discount) == (it.product, it.price, it.discount)
    }
}

impl Taken {
    /// What was sold at the price of this line.
    fn price_of(&self, line: &SaleReturnLine) -> Option<&SaleLine> {
        self.at.as_ref().filter(|it| (it.price, it.discount) == (line.price, line.discount))
    }

    /// All of it comes back at the price at which it was sold.
    fn is_as_sold(&self, line: &SaleReturnLine) -> bool {
        self.over == Quantity(0) && self.price_of(line).is_some()
    }
}

/// What a line of a draft takes of its sale, once the lines before it have taken theirs.
fn taken(head: &SaleReturn, sale: Id<Sale>, line: &SaleReturnLine, tx: &mut Tx) -> Result<Taken> {
    let sale = tx.get(sale)?;
    let mut sold = sold(&sale, tx)?;
    let lines = tx.lines(head)?;
    for before in lines.iter().filter(|it| line.id == Id::NEW || it.id.0 < line.id.0) {
        take(&mut sold, before);
    }
    Ok(take(&mut sold, line))
}

fn check_line(new: &mut SaleReturnLine, old: Option<&SaleReturnLine>, tx: &mut Tx) -> Result<()> {
    let head = tx.get(new.sale_return)?;
    // A reversal takes back what was credited, to the cent.
    if head.reverses.is_some() {
        return Ok(());
    }
    if new.quantity <= Quantity(0) {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    let (mut of_sale, mut as_sold) = (None, None);
    if let Some(sale) = head.sale {
        // The price that the sale gave follows what comes back.
        if let Some(old) = old
            && (old.price, old.discount) == (new.price, new.discount)
            && (old.product, old.quantity) != (new.product, new.quantity)
            && taken(&head, sale, old, tx)?.is_as_sold(old)
        {
            new.price = None;
        }
        let taken = taken(&head, sale, new, tx)?;
        if let (None, Some(at)) = (new.price, taken.at.clone()) {
            (new.price, new.discount, new.why) = (at.price, at.discount, at.why);
            new.tax_rate = new.tax_rate.or(at.tax_rate);
        }
        // For the same reason.
        as_sold = taken.price_of(new).and_then(|it| it.why.clone());
        of_sale = Some(taken).filter(|it| !tx.history && it.is_as_sold(new));
    }
    let was = old.map(|old| (old.product, old.quantity, old.price));
    // What was sold comes back at the price at which it was sold, be it a part of it.
    let line = price::line!(new, was, head.sale.is_none());
    (new.amount, new.tax) = line.reckon(tx, head.id, |it| (it.customer, it.date))?;
    if as_sold.is_some() {
        new.why = as_sold;
    }
    if let Some(of_sale) = of_sale {
        (new.amount, new.tax) = (of_sale.amount, of_sale.tax);
    }
    Ok(())
}

fn tally(it: &mut SaleReturn, tx: &mut Tx) -> Result<()> {
    let lines = tx.lines(it)?;
    it.amount = lines.iter().map(|line| line.amount).sum();
    it.tax = lines.iter().map(|line| line.tax).sum();
    Ok(())
}

/// What can still come back of the sale that a new return names.
fn brings(it: &SaleReturn, tx: &mut Tx) -> Result<Vec<SaleReturnLine>> {
    let Some(sale) = it.sale else { return Ok(Vec::new()) };
    let sale = tx.get(sale)?;
    let mut left: Vec<_> = sold(&sale, tx)?.into_iter().filter(|it| it.line.quantity > it.back).collect();
    left.sort_by_key(|it| it.line.id.0);
    let mut found = Vec::new();
    for Sold { line, back, .. } in left {
        let SaleLine { product, unit, price, why, discount, tax_rate, .. } = line;
        let (amount, tax, stamp) = (Money(0), Money(0), Stamp::default());
        let (id, sale_return, quantity, cost) = (Id::NEW, it.id, line.quantity - back, None);
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

/// The lines of the tied sale, which is posted and stands.
fn tied(it: &SaleReturn, tx: &mut Tx) -> Result<Vec<Sold>> {
    let Some(sale) = it.sale else { return Ok(Vec::new()) };
    let of = tx.get(sale)?;
    if !tx.history && (of.due.is_none() || of.reverses.is_some()) {
        refuse!("wrong_state", "原销售单还没有过账" "The sale is not posted");
    }
    if !tx.history && it.date < of.date {
        let says = Label { zh: "退货不能早于销售", en: "Goods come back after they were sold" };
        return Err(Error::fault("date", "out_of_range", says));
    }
    if !tx.history && of.status == super::sale::Status::Reversed {
        refuse!("wrong_state", "原销售单已经红冲" "The sale was reversed");
    }
    sold(&of, tx)
}

fn more_than_sold(of: &[Sold], line: &SaleReturnLine, asked: Quantity, tx: &mut Tx) -> Result<Error> {
    let product = tx.get(line.product)?.number;
    let of = of.iter().filter(|it| it.line.product == line.product);
    let (sold, back): (Vec<_>, Vec<_>) = of.map(|it| (it.line.quantity, it.back)).unzip();
    let (sold, back): (Quantity, Quantity) = (sold.into_iter().sum(), back.into_iter().sum());
    let most = sold - back;
    let says = Text::new(
        format!("最多可退 {most}：卖出 {sold}，已退 {back}"),
        format!("At most {most} can come back: {sold} were sold, {back} came back"),
    );
    let figures: [(_, &dyn std::fmt::Display); 5] =
        [("product", &product), ("sold", &sold), ("back", &back), ("available", &most), ("asked", &asked)];
    Ok(Error::refused("more_than_sold", says).with(&figures))
}

/// Posts a return: it credits the customer, the tied sale first, and takes the goods back at what they cost.
fn post(it: &mut SaleReturn, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(it.customer)?;
    check_open(it.date, tx)?;
    let mut lines = goods_of(it, |line| line.product, tx)?;
    let mut sold = tied(it, tx)?;
    let before = sold.clone();
    let given: Vec<_> = lines.iter().map(|it| (it.product, it.quantity)).collect();
    let asked = |of: Id<Product>| given.iter().filter(|it| it.0 == of).map(|it| it.1).sum();
    let (mut freely, mut all) = (tx.history || it.sale.is_none(), Vec::new());
    for line in &mut lines {
        let taken = take(&mut sold, line);
        let is_free = it.sale.is_none() || tx.history;
        if !is_free && taken.over > Quantity(0) {
            return Err(more_than_sold(&before, line, asked(line.product), tx)?);
        }
        // What came back meanwhile may have moved a cent.
        if !is_free && taken.is_as_sold(line) && (line.amount, line.tax) != (taken.amount, taken.tax) {
            (line.amount, line.tax) = (taken.amount, taken.tax);
            tx.touch(line.id, "amount", Value::from(&line.amount))?;
            tx.touch(line.id, "tax", Value::from(&line.tax))?;
        }
        freely |= line.amount > taken.amount;
        all.push(taken);
    }
    if freely && !tx.actor_can(SaleReturn::DEF, "return_freely") {
        refuse!("free_return", "没有原销售单，或退得比卖出时贵：请选原销售单、按原价退，或由有“自由退货”权限的人过账" "It names no sale, or credits more than that brought: name the sale and its price, or let someone post it who may return freely");
    }
    it.amount = lines.iter().map(|it| it.amount).sum();
    it.tax = lines.iter().map(|it| it.tax).sum();
    if let Some(warehouse) = it.warehouse.filter(|_| it.goods) {
        check_warehouse(tx, warehouse)?;
    }
    for (line, taken) in lines.iter_mut().zip(all) {
        // What comes back is worth what it cost when it left.
        line.cost = if it.goods {
            let goods = goods(it, line, &taken, tx)?;
            stock::enter(tx, goods)?
        } else {
            // Without goods nothing changes in the stock.
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
    let (lines, mut sold) = (tx.lines(it)?, tied(it, tx)?);
    let goods = lines.iter().filter(|_| it.goods).map(|line| goods(it, line, &take(&mut sold, line), tx));
    let goods = goods.collect::<Result<_>>()?;
    moves::moves(tx, it.date, Some(it.customer), goods)
}

/// The goods of a line that come back.
fn goods(it: &SaleReturn, line: &SaleReturnLine, taken: &Taken, tx: &mut Tx) -> Result<Entry> {
    let warehouse = it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))?;
    let takes_back = match &taken.at {
        Some(sold) if !taken.several => stock::entry_of(tx, ("sale", (&sold.sale).into()), sold.id.0)?,
        _ => None,
    };
    let of = Source { sale_return: Some(it.id), ..Source::default() };
    let (product, date, quantity) = (line.product, it.date, line.quantity);
    let (kind, cost, line) = (Movement::Return, taken.cost.filter(|_| taken.several), line.id.0);
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
        let (quantity, cost) = (-line.quantity, line.cost.map(|it| -it));
        let (amount, tax, stamp) = (-line.amount, -line.tax, Stamp::default());
        let takes_back = stock::entry_of(tx, of(it), line.id.0)?;
        let mut back = SaleReturnLine {
            id: Id::NEW,
            sale_return: opposite.id,
            quantity,
            cost,
            amount,
            tax,
            stamp,
            ..line
        };
        tx.save(&mut back)?;
        if it.goods {
            let goods = goods(&opposite, &back, &Taken::default(), tx)?;
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
