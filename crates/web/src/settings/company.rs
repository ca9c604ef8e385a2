//! The company itself, and the rule values that it decides.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::Parameter;
use model::{Desk, Entity, Error, Fault, Input, Kind, Label, ParameterDef, Result, Sql, seed};

use super::{Look, open, saved, show};
use crate::Site;
use crate::ui::{icon14, t, table};
use crate::visit::{Answer, Sent, Visit};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/company", get(show).post(save))
        .route("/settings/parameters", get(show).post(save))
        .route("/settings/told", post(told))
}

/// The section of the company's own name: it has a page to itself.
fn is_company(def: &ParameterDef, desk: &Desk) -> bool {
    let own = desk.catalog().registry.parameter("company_name");
    own.is_some_and(|it| it.section.zh == def.section.zh)
}

/// What there is to say of the company itself.
pub fn own(desk: &Desk) -> Vec<&'static ParameterDef> {
    all(desk).filter(|it| is_company(it, desk)).collect()
}

pub fn company(look: &mut Look) -> Result<Markup> {
    let label = Label { zh: "公司", en: "Company" };
    Ok(html! {
        (form(look, "/settings/company", &[(label, own(look.desk))]))
        (history(look, true)?)
    })
}

pub fn parameters(look: &mut Look) -> Result<Markup> {
    let mut sections: Vec<(Label, Vec<&'static ParameterDef>)> = Vec::new();
    for def in all(look.desk).filter(|it| !is_company(it, look.desk)) {
        match sections.iter_mut().find(|it| it.0.zh == def.section.zh) {
            Some(section) => section.1.push(def),
            None => sections.push((def.section, vec![def])),
        }
    }
    Ok(html! {
        (form(look, "/settings/parameters", &sections))
        (history(look, false)?)
    })
}

fn all(desk: &Desk) -> impl Iterator<Item = &'static ParameterDef> + use<> {
    desk.catalog().registry.parameters.iter()
}

fn form(look: &Look, path: &str, sections: &[(Label, Vec<&'static ParameterDef>)]) -> Markup {
    let lang = look.lang;
    html! {
        form class="ky-params-form" method="post" action=(path) autocomplete="off" data-guard {
            @for (label, defs) in sections {
                section class="ky-card" {
                    header { h2 { (label.of(lang)) } }
                    ul class="ky-params" { @for def in defs { li { (row(look, def)) } } }
                }
            }
            p class="ky-row" { button class="ky-btn is-primary" { (t(lang, "保存", "Save")) } }
        }
    }
}

/// Name and default at the left, the control at the right.
pub fn row(look: &Look, def: &ParameterDef) -> Markup {
    let lang = look.lang;
    let kept = look.desk.catalog().parameter(def.name);
    let value = look.given.fields.get(def.name).map_or(kept, |it| it.text());
    let fault = look.fault(def.name);
    let invalid = fault.as_ref().map(|_| "true");
    html! {
        div {
            label for=(def.name) { b { (def.label.of(lang)) } }
            small { @if !def.default.is_empty() { (t(lang, "默认 ", "Default ")) (def.default) } @if let Some(unit) = def.unit { " " (unit.of(lang)) } }
        }
        div {
            div class="ky-row" {
                @match def.kind {
                    Kind::Bool => {
                        select class="ky-select" id=(def.name) name=(def.name) {
                            option value="true" selected[value == "true"] { (t(lang, "是", "Yes")) }
                            option value="false" selected[value != "true"] { (t(lang, "否", "No")) }
                        }
                    }
                    Kind::Choice(all) => {
                        select class="ky-select" id=(def.name) name=(def.name) { @for (code, label) in all { option value=(code) selected[*code == value] { (label.of(lang)) } } }
                    }
                    kind if kind.is_amount() => {
                        div class={ "ky-box ky-grow" @if fault.is_some() { " is-bad" } } {
                            input class="is-number" id=(def.name) name=(def.name) inputmode="decimal" value=(value) aria-invalid=[invalid];
                            @if let Some(unit) = def.unit { span class="ky-mute" { (unit.of(lang)) } }
                        }
                    }
                    _ => { input class="ky-input" id=(def.name) name=(def.name) maxlength="200" value=(value) aria-invalid=[invalid]; }
                }
                @if kept != def.default && !def.default.is_empty() {
                    button class="ky-iconbtn" name="reset" value=(def.name) aria-label={ (t(lang, "恢复默认：", "Back to the default: ")) (def.label.of(lang)) } { (icon14("arrow-back-up")) }
                }
            }
            @if let Some(fault) = fault { small class="ky-error" { (fault) } }
        }
    }
}

async fn save(visit: Visit, Sent(given): Sent) -> Answer {
    let (sent, path) = (given.clone(), visit.path.clone());
    let write = visit.write(move |desk| {
        open(desk, path.trim_start_matches("/settings/"))?;
        match desk.catalog().registry.parameter(sent.text("reset")) {
            Some(def) => set(desk, def, def.default),
            None => set_all(desk, &sent),
        }
    });
    saved(&visit, &visit.path, given, write.await).await
}

/// Sets every declared parameter that a form names; faults of all come together.
pub fn set_all(desk: &mut Desk, given: &Input) -> Result<()> {
    let mut faults = Vec::new();
    for (name, value) in &given.fields {
        if let Some(def) = desk.catalog().registry.parameter(name) {
            Error::gather(&mut faults, set(desk, def, value.text()))?;
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

fn set(desk: &mut Desk, def: &ParameterDef, value: &str) -> Result<()> {
    if desk.catalog().parameter(def.name) == value.trim() {
        return Ok(());
    }
    let found = desk.trusted().first::<Parameter>(&[("name", def.name.into())])?;
    let result = match found {
        Some(found) => desk.update("parameter", found.id.0, None, &[("value", value)].into()),
        None => desk.create("parameter", &[("name", def.name), ("value", value)].into()).map(drop),
    };
    result.map_err(|error| match error {
        Error::Invalid(faults) => {
            Error::Invalid(faults.into_iter().map(|it| Fault { field: def.name.into(), ..it }).collect())
        }
        other => other,
    })
}

/// Who changed which parameter, newest first.
fn history(look: &mut Look, company: bool) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let mut events = Vec::new();
    let defs: Vec<_> = all(look.desk).filter(|it| is_company(it, look.desk) == company).collect();
    for def in defs {
        let mut sql = Sql::new("SELECT id FROM ");
        sql.name(Parameter::DEF.code).push(" WHERE name = ").bind(def.name);
        let Some(id) = look.desk.trusted().rows(&sql)?.first().map(|row| row[0].int()) else { continue };
        let mut after = catalog.parameter(def.name).to_owned();
        for event in look.desk.history("parameter", id)? {
            let before = event.changes.iter().find(|it| it.field.name == "value").map(|it| it.old.text());
            let before = before.unwrap_or(def.default).to_owned();
            let now = std::mem::replace(&mut after, before.clone());
            events.push((event.at, event.user, def.label.of(lang), before, now));
        }
    }
    events.sort_by_key(|it| std::cmp::Reverse(it.0));
    events.truncate(20);
    let text = |text: &str| {
        if text.is_empty() { t(lang, "（空）", "(empty)").to_owned() } else { text.to_owned() }
    };
    let heads =
        [("时间", "When"), ("谁", "Who"), ("参数", "Parameter"), ("原来", "Before"), ("改为", "After")];
    let rows = html! {
        @for (at, user, label, before, now) in &events {
            tr { td { time { (catalog.minute(*at)) } } td { (catalog.user_name(*user).unwrap_or(t(lang, "系统", "System"))) } td { (label) } td { (text(before)) } td { (text(now)) } }
        }
    };
    Ok(html! {
        @if !events.is_empty() {
            section class="ky-card is-clip" { header { h2 { (t(lang, "改动记录", "Changes")) } } (table(lang, &heads, rows)) }
        }
    })
}

/// The administrator has read that nothing is encrypted.
async fn told(visit: Visit) -> Answer {
    let write = visit.write(|desk| {
        desk.may(Parameter::DEF, "update")?;
        seed::set_parameter(desk, "insecure_told", "true")
    });
    write.await?;
    Ok(Redirect::to("/settings").into_response())
}
