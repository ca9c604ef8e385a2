//! The sale return 销售退货: goods come back, or only money is given for them; either way the customer owes less.

use model::{
    Code, Date, Entity, Error, Id, Label, Money, Price, Quantity, Rate, Result, Sql, Stamp, Tx, Value, Verbs,
    Views, refuse, system::Department, system::User, verbs, views,
};

use super::account::{self, SaleEntry, reckon};
use super::receivable::{self, Item, Kind};
use super::{Sale, SaleLine, actor};
use crate::document::{Reason, Status, check_date, check_open, no_lines};
use crate::stock::{self, Movement, Warehouse, check_warehouse, main_warehouse};
use crate::{Customer, Product};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "销售退货", en = "Sale return", module = "sales", icon = "arrow-back-up", number = "TH-{yymm}-{4}", title = number)]
#[entity(owner = salesperson, department = department, within = customer, lines = SaleReturnLine)]
#[entity(verbs = VERBS, views = VIEWS, check = complete, tally = tally, edit = |it| it.status == Status::Draft)]
pub struct SaleReturn {
    pub id: Id<SaleReturn>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    /// The sale that the goods came with; without one the return is free.
    #[field(zh = "原销售单", en = "Of sale", list, filter, depends = "customer")]
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
    /// Of one unit, tax included; empty takes the price at which it was sold, else the list price.
    #[field(zh = "单价", en = "Price", list, auto)]
    pub price: Option<Price>,
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
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn complete(new: &mut SaleReturn, old: Option<&SaleReturn>, tx: &mut Tx) -> Result<()> {
    if old.is_none_or(|old| old.date != new.date) {
        check_date(new.date, tx)?;
    }
    if let Some(sale) = new.sale {
        let sale = tx.get(sale)?;
        if sale.customer != new.customer {
            let says =
                Label { zh: "这张销售单是别的客户的", en: "This sale is another customer's" };
            return Err(Error::fault("sale", "other_customer", says));
        }
        new.salesperson = new.salesperson.or(sale.salesperson);
        new.warehouse = new.warehouse.or(sale.warehouse);
    }
    if old.is_none_or(|old| old.customer != new.customer) {
        new.customer_owner = tx.get(new.customer)?.owner;
    }
    new.salesperson = new.salesperson.or(new.customer_owner).or_else(|| actor(tx));
    let maker = new.salesperson.filter(|maker| old.is_none_or(|old| old.salesperson != Some(*maker)));
    if let Some(maker) = maker {
        new.department = tx.catalog.department_of(maker.0).map(Id::of).or(new.department);
    }
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
    let product = tx.get(new.product)?;
    let head = tx.get(new.sale_return)?;
    if old.is_none_or(|old| old.product != new.product) {
        new.unit = product.unit;
        if let Some(line) = sold(head.sale, new.product, tx)? {
            new.discount = if new.price.is_none() { line.discount } else { new.discount };
            new.price = new.price.or(line.price);
            new.tax_rate = new.tax_rate.or(line.tax_rate);
        }
    }
    if new.quantity <= Quantity(0) && head.reverses.is_none() {
        return Err(Error::invalid("quantity", "not_positive"));
    }
    let price = *new.price.get_or_insert(product.price);
    let rate = *new.tax_rate.get_or_insert(product.tax_rate);
    (new.amount, new.tax) = reckon(new.quantity, price, new.discount, rate)?;
    Ok(())
}

fn tally(it: &mut SaleReturn, tx: &mut Tx) -> Result<()> {
    let lines = tx.lines(it)?;
    it.amount = lines.iter().map(|line| line.amount).sum();
    it.tax = lines.iter().map(|line| line.tax).sum();
    Ok(())
}

/// Of a tied return no more comes back than was sold and has not come back yet.
fn check_sold(it: &SaleReturn, lines: &[SaleReturnLine], tx: &mut Tx) -> Result<()> {
    let Some(sale) = it.sale.filter(|_| !tx.history) else { return Ok(()) };
    let of = tx.get(sale)?;
    if of.due.is_none() || of.reverses.is_some() {
        refuse!("wrong_state", "原销售单还没有过账" "The sale is not posted");
    }
    for line in lines {
        let product = [("sale", Value::from(&sale)), ("product", Value::from(&line.product))];
        let sold = tx.sum::<SaleLine>("quantity", &product, None)?;
        let mut sql = Sql::new(
            "SELECT CAST(COALESCE(SUM(l.quantity), 0) AS BIGINT) FROM sale_return_line l JOIN sale_return r ON \
             r.id = l.sale_return WHERE r.status <> 'draft' AND r.sale = ",
        );
        sql.bind(sale.0).push(" AND l.product = ").bind(line.product.0);
        let back = tx.one(&sql)?;
        let asked: Quantity =
            lines.iter().filter(|it| it.product == line.product).map(|it| it.quantity).sum();
        if of.status == super::sale::Status::Reversed || asked.0 > sold - back {
            let says = model::Text::new(
                format!(
                    "最多可退 {}：卖出 {}，已退 {}",
                    Quantity((sold - back).max(0)),
                    Quantity(sold),
                    Quantity(back)
                ),
                format!(
                    "At most {} can come back: {} were sold, {} came back",
                    Quantity((sold - back).max(0)),
                    Quantity(sold),
                    Quantity(back)
                ),
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
    let mut lines = tx.lines(it)?;
    if lines.is_empty() {
        return Err(no_lines());
    }
    check_sold(it, &lines, tx)?;
    lines.sort_by_key(|line| line.product.0);
    for line in &mut lines {
        // What comes back is worth what it cost when it left; without goods nothing changes in the stock.
        let of = sold(it.sale, line.product, tx)?;
        let cost = of.and_then(|of| Some(of.cost?.share(line.quantity.0, of.quantity.0)));
        line.cost = if it.goods {
            take_back(it, line, cost, line.quantity, Movement::Return, tx)?
        } else {
            Some(Money(0))
        };
        if line.cost.is_some() {
            tx.touch(line.id, "cost", Value::from(&line.cost))?;
        }
        account::enter(tx, account_entry(it, line))?;
    }
    let item = Item { salesperson: it.salesperson, ..item(it, Kind::Return) };
    let mut credit = receivable::enter(tx, customer.id, item)?;
    receivable::pay_oldest(tx, &mut credit, it.sale)?;
    it.status = Status::Posted;
    if it.number.is_none() {
        it.number = Some(tx.next_number::<SaleReturn>()?);
    }
    Ok(())
}

fn take_back(
    it: &SaleReturn,
    line: &SaleReturnLine,
    cost: Option<Money>,
    quantity: Quantity,
    kind: Movement,
    tx: &mut Tx,
) -> Result<Option<Money>> {
    let warehouse = it.warehouse.ok_or_else(|| Error::invalid("warehouse", "required"))?;
    check_warehouse(tx, warehouse)?;
    let (product, date, sale_return) = (line.product, it.date, Some(it.id));
    stock::enter(
        tx,
        stock::Entry {
            product,
            warehouse,
            date,
            kind,
            quantity,
            cost,
            sale: None,
            sale_return,
            stock_in: None,
        },
    )
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
    let mut lines = tx.lines(it)?;
    lines.sort_by_key(|line| line.product.0);
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
        let mut back =
            SaleReturnLine { id: Id::NEW, sale_return: opposite.id, quantity, cost, stamp, ..line };
        tx.save(&mut back)?;
        if it.goods {
            take_back(&opposite, &back, cost, quantity, Movement::Reversal, tx)?;
        }
        account::enter(tx, account_entry(&opposite, &back))?;
    }
    let credit = receivable::item_of(tx, "sale_return", Value::from(&it.id))?;
    let credit = credit.ok_or_else(|| Error::Internal(format!("sale_return/{} has no entry", it.id.0)))?;
    receivable::reverse(tx, &credit, item(&opposite, Kind::Reversal))?;
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}
