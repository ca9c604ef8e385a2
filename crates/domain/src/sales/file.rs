//! The customer's file in four parts (CUS-15..18): beside what stands in its fields its dealings, its money and its
//! credit, each figure a door to its rows.

use model::{
    Bar, Date, Entity, Fact, Kind, Label, Money, Panel, Part, Result, Section, Sql, Text, ToSpan, Tone, Tx,
    Value, Way, message,
};

use super::account::SaleEntry;
use super::credit::standing;
use super::receivable::{DOCUMENTS, NUMBER, Receivable};
use super::{Sale, SaleOrder, SaleReturn, goods_in_words};
use crate::Customer;

/// Rows of the dealings that a section shows.
const ROWS: i64 = 5;
/// How far back lateness is counted.
const MONTHS: i32 = 24;

const fn label(zh: &'static str, en: &'static str) -> Label {
    Label { zh, en }
}

fn money(label: Label, amount: Money) -> Fact {
    Fact::new(label, Kind::Money, Value::from(&amount))
}

pub fn file(customer: &Customer, _: Option<usize>, tx: &mut Tx) -> Result<Panel> {
    let mut panel = Panel::default();
    let id = customer.id.0;
    let now = standing(tx, customer, 0)?;
    let credit = |fact: Fact| Fact { group: Some("credit"), ..fact };
    let share = match now.limit.0 {
        0 => label("现款客户", "Pays in cash").into(),
        limit => {
            let percent = i128::from(now.exposure.0.max(0)) * 100 / i128::from(limit);
            let limit = now.limit.grouped();
            Text::new(format!("/ {limit}　{percent}%"), format!("/ {limit}　{percent}%"))
        }
    };
    let left = now.limit - now.exposure;
    let rows = |more: &str| Some(format!("/receivable?customer={id}{more}"));
    panel.strip = vec![
        credit(Fact {
            hint: share,
            to: rows("&open!=0"),
            bar: Some(Bar::Of(now.limit.0)).filter(|_| now.limit > Money(0)),
            ..money(label("已用额度", "Used"), now.exposure)
        }),
        credit(Fact {
            tone: if left < Money(0) { Tone::Bad } else { Tone::Plain },
            ..money(label("可用额度", "Available"), left)
        }),
        credit(Fact {
            hint: label("天", "days").into(),
            ..Fact::new(label("放账期限", "Term"), Kind::Int, Value::Int(customer.credit_days))
        }),
        credit(Fact {
            hint: match now.days {
                0 => Text::new("", ""),
                days => Text::new(format!("最久 {days} 天"), format!("by {days} days")),
            },
            tone: if now.overdue > Money(0) { Tone::Bad } else { Tone::Plain },
            to: rows("&view=overdue"),
            ..money(label("逾期", "Overdue"), now.overdue)
        }),
        credit(Fact {
            to: rows(""),
            bar: Some(Bar::Parts(ages(customer, tx)?)),
            ..money(label("应收余额", "Balance"), customer.balance)
        }),
    ];
    panel.sections = vec![dealings(customer, tx)?, payments(customer, tx)?, lateness(customer, tx)?];
    Ok(panel)
}

/// What is owed, by how many days it is overdue.
fn ages(customer: &Customer, tx: &mut Tx) -> Result<Vec<(Label, i64, String)>> {
    let (id, today) = (customer.id.0, tx.today());
    let day = |back: i64| today.saturating_sub(back.days()).to_string();
    let buckets = [
        (label("未到期", "Not due"), None, Some(0)),
        (label("1–30 天", "1–30 days"), Some(1), Some(30)),
        (label("31–60 天", "31–60"), Some(31), Some(60)),
        (label("60 天以上", "Over 60"), Some(61), None),
    ];
    let mut parts = Vec::new();
    for (label, from, to) in buckets {
        let mut sql = Sql::new(
            "SELECT CAST(COALESCE(SUM(open), 0) AS BIGINT) FROM receivable WHERE settled IS NULL AND open > 0 AND customer = ",
        );
        sql.bind(id);
        let mut dates = (String::new(), String::new());
        if let Some(to) = to {
            // What has no due date is not late.
            let or = if from.is_none() { " OR due IS NULL)" } else { ")" };
            sql.push(" AND (due >= ").bind(day(to)).push(or);
            dates.0 = day(to);
        }
        if let Some(from) = from {
            sql.push(" AND due <= ").bind(day(from));
            dates.1 = day(from);
        }
        let behind = format!("/receivable?customer={id}&open>0&due={}..{}", dates.0, dates.1);
        parts.push((label, tx.one(&sql)?, behind));
    }
    Ok(parts)
}

fn sum(tx: &mut Tx, what: &str, customer: &Customer, from: Date, to: Date) -> Result<i64> {
    let mut sql = Sql::new(&format!(
        "SELECT CAST(COALESCE(SUM({what}), 0) AS BIGINT) FROM sale_entry WHERE customer = "
    ));
    sql.bind(customer.id.0)
        .push(" AND date >= ")
        .bind(from.to_string())
        .push(" AND date <= ")
        .bind(to.to_string());
    tx.one(&sql)
}

/// What the customer buys.
fn dealings(customer: &Customer, tx: &mut Tx) -> Result<Section> {
    let (id, today) = (customer.id.0, tx.today());
    let year = Date::constant(today.year(), 1, 1);
    let now = Money(sum(tx, "amount", customer, year, today)?);
    let before = (year.saturating_sub(1.years()), today.saturating_sub(1.years()));
    let before = Money(sum(tx, "amount", customer, before.0, before.1)?);
    let margin = Money(sum(tx, "amount - tax - cost", customer, year, today)?);
    let growth = match before.0 {
        0 => Text::new("", ""),
        before => {
            let percent = (now.0 - before) * 100 / before.abs();
            Text::new(format!("同比 {percent:+}%"), format!("{percent:+}% on last year"))
        }
    };
    let mut sql = Sql::new("SELECT MAX(date) FROM sale_entry WHERE quantity > 0 AND customer = ");
    let last = tx.rows(sql.bind(id))?.pop().map_or(Value::Null, |mut row| row.swap_remove(0));
    let rows = |more: &str| Some(format!("/sale_entry?customer={id}{more}"));
    let figures = vec![
        Fact {
            hint: growth,
            to: rows("&date=this_year"),
            ..money(label("本年销售额", "Sales this year"), now)
        },
        Fact { group: Some("cost"), ..money(label("本年毛利", "Margin this year"), margin) },
        Fact {
            to: rows("&sort=-date"),
            ..Fact::new(label("最近交易", "Last dealing"), <Date as model::Scalar>::KIND, last)
        },
    ];
    let first = today.first_of_month().saturating_sub(11.months());
    let mut sql =
        Sql::new("SELECT SUBSTR(date, 1, 7), CAST(SUM(amount) AS BIGINT) FROM sale_entry WHERE customer = ");
    sql.bind(id).push(" AND date >= ").bind(first.to_string()).push(" GROUP BY 1");
    let by_month = tx.rows(&sql)?;
    let month = |n: i32| {
        let month = first.saturating_add(n.months()).strftime("%Y-%m").to_string();
        let amount = by_month.iter().find(|it| it[0].text() == month).map_or(0, |it| it[1].int());
        let to = format!("/sale_entry?customer={id}&date={month}");
        (month, amount, to)
    };
    let series = Part::Series(Kind::Money, (0..12).map(month).collect());
    let mut sql = Sql::new(
        "SELECT p.name, CAST(SUM(e.quantity) AS BIGINT), CAST(SUM(e.amount) AS BIGINT), p.id FROM sale_entry e \
         JOIN product p ON p.id = e.product WHERE e.customer = ",
    );
    sql.bind(id).push(" AND e.date >= ").bind(first.to_string());
    sql.push(&format!(" GROUP BY p.id, p.name ORDER BY 3 DESC, p.id LIMIT {ROWS}"));
    let goods = tx.rows(&sql)?.into_iter().map(|mut row| {
        let product = row.pop().map_or(0, |it| it.int());
        (row, Some(format!("/sale_entry?customer={id}&product={product}")))
    });
    let heads = vec![
        (label("近一年的商品", "Goods of a year"), Kind::Text),
        (label("数量", "Quantity"), Kind::Quantity),
        (label("金额", "Amount"), Kind::Money),
    ];
    let none = label("近一年没有买过", "Nothing bought within a year");
    let goods = Part::Rows { heads, rows: goods.collect(), none };
    let parts = vec![Part::Figures(figures), series, documents(customer, tx)?, goods];
    let all = |entity: &str| format!("/{entity}?view=all&customer={id}&sort=-date");
    let more = vec![
        (label("全部订单", "All orders"), all(SaleOrder::DEF.code)),
        (label("全部销售单", "All sales"), all(Sale::DEF.code)),
        (label("全部退货", "All returns"), all(SaleReturn::DEF.code)),
    ];
    let title = label("业务往来", "Dealings").into();
    Ok(Section { title, state: None, more, group: None, of: Some(SaleEntry::DEF.code), parts })
}

/// A sentence or a word as a cell, in both languages.
fn said(it: impl Into<Text>) -> Value {
    Value::from(message::kept(&it.into()))
}

/// What a choice is called.
fn word(kind: Kind, code: &Value) -> Value {
    let Kind::Choice(all) = kind else { return Value::Null };
    all.iter().find(|it| it.0 == code.text()).map_or(Value::Null, |it| said(it.1))
}

/// The latest orders, sales and returns.
fn documents(customer: &Customer, tx: &mut Tx) -> Result<Part> {
    let mut rows = Vec::new();
    for def in [SaleOrder::DEF, Sale::DEF, SaleReturn::DEF] {
        let code = def.code;
        let mut sql = Sql::new(&format!(
            "SELECT d.date, d.number, u.name, d.amount, d.status, d.id, \
             (SELECT p.name FROM {code}_line l JOIN product p ON p.id = l.product WHERE l.{code} = d.id ORDER BY l.id LIMIT 1), \
             (SELECT COUNT(*) FROM {code}_line l WHERE l.{code} = d.id) \
             FROM {code} d LEFT JOIN \"user\" u ON u.id = d.salesperson WHERE d.customer = "
        ));
        sql.bind(customer.id.0).push(&format!(" ORDER BY d.date DESC, d.id DESC LIMIT {ROWS}"));
        let states = def.field("status").map_or(Kind::Text, |it| it.1.kind);
        rows.extend(tx.rows(&sql)?.into_iter().map(|row| {
            let number = if row[1] == Value::Null { said(def.label) } else { row[1].clone() };
            let goods = goods_in_words(row[6].text(), row[7].int()).map_or(Value::Null, said);
            let status = word(states, &row[4]);
            let cells = vec![row[0].clone(), number, goods, row[2].clone(), row[3].clone(), status];
            (cells, Some(format!("/{code}/{}", row[5].int())))
        }));
    }
    rows.sort_by(|a, b| b.0[0].text().cmp(a.0[0].text()));
    rows.truncate(ROWS as usize);
    let heads = vec![
        (label("日期", "Date"), <Date as model::Scalar>::KIND),
        (label("单据", "Document"), Kind::Text),
        (label("商品", "Goods"), Kind::Text),
        (label("业务员", "By"), Kind::Text),
        (label("金额", "Amount"), Kind::Money),
        (label("状态", "Status"), Kind::Text),
    ];
    Ok(Part::Rows { heads, rows, none: label("还没有单据", "No documents yet") })
}

/// What the customer pays: the last entries with the balance behind each, what is open, and what receipts paid.
fn payments(customer: &Customer, tx: &mut Tx) -> Result<Section> {
    let (id, today) = (customer.id.0, tx.today());
    let year = Date::constant(today.year(), 1, 1);
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(-amount), 0) AS BIGINT) FROM receivable WHERE receipt IS NOT NULL AND customer = ",
    );
    sql.bind(id).push(" AND date >= ").bind(year.to_string());
    let paid = Money(tx.one(&sql)?);
    let mut sql = Sql::new(
        "SELECT date, settled FROM receivable WHERE kind = 'sale' AND settled IS NOT NULL AND customer = ",
    );
    sql.bind(id).push(" AND date >= ").bind(today.saturating_sub(12.months()).to_string());
    let took = tx.rows(&sql)?;
    let took: Vec<i64> = took.iter().filter_map(|it| days(&it[0], &it[1])).collect();
    let average =
        if took.is_empty() { Value::Null } else { Value::Int(took.iter().sum::<i64>() / took.len() as i64) };
    let within =
        Text::new(format!("期限 {} 天", customer.credit_days), format!("term {}", customer.credit_days));
    let figures = vec![
        Fact {
            to: Some(format!("/receipt?customer={id}&date=this_year")),
            ..money(label("本年回款", "Paid this year"), paid)
        },
        Fact { hint: within, ..Fact::new(label("平均回款天数", "Days to pay"), Kind::Int, average) },
    ];
    let mut balance = customer.balance.0;
    let mut entries = Vec::new();
    for (name, to, row) in items(customer, "ORDER BY r.date DESC, r.id DESC", tx)? {
        let cells = vec![row[1].clone(), name, row[2].clone(), Value::Int(balance)];
        entries.push((cells, Some(to)));
        balance -= row[2].int();
    }
    let entries = Part::Rows {
        heads: vec![
            (label("日期", "Date"), <Date as model::Scalar>::KIND),
            (label("往来", "Entry"), Kind::Text),
            (label("发生额", "Amount"), Kind::Money),
            (label("余额", "Balance"), Kind::Money),
        ],
        rows: entries,
        none: label("还没有往来", "No entries yet"),
    };
    let parts = vec![Part::Figures(figures), entries, open(customer, tx)?, receipts(customer, tx)?];
    let more = vec![
        (label("核销台", "Settle"), format!("/settle/{id}")),
        (label("全部往来", "All entries"), format!("/receivable?view=all&customer={id}&sort=-date")),
    ];
    let title = label("资金往来", "Money").into();
    Ok(Section { title, state: None, more, group: None, of: Some(Receivable::DEF.code), parts })
}

/// A customer's items with their documents: kind, date, amount, what is open, due date, number, id, the documents' ids.
fn items(customer: &Customer, which: &str, tx: &mut Tx) -> Result<Vec<(Value, String, model::Record)>> {
    let mut sql = Sql::new(&format!(
        "SELECT r.kind, r.date, r.amount, r.open, r.due, {NUMBER}, r.id, r.sale, r.receipt, r.sale_return, r.refund \
         FROM {DOCUMENTS} WHERE r.customer = "
    ));
    sql.bind(customer.id.0).push(&format!(" {which} LIMIT {ROWS}"));
    let item = |row: model::Record| {
        let name = match &row[5] {
            Value::Null => word(<super::receivable::Kind as model::Scalar>::KIND, &row[0]),
            number => number.clone(),
        };
        let mut documents = ["sale", "receipt", "sale_return", "refund"].into_iter().zip(&row[7..]);
        let document = documents.find(|it| *it.1 != Value::Null).unwrap_or((Receivable::DEF.code, &row[6]));
        (name, format!("/{}/{}", document.0, document.1.int()), row)
    };
    Ok(tx.rows(&sql)?.into_iter().map(item).collect())
}

/// What the customer owes still, the first due first.
fn open(customer: &Customer, tx: &mut Tx) -> Result<Part> {
    let today = Value::from(&tx.today());
    let owed = "AND r.settled IS NULL AND r.open > 0 ORDER BY COALESCE(r.due, r.date), r.id";
    let rows = items(customer, owed, tx)?.into_iter().map(|(name, to, row)| {
        let late = days(&row[4], &today).filter(|it| *it > 0).map_or(Value::Null, Value::Int);
        (vec![row[4].clone(), name, late, row[3].clone()], Some(to))
    });
    let heads = vec![
        (label("到期日", "Due"), <Date as model::Scalar>::KIND),
        (label("未结清", "Open items"), Kind::Text),
        (label("超期天数", "Days late"), Kind::Int),
        (label("未结", "Open"), Kind::Money),
    ];
    Ok(Part::Rows { heads, rows: rows.collect(), none: label("没有未结清的账款", "Nothing is open") })
}

/// What came in last, and which documents it paid.
fn receipts(customer: &Customer, tx: &mut Tx) -> Result<Part> {
    let mut rows = Vec::new();
    let came = "AND r.receipt IS NOT NULL AND r.kind = 'receipt' ORDER BY r.date DESC, r.id DESC";
    for (name, to, row) in items(customer, came, tx)? {
        let mut sql = Sql::new(&format!(
            "SELECT {NUMBER}, CAST(SUM(a.amount) AS BIGINT) FROM {DOCUMENTS} JOIN allocation a ON a.charge = r.id WHERE a.credit = "
        ));
        sql.bind(row[6].int()).push(" GROUP BY r.id, 1 HAVING SUM(a.amount) <> 0 ORDER BY r.id");
        let paid = tx.rows(&sql)?;
        let mut zh: Vec<_> =
            paid.iter().map(|it| format!("{} {}", it[0].text(), Money(it[1].int()).grouped())).collect();
        let mut en = zh.clone();
        if row[3].int() != 0 {
            let left = Money(-row[3].int()).grouped();
            zh.push(format!("预收 {left}"));
            en.push(format!("in advance {left}"));
        }
        let paid = said(Text::new(zh.join("，"), en.join(", ")));
        rows.push((vec![row[1].clone(), name, Value::Int(-row[2].int()), paid], Some(to)));
    }
    let heads = vec![
        (label("日期", "Date"), <Date as model::Scalar>::KIND),
        (label("收款", "Receipt"), Kind::Text),
        (label("金额", "Amount"), Kind::Money),
        (label("核销", "Paid"), Kind::Text),
    ];
    Ok(Part::Rows { heads, rows, none: label("还没有收款", "Nothing came in yet") })
}

/// How the customer keeps its terms.
fn lateness(customer: &Customer, tx: &mut Tx) -> Result<Section> {
    let (id, today) = (customer.id.0, tx.today());
    let since = today.saturating_sub(MONTHS.months());
    let mut sql = Sql::new(
        "SELECT due, settled, date, amount, id FROM receivable WHERE amount > 0 AND due IS NOT NULL AND customer = ",
    );
    sql.bind(id).push(" AND due >= ").bind(since.to_string()).push(" ORDER BY due DESC, id DESC");
    let now = Value::from(&today);
    let all = tx.rows(&sql)?;
    let late: Vec<(i64, &model::Record)> = all
        .iter()
        .filter_map(|it| Some((days(&it[0], if it[1] == Value::Null { &now } else { &it[1] })?, it)))
        .filter(|it| it.0 > 0)
        .collect();
    let most = late.iter().map(|it| it.0).max().unwrap_or(0);
    let kept = match all.len() {
        0 => Value::Null,
        all => Value::Int(((all - late.len()) * 100 / all) as i64),
    };
    let tone = if late.is_empty() { Tone::Good } else { Tone::Plain };
    let times = Text::new(
        format!("近 {MONTHS} 个月，共 {} 笔", all.len()),
        format!("of {} in {MONTHS} months", all.len()),
    );
    let figures = vec![
        Fact {
            hint: times,
            tone,
            to: Some(format!("/receivable?customer={id}&view=late")),
            ..Fact::new(label("超期次数", "Paid late"), Kind::Int, Value::Int(late.len() as i64))
        },
        Fact::new(label("最长超期（天）", "Longest (days)"), Kind::Int, Value::Int(most)),
        Fact::new(label("按期付款（%）", "In time (%)"), Kind::Int, kept),
    ];
    let rows = late.iter().take(ROWS as usize).map(|(days, it)| {
        let cells = vec![it[0].clone(), it[1].clone(), Value::Int(*days), it[3].clone()];
        (cells, Some(format!("/receivable/{}", it[4].int())))
    });
    let heads = vec![
        (label("到期日", "Due"), <Date as model::Scalar>::KIND),
        (label("结清日", "Settled"), <Date as model::Scalar>::KIND),
        (label("超期天数", "Days late"), Kind::Int),
        (label("金额", "Amount"), Kind::Money),
    ];
    let none = label("没有超期记录", "Never late");
    let mut parts = vec![Part::Figures(figures), Part::Rows { heads, rows: rows.collect(), none }];
    parts.splice(0..0, listed(customer));
    parts.splice(0..0, score(customer, all.len(), late.len(), tx)?);
    parts.extend(suggestion(customer, all.len(), late.len(), most, tx)?);
    let more =
        vec![(label("额度和期限记录", "Changes of limit and term"), format!("/customer/{id}?at=history"))];
    let title = label("信誉信息", "Credit").into();
    Ok(Section { title, state: None, more, group: Some("credit"), of: None, parts })
}

/// When and why the customer was put on the blacklist, and when it was taken off.
fn listed(customer: &Customer) -> Option<Part> {
    let (on, reason) = (customer.blacklisted_on?, customer.blacklist_reason.as_deref().unwrap_or(""));
    Some(match customer.unlisted_on {
        None => Part::Says(
            Tone::Bad,
            Text::new(format!("{on} 列入黑名单：{reason}"), format!("Blacklisted on {on}: {reason}")),
        ),
        Some(off) => Part::Says(
            Tone::Plain,
            Text::new(
                format!("{on} 列入黑名单：{reason}；{off} 移出"),
                format!("Blacklisted on {on}: {reason}; taken off on {off}"),
            ),
        ),
    })
}

/// Fewer documents than these say nothing of how somebody pays.
const KNOWN: usize = 3;

/// A mark out of a hundred for how safe it is to let the customer owe: documents paid in time within two years count two
/// fifths; months with purchases within the last year, little taken back, and room in the limit a fifth each.
fn score(customer: &Customer, all: usize, late: usize, tx: &mut Tx) -> Result<Option<Part>> {
    if all < KNOWN {
        return Ok(None);
    }
    let (id, today) = (customer.id.0, tx.today());
    let year = today.saturating_sub(12.months()).to_string();
    let mut sql = Sql::new(
        "SELECT COUNT(DISTINCT SUBSTR(date, 1, 7)), CAST(COALESCE(SUM(amount), 0) AS BIGINT) FROM sale_entry \
         WHERE quantity > 0 AND customer = ",
    );
    let sold = tx.rows(sql.bind(id).push(" AND date > ").bind(year.as_str()))?.pop().unwrap_or_default();
    let (months, sold) = (sold[0].int(), sold[1].int().max(1));
    let mut sql = Sql::new(
        "SELECT CAST(COALESCE(SUM(-amount), 0) AS BIGINT) FROM sale_entry WHERE sale_return IS NOT NULL AND customer = ",
    );
    let back = tx.one(sql.bind(id).push(" AND date > ").bind(year.as_str()))?;
    let now = standing(tx, customer, 0)?;
    let used = match now.limit.0 {
        0 if now.exposure.0 <= 0 => 0,
        0 => 200,
        limit => (i128::from(now.exposure.0.max(0)) * 100 / i128::from(limit)).min(200) as i64,
    };
    let parts = vec![
        (label("按期付款", "In time"), ((all - late) * 100 / all) as i64),
        (label("往来稳定", "Steady"), (months * 100 / 12).min(100)),
        // A tenth that comes back leaves nothing of it.
        (label("少有退货", "Kept goods"), 100 - (back * 1000 / sold).clamp(0, 100)),
        // Four fifths of the limit are as good as none of it.
        (label("额度余地", "Room left"), (180 - used).clamp(0, 100)),
    ];
    let mark = (parts[0].1 * 2 + parts[1..].iter().map(|it| it.1).sum::<i64>()) / 5;
    Ok(Some(Part::Score(if customer.blacklisted { 0 } else { mark }, parts)))
}

/// Which limit and term the customer's own way of paying speaks for, and why: a person decides. The limit is what it buys
/// in the time that it may owe and a month more; who pays on time gets half as much again, who often does not, less.
fn suggestion(customer: &Customer, all: usize, late: usize, longest: i64, tx: &mut Tx) -> Result<Vec<Part>> {
    let today = tx.today();
    if customer.closed || all < KNOWN {
        return Ok(Vec::new());
    }
    let bought = sum(tx, "amount", customer, today.saturating_sub(12.months()), today)?.max(0);
    let kept = (all - late) * 100 / all;
    let now = customer.credit_days;
    // Percent of the usual limit, and the term.
    let (share, days) = match kept {
        _ if customer.blacklisted => (0, 0),
        95.. if longest <= 7 => (150, (now + 15).clamp(30, 90).max(now)),
        80.. => (100, now),
        50.. => (60, now / 2),
        _ => (0, 0),
    };
    let month = bought / 12;
    // Whole hundreds of the currency: a limit is no calculation to the cent.
    let limit = Money(month * (days + 30) / 30 * share / 100 / 10_000 * 10_000);
    let limit = match kept {
        _ if days == 0 => Money(0),
        // Who pays in time is not cut back for buying less.
        80.. => limit.max(customer.credit_limit),
        _ => limit.min(customer.credit_limit),
    };
    let why = Text::new(
        format!(
            "近一年月均采购 {}，近 {MONTHS} 个月 {all} 笔中 {kept}% 按期、最长超期 {longest} 天：建议额度 {}、期限 {days} 天。",
            Money(month).grouped(),
            limit.grouped(),
        ),
        format!(
            "It buys {} a month; of {all} documents in {MONTHS} months {kept} % were paid in time, the latest {longest} days late: a limit of {} and {days} days are suggested.",
            Money(month).grouped(),
            limit.grouped(),
        ),
    );
    if (limit, days) == (customer.credit_limit, now) {
        return Ok(vec![Part::Says(Tone::Plain, why)]);
    }
    let to = format!("/customer/{}/set_credit?credit_limit={limit}&credit_days={days}", customer.id.0);
    let label = label("按建议调整…", "Set as suggested…");
    let way = Way { label, entity: Customer::DEF.code, right: "credit", to, dialog: true };
    Ok(vec![Part::Says(Tone::Plain, why), Part::Ways(vec![way])])
}

/// Days from one date to another, where both are known.
fn days(from: &Value, to: &Value) -> Option<i64> {
    let (from, to): (Date, Date) = (from.text().parse().ok()?, to.text().parse().ok()?);
    Some(i64::from((to - from).get_days()))
}
