//! The receipt 收款单: money comes in, and finds the sales that it pays.

use model::{
    Code, Date, Entity, Error, FieldDef, Id, Label, Money, Notice, Result, Stamp, Tx, Value, Verbs, Views,
    system::User, verbs, views,
};

use super::cash::{self, CashEntry};
use super::receivable::{self, Item, Kind};
use super::settle::{self, Aim, Allocate, By, Unallocate};
use super::{BankLine, Sale, actor};
use crate::document::{Reason, Status, check_date, check_open};
use crate::{Customer, Product, moves};

/// Money that a customer paid.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "收款单", en = "Receipt", module = "money", icon = "coin-yuan", number = "SK-{yymm}-{4}", title = number)]
#[entity(within = customer, derived = DERIVED, verbs = VERBS, views = VIEWS, check = check, moves = moves)]
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
    /// What of it the bank kept: the customer has paid it all the same.
    #[field(zh = "手续费", en = "Fee", sum)]
    pub fee: Money,
    #[field(zh = "收款方式", en = "Method", code = "settlement_method", list, filter, again)]
    pub method: Option<Code>,
    #[field(zh = "收款账户", en = "Account", code = "money_account", list, filter, again)]
    pub account: Option<Code>,
    /// The sale that the customer named; without one the oldest debts are paid first.
    #[field(zh = "对应销售单", en = "For sale", list, depends = "customer")]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "核销方式", en = "Settles", filter)]
    pub by: By,
    #[field(zh = "核销商品", en = "Goods settled")]
    pub product: Option<Id<Product>>,
    #[field(zh = "期间从", en = "Period from")]
    pub first: Option<Date>,
    #[field(zh = "期间至", en = "Period to")]
    pub last: Option<Date>,
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
    if new.reverses.is_none() && !(Money(0)..=new.amount).contains(&new.fee) {
        let says = Label {
            zh: "手续费不能是负数，也不能多于收款",
            en: "A fee is no more than the amount, and not below zero",
        };
        return Err(Error::fault("fee", "out_of_range", says));
    }
    check_date(new.date, old.map(|old| old.date), tx)?;
    if let Some(sale) = new.sale {
        check_sale(sale, new.customer, tx)?;
    }
    new.aim().check()?;
    new.handler = new.handler.or_else(|| actor(tx));
    Ok(())
}

impl Receipt {
    fn aim(&self) -> Aim {
        let Receipt { by, sale, product, first, last, .. } = *self;
        Aim { by, sale, charge: None, product, first, last }
    }
}

fn check_sale(sale: Id<Sale>, customer: Id<Customer>, tx: &mut Tx) -> Result<()> {
    if tx.get(sale)?.customer != customer {
        let says = Label { zh: "这张销售单是别的客户的", en: "This sale is another customer's" };
        return Err(Error::fault("sale", "other_customer", says));
    }
    Ok(())
}

/// Posts a receipt: it pays the named sale, then what it is meant for; what is left is an advance (FIN-08, FIN-16).
fn post(receipt: &mut Receipt, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(receipt.customer)?;
    check_open(receipt.date, tx)?;
    let mut credit = receivable::enter(tx, customer.id, item(receipt, Kind::Receipt))?;
    settle::pay(tx, &mut credit, &receipt.aim(), receipt.amount)?;
    bank(receipt, tx)?;
    receipt.status = Status::Posted;
    receipt.number = Some(tx.next_number::<Receipt>()?);
    Ok(())
}

/// Puts the money into its account, without what the bank kept of it.
fn bank(it: &Receipt, tx: &mut Tx) -> Result<()> {
    for (kind, amount) in [(cash::Kind::Receipt, it.amount), (cash::Kind::Fee, -it.fee)] {
        let entry = CashEntry::of(kind, it.date, &it.account, amount);
        CashEntry { customer: Some(it.customer), receipt: Some(it.id), ..entry }.enter(tx)?;
    }
    Ok(())
}

/// Books the money that comes with a sale about to be posted.
pub(super) fn receive(tx: &mut Tx, sale: &Sale, account: Option<Code>, method: Option<Code>) -> Result<()> {
    let receipt =
        Receipt { method, account, sale: Some(sale.id), ..new(tx, sale.customer, sale.date, sale.amount) };
    booked(tx, receipt).map(drop)
}

/// Books the money that a bank says came in.
pub(super) fn book(tx: &mut Tx, customer: Id<Customer>, line: &BankLine) -> Result<Id<Receipt>> {
    let BankLine { by, account, reference, purpose, .. } = line.clone();
    let receipt = new(tx, customer, line.date, line.amount);
    booked(tx, Receipt { by, account, reference, remark: purpose, ..receipt })
}

/// Reverses a receipt for whom its money turned out not to be, unless somebody has done so.
pub(super) fn take_back(tx: &mut Tx, receipt: Id<Receipt>, asked: Reason) -> Result<()> {
    let mut receipt = tx.get(receipt)?;
    if receipt.status == Status::Posted {
        reverse(&mut receipt, tx, asked)?;
        tx.save(&mut receipt)?;
    }
    Ok(())
}

fn new(tx: &Tx, customer: Id<Customer>, date: Date, amount: Money) -> Receipt {
    Receipt {
        id: Id::NEW,
        number: None,
        customer,
        date,
        amount,
        fee: Money(0),
        method: None,
        account: None,
        sale: None,
        by: By::Oldest,
        product: None,
        first: None,
        last: None,
        reference: None,
        status: Status::Draft,
        reverses: None,
        handler: actor(tx),
        remark: None,
        stamp: Stamp::default(),
    }
}

fn booked(tx: &mut Tx, mut receipt: Receipt) -> Result<Id<Receipt>> {
    tx.save(&mut receipt)?;
    post(&mut receipt, tx)?;
    tx.save(&mut receipt)
}

fn moves(it: &Receipt, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status == Status::Draft {
        moves::moves(tx, it.date, Some(it.customer), Vec::new())
    } else {
        Ok(None)
    }
}

fn item(receipt: &Receipt, kind: Kind) -> Item {
    Item { receipt: Some(receipt.id), ..Item::of(kind, receipt.date, -receipt.amount) }
}

/// The field of the account that names a receipt.
fn of(receipt: &Receipt) -> (&'static str, Value) {
    ("receipt", Value::from(&receipt.id))
}

fn allocate(receipt: &mut Receipt, tx: &mut Tx, asked: Allocate) -> Result<()> {
    settle::allocate(tx, receipt.customer, of(receipt), asked)
}

fn unallocate(receipt: &mut Receipt, tx: &mut Tx, asked: Unallocate) -> Result<()> {
    settle::unallocate(tx, receipt.customer, of(receipt), asked)
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
        fee: -receipt.fee,
        sale: None,
        status: Status::Posted,
        reverses: Some(receipt.id),
        handler: actor(tx),
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..receipt.clone()
    };
    tx.save(&mut opposite)?;
    let credit = receivable::entry_of(tx, of(receipt).0, of(receipt).1)?;
    receivable::reverse(tx, &credit, item(&opposite, Kind::Reversal))?;
    bank(&opposite, tx)?;
    tx.because(&asked.reason);
    receipt.status = Status::Reversed;
    Ok(())
}
