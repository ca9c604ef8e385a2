//! The company itself, and the rule values that it decides.

use axum::Router;
use axum::response::{IntoResponse, Redirect};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::Parameter;
use model::{Desk, Entity, Error, Fault, FieldDef, Input, Kind, Label, ParameterDef, Result, seed};

use super::{Look, open, saved, show};
use crate::Site;
use crate::act::ask::{self, Slot};
use crate::ui::{icon14, t};
use crate::visit::{Answer, Sent, Visit};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/settings/company", get(show).post(save))
        .route("/settings/parameters", get(show).post(save))
        .route("/settings/told", post(told))
}

/// The section of the company's own name has a page to itself.
fn sections(desk: &Desk, company: bool) -> Vec<(Label, Vec<&'static ParameterDef>)> {
    let registry = desk.catalog().registry;
    let own = registry.parameter("company_name").map_or(Label::NONE, |it| it.section);
    let mut sections: Vec<(Label, Vec<_>)> = Vec::new();
    for def in registry.parameters.iter().filter(|it| (it.section == own) == company) {
        match sections.iter_mut().find(|it| it.0 == def.section) {
            Some(section) => section.1.push(def),
            None => sections.push((def.section, vec![def])),
        }
    }
    sections
}

pub fn company(look: &mut Look) -> Result<Markup> {
    form(look, "/settings/company", true)
}

pub fn parameters(look: &mut Look) -> Result<Markup> {
    form(look, "/settings/parameters", false)
}

fn form(look: &mut Look, path: &str, company: bool) -> Result<Markup> {
    let lang = look.lang;
    let sections = sections(look.desk, company);
    Ok(html! {
        form class="ky-params-form" method="post" action=(path) autocomplete="off" data-guard {
            @for (label, defs) in sections {
                section class="ky-card" {
                    header { h2 { (label.of(lang)) } }
                    ul class="ky-params" { @for def in defs { li { (row(look, def)?) } } }
                }
            }
            p class="ky-row" { button class="ky-btn is-primary" { (t(lang, "保存", "Save")) } }
        }
    })
}

/// What there is to say of the company itself, in rows.
pub fn own(look: &mut Look) -> Result<Markup> {
    let all = sections(look.desk, true).into_iter().flat_map(|it| it.1);
    Ok(html! { ul class="ky-params" { @for def in all { li { (row(look, def)?) } } } })
}

/// Name, default and who changed it last at the left, the control at the right.
fn row(look: &mut Look, def: &ParameterDef) -> Result<Markup> {
    let (lang, catalog) = (look.lang, look.desk.catalog().clone());
    let kept = catalog.parameter(def.name);
    let set = look.desk.trusted().first::<Parameter>(&[("name", def.name.into())])?;
    let fault = look.fault(def.name);
    let value = look.given.fields.get(def.name).map_or(kept, |it| it.text());
    let field = FieldDef { name: def.name, label: def.label, kind: def.kind, ..FieldDef::PLAIN };
    let default = match def.kind {
        Kind::Choice(all) => all.iter().find(|it| it.0 == def.default).map_or("", |it| it.1.of(lang)),
        _ => def.default,
    };
    let (fault, source) = (fault.as_deref(), "");
    let slot = Slot { field: &field, name: def.name, text: value, fault, source, in_cell: true };
    let control = ask::input(look.desk, &slot)?;
    Ok(html! {
        div {
            label for=(def.name) { b { (def.label.of(lang)) } }
            small { @if !def.default.is_empty() { (t(lang, "默认 ", "Default ")) (default) } @if let Some(unit) = def.unit { " " (unit.of(lang)) } }
            @if let Some(set) = &set { small { a href={ "/parameter/" (set.id.0) "?at=history" } { (t(lang, "改动记录", "Changes")) " · " (catalog.minute(set.stamp.changed)) " " (catalog.user_name(set.stamp.changer).unwrap_or(t(lang, "系统", "System"))) } } }
        }
        div {
            div class="ky-row" {
                (control)
                @if kept != def.default && !def.default.is_empty() {
                    button class="ky-iconbtn" name="reset" value=(def.name) aria-label={ (t(lang, "恢复默认：", "Back to the default: ")) (def.label.of(lang)) } { (icon14("arrow-back-up")) }
                }
            }
            @if let Some(fault) = fault { small class="ky-error" id={ (def.name) "-error" } { (fault) } }
        }
    })
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

/// The administrator has read that nothing is encrypted.
async fn told(visit: Visit) -> Answer {
    let write = visit.write(|desk| {
        desk.may(Parameter::DEF, "update")?;
        seed::set_parameter(desk, "insecure_told", "true")
    });
    write.await?;
    Ok(Redirect::to("/settings").into_response())
}
