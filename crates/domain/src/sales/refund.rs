//! The refund 退款单: money that was paid in advance, or is owed for a return, goes back to the customer (SAL-07, A-48).

use model::{
    Code, Date, Entity, Error, Id, Money, Notice, Result, Stamp, Text, Tx, Value, Verbs, Views, verbs, views,
};

use super::cash::{self, CashEntry};
use super::receivable::{self, Item, Kind};
use crate::document::{Reason, Status, check_date, check_open};
use crate::{Customer, moves};

#[derive(Debug, Clone, Entity)]
#[entity(zh = "退款单", en = "Refund", module = "money", icon = "transfer", number = "TK-{yymm}-{4}", title = number)]
#[entity(within = customer, verbs = VERBS, views = VIEWS, check = check, moves = moves, edit = |it| it.status == Status::Draft)]
pub struct Refund {
    pub id: Id<Refund>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "金额", en = "Amount", required, list, sum)]
    pub amount: Money,
    #[field(zh = "付款方式", en = "Method", code = "settlement_method", list, filter, again)]
    pub method: Option<Code>,
    #[field(zh = "付款账户", en = "Account", code = "money_account", list, filter, again)]
    pub account: Option<Code>,
    #[field(zh = "流水号", en = "Reference", search)]
    pub reference: Option<String>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<Refund>>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

const VERBS: Verbs<Refund> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn check(new: &mut Refund, old: Option<&Refund>, tx: &mut Tx) -> Result<()> {
    if new.amount <= Money(0) && new.reverses.is_none() {
        return Err(Error::invalid("amount", "not_positive"));
    }
    check_date(new.date, old.map(|old| old.date), tx)?;
    Ok(())
}

/// Pays back at most what the customer has to its credit.
fn post(refund: &mut Refund, tx: &mut Tx) -> Result<()> {
    let customer = tx.get(refund.customer)?;
    check_open(refund.date, tx)?;
    let free = receivable::unused(tx, customer.id)?;
    if refund.amount > free {
        let says = Text::new(
            format!("最多可退 {free}：这是客户预收和退货还没有用掉的钱"),
            format!("At most {free} can be paid back: what is left of advances and returns"),
        );
        return Err(Error::fault("amount", "out_of_range", says));
    }
    let mut charge = receivable::enter(tx, customer.id, item(refund, Kind::Refund))?;
    receivable::use_advances(tx, &mut charge)?;
    pay(refund, tx)?;
    refund.status = Status::Posted;
    refund.number = Some(tx.next_number::<Refund>()?);
    Ok(())
}

/// Takes the money out of its account.
fn pay(it: &Refund, tx: &mut Tx) -> Result<()> {
    let entry = CashEntry::of(cash::Kind::Refund, it.date, &it.account, -it.amount);
    CashEntry { customer: Some(it.customer), refund: Some(it.id), ..entry }.enter(tx)
}

fn moves(it: &Refund, tx: &mut Tx) -> Result<Option<Notice>> {
    if it.status == Status::Draft {
        moves::moves(tx, it.date, Some(it.customer), Vec::new())
    } else {
        Ok(None)
    }
}

fn item(refund: &Refund, kind: Kind) -> Item {
    Item { refund: Some(refund.id), ..Item::of(kind, refund.date, refund.amount) }
}

fn reverse(refund: &mut Refund, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.get(refund.customer)?;
    let today = tx.today();
    check_open(today, tx)?;
    let mut opposite = Refund {
        id: Id::NEW,
        number: Some(tx.next_number::<Refund>()?),
        date: today,
        amount: -refund.amount,
        status: Status::Posted,
        reverses: Some(refund.id),
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..refund.clone()
    };
    tx.save(&mut opposite)?;
    let charge = receivable::entry_of(tx, "refund", Value::from(&refund.id))?;
    receivable::reverse(tx, &charge, item(&opposite, Kind::Reversal))?;
    pay(&opposite, tx)?;
    tx.because(&asked.reason);
    refund.status = Status::Reversed;
    Ok(())
}
