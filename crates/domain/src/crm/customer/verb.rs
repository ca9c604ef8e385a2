//! What may be done with a customer.

use model::{
    Code, Entity, Error, Form, Id, Label, Money, Result, Tx, refuse, system::Department, system::User,
};

use super::{Customer, Grade, Registration, Term, check_claim};

#[derive(Form)]
pub struct Transfer {
    #[field(zh = "新业务员", en = "New owner", required)]
    to: Id<User>,
    #[field(zh = "原因", en = "Reason", required, again)]
    reason: String,
}

/// Hands the customer to a colleague. Everything that is open goes with it, since it belongs to the customer.
pub fn transfer(customer: &mut Customer, tx: &mut Tx, asked: Transfer) -> Result<()> {
    let to = tx.get(asked.to)?;
    if to.closed {
        refuse!("user_closed", "这位同事已停用，不能接手客户" "This colleague is disabled and can't take over");
    }
    if customer.owner == Some(to.id) {
        refuse!("wrong_state", "客户已经在这位同事名下" "This colleague looks after the customer already");
    }
    tx.because(&asked.reason);
    customer.owner = Some(to.id);
    customer.pool = None;
    Ok(())
}

pub fn claim(customer: &mut Customer, tx: &mut Tx) -> Result<()> {
    if tx.user == 0 {
        refuse!("no_user", "领取客户要有登录用户" "Only a user can claim a customer");
    }
    check_claim(tx)?;
    customer.owner = Some(Id::of(tx.user));
    Ok(())
}

#[derive(Form)]
pub struct Release {
    #[field(zh = "公海", en = "Pool", code = "pool")]
    pool: Option<Code>,
    #[field(zh = "部门", en = "Department")]
    department: Option<Id<Department>>,
    #[field(zh = "原因", en = "Reason", again)]
    reason: String,
}

pub fn release(customer: &mut Customer, tx: &mut Tx, asked: Release) -> Result<()> {
    tx.because(&asked.reason);
    customer.owner = None;
    customer.pool = asked.pool.or(Some(Code("shared".into())));
    customer.department = asked.department.or(customer.department);
    Ok(())
}

pub fn register(customer: &mut Customer, _: &mut Tx) -> Result<()> {
    customer.registration = Registration::Registered;
    Ok(())
}

#[derive(Form)]
pub struct Credit {
    #[field(zh = "放账额度", en = "Credit limit", required, default = "same")]
    credit_limit: Money,
    #[field(zh = "放账期限", en = "Credit term", unit = "day", required, default = "same")]
    credit_days: i64,
    #[field(zh = "账期算法", en = "Term counts", default = "same")]
    credit_term: Option<Term>,
    #[field(zh = "每月付款日", en = "Day of payment", default = "same")]
    credit_day: Option<i64>,
    #[field(zh = "集团额度（0 为不设）", en = "Limit of the group (0: none)", default = "same")]
    group_limit: Option<Money>,
    #[field(zh = "信用等级", en = "Credit grade", default = "same")]
    credit_grade: Option<Grade>,
    #[field(zh = "原因", en = "Reason", required, again)]
    reason: String,
}

pub fn set_credit(customer: &mut Customer, tx: &mut Tx, asked: Credit) -> Result<()> {
    if asked.credit_limit < Money(0) {
        return Err(Error::invalid("credit_limit", "negative"));
    }
    if !(0..=3650).contains(&asked.credit_days) {
        let says = Label { zh: "期限应在 0 到 3650 天之间", en: "A term has 0 to 3650 days" };
        return Err(Error::fault("credit_days", "out_of_range", says));
    }
    if asked.group_limit.is_some_and(|it| it < Money(0)) {
        return Err(Error::invalid("group_limit", "negative"));
    }
    tx.because(&asked.reason);
    customer.credit_limit = asked.credit_limit;
    customer.credit_days = asked.credit_days;
    customer.credit_term = asked.credit_term.unwrap_or(customer.credit_term);
    customer.credit_day =
        asked.credit_day.or(customer.credit_day).filter(|_| customer.credit_term == Term::MonthDay);
    if customer.credit_term == Term::MonthDay && !customer.credit_day.is_some_and(|it| (1..=31).contains(&it))
    {
        let says =
            Label { zh: "请填每月几号付款，1 到 31", en: "Say on which day of the month, 1 to 31" };
        return Err(Error::fault("credit_day", "out_of_range", says));
    }
    customer.group_limit = asked.group_limit.or(customer.group_limit).filter(|it| *it > Money(0));
    customer.credit_grade = asked.credit_grade.unwrap_or(customer.credit_grade);
    Ok(())
}

#[derive(Form)]
pub struct Blacklist {
    #[field(zh = "原因", en = "Reason", required)]
    reason: String,
}

pub fn blacklist(customer: &mut Customer, tx: &mut Tx, asked: Blacklist) -> Result<()> {
    tx.because(&asked.reason);
    customer.blacklisted = true;
    customer.blacklist_reason = Some(asked.reason);
    (customer.blacklisted_on, customer.unlisted_on) = (Some(tx.today()), None);
    Ok(())
}

pub fn unblacklist(customer: &mut Customer, tx: &mut Tx, asked: Blacklist) -> Result<()> {
    tx.because(&asked.reason);
    customer.blacklisted = false;
    customer.unlisted_on = Some(tx.today());
    Ok(())
}

#[derive(Form)]
pub struct Merge {
    #[field(zh = "并入", en = "Into", required)]
    into: Id<Customer>,
    #[field(zh = "保留的内容", en = "What stays", format = Fields)]
    take: String,
}

/// Merges this customer into another: what is open and what describes it moves, what is posted stays and is found
/// through `merged_into`. All changes are one batch, which can be undone.
pub fn merge(customer: &mut Customer, tx: &mut Tx, asked: Merge) -> Result<()> {
    if asked.into == customer.id {
        refuse!("same_record", "不能并入自己" "A customer can't be merged into itself");
    }
    let into = tx.get(asked.into)?;
    if into.merged_into.is_some() {
        refuse!("wrong_state", "目标客户自己已被合并，请选合并后的客户" "The other customer has itself been merged; choose the one it went into");
    }
    tx.move_links(Customer::DEF, customer.id.0, into.id.0)?;
    tx.take_over(Customer::DEF, customer.id.0, into.id.0, &asked.take)?;
    // Who was merged into this one goes along, so that whoever asks looks down one level.
    for mut earlier in tx.find::<Customer>(&[("merged_into", (&customer.id).into())])? {
        earlier.merged_into = Some(into.id);
        tx.save(&mut earlier)?;
    }
    // A bad name is not left behind with the old one.
    if customer.blacklisted && !into.blacklisted {
        let mut into = tx.get(asked.into)?;
        into.blacklisted = true;
        into.blacklist_reason = customer.blacklist_reason.clone();
        (into.blacklisted_on, into.unlisted_on) = (customer.blacklisted_on, None);
        tx.save(&mut into)?;
    }
    // Who was merged into this one stands behind the other too: one step always finds them all.
    for mut earlier in tx.find::<Customer>(&[("merged_into", (&customer.id).into())])? {
        earlier.merged_into = Some(into.id);
        tx.save(&mut earlier)?;
    }
    customer.merged_into = Some(into.id);
    customer.closed = true;
    Ok(())
}

#[derive(Form)]
pub struct Close {
    #[field(zh = "关闭原因", en = "Reason", code = "close_reason", required)]
    reason: Option<Code>,
}

pub fn close(customer: &mut Customer, _: &mut Tx, asked: Close) -> Result<()> {
    customer.close_reason = asked.reason;
    customer.closed = true;
    Ok(())
}

pub fn reopen(customer: &mut Customer, _: &mut Tx) -> Result<()> {
    customer.close_reason = None;
    customer.closed = false;
    Ok(())
}
