//! Credit control 放账控制: who may still have goods on credit, and who says so when the rules do not.

use model::{
    Choice, Date, Entity, Error, FieldDef, Figure, Form, Format, Id, Kind, Label, Lang, Money, Refusal,
    Result, Sql, Stamp, Text, ToSpan, Tx, Value, refuse,
};

use crate::Customer;

/// What happens at one moment of a document's way when its customer is over the limit, overdue or blacklisted.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "放账规则", en = "Credit rule", module = "money", icon = "shield", title = moment, check = check)]
pub struct CreditRule {
    pub id: Id<CreditRule>,
    #[field(zh = "时点", en = "Moment", required, unique, list)]
    pub moment: Moment,
    #[field(zh = "超过额度", en = "Over the limit", list)]
    pub over_limit: Response,
    #[field(zh = "有过期账款", en = "Overdue", list)]
    pub overdue: Response,
    /// An amount is overdue for the rule from one day more than these on.
    #[field(zh = "过期天数超过", en = "Overdue by more than", unit = "day", list)]
    pub overdue_days: i64,
    #[field(zh = "过期金额超过", en = "More overdue than", list)]
    pub overdue_amount: Money,
    #[field(zh = "黑名单", en = "Blacklisted", list)]
    pub blacklisted: Response,
    pub stamp: Stamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Choice)]
pub enum Moment {
    #[choice(zh = "审核销售订单", en = "Checking an order", code = "sale_order.check")]
    OrderCheck,
    #[choice(zh = "审核销售单", en = "Checking a sale", code = "sale.check")]
    SaleCheck,
    #[choice(zh = "过账销售单", en = "Posting a sale", code = "sale.post")]
    SalePost,
}

/// What a rule answers, each stricter than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Choice)]
pub enum Response {
    #[choice(zh = "放行", en = "Allow")]
    Allow,
    #[choice(zh = "需要批准放行", en = "Needs release")]
    Release,
    #[choice(zh = "拒绝", en = "Refuse")]
    Refuse,
}

fn check(new: &mut CreditRule, _: Option<&CreditRule>, _: &mut Tx) -> Result<()> {
    if new.overdue_days < 0 {
        return Err(Error::invalid("overdue_days", "negative"));
    }
    if new.overdue_amount < Money(0) {
        return Err(Error::invalid("overdue_amount", "negative"));
    }
    Ok(())
}

impl CreditRule {
    /// The rule of a new company: over the limit and overdue need a release, the blacklisted get nothing.
    fn of(moment: Moment) -> CreditRule {
        CreditRule {
            id: Id::NEW,
            moment,
            over_limit: Response::Release,
            overdue: Response::Release,
            overdue_days: 0,
            overdue_amount: Money(0),
            blacklisted: Response::Refuse,
            stamp: Stamp::default(),
        }
    }
}

pub fn seed(tx: &mut Tx) -> Result<()> {
    [Moment::OrderCheck, Moment::SaleCheck, Moment::SalePost]
        .into_iter()
        .try_for_each(|it| tx.save(&mut CreditRule::of(it)).map(drop))
}

/// More credit for a time (CRD-04).
#[derive(Debug, Clone, Entity)]
#[entity(zh = "临时额度", en = "Temporary limit", module = "money", icon = "clock", title = customer, within = customer, ledger)]
pub struct CreditGrant {
    pub id: Id<CreditGrant>,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "额度", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "从", en = "From", readonly, list, filter)]
    pub first: Date,
    #[field(zh = "到", en = "To", readonly, list, filter)]
    pub last: Date,
    #[field(zh = "原因", en = "Reason", readonly, list)]
    pub reason: String,
    pub stamp: Stamp,
}

#[derive(Form)]
pub struct Grant {
    #[field(zh = "临时额度", en = "Temporary limit", required)]
    amount: Money,
    #[field(zh = "从", en = "From", default = "today")]
    from: Option<Date>,
    #[field(zh = "到", en = "To", required)]
    to: Date,
    #[field(zh = "原因", en = "Reason", required, again)]
    reason: String,
}

/// Raises a customer's limit from one day to another.
pub fn grant_temporary(customer: &mut Customer, tx: &mut Tx, asked: Grant) -> Result<()> {
    if asked.amount <= Money(0) {
        return Err(Error::invalid("amount", "not_positive"));
    }
    let first = asked.from.unwrap_or(tx.today());
    if asked.to < first || asked.to < tx.today() {
        let says = Label {
            zh: "结束日期应在开始日期和今天之后",
            en: "It ends after it begins and not in the past",
        };
        return Err(Error::fault("to", "out_of_range", says));
    }
    tx.because(&asked.reason);
    let (reason, amount) = (asked.reason, asked.amount);
    let stamp = Stamp::default();
    tx.save(&mut CreditGrant {
        id: Id::NEW,
        customer: customer.id,
        amount,
        first,
        last: asked.to,
        reason,
        stamp,
    })?;
    Ok(())
}

const fn figure(
    name: &'static str,
    zh: &'static str,
    en: &'static str,
    kind: Kind,
    sql: &'static str,
) -> FieldDef {
    FieldDef {
        name,
        label: Label { zh, en },
        kind,
        sql,
        group: Some("credit"),
        section: SECTION,
        ..FieldDef::DERIVED
    }
}

const SECTION: Label = Label { zh: "信誉", en: "Credit" };

/// What follows from a customer's account as of today.
pub static DERIVED: &[FieldDef] = &[
    FieldDef {
        format: Format::Late,
        sum: true,
        ..figure(
            "overdue",
            "逾期金额",
            "Overdue amount",
            Kind::Money,
            "SELECT CAST(COALESCE(SUM(r.open), 0) AS BIGINT) FROM receivable r \
             WHERE r.customer = {t}.id AND r.open > 0 AND r.due < {today}",
        )
    },
    FieldDef {
        format: Format::Late,
        list: true,
        unit: Some("day"),
        ..figure(
            "overdue_days",
            "逾期",
            "Overdue",
            Kind::Int,
            "SELECT {days}{today}{since}MIN(r.due){end} FROM receivable r \
             WHERE r.customer = {t}.id AND r.open > 0 AND r.due < {today}",
        )
    },
    figure(
        "temporary",
        "临时额度",
        "Temporary limit",
        Kind::Money,
        "SELECT CAST(COALESCE(SUM(g.amount), 0) AS BIGINT) FROM credit_grant g \
         WHERE g.customer = {t}.id AND g.first <= {today} AND g.last >= {today}",
    ),
    FieldDef {
        format: Format::Meter("available"),
        list: true,
        ..figure("exposure", "额度使用", "Credit used", Kind::Money, "{t}.balance + {t}.pending")
    },
    figure(
        "available",
        "可用额度",
        "Available",
        Kind::Money,
        "{t}.credit_limit + (SELECT CAST(COALESCE(SUM(g.amount), 0) AS BIGINT) FROM credit_grant g \
         WHERE g.customer = {t}.id AND g.first <= {today} AND g.last >= {today}) - {t}.balance - {t}.pending",
    ),
];

/// Where a customer stands today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// Posted and unpaid less what was paid in advance, and what is checked and not yet posted.
    pub exposure: Money,
    /// The limit with the temporary ones in force.
    pub limit: Money,
    /// Unpaid though due, by more days than were asked for.
    pub overdue: Money,
    /// Days since the oldest of that was due.
    pub days: i64,
}

/// Reads where a customer stands; the customer is locked, so nobody else moves it.
pub fn standing(tx: &mut Tx, customer: &Customer, days: i64) -> Result<Standing> {
    let today = tx.today();
    let mut sql =
        Sql::new("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_grant WHERE customer = ");
    sql.bind(customer.id.0).push(" AND first <= ").bind(today.to_string());
    sql.push(" AND last >= ").bind(today.to_string());
    let limit = customer.credit_limit + Money(tx.one(&sql)?);
    let since = today.saturating_sub(days.days());
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(open), 0) AS BIGINT), MIN(due) FROM receivable WHERE open > 0 AND customer = ",
    );
    sql.bind(customer.id.0).push(" AND due < ").bind(since.to_string());
    let row = tx.rows(&sql)?.pop().unwrap_or_else(|| vec![Value::Int(0), Value::Null]);
    let oldest = row[1].text().parse::<Date>().ok();
    let days = oldest.map_or(0, |oldest| i64::from((today - oldest).get_days()));
    Ok(Standing { exposure: customer.balance + customer.pending, limit, overdue: Money(row[0].int()), days })
}

/// The gate: lets a document of `amount` pass at `moment`, or says why not. `own` is what of the customer's exposure is
/// this document's; `released` is the amount that somebody with the right let pass.
pub fn gate(
    tx: &mut Tx,
    moment: Moment,
    customer: &Customer,
    amount: Money,
    own: Money,
    released: Option<Money>,
) -> Result<()> {
    // What happened before asks no leave, but whoever says that it did may let documents pass.
    if tx.history {
        let right = "release_credit";
        let may = tx.actor_can(crate::Sale::DEF, right);
        let entity = crate::Sale::DEF.code;
        return if may { Ok(()) } else { Err(Error::Forbidden { entity, right: right.to_owned() }) };
    }
    let rule = tx.first::<CreditRule>(&[("moment", (&moment).into())])?;
    let rule = rule.unwrap_or_else(|| CreditRule::of(moment));
    let now = standing(tx, customer, rule.overdue_days)?;
    let exposure = now.exposure - own + amount;
    let mut reasons = Vec::new();
    if customer.blacklisted {
        let says = Label { zh: "客户在黑名单上", en: "the customer is blacklisted" };
        reasons.push((rule.blacklisted, "blacklisted", says));
    }
    if now.overdue > rule.overdue_amount {
        let says = Label { zh: "有过期账款", en: "amounts are overdue" };
        reasons.push((rule.overdue, "overdue", says));
    }
    if exposure > now.limit {
        let says = Label { zh: "超过放账额度", en: "it goes over the credit limit" };
        reasons.push((rule.over_limit, "credit_limit_exceeded", says));
    }
    reasons.retain(|it| match it.0 {
        Response::Allow => false,
        Response::Release => released.is_none_or(|released| amount > released),
        Response::Refuse => true,
    });
    // The gravest first: it gives the code.
    reasons.sort_by_key(|it| std::cmp::Reverse(it.0));
    let Some(&(_, code, _)) = reasons.first() else { return Ok(()) };
    let joined = |lang, by: &str| reasons.iter().map(|it| it.2.of(lang)).collect::<Vec<_>>().join(by);
    let says = Text::new(
        format!("单据已暂扣：{}。可减少本单、登记回款或申请放行。", joined(Lang::Zh, "，")),
        format!("Held: {}. Reduce it, record a receipt or request a release.", joined(Lang::En, ", ")),
    );
    let figure =
        |name, zh, en, amount| Figure { name, label: Label { zh, en }, amount, group: Some("credit") };
    let figures = vec![
        figure("amount", "本单", "This document", amount),
        figure("exposure", "连同本单已用", "Used with it", exposure),
        figure("limit", "额度", "Limit", now.limit),
        figure("over", "超出", "Over", Money((exposure - now.limit).0.max(0))),
        figure("overdue", "过期", "Overdue", now.overdue),
    ];
    Err(Error::Refused(Box::new(Refusal { code, says, figures, held: true })))
}

/// Refuses a customer with whom no business is done any more; what was done before is past.
pub fn check_trading(customer: &Customer, tx: &Tx) -> Result<()> {
    if tx.history {
        return Ok(());
    }
    if customer.merged_into.is_some() {
        refuse!("customer_closed", "客户已被合并，请改用合并后的客户" "The customer was merged; choose the one it went into");
    }
    if customer.closed {
        refuse!("customer_closed", "客户已关闭，不能再做生意；需要时请先重新启用" "The customer is closed; reopen it first if need be");
    }
    Ok(())
}

/// What a release asks.
#[derive(Form)]
pub struct Release {
    #[field(zh = "有效至", en = "Valid until")]
    pub until: Option<Date>,
    #[field(zh = "原因", en = "Reason", required, again)]
    pub reason: String,
}

/// The last day of a release.
pub fn until(asked: &Release, tx: &Tx) -> Result<Date> {
    let days = tx.catalog.number("release_days");
    let until = asked.until.unwrap_or_else(|| tx.today().saturating_add(days.days()));
    if until < tx.today() {
        let says = Label { zh: "放行不能在过去到期", en: "A release does not end in the past" };
        return Err(Error::fault("until", "out_of_range", says));
    }
    Ok(until)
}
