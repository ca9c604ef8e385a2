//! The receipt 收款单: money comes in, and finds the sales that it pays.

use model::{
    Code, Date, Entity, Error, FieldDef, Form, Id, Label, Money, Result, Stamp, Tx, Value, Verbs, Views,
    refuse, system::User, verbs, views,
};

use super::receivable::{self, Allocation, Item, Kind, Receivable};
use super::{Sale, actor};
use crate::Customer;
use crate::document::{Reason, Status, check_date, check_open};

/// Money that a customer paid.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "收款单", en = "Receipt", module = "money", icon = "coin-yuan", number = "SK-{yymm}-{4}", title = number)]
#[entity(within = customer, derived = DERIVED, verbs = VERBS, views = VIEWS, check = check)]
#[entity(edit = |it| it.status == Status::Draft)]
pub struct Receipt {
    pub id: Id<Receipt>,
    /// Given when it is posted.
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "金额", en = "Amount", required, list, sum)]
    pub amount: Money,
    #[field(zh = "收款方式", en = "Method", code = "settlement_method", list, filter, again)]
    pub method: Option<Code>,
    #[field(zh = "收款账户", en = "Account", code = "money_account", list, filter, again)]
    pub account: Option<Code>,
    /// The sale that the customer named; without one the oldest debts are paid first.
    #[field(zh = "对应销售单", en = "For sale", list, depends = "customer")]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "流水号", en = "Reference", search)]
    pub reference: Option<String>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<Receipt>>,
    #[field(zh = "经手人", en = "Handled by", readonly, filter)]
    pub handler: Option<Id<User>>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

static DERIVED: &[FieldDef] = &[FieldDef {
    name: "unused",
    label: Label { zh: "未用（预收）", en: "Unused (advance)" },
    kind: model::Kind::Money,
    list: true,
    sum: true,
    sql: "SELECT CAST(-SUM(r.open) AS BIGINT) FROM receivable r WHERE r.receipt = {t}.id AND r.kind = 'receipt'",
    ..FieldDef::DERIVED
}];

const VERBS: Verbs<Receipt> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    allocate("核销", "Allocate", asks Allocate, when |it| it.status == Status::Posted && it.reverses.is_none(), else "只有已过账的收款可以核销" "Only a posted receipt can be allocated"),
    unallocate("撤销核销", "Take back", asks Unallocate, when |it| it.status == Status::Posted && it.reverses.is_none(), else "只有已过账的收款可以撤销核销" "Only a posted receipt has allocations", needs "allocate"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    this_month("本月", "This month", "date=this_month"),
    draft("待过账", "To post", "status=draft" => post),
    unused("有未用金额", "With an advance", "unused>0"),
    all("全部", "All", ""),
];

fn check(new: &mut Receipt, old: Option<&Receipt>, tx: &mut Tx) -> Result<()> {
    if new.amount <= Money(0) && new.reverses.is_none() {
        return Err(Error::invalid("amount", "not_positive"));
    }
    if old.is_none_or(|old| old.date != new.date) {
        check_date(new.date, tx)?;
    }
    if let Some(sale) = new.sale {
        check_sale(sale, new.customer, tx)?;
    }
    new.handler = new.handler.or_else(|| actor(tx));
    Ok(())
}

fn check_sale(sale: Id<Sale>, customer: Id<Customer>, tx: &mut Tx) -> Result<()> {
    if tx.get(sale)?.customer != customer {
        let says = Label { zh: "这张销售单是别的客户的", en: "This sale is another customer's" };
        return Err(Error::fault("sale", "other_customer", says));
    }
    Ok(())
}

/// Posts a receipt: it pays the named sale, then the oldest debts; what is left is an advance (FIN-08, FIN-16).
fn post(receipt: &mut Receipt, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(receipt.customer)?;
    check_open(receipt.date, tx)?;
    let mut credit = receivable::enter(tx, customer.id, item(receipt, Kind::Receipt))?;
    receivable::pay_oldest(tx, &mut credit, receipt.sale)?;
    receipt.status = Status::Posted;
    receipt.number = Some(tx.next_number::<Receipt>()?);
    Ok(())
}

/// Books the money that comes with a sale about to be posted.
pub(super) fn receive(tx: &mut Tx, sale: &Sale, account: Option<Code>, method: Option<Code>) -> Result<()> {
    let mut receipt = Receipt {
        id: Id::NEW,
        number: None,
        customer: sale.customer,
        date: sale.date,
        amount: sale.amount,
        method,
        account,
        sale: Some(sale.id),
        reference: None,
        status: Status::Draft,
        reverses: None,
        handler: actor(tx),
        remark: None,
        stamp: Stamp::default(),
    };
    tx.save(&mut receipt)?;
    post(&mut receipt, tx)?;
    tx.save(&mut receipt).map(drop)
}

fn item(receipt: &Receipt, kind: Kind) -> Item {
    Item { receipt: Some(receipt.id), ..Item::of(kind, receipt.date, -receipt.amount) }
}

fn credit_of(receipt: &Receipt, tx: &mut Tx) -> Result<Receivable> {
    let credit = receivable::item_of(tx, "receipt", Value::from(&receipt.id))?;
    credit.ok_or_else(|| Error::Internal(format!("receipt/{} has no entry", receipt.id.0)))
}

#[derive(Form)]
pub struct Allocate {
    #[field(zh = "销售单", en = "Sale", required)]
    sale: Id<Sale>,
    /// Empty is as much as possible.
    #[field(zh = "金额", en = "Amount")]
    amount: Option<Money>,
}

/// Lets what is left of a receipt pay a sale.
fn allocate(receipt: &mut Receipt, tx: &mut Tx, asked: Allocate) -> Result<()> {
    tx.get(receipt.customer)?;
    check_sale(asked.sale, receipt.customer, tx)?;
    let mut credit = credit_of(receipt, tx)?;
    let Some(mut charge) = receivable::item_of(tx, "sale", Value::from(&asked.sale))? else {
        refuse!("wrong_state", "这张销售单还没有过账" "This sale is not posted");
    };
    let most = Money(charge.open.0.min(-credit.open.0));
    let amount = asked.amount.unwrap_or(most);
    if amount <= Money(0) || amount > most {
        let says = model::Text::new(
            format!("最多可核销 {most}：收款未用 {}，销售单未收 {}", -credit.open, charge.open),
            format!("At most {most} can be allocated: {} is left, {} is unpaid", -credit.open, charge.open),
        );
        return Err(Error::fault("amount", "out_of_range", says));
    }
    receivable::allocate(tx, &mut charge, &mut credit, amount).map(drop)
}

#[derive(Form)]
pub struct Unallocate {
    #[field(zh = "核销", en = "Allocation", required)]
    allocation: Id<Allocation>,
    #[field(zh = "原因", en = "Reason", again)]
    reason: String,
}

/// Takes one allocation back, with history.
fn unallocate(receipt: &mut Receipt, tx: &mut Tx, asked: Unallocate) -> Result<()> {
    tx.get(receipt.customer)?;
    let one = tx.get(asked.allocation)?;
    let credit = credit_of(receipt, tx)?;
    if one.credit != credit.id || one.undoes.is_some() {
        return Err(Error::invalid("allocation", "unknown_link"));
    }
    if !tx.find::<Allocation>(&[("undoes", (&one.id).into())])?.is_empty() {
        refuse!("wrong_state", "这笔核销已经撤销" "This allocation was taken back already");
    }
    tx.because(&asked.reason);
    receivable::release(tx, &one)
}

/// Reverses a receipt by one of its own: what it paid is owed again.
fn reverse(receipt: &mut Receipt, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(receipt.customer)?;
    let today = tx.today();
    check_open(today, tx)?;
    let mut opposite = Receipt {
        id: Id::NEW,
        number: Some(tx.next_number::<Receipt>()?),
        date: today,
        amount: -receipt.amount,
        sale: None,
        status: Status::Posted,
        reverses: Some(receipt.id),
        handler: actor(tx),
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..receipt.clone()
    };
    tx.save(&mut opposite)?;
    let credit = credit_of(receipt, tx)?;
    receivable::reverse(tx, &credit, item(&opposite, Kind::Reversal))?;
    tx.because(&asked.reason);
    receipt.status = Status::Reversed;
    Ok(())
}
