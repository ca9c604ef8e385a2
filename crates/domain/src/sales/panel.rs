//! What stands beside an order and a sale while it is written: whether the customer may have it on credit, and what the goods cost
//! this customer the last times.

use model::{
    Date, Entity, Fact, Id, Kind, Label, Money, Notice, Panel, Part, Price, Quantity, Result, Section, Sql,
    Text, Tone, Tx, Value, Way, message,
};

use super::account::SaleEntry;
use super::credit::{Group, Moment, Response, Standing, groups, judge, standing};
use super::sale::{self, Sale};
use super::sale_order::{self, SaleOrder};
use crate::{Customer, Product};

/// Rows of the price history.
const PRICES: usize = 5;

const fn label(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

/// A document about to be checked, whichever it is.
struct Asked<'a> {
    entity: &'static str,
    /// When the rules look at it next.
    moment: Moment,
    id: i64,
    customer: Id<Customer>,
    amount: Money,
    /// What of the customer's exposure is this document's own already.
    own: Money,
    /// Why it waits, while it does.
    held: Option<&'a str>,
    goods: Vec<(Id<Product>, Quantity)>,
}

pub fn of_sale(sale: &Sale, at: Option<usize>, tx: &mut Tx) -> Result<Panel> {
    let lines = tx.lines(sale)?;
    let asked = Asked {
        entity: Sale::DEF.code,
        moment: if sale.status == sale::Status::Checked { Moment::SalePost } else { Moment::SaleCheck },
        id: sale.id.0,
        customer: sale.customer,
        amount: sale.amount,
        own: sale::own(sale, &lines, tx)?,
        held: sale.held.as_deref().filter(|_| sale.status == sale::Status::Held),
        goods: lines.iter().map(|it| (it.product, it.quantity)).collect(),
    };
    panel(&asked, at, tx)
}

pub fn of_order(order: &SaleOrder, at: Option<usize>, tx: &mut Tx) -> Result<Panel> {
    let lines = tx.lines(order)?;
    let asked = Asked {
        entity: SaleOrder::DEF.code,
        moment: Moment::OrderCheck,
        id: order.id.0,
        customer: order.customer,
        amount: order.rest,
        own: if order.status == sale_order::Status::Checked { order.rest } else { Money(0) },
        held: order.held.as_deref().filter(|_| order.status == sale_order::Status::Held),
        goods: lines.iter().map(|it| (it.product, it.quantity)).collect(),
    };
    panel(&asked, at, tx)
}

fn panel(asked: &Asked, at: Option<usize>, tx: &mut Tx) -> Result<Panel> {
    let mut panel = Panel::default();
    if asked.customer == Id::NEW {
        return Ok(panel);
    }
    let customer = tx.get(asked.customer)?;
    let mut now = standing(tx, &customer, 0)?;
    // As the gate reckons: without what this document counts for already.
    now.exposure = now.exposure - asked.own;
    let mut section = credit(&customer, &now, asked.amount);
    for it in groups(tx, &customer)? {
        section.parts.push(shared(&it, asked.amount - asked.own));
    }
    // What the rule lets pass, but not in silence.
    let verdict = judge(tx, asked.moment, &customer, asked.amount, asked.own)?;
    for (_, _, says) in verdict.reasons.into_iter().filter(|it| it.0 == Response::Warn) {
        section.parts.push(Part::Says(Tone::Warn, says));
    }
    panel.sections.push(section);
    if let Some(why) = asked.held {
        panel.notice = Some(held(asked, why, &now));
    }
    short(&asked.goods, &mut panel, tx)?;
    let at = at.filter(|it| *it < asked.goods.len()).or(asked.goods.len().checked_sub(1));
    if let Some((product, _)) = at.map(|at| asked.goods[at]).filter(|it| it.0 != Id::NEW) {
        panel.sections.push(prices(&customer, product, tx)?);
    }
    Ok(panel)
}

/// Limit, what of it is used, and what is left once this document counts: the figures of the gate.
fn credit(customer: &Customer, now: &Standing, own: Money) -> Section {
    let money = |label, amount: Money| Fact::new(label, Kind::Money, Value::from(&amount));
    let left = now.limit - now.exposure - own;
    let rows = |more: &str| Some(format!("/receivable?customer={}{more}", customer.id.0));
    let days = customer.credit_days;
    let tone = if left < Money(0) { Tone::Bad } else { Tone::Good };
    let mut figures = vec![
        Fact {
            hint: Text::new(format!("期限 {days} 天"), format!("{days} days")),
            ..money(label("放账额度", "Limit"), now.limit)
        },
        Fact { to: rows("&open!=0"), ..money(label("已用额度", "Used"), now.exposure) },
        money(label("本单", "This document"), own),
        Fact { tone, is_result: true, ..money(label("提交后可用", "Left after it"), left) },
    ];
    let mut parts = Vec::new();
    parts.push(Part::Figures(std::mem::take(&mut figures)));
    parts.push(Part::Meter { used: now.exposure.0, more: own.0, limit: now.limit.0 });
    figures.push(Fact { to: rows(""), ..money(label("应收余额", "Balance"), customer.balance) });
    if now.overdue > Money(0) {
        let hint = Text::new(format!("逾期 {} 天", now.days), format!("{} days", now.days));
        let overdue = money(label("过期账款", "Overdue"), now.overdue);
        figures.push(Fact { hint, tone: Tone::Bad, to: rows("&view=overdue"), ..overdue });
    }
    parts.push(Part::Figures(figures));
    let state = match () {
        () if customer.blacklisted => (Tone::Bad, label("黑名单", "Blacklisted")),
        () if now.overdue > Money(0) => (Tone::Bad, label("有过期账款", "Overdue")),
        () if left < Money(0) => (Tone::Bad, label("超出额度", "Over the limit")),
        () => (Tone::Good, label("可放账", "In order")),
    };
    let more = Some((label("账款明细", "Account"), format!("/receivable?customer={}", customer.id.0)));
    let title = label("客户信用", "Credit").into();
    Section { title, state: Some(state), more, group: Some("credit"), of: None, parts }
}

/// What a group of companies has of its limit, once this document counts.
fn shared(group: &Group, more: Money) -> Part {
    let left = group.limit - group.exposure - more;
    let label = label("集团剩余额度", "Left of the group's limit");
    let hint = Text::new(group.name.clone(), group.name.clone());
    let tone = if left < Money(0) { Tone::Bad } else { Tone::Plain };
    let to = Some(format!("/customer/{}", group.head.0));
    Part::Figures(vec![Fact { hint, tone, to, ..Fact::new(label, Kind::Money, Value::from(&left)) }])
}

/// Why a held sale waits, in today's figures, and the ways on.
fn held(asked: &Asked, why: &str, now: &Standing) -> Notice {
    let own = asked.amount;
    let money = |label, amount: Money| Fact::new(label, Kind::Money, Value::from(&amount));
    let mut figures = vec![
        money(label("本单", "This document"), own),
        money(label("连同本单已用", "Used with it"), now.exposure + own),
        money(label("额度", "Limit"), now.limit),
    ];
    let over = now.exposure + own - now.limit;
    if over > Money(0) {
        figures.push(Fact { tone: Tone::Bad, ..money(label("超出", "Over"), over) });
    }
    if now.overdue > Money(0) {
        let hint = Text::new(format!("逾期 {} 天", now.days), format!("{} days", now.days));
        figures.push(Fact { hint, tone: Tone::Bad, ..money(label("过期", "Overdue"), now.overdue) });
    }
    let id = asked.customer.0;
    let way = |label, entity, right, to: String, dialog| Way { label, entity, right, to, dialog };
    let ways = vec![
        way(
            label("登记回款", "Record a receipt"),
            "receipt",
            "create",
            format!("/receipt/new?customer={id}"),
            false,
        ),
        way(
            label("临时额度", "Temporary limit"),
            "customer",
            "credit",
            format!("/customer/{id}/grant_temporary"),
            true,
        ),
        way(
            label("放行", "Release"),
            asked.entity,
            "release_credit",
            format!("/{}/{}/release_credit", asked.entity, asked.id),
            true,
        ),
    ];
    let says = label(
        "减少本单后再审核，会重新检查；不能自己解决时，请有权的人放行。",
        "Reduce it and check it again; where that is no way, someone with the right releases it.",
    );
    Notice { title: message::said(why), figures, group: Some("credit"), says: says.into(), ways }
}

/// The lines for which there is not enough in stock.
fn short(goods: &[(Id<Product>, Quantity)], panel: &mut Panel, tx: &mut Tx) -> Result<()> {
    if tx.catalog.parameter("negative_stock") == "allow" {
        return Ok(());
    }
    for (n, (product, quantity)) in goods.iter().enumerate().filter(|it| it.1.0 != Id::NEW) {
        let product = tx.get(*product)?;
        let lacks = *quantity - product.stock;
        if product.stocked && lacks > Quantity(0) {
            let says = Text::new(
                format!("库存 {}，缺 {lacks}", product.stock),
                format!("{} in stock, {lacks} short", product.stock),
            );
            panel.warnings.push((n, "quantity", says));
        }
    }
    Ok(())
}

/// What this customer paid for the goods of a line the last times.
fn prices(customer: &Customer, product: Id<Product>, tx: &mut Tx) -> Result<Section> {
    let product = tx.get(product)?;
    let mut sql = Sql::new("SELECT date, sale, quantity, price FROM sale_entry WHERE customer = ");
    sql.bind(customer.id.0).push(" AND product = ").bind(product.id.0);
    sql.push(" AND quantity > 0 AND sale IS NOT NULL ORDER BY date DESC, id DESC LIMIT ").bind(PRICES as i64);
    let mut rows = Vec::new();
    for row in tx.rows(&sql)? {
        let to = format!("/{}/{}", Sale::DEF.code, row[1].int());
        rows.push((vec![row[0].clone(), row[2].clone(), row[3].clone()], Some(to)));
    }
    let kind = |zh, en, kind| (label(zh, en), kind);
    let heads = vec![
        kind("日期", "Date", <Date as model::Scalar>::KIND),
        kind("数量", "Quantity", <Quantity as model::Scalar>::KIND),
        kind("单价", "Price", <Price as model::Scalar>::KIND),
    ];
    let title = Text::new(format!("历史价　{}", product.name), format!("Prices paid: {}", product.name));
    let none = label("这个客户还没买过", "Never bought by this customer");
    let list = Text::new(format!("标价 {}", product.price), format!("List price {}", product.price));
    let parts = vec![Part::Rows { heads, rows, none }, Part::Says(Tone::Plain, list)];
    Ok(Section { title, state: None, more: None, group: None, of: Some(SaleEntry::DEF.code), parts })
}
