//! The statement of account 对账单: what passed between a customer and us in a period, frozen as it stood, printed or
//! sent as a link, and confirmed or disputed line by line.

use model::{
    Choice, Date, Entity, Error, FieldDef, Form, Format, Id, Label, Money, Result, Scalar, Sql, Stamp, Tx,
    Value, Verbs, Views, message, refuse, system::User, verbs, views,
};

use super::goods_in_words;
use super::receivable::{self, DOCUMENTS, NUMBER, Receivable};
use crate::Customer;
use crate::document::check_date;

/// What a customer is told that it owes.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "对账单", en = "Statement", module = "money", icon = "file-text", number = "DZ-{yymm}-{4}", title = number)]
#[entity(within = customer, derived = DERIVED, verbs = VERBS, views = VIEWS, check = check)]
#[entity(edit = |it| it.status == Status::Draft)]
pub struct Statement {
    pub id: Id<Statement>,
    /// Given when it is issued.
    #[field(zh = "单号", en = "Number", unique, readonly, search, list)]
    pub number: Option<String>,
    #[field(zh = "客户", en = "Customer", required, list, filter)]
    pub customer: Id<Customer>,
    /// The customer's name as it was called then.
    #[field(zh = "客户名称", en = "Name", readonly, search)]
    pub name: String,
    #[field(zh = "从", en = "From", required, list, filter)]
    pub first: Date,
    #[field(zh = "至", en = "To", list, filter, default = "today")]
    pub last: Date,
    #[field(zh = "期初余额", en = "Opening balance", readonly)]
    pub opening: Money,
    #[field(zh = "本期应收", en = "Charged", readonly, sum)]
    pub charged: Money,
    #[field(zh = "本期收款", en = "Paid", readonly, sum)]
    pub paid: Money,
    #[field(zh = "期末余额", en = "Closing balance", readonly, list, sum)]
    pub closing: Money,
    /// What the closing balance was made of when it was issued.
    #[field(zh = "未到期", en = "Not due", readonly)]
    pub not_due: Money,
    #[field(zh = "逾期 1–30 天", en = "1–30 days late", readonly)]
    pub late_30: Money,
    #[field(zh = "逾期 31–60 天", en = "31–60 days late", readonly)]
    pub late_60: Money,
    #[field(zh = "逾期 61–90 天", en = "61–90 days late", readonly)]
    pub late_90: Money,
    #[field(zh = "逾期 90 天以上", en = "Over 90 days late", readonly)]
    pub late_more: Money,
    #[field(zh = "状态", en = "Status", readonly, list, filter)]
    pub status: Status,
    /// Who of the customer's people said that it is right.
    #[field(zh = "确认人", en = "Confirmed by", readonly)]
    pub signer: Option<String>,
    #[field(zh = "业务员", en = "Salesperson", readonly, list, filter)]
    pub salesperson: Option<Id<User>>,
    #[field(zh = "说明", en = "Note to the customer", format = Long)]
    pub remark: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Entity)]
#[entity(zh = "对账明细", en = "Statement line", of = statement, title = document, verbs = LINE_VERBS)]
pub struct StatementLine {
    pub id: Id<StatementLine>,
    #[field(zh = "对账单", en = "Statement", required, readonly)]
    pub statement: Id<Statement>,
    #[field(zh = "单据号", en = "Document", readonly, list)]
    pub document: String,
    #[field(zh = "日期", en = "Date", readonly, list)]
    pub date: Date,
    #[field(zh = "种类", en = "Kind", readonly)]
    pub kind: receivable::Kind,
    #[field(zh = "摘要", en = "About", readonly, list, format = Said)]
    pub about: Option<String>,
    #[field(zh = "应收", en = "Charge", readonly, list, sum)]
    pub charge: Option<Money>,
    #[field(zh = "收款", en = "Payment", readonly, list, sum)]
    pub payment: Option<Money>,
    /// What was owed after it.
    #[field(zh = "余额", en = "Balance", readonly, list)]
    pub balance: Money,
    #[field(zh = "到期日", en = "Due", readonly)]
    pub due: Option<Date>,
    /// What of it was unpaid when the statement was issued.
    #[field(zh = "未收", en = "Unpaid", readonly, list, sum)]
    pub open: Option<Money>,
    #[field(zh = "客户意见", en = "Customer says", readonly, list)]
    pub state: Opinion,
    #[field(zh = "异议说明", en = "Objection", readonly, list, format = Long)]
    pub objection: Option<String>,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Status {
    #[choice(zh = "草稿", en = "Draft")]
    Draft,
    #[choice(zh = "已出具", en = "Issued")]
    Issued,
    #[choice(zh = "已发出", en = "Sent")]
    Sent,
    #[choice(zh = "有异议", en = "Disputed")]
    Disputed,
    #[choice(zh = "核对相符", en = "Confirmed")]
    Confirmed,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Opinion {
    #[choice(zh = "未提出", en = "Nothing")]
    None,
    #[choice(zh = "有异议", en = "Disputed")]
    Disputed,
    #[choice(zh = "已处理", en = "Resolved")]
    Resolved,
    #[choice(zh = "相符", en = "Right")]
    Right,
    /// The statement was confirmed: nothing is said to it any more.
    #[choice(zh = "已确认", en = "Agreed")]
    Agreed,
}

static DERIVED: &[FieldDef] = &[FieldDef {
    name: "disputed",
    label: Label { zh: "有异议金额", en: "Disputed amount" },
    kind: model::Kind::Money,
    format: Format::Late,
    list: true,
    sum: true,
    sql: "SELECT CAST(SUM(ABS(COALESCE(l.charge, 0) - COALESCE(l.payment, 0))) AS BIGINT) FROM statement_line l \
          WHERE l.statement = {t}.id AND l.state = 'disputed'",
    ..FieldDef::DERIVED
}];

const VERBS: Verbs<Statement> = verbs![
    issue("出具", "Issue", when |it| it.status == Status::Draft, else "已经出具" "Issued already"),
    send("发链接", "Send a link", asks Send, when |it| it.is_open(), else "先出具；客户确认过的不用再发" "Issue it first; what is confirmed needs no link", is single),
    revoke("收回链接", "Revoke the link", when |it| it.status != Status::Draft, else "还没有发出" "Not sent yet", needs "send"),
    confirm("核对相符", "Confirm", asks Confirm, when |it| it.is_open(), else "还没有出具，或已经确认" "Not issued yet, or confirmed already"),
    resolve("处理异议", "Resolve", asks Resolve, when |it| it.status == Status::Disputed, else "没有异议" "Nothing is disputed"),
];

const LINE_VERBS: Verbs<StatementLine> = verbs![
    agree("相符", "Right", when |it| !matches!(it.state, Opinion::Right | Opinion::Agreed), else "已经相符，或对账单已确认" "Said already, or the statement is confirmed", needs "dispute"),
    dispute("有异议", "Dispute", asks Dispute, when |it| !matches!(it.state, Opinion::Disputed | Opinion::Agreed), else "已提出异议，或对账单已确认" "Disputed already, or the statement is confirmed"),
    withdraw("收回", "Withdraw", when |it| matches!(it.state, Opinion::Disputed | Opinion::Right), else "这一笔还没有表态" "Nothing was said to it", needs "dispute"),
];

// One view says all there is to say of one.
#[allow(clippy::needless_update)]
const VIEWS: Views = views![
    disputed("对账有异议", "Disputed statements", "status=disputed" => resolve, remind, urgent),
    waiting("待客户确认", "Waiting for the customer", "status=issued,sent"),
    confirmed("核对相符", "Confirmed", "status=confirmed"),
    draft("草稿", "Drafts", "status=draft" => issue),
    all("全部", "All", ""),
];

/// What whoever holds a link may do.
const LINK: &str = "confirm dispute";
/// Lines of one statement; a longer period is split.
const MOST: usize = 2_000;

impl Statement {
    /// What the closing balance is made of: not yet due, then late by up to 30, 60, 90 days and longer.
    pub fn ages(&self) -> [Money; 5] {
        [self.not_due, self.late_30, self.late_60, self.late_90, self.late_more]
    }

    fn is_open(&self) -> bool {
        !matches!(self.status, Status::Draft | Status::Confirmed)
    }
}

fn check(new: &mut Statement, old: Option<&Statement>, tx: &mut Tx) -> Result<()> {
    check_date(new.first, None, tx)?;
    if new.last < new.first || new.last > tx.today() {
        let says = Label {
            zh: "期末应在期初和今天之间",
            en: "A period ends after it begins and not after today",
        };
        return Err(Error::fault("last", "out_of_range", says));
    }
    if old.is_none_or(|old| old.customer != new.customer) {
        let customer = tx.get(new.customer)?;
        (new.name, new.salesperson) = (customer.name, customer.owner);
    }
    Ok(())
}

/// Writes down what the account says of the period, line by line.
fn issue(it: &mut Statement, tx: &mut Tx) -> Result<()> {
    // Locked, so that nothing is entered meanwhile.
    let customer = tx.get(it.customer)?;
    (it.name, it.salesperson) = (customer.name, customer.owner);
    let before = it.first.yesterday().unwrap_or(it.first);
    let all =
        tx.sum::<Receivable>("amount", &[("customer", (&it.customer).into())], Some(("date", before)))?;
    it.opening = Money(all);
    (it.charged, it.paid, it.closing) = (Money(0), Money(0), it.opening);
    let entries = entries(it, tx)?;
    if entries.is_empty() && it.opening == Money(0) {
        refuse!("no_lines", "这段时间没有往来，也没有余额" "Nothing passed in this period, and nothing is owed");
    }
    for mut line in entries {
        it.charged = it.charged + line.charge.unwrap_or(Money(0));
        it.paid = it.paid + line.payment.unwrap_or(Money(0));
        it.closing = it.opening + it.charged - it.paid;
        line.balance = it.closing;
        tx.save(&mut line)?;
    }
    [it.not_due, it.late_30, it.late_60, it.late_90, it.late_more] = ageing(it, tx)?;
    it.status = Status::Issued;
    it.number = Some(tx.next_number::<Statement>()?);
    Ok(())
}

/// The entries of the account in the period, each as a line without its balance.
fn entries(it: &Statement, tx: &mut Tx) -> Result<Vec<StatementLine>> {
    let mut sql = Sql::new(&format!(
        "SELECT r.date, r.kind, {NUMBER}, r.amount, r.due, r.open, \
         CASE WHEN r.receipt IS NOT NULL OR r.refund IS NOT NULL THEN 1 ELSE 0 END, \
         (SELECT p.name FROM sale_line l JOIN product p ON p.id = l.product WHERE l.sale = r.sale ORDER BY l.id LIMIT 1), \
         (SELECT COUNT(*) FROM sale_line l WHERE l.sale = r.sale) FROM {DOCUMENTS} WHERE r.customer = ",
    ));
    sql.bind(it.customer.0).push(" AND r.date >= ").bind(it.first.to_string());
    sql.push(" AND r.date <= ").bind(it.last.to_string());
    sql.push(&format!(" ORDER BY r.date, r.id LIMIT {}", MOST + 1));
    let rows = tx.rows(&sql)?;
    if rows.len() > MOST {
        refuse!("too_many_rows", "这段时间超过 2,000 笔，请分几段对账" "More than 2,000 entries; make statements of shorter periods");
    }
    let line = |row: model::Record| -> Result<StatementLine> {
        let amount = Money(row[3].int());
        let is_payment = row[6].int() != 0;
        let about = goods_in_words(row[7].text(), row[8].int());
        let open = Money(row[5].int());
        Ok(StatementLine {
            id: Id::NEW,
            statement: it.id,
            document: row[2].text().to_owned(),
            date: loaded(&row[0], "date")?,
            kind: loaded(&row[1], "kind")?,
            about: about.map(|it| message::kept(&it)),
            charge: Some(amount).filter(|_| !is_payment),
            payment: Some(-amount).filter(|_| is_payment),
            balance: Money(0),
            due: loaded(&row[4], "due")?,
            open: Some(open).filter(|_| open > Money(0)),
            state: Opinion::None,
            objection: None,
            stamp: Stamp::default(),
        })
    };
    rows.into_iter().map(line).collect()
}

/// The ages of the closing balance as of the last day.
/// What the customer has to its credit counts against what is not yet due.
fn ageing(it: &Statement, tx: &mut Tx) -> Result<[Money; 5]> {
    let mut sql = Sql::new(
        "SELECT r.due, CAST(r.open + COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.charge = r.id",
    );
    sql.push(" AND a.date > ").bind(it.last.to_string());
    sql.push("), 0) - COALESCE((SELECT SUM(a.amount) FROM allocation a WHERE a.credit = r.id AND a.date > ");
    sql.bind(it.last.to_string())
        .push("), 0) AS BIGINT) FROM receivable r WHERE r.customer = ")
        .bind(it.customer.0);
    sql.push(" AND r.date <= ").bind(it.last.to_string());
    let mut parts = [Money(0); 5];
    for row in tx.rows(&sql)? {
        let late = row[0].text().parse::<Date>().map_or(0, |due| (it.last - due).get_days());
        let part = match late {
            ..=0 => 0,
            1..=30 => 1,
            31..=60 => 2,
            61..=90 => 3,
            _ => 4,
        };
        parts[part] = parts[part] + Money(row[1].int());
    }
    Ok(parts)
}

fn loaded<T: Scalar>(value: &Value, what: &'static str) -> Result<T> {
    T::load(value.cell()).ok_or_else(|| model::unreadable(what))
}

#[derive(Form)]
pub struct Send {
    #[field(zh = "有效天数", en = "Valid for", unit = "day", default = "7", required)]
    days: i64,
}

/// Makes a link that the customer opens without an account; an earlier one no longer holds.
fn send(it: &mut Statement, tx: &mut Tx, asked: Send) -> Result<()> {
    if !(1..=90).contains(&asked.days) {
        let says = Label { zh: "链接有效 1 到 90 天", en: "A link holds for 1 to 90 days" };
        return Err(Error::fault("days", "out_of_range", says));
    }
    tx.revoke_links(it.id)?;
    tx.invite(it.id, LINK, asked.days)?;
    if it.status == Status::Issued {
        it.status = Status::Sent;
    }
    Ok(())
}

fn revoke(it: &mut Statement, tx: &mut Tx) -> Result<()> {
    if tx.revoke_links(it.id)? == 0 {
        refuse!("wrong_state", "没有还有效的链接" "There is no link that still holds");
    }
    if it.status == Status::Sent {
        it.status = Status::Issued;
    }
    Ok(())
}

#[derive(Form)]
pub struct Confirm {
    #[field(zh = "确认人", en = "Your name", required)]
    signer: String,
}

/// The customer says that all of it is right.
fn confirm(it: &mut Statement, tx: &mut Tx, asked: Confirm) -> Result<()> {
    if it.status == Status::Disputed {
        refuse!("wrong_state", "还有明细有异议：先收回异议，或等对方处理" "Some lines are disputed: withdraw that first, or wait until it is resolved");
    }
    tx.because(&asked.signer);
    for mut line in tx.find::<StatementLine>(&[("statement", (&it.id).into())])? {
        line.state = Opinion::Agreed;
        tx.save(&mut line)?;
    }
    it.signer = Some(asked.signer);
    it.status = Status::Confirmed;
    Ok(())
}

#[derive(Form)]
pub struct Resolve {
    #[field(zh = "处理结果", en = "What came of it", required, again)]
    result: String,
}

/// What was disputed is settled between people; the customer looks at it again.
fn resolve(it: &mut Statement, tx: &mut Tx, asked: Resolve) -> Result<()> {
    tx.because(&asked.result);
    for mut line in
        tx.find::<StatementLine>(&[("statement", (&it.id).into()), ("state", "disputed".into())])?
    {
        line.state = Opinion::Resolved;
        tx.save(&mut line)?;
    }
    it.status = Status::Issued;
    Ok(())
}

#[derive(Form)]
pub struct Dispute {
    #[field(zh = "哪里不对", en = "What is wrong", required, format = Long)]
    objection: String,
}

/// The statement of a line, locked, while the customer may still answer.
fn answered(line: &StatementLine, tx: &mut Tx) -> Result<Statement> {
    let statement = tx.get(line.statement)?;
    if !statement.is_open() {
        refuse!("wrong_state", "这张对账单已经确认" "This statement is confirmed already");
    }
    Ok(statement)
}

fn dispute(line: &mut StatementLine, tx: &mut Tx, asked: Dispute) -> Result<()> {
    let mut statement = answered(line, tx)?;
    (line.state, line.objection) = (Opinion::Disputed, Some(asked.objection));
    statement.status = Status::Disputed;
    tx.save(&mut statement).map(drop)
}

/// The line is right. Once all are, so is the statement.
fn agree(line: &mut StatementLine, tx: &mut Tx) -> Result<()> {
    let mut statement = answered(line, tx)?;
    (line.state, line.objection) = (Opinion::Right, None);
    let others = others(line, tx)?;
    if others.iter().all(|it| it.state == Opinion::Right) {
        for mut other in others {
            other.state = Opinion::Agreed;
            tx.save(&mut other)?;
        }
        (line.state, statement.status) = (Opinion::Agreed, Status::Confirmed);
        return tx.save(&mut statement).map(drop);
    }
    undisputed(statement, &others, tx)
}

fn withdraw(line: &mut StatementLine, tx: &mut Tx) -> Result<()> {
    let statement = answered(line, tx)?;
    (line.state, line.objection) = (Opinion::None, None);
    let others = others(line, tx)?;
    undisputed(statement, &others, tx)
}

/// The other lines of the statement, which is locked.
fn others(line: &StatementLine, tx: &mut Tx) -> Result<Vec<StatementLine>> {
    let mut all: Vec<StatementLine> = tx.find(&[("statement", (&line.statement).into())])?;
    all.retain(|it| it.id != line.id);
    Ok(all)
}

/// A line is not disputed any more, and with it perhaps the statement.
fn undisputed(mut statement: Statement, others: &[StatementLine], tx: &mut Tx) -> Result<()> {
    if statement.status == Status::Disputed && others.iter().all(|it| it.state != Opinion::Disputed) {
        statement.status = Status::Issued;
        tx.save(&mut statement)?;
    }
    Ok(())
}
