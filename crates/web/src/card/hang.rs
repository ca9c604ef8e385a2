//! What hangs on a record: notes, tags, followers, team.

use axum::http::StatusCode;
use maud::{Markup, html};
use model::system::{Follower, Note, Tag};
use model::{Card, Desk, EntityDef, Error, Fault, Input, Result, Value};
use serde_json::json;

use super::{View, section};
use crate::act::ask;
use crate::form::text_of;
use crate::list::cell::Cells;
use crate::ui::{icon14, t};
use crate::visit::{Answer, At, Sent, Visit, told};

/// The record, the kind of what hangs on it, and which: `new` or an id.
type Place = (String, i64, String, String);

pub async fn ask(visit: Visit, At(place): At<Place>) -> Answer {
    visit.show(move |desk| dialog(desk, &place, &Input::default(), &[])).await
}

fn dialog(desk: &mut Desk, place: &Place, input: &Input, faults: &[Fault]) -> Result<Markup> {
    let lang = desk.actor.lang;
    let (entity, id, kind, hung) = place;
    let title = desk.get(entity, *id)?.title;
    let (def, old) = on(desk, place)?;
    let cells = Cells::of(desk);
    let mut controls = Vec::new();
    // Behind the record that it hangs on.
    for field in def.fields[2..].iter().filter(|it| !it.readonly) {
        let blank = field.blank();
        let value = old.as_ref().and_then(|it| it.value(field.name)).unwrap_or(&blank);
        let text = match input.fields.get(field.name) {
            Some(given) => given.text().to_owned(),
            None => text_of(&cells, field, value),
        };
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

/// The kind of what hangs there, and itself, if it hangs on this record; nothing yet where it is new.
fn on(desk: &mut Desk, (entity, id, kind, hung): &Place) -> Result<(&'static EntityDef, Option<Card>)> {
    desk.get(entity, *id)?;
    let missing = || Error::missing(format!("{kind}/{hung}"));
    let def = desk.catalog().registry.entity(kind);
    let def = def.filter(|it| it.is_attached() && it.code != "attachment").ok_or_else(missing)?;
    if hung == "new" {
        return Ok((def, None));
    }
    let card = desk.get(def.code, hung.parse().map_err(|_| missing())?)?;
    let there = card.record[1].text() == entity && card.record[2] == Value::Int(*id);
    if there { Ok((def, Some(card))) } else { Err(missing()) }
}

pub async fn keep(visit: Visit, At(place): At<Place>, Sent(input): Sent) -> Answer {
    let (at, given) = (place.clone(), input.clone());
    match visit.write(move |desk| write(desk, &at, given.clone())).await {
        Ok(()) => {
            let toast = json!({ "kind": "ok", "title": t(visit.lang(), "已保存", "Saved") });
            Ok(told(&json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": toast })))
        }
        Err(Error::Invalid(faults)) => {
            let again = move |desk: &mut Desk| {
                let dialog = dialog(desk, &place, &input, &faults)?;
                Ok((StatusCode::UNPROCESSABLE_ENTITY, dialog))
            };
            visit.show(again).await
        }
        Err(error) => Err(error.into()),
    }
}

fn write(desk: &mut Desk, place: &Place, mut input: Input) -> Result<()> {
    let (entity, id, kind, _) = place;
    let delete = input.take("_delete").is_some();
    // People follow for themselves.
    if kind == "follower" {
        return Err(Error::missing(kind));
    }
    match on(desk, place)? {
        (def, Some(old)) if delete => desk.delete(def.code, old.id, None),
        (def, Some(old)) => desk.update(def.code, old.id, None, &input),
        (def, None) => {
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
pub async fn follow(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    let turn = move |desk: &mut Desk| {
        let me = desk.actor.user;
        let mine = desk.attached::<Follower>(&entity, id)?.into_iter().find(|it| it.user.0 == me);
        if let Some(it) = mine {
            desk.delete("follower", it.id.0, None)?;
            return Ok(false);
        }
        let input = [("entity", entity.clone()), ("record", id.to_string()), ("user", format!("#{me}"))];
        desk.create("follower", &input.into()).map(|_| true)
    };
    let title = match visit.write(turn).await? {
        true => t(visit.lang(), "已关注", "Followed"),
        false => t(visit.lang(), "已取消关注", "No longer followed"),
    };
    Ok(told(&json!({ "ky:refresh": {}, "ky:toast": { "kind": "ok", "title": title } })))
}

/// The sign behind which something new is hung on the record.
pub fn add(view: &View, kind: &str, sign: &str, label: &str) -> Markup {
    html! { button class="ky-iconbtn is-small" type="button" hx-get={ (view.base) "/hang/" (kind) "/new" } hx-target="#dialog" aria-label=(label) title=(label) { (icon14(sign)) } }
}

/// A note as the rail and its own section show it.
pub fn note(desk: &Desk, view: &View, note: &Note) -> Markup {
    let mine = note.stamp.creator == desk.actor.user || view.card.editable;
    html! {
        div class={ "ky-note" @if !note.pinned { " is-plain" } } {
            (note.text)
            p class="ky-row" {
                @if note.pinned { (icon14("pin")) }
                span class="ky-mute" { (view.said_by(&note.stamp)) }
                span class="ky-grow" {}
                @if mine { button class="ky-iconbtn is-small" type="button" hx-get={ (view.base) "/hang/note/" (note.id.0) } hx-target="#dialog" aria-label=(t(view.cells.lang, "修改备注", "Edit the note")) { (icon14("pencil")) } }
            }
        }
    }
}

pub fn notes(desk: &Desk, view: &View) -> Markup {
    let lang = view.cells.lang;
    let add = html! { button class="ky-btn is-small" type="button" hx-get={ (view.base) "/hang/note/new" } hx-target="#dialog" { (icon14("plus")) (t(lang, "添加备注", "Add a note")) } };
    let body = html! {
        div class="ky-card-body" {
            @if view.notes.is_empty() { p class="ky-mute" { (t(lang, "还没有备注", "No notes yet")) } }
            @for it in &view.notes { (note(desk, view, it)) }
        }
    };
    section(None, "ky-card", t(lang, "备注", "Notes"), None, &add, &body)
}
