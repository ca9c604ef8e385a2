//! Credit control 放账控制: who may still have goods on credit, and who says so when the rules do not.

use std::collections::BTreeMap;

use model::{
    Amount, Choice, Date, Entity, Error, FieldDef, Figure, Form, Format, Id, Kind, Label, Lang, Money,
    Refusal, Result, Sql, Stamp, Text, ToSpan, Tx, Value, refuse,
};

use super::price;
use crate::Customer;
use crate::crm::Term;

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
    #[field(zh = "低于最低限价", en = "Below the floor price", list)]
    pub below_floor: Response,
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
    #[choice(zh = "放行并提醒", en = "Allow and warn")]
    Warn,
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
            below_floor: Response::Release,
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

#[derive(Form)]
pub struct Ending {
    #[field(zh = "原因", en = "Reason", required, again)]
    reason: String,
}

/// Ends what was granted from today on, by entries the other way round.
pub fn end_temporary(customer: &mut Customer, tx: &mut Tx, asked: Ending) -> Result<()> {
    let today = tx.today();
    let mut sql = Sql::new("customer = ");
    sql.bind(customer.id.0).push(" AND last >= ").bind(today.to_string()).push(" ORDER BY id");
    // What is left of each time to come, without what was ended before.
    let mut left: BTreeMap<(Date, Date), Money> = BTreeMap::new();
    for it in tx.find_where::<CreditGrant>(&sql)? {
        let amount = left.entry((it.first.max(today), it.last)).or_default();
        *amount = *amount + it.amount;
    }
    left.retain(|_, amount| *amount != Money(0));
    if left.is_empty() {
        refuse!("wrong_state", "没有生效或将要生效的临时额度" "No temporary limit is in force or to come");
    }
    tx.because(&asked.reason);
    for ((first, last), amount) in left {
        let (id, reason, stamp) = (Id::NEW, asked.reason.clone(), Stamp::default());
        tx.save(&mut CreditGrant { id, customer: customer.id, amount: -amount, first, last, reason, stamp })?;
    }
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

/// What customers owe that were merged into this one, which counts with its own, as the gate counts it.
macro_rules! of_merged {
    () => {
        " FROM customer m JOIN receivable r ON r.customer = m.id \
         WHERE m.merged_into = {t}.id AND r.settled IS NULL AND r.open > 0 AND r.due < {today}"
    };
}

macro_rules! used {
    () => {
        "{t}.balance + {t}.pending + COALESCE((SELECT CAST(SUM(m.balance + m.pending) AS BIGINT) \
         FROM customer m WHERE m.merged_into = {t}.id), 0)"
    };
}

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
            concat!(
                "CASE WHEN {t}.merged_into IS NULL THEN CAST(COALESCE((SELECT SUM(r.open) FROM receivable r \
                 WHERE r.customer = {t}.id AND r.settled IS NULL AND r.open > 0 AND r.due < {today}), 0) \
                 + COALESCE((SELECT SUM(r.open)",
                of_merged!(),
                "), 0) AS BIGINT) ELSE 0 END"
            ),
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
            concat!(
                "SELECT {days}{today}{since}MIN(d.due){end} FROM (SELECT MIN(r.due) AS due FROM receivable r \
                 WHERE r.customer = {t}.id AND {t}.merged_into IS NULL AND r.settled IS NULL AND r.open > 0 AND r.due < {today} \
                 UNION ALL SELECT MIN(r.due)",
                of_merged!(),
                ") d"
            ),
        )
    },
    figure(
        "debts",
        "欠款合计",
        "Debts",
        Kind::Money,
        "SELECT CAST(COALESCE(SUM(r.amount), 0) AS BIGINT) FROM receivable r \
         WHERE r.customer = {t}.id AND r.receipt IS NULL AND r.refund IS NULL",
    ),
    figure(
        "repaid",
        "还款合计",
        "Repayments",
        Kind::Money,
        "SELECT CAST(COALESCE(-SUM(r.amount), 0) AS BIGINT) FROM receivable r \
         WHERE r.customer = {t}.id AND (r.receipt IS NOT NULL OR r.refund IS NOT NULL)",
    ),
    figure(
        "advance",
        "未用预收",
        "Unused advances",
        Kind::Money,
        "SELECT CAST(COALESCE(-SUM(r.open), 0) AS BIGINT) FROM receivable r WHERE r.customer = {t}.id AND r.settled IS NULL \
         AND r.due IS NULL AND r.open < 0",
    ),
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
        ..figure("exposure", "额度使用", "Credit used", Kind::Money, used!())
    },
    figure(
        "available",
        "可用额度",
        "Available",
        Kind::Money,
        concat!(
            "{t}.credit_limit + (SELECT CAST(COALESCE(SUM(g.amount), 0) AS BIGINT) FROM credit_grant g \
             WHERE g.customer = {t}.id AND g.first <= {today} AND g.last >= {today}) - (",
            used!(),
            ")"
        ),
    ),
    FieldDef {
        unit: Some("%"),
        ..figure(
            "used",
            "额度使用率",
            "Share used",
            Kind::Int,
            concat!("CASE WHEN {t}.credit_limit > 0 THEN (", used!(), ") * 100 / {t}.credit_limit END"),
        )
    },
    FieldDef {
        unit: None,
        ..figure(
            "lapses",
            "两年内超期",
            "Late in two years",
            Kind::Int,
            "SELECT COUNT(*) FROM receivable r WHERE r.customer = {t}.id AND r.amount > 0 \
             AND COALESCE(r.settled, {today}) > r.due AND {days}{today}{since}r.due{end} <= 730",
        )
    },
    figure(
        "releases",
        "近一年放行",
        "Released within a year",
        Kind::Int,
        "(SELECT COUNT(*) FROM sale s WHERE s.customer = {t}.id AND s.releaser IS NOT NULL \
         AND {days}{today}{since}s.date{end} <= 365) + (SELECT COUNT(*) FROM sale_order o WHERE o.customer = {t}.id \
         AND o.releaser IS NOT NULL AND {days}{today}{since}o.date{end} <= 365)",
    ),
];

/// How long a document has been held.
pub const HELD_DAYS: FieldDef = FieldDef {
    name: "held_days",
    label: Label { zh: "已扣天数", en: "Days held" },
    kind: Kind::Int,
    unit: Some("day"),
    sql: "CASE WHEN {t}.status = 'held' THEN {days}{today}{since}{t}.held_since{end} END",
    ..FieldDef::DERIVED
};

/// By how much a held document would go over its customer's limit today.
pub const fn goes_over(sql: &'static str) -> FieldDef {
    FieldDef {
        format: Format::Late,
        sum: true,
        ..figure("over", "超出额度", "Over the limit by", Kind::Money, sql)
    }
}

/// Its expression, by what of the document counts.
macro_rules! over_by {
    ($counts:literal) => {
        concat!(
            "SELECT CASE WHEN h.much > 0 THEN h.much END FROM (SELECT CAST(c.balance + c.pending + {t}.",
            $counts,
            " - c.credit_limit - COALESCE((SELECT SUM(g.amount) FROM credit_grant g WHERE g.customer = c.id \
             AND g.first <= {today} AND g.last >= {today}), 0) AS BIGINT) AS much \
             FROM customer c WHERE c.id = {t}.customer AND {t}.status = 'held') h"
        )
    };
}

pub(super) use over_by;

/// What the customer of a held document owes though it is due.
pub const OVERDUE: FieldDef = FieldDef {
    format: Format::Late,
    ..figure(
        "overdue",
        "客户逾期",
        "Customer overdue",
        Kind::Money,
        "SELECT CAST(SUM(r.open) AS BIGINT) FROM receivable r WHERE r.customer = {t}.customer AND r.open > 0 \
         AND r.due < {today} AND {t}.status = 'held'",
    )
};

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

/// The temporary limits of a customer that are in force.
fn granted(tx: &mut Tx, customer: Id<Customer>) -> Result<Money> {
    let today = tx.today().to_string();
    let mut sql =
        Sql::new("SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM credit_grant WHERE customer = ");
    sql.bind(customer.0).push(" AND first <= ").bind(today.as_str());
    sql.push(" AND last >= ").bind(today.as_str());
    tx.one(&sql).map(Money)
}

/// What a customer and those merged into it owe though it was due more than so many days ago, and for how many days.
fn late(tx: &mut Tx, customer: &Customer, days: i64) -> Result<(Money, i64)> {
    let today = tx.today();
    let since = today.saturating_sub(days.days());
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(open), 0) AS BIGINT), MIN(due) FROM receivable WHERE settled IS NULL AND open > 0 AND customer IN (SELECT ",
    );
    sql.push("CAST(")
        .bind(customer.id.0)
        .push(" AS BIGINT) UNION ALL SELECT id FROM customer WHERE merged_into = ");
    sql.bind(customer.id.0).push(") AND due < ").bind(since.to_string());
    let row = tx.rows(&sql)?.pop().unwrap_or_else(|| vec![Value::Int(0), Value::Null]);
    let oldest = row[1].text().parse::<Date>().ok();
    Ok((Money(row[0].int()), oldest.map_or(0, |oldest| i64::from((today - oldest).get_days()))))
}

/// Reads where a customer stands, with what those owe that were merged into it; the customer is locked, so nobody else
/// moves it.
pub fn standing(tx: &mut Tx, customer: &Customer, days: i64) -> Result<Standing> {
    let limit = customer.credit_limit + granted(tx, customer.id)?;
    let (overdue, days) = late(tx, customer, days)?;
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(balance + pending), 0) AS BIGINT) FROM customer WHERE merged_into = ",
    );
    let merged = Money(tx.one(sql.bind(customer.id.0))?);
    let exposure = customer.balance + customer.pending + merged;
    Ok(Standing { exposure, limit, overdue, days })
}

/// What somebody with the right let pass, as long as that holds.
#[derive(Debug, Default)]
pub struct Released {
    pub amount: Option<Money>,
    /// The lines, as [`price::kept`] wrote them: at these prices, be they below the floor.
    pub lines: String,
}

/// A document at the gate.
pub struct Asked<'a> {
    /// The strictest of their rules holds.
    pub moments: &'a [Moment],
    pub customer: &'a Customer,
    pub amount: Money,
    /// What of the customer's exposure is this document's already.
    pub own: Money,
    pub released: Released,
    pub offers: Vec<price::Offer>,
}

/// A customer whose limit all below it share, and where they stand together.
#[derive(Debug, Clone)]
pub struct Group {
    pub exposure: Money,
    pub limit: Money,
}

/// More levels than any group of companies has.
pub const LEVELS: usize = 32;

/// The groups that a customer belongs to, its own first, then up the tree. Each head is locked, after the customer itself,
/// so that what its other members do waits.
pub fn groups(tx: &mut Tx, customer: &Customer) -> Result<Vec<Group>> {
    let mut groups = Vec::new();
    let mut head = customer.clone();
    for _ in 0..LEVELS {
        if let Some(limit) = head.group_limit {
            let mut sql = Sql::new("WITH RECURSIVE below(id) AS (SELECT id FROM customer WHERE id = ");
            sql.bind(head.id.0).push(
                " UNION SELECT c.id FROM customer c JOIN below b ON c.parent = b.id OR c.merged_into = b.id) \
                 SELECT CAST(COALESCE(SUM(c.balance + c.pending), 0) AS BIGINT) FROM below b JOIN customer c ON c.id = b.id",
            );
            let (exposure, granted) = (Money(tx.one(&sql)?), granted(tx, head.id)?);
            groups.push(Group { exposure, limit: limit + granted });
        }
        let Some(parent) = head.parent else { break };
        head = tx.get(parent)?;
    }
    Ok(groups)
}

/// What the rule of a moment finds about a document.
pub struct Verdict {
    pub now: Standing,
    /// With the document.
    pub exposure: Money,
    /// The group whose limit it passes.
    pub group: Option<Group>,
    /// What the rule answers to each thing found, the gravest first.
    pub reasons: Vec<(Response, &'static str, Text)>,
    /// What it answers to a price below the floor.
    pub below_floor: Response,
}

/// Judges a document of `amount` by the strictest of the rules of some moments. `own` is what of the customer's exposure
/// is this document's already.
pub fn judge(
    tx: &mut Tx,
    moments: &[Moment],
    customer: &Customer,
    amount: Money,
    own: Money,
) -> Result<Verdict> {
    let all = tx.find::<CreditRule>(&[])?;
    let rule =
        |of: &Moment| all.iter().find(|it| it.moment == *of).cloned().unwrap_or_else(|| CreditRule::of(*of));
    let rules: Vec<CreditRule> = moments.iter().map(rule).collect();
    let strictest = |of: fn(&CreditRule) -> Response| rules.iter().map(of).max().unwrap_or(Response::Allow);
    let days = rules.iter().map(|it| it.overdue_days).min().unwrap_or(0);
    let now = standing(tx, customer, days)?;
    let mut overdue = Response::Allow;
    for rule in &rules {
        let same = rule.overdue_days == days;
        let late = if same { now.overdue } else { late(tx, customer, rule.overdue_days)?.0 };
        if late > rule.overdue_amount {
            overdue = overdue.max(rule.overdue);
        }
    }
    let over_limit = strictest(|it| it.over_limit);
    let exposure = now.exposure - own + amount;
    let mut reasons = Vec::new();
    if customer.blacklisted {
        let says = Text::new("客户在黑名单上", "the customer is blacklisted");
        reasons.push((strictest(|it| it.blacklisted), "blacklisted", says));
    }
    reasons.push((overdue, "overdue", Text::new("有过期账款", "amounts are overdue")));
    // What is paid at once, or a gift, goes over no limit, however far over it the customer is.
    if amount > Money(0) && exposure > now.limit {
        let says = Text::new("超过放账额度", "it goes over the credit limit");
        reasons.push((over_limit, "credit_limit_exceeded", says));
    }
    let all = groups(tx, customer)?.into_iter();
    let mut all = all.map(|it| Group { exposure: it.exposure - own + amount, ..it });
    let group = all.find(|it| amount > Money(0) && it.exposure > it.limit);
    // Whose group it is may be none of the actor's business.
    if group.is_some() {
        let says = Text::new("超过集团额度", "it goes over the limit of its group");
        reasons.push((over_limit, "credit_limit_exceeded", says));
    }
    reasons.retain(|it| it.0 != Response::Allow);
    reasons.sort_by_key(|it| std::cmp::Reverse(it.0));
    Ok(Verdict { now, exposure, group, reasons, below_floor: strictest(|it| it.below_floor) })
}

/// The gate: lets a document pass, or says why not.
pub fn gate(tx: &mut Tx, asked: Asked) -> Result<()> {
    // What happened before asks no leave, but whoever says that it did may let documents pass.
    if tx.history {
        let (entity, right) = (crate::Sale::DEF.code, "release_credit");
        let may = tx.actor_can(crate::Sale::DEF, right);
        return if may { Ok(()) } else { Err(Error::Forbidden { entity, right: right.to_owned() }) };
    }
    let Asked { moments, customer, amount, own, released, offers } = asked;
    let Verdict { now, exposure, group, mut reasons, below_floor } =
        judge(tx, moments, customer, amount, own)?;
    reasons.retain(|it| match it.0 {
        Response::Allow | Response::Warn => false,
        Response::Release => released.amount.is_none_or(|released| amount > released),
        Response::Refuse => true,
    });
    let on_credit = !reasons.is_empty();
    let may = match below_floor {
        Response::Allow | Response::Warn => None,
        Response::Release => Some(&*released.lines),
        Response::Refuse => Some(""),
    };
    if let Some(may) = may {
        let low = price::too_low(tx, &offers, may)?;
        let mut names: Vec<String> = low.into_iter().map(|it| it.1).collect();
        names.dedup();
        let says = Text::new(
            format!("低于最低限价：{}", names.join("、")),
            format!("below the floor price: {}", names.join(", ")),
        );
        reasons.extend((!names.is_empty()).then_some((below_floor, "below_floor", says)));
    }
    // The gravest gives the code.
    reasons.sort_by_key(|it| std::cmp::Reverse(it.0));
    let Some(&(_, code, _)) = reasons.first() else { return Ok(()) };
    let joined = |lang, by: &str| reasons.iter().map(|it| it.2.of(lang)).collect::<Vec<_>>().join(by);
    let ways = match on_credit {
        true => ["可减少本单、登记回款或申请放行", "Reduce it, record a receipt or request a release"],
        false => ["可调整单价或申请放行", "Raise the price or request a release"],
    };
    let says = Text::new(
        format!("单据已暂扣：{}。{}。", joined(Lang::Zh, "，"), ways[0]),
        format!("Held: {}. {}.", joined(Lang::En, ", "), ways[1]),
    );
    let figure = |name, zh, en, amount: Money| Figure {
        name,
        label: Label { zh, en },
        amount: Amount::Money(amount),
        group: Some("credit"),
    };
    let mut figures = vec![
        figure("amount", "本单", "This document", amount),
        figure("exposure", "连同本单已用", "Used with it", exposure),
        figure("limit", "额度", "Limit", now.limit),
        figure("over", "超出", "Over", Money((exposure - now.limit).0.max(0))),
        figure("overdue", "过期", "Overdue", now.overdue),
    ];
    if let Some(group) = group {
        figures.push(figure("group_exposure", "集团已用", "Used by the group", group.exposure));
        figures.push(figure("group_limit", "集团额度", "Limit of the group", group.limit));
    }
    let mut reasons: Vec<_> = reasons.into_iter().map(|it| (it.1, it.2)).collect();
    reasons.dedup_by_key(|it| it.0);
    Err(Error::Refused(Box::new(Refusal { code, says, figures, reasons, held: true })))
}

/// The last day on which what is sold on `date` may be paid without being overdue.
pub fn due(customer: &Customer, date: Date) -> Date {
    let days = customer.credit_days.days();
    match customer.credit_term {
        Term::Days => date.saturating_add(days),
        Term::MonthEnd => date.last_of_month().saturating_add(days),
        Term::MonthDay => {
            let first = date.saturating_add(days);
            let day = customer.credit_day.unwrap_or(1).clamp(1, 31) as i8;
            let of =
                |month: Date| Date::constant(month.year(), month.month(), day.min(month.days_in_month()));
            if of(first) >= first { of(first) } else { of(first.first_of_month().saturating_add(1.months())) }
        }
    }
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
