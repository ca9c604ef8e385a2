//! What stands beside an order and a sale while it is written: whether the customer may have it on credit, and what the goods cost
//! this customer the last times.

use std::collections::HashMap;

use model::{
    Date, Entity, Fact, Id, Kind, Label, Money, Notice, Panel, Part, Price, Quantity, Result, Section, Sql,
    Text, Tone, Tx, Value, Way, message,
};

use super::account::SaleEntry;
use super::credit::{Group, Moment, Response, Standing, groups, judge, standing};
use super::price::{self, Terms};
use super::sale::{self, Sale};
use super::sale_order::{self, SaleOrder};
use crate::{Customer, Product, StockIn};

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
    lines: Vec<Terms>,
    /// The customer's prices are those of this day.
    date: Date,
    /// What this order keeps in stock, it keeps for this document.
    order: Option<Id<SaleOrder>>,
    /// The prices below the floor that were let pass.
    released: String,
}

pub fn of_sale(sale: &Sale, at: Option<usize>, tx: &mut Tx) -> Result<Panel> {
    let lines = tx.lines(sale)?;
    let own = sale::own(sale, &lines, tx)?;
    let asked = Asked {
        entity: Sale::DEF.code,
        moment: if sale.status == sale::Status::Checked { Moment::SalePost } else { Moment::SaleCheck },
        id: sale.id.0,
        customer: sale.customer,
        amount: sale.amount,
        own,
        held: sale.held.as_deref().filter(|_| sale.status == sale::Status::Held),
        date: sale.date,
        order: sale.order,
        released: sale::released(sale, own, tx)?.lines,
        lines: lines.iter().map(Terms::from).collect(),
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
        date: order.date,
        order: Some(order.id).filter(|it| *it != Id::NEW),
        released: sale_order::released(order, tx)?.lines,
        lines: lines.iter().map(Terms::from).collect(),
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
    let verdict = judge(tx, &[asked.moment], &customer, asked.amount, asked.own)?;
    let below_floor = verdict.below_floor;
    for (_, _, says) in verdict.reasons.into_iter().filter(|it| it.0 == Response::Warn) {
        section.parts.push(Part::Says(Tone::Warn, says));
    }
    panel.sections.push(section);
    if let Some(why) = asked.held {
        panel.notice = Some(held(asked, why, &customer, &now));
    }
    short(asked, &mut panel, tx)?;
    too_low(asked, below_floor, &mut panel, tx)?;
    for (n, why) in asked.lines.iter().enumerate().filter_map(|(n, it)| Some((n, it.why.as_ref()?))) {
        panel.hints.push((n, "price", message::said(why)));
    }
    let at = at.filter(|it| *it < asked.lines.len()).or(asked.lines.len().checked_sub(1));
    if let Some(line) = at.map(|at| &asked.lines[at]).filter(|it| it.product != Id::NEW) {
        let product = tx.get(line.product)?;
        panel.sections.push(paid(&customer, &product, tx)?);
        panel.sections.push(ruled(asked, line, &product, tx)?);
        panel.sections.push(bought(&product, tx)?);
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
    let more = vec![(label("账款明细", "Account"), format!("/receivable?customer={}", customer.id.0))];
    let title = label("客户信用", "Credit").into();
    Section { title, state: Some(state), more, group: Some("credit"), of: None, parts }
}

/// What a group of companies has of its limit, once this document counts.
fn shared(group: &Group, more: Money) -> Part {
    let left = group.limit - group.exposure - more;
    let label = label("集团剩余额度", "Left of the group's limit");
    let tone = if left < Money(0) { Tone::Bad } else { Tone::Plain };
    Part::Figures(vec![Fact { tone, ..Fact::new(label, Kind::Money, Value::from(&left)) }])
}

/// Why a held sale waits, in today's figures, and the ways on.
fn held(asked: &Asked, why: &str, customer: &Customer, now: &Standing) -> Notice {
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
    if let Some(reason) = customer.blacklist_reason.as_ref().filter(|_| customer.blacklisted) {
        let since = customer.blacklisted_on.map_or(String::new(), |it| it.to_string());
        let hint = Text::new(format!("{since} 起"), format!("since {since}"));
        let listed = Fact::new(label("黑名单", "Blacklisted"), Kind::Text, Value::from(reason.as_str()));
        figures.push(Fact { hint, tone: Tone::Bad, ..listed });
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
    Notice {
        tone: Tone::Bad,
        title: message::said(why),
        figures,
        group: Some("credit"),
        says: says.into(),
        ways,
    }
}

/// The lines for which there is not enough in stock, once what others have ordered is set aside.
fn short(asked: &Asked, panel: &mut Panel, tx: &mut Tx) -> Result<()> {
    if tx.catalog.parameter("negative_stock") == "allow" {
        return Ok(());
    }
    let mut sql = Sql::new(
        "SELECT l.product, CAST(SUM(l.quantity - l.delivered) AS BIGINT) FROM sale_order_line l \
         JOIN sale_order o ON o.id = l.sale_order WHERE o.status = 'checked' AND o.id <> ",
    );
    sql.bind(asked.order.unwrap_or(Id::NEW).0).push(" AND (o.reserved_until IS NULL OR o.reserved_until >= ");
    sql.bind(tx.today().to_string()).push(") AND l.product IN ");
    sql.any_of(asked.lines.iter().map(|it| it.product.0)).push(" GROUP BY l.product");
    let reserved: HashMap<i64, i64> = tx.rows(&sql)?.iter().map(|row| (row[0].int(), row[1].int())).collect();
    // Lines of the same goods share what there is.
    let mut taken: HashMap<i64, Quantity> = HashMap::new();
    for (n, line) in asked.lines.iter().enumerate().filter(|it| it.1.product != Id::NEW) {
        let product = tx.get(line.product)?;
        let (id, stock) = (line.product.0, product.stock);
        let kept = Quantity(reserved.get(&id).copied().unwrap_or(0));
        let before = taken.get(&id).copied().unwrap_or(Quantity(0));
        taken.insert(id, before + line.quantity);
        let lacks = before + line.quantity - (stock - kept);
        if !product.stocked || lacks <= Quantity(0) {
            continue;
        }
        let says = match kept {
            Quantity(0) => {
                Text::new(format!("库存 {stock}，缺 {lacks}"), format!("{stock} in stock, {lacks} short"))
            }
            kept => Text::new(
                format!("库存 {stock}，订单已预留 {kept}，可用 {}，缺 {lacks}", stock - kept),
                format!("{stock} in stock, {kept} reserved, {} available, {lacks} short", stock - kept),
            ),
        };
        panel.warnings.push((n, "quantity", says));
    }
    Ok(())
}

/// The lines below the floor, without saying where that is.
fn too_low(asked: &Asked, answer: Response, panel: &mut Panel, tx: &mut Tx) -> Result<()> {
    let says = match answer {
        Response::Allow => return Ok(()),
        Response::Warn => label("低于最低限价", "Below the floor price"),
        Response::Release => {
            label("低于最低限价，要有权的人放行", "Below the floor price: it needs a release")
        }
        Response::Refuse => label("低于最低限价，不能这样卖", "Below the floor price: it can't be sold so"),
    };
    let offers = asked.lines.iter().map(Terms::offer);
    let low = price::too_low(tx, &offers.collect::<Vec<_>>(), &asked.released)?;
    panel.warnings.extend(low.into_iter().map(|it| (it.0, "price", says.into())));
    Ok(())
}

/// The last deals that a statement finds: date, document and its number, quantity, price.
fn deals(entity: &str, sql: &Sql, none: Label, tx: &mut Tx) -> Result<Part> {
    let deal = |mut row: Vec<Value>| {
        let to = format!("/{entity}/{}", row.remove(1).int());
        (row, Some(to))
    };
    let rows = tx.rows(sql)?.into_iter().map(deal).collect();
    let heads = vec![
        (label("日期", "Date"), <Date as model::Scalar>::KIND),
        (label("单据", "Document"), Kind::Text),
        (label("数量", "Quantity"), <Quantity as model::Scalar>::KIND),
        (label("单价", "Price"), <Price as model::Scalar>::KIND),
    ];
    Ok(Part::Rows { heads, rows, none })
}

/// What this customer paid for the goods of a line the last times.
fn paid(customer: &Customer, product: &Product, tx: &mut Tx) -> Result<Section> {
    let mut sql = Sql::new(
        "SELECT e.date, e.sale, s.number, e.quantity, e.price FROM sale_entry e JOIN sale s ON s.id = e.sale \
         WHERE e.customer = ",
    );
    sql.bind(customer.id.0).push(" AND e.product = ").bind(product.id.0);
    sql.push(" AND e.quantity > 0 ORDER BY e.date DESC, e.id DESC LIMIT ").bind(PRICES as i64);
    let none = label("这个客户还没买过", "Never bought by this customer");
    let parts = vec![deals(Sale::DEF.code, &sql, none, tx)?];
    let title = Text::new(format!("历史价　{}", product.name), format!("Prices paid: {}", product.name));
    Ok(Section { title, state: None, more: Vec::new(), group: None, of: Some(SaleEntry::DEF.code), parts })
}

/// What the rule says of the price of a line, and why.
fn ruled(asked: &Asked, line: &Terms, product: &Product, tx: &mut Tx) -> Result<Section> {
    let ruled = price::ruled(tx, asked.customer, product, line.quantity, asked.date)?;
    let fact = |label, price: Price| Fact::new(label, Kind::Price, Value::from(&price));
    let mut figures = vec![
        fact(label("按规则", "By the rule"), ruled.price),
        fact(label("标价", "List price"), product.price),
    ];
    let floor = product.floor_price.map(|it| fact(label("最低限价", "Floor price"), it));
    figures.extend(floor.map(|it| Fact { group: Some("floor"), ..it }));
    let mut parts = vec![Part::Says(Tone::Plain, ruled.why), Part::Figures(figures)];
    if line.price.is_some_and(|it| it != ruled.price) {
        let by_hand = label(
            "这一行的单价不是按规则来的：手工填写，或从别的单据带来",
            "The price of this line is not the rule's: written by hand, or taken from another document",
        );
        let says = line.why.as_ref().map_or(by_hand.into(), |why| {
            let why = message::said(why);
            Text::new(format!("这一行保存时：{}", why.zh), format!("When it was saved: {}", why.en))
        });
        parts.push(Part::Says(Tone::Warn, says));
    }
    let title = label("为什么是这个价", "Why this price").into();
    Ok(Section { title, state: None, more: Vec::new(), group: None, of: Some(Product::DEF.code), parts })
}

/// What the goods cost when they came, for whoever may know.
fn bought(product: &Product, tx: &mut Tx) -> Result<Section> {
    let mut sql = Sql::new(
        "SELECT i.date, i.id, i.number, l.quantity, l.cost FROM stock_in_line l JOIN stock_in i ON i.id = l.stock_in \
         WHERE i.status = 'posted' AND i.reverses IS NULL AND l.cost IS NOT NULL AND l.product = ",
    );
    sql.bind(product.id.0).push(" ORDER BY i.date DESC, l.id DESC LIMIT ").bind(PRICES as i64);
    let none = label("还没有进过货", "Never bought");
    let parts = vec![deals(StockIn::DEF.code, &sql, none, tx)?];
    let (title, of) =
        (label("历史进价（不含税）", "Prices paid by us, without tax").into(), Some(StockIn::DEF.code));
    Ok(Section { title, state: None, more: Vec::new(), group: Some("cost"), of, parts })
}
