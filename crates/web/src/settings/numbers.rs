//! How records are numbered.

use axum::Router;
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::NumberRule;
use model::{Desk, Entity, EntityDef, Error, Result, Sql, pattern};

use super::{Look, can, open, saved};
use crate::Site;
use crate::ui::{icon14, t};
use crate::visit::{Answer, At, Sent, Visit};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/number/{entity}", post(save))
        .route("/settings/number/{entity}/next", get(preview))
}

pub fn numbers(look: &mut Look) -> Result<Markup> {
    let lang = look.lang;
    let edits = can(look.desk, "number_rule", "update");
    let defs: Vec<_> = numbered(look.desk).collect();
    let parts = [
        ("{6}", t(lang, "计数，6 位", "the counter, six places")),
        ("{yyyy} {yy}", t(lang, "年份，4 位或 2 位", "the year, four or two places")),
        ("{mm} {dd}", t(lang, "月、日", "month and day")),
        ("{yymm}", t(lang, "年月：计数每月重新开始", "year and month: the counter begins anew each month")),
    ];
    Ok(html! {
        section class="ky-card" { ul class="ky-params" { @for def in defs { (rule(look, def, edits)?) } } }
        section class="ky-card" {
            header { h2 { (t(lang, "怎样写规则", "How a rule is written")) } }
            div class="ky-card-body" {
                table class="ky-minitable" { tbody { @for (part, says) in parts { tr { td { code { (part) } } td { (says) } } } } }
                p class="ky-small ky-mute" { (t(lang, "例如 KH-{6} 是 KH-000123；XS-{yymm}-{4} 是 XS-2609-0001。改规则只影响以后的编号。", "KH-{6} makes KH-000123; XS-{yymm}-{4} makes XS-2609-0001. A change is for new records only.")) }
            }
        }
    })
}

fn numbered(desk: &Desk) -> impl Iterator<Item = &'static EntityDef> + use<> {
    desk.catalog().registry.all().filter(|it| it.number.is_some())
}

fn rule(look: &mut Look, def: &'static EntityDef, edits: bool) -> Result<Markup> {
    let lang = look.lang;
    let kept = look.desk.catalog().pattern(def).unwrap_or_default().to_owned();
    let default = def.number.map_or("", |it| it.0);
    let mine = look.given.text("entity") == def.code && look.wrong.is_some();
    let value = if mine { look.given.text("pattern").to_owned() } else { kept.clone() };
    let next = next(look.desk, def, &value)?;
    let fault = if mine { look.fault("pattern") } else { None };
    let path = format!("/settings/number/{}", def.code);
    Ok(html! {
        li {
            div { label for={ "pattern-" (def.code) } { b { (def.label.of(lang)) } } small { (t(lang, "默认 ", "Default ")) (default) } }
            form method="post" action=(path) {
                div class="ky-row" {
                    input type="hidden" name="entity" value=(def.code);
                    input class="ky-input ky-grow" id={ "pattern-" (def.code) } name="pattern" maxlength="40" value=(value) readonly[!edits] aria-invalid=[fault.as_ref().map(|_| "true")]
                        hx-get={ (path) "/next" } hx-trigger="input changed delay:200ms" hx-target={ "#next-" (def.code) } hx-swap="innerHTML";
                    @if edits { button class="ky-btn is-small" { (t(lang, "保存", "Save")) } }
                    @if edits && kept != default { button class="ky-iconbtn" name="reset" value="1" aria-label=(t(lang, "恢复默认", "Back to the default")) { (icon14("arrow-back-up")) } }
                }
                small id={ "next-" (def.code) } role="status" { (next) }
            }
        }
    })
}

/// The number that the next record gets, or what is wrong with the pattern.
fn next(desk: &mut Desk, def: &EntityDef, wanted: &str) -> Result<Markup> {
    let lang = desk.actor.lang;
    if let Err(error) = pattern::checked(wanted) {
        let says = model::message::message(&error, desk.catalog().registry, NumberRule::DEF.code, lang);
        return Ok(html! { span class="ky-error" { (says) } });
    }
    let today = desk.today();
    let (series, _) = pattern::number(wanted, today, 0);
    let mut sql = Sql::new("SELECT COALESCE(MAX(last), 0) FROM number WHERE series = ");
    sql.bind(format!("{}:{series}", def.code));
    let mut last = desk.trusted().one(&sql)?;
    // Numbers that were imported or typed are passed over, as they will be when the record is made.
    for _ in 0..20 {
        let some: Vec<String> = (1..=100).map(|n| pattern::number(wanted, today, last + n).1).collect();
        let mut sql = Sql::new("SELECT number FROM ");
        sql.name(def.code).push(" WHERE number IN ").any_of(some.iter().map(String::as_str));
        let taken = desk.trusted().rows(&sql)?;
        if let Some(free) = some.iter().find(|it| !taken.iter().any(|row| row[0].text() == it.as_str())) {
            return Ok(html! { (t(lang, "下一个 ", "Next ")) b { (free) } });
        }
        last += 100;
    }
    Ok(html! { (t(lang, "下一个空号", "The next free number")) })
}

fn numbered_as(desk: &Desk, entity: &str) -> Result<&'static EntityDef> {
    open(desk, "numbers")?;
    numbered(desk).find(|it| it.code == entity).ok_or_else(|| Error::missing("number_rule"))
}

async fn preview(visit: Visit, At(entity): At<String>) -> Answer {
    let wanted = visit.value("pattern").unwrap_or_default();
    let draw = move |desk: &mut Desk| {
        let def = numbered_as(desk, &entity)?;
        next(desk, def, wanted.trim())
    };
    visit.show(draw).await
}

async fn save(visit: Visit, At(entity): At<String>, Sent(given): Sent) -> Answer {
    let sent = given.clone();
    let write = visit.write(move |desk| {
        let def = numbered_as(desk, &entity)?;
        let default = def.number.map_or("", |it| it.0);
        let wanted = if sent.text("reset").is_empty() { sent.text("pattern").trim() } else { default };
        set_rule(desk, def, wanted)
    });
    saved(&visit, "/settings/numbers", given, write.await).await
}

/// Puts a pattern in the place of the one that counts now.
pub fn set_rule(desk: &mut Desk, def: &EntityDef, wanted: &str) -> Result<()> {
    if desk.catalog().pattern(def) == Some(wanted) {
        return Ok(());
    }
    match desk.trusted().first::<NumberRule>(&[("entity", def.code.into())])? {
        Some(rule) => desk.update("number_rule", rule.id.0, None, &[("pattern", wanted)].into()),
        None => desk.create("number_rule", &[("entity", def.code), ("pattern", wanted)].into()).map(drop),
    }
}

/// All that is numbered, with its pattern.
pub fn patterns(desk: &Desk) -> Vec<(&'static EntityDef, String)> {
    numbered(desk).map(|def| (def, desk.catalog().pattern(def).unwrap_or_default().to_owned())).collect()
}
