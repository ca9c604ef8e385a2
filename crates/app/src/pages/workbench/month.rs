//! The customers of the month: how many, how many new, day by day, and who has them.

use std::collections::HashMap;

use maud::{Markup, html};
use model::{Date, Desk, EntityDef, FieldDef, Kind, Lang, Result, Value};
use web::ui::{amount, avatar, t};

use super::figure::{Figure, Tally, address, asked, with};
use super::tiles::{sees_others, unit};

const OPEN: &str = "closed=false";
const DAYS: usize = 30;
const PEOPLE: usize = 9;

/// Whose customers, as a list's address says it.
pub struct Reach {
    pub def: &'static EntityDef,
    /// `owner=me`, or nothing.
    pub whose: &'static str,
}

impl Reach {
    fn raw(&self, rest: &str) -> String {
        match self.whose {
            "" => rest.to_owned(),
            whose => format!("{whose}&{rest}"),
        }
    }
}

/// The month's figures and the days beside them, of what one pass over the customers counts.
pub fn cards(desk: &mut Desk, reach: &Reach) -> Result<Markup> {
    let asks =
        [OPEN, "created=this_month", "created=last_month", "changed=this_month", "created=last_30_days"];
    let raws = asks.map(|it| reach.raw(it));
    let within = if reach.whose.is_empty() { "view=*" } else { reach.whose };
    let stage = reach.def.field("stage").map_or(reach.def.title_field(), |it| it.1);
    let tally = Tally::of(desk, reach.def, stage.name, within, &raws)?;
    let figures = figures(desk, reach, stage, &tally)?;
    Ok(html! { (figures) (chart(desk, reach, &tally.all(4))?) })
}

/// Held, new, in the pool; then where they stand.
fn figures(desk: &mut Desk, reach: &Reach, stage: &FieldDef, tally: &Tally) -> Result<Markup> {
    let (lang, def) = (desk.actor.lang, reach.def);
    let [held, new, before, changed] = [0, 1, 2, 3].map(|n| tally.all(n));
    let pool = Figure::of(desk, def, "view=pool")?;
    let stages: Vec<(&str, Figure)> = match stage.kind {
        Kind::Choice(all) => {
            all.iter().map(|(code, label)| (label.of(lang), tally.one(0, &Value::from(*code)))).collect()
        }
        _ => Vec::new(),
    };
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
                            svg class="ky-meter" viewBox="0 0 1000 4" preserveAspectRatio="none" aria-hidden="true" {
                                rect width="1000" height="4" {} rect class="is-value" width=(figure.count * 1000 / most) height="4" {}
                            }
                            (figure.link())
                        }
                    }
                }
            }
        }
    })
}

/// New customers of the last thirty days as bars, each a door to its day.
fn chart(desk: &mut Desk, reach: &Reach, total: &Figure) -> Result<Markup> {
    let (lang, def, today) = (desk.actor.lang, reach.def, desk.today());
    let query = asked(desk, def, &reach.raw("created=last_30_days"))?;
    let found: HashMap<Date, i64> = desk.spread(def.code, &query, "created")?.into_iter().collect();
    let days: Vec<Date> = std::iter::successors(Some(today), |it| it.yesterday().ok()).take(DAYS).collect();
    let most = found.values().max().copied().unwrap_or_default().max(4);
    let top = (most + 3) / 4 * 4;
    // In units of the drawing: 30 columns of 18 by a height of 190 over the labels of the days.
    let bar = |n: usize, day: &Date| {
        let count = found.get(day).copied().unwrap_or_default();
        let high = if count == 0 { 1 } else { (count * 190 / top).max(3) };
        let says = format!("{day}: {}", amount(count, 0, 0));
        let href = address(def, &reach.raw(&format!("created={day}")));
        let x = 40 + n * 18;
        html! {
            @if count > 0 {
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
    let asks = [OPEN, "created=this_month", "changed=this_month", "view=incomplete"].map(str::to_owned);
    let tally = Tally::of(desk, def, owner.name, "view=*", &asks)?;
    let catalog = desk.catalog().clone();
    let mut people = tally.values(0);
    people.retain(|it| *it != Value::Null);
    let shown = people.len().min(PEOPLE);
    let most = people.first().map_or(1, |it| tally.one(0, it).count.max(1));
    let pool = tally.one(0, &Value::Null);
    let href = address(def, &with(OPEN, "group", owner.name));
    let widths = if lang == Lang::Zh { [128, 48, 58, 74] } else { [104, 48, 72, 90] };
    let href = address(def, &with(OPEN, "group", owner.name));
    Ok(Some(html! {
        section class="ky-card" {
            header { h2 { (t(lang, "团队本月", "The team this month")) } span class="ky-grow" {} a href=(href) { (t(lang, "按人查看", "By person")) } }
            table class="ky-table is-inset" {
                colgroup { col; @for width in widths { col width=(width); } }
                thead { tr {
                    th scope="col" { (t(lang, "业务员", "Salesperson")) }
                    th scope="col" { (t(lang, "在册客户", "Customers")) }
                    th scope="col" class="is-number" { (t(lang, "新增", "New")) }
                    th scope="col" class="is-number" { (t(lang, "有更新", "Changed")) }
                    th scope="col" class="is-number" { (t(lang, "资料不全", "Incomplete")) }
                } }
                tbody {
                    @for who in &people[..shown] {
                        @let name = catalog.user_name(who.int()).unwrap_or("—");
                        @let held = tally.one(0, who);
                        tr {
                            td { span class="ky-who" { (avatar(name, "")) (name) } }
                            td { span class="ky-barfig" {
                                svg class="ky-meter" viewBox="0 0 1000 4" preserveAspectRatio="none" aria-hidden="true" { rect width="1000" height="4" {} rect class="is-value" width=(held.count * 1000 / most) height="4" {} }
                                (held.link())
                            } }
                            @for n in 1..4 { td class={ "is-number" @if n == 3 { " is-warn" } } { (tally.one(n, who).cell()) } }
                        }
                    }
                    @if pool.count > 0 {
                        tr {
                            td { span class="ky-status" { (t(lang, "公海", "Pool")) } }
                            td { span class="ky-barfig" { span {} (pool.link()) } }
                            @for n in 1..4 { td class="is-number" { (tally.one(n, &Value::Null).cell()) } }
                        }
                    }
                }
            }
            @if people.len() > shown {
                p class="ky-card-body ky-small" {
                    a href=(href) { @match lang { Lang::Zh => { "还有 " (people.len() - shown) " 人" } Lang::En => { (people.len() - shown) " more" } } }
                }
            }
        }
    }))
}
