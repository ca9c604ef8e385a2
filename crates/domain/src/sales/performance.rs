//! Performance 业绩: to whom a sale counts, by the company's rule when it was posted (CLS-15, 16). Owner and maker stand
//! in the documents whatever the rule is.

use model::{
    Date, Entity, FieldDef, Id, Label, Money, Result, Stamp, Tx, Value, Views, system::Department,
    system::User, views,
};

use super::{Sale, SaleReturn};
use crate::Customer;

/// What of a document counts for one person.
#[derive(Debug, Clone, Entity)]
#[entity(zh = "业绩", en = "Performance", module = "sales", icon = "chart-bar", title = user)]
#[entity(within = customer, owner = user, department = department, ledger, views = VIEWS, derived = DERIVED)]
pub struct Performance {
    pub id: Id<Performance>,
    #[field(zh = "业绩归属", en = "Counts for", readonly, list, filter)]
    pub user: Option<Id<User>>,
    #[field(zh = "部门", en = "Department", readonly, list, filter)]
    pub department: Option<Id<Department>>,
    #[field(zh = "日期", en = "Date", readonly, list, filter)]
    pub date: Date,
    #[field(zh = "客户", en = "Customer", readonly, list, filter)]
    pub customer: Id<Customer>,
    #[field(zh = "金额", en = "Amount", readonly, list, sum)]
    pub amount: Money,
    #[field(zh = "税额", en = "Tax", readonly, sum)]
    pub tax: Money,
    #[field(zh = "成本", en = "Cost", readonly, sum, group = "cost")]
    pub cost: Option<Money>,
    #[field(zh = "销售单", en = "Sale", readonly, list, filter)]
    pub sale: Option<Id<Sale>>,
    #[field(zh = "退货单", en = "Return", readonly, list, filter)]
    pub sale_return: Option<Id<SaleReturn>>,
    pub stamp: Stamp,
}

static DERIVED: &[FieldDef] = &[FieldDef {
    name: "margin",
    label: Label { zh: "毛利", en: "Margin" },
    kind: model::Kind::Money,
    sum: true,
    group: Some("cost"),
    sql: "{t}.amount - {t}.tax - {t}.cost",
    ..FieldDef::DERIVED
}];

const VIEWS: Views = views![
    this_month("本月", "This month", "date=this_month"),
    this_year("今年", "This year", "date=this_year"),
    all("全部", "All", ""),
];

/// A posted document, before it is said for whom it counts.
pub struct Deal {
    pub date: Date,
    pub customer: Id<Customer>,
    pub maker: Option<Id<User>>,
    pub owner: Option<Id<User>>,
    pub amount: Money,
    pub tax: Money,
    pub cost: Option<Money>,
    pub sale: Option<Id<Sale>>,
    pub sale_return: Option<Id<SaleReturn>>,
}

/// Enters for whom a document counts: for those for whom the sale did that it takes something back of, whatever the rule
/// is now. Where the rule names nobody, it counts for whom there is.
pub fn enter(tx: &mut Tx, of: Option<Id<Sale>>, deal: Deal) -> Result<()> {
    let mut shares = Vec::new();
    if let Some(sale) = of {
        let all: Vec<Performance> = tx.find(&[("sale", (&sale).into())])?;
        shares = all.into_iter().map(|it| (it.user, it.amount.0)).collect();
    }
    if shares.iter().map(|it| it.1).sum::<i64>() == 0 {
        shares = by_rule(tx, &deal);
    }
    // Each share is taken of what is left, so that no cent is lost.
    let mut whole = shares.iter().map(|it| it.1).sum();
    let (mut amount, mut tax, mut cost) = (deal.amount, deal.tax, deal.cost);
    for (user, share) in shares.into_iter().filter(|it| it.1 != 0) {
        let part = |of: Money| of.share(share, whole);
        let entry = (part(amount), part(tax), cost.map(part));
        (amount, tax, cost) = (amount - entry.0, tax - entry.1, cost.zip(entry.2).map(|it| it.0 - it.1));
        whole -= share;
        write(tx, &deal, user, entry)?;
    }
    Ok(())
}

/// The shares of owner and maker in a document.
fn by_rule(tx: &Tx, deal: &Deal) -> Vec<(Option<Id<User>>, i64)> {
    let percent = match tx.catalog.parameter("attribution") {
        "owner" => 100,
        "split" => tx.catalog.number("attribution_owner").clamp(0, 100),
        _ => 0,
    };
    let percent = match (deal.owner, deal.maker) {
        (owner, maker) if owner == maker => 0,
        (None, _) => 0,
        (_, None) => 100,
        _ => percent,
    };
    vec![(deal.owner, percent), (deal.maker, 100 - percent)]
}

fn write(
    tx: &mut Tx,
    deal: &Deal,
    user: Option<Id<User>>,
    (amount, tax, cost): (Money, Money, Option<Money>),
) -> Result<()> {
    let Deal { date, customer, sale, sale_return, .. } = *deal;
    let department = user.and_then(|user| tx.catalog.department_of(user.0)).map(Id::of);
    let (id, stamp) = (Id::NEW, Stamp::default());
    let mut entry =
        Performance { id, user, department, date, customer, amount, tax, cost, sale, sale_return, stamp };
    tx.save(&mut entry).map(drop)
}

/// Says what a document's goods cost by now: shared as its amount is.
pub fn retell(tx: &mut Tx, of: [(&str, Value); 1], cost: Option<Money>) -> Result<()> {
    let all = tx.find::<Performance>(&of)?;
    let (whole, mut rest) = (all.iter().map(|it| it.amount).sum::<Money>(), cost);
    for (n, it) in all.iter().enumerate() {
        let is_last = n + 1 == all.len();
        let part = if is_last { rest } else { cost.map(|cost| cost.share(it.amount.0, whole.0)) };
        rest = rest.zip(part).map(|(rest, part)| rest - part);
        tx.touch(it.id, "cost", Value::from(&part))?;
    }
    Ok(())
}

/// Enters the opposite of what the document of `field` counted for, whatever the rule is now.
pub fn reverse(
    tx: &mut Tx,
    of: (&'static str, i64),
    date: Date,
    sale: Option<Id<Sale>>,
    sale_return: Option<Id<SaleReturn>>,
) -> Result<()> {
    for it in tx.find::<Performance>(&[(of.0, Value::Int(of.1))])? {
        let cost = it.cost.map(|it| -it);
        let (id, stamp) = (Id::NEW, Stamp::default());
        let (amount, tax_of) = (-it.amount, -it.tax);
        tx.save(&mut Performance { id, date, amount, tax: tax_of, cost, sale, sale_return, stamp, ..it })?;
    }
    Ok(())
}

/// What is counted for people is what was sold.
pub const AUDIT: model::Audit = model::Audit {
    says: "what a sale counts for people is not its amount",
    sql: "SELECT CAST(s.id AS TEXT) FROM sale s WHERE s.status IN ('posted', 'reversed') AND s.amount <> \
          COALESCE((SELECT SUM(p.amount) FROM performance p WHERE p.sale = s.id), 0) LIMIT 20",
};
