//! The customers of the month: how many, how many new, day by day, and who has them.

use std::collections::HashMap;

use maud::{Markup, html};
use model::{Date, Desk, EntityDef, FieldDef, Kind, Lang, Query, Result, Value};
use web::list::cell::Cells;
use web::says;
use web::ui::{avatar, count, t};

use super::figure::{Figure, address, asked, with};
use super::tiles::{sees_others, unit};

const OPEN: &str = "closed=false";
const DAYS: usize = 30;
const PEOPLE: usize = 9;

/// A question about the customers of one, `owner=me`, or of all, where `whose` says nothing.
fn of(whose: &str, rest: &str) -> String {
    if whose.is_empty() { rest.to_owned() } else { format!("{whose}&{rest}") }
}

/// Held, new, in the pool; then where they stand.
pub fn figures(desk: &mut Desk, def: &'static EntityDef, whose: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    let held = Figure::of(desk, def, &of(whose, OPEN))?;
    let new = Figure::of(desk, def, &of(whose, "created=this_month"))?;
    let before = Figure::of(desk, def, &of(whose, "created=last_month"))?;
    let changed = Figure::of(desk, def, &of(whose, "changed=this_month"))?;
    let pool = Figure::of(desk, def, "view=pool")?;
    let stages = stages(desk, def, whose)?;
    let most = stages.iter().map(|it| it.1.count).max().unwrap_or_default().max(1);
    Ok(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "本月客户", "Customers this month")) } span class="ky-grow" {} a href=(held.href) { (t(lang, "全部客户", "All customers")) } }
            div class="ky-figs" {
                div { (t(lang, "在册", "Held")) b { (held.link()) small { (unit(def, lang)) } } small { (t(lang, "本月有更新 ", "Changed ")) (changed.link()) } }
                div { (t(lang, "本月新增", "New")) b { (new.link()) } small { (t(lang, "上月 ", "Last month ")) (before.link()) } }
                div { (t(lang, "公海", "In the pool")) b { (pool.link()) } small { @if desk.may(def, "claim").is_ok() { a href=(pool.href) { (t(lang, "去领取", "Claim")) } } } }
            }
            @if !stages.is_empty() {
                ul class="ky-bars" {
                    @for (label, figure) in &stages {
                        li {
                            span { (label) }
                            (meter(figure.count, most))
                            (figure.link())
                        }
                    }
                }
            }
        }
    })
}

/// A bar for a part of the greatest.
pub fn meter(rows: i64, most: i64) -> Markup {
    html! {
        svg class="ky-meter" viewBox="0 0 1000 4" preserveAspectRatio="none" aria-hidden="true" { rect width="1000" height="4" {} rect class="is-value" width=((i128::from(rows) * 1000 / i128::from(most)) as i64) height="4" {} }
    }
}

/// The customers by stage, in the stages' order.
fn stages(desk: &mut Desk, def: &'static EntityDef, whose: &str) -> Result<Vec<(&'static str, Figure)>> {
    let Some(field) = def.field("stage").map(|it| it.1).filter(|it| desk.may_read(def, it)) else {
        return Ok(Vec::new());
    };
    let Kind::Choice(all) = field.kind else { return Ok(Vec::new()) };
    let raw = of(whose, OPEN);
    let counts = counts(desk, def, &raw, field)?;
    let stage = |(code, label): &(&'static str, model::Label)| {
        let count = counts.get(&Value::Text((*code).into())).copied().unwrap_or_default();
        (label.of(desk.actor.lang), Figure { count, href: address(def, &with(&raw, field.name, code)) })
    };
    Ok(all.iter().map(stage).collect())
}

/// How many rows of a question hold each value of a field.
fn counts(
    desk: &mut Desk,
    def: &'static EntityDef,
    raw: &str,
    field: &FieldDef,
) -> Result<HashMap<Value, i64>> {
    let query = asked(desk, def, raw)?;
    let columns = vec![def.title_field().name.to_owned()];
    let list = desk.list(def.code, &Query { group: Some(field.name.into()), columns, ..query })?;
    Ok(desk.groups(&list)?.into_iter().map(|it| (it.value, it.totals.count)).collect())
}

/// New customers of the last thirty days as bars, each a door to its day.
pub fn chart(desk: &mut Desk, def: &'static EntityDef, whose: &str) -> Result<Markup> {
    let (lang, today) = (desk.actor.lang, desk.today());
    let raw = of(whose, "created=last_30_days");
    let total = Figure::of(desk, def, &raw)?;
    let query = asked(desk, def, &raw)?;
    let found: HashMap<Date, i64> = desk.spread(def.code, &query, "created")?.into_iter().collect();
    let days: Vec<Date> = std::iter::successors(Some(today), |it| it.yesterday().ok()).take(DAYS).collect();
    let most = found.values().max().copied().unwrap_or_default().max(4);
    let top = (most + 3) / 4 * 4;
    // In units of the drawing: 30 columns of 18 by a height of 190 over the labels of the days.
    let bar = |n: usize, day: &Date| {
        let rows = found.get(day).copied().unwrap_or_default();
        let high = if rows == 0 { 1 } else { (rows * 190 / top).max(3) };
        let says = format!("{day}: {}", count(rows));
        let href = address(def, &of(whose, &format!("created={day}")));
        let x = 40 + n * 18;
        html! {
            @if rows > 0 {
                a href=(href) aria-label=(says) { title { (says) } rect class="is-hit" x=(x) y="8" width="18" height="190" {} rect class="is-bar" x=(x + 4) y=(198 - high) width="10" height=(high) rx="1.5" {} }
            } @else { rect class="is-none" x=(x + 4) y="197" width="10" height="1" {} }
            @if (DAYS - 1 - n).is_multiple_of(5) { text x=(x + 9) y="214" text-anchor="middle" { (day.strftime("%m-%d").to_string()) } }
        }
    };
    let title = t(lang, "新增客户", "New customers");
    Ok(html! {
        section class="ky-card" {
            header { h2 { (title) } span class="ky-mute ky-small" { (t(lang, "近 30 天", "Last 30 days")) } span class="ky-grow" {} (total.link()) span class="ky-mute ky-small" { (unit(def, lang)) } }
            svg class="ky-daybars" viewBox="0 0 590 224" role="group" aria-label=(title) {
                @for line in 0..=4 {
                    @let y = 198 - line * 190 / 4;
                    path d={ "M40 " (y) "H580" } {} text x="32" y=(y + 4) text-anchor="end" { (top * line / 4) }
                }
                @for (n, day) in days.iter().rev().enumerate() { (bar(n, day)) }
            }
        }
    })
}

/// Who has how many: for whoever sees more than their own.
pub fn team(desk: &mut Desk, def: &'static EntityDef) -> Result<Option<Markup>> {
    let Some(owner) = def.owner.map(|at| &def.fields[at]).filter(|it| desk.may_read(def, it)) else {
        return Ok(None);
    };
    if !sees_others(desk, def) {
        return Ok(None);
    }
    let lang = desk.actor.lang;
    let asks = [
        (OPEN, t(lang, "在册客户", "Customers")),
        ("created=this_month", t(lang, "新增", "New")),
        ("changed=this_month", t(lang, "有更新", "Changed")),
        ("view=incomplete", t(lang, "资料不全", "Incomplete")),
    ];
    let mut columns = Vec::new();
    for (raw, _) in asks {
        columns.push(counts(desk, def, raw, owner)?);
    }
    let cells = Cells::of(desk);
    let held = columns[0].iter().filter(|it| *it.0 != Value::Null);
    let mut people: Vec<(i64, i64)> = held.map(|(who, count)| (who.int(), *count)).collect();
    people.sort_by_key(|it| (-it.1, it.0));
    let most = people.first().map_or(1, |it| it.1.max(1));
    let figure = |n: usize, who: &Value| {
        let value = if *who == Value::Null { "none".into() } else { who.int().to_string() };
        let count = columns[n].get(who).copied().unwrap_or_default();
        Figure { count, href: address(def, &with(asks[n].0, owner.name, &value)) }
    };
    let row = |label: &Markup, who: &Value, bar: &Markup| {
        html! {
            tr {
                td { (label) }
                td data-head=(asks[0].1) { span class="ky-barfig" { (bar) (figure(0, who).link()) } }
                @for n in 1..4 { td data-head=(asks[n].1) class={ "is-number" @if n == 3 && *who != Value::Null { " is-warn" } } { (figure(n, who).cell()) } }
            }
        }
    };
    let widths = if lang == Lang::Zh { [128, 48, 58, 74] } else { [104, 48, 72, 90] };
    let href = address(def, &with(OPEN, "group", owner.name));
    Ok(Some(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "团队本月", "The team this month")) } span class="ky-grow" {} a href=(href) { (t(lang, "按人查看", "By person")) } }
            table class="ky-table is-inset is-facts" {
                colgroup { col; @for width in widths { col width=(width); } }
                thead { tr {
                    th scope="col" { (t(lang, "业务员", "Salesperson")) }
                    @for (n, (_, label)) in asks.iter().enumerate() { th scope="col" class=[(n > 0).then_some("is-number")] { (label) } }
                } }
                tbody {
                    @for (id, rows) in people.iter().take(PEOPLE) {
                        @let name = cells.person(*id);
                        (row(&html! { span class="ky-who" { (avatar(&name, "")) (name) } }, &Value::Int(*id), &meter(*rows, most)))
                    }
                    @if figure(0, &Value::Null).count > 0 {
                        (row(&html! { span class="ky-status" { (t(lang, "公海", "Pool")) } }, &Value::Null, &html! { span {} }))
                    }
                }
            }
            @if let Some(more @ 1..) = people.len().checked_sub(PEOPLE) {
                p class="ky-card-body ky-small" {
                    a href=(href) { (says!(lang, "还有 {more} 人", "{more} more")) }
                }
            }
        }
    }))
}
