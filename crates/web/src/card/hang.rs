//! What hangs on a record: notes, tags, followers, team.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use model::system::{Follower, Note};
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

/// The record and the kind of what hangs on it, as an address names them.
type Place = (String, i64, String);

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
    let read =
        site.db.read_async(&visitor.actor, move |desk| dialog(desk, &place, None, &Input::default(), &[]));
    answer(&site, &visitor, &headers, read.await)
}

pub async fn ask_again(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, kind, hung)): Path<(String, i64, String, i64)>,
) -> Response {
    let read = site.db.read_async(&visitor.actor, move |desk| {
        dialog(desk, &(entity, id, kind), Some(hung), &Input::default(), &[])
    });
    answer(&site, &visitor, &headers, read.await)
}

fn dialog(
    desk: &mut Desk,
    place: &Place,
    hung: Option<i64>,
    input: &Input,
    faults: &[Fault],
) -> Result<Markup> {
    let lang = desk.actor.lang;
    let (entity, id, kind) = place;
    let title = desk.get(entity, *id)?.title;
    let def = kind_of(desk, kind)?;
    let old = hung.map(|hung| on(desk, place, hung)).transpose()?;
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
    let path = match hung {
        Some(hung) => format!("/{entity}/{id}/hang/{kind}/{hung}"),
        None => format!("/{entity}/{id}/hang/{kind}"),
    };
    Ok(html! {
        form hx-post=(path) hx-target="#dialog" autocomplete="off" data-guard {
            h2 { (def.label.of(lang)) " · " (title) }
            @for control in &controls { (control) }
            div class="ky-dialog-foot" {
                @if hung.is_some() { button class="ky-btn is-text is-danger" name="_delete" value="1" formnovalidate { (icon14("trash")) (t(lang, "删除", "Delete")) } span class="ky-grow" {} }
                button class="ky-btn" type="button" data-close { (t(lang, "取消", "Cancel")) }
                button class="ky-btn is-primary" data-until-valid data-key="Ctrl+S" { (t(lang, "保存", "Save")) }
            }
        }
    })
}

/// What hangs there, if it hangs on this record.
fn on(desk: &mut Desk, (entity, id, kind): &Place, hung: i64) -> Result<model::Card> {
    desk.get(entity, *id)?;
    let def = kind_of(desk, kind)?;
    let card = desk.get(def.code, hung)?;
    let there = card.record[1].text() == entity && card.record[2] == Value::Int(*id);
    if there { Ok(card) } else { Err(Error::missing(format!("{kind}/{hung}"))) }
}

pub async fn keep(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(place): Path<Place>,
    body: Bytes,
) -> Response {
    kept(&site, &visitor, &headers, place, None, &body).await
}

pub async fn keep_again(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, kind, hung)): Path<(String, i64, String, i64)>,
    body: Bytes,
) -> Response {
    kept(&site, &visitor, &headers, (entity, id, kind), Some(hung), &body).await
}

async fn kept(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    place: Place,
    hung: Option<i64>,
    body: &[u8],
) -> Response {
    let input = Input::of_form(body);
    let (at, given) = (place.clone(), input.clone());
    let saved = site.db.write_async(&visitor.actor, move |desk| write(desk, &at, hung, given.clone())).await;
    let lang = visitor.lang();
    match saved {
        Ok(()) => {
            let title = t(lang, "已保存", "Saved");
            told(&json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": { "kind": "ok", "title": title } }))
        }
        Err(Error::Invalid(faults)) => {
            let read =
                site.db.read_async(&visitor.actor, move |desk| dialog(desk, &place, hung, &input, &faults));
            match read.await {
                Ok(markup) => (StatusCode::UNPROCESSABLE_ENTITY, Html(markup.into_string())).into_response(),
                Err(error) => problem::page(site, headers, Some(visitor), &error),
            }
        }
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

fn write(desk: &mut Desk, place: &Place, hung: Option<i64>, mut input: Input) -> Result<()> {
    let (entity, id, kind) = place;
    let delete = input.take("_delete").is_some();
    let def = kind_of(desk, kind)?;
    // People follow for themselves.
    if def.code == "follower" {
        return Err(Error::missing(kind));
    }
    match hung {
        Some(hung) => {
            on(desk, place, hung)?;
            if delete { desk.delete(def.code, hung, None) } else { desk.update(def.code, hung, None, &input) }
        }
        None => {
            desk.get(entity, *id)?;
            let same = |it: &model::system::Tag| it.name == input.text("name").trim();
            if def.code == "tag" && desk.attached::<model::system::Tag>(entity, *id)?.iter().any(same) {
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
                button class="ky-btn is-small" type="button" hx-get={ (view.base) "/hang/note" } hx-target="#dialog" { (icon14("plus")) (t(lang, "添加备注", "Add a note")) }
            }
            div class="ky-card-body" {
                @if notes.is_empty() { p class="ky-mute" { (t(lang, "还没有备注", "No notes yet")) } }
                @for it in &notes { (note(desk, view, it)) }
            }
        }
    })
}
