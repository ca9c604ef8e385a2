//! What customers owed when the books began 期初应收: one document an open item, so that each is due on its own day.

use model::{Date, Entity, Error, Id, Money, Notice, Result, Stamp, Tx, Value, Verbs, Views, verbs, views};

use super::credit::due;
use super::receivable::{self, Item, Kind};
use super::settle::{self, Allocate, Unallocate};
use crate::document::{Reason, Status, check_date, check_open};
use crate::{Customer, moves};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "期初应收", en = "Opening receivable", module = "money", icon = "book", number = "QC-{6}", title = number)]
#[entity(within = customer, verbs = VERBS, views = VIEWS, check = check, moves = moves, edit = |it| it.status == Status::Draft)]
pub struct ReceivableOpening {
    pub id: Id<ReceivableOpening>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter, alias = "客户名称|customer name")]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today", alias = "单据日期|发生日期")]
    pub date: Date,
    /// Empty is the date plus the customer's credit term.
    #[field(zh = "到期日", en = "Due", list, filter)]
    pub due: Option<Date>,
    /// A minus is what the customer had paid in advance.
    #[field(zh = "金额", en = "Amount", required, list, sum, alias = "欠款|未收金额|余额")]
    pub amount: Money,
    #[field(zh = "原单号", en = "Old number", search, list, alias = "单据号|发票号|reference")]
    pub reference: Option<String>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

const VERBS: Verbs<ReceivableOpening> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    allocate("核销", "Allocate", asks Allocate, when |it| it.status == Status::Posted && it.amount < Money(0), else "只有已过账的期初预收可以核销" "Only what was paid in advance before the books began can be allocated"),
    unallocate("撤销核销", "Take back", asks Unallocate, when |it| it.status == Status::Posted && it.amount < Money(0), else "只有已过账的期初预收可以核销" "Only what was paid in advance before the books began can be allocated", needs "allocate"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted, else "没有过账" "Not posted", is danger),
];

const VIEWS: Views = views![draft("待过账", "To post", "status=draft" => post), all("全部", "All", "")];

fn check(new: &mut ReceivableOpening, old: Option<&ReceivableOpening>, tx: &mut Tx) -> Result<()> {
    if new.amount == Money(0) {
        return Err(Error::invalid("amount", "required"));
    }
    check_date(new.date, old.map(|old| old.date), tx)?;
    Ok(())
}

fn moves(it: &ReceivableOpening, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status == Status::Draft {
        moves::moves(tx, it.date, Some(it.customer), Vec::new())
    } else {
        Ok(None)
    }
}

fn item(it: &ReceivableOpening, kind: Kind, amount: Money) -> Item {
    Item {
        due: it.due.filter(|_| amount > Money(0)),
        opening: Some(it.id),
        ..Item::of(kind, it.date, amount)
    }
}

fn post(it: &mut ReceivableOpening, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(it.customer)?;
    check_open(it.date, tx)?;
    if it.due.is_none() && it.amount > Money(0) {
        it.due = Some(due(&customer, it.date));
    }
    receivable::enter(tx, customer.id, item(it, Kind::Opening, it.amount))?;
    it.status = Status::Posted;
    it.number = Some(tx.next_number::<ReceivableOpening>()?);
    Ok(())
}

/// Takes an opening item back by an entry of the same day the other way round.
fn reverse(it: &mut ReceivableOpening, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(it.customer)?;
    check_open(it.date, tx)?;
    let entry = receivable::entry_of(tx, of(it).0, of(it).1)?;
    receivable::reverse(tx, &entry, item(it, Kind::Reversal, -it.amount))?;
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}

/// The field of the account that names it.
fn of(it: &ReceivableOpening) -> (&'static str, Value) {
    ("opening", Value::from(&it.id))
}

fn allocate(it: &mut ReceivableOpening, tx: &mut Tx, asked: Allocate) -> Result<()> {
    settle::allocate(tx, it.customer, of(it), asked)
}

fn unallocate(it: &mut ReceivableOpening, tx: &mut Tx, asked: Unallocate) -> Result<()> {
    settle::unallocate(tx, it.customer, of(it), asked)
}
