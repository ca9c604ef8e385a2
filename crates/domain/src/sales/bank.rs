//! The bank's statement 银行流水: what came in, imported as the bank exports it, each with whom it seems to be from and
//! why; accepted it is a posted receipt, and that can be taken back.

use model::{
    Alike, Code, Date, Entity, Error, Id, Money, Result, Sql, Stamp, Text, Tx, Value, Verbs, Views, message,
    refuse, verbs, views,
};

use super::receipt::{self, Receipt};
use super::settle::{self, Aim, By};
use crate::Customer;
use crate::crm::name::core_name;
use crate::document::{Reason, check_date};

/// Money that a bank says came in.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "银行流水", en = "Bank line", module = "money", icon = "download", title = payer)]
#[entity(verbs = VERBS, views = VIEWS, check = check, edit = |it| it.status.is_open(), alike = alike)]
pub struct BankLine {
    pub id: Id<BankLine>,
    #[field(
        zh = "日期",
        en = "Date",
        required,
        list,
        filter,
        alias = "交易日期|交易日|交易时间|记账日期|入账日期|transaction date"
    )]
    pub date: Date,
    #[field(
        zh = "付款人",
        en = "Payer",
        required,
        search,
        list,
        alias = "对方户名|对方名称|对方账户名称|付款方|付款人名称|收付方名称|对方单位|户名|counterparty|name"
    )]
    pub payer: String,
    #[field(zh = "对方账号", en = "Payer's account", alias = "付款账号|对方账户")]
    pub payer_account: Option<String>,
    #[field(
        zh = "收入金额",
        en = "Amount",
        required,
        list,
        sum,
        sieve,
        alias = "金额|收入|贷方发生额|贷方金额|贷方|收款金额|交易金额|credit|credit amount"
    )]
    pub amount: Money,
    /// What was in the account after it: two lines alike in all else differ in this.
    #[field(zh = "余额", en = "Balance", alias = "账户余额")]
    pub balance: Option<Money>,
    #[field(zh = "收款账户", en = "Account", code = "money_account", filter, again)]
    pub account: Option<Code>,
    /// The same line of a bank is taken in once.
    #[field(
        zh = "流水号",
        en = "Reference",
        unique,
        search,
        alias = "交易流水号|凭证号|凭证号码|交易编号|transaction id"
    )]
    pub reference: Option<String>,
    #[field(zh = "摘要", en = "Purpose", alias = "附言|用途|备注|交易摘要|description|memo")]
    pub purpose: Option<String>,
    /// As proposed, or as somebody says.
    #[field(zh = "客户", en = "Customer", list, filter)]
    pub customer: Option<Id<Customer>>,
    #[field(zh = "核销方式", en = "Settles", readonly)]
    pub by: By,
    /// Why it is proposed.
    #[field(zh = "依据", en = "Because", readonly, list, format = Said)]
    pub why: Option<String>,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    #[field(zh = "收款单", en = "Receipt", readonly)]
    pub receipt: Option<Id<Receipt>>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, model::Choice)]
pub enum Status {
    #[choice(zh = "待认领", en = "Unknown")]
    Unknown,
    #[choice(zh = "有建议", en = "Proposed")]
    Proposed,
    #[choice(zh = "已入账", en = "Booked")]
    Booked,
    #[choice(zh = "不入账", en = "Ignored")]
    Ignored,
}

impl Status {
    fn is_open(self) -> bool {
        matches!(self, Status::Unknown | Status::Proposed)
    }
}

const VERBS: Verbs<BankLine> = verbs![
    accept("入账", "Accept", when |it| it.status == Status::Proposed, else "先选客户；入过账的不再入" "Choose the customer first; what is booked is not booked again", back take_back),
    take_back("撤销入账", "Take back", asks Reason, when |it| it.status == Status::Booked, else "还没有入账" "Not booked yet", needs "accept"),
    ignore("不入账", "Ignore", asks Reason, when |it| it.status.is_open(), else "已经处理" "Dealt with already", needs "accept"),
    reopen("重新处理", "Reopen", when |it| it.status == Status::Ignored, else "没有被忽略" "Not ignored", needs "accept"),
];

const VIEWS: Views = views![
    proposed("有建议", "Proposed", "status=proposed&sort=date" => accept),
    unknown("待认领", "From whom?", "status=unknown&sort=date", remind),
    booked("已入账", "Booked", "status=booked"),
    all("全部", "All", ""),
];

fn check(new: &mut BankLine, old: Option<&BankLine>, tx: &mut Tx) -> Result<()> {
    if new.amount <= Money(0) {
        return Err(Error::invalid("amount", "not_positive"));
    }
    check_date(new.date, old.map(|old| old.date), tx)?;
    let same = |old: &BankLine| {
        (&old.payer, old.amount, old.customer) == (&new.payer, new.amount, new.customer)
            && (old.status == new.status || new.status != Status::Unknown)
    };
    if new.status.is_open() && !old.is_some_and(same) {
        // Somebody's choice stays; else it is proposed anew.
        let chosen = new.customer.filter(|it| old.is_none_or(|old| old.customer != Some(*it)));
        propose(new, chosen, tx)?;
    }
    Ok(())
}

/// The same money, taken in before: by day, payer and amount, unless reference or balance tell them apart.
fn alike(it: &BankLine, tx: &mut Tx) -> Result<Vec<Alike>> {
    let of =
        [("date", Value::from(&it.date)), ("payer", (&*it.payer).into()), ("amount", (&it.amount).into())];
    let mut found = tx.find::<BankLine>(&of)?;
    found.retain(|old| {
        old.id != it.id
            && old.reference.as_ref().zip(it.reference.as_ref()).is_none_or(|it| it.0 == it.1)
            && old.balance.zip(it.balance).is_none_or(|it| it.0 == it.1)
    });
    Ok(found.into_iter().map(|it| Alike { id: it.id.0, field: "payer" }).collect())
}

/// Says whom the money is from and what it is for, with the reason.
fn propose(it: &mut BankLine, chosen: Option<Id<Customer>>, tx: &mut Tx) -> Result<()> {
    let found = match chosen {
        Some(customer) => Some((customer, Text::new("指定了客户", "The customer was chosen"))),
        None => payer(it, tx)?,
    };
    // Nobody learns from a proposal of a customer whom the lists keep from them.
    let found = match found {
        Some((customer, _)) if !sees(customer, tx)? => None,
        found => found,
    };
    let Some((customer, who)) = found else {
        (it.customer, it.why, it.status, it.by) = (None, None, Status::Unknown, By::Oldest);
        return Ok(());
    };
    let (by, what) = aim(customer, it.amount, tx)?;
    let why = Text::new(format!("{}；{}", who.zh, what.zh), format!("{}; {}", who.en, what.en));
    (it.customer, it.why, it.status, it.by) =
        (Some(customer), Some(message::kept(&why)), Status::Proposed, by);
    Ok(())
}

/// Whether whoever acts sees a customer.
fn sees(customer: Id<Customer>, tx: &mut Tx) -> Result<bool> {
    match tx.admit(Customer::DEF, customer.0, "read") {
        Err(Error::NotFound { .. }) => Ok(false),
        seen => seen.map(|()| true),
    }
}

/// The one customer of the payer's name, else the only one with an open document of just this amount.
fn payer(it: &BankLine, tx: &mut Tx) -> Result<Option<(Id<Customer>, Text)>> {
    let named = [
        (
            "name",
            it.payer.trim().to_owned(),
            Text::new("户名即客户名称", "The payer has the customer's name"),
        ),
        (
            "short_name",
            it.payer.trim().to_owned(),
            Text::new("户名即客户简称", "The payer has the customer's short name"),
        ),
        (
            "core",
            core_name(&it.payer),
            Text::new("户名只差地区或公司类型", "The payer's name differs in region or legal form only"),
        ),
    ];
    for (field, text, says) in named {
        let mut sql = Sql::new("SELECT id FROM customer WHERE merged_into IS NULL AND ");
        sql.name(field).push(" = ").bind(text).push(" LIMIT 2");
        if let [one] = &tx.rows(&sql)?[..] {
            return Ok(Some((Id::of(one[0].int()), says)));
        }
    }
    let mut sql = Sql::new("SELECT DISTINCT customer FROM receivable WHERE open > 0 AND open = ");
    sql.bind(it.amount.0).push(" LIMIT 2");
    let says = Text::new(
        "只有这个客户有正好这个金额的未收单据",
        "No other customer has an open document of just this amount",
    );
    Ok(match &tx.rows(&sql)?[..] {
        [one] => Some((Id::of(one[0].int()), says)),
        _ => None,
    })
}

/// How the amount fits the customer's open documents.
fn aim(customer: Id<Customer>, amount: Money, tx: &mut Tx) -> Result<(By, Text)> {
    let exact = Aim { by: By::Exact, ..Aim::oldest(None) };
    match settle::charges(tx, customer, &exact, amount) {
        Ok(found) => Ok((
            By::Exact,
            match found.len() {
                1 => Text::new("等于一张未收单据", "the amount is that of an open document"),
                n => Text::new(
                    format!("等于 {n} 张未收单据之和"),
                    format!("the amount is the sum of {n} open documents"),
                ),
            },
        )),
        Err(Error::Refused(_)) => Ok((
            By::Oldest,
            Text::new("对不上单据，先抵最早的", "the amount fits no documents: the oldest first"),
        )),
        Err(error) => Err(error),
    }
}

/// Books the receipt that was proposed.
fn accept(it: &mut BankLine, tx: &mut Tx) -> Result<()> {
    let Some(customer) = it.customer else {
        return Err(Error::invalid("customer", "required"));
    };
    for right in ["create", "post"] {
        if !tx.actor_can(Receipt::DEF, right) {
            return Err(Error::Forbidden { entity: Receipt::DEF.code, right: right.to_owned() });
        }
    }
    tx.admit(Customer::DEF, customer.0, "read")?;
    // Locked first; what was open when it was proposed may be paid by now.
    tx.get(customer)?;
    it.by = aim(customer, it.amount, tx)?.0;
    it.receipt = Some(receipt::book(tx, customer, it)?);
    it.status = Status::Booked;
    Ok(())
}

/// Reverses the receipt; the line waits again.
fn take_back(it: &mut BankLine, tx: &mut Tx, asked: Reason) -> Result<()> {
    let Some(receipt) = it.receipt.take() else {
        refuse!("wrong_state", "没有收款单" "There is no receipt");
    };
    tx.admit(Receipt::DEF, receipt.0, "reverse")?;
    receipt::take_back(tx, receipt, asked)?;
    it.status = Status::Proposed;
    Ok(())
}

fn ignore(it: &mut BankLine, tx: &mut Tx, asked: Reason) -> Result<()> {
    tx.because(&asked.reason);
    it.status = Status::Ignored;
    Ok(())
}

fn reopen(it: &mut BankLine, _: &mut Tx) -> Result<()> {
    it.status = Status::Unknown;
    Ok(())
}
