//! What hangs on a record: notes, tags, followers, team.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use maud::{Markup, html};
use model::system::{Follower, Note, Tag};
use model::{Cell, Desk, EntityDef, Error, Fault, FieldDef, Input, Result, Value};
use serde_json::json;

use super::{View, told};
use crate::act::ask;
use crate::form::text_of;
use crate::list::cell::Cells;
use crate::list::part as answer;
use crate::ui::{icon14, t};
use crate::visitor::Visitor;
use crate::{Site, problem};

/// The record, the kind of what hangs on it, and which: `new` or an id.
type Place = (String, i64, String, String);

fn kind_of(desk: &Desk, kind: &str) -> Result<&'static EntityDef> {
    let found = desk.catalog().registry.entity(kind).filter(|it| it.is_attached() && it.code != "attachment");
    found.ok_or_else(|| Error::missing(kind))
}

fn asked(def: &'static EntityDef) -> impl Iterator<Item = &'static FieldDef> {
    let fields: &'static [FieldDef] = def.fields;
    fields[2..].iter().filter(|it| !it.readonly)
}

pub async fn ask(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(place): Path<Place>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| dialog(desk, &place, &Input::default(), &[]));
    answer(&site, &visitor, &headers, read.await)
}

fn dialog(desk: &mut Desk, place: &Place, input: &Input, faults: &[Fault]) -> Result<Markup> {
    let lang = desk.actor.lang;
    let (entity, id, kind, hung) = place;
    let title = desk.get(entity, *id)?.title;
    let def = kind_of(desk, kind)?;
    let old = on(desk, place)?;
    let cells = Cells::of(desk);
    let mut controls = Vec::new();
    for field in asked(def) {
        let blank = field.blank();
        let value = old.as_ref().and_then(|it| it.value(field.name)).unwrap_or(&blank);
        let text = input
            .fields
            .get(field.name)
            .map_or_else(|| text_of(&cells, field, value), |it| it.text().to_owned());
        let fault = faults.iter().find(|it| it.field == field.name).map(|it| model::message::fault(it, lang));
        controls.push(ask::control(desk, field, &text, fault.as_deref(), &format!("/{kind}/options"))?);
    }
    Ok(html! {
        form hx-post={ "/" (entity) "/" (id) "/hang/" (kind) "/" (hung) } hx-target="#dialog" autocomplete="off" data-guard {
            h2 { (def.label.of(lang)) " · " (title) }
            @for control in &controls { (control) }
            div class="ky-dialog-foot" {
                @if old.is_some() { button class="ky-btn is-text is-danger" name="_delete" value="1" formnovalidate { (icon14("trash")) (t(lang, "删除", "Delete")) } span class="ky-grow" {} }
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                button class="ky-btn is-primary" data-until-valid data-key="Ctrl+S" { (t(lang, "保存", "Save")) }
            }
        }
    })
}

/// What hangs there, if it hangs on this record; nothing yet where it is new.
fn on(desk: &mut Desk, (entity, id, kind, hung): &Place) -> Result<Option<model::Card>> {
    desk.get(entity, *id)?;
    let def = kind_of(desk, kind)?;
    if hung == "new" {
        return Ok(None);
    }
    let missing = || Error::missing(format!("{kind}/{hung}"));
    let card = desk.get(def.code, hung.parse().map_err(|_| missing())?)?;
    let there = card.record[1].text() == entity && card.record[2] == Value::Int(*id);
    if there { Ok(Some(card)) } else { Err(missing()) }
}

pub async fn keep(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(place): Path<Place>,
    body: Bytes,
) -> Response {
    let input = Input::of_form(&body);
    let (at, given) = (place.clone(), input.clone());
    let saved = site.db.write_async(&visitor.actor, move |desk| write(desk, &at, given.clone())).await;
    match saved {
        Ok(()) => {
            let title = t(visitor.lang(), "已保存", "Saved");
            told(&json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": { "kind": "ok", "title": title } }))
        }
        Err(Error::Invalid(faults)) => {
            let read = site.db.read_async(&visitor.actor, move |desk| dialog(desk, &place, &input, &faults));
            let mut response = answer(&site, &visitor, &headers, read.await);
            *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            response
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

fn write(desk: &mut Desk, place: &Place, mut input: Input) -> Result<()> {
    let (entity, id, kind, _) = place;
    let delete = input.take("_delete").is_some();
    let def = kind_of(desk, kind)?;
    // People follow for themselves.
    if def.code == "follower" {
        return Err(Error::missing(kind));
    }
    match on(desk, place)? {
        Some(old) if delete => desk.delete(def.code, old.id, None),
        Some(old) => desk.update(def.code, old.id, None, &input),
        None => {
            let same = |it: &Tag| it.name == input.text("name").trim();
            if def.code == "tag" && desk.attached::<Tag>(entity, *id)?.iter().any(same) {
                return Ok(());
            }
            input.set("entity", entity.as_str());
            input.set("record", id.to_string());
            desk.create(def.code, &input).map(drop)
        }
    }
}

/// Follows the record, or no longer.
pub async fn follow(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
) -> Response {
    let turned = site.db.write_async(&visitor.actor, move |desk| {
        let me = desk.actor.user;
        let mine = desk.attached::<Follower>(&entity, id)?.into_iter().find(|it| it.user.0 == me);
        match mine {
            Some(it) => desk.delete("follower", it.id.0, None).map(|()| false),
            None => {
                let input =
                    [("entity", entity.clone()), ("record", id.to_string()), ("user", format!("#{me}"))];
                desk.create("follower", &input.into()).map(|_| true)
            }
        }
    });
    let lang = visitor.lang();
    match turned.await {
        Ok(on) => {
            let title = if on {
                t(lang, "已关注", "Followed")
            } else {
                t(lang, "已取消关注", "No longer followed")
            };
            told(&json!({ "ky:refresh": {}, "ky:toast": { "kind": "ok", "title": title } }))
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

/// A note as the rail and its own section show it.
pub fn note(desk: &Desk, view: &View, note: &Note) -> Markup {
    let lang = view.cells.lang;
    let who = desk.catalog().user_name(note.stamp.creator).unwrap_or(t(lang, "系统", "System")).to_owned();
    let at = model::Scalar::value(&note.stamp.created);
    let when = view.cells.value(&model::STAMP[1], Cell::Text(at.text()));
    let mine = note.stamp.creator == desk.actor.user || view.card.editable;
    html! {
        div class={ "ky-note" @if !note.pinned { " is-plain" } } {
            (note.text)
            p class="ky-row" {
                @if note.pinned { (icon14("pin")) }
                span class="ky-mute" { (who) " " (when) }
                span class="ky-grow" {}
                @if mine { button class="ky-iconbtn is-small" type="button" hx-get={ (view.base) "/hang/note/" (note.id.0) } hx-target="#dialog" aria-label=(t(lang, "修改备注", "Edit the note")) { (icon14("pencil")) } }
            }
        }
    }
}

pub fn notes(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let mut notes: Vec<Note> = desk.attached(view.card.def.code, view.card.id)?;
    notes.sort_by_key(|it| !it.pinned);
    Ok(html! {
        section class="ky-card" {
            header {
                h2 { (t(lang, "备注", "Notes")) } span class="ky-grow" {}
                button class="ky-btn is-small" type="button" hx-get={ (view.base) "/hang/note/new" } hx-target="#dialog" { (icon14("plus")) (t(lang, "添加备注", "Add a note")) }
            }
            div class="ky-card-body" {
                @if notes.is_empty() { p class="ky-mute" { (t(lang, "还没有备注", "No notes yet")) } }
                @for it in &notes { (note(desk, view, it)) }
            }
        }
    })
}
