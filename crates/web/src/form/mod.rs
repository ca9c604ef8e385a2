//! Creating and editing records, in place or on a page of their own, and the options of their drop-downs.

mod clash;
mod draw;

use std::sync::Arc;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use model::message::message;
use model::{
    Card, Desk, Error, Fault, FieldDef, Given, Input, Kind, Look, Registry, Result, Value, value_of,
};
use serde_json::json;

use crate::act::{self, ask};
use crate::card::{DONE, told};
use crate::list::ask::encode;
use crate::list::cell::Cells;
use crate::list::table::new_label;
use crate::shell::Page;
use crate::ui::t;
use crate::visit::{Answer, At, Sent, Shown, Visit};
use crate::{Site, problem};
use clash::Clash;
pub use draw::{asks, hidden, in_place, messages, some, state};

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}", post(create))
        .route("/{entity}/new", get(new))
        .route("/{entity}/alike", get(alike))
        .route("/{entity}/options/{field}", get(options))
        .route("/{entity}/{id}", post(update))
        .route("/{entity}/{id}/edit", get(edit))
}

/// What was sent and what is to be said about it.
#[derive(Default)]
pub struct Draft {
    pub input: Input,
    /// Child rows were sent too, be they none.
    pub given: bool,
    pub faults: Vec<Fault>,
    /// A sentence on top: a rule's no.
    pub says: Option<String>,
    /// Those that may be the same: the question is open.
    pub look: Option<Look>,
    pub clash: Option<Clash>,
    /// The query that the list came with.
    pub from: String,
}

/// What a form says beside the fields.
struct Said {
    version: Option<i64>,
    /// The section that is edited in place.
    part: Option<String>,
    brief: bool,
    /// Equal ones are known of.
    sure: bool,
    then: String,
    from: String,
    /// Child rows as they were when the form was drawn: entity and state.
    rows: Vec<(String, String)>,
}

impl Said {
    /// Takes what is not a field out of the input; where the other's value was chosen, the field too.
    fn of(input: &mut Input) -> Said {
        let theirs = |it: (&String, &Given)| {
            it.0.strip_prefix("_take.").filter(|_| it.1.text() == "theirs").map(str::to_owned)
        };
        let yielded: Vec<String> = input.fields.iter().filter_map(theirs).collect();
        let state =
            |it: (&String, &Given)| Some((it.0.strip_prefix("_rows.")?.to_owned(), it.1.text().to_owned()));
        let said = Said {
            version: input.text("_version").parse().ok(),
            part: input.take("_part"),
            brief: input.text("_brief") == "1",
            sure: input.text("_alike") == "yes",
            then: input.text("_then").to_owned(),
            from: input.text("_from").to_owned(),
            rows: input.fields.iter().filter_map(state).collect(),
        };
        input.fields.retain(|name, _| !name.starts_with('_') && !yielded.contains(name));
        said
    }
}

/// A value as a control holds it.
pub fn text_of(cells: &Cells, field: &FieldDef, value: &Value) -> String {
    match (field.kind, value) {
        (_, Value::Null) => String::new(),
        (Kind::Link(_), Value::Int(0)) => String::new(),
        (Kind::Link(_), Value::Int(id)) => format!("#{id}"),
        (Kind::Bool, Value::Int(yes)) => (*yes != 0).to_string(),
        (Kind::Code, _) if field.again => cells.value(field, value.cell()),
        (Kind::Rate | Kind::Moment, _) => cells.value(field, value.cell()),
        (kind, value) => kind.plain(value.cell()),
    }
}

async fn new(visit: Visit, At(entity): At<String>) -> Answer {
    let mut input = visit.query();
    let part = visit.is_dialog().then_some(draw::DIALOG);
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        // `customer=17` names a record by its id.
        for (name, given) in &mut input.fields {
            let is_link = def.field(name).is_some_and(|it| matches!(it.1.kind, Kind::Link(_)));
            if is_link && given.text().parse::<i64>().is_ok() {
                *given = Given::Number(given.text().to_owned());
            }
        }
        let card = desk.blank(&entity, &input)?;
        let draft = crate::document::begun(desk, &card, &input)?.unwrap_or_default();
        drawn(desk, card, &draft, StatusCode::OK, part, false)
    };
    visit.show(draw).await
}

async fn edit(visit: Visit, At((entity, id)): At<(String, i64)>) -> Answer {
    let from = visit.value("from").unwrap_or_default();
    let part = visit.is_dialog().then_some(draw::DIALOG);
    let draw = move |desk: &mut Desk| {
        let card = editable(desk, &entity, id)?;
        drawn(desk, card, &Draft { from, ..Draft::default() }, StatusCode::OK, part, false)
    };
    visit.show(draw).await
}

fn editable(desk: &mut Desk, entity: &str, id: i64) -> Result<Card> {
    let card = desk.get(entity, id)?;
    if card.editable {
        return Ok(card);
    }
    desk.may(card.def, "update")?;
    match card.def.edit.map(|edit| edit(&card.record)).transpose()? {
        Some(false) => {
            let says = model::Label {
                zh: "这张单据已经定稿，不能修改",
                en: "This document is final and can't be edited",
            };
            Err(Error::refused("wrong_state", says))
        }
        _ => Err(Error::Forbidden { entity: card.def.code, right: "update".into() }),
    }
}

/// A form in place, in a dialog, or as a page of its own.
fn drawn(
    desk: &mut Desk,
    card: Card,
    draft: &Draft,
    status: StatusCode,
    part: Option<&str>,
    brief: bool,
) -> Result<Shown> {
    Ok(match part {
        Some(part) => Shown::Part(status, in_place(desk, card, part, draft, brief)?),
        None => Page { status, ..page(desk, card, draft)? }.into(),
    })
}

fn page(desk: &mut Desk, card: Card, draft: &Draft) -> Result<Page> {
    if card.def.lines.is_some() {
        return crate::document::page(desk, card, draft);
    }
    let lang = desk.actor.lang;
    let def = card.def;
    let is_new = card.id == 0;
    let title = if is_new {
        new_label(def.label.of(lang), lang)
    } else {
        format!("{}{}", t(lang, "编辑 ", "Edit "), card.title)
    };
    let mut crumbs = vec![(
        def.many(lang),
        format!("/{}?{}", def.code, if draft.from.is_empty() { "view=*" } else { &draft.from }),
    )];
    if !is_new {
        crumbs.push((card.title.clone(), format!("/{}/{}", def.code, card.id)));
    }
    let body = draw::whole(desk, card, draft)?;
    let mut page = Page::new(title, def.code, body);
    page.crumbs = crumbs;
    page.class = "ky-main is-flush";
    Ok(page)
}

async fn create(visit: Visit, At(entity): At<String>, Sent(input): Sent) -> Answer {
    save(&visit, entity, 0, input).await
}

async fn update(visit: Visit, At((entity, id)): At<(String, i64)>, Sent(input): Sent) -> Answer {
    match id {
        1.. => save(&visit, entity, id, input).await,
        _ => Err(Error::missing(format!("{entity}/{id}")).into()),
    }
}

/// What saving came to.
enum Kept {
    Done {
        id: i64,
        event: i64,
    },
    /// There are some that may be the same.
    Ask(Look),
}

fn keep(desk: &mut Desk, entity: &str, id: i64, said: &Said, input: &Input) -> Result<Kept> {
    let def = desk.entity(entity)?;
    let id = match id {
        0 => {
            desk.may(def, "create")?;
            if !said.sure && def.alike.is_some() {
                let look = desk.look(entity, 0, input)?;
                if !look.twins.is_empty() {
                    return Ok(Kept::Ask(look));
                }
            }
            desk.create(entity, input)?
        }
        id => {
            for (child, state) in &said.rows {
                let child = desk.catalog().registry.children(def).find(|it| it.code == child);
                if let Some(child) = child.filter(|it| input.rows.contains_key(it.code))
                    && draw::state(&desk.rows_of(def, id, child)?) != *state
                {
                    return Err(Error::Conflict { entity: def.code, id });
                }
            }
            desk.update(entity, id, said.version, input)?;
            id
        }
    };
    let event = desk.history(entity, id)?.first().map_or(0, |it| it.id);
    Ok(Kept::Done { id, event })
}

async fn save(visit: &Visit, entity: String, id: i64, mut input: Input) -> Answer {
    let said = Arc::new(Said::of(&mut input));
    let (code, given, asked) = (entity.clone(), input.clone(), said.clone());
    let kept = visit.write(move |desk| keep(desk, &code, id, &asked, &given)).await;
    let mut draft = Draft { input, given: true, from: said.from.clone(), ..Draft::default() };
    let status = match kept {
        Ok(Kept::Done { id: made, event }) => {
            if let Some(verb) = said.then.strip_prefix("verb:") {
                return then_run(visit, &said, entity, made, verb).await;
            }
            let kind = if id == 0 { "create" } else { "update" };
            let to = next(&said, &draft.input, &entity, made);
            return Ok(saved(visit, &said, &to, &format!("{kind}.{event}"), event));
        }
        Ok(Kept::Ask(look)) => {
            draft.look = Some(look);
            StatusCode::CONFLICT
        }
        Err(error @ (Error::NotFound { .. } | Error::Forbidden { .. })) => return Err(error.into()),
        Err(error) => {
            problem::log(&error);
            let status = problem::status(&error);
            let says = message(&error, visit.site.db.registry(), &entity, visit.lang());
            match error {
                Error::Invalid(faults) => draft.faults = faults,
                Error::Duplicate { place } => {
                    let field = place.rsplit('.').next().unwrap_or(&place).to_owned();
                    draft.faults = vec![Fault { field, code: "duplicate", says: None }];
                }
                Error::Conflict { .. } => draft.clash = Some(Clash::default()),
                _ => draft.says = Some(says),
            }
            status
        }
    };
    let draw = move |desk: &mut Desk| {
        let card =
            if id == 0 { desk.blank(&entity, &Input::default())? } else { editable(desk, &entity, id)? };
        if draft.clash.is_some() {
            clash::compare(desk, &card, &said, &mut draft)?;
        }
        drawn(desk, card, &draft, status, said.part.as_deref(), said.brief)
    };
    visit.show(draw).await
}

/// Runs a verb on what was just saved. Where a gate holds it, its page says so; where the verb can't be, the form is
/// there again, saved.
async fn then_run(visit: &Visit, said: &Said, entity: String, id: i64, verb: &str) -> Answer {
    let registry = visit.site.db.registry();
    let (def, to) = (registry.entity(&entity), next(said, &Input::default(), &entity, id));
    let def = def.ok_or_else(|| Error::missing(entity.as_str()))?;
    let verb = def.verb(verb)?.1;
    match act::run_one(visit, def, verb, id).await? {
        None => Ok(saved(visit, said, &to, &format!("{}.0", verb.name), 0)),
        Some(error) if error.is_hold() => Ok(visit.lead(&to)),
        Some(error) => {
            let status = problem::status(&error);
            let says = not_run(registry, &entity, verb, &error, visit.lang());
            let draw = move |desk: &mut Desk| {
                let card = desk.get(&entity, id)?;
                if !card.editable {
                    return Ok(Shown::To(format!("/{entity}/{id}")));
                }
                drawn(desk, card, &Draft { says: Some(says), ..Draft::default() }, status, None, false)
            };
            visit.show(draw).await
        }
    }
}

fn not_run(
    registry: Registry,
    entity: &str,
    verb: &model::VerbDef,
    error: &Error,
    lang: model::Lang,
) -> String {
    let (label, says) = (verb.label.of(lang), message(error, registry, entity, lang));
    crate::says!(lang, "已保存，但没有{label}：{says}", "Saved, but not done: {label}. {says}")
}

/// Where a form leads once it is saved: to the card, or on to the next new one.
fn next(said: &Said, input: &Input, entity: &str, id: i64) -> String {
    let links = input.fields.iter().filter(|it| it.1.text().starts_with('#'));
    let links: Vec<_> = links.map(|it| format!("{}={}", it.0, &it.1.text()[1..])).collect();
    match (said.then.as_str(), said.from.as_str()) {
        // The next one stands beside this one: in the same record, with the same people.
        ("new", _) => format!("/{entity}/new?{}", links.join("&")),
        (_, "") => format!("/{entity}/{id}"),
        (_, from) => format!("/{entity}/{id}?from={}", encode(from)),
    }
}

/// On to where it leads, with a toast that can take it back.
fn saved(visit: &Visit, said: &Said, to: &str, done: &str, event: i64) -> Response {
    if said.part.is_some() {
        let mut toast = json!({ "kind": "ok", "title": t(visit.lang(), "已保存", "Saved") });
        if !done.starts_with("create") {
            toast["undo"] = format!("/undo/{event}").into();
        }
        return told(&json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": toast }));
    }
    let done = format!("{DONE}={done}; Path=/; Max-Age=20; HttpOnly; SameSite=Lax");
    ([(header::SET_COOKIE, done)], visit.lead(to)).into_response()
}

/// Who may be the same as what is being typed, and what the checks will say.
async fn alike(visit: Visit, At(entity): At<String>) -> Answer {
    let given = visit.query();
    // Asking beyond one's own records is kept, so it writes.
    let looked = visit.write(move |desk| {
        let def = desk.entity(&entity)?;
        let mut input = given.clone();
        let id = input.take("id").and_then(|it| it.parse().ok()).unwrap_or(0);
        let look = desk.look(&entity, id, &input)?;
        Ok(draw::warnings(desk, def, &look, &input))
    });
    Ok(looked.await?.into_response())
}

async fn options(visit: Visit, At((entity, field)): At<(String, String)>) -> Answer {
    let given = visit.query();
    let draw = move |desk: &mut Desk| {
        let def = desk.entity(&entity)?;
        let found = desk.catalog().field(def, &field).filter(|it| desk.may_write(def, it));
        let found = found.ok_or_else(|| Error::missing(format!("{entity}/{field}")))?;
        if desk.may(def, "create").is_err() {
            desk.may(def, "update")?;
        }
        ask::options(desk, def, found, &given)
    };
    visit.show(draw).await
}

/// The text that a control of this field begins with.
pub fn begun(cells: &Cells, card: &Card, field: &FieldDef, draft: &Draft) -> String {
    match draft.input.fields.get(field.name) {
        Some(given) if draft.given => given.text().to_owned(),
        _ => text_of(cells, field, &value_of(card.def, &card.record, field)),
    }
}
