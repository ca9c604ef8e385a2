//! The cash ledger 资金流水: what came into each account of the house and what went out, and so what is in it (FIN-18).

use model::{
    Choice, Code, Date, Entity, Error, FieldDef, Id, Label, Money, Result, Stamp, Tx, Verbs, Views, verbs,
    views,
};

use super::{Receipt, Refund};
use crate::Customer;
use crate::document::{Reason, Status, check_date, check_open};

/// Money that came into an account or, with a minus, went out of it.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "资金流水", en = "Cash entry", module = "money", icon = "list-details", title = account)]
#[entity(ledger, index(account, date, amount), views = ENTRY_VIEWS, derived = DERIVED)]
pub struct CashEntry {
    pub id: Id<CashEntry>,
    /// Empty where the document names none.
    #[field(zh = "账户", en = "Account", code = "money_account", readonly, list, filter)]
    pub account: Option<Code>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "种类", en = "Kind", readonly, list, filter)]
    pub kind: Kind,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Option<Id<Customer>>,
    #[field(zh = "收款单", en = "Receipt", readonly, list, filter)]
    pub receipt: Option<Id<Receipt>>,
    #[field(zh = "退款单", en = "Refund", readonly, list, filter)]
    pub refund: Option<Id<Refund>>,
    #[field(zh = "资金单", en = "Cash move", readonly, list, filter)]
    pub cash_move: Option<Id<CashMove>>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Kind {
    #[choice(zh = "收款", en = "Receipt")]
    Receipt,
    #[choice(zh = "手续费", en = "Fee")]
    Fee,
    #[choice(zh = "退款", en = "Refund")]
    Refund,
    #[choice(zh = "期初", en = "Opening")]
    Opening,
    #[choice(zh = "转账", en = "Transfer")]
    Transfer,
    #[choice(zh = "其他", en = "Other")]
    Other,
}

static DERIVED: &[FieldDef] = &[FieldDef {
    name: "balance",
    label: Label { zh: "余额", en: "Balance" },
    kind: model::Kind::Money,
    list: true,
    // Of its account.
    running: Some(("account", "amount")),
    sql: "SELECT CAST(SUM(e.amount) AS BIGINT) FROM cash_entry e WHERE e.account = {t}.account \
          AND e.date <= {t}.date AND (e.date < {t}.date OR e.id <= {t}.id)",
    ..FieldDef::DERIVED
}];

const ENTRY_VIEWS: Views = views![
    this_month("本月", "This month", "date=this_month"),
    nowhere("没有账户", "No account", "account=none"),
    all("全部", "All", ""),
];

impl CashEntry {
    pub fn of(kind: Kind, date: Date, account: &Option<Code>, amount: Money) -> CashEntry {
        CashEntry {
            id: Id::NEW,
            account: account.clone(),
            date,
            kind,
            customer: None,
            receipt: None,
            refund: None,
            cash_move: None,
            amount,
            stamp: Stamp::default(),
        }
    }

    pub fn enter(mut self, tx: &mut Tx) -> Result<()> {
        if self.amount == Money(0) { Ok(()) } else { tx.save(&mut self).map(drop) }
    }
}

/// Money of the house that comes from no customer and goes to none.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "资金单", en = "Cash move", module = "money", icon = "wallet", number = "ZJ-{yymm}-{4}", title = number)]
#[entity(verbs = VERBS, views = VIEWS, check = check, edit = |it| it.status == Status::Draft)]
pub struct CashMove {
    pub id: Id<CashMove>,
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "种类", en = "Kind", list, filter)]
    pub kind: Move,
    #[field(zh = "日期", en = "Date", list, filter, default = "today")]
    pub date: Date,
    #[field(zh = "账户", en = "Account", code = "money_account", required, list, filter)]
    pub account: Option<Code>,
    #[field(zh = "转入账户", en = "Into", code = "money_account", list, filter)]
    pub target: Option<Code>,
    /// A minus went out, or is what the account was overdrawn by.
    #[field(zh = "金额", en = "Amount", required, list)]
    pub amount: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "冲销", en = "Reverses", readonly)]
    pub reverses: Option<Id<CashMove>>,
    #[field(zh = "备注", en = "Remark", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Move {
    #[choice(zh = "期初", en = "Opening")]
    Opening,
    #[choice(zh = "转账", en = "Transfer")]
    Transfer,
    /// Interest, charges and what has no document of its own.
    #[choice(zh = "其他", en = "Other")]
    Other,
}

const VERBS: Verbs<CashMove> = verbs![
    post("过账", "Post", when |it| it.status == Status::Draft, else "已经过账" "Posted already"),
    reverse("红冲", "Reverse", asks Reason, when |it| it.status == Status::Posted && it.reverses.is_none(), else "没有过账，或者它本身是红冲单" "Not posted, or itself a reversal", is danger),
];

const VIEWS: Views = views![
    draft("待过账", "To post", "status=draft" => post),
    this_month("本月", "This month", "date=this_month"),
    all("全部", "All", ""),
];

fn check(new: &mut CashMove, old: Option<&CashMove>, tx: &mut Tx) -> Result<()> {
    check_date(new.date, old.map(|old| old.date), tx)?;
    let is_transfer = new.kind == Move::Transfer;
    if new.amount == Money(0) || is_transfer && new.amount < Money(0) && new.reverses.is_none() {
        return Err(Error::invalid("amount", "not_positive"));
    }
    if is_transfer && new.target.is_none() {
        return Err(Error::invalid("target", "required"));
    }
    if !is_transfer && new.target.is_some() || new.target == new.account {
        let says = Label {
            zh: "转入账户只用于转账，而且是另一个账户",
            en: "Money goes into another account, by a transfer only",
        };
        return Err(Error::fault("target", "ambiguous", says));
    }
    Ok(())
}

fn post(it: &mut CashMove, tx: &mut Tx) -> Result<()> {
    check_open(it.date, tx)?;
    enter(it, tx)?;
    it.status = Status::Posted;
    it.number = Some(tx.next_number::<CashMove>()?);
    Ok(())
}

fn enter(it: &CashMove, tx: &mut Tx) -> Result<()> {
    let entry = |kind, account, amount| {
        let cash_move = Some(it.id);
        CashEntry { cash_move, ..CashEntry::of(kind, it.date, account, amount) }
    };
    match it.kind {
        Move::Opening => entry(Kind::Opening, &it.account, it.amount).enter(tx),
        Move::Other => entry(Kind::Other, &it.account, it.amount).enter(tx),
        Move::Transfer => {
            entry(Kind::Transfer, &it.account, -it.amount).enter(tx)?;
            entry(Kind::Transfer, &it.target, it.amount).enter(tx)
        }
    }
}

/// Reverses it by one of its own: the accounts hold again what they held without it.
fn reverse(it: &mut CashMove, tx: &mut Tx, asked: Reason) -> Result<()> {
    let today = tx.today();
    check_open(today, tx)?;
    let mut opposite = CashMove {
        id: Id::NEW,
        number: Some(tx.next_number::<CashMove>()?),
        date: today,
        amount: -it.amount,
        status: Status::Posted,
        reverses: Some(it.id),
        remark: Some(asked.reason.clone()),
        stamp: Stamp::default(),
        ..it.clone()
    };
    tx.save(&mut opposite)?;
    enter(&opposite, tx)?;
    tx.because(&asked.reason);
    it.status = Status::Reversed;
    Ok(())
}

/// What the accounts hold is what documents say; each finds nothing while all is well.
pub static AUDITS: &[model::Audit] = &[
    model::Audit {
        says: "a receipt's money is not in its account",
        sql: "SELECT CAST(r.id AS TEXT) FROM receipt r WHERE r.status <> 'draft' AND r.amount - r.fee <> \
              COALESCE((SELECT SUM(e.amount) FROM cash_entry e WHERE e.receipt = r.id \
              AND COALESCE(e.account, '') = COALESCE(r.account, '')), 0) LIMIT 20",
    },
    model::Audit {
        says: "a refund's money did not leave its account",
        sql: "SELECT CAST(r.id AS TEXT) FROM refund r WHERE r.status <> 'draft' AND -r.amount <> \
              COALESCE((SELECT SUM(e.amount) FROM cash_entry e WHERE e.refund = r.id \
              AND COALESCE(e.account, '') = COALESCE(r.account, '')), 0) LIMIT 20",
    },
    model::Audit {
        says: "money moved otherwise than its document says",
        sql: "SELECT CAST(m.id AS TEXT) FROM cash_move m WHERE m.status <> 'draft' AND \
              (CASE WHEN m.target IS NULL THEN m.amount ELSE -m.amount END <> \
              COALESCE((SELECT SUM(e.amount) FROM cash_entry e WHERE e.cash_move = m.id AND e.account = m.account), 0) \
              OR m.amount <> COALESCE((SELECT SUM(e.amount) FROM cash_entry e WHERE e.cash_move = m.id \
              AND e.account = COALESCE(m.target, m.account)), 0)) LIMIT 20",
    },
    model::Audit {
        says: "money moved without a document",
        sql: "SELECT CAST(e.id AS TEXT) FROM cash_entry e WHERE e.receipt IS NULL AND e.refund IS NULL \
              AND e.cash_move IS NULL LIMIT 20",
    },
];
