//! Creating and editing records, in place or on a page of their own, and the options of their drop-downs.

mod clash;
mod draw;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use model::message::message;
use model::{
    Card, Desk, EntityDef, Error, Fault, FieldDef, Given, Input, Kind, Look, Result, Value, value_of,
};
use serde_json::json;

use crate::act::ask;
use crate::card::{DONE, told};
use crate::list::ask::encode;
use crate::list::cell::Cells;
use crate::list::part as answer;
use crate::list::table::new_label;
use crate::shell::{self, Frame, Page};
use crate::ui::t;
use crate::visitor::Visitor;
use crate::{Site, problem};
use clash::Clash;
pub use draw::{in_place, some};

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

async fn new(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let asked = headers.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        let mut input = Input::of_form(raw.as_bytes());
        // `customer=17` names a record by its id.
        for (name, given) in &mut input.fields {
            let is_link = def.field(name).is_some_and(|it| matches!(it.1.kind, Kind::Link(_)));
            if is_link && given.text().parse::<i64>().is_ok() {
                *given = Given::Number(given.text().to_owned());
            }
        }
        let card = desk.blank(&entity, &input)?;
        page(desk, card, &Draft::default(), &asked)
    });
    whole(&site, &visitor, &headers, read.await, StatusCode::OK)
}

async fn edit(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, i64)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let asked = headers.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let card = editable(desk, &entity, id)?;
        let from =
            form_urlencoded::parse(raw.as_deref().unwrap_or_default().as_bytes()).find(|it| it.0 == "from");
        let from = from.map_or(String::new(), |it| it.1.into_owned());
        page(desk, card, &Draft { from, ..Draft::default() }, &asked)
    });
    whole(&site, &visitor, &headers, read.await, StatusCode::OK)
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

fn page(desk: &mut Desk, card: Card, draft: &Draft, headers: &HeaderMap) -> Result<(Frame, Page)> {
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
    let body = match shell::is_dialog(headers) {
        true => draw::dialog(desk, &card, draft)?,
        false => draw::whole(desk, card, draft)?,
    };
    let frame = Frame::read(desk, headers)?;
    let mut page = Page::new(title, def.code, body);
    page.crumbs = crumbs;
    page.class = "ky-main is-flush";
    Ok((frame, page))
}

fn whole(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    read: Result<(Frame, Page)>,
    status: StatusCode,
) -> Response {
    match read {
        Ok((frame, page)) => {
            let mut response = shell::page(visitor, &frame, headers, page);
            *response.status_mut() = status;
            response
        }
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

async fn create(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    body: Bytes,
) -> Response {
    save(&site, &visitor, &headers, entity, 0, &body).await
}

async fn update(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    // What is no number is no record's.
    match id.parse::<i64>() {
        Ok(id) if id > 0 => save(&site, &visitor, &headers, entity, id, &body).await,
        _ => problem::page(&site, &headers, Some(&visitor), &Error::missing(format!("{entity}/{id}"))),
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

async fn save(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    entity: String,
    id: i64,
    body: &[u8],
) -> Response {
    let mut input = Input::of_form(body);
    let said = std::sync::Arc::new(Said::of(&mut input));
    let (code, given, asked) = (entity.clone(), input.clone(), said.clone());
    let kept = site.db.write_async(&visitor.actor, move |desk| keep(desk, &code, id, &asked, &given)).await;
    let mut draft = Draft { input, given: true, from: said.from.clone(), ..Draft::default() };
    let lang = visitor.lang();
    let status = match kept {
        Ok(Kept::Done { id: made, event }) => {
            return saved(headers, &said, &draft.input, &entity, id, made, event, lang);
        }
        Ok(Kept::Ask(look)) => {
            draft.look = Some(look);
            StatusCode::CONFLICT
        }
        Err(error @ (Error::NotFound { .. } | Error::Forbidden { .. })) => {
            return problem::page(site, headers, Some(visitor), &error);
        }
        Err(error) => {
            problem::log(&error);
            let status = problem::status(&error);
            let says = message(&error, site.db.registry(), &entity, lang);
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
    let asked = headers.clone();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let card =
            if id == 0 { desk.blank(&entity, &Input::default())? } else { editable(desk, &entity, id)? };
        if draft.clash.is_some() {
            clash::compare(desk, &card, &said, &mut draft)?;
        }
        match &said.part {
            Some(part) => in_place(desk, card, part, &draft, said.brief).map(Err),
            None => page(desk, card, &draft, &asked).map(Ok),
        }
    });
    match read.await {
        Ok(Ok(found)) => whole(site, visitor, headers, Ok(found), status),
        Ok(Err(markup)) => (status, Html(markup.into_string())).into_response(),
        Err(error) => problem::page(site, headers, Some(visitor), &error),
    }
}

/// Back to the card, or on to the next new one, with a toast that can take it back.
#[expect(clippy::too_many_arguments)]
fn saved(
    headers: &HeaderMap,
    said: &Said,
    input: &Input,
    entity: &str,
    was: i64,
    id: i64,
    event: i64,
    lang: base::Lang,
) -> Response {
    if said.part.is_some() {
        let mut toast = json!({ "kind": "ok", "title": t(lang, "已保存", "Saved") });
        if was != 0 {
            toast["undo"] = format!("/undo/{event}").into();
        }
        return told(&json!({ "ky:close": {}, "ky:refresh": {}, "ky:toast": toast }));
    }
    let from = if said.from.is_empty() { String::new() } else { format!("?from={}", encode(&said.from)) };
    let links = input.fields.iter().filter(|it| it.1.text().starts_with('#'));
    let links: Vec<_> = links.map(|it| format!("{}={}", it.0, &it.1.text()[1..])).collect();
    let to = match said.then.as_str() {
        // The next one stands beside this one: in the same record, with the same people.
        "new" => format!("/{entity}/new?{}", links.join("&")),
        _ => format!("/{entity}/{id}{from}"),
    };
    let kind = if was == 0 { "create" } else { "update" };
    let done = format!("{DONE}={kind}.{event}; Path=/; Max-Age=20; HttpOnly; SameSite=Lax");
    match headers.contains_key("hx-request") {
        true => ([(header::SET_COOKIE, done), (header::HeaderName::from_static("hx-redirect"), to)])
            .into_response(),
        false => ([(header::SET_COOKIE, done)], Redirect::to(&to)).into_response(),
    }
}

/// Who may be the same as what is being typed, and what the checks will say.
async fn alike(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path(entity): Path<String>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    // Asking beyond one's own records is kept, so it writes.
    let looked = site.db.write_async(&visitor.actor, move |desk| {
        let def = desk.entity(&entity)?;
        let mut input = Input::of_form(raw.as_bytes());
        let id = input.take("id").and_then(|it| it.parse().ok()).unwrap_or(0);
        let look = desk.look(&entity, id, &input)?;
        Ok(draw::warnings(desk, def, &look, &input))
    });
    answer(&site, &visitor, &headers, looked.await)
}

async fn options(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, field)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let def: &'static EntityDef = desk.entity(&entity)?;
        let found = desk.catalog().field(def, &field).filter(|it| desk.may_write(def, it));
        let found = found.ok_or_else(|| Error::missing(format!("{entity}/{field}")))?;
        if desk.may(def, "create").is_err() {
            desk.may(def, "update")?;
        }
        ask::options(desk, def, found, &Input::of_form(raw.as_bytes()))
    });
    answer(&site, &visitor, &headers, read.await)
}

/// The text that a control of this field begins with.
fn begun(cells: &Cells, card: &Card, field: &FieldDef, draft: &Draft) -> String {
    match draft.input.fields.get(field.name) {
        Some(given) if draft.given => given.text().to_owned(),
        _ => text_of(cells, field, &value_of(card.def, &card.record, field)),
    }
}
