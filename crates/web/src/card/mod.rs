//! The card of every record: what it is, what is to be done, who belongs to it, what happened to it.

mod file;
mod hang;
mod history;
pub mod part;
mod rail;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use maud::{Markup, html};
use model::system::{Attachment, Follower, Note, Tag};
use model::{
    Card, Condition, Date, Desk, EntityDef, Error, FieldDef, Format, Kind, Op, Query, Result, Term, Value,
};

use crate::list::ask::encode;
use crate::list::bar::verb_icon;
use crate::list::cell::{Cells, choice, state};
use crate::list::part as answer;
use crate::shell::{self, Frame, Page};
use crate::ui::{amount, icon, icon14, t};
use crate::visitor::{Visitor, cookie};
use crate::{Site, problem};
use part::Part;

/// How far from the start of a list a card still knows its place.
const PLACES: usize = 2_000;
/// Rows of a section that another list holds in full.
const ROWS: usize = 100;
/// What was just done, for the card that opens next: kind and event.
pub const DONE: &str = "ky_done";

pub fn routes() -> Router<Site> {
    Router::new()
        .route("/{entity}/{id}", get(show))
        .route("/{entity}/{id}/part/{n}", get(one_part))
        .route("/{entity}/{id}/follow", post(hang::follow))
        .route("/{entity}/{id}/hang/{kind}/{hung}", get(hang::ask).post(hang::keep))
        .route("/{entity}/{id}/files", post(file::upload).layer(DefaultBodyLimit::disable()))
        .route("/{entity}/{id}/file/{file}", get(file::serve))
        .route("/{entity}/{id}/file/{file}/look", get(file::look))
        .route("/{entity}/{id}/file/{file}/delete", post(file::delete))
}

/// A record about to be drawn, and from where it is looked at.
pub struct View {
    pub card: Card,
    pub parts: Vec<Part>,
    pub cells: Cells,
    /// `/customer/17`
    pub base: String,
    /// The list that the visitor came from, as a query.
    pub from: String,
    /// The section that is open: `overview`, a part's place, an entity's code, `notes`, `files`, `history`.
    pub at: String,
    /// The day whose state is shown, where it is not today's.
    pub past: Option<Date>,
    /// Child rows and records within, with how many there are.
    pub children: Vec<(&'static EntityDef, i64)>,
    pub inside: Vec<(&'static EntityDef, i64)>,
}

impl View {
    pub fn of(desk: &mut Desk, card: Card, raw: &str) -> Result<View> {
        let (mut from, mut at) = (String::new(), "overview".to_owned());
        for (key, value) in form_urlencoded::parse(raw.as_bytes()) {
            match &*key {
                "from" => from = value.into_owned(),
                "at" => at = value.into_owned(),
                _ => {}
            }
        }
        let (def, id) = (card.def, card.id);
        let registry = desk.catalog().registry;
        let mut children = Vec::new();
        for child in registry.children(def) {
            children.push((child, desk.rows_of(def, id, child)?.len() as i64));
        }
        let mut inside = Vec::new();
        for within in registry.inside(def).filter(|it| desk.may(it, "read").is_ok()).collect::<Vec<_>>() {
            inside.push((within, desk.count(within.code, &inside_of(within, id))?));
        }
        let cells = Cells::of(desk);
        let (parts, base) = (part::parts(&card, cells.lang), format!("/{}/{id}", def.code));
        Ok(View { card, parts, cells, base, from, at, past: None, children, inside })
    }

    /// The card at another of its sections.
    pub fn to(&self, at: &str) -> String {
        let from = if self.from.is_empty() { String::new() } else { format!("&from={}", encode(&self.from)) };
        let past = self.past.map_or(String::new(), |day| format!("&as_of={day}"));
        format!("{}?at={}{from}{past}", self.base, encode(at))
    }

    pub fn encoded_origin(&self) -> String {
        encode(&self.from)
    }
}

/// The records of `within` that stand within record `id`.
pub fn inside_of(within: &EntityDef, id: i64) -> Query {
    let field = within.parent().map_or("", |it| within.fields[it.0].name).to_owned();
    let terms = vec![Term::One(Condition { field, op: Op::Is, value: id.to_string() })];
    Query { terms, ..Query::default() }
}

async fn show(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let (raw, asked, code) = (raw.unwrap_or_default(), headers.clone(), entity.clone());
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let id = id.parse().map_err(|_| Error::missing(format!("{entity}/{id}")))?;
        page(desk, &entity, id, &raw, &asked)
    });
    match read.await {
        Ok((frame, page)) => {
            let mut response = shell::page(&visitor, &frame, &headers, page);
            if cookie(&headers, DONE).is_some() {
                let gone = format!("{DONE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax");
                response.headers_mut().extend(gone.parse().map(|it| (header::SET_COOKIE, it)));
            }
            response
        }
        // After it was handed over or deleted the page that shows it says so, and keeps the toast with its way back.
        Err(Error::NotFound { .. }) if headers.contains_key("hx-request") => {
            let lang = visitor.lang();
            let body = html! {
                main id="main" class="ky-main" tabindex="-1" {
                    div class="ky-empty" {
                        h2 { (t(lang, "这条记录不再在你这里", "This record is no longer yours to see")) }
                        p { (t(lang, "它被删除，或交给了别人。", "It was deleted, or handed to someone else.")) }
                        p class="ky-row" { a class="ky-btn is-primary" href={ "/" (code) } { (t(lang, "回到列表", "Back to the list")) } }
                    }
                }
            };
            body.into_response()
        }
        Err(error) => problem::page(&site, &headers, Some(&visitor), &error),
    }
}

fn page(desk: &mut Desk, entity: &str, id: i64, raw: &str, headers: &HeaderMap) -> Result<(Frame, Page)> {
    let lang = desk.actor.lang;
    let card = desk.get(entity, id)?;
    let mut view = View::of(desk, card, raw)?;
    let def = view.card.def;
    let day = form_urlencoded::parse(raw.as_bytes()).find(|it| it.0 == "as_of" && !it.1.is_empty());
    let mut unborn = false;
    if let Some((_, day)) = day {
        let day: Date = day.parse().map_err(|_| Error::invalid("as_of", "malformed_date"))?;
        if day < desk.today() {
            view.past = Some(day);
            match desk.as_of(entity, id, day) {
                Ok(card) => (view.parts, view.card) = (part::parts(&card, lang), card),
                Err(Error::NotFound { .. }) => unborn = true,
                Err(error) => return Err(error),
            }
            (view.card.editable, view.card.deletable) = (false, false);
            view.card.verbs.clear();
        }
    }
    let banner = view.past.map(|day| past_banner(&view, day, unborn));
    let column = match unborn {
        true => html! {},
        false => column(desk, &view)?,
    };
    let rail = match view.past {
        Some(_) => html! {},
        None => rail::rail(desk, &view)?,
    };
    let body = html! {
        (head(desk, &view)?)
        @if let Some(banner) = &banner { (banner) }
        div class="ky-with-rail" {
            div class="ky-column" tabindex="0" role="region" aria-label=(view.card.title) { (column) }
            aside class="ky-rail" aria-label=(t(lang, "下一步和联系人", "Next steps and people")) { (rail) }
        }
        (sticky(&view))
    };
    let frame = Frame::read(desk, headers)?;
    let mut page = Page::new(view.card.title.clone(), def.code, body);
    page.crumbs = vec![(
        def.many(lang),
        format!("/{entity}?{}", if view.from.is_empty() { "view=*" } else { &view.from }),
    )];
    page.class = "ky-main is-flush is-record";
    page.toast = cookie(headers, DONE).and_then(|it| done(desk, &view, it));
    Ok((frame, page))
}

/// The toast for what was just done, with its undo.
fn done(desk: &Desk, view: &View, cookie: &str) -> Option<String> {
    let lang = desk.actor.lang;
    let (kind, event) = cookie.split_once('.')?;
    let event: i64 = event.parse().ok()?;
    let title = match kind {
        "create" => t(lang, "已新建", "Created"),
        _ => t(lang, "已保存", "Saved"),
    };
    let mut toast = serde_json::json!({ "kind": "ok", "title": title, "text": view.card.title });
    if kind != "create" || view.card.deletable {
        toast["undo"] = format!("/undo/{event}").into();
    }
    Some(toast.to_string())
}

fn past_banner(view: &View, day: Date, unborn: bool) -> Markup {
    let lang = view.cells.lang;
    html! {
        div class="ky-banner" role="status" {
            (icon14("history"))
            @match (unborn, lang == model::Lang::Zh) {
                (true, true) => { (day) " 时还没有这条记录。" }
                (true, false) => { "This record did not exist on " (day) "." }
                (false, true) => { "这是 " (day) " 结束时的样子，不能修改；名称和权限按现在的。" }
                (false, false) => { "As it was at the end of " (day) "; read only. Names and rights are today's." }
            }
            a href={ (view.base) "?at=history&from=" (view.encoded_origin()) } { (t(lang, "回到现在", "Back to now")) }
        }
    }
}

fn head(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let card = &view.card;
    let first: String =
        card.title.chars().find(|it| it.is_alphanumeric()).map(String::from).unwrap_or_default();
    let tags: Vec<Tag> = desk.attached(card.def.code, card.id)?;
    let followers: Vec<Follower> = desk.attached(card.def.code, card.id)?;
    let follows = followers.iter().any(|it| it.user.0 == desk.actor.user);
    let is_past = view.past.is_some();
    let hang = |kind: &str| format!("{}/hang/{kind}", view.base);
    Ok(html! {
        div class="ky-head" {
            div class="ky-head-id" {
                span class="ky-tile" aria-hidden="true" { (first) }
                div class="ky-grow" {
                    div class="ky-row" {
                        h2 class="ky-name" lang=[view.cells.foreign(&card.title)] { (card.title) }
                        @for mark in marks(view) { (mark) }
                        @for tag in tags.iter().rev() {
                            span class="ky-tag" {
                                a href={ "/" (card.def.code) "?tag=" (encode(&tag.name)) } { (tag.name) }
                                @if !is_past && (card.editable || tag.stamp.creator == desk.actor.user) {
                                    button type="button" hx-post={ (hang("tag")) "/" (tag.id.0) } hx-vals="{\"_delete\":\"1\"}" hx-swap="none" aria-label={ (t(lang, "去掉标签 ", "Remove tag ")) (tag.name) } { (crate::ui::icon12("x")) }
                                }
                            }
                        }
                        @if !is_past {
                            details class="ky-menu" data-menu {
                                summary class="ky-iconbtn is-small" aria-label=(t(lang, "添加标签", "Add a tag")) title=(t(lang, "添加标签", "Add a tag")) { (icon14("plus")) }
                                div class="ky-pop is-form" {
                                    form class="ky-row" hx-post={ (hang("tag")) "/new" } hx-swap="none" autocomplete="off" {
                                        div class="ky-combo ky-grow" data-combo data-src="/tag/options/name" data-free {
                                            div class="ky-box is-small" { input name="name" type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="tag-list" aria-label=(t(lang, "标签", "Tag")) maxlength="40" required autocomplete="off"; }
                                            ul class="ky-options" id="tag-list" role="listbox" aria-label=(t(lang, "标签", "Tag")) hidden {}
                                        }
                                        button class="ky-btn is-small is-primary" { (t(lang, "添加", "Add")) }
                                    }
                                }
                            }
                            button class="ky-iconbtn is-small" type="button" hx-post={ (view.base) "/follow" } hx-swap="none" aria-pressed=(follows.to_string())
                                title=(if follows { t(lang, "取消关注", "Unfollow") } else { t(lang, "关注", "Follow") }) aria-label={ (t(lang, "关注", "Follow")) " " (card.title) } {
                                svg class={ "ky-icon is-14" @if follows { " is-filled" } } aria-hidden="true" { use href={ (crate::assets::path("icons.svg")) "#star" } {} }
                            }
                        }
                    }
                    div class="ky-facts" { @for fact in facts(desk, view)? { span { (fact) } } }
                }
                (quick(view))
                (actions(desk, view)?)
            }
            (part::strip(desk, view)?)
            (tabs(desk, view)?)
        }
    })
}

/// Grades and states that matter, flags that are set.
fn marks(view: &View) -> Vec<Markup> {
    let lang = view.cells.lang;
    let of = |(field, value): &(&'static FieldDef, Option<Value>)| {
        let value = value.as_ref()?;
        let text = view.cells.value(field, value.cell());
        match field.kind {
            Kind::Choice(all) if field.list || matches!(state(value.text()), "is-warn" | "is-bad") => {
                Some(choice(field, all, value.text(), &text, lang))
            }
            Kind::Bool if field.filter && value.int() != 0 => {
                let is_end =
                    view.card.def.closed.is_some_and(|at| view.card.def.fields[at].name == field.name);
                let class = if is_end {
                    "ky-tag is-bad"
                } else if field.readonly {
                    "ky-tag is-warn"
                } else {
                    "ky-tag is-info"
                };
                Some(html! { span class=(class) { (field.label.of(lang)) } })
            }
            _ => None,
        }
    };
    view.card.fields.iter().filter_map(of).collect()
}

/// The line of facts: what the list shows, but for what stands elsewhere.
fn facts(desk: &mut Desk, view: &View) -> Result<Vec<Markup>> {
    let lang = view.cells.lang;
    let title = view.card.def.title_field().name;
    let mut facts = Vec::new();
    for (field, value) in &view.card.fields {
        let plain =
            matches!(field.kind, Kind::Text | Kind::Code | Kind::Link(_)) && field.format != Format::Phone;
        let Some(value) =
            value.as_ref().filter(|it| field.list && plain && field.name != title && !field.is_empty(it))
        else {
            continue;
        };
        let shown = part::shown(desk, &view.cells, field, Some(value))?;
        facts.push(match field.kind {
            Kind::Link(_) => html! { (field.label.of(lang)) " " b { (shown) } },
            _ => shown,
        });
    }
    facts.truncate(7);
    Ok(facts)
}

fn actions(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (card, code) = (&view.card, view.card.def.code);
    let step = |key: &str, name: &str, label: &str, id: Option<i64>| {
        html! {
            @match id {
                Some(id) => { a class="ky-btn is-small is-square" href={ "/" (code) "/" (id) "?at=" (encode(&view.at)) "&from=" (view.encoded_origin()) } data-key=(key) aria-label=(label) title={ (label) " " (key) } { (icon14(name)) } }
                None => { button class="ky-btn is-small is-square" type="button" disabled aria-label=(label) { (icon14(name)) } }
            }
        }
    };
    let mut place = None;
    if let Some(query) = Query::parse(&view.from).filter(|_| !view.from.is_empty() && view.past.is_none()) {
        let found = match desk.neighbours(code, &query, card.id, PLACES) {
            Ok(near) => Some((near, desk.count(code, &query)?)),
            Err(Error::Invalid(_)) => None,
            Err(error) => return Err(error),
        };
        place = found.filter(|it| it.0.place.is_some());
    }
    let (first, more) = verbs(view);
    Ok(html! {
        div class="ky-actions" {
            @if let Some((near, count)) = &place {
                span class="ky-small ky-mute ky-nowrap" { (near.place.unwrap_or_default()) " / " (amount(*count, 0, 0)) }
                div class="ky-group" role="group" aria-label=(t(lang, "在列表里", "In the list")) {
                    (step("[", "chevron-up", t(lang, "上一条", "Previous"), near.before))
                    (step("]", "chevron-down", t(lang, "下一条", "Next"), near.after))
                }
            }
            div class="ky-group" role="group" aria-label=(t(lang, "数据进出", "Data in and out")) {
                @if desk.may(card.def, "export").is_ok() { a class="ky-btn is-small" href={ "/" (code) "/export?ids=" (card.id) } { (icon14("download")) (t(lang, "导出", "Export")) } }
                a class="ky-btn is-small" href={ (view.base) "/print" } { (icon14("printer")) (t(lang, "打印", "Print")) }
            }
            @if card.editable { a class="ky-btn is-small" href={ (view.base) "/edit?from=" (view.encoded_origin()) } data-key=[(view.at.parse::<usize>().is_err()).then_some("E")] { (icon14("pencil")) (t(lang, "编辑", "Edit")) } }
            @for (n, verb) in first.iter().enumerate() {
                button class={ "ky-btn is-small" @if n == 0 { " is-primary" } } type="button" hx-get={ (view.base) "/" (verb.verb.name) } hx-target="#dialog" { (icon14(verb_icon(verb.verb.name))) (verb.verb.label.of(lang)) }
            }
            (menu(view, &more, "ky-btn is-small is-square"))
        }
    })
}

/// The first two verbs that may run now, and all others.
fn verbs(view: &View) -> (Vec<&model::Offer>, Vec<&model::Offer>) {
    let mut taken = 0;
    view.card.verbs.iter().partition(|it| {
        let fits = taken < 2 && it.unless.is_none() && !it.verb.danger;
        taken += usize::from(fits);
        fits
    })
}

fn menu(view: &View, more: &[&model::Offer], class: &str) -> Markup {
    let lang = view.cells.lang;
    let deletable = view.card.deletable;
    html! {
        @if deletable || !more.is_empty() {
            details class="ky-menu" data-menu {
                summary class=(class) aria-label=(t(lang, "更多操作", "More actions")) { (icon14("dots")) }
                div class="ky-pop is-menu is-right" {
                    @for it in more {
                        button type="button" class=[it.verb.danger.then_some("is-danger")] disabled[it.unless.is_some()] title=[it.unless.map(|why| why.of(lang))] hx-get={ (view.base) "/" (it.verb.name) } hx-target="#dialog" { (icon(verb_icon(it.verb.name))) (it.verb.label.of(lang)) }
                    }
                    @if deletable {
                        @if !more.is_empty() { hr; }
                        button type="button" class="is-danger" hx-get={ "/" (view.card.def.code) "/batch/delete?ids=" (view.card.id) } hx-target="#dialog" { (icon("trash")) (t(lang, "删除", "Delete")) }
                    }
                }
            }
        }
    }
}

/// Round buttons of a phone: call, write, note.
fn quick(view: &View) -> Markup {
    let lang = view.cells.lang;
    let of = |format: Format| {
        let found = view
            .card
            .fields
            .iter()
            .find(|it| it.0.format == format && it.1.as_ref().is_some_and(|it| !it.text().is_empty()));
        found.and_then(|it| it.1.as_ref()).map(|it| it.text().to_owned())
    };
    html! {
        div class="ky-quick" {
            @if let Some(phone) = of(Format::Phone) { a href={ "tel:" (phone) } { (icon("phone")) (t(lang, "电话", "Call")) } }
            @if let Some(email) = of(Format::Email) { a href={ "mailto:" (email) } { (icon("mail")) (t(lang, "邮件", "Mail")) } }
            @if view.past.is_none() { button type="button" hx-get={ (view.base) "/hang/note/new" } hx-target="#dialog" { (icon("message-plus")) (t(lang, "备注", "Note")) } }
            a href=(view.to("files")) { (icon("paperclip")) (t(lang, "文档", "Files")) }
            a href=(view.to("history")) { (icon("history")) (t(lang, "记录", "History")) }
        }
    }
}

fn sticky(view: &View) -> Markup {
    let lang = view.cells.lang;
    let (first, more) = verbs(view);
    let all: Vec<_> = first.iter().skip(1).chain(&more).copied().collect();
    html! {
        @if view.card.editable || !first.is_empty() {
            div class="ky-stickybar" {
                @if view.card.editable { a class="ky-btn is-large" href={ (view.base) "/edit" } { (icon("pencil")) (t(lang, "编辑", "Edit")) } }
                @if let Some(verb) = first.first() { button class="ky-btn is-large is-primary" type="button" hx-get={ (view.base) "/" (verb.verb.name) } hx-target="#dialog" { (icon(verb_icon(verb.verb.name))) (verb.verb.label.of(lang)) } }
                (menu(view, &all, "ky-btn is-large"))
            }
        }
    }
}

fn tabs(desk: &mut Desk, view: &View) -> Result<Markup> {
    let lang = view.cells.lang;
    let (code, id) = (view.card.def.code, view.card.id);
    let files: Vec<Attachment> = desk.attached(code, id)?;
    let notes: Vec<Note> = desk.attached(code, id)?;
    let tab = |at: &str, label: &str, count: Option<i64>| {
        html! {
            a class="ky-tab" href=(view.to(at)) aria-current=[(view.at == at).then_some("page")] { (label) @if let Some(count) = count { span class="ky-n" { (amount(count, 0, 0)) } } }
        }
    };
    Ok(html! {
        nav class="ky-tabs is-sections" aria-label=(t(lang, "档案分区", "Sections")) {
            (tab("overview", t(lang, "概览", "Overview"), None))
            @for (n, part) in view.parts.iter().enumerate().take(view.parts.len() - 1) { (tab(&n.to_string(), part.title, None)) }
            span class="ky-sep" {}
            @if view.past.is_none() {
                @for (def, count) in view.inside.iter().chain(&view.children) { (tab(def.code, &def.many(lang), Some(*count))) }
                (tab("notes", t(lang, "备注", "Notes"), Some(notes.len() as i64)))
                (tab("files", t(lang, "文档", "Files"), Some(files.len() as i64)))
            }
            (tab("history", t(lang, "变更记录", "History"), None))
        }
    })
}

/// What the open section shows.
fn column(desk: &mut Desk, view: &View) -> Result<Markup> {
    let of = |list: &[(&'static EntityDef, i64)]| list.iter().find(|it| it.0.code == view.at).map(|it| it.0);
    if let Ok(n) = view.at.parse::<usize>()
        && n < view.parts.len()
    {
        return part::panel(desk, view, n, false);
    }
    match view.at.as_str() {
        "history" => return history::history(desk, view),
        "files" if view.past.is_none() => return file::list(desk, view),
        "notes" if view.past.is_none() => return hang::notes(desk, view),
        _ if view.past.is_some() => {}
        _ => {
            if let Some(child) = of(&view.children) {
                return rail::child_panel(desk, view, child, false);
            }
            if let Some(within) = of(&view.inside) {
                return rail::inside_panel(desk, view, within);
            }
        }
    }
    let last = view.parts.len() - 1;
    let mut panels = Vec::new();
    for n in 0..=last {
        panels.push(part::panel(desk, view, n, true)?);
    }
    let mut children = Vec::new();
    for (child, count) in view.children.iter().filter(|_| view.past.is_none()) {
        if *count > 0 {
            children.push(rail::child_panel(desk, view, child, true)?);
        }
    }
    Ok(html! {
        div class="ky-halves" { @for panel in &panels { (panel) } }
        @for child in &children { (child) }
    })
}

/// A section by itself: as it is read after editing was given up, or as the form that edits it in place.
async fn one_part(
    State(site): State<Site>,
    visitor: Visitor,
    headers: HeaderMap,
    Path((entity, id, n)): Path<(String, i64, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let raw = raw.unwrap_or_default();
    let read = site.db.read_async(&visitor.actor, move |desk| {
        let says = |key: &str| form_urlencoded::parse(raw.as_bytes()).any(|it| it.0 == key && it.1 == "1");
        let card = desk.get(&entity, id)?;
        let view = View::of(desk, card, &raw)?;
        let child = view.children.iter().find(|it| it.0.code == n).map(|it| it.0);
        let place = n.parse::<usize>().ok().filter(|it| *it < view.parts.len());
        match (place, child) {
            (Some(n), _) if says("read") => part::panel(desk, &view, n, says("brief")),
            (_, Some(child)) if says("read") => rail::child_panel(desk, &view, child, says("brief")),
            (None, None) => Err(Error::missing(format!("{entity}/{id}/{n}"))),
            _ => crate::form::in_place(desk, view.card, &n, &crate::form::Draft::default(), says("brief")),
        }
    });
    answer(&site, &visitor, &headers, read.await)
}

/// An answer that shows nothing and tells the page what to do.
pub fn told(events: &serde_json::Value) -> Response {
    ([("hx-trigger", crate::ui::ascii(&events.to_string())), ("hx-reswap", "none".into())]).into_response()
}
