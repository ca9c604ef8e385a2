//! A record of the settings in a dialog: the same for departments, roles, codes and custom fields.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use maud::{Markup, html};
use model::message::{fault, message};
use model::system::CustomField;
use model::{Desk, EntityDef, Error, Fault, Input, Kind, Label, Lang, Result};

use crate::act::ask;
use crate::list::part;
use crate::ui::{icon, t};
use crate::{Site, Visitor, problem};

pub fn routes() -> Router<Site> {
    Router::new().route("/settings/record/{entity}/{id}", get(show).post(save))
}

/// What a dialog asks of an entity; behind `+` what is set for good when the record is made, behind `-` what only a
/// record that is there has.
const SHEETS: [(&str, &[&str]); 5] = [
    ("department", &["name", "above", "kind", "head", "-closed"]),
    ("role", &["name", "name_en", "remark", "-closed"]),
    ("code_entry", &["code", "name", "name_en", "above", "mark", "-closed"]),
    ("custom_field", &["name", "name_en", "+kind", "table", "required", "in_list", "-position", "-closed"]),
    ("user", &["login", "name", "department", "position", "phone", "email", "language"]),
];

/// The fields of an entity's dialog.
pub fn asks(entity: &str, fresh: bool) -> Result<impl Iterator<Item = &'static str>> {
    let found = SHEETS.iter().find(|it| it.0 == entity).ok_or_else(|| Error::missing(entity))?;
    let asked = found.1.iter().filter(move |it| !it.starts_with(if fresh { '-' } else { '+' }));
    Ok(asked.map(|it| it.trim_start_matches(['+', '-'])))
}

/// What a record holds, or a new one begins with, as a form writes it.
pub fn written(desk: &mut Desk, def: &'static EntityDef, id: Option<i64>, given: &Input) -> Result<Input> {
    let card = match id {
        Some(id) => desk.get(def.code, id)?,
        None => desk.blank(def.code, given)?,
    };
    let text = |kind: Kind, value: &model::Value| match (kind, value) {
        (Kind::Link(_), model::Value::Int(id)) => format!("#{id}"),
        (Kind::Bool, value) => (value.int() != 0).to_string(),
        (kind, value) => kind.plain(value.cell()),
    };
    let shown =
        card.fields.iter().filter_map(|(field, value)| Some((field.name, text(field.kind, value.as_ref()?))));
    Ok(shown.collect())
}

/// The fields with what was written in them and what is wrong with it.
pub fn fields(
    desk: &mut Desk,
    def: &'static EntityDef,
    names: impl Iterator<Item = &'static str>,
    given: &Input,
    faults: &[Fault],
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let source = format!("/{}/asks/edit", def.code);
    let mut drawn = Vec::new();
    for name in names {
        let Some((_, field)) = def.field(name).filter(|it| desk.may_write(def, it.1)) else { continue };
        let wrong = faults.iter().find(|it| it.field == name).map(|it| fault(it, lang));
        drawn.push(match name {
            "table" => tables(desk, field.label.of(lang), given.text(name), wrong.as_deref()),
            _ => ask::control(desk, field, given.text(name), wrong.as_deref(), &source)?,
        });
    }
    Ok(html! { @for field in drawn { (field) } })
}

/// The code tables to choose from.
fn tables(desk: &Desk, label: &str, chosen: &str, wrong: Option<&str>) -> Markup {
    let lang = desk.actor.lang;
    html! {
        div class="ky-field" {
            label class="ky-label" for="table" { (label) }
            select class="ky-select" id="table" name="table" aria-invalid=[wrong.map(|_| "true")] {
                option value="" { "—" }
                @for table in (desk.catalog().registry.code_tables)() {
                    option value=(table.code) selected[table.code == chosen] { (table.label.of(lang)) }
                }
            }
            @if let Some(wrong) = wrong { small class="ky-error" { (wrong) } }
        }
    }
}

/// A dialog around fields.
pub fn dialog(lang: Lang, path: &str, title: &str, says: Markup, fields: Markup, button: &str) -> Markup {
    html! {
        form hx-post=(path) hx-target="#dialog" autocomplete="off" {
            h2 { (title) }
            (says)
            (fields)
            div class="ky-dialog-foot" {
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                button class="ky-btn is-primary" { (button) }
            }
        }
    }
}

fn draw(
    desk: &mut Desk,
    entity: &str,
    id: &str,
    given: Option<Input>,
    error: Option<&Error>,
) -> Result<Markup> {
    let (def, lang) = (desk.entity(entity)?, desk.actor.lang);
    let fresh = id == "new";
    let names: Vec<_> = asks(entity, fresh)?.collect();
    desk.may(def, if fresh { "create" } else { "update" })?;
    let sent = given.unwrap_or_default();
    let given = match (error, fresh) {
        (Some(_), _) => sent.clone(),
        (None, true) => written(desk, def, None, &sent)?,
        (None, false) => written(desk, def, Some(id.parse().map_err(|_| Error::missing(entity))?), &sent)?,
    };
    let faults: &[Fault] = match error {
        Some(Error::Invalid(faults)) => faults,
        _ => &[],
    };
    let elsewhere = error.filter(|it| match it {
        Error::Invalid(faults) => faults.iter().any(|it| !names.contains(&it.field.as_str())),
        _ => true,
    });
    let says = elsewhere.map(|error| message(error, desk.catalog().registry, entity, lang));
    let hidden = sent.fields.iter().filter(|(name, _)| fresh && !names.contains(&name.as_str()));
    let hidden: Vec<_> = hidden.map(|(name, given)| (name.clone(), given.text().to_owned())).collect();
    let noun = def.label.of(lang);
    let title = match (lang, fresh) {
        (Lang::Zh, true) => format!("新建{noun}"),
        (Lang::En, true) => format!("New {}", noun.to_lowercase()),
        (_, false) => given.text(def.title_field().name).to_owned(),
    };
    let fields = fields(desk, def, names.into_iter(), &given, faults)?;
    let says = html! {
        @if let Some(says) = says { div class="ky-alert is-bad" role="alert" { (icon("circle-x")) div { p { (says) } } } }
        @for (name, value) in &hidden { input type="hidden" name=(name) value=(value); }
    };
    let path = format!("/settings/record/{entity}/{id}");
    Ok(dialog(lang, &path, &title, says, fields, t(lang, "保存", "Save")))
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let given = Input::of_form(raw.unwrap_or_default().as_bytes());
    let read = site.db.read_async(&visitor.actor, move |desk| draw(desk, &entity, &id, Some(given), None));
    part(&site, &visitor, &headers, read.await)
}

async fn save(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let (given, code, record) = (Input::of_form(&body), entity.clone(), id.clone());
    let sent = given.clone();
    let write = site.db.write_async(&visitor.actor, move |desk| {
        drop(asks(&code, false)?);
        let mut given = sent.clone();
        if record == "new" {
            complete(desk, &code, &mut given)?;
            desk.create(&code, &given)?;
        } else {
            let id = record.parse().map_err(|_| Error::missing(code.as_str()))?;
            desk.update(&code, id, None, &given)?;
        }
        match code.as_str() {
            // Its columns sort and filter by indexes, which are made behind the scenes.
            "custom_field" => desk.queue("index_custom", &serde_json::json!({}), 0, None).map(drop),
            _ => Ok(()),
        }
    });
    match write.await.map_err(at_its_field) {
        Err(error @ Error::Invalid(_)) => {
            let draw = move |desk: &mut Desk| draw(desk, &entity, &id, Some(given), Some(&error));
            again(&site, &visitor, &headers, draw).await
        }
        result => {
            let says = Label { zh: "已保存", en: "Saved" };
            super::ended(&site, &visitor, &headers, "/settings", says, result)
        }
    }
}

/// A value that is there already is a fault of the field that it was written in.
pub fn at_its_field(error: Error) -> Error {
    let Error::Duplicate { place } = &error else { return error };
    let field = match place.rsplit_once('.') {
        Some((_, "key")) => "code",
        Some((_, field)) => field,
        None => place,
    };
    Error::invalid(field, "duplicate")
}

/// The dialog once more, with what is wrong.
pub async fn again(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    draw: impl FnOnce(&mut Desk) -> Result<Markup> + Send + 'static,
) -> Response {
    match site.db.read_async(&visitor.actor, draw).await {
        Ok(markup) => (StatusCode::UNPROCESSABLE_ENTITY, Html(markup.into_string())).into_response(),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

/// What a new record has without being asked: a place at the end, a name for programs.
fn complete(desk: &mut Desk, entity: &str, given: &mut Input) -> Result<()> {
    let catalog = desk.catalog().clone();
    match entity {
        "code_entry" => {
            let last = catalog.codes(given.text("list")).iter().map(|it| it.position).max().unwrap_or(0);
            given.set("position", (last + 10).to_string());
        }
        "custom_field" if given.text("field").trim().is_empty() => {
            let there: Vec<CustomField> = desk.trusted().find(&[("entity", given.text("entity").into())])?;
            let english = given.text("name_en").trim().to_lowercase().replace([' ', '-'], "_");
            let plain = |it: &&String| {
                !it.is_empty() && it.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_')
            };
            let initials = model::search::initials(given.text("name")).to_lowercase();
            let name = [english, initials].iter().find(plain).map_or("field", String::as_str).to_owned();
            let taken = |name: &str| there.iter().any(|it| it.field == format!("x_{name}"));
            let more = (2..).map(|n| format!("{name}_{n}"));
            let free = std::iter::once(name.clone()).chain(more).find(|it| !taken(it));
            given.set("field", free.unwrap_or(name));
            given.set("position", (there.iter().map(|it| it.position).max().unwrap_or(0) + 10).to_string());
        }
        "role" if given.text("code").trim().is_empty() => {
            given.set("code", format!("role_{}", catalog.roles.keys().max().unwrap_or(&0) + 1));
        }
        _ => {}
    }
    Ok(())
}
